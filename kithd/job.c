/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job: the queue of parsed requests and the free list behind it.
 */
#include "config.h"

#include "kithd/job.h"

#include <stdlib.h>
#include <string.h>

static void job_free(struct job *j)
{
	pool_fini(&j->pool);
	free(j);
}

void job_queue_init(struct job_queue *q)
{
	memset(q, 0, sizeof(*q));
	q->last = &q->first;
}

void job_queue_fini(struct job_queue *q)
{
	struct job *j;

	job_queue_clear(q);
	while ((j = q->idle) != NULL) {
		q->idle = j->next;
		job_free(j);
	}
	q->n_idle = 0;
}

struct job *job_take(struct job_queue *q)
{
	struct job *j = q->idle;

	if (j != NULL) {
		q->idle = j->next;
		q->n_idle--;
	} else {
		j = malloc(sizeof(*j));
		if (j == NULL)
			return NULL;
		pool_init(&j->pool, WIRE_REQUEST_BYTES);
	}
	j->next = NULL;
	memset(&j->q, 0, sizeof(j->q));
	j->q.pool = &j->pool;
	j->refused = COND_NONE;
	j->writes = false;
	return j;
}

void job_give(struct job_queue *q, struct job *j)
{
	if (q->n_idle >= JOB_IDLE_MAX) {
		job_free(j);
		return;
	}
	pool_reset(&j->pool);
	j->next = q->idle;
	q->idle = j;
	q->n_idle++;
}

void job_append(struct job_queue *q, struct job *j)
{
	j->next = NULL;
	*q->last = j;
	q->last = &j->next;
	q->n++;
}

struct job *job_unlink(struct job_queue *q, struct job **at)
{
	struct job *j = *at;

	*at = j->next;
	if (q->last == &j->next)
		q->last = at;
	q->n--;
	j->next = NULL;
	return j;
}

bool job_waits(const struct job_queue *q, const struct job *j)
{
	for (const struct job *k = q->first; k != j; k = k->next)
		if (k->q.bare != NULL && j->q.bare != NULL && strcmp(k->q.bare, j->q.bare) == 0)
			return true;
	return false;
}

static const char *canonical(struct pool *pool, const char *address, enum jid_profile profile,
    bool bare)
{
	struct jid j;

	if (address[0] == '\0' || jid_parse(&j, address, profile, NULL) != 0)
		return NULL;
	if (bare)
		jid_to_bare(&j);
	return pool_strdup(pool, j.text);
}

int job_from_head(struct job *j, const struct stanza_head *h, enum jid_profile profile)
{
	struct request *q = &j->q;

	q->kind = STANZA_IQ;
	q->type = strcmp(h->type, "get") == 0 ? IQ_GET : IQ_SET;
	q->id = pool_strdup(&j->pool, h->id);
	q->from = canonical(&j->pool, h->from, profile, false);
	q->bare = canonical(&j->pool, h->from, profile, true);
	q->to = canonical(&j->pool, h->to, profile, false);
	return q->id == NULL || q->bare == NULL || q->from == NULL || q->to == NULL ? -1 : 0;
}

void job_queue_clear(struct job_queue *q)
{
	while (q->first != NULL)
		job_give(q, job_unlink(q, &q->first));
}
