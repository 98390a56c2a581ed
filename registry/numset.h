/* SPDX-License-Identifier: Apache-2.0 */
/*
 * numset: a set of numbers in order, made for many sets of very different
 * sizes: one number needs no memory of its own, a few stand in a row, many in
 * groups that are rows of 16 bits each or bits.
 */
#ifndef KITH_REGISTRY_NUMSET_H
#define KITH_REGISTRY_NUMSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NUMSET_FEW 1024

struct numset_many;

/* Zeroed is empty and ready. */
struct numset {
	uint32_t n;
	uint32_t cap;			/* 0: `one`; up to NUMSET_FEW: `few`; else `many` */
	union {
		uint32_t one;
		uint32_t *few;
		struct numset_many *many;
	} u;
};

void numset_fini(struct numset *s);
/* One that is there already is fine.  -1: out of memory, nothing changed. */
int numset_add(struct numset *s, uint32_t number);
/* Never fails; one that is not there is fine. */
void numset_remove(struct numset *s, uint32_t number);
bool numset_has(const struct numset *s, uint32_t number);
/* The least that is not below `from`. */
bool numset_next(const struct numset *s, uint32_t from, uint32_t *out);

/*
 * A walk remembers where the last look was, so that the next one, which never is
 * further back, does not search from the beginning.  Begun with the set alone; the
 * set must not change meanwhile.
 */
struct numset_walk {
	const struct numset *set;
	uint32_t at;		/* place of the number, or of its group */
};

bool numset_walk_on(struct numset_walk *w, uint32_t from, uint32_t *out);
/* The least that is not below `from` and in all of them; *leaps counts the looks. */
bool numset_walk_all(struct numset_walk *w, size_t n, uint32_t from, uint32_t *out,
    uint64_t *leaps);

#endif
