/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calendar_test: dates beside what other programs say of them, there and back.
 */
#include "config.h"

#include "common/base/calendar.h"

#include <time.h>

#include "tests/unit/unit.h"

/* As date(1) says. */
static const struct { int64_t seconds, year; int month, day; } known[] = {
	{ 0, 1970, 1, 1 }, { -1, 1969, 12, 31 }, { 951782400, 2000, 2, 29 },
	{ 951868800, 2000, 3, 1 }, { 2147483647, 2038, 1, 19 }, { 2147558400, 2038, 1, 20 },
	{ 4107542400, 2100, 3, 1 }, { 4107456000, 2100, 2, 28 }, { 253402300799, 9999, 12, 31 },
	{ -11670998400, 1600, 2, 29 }, { -62135596800, 1, 1, 1 },
};

static void dates_are_those_of_other_programs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct tm tm;

		calendar_tm(known[i].seconds, &tm);
		assert_int_equal(tm.tm_year + 1900, known[i].year);
		assert_int_equal(tm.tm_mon + 1, known[i].month);
		assert_int_equal(tm.tm_mday, known[i].day);
		assert_true(calendar_seconds(&tm) == known[i].seconds);
	}
}

static void every_day_of_ten_thousand_years_comes_back(void **state)
{
	int64_t year, first = calendar_days(1, 1, 1), last = calendar_days(9999, 12, 31);
	int month, day, before = 0;

	(void)state;
	for (int64_t d = first; d <= last; d++) {
		calendar_date(d, &year, &month, &day);
		assert_true(calendar_days(year, month, day) == d);
		assert_true(day == 1 || day == before + 1);
		before = day;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_are_those_of_other_programs),
		cmocka_unit_test(every_day_of_ten_thousand_years_comes_back),
	};

	return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}
