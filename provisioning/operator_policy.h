/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operator_policy: the rules of whoever runs the site, one authority over all
 * things.  They come from a file ([provisioning] policy_file); what was read and
 * is sound is stored as a version and used from there, so a file that breaks
 * later, or is cut off, changes nothing (ruling 32).  It decides nothing: the
 * two policies it hands out are questions of policy/policy.h.
 *
 * A file is rules, one a line, and a last line "end": without that it is taken
 * for cut off.  A site that wants no rules says just "end".
 */
#ifndef KITH_PROVISIONING_OPERATOR_POLICY_H
#define KITH_PROVISIONING_OPERATOR_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/hash.h"

struct operator_policy;
struct policy;
struct question;
struct owned;
struct store;
struct zones;

#define OPERATOR_POLICY_BYTES (1024 * 1024)	/* of a file */
#define OPERATOR_POLICY_VERSIONS 100		/* kept; older ones are dropped */
#define OPERATOR_POLICY_NAMES 4			/* of one thing, see below */
/* The token of a user that speaks, in _narrowing, for whom an owner allowed it to
 * by name: that answers what the operator only wants to be asked. */
#define OPERATOR_POLICY_OWNERS_WORD "theowner"

enum operator_state {
	OPERATOR_NONE,		/* no policy_file: there are no rules of the operator */
	OPERATOR_GOOD,
	OPERATOR_KEPT,		/* the file is broken or gone: the last good version counts */
	OPERATOR_CLOSED		/* and there is none: nobody but owners may do anything */
};

struct operator_conf {
	const char *file;	/* NULL: none */
	int32_t zone_s;
	struct zones *zones;	/* a rule in a zone that is not there is a mistake; NULL: unchecked */
};

int operator_policy_open(struct operator_policy **out, const struct operator_conf *conf,
    struct store *s, const struct clock *clock, struct err *e);
void operator_policy_close(struct operator_policy **o);

/*
 * What is in force.  NULL: there is none.  _rules: as written, for what nobody
 * owns, where they decide alone.  _narrowing: beside an owner's rules (ruling
 * 24): the same and an allow of everything to anyone, so that what the operator
 * allows, or says nothing about, takes nothing from what the owner allows; its
 * denies, asks and touches do.  Never ask either about an owner and his thing.
 */
const struct policy *operator_policy_rules(const struct operator_policy *o);
const struct policy *operator_policy_narrowing(const struct operator_policy *o);
/*
 * Rules of the operator name a thing by what its owner cannot change: its
 * address, the part in front of the '@', its node.  Sets thing_name and aliases
 * of `q`; `names` is room that lives as long.
 */
struct operator_names {
	const char *alias[OPERATOR_POLICY_NAMES];
	char local[1024];
};
void operator_policy_name(struct question *q, const struct owned *thing,
    struct operator_names *names);

enum operator_state operator_policy_state(const struct operator_policy *o);
const char *operator_policy_alarm(const struct operator_policy *o);	/* NULL: all is well */
int64_t operator_policy_alarm_ms(const struct operator_policy *o);
int64_t operator_policy_version(const struct operator_policy *o);	/* in force; 0 none */

/*
 * In a transaction: a text, with a NUL behind it, becomes the version in force at its commit.  1 it
 * will, 0 it is what is in force already, -1: ERR_INPUT, ERR_LIMIT: not sound,
 * nothing changes; else the store.  Between call and commit
 * operator_policy_next() are the rules that will count.
 */
int operator_policy_load(struct operator_policy *o, const char *text, size_t len, const char *by,
    struct err *e);
/* The file, if it is another one than was read last; `force`: anyhow.  What is
 * wrong with it is an alarm and no error.  1, 0, -1: the store. */
int operator_policy_read(struct operator_policy *o, bool force, const char *by, struct err *e);
/* A new version that says, and means, what that one did. */
int operator_policy_rollback(struct operator_policy *o, int64_t version, const char *by,
    struct err *e);
const struct policy *operator_policy_next(const struct operator_policy *o);	/* NULL: no change */
int64_t operator_policy_next_version(const struct operator_policy *o);

/* One that is only tried: both ways, as it would count. */
struct compiled_policy;
int operator_policy_compile(const struct operator_policy *o, const char *text, size_t len,
    struct compiled_policy **out, struct err *e);
const struct policy *operator_policy_compiled_rules(const struct compiled_policy *c);
const struct policy *operator_policy_compiled_narrowing(const struct compiled_policy *c);
void operator_policy_compiled_free(struct compiled_policy **c);

/* Is this a sound file?  Its rules, NULL and why not.  Pure. */
struct policy *operator_policy_parse(const char *text, size_t len, int64_t now_ms, int32_t zone_s,
    struct err *e);
/* Is its last line "end"? */
bool operator_policy_is_whole(const char *text, size_t len);
/* All of a plain file that is text, or why not. */
int operator_policy_file(const char *path, struct buf *out, struct err *e);

struct operator_version {
	int64_t version, at_ms;
	int64_t read_ms;	/* when "for 2h" began; of a rollback, that of its model */
	int32_t zone_s;
	const char *by;
	const char *text;
	size_t len;
	uint8_t sha256[HASH_BYTES];	/* as sha256sum(1) says */
};
/* The newest first; strings live until the next call.  1, 0 no more, -1. */
int operator_policy_before(struct operator_policy *o, int64_t version,
    struct operator_version *out, struct err *e);
/* Exactly this one. */
int operator_policy_find(struct operator_policy *o, int64_t version,
    struct operator_version *out, struct err *e);

#endif
