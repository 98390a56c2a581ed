/* SPDX-License-Identifier: Apache-2.0 */
/*
 * question: everything a decision looks at, as plain facts.  The caller owns
 * all strings for the time of the call.
 */
#ifndef KITH_POLICY_QUESTION_H
#define KITH_POLICY_QUESTION_H

#include "policy/value.h"

struct question_tag { const char *name, *value; };	/* numbers in canonical text */
/* Addresses, hosts and numbers as they come; thumbprints and JIDs as rules have
 * them (credential_canonical). */
struct question_credential { enum credential kind; const char *text; };
struct question_roles { size_t n; const char *const *role; };
struct question_zone {
	const char *name;
	int32_t offset_s;
	int64_t until_ms;	/* wall: when its offset changes next; 0 never */
};

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
	size_t n_sets;			/* the owner's sets that it is in */
	const char *const *sets;
	/* A node behind that thing which is no thing of its own; NULL: absent. */
	const char *node, *source, *partition;
	/* Field or parameter names, or privileges, asked for; none: all. */
	const char *const *names;
	size_t n_names;
	/* control: the value meant for each name, in their order; NULL: not known,
	 * then the answer says which are allowed. */
	const char *const *values;
	unsigned types;			/* read: TYPE_* asked for; 0: not said, all */
	/* What else speaks for the asker: tokens he proved to hold, roles. */
	size_t n_tokens;
	const struct subject *tokens;	/* SUBJECT_SERVICE, _DEVICE, _USER */
	size_t n_roles;
	const char *const *roles;
	/* What the service says of its user; access and privileges. */
	size_t n_credentials;
	const struct question_credential *credentials;
	/* Can who asks keep to ranges of values and to rates?  Then the answer has
	 * limits; else an allow with such a condition does not exist, and a deny or
	 * an ask with one stands for all values. */
	bool keeps_limits;
	/* Co-owners whose word counts at all; the rules of others do not exist. */
	const char *const *givers;
	size_t n_givers;
	const struct question_roles *giver_roles;	/* of each of them; NULL: none has any */
	/* When, and the owner's zone as seconds east of UTC at that moment. */
	int64_t now_ms;
	int32_t zone_s;
	int64_t zone_until_ms;		/* wall: when that changes next; 0 never or not known */
	/* The offsets of zones that rules name, at that moment; a rule whose zone is
	 * not among them is treated as if the clock were unsure. */
	size_t n_zones;
	const struct question_zone *zones;
	/* The clock is known to be behind: an allow with times does not exist,
	 * a deny or ask with times does. */
	bool clock_unsure;
};

#endif
