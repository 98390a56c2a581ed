/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leave: disown and unregister: how a thing loses its owner.  Who must hear of
 * it is told by owed.c.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/base/str.h"
#include "registry/role.h"

/* Clients give up after 5 s: the answer comes before. */
#define DISOWN_DEADLINE 4000

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
	const struct owned *t = registry_addressed(g, q);
	const struct contact *c;

	if (!owned_by(t, q->bare)) {
		reply_error(r, COND_ITEM_NOT_FOUND);
		return 0;
	}
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
	if (registry_note(g, AUDIT_DISOWNED, t, t->jid, NULL, e) == -1)
		return -1;
	return release_all(g, waits, e);
}

/* ---- unregister ---- */

int registry_drop(struct registry *g, const struct owned *t, struct err *e)
{
	uint8_t id[OWNERSHIP_ID];

	memcpy(id, t->id, sizeof(id));
	return thing_store_delete(g->things, id, e) == -1 ||
	    ownership_delete(g->deps.ownership, id, e) == -1 ? -1 : 0;
}

/* The owner is told in words; he may have thought of it as his. */
static int tell_owner(struct registry *g, const struct request *q, const struct owned *t,
    struct err *e)
{
	struct buf text;
	char hex[REGISTRY_HEX];
	int rc;

	buf_init(&text, 2048);
	buf_adds(&text, "Your thing ");
	str_escape(&text, t->name != NULL ? t->name : t->jid, 200, true);
	if (t->node != NULL) {
		buf_adds(&text, " node ");
		str_escape(&text, t->node, 200, true);
	}
	buf_adds(&text, " has unregistered itself. It is no longer yours, and what you allowed "
	    "others to do with it has ended.");
	registry_hex(hex, t->id);
	rc = registry_notice(g, t->owner, pool_printf(q->pool, "unregistered:%s:%llu", hex,
	    (unsigned long long)t->epoch), buf_str(&text), e);
	buf_fini(&text);
	return rc;
}

/* The row stays, without owner, so that the epoch goes on counting should the
 * same address register again. */
static int leave_owner(struct registry *g, const struct request *q, const struct owned *t,
    struct err *e)
{
	struct owned gone = *t;
	char hex[REGISTRY_HEX];

	if (tell_owner(g, q, t, e) == -1 ||
	    registry_note(g, AUDIT_UNREGISTERED, t, q->bare, NULL, e) == -1)
		return -1;
	registry_hex(hex, t->id);
	gone.owner = gone.name = NULL;
	gone.epoch++;
	gone.state = OWNED_NOBODY;
	gone.is_public = gone.listed = false;
	gone.since_ms = clock_wall(g->deps.clock);
	if (debt_cancel(g->deps.debts, DEBT_OWNER, t->jid, hex, e) == -1 ||
	    registry_settle_removed(g, t, e) == -1 || thing_store_delete(g->things, t->id, e) == -1)
		return -1;
	return ownership_put(g->deps.ownership, &gone, e);
}

int registry_unregister(struct registry *g, const struct request *q, struct reply *r,
    struct err *e)
{
	const struct owned *t = registry_address(g, q->bare, &q->u.address.node);
	int rc = 0;

	if (t != NULL && registry_disown_pending(g, t)) {
		if (registry_disown_finish(g, t, e) == -1)
			return -1;
		t = registry_address(g, q->bare, &q->u.address.node);
	}
	if (t != NULL && t->owner != NULL)
		rc = leave_owner(g, q, t, e);
	else if (t != NULL && t->listed)
		rc = registry_note(g, AUDIT_UNREGISTERED, t, q->bare, NULL, e) == -1 ? -1 :
		    registry_drop(g, t, e);
	if (rc == -1)
		return -1;
	/* XEP-0347 3.15: the answer is empty, whether it was known or not. */
	++*g->count.unregistered;
	r->kind = REPLY_RESULT;
	r->body = BODY_EMPTY;
	return 0;
}
