/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest: the keyed hash of a whole tag set, in the place of the tags: what a
 * claim is compared by.  Form 1: names in lower case (Unicode simple mapping),
 * sorted; string values as sent, number values as the shortest text of their
 * IEEE double (which is what request.h keeps); R left out.  Vectors in tests/unit/digest_test.c.
 */
#ifndef KITH_REGISTRY_DIGEST_H
#define KITH_REGISTRY_DIGEST_H

#include <stdint.h>

#include "common/base/secret.h"
#include "common/wire/request.h"

#define DIGEST_BYTES SECRET_HASH
#define DIGEST_FORM 1

/* -1 only when `pool` is full or the tags are too many. */
int digest_tags(uint8_t out[static DIGEST_BYTES], const struct secret *key,
    const struct tag_list *tags, struct pool *pool);
/*
 * The canonical set itself: for each tag "s" or "n", name, value, each written
 * as LENGTH:BYTES.  In `pool`; NULL as above.  It holds the KEY: cleanse it.
 */
char *digest_form(const struct tag_list *tags, struct pool *pool);
/* Tells one key from another without showing either. */
void digest_key_check(uint8_t out[static DIGEST_BYTES], const struct secret *key);

#endif
