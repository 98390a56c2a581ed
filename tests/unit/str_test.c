/* SPDX-License-Identifier: Apache-2.0 */
/* str_test: numbers, UTF-8, encodings, escaping.  See common/base/str.h. */
#include "config.h"

#include "common/base/str.h"

#include <inttypes.h>
#include <locale.h>
#include <math.h>

#include "common/base/buf.h"
#include "tests/unit/unit.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

static const struct { const char *text; double value; } good_doubles[] = {
	{ "0", 0 }, { "1", 1 }, { "-1", -1 }, { "+1", 1 }, { "1.20", 1.2 }, { "1.2", 1.2 },
	{ "01.2", 1.2 }, { ".5", .5 }, { "5.", 5 }, { "-.5", -.5 }, { "1e3", 1000 },
	{ "1E3", 1000 }, { "1e+3", 1000 }, { "1e-3", .001 }, { "1.5e2", 150 }, { "-0", 0 },
	{ "-0.0", 0 }, { "1e308", 1e308 }, { "1e-999", 0 }, { "4.9e-324", 4.9e-324 },
	{ "0.1", .1 }, { "123456789012345678", 123456789012345678.0 }, { "0e999999", 0 },
	{ "1e0000000000000000003", 1000 },
};
static const char *const bad_doubles[] = {
	"", "NaN", "nan", "INF", "-INF", "inf", "infinity", "1e999", "-1e999", "0x1p3", "0x10",
	"1,5", " 1", "1 ", "\t1", "1\n", "+", "-", ".", "+.", "e3", ".e3", "1e", "1e+", "1e1.5",
	"--1", "+-1", "1.2.3", "1_000", "1'000", "1f", "1d", "1.0L", "0b1", "1e3 ", "nan(1)",
	"\xd9\xa1", "\xe2\x88\x92" "1", "1\xc2\xa0", "one", "1;", "$1",
};

static void
check_double_vectors(void)
{
	double v;

	for (size_t i = 0; i < N(good_doubles); i++) {
		if (str_to_double(good_doubles[i].text, &v) != 0)
			fail_msg("'%s' was refused", good_doubles[i].text);
		if (v < good_doubles[i].value || v > good_doubles[i].value)
			fail_msg("'%s' became %g", good_doubles[i].text, v);
		assert_false(signbit(v) && !(v < 0));
	}
	v = 42;
	for (size_t i = 0; i < N(bad_doubles); i++)
		if (str_to_double(bad_doubles[i], &v) == 0)
			fail_msg("'%s' was taken", bad_doubles[i]);
	assert_true(v >= 42 && v <= 42);
}

static void
att_X_19__numbers_follow_xs_double_and_are_finite(void **state)
{
	(void)state;
	assert_true(N(good_doubles) + N(bad_doubles) >= 60);
	check_double_vectors();
}

static void
att_X_19__ten_thousand_digits_are_a_number_or_too_large(void **state)
{
	static char digits[10003];
	double v;

	(void)state;
	memset(digits, '1', 10000);
	assert_int_equal(str_to_double(digits, &v), -1);
	memcpy(digits, "0.", 2);
	assert_int_equal(str_to_double(digits, &v), 0);
	assert_true(fabs(v - 1.0 / 9) < 1e-15);
}

/* `make check` makes de_DE.UTF-8 in the build folder where localedef(1) and its
 * sources are installed (Debian: package locales). */
static void
att_X_19__a_locale_with_a_decimal_comma_changes_nothing(void **state)
{
	static const char *const with_comma[] = { "de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8",
		"sv_SE.UTF-8" };
	const char *set = NULL, *build = getenv("top_builddir");
	char text[STR_DOUBLE], path[1024];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/tests/locale", build != NULL ? build : ".");
	assert_int_equal(setenv("LOCPATH", path, 1), 0);
	for (size_t i = 0; i < N(with_comma) && set == NULL; i++)
		set = setlocale(LC_ALL, with_comma[i]);
	if (set == NULL) {
		print_message("# no locale with a decimal comma: apt-get install locales\n");
		skip();
	}
	assert_string_equal(localeconv()->decimal_point, ",");
	check_double_vectors();
	str_from_double(text, 1.5);
	assert_string_equal(text, "1.5");
	assert_non_null(setlocale(LC_ALL, "C"));
}

static void
str_from_double__is_the_shortest_text_that_reads_back(void **state)
{
	static const struct { double v; const char *text; } rows[] = {
		{ 0.1, "0.1" }, { 2, "2" }, { -0.0, "0" }, { 1.20, "1.2" }, { 1e21, "1e+21" },
		{ 5e-324, "5e-324" }, { 1.0 / 3, "0.3333333333333333" }, { 100000, "100000" },
		{ -40.5, "-40.5" }, { 1.7976931348623157e308, "1.7976931348623157e+308" },
	};
	struct unit_random r = unit_random_start();
	char text[STR_DOUBLE];
	double v, back;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		str_from_double(text, rows[i].v);
		assert_string_equal(text, rows[i].text);
	}
	for (size_t i = 0; i < unit_rounds(20000); i++) {
		uint64_t bits = unit_random_next(&r);

		memcpy(&v, &bits, sizeof(v));
		if (!isfinite(v))
			continue;
		str_from_double(text, v);
		assert_int_equal(str_to_double(text, &back), 0);
		assert_false(back < v || back > v);
	}
}

static void
short_numbers_are_what_strtod_says(void **state)
{
	struct unit_random r = unit_random_start();

	(void)state;
	for (size_t i = 0; i < unit_rounds(20000); i++) {
		static const char *const signs[] = { "", "-", "+" };
		uint64_t all = unit_random_next(&r), behind = unit_random_next(&r);
		char text[64];
		double v, want;

		for (uint64_t n = unit_random_next(&r) % 17; n > 0; n--)
			all /= 10;
		for (uint64_t n = 3 + unit_random_next(&r) % 17; n > 0; n--)
			behind /= 10;
		(void)snprintf(text, sizeof(text), "%s%" PRIu64 ".%0*" PRIu64, signs[i % 3], all,
		    (int)(unit_random_next(&r) % 18), behind);
		want = strtod(text, NULL);
		assert_int_equal(str_to_double(text, &v), 0);
		if (v < want || v > want)
			fail_msg("%s", text);
	}
	assert_int_equal(str_to_double("-0.0", &(double){ 1 }), 0);
}

static void
att_X_20__booleans_are_four_words_and_nothing_else(void **state)
{
	static const char *const bad[] = { "TRUE", "True", " true", "true ", "2", "", "yes", "no",
		"on", "off", "t", "f", "FALSE", "00", "01", "+1", "-1", "true\n", "1.0", "truefalse",
		"null" };
	bool b;

	(void)state;
	assert_true(str_to_bool("true", &b) == 0 && b);
	assert_true(str_to_bool("false", &b) == 0 && !b);
	assert_true(str_to_bool("1", &b) == 0 && b);
	assert_true(str_to_bool("0", &b) == 0 && !b);
	for (size_t i = 0; i < N(bad); i++)
		assert_int_equal(str_to_bool(bad[i], &b), -1);
	assert_false(b);
}

static void
str_to_int__knows_its_range_to_the_last_number(void **state)
{
	int64_t v;

	(void)state;
	assert_true(str_to_int("9223372036854775807", INT64_MIN, INT64_MAX, &v) == 0 && v == INT64_MAX);
	assert_true(str_to_int("-9223372036854775808", INT64_MIN, INT64_MAX, &v) == 0 && v == INT64_MIN);
	assert_int_equal(str_to_int("9223372036854775808", INT64_MIN, INT64_MAX, &v), -1);
	assert_int_equal(str_to_int("-9223372036854775809", INT64_MIN, INT64_MAX, &v), -1);
	assert_int_equal(str_to_int("99999999999999999999999", INT64_MIN, INT64_MAX, &v), -1);
	assert_true(str_to_int("7", 7, 7, &v) == 0 && v == 7);
	assert_int_equal(str_to_int("8", 7, 7, &v), -1);
	assert_int_equal(str_to_int("6", 7, 7, &v), -1);
	for (size_t i = 0; i < 8; i++) {
		static const char *const bad[] = { "", "-", "+1", " 1", "1 ", "0x1", "1.0", "1e3" };

		assert_int_equal(str_to_int(bad[i], INT64_MIN, INT64_MAX, &v), -1);
	}
}

static void
str_copy__refuses_what_does_not_fit(void **state)
{
	char out[4] = "old";

	(void)state;
	assert_int_equal(str_copy(out, sizeof(out), "abc"), 0);
	assert_string_equal(out, "abc");
	assert_int_equal(str_copy(out, sizeof(out), "abcd"), -1);
	assert_string_equal(out, "");
}

static void
str_case__folds_ascii_and_leaves_the_rest(void **state)
{
	char text[] = "AbZ\xc3\x84[";

	(void)state;
	assert_true(str_case_eq("iQ", "Iq"));
	assert_false(str_case_eq("iq", "iqs"));
	assert_false(str_case_eq("\xc3\x84", "\xc3\xa4"));
	assert_true(str_case_cmp("a", "B") < 0 && str_case_cmp("b", "A") > 0);
	assert_true(str_starts("iotdisco:x", "iotdisco:") && !str_starts("iot", "iotdisco:"));
	assert_true(str_case_starts("IoTDisco:x", "iotdisco:") && !str_case_starts("", "i"));
	str_lower(text);
	assert_string_equal(text, "abz\xc3\x84[");
}

static void
str_utf8_valid__refuses_overlong_surrogates_and_beyond(void **state)
{
	static const char *const bad[] = { "\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf",
		"\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x80\x80\xaf", "\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80", "\xff", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "a\xc3(", "\xfe\xff" };
	static const char *const good[] = { "", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
		"\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf" };

	(void)state;
	for (size_t i = 0; i < N(bad); i++)
		assert_false(str_utf8_valid(bad[i], strlen(bad[i])));
	for (size_t i = 0; i < N(good); i++)
		assert_true(str_utf8_valid(good[i], strlen(good[i])));
	assert_true(str_utf8_valid("\0", 1));
	assert_false(str_utf8_valid("\xe2\x82\xac", 2));
	assert_int_equal(str_utf8_chars("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), 4);
}

static void
str_utf8_next__steps_over_bad_bytes_one_by_one(void **state)
{
	const char *s = "\xe2\x82\xac\xff\xe2\x82z";

	(void)state;
	assert_int_equal(str_utf8_next(&s), 0x20ac);
	assert_int_equal(str_utf8_next(&s), 0xfffd);
	assert_int_equal(str_utf8_next(&s), 0xfffd);
	assert_int_equal(str_utf8_next(&s), 0xfffd);
	assert_int_equal(str_utf8_next(&s), 'z');
	assert_int_equal(str_utf8_next(&s), 0);
	assert_int_equal(str_utf8_next(&s), 0);
}

static void
check_escape(const char *in, size_t max, bool quote, const char *want)
{
	struct buf b;

	buf_init(&b, 1000);
	str_escape(&b, in, max, quote);
	assert_string_equal(buf_str(&b), want);
	buf_fini(&b);
}

static void
str_escape__makes_everything_visible(void **state)
{
	(void)state;
	check_escape("plain \xc3\xa4", 99, true, "plain \xc3\xa4");
	check_escape("a\nb\tc\x7f", 99, false, "a\\u{000A}b\\u{0009}c\\u{007F}");
	check_escape("\xe2\x80\x8b\xe2\x81\xa6\xef\xbb\xbf", 99, false, "\\u{200B}\\u{2066}\\u{FEFF}");
	check_escape("\xf3\xa0\x80\xa0", 99, false, "\\u{E0020}");
	check_escape("\xc0\xaf", 99, false, "\\xC0\\xAF");
	check_escape("say \"x\\y\"", 99, true, "say \\\"x\\\\y\\\"");
	check_escape("say \"x\\y\"", 99, false, "say \"x\\y\"");
	check_escape("abcdef", 3, false, "abc\xe2\x80\xa6");
	check_escape("abc", 3, false, "abc");
	check_escape("\xe2\x82\xac\xe2\x82\xac", 1, false, "\xe2\x82\xac\xe2\x80\xa6");
	check_escape("", 0, false, "");
	assert_true(str_is_plain_ascii("Az 09~"));
	assert_false(str_is_plain_ascii("a\tb"));
	assert_false(str_is_plain_ascii("\xd0\xbe"));
}

static void
str_hex__reads_back_and_refuses_the_rest(void **state)
{
	unsigned char out[3];
	char text[7];

	(void)state;
	str_hex(text, "\x00\xab\xff", 3);
	assert_string_equal(text, "00abff");
	assert_int_equal(str_unhex(out, 3, "00ABff"), 0);
	assert_memory_equal(out, "\x00\xab\xff", 3);
	assert_int_equal(str_unhex(out, 3, "00abf"), -1);
	assert_int_equal(str_unhex(out, 3, "00abfff"), -1);
	assert_int_equal(str_unhex(out, 3, "00abfg"), -1);
	assert_int_equal(str_unhex(out, 3, "00ab"), -1);
}

static void
str_base64__matches_rfc_4648(void **state)
{
	static const struct { const char *plain, *text; } rows[] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
	};
	char back[16];
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	for (size_t i = 0; i < N(rows); i++) {
		buf_reset(&b);
		str_base64(&b, rows[i].plain, strlen(rows[i].plain));
		assert_string_equal(buf_str(&b), rows[i].text);
		assert_int_equal(str_unbase64(back, sizeof(back), rows[i].text, b.len),
		    strlen(rows[i].plain));
		assert_memory_equal(back, rows[i].plain, strlen(rows[i].plain));
	}
	buf_fini(&b);
}

static void
str_unbase64__takes_one_spelling_only(void **state)
{
	static const char *const bad[] = { "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z===", "====",
		"Zm9v\n", " Zm9v", "Zm9v Zm9v", "Zg==Zg==", "Zm-_", "Z=g=", "Zm9vY", "\xc3\xa4zz" };
	char out[16];

	(void)state;
	for (size_t i = 0; i < N(bad); i++)
		if (str_unbase64(out, sizeof(out), bad[i], strlen(bad[i])) != -1)
			fail_msg("'%s' was taken", bad[i]);
	assert_int_equal(str_unbase64(out, 2, "Zm9v", 4), -1);
	assert_int_equal(str_unbase64(out, 3, "Zm9v", 4), 3);
	assert_int_equal(str_unbase64(out, 3, "Zm9\0", 4), -1);
}

static void
str_distance__counts_edits_up_to_a_limit(void **state)
{
	(void)state;
	assert_int_equal(str_distance("claim", "claim", 2), 0);
	assert_int_equal(str_distance("clam", "claim", 2), 1);
	assert_int_equal(str_distance("sitting", "kitten", 9), 3);
	assert_int_equal(str_distance("sitting", "kitten", 2), 3);
	assert_int_equal(str_distance("", "abc", 5), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(att_X_19__numbers_follow_xs_double_and_are_finite),
		cmocka_unit_test(att_X_19__ten_thousand_digits_are_a_number_or_too_large),
		cmocka_unit_test(att_X_19__a_locale_with_a_decimal_comma_changes_nothing),
		cmocka_unit_test(str_from_double__is_the_shortest_text_that_reads_back),
		cmocka_unit_test(short_numbers_are_what_strtod_says),
		cmocka_unit_test(att_X_20__booleans_are_four_words_and_nothing_else),
		cmocka_unit_test(str_to_int__knows_its_range_to_the_last_number),
		cmocka_unit_test(str_copy__refuses_what_does_not_fit),
		cmocka_unit_test(str_case__folds_ascii_and_leaves_the_rest),
		cmocka_unit_test(str_utf8_valid__refuses_overlong_surrogates_and_beyond),
		cmocka_unit_test(str_utf8_next__steps_over_bad_bytes_one_by_one),
		cmocka_unit_test(str_escape__makes_everything_visible),
		cmocka_unit_test(str_hex__reads_back_and_refuses_the_rest),
		cmocka_unit_test(str_base64__matches_rfc_4648),
		cmocka_unit_test(str_unbase64__takes_one_spelling_only),
		cmocka_unit_test(str_distance__counts_edits_up_to_a_limit),
	};

	return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
