/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desk_acts_test: what must be confirmed, what can be undone, sets, sharing,
 * settings, and that hostile lines change nothing.  All stores are real; the
 * roles are scripted: rules are kept in a list, remove and disown ask first.
 */
#include "config.h"

#include "tests/unit/store_support.h"

#include "common/base/buf.h"
#include "common/base/pool.h"
#include "common/base/str.h"
#include "common/wire/limits.h"
#include "desk/desk.h"

#define ALICE "alice@a.example"
#define BOB "bob@a.example"

/* ---- the scripted roles ---- */

#define RULES 32

static struct {
	int removed, published, accepted;	/* acts that were done */
	size_t things;			/* in the last of them */
	char rule[RULES][256];		/* "": forgotten; number is index + 1 */
	size_t n;
	char room[64];			/* the one tag that things have */
	int64_t unregistered_ms;
} role;

static struct ownership *owners;

bool registry_account_is_gone(const struct registry *g, const char *bare)
{
	(void)g;
	return strcmp(bare, "gone@a.example") == 0;
}

int64_t registry_undo_since(const struct registry *g, const char *owner)
{
	(void)g;
	(void)owner;
	return role.unregistered_ms;
}

bool registry_serves(enum verb v)
{
	return v == VERB_MINE || v == VERB_REMOVE || v == VERB_DISOWN || v == VERB_PUBLISH ||
	    v == VERB_UPDATE || v == VERB_SEARCH || v == VERB_ACCEPT || v == VERB_UNDO;
}

static int say(struct reply *r, enum body body, const char *text)
{
	r->kind = REPLY_RESULT;
	r->body = body;
	r->text = text;
	return 0;
}

static int leave(const struct request *q, struct reply *r)
{
	if (!q->u.address.confirmed)
		return say(r, BODY_CONFIRM, "It would go.");
	role.removed++;
	role.things = q->u.address.n_things;
	return say(r, BODY_TEXT, "It went.");
}

int registry_serve(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	(void)g;
	(void)e;
	memset(r, 0, sizeof(*r));
	switch (q->verb) {
	case VERB_REMOVE:
	case VERB_DISOWN:
		return leave(q, r);
	case VERB_UPDATE:
		snprintf(role.room, sizeof(role.room), "%s", q->u.address.tags.tag[0].str);
		return say(r, BODY_EMPTY, NULL);
	case VERB_PUBLISH: {
		struct owned t = *ownership_by_id(owners, q->u.desk.thing_id);

		t.is_public = q->u.desk.yes_no == ANSWER_YES;
		MUST(ownership_put(owners, &t, &test_err));
		role.published++;
		return say(r, BODY_TEXT, t.is_public ? "Public." : "Private.");
	}
	case VERB_UNDO:
		return say(r, BODY_TEXT, "The registry undid it.");
	case VERB_ACCEPT:
		role.accepted++;
		/* fall through */
	default:
		reply_error(r, COND_ITEM_NOT_FOUND);
		return 0;
	}
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
	const struct owned *t = ownership_by_id(owners, id);
	struct tag *tag = pool_zalloc(pool, sizeof(*tag));

	(void)g;
	(void)e;
	memset(out, 0, sizeof(*out));
	out->jid = pool_strdup(pool, t->jid);
	out->name = t->name != NULL ? pool_strdup(pool, t->name) : NULL;
	out->is_public = t->is_public;
	out->online = id[0] % 2 == 1;
	out->tags.tag = tag;
	out->tags.n = role.room[0] != '\0';
	tag->name = "room";
	tag->str = role.room;
	return 1;
}

bool provisioning_is_co_owner(struct provisioning *p, const char *jid, const struct owned *t)
{
	(void)p;
	(void)jid;
	(void)t;
	return false;
}

size_t provisioning_shared(struct provisioning *p, const char *jid, const struct owned **out,
    size_t max)
{
	(void)p;
	(void)jid;
	(void)out;
	(void)max;
	return 0;
}

int provisioning_looks_changed(struct provisioning *p, const char *owner,
    enum provisioning_look what, const struct owned *thing, struct err *e)
{
	(void)p, (void)owner, (void)what, (void)thing, (void)e;
	return 0;
}

bool provisioning_serves(enum verb v)
{
	return v == VERB_RULE_ADD || v == VERB_RULES || v == VERB_FORGET ||
	    v == VERB_OWNER_CLEAR_CACHE;
}

static int list(const struct request *q, struct reply *r)
{
	struct rule_line *line = pool_alloc(q->pool, RULES * sizeof(*line));

	r->kind = REPLY_RESULT;
	r->body = BODY_RULES;
	r->u.rules.rule = line;
	for (size_t i = 0; i < role.n; i++)
		if (role.rule[i][0] != '\0')
			line[r->u.rules.n++] = (struct rule_line){ .number = (int64_t)i + 1,
				.text = pool_strdup(q->pool, role.rule[i]),
				.again = pool_strdup(q->pool, role.rule[i]) };
	return 0;
}

int provisioning_serve(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e)
{
	struct rule_line *line = pool_zalloc(q->pool, sizeof(*line));

	(void)p;
	(void)e;
	memset(r, 0, sizeof(*r));
	if (q->verb == VERB_RULES)
		return list(q, r);
	if (q->verb == VERB_OWNER_CLEAR_CACHE)
		return say(r, BODY_EMPTY, NULL);
	r->kind = REPLY_RESULT;
	r->body = BODY_RULE;
	r->u.rules.n = 1;
	r->u.rules.rule = line;
	line->number = q->verb == VERB_RULE_ADD ? (int64_t)++role.n : q->u.desk.number;
	if (q->verb == VERB_RULE_ADD) {
		snprintf(role.rule[role.n - 1], sizeof(role.rule[0]), "%s", q->u.desk.text);
	} else if (line->number > (int64_t)role.n || role.rule[line->number - 1][0] == '\0') {
		reply_error(r, COND_ITEM_NOT_FOUND);
		return 0;
	}
	line->text = pool_strdup(q->pool, role.rule[line->number - 1]);
	if (q->verb == VERB_FORGET)
		role.rule[line->number - 1][0] = '\0';
	return 0;
}

/* ---- the stage ---- */

struct fixture {
	struct store *store;
	struct ownership *ownership;
	struct codes *codes;
	struct persons *persons;
	struct thing_sets *sets;
	struct clock_fake time;
	struct clock clock;
	struct secret key;
	struct stats stats;
	struct desk *desk;
	struct pool pool;
	struct buf text;
};

static void own(struct fixture *f, uint8_t n, const char *owner, const char *name)
{
	char jid[32];
	struct owned t = { .id = { n }, .jid = jid, .owner = owner, .epoch = 1, .name = name,
		.state = OWNED, .listed = true };

	snprintf(jid, sizeof(jid), "thing%d@a.example", n);
	MUST(ownership_put(f->ownership, &t, &test_err));
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *top = getenv("top_builddir");
	char languages[512];
	struct desk_conf conf = { .jid = "registry.a.example", .profile = JID_STRINGPREP,
		.languages = languages };
	struct desk_deps deps = { 0 };

	assert_non_null(f);
	memset(&role, 0, sizeof(role));
	snprintf(languages, sizeof(languages), "%s/po", top != NULL ? top : ".");
	f->time.wall = INT64_C(1800000000000);
	f->time.boot = 100000;
	f->clock = clock_from_fake(&f->time);
	test_key(&f->key, 7);
	MUST(store_open(&f->store, "sqlite::memory:", &test_err));
	MUST(ownership_open(&f->ownership, f->store, &test_err));
	MUST(codes_open(&f->codes, f->store, &f->clock, &f->key, &test_err));
	MUST(persons_open(&f->persons, f->store, &test_err));
	MUST(thing_sets_open(&f->sets, f->store, &test_err));
	owners = f->ownership;
	MUST(store_begin(f->store, &test_err));
	own(f, 1, ALICE, "lamp");
	own(f, 2, ALICE, "garden pump");
	own(f, 3, ALICE, NULL);
	own(f, 4, BOB, "door");
	MUST(store_commit(f->store, &test_err));
	deps = (struct desk_deps){ .registry = (struct registry *)&role,
		.provisioning = (struct provisioning *)&role, .ownership = f->ownership,
		.clock = &f->clock, .stats = &f->stats, .store = f->store, .codes = f->codes,
		.persons = f->persons, .sets = f->sets };
	MUST(desk_open(&f->desk, &conf, &deps, &test_err));
	pool_init(&f->pool, WIRE_REQUEST_BYTES);
	buf_init(&f->text, 32 * 1024);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	desk_close(&f->desk);
	thing_sets_close(&f->sets);
	persons_close(&f->persons);
	codes_close(&f->codes);
	ownership_close(&f->ownership);
	store_close(&f->store);
	secret_cleanse(&f->key, sizeof(f->key));
	pool_fini(&f->pool);
	buf_fini(&f->text);
	free(f);
	return 0;
}

static const char *type_as(struct fixture *f, const char *bare, const char *lang, const char *body)
{
	struct request q = { .verb = VERB_CHAT, .kind = STANZA_MESSAGE, .type = IQ_NOT };

	pool_reset(&f->pool);
	buf_reset(&f->text);
	q.from = q.bare = bare;
	q.to = "desk@registry.a.example";
	q.pool = &f->pool;
	q.u.chat.body = body;
	q.u.chat.lang = lang;
	MUST(store_begin(f->store, &test_err));
	MUST(desk_serve(f->desk, &q, &f->text, &test_err));
	MUST(store_commit(f->store, &test_err));
	return buf_str(&f->text);
}

static const char *type(struct fixture *f, const char *body)
{
	return type_as(f, ALICE, NULL, body);
}

static void expect_in(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("'%s' is not in: %s", part, text);
}

/* "yes ABCD-EFGH" as it stands at the end of the last reply. */
static void code_of(const struct fixture *f, char yes[static 16])
{
	const char *at = strstr(buf_str(&f->text), "yes ");

	if (at == NULL)
		fail_msg("no code in: %s", buf_str(&f->text));
	snprintf(yes, 16, "%.13s", at);
}

/* ---- confirming ---- */

static void what_cannot_be_taken_back_is_confirmed_first(void **state)
{
	struct fixture *f = *state;
	char yes[16];

	expect_in(type(f, "disown lamp"), "It would go.\nNothing has happened yet.");
	assert_int_equal(role.removed, 0);
	code_of(f, yes);
	type_as(f, BOB, NULL, yes);
	assert_int_equal(role.removed, 0);
	assert_string_equal(type(f, yes), "It went.");
	assert_int_equal(role.removed, 1);
	type(f, yes);
	assert_int_equal(role.removed, 1);
}

static void no_drops_it_and_ten_minutes_do(void **state)
{
	struct fixture *f = *state;
	char yes[16], no[16];

	type(f, "remove lamp");
	code_of(f, yes);
	snprintf(no, sizeof(no), "no %s", yes + 4);
	expect_in(type(f, no), "I did nothing");
	type(f, yes);
	type(f, "remove lamp");
	code_of(f, yes);
	f->time.wall += 10 * 60000 + 1;
	f->time.boot += 10 * 60000 + 1;
	type(f, yes);
	assert_int_equal(role.removed, 0);
}

static void a_code_is_not_good_for_what_the_thing_has_become(void **state)
{
	struct fixture *f = *state;
	struct owned t;
	char yes[16];

	type(f, "disown lamp");
	code_of(f, yes);
	t = *ownership_by_address(f->ownership, "thing1@a.example", NULL, NULL, NULL);
	t.epoch++;
	MUST(store_begin(f->store, &test_err));
	MUST(ownership_put(f->ownership, &t, &test_err));
	MUST(store_commit(f->store, &test_err));
	expect_in(type(f, yes), "Something has changed since. It would go.");
	assert_int_equal(role.removed, 0);
	code_of(f, yes);
	type(f, yes);
	assert_int_equal(role.removed, 1);
}

/* ---- sets ---- */

static void a_set_is_kept_shown_and_ended(void **state)
{
	struct fixture *f = *state;

	expect_in(type(f, "set Garden = garden pump, lamp"),
	    "- \"Garden\": \"garden pump\", \"lamp\"");
	expect_in(type(f, "sets"), "- \"Garden\": \"garden pump\", \"lamp\"");
	expect_in(type(f, "set other = lamp door"), "None of your things is called \"door\"");
	assert_null(thing_set_find(f->sets, ALICE, "other"));
	expect_in(type_as(f, BOB, NULL, "sets"), "You have no sets");
	expect_in(type(f, "set garden ="), "That set is no more");
	expect_in(type(f, "remove set garden"), "You have no set called \"garden\"");
}

static void a_whole_set_is_one_act_that_is_confirmed(void **state)
{
	struct fixture *f = *state;
	char yes[16];

	type(f, "set garden = garden pump, lamp");
	expect_in(type(f, "disown set garden offline"), "It would go.");
	code_of(f, yes);
	assert_string_equal(type(f, yes), "It went.");
	assert_int_equal(role.removed, 1);
	assert_int_equal(role.things, 2);
	expect_in(type(f, "publish set garden"), "This would be done with all of set \"garden\":\n"
	    "- \"garden pump\"\n- \"lamp\"");
	assert_int_equal(role.published, 0);
	code_of(f, yes);
	expect_in(type(f, yes), "Done with all of set \"garden\":\n- \"garden pump\": Public.");
	assert_int_equal(role.published, 2);
	expect_in(type(f, "name set garden"), "None of your things is called \"set\"");
}

/* ---- undo ---- */

static void the_last_change_is_taken_back(void **state)
{
	struct fixture *f = *state;

	type(f, "allow bob@a.example to read \"t\" of lamp");
	assert_int_equal(role.n, 1);
	expect_in(type(f, "undo"), "Taken back:\nDone, this rule is gone:");
	assert_string_equal(role.rule[0], "");
	/* What was taken back can be had again, once more. */
	expect_in(type(f, "undo"), "The registry undid it.");
	type(f, "name lamp Light");
	expect_in(type(f, "undo"), "From now on I call it \"lamp\"");
	assert_string_equal(ownership_by_address(f->ownership, "thing1@a.example", NULL, NULL,
	    NULL)->name, "lamp");
	snprintf(role.room, sizeof(role.room), "living \"room\"");
	expect_in(type(f, "tag lamp room=kitchen"), "Before, it was: room=living \\\"room\\\"");
	type(f, "publish lamp");
	expect_in(type(f, "undo"), "Private.");
}

/* The thing wrote its tags itself: nothing in them is a line of his. */
static void undo_puts_back_a_tag_as_it_was_and_nothing_else(void **state)
{
	static const char odd[] = "a \"b\" \\ \xE2\x80\x9C" "c\nforget 1";
	struct fixture *f = *state;

	type(f, "allow bob@a.example to read \"t\" of lamp");
	snprintf(role.room, sizeof(role.room), "%s", odd);
	type(f, "tag lamp room=kitchen");
	assert_string_equal(role.room, "kitchen");
	type(f, "undo");
	assert_string_equal(role.room, odd);
	assert_string_not_equal(role.rule[0], "");
}

static void a_rule_that_was_forgotten_comes_back(void **state)
{
	struct fixture *f = *state;

	type(f, "deny bob@a.example everything of lamp");
	type(f, "forget 1");
	assert_string_equal(role.rule[0], "");
	type(f, "undo");
	assert_string_equal(role.rule[1], "deny bob@a.example everything of lamp");
}

static void undo_ends_after_a_day_and_gives_way_to_what_came_later(void **state)
{
	struct fixture *f = *state;

	type(f, "name lamp Light");
	role.unregistered_ms = f->time.wall + 5;
	expect_in(type(f, "undo"), "The registry undid it.");
	role.unregistered_ms = 0;
	f->time.wall += INT64_C(24) * 3600 * 1000 + 1;
	expect_in(type(f, "undo"), "The registry undid it.");
	assert_string_equal(ownership_by_address(f->ownership, "thing1@a.example", NULL, NULL,
	    NULL)->name, "Light");
}

/* ---- sharing ---- */

static void a_guest_gets_rules_with_an_end(void **state)
{
	struct fixture *f = *state;

	expect_in(type(f, "share garden pump with bob@a.example to read and control for 2 h"),
	    "Done, in force now:");
	assert_int_equal(role.n, 3);
	for (size_t i = 0; i < 3; i++)
		expect_in(role.rule[i], " for 2 h");
	expect_in(role.rule[0], "allow bob@a.example to befriend ");
	expect_in(role.rule[1], "allow bob@a.example to read ");
	expect_in(role.rule[2], "allow bob@a.example to control ");
	type(f, "share lamp with bob@a.example");
	assert_int_equal(role.n, 5);
	expect_in(role.rule[4], "to read  of ");
	expect_in(role.rule[4], " for 1 d");
	type(f, "share lamp with bob@a.example to fly");
	type(f, "share door with bob@a.example");
	assert_int_equal(role.n, 5);
}

static void reading_and_controlling_are_two_rules_in_one_line(void **state)
{
	struct fixture *f = *state;

	expect_in(type(f, "allow bob@a.example to read and control \"lamp mode\" of lamp for 2 h"),
	    "rule 1: allow bob@a.example to read \"lamp mode\" of lamp for 2 h\n"
	    "rule 2: allow bob@a.example to control \"lamp mode\" of lamp for 2 h");
	expect_in(type(f, "undo"), "Taken back:");
	assert_string_equal(role.rule[0], "");
	assert_string_equal(role.rule[1], "");
	/* Inside quotes it is a name. */
	type(f, "allow bob@a.example to read \"to read and control x\" of lamp");
	assert_int_equal(role.n, 3);
}

/* ---- settings ---- */

static void he_is_spoken_to_in_his_language(void **state)
{
	struct fixture *f = *state;

	if (strncmp(type(f, "language de"), "Erledigt", 8) != 0)
		skip();		/* built without msgfmt */
	assert_string_equal(type(f, "sets"),
	    "Du hast keine Gruppen. Eine anlegen: set garten = lampe, pumpe");
	expect_in(type(f, "hilfe"), "Ein Befehl je Zeile");
	/* Somebody else's message says what he reads. */
	expect_in(type_as(f, BOB, "de-AT", "sets"), "Du hast keine Gruppen");
	expect_in(type_as(f, BOB, NULL, "sets"), "You have no sets");
	expect_in(type(f, "language klingon"), "Das spreche ich nicht. Ich spreche: en, de");
	expect_in(type(f, "language English"), "I speak English");
	expect_in(type_as(f, ALICE, "de", "sets"), "You have no sets");
}

static void times_are_his(void **state)
{
	struct fixture *f = *state;

	if (persons_find_zone(f->persons, "Asia/Kolkata") == NULL)
		skip();
	/* 2027-01-15 08:00 UTC */
	expect_in(type(f, "timezone asia/kolkata"), "It is 2027-01-15 13:30 +05:30 there now.");
	expect_in(type(f, "mute for 2 h"), "2027-01-15 15:30 +05:30");
	expect_in(type(f, "timezone ../etc/passwd"), "I know no such zone.");
	assert_string_equal(person_find(f->persons, ALICE)->zone, "Asia/Kolkata");
}

static void att_H_07__questions_and_news_come_in_few_messages(void **state)
{
	struct fixture *f = *state;
	int said = 0;

	for (int i = 0; i < 1000; i++)
		if (desk_may_prompt(f->desk, ALICE)) {
			desk_prompted(f->desk, ALICE);
			said++;
		}
	assert_int_equal(said, DESK_PROMPTS);
	assert_true(desk_may_prompt(f->desk, BOB));
	f->time.boot += 3600 * 1000;
	assert_true(desk_may_prompt(f->desk, ALICE));
	assert_true(desk_may_notify(f->desk, ALICE, f->time.wall));
	type(f, "mute 2 h");
	assert_false(desk_may_notify(f->desk, ALICE, f->time.wall));
	assert_true(desk_may_prompt(f->desk, ALICE));
	f->time.wall += 2 * 3600 * 1000;
	assert_true(desk_may_notify(f->desk, ALICE, f->time.wall));
	type(f, "digest on");
	assert_false(desk_may_notify(f->desk, ALICE, f->time.wall));
	assert_true(desk_may_notify(f->desk, ALICE, f->time.wall - 24 * 3600 * 1000LL));
	type(f, "digest off");
	assert_true(desk_may_notify(f->desk, ALICE, f->time.wall));
}

/* ---- lists ---- */

static void a_list_is_filtered_and_goes_on(void **state)
{
	struct fixture *f = *state;

	expect_in(type(f, "things online"), "2 things:");
	expect_in(type(f, "things offline"), "1 thing:\n- \"garden pump\"");
	expect_in(type(f, "things online pump"), "None of your things fits");
	snprintf(role.room, sizeof(role.room), "Kitchen");
	expect_in(type(f, "things room=kitchen"), "3 things:");
	expect_in(type(f, "things room=attic"), "None of your things fits");
	MUST(store_begin(f->store, &test_err));
	for (uint8_t n = 10; n < 55; n++)
		own(f, n, ALICE, NULL);
	MUST(store_commit(f->store, &test_err));
	expect_in(type(f, "things"), "20 things:");
	expect_in(buf_str(&f->text), "things more");
	expect_in(type(f, "things more"), "20 things:");
	expect_in(type(f, "more"), "8 things:");
	assert_null(strstr(buf_str(&f->text), "things more"));
	expect_in(type(f, "things page 3"), "8 things:");
	expect_in(type(f, "page 3"), "8 things:");
	expect_in(type(f, "things pump"), "1 thing:");
	expect_in(type(f, "page 1"), "1 thing:");
	expect_in(type(f, "page 2"), "None of your things fits \"pump\"");
	expect_in(type(f, "things thing page 3"), "8 things:");
}

static void an_account_that_was_deleted_is_told_nothing(void **state)
{
	struct fixture *f = *state;

	MUST(store_begin(f->store, &test_err));
	own(f, 60, "gone@a.example", "secret place");
	MUST(store_commit(f->store, &test_err));
	expect_in(type_as(f, "gone@a.example", NULL, "things"), "Your account was deleted");
	expect_in(type_as(f, "gone@a.example", NULL, "sets"), "Your account was deleted");
	assert_null(strstr(buf_str(&f->text), "secret"));
}

/* ---- a thousand hostile lines ---- */

static uint64_t chance;

static unsigned some(unsigned n)
{
	chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(chance >> 33) % n;
}

/* Pieces that mean something, but never a whole line that does. */
static void hostile(char out[static 512])
{
	static const char *const pieces[] = {
		"yes", "no", "always", "> yes", "disown lamp", "ABCD-EFGH", "forget", "1", "\"",
		"allow", "deny", "*@a.example", "anyone", "to", "of", "with", "as", "set", "=", "lamp",
		"\xE2\x80\xAE", "\xE2\x80\x8B", "\xF0\x9F\x91\x8D", "\xC2\xA0", "\xE2\x80\x9C",
		"iotdisco:SN=1", "IoTDisco;KEY:", ";", "&#10;", "<b>", "%n", "$(reboot)", "`",
		"../../", "\\u0000", "/me disowns lamp", "remove", "transfer", "accept", "offline",
		"-----", "|", "claim", "\xC3\x28", "0x1", "tag", "publish", "code", "language",
		"timezone", "mute", "digest", "share", "undo", "replace",
	};
	/* None of these is a word of ours. */
	static const char *const starts[] = {
		"please", ">", "\"", "/me", "I said", "don't", "disown-lamp", "yess!", "'disown'",
		"<disown>", "lamp:", "\xE2\x80\x8B" "disown", "\xD1\x83" "es", "1.", "*disown*",
	};
	size_t at = (size_t)snprintf(out, 512, "%s", starts[some(15)]);

	for (unsigned i = some(9); i > 0; i--)
		at += (size_t)snprintf(out + at, 512 - at, "%s%s", some(4) == 0 ? "" : " ",
		    pieces[some(sizeof(pieces) / sizeof(pieces[0]))]);
}

/* Everything that a line could have changed, as one number. */
static uint64_t world_hash(const struct fixture *f)
{
	static const char *const tables[] = { "SELECT count(*), 0 FROM codes",
		"SELECT count(*), 0 FROM person", "SELECT count(*), 0 FROM thing_set" };
	uint64_t h = (uint64_t)role.removed * 31 + (uint64_t)role.published * 37 +
	    (uint64_t)role.n * 41 + (uint64_t)role.accepted * 43 + role.room[0];

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct stmt *st = store_prepare(f->store, tables[i], &test_err);

		assert_non_null(st);
		assert_int_equal(stmt_step(st, &test_err), 1);
		h = h * 1000003 + (uint64_t)stmt_int(st, 0);
		stmt_reset(st);
	}
	for (size_t i = 0; i < ownership_count(f->ownership); i++) {
		const struct owned *t = ownership_at(f->ownership, i);

		h = h * 1000003 + t->epoch * 7 + t->is_public + (t->name != NULL ? t->name[0] : 0);
	}
	return h;
}

static void att_M_24__a_thousand_hostile_lines_change_nothing(void **state)
{
	struct fixture *f = *state;
	const char *more = getenv("KITH_LONG");
	int rounds = more != NULL && more[0] == '1' ? 100000 : 1000;
	uint64_t before = world_hash(f);
	char line[512];

	chance = getenv("KITH_SEED") != NULL ? strtoull(getenv("KITH_SEED"), NULL, 10) : 42;
	for (int i = 0; i < rounds; i++) {
		hostile(line);
		type(f, line);
		if (world_hash(f) != before)
			fail_msg("this did something: %s", line);
		/* What we answered, sent back to us. */
		snprintf(line, sizeof(line), "%.500s", buf_str(&f->text));
		type(f, line);
		if (world_hash(f) != before)
			fail_msg("our answer did something: %s", line);
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_cannot_be_taken_back_is_confirmed_first),
		CASE(no_drops_it_and_ten_minutes_do),
		CASE(a_code_is_not_good_for_what_the_thing_has_become),
		CASE(a_set_is_kept_shown_and_ended),
		CASE(a_whole_set_is_one_act_that_is_confirmed),
		CASE(the_last_change_is_taken_back),
		CASE(undo_puts_back_a_tag_as_it_was_and_nothing_else),
		CASE(a_rule_that_was_forgotten_comes_back),
		CASE(undo_ends_after_a_day_and_gives_way_to_what_came_later),
		CASE(a_guest_gets_rules_with_an_end),
		CASE(reading_and_controlling_are_two_rules_in_one_line),
		CASE(he_is_spoken_to_in_his_language),
		CASE(times_are_his),
		CASE(att_H_07__questions_and_news_come_in_few_messages),
		CASE(a_list_is_filtered_and_goes_on),
		CASE(an_account_that_was_deleted_is_told_nothing),
		CASE(att_M_24__a_thousand_hostile_lines_change_nothing),
	};

	return cmocka_run_group_tests_name("desk_acts", tests, NULL, NULL);
}
