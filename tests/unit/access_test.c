/* SPDX-License-Identifier: Apache-2.0 */
/*
 * access_test: the lines of provisioning/access.h one by one, on facts made by
 * hand, because the store never shows some of them.  See provisioning_test.c
 * for the whole role.
 */
#include "config.h"

#include "provisioning/access.h"

#include "common/base/pool.h"
#include "provisioning/operator_policy.h"
#include "tests/unit/unit.h"

#define OWNER "owner@home.example"
#define GUEST "guest@home.example"

/* One thing, and an owner's book that lets everybody do everything. */
struct facts {
	struct owned owned;
	struct policy *rules, *operators;
	struct access_thing thing;
	struct access_facts facts;
	struct pool pool;
};

static int set_up(void **state)
{
	struct facts *f = calloc(1, sizeof(*f));
	const struct rule all = { .verdict = VERDICT_ALLOW, .actions = RULE_EVERYTHING,
		.subject = { SUBJECT_ANYONE, NULL }, .target = { .kind = TARGET_ALL } };

	assert_non_null(f);
	f->owned = (struct owned){ .jid = "lamp@home.example", .owner = OWNER, .epoch = 1,
		.state = OWNED };
	f->rules = policy_new();
	assert_non_null(f->rules);
	assert_int_equal(policy_add(f->rules, &all, NULL), 0);
	f->thing = (struct access_thing){ .thing = &f->owned, .rules = f->rules, .trusted = true };
	f->facts = (struct access_facts){ .action = ACTION_READ, .requester = GUEST, .now_ms = 1,
		.revocable = true, .n = 1, .thing = &f->thing };
	pool_init(&f->pool, 64 * 1024);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct facts *f = *state;

	policy_free(&f->rules);
	policy_free(&f->operators);
	pool_fini(&f->pool);
	free(f);
	return 0;
}

static bool granted(struct facts *f)
{
	struct access_outcome out;

	pool_reset(&f->pool);
	assert_int_equal(access_decide(&f->facts, &f->pool, &out), 0);
	return out.granted;
}

static void assert_all(struct facts *f, bool yes)
{
	for (int a = 0; a < ACTION_COUNT; a++) {
		f->facts.action = (enum action)a;
		assert_int_equal(granted(f), yes);
	}
}

static void what_the_rules_allow_is_granted(void **state)
{
	assert_all(*state, true);
}

static void a_thing_of_nobody_grants_nothing(void **state)
{
	struct facts *f = *state;

	f->owned.owner = NULL;
	f->owned.state = OWNED_NOBODY;
	assert_all(f, false);
}

/* Its owner let go of it and it has not heard that yet. */
static void a_thing_let_go_of_grants_nothing(void **state)
{
	struct facts *f = *state;

	f->owned.state = OWNED_TOMBSTONE;
	assert_all(f, false);
}

static void a_node_nobody_knows_grants_nothing(void **state)
{
	struct facts *f = *state;

	f->thing.thing = NULL;
	assert_all(f, false);
}

static void no_rule_helps_who_comes_from_a_domain_that_is_not_believed(void **state)
{
	struct facts *f = *state;

	f->thing.trusted = false;
	assert_all(f, false);
}

static void without_rules_the_owner_is_asked(void **state)
{
	struct facts *f = *state;
	struct access_outcome out;

	f->thing.rules = NULL;
	assert_all(f, false);
	assert_int_equal(access_decide(&f->facts, &f->pool, &out), 0);
	assert_int_equal(out.n_questions, 1);
}

static void the_owner_needs_no_rule_and_no_reach(void **state)
{
	struct facts *f = *state;

	f->thing.rules = NULL;
	f->thing.is_owner = true;
	f->facts.requester = OWNER;
	f->facts.revocable = false;
	assert_all(f, true);
}

static void a_yes_that_cannot_be_taken_back_is_held_back(void **state)
{
	struct facts *f = *state;
	struct access_outcome out;

	f->facts.revocable = false;
	assert_all(f, false);
	assert_int_equal(access_decide(&f->facts, &f->pool, &out), 0);
	assert_true(out.held_back);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* ---- rules as lines ---- */

static void rule_add(struct policy *p, const char *line)
{
	static int64_t number;
	struct pool pool;
	struct rule r;
	struct err e = ERR_INIT;

	pool_init(&pool, 64 * 1024);
	if (policy_parse_line(&r, line, 1000, 0, &pool, &e) != 0)
		fail_msg("%s: %s", line, e.text);
	r.number = ++number;
	assert_int_equal(policy_add(p, &r, NULL), 0);
	pool_fini(&pool);
}

static void rules_of_owner(struct facts *f, const char *line, const char *more)
{
	policy_free(&f->rules);
	f->rules = policy_new();
	rule_add(f->rules, line);
	if (more != NULL)
		rule_add(f->rules, more);
	f->thing.rules = f->rules;
}

/* As provisioning/operator_policy.c compiles it. */
static void rules_of_operator(struct facts *f, const char *line)
{
	policy_free(&f->operators);
	f->operators = policy_new();
	if (line != NULL)
		rule_add(f->operators, line);
	rule_add(f->operators, "allow anyone everything of *");
	rule_add(f->operators, "allow user token " OPERATOR_POLICY_OWNERS_WORD " everything of *");
	f->facts.operator_narrowing = f->operators;
}

static struct access_outcome decided(struct facts *f, enum action a, const char *names)
{
	static char copy[256];
	static const char *list[8];
	struct access_outcome out;
	char *save = NULL;

	snprintf(copy, sizeof(copy), "%s", names);
	f->facts.names = (struct name_list){ 0, list };
	for (char *s = strtok_r(copy, " ", &save); s != NULL; s = strtok_r(NULL, " ", &save))
		list[f->facts.names.n++] = s;
	f->facts.action = a;
	pool_reset(&f->pool);
	assert_int_equal(access_decide(&f->facts, &f->pool, &out), 0);
	return out;
}

static void kinds_are_granted_as_far_as_asked_and_allowed(void **state)
{
	struct facts *f = *state;
	struct access_outcome out;

	rules_of_owner(f, "allow " GUEST " to read of * only momentary, identity", NULL);
	f->facts.types = TYPE_MOMENTARY | TYPE_HISTORICAL;
	out = decided(f, ACTION_READ, "a");
	assert_true(out.granted);
	assert_int_equal(out.types, TYPE_MOMENTARY);
	f->facts.types = TYPE_HISTORICAL;
	assert_false(decided(f, ACTION_READ, "a").granted);
	f->facts.types = 0;	/* all; what is left out is told by naming the rest */
	assert_int_equal(decided(f, ACTION_READ, "").types, TYPE_MOMENTARY | TYPE_IDENTITY);
	rules_of_owner(f, "allow " GUEST " to read of *", NULL);
	assert_int_equal(decided(f, ACTION_READ, "").types, 0);
	f->facts.types = TYPE_PEAK;
	assert_int_equal(decided(f, ACTION_READ, "").types, TYPE_PEAK);
}

static void limits_only_for_who_keeps_them_and_others_hear_that_it_is_for_that(void **state)
{
	struct facts *f = *state;
	struct access_outcome out;

	rules_of_owner(f, "allow " GUEST " to control \"level\" from 10 to 50 of * at most 5 times an hour",
	    NULL);
	f->facts.wants_reason = true;
	out = decided(f, ACTION_CONTROL, "level");
	assert_false(out.granted);
	assert_int_equal(out.reason, ACCESS_LIMITS);
	assert_string_equal(out.ask_whom, OWNER);
	f->facts.keeps_limits = true;
	out = decided(f, ACTION_CONTROL, "level");
	assert_true(out.granted);
	assert_int_equal(out.n_limits, 1);
	assert_string_equal(out.limits[0].span.name, "level");
	assert_true(out.limits[0].span.min == 10 && out.limits[0].span.max == 50);
	assert_int_equal(out.limits[0].rate_n, 5);
}

/* ---- ruling 24 ---- */

static void ruling_24__what_the_operator_denies_nobody_is_granted_but_the_owner(void **state)
{
	struct facts *f = *state;
	struct access_outcome out;

	f->facts.wants_reason = true;
	rules_of_operator(f, "deny anyone to control \"lock\" of *");
	out = decided(f, ACTION_CONTROL, "light lock");
	assert_true(out.granted);
	assert_int_equal(out.names.n, 1);
	assert_string_equal(out.names.name[0], "light");
	out = decided(f, ACTION_CONTROL, "lock");
	assert_false(out.granted);
	assert_int_equal(out.reason, ACCESS_DENIED);
	assert_null(out.ask_whom);	/* not the owner: he cannot allow it */
	assert_int_equal(out.n_questions, 0);
	assert_false(decided(f, ACTION_CONTROL, "").granted);
	assert_true(decided(f, ACTION_READ, "lock").granted);
	f->thing.is_owner = true;
	assert_true(decided(f, ACTION_CONTROL, "lock").granted);
}

static void ruling_24__what_the_operator_allows_adds_nothing(void **state)
{
	struct facts *f = *state;
	struct access_outcome out;

	rules_of_operator(f, "allow " GUEST " everything of *");
	rules_of_owner(f, "allow " GUEST " to read \"a\" of *", NULL);
	assert_int_equal(decided(f, ACTION_READ, "a b").names.n, 1);
	out = decided(f, ACTION_CONTROL, "a");
	assert_false(out.granted);
	assert_int_equal(out.n_questions, 1);
	f->thing.rules = NULL;
	assert_int_equal(decided(f, ACTION_CONTROL, "a").n_questions, 1);
	rules_of_operator(f, "deny anyone to control of *");
	assert_int_equal(decided(f, ACTION_CONTROL, "a").n_questions, 0);
}

static void ruling_24__what_the_operator_asks_about_takes_the_owners_word_for_this_one(void **state)
{
	struct facts *f = *state;
	struct access_outcome out;

	rules_of_operator(f, "ask about anyone reading of *");
	out = decided(f, ACTION_READ, "a");	/* the owner let everybody in */
	assert_false(out.granted);
	assert_int_equal(out.n_questions, 1);
	assert_int_equal(out.question[0].by_rule, 0);
	rules_of_owner(f, "allow *@home.example to read of *", NULL);
	assert_false(decided(f, ACTION_READ, "a").granted);
	rules_of_owner(f, "allow " GUEST " to read of *", NULL);
	assert_true(decided(f, ACTION_READ, "a").granted);
	/* What many may is not asked for beside what he alone may. */
	rules_of_owner(f, "allow " GUEST " to read \"a\" of *",
	    "allow *@home.example to read \"b\" of *");
	assert_true(decided(f, ACTION_READ, "a").granted);
	assert_false(decided(f, ACTION_READ, "b").granted);
	assert_false(decided(f, ACTION_READ, "a b").granted);
	assert_false(decided(f, ACTION_READ, "").granted);
	rules_of_operator(f, "touch for control of *");
	rules_of_owner(f, "allow " GUEST " to control of *", NULL);
	f->facts.wants_reason = true;
	out = decided(f, ACTION_CONTROL, "a");
	assert_false(out.granted);
	assert_int_equal(out.reason, ACCESS_TOUCH);
	assert_int_equal(out.n_questions, 0);
}

static void ruling_24__values_and_rates_are_those_that_both_allow(void **state)
{
	struct facts *f = *state;
	struct access_outcome out;

	f->facts.keeps_limits = true;
	rules_of_owner(f, "allow " GUEST " to control \"heat\" from 10 to 50 of *",
	    "allow " GUEST " to control \"light\" of *");
	rules_of_operator(f, "deny anyone to control \"heat\" from 30 to 100 of *");
	out = decided(f, ACTION_CONTROL, "heat light");
	assert_true(out.granted);
	assert_int_equal(out.names.n, 2);
	for (double v = 0; v <= 110; v += 5) {
		char text[16];
		bool held = false;

		snprintf(text, sizeof(text), "%g", v);
		for (size_t i = 0; i < out.n_limits; i++) {
			assert_string_equal(out.limits[i].span.name, "heat");
			held = held || span_holds(&out.limits[i].span, text);
		}
		assert_int_equal(held, v >= 10 && v < 30);
	}
	rules_of_operator(f, "deny anyone to control \"heat\" from 0 to 100 of *");
	assert_false(decided(f, ACTION_CONTROL, "heat").granted);
	out = decided(f, ACTION_CONTROL, "heat light");
	assert_int_equal(out.names.n, 1);
	assert_string_equal(out.names.name[0], "light");
	assert_int_equal(out.n_limits, 0);
}

static void ruling_24__where_words_are_united_the_more_forgiving_counts(void **state)
{
	struct facts *f = *state;

	rules_of_operator(f, "deny " GUEST " everything of *");
	f->facts.operator_rules = f->operators;
	rules_of_owner(f, "allow " GUEST " to read \"a\" of *", NULL);
	assert_false(decided(f, ACTION_READ, "a").granted);
	f->thing.unites = true;
	assert_true(decided(f, ACTION_READ, "a").granted);
	/* Neither allows it: the owner is asked, as if there were no operator. */
	assert_false(decided(f, ACTION_READ, "b").granted);
	assert_int_equal(decided(f, ACTION_READ, "b").n_questions, 1);
	f->facts.operator_narrowing = NULL;
	policy_free(&f->operators);
	f->operators = policy_new();
	rule_add(f->operators, "allow " GUEST " to read \"b\" of *");
	f->facts.operator_rules = f->operators;
	assert_true(decided(f, ACTION_READ, "b").granted);
	f->thing.unites = false;
	assert_false(decided(f, ACTION_READ, "b").granted);
	/* What the owner denies by a rule, the operator's word may give there, too. */
	rules_of_owner(f, "deny " GUEST " everything of *", NULL);
	f->thing.unites = true;
	assert_true(decided(f, ACTION_READ, "b").granted);
	assert_false(decided(f, ACTION_READ, "a").granted);
}

static void ruling_24__a_thing_that_owns_itself_does_what_the_operator_allows(void **state)
{
	struct facts *f = *state;

	f->owned.owner = NULL;
	f->owned.state = OWNED_SELF;
	f->thing.rules = NULL;
	assert_false(decided(f, ACTION_READ, "a").granted);
	policy_free(&f->operators);
	f->operators = policy_new();
	rule_add(f->operators, "allow *@home.example to read of *");
	f->facts.operator_rules = f->operators;
	assert_true(decided(f, ACTION_READ, "a").granted);
	assert_false(decided(f, ACTION_CONTROL, "a").granted);
	assert_int_equal(decided(f, ACTION_CONTROL, "a").n_questions, 0);
	f->owned.state = OWNED_NOBODY;		/* waits for its owner */
	assert_false(decided(f, ACTION_READ, "a").granted);
}

/* ---- reasons ---- */

static void assert_reason(struct facts *f, enum access_reason r, const char *ask_whom)
{
	struct access_outcome out = decided(f, ACTION_READ, "a");

	assert_false(out.granted);
	assert_int_equal(out.reason, r);
	if (ask_whom == NULL)
		assert_null(out.ask_whom);
	else
		assert_string_equal(out.ask_whom, ask_whom);
}

static void every_no_has_its_reason(void **state)
{
	struct facts *f = *state;

	f->facts.wants_reason = true;
	rules_of_owner(f, "deny " GUEST " to read of *", NULL);
	assert_reason(f, ACCESS_DENIED, OWNER);
	rules_of_owner(f, "allow eve@home.example to read of *", NULL);
	assert_reason(f, ACCESS_ASKED, OWNER);
	f->thing.rules = NULL;
	assert_reason(f, ACCESS_ASKED, OWNER);
	f->facts.tokens_wait = true;
	assert_reason(f, ACCESS_TOKEN, OWNER);
	f->facts.tokens_wait = false;
	f->thing.trusted = false;
	assert_reason(f, ACCESS_ACCOUNT, NULL);
	f->thing.trusted = true;
	f->owned.owner = NULL;
	f->owned.state = OWNED_NOBODY;
	assert_reason(f, ACCESS_UNOWNED, NULL);
	f->owned.owner = OWNER;
	f->owned.state = OWNED;
	f->thing.rules = f->rules;
	rules_of_owner(f, "allow " GUEST " to read of *", NULL);
	f->facts.revocable = false;
	assert_reason(f, ACCESS_UNREACHABLE, NULL);
	f->facts.revocable = true;
	f->facts.too_many = true;
	f->facts.n = 0;
	assert_reason(f, ACCESS_NODES, NULL);
}

static void at_another_hour_says_when(void **state)
{
	struct facts *f = *state;
	struct access_outcome out;

	f->facts.wants_reason = true;
	f->facts.now_ms = 6 * 3600 * 1000LL;
	rules_of_owner(f, "allow " GUEST " to read of * daily 08:00-10:00", NULL);
	out = decided(f, ACTION_READ, "a");
	assert_false(out.granted);
	assert_int_equal(out.reason, ACCESS_TIME);
	assert_int_equal(out.retry_ms, 8 * 3600 * 1000LL);
	rules_of_owner(f, "deny " GUEST " to read of * daily 05:00-07:00", "allow " GUEST " to read of *");
	out = decided(f, ACTION_READ, "a");
	assert_int_equal(out.reason, ACCESS_TIME);
	assert_int_equal(out.retry_ms, 7 * 3600 * 1000LL);
}

/* ---- several nodes ---- */

#define NODES 6
#define ANSWER_NAMES 5

static const char *const all_names[ANSWER_NAMES] = { "a", "b", "c", "d", "e" };

struct block {
	struct owned owned[NODES];
	struct access_thing thing[NODES];
	struct answer answer[NODES];
	const char *names[NODES][ANSWER_NAMES];
};

static void make_block(struct unit_random *rnd, struct block *b, struct access_facts *f)
{
	static const char *const ids[NODES] = { "n0", "n1", "n2", "n3", "n4", "n5" };

	memset(b, 0, sizeof(*b));
	for (size_t i = 0; i < NODES; i++) {
		struct answer *a = &b->answer[i];

		b->owned[i] = (struct owned){ .jid = "gate@home.example", .node = ids[i],
			.owner = OWNER, .epoch = 1, .state = OWNED };
		b->thing[i] = (struct access_thing){ .thing = &b->owned[i] };
		a->verdict = unit_random_below(rnd, 4) == 0 ? VERDICT_DENY : VERDICT_ALLOW;
		a->types = 1 + (unsigned)unit_random_below(rnd, TYPE_ALL);
		if (unit_random_below(rnd, 3) == 0)
			a->types = f->types;
		a->types &= f->types;
		if (a->types == 0)
			a->verdict = VERDICT_DENY;
		for (size_t k = 0; k < ANSWER_NAMES; k++)
			if (unit_random_below(rnd, 3) != 0)
				b->names[i][a->n_names++] = all_names[k];
		if (a->n_names == ANSWER_NAMES)
			a->n_names = 0;		/* whole */
		a->names = b->names[i];
	}
	f->n = NODES;
	f->thing = b->thing;
}

static bool grants(const struct answer *a, const char *name, unsigned type)
{
	if (a->verdict != VERDICT_ALLOW || (a->types & type) == 0)
		return false;
	for (size_t i = 0; i < a->n_names; i++)
		if (strcmp(a->names[i], name) == 0)
			return true;
	return a->n_names == 0;
}

/* att-P-06: whatever the answer lists was granted, every combination of it. */
static void what_is_listed_of_several_nodes_was_granted_for_each(void **state)
{
	struct facts *f = *state;
	struct unit_random rnd = unit_random_start();
	struct block b;
	size_t said = 0;

	f->facts.action = ACTION_READ;
	f->facts.names = (struct name_list){ ANSWER_NAMES, (const char **)(uintptr_t)all_names };
	for (int round = 0; round < 20000; round++) {
		struct access_outcome out = { 0 };

		f->facts.types = 1 + (unsigned)unit_random_below(&rnd, TYPE_ALL);
		make_block(&rnd, &b, &f->facts);
		pool_reset(&f->pool);
		assert_int_equal(access_grant(&f->facts, b.answer, &f->pool, &out), 0);
		if (!out.granted)
			continue;
		assert_true(out.nodes.n > 0 && out.names.n > 0 && out.types != 0);
		assert_int_equal(out.types & ~f->facts.types, 0);
		for (size_t n = 0; n < out.nodes.n; n++)
			for (size_t k = 0; k < out.names.n; k++)
				for (unsigned t = 1; t <= TYPE_HISTORICAL; t <<= 1)
					if (out.types & t)
						assert_true(grants(&b.answer[out.nodes.node[n].id[1] - '0'],
						    out.names.name[k], t));
		said += out.nodes.n;
	}
	assert_true(said > 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_the_rules_allow_is_granted),
		T(a_thing_of_nobody_grants_nothing),
		T(a_thing_let_go_of_grants_nothing),
		T(a_node_nobody_knows_grants_nothing),
		T(no_rule_helps_who_comes_from_a_domain_that_is_not_believed),
		T(without_rules_the_owner_is_asked),
		T(the_owner_needs_no_rule_and_no_reach),
		T(a_yes_that_cannot_be_taken_back_is_held_back),
		T(kinds_are_granted_as_far_as_asked_and_allowed),
		T(limits_only_for_who_keeps_them_and_others_hear_that_it_is_for_that),
		T(ruling_24__what_the_operator_denies_nobody_is_granted_but_the_owner),
		T(ruling_24__what_the_operator_allows_adds_nothing),
		T(ruling_24__what_the_operator_asks_about_takes_the_owners_word_for_this_one),
		T(ruling_24__values_and_rates_are_those_that_both_allow),
		T(ruling_24__where_words_are_united_the_more_forgiving_counts),
		T(ruling_24__a_thing_that_owns_itself_does_what_the_operator_allows),
		T(every_no_has_its_reason),
		T(at_another_hour_says_when),
		T(what_is_listed_of_several_nodes_was_granted_for_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
