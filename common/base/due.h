/* SPDX-License-Identifier: Apache-2.0 */
/*
 * due: what comes next, in a heap.  Whoever has a moment keeps a struct due as a
 * member, so that it is moved and taken out without looking for it.  The heap
 * owns none of them and knows no clock.
 */
#ifndef KITH_BASE_DUE_H
#define KITH_BASE_DUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct due {
	int64_t ms;
	size_t at;		/* in the heap, from 1; 0: not in it */
};

/* Zeroed is empty and ready. */
struct due_heap {
	struct due **item;
	size_t n, cap;
};

void due_fini(struct due_heap *h);
/* Room for `n` in all; only this allocates.  -1: out of memory. */
int due_reserve(struct due_heap *h, size_t n);
static inline bool due_is_in(const struct due *d) { return d->at != 0; }
/* Put it in, or move it; room must have been reserved. */
void due_put(struct due_heap *h, struct due *d, int64_t ms);
void due_remove(struct due_heap *h, struct due *d);
/* The earliest; NULL: none. */
static inline struct due *due_first(const struct due_heap *h)
{
	return h->n > 0 ? h->item[0] : NULL;
}

#endif
