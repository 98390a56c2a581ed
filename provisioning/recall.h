/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recall: one change of what somebody may, and how far it has come.  The change
 * counts here from its commit; whoever may still hold an answer from before is
 * owed clearCache (common/store/debt.h) in slices of at most a millisecond, and
 * what comes back is counted: "in force at 2 of 3".  Which recalls wait for a
 * floor stands in the floor itself, so nothing is kept per thing, and after a
 * restart the counting goes on.  Decides nothing.  Read next: rules.c, lease.c.
 */
#ifndef KITH_PROVISIONING_RECALL_H
#define KITH_PROVISIONING_RECALL_H

#include "common/store/debt.h"
#include "common/store/ownership.h"
#include "common/wire/reply.h"
#include "policy/rule.h"

struct pool;
struct provisioning;

int recalls_open(struct provisioning *p, struct err *e);
void recalls_close(struct provisioning *p);

/*
 * For whoever changes what rules look at, inside the transaction of the change;
 * never for a change that only adds to what nobody asked about yet.  All that
 * one request (or one turn of the clockwork) changes about one owner is one
 * recall with one revision.
 *
 * recall_subject: a token, a role: what `s` stands for is not what it was.  All
 * things whose owners' rules speak of `s`.
 */
int recall_subject(struct provisioning *p, const struct subject *s, struct err *e);
/* The same for a role that `person` was given, or has no more: what others may stays,
 * and a friendship that it gave him ends. */
int recall_role(struct provisioning *p, const char *role, const char *person, bool given,
    struct err *e);
/* The operator's policy: everybody who ever asked. */
int recall_everybody(struct provisioning *p, struct err *e);
/* All things of one owner (his zone, a set, his account). */
int recall_owner(struct provisioning *p, const char *owner, struct err *e);
/* One thing (its tags). */
int recall_thing(struct provisioning *p, const struct owned *t, struct err *e);

/* rules.c: the revision that the row of a rule gets; then what came or went,
 * with its number. */
int recall_revision(struct provisioning *p, const char *owner, uint64_t *revision,
    struct err *e);
int recall_rule(struct provisioning *p, const char *owner, const struct rule *r, bool gone,
    struct err *e);

/* What was changed since the request began: begin to tell the things; all of it
 * when they are few.  May be called again. */
int recall_begin(struct provisioning *p, struct err *e);
/* The request is over: the next change is another recall. */
void recall_end(struct provisioning *p);
/* How far the change of this request has come, for its reply; after
 * recall_begin().  Zero when nothing changed.  Strings come from `pool`. */
void recall_force(struct provisioning *p, struct reply_force *out, struct pool *pool);

/* One slice of what is to be done; 1 something was, 0 nothing, -1. */
int recall_slice(struct provisioning *p, struct err *e);
int64_t recall_deadline(const struct provisioning *p);	/* wall ms; -1 never */
/* This thing has confirmed everything up to `number`. */
int recall_heard(struct provisioning *p, const struct debt *d, uint64_t number, struct err *e);
/* It is not its owner's any more: it leaves his counts. */
int recall_left(struct provisioning *p, const struct owned *t, struct err *e);

#endif
