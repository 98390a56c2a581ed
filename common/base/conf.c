/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf: a settings file against its table.  inih splits lines into section,
 * key and value; how one value reads and prints is in conf_value.c.  Next:
 * daemon.c.
 */
#include "config.h"

#include "common/base/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ini.h>

#include "common/base/buf.h"
#include "common/base/conf_value.h"
#include "common/base/daemon.h"
#include "common/base/secret.h"
#include "common/base/str.h"

#define LINE_MAX_BYTES 1000	/* one line of a file */
#define NAME_MAX_BYTES 48	/* inih cuts names of sections and keys at 49 */
#define FILE_MAX_BYTES (1024 * 1024)
#define KEYS_MAX 256		/* rows of one table */

struct parse {
	const struct conf_spec *spec;
	const char *file;	/* for errors */
	const char *rest;	/* text that inih has not seen */
	void *out;
	struct err *e;
	int line;
	bool failed;
	int seen_at[KEYS_MAX];	/* line of each key of the table, 0: none */
};

/* A row that describes a repeating section or free keys: checked by its type,
 * kept by conf_spec.any. */
static bool
is_pattern(const struct conf_key *k)
{
	return strchr(k->section, '*') != NULL || strcmp(k->name, "*") == 0;
}

static bool
section_fits(const struct conf_key *k, const char *section)
{
	const char *star = strchr(k->section, '*');
	size_t prefix = star != NULL ? (size_t)(star - k->section) : 0;

	if (star == NULL)
		return strcmp(k->section, section) == 0;
	return strncmp(k->section, section, prefix) == 0 && section[prefix] != '\0';
}

static const struct conf_key *
find_key(const struct conf_spec *spec, const char *section, const char *name)
{
	const struct conf_key *wild = NULL;

	for (size_t i = 0; i < spec->n_keys; i++) {
		const struct conf_key *k = &spec->keys[i];

		if (!section_fits(k, section))
			continue;
		if (strcmp(k->name, name) == 0)
			return k;
		if (strcmp(k->name, "*") == 0)
			wild = k;
	}
	return wild;
}

static int
fail_unknown(const struct conf_spec *spec, const char *section, const char *name, struct err *e)
{
	const char *near = NULL;
	unsigned best = 3;
	bool known = false;

	for (size_t i = 0; i < spec->n_keys; i++) {
		const struct conf_key *k = &spec->keys[i];
		unsigned d;

		if (!section_fits(k, section))
			continue;
		known = true;
		d = str_distance(name, k->name, best);
		if (d < best) {
			best = d;
			near = k->name;
		}
	}
	if (*section == '\0')
		return err_set(e, ERR_INPUT, "'%s' stands before any [section]", name);
	if (!known)
		return err_set(e, ERR_INPUT, "unknown section [%s]", section);
	if (near == NULL)
		return err_set(e, ERR_INPUT, "unknown key '%s' in [%s]", name, section);
	return err_set(e, ERR_INPUT, "unknown key '%s' in [%s]; did you mean '%s'?", name, section,
	    near);
}

static int
take_any(struct parse *p, const struct conf_key *row, const char *section, const char *name,
    const char *value)
{
	int taken;

	if (row != NULL && conf_value_check(row, value, p->e) != 0) {
		err_prefix(p->e, "%s", name);
		return -1;
	}
	taken = p->spec->any != NULL ? p->spec->any(p->out, section, name, value, p->e) : 1;
	if (taken == 1)
		return fail_unknown(p->spec, section, name, p->e);
	return taken;
}

static int
take_key(struct parse *p, const struct conf_key *k, const char *value)
{
	int *seen = &p->seen_at[k - p->spec->keys];

	if (*seen != 0)
		return err_set(p->e, ERR_INPUT, "%s is given twice, first in line %d", k->name, *seen);
	*seen = p->line;
	if (conf_value_read(k, value, p->out, p->e) != 0) {
		err_prefix(p->e, "%s", k->name);
		return -1;
	}
	return 0;
}

static int
fail_at(struct parse *p)
{
	p->failed = true;
	err_prefix(p->e, "%s:%d", p->file, p->line);
	return 0;	/* inih: stop */
}

static int
on_value(void *arg, const char *section, const char *name, const char *value)
{
	struct parse *p = arg;
	const struct conf_key *k;

	if (p->failed)
		return 0;
	if (*name == '\0') {
		err_set(p->e, ERR_INPUT, "no name before the '='");
		return fail_at(p);
	}
	if (strlen(value) > CONF_VALUE_MAX) {
		err_set(p->e, ERR_INPUT, "%s: value longer than %d bytes", name, CONF_VALUE_MAX);
		return fail_at(p);
	}
	k = find_key(p->spec, section, name);
	if (k == NULL || is_pattern(k)
	    ? take_any(p, k, section, name, value) != 0
	    : take_key(p, k, value) != 0)
		return fail_at(p);
	return 1;
}

/* "[name]", blanks around it allowed, nothing behind, and of a length that
 * inih keeps whole. */
static int
check_section_line(const char *line, size_t len, struct err *e)
{
	const char *end = memchr(line, ']', len);
	size_t name_len = end != NULL ? (size_t)(end - line - 1) : 0;

	if (end == NULL)
		return err_set(e, ERR_INPUT, "no ']' behind the name of the section");
	if (name_len == 0 || name_len > NAME_MAX_BYTES)
		return err_set(e, ERR_INPUT, "the name of a section has 1 to %d bytes",
		    NAME_MAX_BYTES);
	for (end++; end < line + len; end++)
		if (strchr(" \t\r\n", *end) == NULL)
			return err_set(e, ERR_INPUT, "text behind the name of the section");
	return 0;
}

static int
check_key_line(const char *line, size_t len, struct err *e)
{
	const char *eq = memchr(line, '=', len), *colon = memchr(line, ':', len);

	/* inih would also take "key: value"; one way to write it is enough. */
	if (eq == NULL || (colon != NULL && colon < eq))
		return err_set(e, ERR_INPUT, "expected 'name = value'");
	if (eq - line > NAME_MAX_BYTES)
		return err_set(e, ERR_INPUT, "the name of a key has 1 to %d bytes", NAME_MAX_BYTES);
	return 0;
}

/* What inih would cut, join or misread is an error here. */
static int
check_line(const char *line, size_t len, struct err *e)
{
	if (len > LINE_MAX_BYTES)
		return err_set(e, ERR_INPUT, "line longer than %d bytes", LINE_MAX_BYTES);
	if (!str_utf8_valid(line, len))
		return err_set(e, ERR_INPUT, "line is not UTF-8");
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)line[i] < 0x20 && strchr("\t\r\n", line[i]) == NULL) ||
		    (line[i] == '\r' && i + 1 < len && line[i + 1] != '\n') || line[i] == 0x7f)
			return err_set(e, ERR_INPUT, "control character in the line");
	while (len > 0 && strchr(" \t\r\n", *line) != NULL) {
		line++;
		len--;
	}
	if (len == 0 || *line == ';' || *line == '#')
		return 0;
	return *line == '[' ? check_section_line(line, len, e) : check_key_line(line, len, e);
}

static char *
read_line(char *line, int size, void *arg)
{
	struct parse *p = arg;
	size_t len = strcspn(p->rest, "\n");

	if (p->failed || *p->rest == '\0')
		return NULL;
	len += p->rest[len] == '\n';
	p->line++;
	if (check_line(p->rest, len, p->e) != 0) {
		fail_at(p);
		return NULL;
	}
	if (len >= (size_t)size) {
		err_set(p->e, ERR_SYSTEM, "line does not fit the buffer");
		fail_at(p);
		return NULL;
	}
	memcpy(line, p->rest, len);
	line[len] = '\0';
	p->rest += len;
	return line;
}

static int
apply_defaults(const struct conf_spec *spec, void *out, struct err *e)
{
	for (size_t i = 0; i < spec->n_keys; i++) {
		const struct conf_key *k = &spec->keys[i];

		if (is_pattern(k) || k->def == NULL)
			continue;
		if (conf_value_read(k, k->def, out, e) != 0) {
			err_prefix(e, "default of %s in [%s]", k->name, k->section);
			return -1;
		}
	}
	return 0;
}

static int
parse_lines(struct parse *p)
{
	const int keep = LINE_MAX_BYTES + 2;
	int rc;

	/* These are the packaged library's switches.  Set at every call:
	 * values may hold ';' and '#', and a line is a line. */
	ini_allow_inline_comments = false;
	ini_allow_multiline = false;
	ini_allow_no_value = false;
	ini_stop_on_first_error = true;
	ini_use_stack = false;
	ini_max_line = keep;
	ini_initial_alloc = keep;
	rc = ini_parse_stream(read_line, p, on_value, p);
	if (p->failed)
		return -1;
	if (rc < 0)
		return err_set(p->e, ERR_SYSTEM, "%s: out of memory", p->file);
	if (rc > 0)
		return err_set(p->e, ERR_INPUT, "%s:%d: expected 'name = value'", p->file, rc);
	return 0;
}

int
conf_parse(const struct conf_spec *spec, const char *name_for_errors, const char *text, void *out,
    struct err *e)
{
	struct err unused = ERR_INIT;
	struct parse p = { .spec = spec, .file = name_for_errors, .rest = text, .out = out,
		.e = e != NULL ? e : &unused };

	if (spec->n_keys > KEYS_MAX)
		return err_set(e, ERR_LIMIT, "table of more than %d settings", KEYS_MAX);
	/* A byte order mark is the first line's, not the first key's. */
	if (str_starts(p.rest, "\xef\xbb\xbf"))
		p.rest += 3;
	if (apply_defaults(spec, out, p.e) != 0 || parse_lines(&p) != 0)
		goto fail;
	if (spec->finish != NULL && spec->finish(out, p.e) != 0) {
		err_prefix(p.e, "%s:%d", name_for_errors, p.line > 0 ? p.line : 1);
		goto fail;
	}
	return 0;
fail:
	conf_free(spec, out);
	return -1;
}

static int
read_settings(const char *file, struct buf *text, struct err *e)
{
	char piece[4096];
	ssize_t n = 0;
	int fd = open(file, O_RDONLY | O_CLOEXEC), ret = -1;

	if (fd < 0)
		return err_errno(e, "%s:1: cannot open the settings", file);
	do {
		if (n > 0)
			buf_add(text, piece, (size_t)n);
		n = read(fd, piece, sizeof(piece));
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		err_errno(e, "%s:1: cannot read the settings", file);
	else if (!buf_ok(text))
		err_set(e, ERR_LIMIT, "%s:1: settings of more than %d bytes", file, FILE_MAX_BYTES);
	else if (strlen(buf_str(text)) != text->len)
		err_set(e, ERR_INPUT, "%s:1: NUL byte in the settings", file);
	else
		ret = 0;
	(void)close(fd);
	return ret;
}

int
conf_load(const struct conf_spec *spec, const char *file, void *out, struct err *e)
{
	struct buf text;
	int ret;

	buf_init(&text, FILE_MAX_BYTES);
	ret = read_settings(file, &text, e);
	if (ret == 0)
		ret = conf_parse(spec, file, buf_str(&text), out, e);
	buf_fini(&text);
	return ret;
}

void
conf_free(const struct conf_spec *spec, void *out)
{
	for (size_t i = 0; i < spec->n_keys; i++)
		if (!is_pattern(&spec->keys[i]))
			conf_value_free(&spec->keys[i], out);
}

/* Does the section of row `i` hold a key that the table keeps itself? */
static bool
section_is_printed(const struct conf_spec *spec, size_t i)
{
	for (size_t j = i; j < spec->n_keys; j++)
		if (strcmp(spec->keys[j].section, spec->keys[i].section) == 0 &&
		    !is_pattern(&spec->keys[j]))
			return true;
	return false;
}

/* Is row `i` the first of its section? */
static bool
opens_section(const struct conf_spec *spec, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (strcmp(spec->keys[j].section, spec->keys[i].section) == 0)
			return false;
	return true;
}

static void
for_each_in_section(const struct conf_spec *spec, const char *section,
    void (*fn)(const struct conf_key *k, const void *out, struct buf *b), const void *out,
    struct buf *b)
{
	for (size_t i = 0; i < spec->n_keys; i++)
		if (strcmp(spec->keys[i].section, section) == 0)
			fn(&spec->keys[i], out, b);
}

static void
print_key(const struct conf_key *k, const void *out, struct buf *b)
{
	if (!is_pattern(k))
		conf_value_print(k, out, b);
}

void
conf_print(const struct conf_spec *spec, const void *out, struct buf *b)
{
	for (size_t i = 0; i < spec->n_keys; i++) {
		if (!opens_section(spec, i) || !section_is_printed(spec, i))
			continue;
		buf_addf(b, "[%s]\n", spec->keys[i].section);
		for_each_in_section(spec, spec->keys[i].section, print_key, out, b);
	}
	if (spec->print_any != NULL)
		spec->print_any(out, b);
}

static void
help_key(const struct conf_key *k, const void *out, struct buf *b)
{
	(void)out;
	buf_addf(b, "  %-22s %-6s %s", k->name, conf_type_name(k->type), k->help);
	if (k->def != NULL)
		buf_addf(b, " [%s]", k->def);
	buf_addc(b, '\n');
}

void
conf_help(const struct conf_spec *spec, struct buf *b)
{
	for (size_t i = 0; i < spec->n_keys; i++) {
		if (!opens_section(spec, i))
			continue;
		buf_addf(b, "[%s]\n", spec->keys[i].section);
		for_each_in_section(spec, spec->keys[i].section, help_key, NULL, b);
	}
}

int
conf_secret_file(const char *path, size_t min_len, struct secret *out, struct err *e)
{
	unsigned char data[SECRET_MAX + 2];
	size_t len = 0;
	ssize_t n;
	int fd = daemon_open_private(path, e), ret = -1;

	if (fd < 0)
		return -1;
	while (len < sizeof(data) && (n = read(fd, data + len, sizeof(data) - len)) != 0) {
		if (n < 0 && errno != EINTR) {
			err_errno(e, "cannot read '%s'", path);
			goto out;
		}
		len += n > 0 ? (size_t)n : 0;
	}
	if (len > 0 && data[len - 1] == '\n')
		len--;
	if (len > SECRET_MAX)
		err_set(e, ERR_INPUT, "secret in '%s' is longer than %d bytes", path, SECRET_MAX);
	else if (len < min_len || len == 0)
		err_set(e, ERR_INPUT, "secret in '%s' is shorter than %zu bytes", path,
		    min_len > 0 ? min_len : 1);
	else
		ret = secret_set(out, data, len, e);
out:
	secret_cleanse(data, sizeof(data));
	(void)close(fd);
	return ret;
}
