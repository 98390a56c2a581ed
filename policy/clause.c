/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clause: the conditions of a line as a table, which says of each how it begins,
 * what it goes with, and who reads it.  Next: policy_parse.c.
 */
#include "config.h"

#include "policy/clause.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/base/pool.h"
#include "common/base/str.h"
#include "policy/credential.h"
#include "policy/range.h"
#include "policy/when.h"

#define READ (1u << ACTION_READ)
#define CONTROL (1u << ACTION_CONTROL)
#define SERVICE (1u << ACTION_ACCESS | 1u << ACTION_PRIVILEGE)

static const struct {
	const char *name;
	unsigned bit;
} kinds[] = {
	{ "momentary", TYPE_MOMENTARY }, { "peak", TYPE_PEAK }, { "status", TYPE_STATUS },
	{ "computed", TYPE_COMPUTED }, { "identity", TYPE_IDENTITY },
	{ "historical", TYPE_HISTORICAL },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

unsigned clause_kind(const struct word *w)
{
	for (size_t i = 0; i < KINDS; i++)
		if (line_is(w, kinds[i].name))
			return kinds[i].bit;
	return 0;
}

const char *clause_kind_name(unsigned bit)
{
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i].bit == bit)
			return kinds[i].name;
	return "";
}

static bool is_kind(const struct word *w)
{
	return clause_kind(w) != 0;
}

static bool is_most(const struct word *w)
{
	return line_is(w, "most");
}

static bool is_credential(const struct word *w)
{
	enum credential c;

	return w->text != NULL && !w->quoted && credential_find(w->text, &c);
}

/* "only momentary, historical"; "values" behind it is for the reader. */
static int parse_kinds(struct line *l, struct rule *r)
{
	static const char *const values[] = { "values", "value", "readings", NULL };
	struct word_cursor before;
	struct word w;

	if (line_next(l, ",", &w) != 0)
		return -1;
	if (!is_kind(&w))
		return line_expected(l, N_("kinds of readings: momentary, peak, status, computed, "
		    "identity or historical"), &w);
	do {
		r->types |= clause_kind(&w);
		before = l->words;
		if (line_next(l, ",", &w) != 0)
			return -1;
		if (line_is_any(&w, values))
			return 0;
		if (line_is_comma(&w) && line_next(l, ",", &w) != 0)
			return -1;
	} while (is_kind(&w));
	l->words = before;
	return 0;
}

static int take_credential_text(struct line *l, struct with *out)
{
	const char *form = credential_form(out->kind);
	struct buf text;
	struct word w;

	if (line_next(l, ",", &w) != 0)
		return -1;
	if (w.text == NULL || w.mark != 0)
		return line_expected(l, form, &w);
	buf_init(&text, POLICY_LINE);
	if (credential_canonical(out->kind, w.text, &text) != 0) {
		buf_fini(&text);
		return line_expected(l, form, &w);
	}
	out->text = pool_strdup(l->pool, buf_str(&text));
	buf_fini(&text);
	return out->text != NULL ? 0 : line_no_room(l);
}

/* One of them: "ip 10.0.0.0/8". */
static int parse_credential(struct line *l, struct with *out)
{
	struct word w;

	*out = (struct with){ 0 };
	if (line_next(l, ",", &w) != 0)
		return -1;
	if (w.text == NULL || w.quoted || !credential_find(w.text, &out->kind))
		return line_expected(l, N_("jid, ip, host, certificate, thumbprint, user, longitude, "
		    "latitude, altitude, sso or protocol"), &w);
	if (credential_is_range(out->kind))
		return range_parse_numbers(l, credential_form(out->kind), &out->range);
	return take_credential_text(l, out);
}

/* Joined by "and"; the clause may stand there again. */
static int parse_withs(struct line *l, struct rule *r)
{
	struct word w;

	if (l->with == NULL)
		l->with = pool_alloc(l->pool, POLICY_WITHS * sizeof(*l->with));
	if (l->with == NULL)
		return line_no_room(l);
	r->with = l->with;
	for (;;) {
		if (r->n_withs == POLICY_WITHS)
			return line_error(l, N_("at most 8 conditions behind \"with\""), NULL);
		if (parse_credential(l, &l->with[r->n_withs]) != 0 || line_peek(l, ",", &w) != 0)
			return -1;
		r->n_withs++;
		if (!line_is(&w, "and"))
			return 0;
		if (line_next(l, ",", &w) != 0)
			return -1;
	}
}

/* The same bit: only one of them may be there. */
enum { UNTIL = 1, DAILY = 2, DAYS = 4, ZONE = 8, KIND = 16, RATE = 32, LEASE = 64, WITH = 128 };

static const struct clause {
	const char *keyword;
	int bit;
	unsigned actions;		/* it belongs to these only; 0: to all */
	bool only_allow, again;
	/* What makes it this clause behind a name without quotes; NULL: nothing more. */
	bool (*begins)(const struct word *next);
	const char *example;
	int (*parse)(struct line *l, struct rule *r);
	const char *belongs;		/* what is said where it does not */
} clauses[] = {
	{ "until", UNTIL, 0, false, false, NULL, "until 2026-12-01", when_until, NULL },
	{ "for", UNTIL, 0, false, false, NULL, "for 2h", when_for, NULL },
	{ "daily", DAILY, 0, false, false, NULL, "daily 07:00-22:00", when_daily, NULL },
	{ "on", DAYS, 0, false, false, when_is_day, "on mon-fri", when_days, NULL },
	{ "in", ZONE, 0, false, false, when_is_zone, "in Europe/Berlin", when_zone, NULL },
	{ "only", KIND, READ, false, false, is_kind, "only momentary", parse_kinds,
	    N_("only reading has kinds of readings (word %1)") },
	{ "at", RATE, READ | CONTROL, true, false, is_most, "at most 3 times an hour", when_rate,
	    N_("only reading and controlling can be counted (word %1)") },
	{ "lease", LEASE, 0, true, false, NULL, "lease 5m", when_lease, NULL },
	{ "with", WITH, SERVICE, false, true, is_credential, "with ip 10.0.0.0/8", parse_withs,
	    N_("\"with\" goes with \"access\" and \"use\" only (word %1)") },
};

static const struct clause *find(const struct word *w)
{
	for (size_t i = 0; i < sizeof(clauses) / sizeof(clauses[0]); i++)
		if (line_is(w, clauses[i].keyword))
			return &clauses[i];
	return NULL;
}

bool clause_is_word(const struct word *w, const char **instead)
{
	const struct clause *c = find(w);

	if (c != NULL)
		*instead = c->example;
	return c != NULL;
}

int clause_begins(const struct line *l, const struct word *w, bool *begins)
{
	const struct clause *c = find(w);
	struct word next;

	*begins = c != NULL && c->begins == NULL;
	if (c == NULL || *begins)
		return 0;
	if (line_peek(l, ",", &next) != 0)
		return -1;
	*begins = c->begins(&next);
	return 0;
}

static int belongs(const struct line *l, const struct clause *c, const struct rule *r)
{
	if (c->only_allow && r->verdict != VERDICT_ALLOW)
		return c->bit == LEASE
			? line_error(l, N_("only an allow can have a lease (word %1)"),
			    line_where(l), NULL)
			: line_error(l, N_("only an allow can say how often (word %1)"),
			    line_where(l), NULL);
	if (c->actions != 0 && (r->actions & ~c->actions) != 0)
		return line_error(l, c->belongs, line_where(l), NULL);
	return 0;
}

int clause_parse_all(struct line *l, struct rule *r)
{
	int seen = r->types != 0 ? KIND : 0;
	const struct clause *c;
	struct word w;

	for (;;) {
		if (line_next(l, ",", &w) != 0)
			return -1;
		if (seen != 0 && w.mark == ',' && line_next(l, ",", &w) != 0)
			return -1;
		if (w.text == NULL)
			break;
		c = find(&w);
		if (c == NULL)
			return line_expected(l, N_("until, for, daily, on, in, only, at most, lease, "
			    "with or the end"), &w);
		if (((seen & c->bit) != 0 || (c->bit == DAILY && r->daily)) && !c->again)
			return line_error(l, N_("\"%1\" at word %2: that was said before; say it once"),
			    c->keyword, line_where(l), NULL);
		seen |= c->bit;
		if (belongs(l, c, r) != 0 || c->parse(l, r) != 0)
			return -1;
	}
	if (r->zone != NULL && !r->daily && r->days == 0)
		return line_error(l, N_("\"in %1\" belongs to times of day or days of the week: add "
		    "daily 07:00-22:00 or on mon-fri"), r->zone, NULL);
	return 0;
}
