/* SPDX-License-Identifier: Apache-2.0 */
/*
 * why: what would be answered now, and because of what: the decision itself
 * with its reason, beside what is no rule.  Nothing is written, and nobody is
 * asked.  Next: what_if.c.
 */
#include "config.h"

#include <stdio.h>
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

/* What nobody but the operator says is said as his word. */
static void explain_decider(const struct provisioning *p, const struct access_judgement *j,
    struct buf *out)
{
	char version[24];

	if (!j->by_operator || j->answer.rule == NULL)
		return;
	(void)snprintf(version, sizeof(version), "%lld",
	    (long long)operator_policy_version(p->operator));
	saying_add(out, N_("the operator's policy, version %1: "), version, NULL);
}

static const char *decider(const struct provisioning *p, const struct owned *t,
    const struct access_judgement *j, struct pool *pool)
{
	if (!j->by_operator)
		return j->answer.rule != NULL && j->answer.rule->giver != NULL ?
		    j->answer.rule->giver : t->owner;
	return pool_printf(pool, "the operator's policy, version %lld",
	    (long long)operator_policy_version(p->operator));
}

/* May it be set to that?  A name that no limit is about may be set to anything. */
static bool value_fits(const struct answer *a, const char *name, const char *value)
{
	bool limited = false;

	for (size_t i = 0; i < a->n_limits; i++) {
		const struct span *s = &a->limits[i].span;

		if (!span_is_about(s, name))
			continue;
		limited = true;
		if (span_holds(s, value))
			return true;
	}
	return !limited;
}

/* `listener`: a co-owner who asks; NULL: the owner or the operator. */
static int explain(struct provisioning *p, const struct access_facts *f, const struct owned *t,
    const char *value, const char *listener, struct pool *pool, struct reply_why *out,
    struct err *e)
{
	const char **space = pool_alloc(pool, POLICY_NAMES * sizeof(*space));
	struct limit *limits = pool_alloc(pool, POLICY_LIMITS * sizeof(*limits));
	struct question asked = { .n_names = f->names.n, .names = f->names.name };
	struct access_judgement j;
	const struct answer *a = &j.answer;
	struct access_thing at;
	struct buf text;
	bool fits;

	if (space == NULL || limits == NULL)
		return no_room(e);
	if (provisioning_thing(p, t, f->requester, pool, &at, e) != 0)
		return -1;
	access_judge(f, &at, &(struct answer_space){ POLICY_NAMES, POLICY_LIMITS, space, limits },
	    &j);
	fits = a->verdict != VERDICT_ALLOW || value == NULL || f->names.n == 0 ||
	    value_fits(a, f->names.name[0], value);
	buf_init(&text, 2 * POLICY_LINE);
	if (is_secret(listener, a)) {
		saying_add(&text, N_("a rule of somebody else says so"), NULL);
	} else if (!at.is_owner && at.trusted) {
		explain_decider(p, &j, &text);
		policy_explain(&text, &asked, a, at.has_zone ? at.zone_s : f->zone_s);
	}
	if (!fits)
		saying_add(&text, N_("; but not this value"), NULL);
	explain_beside_rules(p, &at, a, &text);
	out->verdict = verdict_name(fits ? a->verdict : VERDICT_DENY);
	out->reason = pool_strdup(pool, buf_str(&text));
	out->revision = access_revision(p->access);
	out->lease_ms = lease_for(p, f->action, a->lease_ms, a->edge_ms);
	out->rule = a->rule != NULL ? a->rule->number : 0;
	out->decider = decider(p, t, &j, pool);
	buf_fini(&text);
	return out->reason != NULL ? 0 : no_room(e);
}

static int ask(struct provisioning *p, struct access_facts *f, const struct owned *t,
    const char *name, const char *value, const char *listener, struct pool *pool,
    struct reply_why *out, struct err *e)
{
	if (name != NULL && f->action != ACTION_BEFRIEND) {
		f->names.name = pool_alloc(pool, sizeof(*f->names.name));
		if (f->names.name == NULL)
			return no_room(e);
		f->names.name[f->names.n++] = name;
	}
	if (!provisioning_is_owned(t) && (t == NULL || t->state != OWNED_SELF)) {
		*out = (struct reply_why){ .verdict = "deny",
			.reason = N_("nobody owns this thing") };
		return 0;
	}
	return explain(p, f, t, value, listener, pool, out, e);
}

int provisioning_why(struct provisioning *p, const struct provisioning_why *what,
    struct pool *pool, struct reply_why *out, struct err *e)
{
	const struct owned *t = ownership_by_id(p->deps.ownership, what->thing);
	struct access_facts f = provisioning_moment(p, (enum action)what->action, what->asker);

	if (t == NULL)
		return err_set(e, ERR_INPUT, "there is no such thing");
	if (what->action < 0 || what->action >= ACTION_COUNT)
		return err_set(e, ERR_INPUT, "there is no such action");
	return ask(p, &f, t, what->name, what->value, NULL, pool, out, e);
}

int provisioning_ask(struct provisioning *p, const char *asker, int action,
    const uint8_t thing[static OWNERSHIP_ID], const char *name, struct pool *pool,
    struct reply_why *out, struct err *e)
{
	const struct provisioning_why what = { .asker = asker, .action = action, .thing = thing,
		.name = name };

	return provisioning_why(p, &what, pool, out, e);
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
	return ask(p, &f, v.thing, q->u.desk.name, NULL, v.giver, q->pool, &r->u.why, e);
}
