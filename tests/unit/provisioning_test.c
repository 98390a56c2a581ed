/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provisioning_test: the role over a store in memory, with a clock the test
 * moves and requests built by hand: who gets what, what is asked of owners,
 * what their answers become, and what is owed when something is taken back.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "common/base/jid.h"
#include "policy/value.h"
#include "provisioning/serve.h"
#include "tests/unit/words.h"

#define NOON 1795262400000LL	/* 2026-11-21T12:00 UTC */
#define HOUR 3600000LL
#define OWNER "olga@x.ex"
#define LAMP "lamp1@x.ex"
#define DOOR "door1@x.ex"
#define BOB "bob@x.ex"
#define SERVICE "kith.x.ex"

static struct world {
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
	struct provisioning_deps deps;
	struct thing_sets *sets;
	struct provisioning *p;
	struct pool pool;
	struct reply r;
	bool wrote;
	bool foreign;			/* things ask without a lease */
	char folder[32], url[64];	/* on disk only */
} w;

/* ---- the world ---- */

static size_t tags(void *arg, const uint8_t id[static OWNERSHIP_ID], struct pool *pool,
    struct tag *out, size_t max)
{
	(void)arg;
	(void)pool;
	if (max == 0)
		return 0;
	out[0] = (struct tag){ .name = "CLASS", .str = id[0] == 1 ? "light" : "lock" };
	return 1;
}

static void ok(int ret, const struct err *e)
{
	if (ret < 0)
		fail_msg("%s", e->text);
}

#define OK(call) do { struct err e = ERR_INIT; ok((call), &e); } while (0)

static void begin(void) { OK(store_begin(w.store, &e)); }
static void commit(void) { OK(store_commit(w.store, &e)); }

static void put_thing(uint8_t id, const char *jid, const char *node, const char *owner,
    uint64_t epoch, const char *name)
{
	struct owned t = { .id = { id }, .jid = jid, .node = node, .owner = owner, .epoch = epoch,
		.state = owner != NULL ? OWNED : OWNED_NOBODY, .name = name, .listed = true };

	begin();
	OK(ownership_put(w.ownership, &t, &e));
	commit();
}

static void put_node(uint8_t id, struct node n, const char *owner)
{
	struct owned t = { .id = { id }, .jid = "gate@x.ex", .node = n.id, .source = n.source,
		.partition = n.partition, .owner = owner, .epoch = 1, .state = OWNED,
		.listed = true };

	begin();
	OK(ownership_put(w.ownership, &t, &e));
	commit();
}

static int changed(void *arg, const struct owned *before, const struct owned *after, struct err *e)
{
	(void)arg;
	if (before != NULL && provisioning_owner_changed(w.p, before, e) != 0)
		return -1;
	return after == NULL ? 0 : provisioning_owner_changed(w.p, after, e);
}

static void open_all(void)
{
	OK(store_open(&w.store, w.folder[0] != '\0' ? w.url : "sqlite::memory:", &e));
	OK(ownership_open(&w.ownership, w.store, &e));
	OK(debts_open(&w.debts, w.store, &w.clock, &w.key, &e));
	OK(contacts_open(&w.contacts, w.store, &w.clock, &e));
	OK(persons_open(&w.persons, w.store, &e));
	OK(thing_sets_open(&w.sets, w.store, &e));
	w.deps = (struct provisioning_deps){ .store = w.store, .ownership = w.ownership,
		.debts = w.debts, .contacts = w.contacts, .clock = &w.clock, .hash_key = &w.key,
		.stats = &w.stats, .tags = tags, .persons = w.persons, .sets = w.sets };
	OK(provisioning_open(&w.p, &w.conf, &w.deps, &e));
	ownership_on_change(w.ownership, changed, NULL);
}

static void close_all(void)
{
	provisioning_close(&w.p);
	thing_sets_close(&w.sets);
	persons_close(&w.persons);
	contacts_close(&w.contacts);
	debts_close(&w.debts);
	ownership_close(&w.ownership);
	store_close(&w.store);
}

/* Only for tests on disk. */
static void restart(void)
{
	assert_true(w.folder[0] != '\0');
	close_all();
	open_all();
}

static void begin_world(void)
{
	w.hands.wall = w.hands.boot = NOON;
	w.clock = clock_from_fake(&w.hands);
	pool_init(&w.pool, 1024 * 1024);
	OK(secret_set(&w.key, "0123456789abcdef0123456789abcdef", 32, &e));
	w.conf = (struct provisioning_conf){ .jid = SERVICE, .read_lease_ms = HOUR / 4,
		.control_lease_ms = HOUR / 12, .befriend_lease_ms = HOUR / 4,
		.max_questions_strangers = 20, .question_ms = 90 * 24 * HOUR,
		.code_ms = 7 * 24 * HOUR };
	open_all();
	put_thing(1, LAMP, NULL, OWNER, 1, "lamp");
	put_thing(2, DOOR, NULL, OWNER, 1, "door");
}

static int setup(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	begin_world();
	return 0;
}

static int setup_on_disk(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	(void)snprintf(w.folder, sizeof(w.folder), "/tmp/kith-test-XXXXXX");
	assert_non_null(mkdtemp(w.folder));
	(void)snprintf(w.url, sizeof(w.url), "sqlite:%s/kith.db", w.folder);
	begin_world();
	return 0;
}

static void remove_folder(void)
{
	static const char *const names[] = { "kith.db", "kith.db-wal", "kith.db-shm" };
	char path[96];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", w.folder, names[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(w.folder), 0);
}

static int teardown(void **state)
{
	(void)state;
	close_all();
	secret_clear(&w.key);
	pool_fini(&w.pool);
	if (w.folder[0] != '\0')
		remove_folder();
	return 0;
}

/* ---- requests ---- */

static struct request request(enum verb verb, const char *bare)
{
	struct request q = { .verb = verb, .kind = STANZA_IQ, .type = IQ_GET, .id = "1",
		.from = bare, .bare = bare, .to = SERVICE, .pool = &w.pool,
		.dialect = { PROTO_PROV_DEVICE, GEN_X, VOCAB_LONG } };

	return q;
}

static void put_into_words(const struct request *q)
{
	struct reply *r = &w.r;

	if (r->text != NULL)
		r->text = pool_strdup(q->pool, in_words(r->text));
	if (r->kind == REPLY_RESULT && r->body == BODY_WHY)
		r->u.why.reason = pool_strdup(q->pool, in_words(r->u.why.reason));
	for (size_t i = 0; r->kind == REPLY_RESULT && r->body == BODY_QUESTIONS &&
	    i < r->u.questions.n; i++)
		r->u.questions.question[i].text = pool_strdup(q->pool,
		    in_words(r->u.questions.question[i].text));
}

static void serve(const struct request *q)
{
	struct err e = ERR_INIT;
	int ret = provisioning_writes(w.p, q) ? PROVISIONING_WRITES :
	    provisioning_serve(w.p, q, &w.r, &e);

	ok(ret, &e);
	w.wrote = ret == PROVISIONING_WRITES;
	if (w.wrote) {
		begin();
		ok(provisioning_serve(w.p, q, &w.r, &e), &e);
		commit();
	}
	put_into_words(q);
}

static bool is_friend(const char *thing, const char *jid)
{
	struct request q = request(VERB_IS_FRIEND, thing);

	q.lease.asked = !w.foreign;
	q.u.is_friend.jid = jid;
	serve(&q);
	assert_int_equal(w.r.kind, REPLY_RESULT);
	assert_int_equal(w.r.body, BODY_IS_FRIEND);
	return w.r.u.can.result;
}

static bool can(enum verb verb, const char *thing, const char *jid, const char *a, const char *b)
{
	static const char *name[2];
	struct request q = request(verb, thing);

	name[0] = a;
	name[1] = b;
	q.lease.asked = !w.foreign;
	q.u.can.jid = jid;
	q.u.can.types = FIELD_MOMENTARY;
	q.u.can.names = (struct name_list){ (a != NULL) + (b != NULL), name };
	serve(&q);
	assert_int_equal(w.r.kind, REPLY_RESULT);
	return w.r.u.can.result;
}

static bool can_read(const char *jid, const char *a, const char *b)
{
	return can(VERB_CAN_READ, LAMP, jid, a, b);
}

static bool can_control(const char *jid, const char *a)
{
	return can(VERB_CAN_CONTROL, LAMP, jid, a, NULL);
}

static struct request_desk *desk(struct request *q)
{
	q->kind = STANZA_MESSAGE;
	q->type = IQ_NOT;
	q->dialect = (struct dialect){ 0 };
	return &q->u.desk;
}

static int64_t rule_of(const char *owner, const char *line, uint8_t thing)
{
	const uint8_t id[OWNERSHIP_ID] = { thing };
	struct request q = request(VERB_RULE_ADD, owner);

	desk(&q)->text = line;
	q.u.desk.thing_id = thing != 0 ? id : NULL;
	serve(&q);
	return w.r.kind == REPLY_RESULT && w.r.body == BODY_RULE ? w.r.u.rules.rule[0].number : 0;
}

static int64_t rule(const char *line)
{
	return rule_of(OWNER, line, strstr(line, "lamp") != NULL ? 1 : strstr(line, "door") != NULL ? 2 : 0);
}

static void say(enum verb verb, const char *jid, uint8_t thing, int64_t number)
{
	const uint8_t id[OWNERSHIP_ID] = { thing };
	struct request q = request(verb, OWNER);

	desk(&q)->jid = jid;
	q.u.desk.thing_id = thing != 0 ? id : NULL;
	q.u.desk.number = number;
	serve(&q);
}

static void answer(const char *owner, enum yes_no yes_no, const char *code)
{
	struct request q = request(VERB_ANSWER_QUESTION, owner);

	desk(&q)->code = code;
	q.u.desk.yes_no = yes_no;
	serve(&q);
}

/* How many questions are open, and the code and words of the last. */
static size_t questions(const char *owner, const char **code, const char **text)
{
	struct request q = request(VERB_QUESTIONS, owner);
	size_t n;

	desk(&q);
	serve(&q);
	n = w.r.u.questions.n;
	if (n > 0 && code != NULL)
		*code = w.r.u.questions.question[n - 1].code;
	if (n > 0 && text != NULL)
		*text = w.r.u.questions.question[n - 1].text;
	return n;
}

static const struct debt *owed(enum debt_kind kind, const char *peer, const char *subject)
{
	return debt_find(w.debts, kind, peer, subject);
}

static void settle(enum debt_kind kind, const char *peer, const char *subject)
{
	const struct debt *d = owed(kind, peer, subject);

	assert_non_null(d);
	begin();
	OK(debt_settle(w.debts, d->row, d->number, &e));
	commit();
}

static void tick(int64_t later_ms)
{
	w.hands.wall += later_ms;
	w.hands.boot += later_ms;
	if (provisioning_deadline(w.p) > w.hands.wall)
		return;
	begin();
	OK(provisioning_tick(w.p, &e));
	commit();
}

static void subscribe_to(const char *jid)
{
	begin();
	OK(contact_set_sub(w.contacts, jid, SUB_YES, SUB_YES, &e));
	commit();
}

/* ---- who gets what ---- */

static void doubt(enum person_doubt d)
{
	struct person p = { .jid = OWNER, .doubt = d };

	begin();
	OK(person_put(w.persons, &p, &e));
	commit();
}

/* Who made the address anew gets nothing; what the owner allowed others stays. */
static void att_C_25__an_owners_account_that_is_gone_is_no_friend_and_makes_no_rules(void **state)
{
	(void)state;
	subscribe_to(LAMP);
	assert_int_not_equal(rule("allow bob@x.ex to read of lamp"), 0);
	doubt(DOUBT_GONE);
	assert_false(is_friend(LAMP, OWNER));
	assert_false(is_friend(OWNER, LAMP));
	assert_false(can_read(OWNER, "temperature", NULL));
	assert_false(can_control(OWNER, "led"));
	assert_true(can_read("bob@x.ex", "temperature", NULL));
	assert_int_equal(rule("allow eve@x.ex to read of lamp"), 0);
	assert_int_equal(w.r.condition, COND_FORBIDDEN);
	assert_int_equal(rule("deny bob@x.ex everything of lamp"), 0);
	doubt(DOUBT_AWAY);
	assert_true(is_friend(LAMP, OWNER));
	assert_int_equal(rule("allow eve@x.ex to read of lamp"), 0);
	assert_int_not_equal(rule("deny bob@x.ex everything of lamp"), 0);
	doubt(DOUBT_NONE);
	assert_int_not_equal(rule("allow eve@x.ex to read of lamp"), 0);
}

static void owner_and_thing_are_friends_both_ways_from_the_claim(void **state)
{
	(void)state;
	assert_true(is_friend(LAMP, OWNER));
	assert_true(is_friend(OWNER, LAMP));
	assert_true(is_friend(LAMP, SERVICE));
	assert_false(is_friend("zoe@x.ex", LAMP));
	put_thing(1, LAMP, NULL, NULL, 2, NULL);
	assert_non_null(owed(DEBT_FLOOR, LAMP, ""));
	assert_non_null(owed(DEBT_FLOOR, OWNER, ""));
	assert_false(is_friend(LAMP, OWNER));
	assert_false(is_friend(OWNER, LAMP));
}

static void the_owner_reads_and_controls_and_no_rule_binds_him(void **state)
{
	(void)state;
	assert_true(rule("deny anyone everything") > 0);
	assert_true(can_read(OWNER, "temperature", NULL));
	assert_int_equal(w.r.u.can.names.n, 1);
	assert_int_equal(w.r.u.can.types, FIELD_MOMENTARY);
	assert_true(can_control(OWNER, NULL));
	w.foreign = true;
	assert_true(is_friend(LAMP, OWNER));
	assert_true(can_read(OWNER, NULL, NULL));
}

static void without_a_rule_it_is_no_and_the_owner_is_asked_once(void **state)
{
	const char *text;

	(void)state;
	assert_false(can_read(BOB, "temperature", NULL));
	assert_true(w.wrote);
	assert_int_equal(questions(OWNER, NULL, &text), 1);
	assert_string_equal(text, "bob@x.ex wants to read \"temperature\" of \"lamp\". "
	    "Only of this kind: momentary.");
	assert_false(can_read(BOB, "Temperature", "TEMPERATURE"));
	assert_int_equal(questions(OWNER, NULL, NULL), 1);
	assert_false(can_control(BOB, "temperature"));
	assert_false(is_friend(LAMP, BOB));
	assert_int_equal(questions(OWNER, NULL, NULL), 3);
	assert_int_equal(questions(BOB, NULL, NULL), 0);
}

static void a_known_question_is_not_a_write(void **state)
{
	(void)state;
	assert_false(can_read(BOB, "temperature", NULL));
	assert_false(can_read(BOB, "temperature", NULL));
	assert_false(w.wrote);
	assert_true(is_friend(LAMP, OWNER));
	assert_false(w.wrote);
}

static void the_question_is_owed_to_the_owner_with_its_code(void **state)
{
	struct owner_question q;
	const char *code;

	(void)state;
	assert_false(is_friend(LAMP, BOB));
	questions(OWNER, &code, NULL);
	for (size_t i = 0; i < debt_count(w.debts); i++) {
		const struct debt *d = debt_at(w.debts, i);

		if (d->kind != DEBT_QUESTION)
			continue;
		assert_string_equal(d->peer, OWNER);
		OK(provisioning_question(w.p, d->subject, &w.pool, &q, &e));
		assert_string_equal(q.code, code);
		assert_string_equal(q.requester, BOB);
		assert_string_equal(q.thing_name, "lamp");
		assert_int_equal(q.action, ACTION_BEFRIEND);
		assert_false(q.owner_speaks_iq);
		return;
	}
	fail_msg("no question is owed");
}

static void yes_grants_exactly_what_was_asked(void **state)
{
	const char *code;

	(void)state;
	assert_false(can_read(BOB, "temperature", NULL));
	questions(OWNER, &code, NULL);
	answer(OWNER, ANSWER_YES, code);
	assert_int_equal(w.r.body, BODY_RULE);
	assert_int_equal(w.r.u.rules.rule[0].number, 1);
	assert_string_equal(w.r.u.rules.rule[0].text,
	    "allow bob@x.ex to read \"temperature\" of lamp only momentary");
	assert_int_equal(questions(OWNER, NULL, NULL), 0);
	assert_true(can_read(BOB, "temperature", NULL));
	assert_false(can_read(BOB, "humidity", NULL));
	assert_false(can_control(BOB, "temperature"));
	assert_false(is_friend(LAMP, BOB));
	assert_false(can(VERB_CAN_READ, DOOR, BOB, "temperature", NULL));
	assert_false(can_read("carol@x.ex", "temperature", NULL));
}

static void always_grants_every_reading_of_that_thing(void **state)
{
	const char *code;

	(void)state;
	assert_false(can_read(BOB, "temperature", NULL));
	questions(OWNER, &code, NULL);
	answer(OWNER, ANSWER_ALWAYS, code);
	assert_string_equal(w.r.u.rules.rule[0].text, "allow bob@x.ex to read everything of lamp");
	assert_true(can_read(BOB, "humidity", NULL));
	assert_true(can_read(BOB, NULL, NULL));
	assert_false(can_control(BOB, "light"));
}

static void no_denies_exactly_what_was_asked(void **state)
{
	const char *code;

	(void)state;
	assert_false(can_control(BOB, "light"));
	questions(OWNER, &code, NULL);
	answer(OWNER, ANSWER_NO, code);
	assert_string_equal(w.r.u.rules.rule[0].text, "deny bob@x.ex to control \"light\" of lamp");
	assert_false(can_control(BOB, "light"));
	assert_int_equal(questions(OWNER, NULL, NULL), 0);
	assert_false(can_control(BOB, "fan"));
	assert_int_equal(questions(OWNER, NULL, NULL), 1);
}

static void a_partial_grant_lists_what_is_granted__att_P_06(void **state)
{
	(void)state;
	assert_true(rule("allow bob@x.ex to read \"temperature\" of lamp") > 0);
	assert_true(can_read(BOB, "temperature", NULL));
	assert_true(can_read(BOB, "temperature", "humidity"));
	assert_int_equal(w.r.u.can.names.n, 1);
	assert_string_equal(w.r.u.can.names.name[0], "temperature");
	assert_true(can_read(BOB, NULL, NULL));
	assert_int_equal(w.r.u.can.names.n, 1);
	assert_string_equal(w.r.u.can.names.name[0], "temperature");
	assert_false(can_read(BOB, "humidity", NULL));
	assert_int_equal(w.r.u.can.names.n, 0);
}

static void a_deny_overrides_every_allow(void **state)
{
	(void)state;
	assert_true(rule("allow bob@x.ex everything of lamp") > 0);
	assert_true(can_control(BOB, "light"));
	assert_true(rule("deny *@x.ex to control of class=light") > 0);
	assert_false(can_control(BOB, "light"));
	assert_int_equal(questions(OWNER, NULL, NULL), 0);
	assert_true(can_read(BOB, "temperature", NULL));
}

static void who_is_no_thing_gets_a_constant_answer__att_P_09(void **state)
{
	(void)state;
	assert_true(rule("allow bob@x.ex everything of lamp") > 0);
	assert_false(can(VERB_CAN_READ, "spy@x.ex", BOB, "temperature", NULL));
	assert_false(w.wrote);
	assert_false(w.r.u.can.names.n > 0 || w.r.u.can.nodes.n > 0);
	assert_false(can(VERB_CAN_READ, "spy@x.ex", OWNER, NULL, NULL));
	assert_false(is_friend("spy@x.ex", BOB));
	assert_false(is_friend("spy@x.ex", OWNER));
	assert_false(w.wrote);
	assert_true(is_friend("spy@x.ex", SERVICE));	/* never another answer: nothing to note */
	assert_false(w.wrote);
	assert_int_equal(questions(OWNER, NULL, NULL), 0);
}

static void a_malformed_question_is_false_never_an_error__att_P_21(void **state)
{
	(void)state;
	assert_false(is_friend(LAMP, NULL));
	assert_false(can_read(NULL, "temperature", NULL));
	assert_false(is_friend(LAMP, LAMP));
	assert_false(is_friend("nobody@y.ex", LAMP));
}

/* ---- time ---- */

static void a_lease_ends_with_the_rule(void **state)
{
	(void)state;
	assert_true(rule("allow bob@x.ex to read of lamp for 10m") > 0);
	assert_true(can_read(BOB, "temperature", NULL));
	assert_true(w.r.has_lease);
	assert_true(w.r.lease_ms == 10 * 60000);
	w.hands.wall += 9 * 60000;
	assert_true(can_read(BOB, "temperature", NULL));
	assert_true(w.r.lease_ms == 60000);
	w.hands.wall += 60000;
	assert_false(can_read(BOB, "temperature", NULL));
	assert_true(w.r.lease_ms == w.conf.read_lease_ms);
}

static void a_rule_may_shorten_the_lease(void **state)
{
	(void)state;
	assert_true(rule("allow bob@x.ex to control of lamp lease 5s") > 0);
	assert_true(can_control(BOB, "light"));
	assert_true(w.r.lease_ms == 5000);
	assert_true(can_control(OWNER, "light"));
	assert_true(w.r.lease_ms == w.conf.control_lease_ms);
}

static void what_is_over_is_removed_and_the_friend_with_it(void **state)
{
	(void)state;
	assert_true(rule("allow bob@x.ex to befriend lamp for 1h") > 0);
	assert_non_null(owed(DEBT_FRIEND, LAMP, BOB));
	assert_true(is_friend(LAMP, BOB));
	tick(HOUR);
	assert_false(is_friend(LAMP, BOB));
	assert_null(owed(DEBT_FRIEND, LAMP, BOB));
	assert_non_null(owed(DEBT_UNFRIEND, LAMP, BOB));
	say(VERB_RULES, NULL, 0, 0);
	assert_int_equal(w.r.u.rules.n, 0);
}

static void a_clock_set_back_brings_nothing_to_life_again(void **state)
{
	(void)state;
	assert_true(rule("allow bob@x.ex to read of lamp for 1h") > 0);
	assert_true(rule("deny carol@x.ex to read of door for 1h") > 0);
	assert_true(rule("allow *@x.ex to read of door") > 0);
	assert_true(can_read(BOB, "temperature", NULL));
	w.hands.wall += 30 * 60000;
	assert_true(can_read(BOB, "temperature", NULL));
	tick(HOUR);
	restart();
	w.hands.wall = NOON + 1000;
	assert_true(rule("allow bob@x.ex to read of lamp for 1h") > 0);
	assert_false(can_read(BOB, "temperature", NULL));
	assert_true(can(VERB_CAN_READ, DOOR, BOB, "temperature", NULL));
	assert_true(rule("deny carol@x.ex to read of door for 1h") > 0);
	assert_false(can(VERB_CAN_READ, DOOR, "carol@x.ex", "temperature", NULL));
	w.hands.wall = NOON + 3 * HOUR / 2 + 1000;
	assert_true(can(VERB_CAN_READ, DOOR, "carol@x.ex", "temperature", NULL));
}

/* ---- things that keep no lease ---- */

static void a_foreign_thing_gets_no_yes_until_it_can_be_told(void **state)
{
	(void)state;
	w.foreign = true;
	assert_true(rule("allow bob@x.ex to read of lamp") > 0);
	assert_false(can_read(BOB, "temperature", NULL));
	assert_int_equal(questions(OWNER, NULL, NULL), 0);
	tick(20000);
	assert_null(owed(DEBT_FLOOR, LAMP, ""));
	subscribe_to(LAMP);
	tick(20000);
	assert_non_null(owed(DEBT_FLOOR, LAMP, ""));
	assert_true(can_read(BOB, "temperature", NULL));
	assert_false(w.r.has_lease);
}

static void kithd_keeps_the_lease_for_a_foreign_thing(void **state)
{
	(void)state;
	w.foreign = true;
	subscribe_to(LAMP);
	assert_true(rule("allow bob@x.ex to read of lamp for 1h") > 0);
	assert_true(can_read(BOB, "temperature", NULL));
	assert_null(owed(DEBT_FLOOR, LAMP, ""));
	assert_true(provisioning_deadline(w.p) <= NOON + HOUR);
	tick(HOUR - 5000);
	assert_null(owed(DEBT_FLOOR, LAMP, ""));
	tick(5000);
	assert_non_null(owed(DEBT_FLOOR, LAMP, ""));
	assert_null(owed(DEBT_FLOOR, DOOR, ""));
}

/* What closes is cleared early, and asking again at once does not bring it back. */
static void ruling_26__closing_edges_come_early_for_who_keeps_answers_for_ever(void **state)
{
	int64_t cleared = 0;

	(void)state;
	w.foreign = true;
	subscribe_to(LAMP);
	assert_true(rule("allow bob@x.ex to read of lamp daily 06:00-13:00") > 0);
	assert_true(can_read(BOB, "temperature", NULL));
	for (int64_t at = 0; at < HOUR; at += 100) {
		tick(100);
		if (owed(DEBT_FLOOR, LAMP, "") == NULL)
			continue;
		cleared = cleared == 0 ? w.hands.wall : cleared;
		assert_in_range(NOON + HOUR - w.hands.wall, 0, 5000);
		settle(DEBT_FLOOR, LAMP, "");
		assert_false(can_read(BOB, "temperature", NULL));
	}
	assert_in_range(NOON + HOUR - cleared, 1000, 5000);
	w.foreign = false;		/* ours is told to the very moment */
	w.hands.wall = NOON + HOUR - 1;
	assert_true(can_read(BOB, "temperature", NULL));
	assert_int_equal(w.r.lease_ms, 1);
	w.hands.wall++;
	assert_false(can_read(BOB, "temperature", NULL));
}

static void ruling_26__opening_edges_come_late_for_who_keeps_answers_for_ever(void **state)
{
	(void)state;
	w.foreign = true;
	subscribe_to(LAMP);
	assert_true(rule("allow bob@x.ex to read of lamp daily 13:00-20:00") > 0);
	assert_false(can_read(BOB, "temperature", NULL));
	tick(HOUR - 1);
	assert_null(owed(DEBT_FLOOR, LAMP, ""));
	assert_false(can_read(BOB, "temperature", NULL));
	tick(30001);
	assert_non_null(owed(DEBT_FLOOR, LAMP, ""));
	assert_true(can_read(BOB, "temperature", NULL));
}

static void the_lease_kept_for_it_survives_a_restart(void **state)
{
	(void)state;
	w.foreign = true;
	subscribe_to(LAMP);
	assert_true(rule("allow bob@x.ex to read of lamp daily 06:00-13:00") > 0);
	assert_true(can_read(BOB, "temperature", NULL));
	restart();
	tick(2000);
	assert_true(provisioning_deadline(w.p) <= NOON + HOUR);
	tick(HOUR);
	assert_non_null(owed(DEBT_FLOOR, LAMP, ""));
}

static struct request ack(const char *from)
{
	struct request q = request(VERB_ANSWER, from);

	q.type = IQ_RESULT;
	q.u.answer.ok = true;
	return q;
}

static void pay(const char *jid)
{
	struct request q = ack(jid);
	const struct debt *d = owed(DEBT_FLOOR, jid, "");

	assert_non_null(d);
	begin();
	OK(provisioning_debt_answered(w.p, d, &q, &e));
	commit();
	assert_null(owed(DEBT_FLOOR, jid, ""));
}

static void a_foreign_cache_is_cleared_once_more_after_it_said_so(void **state)
{
	(void)state;
	w.foreign = true;
	assert_false(can_read(BOB, "temperature", NULL));
	assert_true(rule("deny bob@x.ex everything of lamp") > 0);
	pay(LAMP);
	tick(9000);
	assert_null(owed(DEBT_FLOOR, LAMP, ""));
	tick(1000);
	pay(LAMP);
	tick(60000);
	assert_null(owed(DEBT_FLOOR, LAMP, ""));
	w.foreign = false;
	assert_false(can_read(BOB, "temperature", NULL));
	assert_true(rule("deny bob@x.ex everything of door") > 0);
	assert_null(owed(DEBT_FLOOR, LAMP, ""));
}

static void ruling_26b__a_second_change_has_ten_seconds_of_its_own(void **state)
{
	(void)state;
	w.foreign = true;
	assert_false(can_read(BOB, "temperature", NULL));
	assert_true(rule("deny bob@x.ex everything of lamp") > 0);
	pay(LAMP);
	tick(9000);
	assert_true(rule("deny eve@x.ex everything of lamp") > 0);
	pay(LAMP);
	tick(9000);
	assert_null(owed(DEBT_FLOOR, LAMP, ""));
	tick(1000);
	pay(LAMP);
	tick(60000);
	assert_null(owed(DEBT_FLOOR, LAMP, ""));
}

static void a_server_that_answers_for_the_thing_settles_nothing(void **state)
{
	struct request q = ack(LAMP);

	(void)state;
	assert_false(can_read(BOB, "temperature", NULL));
	assert_true(rule("deny bob@x.ex everything of lamp") > 0);
	q.type = IQ_ERROR;
	q.u.answer.ok = false;
	q.u.answer.condition = "service-unavailable";
	begin();
	OK(provisioning_debt_answered(w.p, owed(DEBT_FLOOR, LAMP, ""), &q, &e));
	commit();
	assert_non_null(owed(DEBT_FLOOR, LAMP, ""));
	q.u.answer.condition = "feature-not-implemented";
	begin();
	OK(provisioning_debt_answered(w.p, owed(DEBT_FLOOR, LAMP, ""), &q, &e));
	commit();
	assert_null(owed(DEBT_FLOOR, LAMP, ""));
}

static void after_a_gap_foreign_caches_are_cleared_within_ten_minutes(void **state)
{
	(void)state;
	w.foreign = true;
	subscribe_to(LAMP);
	assert_true(can_read(OWNER, NULL, NULL));
	OK(provisioning_stream_gap(w.p, &e));
	tick(600000);
	assert_non_null(owed(DEBT_FLOOR, LAMP, ""));
}

/* ---- taking back ---- */

static void taking_back_raises_the_revision_and_owes_the_floor(void **state)
{
	uint64_t before;

	(void)state;
	assert_true(rule("allow bob@x.ex everything of lamp") == 1);
	assert_null(owed(DEBT_FLOOR, LAMP, ""));	/* it never asked */
	assert_true(can_read(BOB, "temperature", NULL));
	assert_true(can(VERB_CAN_READ, DOOR, OWNER, NULL, NULL));
	before = w.r.revision;
	say(VERB_FORGET, NULL, 0, 1);
	assert_int_equal(w.r.body, BODY_RULE);
	assert_false(can_read(BOB, "temperature", NULL));
	assert_true(w.r.revision > before);
	assert_true(owed(DEBT_FLOOR, LAMP, "")->number == w.r.revision);
	assert_null(owed(DEBT_FLOOR, DOOR, ""));
	assert_non_null(owed(DEBT_UNFRIEND, LAMP, BOB));
	assert_null(owed(DEBT_FRIEND, LAMP, BOB));
	say(VERB_FORGET, NULL, 0, 1);
	assert_int_equal(w.r.condition, COND_ITEM_NOT_FOUND);
	assert_true(rule("allow bob@x.ex to read of lamp") == 2);
}

static void an_answer_decided_in_the_turn_of_a_change_is_below_its_floor__att_P_05(void **state)
{
	const uint8_t id[OWNERSHIP_ID] = { 1 };
	struct request change = request(VERB_RULE_ADD, OWNER), ask = request(VERB_CAN_READ, LAMP);
	struct reply r;

	(void)state;
	assert_true(rule("allow bob@x.ex to read of lamp") > 0);
	assert_true(can_read(BOB, "temperature", NULL));
	ask.lease.asked = true;
	ask.u.can.jid = BOB;
	begin();
	desk(&change)->text = "allow carol@x.ex to read *";
	OK(provisioning_serve(w.p, &change, &r, &e));
	OK(provisioning_serve(w.p, &ask, &w.r, &e));
	change.u.desk.text = "deny bob@x.ex to read of lamp";
	change.u.desk.thing_id = id;
	OK(provisioning_serve(w.p, &change, &r, &e));
	commit();
	assert_true(w.r.u.can.result);
	assert_true(w.r.revision < owed(DEBT_FLOOR, LAMP, "")->number);
	assert_false(can_read(BOB, "temperature", NULL));
	assert_true(w.r.revision == owed(DEBT_FLOOR, LAMP, "")->number);
}

static void revoke_removes_his_rules_and_denies_what_others_still_allow(void **state)
{
	(void)state;
	assert_true(rule("allow bob@x.ex to read of lamp") > 0);
	assert_true(rule("allow bob@x.ex to read of door") > 0);
	say(VERB_REVOKE, BOB, 1, 0);
	assert_false(can_read(BOB, "temperature", NULL));
	assert_true(can(VERB_CAN_READ, DOOR, BOB, "temperature", NULL));
	say(VERB_REVOKE, BOB, 1, 0);
	assert_int_equal(w.r.condition, COND_ITEM_NOT_FOUND);
	assert_true(rule("allow *@x.ex to read all my things") > 0);
	say(VERB_REVOKE, BOB, 0, 0);
	assert_non_null(strstr(w.r.text, "deny bob@x.ex everything"));
	assert_false(can_read(BOB, "temperature", NULL));
	assert_true(can_read("carol@x.ex", "temperature", NULL));
}

/* Taking back must not depend on how much was given, within one request's memory. */
static void revoke_and_delete_take_back_any_number_of_rules(void **state)
{
	static const enum verb verbs[] = { VERB_REVOKE, VERB_DELETE_RULES };
	char line[80];

	(void)state;
	for (size_t v = 0; v < 2; v++) {
		struct request q = request(VERB_DELETE_RULES, OWNER);

		for (int i = 0; i < 200; i++) {
			pool_reset(&w.pool);
			(void)snprintf(line, sizeof(line), "allow bob@x.ex to read \"f%d\" of lamp", i);
			assert_true(rule(line) > 0);
		}
		assert_true(rule("allow bob@x.ex to befriend lamp") > 0);
		pool_fini(&w.pool);
		pool_init(&w.pool, WIRE_REQUEST_BYTES);
		if (verbs[v] == VERB_REVOKE)
			say(VERB_REVOKE, BOB, 0, 0);
		else
			serve(&q);
		assert_int_equal(w.r.kind, REPLY_RESULT);
		assert_false(can_read(BOB, "f7", NULL));
		assert_false(is_friend(LAMP, BOB));
		pool_fini(&w.pool);
		pool_init(&w.pool, 1024 * 1024);
	}
}

/* As `allow x.ex` lets all its people in, `revoke x.ex` takes that back. */
static void revoke_takes_back_what_a_domain_was_allowed(void **state)
{
	(void)state;
	assert_true(rule("allow *@x.ex to read of lamp") > 0);
	assert_true(can_read(BOB, "temperature", NULL));
	say(VERB_REVOKE, "x.ex", 1, 0);
	assert_int_equal(w.r.kind, REPLY_RESULT);
	assert_false(can_read(BOB, "temperature", NULL));
	assert_true(rule("allow anyone to read of lamp") > 0);
	say(VERB_REVOKE, "x.ex", 0, 0);
	assert_non_null(strstr(w.r.text, "deny *@x.ex everything"));
	assert_false(can_read(BOB, "temperature", NULL));
}

static void revoke_ends_what_would_begin_again_later(void **state)
{
	(void)state;
	assert_true(rule("allow *@x.ex to read all my things daily 14:00-16:00") > 0);
	assert_false(can_read(BOB, "temperature", NULL));
	say(VERB_REVOKE, BOB, 0, 0);
	assert_non_null(w.r.text);
	assert_non_null(strstr(w.r.text, "deny bob@x.ex everything"));
	tick(3 * HOUR);
	assert_false(can_read(BOB, "temperature", NULL));
	assert_true(can_read("carol@x.ex", "temperature", NULL));
}

static void a_deny_for_a_domain_unfriends_those_who_were_let_in(void **state)
{
	(void)state;
	assert_true(rule("allow bob@x.ex to befriend lamp") > 0);
	assert_true(rule("deny *@x.ex to befriend of all my things") > 0);
	assert_non_null(owed(DEBT_UNFRIEND, LAMP, BOB));
	assert_null(owed(DEBT_FRIEND, LAMP, BOB));
	assert_null(owed(DEBT_UNFRIEND, DOOR, BOB));
}

static void a_new_epoch_ends_rules_questions_and_codes(void **state)
{
	const char *code;

	(void)state;
	assert_true(rule("allow bob@x.ex to read of lamp") > 0);
	assert_false(can_control(BOB, "light"));
	questions(OWNER, &code, NULL);
	put_thing(1, LAMP, NULL, NULL, 2, NULL);
	assert_non_null(owed(DEBT_FLOOR, LAMP, ""));
	assert_false(can_read(BOB, "temperature", NULL));
	put_thing(1, LAMP, NULL, OWNER, 3, "lamp");
	assert_false(can_read(BOB, "temperature", NULL));
	answer(OWNER, ANSWER_YES, code);
	assert_int_equal(w.r.body, BODY_TEXT);
	assert_false(can_control(BOB, "light"));
	say(VERB_RULES, NULL, 0, 0);
	assert_int_equal(w.r.u.rules.n, 0);
	assert_true(rule("allow bob@x.ex to read of lamp") == 2);
	assert_true(can_read(BOB, "temperature", NULL));
}

static void a_friend_message_whose_reason_is_gone_is_not_sent(void **state)
{
	struct buf out;

	(void)state;
	assert_false(is_friend(LAMP, BOB));
	assert_true(rule("allow bob@x.ex to befriend lamp") > 0);
	put_thing(1, LAMP, NULL, "eve@x.ex", 2, NULL);
	buf_init(&out, 4096);
	assert_int_equal(provisioning_debt_write(w.p, owed(DEBT_FRIEND, LAMP, BOB), &out), 0);
	assert_int_equal(out.len, 0);
	tick(1000);
	assert_null(owed(DEBT_FRIEND, LAMP, BOB));
	buf_fini(&out);
}

/* ---- codes ---- */

static void a_code_is_good_once_for_its_owner_only__att_H_03(void **state)
{
	const char *code;

	(void)state;
	assert_false(can_read(BOB, "temperature", NULL));
	questions(OWNER, &code, NULL);
	put_thing(3, "x1@x.ex", NULL, "eve@x.ex", 1, "x");
	answer("eve@x.ex", ANSWER_YES, code);
	assert_int_equal(w.r.condition, COND_ITEM_NOT_FOUND);
	answer(OWNER, ANSWER_YES, "AAAA-AAAA");
	assert_int_equal(w.r.condition, COND_ITEM_NOT_FOUND);
	answer(OWNER, ANSWER_YES, "");
	assert_int_equal(w.r.condition, COND_ITEM_NOT_FOUND);
	answer(OWNER, ANSWER_YES, code);
	assert_int_equal(w.r.body, BODY_RULE);
	answer(OWNER, ANSWER_NO, code);
	assert_int_equal(w.r.condition, COND_ITEM_NOT_FOUND);
	assert_true(can_read(BOB, "temperature", NULL));
}

static void the_same_question_asked_anew_has_another_code(void **state)
{
	const char *code, *again;

	(void)state;
	assert_false(can_read(BOB, "temperature", NULL));
	questions(OWNER, &code, NULL);
	answer(OWNER, ANSWER_NO, code);
	say(VERB_FORGET, NULL, 0, 1);
	assert_false(can_read(BOB, "temperature", NULL));
	assert_int_equal(questions(OWNER, &again, NULL), 1);
	assert_string_not_equal(code, again);
	answer(OWNER, ANSWER_YES, code);
	assert_int_equal(w.r.condition, COND_ITEM_NOT_FOUND);
}

static void an_old_code_is_answered_with_a_new_one(void **state)
{
	const char *code, *again;

	(void)state;
	assert_false(can_read(BOB, "temperature", NULL));
	questions(OWNER, &code, NULL);
	w.hands.wall += w.conf.code_ms;
	answer(OWNER, ANSWER_YES, code);
	assert_int_equal(w.r.body, BODY_TEXT);
	assert_null(strstr(w.r.text, code));
	assert_false(can_read(BOB, "temperature", NULL));
	assert_int_equal(questions(OWNER, &again, NULL), 1);
	answer(OWNER, ANSWER_YES, again);
	assert_int_equal(w.r.body, BODY_RULE);
	assert_true(can_read(BOB, "temperature", NULL));
}

static void a_code_is_void_when_the_situation_has_changed(void **state)
{
	const char *code;

	(void)state;
	assert_false(can_read(BOB, "temperature", NULL));
	questions(OWNER, &code, NULL);
	assert_true(rule("ask about *@x.ex reading of lamp") > 0);
	answer(OWNER, ANSWER_YES, code);
	assert_int_equal(w.r.body, BODY_TEXT);
	assert_non_null(strstr(w.r.text, "Your rules have changed"));
	assert_false(can_read(BOB, "temperature", NULL));
	questions(OWNER, &code, NULL);
	assert_true(rule("deny *@x.ex to read of lamp") > 0);
	assert_int_equal(questions(OWNER, NULL, NULL), 0);
	answer(OWNER, ANSWER_YES, code);
	assert_int_equal(w.r.condition, COND_ITEM_NOT_FOUND);
}

static void one_answer_leaves_the_other_codes_good(void **state)
{
	struct request q = request(VERB_QUESTIONS, OWNER);
	const char *first, *second;

	(void)state;
	assert_false(can_read(BOB, "temperature", NULL));
	assert_false(can_control(BOB, "light"));
	desk(&q);
	serve(&q);
	first = w.r.u.questions.question[0].code;
	second = w.r.u.questions.question[1].code;
	answer(OWNER, ANSWER_YES, first);
	assert_int_equal(w.r.body, BODY_RULE);
	answer(OWNER, ANSWER_YES, second);
	assert_int_equal(w.r.body, BODY_RULE);
	assert_true(can_read(BOB, "temperature", NULL));
	assert_true(can_control(BOB, "light"));
}

static void questions_and_codes_survive_a_restart(void **state)
{
	const char *code, *again;

	(void)state;
	assert_false(can_read(BOB, "temper\"ature\nallow \xe2\x80\x9cx", NULL));
	questions(OWNER, &code, NULL);
	assert_true(rule("allow *@x.ex to control \"light\" of class=light daily 07:00-22:00") > 0);
	restart();
	assert_int_equal(questions(OWNER, &again, NULL), 1);
	assert_string_equal(code, again);
	assert_true(can_control(BOB, "light"));
	answer(OWNER, ANSWER_YES, code);
	restart();
	assert_true(can_read(BOB, "temper\"ature\nallow \xe2\x80\x9cx", NULL));
	assert_false(can_read(BOB, "temper\"ature\nallow \"x", NULL));
}

static void a_question_ends_after_ninety_days(void **state)
{
	(void)state;
	assert_false(can_read(BOB, "temperature", NULL));
	tick(90 * 24 * HOUR + 1000);
	assert_int_equal(questions(OWNER, NULL, NULL), 0);
}

/* ---- crowds ---- */

static void strangers_push_out_the_oldest_stranger_never_the_known(void **state)
{
	char jid[32];

	(void)state;
	assert_true(rule("deny bob@x.ex to control of door") > 0);
	assert_false(can_read(BOB, "temperature", NULL));
	for (int i = 0; i < 30; i++) {
		(void)snprintf(jid, sizeof(jid), "s%d@x.ex", i);
		w.hands.wall += 1000;
		assert_false(can_read(jid, "temperature", NULL));
	}
	assert_int_equal(questions(OWNER, NULL, NULL), 21);
	assert_non_null(strstr(w.r.u.questions.question[0].text, "bob@x.ex"));
	assert_non_null(strstr(w.r.u.questions.question[1].text, "s10@x.ex"));
}

static void one_requester_holds_five_questions_at_most(void **state)
{
	char name[32];

	(void)state;
	for (int i = 0; i < 30; i++) {
		(void)snprintf(name, sizeof(name), "field%d", i);
		assert_false(can_read(BOB, name, NULL));
	}
	assert_int_equal(questions(OWNER, NULL, NULL), 5);
}

static void a_foreign_domain_asks_three_times_a_day(void **state)
{
	char jid[32];

	(void)state;
	w.conf.remote_verified = true;
	restart();
	for (int i = 0; i < 10; i++) {
		(void)snprintf(jid, sizeof(jid), "s%d@far.ex", i);
		assert_false(can_read(jid, "temperature", NULL));
	}
	assert_int_equal(questions(OWNER, NULL, NULL), 3);
	w.hands.wall += 24 * HOUR + 1;
	assert_false(can_read("s9@far.ex", "temperature", NULL));
	assert_int_equal(questions(OWNER, NULL, NULL), 4);
}

static void a_domain_nobody_vouches_for_gets_nothing(void **state)
{
	(void)state;
	assert_true(rule("allow anyone to read of lamp") > 0);
	assert_true(can_read(BOB, "temperature", NULL));
	assert_false(can_read("bob@far.ex", "temperature", NULL));
	assert_false(can_control("bob@far.ex", "light"));
	assert_int_equal(questions(OWNER, NULL, NULL), 0);
	assert_int_equal(rule("allow bob@far.ex to read of lamp"), 0);
	assert_int_equal(w.r.body, BODY_TEXT);
	assert_true(rule("deny bob@far.ex everything") > 0);
}

/* A role and a token are no addresses: nobody's domain has to be believed for them. */
static void roles_and_tokens_may_be_given_rights(void **state)
{
	(void)state;
	assert_true(rule("allow role family to read of lamp") > 0);
	assert_true(rule("allow user token abcdefghijklmnopqrstuvwxyz to control of lamp") > 0);
	assert_true(rule("deny service token abcdefghijklmnopqrstuvwxyz everything") > 0);
}

/* ---- the rest of the owner's words ---- */

static void rules_are_refused_with_a_reason(void **state)
{
	(void)state;
	assert_int_equal(rule_of("eve@x.ex", "allow bob@x.ex to read of lamp", 1), 0);
	assert_int_equal(w.r.condition, COND_ITEM_NOT_FOUND);
	assert_int_equal(rule("allow bob@x.ex to read of lamp until 2026-11-20"), 0);
	assert_non_null(strstr(w.r.text, "over already"));
	assert_int_equal(rule("allow bob@x.ex to read of lamp on mon in Europe/Berlinn"), 0);
	assert_non_null(strstr(w.r.text, "no time zone of that name"));
	assert_int_equal(rule("allow bob@x.ex to smell lamp"), 0);
	assert_non_null(strstr(w.r.text, "expected"));
	assert_int_equal(rule_of("eve@x.ex", "allow bob@x.ex to read *", 0), 0);
	assert_non_null(strstr(w.r.text, "no things"));
	assert_true(rule("allow bob@x.ex to read of lamp") == 1);
	assert_true(rule_of(OWNER, "allow BOB@x.ex to read everything of LAMP", 1) == 1);
}

static void why_names_the_rule_and_changes_nothing(void **state)
{
	const uint8_t id[OWNERSHIP_ID] = { 1 };
	struct request q = request(VERB_WHY, OWNER);

	(void)state;
	assert_true(rule("allow bob@x.ex to read \"temperature\" of lamp") == 1);
	desk(&q)->jid = BOB;
	q.u.desk.thing_id = id;
	q.u.desk.action = "read";
	q.u.desk.name = "temperature";
	serve(&q);
	assert_false(w.wrote);
	assert_string_equal(w.r.u.why.verdict, "allow");
	assert_non_null(strstr(w.r.u.why.reason, "rule 1 (allow bob@x.ex"));
	q.u.desk.name = "humidity";
	serve(&q);
	assert_string_equal(w.r.u.why.verdict, "ask");
	assert_int_equal(questions(OWNER, NULL, NULL), 0);
	q.bare = "eve@x.ex";
	serve(&q);
	assert_int_equal(w.r.condition, COND_ITEM_NOT_FOUND);
}

static struct request iq_rule(enum verb verb, bool result)
{
	struct request q = request(verb, OWNER);

	q.dialect.proto = PROTO_PROV_OWNER;
	q.dialect.gen = GEN_N;
	q.u.rule.jid = LAMP;
	q.u.rule.remote = BOB;
	q.u.rule.key = "unknown";
	q.u.rule.result = result;
	return q;
}

static void owners_decide_by_iq_as_well(void **state)
{
	static const char *names[] = { "temperature" };
	struct request q = iq_rule(VERB_IS_FRIEND_RULE, true);
	struct owner_question asked;

	(void)state;
	serve(&q);
	assert_int_equal(w.r.body, BODY_EMPTY);
	assert_true(is_friend(LAMP, BOB));
	q = iq_rule(VERB_CAN_READ_RULE, true);
	q.u.rule.partial = true;
	q.u.rule.names = (struct name_list){ 1, names };
	q.u.rule.types = FIELD_MOMENTARY;
	q.u.rule.types = FIELD_ALL;
	serve(&q);
	assert_true(can_read(BOB, "temperature", "humidity"));
	assert_int_equal(w.r.u.can.names.n, 1);
	assert_false(can_control(BOB, "light"));
	for (size_t i = 0; i < debt_count(w.debts); i++)
		if (debt_at(w.debts, i)->kind == DEBT_QUESTION)
			OK(provisioning_question(w.p, debt_at(w.debts, i)->subject, &w.pool, &asked, &e));
	assert_true(asked.owner_speaks_iq);
	assert_int_equal(asked.gen, GEN_N);
	q = iq_rule(VERB_CAN_CONTROL_RULE, true);
	q.u.rule.key = asked.key;
	serve(&q);
	assert_true(can_control(BOB, "light"));
	assert_false(can_control(BOB, "fan"));
	q = iq_rule(VERB_CAN_CONTROL_RULE, true);
	q.bare = "eve@x.ex";
	serve(&q);
	assert_int_equal(w.r.condition, COND_ITEM_NOT_FOUND);
}

/* A grant of part of it that names no part must not become all of it. */
static void a_partial_rule_that_picks_nothing_grants_nothing(void **state)
{
	static const enum verb verbs[] = { VERB_CAN_READ_RULE, VERB_CAN_CONTROL_RULE };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct request q = iq_rule(verbs[i], true);

		q.u.rule.partial = true;
		serve(&q);
		assert_int_equal(w.r.kind, REPLY_ERROR);
	}
	assert_false(can_read(BOB, "temperature", NULL));
	assert_false(can_control(BOB, "light"));
}

static void owners_clear_and_delete_by_iq(void **state)
{
	struct request q = request(VERB_OWNER_CLEAR_CACHE, OWNER);

	(void)state;
	assert_true(rule("allow bob@x.ex to read of lamp") > 0);
	assert_true(can_read(BOB, "temperature", NULL));
	q.u.devices.jid = LAMP;
	serve(&q);
	settle(DEBT_FLOOR, LAMP, "");
	q.verb = VERB_DELETE_RULES;
	serve(&q);
	assert_int_equal(w.r.body, BODY_EMPTY);
	assert_non_null(owed(DEBT_FLOOR, LAMP, ""));
	assert_false(can_read(BOB, "temperature", NULL));
	q.u.devices.jid = "other@x.ex";
	serve(&q);
	assert_int_equal(w.r.condition, COND_ITEM_NOT_FOUND);
}

static void an_owner_sees_his_own_things_only(void **state)
{
	struct request q = request(VERB_GET_DEVICES, OWNER);

	(void)state;
	put_thing(3, "x1@x.ex", NULL, "eve@x.ex", 1, "x");
	serve(&q);
	assert_int_equal(w.r.u.found.n, 2);
	assert_false(w.r.u.found.more);
	q.u.devices.max = 1;
	serve(&q);
	assert_int_equal(w.r.u.found.n, 1);
	assert_true(w.r.u.found.more);
	q.u.devices.offset = 1;
	serve(&q);
	assert_string_equal(w.r.u.found.thing[0].name, "door");
	assert_false(w.r.u.found.more);
	q.u.devices = (struct request_devices){ .filter = "LIGHT" };
	serve(&q);
	assert_int_equal(w.r.u.found.n, 1);
	assert_string_equal(w.r.u.found.thing[0].name, "lamp");
}

/* ---- gateways ---- */

static void each_node_is_decided_by_its_own_owner(void **state)
{
	struct node nodes[2] = { { .id = "n1" }, { .id = "n2" } };
	struct request q = request(VERB_CAN_READ, "gate@x.ex");

	(void)state;
	put_thing(10, "gate@x.ex", NULL, OWNER, 1, "gate");
	put_thing(11, "gate@x.ex", "n1", "eve@x.ex", 1, "n1");
	put_thing(12, "gate@x.ex", "n2", OWNER, 1, "n2");
	assert_true(rule_of("eve@x.ex", "allow bob@x.ex to read of n1", 11) > 0);
	q.lease.asked = true;
	q.u.can.jid = BOB;
	q.u.can.nodes = (struct node_list){ 2, nodes };
	serve(&q);
	assert_true(w.r.u.can.result);
	assert_int_equal(w.r.u.can.nodes.n, 1);
	assert_string_equal(w.r.u.can.nodes.node[0].id, "n1");
	q.u.can.nodes.n = 0;
	serve(&q);
	assert_true(w.r.u.can.result);
	assert_int_equal(w.r.u.can.nodes.n, 1);
	q.u.can.jid = OWNER;	/* of the gateway: gains nothing on a node of eve */
	serve(&q);
	assert_int_equal(w.r.u.can.nodes.n, 1);
	assert_string_equal(w.r.u.can.nodes.node[0].id, "n2");
	q.u.can.nodes = (struct node_list){ 1, nodes };
	serve(&q);
	assert_false(w.r.u.can.result);
	assert_true(is_friend("gate@x.ex", "eve@x.ex"));
	nodes[0].id = "";		/* the gateway itself; an empty list would mean all */
	serve(&q);
	assert_true(w.r.u.can.result);
	assert_int_equal(w.r.u.can.nodes.n, 1);
	assert_string_equal(w.r.u.can.nodes.node[0].id, "");
	nodes[0].id = "n9";		/* ruling 29: of whom the gateway belongs to, until .. */
	serve(&q);
	assert_true(w.r.u.can.result);
	put_thing(13, "gate@x.ex", "n9", NULL, 1, NULL);	/* .. it is somebody's thing */
	serve(&q);
	assert_false(w.r.u.can.result);
}

static void put_set(const char *name, uint8_t id)
{
	const uint8_t things[1][16] = { { id } };

	begin();
	OK(thing_set_put(w.sets, &(struct thing_set){ OWNER, name, id != 0, things }, &e));
	commit();
}

static void a_rule_about_a_set_counts_while_the_thing_is_in_it(void **state)
{
	(void)state;
	put_set("lights", 1);
	assert_true(rule("allow bob@x.ex to read of set lights") > 0);
	assert_true(can_read(BOB, "a", NULL));
	assert_false(can(VERB_CAN_READ, DOOR, BOB, "a", NULL));
	put_set("lights", 2);
	assert_false(can_read(BOB, "a", NULL));
	assert_true(can(VERB_CAN_READ, DOOR, BOB, "a", NULL));
	put_set("lights", 0);
	assert_false(can(VERB_CAN_READ, DOOR, BOB, "a", NULL));
}

/* Noon of a winter's day in UTC, 21:00 in Tokyo. */
static void a_rule_in_another_zone_counts_there(void **state)
{
	(void)state;
	w.hands.wall = 1800000000000LL - 1800000000000LL % (24 * 3600 * 1000LL) + 12 * 3600 * 1000LL;
	assert_true(rule("allow bob@x.ex to read \"a\" of lamp daily 20:00-22:00 in Asia/Tokyo") > 0);
	assert_true(rule("allow bob@x.ex to read \"b\" of lamp daily 20:00-22:00") > 0);
	assert_true(can_read(BOB, "a", NULL));
	assert_false(can_read(BOB, "b", NULL));
	w.hands.wall += 8 * 3600 * 1000LL + 1800 * 1000;
	assert_false(can_read(BOB, "a", NULL));
	assert_true(can_read(BOB, "b", NULL));
}

/* A node that nobody registered: one rule for it alone, and none for the others. */
static void a_node_that_is_no_thing_has_rules_of_its_own(void **state)
{
	struct node nodes[2] = { { "m1", "bus", NULL }, { "m2", "bus", NULL } };
	struct request q = request(VERB_CAN_READ, "gate@x.ex");

	(void)state;
	put_thing(10, "gate@x.ex", NULL, OWNER, 1, "gate");
	assert_true(rule_of(OWNER, "allow bob@x.ex to read of node \"m1\" source \"bus\" of gate", 10) > 0);
	q.lease.asked = true;
	q.u.can.jid = BOB;
	q.u.can.nodes = (struct node_list){ 2, nodes };
	serve(&q);
	assert_true(w.r.u.can.result);
	assert_int_equal(w.r.u.can.nodes.n, 1);
	assert_string_equal(w.r.u.can.nodes.node[0].id, "m1");
	assert_string_equal(w.r.u.can.nodes.node[0].source, "bus");
}

/* XEP-0324, "Reading devices from large subsystems". */
static void an_id_alone_means_every_node_of_that_id(void **state)
{
	struct node node = { .id = "n" };
	struct request q = request(VERB_CAN_READ, "gate@x.ex");

	(void)state;
	put_thing(10, "gate@x.ex", NULL, OWNER, 1, "gate");
	put_node(11, (struct node){ "n", "bus", NULL }, OWNER);
	put_node(12, (struct node){ "n", "air", "p" }, "eve@x.ex");
	put_node(13, (struct node){ "m", "bus", NULL }, OWNER);
	q.lease.asked = true;
	q.u.can.jid = OWNER;
	q.u.can.nodes = (struct node_list){ 1, &node };
	serve(&q);
	assert_true(w.r.u.can.result);
	assert_int_equal(w.r.u.can.nodes.n, 1);
	assert_string_equal(w.r.u.can.nodes.node[0].source, "bus");
	node.source = "air";		/* the partition is still left out */
	serve(&q);
	assert_false(w.r.u.can.result);
	q.u.can.jid = "eve@x.ex";
	serve(&q);
	assert_true(w.r.u.can.result);
	assert_string_equal(w.r.u.can.nodes.node[0].partition, "p");
	node.partition = "p";		/* said whole: hers, not of whom the gateway is */
	q.u.can.jid = OWNER;
	serve(&q);
	assert_false(w.r.u.can.result);
	node.partition = "q";
	serve(&q);
	assert_true(w.r.u.can.result);
}

/* "n" in an answer would mean the other node as well. */
static void an_id_that_would_say_more_is_not_said(void **state)
{
	struct node node = { .id = "n" };
	struct request q = request(VERB_CAN_READ, "gate@x.ex");

	(void)state;
	put_node(11, (struct node){ "n", NULL, NULL }, OWNER);
	put_node(12, (struct node){ "n", "air", NULL }, "eve@x.ex");
	q.lease.asked = true;
	q.u.can.jid = OWNER;
	q.u.can.nodes = (struct node_list){ 1, &node };
	serve(&q);
	assert_false(w.r.u.can.result);
	put_node(12, (struct node){ "n", "air", NULL }, OWNER);
	serve(&q);
	assert_true(w.r.u.can.result);
	assert_int_equal(w.r.u.can.nodes.n, 2);
}

static void too_many_nodes_are_asked_about_one_by_one(void **state)
{
	struct request q = request(VERB_CAN_READ, "gate@x.ex");
	char id[8];

	(void)state;
	q.lease.asked = true;
	q.u.can.jid = OWNER;
	for (int i = 0; i <= WIRE_NODES; i++) {
		snprintf(id, sizeof(id), "n%d", i);
		put_node((uint8_t)(20 + i), (struct node){ .id = id }, OWNER);
		if (i == WIRE_NODES - 1) {
			serve(&q);
			assert_true(w.r.u.can.result);
			assert_int_equal(w.r.u.can.nodes.n, WIRE_NODES);
		}
	}
	serve(&q);
	assert_false(w.r.u.can.result);
	assert_string_equal(w.r.reason, "nodes");
}

static void a_nodes_friend_is_let_in_unless_the_gateways_owner_denies(void **state)
{
	(void)state;
	put_thing(10, "gate@x.ex", NULL, OWNER, 1, "gate");
	put_thing(11, "gate@x.ex", "n1", "eve@x.ex", 1, "n1");
	assert_true(rule_of("eve@x.ex", "allow bob@x.ex to befriend n1", 11) > 0);
	assert_true(is_friend("gate@x.ex", BOB));
	assert_true(rule_of(OWNER, "deny bob@x.ex to befriend gate", 10) > 0);
	assert_false(is_friend("gate@x.ex", BOB));
}

/* ---- faults ---- */

static void a_rollback_leaves_no_trace(void **state)
{
	const uint8_t id[OWNERSHIP_ID] = { 1 };
	struct request q = request(VERB_RULE_ADD, OWNER), ask = request(VERB_CAN_READ, LAMP);

	(void)state;
	assert_true(rule("allow bob@x.ex to read \"a\" of lamp") == 1);
	desk(&q)->text = "allow bob@x.ex to read of lamp";
	q.u.desk.thing_id = id;
	ask.lease.asked = true;
	ask.u.can.jid = "carol@x.ex";
	begin();
	OK(provisioning_serve(w.p, &q, &w.r, &e));
	OK(provisioning_serve(w.p, &ask, &w.r, &e));
	store_rollback(w.store);
	assert_true(can_read(BOB, "a", "b"));
	assert_int_equal(w.r.u.can.names.n, 1);
	assert_int_equal(questions(OWNER, NULL, NULL), 0);
	assert_int_equal(rule("allow bob@x.ex to read \"b\" of lamp"), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_ON_DISK(name) cmocka_unit_test_setup_teardown(name, setup_on_disk, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(owner_and_thing_are_friends_both_ways_from_the_claim),
		TEST(att_C_25__an_owners_account_that_is_gone_is_no_friend_and_makes_no_rules),
		TEST(the_owner_reads_and_controls_and_no_rule_binds_him),
		TEST(without_a_rule_it_is_no_and_the_owner_is_asked_once),
		TEST(a_known_question_is_not_a_write),
		TEST(the_question_is_owed_to_the_owner_with_its_code),
		TEST(yes_grants_exactly_what_was_asked),
		TEST(always_grants_every_reading_of_that_thing),
		TEST(no_denies_exactly_what_was_asked),
		TEST(a_partial_grant_lists_what_is_granted__att_P_06),
		TEST(a_deny_overrides_every_allow),
		TEST(who_is_no_thing_gets_a_constant_answer__att_P_09),
		TEST(a_malformed_question_is_false_never_an_error__att_P_21),
		TEST(a_lease_ends_with_the_rule),
		TEST(a_rule_may_shorten_the_lease),
		TEST(what_is_over_is_removed_and_the_friend_with_it),
		TEST_ON_DISK(a_clock_set_back_brings_nothing_to_life_again),
		TEST(a_foreign_thing_gets_no_yes_until_it_can_be_told),
		TEST(kithd_keeps_the_lease_for_a_foreign_thing),
		TEST(ruling_26__closing_edges_come_early_for_who_keeps_answers_for_ever),
		TEST(ruling_26__opening_edges_come_late_for_who_keeps_answers_for_ever),
		TEST_ON_DISK(the_lease_kept_for_it_survives_a_restart),
		TEST(a_foreign_cache_is_cleared_once_more_after_it_said_so),
		TEST(ruling_26b__a_second_change_has_ten_seconds_of_its_own),
		TEST(a_server_that_answers_for_the_thing_settles_nothing),
		TEST(after_a_gap_foreign_caches_are_cleared_within_ten_minutes),
		TEST(taking_back_raises_the_revision_and_owes_the_floor),
		TEST(an_answer_decided_in_the_turn_of_a_change_is_below_its_floor__att_P_05),
		TEST(revoke_removes_his_rules_and_denies_what_others_still_allow),
		TEST(revoke_and_delete_take_back_any_number_of_rules),
		TEST(revoke_takes_back_what_a_domain_was_allowed),
		TEST(revoke_ends_what_would_begin_again_later),
		TEST(a_deny_for_a_domain_unfriends_those_who_were_let_in),
		TEST(a_new_epoch_ends_rules_questions_and_codes),
		TEST(a_friend_message_whose_reason_is_gone_is_not_sent),
		TEST(a_code_is_good_once_for_its_owner_only__att_H_03),
		TEST(the_same_question_asked_anew_has_another_code),
		TEST(an_old_code_is_answered_with_a_new_one),
		TEST(a_code_is_void_when_the_situation_has_changed),
		TEST(one_answer_leaves_the_other_codes_good),
		TEST_ON_DISK(questions_and_codes_survive_a_restart),
		TEST(a_question_ends_after_ninety_days),
		TEST(strangers_push_out_the_oldest_stranger_never_the_known),
		TEST(one_requester_holds_five_questions_at_most),
		TEST_ON_DISK(a_foreign_domain_asks_three_times_a_day),
		TEST(a_domain_nobody_vouches_for_gets_nothing),
		TEST(roles_and_tokens_may_be_given_rights),
		TEST(rules_are_refused_with_a_reason),
		TEST(why_names_the_rule_and_changes_nothing),
		TEST(owners_decide_by_iq_as_well),
		TEST(a_partial_rule_that_picks_nothing_grants_nothing),
		TEST(owners_clear_and_delete_by_iq),
		TEST(an_owner_sees_his_own_things_only),
		TEST(each_node_is_decided_by_its_own_owner),
		TEST(a_rule_about_a_set_counts_while_the_thing_is_in_it),
		TEST(a_rule_in_another_zone_counts_there),
		TEST(a_node_that_is_no_thing_has_rules_of_its_own),
		TEST(an_id_alone_means_every_node_of_that_id),
		TEST(an_id_that_would_say_more_is_not_said),
		TEST(too_many_nodes_are_asked_about_one_by_one),
		TEST(a_nodes_friend_is_let_in_unless_the_gateways_owner_denies),
		TEST(a_rollback_leaves_no_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
