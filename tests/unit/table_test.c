/* SPDX-License-Identifier: Apache-2.0 */
/* table_test: random comings and goings, with hashes that crowd, against an array. */
#include "config.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/store/table.h"

#define ITEMS 2000

static uint64_t dice = 88172645463325252u;

static uint64_t pick(uint64_t n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (dice >> 16) % n;
}

static uint64_t hash[ITEMS];
static int item[ITEMS];
static bool in[ITEMS];

static bool finds(const struct table *t, size_t i)
{
	size_t at;

	for (const void *x = table_first(t, hash[i], &at); x; x = table_next(t, hash[i], &at))
		if (x == &item[i])
			return true;
	return false;
}

static void all_are_as_expected(const struct table *t)
{
	size_t n = 0;

	for (size_t i = 0; i < ITEMS; i++) {
		assert_int_equal(finds(t, i), in[i]);
		n += in[i];
	}
	assert_int_equal(t->n, n);
	assert_true(t->cap == 0 || 5 * t->n <= 4 * t->cap);
}

static void come_and_go(unsigned adds_of_ten)
{
	struct table t = { 0 };

	for (size_t i = 0; i < ITEMS; i++)
		in[i] = false;
	for (size_t turn = 0; turn < 20000; turn++) {
		size_t i = pick(ITEMS);

		if (!in[i] && pick(10) < adds_of_ten) {
			assert_int_equal(table_reserve(&t, 1, NULL), 0);
			table_add(&t, hash[i], &item[i]);
			in[i] = true;
		} else if (in[i] && pick(10) >= adds_of_ten) {
			table_remove(&t, hash[i], &item[i]);
			in[i] = false;
		}
		if (turn % 2000 == 0)
			all_are_as_expected(&t);
	}
	all_are_as_expected(&t);
	table_fini(&t);
}

static void what_is_in_is_found_and_nothing_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < ITEMS; i++)
		hash[i] = pick(UINT32_MAX) << 32 | pick(UINT32_MAX);
	come_and_go(5);
	come_and_go(8);
}

static void crowds_round_the_end_of_the_table_do_no_harm(void **state)
{
	(void)state;
	/* Few homes, at the end and at the beginning; some hashes are the same. */
	for (size_t i = 0; i < ITEMS; i++)
		hash[i] = pick(2) == 0 ? UINT64_MAX - pick(50) : pick(4) << 60;
	come_and_go(5);
	come_and_go(3);
}

static void a_replaced_item_is_found_in_its_place(void **state)
{
	struct table t = { 0 };
	size_t at;

	(void)state;
	assert_int_equal(table_reserve(&t, 1, NULL), 0);
	table_add(&t, 7, &item[0]);
	table_replace(&t, 7, &item[0], &item[1]);
	assert_ptr_equal(table_first(&t, 7, &at), &item[1]);
	assert_null(table_next(&t, 7, &at));
	table_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_in_is_found_and_nothing_else),
		cmocka_unit_test(crowds_round_the_end_of_the_table_do_no_harm),
		cmocka_unit_test(a_replaced_item_is_found_in_its_place),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
