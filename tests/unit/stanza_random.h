/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stanza_random: random but valid requests and answers for property tests.
 * Everything is taken from the pool.
 */
#ifndef KITH_TESTS_UNIT_STANZA_RANDOM_H
#define KITH_TESTS_UNIT_STANZA_RANDOM_H

#include "common/wire/reply.h"
#include "tests/unit/unit.h"

/* A request of one of the verbs that can be written, in a random dialect. */
void stanza_random_request(struct unit_random *rnd, struct pool *pool, struct request *q);
/* An answer that suits the dialect of `q`. */
void stanza_random_reply(struct unit_random *rnd, struct pool *pool, const struct request *q,
    struct reply *r);
/* Text of up to `max` characters that XML can carry, with its odd ones. */
const char *stanza_random_text(struct unit_random *rnd, struct pool *pool, size_t min, size_t max);
void stanza_random_tags(struct unit_random *rnd, struct pool *pool, struct tag_list *out);

#endif
