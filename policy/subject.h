/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subject: whom a policy line is about.  For policy_parse.c.
 */
#ifndef KITH_POLICY_SUBJECT_H
#define KITH_POLICY_SUBJECT_H

#include "policy/line.h"

int subject_parse(struct line *l, struct subject *out);

#endif
