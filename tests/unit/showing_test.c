/* SPDX-License-Identifier: Apache-2.0 */
/*
 * showing_test: claims in doubt, from the refusal to whoever stands before the
 * thing; twins, used KEYs, guessed ones, disputes; restarts in between.
 */
#include "config.h"

#include "tests/unit/showing_support.h"

/* ---- twins ---- */

static void att_C_07__twins_are_told_apart_by_the_code_that_one_shows(void **state)
{
	struct world w;
	struct reply r;
	char code[IDENT_CODE];

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg_ours(&w, "t@ex/r", "k", "code");
	reg_ours(&w, "twin@ex/r", "k", "code");
	HAS(mine(&w, A, "k"), "item-not-found");
	assert_null(told(&w, "a@ex"));
	wait_ms(&w, 300);
	HAS(told(&w, "a@ex"), "code ABCD-EFGH");
	memcpy(code, shown_code(&w, "t@ex/r"), sizeof(code));
	assert_int_equal(strlen(code), 9);
	HAS_NOT(told(&w, "a@ex"), code);
	assert_string_equal(owner_of(&w, "t@ex"), "nobody");
	/* The code of the thing is nothing in the mouth of another. */
	r = type_code(&w, M, code);
	assert_int_equal(r.condition, COND_ITEM_NOT_FOUND);
	r = type_code(&w, A, "AAAA-AAAA");
	assert_int_equal(r.condition, COND_ITEM_NOT_FOUND);
	r = type_code(&w, A, code);
	assert_int_equal(r.body, BODY_CLAIMED);
	assert_string_equal(r.u.claimed.jid, "t@ex");
	assert_string_equal(owner_of(&w, "t@ex"), "a@ex");
	assert_string_equal(owner_of(&w, "twin@ex"), "nobody");
	assert_int_equal(thing_of(&w, "twin@ex")->hold, HOLD_PRESENCE);
	HAS(mine(&w, A, "k"), "jid=\"t@ex\"");
	world_close(&w);
}

static void ours_among_twins_are_asked_for_a_new_key_and_the_old_one_is_no_good(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg_ours(&w, "t@ex/r", "k", "code key");
	HAS_NOT(pushes(&w), "newKey");
	reg(&w, "twin@ex/r", "k");
	HAS(pushes(&w), "<newKey");
	HAS(buf_str(&w.out), "to=\"t@ex/r\"");
	HAS_NOT(buf_str(&w.out), "to=\"twin@ex/r\"><newKey");
	say(&w, "<iq type='result' from='t@ex/r' to='reg.ex' id='%s'/>", push_id(&w));
	reg_ours(&w, "t@ex/r", "k-new", "code key");
	/* The impostor is alone with the tags on the old label: it is not given away. */
	HAS(mine(&w, A, "k"), "item-not-found");
	HAS(mine(&w, A, "k-new"), "jid=\"t@ex\"");
	/* Nor when it goes away and comes back as if it were new. */
	unregister(&w, "twin@ex/r");
	reg(&w, "twin@ex/r", "k");
	HAS(mine(&w, "b@ex/p", "k"), "item-not-found");
	assert_string_equal(owner_of(&w, "twin@ex"), "nobody");
	world_close(&w);
}

static void a_button_is_pressed_in_a_rhythm_told_only_to_the_claimant(void **state)
{
	struct world w;
	char rhythm[16];
	const char *at;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg_ours(&w, "t@ex/r", "k", "button");
	reg_ours(&w, "twin@ex/r", "k", "button");
	mine(&w, A, "k");
	wait_ms(&w, 300);
	at = strstr(told(&w, "a@ex"), "press it ");
	assert_non_null(at);
	snprintf(rhythm, sizeof(rhythm), "%c %c %c %c %c %c", at[9], at[12], at[15], at[18],
	    at[21], at[28]);
	HAS(pushes(&w), "<listen");
	HAS_NOT(buf_str(&w.out), rhythm);
	/* The twin tries what comes to its mind. */
	for (int i = 0; i < 5; i++)
		HAS(say(&w, "<iq type='set' from='twin@ex/r' to='reg.ex' id='p'><pressed "
		    "xmlns='urn:kith:presence:0' rhythm='1 1 1 1 1 %d'/></iq>", i + 5), "result");
	/* Too late for it now, even by chance. */
	HAS(say(&w, "<iq type='set' from='twin@ex/r' to='reg.ex' id='p'><pressed "
	    "xmlns='urn:kith:presence:0' rhythm='%s'/></iq>", rhythm), "result");
	assert_string_equal(owner_of(&w, "twin@ex"), "nobody");
	HAS(say(&w, "<iq type='set' from='t@ex/r' to='reg.ex' id='p'><pressed "
	    "xmlns='urn:kith:presence:0' rhythm='%s'/></iq>", rhythm), "result");
	assert_string_equal(owner_of(&w, "t@ex"), "a@ex");
	HAS(told(&w, "a@ex"), "is yours");
	assert_int_equal(thing_of(&w, "twin@ex")->hold, HOLD_PRESENCE);
	world_close(&w);
}

/* ---- copies ---- */

static void count_copied(void *arg, const struct audit_row *row)
{
	int *n = arg;

	n[0] += row->event.what == AUDIT_COPIED;
	n[1] += row->event.what == AUDIT_ALONE;
}

static const char *copied(struct world *w, const char *who, const char *now)
{
	return say(w, "<iq type='set' from='%s' to='reg.ex' id='p'><copied "
	    "xmlns='urn:kith:twin:0' now='%s'/></iq>", who, now);
}

static void att_D_06__that_a_thing_was_copied_is_noted_once_until_it_is_over(void **state)
{
	struct world w;
	int n[2] = { 0, 0 };
	bool more;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg_ours(&w, "t@ex/r", "k", "code");
	mine(&w, A, "k");
	HAS(copied(&w, "stranger@ex/r", "true"), "item-not-found");
	HAS(copied(&w, "t@ex/r", "false"), "result");	/* nothing to tell */
	for (int i = 0; i < 3; i++) {
		HAS(copied(&w, "t@ex/r", "true"), "result");
		HAS(copied(&w, "t@ex/r2", "true"), "result");
	}
	HAS(copied(&w, "t@ex/r", "false"), "result");
	audit_history(w.audit, NULL, "a@ex", 0, 100, &more, count_copied, n, &test_err);
	assert_int_equal(n[0], 1);
	assert_int_equal(n[1], 1);
	assert_string_equal(owner_of(&w, "t@ex"), "a@ex");
	/* Who changes his mind all the time does not fill the record. */
	for (int i = 0; i < 40; i++)
		copied(&w, "t@ex/r", i % 2 ? "false" : "true");
	n[0] = n[1] = 0;
	audit_history(w.audit, NULL, "a@ex", 0, 100, &more, count_copied, n, &test_err);
	assert_int_equal(n[0] + n[1], 8);
	world_close(&w);
}

static void any_other_thing_is_switched_off_and_on_at_times_told_only_to_him(void **state)
{
	struct world w;
	int64_t times[3];

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, "t@ex/r", "k");
	reg(&w, "twin@ex/r", "k");
	presence(&w, "t@ex/r", "");
	presence(&w, "twin@ex/r", "");
	mine(&w, A, "k");
	wait_ms(&w, 300);
	told_times(told(&w, "a@ex"), times);
	HAS_NOT(pushes(&w), "urn:kith");
	switch_at(&w, "t@ex/r", times);
	/* Shows itself again, as clients do: no new session. */
	presence(&w, "t@ex/r", "");
	assert_string_equal(owner_of(&w, "t@ex"), "nobody");
	wait_ms(&w, 10 * MINUTE);
	assert_string_equal(owner_of(&w, "t@ex"), "a@ex");
	assert_int_equal(thing_of(&w, "twin@ex")->hold, HOLD_PRESENCE);
	world_close(&w);
}

static void two_that_do_it_both_make_an_alarm_and_no_owner(void **state)
{
	struct world w;
	int64_t times[3];

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, "t@ex/r", "k");
	reg(&w, "twin@ex/r", "k");
	presence(&w, "t@ex/r", "");
	presence(&w, "twin@ex/r", "");
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
	assert_string_equal(owner_of(&w, "t@ex"), "nobody");
	assert_string_equal(owner_of(&w, "twin@ex"), "nobody");
	HAS(told(&w, "a@ex"), "More than one thing");
	world_close(&w);
}

static void what_was_seen_across_a_gap_of_the_stream_counts_for_nothing(void **state)
{
	struct world w;
	int64_t times[3];
	size_t cursor = 0;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, "t@ex/r", "k");
	reg(&w, "twin@ex/r", "k");
	presence(&w, "t@ex/r", "");
	mine(&w, A, "k");
	wait_ms(&w, 300);
	told_times(told(&w, "a@ex"), times);
	contact_all_offline(w.contacts);
	registry_probe(w.registry, &cursor, 100, &w.out);
	switch_at(&w, "t@ex/r", times);
	wait_ms(&w, 10 * MINUTE);
	assert_string_equal(owner_of(&w, "t@ex"), "nobody");
	HAS(told(&w, "a@ex"), "The time is over");
	world_close(&w);
}

static void att_R_02__a_thousand_twins_of_one_address_push_nobody_out(void **state)
{
	struct world w;
	char code[IDENT_CODE];

	(void)state;
	world_open(&w, "sqlite::memory:");
	for (int i = 0; i < 900; i++)
		say(&w, "<iq type='set' from='rack@ex/p' to='reg.ex' id='1'><register xmlns='" X
		    "' nodeId='n%d'>%s</register></iq>", i, tags_of("k"));
	reg_ours(&w, "t@ex/r", "k", "code");
	mine(&w, A, "k");
	wait_ms(&w, 300);
	memcpy(code, shown_code(&w, "t@ex/r"), sizeof(code));
	assert_int_equal(type_code(&w, A, code).body, BODY_CLAIMED);
	world_close(&w);
}

/* ---- used and guessed KEYs ---- */

static void att_C_11__a_used_key_claims_only_together_with_the_thing(void **state)
{
	struct world w;
	char code[IDENT_CODE];

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg_ours(&w, "t@ex/r", "k", "code");
	HAS(mine(&w, M, "k"), "jid=\"t@ex\"");
	unregister(&w, "t@ex/r");
	reg_ours(&w, "t@ex/r", "k", "code");
	HAS(mine(&w, M, "k"), "item-not-found");
	HAS(mine(&w, A, "k"), "item-not-found");
	wait_ms(&w, 300);
	/* Both were asked; M is far away and sees nothing. */
	HAS(told(&w, "m@ex"), "code ABCD-EFGH");
	memcpy(code, shown_code(&w, "t@ex/r"), sizeof(code));
	assert_int_equal(type_code(&w, A, code).body, BODY_CLAIMED);
	assert_string_equal(owner_of(&w, "t@ex"), "a@ex");
	wait_ms(&w, 11 * MINUTE);
	HAS(mine(&w, M, "k"), "item-not-found");
	wait_ms(&w, 11 * MINUTE);
	assert_string_equal(owner_of(&w, "t@ex"), "a@ex");
	world_close(&w);
}

static void att_C_04__a_guessed_short_key_needs_the_thing_and_a_long_one_does_not(void **state)
{
	static const char long_key[] = "3kfw2qpd7aljx5mzcv6ynhtbru";
	struct world w;
	char code[IDENT_CODE], key[32];

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg_ours(&w, "t@ex/r", "4711", "code");
	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "%d", i);
		w.time.boot += 10000;
		HAS(mine(&w, M, key), "item-not-found");
	}
	HAS(mine(&w, M, "4711"), "item-not-found");
	HAS(mine(&w, A, "4711"), "item-not-found");
	wait_ms(&w, 300);
	memcpy(code, shown_code(&w, "t@ex/r"), sizeof(code));
	assert_int_equal(type_code(&w, A, code).body, BODY_CLAIMED);
	assert_string_equal(owner_of(&w, "t@ex"), "a@ex");
	/* The same maker and serial number, but no KEY that could be guessed. */
	reg_ours(&w, "long@ex/r", long_key, "code");
	HAS(mine(&w, "b@ex/p", long_key), "jid=\"long@ex\"");
	world_close(&w);
}

static void att_C_04__ninety_nine_wrong_keys_change_nothing(void **state)
{
	struct world w;
	char key[32];

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, "t@ex/r", "4711");
	for (int i = 0; i < 99; i++) {
		snprintf(key, sizeof(key), "%d", i);
		w.time.boot += 10000;
		mine(&w, M, key);
	}
	HAS(mine(&w, A, "4711"), "jid=\"t@ex\"");
	world_close(&w);
}

static void att_C_04__who_fails_too_often_hears_it_later_and_a_good_claim_at_once(void **state)
{
	struct world w;
	char key[32];
	int late = 0;

	(void)state;
	world_open(&w, "sqlite::memory:");
	w.conf.failures_per_jid = 5;
	world_restart(&w, "sqlite::memory:");
	for (int i = 0; i < 8; i++) {
		snprintf(key, sizeof(key), "%d", i);
		late += mine(&w, M, key)[0] == '\0';
	}
	assert_int_equal(late, 3);
	reg(&w, "t@ex/r", "k");
	HAS(mine(&w, M, "k"), "jid=\"t@ex\"");
	w.time.boot += 950;
	assert_int_equal(count_text(tick(&w), "item-not-found"), 3);
	assert_int_equal(count_text(tick(&w), "item-not-found"), 0);
	world_close(&w);
}

/* Every refusal, whatever is behind it, is the same bytes; att-C-03, att-C-15. */
static void att_C_03__every_refusal_is_the_same_bytes_and_writes_nothing(void **state)
{
	struct world w;
	char first[1024];
	size_t debts;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, "owned@ex/r", "owned");
	mine(&w, "x@ex/p", "owned");
	reg(&w, "t@ex/r", "twins");
	reg(&w, "u@ex/r", "twins");
	reg(&w, "v@ex/r", "spent");
	mine(&w, "y@ex/p", "spent");
	unregister(&w, "v@ex/r");
	reg(&w, "v@ex/r", "spent");
	heard(&w);
	debts = debt_count(w.debts);
	snprintf(first, sizeof(first), "%s", mine(&w, A, "nothing"));
	HAS(first, "item-not-found");
	assert_string_equal(first, mine(&w, A, "owned"));
	assert_string_equal(first, mine(&w, A, "twins"));
	assert_string_equal(first, mine(&w, A, "spent"));
	assert_int_equal(debt_count(w.debts), debts);
	world_close(&w);
}

/* ---- limits ---- */

static void a_claimant_is_asked_three_times_an_hour(void **state)
{
	struct world w;
	int asked = 0;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, "t@ex/r", "k");
	reg(&w, "twin@ex/r", "k");
	for (int i = 0; i < 5; i++) {
		mine(&w, A, "k");
		mine(&w, A, "k");
		wait_ms(&w, 300);
		asked += told(&w, "a@ex") != NULL;
		heard(&w);
		wait_ms(&w, 10 * MINUTE);
		heard(&w);
	}
	assert_int_equal(asked, 3);
	wait_ms(&w, 60 * MINUTE);
	mine(&w, A, "k");
	wait_ms(&w, 300);
	assert_non_null(told(&w, "a@ex"));
	world_close(&w);
}

static void a_question_and_its_code_outlive_a_restart(void **state)
{
	struct place p;
	struct world w;
	char code[IDENT_CODE];

	(void)state;
	place_make(&p);
	world_open(&w, p.url);
	reg_ours(&w, "t@ex/r", "k", "code");
	reg_ours(&w, "twin@ex/r", "k", "code");
	mine(&w, A, "k");
	wait_ms(&w, 300);
	memcpy(code, shown_code(&w, "t@ex/r"), sizeof(code));
	world_restart(&w, p.url);
	assert_true(registry_deadline(w.registry) <= w.time.wall + 10 * MINUTE);
	assert_int_equal(type_code(&w, A, code).body, BODY_CLAIMED);
	world_restart(&w, p.url);
	assert_string_equal(owner_of(&w, "t@ex"), "a@ex");
	assert_int_equal(thing_of(&w, "twin@ex")->hold, HOLD_PRESENCE);
	world_close(&w);
	place_remove(&p);
}

static void a_code_is_good_for_its_ten_minutes(void **state)
{
	struct world w;
	char code[IDENT_CODE];

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg_ours(&w, "t@ex/r", "k", "code");
	reg_ours(&w, "twin@ex/r", "k", "code");
	mine(&w, A, "k");
	wait_ms(&w, 300);
	memcpy(code, shown_code(&w, "t@ex/r"), sizeof(code));
	wait_ms(&w, 10 * MINUTE);
	assert_int_equal(type_code(&w, A, code).condition, COND_ITEM_NOT_FOUND);
	assert_string_equal(owner_of(&w, "t@ex"), "nobody");
	HAS(told(&w, "a@ex"), "claim it again");
	world_close(&w);
}

/* ---- the same tags again, after the claim ---- */

static void att_C_07__a_twin_after_the_claim_is_shown_to_the_owner_only(void **state)
{
	struct world w;
	char code[IDENT_CODE];

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg_ours(&w, "t@ex/r", "k", "code");
	mine(&w, A, "k");
	heard(&w);
	reg_ours(&w, "twin@ex/r", "k", "code");
	wait_ms(&w, 300);
	HAS(told(&w, "a@ex"), "second thing");
	memcpy(code, shown_code(&w, "t@ex/r"), sizeof(code));
	HAS(type_code(&w, A, code).kind == REPLY_RESULT ? "ok" : "", "ok");
	assert_string_equal(owner_of(&w, "t@ex"), "a@ex");
	assert_int_equal(thing_of(&w, "twin@ex")->hold, HOLD_PRESENCE);
	HAS(mine(&w, M, "k"), "item-not-found");
	world_close(&w);
}

static void the_address_the_owner_stands_before_becomes_his(void **state)
{
	struct world w;
	char code[IDENT_CODE];

	(void)state;
	world_open(&w, "sqlite::memory:");
	/* The impostor came first, and got claimed. */
	reg_ours(&w, "twin@ex/r", "k", "code");
	mine(&w, A, "k");
	reg_ours(&w, "t@ex/r", "k", "code");
	wait_ms(&w, 300);
	memcpy(code, shown_code(&w, "t@ex/r"), sizeof(code));
	type_code(&w, A, code);
	assert_string_equal(owner_of(&w, "t@ex"), "a@ex");
	assert_string_equal(owner_of(&w, "twin@ex"), "nobody");
	assert_int_equal(thing_of(&w, "twin@ex")->hold, HOLD_PRESENCE);
	HAS(pushes(&w), "<disowned");
	HAS(mine(&w, A, "k"), "jid=\"t@ex\"");
	world_close(&w);
}

static void unanswered_the_owner_keeps_what_he_has(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, "t@ex/r", "k");
	mine(&w, A, "k");
	reg(&w, "twin@ex/r", "k");
	wait_ms(&w, 300);
	wait_ms(&w, 10 * MINUTE);
	assert_string_equal(owner_of(&w, "t@ex"), "a@ex");
	assert_string_equal(owner_of(&w, "twin@ex"), "nobody");
	HAS(mine(&w, M, "k"), "item-not-found");
	world_close(&w);
}

/* ---- disputes ---- */

static void att_C_24__who_alone_shows_the_thing_within_a_day_has_it(void **state)
{
	struct world w;
	char code[IDENT_CODE];

	(void)state;
	world_open(&w, "sqlite::memory:");
	stolen(&w);
	HAS(told(&w, "a@ex"), "code ABCD-EFGH");
	HAS(told(&w, "m@ex"), "code ABCD-EFGH");
	assert_true(thing_of(&w, "t@ex")->disputed);
	assert_string_equal(owner_of(&w, "t@ex"), "m@ex");
	memcpy(code, shown_code(&w, "t@ex/r"), sizeof(code));
	assert_int_equal(type_code(&w, A, code).body, BODY_TEXT);
	/* The other one is heard as well, for as long as it takes. */
	assert_string_equal(owner_of(&w, "t@ex"), "m@ex");
	HAS(mine(&w, A, "k"), "item-not-found");
	wait_ms(&w, 10 * MINUTE);
	assert_string_equal(owner_of(&w, "t@ex"), "a@ex");
	assert_false(thing_of(&w, "t@ex")->disputed);
	HAS(told(&w, "m@ex"), "no longer yours");
	/* Once per digest: M cannot turn it round. */
	HAS(mine(&w, M, "k"), "item-not-found");
	wait_ms(&w, 300);
	assert_false(thing_of(&w, "t@ex")->disputed);
	HAS(mine(&w, A, "k"), "jid=\"t@ex\"");
	world_close(&w);
}

static void the_owner_who_shows_it_keeps_it(void **state)
{
	struct world w;
	char code[IDENT_CODE];

	(void)state;
	world_open(&w, "sqlite::memory:");
	stolen(&w);
	memcpy(code, shown_code(&w, "t@ex/r"), sizeof(code));
	type_code(&w, M, code);
	wait_ms(&w, 10 * MINUTE);
	assert_string_equal(owner_of(&w, "t@ex"), "m@ex");
	assert_false(thing_of(&w, "t@ex")->disputed);
	world_close(&w);
}

static void when_both_show_it_a_person_decides(void **state)
{
	struct world w;
	struct request q = { .verb = VERB_RELEASE, .kind = STANZA_MESSAGE, .by_operator = true };
	struct reply r = { 0 };
	char code[IDENT_CODE];
	uint8_t id[OWNERSHIP_ID];

	(void)state;
	world_open(&w, "sqlite::memory:");
	stolen(&w);
	memcpy(code, shown_code(&w, "t@ex/r"), sizeof(code));
	type_code(&w, A, code);
	type_code(&w, M, code);
	HAS(told(&w, "a@ex"), "operator");
	wait_ms(&w, 3 * DAY);
	assert_true(thing_of(&w, "t@ex")->disputed);
	assert_string_equal(owner_of(&w, "t@ex"), "m@ex");
	memcpy(id, thing_of(&w, "t@ex")->id, sizeof(id));
	q.pool = &w.pool;
	q.u.desk.thing_id = id;
	q.u.desk.jid = "third@ex";
	MUST(store_begin(w.store, &test_err));
	MUST(registry_operate(w.registry, &q, &r, &test_err));
	assert_int_equal(r.kind, REPLY_ERROR);
	q.u.desk.jid = "a@ex";
	r = (struct reply){ 0 };
	MUST(registry_operate(w.registry, &q, &r, &test_err));
	MUST(store_commit(w.store, &test_err));
	assert_string_equal(owner_of(&w, "t@ex"), "a@ex");
	assert_false(thing_of(&w, "t@ex")->disputed);
	world_close(&w);
}

static void after_a_day_nobody_disputes_and_a_dispute_ends_for_the_owner(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	stolen(&w);
	wait_ms(&w, 10 * MINUTE);
	/* He may ask again while it lasts. */
	heard(&w);
	mine(&w, A, "k");
	wait_ms(&w, 300);
	assert_non_null(told(&w, "a@ex"));
	wait_ms(&w, DAY);
	assert_string_equal(owner_of(&w, "t@ex"), "m@ex");
	assert_false(thing_of(&w, "t@ex")->disputed);
	reg_ours(&w, "u@ex/r", "k2", "code");
	mine(&w, M, "k2");
	wait_ms(&w, DAY);
	mine(&w, A, "k2");
	wait_ms(&w, 300);
	assert_false(thing_of(&w, "u@ex")->disputed);
	world_close(&w);
}

static void a_disputed_thing_stays_on_the_list_and_with_its_owner(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	stolen(&w);
	HAS(about(&w, M, "remove", "t@ex"), "not-allowed");
	assert_true(thing_of(&w, "t@ex")->listed);
	/* Part of the tags, or the tags of another, dispute nothing. */
	HAS(mine(&w, "c@ex/p", "kk"), "item-not-found");
	wait_ms(&w, 300);
	assert_null(told(&w, "c@ex"));
	world_close(&w);
}

static void a_dispute_outlives_a_restart(void **state)
{
	struct place p;
	struct world w;
	char code[IDENT_CODE];

	(void)state;
	place_make(&p);
	world_open(&w, p.url);
	stolen(&w);
	memcpy(code, shown_code(&w, "t@ex/r"), sizeof(code));
	world_restart(&w, p.url);
	assert_true(thing_of(&w, "t@ex")->disputed);
	type_code(&w, A, code);
	world_restart(&w, p.url);
	wait_ms(&w, 10 * MINUTE);
	assert_string_equal(owner_of(&w, "t@ex"), "a@ex");
	world_close(&w);
	place_remove(&p);
}

/* ---- all orders ---- */

/*
 * T is the true thing, before A; T' is M's, with the same tags.  Every order
 * of these steps: T' is never anybody's but M's own unless a question about
 * it was answered, and M never owns T but by coming first; what A typed from
 * T is enough to have T.
 */
enum step { REG_T, REG_TWIN, A_MINE, M_MINE, A_TYPES, M_TYPES, T_LEAVES, A_WAITS, STEPS };

struct orders {
	struct world w;
	char seen[IDENT_CODE];	/* what T showed A last */
	bool a_typed;
};

static void do_step(struct orders *o, enum step s)
{
	struct world *w = &o->w;

	switch (s) {
	case REG_T:
		reg_ours(w, "t@ex/r", "k", "code");
		break;
	case REG_TWIN:
		reg_ours(w, "twin@ex/r", "k", "code");
		break;
	case A_MINE:
		mine(w, A, "k");
		wait_ms(w, 300);
		break;
	case M_MINE:
		mine(w, M, "k");
		wait_ms(w, 300);
		break;
	case A_TYPES:
		memcpy(o->seen, shown_code(w, "t@ex/r"), sizeof(o->seen));
		if (o->seen[0] != '\0')
			type_code(w, A, o->seen);
		o->a_typed = o->a_typed || o->seen[0] != '\0';
		break;
	case M_TYPES:
		/* He sees only his own. */
		if (shown_code(w, "twin@ex/r")[0] != '\0')
			type_code(w, M, shown_code(w, "twin@ex/r"));
		break;
	case T_LEAVES:
		unregister(w, "t@ex/r");
		break;
	default:
		wait_ms(w, 10 * MINUTE);
	}
}

static void never(struct orders *o, bool m_came_first)
{
	const char *t = owner_of(&o->w, "t@ex"), *twin = owner_of(&o->w, "twin@ex");

	/* M owns the true thing only by a plain claim before anybody else's. */
	if (strcmp(t, "m@ex") == 0)
		assert_true(m_came_first);
	/* A is bound to the impostor only where it was alone with its tags. */
	if (strcmp(twin, "a@ex") == 0)
		assert_false(o->a_typed && strcmp(t, "a@ex") == 0);
	/* One digest, one owner, except where a question was answered for each. */
	if (strcmp(t, "nobody") != 0 && strcmp(twin, "nobody") != 0)
		assert_string_not_equal(t, twin);
}

static void run_order(const enum step *order, size_t n)
{
	struct orders o = { .a_typed = false };
	bool m_first = false, alone_twin = false;

	world_open(&o.w, "sqlite::memory:");
	for (size_t i = 0; i < n; i++) {
		const struct owned *t = thing_of(&o.w, "t@ex"), *twin = thing_of(&o.w, "twin@ex");
		bool twin_there = twin != NULL && twin->listed && twin->state == OWNED_NOBODY;
		bool t_there = t != NULL && t->listed && t->state == OWNED_NOBODY;
		char before[64];

		snprintf(before, sizeof(before), "%s", owner_of(&o.w, "twin@ex"));
		m_first = m_first || (order[i] == M_MINE && t_there && !twin_there);
		alone_twin = order[i] == A_MINE && twin_there && !t_there;
		do_step(&o, order[i]);
		never(&o, m_first);
		/* The impostor becomes A's by a plain claim of a lone record, or never. */
		if (strcmp(before, "a@ex") != 0 && strcmp(owner_of(&o.w, "twin@ex"), "a@ex") == 0)
			assert_true(alone_twin);
	}
	world_close(&o.w);
}

static void att_C_10__in_no_order_is_an_impostor_bound_without_an_answer(void **state)
{
	enum step order[6];
	size_t depth = getenv("KITH_LONG") != NULL ? 5 : 4;

	(void)state;
	for (size_t d = 1, all = STEPS; d <= depth; d++, all *= STEPS) {
		for (size_t i = 0; i < all; i++) {
			size_t rest = i;

			for (size_t k = 0; k < d; k++, rest /= STEPS)
				order[k] = (enum step)(rest % STEPS);
			/* Before the first registration nothing can happen. */
			if (order[0] == REG_T || order[0] == REG_TWIN)
				run_order(order, d);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(att_C_07__twins_are_told_apart_by_the_code_that_one_shows),
		cmocka_unit_test(ours_among_twins_are_asked_for_a_new_key_and_the_old_one_is_no_good),
		cmocka_unit_test(att_D_06__that_a_thing_was_copied_is_noted_once_until_it_is_over),
		cmocka_unit_test(a_button_is_pressed_in_a_rhythm_told_only_to_the_claimant),
		cmocka_unit_test(any_other_thing_is_switched_off_and_on_at_times_told_only_to_him),
		cmocka_unit_test(two_that_do_it_both_make_an_alarm_and_no_owner),
		cmocka_unit_test(what_was_seen_across_a_gap_of_the_stream_counts_for_nothing),
		cmocka_unit_test(att_R_02__a_thousand_twins_of_one_address_push_nobody_out),
		cmocka_unit_test(att_C_11__a_used_key_claims_only_together_with_the_thing),
		cmocka_unit_test(att_C_04__a_guessed_short_key_needs_the_thing_and_a_long_one_does_not),
		cmocka_unit_test(att_C_04__ninety_nine_wrong_keys_change_nothing),
		cmocka_unit_test(att_C_04__who_fails_too_often_hears_it_later_and_a_good_claim_at_once),
		cmocka_unit_test(att_C_03__every_refusal_is_the_same_bytes_and_writes_nothing),
		cmocka_unit_test(a_claimant_is_asked_three_times_an_hour),
		cmocka_unit_test(a_question_and_its_code_outlive_a_restart),
		cmocka_unit_test(a_code_is_good_for_its_ten_minutes),
		cmocka_unit_test(att_C_07__a_twin_after_the_claim_is_shown_to_the_owner_only),
		cmocka_unit_test(the_address_the_owner_stands_before_becomes_his),
		cmocka_unit_test(unanswered_the_owner_keeps_what_he_has),
		cmocka_unit_test(att_C_24__who_alone_shows_the_thing_within_a_day_has_it),
		cmocka_unit_test(the_owner_who_shows_it_keeps_it),
		cmocka_unit_test(when_both_show_it_a_person_decides),
		cmocka_unit_test(after_a_day_nobody_disputes_and_a_dispute_ends_for_the_owner),
		cmocka_unit_test(a_disputed_thing_stays_on_the_list_and_with_its_owner),
		cmocka_unit_test(a_dispute_outlives_a_restart),
		cmocka_unit_test(att_C_10__in_no_order_is_an_impostor_bound_without_an_answer),
	};

	return cmocka_run_group_tests_name("showing", tests, NULL, NULL);
}
