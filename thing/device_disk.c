/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_disk: disk=PATH.  How full the file system of PATH is, in percent of
 * what its users may fill (as df(1) counts).
 */
#include "config.h"

#include "thing/device.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/statvfs.h>

static enum kith_thing_result disk_read(struct device *d, uint64_t ticket,
    struct kith_thing_value *v)
{
	struct statvfs fs;
	double used, all;

	(void)ticket;
	if (statvfs(d->conf.spec, &fs) < 0)
		return device_fail(v, "%s", strerror(errno));
	used = (double)(fs.f_blocks - fs.f_bfree);
	all = used + (double)fs.f_bavail;
	if (all <= 0)
		return device_fail(v, "no blocks there");
	v->number = round(1000.0 * used / all) / 10.0 * d->conf.scale;
	return KITH_THING_OK;
}

static int disk_open(struct device *d, struct err *e)
{
	if (d->conf.type != KITH_THING_NUMERIC)
		return err_set(e, ERR_INPUT, "disk= is numeric");
	return 0;
}

const struct device_ops device_disk = {
	.key = "disk",
	.reads = true,
	.open = disk_open,
	.read = disk_read,
};
