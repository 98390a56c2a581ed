/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operator: what the operator of the site may do with things, by kithctl: the
 * same requests and replies as everybody's, with request.by_operator set and
 * no sender.  Who may use the control socket is the operator; there is nothing
 * to decide about him here, only what an act means.  Read next: quota.h,
 * approve.h, import.c.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/base/str.h"
#include "registry/role.h"

/* ---- answers ---- */

int registry_say(struct request *q, struct reply *r, const char *text, struct err *e)
{
	(void)q;
	if (text == NULL)
		return err_set(e, ERR_LIMIT, "no room for an answer");
	r->kind = REPLY_RESULT;
	r->body = BODY_TEXT;
	r->text = text;
	return 0;
}

int registry_refuse(struct reply *r, enum condition c, const char *why)
{
	reply_error(r, c);
	r->text = why;
	return 0;
}

/* What people read for a thing. */
static const char *label(const struct request *q, const struct owned *t)
{
	if (t->name != NULL)
		return pool_strdup(q->pool, t->name);
	return t->node == NULL ? pool_strdup(q->pool, t->jid) :
	    pool_printf(q->pool, "%s node %s", t->jid, t->node);
}

static const struct owned *named(const struct registry *g, const struct request *q)
{
	return q->u.desk.thing_id == NULL ? NULL :
	    ownership_by_id(g->deps.ownership, q->u.desk.thing_id);
}

/* ---- hold and release ---- */

static int hold(struct registry *g, struct request *q, struct reply *r, struct err *e)
{
	const struct owned *t = named(g, q);
	struct owned held;

	if (t == NULL)
		return registry_refuse(r, COND_ITEM_NOT_FOUND, "no such thing");
	if (t->state != OWNED_NOBODY)
		return registry_refuse(r, COND_NOT_ALLOWED, "somebody owns it or has not let go "
		    "of it yet; only what nobody owns can be held");
	if (q->u.desk.jid != NULL && !registry_may_own(g, q->u.desk.jid))
		return registry_refuse(r, COND_NOT_ALLOWED, "that address may not own things "
		    "here");
	held = *t;
	held.hold = HOLD_OPERATOR;
	held.held_for = q->u.desk.jid;
	if (ownership_put(g->deps.ownership, &held, e) == -1 ||
	    registry_note(g, AUDIT_HELD, &held, "operator", q->u.desk.jid, NULL, e) == -1)
		return -1;
	t = named(g, q);
	return registry_say(q, r, q->u.desk.jid == NULL ?
	    pool_printf(q->pool, "%s is held: nobody can claim it", label(q, t)) :
	    pool_printf(q->pool, "%s is held: only %s can claim it", label(q, t),
	    q->u.desk.jid), e);
}

static int release(struct registry *g, struct request *q, struct reply *r, struct err *e)
{
	const struct owned *t = named(g, q);
	struct owned freed;
	const char *was;

	if (t == NULL)
		return registry_refuse(r, COND_ITEM_NOT_FOUND, "no such thing");
	if (t->hold == HOLD_NONE && !t->disputed)
		return registry_say(q, r, pool_printf(q->pool, "%s was not held",
		    label(q, t)), e);
	was = t->hold != HOLD_NONE ? owned_hold_name(t->hold) : "dispute";
	if (t->hold == HOLD_DESCENT && !registry_is_silent(g, t->held_for))
		return registry_refuse(r, COND_NOT_ALLOWED, "its owner was here within the last "
		    "90 days; only he can claim it, or let go of the thing it comes from");
	if (t->disputed) {
		switch (registry_dispute_release(g, t->id, q->u.desk.jid, e)) {
		case -1:
			return -1;
		case 1:
			return registry_refuse(r, COND_NOT_ALLOWED, "that address is no party to "
			    "the dispute");
		default:
			break;
		}
		t = named(g, q);
	}
	freed = *t;
	freed.hold = HOLD_NONE;
	freed.held_for = NULL;
	if (t->hold == HOLD_DESCENT && registry_let_go(g, t, e) == -1)
		return -1;
	if (t->hold == HOLD_FROZEN && registry_thaw(g, t, &freed, e) == -1)
		return -1;
	freed.disputed = false;
	if (ownership_put(g->deps.ownership, &freed, e) == -1 ||
	    registry_note(g, AUDIT_RELEASED, &freed, "operator", NULL, was, e) == -1)
		return -1;
	t = named(g, q);
	return registry_say(q, r, t->owner == NULL ?
	    pool_printf(q->pool, "%s is free: whoever shows its tags can claim it",
	    label(q, t)) :
	    pool_printf(q->pool, "%s belongs to %s, without reserve", label(q, t), t->owner), e);
}

/* ---- expire ---- */

static bool may_expire(const struct owned *t)
{
	return t != NULL && t->state == OWNED_NOBODY && t->listed;
}

int64_t registry_registered_at(const struct registry *g, const struct owned *t)
{
	const struct thing *thing = thing_store_find(g->things, t->id);

	return thing != NULL ? thing->at_ms : t->since_ms;
}

/* Several at once, so that a slice of a long list is one commit.  Those that
 * were claimed or have gone since the list was made are passed over. */
static int expire(struct registry *g, struct request *q, struct reply *r, struct err *e)
{
	int64_t n = 0;

	for (size_t i = 0; i < q->u.desk.n_things; i++) {
		const struct owned *t = ownership_by_id(g->deps.ownership, q->u.desk.things[i]);

		if (!may_expire(t))
			continue;
		n++;
		if (!q->u.desk.confirmed)
			continue;
		if (registry_note(g, AUDIT_EXPIRED, t, "operator", t->jid, NULL, e) == -1 ||
		    registry_drop(g, t, e) == -1)
			return -1;
		++*g->count.expired;
	}
	return registry_say(q, r, pool_printf(q->pool, "%lld", (long long)n), e);
}

/* ---- disown ---- */

static int tell_former_owner(struct registry *g, struct request *q, const struct owned *t,
    struct err *e)
{
	char hex[REGISTRY_HEX];
	struct buf text;

	buf_init(&text, 2048);
	saying_add(&text, N_("The operator of this site has taken %1 from you. It is no longer "
	    "yours, and what you allowed others to do with it has ended. Ask the operator for the "
	    "reason."), registry_escaped(t->name != NULL ? t->name : t->jid, q->pool), NULL);
	registry_hex(hex, t->id);
	return registry_tell(g, t->owner, pool_printf(q->pool, "operator:disown:%s:%llu", hex,
	    (unsigned long long)t->epoch), &text, e);
}

static int disown(struct registry *g, struct request *q, struct reply *r, struct err *e)
{
	const struct owned *t = named(g, q);
	const char *name, *owner;

	if (t == NULL)
		return registry_refuse(r, COND_ITEM_NOT_FOUND, "no such thing");
	if (t->owner == NULL)
		return registry_refuse(r, COND_NOT_ALLOWED, "nobody owns it");
	name = label(q, t);
	owner = pool_strdup(q->pool, t->owner);
	/* As if its owner had given it up while it was away. */
	if (tell_former_owner(g, q, t, e) == -1 ||
	    registry_tombstone(g, t, "operator", e) == -1)
		return -1;
	return registry_say(q, r, pool_printf(q->pool, "%s is no longer %s's; both are told, and "
	    "it can be claimed again once it has heard", name != NULL ? name : "it",
	    owner != NULL ? owner : "its owner"), e);
}

/* ---- quotas ---- */

static int quota(struct registry *g, struct request *q, struct reply *r, struct err *e)
{
	const char *subject = q->u.desk.jid;
	int key = q->u.desk.name == NULL ? -1 : quota_key_find(q->u.desk.name);
	struct err limit = ERR_INIT;

	if (subject == NULL || key == -1)
		return registry_refuse(r, COND_BAD_REQUEST, "a quota is an address or a domain, "
		    "things_per_jid or things_per_owner, and a number");
	if (quota_set(g->quotas, subject, (enum quota_key)key, q->u.desk.number, &limit) == -1) {
		if (limit.kind == ERR_LIMIT)
			return registry_refuse(r, COND_RESOURCE_CONSTRAINT, "there are too many "
			    "quotas");
		if (e != NULL)
			*e = limit;
		return -1;
	}
	if (registry_note(g, AUDIT_OPERATOR, NULL, "operator", subject, pool_printf(q->pool,
	    "quota %s %lld", q->u.desk.name, (long long)q->u.desk.number), e) == -1)
		return -1;
	return registry_say(q, r, q->u.desk.number < 0 ?
	    pool_printf(q->pool, "%s: %s as in the settings", subject, q->u.desk.name) :
	    pool_printf(q->pool, "%s: %s %lld", subject, q->u.desk.name,
	    (long long)q->u.desk.number), e);
}

int64_t registry_owner_room(const struct registry *g, const char *bare)
{
	return quota_for(g->quotas, bare, QUOTA_THINGS_PER_OWNER, g->conf.max_things_per_owner) -
	    (int64_t)ownership_count_of_owner(g->deps.ownership, bare);
}

bool registry_owner_has_room(const struct registry *g, const char *bare)
{
	return registry_owner_room(g, bare) > 0;
}

const struct quota *registry_quota_at(const struct registry *g, size_t i)
{
	return quota_at(g->quotas, i);
}

/* ---- accounts ---- */

static int recover(struct registry *g, struct request *q, struct reply *r, struct err *e)
{
	return registry_recover(g, q, r, e);
}

static int vouch(struct registry *g, struct request *q, struct reply *r, struct err *e)
{
	return registry_vouch(g, q, r, e);
}

/* ---- the table ---- */

static const struct {
	enum verb verb;
	int (*fn)(struct registry *g, struct request *q, struct reply *r, struct err *e);
} acts[] = {
	{ VERB_HOLD, hold },
	{ VERB_RELEASE, release },
	{ VERB_EXPIRE, expire },
	{ VERB_DISOWN, disown },
	{ VERB_QUOTA, quota },
	{ VERB_PREAPPROVE, registry_preapprove },
	{ VERB_IMPORT, registry_import },
	{ VERB_RECOVER, recover },
	{ VERB_PROVE, vouch },
};

int registry_operate(struct registry *g, struct request *q, struct reply *r, struct err *e)
{
	memset(r, 0, sizeof(*r));
	for (size_t i = 0; q->by_operator && i < sizeof(acts) / sizeof(acts[0]); i++)
		if (acts[i].verb == q->verb)
			return acts[i].fn(g, q, r, e);
	return registry_refuse(r, COND_FEATURE_NOT_IMPLEMENTED, "the registry knows no such act");
}
