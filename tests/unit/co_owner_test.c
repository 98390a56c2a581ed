/* SPDX-License-Identifier: Apache-2.0 */
/*
 * co_owner_test: what a co-owner may say at the desk, and how far it goes.
 * Desk, provisioning and stores are real; the registry only describes things.
 */
#include "config.h"

#include <unistd.h>

#include "tests/unit/store_support.h"

#include "common/base/buf.h"
#include "common/base/pool.h"
#include "common/base/str.h"
#include "common/store/debt.h"
#include "common/wire/limits.h"
#include "desk/desk.h"
#include "policy/policy.h"

#define ALICE "alice@a.example"
#define CAROL "carol@a.example"
#define BOB "bob@a.example"
#define LAMP "lamp1@a.example"
#define DOOR "door1@a.example"
#define DAY INT64_C(86400000)

static struct world {
	struct clock_fake hands;
	struct clock clock;
	struct store *store;
	struct ownership *ownership;
	struct debts *debts;
	struct contacts *contacts;
	struct codes *codes;
	struct persons *persons;
	struct secret key;
	struct stats stats;
	struct provisioning *p;
	struct desk *desk;
	struct pool pool;
	struct buf text;
	char folder[32], url[64];	/* on disk only */
} w;

/* ---- the registry ---- */

bool registry_account_is_gone(const struct registry *g, const char *bare)
{
	(void)g;
	(void)bare;
	return false;
}

int64_t registry_undo_since(const struct registry *g, const char *owner)
{
	(void)g;
	(void)owner;
	return 0;
}

bool registry_serves(enum verb v)
{
	return v == VERB_DISOWN || v == VERB_REMOVE || v == VERB_TRANSFER || v == VERB_PUBLISH ||
	    v == VERB_UPDATE;
}

static int acts;

int registry_serve(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	(void)g;
	(void)q;
	(void)e;
	acts++;
	r->kind = REPLY_RESULT;
	r->body = BODY_TEXT;
	r->text = "The registry did it.";
	return 0;
}

int registry_manifest(struct registry *g, const uint8_t id[static OWNERSHIP_ID], struct pool *pool,
    const struct manifest **out, struct err *e)
{
	(void)g, (void)id, (void)pool, (void)e;
	*out = NULL;
	return 0;
}

int registry_describe(struct registry *g, const uint8_t id[static OWNERSHIP_ID], struct pool *pool,
    struct found_thing *out, struct err *e)
{
	const struct owned *t = ownership_by_id(w.ownership, id);

	(void)g;
	(void)e;
	memset(out, 0, sizeof(*out));
	out->jid = pool_strdup(pool, t->jid);
	out->name = t->name != NULL ? pool_strdup(pool, t->name) : NULL;
	return 1;
}

/* ---- the stage ---- */

static void own(uint8_t n, const char *jid, const char *owner, const char *name)
{
	struct owned t = { .id = { n }, .jid = jid, .owner = owner, .epoch = 1, .name = name,
		.state = OWNED, .listed = true };

	MUST(ownership_put(w.ownership, &t, &test_err));
}

static void open_roles(void)
{
	struct provisioning_conf pc = { .jid = "kith.a.example", .read_lease_ms = 900000,
		.control_lease_ms = 300000, .befriend_lease_ms = 900000,
		.max_questions_strangers = 20, .question_ms = 90 * DAY, .code_ms = 7 * DAY };
	struct desk_conf dc = { .jid = "kith.a.example", .profile = JID_STRINGPREP,
		.languages = "none" };
	struct provisioning_deps pd = { .store = w.store, .ownership = w.ownership,
		.debts = w.debts, .contacts = w.contacts, .clock = &w.clock, .hash_key = &w.key,
		.stats = &w.stats, .persons = w.persons };
	struct desk_deps dd;

	MUST(provisioning_open(&w.p, &pc, &pd, &test_err));
	dd = (struct desk_deps){ .registry = (struct registry *)&w, .provisioning = w.p,
		.ownership = w.ownership, .contacts = w.contacts, .clock = &w.clock,
		.stats = &w.stats, .store = w.store, .codes = w.codes, .persons = w.persons };
	MUST(desk_open(&w.desk, &dc, &dd, &test_err));
}

static void open_all(void)
{
	MUST(store_open(&w.store, w.url[0] != '\0' ? w.url : "sqlite::memory:", &test_err));
	MUST(ownership_open(&w.ownership, w.store, &test_err));
	MUST(debts_open(&w.debts, w.store, &w.clock, &w.key, &test_err));
	MUST(contacts_open(&w.contacts, w.store, &w.clock, &test_err));
	MUST(codes_open(&w.codes, w.store, &w.clock, &w.key, &test_err));
	MUST(persons_open(&w.persons, w.store, &test_err));
	open_roles();
}

static void close_all(void)
{
	desk_close(&w.desk);
	provisioning_close(&w.p);
	persons_close(&w.persons);
	codes_close(&w.codes);
	contacts_close(&w.contacts);
	debts_close(&w.debts);
	ownership_close(&w.ownership);
	store_close(&w.store);
}

static int begin_world(void)
{
	acts = 0;
	w.hands.wall = w.hands.boot = INT64_C(1800000000000);
	w.clock = clock_from_fake(&w.hands);
	test_key(&w.key, 7);
	open_all();
	pool_init(&w.pool, 1024 * 1024);
	buf_init(&w.text, 64 * 1024);
	MUST(store_begin(w.store, &test_err));
	own(1, LAMP, ALICE, "lamp");
	own(2, DOOR, ALICE, "door");
	own(3, "radio1@a.example", CAROL, "radio");
	MUST(store_commit(w.store, &test_err));
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	return begin_world();
}

static int set_up_on_disk(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	(void)snprintf(w.folder, sizeof(w.folder), "/tmp/kith-test-XXXXXX");
	assert_non_null(mkdtemp(w.folder));
	(void)snprintf(w.url, sizeof(w.url), "sqlite:%s/kith.db", w.folder);
	return begin_world();
}

static void remove_folder(void)
{
	static const char *const files[] = { "kith.db", "kith.db-wal", "kith.db-shm" };
	char path[96];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", w.folder, files[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(w.folder), 0);
}

static int tear_down(void **state)
{
	(void)state;
	close_all();
	secret_clear(&w.key);
	pool_fini(&w.pool);
	buf_fini(&w.text);
	if (w.folder[0] != '\0')
		remove_folder();
	return 0;
}

static const char *type(const char *bare, const char *body)
{
	struct request q = { .verb = VERB_CHAT, .kind = STANZA_MESSAGE, .type = IQ_NOT,
		.from = bare, .bare = bare, .to = "desk@kith.a.example", .pool = &w.pool };

	pool_reset(&w.pool);
	buf_reset(&w.text);
	q.u.chat.body = body;
	MUST(store_begin(w.store, &test_err));
	MUST(desk_serve(w.desk, &q, &w.text, &test_err));
	MUST(store_commit(w.store, &test_err));
	return buf_str(&w.text);
}

static void expect_in(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("'%s' is not in: %s", part, text);
}

static void expect_out(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("'%s' is in: %s", part, text);
}

/* What the thing would be told; asked for one name, or for everything, whole. */
static bool may(const char *who, int action, uint8_t thing, const char *name)
{
	const uint8_t id[OWNERSHIP_ID] = { thing };
	struct reply_why why;
	struct pool pool;
	bool yes;

	pool_init(&pool, 256 * 1024);
	MUST(provisioning_ask(w.p, who, action, id, name, &pool, &why, &test_err));
	yes = strcmp(why.verdict, "allow") == 0 &&
	    (name != NULL || strstr(why.reason, "only for") == NULL);
	pool_fini(&pool);
	return yes;
}

/* The thing asks, so that clearCache can be owed to it. */
static void thing_asks(const char *thing, const char *who)
{
	struct request q = { .verb = VERB_CAN_READ, .kind = STANZA_IQ, .type = IQ_GET, .id = "1",
		.from = thing, .bare = thing, .to = "kith.a.example", .pool = &w.pool,
		.dialect = { PROTO_PROV_DEVICE, GEN_X, VOCAB_LONG } };
	struct reply r;

	q.u.can.jid = q.u.can.asked = who;
	q.lease.asked = true;
	MUST(store_begin(w.store, &test_err));
	MUST(provisioning_serve(w.p, &q, &r, &test_err));
	MUST(store_commit(w.store, &test_err));
}

static bool owes_floor(const char *thing)
{
	return debt_find(w.debts, DEBT_FLOOR, thing, "") != NULL;
}

static void settle_floor(const char *thing)
{
	const struct debt *d = debt_find(w.debts, DEBT_FLOOR, thing, "");

	if (d == NULL)
		return;
	MUST(store_begin(w.store, &test_err));
	MUST(debt_settle(w.debts, d->row, d->number, &test_err));
	MUST(store_commit(w.store, &test_err));
}

static void tick(void)
{
	MUST(store_begin(w.store, &test_err));
	MUST(provisioning_tick(w.p, &test_err));
	MUST(store_commit(w.store, &test_err));
}

/* ---- cases ---- */

static void a_co_owner_lets_others_do_what_he_may(void **state)
{
	(void)state;
	expect_in(type(CAROL, "allow bob@a.example to read of lamp"), "None of your things");
	expect_in(type(ALICE, "share lamp with carol@a.example as co-owner"), "(as a co-owner)");
	expect_in(type(CAROL, "allow bob@a.example to read of lamp"), "forget 4 of \"lamp\"");
	assert_true(may(BOB, ACTION_READ, 1, NULL));
	assert_false(may(BOB, ACTION_CONTROL, 1, NULL));
	assert_false(may(BOB, ACTION_READ, 2, NULL));
	expect_in(type(ALICE, "rules"), "(given by carol@a.example)");
	expect_in(type(CAROL, "rules of lamp"), "rule 4: allow bob@a.example");
	expect_in(type(CAROL, "share lamp with dave@a.example to control for 2 h"),
	    "Done, in force now:");
	assert_true(may("dave@a.example", ACTION_CONTROL, 1, NULL));
	expect_in(type(CAROL, "things"), "\"lamp\"");
	expect_in(buf_str(&w.text), "shared with you by alice@a.example");
	/* A name of his own things comes first. */
	type(CAROL, "allow bob@a.example to read of radio");
	assert_true(may(BOB, ACTION_READ, 3, NULL));
}

static void what_he_takes_away_is_only_what_he_gave(void **state)
{
	(void)state;
	type(ALICE, "share lamp with carol@a.example as co-owner");
	type(ALICE, "allow bob@a.example to read of lamp");
	type(CAROL, "allow bob@a.example to control of lamp");
	expect_in(type(CAROL, "forget 4 of lamp"), "You have no rule 4");
	type(CAROL, "deny bob@a.example everything of lamp");
	assert_true(may(BOB, ACTION_READ, 1, NULL));
	assert_false(may(BOB, ACTION_CONTROL, 1, NULL));
	expect_in(type(CAROL, "undo"), "Taken back:");
	assert_true(may(BOB, ACTION_CONTROL, 1, NULL));
	expect_in(type(CAROL, "revoke bob@a.example of lamp"), "still let bob@a.example in");
	assert_false(may(BOB, ACTION_CONTROL, 1, NULL));
	assert_true(may(BOB, ACTION_READ, 1, NULL));
	/* He reads what he gave and what is about him, and of the rest that it is so. */
	expect_out(type(CAROL, "rules of lamp"), "bob");
	expect_in(type(CAROL, "why bob@a.example read of lamp"), "a rule of somebody else says so");
	type(CAROL, "allow *@a.example to control of lamp");
	assert_true(may(BOB, ACTION_CONTROL, 1, NULL));
	type(CAROL, "revoke bob@a.example of lamp");
	assert_false(may(BOB, ACTION_CONTROL, 1, NULL));
	assert_true(may("dave@a.example", ACTION_CONTROL, 1, NULL));
}

static void the_owners_word_comes_before_a_co_owners(void **state)
{
	(void)state;
	type(ALICE, "share lamp with carol@a.example as co-owner");
	type(CAROL, "allow bob@a.example to read of lamp");
	type(ALICE, "ask about *@a.example reading of lamp");
	assert_false(may(BOB, ACTION_READ, 1, NULL));
	type(ALICE, "forget 5");
	assert_true(may(BOB, ACTION_READ, 1, NULL));
	type(ALICE, "deny bob@a.example everything of lamp");
	assert_false(may(BOB, ACTION_READ, 1, NULL));
	type(ALICE, "forget 6");
	expect_in(type(ALICE, "forget 4"), "this rule is gone");
	assert_false(may(BOB, ACTION_READ, 1, NULL));
}

static void what_he_gives_shrinks_with_what_he_has(void **state)
{
	(void)state;
	type(ALICE, "share lamp with carol@a.example as co-owner");
	type(CAROL, "allow bob@a.example to read and control of lamp");
	assert_true(may(BOB, ACTION_CONTROL, 1, "pin"));
	type(ALICE, "deny carol@a.example to control \"pin\" of lamp");
	assert_false(may(BOB, ACTION_CONTROL, 1, "pin"));
	assert_true(may(BOB, ACTION_CONTROL, 1, "mode"));
	assert_true(may(BOB, ACTION_READ, 1, "pin"));
	expect_in(type(CAROL, "allow dave@a.example to control \"pin\" of lamp"),
	    "You may not do that yourself");
	/* Everything is not granted whole: one name is missing. */
	type(ALICE, "deny carol@a.example everything of lamp");
	assert_false(may(BOB, ACTION_READ, 1, NULL));
	assert_false(may(BOB, ACTION_CONTROL, 1, "mode"));
	expect_in(type(CAROL, "allow dave@a.example to read of lamp"), "None of your things");
}

static void his_grant_ends_and_all_that_he_gave(void **state)
{
	(void)state;
	type(ALICE, "share lamp with carol@a.example as co-owner for 2 d");
	type(CAROL, "allow bob@a.example to read of lamp");
	type(CAROL, "deny dave@a.example everything of lamp");
	thing_asks(LAMP, BOB);
	settle_floor(LAMP);
	w.hands.wall += 2 * DAY;
	assert_false(may(BOB, ACTION_READ, 1, NULL));
	tick();
	assert_true(owes_floor(LAMP));
	expect_in(type(ALICE, "rules"), "You have no rules");
	type(ALICE, "share lamp with carol@a.example as co-owner");
	type(CAROL, "allow bob@a.example to befriend lamp");
	type(CAROL, "allow bob@a.example to read of lamp");
	settle_floor(LAMP);
	expect_in(type(ALICE, "revoke carol@a.example of lamp"), "allowed nothing there");
	assert_true(owes_floor(LAMP));
	assert_non_null(debt_find(w.debts, DEBT_UNFRIEND, LAMP, BOB));
	expect_in(type(ALICE, "rules"), "You have no rules");
	/* The grant comes back by undo; what he gave, only by him. */
	expect_in(type(ALICE, "undo"), "Taken back:");
	expect_in(type(ALICE, "rules"), "3 rules:");
	assert_false(may(BOB, ACTION_READ, 1, NULL));
	assert_true(may(CAROL, ACTION_CONTROL, 1, NULL));
}

static void the_thing_stays_its_owners(void **state)
{
	static const char *const lines[] = { "disown lamp", "disown lamp offline", "remove lamp",
		"transfer lamp to bob@a.example", "publish lamp", "unpublish lamp",
		"name lamp mine", "tag lamp room=attic", "share lamp with bob@a.example as co-owner",
		"set all = lamp, radio", "replace lamp by radio", "replace radio by lamp" };

	(void)state;
	type(ALICE, "share lamp with carol@a.example as co-owner");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		expect_in(type(CAROL, lines[i]), "this only its owner can do");
	assert_int_equal(acts, 0);
	assert_string_equal(ownership_by_address(w.ownership, LAMP, NULL, NULL, NULL)->name, "lamp");
	assert_false(may(BOB, ACTION_READ, 1, NULL));
	expect_in(type(CAROL, "what if allow bob@a.example to read of lamp"),
	    "this only its owner can do");
}

static void nothing_is_passed_on_twice(void **state)
{
	(void)state;
	type(ALICE, "share lamp with carol@a.example as co-owner");
	type(ALICE, "share lamp with dave@a.example as co-owner");
	type(ALICE, "deny dave@a.example to read \"pin\" of lamp");
	/* What one co-owner gives another is no right of his to give. */
	type(CAROL, "allow dave@a.example to read \"pin\" of lamp");
	type("dave@a.example", "allow bob@a.example to read \"pin\" of lamp");
	assert_false(may(BOB, ACTION_READ, 1, "pin"));
	expect_in(type(BOB, "allow erin@a.example to read of lamp"), "no things yet");
}

static void it_is_all_there_after_a_restart(void **state)
{
	(void)state;
	type(ALICE, "share lamp with carol@a.example as co-owner");
	type(CAROL, "allow bob@a.example to read of lamp");
	close_all();
	open_all();
	assert_true(may(BOB, ACTION_READ, 1, NULL));
	expect_in(type(ALICE, "rules"), "(given by carol@a.example)");
	type(ALICE, "revoke carol@a.example");
	assert_false(may(BOB, ACTION_READ, 1, NULL));
}

static void a_co_owner_cannot_fill_the_owners_book(void **state)
{
	char line[128];

	(void)state;
	type(ALICE, "share lamp with carol@a.example as co-owner");
	for (int i = 0; i < 100; i++) {
		snprintf(line, sizeof(line), "allow guest%d@a.example to read of lamp", i);
		expect_in(type(CAROL, line), "in force now");
	}
	expect_in(type(CAROL, "allow bob@a.example to read of lamp"), "more than I keep");
	expect_in(type(ALICE, "allow bob@a.example to read of lamp"), "in force now");
	for (int i = 0; i < 15; i++) {
		snprintf(line, sizeof(line), "share lamp with co%d@a.example as co-owner", i);
		expect_in(type(ALICE, line), "in force now");
	}
	expect_in(type(ALICE, "share lamp with last@a.example as co-owner"), "more than I keep");
}

/* ---- nobody gets a right that the co-owner lacks ---- */

static uint64_t chance;

static unsigned some(unsigned n)
{
	chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(chance >> 33) % n;
}

static const char *const people[] = { BOB, "dave@a.example", "erin@b.example", CAROL };
/* Rules name the first four; the last stands for all that no rule names. */
static const char *const names[] = { NULL, "mode", "pin", "temperature", "other" };
#define NAMED 4
#define NAMES 5

static void some_rule(char out[static 256], const char *const verbs[3])
{
	static const char *const who[] = { BOB, "dave@a.example", "*@a.example", "anyone", CAROL };
	static const char *const what[] = { "befriend", "read", "control", "read and control" };
	static const char *const doing[] = { "befriending", "reading", "controlling", "reading" };
	static const char *const times[] = { "", "", " for 2 h", " daily 08:00-20:00", " lease 1 min" };
	const char *name = names[some(NAMED)], *verb = verbs[some(3)];
	unsigned act = some(4);

	char names_of[32] = "";

	if (act != 0 && name != NULL)
		snprintf(names_of, sizeof(names_of), "\"%s\" ", name);
	if (strcmp(verb, "ask") == 0)
		snprintf(out, 256, "ask about %s %s %s%slamp%s", who[some(5)], doing[act], names_of,
		    act == 0 ? "" : "of ", times[some(3)]);
	else
		snprintf(out, 256, "%s %s to %s %s%slamp%s", verb, who[some(5)], what[act],
		    names_of, act == 0 ? "" : "of ", times[some(strcmp(verb, "allow") == 0 ? 5 : 4)]);
}

static void one_of_the_co_owners_lines(char out[static 256])
{
	static const char *const verbs[] = { "allow", "allow", "deny" };
	static const char *const acts_of_his[] = { "share lamp with bob@a.example to control",
		"share lamp with dave@a.example to read and control for 3 h",
		"revoke bob@a.example of lamp", "undo", "share lamp with bob@a.example as co-owner",
		"forget 2", "forget 5 of lamp", "revoke anyone of lamp", "disown lamp",
		"allow bob@a.example to control of all my things", "allow carol@a.example to control "
		"of lamp", "revoke carol@a.example" };

	if (some(3) > 0)
		some_rule(out, verbs);
	else
		snprintf(out, 256, "%s", acts_of_his[some(12)]);
}

#define RIGHTS (ACTION_COUNT * NAMES * 4)

static void what_people_may(bool out[static RIGHTS], bool *carol)
{
	for (int a = 0; a < ACTION_COUNT; a++)
		for (size_t n = 0; n < NAMES; n++) {
			for (size_t i = 0; i < 3; i++)
				out[((size_t)a * NAMES + n) * 4 + i] =
				    may(people[i], a, 1, names[n]);
			carol[(size_t)a * NAMES + n] = may(CAROL, a, 1, names[n]);
		}
}

static void nobody_gets_a_right_that_the_co_owner_lacks(void **state)
{
	static const char *const owners[] = { "allow", "deny", "ask" };
	const char *more = getenv("KITH_LONG");
	int rounds = more != NULL && more[0] == '1' ? 5000 : 100;

	(void)state;
	chance = getenv("KITH_SEED") != NULL ? strtoull(getenv("KITH_SEED"), NULL, 10) : 7;
	for (int round = 0; round < rounds; round++) {
		bool before[RIGHTS], after[RIGHTS], had[RIGHTS / 4], has[RIGHTS / 4];
		char line[256];

		tear_down(NULL);
		set_up(NULL);
		for (unsigned i = some(4); i > 0; i--) {
			some_rule(line, owners);
			type(ALICE, line);
		}
		/* Mostly he lacks something. */
		if (some(4) > 0)
			type(ALICE, some(2) ? "deny carol@a.example to read and control \"pin\" of lamp"
			    : "deny carol@a.example to control of lamp");
		type(ALICE, some(2) ? "share lamp with carol@a.example as co-owner" :
		    "share lamp with carol@a.example as co-owner for 1 h");
		what_people_may(before, had);
		for (int i = 0; i < 6; i++) {
			one_of_the_co_owners_lines(line);
			type(CAROL, line);
			w.hands.wall += some(4) == 0 ? 600000 : 0;
			what_people_may(after, has);
			/* What he has himself only the owner and time change.  What he gives may
			 * make everything of what the owner gave already: names[0] is left out. */
			for (size_t k = 0; k < RIGHTS / 4; k++)
				for (size_t n = 0; n < 3 && k % NAMES > 0; n++)
					if (after[k * 4 + n] && !before[k * 4 + n] && !has[k])
						fail_msg("%s: %s may now (%zu)", line, people[n], k);
			if (some(3) == 0) {
				some_rule(line, owners);
				type(ALICE, line);
				type(ALICE, "undo");
			}
		}
		type(ALICE, "revoke carol@a.example");
		expect_out(type(ALICE, "rules"), "given by");
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_co_owner_lets_others_do_what_he_may),
		CASE(what_he_takes_away_is_only_what_he_gave),
		CASE(the_owners_word_comes_before_a_co_owners),
		CASE(what_he_gives_shrinks_with_what_he_has),
		CASE(his_grant_ends_and_all_that_he_gave),
		CASE(the_thing_stays_its_owners),
		CASE(nothing_is_passed_on_twice),
		cmocka_unit_test_setup_teardown(it_is_all_there_after_a_restart, set_up_on_disk,
		    tear_down),
		CASE(a_co_owner_cannot_fill_the_owners_book),
		CASE(nobody_gets_a_right_that_the_co_owner_lacks),
	};

	return cmocka_run_group_tests_name("co_owner", tests, NULL, NULL);
}
