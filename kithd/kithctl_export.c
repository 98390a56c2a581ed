/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithctl_export: the things, rules or owners of a running kithd as a table
 * that kithctl import and other programs read.  CSV names its columns first,
 * so all rows are kept until the last has come.
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "kithd/kithctl_sheet.h"
#include "kithd/kithctl_talk.h"

#define COLUMNS_MAX 4096
#define ROW_POOL (1024 * 1024)

struct export {
	bool json;
	size_t n, cap;
	char **row;
	size_t n_columns;
	char *column[COLUMNS_MAX];
	size_t rows_written;
};

static int add_column(struct export *x, const char *name)
{
	for (size_t i = 0; i < x->n_columns; i++)
		if (strcmp(x->column[i], name) == 0)
			return 0;
	if (x->n_columns == COLUMNS_MAX)
		return -1;
	x->column[x->n_columns] = strdup(name);
	return x->column[x->n_columns++] == NULL ? -1 : 0;
}

static int keep_row(struct export *x, const struct record *r, const char *line)
{
	for (size_t i = 0; i < r->n; i++)
		if (add_column(x, r->field[i].name) != 0)
			return kithctl_fail("export", "too many columns; try --json");
	if (x->n == x->cap) {
		char **more = reallocarray(x->row, x->cap * 2 + 64, sizeof(*more));

		if (more == NULL)
			return kithctl_fail("export", "out of memory");
		x->row = more;
		x->cap = x->cap * 2 + 64;
	}
	x->row[x->n] = strdup(line);
	return x->row[x->n++] == NULL ? kithctl_fail("export", "out of memory") : 0;
}

static int take_row(void *arg, const char *line)
{
	struct export *x = arg;
	struct record r;
	struct pool pool;
	int rc = 0;

	if (!str_starts(line, "row\t"))
		return 0;
	pool_init(&pool, ROW_POOL);
	if (record_read(&r, &pool, line + 4) != 0)
		rc = kithctl_fail("kithd's answer", "it holds no row");
	else if (x->json)
		sheet_json_row(stdout, &r, x->rows_written++ == 0);
	else
		rc = keep_row(x, &r, line + 4);
	pool_fini(&pool);
	return rc == 0 ? 0 : -1;
}

static void write_csv(const struct export *x)
{
	struct record r;
	struct pool pool;

	sheet_csv_head(stdout, (const char *const *)x->column, x->n_columns);
	pool_init(&pool, ROW_POOL);
	for (size_t i = 0; i < x->n; i++) {
		pool_reset(&pool);
		if (record_read(&r, &pool, x->row[i]) == 0)
			sheet_csv_row(stdout, &r, (const char *const *)x->column, x->n_columns);
	}
	pool_fini(&pool);
}

static void tidy(struct export *x)
{
	for (size_t i = 0; i < x->n; i++)
		free(x->row[i]);
	for (size_t i = 0; i < x->n_columns; i++)
		free(x->column[i]);
	free(x->row);
}

int kithctl_export(const char *socket, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "csv", no_argument, NULL, 'c' }, { "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 }
	};
	static struct export x;
	struct kithctl_ask q = { .socket = socket, .part = take_row, .arg = &x, .keep = true };
	char *words[] = { argv[0], NULL };
	int c, status;

	optind = 0;
	while ((c = getopt_long(argc, argv, "cj", longs, NULL)) != -1) {
		if (c != 'c' && c != 'j')
			return KITHCTL_ERROR;
		x.json = c == 'j';
	}
	if (argc - optind != 1)
		return kithctl_fail("export", "say: kithctl export things|rules|owners "
		    "[--csv|--json]");
	words[1] = argv[optind];
	status = kithctl_ask(&q, 2, words);
	if (status == KITHCTL_ERROR && q.text.len > 0)
		fprintf(stderr, "kithctl: %s", buf_str(&q.text));
	if (status == KITHCTL_OK && x.json)
		sheet_json_end(stdout, x.rows_written == 0);
	else if (status == KITHCTL_OK)
		write_csv(&x);
	if (status == KITHCTL_OK && (fflush(stdout) != 0 || ferror(stdout) != 0))
		status = kithctl_fail("export", "cannot write it");
	tidy(&x);
	kithctl_ask_end(&q);
	return status;
}
