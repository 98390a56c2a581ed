/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_index: the rules that can concern one question.  For decide.c only.
 * A rule lies in one bucket for each of its actions: (action, subject, the
 * thing it is bound to).  A question looks into six: exactly this JID, its
 * domain, anyone; each bound to this thing and not bound.
 */
#ifndef KITH_POLICY_INDEX_H
#define KITH_POLICY_INDEX_H

#include "policy/policy.h"

#define POLICY_BUCKETS 6

struct policy_bucket;

struct policy_walk {
	const struct policy_bucket *bucket[POLICY_BUCKETS];
	size_t n, at_bucket, at_rule;
};

void policy_walk_start(struct policy_walk *w, const struct policy *p, const struct question *q);
/* NULL: no more.  Subject and action match already, time and target may not. */
const struct rule *policy_walk_next(struct policy_walk *w);

#endif
