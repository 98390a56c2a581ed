/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease: urn:kith:lease:0 and urn:kith:why:0, what our things and our service
 * say beside XEP-0324: how long an answer holds, which values and how often, and
 * why it is a no.  docs/PROTOCOL.md 4.1 and 4.3 describe both.
 */
#ifndef KITH_WIRE_LEASE_H
#define KITH_WIRE_LEASE_H

#include "common/wire/emit.h"
#include "common/wire/parse.h"

/* In a question or a clearCache: <lease floor= limits=/>.  Absent is no fault. */
int lease_ask_parse(struct parse *p, const struct stanza *el, struct lease_ask *out);
void lease_ask_write(struct xml *x, const struct request *q);

/* In a clearCache, inside its <lease/>: <about jid= action= name= nodeId=/>.  What it
 * does not understand of it makes it about everything. */
int lease_about_parse(struct parse *p, const struct stanza *el, struct request_push *out);

/* In the answer: <lease revision= ttl=>, its limits, and for a no <denied/>. */
int lease_parse(struct parse *p, const struct stanza *el, struct reply *r);
void lease_write(struct xml *x, const struct request *q, const struct reply *r);

/* <denied reason= retry= ask=/>; nothing when there is no reason. */
struct denied {
	const char *reason;		/* a code of reply.h; NULL: not said */
	int64_t retry_after_ms;		/* 0: not said */
	const char *ask_whom;		/* bare JID; NULL: not said */
};
int denied_parse(struct parse *p, const struct stanza *parent, struct denied *out);
void denied_write(struct xml *x, const struct denied *d);

/* An empty <why/>: who asks understands <denied/>. */
bool why_is_asked(const struct stanza *el);
void why_write(struct xml *x, bool why);

#endif
