/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_term: the operators of XEP-0347 3.14, and strRegEx, over one thing's
 * tags.  Pure.  Used by search.c for what leaves, and by search_index.c for
 * what could.
 */
#ifndef KITH_REGISTRY_SEARCH_TERM_H
#define KITH_REGISTRY_SEARCH_TERM_H

#include <stdbool.h>

#include "common/wire/reply.h"
#include "common/wire/request.h"
#include "registry/regex.h"

/* The terms of one search with their expressions, where they have one. */
struct search_terms {
	size_t n;
	const struct search_term *term;
	const struct regex *const *regex;
};

/* In `pool`; `q` must outlive it.  COND_NONE, or why these terms mean nothing. */
enum condition search_terms_prepare(struct search_terms *out, const struct request_search *q,
    struct pool *pool);
/* Such a search finds nothing, and is no error (att-C-05). */
bool search_terms_name_key(const struct request_search *q);

/* Do all terms fit?  A term on KEY fits nothing.  *work is lowered by what
 * looking cost; below 0 it was not enough, and the answer is none. */
bool search_terms_fit(const struct search_terms *s, const struct tag_list *tags, int64_t *work);

/* One term on one name or value; KEY is not looked at here. */
bool search_term_is_num(const struct search_term *t);
bool search_term_name(const struct search_term *t, const char *name, int64_t *work);
bool search_term_num(const struct search_term *t, double v);
bool search_term_str(const struct search_term *t, const struct regex *regex, const char *v,
    int64_t *work);
/* `wildcard` in `mask` stands for any run of characters, nothing else is
 * special; linear in both for each wildcard, never exponential (att-O-02). */
bool search_term_mask(const char *text, const char *mask, const char *wildcard, bool fold);

#endif
