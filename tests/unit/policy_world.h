/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_world: random rules and questions in a small world, so that they meet.
 * Every member of struct rule and of struct question takes part.
 */
#ifndef KITH_TESTS_POLICY_WORLD_H
#define KITH_TESTS_POLICY_WORLD_H

#include "policy/policy.h"

#define WORLD_RULES 8
#define WORLD_NOW 1795262400000LL	/* 2026-11-21T12:00, a Saturday */
#define WORLD_HOUR 3600000LL

struct world {
	size_t n;
	struct rule rule[WORLD_RULES + 2];	/* in number order */
	const char *name[WORLD_RULES + 2][2];
	struct span span[WORLD_RULES + 2][3];
	struct tag_term term[WORLD_RULES + 2][2];
	struct with with[WORLD_RULES + 2][2];
	struct question q;
	const char *asked[3], *value[3];
	struct question_tag tag[3];
	struct question_credential credential[3];
	struct question_roles giver_roles[2];
};

/* The names that rules and questions of that action use; four of them. */
const char *const *world_names(enum action a);

unsigned world_roll(unsigned n);		/* below n */
void world_seed(uint64_t seed);
void world_make(struct world *w);
void world_roll_rule(struct world *w, size_t i);
void world_roll_question(struct world *w);
void world_show(const struct world *w);		/* to stderr, for whoever looks into a failure */

#endif
