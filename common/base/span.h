/* SPDX-License-Identifier: Apache-2.0 */
/*
 * span: some values of one field or parameter, and how often they may be used.
 * Rules are written with them (policy/), answers carry them (common/wire/), a
 * thing keeps to them (thing/).  Pure.
 */
#ifndef KITH_BASE_SPAN_H
#define KITH_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A range of numbers, or one text.  Absent ends are open. */
struct span {
	const char *name;		/* of this field or parameter; NULL: of every one */
	bool has_min, has_max;
	bool min_out, max_out;		/* the end itself does not belong to it */
	double min, max;
	const char *text;		/* not NULL: exactly this, without case; then no range.
					 * A boolean is "true" or "false" */
};

/*
 * What an answer allows of one name: only the values of one of its limits, only
 * as often as that one says.  A name without a limit is not limited.
 */
struct limit {
	struct span span;		/* no end and no text: every value */
	int64_t rule;			/* its number: all limits of one rule share one count */
	int32_t rate_n;			/* 0: as often as he likes */
	int64_t rate_ms;
};

/* Is this value one of it?  A number may be given as text in any spelling
 * (1, 1.0, 1e0); what is no number is in no range. */
bool span_holds(const struct span *s, const char *value);
/* Is it about this name (without case)? */
bool span_is_about(const struct span *s, const char *name);
bool span_is_whole(const struct span *s);	/* every value */

#endif
