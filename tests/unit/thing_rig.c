/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thing_rig: see thing_rig.h.  The stand-in client does only what its header
 * promises: up once, stanzas, down once.
 */
#include "config.h"

#include "tests/unit/thing_rig.h"

#include "common/base/ident.h"
#include "common/base/str.h"
#include "common/wire/ns.h"
#include "common/wire/stanza.h"

struct rig *rig;

/* ---- the stand-in ------------------------------------------------------- */

struct client {
	int unused;
};

struct client *client_new(const struct client_conf *conf, const struct client_ops *ops,
    void *arg, struct err *e)
{
	UNUSED(e);
	assert_false(rig->alive);
	rig->alive = rig->pending = true;
	rig->up = rig->closed = false;
	rig->attempts++;
	rig->ops = ops;
	rig->ops_arg = arg;
	rig->resume = conf->resume;
	rig->asked_to_register = conf->register_account;
	assert_int_equal(str_copy(rig->user, sizeof(rig->user), conf->user), 0);
	assert_int_equal(str_copy(rig->password, sizeof(rig->password),
	    (const char *)conf->password->data), 0);
	snprintf(rig->full, sizeof(rig->full), "%s@%s/r1", rig->bind_user ? rig->bind_user
	    : conf->user, rig->bind_domain ? rig->bind_domain : conf->domain);
	return calloc(1, sizeof(struct client));
}

void client_free(struct client **c)
{
	rig->alive = rig->up = rig->pending = false;
	free(*c);
	*c = NULL;
}

int client_fd(const struct client *c)
{
	UNUSED(c);
	return -1;
}

short client_events(const struct client *c)
{
	UNUSED(c);
	return 0;
}

int64_t client_deadline(const struct client *c)
{
	UNUSED(c);
	return rig->pending ? 0 : -1;
}

void client_run(struct client *c, short revents)
{
	const struct stanza *s = rig->arrived;

	UNUSED(c);
	UNUSED(revents);
	rig->arrived = NULL;
	if (s)
		rig->ops->stanza(rig->ops_arg, s);
	if (!rig->pending)
		return;
	rig->pending = false;
	if (rig->ends > 0) {
		rig->ends--;
		rig->ops->down(rig->ops_arg, rig->end_with, "as the test says", 0);
		return;
	}
	if (rig->ops->proved && !rig->ops->proved(rig->ops_arg)) {
		rig->ops->down(rig->ops_arg, CLIENT_LOST, "not wanted", 0);
		return;
	}
	rig->up = true;
	if (rig->asked_to_register)
		rig->ops->registered(rig->ops_arg);
	rig->ops->up(rig->ops_arg, rig->full, &rig->pin);
}

bool client_is_up(const struct client *c)
{
	UNUSED(c);
	return rig->up;
}

struct buf *client_out(struct client *c)
{
	UNUSED(c);
	return resume_out(rig->resume);
}

void client_flush(struct client *c)
{
	UNUSED(c);
	resume_feed(rig->resume, &rig->sent);
}

bool client_probe(struct client *c)
{
	UNUSED(c);
	return false;
}

void client_peer_times(const struct client *c, int64_t *from_ms, int64_t *until_ms)
{
	(void)c;
	*from_ms = 0;
	*until_ms = INT64_MAX;
}

int64_t client_last_byte(const struct client *c)
{
	UNUSED(c);
	return clock_boot(&clock_system) - rig->silent_ms;
}

void client_close(struct client *c)
{
	client_flush(c);
	rig->closed = true;
}

/* ---- the thing ---------------------------------------------------------- */

static void on_event(void *arg, const struct kith_thing_event *ev)
{
	UNUSED(arg);
	if (ev->kind == KITH_THING_EV_STATE)
		buf_addf(&rig->events, "[%s]", kith_thing_state_name(ev->state));
	else
		buf_addf(&rig->events, "{%d %s}", (int)ev->kind, ev->text);
	if (rig->hear)
		rig->hear(ev);
}

static enum kith_thing_result read_level(void *arg, uint64_t ticket, struct kith_thing_value *v)
{
	UNUSED(arg);
	rig->reads++;
	rig->ticket = ticket;
	v->number = rig->level;
	return rig->slow ? KITH_THING_LATER : KITH_THING_OK;
}

static enum kith_thing_result read_secret(void *arg, uint64_t ticket, struct kith_thing_value *v)
{
	UNUSED(arg);
	UNUSED(ticket);
	rig->reads++;
	snprintf(v->text, sizeof(v->text), "sesame");
	return KITH_THING_OK;
}

static enum kith_thing_result write_led(void *arg, uint64_t ticket,
    const struct kith_thing_value *v, char *why, size_t size)
{
	UNUSED(arg);
	UNUSED(ticket);
	UNUSED(why);
	UNUSED(size);
	rig->led_writes++;
	rig->led = v->boolean;
	return KITH_THING_OK;
}

void rig_start(void)
{
	static const struct kith_thing_tag tags[] = {
		{ "SN", "1", 0 }, { "MAN", "kith.example", 0 }, { "V", NULL, 1.5 },
	};
	struct kith_thing_conf conf = {
		.size = sizeof(conf), .state = rig->dir, .domain = "home.example",
		.server = "127.0.0.1:5222", .tags = tags, .n_tags = 3, .event = on_event,
		.has_button = rig->claim_button, .claim_button = rig->claim_button,
		.accept_button = rig->accept_button,
		.translate = rig->translate, .language = rig->language,
	};
	struct kith_thing_field level = { .size = sizeof(level), .name = "level", .unit = "m",
		.type = KITH_THING_NUMERIC, .read = read_level };
	struct kith_thing_field secret = { .size = sizeof(secret), .name = "secret",
		.type = KITH_THING_STRING, .read = read_secret };
	struct kith_thing_control led = { .size = sizeof(led), .name = "led",
		.type = KITH_THING_BOOLEAN, .write = write_led };
	struct kith_thing_control dim = { .size = sizeof(dim), .name = "dim light",
		.type = KITH_THING_NUMERIC, .min = 0, .max = 100, .write = write_led };
	char why[256] = "";

	rig->thing = kith_thing_new(&conf, why, sizeof(why));
	if (!rig->thing)
		fail_msg("%s", why);
	assert_int_equal(kith_thing_add_field(rig->thing, &level), 0);
	assert_int_equal(kith_thing_add_field(rig->thing, &secret), 0);
	assert_int_equal(kith_thing_add_control(rig->thing, &led), 0);
	assert_int_equal(kith_thing_add_control(rig->thing, &dim), 0);
}

void rig_stop(void)
{
	kith_thing_free(&rig->thing);
	buf_reset(&rig->sent);
	rig->read = 0;
}

void rig_process(void)
{
	for (int i = 0; i < 4; i++)
		kith_thing_process(rig->thing);
}

int rig_setup(void **state)
{
	rig = calloc(1, sizeof(*rig));
	if (!rig || folder_setup(&rig->dir) < 0)
		return -1;
	buf_init(&rig->sent, 1 << 22);
	buf_init(&rig->events, 1 << 20);
	rig->pin.tls13 = SASL_SCRAM_SHA_256;
	rig->level = 2.5;
	*state = rig;
	rig_start();
	return 0;
}

int rig_teardown(void **state)
{
	UNUSED(state);
	rig_stop();
	folder_teardown(&rig->dir);
	buf_fini(&rig->sent);
	buf_fini(&rig->events);
	free(rig);
	return 0;
}

bool rig_said(const char *event_text)
{
	return strstr(buf_str(&rig->events), event_text) != NULL;
}

/* ---- stanzas ------------------------------------------------------------ */

void rig_send(const char *fmt, ...)
{
	struct stanza_holder *h = NULL;
	const struct stanza *s;
	char text[16384];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	assert_in_range(n, 1, sizeof(text) - 1);
	s = stanza_from_text(&h, NS_CLIENT, text, (size_t)n);
	if (!s)
		fail_msg("the test's own stanza is broken: %s", text);
	rig->arrived = s;
	kith_thing_process(rig->thing);
	if (rig->arrived)
		fail_msg("nobody is there to take: %s", text);
	stanza_holder_free(&h);
	kith_thing_process(rig->thing);
}

/* Length of the first element in `s`, by depth. */
static size_t element_length(const char *s)
{
	int depth = 0;
	char quote = 0;
	bool closing = false;

	for (size_t i = 0; s[i]; i++) {
		if (quote) {
			quote = s[i] == quote ? 0 : quote;
		} else if (s[i] == '"' && depth >= 0 && strchr("<", s[0])) {
			/* only inside a tag; text holds &quot; or plain quotes */
			size_t k = i;

			while (k > 0 && s[k] != '<' && s[k] != '>')
				k--;
			if (s[k] == '<')
				quote = '"';
		} else if (s[i] == '<') {
			closing = s[i + 1] == '/';
			if (!closing)
				depth++;
		} else if (s[i] == '>') {
			size_t k = i;

			while (k > 0 && s[k] != '<' && (k == i || s[k] != '>'))
				k--;
			if (s[k] != '<')
				continue;	/* a plain > in text */
			if (closing || s[i - 1] == '/')
				depth--;
			closing = false;
			if (depth == 0)
				return i + 1;
		}
	}
	return 0;
}

const char *rig_next(void)
{
	static char text[65536];
	size_t len;

	rig_process();
	len = element_length(buf_str(&rig->sent) + rig->read);
	assert_true(len < sizeof(text));
	memcpy(text, buf_str(&rig->sent) + rig->read, len);
	text[len] = '\0';
	rig->read += len;
	return text;
}

const char *rig_expect_all(const char *first, ...)
{
	const char *stanza = rig_next();
	va_list ap;

	va_start(ap, first);
	for (const char *piece = first; piece; piece = va_arg(ap, const char *))
		if (!strstr(stanza, piece)) {
			va_end(ap);
			fail_msg("no '%s' in: %s", piece, *stanza ? stanza : "(nothing)");
		}
	va_end(ap);
	return stanza;
}

void rig_expect_silence(void)
{
	const char *stanza = rig_next();

	if (*stanza)
		fail_msg("said: %s", stanza);
}

const char *rig_attr(const char *stanza, const char *name)
{
	static char value[512];
	char mark[64];
	const char *at, *end = strchr(stanza, '>');
	size_t len;

	snprintf(mark, sizeof(mark), " %s=\"", name);
	at = strstr(stanza, mark);
	if (!at || !end || at > end)
		fail_msg("no attribute %s in: %s", name, stanza);
	at += strlen(mark);
	len = strcspn(at, "\"");
	assert_true(len < sizeof(value));
	memcpy(value, at, len);
	value[len] = '\0';
	return value;
}

void rig_answer(const char *request, const char *from, const char *payload)
{
	rig_send("<iq type='result' id='%s' from='%s' to='%s'>%s</iq>", rig_attr(request, "id"),
	    from, rig->full, payload);
}

/* ---- the usual way ------------------------------------------------------ */

#define FEATURES "<query xmlns='http://jabber.org/protocol/disco#info'>" \
	"<identity category='component' type='generic'/>" \
	"<feature var='urn:xmpp:iot:discovery'/><feature var='urn:xmpp:iot:provisioning'/>" \
	"<feature var='urn:kith:lease:0'/>%s</query>"

static void answer_roster(void)
{
	const char *q = rig_expect("jabber:iq:roster");

	rig_send("<iq type='result' id='%s' to='%s'><query xmlns='jabber:iq:roster'/></iq>",
	    rig_attr(q, "id"), rig->full);
}

static void answer_disco(const char *more)
{
	char first[1024], second[1024], features[1024];

	rig_answer(rig_expect("disco#items", "to=\"home.example\""), "home.example",
	    "<query xmlns='http://jabber.org/protocol/disco#items'>"
	    "<item jid='" RIG_REGISTRY "'/></query>");
	snprintf(first, sizeof(first), "%s", rig_expect("disco#info", "to=\"home.example\""));
	snprintf(second, sizeof(second), "%s", rig_expect("disco#info", "to=\"" RIG_REGISTRY "\""));
	rig_answer(first, "home.example", "<query xmlns='http://jabber.org/protocol/disco#info'/>");
	assert_true(snprintf(features, sizeof(features), FEATURES, more) < (int)sizeof(features));
	rig_answer(second, RIG_REGISTRY, features);
}

/* Presence and subscriptions that come after registering, until the ping. */
static void answer_ping(void)
{
	const char *s = rig_next();

	while (*s && !strstr(s, "urn:xmpp:ping"))
		s = rig_next();
	assert_non_null(strstr(s, "urn:xmpp:ping"));
	rig_answer(s, RIG_REGISTRY, "");
}

void rig_enroll(const char *registered)
{
	rig_process();
	answer_roster();
	answer_disco("");
	rig_answer(rig_expect("<register", "KEY"), RIG_REGISTRY, registered);
	answer_ping();
	rig_expect_silence();
}

const char *rig_reach_registry(void)
{
	rig_process();
	answer_roster();
	answer_disco("<feature var='urn:kith:thing:0'/>");
	return rig_expect("<register", "KEY");
}

void rig_owned(void)
{
	rig_enroll("<claimed xmlns='urn:xmpp:iot:discovery' jid='" RIG_OWNER "' public='false'/>");
}

/* Whom our server let in is asked about. */
void rig_befriend(const char *bare)
{
	char payload[512];
	const char *q;

	rig_send("<iq type='set' id='push1' to='%s'><query xmlns='jabber:iq:roster'>"
	    "<item jid='%s' subscription='from'/></query></iq>", rig->full, bare);
	q = rig_next();
	if (strstr(q, "id=\"push1\""))
		return;		/* it knew, and asked nobody */
	assert_non_null(strstr(q, "isFriend"));
	snprintf(payload, sizeof(payload), "<isFriendResponse xmlns='urn:xmpp:iot:provisioning' "
	    "jid='%s' result='true'/>", bare);
	rig_answer(q, RIG_REGISTRY, payload);
	rig_expect("type=\"result\"", "id=\"push1\"");
}
