/* SPDX-License-Identifier: Apache-2.0 */
/*
 * owner_iq_test: the owner's protocol: what a client with buttons sends becomes
 * the rule that he would have typed, and settles the question it answers.
 */
#include "config.h"

#include "tests/unit/owner_support.h"

#include "common/store/token.h"

static struct request rule(enum verb verb, bool result, const char *key)
{
	struct request q = iq(verb, ALICE);

	q.u.rule.jid = LAMP;
	q.u.rule.remote = BOB;
	q.u.rule.key = key;
	q.u.rule.result = result;
	return q;
}

static void is_done(const struct request *q)
{
	serve(q);
	if (w.r.kind != REPLY_RESULT || w.r.body != BODY_EMPTY)
		fail_msg("%s: error %s", verb_name(q->verb), condition_name(w.r.condition));
}

static void is_refused(const struct request *q, enum condition c)
{
	serve(q);
	assert_int_equal(w.r.kind, REPLY_ERROR);
	assert_int_equal(w.r.condition, c);
}

/* Exactly this is his newest rule. */
static void made(const char *line)
{
	char text[512];
	const char *rules = type(ALICE, "rules");

	(void)snprintf(text, sizeof(text), ": %s\n", line);
	expect_in(rules, text);
}

/* ---- whom ---- */

static void row_O7__a_friend_may_be_him_his_domain_or_all(void **state)
{
	static const struct { enum rule_range range; const char *line; } cases[] = {
		{ RANGE_JID, "allow bob@a.example to befriend lamp" },
		{ RANGE_DOMAIN, "allow *@a.example to befriend lamp" },
		{ RANGE_ALL, "allow anyone to befriend lamp" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct request q = rule(VERB_IS_FRIEND_RULE, true, "unknown");

		q.u.rule.range = cases[i].range;
		is_done(&q);
		made(cases[i].line);
		q.u.rule.result = false;
		is_done(&q);
		type(ALICE, "undo");
		q = iq(VERB_DELETE_RULES, ALICE);
		is_done(&q);
	}
}

static void row_O7__tokens_are_called_by_their_text_or_their_name(void **state)
{
	static const struct { enum rule_range range; const char *word; } kinds[] = {
		{ RANGE_SERVICE, "service" }, { RANGE_DEVICE, "device" }, { RANGE_USER, "user" },
	};
	const struct token what = { .name = "abcdefghijklmnopqrstuvwxyz", .jid = BOB,
		.service = "abcdefghijklmnopqrstuvwxyz", .until_ms = START + DAY };
	char text[TOKEN_TEXT], line[160];

	(void)state;
	MUST(store_begin(w.store, &test_err));
	MUST(token_issue(w.tokens, &what, text, &test_err));
	MUST(store_commit(w.store, &test_err));
	for (size_t i = 0; i < 3; i++) {
		struct request q = rule(VERB_CAN_READ_RULE, true, "unknown");

		q.u.rule.range = kinds[i].range;
		q.u.rule.token = i == 0 ? what.name : text;
		is_done(&q);
		(void)snprintf(line, sizeof(line), "allow %s token %s to read everything of lamp",
		    kinds[i].word, what.name);
		made(line);
		q.u.rule.token = "nobody-has-this-one";
		is_refused(&q, COND_ITEM_NOT_FOUND);
	}
}

/* ---- what of it ---- */

static void row_O7__part_of_it_may_be_names_kinds_or_both(void **state)
{
	static const char *const names[] = { "temperature", "humidity" };
	struct request q = rule(VERB_CAN_READ_RULE, true, "unknown");

	(void)state;
	q.u.rule.partial = true;
	q.u.rule.types = FIELD_MOMENTARY | FIELD_STATUS;
	is_done(&q);
	made("allow bob@a.example to read everything of lamp only momentary, status");
	q.u.rule.names = (struct name_list){ 2, (const char **)(uintptr_t)names };
	is_done(&q);
	made("allow bob@a.example to read \"temperature\", \"humidity\" of lamp only momentary, "
	    "status");
	q.u.rule.types = FIELD_ALL;
	is_done(&q);
	made("allow bob@a.example to read \"temperature\", \"humidity\" of lamp");
	q = rule(VERB_CAN_CONTROL_RULE, true, "unknown");
	q.u.rule.partial = true;
	q.u.rule.names = (struct name_list){ 1, (const char **)(uintptr_t)names };
	is_done(&q);
	made("allow bob@a.example to control \"temperature\" of lamp");
}

static void a_part_that_is_nothing_is_no_rule(void **state)
{
	static const enum verb verbs[] = { VERB_CAN_READ_RULE, VERB_CAN_CONTROL_RULE };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct request q = rule(verbs[i], true, "unknown");

		q.u.rule.partial = true;
		is_refused(&q, COND_BAD_REQUEST);
	}
	expect_in(type(ALICE, "rules"), "You have no rules.");
}

/* INTEROP: with result='false' there is neither nd nor partial, only whom. */
static void a_no_denies_what_was_asked_and_without_a_question_everything(void **state)
{
	struct request q = rule(VERB_CAN_READ_RULE, false, "unknown");
	struct owner_question asked = { 0 };

	(void)state;
	is_done(&q);
	made("deny bob@a.example to read everything of lamp");
	assert_false(controls(LAMP, BOB, "led"));
	assert_int_equal(owed_questions(ALICE, &asked), 1);
	q = rule(VERB_CAN_CONTROL_RULE, false, asked.key);
	is_done(&q);
	made("deny bob@a.example to control \"led\" of lamp");
	assert_int_equal(owed_questions(ALICE, NULL), 0);
}

/* ---- which node ---- */

static void row_O7__nodes_are_things_or_named_behind_one(void **state)
{
	struct node nodes[] = { { "n1", NULL, NULL }, { "n2", "s", NULL }, { "", NULL, NULL } };
	struct request q = rule(VERB_CAN_READ_RULE, true, "unknown");

	(void)state;
	own_node(4, GATE, "n1", ALICE, "sensor");
	q.u.rule.jid = GATE;
	q.u.rule.nodes = (struct node_list){ 3, nodes };
	is_done(&q);
	made("allow bob@a.example to read everything of sensor");
	made("allow bob@a.example to read everything of node \"n2\" source \"s\" of gate");
	made("allow bob@a.example to read everything of gate");
	/* A no is about each of them just as much. */
	q = rule(VERB_CAN_READ_RULE, false, "unknown");
	q.u.rule.jid = GATE;
	q.u.rule.nodes = (struct node_list){ 2, nodes };
	is_done(&q);
	made("deny bob@a.example to read everything of sensor");
	made("deny bob@a.example to read everything of node \"n2\" source \"s\" of gate");
}

static void somebody_elses_node_is_not_found_and_then_nothing_is_made(void **state)
{
	struct node nodes[] = { { "n2", NULL, NULL }, { "n1", NULL, NULL } };
	struct request q = rule(VERB_CAN_READ_RULE, true, "unknown");

	(void)state;
	own_node(4, GATE, "n1", CAROL, "sensor");
	q.u.rule.jid = GATE;
	q.u.rule.nodes = (struct node_list){ 2, nodes };
	is_refused(&q, COND_ITEM_NOT_FOUND);
	expect_in(type(ALICE, "rules"), "You have no rules.");
	/* A node's owner says nothing about its gateway. */
	q.bare = q.from = CAROL;
	is_refused(&q, COND_ITEM_NOT_FOUND);
	q.u.rule.nodes = (struct node_list){ 1, &nodes[1] };
	is_done(&q);
}

/* ---- settling ---- */

static void a_yes_gives_what_was_asked_and_ends_the_question(void **state)
{
	struct owner_question asked = { 0 };
	struct request q;
	char line[32];

	(void)state;
	assert_false(reads(LAMP, BOB, "temperature"));
	assert_int_equal(owed_questions(ALICE, &asked), 1);
	(void)snprintf(line, sizeof(line), "yes %s", asked.code);
	q = rule(VERB_CAN_READ_RULE, true, asked.key);
	is_done(&q);
	assert_true(reads(LAMP, BOB, "temperature"));
	assert_false(reads(LAMP, BOB, "humidity"));
	expect_in(type(ALICE, line), "I have no open question of yours with this code");
	/* The key of somebody else's question is as good as none. */
	assert_int_equal(owed_questions(ALICE, &asked), 1);
	q = rule(VERB_CAN_READ_RULE, true, asked.key);
	q.u.rule.jid = DOOR;
	is_done(&q);
	made("allow bob@a.example to read everything of door");
	assert_int_equal(owed_questions(ALICE, NULL), 1);
}

/* No rule decides what was asked: it ends because he has answered it. */
static void row_O10__giving_something_else_than_was_asked_ends_the_question(void **state)
{
	static const char *const names[] = { "humidity" };
	struct owner_question asked = { 0 };
	struct request q;

	(void)state;
	assert_false(reads(LAMP, BOB, "temperature"));
	assert_int_equal(owed_questions(ALICE, &asked), 1);
	q = rule(VERB_CAN_READ_RULE, true, asked.key);
	q.u.rule.partial = true;
	q.u.rule.names = (struct name_list){ 1, (const char **)(uintptr_t)names };
	is_done(&q);
	assert_int_equal(owed_questions(ALICE, NULL), 0);
	expect_in(type(ALICE, "questions"), "Nothing waits for your answer.");
	made("allow bob@a.example to read \"humidity\" of lamp");
}

static void row_D17__a_yes_by_iq_is_no_touch_and_it_is_not_asked_again_at_once(void **state)
{
	struct owner_question asked = { 0 };
	struct request q;

	(void)state;
	type(ALICE, "touch for control \"lock\" of door");
	assert_false(controls(DOOR, BOB, "lock"));
	assert_int_equal(owed_questions(ALICE, &asked), 1);
	q = rule(VERB_CAN_CONTROL_RULE, true, asked.key);
	q.u.rule.jid = DOOR;
	is_done(&q);
	assert_false(controls(DOOR, BOB, "lock"));
	assert_int_equal(owed_questions(ALICE, NULL), 0);
}

static void an_owner_who_uses_the_protocol_is_asked_in_it_as_well(void **state)
{
	struct request q = iq(VERB_GET_DEVICES, ALICE);
	struct owner_question asked = { 0 };

	(void)state;
	assert_false(reads(LAMP, BOB, "temperature"));
	assert_int_equal(owed_questions(ALICE, &asked), 1);
	assert_false(asked.owner_speaks_iq);
	q.dialect.gen = GEN_I;
	serve(&q);
	assert_int_equal(w.r.u.found.n, 3);
	assert_int_equal(owed_questions(ALICE, &asked), 1);
	assert_true(asked.owner_speaks_iq);
	assert_int_equal(asked.gen, GEN_I);
	/* Who owns nothing is not remembered. */
	q.bare = q.from = "stranger@a.example";
	serve(&q);
	assert_null(contact_find(w.contacts, "stranger@a.example"));
}

/* ---- caches, rules, devices ---- */

static void rules_end_by_thing_by_node_and_all_at_once(void **state)
{
	struct request q = iq(VERB_DELETE_RULES, ALICE);

	(void)state;
	type(ALICE, "allow bob@a.example to read of lamp");
	type(ALICE, "allow bob@a.example to read of gate");
	type(ALICE, "allow bob@a.example to read of node n7 of gate");
	made("allow bob@a.example to read everything of node \"n7\" of gate");
	type(ALICE, "allow carol@a.example to read of all my things");
	q.u.devices.jid = GATE;
	q.u.devices.node.id = "n7";
	is_done(&q);
	expect_out(type(ALICE, "rules"), "n7");
	made("allow bob@a.example to read everything of gate");
	type(ALICE, "allow bob@a.example to read of node n7 of gate");
	q.u.devices.node.id = "";
	is_done(&q);
	expect_out(type(ALICE, "rules"), "gate");
	expect_in(type(ALICE, "rules"), "2 rules:");
	q.u.devices.jid = "other@a.example";
	is_refused(&q, COND_ITEM_NOT_FOUND);
	q.u.devices.jid = NULL;
	is_done(&q);
	expect_in(type(ALICE, "rules"), "You have no rules.");
}

static bool owes_floor(const char *thing)
{
	return debt_find(w.debts, DEBT_FLOOR, thing, "") != NULL;
}

static void caches_end_by_thing_by_node_and_all_at_once(void **state)
{
	struct request q = iq(VERB_OWNER_CLEAR_CACHE, ALICE);

	(void)state;
	assert_true(reads(LAMP, ALICE, "temperature"));
	assert_true(reads(GATE, ALICE, "temperature"));
	q.u.devices.jid = GATE;
	q.u.devices.node.id = "n7";
	is_done(&q);
	assert_true(owes_floor(GATE));
	assert_false(owes_floor(LAMP));
	q.u.devices.jid = NULL;
	is_done(&q);
	assert_true(owes_floor(LAMP));
	q.bare = q.from = BOB;
	q.u.devices.jid = LAMP;
	is_refused(&q, COND_ITEM_NOT_FOUND);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(row_O7__a_friend_may_be_him_his_domain_or_all),
		CASE(row_O7__tokens_are_called_by_their_text_or_their_name),
		CASE(row_O7__part_of_it_may_be_names_kinds_or_both),
		CASE(a_part_that_is_nothing_is_no_rule),
		CASE(a_no_denies_what_was_asked_and_without_a_question_everything),
		CASE(row_O7__nodes_are_things_or_named_behind_one),
		CASE(somebody_elses_node_is_not_found_and_then_nothing_is_made),
		CASE(a_yes_gives_what_was_asked_and_ends_the_question),
		CASE(row_O10__giving_something_else_than_was_asked_ends_the_question),
		CASE(row_D17__a_yes_by_iq_is_no_touch_and_it_is_not_asked_again_at_once),
		CASE(an_owner_who_uses_the_protocol_is_asked_in_it_as_well),
		CASE(rules_end_by_thing_by_node_and_all_at_once),
		CASE(caches_end_by_thing_by_node_and_all_at_once),
	};

	return cmocka_run_group_tests_name("owner_iq", tests, NULL, NULL);
}
