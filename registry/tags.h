/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tags: a tag list as one string of bytes, the way a thing's row keeps it.
 * KEY and R never get in (att-C-05): what is not kept cannot be found, listed
 * or leaked.
 */
#ifndef KITH_REGISTRY_TAGS_H
#define KITH_REGISTRY_TAGS_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/wire/request.h"

#define TAGS_BYTES (WIRE_TAGS * (5 + 4 * (WIRE_TAG_NAME + WIRE_TAG_VALUE)))

/* Is this the reserved name, in any case? */
bool tags_is_key(const char *name);
/* In `pool`; NULL: full, or more than TAGS_BYTES. */
uint8_t *tags_pack(const struct tag_list *tags, struct pool *pool, size_t *len);
/* One of them, in any case, without unpacking the others; its value is not ended
 * by a zero.  False: absent, or damaged. */
bool tags_find_packed(const void *data, size_t len, const char *name, const char **value,
    size_t *value_len);
/* Strings are copied to `pool`.  -1: damaged, or the pool is full. */
int tags_unpack(struct tag_list *out, const void *data, size_t len, struct pool *pool);
/*
 * XEP-0347 3.13: named tags are overwritten, an empty string removes one, the
 * others stay.  1 merged, 0 more than WIRE_TAGS, -1 pool full.
 */
int tags_merge(struct tag_list *into, const struct tag_list *changes, struct pool *pool);

#endif
