/* SPDX-License-Identifier: Apache-2.0 */
/*
 * person: what an owner told us about himself and what we must remember of his
 * account: language, time zone, quiet hours, whether the account is in doubt,
 * and the hash of his ownership code.  Rows, mirrored in memory.
 */
#ifndef KITH_STORE_PERSON_H
#define KITH_STORE_PERSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/secret.h"

struct persons;
struct store;
struct zone;

#define PERSON_UNDO 16384	/* bytes of `undo` */

/* May the account act (ruling 23)? */
enum person_doubt {
	DOUBT_NONE = 0,
	DOUBT_AWAY,	/* it took its subscription back: proof before transfer, disown, grants */
	DOUBT_GONE	/* the account was deleted: nothing is decided in its favour */
};

struct person {
	const char *jid;		/* bare */
	char lang[8];			/* "de"; "" as the message says, else English */
	char zone[48];			/* "Europe/Berlin"; "" the operator's */
	int64_t mute_until_ms;		/* wall; 0 not muted: notices wait, questions come */
	bool digest;			/* notices once a day instead of at once */
	enum person_doubt doubt;
	bool has_code;
	uint8_t code_hash[SECRET_HASH];	/* of the ownership code */
	const char *undo;		/* the lines that take back his last act; NULL none */
	int64_t undo_until_ms;		/* wall: how long they may */
	const char *heir;		/* who asked to take over; NULL nobody */
	int64_t heir_until_ms;		/* wall: when that takes effect */
};

int persons_open(struct persons **out, struct store *s, struct err *e);
void persons_close(struct persons **p);
/* NULL: nothing is known of him.  Valid until his next change. */
const struct person *person_find(const struct persons *p, const char *bare);
/* In a transaction: insert or replace the whole row; no write when nothing differs. */
int person_put(struct persons *p, const struct person *want, struct err *e);
/* His own time zone; NULL: he has chosen none, the operator's counts. */
const struct zone *person_zone(const struct persons *p, const char *bare);
/* The zone of that name; NULL: there is none. */
const struct zone *persons_find_zone(const struct persons *p, const char *name);
size_t person_count(const struct persons *p);
const struct person *person_at(const struct persons *p, size_t i);

#endif
