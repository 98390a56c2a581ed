/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timing_test: which mark counts when a start takes several attempts.
 */
#include "config.h"

#include "thing/timing.h"

#include "tests/unit/unit.h"

static void mark_all(struct timing *t, enum timing_phase last)
{
	for (enum timing_phase p = TIMING_LOCATED; p <= last; p++)
		timing_mark(t, p);
}

static void the_first_time_counts(void **state)
{
	struct timing t;

	(void)state;
	timing_begin(&t);
	for (int p = 0; p < TIMING_PHASES; p++)
		assert_int_equal(t.at_us[p], -1);
	mark_all(&t, TIMING_SECURED);
	t.at_us[TIMING_SECURED] = 7;
	timing_mark(&t, TIMING_SECURED);
	assert_int_equal(t.at_us[TIMING_SECURED], 7);
	assert_int_equal(t.at_us[TIMING_ACCOUNT], -1);
}

static void another_attempt_begins_anew(void **state)
{
	struct timing t;

	(void)state;
	timing_begin(&t);
	mark_all(&t, TIMING_BOUND);
	timing_mark(&t, TIMING_LOCATED);
	assert_true(t.at_us[TIMING_LOCATED] >= 0);
	for (int p = TIMING_CONNECTED; p < TIMING_PHASES; p++)
		assert_int_equal(t.at_us[p], -1);
}

static void a_login_after_the_registration_is_no_start(void **state)
{
	struct timing t, was;

	(void)state;
	timing_begin(&t);
	mark_all(&t, TIMING_REGISTERED);
	for (int p = 0; p < TIMING_PHASES; p++)
		t.at_us[p] = 7 + p;
	was = t;
	mark_all(&t, TIMING_REGISTERED);
	assert_memory_equal(t.at_us, was.at_us, sizeof(t.at_us));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_time_counts),
		cmocka_unit_test(another_attempt_begins_anew),
		cmocka_unit_test(a_login_after_the_registration_is_no_start),
	};

	return cmocka_run_group_tests_name("timing", tests, NULL, NULL);
}
