/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desk_policy_test: lines of the policy language typed at the desk, what they
 * are answered, and why: over real roles and stores.
 */
#include "config.h"

#include "tests/unit/owner_support.h"

#include "common/store/token.h"

/* ---- lines ---- */

static void each_clause_is_typed_and_read_back(void **state)
{
	static const struct { const char *typed, *line; } cases[] = {
		{ "allow bob@a.example to read \"t\" of lamp only momentary, status",
		    "allow bob@a.example to read \"t\" of lamp only momentary, status" },
		{ "allow bob@a.example to control \"dim\" from 0 to 50 of lamp",
		    "allow bob@a.example to control \"dim\" from 0 to 50 of lamp" },
		{ "allow bob@a.example to control \"mode\" = eco|comfort of lamp", "eco" },
		{ "allow bob@a.example to control of lamp at most 3 times an hour",
		    "at most 3 times" },
		{ "allow bob@a.example to control of lamp daily 07:00-22:00 on mon-fri in Europe/Berlin",
		    "daily 07:00-22:00 on mon-fri in Europe/Berlin" },
		{ "allow bob@a.example to read of node n7 of gate", "of node \"n7\" of gate" },
		{ "allow anyone to read of room=kitchen", "of room=kitchen" },
		{ "allow bob@a.example to read of set garden", "of set garden" },
		{ "allow role family to read of all my things", "allow role family to read" },
		{ "touch for control \"lock\" of door", "touch for control \"lock\" of door" },
		{ "allow bob@a.example to access lamp with ip 10.0.0.0/8", "with ip 10.0.0.0/8" },
	};

	(void)state;
	type(ALICE, "set garden = door");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		expect_in(type(ALICE, cases[i].typed), "Done, in force now:");
		expect_in(buf_str(&w.text), cases[i].line);
		expect_in(type(ALICE, "rules"), cases[i].line);
		expect_in(type(ALICE, "undo"), "Taken back:");
		expect_in(type(ALICE, "rules"), "You have no rules.");
	}
}

static void what_is_forgotten_comes_back_as_it_was(void **state)
{
	static const char *const lines[] = {
		"allow bob@a.example to control \"dim\" from 0 to 50 of lamp at most 3 times an hour",
		"deny anyone to read \"t\" of node n7 of gate on sat, sun",
		"allow role family to read everything of set garden only momentary",
		"touch for control \"lock\" of door",
	};

	(void)state;
	type(ALICE, "set garden = door");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char before[2048], line[32], *from, *to;

		type(ALICE, lines[i]);
		(void)snprintf(before, sizeof(before), "%s", type(ALICE, "rules"));
		from = strstr(before, "\nrule ");
		assert_non_null(from);
		from = strchr(from, ':');
		to = strchr(from, '\n');
		*to = '\0';
		(void)snprintf(line, sizeof(line), "forget %zu", 2 * i + 1);
		expect_in(type(ALICE, line), "this rule is gone");
		expect_in(type(ALICE, "undo"), "Done, in force now:");
		expect_in(type(ALICE, "rules"), from);	/* only its number is another one */
		(void)snprintf(line, sizeof(line), "forget %zu", 2 * i + 2);
		type(ALICE, line);
	}
}

static void a_set_must_exist_and_is_called_by_its_name(void **state)
{
	(void)state;
	expect_in(type(ALICE, "allow bob@a.example to read of set garden"),
	    "You have no set called \"garden\".");
	type(ALICE, "set Garden = door, lamp");
	expect_in(type(ALICE, "allow bob@a.example to read of set garden"), "of set Garden");
	assert_true(may(BOB, ACTION_READ, 1, "t"));
	assert_false(may(BOB, ACTION_READ, 3, "t"));
}

static void a_token_may_be_called_by_its_beginning(void **state)
{
	const struct token one = { .name = "abcdefghijklmnopqrstuvwxyz", .jid = BOB,
		.service = "abcdefghijklmnopqrstuvwxyz", .until_ms = START + DAY };
	struct token two = one;
	char text[TOKEN_TEXT];

	(void)state;
	memcpy(two.name, "abcdefghzzzzmnopqrstuvwxyz", TOKEN_NAME);
	two.jid = CAROL;
	MUST(store_begin(w.store, &test_err));
	MUST(token_issue(w.tokens, &one, text, &test_err));
	MUST(token_issue(w.tokens, &two, text, &test_err));
	MUST(store_commit(w.store, &test_err));
	expect_in(type(ALICE, "allow user token abcdefghij to read of lamp"),
	    "allow user token abcdefghijklmnopqrstuvwxyz to read");
	expect_in(type(ALICE, "allow user token abcdefgh to read of lamp"), "Several tokens begin with");
	expect_in(type(ALICE, "allow user token xyzzyxyzzy to read of lamp"), "I know no token called");
	expect_in(type(ALICE, "rules"), "1 rule:");
}

static void row_D17__a_touch_line_says_what_it_means_today(void **state)
{
	(void)state;
	expect_in(type(ALICE, "touch for control \"lock\" of door"),
	    "That takes a touch of your security key, and none can be given yet");
	type(ALICE, "allow bob@a.example to control of door");
	assert_false(may(BOB, ACTION_CONTROL, 2, "lock"));
	assert_true(may(BOB, ACTION_CONTROL, 2, "light"));
	assert_true(may(ALICE, ACTION_CONTROL, 2, "lock"));
}

static void what_a_foreign_thing_cannot_keep_to_is_said(void **state)
{
	static const char line[] = "allow bob@a.example to control \"dim\" from 0 to 50 of lamp";

	(void)state;
	expect_out(type(ALICE, line), "cannot keep to values");
	w.foreign = true;
	assert_false(controls(LAMP, BOB, "other"));
	type(ALICE, "undo");
	expect_in(type(ALICE, line), "\n\"lamp\" cannot keep to values or rates");
	expect_in(type(ALICE, "deny bob@a.example to control \"dim\" from 60 to 90 of lamp"),
	    "cannot tell values apart");
	expect_in(type(ALICE, "why bob@a.example control dim 20 of lamp"), "The answer is deny");
}

static void a_role_nobody_has_is_said(void **state)
{
	(void)state;
	expect_in(type(ALICE, "allow role cleaner to read of lamp"),
	    "Nobody has the role \"cleaner\" now");
}

/* ---- taking back ---- */

static void row_O9__a_taking_back_says_how_far_it_is(void **state)
{
	(void)state;
	type(ALICE, "allow bob@a.example to read of lamp");
	assert_true(reads(LAMP, BOB, "t"));
	expect_in(type(ALICE, "deny bob@a.example everything of lamp"),
	    "It is in force at 0 of 1; \"lamp\" offline, ends 08:15 at the latest.");
	expect_out(type(ALICE, "allow carol@a.example to read of lamp"), "It is in force at");
	expect_in(type(ALICE, "revoke carol@a.example"), "It is in force at 0 of 1");
	w.lang = "de";
	type(ALICE, "language de");
	type(ALICE, "undo");
	type(ALICE, "allow bob@a.example to read of door");
	assert_true(reads(DOOR, BOB, "t"));
	expect_in(type(ALICE, "revoke bob@a.example of door"), "Es gilt bei 0 von 1; \"door\" ist nicht da");
}

/* ---- sets and tags are part of the rules ---- */

static bool owes_floor(const char *thing)
{
	return debt_find(w.debts, DEBT_FLOOR, thing, "") != NULL;
}

static void a_set_that_changes_takes_its_rights_along(void **state)
{
	(void)state;
	type(ALICE, "set garden = lamp");
	type(ALICE, "allow bob@a.example to read of set garden");
	assert_true(reads(LAMP, BOB, "t"));
	assert_false(owes_floor(LAMP));
	type(ALICE, "set garden = door");
	assert_true(owes_floor(LAMP));
	assert_false(reads(LAMP, BOB, "t"));
}

static void a_tag_or_a_zone_that_no_rule_looks_at_tells_nobody(void **state)
{
	(void)state;
	type(ALICE, "allow bob@a.example to read of lamp");
	assert_true(reads(LAMP, BOB, "t"));
	type(ALICE, "timezone Europe/Berlin");
	assert_false(owes_floor(LAMP));
	type(ALICE, "set garden = lamp");
	assert_false(owes_floor(LAMP));
	type(ALICE, "allow carol@a.example to read of door daily 07:00-22:00");
	assert_true(reads(LAMP, BOB, "t"));
	type(ALICE, "timezone Asia/Tokyo");
	assert_true(owes_floor(LAMP));
}

/* ---- why ---- */

static void row_O17__why_names_rule_revision_and_lease(void **state)
{
	(void)state;
	type(ALICE, "allow bob@a.example to read \"t\" of lamp lease 5m");
	expect_in(type(ALICE, "why bob@a.example read t of lamp"),
	    "The answer is allow: rule 1 (allow bob@a.example to read \"t\" of lamp lease 5m) allows it "
	    "(revision ");
	expect_in(buf_str(&w.text), "A yes is asked again after 5 min.");
	expect_in(type(ALICE, "why bob@a.example control of lamp"), "no rule says anything about this");
}

static void row_O17__why_says_when_it_would_be_allowed(void **state)
{
	(void)state;
	type(ALICE, "allow bob@a.example to read of lamp daily 18:00-20:00");
	expect_in(type(ALICE, "why bob@a.example read of lamp"), "it would be allowed from 18:00");
	type(ALICE, "deny bob@a.example to control of lamp for 2 d");
	type(ALICE, "allow bob@a.example to control of lamp");
	expect_in(type(ALICE, "why bob@a.example control of lamp"),
	    "it would be allowed from 2027-01-17 08:00");
	type(ALICE, "touch for control \"lock\" of door");
	expect_in(type(ALICE, "why bob@a.example control lock of door"),
	    "wants a touch of the owner's security key");
}

static void row_O17__why_knows_values_and_nodes(void **state)
{
	(void)state;
	type(ALICE, "allow bob@a.example to control \"dim\" from 0 to 50 of lamp");
	expect_in(type(ALICE, "why bob@a.example control dim 20 of lamp"), "The answer is allow");
	expect_in(type(ALICE, "why bob@a.example control dim 60 of lamp"), "but not this value");
	expect_in(type(ALICE, "why lamp bob@a.example control dim 60"), "but not this value");
	expect_in(type(ALICE, "why bob@a.example control dim of lamp"), "only within its values");
	type(ALICE, "allow bob@a.example to read of node n7 of gate");
	expect_in(type(ALICE, "why bob@a.example read of node n7 of gate"), "The answer is allow");
	expect_in(type(ALICE, "why bob@a.example read of node n8 of gate"), "The answer is ask");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_clause_is_typed_and_read_back),
		CASE(what_is_forgotten_comes_back_as_it_was),
		CASE(a_set_must_exist_and_is_called_by_its_name),
		CASE(a_token_may_be_called_by_its_beginning),
		CASE(row_D17__a_touch_line_says_what_it_means_today),
		CASE(what_a_foreign_thing_cannot_keep_to_is_said),
		CASE(a_role_nobody_has_is_said),
		CASE(row_O9__a_taking_back_says_how_far_it_is),
		CASE(a_set_that_changes_takes_its_rights_along),
		CASE(a_tag_or_a_zone_that_no_rule_looks_at_tells_nobody),
		CASE(row_O17__why_names_rule_revision_and_lease),
		CASE(row_O17__why_says_when_it_would_be_allowed),
		CASE(row_O17__why_knows_values_and_nodes),
	};

	return cmocka_run_group_tests_name("desk_policy", tests, NULL, NULL);
}
