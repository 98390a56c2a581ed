/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search: the operators of XEP-0347 3.14 over one thing's tags.  Pure.
 * strRegEx is not here yet: it wants an engine of linear time.
 */
#ifndef KITH_REGISTRY_SEARCH_H
#define KITH_REGISTRY_SEARCH_H

#include <stdbool.h>

#include "common/wire/request.h"

/* Do all terms fit?  A term on KEY fits nothing (att-C-05).  *work is lowered
 * by what looking cost; below 0 it was not enough, and the answer is none. */
bool search_fits(const struct request_search *s, const struct tag_list *tags, int64_t *work);
/* Can this search find anything at all? */
bool search_may_find(const struct request_search *s);
/* Is there an operator we do not have? */
bool search_is_known(const struct request_search *s);
/* `wildcard` in `mask` stands for any run of characters, nothing else is
 * special; linear in both for each wildcard, never exponential (att-O-02). */
bool search_mask(const char *text, const char *mask, const char *wildcard, bool fold);

#endif
