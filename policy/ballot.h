/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ballot: what the rules of the owner, or of one co-owner, say about each name
 * and kind of reading; and the table of policy.h that turns it into yes or no.
 * For decide.c and allowance.c only.
 */
#ifndef KITH_POLICY_BALLOT_H
#define KITH_POLICY_BALLOT_H

#include "policy/policy_index.h"

#define BALLOT_LIMITED 32	/* rules with values or a rate that count for one question */

/* Kinds of readings (bits) about which there is a rule for each line of the
 * table; what is no reading has one kind. */
struct tally {
	uint8_t deny, touch, exact, ask, allow;
	uint8_t co_owner;		/* in these one of them makes him a co-owner */
	bool limited;			/* and rules with values or a rate say more */
};
#define KINDS_OF_OTHERS 1u

void tally_add(struct tally *t, const struct rule *r, unsigned kinds);

/* The table, 2 to 6: which kinds fall under which line.  What is left in none
 * of them nothing was said about. */
struct verdicts { uint8_t deny, touch, exact, ask, allow; };
struct verdicts tally_verdicts(struct tally t);

struct ballot {
	const struct question *q;
	const char *giver;		/* NULL: the owner's rules */
	size_t n_rules;			/* that are admitted; one may count twice */
	int64_t *edge_ms;
	struct tally common;		/* about every name */
	struct tally rest;		/* about names that no rule speaks of, beside `common` */
	size_t n;
	const char *const *name;	/* asked for, or named by rules */
	struct tally tally[POLICY_NAMES];
	size_t n_limited;
	const struct rule *limited[BALLOT_LIMITED];
};

#define BALLOT_REST ((size_t)-1)	/* in place of the number of a name */

void ballot_start(struct ballot *b, const struct question *q, const char *giver,
    const char *const *name, size_t n, int64_t *edge_ms);
/* Step 1.  Times looked at count for the edge whether they hold or not. */
bool ballot_admits(struct ballot *b, const struct rule *r);
void ballot_count(struct ballot *b, const struct rule *r);
/* `common` and what is said about that name alone. */
struct tally ballot_of(const struct ballot *b, size_t i);

/* The kinds of name `i` that a rule that is admitted speaks of: wholly, or
 * (*limited) only of some values or so often.  0: of none. */
unsigned ballot_speaks(const struct ballot *b, const struct rule *r, size_t i, bool *limited);

/* All whose word counts: the owner; and each co-owner about the asker beside the
 * owner about that co-owner.  Most things have none, so the room for them is not
 * part of it: it would be cleared with each decision. */
struct voice {
	struct question q;
	struct ballot given, own;
};
struct council {
	struct ballot owner;
	size_t n;
	struct voice *co;		/* POLICY_GIVERS, if the question names any */
};

unsigned question_kinds(const struct question *q);	/* asked for */
/* The value meant for name `i`; NULL: not known. */
const char *ballot_value(const struct ballot *b, size_t i);

#endif
