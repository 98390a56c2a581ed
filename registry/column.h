/* SPDX-License-Identifier: Apache-2.0 */
/*
 * column: all values that findable things have under one name of a tag, in
 * order, each once, with the numbers of those things; and which values hold
 * which three bytes, so that a piece of a string is found without reading all.
 * Memory only.  Read next: search_index.h.
 */
#ifndef KITH_REGISTRY_COLUMN_H
#define KITH_REGISTRY_COLUMN_H

#include "common/base/err.h"
#include "common/store/table.h"
#include "common/wire/request.h"
#include "registry/numset.h"

struct column;

struct column_value {
	struct column *column;
	struct numset things;
	uint32_t gram_id;	/* in the sets of pieces, where there are any */
	char bytes[];		/* a string, or a double */
};

struct column_block;

struct column {
	const char *name;	/* folded */
	uint64_t hash;		/* of name and kind, for the table of columns */
	size_t index;		/* among the columns */
	bool is_num;
	struct numset things;	/* that have it at all */
	size_t n;		/* values */
	struct column_block **block;
	size_t blocks, cap;
	struct column_gathered *gathered;	/* NULL: the values are in their blocks */
	struct column_grams *grams;	/* NULL: too few values to be worth it */
	double **leaf;			/* of numbers, by thing; NULL: too few things */
	size_t leaves;
};

struct column *column_new(const char *folded, bool is_num, uint64_t hash, struct err *e);
/* All its values must have gone, or go now. */
void column_free(struct column **c);

/*
 * At the start all values come at once: then they are found by hash, and put in
 * order once, by column_arrange().  Until then only column_add() and
 * column_remove() may be called.  `seed` lives longer.
 */
int column_gather(struct column *c, const struct table_seed *seed, struct err *e);
int column_arrange(struct column *c, struct err *e);

/* This thing has this value: the value, new or not.  NULL: out of memory, nothing changed. */
struct column_value *column_add(struct column *c, const struct tag *t, uint32_t thing,
    struct err *e);
/* No more.  A value that nothing has is freed. */
void column_remove(struct column_value *v, uint32_t thing);

/*
 * Of columns of numbers that a good part of all things have, each thing's number
 * also stands where its own number points: a walk then looks at memory in order.
 * column_follow() begins and ends that as the column grows and shrinks;
 * column_now() says what the thing's value is, from now on.
 */
void column_follow(struct column *c, uint32_t thing, size_t all_things);
void column_now(const struct column_value *v, uint32_t thing);
/* It will be wanted soon. */
void column_ask_for(const struct column *c, uint32_t thing);
/* False: not known. */
bool column_num_of(const struct column *c, uint32_t thing, double *out);

double column_num(const struct column_value *v);
const char *column_str(const struct column_value *v);

/* A place between two values. */
struct column_cut {
	const char *str;	/* of a column of strings */
	size_t prefix;		/* only so many of its bytes count; 0: all */
	double num;
	bool behind;		/* behind those that are equal, else in front of them */
};

/* A run of neighbours; zeroed is empty. */
struct column_span {
	const struct column *column;
	size_t block, at;	/* the first one */
	size_t n;
};

/* NULL is the end of the column on that side. */
struct column_span column_between(const struct column *c, const struct column_cut *from,
    const struct column_cut *to);
/* Takes the first one off; NULL: there is none. */
const struct column_value *column_next(struct column_span *s);

/* Is the string long enough, and the column kept by pieces? */
bool column_knows(const struct column *c, const char *str);
/* How many values hold a string it knows, at most. */
size_t column_count_holding(const struct column *c, const char *str);
/* The values that hold a string it knows: some may not, none is left out. */
#define COLUMN_HOLDING 8	/* sets; of more pieces hardly fewer would be left */
struct column_holding {
	const struct column *column;
	struct numset_walk walk[COLUMN_HOLDING];
	size_t n;
	uint32_t from;
};
struct column_holding column_holding(const struct column *c, const char *str);
/* NULL: no more.  *leaps counts the looks at sets. */
const struct column_value *column_next_holding(struct column_holding *h, uint64_t *leaps);

#endif
