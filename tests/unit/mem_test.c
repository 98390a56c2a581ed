/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem_test: who gives memory, and until when.
 */
#include "config.h"

#include "common/base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/pool.h"
#include "tests/unit/unit.h"

struct giver {
	int given, live;
	bool empty;
};

static void *give(void *arg, void *old, size_t size)
{
	struct giver *g = arg;

	if (size == 0) {
		g->live--;
		free(old);
		return NULL;
	}
	if (g->empty)
		return NULL;
	g->given++;
	g->live += old == NULL;
	return realloc(old, size);
}

static void memory_comes_from_the_giver_of_the_block_and_goes_back_to_it(void **state)
{
	struct giver g = { 0 };
	struct mem m = { give, &g };
	char *outside = mem_strdup("outside"), *text;

	(void)state;
	{
		MEM_WITHIN(&m);
		text = mem_strdup("inside");
		assert_string_equal(text, "inside");
		text = mem_resize(text, 100);
		assert_string_equal(text, "inside");
		assert_int_equal(g.live, 1);
		mem_free(text);
		mem_free(NULL);
	}
	assert_int_equal(g.live, 0);
	assert_int_equal(g.given, 2);
	mem_free(outside);
	mem_free(mem_alloc(1));
	assert_int_equal(g.given, 2);
}

static void blocks_nest(void **state)
{
	struct giver g = { 0 }, h = { 0 };
	struct mem m = { give, &g }, n = { give, &h };
	MEM_WITHIN(&m);

	(void)state;
	{
		MEM_WITHIN(&n);
		mem_free(mem_alloc(1));
		{
			MEM_WITHIN(NULL);
			mem_free(mem_alloc(1));
		}
		mem_free(mem_alloc(1));
	}
	mem_free(mem_alloc(1));
	assert_int_equal(h.given, 2);
	assert_int_equal(g.given, 1);
}

static void what_is_left_empty_says_so(void **state)
{
	struct giver g = { .empty = true };
	struct mem m = { give, &g };
	struct pool p;
	struct buf b;
	MEM_WITHIN(&m);

	(void)state;
	assert_null(mem_zalloc(10));
	assert_null(mem_strdup("x"));
	pool_init(&p, 100);
	assert_null(pool_alloc(&p, 10));
	buf_init(&b, 100);
	buf_adds(&b, "x");
	assert_false(buf_ok(&b));
	buf_fini(&b);
	pool_fini(&p);
}

static void sizes_that_cannot_be_are_refused(void **state)
{
	(void)state;
	assert_null(mem_array(SIZE_MAX / 2, 3));
	assert_null(mem_resize_array(NULL, SIZE_MAX / 2, 3));
}

static void cleared_memory_is_clear_and_copies_end_where_they_end(void **state)
{
	unsigned char *p = mem_array(3, 5);
	char *text = mem_strndup("lamp-7", 4);

	(void)state;
	for (int i = 0; i < 15; i++)
		assert_int_equal(p[i], 0);
	assert_string_equal(text, "lamp");
	mem_free(text);
	mem_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_comes_from_the_giver_of_the_block_and_goes_back_to_it),
		cmocka_unit_test(blocks_nest),
		cmocka_unit_test(what_is_left_empty_says_so),
		cmocka_unit_test(sizes_that_cannot_be_are_refused),
		cmocka_unit_test(cleared_memory_is_clear_and_copies_end_where_they_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
