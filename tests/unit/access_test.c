/* SPDX-License-Identifier: Apache-2.0 */
/*
 * access_test: the lines of provisioning/access.h one by one, on facts made by
 * hand, because the store never shows some of them.  See provisioning_test.c
 * for the whole role.
 */
#include "config.h"

#include "provisioning/access.h"

#include "common/base/pool.h"
#include "tests/unit/unit.h"

#define OWNER "owner@home.example"
#define GUEST "guest@home.example"

/* One thing, and an owner's book that lets everybody do everything. */
struct facts {
	struct owned owned;
	struct policy *rules;
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
