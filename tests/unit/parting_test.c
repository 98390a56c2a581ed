/* SPDX-License-Identifier: Apache-2.0 */
/* parting_test: who may give a thing up or pass it on, one fact at a time. */
#include "config.h"

#include "registry/parting.h"

#include "tests/unit/unit.h"

/* Everything in favour. */
static struct parting_facts good(enum parting_kind kind)
{
	return (struct parting_facts){ .kind = kind, .is_owner = true, .state = OWNED,
		.present = true, .offered = true, .may_own = true };
}

#define FOR_EACH_KIND(k) for (enum parting_kind k = PARTING_DISOWN; k <= PARTING_ACCEPT; k++)

static void with_nothing_against_it_a_thing_goes(void **state)
{
	(void)state;
	FOR_EACH_KIND(k) {
		struct parting_facts f = good(k);

		assert_int_equal(parting_decide(&f), PARTING_YES);
	}
}

static void each_fact_alone_stops_it(void **state)
{
	struct parting_facts f;

	(void)state;
	FOR_EACH_KIND(k) {
		bool accept = k == PARTING_ACCEPT;

		f = good(k), f.is_owner = false;
		assert_int_equal(parting_decide(&f), accept ? PARTING_OVER : PARTING_NOT_YOURS);
		f = good(k), f.doubt = DOUBT_GONE;
		assert_int_equal(parting_decide(&f), PARTING_PROVE);
		f = good(k), f.doubt = DOUBT_AWAY;
		assert_int_equal(parting_decide(&f), accept ? PARTING_YES : PARTING_PROVE);
		f = good(k), f.disputed = true;
		assert_int_equal(parting_decide(&f), PARTING_DISPUTED);
		f = good(k), f.state = OWNED_TURNING;
		assert_int_equal(parting_decide(&f), PARTING_TURNING);
		f = good(k), f.state = OWNED_SELF;
		assert_int_equal(parting_decide(&f), PARTING_SELF);
		f = good(k), f.hold = HOLD_FROZEN;
		assert_int_equal(parting_decide(&f), PARTING_HELD);
		f = good(k), f.hold = HOLD_OPERATOR;
		assert_int_equal(parting_decide(&f), PARTING_HELD);
	}
}

static void what_stops_only_some(void **state)
{
	(void)state;
	FOR_EACH_KIND(k) {
		bool on = k == PARTING_OFFER || k == PARTING_ACCEPT;
		struct parting_facts f;

		f = good(k), f.present = false;
		assert_int_equal(parting_decide(&f), k == PARTING_DISOWN ? PARTING_AWAY :
		    PARTING_YES);
		f = good(k), f.may_own = false;
		assert_int_equal(parting_decide(&f), on ? PARTING_CANNOT_OWN : PARTING_YES);
		f = good(k), f.leaving = true;
		assert_int_equal(parting_decide(&f), on ? PARTING_LEAVING : PARTING_YES);
		f = good(k), f.same_person = true;
		assert_int_equal(parting_decide(&f), k == PARTING_OFFER ? PARTING_SAME :
		    PARTING_YES);
		f = good(k), f.offered = false;
		assert_int_equal(parting_decide(&f), k == PARTING_ACCEPT ? PARTING_OVER :
		    PARTING_YES);
	}
}

/* A stranger learns nothing: whatever else is true of it, it is not his. */
static void att_C_15__not_yours_comes_before_every_other_reason(void **state)
{
	struct parting_facts f = good(PARTING_DISOWN);

	(void)state;
	f.is_owner = false;
	f.disputed = true;
	f.state = OWNED_TURNING;
	f.present = false;
	f.doubt = DOUBT_GONE;
	assert_int_equal(parting_decide(&f), PARTING_NOT_YOURS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_nothing_against_it_a_thing_goes),
		cmocka_unit_test(each_fact_alone_stops_it),
		cmocka_unit_test(what_stops_only_some),
		cmocka_unit_test(att_C_15__not_yours_comes_before_every_other_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
