/* SPDX-License-Identifier: Apache-2.0 */
/*
 * approve: classes of things that the operator has approved beforehand: of one
 * maker and model, within a range of serial numbers, for one owner, so many,
 * until then.  A thing of the own site that registers and fits is that owner's
 * at once.  A name is no proof otherwise; here the operator says that for this
 * range, on this network, it is enough, and each serial counts once.
 */
#ifndef KITH_REGISTRY_APPROVE_H
#define KITH_REGISTRY_APPROVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/wire/request.h"

struct approvals;
struct store;

#define APPROVALS_MAX 1000
#define APPROVAL_CAP 1000000

struct approval {
	const char *name;	/* the operator's word for the class; found without case */
	const char *man, *model;
	const char *sn_from, *sn_to;
	const char *owner;	/* canonical bare JID */
	const char *rule;	/* a policy line his things of this class come with; NULL none */
	int64_t cap, used;
	int64_t until_ms;	/* wall */
};

int approvals_open(struct approvals **out, struct store *s, struct err *e);
void approvals_close(struct approvals **a);
const struct approval *approval_at(const struct approvals *a, size_t i);
const struct approval *approval_find(const struct approvals *a, const char *name);

/*
 * Serial numbers of digits only are numbers of any length; others are compared
 * byte by byte with bounds of their own length.  A serial of the other kind
 * lies in no range.
 */
bool approval_serial_in(const char *sn, const char *from, const char *to);
/* Bounds that can hold anything: both numbers, or both of one length, in order. */
bool approval_range_is_sound(const char *from, const char *to);
/* The first class that these tags fit, that is not over and not full; pure. */
const struct approval *approval_for(const struct approvals *a, const struct tag_list *tags,
    int64_t now_ms);

/* The same, full or not: the operator knows of these serials. */
bool approval_covers(const struct approvals *a, const struct tag_list *tags, int64_t now_ms);

/* In a transaction.  Replaces the class of that name; its count stays. */
int approval_put(struct approvals *a, const struct approval *want, struct err *e);
int approval_remove(struct approvals *a, const char *name, struct err *e);
/* One more of this class.  1 counted, 0 this serial was there before, -1. */
int approval_use(struct approvals *a, const char *name, const char *sn, struct err *e);

#endif
