/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operate: words of kithctl that change something.  One line of the control
 * socket becomes a struct request with by_operator set and goes the way of all
 * requests (operate_serve); its reply's text is the answer.  Long acts run in
 * slices, see operate_job.h.  Looking only is report.h.
 */
#ifndef KITH_KITHD_OPERATE_H
#define KITH_KITHD_OPERATE_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "kithd/site.h"

struct request;
struct reply;

/*
 * One act, between two turns, in a transaction of its own.  Strings of *r live
 * in q->pool.  -1: the store failed and nothing changed.
 */
int operate_serve(const struct site_parts *p, struct request *q, struct reply *r,
    struct err *e);
/* A policy line becomes an owner's rule in the open transaction, as the
 * registry wishes (registry_deps.add_rule); arg: struct provisioning **. */
int operate_add_rule(void *arg, const char *owner, const char *line, struct err *e);

/* The operator's policy from its file, if that has changed; outside of any
 * turn.  Failures are alarms in the log, and in what kithctl shows. */
void operate_policy_read(struct site *s, const char *by);

/* Is the first word of this line one of those below? */
bool operate_knows(const char *line);
/* As control_fn of control_socket.h. */
bool operate(struct site *s, void **job, const char *line, struct buf *out);

#endif
