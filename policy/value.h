/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value: the small words of the policy language: actions, subjects, targets,
 * times.  Pure data; read next: rule.h, question.h, policy.h.
 */
#ifndef KITH_POLICY_VALUE_H
#define KITH_POLICY_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum action { ACTION_BEFRIEND, ACTION_READ, ACTION_CONTROL, ACTION_COUNT };
const char *action_name(enum action a);			/* "befriend" ... */
bool action_find(const char *word, enum action *out);	/* also befriending, reading, controlling */

enum verdict { VERDICT_DENY = 0, VERDICT_ASK, VERDICT_ALLOW };
const char *verdict_name(enum verdict v);

enum subject_kind { SUBJECT_JID, SUBJECT_DOMAIN, SUBJECT_ANYONE };
struct subject {
	enum subject_kind kind;
	const char *text;	/* canonical bare JID, or domain; NULL for anyone */
};

enum target_kind { TARGET_ALL, TARGET_THING, TARGET_TAG };
struct target {
	enum target_kind kind;
	const char *name;	/* thing's name as typed, or tag name */
	const char *value;	/* tag value */
	bool bound;		/* TARGET_THING: `id` and `epoch` are set */
	uint8_t id[16];
	uint64_t epoch;
};

/* Limits of the language. */
#define POLICY_NAMES 32		/* quoted names in one rule */
#define POLICY_LINE 2048	/* bytes of one line */
#define POLICY_RULES 100000

#endif
