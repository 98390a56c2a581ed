/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_proc: proc=FILE:WHAT, the lines of /proc that people ask for:
 * meminfo:MemAvailable (MB), loadavg:1, 5 or 15, uptime (s), and any other
 * file of lines "NAME: number".
 */
#include "config.h"

#include "thing/device_path.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/str.h"

/* Those that are a row of numbers: which of them. */
static const struct { const char *spec, *file; size_t word; } rows[] = {
	{ "loadavg:1", "loadavg", 0 }, { "loadavg:5", "loadavg", 1 },
	{ "loadavg:15", "loadavg", 2 }, { "uptime", "uptime", 0 },
};

static int proc_open(struct device *d, struct err *e)
{
	char file[DEVICE_NAME], what[DEVICE_NAME];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(d->conf.spec, rows[i].spec) == 0)
			return 0;
	if (device_path_split(d->conf.spec, file, what) < 0 || strcmp(file, "loadavg") == 0)
		return err_set(e, ERR_INPUT, "proc=%s is not loadavg:1, :5 or :15, uptime, or "
		    "FILE:NAME such as meminfo:MemAvailable", d->conf.spec);
	d->unit = strcmp(file, "meminfo") == 0 ? 1.0 / 1024 : 1;	/* kB */
	return 0;
}

/* The word of that number; the rest of the line is cut off. */
static bool take_word(char *text, size_t n, char out[static KITH_THING_TEXT])
{
	char *at = text + strspn(text, " \t");

	for (; n > 0 && *at; n--) {
		at += strcspn(at, " \t\n");
		at += strspn(at, " \t");
	}
	at[strcspn(at, " \t\n")] = '\0';
	return *at && str_copy(out, KITH_THING_TEXT, at) == 0;
}

/* What stands behind "NAME:" at the begin of a line. */
static bool take_line(char *text, const char *name, char out[static KITH_THING_TEXT])
{
	size_t len = strlen(name);

	for (char *at = text; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
		if (strncmp(at, name, len) == 0 && at[len + strspn(at + len, " \t")] == ':')
			return take_word(strchr(at, ':') + 1, 0, out);
	return false;
}

/* Which row of numbers it is; `what` is the name in any other file. */
static size_t path_of(const struct device *d, char what[static DEVICE_NAME],
    char out[static DEVICE_LONG_PATH])
{
	size_t row = 0, n = sizeof(rows) / sizeof(rows[0]);
	char file[DEVICE_NAME] = "";

	while (row < n && strcmp(d->conf.spec, rows[row].spec) != 0)
		row++;
	what[0] = '\0';
	if (row == n)
		(void)device_path_split(d->conf.spec, file, what);
	snprintf(out, DEVICE_LONG_PATH, "%s/proc/%s", d->host->root,
	    row < n ? rows[row].file : file);
	return row;
}

static int proc_path(struct device *d, char out[static DEVICE_LONG_PATH])
{
	char what[DEVICE_NAME];

	(void)path_of(d, what, out);
	return access(out, F_OK);
}

static enum kith_thing_result proc_read(struct device *d, uint64_t ticket,
    struct kith_thing_value *v)
{
	char what[DEVICE_NAME], path[DEVICE_LONG_PATH];
	char text[DEVICE_OUTPUT + 1], word[KITH_THING_TEXT];
	size_t row = path_of(d, what, path), n = sizeof(rows) / sizeof(rows[0]);

	(void)ticket;
	if (device_path_text(path, text, v->text) < 0)
		return KITH_THING_FAILED;
	if (!(row < n ? take_word(text, rows[row].word, word) : take_line(text, what, word)))
		return device_fail(v, "there is no %s", row < n ? d->conf.spec : what);
	return device_value(d, word, v);
}

const struct device_ops device_proc = {
	.key = "proc",
	.reads = true,
	.open = proc_open,
	.read = proc_read,
	.path = proc_path,
};
