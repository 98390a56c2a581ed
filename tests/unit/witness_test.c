/* SPDX-License-Identifier: Apache-2.0 */
/* witness_test: the rhythm of a button and the time of a code, by a fake clock. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "thing/session.h"
#include "thing/witness.h"

struct desk {
	struct clock_fake time;
	struct clock clock;
	struct session session;
	struct buf out;
	struct witness w;
	char shown[IDENT_CODE];
	unsigned shows;
};

static void on_show(void *arg, const char *code)
{
	struct desk *d = arg;

	snprintf(d->shown, sizeof(d->shown), "%s", code);
	d->shows++;
}

static void set_up(struct desk *d)
{
	memset(d, 0, sizeof(*d));
	d->time.boot = 1000000;
	d->clock = clock_from_fake(&d->time);
	buf_init(&d->out, 65536);
	session_init(&d->session, &d->clock);
	assert_int_equal(session_begin(&d->session, &d->out, "t@ex/r"), 0);
	d->w = (struct witness){ .clock = &d->clock, .session = &d->session,
		.registry = "reg.ex", .show = on_show, .arg = d };
}

static void tear_down(struct desk *d)
{
	session_end(&d->session);
	buf_fini(&d->out);
}

static void press(struct desk *d, int64_t after_ms)
{
	d->time.boot += after_ms;
	witness_tick(&d->w);
	witness_press(&d->w);
}

static void presses_become_a_rhythm_that_is_told_once(void **state)
{
	struct desk d;

	(void)state;
	set_up(&d);
	witness_listen(&d.w, 600);
	press(&d, 0);
	press(&d, 400);
	press(&d, 2000);
	press(&d, 2000);
	press(&d, 500);
	press(&d, 500);
	assert_int_equal(d.out.len, 0);
	d.time.boot += WITNESS_END_MS;
	assert_true(witness_deadline(&d.w) <= d.time.boot);
	witness_tick(&d.w);
	assert_non_null(strstr(buf_str(&d.out), "rhythm=\"2 1 3\""));
	assert_non_null(strstr(buf_str(&d.out), "to=\"reg.ex\""));
	assert_int_equal(witness_deadline(&d.w), -1);
	tear_down(&d);
}

static void a_button_that_nobody_asked_about_says_nothing(void **state)
{
	struct desk d;

	(void)state;
	set_up(&d);
	press(&d, 0);
	d.time.boot += 10000;
	witness_tick(&d.w);
	witness_listen(&d.w, 10);
	press(&d, 11000);
	d.time.boot += 10000;
	witness_tick(&d.w);
	assert_int_equal(d.out.len, 0);
	tear_down(&d);
}

static void however_often_it_is_pressed_the_rhythm_is_bounded(void **state)
{
	struct desk d;

	(void)state;
	set_up(&d);
	witness_listen(&d.w, WITNESS_SECONDS_MAX);
	for (int i = 0; i < 100; i++)
		press(&d, i % 30 == 0 ? 1500 : 10);
	for (int i = 0; i < 100; i++)
		press(&d, 1500);
	assert_true(strlen(d.w.rhythm) <= WIRE_RHYTHM);
	d.time.boot += WITNESS_END_MS;
	witness_tick(&d.w);
	assert_non_null(strstr(buf_str(&d.out), "rhythm=\"9 9 9 9 1 1"));
	tear_down(&d);
}

static void a_code_goes_when_its_time_is_over_or_there_is_an_owner(void **state)
{
	struct desk d;

	(void)state;
	set_up(&d);
	witness_show(&d.w, "ABCD-EFGH", 600);
	assert_string_equal(d.shown, "ABCD-EFGH");
	witness_show(&d.w, "ABCD-EFGH", 600);
	assert_int_equal(d.shows, 1);
	d.time.boot += 600000;
	witness_tick(&d.w);
	assert_string_equal(d.shown, "");
	witness_show(&d.w, "2345-6723", 1000000);
	assert_true(witness_deadline(&d.w) <= d.time.boot + WITNESS_SECONDS_MAX * 1000);
	witness_end(&d.w);
	assert_string_equal(d.shown, "");
	tear_down(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(presses_become_a_rhythm_that_is_told_once),
		cmocka_unit_test(a_button_that_nobody_asked_about_says_nothing),
		cmocka_unit_test(however_often_it_is_pressed_the_rhythm_is_bounded),
		cmocka_unit_test(a_code_goes_when_its_time_is_over_or_there_is_an_owner),
	};

	return cmocka_run_group_tests_name("witness", tests, NULL, NULL);
}
