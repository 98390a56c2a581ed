/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_plan: in which way a search goes through the index: sets of numbers
 * that hold every thing that fits, the rarest first, walked together in the
 * order of the numbers.  It never decides what fits.
 */
#ifndef KITH_REGISTRY_SEARCH_PLAN_H
#define KITH_REGISTRY_SEARCH_PLAN_H

#include "registry/search_index.h"
#include "registry/search_term.h"

/*
 * All things from the number `from` on that could fit, in the order of their
 * numbers, each once, until fn says false or *work, lowered by what it cost, is below 0.  No thing that
 * fits is left out.  -1: out of memory.
 */
typedef bool (*search_plan_fn)(void *arg, const struct search_item *item);
int search_plan_walk(const struct search_index *x, const struct search_terms *s, uint32_t from,
    int64_t *work, search_plan_fn fn, void *arg);

#endif
