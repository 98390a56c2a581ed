/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_kernel: sensors and lights of the kernel by name, over a tree of files
 * made here in the place of /sys and /proc.  GPIO: device_gpio_test.c.
 */
#include "config.h"

#include "tests/unit/thing_support.h"

#include <errno.h>
#include <ftw.h>

#include "thing/device.h"

static struct {
	void *dir;
	struct device_host host;
	struct device d;
	struct kith_thing_value value;
	char why[KITH_THING_TEXT];
} f;

static int setup(void **state)
{
	memset(&f, 0, sizeof(f));
	if (folder_setup(&f.dir) < 0)
		return -1;
	f.host = (struct device_host){ .clock = &clock_system, .root = f.dir };
	*state = &f;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	UNUSED(st);
	UNUSED(kind);
	UNUSED(at);
	return remove(path);
}

static int teardown(void **state)
{
	UNUSED(state);
	device_close(&f.d);
	nftw(f.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(f.dir);
	return 0;
}

/* A file below the root, with the folders before it. */
static const char *put(const char *path, const char *text)
{
	static char full[8192];

	snprintf(full, sizeof(full), "%s/%s", (char *)f.dir, path);
	for (char *at = full + strlen(f.dir) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		assert_true(mkdir(full, 0700) == 0 || errno == EEXIST);
		*at = '/';
	}
	if (text)
		put_file(f.dir, path, text, 0600);
	return full;
}

static void content_is(const char *path, const char *text)
{
	char *now = get_file(f.dir, path);

	assert_non_null(now);
	assert_string_equal(now, text);
	free(now);
}

static struct device_conf conf_of(const char *spec, enum kith_thing_type type)
{
	return (struct device_conf){ .name = "x", .type = type, .spec = spec, .scale = 1 };
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
	struct device d;
	bool ok = device_open(&d, device_find(kind), &conf, &f.host, NULL) == 0;

	if (ok)
		device_close(&d);
	return ok;
}

static bool reads(double n)
{
	memset(&f.value, 0, sizeof(f.value));
	return f.d.ops->read(&f.d, 1, &f.value) == KITH_THING_OK && f.value.number == n;
}

static bool fails(const char *because)
{
	memset(&f.value, 0, sizeof(f.value));
	return f.d.ops->read(&f.d, 1, &f.value) == KITH_THING_FAILED &&
	    strstr(f.value.text, because);
}

static enum kith_thing_result write_number(double n)
{
	struct kith_thing_value v = { .number = n, .boolean = n != 0 };

	f.why[0] = '\0';
	return f.d.ops->write(&f.d, 1, &v, f.why, sizeof(f.why));
}

/* ---- hwmon ---------------------------------------------------------------- */

static void make_chips(void)
{
	put("sys/class/hwmon/hwmon0/name", "acpitz\n");
	put("sys/class/hwmon/hwmon0/temp1_input", "99000\n");
	put("sys/class/hwmon/hwmon3/name", "coretemp\n");
	put("sys/class/hwmon/hwmon3/temp1_input", "48500\n");
	put("sys/class/hwmon/hwmon3/temp1_max", "84000\n");
	put("sys/class/hwmon/hwmon3/temp2_label", "Core 0\n");
	put("sys/class/hwmon/hwmon3/temp2_input", "47000\n");
	put("sys/class/hwmon/hwmon3/in0_input", "12096\n");
	put("sys/class/hwmon/hwmon3/power1_input", "15500000\n");
	put("sys/class/hwmon/hwmon3/fan1_input", "1200\n");
	put("sys/class/hwmon/hwmon3/fan1_alarm", "1\n");
	put("sys/class/hwmon/hwmon3/pwm1", "128\n");
}

static void hwmon_is_found_by_its_name_and_speaks_in_whole_units(void **state)
{
	static const struct { const char *spec; double n; } table[] = {
		{ "coretemp:temp1", 48.5 }, { "coretemp:temp1_max", 84 },
		{ "coretemp:Core 0", 47 }, { "coretemp:in0", 12.096 },
		{ "coretemp:power1", 15.5 }, { "coretemp:fan1", 1200 },
		{ "coretemp:fan1_alarm", 1 }, { "coretemp:pwm1", 128 }, { "acpitz:temp1", 99 },
	};

	UNUSED(state);
	make_chips();
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		open_it("hwmon", conf_of(table[i].spec, KITH_THING_NUMERIC));
		if (!reads(table[i].n))
			fail_msg("%s: %g %s", table[i].spec, f.value.number, f.value.text);
	}
}

static void of_two_chips_with_one_name_none_is_guessed(void **state)
{
	UNUSED(state);
	put("sys/class/hwmon/hwmon1/name", "nvme\n");
	put("sys/class/hwmon/hwmon1/temp1_input", "30000\n");
	assert_int_equal(symlink("../../../devices/pci0/0000:01:00.0",
	    put("sys/class/hwmon/hwmon1/device", NULL)), 0);
	put("sys/class/hwmon/hwmon2/name", "nvme\n");
	put("sys/class/hwmon/hwmon2/temp1_input", "40000\n");
	assert_int_equal(symlink("../../../devices/pci0/0000:02:00.0",
	    put("sys/class/hwmon/hwmon2/device", NULL)), 0);
	open_it("hwmon", conf_of("nvme:temp1", KITH_THING_NUMERIC));
	assert_true(fails("2 of nvme"));
	open_it("hwmon", conf_of("nvme@0000:02:00.0:temp1", KITH_THING_NUMERIC));
	assert_true(reads(40));
}

static void a_sensor_that_was_unplugged_is_an_error_until_it_is_back(void **state)
{
	UNUSED(state);
	make_chips();
	open_it("hwmon", conf_of("usbtemp:temp1", KITH_THING_NUMERIC));
	assert_true(fails("no usbtemp"));
	put("sys/class/hwmon/hwmon7/name", "usbtemp\n");
	put("sys/class/hwmon/hwmon7/temp1_input", "21000\n");
	assert_true(reads(21));
	assert_int_equal(unlink(put("sys/class/hwmon/hwmon7/name", NULL)), 0);
	assert_true(fails("no usbtemp"));
	/* Back again, under another number. */
	put("sys/class/hwmon/hwmon9/name", "usbtemp\n");
	put("sys/class/hwmon/hwmon9/temp1_input", "22000\n");
	assert_true(reads(22));
	put("sys/class/hwmon/hwmon9/temp1_input", "garbage\n");
	assert_true(fails("not a number"));
	put("sys/class/hwmon/hwmon9/temp1_input", "");
	assert_int_equal(f.d.ops->read(&f.d, 1, &f.value), KITH_THING_FAILED);
}

static void what_a_chip_calls_faulty_is_no_value(void **state)
{
	UNUSED(state);
	make_chips();
	put("sys/class/hwmon/hwmon3/temp1_fault", "1\n");
	open_it("hwmon", conf_of("coretemp:temp1", KITH_THING_NUMERIC));
	assert_true(fails("at fault"));
	put("sys/class/hwmon/hwmon3/temp1_fault", "0\n");
	assert_true(reads(48.5));
}

static void a_fan_is_set_in_whole_numbers(void **state)
{
	struct device_conf conf = conf_of("coretemp:pwm1", KITH_THING_NUMERIC);

	UNUSED(state);
	make_chips();
	conf.is_control = true;
	conf.scale = 100.0 / 255;
	open_it("hwmon", conf);
	assert_int_equal(write_number(33), KITH_THING_OK);
	content_is("sys/class/hwmon/hwmon3/pwm1", "84\n");
	conf = conf_of("coretemp:temp1_max", KITH_THING_NUMERIC);
	conf.is_control = true;
	open_it("hwmon", conf);
	assert_int_equal(write_number(71.5), KITH_THING_OK);
	content_is("sys/class/hwmon/hwmon3/temp1_max", "71500\n");
	conf.spec = "coretemp:temp8_max";
	open_it("hwmon", conf);
	assert_int_equal(write_number(1), KITH_THING_FAILED);
	assert_string_not_equal(f.why, "");
}

/* ---- thermal, IIO ---------------------------------------------------------- */

static void a_thermal_zone_is_found_by_its_type(void **state)
{
	UNUSED(state);
	put("sys/class/thermal/thermal_zone0/type", "acpitz\n");
	put("sys/class/thermal/thermal_zone0/temp", "27800\n");
	put("sys/class/thermal/thermal_zone4/type", "x86_pkg_temp\n");
	put("sys/class/thermal/thermal_zone4/temp", "51250\n");
	open_it("thermal", conf_of("x86_pkg_temp", KITH_THING_NUMERIC));
	assert_true(reads(51.25));
	open_it("thermal", conf_of("iwlwifi", KITH_THING_NUMERIC));
	assert_true(fails("no iwlwifi"));
	assert_false(opens("thermal", conf_of("x86_pkg_temp", KITH_THING_STRING)));
	assert_false(opens("thermal", conf_of("../x", KITH_THING_NUMERIC)));
}

static void iio_values_are_processed_or_raw_with_offset_and_scale(void **state)
{
	UNUSED(state);
	put("sys/bus/iio/devices/iio:device0/name", "bme280\n");
	put("sys/bus/iio/devices/iio:device0/in_temp_input", "23450\n");
	put("sys/bus/iio/devices/iio:device0/in_pressure_input", "101.325\n");
	put("sys/bus/iio/devices/iio:device0/in_humidityrelative_input", "45120\n");
	put("sys/bus/iio/devices/iio:device1/name", "ads1015\n");
	put("sys/bus/iio/devices/iio:device1/in_voltage0_raw", "1000\n");
	put("sys/bus/iio/devices/iio:device1/in_voltage_scale", "3\n");
	put("sys/bus/iio/devices/iio:device1/in_temp_raw", "300\n");
	put("sys/bus/iio/devices/iio:device1/in_temp_offset", "-100\n");
	put("sys/bus/iio/devices/iio:device1/in_temp_scale", "125\n");
	open_it("iio", conf_of("bme280:in_temp_input", KITH_THING_NUMERIC));
	assert_true(reads(23.45));
	open_it("iio", conf_of("bme280:in_pressure_input", KITH_THING_NUMERIC));
	assert_true(reads(101.325));
	open_it("iio", conf_of("bme280:in_humidityrelative_input", KITH_THING_NUMERIC));
	assert_true(reads(45.12));
	open_it("iio", conf_of("ads1015:in_voltage0", KITH_THING_NUMERIC));
	assert_true(reads(3));
	open_it("iio", conf_of("ads1015:in_temp_raw", KITH_THING_NUMERIC));
	assert_true(reads(25));
	assert_false(opens("iio", conf_of("bme280", KITH_THING_NUMERIC)));
	assert_false(opens("iio", conf_of("bme280:temp", KITH_THING_NUMERIC)));
}

static void an_iio_output_is_written_raw(void **state)
{
	struct device_conf conf = conf_of("ad5686:out_voltage0", KITH_THING_NUMERIC);

	UNUSED(state);
	put("sys/bus/iio/devices/iio:device2/name", "ad5686\n");
	put("sys/bus/iio/devices/iio:device2/out_voltage0_raw", "0\n");
	put("sys/bus/iio/devices/iio:device2/out_voltage0_scale", "0.5\n");
	conf.is_control = true;
	open_it("iio", conf);
	assert_int_equal(write_number(1.25), KITH_THING_OK);
	content_is("sys/bus/iio/devices/iio:device2/out_voltage0_raw", "2500\n");
	conf.spec = "ad5686:in_voltage0";
	assert_false(opens("iio", conf));
}

/* ---- lights --------------------------------------------------------------- */

static void make_light(void)
{
	put("sys/class/leds/input7::capslock/brightness", "0\n");
	put("sys/class/leds/input7::capslock/max_brightness", "50\n");
	put("sys/class/leds/input7::capslock/trigger", "none [kbd-capslock] timer\n");
}

static void a_light_is_on_or_off_or_percent(void **state)
{
	struct device_conf conf = conf_of("input*::capslock", KITH_THING_BOOLEAN);

	UNUSED(state);
	make_light();
	conf.is_control = true;
	open_it("led", conf);
	assert_int_equal(write_number(1), KITH_THING_OK);
	content_is("sys/class/leds/input7::capslock/brightness", "50\n");
	content_is("sys/class/leds/input7::capslock/trigger", "none\n");
	conf.type = KITH_THING_NUMERIC;
	open_it("led", conf);
	assert_int_equal(write_number(30), KITH_THING_OK);
	content_is("sys/class/leds/input7::capslock/brightness", "15\n");
	assert_int_equal(write_number(101), KITH_THING_FAILED);
	assert_non_null(strstr(f.why, "percent"));
	assert_int_equal(write_number(-1), KITH_THING_FAILED);
	content_is("sys/class/leds/input7::capslock/brightness", "15\n");
	open_it("led", conf_of("input7::capslock", KITH_THING_NUMERIC));
	assert_true(reads(30));
	open_it("led", conf_of("input7::capslock", KITH_THING_BOOLEAN));
	assert_true(reads(0) && f.value.boolean);
}

static void a_light_that_is_not_there_says_so(void **state)
{
	struct device_conf conf = conf_of("none", KITH_THING_BOOLEAN);

	UNUSED(state);
	make_light();
	open_it("led", conf);
	assert_true(fails("no none"));
	conf.is_control = true;
	open_it("led", conf);
	assert_int_equal(write_number(1), KITH_THING_FAILED);
	conf.spec = "../leds";
	assert_false(opens("led", conf));
	conf.spec = "x";
	conf.type = KITH_THING_STRING;
	assert_false(opens("led", conf));
}

/* ---- /proc ---------------------------------------------------------------- */

static void proc_gives_memory_load_and_uptime(void **state)
{
	static const struct { const char *spec; double n; } table[] = {
		{ "meminfo:MemAvailable", 2 }, { "loadavg:1", 0.5 }, { "loadavg:5", 0.75 },
		{ "loadavg:15", 1 }, { "uptime", 3600.25 },
	};

	UNUSED(state);
	put("proc/meminfo", "MemTotal: 9 kB\nMemAvailable:    2048 kB\n");
	put("proc/loadavg", "0.50 0.75 1.00 1/99 1234\n");
	put("proc/uptime", "3600.25 7200.00\n");
	put("proc/status", "Threads:\t7\n");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		open_it("proc", conf_of(table[i].spec, KITH_THING_NUMERIC));
		if (!reads(table[i].n))
			fail_msg("%s: %g %s", table[i].spec, f.value.number, f.value.text);
	}
	open_it("proc", conf_of("status:Threads", KITH_THING_INT));
	assert_true(reads(7));
	open_it("proc", conf_of("meminfo:Mem", KITH_THING_NUMERIC));
	assert_true(fails("no Mem"));
	assert_false(opens("proc", conf_of("loadavg", KITH_THING_NUMERIC)));
	assert_false(opens("proc", conf_of("loadavg:2", KITH_THING_NUMERIC)));
	assert_false(opens("proc", conf_of("../etc/passwd:root", KITH_THING_NUMERIC)));
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(hwmon_is_found_by_its_name_and_speaks_in_whole_units),
		T(of_two_chips_with_one_name_none_is_guessed),
		T(a_sensor_that_was_unplugged_is_an_error_until_it_is_back),
		T(what_a_chip_calls_faulty_is_no_value),
		T(a_fan_is_set_in_whole_numbers),
		T(a_thermal_zone_is_found_by_its_type),
		T(iio_values_are_processed_or_raw_with_offset_and_scale),
		T(an_iio_output_is_written_raw),
		T(a_light_is_on_or_off_or_percent),
		T(a_light_that_is_not_there_says_so),
		T(proc_gives_memory_load_and_uptime),
	};

	return cmocka_run_group_tests_name("device_kernel", tests, NULL, NULL);
}
