/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_count: decisions counted in memory until they become rows.  All its
 * memory is taken at birth: counting allocates nothing and cannot fail.  It
 * knows no store.  Read next: audit.c.
 */
#ifndef KITH_STORE_AUDIT_COUNT_H
#define KITH_STORE_AUDIT_COUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/store/audit.h"

#define AUDIT_COUNTS 4096	/* different decisions that may wait for their row */
#define AUDIT_COUNT_TEXT 384	/* bytes of owner, actor and object together */

struct audit_counts;

struct audit_counted {
	struct audit_event event;	/* points into this struct */
	uint64_t hash;
	int64_t first_ms, last_ms;
	int64_t count, noted;		/* noted: in rows of the open transaction */
	bool used;
	uint8_t thing[16];
	char text[AUDIT_COUNT_TEXT];
};

int audit_counts_new(struct audit_counts **out, struct err *e);
void audit_counts_free(struct audit_counts **c);
/* When full the oldest falls out and is counted. */
void audit_count_add(struct audit_counts *c, const struct audit_event *ev, int64_t now_ms);
/* Oldest first; start with NULL; NULL: no more. */
struct audit_counted *audit_count_next(struct audit_counts *c, struct audit_counted *after);
/* The transaction ended: what was noted is done with, or was never noted. */
void audit_count_end(struct audit_counts *c, bool committed);
int64_t audit_count_oldest(const struct audit_counts *c);	/* wall ms; -1: empty */
bool audit_count_is_filling(const struct audit_counts *c);	/* half full */
uint64_t audit_count_dropped(const struct audit_counts *c);

#endif
