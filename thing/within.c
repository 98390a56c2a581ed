/* SPDX-License-Identifier: Apache-2.0 */
/* within: of several limits of one name, the one that costs least. */
#include "config.h"

#include "thing/within.h"

#include <stdio.h>
#include <string.h>

#include "common/base/str.h"

static bool holds(const struct limit *l, const char *value)
{
	/* What is read has no value yet: only a limit of how often fits it. */
	return value ? span_holds(&l->span, value) : span_is_whole(&l->span);
}

enum within within_check(const struct decision *d, const char *jid, const char *name,
    const char *value, struct usage *u, int64_t now_ms, struct within_found *out)
{
	enum within found = WITHIN;

	*out = (struct within_found){ NULL, 0 };
	for (size_t i = 0; i < d->n_limits; i++) {
		const struct limit *l = &d->limit[i];
		int64_t wait;

		if (!span_is_about(&l->span, name))
			continue;
		if (found == WITHIN)
			found = WITHIN_NOT;
		if (!holds(l, value))
			continue;
		wait = l->rate_n > 0 ? usage_wait(u, jid, l, now_ms) : 0;
		if (wait == 0) {
			*out = (struct within_found){ l->rate_n > 0 ? l : NULL, 0 };
			if (l->rate_n == 0)
				return WITHIN;
			found = WITHIN_LATER;
		} else if (found != WITHIN_LATER || (out->wait_ms > 0 && wait < out->wait_ms)) {
			found = WITHIN_LATER;
			*out = (struct within_found){ l, wait };
		}
	}
	return found == WITHIN_LATER && out->wait_ms == 0 ? WITHIN : found;
}

void within_value(char out[static WITHIN_TEXT], enum kith_thing_type type,
    const struct kith_thing_value *v)
{
	char number[STR_DOUBLE];

	if (type == KITH_THING_BOOLEAN) {
		snprintf(out, WITHIN_TEXT, "%s", v->boolean ? "true" : "false");
	} else if (type == KITH_THING_NUMERIC) {
		str_from_double(number, v->number);
		snprintf(out, WITHIN_TEXT, "%s", number);
	} else {
		snprintf(out, WITHIN_TEXT, "%s", v->text);
	}
}

bool within_range(const struct decision *d, const char *name, double *min, double *max)
{
	bool found = false, open_min = false, open_max = false;

	for (size_t i = 0; i < d->n_limits; i++) {
		const struct span *s = &d->limit[i].span;

		if (!span_is_about(s, name) || s->text)
			continue;
		open_min = open_min || !s->has_min;
		open_max = open_max || !s->has_max;
		if (!found || s->min < *min)
			*min = s->min;
		if (!found || s->max > *max)
			*max = s->max;
		found = true;
	}
	return found && !open_min && !open_max;
}

/* ---- words -------------------------------------------------------------- */

static void add_span(struct buf *out, const struct span *s)
{
	char min[STR_DOUBLE], max[STR_DOUBLE];

	str_from_double(min, s->min);
	str_from_double(max, s->max);
	if (s->text)
		str_escape(out, s->text, 60, false);
	else if (s->has_min && s->has_max)
		buf_addf(out, "%s %s %s %s", s->min_out ? "more than" : "from", min,
		    s->max_out ? "and less than" : "to", max);
	else if (s->has_min)
		buf_addf(out, "%s %s", s->min_out ? "more than" : "at least", min);
	else
		buf_addf(out, "%s %s", s->max_out ? "less than" : "at most", max);
}

void within_words(struct buf *out, const struct decision *d, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_limits; i++)
		if (span_is_about(&d->limit[i].span, name) && span_is_whole(&d->limit[i].span))
			return;
	for (size_t i = 0; i < d->n_limits; i++) {
		if (!span_is_about(&d->limit[i].span, name))
			continue;
		buf_adds(out, n++ > 0 ? " or " : "");
		add_span(out, &d->limit[i].span);
	}
}

static const struct { int64_t ms; const char *one, *some; } units[] = {
	{ 24 * 3600 * 1000LL, "a day", "days" },
	{ 3600 * 1000LL, "an hour", "hours" },
	{ 60 * 1000LL, "a minute", "minutes" },
	{ 1000LL, "a second", "seconds" },
};
#define UNITS (sizeof(units) / sizeof(units[0]))

void within_rate(struct buf *out, const struct limit *l)
{
	size_t i = 0;

	while (i + 1 < UNITS && l->rate_ms % units[i].ms != 0)
		i++;
	buf_addf(out, "%s ", l->rate_n == 1 ? "once" : l->rate_n == 2 ? "twice" : "");
	if (l->rate_n > 2) {
		buf_truncate(out, out->len - 1);
		buf_addf(out, "%d times ", (int)l->rate_n);
	}
	if (l->rate_ms == units[i].ms)
		buf_adds(out, units[i].one);
	else
		buf_addf(out, "in %lld %s", (long long)(l->rate_ms / units[i].ms), units[i].some);
}

void within_time(struct buf *out, int64_t ms)
{
	size_t i = 0;
	int64_t n;

	while (i + 1 < UNITS && ms < units[i].ms)
		i++;
	n = (ms + units[i].ms - 1) / units[i].ms;
	if (n <= 1)
		buf_adds(out, units[i].one);
	else
		buf_addf(out, "%lld %s", (long long)n, units[i].some);
}
