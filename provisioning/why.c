/* SPDX-License-Identifier: Apache-2.0 */
/*
 * why: what would be answered now, and because of what: the decision itself
 * with its reason, beside what is no rule.  Nothing is written, and nobody is
 * asked.  Next: what_if.c.
 */
#include "config.h"

#include <string.h>

#include "common/base/pool.h"
#include "provisioning/role.h"

static int no_room(struct err *e)
{
	return err_set(e, ERR_LIMIT, "no room for the reply");
}

static void explain_beside_rules(const struct provisioning *p, const struct access_thing *at,
    const struct answer *a, struct buf *out)
{
	const struct asker *k = asker_find(p->askers, at->thing->jid);

	if (at->is_owner)
		saying_add(out, N_("he owns it"), NULL);
	else if (!at->trusted)
		saying_add(out, N_("nobody here can tell whether messages from that domain are "
		    "genuine"), NULL);
	if (provisioning_clock_is_behind(p))
		saying_add(out, N_("; the clock of this site is behind, and until it is right no "
		    "rule with times allows anything"), NULL);
	if (k != NULL && !k->keeps_lease)
		saying_add(out, a->verdict == VERDICT_ALLOW &&
		    !provisioning_reaches(p, at->thing->jid)
			? N_("; held back: this thing could not be told when it ends")
			: N_("; this thing keeps no lease: what is taken back ends when it is next "
			    "reached"), NULL);
}

/* What a co-owner is told of the owner's rules: those about himself. */
static bool is_secret(const char *listener, const struct answer *a)
{
	return listener != NULL && a->rule != NULL &&
	    (a->rule->giver == NULL || strcmp(a->rule->giver, listener) != 0) &&
	    (a->rule->subject.kind != SUBJECT_JID ||
	    strcmp(a->rule->subject.text, listener) != 0);
}

/* `listener`: a co-owner who asks; NULL: the owner or the operator. */
static int explain(struct provisioning *p, const struct access_facts *f, const struct owned *t,
    const char *listener, struct pool *pool, struct reply_why *out, struct err *e)
{
	const char **space = pool_alloc(pool, POLICY_NAMES * sizeof(*space));
	struct question asked = { .n_names = f->names.n, .names = f->names.name };
	struct access_thing at;
	struct answer a;
	struct buf text;

	if (space == NULL)
		return no_room(e);
	if (provisioning_thing(p, t, f->requester, pool, &at, e) != 0)
		return -1;
	access_decide_thing(f, &at, &(struct answer_space){ .n_names = POLICY_NAMES, .names = space },
	    &a);
	buf_init(&text, 2 * POLICY_LINE);
	if (is_secret(listener, &a))
		saying_add(&text, N_("a rule of somebody else says so"), NULL);
	else if (!at.is_owner && at.trusted)
		policy_explain(&text, &asked, &a, at.has_zone ? at.zone_s : f->zone_s);
	explain_beside_rules(p, &at, &a, &text);
	out->verdict = verdict_name(a.verdict);
	out->reason = pool_strdup(pool, buf_str(&text));
	out->revision = access_revision(p->access);
	out->lease_ms = lease_for(p, f->action, a.lease_ms, a.edge_ms);
	buf_fini(&text);
	return out->reason != NULL ? 0 : no_room(e);
}

static int ask(struct provisioning *p, struct access_facts *f, const struct owned *t,
    const char *name, const char *listener, struct pool *pool, struct reply_why *out,
    struct err *e)
{
	if (name != NULL && f->action != ACTION_BEFRIEND) {
		f->names.name = pool_alloc(pool, sizeof(*f->names.name));
		if (f->names.name == NULL)
			return no_room(e);
		f->names.name[f->names.n++] = name;
	}
	if (!provisioning_is_owned(t)) {
		*out = (struct reply_why){ "deny", N_("nobody owns this thing"), 0, 0 };
		return 0;
	}
	return explain(p, f, t, listener, pool, out, e);
}

int provisioning_ask(struct provisioning *p, const char *asker, int action,
    const uint8_t thing[static OWNERSHIP_ID], const char *name, struct pool *pool,
    struct reply_why *out, struct err *e)
{
	const struct owned *t = ownership_by_id(p->deps.ownership, thing);
	struct access_facts f = provisioning_moment(p, (enum action)action, asker);

	if (t == NULL)
		return err_set(e, ERR_INPUT, "there is no such thing");
	if (action < 0 || action >= ACTION_COUNT)
		return err_set(e, ERR_INPUT, "there is no such action");
	return ask(p, &f, t, name, NULL, pool, out, e);
}

int owner_why(struct provisioning *p, const struct request *q, struct reply *r, struct err *e)
{
	struct access_facts f = provisioning_moment(p, ACTION_READ, q->u.desk.jid);
	struct voice v;

	if (q->u.desk.jid == NULL || !voice_of(p, q, &v) || v.thing == NULL) {
		reply_error(r, COND_ITEM_NOT_FOUND);
		return 0;
	}
	if (q->u.desk.action == NULL || !action_find(q->u.desk.action, &f.action)) {
		reply_error(r, COND_BAD_REQUEST);
		return 0;
	}
	r->kind = REPLY_RESULT;
	r->body = BODY_WHY;
	return ask(p, &f, v.thing, q->u.desk.name, v.giver, q->pool, &r->u.why, e);
}
