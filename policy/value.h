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

/* Names, tag values and things' names: the same without case? */
bool value_same(const char *a, const char *b);
/* Phones write other quotes, blanks and dashes than people mean: the plain
 * character for such a code point, 0 for all others. */
char value_plain(uint32_t code_point);

/* A moment and its calendar date, `zone_s` seconds east of UTC. */
struct date { int year, month, day, hour, minute, second; };
#define DATE_YEARS_FROM 1970
#define DATE_YEARS_TO 9998
struct date date_from_ms(int64_t wall_ms, int32_t zone_s);
/* -1: no such day or time. */
int date_to_ms(const struct date *d, int32_t zone_s, int64_t *wall_ms);

/* Limits of the language. */
#define POLICY_NAMES 100	/* quoted names in one rule, and asked for at once */
#define POLICY_NAME 256		/* characters of a name or tag value */
#define POLICY_LINE 8192	/* bytes of one line */
#define POLICY_RULES 100000
#define POLICY_LEASE_MIN_MS 5000LL
#define POLICY_LEASE_MAX_MS (24 * 3600 * 1000LL)

#endif
