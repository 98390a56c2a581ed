/* SPDX-License-Identifier: Apache-2.0 */
/*
 * descent: what becomes of a thing that registers, seen beside what is known
 * already: is it an owned thing under another address, does it know more than
 * we do?  A name proves nothing: maker and serial number hold, block and move
 * nothing (docs/RULINGS.md 16).  Pure; enroll.c loads the facts and writes.
 */
#ifndef KITH_REGISTRY_DESCENT_H
#define KITH_REGISTRY_DESCENT_H

#include <stdbool.h>

#include "common/store/ownership.h"

/* Whose the things are that it shows descent from, other addresses only. */
enum descent_from {
	FROM_NOBODY,
	FROM_ONE,
	FROM_SEVERAL		/* different owners: nobody can tell whose it is */
};

struct descent_facts {
	bool owned;			/* the record of this address has an owner */
	enum owned_hold hold;		/* why that record is held already */
	bool let_go;			/* the operator released it, as it shows itself now */
	bool newer;			/* it has heard of what our store has not */
	bool key_named;			/* the continuity key of an owned thing, unproven */
	enum descent_from by_key;	/* the same key, proven */
	enum descent_from by_tags;	/* the very tag set, KEY included */
	bool same_name;			/* an owned thing has its maker and serial number */
	bool twin;			/* an unclaimed thing has its very tag set */
};

enum descent_verdict {
	DESCENT_TAKE,		/* register it, under `hold` */
	DESCENT_PROVE,		/* write nothing; ask for the proof */
	DESCENT_FREEZE		/* change nothing it knows; the operator decides */
};

enum descent_why { BY_NOTHING, BY_KEY, BY_TAGS };

struct descent_outcome {
	enum descent_verdict verdict;
	enum owned_hold hold;
	enum descent_why why;		/* of HOLD_DESCENT: whose owner it is held for */
	bool notice;			/* tell the owner of the same name, once */
	bool alarm;			/* tell the operator: twins, or several owners */
};

void descent_decide(const struct descent_facts *f, struct descent_outcome *out);

/* `replace OLD by NEW`: two addresses of one thing become one. */
struct replace_facts {
	bool may;		/* the asker owns both, and his account is in no doubt */
	bool settled;		/* neither is disputed, held, turning over or half gone */
	bool alike;		/* two addresses, and both things or both the same node */
	bool behind;		/* the new one has changed hands more often than the old */
	bool old_speaks;	/* the old address was heard since the new one came */
	bool same_key;		/* both proved the same continuity key */
	bool presence;		/* he answered a presence question about the new one */
};

enum replace_verdict {
	REPLACE_NOT_FOUND,
	REPLACE_NOT_NOW,	/* something about one of them is open */
	REPLACE_UNLIKE,
	REPLACE_BEHIND,
	REPLACE_SPEAKS,		/* two of them: an alarm */
	REPLACE_PRESENCE,	/* no key: a presence question has to be answered first */
	REPLACE_DO
};

enum replace_verdict replace_decide(const struct replace_facts *f);

#endif
