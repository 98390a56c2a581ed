/* SPDX-License-Identifier: Apache-2.0 */
/* stamp_test: points and lengths of time as text.  See common/base/stamp.h. */
#include "config.h"

#include "common/base/stamp.h"

#include "tests/unit/unit.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

static const struct { const char *text; int64_t ms; } points[] = {
	{ "0001-01-01T00:00:00", -62135596800000 },
	{ "1900-02-28T23:59:59.5Z", -2203891200500 },
	{ "1969-12-31T23:59:59Z", -1000 },
	{ "1970-01-01T00:00:00Z", 0 },
	{ "2026-05-01T08:00:00Z", 1777622400000 },
	{ "2026-05-01T08:00:00", 1777622400000 },
	{ "2026-05-01T08:00:00.25", 1777622400250 },
	{ "2026-05-01T08:00:00.2509999Z", 1777622400250 },
	{ "2026-05-01T10:00:00+02:00", 1777622400000 },
	{ "2026-05-01T03:30:00-04:30", 1777622400000 },
	{ "2028-02-29T00:00:00Z", 1835395200000 },
	{ "9999-12-31T23:59:59.999Z", 253402300799999 },
};
static const char *const no_points[] = {
	"", "2026-05-01", "2026-05-01T08:00", "2026-05-01T08:00:00z", "2026-05-01 08:00:00",
	"2026-5-1T08:00:00Z", "2026-02-29T08:00:00Z", "2026-13-01T08:00:00Z",
	"2026-05-01T24:00:00Z", "2026-05-01T08:00:00.Z", "2026-05-01T08:00:00+2:00",
	"2026-05-01T08:00:00+15:00", "2026-05-01T08:00:00ZZ", "0000-12-31T23:59:59Z",
	"10000-01-01T00:00:00Z", "2026-05-01T08:00:00,5Z", "-2026-05-01T08:00:00Z",
};

static void
points_of_time_are_read_with_and_without_a_zone(void **state)
{
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < N(points); i++) {
		if (stamp_parse(points[i].text, &ms) != 0)
			fail_msg("'%s' was refused", points[i].text);
		if (ms != points[i].ms)
			fail_msg("'%s' became %lld", points[i].text, (long long)ms);
	}
	for (size_t i = 0; i < N(no_points); i++)
		if (stamp_parse(no_points[i], &ms) == 0)
			fail_msg("'%s' was taken", no_points[i]);
}

static void
what_is_written_reads_back(void **state)
{
	struct unit_random r = unit_random_start();
	char text[STAMP];
	int64_t back;

	(void)state;
	for (size_t i = 0; i < unit_rounds(2000); i++) {
		int64_t ms = (int64_t)(unit_random_next(&r) % 253402300800000u);

		stamp_write(text, ms);
		assert_int_equal(stamp_parse(text, &back), 0);
		assert_int_equal(back, ms);
	}
	stamp_write(text, -1);
	assert_string_equal(text, "1969-12-31T23:59:59.999Z");
}

static const struct { const char *text; int64_t ms; } lengths[] = {
	{ "PT1S", 1000 }, { "PT0S", 0 }, { "PT0.5S", 500 }, { "PT1M", 60000 },
	{ "PT3M30S", 210000 }, { "PT1H0M0.001S", 3600001 }, { "P1D", 86400000 },
	{ "P1DT1H", 90000000 }, { "P1M", 2592000000 }, { "P1Y2M3DT4H5M6S", 36993906000 },
	{ "P100Y", 3153600000000 }, { "PT90M", 5400000 },
};
static const char *const no_lengths[] = {
	"", "P", "PT", "1S", "PT1", "P1S", "PT1D", "-PT1S", "PT-1S", "P1DT", "PT1S1M", "PT1M1M",
	"PT1.5M", "PT.5S", "PT1.S", "P101Y", "PT99999999999S", "PT1STT", "pt1s", "PT1S ",
};

static void
lengths_of_time_are_read(void **state)
{
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < N(lengths); i++) {
		if (stamp_duration(lengths[i].text, &ms) != 0)
			fail_msg("'%s' was refused", lengths[i].text);
		if (ms != lengths[i].ms)
			fail_msg("'%s' became %lld", lengths[i].text, (long long)ms);
	}
	for (size_t i = 0; i < N(no_lengths); i++)
		if (stamp_duration(no_lengths[i], &ms) == 0)
			fail_msg("'%s' was taken", no_lengths[i]);
}

static void
dates_and_times_are_told_from_other_text(void **state)
{
	(void)state;
	assert_true(stamp_is_date("2026-05-01") && stamp_is_date("2026-05-01+02:00"));
	assert_false(stamp_is_date("2026-05-32") || stamp_is_date("today") ||
	    stamp_is_date("2026-05-01T08:00:00Z"));
	assert_true(stamp_is_time("08:30:00") && stamp_is_time("08:30:00.5Z"));
	assert_false(stamp_is_time("8:30") || stamp_is_time("08:30:60") || stamp_is_time(""));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(points_of_time_are_read_with_and_without_a_zone),
		cmocka_unit_test(what_is_written_reads_back),
		cmocka_unit_test(lengths_of_time_are_read),
		cmocka_unit_test(dates_and_times_are_told_from_other_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
