/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asking: what a thing asks its services, and how it reads their answers:
 * register (XEP-0347 3.6), isFriend, canRead, canControl (XEP-0324), in the
 * names the service understands.  A service that advertises urn:kith:lease:0
 * is asked for revision and lease; no other ever sees that element.
 */
#ifndef KITH_THING_ASKING_H
#define KITH_THING_ASKING_H

#include "thing/decisions.h"
#include "thing/session.h"
#include "thing/standing.h"

/* `self` goes along where it is understood; `node` not set: the thing itself. */
int asking_register(struct session *s, const struct standing_service *to,
    const struct node *node, const struct tag_list *tags, const struct thing_self *self, session_answer_fn *answer,
    void *arg);

int asking_unregister(struct session *s, const struct standing_service *to,
    const struct node *node, session_answer_fn *answer, void *arg);
/* Has it been forgotten there, now or before? */
bool asking_unregistered(const struct stanza *answer);

enum asking_standing {
	ASKING_UNCLAIMED,
	ASKING_CLAIMED,		/* `owner` is set */
	ASKING_DISOWNED,	/* the registry says: you were owned, no more */
	ASKING_FAILED		/* an error: cannot tell */
};
struct asking_registered {
	enum asking_standing standing;
	char owner[ROOM_ADDRESS + 1];
	bool is_public;
	int64_t time_ms;	/* the registry's clock; 0: not told */
	uint64_t epoch;		/* of the ownership; 0: not told */
	char nonce[WIRE_PROOF + 1];	/* to be signed by our continuity key; "": none */
	const char *condition;	/* of ASKING_FAILED; static text */
};
/* `answer` NULL: none came. */
void asking_register_read(const struct stanza *answer, struct asking_registered *out);

/* `floor` goes along with the wish for a lease. */
int asking_decision(struct session *s, const struct standing_service *to,
    const struct decision_question *q, uint64_t floor, session_answer_fn *answer, void *arg);
/* 0, or -1: an error or not an answer to this question: cannot tell.  Lists
 * and texts come from `pool`; the answer never holds more than was asked. */
int asking_decision_read(const struct stanza *answer, const struct decision_question *q,
    struct pool *pool, struct decision *out);

#endif
