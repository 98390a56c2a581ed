/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pending: our own iqs that wait for an answer.  An answer counts only when
 * id, sender and iq type all fit; a forged one is dropped and the true one is
 * still awaited.  Ids are 128 random bits.  The table has a fixed size; when
 * it is full, the oldest entry is given up.
 */
#ifndef KITH_WIRE_PENDING_H
#define KITH_WIRE_PENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/ident.h"

struct pending;
struct stanza;

enum pending_end {
	PENDING_RESULT,		/* `s` is the answer */
	PENDING_ERROR,		/* `s` is the answer */
	PENDING_TIMEOUT,
	PENDING_DROPPED		/* table full, or pending_drop_all */
};

/* Called once; it may add and cancel. */
typedef void pending_done(void *arg, enum pending_end how, const struct stanza *s);

struct pending *pending_new(size_t max, const struct clock *clock, struct err *e);
/* Calls nobody. */
void pending_free(struct pending **p);

/* Who we are, once bound: an iq without `to` is answered by our own account or
 * our server (RFC 6120 8.1.2.1).  NULL: only an answer without `from` counts. */
int pending_set_self(struct pending *p, const char *full_jid, struct err *e);

/* Makes an id for a request to `to` (NULL: to our server).  `id` is what to
 * put on the wire. */
int pending_add(struct pending *p, const char *to, int64_t timeout_ms,
    pending_done *done, void *arg, char id[static IDENT_TEXT], struct err *e);
/* Forget all requests of this owner; nobody is called. */
void pending_cancel(struct pending *p, const void *arg);
/* Is this stanza an answer?  true: taken, done() was called. */
bool pending_answer(struct pending *p, const struct stanza *s);
/* The connection is gone: no answer will come any more. */
void pending_drop_all(struct pending *p);

int64_t pending_deadline(const struct pending *p);	/* boot ms, -1 none */
void pending_run(struct pending *p);			/* time out what is due */
size_t pending_count(const struct pending *p);

#endif
