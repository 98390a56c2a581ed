/* SPDX-License-Identifier: Apache-2.0 */
/* usage: a sliding window of stamps per asker and rule. */
#include "config.h"

#include "thing/usage.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

static void row_drop(struct usage *u, size_t i)
{
	mem_free(u->row[i].jid);
	u->row[i] = u->row[--u->n];
	memset(&u->row[u->n], 0, sizeof(u->row[0]));
}

static void stamps_drop_over(struct usage_row *r, int64_t now_ms)
{
	size_t over = 0;

	while (over < r->n && r->stamp[over].at_ms + r->within_ms <= now_ms)
		over++;
	r->n -= over;
	memmove(r->stamp, r->stamp + over, r->n * sizeof(r->stamp[0]));
}

void usage_drop_over(struct usage *u, int64_t now_ms)
{
	for (size_t i = u->n; i-- > 0;) {
		stamps_drop_over(&u->row[i], now_ms);
		if (u->row[i].n == 0)
			row_drop(u, i);
	}
}

static struct usage_row *find(struct usage *u, const char *jid, int64_t rule)
{
	for (size_t i = 0; i < u->n; i++)
		if (u->row[i].rule == rule && strcmp(u->row[i].jid, jid) == 0)
			return &u->row[i];
	return NULL;
}

/* Until the oldest row makes room. */
static int64_t wait_for_room(const struct usage *u, int64_t now_ms)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < u->n; i++) {
		const struct usage_row *r = &u->row[i];
		int64_t end = r->stamp[r->n - 1].at_ms + r->within_ms;

		if (end < first)
			first = end;
	}
	return first - now_ms;
}

int64_t usage_wait(struct usage *u, const char *jid, const struct limit *l, int64_t now_ms)
{
	struct usage_row *r;
	int64_t used = 0;

	usage_drop_over(u, now_ms);
	r = find(u, jid, l->rule);
	if (!r)
		return u->n < USAGE_ROWS ? 0 : wait_for_room(u, now_ms);
	for (size_t i = 0; i < r->n; i++)
		used += r->stamp[i].times;
	for (size_t i = 0; i < r->n && used >= l->rate_n; i++) {
		used -= r->stamp[i].times;
		if (used < l->rate_n)
			return r->stamp[i].at_ms + r->within_ms - now_ms;
	}
	return 0;
}

/* Two neighbours become one, as late as the later: those that lie closest. */
static void make_room(struct usage_row *r)
{
	size_t best = 0;

	if (r->n < USAGE_STAMPS)
		return;
	for (size_t i = 0; i + 1 < r->n; i++)
		if (r->stamp[i + 1].at_ms - r->stamp[i].at_ms <
		    r->stamp[best + 1].at_ms - r->stamp[best].at_ms)
			best = i;
	r->stamp[best + 1].times += r->stamp[best].times;
	r->n--;
	memmove(r->stamp + best, r->stamp + best + 1, (r->n - best) * sizeof(r->stamp[0]));
}

/* Most things need none, and few need many. */
static bool has_room(struct usage *u)
{
	size_t room = u->room ? 2 * u->room : 4;
	struct usage_row *more;

	if (u->n < u->room)
		return true;
	if (room > USAGE_ROWS)
		room = USAGE_ROWS;
	more = u->n < room ? mem_resize(u->row, room * sizeof(u->row[0])) : NULL;
	if (!more)
		return false;
	u->row = more;
	u->room = room;
	return true;
}

static struct usage_row *row_new(struct usage *u, const char *jid, int64_t rule)
{
	struct usage_row *r;

	if (!has_room(u))
		return NULL;
	r = &u->row[u->n];
	memset(r, 0, sizeof(*r));
	r->jid = mem_strdup(jid);
	if (!r->jid)
		return NULL;
	r->rule = rule;
	u->n++;
	return r;
}

int usage_count(struct usage *u, const char *jid, const struct limit *l, int64_t now_ms)
{
	struct usage_row *r = find(u, jid, l->rule);

	if (!r)
		r = row_new(u, jid, l->rule);
	if (!r)
		return -1;
	if (l->rate_ms > r->within_ms)
		r->within_ms = l->rate_ms;
	make_room(r);
	r->stamp[r->n++] = (struct usage_stamp){ now_ms, 1 };
	return 0;
}

bool usage_restore(struct usage *u, const struct usage_row *row)
{
	struct usage_row *r = row->n > 0 && !find(u, row->jid, row->rule) ?
	    row_new(u, row->jid, row->rule) : NULL;

	if (!r)
		return false;
	r->within_ms = row->within_ms;
	r->n = row->n;
	memcpy(r->stamp, row->stamp, sizeof(r->stamp));
	return true;
}

void usage_fini(struct usage *u)
{
	while (u->n > 0)
		row_drop(u, u->n - 1);
	mem_free(u->row);
	u->row = NULL;
	u->room = 0;
}
