/* SPDX-License-Identifier: Apache-2.0 */
/* newcomer_test: how many things may register for the first time, and when again. */
#include "config.h"

#include "registry/newcomer.h"

#include <stdio.h>

#include "tests/unit/unit.h"

#define MINUTE 60000

static struct newcomers *make(int64_t per_jid, int64_t per_domain)
{
	const struct newcomer_limits limits = { per_jid, per_domain, MINUTE };
	struct newcomers *n = NULL;

	assert_int_equal(newcomers_open(&n, &limits, NULL), 0);
	return n;
}

static int count(struct newcomers *n, const char *bare, int tries, int64_t now)
{
	int let = 0;

	while (tries-- > 0)
		let += newcomer_may(n, bare, now);
	return let;
}

static void all_may_come_at_once_and_again_as_time_goes_by__row_P11(void **state)
{
	struct newcomers *n = make(10, 1000);

	(void)state;
	assert_int_equal(count(n, "a@x.example", 30, 1000), 10);
	assert_int_equal(count(n, "a@x.example", 30, 1000 + MINUTE / 2), 5);
	assert_int_equal(count(n, "a@x.example", 30, 1000 + 100 * MINUTE), 10);
	assert_int_equal(count(n, "b@x.example", 30, 1000 + 100 * MINUTE), 10);
	newcomers_close(&n);
}

static void many_addresses_share_what_their_domain_may(void **state)
{
	struct newcomers *n = make(10, 100);
	char bare[40];
	int let = 0;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		snprintf(bare, sizeof(bare), "t%d@x.example", i);
		let += newcomer_may(n, bare, 5);
	}
	assert_int_equal(let, 100);
	assert_true(newcomer_may(n, "a@y.example", 5));
	newcomers_close(&n);
}

static void who_is_refused_uses_nothing_of_his_domain(void **state)
{
	struct newcomers *n = make(10, 100);

	(void)state;
	assert_int_equal(count(n, "a@x.example", 5000, 5), 10);
	for (int i = 0; i < 9; i++) {
		char bare[40];

		snprintf(bare, sizeof(bare), "b%d@x.example", i);
		assert_int_equal(count(n, bare, 10, 5), 10);
	}
	newcomers_close(&n);
}

static void a_clock_that_stands_still_gives_nothing(void **state)
{
	struct newcomers *n = make(10, 100);

	(void)state;
	assert_int_equal(count(n, "a@x.example", 100, MINUTE), 10);
	assert_int_equal(count(n, "a@x.example", 100, MINUTE), 0);
	assert_int_equal(count(n, "a@x.example", 100, 0), 0);
	newcomers_close(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_may_come_at_once_and_again_as_time_goes_by__row_P11),
		cmocka_unit_test(many_addresses_share_what_their_domain_may),
		cmocka_unit_test(who_is_refused_uses_nothing_of_his_domain),
		cmocka_unit_test(a_clock_that_stands_still_gives_nothing),
	};

	return cmocka_run_group_tests_name("newcomer", tests, NULL, NULL);
}
