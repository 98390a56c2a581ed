/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manage: update, remove, publish: what the owner, or the thing about itself, asks for
 * later.  A thing of somebody else and a thing that does not exist
 * give the same answer (att-C-15).  Read next: owed.c for what the thing is told.
 */
#include "config.h"

#include <string.h>

#include "common/base/str.h"
#include "registry/role.h"
#include "registry/tags.h"

#define SENTENCE_BYTES 8192

static int not_found(struct reply *r)
{
	reply_error(r, COND_ITEM_NOT_FOUND);
	return 0;
}

static int done(struct reply *r)
{
	r->kind = REPLY_RESULT;
	r->body = BODY_EMPTY;
	return 0;
}

const struct owned *registry_addressed(const struct registry *g, const struct request *q)
{
	const char *jid = q->u.address.jid != NULL ? q->u.address.jid : q->bare;

	return registry_address(g, jid, &q->u.address.node);
}

/* ---- update ---- */

static int merge(struct registry *g, const struct request *q, const struct owned *t,
    struct reply *r, struct err *e)
{
	const struct thing *have = thing_store_find(g->things, t->id);
	struct tag_list tags = { 0 };
	struct thing want;
	int got;

	if (have == NULL)
		return not_found(r);
	if (tags_unpack(&tags, have->tags, have->tags_len, q->pool) == -1)
		return err_set(e, ERR_SYSTEM, "the tags of a thing are damaged or too many");
	got = tags_merge(&tags, &q->u.address.tags, q->pool);
	if (got != 1) {
		reply_error(r, COND_RESOURCE_CONSTRAINT);
		return 0;
	}
	want = *have;
	want.tags = tags_pack(&tags, q->pool, &want.tags_len);
	if (want.tags == NULL) {
		reply_error(r, COND_RESOURCE_CONSTRAINT);
		return 0;
	}
	if (thing_store_put(g->things, &want, e) == -1 ||
	    registry_note(g, AUDIT_TAGGED, t, q->bare, NULL, NULL, e) == -1)
		return -1;
	return done(r);
}

/* XEP-0347 3.12: the thing about itself.  Unclaimed, it writes nothing and
 * learns that it has no owner. */
static int update_self(struct registry *g, const struct request *q, const struct owned *t,
    struct reply *r, struct err *e)
{
	bool disowned = false;

	if (t == NULL || !t->listed)
		return not_found(r);
	if (registry_tell_by_answer(g, t, &disowned, e) == -1)
		return -1;
	t = registry_addressed(g, q);
	if (t == NULL || (t->owner == NULL && t->state != OWNED_SELF) || disowned) {
		r->kind = REPLY_RESULT;
		r->body = BODY_DISOWNED;
		return 0;
	}
	return merge(g, q, t, r, e);
}

int registry_update(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	const struct owned *t = registry_addressed(g, q);
	const char *jid = q->u.address.jid;

	if (jid == NULL || strcmp(jid, q->bare) == 0) {
		if (t != NULL && registry_alive(g, q, e) == -1)
			return -1;
		return update_self(g, q, t, r, e);
	}
	/* XEP-0347 3.13: the owner about his thing. */
	if (!owned_by(t, q->bare) || !t->listed)
		return not_found(r);
	return merge(g, q, t, r, e);
}

/* ---- remove ---- */

static int remove_one(struct registry *g, const struct owned *t, const char *actor,
    struct err *e)
{
	struct owned gone = *t;
	char subject[REGISTRY_WAITS];

	if (!t->listed)
		return 0;
	gone.listed = false;
	registry_subject(subject, REGISTRY_REMOVED, t->id);
	if (ownership_put(g->deps.ownership, &gone, e) == -1 ||
	    registry_note(g, AUDIT_REMOVED, &gone, actor, NULL, NULL, e) == -1 ||
	    debt_owe(g->deps.debts, DEBT_OWNER, gone.jid, subject, gone.epoch, NULL, e) == -1)
		return -1;
	++*g->count.removed;
	return 0;
}

/* A disputed thing stays as it is. */
static int wait_for_dispute(struct reply *r)
{
	reply_error(r, COND_NOT_ALLOWED);
	r->text = N_("It is disputed; until that is settled it stays as it is.");
	return 0;
}

/* Typed by a person: shown first, then all of them or none. */
static int remove_by_person(struct registry *g, const struct request *q, struct reply *r,
    struct err *e)
{
	const struct request_address *a = &q->u.address;
	const char *all = registry_call_all(g, a, q->pool);
	struct buf b;

	for (size_t i = 0; i < a->n_things; i++) {
		const struct owned *t = ownership_by_id(g->deps.ownership, a->things[i]);

		if (!owned_by(t, q->bare))
			return not_found(r);
		if (t->disputed)
			return wait_for_dispute(r);
	}
	for (size_t i = 0; a->confirmed && i < a->n_things; i++)
		if (remove_one(g, ownership_by_id(g->deps.ownership, a->things[i]), q->bare, e) == -1)
			return -1;
	buf_init(&b, SENTENCE_BYTES);
	if (a->confirmed)
		saying_add(&b, N_("Done: nobody finds %1 in the registry any more; what was yours "
		    "stays yours, and your rules stay."), all, NULL);
	else
		saying_add(&b, N_("Nobody would find %1 in the registry any more, nor could tags be "
		    "changed there; what was yours stays yours, and your rules stay."), all, NULL);
	return registry_answer(q, r, a->confirmed ? BODY_TEXT : BODY_CONFIRM, &b);
}

/* XEP-0347 3.11: out of the list; owner and rules stay.  Asked again, the
 * answer is the same. */
int registry_remove(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	const struct owned *t;

	if (q->u.address.n_things > 0)
		return remove_by_person(g, q, r, e);
	t = registry_addressed(g, q);
	if (!owned_by(t, q->bare))
		return not_found(r);
	if (t->listed && t->disputed)
		return wait_for_dispute(r);
	if (remove_one(g, t, q->bare, e) == -1)
		return -1;
	return done(r);
}

/* ---- publish ---- */

static const char *list_tags(const struct registry *g, const struct owned *t, struct pool *pool)
{
	const struct thing *thing = thing_store_find(g->things, t->id);
	struct tag_list tags = { 0 };
	const char *copy;
	struct buf b;

	if (thing == NULL || tags_unpack(&tags, thing->tags, thing->tags_len, pool) != 0)
		return "-";
	buf_init(&b, SENTENCE_BYTES);
	for (size_t i = 0; i < tags.n; i++) {
		buf_adds(&b, i == 0 ? "" : ", ");
		str_escape(&b, tags.tag[i].name, 64, true);
		buf_addc(&b, '=');
		str_escape(&b, tags.tag[i].str, 128, true);
	}
	copy = pool_strdup(pool, buf_str(&b));
	buf_fini(&b);
	return copy != NULL ? copy : "?";
}

/* What everybody sees from now on. */
static int say_published(const struct registry *g, const struct request *q,
    const struct owned *t, struct reply *r)
{
	const char *name = registry_called(g, t, q->pool);
	struct buf b;

	buf_init(&b, SENTENCE_BYTES);
	if (q->u.desk.yes_no != ANSWER_NO)
		saying_add(&b, g->conf.show_owner ? N_("Everybody who searches here finds %1 now: "
		    "its address %2, yours, and its tags: %3. What it measures and does stays "
		    "behind your rules. To end that, send: unpublish %1") :
		    N_("Everybody who searches here finds %1 now: its address %2 and its tags: %3. "
		    "What it measures and does stays behind your rules. To end that, send: "
		    "unpublish %1"), name, registry_escaped(t->jid, q->pool),
		    list_tags(g, t, q->pool), NULL);
	else
		saying_add(&b, N_("Nobody but you finds %1 here any more; your rules stay as they "
		    "are."), name, NULL);
	return registry_answer(q, r, BODY_TEXT, &b);
}

int registry_publish(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	bool is_public = q->u.desk.yes_no != ANSWER_NO;
	const struct owned *t = q->u.desk.thing_id == NULL ? NULL :
	    ownership_by_id(g->deps.ownership, q->u.desk.thing_id);
	struct owned now;
	char subject[REGISTRY_WAITS], hex[REGISTRY_HEX];

	if (!owned_by(t, q->bare))
		return not_found(r);
	if (t->is_public == is_public && (t->listed || !is_public))
		return say_published(g, q, t, r);
	now = *t;
	now.is_public = is_public;
	now.listed = t->listed || is_public;
	registry_subject(subject, REGISTRY_REMOVED, t->id);
	registry_hex(hex, t->id);
	if ((now.listed && debt_cancel(g->deps.debts, DEBT_OWNER, t->jid, subject, e) == -1) ||
	    registry_note(g, AUDIT_PUBLISHED, t, q->bare,
	        is_public ? "public" : "private", NULL, e) == -1 ||
	    ownership_put(g->deps.ownership, &now, e) == -1)
		return -1;
	/* The thing is told, unless something else must be told before that. */
	if (now.state == OWNED && !registry_disown_pending(g, &now) &&
	    debt_owe(g->deps.debts, DEBT_OWNER, now.jid, hex, now.epoch, NULL, e) == -1)
		return -1;
	return say_published(g, q, ownership_by_id(g->deps.ownership, now.id), r);
}

void registry_on_tags(struct registry *g, registry_tags_fn fn, void *arg)
{
	thing_store_on_tags(g->things, fn, arg);
}
