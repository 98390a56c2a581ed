/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_rows: rows of values as text for people or JSON for machines, so that
 * no question of kithctl knows either.  Lists: a line each; in JSON an array
 * with one object a line.  Everything foreign is escaped here.
 */
#ifndef KITH_KITHD_REPORT_ROWS_H
#define KITH_KITHD_REPORT_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"

struct rows {
	struct buf *out;
	bool json;
	bool list;		/* several rows */
	size_t n;		/* rows begun */
	size_t fields;		/* in this row */
};

void rows_begin(struct rows *r, bool list);
void rows_end(struct rows *r);
void row_begin(struct rows *r);
void row_end(struct rows *r);
/* NULL: left out. */
void row_text(struct rows *r, const char *name, const char *value);
void row_int(struct rows *r, const char *name, int64_t value);
void row_bool(struct rows *r, const char *name, bool value);
/* 0 and before: left out. */
void row_time(struct rows *r, const char *name, int64_t wall_ms);
void row_hex(struct rows *r, const char *name, const void *bytes, size_t len);
/* A name that came from outside, as "tag.NAME". */
void row_named(struct rows *r, const char *prefix, const char *name, const char *value);
/* A list inside an object: JSON "name":[{...},...], text "name: ..." a line each. */
void row_list_begin(struct rows *r, const char *name);
void row_item_begin(struct rows *r, const char *name);
void row_item_end(struct rows *r);
void row_list_end(struct rows *r);

/* "2026-11-21T12:00:00Z"; "" for 0 and before. */
#define ROW_TIME 32
void row_time_text(char out[static ROW_TIME], int64_t wall_ms);
/* Between quotes, as JSON wants it. */
void row_json_text(struct buf *out, const char *s);

#endif
