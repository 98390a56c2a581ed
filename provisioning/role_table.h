/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role_table: what the operator says somebody is: "family", "cleaner".  A role
 * is a subject of rules (policy/value.h) and nothing else; it decides nothing.
 * Rows and their copy in memory, one object a person.
 */
#ifndef KITH_PROVISIONING_ROLE_TABLE_H
#define KITH_PROVISIONING_ROLE_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "policy/value.h"

struct role_table;
struct store;

#define ROLE_NAME 64		/* bytes: a-z, 0-9, '-', '_', '.'; the first a letter */
#define ROLE_PEOPLE 100000	/* who have any */

int role_table_open(struct role_table **out, struct store *s, struct err *e);
void role_table_close(struct role_table **t);

bool role_name_is_good(const char *name);
/* Of a canonical bare JID, in order; NULL and 0: none.  Until the next change. */
const char *const *role_table_of(const struct role_table *t, const char *jid, size_t *n);
bool role_table_has(const struct role_table *t, const char *jid, const char *name);
/* In a transaction.  1 changed, 0 it was so, -1: ERR_INPUT, ERR_LIMIT or the store. */
int role_table_add(struct role_table *t, const char *jid, const char *name, struct err *e);
int role_table_remove(struct role_table *t, const char *jid, const char *name, struct err *e);

struct role_person {
	const char *jid;
	size_t n;
	const char *const *role;
};
/* Everybody, in no order; NULL behind the last. */
const struct role_person *role_table_at(const struct role_table *t, size_t i);

#endif
