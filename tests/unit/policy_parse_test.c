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
	/* actions */
	{ "a service", "allow bob@b to access door", "allow bob@b to access door" },
	{ "a service of many", "ask about anyone accessing class=lock", "ask about anyone accessing class=lock" },
	{ "a privilege", "allow bob@b to use Door.Open of door", "allow bob@b to use \"Door.Open\" of door" },
	{ "privileges", "allow bob@b to use \"A.B\", C of all my things", "allow bob@b to use \"A.B\", \"C\" of all my things" },
	{ "every privilege", "deny bob@b using everything of door", "deny bob@b to use everything of door" },
	/* subjects */
	{ "a token of a service", "allow service token ABCDEFG2 to read of lamp",
		"allow service token abcdefg2 to read everything of lamp" },
	{ "a token of a user", "deny user token abcdefghijklmnopqrstuvwxyz everything",
		"deny user token abcdefghijklmnopqrstuvwxyz everything" },
	{ "a token of a device", "ask about device token 22222222 controlling of lamp",
		"ask about device token 22222222 controlling everything of lamp" },
	{ "a role", "allow role Family to read of lamp", "allow role family to read everything of lamp" },
	{ "a role of another site", "allow role family@Site.Example to read of lamp",
		"allow role family@site.example to read everything of lamp" },
	{ "an address at a host called role", "allow role@b.ex to befriend lamp", "allow role@b.ex to befriend lamp" },
	/* targets */
	{ "a node", "allow bob@b to read of node \"n 1\" of hub", "allow bob@b to read everything of node \"n 1\" of hub" },
	{ "a node without quotes", "allow bob@b to read of node n1 source s partition p of hub",
		"allow bob@b to read everything of node \"n1\" source \"s\" partition \"p\" of hub" },
	{ "a node to befriend", "allow bob@b to befriend node x of hub", "allow bob@b to befriend node \"x\" of hub" },
	{ "a thing called node", "allow bob@b to befriend node", "allow bob@b to befriend \"node\"" },
	{ "a thing called node 5", "allow bob@b to befriend node 5", "allow bob@b to befriend \"node 5\"" },
	{ "a tag called node", "allow bob@b to befriend node=5", "allow bob@b to befriend \"node\"=5" },
	{ "two comparisons", "allow bob@b to read of room=kitchen and tag class = li*",
		"allow bob@b to read everything of room=kitchen and class=li*" },
	{ "all comparisons", "allow bob@b to read of a=1 and b!=2 and c<3 and d<=4 and e>5 and f>=6",
		"allow bob@b to read everything of a=1 and b!=2 and c<3 and d<=4 and e>5 and f>=6" },
	{ "comparisons from a phone", "allow bob@b to read of V\xe2\x89\xa5" "2 and W \xe2\x89\xa4 3 and X \xe2\x89\xa0 4",
		"allow bob@b to read everything of V>=2 and W<=3 and X!=4" },
	{ "signs in quotes stay", "allow bob@b to read \"\xe2\x89\xa4 5\" of lamp", "allow bob@b to read \"\xe2\x89\xa4 5\" of lamp" },
	{ "a mask with blanks", "allow bob@b to read of SN like \"4 *\"", "allow bob@b to read everything of SN like \"4 *\"" },
	{ "a mask without quotes", "allow bob@b to read of SN like 4*5", "allow bob@b to read everything of SN=4*5" },
	{ "a star in quotes is itself", "allow bob@b to read of SN=\"4*\"", "allow bob@b to read everything of SN=\"4*\"" },
	{ "a value with and", "allow bob@b to read of room=\"kitchen and bath\" and floor=2",
		"allow bob@b to read everything of room=\"kitchen and bath\" and floor=2" },
	{ "a set", "allow bob@b to read of set downstairs lights", "allow bob@b to read everything of set \"downstairs lights\"" },
	{ "a thing called set", "allow bob@b to befriend set", "allow bob@b to befriend \"set\"" },
	{ "a thing called set for a time", "allow bob@b to befriend set until 2026-12-01",
		"allow bob@b to befriend \"set\" until 2026-12-01" },
	/* values */
	{ "from and to", "allow bob@b to control level from 0 to 50 of lamp", "allow bob@b to control \"level\" from 0 to 50 of lamp" },
	{ "between", "allow bob@b to control level between -5.50 and 5e0 of lamp",
		"allow bob@b to control \"level\" from -5.5 to 5 of lamp" },
	{ "at most", "allow bob@b to control \"level\" at most 50, \"hue\" of lamp",
		"allow bob@b to control \"level\" at most 50, \"hue\" of lamp" },
	{ "at least, below, above", "allow bob@b to control a at least 1 and b below 2 and c above 3 of lamp",
		"allow bob@b to control \"a\" at least 1, \"b\" below 2, \"c\" above 3 of lamp" },
	{ "signs for values", "allow bob@b to control a<=1, b>=2, c<3, d>4 of lamp",
		"allow bob@b to control \"a\" at most 1, \"b\" at least 2, \"c\" below 3, \"d\" above 4 of lamp" },
	{ "open ends", "allow bob@b to control a from 0 below 1, b above 0 to 1, c above 0 below 1 of lamp",
		"allow bob@b to control \"a\" from 0 below 1, \"b\" above 0 to 1, \"c\" above 0 below 1 of lamp" },
	{ "texts", "allow bob@b to control mode = eco|comfort of heater",
		"allow bob@b to control \"mode\" = eco or comfort of heater" },
	{ "texts with or", "allow bob@b to control mode = very warm or \"5\" or 6 or at least 20 of heater",
		"allow bob@b to control \"mode\" = \"very warm\" or \"5\" or 6 or at least 20 of heater" },
	{ "values that look like words", "allow bob@b to control a = \"from\" or \"at\" or at most 5 or true of x",
		"allow bob@b to control \"a\" = \"from\" or \"at\" or at most 5 or true of x" },
	{ "a boolean", "allow bob@b to control \"lock\" = false of door", "allow bob@b to control \"lock\" = false of door" },
	{ "booleans and names", "allow bob@b to control a = true and b false and \"c\" = \"x\" and d of x",
		"allow bob@b to control \"a\" = true, \"b\" = false, \"c\" = x, \"d\" of x" },
	{ "a boolean without sign", "deny bob@b to control lock True of door", "deny bob@b to control \"lock\" = True of door" },
	{ "values of everything", "deny bob@b to control everything above 50 of lamp",
		"deny bob@b to control everything above 50 of lamp" },
	{ "a name with a word of values in it", "allow bob@b to control \"set from\" at most 5 of lamp",
		"allow bob@b to control \"set from\" at most 5 of lamp" },
	/* kinds of readings */
	{ "only kinds", "allow bob@b to read of lamp only Momentary, historical values",
		"allow bob@b to read everything of lamp only momentary, historical" },
	{ "momentary values", "allow bob@b to read momentary values of lamp",
		"allow bob@b to read everything of lamp only momentary" },
	{ "two kinds in front", "allow bob@b to read peak and status readings of lamp",
		"allow bob@b to read everything of lamp only peak, status" },
	{ "a kind of one field", "allow bob@b to read historical \"energy\" of meter",
		"allow bob@b to read \"energy\" of meter only historical" },
	{ "a field called like a kind", "allow bob@b to read status of lamp", "allow bob@b to read \"status\" of lamp" },
	{ "fields called like kinds", "allow bob@b to read status, identity of lamp",
		"allow bob@b to read \"status\", \"identity\" of lamp" },
	/* times */
	{ "weekdays", "allow bob@b to read of lamp on mon-fri", "allow bob@b to read everything of lamp on mon-fri" },
	{ "weekdays in a word", "allow bob@b to read of lamp on weekdays", "allow bob@b to read everything of lamp on mon-fri" },
	{ "weekends", "allow bob@b to read of lamp on weekends", "allow bob@b to read everything of lamp on sat, sun" },
	{ "times behind days", "allow bob@b to read of lamp on weekdays 8:00-18:00 in UTC",
		"allow bob@b to read everything of lamp daily 08:00-18:00 on mon-fri in UTC" },
	{ "times behind days, from", "allow bob@b to read of lamp on saturday and sunday from 10:00 to 12:30",
		"allow bob@b to read everything of lamp daily 10:00-12:30 on sat, sun" },
	{ "days in words", "allow bob@b to read of lamp on Monday, Saturday and tuesdays",
		"allow bob@b to read everything of lamp on mon, tue, sat" },
	{ "days over Sunday", "allow bob@b to read of lamp on fri\xe2\x80\x93mon",
		"allow bob@b to read everything of lamp on mon, fri-sun" },
	{ "days, times, zone", "allow bob@b to read of kitchen lamp on monday to friday daily 7:00 to 8:00 in Europe/Berlin",
		"allow bob@b to read everything of \"kitchen lamp\" daily 07:00-08:00 on mon-fri in Europe/Berlin" },
	{ "clauses in any order, with commas", "allow bob@b to read of lamp lease 5m, in UTC, on mon, until 2026-12-01",
		"allow bob@b to read everything of lamp until 2026-12-01 on mon in UTC lease 5m" },
	{ "three times an hour", "allow bob@b to control of lamp at most 3 times an hour",
		"allow bob@b to control everything of lamp at most 3 times an hour" },
	{ "once a day", "allow bob@b to read of lamp at most once per day", "allow bob@b to read everything of lamp at most once a day" },
	{ "often in a time", "allow bob@b to read of lamp at most twice in 10 minutes",
		"allow bob@b to read everything of lamp at most 2 times in 10m" },
	{ "one time", "allow bob@b to read of lamp at most 1 time every 90s", "allow bob@b to read everything of lamp at most once in 90s" },
	{ "in seven days", "allow bob@b to read of lamp at most 5 times in 7d", "allow bob@b to read everything of lamp at most 5 times a week" },
	/* conditions */
	{ "a net", "allow bob@b to access door with ip 10.0.0.0/8", "allow bob@b to access door with ip 10.0.0.0/8" },
	{ "an address of the other kind", "allow bob@b to access door with ip FD00:0:0::/8",
		"allow bob@b to access door with ip fd00::/8" },
	{ "a net in the clothes of the other kind", "deny bob@b to access door with ip ::FFFF:10.0.0.0/104",
		"deny bob@b to access door with ip 10.0.0.0/8" },
	{ "an address in the clothes of the other kind", "deny bob@b to access door with ip ::ffff:a00:1",
		"deny bob@b to access door with ip 10.0.0.1" },
	{ "several", "allow bob@b to use x of door with host *.Example.org and user kermit with protocol https",
		"allow bob@b to use \"x\" of door with host *.example.org and user kermit and protocol https" },
	{ "places", "allow bob@b to access door with latitude from 52 to 53 and longitude >= 13 and altitude at most 100",
		"allow bob@b to access door with latitude from 52 to 53 and longitude at least 13 and altitude at most 100" },
	{ "a thumbprint in hex", "allow bob@b to access door with thumbprint 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33",
		"allow bob@b to access door with thumbprint 00112233445566778899aabbccddeeff00112233" },
	{ "a thumbprint in base64", "allow bob@b to access door with certificate ABEiM0RVZneImaq7zN3u/wARIjM=",
		"allow bob@b to access door with certificate 00112233445566778899aabbccddeeff00112233" },
	{ "other conditions", "allow anyone to access door with jid Bob@B.ex and sso \"our login\"",
		"allow anyone to access door with jid bob@b.ex and sso \"our login\"" },
	/* touch */
	{ "touch", "touch for control \"lock\" of *", "touch for control \"lock\" of all my things" },
	{ "touch to", "Touch for to control lock of door", "touch for control \"lock\" of door" },
	{ "touch for one", "touch for bob@b to control lock of door until 2026-12-01",
		"touch for bob@b to control \"lock\" of door until 2026-12-01" },
	{ "touch for reading", "touch for reading of door", "touch for reading everything of door" },
	{ "touch for friends", "touch for befriending door", "touch for befriending door" },
	{ "touch for everything", "touch for everything of door", "touch for everything of door" },
	{ "touch for everything of one", "touch for role x everything", "touch for role x everything" },
	{ "touch for anyone", "touch for anyone to control of door", "touch for control everything of door" },
	/* phones */
	{ "a full stop", "Allow bob@b to read of lamp. ", "allow bob@b to read everything of lamp" },
	{ "a full stop behind a time", "Allow bob@b to read of lamp until 2026-12-01.",
		"allow bob@b to read everything of lamp until 2026-12-01" },
	{ "a name with a full stop", "allow bob@b to befriend \"lamp.\"", "allow bob@b to befriend \"lamp.\"" },
	{ "three dots are a name", "allow bob@b to befriend lamp...", "allow bob@b to befriend \"lamp...\"" },
	{ "a thing called like a new word", "allow bob@b to befriend on", "allow bob@b to befriend \"on\"" },
	{ "the same with a condition", "allow bob@b to befriend in on mon-fri", "allow bob@b to befriend \"in\" on mon-fri" },
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
	{ "", "expected allow, deny, ask about or touch for at the end of the line" },
	{ "allov bob@b", "expected allow, deny, ask about or touch for at word 1, not \"allov\"" },
	{ "allow", "expected whom (an address like bob@example.org, *@domain, anyone, role NAME or user token NAME) at the end of the line" },
	{ "allow bob to read of lamp", "expected whom (an address like bob@example.org, *@domain, anyone, role NAME or user token NAME) at word 2, not \"bob\"" },
	{ "allow @b to read of lamp", "expected an address at word 2: \"@b\" is an address with nothing before the '@'" },
	{ "allow *@a@b everything", "expected a domain at word 2" },
	{ "allow bob@b to eat lamp", "expected to befriend, to read, to control, to access, to use or everything at word 4, not \"eat\"" },
	{ "allow bob@b to read temperature",
		"expected \"of THING\" (\"everything of temperature\" if that is the thing) at the end of the line" },
	{ "allow bob@b to befriend", "expected a thing (its name, tag=value, set NAME or all my things) at the end of the line" },
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
	{ "allow bob@b to read of lamp for 2h until 2026-12-01", "\"until\" at word 9: that was said before; say it once" },
	{ "allow bob@b to read \"\" of lamp", "the name at word 5 is empty" },
	{ "allow bob@b to read \"temperature of lamp", "the quote that opens word 5 never closes" },
	{ "allow bob@b to read \"a\\n\" of lamp", "expected \\\", \\\\ or \\u{...} behind the backslash in word 5" },
	{ "allow bob@b to read \"a\\u{D800}\" of lamp", "behind the backslash" },
	{ "allow bob@b\nto read of lamp", "the line has a control character" },
	{ "allow bob@b\xff to read of lamp", "the line is not UTF-8" },
	{ "allow \xc3\x9f" "@b.example everything", "can be read as two different people" },
	{ "allow bob@b to read of \"lamp\" or else", "expected until, for, daily, on, in, only, at most, lease, with or the end at word 7" },
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
