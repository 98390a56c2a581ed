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
#include "registry/column.h"

struct store;
struct search_index;

/* Ever growing: a thing that comes to be found is behind all others, and stays
 * where it is when its tags change.  The strings live until the next change. */
struct search_item {
	const uint8_t *id;
	uint32_t number;
	struct tag_list tags;	/* names folded; numbers without their text */
};

int search_index_open(struct search_index **out, struct store *s, struct err *e);
void search_index_close(struct search_index **x);

/* This thing may be found by these packed tags (tags.h): new or changed.  In
 * a transaction, like its removal. */
int search_index_put(struct search_index *x, const uint8_t id[static OWNERSHIP_ID],
    const void *tags, size_t tags_len, struct err *e);
int search_index_delete(struct search_index *x, const uint8_t id[static OWNERSHIP_ID],
    struct err *e);
/* At start, outside of any transaction: how many will come, all of them, and once
 * search_index_loaded(), which puts their values in order; before that nothing can
 * be searched. */
int search_index_expect(struct search_index *x, size_t things, struct err *e);
int search_index_load(struct search_index *x, const uint8_t id[static OWNERSHIP_ID],
    const void *tags, size_t tags_len, struct err *e);
int search_index_loaded(struct search_index *x, struct err *e);
size_t search_index_count(const struct search_index *x);

/* For search_plan.c: what the choice is made from. */
const struct numset *search_index_all(const struct search_index *x);
/* NULL: no findable thing has such a tag. */
const struct column *search_index_column(const struct search_index *x, const char *name,
    bool is_num);
/* All of them, in no order that means anything; NULL at the end. */
const struct column *search_index_column_at(const struct search_index *x, size_t i);
/* The thing of this number; `room` for its tags.  False: it is going, or new and not yet there. */
bool search_index_item(const struct search_index *x, uint32_t number,
    struct tag room[static WIRE_TAGS], struct search_item *out);

#endif
