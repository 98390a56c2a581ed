/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table: a hash table of pointers, several to one hash; the caller compares
 * keys.  Hashes are keyed with random bits, since peers choose the keys.
 * It owns nothing it points to.
 */
#ifndef KITH_STORE_TABLE_H
#define KITH_STORE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct table_seed {
	uint64_t k[2];
};

struct table_slot {
	uint64_t hash;
	void *item;		/* NULL: free */
};

struct table {
	struct table_slot *slot;
	size_t cap;		/* at most four fifths full */
	size_t n;
};

int table_seed(struct table_seed *s, struct err *e);
/* SipHash-1-3 of `data`; `before`: the hash of the parts in front of it, 0
 * for the first.  NULL data differs from empty data. */
uint64_t table_hash(const struct table_seed *s, uint64_t before, const void *data, size_t len);
uint64_t table_hash_text(const struct table_seed *s, uint64_t before, const char *text);

/* Zeroed is empty and ready. */
void table_fini(struct table *t);
/* Room for `more` further items; only this allocates. */
int table_reserve(struct table *t, size_t more, struct err *e);
/* Room must have been reserved. */
void table_add(struct table *t, uint64_t hash, void *item);
void table_remove(struct table *t, uint64_t hash, const void *item);
/* Put `item` where `old` is, under the same hash. */
void table_replace(struct table *t, uint64_t hash, const void *old, void *item);
/* All items of one hash: *at is kept between the calls.  NULL: no more. */
void *table_first(const struct table *t, uint64_t hash, size_t *at);
void *table_next(const struct table *t, uint64_t hash, size_t *at);

#endif
