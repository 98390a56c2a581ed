/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client: the steps of a login, in the order they are taken: find the host,
 * connect, TLS, make the account, SASL, bind.  What an element means is read
 * by features.c, account.c and sasl.c; here is only what comes when.  Nothing
 * is tried twice and no weaker mechanism follows a failed one.
 */
#include "config.h"

#include "common/wire/client_part.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/base/str.h"
#include "common/wire/ns.h"
#include "common/wire/stanza.h"
#include "common/wire/wait.h"
#include "common/wire/xml.h"

#define TIMEOUT_MS 30000
#define USER_TIMEOUT_MS 20000		/* TCP: unacknowledged that long is lost */
#define ADDRESS_MS 8000			/* for the first word from one of several addresses */

/* The end */

/* The first reason counts; it is told at the end of client_run. */
void
client_fail_after(struct client *c, enum client_end why, int64_t retry_after, const char *text)
{
	if (c->step == OVER)
		return;
	c->step = OVER;
	c->why = why;
	c->retry_after = retry_after;
	(void)snprintf(c->text, sizeof(c->text), "%s", text);
	if (c->stream != NULL)
		stream_close(c->stream, NULL);
}

void
client_fail(struct client *c, enum client_end why, const char *text)
{
	client_fail_after(c, why, 0, text);
}

/* For as long as it says, or for a minute. */
void
client_wait_for(struct client *c, int64_t ms, const char *text)
{
	client_fail_after(c, CLIENT_WAIT, ms > 0 ? ms : WAIT_UNSAID_MS, text);
}

/* Our iqs before the login is through: one at a time */

static int
begin_iq(struct client *c, struct xml *x, const char *type, const char *to)
{
	if (ident_text(c->id, NULL) != 0)
		return -1;
	xml_begin(x, stream_out(c->stream));
	xml_open(x, "iq", NULL);
	xml_attr(x, "type", type);
	xml_attr(x, "id", c->id);
	xml_attr(x, "to", to);
	return 0;
}

static void
end_iq(struct client *c, struct xml *x)
{
	xml_close(x);
	if (xml_end(x) != 0)
		client_fail(c, CLIENT_LOST, "the sending queue is full");
}

/* The server, or it in the name of our own account (RFC 6120 8.1.2.1). */
static bool
from_server(const struct client *c, const char *from)
{
	size_t user = strlen(c->user), domain = strlen(c->domain);

	if (from == NULL || strcmp(from, c->domain) == 0)
		return true;
	if (strncmp(from, c->user, user) != 0 || from[user] != '@')
		return false;
	from += user + 1;
	return strcspn(from, "/") == domain && strncmp(from, c->domain, domain) == 0;
}

enum answer { NOT_OURS, RESULT, REFUSAL };

/* An answer is ours by name, type, id and sender, never by id alone. */
static enum answer
answer_to_us(const struct client *c, const struct stanza *s)
{
	const char *id = stanza_attr(s, "id"), *type = stanza_attr(s, "type");

	if (!stanza_is(s, NS_CLIENT, "iq") || id == NULL || type == NULL || c->id[0] == '\0' ||
	    strcmp(id, c->id) != 0 || !from_server(c, stanza_attr(s, "from")))
		return NOT_OURS;
	if (strcmp(type, "result") == 0)
		return RESULT;
	return strcmp(type, "error") == 0 ? REFUSAL : NOT_OURS;
}

/* An error in answer to one of our iqs: `otherwise` unless it says more. */
static void
refused_iq(struct client *c, const struct stanza *s, enum client_end otherwise, const char *what)
{
	const struct stanza *error = stanza_child(s, NS_CLIENT, "error"), *condition;
	const char *type = error != NULL ? stanza_attr(error, "type") : NULL;
	char text[ERR_TEXT];

	condition = error != NULL ? stanza_first(error) : NULL;
	(void)snprintf(text, sizeof(text), "%s: %.60s", what,
	    condition != NULL ? stanza_name(condition) : "no reason given");
	if (type != NULL && strcmp(type, "wait") == 0)
		client_wait_for(c, wait_ms(error), text);
	else
		client_fail(c, otherwise, text);
}

/* TLS */

static void
start_tls(struct client *c)
{
	const struct tls_conf conf = {
		.domain = c->domain, .ca_file = c->ca_file, .cert_file = c->cert_file,
		.key_file = c->key_file, .direct = c->direct_tls,
		.now_ms = c->earliest_ms > 0 ? clock_wall(c->clock) : 0, .earliest_ms = c->earliest_ms
	};
	struct err e = ERR_INIT;
	struct tls *tls = tls_new(&conf, &e);

	if (tls == NULL) {
		client_fail(c, CLIENT_UNTRUSTED, e.text);
		return;
	}
	stream_start_tls(c->stream, tls);
	stream_open(c->stream, c->domain, NULL, true);
	c->step = FEATURES_TLS;
}

static void
take_features_clear(struct client *c, const struct stanza *s)
{
	if (!stanza_is(s, NS_STREAMS, "features")) {
		client_fail(c, CLIENT_UNTRUSTED, "the server sent stanzas before TLS");
		return;
	}
	features_read(&c->features, s);
	if (!c->features.starttls) {
		client_fail(c, CLIENT_UNTRUSTED, "the server offers no TLS");
		return;
	}
	buf_adds(stream_out(c->stream), "<starttls xmlns='" NS_TLS "'/>");
	c->step = PROCEED;
}

static void
take_proceed(struct client *c, const struct stanza *s)
{
	if (stanza_is(s, NS_TLS, "proceed"))
		start_tls(c);
	else
		client_fail(c, CLIENT_UNTRUSTED, "the server does not start TLS");
}

/* The account */

static void
ask_for_account(struct client *c)
{
	struct xml x;

	if (begin_iq(c, &x, account_iq_type(c->account), account_iq_to(c->account)) != 0) {
		client_fail(c, CLIENT_LOST, "no random numbers");
		return;
	}
	account_write(c->account, &x);
	c->step = REGISTERING;
	end_iq(c, &x);
}

static void
begin_account(struct client *c)
{
	int64_t now = clock_wall(c->clock);
	const struct account_conf conf = {
		.domain = c->domain, .user = c->user, .password = &c->password,
		.invite = c->features.invites ? c->invite : NULL,
		.maker_key = c->maker_key, .maker_secret = c->maker_secret,
		.now_ms = clock_is_likely(now, c->earliest_ms) ? now : 0,
		.earliest_ms = c->earliest_ms
	};
	struct err e = ERR_INIT;

	c->account = account_new(&conf, &e);
	if (c->account == NULL)
		client_fail(c, CLIENT_LOST, e.text);
	else
		ask_for_account(c);
}

static void
take_registering(struct client *c, const struct stanza *s)
{
	static const enum client_end ends[] = {
		[ACCOUNT_TAKEN] = CLIENT_CONFLICT, [ACCOUNT_UNLIKED] = CLIENT_UNLIKED,
		[ACCOUNT_UNINVITED] = CLIENT_UNINVITED, [ACCOUNT_LATER] = CLIENT_WAIT,
		[ACCOUNT_NEVER] = CLIENT_NO_REGISTER, [ACCOUNT_FAILED] = CLIENT_LOST,
	};
	enum answer a = answer_to_us(c, s);
	enum account_step step;

	if (a == NOT_OURS)
		return;
	step = account_take(c->account, s, a == RESULT);
	if (step == ACCOUNT_ASK) {
		ask_for_account(c);
	} else if (step == ACCOUNT_MADE) {
		account_free(&c->account);
		c->ops.registered(c->arg);
		client_begin_sasl(c);
	} else {
		client_fail_after(c, ends[step], account_wait_ms(c->account), account_text(c->account));
	}
}

/* The mechanisms are looked at before an account is made: one that we could
 * never use must not be. */
static void
take_features_tls(struct client *c, const struct stanza *s)
{
	unsigned char data[TLS_BINDING_MAX];
	size_t len;

	if (!stanza_is(s, NS_STREAMS, "features")) {
		client_fail(c, CLIENT_UNTRUSTED, "the server sent stanzas before the login");
		return;
	}
	features_read(&c->features, s);
	if (c->ops.proved != NULL && !c->ops.proved(c->arg)) {
		client_fail(c, CLIENT_LOST, "not wanted");
		return;
	}
	if (!c->register_account) {
		client_begin_sasl(c);
		return;
	}
	if (client_choose(c, client_binding(c, data, &len)) != 0)
		return;
	if (c->mech == SASL_EXTERNAL)
		client_begin_sasl(c);	/* the certificate is the account */
	else if (c->features.registration)
		begin_account(c);
	else
		client_fail(c, CLIENT_NO_REGISTER, "the server offers no registration");
}

/* Bind, or take up the session of before */

static void
ask_for_address(struct client *c)
{
	struct xml x;

	if (!c->features.bind) {
		client_fail(c, CLIENT_LOST, "the server binds no resource");
		return;
	}
	if (begin_iq(c, &x, "set", NULL) != 0) {
		client_fail(c, CLIENT_LOST, "no random numbers");
		return;
	}
	xml_open(&x, "bind", NS_BIND);
	if (c->resource != NULL)
		xml_leaf(&x, "resource", NULL, c->resource);
	xml_close(&x);
	c->step = BIND;
	end_iq(c, &x);
}

static void
take_features_bind(struct client *c, const struct stanza *s)
{
	if (!stanza_is(s, NS_STREAMS, "features")) {
		client_fail(c, CLIENT_LOST, "the server sent stanzas before the resource was bound");
		return;
	}
	features_read(&c->features, s);
	if (c->resume == NULL || !c->features.sm || !resume_can(c->resume)) {
		ask_for_address(c);
		return;
	}
	resume_knock(c->resume, stream_out(c->stream));
	c->step = RESUME;
}

static struct sasl_pin
pin_of(const struct client *c)
{
	struct sasl_pin pin = c->pin;

	if (client_is_13(c))
		pin.tls13 = c->mech;
	else
		pin.tls12 = c->mech;
	return pin;
}

/* It is forgotten with each connection (XEP-0352 section 4). */
static void
say_activity(struct client *c)
{
	if (!c->features.csi || c->activity == CLIENT_SAYS_NOTHING)
		return;
	buf_addf(stream_out(c->stream), "<%s xmlns='" NS_CSI "'/>",
	    c->activity == CLIENT_ACTIVE ? "active" : "inactive");
}

static void
come_up(struct client *c)
{
	struct sasl_pin pin = pin_of(c);

	c->step = UP;
	c->id[0] = '\0';
	if (c->resume != NULL) {
		resume_forget(c->resume);
		if (c->features.sm)
			resume_enable(c->resume, stream_out(c->stream));
	}
	say_activity(c);
	c->ops.up(c->arg, c->jid, &pin);
}

static void
go_on(struct client *c, const struct stanza *s)
{
	struct sasl_pin pin = pin_of(c);

	if (resume_resumed(c->resume, s) != 0) {
		resume_forget(c->resume);
		client_fail(c, CLIENT_LOST, "the server resumed what never was");
		return;
	}
	resume_again(c->resume, stream_out(c->stream));
	c->step = UP;
	say_activity(c);
	c->ops.resumed(c->arg, &pin);
}

static void
take_resume(struct client *c, const struct stanza *s)
{
	if (stanza_is(s, NS_SM, "resumed")) {
		go_on(c, s);
	} else if (stanza_is(s, NS_SM, "failed")) {
		resume_forget(c->resume);
		ask_for_address(c);
	} else {
		client_fail(c, CLIENT_LOST, "the server sent stanzas before the session was resumed");
	}
}

static void
ask_for_session(struct client *c)
{
	struct xml x;

	if (begin_iq(c, &x, "set", NULL) != 0) {
		client_fail(c, CLIENT_LOST, "no random numbers");
		return;
	}
	xml_open(&x, "session", NS_SESSION);
	xml_close(&x);
	c->step = SESSION;
	end_iq(c, &x);
}

/* The address must be ours: a server that gives us another one wants us to
 * act for somebody else. */
static bool
is_our_address(const struct client *c, const char *text)
{
	struct jid bound, ours;
	char bare[JID_MAX + 1];
	int n = snprintf(bare, sizeof(bare), "%s@%s", c->user, c->domain);

	if (n < 0 || (size_t)n >= sizeof(bare) ||
	    jid_parse(&bound, text, JID_STRINGPREP, NULL) != 0 || !jid_has_resource(&bound) ||
	    jid_parse(&ours, bare, JID_STRINGPREP, NULL) != 0)
		return false;
	return jid_text_same_bare(bound.text, ours.text);
}

static void
take_bind(struct client *c, const struct stanza *s)
{
	const struct stanza *bind = stanza_child(s, NS_BIND, "bind"), *jid;
	enum answer a = answer_to_us(c, s);

	if (a == NOT_OURS)
		return;
	if (a == REFUSAL) {
		refused_iq(c, s, CLIENT_REPLACED, "the server bound no resource");
		return;
	}
	jid = bind != NULL ? stanza_child(bind, NS_BIND, "jid") : NULL;
	if (jid == NULL || !is_our_address(c, stanza_text(jid))) {
		client_fail(c, CLIENT_UNTRUSTED, "the server bound an address that is not ours");
		return;
	}
	mem_free(c->jid);
	c->jid = mem_strdup(stanza_text(jid));
	if (c->jid == NULL)
		client_fail(c, CLIENT_LOST, "no memory for our address");
	else if (c->features.session_needed)
		ask_for_session(c);
	else
		come_up(c);
}

static void
take_session(struct client *c, const struct stanza *s)
{
	switch (answer_to_us(c, s)) {
	case RESULT:
		come_up(c);
		break;
	case REFUSAL:
		refused_iq(c, s, CLIENT_LOST, "the server started no session");
		break;
	case NOT_OURS:
		break;
	}
}

/* What the stream says */

static void
take_sm(struct client *c, const struct stanza *s)
{
	if (c->resume == NULL || resume_take(c->resume, s, stream_out(c->stream)) == 0)
		return;
	resume_forget(c->resume);
	client_fail(c, CLIENT_LOST, "the server acknowledged more than was sent");
}

static void
take_up(struct client *c, const struct stanza *s)
{
	if (strcmp(stanza_ns(s), NS_SM) == 0) {
		take_sm(c, s);
		return;
	}
	c->ops.stanza(c->arg, s);
	if (c->resume != NULL)
		resume_handled(c->resume, stanza_name(s));
}

static void (*const takes[])(struct client *, const struct stanza *) = {
	[FEATURES_CLEAR] = take_features_clear,
	[PROCEED] = take_proceed,
	[FEATURES_TLS] = take_features_tls,
	[REGISTERING] = take_registering,
	[CHALLENGE] = client_take_sasl,
	[FEATURES_BIND] = take_features_bind,
	[RESUME] = take_resume,
	[BIND] = take_bind,
	[SESSION] = take_session,
	[UP] = take_up,
};

static void
on_stanza(void *arg, const struct stanza *s)
{
	struct client *c = arg;

	if (c->step < sizeof(takes) / sizeof(*takes) && takes[c->step] != NULL)
		takes[c->step](c, s);
}

static void
on_opened(void *arg, const char *id, const char *from, const char *version)
{
	struct client *c = arg;

	(void)id;
	if (!c->heard && c->ops.connected != NULL)
		c->ops.connected(c->arg);
	c->heard = true;
	if (strcmp(version, "1.0") != 0)
		client_fail(c, CLIENT_UNTRUSTED, "the server is too old for TLS and SASL");
	else if (stream_tls(c->stream) != NULL && from[0] != '\0' && strcmp(from, c->domain) != 0)
		client_fail(c, CLIENT_UNTRUSTED, "the server speaks for another domain");
}

static void
on_oversize(void *arg, const struct stanza_head *h)
{
	struct client *c = arg;

	if (c->step != UP) {
		client_fail(c, CLIENT_LOST, "the server's login messages are too big");
		return;
	}
	c->ops.oversize(c->arg, h);
	if (c->resume != NULL)
		resume_handled(c->resume, h->name);
}

static void
on_turn(void *arg)
{
	struct client *c = arg;

	if (c->step == UP && c->ops.turn != NULL)
		c->ops.turn(c->arg);
}

/* RFC 6120 4.9.3; what is not here is tried again as after any other loss. */
static const struct {
	const char *condition;
	bool wait;		/* it has too much of us */
	bool over;		/* somebody else has our place: nothing to go back to */
} stream_errors[] = {
	{ "resource-constraint", true, false },
	{ "policy-violation", true, true },
	{ "conflict", false, true },
	{ "not-authorized", false, true },
	{ "host-gone", false, true },
	{ "host-unknown", false, true },
};

static void
take_stream_error(struct client *c, const char *condition)
{
	int64_t ms = stream_retry_ms(c->stream);
	size_t i, n = sizeof(stream_errors) / sizeof(*stream_errors);

	for (i = 0; i < n && strcmp(stream_errors[i].condition, condition) != 0; i++)
		;
	if (i < n && stream_errors[i].over && c->resume != NULL)
		resume_forget(c->resume);
	if (stream_other_host(c->stream)[0] != '\0')
		client_fail(c, CLIENT_MOVED, stream_other_host(c->stream));
	else if (strcmp(condition, "conflict") == 0)
		client_fail(c, CLIENT_REPLACED, condition);
	else if (ms > 0 || (i < n && stream_errors[i].wait))
		client_wait_for(c, ms, condition);
	else
		client_fail(c, CLIENT_LOST, condition);
}

static void
on_ended(void *arg, enum stream_end why, const char *text)
{
	struct client *c = arg;

	/* Who says goodbye, or cannot be understood, has ended the session too. */
	if (c->resume != NULL && c->step == UP && (why == STREAM_CLOSED || why == STREAM_BROKEN))
		resume_forget(c->resume);
	if (why == STREAM_UNTRUSTED)
		client_fail(c, CLIENT_UNTRUSTED, text);
	else if (why == STREAM_ERROR)
		take_stream_error(c, text);
	else if (why == STREAM_LOST && !c->heard && dial_has_more(&c->dial))
		c->connection_failed = true;
	else
		client_fail(c, CLIENT_LOST, text);
}

/* Connecting */

static int
open_stream(struct client *c, int fd)
{
	static const struct stream_ops ops = { on_opened, on_stanza, on_oversize, on_turn, on_ended };
	struct stream_conf conf = {
		.default_ns = NS_CLIENT, .limits = c->limits, .clock = c->clock,
		.user_timeout_ms = USER_TIMEOUT_MS, .tap = c->tap
	};

	c->stream = stream_new(fd, &conf, &ops, c, NULL);
	if (c->stream == NULL)
		(void)close(fd);
	return c->stream != NULL ? 0 : -1;
}

/* The next address that lets us begin. */
static void
connect_next(struct client *c)
{
	int fd;

	stream_free(&c->stream);
	c->connection_failed = c->heard = false;
	while ((fd = dial_next(&c->dial)) >= 0)
		if (open_stream(c, fd) == 0)
			break;
	if (c->stream == NULL) {
		client_fail(c, CLIENT_LOST, "cannot connect");
		return;
	}
	c->next_at = clock_boot(c->clock) + ADDRESS_MS;
	c->step = FEATURES_CLEAR;
	if (c->direct_tls)
		start_tls(c);
	else
		stream_open(c->stream, c->domain, NULL, true);
}

static void
take_addresses(struct client *c)
{
	switch (dial_run(&c->dial)) {
	case DIAL_WAIT:
		return;
	case DIAL_READY:
		connect_next(c);
		return;
	case DIAL_NONE:
		client_fail(c, CLIENT_LOST, "the server's name does not exist");
		return;
	case DIAL_FAILED:
		client_fail(c, CLIENT_LOST, "no name server answered");
		return;
	}
}

/* This address is a hole in the ground: the next one may be none. */
static bool
address_is_mute(const struct client *c)
{
	return !c->heard && dial_has_more(&c->dial) && clock_boot(c->clock) >= c->next_at;
}

/* Public */

static bool
copy(char **to, const char *from)
{
	*to = from != NULL ? mem_strdup(from) : NULL;
	return from == NULL || *to != NULL;
}

static int
copy_conf(struct client *c, const struct client_conf *conf, struct err *e)
{
	bool ok = copy(&c->domain, conf->domain) && copy(&c->host, conf->host) &&
	    copy(&c->port, conf->port) && copy(&c->user, conf->user) &&
	    copy(&c->resource, conf->resource) && copy(&c->ca_file, conf->ca_file) &&
	    copy(&c->cert_file, conf->cert_file) && copy(&c->key_file, conf->key_file);

	if (!ok)
		return err_set(e, ERR_SYSTEM, "no memory for a login");
	c->clock = conf->clock;
	c->tap = conf->tap;
	c->direct_tls = conf->direct_tls;
	c->register_account = conf->register_account;
	c->cert_only = conf->cert_only;
	c->invite = conf->invite;
	c->maker_key = conf->maker_key;
	c->maker_secret = conf->maker_secret;
	c->earliest_ms = conf->earliest_ms;
	c->limits = conf->limits;
	c->resume = conf->resume;
	c->activity = conf->activity;
	if (conf->pin != NULL)
		c->pin = *conf->pin;
	if (conf->sasl != NULL)
		c->rules = *conf->sasl;
	c->give_up_at = clock_boot(c->clock) + (conf->timeout_ms > 0 ? conf->timeout_ms : TIMEOUT_MS);
	return secret_set(&c->password, conf->password->data, conf->password->len, e);
}

struct client *
client_new(const struct client_conf *conf, const struct client_ops *ops, void *arg, struct err *e)
{
	struct client *c;

	if (conf->password == NULL || conf->password->len == 0) {
		(void)err_set(e, ERR_INPUT, "there is no password");
		return NULL;
	}
	c = mem_zalloc(sizeof(*c));
	if (c == NULL) {
		(void)err_set(e, ERR_SYSTEM, "no memory for a login");
		return NULL;
	}
	c->ops = *ops;
	c->arg = arg;
	if (copy_conf(c, conf, e) != 0 ||
	    dial_begin(&c->dial, c->host, c->port, c->clock, e) != 0)
		client_free(&c);
	else
		take_addresses(c);
	return c;
}

void
client_free(struct client **client)
{
	struct client *c = *client;

	if (c == NULL)
		return;
	stream_free(&c->stream);
	dial_fini(&c->dial);
	account_free(&c->account);
	sasl_free(&c->sasl);
	secret_clear(&c->password);
	mem_free(c->domain);
	mem_free(c->jid);
	mem_free(c->host);
	mem_free(c->port);
	mem_free(c->user);
	mem_free(c->resource);
	mem_free(c->ca_file);
	mem_free(c->cert_file);
	mem_free(c->key_file);
	mem_free(c);
	*client = NULL;
}

int
client_fd(const struct client *c)
{
	if (c->step == RESOLVING)
		return dial_fd(&c->dial);
	return c->stream != NULL ? stream_fd(c->stream) : -1;
}

short
client_events(const struct client *c)
{
	if (c->step == RESOLVING)
		return POLLIN;
	return c->stream != NULL ? stream_events(c->stream) : 0;
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

int64_t
client_deadline(const struct client *c)
{
	int64_t when = -1;

	if (c->step == OVER)
		return c->ops.down != NULL ? clock_boot(c->clock) : -1;
	if (c->stream != NULL)
		when = stream_deadline(c->stream);
	when = earlier(when, dial_deadline(&c->dial));
	if (!c->heard && dial_has_more(&c->dial))
		when = earlier(when, c->next_at);
	return c->step == UP ? when : earlier(when, c->give_up_at);
}

/* `down` is the last thing we say, and we say it once. */
static void
report_end(struct client *c)
{
	void (*down)(void *, enum client_end, const char *, int64_t) = c->ops.down;

	stream_free(&c->stream);
	dial_fini(&c->dial);
	c->ops.down = NULL;
	if (down != NULL)
		down(c->arg, c->why, c->text, c->retry_after);
}

void
client_run(struct client *c, short revents)
{
	if (c->step == RESOLVING) {
		take_addresses(c);
	} else if (c->stream != NULL && c->step != OVER) {
		stream_run(c->stream, revents);
		if (c->step != OVER && (c->connection_failed || address_is_mute(c)))
			connect_next(c);
	}
	if (c->step != OVER && c->step != UP && clock_boot(c->clock) >= c->give_up_at)
		client_fail(c, CLIENT_LOST, "the login took too long");
	if (c->step == OVER)
		report_end(c);
}

void
client_peer_times(const struct client *c, int64_t *from_ms, int64_t *until_ms)
{
	const struct tls *t = c->stream != NULL ? stream_tls(c->stream) : NULL;

	*from_ms = *until_ms = 0;
	if (t != NULL)
		tls_peer_times(t, from_ms, until_ms);
}

bool
client_is_up(const struct client *c)
{
	return c->step == UP;
}

struct buf *
client_out(struct client *c)
{
	return c->resume != NULL ? resume_out(c->resume) : stream_out(c->stream);
}

void
client_flush(struct client *c)
{
	if (c->stream == NULL)
		return;
	if (c->resume != NULL && c->step == UP)
		resume_feed(c->resume, stream_out(c->stream));
	stream_flush(c->stream);
}

bool
client_probe(struct client *c)
{
	if (c->step != UP || c->resume == NULL || !c->resume->enabled)
		return false;
	resume_ask(c->resume, stream_out(c->stream));
	return true;
}

int64_t
client_last_byte(const struct client *c)
{
	return c->stream != NULL ? stream_last_byte(c->stream) : 0;
}

void
client_close(struct client *c)
{
	c->ops.down = NULL;
	if (c->stream != NULL && c->step != OVER) {
		stream_close(c->stream, NULL);
		stream_linger(c->stream, 1000);
	}
	c->step = OVER;
	stream_free(&c->stream);
	dial_fini(&c->dial);
}
