/* SPDX-License-Identifier: Apache-2.0 */
/* zone_test: offsets of places from the system's files, without touching TZ. */
#include "config.h"

#include "common/base/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/unit.h"

#define S INT64_C(1000)

static const struct { const char *zone; int64_t at_s; int32_t offset; } cases[] = {
	{ "UTC", 0, 0 },
	{ "Europe/Berlin", 1767225600, 3600 },			/* 2026-01-01 */
	{ "Europe/Berlin", 1774745999, 3600 },			/* 2026-03-29 00:59:59 UTC */
	{ "Europe/Berlin", 1774746000, 7200 },
	{ "Europe/Berlin", 1792889999, 7200 },			/* 2026-10-25 00:59:59 UTC */
	{ "Europe/Berlin", 1792890000, 3600 },
	{ "America/New_York", 1780272000, -14400 },		/* 2026-06-01 */
	{ "Asia/Kolkata", 1780272000, 19800 },
	{ "Australia/Lord_Howe", 1767225600, 39600 },		/* summer, half an hour more */
	{ "Australia/Lord_Howe", 1780272000, 37800 },
	{ "Africa/Casablanca", 1780272000, 3600 },
};

static void places_know_their_offset(void **state)
{
	struct zones *z = zones_new(NULL);

	(void)state;
	assert_non_null(z);
	if (zones_find(z, "Europe/Berlin") == NULL) {
		zones_free(&z);
		skip();
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct zone *found = zones_find(z, cases[i].zone);
		int32_t got;

		assert_non_null(found);
		got = zone_offset(found, cases[i].at_s * S, NULL);
		if (got != cases[i].offset)
			fail_msg("%s at %lld: %d, not %d", cases[i].zone,
			    (long long)cases[i].at_s, (int)got, (int)cases[i].offset);
	}
	zones_free(&z);
}

/* The C library reads the same files; every 11 days until 2100. */
static void we_read_what_the_c_library_reads(void **state)
{
	static const char *const names[] = { "Europe/Berlin", "America/New_York", "Asia/Tehran",
		"Australia/Lord_Howe", "America/Santiago", "Pacific/Auckland", "Africa/Cairo",
		"Asia/Kathmandu", "Europe/Dublin", "America/Sao_Paulo" };
	struct zones *z = zones_new(NULL);
	char *before = getenv("TZ") != NULL ? strdup(getenv("TZ")) : NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct zone *found = zones_find(z, names[i]);

		if (found == NULL)
			continue;
		setenv("TZ", names[i], 1);	/* of this test alone */
		tzset();
		for (int64_t at = 0; at < INT64_C(4102444800); at += 11 * 86400 + 3601) {
			time_t t = (time_t)at;
			struct tm tm;

			localtime_r(&t, &tm);
			if (zone_offset(found, at * S, NULL) != tm.tm_gmtoff)
				fail_msg("%s at %lld: %d, not %ld", names[i], (long long)at,
				    (int)zone_offset(found, at * S, NULL), tm.tm_gmtoff);
		}
	}
	if (before != NULL)
		setenv("TZ", before, 1);
	else
		unsetenv("TZ");
	tzset();
	free(before);
	zones_free(&z);
}

static void the_next_change_is_told(void **state)
{
	struct zones *z = zones_new(NULL);
	const struct zone *berlin = zones_find(z, "Europe/Berlin");
	int64_t until;

	(void)state;
	if (berlin == NULL)
		skip();
	zone_offset(berlin, INT64_C(1767225600) * S, &until);
	assert_int_equal(until, INT64_C(1774746000) * S);
	zone_offset(berlin, INT64_C(1774746000) * S, &until);
	assert_int_equal(until, INT64_C(1792890000) * S);
	zone_offset(zones_find(z, "Asia/Kolkata"), INT64_C(1774746000) * S, &until);
	assert_int_equal(until, 0);
	zones_free(&z);
}

static void only_zones_are_files_we_open(void **state)
{
	static const char *const names[] = { "", "..", "../../../etc/passwd", "/etc/passwd",
		"Europe/../../../../etc/passwd", "Europe", "Europe/", "Europe//Berlin", "tzdata.zi",
		"zone.tab", "Europe/Berlin\n", "Nowhere/Town", "Europe/Berlin "
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	struct zones *z = zones_new(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (zones_find(z, names[i]) != NULL)
			fail_msg("'%s' is a zone", names[i]);
	zones_free(&z);
}

static void a_damaged_file_is_no_zone(void **state)
{
	unsigned char data[4096];
	FILE *f = fopen("/usr/share/zoneinfo/Europe/Berlin", "rb");
	struct zone *z;
	size_t len;

	(void)state;
	if (f == NULL)
		skip();
	len = fread(data, 1, sizeof(data), f);
	fclose(f);
	for (size_t cut = 0; cut < len; cut++)
		if ((z = zone_read("X", data, cut)) != NULL) {
			zone_free(&z);
			fail_msg("the first %zu bytes are a zone", cut);
		}
	for (size_t at = 0; at < len; at++) {
		unsigned char was = data[at];

		/* It may still be one; it must not be read outside of its bytes. */
		data[at] ^= 0xff;
		z = zone_read("X", data, len);
		if (z != NULL)
			zone_offset(z, INT64_C(1800000000) * S, NULL);
		zone_free(&z);
		data[at] = was;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_know_their_offset),
		cmocka_unit_test(we_read_what_the_c_library_reads),
		cmocka_unit_test(the_next_change_is_told),
		cmocka_unit_test(only_zones_are_files_we_open),
		cmocka_unit_test(a_damaged_file_is_no_zone),
	};

	return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
