/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import: one row of an operator's list: a thing that is to be known before it
 * comes, with its tags and maybe its owner and name; or a claim text with the
 * owner it is claimed for.  Doing a row twice changes nothing the second time.
 */
#include "config.h"

#include <string.h>

#include "common/base/ident.h"
#include "common/base/str.h"
#include "registry/role.h"
#include "registry/tags.h"

/* ---- claims ---- */

/* As if the owner had sent it. */
static int claim(struct registry *g, struct request *q, struct reply *r, struct err *e)
{
	const struct request_import *i = &q->u.import;
	struct request mine = {
		.verb = VERB_MINE, .kind = STANZA_MESSAGE, .type = IQ_NOT, .from = i->owner,
		.bare = i->owner, .pool = q->pool,
		.u.mine = { .has_public = true, .is_public = i->is_public, .tags = i->tags },
	};

	if (registry_mine(g, &mine, r, e) == -1)
		return -1;
	if (r->kind == REPLY_RESULT)
		return registry_say(q, r, "claimed", e);
	return registry_refuse(r, r->condition, r->condition == COND_RESOURCE_CONSTRAINT ?
	    "the owner has as many things as he may" : "nothing here can be claimed by that");
}

/* ---- things ---- */

static const char *refusal(const struct registry *g, const struct request_import *i,
    const struct owned *t)
{
	if (i->jid == NULL)
		return "a row needs jid, or claim and owner";
	if (!registry_may_register(g, i->jid))
		return "things of that domain do not register here";
	if (i->owner != NULL && !registry_may_own(g, i->owner))
		return "that owner may not own things here";
	if (i->owner == NULL && i->name != NULL)
		return "only a thing with an owner has a name";
	if (t == NULL && i->tags.n == 0)
		return "a thing that is new here needs tags";
	if (t != NULL && (t->state == OWNED_TOMBSTONE || t->state == OWNED_TURNING))
		return "it has not let go of its former owner yet";
	if (t != NULL && t->owner != NULL && i->owner != NULL && strcmp(t->owner, i->owner) != 0)
		return "it belongs to somebody else";
	if (t != NULL && t->owner != NULL && i->owner == NULL)
		return "it has an owner; say whose it is to change it";
	if (i->owner != NULL && (t == NULL || t->owner == NULL) &&
	    !registry_owner_has_room(g, i->owner))
		return "the owner has as many things as he may";
	if (t == NULL && (int64_t)ownership_count_of_jid(g->deps.ownership, i->jid) >=
	    quota_for(g->quotas, i->jid, QUOTA_THINGS_PER_JID, g->conf.max_things_per_jid))
		return "that address has as many things as it may";
	return NULL;
}

static bool is_name_taken(const struct registry *g, const struct request_import *i,
    const struct owned *t)
{
	const struct owned *o = NULL;

	if (i->name == NULL)
		return false;
	while ((o = ownership_next_of_owner(g->deps.ownership, i->owner, o)) != NULL)
		if (o != t && o->name != NULL && str_case_eq(o->name, i->name))
			return true;
	return false;
}

static int new_row(struct registry *g, const struct request_import *i, uint8_t *id,
    struct err *e)
{
	struct owned t = {
		.jid = i->jid, .node = i->node.id, .source = i->node.source,
		.partition = i->node.partition, .epoch = 1, .state = OWNED_NOBODY,
		.listed = true, .since_ms = clock_wall(g->deps.clock),
	};

	if (ident_random(t.id, sizeof(t.id), e) == -1)
		return -1;
	memcpy(id, t.id, sizeof(t.id));
	return ownership_put(g->deps.ownership, &t, e) == -1 ? -1 :
	    registry_note(g, AUDIT_REGISTERED, &t, "operator", t.node, NULL, e);
}

/* Of what nobody owns all tags are replaced, and with them what claims it; of
 * what is owned they are merged, and its spent label stays.  1 changed, 0 not,
 * -1, -2 too many tags. */
static int keep_tags(struct registry *g, struct request *q, const struct owned *t,
    struct err *e)
{
	const struct request_import *i = &q->u.import;
	const struct thing *have = thing_store_find(g->things, t->id);
	struct thing want = { .at_ms = clock_wall(g->deps.clock) };
	struct tag_list tags = i->tags;

	if (tags.n == 0)
		return 0;
	if (have != NULL)
		want = *have;
	memcpy(want.id, t->id, sizeof(want.id));
	if (t->owner != NULL && have != NULL) {
		if (tags_unpack(&tags, have->tags, have->tags_len, q->pool) == -1)
			return err_set(e, ERR_SYSTEM, "the tags of a thing are damaged");
		if (tags_merge(&tags, &i->tags, q->pool) != 1)
			return -2;
	} else if (digest_tags(want.digest, g->deps.hash_key, &tags, q->pool) == -1) {
		return err_set(e, ERR_LIMIT, "no room for the tags of a thing");
	}
	want.tags = tags_pack(&tags, q->pool, &want.tags_len);
	if (want.tags == NULL)
		return -2;
	if (have != NULL && have->tags_len == want.tags_len &&
	    memcmp(have->tags, want.tags, want.tags_len) == 0 &&
	    secret_bytes_equal(have->digest, want.digest, DIGEST_BYTES))
		return 0;
	return thing_store_put(g->things, &want, e) == -1 ? -1 : 1;
}

static bool same_name(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Owner, name and being public.  1 changed, 0 not, -1. */
static int keep_owner(struct registry *g, struct request *q, const struct owned *t,
    struct err *e)
{
	const struct request_import *i = &q->u.import;
	struct owned now = *t;

	if (i->owner == NULL)
		return 0;
	if (t->owner == NULL)
		return registry_give(g, t, i->owner, i->name, i->is_public, e) == -1 ? -1 : 1;
	if (i->name != NULL)
		now.name = i->name;
	if (i->has_public)
		now.is_public = i->is_public;
	if (same_name(now.name, t->name) && now.is_public == t->is_public)
		return 0;
	return ownership_put(g->deps.ownership, &now, e) == -1 ||
	    registry_note(g, AUDIT_NAMED, &now, "operator", now.name, "import", e) == -1 ? -1 : 1;
}

static int enter(struct registry *g, struct request *q, struct reply *r, struct err *e)
{
	const struct request_import *i = &q->u.import;
	const struct owned *t = i->jid == NULL ? NULL : registry_address(g, i->jid, &i->node);
	const char *why = refusal(g, i, t);
	bool is_new = t == NULL;
	uint8_t id[OWNERSHIP_ID];
	int tags, owner;

	if (why == NULL && is_name_taken(g, i, t))
		why = "its owner has another thing of that name";
	if (why != NULL)
		return registry_refuse(r, COND_NOT_ALLOWED, why);
	if (is_new && new_row(g, i, id, e) == -1)
		return -1;
	if (!is_new)
		memcpy(id, t->id, sizeof(id));
	tags = keep_tags(g, q, ownership_by_id(g->deps.ownership, id), e);
	if (tags == -2)
		return registry_refuse(r, COND_RESOURCE_CONSTRAINT, "too many tags");
	if (tags == -1)
		return -1;
	owner = keep_owner(g, q, ownership_by_id(g->deps.ownership, id), e);
	if (owner == -1)
		return -1;
	return registry_say(q, r, is_new ? "new" : tags + owner > 0 ? "changed" : "same", e);
}

int registry_import(struct registry *g, struct request *q, struct reply *r, struct err *e)
{
	const struct request_import *i = &q->u.import;

	if (!i->is_claim)
		return enter(g, q, r, e);
	if (i->owner == NULL || i->tags.n == 0)
		return registry_refuse(r, COND_BAD_REQUEST, "a claim needs an owner and a claim "
		    "text");
	return claim(g, q, r, e);
}
