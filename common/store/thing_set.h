/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thing_set: lists of things that an owner gave a name.  Which things, nothing
 * else; a thing that changes its owner falls out of his sets.
 */
#ifndef KITH_STORE_THING_SET_H
#define KITH_STORE_THING_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct store;
struct thing_sets;

#define THING_SET_THINGS 1000	/* in one set */
#define THING_SETS_PER_OWNER 100

struct thing_set {
	const char *owner;	/* bare JID */
	const char *name;	/* as first written; found without case */
	size_t n;
	const uint8_t (*thing)[16];
};

int thing_sets_open(struct thing_sets **out, struct store *s, struct err *e);
void thing_sets_close(struct thing_sets **t);
const struct thing_set *thing_set_find(const struct thing_sets *t, const char *owner,
    const char *name);
const struct thing_set *thing_set_next(const struct thing_sets *t, const char *owner,
    const struct thing_set *after);
bool thing_set_has(const struct thing_set *s, const uint8_t thing[static 16]);
/* In a transaction.  n == 0 deletes it.  -1 with ERR_LIMIT: too many. */
int thing_set_put(struct thing_sets *t, const struct thing_set *want, struct err *e);
/* In a transaction: out of every set of that owner. */
int thing_set_drop(struct thing_sets *t, const char *owner, const uint8_t thing[static 16],
    struct err *e);

#endif
