/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ownership: who owns which thing in which epoch, nothing else.  The one place
 * where registry and provisioning meet.  Rows in the store, mirrored in memory
 * (hash tables), changed together; a rollback undoes the memory.
 * Every right carries (thing id, epoch) and counts only while that epoch is
 * current, so ending ownership is one row change (ruling 12).
 */
#ifndef KITH_STORE_OWNERSHIP_H
#define KITH_STORE_OWNERSHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

#define OWNERSHIP_ID 16

struct store;
struct ownership;

enum owned_state {
	OWNED_NOBODY,		/* unclaimed: no rights, no visibility */
	OWNED,
	OWNED_SELF,		/* selfOwned='true' */
	OWNED_TOMBSTONE,	/* disowned offline: owner's rights are over, thing not told yet */
	OWNED_TURNING		/* transferred, thing has not acknowledged yet */
};

/* Why a record may not be claimed by whoever shows its tags. */
enum owned_hold {
	HOLD_NONE,
	HOLD_DESCENT,		/* it showed that it is what `held_for` owns (ruling 16) */
	HOLD_PRESENCE,		/* another one was the one in the owner's hand (ruling 15) */
	HOLD_OPERATOR,		/* kithctl hold */
	HOLD_FROZEN		/* it knows of a later epoch than we: an old backup (ruling 12) */
};

/* One thing.  Pointers belong to the table and live until the next change of
 * that thing; copy what must live longer. */
struct owned {
	uint8_t id[OWNERSHIP_ID];
	const char *jid;	/* canonical bare */
	const char *node;	/* NULL: the JID itself */
	const char *source;
	const char *partition;
	const char *owner;	/* canonical bare; NULL: nobody */
	uint64_t epoch;
	enum owned_state state;
	bool is_public;
	bool listed;		/* false after `remove` (ruling 17) */
	const char *name;	/* what the owner calls it; NULL: not named */
	int64_t since_ms;	/* wall: claimed or registered at */
	enum owned_hold hold;
	const char *held_for;	/* HOLD_DESCENT: the only one who may claim it; else NULL */
	const char *former;	/* whose it was, while that still matters; NULL nobody */
	int64_t until_ms;	/* wall: until when `former` may undo, or the claim may be
				 * disputed; 0 never */
	bool disputed;		/* transfer, disown, remove and new grants wait (ruling 22) */
};

int ownership_open(struct ownership **out, struct store *s, struct err *e);
void ownership_close(struct ownership **o);

const struct owned *ownership_by_id(const struct ownership *o,
    const uint8_t id[static OWNERSHIP_ID]);
/* NULL members mean absent; absent differs from "". */
const struct owned *ownership_by_address(const struct ownership *o, const char *jid,
    const char *node, const char *source, const char *partition);
/* All things of one JID / one owner, in a stable order: start with NULL. */
const struct owned *ownership_next_of_jid(const struct ownership *o, const char *jid,
    const struct owned *after);
const struct owned *ownership_next_of_owner(const struct ownership *o, const char *owner,
    const struct owned *after);
size_t ownership_count_of_owner(const struct ownership *o, const char *owner);
size_t ownership_count_of_jid(const struct ownership *o, const char *jid);
/* Things whose address is in exactly this domain. */
size_t ownership_count_of_domain(const struct ownership *o, const char *domain);
size_t ownership_count(const struct ownership *o);
size_t ownership_count_in(const struct ownership *o, enum owned_state state);
/* Walk over everything (kithctl, index building): index 0.., NULL at the end. */
const struct owned *ownership_at(const struct ownership *o, size_t i);

/* Insert (unknown id) or replace the whole row, inside a transaction.
 * Copies its strings.  -1: store error or the address belongs to another id. */
int ownership_put(struct ownership *o, const struct owned *t, struct err *e);
int ownership_delete(struct ownership *o, const uint8_t id[static OWNERSHIP_ID], struct err *e);

/*
 * Who must know when a thing gets or loses an owner: `fn` runs inside
 * ownership_put() and ownership_delete(), in the same transaction, after the
 * row changed its owner, epoch or state.  `before` is NULL for a new row,
 * `after` for a deleted one.  -1 from it makes the call fail.  One listener.
 */
typedef int (*ownership_changed_fn)(void *arg, const struct owned *before,
    const struct owned *after, struct err *e);
void ownership_on_change(struct ownership *o, ownership_changed_fn fn, void *arg);
/* As above, after any change of a row or its removal.  One listener. */
typedef int (*ownership_row_fn)(void *arg, const uint8_t id[static OWNERSHIP_ID],
    struct err *e);
void ownership_on_row(struct ownership *o, ownership_row_fn fn, void *arg);

const char *owned_state_name(enum owned_state s);
const char *owned_hold_name(enum owned_hold h);
/* Does this JID own that thing now? */
bool owned_by(const struct owned *t, const char *bare);

#endif
