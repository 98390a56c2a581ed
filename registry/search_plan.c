/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_plan: a term is a set that stands ready (who has this value, who has
 * this tag at all), or a run of values whose sets must be gathered into one.
 * Cheap ones are gathered first; then a short walk, since a page of what is
 * common is soon full; then dearer ones, if they cost less than to look at all.
 */
#include "config.h"

#include "registry/search_plan.h"

#include <stdlib.h>
#include <string.h>

/* In units of work (search_term.c). */
#define TERM_WORK 4		/* a few ways down a column */
#define CHEAP 256		/* what is gathered without a thought */
#define TRIAL 1024		/* the short walk */
#define GATHERED 2		/* values or numbers gathered for one look */
#define LEAPS 32		/* looks at a set for one look at a thing */
#define NUMBERS 64		/* numbers of things compared for one look */
#define HANDFUL 16		/* things asked for at once */
#define NAMES 8			/* names of columns for one look */

#define COLUMNS 8		/* of one term, whose name has a wildcard */
#define SETS (2 * WIRE_TAGS + 1)

/* A run of values of one column. */
struct part {
	struct column_span span;
	const char *holding;	/* of those, the ones that hold this string; NULL: all */
};

/* One term whose things must be gathered. */
struct choice {
	const struct search_term *term;
	const struct regex *regex;
	bool filtered;		/* each value is to be looked at */
	size_t parts;
	struct part part[COLUMNS];
	int64_t cost;
	bool taken;
};

struct plan {
	const struct search_index *x;
	int64_t *work;
	bool nothing;		/* fits for sure */
	const struct numset *set[SETS];
	size_t sets;
	struct choice *choice;
	size_t choices;
	struct filter {
		const struct search_term *term;
		const struct column *column;
		double left;		/* the part of the values that it lets pass */
	} filter[WIRE_TAGS];	/* of numbers that stand by thing; the strictest first */
	size_t filters;
	struct numset *gathered;
	size_t n_gathered;
};

/* ---- a term over one column ---- */

static void cut_by_value(const struct search_term *t, const struct column *c, struct part *p)
{
	struct column_cut before = { .str = t->value, .num = t->num }, behind = before;

	behind.behind = true;
	switch (t->op) {
	case OP_STR_EQ: case OP_NUM_EQ:
		p->span = column_between(c, &before, &behind);
		break;
	case OP_STR_GT: case OP_NUM_GT: p->span = column_between(c, &behind, NULL); break;
	case OP_STR_GTEQ: case OP_NUM_GTEQ: p->span = column_between(c, &before, NULL); break;
	case OP_STR_LT: case OP_NUM_LT: p->span = column_between(c, NULL, &before); break;
	case OP_STR_LTEQ: case OP_NUM_LTEQ: p->span = column_between(c, NULL, &behind); break;
	default: break;
	}
}

static void cut_by_range(const struct search_term *t, const struct column *c, struct part *p)
{
	struct column_cut from = { .str = t->min, .num = t->num_min, .behind = !t->min_included };
	struct column_cut to = { .str = t->max, .num = t->num_max, .behind = t->max_included };

	p->span = column_between(c, t->has_min ? &from : NULL, t->has_max ? &to : NULL);
}

/* The string whose holders are fewest is the one to go by. */
static void consider(struct part *p, const char *str, size_t *least)
{
	size_t n;

	if (!column_knows(p->span.column, str))
		return;
	n = column_count_holding(p->span.column, str);
	if (n < *least) {
		*least = n;
		p->holding = str;
	}
}

/* What stands in front of the first wildcard must be there, and what between two. */
static void cut_by_mask(const struct search_term *t, const struct column *c, struct part *p,
    struct pool *pool)
{
	size_t least, len = strlen(t->wildcard);
	const char *at = t->value, *wild = strstr(at, t->wildcard);
	struct column_cut from = { .str = at, .prefix = wild != NULL ? (size_t)(wild - at) : 0 };
	struct column_cut to = from;

	to.behind = true;
	p->span = column_between(c, NULL, NULL);
	if (wild != at)
		p->span = column_between(c, &from, &to);
	least = p->span.n;
	for (; wild != NULL; at = wild + len, wild = strstr(at, t->wildcard)) {
		const char *run = pool_strndup(pool, at, (size_t)(wild - at));

		if (run != NULL)
			consider(p, run, &least);
	}
	consider(p, at, &least);
}

static void cut_by_regex(const struct regex *r, const struct column *c, struct part *p)
{
	const char *const *runs;
	size_t n = regex_runs(r, &runs), least = c->n;

	p->span = column_between(c, NULL, NULL);
	for (size_t i = 0; i < n; i++)
		consider(p, runs[i], &least);
}

/* False: this term says nothing but that there is such a tag. */
static bool part_of(const struct choice *c, const struct column *column, struct part *p,
    struct pool *pool)
{
	const struct search_term *t = c->term;

	*p = (struct part){ .span = { .column = column } };
	switch (t->op) {
	case OP_STR_NEQ: case OP_STR_NRANGE: case OP_NUM_NEQ: case OP_NUM_NRANGE:
		return false;
	case OP_STR_RANGE: case OP_NUM_RANGE:
		cut_by_range(t, column, p);
		return true;
	case OP_STR_MASK:
		cut_by_mask(t, column, p, pool);
		return true;
	case OP_STR_REGEX:
		cut_by_regex(c->regex, column, p);
		return true;
	default:
		cut_by_value(t, column, p);
		return true;
	}
}

/* ---- what a term offers ---- */

static void add_set(struct plan *p, const struct numset *set)
{
	if (p->sets < SETS)
		p->set[p->sets++] = set;
}

static int64_t cost_of(const struct choice *c)
{
	size_t values = 0, things = 0;

	for (size_t i = 0; i < c->parts; i++) {
		const struct part *p = &c->part[i];
		const struct column *column = p->span.column;
		size_t n = p->holding != NULL ? column_count_holding(column, p->holding) :
		    p->span.n;

		values += n;
		things += (size_t)((double)n * column->things.n / (double)column->n);
	}
	return (int64_t)((c->filtered ? 3 * values : values) + things) / GATHERED;
}

static void offer(struct plan *p, struct choice *c)
{
	size_t values = 0;

	for (size_t i = 0; i < c->parts; i++)
		values += c->part[i].span.n;
	p->nothing |= values == 0;
	if (values == 1 && c->parts == 1 && !c->filtered) {
		add_set(p, &column_next(&c->part[0].span)->things);
		return;
	}
	c->cost = cost_of(c);
	p->choices++;
}

/* The columns that a name with a wildcard reaches; false: too many to tell. */
static bool columns_named(struct plan *p, const struct search_term *t,
    const struct column *out[static COLUMNS], size_t *n)
{
	const struct column *c;

	*n = 0;
	for (size_t i = 0; (c = search_index_column_at(p->x, i)) != NULL; i++) {
		if (i % NAMES == 0 && --*p->work < 0)
			return false;
		if (c->is_num != search_term_is_num(t) ||
		    !search_term_name(t, c->name, p->work))
			continue;
		if (*n == COLUMNS)
			return false;
		out[(*n)++] = c;
	}
	return true;
}

static void add_filter(struct plan *p, const struct choice *c, const struct column *column,
    bool is_run)
{
	struct filter f = { c->term, column, 1 };
	size_t at = p->filters++;

	if (is_run)
		f.left = (double)c->part[0].span.n / (double)column->n;
	for (; at > 0 && p->filter[at - 1].left > f.left; at--)
		p->filter[at] = p->filter[at - 1];
	p->filter[at] = f;
}

static void plan_term(struct plan *p, const struct search_terms *s, size_t i, struct pool *pool)
{
	struct choice *c = &p->choice[p->choices];
	const struct column *column[COLUMNS];
	bool is_run = true;
	size_t n = 1;

	*p->work -= TERM_WORK;
	*c = (struct choice){ .term = &s->term[i], .regex = s->regex[i] };
	c->filtered = c->term->op == OP_STR_MASK || c->term->op == OP_STR_REGEX;
	if (c->term->name_wildcard == NULL)
		column[0] = search_index_column(p->x, c->term->name, search_term_is_num(c->term));
	else if (!columns_named(p, c->term, column, &n))
		return;
	if (n == 0 || column[0] == NULL) {
		p->nothing = true;
		return;
	}
	for (size_t k = 0; is_run && k < n; k++)
		is_run = part_of(c, column[k], &c->part[c->parts++], pool);
	if (n == 1)
		add_set(p, &column[0]->things);
	if (n == 1 && column[0]->leaf != NULL)
		add_filter(p, c, column[0], is_run);
	if (is_run)
		offer(p, c);
}

/* ---- gathering ---- */

static const struct column_value *next_value(struct part *p, struct column_holding *h,
    int64_t *work)
{
	uint64_t leaps = 0;
	const struct column_value *v;

	if (p->holding == NULL)
		return column_next(&p->span);
	v = column_next_holding(h, &leaps);
	*work -= (int64_t)(leaps / LEAPS);
	return v;
}

static int gather_value(const struct column_value *v, struct numset *into, int64_t *work)
{
	struct numset_walk w = { &v->things, 0 };
	uint32_t number = 0;

	for (size_t n = 1; numset_walk_on(&w, number, &number); number++, n++) {
		if (numset_add(into, number) == -1)
			return -1;
		if (n % GATHERED == 0 && --*work < 0)
			return 0;
	}
	return 0;
}

static int gather_part(const struct choice *c, struct part *p, struct numset *into, int64_t *work)
{
	const struct column_value *v;
	struct column_holding h = { .n = 0 };

	if (p->holding != NULL)
		h = column_holding(p->span.column, p->holding);
	for (size_t n = 1; *work >= 0 && (v = next_value(p, &h, work)) != NULL; n++) {
		if (n % (GATHERED / 2) == 0)
			--*work;
		if (c->filtered && !search_term_str(c->term, c->regex, column_str(v), work))
			continue;
		if (gather_value(v, into, work) == -1)
			return -1;
	}
	return 0;
}

static int gather(struct plan *p, struct choice *c)
{
	struct numset *into = &p->gathered[p->n_gathered++];

	c->taken = true;
	for (size_t i = 0; i < c->parts; i++)
		if (gather_part(c, &c->part[i], into, p->work) == -1)
			return -1;
	add_set(p, into);
	p->nothing |= into->n == 0;
	return 0;
}

static int by_size(const void *a, const void *b)
{
	const struct numset *const *x = a, *const *y = b;

	return ((*x)->n > (*y)->n) - ((*x)->n < (*y)->n);
}

/* The rarest first; those that hold all things say nothing. */
static void sort_sets(struct plan *p)
{
	const uint32_t all = search_index_all(p->x)->n;

	qsort(p->set, p->sets, sizeof(p->set[0]), by_size);
	while (p->sets > 1 && p->set[p->sets - 1]->n >= all)
		p->sets--;
}

/* What it would cost to look at all things that are in all sets, if what they say of
 * a thing were independent. */
static int64_t cost_to_look(const struct plan *p, const struct search_terms *s)
{
	double all = search_index_all(p->x)->n + 1.0, left = all;

	for (size_t i = 0; i < p->sets; i++)
		left *= p->set[i]->n / all;
	/* Most are let go by one comparison, where numbers stand by thing. */
	left *= p->filters > 0 ? (double)p->filters / NUMBERS : (double)s->n;
	return (int64_t)left + (int64_t)p->set[0]->n * (int64_t)p->sets / LEAPS;
}

/* To look goes through memory in order, to gather does not; but what would cost
 * too much is no way at all. */
static bool is_better(const struct plan *p, const struct search_terms *s, int64_t cost)
{
	int64_t look = cost_to_look(p, s);

	return 2 * cost <= look || look > *p->work;
}

/* Each that costs at most `most`, and less than to look at those that are left. */
static int gather_all(struct plan *p, const struct search_terms *s, int64_t most)
{
	for (;;) {
		struct choice *best = NULL;

		for (size_t i = 0; i < p->choices; i++)
			if (!p->choice[i].taken &&
			    (best == NULL || p->choice[i].cost < best->cost))
				best = &p->choice[i];
		sort_sets(p);
		if (best == NULL || *p->work < 0 || p->nothing || best->cost > most ||
		    best->cost > *p->work || !is_better(p, s, best->cost))
			return 0;
		if (gather(p, best) == -1)
			return -1;
	}
}

/* ---- the walk ---- */

static bool passes(const struct plan *p, uint32_t at)
{
	double num;

	for (size_t i = 0; i < p->filters; i++)
		if (column_num_of(p->filter[i].column, at, &num) &&
		    !search_term_num(p->filter[i].term, num))
			return false;
	return true;
}

/* Things that are in all sets.  Their numbers lie far apart in memory, so they are
 * asked for before the first of them is compared. */
struct handful {
	struct numset_walk set[SETS];
	uint32_t next;		/* where the next handful begins */
	uint32_t at[HANDFUL];
	size_t n;
	uint64_t leaps, compared;
};

static bool take_handful(const struct plan *p, struct handful *h)
{
	for (h->n = 0; h->n < HANDFUL; h->n++) {
		uint32_t *at = &h->at[h->n];

		if (!numset_walk_all(h->set, p->sets, h->next, at, &h->leaps))
			break;
		h->next = *at + 1;
		if (p->filters > 0)
			column_ask_for(p->filter[0].column, *at);
	}
	h->compared += h->n * p->filters;
	*p->work -= (int64_t)(h->leaps / LEAPS + h->compared / NUMBERS);
	h->leaps %= LEAPS;
	h->compared %= NUMBERS;
	return h->n > 0;
}

/* False: the work went below `least` first; *from is where to go on. */
static bool walk(struct plan *p, uint32_t *from, int64_t least, search_plan_fn fn, void *arg)
{
	struct tag room[WIRE_TAGS];
	struct search_item item;
	struct handful h = { .next = *from };

	for (size_t i = 0; i < p->sets; i++)
		h.set[i] = (struct numset_walk){ p->set[i], 0 };
	while (take_handful(p, &h))
		for (size_t i = 0; i < h.n; i++) {
			*from = h.at[i];
			if (*p->work < least)
				return false;
			if (passes(p, *from) && search_index_item(p->x, *from, room, &item) &&
			    !fn(arg, &item))
				return true;
		}
	return true;
}

static bool is_choice_left(const struct plan *p)
{
	for (size_t i = 0; i < p->choices; i++)
		if (!p->choice[i].taken)
			return true;
	return false;
}

static int carry_out(struct plan *p, const struct search_terms *s, uint32_t from,
    search_plan_fn fn, void *arg)
{
	if (p->sets == 0)
		add_set(p, search_index_all(p->x));
	if (gather_all(p, s, CHEAP) == -1)
		return -1;
	if (p->nothing || *p->work < 0)
		return 0;
	if (walk(p, &from, is_choice_left(p) ? *p->work - TRIAL : 0, fn, arg) || *p->work < 0)
		return 0;
	if (gather_all(p, s, INT64_MAX) == -1)
		return -1;
	if (!p->nothing && *p->work >= 0)
		walk(p, &from, 0, fn, arg);
	return 0;
}

int search_plan_walk(const struct search_index *x, const struct search_terms *s, uint32_t from,
    int64_t *work, search_plan_fn fn, void *arg)
{
	struct plan p = { .x = x, .work = work };
	struct pool pool;
	int rc = -1;

	pool_init(&pool, s->n * (sizeof(struct choice) + sizeof(struct numset) + 1024) + 4096);
	p.choice = pool_alloc(&pool, s->n * sizeof(struct choice));
	p.gathered = pool_zalloc(&pool, s->n * sizeof(struct numset));
	if (p.choice != NULL && p.gathered != NULL) {
		for (size_t i = 0; i < s->n && !p.nothing; i++)
			plan_term(&p, s, i, &pool);
		rc = p.nothing ? 0 : carry_out(&p, s, from, fn, arg);
		for (size_t i = 0; i < p.n_gathered; i++)
			numset_fini(&p.gathered[i]);
	}
	pool_fini(&pool);
	return rc;
}
