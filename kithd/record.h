/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record: one row of names and values on one line of the control socket:
 * NAME=VALUE parted by tabs, with %XX for what would end a word.  kithd and
 * kithctl speak it with each other; CSV and JSON are kithctl's affair
 * (kithctl_sheet.h).
 */
#ifndef KITH_KITHD_RECORD_H
#define KITH_KITHD_RECORD_H

#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/pool.h"

#define RECORD_FIELDS 96	/* addresses, owner, name and 64 tags */

struct record {
	size_t n;
	struct { const char *name, *value; } field[RECORD_FIELDS];
};

/* Add a field to a line; NULL values are left out. */
void record_add(struct buf *out, const char *name, const char *value);
/* Read a line; -1: too many fields, or no record. */
int record_read(struct record *r, struct pool *pool, const char *line);
/* NULL: absent. */
const char *record_get(const struct record *r, const char *name);

#endif
