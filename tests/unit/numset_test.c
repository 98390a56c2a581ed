/* SPDX-License-Identifier: Apache-2.0 */
/* numset_test: random changes of all three forms, against an array of bools. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "registry/numset.h"

#define NUMBERS 40000

static uint64_t dice = 88172645463325252u;

static unsigned pick(unsigned n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (unsigned)((dice >> 16) % n);
}

static void same(const struct numset *s, const bool *has)
{
	uint32_t at = 0, n = 0;

	for (uint32_t i = 0; i < NUMBERS; i++) {
		n += has[i];
		if (has[i] && (!numset_next(s, at, &at) || at != i))
			fail_msg("%u is missing", i);
		at += has[i];
	}
	assert_false(numset_next(s, at, &at));
	assert_int_equal(s->n, n);
}

/* `wide` spreads them over all groups, else they crowd in one. */
static void random_changes(unsigned wide, unsigned turns, unsigned adds_of_ten)
{
	static bool has[NUMBERS];
	struct numset s = { 0 };

	memset(has, 0, sizeof(has));
	for (unsigned i = 0; i < turns; i++) {
		uint32_t k = pick(wide);

		if (pick(10) < adds_of_ten) {
			assert_int_equal(numset_add(&s, k), 0);
			has[k] = true;
		} else {
			numset_remove(&s, k);
			has[k] = false;
		}
		assert_int_equal(numset_has(&s, k), has[k]);
		if (i % (turns / 8) == 0)
			same(&s, has);
	}
	same(&s, has);
	for (uint32_t k = 0; k < NUMBERS; k++)
		numset_remove(&s, k);
	assert_int_equal(s.n, 0);
	assert_int_equal(s.cap, 0);
	numset_fini(&s);
}

static void it_holds_what_was_added_and_not_removed(void **state)
{
	(void)state;
	random_changes(3, 1000, 5);
	random_changes(200, 5000, 6);
	random_changes(2000, 20000, 7);
	random_changes(NUMBERS, 60000, 8);
	random_changes(NUMBERS, 20000, 6);
	random_changes(5000, 100000, 9);
}

static void the_ends_of_the_numbers_are_no_trap(void **state)
{
	struct numset s = { 0 };
	uint32_t at;

	(void)state;
	for (uint32_t i = 0; i < 3000; i++)
		assert_int_equal(numset_add(&s, UINT32_MAX - 2 * i), 0);
	assert_true(numset_next(&s, UINT32_MAX, &at));
	assert_int_equal(at, UINT32_MAX);
	assert_true(numset_next(&s, UINT32_MAX - 3, &at));
	assert_int_equal(at, UINT32_MAX - 2);
	assert_true(numset_next(&s, 0, &at));
	assert_int_equal(at, UINT32_MAX - 5998);
	numset_fini(&s);
}

static void what_is_in_all_sets_is_found_in_order(void **state)
{
	(void)state;
	for (unsigned turn = 0; turn < 50; turn++) {
		static uint8_t in[NUMBERS];
		struct numset s[3] = { { 0 }, { 0 }, { 0 } };
		struct numset_walk walk[3] = { { &s[0], 0 }, { &s[1], 0 }, { &s[2], 0 } };
		uint64_t leaps = 0;
		uint32_t at = 0;

		memset(in, 0, sizeof(in));
		for (unsigned k = 0; k < 3; k++)
			for (unsigned i = 0, n = pick(k == 0 ? 300 : 30000); i < n; i++) {
				uint32_t number = pick(turn % 2 == 0 ? 1000 : NUMBERS);

				assert_int_equal(numset_add(&s[k], number), 0);
				in[number] |= (uint8_t)(1 << k);
			}
		for (uint32_t i = 0; i < NUMBERS; i++) {
			if (in[i] != 7)
				continue;
			assert_true(numset_walk_all(walk, 3, at, &at, &leaps));
			assert_int_equal(at, i);
			at++;
		}
		assert_false(numset_walk_all(walk, 3, at, &at, &leaps));
		for (unsigned k = 0; k < 3; k++)
			numset_fini(&s[k]);
	}
}

/* From wherever the last step ended, by steps of any length, in every form. */
static void a_walk_finds_what_a_search_from_the_beginning_finds(void **state)
{
	static const unsigned sizes[] = { 0, 1, 2, 40, 1000, 5000, 30000 };

	(void)state;
	for (unsigned turn = 0; turn < 20 * sizeof(sizes) / sizeof(sizes[0]); turn++) {
		struct numset s = { 0 };
		struct numset_walk w = { &s, 0 };
		uint32_t from = 0, there = 0, expected = 0;
		bool found, expect;

		for (unsigned i = 0; i < sizes[turn / 20]; i++)
			assert_int_equal(numset_add(&s, pick(100 * NUMBERS)), 0);
		do {
			from = expected + pick(1u << pick(20));
			expect = numset_next(&s, from, &expected);
			found = numset_walk_on(&w, from, &there);
			assert_int_equal(found, expect);
			if (found)
				assert_int_equal(there, expected);
		} while (found);
		assert_false(numset_walk_on(&w, from, &there));
		numset_fini(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_holds_what_was_added_and_not_removed),
		cmocka_unit_test(the_ends_of_the_numbers_are_no_trap),
		cmocka_unit_test(what_is_in_all_sets_is_found_in_order),
		cmocka_unit_test(a_walk_finds_what_a_search_from_the_beginning_finds),
	};

	return cmocka_run_group_tests_name("numset", tests, NULL, NULL);
}
