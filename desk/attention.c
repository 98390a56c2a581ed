/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attention: see the header.  What is counted here is how often, never what.
 */
#include "config.h"

#include "desk/attention.h"

#include <string.h>

#define HOUR_MS (3600 * 1000LL)
#define GAP_SHIFT 5		/* from an hour up to 32 */

static uint64_t hash(const char *s)
{
	uint64_t h = UINT64_C(14695981039346656037);	/* FNV-1a */

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
	return h;
}

static bool is_away(const struct attention *a)
{
	return a->is_known && a->n_there == 0;
}

/* How long after the last message, when so many stayed without an answer. */
static int64_t gap_after(unsigned silent, int64_t per_hour)
{
	int64_t more = (int64_t)silent - per_hour;

	if (more < 0)
		return 0;
	return HOUR_MS << (more < GAP_SHIFT ? more : GAP_SHIFT);
}

bool attention_may(const struct attention *a, int64_t now_ms, int64_t per_hour)
{
	if (is_away(a) && a->silent > 0)
		return false;
	if (a->silent > 0 && now_ms - a->last_ms < gap_after(a->silent, per_hour))
		return false;
	return a->in_hour < per_hour || now_ms - a->hour_ms >= HOUR_MS;
}

void attention_taken(struct attention *a, int64_t now_ms)
{
	if (a->in_hour == 0 || now_ms - a->hour_ms >= HOUR_MS) {
		a->in_hour = 0;
		a->hour_ms = now_ms;
	}
	a->in_hour++;
	a->silent++;
	a->last_ms = now_ms;
}

void attention_given(struct attention *a)
{
	a->silent = 0;
}

void attention_presence(struct attention *a, const char *full, bool available)
{
	const uint64_t h = hash(full);
	bool was_known = a->is_known, was_away = is_away(a);
	size_t i = 0;

	/* His server says so of whoever has not let us in: nobody went. */
	if (!available && strchr(full, '/') == NULL)
		return;
	a->is_known = true;
	while (i < a->n_there && a->there[i] != h)
		i++;
	if (available && i == a->n_there && i < ATTENTION_RESOURCES)
		a->there[a->n_there++] = h;
	else if (!available && i < a->n_there)
		a->there[i] = a->there[--a->n_there];
	/* He came or went: what he is asked now, he has not been asked there. */
	if (!was_known || was_away != is_away(a))
		a->silent = 0;
}

void attention_gap(struct attention *a)
{
	a->is_known = false;
	a->n_there = 0;
}
