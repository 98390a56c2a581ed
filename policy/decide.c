/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide: the answer to one question, by the table in policy.h; its steps
 * carry the same numbers here.  Every name asked for keeps a tally of what the
 * rules say about it; one walk fills them all.  Next: explain.c.
 */
#include "config.h"

#include "policy/policy.h"

#include <string.h>

#include "common/base/str.h"
#include "policy/policy_index.h"

/* What the rules in force say about one name: for each line of the table the
 * rule with the lowest number. */
struct tally {
	const struct rule *deny, *allow_jid, *ask, *allow;
	const struct rule *given;		/* by a co-owner who may himself */
};

struct ballot {
	const struct question *q;
	const char *giver;			/* whose rules are counted; NULL: the owner's */
	struct tally common;			/* rules without names */
	size_t n;
	const char *name[POLICY_NAMES];		/* asked for, or named by rules */
	struct tally tally[POLICY_NAMES];
	bool overflow;				/* more is taken out by name than there is room for */
	int64_t edge_ms;
};

static bool thing_is_called(const struct question *q, const char *name)
{
	if (q->thing_name != NULL && value_same(q->thing_name, name))
		return true;
	for (size_t i = 0; i < q->n_aliases; i++)
		if (value_same(q->aliases[i], name))
			return true;
	return false;
}

static bool thing_has_tag(const struct question *q, const struct tag_term *t)
{
	for (size_t i = 0; i < q->n_tags; i++)
		if (value_same(q->tags[i].name, t->name) && value_same(q->tags[i].value, t->value))
			return true;
	return false;
}

static bool target_matches(const struct question *q, const struct target *t)
{
	switch (t->kind) {
	case TARGET_ALL:
		return true;
	case TARGET_THING:
		if (t->bound)
			return t->epoch == q->epoch && memcmp(t->id, q->thing_id, sizeof(t->id)) == 0;
		return thing_is_called(q, t->name);
	case TARGET_TAG:
		for (size_t i = 0; i < t->n_terms; i++)
			if (!thing_has_tag(q, &t->term[i]))
				return false;
		return true;
	case TARGET_SET:
		break;
	}
	return false;
}

static bool rule_names(const struct rule *r, const char *name)
{
	for (size_t i = 0; i < r->n_names; i++)
		if (value_same(r->names[i], name))
			return true;
	return false;
}

static void keep_lowest(const struct rule **kept, const struct rule *r)
{
	if (*kept == NULL || r->number < (*kept)->number)
		*kept = r;
}

static void tally_count(struct tally *t, const struct rule *r)
{
	switch (r->verdict) {
	case VERDICT_DENY:
		keep_lowest(&t->deny, r);
		break;
	case VERDICT_ASK:
		keep_lowest(&t->ask, r);
		break;
	case VERDICT_ALLOW:
		keep_lowest(&t->allow, r);
		if (r->subject.kind == SUBJECT_JID)
			keep_lowest(&t->allow_jid, r);
		break;
	}
}

/* The lower number of two that say the same. */
static const struct rule *lower(const struct rule *a, const struct rule *b)
{
	if (a == NULL || b == NULL)
		return a == NULL ? b : a;
	return b->number < a->number ? b : a;
}

/* Steps 2 to 7; `named` may be NULL: only the rules without names. */
static enum verdict tally_verdict(const struct tally *common, const struct tally *named,
    const struct rule **by)
{
	static const struct tally none;
	const struct tally *t = named != NULL ? named : &none;

	*by = lower(common->deny, t->deny);		/* 2 */
	if (*by != NULL)
		return VERDICT_DENY;
	*by = lower(common->allow_jid, t->allow_jid);	/* 3 */
	if (*by != NULL)
		return VERDICT_ALLOW;
	*by = lower(common->ask, t->ask);		/* 4 */
	if (*by != NULL)
		return VERDICT_ASK;
	*by = lower(common->allow, t->allow);		/* 5 */
	if (*by != NULL)
		return VERDICT_ALLOW;
	*by = named != NULL ? named->given : common->given;	/* 6 */
	return *by != NULL ? VERDICT_ALLOW : VERDICT_ASK;	/* 7 */
}

static bool same_giver(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Step 1, and does it speak of this thing?  Time conditions looked at count
 * for the edge whether they hold or not. */
static bool rule_counts(struct ballot *b, const struct rule *r)
{
	const struct question *q = b->q;
	int64_t edge;

	if (!same_giver(r->giver, b->giver) || !target_matches(q, &r->target))
		return false;
	edge = rule_edge(r, q);
	if (edge != 0 && (b->edge_ms == 0 || edge < b->edge_ms))
		b->edge_ms = edge;
	return rule_is_in_force(r, q);
}

/* Nothing was named: the names that rules speak of are looked at one by one. */
static void collect_names(struct ballot *b, const struct rule *r)
{
	for (size_t i = 0; i < r->n_names; i++) {
		size_t k = 0;

		while (k < b->n && !value_same(b->name[k], r->names[i]))
			k++;
		if (k < b->n)
			continue;
		if (b->n < POLICY_NAMES)
			b->name[b->n++] = r->names[i];
		else if (r->verdict != VERDICT_ALLOW)
			b->overflow = true;
	}
}

static void collect_all(struct ballot *b, const struct policy *p, bool allows)
{
	struct policy_walk w;
	const struct rule *r;

	policy_walk_start(&w, p, b->q);
	while ((r = policy_walk_next(&w)) != NULL)
		if (r->n_names > 0 && (r->verdict == VERDICT_ALLOW) == allows && rule_counts(b, r))
			collect_names(b, r);
}

/* What a co-owner may himself is asked of the owner's rules alone. */
static struct question asked_by(const struct question *q, const char *asker)
{
	struct question own = *q;

	own.asker = asker;
	return own;
}

/* All names that matter: of the owner's rules, of each giver's, and of the
 * owner's about the giver. */
static void collect_everything(struct ballot *b, const struct policy *p, bool allows)
{
	const struct question *q = b->q;

	collect_all(b, p, allows);
	for (size_t i = 0; i < q->n_givers; i++) {
		struct question own = asked_by(q, q->givers[i]);

		b->giver = q->givers[i];
		collect_all(b, p, allows);
		b->giver = NULL;
		b->q = &own;
		collect_all(b, p, allows);
		b->q = q;
	}
}

static void count(struct ballot *b, const struct rule *r)
{
	if (r->n_names == 0) {
		tally_count(&b->common, r);
		return;
	}
	for (size_t i = 0; i < b->n; i++)
		if (rule_names(r, b->name[i]))
			tally_count(&b->tally[i], r);
}

static void count_rules(struct ballot *b, const struct policy *p)
{
	struct policy_walk w;
	const struct rule *r;

	policy_walk_start(&w, p, b->q);
	while ((r = policy_walk_next(&w)) != NULL)
		if (rule_counts(b, r))
			count(b, r);
}

/* The same names, with nothing counted yet. */
static void start_beside(struct ballot *out, const struct ballot *b, const struct question *q,
    const char *giver)
{
	*out = (struct ballot){ .q = q, .giver = giver, .n = b->n };
	memcpy(out->name, b->name, b->n * sizeof(b->name[0]));
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* Does the owner make him a co-owner, now, for this action and thing? */
static bool is_co_owner(struct ballot *own, const struct policy *p)
{
	struct policy_walk w;
	const struct rule *r;
	bool is = false;

	policy_walk_start(&w, p, own->q);
	while ((r = policy_walk_next(&w)) != NULL)
		is = (r->co_owner && r->verdict == VERDICT_ALLOW && rule_counts(own, r)) || is;
	return is;
}

/* Step 6, one co-owner: allowed by his rules, and to him by the owner's. */
static void count_given(struct ballot *b, const struct policy *p, const char *giver)
{
	struct question q = asked_by(b->q, giver);
	struct ballot own, given;
	const struct rule *by, *may;

	start_beside(&own, b, &q, NULL);
	start_beside(&given, b, b->q, giver);
	count_rules(&given, p);
	b->edge_ms = earlier(b->edge_ms, given.edge_ms);
	if (is_co_owner(&own, p)) {
		count_rules(&own, p);
		if (tally_verdict(&given.common, NULL, &by) == VERDICT_ALLOW &&
		    tally_verdict(&own.common, NULL, &may) == VERDICT_ALLOW)
			keep_lowest(&b->common.given, by);
		for (size_t i = 0; i < b->n; i++)
			if (tally_verdict(&given.common, &given.tally[i], &by) == VERDICT_ALLOW &&
			    tally_verdict(&own.common, &own.tally[i], &may) == VERDICT_ALLOW)
				keep_lowest(&b->tally[i].given, by);
	}
	b->edge_ms = earlier(b->edge_ms, own.edge_ms);
}

static void count_all(struct ballot *b, const struct policy *p)
{
	if (b->q->n_names == 0) {
		collect_everything(b, p, false);	/* first: these must not be missed */
		collect_everything(b, p, true);
	}
	count_rules(b, p);
	for (size_t i = 0; i < b->q->n_givers; i++)
		count_given(b, p, b->q->givers[i]);
}

/* Shortest lease of all rules in force that grant any of the names granted. */
static int64_t shortest_lease(struct ballot *b, const struct policy *p, const struct answer *a)
{
	struct policy_walk w;
	const struct rule *r;
	int64_t lease = 0;

	policy_walk_start(&w, p, b->q);
	while ((r = policy_walk_next(&w)) != NULL) {
		bool grants = r->n_names == 0 || (a->n_names == 0 && b->q->n_names == 0);

		if (r->verdict != VERDICT_ALLOW || r->lease_ms == 0 || !rule_counts(b, r))
			continue;
		for (size_t i = 0; !grants && i < a->n_names; i++)
			grants = rule_names(r, a->names[i]);
		for (size_t i = 0; !grants && a->n_names == 0 && i < b->q->n_names; i++)
			grants = rule_names(r, b->q->names[i]);
		if (grants && (lease == 0 || r->lease_ms < lease))
			lease = r->lease_ms;
	}
	return lease;
}

/* What a co-owner gave lasts no longer than what he has himself. */
static int64_t lease_of_all(struct ballot *b, const struct policy *p, const struct answer *a)
{
	const struct question *q = b->q;
	int64_t lease = shortest_lease(b, p, a);

	for (size_t i = 0; i < q->n_givers; i++) {
		struct question own = asked_by(q, q->givers[i]);

		b->giver = q->givers[i];
		lease = earlier(lease, shortest_lease(b, p, a));
		b->giver = NULL;
		b->q = &own;
		lease = earlier(lease, shortest_lease(b, p, a));
		b->q = q;
	}
	return lease;
}

/* What becomes of the names one by one. */
struct sorting {
	size_t allowed, asked;
	const struct rule *allow, *ask, *deny;	/* lowest numbers that did it */
};

static void sort_names(const struct ballot *b, const char **space, size_t n_space,
    struct sorting *s)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct rule *by;

		switch (tally_verdict(&b->common, &b->tally[i], &by)) {
		case VERDICT_ALLOW:
			s->allow = lower(s->allow, by);
			if (s->allowed < n_space)
				space[s->allowed++] = b->name[i];
			break;
		case VERDICT_ASK:
			s->ask = lower(s->ask, by);
			s->asked++;
			break;
		case VERDICT_DENY:
			s->deny = lower(s->deny, by);
			break;
		}
	}
}

static void answer_named(const struct ballot *b, const char **space, size_t n_space,
    struct answer *out)
{
	struct sorting s = { 0 };

	sort_names(b, space, n_space, &s);
	if (s.allowed > 0) {
		out->verdict = VERDICT_ALLOW;
		out->rule = s.allow;
		if (s.allowed < b->q->n_names) {
			out->names = space;
			out->n_names = s.allowed;
		}
	} else {
		out->verdict = s.asked > 0 ? VERDICT_ASK : VERDICT_DENY;
		out->rule = s.asked > 0 ? s.ask : s.deny;
	}
}

/* Everything was asked for: whole, or what rules allow by name. */
static void answer_whole(const struct ballot *b, const char **space, size_t n_space,
    struct answer *out)
{
	const struct rule *by;
	enum verdict rest = tally_verdict(&b->common, NULL, &by);
	struct sorting s = { 0 };

	sort_names(b, space, n_space, &s);
	out->verdict = rest;
	out->rule = by;
	if (rest == VERDICT_DENY)
		return;
	if (rest == VERDICT_ALLOW && s.deny == NULL && s.asked == 0 && !b->overflow)
		return;
	if (s.allowed > 0) {
		out->verdict = VERDICT_ALLOW;
		out->rule = s.allow;
		out->names = space;
		out->n_names = s.allowed;
	} else if (rest == VERDICT_ALLOW) {
		/* "All but" cannot be said: who asks must name what he wants. */
		out->verdict = s.asked > 0 ? VERDICT_ASK : VERDICT_DENY;
		out->rule = s.asked > 0 ? s.ask : s.deny;
	}
}

void policy_decide(const struct policy *p, const struct question *q,
    const struct answer_space *space, struct answer *out)
{
	struct ballot b = { .q = q };
	size_t n_asked = q->n_names < POLICY_NAMES ? q->n_names : POLICY_NAMES;

	*out = (struct answer){ .verdict = VERDICT_DENY };
	for (size_t i = 0; i < n_asked; i++)	/* what goes beyond is not granted */
		b.name[b.n++] = q->names[i];
	count_all(&b, p);
	if (q->n_names > 0)
		answer_named(&b, space->names, space->n_names, out);
	else
		answer_whole(&b, space->names, space->n_names, out);
	out->edge_ms = b.edge_ms;
	if (out->verdict == VERDICT_ALLOW)
		out->lease_ms = lease_of_all(&b, p, out);
}
