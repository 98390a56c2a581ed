/* SPDX-License-Identifier: Apache-2.0 */
/*
 * befriend: how somebody becomes a friend, or stops being one.
 *  - the owner and the services are accepted at once, nobody is asked;
 *  - whoever else asks (presence subscribe) waits for isFriend: yes accepts,
 *    no refuses, silence is asked again later;
 *  - a `friend` push makes us ask isFriend ourselves, then offer friendship;
 *  - `unfriend` narrows at once;
 *  - whom our server let in without our word is asked about all the same.
 * At most BEFRIEND_PENDING wait; the oldest makes room (att-D-12).
 */
#ifndef KITH_THING_BEFRIEND_H
#define KITH_THING_BEFRIEND_H

#include "thing/access.h"

#define BEFRIEND_PENDING ROOM_BEFRIEND
#define BEFRIEND_BARE 512	/* bytes of an address we keep waiting */
#define BEFRIEND_AGAIN_MS (30 * 1000LL)

struct befriend_pending {
	char bare[BEFRIEND_BARE];	/* "": free */
	uint64_t order;			/* when it came: the oldest goes first */
	int64_t again_ms;		/* ask (again) at this time */
	bool asking;			/* isFriend is under way */
	bool requested;			/* they asked us, and wait for our word */
	bool offered;			/* a `friend` push said that they may */
	bool doubted;			/* our server calls them a friend; we never did */
	bool withdrawn;			/* `unfriend` came while it was asked about */
};

struct befriend {
	const struct clock *clock;
	struct session *session;
	const struct standing *standing;
	struct friends *friends;
	struct access *access;
	struct decisions *decisions;
	void (*refused)(void *arg, const char *bare);
	void *arg;
	uint64_t count;
	struct befriend_pending *pending;	/* heap, all of them, while anybody waits */
};

/* Somebody's presence of type subscribe; `bare` is stamped by the broker. */
void befriend_request(struct befriend *b, const char *bare);
/* The pushes, already known to come from our service. */
void befriend_friend(struct befriend *b, const char *bare);
void befriend_unfriend(struct befriend *b, const char *bare);
/* Ask for a subscription to them, unless it is there or asked for. */
void befriend_subscribe(struct befriend *b, const char *bare);

/* The roster is another one. */
void befriend_roster_changed(struct befriend *b);

int64_t befriend_deadline(const struct befriend *b);
void befriend_tick(struct befriend *b);
/* The session is over: our server repeats open requests at the next. */
void befriend_end(struct befriend *b);

#endif
