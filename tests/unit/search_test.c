/* SPDX-License-Identifier: Apache-2.0 */
/* search_test: masks and operators of XEP-0347 over one thing's tags. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "registry/search_term.h"

struct mask_row {
	const char *text, *mask, *wildcard;
	bool fits;
};

static const struct mask_row masks[] = {
	{ "394872", "39*", "*", true }, { "394872", "*72", "*", true },
	{ "394872", "*48*", "*", true }, { "394872", "*", "*", true }, { "", "*", "*", true },
	{ "", "", "*", true }, { "a", "", "*", false }, { "394872", "394872", "*", true },
	{ "394872", "39487", "*", false }, { "394872", "*84*", "*", false },
	{ "abab", "*ab", "*", true }, { "aXbXc", "a*b*c", "*", true },
	{ "aXcXb", "a*b*c", "*", false }, { "a*b", "a%b", "%", true },
	/* Nothing but the wildcard is special. */
	{ "a%b", "a%b", "*", true }, { "axb", "a%b", "*", false }, { "axb", "a_b", "*", false },
	{ "a[x]b", "a[x]b", "*", true }, { "axb", "a?b", "*", false },
	{ "axb", "a.b", "*", false }, { "axb", "a*b", NULL, false }, { "a*b", "a*b", NULL, true },
	{ "\xc3\xa4xx", "\xc3\xa4\xe2\x82\xac", "\xe2\x82\xac", true },
	{ "abc", "a**c", "**", true }, { "abc", "a*c", "**", false },
};

static void masks_fit_as_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++)
		if (search_term_mask(masks[i].text, masks[i].mask, masks[i].wildcard, false) !=
		    masks[i].fits)
			fail_msg("'%s' like '%s'", masks[i].text, masks[i].mask);
	assert_true(search_term_mask("Model", "MOD*", "*", true));
	assert_false(search_term_mask("Model", "MOD*", "*", false));
}

/* The plain recursive meaning, to compare with. */
static bool slow_mask(const char *t, const char *m)
{
	if (*m == '\0')
		return *t == '\0';
	if (*m == '*')
		return slow_mask(t, m + 1) || (*t != '\0' && slow_mask(t + 1, m));
	return *t == *m && slow_mask(t + 1, m + 1);
}

static void att_O_02__masks_agree_with_the_plain_meaning(void **state)
{
	char t[9], m[9];

	(void)state;
	srandom(4711);
	for (int i = 0; i < 200000; i++) {
		size_t tn = (size_t)random() % 8, mn = (size_t)random() % 8;

		for (size_t k = 0; k < tn; k++)
			t[k] = "ab"[random() % 2];
		for (size_t k = 0; k < mn; k++)
			m[k] = "ab*"[random() % 3];
		t[tn] = m[mn] = '\0';
		if (search_term_mask(t, m, "*", false) != slow_mask(t, m))
			fail_msg("'%s' like '%s'", t, m);
	}
}

/* 40 wildcards against a text that never fits: exponential would not end. */
static void att_C_21__a_costly_mask_ends(void **state)
{
	char text[129], mask[129];

	(void)state;
	memset(text, 'a', 128);
	text[128] = '\0';
	for (size_t i = 0; i < 128; i++)
		mask[i] = i % 2 == 0 ? '*' : 'a';
	mask[127] = 'b';
	mask[128] = '\0';
	assert_false(search_term_mask(text, mask, "*", false));
}

static struct tag sample_tags[] = {
	{ .name = "MAN", .str = "www.ktc.se" }, { .name = "SN", .str = "b" },
	{ .name = "V", .is_num = true, .str = "1.5", .num = 1.5 },
};
static const struct tag_list sample = { 3, sample_tags };

static bool fit_in(const struct tag_list *tags, size_t n, struct search_term *term)
{
	struct request_search q = { .n = n, .term = term };
	struct search_terms s;
	int64_t work = 1000;
	struct pool pool;
	bool fit;

	pool_init(&pool, 1 << 16);
	assert_int_equal(search_terms_prepare(&s, &q, &pool), COND_NONE);
	fit = search_terms_fit(&s, tags, &work);
	pool_fini(&pool);
	return fit;
}

static bool fits(struct search_term t)
{
	return fit_in(&sample, 1, &t);
}

#define T(o, ...) ((struct search_term){ .op = o, __VA_ARGS__ })

static void string_operators(void **state)
{
	(void)state;
	assert_true(fits(T(OP_STR_EQ, .name = "man", .value = "www.ktc.se")));
	assert_false(fits(T(OP_STR_EQ, .name = "man", .value = "WWW.ktc.se")));
	assert_false(fits(T(OP_STR_EQ, .name = "absent", .value = "x")));
	assert_false(fits(T(OP_STR_EQ, .name = "V", .value = "1.5")));
	assert_true(fits(T(OP_STR_NEQ, .name = "MAN", .value = "x")));
	assert_false(fits(T(OP_STR_NEQ, .name = "absent", .value = "x")));
	assert_true(fits(T(OP_STR_GT, .name = "SN", .value = "a")));
	assert_false(fits(T(OP_STR_GT, .name = "SN", .value = "b")));
	assert_true(fits(T(OP_STR_GTEQ, .name = "SN", .value = "b")));
	assert_true(fits(T(OP_STR_LT, .name = "SN", .value = "c")));
	assert_true(fits(T(OP_STR_LTEQ, .name = "SN", .value = "b")));
	assert_false(fits(T(OP_STR_LT, .name = "SN", .value = "b")));
	assert_true(fits(T(OP_STR_MASK, .name = "MAN", .value = "*ktc*", .wildcard = "*")));
	assert_true(fits(T(OP_STR_EQ, .name = "M*", .name_wildcard = "*", .value = "www.ktc.se")));
	assert_true(fits(T(OP_STR_REGEX, .name = "MAN", .value = "www\\.(ktc|acme)\\.[a-z]{2}")));
	assert_false(fits(T(OP_STR_REGEX, .name = "MAN", .value = "www\\.ktc")));
	assert_false(fits(T(OP_STR_REGEX, .name = "MAN", .value = "WWW.*")));
	assert_false(fits(T(OP_STR_REGEX, .name = "V", .value = ".*")));
	assert_false(fits(T(OP_STR_REGEX, .name = "absent", .value = ".*")));
}

static void ranges_and_their_ends(void **state)
{
	struct search_term in = T(OP_NUM_RANGE, .name = "V", .num_min = 1.5, .num_max = 2,
	    .has_min = true, .has_max = true);
	struct search_term out = in;

	(void)state;
	out.op = OP_NUM_NRANGE;
	assert_false(fits(in));
	assert_true(fits(out));
	in.min_included = out.min_included = true;
	assert_true(fits(in));
	assert_false(fits(out));
	in.num_min = 1;
	in.num_max = 1.5;
	assert_false(fits(in));
	in.max_included = true;
	assert_true(fits(in));
	in.has_max = in.has_min = false;
	assert_true(fits(in));
	in.op = OP_NUM_NRANGE;
	assert_false(fits(in));
	assert_true(fits(T(OP_STR_RANGE, .name = "SN", .min = "a", .max = "c", .has_min = true,
	    .has_max = true)));
	assert_true(fits(T(OP_STR_NRANGE, .name = "SN", .min = "c", .max = "d", .has_min = true,
	    .has_max = true)));
}

static void number_operators(void **state)
{
	(void)state;
	assert_true(fits(T(OP_NUM_EQ, .name = "v", .num = 1.5)));
	assert_true(fits(T(OP_NUM_NEQ, .name = "V", .num = 2)));
	assert_true(fits(T(OP_NUM_GT, .name = "V", .num = 1)));
	assert_true(fits(T(OP_NUM_GTEQ, .name = "V", .num = 1.5)));
	assert_true(fits(T(OP_NUM_LT, .name = "V", .num = 2)));
	assert_true(fits(T(OP_NUM_LTEQ, .name = "V", .num = 1.5)));
	assert_false(fits(T(OP_NUM_LT, .name = "V", .num = 1.5)));
	assert_false(fits(T(OP_NUM_EQ, .name = "SN", .num = 0)));
}

/* No name with a wildcard reaches a KEY either, should one ever be among tags. */
static void att_C_05__no_wildcard_in_a_name_reaches_a_key(void **state)
{
	static const char *const wild[] = { "*", "K*", "k*Y", "?EY" };
	struct tag tag[] = { { .name = "Key", .str = "4857402340298342" } };
	const struct tag_list only_key = { 1, tag };

	(void)state;
	for (size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		struct search_term t = T(OP_STR_EQ, .name = wild[i], .value = tag[0].str,
		    .name_wildcard = i < 3 ? "*" : "?");

		assert_false(fit_in(&only_key, 1, &t));
		tag[0].name = "KEYRING";
		assert_int_equal(fit_in(&only_key, 1, &t), i == 0 || i == 1);
		tag[0].name = "Key";
	}
}

static void att_C_05__no_operator_finds_by_key(void **state)
{
	static const char *const names[] = { "KEY", "key", "Key" };

	(void)state;
	for (enum search_op op = 0; op < OP_COUNT; op++) {
		for (size_t i = 0; i < 3; i++) {
			struct search_term t[2] = { T(OP_STR_EQ, .name = "MAN",
			    .value = "www.ktc.se"), T(op, .name = names[i], .value = "",
			    .wildcard = "*") };
			struct request_search q = { .n = 2, .term = t };

			assert_true(search_terms_name_key(&q));
			assert_false(fit_in(&sample, 2, t));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masks_fit_as_written),
		cmocka_unit_test(att_O_02__masks_agree_with_the_plain_meaning),
		cmocka_unit_test(att_C_21__a_costly_mask_ends),
		cmocka_unit_test(string_operators),
		cmocka_unit_test(ranges_and_their_ends),
		cmocka_unit_test(number_operators),
		cmocka_unit_test(att_C_05__no_operator_finds_by_key),
		cmocka_unit_test(att_C_05__no_wildcard_in_a_name_reaches_a_key),
	};

	return cmocka_run_group_tests_name("search", tests, NULL, NULL);
}
