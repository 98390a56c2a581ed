/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_thermal: thermal=TYPE, a thermal zone of the kernel by its type, such
 * as x86_pkg_temp, in C.  Zones have other numbers at each boot.
 */
#include "config.h"

#include "thing/device_path.h"

#include <stdio.h>
#include <string.h>

static int thermal_open(struct device *d, struct err *e)
{
	if (strchr(d->conf.spec, '/') || strlen(d->conf.spec) >= DEVICE_NAME)
		return err_set(e, ERR_INPUT, "thermal=%s is not the type of a zone", d->conf.spec);
	if (d->conf.type != KITH_THING_NUMERIC)
		return err_set(e, ERR_INPUT, "thermal= is numeric");
	d->unit = 0.001;
	return 0;
}

static int find(const struct device *d, char out[static DEVICE_LONG_PATH],
    char why[static KITH_THING_TEXT])
{
	char folder[DEVICE_PATH];

	if (device_path_find(folder, d->host->root, "/sys/class/thermal/thermal_zone*", "type",
	    d->conf.spec, why) < 0)
		return -1;
	snprintf(out, DEVICE_LONG_PATH, "%s/temp", folder);
	return 0;
}

static int thermal_path(struct device *d, char out[static DEVICE_LONG_PATH])
{
	char why[KITH_THING_TEXT];

	return find(d, out, why);
}

static enum kith_thing_result thermal_read(struct device *d, uint64_t ticket,
    struct kith_thing_value *v)
{
	char path[DEVICE_LONG_PATH], text[DEVICE_OUTPUT + 1];

	(void)ticket;
	if (find(d, path, v->text) < 0 || device_path_text(path, text, v->text) < 0)
		return KITH_THING_FAILED;
	return device_value(d, text, v);
}

const struct device_ops device_thermal = {
	.key = "thermal",
	.reads = true,
	.open = thermal_open,
	.read = thermal_read,
	.path = thermal_path,
};
