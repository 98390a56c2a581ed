/* SPDX-License-Identifier: Apache-2.0 */
/* The checker of histories finds what is planted, and nothing else. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/histcheck.h"

#define A 1
#define B 2
#define REG(k, r, o, b, e) { HIST_REGISTER, r, 0, k, o, b, e }
#define GONE(r, b, e) { HIST_UNREGISTER, r, 0, 0, 0, b, e }
#define CLAIM(w, k, r, b, e) { HIST_CLAIM, r, w, k, 0, b, e }
#define DISOWN(w, r, b, e) { HIST_DISOWN, r, w, 0, 0, b, e }
#define IS(ops, expected) assert_int_equal(histcheck(ops, sizeof(ops) / sizeof(ops[0]), NULL), expected)

static void a_plain_life_is_fine(void **state)
{
	const struct hist_op ops[] = {
		REG(0, HIST_EMPTY, 0, 0, 1), CLAIM(A, 0, HIST_DONE, 2, 3),
		CLAIM(B, 0, HIST_NOT_FOUND, 4, 5), CLAIM(A, 0, HIST_DONE, 6, 7),
		REG(0, HIST_OWNED, A, 8, 9), DISOWN(A, HIST_DONE, 10, 11),
		REG(1, HIST_EMPTY, 0, 12, 13), CLAIM(B, 1, HIST_DONE, 14, 15),
		GONE(HIST_EMPTY, 16, 17),
	};

	(void)state;
	IS(ops, true);
}

static void two_owners_are_found(void **state)
{
	const struct hist_op ops[] = {
		REG(0, HIST_EMPTY, 0, 0, 1), CLAIM(A, 0, HIST_DONE, 2, 9),
		CLAIM(B, 0, HIST_DONE, 3, 8),
	};

	(void)state;
	IS(ops, false);
}

static void a_lost_claim_is_found(void **state)
{
	const struct hist_op ops[] = {
		REG(0, HIST_EMPTY, 0, 0, 1), CLAIM(A, 0, HIST_DONE, 2, 3),
		REG(0, HIST_EMPTY, 0, 4, 5),
	};

	(void)state;
	IS(ops, false);
}

static void a_refusal_while_nobody_owned_it_is_found(void **state)
{
	const struct hist_op alone[] = {
		REG(0, HIST_EMPTY, 0, 0, 1), CLAIM(A, 0, HIST_NOT_FOUND, 2, 3),
	};
	const struct hist_op beside[] = {
		REG(0, HIST_EMPTY, 0, 0, 1), CLAIM(A, 0, HIST_NOT_FOUND, 2, 5),
		CLAIM(B, 0, HIST_DONE, 3, 4),
	};

	(void)state;
	IS(alone, false);
	IS(beside, true);
}

static void a_used_key_that_opens_again_is_found(void **state)
{
	const struct hist_op ops[] = {
		REG(0, HIST_EMPTY, 0, 0, 1), CLAIM(A, 0, HIST_DONE, 2, 3),
		DISOWN(A, HIST_DONE, 4, 5), REG(0, HIST_EMPTY, 0, 6, 7),
		CLAIM(B, 0, HIST_DONE, 8, 9),
	};

	(void)state;
	IS(ops, false);
}

static void what_was_never_answered_may_have_happened_or_not(void **state)
{
	const struct hist_op happened[] = {
		REG(0, HIST_EMPTY, 0, 0, 1), CLAIM(A, 0, HIST_UNKNOWN, 2, 0),
		CLAIM(B, 0, HIST_NOT_FOUND, 4, 5), REG(0, HIST_OWNED, A, 6, 7),
	};
	const struct hist_op not[] = {
		REG(0, HIST_EMPTY, 0, 0, 1), CLAIM(A, 0, HIST_UNKNOWN, 2, 0),
		CLAIM(B, 0, HIST_DONE, 4, 5), REG(0, HIST_OWNED, B, 6, 7),
	};
	const struct hist_op both[] = {
		REG(0, HIST_EMPTY, 0, 0, 1), CLAIM(A, 0, HIST_UNKNOWN, 2, 0),
		CLAIM(B, 0, HIST_DONE, 4, 5), REG(0, HIST_OWNED, A, 6, 7),
	};

	(void)state;
	IS(happened, true);
	IS(not, true);
	IS(both, false);
}

static void an_answer_before_its_time_is_found(void **state)
{
	const struct hist_op ops[] = {
		REG(0, HIST_EMPTY, 0, 0, 1), REG(0, HIST_OWNED, A, 2, 3),
		CLAIM(A, 0, HIST_DONE, 4, 5),
	};

	(void)state;
	IS(ops, false);
}

static void a_disown_that_was_undone_changes_nothing(void **state)
{
	const struct hist_op ops[] = {
		REG(0, HIST_EMPTY, 0, 0, 1), CLAIM(A, 0, HIST_DONE, 2, 3),
		DISOWN(A, HIST_NOT_ALLOWED, 4, 9), REG(0, HIST_OWNED, A, 10, 11),
	};
	const struct hist_op lie[] = {
		REG(0, HIST_EMPTY, 0, 0, 1), CLAIM(A, 0, HIST_DONE, 2, 3),
		DISOWN(A, HIST_NOT_ALLOWED, 4, 9), REG(1, HIST_EMPTY, 0, 10, 11),
	};

	(void)state;
	IS(ops, true);
	IS(lie, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_life_is_fine),
		cmocka_unit_test(two_owners_are_found),
		cmocka_unit_test(a_lost_claim_is_found),
		cmocka_unit_test(a_refusal_while_nobody_owned_it_is_found),
		cmocka_unit_test(a_used_key_that_opens_again_is_found),
		cmocka_unit_test(what_was_never_answered_may_have_happened_or_not),
		cmocka_unit_test(an_answer_before_its_time_is_found),
		cmocka_unit_test(a_disown_that_was_undone_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
