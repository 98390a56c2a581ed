/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule: one parsed policy line.  Strings live in the pool given at parsing.
 *   allow|deny|ask about SUBJECT to befriend|read|control ["NAME",...] of TARGET
 *       [until DATE | for N m|h|d|w] [daily HH:MM-HH:MM] [lease TIME]
 *   deny SUBJECT everything [of TARGET]
 */
#ifndef KITH_POLICY_RULE_H
#define KITH_POLICY_RULE_H

#include "policy/value.h"

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
};

#endif
