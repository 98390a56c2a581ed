/* SPDX-License-Identifier: Apache-2.0 */
/* pool_test: ceiling, alignment, reuse.  See common/base/pool.h. */
#include "config.h"

#include "common/base/pool.h"

#include "tests/unit/unit.h"

static void
pool__refuses_past_its_ceiling(void **state)
{
	struct pool p;

	(void)state;
	pool_init(&p, 1000);
	assert_non_null(pool_alloc(&p, 900));
	assert_null(pool_alloc(&p, 200));
	assert_null(pool_alloc(&p, SIZE_MAX));
	assert_null(pool_alloc(&p, SIZE_MAX - 3));
	assert_non_null(pool_alloc(&p, 10));
	pool_fini(&p);
}

static void
pool__hands_out_aligned_blocks_that_do_not_overlap(void **state)
{
	struct unit_random r = unit_random_start();
	unsigned char *block[200];
	size_t size[200];
	struct pool p;

	(void)state;
	pool_init(&p, 10 * 1024 * 1024);
	for (size_t i = 0; i < 200; i++) {
		size[i] = unit_random_below(&r, i % 20 == 0 ? 9000 : 100);
		block[i] = pool_alloc(&p, size[i]);
		assert_non_null(block[i]);
		assert_int_equal((uintptr_t)block[i] % _Alignof(max_align_t), 0);
		memset(block[i], (int)i, size[i]);
	}
	for (size_t i = 0; i < 200; i++)
		for (size_t j = 0; j < size[i]; j++)
			assert_int_equal(block[i][j], i);
	pool_fini(&p);
}

static void
pool_reset__gives_the_same_memory_again(void **state)
{
	struct pool p;
	void *first;

	(void)state;
	pool_init(&p, 100000);
	first = pool_alloc(&p, 100);
	assert_non_null(pool_alloc(&p, 50000));
	pool_reset(&p);
	assert_int_equal(p.used, 0);
	assert_ptr_equal(pool_alloc(&p, 100), first);
	assert_non_null(pool_alloc(&p, 90000));
	pool_fini(&p);
	pool_reset(&p);
	pool_fini(&p);
}

static void
pool__copies_and_prints_text(void **state)
{
	struct pool p;
	const char *zeroed;

	(void)state;
	pool_init(&p, 4096);
	assert_string_equal(pool_strdup(&p, "abc"), "abc");
	assert_string_equal(pool_strndup(&p, "abcdef", 2), "ab");
	assert_string_equal(pool_strndup(&p, "ab", 99), "ab");
	assert_string_equal(pool_printf(&p, "%s-%d", "x", 7), "x-7");
	zeroed = pool_zalloc(&p, 16);
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(zeroed[i], 0);
	pool_fini(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pool__refuses_past_its_ceiling),
		cmocka_unit_test(pool__hands_out_aligned_blocks_that_do_not_overlap),
		cmocka_unit_test(pool_reset__gives_the_same_memory_again),
		cmocka_unit_test(pool__copies_and_prints_text),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
