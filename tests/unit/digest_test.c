/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest_test: the canonical tag set, form 1, by vectors that must never
 * change, and packed tags, from which a KEY is missing.
 */
#include "config.h"

#include "tests/unit/store_support.h"

#include "common/base/str.h"
#include "registry/digest.h"
#include "registry/tags.h"

#define S(n, v) { .name = n, .str = v }
#define NUM(n, v) { .name = n, .is_num = true, .str = #v, .num = v }

static struct tag_list list(struct tag *tags, size_t n)
{
	struct tag_list l = { n, tags };

	return l;
}
#define LIST(a) list(a, sizeof(a) / sizeof((a)[0]))

static struct pool pool;

static const char *form(const struct tag_list *l)
{
	const char *text = digest_form(l, &pool);

	assert_non_null(text);
	return text;
}

static void the_canonical_set(void **state)
{
	struct tag sample[] = { S("SN", "394872348732948723"), S("MAN", "www.ktc.se"),
		S("MODEL", "IMC"), NUM("V", 1.2), S("KEY", "4857402340298342"), S("R", "reg.ex") };
	struct tag umlaut[] = { S("\xc3\x84", "\xc3\x84"), S("b", ""), NUM("B2", -0.0) };
	struct tag_list empty = { 0, NULL };
	struct tag_list l = LIST(sample);

	(void)state;
	assert_string_equal(form(&l), "1:s3:key16:4857402340298342" "1:s3:man10:www.ktc.se"
	    "1:s5:model3:IMC" "1:s2:sn18:394872348732948723" "1:n1:v3:1.2");
	l = LIST(umlaut);
	assert_string_equal(form(&l), "1:s1:b0:" "1:n2:b21:0" "1:s2:\xc3\xa4" "2:\xc3\x84");
	assert_string_equal(form(&empty), "");
}

/* The key is 32 bytes of 07; HMAC-SHA-256 over the label and the canonical
 * set, each behind its length as 8 bytes, big end first.  Computed with
 * another program. */
static void the_digest_of_the_sample(void **state)
{
	struct tag sample[] = { S("SN", "394872348732948723"), S("MAN", "www.ktc.se"),
		S("MODEL", "IMC"), NUM("V", 1.2), S("KEY", "4857402340298342") };
	struct tag_list l = LIST(sample);
	uint8_t digest[DIGEST_BYTES];
	char hex[2 * DIGEST_BYTES + 1];
	struct secret key = { 0 };

	(void)state;
	test_key(&key, 7);
	assert_int_equal(digest_tags(digest, &key, &l, &pool), 0);
	str_hex(hex, digest, sizeof(digest));
	assert_string_equal(hex,
	    "439a2a03b90897535e0af29a55f5d1cbe71efc59be46d9a0c1ece07096536139");
	digest_key_check(digest, &key);
	str_hex(hex, digest, sizeof(digest));
	assert_string_equal(hex,
	    "342b64b16b06944021342aed9071ed9e18b5564a3bdb523401774a1e90344367");
	secret_clear(&key);
}

static bool same(const struct secret *key, const struct tag_list *a, const struct tag_list *b)
{
	uint8_t x[DIGEST_BYTES], y[DIGEST_BYTES];

	assert_int_equal(digest_tags(x, key, a, &pool), 0);
	assert_int_equal(digest_tags(y, key, b, &pool), 0);
	return memcmp(x, y, sizeof(x)) == 0;
}

static void att_C_06__order_and_case_do_not_matter_the_rest_does(void **state)
{
	struct tag a[] = { S("SN", "1"), S("KEY", "k"), NUM("V", 2) };
	struct tag reordered[] = { NUM("v", 2), S("kEy", "k"), S("sn", "1") };
	struct tag with_r[] = { S("r", "x"), S("SN", "1"), S("KEY", "k"), NUM("V", 2) };
	struct tag fewer[] = { S("SN", "1"), S("KEY", "k") };
	struct tag more[] = { S("SN", "1"), S("KEY", "k"), NUM("V", 2), S("X", "") };
	struct tag value[] = { S("SN", "1"), S("KEY", "K"), NUM("V", 2) };
	struct tag typed[] = { S("SN", "1"), S("KEY", "k"), S("V", "2") };
	struct tag moved[] = { S("SN1", ""), S("KEY", "k"), NUM("V", 2) };
	struct tag_list base = LIST(a), l;
	struct secret key = { 0 }, other = { 0 };
	uint8_t x[DIGEST_BYTES], y[DIGEST_BYTES];

	(void)state;
	test_key(&key, 7);
	test_key(&other, 8);
	l = LIST(reordered);
	assert_true(same(&key, &base, &l));
	l = LIST(with_r);
	assert_true(same(&key, &base, &l));
	l = LIST(fewer);
	assert_false(same(&key, &base, &l));
	l = LIST(more);
	assert_false(same(&key, &base, &l));
	l = LIST(value);
	assert_false(same(&key, &base, &l));
	l = LIST(typed);
	assert_false(same(&key, &base, &l));
	l = LIST(moved);
	assert_false(same(&key, &base, &l));
	digest_tags(x, &key, &base, &pool);
	digest_tags(y, &other, &base, &pool);
	assert_memory_not_equal(x, y, sizeof(x));
	secret_clear(&key);
	secret_clear(&other);
}

static void sixty_four_long_tags_fit(void **state)
{
	static char names[WIRE_TAGS][4 * WIRE_TAG_NAME + 1], value[4 * WIRE_TAG_VALUE + 1];
	struct tag tags[WIRE_TAGS + 1] = { { 0 } };
	struct tag_list l = { WIRE_TAGS, tags }, back;
	const uint8_t *bytes;
	size_t len;
	struct secret key = { 0 };
	uint8_t digest[DIGEST_BYTES];

	(void)state;
	test_key(&key, 7);
	/* Characters of four bytes, in names and values. */
	for (size_t i = 0; i < WIRE_TAG_VALUE; i++)
		memcpy(value + 4 * i, "\xf0\x9d\x92\xb3", 4);
	for (size_t i = 0; i < WIRE_TAGS; i++) {
		for (size_t k = 0; k < WIRE_TAG_NAME; k++)
			memcpy(names[i] + 4 * k, "\xf0\x90\x90\x80", 4);
		snprintf(names[i], 3, "%02zu", i);
		names[i][2] = 'x';
		names[i][3] = 'x';
		tags[i].name = names[i];
		tags[i].str = value;
	}
	assert_int_equal(digest_tags(digest, &key, &l, &pool), 0);
	bytes = tags_pack(&l, &pool, &len);
	assert_non_null(bytes);
	assert_int_equal(tags_unpack(&back, bytes, len, &pool), 0);
	assert_int_equal(back.n, WIRE_TAGS);
	assert_string_equal(back.tag[WIRE_TAGS - 1].str, value);
	l.n = WIRE_TAGS + 1;
	assert_int_equal(digest_tags(digest, &key, &l, &pool), -1);
	secret_clear(&key);
}

static void att_C_05__a_key_is_not_packed(void **state)
{
	struct tag tags[] = { S("SN", "1"), S("kEY", "canary"), S("R", "reg"), NUM("V", 0.1),
		NUM("KEY", 77) };
	struct tag_list l = LIST(tags), back;
	size_t len;
	uint8_t *bytes = tags_pack(&l, &pool, &len);

	(void)state;
	assert_int_equal(tags_unpack(&back, bytes, len, &pool), 0);
	assert_int_equal(back.n, 2);
	assert_string_equal(back.tag[0].str, "1");
	assert_string_equal(back.tag[1].str, "0.1");
	assert_true(back.tag[1].is_num && back.tag[1].num == 0.1);
}

static void att_O_09__damaged_tags_are_refused(void **state)
{
	struct tag tags[] = { S("SN", "1"), NUM("V", 2) };
	struct tag_list l = LIST(tags), back;
	size_t len;
	uint8_t *bytes = tags_pack(&l, &pool, &len);

	(void)state;
	for (size_t i = 1; i < len; i++)
		if (i != 8)	/* behind the first tag */
			assert_int_equal(tags_unpack(&back, bytes, i, &pool), -1);
	for (size_t i = 0; i < len; i++) {
		uint8_t was = bytes[i];

		for (unsigned v = 0; v < 256; v++) {
			bytes[i] = (uint8_t)v;
			(void)tags_unpack(&back, bytes, len, &pool);
		}
		bytes[i] = was;
	}
}

static void merging_overwrites_removes_and_leaves_the_rest(void **state)
{
	struct tag have[] = { S("A", "1"), S("B", "2"), NUM("C", 3) };
	struct tag change[] = { S("b", ""), S("KEY", "x"), NUM("a", 5), S("D", "4"),
		S("nothing", "") };
	struct tag_list l = LIST(have), c = LIST(change);

	(void)state;
	assert_int_equal(tags_merge(&l, &c, &pool), 1);
	assert_int_equal(l.n, 3);
	assert_true(tag_find(&l, "A")->is_num);
	assert_null(tag_find(&l, "B"));
	assert_non_null(tag_find(&l, "C"));
	assert_string_equal(tag_find(&l, "D")->str, "4");
	assert_null(tag_find(&l, "KEY"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_canonical_set),
		cmocka_unit_test(the_digest_of_the_sample),
		cmocka_unit_test(att_C_06__order_and_case_do_not_matter_the_rest_does),
		cmocka_unit_test(sixty_four_long_tags_fit),
		cmocka_unit_test(att_C_05__a_key_is_not_packed),
		cmocka_unit_test(att_O_09__damaged_tags_are_refused),
		cmocka_unit_test(merging_overwrites_removes_and_leaves_the_rest),
	};

	int failed;

	pool_init(&pool, 8 << 20);
	failed = cmocka_run_group_tests_name("digest", tests, NULL, NULL);
	pool_fini(&pool);
	return failed;
}
