/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desk_serve_test: one message from its sender to the reply: who is answered,
 * which thing a name means, what reaches the roles.  Ownership is real, the
 * roles are scripted here and note what they were asked.
 */
#include "config.h"

#include "tests/unit/store_support.h"

#include "common/base/buf.h"
#include "common/base/pool.h"
#include "common/wire/limits.h"
#include "desk/desk.h"

#define ALICE "alice@a.example"

/* ---- the scripted roles ---- */

static struct {
	int served;
	enum verb verb;
	uint8_t thing[OWNERSHIP_ID];
	bool named;
	enum condition refuse;
	bool broken, gone;
	int64_t unregistered_ms;
} role;

static int note(const struct request *q, struct reply *r, struct err *e)
{
	role.served++;
	role.verb = q->verb;
	if (role.broken)
		return err_set(e, ERR_SYSTEM, "disk full");
	role.named = q->verb != VERB_MINE && q->u.desk.thing_id != NULL;
	if (role.named)
		memcpy(role.thing, q->u.desk.thing_id, OWNERSHIP_ID);
	if (role.refuse != COND_NONE) {
		reply_error(r, role.refuse);
		return 0;
	}
	r->kind = REPLY_RESULT;
	r->body = BODY_TEXT;
	r->text = "Well.";
	return 0;
}

bool registry_serves(enum verb v)
{
	return v == VERB_MINE;
}

int registry_serve(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	(void)g;
	return note(q, r, e);
}

bool registry_account_is_gone(const struct registry *g, const char *bare)
{
	(void)g;
	(void)bare;
	return role.gone;
}

int64_t registry_undo_since(const struct registry *g, const char *owner)
{
	(void)g;
	(void)owner;
	return role.unregistered_ms;
}

static struct ownership *owners;

/* Thing number N has SN N, and NAME "twin" when N is 3 or 4. */
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
	struct tag *tag = pool_zalloc(pool, 2 * sizeof(*tag));

	(void)g;
	(void)e;
	memset(out, 0, sizeof(*out));
	out->jid = pool_strdup(pool, t->jid);
	out->name = t->name != NULL ? pool_strdup(pool, t->name) : NULL;
	out->tags.tag = tag;
	out->tags.n = id[0] == 3 || id[0] == 4 ? 2 : 1;
	tag[0].name = "SN";
	tag[0].str = pool_printf(pool, "SN-%d", id[0]);
	tag[1].name = "NAME";
	tag[1].str = "twin";
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
	return v != VERB_MINE;
}

int provisioning_serve(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e)
{
	(void)p;
	return note(q, r, e);
}

/* ---- the stage ---- */

struct fixture {
	struct store *store;
	struct ownership *ownership;
	struct clock_fake time;
	struct clock clock;
	struct stats stats;
	struct desk *desk;
	struct pool pool;
	struct buf text;
};

static void own(struct fixture *f, uint8_t n, const char *jid, const char *owner, const char *name)
{
	struct owned t = { .id = { n }, .jid = jid, .owner = owner, .epoch = 1, .name = name,
		.state = owner != NULL ? OWNED : OWNED_NOBODY };

	MUST(ownership_put(f->ownership, &t, &test_err));
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct desk_conf conf = { .jid = "registry.a.example", .profile = JID_STRINGPREP };
	struct desk_deps deps = { 0 };

	assert_non_null(f);
	memset(&role, 0, sizeof(role));
	f->time.wall = INT64_C(1800000000000);
	f->time.boot = 100000;
	f->clock = clock_from_fake(&f->time);
	MUST(store_open(&f->store, "sqlite::memory:", &test_err));
	MUST(ownership_open(&f->ownership, f->store, &test_err));
	owners = f->ownership;
	MUST(store_begin(f->store, &test_err));
	own(f, 1, "abcdefghijkl@a.example", ALICE, "lamp");
	own(f, 2, "abcdefghzzzz@a.example", ALICE, NULL);
	own(f, 3, "third3333333@a.example", ALICE, NULL);
	own(f, 4, "fourth444444@a.example", ALICE, NULL);
	own(f, 5, "stranger5555@a.example", "bob@b.example", "door");
	own(f, 6, "unclaimed666@a.example", NULL, NULL);
	MUST(store_commit(f->store, &test_err));
	deps.registry = (struct registry *)&role;
	deps.provisioning = (struct provisioning *)&role;
	deps.ownership = f->ownership;
	deps.clock = &f->clock;
	deps.stats = &f->stats;
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
	ownership_close(&f->ownership);
	store_close(&f->store);
	pool_fini(&f->pool);
	buf_fini(&f->text);
	free(f);
	return 0;
}

static const char *type_as(struct fixture *f, const char *bare, const char *body, unsigned flags)
{
	struct request q = { .verb = VERB_CHAT, .kind = STANZA_MESSAGE, .type = IQ_NOT };
	struct err e = ERR_INIT;

	pool_reset(&f->pool);
	buf_reset(&f->text);
	q.from = q.bare = bare;
	q.to = "desk@registry.a.example";
	q.pool = &f->pool;
	q.u.chat.body = body;
	q.u.chat.flags = flags;
	q.u.chat.stamp = (flags & CHAT_DELAYED) != 0 ? "2026-11-21T10:00:00Z" : NULL;
	if (desk_serve(f->desk, &q, &f->text, &e) != 0)
		return NULL;
	return buf_str(&f->text);
}

static const char *type(struct fixture *f, const char *body)
{
	return type_as(f, ALICE, body, 0);
}

static void expect_in(const char *text, const char *part)
{
	assert_non_null(text);
	if (strstr(text, part) == NULL)
		fail_msg("'%s' is not in: %s", part, text);
}

/* ---- who is answered ---- */

static void only_people_are_answered(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(type_as(f, "b.example", "things", 0), "");
	assert_string_equal(type_as(f, "unclaimed666@a.example", "things", 0), "");
	assert_string_equal(type_as(f, "abcdefghijkl@a.example", "things", 0), "");
	assert_int_equal(role.served, 0);
	assert_string_equal(type_as(f, "carol@c.example", "questions", 0), "Well.");
}

static void att_H_05__what_was_not_typed_to_us_alone_is_silence(void **state)
{
	static const unsigned flags[] = {
		CHAT_CORRECTED, CHAT_FORWARDED, CHAT_AUTO, CHAT_GROUP, CHAT_ERROR,
		    CHAT_AUTO | CHAT_DELAYED
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		assert_string_equal(type_as(f, ALICE, "yes ABCD-EFGH", flags[i]), "");
	assert_int_equal(role.served, 0);
}

static void att_H_04__a_delayed_line_is_done_only_when_it_is_confirmed(void **state)
{
	struct fixture *f = *state;
	char yes[64], *code;

	expect_in(type_as(f, ALICE, "forget 3", CHAT_DELAYED), "so I did nothing: \"forget 3\"");
	assert_int_equal(role.served, 0);
	code = strstr(buf_str(&f->text), "yes ");
	assert_non_null(code);
	snprintf(yes, sizeof(yes), "%.13s", code);
	/* Nobody else's, and only once. */
	type_as(f, "bob@b.example", yes, 0);
	assert_int_equal(role.verb, VERB_ANSWER_QUESTION);
	assert_string_equal(type(f, yes), "Well.");
	assert_int_equal(role.verb, VERB_FORGET);
	type(f, yes);
	assert_int_equal(role.verb, VERB_ANSWER_QUESTION);
	/* And not for ever. */
	type_as(f, ALICE, "forget 3", CHAT_DELAYED);
	snprintf(yes, sizeof(yes), "%.13s", strstr(buf_str(&f->text), "yes "));
	f->time.boot += 10 * 60000 + 1;
	type(f, yes);
	assert_int_equal(role.verb, VERB_ANSWER_QUESTION);
}

static void att_H_06__several_texts_and_encryption_get_one_hint_a_minute(void **state)
{
	static const unsigned flags[] = { CHAT_ENCRYPTED, CHAT_AMBIGUOUS, CHAT_TOO_LONG };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		assert_true(strlen(type_as(f, ALICE, "yes ABCD-EFGH", flags[i])) > 0);
		assert_string_equal(type_as(f, ALICE, "yes ABCD-EFGH", flags[i]), "");
		f->time.boot += 60000;
	}
	assert_int_equal(role.served, 0);
}

static void the_same_nonsense_is_answered_once_a_minute(void **state)
{
	struct fixture *f = *state;

	expect_in(type(f, "good morning"), "I do not know \"good morning\"");
	assert_string_equal(type(f, "good morning"), "");
	assert_string_equal(type(f, "good morning"), "");
	expect_in(type_as(f, "bob@b.example", "good morning", 0), "I do not know");
	/* Somebody who tries gets an answer each time. */
	expect_in(type(f, "good evening"), "I do not know \"good evening\"");
	expect_in(type(f, "thigns"), "Did you mean: things");
	expect_in(type(f, "thigns"), "Did you mean: things");
	f->time.boot += 60000;
	expect_in(type(f, "good evening"), "I do not know \"good evening\"");
	/* What was understood is always answered. */
	assert_string_equal(type(f, "questions"), "Well.");
	expect_in(type(f, "questions now"), "It goes: questions");
}

/* ---- what a name means ---- */

static void expect_thing(struct fixture *f, const char *body, uint8_t n)
{
	role.named = false;
	if (strcmp(type(f, body), "Well.") != 0 || !role.named || role.thing[0] != n)
		fail_msg("'%s' is thing %d: %s", body, role.named ? role.thing[0] : 0,
		    buf_str(&f->text));
}

static void a_thing_answers_to_its_names(void **state)
{
	struct fixture *f = *state;

	expect_thing(f, "rules of lamp", 1);
	expect_thing(f, "rules of LAMP", 1);
	expect_thing(f, "rules of sn-2", 2);
	expect_thing(f, "rules of abcdefghijkl", 1);
	expect_thing(f, "rules of abcdefghijkl@a.example", 1);
	expect_thing(f, "rules of abcdefghz", 2);
	expect_thing(f, "rules of lamp", 1);
	expect_thing(f, "revoke bob@b.example of lamp", 1);
	expect_thing(f, "why bob@b.example read temperature of lamp", 1);
	expect_thing(f, "why bob@b.example befriend lamp", 1);
	expect_thing(f, "why bob@b.example read lamp?", 1);
	expect_thing(f, "allow bob@b.example to read \"temperature\" of lamp", 1);
	assert_int_equal(role.verb, VERB_RULE_ADD);
}

static void att_H_08__an_ambiguous_name_is_asked_about(void **state)
{
	struct fixture *f = *state;

	expect_in(type(f, "show twin"), "Several of your things");
	expect_in(buf_str(&f->text), "\"third3333333@a.example\"");
	expect_in(buf_str(&f->text), "\"fourth444444@a.example\"");
	expect_in(type(f, "show abcdefgh"), "Several of your things");
	expect_in(type(f, "allow bob@b.example to control of twin"), "so I did nothing");
	assert_int_equal(role.served, 0);
}

static void names_of_others_and_short_beginnings_mean_nothing(void **state)
{
	struct fixture *f = *state;

	expect_in(type(f, "show door"), "None of your things is called \"door\"");
	expect_in(type(f, "show stranger5555@a.example"), "None of your things");
	expect_in(type(f, "show abcdefg"), "None of your things");
	expect_in(type(f, "show"), "Which thing?");
	expect_in(type_as(f, "carol@c.example", "show lamp", 0), "You have no things yet");
	assert_int_equal(role.served, 0);
}

static void somebody_with_one_thing_need_not_name_it(void **state)
{
	struct fixture *f = *state;

	role.named = false;
	assert_string_equal(type_as(f, "bob@b.example", "why carol@c.example read", 0), "Well.");
	assert_true(role.named && role.thing[0] == 5);
	expect_in(type_as(f, "bob@b.example", "show", 0), "\"door\": offline");
}

static void things_are_listed_by_what_they_are_called(void **state)
{
	struct fixture *f = *state;

	expect_in(type(f, "things"), "4 things:");
	expect_in(buf_str(&f->text), "- \"lamp\": ");
	assert_null(strstr(buf_str(&f->text), "door"));
	expect_in(type(f, "things TWIN"), "2 things:");
	expect_in(type(f, "things nothing"), "None of your things fits \"nothing\"");
	expect_in(type_as(f, "carol@c.example", "things", 0), "You have no things yet");
}

static void a_thing_gets_the_name_its_owner_gives_it_once(void **state)
{
	struct fixture *f = *state;

	MUST(store_begin(f->store, &test_err));
	expect_in(type(f, "name sn-2 Heater"), "From now on I call it \"Heater\"");
	expect_in(type(f, "name sn-3 heater"), "Another of your things has this name");
	expect_in(type_as(f, "bob@b.example", "name lamp mine", 0), "None of your things is "
	    "called");
	MUST(store_commit(f->store, &test_err));
	expect_thing(f, "rules of heater", 2);
	assert_string_equal(ownership_by_address(f->ownership, "abcdefghzzzz@a.example", NULL,
	    NULL, NULL)->name,
	    "Heater");
}

static void a_rule_that_cannot_be_read_is_explained(void **state)
{
	struct fixture *f = *state;

	expect_in(type(f, "allow bob@b.example to fly of lamp"), "I cannot read this rule: ");
	assert_int_equal(role.served, 0);
}

/* ---- replies ---- */

static void each_line_gets_its_reply_under_it(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(type(f, "rules\nquestions\n> quoted\nshow nothing"),
	    "> rules\nWell.\n\n> questions\nWell.\n\n> show nothing\n"
	    "None of your things is called \"nothing\". To see their names, send: things");
	assert_int_equal(role.served, 2);
}

static void a_text_of_another_registry_is_sent_there(void **state)
{
	struct fixture *f = *state;

	expect_in(type(f, "iotdisco:SN=1;KEY=0123456789abcdef0123456789abcdef;R=other.example"),
	    "Send its text to: other.example");
	assert_int_equal(role.served, 0);
	assert_string_equal(type(f,
	    "iotdisco:SN=1;KEY=0123456789abcdef0123456789abcdef;R=registry.a.example"),
	    "Well.");
	assert_int_equal(role.verb, VERB_MINE);
}

static void att_H_03__wrong_codes_slow_their_sender_down_and_nobody_else(void **state)
{
	struct fixture *f = *state;

	role.refuse = COND_ITEM_NOT_FOUND;
	for (int i = 0; i < 1000; i++)
		type(f, "yes ABCD-EFGH");
	assert_int_equal(role.served, 10);
	expect_in(type(f, "yes ABCD-EFGH"), "Too many wrong codes");
	type_as(f, "bob@b.example", "yes ABCD-EFGH", 0);
	assert_int_equal(role.served, 11);
	f->time.boot += 60000;
	role.refuse = COND_NONE;
	assert_string_equal(type(f, "yes ABCD-EFGH"), "Well.");
}

static void a_store_error_is_not_a_no(void **state)
{
	struct fixture *f = *state;

	role.broken = true;
	assert_null(type(f, "questions"));
}

static void words_that_only_look_need_no_transaction(void **state)
{
	static const struct { const char *body; bool writes; } cases[] = {
		{ "help", false }, { "Things", false }, { "show lamp", false }, { "yes "
		    "ABCD-EFGH", true },
		{ "questions", true },
		{ "help\nyes ABCD-EFGH", true }, { "things iotdisco:SN=1;KEY=x", true }, { "",
		    true },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct request q = { .verb = VERB_CHAT };

		q.u.chat.body = cases[i].body;
		if (desk_writes(f->desk, &q) != cases[i].writes)
			fail_msg("'%s'", cases[i].body);
	}
}

static void an_owner_is_asked_for_his_presence_once(void **state)
{
	struct fixture *f = *state;
	struct request alice = { .verb = VERB_CHAT, .bare = ALICE };
	struct request carol = { .verb = VERB_CHAT, .bare = "carol@c.example" };

	assert_true(desk_wants_subscription(f->desk, &alice));
	assert_false(desk_wants_subscription(f->desk, &alice));
	assert_false(desk_wants_subscription(f->desk, &carol));
}

static void the_desk_is_there_for_everybody_who_asks(void **state)
{
	struct fixture *f = *state;
	struct request q = { .verb = VERB_PRESENCE, .kind = STANZA_PRESENCE, .from =
	    "carol@c.example/p",
		.bare = "carol@c.example", .to = "desk@registry.a.example" };
	struct buf out;

	buf_init(&out, 4096);
	q.u.presence.type = PRESENCE_SUBSCRIBE;
	assert_int_equal(desk_presence(f->desk, &q, &out), 0);
	expect_in(buf_str(&out), "type=\"subscribed\"");
	expect_in(buf_str(&out), "<status>");
	buf_reset(&out);
	q.u.presence.type = PRESENCE_AVAILABLE;
	assert_int_equal(desk_presence(f->desk, &q, &out), 0);
	assert_int_equal(out.len, 0);
	q.u.presence.type = PRESENCE_PROBE;
	assert_int_equal(desk_presence(f->desk, &q, &out), 0);
	expect_in(buf_str(&out), "to=\"carol@c.example/p\"");
	buf_fini(&out);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(only_people_are_answered),
		CASE(att_H_05__what_was_not_typed_to_us_alone_is_silence),
		CASE(att_H_04__a_delayed_line_is_done_only_when_it_is_confirmed),
		CASE(att_H_06__several_texts_and_encryption_get_one_hint_a_minute),
		CASE(the_same_nonsense_is_answered_once_a_minute),
		CASE(a_thing_answers_to_its_names),
		CASE(att_H_08__an_ambiguous_name_is_asked_about),
		CASE(names_of_others_and_short_beginnings_mean_nothing),
		CASE(somebody_with_one_thing_need_not_name_it),
		CASE(things_are_listed_by_what_they_are_called),
		CASE(a_thing_gets_the_name_its_owner_gives_it_once),
		cmocka_unit_test_setup_teardown(a_rule_that_cannot_be_read_is_explained, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(each_line_gets_its_reply_under_it, set_up,
		    tear_down),
		CASE(a_text_of_another_registry_is_sent_there),
		CASE(att_H_03__wrong_codes_slow_their_sender_down_and_nobody_else),
		CASE(a_store_error_is_not_a_no),
		CASE(words_that_only_look_need_no_transaction),
		cmocka_unit_test_setup_teardown(an_owner_is_asked_for_his_presence_once, set_up,
		    tear_down),
		CASE(the_desk_is_there_for_everybody_who_asks),
	};

	return cmocka_run_group_tests_name("desk_serve", tests, NULL, NULL);
}
