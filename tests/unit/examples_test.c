/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples_test: the weather station and the lamp, as their makers would test them:
 * with libkith-loopback, in a few lines each.
 */
#include "config.h"

#include "thing/loopback.h"

#include "tests/unit/thing_support.h"

#define OWNER "owner@home.example"
#define BOB "bob@home.example"

struct lamp;
int weather_add(struct kith_thing *t);
int lamp_add(struct kith_thing *t, struct lamp *l);
void lamp_pressed(struct lamp *l);
struct lamp *lamp_here(void);

struct test {
	void *dir;
	struct kith_loopback *lb;
	struct kith_thing *t;
};

static int setup(void **state)
{
	static struct test x;
	struct kith_thing_conf conf = { .size = sizeof(conf), .has_button = true };

	*state = &x;
	if (folder_setup(&x.dir) < 0)
		return -1;
	conf.state = x.dir;
	x.lb = kith_loopback_new("home.example");
	x.t = kith_loopback_thing(x.lb, &conf, NULL, 0);
	return x.t ? 0 : -1;
}

static int teardown(void **state)
{
	struct test *x = *state;

	kith_thing_free(&x->t);
	kith_loopback_free(&x->lb);
	folder_teardown(&x->dir);
	return 0;
}

static void row_V1__the_weather_station_is_read(void **state)
{
	struct test *x = *state;

	assert_int_equal(weather_add(x->t), 0);
	assert_int_equal(kith_loopback_claim(x->lb, x->t, OWNER), 0);
	assert_non_null(strstr(kith_loopback_read(x->lb, x->t, OWNER, "temperature"), " C"));
	assert_string_equal(kith_loopback_read(x->lb, x->t, OWNER, "sky"), "overcast");
	assert_non_null(strstr(kith_loopback_read(x->lb, x->t, OWNER, "pressure"), "1013"));
	assert_non_null(strstr(kith_loopback_chat(x->lb, x->t, OWNER, "read rain"), "leaves"));
}

static void row_V1__the_lamp_is_switched_by_those_who_may(void **state)
{
	struct test *x = *state;

	assert_int_equal(lamp_add(x->t, lamp_here()), 0);
	assert_int_equal(kith_loopback_claim(x->lb, x->t, OWNER), 0);
	assert_int_equal(kith_loopback_set(x->lb, x->t, OWNER, KITH_THING_INT, "brightness", "50"), -1);
	assert_int_equal(kith_loopback_set(x->lb, x->t, OWNER, KITH_THING_BOOLEAN, "on", "true"), 0);
	assert_int_equal(kith_loopback_set(x->lb, x->t, OWNER, KITH_THING_INT, "brightness", "50"), 0);
	assert_string_equal(kith_loopback_read(x->lb, x->t, OWNER, "on"), "true");
	lamp_pressed(lamp_here());
	assert_string_equal(kith_loopback_read(x->lb, x->t, OWNER, "on"), "false");
	assert_int_equal(kith_loopback_set(x->lb, x->t, BOB, KITH_THING_BOOLEAN, "on", "true"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(row_V1__the_weather_station_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(row_V1__the_lamp_is_switched_by_those_who_may, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
