/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recall: what a change concerns is made to forget.  So far all at once, and
 * not counted; see recall.h for what comes.
 */
#include "config.h"

#include "provisioning/recall.h"

#include <string.h>

#include "provisioning/role.h"

int recalls_open(struct provisioning *p, struct err *e)
{
	(void)p;
	(void)e;
	return 0;
}

void recalls_close(struct provisioning *p)
{
	(void)p;
}

int recall_everybody(struct provisioning *p, struct err *e)
{
	uint64_t revision;

	if (store_next_revision(p->deps.store, &revision, e) != 0)
		return -1;
	for (size_t i = 0; i < asker_count(p->askers); i++)
		if (lease_floor(p, asker_at(p->askers, i)->jid, revision, e) != 0)
			return -1;
	return 0;
}

int recall_subject(struct provisioning *p, const struct subject *s, struct err *e)
{
	(void)s;
	return recall_everybody(p, e);
}

int recall_owner(struct provisioning *p, const char *owner, struct err *e)
{
	const struct owned *t = NULL;
	uint64_t revision;

	if (store_next_revision(p->deps.store, &revision, e) != 0)
		return -1;
	while ((t = ownership_next_of_owner(p->deps.ownership, owner, t)) != NULL)
		if (lease_floor(p, t->jid, revision, e) != 0)
			return -1;
	return 0;
}

int recall_thing(struct provisioning *p, const struct owned *t, struct err *e)
{
	uint64_t revision;

	return store_next_revision(p->deps.store, &revision, e) != 0 ? -1 :
	    lease_floor(p, t->jid, revision, e);
}

int recall_rule(struct provisioning *p, const char *owner, const struct rule *r, bool gone,
    uint64_t *revision, struct err *e)
{
	(void)owner;
	(void)r;
	(void)gone;
	return store_next_revision(p->deps.store, revision, e);
}

int recall_begin(struct provisioning *p, struct err *e)
{
	(void)p;
	(void)e;
	return 0;
}

void recall_end(struct provisioning *p)
{
	(void)p;
}

void recall_force(struct provisioning *p, struct reply_force *out, struct pool *pool)
{
	(void)p;
	(void)pool;
	*out = (struct reply_force){ 0 };
}

int recall_slice(struct provisioning *p, struct err *e)
{
	(void)p;
	(void)e;
	return 0;
}

int64_t recall_deadline(const struct provisioning *p)
{
	(void)p;
	return -1;
}

int recall_heard(struct provisioning *p, const struct debt *d, uint64_t number, struct err *e)
{
	(void)p;
	(void)d;
	(void)number;
	(void)e;
	return 0;
}

int recall_left(struct provisioning *p, const struct owned *t, struct err *e)
{
	(void)p;
	(void)t;
	(void)e;
	return 0;
}
