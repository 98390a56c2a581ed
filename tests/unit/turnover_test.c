/* SPDX-License-Identifier: Apache-2.0 */
/*
 * turnover_test: how things lose or change their owners: tombstones, transfers,
 * unregistering and its undo, with answers lost, doubled, late, and restarts.
 */
#include "config.h"

#include "tests/unit/turnover_support.h"

#include "tests/unit/unit.h"

/* ---- tombstone ---- */

static void disowning_a_thing_that_is_away_shows_its_effect_first(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	HAS(typed_about(&w, VERB_DISOWN, "o@ex", "t@ex", true, false), "confirm: Nobody would own");
	assert_int_equal(thing_of(&w, "t@ex")->state, OWNED);
	assert_int_equal(thing_of(&w, "t@ex")->epoch, 2);
	HAS(typed_about(&w, VERB_DISOWN, "o@ex", "t@ex", true, true), "done: ");
	assert_int_equal(thing_of(&w, "t@ex")->state, OWNED_TOMBSTONE);
	assert_int_equal(thing_of(&w, "t@ex")->epoch, 3);
	assert_null(thing_of(&w, "t@ex")->owner);
	assert_int_equal(ownership_count_of_owner(w.ownership, "o@ex"), 0);
	/* Typed again, there is no such thing of his. */
	HAS(typed_about(&w, VERB_DISOWN, "o@ex", "t@ex", true, true), "item-not-found");
	world_close(&w);
}

static void att_C_15__nobody_else_disowns_it_in_chat(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	HAS(typed_about(&w, VERB_DISOWN, "p@ex", "t@ex", true, true), "item-not-found");
	HAS(typed_about(&w, VERB_REMOVE, "p@ex", "t@ex", false, true), "item-not-found");
	assert_int_equal(thing_of(&w, "t@ex")->epoch, 2);
	assert_true(thing_of(&w, "t@ex")->listed);
	world_close(&w);
}

static void a_tombstone_is_nobodys_until_the_thing_has_heard(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	typed_about(&w, VERB_DISOWN, "o@ex", "t@ex", true, true);
	HAS(mine(&w, OTHER, "k"), "item-not-found");
	HAS(mine(&w, OWNER, "k"), "item-not-found");
	HAS(pushed(&w), "<disowned");
	ack(&w, THING, push_id(&w));
	assert_int_equal(thing_of(&w, "t@ex")->state, OWNED_NOBODY);
	assert_null(thing_of(&w, "t@ex")->former);
	HAS(told_about(&w, "o@ex", "has heard"), "no longer yours");
	/* The old KEY is spent, a new one is free to be claimed. */
	reg(&w, THING, "k");
	HAS(mine(&w, OTHER, "k"), "item-not-found");
	reg(&w, THING, "new");
	HAS(mine(&w, OTHER, "new"), "t@ex");
	world_close(&w);
}

static void a_tombstone_ends_when_the_thing_registers_and_is_told(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	typed_about(&w, VERB_DISOWN, "o@ex", "t@ex", true, true);
	HAS(reg(&w, THING, "new"), "<disowned");
	assert_int_equal(thing_of(&w, "t@ex")->state, OWNED_NOBODY);
	HAS_NOT(pushed(&w), "<disowned");
	HAS_NOT(reg(&w, THING, "new"), "<disowned");
	HAS(mine(&w, OTHER, "new"), "t@ex");
	world_close(&w);
}

static void a_tombstone_ends_when_the_thing_updates_and_is_told(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	typed_about(&w, VERB_DISOWN, "o@ex", "t@ex", true, true);
	HAS(say(&w, "<iq type='set' from='" THING "' to='reg.ex' id='u'><update xmlns='" X "'>"
	    "<str name='A' value='b'/></update></iq>"), "<disowned");
	assert_int_equal(thing_of(&w, "t@ex")->state, OWNED_NOBODY);
	world_close(&w);
}

static void a_tombstone_survives_a_restart_and_an_unregister(void **state)
{
	struct world w;
	struct place at;

	(void)state;
	place_make(&at);
	world_open(&w, at.url);
	claimed(&w);
	typed_about(&w, VERB_DISOWN, "o@ex", "t@ex", true, true);
	world_restart(&w, at.url);
	assert_int_equal(thing_of(&w, "t@ex")->state, OWNED_TOMBSTONE);
	unregister(&w, THING);
	assert_int_equal(thing_of(&w, "t@ex")->state, OWNED_TOMBSTONE);
	HAS(reg(&w, THING, "new"), "<disowned");
	world_close(&w);
	place_remove(&at);
}

static void a_tombstone_answers_whoever_waited_for_an_online_disown(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	assert_string_equal(about(&w, OWNER, "disown", "t@ex"), "");
	typed_about(&w, VERB_DISOWN, "o@ex", "t@ex", true, true);
	buf_reset(&w.out);
	registry_released(w.registry, &w.out);
	HAS(buf_str(&w.out), "type=\"result\"");
	assert_int_equal(thing_of(&w, "t@ex")->epoch, 3);
	world_close(&w);
}

static void disowning_in_chat_asks_a_thing_that_is_there(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	HAS(typed_about(&w, VERB_DISOWN, "o@ex", "t@ex", false, true), "asked");
	HAS(pushed(&w), "<disowned");
	ack(&w, THING, push_id(&w));
	assert_int_equal(thing_of(&w, "t@ex")->state, OWNED_NOBODY);
	HAS(told_about(&w, "o@ex", "let go"), "no longer yours");
	world_close(&w);
}

static void att_C_12__disowning_one_that_is_away_says_how_to(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	say(&w, "<presence type='subscribed' from='t@ex' to='reg.ex'/>");
	say(&w, "<presence from='" THING "' to='reg.ex'/>");
	say(&w, "<presence type='unavailable' from='" THING "' to='reg.ex'/>");
	HAS(typed_about(&w, VERB_DISOWN, "o@ex", "t@ex", false, true), "not-allowed");
	HAS(typed_about(&w, VERB_DISOWN, "o@ex", "t@ex", false, true), "offline");
	HAS(about(&w, OWNER, "disown", "t@ex"), "not-allowed");
	assert_int_equal(thing_of(&w, "t@ex")->epoch, 2);
	world_close(&w);
}

/* ---- transfer ---- */

static void offer(struct world *w)
{
	HAS(typed_transfer(w, "o@ex", "t@ex", "p@ex", true), "done: ");
}

static void a_transfer_shows_its_effect_waits_for_the_other_and_is_one_row(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	HAS(typed_transfer(&w, "o@ex", "t@ex", "p@ex", false), "confirm: ");
	assert_null(thing_of(&w, "t@ex")->held_for);
	assert_string_equal(told(&w, "p@ex"), "");
	offer(&w);
	assert_true(owned_by(thing_of(&w, "t@ex"), "o@ex"));
	assert_int_equal(thing_of(&w, "t@ex")->epoch, 2);
	HAS(told(&w, "p@ex"), "o@ex wants to give you");
	HAS(typed_code(&w, "p@ex", told_code(&w, "p@ex"), ANSWER_YES), "may still obey o@ex");
	assert_true(owned_by(thing_of(&w, "t@ex"), "p@ex"));
	assert_false(owned_by(thing_of(&w, "t@ex"), "o@ex"));
	assert_int_equal(thing_of(&w, "t@ex")->epoch, 3);
	assert_int_equal(thing_of(&w, "t@ex")->state, OWNED_TURNING);
	HAS(told_about(&w, "o@ex", "accepted"), "p@ex");
	/* The code worked once. */
	HAS(typed_code(&w, "p@ex", told_code(&w, "p@ex"), ANSWER_YES), "item-not-found");
	world_close(&w);
}

static void the_thing_hears_disowned_clear_cache_claimed_each_after_the_other(void **state)
{
	struct world w;
	const char *said;

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	offer(&w);
	typed_code(&w, "p@ex", told_code(&w, "p@ex"), ANSWER_YES);
	said = pushed(&w);
	HAS(said, "<disowned");
	HAS_NOT(said, "clearCache");
	HAS_NOT(said, "<claimed");
	ack(&w, THING, push_id(&w));
	said = pushed(&w);
	HAS(said, "<clearCache");
	HAS(said, "urn:xmpp:iot:provisioning");
	HAS_NOT(said, "<disowned");
	HAS_NOT(said, "<claimed");
	assert_int_equal(thing_of(&w, "t@ex")->state, OWNED_TURNING);
	ack(&w, THING, push_id(&w));
	assert_int_equal(thing_of(&w, "t@ex")->state, OWNED);
	assert_int_equal(thing_of(&w, "t@ex")->epoch, 3);
	assert_null(thing_of(&w, "t@ex")->former);
	HAS(told_about(&w, "p@ex", "has heard"), "o@ex");
	said = pushed(&w);
	HAS(said, "<claimed");
	HAS(said, "jid=\"p@ex\"");
	ack(&w, THING, push_id(&w));
	HAS_NOT(pushed(&w), "<claimed");
	world_close(&w);
}

static void a_turning_thing_is_told_by_the_answer_and_the_new_key_is_kept(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	offer(&w);
	typed_code(&w, "p@ex", told_code(&w, "p@ex"), ANSWER_YES);
	HAS(reg(&w, THING, "k"), "<disowned");
	HAS_NOT(pushed(&w), "<disowned");
	HAS(reg(&w, THING, "new"), "<disowned");
	/* Neither KEY claims it. */
	HAS(mine(&w, "m@ex/c", "k"), "item-not-found");
	HAS(mine(&w, "m@ex/c", "new"), "item-not-found");
	HAS(pushed(&w), "<clearCache");
	ack(&w, THING, push_id(&w));
	HAS(reg(&w, THING, "new"), "jid=\"p@ex\"");
	world_close(&w);
}

static void a_turning_thing_is_not_passed_on_disowned_or_found(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	offer(&w);
	typed_code(&w, "p@ex", told_code(&w, "p@ex"), ANSWER_YES);
	HAS(typed_transfer(&w, "p@ex", "t@ex", "o@ex", true), "not-allowed");
	HAS(typed_about(&w, VERB_DISOWN, "p@ex", "t@ex", true, true), "not-allowed");
	HAS(about(&w, OTHER, "disown", "t@ex"), "not-allowed");
	HAS(typed_about(&w, VERB_DISOWN, "o@ex", "t@ex", true, true), "item-not-found");
	HAS(typed_transfer(&w, "o@ex", "t@ex", "m@ex", true), "item-not-found");
	HAS_NOT(find(&w, "<strEq name='MAN' value='www.ktc.se'/>"), "t@ex");
	assert_int_equal(thing_of(&w, "t@ex")->epoch, 3);
	world_close(&w);
}

static void removed_while_it_turns_over_it_stays_off_the_list(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	offer(&w);
	typed_code(&w, "p@ex", told_code(&w, "p@ex"), ANSWER_YES);
	HAS(about(&w, OTHER, "remove", "t@ex"), "result");
	assert_false(thing_of(&w, "t@ex")->listed);
	reg(&w, THING, "fresh");
	assert_false(thing_of(&w, "t@ex")->listed);
	hear_all(&w, THING);
	assert_int_equal(thing_of(&w, "t@ex")->state, OWNED);
	assert_false(thing_of(&w, "t@ex")->listed);
	world_close(&w);
}

static void att_H_03__an_offer_is_accepted_by_its_addressee_only_and_for_a_week(void **state)
{
	struct world w;
	char code[IDENT_CODE];

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	offer(&w);
	snprintf(code, sizeof(code), "%s", told_code(&w, "p@ex"));
	HAS(typed_code(&w, "m@ex", code, ANSWER_YES), "item-not-found");
	HAS(typed_code(&w, "o@ex", code, ANSWER_YES), "item-not-found");
	HAS(typed_code(&w, "p@ex", "AAAA-AAAA", ANSWER_YES), "item-not-found");
	w.time.wall += DAYS(7);
	HAS(typed_code(&w, "p@ex", code, ANSWER_YES), "item-not-found");
	assert_true(owned_by(thing_of(&w, "t@ex"), "o@ex"));
	world_close(&w);
}

static void an_offer_is_refused_withdrawn_or_made_to_somebody_else(void **state)
{
	struct world w;
	char code[IDENT_CODE];

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	offer(&w);
	HAS(typed_code(&w, "p@ex", told_code(&w, "p@ex"), ANSWER_NO), "nothing changed");
	HAS(told_about(&w, "o@ex", "does not want"), "p@ex");
	assert_null(thing_of(&w, "t@ex")->held_for);
	offer(&w);
	snprintf(code, sizeof(code), "%s", told_code(&w, "p@ex"));
	HAS(typed_transfer(&w, "o@ex", "t@ex", "o@ex", true), "offered to nobody");
	HAS(typed_code(&w, "p@ex", code, ANSWER_YES), "item-not-found");
	offer(&w);
	snprintf(code, sizeof(code), "%s", told_code(&w, "p@ex"));
	typed_transfer(&w, "o@ex", "t@ex", "m@ex", true);
	HAS(typed_code(&w, "p@ex", code, ANSWER_YES), "item-not-found");
	HAS(typed_code(&w, "m@ex", told_code(&w, "m@ex"), ANSWER_YES), "yours here");
	assert_true(owned_by(thing_of(&w, "t@ex"), "m@ex"));
	world_close(&w);
}

static void a_transfer_to_who_cannot_own_is_refused_in_words(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	HAS(typed_transfer(&w, "o@ex", "t@ex", "p@elsewhere.example", true), "cannot own");
	assert_string_equal(told(&w, "p@elsewhere.example"), "");
	assert_null(thing_of(&w, "t@ex")->held_for);
	world_close(&w);
}

static void an_offer_ends_with_the_ownership_it_was_made_in(void **state)
{
	struct world w;
	char code[IDENT_CODE];

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	offer(&w);
	snprintf(code, sizeof(code), "%s", told_code(&w, "p@ex"));
	typed_about(&w, VERB_DISOWN, "o@ex", "t@ex", true, true);
	HAS(typed_code(&w, "p@ex", code, ANSWER_YES), "item-not-found");
	reg(&w, THING, "new");
	mine(&w, OWNER, "new");
	/* His again, in another epoch. */
	HAS(typed_code(&w, "p@ex", code, ANSWER_YES), "item-not-found");
	assert_true(owned_by(thing_of(&w, "t@ex"), "o@ex"));
	world_close(&w);
}

static void a_disputed_or_held_thing_does_not_go(void **state)
{
	struct world w;
	struct owned t;

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	t = *thing_of(&w, "t@ex");
	t.disputed = true;
	MUST(store_begin(w.store, &test_err));
	MUST(ownership_put(w.ownership, &t, &test_err));
	MUST(store_commit(w.store, &test_err));
	HAS(typed_transfer(&w, "o@ex", "t@ex", "p@ex", true), "disputed");
	HAS(typed_about(&w, VERB_DISOWN, "o@ex", "t@ex", true, true), "disputed");
	HAS(typed_about(&w, VERB_REMOVE, "o@ex", "t@ex", true, true), "disputed");
	HAS(about(&w, OWNER, "disown", "t@ex"), "not-allowed");
	HAS(about(&w, OWNER, "remove", "t@ex"), "not-allowed");
	t = *thing_of(&w, "t@ex");
	t.disputed = false;
	t.hold = HOLD_FROZEN;
	MUST(store_begin(w.store, &test_err));
	MUST(ownership_put(w.ownership, &t, &test_err));
	MUST(store_commit(w.store, &test_err));
	HAS(typed_transfer(&w, "o@ex", "t@ex", "p@ex", true), "held");
	assert_int_equal(thing_of(&w, "t@ex")->epoch, 2);
	world_close(&w);
}

/* Two hundred in one act: all of them or none. */
#define MANY 200
static void row_B15__two_hundred_things_go_in_one_transaction(void **state)
{
	static uint8_t ids[MANY][16];
	struct world w;
	struct typed c;
	char full[32], key[32], bare[32];

	(void)state;
	world_open(&w, "sqlite::memory:");
	for (int i = 0; i < MANY; i++) {
		snprintf(full, sizeof(full), "t%d@ex/r", i);
		snprintf(bare, sizeof(bare), "t%d@ex", i);
		snprintf(key, sizeof(key), "k%d", i);
		reg(&w, full, key);
		mine(&w, OWNER, key);
		memcpy(ids[i], thing_of(&w, bare)->id, sizeof(ids[i]));
	}
	for (int pass = 0; pass < 2; pass++) {
		typed_begin(&w, &c, VERB_TRANSFER, "o@ex");
		c.q.u.desk.n_things = MANY;
		c.q.u.desk.things = (const uint8_t (*)[16])ids;
		c.q.u.desk.jid = "p@ex";
		c.q.u.desk.confirmed = pass == 1;
		HAS(typed_serve(&w, &c), pass == 1 ? "has been asked" : "200 things would go");
	}
	HAS(typed_code(&w, "p@ex", told_code(&w, "p@ex"), ANSWER_YES), "200 things are yours");
	assert_int_equal(ownership_count_of_owner(w.ownership, "p@ex"), MANY);
	assert_int_equal(ownership_count_of_owner(w.ownership, "o@ex"), 0);
	world_close(&w);
}

static void of_many_things_all_go_or_none(void **state)
{
	uint8_t ids[2][16];
	struct world w;
	struct typed c;
	char code[IDENT_CODE];

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	reg(&w, "u@ex/r", "k2");
	mine(&w, OWNER, "k2");
	memcpy(ids[0], thing_of(&w, "t@ex")->id, 16);
	memcpy(ids[1], thing_of(&w, "u@ex")->id, 16);
	typed_begin(&w, &c, VERB_TRANSFER, "o@ex");
	c.q.u.desk.n_things = 2;
	c.q.u.desk.things = (const uint8_t (*)[16])ids;
	c.q.u.desk.jid = "p@ex";
	c.q.u.desk.confirmed = true;
	typed_serve(&w, &c);
	snprintf(code, sizeof(code), "%s", told_code(&w, "p@ex"));
	typed_about(&w, VERB_DISOWN, "o@ex", "u@ex", true, true);
	HAS(typed_code(&w, "p@ex", code, ANSWER_YES), "not on offer");
	assert_true(owned_by(thing_of(&w, "t@ex"), "o@ex"));
	/* His again, and offered again: the code of before is about another ownership. */
	reg(&w, "u@ex/r", "k3");
	mine(&w, OWNER, "k3");
	typed_transfer(&w, "o@ex", "u@ex", "p@ex", true);
	HAS(typed_code(&w, "p@ex", code, ANSWER_YES), "not on offer");
	assert_true(owned_by(thing_of(&w, "u@ex"), "o@ex"));
	world_close(&w);
}

/* ---- faults: answers lost, doubled, late; restarts in between ---- */

enum fault { FAULT_NONE, FAULT_DROP, FAULT_TWICE, FAULT_RESTART, FAULT_ERROR, FAULTS };

/* One push goes out and the thing answers, the network being what it is. */
static void deliver(struct world *w, enum fault f, const char *url)
{
	char id[DEBT_ID];

	if (strstr(pushed(w), "id=\"d-") == NULL)
		return;
	snprintf(id, sizeof(id), "%s", push_id(w));
	if (f == FAULT_RESTART) {
		world_restart(w, url);
		say(w, "<presence from='" THING "' to='reg.ex'/>");
	}
	if (f == FAULT_DROP)
		return;
	if (f == FAULT_ERROR) {
		say(w, "<iq type='error' from='" THING "' to='reg.ex' id='%s'><error type='cancel'>"
		    "<internal-server-error xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
		    "</iq>", id);
		return;
	}
	ack(w, THING, id);
	if (f == FAULT_TWICE)
		ack(w, THING, id);
}

static void att_C_13__a_transfer_converges_whatever_happens_to_its_stanzas(void **state)
{
	struct world w;
	struct place at;

	(void)state;
	for (int n = 0; n < FAULTS * FAULTS * FAULTS; n++) {
		place_make(&at);
		world_open(&w, at.url);
		claimed(&w);
		offer(&w);
		typed_code(&w, "p@ex", told_code(&w, "p@ex"), ANSWER_YES);
		deliver(&w, (enum fault)(n % FAULTS), at.url);
		assert_true(owned_by(thing_of(&w, "t@ex"), "p@ex"));
		deliver(&w, (enum fault)(n / FAULTS % FAULTS), at.url);
		deliver(&w, (enum fault)(n / FAULTS / FAULTS), at.url);
		hear_all(&w, THING);
		assert_int_equal(thing_of(&w, "t@ex")->state, OWNED);
		assert_true(owned_by(thing_of(&w, "t@ex"), "p@ex"));
		assert_int_equal(thing_of(&w, "t@ex")->epoch, 3);
		HAS(reg(&w, THING, "k"), "jid=\"p@ex\"");
		world_close(&w);
		place_remove(&at);
	}
}

static void att_C_14__only_the_thing_itself_says_that_it_has_heard(void **state)
{
	struct world w;
	char id[DEBT_ID];

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	offer(&w);
	typed_code(&w, "p@ex", told_code(&w, "p@ex"), ANSWER_YES);
	HAS(pushed(&w), "<disowned");
	snprintf(id, sizeof(id), "%s", push_id(&w));
	ack(&w, "m@ex/r", id);
	ack(&w, "t@ex", id);
	ack(&w, THING, "d-1-AAAAAAAA.0-00000000000000000000000000000000");
	HAS(pushed(&w), "<disowned");
	/* An answer of the former stage says nothing about the next. */
	ack(&w, THING, id);
	HAS(pushed(&w), "<clearCache");
	ack(&w, THING, id);
	HAS(pushed(&w), "<clearCache");
	assert_int_equal(thing_of(&w, "t@ex")->state, OWNED_TURNING);
	world_close(&w);
}

static void att_C_13__disowned_online_both_sides_agree_in_the_end(void **state)
{
	struct world w;
	struct place at;
	bool thing_let_go;

	(void)state;
	for (int n = 0; n < FAULTS * 2; n++) {
		enum fault f = (enum fault)(n % FAULTS);
		bool late = n >= FAULTS;

		place_make(&at);
		world_open(&w, at.url);
		claimed(&w);
		about(&w, OWNER, "disown", "t@ex");
		/* The deadline may pass before the answer comes. */
		if (late) {
			HAS(pushed(&w), "<disowned");
			w.time.wall += 5000;
			tick(&w);
		}
		deliver(&w, f, at.url);
		hear_all(&w, THING);
		w.time.wall += 5000;
		tick(&w);
		hear_all(&w, THING);
		/* What the registry tells the thing now is what it believes itself. */
		thing_let_go = thing_of(&w, "t@ex")->owner == NULL;
		HAS(reg(&w, THING, thing_let_go ? "new" : "k"), thing_let_go ? "type=\"result\"" :
		    "jid=\"o@ex\"");
		assert_int_equal(debt_find(w.debts, DEBT_OWNER, "t@ex", "") != NULL, 0);
		world_close(&w);
		place_remove(&at);
	}
}

/* ---- interleavings ---- */

enum act { ACT_OFFER, ACT_ACCEPT, ACT_REFUSE, ACT_GIVE_UP, ACT_UNREGISTER, ACT_REGISTER, ACT_HEAR,
	ACT_RESTART, ACT_CLAIM, ACT_UNDO, ACT_IQ_DISOWN, ACT_LATE, ACTS };

struct game {
	struct world w;
	struct place at;
	unsigned key;
	uint64_t epoch;
	char owner[32];
};

static void play(struct game *g, enum act a)
{
	struct world *w = &g->w;
	const struct owned *t = thing_of(w, "t@ex");
	char bare[32], full[40], key[16];

	snprintf(bare, sizeof(bare), "%s", t != NULL && t->owner != NULL ? t->owner : "o@ex");
	snprintf(full, sizeof(full), "%s/c", bare);
	snprintf(key, sizeof(key), "key%u", g->key);
	switch (a) {
	case ACT_OFFER:
		if (t != NULL)
			typed_transfer(w, bare, "t@ex", strcmp(bare, "o@ex") == 0 ? "p@ex" :
			    "o@ex", true);
		break;
	case ACT_ACCEPT:
		typed_code(w, "p@ex", told_code(w, "p@ex"), ANSWER_YES);
		break;
	case ACT_REFUSE:
		typed_code(w, "p@ex", told_code(w, "p@ex"), ANSWER_NO);
		break;
	case ACT_GIVE_UP:
		if (t != NULL)
			typed_about(w, VERB_DISOWN, bare, "t@ex", true, true);
		break;
	case ACT_UNREGISTER:
		unregister(w, THING);
		break;
	case ACT_REGISTER:
		/* Ours makes a new KEY when it is nobody's any more. */
		if (strstr(reg(w, THING, key), "<claimed") == NULL) {
			snprintf(key, sizeof(key), "key%u", ++g->key);
			reg(w, THING, key);
		}
		break;
	case ACT_HEAR:
		if (strstr(pushed(w), "id=\"d-") != NULL)
			ack(w, THING, push_id(w));
		break;
	case ACT_RESTART:
		world_restart(w, g->at.url);
		break;
	case ACT_CLAIM:
		mine(w, "m@ex/c", key);
		break;
	case ACT_UNDO:
		typed_word(w, VERB_UNDO, "o@ex", NULL, NULL);
		break;
	case ACT_IQ_DISOWN:
		if (t != NULL)
			about(w, full, "disown", "t@ex");
		break;
	case ACT_LATE:
		w->time.wall += 5000;
		tick(w);
		break;
	case ACTS:
		break;
	}
}

/* What must hold whatever happened. */
static void check(struct game *g)
{
	const struct owned *t = thing_of(&g->w, "t@ex");
	size_t owners = ownership_count_of_owner(g->w.ownership, "o@ex") +
	    ownership_count_of_owner(g->w.ownership, "p@ex") +
	    ownership_count_of_owner(g->w.ownership, "m@ex");

	assert_true(owners <= 1);
	/* Dropped when unclaimed: the next one is another thing. */
	if (t == NULL) {
		g->epoch = 0;
		g->owner[0] = '\0';
		return;
	}
	assert_int_equal(owners, t->owner != NULL);
	/* Another owner is another epoch. */
	if (strcmp(g->owner, t->owner != NULL ? t->owner : "") != 0)
		assert_true(t->epoch > g->epoch);
	assert_true(t->epoch >= g->epoch);
	assert_int_equal(t->state == OWNED || t->state == OWNED_TURNING, t->owner != NULL);
	if (t->state == OWNED_TURNING || t->state == OWNED_TOMBSTONE)
		assert_true(debt_count(g->w.debts) > 0);
	g->epoch = t->epoch;
	snprintf(g->owner, sizeof(g->owner), "%s", t->owner != NULL ? t->owner : "");
}

/* It hears everything, registers, and both agree. */
static void come_to_rest(struct game *g)
{
	const struct owned *t;

	play(g, ACT_LATE);
	hear_all(&g->w, THING);
	play(g, ACT_REGISTER);
	hear_all(&g->w, THING);
	t = thing_of(&g->w, "t@ex");
	assert_non_null(t);
	assert_true(t->state == OWNED || t->state == OWNED_NOBODY);
	if (t->owner != NULL)
		HAS(reg(&g->w, THING, "whatever"), t->owner);
}

static void row_O13__every_order_of_events_has_one_owner_and_comes_to_rest(void **state)
{
	struct unit_random random = unit_random_start();
	struct game g;

	(void)state;
	for (size_t i = 0; i < unit_rounds(150); i++) {
		memset(&g, 0, sizeof(g));
		place_make(&g.at);
		world_open(&g.w, g.at.url);
		reg(&g.w, THING, "key0");
		mine(&g.w, OWNER, "key0");
		g.epoch = 2;
		snprintf(g.owner, sizeof(g.owner), "o@ex");
		for (int step = 0; step < 12; step++) {
			play(&g, (enum act)unit_random_below(&random, ACTS));
			check(&g);
		}
		come_to_rest(&g);
		world_close(&g.w);
		place_remove(&g.at);
	}
}

/* ---- unregister and undo ---- */

static void what_unregistered_itself_comes_back_with_name_and_tags(void **state)
{
	struct world w;
	struct owned t;

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	t = *thing_of(&w, "t@ex");
	t.name = "lamp";
	MUST(store_begin(w.store, &test_err));
	MUST(ownership_put(w.ownership, &t, &test_err));
	MUST(store_commit(w.store, &test_err));
	unregister(&w, THING);
	HAS(told_about(&w, "o@ex", "unregistered"), "send: undo");
	assert_true(registry_undo_since(w.registry, "o@ex") > 0);
	HAS(typed_word(&w, VERB_UNDO, "p@ex", NULL, NULL), "item-not-found");
	HAS(typed_word(&w, VERB_UNDO, "o@ex", NULL, NULL), "yours again");
	assert_true(owned_by(thing_of(&w, "t@ex"), "o@ex"));
	assert_string_equal(thing_of(&w, "t@ex")->name, "lamp");
	assert_int_equal(thing_of(&w, "t@ex")->epoch, 4);
	HAS(find(&w, "<strEq name='MAN' value='www.ktc.se'/>"), "t@ex");
	HAS(pushed(&w), "<claimed");
	HAS(typed_word(&w, VERB_UNDO, "o@ex", NULL, NULL), "item-not-found");
	world_close(&w);
}

static void undo_is_too_late_after_a_claim_or_a_week(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	unregister(&w, THING);
	reg(&w, THING, "new");
	mine(&w, OTHER, "new");
	HAS(typed_word(&w, VERB_UNDO, "o@ex", NULL, NULL), "too late");
	assert_true(owned_by(thing_of(&w, "t@ex"), "p@ex"));
	unregister(&w, THING);
	w.time.wall += DAYS(7);
	tick(&w);
	HAS(typed_word(&w, VERB_UNDO, "p@ex", NULL, NULL), "item-not-found");
	/* What was kept for him is gone as well. */
	assert_null(thing_of(&w, "t@ex")->former);
	assert_null(thing_of(&w, "t@ex")->name);
	world_close(&w);
}

static void undo_works_while_the_thing_is_back_and_unclaimed(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	unregister(&w, THING);
	reg(&w, THING, "new");
	HAS(typed_word(&w, VERB_UNDO, "o@ex", NULL, NULL), "yours again");
	HAS(reg(&w, THING, "new"), "jid=\"o@ex\"");
	HAS(mine(&w, OTHER, "new"), "item-not-found");
	world_close(&w);
}

/* A family of clients answers "claimed" by unregistering and trying again. */
static void unregister_frees_a_claimed_record_again_and_again(void **state)
{
	struct world w;
	char key[16];

	(void)state;
	world_open(&w, "sqlite::memory:");
	for (int i = 0; i < 5; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		HAS_NOT(reg(&w, THING, key), "<claimed");
		HAS(mine(&w, i % 2 == 0 ? OWNER : OTHER, key), "t@ex");
		HAS(reg(&w, THING, key), "<claimed");
		HAS(unregister(&w, THING), "type=\"result\"");
	}
	world_close(&w);
}

/* The tags that were used are spent, for whoever had them. */
static void att_C_11__the_old_key_claims_nothing_after_unregistering(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	unregister(&w, THING);
	reg(&w, THING, "k");
	HAS(mine(&w, OTHER, "k"), "item-not-found");
	world_close(&w);
}

/* ---- remove and publish ---- */

static const char *publish(struct world *w, const char *bare, enum yes_no answer)
{
	static struct typed c;

	typed_begin(w, &c, VERB_PUBLISH, bare);
	memcpy(c.id[0], thing_of(w, "t@ex")->id, 16);
	c.q.u.desk.thing_id = c.id[0];
	c.q.u.desk.yes_no = answer;
	return typed_serve(w, &c);
}

static void removing_only_unlists_and_publishing_says_what_is_seen(void **state)
{
	struct world w;
	const char *term = "<strEq name='MAN' value='www.ktc.se'/>";

	(void)state;
	world_open(&w, "sqlite::memory:");
	claimed(&w);
	HAS(find(&w, term), "t@ex");
	HAS(typed_about(&w, VERB_REMOVE, "o@ex", "t@ex", false, false), "confirm: ");
	HAS(find(&w, term), "t@ex");
	HAS(typed_about(&w, VERB_REMOVE, "o@ex", "t@ex", false, true), "stays yours");
	HAS_NOT(find(&w, term), "t@ex");
	assert_true(owned_by(thing_of(&w, "t@ex"), "o@ex"));
	HAS(reg(&w, THING, "k"), "public=\"false\"");
	HAS(publish(&w, "p@ex", ANSWER_YES), "item-not-found");
	HAS(publish(&w, "o@ex", ANSWER_YES), "MAN=www.ktc.se");
	HAS_NOT(publish(&w, "o@ex", ANSWER_YES), "KEY");
	HAS(find(&w, term), "t@ex");
	HAS(pushed(&w), "public=\"true\"");
	HAS(publish(&w, "o@ex", ANSWER_NO), "Nobody but you");
	HAS_NOT(find(&w, term), "t@ex");
	world_close(&w);
}

static void who_owns_as_many_as_one_may_takes_no_more_as_a_gift(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	w.conf.max_things_per_owner = 1;
	world_restart(&w, "sqlite::memory:");
	reg(&w, THING, "k");
	mine(&w, OWNER, "k");
	reg(&w, "u@ex/r", "k2");
	mine(&w, OTHER, "k2");
	HAS(typed_transfer(&w, "o@ex", "t@ex", "p@ex", true), "done");
	HAS(typed_code(&w, "p@ex", told_code(&w, "p@ex"), ANSWER_YES), "resource-constraint");
	assert_true(owned_by(thing_of(&w, "t@ex"), "o@ex"));
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_owns_as_many_as_one_may_takes_no_more_as_a_gift),
		cmocka_unit_test(disowning_a_thing_that_is_away_shows_its_effect_first),
		cmocka_unit_test(att_C_15__nobody_else_disowns_it_in_chat),
		cmocka_unit_test(a_tombstone_is_nobodys_until_the_thing_has_heard),
		cmocka_unit_test(a_tombstone_ends_when_the_thing_registers_and_is_told),
		cmocka_unit_test(a_tombstone_ends_when_the_thing_updates_and_is_told),
		cmocka_unit_test(a_tombstone_survives_a_restart_and_an_unregister),
		cmocka_unit_test(a_tombstone_answers_whoever_waited_for_an_online_disown),
		cmocka_unit_test(disowning_in_chat_asks_a_thing_that_is_there),
		cmocka_unit_test(att_C_12__disowning_one_that_is_away_says_how_to),
		cmocka_unit_test(a_transfer_shows_its_effect_waits_for_the_other_and_is_one_row),
		cmocka_unit_test(the_thing_hears_disowned_clear_cache_claimed_each_after_the_other),
		cmocka_unit_test(a_turning_thing_is_told_by_the_answer_and_the_new_key_is_kept),
		cmocka_unit_test(a_turning_thing_is_not_passed_on_disowned_or_found),
		cmocka_unit_test(removed_while_it_turns_over_it_stays_off_the_list),
		cmocka_unit_test(att_H_03__an_offer_is_accepted_by_its_addressee_only_and_for_a_week),
		cmocka_unit_test(an_offer_is_refused_withdrawn_or_made_to_somebody_else),
		cmocka_unit_test(a_transfer_to_who_cannot_own_is_refused_in_words),
		cmocka_unit_test(an_offer_ends_with_the_ownership_it_was_made_in),
		cmocka_unit_test(a_disputed_or_held_thing_does_not_go),
		cmocka_unit_test(row_B15__two_hundred_things_go_in_one_transaction),
		cmocka_unit_test(of_many_things_all_go_or_none),
		cmocka_unit_test(att_C_13__a_transfer_converges_whatever_happens_to_its_stanzas),
		cmocka_unit_test(att_C_14__only_the_thing_itself_says_that_it_has_heard),
		cmocka_unit_test(att_C_13__disowned_online_both_sides_agree_in_the_end),
		cmocka_unit_test(row_O13__every_order_of_events_has_one_owner_and_comes_to_rest),
		cmocka_unit_test(what_unregistered_itself_comes_back_with_name_and_tags),
		cmocka_unit_test(undo_is_too_late_after_a_claim_or_a_week),
		cmocka_unit_test(undo_works_while_the_thing_is_back_and_unclaimed),
		cmocka_unit_test(unregister_frees_a_claimed_record_again_and_again),
		cmocka_unit_test(att_C_11__the_old_key_claims_nothing_after_unregistering),
		cmocka_unit_test(removing_only_unlists_and_publishing_says_what_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
