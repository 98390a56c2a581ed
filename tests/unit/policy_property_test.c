/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_property_test: random policies and questions (policy_world.h) against
 * the reference evaluator (policy_reference.h), cell by cell, and properties
 * that must hold for all of them (att-P-19).  A cell is one name, one kind of
 * reading, one value.
 */
#include "config.h"

#include "policy/policy.h"

#include "common/base/buf.h"
#include "common/base/pool.h"
#include "common/base/str.h"
#include "policy/match.h"
#include "tests/unit/policy_reference.h"
#include "tests/unit/policy_world.h"
#include "tests/unit/unit.h"

/* Values beside, at and between all bounds of the world; the last is a text that
 * no rule speaks of. */
static const char *const samples[] = { "-5", "0", "5", "10", "15", "20", "25", "eco", "true",
	"false", "zzz" };
#define SAMPLES (sizeof(samples) / sizeof(samples[0]))
#define TEXTS_FROM 7
#define UNHEARD (SAMPLES - 1)
#define NAMES 5			/* of the world; the last is one no rule speaks of */

/* Shows the world in which it is not so. */
#define MUST(w, fact) do { \
	if (!(fact)) { \
		world_show(w); \
		fail_msg("%s", #fact); \
	} \
} while (0)

/* 10^6 with KITH_LONG; under sanitizers each takes five times as long. */
static size_t rounds(size_t n)
{
#ifdef __SANITIZE_ADDRESS__
	n /= 5;
#endif
	return getenv("KITH_LONG") != NULL ? n * 10 : n;
}

struct answered {
	struct policy *policy;
	struct answer a;
	const char *name[16];
	struct limit limit[POLICY_LIMITS];
};

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

static void ask_about(const struct policy *p, const struct question *q, struct answered *out)
{
	policy_decide(p, q, &(struct answer_space){ .n_names = 16, .n_limits = POLICY_LIMITS,
		.names = out->name, .limits = out->limit }, &out->a);
}

static void ask(const struct world *w, bool backwards, struct answered *out)
{
	out->policy = compile(w, backwards);
	ask_about(out->policy, &w->q, out);
}

static bool same_name(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : str_case_eq(a, b);
}

static bool lists(const struct answer *a, const char *name)
{
	bool is = false;

	for (size_t i = 0; name != NULL && i < a->n_names; i++)
		is = is || str_case_eq(a->names[i], name);
	return is;
}

static bool names_it(const struct question *q, const char *name)
{
	bool is = q->n_names == 0;

	for (size_t i = 0; name != NULL && i < q->n_names; i++)
		is = is || str_case_eq(q->names[i], name);
	return is;
}

/* What whoever keeps to the answer may do with that value. */
static bool keeps_to(const struct answered *x, const struct question *q, const char *name,
    const char *value, struct ref_rate *rate)
{
	bool limited = false, held = false;

	*rate = (struct ref_rate){ 0 };
	if (x->a.verdict != VERDICT_ALLOW ||
	    (x->a.n_names > 0 ? !lists(&x->a, name) : !names_it(q, name)))
		return false;
	for (size_t i = 0; i < x->a.n_limits; i++) {
		const struct limit *l = &x->a.limits[i];
		struct ref_rate r = { l->rate_n, l->rate_ms, l->rule };

		if (l->span.name != NULL && !same_name(l->span.name, name))
			continue;
		limited = true;
		if (value != NULL && !span_holds(&l->span, value))
			continue;
		if (!held || ref_more_generous(r, *rate))
			*rate = r;
		held = true;
	}
	return held || !limited;
}

/* --- what the reference makes of whole questions --- */

struct cell_set { bool ok[SAMPLES]; struct ref_rate rate[SAMPLES]; };

struct expected {
	size_t n;
	const char *name[NAMES];		/* asked for or spoken of; rest behind them */
	unsigned kinds, allow[NAMES], ask[NAMES], touch[NAMES];
	bool whole, list[NAMES];
	unsigned types;
	enum verdict verdict;
	bool by_touch;
};

static unsigned kinds_of(const struct question *q)
{
	return q->action != ACTION_READ ? 1 : q->types != 0 ? q->types : TYPE_ALL;
}

static const char *value_for(const struct question *q, const char *name)
{
	for (size_t i = 0; q->values != NULL && name != NULL && i < q->n_names; i++)
		if (str_case_eq(q->names[i], name))
			return q->values[i];
	return NULL;
}

/* Which value stands for piece `s`; with a known one, or without limits, there is one. */
static const char *sample_for(const struct question *q, const char *name, size_t s)
{
	const char *known = value_for(q, name);

	return known != NULL ? known : q->keeps_limits ? samples[s] : NULL;
}

static enum ref_verdict decide_cell(const struct world *w, const char *name, unsigned kind,
    size_t s, struct ref_rate *rate)
{
	struct ref_cell c = { name, w->q.action == ACTION_READ ? kind : 0,
		sample_for(&w->q, name, s) };

	*rate = (struct ref_rate){ 0 };
	return ref_decide(w->rule, w->n, &w->q, &c, rate);
}

/* Is there a rule of that co-owner about this at all? */
static bool is_heard(const struct world *w, const char *giver)
{
	bool is = false;

	for (size_t i = 0; i < w->n; i++)
		is = is || (ref_concerns(&w->rule[i], &w->q, giver) &&
			       ref_in_force(&w->rule[i], &w->q));
	return is;
}

/* Does anybody look at the rule?  *about: whether it is in force. */
static bool is_looked_at(const struct world *w, const struct rule *r, bool *in_force)
{
	bool is = ref_concerns(r, &w->q, NULL);

	for (size_t i = 0; i < w->q.n_givers; i++) {
		struct question own = ref_asked_by(&w->q, w->q.givers[i]);

		is = is || ref_concerns(r, &w->q, w->q.givers[i]) ||
		    (is_heard(w, w->q.givers[i]) && ref_concerns(r, &own, NULL));
	}
	*in_force = is && ref_in_force(r, &w->q);
	return is;
}

static void expect_names(const struct world *w, struct expected *x)
{
	const char *const *names = world_names(w->q.action);

	for (size_t f = 0; f < 4; f++) {
		bool is = w->q.n_names > 0 && names_it(&w->q, names[f]), in_force;

		for (size_t k = 0; k < x->n; k++)
			if (same_name(x->name[k], names[f]))
				goto next;
		for (size_t i = 0; w->q.n_names == 0 && i < w->n; i++)
			for (size_t k = 0; k < w->rule[i].n_names; k++)
				is = is || (str_case_eq(w->rule[i].names[k], names[f]) &&
					       is_looked_at(w, &w->rule[i], &in_force) && in_force);
		if (is)
			x->name[x->n++] = names[f];
next:
		continue;
	}
}

static void expect_fates(const struct world *w, struct expected *x)
{
	for (size_t i = 0; i <= x->n; i++)
		for (unsigned kind = 1; kind <= TYPE_ALL; kind <<= 1) {
			unsigned seen = 0;

			for (size_t s = 0; s < SAMPLES && (x->kinds & kind) != 0; s++) {
				struct ref_rate rate;

				seen |= 1u << decide_cell(w, x->name[i], kind, s, &rate);
			}
			if ((seen & 1u << REF_ALLOW) != 0)
				x->allow[i] |= kind;
			else if ((seen & 1u << REF_ASK) != 0)
				x->ask[i] |= kind;
			else if ((seen & 1u << REF_TOUCH) != 0)
				x->touch[i] |= kind;
		}
}

/* Is that text one that a rule in force speaks of? */
static bool is_mentioned(const struct world *w, const char *name, const char *text)
{
	bool is = strcmp(text, "true") == 0 || strcmp(text, "false") == 0, in_force;

	for (size_t i = 0; i < w->n; i++)
		for (size_t k = 0; k < w->rule[i].n_spans; k++) {
			const struct span *s = &w->rule[i].span[k];

			is = is || (s->text != NULL && str_case_eq(s->text, text) &&
				       ref_names(&w->rule[i], &w->q, name) &&
				       (s->name == NULL || same_name(s->name, name)) &&
				       is_looked_at(w, &w->rule[i], &in_force) && in_force);
		}
	return is;
}

/* All values of a name in all these kinds at once. */
static struct cell_set expect_cells(const struct world *w, const char *name, unsigned kinds)
{
	struct cell_set c = { 0 };
	struct ref_rate least = { 0 };
	bool all = true;

	for (size_t s = 0; s < SAMPLES; s++) {
		c.ok[s] = true;
		for (unsigned kind = 1; kind <= TYPE_ALL; kind <<= 1) {
			struct ref_rate rate;

			if ((kinds & kind) == 0)
				continue;
			c.ok[s] = decide_cell(w, name, kind, s, &rate) == REF_ALLOW && c.ok[s];
			c.rate[s] = (kinds & (kind - 1)) == 0 ? rate
				: ref_narrower(c.rate[s], rate);
		}
	}
	for (size_t s = 0; s < SAMPLES; s++) {
		all = all && c.ok[s];
		if (!all || s == 0 || ref_more_generous(least, c.rate[s]))
			least = c.rate[s];
	}
	/* A limit can name texts and ranges; what nobody speaks of has what all have. */
	for (size_t s = TEXTS_FROM; s < SAMPLES; s++)
		if (!is_mentioned(w, name, samples[s])) {
			c.ok[s] = all;
			c.rate[s] = least;
		}
	return c;
}

static bool is_limited(const struct cell_set *c)
{
	bool is = false;

	for (size_t s = 0; s < SAMPLES; s++)
		is = is || !c->ok[s] || c->rate[s].n > 0;
	return is;
}

static void expect_whole(const struct world *w, struct expected *x)
{
	struct cell_set rest;
	bool in_force;

	x->types = x->allow[x->n];
	for (size_t i = 0; i < x->n; i++)
		x->types &= x->allow[i];
	rest = expect_cells(w, NULL, x->types);
	for (size_t i = 0; x->types != 0 && is_limited(&rest) && i < w->n; i++)
		if (w->rule[i].n_names > 0 && w->rule[i].verdict != VERDICT_ALLOW &&
		    is_looked_at(w, &w->rule[i], &in_force) && in_force)
			x->types &= w->q.action == ACTION_READ && w->rule[i].types != 0
			    ? ~w->rule[i].types : 0;
	x->whole = x->types != 0;
}

static bool comes_first(unsigned a, unsigned b)
{
	for (unsigned kind = 1; kind <= TYPE_ALL; kind <<= 1)
		if ((a & kind) != (b & kind))
			return (a & kind) != 0;
	return false;
}

static void expect_rectangle(const struct world *w, struct expected *x)
{
	size_t best = 0, best_names = 0;

	x->types = 0;
	for (unsigned kinds = 1; kinds <= TYPE_ALL; kinds++) {
		size_t names = 0, area = 0;

		for (size_t i = 0; (kinds & ~x->kinds) == 0 && i < x->n; i++)
			if ((x->allow[i] & kinds) == kinds)
				for (size_t k = 0; k < (w->q.n_names > 0 ? w->q.n_names : 1); k++)
					names += w->q.n_names == 0 ||
					    same_name(w->q.names[k], x->name[i]);
		for (unsigned kind = 1; kind <= TYPE_ALL; kind <<= 1)
			area += (kinds & kind) != 0 ? names : 0;
		if (area > best || (area > 0 && area == best && (names > best_names ||
			(names == best_names && comes_first(kinds, x->types))))) {
			x->types = kinds;
			best = area;
			best_names = names;
		}
	}
	for (size_t i = 0; i < x->n; i++)
		x->list[i] = x->types != 0 && (x->allow[i] & x->types) == x->types;
}

static struct expected expect(const struct world *w)
{
	struct expected x = { .kinds = kinds_of(&w->q) };
	unsigned ask = 0, touch = 0;

	expect_names(w, &x);
	expect_fates(w, &x);
	if (w->q.n_names == 0)
		expect_whole(w, &x);
	if (!x.whole)
		expect_rectangle(w, &x);
	for (size_t i = 0; i < x.n + (w->q.n_names == 0); i++) {
		ask |= x.ask[i];
		touch |= x.touch[i];
	}
	x.verdict = x.types != 0 ? VERDICT_ALLOW : (ask | touch) != 0 ? VERDICT_ASK : VERDICT_DENY;
	x.by_touch = x.verdict == VERDICT_ASK && ask == 0;
	return x;
}

/* --- equality --- */

static bool same_rate(const struct ref_rate *a, const struct ref_rate *b)
{
	return a->n == b->n && (a->n == 0 || a->ms == b->ms);
}

/* Each value of each name, also of one that no rule speaks of. */
static void compare_cells(const struct world *w, const struct expected *x,
    const struct answered *got)
{
	struct cell_set rest = expect_cells(w, NULL, x->types);
	bool all_limited = x->whole && is_limited(&rest);

	for (size_t i = 0; i < x->n + x->whole; i++) {
		struct cell_set c = expect_cells(w, x->name[i], x->types);

		for (size_t s = 0; s < SAMPLES; s++) {
			struct ref_rate rate;
			const char *value = sample_for(&w->q, x->name[i], s);
			bool is = keeps_to(got, &w->q, x->name[i] != NULL ? x->name[i] : "other",
			    value, &rate);
			bool should = (x->whole || x->list[i]) && c.ok[s];

			if (all_limited && rest.ok[s] &&
			    (!should || ref_more_generous(rest.rate[s], c.rate[s]))) {
				should = true;
				c.rate[s] = rest.rate[s];
			}
			MUST(w, (is) == (should));
			if (is)
				MUST(w, same_rate(&rate, &c.rate[s]));
		}
	}
}

static void compare(const struct world *w, const struct expected *x, const struct answered *got)
{
	MUST(w, (got->a.verdict) == (x->verdict));
	MUST(w, (got->a.touch) == (x->by_touch));
	if (x->verdict != VERDICT_ALLOW) {
		MUST(w, (got->a.n_names + got->a.n_limits + got->a.types) == (0));
		return;
	}
	MUST(w, (got->a.types) == (w->q.action == ACTION_READ ? x->types : 0));
	if (x->whole)
		MUST(w, (got->a.n_names) == (0));
	compare_cells(w, x, got);
}

static void decisions_equal_those_of_the_reference__att_P_19(void **state)
{
	(void)state;
	for (size_t n = 0; n < rounds(100000); n++) {
		struct world w;
		struct answered got;
		struct expected x;

		world_make(&w);
		ask(&w, false, &got);
		x = expect(&w);
		compare(&w, &x, &got);
		policy_free(&got.policy);
	}
}

/* Everything that is counted in whole hours is walked through. */
static int64_t expect_edge(const struct world *w)
{
	int64_t edge = 0;

	for (size_t i = 0; i < w->n; i++) {
		const struct rule *r = &w->rule[i];
		struct question q = w->q;
		bool in_force, now = ref_in_force(r, &q), sun = r->daily || r->days != 0;
		int64_t cut = r->zone == NULL ? q.zone_until_ms : 0;

		if (!is_looked_at(w, r, &in_force) || q.clock_unsure ||
		    (r->until_ms != 0 && q.now_ms >= r->until_ms))
			continue;
		for (size_t k = 0; r->zone != NULL && k < q.n_zones; k++)
			if (strcmp(q.zones[k].name, r->zone) == 0)
				cut = q.zones[k].until_ms;
		for (int hour = 1; hour <= 8 * 24; hour++) {
			q.now_ms = WORLD_NOW + hour * WORLD_HOUR;
			if (ref_in_force(r, &q) == now && r->until_ms != 0 && q.now_ms >= r->until_ms)
				break;			/* over before it could begin */
			if (ref_in_force(r, &q) == now && !(sun && cut == q.now_ms))
				continue;
			if (edge == 0 || q.now_ms < edge)
				edge = q.now_ms;
			break;
		}
	}
	return edge;
}

static void the_edge_is_the_first_moment_a_rule_about_it_begins_or_ends(void **state)
{
	(void)state;
	for (size_t n = 0; n < rounds(10000); n++) {
		struct world w;
		struct answered got;
		int64_t edge;

		world_make(&w);
		ask(&w, false, &got);
		edge = expect_edge(&w);
		MUST(&w, got.a.edge_ms == edge);
		policy_free(&got.policy);
	}
}

static bool same_answer(const struct answer *a, const struct answer *b)
{
	if (a->verdict != b->verdict || a->touch != b->touch || a->types != b->types ||
	    a->n_names != b->n_names || a->n_limits != b->n_limits || a->lease_ms != b->lease_ms ||
	    (a->rule != NULL ? a->rule->number : 0) != (b->rule != NULL ? b->rule->number : 0))
		return false;
	for (size_t i = 0; i < a->n_names; i++)
		if (!lists(b, a->names[i]))
			return false;
	return true;
}

static void the_order_of_rules_never_matters__att_P_19(void **state)
{
	(void)state;
	for (size_t n = 0; n < rounds(20000); n++) {
		struct world w;
		struct answered a, b;
		struct expected x;

		world_make(&w);
		ask(&w, false, &a);
		ask(&w, true, &b);
		MUST(&w, same_answer(&a.a, &b.a) && a.a.edge_ms == b.a.edge_ms);
		x = expect(&w);
		compare(&w, &x, &b);
		policy_free(&a.policy);
		policy_free(&b.policy);
	}
}

/* One name or none, one kind: then nothing has to be left out for the sake of a
 * rectangle. */
static void narrow(struct world *w)
{
	if (w->q.n_names > 1)
		w->q.n_names = 1;
	if (w->q.action == ACTION_READ)
		w->q.types = 1u << world_roll(6);
}

/* Does `more` grant any cell that `less` does not, or more often? */
static bool grants_more(const struct world *w, const struct answered *more,
    const struct answered *less)
{
	const char *const *names = world_names(w->q.action);

	for (size_t i = 0; i < NAMES; i++)
		for (size_t s = 0; s < SAMPLES; s++) {
			const char *name = i < 4 ? names[i] : "other";
			const char *value = sample_for(&w->q, name, s);
			struct ref_rate a, b;

			if (keeps_to(more, &w->q, name, value, &a) &&
			    (!keeps_to(less, &w->q, name, value, &b) || ref_more_generous(a, b)))
				return true;
		}
	return false;
}

static void a_deny_more_never_grants_and_an_allow_more_never_takes_away__att_P_19(void **state)
{
	(void)state;
	for (size_t n = 0; n < rounds(100000); n++) {
		struct world w;
		struct answered before, after;

		world_make(&w);
		narrow(&w);
		ask(&w, false, &before);
		do
			world_roll_rule(&w, w.n);
		while (w.rule[w.n].verdict == VERDICT_ASK);
		/* What the owner says himself, be it "so often", stands in place of what a
		 * co-owner says (7): that may be less. */
		if (w.q.n_givers > 0 && w.rule[w.n].giver == NULL)
			w.rule[w.n].rate_n = 0, w.rule[w.n].rate_ms = 0;
		w.n++;
		ask(&w, false, &after);
		if (w.rule[w.n - 1].verdict == VERDICT_DENY)
			MUST(&w, !grants_more(&w, &after, &before));
		else
			MUST(&w, !grants_more(&w, &before, &after));
		policy_free(&before.policy);
		policy_free(&after.policy);
	}
}

/* att-P-06: whatever is asked at once, no cell is granted that is not when it is
 * asked about alone; and nothing that was not asked for. */
static void asking_for_several_never_widens__att_P_06(void **state)
{
	(void)state;
	for (size_t n = 0; n < rounds(20000); n++) {
		struct world w, one;
		struct answered all, alone;
		unsigned kinds;

		world_make(&w);
		ask(&w, false, &all);
		kinds = kinds_of(&w.q);
		MUST(&w, (all.a.types & ~kinds) == (0));
		for (size_t i = 0; i < all.a.n_names; i++)
			MUST(&w, names_it(&w.q, all.a.names[i]));
		for (size_t i = 0; i < w.q.n_names; i++)
			for (unsigned kind = 1; kind <= TYPE_ALL; kind <<= 1) {
				if (w.q.action == ACTION_READ ? (all.a.types & kind) == 0 : kind > 1)
					continue;
				one = w;
				one.asked[0] = w.asked[i];
				one.value[0] = w.value[i];
				one.q.names = one.asked;
				one.q.values = w.q.values != NULL ? one.value : NULL;
				one.q.n_names = 1;
				one.q.types = w.q.action == ACTION_READ ? kind : 0;
				ask_about(all.policy, &one.q, &alone);
				for (size_t s = 0; s < SAMPLES; s++) {
					const char *value = sample_for(&one.q, one.asked[0], s);
					struct ref_rate a, b;

					if (keeps_to(&all, &w.q, w.asked[i], value, &a))
						MUST(&w, keeps_to(&alone, &one.q, w.asked[i],
						    value, &b) && !ref_more_generous(a, b));
				}
			}
		policy_free(&all.policy);
	}
}

/* A value that is meant is allowed exactly if the limits given beforehand hold it. */
static void limits_hold_what_would_be_allowed_one_by_one(void **state)
{
	(void)state;
	for (size_t n = 0; n < rounds(20000); n++) {
		struct world w;
		struct answered limits, exact;

		world_make(&w);
		w.q.action = ACTION_CONTROL;
		w.q.types = 0;
		w.q.keeps_limits = true;
		w.q.n_names = 1;
		w.asked[0] = world_names(ACTION_CONTROL)[world_roll(4)];
		w.q.values = NULL;
		ask(&w, false, &limits);
		for (size_t s = 0; s < SAMPLES; s++) {
			struct question q = w.q;
			struct ref_rate a, b;
			bool held = keeps_to(&limits, &w.q, w.asked[0], samples[s], &a), is;

			w.value[0] = samples[s];
			q.values = w.value;
			ask_about(limits.policy, &q, &exact);
			is = keeps_to(&exact, &q, w.asked[0], samples[s], &b);
			MUST(&w, !held || is);
			if (s < TEXTS_FROM)
				MUST(&w, (held) == (is));
			if (held)
				MUST(&w, same_rate(&a, &b));
		}
		policy_free(&limits.policy);
	}
}

/* A thing keeps an answer until its edge: asked again before, it would be the same;
 * whatever the spelling and order of what it asks for. */
static void what_is_kept_equals_what_would_be_answered_until_the_edge__att_P_06(void **state)
{
	(void)state;
	for (size_t n = 0; n < rounds(20000); n++) {
		struct world w;
		struct answered kept, now;
		int64_t end;

		world_make(&w);
		ask(&w, false, &kept);
		end = kept.a.edge_ms != 0 ? kept.a.edge_ms : WORLD_NOW + 9 * 24 * WORLD_HOUR;
		w.q.now_ms += (int64_t)world_roll((unsigned)((end - WORLD_NOW) / 60000)) * 60000;
		for (size_t i = 0; i + 1 < w.q.n_names; i++) {
			const char *name = w.asked[i], *value = w.value[i];

			w.asked[i] = w.asked[i + 1];
			w.value[i] = w.value[i + 1];
			w.asked[i + 1] = name;
			w.value[i + 1] = value;
		}
		ask_about(kept.policy, &w.q, &now);
		MUST(&w, same_answer(&kept.a, &now.a));
		MUST(&w, !grants_more(&w, &now, &kept) && !grants_more(&w, &kept, &now));
		policy_free(&kept.policy);
	}
}

/* The rule that is named does what was answered, and no lease is longer than that
 * of a rule that grants. */
static void answers_name_a_rule_that_says_so(void **state)
{
	(void)state;
	for (size_t n = 0; n < rounds(20000); n++) {
		struct world w;
		struct answered got;
		const struct rule *r;

		world_make(&w);
		ask(&w, false, &got);
		r = got.a.rule;
		MUST(&w, r != NULL || got.a.verdict == VERDICT_ASK);
		if (r != NULL) {
			MUST(&w, (r->verdict) == (got.a.verdict));
			MUST(&w, (r->touch) == (got.a.touch));
			MUST(&w, ref_concerns(r, &w.q, r->giver) && ref_in_force(r, &w.q));
			MUST(&w, got.a.verdict != VERDICT_ALLOW || r->lease_ms == 0 ||
			    (got.a.lease_ms != 0 && got.a.lease_ms <= r->lease_ms));
		}
		MUST(&w, got.a.verdict == VERDICT_ALLOW || got.a.lease_ms == 0);
		policy_free(&got.policy);
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
	for (size_t n = 0; n < rounds(10000); n++) {
		struct world w;
		struct rule again;

		world_make(&w);
		for (size_t i = 0; i < w.n; i++) {
			buf_reset(&text);
			pool_reset(&pool);
			policy_print(&text, &w.rule[i], w.q.zone_s);
			if (policy_parse_line(&again, buf_str(&text), WORLD_NOW, w.q.zone_s, &pool,
				&e) != 0)
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
	for (size_t n = 0; n < rounds(10000); n++) {
		struct world w;
		struct answered got, fresh;

		world_make(&w);
		if (w.n == 0)
			continue;
		got.policy = compile(&w, world_roll(2));
		assert_true(policy_remove(got.policy, (int64_t)w.n));
		assert_false(policy_remove(got.policy, (int64_t)w.n));
		w.n--;
		ask_about(got.policy, &w.q, &got);
		ask(&w, false, &fresh);
		assert_true(same_answer(&got.a, &fresh.a));
		for (size_t i = 0; i < w.n; i++)
			assert_true(policy_remove(got.policy, (int64_t)i + 1));
		for (int f = 0; f < FACT_COUNT; f++)
			assert_false(policy_uses(got.policy, (enum policy_fact)f));
		assert_null(policy_zone(got.policy, 0));
		policy_free(&got.policy);
		policy_free(&fresh.policy);
	}
}

/* P-20: a hundred thousand rules about others cost nothing. */
static void rules_about_others_are_not_looked_at__att_P_20(void **state)
{
	struct policy *p = policy_new();
	struct err e = ERR_INIT;
	struct question q = { .action = ACTION_READ, .asker = "u500@d.ex", .now_ms = WORLD_NOW };
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

/* P-20: of rules that nothing tells apart, and of masks, nobody looks at more. */
static void rules_about_the_very_same_are_capped__att_P_20(void **state)
{
	struct tag_term term = { TAG_MASK, "SN", "*a*" };
	const char *field[] = { "lux" };
	struct policy *p = policy_new();
	struct err e = ERR_INIT;
	struct rule r = { .verdict = VERDICT_ALLOW, .actions = 2, .subject.kind = SUBJECT_ANYONE,
		.target = { .kind = TARGET_TAG, .n_terms = 1, .term = &term } };

	(void)state;
	for (r.number = 1; r.number <= 1000; r.number++)
		assert_int_equal(policy_add(p, &r, &e), 0);
	assert_int_equal(policy_add(p, &r, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	assert_true(policy_remove(p, 7));
	assert_int_equal(policy_add(p, &r, &e), 0);
	r.names = field;
	r.n_names = 1;
	for (r.number = 2001; r.number <= 3000; r.number++)
		assert_int_equal(policy_add(p, &r, &e), 0);
	assert_int_equal(policy_add(p, &r, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	policy_free(&p);
}

/* In steps, not in time: twice as long takes no more than twice as long. */
static void masks_take_linear_time__att_P_20(void **state)
{
	char mask[2 * 200 + 2], text[801];

	(void)state;
	for (size_t i = 0; i < 200; i++)
		memcpy(mask + 2 * i, "*a", 3);
	mask[400] = 'b';
	mask[401] = '\0';
	memset(text, 'a', 800);
	text[800] = '\0';
	for (int i = 0; i < 2000; i++)		/* tried again at each '*', the first would not end */
		assert_false(match_mask(mask, text));
	text[799] = 'B';
	assert_true(match_mask(mask, text));
	assert_true(match_mask("*", ""));
	assert_true(match_mask("a*", "A"));
	assert_false(match_mask("a*a", "a"));
	assert_true(match_mask("*ba*", "abba"));
	assert_true(match_mask("\u00e4*\u00df", "\u00c4rger-SS"));
	assert_false(match_mask("ab", "abc"));
	assert_true(match_mask("**b**", "abc"));
}

/* One name with two values is granted if both are: a list could not tell them apart. */
static void a_name_asked_for_twice_is_granted_if_both_values_are(void **state)
{
	struct policy *p = policy_new();
	struct err e = ERR_INIT;
	const struct span span = { .name = "light", .has_max = true, .max = 50 };
	const char *field[] = { "light" }, *names[] = { "light", "lux", "Light" };
	const char *values[] = { "20", NULL, "60" }, *space[3];
	struct rule r = { .number = 1, .verdict = VERDICT_ALLOW, .actions = 4, .n_names = 1,
		.names = field, .n_spans = 1, .span = &span, .subject.kind = SUBJECT_ANYONE };
	struct question q = { .action = ACTION_CONTROL, .asker = "a@x.ex", .names = names,
		.values = values, .n_names = 3, .now_ms = WORLD_NOW };
	struct answer a;

	(void)state;
	assert_int_equal(policy_add(p, &r, &e), 0);
	policy_decide(p, &q, &(struct answer_space){ .n_names = 3, .names = space }, &a);
	assert_int_equal(a.verdict, VERDICT_ASK);
	values[2] = "50";
	policy_decide(p, &q, &(struct answer_space){ .n_names = 3, .names = space }, &a);
	assert_int_equal(a.verdict, VERDICT_ALLOW);
	assert_int_equal(a.n_names, 2);
	policy_free(&p);
}

/* What finds no room is not granted, and never granted without its limit. */
static void limits_that_find_no_room_grant_nothing(void **state)
{
	struct policy *p = policy_new();
	struct err e = ERR_INIT;
	const struct span span[] = { { .name = "a", .text = "x" }, { .name = "a", .text = "y" },
		{ .name = "b", .text = "z" } };
	const char *field[] = { "a", "b" }, *space[2];
	struct rule r = { .number = 1, .verdict = VERDICT_ALLOW, .actions = 4, .n_names = 2,
		.names = field, .n_spans = 3, .span = span, .subject.kind = SUBJECT_ANYONE };
	struct question q = { .action = ACTION_CONTROL, .asker = "a@x.ex", .names = field,
		.n_names = 2, .keeps_limits = true, .now_ms = WORLD_NOW };
	struct limit limit[3];
	struct answer a;

	(void)state;
	assert_int_equal(policy_add(p, &r, &e), 0);
	for (size_t room = 0; room <= 3; room++) {
		policy_decide(p, &q, &(struct answer_space){ .n_names = 2, .names = space,
			.n_limits = room, .limits = limit }, &a);
		assert_int_equal(a.verdict, room > 0 ? VERDICT_ALLOW : VERDICT_DENY);
		assert_int_equal(a.n_limits, room == 2 ? 2 : room == 3 ? 3 : room);
		assert_int_equal(a.n_names, room == 0 || room == 3 ? 0 : 1);
		if (room == 1 || room == 2)
			assert_string_equal(a.names[0], room == 1 ? "b" : "a");
	}
	policy_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decisions_equal_those_of_the_reference__att_P_19),
		cmocka_unit_test(the_edge_is_the_first_moment_a_rule_about_it_begins_or_ends),
		cmocka_unit_test(the_order_of_rules_never_matters__att_P_19),
		cmocka_unit_test(a_deny_more_never_grants_and_an_allow_more_never_takes_away__att_P_19),
		cmocka_unit_test(asking_for_several_never_widens__att_P_06),
		cmocka_unit_test(limits_hold_what_would_be_allowed_one_by_one),
		cmocka_unit_test(what_is_kept_equals_what_would_be_answered_until_the_edge__att_P_06),
		cmocka_unit_test(answers_name_a_rule_that_says_so),
		cmocka_unit_test(every_rule_prints_and_reads_back),
		cmocka_unit_test(rules_can_be_taken_out_again),
		cmocka_unit_test(rules_about_others_are_not_looked_at__att_P_20),
		cmocka_unit_test(rules_about_the_very_same_are_capped__att_P_20),
		cmocka_unit_test(masks_take_linear_time__att_P_20),
		cmocka_unit_test(a_name_asked_for_twice_is_granted_if_both_values_are),
		cmocka_unit_test(limits_that_find_no_room_grant_nothing),
	};

	if (getenv("KITH_SEED") != NULL)
		world_seed(strtoull(getenv("KITH_SEED"), NULL, 10));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
