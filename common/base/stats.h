/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats: named counters, one array per program, passed by pointer.  A module
 * asks once for the slot of a name and keeps the pointer; counting is ++.
 */
#ifndef KITH_BASE_STATS_H
#define KITH_BASE_STATS_H

#include <stddef.h>
#include <stdint.h>

struct buf;

#define STATS_MAX 256

struct stats {
	size_t n;
	struct {
		const char *name;	/* static text, e.g. "registry_claims" */
		const char *help;
		uint64_t value;
	} row[STATS_MAX];
};

/* Same name, same slot.  Never NULL: a full table shares a last row "other". */
uint64_t *stats_slot(struct stats *s, const char *name, const char *help);
/* "name value" lines, sorted as added. */
void stats_print(const struct stats *s, struct buf *out);

#endif
