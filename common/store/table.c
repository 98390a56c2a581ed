/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table: open addressing with linear probing; removal shifts the run back, so
 * there are no tombstones and a table that only churns never grows.
 */
#include "config.h"

#include "common/store/table.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/ident.h"

#define TABLE_FIRST 80
#define TABLE_MOST UINT32_MAX	/* slots */

int table_seed(struct table_seed *s, struct err *e)
{
	return ident_random(s, sizeof(*s), e);
}

static inline uint64_t rotate(uint64_t x, unsigned by)
{
	return (x << by) | (x >> (64 - by));
}

static inline void sip_round(uint64_t v[static 4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static inline void sip_word(uint64_t v[static 4], uint64_t m)
{
	v[3] ^= m;
	sip_round(v);
	v[0] ^= m;
}

uint64_t table_hash(const struct table_seed *s, uint64_t before, const void *data, size_t len)
{
	uint64_t v[4] = {
		s->k[0] ^ UINT64_C(0x736f6d6570736575), s->k[1] ^ UINT64_C(0x646f72616e646f6d),
		s->k[0] ^ UINT64_C(0x6c7967656e657261), s->k[1] ^ UINT64_C(0x7465646279746573),
	};
	const unsigned char *p = data;
	uint64_t last = (uint64_t)len << 56;
	uint64_t m;

	sip_word(v, before);
	for (; len >= 8; len -= 8, p += 8) {
		memcpy(&m, p, 8);
		sip_word(v, m);
	}
	for (size_t i = 0; i < len; i++)
		last |= (uint64_t)p[i] << (8 * i);
	sip_word(v, last);
	v[2] ^= data != NULL ? 0xff : 0xfe;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t table_hash_text(const struct table_seed *s, uint64_t before, const char *text)
{
	return table_hash(s, before, text, text != NULL ? strlen(text) : 0);
}

void table_fini(struct table *t)
{
	free(t->slot);
	memset(t, 0, sizeof(*t));
}

/*
 * The hash as a fraction of the table, so that any size will do and growing, by a
 * quarter, keeps the order of the items: there are many tables with an entry for
 * each thing, and half of a doubled one would be empty.
 */
static size_t home(const struct table *t, uint64_t hash)
{
	uint64_t low = (hash & UINT32_MAX) * t->cap, high = (hash >> 32) * t->cap;

	/* The upper half of the product; TABLE_MOST keeps each part within 64 bits. */
	return (size_t)((high + (low >> 32)) >> 32);
}

static size_t behind(const struct table *t, size_t i)
{
	return i + 1 < t->cap ? i + 1 : 0;
}

/* How far `i` is behind `from`, going round. */
static size_t distance(const struct table *t, size_t from, size_t i)
{
	return i >= from ? i - from : i + t->cap - from;
}

static void place(struct table *t, uint64_t hash, void *item)
{
	size_t i = home(t, hash);

	while (t->slot[i].item != NULL)
		i = behind(t, i);
	t->slot[i].hash = hash;
	t->slot[i].item = item;
}

int table_reserve(struct table *t, size_t more, struct err *e)
{
	struct table old = *t;
	size_t cap = t->cap > 0 ? t->cap : TABLE_FIRST;

	if (t->n + more > TABLE_MOST / 2)
		return err_set(e, ERR_LIMIT, "a table in memory is full");
	while (cap / 5 * 4 < t->n + more)
		cap += cap / 4;
	if (cap == t->cap)
		return 0;
	t->slot = calloc(cap, sizeof(*t->slot));
	if (t->slot == NULL) {
		*t = old;
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	t->cap = cap;
	for (size_t i = 0; i < old.cap; i++)
		if (old.slot[i].item != NULL)
			place(t, old.slot[i].hash, old.slot[i].item);
	free(old.slot);
	return 0;
}

void table_add(struct table *t, uint64_t hash, void *item)
{
	place(t, hash, item);
	t->n++;
}

static struct table_slot *find_item(const struct table *t, uint64_t hash, const void *item)
{
	if (t->cap == 0)
		return NULL;
	for (size_t i = home(t, hash); t->slot[i].item != NULL; i = behind(t, i))
		if (t->slot[i].item == item)
			return &t->slot[i];
	return NULL;
}

void table_remove(struct table *t, uint64_t hash, const void *item)
{
	struct table_slot *found = find_item(t, hash, item);
	size_t hole, i;

	if (found == NULL)
		return;
	hole = (size_t)(found - t->slot);
	for (i = behind(t, hole); t->slot[i].item != NULL; i = behind(t, i)) {
		/* Movable unless its home lies behind the hole, going round. */
		if (distance(t, home(t, t->slot[i].hash), i) < distance(t, hole, i))
			continue;
		t->slot[hole] = t->slot[i];
		hole = i;
	}
	t->slot[hole].item = NULL;
	t->n--;
}

void table_replace(struct table *t, uint64_t hash, const void *old, void *item)
{
	struct table_slot *found = find_item(t, hash, old);

	if (found != NULL)
		found->item = item;
}

static void *scan(const struct table *t, uint64_t hash, size_t *at)
{
	for (; t->slot[*at].item != NULL; *at = behind(t, *at))
		if (t->slot[*at].hash == hash)
			return t->slot[*at].item;
	return NULL;
}

void *table_first(const struct table *t, uint64_t hash, size_t *at)
{
	if (t->cap == 0)
		return NULL;
	*at = home(t, hash);
	return scan(t, hash, at);
}

void *table_next(const struct table *t, uint64_t hash, size_t *at)
{
	*at = behind(t, *at);
	return scan(t, hash, at);
}
