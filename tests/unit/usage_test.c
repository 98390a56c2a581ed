/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: never more than the rate in any stretch of its time, against a list of
 * all uses; and not less than it either where few are counted.
 */
#include "config.h"

#include "thing/usage.h"

#include "tests/unit/unit.h"

#define BOB "bob@b.example"
#define HOUR (3600 * 1000LL)

static struct usage usage;

static int set_up(void **state)
{
	(void)state;
	memset(&usage, 0, sizeof(usage));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	usage_fini(&usage);
	return 0;
}

static bool use(const char *jid, const struct limit *l, int64_t now)
{
	if (usage_wait(&usage, jid, l, now) > 0)
		return false;
	return usage_count(&usage, jid, l, now) == 0;
}

static void so_many_times_and_then_when_the_first_is_over(void **state)
{
	const struct limit l = { .rule = 3, .rate_n = 3, .rate_ms = HOUR };

	(void)state;
	assert_true(use(BOB, &l, 1000));
	assert_true(use(BOB, &l, 2000));
	assert_true(use(BOB, &l, 3000));
	assert_int_equal(usage_wait(&usage, BOB, &l, 4000), HOUR - 3000);
	assert_false(use(BOB, &l, HOUR + 999));
	assert_true(use(BOB, &l, HOUR + 1000));
	assert_false(use(BOB, &l, HOUR + 1500));
	assert_true(use(BOB, &l, HOUR + 2000));
}

static void each_asker_and_each_rule_counts_alone(void **state)
{
	const struct limit a = { .rule = 3, .rate_n = 1, .rate_ms = HOUR };
	const struct limit b = { .rule = 4, .rate_n = 1, .rate_ms = HOUR };

	(void)state;
	assert_true(use(BOB, &a, 0));
	assert_true(use(BOB, &b, 0));
	assert_true(use("eve@b.example", &a, 0));
	assert_false(use(BOB, &a, 1));
	assert_false(use(BOB, &b, 1));
}

static void who_finds_no_room_waits_and_gets_nothing_for_nothing(void **state)
{
	const struct limit l = { .rule = 3, .rate_n = 1, .rate_ms = HOUR };
	char jid[32];

	(void)state;
	for (int i = 0; i < USAGE_ROWS; i++) {
		snprintf(jid, sizeof(jid), "u%d@b.example", i);
		assert_true(use(jid, &l, i));
	}
	assert_int_equal(usage_wait(&usage, BOB, &l, 1000), HOUR - 1000);
	assert_false(use("u0@b.example", &l, 1000));
	assert_true(use(BOB, &l, HOUR));
}

/* The oracle keeps every use. */
static size_t uses_within(const int64_t *at, size_t n, int64_t from)
{
	size_t count = 0;

	for (size_t i = n; i-- > 0 && at[i] > from;)
		count++;
	return count;
}

static void never_more_than_the_rate_in_any_stretch(void **state)
{
	struct unit_random rnd = unit_random_start();
	static int64_t at[20000];

	(void)state;
	for (int round = 0; round < 40; round++) {
		struct limit l = { .rule = round, .rate_n = 1 + (int32_t)unit_random_below(&rnd,
		    round % 2 == 0 ? USAGE_STAMPS : 500),
		    .rate_ms = 1000 * (1 + (int64_t)unit_random_below(&rnd, 600)) };
		size_t n = 0;
		int64_t now = 0;

		for (int i = 0; i < 4000; i++) {
			size_t used;

			now += (int64_t)unit_random_below(&rnd,
			    1 + 3 * (uint64_t)l.rate_ms / (uint64_t)l.rate_n);
			used = uses_within(at, n, now - l.rate_ms);
			if (use(BOB, &l, now))
				at[n++] = now;
			else if (l.rate_n <= USAGE_STAMPS)
				assert_int_equal(used, l.rate_n);
			assert_true(uses_within(at, n, now - l.rate_ms) <= (size_t)l.rate_n);
		}
		assert_true(n > (size_t)l.rate_n);
		usage_fini(&usage);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(so_many_times_and_then_when_the_first_is_over),
		T(each_asker_and_each_rule_counts_alone),
		T(who_finds_no_room_waits_and_gets_nothing_for_nothing),
		T(never_more_than_the_rate_in_any_stretch),
	};

	return cmocka_run_group_tests_name("usage", tests, NULL, NULL);
}
