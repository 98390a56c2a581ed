/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_reference: the table of policy.h once more, as naively as it reads:
 * every rule is looked at for one name, one kind of reading and one value.  The
 * oracle of policy_property_test.
 */
#ifndef KITH_TESTS_POLICY_REFERENCE_H
#define KITH_TESTS_POLICY_REFERENCE_H

#include "policy/policy.h"

struct ref_cell {
	const char *name;	/* NULL: one no rule speaks of */
	unsigned kind;		/* TYPE_*; 0 where nothing is read */
	const char *value;	/* NULL: not known, nobody could keep to limits */
};

enum ref_verdict { REF_DENY, REF_TOUCH, REF_ASK, REF_ALLOW };

struct ref_rate {
	int32_t n;		/* 0: not limited */
	int64_t ms, rule;
};

enum ref_verdict ref_decide(const struct rule *rule, size_t n, const struct question *q,
    const struct ref_cell *cell, struct ref_rate *rate);

/* Is the rule about the asker, the action, the thing and anything asked for? */
bool ref_concerns(const struct rule *r, const struct question *q, const char *giver);
bool ref_in_force(const struct rule *r, const struct question *q);
bool ref_names(const struct rule *r, const struct question *q, const char *name);
bool ref_is(const struct span *s, const char *value);
/* What a co-owner may himself is asked as if he asked. */
struct question ref_asked_by(const struct question *q, const char *giver);
struct ref_rate ref_narrower(struct ref_rate a, struct ref_rate b);
bool ref_more_generous(struct ref_rate a, struct ref_rate b);

#endif
