/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_parse_test: what people may type, what it becomes in canonical form,
 * and what they are told when it is no rule.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "common/base/pool.h"
#include "policy/policy.h"

#define NOON 1795262400000LL	/* 2026-11-21T12:00 UTC */
#define BERLIN 3600

struct typed {
	const char *name, *line, *canonical;
};

static const struct typed typed[] = {
	{ "a grant with a field and a day", "allow bob@b.example to read \"temperature\" of kitchen-lamp until 2026-12-01",
		"allow bob@b.example to read \"temperature\" of kitchen-lamp until 2026-12-01" },
	{ "domain, tag, daily", "allow *@family.example to control \"light\" of room=kitchen daily 07:00-22:00",
		"allow *@family.example to control \"light\" of room=kitchen daily 07:00-22:00" },
	{ "ask about a tag", "ask about anyone befriending tag class=camera",
		"ask about anyone befriending class=camera" },
	{ "everything", "deny *@evil.example everything", "deny *@evil.example everything" },
	{ "everything of one", "DENY *@Evil.Example Everything OF Lamp", "deny *@evil.example everything of Lamp" },
	{ "a bare domain means its people", "deny evil.example everything", "deny *@evil.example everything" },
	{ "a quoted domain is one address", "deny \"evil.example\" everything", "deny \"evil.example\" everything" },
	{ "case and resource of a JID", "allow Bob@B.Example/phone to befriend lamp", "allow bob@b.example to befriend lamp" },
	{ "no quotes", "allow bob@b to read temperature of lamp", "allow bob@b to read \"temperature\" of lamp" },
	{ "names with blanks", "allow bob@b to read air  temperature, humidity of kitchen  lamp for 2h",
		"allow bob@b to read \"air temperature\", \"humidity\" of \"kitchen lamp\" until 2026-11-21T15:00" },
	{ "names with and", "allow bob@b to read a and b of lamp", "allow bob@b to read \"a\", \"b\" of lamp" },
	{ "typographic quotes and blanks", "allow bob@b to read \xe2\x80\x9etemperature\xe2\x80\x9c of\xc2\xa0lamp",
		"allow bob@b to read \"temperature\" of lamp" },
	{ "a dash from a phone", "allow bob@b to control of lamp daily 7:00\xe2\x80\x93" "22:30",
		"allow bob@b to control everything of lamp daily 07:00-22:30" },
	{ "blanks in times", "allow bob@b to read of lamp for 2 h lease 5 m",
		"allow bob@b to read everything of lamp until 2026-11-21T15:00 lease 5m" },
	{ "words for units", "allow bob@b to read of lamp for 2 hours lease 30 seconds",
		"allow bob@b to read everything of lamp until 2026-11-21T15:00 lease 30s" },
	{ "a moment", "allow bob@b to read of lamp until 2026-12-01T18:00",
		"allow bob@b to read everything of lamp until 2026-12-01T18:00" },
	{ "tomorrow", "allow bob@b to read of lamp until tomorrow",
		"allow bob@b to read everything of lamp until 2026-11-22" },
	{ "a weekday is the next one", "allow bob@b to read of lamp until Saturday 18:00",
		"allow bob@b to read everything of lamp until 2026-11-28T18:00" },
	{ "tonight", "allow bob@b to read of lamp until today 23:30",
		"allow bob@b to read everything of lamp until 2026-11-21T23:30" },
	{ "a moment behind a blank", "allow bob@b to read of lamp until 2026-12-01 18:00 lease 1h",
		"allow bob@b to read everything of lamp until 2026-12-01T18:00 lease 1h" },
	{ "over midnight", "deny anyone to control of lamp daily 22:00 - 6:00",
		"deny anyone to control everything of lamp daily 22:00-06:00" },
	{ "until midnight", "deny anyone to control of lamp daily 22:00-24:00",
		"deny anyone to control everything of lamp daily 22:00-24:00" },
	{ "all my things", "allow everybody to read all my things", "allow anyone to read everything of all my things" },
	{ "a star", "allow everyone to read lux of *", "allow anyone to read \"lux\" of all my things" },
	{ "all of", "allow anybody to read all of lamp", "allow anyone to read everything of lamp" },
	{ "a thing called like a keyword", "allow bob@b to befriend \"until\"", "allow bob@b to befriend \"until\"" },
	{ "a name with everything in it", "allow bob@b to read \"a\\\"b\\\\c\\u{A}\" of lamp",
		"allow bob@b to read \"a\\\"b\\\\c\\u{000A}\" of lamp" },
	{ "a quoted typographic quote", "allow bob@b to read \"\\u{201C}\" of lamp",
		"allow bob@b to read \"\\u{201C}\" of lamp" },
	{ "tag values with blanks", "allow bob@b to read of room = \"living room\"",
		"allow bob@b to read everything of room=\"living room\"" },
	{ "a tag called tag", "allow bob@b to befriend tag=x", "allow bob@b to befriend \"tag\"=x" },
	{ "a thing called tag", "allow bob@b to befriend \"tag\"", "allow bob@b to befriend \"tag\"" },
	{ "to in ask", "ask bob@b to read of lamp", "ask about bob@b reading everything of lamp" },
	{ "a star as local part is quoted", "deny \"*@b.example\" everything", "deny \"*@b.example\" everything" },
};

static void parse(struct rule *r, struct pool *pool, const char *line)
{
	struct err e = ERR_INIT;

	pool_init(pool, 64 * 1024);
	if (policy_parse_line(r, line, NOON, BERLIN, pool, &e) != 0)
		fail_msg("%s: %s", line, e.text);
}

static void what_is_typed_has_one_canonical_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
		struct pool pool, again_pool;
		struct rule r, again;
		struct buf text;

		parse(&r, &pool, typed[i].line);
		buf_init(&text, POLICY_LINE);
		policy_print(&text, &r, BERLIN);
		if (strcmp(buf_str(&text), typed[i].canonical) != 0)
			fail_msg("%s: got %s", typed[i].name, buf_str(&text));
		parse(&again, &again_pool, buf_str(&text));
		if (!rule_equal(&r, &again) || !rule_is_sound(&r))
			fail_msg("%s: reads back as another rule", typed[i].name);
		buf_fini(&text);
		pool_fini(&pool);
		pool_fini(&again_pool);
	}
}

struct refused {
	const char *line, *why;
};

static const struct refused refused[] = {
	{ "", "expected allow, deny or ask about at the end of the line" },
	{ "allov bob@b", "expected allow, deny or ask about at word 1, not \"allov\"" },
	{ "allow", "expected whom (an address like bob@example.org, *@domain or anyone) at the end of the line" },
	{ "allow bob to read of lamp", "expected whom (an address like bob@example.org, *@domain or anyone) at word 2, not \"bob\"" },
	{ "allow @b to read of lamp", "expected an address at word 2: \"@b\" is an address with nothing before the '@'" },
	{ "allow *@a@b everything", "expected a domain behind *@ at word 2" },
	{ "allow bob@b to eat lamp", "expected to befriend, to read, to control or everything at word 4, not \"eat\"" },
	{ "allow bob@b to read temperature",
		"expected \"of THING\" (\"everything of temperature\" if that is the thing) at the end of the line" },
	{ "allow bob@b to befriend", "expected a thing (its name, tag=value or all my things) at the end of the line" },
	{ "allow bob@b to read of lamp until someday", "expected tomorrow, a weekday, or a day like 2026-12-01 or 2026-12-01T18:00 at word 8, not \"someday\"" },
	{ "allow bob@b to read of lamp until 2026-02-30", "expected tomorrow, a weekday, or a day like" },
	{ "allow bob@b to read of lamp until 2026-12-01T25:00", "expected tomorrow, a weekday, or a day like" },
	{ "allow bob@b to read of lamp for 2 fortnights", "expected how long (30m, 2h, 3d, 1w) at word 9" },
	{ "allow bob@b to read of lamp for 0h", "\"for\" takes a time of up to ten years" },
	{ "allow bob@b to read of lamp daily 07:00", "expected times like 07:00-22:00 at the end of the line" },
	{ "allow bob@b to read of lamp daily 07:00-07:00", "expected times like" },
	{ "allow bob@b to read of lamp daily 24:00-07:00", "expected times like" },
	{ "allow bob@b to read of lamp lease 1s", "a lease is between 5s and 24h" },
	{ "deny bob@b to read of lamp lease 5m", "only an allow can have a lease" },
	{ "allow bob@b to read of lamp for 2h until 2026-12-01", "expected until, for, daily, lease or the end at word 9, not \"until\"" },
	{ "allow bob@b to read \"\" of lamp", "the name at word 5 is empty" },
	{ "allow bob@b to read \"temperature of lamp", "the quote that opens word 5 never closes" },
	{ "allow bob@b to read \"a\\n\" of lamp", "expected \\\", \\\\ or \\u{...} behind the backslash in word 5" },
	{ "allow bob@b to read \"a\\u{D800}\" of lamp", "behind the backslash" },
	{ "allow bob@b\nto read of lamp", "the line has a control character" },
	{ "allow bob@b\xff to read of lamp", "the line is not UTF-8" },
	{ "allow \xc3\x9f" "@b.example everything", "can be read as two different people" },
	{ "allow bob@b to read of \"lamp\" or else", "expected until, for, daily, lease or the end at word 7" },
	{ "touch for control \"lock\" of *", "expected allow, deny or ask about at word 1, not \"touch\"" },
};

static void a_refused_line_says_what_was_expected_and_where(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct err e = ERR_INIT;
		struct pool pool;
		struct rule r;

		pool_init(&pool, 64 * 1024);
		if (policy_parse_line(&r, refused[i].line, NOON, BERLIN, &pool, &e) == 0)
			fail_msg("accepted: %s", refused[i].line);
		if (strstr(e.text, refused[i].why) == NULL)
			fail_msg("%s: %s", refused[i].line, e.text);
		pool_fini(&pool);
	}
}

static void a_bare_day_includes_that_day_in_the_owners_zone(void **state)
{
	struct pool pool;
	struct rule r;
	struct date midnight = { 2026, 12, 2, 0, 0, 0 };
	int64_t end;

	(void)state;
	parse(&r, &pool, "allow bob@b to read of lamp until 2026-12-01");
	assert_int_equal(date_to_ms(&midnight, BERLIN, &end), 0);
	assert_true(r.until_ms == end);
	assert_true(rule_is_in_force(&r, &(struct question){ .now_ms = end - 1, .zone_s = BERLIN }));
	assert_false(rule_is_in_force(&r, &(struct question){ .now_ms = end, .zone_s = BERLIN }));
	pool_fini(&pool);
}

static void dates_come_back_over_the_whole_range(void **state)
{
	(void)state;
	for (int64_t ms = 0; ms < 253000000000000LL; ms += 86400000LL * 37 + 12345000) {
		struct date d = date_from_ms(ms, 7200);
		int64_t again;

		assert_int_equal(date_to_ms(&d, 7200, &again), 0);
		assert_true(again == ms);
	}
}

static void a_file_is_read_whole_and_errors_name_the_line(void **state)
{
	struct policy *p = policy_new();
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(policy_parse_text(p, "# who may\n\nallow bob@b to read of lamp\n"
					      "  deny anyone everything", NOON, 0, &e), 0);
	assert_int_equal(policy_count(p), 2);
	assert_int_equal(policy_at(p, 1)->number, 2);
	policy_free(&p);
	p = policy_new();
	assert_int_equal(policy_parse_text(p, "# x\nallow bob@b to read of lamp\nallow nobody", NOON,
			     0, &e), -1);
	assert_non_null(strstr(e.text, "line 3: expected whom"));
	policy_free(&p);
}

static void a_line_too_long_is_refused_not_cut(void **state)
{
	static char line[POLICY_LINE + 64];
	struct err e = ERR_INIT;
	struct pool pool;
	struct rule r;

	(void)state;
	memset(line, ' ', sizeof(line) - 1);
	memcpy(line, "allow bob@b everything", 22);
	pool_init(&pool, 64 * 1024);
	assert_int_equal(policy_parse_line(&r, line, NOON, 0, &pool, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	pool_fini(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_typed_has_one_canonical_form),
		cmocka_unit_test(a_refused_line_says_what_was_expected_and_where),
		cmocka_unit_test(a_bare_day_includes_that_day_in_the_owners_zone),
		cmocka_unit_test(dates_come_back_over_the_whole_range),
		cmocka_unit_test(a_file_is_read_whole_and_errors_name_the_line),
		cmocka_unit_test(a_line_too_long_is_refused_not_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
