/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_hwmon: hwmon=CHIP:ATTRIBUTE, such as coretemp:temp1 or, by its label,
 * coretemp:Core 0.  The chip is found by its name, since numbers change from
 * boot to boot; the kernel's milli and micro become C, V, A, W, J and %
 * (Documentation/hwmon/sysfs-interface of Linux).
 */
#include "config.h"

#include "thing/device_path.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/base/str.h"

#define ALL "/sys/class/hwmon/hwmon*"

static const struct { const char *begin; double unit; } quantities[] = {
	{ "temp", 0.001 }, { "in", 0.001 }, { "curr", 0.001 }, { "humidity", 0.001 },
	{ "power", 0.000001 }, { "energy", 0.000001 }, { "fan", 1 }, { "pwm", 1 }, { "freq", 1 },
	{ "intrusion", 1 },
};

struct hwmon {
	char chip[DEVICE_NAME], attr[DEVICE_NAME];
	bool by_label;
};

/* "temp1", "temp1_max": 0 when it is none of the kernel's names. */
static double unit_of(const char *attr)
{
	for (size_t i = 0; i < sizeof(quantities) / sizeof(quantities[0]); i++) {
		size_t len = strlen(quantities[i].begin);
		size_t digits = strncmp(attr, quantities[i].begin, len) == 0
		    ? strspn(attr + len, "0123456789") : 0;

		if (digits && (!attr[len + digits] || attr[len + digits] == '_'))
			return strstr(attr, "_alarm") || strstr(attr, "_fault") ||
			    strstr(attr, "_beep") || strstr(attr, "_enable")
			    ? 1 : quantities[i].unit;
	}
	return 0;
}

static int hwmon_open(struct device *d, struct err *e)
{
	struct hwmon *h = mem_zalloc(sizeof(*h));

	if (!h)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (device_path_split(d->conf.spec, h->chip, h->attr) < 0) {
		mem_free(h);
		return err_set(e, ERR_INPUT, "hwmon=%s is not CHIP:ATTRIBUTE, such as "
		    "coretemp:temp1", d->conf.spec);
	}
	h->by_label = unit_of(h->attr) == 0;
	d->unit = h->by_label ? 1 : unit_of(h->attr);
	d->self = h;
	return 0;
}

static void hwmon_close(struct device *d)
{
	mem_free(d->self);
}

/* The attribute whose label says so: "Core 0" is temp2. */
static int find_label(const struct hwmon *h, const char *folder, char attr[static DEVICE_NAME])
{
	char path[DEVICE_PATH], text[DEVICE_OUTPUT + 1], why[KITH_THING_TEXT];
	const char *last;
	glob_t g;
	int rc = -1;

	if (snprintf(path, sizeof(path), "%s/*_label", folder) >= (int)sizeof(path) ||
	    glob(path, 0, NULL, &g) != 0)
		return -1;
	for (size_t i = 0; rc < 0 && i < g.gl_pathc && i < DEVICE_FOUND; i++) {
		last = strrchr(g.gl_pathv[i], '/') + 1;
		if (device_path_text(g.gl_pathv[i], text, why) == 0 && strcmp(text, h->attr) == 0 &&
		    str_copy(attr, DEVICE_NAME, last) == 0) {
			*strrchr(attr, '_') = '\0';
			rc = 0;
		}
	}
	globfree(&g);
	return rc;
}

/* "temp1_max" is a file as it stands; "temp1" is temp1_input, "pwm1" itself. */
static int file_of(struct device *d, char out[static DEVICE_PATH],
    char fault[static DEVICE_PATH], char why[static KITH_THING_TEXT])
{
	const struct hwmon *h = d->self;
	char folder[DEVICE_PATH], attr[DEVICE_NAME];
	bool whole;
	int n, m;

	if (device_path_find(folder, d->host->root, ALL, "name", h->chip, why) < 0)
		return -1;
	memcpy(attr, h->attr, sizeof(attr));
	if (h->by_label && find_label(h, folder, attr) < 0) {
		snprintf(why, KITH_THING_TEXT, "%s has no %s", h->chip, h->attr);
		return -1;
	}
	if (h->by_label && unit_of(attr) != 0)
		d->unit = unit_of(attr);
	whole = strchr(attr, '_') || str_starts(attr, "pwm");
	n = snprintf(out, DEVICE_PATH, "%s/%s%s", folder, attr, whole ? "" : "_input");
	m = snprintf(fault, DEVICE_PATH, "%s/%.*s_fault", folder, (int)strcspn(attr, "_"), attr);
	return n < DEVICE_PATH && m < DEVICE_PATH ? 0 : -1;
}

static int hwmon_path(struct device *d, char out[static DEVICE_LONG_PATH])
{
	char fault[DEVICE_PATH], why[KITH_THING_TEXT];

	return file_of(d, out, fault, why) < 0 || access(out, F_OK) < 0 ? -1 : 0;
}

static enum kith_thing_result hwmon_read(struct device *d, uint64_t ticket,
    struct kith_thing_value *v)
{
	char path[DEVICE_PATH], fault[DEVICE_PATH], text[DEVICE_OUTPUT + 1], no[KITH_THING_TEXT];
	double bad = 0;

	(void)ticket;
	if (file_of(d, path, fault, v->text) < 0 || device_path_text(path, text, v->text) < 0)
		return KITH_THING_FAILED;
	if (strcmp(path, fault) != 0 && device_path_number(fault, &bad, no) == 0 && bad != 0)
		return device_fail(v, "the chip says that this sensor is at fault");
	return device_value(d, text, v);
}

static enum kith_thing_result hwmon_write(struct device *d, uint64_t ticket,
    const struct kith_thing_value *v, char *why, size_t why_size)
{
	char path[DEVICE_PATH], fault[DEVICE_PATH], text[32], no[KITH_THING_TEXT] = "";

	(void)ticket;
	if (file_of(d, path, fault, no) < 0) {
		snprintf(why, why_size, "%s", no);
		return KITH_THING_FAILED;
	}
	snprintf(text, sizeof(text), "%lld", device_whole(d, v));
	return device_path_put(path, text, why, why_size) < 0 ? KITH_THING_FAILED : KITH_THING_OK;
}

const struct device_ops device_hwmon = {
	.key = "hwmon",
	.reads = true,
	.writes = true,
	.open = hwmon_open,
	.close = hwmon_close,
	.read = hwmon_read,
	.write = hwmon_write,
	.path = hwmon_path,
};
