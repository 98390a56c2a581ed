/* SPDX-License-Identifier: Apache-2.0 */
/* numset: the three forms, and how one grows into the next.  Read first: numset.h. */
#include "config.h"

#include "registry/numset.h"

#include <stdlib.h>
#include <string.h>

#define MANY UINT32_MAX		/* as `cap` */
#define BITS 12			/* of a number within its group */
#define IN_GROUP (1u << BITS)
#define ROW 128			/* more in a group, and they are bits: those are walked faster */
#define WORDS (IN_GROUP / 64)

struct group {
	uint32_t key;		/* the number without its lowest bits */
	uint16_t n;		/* how many, less one */
	uint16_t cap;		/* of the row; 0: bits */
	union {
		uint16_t *row;
		uint64_t *bits;
	} u;
};

struct numset_many {
	uint32_t n, cap;
	struct group group[];
};

/* ---- rows of numbers ---- */

static uint32_t place_in_few(const uint32_t *few, uint32_t n, uint32_t number)
{
	uint32_t lo = 0, hi = n;

	if (n > 0 && few[n - 1] < number)
		return n;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (few[mid] < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static uint32_t place_in_row(const struct group *g, uint16_t low)
{
	uint32_t lo = 0, hi = g->n + 1u;

	if (g->u.row[g->n] < low)
		return hi;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (g->u.row[mid] < low)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* ---- one group ---- */

static bool group_has(const struct group *g, uint16_t low)
{
	uint32_t at;

	if (g->cap == 0)
		return (g->u.bits[low / 64] >> (low % 64) & 1) != 0;
	at = place_in_row(g, low);
	return at <= g->n && g->u.row[at] == low;
}

static int group_to_bits(struct group *g)
{
	uint64_t *bits = calloc(WORDS, sizeof(*bits));

	if (bits == NULL)
		return -1;
	for (uint32_t i = 0; i <= g->n; i++)
		bits[g->u.row[i] / 64] |= UINT64_C(1) << (g->u.row[i] % 64);
	free(g->u.row);
	g->u.bits = bits;
	g->cap = 0;
	return 0;
}

static int group_make_room(struct group *g)
{
	uint16_t cap = (uint16_t)(g->cap + g->cap / 2 + 4);
	uint16_t *row;

	if (g->cap == 0 || g->n + 1 < g->cap)
		return 0;
	if (g->cap == ROW)
		return group_to_bits(g);
	if (cap > ROW)
		cap = ROW;
	row = reallocarray(g->u.row, cap, sizeof(*row));
	if (row == NULL)
		return -1;
	g->u.row = row;
	g->cap = cap;
	return 0;
}

/* It is not there. */
static int group_add(struct group *g, uint16_t low)
{
	uint32_t at;

	if (group_make_room(g) == -1)
		return -1;
	if (g->cap == 0) {
		g->u.bits[low / 64] |= UINT64_C(1) << (low % 64);
	} else {
		at = place_in_row(g, low);
		memmove(&g->u.row[at + 1], &g->u.row[at], (g->n + 1u - at) * sizeof(uint16_t));
		g->u.row[at] = low;
	}
	g->n++;
	return 0;
}

/* It is there, and is not the last one. */
static void group_remove(struct group *g, uint16_t low)
{
	uint32_t at;

	if (g->cap == 0) {
		g->u.bits[low / 64] &= ~(UINT64_C(1) << (low % 64));
	} else {
		at = place_in_row(g, low);
		memmove(&g->u.row[at], &g->u.row[at + 1], (g->n - at) * sizeof(uint16_t));
	}
	g->n--;
}

static bool group_next(const struct group *g, uint32_t from, uint32_t *out)
{
	uint32_t at;

	if (g->cap != 0) {
		at = place_in_row(g, (uint16_t)from);
		if (at <= g->n)
			*out = g->u.row[at];
		return at <= g->n;
	}
	for (uint32_t w = from / 64; w < WORDS; w++) {
		uint64_t bits = g->u.bits[w];

		if (w == from / 64)
			bits &= ~UINT64_C(0) << (from % 64);
		if (bits != 0) {
			*out = w * 64 + (uint32_t)__builtin_ctzll(bits);
			return true;
		}
	}
	return false;
}

/* ---- many ---- */

/* Of the first group whose key is not below. */
static uint32_t place_in_many(const struct numset_many *m, uint32_t key)
{
	uint32_t lo = 0, hi = m->n;

	if (m->n > 0 && m->group[m->n - 1].key < key)
		return m->n;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (m->group[mid].key < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct group *group_of(const struct numset *s, uint32_t number)
{
	struct numset_many *m = s->u.many;
	uint32_t at = place_in_many(m, number >> BITS);

	return at < m->n && m->group[at].key == number >> BITS ? &m->group[at] : NULL;
}

static int many_insert(struct numset *s, uint32_t number)
{
	struct numset_many *m = s->u.many;
	uint32_t at = place_in_many(m, number >> BITS);
	uint16_t *row = malloc(4 * sizeof(*row));

	if (row == NULL)
		return -1;
	if (m->n == m->cap) {
		uint32_t cap = m->cap + m->cap / 2 + 4;
		struct numset_many *more = realloc(m, sizeof(*m) + cap * sizeof(m->group[0]));

		if (more == NULL) {
			free(row);
			return -1;
		}
		s->u.many = m = more;
		m->cap = cap;
	}
	memmove(&m->group[at + 1], &m->group[at], (m->n - at) * sizeof(m->group[0]));
	row[0] = (uint16_t)(number % IN_GROUP);
	m->group[at] = (struct group){ .key = number >> BITS, .cap = 4, .u.row = row };
	m->n++;
	return 0;
}

static int many_add(struct numset *s, uint32_t number)
{
	struct group *g = group_of(s, number);

	if (g == NULL)
		return many_insert(s, number);
	return group_add(g, (uint16_t)(number % IN_GROUP));
}

static void many_remove(struct numset *s, uint32_t number)
{
	struct numset_many *m = s->u.many;
	struct group *g = group_of(s, number);

	if (g->n > 0) {
		group_remove(g, (uint16_t)(number % IN_GROUP));
		return;
	}
	free(g->u.row);
	memmove(g, g + 1, (size_t)(&m->group[m->n] - (g + 1)) * sizeof(*g));
	m->n--;
}

static void many_free(struct numset_many *m)
{
	for (uint32_t i = 0; i < m->n; i++)
		free(m->group[i].u.row);
	free(m);
}

static int few_to_many(struct numset *s)
{
	struct numset to = { .cap = MANY };

	to.u.many = calloc(1, sizeof(*to.u.many));
	if (to.u.many == NULL)
		return -1;
	for (uint32_t i = 0; i < s->n; i++)
		if (many_add(&to, s->u.few[i]) == -1) {
			many_free(to.u.many);
			return -1;
		}
	free(s->u.few);
	to.n = s->n;
	*s = to;
	return 0;
}

/* *at: a group that is not behind the one to be found, and afterwards that one. */
static bool many_next(const struct numset_many *m, uint32_t *at, uint32_t from, uint32_t *out)
{
	uint32_t low;

	/* Mostly it is the same group, or the next one. */
	if (*at < m->n && m->group[*at].key < from >> BITS)
		++*at;
	if (*at < m->n && m->group[*at].key < from >> BITS)
		*at = place_in_many(m, from >> BITS);
	for (; *at < m->n; ++*at) {
		const struct group *g = &m->group[*at];
		uint32_t start = g->key == from >> BITS ? from % IN_GROUP : 0;

		if (group_next(g, start, &low)) {
			*out = g->key << BITS | low;
			return true;
		}
	}
	return false;
}

/* As above, in twice as long steps each time. */
static bool few_next(const struct numset *s, uint32_t *at, uint32_t from, uint32_t *out)
{
	const uint32_t *few = s->u.few;
	uint32_t step = 1;

	while (*at + step < s->n && few[*at + step] < from) {
		*at += step;
		step *= 2;
	}
	if (step > s->n - *at)
		step = s->n - *at;
	*at += place_in_few(&few[*at], step, from);
	if (*at < s->n)
		*out = few[*at];
	return *at < s->n;
}

/* ---- any form ---- */

void numset_fini(struct numset *s)
{
	if (s->cap == MANY)
		many_free(s->u.many);
	else if (s->cap > 0)
		free(s->u.few);
	memset(s, 0, sizeof(*s));
}

bool numset_has(const struct numset *s, uint32_t number)
{
	const struct group *g;
	uint32_t at;

	if (s->cap == 0)
		return s->n == 1 && s->u.one == number;
	if (s->cap != MANY) {
		at = place_in_few(s->u.few, s->n, number);
		return at < s->n && s->u.few[at] == number;
	}
	g = group_of(s, number);
	return g != NULL && group_has(g, (uint16_t)(number % IN_GROUP));
}

static int make_room(struct numset *s)
{
	uint32_t cap = s->cap + s->cap / 2 + 3;
	uint32_t *few;

	if (s->cap == MANY || s->n < s->cap || (s->cap == 0 && s->n == 0))
		return 0;
	if (s->cap == NUMSET_FEW)
		return few_to_many(s);
	if (cap > NUMSET_FEW)
		cap = NUMSET_FEW;
	few = reallocarray(s->cap > 0 ? s->u.few : NULL, cap, sizeof(*few));
	if (few == NULL)
		return -1;
	if (s->cap == 0)
		few[0] = s->u.one;
	s->u.few = few;
	s->cap = cap;
	return 0;
}

/* Is it greater than all?  Numbers mostly come in order.  false: not known. */
static bool is_behind(const struct numset *s, uint32_t number)
{
	if (s->n == 0)
		return true;
	if (s->cap == MANY)
		return s->u.many->group[s->u.many->n - 1].key < number >> BITS;
	return number > (s->cap == 0 ? s->u.one : s->u.few[s->n - 1]);
}

int numset_add(struct numset *s, uint32_t number)
{
	uint32_t at;

	if (!is_behind(s, number) && numset_has(s, number))
		return 0;
	if (make_room(s) == -1 || (s->cap == MANY && many_add(s, number) == -1))
		return -1;
	if (s->cap == 0) {
		s->u.one = number;
	} else if (s->cap != MANY) {
		at = place_in_few(s->u.few, s->n, number);
		memmove(&s->u.few[at + 1], &s->u.few[at], (s->n - at) * sizeof(uint32_t));
		s->u.few[at] = number;
	}
	s->n++;
	return 0;
}

void numset_remove(struct numset *s, uint32_t number)
{
	uint32_t at;

	if (!numset_has(s, number))
		return;
	if (s->n == 1) {
		numset_fini(s);
		return;
	}
	if (s->cap == MANY) {
		many_remove(s, number);
	} else {
		at = place_in_few(s->u.few, s->n, number);
		memmove(&s->u.few[at], &s->u.few[at + 1], (s->n - at - 1) * sizeof(uint32_t));
	}
	s->n--;
}

bool numset_walk_on(struct numset_walk *w, uint32_t from, uint32_t *out)
{
	const struct numset *s = w->set;

	if (s->cap == MANY)
		return many_next(s->u.many, &w->at, from, out);
	if (s->cap != 0)
		return few_next(s, &w->at, from, out);
	*out = s->u.one;
	return s->n == 1 && s->u.one >= from;
}

bool numset_next(const struct numset *s, uint32_t from, uint32_t *out)
{
	struct numset_walk w = { s, 0 };

	return numset_walk_on(&w, from, out);
}

bool numset_walk_all(struct numset_walk *w, size_t n, uint32_t from, uint32_t *out,
    uint64_t *leaps)
{
	size_t agree = 0;
	uint32_t at = from, next;

	/* Each set in turn goes to where the others are, until none moves. */
	for (size_t i = 0; agree < n; i = i + 1 < n ? i + 1 : 0) {
		++*leaps;
		if (!numset_walk_on(&w[i], at, &next))
			return false;
		agree = next == at ? agree + 1 : 1;
		at = next;
	}
	*out = at;
	return n > 0;
}
