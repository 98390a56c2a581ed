/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithctl_sheet: a reader of quoted fields for CSV, jansson for JSON.  A cell
 * that a spreadsheet would take for a formula is written as it is: whoever
 * opens the file may choose to read it as text.
 */
#include "config.h"

#include "kithd/kithctl_sheet.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/str.h"

struct sheet_file {
	FILE *csv;
	long bytes;
	size_t line;		/* of the next row */
	char row[SHEET_ROW_BYTES], head[SHEET_ROW_BYTES];
	size_t columns;
	const char *column[SHEET_COLUMNS];
	json_t *json;
	size_t at;
	char number[SHEET_COLUMNS][STR_DOUBLE];
};

/* ---- CSV ---- */

enum csv_end { CSV_FIELD, CSV_ROW, CSV_FILE, CSV_WRONG };

struct csv_reader {
	struct sheet_file *t;
	char *to, *end;
	const char *fault;
};

static int csv_get(struct sheet_file *t)
{
	int c = getc(t->csv);

	if (c == '\n')
		t->line++;
	return c;
}

static void csv_put(struct csv_reader *r, int c)
{
	if (r->to < r->end)
		*r->to++ = (char)c;
	else
		r->fault = "the row is longer than 64 KiB";
}

/* The second of two quotes is a quote; one alone ends the field. */
static int csv_quoted(struct csv_reader *r)
{
	int c;

	while ((c = csv_get(r->t)) != EOF) {
		if (c == '"' && (c = csv_get(r->t)) != '"')
			return c;
		if (c == '\0')
			r->fault = "it holds a NUL";
		csv_put(r, c);
	}
	r->fault = "a quote is not closed";
	return EOF;
}

static enum csv_end csv_field(struct csv_reader *r)
{
	int c = csv_get(r->t);

	if (c == '"')
		c = csv_quoted(r);
	while (c != ',' && c != '\n' && c != EOF) {
		int next;

		if (c == '\r') {
			next = csv_get(r->t);
			if (next == '\n' || next == EOF) {
				c = next;
				break;
			}
			csv_put(r, c);
			c = next;
			continue;
		}
		if (c == '"')
			r->fault = "a quote stands inside a field";
		if (c == '\0')
			r->fault = "it holds a NUL";
		csv_put(r, c);
		c = csv_get(r->t);
	}
	csv_put(r, '\0');
	return c == ',' ? CSV_FIELD : c == EOF ? CSV_FILE : CSV_ROW;
}

/* Fields of one row into `space`; how many, 0 at the end of the file. */
static size_t csv_row(struct sheet_file *t, char *space, const char **field, const char **fault)
{
	struct csv_reader r = { .t = t, .to = space, .end = space + SHEET_ROW_BYTES - 1 };
	enum csv_end end;
	size_t n = 0;
	int c = getc(t->csv);

	if (c == EOF)
		return 0;
	ungetc(c, t->csv);
	do {
		char *start = r.to;

		end = csv_field(&r);
		if (n < SHEET_COLUMNS)
			field[n] = start;
		else
			r.fault = "it has too many columns";
		n++;
	} while (end == CSV_FIELD);
	space[SHEET_ROW_BYTES - 1] = '\0';
	*fault = r.fault;
	return n > SHEET_COLUMNS ? SHEET_COLUMNS : n;
}

static int csv_open(struct sheet_file *t, struct err *e)
{
	const char *fault = NULL;

	t->line = 1;
	t->columns = csv_row(t, t->head, t->column, &fault);
	if (fault != NULL)
		return err_set(e, ERR_INPUT, "the first row: %s", fault);
	if (t->columns == 0)
		return err_set(e, ERR_INPUT, "the file is empty; its first row names the columns");
	/* Spreadsheets put a mark in front. */
	if (str_starts(t->column[0], "\xef\xbb\xbf"))
		t->column[0] += 3;
	return 0;
}

static int csv_next(struct sheet_file *t, struct sheet_row *row)
{
	const char *field[SHEET_COLUMNS];
	size_t n;

	row->line = t->line;
	n = csv_row(t, t->row, field, &row->fault);
	if (n == 0)
		return 0;
	row->n = 0;
	if (n == 1 && field[0][0] == '\0' && row->fault == NULL)
		return csv_next(t, row);	/* an empty line */
	if (row->fault == NULL && n != t->columns)
		row->fault = "it has another number of columns than the first row";
	for (size_t i = 0; row->fault == NULL && i < n; i++) {
		row->cell[row->n].name = t->column[i];
		row->cell[row->n].value = field[i];
		row->cell[row->n++].is_num = false;
	}
	return 1;
}

/* ---- JSON ---- */

static int json_open(struct sheet_file *t, const char *path, struct err *e)
{
	json_error_t why;

	t->json = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
	if (t->json == NULL)
		return err_set(e, ERR_INPUT, "%s:%d: %s", path, why.line, why.text);
	if (!json_is_array(t->json))
		return err_set(e, ERR_INPUT, "%s is not an array of objects", path);
	return 0;
}

static const char *json_cell(struct sheet_file *t, const json_t *v, size_t i, bool *is_num)
{
	*is_num = json_is_number(v);
	if (json_is_string(v))
		return json_string_value(v);
	if (json_is_boolean(v))
		return json_is_true(v) ? "true" : "false";
	if (!*is_num)
		return NULL;
	if (json_is_integer(v))
		(void)snprintf(t->number[i], STR_DOUBLE, "%lld", (long long)json_integer_value(v));
	else
		str_from_double(t->number[i], json_real_value(v));
	return t->number[i];
}

static int json_next(struct sheet_file *t, struct sheet_row *row)
{
	json_t *object = json_array_get(t->json, t->at++), *value;
	const char *name;

	if (object == NULL)
		return 0;
	row->line = t->at;
	row->n = 0;
	row->fault = json_is_object(object) ? NULL : "it is no object";
	json_object_foreach(object, name, value) {
		size_t i = row->n;

		if (row->fault != NULL || json_is_null(value))
			continue;
		if (i == SHEET_COLUMNS) {
			row->fault = "it has too many members";
			continue;
		}
		row->cell[i].name = name;
		row->cell[i].value = json_cell(t, value, i, &row->cell[i].is_num);
		if (row->cell[i].value == NULL)
			row->fault = "its values are texts, numbers and booleans only";
		row->n++;
	}
	return 1;
}

/* ---- files ---- */

static bool ends_in(const char *path, const char *end)
{
	size_t n = strlen(path), m = strlen(end);

	return n > m && str_case_eq(path + n - m, end);
}

int sheet_open(struct sheet_file **out, const char *path, struct err *e)
{
	struct sheet_file *t = calloc(1, sizeof(*t));
	struct stat st;
	int rc;

	if (t == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	t->csv = fopen(path, "rb");
	if (t->csv == NULL)
		rc = err_errno(e, "cannot open '%s'", path);
	else if (fstat(fileno(t->csv), &st) != 0 || st.st_size > SHEET_FILE_BYTES)
		rc = err_set(e, ERR_LIMIT, "'%s' is longer than 512 MiB", path);
	else if (ends_in(path, ".json"))
		rc = json_open(t, path, e);
	else if (ends_in(path, ".csv"))
		rc = csv_open(t, e);
	else
		rc = err_set(e, ERR_INPUT, "'%s' must end in .csv or .json", path);
	if (rc != 0) {
		sheet_close(&t);
		return -1;
	}
	t->bytes = (long)st.st_size;
	*out = t;
	return 0;
}

void sheet_close(struct sheet_file **tp)
{
	struct sheet_file *t = *tp;

	if (t == NULL)
		return;
	*tp = NULL;
	if (t->csv != NULL)
		fclose(t->csv);
	json_decref(t->json);
	free(t);
}

int sheet_next(struct sheet_file *t, struct sheet_row *row, struct err *e)
{
	if (t->json != NULL)
		return json_next(t, row);
	if (ferror(t->csv) != 0)
		return err_errno(e, "cannot read the file");
	return csv_next(t, row);
}

void sheet_progress(const struct sheet_file *t, int64_t *done, int64_t *all)
{
	*done = t->json != NULL ? (int64_t)t->at : ftell(t->csv);
	*all = t->json != NULL ? (int64_t)json_array_size(t->json) : t->bytes;
}

/* ---- writing ---- */

static void csv_cell(FILE *to, const char *text)
{
	if (text[strcspn(text, ",\"\r\n")] == '\0') {
		fputs(text, to);
		return;
	}
	putc('"', to);
	for (; *text != '\0'; text++) {
		if (*text == '"')
			putc('"', to);
		putc(*text, to);
	}
	putc('"', to);
}

/* "str:SN" is the column SN unless that is a name of ours. */
void sheet_csv_head(FILE *to, const char *const *columns, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			putc(',', to);
		csv_cell(to, columns[i]);
	}
	fputs("\r\n", to);
}

void sheet_csv_row(FILE *to, const struct record *r, const char *const *columns, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *v = record_get(r, columns[i]);

		if (i > 0)
			putc(',', to);
		if (v != NULL)
			csv_cell(to, v);
	}
	fputs("\r\n", to);
}

void sheet_json_row(FILE *to, const struct record *r, bool first)
{
	json_t *o = json_object();
	char *text;

	for (size_t i = 0; i < r->n; i++)
		json_object_set_new(o, r->field[i].name, json_string(r->field[i].value));
	text = json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER);
	fprintf(to, "%s%s", first ? "[\n" : ",\n", text != NULL ? text : "{}");
	free(text);
	json_decref(o);
}

void sheet_json_end(FILE *to, bool empty)
{
	fputs(empty ? "[]\n" : "\n]\n", to);
}
