/* SPDX-License-Identifier: Apache-2.0 */
/*
 * get_token: whoever has a certificate and its key gets a token (XEP-0324,
 * "Requesting a token").  He shows the certificate, is challenged, answers once,
 * within a minute or a little more, from the same address and in the same
 * dialect.  What is open is in memory only and bounded.
 */
#ifndef KITH_PROVISIONING_GET_TOKEN_H
#define KITH_PROVISIONING_GET_TOKEN_H

#include "common/base/certificate.h"
#include "common/base/stats.h"
#include "common/store/store.h"
#include "common/wire/reply.h"

struct provisioning;
struct openings;

#define OPENINGS_PER_JID 4
#define OPENINGS 1000
#define OPENING_MS 90000	/* at least a minute */

int openings_open(struct openings **out, struct store *s, struct stats *stats, struct err *e);
void openings_close(struct openings **o);

int get_token_serve(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e);
int get_token_answer(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e);
int get_token_certificate(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e);

#endif
