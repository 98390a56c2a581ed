/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account_test: who deleted his account is not who makes it anew: doubt, the
 * ownership code, recovery.
 */
#include "config.h"

#include "tests/unit/turnover_support.h"

#include "registry/account.h"

/* ---- pure ---- */

static void doubt_grows_and_only_a_proof_ends_it(void **state)
{
	(void)state;
	assert_int_equal(account_after(DOUBT_NONE, SIGN_UNSUBSCRIBED, false), DOUBT_AWAY);
	assert_int_equal(account_after(DOUBT_NONE, SIGN_UNSUBSCRIBE, false), DOUBT_NONE);
	assert_int_equal(account_after(DOUBT_NONE, SIGN_UNSUBSCRIBE, true), DOUBT_GONE);
	assert_int_equal(account_after(DOUBT_AWAY, SIGN_UNSUBSCRIBE, false), DOUBT_AWAY);
	assert_int_equal(account_after(DOUBT_AWAY, SIGN_GONE, false), DOUBT_GONE);
	assert_int_equal(account_after(DOUBT_GONE, SIGN_UNSUBSCRIBED, false), DOUBT_GONE);
}

static void what_an_account_in_doubt_may_do(void **state)
{
	static const bool may[3][3] = {
		[DOUBT_NONE] = { true, true, true },
		[DOUBT_AWAY] = { true, true, false },
		[DOUBT_GONE] = { true, false, false },
	};

	(void)state;
	for (int d = 0; d < 3; d++)
		for (int a = 0; a < 3; a++)
			assert_int_equal(account_may((enum person_doubt)d, (enum account_act)a),
			    may[d][a]);
}

static void a_code_is_read_as_people_type_it(void **state)
{
	char shown[ACCOUNT_CODE], back[IDENT_TEXT];
	const char code[IDENT_TEXT] = "abcdefghijklmnopqrstuvwxyz";

	(void)state;
	account_code_show(shown, code);
	assert_string_equal(shown, "abcde-fghij-klmno-pqrst-uvwxy-z");
	assert_int_equal(account_code_fold(back, shown), 0);
	assert_string_equal(back, code);
	assert_int_equal(account_code_fold(back, "ABCDE fghij klmno PQRST uvwxyz"), 0);
	assert_string_equal(back, code);
	assert_int_equal(account_code_fold(back, "abcde"), -1);
	assert_int_equal(account_code_fold(back, "abcde-fghij-klmno-pqrst-uvwxy-zz"), -1);
	assert_int_equal(account_code_fold(back, "abcde-fghij-klmno-pqrst-uvwxy-1"), -1);
}

/* ---- in the registry ---- */

static void heard(struct world *w, const char *xml)
{
	struct request q;

	parse(w, xml, &q);
	assert_true(registry_writes(&q));
	MUST(store_begin(w->store, &test_err));
	MUST(registry_account_heard(w->registry, &q, &test_err));
	MUST(store_commit(w->store, &test_err));
}

static void gone(struct world *w, const char *bare)
{
	char xml[512];

	snprintf(xml, sizeof(xml), "<presence type='error' from='%s' to='desk@reg.ex'>"
	    "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
	    "</presence>", bare);
	heard(w, xml);
}

static void takes_back(struct world *w, const char *bare, const char *type)
{
	char xml[256];

	snprintf(xml, sizeof(xml), "<presence type='%s' from='%s' to='desk@reg.ex'/>", type, bare);
	heard(w, xml);
}

/* A claim by chat; the code it brought. */
static const char *claim_in_chat(struct world *w, const char *bare, const char *key)
{
	static char code[ACCOUNT_CODE];
	struct request q;
	struct reply r = { 0 };
	char xml[2048];

	snprintf(xml, sizeof(xml), "<iq type='set' from='%s/c' to='reg.ex' id='m'><mine xmlns='" X
	    "'>%s</mine></iq>", bare, tags_of(key));
	parse(w, xml, &q);
	q.kind = STANZA_MESSAGE;
	MUST(store_begin(w->store, &test_err));
	MUST(registry_serve(w->registry, &q, &r, &test_err));
	MUST(store_commit(w->store, &test_err));
	assert_int_equal(r.kind, REPLY_RESULT);
	snprintf(code, sizeof(code), "%s", r.u.claimed.code != NULL ? r.u.claimed.code : "");
	return code;
}

static void the_first_claim_in_chat_brings_a_code_the_next_does_not(void **state)
{
	struct world w;
	char code[ACCOUNT_CODE];

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, THING, "k");
	reg(&w, "u@ex/r", "k2");
	snprintf(code, sizeof(code), "%s", claim_in_chat(&w, "o@ex", "k"));
	assert_int_equal(strlen(code), 31);
	assert_string_equal(claim_in_chat(&w, "o@ex", "k2"), "");
	world_close(&w);
}

/* Nothing that is kept for sending later holds the code itself. */
static void a_claim_by_iq_is_followed_by_how_to_get_a_code(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	HAS(told(&w, "o@ex"), "send: ownership code");
	HAS(typed_word(&w, VERB_OWNERSHIP_CODE, "o@ex", NULL, NULL), "only this once");
	HAS(typed_word(&w, VERB_OWNERSHIP_CODE, "p@ex", NULL, NULL), "not-allowed");
	world_close(&w);
}

static void att_C_25__an_account_that_is_gone_decides_nothing(void **state)
{
	struct world w;
	struct place at;

	(void)state;
	place_make(&at);
	world_open(&w, at.url);
	claimed(&w);
	gone(&w, "o@ex");
	for (int pass = 0; pass < 2; pass++) {
		HAS(typed_transfer(&w, "o@ex", "t@ex", "p@ex", true), "forbidden");
		HAS(typed_about(&w, VERB_DISOWN, "o@ex", "t@ex", true, true), "forbidden");
		HAS(typed_about(&w, VERB_REMOVE, "o@ex", "t@ex", true, true), "forbidden");
		HAS(typed_word(&w, VERB_OWNERSHIP_CODE, "o@ex", NULL, NULL), "forbidden");
		HAS(typed_word(&w, VERB_UNDO, "o@ex", NULL, NULL), "forbidden");
		HAS(about(&w, OWNER, "disown", "t@ex"), "forbidden");
		HAS(about(&w, OWNER, "remove", "t@ex"), "forbidden");
		reg(&w, "u@ex/r", "k2");
		HAS(mine(&w, OWNER, "k2"), "item-not-found");
		assert_int_equal(thing_of(&w, "t@ex")->epoch, 2);
		assert_true(owned_by(thing_of(&w, "t@ex"), "o@ex"));
		assert_true(registry_account_is_gone(w.registry, "o@ex"));
		/* Also after a restart. */
		world_restart(&w, at.url);
	}
	world_close(&w);
	place_remove(&at);
}

static void who_took_his_subscription_back_proves_himself_for_grave_acts_only(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	takes_back(&w, "o@ex", "unsubscribed");
	assert_false(registry_account_is_gone(w.registry, "o@ex"));
	HAS(typed_about(&w, VERB_REMOVE, "o@ex", "t@ex", false, true), "done: ");
	HAS(typed_about(&w, VERB_DISOWN, "o@ex", "t@ex", true, true), "forbidden");
	HAS(typed_transfer(&w, "o@ex", "t@ex", "p@ex", true), "forbidden");
	assert_int_equal(thing_of(&w, "t@ex")->epoch, 2);
	world_close(&w);
}

static void both_together_are_a_deleted_account_one_later_is_not(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	takes_back(&w, "o@ex", "unsubscribe");
	w.time.boot += 60000;
	takes_back(&w, "o@ex", "unsubscribed");
	assert_false(registry_account_is_gone(w.registry, "o@ex"));
	takes_back(&w, "o@ex", "unsubscribe");
	assert_true(registry_account_is_gone(w.registry, "o@ex"));
	world_close(&w);
}

static void who_owns_nothing_is_never_in_doubt(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	gone(&w, "o@ex");
	assert_false(registry_account_is_gone(w.registry, "o@ex"));
	claimed(&w);
	gone(&w, "o@ex");
	reg(&w, THING, "k");
	typed_about(&w, VERB_DISOWN, "o@ex", "t@ex", true, true);
	assert_true(registry_account_is_gone(w.registry, "o@ex"));
	world_close(&w);
}

static void the_code_proves_it_once_and_brings_a_new_one(void **state)
{
	struct world w;
	char code[ACCOUNT_CODE];
	const char *said, *at;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, THING, "k");
	snprintf(code, sizeof(code), "%s", claim_in_chat(&w, "o@ex", "k"));
	gone(&w, "o@ex");
	HAS(typed_word(&w, VERB_PROVE, "p@ex", NULL, code), "item-not-found");
	HAS(typed_word(&w, VERB_PROVE, "o@ex", NULL, "aaaaa-bbbbb-ccccc-ddddd-eeeee-f"),
	    "item-not-found");
	HAS(typed_word(&w, VERB_PROVE, "o@ex", NULL, NULL), "item-not-found");
	assert_true(registry_account_is_gone(w.registry, "o@ex"));
	said = typed_word(&w, VERB_PROVE, "o@ex", NULL, code);
	HAS(said, "proves it");
	at = strstr(said, "this once, is ");
	assert_non_null(at);
	assert_false(registry_account_is_gone(w.registry, "o@ex"));
	HAS(typed_about(&w, VERB_DISOWN, "o@ex", "t@ex", true, false), "confirm");
	HAS(typed_word(&w, VERB_PROVE, "o@ex", NULL, code), "item-not-found");
	world_close(&w);
}

static void another_account_takes_over_with_the_code_at_once(void **state)
{
	struct world w;
	char code[ACCOUNT_CODE];

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, THING, "k");
	reg(&w, "u@ex/r", "k2");
	snprintf(code, sizeof(code), "%s", claim_in_chat(&w, "o@ex", "k"));
	claim_in_chat(&w, "o@ex", "k2");
	HAS(typed_word(&w, VERB_RECOVER, "new@ex", NULL, "aaaaa-bbbbb-ccccc-ddddd-eeeee-f"),
	    "item-not-found");
	HAS(typed_word(&w, VERB_RECOVER, "new@elsewhere.example", NULL, code), "not-allowed");
	HAS(typed_word(&w, VERB_RECOVER, "new@ex", NULL, code), "becomes yours");
	tick(&w);
	assert_int_equal(ownership_count_of_owner(w.ownership, "new@ex"), 2);
	assert_int_equal(ownership_count_of_owner(w.ownership, "o@ex"), 0);
	/* The lost account may be in other hands: the things are told to let go of it. */
	assert_int_equal(thing_of(&w, "t@ex")->state, OWNED_TURNING);
	HAS(pushed(&w), "<disowned");
	HAS(typed_word(&w, VERB_RECOVER, "thief@ex", NULL, code), "item-not-found");
	world_close(&w);
}

static const char *by_operator(struct world *w, const char *from, const char *to)
{
	static struct typed c;

	typed_begin(w, &c, VERB_RECOVER, "x@ex");
	c.q.by_operator = true;
	c.q.bare = c.q.from = NULL;
	c.q.u.desk.jid = from;
	c.q.u.desk.text = to;
	return typed_serve(w, &c);
}

static void the_operator_announces_a_week_before_and_the_owner_can_stop_it(void **state)
{
	struct world w;
	struct place at;
	char code[ACCOUNT_CODE];

	(void)state;
	place_make(&at);
	world_open(&w, at.url);
	reg(&w, THING, "k");
	snprintf(code, sizeof(code), "%s", claim_in_chat(&w, "o@ex", "k"));
	HAS(by_operator(&w, "o@ex", "new@ex"), "7 days");
	HAS(told(&w, "o@ex"), "In 7 days");
	w.time.wall += DAYS(7) - 1000;
	tick(&w);
	assert_true(owned_by(thing_of(&w, "t@ex"), "o@ex"));
	HAS(typed_word(&w, VERB_PROVE, "o@ex", NULL, code), "proves it");
	w.time.wall += DAYS(1);
	tick(&w);
	assert_true(owned_by(thing_of(&w, "t@ex"), "o@ex"));
	by_operator(&w, "o@ex", "new@ex");
	world_restart(&w, at.url);
	w.time.wall += DAYS(7);
	assert_true(registry_deadline(w.registry) <= w.time.wall);
	tick(&w);
	assert_true(owned_by(thing_of(&w, "t@ex"), "new@ex"));
	world_close(&w);
	place_remove(&at);
}

static void the_operator_may_vouch_for_an_account(void **state)
{
	static struct typed c;
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	gone(&w, "o@ex");
	for (int pass = 0; pass < 2; pass++) {
		typed_begin(&w, &c, VERB_PROVE, "x@ex");
		c.q.by_operator = true;
		c.q.bare = c.q.from = NULL;
		c.q.u.desk.jid = "o@ex";
		MUST(store_begin(w.store, &test_err));
		MUST(registry_operate(w.registry, &c.q, &c.r, &test_err));
		MUST(store_commit(w.store, &test_err));
		assert_int_equal(c.r.kind, pass == 0 ? REPLY_RESULT : REPLY_ERROR);
		assert_false(registry_account_is_gone(w.registry, "o@ex"));
	}
	world_close(&w);
}

/* O left with his code in his pocket; B has the name now, and gets a lamp as a gift. */
static void att_C_25__the_code_of_who_had_the_name_before_takes_nothing(void **state)
{
	struct world w;
	char code[ACCOUNT_CODE];

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, THING, "k");
	snprintf(code, sizeof(code), "%s", claim_in_chat(&w, "o@ex", "k"));
	HAS(typed_about(&w, VERB_DISOWN, "o@ex", "t@ex", true, true), "done");
	reg(&w, "gift@ex/r", "g");
	mine(&w, "p@ex/c", "g");
	HAS(typed_transfer(&w, "p@ex", "gift@ex", "o@ex", true), "done");
	HAS(typed_code(&w, "o@ex", told_code(&w, "o@ex"), ANSWER_YES), "done");
	assert_true(owned_by(thing_of(&w, "gift@ex"), "o@ex"));
	HAS(typed_word(&w, VERB_RECOVER, "elsewhere@ex", NULL, code), "item-not-found");
	tick(&w);
	assert_true(owned_by(thing_of(&w, "gift@ex"), "o@ex"));
	world_close(&w);
}

/* Whoever has the address of an owner who left begins anew. */
static void an_address_without_things_begins_anew(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	gone(&w, "o@ex");
	HAS(by_operator(&w, "o@ex", "new@ex"), "7 days");
	w.time.wall += DAYS(7);
	tick(&w);
	assert_false(registry_account_is_gone(w.registry, "o@ex"));
	reg(&w, "u@ex/r", "k2");
	assert_int_equal(strlen(claim_in_chat(&w, "o@ex", "k2")), 31);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doubt_grows_and_only_a_proof_ends_it),
		cmocka_unit_test(what_an_account_in_doubt_may_do),
		cmocka_unit_test(a_code_is_read_as_people_type_it),
		cmocka_unit_test(the_first_claim_in_chat_brings_a_code_the_next_does_not),
		cmocka_unit_test(a_claim_by_iq_is_followed_by_how_to_get_a_code),
		cmocka_unit_test(att_C_25__an_account_that_is_gone_decides_nothing),
		cmocka_unit_test(who_took_his_subscription_back_proves_himself_for_grave_acts_only),
		cmocka_unit_test(both_together_are_a_deleted_account_one_later_is_not),
		cmocka_unit_test(who_owns_nothing_is_never_in_doubt),
		cmocka_unit_test(the_code_proves_it_once_and_brings_a_new_one),
		cmocka_unit_test(another_account_takes_over_with_the_code_at_once),
		cmocka_unit_test(the_operator_announces_a_week_before_and_the_owner_can_stop_it),
		cmocka_unit_test(the_operator_may_vouch_for_an_account),
		cmocka_unit_test(att_C_25__the_code_of_who_had_the_name_before_takes_nothing),
		cmocka_unit_test(an_address_without_things_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
