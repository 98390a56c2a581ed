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

#include "common/base/span.h"

/* The last two are asked by services: may this user use it (canAccess), may he
 * do that with it (hasPrivilege). */
enum action {
	ACTION_BEFRIEND, ACTION_READ, ACTION_CONTROL, ACTION_ACCESS, ACTION_PRIVILEGE,
	ACTION_COUNT
};
const char *action_name(enum action a);			/* "befriend" ... */
bool action_find(const char *word, enum action *out);	/* also befriending, reading, controlling */

/* Kinds of readings, the bits of XEP-0323 (FIELD_* of the wire). */
#define TYPE_MOMENTARY 0x01u
#define TYPE_PEAK 0x02u
#define TYPE_STATUS 0x04u
#define TYPE_COMPUTED 0x08u
#define TYPE_IDENTITY 0x10u
#define TYPE_HISTORICAL 0x20u
#define TYPE_ALL 0x3fu
const char *type_name(unsigned type);	/* of one bit: "momentary" ...; NULL: there is no such */

enum verdict { VERDICT_DENY = 0, VERDICT_ASK, VERDICT_ALLOW };
const char *verdict_name(enum verdict v);

/*
 * Whom a rule is about.  A token speaks for whoever proved that he holds the
 * key of its certificate: its kind says in which place it was shown.  A role is
 * what the operator, or later the site of a user, says he has.
 */
enum subject_kind {
	SUBJECT_JID, SUBJECT_DOMAIN, SUBJECT_ANYONE,
	SUBJECT_SERVICE, SUBJECT_DEVICE, SUBJECT_USER, SUBJECT_ROLE
};
struct subject {
	enum subject_kind kind;
	/* Canonical bare JID; domain; NULL for anyone; the public name of a token
	 * (never the token); "family" or "family@site.example". */
	const char *text;
};

/* One comparison of a tag: room=kitchen, V>=2, SN=4*.  Numbers where both are. */
enum tag_op { TAG_EQ, TAG_NE, TAG_LT, TAG_LE, TAG_GT, TAG_GE, TAG_MASK };
struct tag_term {
	enum tag_op op;
	const char *name, *value;	/* TAG_MASK: '*' stands for any characters */
};

enum target_kind { TARGET_ALL, TARGET_THING, TARGET_TAG, TARGET_SET };
struct target {
	enum target_kind kind;
	const char *name;	/* of the thing, or of the set, as typed */
	size_t n_terms;		/* TARGET_TAG: all of them must hold */
	const struct tag_term *term;
	/* TARGET_THING: one node behind it that is no thing of its own. */
	const char *node, *source, *partition;
	bool bound;		/* TARGET_THING: `id` and `epoch` are set */
	uint8_t id[16];
	uint64_t epoch;
};

/* What a service knows of its user (canAccess), and what a rule asks of it. */
enum credential {
	CREDENTIAL_JID, CREDENTIAL_IP, CREDENTIAL_HOST, CREDENTIAL_CERTIFICATE,
	CREDENTIAL_THUMBPRINT, CREDENTIAL_USER, CREDENTIAL_LONGITUDE, CREDENTIAL_LATITUDE,
	CREDENTIAL_ALTITUDE, CREDENTIAL_SSO, CREDENTIAL_PROTOCOL, CREDENTIAL_COUNT
};
const char *credential_name(enum credential c);		/* "ip", "host", ... as in rules */
struct with {
	enum credential kind;
	/* Value, mask (*.example.org) or net (10.0.0.0/8, fd00::/8); of a certificate and
	 * a thumbprint the digest (SHA-1, -256, -384, -512) in lower-case hex. */
	const char *text;
	struct span range;	/* longitude, latitude, altitude */
};

/* Names, tag values and things' names: the same without case? */
bool value_same(const char *a, const char *b);
uint64_t value_hash(const char *s);	/* one for all that are the same */
/* In the one spelling of all that are the same; in `space` if it is plain ASCII
 * and fits, else from malloc(). */
char *value_fold(const char *s, char *space, size_t size);
/* Phones write other quotes, blanks and dashes than people mean: the plain
 * character for such a code point, 0 for all others. */
char value_plain(uint32_t code_point);

/* The public name of a token: 8 to 26 characters of base32, in lower case. */
bool value_is_token(const char *s);
/* "family" or "family@site.example": letters, digits, '-', '_' and '.', in lower case. */
bool value_is_role(const char *s);
/* Is it written like the name of a time zone?  Whether there is one: zones_find(). */
bool value_is_zone(const char *s);

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
#define POLICY_TOKEN_MIN 8	/* characters of a token's name */
#define POLICY_TOKEN_MAX 26
#define POLICY_ROLE 64		/* characters of a role, without its site */
#define POLICY_LINE 8192	/* bytes of one line */
#define POLICY_RULES 100000
#define POLICY_TERMS 8		/* comparisons in one target */
#define POLICY_SPANS 16		/* ranges and texts of values in one rule */
#define POLICY_WITHS 8
#define POLICY_LIMITS 64	/* in one answer */
#define POLICY_TOKENS 16	/* shown in one question */
#define POLICY_ROLES 16		/* of one person */
#define POLICY_GIVERS 16		/* co-owners whose word counts for one thing */
#define POLICY_ZONES 16		/* named by the rules of one owner */
#define POLICY_RATE_MAX 10000	/* times */
#define POLICY_RATE_MAX_MS (31 * 24 * 3600 * 1000LL)
#define POLICY_LEASE_MIN_MS 5000LL
#define POLICY_LEASE_MAX_MS (24 * 3600 * 1000LL)

#endif
