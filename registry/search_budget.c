/* SPDX-License-Identifier: Apache-2.0 */
/* search_budget: rows of a few slots each, chosen by a keyed hash of the asker. */
#include "config.h"

#include "registry/search_budget.h"

#include <stdlib.h>

#include "common/store/table.h"

#define ROWS 512
#define SLOTS 8

/* Zeroed: nobody's, and nothing is used. */
struct slot {
	uint64_t hash;
	int64_t used, at_ms;
};

struct search_budget {
	struct table_seed seed;
	int64_t per_second;
	struct slot slot[ROWS][SLOTS];
};

int search_budget_open(struct search_budget **out, int64_t per_second, struct err *e)
{
	struct search_budget *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	b->per_second = per_second;
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

static void refill(const struct search_budget *b, struct slot *s, int64_t now_ms)
{
	int64_t ms = now_ms - s->at_ms;

	s->at_ms = now_ms;
	if (s->used <= 0 || ms <= 0)
		return;
	/* After so long nothing is owed; less long, and the product is small. */
	if (ms > 1000 * (s->used / b->per_second + 1))
		s->used = 0;
	else
		s->used -= ms * b->per_second / 1000;
	if (s->used < 0)
		s->used = 0;
}

/* His slot, or the one whose asker used least; then *is_his is false. */
static struct slot *find(struct search_budget *b, uint64_t hash, int64_t now_ms, bool *is_his)
{
	struct slot *row = b->slot[hash % ROWS];
	struct slot *least = &row[0];

	*is_his = true;
	for (size_t i = 0; i < SLOTS; i++) {
		refill(b, &row[i], now_ms);
		if (row[i].hash == hash)
			return &row[i];
		if (row[i].used < least->used)
			least = &row[i];
	}
	*is_his = false;
	return least;
}

bool search_budget_left(struct search_budget *b, const char *who, int64_t now_ms)
{
	bool is_his;
	const struct slot *s = find(b, table_hash_text(&b->seed, 0, who), now_ms, &is_his);

	return !is_his || s->used < b->per_second;
}

void search_budget_charge(struct search_budget *b, const char *who, int64_t now_ms,
    int64_t work)
{
	uint64_t hash = table_hash_text(&b->seed, 0, who);
	bool is_his;
	struct slot *s = find(b, hash, now_ms, &is_his);

	if (!is_his) {
		s->hash = hash;
		s->used = 0;
	}
	s->used += work;
}
