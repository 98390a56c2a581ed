/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_index: the things that may be found, in memory, by what their tags
 * say.  It holds nothing else: who is private, unclaimed or off the list is
 * not in it, so neither counts nor pages can hint at them (att-C-20).  It
 * follows the rows in the same transaction, and a rollback undoes it; made
 * anew at start.  It knows no owners: search.c tells it what changed.
 */
#ifndef KITH_REGISTRY_SEARCH_INDEX_H
#define KITH_REGISTRY_SEARCH_INDEX_H

#include "common/base/err.h"
#include "common/store/ownership.h"
#include "common/wire/request.h"

struct store;
struct search_index;

struct search_item {
	uint8_t id[OWNERSHIP_ID];
	/* Ever growing: a thing that comes to be found is behind all others, and
	 * stays where it is when its tags change. */
	uint64_t number;
	struct tag_list tags;
};

int search_index_open(struct search_index **out, struct store *s, struct err *e);
void search_index_close(struct search_index **x);

/* This thing may be found by these packed tags (tags.h): new or changed.  In
 * a transaction, like its removal. */
int search_index_put(struct search_index *x, const uint8_t id[static OWNERSHIP_ID],
    const void *tags, size_t tags_len, struct err *e);
int search_index_delete(struct search_index *x, const uint8_t id[static OWNERSHIP_ID],
    struct err *e);
/* At start, outside of any transaction. */
int search_index_load(struct search_index *x, const uint8_t id[static OWNERSHIP_ID],
    const void *tags, size_t tags_len, struct err *e);
size_t search_index_count(const struct search_index *x);

/*
 * All things that could fit, in the order of their numbers, each once, until
 * fn says false.  No thing that fits is left out; whether one fits is fn's to
 * tell.  *work is lowered by what choosing them cost.  -1: out of memory.
 */
typedef bool (*search_index_fn)(void *arg, const struct search_item *item);
int search_index_walk(const struct search_index *x, const struct request_search *s,
    int64_t *work, search_index_fn fn, void *arg);

#endif
