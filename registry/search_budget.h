/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_budget: how much searching each asker, each domain and all together
 * did of late, in memory only, so that one who searches without end is put off
 * while all others are served, under however many names he does it.  A bounded
 * table: more askers than it holds cost nothing but the memory of those who
 * used least.
 */
#ifndef KITH_REGISTRY_SEARCH_BUDGET_H
#define KITH_REGISTRY_SEARCH_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

struct search_budget;

/* So much comes back each second, and is all that can be saved up. */
struct search_rates {
	int64_t asker, domain, all;
};

int search_budget_open(struct search_budget **out, const struct search_rates *rates,
    struct err *e);
void search_budget_close(struct search_budget **b);

/*
 * What a search of this asker may cost now: `most`; a small part of it when his
 * domain or all together used up theirs, so that whoever asks for little is
 * still served; 0 when he himself did.
 */
int64_t search_budget_left(struct search_budget *b, const char *bare, int64_t most,
    int64_t now_ms);
/* What a search cost, after it: he may owe some of it.  True: this used up what
 * he had, for the first time since all was paid back. */
bool search_budget_charge(struct search_budget *b, const char *bare, int64_t now_ms,
    int64_t work);

#endif
