/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device: each kind of driver, what it reads, writes and refuses.
 */
#include "config.h"

#include "tests/unit/thing_support.h"

#include <poll.h>

#include "thing/device.h"

static struct {
	void *dir;
	struct device_host host;
	struct device d;
	unsigned done;
	uint64_t ticket;
	enum kith_thing_result result;
	struct kith_thing_value value;
	char why[KITH_THING_TEXT];
} f;

static void read_done(void *arg, uint64_t ticket, enum kith_thing_result r,
    const struct kith_thing_value *v)
{
	UNUSED(arg);
	f.done++;
	f.ticket = ticket;
	f.result = r;
	f.value = *v;
}

static void write_done(void *arg, uint64_t ticket, enum kith_thing_result r, const char *why)
{
	UNUSED(arg);
	f.done++;
	f.ticket = ticket;
	f.result = r;
	snprintf(f.why, sizeof(f.why), "%s", why);
}

static int setup(void **state)
{
	memset(&f, 0, sizeof(f));
	f.host = (struct device_host){ .clock = &clock_system, .root = "", .cells = device_cells_new(),
		.read_done = read_done, .write_done = write_done };
	*state = &f;
	return folder_setup(&f.dir);
}

static int teardown(void **state)
{
	UNUSED(state);
	device_close(&f.d);
	device_cells_free(&f.host.cells);
	return folder_teardown(&f.dir);
}

static struct device_conf conf_of(const char *spec, enum kith_thing_type type)
{
	return (struct device_conf){ .name = "x", .type = type, .spec = spec, .scale = 1,
		.timeout_ms = 5000 };
}

static void open_it(const char *kind, struct device_conf conf)
{
	struct err e = ERR_INIT;

	device_close(&f.d);
	if (device_open(&f.d, device_find(kind), &conf, &f.host, &e) < 0)
		fail_msg("%s", e.text);
}

static bool opens(const char *kind, struct device_conf conf)
{
	struct err e = ERR_INIT;
	struct device d;
	bool ok = device_open(&d, device_find(kind), &conf, &f.host, &e) == 0;

	if (ok)
		device_close(&d);
	return ok;
}

static const char *path_of(const char *name)
{
	static char path[8192];

	snprintf(path, sizeof(path), "%s/%s", (char *)f.dir, name);
	return path;
}

static enum kith_thing_result read_now(void)
{
	memset(&f.value, 0, sizeof(f.value));
	return f.d.ops->read(&f.d, 1, &f.value);
}

/* Until the driver has told its host. */
static void wait_done(void)
{
	while (!f.done) {
		struct pollfd p = { .fd = f.d.ops->fd(&f.d), .events = POLLIN };
		int64_t at = f.d.ops->deadline(&f.d), left = at - clock_boot(&clock_system);

		assert_true(at >= 0);
		(void)poll(&p, 1, left < 0 ? 0 : (int)left);
		f.d.ops->process(&f.d);
	}
}

/* ---- files -------------------------------------------------------------- */

static void a_file_gives_its_first_line(void **state)
{
	UNUSED(state);
	put_file(f.dir, "v", "  21.5 \nmore\n", 0600);
	open_it("file", conf_of(path_of("v"), KITH_THING_NUMERIC));
	assert_int_equal(read_now(), KITH_THING_OK);
	assert_true(f.value.number == 21.5);
}

static void a_pattern_cuts_the_value_out_and_scale_multiplies_it(void **state)
{
	struct device_conf conf;

	UNUSED(state);
	put_file(f.dir, "v", "MemTotal: 9 kB\nMemAvailable:   2048 kB\n", 0600);
	conf = conf_of(path_of("v"), KITH_THING_NUMERIC);
	conf.pattern = "^MemAvailable: +([0-9]+)";
	conf.scale = 0.5;
	open_it("file", conf);
	assert_int_equal(read_now(), KITH_THING_OK);
	assert_true(f.value.number == 1024);
	put_file(f.dir, "v", "nothing\n", 0600);
	assert_int_equal(read_now(), KITH_THING_FAILED);
	assert_string_not_equal(f.value.text, "");
}

static void what_is_not_of_the_type_is_a_failure_not_a_value(void **state)
{
	UNUSED(state);
	put_file(f.dir, "v", "perhaps\n", 0600);
	open_it("file", conf_of(path_of("v"), KITH_THING_NUMERIC));
	assert_int_equal(read_now(), KITH_THING_FAILED);
	open_it("file", conf_of(path_of("v"), KITH_THING_BOOLEAN));
	assert_int_equal(read_now(), KITH_THING_FAILED);
	open_it("file", conf_of(path_of("v"), KITH_THING_STRING));
	assert_int_equal(read_now(), KITH_THING_OK);
	assert_string_equal(f.value.text, "perhaps");
	put_file(f.dir, "v", "\xff\xfe\n", 0600);
	assert_int_equal(read_now(), KITH_THING_FAILED);
}

static void a_missing_file_says_so(void **state)
{
	UNUSED(state);
	open_it("file", conf_of(path_of("none"), KITH_THING_NUMERIC));
	assert_int_equal(read_now(), KITH_THING_FAILED);
	assert_non_null(strstr(f.value.text, "No such file"));
}

static void a_control_writes_the_value_as_a_line(void **state)
{
	struct kith_thing_value on = { .boolean = true }, n = { .number = 50 };
	struct device_conf conf;
	char why[64] = "", *text;

	UNUSED(state);
	put_file(f.dir, "v", "old content that is longer\n", 0600);
	conf = conf_of(path_of("v"), KITH_THING_BOOLEAN);
	conf.is_control = true;
	open_it("file", conf);
	assert_int_equal(f.d.ops->write(&f.d, 1, &on, why, sizeof(why)), KITH_THING_OK);
	text = get_file(f.dir, "v");
	assert_string_equal(text, "1\n");
	free(text);
	conf.type = KITH_THING_NUMERIC;
	conf.scale = 2;
	open_it("file", conf);
	assert_int_equal(f.d.ops->write(&f.d, 1, &n, why, sizeof(why)), KITH_THING_OK);
	text = get_file(f.dir, "v");
	assert_string_equal(text, "25\n");
	free(text);
	/* It never makes a file that is not there. */
	conf.spec = path_of("none");
	open_it("file", conf);
	assert_int_equal(f.d.ops->write(&f.d, 1, &on, why, sizeof(why)), KITH_THING_FAILED);
	assert_null(get_file(f.dir, "none"));
}

/* ---- disk and simulations ------------------------------------------------ */

static void a_disk_is_between_empty_and_full(void **state)
{
	UNUSED(state);
	open_it("disk", conf_of(f.dir, KITH_THING_NUMERIC));
	assert_int_equal(read_now(), KITH_THING_OK);
	assert_true(f.value.number >= 0 && f.value.number <= 100);
	assert_false(opens("disk", conf_of(f.dir, KITH_THING_BOOLEAN)));
}

static void a_control_and_a_field_of_one_name_share_memory(void **state)
{
	struct device_conf conf = conf_of("memory", KITH_THING_BOOLEAN);
	struct kith_thing_value on = { .boolean = true };
	char why[64] = "";

	UNUSED(state);
	conf.is_control = true;
	open_it("sim", conf);
	assert_int_equal(f.d.ops->write(&f.d, 1, &on, why, sizeof(why)), KITH_THING_OK);
	conf.is_control = false;
	open_it("sim", conf);
	assert_int_equal(read_now(), KITH_THING_OK);
	assert_true(f.value.boolean);
	conf.name = "y";
	open_it("sim", conf);
	assert_int_equal(read_now(), KITH_THING_OK);
	assert_false(f.value.boolean);
}

static void a_walk_is_the_same_for_the_same_seed(void **state)
{
	struct device_conf conf = conf_of("walk:20:0.5", KITH_THING_NUMERIC);
	double first[20], same = 0;

	UNUSED(state);
	for (uint64_t seed = 1; seed <= 3; seed++) {
		conf.seed = seed == 3 ? 1 : seed;
		open_it("sim", conf);
		for (size_t i = 0; i < 20; i++) {
			assert_int_equal(read_now(), KITH_THING_OK);
			if (seed == 1)
				first[i] = f.value.number;
			else
				same += first[i] == f.value.number;
		}
		if (seed == 2)
			assert_true(same < 10);
		same = seed == 2 ? 0 : same;
	}
	assert_true(same == 20);
}

static void a_square_and_a_counter_go_by_time_and_by_reading(void **state)
{
	struct clock_fake hands = { 0, 0 };
	struct clock fake = clock_from_fake(&hands);

	UNUSED(state);
	f.host.clock = &fake;
	open_it("sim", conf_of("square:5:7:10", KITH_THING_NUMERIC));
	for (unsigned i = 0; i < 20; i++, hands.wall += 1000) {
		assert_int_equal(read_now(), KITH_THING_OK);
		assert_true(f.value.number == (i % 10 < 5 ? 5 : 7));
	}
	open_it("sim", conf_of("square:0:0:10", KITH_THING_BOOLEAN));
	hands.wall = 7000;
	assert_int_equal(read_now(), KITH_THING_OK);
	assert_true(f.value.boolean);
	open_it("sim", conf_of("counter:100:0.5", KITH_THING_NUMERIC));
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(read_now(), KITH_THING_OK);
		assert_true(f.value.number == 100 + 0.5 * i);
	}
	f.host.clock = &clock_system;
}

static void two_seeds_do_not_swing_in_step(void **state)
{
	struct clock_fake hands = { 12345, 0 };
	struct clock fake = clock_from_fake(&hands);
	struct device_conf conf = conf_of("sine:0:100:60", KITH_THING_NUMERIC);
	double with[3];

	UNUSED(state);
	f.host.clock = &fake;
	for (unsigned i = 0; i < 3; i++) {
		conf.seed = i == 2 ? 1 : i + 1;
		open_it("sim", conf);
		assert_int_equal(read_now(), KITH_THING_OK);
		with[i] = f.value.number;
	}
	assert_true(with[0] != with[1] && with[0] == with[2]);
	f.host.clock = &clock_system;
}

static void a_number_outside_of_its_range_is_a_fault_of_the_sensor(void **state)
{
	struct device_conf conf;

	UNUSED(state);
	put_file(f.dir, "v", "85000\n", 0600);
	conf = conf_of(path_of("v"), KITH_THING_NUMERIC);
	conf.scale = 0.001;
	conf.min = -40;
	conf.max = 60;
	open_it("file", conf);
	assert_int_equal(read_now(), KITH_THING_FAILED);
	assert_non_null(strstr(f.value.text, "85 is outside of -40 to 60"));
	put_file(f.dir, "v", "21437\n", 0600);
	assert_int_equal(read_now(), KITH_THING_OK);
	assert_true(f.value.number == 21.437);
}

static void a_write_that_the_device_refuses_says_so(void **state)
{
	struct device_conf conf = conf_of("/dev/full", KITH_THING_BOOLEAN);
	struct kith_thing_value on = { .boolean = true };
	char why[64] = "";

	UNUSED(state);
	conf.is_control = true;
	open_it("file", conf);
	assert_int_equal(f.d.ops->write(&f.d, 1, &on, why, sizeof(why)), KITH_THING_FAILED);
	assert_non_null(strstr(why, "No space left"));
}

static void wrong_simulations_are_refused(void **state)
{
	static const char *const specs[] = {
		"", "sine", "sine:1", "sine:1:2:0", "sine:1:2:3:4", "walk:x:1", "walk:1", "text:a",
		"square:0:1:0", "square:0:1", "counter:1", "memory:1", "memories",
	};

	UNUSED(state);
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++)
		assert_false(opens("sim", conf_of(specs[i], KITH_THING_NUMERIC)));
	assert_true(opens("sim", conf_of("sine:1:2:3", KITH_THING_NUMERIC)));
}

static void a_broken_pattern_is_refused(void **state)
{
	struct device_conf conf = conf_of("/dev/null", KITH_THING_NUMERIC);

	UNUSED(state);
	conf.pattern = "([0-9]";
	assert_false(opens("file", conf));
}

/* ---- commands ----------------------------------------------------------- */

static void a_command_gives_what_it_prints(void **state)
{
	UNUSED(state);
	open_it("command", conf_of("/bin/echo 42", KITH_THING_NUMERIC));
	assert_int_equal(f.d.ops->read(&f.d, 7, &f.value), KITH_THING_LATER);
	/* A second reader shares the run. */
	assert_int_equal(f.d.ops->read(&f.d, 8, &f.value), KITH_THING_LATER);
	wait_done();
	assert_int_equal(f.done, 2);
	assert_int_equal(f.ticket, 8);
	assert_int_equal(f.result, KITH_THING_OK);
	assert_true(f.value.number == 42);
	assert_true(f.d.ops->deadline(&f.d) < 0);
}

static void quotes_keep_words_together_and_nothing_is_a_shell(void **state)
{
	UNUSED(state);
	open_it("command", conf_of("/bin/echo 'a  b' \"c;d\" $HOME", KITH_THING_STRING));
	f.d.ops->read(&f.d, 1, &f.value);
	wait_done();
	assert_string_equal(f.value.text, "a  b c;d $HOME");
	assert_false(opens("command", conf_of("/bin/echo 'a", KITH_THING_STRING)));
	assert_false(opens("command", conf_of("   ", KITH_THING_STRING)));
}

static void shell_is_only_used_when_asked_for(void **state)
{
	struct device_conf conf = conf_of("echo $((6 * 7))", KITH_THING_NUMERIC);

	UNUSED(state);
	conf.shell = true;
	open_it("command", conf);
	f.d.ops->read(&f.d, 1, &f.value);
	wait_done();
	assert_true(f.value.number == 42);
}

static void a_value_is_one_argument_whatever_it_holds(void **state)
{
	struct device_conf conf;
	struct kith_thing_value v = { .text = "x; touch /tmp/never $(id) 'q" };
	char spec[9000], *text;

	UNUSED(state);
	snprintf(spec, sizeof(spec), "/bin/sh -c 'printf %%s \"$1:$KITH_VALUE\" > %s' sh {value}",
	    path_of("out"));
	conf = conf_of(spec, KITH_THING_STRING);
	conf.is_control = true;
	open_it("command", conf);
	assert_int_equal(f.d.ops->write(&f.d, 1, &v, f.why, sizeof(f.why)), KITH_THING_LATER);
	assert_int_equal(f.d.ops->write(&f.d, 2, &v, f.why, sizeof(f.why)), KITH_THING_FAILED);
	wait_done();
	assert_int_equal(f.result, KITH_THING_OK);
	text = get_file(f.dir, "out");
	assert_string_equal(text, "x; touch /tmp/never $(id) 'q:x; touch /tmp/never $(id) 'q");
	free(text);
}

static void a_command_that_fails_or_is_missing_is_a_failure(void **state)
{
	UNUSED(state);
	open_it("command", conf_of("/bin/sh -c 'echo 1; exit 3'", KITH_THING_NUMERIC));
	f.d.ops->read(&f.d, 1, &f.value);
	wait_done();
	assert_int_equal(f.result, KITH_THING_FAILED);
	assert_non_null(strstr(f.value.text, "status 3"));
	open_it("command", conf_of("/nonexistent/program", KITH_THING_NUMERIC));
	assert_int_equal(read_now(), KITH_THING_FAILED);
}

static void a_command_that_hangs_is_ended_with_its_children(void **state)
{
	struct device_conf conf = conf_of("/bin/sh -c 'sleep 600 & sleep 600'", KITH_THING_NUMERIC);

	UNUSED(state);
	conf.timeout_ms = 100;
	open_it("command", conf);
	f.d.ops->read(&f.d, 1, &f.value);
	wait_done();
	assert_int_equal(f.result, KITH_THING_FAILED);
	assert_non_null(strstr(f.value.text, "in time"));
	assert_true(f.d.ops->fd(&f.d) < 0);
}

static void endless_output_is_bounded_and_ended(void **state)
{
	struct device_conf conf = conf_of("/usr/bin/yes", KITH_THING_STRING);

	UNUSED(state);
	conf.timeout_ms = 200;
	open_it("command", conf);
	f.d.ops->read(&f.d, 1, &f.value);
	wait_done();
	assert_int_equal(f.result, KITH_THING_FAILED);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_file_gives_its_first_line),
		T(a_pattern_cuts_the_value_out_and_scale_multiplies_it),
		T(what_is_not_of_the_type_is_a_failure_not_a_value),
		T(a_missing_file_says_so),
		T(a_control_writes_the_value_as_a_line),
		T(a_disk_is_between_empty_and_full),
		T(a_control_and_a_field_of_one_name_share_memory),
		T(a_walk_is_the_same_for_the_same_seed),
		T(a_square_and_a_counter_go_by_time_and_by_reading),
		T(two_seeds_do_not_swing_in_step),
		T(a_number_outside_of_its_range_is_a_fault_of_the_sensor),
		T(a_write_that_the_device_refuses_says_so),
		T(wrong_simulations_are_refused),
		T(a_broken_pattern_is_refused),
		T(a_command_gives_what_it_prints),
		T(quotes_keep_words_together_and_nothing_is_a_shell),
		T(shell_is_only_used_when_asked_for),
		T(a_value_is_one_argument_whatever_it_holds),
		T(a_command_that_fails_or_is_missing_is_a_failure),
		T(a_command_that_hangs_is_ended_with_its_children),
		T(endless_output_is_bounded_and_ended),
	};

	return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
