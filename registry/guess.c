/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guess: rows of a few slots, chosen by a keyed hash; a newcomer takes the
 * place of whoever failed least, so that failing under many names pushes out
 * no one who fails more.
 */
#include "config.h"

#include "registry/guess.h"

#include <stdlib.h>
#include <string.h>

#include "common/store/table.h"

#define ROWS 512
#define SLOTS 8
#define MINUTE 60000

/* Zeroed: nobody's. */
struct slot {
	uint64_t hash;
	int64_t used;		/* thousandths of a failure */
	int64_t at_ms, alarm_ms;
};

struct name_slot {
	uint64_t name;
	int64_t wrong;
};

struct guess {
	struct table_seed seed;
	struct guess_limits limits;
	struct slot slot[ROWS][SLOTS];	/* JIDs and domains */
	struct slot global;
	struct name_slot name[ROWS][SLOTS];
};

int guess_open(struct guess **out, const struct guess_limits *limits, struct err *e)
{
	struct guess *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	g->limits = *limits;
	if (table_seed(&g->seed, e) == -1) {
		free(g);
		return -1;
	}
	*out = g;
	return 0;
}

void guess_close(struct guess **g)
{
	free(*g);
	*g = NULL;
}

/* ---- failures ---- */

static void refill(struct slot *s, int64_t per_minute, int64_t now_ms)
{
	int64_t ms = now_ms - s->at_ms;

	s->at_ms = now_ms;
	if (ms <= 0)
		return;
	if (ms >= MINUTE)
		s->used = 0;
	else
		s->used -= ms * per_minute / (MINUTE / 1000);
	if (s->used < 0)
		s->used = 0;
}

static struct slot *find(struct guess *g, uint64_t hash, int64_t per_minute, int64_t now_ms)
{
	struct slot *row = g->slot[hash % ROWS], *least = &row[0];

	for (size_t i = 0; i < SLOTS; i++) {
		if (row[i].hash == hash) {
			refill(&row[i], per_minute, now_ms);
			return &row[i];
		}
		if (row[i].used < least->used)
			least = &row[i];
	}
	*least = (struct slot){ .hash = hash, .at_ms = now_ms };
	return least;
}

/* More than all of it is never owed: he is not late for ever. */
static void charge(struct slot *s, int64_t per_minute, int64_t now_ms, enum guess_scope scope,
    struct guess_outcome *out)
{
	if (s->used / 1000 < per_minute) {
		s->used += 1000;
		return;
	}
	out->delay_ms = GUESS_DELAY_MS;
	out->alarm[scope] = s->alarm_ms == 0 || now_ms - s->alarm_ms >= MINUTE;
	if (out->alarm[scope])
		s->alarm_ms = now_ms > 0 ? now_ms : 1;
}

void guess_failed(struct guess *g, const char *bare, int64_t now_ms, struct guess_outcome *out)
{
	const char *at = strchr(bare, '@');
	uint64_t who = table_hash_text(&g->seed, 1, bare);
	uint64_t domain = table_hash_text(&g->seed, 2, at != NULL ? at + 1 : bare);

	memset(out, 0, sizeof(*out));
	charge(find(g, who, g->limits.per_jid, now_ms), g->limits.per_jid, now_ms, GUESS_JID, out);
	charge(find(g, domain, g->limits.per_domain, now_ms), g->limits.per_domain, now_ms,
	    GUESS_DOMAIN, out);
	refill(&g->global, g->limits.global, now_ms);
	charge(&g->global, g->limits.global, now_ms, GUESS_GLOBAL, out);
}

/* ---- wrong KEYs ---- */

bool guess_wrong_key(struct guess *g, uint64_t name)
{
	struct name_slot *row = g->name[name % ROWS], *s = &row[0];

	for (size_t i = 0; i < SLOTS; i++) {
		if (row[i].name == name) {
			s = &row[i];
			break;
		}
		if (row[i].wrong < s->wrong)
			s = &row[i];
	}
	if (s->name != name)
		*s = (struct name_slot){ .name = name };
	return ++s->wrong == g->limits.wrong_keys;
}

bool guess_is_weak(const struct guess *g, uint64_t name)
{
	const struct name_slot *row = g->name[name % ROWS];

	for (size_t i = 0; i < SLOTS; i++)
		if (name != 0 && row[i].name == name)
			return row[i].wrong >= g->limits.wrong_keys;
	return false;
}
