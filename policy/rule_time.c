/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_time: is it time for a rule, and when does that change.  Knows no more
 * of a rule than its times, and of a question than its moment.  Next: decide.c.
 */
#include "config.h"

#include "policy/rule.h"

#include <string.h>

#include "policy/question.h"

#define MINUTE_MS 60000LL
#define DAY_MS (24 * 60 * MINUTE_MS)
#define DAY_MINUTES 1440
#define EPOCH_DAY 3		/* 1970-01-01 was a Thursday, Monday is 0 */
#define LOOK_AHEAD 8		/* days: every weekday comes round, and its end */

/* Whose midnight counts, seconds east of UTC, and for how long that is so. */
struct sun {
	bool known;
	int32_t offset_s;
	int64_t until_ms;
};

static bool goes_by_the_sun(const struct rule *r)
{
	return r->daily || r->days != 0;
}

static struct sun rule_sun(const struct rule *r, const struct question *q)
{
	if (r->zone == NULL)
		return (struct sun){ true, q->zone_s, q->zone_until_ms };
	for (size_t i = 0; i < q->n_zones; i++)
		if (strcmp(q->zones[i].name, r->zone) == 0)
			return (struct sun){ true, q->zones[i].offset_s, q->zones[i].until_ms };
	return (struct sun){ .known = false };
}

/* The local day a moment lies in; before 1970, too. */
static int64_t day_of(int64_t local_ms)
{
	return local_ms >= 0 ? local_ms / DAY_MS : -((-local_ms + DAY_MS - 1) / DAY_MS);
}

static bool is_its_day(const struct rule *r, int64_t day)
{
	int64_t weekday = ((day + EPOCH_DAY) % 7 + 7) % 7;

	return r->days == 0 || (r->days >> weekday & 1) != 0;
}

/* The time of that day: it may end on the next, but it is this day's. */
static int64_t begins(const struct rule *r, int64_t day)
{
	return day * DAY_MS + (r->daily ? r->from_min : 0) * MINUTE_MS;
}

static int64_t ends(const struct rule *r, int64_t day)
{
	int32_t to = r->daily ? r->to_min : DAY_MINUTES;

	return (day + (r->daily && r->to_min < r->from_min)) * DAY_MS + to * MINUTE_MS;
}

static bool is_its_time(const struct rule *r, int64_t local_ms)
{
	int64_t today = day_of(local_ms);

	for (int64_t day = today - 1; day <= today; day++)
		if (is_its_day(r, day) && local_ms >= begins(r, day) && local_ms < ends(r, day))
			return true;
	return false;
}

/* The next moment at which it begins or ends to be its time; 0: never.  Times of
 * days that follow each other may touch: nothing changes between them. */
static int64_t next_change(const struct rule *r, int64_t local_ms)
{
	int64_t today = day_of(local_ms);
	bool now = is_its_time(r, local_ms);

	for (int64_t day = today - 1; day <= today + LOOK_AHEAD; day++) {
		int64_t from = begins(r, day), to = ends(r, day);

		if (from > local_ms && is_its_time(r, from) != now)
			return from;
		if (to > local_ms && is_its_time(r, to) != now)
			return to;
	}
	return 0;
}

bool rule_is_in_force(const struct rule *r, const struct question *q)
{
	struct sun sun;

	if (r->until_ms == 0 && !goes_by_the_sun(r))
		return true;
	if (q->clock_unsure)
		return r->verdict != VERDICT_ALLOW;
	if (r->until_ms != 0 && q->now_ms >= r->until_ms)
		return false;
	if (!goes_by_the_sun(r))
		return true;
	sun = rule_sun(r, q);
	if (!sun.known)
		return r->verdict != VERDICT_ALLOW;
	return is_its_time(r, q->now_ms + sun.offset_s * 1000LL);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* When its time begins or ends, or nobody knows yet what the clocks will show. */
static int64_t edge_by_the_sun(const struct rule *r, const struct question *q)
{
	struct sun sun = rule_sun(r, q);
	int64_t change, shift = sun.offset_s * 1000LL;

	if (!sun.known)
		return 0;
	change = next_change(r, q->now_ms + shift);
	if (change != 0)
		change -= shift;
	return earlier(change, sun.until_ms > q->now_ms ? sun.until_ms : 0);
}

int64_t rule_edge(const struct rule *r, const struct question *q)
{
	int64_t edge;

	if (q->clock_unsure || (r->until_ms != 0 && q->now_ms >= r->until_ms))
		return 0;
	edge = goes_by_the_sun(r) ? edge_by_the_sun(r, q) : 0;
	if (r->until_ms == 0 || (edge != 0 && edge < r->until_ms))
		return edge;
	return rule_is_in_force(r, q) ? r->until_ms : 0;
}
