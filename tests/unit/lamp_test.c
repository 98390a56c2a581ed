/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lamp: what a light does for each word; and where presses come from
 * (thingd_button.h): lines of a FIFO, keys of the kernel.
 */
#include "config.h"

#include "tests/unit/thing_support.h"

#include <linux/input.h>
#include <poll.h>

#include "thing/lamp.h"
#include "thing/thingd_button.h"

static struct {
	void *dir;
	struct clock_fake hands;
	struct clock clock;
	struct device_host host;
	struct lamp lamp;
	struct thingd_button button;
	unsigned pressed;
} f;

static void on_pressed(void *arg)
{
	UNUSED(arg);
	f.pressed++;
}

static const char *path_of(const char *name)
{
	static char path[8192];

	snprintf(path, sizeof(path), "%s/%s", (char *)f.dir, name);
	return path;
}

static int setup(void **state)
{
	UNUSED(state);
	memset(&f, 0, sizeof(f));
	f.hands.boot = 1000;
	f.clock = clock_from_fake(&f.hands);
	f.host = (struct device_host){ .clock = &f.clock };
	f.button.pressed = on_pressed;
	f.button.fd = -1;
	if (folder_setup(&f.dir) < 0)
		return -1;
	f.host.root = f.dir;
	return 0;
}

static int teardown(void **state)
{
	static const char *const made[] = { "sys/class/leds/x/brightness", "sys/class/leds/x",
		"sys/class/leds", "sys/class", "sys" };

	UNUSED(state);
	lamp_close(&f.lamp);
	thingd_button_close(&f.button);
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		(void)remove(path_of(made[i]));
	return folder_teardown(&f.dir);
}

static void content_is(const char *name, const char *text)
{
	char *now = get_file(f.dir, name);

	assert_non_null(now);
	assert_string_equal(now, text);
	free(now);
}

static void make_light(void)
{
	static const char *const folders[] = { "sys", "sys/class", "sys/class/leds",
		"sys/class/leds/x" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		assert_int_equal(mkdir(path_of(folders[i]), 0700), 0);
	put_file(f.dir, "sys/class/leds/x/brightness", "0\n", 0600);
}

static void light_is(const char *text)
{
	content_is("sys/class/leds/x/brightness", text);
}

static void asking_blinks_once_a_second_and_on_is_steady(void **state)
{
	UNUSED(state);
	make_light();
	assert_int_equal(lamp_open(&f.lamp, "led:x", &f.host, NULL), 0);
	assert_int_equal(lamp_deadline(&f.lamp), -1);
	lamp_say(&f.lamp, "ask");
	for (int i = 0; i < 6; i++) {
		light_is(i % 2 ? "0\n" : "255\n");
		assert_true(lamp_deadline(&f.lamp) == f.hands.boot + 500);
		lamp_process(&f.lamp);		/* too early */
		light_is(i % 2 ? "0\n" : "255\n");
		f.hands.boot += 500;
		lamp_process(&f.lamp);
	}
	lamp_say(&f.lamp, "on");
	light_is("255\n");
	assert_int_equal(lamp_deadline(&f.lamp), -1);
	lamp_say(&f.lamp, "alarm");
	f.hands.boot += 100;
	lamp_process(&f.lamp);
	light_is("0\n");
	lamp_say(&f.lamp, "off");
	f.hands.boot += 60000;
	lamp_process(&f.lamp);
	light_is("0\n");
	lamp_say(&f.lamp, "disco");
	light_is("0\n");
}

static void a_file_is_given_the_word(void **state)
{
	char setting[8200];

	UNUSED(state);
	put_file(f.dir, "says", "", 0600);
	snprintf(setting, sizeof(setting), "file:%s", path_of("says"));
	assert_int_equal(lamp_open(&f.lamp, setting, &f.host, NULL), 0);
	lamp_say(&f.lamp, "ask");
	content_is("says", "ask\n");
	assert_int_equal(lamp_deadline(&f.lamp), -1);	/* blinking is its affair */
	lamp_say(&f.lamp, "off");
	content_is("says", "off\n");
}

static void a_light_that_comes_late_says_the_word_then(void **state)
{
	UNUSED(state);
	assert_int_equal(lamp_open(&f.lamp, "led:x", &f.host, NULL), 0);
	lamp_say(&f.lamp, "on");
	assert_true(lamp_deadline(&f.lamp) > 0);
	make_light();
	f.hands.boot = lamp_deadline(&f.lamp);
	lamp_process(&f.lamp);
	light_is("255\n");
	assert_int_equal(lamp_deadline(&f.lamp), -1);
}

static void wrong_lamps_and_buttons_are_refused(void **state)
{
	static const char *const lamps[] = { "", "x", "sim:memory", "led:a/b", "gpio:", "proc:x" };
	static const char *const buttons[] = { "evdev:event3", "evdev:/dev/x:many", "gpio:x" };

	UNUSED(state);
	for (size_t i = 0; i < sizeof(lamps) / sizeof(lamps[0]); i++)
		assert_true(lamp_open(&f.lamp, lamps[i], &f.host, NULL) < 0);
	memset(&f.lamp, 0, sizeof(f.lamp));
	for (size_t i = 0; i < sizeof(buttons) / sizeof(buttons[0]); i++)
		assert_true(thingd_button_check(buttons[i], NULL) < 0);
	assert_int_equal(thingd_button_check("evdev:/dev/input/event3:28", NULL), 0);
	assert_int_equal(thingd_button_check("/run/button", NULL), 0);
	put_file(f.dir, "plain", "\n", 0600);
	assert_true(thingd_button_open(&f.button, path_of("plain"), &f.clock, NULL) < 0);
}

static void each_line_of_a_fifo_is_a_press(void **state)
{
	int fd;

	UNUSED(state);
	assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
	assert_int_equal(thingd_button_open(&f.button, path_of("fifo"), &f.clock, NULL), 0);
	thingd_button_process(&f.button);
	assert_int_equal(f.pressed, 0);
	for (int i = 0; i < 2; i++) {	/* a writer that comes and goes */
		fd = open(path_of("fifo"), O_WRONLY);
		assert_int_equal(write(fd, "x\n\n", 3), 3);
		close(fd);
		thingd_button_process(&f.button);
	}
	assert_int_equal(f.pressed, 4);
	assert_int_equal(thingd_button_deadline(&f.button), -1);
}

static void key(int fd, unsigned short type, unsigned short code, int value)
{
	struct input_event e = { .type = type, .code = code, .value = value };

	assert_int_equal(write(fd, &e, sizeof(e)), sizeof(e));
	thingd_button_process(&f.button);
}

static void a_key_counts_when_it_goes_down_and_no_other_does(void **state)
{
	char setting[16384];
	int fd;

	UNUSED(state);
	assert_int_equal(mkfifo(path_of("event"), 0600), 0);
	snprintf(setting, sizeof(setting), "evdev:%s:%d", path_of("event"), KEY_ENTER);
	assert_int_equal(thingd_button_open(&f.button, setting, &f.clock, NULL), 0);
	fd = open(path_of("event"), O_WRONLY);
	assert_true(fd >= 0);
	key(fd, EV_KEY, KEY_ENTER, 1);
	key(fd, EV_SYN, 0, 0);
	assert_int_equal(f.pressed, 1);
	f.hands.boot += 10;
	key(fd, EV_KEY, KEY_ENTER, 1);		/* contacts that bounce */
	assert_int_equal(f.pressed, 1);
	f.hands.boot += 1000;
	key(fd, EV_KEY, KEY_ENTER, 2);		/* held */
	key(fd, EV_KEY, KEY_ENTER, 0);
	key(fd, EV_KEY, KEY_A, 1);
	assert_int_equal(f.pressed, 1);
	key(fd, EV_KEY, KEY_ENTER, 1);
	assert_int_equal(f.pressed, 2);
	/* Unplugged: no endless turn; found again when it is back. */
	close(fd);
	thingd_button_process(&f.button);
	assert_int_equal(thingd_button_fd(&f.button), -1);
	f.hands.boot = thingd_button_deadline(&f.button);
	thingd_button_process(&f.button);
	assert_true(thingd_button_fd(&f.button) >= 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(asking_blinks_once_a_second_and_on_is_steady),
		T(a_file_is_given_the_word),
		T(a_light_that_comes_late_says_the_word_then),
		T(wrong_lamps_and_buttons_are_refused),
		T(each_line_of_a_fifo_is_a_press),
		T(a_key_counts_when_it_goes_down_and_no_other_does),
	};

	return cmocka_run_group_tests_name("lamp", tests, NULL, NULL);
}
