/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats: named counters.  No histograms and no threads.  Next: conf.c.
 */
#include "config.h"

#include "common/base/stats.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/buf.h"

uint64_t *
stats_slot(struct stats *s, const char *name, const char *help)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->row[i].name, name) == 0)
			return &s->row[i].value;
	if (s->n >= STATS_MAX - 1) {
		/* The last row belongs to all that came too late. */
		name = "other";
		help = "counters that found the table full";
		if (s->n == STATS_MAX)
			return &s->row[STATS_MAX - 1].value;
	}
	s->row[s->n].name = name;
	s->row[s->n].help = help;
	s->row[s->n].value = 0;
	return &s->row[s->n++].value;
}

void
stats_print(const struct stats *s, struct buf *out)
{
	for (size_t i = 0; i < s->n; i++)
		buf_addf(out, "%s %" PRIu64 "\n", s->row[i].name, s->row[i].value);
}
