/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loopback_link: a thing's end of the stream (loopback_client.c) and the broker's
 * (loopback_broker.c) with their mail in between.  Not for makers: loopback.h is.
 * All of it belongs to the loopback, whose memory is malloc's: MEM_WITHIN(NULL).
 */
#ifndef KITH_THING_LOOPBACK_LINK_H
#define KITH_THING_LOOPBACK_LINK_H

#include "common/base/jid.h"
#include "common/wire/client.h"
#include "common/wire/parser.h"
#include "common/wire/request.h"

#define LOOPBACK_BYTES (1u << 20)	/* of one queue: what is more is lost */
#define LOOPBACK_RULES 64
#define LOOPBACK_THINGS 16

struct client {
	struct client *next;
	struct kith_loopback *lb;
	const struct client_ops *ops;
	void *arg;
	struct resume *resume;		/* the login's: where the thing writes */
	struct buf out;			/* flushed, on its way to the broker */
	struct buf mail;		/* for the thing: stanzas, one after another */
	struct parser *from_thing, *to_thing;
	char user[64];
	char full[JID_MAX + 1];
	bool begins, registers, refused, up, cut, closed;
	int64_t heard_ms;
};

struct loopback_rule {
	char who[JID_MAX + 1];
	char action[16], name[128];	/* "": all */
	bool allow;
};

struct loopback_thing {
	char user[64], owner[JID_MAX + 1];	/* owner "": nobody's */
	bool registered;
	struct dialect dialect;		/* as it registered */
};

struct kith_loopback {
	struct kith_loopback *next;
	char domain[256], service[300];
	struct client *links;
	size_t n_rules, n_things;
	struct loopback_rule rule[LOOPBACK_RULES];
	struct loopback_thing thing[LOOPBACK_THINGS];
	uint64_t revision;
	unsigned refuse, questions, ids;
	bool silent;
	/* The person who waits for something, and what he got. */
	char who[JID_MAX + 1];
	bool subscribed;
	struct buf got;
	char why[64];
};

/* loopback.c: the broker of a domain; NULL: none. */
struct kith_loopback *loopback_find(const char *domain);
struct loopback_thing *loopback_thing_of(struct kith_loopback *lb, const char *user);
/* loopback_broker.c: what the thing flushed. */
void loopback_broker_take(struct client *link);
/* loopback_client.c */
void loopback_clock_advance(int64_t ms);

#endif
