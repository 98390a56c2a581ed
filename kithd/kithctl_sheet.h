/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithctl_sheet: rows of names and values from and to files that other people
 * make: CSV (RFC 4180, the first row names the columns) and JSON (an array of
 * flat objects).  It knows no column: kithctl_import.c.
 */
#ifndef KITH_KITHD_KITHCTL_SHEET_H
#define KITH_KITHD_KITHCTL_SHEET_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/base/err.h"
#include "kithd/record.h"

#define SHEET_COLUMNS RECORD_FIELDS
#define SHEET_ROW_BYTES (64 * 1024)
#define SHEET_FILE_BYTES (512L * 1024 * 1024)

struct sheet_row {
	size_t line;		/* where it begins; of JSON: its number */
	size_t n;
	struct { const char *name, *value; bool is_num; } cell[SHEET_COLUMNS];
	const char *fault;	/* it cannot be read; the next one may be fine */
};

struct sheet_file;

/* By the end of its name, .csv or .json. */
int sheet_open(struct sheet_file **out, const char *path, struct err *e);
void sheet_close(struct sheet_file **t);
/* 1 a row (good until the next), 0 the end, -1 the file is no table any more. */
int sheet_next(struct sheet_file *t, struct sheet_row *row, struct err *e);
/* For a bar: bytes or rows, read and all. */
void sheet_progress(const struct sheet_file *t, int64_t *done, int64_t *all);

/* One row out of many; `columns` are the names in order. */
void sheet_csv_head(FILE *to, const char *const *columns, size_t n);
void sheet_csv_row(FILE *to, const struct record *r, const char *const *columns, size_t n);
/* `first`: the row before which the array begins. */
void sheet_json_row(FILE *to, const struct record *r, bool first);
void sheet_json_end(FILE *to, bool empty);

#endif
