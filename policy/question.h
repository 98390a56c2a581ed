/* SPDX-License-Identifier: Apache-2.0 */
/*
 * question: everything a decision looks at, as plain facts.  The caller owns
 * all strings for the time of the call.
 */
#ifndef KITH_POLICY_QUESTION_H
#define KITH_POLICY_QUESTION_H

#include "policy/value.h"

struct question_tag { const char *name, *value; };	/* numbers in canonical text */

struct question {
	enum action action;
	const char *asker;		/* canonical bare JID */
	/* The thing asked about. */
	uint8_t thing_id[16];
	uint64_t epoch;
	const char *thing_name;		/* owner's name; NULL none */
	const char *const *aliases;	/* SN, local part ...: names without case */
	size_t n_aliases;
	const struct question_tag *tags;
	size_t n_tags;
	/* Field or parameter names asked for; none: all. */
	const char *const *names;
	size_t n_names;
	/* Co-owners whose word counts at all; the rules of others do not exist. */
	const char *const *givers;
	size_t n_givers;
	/* When, and the owner's zone as seconds east of UTC at that moment. */
	int64_t now_ms;
	int32_t zone_s;
	/* The clock is known to be behind: an allow with times does not exist,
	 * a deny or ask with times does. */
	bool clock_unsure;
};

#endif
