/* SPDX-License-Identifier: Apache-2.0 */
/*
 * challenge: whoever shows a token proves that he has the key of its
 * certificate.  At getToken, to us; later through the thing that was shown the
 * token: the thing's question is parked (ruling 11), we challenge the thing, it
 * passes that on to whoever showed the token, and what comes back, or the
 * deadline, decides the question.  Bounded; what is under way is lost with a
 * restart, and then the questions are decided without.  Read next: token.h.
 */
#ifndef KITH_PROVISIONING_CHALLENGE_H
#define KITH_PROVISIONING_CHALLENGE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/stats.h"

struct access_facts;
struct buf;
struct provisioning;
struct reply;
struct request;
struct store;
struct token;

struct challenges;

#define CHALLENGE_KIND "token:"		/* of parked rows */
#define CHALLENGE_MS 4000		/* things that ask us give up after five seconds or so */
#define CHALLENGE_GROUPS 1000		/* questions that wait, each with its challenges */

struct parked_table;
int challenges_open(struct challenges **out, struct store *s, struct parked_table *parked,
    struct stats *stats, struct err *e);
void challenges_close(struct challenges **c);

/*
 * Park `q` until what its tokens lack was shown.  CHALLENGE_DECIDE: nothing is to
 * be waited for; 0: parked, say nothing; -1; outside of a transaction
 * PROVISIONING_WRITES, as for any question that writes.
 */
#define CHALLENGE_DECIDE 2
int challenge_needed(struct provisioning *p, const struct request *q, const struct access_facts *f,
    struct reply *r, struct err *e);
/* An answer to an iq of ours, in a transaction: 1 it was to a challenge, 0 not, -1. */
int challenge_answered(struct provisioning *p, const struct request *answer, struct err *e);
/* In a transaction: what waited too long is decided without. */
int challenge_tick(struct provisioning *p, struct err *e);
int64_t challenge_deadline(const struct provisioning *p);	/* wall ms; -1 none */
/* After a commit: what it released, challenges and answers. */
void challenge_released(struct provisioning *p, struct buf *out);
/* The stream is gone: nothing of it is heard any more. */
void challenge_down(struct provisioning *p);

/* While a parked question is served again: was this key shown for it? */
bool challenge_showed(const struct provisioning *p, const struct token *key);

#endif
