/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enroll: register: how a thing comes in.  A refusal is decided before the
 * first write, so it writes nothing.  Read next: mine.c, how it finds its
 * owner, and leave.c.
 */
#include "config.h"

#include <string.h>

#include "common/base/ident.h"
#include "common/base/str.h"
#include "registry/role.h"
#include "registry/tags.h"

#define DAY INT64_C(86400000)
#define DROP_AT_ONCE 64		/* unclaimed things that make room in one go */

/* ---- register ---- */

static void say_claimed(const struct owned *t, const struct request *q, struct reply *r)
{
	r->kind = REPLY_RESULT;
	r->body = BODY_CLAIMED;
	r->u.claimed.jid = pool_strdup(q->pool, t->owner);
	r->u.claimed.node = q->u.reg.node;
	/* Always said: clients differ in what an absent attribute means. */
	r->u.claimed.is_public = t->is_public && t->listed;
}

static bool drops_before(const struct registry *g, const struct owned *a, const struct owned *b)
{
	const struct thing *x = thing_store_find(g->things, a->id);
	const struct thing *y = thing_store_find(g->things, b->id);

	return (x != NULL ? x->at_ms : 0) < (y != NULL ? y->at_ms : 0);
}

/* The oldest unclaimed things whose account is not available, oldest first. */
static size_t find_droppable(const struct registry *g, const struct owned *out[static DROP_AT_ONCE])
{
	size_t n = 0;

	for (size_t i = 0; i < ownership_count(g->deps.ownership); i++) {
		const struct owned *t = ownership_at(g->deps.ownership, i);
		const struct contact *c = contact_find(g->deps.contacts, t->jid);
		size_t at;

		if (t->state != OWNED_NOBODY || (c != NULL && c->online))
			continue;
		for (at = n; at > 0 && drops_before(g, t, out[at - 1]); at--)
			if (at < DROP_AT_ONCE)
				out[at] = out[at - 1];
		if (at == DROP_AT_ONCE)
			continue;
		out[at] = t;
		n += n < DROP_AT_ONCE;
	}
	return n;
}

/*
 * The pool of unclaimed things is full: those who are away make room.  When
 * nobody is, the next second does not look again, so that a flood of
 * registrations costs no walk each.  1 room, 0 none, -1 error.
 */
static int make_room(struct registry *g, struct err *e)
{
	const struct owned *drop[DROP_AT_ONCE];
	size_t n;

	if ((int64_t)ownership_count_in(g->deps.ownership, OWNED_NOBODY) < g->conf.max_unclaimed)
		return 1;
	if (clock_boot(g->deps.clock) < g->full_until_ms)
		return 0;
	n = find_droppable(g, drop);
	if (n == 0)
		g->full_until_ms = clock_boot(g->deps.clock) + 1000;
	for (size_t i = 0; i < n; i++)
		if (registry_note(g, AUDIT_EXPIRED, drop[i], NULL, drop[i]->jid, e) == -1 ||
		    registry_drop(g, drop[i], e) == -1)
			return -1;
	return n > 0;
}

/* Without one, an empty claim would fit. */
static bool has_property(const struct tag_list *tags)
{
	for (size_t i = 0; i < tags->n; i++)
		if (!str_case_eq(tags->tag[i].name, "R"))
			return true;
	return false;
}

/* A refusal, or COND_NONE. */
static enum condition register_refusal(const struct registry *g, const struct request *q,
    const struct owned *t)
{
	if (!registry_may_register(g, q->bare))
		return COND_NOT_ALLOWED;
	/* Off by default: it would let anybody publish search results. */
	if (q->u.reg.self_owned)
		return COND_NOT_ALLOWED;
	if (!has_property(&q->u.reg.tags))
		return COND_BAD_REQUEST;
	if (t == NULL && (int64_t)ownership_count_of_jid(g->deps.ownership, q->bare) >=
	    quota_for(g->quotas, q->bare, QUOTA_THINGS_PER_JID, g->conf.max_things_per_jid))
		return COND_RESOURCE_CONSTRAINT;
	return COND_NONE;
}

static int new_owned(struct registry *g, const struct request *q, struct owned *t, struct err *e)
{
	memset(t, 0, sizeof(*t));
	if (ident_random(t->id, sizeof(t->id), e) == -1)
		return -1;
	t->jid = q->bare;
	t->node = q->u.reg.node.id;
	t->source = q->u.reg.node.source;
	t->partition = q->u.reg.node.partition;
	t->epoch = 1;
	t->state = OWNED_NOBODY;
	t->listed = true;
	t->since_ms = clock_wall(g->deps.clock);
	return 0;
}

/* A thing that comes back every minute with the same tags costs no row. */
static bool is_fresh(const struct thing *have, const struct thing *want)
{
	return have != NULL && want->at_ms - have->at_ms < DAY && want->can == have->can &&
	    secret_bytes_equal(have->digest, want->digest, DIGEST_BYTES) &&
	    have->tags_len == want->tags_len &&
	    (want->tags_len == 0 || memcmp(have->tags, want->tags, want->tags_len) == 0);
}

static int keep_tags(struct registry *g, const struct request *q, const uint8_t *id, struct err *e)
{
	struct thing want = { .at_ms = clock_wall(g->deps.clock) };

	memcpy(want.id, id, sizeof(want.id));
	want.can = q->u.reg.self.can;
	want.tags = tags_pack(&q->u.reg.tags, q->pool, &want.tags_len);
	if (want.tags == NULL ||
	    digest_tags(want.digest, g->deps.hash_key, &q->u.reg.tags, q->pool) == -1)
		return err_set(e, ERR_LIMIT, "no room for the tags of a thing");
	if (is_fresh(thing_store_find(g->things, id), &want))
		return 0;
	return thing_store_put(g->things, &want, e);
}

/* Unclaimed: what it says of itself now is what it is claimed by. */
static int enroll(struct registry *g, const struct request *q, const struct owned *have,
    struct err *e)
{
	struct owned t;

	if (have == NULL) {
		if (new_owned(g, q, &t, e) == -1)
			return -1;
	} else {
		t = *have;
		t.listed = true;
	}
	if ((have == NULL || !have->listed) &&
	    (ownership_put(g->deps.ownership, &t, e) == -1 ||
	    registry_note(g, AUDIT_REGISTERED, &t, q->bare, q->u.reg.node.id, e) == -1))
		return -1;
	return keep_tags(g, q, t.id, e);
}

/* What a thing can may change with its board, also while it has an owner. */
static int keep_abilities(struct registry *g, const struct request *q, const struct owned *t,
    struct err *e)
{
	const struct thing *have = thing_store_find(g->things, t->id);
	struct thing want;

	if (have == NULL || !q->u.reg.self.is_ours || have->can == q->u.reg.self.can)
		return 0;
	want = *have;
	want.can = q->u.reg.self.can;
	return thing_store_put(g->things, &want, e);
}

/* To ours only: others never see the element. */
static void tell_self(const struct registry *g, const struct request *q, const struct owned *t,
    struct reply *r)
{
	const struct thing_self *self = &q->u.reg.self;

	if (!self->is_ours)
		return;
	r->self.told = true;
	r->self.epoch = t != NULL ? t->epoch : 0;
	r->self.time_ms = self->clock_unknown ? clock_wall(g->deps.clock) : 0;
}

int registry_settle_removed(struct registry *g, const struct owned *t, struct err *e)
{
	char subject[REGISTRY_WAITS];

	registry_subject(subject, REGISTRY_REMOVED, t->id);
	return debt_cancel(g->deps.debts, DEBT_OWNER, t->jid, subject, e);
}

int registry_register(struct registry *g, const struct request *q, struct reply *r,
    struct err *e)
{
	const struct owned *t = registry_address(g, q->bare, &q->u.reg.node);
	enum condition refusal = register_refusal(g, q, t);
	bool disowned = false;
	int room;

	if (refusal != COND_NONE) {
		++*g->count.refused;
		registry_note_refusal(g, q->bare, "register");
		reply_error(r, refusal);
		return 0;
	}
	if (t == NULL) {
		room = make_room(g, e);
		if (room == -1)
			return -1;
		if (room == 0) {
			reply_error(r, COND_RESOURCE_CONSTRAINT);
			return 0;
		}
	}
	if (registry_alive(g, q, e) == -1)
		return -1;
	/* What it must hear first is told here, and being told here is hearing it. */
	if (t != NULL) {
		if (registry_tell_by_answer(g, t, &disowned, e) == -1)
			return -1;
		t = registry_address(g, q->bare, &q->u.reg.node);
	}
	if (t != NULL && registry_settle_removed(g, t, e) == -1)
		return -1;
	/* XEP-0347 3.6: a claimed thing changes nothing by registering. */
	if (t != NULL && t->owner != NULL && !disowned) {
		if (keep_abilities(g, q, t, e) == -1)
			return -1;
		++*g->count.again;
		t = registry_address(g, q->bare, &q->u.reg.node);
		say_claimed(t, q, r);
		tell_self(g, q, t, r);
		return 0;
	}
	/* One that turns over says what it is from now on, maybe with a new KEY. */
	if (enroll(g, q, t, e) == -1)
		return -1;
	++*g->count.registered;
	r->kind = REPLY_RESULT;
	r->body = disowned ? BODY_DISOWNED : BODY_EMPTY;
	tell_self(g, q, registry_address(g, q->bare, &q->u.reg.node), r);
	return 0;
}
