/* SPDX-License-Identifier: Apache-2.0 */
/*
 * what_if_test: what a change would break or give is told by person and thing,
 * what it breaks first, and nothing is done.
 */
#include "config.h"

#include "tests/unit/owner_support.h"

static const char *what_if(const char *line)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "what if %s", line);
	return type(ALICE, text);
}

static void row_O18__a_deny_lists_whom_it_takes_what_from(void **state)
{
	(void)state;
	type(ALICE, "allow bob@a.example to read of lamp");
	type(ALICE, "allow carol@a.example to control of all my things");
	expect_in(what_if("deny *@a.example everything of lamp"), "I have not done it.\n"
	    "It would take away:\n- bob@a.example, read \"lamp\": allow now, deny then");
	expect_in(buf_str(&w.text), "- carol@a.example, control \"lamp\": allow now, deny then");
	expect_out(buf_str(&w.text), "door");
	expect_in(type(ALICE, "rules"), "2 rules:");
	assert_true(may(BOB, ACTION_READ, 1, NULL));
}

static void row_O18__an_allow_lists_to_whom_it_gives(void **state)
{
	(void)state;
	assert_false(reads(LAMP, BOB, "t"));
	expect_in(what_if("allow anyone to read of lamp"),
	    "It would give:\n- bob@a.example, read \"lamp\": ask now, allow then");
	expect_out(buf_str(&w.text), "take away");
	assert_false(may(BOB, ACTION_READ, 1, NULL));
}

static void what_it_breaks_comes_before_what_it_gives(void **state)
{
	const char *text, *loss, *gain;

	(void)state;
	type(ALICE, "allow bob@a.example to read of lamp");
	type(ALICE, "deny carol@a.example to read of lamp");
	text = what_if("ask about anyone reading everything of lamp");
	/* An allow for exactly him is stronger than an ask for all. */
	expect_in(text, "That would change nothing for anybody I know of.");
	text = what_if("forget 2");
	expect_in(text, "It would settle:\n- carol@a.example, read \"lamp\": deny now, ask then");
	type(ALICE, "deny bob@a.example to control of lamp");
	type(ALICE, "allow bob@a.example to control of all my things");
	text = what_if("forget 3");
	gain = strstr(text, "It would give:");
	loss = strstr(text, "It would take away:");
	assert_non_null(gain);
	assert_null(loss);
}

static void row_O18__the_end_of_a_rule_and_a_revoke_can_be_tried(void **state)
{
	(void)state;
	type(ALICE, "allow bob@a.example to read of lamp");
	type(ALICE, "allow *@a.example to read of door");
	expect_in(what_if("forget 1"), "- bob@a.example, read \"lamp\": allow now, ask then");
	expect_in(what_if("revoke bob@a.example"),
	    "- bob@a.example, read \"lamp\": allow now, deny then");
	expect_in(buf_str(&w.text), "- bob@a.example, read \"door\": allow now, deny then");
	expect_in(what_if("revoke bob@a.example of lamp"), "read \"lamp\"");
	expect_out(buf_str(&w.text), "door");
	expect_in(what_if("forget 9"), "There is no such thing of yours.");
	assert_true(may(BOB, ACTION_READ, 1, NULL));
	assert_true(may(BOB, ACTION_READ, 2, NULL));
}

static void row_O18__values_and_kinds_are_more_or_less(void **state)
{
	(void)state;
	type(ALICE, "allow bob@a.example to control \"dim\" from 0 to 50 of lamp");
	expect_in(what_if("allow bob@a.example to control \"dim\" from 60 to 70 of lamp"),
	    "It would give:\n- bob@a.example, control \"lamp\": more than now");
	expect_in(what_if("forget 1"), "allow now, ask then");
	type(ALICE, "allow bob@a.example to read of lamp");
	expect_in(what_if("deny bob@a.example to read of lamp only historical"), "take away");
}

static void a_rule_for_some_hours_is_tried_at_these_hours(void **state)
{
	(void)state;
	type(ALICE, "allow bob@a.example to read of lamp");
	/* It is eight in the morning. */
	expect_in(what_if("deny bob@a.example to read of lamp daily 22:00-06:00"),
	    "- bob@a.example, read \"lamp\": allow now, deny then");
	expect_in(buf_str(&w.text), "That is when the rule counts; it does not at this moment.");
	expect_in(what_if("deny bob@a.example to read of lamp on sun in Asia/Tokyo"),
	    "allow now, deny then");
}

static void sets_and_tags_that_no_rule_looked_at_are_looked_at(void **state)
{
	(void)state;
	w.room[1] = "kitchen";
	type(ALICE, "set garden = door");
	type(ALICE, "allow bob@a.example to read of all my things");
	expect_in(what_if("deny bob@a.example to read of room=kitchen"), "\"lamp\": allow now");
	expect_out(buf_str(&w.text), "door");
	expect_in(what_if("deny bob@a.example to read of set garden"), "\"door\": allow now");
	expect_out(buf_str(&w.text), "lamp");
	expect_in(what_if("deny bob@a.example to read of set attic"),
	    "You have no set called \"attic\".");
}

static void many_changes_are_counted(void **state)
{
	char line[128], jid[32], name[16];

	(void)state;
	for (uint8_t n = 10; n < 42; n++) {
		(void)snprintf(jid, sizeof(jid), "thing%d@a.example", n);
		(void)snprintf(name, sizeof(name), "thing%d", n);
		own(n, jid, ALICE, name);
	}
	type(ALICE, "allow bob@a.example to read of all my things");
	(void)snprintf(line, sizeof(line), "deny bob@a.example to read of all my things");
	expect_in(what_if(line), "\n... and 15 more");
}

static void a_mistake_in_the_line_is_explained(void **state)
{
	(void)state;
	expect_in(what_if("allow bob to read of lamp"), "I cannot read this rule");
	expect_in(type(ALICE, "what if"), "I cannot read that.");
	expect_in(what_if("allow bob@a.example to read of cellar"), "None of your things is called");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(row_O18__a_deny_lists_whom_it_takes_what_from),
		CASE(row_O18__an_allow_lists_to_whom_it_gives),
		CASE(what_it_breaks_comes_before_what_it_gives),
		CASE(row_O18__the_end_of_a_rule_and_a_revoke_can_be_tried),
		CASE(row_O18__values_and_kinds_are_more_or_less),
		CASE(a_rule_for_some_hours_is_tried_at_these_hours),
		CASE(sets_and_tags_that_no_rule_looked_at_are_looked_at),
		CASE(many_changes_are_counted),
		CASE(a_mistake_in_the_line_is_explained),
	};

	return cmocka_run_group_tests_name("what_if", tests, NULL, NULL);
}
