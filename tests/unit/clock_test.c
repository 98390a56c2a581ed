/* SPDX-License-Identifier: Apache-2.0 */
/* clock_test: the system's hands move on, a fake's stay.  See common/base/clock.h. */
#include "config.h"

#include "common/base/clock.h"

#include "tests/unit/unit.h"

static void
clock_system__tells_a_plausible_time_that_never_goes_back(void **state)
{
	int64_t boot = clock_boot(&clock_system);

	(void)state;
	assert_true(clock_wall(&clock_system) > INT64_C(1577836800000));
	assert_true(boot > 0);
	assert_true(clock_boot(&clock_system) >= boot);
}

static void
clock_fake__stands_where_the_test_puts_it(void **state)
{
	struct clock_fake f = { .wall = 5, .boot = 7 };
	struct clock c = clock_from_fake(&f);

	(void)state;
	assert_int_equal(clock_wall(&c), 5);
	assert_int_equal(clock_boot(&c), 7);
	f.wall = -1;
	assert_int_equal(clock_wall(&c), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clock_system__tells_a_plausible_time_that_never_goes_back),
		cmocka_unit_test(clock_fake__stands_where_the_test_puts_it),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
