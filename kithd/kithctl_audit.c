/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithctl_audit: the record of what happened into a file, and a file checked
 * without any kithd: each row's hash, that none is missing or moved, and, if
 * the reader noted one elsewhere, that the chain holds that hash.  Also the
 * dump, whose lines are sorted here so that kithd need not.
 */
#include "config.h"

#include "kithd/kithctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/hash.h"
#include "common/base/str.h"
#include "common/store/audit_check.h"
#include "kithd/kithctl_talk.h"

#define LINE_MAX_BYTES (16 * AUDIT_TEXT * 6)

/* ---- a line of JSON, in the form that kithd writes ---- */

struct reader {
	char *at;
	const char *why;
};

static bool take(struct reader *r, const char *text)
{
	if (!str_starts(r->at, text))
		return false;
	r->at += strlen(text);
	return true;
}

static int bad(struct reader *r, const char *why)
{
	r->why = why;
	return -1;
}

/* \uXXXX of a control character, or of U+FFFD. */
static int unescape_code(struct reader *r, char **to)
{
	uint8_t b[2];
	char hex[5];

	memcpy(hex, r->at, 4);
	hex[4] = '\0';
	if (strlen(hex) != 4 || str_unhex(b, 2, hex) != 0)
		return bad(r, "a malformed escape");
	if (b[0] == 0xFF && b[1] == 0xFD) {
		memcpy(*to, "\xEF\xBF\xBD", 3);
		*to += 3;
	} else if (b[0] == 0 && b[1] != 0 && b[1] < 0x80) {
		*(*to)++ = (char)b[1];
	} else {
		return bad(r, "an escape that kithd does not write");
	}
	r->at += 4;
	return 0;
}

/* In place: what is escaped is never shorter than what it stands for. */
static int read_text(struct reader *r, const char **out)
{
	char *to = r->at + 1;

	if (!take(r, "\""))
		return bad(r, "a text is missing");
	*out = to;
	while (*r->at != '"') {
		if (*r->at == '\0')
			return bad(r, "a text does not end");
		if (*r->at != '\\') {
			*to++ = *r->at++;
			continue;
		}
		r->at++;
		if (take(r, "u")) {
			if (unescape_code(r, &to) != 0)
				return -1;
		} else if (*r->at == '"' || *r->at == '\\') {
			*to++ = *r->at++;
		} else {
			return bad(r, "an unknown escape");
		}
	}
	r->at++;
	*to = '\0';
	return 0;
}

static int read_number(struct reader *r, int64_t *out)
{
	char digits[24];
	size_t n = strspn(r->at, "-0123456789");

	if (n == 0 || n >= sizeof(digits))
		return bad(r, "a number is missing");
	memcpy(digits, r->at, n);
	digits[n] = '\0';
	r->at += n;
	return str_to_int(digits, INT64_MIN, INT64_MAX, out) == 0 ? 0 :
	    bad(r, "a malformed number");
}

static int number_field(struct reader *r, const char *name, int64_t *out)
{
	char key[32];

	snprintf(key, sizeof(key), "\"%s\":", name);
	(void)take(r, ",");
	return take(r, key) ? read_number(r, out) : bad(r, "a field is missing");
}

static int text_field(struct reader *r, const char *name, const char **out)
{
	char key[32];

	snprintf(key, sizeof(key), ",\"%s\":", name);
	*out = NULL;
	return take(r, key) ? read_text(r, out) : 0;
}

static int hex_field(struct reader *r, const char *name, uint8_t *out, size_t len, bool *there)
{
	const char *text;

	if (text_field(r, name, &text) != 0)
		return -1;
	*there = text != NULL;
	return text == NULL || str_unhex(out, len, text) == 0 ? 0 : bad(r, "malformed hex");
}

static int read_row(struct reader *r, struct audit_row *out)
{
	int64_t what, epoch;
	const char *name;
	bool has_hash;

	memset(out, 0, sizeof(*out));
	if (!take(r, "{") || number_field(r, "row", &out->row) != 0 ||
	    number_field(r, "at", &out->at_ms) != 0 ||
	    number_field(r, "since", &out->since_ms) != 0 ||
	    number_field(r, "count", &out->count) != 0 || number_field(r, "what", &what) != 0 ||
	    text_field(r, "name", &name) != 0 ||
	    hex_field(r, "thing", out->thing, sizeof(out->thing), &out->has_thing) != 0 ||
	    number_field(r, "epoch", &epoch) != 0 ||
	    text_field(r, "owner", &out->event.owner) != 0 ||
	    text_field(r, "actor", &out->event.actor) != 0 ||
	    text_field(r, "object", &out->event.object) != 0 ||
	    text_field(r, "detail", &out->event.detail) != 0 ||
	    hex_field(r, "hash", out->hash, sizeof(out->hash), &has_hash) != 0)
		return bad(r, r->why != NULL ? r->why : "not a row");
	if (!has_hash || strcmp(r->at, "}") != 0)
		return bad(r, "not a row of `kithctl audit export`");
	/* The name is for people; the number is what the hash covers. */
	if (name == NULL || strcmp(name, audit_what_name((enum audit_what)what)) != 0)
		return bad(r, "the name of what happened does not fit its number");
	out->event.what = (enum audit_what)what;
	out->event.epoch = (uint64_t)epoch;
	out->event.thing = out->has_thing ? out->thing : NULL;
	return 0;
}

static int read_start(struct reader *r, struct audit_check *c)
{
	uint8_t hash[AUDIT_HASH];
	int64_t row;
	bool there;

	if (!take(r, "{\"form\":\"kith-audit-1\"") || number_field(r, "row", &row) != 0 ||
	    hex_field(r, "hash", hash, sizeof(hash), &there) != 0 || !there ||
	    strcmp(r->at, "}") != 0)
		return bad(r, "it does not begin as `kithctl audit export` writes it");
	audit_check_start(c, row, hash);
	return 0;
}

/* ---- verify ---- */

struct verification {
	struct audit_check check;
	const char *head;	/* noted elsewhere; NULL: none */
	bool head_seen;
	int64_t line;
};

static int verify_line(struct verification *v, char *line, struct err *e)
{
	struct reader r = { .at = line };
	struct audit_row row;
	char hex[2 * AUDIT_HASH + 1];

	v->line++;
	if (v->line == 1 ? read_start(&r, &v->check) != 0 : read_row(&r, &row) != 0)
		return err_set(e, ERR_INPUT, "line %lld: %s", (long long)v->line, r.why);
	if (v->line > 1 && audit_check_row(&v->check, &row, e) != 0)
		return -1;
	str_hex(hex, v->check.hash, AUDIT_HASH);
	if (v->head != NULL && str_case_eq(hex, v->head))
		v->head_seen = true;
	return 0;
}

static int verify_end(const struct verification *v, struct err *e)
{
	if (v->line == 0)
		return err_set(e, ERR_INPUT, "it is empty");
	if (audit_check_end(&v->check, e) != 0)
		return -1;
	if (v->head != NULL && !v->head_seen)
		return err_set(e, ERR_INPUT, "no row has the hash %.64s: rows behind it were "
		    "removed, or this is another record", v->head);
	return 0;
}

static int verify_file(FILE *f, struct verification *v, struct err *e)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int ret = 0;

	while (ret == 0 && (n = getline(&line, &cap, f)) > 0) {
		if (n > LINE_MAX_BYTES || strlen(line) != (size_t)n || line[n - 1] != '\n') {
			ret = err_set(e, ERR_INPUT, "line %lld is no whole line of text",
			    (long long)v->line + 1);
			break;
		}
		line[n - 1] = '\0';
		ret = verify_line(v, line, e);
	}
	free(line);
	return ret != 0 ? ret : verify_end(v, e);
}

static int verify(int argc, char **argv)
{
	struct verification v = { 0 };
	struct err e = ERR_INIT;
	char hex[2 * AUDIT_HASH + 1];
	FILE *f;
	int ret;

	if (argc == 3 && strcmp(argv[1], "--head") == 0)
		v.head = argv[2];
	else if (argc != 1)
		return kithctl_fail("audit verify", "say: audit verify FILE [--head HASH]");
	f = fopen(argv[0], "re");
	if (f == NULL)
		return kithctl_fail(argv[0], strerror(errno));
	ret = verify_file(f, &v, &e);
	fclose(f);
	if (ret != 0) {
		fprintf(stderr, "kithctl: %s does not verify: %s\n", argv[0], e.text);
		return KITHCTL_NO;
	}
	str_hex(hex, v.check.hash, AUDIT_HASH);
	printf("%s: rows %lld to %lld are as they were written\nhead %s\n", argv[0],
	    (long long)v.check.start_row + 1, (long long)v.check.row, hex);
	return KITHCTL_OK;
}

/* ---- export ---- */

static int write_part(void *arg, const char *line)
{
	FILE *f = arg;

	if (line[0] != '=')
		return 0;
	return fprintf(f, "%s\n", line + 1) >= 0 ? 0 : kithctl_fail("export", strerror(errno));
}

static int ask_export(const char *socket, FILE *f)
{
	struct kithctl_ask q = { .socket = socket, .part = write_part, .arg = f, .keep = true };
	int status = kithctl_ask_line(&q, "audit\texport");

	if (status == KITHCTL_OK && fputs(buf_str(&q.text), f) < 0)
		status = kithctl_fail("export", strerror(errno));
	else if (status != KITHCTL_OK)
		fputs(buf_str(&q.text), stderr);
	kithctl_ask_end(&q);
	return status;
}

/* It names people and what they did: for its owner's eyes. */
static int export(const char *socket, int argc, char **argv)
{
	int status, fd;
	FILE *f;

	if (argc != 1)
		return kithctl_fail("audit export", "say: audit export FILE");
	fd = open(argv[0], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	if (f == NULL)
		return kithctl_fail(argv[0], strerror(errno));
	status = ask_export(socket, f);
	if (fflush(f) != 0 || fsync(fd) != 0)
		status = kithctl_fail(argv[0], strerror(errno));
	if (fclose(f) != 0)
		status = kithctl_fail(argv[0], strerror(errno));
	if (status != KITHCTL_OK) {
		(void)unlink(argv[0]);
		return status;
	}
	printf("written; check it at any time and place: kithctl audit verify %s\n", argv[0]);
	return KITHCTL_OK;
}

int kithctl_audit(const char *socket, int argc, char **argv)
{
	if (strcmp(argv[1], "verify") == 0)
		return verify(argc - 2, argv + 2);
	return export(socket, argc - 2, argv + 2);
}

/* ---- dump ---- */

struct lines {
	char **line;
	size_t n, cap;
};

static int keep_line(struct lines *l, const char *line)
{
	if (l->n == l->cap) {
		size_t cap = l->cap > 0 ? 2 * l->cap : 1024;
		char **grown = reallocarray(l->line, cap, sizeof(*grown));

		if (grown == NULL)
			return kithctl_fail("dump", "out of memory");
		l->line = grown;
		l->cap = cap;
	}
	l->line[l->n] = strdup(line);
	return l->line[l->n++] != NULL ? 0 : kithctl_fail("dump", "out of memory");
}

static int keep_part(void *arg, const char *line)
{
	return line[0] == '=' ? keep_line(arg, line + 1) : 0;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void say_lines(const struct lines *l, bool only_hash)
{
	uint8_t out[HASH_BYTES];
	char hex[2 * HASH_BYTES + 1];
	struct hash h;

	hash_start(&h, "kith-dump-1");
	for (size_t i = 0; i < l->n; i++) {
		hash_text(&h, l->line[i]);
		if (!only_hash)
			puts(l->line[i]);
	}
	hash_end(&h, out);
	str_hex(hex, out, sizeof(out));
	if (only_hash)
		puts(hex);
}

static int ask_dump(const char *socket, struct lines *l)
{
	struct kithctl_ask q = { .socket = socket, .part = keep_part, .arg = l, .keep = true };
	int status = kithctl_ask_line(&q, "dump\t--canonical");
	char *rest, *line, *all;

	if (status != KITHCTL_OK)
		fputs(buf_str(&q.text), stderr);
	all = rest = strdup(buf_str(&q.text));
	while (status == KITHCTL_OK && (line = strsep(&rest, "\n")) != NULL)
		if (line[0] != '\0' && keep_line(l, line) != 0)
			status = KITHCTL_ERROR;
	free(all);
	kithctl_ask_end(&q);
	return status;
}

int kithctl_dump(const char *socket, int argc, char **argv)
{
	bool canonical = false, hash = false;
	struct lines l = { 0 };
	int status;

	for (int i = 1; i < argc; i++) {
		canonical = canonical || strcmp(argv[i], "--canonical") == 0;
		hash = hash || strcmp(argv[i], "--hash") == 0;
	}
	if (!canonical || argc != 2 + hash)
		return kithctl_fail("dump", "say: dump --canonical [--hash]");
	status = ask_dump(socket, &l);
	if (status == KITHCTL_OK) {
		qsort(l.line, l.n, sizeof(*l.line), by_bytes);
		say_lines(&l, hash);
	}
	for (size_t i = 0; i < l.n; i++)
		free(l.line[i]);
	free(l.line);
	return status;
}
