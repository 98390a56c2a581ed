/* SPDX-License-Identifier: Apache-2.0 */
/* log_test: one escaped line per event, floods counted.  See common/base/log.h. */
#include "config.h"

#include "common/base/log.h"

#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/str.h"
#include "tests/unit/unit.h"

static struct {
	size_t lines;
	char last[8192], first[8192];
} seen;

static struct clock_fake hands;
static struct clock fake;

static void
take(void *arg, enum log_level level, const char *line)
{
	(void)level;
	assert_ptr_equal(arg, &seen);
	(void)snprintf(seen.lines++ == 0 ? seen.first : seen.last, sizeof(seen.last), "%s", line);
	if (seen.lines == 1)
		memcpy(seen.last, seen.first, sizeof(seen.last));
}

static int
start(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	hands.boot += 10000;
	fake = clock_from_fake(&hands);
	log_set_clock(&fake);
	log_set_sink(take, &seen);
	log_set_level(LOG_LEVEL_INFO);
	return 0;
}

static void
log__writes_what_its_level_lets_through(void **state)
{
	(void)state;
	log_debug("nobody reads this");
	assert_int_equal(seen.lines, 0);
	log_info("read by %s", "many");
	assert_string_equal(seen.last, "read by many");
	log_set_level(LOG_LEVEL_ERROR);
	log_warn("not now");
	assert_int_equal(seen.lines, 1);
	log_error("but this");
	assert_int_equal(seen.lines, 2);
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("and this");
	assert_int_equal(seen.lines, 3);
	assert_int_equal(log_get_level(), LOG_LEVEL_DEBUG);
}

static void
att_O_03__hostile_text_stays_on_one_escaped_line(void **state)
{
	static const struct { const char *text, *line; } rows[] = {
		{ "a\nb", "x a\\u{000A}b" },
		{ "a\r\nb", "x a\\u{000D}\\u{000A}b" },
		{ "\x1b[2J", "x \\u{001B}[2J" },
		{ "%n%s", "x %n%s" },
		{ "\xe2\x80\xae" "evil", "x \\u{202E}evil" },
		{ "\xff\xfe", "x \\xFF\\xFE" },
		{ "\xc2\x85", "x \\u{0085}" },
		{ "\xe2\x80\xa8", "x \\u{2028}" },
		{ "gr\xc3\xbc\xc3\x9f", "x gr\xc3\xbc\xc3\x9f" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		log_info("x %s", rows[i].text);
		assert_int_equal(seen.lines, i + 1);
		assert_string_equal(seen.last, rows[i].line);
	}
}

static void
att_O_03__a_very_long_event_is_cut_and_still_one_valid_line(void **state)
{
	static char text[100000];

	(void)state;
	for (size_t i = 0; i + 3 < sizeof(text); i += 3)
		memcpy(text + i, i % 2 == 0 ? "\xe2\x82\xac" : "\x01\x02\x03", 3);
	log_info("%s", text);
	assert_int_equal(seen.lines, 1);
	assert_true(strlen(seen.last) < 4200);
	assert_true(str_utf8_valid(seen.last, strlen(seen.last)));
	assert_null(strchr(seen.last, '\n'));
}

static void
att_R_06__repeats_of_one_format_are_counted_not_written(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++)
		log_warn("peer %d is rude", i);
	assert_int_equal(seen.lines, 100);
	log_warn("something else");
	assert_int_equal(seen.lines, 101);
}

static void
att_R_06__the_count_is_told_when_the_second_is_over(void **state)
{
	static const char fmt[] = "flood %d";

	(void)state;
	for (int i = 0; i < 350; i++)
		log_info(fmt, i);
	assert_int_equal(seen.lines, 100);
	seen.lines = 0;
	hands.boot += 1000;
	log_info(fmt, 350);
	assert_int_equal(seen.lines, 2);
	assert_string_equal(seen.first, "250 more lines within a second like: flood %d");
	assert_string_equal(seen.last, "flood 350");
}

static void
log__goes_to_standard_error_as_one_line(void **state)
{
	char line[256] = "";
	int saved = dup(STDERR_FILENO), ends[2];
	ssize_t n;

	(void)state;
	log_set_sink(NULL, NULL);
	assert_int_equal(pipe(ends), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	log_warn("one\ntwo");
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	n = read(ends[0], line, sizeof(line) - 1);
	assert_true(n > 0);
	assert_ptr_equal(strchr(line, '\n'), line + n - 1);
	assert_non_null(strstr(line, "Z warning: one\\u{000A}two\n"));
	(void)close(saved);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(log__writes_what_its_level_lets_through, start),
		cmocka_unit_test_setup(att_O_03__hostile_text_stays_on_one_escaped_line, start),
		cmocka_unit_test_setup(att_O_03__a_very_long_event_is_cut_and_still_one_valid_line,
		    start),
		cmocka_unit_test_setup(att_R_06__repeats_of_one_format_are_counted_not_written, start),
		cmocka_unit_test_setup(att_R_06__the_count_is_told_when_the_second_is_over, start),
		cmocka_unit_test_setup(log__goes_to_standard_error_as_one_line, start),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
