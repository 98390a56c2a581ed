/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target: of which things a policy line speaks.  For object.c.
 */
#ifndef KITH_POLICY_TARGET_H
#define KITH_POLICY_TARGET_H

#include "policy/line.h"

int target_parse(struct line *l, struct target *out);
/* Taken: "*", "all my things", "my things". */
int target_take_all(struct line *l, bool *taken);

#endif
