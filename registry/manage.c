/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manage: update, remove, disown: what the owner, or the thing about itself,
 * asks for later.  A thing of somebody else and a thing that does not exist
 * give the same answer (att-C-15).  Read next: owed.c for what the thing is told.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "registry/role.h"
#include "registry/tags.h"

/* Clients give up after 5 s: the answer comes before. */
#define DISOWN_DEADLINE 4000

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

static const struct owned *addressed(const struct registry *g, const struct request *q)
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
	if (thing_store_put(g->things, &want, e) == -1)
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
	t = addressed(g, q);
	if (t == NULL || t->owner == NULL) {
		r->kind = REPLY_RESULT;
		r->body = BODY_DISOWNED;
		return 0;
	}
	return merge(g, q, t, r, e);
}

int registry_update(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	const struct owned *t = addressed(g, q);
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
	const struct owned *t = addressed(g, q);
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
	return done(r);
}

/* ---- disown ---- */

static void waits_for(char out[static REGISTRY_WAITS], const uint8_t *id)
{
	char hex[REGISTRY_HEX];

	registry_hex(hex, id);
	snprintf(out, REGISTRY_WAITS, "disowned:%s", hex);
}

/* A debt for an epoch that is not yet: the thing is asked to let go. */
bool registry_disown_pending(const struct registry *g, const struct owned *t)
{
	char hex[REGISTRY_HEX];
	const struct debt *d;

	registry_hex(hex, t->id);
	d = debt_find(g->deps.debts, DEBT_OWNER, t->jid, hex);
	return d != NULL && d->number > t->epoch;
}

static int park(struct registry *g, const struct request *q, const struct owned *t,
    struct reply *r, struct err *e)
{
	char waits[REGISTRY_WAITS], hex[REGISTRY_HEX];
	struct parked p = {
		.asker = q->from, .to = q->to, .iq_id = q->kind == STANZA_IQ ? q->id : NULL,
		.verb = q->verb, .gen = (int)q->dialect.gen, .vocab = (int)q->dialect.vocab,
		.waits_for = waits, .deadline_ms = clock_wall(g->deps.clock) + DISOWN_DEADLINE,
	};
	struct err limit = ERR_INIT;

	waits_for(waits, t->id);
	registry_hex(hex, t->id);
	if (parked_add(g->deps.parked, &p, &limit) == -1) {
		if (limit.kind != ERR_LIMIT) {
			if (e != NULL)
				*e = limit;
			return -1;
		}
		reply_error(r, COND_RESOURCE_CONSTRAINT);
		return 0;
	}
	r->kind = REPLY_SILENCE;
	if (registry_disown_pending(g, t))
		return 0;
	return debt_owe(g->deps.debts, DEBT_OWNER, t->jid, hex, t->epoch + 1, NULL, e);
}

/*
 * XEP-0347 3.16: only of a thing that is there, since it must know before
 * others may claim it.  It is asked first; its answer, or the deadline, ends
 * the wait (owed.c).
 */
int registry_disown(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	const struct owned *t = addressed(g, q);
	const struct contact *c;

	if (!owned_by(t, q->bare))
		return not_found(r);
	c = contact_find(g->deps.contacts, t->jid);
	if (c == NULL || c->full == NULL || (c->from_us == SUB_YES && !c->online)) {
		reply_error(r, COND_NOT_ALLOWED);
		return 0;
	}
	return park(g, q, t, r, e);
}

static int release_all(struct registry *g, const char *waits, struct err *e)
{
	struct parked p;
	int got;

	while ((got = parked_take(g->deps.parked, waits, &p, e)) == 1)
		if (registry_release(g, &p, COND_NONE, e) == -1)
			return -1;
	return got;
}

int registry_disown_finish(struct registry *g, const struct owned *t, struct err *e)
{
	struct owned gone = *t;
	char waits[REGISTRY_WAITS], hex[REGISTRY_HEX], removed[REGISTRY_WAITS];

	waits_for(waits, t->id);
	registry_hex(hex, t->id);
	registry_removed_subject(removed, t->id);
	gone.owner = gone.name = NULL;
	gone.epoch++;
	gone.state = OWNED_NOBODY;
	gone.is_public = false;
	gone.listed = true;
	gone.since_ms = clock_wall(g->deps.clock);
	if (debt_cancel(g->deps.debts, DEBT_OWNER, t->jid, hex, e) == -1 ||
	    debt_cancel(g->deps.debts, DEBT_OWNER, t->jid, removed, e) == -1 ||
	    thing_store_delete(g->things, t->id, e) == -1 ||
	    ownership_put(g->deps.ownership, &gone, e) == -1)
		return -1;
	++*g->count.disowned;
	return release_all(g, waits, e);
}
