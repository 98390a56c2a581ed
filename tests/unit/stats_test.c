/* SPDX-License-Identifier: Apache-2.0 */
/* stats_test: slots and the full table.  See common/base/stats.h. */
#include "config.h"

#include "common/base/stats.h"

#include "common/base/buf.h"
#include "tests/unit/unit.h"

static void
stats_slot__is_the_same_for_the_same_name(void **state)
{
	struct stats s = { 0 };
	uint64_t *claims = stats_slot(&s, "claims", "claims made");

	(void)state;
	++*claims;
	assert_ptr_equal(stats_slot(&s, "claims", "claims made"), claims);
	assert_ptr_not_equal(stats_slot(&s, "other_thing", ""), claims);
	assert_int_equal(*claims, 1);
}

static void
stats_slot__shares_the_last_row_when_full(void **state)
{
	static char name[STATS_MAX + 10][8];
	struct stats s = { 0 };

	(void)state;
	for (int i = 0; i < STATS_MAX + 10; i++) {
		(void)snprintf(name[i], sizeof(name[i]), "n%d", i);
		++*stats_slot(&s, name[i], "");
	}
	assert_int_equal(s.n, STATS_MAX);
	assert_string_equal(s.row[STATS_MAX - 1].name, "other");
	assert_int_equal(s.row[STATS_MAX - 1].value, 11);
}

static void
stats_print__writes_a_line_for_each_in_order(void **state)
{
	struct stats s = { 0 };
	struct buf b;

	(void)state;
	*stats_slot(&s, "b", "") = 2;
	*stats_slot(&s, "a", "") = UINT64_MAX;
	buf_init(&b, 1000);
	stats_print(&s, &b);
	assert_string_equal(buf_str(&b), "b 2\na 18446744073709551615\n");
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stats_slot__is_the_same_for_the_same_name),
		cmocka_unit_test(stats_slot__shares_the_last_row_when_full),
		cmocka_unit_test(stats_print__writes_a_line_for_each_in_order),
	};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
