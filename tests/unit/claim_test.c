/* SPDX-License-Identifier: Apache-2.0 */
/* claim_test: the decision, line by line, and every combination of facts. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "registry/claim.h"

struct row {
	const char *name;
	struct claim_facts facts;
	enum claim_verdict verdict;
	enum claim_reason reason;
};

static const struct row rows[] = {
	{ "nothing known", { .may_own = true }, CLAIM_NOT_FOUND, CLAIM_NO_RECORD },
	{ "one record", { .may_own = true, .claimable = 1 }, CLAIM_NEW, CLAIM_FITS },
	{ "one record, a stranger's domain", { .claimable = 1 }, CLAIM_NOT_FOUND, CLAIM_ASKER },
	{ "att-C-07 twins", { .may_own = true, .claimable = 2 }, CLAIM_NOT_FOUND, CLAIM_TWINS },
	{ "att-C-07 held after another was shown", { .may_own = true, .held = 1 },
	  CLAIM_NOT_FOUND, CLAIM_HELD },
	{ "many twins", { .may_own = true, .claimable = 9 }, CLAIM_NOT_FOUND, CLAIM_TWINS },
	{ "att-C-11 spent", { .may_own = true, .claimable = 1, .spent = true },
	  CLAIM_NOT_FOUND, CLAIM_SPENT },
	{ "att-C-02 asked again",
	  { .may_own = true, .receipt = true, .receipt_current = true, .spent = true },
	  CLAIM_AGAIN, CLAIM_FITS },
	{ "asked again, the thing changed hands",
	  { .may_own = true, .receipt = true, .spent = true },
	  CLAIM_NOT_FOUND, CLAIM_NO_RECORD },
	{ "asked again, the thing came back under its old tags",
	  { .may_own = true, .receipt = true, .spent = true, .claimable = 1 },
	  CLAIM_NOT_FOUND, CLAIM_SPENT },
	{ "asked again, a twin appeared since",
	  { .may_own = true, .receipt = true, .receipt_current = true, .spent = true,
	    .claimable = 1 }, CLAIM_AGAIN, CLAIM_FITS },
	{ "a receipt of an address that may own no more",
	  { .receipt = true, .receipt_current = true, .spent = true },
	  CLAIM_NOT_FOUND, CLAIM_ASKER },
};

static void every_line_of_the_decision(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct claim_outcome out;

		claim_decide(&rows[i].facts, &out);
		if (out.verdict != rows[i].verdict || out.reason != rows[i].reason)
			fail_msg("%s: %d, %s", rows[i].name, (int)out.verdict,
			    claim_reason_name(out.reason));
	}
}

/* All 64 combinations: a new owner only for one fresh record. */
static void nothing_else_makes_a_new_owner(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 64; bits++) {
		struct claim_facts f = {
			.may_own = bits & 1, .receipt = bits & 2, .receipt_current = bits & 4,
			.spent = bits & 8, .claimable = bits >> 4,
		};
		struct claim_outcome out;

		claim_decide(&f, &out);
		if (out.verdict == CLAIM_NEW)
			assert_true(f.may_own && f.claimable == 1 && !f.spent);
		if (out.verdict == CLAIM_AGAIN)
			assert_true(f.may_own && f.receipt && f.receipt_current);
		assert_int_equal(out.verdict == CLAIM_NOT_FOUND, out.reason != CLAIM_FITS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_of_the_decision),
		cmocka_unit_test(nothing_else_makes_a_new_owner),
	};

	return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}
