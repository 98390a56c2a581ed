/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attention_test: how often an owner is asked, by a clock the test moves.
 */
#include "config.h"

#include <string.h>

#include "desk/attention.h"
#include "tests/unit/unit.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)
#define PHONE "alice@a.example/phone"
#define DESKTOP "alice@a.example/desktop"

/* Somebody asks once a minute: how many messages in that time? */
static int messages(struct attention *a, int64_t from, int64_t ms)
{
	int n = 0;

	for (int64_t now = from; now < from + ms; now += 60000)
		if (attention_may(a, now, 6)) {
			attention_taken(a, now);
			n++;
		}
	return n;
}

static void att_H_07__six_messages_an_hour_and_fewer_while_he_says_nothing(void **state)
{
	struct attention a = { 0 };

	(void)state;
	assert_int_equal(messages(&a, 0, HOUR), 6);
	assert_int_equal(messages(&a, HOUR, HOUR), 1);
	assert_int_equal(messages(&a, 2 * HOUR, DAY), 3);
	/* Weeks of it: hardly more than one a day. */
	assert_true(messages(&a, 30 * HOUR, 21 * DAY) <= 21);
	attention_given(&a);
	assert_int_equal(messages(&a, 60 * DAY, HOUR), 6);
}

static void who_answers_is_asked_six_times_in_each_hour(void **state)
{
	struct attention a = { 0 };
	int n = 0;

	(void)state;
	for (int64_t now = 0; now < 3 * HOUR; now += 60000)
		if (attention_may(&a, now, 6)) {
			attention_taken(&a, now);
			attention_given(&a);
			n++;
		}
	assert_int_equal(n, 18);
}

static void who_is_away_gets_one_message_and_the_next_when_he_is_back(void **state)
{
	struct attention a = { 0 };

	(void)state;
	attention_presence(&a, PHONE, true);
	attention_presence(&a, DESKTOP, true);
	attention_presence(&a, PHONE, true);
	attention_presence(&a, PHONE, false);
	assert_int_equal(messages(&a, 0, 30 * 60000), 6);	/* he is there at the other */
	attention_presence(&a, DESKTOP, false);
	assert_int_equal(messages(&a, 10 * HOUR, 60 * DAY), 1);
	attention_presence(&a, PHONE, false);
	assert_false(attention_may(&a, 80 * DAY, 6));
	attention_presence(&a, PHONE, true);
	assert_true(attention_may(&a, 80 * DAY, 6));
}

/* Some servers answer a request for his presence so before he has seen it. */
static void interop_4_4__a_bare_unavailable_is_no_sign_that_he_is_away(void **state)
{
	struct attention a = { 0 };

	(void)state;
	attention_presence(&a, "alice@a.example", false);
	assert_int_equal(messages(&a, 0, 30 * 60000), 6);
	attention_given(&a);
	attention_presence(&a, PHONE, true);
	attention_presence(&a, "alice@a.example", false);
	assert_int_equal(messages(&a, 2 * HOUR, 30 * 60000), 6);
}

static void after_a_gap_of_the_stream_nobody_is_known_to_be_away(void **state)
{
	struct attention a = { 0 };

	(void)state;
	attention_presence(&a, PHONE, true);
	attention_presence(&a, PHONE, false);
	assert_int_equal(messages(&a, 0, DAY), 1);
	attention_gap(&a);
	assert_true(attention_may(&a, 2 * DAY, 6));
}

static void more_sessions_than_are_remembered_are_no_absence(void **state)
{
	struct attention a = { 0 };
	char full[32] = "alice@a.example/0";

	(void)state;
	for (char c = 'a'; c < 'a' + 2 * ATTENTION_RESOURCES; c++) {
		full[16] = c;
		attention_presence(&a, full, true);
	}
	full[16] = 'z';
	attention_presence(&a, full, false);
	assert_int_equal(messages(&a, 0, 30 * 60000), 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(att_H_07__six_messages_an_hour_and_fewer_while_he_says_nothing),
		cmocka_unit_test(who_answers_is_asked_six_times_in_each_hour),
		cmocka_unit_test(who_is_away_gets_one_message_and_the_next_when_he_is_back),
		cmocka_unit_test(interop_4_4__a_bare_unavailable_is_no_sign_that_he_is_away),
		cmocka_unit_test(after_a_gap_of_the_stream_nobody_is_known_to_be_away),
		cmocka_unit_test(more_sessions_than_are_remembered_are_no_absence),
	};

	return cmocka_run_group_tests_name("attention", tests, NULL, NULL);
}
