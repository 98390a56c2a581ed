/* SPDX-License-Identifier: Apache-2.0 */
/*
 * newcomer: how many things registered for the first time of late, by address
 * and by domain.  Memory only and bounded.  A thing that comes back is no
 * newcomer, so a site that boots is never held up.  How many there may be in
 * all is room.c.
 */
#ifndef KITH_REGISTRY_NEWCOMER_H
#define KITH_REGISTRY_NEWCOMER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

struct newcomers;

/* So many in a time, all of which may come at once. */
struct newcomer_limits {
	int64_t per_jid, per_domain, time_ms;
};

int newcomers_open(struct newcomers **out, const struct newcomer_limits *limits, struct err *e);
void newcomers_close(struct newcomers **n);

/* One more, if there is room; the same later if not. */
bool newcomer_may(struct newcomers *n, const char *bare, int64_t now_ms);

#endif
