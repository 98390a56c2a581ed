/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_file: file=PATH.  A field reads the file and cuts the value out by
 * pattern=; a control writes the value as one line (the way of sysfs).  Only
 * plain and pseudo files, which do not block; PATH may hold * where exactly
 * the first match is meant (sensors get other numbers at each boot).
 */
#include "config.h"

#include "thing/device.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_path(const char *spec, int flags)
{
	struct stat st;
	glob_t g;
	int fd, found;

	flags |= O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	if (!strchr(spec, '*'))
		return open(spec, flags);
	found = glob(spec, 0, NULL, &g);
	fd = found == 0 && g.gl_pathc ? open(g.gl_pathv[0], flags) : -1;
	if (found == 0)
		globfree(&g);
	else
		errno = ENOENT;
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		close(fd);
		errno = EISDIR;
		return -1;
	}
	return fd;
}

static enum kith_thing_result file_read(struct device *d, uint64_t ticket,
    struct kith_thing_value *v)
{
	char text[DEVICE_OUTPUT + 1];
	size_t len = 0;
	ssize_t n = 0;
	int fd = open_path(d->conf.spec, O_RDONLY);

	(void)ticket;
	if (fd < 0)
		return device_fail(v, "%s", strerror(errno));
	while (len < DEVICE_OUTPUT && (n = read(fd, text + len, DEVICE_OUTPUT - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		device_fail(v, "%s", strerror(errno));
	close(fd);
	if (n < 0)
		return KITH_THING_FAILED;
	text[len] = '\0';
	return device_value(d, text, v);
}

static enum kith_thing_result file_write(struct device *d, uint64_t ticket,
    const struct kith_thing_value *v, char *why, size_t why_size)
{
	char text[KITH_THING_TEXT], line[KITH_THING_TEXT + 1];
	int fd = open_path(d->conf.spec, O_WRONLY | O_TRUNC), n;
	bool ok;

	(void)ticket;
	if (fd < 0) {
		snprintf(why, why_size, "%s", strerror(errno));
		return KITH_THING_FAILED;
	}
	device_text(d, v, text);
	n = snprintf(line, sizeof(line), "%s\n", text);
	ok = write(fd, line, (size_t)n) == n;
	if (!ok)
		snprintf(why, why_size, "%s", strerror(errno));
	close(fd);
	return ok ? KITH_THING_OK : KITH_THING_FAILED;
}

const struct device_ops device_file = {
	.key = "file",
	.reads = true,
	.writes = true,
	.read = file_read,
	.write = file_write,
};
