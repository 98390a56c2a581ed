/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest_store: what things of ours said they offer and need, a row each.  It
 * is read only when somebody looks at one thing, so nothing of it is kept in
 * memory.  It decides nothing: people read it.
 */
#ifndef KITH_REGISTRY_MANIFEST_STORE_H
#define KITH_REGISTRY_MANIFEST_STORE_H

#include "common/store/ownership.h"
#include "common/wire/request.h"

struct manifest_store;

#define MANIFEST_STORE_BYTES 8192	/* of one thing, packed */

int manifest_store_open(struct manifest_store **out, struct store *s, struct err *e);
void manifest_store_close(struct manifest_store **m);
bool manifest_store_fits(const struct manifest *what);
/* In a transaction; writes nothing when it says what stands there already.  NULL:
 * it says nothing any more. */
int manifest_store_put(struct manifest_store *m, const uint8_t id[static OWNERSHIP_ID],
    const struct manifest *what, struct pool *pool, struct err *e);
/* *out NULL: it said nothing that can be read.  In `pool`. */
int manifest_store_find(struct manifest_store *m, const uint8_t id[static OWNERSHIP_ID],
    struct pool *pool, const struct manifest **out, struct err *e);
/* In a transaction. */
int manifest_store_delete(struct manifest_store *m, const uint8_t id[static OWNERSHIP_ID],
    struct err *e);

#endif
