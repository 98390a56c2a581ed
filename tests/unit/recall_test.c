/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recall_test: what is taken back is counted: who is told, who has confirmed,
 * what the owner reads, and that none of it is lost by restarts, rollbacks and
 * late answers.  The last test compares with a naive count.
 */
#include "config.h"

#include "tests/unit/store_support.h"

#include <inttypes.h>

#include "common/base/buf.h"
#include "policy/value.h"
#include "provisioning/serve.h"
#include "tests/unit/words.h"

#define NOON 1795262400000LL	/* 2026-11-21T12:00 UTC */
#define SECOND 1000LL
#define MINUTE (60 * SECOND)
#define OWNER "olga@x.ex"
#define BOB "bob@x.ex"
#define SERVICE "kith.x.ex"
#define MANY 6000

static struct world {
	struct place place;
	struct clock_fake hands;
	struct clock clock;
	struct store *store;
	struct ownership *ownership;
	struct debts *debts;
	struct contacts *contacts;
	struct persons *persons;
	struct secret key;
	struct stats stats;
	struct provisioning_conf conf;
	struct provisioning *p;
	struct pool pool;
	struct reply r;
	char jid[MANY][32], name[MANY][16];
} w;

/* ---- the world ---- */

static int changed(void *arg, const struct owned *before, const struct owned *after, struct err *e)
{
	(void)arg;
	if (before != NULL && provisioning_owner_changed(w.p, before, e) != 0)
		return -1;
	return after == NULL ? 0 : provisioning_owner_changed(w.p, after, e);
}

static size_t no_tags(void *arg, const uint8_t id[static OWNERSHIP_ID], struct pool *pool,
    struct tag *out, size_t max)
{
	(void)arg;
	(void)id;
	(void)pool;
	(void)out;
	(void)max;
	return 0;
}

static void open_all(void)
{
	struct provisioning_deps deps;

	w.store = open_store(w.place.url);
	MUST(ownership_open(&w.ownership, w.store, &test_err));
	MUST(debts_open(&w.debts, w.store, &w.clock, &w.key, &test_err));
	MUST(contacts_open(&w.contacts, w.store, &w.clock, &test_err));
	MUST(persons_open(&w.persons, w.store, &test_err));
	deps = (struct provisioning_deps){ .store = w.store, .ownership = w.ownership,
		.debts = w.debts, .contacts = w.contacts, .clock = &w.clock, .hash_key = &w.key,
		.stats = &w.stats, .persons = w.persons, .tags = no_tags };
	MUST(provisioning_open(&w.p, &w.conf, &deps, &test_err));
	ownership_on_change(w.ownership, changed, NULL);
}

static void close_all(void)
{
	provisioning_close(&w.p);
	persons_close(&w.persons);
	contacts_close(&w.contacts);
	debts_close(&w.debts);
	ownership_close(&w.ownership);
	store_close(&w.store);
}

static void restart(void)
{
	close_all();
	open_all();
}

static int setup(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	w.hands.wall = NOON;
	w.hands.boot = 7000000;
	w.clock = clock_from_fake(&w.hands);
	pool_init(&w.pool, 64 * 1024 * 1024);
	test_key(&w.key, 3);
	place_make(&w.place);
	w.conf = (struct provisioning_conf){ .jid = SERVICE, .read_lease_ms = 15 * MINUTE,
		.control_lease_ms = 5 * MINUTE, .befriend_lease_ms = 15 * MINUTE,
		.max_questions_strangers = 20, .question_ms = 90 * 24 * 60 * MINUTE,
		.code_ms = 7 * 24 * 60 * MINUTE };
	open_all();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close_all();
	place_remove(&w.place);
	pool_fini(&w.pool);
	secret_clear(&w.key);
	return 0;
}

static void begin(void) { MUST(store_begin(w.store, &test_err)); }
static void commit(void) { MUST(store_commit(w.store, &test_err)); }

static void put_thing(size_t i, const char *jid, const char *node, const char *owner,
    uint64_t epoch)
{
	struct owned t = { .jid = jid, .node = node, .owner = owner, .epoch = epoch,
		.state = owner != NULL ? OWNED : OWNED_NOBODY, .name = w.name[i], .listed = true };

	snprintf(w.name[i], sizeof(w.name[i]), "lamp-%zu", i);
	t.id[0] = (uint8_t)i;
	t.id[1] = (uint8_t)(i >> 8);
	t.id[2] = 7;
	MUST(ownership_put(w.ownership, &t, &test_err));
}

static void things(size_t n)
{
	begin();
	for (size_t i = 1; i <= n; i++) {
		snprintf(w.jid[i], sizeof(w.jid[i]), "t%zu@x.ex", i);
		put_thing(i, w.jid[i], NULL, OWNER, 1);
		MUST(contact_set_sub(w.contacts, w.jid[i], SUB_YES, SUB_YES, &test_err));
	}
	commit();
}

static void advance(int64_t ms)
{
	w.hands.wall += ms;
	w.hands.boot += ms;
}

/* The clockwork, until nothing is due any more. */
static void tick(void)
{
	while (provisioning_deadline(w.p) <= w.hands.wall) {
		begin();
		MUST(provisioning_tick(w.p, &test_err));
		commit();
	}
}

/* ---- who speaks ---- */

static void serve(const struct request *q)
{
	bool writes = provisioning_writes(w.p, q);
	int ret = writes ? PROVISIONING_WRITES : provisioning_serve(w.p, q, &w.r, &test_err);

	MUST(ret);
	if (ret != PROVISIONING_WRITES)
		return;
	begin();
	MUST(provisioning_serve(w.p, q, &w.r, &test_err));
	commit();
}

static struct request request(enum verb verb, const char *bare)
{
	pool_reset(&w.pool);
	return (struct request){ .verb = verb, .kind = STANZA_IQ, .type = IQ_GET, .id = "1",
		.from = bare, .bare = bare, .to = SERVICE, .pool = &w.pool,
		.dialect = { PROTO_PROV_DEVICE, GEN_X, VOCAB_LONG } };
}

static bool ask(const char *jid, const char *who, bool leased)
{
	struct request q = request(VERB_CAN_READ, jid);

	q.lease.asked = leased;
	q.u.can.jid = who;
	q.u.can.types = FIELD_MOMENTARY;
	serve(&q);
	return w.r.u.can.result;
}

static void all_ask(size_t n)
{
	for (size_t i = 1; i <= n; i++)
		ask(w.jid[i], BOB, true);
	tick();
}

static int64_t rule_of(const char *line, size_t thing)
{
	const uint8_t id[OWNERSHIP_ID] = { (uint8_t)thing, (uint8_t)(thing >> 8), 7 };
	struct request q = request(VERB_RULE_ADD, OWNER);

	q.kind = STANZA_MESSAGE;
	q.type = IQ_NOT;
	q.u.desk.text = line;
	q.u.desk.thing_id = thing > 0 ? id : NULL;
	serve(&q);
	if (w.r.kind != REPLY_RESULT || w.r.body != BODY_RULE)
		fail_msg("%s", w.r.text != NULL ? in_words(w.r.text) : "refused");
	return w.r.u.rules.rule[0].number;
}

static int64_t rule(const char *line)
{
	return rule_of(line, 0);
}

static void say(enum verb verb, const char *jid, int64_t number)
{
	struct request q = request(verb, OWNER);

	q.kind = STANZA_MESSAGE;
	q.type = IQ_NOT;
	q.u.desk.jid = jid;
	q.u.desk.number = number;
	serve(&q);
	assert_int_equal(w.r.kind, REPLY_RESULT);
}

/* ---- what is owed, and confirmed ---- */

static const struct debt *floor_of(const char *jid)
{
	return debt_find(w.debts, DEBT_FLOOR, jid, "");
}

/* The push leaves: the id under which it will be answered. */
static void push(const char *jid, char id[static DEBT_ID])
{
	const struct debt *d = floor_of(jid);

	assert_non_null(d);
	debt_iq_id(w.debts, d, id);
	debt_sent(w.debts, d->row);
}

/* As kithd/site.c does it.  False: it is the answer to nothing. */
static bool answer_within(const char *jid, const char *id)
{
	struct request q = request(VERB_ANSWER, jid);
	uint64_t number;
	int64_t row = debt_iq_row(w.debts, id, jid, &number);
	struct debt sent;

	if (row < 0)
		return false;
	sent = *debt_by_row(w.debts, row);
	sent.number = number;
	q.u.answer.ok = true;
	MUST(provisioning_debt_answered(w.p, &sent, &q, &test_err));
	return true;
}

static bool answer(const char *jid, const char *id)
{
	bool known;

	begin();
	known = answer_within(jid, id);
	commit();
	tick();
	return known;
}

static void confirm(size_t i)
{
	char id[DEBT_ID];

	push(w.jid[i], id);
	assert_true(answer(w.jid[i], id));
}

/* The only notice that is owed; "" none.  It is handed over. */
static const char *heard(void)
{
	static char text[2048];
	const struct debt *found = NULL;

	text[0] = '\0';
	for (size_t i = 0; i < debt_count(w.debts); i++)
		if (debt_at(w.debts, i)->kind == DEBT_NOTICE) {
			assert_null(found);
			found = debt_at(w.debts, i);
		}
	if (found == NULL)
		return text;
	assert_string_equal(found->peer, OWNER);
	snprintf(text, sizeof(text), "%s", in_words(found->text));
	begin();
	MUST(debt_settle(w.debts, found->row, found->number, &test_err));
	commit();
	return text;
}

static void forget_notices(void)
{
	begin();
	for (size_t i = 0; i < debt_count(w.debts);) {
		const struct debt *d = debt_at(w.debts, i);

		if (d->kind == DEBT_NOTICE)
			MUST(debt_settle(w.debts, d->row, d->number, &test_err));
		else
			i++;
	}
	commit();
}

static void hears(const char *part)
{
	const char *text = heard();

	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", part, text);
}

static void hears_nothing(void)
{
	assert_string_equal(heard(), "");
}

static size_t open_recalls(void)
{
	int64_t oldest;

	return provisioning_recalls(w.p, &oldest);
}

/* ---- counting ---- */

static void row_O9__the_owner_reads_in_force_at_3_of_3(void **state)
{
	(void)state;
	things(3);
	assert_int_equal(rule("allow bob@x.ex to read of *"), 1);
	all_ask(3);
	assert_int_equal(rule("deny bob@x.ex everything"), 2);
	assert_int_equal(w.r.force.things, 3);
	assert_int_equal(w.r.force.acknowledged, 0);
	assert_false(ask(w.jid[1], BOB, true));
	hears_nothing();
	confirm(2);
	confirm(1);
	hears_nothing();
	confirm(3);
	hears("in force at 3 of 3: rule 2 (deny bob@x.ex everything).");
	assert_int_equal(open_recalls(), 0);
	advance(60 * MINUTE);
	tick();
	hears_nothing();
}

static void row_O9__after_five_seconds_he_reads_who_is_missing_and_until_when(void **state)
{
	(void)state;
	things(3);
	rule("allow bob@x.ex to read of *");
	all_ask(3);
	rule("deny bob@x.ex everything");
	confirm(1);
	confirm(3);
	advance(4999);
	tick();
	hears_nothing();
	advance(1);
	tick();
	/* The last answer was given at noon, for a quarter of an hour. */
	hears("in force at 2 of 3; lamp-2 offline, ends 12:15 at the latest: rule 2 (");
	advance(MINUTE);
	tick();
	hears_nothing();
	confirm(2);
	hears("in force at 3 of 3: rule 2 (");
	assert_int_equal(open_recalls(), 0);
}

static void row_D8__what_does_not_answer_ends_with_its_lease(void **state)
{
	(void)state;
	things(2);
	rule("allow bob@x.ex to read of *");
	all_ask(2);
	rule("deny bob@x.ex everything");
	confirm(1);
	advance(5 * SECOND);
	tick();
	hears("1 of 2; lamp-2 offline");
	advance(15 * MINUTE - 5 * SECOND - 1);
	tick();
	hears_nothing();
	assert_int_equal(open_recalls(), 1);
	advance(1);
	tick();
	hears("in force at 2 of 2; what did not answer has forgotten by itself");
	assert_int_equal(open_recalls(), 0);
	assert_non_null(floor_of(w.jid[2]));	/* and is told when it is back */
}

static void ruling_26__what_keeps_no_lease_ends_when_it_is_reached(void **state)
{
	(void)state;
	things(2);
	rule("allow bob@x.ex to read of *");
	ask(w.jid[1], BOB, true);
	ask(w.jid[2], BOB, false);
	rule("deny bob@x.ex everything");
	assert_true(w.r.force.keeps_none);
	assert_string_equal(w.r.force.slowest, "lamp-2");
	assert_int_equal(w.r.force.ends_ms, 0);
	advance(24 * 60 * MINUTE);
	tick();
	hears("1 of 2; lamp-2 keeps no lease; ends when next reached");
	advance(24 * 60 * MINUTE);
	tick();
	hears_nothing();
	confirm(2);
	hears("in force at 2 of 2");
}

static void who_never_asked_keeps_nothing_and_it_is_in_force_at_once(void **state)
{
	(void)state;
	things(3);
	rule("deny bob@x.ex everything");
	assert_int_equal(w.r.force.things, 3);
	assert_int_equal(w.r.force.acknowledged, 3);
	tick();
	advance(MINUTE);
	tick();
	hears_nothing();
	assert_int_equal(open_recalls(), 0);
}

static void what_only_gives_is_counted_and_not_said(void **state)
{
	(void)state;
	things(2);
	all_ask(2);
	rule("allow bob@x.ex to read of *");
	assert_int_equal(w.r.force.things, 0);
	assert_int_equal(open_recalls(), 1);
	assert_non_null(floor_of(w.jid[1]));
	advance(5 * SECOND);
	tick();
	confirm(1);
	confirm(2);
	hears_nothing();
	assert_int_equal(open_recalls(), 0);
}

static void row_D9__exactly_the_things_it_concerns_are_told(void **state)
{
	(void)state;
	things(3);
	rule("allow bob@x.ex to read of *");
	all_ask(3);
	rule_of("deny bob@x.ex everything of lamp-2", 2);
	assert_int_equal(w.r.force.things, 1);
	assert_null(floor_of(w.jid[1]));
	assert_non_null(floor_of(w.jid[2]));
	assert_null(floor_of(w.jid[3]));
}

/* Rules look at tags: whose tags change is told, if any rule does. */
static void other_tags_are_a_change_where_rules_look_at_tags(void **state)
{
	const uint8_t id[OWNERSHIP_ID] = { 2, 0, 7 };

	(void)state;
	things(3);
	all_ask(3);
	begin();
	MUST(provisioning_looks_changed(w.p, OWNER, LOOK_TAG,
	    ownership_by_id(w.ownership, id), &test_err));
	commit();
	assert_null(floor_of(w.jid[2]));
	rule("allow bob@x.ex to read of room=kitchen");
	assert_int_equal(debt_count_of(w.debts, DEBT_FLOOR), 0);
	begin();
	MUST(provisioning_looks_changed(w.p, OWNER, LOOK_TAG,
	    ownership_by_id(w.ownership, id), &test_err));
	commit();
	assert_non_null(floor_of(w.jid[2]));
	assert_int_equal(debt_count_of(w.debts, DEBT_FLOOR), 1);
	confirm(2);
	hears_nothing();
	assert_int_equal(open_recalls(), 0);
}

static void several_rules_at_once_are_one_recall(void **state)
{
	(void)state;
	things(3);
	rule_of("allow bob@x.ex to read of lamp-1", 1);
	rule_of("allow bob@x.ex to control of lamp-1", 1);
	rule_of("allow bob@x.ex to read of lamp-3", 3);
	all_ask(3);
	say(VERB_REVOKE, BOB, 0);
	assert_int_equal(open_recalls(), 1);
	assert_int_equal(w.r.force.things, 2);
	confirm(1);
	confirm(3);
	hears("in force at 2 of 2: your 3 changes.");
}

static void things_behind_one_address_are_counted_one_by_one(void **state)
{
	(void)state;
	things(2);
	begin();
	put_thing(3, "gate@x.ex", "a", OWNER, 1);
	put_thing(4, "gate@x.ex", "b", OWNER, 1);
	put_thing(5, "gate@x.ex", "c", "zoe@x.ex", 1);
	commit();
	snprintf(w.jid[3], sizeof(w.jid[3]), "gate@x.ex");
	all_ask(3);
	rule("deny bob@x.ex everything");
	assert_int_equal(w.r.force.things, 4);
	confirm(1);
	confirm(2);
	advance(5 * SECOND);
	tick();
	hears("in force at 2 of 4; lamp-3 and others offline");
	confirm(3);
	hears("in force at 4 of 4");
}

/* ---- what it is about ---- */

/* The clearCache that leaves for this thing. */
static const char *cleared(const char *jid)
{
	static char text[4096];
	char full[64];
	struct buf out;

	snprintf(full, sizeof(full), "%s/r", jid);
	contact_seen(w.contacts, full, strlen(jid));
	buf_init(&out, sizeof(text));
	assert_int_equal(provisioning_debt_write(w.p, floor_of(jid), &out), 1);
	snprintf(text, sizeof(text), "%s", buf_str(&out));
	buf_fini(&out);
	return text;
}

static void says(const char *jid, const char *part)
{
	const char *text = cleared(jid);

	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", part, text);
}

static void says_all(const char *jid)
{
	assert_null(strstr(cleared(jid), "<about"));
}

static void row_D9__a_change_says_which_answers_it_is_about(void **state)
{
	(void)state;
	things(2);
	all_ask(1);
	ask(w.jid[2], BOB, false);
	rule("deny bob@x.ex to read \"lux\" of *");
	says(w.jid[1], "<about jid=\"bob@x.ex\" action=\"read\" name=\"lux\"/></lease>");
	/* Who keeps answers for ever forgets them all, as before. */
	assert_null(strstr(cleared(w.jid[2]), "lease"));
	assert_null(strstr(cleared(w.jid[2]), "about"));
	rule("allow eve@x.ex to control of *");
	says(w.jid[1], "<about jid=\"bob@x.ex\" action=\"read\" name=\"lux\"/>"
	    "<about jid=\"eve@x.ex\" action=\"control\"/></lease>");
	/* One covers the other. */
	rule("deny bob@x.ex everything");
	says(w.jid[1], "\"><about jid=\"eve@x.ex\" action=\"control\"/>"
	    "<about jid=\"bob@x.ex\"/></lease>");
	restart();
	says(w.jid[1], "\"><about jid=\"eve@x.ex\" action=\"control\"/>"
	    "<about jid=\"bob@x.ex\"/></lease>");
	/* Whom it speaks for is not seen in a question. */
	rule("deny role family to befriend of *");
	says(w.jid[1], "<about action=\"befriend\"/></lease>");
	rule("deny anyone everything");
	says_all(w.jid[1]);
	rule("deny carl@x.ex everything");
	says_all(w.jid[1]);		/* never less than before */
	confirm(1);
	rule("deny dave@x.ex everything");
	says(w.jid[1], "\"><about jid=\"dave@x.ex\"/></lease>");
}

static void row_D9__of_a_gateway_the_node_is_named(void **state)
{
	(void)state;
	begin();
	for (size_t i = 1; i <= 20; i++) {
		snprintf(w.jid[i], sizeof(w.jid[i]), "n%zu", i);
		put_thing(i, "gate@x.ex", w.jid[i], OWNER, 1);
	}
	commit();
	ask("gate@x.ex", BOB, true);
	tick();
	rule_of("deny bob@x.ex to read of lamp-7", 7);
	says("gate@x.ex", "<about jid=\"bob@x.ex\" action=\"read\" nodeId=\"n7\"/></lease>");
	rule_of("deny bob@x.ex to read of lamp-8", 8);
	says("gate@x.ex", "nodeId=\"n7\"/><about jid=\"bob@x.ex\" action=\"read\" nodeId=\"n8\"/>");
	/* Of twenty it is about all. */
	rule("deny bob@x.ex to read of *");
	says("gate@x.ex", "\"><about jid=\"bob@x.ex\" action=\"read\"/></lease>");
	/* Whose it is may change everything there. */
	begin();
	put_thing(9, "gate@x.ex", "n9", "zoe@x.ex", 2);
	commit();
	says("gate@x.ex", "<about nodeId=\"n9\"/></lease>");
}

#define FEW_SLICES 300

/* A walk of many comes to a thing that was told meanwhile of something newer. */
static void row_D9__an_answer_to_what_was_about_less_settles_nothing_more(void **state)
{
	char less[DEBT_ID], more[DEBT_ID];
	uint64_t number;

	(void)state;
	things(FEW_SLICES);
	all_ask(FEW_SLICES);
	rule("deny bob@x.ex everything");
	rule_of("deny eve@x.ex everything of lamp-300", FEW_SLICES);
	assert_int_equal(open_recalls(), 2);
	says(w.jid[FEW_SLICES], "\"><about jid=\"eve@x.ex\"/></lease>");
	push(w.jid[FEW_SLICES], less);
	number = floor_of(w.jid[FEW_SLICES])->number;
	tick();
	says(w.jid[FEW_SLICES], "<about jid=\"bob@x.ex\"/></lease>");
	assert_true(floor_of(w.jid[FEW_SLICES])->number > number);
	for (size_t i = 1; i < FEW_SLICES; i++)
		confirm(i);
	assert_true(answer(w.jid[FEW_SLICES], less));
	/* What eve had is over, what bob had is not. */
	assert_int_equal(open_recalls(), 1);
	says(w.jid[FEW_SLICES], "<about jid=\"bob@x.ex\"/></lease>");
	push(w.jid[FEW_SLICES], more);
	assert_true(answer(w.jid[FEW_SLICES], more));
	assert_int_equal(open_recalls(), 0);
	assert_null(floor_of(w.jid[FEW_SLICES]));
}

/* ---- a role ---- */

static bool befriends(const char *jid, const char *who)
{
	struct request q = request(VERB_IS_FRIEND, jid);

	q.lease.asked = true;
	q.u.is_friend.jid = who;
	serve(&q);
	return w.r.u.can.result;
}

static void role(const char *name, const char *who, bool given)
{
	struct request q = request(VERB_ROLE, OWNER);

	q.by_operator = true;
	q.u.desk.name = name;
	q.u.desk.jid = who;
	q.u.desk.yes_no = given ? ANSWER_YES : ANSWER_NO;
	begin();
	MUST(provisioning_operate(w.p, &q, &w.r, &test_err));
	commit();
}

static bool unfriends(size_t i, const char *who)
{
	return debt_find(w.debts, DEBT_UNFRIEND, w.jid[i], who) != NULL;
}

static void a_friendship_that_a_role_gave_ends_with_it(void **state)
{
	(void)state;
	things(3);
	role("family", BOB, true);
	role("family", "eve@x.ex", true);
	rule("allow role family to befriend of *");
	rule_of("allow bob@x.ex to befriend of lamp-2", 2);
	for (size_t i = 1; i <= 2; i++) {
		assert_true(befriends(w.jid[i], BOB));
		assert_true(befriends(w.jid[i], "eve@x.ex"));
	}
	tick();
	for (size_t i = 1; i <= 2; i++)
		if (floor_of(w.jid[i]) != NULL)
			confirm(i);
	role("family", BOB, false);
	tick();
	restart();
	/* What others were told stays, and what another rule gives him as well. */
	says(w.jid[1], "\"><about jid=\"bob@x.ex\"/></lease>");
	assert_true(unfriends(1, BOB));
	assert_false(unfriends(1, "eve@x.ex"));
	assert_false(unfriends(2, BOB));
	assert_non_null(floor_of(w.jid[2]));
	assert_null(floor_of(w.jid[3]));	/* it never asked */
	assert_false(befriends(w.jid[1], BOB));
	/* A role that denies: given, it ends what it denies. */
	rule("deny role banned to befriend of *");
	role("banned", "eve@x.ex", true);
	tick();
	assert_true(unfriends(1, "eve@x.ex"));
}

/* ---- answers: older, late, twice, undone ---- */

static void an_older_answer_settles_nothing_newer(void **state)
{
	char old[DEBT_ID], new[DEBT_ID];

	(void)state;
	things(1);
	all_ask(1);
	rule("deny bob@x.ex everything");
	push(w.jid[1], old);
	rule("deny eve@x.ex everything");
	push(w.jid[1], new);
	assert_int_equal(open_recalls(), 2);
	assert_true(answer(w.jid[1], old));
	hears("in force at 1 of 1: rule 1 (");
	assert_int_equal(open_recalls(), 1);
	assert_non_null(floor_of(w.jid[1]));
	assert_true(answer(w.jid[1], old));	/* twice */
	assert_int_equal(open_recalls(), 1);
	assert_true(answer(w.jid[1], new));
	hears("in force at 1 of 1: rule 2 (");
	assert_null(floor_of(w.jid[1]));
	assert_false(answer(w.jid[1], new));
}

static void a_newer_answer_settles_all_that_is_older(void **state)
{
	(void)state;
	things(1);
	all_ask(1);
	rule("deny bob@x.ex everything");
	advance(6 * SECOND);
	tick();
	hears("0 of 1; lamp-1 offline");
	rule("deny eve@x.ex everything");
	assert_int_equal(open_recalls(), 2);
	begin();
	commit();
	{
		char id[DEBT_ID];

		push(w.jid[1], id);
		begin();
		assert_true(answer_within(w.jid[1], id));
		commit();
	}
	/* Both are told; here one after the other. */
	begin();
	MUST(provisioning_tick(w.p, &test_err));
	commit();
	hears("in force at 1 of 1: rule 1 (");
	tick();
	hears("in force at 1 of 1: rule 2 (");
	assert_int_equal(open_recalls(), 0);
}

static void an_answer_that_is_rolled_back_was_none(void **state)
{
	char id[DEBT_ID];

	(void)state;
	things(2);
	all_ask(2);
	rule("deny bob@x.ex everything");
	confirm(1);
	push(w.jid[2], id);
	begin();
	assert_true(answer_within(w.jid[2], id));
	store_rollback(w.store);
	tick();
	hears_nothing();
	advance(5 * SECOND);
	tick();
	hears("in force at 1 of 2");
	assert_true(answer(w.jid[2], id));
	hears("in force at 2 of 2");
}

static void a_change_that_is_rolled_back_concerns_nobody(void **state)
{
	struct request q;

	(void)state;
	things(2);
	all_ask(2);
	q = request(VERB_RULE_ADD, OWNER);
	q.kind = STANZA_MESSAGE;
	q.u.desk.text = "deny bob@x.ex everything";
	begin();
	MUST(provisioning_serve(w.p, &q, &w.r, &test_err));
	assert_int_equal(w.r.force.things, 2);
	store_rollback(w.store);
	tick();
	assert_int_equal(open_recalls(), 0);
	assert_null(floor_of(w.jid[1]));
	/* The next one is counted by itself. */
	rule("deny eve@x.ex everything");
	confirm(1);
	confirm(2);
	hears("in force at 2 of 2: rule 1 (");
}

static void a_thing_that_leaves_leaves_the_count(void **state)
{
	(void)state;
	things(3);
	all_ask(3);
	rule("deny bob@x.ex everything");
	confirm(1);
	begin();
	put_thing(2, w.jid[2], NULL, NULL, 2);
	commit();
	tick();
	confirm(3);
	hears("in force at 2 of 2");
	assert_int_equal(open_recalls(), 0);
}

/* Behind a gateway: what it does not concern was never counted. */
static void a_thing_that_was_not_concerned_takes_no_other_out_of_the_count(void **state)
{
	(void)state;
	things(2);
	begin();
	put_thing(3, "gate@x.ex", "a", OWNER, 1);
	put_thing(4, "gate@x.ex", "b", OWNER, 1);
	commit();
	snprintf(w.jid[3], sizeof(w.jid[3]), "gate@x.ex");
	all_ask(3);
	rule_of("deny bob@x.ex everything of lamp-3", 3);
	assert_int_equal(w.r.force.things, 1);
	begin();
	put_thing(4, "gate@x.ex", "b", NULL, 2);
	commit();
	tick();
	assert_int_equal(open_recalls(), 1);
	hears_nothing();
	confirm(3);
	hears("in force at 1 of 1");
}

/* ---- restarts and clocks ---- */

static void a_restart_in_the_middle_forgets_nothing(void **state)
{
	char id[DEBT_ID];

	(void)state;
	things(3);
	rule("allow bob@x.ex to read of *");
	all_ask(3);
	rule("deny bob@x.ex everything");
	restart();
	tick();
	confirm(1);
	push(w.jid[2], id);
	restart();
	tick();
	assert_true(answer(w.jid[2], id));
	advance(5 * SECOND);
	tick();
	/* Nobody remembers the lease of lamp-3: it has ended when any would have. */
	hears("in force at 2 of 3; lamp-3 offline, ends 12:15 at the latest");
	restart();
	advance(5 * SECOND);
	tick();
	hears_nothing();
	confirm(3);
	hears("in force at 3 of 3");
	restart();
	tick();
	hears_nothing();
	assert_int_equal(open_recalls(), 0);
}

static void a_lease_longer_than_usual_is_remembered_over_restarts(void **state)
{
	(void)state;
	things(1);
	assert_int_equal(rule("allow bob@x.ex to read of * lease 2h"), 1);
	all_ask(1);
	advance(MINUTE);
	tick();
	restart();
	rule("deny bob@x.ex everything");
	advance(5 * SECOND);
	tick();
	hears("0 of 1; lamp-1 offline, ends 14:01 at the latest");
}

/* The wall clock may jump: leases end by the other one. */
static void a_clock_that_jumps_ends_no_lease(void **state)
{
	(void)state;
	things(1);
	all_ask(1);
	rule("deny bob@x.ex everything");
	w.hands.wall += 48 * 60 * MINUTE;
	tick();
	hears_nothing();
	assert_int_equal(open_recalls(), 1);
	advance(5 * SECOND);
	tick();
	hears("0 of 1; lamp-1 offline, ends 12:15 at the latest");
	w.hands.wall -= 96 * 60 * MINUTE;
	advance(15 * MINUTE);
	tick();
	hears("in force at 1 of 1; what did not answer has forgotten");
}

/* Where the process ends before step `kill_at`. */
static int kill_at, at_step;

static void step(void)
{
	if (at_step++ == kill_at)
		restart();
}

static void confirm_in_steps(size_t i)
{
	char id[DEBT_ID];

	push(w.jid[i], id);
	step();
	begin();
	assert_true(answer_within(w.jid[i], id));
	commit();
	step();
}

static void att_P_04__a_kill_between_any_two_steps_loses_nothing(void **state)
{
	for (kill_at = 0; kill_at < 9; kill_at++) {
		at_step = 0;
		things(2);
		rule("allow bob@x.ex to befriend *");
		rule_of("allow bob@x.ex to befriend lamp-1", 1);
		ask(w.jid[1], BOB, true);
		ask(w.jid[2], BOB, false);
		tick();
		step();
		rule("deny bob@x.ex everything");
		step();
		tick();
		step();
		confirm_in_steps(1);
		confirm_in_steps(2);
		tick();
		step();
		hears("in force at 2 of 2: rule 3 (");
		step();
		assert_null(floor_of(w.jid[1]));
		assert_non_null(debt_find(w.debts, DEBT_UNFRIEND, w.jid[1], BOB));
		assert_null(debt_find(w.debts, DEBT_FRIEND, w.jid[1], BOB));
		assert_int_equal(open_recalls(), 0);
		assert_int_equal(at_step, 9);
		/* What keeps no lease is told twice. */
		assert_null(floor_of(w.jid[2]));
		advance(10 * SECOND);
		tick();
		assert_non_null(floor_of(w.jid[2]));
		teardown(state);
		setup(state);
	}
}

/* ---- many ---- */

static void ruling_32__many_things_are_told_in_slices_and_a_kill_loses_none(void **state)
{
	size_t owed, before = 0, slices = 0;

	(void)state;
	things(2000);
	all_ask(2000);
	rule("deny bob@x.ex everything");
	owed = debt_count_of(w.debts, DEBT_FLOOR);
	assert_in_range(owed, 1, 200);		/* the first slice, with the rule itself */
	assert_false(ask(w.jid[2000], BOB, true));
	while (debt_count_of(w.debts, DEBT_FLOOR) < 2000) {
		begin();
		MUST(provisioning_tick(w.p, &test_err));
		if (++slices % 5 == 0)
			store_rollback(w.store);
		else
			commit();
		if (slices % 7 == 0)
			restart();
		owed = debt_count_of(w.debts, DEBT_FLOOR);
		assert_true(owed <= before + 200 || slices == 1);
		before = owed > before ? owed : before;
		assert_in_range(slices, 1, 2000);
	}
	tick();
	for (size_t i = 1; i <= 2000; i++) {
		char id[DEBT_ID];

		push(w.jid[i], id);
		begin();
		assert_true(answer_within(w.jid[i], id));
		commit();
	}
	tick();
	hears("in force at 2000 of 2000");
}

/* Of every pair, however many there are. */
static void friends_end_in_slices_too(void **state)
{
	char line[64];

	(void)state;
	things(400);
	for (int i = 0; i < 5; i++) {
		snprintf(line, sizeof(line), "allow g%d@x.ex to befriend *", i);
		rule(line);
	}
	rule("deny *@x.ex everything");
	tick();
	assert_int_equal(debt_count_of(w.debts, DEBT_UNFRIEND), 5 * 400);
	assert_non_null(debt_find(w.debts, DEBT_UNFRIEND, w.jid[400], "g4@x.ex"));
}

/* Rules times things is no transaction: the rows of the rules are, the rest is
 * one recall. */
static void a_thousand_rules_deleted_are_one_recall(void **state)
{
	struct request q;
	char line[64];

	(void)state;
	things(300);
	begin();
	for (int i = 0; i < 900; i++) {
		q = request(VERB_RULE_ADD, OWNER);
		q.kind = STANZA_MESSAGE;
		q.type = IQ_NOT;
		snprintf(line, sizeof(line), "allow g%d@x.ex to read of *", i);
		q.u.desk.text = line;
		MUST(provisioning_serve(w.p, &q, &w.r, &test_err));
	}
	commit();
	tick();
	all_ask(300);
	q = request(VERB_DELETE_RULES, OWNER);
	q.dialect = (struct dialect){ PROTO_PROV_OWNER, GEN_X, VOCAB_LONG };
	serve(&q);
	assert_int_equal(w.r.kind, REPLY_RESULT);
	assert_int_equal(open_recalls(), 1);
	assert_in_range(debt_count_of(w.debts, DEBT_FLOOR), 1, 200);
	tick();
	assert_int_equal(debt_count_of(w.debts, DEBT_FLOOR), 300);
	for (size_t i = 1; i <= 300; i++)
		confirm(i);
	hears("in force at 300 of 300: your 900 changes");
}

static void one_owner_has_sixteen_counts_at_most(void **state)
{
	char line[64];

	(void)state;
	things(1);
	all_ask(1);
	for (int i = 0; i < 17; i++) {
		snprintf(line, sizeof(line), "deny g%d@x.ex everything", i);
		rule(line);
	}
	tick();
	assert_int_equal(open_recalls(), 16);
	hears("in force at 0 of 1; I count no further");
}

/* Counting may be given up, telling may not: what nobody tells keeps its answer. */
static void what_is_counted_no_further_is_told_to_the_end(void **state)
{
	char line[64];

	(void)state;
	things(600);
	all_ask(600);
	rule("deny bob@x.ex everything");
	for (int i = 0; i < 40; i++) {
		snprintf(line, sizeof(line), "deny g%d@x.ex everything of lamp-1", i);
		rule_of(line, 1);
	}
	tick();
	assert_int_equal(debt_count_of(w.debts, DEBT_FLOOR), 600);
	assert_int_equal(open_recalls(), 16);
}

/* Not even where each of them goes over everything. */
static void walks_of_one_owner_end_also_when_many_begin_at_once(void **state)
{
	char line[64];

	(void)state;
	things(600);
	all_ask(600);
	for (int i = 0; i < 40; i++) {
		snprintf(line, sizeof(line), "deny g%d@x.ex everything", i);
		rule(line);
		assert_in_range(open_recalls(), 1, 32);
	}
	tick();
	assert_int_equal(debt_count_of(w.debts, DEBT_FLOOR), 600);
	assert_in_range(open_recalls(), 1, 16);
}

/* ---- beside a naive count ---- */

#define P_THINGS 7
#define P_CHANGES 60

struct naive {			/* one change, and who has not confirmed it */
	bool open;
	int64_t number;
	bool waits[P_THINGS + 1];
	size_t total;
};

static uint32_t seed;

static uint32_t chance(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 10) % n;
}

struct sent { char id[DEBT_ID]; size_t upto; bool is; };	/* `upto` changes were made then */

static void forget_sent(struct naive *c, size_t upto, size_t thing)
{
	for (size_t k = 0; k < upto; k++)
		c[k].waits[thing] = false;
}

static void expect_same(const struct naive *c, size_t n)
{
	size_t open = 0;

	for (size_t k = 0; k < n; k++) {
		struct provisioning_recall r;
		size_t waits = 0;

		for (size_t i = 1; i <= P_THINGS; i++)
			waits += c[k].waits[i];
		open += waits > 0;
		if (waits == 0)
			continue;
		assert_true(provisioning_recall_at(w.p, open - 1, &w.pool, &r));
		assert_int_equal(r.things, c[k].total);
		assert_int_equal(r.things - r.acknowledged, waits);
	}
	assert_int_equal(open_recalls(), open);
}

static void change(struct naive *c, const bool *is_his)
{
	char line[80];
	size_t only = chance(3) == 0 ? 1 + chance(P_THINGS) : 0;

	if (only > 0 && !is_his[only])
		only = 0;
	snprintf(line, sizeof(line), only > 0 ? "deny g%u@x.ex to read of lamp-%zu" :
	    "deny g%u@x.ex to read of *", (unsigned)seed, only);
	rule_of(line, only);
	for (size_t i = 1; i <= P_THINGS; i++) {
		c->waits[i] = is_his[i] && (only == 0 || only == i);
		c->total += c->waits[i];
	}
}

static void leave(struct naive *c, size_t n, size_t i, bool *is_his, uint64_t *epoch)
{
	begin();
	put_thing(i, w.jid[i], NULL, is_his[i] ? NULL : OWNER, ++*epoch);
	commit();
	is_his[i] = !is_his[i];
	for (size_t k = 0; k < n; k++)
		if (c[k].waits[i]) {
			c[k].waits[i] = false;
			c[k].total--;
		}
}

static void play(uint32_t start)
{
	static struct naive c[P_CHANGES];
	struct sent sent[P_THINGS + 1] = { { .is = false } };
	bool is_his[P_THINGS + 1];
	uint64_t epoch = 1;
	size_t n = 0;

	memset(c, 0, sizeof(c));
	seed = start;
	for (size_t i = 1; i <= P_THINGS; i++)
		is_his[i] = true;
	things(P_THINGS);
	all_ask(P_THINGS);
	for (int step = 0; step < 400; step++) {
		size_t i = 1 + chance(P_THINGS);
		size_t open = open_recalls();

		switch (chance(12)) {
		case 0:
			if (n < P_CHANGES && open < 15)
				change(&c[n++], is_his);
			break;
		case 1:
		case 2:
		case 3:		/* a push leaves; the one before it may be lost */
			if (floor_of(w.jid[i]) != NULL) {
				push(w.jid[i], sent[i].id);
				sent[i].upto = n;
				sent[i].is = true;
			}
			break;
		case 4:
		case 5:
		case 6:		/* its answer comes, maybe late, maybe twice */
			if (sent[i].is && answer(w.jid[i], sent[i].id))
				forget_sent(c, sent[i].upto, i);
			break;
		case 7:
			restart();
			break;
		case 8:		/* an answer whose turn fails */
			begin();
			if (sent[i].is)
				answer_within(w.jid[i], sent[i].id);
			store_rollback(w.store);
			break;
		case 9:
			if (chance(6) == 0)
				leave(c, n, i, is_his, &epoch);
			break;
		default:
			advance((int64_t)chance(3) * SECOND);
		}
		/* Leases do not end in this game. */
		w.hands.boot = 7000000 + (w.hands.boot - 7000000) % (10 * MINUTE);
		tick();
		forget_notices();
		expect_same(c, n);
	}
}

static void random_changes_answers_losses_and_restarts_count_like_a_naive_model(void **state)
{
	unsigned rounds = getenv("KITH_LONG") != NULL ? 500 : 5;
	const char *given = getenv("KITH_SEED");
	uint32_t start = given != NULL ? (uint32_t)strtoul(given, NULL, 10) : 20261121;

	for (unsigned k = 0; k < rounds; k++) {
		if (k > 0) {
			teardown(state);
			setup(state);
		}
		play(start + k);
	}
}

int main(void)
{
	/* Thousands of commits; what a disk adds is tested elsewhere. */
	if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 1);
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(row_O9__the_owner_reads_in_force_at_3_of_3),
		T(row_O9__after_five_seconds_he_reads_who_is_missing_and_until_when),
		T(row_D8__what_does_not_answer_ends_with_its_lease),
		T(ruling_26__what_keeps_no_lease_ends_when_it_is_reached),
		T(who_never_asked_keeps_nothing_and_it_is_in_force_at_once),
		T(what_only_gives_is_counted_and_not_said),
		T(row_D9__exactly_the_things_it_concerns_are_told),
		T(row_D9__a_change_says_which_answers_it_is_about),
		T(row_D9__of_a_gateway_the_node_is_named),
		T(a_friendship_that_a_role_gave_ends_with_it),
		T(row_D9__an_answer_to_what_was_about_less_settles_nothing_more),
		T(other_tags_are_a_change_where_rules_look_at_tags),
		T(several_rules_at_once_are_one_recall),
		T(things_behind_one_address_are_counted_one_by_one),
		T(an_older_answer_settles_nothing_newer),
		T(a_newer_answer_settles_all_that_is_older),
		T(an_answer_that_is_rolled_back_was_none),
		T(a_change_that_is_rolled_back_concerns_nobody),
		T(a_thing_that_leaves_leaves_the_count),
		T(a_thing_that_was_not_concerned_takes_no_other_out_of_the_count),
		T(a_restart_in_the_middle_forgets_nothing),
		T(a_lease_longer_than_usual_is_remembered_over_restarts),
		T(a_clock_that_jumps_ends_no_lease),
		T(att_P_04__a_kill_between_any_two_steps_loses_nothing),
		T(ruling_32__many_things_are_told_in_slices_and_a_kill_loses_none),
		T(friends_end_in_slices_too),
		T(a_thousand_rules_deleted_are_one_recall),
		T(one_owner_has_sixteen_counts_at_most),
		T(what_is_counted_no_further_is_told_to_the_end),
		T(walks_of_one_owner_end_also_when_many_begin_at_once),
		T(random_changes_answers_losses_and_restarts_count_like_a_naive_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
