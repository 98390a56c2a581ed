/* SPDX-License-Identifier: Apache-2.0 */
/* err_test: sentences, context, cutting.  See common/base/err.h. */
#include "config.h"

#include "common/base/err.h"

#include <errno.h>

#include "common/base/str.h"
#include "tests/unit/unit.h"

static void
err_set__returns_minus_one_and_keeps_kind_and_text(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(err_set(&e, ERR_LIMIT, "more than %d tags", 64), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	assert_string_equal(e.text, "more than 64 tags");
	assert_int_equal(err_set(NULL, ERR_INPUT, "nobody listens"), -1);
}

static void
err_errno__appends_the_text_of_errno_and_leaves_it_alone(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	errno = ENOENT;
	assert_int_equal(err_errno(&e, "cannot open '%s'", "x"), -1);
	assert_int_equal(e.kind, ERR_SYSTEM);
	assert_string_equal(e.text, "cannot open 'x': No such file or directory");
	assert_int_equal(errno, ENOENT);
}

static void
err_prefix__puts_context_in_front_and_keeps_the_kind(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	err_set(&e, ERR_AGAIN, "broker away");
	err_prefix(&e, "file:%d", 3);
	assert_string_equal(e.text, "file:3: broker away");
	assert_int_equal(e.kind, ERR_AGAIN);
	err_clear(&e);
	assert_int_equal(e.kind, ERR_NONE);
	assert_string_equal(e.text, "");
}

static void
err_set__cuts_long_text_between_characters(void **state)
{
	char text[ERR_TEXT * 2 + 1];
	struct err e = ERR_INIT;

	(void)state;
	for (size_t shift = 0; shift < 3; shift++) {
		memset(text, 'x', shift);
		for (size_t i = shift; i + 3 < sizeof(text); i += 3)
			memcpy(text + i, "\xe2\x82\xac", 4);
		err_set(&e, ERR_INPUT, "%s", text);
		assert_true(strlen(e.text) > ERR_TEXT - 4);
		assert_true(str_utf8_valid(e.text, strlen(e.text)));
	}
}

static void
err_kind_name__knows_every_kind(void **state)
{
	(void)state;
	assert_string_equal(err_kind_name(ERR_NONE), "none");
	assert_string_equal(err_kind_name(ERR_AGAIN), "again");
	assert_string_equal(err_kind_name((enum err_kind)99), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(err_set__returns_minus_one_and_keeps_kind_and_text),
		cmocka_unit_test(err_errno__appends_the_text_of_errno_and_leaves_it_alone),
		cmocka_unit_test(err_prefix__puts_context_in_front_and_keeps_the_kind),
		cmocka_unit_test(err_set__cuts_long_text_between_characters),
		cmocka_unit_test(err_kind_name__knows_every_kind),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
