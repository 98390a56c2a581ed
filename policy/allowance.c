/* SPDX-License-Identifier: Apache-2.0 */
/*
 * allowance: cuts, decides, puts together.  What it cannot cut finely enough is
 * not allowed at all.  Next: decide.c.
 */
#include "config.h"

#include "policy/allowance.h"

#include <math.h>
#include <string.h>

#include "common/base/scratch.h"
#include "common/base/str.h"
#include "policy/match.h"

#define BOUNDS_MAX 64		/* an answer has room for half of them */
#define TEXTS_MAX POLICY_LIMITS

/* One value of each piece stands for all of it. */
struct piece {
	enum { PIECE_NUMBERS, PIECE_TEXT, PIECE_OTHER_TEXTS } kind;
	double number;
	const char *text;
};

struct rate {
	int32_t n;			/* 0: as often as he likes */
	int64_t ms, rule;
};

struct outcome {
	unsigned line;
	struct rate rate;
};

/* --- rates --- */

/* Below 0: a is the more generous. */
static int compare_rates(const struct rate *a, const struct rate *b)
{
	int64_t x, y;

	if (a->n == 0 || b->n == 0)
		return (a->n != 0) - (b->n != 0);
	x = (int64_t)a->n * b->ms;
	y = (int64_t)b->n * a->ms;
	return x != y ? (x < y) - (x > y) : (a->rule > b->rule) - (a->rule < b->rule);
}

static void keep_generous(struct rate *kept, bool *any, const struct rate *r)
{
	if (!*any || compare_rates(r, kept) < 0)
		*kept = *r;
	*any = true;
}

/* No more often than either says, in any stretch of time. */
static struct rate narrower(struct rate a, struct rate b)
{
	struct rate out = compare_rates(&a, &b) < 0 ? b : a;

	if (a.n == 0 || b.n == 0)
		return out;
	out.n = a.n < b.n ? a.n : b.n;
	out.ms = a.ms > b.ms ? a.ms : b.ms;
	return out;
}

/* --- one piece --- */

static bool span_has(const struct span *s, const struct piece *at)
{
	switch (at->kind) {
	case PIECE_NUMBERS:
		return match_number(s, at->number);
	case PIECE_TEXT:
		return match_value(s, at->text);
	case PIECE_OTHER_TEXTS:
		break;
	}
	return false;
}

static bool rule_has(const struct rule *r, const char *name, const struct piece *at)
{
	bool any = false;

	for (size_t i = 0; i < r->n_spans; i++)
		if (match_span(&r->span[i], name)) {
			if (span_has(&r->span[i], at))
				return true;
			any = true;
		}
	return !any;
}

static unsigned line_of(struct tally t, unsigned kind)
{
	struct verdicts v = tally_verdicts(t);

	return (v.deny & kind) != 0 ? LINE_DENY : (v.touch & kind) != 0 ? LINE_TOUCH :
	    (v.exact & kind) != 0 ? LINE_EXACT : (v.ask & kind) != 0 ? LINE_ASK :
	    (v.allow & kind) != 0 ? LINE_ALLOW : LINE_NOTHING;
}

/* Of several that allow, the most generous counts; where something is to be
 * asked, only of those for exactly this one. */
struct best {
	bool any, any_exact;
	struct rate rate, exact;
};

static void best_add(struct best *best, const struct rule *r, unsigned kind)
{
	struct rate rate = { r->rate_n, r->rate_ms, r->number };
	struct tally t = { 0 };

	tally_add(&t, r, kind);
	if (t.allow != 0)
		keep_generous(&best->rate, &best->any, &rate);
	if (t.exact != 0)
		keep_generous(&best->exact, &best->any_exact, &rate);
}

static struct outcome decide_by(const struct ballot *b, size_t i, unsigned kind,
    const struct piece *at)
{
	const char *name = i != BALLOT_REST ? b->name[i] : NULL;
	struct tally t = ballot_of(b, i);
	struct best best = { .any = (t.allow & kind) != 0, .any_exact = (t.exact & kind) != 0 };
	struct outcome out;

	for (size_t k = 0; k < b->n_limited; k++) {
		const struct rule *r = b->limited[k];
		bool limited;

		if ((ballot_speaks(b, r, i, &limited) & kind) == 0 || !limited ||
		    !rule_has(r, name, at))
			continue;
		tally_add(&t, r, kind);
		best_add(&best, r, kind);
	}
	out.line = line_of(t, kind);
	out.rate = out.line == LINE_EXACT && (t.ask & kind) != 0 ? best.exact : best.rate;
	return out;
}

/* 7: each co-owner alone, as far as he may himself. */
static struct outcome decide_given(const struct council *c, size_t i, unsigned kind,
    const struct piece *at)
{
	struct outcome out = { .line = LINE_NOTHING };
	bool any = false;

	for (size_t k = 0; k < c->n; k++) {
		struct outcome given, own;
		struct rate rate;

		if ((ballot_of(&c->co[k].own, i).co_owner & kind) == 0)
			continue;
		given = decide_by(&c->co[k].given, i, kind, at);
		own = decide_by(&c->co[k].own, i, kind, at);
		if ((given.line & LINES_ALLOWED) == 0 || (own.line & LINES_ALLOWED) == 0)
			continue;
		rate = narrower(given.rate, own.rate);
		keep_generous(&out.rate, &any, &rate);
		out.line = LINE_GIVEN;
	}
	return out;
}

static struct outcome decide_piece(const struct council *c, size_t i, unsigned kind,
    const struct piece *at)
{
	struct outcome out = decide_by(&c->owner, i, kind, at);

	return out.line != LINE_NOTHING ? out : decide_given(c, i, kind, at);
}

/* --- cutting --- */

/* The bounds in order, and the texts that are spoken of. */
struct cuts {
	bool over;
	size_t n_bounds, n_texts;
	double bound[BOUNDS_MAX];
	const char *text[TEXTS_MAX];
};

static void cut_at(struct cuts *c, double v)
{
	size_t i = c->n_bounds;

	while (i > 0 && c->bound[i - 1] >= v)
		i--;
	if (i < c->n_bounds && c->bound[i] == v)
		return;
	if (c->n_bounds == BOUNDS_MAX) {
		c->over = true;
		return;
	}
	memmove(&c->bound[i + 1], &c->bound[i], (c->n_bounds - i) * sizeof(c->bound[0]));
	c->bound[i] = v;
	c->n_bounds++;
}

static void cut_text(struct cuts *c, const char *text)
{
	for (size_t i = 0; i < c->n_texts; i++)
		if (value_same(c->text[i], text))
			return;
	if (c->n_texts == TEXTS_MAX)
		c->over = true;
	else
		c->text[c->n_texts++] = text;
}

static void cut_by_text(struct cuts *c, const char *text)
{
	double v;

	if (str_to_double(text, &v) == 0)
		cut_at(c, v);
	else
		cut_text(c, text);
}

static void cut_by_rule(struct cuts *c, const struct rule *r, const char *name)
{
	for (size_t i = 0; i < r->n_spans; i++) {
		const struct span *s = &r->span[i];

		if (!match_span(s, name))
			continue;
		if (s->text != NULL)
			cut_by_text(c, s->text);
		if (s->has_min)
			cut_at(c, s->min);
		if (s->has_max)
			cut_at(c, s->max);
	}
}

static void cut_by(struct cuts *c, const struct ballot *b, size_t i)
{
	for (size_t k = 0; k < b->n_limited; k++) {
		bool limited;

		if (ballot_speaks(b, b->limited[k], i, &limited) != 0 && limited)
			cut_by_rule(c, b->limited[k], i != BALLOT_REST ? b->name[i] : NULL);
	}
}

static void cut_all(struct cuts *out, const struct council *c, size_t i)
{
	out->over = false;
	out->n_bounds = out->n_texts = 0;
	cut_text(out, "true");		/* the other of the two is left, even if nobody names it */
	cut_text(out, "false");
	cut_by(out, &c->owner, i);
	for (size_t k = 0; k < c->n; k++) {
		cut_by(out, &c->co[k].given, i);
		cut_by(out, &c->co[k].own, i);
	}
}

/*
 * Pieces of numbers, 0 to 2 * n_bounds: before, at and behind each bound.  A
 * number that lies in it; false: there is none between two that are neighbours.
 */
static bool number_of(const struct cuts *c, size_t piece, double *out)
{
	size_t j = piece / 2;

	if (piece % 2 == 1)
		*out = c->bound[j];
	else if (c->n_bounds == 0)
		*out = 0;
	else if (j == 0)
		*out = -INFINITY;
	else if (j == c->n_bounds)
		*out = INFINITY;
	else
		*out = c->bound[j - 1] / 2 + c->bound[j] / 2;
	return piece % 2 == 1 || j == 0 || j == c->n_bounds ||
	       (*out > c->bound[j - 1] && *out < c->bound[j]);
}

/* --- all pieces of one name --- */

/* Numbers, then texts, then all other texts; a known value is the only piece. */
struct map {
	struct cuts cuts;
	size_t n_numbers, n;
	struct outcome outcome[2 * BOUNDS_MAX + 1 + TEXTS_MAX + 1];
};

/* In several kinds at once: only what is allowed in each, no more often than in any. */
static struct outcome decide_kinds(const struct council *c, size_t i, unsigned kinds,
    const struct piece *at)
{
	struct outcome out = { 0 };

	for (unsigned kind = 1; kind <= TYPE_ALL; kind <<= 1) {
		struct outcome one;

		if ((kinds & kind) == 0)
			continue;
		one = decide_piece(c, i, kind, at);
		if ((one.line & LINES_ALLOWED) != 0)
			one.rate = out.line != 0 ? narrower(out.rate, one.rate) : one.rate;
		out.rate = one.rate;
		out.line |= one.line;
	}
	return out;
}

static bool is_allowed(const struct outcome *o)
{
	return o->line != 0 && (o->line & ~LINES_ALLOWED) == 0;
}

static void map_add(struct map *m, const struct council *c, size_t i, unsigned kinds,
    struct piece at)
{
	m->outcome[m->n++] = decide_kinds(c, i, kinds, &at);
}

static void map_numbers(struct map *m, const struct council *c, size_t i, unsigned kinds)
{
	for (size_t k = 0; k <= 2 * m->cuts.n_bounds; k++) {
		struct piece at = { .kind = PIECE_NUMBERS };

		if (number_of(&m->cuts, k, &at.number))
			map_add(m, c, i, kinds, at);
		else {				/* as the one before: nothing is in it */
			m->outcome[m->n] = m->outcome[m->n - 1];
			m->n++;
		}
	}
	m->n_numbers = m->n;
}

static void map_make(struct map *m, const struct council *c, size_t i, unsigned kinds)
{
	const char *value = ballot_value(&c->owner, i);

	m->n = m->n_numbers = 0;
	cut_all(&m->cuts, c, i);
	if (value != NULL) {
		m->cuts.n_bounds = m->cuts.n_texts = 0;
		map_add(m, c, i, kinds, (struct piece){ PIECE_TEXT, 0, value });
		return;
	}
	map_numbers(m, c, i, kinds);
	for (size_t k = 0; k < m->cuts.n_texts; k++)
		map_add(m, c, i, kinds, (struct piece){ PIECE_TEXT, 0, m->cuts.text[k] });
	map_add(m, c, i, kinds, (struct piece){ PIECE_OTHER_TEXTS, 0, NULL });
}

bool allowance_is_limited(const struct council *c, size_t i)
{
	bool is = ballot_of(&c->owner, i).limited;

	for (size_t k = 0; !is && k < c->n; k++)
		is = ballot_of(&c->co[k].given, i).limited || ballot_of(&c->co[k].own, i).limited;
	return is;
}

unsigned allowance_lines(const struct council *c, size_t i, unsigned kind)
{
	SCRATCH struct map m;
	unsigned lines = 0;

	map_make(&m, c, i, kind);
	for (size_t k = 0; k < m.n; k++)
		lines |= m.outcome[k].line;
	return m.cuts.over ? LINE_DENY : lines;
}

/* --- putting together --- */

static bool alike(const struct outcome *a, const struct outcome *b)
{
	if (!is_allowed(a) || !is_allowed(b))
		return is_allowed(a) == is_allowed(b);
	return a->rate.n == b->rate.n &&
	       (a->rate.n == 0 || (a->rate.ms == b->rate.ms && a->rate.rule == b->rate.rule));
}

static bool put(struct limit_list *out, const struct span *s, const struct rate *rate)
{
	if (out->n == out->max)
		return false;
	out->limit[out->n++] = (struct limit){ .span = *s, .rule = rate->rule,
		.rate_n = rate->n, .rate_ms = rate->n > 0 ? rate->ms : 0 };
	return true;
}

/* A range without ends would be every value, texts, too: all numbers are two. */
static bool put_all_numbers(struct limit_list *out, struct span s, const struct rate *rate)
{
	struct span above = s;

	s.has_max = above.has_min = true;
	return put(out, &s, rate) && put(out, &above, rate);
}

/* From one piece of numbers to another. */
static bool put_range(struct limit_list *out, const struct map *m, size_t from, size_t to,
    const char *name)
{
	const double *bound = m->cuts.bound;
	struct span s = { .name = name };

	if (from == 0 && to + 1 == m->n_numbers)
		return put_all_numbers(out, s, &m->outcome[from].rate);
	if (from > 0) {
		s.has_min = true;
		s.min_out = from % 2 == 0;
		s.min = bound[(from - 1) / 2];
	}
	if (to + 1 < m->n_numbers) {
		s.has_max = true;
		s.max_out = to % 2 == 0;
		s.max = bound[to / 2];
	}
	return put(out, &s, &m->outcome[from].rate);
}

/* `base`: what all values have already; NULL: nothing. */
static bool is_more(const struct outcome *o, const struct rate *base)
{
	return is_allowed(o) && (base == NULL || compare_rates(&o->rate, base) < 0);
}

static bool put_numbers(struct limit_list *out, const struct map *m, const char *name,
    const struct rate *base)
{
	size_t to;

	for (size_t from = 0; from < m->n_numbers; from = to + 1) {
		to = from;
		while (to + 1 < m->n_numbers && alike(&m->outcome[from], &m->outcome[to + 1]))
			to++;
		if (is_more(&m->outcome[from], base) && !put_range(out, m, from, to, name))
			return false;
	}
	return true;
}

static bool put_texts(struct limit_list *out, const struct map *m, const char *name,
    const struct rate *base)
{
	for (size_t k = 0; k < m->cuts.n_texts; k++) {
		const struct outcome *o = &m->outcome[m->n_numbers + k];
		struct span s = { .name = name, .text = m->cuts.text[k] };

		if (is_more(o, base) && !put(out, &s, &o->rate))
			return false;
	}
	return true;
}

/* Is there something that every value has?  The least of all. */
static bool find_base(const struct map *m, struct rate *base)
{
	*base = m->outcome[0].rate;
	for (size_t k = 0; k < m->n; k++) {
		if (!is_allowed(&m->outcome[k]))
			return false;
		if (compare_rates(base, &m->outcome[k].rate) < 0)
			*base = m->outcome[k].rate;
	}
	return true;
}

/* The same for every value, or there is only this one. */
static bool put_base(struct limit_list *out, const struct rate *base, const char *name,
    const char *value)
{
	struct span s = { .name = name };

	if (base->n == 0)
		return true;
	if (value != NULL && str_to_double(value, &s.min) == 0) {
		s.has_min = s.has_max = true;
		s.max = s.min;
	} else
		s.text = value;
	return put(out, &s, base);
}

/* Pieces that have more than all. */
static bool put_pieces(struct limit_list *out, const struct map *m, const char *name,
    const struct rate *base)
{
	return put_numbers(out, m, name, base) && put_texts(out, m, name, base);
}

static bool limits_of(const struct council *c, size_t i, unsigned kinds, struct limit_list *out)
{
	const char *name = i != BALLOT_REST ? c->owner.name[i] : NULL;
	size_t before = out->n;
	struct rate base;
	SCRATCH struct map m;

	map_make(&m, c, i, kinds);
	if (m.cuts.over)
		return false;
	if (find_base(&m, &base)) {
		if (!put_base(out, &base, name, ballot_value(&c->owner, i)))
			return false;
		if (put_pieces(out, &m, name, &base))
			return true;
		out->n = before + (base.n > 0);		/* there is no room for more */
		return true;
	}
	if (put_pieces(out, &m, name, NULL) && out->n > before)
		return true;
	out->n = before;
	return false;
}

/* The room for a map is only cleared where there is something to cut. */
bool allowance_limits(const struct council *c, size_t i, unsigned kinds, struct limit_list *out)
{
	return !allowance_is_limited(c, i) || limits_of(c, i, kinds, out);
}
