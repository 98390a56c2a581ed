/* SPDX-License-Identifier: Apache-2.0 */
/*
 * muster: has each node behind the thing registered, claimed and let go on its own:
 * what enroll.h does for the thing itself, for many at once and one step long, since
 * the registry is found by then.
 *
 *	owed -> asked -> known: unclaimed | owned
 *	 ^  \--- failed: later, with jitter      a push about a node: owed again
 *
 * Few are asked at a time; one that fails delays no other.  Before the registry has
 * said whose a node is, nobody counts as its owner.  A node that is gone is first
 * wiped here and then unregistered there, for as long as that takes.
 */
#ifndef KITH_THING_MUSTER_H
#define KITH_THING_MUSTER_H

#include "thing/befriend.h"
#include "thing/call.h"
#include "thing/node.h"
#include "thing/room.h"
#include "thing/session.h"
#include "thing/standing.h"

#define MUSTER_FLIGHT 4		/* asked at the same time */
#define MUSTER_PUSHES ROOM_NODES	/* waiting for what the registry says */
#define MUSTER_GRAVES 512	/* gone, and not yet forgotten by the registry */
#define MUSTER_AGAIN_MS 5000	/* as ENROLL_AGAIN_MS */

struct muster_ops {
	void (*claimable)(void *arg, const struct thing_node *n);
	/* Of somebody, or (bare "") of nobody any more. */
	void (*owner)(void *arg, const struct thing_node *n, const char *bare);
	void (*note)(void *arg, bool alarm, const char *sentence);
};

struct muster_grave {
	struct node at;			/* heap */
	struct muster_grave *next;
	bool asked;
	unsigned failures;
	int64_t next_ms;
};

struct muster_flight {
	struct muster *muster;
	struct thing_node *node;	/* held; NULL: a grave's, or free */
	struct muster_grave *grave;
	bool void_answer;		/* it is still to come, and counts no more */
};

struct muster_push {
	struct call *call;
	struct thing_node *node;	/* held */
	uint64_t pull;			/* answered when node->done has reached it */
};

struct muster {
	const struct clock *clock;
	const char *dir;
	struct nodes *nodes;
	struct standing *standing;
	struct session *session;
	struct friends *friends;
	struct befriend *befriend;
	struct decisions *decisions;
	const struct muster_ops *ops;
	void *arg;
	bool open;			/* logged in, and the thing itself is registered */
	struct muster_grave *graves;
	struct muster_flight flight[MUSTER_FLIGHT];
	struct muster_push push[MUSTER_PUSHES];
};

/* Reads which nodes the registry has still to forget. */
int muster_open(struct muster *m, struct err *e);
void muster_close(struct muster *m);

/* A new node: its KEY, and what is on disk of it.  -1: cannot be kept, take it out. */
int muster_add(struct muster *m, struct thing_node *n, struct err *e);
/* Gone for good; the caller takes it out of the nodes.  -1: it stays. */
int muster_remove(struct muster *m, struct thing_node *n, struct err *e);

/* The thing has registered with this login, or the stream is gone. */
void muster_begin(struct muster *m);
void muster_end(struct muster *m);
/* It is called something else: the registry hears of it. */
void muster_changed(struct muster *m, struct thing_node *n);
/* Our server pushed a roster item, and friends has taken it. */
void muster_roster_changed(struct muster *m);

/* claimed, disowned or removed, about a node: a hint.  Takes the call over. */
void muster_take_push(struct muster *m, struct call **c);

/* The claim URI of a node that nobody owns, to be cleansed and given back by
 * mem_free(); NULL: it is owned, or the registry has not said. */
char *muster_claim_uri(const struct muster *m, const struct thing_node *n);

int64_t muster_deadline(const struct muster *m);
void muster_tick(struct muster *m);

#endif
