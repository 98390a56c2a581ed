/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enroll_test: register, whole: who may, how many, how much, things that own
 * themselves, nodes behind a gateway, and what is remembered of used KEYs.
 */
#include "config.h"

#include "tests/unit/registry_support.h"

#include "common/base/log.h"
#include "registry/role.h"

#define OWNER "ann@ex/phone"

static const char *reg_self_owned(struct world *w, const char *thing, const char *sn)
{
	return say(w, "<iq type='set' from='%s' to='reg.ex' id='r1'><register xmlns='" X
	    "' selfOwned='true'><str name='SN' value='%s'/></register></iq>", thing, sn);
}

static const char *reg_node(struct world *w, const char *gateway, const char *node,
    const char *key)
{
	return say(w, "<iq type='set' from='%s' to='reg.ex' id='r1'><register xmlns='" X
	    "' nodeId='%s'><str name='SN' value='%s'/><str name='KEY' value='%s'/></register>"
	    "</iq>", gateway, node, node, key);
}

static const char *mine_node(struct world *w, const char *owner, const char *node,
    const char *key)
{
	return say(w, "<iq type='set' from='%s' to='reg.ex' id='m1'><mine xmlns='" X "'>"
	    "<str name='SN' value='%s'/><str name='KEY' value='%s'/></mine></iq>", owner, node,
	    key);
}

static void remove_store(const char *dir)
{
	static const char *const ends[] = { "", "-wal", "-shm", ".lock", "-lock" };
	char path[96];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(path, sizeof(path), "%s/db%s", dir, ends[i]);
		(void)!remove(path);
	}
	(void)!remove(dir);
}

static const char *const sites[] = { "ex", "free.ex", "other.ex", "a.ex", "b.ex", NULL };

/* ---- what it offers ---- */

static const char *reg_offers(struct world *w, const char *thing, const char *offers)
{
	return say(w, "<iq type='set' from='%s' to='reg.ex' id='r1'><register xmlns='" X "'>"
	    "<str name='SN' value='1'/><str name='KEY' value='k'/>"
	    "<self xmlns='urn:kith:thing:0'>%s</self></register></iq>", thing, offers);
}

static const struct manifest *manifest_of(struct world *w, struct pool *pool, const char *thing)
{
	const struct manifest *m;

	assert_int_equal(registry_manifest(w->registry, thing_of(w, thing)->id, pool, &m, NULL), 0);
	return m;
}

static void what_a_thing_offers_is_kept_until_it_says_another(void **state)
{
	static const char lamp[] = "<offers><control name='level' type='numeric' min='0' max='100'/>"
	    "<field name='power' unit='W'/></offers><needs><need line='read x of *'/></needs>";
	const struct manifest *m;
	struct world w;
	struct pool pool;

	(void)state;
	pool_init(&pool, 1 << 20);
	world_open(&w, "sqlite::memory:");
	HAS_NOT(reg_offers(&w, "t@ex/t", lamp), "error");
	m = manifest_of(&w, &pool, "t@ex");
	assert_int_equal(m->n_offers, 2);
	assert_true(m->offer[0].control && m->offer[0].has_range && m->offer[0].max == 100);
	assert_string_equal(m->offer[1].unit, "W");
	assert_null(m->offer[1].type);
	assert_int_equal(m->n_needs, 1);
	assert_string_equal(m->need[0], "read x of *");
	/* Also when it is somebody's by then: people see what it is now. */
	HAS(say(&w, "<iq type='set' from='" OWNER "' to='reg.ex' id='m1'><mine xmlns='" X "'>"
	    "<str name='SN' value='1'/><str name='KEY' value='k'/></mine></iq>"), "t@ex");
	HAS(reg_offers(&w, "t@ex/t", "<offers><field name='new'/></offers>"), "claimed");
	m = manifest_of(&w, &pool, "t@ex");
	assert_int_equal(m->n_offers, 1);
	assert_string_equal(m->offer[0].name, "new");
	/* It says nothing any more. */
	HAS(reg_offers(&w, "t@ex/t", ""), "claimed");
	assert_null(manifest_of(&w, &pool, "t@ex"));
	world_close(&w);
	pool_fini(&pool);
}

static void too_much_is_refused_and_writes_nothing(void **state)
{
	char offers[20000];
	size_t at = (size_t)snprintf(offers, sizeof(offers), "<offers>");
	struct world w;

	(void)state;
	for (int i = 0; i < 100; i++)
		at += (size_t)snprintf(offers + at, sizeof(offers) - at, "<field name='%0120d'/>", i);
	snprintf(offers + at, sizeof(offers) - at, "</offers>");
	world_open(&w, "sqlite::memory:");
	HAS(reg_offers(&w, "t@ex/t", offers), "resource-constraint");
	assert_null(thing_of(&w, "t@ex"));
	world_close(&w);
}

/* ---- self-owned ---- */

static void att_C_16__nobody_owns_itself_unless_its_domain_is_listed(void **state)
{
	static const char *const listed[] = { "free.ex", NULL };
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	HAS(reg_self_owned(&w, "t@free.ex/t", "1"), "not-allowed");
	assert_null(thing_of(&w, "t@free.ex"));
	world_leave(&w);
	w.conf.domains = sites;
	w.conf.self_owned = listed;
	w.conf.max_self_owned = 2;
	world_roles(&w, "sqlite::memory:");
	HAS_NOT(reg_self_owned(&w, "t@free.ex/t", "1"), "error");
	assert_int_equal(thing_of(&w, "t@free.ex")->state, OWNED_SELF);
	HAS(reg_self_owned(&w, "t@other.ex/t", "1"), "not-allowed");
	world_close(&w);
}

static void att_C_16__what_owns_itself_is_found_and_cannot_be_claimed(void **state)
{
	static const char *const listed[] = { "ex", NULL };
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	world_leave(&w);
	w.conf.self_owned = listed;
	world_roles(&w, "sqlite::memory:");
	reg_self_owned(&w, "t@ex/t", "77");
	HAS(find(&w, "<strEq name='SN' value='77'/>"), "t@ex");
	HAS(say(&w, "<iq type='set' from='" OWNER "' to='reg.ex' id='m1'><mine xmlns='" X "'>"
	    "<str name='SN' value='77'/></mine></iq>"), "item-not-found");
	/* It may say something else of itself, and become a thing like any other. */
	HAS_NOT(say(&w, "<iq type='set' from='t@ex/t' to='reg.ex' id='u1'><update xmlns='" X "'>"
	    "<str name='ROOM' value='hall'/></update></iq>"), "disowned");
	HAS(find(&w, "<strEq name='ROOM' value='hall'/>"), "t@ex");
	reg(&w, "t@ex/t", "k");
	assert_int_equal(thing_of(&w, "t@ex")->state, OWNED_NOBODY);
	HAS_NOT(find(&w, "<strEq name='SN' value='394872348732948723'/>"), "t@ex");
	world_close(&w);
}

static void att_C_16__the_quota_of_self_owned_things_holds(void **state)
{
	static const char *const listed[] = { "ex", NULL };
	char jid[64];
	struct world w;
	size_t stored = 0;

	(void)state;
	world_open(&w, "sqlite::memory:");
	world_leave(&w);
	w.conf.self_owned = listed;
	w.conf.max_self_owned = 5;
	world_roles(&w, "sqlite::memory:");
	for (int i = 0; i < 200; i++) {
		snprintf(jid, sizeof(jid), "s%d@ex/t", i);
		stored += strstr(reg_self_owned(&w, jid, "1"), "error") == NULL;
	}
	assert_int_equal(stored, 5);
	assert_int_equal(ownership_count(w.ownership), 5);
	/* Those who are in may come again. */
	HAS_NOT(reg_self_owned(&w, "s0@ex/t", "1"), "error");
	world_close(&w);
}

/* ---- quotas ---- */

static void att_C_17__an_address_a_domain_and_a_site_have_room_for_so_many(void **state)
{
	char jid[64];
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	world_leave(&w);
	w.conf.domains = sites;
	w.conf.max_things_per_jid = 3;
	w.conf.max_things_per_domain = 6;
	w.conf.max_things = 8;
	world_roles(&w, "sqlite::memory:");
	for (int i = 0; i < 3; i++) {
		snprintf(jid, sizeof(jid), "n%d", i);
		HAS_NOT(reg_node(&w, "gw@a.ex/g", jid, "k"), "error");
	}
	HAS(reg_node(&w, "gw@a.ex/g", "n3", "k"), "resource-constraint");
	for (int i = 0; i < 3; i++) {
		snprintf(jid, sizeof(jid), "t%d@a.ex/t", i);
		HAS_NOT(reg(&w, jid, jid), "error");
	}
	HAS(reg(&w, "t9@a.ex/t", "x"), "resource-constraint");
	HAS_NOT(reg(&w, "t1@b.ex/t", "b1"), "error");
	HAS_NOT(reg(&w, "t2@b.ex/t", "b2"), "error");
	HAS(reg(&w, "t3@b.ex/t", "b3"), "resource-constraint");
	/* Who is in may come again, and who goes makes room. */
	HAS_NOT(reg_node(&w, "gw@a.ex/g", "n1", "k"), "error");
	unregister(&w, "t1@b.ex/t");
	HAS_NOT(reg(&w, "t3@b.ex/t", "b3"), "error");
	world_close(&w);
}

static void row_P14__too_many_tags_or_bytes_are_told_apart_to_ours(void **state)
{
	char tags[8192] = "";
	size_t at = 0;
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	world_leave(&w);
	w.conf.max_tags = 4;
	w.conf.max_tag_bytes = 256;
	world_roles(&w, "sqlite::memory:");
	for (int i = 0; i < 5; i++)
		at += (size_t)snprintf(tags + at, sizeof(tags) - at,
		    "<str name='T%d' value='v'/>", i);
	HAS(say(&w, "<iq type='set' from='t@ex/t' to='reg.ex' id='r'><register xmlns='" N "'>%s"
	    "<self xmlns='urn:kith:thing:0'/></register></iq>", tags), "reason=\"quota-tags\"");
	snprintf(tags, sizeof(tags), "<str name='A' value='%0120d'/><str name='B' value='%0120d'/>"
	    "<str name='C' value='%0120d'/>", 1, 2, 3);
	HAS(say(&w, "<iq type='set' from='t@ex/t' to='reg.ex' id='r'><register xmlns='" N "'>%s"
	    "<self xmlns='urn:kith:thing:0'/></register></iq>", tags), "reason=\"quota-bytes\"");
	HAS_NOT(say(&w, "<iq type='set' from='t@ex/t' to='reg.ex' id='r'><register xmlns='" N "'>"
	    "%s</register></iq>", tags), "reason");
	assert_null(thing_of(&w, "t@ex"));
	world_close(&w);
}

/* ---- nodes ---- */

static void row_D12__each_node_has_its_own_record_and_owner(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg_node(&w, "gw@ex/g", "n1", "k1");
	reg_node(&w, "gw@ex/g", "n2", "k2");
	HAS(mine_node(&w, OWNER, "n1", "k1"), "nodeId=\"n1\"");
	HAS(mine_node(&w, "bob@ex/b", "n2", "k2"), "nodeId=\"n2\"");
	assert_true(owned_by(ownership_by_address(w.ownership, "gw@ex", "n1", NULL, NULL),
	    "ann@ex"));
	assert_true(owned_by(ownership_by_address(w.ownership, "gw@ex", "n2", NULL, NULL),
	    "bob@ex"));
	HAS(reg_node(&w, "gw@ex/g", "n1", "k1"), "jid=\"ann@ex\"");
	/* The gateway itself is a thing of its own, and nobody's yet. */
	assert_null(thing_of(&w, "gw@ex"));
	world_close(&w);
}

/* A node belongs to the address that stamps its registration: another one that
 * names the same node has made another thing. */
static void row_D12__a_node_is_registered_by_its_gateway_only(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg_node(&w, "gw@ex/g", "n1", "k1");
	mine_node(&w, OWNER, "n1", "k1");
	HAS_NOT(reg_node(&w, "eve@ex/g", "n1", "other"), "claimed");
	assert_true(owned_by(ownership_by_address(w.ownership, "gw@ex", "n1", NULL, NULL),
	    "ann@ex"));
	assert_non_null(ownership_by_address(w.ownership, "eve@ex", "n1", NULL, NULL));
	say(&w, "<iq type='set' from='eve@ex/g' to='reg.ex' id='u'><unregister xmlns='" X
	    "' nodeId='n1'/></iq>");
	assert_true(owned_by(ownership_by_address(w.ownership, "gw@ex", "n1", NULL, NULL),
	    "ann@ex"));
	world_close(&w);
}

static void row_D5__registering_twice_is_registering_once(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	for (int i = 0; i < 50; i++)
		HAS_NOT(reg(&w, i % 2 ? "t@ex/a" : "t@ex/b", "k"), "error");
	assert_int_equal(ownership_count(w.ownership), 1);
	world_close(&w);
}

static void a_thing_without_a_KEY_is_claimed_by_all_its_tags(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	say(&w, "<iq type='set' from='t@ex/t' to='reg.ex' id='r'><register xmlns='" X "'>"
	    "<str name='SN' value='1'/><str name='MAN' value='m'/></register></iq>");
	HAS(say(&w, "<iq type='set' from='" OWNER "' to='reg.ex' id='m'><mine xmlns='" X "'>"
	    "<str name='SN' value='1'/></mine></iq>"), "item-not-found");
	HAS(say(&w, "<iq type='set' from='" OWNER "' to='reg.ex' id='m'><mine xmlns='" X "'>"
	    "<str name='MAN' value='m'/><str name='SN' value='1'/></mine></iq>"), "<claimed");
	world_close(&w);
}

/* ---- used KEYs ---- */

static void loop(struct world *w, int from, int to)
{
	char jid[64], key[64];

	for (int i = from; i < to; i++) {
		snprintf(jid, sizeof(jid), "loop%d@ex/t", i % 3);
		snprintf(key, sizeof(key), "k%d", i);
		reg(w, jid, key);
		mine(w, "eve@ex/e", key);
		unregister(w, jid);
	}
}

static void att_C_17__register_claim_unregister_in_a_loop_fills_nothing(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	world_leave(&w);
	w.conf.max_used = 40;
	w.conf.unclaimed_expire_ms = 60000;
	world_roles(&w, "sqlite::memory:");
	reg(&w, "t@ex/t", "ours");
	mine(&w, OWNER, "ours");
	loop(&w, 0, 300);
	/* Their records go first, then what is remembered of them. */
	w.time.wall += INT64_C(40) * 86400000;
	for (int i = 0; i < 40; i++)
		tick(&w);
	assert_true(thing_store_used_count(w.registry->things) <= 40);
	/* The KEY of what is here is never forgotten. */
	unregister(&w, "t@ex/t");
	reg(&w, "t@ex/t", "ours");
	HAS(mine(&w, "eve@ex/e", "ours"), "item-not-found");
	world_close(&w);
}

static void forgetting_is_undone_with_its_turn(void **state)
{
	size_t before;
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	world_leave(&w);
	w.conf.max_used = 10;
	w.conf.unclaimed_expire_ms = 60000;
	world_roles(&w, "sqlite::memory:");
	loop(&w, 0, 60);
	w.time.wall += INT64_C(40) * 86400000;
	tick(&w);
	before = thing_store_used_count(w.registry->things);
	MUST(store_begin(w.store, &test_err));
	for (int i = 0; i < 5; i++)
		MUST(registry_tick(w.registry, &test_err));
	store_rollback(w.store);
	assert_int_equal(thing_store_used_count(w.registry->things), before);
	loop(&w, 60, 80);
	for (int i = 0; i < 20; i++)
		tick(&w);
	w.time.wall += INT64_C(40) * 86400000;
	for (int i = 0; i < 20; i++)
		tick(&w);
	assert_true(thing_store_used_count(w.registry->things) <= 10);
	world_close(&w);
}

/* ---- presence ---- */

static size_t asked_in(struct world *w, int days)
{
	size_t n = 0;

	for (int i = 0; i < days * 96; i++) {
		n += count_text(pushes(w), "type=\"subscribe\"");
		w->time.boot += 15 * 60000;
	}
	return n;
}

static void a_thing_that_never_answers_is_not_asked_for_its_presence_for_ever(void **state)
{
	struct world w;
	size_t n;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, "t@ex/t", "k");
	n = asked_in(&w, 3);
	assert_in_range(n, 2, 24);
	assert_int_equal(asked_in(&w, 3), 0);
	/* It is there again, so it may have changed its mind. */
	reg(&w, "t@ex/t", "k");
	assert_true(asked_in(&w, 1) > 0);
	say(&w, "<presence from='t@ex' to='reg.ex' type='subscribed'/>");
	assert_int_equal(asked_in(&w, 1), 0);
	world_close(&w);
}

/* Prosody answers our `subscribe` so while the thing is there. */
static void interop_4_4__a_bare_unavailable_leaves_the_way_to_the_thing(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, "t@ex/t", "k");
	say(&w, "<presence from='t@ex' to='reg.ex' type='unavailable'/>");
	mine(&w, OWNER, "k");
	HAS(pushes(&w), "to=\"t@ex/t\"");
	world_close(&w);
}

static void subscriptions_are_known_after_a_restart_and_probed(void **state)
{
	char url[64], path[48] = "/tmp/kith-enroll-XXXXXX";
	size_t cursor = 0;
	struct world w;

	(void)state;
	assert_non_null(mkdtemp(path));
	snprintf(url, sizeof(url), "sqlite:%s/db", path);
	world_open(&w, url);
	reg(&w, "t@ex/t", "k");
	say(&w, "<presence from='t@ex' to='reg.ex' type='subscribed'/>");
	HAS(say(&w, "<presence from='t@ex' to='reg.ex' type='subscribe'/>"), "subscribed");
	world_restart(&w, url);
	assert_int_equal(contact_find(w.contacts, "t@ex")->from_us, SUB_YES);
	assert_int_equal(contact_find(w.contacts, "t@ex")->to_us, SUB_YES);
	buf_reset(&w.out);
	assert_int_equal(registry_probe(w.registry, &cursor, 10, &w.out), 0);
	HAS(buf_str(&w.out), "type=\"probe\"");
	/* Nobody is asked twice for what he gave. */
	reg(&w, "t@ex/t", "k");
	HAS_NOT(pushes(&w), "subscribe");
	world_close(&w);
	remove_store(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_thing_offers_is_kept_until_it_says_another),
		cmocka_unit_test(too_much_is_refused_and_writes_nothing),
		cmocka_unit_test(att_C_16__nobody_owns_itself_unless_its_domain_is_listed),
		cmocka_unit_test(att_C_16__what_owns_itself_is_found_and_cannot_be_claimed),
		cmocka_unit_test(att_C_16__the_quota_of_self_owned_things_holds),
		cmocka_unit_test(
		    att_C_17__an_address_a_domain_and_a_site_have_room_for_so_many),
		cmocka_unit_test(row_P14__too_many_tags_or_bytes_are_told_apart_to_ours),
		cmocka_unit_test(row_D12__each_node_has_its_own_record_and_owner),
		cmocka_unit_test(row_D12__a_node_is_registered_by_its_gateway_only),
		cmocka_unit_test(row_D5__registering_twice_is_registering_once),
		cmocka_unit_test(a_thing_without_a_KEY_is_claimed_by_all_its_tags),
		cmocka_unit_test(att_C_17__register_claim_unregister_in_a_loop_fills_nothing),
		cmocka_unit_test(forgetting_is_undone_with_its_turn),
		cmocka_unit_test(
		    a_thing_that_never_answers_is_not_asked_for_its_presence_for_ever),
		cmocka_unit_test(interop_4_4__a_bare_unavailable_leaves_the_way_to_the_thing),
		cmocka_unit_test(subscriptions_are_known_after_a_restart_and_probed),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
