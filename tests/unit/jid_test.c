/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jid_test: splitting, both profiles, lengths, and the property that a
 * canonical address stays as it is.  See common/base/jid.h.
 */
#include "config.h"

#include "common/base/jid.h"

#include "tests/unit/unit.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

#define NO NULL

/* A row: what is given, and what becomes of it under each profile. */
struct row {
	const char *text, *stringprep, *precis;
};

static void
check_one(const char *text, enum jid_profile profile, const char *want)
{
	struct err e = ERR_INIT;
	struct jid j;
	int rc = jid_parse(&j, text, profile, &e);

	if (want == NULL) {
		if (rc == 0)
			fail_msg("'%s' was taken as '%s'", text, j.text);
		assert_int_equal(e.kind, ERR_INPUT);
		assert_string_not_equal(e.text, "");
		return;
	}
	if (rc != 0)
		fail_msg("'%s' was refused: %s", text, e.text);
	assert_string_equal(j.text, want);
}

static void
check_rows(const struct row *row, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		check_one(row[i].text, JID_STRINGPREP, row[i].stringprep);
		check_one(row[i].text, JID_PRECIS, row[i].precis);
	}
}

static void
att_A_01__equivalent_spellings_become_one_address(void **state)
{
	static const struct row rows[] = {
		{ "Thing@SEC.example", "thing@sec.example", "thing@sec.example" },
		{ "thing@sec.example.", "thing@sec.example", "thing@sec.example" },
		{ "thing@sec.example./Home", "thing@sec.example/Home", "thing@sec.example/Home" },
		{ "\xc3\x84rger@\xc3\x9c.example", "\xc3\xa4rger@\xc3\xbc.example",
		    "\xc3\xa4rger@\xc3\xbc.example" },
		/* A + combining diaeresis */
		{ "A\xcc\x88rger@x", "\xc3\xa4rger@x", "\xc3\xa4rger@x" },
		/* fullwidth letters, and in the domain */
		{ "\xef\xbc\xa1\xef\xbc\xa2@x", "ab@x", "ab@x" },
		{ "a@\xef\xbc\xb8.example", "a@x.example", "a@x.example" },
		/* sharp s: folded by one, kept by the other */
		{ "stra\xc3\x9f" "e@x", "strasse@x", "stra\xc3\x9f" "e@x" },
		/* soft hyphen, zero width joiner: dropped by one, refused by the other */
		{ "a\xc2\xad" "b@x", "ab@x", NO },
		{ "a\xe2\x80\x8d" "b@x", "ab@x", NO },
		/* ligature fi: compatibility mapping, or refused */
		{ "\xef\xac\x81@x", "fi@x", NO },
		{ "a@x/\xef\xac\x81", "a@x/fi", "a@x/\xef\xac\x81" },
		/* resource: case stays, other spaces become the space */
		{ "a@x/Home\xe3\x80\x80Lamp", "a@x/Home Lamp", "a@x/Home Lamp" },
		{ "a@x/\xe2\x98\xba", "a@x/\xe2\x98\xba", "a@x/\xe2\x98\xba" },
	};

	(void)state;
	check_rows(rows, N(rows));
}

static void
att_A_01__random_case_and_width_change_nothing(void **state)
{
	struct unit_random r = unit_random_start();
	struct jid a, b;

	(void)state;
	for (int pair = 0; pair < 500; pair++) {
		char plain[64] = "", odd[256] = "";
		size_t n = 1 + unit_random_below(&r, 12), o = 0;

		for (size_t i = 0; i < n; i++) {
			unsigned char c = (unsigned char)('a' + unit_random_below(&r, 26));

			plain[i] = (char)c;
			switch (unit_random_below(&r, 3)) {
			case 0:
				odd[o++] = (char)(c - 32);
				break;
			case 1:	/* U+FF41 is the fullwidth a */
				odd[o++] = '\xef';
				odd[o++] = '\xbd';
				odd[o++] = (char)(0x81 + (c - 'a'));
				break;
			default:
				odd[o++] = (char)c;
			}
		}
		(void)snprintf(plain + n, sizeof(plain) - n, "@example.org");
		(void)snprintf(odd + o, sizeof(odd) - o, "@EXAMPLE.org.");
		for (int p = JID_STRINGPREP; p <= JID_PRECIS; p++) {
			assert_int_equal(jid_parse(&a, plain, (enum jid_profile)p, NULL), 0);
			assert_int_equal(jid_parse(&b, odd, (enum jid_profile)p, NULL), 0);
			assert_string_equal(a.text, b.text);
		}
	}
}

static void
att_A_02__look_alikes_stay_different(void **state)
{
	static const char *const alike[] = { "bob@x", "b\xd0\xbe" "b@x", "b\xce\xbf" "b@x",
		"b0b@x", "bo\xcc\x81" "b@x", "\xd0\xac" "ob@x" };
	struct jid a, b;

	(void)state;
	for (size_t i = 0; i < N(alike); i++)
		for (size_t j = 0; j < i; j++) {
			assert_int_equal(jid_parse(&a, alike[i], JID_STRINGPREP, NULL), 0);
			assert_int_equal(jid_parse(&b, alike[j], JID_STRINGPREP, NULL), 0);
			assert_string_not_equal(a.text, b.text);
		}
}

static void
att_A_03__the_resource_can_be_cut_off_and_never_counts_for_sameness(void **state)
{
	struct jid j;

	(void)state;
	assert_int_equal(jid_parse(&j, "A@b/One", JID_STRINGPREP, NULL), 0);
	assert_true(jid_has_resource(&j));
	assert_string_equal(jid_resource(&j), "One");
	assert_true(jid_text_same_bare(j.text, "a@b/two"));
	assert_true(jid_text_same_bare("a@b", j.text));
	assert_false(jid_text_same_bare(j.text, "a@bb"));
	assert_false(jid_text_same_bare("a@b", "a@"));
	jid_to_bare(&j);
	assert_string_equal(j.text, "a@b");
	assert_false(jid_has_resource(&j));
	assert_string_equal(jid_resource(&j), "");
	assert_int_equal(jid_parse_bare(&j, "A@b/One", JID_STRINGPREP, NULL), 0);
	assert_string_equal(j.text, "a@b");
	assert_int_equal(j.len, j.bare_len);
	assert_int_equal(jid_parse_bare(&j, "A@b/\x01", JID_STRINGPREP, NULL), -1);
}

/* local@domain/resource with parts of these lengths. */
static const char *
of_lengths(size_t local, size_t domain, size_t resource)
{
	static char text[8192];
	size_t n = 0;

	memset(text, 'l', local);
	n = local;
	if (local > 0)
		text[n++] = '@';
	for (size_t i = 0; i < domain; i++)
		text[n++] = i % 50 == 49 && i + 1 < domain ? '.' : 'd';
	if (resource > 0)
		text[n++] = '/';
	memset(text + n, 'r', resource);
	text[n + resource] = '\0';
	return text;
}

static void
att_A_04__lengths_are_exact(void **state)
{
	struct jid j;

	(void)state;
	for (int p = JID_STRINGPREP; p <= JID_PRECIS; p++) {
		enum jid_profile profile = (enum jid_profile)p;

		assert_int_equal(jid_parse(&j, of_lengths(1023, 1023, 1023), profile, NULL), 0);
		assert_int_equal(j.len, 3071);
		assert_int_equal(strlen(j.text), 3071);
		assert_int_equal(jid_parse(&j, of_lengths(1024, 1, 1), profile, NULL), -1);
		assert_int_equal(jid_parse(&j, of_lengths(1, 1024, 1), profile, NULL), -1);
		assert_int_equal(jid_parse(&j, of_lengths(1, 1, 1024), profile, NULL), -1);
		assert_int_equal(jid_parse(&j, of_lengths(0, 1023, 0), profile, NULL), 0);
		assert_int_equal(jid_parse(&j, of_lengths(1, 1, 1), profile, NULL), 0);
	}
}

static void
att_A_04__lengths_count_after_preparing(void **state)
{
	char text[1100] = "";
	struct jid j;

	(void)state;
	/* U+FDFA is 3 bytes and becomes 33 in nodeprep. */
	for (size_t n = 1; n <= 341; n += n < 31 ? 30 : 310) {
		for (size_t i = 0; i < n; i++)
			memcpy(text + 3 * i, "\xef\xb7\xba", 4);
		(void)snprintf(text + 3 * n, sizeof(text) - 3 * n, "@x");
		/* with spaces in it it is no local part at any length */
		assert_int_equal(jid_parse(&j, text, JID_STRINGPREP, NULL), -1);
	}
	/* U+3300 is 3 bytes and becomes 12 in resourceprep: 85 fit, 86 do not. */
	memcpy(text, "x/", 3);
	for (size_t i = 0; i < 85; i++)
		memcpy(text + 2 + 3 * i, "\xe3\x8c\x80", 4);
	assert_int_equal(jid_parse(&j, text, JID_STRINGPREP, NULL), 0);
	assert_int_equal(j.len, 2 + 85 * 12);
	memcpy(text + 2 + 3 * 85, "\xe3\x8c\x80", 4);
	assert_int_equal(jid_parse(&j, text, JID_STRINGPREP, NULL), -1);
}

static void
att_A_05__malformed_addresses_are_refused_whole(void **state)
{
	static const struct row rows[] = {
		{ "", NO, NO }, { "@", NO, NO }, { "/", NO, NO }, { "@b", NO, NO }, { "a@", NO, NO },
		{ "/r", NO, NO }, { "a@/r", NO, NO }, { "@/", NO, NO }, { "a@b/", NO, NO },
		{ "b/", NO, NO }, { ".", NO, NO }, { "a@.", NO, NO }, { "a@b..", NO, NO },
		{ "a@.b", NO, NO }, { "a@b..c", NO, NO }, { "a@b@c", NO, NO }, { "a b@c", NO, NO },
		{ " a@b", NO, NO }, { "a@b ", NO, NO }, { "a@b c", NO, NO }, { "a@b\n", NO, NO },
		{ "a\t@b", NO, NO }, { "a@b/\x01", NO, NO }, { "a@b/\x7f", NO, NO },
		{ "a\"b@c", NO, NO }, { "a&b@c", NO, NO }, { "a'b@c", NO, NO }, { "a:b@c", NO, NO },
		{ "a<b@c", NO, NO }, { "a>b@c", NO, NO }, { "a@b\\c", NO, NO }, { "a@b:5222", NO, NO },
		{ "a@[b", NO, NO }, { "a@[", NO, NO }, { "a@[]", NO, NO }, { "a@[1]2]", NO, NO },
		{ "a@[::\xc3\xa4]", NO, NO }, { "a\xc0\xaf" "b@c", NO, NO }, { "a@\xed\xa0\x80", NO, NO },
		{ "a@b/\xff", NO, NO }, { "a@b/\xe2\x82", NO, NO },
		/* what prepares to a separator is not one */
		{ "a\xef\xbc\xa0" "b@c", NO, NO }, { "a@b\xef\xbc\x8f" "c", NO, NO },
		{ "a@b\xef\xbc\xa0" "c", NO, NO }, { "a@b\xe3\x80\x82" "c", NO, NO },
		/* nothing is left of it */
		{ "\xc2\xad@x", NO, NO }, { "a@\xc2\xad", NO, NO }, { "a@b/\xc2\xad", NO, NO },
		/* fine, though they look odd */
		{ "a@b/c@d", "a@b/c@d", "a@b/c@d" }, { "a@b//", "a@b//", "a@b//" },
		{ "b/c@d/e", "b/c@d/e", "b/c@d/e" }, { "a@b/ x ", "a@b/ x ", "a@b/ x " },
		{ "b", "b", "b" }, { "a\\20b@c", "a\\20b@c", "a\\20b@c" },
		{ "a@[2001:DB8::1]/x", "a@[2001:db8::1]/x", "a@[2001:db8::1]/x" },
		{ "a_b.c+d@h_1.example", "a_b.c+d@h_1.example", "a_b.c+d@h_1.example" },
	};

	(void)state;
	check_rows(rows, N(rows));
}

static void
att_A_05__a_refused_address_leaves_the_output_alone(void **state)
{
	struct jid j;

	(void)state;
	assert_int_equal(jid_parse(&j, "old@one", JID_STRINGPREP, NULL), 0);
	assert_int_equal(jid_parse(&j, "new@two/\xff", JID_STRINGPREP, NULL), -1);
	assert_string_equal(j.text, "old@one");
}

/* The ASCII rules once more, written the slow way round. */
static bool
model(const char *text, char *out)
{
	const char *slash = strchr(text, '/');
	size_t bare = slash != NULL ? (size_t)(slash - text) : strlen(text), at = bare, end = bare;

	for (size_t i = bare; i-- > 0;)
		if (text[i] == '@')
			at = i;
	if (at == 0 && at < bare)
		return false;
	for (size_t i = 0; i < at && at < bare; i++)
		if ((unsigned char)text[i] <= ' ' || strchr("\"&'/:<>@\x7f", text[i]) != NULL)
			return false;
	if (end > 0 && text[end - 1] == '.')
		end--;
	for (size_t i = at < bare ? at + 1 : 0, from = i; i <= end; i++) {
		if (i == end || text[i] == '.') {
			if (i == from)
				return false;
			from = i + 1;
		} else if (strspn(text + i, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		    "0123456789-_") == 0)
			return false;
	}
	if (end <= (at < bare ? at + 1 : 0) || (slash != NULL && slash[1] == '\0'))
		return false;
	for (const char *p = slash; p != NULL && *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	for (size_t i = 0; i < end; i++)
		*out++ = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
	(void)snprintf(out, 64, "%s", slash != NULL ? slash : "");
	return true;
}

static void
att_A_05__splits_as_the_model_does(void **state)
{
	static const char alphabet[] = "aaBb09..@@//-_ \t\"'&:<>\x7f\x01~+";
	struct unit_random r = unit_random_start();
	char text[16], want[160];
	struct jid j;

	(void)state;
	for (size_t round = 0; round < unit_rounds(200000); round++) {
		size_t n = unit_random_below(&r, sizeof(text));
		bool good;

		for (size_t i = 0; i < n; i++)
			text[i] = alphabet[unit_random_below(&r, sizeof(alphabet) - 1)];
		text[n] = '\0';
		good = model(text, want);
		if ((jid_parse(&j, text, JID_STRINGPREP, NULL) == 0) != good)
			fail_msg("'%s': the model says %s", text, good ? "good" : "bad");
		if (good)
			assert_string_equal(j.text, want);
	}
}

/* Letters that do odd things when prepared. */
static const char *const odd_letters[] = { "a", "B", "@", "/", ".", "-", " ", "\xc3\x9f", "\xc3\x84",
	"\xcc\x88", "\xcd\x85", "\xce\xa3", "\xcf\x82", "\xc4\xb0", "\xc4\xb1", "\xe1\xba\x9e",
	"\xef\xbc\xa1", "\xef\xbc\xa0", "\xef\xb7\xba", "\xef\xac\x81", "\xe2\x84\xaa", "\xe2\x84\xa6",
	"\xe2\x85\xa3", "\xd7\x90", "\xd8\xa7", "\xd9\xa1", "\xdb\xb1", "1", "\xe1\x84\x92",
	"\xe1\x85\xa1", "\xea\xb0\x80", "\xe2\x80\x8d", "\xc2\xad", "\xe0\xa5\x8d", "\xe0\xbd\xb1",
	"\xe0\xbd\xb3", "\xf0\x9f\x98\x80", "\xf0\x9d\x94\xb8", "\xf0\xa0\x80\x80", "\xe3\x80\x82",
	"\xff", "\xc2\xaa", "\xe1\xbe\x80", "\xe1\xbe\x88", "\xcd\xb8", "\xf0\x90\x90\x80" };

static void
jid_parse__of_a_canonical_address_gives_it_back(void **state)
{
	struct unit_random r = unit_random_start();
	size_t taken = 0;

	(void)state;
	for (size_t round = 0; round < unit_rounds(30000); round++) {
		char text[64] = "";
		size_t n = 1 + unit_random_below(&r, 8), len = 0;
		struct jid j, again;

		for (size_t i = 0; i < n; i++)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s",
			    odd_letters[unit_random_below(&r, N(odd_letters))]);
		for (int p = JID_STRINGPREP; p <= JID_PRECIS; p++) {
			if (jid_parse(&j, text, (enum jid_profile)p, NULL) != 0)
				continue;
			taken++;
			assert_int_equal(jid_parse(&again, j.text, (enum jid_profile)p, NULL), 0);
			assert_string_equal(again.text, j.text);
			assert_int_equal(again.bare_len, j.bare_len);
			assert_int_equal(again.local_len, j.local_len);
		}
	}
	assert_true(taken > 1000);
}

static void
jid_profiles_differ__names_what_brokers_disagree_about(void **state)
{
	static const char *const same[] = { "a@b/c", "Bob@Example.org", "J\xc3\xbcrgen@x",
		"\xd0\xbe@x", "\xd7\xa9\xd7\x9c@x", "\xe4\xb8\xad@\xe6\x96\x87.example",
		"\xc4\xb0@x" };
	static const char *const differ[] = { "stra\xc3\x9f" "e@x", "\xcf\x82@x", "a\xe2\x80\x8d" "b@x",
		"\xf0\x9f\x98\x80@x", "\xef\xac\x81@x", "a@xn--mnchen-3ya.example", "a@x.xn--p1ai",
		"not an address" };

	(void)state;
	for (size_t i = 0; i < N(same); i++)
		if (jid_profiles_differ(same[i]))
			fail_msg("'%s' should be the same in both", same[i]);
	for (size_t i = 0; i < N(differ); i++)
		if (!jid_profiles_differ(differ[i]))
			fail_msg("'%s' should differ", differ[i]);
}

static void
jid_prep__precis_applies_the_bidi_rule_to_local_parts(void **state)
{
	static const struct row rows[] = {
		/* Hebrew; Hebrew then a digit; a digit first; Latin inside Hebrew */
		{ "\xd7\x90\xd7\x91@x", "\xd7\x90\xd7\x91@x", "\xd7\x90\xd7\x91@x" },
		{ "\xd7\x90" "1@x", NO, "\xd7\x90" "1@x" },
		{ "1\xd7\x90@x", NO, NO },
		{ "\xd7\x90" "a\xd7\x90@x", NO, NO },
		/* the two rows of Arabic digits do not mix */
		{ "\xd8\xa7\xd9\xa1\xdb\xb1\xd8\xa7@x", "\xd8\xa7\xd9\xa1\xdb\xb1\xd8\xa7@x", NO },
		{ "a@x/\xd9\xa1\xdb\xb1", "a@x/\xd9\xa1\xdb\xb1", NO },
	};

	(void)state;
	check_rows(rows, N(rows));
}

static void
jid_text__finds_parts_without_parsing_again(void **state)
{
	size_t len;

	(void)state;
	assert_int_equal(jid_text_bare_len("a@b/c@d"), 3);
	assert_int_equal(jid_text_bare_len("b"), 1);
	assert_memory_equal(jid_text_domain("a@b.c/d@e/f", &len), "b.c", 3);
	assert_int_equal(len, 3);
	assert_memory_equal(jid_text_domain("b.c/d@e", &len), "b.c", 3);
	assert_int_equal(len, 3);
	assert_true(jid_text_in_domain("a@b.c/d", "b.c"));
	assert_true(jid_text_in_domain("b.c", "b.c"));
	assert_false(jid_text_in_domain("a@x.b.c", "b.c"));
	assert_false(jid_text_in_domain("a@b.c", "b.cc"));
	assert_false(jid_text_in_domain("x/a@b.c", "b.c"));
}

static void
jid__has_its_parts_where_it_says(void **state)
{
	struct jid j;
	size_t len;

	(void)state;
	assert_int_equal(jid_parse(&j, "a@b/c", JID_STRINGPREP, NULL), 0);
	assert_true(jid_has_local(&j));
	assert_memory_equal(jid_domain(&j, &len), "b", 1);
	assert_int_equal(len, 1);
	assert_int_equal(jid_parse(&j, "b.example/c", JID_STRINGPREP, NULL), 0);
	assert_false(jid_has_local(&j));
	assert_memory_equal(jid_domain(&j, &len), "b.example", 9);
	assert_int_equal(len, 9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(att_A_01__equivalent_spellings_become_one_address),
		cmocka_unit_test(att_A_01__random_case_and_width_change_nothing),
		cmocka_unit_test(att_A_02__look_alikes_stay_different),
		cmocka_unit_test(att_A_03__the_resource_can_be_cut_off_and_never_counts_for_sameness),
		cmocka_unit_test(att_A_04__lengths_are_exact),
		cmocka_unit_test(att_A_04__lengths_count_after_preparing),
		cmocka_unit_test(att_A_05__malformed_addresses_are_refused_whole),
		cmocka_unit_test(att_A_05__a_refused_address_leaves_the_output_alone),
		cmocka_unit_test(att_A_05__splits_as_the_model_does),
		cmocka_unit_test(jid_parse__of_a_canonical_address_gives_it_back),
		cmocka_unit_test(jid_profiles_differ__names_what_brokers_disagree_about),
		cmocka_unit_test(jid_prep__precis_applies_the_bidi_rule_to_local_parts),
		cmocka_unit_test(jid_text__finds_parts_without_parsing_again),
		cmocka_unit_test(jid__has_its_parts_where_it_says),
	};

	return cmocka_run_group_tests_name("jid", tests, NULL, NULL);
}
