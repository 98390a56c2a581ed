/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_time: certificates when the clock is right, was never set, or is far ahead
 * (row-D23): logins against servers whose certificates begin and end around now.
 */
#include "config.h"

#include "tests/unit/client_world.h"

#include <time.h>

#define DAY (24 * 3600 * 1000LL)
#define YEAR (365 * DAY)

static int64_t
now_ms(void)
{
	return (int64_t)time(NULL) * 1000;
}

/* A login with a clock that shows `wall`, when it is certainly not before `earliest`. */
static bool
at(struct world *w, int64_t wall, int64_t earliest, enum fake_flaw flaw)
{
	w->hands.wall = wall;
	w->conf.earliest_ms = earliest;
	return login(w, flaw);
}

static void
row_D23__a_clock_that_was_never_set_keeps_nobody_out(void **state)
{
	struct world *w = *state;
	int64_t now = now_ms();

	assert_true(at(w, 0, now - YEAR, FLAW_NONE));
	assert_true(at(w, 0, now - YEAR, FLAW_NONE_STAPLED));
	/* Only our clock says that it has not begun. */
	assert_true(at(w, 0, now - YEAR, FLAW_NOT_YET));
	assert_true(at(w, now - 2 * YEAR, now - YEAR, FLAW_NOT_YET));
}

static void
row_D23__a_clock_of_next_century_keeps_nobody_out(void **state)
{
	struct world *w = *state;
	int64_t now = now_ms();

	assert_true(at(w, now + 73 * YEAR, now - YEAR, FLAW_NONE));
	assert_true(at(w, now + 73 * YEAR, now - YEAR, FLAW_NONE_STAPLED));
	assert_false(at(w, now + 73 * YEAR, now, FLAW_EXPIRED));
}

static void
row_D23__what_is_over_for_certain_is_refused_whatever_the_clock_shows(void **state)
{
	const int64_t clocks[] = { 0, now_ms() - YEAR, now_ms(), now_ms() + 73 * YEAR };
	struct world *w = *state;
	size_t i;

	for (i = 0; i < sizeof(clocks) / sizeof(*clocks); i++) {
		assert_false(at(w, clocks[i], now_ms(), FLAW_EXPIRED));
		assert_int_equal(w->why, CLIENT_UNTRUSTED);
		assert_nothing_secret(w, "an expired certificate");
		assert_false(at(w, clocks[i], now_ms(), FLAW_STAPLE_STALE));
	}
}

static void
row_D23__a_clock_that_can_be_right_is_believed(void **state)
{
	struct world *w = *state;
	int64_t now = now_ms();

	assert_true(at(w, now, now - YEAR, FLAW_NONE));
	assert_true(at(w, now, now - YEAR, FLAW_NONE_STAPLED));
	assert_false(at(w, now, now - YEAR, FLAW_NOT_YET));
	assert_false(at(w, now, now - YEAR, FLAW_EXPIRED));
	assert_false(at(w, now + 5 * YEAR, now - YEAR, FLAW_NONE));
	/* ... and what it showed is said: one of the two is wrong. */
	assert_non_null(strstr(w->text, "says our clock of 20"));
}

static void
row_D23__nothing_else_is_forgiven_for_want_of_a_clock(void **state)
{
	static const enum fake_flaw flaws[] = { FLAW_WRONG_NAME, FLAW_UNKNOWN_CA, FLAW_SELF_SIGNED,
		FLAW_WEAK_KEY, FLAW_SHA1, FLAW_CLIENT_ONLY, FLAW_SIGNED_BY_LEAF, FLAW_REVOKED_CRL,
		FLAW_REVOKED_STAPLED, FLAW_STAPLE_RUBBISH };
	struct world *w = *state;
	size_t i;

	for (i = 0; i < sizeof(flaws) / sizeof(*flaws); i++) {
		if (at(w, 0, now_ms() - YEAR, flaws[i]))
			fail_msg("%s was taken", fake_flaw_name(flaws[i]));
		assert_nothing_secret(w, fake_flaw_name(flaws[i]));
	}
}

static void
the_times_of_the_servers_certificate_are_known_afterwards(void **state)
{
	struct world *w = *state;
	int64_t from, until;

	assert_true(at(w, now_ms(), now_ms() - YEAR, FLAW_NONE));
	client_peer_times(w->c, &from, &until);
	assert_true(from > 0 && from < now_ms() && until > now_ms());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(row_D23__a_clock_that_was_never_set_keeps_nobody_out),
		T(row_D23__a_clock_of_next_century_keeps_nobody_out),
		T(row_D23__what_is_over_for_certain_is_refused_whatever_the_clock_shows),
		T(row_D23__a_clock_that_can_be_right_is_believed),
		T(row_D23__nothing_else_is_forgiven_for_want_of_a_clock),
		T(the_times_of_the_servers_certificate_are_known_afterwards),
	};

	return cmocka_run_group_tests(tests, make_ca, drop_ca);
}
