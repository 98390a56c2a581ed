/* SPDX-License-Identifier: Apache-2.0 */
/*
 * access: each thing is decided alone, then the answers are put together so
 * that what is listed was granted for every listed node.  Next: narrow.c (the
 * operator), grant.c (several nodes), facts.c.
 */
#include "config.h"

#include "provisioning/access.h"

#include <string.h>

#include "common/base/pool.h"
#include "common/base/scratch.h"
#include "provisioning/narrow.h"
#include "provisioning/operator_policy.h"

_Static_assert(TYPE_ALL == FIELD_ALL && TYPE_HISTORICAL == FIELD_HISTORICAL,
    "kinds of readings are the same bits in policy and on the wire");

const char *access_reason_name(enum access_reason r)
{
	static const char *const names[] = {
		[ACCESS_DENIED] = "denied", [ACCESS_ASKED] = "asked", [ACCESS_TOUCH] = "touch",
		[ACCESS_TIME] = "time", [ACCESS_LIMITS] = "limits",
		[ACCESS_UNREACHABLE] = "unreachable", [ACCESS_NODES] = "nodes",
		[ACCESS_UNOWNED] = "unowned", [ACCESS_ACCOUNT] = "account",
		[ACCESS_TOKEN] = "token",
	};

	return names[r];
}

static bool has_owner(const struct owned *t)
{
	return t != NULL && t->owner != NULL && owned_by(t, t->owner);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* ---- one thing ---- */

static struct question question_of(const struct access_facts *f, const struct access_thing *t)
{
	struct question q = { .action = f->action, .asker = f->requester, .now_ms = f->now_ms,
		.epoch = t->thing->epoch, .clock_unsure = f->clock_unsure,
		.keeps_limits = f->keeps_limits, .tags = t->tags, .n_tags = t->n_tags,
		.tokens = f->tokens, .n_tokens = f->n_tokens, .roles = f->roles,
		.n_roles = f->n_roles, .credentials = f->credentials,
		.n_credentials = f->n_credentials, .zones = t->zones, .n_zones = t->n_zones,
		.node = t->node.id, .source = t->node.source, .partition = t->node.partition };

	memcpy(q.thing_id, t->thing->id, sizeof(q.thing_id));
	if (f->action != ACTION_BEFRIEND) {
		q.names = f->names.name;
		q.n_names = f->names.n;
	}
	if (f->action == ACTION_READ)
		q.types = f->types;
	return q;
}

static enum access_reason reason_of(const struct answer *a)
{
	if (a->verdict == VERDICT_ALLOW)
		return ACCESS_GRANTED;
	if (a->verdict == VERDICT_DENY)
		return ACCESS_DENIED;
	return a->touch ? ACCESS_TOUCH : ACCESS_ASKED;
}

static unsigned types_asked(const struct access_facts *f)
{
	return f->action != ACTION_READ ? 0 : f->types != 0 ? f->types : TYPE_ALL;
}

static void judge_by_owner(const struct access_facts *f, const struct access_thing *t,
    const struct answer_space *space, struct answer *out)
{
	struct question q = question_of(f, t);

	q.thing_name = t->thing->name;
	q.sets = t->sets;
	q.n_sets = t->n_sets;
	q.givers = t->givers;
	q.n_givers = t->n_givers;
	q.giver_roles = t->giver_roles;
	q.zone_s = t->has_zone ? t->zone_s : f->zone_s;
	q.zone_until_ms = t->zone_until_ms;
	policy_decide(t->rules, &q, space, out);
	/* An edge behind the change of clocks is not known yet: look again then. */
	if (t->has_zone && t->zone_until_ms != 0 && out->edge_ms > t->zone_until_ms)
		out->edge_ms = t->zone_until_ms;
}

/* Who has said nothing yet: he is asked. */
static void judge_by_nobody(const struct access_facts *f, struct answer *out)
{
	*out = (struct answer){ .verdict = VERDICT_ASK, .types = types_asked(f) };
}

/*
 * The operator's word alone.  A thing that owns itself: nobody can be asked, so
 * what he does not allow is denied.
 */
static void judge_alone(const struct access_facts *f, const struct access_thing *t,
    const struct answer_space *space, struct access_judgement *out)
{
	struct question q = question_of(f, t);
	struct operator_names names;

	q.zone_s = f->zone_s;
	operator_policy_name(&q, t->thing, &names);
	policy_decide(f->operator_rules, &q, space, &out->answer);
	out->by_operator = true;
	if (out->answer.verdict != VERDICT_ALLOW)
		out->answer.verdict = VERDICT_DENY;
	out->reason = reason_of(&out->answer);
}

/* Whoever of the two is more forgiving; what neither allows is as the owner says. */
static void unite_with_operator(const struct access_facts *f, const struct access_thing *t,
    const struct answer_space *space, struct access_judgement *out)
{
	struct access_judgement his = { 0 };
	int64_t edge = out->answer.edge_ms;

	if (out->answer.verdict == VERDICT_ALLOW || f->operator_rules == NULL)
		return;
	judge_alone(f, t, space, &his);
	if (his.answer.verdict == VERDICT_ALLOW)
		*out = his;
	out->answer.edge_ms = earlier(edge, his.answer.edge_ms);
}

void access_judge(const struct access_facts *f, const struct access_thing *t,
    const struct answer_space *space, struct access_judgement *out)
{
	SCRATCH struct limit limits[POLICY_LIMITS];
	struct answer_space own = *space;

	*out = (struct access_judgement){ .answer = { .verdict = VERDICT_DENY },
		.reason = ACCESS_UNOWNED };
	if (own.limits == NULL) {
		own.limits = limits;
		own.n_limits = POLICY_LIMITS;
	}
	if (!has_owner(t->thing)) {			/* 1 */
		if (t->thing != NULL && t->thing->state == OWNED_SELF && t->trusted &&
		    f->operator_rules != NULL)
			judge_alone(f, t, &own, out);
	} else if (t->is_owner) {			/* 2 */
		out->answer = (struct answer){ .verdict = VERDICT_ALLOW, .types = types_asked(f) };
		out->reason = ACCESS_GRANTED;
	} else if (!t->trusted) {			/* 3 */
		out->reason = ACCESS_ACCOUNT;
	} else {
		if (t->rules == NULL)			/* 4 */
			judge_by_nobody(f, &out->answer);
		else
			judge_by_owner(f, t, &own, &out->answer);
		if (t->unites)				/* 5 */
			unite_with_operator(f, t, &own, out);
		else if (f->operator_narrowing != NULL)
			narrow_by_operator(f, t, &own, out);
		out->reason = reason_of(&out->answer);
	}
	if (space->limits == NULL) {
		out->answer.limits = NULL;
		out->answer.n_limits = 0;
	}
}

void access_decide_thing(const struct access_facts *f, const struct access_thing *t,
    const struct answer_space *space, struct answer *out)
{
	struct access_judgement j;

	access_judge(f, t, space, &j);
	*out = j.answer;
}

/* ---- all of them ---- */

static void want_question(struct access_outcome *out, size_t thing, const struct answer *a)
{
	if (out->n_questions == ACCESS_QUESTIONS)
		return;
	out->question[out->n_questions].thing = thing;
	out->question[out->n_questions].touch = a->touch;
	out->question[out->n_questions++].by_rule = a->rule != NULL ? a->rule->number : 0;
}

/*
 * A JID's friends: whom its owner lets in, who owns anything behind it, and
 * whom the owner of a node behind it lets in unless the JID's owner denies.
 */
static void befriend(const struct access_facts *f, const struct answer *a,
    struct access_outcome *out)
{
	size_t asked = f->n;
	bool denied = false, by_owner = false;

	for (size_t i = 0; i < f->n; i++) {
		bool gateway = !access_is_node(&f->thing[i]);

		by_owner = by_owner || f->thing[i].is_owner;
		out->granted = out->granted || a[i].verdict == VERDICT_ALLOW;
		denied = denied || (gateway && has_owner(f->thing[i].thing) &&
				       a[i].verdict == VERDICT_DENY);
		if (a[i].verdict == VERDICT_ALLOW)
			out->lease_ms = earlier(out->lease_ms, a[i].lease_ms);
		if (a[i].verdict == VERDICT_ASK && (asked == f->n || gateway))
			asked = i;
	}
	out->granted = by_owner || (out->granted && !denied);
	if (!out->granted && !denied && asked < f->n)
		want_question(out, asked, &a[asked]);
}

static int read_or_control(const struct access_facts *f, const struct answer *a,
    struct pool *pool, struct access_outcome *out)
{
	if (access_grant(f, a, pool, out) != 0)
		return -1;
	for (size_t i = 0; !out->granted && i < f->n; i++)
		if (a[i].verdict == VERDICT_ASK && access_can_list(f, &f->thing[i]) &&
		    (f->nodes_asked || f->n == 1))
			want_question(out, i, &a[i]);
	return 0;
}

/* An answer whose lists live in the pool. */
static int keep(struct answer *a, struct pool *pool)
{
	const char **names = pool_alloc(pool, a->n_names * sizeof(*names));
	struct limit *limits = pool_alloc(pool, a->n_limits * sizeof(*limits));

	if ((a->n_names > 0 && names == NULL) || (a->n_limits > 0 && limits == NULL))
		return -1;
	if (a->n_names > 0)
		memcpy(names, a->names, a->n_names * sizeof(*names));
	if (a->n_limits > 0)
		memcpy(limits, a->limits, a->n_limits * sizeof(*limits));
	a->names = names;
	a->limits = limits;
	return 0;
}

/* The owner is asked about rules of his own; where the operator wants a touch, his
 * yes would change nothing, so he is not asked. */
static void hide_operators_rule(struct answer *a)
{
	a->rule = NULL;
	if (a->touch)
		a->verdict = VERDICT_DENY;
}

static int judge_all(const struct access_facts *f, struct pool *pool, struct answer *a,
    struct access_judgement *first_no)
{
	SCRATCH const char *names[POLICY_NAMES];
	SCRATCH struct limit limits[POLICY_LIMITS];
	struct answer_space space = { POLICY_NAMES, POLICY_LIMITS, names, limits };

	first_no->reason = ACCESS_GRANTED;
	for (size_t i = 0; i < f->n; i++) {
		struct access_judgement j;

		access_judge(f, &f->thing[i], &space, &j);
		a[i] = j.answer;
		if (j.by_operator)
			hide_operators_rule(&a[i]);
		if ((a[i].n_names > 0 || a[i].n_limits > 0) && keep(&a[i], pool) != 0)
			return -1;
		if (first_no->reason == ACCESS_GRANTED && j.reason != ACCESS_GRANTED)
			*first_no = j;
	}
	return 0;
}

/* Would it be granted then, or to one who keeps to limits? */
static bool would(const struct access_facts *f, const struct access_thing *t)
{
	SCRATCH const char *names[POLICY_NAMES];
	struct answer_space space = { .n_names = POLICY_NAMES, .names = names };
	struct access_judgement j;

	access_judge(f, t, &space, &j);
	return j.reason == ACCESS_GRANTED;
}

static const struct access_thing *first_refused(const struct access_facts *f,
    const struct answer *a)
{
	for (size_t i = 0; i < f->n; i++)
		if (a[i].verdict != VERDICT_ALLOW)
			return &f->thing[i];
	return NULL;
}

/* More about a no that may be a yes in other circumstances. */
static void look_further(const struct access_facts *f, const struct access_thing *t,
    struct access_outcome *out)
{
	struct access_facts other = *f;

	other.keeps_limits = true;
	if (!f->keeps_limits && would(&other, t)) {
		out->reason = ACCESS_LIMITS;
		return;
	}
	other = *f;
	other.now_ms = out->edge_ms;
	if (out->edge_ms > f->now_ms && would(&other, t)) {
		out->reason = ACCESS_TIME;
		out->retry_ms = out->edge_ms;
	}
}

static void explain(const struct access_facts *f, const struct answer *a,
    const struct access_judgement *no, struct access_outcome *out)
{
	const struct access_thing *t = first_refused(f, a);

	out->reason = f->too_many || (t == NULL && f->n > 0) ? ACCESS_NODES :
	    t == NULL ? ACCESS_ACCOUNT : no->reason;
	if (out->held_back)
		out->reason = ACCESS_UNREACHABLE;
	if (t == NULL || out->held_back || out->reason == ACCESS_NODES)
		return;
	if (out->reason == ACCESS_ASKED || out->reason == ACCESS_DENIED)
		look_further(f, t, out);
	if ((f->tokens_wait || f->tokens_ignored) && out->reason == ACCESS_ASKED)
		out->reason = ACCESS_TOKEN;
	if (has_owner(t->thing) && t->trusted && !no->by_operator)
		out->ask_whom = t->thing->owner;
}

static bool is_by_owner(const struct access_facts *f)
{
	size_t owned = 0;

	for (size_t i = 0; i < f->n; i++)
		owned += f->thing[i].is_owner;
	return f->action == ACTION_BEFRIEND ? owned > 0 : owned == f->n;
}

int access_decide(const struct access_facts *f, struct pool *pool, struct access_outcome *out)
{
	struct answer *a = pool_alloc(pool, (f->n + 1) * sizeof(*a));
	struct access_judgement no;

	*out = (struct access_outcome){ .edge_ms = f->tokens_until_ms };
	if (a == NULL || judge_all(f, pool, a, &no) != 0)
		return -1;
	for (size_t i = 0; i < f->n; i++)
		out->edge_ms = earlier(out->edge_ms, a[i].edge_ms);
	if (f->action == ACTION_BEFRIEND)
		befriend(f, a, out);
	else if (read_or_control(f, a, pool, out) != 0)
		return -1;
	if (out->granted && !f->revocable && !is_by_owner(f)) {	/* 6 */
		out->granted = false;
		out->held_back = true;
	}
	if (!out->granted && f->wants_reason)
		explain(f, a, &no, out);
	return 0;
}
