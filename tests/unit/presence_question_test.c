/* SPDX-License-Identifier: Apache-2.0 */
/* presence_question_test: what is asked, what fits, what it decides. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/wire/request.h"
#include "registry/presence_question.h"

#define LENGTH 600000

static struct secret key;

static struct question_seed seed(uint8_t first)
{
	static uint8_t nonce[4][QUESTION_NONCE];
	static unsigned turn;
	uint8_t *n = nonce[turn++ % 4];

	memset(n, 0, QUESTION_NONCE);
	n[0] = first;
	return (struct question_seed){ &key, n };
}

static void a_thing_is_asked_for_the_best_it_can_do(void **state)
{
	(void)state;
	assert_int_equal(presence_question_kind(0), QUESTION_POWER);
	assert_int_equal(presence_question_kind(SELF_NEW_KEY), QUESTION_POWER);
	assert_int_equal(presence_question_kind(SELF_HAS_BUTTON), QUESTION_BUTTON);
	assert_int_equal(presence_question_kind(SELF_HAS_BUTTON | SELF_SHOWS_CODE), QUESTION_CODE);
}

static void every_thing_and_every_question_has_its_own_code(void **state)
{
	struct question_seed one = seed(1), two = seed(2);
	uint8_t a[16] = { 1 }, b[16] = { 2 };
	char x[IDENT_CODE], y[IDENT_CODE], folded[IDENT_CODE];

	(void)state;
	presence_question_code(x, &one, a);
	presence_question_code(y, &one, a);
	assert_string_equal(x, y);
	assert_int_equal(ident_code_fold(folded, x), 0);
	assert_string_equal(folded, x);
	presence_question_code(y, &one, b);
	assert_string_not_equal(x, y);
	presence_question_code(y, &two, a);
	assert_string_not_equal(x, y);
}

static void rhythm_and_times_are_told_to_one_person_only(void **state)
{
	size_t same_rhythm = 0, same_times = 0;

	(void)state;
	for (uint8_t i = 0; i < 200; i++) {
		struct question_seed s = seed(i);
		char x[QUESTION_RHYTHM], y[QUESTION_RHYTHM];
		int64_t t[QUESTION_SESSIONS], u[QUESTION_SESSIONS];

		presence_question_rhythm(x, &s, "a@ex");
		presence_question_rhythm(y, &s, "m@ex");
		assert_int_equal(strlen(x), 11);
		assert_int_equal(strspn(x, "1234 "), 11);
		same_rhythm += strcmp(x, y) == 0;
		presence_question_times(t, &s, "a@ex", LENGTH);
		presence_question_times(u, &s, "m@ex", LENGTH);
		same_times += memcmp(t, u, sizeof(t)) == 0;
		assert_true(t[0] >= LENGTH / 10);
		assert_true(t[1] - t[0] >= LENGTH * 8 / 60 && t[2] - t[1] >= LENGTH * 8 / 60);
		assert_true(t[2] < LENGTH);
	}
	assert_true(same_rhythm < 5);
	assert_true(same_times < 40);
}

static struct question_sessions at(int64_t a, int64_t b, int64_t c, size_t n)
{
	return (struct question_sessions){ n, { a, b, c } };
}

static void sessions_fit_only_at_the_times_that_were_told(void **state)
{
	const int64_t t[] = { 60000, 160000, 300000 };
	struct question_sessions s;

	(void)state;
	s = at(60000, 160000, 300000, 3);
	assert_true(presence_question_sessions_fit(t, &s, LENGTH));
	/* A slow starter: later, but always as much. */
	s = at(150000, 252000, 388000, 3);
	assert_true(presence_question_sessions_fit(t, &s, LENGTH));
	s = at(230000, 330000, 470000, 3);
	assert_false(presence_question_sessions_fit(t, &s, LENGTH));
	s = at(20000, 120000, 260000, 3);
	assert_false(presence_question_sessions_fit(t, &s, LENGTH));
	s = at(60000, 200000, 300000, 3);
	assert_false(presence_question_sessions_fit(t, &s, LENGTH));
	s = at(60000, 160000, 340000, 3);
	assert_false(presence_question_sessions_fit(t, &s, LENGTH));
	s = at(60000, 160000, 0, 2);
	assert_false(presence_question_sessions_fit(t, &s, LENGTH));
	/* One that comes and goes all the time hits any times. */
	s = at(60000, 160000, 300000, 4);
	assert_false(presence_question_sessions_fit(t, &s, LENGTH));
}

/* No two sets of times are so close that doing one is doing the other. */
static void att_C_07__whoever_guesses_other_times_does_not_fit(void **state)
{
	size_t hits = 0, all = 0;

	(void)state;
	for (uint8_t i = 0; i < 60; i++) {
		struct question_seed s = seed(i), other = seed((uint8_t)(i + 100));
		int64_t t[QUESTION_SESSIONS], u[QUESTION_SESSIONS];
		struct question_sessions seen = { QUESTION_SESSIONS, { 0 } };

		presence_question_times(t, &s, "a@ex", LENGTH);
		presence_question_times(u, &other, "a@ex", LENGTH);
		memcpy(seen.at_ms, u, sizeof(u));
		hits += presence_question_sessions_fit(t, &seen, LENGTH);
		all++;
	}
	assert_true(hits * 5 < all);
}

/* Every combination of facts; what may never be decided, whatever they are. */
static void nobody_gets_a_thing_that_was_not_shown(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 3 * 2 * 3 * 2 * 2; bits++) {
		struct question_facts f = {
			.purpose = (enum question_purpose)(1 + bits % 3),
			.over = bits / 3 % 2, .fitting = bits / 6 % 3,
			.owner_answered = bits / 18 % 2, .fits_owned = bits / 36 % 2,
		};
		enum question_verdict v = presence_question_decide(&f);

		if (v == QUESTION_GIVE)
			assert_true(f.fitting >= 1);
		if (v == QUESTION_GIVE && f.purpose != QUESTION_DISPUTE)
			assert_int_equal(f.fitting, 1);
		if (v == QUESTION_GIVE && f.purpose == QUESTION_DISPUTE)
			assert_true(f.over && !f.owner_answered);
		if (v == QUESTION_OPERATOR)
			assert_true(f.purpose == QUESTION_DISPUTE && f.owner_answered && f.fitting > 0);
		if (f.over)
			assert_int_not_equal(v, QUESTION_WAIT);
	}
}

static void what_a_key_can_hide(void **state)
{
	(void)state;
	assert_int_equal(presence_question_key_bits(NULL), 0);
	assert_int_equal(presence_question_key_bits(""), 0);
	assert_true(presence_question_key_bits("4711") < 14);
	assert_true(presence_question_key_bits("1234-5678-9012") < 64);
	assert_true(presence_question_key_bits("0123456789abcde") < 64);
	assert_true(presence_question_key_bits("0123456789abcdef") >= 64);
	assert_true(presence_question_key_bits("3kfw2qpd7aljx5mzcv6ynhtbru") >= 64);
}

static int make_key(void **state)
{
	(void)state;
	return secret_set(&key, "0123456789abcdef0123456789abcdef", 32, NULL);
}

static int drop_key(void **state)
{
	(void)state;
	secret_clear(&key);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thing_is_asked_for_the_best_it_can_do),
		cmocka_unit_test(every_thing_and_every_question_has_its_own_code),
		cmocka_unit_test(rhythm_and_times_are_told_to_one_person_only),
		cmocka_unit_test(sessions_fit_only_at_the_times_that_were_told),
		cmocka_unit_test(att_C_07__whoever_guesses_other_times_does_not_fit),
		cmocka_unit_test(nobody_gets_a_thing_that_was_not_shown),
		cmocka_unit_test(what_a_key_can_hide),
	};

	return cmocka_run_group_tests_name("presence question", tests, make_key, drop_key);
}
