/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule: one parsed policy line.  Strings live in the pool given at parsing.
 *   allow|deny|ask about SUBJECT to befriend|read|control|access|use
 *       ["NAME" [VALUES], ...] of TARGET  CLAUSE ...
 *   deny SUBJECT everything [of TARGET]
 *   touch for [SUBJECT to] control ["NAME", ...] of TARGET
 * SUBJECT: JID, *@domain, anyone, service|device|user token NAME, role NAME
 * TARGET: thing, node ID of thing, tag=value [and tag>value ...], set NAME, *
 * VALUES: from 0 to 50, at most 50, = eco|comfort, true
 * CLAUSE: until DATE, for 2h, daily 07:00-22:00, on mon-fri, in Europe/Berlin,
 *       only momentary|historical..., at most 3 times an hour, lease 5m,
 *       with ip 10.0.0.0/8 ...
 * docs/policy.5 has the whole of it.  Read next: policy.h.
 */
#ifndef KITH_POLICY_RULE_H
#define KITH_POLICY_RULE_H

#include "policy/value.h"

struct pool;
struct question;

struct rule {
	int64_t number;			/* the owner sees it as "rule N"; 0: unnumbered */
	enum verdict verdict;
	bool touch;			/* VERDICT_ASK that no allow overrides: not without a touch */
	struct subject subject;
	unsigned actions;		/* bits 1<<ACTION_*; several for "everything" */
	size_t n_names;			/* 0: all fields, parameters or privileges */
	const char **names;		/* as first written; matched without case; a privilege
					 * also stands for all below it ("A.B" for "A.B.C") */
	/* control: only these values; a name that no span is about, all of its. */
	size_t n_spans;
	const struct span *span;
	unsigned types;			/* read: TYPE_*; 0: all */
	struct target target;
	int64_t until_ms;		/* wall: for ever 0 */
	bool daily;
	int32_t from_min, to_min;	/* minutes of the day; may wrap midnight */
	unsigned days;			/* bits 1<<0 Monday .. 1<<6 Sunday; 0: every day.  A
					 * time over midnight belongs to the day it began on */
	const char *zone;		/* IANA name for daily and days; NULL: the owner's */
	int32_t rate_n;			/* allow: so many times .. 0: as often as he likes */
	int64_t rate_ms;		/* .. in this time */
	int64_t lease_ms;		/* 0: default of the action */
	size_t n_withs;			/* access, use: all must hold */
	const struct with *with;
	/* Beside the line, never in it: */
	const char *giver;		/* the co-owner whose rule it is; NULL: the owner's */
	bool co_owner;			/* an allow that makes its subject a co-owner */
};

#define RULE_EVERYTHING ((1u << ACTION_COUNT) - 1)

/*
 * Is it its time at the moment of the question (now, zones)?  What is over or
 * not now is not.  While the time cannot be known (the clock is unsure, its zone
 * is not among those given) an allow with times is not, a deny or an ask is.
 */
bool rule_is_in_force(const struct rule *r, const struct question *q);
/* The next moment after the question's at which that may change; 0: never. */
int64_t rule_edge(const struct rule *r, const struct question *q);
/* Does it keep to the limits of value.h, and does it say only what a line can?
 * Whatever is sound is printed as a line that reads back as an equal rule. */
bool rule_is_sound(const struct rule *r);
/* A whole copy in one block of rule_size() bytes, aligned as malloc() does. */
size_t rule_size(const struct rule *r);
struct rule *rule_pack(const struct rule *r, void *block);
/* The same from `pool`.  -1: no room. */
int rule_copy(struct rule *out, const struct rule *r, struct pool *pool);

#endif
