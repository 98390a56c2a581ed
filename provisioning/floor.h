/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor: what stands in the text of a DEBT_FLOOR: which recalls wait until it
 * is confirmed, and which answers it is about.  Two lists in one text, so that
 * they are written at once; without the second it is about everything.
 * Decides nothing: see recall.c and lease.c.
 */
#ifndef KITH_PROVISIONING_FLOOR_H
#define KITH_PROVISIONING_FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "provisioning/about.h"

struct floor_wait {
	int64_t id;		/* of the recall */
	size_t n;		/* things of that address */
	bool bare;		/* no lease is kept there */
	uint64_t number;	/* confirmed with this one; 0: with the recall's revision */
};
#define FLOOR_WAITS 24		/* of one floor */
#define FLOOR_BYTES (FLOOR_WAITS * 80 + ABOUT_BYTES)

/* Who waits, oldest first; returns how many.  A NULL text: nobody. */
size_t floor_waits(const char *text, struct floor_wait out[static FLOOR_WAITS]);
/* What it is about. */
void floor_about(const char *text, struct about *out);
/* The other way, in `out` of FLOOR_BYTES; NULL: nobody waits, and it is about everything. */
const char *floor_text(struct buf *out, const struct floor_wait *w, size_t n,
    const struct about *about);

#endif
