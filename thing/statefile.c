/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statefile: lines in, lines out; the careful writing is daemon_write_secret.
 * It knows no key and no meaning.  Read next: identity.c, standing.c.
 */
#include "config.h"

#include "thing/statefile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/daemon.h"
#include "common/base/secret.h"

#define STATEFILE_LINE (16 * 1024)

static int path_of(char *out, size_t size, const char *dir, const char *kind, struct err *e)
{
	int n = snprintf(out, size, "%s/%s", dir, kind);

	if (n < 0 || (size_t)n >= size)
		return err_set(e, ERR_INPUT, "the name of folder '%s' is too long", dir);
	return 0;
}

/* Copies one line without its newline; its length with it, or 0 at the end. */
static size_t next_line(const char *text, size_t len, char line[static STATEFILE_LINE])
{
	const char *end = len ? memchr(text, '\n', len) : NULL;
	size_t n;

	if (!end)
		return 0;
	n = (size_t)(end - text);
	if (n >= STATEFILE_LINE || memchr(text, '\0', n))
		return 0;
	memcpy(line, text, n);
	line[n] = '\0';
	return n + 1;
}

static int parse_lines(const char *text, size_t len, const char *kind, char *line,
    statefile_row_fn *row, void *arg, struct err *e)
{
	char head[64];
	size_t n = next_line(text, len, line);
	char *value;

	snprintf(head, sizeof(head), "kith-thing %s 1", kind);
	if (!n || strcmp(line, head) != 0)
		return err_set(e, ERR_INPUT, "does not begin with '%s'", head);
	for (;;) {
		text += n;
		len -= n;
		n = next_line(text, len, line);
		if (!n)
			return err_set(e, ERR_INPUT, "is cut: its last line is not 'end'");
		if (strcmp(line, "end") == 0)
			break;
		value = strchr(line, ' ');
		if (!value || value == line)
			return err_set(e, ERR_INPUT, "holds a line that is not 'name value'");
		*value++ = '\0';
		if (row(arg, line, value, e) < 0)
			return -1;
	}
	if (len != n)
		return err_set(e, ERR_INPUT, "goes on after 'end'");
	return 0;
}

int statefile_parse(const char *text, size_t len, const char *kind,
    statefile_row_fn *row, void *arg, struct err *e)
{
	char line[STATEFILE_LINE];
	int ret = parse_lines(text, len, kind, line, row, arg, e);

	secret_cleanse(line, sizeof(line));
	return ret;
}

void statefile_begin(struct buf *b, const char *kind)
{
	buf_init(b, STATEFILE_MAX);
	buf_addf(b, "kith-thing %s 1\n", kind);
}

void statefile_add(struct buf *b, const char *name, const char *value)
{
	buf_adds(b, name);
	buf_addc(b, ' ');
	buf_adds(b, value);
	buf_addc(b, '\n');
}

void statefile_end(struct buf *b)
{
	buf_adds(b, "end\n");
}

int statefile_load(const char *dir, const char *kind,
    statefile_row_fn *row, void *arg, struct err *e)
{
	char path[STATEFILE_PATH];
	struct buf b;
	int ret = -1;

	if (path_of(path, sizeof(path), dir, kind, e) < 0)
		return -1;
	buf_init(&b, STATEFILE_MAX);
	if (daemon_read_file(path, &b, e) < 0)
		goto out;
	ret = statefile_parse(b.data ? b.data : "", b.len, kind, row, arg, e);
	if (ret < 0)
		err_prefix(e, "'%s'", path);
out:
	if (b.data)
		secret_cleanse(b.data, b.cap);
	buf_fini(&b);
	return ret;
}

int statefile_save(const char *dir, const char *kind, const struct buf *b, struct err *e)
{
	char path[STATEFILE_PATH];

	if (path_of(path, sizeof(path), dir, kind, e) < 0)
		return -1;
	if (!buf_ok(b))
		return err_set(e, ERR_LIMIT, "'%s' would be too big", path);
	return daemon_write_secret(path, b->data, b->len, e);
}

int statefile_remove(const char *dir, const char *kind, struct err *e)
{
	char path[STATEFILE_PATH];

	return path_of(path, sizeof(path), dir, kind, e) < 0 ? -1 : daemon_wipe(path, e);
}

int statefile_lock(const char *dir, struct err *e)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_AGAIN, "there is no folder '%s'", dir);
	if (fd < 0)
		return err_errno(e, "cannot open folder '%s'", dir);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	close(fd);
	return err_set(e, ERR_SYSTEM, "folder '%s' is in use by another running thing; "
	    "stop that one, or use another folder", dir);
}
