/* SPDX-License-Identifier: Apache-2.0 */
/*
 * showing_support: who is told what, what things show, and who types it; for
 * tests of presence questions.
 */
#ifndef KITH_TESTS_SHOWING_SUPPORT_H
#define KITH_TESTS_SHOWING_SUPPORT_H

#include "tests/unit/registry_support.h"
#include "tests/unit/words.h"

#define A "a@ex/phone"
#define M "m@ex/den"
#define DAY INT64_C(86400000)
#define MINUTE INT64_C(60000)

/* ---- the cast ---- */

static inline const char *reg_ours(struct world *w, const char *thing, const char *key, const char *can)
{
	return say(w, "<iq type='set' from='%s' to='reg.ex' id='r1'><register xmlns='" X "'>%s"
	    "<self xmlns='urn:kith:thing:0' can='%s'/></register></iq>", thing, tags_of(key), can);
}

static inline void wait_ms(struct world *w, int64_t ms)
{
	w->time.wall += ms;
	w->time.boot += ms;
	tick(w);
}

/* What this person was last told about anything; NULL: nothing. */
static inline const char *told(const struct world *w, const char *who)
{
	const char *text = NULL;
	int64_t row = -1;

	for (size_t i = 0; i < debt_count(w->debts); i++) {
		const struct debt *d = debt_at(w->debts, i);

		if (d->kind == DEBT_NOTICE && strcmp(d->peer, who) == 0 && d->row > row) {
			row = d->row;
			text = in_words(d->text);
		}
	}
	return text;
}

/* All notices are said; what comes later is new. */
static inline void heard(struct world *w)
{
	MUST(store_begin(w->store, &test_err));
	for (size_t i = debt_count(w->debts); i-- > 0;) {
		struct debt d = *debt_at(w->debts, i);

		if (d.kind == DEBT_NOTICE)
			MUST(debt_settle(w->debts, d.row, d.number, &test_err));
	}
	MUST(store_commit(w->store, &test_err));
}

/* The code that this thing shows now; "" none. */
static inline const char *shown_code(struct world *w, const char *thing)
{
	static char code[IDENT_CODE];
	char to[64];
	const char *at = pushes(w);

	code[0] = '\0';
	snprintf(to, sizeof(to), "to=\"%s\"", thing);
	while ((at = strstr(at, to)) != NULL) {
		const char *end = strstr(at, "</iq>"), *show = strstr(at, "code=\"");

		if (show != NULL && end != NULL && show < end) {
			memcpy(code, show + 6, IDENT_CODE - 1);
			code[IDENT_CODE - 1] = '\0';
		}
		at += strlen(to);
	}
	return code;
}

static inline struct reply type_code(struct world *w, const char *who, const char *code)
{
	struct request q = { .verb = VERB_PRESENCE_CODE, .kind = STANZA_MESSAGE, .type = IQ_NOT,
	    .from = who, .to = "desk@reg.ex", .pool = &w->pool, .u.desk.code = code };
	struct reply r = { 0 };
	static char bare[64];

	snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(who, "/"), who);
	q.bare = bare;
	pool_reset(&w->pool);
	MUST(store_begin(w->store, &test_err));
	MUST(registry_serve(w->registry, &q, &r, &test_err));
	MUST(store_commit(w->store, &test_err));
	return r;
}

static inline void presence(struct world *w, const char *full, const char *type)
{
	say(w, "<presence from='%s' to='reg.ex'%s/>", full, type);
}

static inline const char *owner_of(const struct world *w, const char *thing)
{
	const struct owned *t = thing_of(w, thing);

	return t != NULL && t->owner != NULL ? t->owner : "nobody";
}

/* The times in "at 14:31:20, 14:33:00 and 14:35:40", as ms behind midnight. */
static inline void told_times(const char *text, int64_t out[static 3])
{
	const char *at = strstr(text, "on again at ");
	int h, m, s;

	assert_non_null(at);
	for (int i = 0; i < 3; i++) {
		at = strpbrk(at, "0123456789");
		assert_int_equal(sscanf(at, "%2d:%2d:%2d", &h, &m, &s), 3);
		out[i] = ((h * 60 + m) * INT64_C(60) + s) * 1000;
		at += 8;
	}
}

static inline int64_t of_day(const struct world *w)
{
	return w->time.wall % DAY;
}

static inline void switch_at(struct world *w, const char *full, const int64_t times[3])
{
	for (int i = 0; i < 3; i++) {
		wait_ms(w, times[i] - of_day(w) - 3000);
		presence(w, full, " type='unavailable'");
		wait_ms(w, 8000);
		presence(w, full, "");
	}
}

/* M photographed the label and was faster. */
static inline void stolen(struct world *w)
{
	reg_ours(w, "t@ex/r", "k", "code");
	HAS(mine(w, M, "k"), "jid=\"t@ex\"");
	heard(w);
	HAS(mine(w, A, "k"), "item-not-found");
	wait_ms(w, 300);
}

#endif
