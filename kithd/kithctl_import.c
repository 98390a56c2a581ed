/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithctl_import: a list of things, a row at a time, to a running kithd and
 * into FILE.report, what became of each.  A few rows share a commit, so that
 * kithd answers others between them, and a list that was interrupted goes on
 * with --resume where the report ends.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/str.h"
#include "kithd/kithctl_sheet.h"
#include "kithd/kithctl_talk.h"

#define LINE_BYTES (60 * 1024)	/* of the control socket */
#define ROW_BYTES 4000
#define ROWS_AT_ONCE 32		/* one commit, and the time others wait */

/* Columns that are not tags; the second kind is written by export and has no
 * meaning here. */
static const char *const columns[] = {
	"jid", "node", "source", "partition", "owner", "name", "public", "claim", NULL
};
static const char *const ignored[] = { "state", "id", "epoch", "online", "seen", "since", NULL };

struct import {
	const char *path;
	bool dry, resume;
	struct kithctl_ask ask;
	struct sheet_file *sheet;
	FILE *report;
	unsigned char *done;	/* a bit a line: the report says it is in */
	size_t done_bits;
	size_t good, bad, skipped;
	struct buf line;	/* rows that wait to be sent */
	size_t waiting[ROWS_AT_ONCE];	/* their lines in the file */
	size_t n_waiting;
};

static bool is_among(const char *const *names, const char *name)
{
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

/* ---- the report ---- */

static void note_done(struct import *im, size_t line)
{
	size_t need = line / 8 + 1;

	if (need > im->done_bits) {
		unsigned char *more = realloc(im->done, need * 2);

		if (more == NULL)
			return;
		memset(more + im->done_bits, 0, need * 2 - im->done_bits);
		im->done = more;
		im->done_bits = need * 2;
	}
	im->done[line / 8] |= (unsigned char)(1u << line % 8);
}

static bool is_done(const struct import *im, size_t line)
{
	return line / 8 < im->done_bits && (im->done[line / 8] >> line % 8 & 1) != 0;
}

/* Lines that are whole and say ok; the last one may be half. */
static void read_report(struct import *im, const char *path)
{
	FILE *f = fopen(path, "r");
	char text[8192], *end;

	while (f != NULL && fgets(text, sizeof(text), f) != NULL) {
		unsigned long line = strtoul(text, &end, 10);

		if (strchr(text, '\n') != NULL && line > 0 && line < SHEET_FILE_BYTES &&
		    strncmp(end, "\tok\t", 4) == 0)
			note_done(im, line);
	}
	if (f != NULL)
		fclose(f);
}

static int open_report(struct import *im)
{
	size_t size = strlen(im->path) + sizeof(".report");
	char *path = malloc(size);
	int fd;

	if (path == NULL)
		return kithctl_fail(im->path, "out of memory");
	(void)snprintf(path, size, "%s.report", im->path);
	if (im->resume)
		read_report(im, path);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC |
	    (im->resume ? 0 : O_TRUNC), 0600);
	im->report = fd < 0 ? NULL : fdopen(fd, "a");
	if (im->report == NULL)
		(void)kithctl_fail(path, strerror(errno));
	/* Behind half a line. */
	else if (im->resume)
		fputc('\n', im->report);
	free(path);
	return im->report == NULL ? KITHCTL_ERROR : KITHCTL_OK;
}

static void say(struct import *im, size_t line, bool good, const char *words)
{
	size_t len = strcspn(words, "\n");

	if (good)
		im->good++;
	else
		im->bad++;
	if (im->report != NULL) {
		fprintf(im->report, "%zu\t%s\t%.*s\n", line, good ? "ok" : "error", (int)len, words);
		fflush(im->report);
	}
	if (im->dry || !good) {
		kithctl_bar_end();
		printf("%s:%zu: %s%.*s\n", im->path, line, good ? "" : "error: ", (int)len, words);
	}
}

/* ---- rows ---- */

static void add_cell(struct buf *line, const char *name, const char *value, bool is_num)
{
	char tag[512];

	if (is_among(columns, name) || str_starts(name, "str:") || str_starts(name, "num:")) {
		record_add(line, name, value);
	} else if (!is_among(ignored, name)) {
		(void)snprintf(tag, sizeof(tag), "%s:%s", is_num ? "num" : "str",
		    str_starts(name, "tag:") ? name + 4 : name);
		record_add(line, tag, value);
	}
}

/* "ok WORDS" or "error WORDS", one a line. */
static void take_answers(struct import *im)
{
	char *rest = im->ask.text.data, *line;

	for (size_t i = 0; i < im->n_waiting; i++) {
		line = rest != NULL ? strsep(&rest, "\n") : NULL;
		if (line != NULL && str_starts(line, "ok "))
			say(im, im->waiting[i], true, line + 3);
		else
			say(im, im->waiting[i], false, line != NULL && str_starts(line, "error ") ?
			    line + 6 : "kithd did not say what became of it");
	}
}

/* 0: kithd has answered, whatever; -1: it cannot be asked. */
static int send_waiting(struct import *im)
{
	int status;

	if (im->n_waiting == 0)
		return 0;
	status = kithctl_ask_line(&im->ask, buf_str(&im->line));
	/* Without an answer nothing is known of these rows. */
	if (status == KITHCTL_ERROR && im->ask.text.len == 0)
		return -1;
	if (status == KITHCTL_OK)
		take_answers(im);
	else
		for (size_t i = 0; i < im->n_waiting; i++)
			say(im, im->waiting[i], false, buf_str(&im->ask.text));
	im->n_waiting = 0;
	buf_reset(&im->line);
	return 0;
}

static int send_row(struct import *im, const struct sheet_row *row)
{
	struct buf cells;
	int rc = 0;

	buf_init(&cells, ROW_BYTES);
	for (size_t i = 0; i < row->n; i++)
		if (row->cell[i].value[0] != '\0')
			add_cell(&cells, row->cell[i].name, row->cell[i].value,
			    row->cell[i].is_num);
	if (!buf_ok(&cells)) {
		rc = send_waiting(im);
		say(im, row->line, false, "the row is too long");
	} else {
		if (im->n_waiting == ROWS_AT_ONCE ||
		    im->line.len + cells.len + ROW_BYTES > LINE_BYTES)
			rc = send_waiting(im);
		buf_adds(&im->line, im->n_waiting > 0 ? "\trow\t" : im->dry ?
		    "import\tdry\trows\t" : "import\trows\t");
		buf_adds(&im->line, buf_str(&cells));
		im->waiting[im->n_waiting++] = row->line;
	}
	buf_fini(&cells);
	return rc;
}

static int run(struct import *im)
{
	struct err e = ERR_INIT;
	struct sheet_row row = { 0 };
	int64_t done, all;
	int got;

	while ((got = sheet_next(im->sheet, &row, &e)) == 1) {
		sheet_progress(im->sheet, &done, &all);
		kithctl_bar(done, all);
		if (is_done(im, row.line)) {
			im->skipped++;
			continue;
		}
		if (row.fault != NULL && send_waiting(im) == 0)
			say(im, row.line, false, row.fault);
		else if (row.fault != NULL || send_row(im, &row) != 0)
			return KITHCTL_ERROR;
	}
	if (send_waiting(im) != 0)
		return KITHCTL_ERROR;
	kithctl_bar_end();
	if (got == -1)
		return kithctl_fail(im->path, e.text);
	printf("%zu rows %s, %zu with errors, %zu done before\n", im->good, im->dry ?
	    "would be taken" : "taken", im->bad, im->skipped);
	return im->bad > 0 ? KITHCTL_NO : KITHCTL_OK;
}

static int parse(struct import *im, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "dry-run", no_argument, NULL, 'n' }, { "resume", no_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "nr", longs, NULL)) != -1) {
		if (c != 'n' && c != 'r')
			return KITHCTL_ERROR;
		im->dry = im->dry || c == 'n';
		im->resume = im->resume || c == 'r';
	}
	if (argc - optind != 1)
		return kithctl_fail("import", "say: kithctl import FILE.csv|FILE.json [--dry-run] "
		    "[--resume]");
	im->path = argv[optind];
	return KITHCTL_OK;
}

int kithctl_import(const char *socket, int argc, char **argv)
{
	struct import im = { .ask = { .socket = socket, .keep = true } };
	struct err e = ERR_INIT;
	int status = parse(&im, argc, argv);

	if (status != KITHCTL_OK)
		return status;
	buf_init(&im.line, LINE_BYTES);
	if (sheet_open(&im.sheet, im.path, &e) != 0)
		return kithctl_fail(im.path, e.text);
	if (!im.dry)
		status = open_report(&im);
	if (status == KITHCTL_OK)
		status = run(&im);
	if (im.report != NULL && fclose(im.report) != 0)
		status = kithctl_fail("the report", strerror(errno));
	sheet_close(&im.sheet);
	kithctl_ask_end(&im.ask);
	buf_fini(&im.line);
	free(im.done);
	return status;
}
