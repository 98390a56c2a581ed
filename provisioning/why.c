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

/* What is asked about beside who, what and which thing. */
struct why {
	const char *name, *value, *node;	/* NULL: none */
	const char *listener;			/* a co-owner who asks; NULL: the owner, the operator */
};

static void explain_beside_rules(const struct provisioning *p, const struct access_thing *at,
    const struct answer *a, struct buf *out)
{
	const struct asker *k = asker_find(p->askers, at->thing->jid);

	if (at->is_owner)
		saying_add(out, N_("he owns it"), NULL);
	else if (!at->trusted)
		saying_add(out, N_("nobody here can tell whether messages from that domain are "
		    "genuine"), NULL);
	if (at->unites)
		saying_add(out, N_("; for this thing the owner's and the operator's word are united: "
		    "the more forgiving one counts"), NULL);
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

#define EDGES_LOOKED_AT 32
#define FAR_MS (8 * 24 * 3600 * 1000LL)

/* When it is first otherwise, as far as one can see; 0: not by itself. */
static int64_t next_yes(const struct access_facts *f, const struct access_thing *at)
{
	const char *names[POLICY_NAMES];
	const struct answer_space space = { .n_names = POLICY_NAMES, .names = names };
	struct access_facts then = *f;
	struct access_judgement j;

	for (int i = 0; i < EDGES_LOOKED_AT; i++) {
		access_judge(&then, at, &space, &j);
		if (j.reason == ACCESS_GRANTED)
			return then.now_ms;
		if (j.answer.edge_ms <= then.now_ms || j.answer.edge_ms > f->now_ms + FAR_MS)
			return 0;
		then.now_ms = j.answer.edge_ms;
	}
	return 0;
}

static void add_moment(struct buf *out, int64_t ms, int64_t now_ms, int32_t zone_s)
{
	struct date d = date_from_ms(ms, zone_s), today = date_from_ms(now_ms, zone_s);

	if (d.year != today.year || d.month != today.month || d.day != today.day)
		buf_addf(out, "%04d-%02d-%02d ", d.year, d.month, d.day);
	buf_addf(out, "%02d:%02d", d.hour, d.minute);
}

/* What would make it a yes. */
static void explain_no(const struct access_facts *f, const struct access_thing *at,
    struct buf *out)
{
	int64_t later = next_yes(f, at);
	struct buf when;

	if (later == 0)
		return;
	buf_init(&when, 64);
	add_moment(&when, later, f->now_ms, at->has_zone ? at->zone_s : f->zone_s);
	saying_add(out, N_("; it would be allowed from %1"), buf_str(&when), NULL);
	buf_fini(&when);
}

static bool allows_value(const struct answer *a, const char *name, const char *value)
{
	bool limited = false;

	for (size_t i = 0; i < a->n_limits; i++) {
		if (!span_is_about(&a->limits[i].span, name))
			continue;
		limited = true;
		if (span_holds(&a->limits[i].span, value))
			return true;
	}
	return !limited;
}

/* Values and rates are the thing's to keep to. */
static void explain_limits(const struct provisioning *p, const struct access_facts *f,
    const struct owned *t, const char *value, const struct answer *a, struct buf *out,
    enum verdict *verdict)
{
	const struct asker *k = asker_find(p->askers, t->jid);

	if (a->n_limits == 0)
		return;
	if (k != NULL && !k->keeps_lease) {
		*verdict = VERDICT_DENY;
		saying_add(out, N_("; this thing cannot keep to values or rates, so it is refused"),
		    NULL);
	} else if (value == NULL || f->names.n == 0) {
		saying_add(out, N_("; only within its values and rates"), NULL);
	} else if (!allows_value(a, f->names.name[0], value)) {
		*verdict = VERDICT_DENY;
		saying_add(out, N_("; but not this value"), NULL);
	}
}

/* Whose word it was. */
static void explain_by(const struct provisioning *p, const struct access_facts *f,
    const struct access_thing *at, const struct access_judgement *j, struct buf *out)
{
	struct question asked = { .action = f->action, .n_names = f->names.n,
		.names = f->names.name, .types = f->types };

	if (at->is_owner || !at->trusted)
		return;
	explain_decider(p, j, out);
	policy_explain(out, &asked, &j->answer, at->has_zone ? at->zone_s : f->zone_s);
}

static int explain(struct provisioning *p, const struct access_facts *f, const struct owned *t,
    const struct why *ask, struct pool *pool, struct reply_why *out, struct err *e)
{
	const char **space = pool_alloc(pool, POLICY_NAMES * sizeof(*space));
	struct limit *limits = pool_alloc(pool, POLICY_LIMITS * sizeof(*limits));
	struct access_judgement j;
	struct access_thing at;
	enum verdict verdict;
	struct buf text;

	if (space == NULL || limits == NULL)
		return no_room(e);
	if (provisioning_thing(p, t, f->requester, pool, &at, e) != 0)
		return -1;
	at.node = (struct node){ .id = ask->node };
	access_judge(f, &at, &(struct answer_space){ POLICY_NAMES, POLICY_LIMITS, space, limits }, &j);
	verdict = j.answer.verdict;
	buf_init(&text, 2 * POLICY_LINE);
	if (is_secret(ask->listener, &j.answer))
		saying_add(&text, N_("a rule of somebody else says so"), NULL);
	else
		explain_by(p, f, &at, &j, &text);
	explain_limits(p, f, t, ask->value, &j.answer, &text, &verdict);
	if (j.reason != ACCESS_GRANTED)
		explain_no(f, &at, &text);
	explain_beside_rules(p, &at, &j.answer, &text);
	out->verdict = verdict_name(verdict);
	out->reason = pool_strdup(pool, buf_str(&text));
	out->revision = access_revision(p->access);
	out->lease_ms = lease_for(p, f->action, j.answer.lease_ms, j.answer.edge_ms);
	out->rule = j.answer.rule != NULL ? j.answer.rule->number : 0;
	out->decider = decider(p, t, &j, pool);
	buf_fini(&text);
	return out->reason != NULL ? 0 : no_room(e);
}

static int ask(struct provisioning *p, struct access_facts *f, const struct owned *t,
    const struct why *ask, struct pool *pool, struct reply_why *out, struct err *e)
{
	if (ask->name != NULL && f->action != ACTION_BEFRIEND && f->action != ACTION_ACCESS) {
		f->names.name = pool_alloc(pool, sizeof(*f->names.name));
		if (f->names.name == NULL)
			return no_room(e);
		f->names.name[f->names.n++] = ask->name;
	}
	if (!provisioning_is_owned(t) && (t == NULL || t->state != OWNED_SELF)) {
		*out = (struct reply_why){ .verdict = "deny",
			.reason = N_("nobody owns this thing") };
		return 0;
	}
	return explain(p, f, t, ask, pool, out, e);
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
	return ask(p, &f, t, &(struct why){ .name = what->name, .value = what->value }, pool, out,
	    e);
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
	return ask(p, &f, v.thing, &(struct why){ .name = q->u.desk.name, .value = q->u.desk.text,
		.node = q->u.desk.node, .listener = v.giver }, q->pool, &r->u.why, e);
}
