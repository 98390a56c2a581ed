/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loopback: the face of libkith-loopback: brokers by domain, whose a thing is,
 * and people who read, set and chat.  Next: loopback_broker.c, what the services
 * answer; loopback_client.c, the thing's end.
 */
#include "config.h"

#include "thing/loopback.h"

#include <stdio.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/str.h"
#include "common/wire/ns.h"
#include "common/wire/push.h"
#include "common/wire/stanza.h"
#include "common/wire/xml.h"
#include "thing/loopback_link.h"

#define TURNS 2000		/* a device that never rests is not waited for */

static struct kith_loopback *brokers;	/* of the program: see loopback.h */

struct kith_loopback *loopback_find(const char *domain)
{
	struct kith_loopback *lb = brokers;

	while (lb && !str_case_eq(lb->domain, domain))
		lb = lb->next;
	return lb;
}

struct loopback_thing *loopback_thing_of(struct kith_loopback *lb, const char *user)
{
	for (size_t i = 0; i < lb->n_things; i++)
		if (strcmp(lb->thing[i].user, user) == 0)
			return &lb->thing[i];
	if (lb->n_things == LOOPBACK_THINGS ||
	    str_copy(lb->thing[lb->n_things].user, sizeof(lb->thing[0].user), user) < 0)
		return NULL;
	return &lb->thing[lb->n_things++];
}

/* ---- making one ---------------------------------------------------------------- */

struct kith_loopback *kith_loopback_new(const char *domain)
{
	MEM_WITHIN(NULL);
	struct kith_loopback *lb = loopback_find(domain) ? NULL : mem_zalloc(sizeof(*lb));

	if (!lb)
		return NULL;
	if (str_copy(lb->domain, sizeof(lb->domain), domain) < 0) {
		mem_free(lb);
		return NULL;
	}
	snprintf(lb->service, sizeof(lb->service), "registry.%s", domain);
	buf_init(&lb->got, LOOPBACK_BYTES);
	lb->revision = 1;
	lb->next = brokers;
	brokers = lb;
	return lb;
}

void kith_loopback_free(struct kith_loopback **lbp)
{
	MEM_WITHIN(NULL);
	struct kith_loopback *lb = *lbp, **at = &brokers;

	if (!lb)
		return;
	while (*at != lb)
		at = &(*at)->next;
	*at = lb->next;
	buf_fini(&lb->got);
	mem_free(lb);
	*lbp = NULL;
}

struct kith_thing *kith_loopback_thing(struct kith_loopback *lb,
    const struct kith_thing_conf *conf, char *why, size_t why_size)
{
	struct kith_thing_conf mine = { 0 };

	memcpy(&mine, conf, conf->size < sizeof(mine) ? conf->size : sizeof(mine));
	mine.domain = lb->domain;
	mine.server = "127.0.0.1:5222";	/* never looked at, and nothing is looked for */
	mine.boot_spread_ms = 0;
	mine.locate = 0;
	return kith_thing_new(&mine, why, why_size);
}

/* ---- letting it run -------------------------------------------------------------- */

static struct client *link_of(struct kith_loopback *lb, const struct kith_thing *t)
{
	const char *jid = kith_thing_jid(t);
	struct client *c = lb->links;

	while (c && (strncmp(c->full, jid, strlen(jid)) != 0 || c->full[strlen(jid)] != '/'))
		c = c->next;
	return c;
}

void kith_loopback_run(struct kith_loopback *lb, struct kith_thing *t)
{
	(void)lb;
	for (int i = 0; i < TURNS; i++) {
		kith_thing_process(t);
		if (kith_thing_timeout(t) != 0)
			return;
	}
}

void kith_loopback_advance(struct kith_loopback *lb, struct kith_thing *t, int64_t ms)
{
	loopback_clock_advance(ms);
	kith_loopback_run(lb, t);
}

/* ---- whose it is ----------------------------------------------------------------- */

static void push(struct kith_loopback *lb, struct kith_thing *t, struct push p)
{
	MEM_WITHIN(NULL);
	struct client *c = link_of(lb, t);
	char id[24];

	if (!c)
		return;
	snprintf(id, sizeof(id), "push%u", ++lb->ids);
	p.from = lb->service;
	p.to = c->full;
	p.id = id;
	(void)push_write(&c->mail, &p);
}

static struct loopback_thing *known(struct kith_loopback *lb, const struct kith_thing *t)
{
	const struct client *c = link_of(lb, t);
	struct loopback_thing *thing = c ? loopback_thing_of(lb, c->user) : NULL;

	return thing && thing->registered ? thing : NULL;
}

int kith_loopback_claim(struct kith_loopback *lb, struct kith_thing *t, const char *owner)
{
	struct loopback_thing *thing;

	kith_loopback_run(lb, t);
	thing = known(lb, t);
	if (!thing || thing->owner[0] || !kith_thing_claim_uri(t)[0] ||
	    str_copy(thing->owner, sizeof(thing->owner), owner) < 0)
		return -1;
	push(lb, t, (struct push){ .verb = VERB_CLAIMED, .dialect = thing->dialect, .jid = owner });
	kith_loopback_run(lb, t);
	return 0;
}

int kith_loopback_disown(struct kith_loopback *lb, struct kith_thing *t)
{
	struct loopback_thing *thing = known(lb, t);

	if (!thing || !thing->owner[0])
		return -1;
	thing->owner[0] = '\0';
	push(lb, t, (struct push){ .verb = VERB_DISOWNED, .dialect = thing->dialect });
	kith_loopback_run(lb, t);
	return 0;
}

static int say(struct kith_loopback *lb, const char *who, const char *action, const char *name,
    bool allow)
{
	struct loopback_rule u = { .allow = allow };

	if (lb->n_rules == LOOPBACK_RULES || str_copy(u.who, sizeof(u.who), who) < 0 ||
	    str_copy(u.action, sizeof(u.action), action) < 0 ||
	    str_copy(u.name, sizeof(u.name), name ? name : "") < 0 ||
	    (strcmp(action, "befriend") && strcmp(action, "read") && strcmp(action, "control")))
		return -1;
	lb->rule[lb->n_rules++] = u;
	lb->revision++;
	return 0;
}

int kith_loopback_allow(struct kith_loopback *lb, const char *who, const char *action,
    const char *name)
{
	return say(lb, who, action, name, true);
}

int kith_loopback_deny(struct kith_loopback *lb, const char *who, const char *action,
    const char *name)
{
	return say(lb, who, action, name, false);
}

void kith_loopback_recall(struct kith_loopback *lb, struct kith_thing *t)
{
	const struct loopback_thing *thing = known(lb, t);
	struct push p = { .verb = VERB_CLEAR_CACHE, .floor = lb->revision };

	if (!thing)
		return;
	p.dialect = thing->dialect;
	p.dialect.proto = PROTO_PROV_DEVICE;
	push(lb, t, p);
	kith_loopback_run(lb, t);
}

/* ---- what people do ----------------------------------------------------------------- */

static void fail(struct kith_loopback *lb, const char *why)
{
	snprintf(lb->why, sizeof(lb->why), "%s", why);
}

/* `who` sends these bytes, which are stanzas; what comes back is in lb->got. */
static int exchange(struct kith_loopback *lb, struct kith_thing *t, const char *who,
    const struct buf *mail)
{
	struct client *c;

	kith_loopback_run(lb, t);
	c = link_of(lb, t);
	if (!c || !c->up || !buf_ok(mail) || str_copy(lb->who, sizeof(lb->who), who) < 0) {
		fail(lb, "service-unavailable");
		return -1;
	}
	{
		MEM_WITHIN(NULL);
		buf_reset(&lb->got);
		buf_add(&c->mail, mail->data, mail->len);
	}
	kith_loopback_run(lb, t);
	fail(lb, lb->got.len > 0 ? "" : "silent");
	return 0;
}

/* Opens <name type from to id>; the rest is the caller's. */
static void begin(struct xml *x, struct buf *out, struct kith_loopback *lb,
    const struct kith_thing *t, const char *who, const char *name, const char *type)
{
	const struct client *c = link_of(lb, t);
	char from[JID_MAX + 16], id[24];

	snprintf(from, sizeof(from), "%s/loopback", who);
	snprintf(id, sizeof(id), "loopback%u", ++lb->ids);
	xml_begin(x, out);
	xml_open(x, name, NULL);
	xml_attr(x, "type", type);
	xml_attr(x, "from", from);
	xml_attr(x, "to", c ? c->full : kith_thing_jid(t));
	xml_attr(x, "id", id);
}

/* Calls `look` with each stanza that came back, until it is true. */
static bool each(struct kith_loopback *lb, bool (*look)(void *arg, const struct stanza *s),
    void *arg)
{
	static const char header[] = "<stream:stream xmlns='" NS_CLIENT "' xmlns:stream='"
	    NS_STREAMS "'>";
	struct parser *p = parser_new(NS_CLIENT, WIRE_STANZA_BYTES, NULL);
	size_t read = 0, used;
	bool found = false;

	if (!p || parser_next(p, header, sizeof(header) - 1, &used) != PARSER_OPENED)
		goto out;
	while (!found && read < lb->got.len && parser_next(p, lb->got.data + read,
	    lb->got.len - read, &used) == PARSER_STANZA) {
		read += used;
		found = look(arg, parser_stanza(p));
	}
out:
	parser_free(&p);
	return found;
}

static bool look_error(void *arg, const struct stanza *s)
{
	const struct stanza *error = stanza_child(s, NS_CLIENT, "error");
	const struct stanza *cond = error ? stanza_first(error) : NULL;
	const char *type = stanza_attr(s, "type");

	if (!type || strcmp(type, "error") != 0)
		return false;
	fail(arg, cond ? stanza_name(cond) : "malformed");
	return true;
}

static bool look_result(void *arg, const struct stanza *s)
{
	const char *type = stanza_attr(s, "type");

	(void)arg;
	return strcmp(stanza_name(s), "iq") == 0 && type && strcmp(type, "result") == 0;
}

struct wanted {
	struct kith_loopback *lb;
	const char *field;
	struct buf text;
};

static void take_value(struct wanted *w, const struct stanza *v)
{
	const char *name = stanza_attr(v, "name"), *value = stanza_attr(v, "value");
	const char *unit = stanza_attr(v, "unit");

	if (w->text.len > 0 || !name || !value || !str_case_eq(name, w->field))
		return;
	buf_adds(&w->text, value);
	if (unit && *unit)
		buf_addf(&w->text, " %s", unit);
}

/* <fields><node><timestamp><numeric/>: XEP-0323. */
static bool look_value(void *arg, const struct stanza *s)
{
	struct wanted *w = arg;
	const struct stanza *fields = stanza_child(s, "urn:xmpp:iot:sensordata", "fields");
	const struct stanza *node = fields ? stanza_first(fields) : NULL, *time, *v;

	for (; node; node = stanza_next(node))
		for (time = stanza_first(node); time; time = stanza_next(time))
			for (v = stanza_first(time); v; v = stanza_next(v))
				take_value(w, v);
	return w->text.len > 0;
}

static bool look_body(void *arg, const struct stanza *s)
{
	struct wanted *w = arg;
	const struct stanza *body = stanza_child(s, NS_CLIENT, "body");

	if (body)
		buf_addf(&w->text, "%s%s", w->text.len > 0 ? "\n" : "", stanza_text(body));
	return false;
}

/* Keeps `text` where the caller may read it: in lb->got. */
static const char *keep(struct kith_loopback *lb, struct buf *text)
{
	buf_reset(&lb->got);
	buf_add(&lb->got, text->data, text->len);
	buf_fini(text);
	return buf_str(&lb->got);
}

const char *kith_loopback_read(struct kith_loopback *lb, struct kith_thing *t, const char *who,
    const char *field)
{
	MEM_WITHIN(NULL);
	struct wanted w = { .lb = lb, .field = field };
	struct buf mail;
	struct xml x;
	bool found;

	buf_init(&mail, LOOPBACK_BYTES);
	buf_init(&w.text, LOOPBACK_BYTES);
	begin(&x, &mail, lb, t, who, "iq", "get");
	xml_open(&x, "req", "urn:xmpp:iot:sensordata");
	xml_attr(&x, "seqnr", "1");
	xml_attr(&x, "momentary", "true");
	xml_open(&x, "field", NULL);
	xml_attr(&x, "name", field);
	xml_close(&x);
	xml_close(&x);
	xml_close(&x);
	(void)xml_end(&x);
	found = exchange(lb, t, who, &mail) == 0 && !each(lb, look_error, lb) &&
	    each(lb, look_value, &w);
	buf_fini(&mail);
	if (found)
		return keep(lb, &w.text);
	buf_fini(&w.text);
	if (!lb->why[0])
		fail(lb, "malformed");
	return NULL;
}

/* The elements of XEP-0325. */
static const char *element_of(enum kith_thing_type type)
{
	static const char *const names[] = {
		[KITH_THING_BOOLEAN] = "boolean", [KITH_THING_NUMERIC] = "double",
		[KITH_THING_STRING] = "string", [KITH_THING_DATETIME] = "dateTime",
		[KITH_THING_TIMESPAN] = "duration", [KITH_THING_ENUM] = "string",
		[KITH_THING_INT] = "int", [KITH_THING_DATE] = "date",
		[KITH_THING_TIME] = "time", [KITH_THING_COLOR] = "color",
	};

	return (size_t)type < sizeof(names) / sizeof(names[0]) ? names[type] : "string";
}

int kith_loopback_set(struct kith_loopback *lb, struct kith_thing *t, const char *who,
    enum kith_thing_type type, const char *control, const char *value)
{
	MEM_WITHIN(NULL);
	struct buf mail;
	struct xml x;
	int ret = -1;

	buf_init(&mail, LOOPBACK_BYTES);
	begin(&x, &mail, lb, t, who, "iq", "set");
	xml_open(&x, "set", "urn:xmpp:iot:control");
	xml_open(&x, element_of(type), NULL);
	xml_attr(&x, "name", control);
	xml_attr(&x, "value", value);
	xml_close(&x);
	xml_close(&x);
	xml_close(&x);
	(void)xml_end(&x);
	if (exchange(lb, t, who, &mail) == 0 && !each(lb, look_error, lb) &&
	    each(lb, look_result, NULL))
		ret = 0;
	buf_fini(&mail);
	return ret;
}

const char *kith_loopback_chat(struct kith_loopback *lb, struct kith_thing *t, const char *who,
    const char *line)
{
	MEM_WITHIN(NULL);
	struct wanted w = { .lb = lb };
	struct buf mail;
	struct xml x;

	buf_init(&mail, LOOPBACK_BYTES);
	buf_init(&w.text, LOOPBACK_BYTES);
	begin(&x, &mail, lb, t, who, "message", "chat");
	xml_leaf(&x, "body", NULL, line);
	xml_close(&x);
	(void)xml_end(&x);
	if (exchange(lb, t, who, &mail) == 0)
		(void)each(lb, look_body, &w);
	buf_fini(&mail);
	return keep(lb, &w.text);
}

const char *kith_loopback_send(struct kith_loopback *lb, struct kith_thing *t, const char *who,
    const char *xml)
{
	MEM_WITHIN(NULL);
	const struct client *c = link_of(lb, t);
	size_t name = strcspn(xml, " />");
	struct buf mail;

	buf_init(&mail, LOOPBACK_BYTES);
	buf_add(&mail, xml, name);
	buf_addf(&mail, " from='%s/loopback' to='%s'%s", who, c ? c->full : kith_thing_jid(t),
	    xml + name);
	if (exchange(lb, t, who, &mail) < 0)
		buf_reset(&lb->got);
	buf_fini(&mail);
	(void)each(lb, look_error, lb);
	return buf_str(&lb->got);
}

int kith_loopback_befriend(struct kith_loopback *lb, struct kith_thing *t, const char *who)
{
	MEM_WITHIN(NULL);
	struct buf mail;

	lb->subscribed = false;
	buf_init(&mail, LOOPBACK_BYTES);
	(void)presence_write(&mail, who, kith_thing_jid(t), "subscribe", NULL);
	(void)exchange(lb, t, who, &mail);
	buf_fini(&mail);
	return lb->subscribed ? 0 : -1;
}

const char *kith_loopback_why(const struct kith_loopback *lb)
{
	return lb->why;
}

/* ---- what goes wrong ------------------------------------------------------------------ */

void kith_loopback_cut(struct kith_loopback *lb, struct kith_thing *t)
{
	struct client *c = link_of(lb, t);

	if (c)
		c->cut = true;
	kith_loopback_run(lb, t);
}

void kith_loopback_refuse(struct kith_loopback *lb, unsigned logins)
{
	lb->refuse = logins;
}

void kith_loopback_silence(struct kith_loopback *lb, int silent)
{
	lb->silent = silent != 0;
}

unsigned kith_loopback_questions(const struct kith_loopback *lb)
{
	return lb->questions;
}
