/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decision_clock_test: questions of things while the clock of the site is set
 * back, jumps ahead, changes to summer time, or moves while nobody serves.
 */
#include "config.h"

#include "tests/unit/operate_support.h"

#include "common/base/log.h"
#include "common/store/debt.h"
#include "policy/value.h"
#include "tests/unit/unit.h"

#define LAMP "lamp@a.example"
#define CAROL "carol@a.example"
#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)

/* What is owed first is not held back by a claim that nobody confirmed. */
static void confirm(struct hand *h)
{
	const char *id = strstr(buf_str(&h->out), "id=\"d-");
	char text[128];

	assert_non_null(id);
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(id + 4, "\""), id + 4);
	hand(h, "<iq type='result' from='" LAMP "/r' to='" ME "' id='%s'/>", text);
}

static int set_up(void **state)
{
	hand_set_up(state);
	registers(*state, LAMP, "42");
	claims(*state, ALICE, "42");
	confirm(*state);
	types(*state, ALICE, "name 42 lamp");
	return 0;
}

static void rule(struct hand *h, const char *line)
{
	has(types(h, ALICE, line), "in force");
}

/* As a thing of ours, or of somebody else's. */
static const char *asks(struct hand *h, bool ours, const char *who)
{
	return hand(h, "<iq type='get' from='" LAMP "/r' to='" ME "' id='q'><canRead "
	    "xmlns='urn:xmpp:iot:provisioning' jid='%s' momentary='true'>%s</canRead></iq>", who,
	    ours ? "<lease xmlns='urn:kith:lease:0' floor='0'/>" : "");
}

static bool may_read(struct hand *h, const char *who)
{
	return strstr(asks(h, true, who), "result=\"true\"") != NULL;
}

static int64_t lease_of(struct hand *h, const char *who)
{
	const char *ttl = strstr(asks(h, true, who), "ttl=\"");

	assert_non_null(ttl);
	return strtoll(ttl + 5, NULL, 10);
}

static void pass(struct hand *h, int64_t ms)
{
	h->time.wall += ms;
	h->time.boot += ms > 0 ? ms : 0;
	buf_reset(&h->out);
	site_tick(h->site);
}

static void ruling_25__a_clock_set_back_denies_whatever_has_times_and_why_says_so(void **state)
{
	struct hand *h = *state;

	rule(h, "allow " BOB " to read everything of lamp for 5h");
	rule(h, "allow " CAROL " to read everything of lamp");
	rule(h, "deny " CAROL " to read everything of lamp for 2h");
	assert_true(may_read(h, BOB));
	assert_false(may_read(h, CAROL));
	pass(h, 3 * HOUR);			/* the deny is over */
	assert_true(may_read(h, BOB));
	assert_true(may_read(h, CAROL));
	h->time.wall -= HOUR;
	assert_false(may_read(h, BOB));
	has(types(h, ALICE, "why " BOB " read lamp"), "clock of this site is behind");
	hand_restart(h);
	assert_false(may_read(h, BOB));
	assert_true(may_read(h, CAROL));	/* what ended stays ended */
	h->time.wall += 2 * HOUR;
	assert_true(may_read(h, BOB));
	has_not(types(h, ALICE, "why " BOB " read lamp"), "behind");
}

static void a_clock_that_jumps_ahead_ends_what_is_over_by_then(void **state)
{
	struct hand *h = *state;

	rule(h, "allow " BOB " to read everything of lamp for 5h");
	assert_true(may_read(h, BOB));
	pass(h, 6 * HOUR);
	assert_false(may_read(h, BOB));
	has_not(types(h, ALICE, "rules"), BOB);
	/* And back: nothing of it comes to life. */
	h->time.wall -= 6 * HOUR;
	assert_false(may_read(h, BOB));
	hand_restart(h);
	assert_false(may_read(h, BOB));
}

static void at(struct hand *h, int month, int day, int hour, int minute)
{
	const struct date d = { 2027, month, day, hour, minute, 0 };
	int64_t wall;

	assert_int_equal(date_to_ms(&d, 0, &wall), 0);
	assert_true(wall > h->time.wall);
	pass(h, wall - h->time.wall);
}

static void row_O8__times_of_a_day_follow_the_owners_zone_into_summer(void **state)
{
	struct hand *h = *state;

	has(types(h, ALICE, "timezone Europe/Berlin"), "+01:00");
	rule(h, "allow " BOB " to read everything of lamp daily 01:30-03:30");
	at(h, 3, 27, 0, 25);		/* 01:25 in winter */
	assert_false(may_read(h, BOB));
	assert_true(lease_of(h, BOB) <= 5 * MINUTE);
	at(h, 3, 27, 2, 25);		/* 03:25 */
	assert_true(may_read(h, BOB));
	assert_true(lease_of(h, BOB) <= 5 * MINUTE);
	at(h, 3, 27, 2, 35);
	assert_false(may_read(h, BOB));
	/* That night there is no hour from 2 to 3. */
	at(h, 3, 28, 0, 55);		/* 01:55 */
	assert_true(may_read(h, BOB));
	at(h, 3, 28, 1, 25);		/* 03:25 in summer */
	assert_true(may_read(h, BOB));
	assert_true(lease_of(h, BOB) <= 5 * MINUTE);
	at(h, 3, 28, 1, 35);
	assert_false(may_read(h, BOB));
	at(h, 3, 28, 23, 35);		/* 01:35 of the next day */
	assert_true(may_read(h, BOB));
}

static void ruling_26__an_edge_that_passed_while_nobody_served_is_owed_at_the_start(void **state)
{
	struct hand *h = *state;

	hand(h, "<presence from='" LAMP "' to='" ME "' type='subscribed'/>");
	hand(h, "<presence from='" LAMP "/r' to='" ME "'/>");
	rule(h, "allow " BOB " to read everything of lamp daily 08:00-12:00");	/* it is 08:00 */
	has(asks(h, false, BOB), "result=\"true\"");
	site_close(&h->site);
	h->time.wall += 6 * HOUR;
	h->time.boot += 6 * HOUR;
	buf_reset(&h->out);
	hand_open(h);
	site_tick(h->site);
	assert_non_null(debt_find(h->parts.debts, DEBT_FLOOR, LAMP, ""));
	has(hand(h, "<presence from='" LAMP "/r' to='" ME "'/>"), "<clearCache");
	has(asks(h, false, BOB), "result=\"false\"");
}

static void att_P_21__a_thing_asks_nobody_about_itself(void **state)
{
	struct hand *h = *state;

	has(asks(h, true, LAMP), "result=\"false\"");
	has(types(h, ALICE, "questions"), "Nothing waits");
	assert_false(may_read(h, BOB));
	has(types(h, ALICE, "questions"), BOB);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, hand_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(att_P_21__a_thing_asks_nobody_about_itself),
		CASE(ruling_25__a_clock_set_back_denies_whatever_has_times_and_why_says_so),
		CASE(a_clock_that_jumps_ahead_ends_what_is_over_by_then),
		CASE(row_O8__times_of_a_day_follow_the_owners_zone_into_summer),
		CASE(ruling_26__an_edge_that_passed_while_nobody_served_is_owed_at_the_start),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("decision_clock", tests, NULL, NULL);
}
