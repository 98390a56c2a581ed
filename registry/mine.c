/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mine: how an owner claims a thing (XEP-0347 3.8): load the facts, let
 * claim.c decide, and only then write, so a refusal writes nothing.
 */
#include "config.h"

#include <string.h>

#include "registry/claim.h"
#include "registry/role.h"

struct claim_load {
	struct claim_facts facts;
	uint8_t digest[DIGEST_BYTES];
	const struct owned *thing;	/* the one it is about, if any */
};

/*
 * Two are as good as a thousand: neither can be claimed.  Owned things still
 * stand under the digest they were claimed with, but never more than one, for
 * a used digest makes no owner.
 */
static void load_candidates(const struct registry *g, const char *by, struct claim_load *l)
{
	const struct thing *same[3];
	size_t n = thing_store_same(g->things, l->digest, same, sizeof(same) / sizeof(same[0]));

	for (size_t i = 0; i < n; i++) {
		const struct owned *t = ownership_by_id(g->deps.ownership, same[i]->id);

		if (!registry_may_claim(g, t, by))
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
	load_candidates(g, q->bare, l);
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
	t.name = t.former = NULL;	/* of an owner who could have had it back */
	t.hold = HOLD_NONE;
	t.held_for = NULL;
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
	return registry_note(g, AUDIT_CLAIMED, &t, q->bare, t.jid, e);
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
		registry_note_refusal(g, q->bare, "claim");
		reply_error(r, COND_ITEM_NOT_FOUND);
		return 0;
	}
	/* He has shown the KEY, so this tells him nothing about it. */
	if (out.verdict == CLAIM_NEW && !registry_owner_has_room(g, q->bare)) {
		reply_error(r, COND_RESOURCE_CONSTRAINT);
		return 0;
	}
	memcpy(id, l.thing->id, sizeof(id));
	if (out.verdict == CLAIM_NEW && claim_apply(g, q, &l, e) == -1)
		return -1;
	++*(out.verdict == CLAIM_NEW ? g->count.claimed : g->count.claimed_again);
	if (say_mine(g, q, id, r) == -1)
		return -1;
	return out.verdict == CLAIM_NEW && r->kind == REPLY_RESULT ?
	    registry_code_at_claim(g, q, r, e) : 0;
}
