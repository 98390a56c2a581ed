/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit: what happened, in order, for the owner's `history` and the operator.
 * One append-only table; each row carries the hash of the one before, so that
 * a row changed, left out or moved shows without this program.  It knows no
 * thing and no rule: identities are bytes, words are words.
 * Changes are noted in the transaction that makes them; decisions are counted
 * in memory and noted later, many in one row, so that reading costs no write.
 */
#ifndef KITH_STORE_AUDIT_H
#define KITH_STORE_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/err.h"

struct audit;
struct store;

#define AUDIT_HASH 32
#define AUDIT_TEXT 4096		/* bytes of one text; longer ones are cut */

/* Numbers are on disk and part of the hash: new ones go to the end. */
enum audit_what {
	AUDIT_REGISTERED = 1,
	AUDIT_CLAIMED,
	AUDIT_DISOWNED,		/* the thing has let go */
	AUDIT_TOMBSTONE,	/* disowned while it was away */
	AUDIT_TRANSFERRED,	/* actor: from, object: to */
	AUDIT_TOLD,		/* the thing has acknowledged whose it is */
	AUDIT_REMOVED,
	AUDIT_PUBLISHED,
	AUDIT_UNREGISTERED,
	AUDIT_RESTORED,		/* an unregister was undone */
	AUDIT_REPLACED,		/* continuity: object is the old address */
	AUDIT_HELD,
	AUDIT_RELEASED,
	AUDIT_EXPIRED,
	AUDIT_DISPUTED,
	AUDIT_PRESENCE,		/* a presence question was answered or ran out */
	AUDIT_NAMED,
	AUDIT_TAGGED,
	AUDIT_RULE,		/* detail: the line */
	AUDIT_RULE_ENDED,
	AUDIT_QUESTION,		/* somebody wants something that nobody decided */
	AUDIT_ALLOWED,		/* decisions, counted: object is what was asked for */
	AUDIT_DENIED,
	AUDIT_ACCOUNT,		/* an owner's account: doubt, proof, recovery */
	AUDIT_OPERATOR,		/* the operator's hand, by kithctl */
	AUDIT_CUT,		/* older rows were dropped; detail: up to which, its hash */
	AUDIT_REFUSED,		/* a claim or registration that was refused, counted */
	AUDIT_COPIED,		/* it says that another device uses its identity */
	AUDIT_ALONE,		/* ... and that none does any more */
	AUDIT_WHAT_COUNT
};
const char *audit_what_name(enum audit_what w);

struct audit_event {
	enum audit_what what;
	const uint8_t *thing;	/* 16 bytes; NULL: about no thing */
	uint64_t epoch;
	const char *owner;	/* whose history it belongs to; NULL: nobody's */
	const char *actor;	/* bare JID, "operator", or NULL: the site itself */
	const char *object;	/* the other party or what was asked for; NULL none */
	const char *detail;	/* words; never a KEY, a code or a password; NULL none */
};

/* The chain starts from random bytes of its own. */
int audit_open(struct audit **out, struct store *s, const struct clock *clock, struct err *e);
void audit_close(struct audit **a);

/* In a transaction: it happened if and only if that commits. */
int audit_add(struct audit *a, const struct audit_event *ev, struct err *e);
/*
 * Memory only, outside of any transaction, bounded: counted per (thing, actor,
 * object, verdict).  When its table is full the oldest is dropped and counted.
 */
void audit_decided(struct audit *a, const struct audit_event *ev);
/* In a transaction: note what audit_decided() collected, a few hundred rows at a
 * time.  Rows written, -1 error. */
int audit_flush(struct audit *a, struct err *e);
/* In a transaction: drop rows older than audit_keep() says, when it is time for
 * that, in slices.  Rows dropped, -1 error. */
int audit_cut(struct audit *a, struct err *e);
void audit_keep(struct audit *a, int64_t keep_ms);	/* 0: for ever, the default */
int64_t audit_deadline(const struct audit *a);	/* wall ms of the next of both; -1 none */
/* How many of them since the start, for who watches: rows that were committed,
 * and decisions as they fell. */
uint64_t audit_count(const struct audit *a, enum audit_what w);
uint64_t audit_dropped(const struct audit *a);	/* decisions that were never noted */

/* One row as it is read back; strings live until the callback returns. */
struct audit_row {
	int64_t row;
	int64_t at_ms;		/* wall; of counted decisions the last one */
	int64_t since_ms;	/* the first one */
	int64_t count;
	bool has_thing;
	uint8_t thing[16];
	struct audit_event event;
	uint8_t hash[AUDIT_HASH];
};
typedef void (*audit_row_fn)(void *arg, const struct audit_row *r);

/* The newest first; without what audit_flush() has not noted yet.  thing NULL: all of `owner`'s; owner NULL: everybody's.
 * Only rows in whose epoch that owner had the thing are his.  Returns how many
 * were shown, -1 error; *more says whether others follow. */
int audit_history(struct audit *a, const uint8_t *thing, const char *owner, int64_t offset,
    int64_t max, bool *more, audit_row_fn fn, void *arg, struct err *e);
/* The same from in front of a row on, to go on where a page ended. */
int audit_history_before(struct audit *a, const uint8_t *thing, const char *owner,
    int64_t before, int64_t max, bool *more, audit_row_fn fn, void *arg, struct err *e);
/* Everything from row `after` on, oldest first, for export and verification. */
int audit_walk(struct audit *a, int64_t after, int64_t max, audit_row_fn fn, void *arg,
    struct err *e);
/* The hash that must stand in the row behind `previous`; pure, also for the
 * offline verifier. */
void audit_chain(uint8_t out[static AUDIT_HASH], const uint8_t previous[static AUDIT_HASH],
    const struct audit_row *r);

/* Where the chain starts (row 0, or the last one that was cut) and where it ends
 * on disk.  1 and the hash, 0 or -1 as store calls; the head's row. */
int audit_start(struct audit *a, int64_t *row, uint8_t hash[static AUDIT_HASH], struct err *e);
int64_t audit_head(const struct audit *a, uint8_t hash[static AUDIT_HASH]);
/* The detail of AUDIT_CUT: a chain that starts behind row 0 must hold one. */
#define AUDIT_CUT_DETAIL 112
void audit_cut_detail(char out[static AUDIT_CUT_DETAIL], int64_t row,
    const uint8_t hash[static AUDIT_HASH]);

#endif
