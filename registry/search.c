/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search: who is looking for what, and what he may find: caps on offset, page,
 * bytes and work.  The index (search_index.h) says which things could fit; here
 * each is looked at, and its rows are asked again before it leaves.  Private
 * and unclaimed things never enter a count or `more`.
 */
#include "config.h"

#include "registry/search.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "registry/role.h"
#include "registry/tags.h"

#define SEARCH_OFFSET 10000
#define SEARCH_BYTES (24 * 1024)	/* of packed tags on one page */
/* Work is counted in looks at one tag list for one term: 0.1 to 0.5 us,
 * most of it waiting for memory. */
#define MASK_STEPS 32		/* characters of a mask for one look */
#define NAME_STEPS 8		/* names of tags for one look */
#define ROW_WORK 4		/* a row that leaves */

/* ---- one mask ---- */

static bool same_char(char a, char b, bool fold)
{
	if (!fold)
		return a == b;
	if (a >= 'A' && a <= 'Z')
		a = (char)(a - 'A' + 'a');
	if (b >= 'A' && b <= 'Z')
		b = (char)(b - 'A' + 'a');
	return a == b;
}

static bool mask_fits(const char *text, const char *mask, const char *wildcard, bool fold,
    size_t *steps)
{
	size_t wild = wildcard != NULL ? strlen(wildcard) : 0;
	const char *retry_mask = NULL, *retry_text = NULL;

	/* On a mismatch only the last wildcard takes one character more. */
	for (;; ++*steps) {
		if (wild > 0 && strncmp(mask, wildcard, wild) == 0) {
			mask += wild;
			retry_mask = mask;
			retry_text = text;
		} else if (*text == '\0' && *mask == '\0') {
			return true;
		} else if (*text != '\0' && same_char(*text, *mask, fold)) {
			text++;
			mask++;
		} else if (retry_mask != NULL && *retry_text != '\0') {
			mask = retry_mask;
			text = ++retry_text;
		} else {
			return false;
		}
	}
}

bool search_mask(const char *text, const char *mask, const char *wildcard, bool fold)
{
	size_t steps = 0;

	return mask_fits(text, mask, wildcard, fold, &steps);
}

static bool mask_within(const char *text, const char *mask, const char *wildcard, bool fold,
    int64_t *work)
{
	size_t steps = 0;
	bool fits = mask_fits(text, mask, wildcard, fold, &steps);

	*work -= (int64_t)(steps / MASK_STEPS);
	return fits;
}

/* ---- one term ---- */

/* Below 0, 0, above 0: where the value lies; an open end is never passed.
 * The flags of a NRange speak of the range, not of what lies outside. */
static bool in_range(const struct search_term *t, int to_min, int to_max)
{
	if (t->has_min && (to_min < 0 || (to_min == 0 && !t->min_included)))
		return false;
	return !t->has_max || to_max < 0 || (to_max == 0 && t->max_included);
}

static int compare_num(double a, double b)
{
	return (a > b) - (a < b);
}

static bool str_fits(const struct search_term *t, const char *v, int64_t *work)
{
	int to_value = t->value != NULL ? strcmp(v, t->value) : 0;
	int to_min = t->min != NULL ? strcmp(v, t->min) : 0;
	int to_max = t->max != NULL ? strcmp(v, t->max) : 0;

	switch (t->op) {
	case OP_STR_EQ: return to_value == 0;
	case OP_STR_NEQ: return to_value != 0;
	case OP_STR_GT: return to_value > 0;
	case OP_STR_GTEQ: return to_value >= 0;
	case OP_STR_LT: return to_value < 0;
	case OP_STR_LTEQ: return to_value <= 0;
	case OP_STR_RANGE: return in_range(t, to_min, to_max);
	case OP_STR_NRANGE: return !in_range(t, to_min, to_max);
	case OP_STR_MASK: return mask_within(v, t->value, t->wildcard, false, work);
	default: return false;
	}
}

static bool num_fits(const struct search_term *t, double v)
{
	int to_value = compare_num(v, t->num);
	int to_min = compare_num(v, t->num_min);
	int to_max = compare_num(v, t->num_max);

	switch (t->op) {
	case OP_NUM_EQ: return to_value == 0;
	case OP_NUM_NEQ: return to_value != 0;
	case OP_NUM_GT: return to_value > 0;
	case OP_NUM_GTEQ: return to_value >= 0;
	case OP_NUM_LT: return to_value < 0;
	case OP_NUM_LTEQ: return to_value <= 0;
	case OP_NUM_RANGE: return in_range(t, to_min, to_max);
	case OP_NUM_NRANGE: return !in_range(t, to_min, to_max);
	default: return false;
	}
}

static bool is_numeric(enum search_op op)
{
	return op >= OP_NUM_EQ && op <= OP_NUM_NRANGE;
}

static bool name_fits(const struct search_term *t, const char *name, int64_t *work)
{
	return t->name_wildcard != NULL ?
	    mask_within(name, t->name, t->name_wildcard, true, work) :
	    str_case_eq(name, t->name);
}

static bool term_fits(const struct search_term *t, const struct tag_list *tags, int64_t *work)
{
	*work -= (int64_t)(1 + tags->n / NAME_STEPS);
	for (size_t i = 0; *work >= 0 && i < tags->n; i++) {
		const struct tag *tag = &tags->tag[i];

		if (tag->is_num != is_numeric(t->op) || tags_is_key(tag->name) ||
		    !name_fits(t, tag->name, work))
			continue;
		if (tag->is_num ? num_fits(t, tag->num) : str_fits(t, tag->str, work))
			return true;
	}
	return false;
}

bool search_fits(const struct request_search *s, const struct tag_list *tags, int64_t *work)
{
	for (size_t i = 0; i < s->n; i++)
		if (!term_fits(&s->term[i], tags, work))
			return false;
	return s->n > 0;
}

bool search_may_find(const struct request_search *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (tags_is_key(s->term[i].name))
			return false;
	return s->n > 0 && s->offset >= 0 && s->offset <= SEARCH_OFFSET;
}

bool search_is_known(const struct request_search *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->term[i].op == OP_STR_REGEX)
			return false;
	return true;
}

/* ---- the index follows the rows ---- */

static bool is_public(const struct owned *t)
{
	return t != NULL && (t->state == OWNED || t->state == OWNED_SELF) && t->is_public &&
	    t->listed;
}

/* The tags of a thing that may be found; NULL: nobody may. */
static const struct thing *findable(const struct registry *g, const uint8_t *id)
{
	return is_public(ownership_by_id(g->deps.ownership, id)) ?
	    thing_store_find(g->things, id) : NULL;
}

static int follow(void *arg, const uint8_t id[static OWNERSHIP_ID], struct err *e)
{
	struct registry *g = arg;
	const struct thing *t = findable(g, id);

	return t != NULL ? search_index_put(g->findable, id, t->tags, t->tags_len, e) :
	    search_index_delete(g->findable, id, e);
}

static int older(const void *a, const void *b)
{
	const struct owned *const *x = a, *const *y = b;

	return ((*x)->since_ms > (*y)->since_ms) - ((*x)->since_ms < (*y)->since_ms);
}

/* In the order they were claimed, which is the one they had before. */
static int load(struct registry *g, struct err *e)
{
	size_t n = 0, all = ownership_count(g->deps.ownership);
	const struct owned **t = calloc(all + 1, sizeof(struct owned *));
	int rc = 0;

	if (t == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	for (size_t i = 0; i < all; i++) {
		const struct owned *o = ownership_at(g->deps.ownership, i);

		if (findable(g, o->id) != NULL)
			t[n++] = o;
	}
	qsort(t, n, sizeof(t[0]), older);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		const struct thing *thing = thing_store_find(g->things, t[i]->id);

		rc = search_index_load(g->findable, thing->id, thing->tags, thing->tags_len, e);
	}
	free(t);
	return rc;
}

int registry_search_open(struct registry *g, struct err *e)
{
	if (search_budget_open(&g->searchers, g->conf.searcher_work, e) == -1 ||
	    search_index_open(&g->findable, g->deps.store, e) == -1 || load(g, e) == -1)
		return -1;
	ownership_on_row(g->deps.ownership, follow, g);
	thing_store_on_change(g->things, follow, g);
	return 0;
}

/* ---- one search ---- */

struct page {
	struct registry *g;
	const struct request *q;
	struct reply_found *found;
	size_t max;
	int64_t skip;
	size_t bytes;
	bool with_owner;
	int64_t work;		/* left; below 0 it was not enough */
	bool failed;		/* the pool of the reply is full */
};

/* Returns whether the page goes on. */
static bool page_add(struct page *p, const struct owned *t, size_t bytes)
{
	struct found_thing *row = &p->found->thing[p->found->n];

	if (p->skip > 0) {
		p->skip--;
		return true;
	}
	if (p->found->n == p->max || (p->found->n > 0 && p->bytes + bytes > SEARCH_BYTES)) {
		p->found->more = true;
		return false;
	}
	p->bytes += bytes;
	p->work -= ROW_WORK;
	p->failed = registry_found(p->g, t, p->with_owner, p->q->pool, row) == -1;
	p->found->n++;
	return !p->failed;
}

/* What the index says is a hint: whether the thing may be shown, its rows say. */
static bool look_at(void *arg, const struct search_item *item)
{
	struct page *p = arg;
	const struct thing *t;
	bool fits = search_fits(&p->q->u.search, &item->tags, &p->work);

	if (p->work < 0)
		return false;
	t = fits ? findable(p->g, item->id) : NULL;
	return t == NULL ||
	    page_add(p, ownership_by_id(p->g->deps.ownership, item->id), t->tags_len);
}

/*
 * A search that costs more than one may is refused, not cut: from a page that
 * ends early nobody could go on, since the next would begin the same walk.
 * A page that is full stands; whether there is more is then not known, so it
 * says so.
 */
static void fill(struct page *p, struct reply *r)
{
	int64_t before = p->work;
	int walked = search_index_walk(p->g->findable, &p->q->u.search, &p->work, look_at, p);

	search_budget_charge(p->g->searchers, p->q->bare, clock_boot(p->g->deps.clock),
	    before - p->work);
	if (walked == 0 && !p->failed && p->work >= 0)
		return;
	if (walked == 0 && !p->failed && p->found->n == p->max) {
		p->found->more = true;
		return;
	}
	++*p->g->count.too_costly;
	reply_error(r, COND_RESOURCE_CONSTRAINT);
}

int registry_search(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	const struct request_search *s = &q->u.search;
	struct page p = { .g = g, .q = q, .found = &r->u.found, .max = WIRE_PAGE,
		.skip = s->offset, .work = g->conf.search_work };

	(void)e;
	++*g->count.searches;
	if (!search_is_known(s)) {
		reply_error(r, COND_FEATURE_NOT_IMPLEMENTED);
		return 0;
	}
	if (s->max > 0 && s->max < WIRE_PAGE)
		p.max = (size_t)s->max;
	p.with_owner = g->conf.show_owner && q->dialect.gen == GEN_X;
	r->kind = REPLY_RESULT;
	r->body = BODY_FOUND;
	memset(&r->u.found, 0, sizeof(r->u.found));
	if (!search_may_find(s))
		return 0;
	r->u.found.thing = pool_zalloc(q->pool, p.max * sizeof(struct found_thing));
	if (r->u.found.thing != NULL &&
	    search_budget_left(g->searchers, q->bare, clock_boot(g->deps.clock))) {
		fill(&p, r);
		return 0;
	}
	++*g->count.too_costly;
	reply_error(r, COND_RESOURCE_CONSTRAINT);
	return 0;
}
