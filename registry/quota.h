/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quota: what the operator allows one address or one domain beside the limits
 * of the settings.  A few rows, all in memory.  It counts nothing: whoever
 * enforces a limit asks quota_for() what the limit is.
 */
#ifndef KITH_REGISTRY_QUOTA_H
#define KITH_REGISTRY_QUOTA_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct quotas;
struct store;

#define QUOTA_ROWS 10000

enum quota_key {
	QUOTA_THINGS_PER_JID,	/* things and nodes that register behind one address */
	QUOTA_THINGS_PER_OWNER,	/* things one person owns */
	QUOTA_KEYS
};
const char *quota_key_name(enum quota_key k);
/* -1: no such key. */
int quota_key_find(const char *name);

struct quota {
	const char *subject;	/* a bare JID or a domain */
	enum quota_key key;
	int64_t value;
};

int quotas_open(struct quotas **out, struct store *s, struct err *e);
void quotas_close(struct quotas **q);

/* What the operator said of this address, else of its domain, else `otherwise`. */
int64_t quota_for(const struct quotas *q, const char *bare, enum quota_key k, int64_t otherwise);
/* In the order they were made; NULL: no more. */
const struct quota *quota_at(const struct quotas *q, size_t i);
/* In a transaction.  value < 0: back to the settings. */
int quota_set(struct quotas *q, const char *subject, enum quota_key k, int64_t value,
    struct err *e);

#endif
