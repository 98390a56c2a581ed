/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object: what a policy line allows: the action, names with their values, kinds
 * of readings, and of which things.  For policy_parse.c.
 */
#ifndef KITH_POLICY_OBJECT_H
#define KITH_POLICY_OBJECT_H

#include "policy/line.h"

/* Is it an action's word, or "everything"? */
bool object_is_action(const struct word *w);
int object_parse(struct line *l, struct rule *r);

#endif
