/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debt: the outbox.  It holds what is still owed, not stanzas: one row per
 * (peer, kind, subject); a newer debt replaces an older one; the stanza is
 * built when it is sent (ruling 9).  Order towards one peer: owner, floor,
 * friends, then questions and notices; three unanswered tries stop holding
 * back the next.  Rows of different peers never block each other.
 */
#ifndef KITH_STORE_DEBT_H
#define KITH_STORE_DEBT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/secret.h"

struct store;
struct debts;

enum debt_kind {
	DEBT_OWNER,	/* claimed / disowned / removed: the thing's present owner and epoch */
	DEBT_FLOOR,	/* clearCache up to a revision */
	DEBT_FRIEND,	/* friend: message to the thing about one JID */
	DEBT_UNFRIEND,
	DEBT_QUESTION,	/* an owner is asked something */
	DEBT_NOTICE,	/* an owner is told something */
	DEBT_SUBSCRIBE,	/* ask a thing for its presence */
	DEBT_WITNESS,	/* a thing of ours shows a code, listens to its button, makes a new KEY */
	DEBT_COUNT
};

struct debt {
	int64_t row;		/* identity of the row */
	enum debt_kind kind;
	const char *peer;	/* bare JID it is owed to */
	const char *subject;	/* thing id in hex, friend's JID, question key, notice id;
				 * "" none */
	const char *text;	/* notice text, friend's details, or which recalls wait for
				 * a floor; NULL none */
	uint64_t number;	/* epoch or revision */
	unsigned tries;
	int64_t due_boot_ms;	/* when to try next */
	int64_t since_ms;	/* wall */
};

int debts_open(struct debts **out, struct store *s, const struct clock *clock,
    const struct secret *id_key, struct err *e);
void debts_close(struct debts **d);

/* In a transaction.  Replaces an older debt of the same (peer, kind, subject). */
int debt_owe(struct debts *d, enum debt_kind kind, const char *peer, const char *subject,
    uint64_t number, const char *text, struct err *e);
/* DEBT_FLOOR, which only rises: up to `number` at least, with this text.  The row
 * stays the same, and answers to what was sent before count as far as they go. */
int debt_floor(struct debts *d, const char *peer, uint64_t number, const char *text,
    struct err *e);
/* In a transaction.  The row is gone only if `number` is still the one that was sent. */
int debt_settle(struct debts *d, int64_t row, uint64_t number, struct err *e);
/* Drop what is owed to a peer about a subject (the next register settles `removed`). */
int debt_cancel(struct debts *d, enum debt_kind kind, const char *peer, const char *subject,
    struct err *e);

/* Due now and allowed by the order; start with NULL; NULL: nothing more.
 * Only committed debts are returned. */
const struct debt *debt_next_due(const struct debts *d, const struct debt *after);
/* When the earliest becomes due (boot ms), -1 none. */
int64_t debt_deadline(const struct debts *d);
/* It was sent now: count the try, move due (1,2,4,4.. s for a minute after the
 * first try or a restart, then every 15 min).  Memory only. */
void debt_sent(struct debts *d, int64_t row);
/* It could not be sent (no full JID known): not a try; due again at the next
 * sign of life, else in 15 min.  Memory only. */
void debt_put_off(struct debts *d, int64_t row);
/* A sign of life of that peer: everything owed to it is due now. */
void debt_wake(struct debts *d, const char *peer);
const struct debt *debt_by_row(const struct debts *d, int64_t row);
/* The debt of exactly this (kind, peer, subject), also an uncommitted one; NULL none. */
const struct debt *debt_find(const struct debts *d, enum debt_kind kind, const char *peer,
    const char *subject);
size_t debt_count(const struct debts *d);
size_t debt_count_of(const struct debts *d, enum debt_kind kind);
/* Walk over all (kithctl). */
const struct debt *debt_at(const struct debts *d, size_t i);

/* The id of the iq that pays it: row, attempt and a 128-bit HMAC over both and
 * the peer's bare JID, so that an answer is checked without a stored id.  Ask
 * for it before debt_sent(); an attempt's id never repeats, also not after a
 * restart (clients replay their answer to an id they saw). */
#define DEBT_ID 112
void debt_iq_id(const struct debts *d, const struct debt *t, char out[static DEBT_ID]);
/* Which row does this answer belong to?  -1: not an id of ours for that peer.
 * *number is what was sent: of a floor that rose meanwhile, less than it is now. */
int64_t debt_iq_row(const struct debts *d, const char *id, const char *peer, uint64_t *number);

#endif
