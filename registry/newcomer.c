/* SPDX-License-Identifier: Apache-2.0 */
/*
 * newcomer: rows of a few buckets, chosen by a keyed hash; a new address takes
 * the place of the one that used least, so that nobody who used all of his is
 * forgotten for many who used little.
 */
#include "config.h"

#include "registry/newcomer.h"

#include <stdlib.h>
#include <string.h>

#include "common/store/table.h"

#define ROWS 512
#define SLOTS 8

/* Zeroed: nobody's. */
struct bucket {
	uint64_t hash;
	double used;
	int64_t at_ms;
};

struct newcomers {
	struct table_seed seed;
	struct newcomer_limits limits;
	struct bucket bucket[ROWS][SLOTS];
};

int newcomers_open(struct newcomers **out, const struct newcomer_limits *limits, struct err *e)
{
	struct newcomers *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	n->limits = *limits;
	if (table_seed(&n->seed, e) == -1) {
		free(n);
		return -1;
	}
	*out = n;
	return 0;
}

void newcomers_close(struct newcomers **n)
{
	free(*n);
	*n = NULL;
}

static void drain(const struct newcomers *n, struct bucket *b, int64_t limit, int64_t now_ms)
{
	int64_t ms = now_ms - b->at_ms;

	b->at_ms = now_ms;
	if (ms > 0)
		b->used -= (double)ms * (double)limit / (double)n->limits.time_ms;
	if (b->used < 0)
		b->used = 0;
}

static struct bucket *find(struct newcomers *n, uint64_t hash, int64_t limit, int64_t now_ms)
{
	struct bucket *row = n->bucket[hash % ROWS], *least = &row[0];

	for (size_t i = 0; i < SLOTS; i++) {
		if (row[i].hash == hash) {
			drain(n, &row[i], limit, now_ms);
			return &row[i];
		}
		if (row[i].used < least->used)
			least = &row[i];
	}
	*least = (struct bucket){ .hash = hash, .at_ms = now_ms };
	return least;
}

static bool has_room(const struct bucket *b, int64_t limit)
{
	return b->used + 1 <= (double)limit;
}

bool newcomer_may(struct newcomers *n, const char *bare, int64_t now_ms)
{
	const char *at = strchr(bare, '@');
	const struct newcomer_limits *l = &n->limits;
	struct bucket *domain = find(n, table_hash_text(&n->seed, 2, at != NULL ? at + 1 : bare),
	    l->per_domain, now_ms), *who;

	if (!has_room(domain, l->per_domain))
		return false;
	/* It may take the place of the domain's, if all others used more. */
	domain->used += 1;
	who = find(n, table_hash_text(&n->seed, 1, bare), l->per_jid, now_ms);
	if (!has_room(who, l->per_jid)) {
		domain->used -= 1;
		return false;
	}
	who->used += 1;
	return true;
}
