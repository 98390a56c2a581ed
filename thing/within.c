/* SPDX-License-Identifier: Apache-2.0 */
/*
 * within: of several limits of one name, one that is not used up is enough, and
 * the use counts in all that hold the value.
 */
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

void within_mark(const struct decision *d, const char *name, const char *value, bool *used)
{
	for (size_t i = 0; i < d->n_limits; i++)
		if (span_is_about(&d->limit[i].span, name) && holds(&d->limit[i], value) &&
		    d->limit[i].rate_n == 0)
			return;
	for (size_t i = 0; i < d->n_limits; i++)
		if (span_is_about(&d->limit[i].span, name) && holds(&d->limit[i], value))
			used[i] = true;
}

int64_t within_wait(const struct decision *d, const char *jid, const char *name,
    struct usage *u, int64_t now_ms)
{
	int64_t first = -1;

	for (size_t i = 0; i < d->n_limits; i++) {
		const struct limit *l = &d->limit[i];
		int64_t wait;

		if (!span_is_about(&l->span, name))
			continue;
		wait = l->rate_n > 0 ? usage_wait(u, jid, l, now_ms) : 0;
		if (first < 0 || wait < first)
			first = wait;
	}
	return first > 0 ? first : 0;
}

void within_value(char out[static WITHIN_TEXT], enum kith_thing_type type,
    const struct kith_thing_value *v)
{
	char number[STR_DOUBLE];

	if (type == KITH_THING_BOOLEAN) {
		snprintf(out, WITHIN_TEXT, "%s", v->boolean ? "true" : "false");
	} else if (type == KITH_THING_NUMERIC || type == KITH_THING_INT) {
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

static void add_span(struct buf *out, const struct words *w, const struct span *s)
{
	char min[STR_DOUBLE], max[STR_DOUBLE];

	str_from_double(min, s->min);
	str_from_double(max, s->max);
	if (s->text)
		str_escape(out, s->text, 60, false);
	else if (s->has_min && s->has_max)
		words_add(out, w, s->min_out ? s->max_out ?
		    N_("more than %1 and less than %2") : N_("more than %1 to %2") :
		    s->max_out ? N_("from %1 and less than %2") : N_("from %1 to %2"),
		    min, max, NULL);
	else if (s->has_min)
		words_add(out, w, s->min_out ? N_("more than %1") : N_("at least %1"), min, NULL);
	else
		words_add(out, w, s->max_out ? N_("less than %1") : N_("at most %1"), max, NULL);
}

void within_words(struct buf *out, const struct words *w, const struct decision *d,
    const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_limits; i++)
		if (span_is_about(&d->limit[i].span, name) && span_is_whole(&d->limit[i].span))
			return;
	for (size_t i = 0; i < d->n_limits; i++) {
		if (!span_is_about(&d->limit[i].span, name))
			continue;
		buf_adds(out, n > 0 ? " " : "");
		buf_adds(out, n++ > 0 ? words_text(w, N_("or")) : "");
		buf_adds(out, n > 1 ? " " : "");
		add_span(out, w, &d->limit[i].span);
	}
}

static const struct {
	int64_t ms;
	const char *one, *some;			/* how long */
	const char *once, *twice, *often;	/* how often in one of it */
	const char *seldom;			/* ... in several */
} units[] = {
	{ 24 * 3600 * 1000LL, N_("a day"), N_("%1 days"), N_("once a day"), N_("twice a day"),
	    N_("%1 times a day"), N_("%1 times in %2 days") },
	{ 3600 * 1000LL, N_("an hour"), N_("%1 hours"), N_("once an hour"), N_("twice an hour"),
	    N_("%1 times an hour"), N_("%1 times in %2 hours") },
	{ 60 * 1000LL, N_("a minute"), N_("%1 minutes"), N_("once a minute"),
	    N_("twice a minute"), N_("%1 times a minute"), N_("%1 times in %2 minutes") },
	{ 1000LL, N_("a second"), N_("%1 seconds"), N_("once a second"), N_("twice a second"),
	    N_("%1 times a second"), N_("%1 times in %2 seconds") },
};
#define UNITS (sizeof(units) / sizeof(units[0]))

void within_rate(struct buf *out, const struct words *w, const struct limit *l)
{
	char times[STR_DOUBLE], some[STR_DOUBLE];
	size_t i = 0;

	while (i + 1 < UNITS && l->rate_ms % units[i].ms != 0)
		i++;
	str_from_double(times, l->rate_n);
	str_from_double(some, (double)(l->rate_ms / units[i].ms));
	if (l->rate_ms != units[i].ms)
		words_add(out, w, units[i].seldom, times, some, NULL);
	else
		words_add(out, w, l->rate_n == 1 ? units[i].once : l->rate_n == 2 ?
		    units[i].twice : units[i].often, times, NULL);
}

void within_every(struct buf *out, const struct words *w, int64_t ms)
{
	char some[STR_DOUBLE];
	struct buf time;
	size_t i = 0;

	while (i + 1 < UNITS && ms % units[i].ms != 0)
		i++;
	if (ms == units[i].ms) {
		words_add(out, w, units[i].once, NULL);
		return;
	}
	str_from_double(some, (double)(ms / units[i].ms));
	buf_init(&time, 64);
	words_add(&time, w, units[i].some, some, NULL);
	words_add(out, w, N_("every %1"), buf_str(&time), NULL);
	buf_fini(&time);
}

void within_time(struct buf *out, const struct words *w, int64_t ms)
{
	char some[STR_DOUBLE];
	size_t i = 0;
	int64_t n;

	while (i + 1 < UNITS && ms < units[i].ms)
		i++;
	n = (ms + units[i].ms - 1) / units[i].ms;
	str_from_double(some, (double)n);
	words_add(out, w, n <= 1 ? units[i].one : units[i].some, some, NULL);
}
