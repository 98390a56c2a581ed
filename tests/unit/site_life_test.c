/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_life_test: the life of a thing through the real roles, stanzas in and
 * bytes out: register, claim by chat or iq, push and its answer, friendship, a
 * stranger's question, the owner's answer, and taking it back.
 */
#include "config.h"

#include "tests/unit/store_support.h"

#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/store/debt.h"
#include "common/store/ownership.h"
#include "common/wire/ns.h"
#include "common/wire/stanza.h"
#include "kithd/kithd_conf.h"
#include "kithd/report.h"
#include "kithd/site.h"

#define ME "registry.a.example"
#define DESK "desk@" ME
#define THING "lamp1234567890@a.example"
#define ALICE "alice@a.example"
#define BOB "bob@a.example"
#define KEY "0123456789abcdef0123456789abcdef"
#define URI "iotdisco:SN=42;MAN=acme;KEY=" KEY

struct fixture {
	struct place place;
	struct kithd_conf conf;
	struct clock_fake time;
	struct clock clock;
	struct stats stats;
	struct secret key;
	struct site *site;
	struct site_parts parts;
	struct buf out;
};

/* A whole answer, however many parts it comes in. */
static void look(const struct site_parts *p, const char *line, struct buf *out)
{
	void *job = NULL;

	while (!report(p, &job, line, out))
		line = NULL;
}

static void open_site(struct fixture *f)
{
	struct site_deps deps = {
		.conf = &f->conf, .clock = &f->clock, .hash_key = &f->key, .stats = &f->stats
	};
	struct err e = ERR_INIT;

	if (site_open(&f->site, &deps, &e) != 0)
		fail_msg("%s", e.text);
	site_up(f->site, &f->out);
	site_parts(f->site, &f->parts);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err e = ERR_INIT;
	char text[512];

	assert_non_null(f);
	place_make(&f->place);
	f->time.wall = INT64_C(1800000000000);
	f->time.boot = 100000;
	f->clock = clock_from_fake(&f->time);
	assert_int_equal(secret_set(&f->key, "0123456789abcdef0123456789abcdef", 32, &e), 0);
	buf_init(&f->out, 8 * 1024 * 1024);
	snprintf(text, sizeof(text), "[component]\njid = " ME "\nsecret_file = x\n[store]\nurl = "
	    "%s\n",
	    f->place.url);
	if (kithd_conf_parse(&f->conf, "f", text, &e) != 0)
		fail_msg("%s", e.text);
	open_site(f);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	site_close(&f->site);
	kithd_conf_free(&f->conf);
	secret_clear(&f->key);
	buf_fini(&f->out);
	place_remove(&f->place);
	free(f);
	return 0;
}

static void restart(struct fixture *f)
{
	site_close(&f->site);
	buf_reset(&f->out);
	open_site(f);
}

/* One read that brings one stanza; what it makes us say is in f->out alone. */
static const char *hand(struct fixture *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static const char *hand(struct fixture *f, const char *fmt, ...)
{
	struct stanza_holder *holder = NULL;
	const struct stanza *s;
	char xml[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(xml, sizeof(xml), fmt, ap);
	va_end(ap);
	buf_reset(&f->out);
	s = stanza_from_text(&holder, NS_COMPONENT, xml, strlen(xml));
	assert_non_null(s);
	site_stanza(f->site, s);
	stanza_holder_free(&holder);
	site_turn(f->site);
	return buf_str(&f->out);
}

static void expect(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("'%s' is not in: %s", part, text);
}

static const char *type(struct fixture *f, const char *who, const char *line)
{
	return hand(f, "<message type='chat' from='%s/phone' "
	    "to='" DESK "'><body>%s</body></message>",
	    who, line);
}

static const char *registers(struct fixture *f, const char *id)
{
	return hand(f, "<iq type='set' from='" THING "/r' to='" ME "' id='%s'>"
	    "<register xmlns='urn:xmpp:iot:discovery'><str name='SN' value='42'/>"
	    "<str name='MAN' value='acme'/><str name='KEY' value='" KEY "'/></register></iq>", id);
}

static const char *is_friend(struct fixture *f, const char *asker, const char *jid)
{
	return hand(f, "<iq type='get' from='%s/r' to='" ME "' id='f'>"
	    "<isFriend xmlns='urn:xmpp:iot:provisioning' jid='%s'/></iq>", asker, jid);
}

/* The thing answers the push that is in `out`. */
static const char *acknowledge(struct fixture *f, const char *push)
{
	const char *at = strstr(buf_str(&f->out), push), *id;

	if (at == NULL)
		fail_msg("no %s in: %s", push, buf_str(&f->out));
	while (strncmp(at, "<iq", 3) != 0)
		at--;
	id = strstr(at, "id=\"") + 4;
	return hand(f, "<iq type='result' from='" THING "/r' to='" ME "' id='%.*s'/>",
	    (int)strcspn(id, "\""), id);
}

static size_t debts_of_kind(const struct fixture *f, enum debt_kind kind)
{
	const struct debt *t;
	size_t n = 0;

	for (size_t i = 0; (t = debt_at(f->parts.debts, i)) != NULL; i++)
		n += t->kind == kind;
	return n;
}

static void be_claimed(struct fixture *f)
{
	registers(f, "r1");
	expect(type(f, ALICE, "claim " URI), "is yours now");
	acknowledge(f, "<claimed");
	hand(f, "<presence from='" THING "/r' to='" ME "' type='subscribed'/>");
	hand(f, "<presence from='" THING "/r' to='" ME "'/>");
}

/* ---- */

static void a_thing_is_claimed_by_one_line_of_chat(void **state)
{
	struct fixture *f = *state;

	expect(registers(f, "r1"), "<iq type=\"result\" from=\"" ME "\" to=\"" THING "/r\" "
	    "id=\"r1\"/>");
	expect(type(f, ALICE, "claim " URI), "from=\"" DESK "\" to=\"" ALICE "/phone\"");
	expect(buf_str(&f->out), "is yours now");
	/* The push leaves behind the reply. */
	assert_true(strstr(buf_str(&f->out), "<claimed") > strstr(buf_str(&f->out), "is yours "
	    "now"));
	expect(buf_str(&f->out), "jid=\"" ALICE "\"");
	assert_int_equal(debts_of_kind(f, DEBT_OWNER), 1);
	acknowledge(f, "<claimed");
	assert_int_equal(debts_of_kind(f, DEBT_OWNER), 0);
	expect(type(f, ALICE, "things"), "1 thing:");
	expect(registers(f, "r2"), "<claimed");
}

static void a_claim_survives_a_restart_with_what_is_owed(void **state)
{
	struct fixture *f = *state;

	registers(f, "r1");
	type(f, ALICE, URI);
	restart(f);
	assert_int_equal(debts_of_kind(f, DEBT_OWNER), 1);
	expect(type(f, ALICE, "things"), "1 thing:");
	expect(hand(f, "<presence from='" THING "/r' to='" ME "'/>"), "<claimed");
	acknowledge(f, "<claimed");
	assert_int_equal(debts_of_kind(f, DEBT_OWNER), 0);
}

static void a_claim_sent_twice_is_the_same_success(void **state)
{
	static const char mine[] = "<iq type='set' from='" ALICE "/p' to='" ME "' id='m'>"
	    "<mine xmlns='urn:xmpp:iot:discovery' public='false'><str name='SN' value='42'/>"
	    "<str name='MAN' value='acme'/><str name='KEY' value='" KEY "'/></mine></iq>";
	struct fixture *f = *state;

	registers(f, "r1");
	expect(hand(f, "%s", mine), "<claimed");
	expect(hand(f, "%s", mine), "<claimed");
	expect(type(f, BOB, URI), "No thing that is free fits");
	assert_string_equal(ownership_by_address(f->parts.ownership, THING, NULL, NULL,
	    NULL)->owner, ALICE);
}

static void owner_and_thing_are_friends_from_the_claim_on(void **state)
{
	struct fixture *f = *state;

	be_claimed(f);
	expect(is_friend(f, THING, ALICE), "result=\"true\"");
	expect(is_friend(f, ALICE, THING), "result=\"true\"");
	expect(is_friend(f, THING, BOB), "result=\"false\"");
}

/* What the owner was asked: the code in the last message. */
static void asked(struct fixture *f, char code[static 16])
{
	const char *at = strstr(buf_str(&f->out), "\nyes ");

	if (at == NULL)
		fail_msg("nobody was asked: %s", buf_str(&f->out));
	snprintf(code, 16, "%.9s", at + 5);
}

static void a_stranger_is_asked_about_granted_and_taken_back(void **state)
{
	struct fixture *f = *state;
	char code[16], line[64];

	be_claimed(f);
	expect(is_friend(f, THING, BOB), "result=\"false\"");
	expect(buf_str(&f->out), "from=\"" DESK "\" to=\"" ALICE "\"");
	asked(f, code);
	snprintf(line, sizeof(line), "yes %s", code);
	expect(type(f, BOB, line), "no open question of yours");
	expect(type(f, ALICE, line), "in force now");
	expect(is_friend(f, THING, BOB), "result=\"true\"");
	expect(type(f, ALICE, "revoke " BOB), "rule");
	expect(is_friend(f, THING, BOB), "result=\"false\"");
}

static void open_questions_are_listed_with_codes_that_are_good_now(void **state)
{
	struct fixture *f = *state;
	char before[16];
	struct buf seen;

	be_claimed(f);
	is_friend(f, THING, BOB);
	asked(f, before);
	f->time.wall += INT64_C(8) * 86400000;	/* that code is over */
	buf_init(&seen, 1024 * 1024);
	look(&f->parts, "questions", &seen);	/* the operator only looks */
	expect(buf_str(&seen), BOB " wants to befriend");
	buf_fini(&seen);
	expect(type(f, ALICE, "questions"), "1 open question:");
	assert_null(strstr(buf_str(&f->out), before));
}

/* The broker brings our own ping back: it has taken all that went before. */
static const char *echo_ping(struct fixture *f)
{
	const char *at = strstr(buf_str(&f->out), "<ping"), *id;

	if (at == NULL)
		fail_msg("no ping in: %s", buf_str(&f->out));
	while (strncmp(at, "<iq", 3) != 0)
		at--;
	id = strstr(at, "id=\"") + 4;
	return hand(f, "<iq type='get' from='" ME "' to='" ME "' id='%.*s'><ping "
	    "xmlns='urn:xmpp:ping'/></iq>",
	    (int)strcspn(id, "\""), id);
}

static void a_friend_is_made_once_the_thing_has_dropped_its_old_answers(void **state)
{
	struct fixture *f = *state;

	be_claimed(f);
	is_friend(f, THING, BOB);
	echo_ping(f);
	type(f, ALICE, "allow " BOB " to befriend 42");
	expect(buf_str(&f->out), "<clearCache");
	assert_null(strstr(buf_str(&f->out), "<friend"));
	acknowledge(f, "<clearCache");
	expect(buf_str(&f->out), "<friend xmlns=\"urn:xmpp:iot:provisioning\" jid=\"" BOB "\"");
	assert_int_equal(debts_of_kind(f, DEBT_FRIEND), 1);
	echo_ping(f);
	assert_int_equal(debts_of_kind(f, DEBT_FRIEND), 0);
	type(f, ALICE, "revoke " BOB);
	acknowledge(f, "<clearCache");
	expect(buf_str(&f->out), "<unfriend");
	echo_ping(f);
	assert_int_equal(debts_of_kind(f, DEBT_UNFRIEND), 0);
}

static void rules_are_typed_listed_and_forgotten(void **state)
{
	struct fixture *f = *state;

	be_claimed(f);
	expect(type(f, ALICE, "allow " BOB " to read \"temperature\" of 42"), "rule 1: allow " BOB);
	expect(type(f, ALICE, "why " BOB " read temperature of 42"), "The answer is allow");
	expect(type(f, ALICE, "rules"), "1 rule:");
	expect(type(f, ALICE, "forget 1"), "this rule is gone");
	expect(type(f, ALICE, "forget 1"), "You have no rule 1.");
	expect(type(f, ALICE, "rules"), "You have no rules.");
}

static void what_kithctl_may_ask(void **state)
{
	struct fixture *f = *state;
	struct buf out;

	be_claimed(f);
	type(f, ALICE, "name 42 lamp");
	buf_init(&out, 1024 * 1024);
	look(&f->parts, "things", &out);
	expect(buf_str(&out), "0\n" THING "  name=lamp  owner=" ALICE);
	buf_reset(&out);
	look(&f->parts, "json\tthings", &out);
	expect(buf_str(&out),
	    "0\n[\n{\"jid\":\"" THING "\",\"name\":\"lamp\",\"owner\":\"" ALICE "\"");
	buf_reset(&out);
	look(&f->parts, "show\tlamp", &out);
	expect(buf_str(&out), "tag.SN: 42\n");
	buf_reset(&out);
	look(&f->parts, "show\tnothing", &out);
	expect(buf_str(&out), "2\nno thing is called that");
	buf_reset(&out);
	look(&f->parts, "owners", &out);
	assert_string_equal(buf_str(&out), "0\n" ALICE "  things=1\n");
	buf_reset(&out);
	look(&f->parts, "policy\task\t" BOB "\tread\tlamp\ttemperature", &out);
	expect(buf_str(&out), "1\nask (deny until answered)\n");
	buf_reset(&out);
	look(&f->parts, "policy\task\t" ALICE "\tread\tlamp", &out);
	expect(buf_str(&out), "0\nallow\n");
	buf_reset(&out);
	look(&f->parts, "nonsense", &out);
	expect(buf_str(&out), "2\n");
	buf_reset(&out);
	look(&f->parts, "stats", &out);
	expect(buf_str(&out), "0\nup 1\nuptime_seconds ");
	expect(buf_str(&out), "\nthings_owned 1\n");
	expect(buf_str(&out), "\nthings 1\n");
	expect(buf_str(&out), "\naudit_head ");
	/* The KEY is shown nowhere. */
	look(&f->parts, "json\tshow\tlamp", &out);
	assert_null(strstr(buf_str(&out), KEY));
	buf_fini(&out);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_thing_is_claimed_by_one_line_of_chat, set_up,
		    tear_down),
		CASE(a_claim_survives_a_restart_with_what_is_owed),
		cmocka_unit_test_setup_teardown(a_claim_sent_twice_is_the_same_success, set_up,
		    tear_down),
		CASE(owner_and_thing_are_friends_from_the_claim_on),
		CASE(a_stranger_is_asked_about_granted_and_taken_back),
		CASE(open_questions_are_listed_with_codes_that_are_good_now),
		cmocka_unit_test_setup_teardown(
		    a_friend_is_made_once_the_thing_has_dropped_its_old_answers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(rules_are_typed_listed_and_forgotten, set_up,
		    tear_down),
		CASE(what_kithctl_may_ask),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("site_life", tests, NULL, NULL);
}
