/* SPDX-License-Identifier: Apache-2.0 */
/*
 * code: short codes that people type back: to confirm, to accept, to prove.
 * Each is random, single use, bound to one person, one purpose and one state
 * of affairs, and kept as a keyed hash.  A wrong try never voids one
 * (ruling 34).  It decides nothing: what a code opens is its purpose's affair.
 */
#ifndef KITH_STORE_CODE_H
#define KITH_STORE_CODE_H

#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/secret.h"

struct codes;
struct store;

enum code_purpose {
	CODE_CONFIRM = 1,	/* of a line with an effect that was echoed; text: the line */
	CODE_ACCEPT,		/* of a transfer; text: what was offered by whom */
	CODE_PRESENCE,		/* what a thing showed */
	CODE_REPLACE,		/* continuity */
	CODE_PROOF,		/* an account in doubt proves itself, or takes over */
	CODE_UNDO		/* a thing that unregistered itself comes back; text: "" */
};

struct code {
	enum code_purpose purpose;
	const char *owner;	/* bare JID of the only one who may use it */
	uint8_t thing[16];	/* zero: about no single thing */
	uint64_t epoch;		/* of that thing when the code was made */
	const char *text;	/* "" none */
	int64_t until_ms;	/* wall */
};

#define CODES_PER_OWNER 50	/* open ones; the oldest of the same purpose falls out */

int codes_open(struct codes **out, struct store *s, const struct clock *clock,
    const struct secret *key, struct err *e);
void codes_close(struct codes **c);

/* In a transaction.  `out` is the only copy of the code in clear. */
int code_issue(struct codes *c, const struct code *what, char out[static IDENT_CODE],
    struct err *e);
/* A code of this owner that is neither used nor over; NULL: none.  Valid until the
 * next change. */
const struct code *code_find(const struct codes *c, const char *owner, const char *folded);
/* Open codes of one purpose, in no order: start with NULL.  What a code is for, not
 * the code. */
const struct code *code_next(const struct codes *c, const char *owner,
    enum code_purpose purpose, const struct code *after);
/* In a transaction: it never opens anything again. */
int code_spend(struct codes *c, const char *owner, const char *folded, struct err *e);
int code_spend_this(struct codes *c, const struct code *k, struct err *e);
/* In a transaction: void every code of that purpose about this thing. */
int code_void(struct codes *c, enum code_purpose purpose, const uint8_t thing[static 16],
    struct err *e);
/* In a transaction: forget what is over, at most `max`; how many, -1. */
int code_expire(struct codes *c, int max, struct err *e);
int64_t code_deadline(const struct codes *c);	/* wall ms; -1 none */

#endif
