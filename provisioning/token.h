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
struct reply;
struct request;

#define TOKEN_CHALLENGED 4	/* of one question; the others count only if they were shown before */
/* What was shown by a challenge for this one question is asked for again after this. */
#define TOKEN_RELAYED_MS 60000

/* f->tokens and what stands with it. */
int token_subjects(struct provisioning *p, const struct request *q, struct access_facts *f,
    struct err *e);

/* Given out by this server, as far as its address says? */
bool token_is_ours(const struct provisioning *p, const char *text);

/* token_owner.c: `tokens` and `revoke token NAME` of owners, and what the operator
 * does (desk.name; desk.yes_no: no takes it back). */
int token_list(struct provisioning *p, const struct request *q, struct reply *r, struct err *e);
int token_revoke_serve(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e);
struct sightings;
int sightings_open(struct sightings **out, struct err *e);
void sightings_close(struct sightings **s);
void sightings_note(struct provisioning *p, const struct access_facts *f);

/* Whose keys must be shown before `q` can be decided, each once.  How many. */
struct token_doubt {
	const char *text;		/* as whoever asks showed it */
	const struct token *key;	/* the certificate that vouches for it */
};
size_t token_doubts(struct provisioning *p, const struct request *q,
    const struct access_facts *f, struct token_doubt out[static TOKEN_CHALLENGED]);

#endif
