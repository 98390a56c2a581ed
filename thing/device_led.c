/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_led: led=NAME, a light below /sys/class/leds: on and off, or percent
 * of what it can.  NAME may hold * (input*::capslock), since the kernel counts
 * keyboards anew at each boot.  What blinks it by itself (its trigger) is
 * taken off by the first write.
 */
#include "config.h"

#include "thing/device_path.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "common/base/str.h"

static int led_open(struct device *d, struct err *e)
{
	if (strchr(d->conf.spec, '/') || strlen(d->conf.spec) >= DEVICE_NAME)
		return err_set(e, ERR_INPUT, "led=%s is not the name of a light", d->conf.spec);
	if (d->conf.type != KITH_THING_BOOLEAN && d->conf.type != KITH_THING_NUMERIC)
		return err_set(e, ERR_INPUT, "led= is boolean, or numeric in percent");
	return 0;
}

/* Its folder, and how bright it can be; the unit is percent. */
static int find(struct device *d, char out[static DEVICE_PATH], double *most,
    char why[static KITH_THING_TEXT])
{
	char all[DEVICE_PATH], path[DEVICE_PATH + 16];
	glob_t g;
	int rc;

	if (snprintf(all, sizeof(all), "%s/sys/class/leds/%s", d->host->root, d->conf.spec) >=
	    (int)sizeof(all) || glob(all, 0, NULL, &g) != 0) {
		snprintf(why, KITH_THING_TEXT, "this machine has no %s", d->conf.spec);
		return -1;
	}
	rc = str_copy(out, DEVICE_PATH, g.gl_pathv[0]);
	globfree(&g);
	snprintf(path, sizeof(path), "%s/max_brightness", out);
	if (rc < 0 || device_path_number(path, most, why) < 0 || *most <= 0)
		*most = 255;
	d->unit = d->conf.type == KITH_THING_NUMERIC ? 100 / *most : 1;
	return rc;
}

/* All of its folder: brightness and trigger. */
static int led_path(struct device *d, char out[static DEVICE_LONG_PATH])
{
	char why[KITH_THING_TEXT];
	double most;

	return find(d, out, &most, why);
}

static enum kith_thing_result led_read(struct device *d, uint64_t ticket,
    struct kith_thing_value *v)
{
	char folder[DEVICE_PATH], path[DEVICE_PATH + 16];
	double most, now;

	(void)ticket;
	if (find(d, folder, &most, v->text) < 0)
		return KITH_THING_FAILED;
	snprintf(path, sizeof(path), "%s/brightness", folder);
	if (device_path_number(path, &now, v->text) < 0)
		return KITH_THING_FAILED;
	v->boolean = now > 0;
	return d->conf.type == KITH_THING_BOOLEAN ? KITH_THING_OK : device_number(d, now, v);
}

static void take_off_trigger(const char *folder)
{
	char path[DEVICE_PATH + 16], text[DEVICE_OUTPUT + 1], why[KITH_THING_TEXT];

	snprintf(path, sizeof(path), "%s/trigger", folder);
	if (device_path_text(path, text, why) == 0 && !strstr(text, "[none]"))
		(void)device_path_put(path, "none", why, sizeof(why));
}

static enum kith_thing_result led_write(struct device *d, uint64_t ticket,
    const struct kith_thing_value *v, char *why, size_t why_size)
{
	char folder[DEVICE_PATH], path[DEVICE_PATH + 16], text[32], no[KITH_THING_TEXT] = "";
	double most;
	long long n;

	(void)ticket;
	if (find(d, folder, &most, no) < 0) {
		snprintf(why, why_size, "%s", no);
		return KITH_THING_FAILED;
	}
	n = device_whole(d, v);
	if (d->conf.type == KITH_THING_BOOLEAN && v->boolean)
		n = (long long)most;
	if (n < 0 || (double)n > most) {
		snprintf(why, why_size, "not between 0 and 100 percent");
		return KITH_THING_FAILED;
	}
	take_off_trigger(folder);
	snprintf(path, sizeof(path), "%s/brightness", folder);
	snprintf(text, sizeof(text), "%lld", n);
	return device_path_put(path, text, why, why_size) < 0 ? KITH_THING_FAILED : KITH_THING_OK;
}

const struct device_ops device_led = {
	.key = "led",
	.reads = true,
	.writes = true,
	.open = led_open,
	.read = led_read,
	.write = led_write,
	.path = led_path,
};
