/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_budget: how much searching each asker did of late, in memory only, so
 * that one who searches without end is put off while all others are served.
 * A bounded table: more askers than it holds cost nothing but the memory of
 * those who used least.
 */
#ifndef KITH_REGISTRY_SEARCH_BUDGET_H
#define KITH_REGISTRY_SEARCH_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

struct search_budget;

/* `per_second` comes back each second, and is all that can be saved up. */
int search_budget_open(struct search_budget **out, int64_t per_second, struct err *e);
void search_budget_close(struct search_budget **b);

/* Has this asker anything left? */
bool search_budget_left(struct search_budget *b, const char *who, int64_t now_ms);
/* What a search cost, after it: he may owe some of it. */
void search_budget_charge(struct search_budget *b, const char *who, int64_t now_ms,
    int64_t work);

#endif
