/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enroll: from a bound stream to an owner.
 *
 *	roster -> services found and pinned -> registered -> unclaimed
 *	                                         ^   |   \-> serving
 *	                       a push: a hint ---/   v
 *	                                      pull: register again
 *
 * The registry's answer to `register` is the only source of "who owns me"; a
 * push makes us ask again and is answered when the result is on disk.  Only
 * the pinned services are heard.  A thing that was owned and is no more makes
 * a new KEY before it shows itself again, and a new password (renew.h).
 */
#ifndef KITH_THING_ENROLL_H
#define KITH_THING_ENROLL_H

#include "thing/befriend.h"
#include "thing/board.h"
#include "thing/button.h"
#include "thing/call.h"
#include "thing/identity.h"
#include "thing/muster.h"
#include "thing/renew.h"
#include "thing/services.h"
#include "thing/thing.h"
#include "thing/witness.h"

#define ENROLL_PUSHES 8		/* waiting for the pull */
#define ENROLL_PROOFS 3		/* a registry that asks for more is not heard */
#define ENROLL_AGAIN_MS 5000	/* base of the waiting time after a refusal */

enum enroll_step {
	ENROLL_IDLE,		/* not logged in */
	ENROLL_ROSTER,
	ENROLL_FINDING,
	ENROLL_ASKING,		/* whoever stands before it: is this the registry? */
	ENROLL_REGISTERING,
	ENROLL_SETTLING,	/* registered; hearing the service out before serving */
	ENROLL_DONE,
	ENROLL_WAITING		/* something failed; next_ms says when again */
};

struct enroll_ops {
	void (*state)(void *arg, enum kith_thing_state state, const char *why);
	/* Unclaimed: there is a URI to show. */
	void (*claimable)(void *arg);
	void (*owner)(void *arg, const char *bare);	/* "" : nobody */
	void (*note)(void *arg, bool alarm, const char *sentence);
	void (*time)(void *arg, int64_t wall_ms);	/* as the registry says it is */
	/* A text that is marked N_(); -1: it did not leave. */
	int (*tell_owner)(void *arg, const char *text);
};

struct enroll_push {
	struct call *call;
	uint64_t pull;		/* answered when a pull of at least this number is done */
};

struct enroll {
	const struct clock *clock;
	const char *dir;
	const char *registry;		/* configured; NULL: found */
	struct tag_list tags;		/* without KEY; lives as long as this */
	unsigned can;			/* SELF_*: what our board has */
	const struct board *board;	/* what we offer; NULL: not said */
	bool pressed;			/* its button, since it registered last */
	struct identity *id;
	struct standing *standing;
	struct session *session;
	struct friends *friends;
	struct befriend *befriend;
	struct access *access;
	struct decisions *decisions;
	struct witness *witness;
	struct button *button;		/* first trust needs a press of it; NULL: not */
	struct muster *muster;		/* of the nodes behind it */
	const struct enroll_ops *ops;
	void *arg;
	enum enroll_step step;
	unsigned failures;
	int64_t next_ms;		/* -1 */
	uint64_t pulls_begun, pulls_done;
	bool pulling;
	char nonce[WIRE_PROOF + 1];	/* the registry asked for a proof; "": not */
	unsigned proofs;		/* given since this login */
	bool present;			/* available presence was sent */
	struct renew renew;
	bool unsaved;			/* the standing is newer than its file */
	bool untold;			/* the owner changed and our maker has not heard it */
	struct services services;
	const struct services_hints *hints;	/* of the broker we are at; NULL: none */
	struct enroll_push push[ENROLL_PUSHES];
};

/* A login succeeded, or the stream is gone. */
void enroll_begin(struct enroll *e);
void enroll_end(struct enroll *e);

/*
 * claimed, disowned, removed, clearCache (iq) and friend, unfriend (message).
 * Takes the call over (*c becomes NULL) when its answer has to wait.
 */
void enroll_take_push(struct enroll *e, struct call **c);

/* Our server pushed a roster item, and friends has taken it. */
void enroll_roster_changed(struct enroll *e);

/* The provisioning service has said whether we may trust others. */
void enroll_trust(struct enroll *e, bool delegates);

/* A person answered, by a press or by none, whether the services found are ours. */
void enroll_answered(struct enroll *e, bool accepted);

/* Its button was pressed: it can be claimed for a while, if it is that kind. */
void enroll_pressed(struct enroll *e);

/* Does the thing answer requests now? */
bool enroll_is_serving(const struct enroll *e);

int64_t enroll_deadline(const struct enroll *e);
void enroll_tick(struct enroll *e);

#endif
