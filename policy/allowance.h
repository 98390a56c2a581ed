/* SPDX-License-Identifier: Apache-2.0 */
/*
 * allowance: which values of one name are allowed, and how often.  All bounds
 * that rules in force name cut the values into pieces; each is decided alone by
 * the table (ballot.h), then pieces that are alike are put together.  For
 * decide.c only.
 */
#ifndef KITH_POLICY_ALLOWANCE_H
#define KITH_POLICY_ALLOWANCE_H

#include "policy/ballot.h"

/* Which line of the table decided a piece; bits of a set. */
#define LINE_DENY 0x01u
#define LINE_TOUCH 0x02u
#define LINE_EXACT 0x04u
#define LINE_ASK 0x08u
#define LINE_ALLOW 0x10u
#define LINE_GIVEN 0x20u
#define LINE_NOTHING 0x40u
#define LINES_ALLOWED (LINE_EXACT | LINE_ALLOW | LINE_GIVEN)

/* Do rules with values or rates speak of this name? */
bool allowance_is_limited(const struct council *c, size_t i);
/* The lines that decide any value of that name, for one kind. */
unsigned allowance_lines(const struct council *c, size_t i, unsigned kind);

struct limit_list {
	struct limit *limit;
	size_t n, max;
};
/*
 * Appends what is allowed of a name in all these kinds at once, for one that is
 * allowed in each of them; appends nothing if that is everything.  false: there is no room, or nothing is
 * allowed; then the list is as it was.
 */
bool allowance_limits(const struct council *c, size_t i, unsigned kinds, struct limit_list *out);

#endif
