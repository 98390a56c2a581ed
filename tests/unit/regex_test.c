/* SPDX-License-Identifier: Apache-2.0 */
/* regex_test: expressions as written, against those of libc, and at their worst. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <regex.h>

#include "registry/regex.h"

#define ENOUGH INT64_C(10000000)

static enum regex_error compile(struct pool *pool, const char *pattern, const struct regex **r)
{
	pool_init(pool, 1 << 20);
	return regex_compile(r, pattern, pool);
}

static bool fits(const char *pattern, const char *text)
{
	const struct regex *r = NULL;
	int64_t steps = ENOUGH;
	struct pool pool;
	bool fit;

	if (compile(&pool, pattern, &r) != REGEX_FINE)
		fail_msg("refused: '%s'", pattern);
	fit = regex_fits(r, text, &steps);
	assert_true(steps >= 0);
	pool_fini(&pool);
	return fit;
}

static const struct {
	const char *pattern, *text;
	bool fits;
} rows[] = {
	/* The whole value, case-sensitive. */
	{ "IMC", "IMC", true }, { "IMC", "imc", false }, { "MC", "IMC", false },
	{ "IM", "IMC", false }, { "", "", true }, { "", "a", false }, { "a|bc", "bc", true },
	{ "a|bc", "ac", false }, { "a|", "", true }, { "()", "", true }, { "(a|b)*c", "abbac", true },
	{ "a*", "", true }, { "a+", "", false }, { "a?b", "b", true }, { "a?b", "aab", false },
	{ "a{2}", "aa", true }, { "a{2}", "aaa", false }, { "a{2,}", "aaaaa", true },
	{ "a{2,}", "a", false }, { "a{1,3}", "aaa", true }, { "a{1,3}", "aaaa", false },
	{ "a{0}", "", true }, { "(ab){2,3}c", "ababc", true }, { "(a*)*", "aaa", true },
	{ "(a*)+b", "b", true }, { "(a|b|)*", "abab", true }, { "a**", "aa", true },
	/* Anchors say nothing that the whole match does not. */
	{ "^IMC$", "IMC", true }, { "a^b", "ab", false }, { "a$b", "ab", false },
	{ "(^a|b)c", "ac", true }, { "^$", "", true }, { "(a|^)b", "b", true },
	/* Brackets. */
	{ "[a-c]+", "abc", true }, { "[a-c]+", "abd", false }, { "[^a-c]", "d", true },
	{ "[^a-c]", "b", false }, { "[]a]+", "]a", true }, { "[^]]", "]", false },
	{ "[a-]+", "a-a", true }, { "[[:digit:]]{3}", "407", true },
	{ "[[:digit:]]", "x", false }, { "[[:upper:][:digit:]_]+", "A_1", true },
	{ "[.*+?(){}|^$\\]+", ".*+?(){}|^$\\", true }, { "[[.-.]a]+", "-a", true },
	{ "[[=a=]]", "a", true }, { "[a-c-e]", "-", true },
	/* Escapes. */
	{ "a\\.b", "a.b", true }, { "a\\.b", "axb", false }, { "\\(\\)\\[\\{\\*", "()[{*", true },
	{ "\\\\", "\\", true }, { "a)", "a)", true }, { "a}", "a}", true }, { "a]", "a]", true },
	/* Characters, not bytes. */
	{ ".", "\xe2\x82\xac", true }, { "..", "\xe2\x82\xac", false },
	{ "[\xc3\xa0-\xc3\xbc]", "\xc3\xa4", true }, { "\xc3\xa4{2}", "\xc3\xa4\xc3\xa4", true },
	{ "[[:alpha:]]", "\xc3\xa4", true }, { "[[:digit:]]", "\xd9\xa3", false },
	{ "[^a]", "\xf0\x9f\x92\xa1", true },
};

static void expressions_mean_what_posix_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (fits(rows[i].pattern, rows[i].text) != rows[i].fits)
			fail_msg("'%s' and '%s'", rows[i].pattern, rows[i].text);
}

static void what_is_no_expression_is_refused(void **state)
{
	static const char *const wrong[] = {
		"*", "+a", "?", "a|*", "(", "(a", "a(b", "[", "[a", "[]", "[^]", "[b-a]", "[[:x:]]",
		"[[:alpha:", "[[.ab.]]", "{1}", "a{", "a{}", "a{,3}", "a{3,1}", "a{1", "a{256}",
		"a{1,256}", "a{x}", "\\", "\\d", "\\w+", "(a)\\1", "\\\xc3\xa4", "^*", "$+", "\xff",
		"(*a)", "(?:a)", "a{99999999999999999999}",
	};
	const struct regex *r;
	struct pool pool;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (compile(&pool, wrong[i], &r) != REGEX_WRONG)
			fail_msg("taken: '%s'", wrong[i]);
		pool_fini(&pool);
	}
}

static void att_C_21__what_would_be_written_out_without_end_is_refused(void **state)
{
	static const char *const large[] = {
		"(a{255}){255}", "((((((a{99}){99}){99}){99}){99}){99}){99}",
		"(((((((((((){255}){255}){255}){255}){255}){255}){255}){255}){255}){255}){255}",
		"((a?){200}){6}",
	};
	const struct regex *r;
	struct pool pool;

	(void)state;
	for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
		if (compile(&pool, large[i], &r) != REGEX_TOO_LARGE)
			fail_msg("taken: '%s'", large[i]);
		pool_fini(&pool);
	}
}

/* Where one that goes back takes for ever: the steps grow with the text, not with its powers. */
static void att_C_21__the_worst_takes_states_times_characters(void **state)
{
	static const char *const bad[] = {
		"(a*)*b", "(a|a)*b", "(a|aa)+b", "(a*a*)*b", "(.*a){12}b", "((a?){20}){20}b",
		"(((((a*)*)*)*)*)*b", ".*.*.*.*.*.*.*.*.*.*b", "(a?){255}a{255}b",
	};
	const struct regex *r;
	char text[129];
	struct pool pool;

	(void)state;
	memset(text, 'a', 128);
	text[128] = '\0';
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int64_t steps = ENOUGH, few = 10;

		assert_int_equal(compile(&pool, bad[i], &r), REGEX_FINE);
		assert_false(regex_fits(r, text, &steps));
		if (ENOUGH - steps > INT64_C(129) * 4 * REGEX_STATES)
			fail_msg("%jd steps for '%s'", (intmax_t)(ENOUGH - steps), bad[i]);
		assert_false(regex_fits(r, text, &few));
		assert_true(few < 0);
		pool_fini(&pool);
	}
}

static void steps_that_are_used_up_end_it_without_a_yes(void **state)
{
	const struct regex *r;
	struct pool pool;
	int64_t all = ENOUGH;

	(void)state;
	assert_int_equal(compile(&pool, "(a|b)*", &r), REGEX_FINE);
	assert_true(regex_fits(r, "abababab", &all));
	for (int64_t i = 0; i < ENOUGH - all; i++)
		assert_false(regex_fits(r, "abababab", &(int64_t){ i }));
	assert_true(regex_fits(r, "abababab", &(int64_t){ ENOUGH - all }));
	pool_fini(&pool);
}

static void runs_are_what_every_fitting_text_holds(void **state)
{
	static const struct { const char *pattern, *runs; } of[] = {
		{ "39487.*", "39487 " }, { "^IMC-(0|1)x$", "IMC- x " }, { "(abc)+d", "abc d " },
		{ "(abc)*d", "d " }, { "ab?c", "a c " }, { "a|b", "" }, { ".*", "" },
		{ "x{0}y", "y " }, { "(ab)(cd)", "abcd " }, { "a{2}", "a " }, { "[0-9]-", "- " },
		{ "((a(bc))d)e", "abcde " },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		const struct regex *r;
		const char *const *runs;
		struct pool pool;
		size_t n, at = 0;

		assert_int_equal(compile(&pool, of[i].pattern, &r), REGEX_FINE);
		n = regex_runs(r, &runs);
		text[0] = '\0';
		for (size_t k = 0; k < n; k++)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s ", runs[k]);
		assert_string_equal(text, of[i].runs);
		pool_fini(&pool);
	}
}

/* ---- against libc ---- */

static uint64_t dice = 88172645463325252u;

static unsigned pick(unsigned n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (unsigned)((dice >> 16) % n);
}

static size_t add(char *to, const char *what)
{
	size_t n = strlen(what);

	memcpy(to, what, n);
	return n;
}

/* Random, and an expression in libc's eyes and ours alike. */
static size_t random_pattern(char *to, unsigned deep)
{
	static const char *const atoms[] = { "a", "b", "c", ".", "[ab]", "[^a]", "[b-c]", "\\.",
	    "[[:alpha:]]" };
	static const char *const counts[] = { "*", "+", "?", "{2}", "{0,1}", "{1,}", "{1,3}" };
	size_t n = 0;

	for (unsigned i = 0, all = 1 + pick(3); i < all; i++) {
		if (deep > 0 && pick(3) == 0) {
			to[n++] = '(';
			n += random_pattern(to + n, deep - 1);
			if (pick(2) == 0) {
				to[n++] = '|';
				n += random_pattern(to + n, deep - 1);
			}
			to[n++] = ')';
		} else {
			n += add(to + n, atoms[pick(9)]);
		}
		if (pick(3) == 0)
			n += add(to + n, counts[pick(7)]);
	}
	to[n] = '\0';
	return n;
}

static void agree(const char *pattern)
{
	char whole[600], text[12];
	const struct regex *r;
	regex_t libc;
	struct pool pool;

	snprintf(whole, sizeof(whole), "^(%s)$", pattern);
	assert_int_equal(regcomp(&libc, whole, REG_EXTENDED | REG_NOSUB), 0);
	if (compile(&pool, pattern, &r) != REGEX_FINE)
		fail_msg("refused: '%s'", pattern);
	for (unsigned i = 0; i < 40; i++) {
		const char *const *runs;
		int64_t steps = ENOUGH;
		size_t n = pick(9);
		bool fit;

		for (size_t k = 0; k < n; k++)
			text[k] = "abc."[pick(4)];
		text[n] = '\0';
		fit = regex_fits(r, text, &steps);
		if (fit != (regexec(&libc, text, 0, NULL, 0) == 0))
			fail_msg("'%s' and '%s': we say %d", pattern, text, fit);
		n = regex_runs(r, &runs);
		for (size_t k = 0; fit && k < n; k++)
			if (strstr(text, runs[k]) == NULL)
				fail_msg("'%s' fits '%s' without '%s'", pattern, text, runs[k]);
	}
	regfree(&libc);
	pool_fini(&pool);
}

static void random_expressions_agree_with_libc(void **state)
{
	char pattern[512];
	int turns = getenv("KITH_LONG") != NULL ? 200000 : 4000;

	(void)state;
	for (int i = 0; i < turns; i++) {
		random_pattern(pattern, 2);
		agree(pattern);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expressions_mean_what_posix_says),
		cmocka_unit_test(what_is_no_expression_is_refused),
		cmocka_unit_test(att_C_21__what_would_be_written_out_without_end_is_refused),
		cmocka_unit_test(att_C_21__the_worst_takes_states_times_characters),
		cmocka_unit_test(steps_that_are_used_up_end_it_without_a_yes),
		cmocka_unit_test(runs_are_what_every_fitting_text_holds),
		cmocka_unit_test(random_expressions_agree_with_libc),
	};

	return cmocka_run_group_tests_name("regex", tests, NULL, NULL);
}
