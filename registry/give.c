/* SPDX-License-Identifier: Apache-2.0 */
/*
 * give: a thing becomes somebody's because the operator says so: by a class
 * that was approved beforehand, or by a line of an import.  It is a claim in
 * all that follows from it; the label is spent, so nobody claims it after.
 */
#include "config.h"

#include <string.h>

#include "common/base/str.h"
#include "registry/role.h"

int registry_give(struct registry *g, const struct owned *t, const char *owner, const char *name,
    bool is_public, struct err *e)
{
	const struct thing *thing = thing_store_find(g->things, t->id);
	struct owned now = *t;
	struct used u = { .owner = owner, .at_ms = clock_wall(g->deps.clock) };
	char hex[REGISTRY_HEX];

	now.owner = owner;
	now.name = name;
	now.epoch++;
	now.state = OWNED;
	now.hold = HOLD_NONE;
	now.held_for = NULL;
	now.former = NULL;
	now.until_ms = 0;
	now.disputed = false;
	now.is_public = is_public;
	now.listed = true;
	now.since_ms = u.at_ms;
	memcpy(u.id, now.id, sizeof(u.id));
	u.epoch = now.epoch;
	registry_hex(hex, now.id);
	if (thing != NULL && thing_store_used(g->things, thing->digest) == NULL) {
		memcpy(u.digest, thing->digest, sizeof(u.digest));
		if (thing_store_spend(g->things, &u, e) == -1)
			return -1;
	}
	if (ownership_put(g->deps.ownership, &now, e) == -1 ||
	    debt_owe(g->deps.debts, DEBT_OWNER, now.jid, hex, now.epoch, NULL, e) == -1 ||
	    registry_ask_presence(g, now.jid, e) == -1 ||
	    registry_account_begins(g, owner, e) == -1)
		return -1;
	++*g->count.claimed;
	return registry_note(g, AUDIT_CLAIMED, &now, "operator", now.jid, NULL, e);
}

/* ---- classes approved beforehand ---- */

static int tell_new_owner(struct registry *g, const struct request *q, const struct owned *t,
    const char *class, const char *sn, struct err *e)
{
	char hex[REGISTRY_HEX];
	struct buf text;

	buf_init(&text, 2048);
	saying_add(&text, N_("A thing of the class %1, which the operator approved for you, has "
	    "registered and is yours: SN %2, %3. Not one of yours? Say: disown it."),
	    registry_escaped(class, q->pool), registry_escaped(sn, q->pool),
	    registry_escaped(t->jid, q->pool), NULL);
	registry_hex(hex, t->id);
	return registry_tell(g, t->owner, pool_printf(q->pool, "approved:%s", hex), &text, e);
}

/* The second thing with that serial is no proof of anything. */
static int tell_twin(struct registry *g, const struct request *q, const char *owner,
    const char *class, const char *sn, struct err *e)
{
	struct buf text;

	buf_init(&text, 2048);
	saying_add(&text, N_("A second thing of the class %1 says that its serial number is %2: %3. "
	    "It is not yours; one of the two may be a copy."), registry_escaped(class, q->pool),
	    registry_escaped(sn, q->pool), registry_escaped(q->bare, q->pool), NULL);
	return registry_tell(g, owner, pool_printf(q->pool, "approved:twin:%s:%s", class, sn), &text,
	    e);
}

static int give_approved(struct registry *g, const struct request *q, const struct owned *t,
    const struct approval *c, const char *sn, struct err *e)
{
	int first = approval_use(g->approvals, c->name, sn, e);

	if (first != 1)
		return first == 0 ? tell_twin(g, q, c->owner, c->name, sn, e) : -1;
	if (registry_give(g, t, c->owner, NULL, false, e) == -1)
		return -1;
	t = ownership_by_id(g->deps.ownership, t->id);
	if (tell_new_owner(g, q, t, c->name, sn, e) == -1 ||
	    registry_note(g, AUDIT_OPERATOR, t, "operator", c->name, "approved beforehand", e) == -1)
		return -1;
	if (c->rule != NULL && g->deps.add_rule != NULL &&
	    g->deps.add_rule(g->deps.add_rule_arg, c->owner, c->rule, e) == -1)
		return -1;
	return 1;
}

/* A copy: the rows move when one is counted. */
static const struct approval *class_of(const struct registry *g, const struct request *q,
    struct approval *out)
{
	const struct approval *c = approval_for(g->approvals, &q->u.reg.tags,
	    clock_wall(g->deps.clock));

	if (c == NULL)
		return NULL;
	*out = *c;
	out->name = pool_strdup(q->pool, c->name);
	out->owner = pool_strdup(q->pool, c->owner);
	out->rule = c->rule == NULL ? NULL : pool_strdup(q->pool, c->rule);
	return out->name != NULL && out->owner != NULL ? out : NULL;
}

int registry_approve(struct registry *g, const struct request *q, struct err *e)
{
	const struct owned *t = registry_address(g, q->bare, &q->u.reg.node);
	struct approval class;

	if (t == NULL || t->state != OWNED_NOBODY || t->hold != HOLD_NONE ||
	    !registry_is_own_site(g, q->bare) || class_of(g, q, &class) == NULL ||
	    !registry_owner_has_room(g, class.owner))
		return 0;
	return give_approved(g, q, t, &class, tag_find(&q->u.reg.tags, "SN")->str, e);
}

const struct approval *registry_approval_at(const struct registry *g, size_t i)
{
	return approval_at(g->approvals, i);
}

static const char *approval_fault(const struct registry *g, const struct approval *c)
{
	if (c->name == NULL || c->man == NULL || c->model == NULL || c->sn_from == NULL ||
	    c->sn_to == NULL || c->owner == NULL)
		return "a class needs a name, maker, model, first and last serial, and an owner";
	if (!approval_range_is_sound(c->sn_from, c->sn_to))
		return "the range holds nothing: both serials are numbers, or both have one "
		    "length, and the first is not behind the last";
	if (!registry_may_own(g, c->owner))
		return "that address may not own things here";
	if (c->cap < 1 || c->cap > APPROVAL_CAP)
		return "how many may come is a number from 1 to 1000000";
	if (c->until_ms <= clock_wall(g->deps.clock))
		return "its last day is over";
	return NULL;
}

int registry_preapprove(struct registry *g, struct request *q, struct reply *r, struct err *e)
{
	const struct request_approve *a = &q->u.approve;
	struct approval c = {
		.name = a->name, .man = a->man, .model = a->model, .sn_from = a->sn_from,
		.sn_to = a->sn_to, .owner = a->owner, .rule = a->rule, .cap = a->cap,
		.until_ms = a->until_ms,
	};
	const char *fault;

	if (a->remove) {
		if (approval_find(g->approvals, a->name) == NULL)
			return registry_refuse(r, COND_ITEM_NOT_FOUND, "no class is called that");
		if (approval_remove(g->approvals, a->name, e) == -1 ||
		    registry_note(g, AUDIT_OPERATOR, NULL, "operator", a->name, "approval ended", e) == -1)
			return -1;
		return registry_say(q, r, pool_printf(q->pool, "%s is no class any more; things "
		    "that came by it stay where they are", a->name), e);
	}
	fault = approval_fault(g, &c);
	if (fault != NULL)
		return registry_refuse(r, COND_BAD_REQUEST, fault);
	if (approval_at(g->approvals, APPROVALS_MAX - 1) != NULL &&
	    approval_find(g->approvals, c.name) == NULL)
		return registry_refuse(r, COND_RESOURCE_CONSTRAINT, "there are too many classes");
	if (approval_put(g->approvals, &c, e) == -1 ||
	    registry_note(g, AUDIT_OPERATOR, NULL, "operator", c.name, pool_printf(q->pool,
	    "approved for %s: %s %s, %s to %s, %lld", c.owner, c.man, c.model, c.sn_from,
	    c.sn_to, (long long)c.cap), e) == -1)
		return -1;
	return registry_say(q, r, pool_printf(q->pool, "%s: %s %s, serials %s to %s, will be %s's "
	    "when they register, %lld at most", c.name, c.man, c.model, c.sn_from, c.sn_to,
	    c.owner, (long long)c.cap), e);
}
