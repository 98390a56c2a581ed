/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stamp: digits of a fixed number, then what must stand behind them.
 */
#include "config.h"

#include "common/base/stamp.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/base/calendar.h"

#define DAY_MS (24 * 3600 * 1000LL)
#define LONGEST_MS (100 * 365 * DAY_MS)

void
stamp_write(char out[static STAMP], int64_t ms)
{
	int64_t seconds = ms / 1000;
	long rest = (long)(ms % 1000);
	struct tm tm;
	size_t len;

	if (rest < 0) {
		rest += 1000;
		seconds--;
	}
	out[0] = '\0';
	calendar_tm(seconds, &tm);
	len = strftime(out, STAMP, "%Y-%m-%dT%H:%M:%S", &tm);
	if (rest != 0)
		(void)snprintf(out + len, STAMP - len, ".%03ldZ", rest);
	else
		(void)snprintf(out + len, STAMP - len, "Z");
}

/* Exactly `n` digits, a value from `low` to `high`, then `end` unless it is 0. */
static bool
take(const char **s, int n, char end, int low, int high, int *out)
{
	int v = 0;

	for (int i = 0; i < n; i++, (*s)++) {
		if (**s < '0' || **s > '9')
			return false;
		v = v * 10 + (**s - '0');
	}
	if (v < low || v > high || (end && **s != end))
		return false;
	*s += end ? 1 : 0;
	*out = v;
	return true;
}

static bool
take_date(const char **s, struct tm *tm)
{
	int year, month, day;
	int64_t same_year;
	int same_month, same_day;

	if (!take(s, 4, '-', 1, 9999, &year) || !take(s, 2, '-', 1, 12, &month) ||
	    !take(s, 2, 0, 1, 31, &day))
		return false;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	tm->tm_mday = day;
	calendar_date(calendar_days(year, month, day), &same_year, &same_month, &same_day);
	return same_day == day;		/* there is no 31st of April */
}

/* Three digits count, any number may be there. */
static bool
take_fraction(const char **s, int *ms)
{
	int unit = 100, digits = 0;

	*ms = 0;
	if (**s != '.')
		return true;
	for ((*s)++; **s >= '0' && **s <= '9'; (*s)++, digits++) {
		*ms += (**s - '0') * unit;
		unit /= 10;
	}
	return digits > 0;
}

static bool
take_time(const char **s, struct tm *tm, int *ms)
{
	return take(s, 2, ':', 0, 23, &tm->tm_hour) && take(s, 2, ':', 0, 59, &tm->tm_min) &&
	    take(s, 2, 0, 0, 59, &tm->tm_sec) && take_fraction(s, ms);
}

/* Z, +01:00 or nothing; then the end. */
static bool
take_zone(const char *s, int *minutes)
{
	int hours, rest, sign = *s == '-' ? -1 : 1;

	*minutes = 0;
	if (*s == 'Z')
		return s[1] == '\0';
	if (*s != '+' && *s != '-')
		return *s == '\0';
	s++;
	if (!take(&s, 2, ':', 0, 14, &hours) || !take(&s, 2, 0, 0, 59, &rest))
		return false;
	*minutes = sign * (hours * 60 + rest);
	return *s == '\0';
}

int
stamp_parse(const char *text, int64_t *ms)
{
	struct tm tm = { 0 };
	int fraction, minutes;
	int64_t seconds;

	if (!take_date(&text, &tm) || *text++ != 'T' || !take_time(&text, &tm, &fraction) ||
	    !take_zone(text, &minutes))
		return -1;
	seconds = calendar_seconds(&tm) - minutes * 60;
	*ms = seconds * 1000 + fraction;
	return 0;
}

bool
stamp_is_date(const char *text)
{
	struct tm tm = { 0 };
	int minutes;

	return take_date(&text, &tm) && take_zone(text, &minutes);
}

bool
stamp_is_time(const char *text)
{
	struct tm tm = { 0 };
	int fraction, minutes;

	return take_time(&text, &tm, &fraction) && take_zone(text, &minutes);
}

/* ---- lengths ------------------------------------------------------------ */

static const struct part { char letter; bool time; int64_t ms; } parts[] = {
	{ 'Y', false, 365 * DAY_MS }, { 'M', false, 30 * DAY_MS }, { 'D', false, DAY_MS },
	{ 'H', true, 3600 * 1000LL }, { 'M', true, 60 * 1000LL }, { 'S', true, 1000LL },
};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

/* The part of this letter behind `*next`, in their order. */
static const struct part *
part_of(char letter, bool time, size_t *next)
{
	for (; *next < PARTS; (*next)++)
		if (parts[*next].letter == letter && parts[*next].time == time)
			return &parts[(*next)++];
	return NULL;
}

static bool
take_part(const char **s, bool time, size_t *next, int64_t *total)
{
	const struct part *p;
	int64_t n = 0;
	int ms = 0, digits = 0;

	for (; **s >= '0' && **s <= '9' && digits < 10; (*s)++, digits++)
		n = n * 10 + (**s - '0');
	if (digits == 0 || !take_fraction(s, &ms))
		return false;
	p = part_of(**s, time, next);
	if (!p || (ms != 0 && p->letter != 'S') || n > LONGEST_MS / p->ms)
		return false;
	(*s)++;
	*total += n * p->ms + ms;
	return *total <= LONGEST_MS;
}

int
stamp_duration(const char *text, int64_t *ms)
{
	int64_t total = 0;
	size_t next = 0;
	bool time = false;

	if (*text++ != 'P' || *text == '\0')
		return -1;
	while (*text != '\0') {
		if (*text == 'T') {
			if (time || text[1] == '\0')
				return -1;
			time = true;
			text++;
		}
		if (!take_part(&text, time, &next, &total))
			return -1;
	}
	*ms = total;
	return 0;
}
