/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mine: how an owner claims a thing (XEP-0347 3.8): load the facts, let
 * claim.c decide, and only then write.  A refusal writes nothing and runs no
 * statement, whatever is behind it (att-C-03): what it sets off is noted in
 * memory, and done a little later by the clock (showing.c).
 */
#include "config.h"

#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "registry/claim.h"
#include "registry/presence_question.h"
#include "registry/role.h"

#define WEAK_BITS 64		/* a KEY with less can be found by trying */
#define DAY INT64_C(86400000)

struct claim_load {
	struct claim_facts facts;
	uint8_t digest[DIGEST_BYTES];
	uint64_t name;			/* of (MAN, SN) */
	bool known;			/* some thing has this digest */
	const struct owned *thing;	/* the one it is about, if any */
};

/* ---- facts ---- */

/*
 * The time counts from its registration, which the thing repeats when it starts and
 * when its button is pressed: both take somebody who stands before it.
 */
bool registry_claim_closed(const struct registry *g, const struct owned *t)
{
	const struct thing *thing = t != NULL ? thing_store_find(g->things, t->id) : NULL;
	int64_t age;

	if (thing == NULL)
		return false;
	age = clock_wall(g->deps.clock) - thing->at_ms;
	if ((thing->can & SELF_WINDOW) != 0)
		return (thing->can & SELF_OPEN) == 0 || age >= g->conf.claim_press_ms;
	return g->conf.claim_window_ms > 0 && age >= g->conf.claim_window_ms;
}

bool registry_is_candidate(const struct registry *g, const struct owned *t, const char *asker)
{
	return registry_may_claim(g, t, asker) || (t != NULL && t->state == OWNED_NOBODY &&
	    t->listed && t->hold == HOLD_PRESENCE);
}

/* Two are as good as a thousand: neither can be claimed by its tags alone. */
static void load_candidates(const struct registry *g, const struct request *q,
    struct claim_load *l)
{
	const struct thing *same[REGISTRY_SAME];
	size_t n = thing_store_same(g->things, l->digest, same, REGISTRY_SAME);

	l->known = n > 0;
	l->facts.closed = true;
	for (size_t i = 0; i < n; i++) {
		const struct owned *t = ownership_by_id(g->deps.ownership, same[i]->id);

		if (!registry_is_candidate(g, t, q->bare))
			continue;
		if (t->hold != HOLD_PRESENCE)
			l->facts.claimable++;
		else
			l->facts.held++;
		if (same[i]->key_bits < WEAK_BITS && guess_is_weak(g->guess, l->name))
			l->facts.weak = true;
		/* An imitation that waits for a press keeps nobody from the thing. */
		l->facts.closed = l->facts.closed && registry_claim_closed(g, t);
		l->thing = t;
	}
}

static void load_receipt(const struct registry *g, const struct request *q, struct claim_load *l)
{
	const struct used *u = thing_store_receipt(g->things, l->digest, q->bare);
	const struct owned *t;

	l->facts.spent = thing_store_used(g->things, l->digest) != NULL;
	l->facts.receipt = u != NULL && clock_wall(g->deps.clock) - u->at_ms < g->conf.receipt_ms;
	if (!l->facts.receipt)
		return;
	t = ownership_by_id(g->deps.ownership, u->id);
	l->facts.receipt_current = owned_by(t, q->bare) && t->epoch == u->epoch;
	if (l->facts.receipt_current)
		l->thing = t;
}

static int claim_load(const struct registry *g, const struct request *q, struct claim_load *l,
    struct err *e)
{
	memset(l, 0, sizeof(*l));
	if (digest_tags(l->digest, g->deps.hash_key, &q->u.mine.tags, q->pool) == -1)
		return err_set(e, ERR_LIMIT, "no room for the tags of a claim");
	l->name = thing_store_name(g->things, &q->u.mine.tags);
	l->facts.may_own = registry_may_own(g, q->bare);
	load_candidates(g, q, l);
	load_receipt(g, q, l);
	l->facts.disputable = registry_is_disputable(g, l->digest, q->bare);
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

/* ---- success ---- */

int registry_bind(struct registry *g, const struct owned *thing, const struct binding *b,
    struct err *e)
{
	struct owned t = *thing;
	struct used u = { .owner = b->owner, .at_ms = clock_wall(g->deps.clock) };
	char hex[REGISTRY_HEX];

	t.owner = b->owner;
	t.epoch++;
	t.state = OWNED;
	t.name = NULL;			/* of an owner who could have had it back */
	t.hold = HOLD_NONE;
	t.held_for = t.former = NULL;
	t.disputed = false;
	t.is_public = b->is_public;
	t.since_ms = u.at_ms;
	t.until_ms = u.at_ms + DAY;
	memcpy(u.digest, b->digest, sizeof(u.digest));
	memcpy(u.id, t.id, sizeof(u.id));
	u.epoch = t.epoch;
	registry_hex(hex, t.id);
	if (ownership_put(g->deps.ownership, &t, e) == -1 ||
	    thing_store_spend(g->things, &u, e) == -1 ||
	    debt_owe(g->deps.debts, DEBT_OWNER, t.jid, hex, t.epoch, NULL, e) == -1 ||
	    registry_ask_presence(g, t.jid, e) == -1 ||
	    registry_account_begins(g, b->owner, e) == -1)
		return -1;
	++*g->count.claimed;
	return registry_note(g, AUDIT_CLAIMED, &t, b->owner, t.jid, NULL, e);
}

int registry_say_mine(struct registry *g, const struct request *q, const uint8_t *id,
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

/* ---- refusal ---- */

static void count_refusal(struct registry *g, enum claim_reason reason)
{
	++*g->count.not_found;
	if (reason == CLAIM_TWINS)
		++*g->count.twins;
	else if (reason == CLAIM_SPENT)
		++*g->count.spent;
	else if (reason == CLAIM_WEAK)
		++*g->count.weak;
}

/* Who fails often is told later, and a person hears of it; nobody is stopped. */
static int64_t charge(struct registry *g, const struct request *q, const struct claim_load *l)
{
	static const char *const scopes[] = {
		[GUESS_JID] = "one account", [GUESS_DOMAIN] = "the accounts of one domain",
		[GUESS_GLOBAL] = "all accounts together",
	};
	const struct thing *there;
	struct guess_outcome out;

	guess_failed(g->guess, q->bare, clock_boot(g->deps.clock), &out);
	for (size_t i = 0; i < GUESS_SCOPES; i++) {
		if (!out.alarm[i])
			continue;
		++*g->count.guess_alarms;
		log_warn("somebody may be guessing KEYs: too many claims by %s fail; the last "
		    "one was '%s'", scopes[i], q->bare);
		registry_showing_alarm(g, q->bare, scopes[i]);
	}
	if (!l->known && thing_store_named(g->things, l->name, &there, 1) > 0 &&
	    guess_wrong_key(g->guess, l->name))
		registry_showing_guessed(g, l->name);
	return out.delay_ms;
}

static int refuse(struct registry *g, const struct request *q, const struct claim_load *l,
    const struct claim_outcome *out, struct reply *r)
{
	int64_t delay;

	count_refusal(g, out->reason);
	registry_note_refusal(g, q->bare, "claim");
	delay = charge(g, q, l);
	if (out->ask != CLAIM_ASK_NOTHING)
		registry_showing_note(g, q->bare, l->digest, wants_public(q), out->ask);
	reply_error(r, COND_ITEM_NOT_FOUND);
	if (delay > 0 && q->kind == STANZA_IQ)
		registry_answer_later(g, q, r, delay);
	return 0;
}

int registry_mine(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	struct claim_load l;
	struct claim_outcome out;
	struct binding b;
	uint8_t id[OWNERSHIP_ID];

	if (claim_load(g, q, &l, e) == -1)
		return -1;
	claim_decide(&l.facts, &out);
	if (out.verdict == CLAIM_NOT_FOUND)
		return refuse(g, q, &l, &out, r);
	/* He has shown the KEY, so this tells him nothing about it. */
	if (out.verdict == CLAIM_NEW && !registry_owner_has_room(g, q->bare)) {
		reply_error(r, COND_RESOURCE_CONSTRAINT);
		return 0;
	}
	memcpy(id, l.thing->id, sizeof(id));
	b = (struct binding){ q->bare, l.digest, wants_public(q) };
	if (out.verdict == CLAIM_NEW && registry_bind(g, l.thing, &b, e) == -1)
		return -1;
	if (out.verdict == CLAIM_AGAIN)
		++*g->count.claimed_again;
	if (registry_say_mine(g, q, id, r) == -1)
		return -1;
	return out.verdict == CLAIM_NEW && r->kind == REPLY_RESULT ?
	    registry_code_at_claim(g, q, r, e) : 0;
}
