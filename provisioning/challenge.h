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

struct access_facts;
struct buf;
struct provisioning;
struct reply;
struct request;
struct token;

struct challenges;

/* While a parked question is served again: was this key shown for it? */
bool challenge_showed(const struct provisioning *p, const struct token *key);

#endif
