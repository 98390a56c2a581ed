/* SPDX-License-Identifier: Apache-2.0 */
/* search_budget: rows of a few slots each, chosen by a keyed hash of the asker. */
#include "config.h"

#include "registry/search_budget.h"

#include <stdlib.h>
#include <string.h>

#include "common/store/table.h"

#define ROWS 512
#define SLOTS 8
#define SMALL 16	/* a search may cost one part of so many while others used it up */

/* Zeroed: nobody's, and nothing is used. */
struct slot {
	uint64_t hash;
	int64_t rate;		/* what comes back in a second */
	int64_t used, at_ms;
	bool told;		/* that he searched too much; until all is paid back */
};

struct search_budget {
	struct table_seed seed;
	struct search_rates rates;
	struct slot all;
	struct slot slot[ROWS][SLOTS];
};

int search_budget_open(struct search_budget **out, const struct search_rates *rates,
    struct err *e)
{
	struct search_budget *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	b->rates = *rates;
	b->all.rate = rates->all;
	if (table_seed(&b->seed, e) == -1) {
		free(b);
		return -1;
	}
	*out = b;
	return 0;
}

void search_budget_close(struct search_budget **b)
{
	free(*b);
	*b = NULL;
}

static void refill(struct slot *s, int64_t now_ms)
{
	int64_t ms = now_ms - s->at_ms;

	s->at_ms = now_ms;
	if (s->used <= 0 || ms <= 0)
		return;
	/* After so long nothing is owed; less long, and the product is small. */
	if (ms > 1000 * (s->used / s->rate + 1))
		s->used = 0;
	else
		s->used -= ms * s->rate / 1000;
	if (s->used <= 0) {
		s->used = 0;
		s->told = false;
	}
}

/* What is owed, as time: a domain's rate is not a person's. */
static double owes(const struct slot *s)
{
	return s->rate > 0 ? (double)s->used / (double)s->rate : 0;
}

/* His slot, or the one whose asker owes least; then *is_his is false. */
static struct slot *find(struct search_budget *b, uint64_t hash, int64_t now_ms, bool *is_his)
{
	struct slot *row = b->slot[hash % ROWS];
	struct slot *least = &row[0];

	*is_his = true;
	for (size_t i = 0; i < SLOTS; i++) {
		refill(&row[i], now_ms);
		if (row[i].hash == hash)
			return &row[i];
		if (owes(&row[i]) < owes(least))
			least = &row[i];
	}
	*is_his = false;
	return least;
}

static uint64_t hash_asker(const struct search_budget *b, const char *bare)
{
	return table_hash_text(&b->seed, 1, bare);
}

static uint64_t hash_domain(const struct search_budget *b, const char *bare)
{
	const char *at = strchr(bare, '@');

	return table_hash_text(&b->seed, 2, at != NULL ? at + 1 : bare);
}

static bool is_left(struct search_budget *b, uint64_t hash, int64_t now_ms)
{
	bool is_his;
	const struct slot *s = find(b, hash, now_ms, &is_his);

	return !is_his || s->used < s->rate;
}

int64_t search_budget_left(struct search_budget *b, const char *bare, int64_t most,
    int64_t now_ms)
{
	refill(&b->all, now_ms);
	if (!is_left(b, hash_asker(b, bare), now_ms))
		return 0;
	if (is_left(b, hash_domain(b, bare), now_ms) && b->all.used < b->all.rate)
		return most;
	return most / SMALL;
}

static struct slot *charge(struct search_budget *b, uint64_t hash, int64_t rate,
    int64_t now_ms, int64_t work)
{
	bool is_his;
	struct slot *s = find(b, hash, now_ms, &is_his);

	if (!is_his)
		*s = (struct slot){ .hash = hash, .rate = rate, .at_ms = now_ms };
	s->used += work;
	return s;
}

bool search_budget_charge(struct search_budget *b, const char *bare, int64_t now_ms,
    int64_t work)
{
	struct slot *his = charge(b, hash_asker(b, bare), b->rates.asker, now_ms, work);
	bool tell = his->used >= b->rates.asker && !his->told;

	his->told |= tell;
	charge(b, hash_domain(b, bare), b->rates.domain, now_ms, work);
	b->all.used += work;
	return tell;
}
