/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_model_test: random walks over a real site (walk.h).  A walk that goes
 * wrong is made shorter before it is shown; KITH_WALK=BYTES (in hex) takes it
 * again.
 */
#include "config.h"

#include "tests/unit/operate_support.h"

#include "common/base/log.h"
#include "tests/unit/unit.h"
#include "tests/unit/walk.h"

#define ACTS 240

static char fault[512];

static bool goes_wrong(const uint8_t *acts, size_t n, struct walk_report *r)
{
	void *state = NULL;
	const char *what;

	assert_int_equal(hand_set_up(&state), 0);
	what = walk(state, acts, n, r);
	snprintf(fault, sizeof(fault), "%s", what != NULL ? what : "");
	hand_tear_down(&state);
	return what != NULL;
}

/* Without one act after the other, as long as it still goes wrong. */
static size_t shorten(uint8_t *acts, size_t n)
{
	for (size_t i = n; i >= 3; i -= 3) {
		struct walk_report r = { 0 };
		uint8_t less[3 * ACTS];

		memcpy(less, acts, i - 3);
		memcpy(less + i - 3, acts + i, n - i);
		if (goes_wrong(less, n - 3, &r)) {
			n -= 3;
			memcpy(acts, less, n);
		}
	}
	return n;
}

static void show(uint8_t *acts, size_t n)
{
	struct walk_report r = { 0 };
	char hex[6 * ACTS + 1];

	goes_wrong(acts, n, &r);
	n = shorten(acts, 3 * r.acts);
	goes_wrong(acts, n, &r);
	for (size_t i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", acts[i]);
	/* cmocka's own messages have little room. */
	printf("# KITH_WALK=%s\n", hex);
	fail_msg("%s", fault);
}

static void att_C_01__nothing_changes_but_by_who_may_change_it(void **state)
{
	struct unit_random random = unit_random_start();
	struct walk_report r = { 0 };
	uint8_t acts[3 * ACTS];
	const char *again = getenv("KITH_WALK");

	(void)state;
	for (size_t i = 0; again == NULL && i < unit_rounds(15); i++) {
		for (size_t k = 0; k < sizeof(acts); k++)
			acts[k] = (uint8_t)unit_random_next(&random);
		if (goes_wrong(acts, sizeof(acts), &r))
			show(acts, sizeof(acts));
	}
	if (again != NULL) {
		size_t n = strlen(again) / 2;

		assert_true(n <= sizeof(acts) && str_unhex(acts, n, again) == 0);
		if (goes_wrong(acts, n, &r))
			fail_msg("%s", fault);
		return;
	}
	print_message("# %zu acts: %zu claimed, %zu passed on, %zu let go, %zu taken back, "
	    "%zu shown, %zu held, %zu restarts\n", r.acts, r.claimed, r.passed_on, r.let_go,
	    r.taken_back, r.shown, r.held, r.restarts);
	/* A walk in which nothing happens proves nothing. */
	assert_true(r.claimed > 0 && r.let_go > 0 && r.held > 0 && r.restarts > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(att_C_01__nothing_changes_but_by_who_may_change_it),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("site model", tests, NULL, NULL);
}
