/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imitation_test: a thief with a photograph of the label, many accounts and many
 * imitations: he gains nothing and keeps nobody out.  Also when a thing can be
 * claimed at all.  What happens without him: showing_test.c.
 */
#include "config.h"

#include "tests/unit/showing_support.h"

static void att_C_07__accounts_that_came_before_the_true_thing_push_it_out_of_no_question(
    void **state)
{
	struct world w;
	char code[IDENT_CODE], thing[32], bare[32];

	(void)state;
	world_open(&w, "sqlite::memory:");
	for (int i = 0; i < 30; i++) {
		snprintf(thing, sizeof(thing), "m%d@ex/r", i);
		snprintf(bare, sizeof(bare), "m%d@ex", i);
		reg_ours(&w, thing, "k", "code");
		assert_non_null(thing_of(&w, bare));
		wait_ms(&w, MINUTE);
	}
	reg_ours(&w, "t@ex/r", "k", "code");
	for (int i = 30; i < 60; i++) {
		wait_ms(&w, MINUTE);
		snprintf(thing, sizeof(thing), "m%d@ex/r", i);
		snprintf(bare, sizeof(bare), "m%d@ex", i);
		reg_ours(&w, thing, "k", "code");
		assert_non_null(thing_of(&w, bare));
	}
	mine(&w, A, "k");
	wait_ms(&w, 300);
	memcpy(code, shown_code(&w, "t@ex/r"), sizeof(code));
	assert_int_equal(type_code(&w, A, code).body, BODY_CLAIMED);
	assert_string_equal(owner_of(&w, "t@ex"), "a@ex");
	world_close(&w);
}

/* More than one question holds: what things do by themselves, some do by chance. */
static void att_C_07__in_a_crowd_only_what_a_person_read_decides(void **state)
{
	struct world w;
	char thing[32], bare[32];
	int64_t times[3];

	(void)state;
	world_open(&w, "sqlite::memory:");
	for (int i = 0; i < 70; i++) {
		snprintf(thing, sizeof(thing), "m%d@ex/r", i);
		snprintf(bare, sizeof(bare), "m%d@ex", i);
		wait_ms(&w, MINUTE);
		reg(&w, thing, "k");
		assert_non_null(thing_of(&w, bare));
		presence(&w, thing, "");
	}
	mine(&w, A, "k");
	wait_ms(&w, 300);
	told_times(told(&w, "a@ex"), times);
	switch_at(&w, "m5@ex/r", times);
	wait_ms(&w, 10 * MINUTE);
	assert_string_equal(owner_of(&w, "m5@ex"), "nobody");
	world_close(&w);
}

static void those_that_did_it_by_chance_are_left_alone_with_it(void **state)
{
	struct world w;
	int64_t times[3];

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, "t@ex/r", "k");
	reg(&w, "twin@ex/r", "k");
	reg(&w, "third@ex/r", "k");
	mine(&w, A, "k");
	wait_ms(&w, 300);
	told_times(told(&w, "a@ex"), times);
	for (int i = 0; i < 3; i++) {
		wait_ms(&w, times[i] - of_day(&w));
		presence(&w, "t@ex/r", " type='unavailable'");
		presence(&w, "twin@ex/r", " type='unavailable'");
		presence(&w, "t@ex/r", "");
		presence(&w, "twin@ex/r", "");
	}
	wait_ms(&w, 10 * MINUTE);
	HAS(told(&w, "a@ex"), "More than one thing");
	heard(&w);
	mine(&w, A, "k");
	wait_ms(&w, 300);
	told_times(told(&w, "a@ex"), times);
	/* It did nothing when he did, so it is not his, whatever it does now. */
	for (int i = 0; i < 3; i++) {
		wait_ms(&w, times[i] - of_day(&w));
		presence(&w, "t@ex/r", " type='unavailable'");
		presence(&w, "third@ex/r", " type='unavailable'");
		presence(&w, "t@ex/r", "");
		presence(&w, "third@ex/r", "");
	}
	wait_ms(&w, 10 * MINUTE);
	assert_string_equal(owner_of(&w, "t@ex"), "a@ex");
	world_close(&w);
}

static void att_R_01__one_account_with_many_doubts_takes_no_place_from_others(void **state)
{
	struct world w;
	char key[16];

	(void)state;
	world_open(&w, "sqlite::memory:");
	for (int i = 0; i < 70; i++) {
		snprintf(key, sizeof(key), "m%d", i);
		for (int k = 0; k < 2; k++)
			say(&w, "<iq type='set' from='rack%d@ex/p' to='reg.ex' id='1'><register xmlns='"
			    X "' nodeId='n%d'>%s</register></iq>", k, i, tags_of(key));
	}
	reg_ours(&w, "t@ex/r", "k", "code");
	reg_ours(&w, "twin@ex/r", "k", "code");
	for (int i = 0; i < 70; i++) {
		snprintf(key, sizeof(key), "m%d", i);
		mine(&w, M, key);
	}
	mine(&w, A, "k");
	wait_ms(&w, 300);
	HAS(told(&w, "a@ex") != NULL ? told(&w, "a@ex") : "nothing", "code ABCD-EFGH");
	world_close(&w);
}

/* What rules and sets hang on: the same thing in the same epoch. */
static void what_moves_to_another_address_keeps_its_name_and_its_rules(void **state)
{
	struct world w;
	struct owned named;
	char code[IDENT_CODE];
	uint8_t id[OWNERSHIP_ID];
	uint64_t epoch;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg_ours(&w, "twin@ex/r", "k", "code");
	mine(&w, A, "k");
	named = *thing_of(&w, "twin@ex");
	named.name = "lamp";
	MUST(store_begin(w.store, &test_err));
	MUST(ownership_put(w.ownership, &named, &test_err));
	MUST(store_commit(w.store, &test_err));
	memcpy(id, named.id, sizeof(id));
	epoch = named.epoch;
	reg_ours(&w, "t@ex/r", "k", "code button");
	wait_ms(&w, 300);
	memcpy(code, shown_code(&w, "t@ex/r"), sizeof(code));
	type_code(&w, A, code);
	assert_string_equal(owner_of(&w, "t@ex"), "a@ex");
	assert_memory_equal(thing_of(&w, "t@ex")->id, id, sizeof(id));
	assert_int_equal(thing_of(&w, "t@ex")->epoch, epoch);
	assert_string_equal(thing_of(&w, "t@ex")->name, "lamp");
	assert_null(thing_of(&w, "twin@ex")->name);
	/* What was sent to the old address before settles nothing there. */
	assert_true(thing_of(&w, "twin@ex")->epoch > epoch);
	HAS(mine(&w, A, "k"), "jid=\"t@ex\"");
	HAS(mine(&w, M, "k"), "item-not-found");
	world_close(&w);
}

/* Nobody stood anywhere: M has many of them, and one pressed right by chance. */
static void att_C_07__a_thing_that_does_it_by_chance_takes_nothing_from_a_sleeping_owner(
    void **state)
{
	struct world w;
	char rhythm[16], code[IDENT_CODE];
	const char *at;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg_ours(&w, "t@ex/r", "k", "button");
	mine(&w, A, "k");
	heard(&w);
	reg_ours(&w, "twin@ex/r", "k", "button");
	wait_ms(&w, 300);
	at = strstr(told(&w, "a@ex"), "press it ");
	assert_non_null(at);
	snprintf(rhythm, sizeof(rhythm), "%c %c %c %c %c %c", at[9], at[12], at[15], at[18],
	    at[21], at[28]);
	say(&w, "<iq type='set' from='twin@ex/r' to='reg.ex' id='p'><pressed "
	    "xmlns='urn:kith:presence:0' rhythm='%s'/></iq>", rhythm);
	assert_string_equal(owner_of(&w, "t@ex"), "a@ex");
	assert_string_equal(owner_of(&w, "twin@ex"), "nobody");
	at = strstr(told(&w, "a@ex"), "send: code ");
	assert_non_null(at);
	snprintf(code, sizeof(code), "%.9s", at + strlen("send: code "));
	/* Not the thief's word. */
	assert_int_equal(type_code(&w, M, code).condition, COND_ITEM_NOT_FOUND);
	wait_ms(&w, 11 * MINUTE);
	assert_string_equal(owner_of(&w, "t@ex"), "a@ex");
	assert_int_equal(type_code(&w, A, code).condition, COND_ITEM_NOT_FOUND);
	/* Awake, and with the other one in his hands. */
	unregister(&w, "twin@ex/r");
	reg_ours(&w, "twin@ex/r", "k", "button");
	wait_ms(&w, 300);
	at = strstr(told(&w, "a@ex"), "press it ");
	snprintf(rhythm, sizeof(rhythm), "%c %c %c %c %c %c", at[9], at[12], at[15], at[18],
	    at[21], at[28]);
	say(&w, "<iq type='set' from='twin@ex/r' to='reg.ex' id='p'><pressed "
	    "xmlns='urn:kith:presence:0' rhythm='%s'/></iq>", rhythm);
	at = strstr(told(&w, "a@ex"), "send: code ");
	assert_non_null(at);
	snprintf(code, sizeof(code), "%.9s", at + strlen("send: code "));
	assert_int_not_equal(type_code(&w, A, code).kind, REPLY_ERROR);
	assert_string_equal(owner_of(&w, "twin@ex"), "a@ex");
	assert_string_equal(owner_of(&w, "t@ex"), "nobody");
	world_close(&w);
}

/* Once per digest: so the thief lets a second account of his do it at once. */
static void att_C_24__a_thief_who_disputes_his_own_claim_keeps_the_owner_out_of_nothing(
    void **state)
{
	struct world w;
	char code[IDENT_CODE];

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg_ours(&w, "t@ex/r", "k", "code");
	mine(&w, M, "k");
	mine(&w, "m2@ex/den", "k");
	wait_ms(&w, 300);
	assert_true(thing_of(&w, "t@ex")->disputed);
	heard(&w);
	wait_ms(&w, MINUTE);
	HAS(mine(&w, A, "k"), "item-not-found");
	wait_ms(&w, 300);
	HAS(told(&w, "a@ex") != NULL ? told(&w, "a@ex") : "nothing", "code ABCD-EFGH");
	memcpy(code, shown_code(&w, "t@ex/r"), sizeof(code));
	type_code(&w, A, code);
	wait_ms(&w, 10 * MINUTE);
	assert_string_equal(owner_of(&w, "t@ex"), "a@ex");
	assert_false(thing_of(&w, "t@ex")->disputed);
	world_close(&w);
}

/* M's imitation came first and was claimed; then the thing is held for M. */
static void att_C_08__the_true_thing_is_not_held_for_who_claimed_an_imitation(void **state)
{
	struct world w;
	char code[IDENT_CODE];

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg_ours(&w, "twin@ex/r", "k", "code");
	HAS(mine(&w, M, "k"), "jid=\"twin@ex\"");
	reg_ours(&w, "t@ex/r", "k", "code");
	assert_int_equal(thing_of(&w, "t@ex")->hold, HOLD_DESCENT);
	HAS(mine(&w, A, "k"), "item-not-found");
	wait_ms(&w, 300);
	memcpy(code, shown_code(&w, "t@ex/r"), sizeof(code));
	assert_int_equal(strlen(code), 9);
	type_code(&w, A, code);
	/* M shows his own: that says nothing about the other one. */
	memcpy(code, shown_code(&w, "twin@ex/r"), sizeof(code));
	type_code(&w, M, code);
	wait_ms(&w, 10 * MINUTE);
	assert_string_equal(owner_of(&w, "t@ex"), "a@ex");
	assert_string_equal(owner_of(&w, "twin@ex"), "m@ex");
	assert_false(thing_of(&w, "twin@ex")->disputed);
	world_close(&w);
}

static void who_loses_a_dispute_is_forgotten_by_the_thing_before_it_hears_of_another(void **state)
{
	struct world w;
	char code[IDENT_CODE];

	(void)state;
	world_open(&w, "sqlite::memory:");
	stolen(&w);
	memcpy(code, shown_code(&w, "t@ex/r"), sizeof(code));
	type_code(&w, A, code);
	wait_ms(&w, 10 * MINUTE);
	assert_string_equal(owner_of(&w, "t@ex"), "a@ex");
	assert_int_equal(thing_of(&w, "t@ex")->state, OWNED_TURNING);
	assert_string_equal(thing_of(&w, "t@ex")->former, "m@ex");
	HAS(pushes(&w), "<disowned");
	HAS_NOT(buf_str(&w.out), "<claimed");
	say(&w, "<iq type='result' from='t@ex/r' to='reg.ex' id='%s'/>", push_id(&w));
	HAS(pushes(&w), "<clearCache");
	say(&w, "<iq type='result' from='t@ex/r' to='reg.ex' id='%s'/>", push_id(&w));
	HAS(pushes(&w), "<claimed");
	HAS(buf_str(&w.out), "a@ex");
	assert_int_equal(thing_of(&w, "t@ex")->state, OWNED);
	world_close(&w);
}

/* The owner's lamp will be reset by a burglar, who has put enough accounts before it. */
static void att_C_10__many_imitations_do_not_hide_what_is_held_for_its_owner(void **state)
{
	struct world w;
	char thing[32], code[IDENT_CODE];

	(void)state;
	world_open(&w, "sqlite::memory:");
	for (int i = 0; i < 40; i++) {
		snprintf(thing, sizeof(thing), "m%d@ex/r", i);
		reg_ours(&w, thing, "k", "code");
	}
	reg_ours(&w, "t@ex/r", "k", "code");
	mine(&w, A, "k");
	wait_ms(&w, 300);
	memcpy(code, shown_code(&w, "t@ex/r"), sizeof(code));
	assert_int_equal(type_code(&w, A, code).body, BODY_CLAIMED);
	wait_ms(&w, 25 * 60 * MINUTE);
	reg_ours(&w, "reset@ex/r", "k", "code");
	assert_int_equal(thing_of(&w, "reset@ex")->hold, HOLD_DESCENT);
	assert_string_equal(thing_of(&w, "reset@ex")->held_for, "a@ex");
	world_close(&w);
}

/* They come and go; he reads of it once. */
static void att_R_02__imitations_that_come_and_go_fill_nobodys_evening(void **state)
{
	struct world w;
	char thing[32];
	size_t n = 0;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg_ours(&w, "t@ex/r", "k", "code");
	mine(&w, A, "k");
	for (int i = 0; i < 100; i++) {
		snprintf(thing, sizeof(thing), "m%d@ex/r", i % 5);
		reg_ours(&w, thing, "k", "code");
		unregister(&w, thing);
	}
	for (size_t i = 0; i < debt_count(w.debts); i++)
		n += strcmp(debt_at(w.debts, i)->peer, "a@ex") == 0;
	assert_true(n <= 4);
	world_close(&w);
}

static size_t rows_of(struct world *w, const char *sql)
{
	struct stmt *st = store_prepare(w->store, sql, &test_err);
	size_t n = 0;

	assert_non_null(st);
	while (stmt_step(st, &test_err) == 1)
		n++;
	return n;
}

static void att_R_02__a_dispute_leaves_a_row_for_a_month_and_not_for_ever(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	stolen(&w);
	wait_ms(&w, DAY);
	assert_false(thing_of(&w, "t@ex")->disputed);
	wait_ms(&w, DAY);
	assert_int_equal(rows_of(&w, "SELECT row FROM registry_dispute"), 1);
	wait_ms(&w, 31 * DAY);
	assert_int_equal(rows_of(&w, "SELECT row FROM registry_dispute"), 0);
	HAS(mine(&w, A, "k"), "item-not-found");
	wait_ms(&w, 300);
	assert_false(thing_of(&w, "t@ex")->disputed);
	world_close(&w);
}

static void count_alarm(void *arg, const struct audit_row *row)
{
	size_t *n = arg;

	*n += row->event.detail != NULL && strstr(row->event.detail, "may be guessed") != NULL;
}

static void att_C_04__an_alarm_about_guesses_stands_in_the_record(void **state)
{
	struct world w;
	size_t n = 0;
	bool more;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, "t@ex/r", "k");
	for (int i = 0; i < 40; i++)
		mine(&w, M, "wrong");
	tick(&w);
	MUST(audit_history(w.audit, NULL, NULL, 0, 100, &more, count_alarm, &n, &test_err));
	assert_int_equal(n, 1);
	world_close(&w);
}

/* ---- windows ---- */

static const char *reg_can(struct world *w, const char *thing, const char *can)
{
	return reg_ours(w, thing, "k", can);
}

static void a_thing_that_asks_for_it_is_claimed_only_after_a_press(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg_can(&w, "t@ex/r", "button window");
	HAS(mine(&w, M, "k"), "item-not-found");
	wait_ms(&w, 300);
	assert_null(told(&w, "m@ex"));
	reg_can(&w, "t@ex/r", "button window open");
	wait_ms(&w, 5 * MINUTE);
	HAS(mine(&w, M, "k"), "item-not-found");
	/* It says so again, for a second press. */
	reg_can(&w, "t@ex/r", "button window open");
	wait_ms(&w, 4 * MINUTE);
	HAS(mine(&w, A, "k"), "jid=\"t@ex\"");
	/* The answer that got lost is given at any time. */
	wait_ms(&w, 60 * MINUTE);
	HAS(mine(&w, A, "k"), "jid=\"t@ex\"");
	world_close(&w);
}

/* Photographed, and made to look as if it waited for a press. */
static void an_imitation_that_waits_for_a_press_closes_no_window(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg_can(&w, "twin@ex/r", "button window");
	reg_can(&w, "t@ex/r", "code");
	HAS(mine(&w, A, "k"), "item-not-found");
	wait_ms(&w, 300);
	HAS(told(&w, "a@ex") != NULL ? told(&w, "a@ex") : "nothing", "code ABCD-EFGH");
	world_close(&w);
}

static void the_operator_sets_a_window_after_each_start(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	w.conf.claim_window_ms = 10 * MINUTE;
	world_restart(&w, "sqlite::memory:");
	reg(&w, "t@ex/r", "k");
	wait_ms(&w, 10 * MINUTE);
	HAS(mine(&w, M, "k"), "item-not-found");
	reg(&w, "t@ex/r", "k");
	wait_ms(&w, 9 * MINUTE);
	HAS(mine(&w, A, "k"), "jid=\"t@ex\"");
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    att_C_07__accounts_that_came_before_the_true_thing_push_it_out_of_no_question),
		cmocka_unit_test(att_C_07__in_a_crowd_only_what_a_person_read_decides),
		cmocka_unit_test(those_that_did_it_by_chance_are_left_alone_with_it),
		cmocka_unit_test(att_R_01__one_account_with_many_doubts_takes_no_place_from_others),
		cmocka_unit_test(what_moves_to_another_address_keeps_its_name_and_its_rules),
		cmocka_unit_test(
		    att_C_07__a_thing_that_does_it_by_chance_takes_nothing_from_a_sleeping_owner),
		cmocka_unit_test(
		    att_C_24__a_thief_who_disputes_his_own_claim_keeps_the_owner_out_of_nothing),
		cmocka_unit_test(att_C_08__the_true_thing_is_not_held_for_who_claimed_an_imitation),
		cmocka_unit_test(who_loses_a_dispute_is_forgotten_by_the_thing_before_it_hears_of_another),
		cmocka_unit_test(att_C_10__many_imitations_do_not_hide_what_is_held_for_its_owner),
		cmocka_unit_test(att_R_02__imitations_that_come_and_go_fill_nobodys_evening),
		cmocka_unit_test(att_R_02__a_dispute_leaves_a_row_for_a_month_and_not_for_ever),
		cmocka_unit_test(att_C_04__an_alarm_about_guesses_stands_in_the_record),
		cmocka_unit_test(a_thing_that_asks_for_it_is_claimed_only_after_a_press),
		cmocka_unit_test(an_imitation_that_waits_for_a_press_closes_no_window),
		cmocka_unit_test(the_operator_sets_a_window_after_each_start),
	};

	return cmocka_run_group_tests_name("imitation", tests, NULL, NULL);
}
