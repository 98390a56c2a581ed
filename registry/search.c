/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search: who is looking for what.  A plain walk over the public things, with
 * caps on offset, page and bytes; an index in memory comes later behind the
 * same function.  Private and unclaimed things never enter a count or `more`.
 */
#include "config.h"

#include "registry/search.h"

#include <string.h>

#include "common/base/str.h"
#include "registry/role.h"
#include "registry/tags.h"

#define SEARCH_OFFSET 10000
#define SEARCH_BYTES (24 * 1024)	/* of packed tags on one page */

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

bool search_mask(const char *text, const char *mask, const char *wildcard, bool fold)
{
	size_t wild = wildcard != NULL ? strlen(wildcard) : 0;
	const char *retry_mask = NULL, *retry_text = NULL;

	/* On a mismatch only the last wildcard takes one character more. */
	for (;;) {
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

static bool str_fits(const struct search_term *t, const char *v)
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
	case OP_STR_MASK: return search_mask(v, t->value, t->wildcard, false);
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

static bool name_fits(const struct search_term *t, const char *name)
{
	return t->name_wildcard != NULL ?
	    search_mask(name, t->name, t->name_wildcard, true) : str_case_eq(name, t->name);
}

static bool term_fits(const struct search_term *t, const struct tag_list *tags)
{
	for (size_t i = 0; i < tags->n; i++) {
		const struct tag *tag = &tags->tag[i];

		if (tag->is_num != is_numeric(t->op) || tags_is_key(tag->name) ||
		    !name_fits(t, tag->name))
			continue;
		if (tag->is_num ? num_fits(t, tag->num) : str_fits(t, tag->str))
			return true;
	}
	return false;
}

bool search_fits(const struct request_search *s, const struct tag_list *tags)
{
	for (size_t i = 0; i < s->n; i++)
		if (!term_fits(&s->term[i], tags))
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

/* ---- the walk ---- */

static bool is_public(const struct owned *t)
{
	return (t->state == OWNED || t->state == OWNED_SELF) && t->is_public && t->listed;
}

/* Tags are unpacked into a pool of the walk, thing by thing. */
static bool thing_fits(const struct registry *g, const struct owned *t,
    const struct request_search *s, struct pool *scratch, size_t *bytes)
{
	const struct thing *thing = thing_store_find(g->things, t->id);
	struct tag_list tags;

	if (thing == NULL)
		return false;
	pool_reset(scratch);
	*bytes = thing->tags_len;
	return tags_unpack(&tags, thing->tags, thing->tags_len, scratch) == 0 &&
	    search_fits(s, &tags);
}

struct page {
	struct reply_found *found;
	size_t max;
	int64_t skip;
	size_t bytes;
	bool with_owner;
};

/* 1 the page goes on, 0 it is full, -1 the reply's pool is. */
static int page_add(struct registry *g, struct page *p, const struct owned *t, size_t bytes,
    struct pool *pool)
{
	if (p->skip > 0) {
		p->skip--;
		return 1;
	}
	if (p->found->n == p->max || p->bytes + bytes > SEARCH_BYTES) {
		p->found->more = true;
		return 0;
	}
	p->bytes += bytes;
	return registry_found(g, t, p->with_owner, pool, &p->found->thing[p->found->n++]) == -1 ?
	    -1 : 1;
}

static int walk(struct registry *g, const struct request *q, struct page *p)
{
	struct pool scratch;
	int got = 1;

	pool_init(&scratch, 4 * TAGS_BYTES);
	for (size_t i = 0; got == 1 && i < ownership_count(g->deps.ownership); i++) {
		const struct owned *t = ownership_at(g->deps.ownership, i);
		size_t bytes = 0;

		if (is_public(t) && thing_fits(g, t, &q->u.search, &scratch, &bytes))
			got = page_add(g, p, t, bytes, q->pool);
	}
	pool_fini(&scratch);
	return got == -1 ? -1 : 0;
}

int registry_search(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	const struct request_search *s = &q->u.search;
	struct page p = { .found = &r->u.found, .max = WIRE_PAGE, .skip = s->offset };

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
	if (r->u.found.thing == NULL || walk(g, q, &p) == -1)
		reply_error(r, COND_RESOURCE_CONSTRAINT);
	return 0;
}
