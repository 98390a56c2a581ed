/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest: the keyed hash of a whole tag set, in the place of the tags: what a
 * claim is compared by.  Form 1: names in lower case (Unicode simple mapping),
 * sorted; string values as sent, number values as the shortest text of their
 * IEEE double; R left out.  Vectors in tests/unit/digest_test.c.
 */
#ifndef KITH_REGISTRY_DIGEST_H
#define KITH_REGISTRY_DIGEST_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/secret.h"
#include "common/wire/request.h"

#define DIGEST_BYTES SECRET_HASH
#define DIGEST_FORM 1

/* -1 only for more tags than WIRE_TAGS. */
int digest_tags(uint8_t out[static DIGEST_BYTES], const struct secret *key,
    const struct tag_list *tags);
/* The canonical set itself, for vectors: "s" or "n", name, value, each as
 * LENGTH:BYTES. */
int digest_form(struct buf *out, const struct tag_list *tags);
/* Tells one key from another without showing either. */
void digest_key_check(uint8_t out[static DIGEST_BYTES], const struct secret *key);

#endif
