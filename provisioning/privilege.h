/* SPDX-License-Identifier: Apache-2.0 */
/*
 * privilege: all privileges of one user of a service as the list of XEP-0324: the
 * first line whose id is the one in question, or one above it, says whether he
 * has it; if there is none, he has not.  For every id that begins with a name
 * written in a rule, spelled as there, that is what hasPrivilege says.
 */
#ifndef KITH_PROVISIONING_PRIVILEGE_H
#define KITH_PROVISIONING_PRIVILEGE_H

#include "common/wire/reply.h"
#include "provisioning/service.h"

#define PRIVILEGE_NAMES 1000	/* of all rules about one service */

/*
 * What decides about one id, for a test or service.c: 1 yes, 0 no, -1 error.
 */
typedef int (*privilege_fn)(void *arg, const char *id, struct err *e);
/*
 * `names`: every id that rules speak of, with repeats.  Each is asked about once.
 * Lines come from `pool`.  -1: an error, or no room.
 */
int privilege_list(const char *const *names, size_t n, privilege_fn may, void *arg,
    struct pool *pool, struct reply_service *out, struct err *e);

/* The ids that rules about this service name; at most `max`, more is -1. */
int privilege_names(const struct visit *v, const char **names, size_t max, size_t *n,
    struct err *e);

#endif
