/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay: who showed us which token.  Our provisioning service may challenge a
 * token that we told it of; we have no key, so within a minute the challenge is
 * passed on to whoever showed the token, and what he says is passed back
 * (XEP-0324, "Token Challenges").  Anybody else, any other token and any later
 * challenge is `forbidden`.  Tokens are kept as hashes, for a minute.
 */
#ifndef KITH_THING_RELAY_H
#define KITH_THING_RELAY_H

#include "common/base/hash.h"
#include "thing/call.h"
#include "thing/session.h"
#include "thing/standing.h"

#define RELAY_MS 60000
#define RELAY_SHOWN 32			/* (token, who) pairs in mind */
#define RELAY_SHOWN_PER_JID 8		/* the oldest of the same person falls out */
#define RELAY_WAITS 8			/* challenges that were passed on */

struct relay_shown {
	uint8_t token[HASH_BYTES];
	char by[SESSION_TO];		/* full; "": free */
	struct dialect dialect;		/* of the request */
	int64_t at_ms;			/* boot */
};

struct relay;
struct relay_wait {
	struct relay *relay;
	struct call *call;		/* the challenge; NULL: free */
};

struct relay {
	const struct clock *clock;
	struct session *session;
	const struct standing *standing;
	struct relay_shown *shown;	/* heap, RELAY_SHOWN from the first token on */
	struct relay_wait wait[RELAY_WAITS];
};

void relay_init(struct relay *r, const struct clock *clock, struct session *session,
    const struct standing *standing);
void relay_fini(struct relay *r);
/* A request came with these tokens. */
void relay_note(struct relay *r, const struct request *q, const struct tokens *t);
/* tokenChallenge: takes the call over if it is passed on, else answers it. */
void relay_challenge(struct relay *r, struct call **c);

#endif
