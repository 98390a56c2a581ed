/* SPDX-License-Identifier: Apache-2.0 */
/* guess_test: who failed how often, in bounded memory. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "registry/guess.h"

static const struct guess_limits limits = { 5, 20, 100, 10 };

static struct guess *make(void)
{
	struct guess *g = NULL;

	assert_int_equal(guess_open(&g, &limits, NULL), 0);
	return g;
}

static void failures_are_late_only_after_the_budget_and_only_so_much(void **state)
{
	struct guess *g = make();
	struct guess_outcome o;

	(void)state;
	for (int i = 0; i < 5; i++) {
		guess_failed(g, "m@ex", 1000, &o);
		assert_int_equal(o.delay_ms, 0);
	}
	guess_failed(g, "m@ex", 1000, &o);
	assert_true(o.delay_ms > 0 && o.delay_ms <= 1000);
	assert_true(o.alarm[GUESS_JID]);
	guess_failed(g, "m@ex", 1001, &o);
	assert_true(o.delay_ms > 0);
	assert_false(o.alarm[GUESS_JID]);
	/* Somebody else of that domain is not late. */
	guess_failed(g, "a@ex", 1001, &o);
	assert_int_equal(o.delay_ms, 0);
	/* A minute later all of it is back. */
	guess_failed(g, "m@ex", 62000, &o);
	assert_int_equal(o.delay_ms, 0);
	guess_close(&g);
}

static void att_C_04__many_names_of_one_domain_share_its_budget(void **state)
{
	struct guess *g = make();
	struct guess_outcome o;
	char jid[32];
	int late = 0;

	(void)state;
	for (int i = 0; i < 40; i++) {
		snprintf(jid, sizeof(jid), "s%d@evil", i);
		guess_failed(g, jid, 1000, &o);
		late += o.delay_ms > 0;
	}
	assert_int_equal(late, 20);
	guess_failed(g, "a@good", 1000, &o);
	assert_int_equal(o.delay_ms, 0);
	for (int i = 0; i < 100; i++) {
		snprintf(jid, sizeof(jid), "s@evil%d", i);
		guess_failed(g, jid, 1000, &o);
	}
	assert_true(o.delay_ms > 0);
	guess_close(&g);
}

static void att_C_04__a_name_is_guessed_at_after_so_many_wrong_keys(void **state)
{
	struct guess *g = make();

	(void)state;
	for (int i = 0; i < 9; i++)
		assert_false(guess_wrong_key(g, 42));
	assert_false(guess_is_weak(g, 42));
	assert_true(guess_wrong_key(g, 42));
	assert_false(guess_wrong_key(g, 42));
	assert_true(guess_is_weak(g, 42));
	assert_false(guess_is_weak(g, 43));
	assert_false(guess_is_weak(g, 0));
	/* A flood of others forgets those who failed least. */
	for (uint64_t n = 1000; n < 50000; n++)
		guess_wrong_key(g, n);
	assert_true(guess_is_weak(g, 42));
	guess_close(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failures_are_late_only_after_the_budget_and_only_so_much),
		cmocka_unit_test(att_C_04__many_names_of_one_domain_share_its_budget),
		cmocka_unit_test(att_C_04__a_name_is_guessed_at_after_so_many_wrong_keys),
	};

	return cmocka_run_group_tests_name("guess", tests, NULL, NULL);
}
