/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token: the tokens of XEP-0324 as elements: getToken with its challenge and
 * response, getCertificate, tokenChallenge.  <proof xmlns='urn:kith:token:0'/>
 * inside says that its sender knows our own form of challenge.  What is in a
 * challenge is not known here.
 */
#ifndef KITH_WIRE_TOKEN_H
#define KITH_WIRE_TOKEN_H

#include "common/wire/emit.h"
#include "common/wire/parse.h"

int token_get_parse(struct parse *p, const struct stanza *el, struct request *q);
void token_get_write(struct xml *x, const struct request *q);
int token_response_parse(struct parse *p, const struct stanza *el, struct request *q);
void token_response_write(struct xml *x, const struct request *q);
int token_certificate_parse(struct parse *p, const struct stanza *el, struct request *q);
void token_certificate_write(struct xml *x, const struct request *q);
int token_challenge_parse(struct parse *p, const struct stanza *el, struct request *q);
void token_challenge_write(struct xml *x, const struct request *q);

/* Answers. */
int token_seqnr_answer_parse(struct parse *p, const struct stanza *el, struct reply *r);
void token_seqnr_answer_write(struct xml *x, const struct request *q, const struct reply *r);
int token_answer_parse(struct parse *p, const struct stanza *el, struct reply *r);
void token_answer_write(struct xml *x, const struct request *q, const struct reply *r);
int token_certificate_answer_parse(struct parse *p, const struct stanza *el, struct reply *r);
void token_certificate_answer_write(struct xml *x, const struct request *q,
    const struct reply *r);
int token_proof_answer_parse(struct parse *p, const struct stanza *el, struct reply *r);
void token_proof_answer_write(struct xml *x, const struct request *q, const struct reply *r);
/* The same out of the answer to an iq of ours; anything else leaves *a as it is. */
void token_proof_read(struct parse *p, const struct stanza *el, struct request_answer *a);

#endif
