/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thing: the public face (thing.h), the wiring of the parts, and the table of
 * who may send what.  A stanza comes in at on_stanza, becomes a call, and goes
 * to the part that serves it; everything else happens there.  Read next:
 * login.c, enroll.c, job.c.
 */
#include "config.h"

#include "thing/thing.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/base/daemon.h"
#include "common/base/str.h"
#include "common/wire/iotdisco.h"
#include "common/wire/push.h"
#include "common/wire/reply.h"
#include "common/wire/route.h"
#include "common/wire/stanza.h"
#include "common/wire/xml.h"
#include "thing/command.h"
#include "thing/enroll.h"
#include "thing/login.h"
#include "thing/readout.h"
#include "thing/relay.h"
#include "thing/statefile.h"
#include "thing/talk.h"
#include "thing/witness.h"

#define ALIVE_MS 45000		/* of silence before the server is asked */

struct kith_thing {
	char *state_dir, *server, *ca_file, *registry, *software;
	void (*event)(void *arg, const struct kith_thing_event *ev);
	void *event_arg;
	enum kith_thing_state state;
	struct pool pool;		/* owns the tags */
	struct identity id;
	struct standing standing;
	struct decisions decisions;
	struct session session;
	struct friends friends;
	struct access access;
	struct befriend befriend;
	struct board board;
	struct jobs jobs;
	struct relay relay;
	struct enroll enroll;
	struct witness witness;
	struct login login;
	bool login_ready;
	int epoll;
	int state_lock;			/* of the folder; -1 none */
	int polled_fd;			/* in the epoll set; -1 none */
	short polled_events;
	bool pinging;			/* the server is asked for a sign of life */
	bool stopping, inside;
	char jid[JID_MAX + 1];
	char *claim_uri;		/* "" when owned */
};

static const char *const state_names[] = {
	[KITH_THING_NEW] = "new", [KITH_THING_LOCATING] = "locating",
	[KITH_THING_CONNECTING] = "connecting", [KITH_THING_FINDING] = "finding",
	[KITH_THING_REGISTERING] = "registering", [KITH_THING_UNCLAIMED] = "unclaimed",
	[KITH_THING_SERVING] = "serving", [KITH_THING_STOPPED] = "stopped",
};

const char *kith_thing_state_name(enum kith_thing_state state)
{
	return (size_t)state < sizeof(state_names) / sizeof(state_names[0])
	    ? state_names[state] : "?";
}

/* ---- events ------------------------------------------------------------- */

static void emit(struct kith_thing *t, enum kith_thing_event_kind kind, const char *text)
{
	struct kith_thing_event ev = { .kind = kind, .state = t->state, .text = text };

	if (t->event)
		t->event(t->event_arg, &ev);
}

static void on_note(void *arg, bool alarm, const char *sentence)
{
	emit(arg, alarm ? KITH_THING_EV_ALARM : KITH_THING_EV_NOTE, sentence);
}

static void on_state(void *arg, enum kith_thing_state state, const char *why)
{
	struct kith_thing *t = arg;

	if (t->state == state)
		return;
	t->state = state;
	emit(t, KITH_THING_EV_STATE, why);
}

static void on_friend(void *arg, const char *bare, bool is_friend)
{
	emit(arg, is_friend ? KITH_THING_EV_FRIEND : KITH_THING_EV_UNFRIEND, bare);
}

static void on_told(void *arg, bool served, const char *sentence)
{
	emit(arg, served ? KITH_THING_EV_SERVED : KITH_THING_EV_REFUSED, sentence);
}

static void on_befriend_refused(void *arg, const char *bare)
{
	char text[BEFRIEND_BARE + 32];

	snprintf(text, sizeof(text), "%s may not be a friend", bare);
	emit(arg, KITH_THING_EV_REFUSED, text);
}

static void set_claim_uri(struct kith_thing *t, const char *uri)
{
	if (t->claim_uri) {
		secret_cleanse(t->claim_uri, strlen(t->claim_uri));
		free(t->claim_uri);
	}
	t->claim_uri = strdup(uri);
}

static void on_claimable(void *arg)
{
	struct kith_thing *t = arg;
	struct tag all[WIRE_TAGS];
	struct iotdisco d = { .tags = { 0, all }, .registry = t->standing.registry.jid,
		.has_key = true };
	struct buf b;

	for (; d.tags.n < t->enroll.tags.n && d.tags.n < WIRE_TAGS - 1; d.tags.n++)
		all[d.tags.n] = t->enroll.tags.tag[d.tags.n];
	all[d.tags.n++] = (struct tag){ .name = "KEY", .str = t->id.key };
	buf_init(&b, STATEFILE_MAX);
	iotdisco_write(&b, &d);
	if (buf_ok(&b) && (!t->claim_uri || strcmp(t->claim_uri, buf_str(&b)) != 0)) {
		set_claim_uri(t, buf_str(&b));
		emit(t, KITH_THING_EV_CLAIM, t->claim_uri);
	}
	if (b.data)
		secret_cleanse(b.data, b.cap);
	buf_fini(&b);
}

static void on_show(void *arg, const char *code)
{
	emit(arg, KITH_THING_EV_CODE, code);
}

static void on_owner(void *arg, const char *bare)
{
	struct kith_thing *t = arg;

	set_claim_uri(t, "");
	witness_end(&t->witness);
	emit(t, KITH_THING_EV_OWNER, bare);
}

static const struct enroll_ops enroll_calls = {
	.state = on_state,
	.claimable = on_claimable,
	.owner = on_owner,
	.note = on_note,
};

/* ---- who may send what -------------------------------------------------- */

static void answer(struct kith_thing *t, const struct request *q, const struct reply *r)
{
	if (session_is_up(&t->session))
		(void)reply_write(t->session.out, q, r);
}

static void refuse(struct kith_thing *t, const struct request *q, enum condition cond)
{
	struct reply r = { .kind = REPLY_RESULT };

	if (q->kind != STANZA_IQ)
		return;
	reply_error(&r, cond);
	answer(t, q, &r);
}

static void serve_push(struct kith_thing *t, struct call **c)
{
	enroll_take_push(&t->enroll, c);
}

static void serve_read(struct kith_thing *t, struct call **c)
{
	relay_note(&t->relay, &(*c)->q, &(*c)->q.u.read.tokens);
	readout_request(&t->jobs, c);
}

static void serve_cancel(struct kith_thing *t, struct call **c)
{
	readout_cancel(&t->jobs, c);
}

static void serve_control(struct kith_thing *t, struct call **c)
{
	relay_note(&t->relay, &(*c)->q, &(*c)->q.u.control.tokens);
	command_request(&t->jobs, c);
}

static void serve_form(struct kith_thing *t, struct call **c)
{
	command_form(&t->jobs, c);
}

static void serve_token_challenge(struct kith_thing *t, struct call **c)
{
	relay_challenge(&t->relay, c);
}

static void serve_chat(struct kith_thing *t, struct call **c)
{
	talk_line(&t->jobs, c);
}

static void serve_presence(struct kith_thing *t, struct call **c)
{
	if ((*c)->q.u.presence.type == PRESENCE_SUBSCRIBE)
		befriend_request(&t->befriend, (*c)->q.bare);
}

static void serve_ping(struct kith_thing *t, struct call **c)
{
	struct reply r = { .kind = REPLY_RESULT, .body = BODY_EMPTY };

	answer(t, &(*c)->q, &r);
}

static void serve_disco(struct kith_thing *t, struct call **c)
{
	static const char *const features[] = {
		NS_DISCO_INFO, NS_PING, NS_VERSION,
		"urn:xmpp:iot:discovery", "urn:xmpp:iot:provisioning",
		"urn:xmpp:iot:sensordata", "urn:xmpp:iot:control",
		"urn:ieee:iot:sd:1.0", "urn:ieee:iot:ctr:1.0",
		"urn:nf:iot:sd:1.0", "urn:nf:iot:ctr:1.0", NS_WHY,
	};
	struct reply r = { .kind = REPLY_RESULT, .body = BODY_DISCO_INFO };

	r.u.disco.category = "client";
	r.u.disco.type = "bot";
	r.u.disco.name = t->software;
	r.u.disco.feature = features;
	r.u.disco.n = sizeof(features) / sizeof(features[0]);
	answer(t, &(*c)->q, &r);
}

static void serve_items(struct kith_thing *t, struct call **c)
{
	struct reply r = { .kind = REPLY_RESULT, .body = BODY_DISCO_ITEMS };

	answer(t, &(*c)->q, &r);
}

static void serve_version(struct kith_thing *t, struct call **c)
{
	struct reply r = { .kind = REPLY_RESULT, .body = BODY_VERSION };

	r.u.disco.name = t->software;
	answer(t, &(*c)->q, &r);
}

#define TO(who) (1u << (who))
#define KNOWN (TO(ACCESS_FRIEND) | TO(ACCESS_OWNER) | TO(ACCESS_SERVICE) | TO(ACCESS_SELF))
#define PEOPLE (TO(ACCESS_FRIEND) | TO(ACCESS_OWNER))
#define ANYBODY (KNOWN | TO(ACCESS_STRANGER))

/* Pushes are open to anybody here because enroll.c answers each wrong sender
 * itself; everything else tells a stranger what an absent account would. */
static const struct {
	enum verb verb;
	unsigned who;
	bool before_serving;	/* also while we are not registered yet */
	void (*serve)(struct kith_thing *t, struct call **c);
} table[] = {
	{ VERB_CLAIMED, ANYBODY, true, serve_push },
	{ VERB_REMOVED, ANYBODY, true, serve_push },
	{ VERB_DISOWNED, ANYBODY, true, serve_push },
	{ VERB_CLEAR_CACHE, ANYBODY, true, serve_push },
	{ VERB_FRIEND, ANYBODY, true, serve_push },
	{ VERB_UNFRIEND, ANYBODY, true, serve_push },
	{ VERB_SHOW_CODE, ANYBODY, true, serve_push },
	{ VERB_LISTEN, ANYBODY, true, serve_push },
	{ VERB_NEW_KEY, ANYBODY, true, serve_push },
	{ VERB_TOKEN_CHALLENGE, ANYBODY, false, serve_token_challenge },
	{ VERB_PRESENCE, ANYBODY, true, serve_presence },
	{ VERB_PING, KNOWN, true, serve_ping },
	{ VERB_DISCO_INFO, KNOWN, true, serve_disco },
	{ VERB_DISCO_ITEMS, KNOWN, true, serve_items },
	{ VERB_VERSION, KNOWN, true, serve_version },
	{ VERB_READ, PEOPLE, false, serve_read },
	{ VERB_READ_CANCEL, PEOPLE, false, serve_cancel },
	{ VERB_CONTROL, PEOPLE, false, serve_control },
	{ VERB_CONTROL_FORM, PEOPLE, false, serve_form },
	{ VERB_CHAT, PEOPLE, false, serve_chat },
};

static void serve(struct kith_thing *t, struct call **c)
{
	const struct request *q = &(*c)->q;
	unsigned who = TO(access_who(&t->access, q->bare));

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].verb != q->verb)
			continue;
		if (!(table[i].who & who) ||
		    (!table[i].before_serving && !enroll_is_serving(&t->enroll)))
			refuse(t, q, COND_SERVICE_UNAVAILABLE);
		else
			table[i].serve(t, c);
		return;
	}
	refuse(t, q, COND_SERVICE_UNAVAILABLE);
}

/* ---- stanzas ------------------------------------------------------------ */

static bool is_iq(const struct stanza *s, const char *type)
{
	const char *have = stanza_attr(s, "type");

	return strcmp(stanza_name(s), "iq") == 0 && have && strcmp(have, type) == 0;
}

/* RFC 6121 2.1.6: only our own account may push a roster item. */
static bool take_roster_push(struct kith_thing *t, const struct stanza *s)
{
	const struct stanza *query = stanza_child(s, NS_ROSTER, "query");
	const char *from = stanza_attr(s, "from"), *id = stanza_attr(s, "id");
	struct xml x;

	if (!query || !is_iq(s, "set") || !session_is_own_server(&t->session, from))
		return false;
	friends_take_push(&t->friends, query);
	enroll_roster_changed(&t->enroll);
	xml_begin(&x, t->session.out);
	xml_open(&x, "iq", NULL);
	xml_attr(&x, "type", "result");
	xml_attr(&x, "id", id);
	xml_close(&x);
	(void)xml_end(&x);
	return true;
}

static void route(struct kith_thing *t, const struct stanza *s)
{
	struct route_context rc = {
		.side = SIDE_THING,
		.profile = JID_STRINGPREP,
		.self = t->session.self.text,
		.account_domain = t->id.domain,
	};
	struct call *c = call_new();
	enum condition cond = COND_NONE;

	if (!c)
		return;
	switch (route_parse(&rc, s, &c->pool, &c->q, &cond)) {
	case ROUTE_PARSED:
		serve(t, &c);
		break;
	case ROUTE_REFUSED:
		/* Strangers learn nothing from how wrong they were. */
		if (access_who(&t->access, c->q.bare) == ACCESS_STRANGER)
			cond = COND_SERVICE_UNAVAILABLE;
		refuse(t, &c->q, cond);
		break;
	case ROUTE_SILENCE:
		break;
	}
	call_free(&c);
}

static void on_stanza(void *arg, const struct stanza *s)
{
	struct kith_thing *t = arg;

	if (!session_is_up(&t->session))
		return;
	if (is_iq(s, "result") || is_iq(s, "error")) {
		(void)session_take_answer(&t->session, s);
		return;
	}
	if (!take_roster_push(t, s))
		route(t, s);
}

/* Too big to be read: an iq that waits gets an error, nothing else happens. */
static void on_oversize(void *arg, const struct stanza_head *h)
{
	struct kith_thing *t = arg;
	struct request q = { .kind = STANZA_IQ, .type = IQ_GET, .id = h->id, .from = h->from,
		.to = t->session.self.text };

	if (session_is_up(&t->session) && strcmp(h->name, "iq") == 0 && h->id[0] && h->from[0] &&
	    (strcmp(h->type, "get") == 0 || strcmp(h->type, "set") == 0))
		refuse(t, &q, COND_SERVICE_UNAVAILABLE);
}

static void on_up(void *arg, const char *full_jid)
{
	struct kith_thing *t = arg;
	size_t len = strlen(t->jid);

	/* The server may choose the resource and nothing else (att-D-11). */
	if (session_begin(&t->session, login_out(&t->login), full_jid) < 0 ||
	    t->session.self.bare_len != len || strncmp(t->session.self.text, t->jid, len) != 0) {
		session_end(&t->session);
		login_again(&t->login, "the server bound us to another address");
		return;
	}
	enroll_begin(&t->enroll);
}

static void on_down(void *arg)
{
	struct kith_thing *t = arg;

	enroll_end(&t->enroll);
	session_end(&t->session);
	jobs_drop(&t->jobs);
	befriend_end(&t->befriend);
}

static void on_trying(void *arg, bool connecting)
{
	on_state(arg, connecting ? KITH_THING_CONNECTING : KITH_THING_LOCATING, "");
}

static void on_renamed(void *arg)
{
	struct kith_thing *t = arg;

	snprintf(t->jid, sizeof(t->jid), "%s@%s", t->id.user, t->id.domain);
	emit(t, KITH_THING_EV_IDENTITY, t->jid);
}

static const struct login_ops login_calls = {
	.up = on_up,
	.stanza = on_stanza,
	.oversize = on_oversize,
	.down = on_down,
	.note = on_note,
	.trying = on_trying,
	.renamed = on_renamed,
};

/* ---- is the server still there ------------------------------------------ */

/* A stream can die without a word (a router forgets it, a server hangs).  Any
 * byte proves it alive; after a while without one the server is asked. */
static void on_pong(void *arg, const struct stanza *answer)
{
	struct kith_thing *t = arg;

	t->pinging = false;
	if (!answer && session_is_up(&t->session) &&
	    clock_boot(&clock_system) - login_last_byte(&t->login) >= ALIVE_MS)
		login_again(&t->login, "the server does not answer any more");
}

static int64_t alive_deadline(const struct kith_thing *t)
{
	if (!session_is_up(&t->session) || t->pinging)
		return -1;
	return login_last_byte(&t->login) + ALIVE_MS;
}

static void alive_tick(struct kith_thing *t)
{
	struct request q = { .verb = VERB_PING, .to = t->id.domain };
	int64_t at = alive_deadline(t);

	if (at >= 0 && clock_boot(&clock_system) >= at)
		t->pinging = session_ask(&t->session, &q, on_pong, t) == 0;
}

/* ---- making one --------------------------------------------------------- */

static int copy_tags(struct kith_thing *t, const struct kith_thing_conf *conf, struct err *e)
{
	struct tag_list *out = &t->enroll.tags;
	char number[STR_DOUBLE];

	if (conf->n_tags >= WIRE_TAGS)
		return err_set(e, ERR_LIMIT, "more than %d tags", WIRE_TAGS - 1);
	out->tag = pool_zalloc(&t->pool, WIRE_TAGS * sizeof(out->tag[0]));
	for (size_t i = 0; out->tag && i < conf->n_tags; i++) {
		const struct kith_thing_tag *from = &conf->tags[i];
		struct tag *to = &out->tag[i];

		if (!from->name || str_case_eq(from->name, "KEY") || str_case_eq(from->name, "R"))
			return err_set(e, ERR_INPUT, "a tag may not be called KEY or R");
		str_from_double(number, from->number);
		to->name = pool_strdup(&t->pool, from->name);
		to->is_num = !from->text;
		to->str = pool_strdup(&t->pool, from->text ? from->text : number);
		to->num = from->number;
		if (!to->name || !to->str || str_utf8_chars(to->name) > WIRE_TAG_NAME ||
		    str_utf8_chars(to->str) > WIRE_TAG_VALUE)
			return err_set(e, ERR_INPUT, "tag '%s' is too long", from->name);
		out->n++;
	}
	return out->tag ? 0 : err_set(e, ERR_SYSTEM, "out of memory");
}

static int copy_text(char **out, const char *text)
{
	*out = text ? strdup(text) : NULL;
	return text && !*out ? -1 : 0;
}

static int copy_conf(struct kith_thing *t, const struct kith_thing_conf *conf, struct err *e)
{
	struct jid j;

	if (conf->size < sizeof(*conf) || !conf->state || !conf->domain)
		return err_set(e, ERR_INPUT, "size, state and domain are needed");
	if (conf->registry) {
		if (jid_parse(&j, conf->registry, JID_STRINGPREP, e) < 0)
			return -1;
		if (jid_has_local(&j) || jid_has_resource(&j))
			return err_set(e, ERR_INPUT, "registry '%s' is not the address of a "
			    "service", conf->registry);
	}
	if (copy_text(&t->state_dir, conf->state) < 0 || copy_text(&t->server, conf->server) < 0 ||
	    copy_text(&t->ca_file, conf->ca_file) < 0 ||
	    copy_text(&t->registry, conf->registry ? j.text : NULL) < 0 ||
	    copy_text(&t->software, conf->software ? conf->software : "kith-thing") < 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	t->event = conf->event;
	t->event_arg = conf->arg;
	t->enroll.board = &t->board;
	t->enroll.can = SELF_NEW_KEY | (conf->shows_code ? SELF_SHOWS_CODE : 0) |
	    (conf->has_button ? SELF_HAS_BUTTON : 0) |
	    (conf->has_button && conf->claim_button ? SELF_WINDOW : 0);
	return copy_tags(t, conf, e);
}

static int load_identity(struct kith_thing *t, const char *domain, struct err *e)
{
	struct jid j;

	if (jid_parse(&j, domain, JID_STRINGPREP, e) < 0)
		return -1;
	if (jid_has_local(&j) || jid_has_resource(&j))
		return err_set(e, ERR_INPUT, "'%s' is not a domain", domain);
	if (daemon_dir(t->state_dir, e) < 0)
		return -1;
	/* Two programs with one identity would throw each other out for ever. */
	t->state_lock = statefile_lock(t->state_dir, e);
	if (t->state_lock < 0)
		return -1;
	if (identity_load(&t->id, t->state_dir, e) < 0) {
		if (!e || e->kind != ERR_AGAIN)
			return -1;
		err_clear(e);
		if (identity_make(&t->id, j.text, e) < 0 ||
		    identity_save(&t->id, t->state_dir, e) < 0)
			return -1;
	}
	/* A file from before there was such a key. */
	if (!t->id.continuity.len && (sign_new_seed(&t->id.continuity, e) < 0 ||
	    identity_save(&t->id, t->state_dir, e) < 0))
		return -1;
	if (strcmp(t->id.domain, j.text) != 0)
		return err_set(e, ERR_INPUT, "folder '%s' belongs to a thing of domain %s; "
		    "use another folder, or reset it", t->state_dir, t->id.domain);
	snprintf(t->jid, sizeof(t->jid), "%s@%s", t->id.user, t->id.domain);
	return 0;
}

static int load_standing(struct kith_thing *t, struct err *e)
{
	if (standing_load(&t->standing, t->state_dir, e) == 0)
		return 0;
	if (!e || e->kind != ERR_AGAIN)
		return -1;
	err_clear(e);
	return 0;
}

static int load_decisions(struct kith_thing *t, struct err *e)
{
	struct err why = ERR_INIT;

	if (decisions_open(&t->decisions, &clock_system, t->state_dir, &why) == 0)
		return 0;
	if (!t->decisions.entry) {
		*e = why;
		return -1;
	}
	on_note(t, true, why.text);
	return 0;
}

/* Who knows whom; nothing happens yet. */
static void on_trust(void *arg, bool delegates)
{
	struct kith_thing *t = arg;

	enroll_trust(&t->enroll, delegates);
}

static void wire_up(struct kith_thing *t)
{
	const struct clock *clock = &clock_system;

	session_init(&t->session, clock);
	friends_init(&t->friends, on_friend, t);
	relay_init(&t->relay, clock, &t->session, &t->standing);
	access_init(&t->access, clock, &t->session, &t->standing, &t->friends, &t->decisions);
	t->access.trust = on_trust;
	t->access.trust_arg = t;
	t->befriend = (struct befriend){
		.clock = clock, .session = &t->session, .standing = &t->standing,
		.friends = &t->friends, .access = &t->access, .decisions = &t->decisions,
		.refused = on_befriend_refused, .arg = t,
	};
	t->jobs.clock = clock;
	t->jobs.session = &t->session;
	t->jobs.access = &t->access;
	t->jobs.decisions = &t->decisions;
	t->jobs.board = &t->board;
	t->jobs.told = on_told;
	t->jobs.arg = t;
	t->enroll.clock = clock;
	t->enroll.dir = t->state_dir;
	t->enroll.registry = t->registry;
	t->enroll.id = &t->id;
	t->enroll.standing = &t->standing;
	t->enroll.session = &t->session;
	t->enroll.friends = &t->friends;
	t->enroll.befriend = &t->befriend;
	t->enroll.access = &t->access;
	t->enroll.decisions = &t->decisions;
	t->enroll.witness = &t->witness;
	t->witness = (struct witness){ .clock = clock, .session = &t->session,
		.registry = t->standing.registry.jid, .show = on_show, .arg = t };
	t->enroll.ops = &enroll_calls;
	t->enroll.arg = t;
	t->enroll.next_ms = -1;
}

static int make(struct kith_thing *t, const struct kith_thing_conf *conf, struct err *e)
{
	struct login_conf login;

	if (copy_conf(t, conf, e) < 0 || load_identity(t, conf->domain, e) < 0 ||
	    load_standing(t, e) < 0 || load_decisions(t, e) < 0)
		return -1;
	wire_up(t);
	set_claim_uri(t, "");
	login = (struct login_conf){ .clock = &clock_system, .dir = t->state_dir,
		.server = t->server, .ca_file = t->ca_file,
		.boot_spread_ms = conf->boot_spread_ms };
	if (login_init(&t->login, &login, &t->id, &t->standing, &login_calls, t, e) < 0)
		return -1;
	t->login_ready = true;
	t->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (t->epoll < 0)
		return err_errno(e, "cannot make an epoll descriptor");
	if (t->registry && t->standing.registry.jid[0] &&
	    strcmp(t->registry, t->standing.registry.jid) != 0)
		on_note(t, true, "the settings name another registry than the one accepted "
		    "before; `repin` releases that");
	return 0;
}

struct kith_thing *kith_thing_new(const struct kith_thing_conf *conf, char *why,
    size_t why_size)
{
	struct kith_thing *t = calloc(1, sizeof(*t));
	struct err e = ERR_INIT;

	if (t) {
		t->epoll = t->polled_fd = t->state_lock = -1;
		pool_init(&t->pool, WIRE_REQUEST_BYTES);
		if (make(t, conf, &e) == 0)
			return t;
		kith_thing_free(&t);
	} else {
		err_set(&e, ERR_SYSTEM, "out of memory");
	}
	if (why && why_size)
		snprintf(why, why_size, "%s", e.text);
	return NULL;
}

void kith_thing_free(struct kith_thing **tp)
{
	struct kith_thing *t = *tp;

	if (!t)
		return;
	t->event = NULL;
	t->jobs.told = NULL;
	if (t->enroll.ops)
		on_down(t);
	access_fini(&t->access);
	if (t->login_ready)
		login_fini(&t->login);
	friends_fini(&t->friends);
	board_fini(&t->board);
	decisions_close(&t->decisions);
	identity_fini(&t->id);
	if (t->claim_uri)
		secret_cleanse(t->claim_uri, strlen(t->claim_uri));
	free(t->claim_uri);
	pool_fini(&t->pool);
	if (t->epoll >= 0)
		close(t->epoll);
	if (t->state_lock >= 0)
		close(t->state_lock);
	free(t->state_dir);
	free(t->server);
	free(t->ca_file);
	free(t->registry);
	free(t->software);
	free(t);
	*tp = NULL;
}

int kith_thing_add_field(struct kith_thing *t, const struct kith_thing_field *field)
{
	return board_add_field(&t->board, field);
}

int kith_thing_add_control(struct kith_thing *t, const struct kith_thing_control *control)
{
	return board_add_control(&t->board, control);
}

int kith_thing_add_need(struct kith_thing *t, const char *line)
{
	return board_add_need(&t->board, line);
}

/* ---- driving ------------------------------------------------------------ */

/* Keeps the one descriptor we give out in step with the one that is inside. */
static void follow_fd(struct kith_thing *t)
{
	short events = 0;
	int fd = login_fd(&t->login, &events);
	struct epoll_event ev = {
		.events = (events & POLLIN ? EPOLLIN : 0u) | (events & POLLOUT ? EPOLLOUT : 0u),
	};

	if (t->polled_fd >= 0 && t->polled_fd != fd)
		(void)epoll_ctl(t->epoll, EPOLL_CTL_DEL, t->polled_fd, NULL);
	t->polled_fd = fd;
	if (fd < 0)
		return;
	/* A number that was closed and given again has left the set by itself. */
	if (epoll_ctl(t->epoll, EPOLL_CTL_MOD, fd, &ev) < 0 && errno == ENOENT)
		(void)epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &ev);
}

int kith_thing_fd(const struct kith_thing *t)
{
	return t->epoll;
}

short kith_thing_events(const struct kith_thing *t)
{
	(void)t;
	return POLLIN;
}

static int64_t earlier(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

int64_t kith_thing_deadline(const struct kith_thing *t)
{
	int64_t at = login_deadline(&t->login);

	if (t->state == KITH_THING_STOPPED)
		return -1;
	at = earlier(at, session_deadline(&t->session));
	at = earlier(at, enroll_deadline(&t->enroll));
	at = earlier(at, witness_deadline(&t->witness));
	at = earlier(at, jobs_deadline(&t->jobs));
	at = earlier(at, alive_deadline(t));
	if (session_is_up(&t->session))
		at = earlier(at, befriend_deadline(&t->befriend));
	return at;
}

int kith_thing_timeout(const struct kith_thing *t)
{
	int64_t at = kith_thing_deadline(t), now = clock_boot(&clock_system);

	if (at < 0)
		return -1;
	if (at <= now)
		return 0;
	return at - now > INT_MAX ? INT_MAX : (int)(at - now);
}

static short ready_events(struct kith_thing *t)
{
	struct epoll_event ev;
	short revents = 0;

	if (epoll_wait(t->epoll, &ev, 1, 0) == 1)
		revents = (short)((ev.events & EPOLLIN ? POLLIN : 0) |
		    (ev.events & EPOLLOUT ? POLLOUT : 0) |
		    (ev.events & EPOLLERR ? POLLERR : 0) | (ev.events & EPOLLHUP ? POLLHUP : 0));
	return revents;
}

static void say_goodbye(struct kith_thing *t)
{
	struct err e = ERR_INIT;

	if (session_is_up(&t->session)) {
		(void)presence_write(t->session.out, NULL, NULL, "unavailable", NULL);
		login_flush(&t->login);
	}
	on_down(t);
	login_stop(&t->login);
	if (decisions_save(&t->decisions, &e) < 0)
		on_note(t, false, e.text);
	on_state(t, KITH_THING_STOPPED, "stopped");
}

void kith_thing_process(struct kith_thing *t)
{
	struct err e = ERR_INIT;

	if (t->state == KITH_THING_STOPPED || t->inside)
		return;
	t->inside = true;
	follow_fd(t);
	login_run(&t->login, ready_events(t));
	session_tick(&t->session);
	alive_tick(t);
	enroll_tick(&t->enroll);
	witness_tick(&t->witness);
	jobs_tick(&t->jobs);
	befriend_tick(&t->befriend);
	if (t->decisions.dirty && decisions_save(&t->decisions, &e) < 0) {
		on_note(t, true, e.text);
		t->decisions.dirty = false;	/* said once; the next answer tries again */
	}
	login_flush(&t->login);
	follow_fd(t);
	t->inside = false;
	if (t->stopping)
		say_goodbye(t);
}

void kith_thing_stop(struct kith_thing *t)
{
	t->stopping = true;
	if (!t->inside && t->state != KITH_THING_STOPPED)
		say_goodbye(t);
}

int kith_thing_run(struct kith_thing *t, const volatile int *stop)
{
	struct pollfd p = { .fd = t->epoll, .events = POLLIN };

	kith_thing_process(t);
	while (t->state != KITH_THING_STOPPED && !(stop && *stop)) {
		if (poll(&p, 1, kith_thing_timeout(t)) < 0 && errno != EINTR)
			return -1;
		if (!(stop && *stop))
			kith_thing_process(t);
	}
	kith_thing_stop(t);
	return 0;
}

void kith_thing_read_done(struct kith_thing *t, uint64_t ticket,
    enum kith_thing_result result, const struct kith_thing_value *value)
{
	jobs_read_done(&t->jobs, ticket, result, value);
	if (!t->inside)
		login_flush(&t->login);
}

void kith_thing_write_done(struct kith_thing *t, uint64_t ticket,
    enum kith_thing_result result, const char *why)
{
	jobs_write_done(&t->jobs, ticket, result, why);
	if (!t->inside)
		login_flush(&t->login);
}

void kith_thing_pressed(struct kith_thing *t)
{
	/* A press that somebody asked for is his; any other opens the window. */
	if (!witness_listens(&t->witness))
		enroll_pressed(&t->enroll);
	witness_press(&t->witness);
	if (!t->inside)
		login_flush(&t->login);
}

/* ---- asking ------------------------------------------------------------- */

enum kith_thing_state kith_thing_state(const struct kith_thing *t)
{
	return t->state;
}

const char *kith_thing_jid(const struct kith_thing *t)
{
	return t->jid;
}

const char *kith_thing_owner(const struct kith_thing *t)
{
	return t->standing.owner;
}

int kith_thing_delegates(const struct kith_thing *t)
{
	return t->standing.owner[0] && t->standing.trust == STANDING_DELEGATES;
}

const char *kith_thing_claim_uri(const struct kith_thing *t)
{
	return t->claim_uri ? t->claim_uri : "";
}

/* ---- the folder --------------------------------------------------------- */

static int say_why(const struct err *e, char *why, size_t why_size)
{
	if (why && why_size)
		snprintf(why, why_size, "%s", e->text);
	return -1;
}

int kith_thing_reset(const char *state, char *why, size_t why_size)
{
	/* Secrets first; temporary files of an interrupted save included. */
	static const char *const files[] = { ".identity.new", "identity", ".claim.new", "claim",
		".code.new", "code",
		".decisions.new", "decisions", ".standing.new", "standing" };
	struct err e = ERR_INIT;
	int lock = statefile_lock(state, &e), ret = 0;

	if (lock < 0)
		return e.kind == ERR_AGAIN ? 0 : say_why(&e, why, why_size);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && ret == 0; i++)
		if (statefile_remove(state, files[i], &e) < 0)
			ret = say_why(&e, why, why_size);
	close(lock);
	return ret;
}

int kith_thing_repin(const char *state, char *why, size_t why_size)
{
	struct standing s;
	struct err e = ERR_INIT;
	int lock = statefile_lock(state, &e), ret = 0;

	if (lock < 0)
		return e.kind == ERR_AGAIN ? 0 : say_why(&e, why, why_size);
	if (standing_load(&s, state, &e) == 0) {
		standing_unpin(&s);
		if (standing_save(&s, state, &e) < 0)
			ret = say_why(&e, why, why_size);
	} else if (e.kind != ERR_AGAIN) {	/* else nothing was ever pinned */
		ret = say_why(&e, why, why_size);
	}
	close(lock);
	return ret;
}
