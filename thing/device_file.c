/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_file: file=PATH.  A field reads the file and cuts the value out by
 * pattern=; a control writes the value as one line (the way of sysfs).  Only
 * plain and pseudo files, which do not block; PATH may hold * where exactly
 * the first match is meant (sensors get other numbers at each boot).
 */
#include "config.h"

#include "thing/device_path.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/str.h"

static int find(const char *spec, char out[static DEVICE_LONG_PATH],
    char why[static KITH_THING_TEXT])
{
	glob_t g;
	int rc;

	if (strchr(spec, '*') == NULL) {
		rc = str_copy(out, DEVICE_LONG_PATH, spec);
	} else if (glob(spec, 0, NULL, &g) != 0) {
		snprintf(why, KITH_THING_TEXT, "No such file or directory");
		return -1;
	} else {
		rc = str_copy(out, DEVICE_LONG_PATH, g.gl_pathv[0]);
		globfree(&g);
	}
	if (rc < 0)
		snprintf(why, KITH_THING_TEXT, "its path is too long");
	return rc;
}

static enum kith_thing_result file_read(struct device *d, uint64_t ticket,
    struct kith_thing_value *v)
{
	char path[DEVICE_LONG_PATH], text[DEVICE_OUTPUT + 1];

	(void)ticket;
	if (find(d->conf.spec, path, v->text) < 0 || device_path_text(path, text, v->text) < 0)
		return KITH_THING_FAILED;
	return device_value(d, text, v);
}

static enum kith_thing_result file_write(struct device *d, uint64_t ticket,
    const struct kith_thing_value *v, char *why, size_t why_size)
{
	char path[DEVICE_LONG_PATH], text[KITH_THING_TEXT], no[KITH_THING_TEXT] = "";

	(void)ticket;
	if (find(d->conf.spec, path, no) < 0) {
		snprintf(why, why_size, "%s", no);
		return KITH_THING_FAILED;
	}
	device_text(d, v, text);
	return device_path_put(path, text, why, why_size) < 0 ? KITH_THING_FAILED : KITH_THING_OK;
}

static int file_path(struct device *d, char out[static DEVICE_LONG_PATH])
{
	char why[KITH_THING_TEXT];

	return find(d->conf.spec, out, why) < 0 || access(out, F_OK) < 0 ? -1 : 0;
}

const struct device_ops device_file = {
	.key = "file",
	.reads = true,
	.writes = true,
	.read = file_read,
	.write = file_write,
	.path = file_path,
};
