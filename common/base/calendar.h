/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calendar: days since 1970 and dates of the Gregorian calendar, for every year,
 * also where libc's time_t ends in 2038.  No clock and no zones: clock.h, zone.h.
 */
#ifndef KITH_BASE_CALENDAR_H
#define KITH_BASE_CALENDAR_H

#include <stdint.h>

struct tm;

/* Months and days count from 1. */
int64_t calendar_days(int64_t year, int month, int day);
void calendar_date(int64_t days, int64_t *year, int *month, int *day);
/* Seconds since 1970 of date and time in UTC, as timegm(3); nothing is adjusted. */
int64_t calendar_seconds(const struct tm *tm);
/* The other way round, as gmtime_r(3), without the day of the year. */
void calendar_tm(int64_t seconds, struct tm *out);

#endif
