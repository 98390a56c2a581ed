/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enroll: register, mine, unregister: how a thing comes in, finds its owner,
 * and leaves.  Each loads facts, decides, and only then writes, so a refusal
 * writes nothing.  Read next: claim.c (the decision), manage.c.
 */
#include "config.h"

#include <string.h>

#include "common/base/ident.h"
#include "common/base/str.h"
#include "registry/claim.h"
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
		if (registry_drop(g, drop[i], e) == -1)
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
	    g->conf.max_things_per_jid)
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
	return have != NULL && want->at_ms - have->at_ms < DAY &&
	    secret_bytes_equal(have->digest, want->digest, DIGEST_BYTES) &&
	    have->tags_len == want->tags_len &&
	    (want->tags_len == 0 || memcmp(have->tags, want->tags, want->tags_len) == 0);
}

static int keep_tags(struct registry *g, const struct request *q, const uint8_t *id, struct err *e)
{
	struct thing want = { .at_ms = clock_wall(g->deps.clock) };

	memcpy(want.id, id, sizeof(want.id));
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
	if ((have == NULL || !have->listed) && ownership_put(g->deps.ownership, &t, e) == -1)
		return -1;
	return keep_tags(g, q, t.id, e);
}

static int settle_removed(struct registry *g, const struct owned *t, struct err *e)
{
	char subject[REGISTRY_WAITS];

	registry_removed_subject(subject, t->id);
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
	/* While a disown is on its way, being told so here is being told. */
	if (t != NULL && registry_disown_pending(g, t)) {
		if (registry_disown_finish(g, t, e) == -1)
			return -1;
		t = registry_address(g, q->bare, &q->u.reg.node);
		disowned = true;
	}
	if (t != NULL && settle_removed(g, t, e) == -1)
		return -1;
	/* XEP-0347 3.6: a claimed thing changes nothing by registering. */
	if (t != NULL && t->owner != NULL) {
		++*g->count.again;
		say_claimed(t, q, r);
		return 0;
	}
	if (enroll(g, q, t, e) == -1)
		return -1;
	++*g->count.registered;
	r->kind = REPLY_RESULT;
	r->body = disowned ? BODY_DISOWNED : BODY_EMPTY;
	return 0;
}

/* ---- mine ---- */

struct claim_load {
	struct claim_facts facts;
	uint8_t digest[DIGEST_BYTES];
	const struct owned *thing;	/* the one it is about, if any */
};

static bool is_claimable(const struct owned *t)
{
	return t != NULL && t->state == OWNED_NOBODY && t->listed;
}

/*
 * Two are as good as a thousand: neither can be claimed.  Owned things still
 * stand under the digest they were claimed with, but never more than one, for
 * a used digest makes no owner.
 */
static void load_candidates(const struct registry *g, struct claim_load *l)
{
	const struct thing *same[3];
	size_t n = thing_store_same(g->things, l->digest, same, sizeof(same) / sizeof(same[0]));

	for (size_t i = 0; i < n; i++) {
		const struct owned *t = ownership_by_id(g->deps.ownership, same[i]->id);

		if (!is_claimable(t))
			continue;
		l->facts.claimable++;
		l->thing = t;
	}
}

static void load_receipt(const struct registry *g, const struct request *q, struct claim_load *l)
{
	const struct used *u = thing_store_used(g->things, l->digest);
	const struct owned *t;

	if (u == NULL)
		return;
	l->facts.spent = true;
	l->facts.receipt = u->owner != NULL && strcmp(u->owner, q->bare) == 0 &&
	    clock_wall(g->deps.clock) - u->at_ms < g->conf.receipt_ms;
	t = ownership_by_id(g->deps.ownership, u->id);
	l->facts.receipt_current = l->facts.receipt && owned_by(t, q->bare) &&
	    t->epoch == u->epoch;
	if (l->facts.receipt_current)
		l->thing = t;
}

static int claim_load(const struct registry *g, const struct request *q, struct claim_load *l,
    struct err *e)
{
	memset(l, 0, sizeof(*l));
	if (digest_tags(l->digest, g->deps.hash_key, &q->u.mine.tags, q->pool) == -1)
		return err_set(e, ERR_LIMIT, "no room for the tags of a claim");
	l->facts.may_own = registry_may_own(g, q->bare);
	load_candidates(g, l);
	load_receipt(g, q, l);
	return 0;
}

/* An iq without the attribute is public (XEP-0347 3.8); a person who typed a
 * line into a chat did not ask to be found. */
static bool wants_public(const struct request *q)
{
	if (q->u.mine.has_public)
		return q->u.mine.is_public;
	return q->kind == STANZA_IQ;
}

static int claim_apply(struct registry *g, const struct request *q, const struct claim_load *l,
    struct err *e)
{
	struct owned t = *l->thing;
	struct used u = { .owner = q->bare, .at_ms = clock_wall(g->deps.clock) };
	char hex[REGISTRY_HEX];

	t.owner = q->bare;
	t.epoch++;
	t.state = OWNED;
	t.is_public = wants_public(q);
	t.since_ms = u.at_ms;
	memcpy(u.digest, l->digest, sizeof(u.digest));
	memcpy(u.id, t.id, sizeof(u.id));
	u.epoch = t.epoch;
	registry_hex(hex, t.id);
	if (ownership_put(g->deps.ownership, &t, e) == -1 ||
	    thing_store_spend(g->things, &u, e) == -1 ||
	    debt_owe(g->deps.debts, DEBT_OWNER, t.jid, hex, t.epoch, NULL, e) == -1 ||
	    registry_ask_presence(g, t.jid, e) == -1)
		return -1;
	return 0;
}

static void count_refusal(struct registry *g, enum claim_reason reason)
{
	++*g->count.not_found;
	if (reason == CLAIM_TWINS)
		++*g->count.twins;
	else if (reason == CLAIM_SPENT)
		++*g->count.spent;
}

static int say_mine(struct registry *g, const struct request *q, const uint8_t *id,
    struct reply *r)
{
	const struct owned *t = ownership_by_id(g->deps.ownership, id);
	struct found_thing *f = pool_zalloc(q->pool, sizeof(*f));

	if (f == NULL || registry_found(g, t, true, q->pool, f) == -1) {
		reply_error(r, COND_RESOURCE_CONSTRAINT);
		return 0;
	}
	r->kind = REPLY_RESULT;
	r->body = BODY_CLAIMED;
	r->u.claimed.jid = f->jid;
	r->u.claimed.node = f->node;
	r->u.claimed.is_public = t->is_public;
	r->u.claimed.thing = f;
	return 0;
}

int registry_mine(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	struct claim_load l;
	struct claim_outcome out;
	uint8_t id[OWNERSHIP_ID];

	if (claim_load(g, q, &l, e) == -1)
		return -1;
	claim_decide(&l.facts, &out);
	if (out.verdict == CLAIM_NOT_FOUND) {
		count_refusal(g, out.reason);
		reply_error(r, COND_ITEM_NOT_FOUND);
		return 0;
	}
	memcpy(id, l.thing->id, sizeof(id));
	if (out.verdict == CLAIM_NEW && claim_apply(g, q, &l, e) == -1)
		return -1;
	++*(out.verdict == CLAIM_NEW ? g->count.claimed : g->count.claimed_again);
	return say_mine(g, q, id, r);
}

/* ---- unregister ---- */

int registry_drop(struct registry *g, const struct owned *t, struct err *e)
{
	uint8_t id[OWNERSHIP_ID];

	memcpy(id, t->id, sizeof(id));
	return thing_store_delete(g->things, id, e) == -1 ||
	    ownership_delete(g->deps.ownership, id, e) == -1 ? -1 : 0;
}

/* The owner is told in words; he may have thought of it as his. */
static int tell_owner(struct registry *g, const struct request *q, const struct owned *t,
    struct err *e)
{
	struct buf text;
	char hex[REGISTRY_HEX];
	int rc;

	buf_init(&text, 2048);
	buf_adds(&text, "Your thing ");
	str_escape(&text, t->name != NULL ? t->name : t->jid, 200, true);
	if (t->node != NULL) {
		buf_adds(&text, " node ");
		str_escape(&text, t->node, 200, true);
	}
	buf_adds(&text, " has unregistered itself. It is no longer yours, and what you allowed "
	    "others to do with it has ended.");
	registry_hex(hex, t->id);
	rc = registry_notice(g, t->owner, pool_printf(q->pool, "unregistered:%s:%llu", hex,
	    (unsigned long long)t->epoch), buf_str(&text), e);
	buf_fini(&text);
	return rc;
}

/* The row stays, without owner, so that the epoch goes on counting should the
 * same address register again. */
static int leave_owner(struct registry *g, const struct request *q, const struct owned *t,
    struct err *e)
{
	struct owned gone = *t;
	char hex[REGISTRY_HEX];

	if (tell_owner(g, q, t, e) == -1)
		return -1;
	registry_hex(hex, t->id);
	gone.owner = gone.name = NULL;
	gone.epoch++;
	gone.state = OWNED_NOBODY;
	gone.is_public = gone.listed = false;
	gone.since_ms = clock_wall(g->deps.clock);
	if (debt_cancel(g->deps.debts, DEBT_OWNER, t->jid, hex, e) == -1 ||
	    settle_removed(g, t, e) == -1 || thing_store_delete(g->things, t->id, e) == -1)
		return -1;
	return ownership_put(g->deps.ownership, &gone, e);
}

int registry_unregister(struct registry *g, const struct request *q, struct reply *r,
    struct err *e)
{
	const struct owned *t = registry_address(g, q->bare, &q->u.address.node);
	int rc = 0;

	if (t != NULL && registry_disown_pending(g, t)) {
		if (registry_disown_finish(g, t, e) == -1)
			return -1;
		t = registry_address(g, q->bare, &q->u.address.node);
	}
	if (t != NULL && t->owner != NULL)
		rc = leave_owner(g, q, t, e);
	else if (t != NULL && t->listed)
		rc = registry_drop(g, t, e);
	if (rc == -1)
		return -1;
	/* XEP-0347 3.15: the answer is empty, whether it was known or not. */
	++*g->count.unregistered;
	r->kind = REPLY_RESULT;
	r->body = BODY_EMPTY;
	return 0;
}
