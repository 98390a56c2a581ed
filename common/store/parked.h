/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parked: requests that wait for a third party (ruling 11).  Asker, iq id,
 * dialect, what it waits for and the deadline are committed before that party
 * is asked.  At most 4 per asker; an identical request joins the row.
 */
#ifndef KITH_STORE_PARKED_H
#define KITH_STORE_PARKED_H

#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/err.h"

struct store;
struct parked_table;

#define PARKED_PER_ASKER 4

struct parked {
	int64_t row;
	const char *asker;	/* full JID */
	const char *to;		/* address the request was sent to */
	const char *iq_id;
	int verb;
	int gen, vocab;		/* dialect of the answer */
	const char *waits_for;	/* KIND:WHAT, e.g. "disowned:<thing id>" */
	int64_t deadline_ms;	/* wall, as it is now; then it counts on the boot clock */
	const char *request;	/* the stanza, to be served again; NULL: not needed */
};

#define PARKED_REQUEST 16384	/* bytes of `request` */

int parked_open(struct parked_table **out, struct store *s, const struct clock *clock,
    struct err *e);
void parked_close(struct parked_table **p);
/* In a transaction.  1 parked, 0 joined an identical row, -1 (ERR_LIMIT: too many). */
int parked_add(struct parked_table *p, const struct parked *r, struct err *e);
/* In a transaction: take every row that waits for this, one at a time.  1 taken
 * (strings valid until the next call), 0 none, -1 error. */
int parked_take(struct parked_table *p, const char *waits_for, struct parked *out, struct err *e);
/* The earliest that is past its deadline, of those whose waits_for begins so. */
int parked_take_late(struct parked_table *p, const char *kind, struct parked *out,
    struct err *e);
int64_t parked_deadline(const struct parked_table *p, const char *kind);	/* wall ms; -1 none */
/* After a restart: the wall clock may have been set back meanwhile, and of these none
 * waits longer than so. */
void parked_within(struct parked_table *p, const char *kind, int64_t ms);

#endif
