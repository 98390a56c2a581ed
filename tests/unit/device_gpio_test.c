/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_gpio: lines of a chip that exists only here: this program has the
 * functions of libgpiod that the driver calls, in front of the library's.
 */
#include "config.h"

#include "tests/unit/thing_support.h"

#include <errno.h>
#include <gpiod.h>
#include <poll.h>

#include "thing/device.h"

enum { NOT_TAKEN, INPUT, OUTPUT };

/* Two lines, one chip: what its driver in the kernel would keep. */
struct gpiod_line { unsigned number; };
struct gpiod_chip { int open; };

static struct gpiod_chip chip;
static struct gpiod_line line[2] = { { 0 }, { 1 } };

static struct {
	bool plugged;
	int first, taken[2], level[2], flags[2], events[2], gone[2];
	struct device_host host;
	struct device field, control;
	unsigned told;
	bool told_value;
} f;

struct gpiod_chip *gpiod_chip_open(const char *path)
{
	if (f.plugged && strcmp(path, "/dev/gpiochip0") == 0) {
		chip.open++;
		return &chip;
	}
	errno = ENOENT;
	return NULL;
}

void gpiod_chip_close(struct gpiod_chip *c)
{
	assert_int_equal(c->open, 1);
	c->open = 0;
	f.taken[0] = f.taken[1] = NOT_TAKEN;
}

struct gpiod_line *gpiod_chip_get_line(struct gpiod_chip *c, unsigned int n)
{
	UNUSED(c);
	return n < 2 ? &line[n] : NULL;
}

struct gpiod_line *gpiod_chip_find_line(struct gpiod_chip *c, const char *name)
{
	UNUSED(c);
	return strcmp(name, "relay") == 0 ? &line[1] : NULL;
}

int gpiod_line_request_both_edges_events_flags(struct gpiod_line *l, const char *who, int flags)
{
	assert_string_equal(who, "kith-thing");
	assert_int_equal(f.taken[l->number], NOT_TAKEN);
	f.taken[l->number] = INPUT;
	f.flags[l->number] = flags;
	return 0;
}

int gpiod_line_request_output_flags(struct gpiod_line *l, const char *who, int flags, int value)
{
	assert_string_equal(who, "kith-thing");
	assert_int_equal(f.taken[l->number], NOT_TAKEN);
	f.taken[l->number] = OUTPUT;
	f.flags[l->number] = flags;
	f.level[l->number] = f.first = value;
	return 0;
}

void gpiod_line_release(struct gpiod_line *l)
{
	f.taken[l->number] = NOT_TAKEN;
}

int gpiod_line_get_value(struct gpiod_line *l)
{
	assert_int_not_equal(f.taken[l->number], NOT_TAKEN);
	errno = ENODEV;
	return f.plugged ? f.level[l->number] : -1;
}

int gpiod_line_set_value(struct gpiod_line *l, int value)
{
	assert_int_equal(f.taken[l->number], OUTPUT);
	errno = ENODEV;
	if (!f.plugged)
		return -1;
	f.level[l->number] = value;
	return 0;
}

int gpiod_line_event_get_fd(struct gpiod_line *l)
{
	return f.events[l->number];
}

int gpiod_line_event_read(struct gpiod_line *l, struct gpiod_line_event *event)
{
	char edge;

	if (read(f.events[l->number], &edge, 1) != 1)
		return -1;
	event->event_type = edge == '+' ? GPIOD_LINE_EVENT_RISING_EDGE
	    : GPIOD_LINE_EVENT_FALLING_EDGE;
	return 0;
}

/* ---- a field and a control ------------------------------------------------ */

static void changed(void *arg, const struct device *d, const struct kith_thing_value *v)
{
	UNUSED(arg);
	assert_ptr_equal(d, &f.field);
	f.told++;
	f.told_value = v->boolean;
}

static int setup(void **state)
{
	UNUSED(state);
	memset(&f, 0, sizeof(f));
	memset(&chip, 0, sizeof(chip));
	f.plugged = true;
	f.host = (struct device_host){ .clock = &clock_system, .root = "", .changed = changed };
	for (size_t i = 0; i < 2; i++) {
		int ends[2];

		if (pipe(ends) < 0)
			return -1;
		f.events[i] = ends[0];
		f.gone[i] = ends[1];
	}
	return 0;
}

static int teardown(void **state)
{
	UNUSED(state);
	device_close(&f.field);
	device_close(&f.control);
	for (size_t i = 0; i < 2; i++) {
		close(f.events[i]);
		close(f.gone[i]);
	}
	return chip.open || f.host.lines;
}

static void open_it(struct device *d, const char *spec, bool is_control)
{
	struct device_conf conf = { .name = "x", .type = KITH_THING_BOOLEAN, .spec = spec,
		.scale = 1, .is_control = is_control, .active_low = true, .pull = DEVICE_PULL_UP };
	struct err e = ERR_INIT;

	if (device_open(d, device_find("gpio"), &conf, &f.host, &e) < 0)
		fail_msg("%s", e.text);
}

static enum kith_thing_result set(bool on, char why[static KITH_THING_TEXT])
{
	struct kith_thing_value v = { .boolean = on };

	return f.control.ops->write(&f.control, 1, &v, why, KITH_THING_TEXT);
}

static enum kith_thing_result get(struct kith_thing_value *v)
{
	memset(v, 0, sizeof(*v));
	return f.field.ops->read(&f.field, 1, v);
}

static void an_input_is_taken_by_the_loop_and_tells_its_edges(void **state)
{
	struct kith_thing_value v;

	UNUSED(state);
	open_it(&f.field, "gpiochip0:0", false);
	assert_int_equal(f.taken[0], NOT_TAKEN);	/* checking settings takes nothing */
	assert_int_equal(f.field.ops->deadline(&f.field), 0);
	f.field.ops->process(&f.field);
	assert_int_equal(f.taken[0], INPUT);
	assert_int_equal(f.flags[0], GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW |
	    GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP);
	assert_int_equal(f.field.ops->fd(&f.field), f.events[0]);
	f.level[0] = 1;
	assert_int_equal(get(&v), KITH_THING_OK);
	assert_true(v.boolean);
	/* Pressed and let go within one turn: both are told. */
	assert_int_equal(write(f.gone[0], "+-", 2), 2);
	f.field.ops->process(&f.field);
	assert_int_equal(f.told, 2);
	assert_false(f.told_value);
}

static void a_line_that_chatters_holds_nobody_up(void **state)
{
	UNUSED(state);
	open_it(&f.field, "gpiochip0:0", false);
	f.field.ops->process(&f.field);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(write(f.gone[0], "+", 1), 1);
	f.field.ops->process(&f.field);
	assert_in_range(f.told, 1, 32);
}

static void an_output_is_taken_by_its_first_write_with_that_value(void **state)
{
	char why[KITH_THING_TEXT] = "";

	UNUSED(state);
	open_it(&f.control, "gpiochip0:relay", true);
	f.control.ops->process(&f.control);
	assert_int_equal(f.taken[1], NOT_TAKEN);	/* a restart flips no relay */
	assert_int_equal(set(true, why), KITH_THING_OK);
	assert_int_equal(f.taken[1], OUTPUT);
	assert_int_equal(f.first, 1);
	assert_int_equal(f.level[1], 1);
	assert_int_equal(set(false, why), KITH_THING_OK);
	assert_int_equal(f.level[1], 0);
}

static void field_and_control_of_one_line_share_it(void **state)
{
	struct kith_thing_value v;
	char why[KITH_THING_TEXT] = "";

	UNUSED(state);
	open_it(&f.field, "gpiochip0:1", false);
	open_it(&f.control, "gpiochip0:1", true);
	f.field.ops->process(&f.field);
	assert_int_equal(f.taken[1], INPUT);
	assert_int_equal(set(true, why), KITH_THING_OK);
	assert_int_equal(f.taken[1], OUTPUT);
	assert_int_equal(f.told, 1);
	assert_true(f.told_value);
	assert_int_equal(get(&v), KITH_THING_OK);
	assert_true(v.boolean);
	assert_int_equal(f.taken[1], OUTPUT);
	assert_int_equal(f.field.ops->fd(&f.field), -1);
}

static void a_chip_that_is_pulled_out_is_an_error_and_found_again(void **state)
{
	struct kith_thing_value v;
	char why[KITH_THING_TEXT] = "";

	UNUSED(state);
	open_it(&f.field, "gpiochip0:0", false);
	assert_int_equal(get(&v), KITH_THING_OK);
	f.plugged = false;
	assert_int_equal(get(&v), KITH_THING_FAILED);
	assert_string_not_equal(v.text, "");
	assert_int_equal(chip.open, 0);
	assert_true(f.field.ops->deadline(&f.field) > 0);
	assert_int_equal(get(&v), KITH_THING_FAILED);
	f.plugged = true;
	assert_int_equal(get(&v), KITH_THING_OK);
	/* The end of its events is no endless turn. */
	close(f.gone[0]);
	f.gone[0] = -1;
	f.field.ops->process(&f.field);
	assert_int_equal(f.field.ops->fd(&f.field), -1);
	open_it(&f.control, "gpiochip0:1", true);
	assert_int_equal(set(true, why), KITH_THING_OK);
	f.plugged = false;
	assert_int_equal(set(false, why), KITH_THING_FAILED);
	assert_string_not_equal(why, "");
	f.plugged = true;
	assert_int_equal(set(false, why), KITH_THING_OK);
}

static void wrong_lines_are_refused_or_said(void **state)
{
	static const char *const specs[] = { "", "gpiochip0", ":1", "gpiochip0:", "/dev/x:1" };
	struct device_conf conf = { .name = "x", .type = KITH_THING_BOOLEAN, .scale = 1 };
	struct kith_thing_value v;
	struct device d;

	UNUSED(state);
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		conf.spec = specs[i];
		assert_true(device_open(&d, device_find("gpio"), &conf, &f.host, NULL) < 0);
	}
	conf.spec = "gpiochip0:1";
	conf.type = KITH_THING_NUMERIC;
	assert_true(device_open(&d, device_find("gpio"), &conf, &f.host, NULL) < 0);
	open_it(&f.field, "gpiochip0:9", false);
	assert_int_equal(get(&v), KITH_THING_FAILED);
	assert_non_null(strstr(v.text, "no line 9"));
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_input_is_taken_by_the_loop_and_tells_its_edges),
		T(a_line_that_chatters_holds_nobody_up),
		T(an_output_is_taken_by_its_first_write_with_that_value),
		T(field_and_control_of_one_line_share_it),
		T(a_chip_that_is_pulled_out_is_an_error_and_found_again),
		T(wrong_lines_are_refused_or_said),
	};

	return cmocka_run_group_tests_name("device_gpio", tests, NULL, NULL);
}
