/* SPDX-License-Identifier: Apache-2.0 */
/*
 * question_test: what nobody decided yet is asked of the owner once, with all
 * that narrows it; and one answer, by whichever way, ends it on all.
 */
#include "config.h"

#include "tests/unit/owner_support.h"

#include "provisioning/access.h"

static struct owner_question only_question(void)
{
	struct owner_question q = { 0 };

	assert_int_equal(owed_questions(ALICE, &q), 1);
	return q;
}

static const char *answer(const char *word, const struct owner_question *q)
{
	char line[32];

	(void)snprintf(line, sizeof(line), "%s %s", word, q->code);
	return type(ALICE, line);
}

static const char *asked_as(const struct owner_question *q)
{
	buf_reset(&w.text);
	desk_question_text(w.desk, &w.text, q, 1);
	return buf_str(&w.text);
}

static void settle_questions(void)
{
	MUST(store_begin(w.store, &test_err));
	for (size_t i = debt_count(w.debts); i-- > 0;) {
		const struct debt *d = debt_at(w.debts, i);

		if (d->kind == DEBT_QUESTION)
			MUST(debt_settle(w.debts, d->row, d->number, &test_err));
	}
	MUST(store_commit(w.store, &test_err));
}

/* ---- what it is about ---- */

static void row_O7__kinds_of_readings_are_part_of_the_question(void **state)
{
	struct owner_question q;

	(void)state;
	assert_false(asks(VERB_CAN_READ, LAMP, BOB, "temperature", FIELD_MOMENTARY, NULL));
	q = only_question();
	assert_int_equal(q.types, FIELD_MOMENTARY);
	expect_in(asked_as(&q), "wants to read \"temperature\" of \"lamp\". "
	    "Only of this kind: momentary.");
	expect_in(type(ALICE, "questions"), "Only of this kind: momentary.");
	expect_in(answer("yes", &q), "allow bob@a.example to read \"temperature\" of lamp only "
	    "momentary");
	assert_true(asks(VERB_CAN_READ, LAMP, BOB, "temperature", FIELD_MOMENTARY, NULL));
	/* Another kind is another question. */
	assert_false(asks(VERB_CAN_READ, LAMP, BOB, "temperature", FIELD_HISTORICAL, NULL));
	q = only_question();
	assert_int_equal(q.types, FIELD_HISTORICAL);
	answer("always", &q);
	assert_true(asks(VERB_CAN_READ, LAMP, BOB, "humidity", FIELD_ALL, NULL));
}

static void row_O7__two_kinds_are_two_questions_that_stand_side_by_side(void **state)
{
	(void)state;
	assert_false(asks(VERB_CAN_READ, LAMP, BOB, "t", FIELD_MOMENTARY, NULL));
	assert_false(asks(VERB_CAN_READ, LAMP, BOB, "t", FIELD_HISTORICAL, NULL));
	assert_int_equal(owed_questions(ALICE, NULL), 2);
	expect_in(type(ALICE, "questions"), "Only of this kind: momentary.");
	expect_in(buf_str(&w.text), "Only of this kind: historical.");
}

static void all_kinds_and_none_said_are_one_question(void **state)
{
	(void)state;
	assert_false(asks(VERB_CAN_READ, LAMP, BOB, "t", FIELD_ALL, NULL));
	assert_false(asks(VERB_CAN_READ, LAMP, BOB, "T", 0, NULL));
	expect_in(type(ALICE, "questions"), "1 open question:");
	expect_out(buf_str(&w.text), "Only of this kind");
}

static void row_O7__a_node_that_is_no_thing_is_named_in_the_question(void **state)
{
	const struct node n1 = { "n1", NULL, NULL }, n2 = { "n2", NULL, NULL };
	struct owner_question q;

	(void)state;
	assert_false(asks(VERB_CAN_READ, GATE, BOB, "t", 0, &n1));
	q = only_question();
	assert_string_equal(q.node.id, "n1");
	assert_true(q.node_only);
	expect_in(asked_as(&q), "of \"gate\". It is about node \"n1\" behind it.");
	expect_in(answer("yes", &q), "allow bob@a.example to read \"t\" of node \"n1\" of gate");
	assert_true(asks(VERB_CAN_READ, GATE, BOB, "t", 0, &n1));
	assert_false(asks(VERB_CAN_READ, GATE, BOB, "t", 0, &n2));
	assert_false(reads(GATE, BOB, "t"));
	assert_int_equal(owed_questions(ALICE, NULL), 2);
}

static void a_node_that_is_a_thing_is_called_by_its_name(void **state)
{
	const struct node n1 = { "n1", NULL, NULL };
	struct owner_question q;

	(void)state;
	own_node(4, GATE, "n1", ALICE, "sensor");
	assert_false(asks(VERB_CAN_READ, GATE, BOB, "t", 0, &n1));
	q = only_question();
	assert_string_equal(q.node.id, "n1");
	assert_false(q.node_only);
	expect_in(asked_as(&q), "of \"sensor\".\n");
}

static void a_node_without_an_id_cannot_be_asked_about(void **state)
{
	const struct node n = { NULL, "source", NULL };

	(void)state;
	assert_false(asks(VERB_CAN_READ, GATE, BOB, "t", 0, &n));
	assert_int_equal(owed_questions(ALICE, NULL), 0);
}

/* ---- not without a touch ---- */

static void row_D17__a_yes_cannot_stand_for_a_touch_and_it_is_asked_once_a_day(void **state)
{
	struct owner_question q;

	(void)state;
	type(ALICE, "touch for control \"lock\" of door");
	assert_false(controls(DOOR, BOB, "lock"));
	q = only_question();
	assert_int_equal(q.touch_rule, 1);
	expect_in(asked_as(&q), "rule 1 wants a touch of your security key");
	expect_out(buf_str(&w.text), "yes ");
	expect_in(answer("yes", &q), "Nothing has changed: rule 1 wants a touch");
	expect_in(answer("always", &q), "Nothing has changed: rule 1 wants a touch");
	assert_false(controls(DOOR, BOB, "lock"));
	assert_int_equal(owed_questions(ALICE, NULL), 0);
	w.hands.wall += 23 * HOUR;
	assert_false(controls(DOOR, BOB, "lock"));
	assert_int_equal(owed_questions(ALICE, NULL), 0);
	w.hands.wall += 2 * HOUR;
	assert_false(controls(DOOR, BOB, "lock"));
	q = only_question();
	expect_in(answer("no", &q), "deny bob@a.example to control \"lock\" of door");
	w.hands.wall += 2 * DAY;
	assert_false(controls(DOOR, BOB, "lock"));
	assert_int_equal(owed_questions(ALICE, NULL), 0);
}

static void without_an_answer_a_touch_is_asked_about_once_a_day_too(void **state)
{
	(void)state;
	type(ALICE, "touch for control \"lock\" of door");
	assert_false(controls(DOOR, BOB, "lock"));
	settle_questions();
	for (int hour = 0; hour < 24; hour++) {
		assert_false(controls(DOOR, BOB, "lock"));
		assert_int_equal(owed_questions(ALICE, NULL), 0);
		w.hands.wall += HOUR;
	}
	assert_false(controls(DOOR, BOB, "lock"));
	assert_int_equal(owed_questions(ALICE, NULL), 1);
}

/* ---- one answer settles it ---- */

static void is_settled(const struct owner_question *q)
{
	assert_int_equal(owed_questions(ALICE, NULL), 0);
	expect_in(type(ALICE, "questions"), "Nothing waits for your answer.");
	expect_in(answer("yes", q), "I have no open question of yours with this code");
	expect_in(answer("no", q), "I have no open question of yours with this code");
}

static void row_O10__an_answer_in_chat_is_one_for_all_routes(void **state)
{
	struct request iqr = iq(VERB_CAN_READ_RULE, ALICE);
	struct owner_question q;

	(void)state;
	assert_false(reads(LAMP, BOB, "t"));
	q = only_question();
	answer("no", &q);
	is_settled(&q);
	/* The button pressed later in the other client is a rule of its own, and the
	 * deny stays stronger. */
	iqr.u.rule = (struct request_owner_rule){ .jid = LAMP, .remote = BOB, .key = q.key,
		.result = true };
	serve(&iqr);
	assert_int_equal(w.r.kind, REPLY_RESULT);
	assert_false(reads(LAMP, BOB, "t"));
}

static void row_O10__a_rule_by_iq_is_an_answer_for_all_routes(void **state)
{
	struct request iqr = iq(VERB_CAN_READ_RULE, ALICE);
	struct owner_question q;

	(void)state;
	assert_false(reads(LAMP, BOB, "t"));
	q = only_question();
	iqr.u.rule = (struct request_owner_rule){ .jid = LAMP, .remote = BOB, .key = q.key,
		.result = true };
	serve(&iqr);
	is_settled(&q);
	assert_true(reads(LAMP, BOB, "t"));
}

static void row_O10__a_line_that_decides_it_is_an_answer_for_all_routes(void **state)
{
	static const char *const lines[] = {
		"allow bob@a.example to read \"t\" of lamp",
		"allow *@a.example to read of all my things",
		"deny bob@a.example everything",
		"allow bob@a.example to read of room=kitchen",
	};

	(void)state;
	w.room[1] = "kitchen";
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct owner_question q;

		assert_false(reads(LAMP, BOB, "t"));
		q = only_question();
		type(ALICE, lines[i]);
		is_settled(&q);
		type(ALICE, "allow carol@a.example to read of door");
		expect_in(type(ALICE, "rules"), "rule");
		{
			struct request all = iq(VERB_DELETE_RULES, ALICE);

			serve(&all);
		}
	}
}

static void a_line_that_decides_something_else_leaves_it(void **state)
{
	struct owner_question q;

	(void)state;
	assert_false(asks(VERB_CAN_READ, LAMP, BOB, "t", FIELD_MOMENTARY, NULL));
	q = only_question();
	type(ALICE, "allow bob@a.example to read \"t\" of lamp only historical");
	type(ALICE, "allow bob@a.example to read \"other\" of lamp");
	expect_in(answer("yes", &q), "Done, in force now:");
}

/* ---- many at once ---- */

static void att_H_07__a_burst_is_one_message_with_every_code(void **state)
{
	struct owner_question q[3] = { 0 };
	const char *key[8];
	size_t n;

	(void)state;
	assert_false(reads(LAMP, BOB, "a"));
	w.hands.wall += 1000;
	assert_false(reads(LAMP, BOB, "b"));
	assert_false(controls(LAMP, CAROL, "c"));
	n = provisioning_questions_of(w.p, ALICE, key, 8);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++)
		MUST(provisioning_question(w.p, key[i], &w.pool, &q[i], &test_err));
	buf_reset(&w.text);
	desk_question_text(w.desk, &w.text, q, n);
	expect_in(buf_str(&w.text), "3 questions; until you answer, the answer is no:");
	for (size_t i = 0; i < n; i++)
		expect_in(buf_str(&w.text), q[i].code);
}

static void forty_questions_are_one_message_that_counts_what_it_leaves_out(void **state)
{
	struct owner_question q[40] = { 0 };

	(void)state;
	for (size_t i = 0; i < 40; i++)
		q[i] = (struct owner_question){ .owner = ALICE, .requester = BOB,
			.thing_name = "lamp", .thing_jid = LAMP, .code = "AAAA-AAAA",
			.action = ACTION_READ };
	buf_reset(&w.text);
	desk_question_text(w.desk, &w.text, q, 40);
	expect_in(buf_str(&w.text), "40 questions;");
	expect_in(buf_str(&w.text), "\n... and 20 more; to see them, send: questions");
	assert_true(w.text.len < 4096);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(row_O7__kinds_of_readings_are_part_of_the_question),
		CASE(row_O7__two_kinds_are_two_questions_that_stand_side_by_side),
		CASE(all_kinds_and_none_said_are_one_question),
		CASE(row_O7__a_node_that_is_no_thing_is_named_in_the_question),
		CASE(a_node_that_is_a_thing_is_called_by_its_name),
		CASE(a_node_without_an_id_cannot_be_asked_about),
		CASE(row_D17__a_yes_cannot_stand_for_a_touch_and_it_is_asked_once_a_day),
		CASE(without_an_answer_a_touch_is_asked_about_once_a_day_too),
		CASE(row_O10__an_answer_in_chat_is_one_for_all_routes),
		CASE(row_O10__a_rule_by_iq_is_an_answer_for_all_routes),
		CASE(row_O10__a_line_that_decides_it_is_an_answer_for_all_routes),
		CASE(a_line_that_decides_something_else_leaves_it),
		CASE(att_H_07__a_burst_is_one_message_with_every_code),
		CASE(forty_questions_are_one_message_that_counts_what_it_leaves_out),
	};

	return cmocka_run_group_tests_name("question", tests, NULL, NULL);
}
