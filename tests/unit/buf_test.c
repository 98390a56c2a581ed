/* SPDX-License-Identifier: Apache-2.0 */
/* buf_test: ceiling, sticky failure, the NUL.  See common/base/buf.h. */
#include "config.h"

#include "common/base/buf.h"

#include "tests/unit/unit.h"

static void
buf__is_an_empty_text_before_anything_is_added(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	assert_true(buf_ok(&b));
	assert_string_equal(buf_str(&b), "");
	assert_int_equal(b.data[0], 0);
	buf_reset(&b);
	buf_consume(&b, 5);
	assert_int_equal(b.len, 0);
	buf_fini(&b);
}

static void
buf__takes_exactly_max_bytes_and_fails_on_one_more(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	for (int i = 0; i < 100; i++)
		buf_addc(&b, 'x');
	assert_true(buf_ok(&b));
	assert_int_equal(b.len, 100);
	buf_addc(&b, 'y');
	assert_false(buf_ok(&b));
	assert_int_equal(b.len, 100);
	buf_fini(&b);
}

static void
buf__appends_nothing_after_a_failure_until_reset(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_adds(&b, "ab");
	buf_adds(&b, "cde");
	buf_adds(&b, "f");
	assert_false(buf_ok(&b));
	assert_string_equal(buf_str(&b), "ab");
	buf_reset(&b);
	buf_addf(&b, "%d", 1234);
	assert_true(buf_ok(&b));
	assert_string_equal(buf_str(&b), "1234");
	buf_addf(&b, "%d", 5);
	assert_false(buf_ok(&b));
	buf_fini(&b);
}

static void
buf_truncate__takes_back_what_was_half_written(void **state)
{
	struct buf b;
	size_t mark;

	(void)state;
	buf_init(&b, 8);
	buf_adds(&b, "<a/>");
	mark = b.len;
	buf_adds(&b, "<much too long/>");
	assert_false(buf_ok(&b));
	buf_truncate(&b, mark);
	assert_true(buf_ok(&b));
	buf_adds(&b, "<b/>");
	assert_string_equal(buf_str(&b), "<a/><b/>");
	buf_fini(&b);
}

static void
buf_consume__drops_the_front(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_add(&b, "one\0two", 7);
	buf_consume(&b, 4);
	assert_string_equal(buf_str(&b), "two");
	buf_consume(&b, 99);
	assert_int_equal(b.len, 0);
	assert_string_equal(buf_str(&b), "");
	buf_fini(&b);
}

static void
buf__never_holds_more_than_max_whatever_is_done(void **state)
{
	struct unit_random r = unit_random_start();
	char piece[64];
	struct buf b;

	(void)state;
	memset(piece, 'p', sizeof(piece));
	for (size_t round = 0; round < unit_rounds(200); round++) {
		size_t max = unit_random_below(&r, 300);

		buf_init(&b, max);
		for (int i = 0; i < 50; i++) {
			switch (unit_random_below(&r, 5)) {
			case 0: buf_add(&b, piece, unit_random_below(&r, sizeof(piece))); break;
			case 1: buf_addf(&b, "%.*s", (int)unit_random_below(&r, 64), piece); break;
			case 2: buf_consume(&b, unit_random_below(&r, 40)); break;
			case 3: buf_truncate(&b, unit_random_below(&r, 300)); break;
			default: buf_addc(&b, 'c');
			}
			assert_true(b.len <= b.max && b.cap <= b.max);
			assert_int_equal(b.data[b.len], 0);
		}
		buf_fini(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf__is_an_empty_text_before_anything_is_added),
		cmocka_unit_test(buf__takes_exactly_max_bytes_and_fails_on_one_more),
		cmocka_unit_test(buf__appends_nothing_after_a_failure_until_reset),
		cmocka_unit_test(buf_truncate__takes_back_what_was_half_written),
		cmocka_unit_test(buf_consume__drops_the_front),
		cmocka_unit_test(buf__never_holds_more_than_max_whatever_is_done),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
