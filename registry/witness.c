/* SPDX-License-Identifier: Apache-2.0 */
/*
 * witness: what is seen of a thing while a presence question is about it: the
 * code it shows and somebody types, the rhythm of its button, its sessions.
 * And the pushes of urn:kith:presence:0 that ask it, only ever of a thing that
 * said of itself that it can.  What becomes of it: showing.c.
 */
#include "config.h"

#include <string.h>

#include "common/base/str.h"
#include "common/wire/push.h"
#include "registry/role.h"

/* ---- a code is typed ---- */

/* Candidate `i` shows the codes of every open question about it; whichever he
 * read there, he read it there. */
static bool shows(const struct registry *g, const struct question *q, size_t i,
    const char *typed)
{
	char code[IDENT_CODE];
	bool same = false;

	/* One that did what only he was told: he was told its code, to confirm it. */
	if (q->candidate[i].kind != QUESTION_CODE) {
		struct question_seed own = registry_seed(g, q);

		presence_question_code(code, &own, q->candidate[i].id);
		same = q->purpose == QUESTION_AGAIN && (q->fits >> i & 1) != 0 &&
		    secret_bytes_equal(code, typed, IDENT_CODE);
		secret_cleanse(code, sizeof(code));
		return same;
	}
	for (size_t k = 0; k < presence_store_count(g->asked); k++) {
		const struct question *any = presence_store_at(g->asked, k);
		struct question_seed seed = registry_seed(g, any);

		if (any->is_over || !secret_bytes_equal(any->digest, q->digest, DIGEST_BYTES))
			continue;
		presence_question_code(code, &seed, q->candidate[i].id);
		same = secret_bytes_equal(code, typed, IDENT_CODE) || same;
	}
	secret_cleanse(code, sizeof(code));
	return same;
}

/* Was this person asked?  0 no, 1 as the claimant, 2 as the other. */
static int part_of(const struct question *q, const char *who)
{
	if (q->is_over)
		return 0;
	if (strcmp(q->claimant, who) == 0)
		return 1;
	return q->other != NULL && strcmp(q->other, who) == 0 ? 2 : 0;
}

static int noted(struct registry *g, const struct question *q, int part, size_t i, struct err *e)
{
	struct question now = *q;

	if (part == 1)
		now.fits |= UINT64_C(1) << i;
	else
		now.other_fits |= UINT64_C(1) << i;
	if (presence_store_put(g->asked, &now, e) == -1)
		return -1;
	return registry_settle(g, presence_store_by_nonce(g->asked, now.nonce), false, e);
}

static int say(struct reply *r, const char *text)
{
	r->kind = REPLY_RESULT;
	r->body = BODY_TEXT;
	r->text = text;
	return 0;
}

static int code_fits(struct registry *g, const struct request *req, const struct question *q,
    int part, size_t i, struct reply *r, struct err *e)
{
	uint8_t id[OWNERSHIP_ID];
	bool dispute = q->purpose == QUESTION_DISPUTE;
	const struct owned *t;

	memcpy(id, q->candidate[i].id, sizeof(id));
	if (noted(g, q, q->candidate[i].kind == QUESTION_CODE ? part : 2, i, e) == -1)
		return -1;
	t = ownership_by_id(g->deps.ownership, id);
	if (!dispute && owned_by(t, req->bare))
		return registry_say_mine(g, req, id, r) == -1 ? -1 :
		    r->kind != REPLY_RESULT ? 0 : registry_code_at_claim(g, req, r, e);
	return say(r, dispute ? N_("Noted: you have it before you. The other one has been asked "
	    "as well; I tell you what came of it.") : N_("Noted."));
}

/* `code CODE`, as the thing shows it. */
int registry_presence_code(struct registry *g, const struct request *q, struct reply *r,
    struct err *e)
{
	struct guess_outcome late;
	char typed[IDENT_CODE] = "";

	if (q->u.desk.code == NULL || ident_code_fold(typed, q->u.desk.code) != 0)
		typed[0] = '\0';
	for (size_t k = 0; typed[0] != '\0' && k < presence_store_count(g->asked); k++) {
		const struct question *asked = presence_store_at(g->asked, k);
		int part = part_of(asked, q->bare);

		for (size_t i = 0; part != 0 && i < asked->n; i++)
			if (shows(g, asked, i, typed))
				return code_fits(g, q, asked, part, i, r, e);
	}
	guess_failed(g->guess, q->bare, clock_boot(g->deps.clock), &late);
	reply_error(r, COND_ITEM_NOT_FOUND);
	return 0;
}

/* ---- a button is pressed ---- */

static int pressed(struct registry *g, const struct question *q, size_t i, const char *rhythm,
    struct err *e)
{
	struct question_seed seed = registry_seed(g, q);
	struct question now = *q;
	char told[QUESTION_RHYTHM];

	if (q->candidate[i].kind != QUESTION_BUTTON || q->candidate[i].tries >= QUESTION_TRIES)
		return 0;
	presence_question_rhythm(told, &seed, q->claimant);
	if (strcmp(told, rhythm) == 0)
		return noted(g, q, 1, i, e);
	if (q->other != NULL) {
		presence_question_rhythm(told, &seed, q->other);
		if (strcmp(told, rhythm) == 0)
			return noted(g, q, 2, i, e);
	}
	now.candidate[i].tries++;
	return presence_store_put(g->asked, &now, e);
}

/* The answer is the same whatever it was good for. */
int registry_pressed(struct registry *g, const struct request *q, struct reply *r,
    struct err *e)
{
	for (size_t k = 0; k < presence_store_count(g->asked); k++) {
		const struct question *asked = presence_store_at(g->asked, k);

		for (size_t i = 0; !asked->is_over && i < asked->n; i++) {
			const struct owned *t = ownership_by_id(g->deps.ownership,
			    asked->candidate[i].id);

			if (t == NULL || strcmp(t->jid, q->bare) != 0)
				continue;
			if (pressed(g, asked, i, q->u.witness.rhythm, e) == -1)
				return -1;
			break;
		}
	}
	r->kind = REPLY_RESULT;
	r->body = BODY_EMPTY;
	return 0;
}

/* ---- sessions ---- */

static void saw_session(struct registry *g, const struct question *q, size_t i)
{
	struct question_sessions *seen = presence_store_sessions(g->asked, q, i);

	if (seen == NULL || seen->n > QUESTION_SESSIONS)
		return;
	if (seen->n < QUESTION_SESSIONS)
		seen->at_ms[seen->n] = clock_wall(g->deps.clock) - q->opened_ms;
	seen->n++;
}

void registry_session_began(struct registry *g, const char *bare)
{
	for (size_t k = 0; k < presence_store_count(g->asked); k++) {
		const struct question *q = presence_store_at(g->asked, k);

		for (size_t i = 0; !q->is_over && i < q->n; i++) {
			const struct owned *t = ownership_by_id(g->deps.ownership,
			    q->candidate[i].id);

			if (t != NULL && strcmp(t->jid, bare) == 0)
				saw_session(g, q, i);
		}
	}
}

void registry_sessions_unknown(struct registry *g)
{
	for (size_t k = 0; k < presence_store_count(g->asked); k++) {
		const struct question *q = presence_store_at(g->asked, k);

		for (size_t i = 0; i < q->n; i++) {
			struct question_sessions *seen = presence_store_sessions(g->asked, q, i);

			if (seen != NULL)
				seen->n = QUESTION_SESSIONS + 1;
		}
	}
}

/* ---- what things are asked ---- */

static const struct question *subject_question(const struct registry *g, const char *hex)
{
	uint8_t nonce[QUESTION_NONCE];

	return str_unhex(nonce, sizeof(nonce), hex) == 0 ?
	    presence_store_by_nonce(g->asked, nonce) : NULL;
}

/* Which of the things it is about lives at this address? */
static const struct owned *thing_at(const struct registry *g, const struct question *q,
    const char *jid)
{
	for (size_t i = 0; i < q->n; i++) {
		const struct owned *t = ownership_by_id(g->deps.ownership, q->candidate[i].id);

		if (t != NULL && strcmp(t->jid, jid) == 0)
			return t;
	}
	return NULL;
}

/* 1 filled, 0 there is nothing to ask any more. */
static int fill_asked(struct registry *g, const struct debt *d, struct push *p,
    char code[static IDENT_CODE])
{
	const struct question *q = subject_question(g, strchr(d->subject, ':') + 1);
	const struct owned *t = q != NULL && !q->is_over ? thing_at(g, q, d->peer) : NULL;
	struct question_seed seed;

	if (t == NULL)
		return 0;
	p->seconds = (q->until_ms - clock_wall(g->deps.clock)) / 1000;
	if (p->seconds <= 0)
		return 0;
	p->verb = VERB_LISTEN;
	if (str_starts(d->subject, "listen:"))
		return 1;
	seed = registry_seed(g, q);
	presence_question_code(code, &seed, t->id);
	p->verb = VERB_SHOW_CODE;
	p->code = code;
	return 1;
}

int registry_witness_write(struct registry *g, const struct debt *d, struct buf *out)
{
	const struct contact *c = contact_find(g->deps.contacts, d->peer);
	char id[DEBT_ID], code[IDENT_CODE];
	struct push p = { .verb = VERB_NEW_KEY, .from = g->conf.jid };
	int rc;

	if (c == NULL || c->full == NULL || strchr(d->subject, ':') == NULL)
		return 0;
	if (!str_starts(d->subject, "key:") && fill_asked(g, d, &p, code) == 0)
		return 0;
	debt_iq_id(g->deps.debts, d, id);
	p.to = c->full;
	p.id = id;
	rc = push_write(out, &p) == -1 ? -1 : 1;
	secret_cleanse(code, sizeof(code));
	return rc;
}

/* ---- twins ---- */

static bool has_twin(const struct registry *g, const struct thing *const *same, size_t n,
    const uint8_t *id)
{
	for (size_t i = 0; i < n; i++) {
		const struct owned *t = ownership_by_id(g->deps.ownership, same[i]->id);

		if (t != NULL && t->state == OWNED_NOBODY &&
		    memcmp(same[i]->id, id, OWNERSHIP_ID) != 0)
			return true;
	}
	return false;
}

/* Ours among twins are asked to make a new KEY, which ends the tie. */
static int ask_for_keys(struct registry *g, const struct thing *const *same, size_t n,
    struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		const struct owned *t = ownership_by_id(g->deps.ownership, same[i]->id);
		char subject[sizeof("key:") + REGISTRY_HEX] = "key:";

		if (t == NULL || t->state != OWNED_NOBODY || (same[i]->can & SELF_NEW_KEY) == 0)
			continue;
		registry_hex(subject + strlen("key:"), t->id);
		if (debt_owe(g->deps.debts, DEBT_WITNESS, t->jid, subject, t->epoch, NULL,
		    e) == -1)
			return -1;
	}
	return 0;
}

/*
 * One of several has left the tie by other tags.  Whoever stays with the old
 * ones may be the impostor, and people may have the old label: from now on it
 * claims nothing by itself.
 */
static int spoil(struct registry *g, const uint8_t *before, struct err *e)
{
	struct used u = { .at_ms = clock_wall(g->deps.clock) };
	const struct thing *left;

	if (thing_store_same(g->things, before, &left, 1) == 0 ||
	    thing_store_used(g->things, before) != NULL)
		return 0;
	memcpy(u.digest, before, DIGEST_BYTES);
	return thing_store_spend(g->things, &u, e);
}

/* New tags that nobody else has and nobody used: it starts afresh. */
static int free_held(struct registry *g, const uint8_t *id, struct err *e)
{
	const struct owned *t = ownership_by_id(g->deps.ownership, id);
	struct owned freed;

	if (t == NULL || t->hold != HOLD_PRESENCE)
		return 0;
	freed = *t;
	freed.hold = HOLD_NONE;
	return ownership_put(g->deps.ownership, &freed, e) == -1 ? -1 :
	    registry_note(g, AUDIT_RELEASED, &freed, freed.jid, NULL, "new tags", e);
}

/* Tags of an owned thing came back within the time of its receipt. */
static void ask_owner(struct registry *g, const struct thing *thing)
{
	const struct used *u = thing_store_used(g->things, thing->digest);
	const struct owned *t = u != NULL ? ownership_by_id(g->deps.ownership, u->id) : NULL;

	if (u == NULL || u->owner == NULL || t == NULL || t->epoch != u->epoch ||
	    memcmp(u->id, thing->id, OWNERSHIP_ID) == 0 ||
	    clock_wall(g->deps.clock) - u->at_ms >= g->conf.receipt_ms)
		return;
	registry_showing_note(g, u->owner, thing->digest, t->is_public, CLAIM_ASK_AGAIN);
}

int registry_enrolled(struct registry *g, const uint8_t id[static OWNERSHIP_ID],
    const uint8_t *before, struct err *e)
{
	const struct thing *thing = thing_store_find(g->things, id), *same[REGISTRY_SAME];
	size_t n;
	bool twin;

	if (thing == NULL ||
	    (before != NULL && secret_bytes_equal(before, thing->digest, DIGEST_BYTES)))
		return 0;
	n = thing_store_same(g->things, thing->digest, same, REGISTRY_SAME);
	twin = has_twin(g, same, n, id);
	ask_owner(g, thing);
	if (before != NULL && spoil(g, before, e) == -1)
		return -1;
	if (before != NULL && !twin && thing_store_used(g->things, thing->digest) == NULL &&
	    free_held(g, id, e) == -1)
		return -1;
	return twin ? ask_for_keys(g, same, n, e) : 0;
}
