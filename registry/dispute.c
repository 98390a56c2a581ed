/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dispute: somebody else has the whole tag set of a thing that was claimed
 * today: the thief with a photograph, or the owner who came second.  Both are
 * asked to show it; whoever alone can has it.  Meanwhile the owner and his
 * rules stay, but the thing goes nowhere and nobody new gets anything.
 */
#include "config.h"

#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "registry/role.h"

#define TEXT_BYTES 2048

/* The thing that was claimed with this digest, if that ownership still holds. */
static const struct owned *claimed_with(const struct registry *g, const uint8_t *digest,
    int64_t *at_ms)
{
	const struct used *u = thing_store_used(g->things, digest);
	const struct owned *t = u != NULL && u->owner != NULL ?
	    ownership_by_id(g->deps.ownership, u->id) : NULL;

	if (!owned_by(t, u != NULL ? u->owner : "") || t->state != OWNED || t->epoch != u->epoch)
		return NULL;
	*at_ms = u->at_ms;
	return t;
}

/*
 * Once per digest.  While it lasts whoever has the label may ask to be heard, not
 * only who opened it: else a thief would dispute his own claim by a second
 * account, and the true owner came too late.
 */
bool registry_is_disputable(const struct registry *g, const uint8_t digest[static DIGEST_BYTES],
    const char *asker)
{
	const struct dispute *d = dispute_by_digest(g->asked, digest);
	int64_t at = 0;
	const struct owned *t = claimed_with(g, digest, &at);

	if (t == NULL || strcmp(t->owner, asker) == 0)
		return false;
	if (d != NULL)
		return d->state == DISPUTE_OPEN && d->epoch == t->epoch;
	return clock_wall(g->deps.clock) - at < g->conf.dispute_ms;
}

static int mark(struct registry *g, const struct owned *thing, bool disputed, struct err *e)
{
	struct owned t = *thing;

	t.disputed = disputed;
	return ownership_put(g->deps.ownership, &t, e);
}

/* %1 in `text`: the thing, as he knows it. */
static int tell(struct registry *g, const char *who, const struct owned *t, const char *text,
    struct err *e)
{
	char subject[sizeof("dispute:") + REGISTRY_HEX] = "dispute:";
	struct buf b, name;

	registry_hex(subject + strlen("dispute:"), t->id);
	buf_init(&name, TEXT_BYTES);
	buf_init(&b, TEXT_BYTES);
	str_escape(&name, t->name != NULL && strcmp(who, t->owner) == 0 ? t->name : t->jid, 200,
	    true);
	saying_add(&b, text, buf_str(&name), NULL);
	buf_fini(&name);
	return registry_tell(g, who, subject, &b, e);
}

static int begin(struct registry *g, const char *who, const uint8_t *digest, bool is_public,
    const struct owned *t, struct err *e)
{
	struct dispute d = { .epoch = t->epoch, .claimant = who, .is_public = is_public,
	    .until_ms = clock_wall(g->deps.clock) + g->conf.dispute_ms };

	memcpy(d.digest, digest, DIGEST_BYTES);
	memcpy(d.id, t->id, OWNERSHIP_ID);
	++*g->count.disputes;
	return dispute_put(g->asked, &d, e) == -1 || mark(g, t, true, e) == -1 ||
	    registry_note(g, AUDIT_DISPUTED, t, who, NULL, NULL, e) == -1 ? -1 : 0;
}

int registry_dispute_open(struct registry *g, const char *who,
    const uint8_t digest[static DIGEST_BYTES], bool is_public, struct err *e)
{
	int64_t at = 0;
	const struct owned *t = claimed_with(g, digest, &at);
	struct question q = { .purpose = QUESTION_DISPUTE, .claimant = who,
	    .is_public = is_public, .n = 1 };
	const struct thing *thing;

	if (t == NULL || !registry_is_disputable(g, digest, who) ||
	    (int64_t)registry_questions_of(g, who, QUESTION_DISPUTE) >= g->conf.showings)
		return 0;
	if (!t->disputed && begin(g, who, digest, is_public, t, e) == -1)
		return -1;
	t = claimed_with(g, digest, &at);
	thing = t != NULL ? thing_store_find(g->things, t->id) : NULL;
	if (thing == NULL)
		return 0;
	memcpy(q.digest, digest, DIGEST_BYTES);
	memcpy(q.candidate[0].id, t->id, OWNERSHIP_ID);
	q.candidate[0].epoch = t->epoch;
	q.candidate[0].kind = presence_question_kind(thing->can);
	q.other = t->owner;
	return registry_question_open(g, &q, e);
}

static int close_dispute(struct registry *g, const struct dispute *d, enum dispute_state state,
    struct err *e)
{
	struct dispute now = *d;

	now.state = state;
	return dispute_put(g->asked, &now, e);
}

/* ---- what came of it ---- */

static int keep(struct registry *g, const struct dispute *d, const struct owned *t,
    const char *detail, struct err *e)
{
	if (close_dispute(g, d, DISPUTE_OVER, e) == -1 || mark(g, t, false, e) == -1)
		return -1;
	t = ownership_by_id(g->deps.ownership, d->id);
	return registry_note(g, AUDIT_DISPUTED, t, NULL, d->claimant, detail, e) == -1 ||
	    tell(g, t->owner, t, N_("%1 stays yours: nobody else has shown it."), e) == -1 ||
	    tell(g, d->claimant, t, N_("%1 stays with its owner."), e) == -1 ? -1 : 0;
}

/* What a claim of his is answered by from now on. */
static int receipt(struct registry *g, const uint8_t *id, const uint8_t *digest, struct err *e)
{
	const struct owned *t = ownership_by_id(g->deps.ownership, id);
	struct used u = { .owner = t->owner, .epoch = t->epoch,
	    .at_ms = clock_wall(g->deps.clock) };

	memcpy(u.digest, digest, sizeof(u.digest));
	memcpy(u.id, id, sizeof(u.id));
	return thing_store_spend(g->things, &u, e);
}

/*
 * The thing obeys the loser still, so it changes hands as if he had passed it on:
 * it hears `disowned` first, and until it has, nobody has a right that rests on him.
 */
static int give(struct registry *g, const struct dispute *d, const struct owned *t,
    const char *detail, struct err *e)
{

	if (!registry_owner_has_room(g, d->claimant))
		return keep(g, d, t, "the claimant's quota is full", e);
	if (tell(g, t->owner, t, N_("%1 is no longer yours: somebody else has shown that it is "
	    "before him, and you have not. What you allowed others to do with it has ended."), e) == -1 ||
	    registry_note(g, AUDIT_DISPUTED, t, d->claimant, NULL, detail, e) == -1 ||
	    close_dispute(g, d, DISPUTE_OVER, e) == -1 ||
	    registry_turn_over(g, t, d->claimant, e) == -1 ||
	    receipt(g, d->id, d->digest, e) == -1)
		return -1;
	t = ownership_by_id(g->deps.ownership, d->id);
	return tell(g, d->claimant, t, N_("%1 is yours: you have shown that it is before you. Until "
	    "it has heard so it may still obey its former owner; I tell you when that is over."), e);
}

static int hand_over(struct registry *g, const struct dispute *d, const struct owned *t,
    struct err *e)
{
	static const char text[] = N_("%1: both of you have shown it. The operator of this site "
	    "has to decide; until then it stays as it is.");

	log_warn("'%s' and '%s' both have the thing '%s' before them: see who it belongs to, then "
	    "kithctl release", t->owner, d->claimant, t->jid);
	return close_dispute(g, d, DISPUTE_OPERATOR, e) == -1 ||
	    registry_note(g, AUDIT_DISPUTED, t, NULL, d->claimant, "both showed it", e) == -1 ||
	    tell(g, t->owner, t, text, e) == -1 || tell(g, d->claimant, t, text, e) == -1 ? -1 : 0;
}

/* The thing as it was when the dispute began; NULL: that ownership has ended. */
static const struct owned *still_owned(const struct registry *g, const struct dispute *d)
{
	const struct owned *t = ownership_by_id(g->deps.ownership, d->id);

	return t != NULL && t->epoch == d->epoch && t->owner != NULL && t->disputed ? t : NULL;
}

int registry_dispute_settle(struct registry *g, const struct question *q,
    enum question_verdict v, struct err *e)
{
	const struct dispute *d = dispute_by_digest(g->asked, q->digest);
	const struct owned *t = d != NULL && d->state != DISPUTE_OVER ? still_owned(g, d) : NULL;
	struct dispute his;

	if (t == NULL)
		return 0;
	/* Whoever showed it is the one it is between now. */
	if (v == QUESTION_GIVE || v == QUESTION_OPERATOR) {
		his = *d;
		his.claimant = q->claimant;
		his.is_public = q->is_public;
		d = &his;
	}
	switch (v) {
	case QUESTION_GIVE:
		++*g->count.shown;
		return give(g, d, t, "shown", e);
	case QUESTION_KEEP:
		++*g->count.shown;
		return keep(g, d, t, "shown by the owner", e);
	case QUESTION_OPERATOR:
		return hand_over(g, d, t, e);
	default:
		++*g->count.not_shown;
		return 0;
	}
}

int registry_dispute_tick(struct registry *g, struct err *e)
{
	int64_t now = clock_wall(g->deps.clock);
	/* By then the claim it was about is long beyond dispute. */
	int n = dispute_forget(g->asked, now - g->conf.receipt_ms, e);

	if (n == -1)
		return -1;

	for (size_t i = 0; i < disputes_open(g->asked); i++) {
		const struct dispute *d = dispute_at(g->asked, i);
		const struct owned *t = still_owned(g, d);
		int rc;

		if (t != NULL && (d->state == DISPUTE_OPERATOR || d->until_ms > now))
			continue;
		rc = t == NULL ? close_dispute(g, d, DISPUTE_OVER, e) :
		    keep(g, d, t, "nobody showed it", e);
		if (rc == -1)
			return -1;
		i--;
		n++;
	}
	return n;
}

int64_t registry_dispute_deadline(const struct registry *g)
{
	int64_t next = -1;

	for (size_t i = 0; i < disputes_open(g->asked); i++) {
		const struct dispute *d = dispute_at(g->asked, i);

		if (d->state == DISPUTE_OPEN && (next < 0 || d->until_ms < next))
			next = d->until_ms;
	}
	return next;
}

int registry_dispute_release(struct registry *g, const uint8_t id[static OWNERSHIP_ID],
    const char *owner, struct err *e)
{
	const struct dispute *d = dispute_by_thing(g->asked, id);
	const struct owned *t = d != NULL ? still_owned(g, d) : NULL;

	if (t == NULL)
		return owner == NULL ? 0 : 1;
	if (owner == NULL || strcmp(owner, t->owner) == 0)
		return keep(g, d, t, "the operator", e);
	if (strcmp(owner, d->claimant) != 0)
		return 1;
	return give(g, d, t, "the operator", e);
}
