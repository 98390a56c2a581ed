/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crowd_town: what a thing meets behind its login: a registry that knows whose every
 * thing is, provisioning that says yes for an hour and counts, and a friend.
 */
#include "config.h"

#include "tests/bench/crowd.h"

#include <stdio.h>
#include <string.h>

#include "common/wire/ns.h"
#include "common/wire/stanza.h"

#define SERVICE "kith." CROWD_DOMAIN
#define OWNER "owner@" CROWD_DOMAIN
#define FRIEND "friend@" CROWD_DOMAIN
#define PROV "urn:xmpp:iot:provisioning"
#define LEASE "<lease xmlns='" NS_LEASE "' revision='1' ttl='3600000'/>"

static unsigned long questions, readings, values;

static const char *attr(const struct stanza *s, const char *name)
{
	const char *value = stanza_attr(s, name);

	return value ? value : "";
}

static void answer(struct conn *c, const struct stanza *s, const char *payload)
{
	crowd_say(c, "<iq type='result' id='%s' from='%s' to='%s'>%s</iq>", attr(s, "id"),
	    attr(s, "to")[0] ? attr(s, "to") : CROWD_DOMAIN, c->full, payload);
}

/* ---- the services ---------------------------------------------------------- */

static void roster(struct conn *c, const struct stanza *s)
{
	char list[512];

	snprintf(list, sizeof(list), "<query xmlns='" NS_ROSTER "'>%s%s</query>",
	    c->member->owner ? "<item jid='" OWNER "' subscription='to'/>"
	    "<item jid='" SERVICE "' subscription='to'/>" : "",
	    c->member->friend ? "<item jid='" FRIEND "' subscription='from'/>" : "");
	answer(c, s, list);
}

static void disco_items(struct conn *c, const struct stanza *s)
{
	answer(c, s, "<query xmlns='" NS_DISCO_ITEMS "'><item jid='" SERVICE "'/></query>");
}

static void disco_info(struct conn *c, const struct stanza *s)
{
	answer(c, s, strcmp(attr(s, "to"), SERVICE) != 0 ? "<query xmlns='" NS_DISCO_INFO "'/>"
	    : "<query xmlns='" NS_DISCO_INFO "'><identity category='component' type='generic'/>"
	    "<feature var='urn:xmpp:iot:discovery'/><feature var='" PROV "'/>"
	    "<feature var='" NS_LEASE "'/></query>");
}

static void take_register(struct conn *c, const struct stanza *s)
{
	answer(c, s, "<claimed xmlns='urn:xmpp:iot:discovery' jid='" OWNER "' public='false'/>");
}

static void decide(struct conn *c, const struct stanza *s)
{
	const struct stanza *q = stanza_first(s);
	char yes[512];

	questions++;
	snprintf(yes, sizeof(yes), "<%sResponse xmlns='" PROV "' jid='%s' result='true'"
	    " momentary='true'>" LEASE "</%sResponse>", stanza_name(q), attr(q, "jid"),
	    stanza_name(q));
	answer(c, s, yes);
}

static void nothing(struct conn *c, const struct stanza *s)
{
	answer(c, s, "");
}

static const struct {
	const char *ns, *name;
	void (*serve)(struct conn *c, const struct stanza *s);
} services[] = {
	{ NS_ROSTER, "query", roster },
	{ NS_DISCO_ITEMS, "query", disco_items },
	{ NS_DISCO_INFO, "query", disco_info },
	{ "urn:xmpp:iot:discovery", "register", take_register },
	{ PROV, "isFriend", decide },
	{ PROV, "canRead", decide },
	{ PROV, "canControl", decide },
	{ NS_PING, "ping", nothing },
};

static void serve(struct conn *c, const struct stanza *s)
{
	const struct stanza *q = stanza_first(s);

	for (size_t i = 0; q && i < sizeof(services) / sizeof(services[0]); i++)
		if (stanza_is(q, services[i].ns, services[i].name)) {
			services[i].serve(c, s);
			return;
		}
	crowd_say(c, "<iq type='error' id='%s' from='%s' to='%s'><error type='cancel'>"
	    "<service-unavailable xmlns='" NS_STANZAS "'/></error></iq>", attr(s, "id"),
	    attr(s, "to"), c->full);
}

/* ---- the friend -------------------------------------------------------------- */

static void read_one(struct member *m)
{
	crowd_say(m->conn, "<iq type='get' id='read' from='" FRIEND "/phone' to='%s'>"
	    "<req xmlns='urn:xmpp:iot:sensordata' seqnr='1' momentary='true'>"
	    "<field name='level'/></req></iq>", m->conn->full);
}

static void has_read(struct member *m, bool value)
{
	if (!m->reading)
		return;
	m->reading = false;
	values += value;
	if (--readings > 0)
		return;
	printf("read %lu %lu\n", values, questions);
	fflush(stdout);
}

void town_read_all(void)
{
	values = 0;
	readings = 1;		/* ours, until all have been asked */
	for (struct member *m = crowd_members(); m; m = m->next) {
		m->reading = m->conn && m->present;
		if (!m->reading)
			continue;
		readings++;
		if (m->friend)
			read_one(m);
		else
			crowd_say(m->conn, "<presence type='subscribe' from='" FRIEND "' to='%s@"
			    CROWD_DOMAIN "'/>", m->name);
	}
	has_read(&(struct member){ .reading = true }, false);
}

void town_leave(struct member *m)
{
	m->present = false;
	has_read(m, false);
}

/* ---- presence ---------------------------------------------------------------- */

static void push_roster(struct conn *c, const char *who, const char *subscription)
{
	crowd_say(c, "<iq type='set' id='push' to='%s'><query xmlns='" NS_ROSTER "'>"
	    "<item jid='%s' subscription='%s'/></query></iq>", c->full, who, subscription);
}

static void presence(struct conn *c, const struct stanza *s)
{
	const char *to = attr(s, "to"), *type = attr(s, "type");

	if (!to[0]) {
		c->member->present = !type[0];
	} else if (strcmp(type, "subscribe") == 0) {
		c->member->owner |= strcmp(to, OWNER) == 0;
		crowd_say(c, "<presence type='subscribed' from='%s' to='%s@" CROWD_DOMAIN "'/>", to,
		    c->member->name);
		push_roster(c, to, strcmp(to, FRIEND) == 0 ? "both" : "to");
	} else if (strcmp(type, "subscribed") == 0 && strcmp(to, FRIEND) == 0) {
		c->member->friend = true;
		push_roster(c, FRIEND, "from");
		if (c->member->reading)
			read_one(c->member);
	} else if (strcmp(type, "unsubscribed") == 0 && strcmp(to, FRIEND) == 0) {
		c->member->friend = false;
		has_read(c->member, false);
	}
}

void town_take(struct conn *c, const struct stanza *s)
{
	bool iq = strcmp(stanza_name(s), "iq") == 0;
	const char *type = attr(s, "type");

	if (strcmp(stanza_name(s), "presence") == 0)
		presence(c, s);
	else if (iq && (strcmp(type, "get") == 0 || strcmp(type, "set") == 0))
		serve(c, s);
	else if (iq && strcmp(type, "error") == 0 && strcmp(attr(s, "id"), "read") == 0)
		has_read(c->member, false);
	else if (stanza_child(s, "urn:xmpp:iot:sensordata", "fields"))
		has_read(c->member, true);
}
