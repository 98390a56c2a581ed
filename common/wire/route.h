/* SPDX-License-Identifier: Apache-2.0 */
/*
 * route: which request is this, and parse it.  One row per request:
 * protocol, element, stanza kind, iq types, which side serves it, parser.
 * A table, found by (protocol, local name): no ladder.
 */
#ifndef KITH_WIRE_ROUTE_H
#define KITH_WIRE_ROUTE_H

#include "common/base/jid.h"
#include "common/wire/reply.h"
#include "common/wire/request.h"

struct buf;
struct stanza;

/* Who is asking to have it routed; a row says which sides it is for. */
#define SIDE_SERVICE 0x1u	/* kithd */
#define SIDE_THING 0x2u		/* libkith-thing */

enum route_verdict {
	ROUTE_REFUSED = 0,	/* *q has what an error reply needs; *cond says which */
	ROUTE_SILENCE,		/* drop: nothing may be answered (errors, empty results..) */
	ROUTE_PARSED		/* *q is complete */
};

struct route_context {
	unsigned side;
	enum jid_profile profile;
	const char *self;	/* our canonical JID, for a missing `to` */
	const char *account_domain;	/* things: a missing `from` is the own account (RFC 6120 8.1.2.1) */
};

/*
 * Parse one stanza into *q.  All strings of *q are taken from `pool`.
 * On ROUTE_REFUSED, *cond is one of bad-request, jid-malformed,
 * service-unavailable, feature-not-implemented, resource-constraint, and q
 * holds kind, type, id, from, to, so that reply_write() can say it.
 */
enum route_verdict route_parse(const struct route_context *rc, const struct stanza *s,
    struct pool *pool, struct request *q, enum condition *cond);

/*
 * The other direction: write the stanza that asks for `q`, of which verb,
 * dialect (gen, vocab), kind, to, id, lease and the member of the union count;
 * `from` may be NULL.  type IQ_NOT: as the protocol wants it (for XEP-0347 a
 * set, except search).  What route_parse() reads from it is `q` again.
 * -1: no such request on the wire, or the buffer is full and cut back.
 */
int route_write(struct buf *out, const struct request *q);

/* For a test: is the table in the order the lookup needs? */
bool route_table_is_sorted(void);

#endif
