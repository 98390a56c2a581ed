/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loopback_broker: what a broker, a registry (XEP-0347) and a provisioning
 * service (XEP-0324) answer a thing, as far as a device's test needs them.  It
 * reads and writes with the codecs of common/wire.  Next: loopback.c, the people.
 */
#include "config.h"

#include "thing/loopback_link.h"

#include <stdio.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/str.h"
#include "common/wire/ns.h"
#include "common/wire/push.h"
#include "common/wire/reply.h"
#include "common/wire/route.h"
#include "common/wire/stanza.h"
#include "common/wire/xml.h"

#define LEASE_MS (15 * 60 * 1000)

static bool is(const char *a, const char *b)
{
	return a && strcmp(a, b) == 0;
}

static size_t bare_length(const char *jid)
{
	return strcspn(jid, "/");
}

static bool is_bare(const char *jid, const char *bare)
{
	return jid && bare_length(jid) == strlen(bare) && strncmp(jid, bare, strlen(bare)) == 0;
}

/* ---- the services ------------------------------------------------------------ */

static void disco_info(struct client *c, const struct request *q, struct reply *r)
{
	static const char *const features[] = { "urn:xmpp:iot:discovery",
		"urn:xmpp:iot:provisioning", NS_LEASE, NS_PING };
	bool service = is(q->to, c->lb->service);

	r->body = BODY_DISCO_INFO;
	r->u.disco.category = service ? "component" : "server";
	r->u.disco.type = service ? "generic" : "im";
	r->u.disco.feature = service ? features : features + 3;
	r->u.disco.n = service ? 4 : 1;
}

static void disco_items(struct client *c, const struct request *q, struct reply *r)
{
	struct reply_item *item = pool_zalloc(q->pool, sizeof(*item));

	r->body = BODY_DISCO_ITEMS;
	if (!item || !is(q->to, c->lb->domain))
		return;
	item->jid = c->lb->service;
	r->u.items.item = item;
	r->u.items.n = 1;
}

static void take_register(struct client *c, const struct request *q, struct reply *r)
{
	struct loopback_thing *t = loopback_thing_of(c->lb, c->user);

	if (!t) {
		reply_error(r, COND_RESOURCE_CONSTRAINT);
		return;
	}
	if (node_is_set(&q->u.reg.node)) {	/* nodes are nobody's here */
		r->body = BODY_EMPTY;
		return;
	}
	t->registered = true;
	t->dialect = q->dialect;
	r->body = t->owner[0] ? BODY_CLAIMED : BODY_EMPTY;
	r->u.claimed.jid = t->owner;
}

static bool rule_fits(const struct loopback_rule *u, const char *who, const char *action,
    const char *name)
{
	return strcmp(u->who, who) == 0 && strcmp(u->action, action) == 0 &&
	    (!u->name[0] || (name && str_case_eq(u->name, name)));
}

/* The last word counts. */
static bool may(const struct kith_loopback *lb, const char *who, const char *action,
    const char *name)
{
	for (size_t i = lb->n_rules; who && i > 0; i--)
		if (rule_fits(&lb->rule[i - 1], who, action, name))
			return lb->rule[i - 1].allow;
	return false;
}

static void lease(struct client *c, struct reply *r)
{
	c->lb->questions++;
	r->has_lease = true;
	r->revision = c->lb->revision;
	r->lease_ms = LEASE_MS;
}

static void is_friend(struct client *c, const struct request *q, struct reply *r)
{
	r->body = BODY_IS_FRIEND;
	r->u.can.jid = q->u.is_friend.jid;
	r->u.can.result = may(c->lb, q->u.is_friend.jid, "befriend", NULL);
	lease(c, r);
}

/* Of the names that were asked for those that are allowed. */
static void decide(struct client *c, const struct request *q, struct reply *r,
    const char *action)
{
	const struct request_can *can = &q->u.can;
	const char **name = pool_zalloc(q->pool, (can->names.n + 1) * sizeof(*name));
	size_t n = 0;

	r->u.can.jid = can->jid;
	r->u.can.types = can->types;
	r->u.can.nodes = can->nodes;
	lease(c, r);
	for (size_t i = 0; name && i < can->names.n; i++)
		if (may(c->lb, can->jid, action, can->names.name[i]))
			name[n++] = can->names.name[i];
	r->u.can.result = can->names.n ? n > 0 : may(c->lb, can->jid, action, NULL);
	r->u.can.names = (struct name_list){ n < can->names.n ? n : 0, name };
	if (!can->names.n && !r->u.can.result)	/* all was asked for: what of it? */
		for (size_t i = 0; i < c->lb->n_rules; i++)
			r->u.can.result |= may(c->lb, can->jid, action, c->lb->rule[i].name);
}

static void can_read(struct client *c, const struct request *q, struct reply *r)
{
	r->body = BODY_CAN_READ;
	decide(c, q, r, "read");
}

static void can_control(struct client *c, const struct request *q, struct reply *r)
{
	r->body = BODY_CAN_CONTROL;
	decide(c, q, r, "control");
}

static void done(struct client *c, const struct request *q, struct reply *r)
{
	(void)c;
	(void)q;
	r->body = BODY_EMPTY;
}

static void unregister(struct client *c, const struct request *q, struct reply *r)
{
	struct loopback_thing *t = loopback_thing_of(c->lb, c->user);

	(void)q;
	if (t)
		t->registered = false;
	r->body = BODY_EMPTY;
}

static const struct {
	enum verb verb;
	void (*serve)(struct client *c, const struct request *q, struct reply *r);
} services[] = {
	{ VERB_CAN_CONTROL, can_control },
	{ VERB_CAN_READ, can_read },
	{ VERB_DISCO_INFO, disco_info },
	{ VERB_DISCO_ITEMS, disco_items },
	{ VERB_IS_FRIEND, is_friend },
	{ VERB_PING, done },
	{ VERB_REGISTER, take_register },
	{ VERB_UNREGISTER, unregister },
};

static void serve(struct client *c, const struct request *q)
{
	struct reply r = { .kind = REPLY_RESULT };
	bool known = false;

	if (c->lb->silent && is(q->to, c->lb->service))
		return;
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (services[i].verb == q->verb) {
			services[i].serve(c, q, &r);
			known = true;
		}
	if (!known)
		reply_error(&r, COND_SERVICE_UNAVAILABLE);
	(void)reply_write(&c->mail, q, &r);
}

static void ask_services(struct client *c, const struct stanza *s)
{
	struct route_context rc = { .side = SIDE_SERVICE | SIDE_THING, .profile = JID_STRINGPREP,
		.self = c->full };
	enum condition cond = COND_NONE;
	struct reply r = { .kind = REPLY_RESULT };
	struct request q;
	struct pool pool;

	pool_init(&pool, WIRE_REQUEST_BYTES);
	switch (route_parse(&rc, s, &pool, &q, &cond)) {
	case ROUTE_PARSED:
		q.from = c->full;
		serve(c, &q);
		break;
	case ROUTE_REFUSED:
		q.from = c->full;
		reply_error(&r, cond);
		(void)reply_write(&c->mail, &q, &r);
		break;
	case ROUTE_SILENCE:
		break;
	}
	pool_fini(&pool);
}

/* ---- the account: roster and password ------------------------------------------ */

static void roster_item(struct xml *x, const char *who, const char *subscription)
{
	xml_open(x, "item", NULL);
	xml_attr(x, "jid", who);
	xml_attr(x, "subscription", subscription);
	xml_close(x);
}

static void push_roster(struct client *c, const char *who, const char *subscription)
{
	struct xml x;
	char id[24];

	snprintf(id, sizeof(id), "push%u", ++c->lb->ids);
	xml_begin(&x, &c->mail);
	xml_open(&x, "iq", NULL);
	xml_attr(&x, "type", "set");
	xml_attr(&x, "id", id);
	xml_attr(&x, "to", c->full);
	xml_open(&x, "query", NS_ROSTER);
	roster_item(&x, who, subscription);
	xml_close(&x);
	xml_close(&x);
	(void)xml_end(&x);
}

/* Friends are remembered as rules of an action that nobody can say. */
static void remember_friend(struct kith_loopback *lb, const char *who, bool yes)
{
	for (size_t i = 0; i < lb->n_rules; i++)
		if (strcmp(lb->rule[i].who, who) == 0 && strcmp(lb->rule[i].action, "(friend)") == 0) {
			lb->rule[i].allow = yes;
			return;
		}
	if (lb->n_rules < LOOPBACK_RULES && yes) {
		struct loopback_rule *u = &lb->rule[lb->n_rules];

		snprintf(u->action, sizeof(u->action), "(friend)");
		u->allow = str_copy(u->who, sizeof(u->who), who) == 0;
		lb->n_rules++;
	}
}

static void answer_account(struct client *c, const struct stanza *s)
{
	bool roster = stanza_child(s, NS_ROSTER, "query") && is(stanza_attr(s, "type"), "get");
	struct xml x;

	xml_begin(&x, &c->mail);
	xml_open(&x, "iq", NULL);
	xml_attr(&x, "type", "result");
	xml_attr(&x, "id", stanza_attr(s, "id"));
	xml_attr(&x, "to", c->full);
	xml_attr(&x, "from", stanza_attr(s, "to"));
	if (roster) {
		xml_open(&x, "query", NS_ROSTER);
		for (size_t i = 0; i < c->lb->n_rules; i++)
			if (strcmp(c->lb->rule[i].action, "(friend)") == 0 && c->lb->rule[i].allow)
				roster_item(&x, c->lb->rule[i].who, "both");
		xml_close(&x);
	}
	xml_close(&x);
	(void)xml_end(&x);
}

/* ---- presence, and whatever is for a person -------------------------------------- */

static void take_presence(struct client *c, const char *to, const char *type)
{
	char who[JID_MAX + 1];

	snprintf(who, sizeof(who), "%.*s", (int)bare_length(to), to);
	if (is(type, "subscribed") || is(type, "unsubscribed")) {
		bool yes = is(type, "subscribed");

		remember_friend(c->lb, who, yes);
		push_roster(c, who, yes ? "both" : "none");
		if (strcmp(who, c->lb->who) == 0)
			c->lb->subscribed = yes;
	} else if (is(type, "subscribe")) {
		(void)presence_write(&c->mail, who, c->full, "subscribed", NULL);
	}
}

static void take(struct client *c, const struct stanza *s, const char *xml, size_t len)
{
	const char *to = stanza_attr(s, "to"), *name = stanza_name(s);
	bool to_person = to && strchr(to, '@') && !is_bare(to, "") &&
	    strncmp(to, c->full, bare_length(c->full)) != 0;

	if (is(name, "presence")) {
		if (to)
			take_presence(c, to, stanza_attr(s, "type"));
	} else if (to_person) {
		if (is_bare(to, c->lb->who))
			buf_add(&c->lb->got, xml, len);
	} else if (is(name, "iq") && (stanza_child(s, NS_ROSTER, "query") ||
	    stanza_child(s, NS_REGISTER, "query"))) {
		if (is(stanza_attr(s, "type"), "get") || is(stanza_attr(s, "type"), "set"))
			answer_account(c, s);
	} else if (is(name, "iq")) {
		ask_services(c, s);
	}
}

void loopback_broker_take(struct client *c)
{
	size_t read = 0, used;

	while (read < c->out.len) {
		enum parser_event ev = parser_next(c->from_thing, c->out.data + read,
		    c->out.len - read, &used);

		if (ev == PARSER_STANZA)
			take(c, parser_stanza(c->from_thing), c->out.data + read, used);
		else if (ev == PARSER_BROKEN || used == 0)
			return;
		read += used;
	}
}
