/* SPDX-License-Identifier: Apache-2.0 */
/* due_test: the heap beside a plain search for the least.  See common/base/due.h. */
#include "config.h"

#include "common/base/due.h"

#include "tests/unit/unit.h"

#define MANY 300

static int64_t least(const struct due *d, const int64_t *ms)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < MANY; i++)
		if (due_is_in(&d[i]) && ms[i] < first)
			first = ms[i];
	return first;
}

static void the_first_is_always_the_earliest_of_those_that_are_in(void **state)
{
	struct due_heap heap = { 0 };
	static struct due d[MANY];
	static int64_t ms[MANY];
	uint32_t seed = 1;

	(void)state;
	assert_int_equal(due_reserve(&heap, MANY), 0);
	for (int round = 0; round < 20000; round++) {
		size_t i = (seed = seed * 1664525 + 1013904223) >> 8;

		i %= MANY;
		if (seed % 3 == 0) {
			due_remove(&heap, &d[i]);
			assert_false(due_is_in(&d[i]));
		} else {
			ms[i] = (seed >> 4) % 1000;
			due_put(&heap, &d[i], ms[i]);
		}
		if (heap.n > 0)
			assert_int_equal(due_first(&heap)->ms, least(d, ms));
		else
			assert_null(due_first(&heap));
	}
	due_fini(&heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_is_always_the_earliest_of_those_that_are_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
