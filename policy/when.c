/* SPDX-License-Identifier: Apache-2.0 */
/*
 * when: dates become moments when the line is read; times of day and days of
 * the week stay as they are, for whoever knows the zone.  Next: clause.c.
 */
#include "config.h"

#include "policy/when.h"

#include <stdio.h>
#include <string.h>

#include "common/base/pool.h"
#include "common/base/str.h"

#define FOR_MAX_MS (3660 * DAY_MS)	/* ten years */
#define UNTIL_MIN_MS (2 * DAY_MS)	/* so that "the day before" can be written */
#define DAY_STOPS ",-"
#define WEEK 7
#define ALL_DAYS ((1u << WEEK) - 1)
#define WORKING_DAYS 0x1fu

static const char *const days[WEEK] = { "monday", "tuesday", "wednesday", "thursday", "friday",
	"saturday", "sunday" };

/* "7:00", "07:00", "07:00:30" where seconds may be; the whole of `s`. */
static int read_time(const char *s, bool seconds, struct date *d)
{
	if (line_digits(&s, 2, &d->hour) != 0 || *s++ != ':' ||
	    line_digits(&s, 2, &d->minute) != 0)
		return -1;
	if (seconds && *s == ':') {
		s++;
		if (line_digits(&s, 2, &d->second) != 0)
			return -1;
	}
	return *s == '\0' ? 0 : -1;
}

/* "2026-12-01" or "2026-12-01T18:00"; `*time` says where a time begins. */
static int read_date(const char *s, struct date *d, const char **time)
{
	if (line_digits(&s, 4, &d->year) != 0 || *s++ != '-' ||
	    line_digits(&s, 2, &d->month) != 0 || *s++ != '-' ||
	    line_digits(&s, 2, &d->day) != 0)
		return -1;
	*time = NULL;
	if (*s == 'T' || *s == 't')
		*time = s + 1;
	else if (*s != '\0')
		return -1;
	return 0;
}

/* "tomorrow", "friday": the day that people mean now; a rule keeps its date. */
static int read_named_day(const struct line *l, const char *s, struct date *d)
{
	/* The first day of 1970 was a Thursday. */
	int64_t today = (l->now_ms + l->zone_s * INT64_C(1000)) / DAY_MS + 3, ahead = -1;

	if (str_case_eq(s, "today"))
		ahead = 0;
	else if (str_case_eq(s, "tomorrow"))
		ahead = 1;
	for (int i = 0; i < WEEK && ahead < 0; i++)
		if (str_case_eq(s, days[i]))
			ahead = (i - today % WEEK + WEEK - 1) % WEEK + 1;
	if (ahead < 0)
		return -1;
	*d = date_from_ms(l->now_ms + ahead * DAY_MS, l->zone_s);
	d->hour = d->minute = d->second = 0;
	return 0;
}

int when_until(struct line *l, struct rule *r)
{
	static const char what[] = N_("tomorrow, a weekday, or a day like 2026-12-01 or "
	    "2026-12-01T18:00");
	struct word_cursor before;
	struct date d = { 0 };
	const char *time = NULL;
	struct word w, behind;

	if (line_next(l, ",", &w) != 0)
		return -1;
	if (w.text == NULL || w.quoted || (read_named_day(l, w.text, &d) != 0 &&
	    read_date(w.text, &d, &time) != 0))
		return line_expected(l, what, &w);
	before = l->words;
	if (time == NULL) {			/* a time may stand behind a blank */
		if (line_next(l, ",", &behind) != 0)
			return -1;
		if (behind.text != NULL && !behind.quoted && strchr(behind.text, ':') != NULL)
			time = behind.text;
		else
			l->words = before;
	}
	if ((time != NULL && read_time(time, true, &d) != 0) ||
	    date_to_ms(&d, l->zone_s, &r->until_ms) != 0)
		return line_expected(l, what, &w);
	if (time == NULL)
		r->until_ms += DAY_MS;		/* a bare day includes that day */
	return r->until_ms < UNTIL_MIN_MS ? line_expected(l, what, &w) : 0;
}

int when_for(struct line *l, struct rule *r)
{
	int64_t ms = 0;

	if (line_duration(l, N_("how long (30m, 2h, 3d, 1w)"), &ms) != 0)
		return -1;
	if (ms <= 0 || ms > FOR_MAX_MS)
		return line_error(l, N_("\"for\" takes a time of up to ten years"), NULL);
	r->until_ms = (l->now_ms + ms + SECOND_MS - 1) / SECOND_MS * SECOND_MS;
	return 0;
}

static int read_minute(const struct word *w, int32_t *out)
{
	struct date d = { 0 };

	if (w->text == NULL || w->quoted || read_time(w->text, false, &d) != 0 || d.minute > 59 ||
	    d.hour > 24 || (d.hour == 24 && d.minute != 0))
		return -1;
	*out = d.hour * 60 + d.minute;
	return 0;
}

int when_daily(struct line *l, struct rule *r)
{
	static const char what[] = N_("times like 07:00-22:00");
	struct word w;

	r->daily = true;
	if (line_next(l, DAY_STOPS, &w) != 0)
		return -1;
	if (read_minute(&w, &r->from_min) != 0 || r->from_min == 1440)
		return line_expected(l, what, &w);
	if (line_next(l, DAY_STOPS, &w) != 0)
		return -1;
	if (w.mark != '-' && !line_is(&w, "to"))
		return line_expected(l, what, &w);
	if (line_next(l, DAY_STOPS, &w) != 0)
		return -1;
	if (read_minute(&w, &r->to_min) != 0 || r->to_min == r->from_min)
		return line_expected(l, what, &w);
	return 0;
}

const char *when_day_name(unsigned day)
{
	static const char *const names[WEEK] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

	return names[day];
}

/* "mon", "monday", "mondays"; -1: none. */
static int read_day(const struct word *w)
{
	size_t len;

	if (w->text == NULL || w->quoted || w->mark != 0)
		return -1;
	len = strlen(w->text);
	for (int i = 0; i < WEEK; i++)
		if ((len == 3 && str_case_starts(days[i], w->text)) || str_case_eq(w->text, days[i]) ||
		    (str_case_starts(w->text, days[i]) && str_case_eq(w->text + strlen(days[i]), "s")))
			return i;
	return -1;
}

/* "weekdays", "weekends"; 0: neither. */
static unsigned read_days(const struct word *w)
{
	if (line_is(w, "weekdays"))
		return WORKING_DAYS;
	return line_is(w, "weekends") || line_is(w, "weekend") ? ALL_DAYS & ~WORKING_DAYS : 0;
}

bool when_is_day(const struct word *w)
{
	struct word day = *w;
	char first[16];

	if (w->text == NULL || w->quoted)
		return false;
	(void)snprintf(first, sizeof(first), "%.*s", (int)strcspn(w->text, DAY_STOPS), w->text);
	day.text = first;
	return read_days(&day) != 0 || read_day(&day) >= 0;
}

/* One day or a run of them, which may go over Sunday: "fri-mon". */
static int take_days(struct line *l, const struct word *first, unsigned *out)
{
	static const char what[] = N_("days like mon-fri, or monday, saturday, or weekdays");
	struct word_cursor before;
	unsigned set = read_days(first);
	int from = read_day(first), to;
	struct word w;

	if (set != 0) {
		*out |= set;
		return 0;
	}
	if (from < 0)
		return line_expected(l, what, first);
	before = l->words;
	if (line_next(l, DAY_STOPS, &w) != 0)
		return -1;
	to = from;
	if (w.mark == '-' || line_is(&w, "to")) {
		if (line_next(l, DAY_STOPS, &w) != 0)
			return -1;
		to = read_day(&w);
		if (to < 0)
			return line_expected(l, what, &w);
	} else {
		l->words = before;
	}
	for (int i = from; ; i = (i + 1) % WEEK) {
		*out |= 1u << i;
		if (i == to)
			return 0;
	}
}

/* "on weekdays 8:00-18:00", "on saturday from 10:00 to 12:00": as if daily stood
 * before the times. */
static int take_hours(struct line *l, struct rule *r)
{
	struct word_cursor before = l->words;
	struct word w;
	int32_t minute;
	bool from;

	if (line_take(l, "from", &from) != 0 || line_peek(l, DAY_STOPS, &w) != 0)
		return -1;
	if (!r->daily && w.text != NULL && strchr(w.text, ':') != NULL &&
	    read_minute(&w, &minute) == 0)
		return when_daily(l, r);
	l->words = before;
	return 0;
}

int when_days(struct line *l, struct rule *r)
{
	struct word w;

	if (line_next(l, DAY_STOPS, &w) != 0)
		return -1;
	for (;;) {
		struct word_cursor before;

		if (take_days(l, &w, &r->days) != 0)
			return -1;
		before = l->words;
		if (line_next(l, DAY_STOPS, &w) != 0)
			return -1;
		if (line_is_comma(&w) && line_next(l, DAY_STOPS, &w) == 0 && when_is_day(&w))
			continue;
		l->words = before;
		return take_hours(l, r);
	}
}

/* Behind a name without quotes "in" means a zone only where that is sure. */
bool when_is_zone(const struct word *w)
{
	return w->text != NULL && !w->quoted && value_is_zone(w->text) &&
	       (strchr(w->text, '/') != NULL || strcmp(w->text, "UTC") == 0);
}

int when_zone(struct line *l, struct rule *r)
{
	struct word w;

	if (line_next(l, ",", &w) != 0)
		return -1;
	if (w.text == NULL || w.quoted || !value_is_zone(w.text))
		return line_expected(l, N_("a time zone like Europe/Berlin"), &w);
	r->zone = w.text;
	return 0;
}

/* "once", "twice", "3 times". */
static int take_times(struct line *l, int32_t *out)
{
	static const char what[] = N_("how often, like 3 times an hour or once a day");
	const char *rest;
	struct word w;
	int n;

	if (line_next(l, ",", &w) != 0)
		return -1;
	if (line_is(&w, "once") || line_is(&w, "twice")) {
		*out = line_is(&w, "once") ? 1 : 2;
		return 0;
	}
	rest = w.text;
	if (w.text == NULL || w.quoted || line_digits(&rest, 6, &n) != 0 || *rest != '\0')
		return line_expected(l, what, &w);
	if (n < 1 || n > POLICY_RATE_MAX)
		return line_error(l, N_("\"at most\" takes 1 to 10000 times"), NULL);
	*out = n;
	if (line_next(l, ",", &w) != 0)
		return -1;
	return line_is(&w, "times") || line_is(&w, "time") ? 0 : line_expected(l, what, &w);
}

int when_rate(struct line *l, struct rule *r)
{
	static const char what[] = N_("an hour, a day, or in 10m");
	static const char *const each[] = { "a", "an", "per", "every", "each", NULL };
	struct word_cursor before;
	struct word w;

	if (line_next(l, "", &w) != 0)		/* "most" */
		return -1;
	if (!line_is(&w, "most"))
		return line_expected(l, "at most 3 times an hour", &w);
	if (take_times(l, &r->rate_n) != 0 || line_next(l, ",", &w) != 0)
		return -1;
	if (!line_is_any(&w, each) && !line_is(&w, "in"))
		return line_expected(l, what, &w);
	before = l->words;
	if (line_next(l, ",", &w) != 0)
		return -1;
	r->rate_ms = w.text != NULL && !w.quoted ? line_unit(w.text) : 0;
	if (r->rate_ms == 0) {
		l->words = before;
		if (line_duration(l, what, &r->rate_ms) != 0)
			return -1;
	}
	return r->rate_ms < SECOND_MS || r->rate_ms > POLICY_RATE_MAX_MS ?
	    line_error(l, N_("times are counted over 1 second to 31 days"), NULL) : 0;
}

int when_lease(struct line *l, struct rule *r)
{
	if (line_duration(l, N_("how long answers may be kept (30s, 5m, 2h)"), &r->lease_ms) != 0)
		return -1;
	if (r->lease_ms < POLICY_LEASE_MIN_MS || r->lease_ms > POLICY_LEASE_MAX_MS)
		return line_error(l, N_("a lease is between 5s and 24h"), NULL);
	return 0;
}
