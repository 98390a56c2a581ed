/* SPDX-License-Identifier: Apache-2.0 */
/* search_cursor: rows of a few slots, the oldest of a row gives way. */
#include "config.h"

#include "registry/search_cursor.h"

#include <stdlib.h>

#include "common/store/table.h"

#define ROWS 512
#define SLOTS 8
#define KEPT_MS (5 * 60 * 1000)

struct slot {
	uint64_t hash;		/* 0: free */
	int64_t at_ms;
	uint32_t number;
};

struct search_cursors {
	struct table_seed seed;
	struct slot slot[ROWS][SLOTS];
};

int search_cursors_open(struct search_cursors **out, struct err *e)
{
	struct search_cursors *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (table_seed(&c->seed, e) == -1) {
		free(c);
		return -1;
	}
	*out = c;
	return 0;
}

void search_cursors_close(struct search_cursors **c)
{
	free(*c);
	*c = NULL;
}

static uint64_t hash_term(const struct table_seed *s, uint64_t h, const struct search_term *t)
{
	const double nums[] = { t->num, t->num_min, t->num_max };
	const uint8_t flags[] = { (uint8_t)t->op, t->has_min, t->has_max, t->min_included,
	    t->max_included };

	h = table_hash_text(s, h, t->name);
	h = table_hash_text(s, h, t->name_wildcard);
	h = table_hash_text(s, h, t->value);
	h = table_hash_text(s, h, t->wildcard);
	h = table_hash_text(s, h, t->min);
	h = table_hash_text(s, h, t->max);
	h = table_hash(s, h, nums, sizeof(nums));
	return table_hash(s, h, flags, sizeof(flags));
}

static uint64_t hash_page(const struct search_cursors *c, const struct request *q, int64_t offset)
{
	uint64_t h = table_hash_text(&c->seed, 0, q->bare);

	h = table_hash(&c->seed, h, &offset, sizeof(offset));
	for (size_t i = 0; i < q->u.search.n; i++)
		h = hash_term(&c->seed, h, &q->u.search.term[i]);
	return h | 1;
}

void search_cursor_put(struct search_cursors *c, const struct request *q, int64_t offset,
    uint32_t number, int64_t now_ms)
{
	uint64_t hash = hash_page(c, q, offset);
	struct slot *row = c->slot[hash / 2 % ROWS], *to = &row[0];

	for (size_t i = 0; i < SLOTS && to->hash != hash; i++)
		if (row[i].hash == hash || row[i].at_ms < to->at_ms)
			to = &row[i];
	*to = (struct slot){ hash, now_ms, number };
}

bool search_cursor_find(const struct search_cursors *c, const struct request *q, int64_t now_ms,
    uint32_t *number)
{
	uint64_t hash = hash_page(c, q, q->u.search.offset);
	const struct slot *row = c->slot[hash / 2 % ROWS];

	for (size_t i = 0; i < SLOTS; i++)
		if (row[i].hash == hash && now_ms - row[i].at_ms <= KEPT_MS) {
			*number = row[i].number;
			return true;
		}
	return false;
}
