/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve: who may send a thing what: one table.  A stanza becomes a call, and
 * the call goes to the part that serves it; nothing is decided here but whether
 * the sender is of a kind that may ask at all.  Read next: enroll.c, job.c.
 */
#include "config.h"

#include "thing/self.h"

#include <string.h>

#include "common/base/str.h"
#include "common/wire/push.h"
#include "common/wire/reply.h"
#include "common/wire/route.h"
#include "common/wire/stanza.h"
#include "common/wire/xml.h"
#include "thing/form.h"

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
	readout_request(&t->readouts, c);
}

static void serve_cancel(struct kith_thing *t, struct call **c)
{
	readout_cancel(&t->readouts, c);
}

static void serve_watch(struct kith_thing *t, struct call **c)
{
	relay_note(&t->relay, &(*c)->q, &(*c)->q.u.read.tokens);
	watch_request(&t->watches, c);
}

static void serve_unwatch(struct kith_thing *t, struct call **c)
{
	watch_cancel(&t->watches, c);
}

static void serve_control(struct kith_thing *t, struct call **c)
{
	relay_note(&t->relay, &(*c)->q, &(*c)->q.u.control.tokens);
	command_request(&t->jobs, c);
}

static void serve_form(struct kith_thing *t, struct call **c)
{
	form_request(&t->jobs, c);
}

static void serve_token_challenge(struct kith_thing *t, struct call **c)
{
	relay_challenge(&t->relay, c);
}

static void serve_chat(struct kith_thing *t, struct call **c)
{
	self_hear_language(t, &(*c)->q);
	talk_line(&t->jobs, c);
}

static void serve_presence(struct kith_thing *t, struct call **c)
{
	const struct request *q = &(*c)->q;
	enum presence_type type = q->u.presence.type;
	bool available = type == PRESENCE_AVAILABLE;

	if (type == PRESENCE_SUBSCRIBE)
		befriend_request(&t->befriend, q->bare);
	if (!available && type != PRESENCE_UNAVAILABLE)
		return;
	clone_seen(&t->clone, q->from, available);
	watches_presence(&t->watches, q->from, q->bare, available);
	if (!available)
		self_watcher_left(t, q->from);
}

static void serve_concentrator(struct kith_thing *t, struct call **c)
{
	relay_note(&t->relay, &(*c)->q, &(*c)->q.u.concentrator.tokens);
	self_take_about_nodes(t, c);
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
		"urn:nf:iot:sd:1.0", "urn:nf:iot:ctr:1.0",
		"urn:nfi:iot:sd:1.0", "urn:nfi:iot:ctr:1.0", "urn:xmpp:iot:events",
		"urn:ieee:iot:events:1.0", "urn:nf:iot:events:1.0", "urn:nfi:iot:events:1.0",
		NS_WHY,
		/* while it has nodes */
		"urn:xmpp:iot:concentrators", "urn:ieee:iot:concentrator:1.0",
		"urn:nf:iot:concentrator:1.0", "urn:nfi:iot:concentrator:1.0",
	};
	struct reply r = { .kind = REPLY_RESULT, .body = BODY_DISCO_INFO };

	r.u.disco.category = "client";
	r.u.disco.type = "bot";
	r.u.disco.name = t->software;
	r.u.disco.feature = features;
	r.u.disco.n = sizeof(features) / sizeof(features[0]) - (t->nodes.n > 1 ? 0 : GEN_COUNT);
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

/* What its owner hears instead of anything else, while there are two of it. */
static void serve_cloned(struct kith_thing *t, struct call **c)
{
	static const char explain[] = N_("There are two of me: another device uses my identity, so "
	    "I serve nobody. Take the wrong one out of service (kith-thing reset there), then write "
	    "'alone' to me.");
	struct request *q = &(*c)->q;
	char id[IDENT_TEXT];
	struct words w;
	bool looks = q->u.chat.body && !q->u.chat.flags && (str_case_eq(q->u.chat.body, "alone") ||
	    str_case_eq(q->u.chat.body, "allein")) && clone_look_again(&t->clone);

	self_hear_language(t, q);
	w = jobs_words(&t->jobs, q);
	if (ident_text(id, NULL) == 0)
		(void)chat_write(t->session.out, NULL, q->from, id, q->id,
		    words_text(&w, !looks ? explain
		    : t->standing.cloned ? N_("I look whether the other one is still there.")
		    : N_("I go on, with a new password.")));
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
	{ VERB_WATCH, PEOPLE, false, serve_watch },
	{ VERB_UNWATCH, PEOPLE, false, serve_unwatch },
	{ VERB_CONTROL, PEOPLE, false, serve_control },
	{ VERB_CONCENTRATOR, PEOPLE, false, serve_concentrator },
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
		if (q->verb == VERB_CHAT && t->standing.cloned &&
		    standing_is_owner(&t->standing, q->bare))
			serve_cloned(t, c);
		else if (!(table[i].who & who) || (!table[i].before_serving &&
		    (!enroll_is_serving(&t->enroll) || t->standing.cloned)))
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

/* What we told somebody came back: he is not there any more. */
static bool take_bounce(struct kith_thing *t, const struct stanza *s)
{
	const char *type = stanza_attr(s, "type"), *from = stanza_attr(s, "from");

	if (strcmp(stanza_name(s), "message") != 0 || !type || strcmp(type, "error") != 0)
		return false;
	if (from)
		watches_bounced(&t->watches, from);
	return true;
}

static void route(struct kith_thing *t, const struct stanza *s)
{
	struct route_context rc = {
		.side = SIDE_THING,
		.profile = JID_STRINGPREP,
		.self = session_self(&t->session),
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

void self_take_stanza(struct kith_thing *t, const struct stanza *s)
{
	if (!session_is_up(&t->session))
		return;
	if (is_iq(s, "result") || is_iq(s, "error")) {
		(void)session_take_answer(&t->session, s);
		return;
	}
	if (is_iq(s, "get") && clone_take(&t->clone, s))
		return;
	if (!take_bounce(t, s) && !take_roster_push(t, s) && !self_is_leaving(t))
		route(t, s);
}

void self_take_oversize(struct kith_thing *t, const struct stanza_head *h)
{
	struct request q = { .kind = STANZA_IQ, .type = IQ_GET, .id = h->id, .from = h->from,
		.to = session_self(&t->session) };

	if (session_is_up(&t->session) && strcmp(h->name, "iq") == 0 && h->id[0] && h->from[0] &&
	    (strcmp(h->type, "get") == 0 || strcmp(h->type, "set") == 0))
		refuse(t, &q, COND_SERVICE_UNAVAILABLE);
}
