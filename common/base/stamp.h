/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stamp: points and lengths of time as text, the way XEP-0082 and XML Schema
 * write them: "2026-05-01T08:00:00.250Z", "PT3M30S".  All in UTC; time zones
 * of places are zone.h's.
 */
#ifndef KITH_BASE_STAMP_H
#define KITH_BASE_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#define STAMP 48

/* Milliseconds since 1970; a fraction only when there is one. */
void stamp_write(char out[static STAMP], int64_t ms);
/* xs:dateTime.  Some clients leave the zone out: UTC is taken.  Digits behind
 * the milliseconds are dropped.  Years 1 to 9999; before 1970 it is negative. */
int stamp_parse(const char *text, int64_t *ms) __attribute__((warn_unused_result));

/* xs:duration that is not negative, at most a hundred years.  How long a month
 * is depends on where it begins: 30 days here, a year 365. */
int stamp_duration(const char *text, int64_t *ms) __attribute__((warn_unused_result));

/* Are these xs:date ("2026-05-01"), xs:time ("08:30:00", a fraction may follow)? */
bool stamp_is_date(const char *text);
bool stamp_is_time(const char *text);

#endif
