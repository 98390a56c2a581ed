/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule: one parsed policy line.  Strings live in the pool given at parsing.
 *   allow|deny|ask about SUBJECT to befriend|read|control ["NAME",...] of TARGET
 *       [until DATE | for N m|h|d|w] [daily HH:MM-HH:MM] [lease TIME]
 *   deny SUBJECT everything [of TARGET]
 * Read next: policy.h.
 */
#ifndef KITH_POLICY_RULE_H
#define KITH_POLICY_RULE_H

#include "policy/value.h"

struct pool;

struct rule {
	int64_t number;			/* the owner sees it as "rule N"; 0: unnumbered */
	enum verdict verdict;
	struct subject subject;
	unsigned actions;		/* bits 1<<ACTION_*; several for "everything" */
	size_t n_names;			/* 0: all fields or parameters */
	const char **names;		/* as first written; matched without case */
	struct target target;
	int64_t until_ms;		/* wall; 0: for ever */
	bool daily;
	int32_t from_min, to_min;	/* minutes of the owner's day; may wrap midnight */
	int64_t lease_ms;		/* 0: default of the action */
	/* Beside the line, never in it: */
	const char *giver;		/* the co-owner whose rule it is; NULL: the owner's */
	bool co_owner;			/* an allow that makes its subject a co-owner */
};

#define RULE_EVERYTHING ((1u << ACTION_COUNT) - 1)

/* Does it exist at this moment?  An expired or not-now rule does not. */
bool rule_is_in_force(const struct rule *r, int64_t now_ms, int32_t zone_s);
/* The next moment after now at which that changes; 0: never. */
int64_t rule_edge(const struct rule *r, int64_t now_ms, int32_t zone_s);
/* Is it one that can be written down?  Names only for read or control, one
 * action or everything, times in their ranges. */
bool rule_is_sound(const struct rule *r);
/* A copy whose strings live in `pool`.  -1: no room. */
int rule_copy(struct rule *out, const struct rule *r, struct pool *pool);

#endif
