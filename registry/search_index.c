/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_index: items with their postings, and the choice of the shortest run
 * of postings among the terms of a search.  Objects are never edited, as
 * mirror.h wants it.  Read first: posting.h.
 */
#include "config.h"

#include "registry/search_index.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/ident.h"
#include "common/store/mirror.h"
#include "common/store/table.h"
#include "registry/posting.h"
#include "registry/tags.h"

#define EVERYTHING POSTING_PLAIN	/* the list of all items */
#define FOLDED 128			/* bytes of a name that tell lists apart */
#define TERM_WORK 4			/* two ways down the tree */
#define ALIGN _Alignof(struct posting)
#define COLLECT_WORK 2			/* to take one aside and sort it */

struct entry {
	struct search_item pub;	/* first: an item is the start of its entry */
	uint64_t id_hash;
	size_t n;
	struct posting *post;	/* one for each tag, and one in EVERYTHING */
	/* The tags and their text come first: a walk reads them, and only them. */
	struct tag tag[];
};

struct search_index {
	struct mirror mirror;
	struct table_seed seed;
	struct table by_id;
	struct posting *root;
	uint64_t last, dice;
	struct pool scratch;
};

/* ---- entries ---- */

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Two names with one number only cost work: whether a thing fits is looked at. */
static uint64_t list_of(const struct search_index *x, const char *name, enum posting_kind kind)
{
	char folded[FOLDED];
	size_t n = 0;

	while (n < FOLDED && name[n] != '\0') {
		folded[n] = fold(name[n]);
		n++;
	}
	return table_hash(&x->seed, 0, folded, n) << 2 | kind;
}

static uint32_t throw_dice(struct search_index *x)
{
	x->dice ^= x->dice << 13;
	x->dice ^= x->dice >> 7;
	x->dice ^= x->dice << 17;
	return (uint32_t)(x->dice >> 32);
}

static char *keep_text(const char **s, char *to)
{
	size_t n = strlen(*s) + 1;

	memcpy(to, *s, n);
	*s = to;
	return to + n;
}

static size_t text_size(const struct tag_list *tags)
{
	size_t n = 0;

	for (size_t i = 0; i < tags->n; i++)
		n += strlen(tags->tag[i].name) + strlen(tags->tag[i].str) + 2;
	return n;
}

static void post_tag(struct search_index *x, struct posting *p, const struct tag *t)
{
	p->list = list_of(x, t->name, t->is_num ? POSTING_NUM : POSTING_STR);
	if (t->is_num)
		p->value.num = t->num;
	else
		p->value.str = t->str;
}

static void post_all(struct search_index *x, struct entry *n)
{
	for (size_t i = 0; i < n->n; i++) {
		struct posting *p = &n->post[i];

		if (i < n->pub.tags.n)
			post_tag(x, p, &n->pub.tags.tag[i]);
		else
			p->list = EVERYTHING;
		p->number = n->pub.number;
		p->rank = throw_dice(x);
		p->item = n;
	}
}

static struct entry *entry_new(struct search_index *x, const uint8_t *id, const void *tags,
    size_t tags_len, uint64_t number, struct err *e)
{
	struct tag_list l;
	struct entry *n;
	size_t front;
	char *to;

	pool_reset(&x->scratch);
	if (tags_unpack(&l, tags, tags_len, &x->scratch) == -1) {
		err_set(e, ERR_SYSTEM, "the tags of a thing are damaged or too many");
		return NULL;
	}
	front = sizeof(*n) + l.n * sizeof(struct tag) + text_size(&l);
	front = (front + ALIGN - 1) / ALIGN * ALIGN;
	n = calloc(1, front + (l.n + 1) * sizeof(struct posting));
	if (n == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	n->n = l.n + 1;
	n->post = (struct posting *)(void *)((char *)n + front);
	n->pub.number = number;
	memcpy(n->pub.id, id, OWNERSHIP_ID);
	n->id_hash = table_hash(&x->seed, 0, id, OWNERSHIP_ID);
	n->pub.tags.n = l.n;
	n->pub.tags.tag = n->tag;
	memcpy(n->pub.tags.tag, l.tag, l.n * sizeof(struct tag));
	to = (char *)&n->pub.tags.tag[l.n];
	for (size_t i = 0; i < l.n; i++) {
		to = keep_text(&n->pub.tags.tag[i].name, to);
		to = keep_text(&n->pub.tags.tag[i].str, to);
	}
	post_all(x, n);
	return n;
}

static void swap(void *arg, void *out, void *in)
{
	struct search_index *x = arg;
	struct entry *gone = out, *come = in;

	if (gone != NULL) {
		table_remove(&x->by_id, gone->id_hash, gone);
		for (size_t i = 0; i < gone->n; i++)
			posting_remove(&x->root, &gone->post[i]);
	}
	if (come != NULL) {
		table_add(&x->by_id, come->id_hash, come);
		for (size_t i = 0; i < come->n; i++)
			posting_add(&x->root, &come->post[i]);
	}
}

static void drop(void *arg, void *item)
{
	(void)arg;
	free(item);
}

static const struct mirror_ops ops = { swap, drop, NULL };

int search_index_open(struct search_index **out, struct store *s, struct err *e)
{
	struct search_index *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (table_seed(&x->seed, e) == -1 || ident_random(&x->dice, sizeof(x->dice), e) == -1) {
		free(x);
		return -1;
	}
	x->dice |= 1;	/* never 0, where it would stay */
	pool_init(&x->scratch, 4 * TAGS_BYTES);
	mirror_open(&x->mirror, s, &ops, x);
	*out = x;
	return 0;
}

void search_index_close(struct search_index **xp)
{
	struct search_index *x = *xp;

	if (x == NULL)
		return;
	*xp = NULL;
	for (size_t i = 0; i < x->by_id.cap; i++)
		free(x->by_id.slot[i].item);
	table_fini(&x->by_id);
	mirror_close(&x->mirror);
	pool_fini(&x->scratch);
	free(x);
}

/* ---- changes ---- */

static struct entry *find(const struct search_index *x, const uint8_t *id)
{
	uint64_t hash = table_hash(&x->seed, 0, id, OWNERSHIP_ID);
	size_t at;
	struct entry *n;

	for (n = table_first(&x->by_id, hash, &at); n; n = table_next(&x->by_id, hash, &at))
		if (memcmp(n->pub.id, id, OWNERSHIP_ID) == 0)
			return n;
	return NULL;
}

size_t search_index_count(const struct search_index *x)
{
	return x->by_id.n;
}

int search_index_put(struct search_index *x, const uint8_t id[static OWNERSHIP_ID],
    const void *tags, size_t tags_len, struct err *e)
{
	struct entry *old = find(x, id);
	struct entry *n;

	if (mirror_reserve(&x->mirror, e) == -1 || table_reserve(&x->by_id, 1, e) == -1)
		return -1;
	n = entry_new(x, id, tags, tags_len, old != NULL ? old->pub.number : x->last + 1, e);
	if (n == NULL)
		return -1;
	if (old == NULL)
		x->last++;
	mirror_swap(&x->mirror, old, n);
	return 0;
}

int search_index_delete(struct search_index *x, const uint8_t id[static OWNERSHIP_ID],
    struct err *e)
{
	struct entry *old = find(x, id);

	if (old == NULL)
		return 0;
	if (mirror_reserve(&x->mirror, e) == -1)
		return -1;
	mirror_swap(&x->mirror, old, NULL);
	return 0;
}

int search_index_load(struct search_index *x, const uint8_t id[static OWNERSHIP_ID],
    const void *tags, size_t tags_len, struct err *e)
{
	struct entry *n;

	if (table_reserve(&x->by_id, 1, e) == -1 ||
	    (n = entry_new(x, id, tags, tags_len, x->last + 1, e)) == NULL)
		return -1;
	x->last++;
	swap(x, NULL, n);
	return 0;
}

/* ---- the choice of a run ---- */

struct run {
	struct posting_cut from, to;
	bool in_order;		/* of the numbers, since all values are equal */
	size_t n;
};

static struct run whole_list(uint64_t list)
{
	return (struct run){
		.from = { .list = list }, .to = { .list = list, .behind = true },
		.in_order = list == EVERYTHING,
	};
}

static void cut_at(struct posting_cut *c, union posting_value v, bool behind)
{
	c->has_value = true;
	c->value = v;
	c->behind = behind;
}

/* A term with one operand: equal, above, below. */
static void cut_by_value(struct run *r, const struct search_term *t, bool num)
{
	union posting_value v = { .str = t->value };

	if (num)
		v.num = t->num;
	else if (t->value == NULL)
		return;
	switch (t->op) {
	case OP_STR_EQ: case OP_NUM_EQ:
		cut_at(&r->from, v, false);
		cut_at(&r->to, v, true);
		r->in_order = true;
		break;
	case OP_STR_GT: case OP_NUM_GT: cut_at(&r->from, v, true); break;
	case OP_STR_GTEQ: case OP_NUM_GTEQ: cut_at(&r->from, v, false); break;
	case OP_STR_LT: case OP_NUM_LT: cut_at(&r->to, v, false); break;
	case OP_STR_LTEQ: case OP_NUM_LTEQ: cut_at(&r->to, v, true); break;
	default: break;
	}
}

static void cut_by_range(struct run *r, const struct search_term *t, bool num)
{
	union posting_value min = { .str = t->min }, max = { .str = t->max };

	if (num) {
		min.num = t->num_min;
		max.num = t->num_max;
	}
	if (t->has_min && (num || t->min != NULL))
		cut_at(&r->from, min, !t->min_included);
	if (t->has_max && (num || t->max != NULL))
		cut_at(&r->to, max, t->max_included);
}

/* What stands in front of the first wildcard must be there. */
static void cut_by_mask(struct run *r, const struct search_term *t)
{
	union posting_value v = { .str = t->value };
	const char *wild = NULL;

	if (t->wildcard != NULL && *t->wildcard != '\0')
		wild = strstr(t->value, t->wildcard);
	if (wild == t->value)
		return;
	cut_at(&r->from, v, false);
	cut_at(&r->to, v, true);
	r->in_order = wild == NULL;
	r->from.prefix = r->to.prefix = wild != NULL ? (size_t)(wild - t->value) : 0;
}

static struct run run_of(const struct search_index *x, const struct search_term *t)
{
	bool num = t->op >= OP_NUM_EQ && t->op <= OP_NUM_NRANGE;
	struct run r;

	if (t->name_wildcard != NULL)
		return whole_list(EVERYTHING);
	r = whole_list(list_of(x, t->name, num ? POSTING_NUM : POSTING_STR));
	if (t->op == OP_STR_RANGE || t->op == OP_NUM_RANGE)
		cut_by_range(&r, t, num);
	else if (t->op == OP_STR_MASK)
		cut_by_mask(&r, t);
	else
		cut_by_value(&r, t, num);
	return r;
}

static size_t run_length(const struct search_index *x, const struct run *r)
{
	size_t to = posting_before(x->root, &r->to);
	size_t from = posting_before(x->root, &r->from);

	return to > from ? to - from : 0;	/* 5 < V < 3 has none */
}

/*
 * The shortest; of two as long, the one that is in order.  A run in no order
 * is sorted before it is walked, so one that holds a good part of all things
 * is left alone: the walk over everything ends when the page is full.
 */
static struct run choose(const struct search_index *x, const struct request_search *s,
    int64_t *work)
{
	struct run best = whole_list(EVERYTHING);

	best.n = search_index_count(x);
	for (size_t i = 0; i < s->n; i++) {
		struct run r = run_of(x, &s->term[i]);

		*work -= TERM_WORK;
		r.n = run_length(x, &r);
		if (!r.in_order && (r.n > search_index_count(x) / 4 ||
		    (int64_t)r.n * COLLECT_WORK > *work))
			continue;
		if (r.n < best.n || (r.n == best.n && r.in_order))
			best = r;
	}
	return best;
}

/* ---- the walk ---- */

struct walk {
	search_index_fn fn;
	void *arg;
	const struct entry *last;	/* twins stand side by side */
	const struct entry **aside;
	size_t n;
};

static bool pass_on(void *arg, const struct posting *p)
{
	struct walk *w = arg;
	const struct entry *n = p->item;

	if (n == w->last)
		return true;
	w->last = n;
	return w->fn(w->arg, &n->pub);
}

static bool take_aside(void *arg, const struct posting *p)
{
	struct walk *w = arg;

	w->aside[w->n++] = p->item;
	return true;
}

static int by_number(const void *a, const void *b)
{
	const struct entry *const *x = a, *const *y = b;

	return ((*x)->pub.number > (*y)->pub.number) - ((*x)->pub.number < (*y)->pub.number);
}

static int walk_sorted(const struct search_index *x, const struct run *r, struct walk *w)
{
	bool on = true;

	if (r->n == 0)
		return 0;
	w->aside = calloc(r->n, sizeof(struct entry *));
	if (w->aside == NULL)
		return -1;
	posting_walk(x->root, &r->from, &r->to, take_aside, w);
	qsort(w->aside, w->n, sizeof(w->aside[0]), by_number);
	for (size_t i = 0; on && i < w->n; i++)
		if (i == 0 || w->aside[i] != w->aside[i - 1])
			on = w->fn(w->arg, &w->aside[i]->pub);
	free(w->aside);
	return 0;
}

int search_index_walk(const struct search_index *x, const struct request_search *s,
    int64_t *work, search_index_fn fn, void *arg)
{
	struct walk w = { .fn = fn, .arg = arg };
	struct run r = choose(x, s, work);

	if (!r.in_order) {
		*work -= (int64_t)r.n * COLLECT_WORK;
		return walk_sorted(x, &r, &w);
	}
	if (r.n > 0)
		posting_walk(x->root, &r.from, &r.to, pass_on, &w);
	return 0;
}
