/* SPDX-License-Identifier: Apache-2.0 */
/*
 * showing: a presence question from the doubt to its end.  A refused claim
 * leaves a note in memory; a moment later, in a transaction of its own, the
 * clock asks the claimant in chat and the things among themselves.  What is
 * seen of the things: witness.c.  What it decides: presence_question.c.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "registry/role.h"

#define NOTES 64		/* doubts that wait for the clock */
#define NOTE_MS 250		/* the answer to the claim has left long before */
#define LATE 256		/* answers that are held back */
#define LATE_BYTES 1024		/* of one */
#define GUESSED 8		/* names whose owners are to be warned */
#define HOUR INT64_C(3600000)
#define TEXT_BYTES 4096
#define SMALL_BYTES 256
#define SUBJECT (sizeof("listen:") + 2 * QUESTION_NONCE)

struct note {
	char who[JID_MAX + 1];
	uint8_t digest[DIGEST_BYTES];
	bool is_public;
	enum claim_ask ask;
	int64_t due_ms;		/* wall */
};

struct alarm {
	char who[JID_MAX + 1];
	const char *whose;
};

struct late {
	int64_t due_boot_ms;
	size_t len;
	char bytes[LATE_BYTES];
};

struct showing {
	struct note note[NOTES];
	size_t n_notes;
	struct late *late[LATE];	/* in the order they are due */
	size_t n_late, late_kept;	/* so many are of turns that were committed */
	uint64_t guessed[GUESSED];
	size_t n_guessed;
	struct alarm alarm[GUESSED];
	size_t n_alarms;
};

int registry_showing_open(struct registry *g, struct err *e)
{
	const struct guess_limits limits = { g->conf.failures_per_jid,
	    g->conf.failures_per_domain, g->conf.failures, g->conf.wrong_keys };

	g->showing = calloc(1, sizeof(*g->showing));
	if (g->showing == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	return presence_store_open(&g->asked, g->deps.store, e) == -1 ||
	    guess_open(&g->guess, &limits, e) == -1 ? -1 : 0;
}

void registry_showing_close(struct registry *g)
{
	if (g->showing != NULL)
		for (size_t i = 0; i < g->showing->n_late; i++)
			free(g->showing->late[i]);
	free(g->showing);
	g->showing = NULL;
	presence_store_close(&g->asked);
	guess_close(&g->guess);
}

struct question_seed registry_seed(const struct registry *g, const struct question *q)
{
	return (struct question_seed){ g->deps.hash_key, q->nonce };
}

/* ---- answers that are held back ---- */

/* Nobody waits for ever, and a full list holds nobody back. */
void registry_answer_later(struct registry *g, const struct request *q, struct reply *r,
    int64_t delay_ms)
{
	struct showing *s = g->showing;
	struct late *l;
	struct buf b;

	if (s->n_late == LATE || (l = malloc(sizeof(*l))) == NULL)
		return;
	buf_init(&b, LATE_BYTES);
	if (reply_write(&b, q, r) == -1 || b.len == 0) {
		buf_fini(&b);
		free(l);
		return;
	}
	memcpy(l->bytes, b.data, b.len);
	l->len = b.len;
	l->due_boot_ms = clock_boot(g->deps.clock) + delay_ms;
	s->late[s->n_late++] = l;
	++*g->count.answers_late;
	r->kind = REPLY_SILENCE;
	buf_fini(&b);
}

void registry_showing_ended(struct registry *g, bool committed)
{
	struct showing *s = g->showing;

	while (!committed && s->n_late > s->late_kept)
		free(s->late[--s->n_late]);
	s->late_kept = s->n_late;
}

static int answer_late(struct registry *g)
{
	struct showing *s = g->showing;
	int64_t now = clock_boot(g->deps.clock);
	size_t n = 0;

	for (; n < s->n_late && s->late[n]->due_boot_ms <= now; n++) {
		/* A full buffer loses an answer that said no: he asks again. */
		buf_add(&g->released, s->late[n]->bytes, s->late[n]->len);
		free(s->late[n]);
	}
	s->n_late -= n;
	s->late_kept = s->n_late;
	memmove(s->late, s->late + n, s->n_late * sizeof(s->late[0]));
	return (int)n;
}

/* ---- notes ---- */

void registry_showing_note(struct registry *g, const char *who,
    const uint8_t digest[static DIGEST_BYTES], bool is_public, enum claim_ask ask)
{
	struct showing *s = g->showing;
	struct note *n = &s->note[s->n_notes];
	size_t his = 0;

	for (size_t i = 0; i < s->n_notes; i++) {
		if (strcmp(s->note[i].who, who) != 0)
			continue;
		his++;
		if (s->note[i].ask == ask &&
		    secret_bytes_equal(s->note[i].digest, digest, DIGEST_BYTES))
			return;
	}
	/* Who cannot be asked any more this hour takes no place from others. */
	if ((int64_t)(his + registry_questions_of(g, who, ask == CLAIM_ASK_AGAIN ?
	    QUESTION_AGAIN : QUESTION_CLAIM)) >= g->conf.showings)
		return;
	if (s->n_notes == NOTES || str_copy(n->who, sizeof(n->who), who) < 0)
		return;
	memcpy(n->digest, digest, DIGEST_BYTES);
	n->is_public = is_public;
	n->ask = ask;
	n->due_ms = clock_wall(g->deps.clock) + NOTE_MS;
	s->n_notes++;
}

void registry_showing_guessed(struct registry *g, uint64_t name)
{
	if (g->showing->n_guessed < GUESSED)
		g->showing->guessed[g->showing->n_guessed++] = name;
}

/* A full list loses an alarm: there are others in it, and each is in the log. */
void registry_showing_alarm(struct registry *g, const char *who, const char *whose)
{
	struct alarm *a = &g->showing->alarm[g->showing->n_alarms];

	if (g->showing->n_alarms == GUESSED || str_copy(a->who, sizeof(a->who), who) < 0)
		return;
	a->whose = whose;
	g->showing->n_alarms++;
}

/* For the operator, who does not read every log. */
static int note_alarms(struct registry *g, struct err *e)
{
	struct showing *s = g->showing;
	char text[128];

	for (; s->n_alarms > 0; s->n_alarms--) {
		const struct alarm *a = &s->alarm[s->n_alarms - 1];

		snprintf(text, sizeof(text), "too many claims by %s fail: KEYs may be guessed",
		    a->whose);
		if (registry_note(g, AUDIT_REFUSED, NULL, a->who, "claim", text, e) == -1)
			return -1;
	}
	return 0;
}

/* Who owns such things is told, once for each run of the program. */
static int warn_owners(struct registry *g, struct err *e)
{
	struct showing *s = g->showing;
	const struct thing *found[GUESSED];

	for (; s->n_guessed > 0; s->n_guessed--) {
		uint64_t name = s->guessed[s->n_guessed - 1];
		size_t n = thing_store_named(g->things, name, found, GUESSED);

		log_warn("the KEYs of things with one maker and serial number are being guessed; "
		    "short ones now need a presence question");
		for (size_t i = 0; i < n; i++) {
			const struct owned *t = ownership_by_id(g->deps.ownership, found[i]->id);
			char hex[REGISTRY_HEX];

			if (t == NULL)
				continue;
			registry_hex(hex, t->id);
			if (registry_note(g, AUDIT_PRESENCE, t, NULL, NULL,
			    "its KEY is being guessed", e) == -1 ||
			    (t->owner != NULL && registry_notice(g, t->owner, hex, N_("Somebody is "
			    "guessing the KEY of a thing with the maker and serial number of one "
			    "of yours. Yours stays yours."), e) == -1))
				return -1;
		}
	}
	return 0;
}

/* ---- asking ---- */

size_t registry_questions_of(const struct registry *g, const char *who,
    enum question_purpose purpose)
{
	int64_t since = clock_wall(g->deps.clock) - HOUR;
	size_t n = 0;

	for (size_t i = 0; i < presence_store_count(g->asked); i++) {
		const struct question *q = presence_store_at(g->asked, i);

		/* Being asked about one's own thing uses up nothing. */
		if ((q->purpose == QUESTION_AGAIN) == (purpose == QUESTION_AGAIN) &&
		    q->opened_ms > since && strcmp(q->claimant, who) == 0)
			n++;
	}
	return n;
}

static bool is_asked_already(const struct registry *g, const struct question *want)
{
	for (size_t i = 0; i < presence_store_count(g->asked); i++) {
		const struct question *q = presence_store_at(g->asked, i);

		if (!q->is_over && q->purpose == want->purpose &&
		    secret_bytes_equal(q->digest, want->digest, DIGEST_BYTES) &&
		    strcmp(q->claimant, want->claimant) == 0)
			return true;
	}
	return false;
}

static void add_candidate(struct registry *g, struct question *q, const struct owned *t)
{
	const struct thing *thing = thing_store_find(g->things, t->id);
	struct candidate *c = &q->candidate[q->n];

	if (q->n == QUESTION_THINGS)
		return;
	memset(c, 0, sizeof(*c));
	memcpy(c->id, t->id, OWNERSHIP_ID);
	c->epoch = t->epoch;
	c->kind = presence_question_kind(thing != NULL ? thing->can : 0);
	q->n++;
}

/* The last time several things did what only he was told.  He did it himself, so
 * the one that is his was among them, and the others were not. */
static const struct question *narrowed(const struct registry *g, const struct question *want)
{
	const struct question *last = NULL;

	for (size_t i = 0; i < presence_store_count(g->asked); i++) {
		const struct question *q = presence_store_at(g->asked, i);

		if (q->is_over && q->purpose == want->purpose && (q->fits & (q->fits - 1)) != 0 &&
		    q->n < QUESTION_THINGS &&
		    secret_bytes_equal(q->digest, want->digest, DIGEST_BYTES) &&
		    strcmp(q->claimant, want->claimant) == 0)
			last = q;
	}
	return last;
}

static bool is_among(const struct question *q, const uint8_t *id)
{
	for (size_t i = 0; q != NULL && i < q->n; i++)
		if ((q->fits >> i & 1) != 0 && memcmp(q->candidate[i].id, id, OWNERSHIP_ID) == 0)
			return true;
	return q == NULL;
}

/* May he be asked about it?  In a dispute, about all that nobody else has in hand:
 * the thing itself may be held for whoever claimed an imitation before it came. */
static bool may_ask(const struct registry *g, const struct question *q, const struct owned *t)
{
	if (q->purpose == QUESTION_DISPUTE)
		return t != NULL && t->state == OWNED_NOBODY && t->listed &&
		    t->hold != HOLD_OPERATOR && t->hold != HOLD_FROZEN;
	return registry_is_candidate(g, t, q->claimant);
}

static bool has_address(const struct registry *g, const struct question *q, const char *jid)
{
	for (size_t i = 0; i < q->n; i++) {
		const struct owned *t = ownership_by_id(g->deps.ownership, q->candidate[i].id);

		if (t != NULL && strcmp(t->jid, jid) == 0)
			return true;
	}
	return false;
}

/* One for each address; when that is too many, chance decides, so that being
 * there first or last pushes nobody out. */
static int load_candidates(struct registry *g, struct question *q, struct err *e)
{
	const struct thing *same[REGISTRY_SAME];
	const struct question *last = narrowed(g, q);
	size_t n = thing_store_same(g->things, q->digest, same, REGISTRY_SAME);
	uint32_t chance[REGISTRY_SAME];

	if (n > 0 && ident_random((uint8_t *)chance, n * sizeof(chance[0]), e) == -1)
		return -1;
	for (size_t i = 0; i < n && q->n < QUESTION_THINGS; i++) {
		size_t k = i + chance[i] % (n - i);
		const struct owned *t = ownership_by_id(g->deps.ownership, same[k]->id);

		same[k] = same[i];
		if (may_ask(g, q, t) && is_among(last, t->id) && !has_address(g, q, t->jid))
			add_candidate(g, q, t);
	}
	if (q->n == QUESTION_THINGS)
		log_warn("more addresses show the tags that '%s' claims by than one question is "
		    "about: all but one of them are imitations", q->claimant);
	return 0;
}

static void witness_subject(char out[static SUBJECT], const char *what, const struct question *q)
{
	size_t len = strlen(what);

	memcpy(out, what, len);
	str_hex(out + len, q->nonce, QUESTION_NONCE);
}

static const char *const witness_words[] = {
	[QUESTION_CODE] = "show:", [QUESTION_BUTTON] = "listen:", [QUESTION_POWER] = NULL,
};

static int ask_things(struct registry *g, const struct question *q, struct err *e)
{
	for (size_t i = 0; i < q->n; i++) {
		const struct owned *t = ownership_by_id(g->deps.ownership, q->candidate[i].id);
		const char *what = witness_words[q->candidate[i].kind];
		char subject[SUBJECT];

		if (t == NULL || what == NULL)
			continue;
		witness_subject(subject, what, q);
		if (debt_owe(g->deps.debts, DEBT_WITNESS, t->jid, subject, t->epoch, NULL,
		    e) == -1)
			return -1;
	}
	return 0;
}

static int spare_things(struct registry *g, const struct question *q, struct err *e)
{
	for (size_t i = 0; i < q->n; i++) {
		const struct owned *t = ownership_by_id(g->deps.ownership, q->candidate[i].id);
		const char *what = witness_words[q->candidate[i].kind];
		char subject[SUBJECT];

		if (t == NULL || what == NULL)
			continue;
		witness_subject(subject, what, q);
		if (debt_cancel(g->deps.debts, DEBT_WITNESS, t->jid, subject, e) == -1)
			return -1;
	}
	return 0;
}

/* ---- what people read ---- */

static bool has_kind(const struct question *q, enum question_kind kind)
{
	for (size_t i = 0; i < q->n; i++)
		if (q->candidate[i].kind == kind)
			return true;
	return false;
}

static void say_time(const struct registry *g, struct buf *b, int64_t wall_ms)
{
	int64_t zone = g->conf.zone_s, s = wall_ms / 1000 + zone;
	time_t at = (time_t)s;
	struct tm tm;

	if (gmtime_r(&at, &tm) != NULL)
		buf_addf(b, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void say_zone(const struct registry *g, struct buf *b)
{
	int zone = g->conf.zone_s / 60;

	buf_adds(b, " (UTC");
	if (zone != 0)
		buf_addf(b, "%c%02d:%02d", zone < 0 ? '-' : '+', abs(zone) / 60, abs(zone) % 60);
	buf_adds(b, ")");
}

/* "2, 4 and 1": the last word stands in the sentence. */
static void say_power(const struct registry *g, const struct question *q, const char *person,
    struct buf *b)
{
	struct question_seed seed = registry_seed(g, q);
	int64_t times[QUESTION_SESSIONS];
	struct buf first, last;

	buf_init(&first, SMALL_BYTES);
	buf_init(&last, SMALL_BYTES);
	presence_question_times(times, &seed, person, q->until_ms - q->opened_ms);
	for (size_t i = 0; i + 1 < QUESTION_SESSIONS; i++) {
		buf_adds(&first, i == 0 ? "" : ", ");
		say_time(g, &first, q->opened_ms + times[i]);
	}
	say_time(g, &last, q->opened_ms + times[QUESTION_SESSIONS - 1]);
	say_zone(g, &last);
	saying_add(b, N_("\n- A thing that can do neither: switch it off and on again at %1 and %2, "
	    "and leave it alone in between."), buf_str(&first), buf_str(&last), NULL);
	buf_fini(&first);
	buf_fini(&last);
}

static void say_button(const struct registry *g, const struct question *q, const char *person,
    struct buf *b)
{
	struct question_seed seed = registry_seed(g, q);
	char rhythm[QUESTION_RHYTHM], last[2] = "";
	struct buf first;

	buf_init(&first, SMALL_BYTES);
	presence_question_rhythm(rhythm, &seed, person);
	for (size_t i = 0; i + 1 < QUESTION_GROUPS; i++)
		buf_addf(&first, "%s%c", i == 0 ? "" : ", ", rhythm[2 * i]);
	last[0] = rhythm[2 * (QUESTION_GROUPS - 1)];
	saying_add(b, N_("\n- A thing with a button: press it %1, and %2 times, with a pause of two "
	    "seconds in between."), buf_str(&first), last, NULL);
	buf_fini(&first);
}

static void say_tasks(const struct registry *g, const struct question *q, const char *person,
    struct buf *b)
{
	if (has_kind(q, QUESTION_CODE))
		saying_add(b, N_("\n- A thing that shows a code now: send: code ABCD-EFGH, with what "
		    "you see there."), NULL);
	if (has_kind(q, QUESTION_BUTTON))
		say_button(g, q, person, b);
	if (has_kind(q, QUESTION_POWER))
		say_power(g, q, person, b);
}

static const char *opening(const struct question *q, const char *person)
{
	if (q->purpose == QUESTION_AGAIN)
		return N_("A second thing reports with the label of one of yours, KEY included. One "
		    "of the two may be an imitation. Please show which one you have before you.");
	if (q->purpose == QUESTION_CLAIM)
		return N_("The label you sent does not prove enough: it was used before, or several "
		    "things show it. If the thing is before you, please show it.");
	return strcmp(person, q->claimant) == 0 ?
	    N_("Somebody claimed the thing with this label before you did. If it is before you, "
	    "please show it.") :
	    N_("Somebody else has the label of a thing that you claimed today, and says that it is "
	    "his. If it is before you, please show it.");
}

static int tell(struct registry *g, const struct question *q, const char *person,
    const char *text, struct err *e)
{
	char subject[sizeof("presence:") + 2 * QUESTION_NONCE] = "presence:";

	str_hex(subject + strlen("presence:"), q->nonce, QUESTION_NONCE);
	return registry_notice(g, person, subject, text, e);
}

static int ask_person(struct registry *g, const struct question *q, const char *person,
    struct err *e)
{
	struct buf b, until;
	int rc;

	buf_init(&b, TEXT_BYTES);
	buf_init(&until, SMALL_BYTES);
	say_time(g, &until, q->until_ms);
	say_zone(g, &until);
	saying_add(&b, opening(q, person), NULL);
	saying_add(&b, N_(" You have until %1."), buf_str(&until), NULL);
	buf_fini(&until);
	say_tasks(g, q, person, &b);
	if (q->purpose == QUESTION_CLAIM)
		saying_add(&b, N_("\nIf you did not claim anything, there is nothing to do."), NULL);
	rc = tell(g, q, person, buf_str(&b), e);
	buf_fini(&b);
	return rc;
}

/* What is over waits only to be counted: it must keep nobody from being asked. */
static bool no_room(const struct registry *g)
{
	int64_t open = 0;

	for (size_t i = 0; i < presence_store_count(g->asked); i++)
		open += !presence_store_at(g->asked, i)->is_over;
	return open >= g->conf.max_showings ||
	    (int64_t)presence_store_count(g->asked) >= 8 * g->conf.max_showings;
}

int registry_question_open(struct registry *g, struct question *q, struct err *e)
{
	if (q->purpose != QUESTION_CLAIM && q->n > 0 && load_candidates(g, q, e) == -1)
		return -1;
	if (q->n == 0 || is_asked_already(g, q) || (q->purpose == QUESTION_AGAIN && q->n < 2))
		return 0;
	if ((int64_t)registry_questions_of(g, q->claimant, q->purpose) >= g->conf.showings ||
	    no_room(g))
		return 0;
	if (ident_random(q->nonce, sizeof(q->nonce), e) == -1)
		return -1;
	q->opened_ms = clock_wall(g->deps.clock);
	q->until_ms = q->opened_ms + g->conf.showing_ms;
	++*g->count.asked;
	return presence_store_put(g->asked, q, e) == -1 || ask_things(g, q, e) == -1 ||
	    ask_person(g, q, q->claimant, e) == -1 ||
	    (q->other != NULL && ask_person(g, q, q->other, e) == -1) ? -1 : 0;
}

static int open_claim(struct registry *g, const struct note *n, struct err *e)
{
	struct question q = { .purpose = QUESTION_CLAIM, .claimant = n->who,
	    .is_public = n->is_public };

	memcpy(q.digest, n->digest, DIGEST_BYTES);
	return load_candidates(g, &q, e) == -1 ? -1 : registry_question_open(g, &q, e);
}

/* `n->who` owns the thing that was claimed with these tags; others have come. */
static int open_again(struct registry *g, const struct note *n, struct err *e)
{
	const struct used *u = thing_store_used(g->things, n->digest);
	const struct owned *t = u != NULL ? ownership_by_id(g->deps.ownership, u->id) : NULL;
	struct question q = { .purpose = QUESTION_AGAIN, .claimant = n->who };

	if (!owned_by(t, n->who) || t->state != OWNED || t->epoch != u->epoch || t->disputed)
		return 0;
	memcpy(q.digest, n->digest, DIGEST_BYTES);
	q.is_public = t->is_public;
	add_candidate(g, &q, t);
	return registry_question_open(g, &q, e);
}

static int open_one(struct registry *g, const struct note *n, struct err *e)
{
	switch (n->ask) {
	case CLAIM_ASK_PRESENCE:
		return open_claim(g, n, e);
	case CLAIM_ASK_AGAIN:
		return open_again(g, n, e);
	case CLAIM_ASK_DISPUTE:
		return registry_dispute_open(g, n->who, n->digest, n->is_public, e);
	default:
		return 0;
	}
}

static int open_noted(struct registry *g, int64_t now, struct err *e)
{
	struct showing *s = g->showing;
	int n = 0;

	while (s->n_notes > 0 && s->note[0].due_ms <= now) {
		if (open_one(g, &s->note[0], e) == -1)
			return -1;
		memmove(&s->note[0], &s->note[1], --s->n_notes * sizeof(s->note[0]));
		n++;
	}
	return n;
}

/* ---- ending ---- */

/* The bits of things that were switched off and on as this person was told. */
static uint64_t fitting_sessions(struct registry *g, const struct question *q, const char *person)
{
	struct question_seed seed = registry_seed(g, q);
	int64_t times[QUESTION_SESSIONS];
	uint64_t fits = 0;

	presence_question_times(times, &seed, person, q->until_ms - q->opened_ms);
	for (size_t i = 0; i < q->n; i++) {
		const struct question_sessions *seen = presence_store_sessions(g->asked, q, i);

		if (q->candidate[i].kind == QUESTION_POWER && seen != NULL &&
		    presence_question_sessions_fit(times, seen, q->until_ms - q->opened_ms))
			fits |= UINT64_C(1) << i;
	}
	return fits;
}

static size_t count_bits(uint64_t bits, size_t *last)
{
	size_t n = 0;

	for (size_t i = 0; i < QUESTION_THINGS; i++) {
		if ((bits >> i & 1) == 0)
			continue;
		n++;
		*last = i;
	}
	return n;
}

/* They were seen beside the one that was shown: tags alone claim them no more. */
static int hold_others(struct registry *g, const struct question *q, size_t winner, struct err *e)
{
	for (size_t i = 0; i < q->n; i++) {
		const struct owned *t = ownership_by_id(g->deps.ownership, q->candidate[i].id);
		struct owned held;

		if (i == winner || t == NULL || t->state != OWNED_NOBODY ||
		    (t->hold != HOLD_NONE && t->hold != HOLD_DESCENT))
			continue;
		held = *t;
		held.hold = HOLD_PRESENCE;
		held.held_for = NULL;
		if (ownership_put(g->deps.ownership, &held, e) == -1 ||
		    registry_note(g, AUDIT_HELD, &held, NULL, q->claimant,
		    "another was shown", e) == -1)
			return -1;
	}
	return 0;
}

/* Is the thing still as it was when it was asked about? */
static const struct owned *still_there(const struct registry *g, const struct question *q,
    size_t i)
{
	const struct owned *t = ownership_by_id(g->deps.ownership, q->candidate[i].id);
	const struct thing *thing = t != NULL ? thing_store_find(g->things, t->id) : NULL;

	return thing != NULL && t->epoch == q->candidate[i].epoch &&
	    secret_bytes_equal(thing->digest, q->digest, DIGEST_BYTES) ? t : NULL;
}

/* The owner stood before the other address: the old one was the imitation. */
static int let_go_of_old(struct registry *g, const struct question *q, struct err *e)
{
	const struct owned *t = still_there(g, q, 0);
	struct owned gone;
	char hex[REGISTRY_HEX];

	if (!owned_by(t, q->claimant))
		return 0;
	gone = *t;
	gone.owner = gone.name = gone.former = NULL;
	gone.epoch++;
	gone.state = OWNED_NOBODY;
	gone.hold = HOLD_PRESENCE;
	gone.is_public = gone.disputed = false;
	gone.since_ms = clock_wall(g->deps.clock);
	gone.until_ms = 0;
	registry_hex(hex, gone.id);
	return ownership_put(g->deps.ownership, &gone, e) == -1 ||
	    debt_owe(g->deps.debts, DEBT_OWNER, gone.jid, hex, gone.epoch, NULL, e) == -1 ? -1 : 0;
}

/* 1: his thing is where he showed it, 0: it cannot go on there, -1. */
static int move(struct registry *g, const struct question *q, size_t winner, struct err *e)
{
	const struct owned *old = still_there(g, q, 0);
	int moved = !owned_by(old, q->claimant) ? 0 :
	    registry_move(g, old, still_there(g, q, winner), e);

	return moved != 0 ? moved : let_go_of_old(g, q, e);
}

static int give(struct registry *g, const struct question *q, size_t winner, struct err *e)
{
	const struct owned *t = still_there(g, q, winner);
	struct binding b = { q->claimant, q->digest, q->is_public };
	struct buf text, where;
	int rc, moved;

	if (!may_ask(g, q, t) || !registry_owner_has_room(g, q->claimant))
		return tell(g, q, q->claimant, N_("That was right, but it cannot be yours any "
		    "more: it has changed since you were asked."), e);
	buf_init(&text, TEXT_BYTES);
	buf_init(&where, TEXT_BYTES);
	str_escape(&where, t->jid, 200, true);
	saying_add(&text, N_("You have shown that it is before you: %1 is yours."), buf_str(&where),
	    NULL);
	buf_fini(&where);
	++*g->count.shown;
	rc = registry_note(g, AUDIT_PRESENCE, t, q->claimant, t->jid, "shown", e) == -1 ||
	    (q->purpose == QUESTION_DISPUTE &&
	    registry_dispute_settle(g, q, QUESTION_KEEP, e) == -1) ? -1 : 0;
	moved = rc == 0 && q->purpose == QUESTION_AGAIN ? move(g, q, winner, e) : 0;
	if (moved == -1)
		rc = -1;
	t = ownership_by_id(g->deps.ownership, q->candidate[winner].id);
	if (rc == 0 && ((moved == 0 && registry_bind(g, t, &b, e) == -1) ||
	    hold_others(g, q, moved == 1 ? 0 : winner, e) == -1 ||
	    tell(g, q, q->claimant, buf_str(&text), e) == -1))
		rc = -1;
	if (rc == 0 && moved == 0)
		registry_presence_shown(g, q->candidate[winner].id);
	buf_fini(&text);
	return rc;
}

static int keep(struct registry *g, const struct question *q, size_t winner, struct err *e)
{
	const struct owned *t = still_there(g, q, winner);

	++*g->count.shown;
	return hold_others(g, q, winner, e) == -1 ||
	    registry_note(g, AUDIT_PRESENCE, t, q->claimant, NULL, "shown", e) == -1 ||
	    tell(g, q, q->claimant, N_("Thank you: it is the one you own already. The other one "
	    "can be claimed by nobody now."), e) == -1 ? -1 : 0;
}

static int end_without(struct registry *g, const struct question *q, size_t fitting, struct err *e)
{
	++*g->count.not_shown;
	if (fitting > 1)
		log_warn("several things did what only '%s' was told: one of them is an imitation",
		    q->claimant);
	return registry_note(g, AUDIT_PRESENCE, NULL, q->claimant, NULL,
	    fitting > 1 ? "several fit" : "not shown", e) == -1 ||
	    tell(g, q, q->claimant, fitting > 1 ?
	    N_("More than one thing did what only you were told, so one of them listens in. Nothing "
	    "was changed; please ask the operator.") :
	    q->purpose == QUESTION_AGAIN ?
	    N_("The time is over and nothing was shown. Your thing stays as it is.") :
	    N_("The time is over and nothing was shown. To be asked again, claim it again."), e) == -1
	    ? -1 : 0;
}

static int act(struct registry *g, const struct question *q, enum question_verdict v,
    size_t fitting, size_t winner, struct err *e)
{
	if (q->purpose == QUESTION_DISPUTE && v == QUESTION_GIVE && winner > 0)
		return give(g, q, winner, e);
	if (q->purpose == QUESTION_DISPUTE)
		return registry_dispute_settle(g, q, v, e);
	if (v == QUESTION_GIVE)
		return give(g, q, winner, e);
	if (v == QUESTION_KEEP)
		return keep(g, q, winner, e);
	return end_without(g, q, fitting, e);
}

/* Others who were asked about the same thing in the same dispute, and showed it. */
static bool others_showed(const struct registry *g, const struct question *q,
    const uint8_t *id)
{
	for (size_t k = 0; k < presence_store_count(g->asked); k++) {
		const struct question *any = presence_store_at(g->asked, k);
		uint64_t fits = any->other_fits;

		if (any->purpose != QUESTION_DISPUTE ||
		    !secret_bytes_equal(any->digest, q->digest, DIGEST_BYTES))
			continue;
		if (strcmp(any->claimant, q->claimant) != 0)
			fits |= any->fits;
		for (size_t i = 0; i < any->n; i++)
			if ((fits >> i & 1) != 0 && memcmp(any->candidate[i].id, id,
			    OWNERSHIP_ID) == 0 && any->candidate[0].epoch == q->candidate[0].epoch)
				return true;
	}
	return false;
}

static enum question_verdict decide(const struct registry *g, const struct question *q, bool over,
    size_t fitting, size_t winner)
{
	struct question_facts f = { .purpose = q->purpose, .over = over, .fitting = fitting,
	    .by_code = q->candidate[winner].kind == QUESTION_CODE,
	    .crowd = q->n == QUESTION_THINGS, .fits_owned = winner == 0 };

	if (q->purpose != QUESTION_DISPUTE) {
		f.confirmed = (q->other_fits >> winner & 1) != 0;
		return presence_question_decide(&f);
	}
	f.owner_answered = fitting == 0 ? q->other_fits != 0 :
	    (q->other_fits >> winner & 1) != 0 ||
	    others_showed(g, q, q->candidate[winner].id);
	return presence_question_decide(&f);
}

static bool is_confirming(const struct registry *g, const struct question *q)
{
	return q->purpose == QUESTION_AGAIN && q->until_ms > q->opened_ms + g->conf.showing_ms;
}

/* With enough of them, a thing presses or restarts in the right way by chance. */
static int ask_to_confirm(struct registry *g, struct question *q, size_t i, struct err *e)
{
	const struct owned *t = ownership_by_id(g->deps.ownership, q->candidate[i].id);
	struct question_seed seed = registry_seed(g, q);
	char code[IDENT_CODE];
	struct buf b, where;
	int rc;

	q->until_ms = clock_wall(g->deps.clock) + g->conf.showing_ms + 1;
	buf_init(&b, TEXT_BYTES);
	buf_init(&where, TEXT_BYTES);
	str_escape(&where, t != NULL ? t->jid : "?", 200, true);
	presence_question_code(code, &seed, q->candidate[i].id);
	saying_add(&b, N_("%1 has just done what I told you to do with your thing. If that was you, "
	    "with the thing in your hands, send: code %2\nThen your thing is at that address from "
	    "now on. If it was not you, do nothing: all stays as it is."), buf_str(&where), code,
	    NULL);
	buf_fini(&where);
	rc = presence_store_put(g->asked, q, e) == -1 ||
	    tell(g, q, q->claimant, buf_str(&b), e) == -1 ? -1 : 0;
	secret_cleanse(code, sizeof(code));
	buf_fini(&b);
	return rc;
}

int registry_settle(struct registry *g, const struct question *q, bool over, struct err *e)
{
	struct question now = *q;
	enum question_verdict v;
	size_t winner = 0, fitting;

	if (q->is_over)
		return 0;
	/* While he is asked to confirm, its times are not those he was told. */
	if (over && !is_confirming(g, q)) {
		now.fits |= fitting_sessions(g, q, q->claimant);
		if (q->other != NULL)
			now.other_fits |= fitting_sessions(g, q, q->other);
	}
	fitting = count_bits(now.fits, &winner);
	v = decide(g, &now, over, fitting, winner);
	if (v == QUESTION_CONFIRM && !is_confirming(g, q))
		return ask_to_confirm(g, &now, winner, e);
	if (v == QUESTION_CONFIRM)
		v = over ? QUESTION_NOBODY : QUESTION_WAIT;
	now.is_over = v != QUESTION_WAIT;
	if (presence_store_put(g->asked, &now, e) == -1 || v == QUESTION_WAIT)
		return v == QUESTION_WAIT ? 0 : -1;
	return spare_things(g, &now, e) == -1 || act(g, &now, v, fitting, winner, e) == -1
	    ? -1 : 0;
}

/* Over ones are kept an hour, to be counted; then forgotten. */
static int end_late(struct registry *g, int64_t now, struct err *e)
{
	int n = 0;

	for (size_t i = 0; i < presence_store_count(g->asked); i++) {
		const struct question *q = presence_store_at(g->asked, i);

		if (!q->is_over && q->until_ms <= now) {
			if (registry_settle(g, q, true, e) == -1)
				return -1;
			n++;
		} else if (q->is_over && q->opened_ms + HOUR <= now) {
			if (presence_store_forget(g->asked, q->row, e) == -1)
				return -1;
			i--;
			n++;
		}
	}
	return n;
}

int registry_showing_tick(struct registry *g, struct err *e)
{
	int64_t now = clock_wall(g->deps.clock);
	int late = answer_late(g);
	int ended = note_alarms(g, e) == -1 || warn_owners(g, e) == -1 ? -1 : end_late(g, now, e);
	int opened = ended == -1 ? -1 : open_noted(g, now, e);
	int disputes = opened == -1 ? -1 : registry_dispute_tick(g, e);

	return disputes == -1 ? -1 : late + ended + opened + disputes;
}

static void sooner(int64_t *a, int64_t b)
{
	if (b >= 0 && (*a < 0 || b < *a))
		*a = b;
}

int64_t registry_showing_deadline(const struct registry *g)
{
	const struct showing *s = g->showing;
	int64_t now = clock_wall(g->deps.clock);
	int64_t next = registry_dispute_deadline(g);

	if (s->n_notes > 0)
		sooner(&next, s->note[0].due_ms);
	if (s->n_guessed > 0 || s->n_alarms > 0)
		sooner(&next, now);
	if (s->n_late > 0)
		sooner(&next, now + s->late[0]->due_boot_ms - clock_boot(g->deps.clock));
	for (size_t i = 0; i < presence_store_count(g->asked); i++) {
		const struct question *q = presence_store_at(g->asked, i);

		sooner(&next, q->is_over ? q->opened_ms + HOUR : q->until_ms);
	}
	return next;
}
