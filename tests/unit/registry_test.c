/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_test: the registry in stanzas: enrolment, claims, what things are
 * told, presence, disowning, searches, limits, restarts.
 */
#include "config.h"

#include "tests/unit/registry_support.h"

#include <fcntl.h>

#define THING "t@ex/r"
#define OWNER "o@ex/y"
#define OTHER "m@ex/z"
#define DAY INT64_C(86400000)

/* ---- registering ---- */

static void a_thing_registers_with_get_or_set(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	HAS(reg(&w, THING, "k"), "type=\"result\"");
	HAS(say(&w, "<iq type='get' from='u@ex/r' to='reg.ex' id='7'><register xmlns='" X "'>%s"
	    "</register></iq>", tags_of("k2")), "id=\"7\"");
	assert_int_equal(ownership_count(w.ownership), 2);
	assert_int_equal(thing_of(&w, "t@ex")->state, OWNED_NOBODY);
	assert_int_equal(thing_of(&w, "t@ex")->epoch, 1);
	world_close(&w);
}

static void registering_again_replaces_the_tags_of_an_unclaimed_thing(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, THING, "old");
	reg(&w, THING, "new");
	assert_int_equal(ownership_count(w.ownership), 1);
	HAS(mine(&w, OWNER, "old"), "item-not-found");
	HAS(mine(&w, OWNER, "new"), "jid=\"t@ex\"");
	world_close(&w);
}

static void att_C_09__a_claimed_thing_changes_nothing_by_registering(void **state)
{
	struct world w;
	const char *r;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, THING, "k");
	mine(&w, OWNER, "k");
	r = reg(&w, THING, "other");
	HAS(r, "<claimed");
	HAS(r, "jid=\"o@ex\"");
	HAS(r, "public=\"true\"");
	HAS(mine(&w, OTHER, "other"), "item-not-found");
	HAS(find(&w, "<strEq name='KEY' value='other'/>"), "<found");
	HAS(find(&w, "<strEq name='SN' value='394872348732948723'/>"), "jid=\"t@ex\"");
	HAS(say(&w, "<iq type='set' from='" THING "' to='reg.ex' id='1'><register xmlns='" X "'>"
	    "<str name='SN' value='of another'/><str name='ROOM' value='cellar'/>"
	    "<str name='KEY' value='k'/></register></iq>"), "<claimed");
	HAS_NOT(find(&w, "<strEq name='ROOM' value='cellar'/>"), "t@ex");
	HAS_NOT(find(&w, "<strEq name='SN' value='of another'/>"), "t@ex");
	HAS(find(&w, "<strEq name='SN' value='394872348732948723'/>"), "jid=\"t@ex\"");
	world_close(&w);
}

static void nodes_of_one_address_are_things_of_their_own(void **state)
{
	struct world w;
	const char *r;

	(void)state;
	world_open(&w, "sqlite::memory:");
	for (int i = 0; i < 3; i++)
		HAS(say(&w, "<iq type='set' from='rack@ex/p' to='reg.ex' id='1'><register xmlns='"
		    X "' nodeId='n%d' sourceId='S'>%s</register></iq>", i,
		    tags_of(&"abc"[i])), "result");
	assert_int_equal(ownership_count_of_jid(w.ownership, "rack@ex"), 3);
	r = mine(&w, OWNER, "bc");
	HAS(r, "jid=\"rack@ex\"");
	HAS(r, "nodeId=\"n1\"");
	HAS(r, "sourceId=\"S\"");
	r = pushes(&w);
	HAS(r, "to=\"rack@ex/p\"");
	HAS(r, "nodeId=\"n1\"");
	HAS(say(&w, "<iq type='set' from='rack@ex/p' to='reg.ex' id='1'><register xmlns='" X
	    "' nodeId='n0' sourceId='S'>%s</register></iq>", tags_of("q")), "result");
	HAS_NOT(buf_str(&w.out), "claimed");
	world_close(&w);
}

static void other_domains_register_only_when_listed(void **state)
{
	static const char *const domains[] = { "far.example", NULL };
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	HAS(reg(&w, "t@far.example/r", "k"), "not-allowed");
	HAS(reg(&w, "t@xex/r", "k"), "not-allowed");
	HAS(reg(&w, "t@x/r", "k"), "not-allowed");
	HAS(reg(&w, "t@ex.far/r", "k"), "not-allowed");
	assert_int_equal(ownership_count(w.ownership), 0);
	w.conf.domains = domains;
	world_restart(&w, "sqlite::memory:");
	HAS(reg(&w, "t@far.example/r", "k"), "result");
	HAS(reg(&w, "t@far.example.evil/r", "k"), "not-allowed");
	/* A domain further up is somebody else's: only the host itself is the own site. */
	w.conf.domains = NULL;
	w.conf.jid = "reg.ex.local";
	world_restart(&w, "sqlite::memory:");
	HAS(reg(&w, "t@local/r", "k"), "not-allowed");
	HAS(reg(&w, "t@ex.local/r", "k"), "result");
	world_close(&w);
}

static void att_C_16__things_that_own_themselves_are_refused(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	HAS(say(&w, "<iq type='set' from='t@ex/r' to='reg.ex' id='1'><register xmlns='" X
	    "' selfOwned='true'>%s</register></iq>", tags_of("k")), "not-allowed");
	assert_int_equal(ownership_count(w.ownership), 0);
	world_close(&w);
}

static void new_things_come_so_fast_and_old_ones_as_they_like__row_P11(void **state)
{
	struct world w;
	char jid[32];

	(void)state;
	world_open(&w, "sqlite::memory:");
	w.conf.newcomers_per_domain = 5;
	world_restart(&w, "sqlite::memory:");
	w.time.boot += 1000000;
	for (int i = 0; i < 10; i++) {
		snprintf(jid, sizeof(jid), "s%d@ex/r", i);
		HAS(reg(&w, jid, "x"), i < 5 ? "result" : "resource-constraint");
	}
	HAS(reg(&w, "s7@ex/r", "x"), "wait");
	for (int i = 0; i < 5; i++)
		HAS(reg(&w, "s1@ex/r", "x"), "result");
	w.time.boot += 60000;
	HAS(reg(&w, "s7@ex/r", "x"), "result");
	world_close(&w);
}

static void att_C_17__quotas_hold_and_honest_things_still_register(void **state)
{
	struct world w;
	char jid[32];

	(void)state;
	world_open(&w, "sqlite::memory:");
	w.conf.max_things_per_jid = 2;
	w.conf.max_unclaimed = 5;
	world_restart(&w, "sqlite::memory:");
	for (int i = 0; i < 4; i++)
		HAS(say(&w, "<iq type='set' from='rack@ex/p' to='reg.ex' id='1'><register xmlns='"
		    X "' nodeId='n%d'>%s</register></iq>", i, tags_of("k")),
		    i < 2 ? "result" : "resource-constraint");
	/* A full pool drops those who are away, oldest first. */
	for (int i = 0; i < 20; i++) {
		w.time.wall += 1000;
		snprintf(jid, sizeof(jid), "s%d@ex/r", i);
		HAS(reg(&w, jid, "x"), "result");
		assert_true(ownership_count(w.ownership) <= 5);
	}
	assert_null(thing_of(&w, "s0@ex"));
	assert_non_null(thing_of(&w, "s19@ex"));
	HAS(reg(&w, THING, "k"), "result");
	HAS(mine(&w, OWNER, "k"), "jid=\"t@ex\"");
	world_close(&w);
}

static void a_full_pool_of_present_things_refuses_new_ones(void **state)
{
	struct world w;
	char jid[32];

	(void)state;
	world_open(&w, "sqlite::memory:");
	w.conf.max_unclaimed = 3;
	world_restart(&w, "sqlite::memory:");
	for (int i = 0; i < 4; i++) {
		snprintf(jid, sizeof(jid), "s%d@ex/r", i);
		HAS(reg(&w, jid, "x"), i < 3 ? "result" : "resource-constraint");
		say(&w, "<presence from='%s' to='reg.ex'/>", jid);
	}
	say(&w, "<presence from='s1@ex/r' to='reg.ex' type='unavailable'/>");
	HAS(reg(&w, THING, "k"), "resource-constraint");
	w.time.boot += 1000;
	HAS(reg(&w, THING, "k"), "result");
	assert_null(thing_of(&w, "s1@ex"));
	world_close(&w);
}

static void unclaimed_things_expire_unless_present(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, "away@ex/r", "a");
	reg(&w, "here@ex/r", "b");
	reg(&w, "owned@ex/r", "c");
	mine(&w, OWNER, "c");
	say(&w, "<presence from='here@ex/r' to='reg.ex'/>");
	tick(&w);
	w.time.wall += 29 * DAY;
	assert_int_equal(registry_deadline(w.registry) <= w.time.wall, 1);
	tick(&w);
	assert_non_null(thing_of(&w, "away@ex"));
	w.time.wall += 2 * DAY;
	tick(&w);
	assert_null(thing_of(&w, "away@ex"));
	assert_non_null(thing_of(&w, "here@ex"));
	assert_non_null(thing_of(&w, "owned@ex"));
	assert_true(registry_deadline(w.registry) > w.time.wall);
	world_close(&w);
}

/* ---- claiming ---- */

static void a_claim_by_iq_is_public_and_by_chat_private(void **state)
{
	struct world w;
	struct request q;
	struct reply r;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, THING, "k");
	mine(&w, OWNER, "k");
	assert_true(thing_of(&w, "t@ex")->is_public);
	reg(&w, "u@ex/r", "k2");
	HAS(say(&w, "<iq type='set' from='" OWNER "' to='reg.ex' id='1'><mine xmlns='" X
	    "' public='false'>%s</mine></iq>", tags_of("k2")), "jid=\"u@ex\"");
	assert_false(thing_of(&w, "u@ex")->is_public);
	HAS(reg(&w, "u@ex/r", "k2"), "public=\"false\"");
	reg(&w, "v@ex/r", "k3");
	/* The desk hands over the same request, as a message. */
	parse(&w, "<iq type='set' from='o@ex/y' to='reg.ex' id='1'><mine xmlns='" X "'>"
	    "<str name='SN' value='394872348732948723'/><str name='MAN' value='www.ktc.se'/>"
	    "<str name='MODEL' value='IMC'/><num name='V' value='1.2'/>"
	    "<str name='KEY' value='k3'/></mine></iq>", &q);
	q.kind = STANZA_MESSAGE;
	q.type = IQ_NOT;
	MUST(store_begin(w.store, &test_err));
	MUST(registry_serve(w.registry, &q, &r, &test_err));
	MUST(store_commit(w.store, &test_err));
	assert_int_equal(r.body, BODY_CLAIMED);
	assert_false(r.u.claimed.is_public);
	assert_non_null(tag_find(&r.u.claimed.thing->tags, "SN"));
	assert_null(tag_find(&r.u.claimed.thing->tags, "KEY"));
	world_close(&w);
}

static void att_C_01__two_owners_race_and_one_wins(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, THING, "k");
	HAS(mine(&w, OWNER, "k"), "jid=\"t@ex\"");
	HAS(mine(&w, OTHER, "k"), "item-not-found");
	assert_string_equal(thing_of(&w, "t@ex")->owner, "o@ex");
	/* And within one transaction, as a turn serves them. */
	reg(&w, "u@ex/r", "k2");
	for (int i = 0; i < 2; i++) {
		struct request q;
		struct reply r;
		char xml[1024];

		snprintf(xml, sizeof(xml), "<iq type='set' from='%s' to='reg.ex' id='1'>"
		    "<mine xmlns='" X "'>%s</mine></iq>", i == 0 ? OTHER : OWNER, tags_of("k2"));
		parse(&w, xml, &q);
		if (i == 0)
			MUST(store_begin(w.store, &test_err));
		MUST(registry_serve(w.registry, &q, &r, &test_err));
		assert_int_equal(r.kind, i == 0 ? REPLY_RESULT : REPLY_ERROR);
	}
	MUST(store_commit(w.store, &test_err));
	assert_string_equal(thing_of(&w, "u@ex")->owner, "m@ex");
	world_close(&w);
}

static void att_C_02__asking_again_gives_the_same_success_and_one_push(void **state)
{
	struct world w;
	char first[1024];

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, THING, "k");
	snprintf(first, sizeof(first), "%s", mine(&w, OWNER, "k"));
	for (int i = 0; i < 5; i++)
		assert_string_equal(mine(&w, OWNER, "k"), first);
	assert_int_equal(thing_of(&w, "t@ex")->epoch, 2);
	assert_int_equal(count_text(pushes(&w), "<claimed"), 1);
	/* A receipt ends after 30 days. */
	w.time.wall += 31 * DAY;
	HAS(mine(&w, OWNER, "k"), "item-not-found");
	world_close(&w);
}

static void att_C_03__all_refusals_are_the_same_bytes(void **state)
{
	struct world w;
	char unknown[1024];

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, THING, "right");
	reg(&w, "twin1@ex/r", "twin");
	reg(&w, "twin2@ex/r", "twin");
	reg(&w, "gone@ex/r", "gone");
	mine(&w, OWNER, "gone");
	unregister(&w, "gone@ex/r");
	reg(&w, "gone@ex/r", "gone");
	snprintf(unknown, sizeof(unknown), "%s", mine(&w, OTHER, "unknown"));
	HAS(unknown, "item-not-found");
	assert_int_equal(count_text(unknown, "<error"), 1);
	HAS_NOT(unknown, "<text");
	mine(&w, OWNER, "right");
	assert_string_equal(mine(&w, OTHER, "right"), unknown);
	assert_string_equal(mine(&w, OTHER, "twin"), unknown);
	assert_string_equal(mine(&w, OTHER, "gone"), unknown);
	assert_string_equal(mine(&w, OTHER, "righT"), unknown);
	world_close(&w);
}

static void att_C_06__the_whole_set_in_any_order_and_case(void **state)
{
	static const char *const wrong[] = {
		"<str name='SN' value='1'/><num name='V' value='2'/>",
		"<str name='SN' value='1'/><num name='V' value='2'/><str name='KEY' value='k'/>"
		"<str name='X' value=''/>",
		"<str name='SN' value='1'/><str name='V' value='2'/><str name='KEY' value='k'/>",
		"<str name='SN' value='1 '/><num name='V' value='2'/><str name='KEY' value='k'/>",
		"<str name='SN' value='1'/><num name='V' value='2.0001'/>"
		"<str name='KEY' value='k'/>",
	};
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	say(&w, "<iq type='set' from='" THING "' to='reg.ex' id='1'><register xmlns='" X "'>"
	    "<str name='SN' value='1'/><num name='V' value='2'/><str name='KEY' value='k'/>"
	    "</register></iq>");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		HAS(say(&w, "<iq type='get' from='" OWNER "' to='reg.ex' id='1'><mine xmlns='" X
		    "'>%s</mine></iq>", wrong[i]), "item-not-found");
	HAS(say(&w, "<iq type='get' from='" OWNER "' to='reg.ex' id='1'><mine xmlns='" X "'>"
	    "<str name='key' value='k'/><str name='R' value='reg.ex'/>"
	    "<num name='v' value='2.00'/><str name='sn' value='1'/></mine></iq>"), "t@ex");
	world_close(&w);
}

static void att_C_07__a_twin_is_never_bound_silently(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	/* Before the claim: neither. */
	reg(&w, THING, "k");
	reg(&w, "twin@ex/r", "k");
	HAS(mine(&w, OWNER, "k"), "item-not-found");
	HAS(mine(&w, OTHER, "k"), "item-not-found");
	/* A new KEY of the true thing ends the tie. */
	reg(&w, THING, "k2");
	HAS(mine(&w, OWNER, "k2"), "jid=\"t@ex\"");
	/* After the claim: the tags are used. */
	reg(&w, "twin2@ex/r", "k2");
	HAS(mine(&w, OTHER, "k2"), "item-not-found");
	HAS(mine(&w, OWNER, "k2"), "jid=\"t@ex\"");
	assert_null(thing_of(&w, "twin2@ex")->owner);
	world_close(&w);
}

static void two_nodes_with_the_same_tags_are_twins_too(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	for (int i = 0; i < 900; i++)
		say(&w, "<iq type='set' from='rack@ex/p' to='reg.ex' id='1'><register xmlns='" X
		    "' nodeId='n%d'>%s</register></iq>", i, tags_of("k"));
	HAS(mine(&w, OWNER, "k"), "item-not-found");
	/* All but one leave, in some order: the tie is over. */
	for (int i = 0; i < 900; i++)
		if (i * 7 % 900 != 450)
			say(&w, "<iq type='set' from='rack@ex/p' to='reg.ex' id='1'>"
			    "<unregister xmlns='" X "' nodeId='n%d'/></iq>", i * 7 % 900);
	HAS(mine(&w, OWNER, "k"), "nodeId=\"n450\"");
	world_close(&w);
}

static void att_C_11__a_used_key_claims_nothing_for_anybody(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, THING, "k");
	mine(&w, OWNER, "k");
	unregister(&w, THING);
	HAS(mine(&w, OWNER, "k"), "item-not-found");
	reg(&w, THING, "k");
	HAS(mine(&w, OWNER, "k"), "item-not-found");
	HAS(mine(&w, OTHER, "k"), "item-not-found");
	/* With a new KEY the next owner claims, and the old one stays out. */
	reg(&w, THING, "new");
	HAS(mine(&w, OTHER, "new"), "jid=\"t@ex\"");
	HAS(mine(&w, OWNER, "k"), "item-not-found");
	HAS(mine(&w, OWNER, "new"), "item-not-found");
	assert_string_equal(thing_of(&w, "t@ex")->owner, "m@ex");
	world_close(&w);
}

static void strangers_domains_own_nothing_unless_verified(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, THING, "k");
	HAS(mine(&w, "o@far.example/y", "k"), "item-not-found");
	w.conf.remote_verified = true;
	world_restart(&w, "sqlite::memory:");
	reg(&w, THING, "k");
	HAS(mine(&w, "o@far.example/y", "k"), "jid=\"t@ex\"");
	world_close(&w);
}

/* ---- pushes ---- */

static void the_claimed_push_speaks_the_things_dialect(void **state)
{
	struct world w;
	const char *r;

	(void)state;
	world_open(&w, "sqlite::memory:");
	say(&w, "<iq type='set' from='" THING "' to='reg.ex' id='1'><register xmlns='" N
	    "' id='n1' src='s'>%s</register></iq>", tags_of("k"));
	mine(&w, OWNER, "k");
	r = pushes(&w);
	HAS(r, "xmlns=\"" N "\"");
	HAS(r, "jid=\"o@ex\"");
	HAS(r, "public=\"true\"");
	HAS(r, "id=\"n1\"");
	HAS(r, "from=\"reg.ex\"");
	HAS(r, "to=\"" THING "\"");
	HAS_NOT(r, "pt=");
	assert_int_equal(count_text(r, "<claimed"), 1);
	world_close(&w);
}

static void att_C_23__a_push_is_owed_until_its_thing_answers(void **state)
{
	struct place p;
	struct world w;
	char id[DEBT_ID];

	(void)state;
	place_make(&p);
	world_open(&w, p.url);
	reg(&w, THING, "k");
	mine(&w, OWNER, "k");
	HAS(pushes(&w), "<claimed");
	snprintf(id, sizeof(id), "%s", push_id(&w));
	/* Its server answers from the bare address, a stranger from his. */
	say(&w, "<iq type='error' from='t@ex' to='reg.ex' id='%s'><error type='cancel'>"
	    "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>", id);
	say(&w, "<iq type='error' from='" THING "' to='reg.ex' id='%s'><error type='cancel'>"
	    "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>", id);
	say(&w, "<iq type='result' from='t@ex' to='reg.ex' id='%s'/>", id);
	say(&w, "<iq type='result' from='" OTHER "' to='reg.ex' id='%s'/>", id);
	say(&w, "<iq type='result' from='" THING "' to='reg.ex' id='%.60sx'/>", id);
	assert_non_null(debt_find(w.debts, DEBT_OWNER, "t@ex", debt_at(w.debts, 0)->kind ==
	    DEBT_OWNER ? debt_at(w.debts, 0)->subject : debt_at(w.debts, 1)->subject));
	/* A restart forgets nothing; the thing's next word makes it due. */
	world_restart(&w, p.url);
	assert_int_equal(count_text(pushes(&w), "<claimed"), 0);
	HAS(reg(&w, THING, "k"), "<claimed");
	HAS(pushes(&w), "<claimed");
	say(&w, "<iq type='result' from='" THING "' to='reg.ex' id='%s'/>", push_id(&w));
	w.time.boot += 3600000;
	HAS_NOT(pushes(&w), "<claimed");
	world_close(&w);
	place_remove(&p);
}

static void feature_not_implemented_settles_a_push(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, THING, "k");
	mine(&w, OWNER, "k");
	pushes(&w);
	say(&w, "<iq type='error' from='" THING "' to='reg.ex' id='%s'><error type='cancel'>"
	    "<feature-not-implemented xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
	    push_id(&w));
	w.time.boot += 3600000;
	HAS_NOT(pushes(&w), "<claimed");
	world_close(&w);
}

static void a_thing_nobody_heard_of_today_gets_its_push_when_it_comes(void **state)
{
	struct place p;
	struct world w;

	(void)state;
	place_make(&p);
	world_open(&w, p.url);
	reg(&w, THING, "k");
	world_restart(&w, p.url);
	HAS(mine(&w, OWNER, "k"), "t@ex");
	HAS_NOT(pushes(&w), "<claimed");
	say(&w, "<presence from='t@ex/new' to='reg.ex'/>");
	HAS(pushes(&w), "to=\"t@ex/new\"");
	world_close(&w);
	place_remove(&p);
}

/* ---- unregister ---- */

static void unregistering_the_unknown_is_an_empty_result(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	HAS(unregister(&w, THING), "type=\"result\"");
	reg(&w, THING, "k");
	HAS(unregister(&w, THING), "type=\"result\"");
	assert_int_equal(ownership_count(w.ownership), 0);
	HAS(mine(&w, OWNER, "k"), "item-not-found");
	/* Nobody used the KEY: it still works. */
	reg(&w, THING, "k");
	HAS(mine(&w, OWNER, "k"), "t@ex");
	world_close(&w);
}

static void a_claimed_thing_that_unregisters_ends_the_epoch(void **state)
{
	struct world w;
	const struct debt *notice = NULL;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, THING, "k");
	mine(&w, OWNER, "k");
	HAS(unregister(&w, THING), "type=\"result\"");
	assert_int_equal(thing_of(&w, "t@ex")->epoch, 3);
	assert_null(thing_of(&w, "t@ex")->owner);
	assert_int_equal(ownership_count_of_owner(w.ownership, "o@ex"), 0);
	for (size_t i = 0; i < debt_count(w.debts); i++)
		if (debt_at(w.debts, i)->kind == DEBT_NOTICE &&
		    strstr(debt_at(w.debts, i)->text, "unregistered") != NULL)
			notice = debt_at(w.debts, i);
		else
			assert_int_not_equal(debt_at(w.debts, i)->kind, DEBT_OWNER);
	assert_non_null(notice);
	assert_string_equal(notice->peer, "o@ex");
	HAS(notice->text, "t@ex");
	HAS(reg(&w, THING, "new"), "type=\"result\"");
	assert_int_equal(thing_of(&w, "t@ex")->epoch, 3);
	HAS(mine(&w, OTHER, "new"), "t@ex");
	assert_int_equal(thing_of(&w, "t@ex")->epoch, 4);
	world_close(&w);
}

static void att_C_22__unregister_and_claim_have_an_order(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, THING, "k");
	unregister(&w, THING);
	HAS(mine(&w, OWNER, "k"), "item-not-found");
	reg(&w, THING, "k");
	HAS(mine(&w, OWNER, "k"), "t@ex");
	unregister(&w, THING);
	HAS(about(&w, OWNER, "remove", "t@ex"), "item-not-found");
	world_close(&w);
}

/* ---- update and remove ---- */

static void updates_by_thing_and_owner(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	/* Unknown, then unclaimed: XEP-0347 3.12 and att-C-18. */
	HAS(say(&w, "<iq type='set' from='" THING "' to='reg.ex' id='1'><update xmlns='" X "'>"
	    "<str name='ROOM' value='kitchen'/></update></iq>"), "item-not-found");
	reg(&w, THING, "k");
	HAS(say(&w, "<iq type='set' from='" THING "' to='reg.ex' id='1'><update xmlns='" X "'>"
	    "<str name='ROOM' value='kitchen'/></update></iq>"), "<disowned");
	mine(&w, OWNER, "k");
	HAS(find(&w, "<strEq name='ROOM' value='kitchen'/>"), "<found");
	HAS_NOT(buf_str(&w.out), "t@ex");
	HAS(say(&w, "<iq type='set' from='" THING "' to='reg.ex' id='1'><update xmlns='" X "'>"
	    "<str name='ROOM' value='kitchen'/><str name='KEY' value=''/></update></iq>"),
	    "result");
	HAS(find(&w, "<strEq name='room' value='kitchen'/>"), "t@ex");
	HAS(say(&w, "<iq type='set' from='" OWNER "' to='reg.ex' id='1'><update xmlns='" X
	    "' jid='t@ex'><str name='ROOM' value='hall'/><str name='MODEL' value=''/>"
	    "<num name='V' value='3'/></update></iq>"), "result");
	HAS(find(&w, "<strEq name='ROOM' value='hall'/><numEq name='V' value='3'/>"), "t@ex");
	HAS_NOT(find(&w, "<strEq name='MODEL' value='IMC'/>"), "t@ex");
	world_close(&w);
}

static void att_C_19__a_key_cannot_be_set_by_update(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, THING, "k");
	mine(&w, OWNER, "k");
	say(&w, "<iq type='set' from='" OWNER "' to='reg.ex' id='1'><update xmlns='" X
	    "' jid='t@ex'><str name='KEY' value='mine-now'/></update></iq>");
	say(&w, "<iq type='set' from='" THING "' to='reg.ex' id='1'><update xmlns='" X
	    "'><str name='KEY' value='mine-now'/></update></iq>");
	HAS(mine(&w, OTHER, "mine-now"), "item-not-found");
	HAS_NOT(find(&w, "<strEq name='SN' value='394872348732948723'/>"), "mine-now");
	world_close(&w);
}

static void att_C_15__what_others_own_does_not_exist(void **state)
{
	static const char *const verbs[] = { "update", "remove", "disown" };
	struct world w;
	char unknown[1024];

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, THING, "k");
	reg(&w, "u@ex/r", "k2");
	mine(&w, OWNER, "k");
	for (size_t i = 0; i < 3; i++) {
		const char *body = i == 0 ? "<str name='A' value='b'/>" : "";

		snprintf(unknown, sizeof(unknown), "%s", say(&w, "<iq type='set' from='" OTHER
		    "' to='reg.ex' id='1'><%s xmlns='" X "' jid='no@ex'>%s</%s></iq>", verbs[i],
		    body, verbs[i]));
		HAS(unknown, "item-not-found");
		for (int k = 0; k < 2; k++)
			assert_string_equal(say(&w, "<iq type='set' from='" OTHER
			    "' to='reg.ex' id='1'><%s xmlns='" X "' jid='%s'>%s</%s></iq>",
			    verbs[i], k == 0 ? "t@ex" : "u@ex", body, verbs[i]), unknown);
	}
	assert_string_equal(thing_of(&w, "t@ex")->owner, "o@ex");
	assert_true(thing_of(&w, "t@ex")->listed);
	world_close(&w);
}

static void removing_unlists_and_the_owner_stays(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, THING, "k");
	mine(&w, OWNER, "k");
	pushes(&w);
	say(&w, "<iq type='result' from='" THING "' to='reg.ex' id='%s'/>", push_id(&w));
	HAS(about(&w, OWNER, "remove", "t@ex"), "type=\"result\"");
	HAS(about(&w, OWNER, "remove", "t@ex"), "type=\"result\"");
	HAS_NOT(find(&w, "<strEq name='SN' value='394872348732948723'/>"), "t@ex");
	assert_string_equal(thing_of(&w, "t@ex")->owner, "o@ex");
	HAS(pushes(&w), "<removed");
	HAS(say(&w, "<iq type='set' from='" THING "' to='reg.ex' id='1'><update xmlns='" X "'>"
	    "<str name='A' value='b'/></update></iq>"), "item-not-found");
	/* Some clients never answer `removed`: registering settles it. */
	HAS(reg(&w, THING, "k"), "public=\"false\"");
	w.time.boot += 3600000;
	HAS_NOT(pushes(&w), "<removed");
	world_close(&w);
}

/* ---- disown ---- */

static void claimed_world(struct world *w)
{
	world_open(w, "sqlite::memory:");
	reg(w, THING, "k");
	mine(w, OWNER, "k");
	pushes(w);
	say(w, "<iq type='result' from='" THING "' to='reg.ex' id='%s'/>", push_id(w));
}

static void att_C_12__disowning_an_absent_thing_is_refused(void **state)
{
	struct place p;
	struct world w;

	(void)state;
	place_make(&p);
	world_open(&w, p.url);
	reg(&w, THING, "k");
	mine(&w, OWNER, "k");
	world_restart(&w, p.url);
	HAS(about(&w, OWNER, "disown", "t@ex"), "not-allowed");
	assert_string_equal(thing_of(&w, "t@ex")->owner, "o@ex");
	world_close(&w);
	place_remove(&p);
}

/* Its address is known from its requests, but its presence says that it is away. */
static void att_C_12__so_is_one_whose_presence_says_that_it_is_away(void **state)
{
	struct world w;

	(void)state;
	claimed_world(&w);
	say(&w, "<presence type='subscribed' from='t@ex' to='reg.ex'/>");
	say(&w, "<presence from='" THING "' to='reg.ex'/>");
	say(&w, "<presence type='unavailable' from='" THING "' to='reg.ex'/>");
	reg(&w, THING, "k");	/* of a session whose presence is not known yet */
	HAS(about(&w, OWNER, "disown", "t@ex"), "not-allowed");
	say(&w, "<presence from='" THING "' to='reg.ex'/>");
	assert_string_equal(about(&w, OWNER, "disown", "t@ex"), "");
	world_close(&w);
}

static void a_present_thing_is_asked_first_and_then_let_go(void **state)
{
	struct world w;
	const char *r;

	(void)state;
	claimed_world(&w);
	assert_string_equal(about(&w, OWNER, "disown", "t@ex"), "");
	assert_string_equal(thing_of(&w, "t@ex")->owner, "o@ex");
	HAS(pushes(&w), "<disowned");
	r = say(&w, "<iq type='result' from='" THING "' to='reg.ex' id='%s'/>", push_id(&w));
	HAS(r, "id=\"a1\"");
	HAS(r, "to=\"" OWNER "\"");
	HAS(r, "type=\"result\"");
	assert_null(thing_of(&w, "t@ex")->owner);
	assert_int_equal(thing_of(&w, "t@ex")->epoch, 3);
	HAS(about(&w, OWNER, "disown", "t@ex"), "item-not-found");
	HAS(say(&w, "<iq type='set' from='" THING "' to='reg.ex' id='1'><update xmlns='" X "'>"
	    "<str name='A' value='b'/></update></iq>"), "<disowned");
	reg(&w, THING, "new");
	HAS(mine(&w, OTHER, "new"), "t@ex");
	world_close(&w);
}

/* Nobody sets a clock meanwhile. */
static void pass(struct world *w, int64_t ms)
{
	w->time.wall += ms;
	w->time.boot += ms;
}

static void att_C_13__no_answer_in_time_undoes_and_a_late_one_changes_nothing(void **state)
{
	struct world w;
	char id[DEBT_ID];
	const char *r;

	(void)state;
	claimed_world(&w);
	about(&w, OWNER, "disown", "t@ex");
	HAS(pushes(&w), "<disowned");
	snprintf(id, sizeof(id), "%s", push_id(&w));
	pass(&w, 3999);
	assert_string_equal(tick(&w), "");
	assert_true(registry_deadline(w.registry) <= w.time.wall + 1);
	pass(&w, 1);
	r = tick(&w);
	HAS(r, "not-allowed");
	HAS(r, "id=\"a1\"");
	assert_string_equal(thing_of(&w, "t@ex")->owner, "o@ex");
	assert_int_equal(thing_of(&w, "t@ex")->epoch, 2);
	/* The thing, which may have let go, is told that it is owned. */
	say(&w, "<iq type='result' from='" THING "' to='reg.ex' id='%s'/>", id);
	assert_string_equal(thing_of(&w, "t@ex")->owner, "o@ex");
	HAS(pushes(&w), "<claimed");
	world_close(&w);
}

static void att_C_14__a_forged_answer_disowns_nothing(void **state)
{
	struct world w;

	(void)state;
	claimed_world(&w);
	about(&w, OWNER, "disown", "t@ex");
	pushes(&w);
	say(&w, "<iq type='result' from='" OTHER "' to='reg.ex' id='%s'/>", push_id(&w));
	HAS(pushes(&w), "");
	assert_string_equal(thing_of(&w, "t@ex")->owner, "o@ex");
	world_close(&w);
}

static void during_a_disown_registering_is_the_answer(void **state)
{
	struct world w;
	const char *r;

	(void)state;
	claimed_world(&w);
	about(&w, OWNER, "disown", "t@ex");
	pushes(&w);
	r = reg(&w, THING, "new");
	HAS(r, "<disowned");
	HAS(r, "id=\"a1\"");
	assert_null(thing_of(&w, "t@ex")->owner);
	HAS(mine(&w, OTHER, "new"), "t@ex");
	world_close(&w);
}

static void a_disown_over_a_restart_is_answered(void **state)
{
	struct place p;
	struct world w;

	(void)state;
	place_make(&p);
	world_open(&w, p.url);
	reg(&w, THING, "k");
	mine(&w, OWNER, "k");
	about(&w, OWNER, "disown", "t@ex");
	world_restart(&w, p.url);
	pass(&w, 5000);
	HAS(tick(&w), "not-allowed");
	say(&w, "<presence from='" THING "' to='reg.ex'/>");
	HAS(pushes(&w), "<claimed");
	world_close(&w);
	place_remove(&p);
}

static void a_rolled_back_release_is_not_sent(void **state)
{
	struct world w;
	struct request q;
	char xml[512];

	(void)state;
	claimed_world(&w);
	about(&w, OWNER, "disown", "t@ex");
	pushes(&w);
	snprintf(xml, sizeof(xml), "<iq type='result' from='" THING "' to='reg.ex' id='%s'/>",
	    push_id(&w));
	parse(&w, xml, &q);
	buf_reset(&w.out);
	MUST(store_begin(w.store, &test_err));
	MUST(serve_answer(&w, &q, &test_err));
	store_rollback(w.store);
	registry_released(w.registry, &w.out);
	assert_string_equal(buf_str(&w.out), "");
	assert_string_equal(thing_of(&w, "t@ex")->owner, "o@ex");
	assert_int_equal(count_text(say_text(&w, xml), "id=\"a1\""), 1);
	world_close(&w);
}

/* ---- search ---- */

static void att_C_20__private_unclaimed_and_removed_things_are_never_found(void **state)
{
	struct world w;
	char with[2048];

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, THING, "a");
	mine(&w, OWNER, "a");
	snprintf(with, sizeof(with), "%s", find(&w, "<strMask name='SN' value='*' wildcard='*'/>"));
	HAS(with, "t@ex");
	HAS(with, "owner=\"o@ex\"");
	HAS(with, "more=\"false\"");
	reg(&w, "unclaimed@ex/r", "b");
	reg(&w, "private@ex/r", "c");
	say(&w, "<iq type='set' from='" OWNER "' to='reg.ex' id='1'><mine xmlns='" X
	    "' public='false'>%s</mine></iq>", tags_of("c"));
	reg(&w, "removed@ex/r", "d");
	mine(&w, OWNER, "d");
	about(&w, OWNER, "remove", "removed@ex");
	assert_string_equal(find(&w, "<strMask name='SN' value='*' wildcard='*'/>"), with);
	world_close(&w);
}

static void pages_say_whether_there_is_more(void **state)
{
	struct world w;
	char key[8], jid[32];
	size_t seen = 0;

	(void)state;
	world_open(&w, "sqlite::memory:");
	for (int i = 0; i < 25; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		snprintf(jid, sizeof(jid), "t%d@ex/r", i);
		reg(&w, jid, key);
		mine(&w, OWNER, key);
	}
	for (int offset = 0; offset < 30; offset += 10) {
		const char *r = say(&w, "<iq type='get' from='c@ex/c' to='reg.ex' id='1'>"
		    "<search xmlns='" X "' offset='%d' maxCount='10'>"
		    "<strEq name='MODEL' value='IMC'/></search></iq>", offset);

		seen += count_text(r, "<thing");
		HAS(r, offset < 20 ? "more=\"true\"" : "more=\"false\"");
		assert_true(count_text(r, "<thing") <= 10);
	}
	assert_int_equal(seen, 25);
	/* att-C-21: an offset beyond reason costs nothing. */
	HAS(say(&w, "<iq type='get' from='c@ex/c' to='reg.ex' id='1'><search xmlns='" X
	    "' offset='2000000000' maxCount='2000000000'><strEq name='MODEL' value='IMC'/>"
	    "</search></iq>"), "more=\"false\"");
	world_close(&w);
}

static void owners_show_in_their_first_namespace_only(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, THING, "k");
	mine(&w, OWNER, "k");
	HAS_NOT(say(&w, "<iq type='get' from='c@ex/c' to='reg.ex' id='1'><search xmlns='" N
	    "' offset='0' maxCount='5'><strEq name='MODEL' value='IMC'/></search></iq>"), "o@ex");
	HAS(buf_str(&w.out), "t@ex");
	w.conf.show_owner = false;
	world_restart(&w, "sqlite::memory:");
	reg(&w, THING, "k");
	mine(&w, OWNER, "k");
	HAS_NOT(find(&w, "<strEq name='MODEL' value='IMC'/>"), "o@ex");
	world_close(&w);
}

static void a_wrong_regular_expression_is_refused_but_never_one_on_the_key(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, THING, "k");
	mine(&w, OWNER, "k");
	HAS(find(&w, "<strRegEx name='MODEL' value='I[A-N].'/>"), "t@ex");
	HAS_NOT(find(&w, "<strRegEx name='MODEL' value='I[A-N]'/>"), "t@ex");
	HAS(find(&w, "<strRegEx name='MODEL' value='('/>"), "bad-request");
	HAS(find(&w, "<strRegEx name='MODEL' value='(a{255}){255}'/>"), "resource-constraint");
	HAS(find(&w, "<strRegEx name='KEY' value='('/>"), "more=\"false\"");
	HAS(find(&w, "<strRegEx name='MODEL' value='('/><strEq name='Key' value='k'/>"),
	    "more=\"false\"");
	world_close(&w);
}

/* ---- the KEY ---- */

static void scan_file(const char *path, const char *suffix, const char *what)
{
	char name[128];
	char *bytes;
	ssize_t got, all = 0;
	int fd;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return;
	bytes = malloc(8 << 20);
	assert_non_null(bytes);
	while ((got = read(fd, bytes + all, (size_t)((8 << 20) - all))) > 0)
		all += got;
	close(fd);
	if (memmem(bytes, (size_t)all, what, strlen(what)) != NULL)
		fail_msg("the KEY is in %s", name);
	free(bytes);
}

static void att_C_05__the_key_is_in_no_file_and_no_answer(void **state)
{
	static const char canary[] = "CANARY-7f3a9be05c6d41aa8e2f";
	static const char *const ops[] = {
		"strEq", "strNEq", "strGt", "strGtEq", "strLt", "strLtEq", "numEq", "numNEq",
		"numGt", "numGtEq", "numLt", "numLtEq",
	};
	static const char *const names[] = { "KEY", "key", "Key" };
	struct place p;
	struct world w;

	(void)state;
	place_make(&p);
	world_open(&w, p.url);
	HAS_NOT(reg(&w, THING, canary), canary);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
			for (size_t k = 0; k < 3; k++) {
				const char *r = say(&w, "<iq type='get' from='c@ex/c' to='reg.ex' "
				    "id='1'><search xmlns='" X "' offset='0' maxCount='9'>"
				    "<%s name='%s' value='%s'/></search></iq>", ops[i], names[k],
				    ops[i][0] == 'n' ? "1" : canary);

				HAS_NOT(r, "<thing");
				HAS_NOT(r, canary);
			}
		HAS_NOT(find(&w, "<strMask name='KEY' value='*' wildcard='*'/>"), "<thing");
		HAS_NOT(find(&w, "<strMask name='*' nameWildcard='*' value='CANARY*' "
		    "wildcard='*'/>"), "<thing");
		HAS_NOT(mine(&w, OWNER, canary), canary);
	}
	HAS_NOT(find(&w, "<strEq name='MODEL' value='IMC'/>"), canary);
	HAS(buf_str(&w.out), "t@ex");
	HAS_NOT(pushes(&w), canary);
	scan_file(p.path, "", canary);
	scan_file(p.path, "-wal", canary);
	world_leave(&w);
	scan_file(p.path, "", canary);
	scan_file(p.path, "-wal", canary);
	world_roles(&w, p.url);
	world_close(&w);
	place_remove(&p);
}

static void another_hash_key_is_refused(void **state)
{
	struct place p;
	struct world w;
	struct registry_deps deps;
	struct registry *g = NULL;
	struct secret other = { 0 };

	(void)state;
	place_make(&p);
	world_open(&w, p.url);
	registry_close(&w.registry);
	test_key(&other, 9);
	deps = (struct registry_deps){
		.store = w.store, .ownership = w.ownership, .debts = w.debts,
		.parked = w.parked, .contacts = w.contacts, .clock = &w.clock,
		.hash_key = &other, .stats = &w.stats,
	};
	assert_int_equal(registry_open(&g, &w.conf, &deps, &test_err), -1);
	assert_int_equal(test_err.kind, ERR_INPUT);
	assert_null(g);
	secret_clear(&other);
	world_close(&w);
	place_remove(&p);
}

/* ---- presence ---- */

static void the_component_answers_subscribe_once_each(void **state)
{
	struct world w;
	const char *r;

	(void)state;
	world_open(&w, "sqlite::memory:");
	r = say(&w, "<presence type='subscribe' from='t@ex' to='reg.ex'/>");
	assert_int_equal(count_text(r, "type=\"subscribe\""), 1);
	assert_int_equal(count_text(r, "type=\"subscribed\""), 1);
	assert_int_equal(count_text(r, "<presence"), 2);
	assert_true(strstr(r, "\"subscribe\"") < strstr(r, "\"subscribed\""));
	HAS(r, "from=\"reg.ex\"");
	HAS(r, "to=\"t@ex\"");
	/* Asked again, for his server forgot: approved again, asked no more. */
	r = say(&w, "<presence type='subscribe' from='t@ex' to='reg.ex'/>");
	assert_int_equal(count_text(r, "<presence"), 1);
	HAS(r, "subscribed");
	assert_string_equal(say(&w, "<presence type='subscribed' from='t@ex' to='reg.ex'/>"), "");
	assert_int_equal(contact_find(w.contacts, "t@ex")->from_us, SUB_YES);
	assert_int_equal(contact_find(w.contacts, "t@ex")->to_us, SUB_YES);
	assert_string_equal(say(&w, "<presence type='probe' from='t@ex' to='reg.ex'/>"), "");
	assert_string_equal(say(&w, "<presence type='subscribe' from='o@ex' to='x@reg.ex'/>"), "");
	world_close(&w);
}

static void a_thing_that_never_subscribes_is_asked(void **state)
{
	struct world w;
	const char *r;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, THING, "k");
	r = pushes(&w);
	assert_int_equal(count_text(r, "type=\"subscribe\""), 1);
	HAS(r, "to=\"t@ex\"");
	say(&w, "<presence type='subscribed' from='t@ex' to='reg.ex'/>");
	reg(&w, THING, "k");
	w.time.boot += 3600000;
	HAS_NOT(pushes(&w), "subscribe");
	/* A lost subscription is asked for at the next sign of life. */
	say(&w, "<presence type='unsubscribed' from='t@ex' to='reg.ex'/>");
	HAS_NOT(pushes(&w), "subscribe");
	reg(&w, THING, "k");
	HAS(pushes(&w), "type=\"subscribe\"");
	world_close(&w);
}

static void after_a_gap_those_we_see_are_probed(void **state)
{
	struct world w;
	struct buf out;
	size_t cursor = 0;
	char jid[32];

	(void)state;
	world_open(&w, "sqlite::memory:");
	for (int i = 0; i < 5; i++) {
		snprintf(jid, sizeof(jid), "t%d@ex", i);
		say(&w, "<presence type='subscribe' from='%s' to='reg.ex'/>", jid);
		if (i < 4)
			say(&w, "<presence type='subscribed' from='%s' to='reg.ex'/>", jid);
	}
	buf_init(&out, 4096);
	while (registry_probe(w.registry, &cursor, 2, &out) == 1)
		continue;
	assert_int_equal(count_text(buf_str(&out), "type=\"probe\""), 4);
	buf_fini(&out);
	world_close(&w);
}

static void att_R_02__subscriptions_of_strangers_leave_room_for_things(void **state)
{
	struct world w;
	char jid[32];

	(void)state;
	world_open(&w, "sqlite::memory:");
	world_leave(&w);
	w.conf.max_strangers = 10;
	world_roles(&w, "sqlite::memory:");
	reg(&w, THING, "k");
	for (int i = 0; i < 100; i++) {
		snprintf(jid, sizeof(jid), "s%d@evil", i);
		say(&w, "<presence type='subscribe' from='%s' to='reg.ex'/>", jid);
		HAS(say(&w, "<presence type='subscribe' from='%s' to='reg.ex'/>", jid), "subscribed");
		say(&w, "<presence type='subscribed' from='%s' to='reg.ex'/>", jid);
	}
	assert_true(contact_count(w.contacts) <= 10);
	say(&w, "<presence type='subscribed' from='t@ex' to='reg.ex'/>");
	assert_int_equal(contact_find(w.contacts, "t@ex")->from_us, SUB_YES);
	world_close(&w);
}

/* ---- asked of any entity ---- */

static void the_component_says_what_it_is(void **state)
{
	static const char *const features[] = {
		"urn:xmpp:iot:discovery", "urn:xmpp:iot:provisioning", "urn:ieee:iot:disco:1.0",
		"urn:nf:iot:disco:1.0", "urn:nfi:iot:disco:1.0", "urn:ieee:iot:prov:d:1.0",
		"urn:nf:iot:prov:d:1.0", "urn:nfi:iot:prov:o:1.0", "urn:nf:iot:prov:t:1.0",
		"urn:ieee:iot:prov:t:1.0", "urn:xmpp:ping",
		"jabber:iq:version", "urn:kith:lease:0", "http://jabber.org/protocol/disco#info",
	};
	struct world w;
	const char *r;

	(void)state;
	world_open(&w, "sqlite::memory:");
	r = say(&w, "<iq type='get' from='t@ex/r' to='reg.ex' id='1'>"
	    "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		HAS(r, features[i]);
	r = say(&w, "<iq type='get' from='t@ex/r' to='desk@reg.ex' id='1'>"
	    "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
	HAS_NOT(r, "iot");
	HAS(say(&w, "<iq type='get' from='t@ex/r' to='reg.ex' id='1'>"
	    "<query xmlns='http://jabber.org/protocol/disco#info' node='x'/></iq>"),
	    "item-not-found");
	HAS(say(&w, "<iq type='get' from='t@ex/r' to='reg.ex' id='1'>"
	    "<query xmlns='http://jabber.org/protocol/disco#items'/></iq>"), "result");
	HAS(say(&w, "<iq type='get' from='t@ex/r' to='reg.ex' id='1'>"
	    "<ping xmlns='urn:xmpp:ping'/></iq>"), "result");
	HAS(say(&w, "<iq type='get' from='t@ex/r' to='reg.ex' id='1'>"
	    "<query xmlns='jabber:iq:version'/></iq>"), "kith");
	world_close(&w);
}

/* ---- the disk ---- */

static void everything_is_there_after_a_restart(void **state)
{
	struct place p;
	struct world w;

	(void)state;
	place_make(&p);
	world_open(&w, p.url);
	reg(&w, THING, "a");
	mine(&w, OWNER, "a");
	reg(&w, "u@ex/r", "b");
	world_restart(&w, p.url);
	HAS(mine(&w, OWNER, "a"), "t@ex");
	HAS(mine(&w, OTHER, "a"), "item-not-found");
	HAS(mine(&w, OTHER, "b"), "u@ex");
	HAS(find(&w, "<strEq name='MODEL' value='IMC'/>"), "t@ex");
	world_close(&w);
	place_remove(&p);
}

static void receipts_lose_their_names_and_digests_stay_used(void **state)
{
	struct place p;
	struct world w;

	(void)state;
	place_make(&p);
	world_open(&w, p.url);
	reg(&w, THING, "a");
	mine(&w, OWNER, "a");
	w.time.wall += 31 * DAY;
	tick(&w);
	unregister(&w, THING);
	reg(&w, THING, "a");
	world_restart(&w, p.url);
	HAS(mine(&w, OWNER, "a"), "item-not-found");
	world_close(&w);
	place_remove(&p);
}

static void a_rolled_back_claim_left_no_trace(void **state)
{
	struct world w;
	struct request q;
	struct reply r;
	char xml[1024];

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, THING, "k");
	snprintf(xml, sizeof(xml), "<iq type='set' from='" OTHER "' to='reg.ex' id='1'><mine "
	    "xmlns='" X "'>%s</mine></iq>", tags_of("k"));
	parse(&w, xml, &q);
	MUST(store_begin(w.store, &test_err));
	MUST(registry_serve(w.registry, &q, &r, &test_err));
	assert_int_equal(r.kind, REPLY_RESULT);
	store_rollback(w.store);
	assert_null(thing_of(&w, "t@ex")->owner);
	HAS_NOT(pushes(&w), "<claimed");
	HAS(mine(&w, OWNER, "k"), "t@ex");
	world_close(&w);
}

static void run_sql(struct world *w, const char *sql)
{
	struct stmt *st = store_prepare(w->store, sql, &test_err);

	assert_non_null(st);
	MUST(store_begin(w->store, &test_err));
	MUST(stmt_run(st, NULL, &test_err));
	MUST(store_commit(w->store, &test_err));
}

/* The last of a claim's rows cannot be written: nothing of it may stay. */
static void a_store_error_in_the_middle_of_a_claim_undoes_it(void **state)
{
	struct world w;
	struct request q;
	struct reply r;
	char xml[1024];

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, THING, "k");
	run_sql(&w, "INSERT INTO debt (row, kind, peer, subject, number, since)"
	    " VALUES (2, 5, 'x@ex', '', 0, 0)");
	snprintf(xml, sizeof(xml), "<iq type='set' from='" OWNER "' to='reg.ex' id='1'><mine "
	    "xmlns='" X "'>%s</mine></iq>", tags_of("k"));
	parse(&w, xml, &q);
	MUST(store_begin(w.store, &test_err));
	assert_int_equal(registry_serve(w.registry, &q, &r, &test_err), -1);
	assert_int_equal(test_err.kind, ERR_SYSTEM);
	store_rollback(w.store);
	assert_null(thing_of(&w, "t@ex")->owner);
	assert_int_equal(ownership_count_of_owner(w.ownership, "o@ex"), 0);
	HAS_NOT(pushes(&w), "<claimed");
	run_sql(&w, "DELETE FROM debt WHERE row = 2");
	HAS(mine(&w, OWNER, "k"), "t@ex");
	HAS(pushes(&w), "<claimed");
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thing_registers_with_get_or_set),
		cmocka_unit_test(registering_again_replaces_the_tags_of_an_unclaimed_thing),
		cmocka_unit_test(att_C_09__a_claimed_thing_changes_nothing_by_registering),
		cmocka_unit_test(nodes_of_one_address_are_things_of_their_own),
		cmocka_unit_test(other_domains_register_only_when_listed),
		cmocka_unit_test(att_C_16__things_that_own_themselves_are_refused),
		cmocka_unit_test(new_things_come_so_fast_and_old_ones_as_they_like__row_P11),
		cmocka_unit_test(att_C_17__quotas_hold_and_honest_things_still_register),
		cmocka_unit_test(a_full_pool_of_present_things_refuses_new_ones),
		cmocka_unit_test(unclaimed_things_expire_unless_present),
		cmocka_unit_test(a_claim_by_iq_is_public_and_by_chat_private),
		cmocka_unit_test(att_C_01__two_owners_race_and_one_wins),
		cmocka_unit_test(att_C_02__asking_again_gives_the_same_success_and_one_push),
		cmocka_unit_test(att_C_03__all_refusals_are_the_same_bytes),
		cmocka_unit_test(att_C_06__the_whole_set_in_any_order_and_case),
		cmocka_unit_test(att_C_07__a_twin_is_never_bound_silently),
		cmocka_unit_test(two_nodes_with_the_same_tags_are_twins_too),
		cmocka_unit_test(att_C_11__a_used_key_claims_nothing_for_anybody),
		cmocka_unit_test(strangers_domains_own_nothing_unless_verified),
		cmocka_unit_test(the_claimed_push_speaks_the_things_dialect),
		cmocka_unit_test(att_C_23__a_push_is_owed_until_its_thing_answers),
		cmocka_unit_test(feature_not_implemented_settles_a_push),
		cmocka_unit_test(a_thing_nobody_heard_of_today_gets_its_push_when_it_comes),
		cmocka_unit_test(unregistering_the_unknown_is_an_empty_result),
		cmocka_unit_test(a_claimed_thing_that_unregisters_ends_the_epoch),
		cmocka_unit_test(att_C_22__unregister_and_claim_have_an_order),
		cmocka_unit_test(updates_by_thing_and_owner),
		cmocka_unit_test(att_C_19__a_key_cannot_be_set_by_update),
		cmocka_unit_test(att_C_15__what_others_own_does_not_exist),
		cmocka_unit_test(removing_unlists_and_the_owner_stays),
		cmocka_unit_test(att_C_12__disowning_an_absent_thing_is_refused),
		cmocka_unit_test(att_C_12__so_is_one_whose_presence_says_that_it_is_away),
		cmocka_unit_test(a_present_thing_is_asked_first_and_then_let_go),
		cmocka_unit_test(att_C_13__no_answer_in_time_undoes_and_a_late_one_changes_nothing),
		cmocka_unit_test(att_C_14__a_forged_answer_disowns_nothing),
		cmocka_unit_test(during_a_disown_registering_is_the_answer),
		cmocka_unit_test(a_disown_over_a_restart_is_answered),
		cmocka_unit_test(a_rolled_back_release_is_not_sent),
		cmocka_unit_test(att_C_20__private_unclaimed_and_removed_things_are_never_found),
		cmocka_unit_test(pages_say_whether_there_is_more),
		cmocka_unit_test(owners_show_in_their_first_namespace_only),
		cmocka_unit_test(a_wrong_regular_expression_is_refused_but_never_one_on_the_key),
		cmocka_unit_test(att_C_05__the_key_is_in_no_file_and_no_answer),
		cmocka_unit_test(another_hash_key_is_refused),
		cmocka_unit_test(the_component_answers_subscribe_once_each),
		cmocka_unit_test(a_thing_that_never_subscribes_is_asked),
		cmocka_unit_test(att_R_02__subscriptions_of_strangers_leave_room_for_things),
		cmocka_unit_test(after_a_gap_those_we_see_are_probed),
		cmocka_unit_test(the_component_says_what_it_is),
		cmocka_unit_test(everything_is_there_after_a_restart),
		cmocka_unit_test(receipts_lose_their_names_and_digests_stay_used),
		cmocka_unit_test(a_rolled_back_claim_left_no_trace),
		cmocka_unit_test(a_store_error_in_the_middle_of_a_claim_undoes_it),
	};

	return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
