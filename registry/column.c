/* SPDX-License-Identifier: Apache-2.0 */
/*
 * column: blocks of sorted values, a directory of blocks, and sets of the
 * values that hold a piece of three bytes.  Read first: column.h.
 */
#include "config.h"

#include "registry/column.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define IN_BLOCK 256
#define AHEAD 8
#define LEAF 1024		/* things of one row of numbers */
#define LEAVES_FROM 256	/* things that make such rows worth it */
#define LEAVES_BEGIN 8		/* if one of so many things has the tag */
#define LEAVES_END 16
#define GRAM 3			/* bytes of a piece */
#define GRAMS_FROM 64		/* values that make pieces worth their memory */
#define GRAMS_FIRST 256		/* slots; a power of two */

struct column_block {
	uint32_t n, cap;
	struct column_value *value[];
};

/* Which values hold which piece. */
struct gram {
	uint32_t bytes;		/* of the piece; 0: a free slot */
	struct numset values;
};

union named {
	struct column_value *value;
	uint32_t next_free;
};

struct column_grams {
	uint64_t key;		/* random and odd: peers choose the pieces */
	struct gram *slot;
	size_t cap, n;		/* at most half full; a piece once seen keeps its slot */
	union named *by_id;
	uint32_t ids, ids_cap, free;	/* `free`: 0 none, else the first of a chain, plus 1 */
};

double column_num(const struct column_value *v)
{
	double num;

	memcpy(&num, v->bytes, sizeof(num));
	return num;
}

const char *column_str(const struct column_value *v)
{
	return v->bytes;
}

/* ---- pieces ---- */

static uint32_t gram_at(const char *s)
{
	return (uint32_t)(uint8_t)s[0] << 16 | (uint32_t)(uint8_t)s[1] << 8 | (uint8_t)s[2];
}

static size_t gram_home(const struct column_grams *g, uint32_t bytes)
{
	return (size_t)(bytes * g->key >> 32) & (g->cap - 1);
}

static struct gram *gram_find(const struct column_grams *g, uint32_t bytes)
{
	size_t i = gram_home(g, bytes);

	while (g->slot[i].bytes != 0 && g->slot[i].bytes != bytes)
		i = (i + 1) & (g->cap - 1);
	return &g->slot[i];
}

static int grams_grow(struct column_grams *g)
{
	struct column_grams more = *g;

	if (2 * (g->n + 1) <= g->cap)
		return 0;
	more.cap = 2 * g->cap;
	more.slot = calloc(more.cap, sizeof(*more.slot));
	if (more.slot == NULL)
		return -1;
	for (size_t i = 0; i < g->cap; i++)
		if (g->slot[i].bytes != 0)
			*gram_find(&more, g->slot[i].bytes) = g->slot[i];
	free(g->slot);
	*g = more;
	return 0;
}

static void grams_forget(struct column_grams *g, const struct column_value *v, size_t pieces)
{
	const char *s = column_str(v);

	for (size_t i = 0; i < pieces; i++)
		numset_remove(&gram_find(g, gram_at(s + i))->values, v->gram_id);
	g->by_id[v->gram_id].next_free = g->free;
	g->free = v->gram_id + 1;
}

static int grams_name(struct column_grams *g, struct column_value *v)
{
	if (g->free == 0) {
		if (g->ids == g->ids_cap) {
			uint32_t cap = g->ids_cap + g->ids_cap / 2 + 64;
			union named *more = reallocarray(g->by_id, cap, sizeof(*more));

			if (more == NULL)
				return -1;
			g->by_id = more;
			g->ids_cap = cap;
		}
		g->by_id[g->ids].next_free = 0;
		g->free = ++g->ids;
	}
	v->gram_id = g->free - 1;
	g->free = g->by_id[v->gram_id].next_free;
	g->by_id[v->gram_id].value = v;
	return 0;
}

static size_t pieces_of(const char *s)
{
	size_t n = strlen(s);

	return n >= GRAM ? n - GRAM + 1 : 0;
}

static int grams_learn(struct column_grams *g, struct column_value *v)
{
	const char *s = column_str(v);
	size_t n = pieces_of(s);

	if (grams_name(g, v) == -1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct gram *gram;

		if (grams_grow(g) == -1) {
			grams_forget(g, v, i);
			return -1;
		}
		gram = gram_find(g, gram_at(s + i));
		g->n += gram->bytes == 0;
		gram->bytes = gram_at(s + i);
		if (numset_add(&gram->values, v->gram_id) == -1) {
			grams_forget(g, v, i);
			return -1;
		}
	}
	return 0;
}

static void grams_free(struct column_grams **gp)
{
	struct column_grams *g = *gp;

	if (g == NULL)
		return;
	for (size_t i = 0; i < g->cap; i++)
		numset_fini(&g->slot[i].values);
	free(g->slot);
	free(g->by_id);
	free(g);
	*gp = NULL;
}

static struct column_value *step(struct column_span *s)
{
	if (s->n == 0)
		return NULL;
	if (s->at == s->column->block[s->block]->n) {
		s->block++;
		s->at = 0;
	}
	s->n--;
	/* They lie all over memory: ask for one a little ahead. */
	if (s->at + AHEAD < s->column->block[s->block]->n)
		__builtin_prefetch(s->column->block[s->block]->value[s->at + AHEAD]);
	return s->column->block[s->block]->value[s->at++];
}

/* Of all values so far; without memory for it there are none, and only time is lost. */
static void grams_begin(struct column *c)
{
	struct column_span all = column_between(c, NULL, NULL);
	struct column_grams *g = calloc(1, sizeof(*g));
	struct column_value *v;

	c->grams = g;
	if (g == NULL)
		return;
	g->key = c->hash | 1;
	g->cap = GRAMS_FIRST;
	g->slot = calloc(g->cap, sizeof(*g->slot));
	if (g->slot == NULL) {
		g->cap = 0;
		grams_free(&c->grams);
		return;
	}
	while ((v = step(&all)) != NULL)
		if (grams_learn(g, v) == -1) {
			grams_free(&c->grams);
			return;
		}
}

/* ---- order ---- */

static int compare(const struct column_value *v, const struct column_cut *cut)
{
	if (v->column->is_num) {
		double num = column_num(v);

		return (num > cut->num) - (num < cut->num);
	}
	return cut->prefix > 0 ? strncmp(v->bytes, cut->str, cut->prefix) :
	    strcmp(v->bytes, cut->str);
}

static bool is_before(const struct column_value *v, const struct column_cut *cut)
{
	int d = compare(v, cut);

	return d != 0 ? d < 0 : cut->behind;
}

/* The first one that is not in front of the cut; behind all, the end of the last block. */
static void find(const struct column *c, const struct column_cut *cut, size_t *block, size_t *at)
{
	size_t lo = 0, hi = c->blocks;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (is_before(c->block[mid]->value[0], cut))
			lo = mid + 1;
		else
			hi = mid;
	}
	*block = lo > 0 ? lo - 1 : 0;
	lo = 0;
	hi = c->blocks > 0 ? c->block[*block]->n : 0;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (is_before(c->block[*block]->value[mid], cut))
			lo = mid + 1;
		else
			hi = mid;
	}
	*at = lo;
}

static size_t count(const struct column *c, size_t b1, size_t at1, size_t b2, size_t at2)
{
	size_t n = 0;

	if (b1 > b2 || (b1 == b2 && at1 >= at2))
		return 0;
	for (size_t b = b1; b < b2; b++)
		n += c->block[b]->n;
	return n + at2 - at1;
}

struct column_span column_between(const struct column *c, const struct column_cut *from,
    const struct column_cut *to)
{
	struct column_span s = { .column = c };
	size_t block = c->blocks > 0 ? c->blocks - 1 : 0;
	size_t at = c->blocks > 0 ? c->block[block]->n : 0;

	if (from != NULL)
		find(c, from, &s.block, &s.at);
	if (to != NULL)
		find(c, to, &block, &at);
	s.n = count(c, s.block, s.at, block, at);
	return s;
}

const struct column_value *column_next(struct column_span *s)
{
	return step(s);
}

/* ---- blocks ---- */

static struct column_block *block_room(struct column_block *b, uint32_t more)
{
	uint32_t n = b != NULL ? b->n : 0, cap = b != NULL ? b->cap : 0;

	if (n + more <= cap)
		return b;
	cap = cap + cap / 2 + more;
	if (cap > IN_BLOCK)
		cap = IN_BLOCK;
	if (b == NULL)
		b = calloc(1, sizeof(*b) + cap * sizeof(struct column_value *));
	else
		b = realloc(b, sizeof(*b) + cap * sizeof(struct column_value *));
	if (b != NULL)
		b->cap = cap;
	return b;
}

static int room_for_block(struct column *c)
{
	size_t cap = c->cap + c->cap / 2 + 1;
	struct column_block **more;

	if (c->blocks < c->cap)
		return 0;
	more = reallocarray(c->block, cap, sizeof(struct column_block *));
	if (more == NULL)
		return -1;
	c->block = more;
	c->cap = cap;
	return 0;
}

static void put_block(struct column *c, size_t at, struct column_block *b)
{
	memmove(&c->block[at + 1], &c->block[at], (c->blocks - at) * sizeof(struct column_block *));
	c->block[at] = b;
	c->blocks++;
}

/* A full block becomes two; the last of all stays full, since many values come in order. */
static int block_split(struct column *c, size_t at)
{
	struct column_block *left = c->block[at], *right;
	uint32_t keep = at + 1 == c->blocks ? IN_BLOCK - 4 : IN_BLOCK / 2;
	uint32_t move = left->n - keep;

	if (room_for_block(c) == -1 || (right = block_room(NULL, move + 1)) == NULL)
		return -1;
	memcpy(right->value, &left->value[keep], move * sizeof(struct column_value *));
	right->n = move;
	left->n = keep;
	put_block(c, at + 1, right);
	return 0;
}

/* `v` comes at this place: where find() said. */
static int insert(struct column *c, struct column_value *v, size_t block, size_t at)
{
	struct column_block *b;

	if (c->blocks == 0) {
		if (room_for_block(c) == -1 || (b = block_room(NULL, 1)) == NULL)
			return -1;
		put_block(c, 0, b);
	}
	if (c->block[block]->n == IN_BLOCK) {
		if (block_split(c, block) == -1)
			return -1;
		if (at > c->block[block]->n) {
			at -= c->block[block]->n;
			block++;
		}
	}
	b = block_room(c->block[block], 1);
	if (b == NULL)
		return -1;
	c->block[block] = b;
	memmove(&b->value[at + 1], &b->value[at], (b->n - at) * sizeof(struct column_value *));
	b->value[at] = v;
	b->n++;
	c->n++;
	return 0;
}

static void take_out(struct column *c, size_t block, size_t at)
{
	struct column_block *b = c->block[block];

	b->n--;
	c->n--;
	memmove(&b->value[at], &b->value[at + 1], (b->n - at) * sizeof(struct column_value *));
	if (b->n > 0)
		return;
	free(b);
	c->blocks--;
	memmove(&c->block[block], &c->block[block + 1],
	    (c->blocks - block) * sizeof(struct column_block *));
}

/* ---- numbers by thing ---- */

#define UNSET (-INFINITY)	/* nan: several, until column_now() */

static void leaves_free(struct column *c)
{
	for (size_t i = 0; i < c->leaves; i++)
		free(c->leaf[i]);
	free(c->leaf);
	c->leaf = NULL;
	c->leaves = 0;
}

/* NULL: no memory; then there are no rows at all, and only time is lost. */
static double *leaf_make(struct column *c, uint32_t thing)
{
	size_t at = thing / LEAF;

	if (at >= c->leaves) {
		size_t n = at + at / 2 + 16;
		double **more = reallocarray(c->leaf, n, sizeof(double *));

		if (more == NULL)
			return NULL;
		memset(&more[c->leaves], 0, (n - c->leaves) * sizeof(double *));
		c->leaf = more;
		c->leaves = n;
	}
	if (c->leaf[at] == NULL && (c->leaf[at] = malloc(LEAF * sizeof(double))) != NULL)
		for (size_t i = 0; i < LEAF; i++)
			c->leaf[at][i] = UNSET;
	return c->leaf[at];
}

static void leaves_begin(struct column *c)
{
	struct column_span all = column_between(c, NULL, NULL);
	const struct column_value *v;

	while ((v = step(&all)) != NULL) {
		struct numset_walk w = { &v->things, 0 };
		uint32_t thing = 0;

		for (; numset_walk_on(&w, thing, &thing); thing++) {
			double *leaf = leaf_make(c, thing);

			if (leaf == NULL) {
				leaves_free(c);
				return;
			}
			/* Two versions of a thing: which one counts is not known here. */
			leaf[thing % LEAF] = leaf[thing % LEAF] == UNSET ? column_num(v) : NAN;
		}
	}
}

void column_follow(struct column *c, uint32_t thing, size_t all_things)
{
	size_t n = c->things.n;

	if (!c->is_num)
		return;
	if (c->leaf == NULL && n >= LEAVES_FROM && n * LEAVES_BEGIN >= all_things)
		leaves_begin(c);
	else if (c->leaf != NULL && (n < LEAVES_FROM / 2 || n * LEAVES_END < all_things ||
	    leaf_make(c, thing) == NULL))
		leaves_free(c);
}

void column_now(const struct column_value *v, uint32_t thing)
{
	const struct column *c = v->column;

	if (c->leaf != NULL && thing / LEAF < c->leaves && c->leaf[thing / LEAF] != NULL)
		c->leaf[thing / LEAF][thing % LEAF] = column_num(v);
}

void column_ask_for(const struct column *c, uint32_t thing)
{
	if (thing / LEAF < c->leaves && c->leaf[thing / LEAF] != NULL)
		__builtin_prefetch(&c->leaf[thing / LEAF][thing % LEAF]);
}

bool column_num_of(const struct column *c, uint32_t thing, double *out)
{
	const double *leaf = thing / LEAF < c->leaves ? c->leaf[thing / LEAF] : NULL;

	if (leaf == NULL || !isfinite(leaf[thing % LEAF]))
		return false;
	*out = leaf[thing % LEAF];
	return true;
}

/* ---- values ---- */

struct column *column_new(const char *folded, bool is_num, uint64_t hash, struct err *e)
{
	size_t n = strlen(folded) + 1;
	struct column *c = calloc(1, sizeof(*c) + n);

	if (c == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	memcpy(c + 1, folded, n);
	c->name = (const char *)(c + 1);
	c->is_num = is_num;
	c->hash = hash;
	return c;
}

static struct column_cut cut_of(const struct column *c, const char *str, double num)
{
	return (struct column_cut){ .str = c->is_num ? NULL : str, .num = num };
}

static struct column_value *at_place(const struct column *c, size_t block, size_t at)
{
	if (block < c->blocks && at == c->block[block]->n) {
		block++;
		at = 0;
	}
	return block < c->blocks ? c->block[block]->value[at] : NULL;
}

static struct column_value *value_make(struct column *c, const struct tag *t)
{
	size_t n = c->is_num ? sizeof(t->num) : strlen(t->str) + 1;
	struct column_value *v = calloc(1, sizeof(*v) + n);

	if (v == NULL)
		return NULL;
	v->column = c;
	if (c->is_num)
		memcpy(v->bytes, &t->num, n);
	else
		memcpy(v->bytes, t->str, n);
	return v;
}

static struct column_value *value_new(struct column *c, const struct tag *t, size_t block,
    size_t at)
{
	struct column_value *v = value_make(c, t);

	if (v == NULL)
		return NULL;
	if (c->grams != NULL && grams_learn(c->grams, v) == -1) {
		free(v);
		return NULL;
	}
	if (insert(c, v, block, at) == -1) {
		if (c->grams != NULL)
			grams_forget(c->grams, v, pieces_of(v->bytes));
		free(v);
		return NULL;
	}
	if (c->n == GRAMS_FROM && !c->is_num && c->grams == NULL)
		grams_begin(c);
	return v;
}

static struct column_cut cut_at_value(const struct column_value *v)
{
	return v->column->is_num ? cut_of(v->column, NULL, column_num(v)) :
	    cut_of(v->column, column_str(v), 0);
}

/* ---- all at once ---- */

struct column_gathered {
	const struct table_seed *seed;
	struct table values;
};

static uint64_t gathered_hash(const struct column *c, const struct column_cut *cut)
{
	return c->is_num ? table_hash(c->gathered->seed, 1, &cut->num, sizeof(cut->num)) :
	    table_hash_text(c->gathered->seed, 0, cut->str);
}

static struct column_value *gathered_get(struct column *c, const struct tag *t,
    const struct column_cut *cut)
{
	struct table *values = &c->gathered->values;
	uint64_t hash = gathered_hash(c, cut);
	struct column_value *v;
	size_t at;

	for (v = table_first(values, hash, &at); v != NULL; v = table_next(values, hash, &at))
		if (compare(v, cut) == 0)
			return v;
	if (table_reserve(values, 1, NULL) == -1 || (v = value_make(c, t)) == NULL)
		return NULL;
	table_add(values, hash, v);
	c->n++;
	return v;
}

static void gathered_drop(struct column_value *v)
{
	struct column_cut cut = cut_at_value(v);

	table_remove(&v->column->gathered->values, gathered_hash(v->column, &cut), v);
	v->column->n--;
	free(v);
}

static void gathered_free(struct column *c)
{
	if (c->gathered == NULL)
		return;
	table_fini(&c->gathered->values);
	free(c->gathered);
	c->gathered = NULL;
}

int column_gather(struct column *c, const struct table_seed *seed, struct err *e)
{
	c->gathered = calloc(1, sizeof(*c->gathered));
	if (c->gathered == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	c->gathered->seed = seed;
	return 0;
}

/* So that sorting mostly need not look at the values, which lie all over memory. */
struct place {
	uint64_t key;
	struct column_value *value;
};

static uint64_t place_key(const struct column_value *v)
{
	uint64_t key = 0;
	const char *s = v->bytes;

	if (v->column->is_num) {		/* as an integer in the same order */
		memcpy(&key, s, sizeof(key));
		return key >> 63 != 0 ? ~key : key | UINT64_C(1) << 63;
	}
	for (size_t i = 0; i < sizeof(key); i++) {
		key = key << 8 | (uint8_t)*s;
		s += *s != '\0';
	}
	return key;
}

static int by_value(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->value->column->is_num ? 0 : strcmp(x->value->bytes, y->value->bytes);
}

static int fill_blocks(struct column *c, const struct place *p, size_t n)
{
	for (size_t i = 0; i < n; i += IN_BLOCK - 4) {
		uint32_t some = n - i < IN_BLOCK - 4 ? (uint32_t)(n - i) : IN_BLOCK - 4;
		struct column_block *b;

		if (room_for_block(c) == -1 || (b = block_room(NULL, some)) == NULL)
			return -1;
		for (; b->n < some; b->n++)
			b->value[b->n] = p[i + b->n].value;
		put_block(c, c->blocks, b);
	}
	return 0;
}

static void drop_blocks(struct column *c)
{
	while (c->blocks > 0)
		free(c->block[--c->blocks]);
}

int column_arrange(struct column *c, struct err *e)
{
	struct place *p = c->gathered != NULL ? malloc((c->n + 1) * sizeof(*p)) : NULL;
	size_t n = 0;

	if (c->gathered == NULL)
		return 0;
	for (size_t i = 0; p != NULL && i < c->gathered->values.cap; i++) {
		struct column_value *v = c->gathered->values.slot[i].item;

		if (v != NULL)
			p[n++] = (struct place){ place_key(v), v };
	}
	if (p != NULL)
		qsort(p, n, sizeof(*p), by_value);
	if (p == NULL || fill_blocks(c, p, n) == -1) {
		drop_blocks(c);
		free(p);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	free(p);
	gathered_free(c);
	if (c->n >= GRAMS_FROM && !c->is_num)
		grams_begin(c);
	return 0;
}

static void value_free(struct column_value *v)
{
	if (v != NULL)
		numset_fini(&v->things);
	free(v);
}

void column_free(struct column **cp)
{
	struct column *c = *cp;

	if (c == NULL)
		return;
	for (size_t i = 0; c->gathered != NULL && i < c->gathered->values.cap; i++)
		value_free(c->gathered->values.slot[i].item);
	gathered_free(c);
	for (size_t b = 0; b < c->blocks; b++) {
		for (uint32_t i = 0; i < c->block[b]->n; i++)
			value_free(c->block[b]->value[i]);
		free(c->block[b]);
	}
	free(c->block);
	grams_free(&c->grams);
	leaves_free(c);
	numset_fini(&c->things);
	free(c);
	*cp = NULL;
}

/* ---- one by one ---- */

static void value_drop(struct column_value *v)
{
	struct column *c = v->column;
	struct column_cut cut = cut_at_value(v);
	size_t block, at;

	if (c->gathered != NULL) {
		gathered_drop(v);
		return;
	}
	find(c, &cut, &block, &at);
	if (at == c->block[block]->n) {
		block++;
		at = 0;
	}
	take_out(c, block, at);
	if (c->grams != NULL)
		grams_forget(c->grams, v, pieces_of(v->bytes));
	free(v);
}

struct column_value *column_add(struct column *c, const struct tag *t, uint32_t thing,
    struct err *e)
{
	struct column_cut cut = cut_of(c, t->str, t->num);
	struct column_value *v;
	size_t block, at;

	if (c->gathered != NULL) {
		v = gathered_get(c, t, &cut);
	} else {
		find(c, &cut, &block, &at);
		v = at_place(c, block, at);
		if (v == NULL || compare(v, &cut) != 0)
			v = value_new(c, t, block, at);
	}
	if (v != NULL && numset_add(&v->things, thing) == -1) {
		if (v->things.n == 0)
			value_drop(v);
		v = NULL;
	}
	if (v == NULL)
		err_set(e, ERR_SYSTEM, "out of memory");
	return v;
}

void column_remove(struct column_value *v, uint32_t thing)
{
	numset_remove(&v->things, thing);
	if (v->things.n == 0)
		value_drop(v);
}

/* ---- values that hold a string ---- */

/* False: none holds it. */
static bool sets_of(const struct column_grams *g, const char *str, const struct numset **set,
    size_t *n)
{
	size_t pieces = pieces_of(str), step = (pieces + COLUMN_HOLDING - 1) / COLUMN_HOLDING;

	*n = 0;
	for (size_t i = 0; i < pieces; i += step) {
		const struct gram *gram = gram_find(g, gram_at(str + i));

		if (gram->values.n == 0)
			return false;
		set[(*n)++] = &gram->values;
	}
	return true;
}

struct column_holding column_holding(const struct column *c, const char *str)
{
	const struct numset *set[COLUMN_HOLDING];
	struct column_holding h = { .column = c };

	if (!sets_of(c->grams, str, set, &h.n))
		h.n = 0;
	for (size_t i = 0; i < h.n; i++)
		h.walk[i].set = set[i];
	return h;
}

const struct column_value *column_next_holding(struct column_holding *h, uint64_t *leaps)
{
	uint32_t id;

	if (!numset_walk_all(h->walk, h->n, h->from, &id, leaps))
		return NULL;
	h->from = id + 1;
	return h->column->grams->by_id[id].value;
}

bool column_knows(const struct column *c, const char *str)
{
	return c->grams != NULL && pieces_of(str) > 0;
}

size_t column_count_holding(const struct column *c, const char *str)
{
	const struct numset *set[COLUMN_HOLDING];
	size_t n, least = c->n;

	if (!sets_of(c->grams, str, set, &n))
		return 0;
	for (size_t i = 0; i < n; i++)
		if (set[i]->n < least)
			least = set[i]->n;
	return least;
}
