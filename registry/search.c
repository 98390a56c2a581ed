/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search: who is looking for what, and what he may find: caps on offset, page,
 * bytes and work.  The index (search_index.h) says which things could fit; here
 * each is looked at, and its rows are asked again before it leaves.  Private
 * and unclaimed things never enter a count or `more`.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "registry/role.h"
#include "registry/search_plan.h"

#define SEARCH_OFFSET 10000
#define SEARCH_BYTES (24 * 1024)	/* of packed tags on one page */
#define ROW_WORK 4			/* a row that leaves (search_term.c has the unit) */

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
	rc = search_index_expect(g->findable, n, e);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		const struct thing *thing = thing_store_find(g->things, t[i]->id);

		rc = search_index_load(g->findable, thing->id, thing->tags, thing->tags_len, e);
	}
	free(t);
	return rc == 0 ? search_index_loaded(g->findable, e) : -1;
}

int registry_search_open(struct registry *g, struct err *e)
{
	const struct search_rates rates = { g->conf.searcher_work, g->conf.searcher_domain_work,
	    g->conf.searchers_work };

	if (search_budget_open(&g->searchers, &rates, e) == -1 ||
	    search_cursors_open(&g->cursors, e) == -1 ||
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
	struct search_terms terms;
	struct reply_found *found;
	uint32_t from;		/* the number it begins at */
	uint32_t last;		/* on the page */
	size_t max;
	int64_t skip;
	size_t bytes;
	bool with_owner;
	int64_t work;		/* left; below 0 it was not enough */
	bool failed;		/* the pool of the reply is full */
};

/* Returns whether the page goes on. */
static bool page_add(struct page *p, const struct owned *t, uint32_t number, size_t bytes)
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
	p->last = number;
	return !p->failed;
}

/* What the index says is a hint: whether the thing may be shown, its rows say. */
static bool look_at(void *arg, const struct search_item *item)
{
	struct page *p = arg;
	const struct thing *t;
	bool fits = search_terms_fit(&p->terms, &item->tags, &p->work);

	if (p->work < 0)
		return false;
	t = fits ? findable(p->g, item->id) : NULL;
	return t == NULL ||
	    page_add(p, ownership_by_id(p->g->deps.ownership, item->id), item->number,
	    t->tags_len);
}

/*
 * A search that costs more than one may is refused, not cut: from a page that
 * ends early nobody could go on, since the next would begin the same walk.
 * A page that is full stands; whether there is more is then not known, so it
 * says so.
 */
static bool fill(struct page *p)
{
	int64_t before = p->work, now = clock_boot(p->g->deps.clock);
	int walked = search_plan_walk(p->g->findable, &p->terms, p->from, &p->work, look_at, p);

	/* Who reads the registry from end to end is told to the operator, once. */
	if (search_budget_charge(p->g->searchers, p->q->bare, now, before - p->work)) {
		++*p->g->count.scans;
		log_warn("'%s' searches more than one may: put off", p->q->bare);
	}
	if (walked == 0 && !p->failed && p->work < 0 && p->found->n == p->max)
		p->found->more = true;
	else if (walked == -1 || p->failed || p->work < 0)
		return false;
	if (p->found->more)
		search_cursor_put(p->g->cursors, p->q,
		    p->q->u.search.offset + (int64_t)p->found->n, p->last, now);
	return true;
}

int registry_search(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	const struct request_search *s = &q->u.search;
	struct page p = { .g = g, .q = q, .found = &r->u.found, .max = WIRE_PAGE,
		.skip = s->offset };

	enum condition wrong;

	(void)e;
	++*g->count.searches;
	if (s->max > 0 && s->max < WIRE_PAGE)
		p.max = (size_t)s->max;
	p.with_owner = g->conf.show_owner && q->dialect.gen == GEN_X;
	r->kind = REPLY_RESULT;
	r->body = BODY_FOUND;
	memset(&r->u.found, 0, sizeof(r->u.found));
	/* Before anything could be wrong with the terms: KEY is never an error. */
	if (search_terms_name_key(s))
		return 0;
	wrong = search_terms_prepare(&p.terms, s, q->pool);
	if (wrong != COND_NONE) {
		reply_error(r, wrong);
		return 0;
	}
	if (s->n == 0 || s->offset < 0 || s->offset > SEARCH_OFFSET)
		return 0;
	r->u.found.thing = pool_zalloc(q->pool, p.max * sizeof(struct found_thing));
	p.work = search_budget_left(g->searchers, q->bare, g->conf.search_work,
	    clock_boot(g->deps.clock));
	if (search_cursor_find(g->cursors, q, clock_boot(g->deps.clock), &p.from)) {
		p.from++;
		p.skip = 0;
	}
	if (r->u.found.thing != NULL && p.work > 0 && fill(&p))
		return 0;
	++*g->count.too_costly;
	reply_error(r, COND_RESOURCE_CONSTRAINT);
	return 0;
}
