/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job: one parsed request waiting for its turn, with the pool that owns its
 * strings.  Jobs are reused from a free list of bounded length, so that a busy
 * stream allocates nothing.  A job decides nothing: see site.c.
 */
#ifndef KITH_KITHD_JOB_H
#define KITH_KITHD_JOB_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/jid.h"
#include "common/wire/reply.h"
#include "common/wire/request.h"
#include "common/wire/stream.h"

struct job {
	struct job *next;
	struct pool pool;
	struct request q;
	enum condition refused;		/* COND_NONE: serve it */
	bool writes;			/* as last asked */
};

struct job_queue {
	struct job *first, **last;
	size_t n;
	struct job *idle;
	size_t n_idle;
};

#define JOB_IDLE_MAX 64			/* pools kept for reuse */

void job_queue_init(struct job_queue *q);
void job_queue_fini(struct job_queue *q);
/* A fresh or reused job, not queued yet; NULL: out of memory. */
struct job *job_take(struct job_queue *q);
/* Done with it, or never queued. */
void job_give(struct job_queue *q, struct job *j);
void job_append(struct job_queue *q, struct job *j);
/* Take the job that `at` points to out of the queue. */
struct job *job_unlink(struct job_queue *q, struct job **at);
/* Is something of the same sender in front of it?  His requests are answered in order. */
bool job_waits(const struct job_queue *q, const struct job *j);
/* An iq of which only the head was kept: whom to refuse.  -1: nobody. */
int job_from_head(struct job *j, const struct stanza_head *h, enum jid_profile profile);
void job_queue_clear(struct job_queue *q);

#endif
