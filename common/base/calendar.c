/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calendar: counted in years that begin in March, so that the day that comes and
 * goes is the last one; 400 of them always have as many days.
 */
#include "config.h"

#include "common/base/calendar.h"

#include <string.h>
#include <time.h>

#define DAY_S (24 * 3600)
#define ERA_DAYS 146097		/* of 400 years */
#define ERA_BEGINS 719468	/* days from 1 March of year 0 to 1970 */

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int64_t calendar_days(int64_t year, int month, int day)
{
	int64_t y = year - (month <= 2), era = floor_div(y, 400), of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - ERA_BEGINS;
}

void calendar_date(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t d = days + ERA_BEGINS, era = floor_div(d, ERA_DAYS), y, m;

	d -= era * ERA_DAYS;
	/* Without the leap days that have been, each year has 365. */
	y = (d - d / 1460 + d / 36524 - d / 146096) / 365;
	d -= 365 * y + y / 4 - y / 100;
	m = (5 * d + 2) / 153;
	*day = (int)(d - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = y + era * 400 + (*month <= 2);
}

int64_t calendar_seconds(const struct tm *tm)
{
	return calendar_days(tm->tm_year + 1900LL, tm->tm_mon + 1, tm->tm_mday) * DAY_S +
	    tm->tm_hour * 3600LL + tm->tm_min * 60LL + tm->tm_sec;
}

void calendar_tm(int64_t seconds, struct tm *out)
{
	int64_t days = floor_div(seconds, DAY_S), year;
	int rest = (int)(seconds - days * DAY_S), month;

	memset(out, 0, sizeof(*out));
	calendar_date(days, &year, &month, &out->tm_mday);
	out->tm_year = (int)(year - 1900);
	out->tm_mon = month - 1;
	out->tm_hour = rest / 3600;
	out->tm_min = rest / 60 % 60;
	out->tm_sec = rest % 60;
}
