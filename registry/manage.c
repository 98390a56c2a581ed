/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manage: update, remove: what the owner, or the thing about itself, asks for
 * later.  A thing of somebody else and a thing that does not exist
 * give the same answer (att-C-15).  Read next: owed.c for what the thing is told.
 */
#include "config.h"

#include <string.h>

#include "registry/role.h"
#include "registry/tags.h"

static int not_found(struct reply *r)
{
	reply_error(r, COND_ITEM_NOT_FOUND);
	return 0;
}

static int done(struct reply *r)
{
	r->kind = REPLY_RESULT;
	r->body = BODY_EMPTY;
	return 0;
}

const struct owned *registry_addressed(const struct registry *g, const struct request *q)
{
	const char *jid = q->u.address.jid != NULL ? q->u.address.jid : q->bare;

	return registry_address(g, jid, &q->u.address.node);
}

/* ---- update ---- */

static int merge(struct registry *g, const struct request *q, const struct owned *t,
    struct reply *r, struct err *e)
{
	const struct thing *have = thing_store_find(g->things, t->id);
	struct tag_list tags = { 0 };
	struct thing want;
	int got;

	if (have == NULL)
		return not_found(r);
	if (tags_unpack(&tags, have->tags, have->tags_len, q->pool) == -1)
		return err_set(e, ERR_SYSTEM, "the tags of a thing are damaged or too many");
	got = tags_merge(&tags, &q->u.address.tags, q->pool);
	if (got != 1) {
		reply_error(r, COND_RESOURCE_CONSTRAINT);
		return 0;
	}
	want = *have;
	want.tags = tags_pack(&tags, q->pool, &want.tags_len);
	if (want.tags == NULL) {
		reply_error(r, COND_RESOURCE_CONSTRAINT);
		return 0;
	}
	if (thing_store_put(g->things, &want, e) == -1 ||
	    registry_note(g, AUDIT_TAGGED, t, q->bare, NULL, e) == -1)
		return -1;
	return done(r);
}

/* XEP-0347 3.12: the thing about itself.  Unclaimed, it writes nothing and
 * learns that it has no owner. */
static int update_self(struct registry *g, const struct request *q, const struct owned *t,
    struct reply *r, struct err *e)
{
	if (t == NULL || !t->listed)
		return not_found(r);
	if (registry_disown_pending(g, t) && registry_disown_finish(g, t, e) == -1)
		return -1;
	t = registry_addressed(g, q);
	if (t == NULL || t->owner == NULL) {
		r->kind = REPLY_RESULT;
		r->body = BODY_DISOWNED;
		return 0;
	}
	return merge(g, q, t, r, e);
}

int registry_update(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	const struct owned *t = registry_addressed(g, q);
	const char *jid = q->u.address.jid;

	if (jid == NULL || strcmp(jid, q->bare) == 0) {
		if (t != NULL && registry_alive(g, q, e) == -1)
			return -1;
		return update_self(g, q, t, r, e);
	}
	/* XEP-0347 3.13: the owner about his thing. */
	if (!owned_by(t, q->bare) || !t->listed)
		return not_found(r);
	return merge(g, q, t, r, e);
}

/* ---- remove ---- */

/* XEP-0347 3.11: out of the list; owner and rules stay.  Asked again, the
 * answer is the same. */
int registry_remove(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	const struct owned *t = registry_addressed(g, q);
	struct owned gone;
	char subject[REGISTRY_WAITS];

	if (!owned_by(t, q->bare))
		return not_found(r);
	if (!t->listed)
		return done(r);
	gone = *t;
	gone.listed = false;
	registry_removed_subject(subject, t->id);
	if (ownership_put(g->deps.ownership, &gone, e) == -1 ||
	    debt_owe(g->deps.debts, DEBT_OWNER, gone.jid, subject, gone.epoch, NULL, e) == -1)
		return -1;
	++*g->count.removed;
	if (registry_note(g, AUDIT_REMOVED, &gone, q->bare, NULL, e) == -1)
		return -1;
	return done(r);
}
