/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token: what the tokens in a question speak for.  A token counts when it is of
 * this server, holds, and whoever asks has shown that he may use it: he it was
 * given to once (common/store/token.h), anybody else in each question anew,
 * since who passed a token on must not keep the use of it.  What is unknown,
 * over, revoked or of another server counts for nothing.  Read next:
 * challenge.h (how it is shown).
 */
#ifndef KITH_PROVISIONING_TOKEN_H
#define KITH_PROVISIONING_TOKEN_H

#include "common/store/token.h"
#include "provisioning/access.h"

struct provisioning;

#define TOKEN_CHALLENGED 4	/* of one question; the others count only if they were shown before */
/* What was shown by a challenge for this one question is asked for again after this. */
#define TOKEN_RELAYED_MS 60000

/* f->tokens and what stands with it. */
int token_subjects(struct provisioning *p, const struct request *q, struct access_facts *f,
    struct err *e);

/* Given out by this server, as far as its address says? */
bool token_is_ours(const struct provisioning *p, const char *text);

/* Whose keys must be shown before `q` can be decided, each once.  How many. */
struct token_doubt {
	const char *text;		/* as whoever asks showed it */
	const struct token *key;	/* the certificate that vouches for it */
};
size_t token_doubts(struct provisioning *p, const struct request *q,
    const struct access_facts *f, struct token_doubt out[static TOKEN_CHALLENGED]);

#endif
