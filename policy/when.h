/* SPDX-License-Identifier: Apache-2.0 */
/*
 * when: the times in a policy line: until, for, daily, on, in, at most so often,
 * lease.  Each reads what stands behind its word.  For clause.c.
 */
#ifndef KITH_POLICY_WHEN_H
#define KITH_POLICY_WHEN_H

#include "policy/line.h"

int when_until(struct line *l, struct rule *r);
int when_for(struct line *l, struct rule *r);
int when_daily(struct line *l, struct rule *r);
int when_days(struct line *l, struct rule *r);
int when_zone(struct line *l, struct rule *r);
int when_rate(struct line *l, struct rule *r);
int when_lease(struct line *l, struct rule *r);
/* Could what follows "on" or "in" be that? */
bool when_is_day(const struct word *w);
bool when_is_zone(const struct word *w);
/* "mon" .. "sun". */
const char *when_day_name(unsigned day);

#endif
