/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recall_part: what the files recall*.c share.  Nobody else includes it.
 */
#ifndef KITH_PROVISIONING_RECALL_PART_H
#define KITH_PROVISIONING_RECALL_PART_H

#include "provisioning/recall_store.h"
#include "provisioning/role.h"

/* recall.c */
/* After a rollback: what stands in the rows.  -1: cannot tell now. */
int recall_sync(struct provisioning *p, struct err *e);
/* Of the things it concerns, how many may still act by what was before. */
size_t recall_missing(const struct provisioning *p, const struct recall *r);
/* Nothing is left to be done or to be waited for. */
bool recall_is_over(const struct provisioning *p, const struct recall *r);
/* Does it concern this thing of its owner? */
bool recall_concerns(struct provisioning *p, const struct recall *r, const struct owned *t);
/* The next thing of its owner to look at, maybe NULL; *more false: there is none. */
const struct owned *recall_next_thing(struct provisioning *p, struct recall *r, bool *more);

/* recall_friends.c: friendships that begin or end with it */
bool recall_has_friends(const struct recall *r);
/* 1 there is more, 0 all are done, -1 */
int recall_friends_step(struct provisioning *p, struct recall *r, size_t *cost, struct err *e);
/* Of an address: friendships that a role gave, and that end with it. */
int recall_friends_of_role(struct provisioning *p, const struct recall *r, const char *jid,
    size_t *cost, struct err *e);

/* recall_tell.c: how far it is, in words */
void recall_describe(struct provisioning *p, const struct recall *r, struct reply_force *out,
    struct pool *pool);
/* Its speaker is owed a notice, if he is to be told anything. */
int recall_tell(struct provisioning *p, const struct recall *r, struct err *e);

#endif
