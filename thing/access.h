/* SPDX-License-Identifier: Apache-2.0 */
/*
 * access: may this sender do that?  The only place where the thing decides:
 *   the owner         may, decided here, without asking and without a lease: of the
 *                     thing what is the thing's, of a node what is the node's
 *   a friend          as provisioning says, or an unexpired lease of it
 *   anybody else      may not, and raises no question; only the request to
 *                     become a friend is asked about
 * "Cannot tell now" is its own answer and never a yes, but for one case: parameters
 * that their maker calls operational (thing.h) may be set by whoever was last allowed
 * to, while provisioning gives no answer (att-D-14).
 */
#ifndef KITH_THING_ACCESS_H
#define KITH_THING_ACCESS_H

#include "thing/decisions.h"
#include "thing/friends.h"
#include "thing/node.h"
#include "thing/session.h"
#include "thing/standing.h"

#define ACCESS_WAITING ROOM_QUESTIONS	/* in flight */
#define ACCESS_BURST 60			/* questions at once, then ... */
#define ACCESS_PER_SECOND 10

enum access_who {
	ACCESS_STRANGER,
	ACCESS_FRIEND,
	ACCESS_OWNER,		/* of the thing, or of a node behind it */
	ACCESS_SERVICE,		/* the pinned registry or provisioning */
	ACCESS_SELF		/* our own account or its server */
};

enum access_verdict {
	ACCESS_NO,
	ACCESS_YES,
	ACCESS_UNKNOWN		/* provisioning is silent, or nothing may be asked now */
};

/* `d` says how much, with ACCESS_YES, and why not, with ACCESS_NO; NULL: cannot
 * tell now.  It lives during the call.  Its empty lists mean all that was asked for. */
typedef void access_fn(void *arg, enum access_verdict v, const struct decision *d);

struct access_wait;

struct access {
	const struct clock *clock;
	struct session *session;
	const struct standing *standing;
	const struct nodes *nodes;
	const struct friends *friends;
	struct decisions *decisions;
	/* Each answer to isFriend says it: may the thing trust others?  NULL: nobody asks. */
	void (*trust)(void *arg, bool delegates);
	void *trust_arg;
	bool fresh;		/* the service has had its say since we logged in */
	bool silent;		/* the last question got no answer */
	double budget;		/* questions we may still ask */
	int64_t budget_ms;
	struct access_wait *wait[ACCESS_WAITING];
};

void access_init(struct access *a, const struct clock *clock, struct session *session,
    const struct standing *standing, const struct nodes *nodes,
    const struct friends *friends, struct decisions *decisions);
void access_fini(struct access *a);

enum access_who access_who(const struct access *a, const char *bare);
/* Ownership of the thing gives nothing on its nodes, nor the other way round
 * (ruling 29). */
bool access_owns(const struct access *a, const struct thing_node *n, const char *bare);

/*
 * Calls `fn` once, now or later.  With `fresh_only`, no lease is believed: the
 * service is asked.  Whether the asker is a friend is the caller's to check.
 */
void access_decide(struct access *a, const struct decision_question *q, bool fresh_only,
    access_fn *fn, void *arg);

/* A question that outlives what it was made of. */
int access_copy_question(struct pool *pool, const struct decision_question *in,
    struct decision_question *out);

/* After a login: leases from before count again only once the service has had
 * the chance to take them back. */
void access_begin(struct access *a);
void access_settled(struct access *a);

#endif
