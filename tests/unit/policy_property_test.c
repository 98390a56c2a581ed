/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_property_test: random policies and questions against a reference
 * evaluator that walks every rule for every name, as plainly as the table in
 * policy.h reads (att-P-19), and properties that must hold for all of them.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "common/base/pool.h"
#include "common/base/str.h"
#include "policy/policy.h"

#define ROUNDS 100000
#define MAX_RULES 8
#define NOW 1795262400000LL

/* --- a small world --- */

static uint64_t seed = 0x9e3779b97f4a7c15u;

static unsigned roll(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % n;
}

static const char *const jids[] = { "a@x.ex", "b@x.ex", "a@y.ex", "x.ex" };
static const char *const domains[] = { "x.ex", "y.ex" };
static const char *const fields[] = { "lux", "Temp", "temp", "lock" };
static const char *const things[] = { "lamp", "Lamp", "door" };
static const struct question_tag tags[] = { { "class", "light" }, { "Room", "hall" } };

struct world {
	struct rule rule[MAX_RULES + 1];
	const char *name[MAX_RULES + 1][2];
	size_t n;
	struct question q;
	const char *asked[4];
};

static int32_t roll_minute(void)
{
	return (int32_t)roll(8) * 180;
}

static const struct tag_term terms[] = {
	{ TAG_EQ, "CLASS", "Light" }, { TAG_EQ, "CLASS", "hall" },
	{ TAG_EQ, "room", "Light" }, { TAG_EQ, "room", "hall" },
};

static void roll_target(struct target *t)
{
	*t = (struct target){ 0 };
	switch (roll(4)) {
	case 0:
		t->kind = TARGET_TAG;
		t->n_terms = 1;
		t->term = &terms[roll(4)];
		break;
	case 1:
		t->kind = TARGET_THING;
		t->name = things[roll(3)];
		t->bound = roll(2);
		t->id[0] = (uint8_t)roll(2);
		t->epoch = roll(2);
		break;
	case 2:
		t->kind = TARGET_THING;
		t->name = things[roll(3)];
		break;
	default:
		t->kind = TARGET_ALL;
	}
}

static void roll_rule(struct world *w, size_t i)
{
	static const unsigned actions[] = { 1, 2, 2, 2, 4, RULE_EVERYTHING };
	struct rule *r = &w->rule[i];

	*r = (struct rule){ .number = (int64_t)i + 1, .verdict = (enum verdict)roll(3) };
	r->actions = actions[roll(6)];
	r->subject.kind = (enum subject_kind)roll(3);
	if (r->subject.kind != SUBJECT_ANYONE)
		r->subject.text = r->subject.kind == SUBJECT_JID ? jids[roll(4)] : domains[roll(2)];
	r->names = w->name[i];
	if ((r->actions == 2 || r->actions == 4) && roll(2))
		r->n_names = 1 + roll(2);
	for (size_t k = 0; k < r->n_names; k++)
		w->name[i][k] = fields[roll(4)];
	roll_target(&r->target);
	if (roll(3) == 0)
		r->until_ms = NOW + ((int64_t)roll(5) - 2) * 3600000;
	r->daily = roll(3) == 0;
	r->from_min = roll_minute();
	do
		r->to_min = roll_minute();
	while (r->to_min == r->from_min);
	if (r->verdict == VERDICT_ALLOW && roll(2))
		r->lease_ms = 5000 * (1 + (int64_t)roll(9));
}

static void roll_world(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->n = roll(MAX_RULES);
	for (size_t i = 0; i < w->n; i++)
		roll_rule(w, i);
	w->q = (struct question){ .action = (enum action)roll(3), .asker = jids[roll(4)],
		.thing_name = roll(4) ? things[roll(3)] : NULL, .aliases = (const char *const *)things,
		.n_aliases = roll(2), .tags = tags, .n_tags = roll(3), .epoch = roll(2),
		.names = w->asked, .now_ms = NOW, .zone_s = (int32_t)roll(3) * 3600 };
	w->q.thing_id[0] = (uint8_t)roll(2);
	if (w->q.action != ACTION_BEFRIEND)
		w->q.n_names = roll(4);
	for (size_t i = 0; i < w->q.n_names; i++)
		w->asked[i] = fields[roll(4)];
}

static struct policy *compile(const struct world *w, bool backwards)
{
	struct policy *p = policy_new();
	struct err e = ERR_INIT;

	assert_non_null(p);
	for (size_t i = 0; i < w->n; i++)
		if (policy_add(p, &w->rule[backwards ? w->n - 1 - i : i], &e) != 0)
			fail_msg("%s", e.text);
	return p;
}

/* --- the reference evaluator --- */

static bool ref_matches(const struct rule *r, const struct question *q)
{
	const struct target *t = &r->target;
	size_t n;
	bool hit = t->kind == TARGET_ALL;

	if ((r->actions >> q->action & 1) == 0)
		return false;
	if (r->subject.kind == SUBJECT_JID && strcmp(r->subject.text, q->asker) != 0)
		return false;
	if (r->subject.kind == SUBJECT_DOMAIN) {
		const char *at = strchr(q->asker, '@');

		if (strcmp(r->subject.text, at != NULL ? at + 1 : q->asker) != 0)
			return false;
	}
	if (t->kind == TARGET_THING && t->bound)
		return t->id[0] == q->thing_id[0] && t->epoch == q->epoch;
	if (t->kind == TARGET_THING) {
		hit = q->thing_name != NULL && str_case_eq(q->thing_name, t->name);
		for (n = 0; n < q->n_aliases; n++)
			hit = hit || str_case_eq(q->aliases[n], t->name);
	}
	for (n = 0; t->kind == TARGET_TAG && n < q->n_tags; n++)
		hit = hit || (str_case_eq(q->tags[n].name, t->term[0].name) &&
				 str_case_eq(q->tags[n].value, t->term[0].value));
	return hit;
}

static bool ref_in_force(const struct rule *r, const struct question *q, int64_t when)
{
	int64_t minute = (when / 1000 + q->zone_s) / 60 % 1440;

	if (r->until_ms != 0 && when >= r->until_ms)
		return false;
	if (!r->daily)
		return true;
	return r->from_min < r->to_min ? minute >= r->from_min && minute < r->to_min
				       : minute >= r->from_min || minute < r->to_min;
}

/* All times here are whole minutes: walk them. */
static int64_t ref_edge(const struct rule *r, const struct question *q)
{
	bool now = ref_in_force(r, q, NOW);

	for (int64_t t = NOW + 60000; t <= NOW + 86400000; t += 60000)
		if (ref_in_force(r, q, t) != now)
			return t;
	return 0;
}

static bool ref_names(const struct rule *r, const char *name)
{
	bool hit = r->n_names == 0;

	for (size_t i = 0; name != NULL && i < r->n_names; i++)
		hit = hit || str_case_eq(r->names[i], name);
	return hit;
}

/* `name` NULL: what no rule names. */
static enum verdict ref_verdict(const struct world *w, const char *name)
{
	bool deny = false, allow_jid = false, ask = false, allow = false;

	for (size_t i = 0; i < w->n; i++) {
		const struct rule *r = &w->rule[i];

		if (!ref_matches(r, &w->q) || !ref_in_force(r, &w->q, NOW) || !ref_names(r, name))
			continue;
		deny = deny || r->verdict == VERDICT_DENY;
		ask = ask || r->verdict == VERDICT_ASK;
		allow = allow || r->verdict == VERDICT_ALLOW;
		allow_jid = allow_jid ||
			    (r->verdict == VERDICT_ALLOW && r->subject.kind == SUBJECT_JID);
	}
	return deny ? VERDICT_DENY : allow_jid ? VERDICT_ALLOW : ask ? VERDICT_ASK :
	    allow ? VERDICT_ALLOW : VERDICT_ASK;
}

struct ref {
	enum verdict verdict;
	bool whole;
	bool granted[4];	/* of fields[]; with case folded 1 and 2 are one */
	int64_t edge_ms;
};

static struct ref ref_decide(const struct world *w)
{
	struct ref out = { .verdict = VERDICT_DENY };
	bool any = false, ask = false, hole = false, spoken[4] = { false };
	enum verdict rest = ref_verdict(w, NULL);

	for (size_t i = 0; i < w->n; i++) {
		const struct rule *r = &w->rule[i];
		int64_t edge;
		bool wanted = w->q.n_names == 0 || r->n_names == 0;

		for (size_t k = 0; k < w->q.n_names; k++)
			wanted = wanted || ref_names(r, w->q.names[k]);
		if (!wanted || !ref_matches(r, &w->q))
			continue;
		edge = ref_edge(r, &w->q);
		if (edge != 0 && (out.edge_ms == 0 || edge < out.edge_ms))
			out.edge_ms = edge;
		for (size_t f = 0; f < 4 && ref_in_force(r, &w->q, NOW); f++)
			spoken[f] = spoken[f] || (r->n_names > 0 && ref_names(r, fields[f]));
	}
	for (size_t f = 0; f < 4; f++) {
		bool asked = w->q.n_names == 0 && spoken[f];
		enum verdict v = ref_verdict(w, fields[f]);

		for (size_t i = 0; i < w->q.n_names; i++)
			asked = asked || str_case_eq(w->q.names[i], fields[f]);
		if (!asked)
			continue;
		out.granted[f] = v == VERDICT_ALLOW;
		any = any || v == VERDICT_ALLOW;
		ask = ask || v == VERDICT_ASK;
		hole = hole || v != VERDICT_ALLOW;
	}
	if (w->q.n_names == 0 && rest == VERDICT_DENY)
		return out;
	out.whole = w->q.n_names == 0 ? rest == VERDICT_ALLOW && !hole : any && !hole;
	if (w->q.n_names == 0 && rest == VERDICT_ASK)
		ask = true;
	out.verdict = out.whole || any ? VERDICT_ALLOW : ask ? VERDICT_ASK : VERDICT_DENY;
	return out;
}

/* --- comparing --- */

static bool lists(const struct answer *a, const char *name)
{
	for (size_t i = 0; i < a->n_names; i++)
		if (str_case_eq(a->names[i], name))
			return true;
	return false;
}

static struct answer decide(const struct world *w, bool backwards, const char *space[8])
{
	struct policy *p = compile(w, backwards);
	struct answer a;

	policy_decide(p, &w->q, &(struct answer_space){ .n_names = 8, .names = space }, &a);
	a.rule = NULL;
	for (size_t i = 0; i < a.n_names; i++)		/* they may point into the policy */
		for (size_t f = 0; f < 4; f++)
			if (strcmp(a.names[i], fields[f]) == 0) {
				a.names[i] = fields[f];
				break;
			}
	policy_free(&p);
	return a;
}

static void decisions_equal_those_of_the_reference__att_P_19(void **state)
{
	(void)state;
	for (int n = 0; n < ROUNDS; n++) {
		struct world w;
		const char *space[8];
		struct answer a;
		struct ref ref;

		roll_world(&w);
		a = decide(&w, false, space);
		ref = ref_decide(&w);
		assert_int_equal(a.verdict, ref.verdict);
		assert_true(a.edge_ms == ref.edge_ms);
		if (a.verdict != VERDICT_ALLOW)
			continue;
		assert_int_equal(a.n_names == 0, ref.whole);
		for (size_t f = 0; f < 4 && !ref.whole; f++)
			assert_int_equal(lists(&a, fields[f]), ref.granted[f]);
	}
}

static bool same_answer(const struct answer *a, const struct answer *b)
{
	if (a->verdict != b->verdict || a->n_names != b->n_names || a->edge_ms != b->edge_ms ||
	    a->lease_ms != b->lease_ms)
		return false;
	for (size_t i = 0; i < a->n_names; i++)
		if (!lists(b, a->names[i]))
			return false;
	return true;
}

static void the_order_of_rules_never_matters__att_P_19(void **state)
{
	(void)state;
	for (int n = 0; n < ROUNDS / 4; n++) {
		struct world w;
		const char *space[8], *other[8];
		struct answer a, b;

		roll_world(&w);
		a = decide(&w, false, space);
		b = decide(&w, true, other);
		assert_true(same_answer(&a, &b));
	}
}

/* Does `more` grant anything that `less` does not? */
static bool grants_more(const struct answer *more, const struct answer *less)
{
	if (more->verdict != VERDICT_ALLOW)
		return false;
	if (less->verdict != VERDICT_ALLOW)
		return true;
	if (less->n_names == 0)
		return false;
	if (more->n_names == 0)
		return true;
	for (size_t i = 0; i < more->n_names; i++)
		if (!lists(less, more->names[i]))
			return true;
	return false;
}

static void a_deny_more_never_grants_and_an_allow_more_never_denies__att_P_19(void **state)
{
	(void)state;
	for (int n = 0; n < ROUNDS / 4; n++) {
		struct world w;
		const char *space[8], *other[8];
		struct answer before, after;

		roll_world(&w);
		before = decide(&w, false, space);
		roll_rule(&w, w.n);
		if (w.rule[w.n].verdict == VERDICT_ASK)
			continue;
		w.n++;
		after = decide(&w, false, other);
		if (w.rule[w.n - 1].verdict == VERDICT_DENY)
			assert_false(grants_more(&after, &before));
		else
			assert_false(grants_more(&before, &after));
	}
}

static void a_partial_answer_never_names_what_was_not_asked_for__att_P_06(void **state)
{
	(void)state;
	for (int n = 0; n < ROUNDS / 4; n++) {
		struct world w;
		const char *space[8];
		struct answer a;

		roll_world(&w);
		a = decide(&w, false, space);
		for (size_t i = 0; i < a.n_names && w.q.n_names > 0; i++) {
			bool asked = false;

			for (size_t k = 0; k < w.q.n_names; k++)
				asked = asked || strcmp(a.names[i], w.q.names[k]) == 0;
			assert_true(asked);
		}
		assert_true(w.q.n_names == 0 || a.n_names < w.q.n_names);
	}
}

static void every_rule_prints_and_reads_back(void **state)
{
	struct pool pool;
	struct buf text;
	struct err e = ERR_INIT;

	(void)state;
	pool_init(&pool, 256 * 1024);
	buf_init(&text, POLICY_LINE);
	for (int n = 0; n < ROUNDS / 10; n++) {
		struct world w;
		struct rule again;

		roll_world(&w);
		for (size_t i = 0; i < w.n; i++) {
			buf_reset(&text);
			pool_reset(&pool);
			policy_print(&text, &w.rule[i], w.q.zone_s);
			if (policy_parse_line(&again, buf_str(&text), NOW, w.q.zone_s, &pool, &e) != 0)
				fail_msg("%s: %s", buf_str(&text), e.text);
			assert_true(rule_equal(&w.rule[i], &again));
		}
	}
	buf_fini(&text);
	pool_fini(&pool);
}

static void rules_can_be_taken_out_again(void **state)
{
	(void)state;
	for (int n = 0; n < ROUNDS / 10; n++) {
		struct world w;
		const char *space[8], *other[8];
		struct policy *p;
		struct answer a, b;

		roll_world(&w);
		if (w.n == 0)
			continue;
		p = compile(&w, false);
		assert_true(policy_remove(p, (int64_t)w.n));
		assert_false(policy_remove(p, (int64_t)w.n));
		w.n--;
		policy_decide(p, &w.q, &(struct answer_space){ .n_names = 8, .names = space }, &a);
		b = decide(&w, false, other);
		assert_true(same_answer(&a, &b));
		policy_free(&p);
	}
}

/* P-20: a hundred thousand rules about others cost nothing. */
static void rules_about_others_are_not_looked_at__att_P_20(void **state)
{
	struct policy *p = policy_new();
	struct err e = ERR_INIT;
	struct question q = { .action = ACTION_READ, .asker = "u500@d.ex", .now_ms = NOW };
	struct answer a;

	(void)state;
	for (int i = 0; i < POLICY_RULES; i++) {
		char jid[32];
		struct rule r = { .number = i + 1, .verdict = VERDICT_ALLOW, .actions = 2,
			.subject = { SUBJECT_JID, jid } };

		(void)snprintf(jid, sizeof(jid), "u%d@d.ex", i);
		assert_int_equal(policy_add(p, &r, &e), 0);
	}
	policy_decide(p, &q, &(struct answer_space){ 0 }, &a);
	assert_int_equal(a.verdict, VERDICT_ALLOW);
	assert_int_equal(a.rule->number, 501);
	assert_int_equal(policy_add(p, a.rule, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	policy_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decisions_equal_those_of_the_reference__att_P_19),
		cmocka_unit_test(the_order_of_rules_never_matters__att_P_19),
		cmocka_unit_test(a_deny_more_never_grants_and_an_allow_more_never_denies__att_P_19),
		cmocka_unit_test(a_partial_answer_never_names_what_was_not_asked_for__att_P_06),
		cmocka_unit_test(every_rule_prints_and_reads_back),
		cmocka_unit_test(rules_can_be_taken_out_again),
		cmocka_unit_test(rules_about_others_are_not_looked_at__att_P_20),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
