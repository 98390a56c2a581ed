/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_cursor: where the next page of a search begins, remembered for a few
 * minutes.  An offset alone counts things: when one in front of it goes, the
 * next page would leave one out.  A bounded table in memory; who is not in it
 * is served by his offset.
 */
#ifndef KITH_REGISTRY_SEARCH_CURSOR_H
#define KITH_REGISTRY_SEARCH_CURSOR_H

#include "common/base/err.h"
#include "common/wire/request.h"

struct search_cursors;

int search_cursors_open(struct search_cursors **out, struct err *e);
void search_cursors_close(struct search_cursors **c);

/* The page of this asker, these terms and this offset begins behind `number`. */
void search_cursor_put(struct search_cursors *c, const struct request *q, int64_t offset,
    uint32_t number, int64_t now_ms);
/* True: *number is the last one in front of the page asked for. */
bool search_cursor_find(const struct search_cursors *c, const struct request *q, int64_t now_ms,
    uint32_t *number);

#endif
