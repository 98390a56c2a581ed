/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_turn_test: the turn alone, between a real parser and a real store.  The
 * roles and the desk are scripted here: `register` writes the SN it brings
 * into a table, and fails where the SN says so; questions only look.
 */
#include "config.h"

#include "tests/unit/store_support.h"

#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/store/debt.h"
#include "common/wire/ns.h"
#include "common/wire/push.h"
#include "common/wire/stanza.h"
#include "desk/desk.h"
#include "kithd/kithd_conf.h"
#include "kithd/site.h"
#include "provisioning/serve.h"
#include "registry/serve.h"

#define ME "registry.a.example"
#define HIM "thing@a.example/r"
#define OUT_MAX (8 * 1024 * 1024)

/* ---- the scripted roles ---- */

static struct {
	struct store *store;
	struct debts *debts;
	struct stmt *insert;
	int serves, reads_in_transaction, gaps;
	bool everything_writes;
	bool notes_answers;	/* a question of a thing is noted */
	struct clock_fake *slow;	/* deciding takes as long as five seconds */
} role;

static const char fake_sql[] =
	"CREATE TABLE parent(id INTEGER PRIMARY KEY);"
	"CREATE TABLE fake(sn TEXT UNIQUE, late INTEGER REFERENCES parent(id) "
	"DEFERRABLE INITIALLY DEFERRED);";
static const struct store_step fake_steps[] = { { 1, fake_sql } };
static const struct store_schema fake_schema = { "fake", fake_steps, 1 };

int registry_open(struct registry **out, const struct registry_conf *conf,
    const struct registry_deps *deps, struct err *e)
{
	(void)conf;
	memset(&role, 0, sizeof(role));
	role.store = deps->store;
	role.debts = deps->debts;
	*out = (struct registry *)&role;
	if (store_migrate(deps->store, &fake_schema, e) != 0)
		return -1;
	role.insert = store_prepare(deps->store, "INSERT INTO fake(sn, late) VALUES($1, $2)", e);
	return role.insert == NULL ? -1 : 0;
}

void registry_close(struct registry **r)
{
	*r = NULL;
}

bool registry_serves(enum verb v)
{
	return v == VERB_REGISTER || v == VERB_PING || v == VERB_SEARCH;
}

bool registry_writes(const struct request *q)
{
	return q->verb == VERB_REGISTER || q->verb == VERB_PRESENCE;
}

static int fake_register(const struct request *q, struct err *e)
{
	const struct tag *sn = tag_find(&q->u.reg.tags, "SN");

	assert_true(store_in_transaction(role.store));
	if (sn == NULL)
		return 0;
	stmt_bind_text(role.insert, 1, sn->str);
	if (strcmp(sn->str, "late") == 0)	/* the commit finds out */
		stmt_bind_int(role.insert, 2, 7);
	else
		stmt_bind_null(role.insert, 2);
	if (stmt_run(role.insert, NULL, e) != 0)
		return -1;
	if (strcmp(sn->str, "fails") == 0)
		return err_set(e, ERR_SYSTEM, "disk full");
	return strcmp(sn->str, "owes") != 0 ? 0 :
	    debt_owe(role.debts, DEBT_NOTICE, "alice@a.example", "n1", 1, "The lamp is there.", e);
}

int registry_serve(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	(void)g;
	role.serves++;
	r->kind = REPLY_RESULT;
	r->body = BODY_EMPTY;
	if (q->verb == VERB_REGISTER)
		return fake_register(q, e);
	role.reads_in_transaction += store_in_transaction(role.store);
	return 0;
}

int registry_presence(struct registry *g, const struct request *q, struct buf *out, struct err *e)
{
	(void)g;
	(void)e;
	assert_true(store_in_transaction(role.store));
	return presence_write(out, ME, q->bare, "subscribed", NULL);
}

void registry_released(struct registry *g, struct buf *out)
{
	(void)g;
	(void)out;
}

int registry_probe(struct registry *g, size_t *cursor, size_t max, struct buf *out)
{
	(void)g;
	(void)cursor;
	(void)max;
	(void)out;
	return 0;
}

int registry_debt_answered(struct registry *g, const struct debt *d, const struct request *answer,
    struct err *e)
{
	(void)g;
	assert_true(answer->u.answer.ok);
	return debt_settle(role.debts, d->row, d->number, e);
}

int registry_debt_write(struct registry *g, const struct debt *d, struct buf *out)
{
	(void)g;
	(void)d;
	(void)out;
	return 0;
}


int registry_tick(struct registry *g, struct err *e)
{
	(void)g;
	(void)e;
	return 0;
}

int64_t registry_deadline(const struct registry *g)
{
	(void)g;
	return -1;
}

bool registry_account_is_gone(const struct registry *g, const char *bare)
{
	(void)g;
	(void)bare;
	return false;
}

int registry_account_heard(struct registry *g, const struct request *q, struct err *e)
{
	(void)g;
	(void)q;
	(void)e;
	return 0;
}

void registry_on_tags(struct registry *g, registry_tags_fn fn, void *arg)
{
	(void)g;
	(void)fn;
	(void)arg;
}

void registry_on_doubt(struct registry *g, registry_doubt_fn fn, void *arg)
{
	(void)g;
	(void)fn;
	(void)arg;
}

int registry_manifest(struct registry *g, const uint8_t id[static OWNERSHIP_ID], struct pool *pool,
    const struct manifest **out, struct err *e)
{
	(void)g;
	(void)id;
	(void)pool;
	(void)e;
	*out = NULL;
	return 0;
}

int registry_describe(struct registry *g, const uint8_t id[static OWNERSHIP_ID], struct pool *pool,
    struct found_thing *out, struct err *e)
{
	(void)g;
	(void)id;
	(void)pool;
	(void)out;
	(void)e;
	return 0;
}

int provisioning_open(struct provisioning **out, const struct provisioning_conf *conf,
    const struct provisioning_deps *deps, struct err *e)
{
	(void)conf;
	(void)deps;
	(void)e;
	*out = (struct provisioning *)&role;
	return 0;
}

void provisioning_close(struct provisioning **p)
{
	*p = NULL;
}

int provisioning_looks_changed(struct provisioning *p, const char *owner,
    enum provisioning_look what, const struct owned *thing, struct err *e)
{
	(void)p, (void)owner, (void)what, (void)thing, (void)e;
	return 0;
}

bool provisioning_serves(enum verb v)
{
	return v == VERB_IS_FRIEND;
}

bool provisioning_writes(const struct provisioning *p, const struct request *q)
{
	(void)p;
	(void)q;
	return role.everything_writes;
}

int provisioning_serve(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e)
{
	(void)p;
	if (role.notes_answers && !store_in_transaction(role.store))
		return PROVISIONING_WRITES;
	role.serves++;
	if (role.slow != NULL)
		role.slow->boot += SITE_LATE_MS;
	role.reads_in_transaction += store_in_transaction(role.store);
	if (role.everything_writes)
		return err_set(e, ERR_SYSTEM, "disk full");
	r->kind = REPLY_RESULT;
	r->body = BODY_IS_FRIEND;
	r->u.can.jid = q->u.is_friend.jid;
	r->u.can.result = false;
	return 0;
}

int provisioning_debt_answered(struct provisioning *p, const struct debt *d,
    const struct request *answer, struct err *e)
{
	(void)p;
	(void)d;
	(void)answer;
	(void)e;
	return 0;
}

int provisioning_debt_write(struct provisioning *p, const struct debt *d, struct buf *out)
{
	(void)p;
	(void)d;
	(void)out;
	return 0;
}

size_t provisioning_questions_of(struct provisioning *p, const char *owner, const char **key,
    size_t max)
{
	(void)p;
	(void)owner;
	(void)key;
	(void)max;
	return 0;
}

int provisioning_question(struct provisioning *p, const char *key, struct pool *pool,
    struct owner_question *out, struct err *e)
{
	(void)p;
	(void)key;
	(void)pool;
	(void)out;
	(void)e;
	return 0;
}

int provisioning_owner_changed(struct provisioning *p, const struct owned *thing, struct err *e)
{
	(void)p;
	(void)thing;
	(void)e;
	return 0;
}

int provisioning_answered(struct provisioning *p, const struct request *answer, struct err *e)
{
	(void)p;
	(void)answer;
	(void)e;
	return 0;
}

void provisioning_released(struct provisioning *p, struct buf *out)
{
	(void)p;
	(void)out;
}

void provisioning_down(struct provisioning *p)
{
	(void)p;
}

int provisioning_tick(struct provisioning *p, struct err *e)
{
	(void)p;
	(void)e;
	return 0;
}

int64_t provisioning_deadline(const struct provisioning *p)
{
	(void)p;
	return -1;
}

int provisioning_stream_gap(struct provisioning *p, struct err *e)
{
	(void)p;
	(void)e;
	assert_true(store_in_transaction(role.store));
	role.gaps++;
	return 0;
}

int desk_open(struct desk **out, const struct desk_conf *conf, const struct desk_deps *deps,
    struct err *e)
{
	(void)conf;
	(void)deps;
	(void)e;
	*out = (struct desk *)&role;
	return 0;
}

void desk_close(struct desk **d)
{
	*d = NULL;
}

bool desk_writes(const struct desk *d, const struct request *chat)
{
	(void)d;
	return strcmp(chat->u.chat.body, "help") != 0;
}

int desk_serve(struct desk *d, const struct request *chat, struct buf *text, struct err *e)
{
	(void)d;
	if (strcmp(chat->u.chat.body, "break") == 0)
		return err_set(e, ERR_SYSTEM, "disk full");
	if (strcmp(chat->u.chat.body, "hush") != 0)
		buf_addf(text, "You said %s.", chat->u.chat.body);
	return 0;
}

bool desk_command_serves(const struct request *q)
{
	return q->verb == VERB_COMMAND;
}

/* Steps change something, and may be steps of what chat may do. */
int desk_command(struct desk *d, const struct request *q, struct reply *r, struct err *e)
{
	(void)d;
	(void)e;
	assert_true(store_in_transaction(role.store));
	r->kind = REPLY_RESULT;
	r->body = BODY_COMMAND;
	r->u.command = (struct reply_command){ .node = q->u.command.node, .session = "s1",
		.status = COMMAND_COMPLETED, .note = "Done." };
	return 0;
}

int desk_presence(struct desk *d, const struct request *q, struct buf *out)
{
	(void)d;
	return presence_write(out, q->to, q->bare, "subscribed", NULL);
}

bool desk_wants_subscription(struct desk *d, const struct request *chat)
{
	(void)d;
	(void)chat;
	return false;
}

void desk_question_text(const struct desk *d, struct buf *text, const struct owner_question *q,
    size_t n)
{
	(void)n;
	(void)d;
	(void)text;
	(void)q;
}

bool desk_may_prompt(struct desk *d, const char *owner)
{
	(void)d;
	(void)owner;
	return true;
}

void desk_prompted(struct desk *d, const char *owner)
{
	(void)d;
	(void)owner;
}

void desk_gap(struct desk *d)
{
	(void)d;
}

bool desk_may_notify(const struct desk *d, const char *owner, int64_t oldest_ms)
{
	(void)d;
	(void)owner;
	(void)oldest_ms;
	return true;
}

void desk_notice_text(const struct desk *d, struct buf *text, const char *owner,
    const char *notice)
{
	(void)d;
	(void)owner;
	buf_adds(text, notice);
}

/* ---- the stage ---- */

struct fixture {
	struct place place;
	struct kithd_conf conf;
	struct clock_fake time;
	struct clock clock;
	struct stats stats;
	struct secret key;
	struct site *site;
	struct buf out;
};

static void open_with(struct fixture *f, const char *limits)
{
	struct site_deps deps = {
		.conf = &f->conf, .clock = &f->clock, .hash_key = &f->key, .stats = &f->stats
	};
	struct err e = ERR_INIT;
	char text[512];

	snprintf(text, sizeof(text), "[component]\njid = " ME "\nsecret_file = x\n"
	    "[store]\nurl = %s\n[limits]\n%s", f->place.url, limits);
	if (kithd_conf_parse(&f->conf, "f", text, &e) != 0 || site_open(&f->site, &deps, &e) != 0)
		fail_msg("%s", e.text);
	site_up(f->site, &f->out);
}

static int set_up_with(void **state, const char *limits)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err e = ERR_INIT;

	assert_non_null(f);
	place_make(&f->place);
	f->time.wall = INT64_C(1800000000000);
	f->time.boot = 100000;
	f->clock = clock_from_fake(&f->time);
	assert_int_equal(secret_set(&f->key, "0123456789abcdef0123456789abcdef", 32, &e), 0);
	buf_init(&f->out, OUT_MAX);
	open_with(f, limits);
	*state = f;
	return 0;
}

static int set_up(void **state)
{
	return set_up_with(state, "");
}

static int set_up_two_a_turn(void **state)
{
	return set_up_with(state, "turn_requests = 2\n");
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

static void hand(struct fixture *f, const char *xml)
{
	struct stanza_holder *holder = NULL;
	const struct stanza *s = stanza_from_text(&holder, NS_COMPONENT, xml, strlen(xml));

	assert_non_null(s);
	site_stanza(f->site, s);
	stanza_holder_free(&holder);
}

static void hand_register(struct fixture *f, const char *id, const char *sn)
{
	char xml[512];

	snprintf(xml, sizeof(xml), "<iq type='set' from='t%s@a.example/r' to='" ME "' id='%s'>"
	    "<register xmlns='urn:xmpp:iot:discovery'><str name='SN' value='%s'/></register></iq>",
	    id, id, sn);
	hand(f, xml);
}

static uint64_t stat_of(const struct fixture *f, const char *name)
{
	for (size_t i = 0; i < f->stats.n; i++)
		if (strcmp(f->stats.row[i].name, name) == 0)
			return f->stats.row[i].value;
	fail_msg("no counter %s", name);
	return 0;
}

static bool said(const struct fixture *f, const char *text)
{
	return strstr(buf_str(&f->out), text) != NULL;
}

static int64_t rows(void)
{
	struct err e = ERR_INIT;
	struct stmt *st = store_prepare(role.store, "SELECT count(*) FROM fake", &e);
	int64_t n;

	assert_non_null(st);
	assert_int_equal(stmt_step(st, &e), 1);
	n = stmt_int(st, 0);
	stmt_reset(st);
	return n;
}

/* ---- the turn ---- */

static void requests_of_one_read_share_one_commit(void **state)
{
	struct fixture *f = *state;

	hand_register(f, "a", "1");
	hand_register(f, "b", "2");
	assert_int_equal(f->out.len, 0);
	site_turn(f->site);
	assert_true(said(f, "id=\"a\"") && said(f, "id=\"b\""));
	assert_int_equal(stat_of(f, "site_commits"), 1);
	assert_int_equal(rows(), 2);
}

/* Each with one transaction; the loop reads in between. */
static void turns(struct fixture *f, int n)
{
	while (n-- > 0)
		site_turn(f->site);
}

static void a_turn_takes_no_more_than_its_limit_into_one_commit(void **state)
{
	struct fixture *f = *state;

	for (char id[2] = "a"; id[0] <= 'e'; id[0]++)
		hand_register(f, id, id);
	site_turn(f->site);
	assert_int_equal(stat_of(f, "site_commits"), 1);
	assert_int_equal(rows(), 2);
	turns(f, 2);
	assert_int_equal(stat_of(f, "site_commits"), 3);
	assert_int_equal(rows(), 5);
}

static void questions_never_enter_the_transaction(void **state)
{
	struct fixture *f = *state;

	hand_register(f, "a", "1");
	hand(f, "<iq type='get' from='" HIM "' to='" ME "' id='p'><ping "
	    "xmlns='urn:xmpp:ping'/></iq>");
	hand(f, "<iq type='get' from='" HIM "' to='" ME "' id='f'>"
	    "<isFriend xmlns='urn:xmpp:iot:provisioning' jid='b@b.example'/></iq>");
	site_turn(f->site);
	assert_int_equal(role.reads_in_transaction, 0);
	assert_int_equal(role.serves, 3);
	assert_true(said(f, "id=\"p\"") && said(f, "isFriendResponse"));
}

static void a_question_waits_for_the_senders_own_write_before_it(void **state)
{
	struct fixture *f = *state;
	const char *first, *second;

	hand_register(f, "a", "1");
	hand(f, "<iq type='get' from='ta@a.example/r' to='" ME "' id='later'><ping "
	    "xmlns='urn:xmpp:ping'/></iq>");
	hand(f, "<iq type='get' from='" HIM "' to='" ME "' id='other'><ping "
	    "xmlns='urn:xmpp:ping'/></iq>");
	site_turn(f->site);
	first = strstr(buf_str(&f->out), "id=\"a\"");
	second = strstr(buf_str(&f->out), "id=\"later\"");
	assert_true(first != NULL && second != NULL && first < second);
	assert_true(strstr(buf_str(&f->out), "id=\"other\"") < first);
}

static void nor_does_the_senders_next_write_overtake_a_question_that_waits(void **state)
{
	struct fixture *f = *state;
	const char *at[3];

	hand_register(f, "a", "1");
	hand(f, "<iq type='get' from='ta@a.example/r' to='" ME "' id='b'><ping "
	    "xmlns='urn:xmpp:ping'/></iq>");
	hand(f, "<iq type='set' from='ta@a.example/r' to='" ME "' id='c'><register "
	    "xmlns='urn:xmpp:iot:discovery'><str name='SN' value='2'/></register></iq>");
	site_turn(f->site);
	at[0] = strstr(buf_str(&f->out), "id=\"a\"");
	at[1] = strstr(buf_str(&f->out), "id=\"b\"");
	at[2] = strstr(buf_str(&f->out), "id=\"c\"");
	assert_true(at[0] != NULL && at[0] < at[1] && at[1] < at[2]);
	assert_int_equal(stat_of(f, "site_commits"), 1);
}

static void an_answer_that_must_be_noted_is_given_after_its_commit(void **state)
{
	struct fixture *f = *state;

	role.notes_answers = true;
	hand(f, "<iq type='get' from='" HIM "' to='" ME "' id='f'>"
	    "<isFriend xmlns='urn:xmpp:iot:provisioning' jid='b@b.example'/></iq>");
	site_turn(f->site);
	assert_int_equal(role.reads_in_transaction, 1);
	assert_int_equal(stat_of(f, "site_commits"), 1);
	assert_int_equal(stat_of(f, "site_requests"), 1);
	assert_true(said(f, "isFriendResponse"));
}

static void ask_is_friend(struct fixture *f, const char *id, const char *lease)
{
	char xml[512];

	snprintf(xml, sizeof(xml), "<iq type='get' from='t%s@a.example/r' to='" ME "' id='%s'>"
	    "<isFriend xmlns='urn:nf:iot:prov:d:1.0' jid='b@b.example'>%s</isFriend></iq>", id,
	    id, lease);
	hand(f, xml);
}

/* Kept for ever, it could come behind the clearCache that takes it back. */
static void ruling_26b__a_decision_that_was_written_down_too_late_is_never_answered(void **state)
{
	struct fixture *f = *state;

	role.notes_answers = true;
	ask_is_friend(f, "early", "");
	site_turn(f->site);
	assert_true(said(f, "id=\"early\""));
	assert_true(site_hurries(f->site));
	assert_false(site_hurries(f->site));
	role.slow = &f->time;
	ask_is_friend(f, "late", "");
	ask_is_friend(f, "ours", "<lease xmlns='urn:kith:lease:0' floor='0'/>");
	site_turn(f->site);
	site_turn(f->site);
	assert_false(said(f, "id=\"late\""));
	assert_true(said(f, "id=\"ours\""));
	role.slow = NULL;
}

static void only_the_culprit_of_a_store_error_fails(void **state)
{
	struct fixture *f = *state;

	hand_register(f, "a", "1");
	hand_register(f, "b", "fails");
	hand_register(f, "c", "2");
	turns(f, 2);
	assert_int_equal(rows(), 2);
	assert_true(said(f, "<iq type=\"result\" from=\"" ME "\" to=\"ta@a.example/r\" "
	    "id=\"a\"/>"));
	assert_true(said(f, "<iq type=\"result\" from=\"" ME "\" to=\"tc@a.example/r\" "
	    "id=\"c\"/>"));
	assert_true(said(f, "<iq type=\"error\" from=\"" ME "\" to=\"tb@a.example/r\" id=\"b\">"
	    "<error type=\"wait\"><resource-constraint"));
	assert_int_equal(stat_of(f, "site_failed"), 1);
	assert_false(store_in_transaction(role.store));
}

static void a_commit_that_fails_answers_nobody_until_each_was_tried_alone(void **state)
{
	struct fixture *f = *state;

	hand_register(f, "a", "1");
	hand_register(f, "b", "late");
	site_turn(f->site);
	assert_int_equal(rows(), 1);
	assert_true(said(f, "type=\"result\" from=\"" ME "\" to=\"ta@a.example/r\""));
	assert_true(said(f, "type=\"error\" from=\"" ME "\" to=\"tb@a.example/r\""));
	/* Answered once each: what the failed turn had said was thrown away. */
	assert_null(strstr(strstr(buf_str(&f->out), "id=\"a\"") + 1, "id=\"a\""));
}

static void friendship_questions_get_silence_when_the_store_fails(void **state)
{
	struct fixture *f = *state;

	role.everything_writes = true;
	hand(f, "<iq type='get' from='" HIM "' to='" ME "' id='f'>"
	    "<isFriend xmlns='urn:xmpp:iot:provisioning' jid='b@b.example'/></iq>");
	site_turn(f->site);
	assert_int_equal(f->out.len, 0);
	assert_int_equal(stat_of(f, "site_failed"), 1);
}

static void a_chat_is_told_when_the_store_fails(void **state)
{
	struct fixture *f = *state;

	hand(f, "<message type='chat' from='alice@a.example/p' "
	    "to='desk@" ME "'><body>break</body></message>");
	site_turn(f->site);
	assert_true(said(f, "Nothing was changed"));
}

static void a_reply_comes_from_the_address_that_was_written_to(void **state)
{
	struct fixture *f = *state;

	hand(f, "<message type='chat' from='alice@a.example/p' "
	    "to='desk@" ME "'><body>help</body></message>");
	hand(f, "<message type='chat' from='alice@a.example/p' "
	    "to='" ME "'><body>things</body></message>");
	hand(f, "<message type='chat' from='alice@a.example/p' "
	    "to='nobody@" ME "'><body>help</body></message>");
	hand(f, "<message type='chat' from='alice@a.example/p' "
	    "to='desk@" ME "'><body>hush</body></message>");
	site_turn(f->site);
	assert_true(said(f, "from=\"desk@" ME "\" to=\"alice@a.example/p\""));
	assert_true(said(f, "You said help."));
	assert_true(said(f, "from=\"" ME "\" to=\"alice@a.example/p\""));
	assert_true(said(f, "You said things."));
	assert_int_equal(stat_of(f, "site_chats"), 2);
}

static void att_X_14__too_big_requests_are_refused_without_payload(void **state)
{
	struct fixture *f = *state;
	struct stanza_head iq = { "iq", NS_COMPONENT, "set", "big", HIM, ME };
	struct stanza_head quiet[] = {
		{ "iq", NS_COMPONENT, "result", "r", HIM, ME }, { "iq", NS_COMPONENT, "set", "",
		    HIM, ME },
		{ "message", NS_COMPONENT, "chat", "m", HIM, ME }, { "iq", NS_COMPONENT, "get",
		    "x", "@", ME },
		{ "iq", NS_COMPONENT, "get", "x", "", ME }, { "presence", NS_COMPONENT, "", "",
		    HIM, ME },
	};

	site_oversize(f->site, &iq);
	site_turn(f->site);
	assert_string_equal(buf_str(&f->out), "<iq type=\"error\" from=\"" ME "\" to=\"" HIM "\" "
	    "id=\"big\">"
	    "<error type=\"cancel\"><not-allowed "
	    "xmlns=\"urn:ietf:params:xml:ns:xmpp-stanzas\"/></error></iq>");
	buf_reset(&f->out);
	for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++)
		site_oversize(f->site, &quiet[i]);
	site_turn(f->site);
	assert_int_equal(f->out.len, 0);
}

static void errors_and_results_are_never_answered(void **state)
{
	struct fixture *f = *state;

	hand(f, "<iq type='error' from='" HIM "' to='" ME "' id='1'><error type='cancel'>"
	    "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
	hand(f, "<iq type='result' from='" HIM "' to='" ME "' id='2'/>");
	hand(f, "<message type='error' from='" HIM "' "
	    "to='nobody@" ME "'><body>help</body></message>");
	hand(f, "<presence type='error' from='" HIM "' to='nobody@" ME "'/>");
	hand(f, "<iq type='result' from='" HIM "' to='nobody@" ME "' id='3'/>");
	hand(f, "<iq type='error' from='" HIM "' to='nobody@" ME "' id='4'/>");
	site_turn(f->site);
	assert_int_equal(f->out.len, 0);
}

/* Brokers differ in whether they insist on an id. */
static void an_answer_without_an_id_is_nobodys(void **state)
{
	struct fixture *f = *state;

	hand(f, "<iq type='result' from='" HIM "' to='" ME "'/>");
	hand(f, "<iq type='error' from='" HIM "' to='" ME "' id=''/>");
	site_turn(f->site);
	assert_int_equal(f->out.len, 0);
}

static void unknown_requests_and_addresses_are_refused(void **state)
{
	struct fixture *f = *state;

	hand(f, "<iq type='get' from='" HIM "' to='" ME "' id='1'><x xmlns='no:such'/></iq>");
	hand(f, "<iq type='get' from='" HIM "' to='x@" ME "' id='2'><ping "
	    "xmlns='urn:xmpp:ping'/></iq>");
	hand(f, "<iq type='get' from='" HIM "' to='desk@" ME "' id='3'><ping "
	    "xmlns='urn:xmpp:ping'/></iq>");
	hand(f, "<iq type='set' from='" HIM "' to='desk@" ME "' id='4'>"
	    "<register xmlns='urn:xmpp:iot:discovery'><str name='SN' value='1'/></register></iq>");
	site_turn(f->site);
	assert_true(said(f, "id=\"1\"><error type=\"cancel\"><service-unavailable"));
	assert_true(said(f, "id=\"2\"><error type=\"cancel\"><service-unavailable"));
	assert_true(said(f, "<iq type=\"result\" from=\"desk@" ME "\" to=\"" HIM "\" id=\"3\""));
	assert_true(said(f, "id=\"4\"><error type=\"cancel\"><service-unavailable"));
	assert_int_equal(rows(), 0);
}

static void a_command_is_served_in_a_turn_at_the_desk_and_the_component(void **state)
{
	static const char *const to[] = { ME, "desk@" ME, "desk@" ME "/x" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		char iq[512];

		buf_reset(&f->out);
		snprintf(iq, sizeof(iq), "<iq type='set' from='" HIM "' to='%s' id='1'><command "
		    "xmlns='" NS_COMMANDS "' node='things'/></iq>", to[i]);
		hand(f, iq);
		site_turn(f->site);
		assert_true(said(f, "<command xmlns=\"" NS_COMMANDS "\" node=\"things\" "
		    "sessionid=\"s1\" status=\"completed\"><note type=\"info\">Done.</note>"));
	}
	buf_reset(&f->out);
	hand(f, "<iq type='set' from='" HIM "' to='x@" ME "' id='2'><command "
	    "xmlns='" NS_COMMANDS "' node='things'/></iq>");
	site_turn(f->site);
	assert_true(said(f, "<service-unavailable"));
}

/* ---- the outbox ---- */

static const char *ping_id(const struct fixture *f, char *id, size_t size)
{
	const char *ping = strstr(buf_str(&f->out), "<ping"), *at;

	assert_non_null(ping);
	for (at = ping; strncmp(at, "<iq", 3) != 0; at--)
		assert_true(at > buf_str(&f->out));
	at = strstr(at, "id=\"") + 4;
	snprintf(id, size, "%.*s", (int)strcspn(at, "\""), at);
	return id;
}

static void a_notice_leaves_behind_the_replies_and_is_settled_by_its_ping(void **state)
{
	struct fixture *f = *state;
	char id[64], xml[256];

	hand_register(f, "a", "owes");
	site_turn(f->site);
	assert_true(said(f, "id=\"a\""));
	assert_true(strstr(buf_str(&f->out), "The lamp is there.") > strstr(buf_str(&f->out),
	    "id=\"a\""));
	assert_true(said(f, "from=\"desk@" ME "\" to=\"alice@a.example\""));
	assert_int_equal(debt_count(role.debts), 1);
	ping_id(f, id, sizeof(id));
	buf_reset(&f->out);
	/* Not said twice while the ping is under way. */
	f->time.boot += 5000;
	site_tick(f->site);
	assert_false(said(f, "The lamp is there."));
	snprintf(xml, sizeof(xml), "<iq type='get' from='" ME "' to='" ME "' id='%s'><ping "
	    "xmlns='urn:xmpp:ping'/></iq>", id);
	hand(f, xml);
	site_turn(f->site);
	assert_int_equal(debt_count(role.debts), 0);
	assert_int_equal(f->out.len, 0);
}

static void a_notice_lost_with_its_stream_is_said_again(void **state)
{
	struct fixture *f = *state;

	hand_register(f, "a", "owes");
	site_turn(f->site);
	site_down(f->site);
	buf_reset(&f->out);
	f->time.boot += 5000;
	site_up(f->site, &f->out);
	assert_true(said(f, "The lamp is there."));
	assert_int_equal(role.gaps, 2);
}

static void a_forged_ping_settles_nothing(void **state)
{
	struct fixture *f = *state;
	char id[64], xml[256];

	hand_register(f, "a", "owes");
	site_turn(f->site);
	ping_id(f, id, sizeof(id));
	snprintf(xml, sizeof(xml), "<iq type='get' from='mallory@a.example/x' to='" ME "' "
	    "id='%s'><ping xmlns='urn:xmpp:ping'/></iq>", id);
	hand(f, xml);
	site_turn(f->site);
	assert_int_equal(debt_count(role.debts), 1);
	/* Nor does one of ours that was sent for something else. */
	hand(f, "<iq type='get' from='" ME "' to='" ME "' id='of-an-earlier-turn'><ping "
	    "xmlns='urn:xmpp:ping'/></iq>");
	site_turn(f->site);
	assert_int_equal(debt_count(role.debts), 1);
}

/* ---- bounds ---- */

static void att_R_03__nothing_is_served_while_the_broker_does_not_read(void **state)
{
	struct fixture *f = *state;
	size_t before;

	while (f->out.max - f->out.len > 1024 * 1024)
		buf_add(&f->out, "                ", 16);
	before = f->out.len;
	assert_true(site_is_full(f->site));
	for (int i = 0; i < 1000; i++)
		hand(f, "<iq type='get' from='" HIM "' to='" ME "' id='p'><ping "
		    "xmlns='urn:xmpp:ping'/></iq>");
	site_turn(f->site);
	assert_int_equal(f->out.len, before);
	assert_int_equal(role.serves, 0);
	assert_true(stat_of(f, "site_dropped") > 0);
	buf_reset(&f->out);
	assert_int_equal(site_deadline(f->site), f->time.boot);
	site_tick(f->site);
	assert_int_equal(role.serves, 256);
}

static void what_waited_when_the_stream_went_down_is_forgotten(void **state)
{
	struct fixture *f = *state;

	hand_register(f, "a", "1");
	site_down(f->site);
	site_up(f->site, &f->out);
	assert_int_equal(rows(), 0);
	assert_int_equal(role.serves, 0);
}

static void one_read_of_many_requests_is_served_without_loss(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 2000; i++)
		hand(f, "<iq type='get' from='" HIM "' to='" ME "' id='p'><ping "
		    "xmlns='urn:xmpp:ping'/></iq>");
	site_turn(f->site);
	assert_int_equal(role.serves, 2000);
	assert_int_equal(stat_of(f, "site_dropped"), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(requests_of_one_read_share_one_commit, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(a_turn_takes_no_more_than_its_limit_into_one_commit,
		    set_up_two_a_turn, tear_down),
		cmocka_unit_test_setup_teardown(questions_never_enter_the_transaction, set_up,
		    tear_down),
		CASE(a_question_waits_for_the_senders_own_write_before_it),
		CASE(nor_does_the_senders_next_write_overtake_a_question_that_waits),
		CASE(an_answer_that_must_be_noted_is_given_after_its_commit),
		cmocka_unit_test_setup_teardown(only_the_culprit_of_a_store_error_fails, set_up,
		    tear_down),
		CASE(ruling_26b__a_decision_that_was_written_down_too_late_is_never_answered),
		CASE(a_commit_that_fails_answers_nobody_until_each_was_tried_alone),
		CASE(friendship_questions_get_silence_when_the_store_fails),
		cmocka_unit_test_setup_teardown(a_chat_is_told_when_the_store_fails, set_up,
		    tear_down),
		CASE(a_reply_comes_from_the_address_that_was_written_to),
		CASE(att_X_14__too_big_requests_are_refused_without_payload),
		cmocka_unit_test_setup_teardown(errors_and_results_are_never_answered, set_up,
		    tear_down),
		CASE(an_answer_without_an_id_is_nobodys),
		CASE(unknown_requests_and_addresses_are_refused),
		CASE(a_command_is_served_in_a_turn_at_the_desk_and_the_component),
		CASE(a_notice_leaves_behind_the_replies_and_is_settled_by_its_ping),
		CASE(a_notice_lost_with_its_stream_is_said_again),
		CASE(a_forged_ping_settles_nothing),
		CASE(att_R_03__nothing_is_served_while_the_broker_does_not_read),
		CASE(what_waited_when_the_stream_went_down_is_forgotten),
		CASE(one_read_of_many_requests_is_served_without_loss),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("site_turn", tests, NULL, NULL);
}
