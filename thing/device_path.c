/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_path: open, read, close, each time: a sensor that was unplugged is an
 * error in this reading, and found again in the next.
 */
#include "config.h"

#include "thing/device_path.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/str.h"

static int fails(char why[static KITH_THING_TEXT], int number)
{
	snprintf(why, KITH_THING_TEXT, "%s", number == ENODEV || number == ENXIO || number == EIO
	    ? "the device does not answer" : strerror(number));
	return -1;
}

int device_path_text(const char *path, char out[static DEVICE_OUTPUT + 1],
    char why[static KITH_THING_TEXT])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), bad;
	size_t len = 0;
	ssize_t n = 0;

	if (fd < 0)
		return fails(why, errno);
	while (len < DEVICE_OUTPUT && (n = read(fd, out + len, DEVICE_OUTPUT - len)) > 0)
		len += (size_t)n;
	bad = n < 0 ? errno : 0;
	close(fd);
	if (bad)
		return fails(why, bad);
	while (len > 0 && strchr("\r\n", out[len - 1]))
		len--;
	out[len] = '\0';
	return 0;
}

int device_path_number(const char *path, double *out, char why[static KITH_THING_TEXT])
{
	char text[DEVICE_OUTPUT + 1];

	if (device_path_text(path, text, why) < 0)
		return -1;
	if (str_to_double(text + strspn(text, " \t"), out) == 0)
		return 0;
	snprintf(why, KITH_THING_TEXT, "not a number");
	return -1;
}

int device_path_put(const char *path, const char *text, char *why, size_t why_size)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), bad = 0;
	char line[KITH_THING_TEXT + 1], words[KITH_THING_TEXT];
	int len = snprintf(line, sizeof(line), "%s\n", text);
	ssize_t n;

	if (fd < 0) {
		bad = errno;
	} else {
		n = write(fd, line, (size_t)len);
		bad = n < 0 ? errno : 0;
		if (close(fd) < 0 && !bad)	/* some file systems tell it only now */
			bad = errno;
		if (!bad && n == len)
			return 0;
		if (!bad) {
			snprintf(why, why_size, "only a part of it was taken");
			return -1;
		}
	}
	(void)fails(words, bad);
	snprintf(why, why_size, "%s", words);
	return -1;
}

int device_path_split(const char *spec, char chip[static DEVICE_NAME],
    char attr[static DEVICE_NAME])
{
	const char *colon = strrchr(spec, ':');
	size_t len = colon ? (size_t)(colon - spec) : 0;

	if (!len || len >= DEVICE_NAME || !colon[1] || strchr(spec, '/'))
		return -1;
	memcpy(chip, spec, len);
	chip[len] = '\0';
	return str_copy(attr, DEVICE_NAME, colon + 1);
}

/* ---- by name ------------------------------------------------------------- */

struct wanted {
	const char *file;		/* where its name stands: "name" */
	char name[DEVICE_NAME];
	const char *place;		/* behind the @; NULL: any */
};

static bool is_at(const char *folder, const char *place)
{
	char link[DEVICE_PATH], to[DEVICE_PATH];
	const char *last;
	ssize_t n;

	if (snprintf(link, sizeof(link), "%s/device", folder) >= (int)sizeof(link))
		return false;
	n = readlink(link, to, sizeof(to) - 1);
	if (n < 0)
		return false;
	to[n] = '\0';
	last = strrchr(to, '/');
	return strcmp(last ? last + 1 : to, place) == 0;
}

static bool fits(const char *folder, const struct wanted *w)
{
	char path[DEVICE_PATH], text[DEVICE_OUTPUT + 1], why[KITH_THING_TEXT];

	return snprintf(path, sizeof(path), "%s/%s", folder, w->file) < (int)sizeof(path) &&
	    device_path_text(path, text, why) == 0 && strcmp(text, w->name) == 0 &&
	    (!w->place || is_at(folder, w->place));
}

static int choose(char out[static DEVICE_PATH], const glob_t *g, const struct wanted *w,
    char why[static KITH_THING_TEXT])
{
	size_t n = 0;

	for (size_t i = 0; i < g->gl_pathc && i < DEVICE_FOUND; i++)
		if (fits(g->gl_pathv[i], w) && n++ == 0 &&
		    str_copy(out, DEVICE_PATH, g->gl_pathv[i]) < 0)
			n = 0;
	if (n == 1)
		return 0;
	if (n == 0)
		snprintf(why, KITH_THING_TEXT, "this machine has no %s", w->name);
	else
		snprintf(why, KITH_THING_TEXT, "this machine has %zu of %s: say which, as %s@PLACE",
		    n, w->name, w->name);
	return -1;
}

int device_path_find(char out[static DEVICE_PATH], const char *root, const char *pattern,
    const char *name_file, const char *name, char why[static KITH_THING_TEXT])
{
	char all[DEVICE_PATH];
	struct wanted w = { .file = name_file };
	size_t len = strcspn(name, "@");
	glob_t g;
	int rc;

	if (len >= sizeof(w.name) ||
	    snprintf(all, sizeof(all), "%s%s", root, pattern) >= (int)sizeof(all)) {
		snprintf(why, KITH_THING_TEXT, "its name is too long");
		return -1;
	}
	memcpy(w.name, name, len);
	w.place = name[len] ? name + len + 1 : NULL;
	if (glob(all, 0, NULL, &g) != 0) {
		snprintf(why, KITH_THING_TEXT, "this machine has no %s", w.name);
		return -1;
	}
	rc = choose(out, &g, &w, why);
	globfree(&g);
	return rc;
}
