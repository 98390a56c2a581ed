/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_iio: iio=NAME:CHANNEL, an industrial I/O device by its name.
 * in_temp_input is a value as it is; in_voltage0_raw, or in_voltage0 alone, is
 * (raw + offset) * scale, where offset and scale stand beside it or for all
 * channels of that quantity.  Milli of the kernel becomes C, V, A and %.
 */
#include "config.h"

#include "thing/device_path.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/base/str.h"

#define ALL "/sys/bus/iio/devices/iio:device*"

/* Documentation/ABI/testing/sysfs-bus-iio of Linux; the others are not in milli. */
static const char *const in_milli[] = { "temp", "voltage", "current", "humidityrelative", "power" };

struct iio {
	char device[DEVICE_NAME], channel[DEVICE_NAME];	/* "in_voltage0" */
	char quantity[DEVICE_NAME];			/* "in_voltage" */
	bool processed;
	double milli;
};

static bool ends(char *text, const char *with)
{
	size_t len = strlen(text), n = strlen(with);

	if (len <= n || strcmp(text + len - n, with) != 0)
		return false;
	text[len - n] = '\0';
	return true;
}

static int take_spec(struct device *d, struct iio *x)
{
	size_t begin;

	if (device_path_split(d->conf.spec, x->device, x->channel) < 0)
		return -1;
	x->processed = ends(x->channel, "_input");
	(void)ends(x->channel, "_raw");
	if (!str_starts(x->channel, "in_") && !str_starts(x->channel, "out_"))
		return -1;
	begin = strcspn(x->channel, "_") + 1;
	memcpy(x->quantity, x->channel, sizeof(x->quantity));
	x->quantity[begin + strcspn(x->channel + begin, "0123456789_")] = '\0';
	x->milli = 1;
	for (size_t i = 0; i < sizeof(in_milli) / sizeof(in_milli[0]); i++)
		if (strcmp(x->quantity + begin, in_milli[i]) == 0)
			x->milli = 0.001;
	return d->conf.is_control && (x->processed || x->channel[0] != 'o') ? -1 : 0;
}

static int iio_open(struct device *d, struct err *e)
{
	struct iio *x = mem_zalloc(sizeof(*x));

	if (!x)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (take_spec(d, x) < 0) {
		mem_free(x);
		return err_set(e, ERR_INPUT, "iio=%s is not NAME:CHANNEL, such as "
		    "bme280:in_temp_input%s", d->conf.spec,
		    d->conf.is_control ? "; controls are out_*_raw" : "");
	}
	d->self = x;
	return 0;
}

static void iio_close(struct device *d)
{
	mem_free(d->self);
}

/* Of the channel, else of its quantity, else `otherwise`. */
static double beside(const struct iio *x, const char *folder, const char *what, double otherwise)
{
	char path[DEVICE_PATH], why[KITH_THING_TEXT];
	const char *const names[] = { x->channel, x->quantity };
	double n;

	for (size_t i = 0; i < 2; i++)
		if (snprintf(path, sizeof(path), "%s/%s_%s", folder, names[i], what) <
		    (int)sizeof(path) && device_path_number(path, &n, why) == 0)
			return n;
	return otherwise;
}

/* The file of the channel; unit and zero as they are now. */
static int file_of(struct device *d, char out[static DEVICE_PATH],
    char why[static KITH_THING_TEXT])
{
	const struct iio *x = d->self;
	char folder[DEVICE_PATH];

	if (device_path_find(folder, d->host->root, ALL, "name", x->device, why) < 0)
		return -1;
	d->zero = x->processed ? 0 : beside(x, folder, "offset", 0);
	d->unit = x->milli * (x->processed ? 1 : beside(x, folder, "scale", 1));
	if (d->unit == 0)
		d->unit = x->milli;
	return snprintf(out, DEVICE_PATH, "%s/%s_%s", folder, x->channel,
	    x->processed ? "input" : "raw") < DEVICE_PATH ? 0 : -1;
}

static int iio_path(struct device *d, char out[static DEVICE_LONG_PATH])
{
	char why[KITH_THING_TEXT];

	return file_of(d, out, why) < 0 || access(out, F_OK) < 0 ? -1 : 0;
}

static enum kith_thing_result iio_read(struct device *d, uint64_t ticket,
    struct kith_thing_value *v)
{
	char path[DEVICE_PATH], text[DEVICE_OUTPUT + 1];

	(void)ticket;
	if (file_of(d, path, v->text) < 0 || device_path_text(path, text, v->text) < 0)
		return KITH_THING_FAILED;
	return device_value(d, text, v);
}

static enum kith_thing_result iio_write(struct device *d, uint64_t ticket,
    const struct kith_thing_value *v, char *why, size_t why_size)
{
	char path[DEVICE_PATH], text[32], no[KITH_THING_TEXT] = "";

	(void)ticket;
	if (file_of(d, path, no) < 0) {
		snprintf(why, why_size, "%s", no);
		return KITH_THING_FAILED;
	}
	snprintf(text, sizeof(text), "%lld", device_whole(d, v));
	return device_path_put(path, text, why, why_size) < 0 ? KITH_THING_FAILED : KITH_THING_OK;
}

const struct device_ops device_iio = {
	.key = "iio",
	.reads = true,
	.writes = true,
	.open = iio_open,
	.close = iio_close,
	.read = iio_read,
	.write = iio_write,
	.path = iio_path,
};
