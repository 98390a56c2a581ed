/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posting: one tag of one findable thing, as a node of an ordered tree.  All
 * lists stand in one tree, ordered by list, value and the thing's number, so
 * "who has this value" and "who lies in this range" are runs of neighbours
 * whose length is known before they are walked.  Read next: search_index.h.
 */
#ifndef KITH_REGISTRY_POSTING_H
#define KITH_REGISTRY_POSTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the values of a list are; the lowest two bits of its number. */
enum posting_kind { POSTING_PLAIN, POSTING_NUM, POSTING_STR };

union posting_value {
	const char *str;
	double num;
};

/* Nodes belong to their item, so neither adding nor removing needs memory. */
struct posting {
	uint64_t list;
	union posting_value value;
	uint64_t number;	/* of the item */
	void *item;
	uint32_t rank;		/* random: keeps the tree flat whatever peers register */
	uint32_t size;		/* of the subtree; the tree's, like the two below */
	struct posting *left, *right;
};

/* A place between two postings. */
struct posting_cut {
	uint64_t list;
	bool has_value;		/* no: before or behind the whole list */
	union posting_value value;
	size_t prefix;		/* only so many bytes of a string count; 0: all */
	bool behind;		/* behind those that are equal, else in front of them */
};

/* NULL is the empty tree. */
void posting_add(struct posting **root, struct posting *p);
/* It must be in the tree. */
void posting_remove(struct posting **root, const struct posting *p);
/* How many lie in front of the cut. */
size_t posting_before(const struct posting *root, const struct posting_cut *cut);
/* Those between two cuts, in order, until fn says false; then false. */
typedef bool (*posting_fn)(void *arg, const struct posting *p);
bool posting_walk(const struct posting *root, const struct posting_cut *from,
    const struct posting_cut *to, posting_fn fn, void *arg);

#endif
