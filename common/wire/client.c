/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client: the steps of a login, in the order they are taken: find the host,
 * connect, TLS, make the account, SASL, bind.  What an element means is read
 * by features.c, account.c and sasl.c; here is only what comes when.  Nothing
 * is tried twice and no weaker mechanism follows a failed one.
 */
#include "config.h"

#include "common/wire/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/ident.h"
#include "common/base/jid.h"
#include "common/base/mem.h"
#include "common/base/str.h"
#include "common/wire/account.h"
#include "common/wire/features.h"
#include "common/wire/ns.h"
#include "common/wire/resolve.h"
#include "common/wire/stanza.h"
#include "common/wire/tls.h"
#include "common/wire/xml.h"

#define TIMEOUT_MS 30000
#define USER_TIMEOUT_MS 30000		/* TCP: unacknowledged that long is lost */
#define SASL_TEXT 8192			/* base64 of one SASL message */
#define WAIT_DEFAULT_MS 60000		/* asked to wait, not told how long */

enum step {
	RESOLVING,
	FEATURES_CLEAR,		/* expect <features/> in clear */
	PROCEED,		/* expect <proceed/> */
	FEATURES_TLS,		/* expect <features/> through TLS */
	REGISTERING,		/* expect the answer to what account.h asked */
	CHALLENGE,		/* expect <challenge/> or <success/> */
	FEATURES_BIND,		/* expect <features/> after the login */
	BIND,
	SESSION,
	UP,
	OVER
};

struct client {
	struct client_ops ops;
	void *arg;
	const struct clock *clock;
	char *domain, *host, *port, *user, *resource, *ca_file, *cert_file, *key_file;
	struct secret password;
	const struct secret *invite, *maker_secret;	/* the caller's */
	const char *maker_key;
	int64_t earliest_ms;
	bool direct_tls, register_account, has_pin, cert_only;
	struct sasl_pin pin;
	struct stream_limits limits;
	int64_t give_up_at;

	enum step step;
	struct resolve *resolve;
	struct resolve_address address[RESOLVE_ADDRESSES];
	size_t n_addresses, at;
	struct stream *stream;
	struct features features;
	enum sasl_mech mech;
	struct account *account;	/* while one is asked for */
	struct sasl *sasl;
	char id[IDENT_TEXT];		/* of the one iq that is out */
	char jid[JID_MAX + 1];		/* as bound */

	bool heard;			/* the server's header came on this connection */
	bool connection_failed;		/* it did not: try the next address */
	enum client_end why;		/* when OVER */
	int64_t retry_after;
	char text[ERR_TEXT];
};

/* The end */

/* The first reason counts; it is told at the end of client_run. */
static void
fail_after(struct client *c, enum client_end why, int64_t retry_after, const char *text)
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

static void
fail(struct client *c, enum client_end why, const char *text)
{
	fail_after(c, why, 0, text);
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
		fail(c, CLIENT_LOST, "the sending queue is full");
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
	int64_t named = error != NULL ? account_wait_named(error) : 0;
	char text[ERR_TEXT];

	condition = error != NULL ? stanza_first(error) : NULL;
	(void)snprintf(text, sizeof(text), "%s: %.60s", what,
	    condition != NULL ? stanza_name(condition) : "no reason given");
	if (type != NULL && strcmp(type, "wait") == 0)
		fail_after(c, CLIENT_WAIT, named > 0 ? named : WAIT_DEFAULT_MS, text);
	else
		fail(c, otherwise, text);
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
		fail(c, CLIENT_UNTRUSTED, e.text);
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
		fail(c, CLIENT_UNTRUSTED, "the server sent stanzas before TLS");
		return;
	}
	features_read(&c->features, s);
	if (!c->features.starttls) {
		fail(c, CLIENT_UNTRUSTED, "the server offers no TLS");
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
		fail(c, CLIENT_UNTRUSTED, "the server does not start TLS");
}

/* SASL */

static bool
is_13(const struct client *c)
{
	const struct tls *t = stream_tls(c->stream);

	return t != NULL && tls_is_13(t);
}

/* The pin is per TLS version: on 1.2 and 1.3 a server can bind differently. */
static int
choose(struct client *c, enum sasl_binding can_bind)
{
	struct sasl_offer o = {
		.tls13 = is_13(c), .can_bind = can_bind, .has_cert = c->cert_file != NULL,
		.server_listed_bindings = c->features.listed_bindings
	};

	memcpy(o.mech, c->features.mech, sizeof(o.mech));
	memcpy(o.server_binds, c->features.binds, sizeof(o.server_binds));
	c->mech = sasl_choose(&o);
	if (c->mech == SASL_NONE) {
		fail(c, CLIENT_WEAK, "the server offers no way to log in that we use");
		return -1;
	}
	if (c->cert_only && c->mech != SASL_EXTERNAL) {
		fail(c, CLIENT_WEAK, "the server takes no certificate instead of a password");
		return -1;
	}
	if (c->has_pin && c->mech < (o.tls13 ? c->pin.tls13 : c->pin.tls12)) {
		fail(c, CLIENT_WEAK, "the server offers weaker logins than it once did");
		return -1;
	}
	return 0;
}

static enum sasl_binding
our_binding(const struct client *c, unsigned char data[static TLS_BINDING_MAX], size_t *len)
{
	const struct tls *t = stream_tls(c->stream);

	*len = 0;
	return t != NULL ? tls_binding(t, data, len) : SASL_BIND_NONE;
}

/* `raw` as base64 in an element; "=" stands for an empty first message. */
static void
send_sasl(struct client *c, const char *open, const struct buf *raw, const char *close)
{
	struct buf *out = stream_out(c->stream);

	buf_adds(out, open);
	if (raw->len == 0)
		buf_addc(out, '=');
	else
		str_base64(out, raw->data, raw->len);
	buf_adds(out, close);
}

static void
begin_sasl(struct client *c)
{
	unsigned char data[TLS_BINDING_MAX];
	size_t len;
	enum sasl_binding can_bind = our_binding(c, data, &len);
	struct sasl_conf conf;
	struct err e = ERR_INIT;
	struct buf first;
	char open[160];

	if (choose(c, can_bind) != 0)
		return;
	conf = (struct sasl_conf){
		.mech = c->mech, .user = c->user, .password = &c->password, .binding = can_bind,
		.binding_data = data, .binding_len = len,
		.could_bind = can_bind != SASL_BIND_NONE && !c->features.any_plus,
		.offer = c->features.offer[0] != '\0' ? c->features.offer : NULL
	};
	buf_init(&first, SASL_TEXT);
	c->sasl = sasl_new(&conf, &e);
	if (c->sasl == NULL || sasl_first(c->sasl, &first, &e) != 0) {
		fail(c, CLIENT_REFUSED, e.text);
	} else {
		(void)snprintf(open, sizeof(open), "<auth xmlns='" NS_SASL "' mechanism='%s'>",
		    sasl_mech_name(c->mech));
		send_sasl(c, open, &first, "</auth>");
		c->step = CHALLENGE;
	}
	buf_fini(&first);
	secret_cleanse(data, sizeof(data));
}

static void
take_challenge(struct client *c, const char *in, size_t len)
{
	struct err e = ERR_INIT;
	struct buf reply;

	buf_init(&reply, SASL_TEXT);
	if (sasl_challenge(c->sasl, in, len, &reply, &e) != 0)
		fail(c, CLIENT_UNTRUSTED, e.text);
	else
		send_sasl(c, "<response xmlns='" NS_SASL "'>", &reply, "</response>");
	buf_fini(&reply);
}

static void
take_success(struct client *c, const char *in, size_t len)
{
	struct err e = ERR_INIT;

	if (sasl_success(c->sasl, in, len, &e) != 0) {
		fail(c, CLIENT_UNTRUSTED, e.text);
		return;
	}
	sasl_free(&c->sasl);
	stream_open(c->stream, c->domain, NULL, true);
	c->step = FEATURES_BIND;
}

/* RFC 6120 6.5; anything that is not about name or password may pass. */
static void
take_failure(struct client *c, const struct stanza *s)
{
	static const char *const ours[] = { "not-authorized", "account-disabled",
		"credentials-expired" };
	const struct stanza *first = stanza_first(s);
	const char *condition = first != NULL ? stanza_name(first) : "no reason given";
	char text[ERR_TEXT];
	size_t i;

	(void)snprintf(text, sizeof(text), "the server refused the login: %.60s", condition);
	for (i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (strcmp(condition, ours[i]) == 0)
			fail(c, CLIENT_REFUSED, text);
	fail(c, CLIENT_LOST, text);
}

static void
take_sasl(struct client *c, const struct stanza *s)
{
	char raw[SASL_TEXT];
	const char *text = stanza_text(s);
	long len = str_unbase64(raw, sizeof(raw), text, strlen(text));

	if (strcmp(text, "=") == 0)
		len = 0;
	if (stanza_is(s, NS_SASL, "failure"))
		take_failure(c, s);
	else if (len < 0)
		fail(c, CLIENT_UNTRUSTED, "the server's login message is malformed");
	else if (stanza_is(s, NS_SASL, "challenge"))
		take_challenge(c, raw, (size_t)len);
	else if (stanza_is(s, NS_SASL, "success"))
		take_success(c, raw, (size_t)len);
	else
		fail(c, CLIENT_UNTRUSTED, "the server sent stanzas before the login");
	secret_cleanse(raw, sizeof(raw));
}

/* The account */

static void
ask_for_account(struct client *c)
{
	struct xml x;

	if (begin_iq(c, &x, account_iq_type(c->account), account_iq_to(c->account)) != 0) {
		fail(c, CLIENT_LOST, "no random numbers");
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
		fail(c, CLIENT_LOST, e.text);
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
		begin_sasl(c);
	} else {
		fail_after(c, ends[step], account_wait_ms(c->account), account_text(c->account));
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
		fail(c, CLIENT_UNTRUSTED, "the server sent stanzas before the login");
		return;
	}
	features_read(&c->features, s);
	if (c->ops.proved != NULL && !c->ops.proved(c->arg)) {
		fail(c, CLIENT_LOST, "not wanted");
		return;
	}
	if (!c->register_account) {
		begin_sasl(c);
		return;
	}
	if (choose(c, our_binding(c, data, &len)) != 0)
		return;
	if (c->mech == SASL_EXTERNAL)
		begin_sasl(c);	/* the certificate is the account */
	else if (c->features.registration)
		begin_account(c);
	else
		fail(c, CLIENT_NO_REGISTER, "the server offers no registration");
}

/* Bind */

static void
take_features_bind(struct client *c, const struct stanza *s)
{
	struct xml x;

	if (!stanza_is(s, NS_STREAMS, "features")) {
		fail(c, CLIENT_LOST, "the server sent stanzas before the resource was bound");
		return;
	}
	features_read(&c->features, s);
	if (!c->features.bind) {
		fail(c, CLIENT_LOST, "the server binds no resource");
		return;
	}
	if (begin_iq(c, &x, "set", NULL) != 0) {
		fail(c, CLIENT_LOST, "no random numbers");
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
come_up(struct client *c)
{
	struct sasl_pin pin = c->pin;

	if (is_13(c))
		pin.tls13 = c->mech;
	else
		pin.tls12 = c->mech;
	c->step = UP;
	c->id[0] = '\0';
	c->ops.up(c->arg, c->jid, &pin);
}

static void
ask_for_session(struct client *c)
{
	struct xml x;

	if (begin_iq(c, &x, "set", NULL) != 0) {
		fail(c, CLIENT_LOST, "no random numbers");
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
		refused_iq(c, s, CLIENT_LOST, "the server bound no resource");
		return;
	}
	jid = bind != NULL ? stanza_child(bind, NS_BIND, "jid") : NULL;
	if (jid == NULL || !is_our_address(c, stanza_text(jid)) ||
	    str_copy(c->jid, sizeof(c->jid), stanza_text(jid)) != 0)
		fail(c, CLIENT_UNTRUSTED, "the server bound an address that is not ours");
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
take_up(struct client *c, const struct stanza *s)
{
	c->ops.stanza(c->arg, s);
}

static void (*const takes[])(struct client *, const struct stanza *) = {
	[FEATURES_CLEAR] = take_features_clear,
	[PROCEED] = take_proceed,
	[FEATURES_TLS] = take_features_tls,
	[REGISTERING] = take_registering,
	[CHALLENGE] = take_sasl,
	[FEATURES_BIND] = take_features_bind,
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
	c->heard = true;
	if (strcmp(version, "1.0") != 0)
		fail(c, CLIENT_UNTRUSTED, "the server is too old for TLS and SASL");
	else if (stream_tls(c->stream) != NULL && from[0] != '\0' && strcmp(from, c->domain) != 0)
		fail(c, CLIENT_UNTRUSTED, "the server speaks for another domain");
}

static void
on_oversize(void *arg, const struct stanza_head *h)
{
	struct client *c = arg;

	if (c->step == UP)
		c->ops.oversize(c->arg, h);
	else
		fail(c, CLIENT_LOST, "the server's login messages are too big");
}

static void
on_turn(void *arg)
{
	struct client *c = arg;

	if (c->step == UP && c->ops.turn != NULL)
		c->ops.turn(c->arg);
}

static void
on_ended(void *arg, enum stream_end why, const char *text)
{
	struct client *c = arg;

	if (why == STREAM_UNTRUSTED)
		fail(c, CLIENT_UNTRUSTED, text);
	else if (why == STREAM_ERROR && stream_other_host(c->stream)[0] != '\0')
		fail(c, CLIENT_MOVED, stream_other_host(c->stream));
	else if (why == STREAM_ERROR && strcmp(text, "resource-constraint") == 0)
		fail_after(c, CLIENT_WAIT, WAIT_DEFAULT_MS, text);
	else if (why == STREAM_LOST && !c->heard && c->at + 1 < c->n_addresses)
		c->connection_failed = true;
	else
		fail(c, CLIENT_LOST, text);
}

/* Connecting */

static int
connect_socket(const struct resolve_address *a)
{
	int fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&a->sa, a->len) == 0 || errno == EINPROGRESS)
		return fd;
	(void)close(fd);
	return -1;
}

static int
open_stream(struct client *c, const struct resolve_address *a)
{
	static const struct stream_ops ops = { on_opened, on_stanza, on_oversize, on_turn, on_ended };
	struct stream_conf conf = {
		.default_ns = NS_CLIENT, .limits = c->limits, .clock = c->clock,
		.user_timeout_ms = USER_TIMEOUT_MS
	};
	int fd = connect_socket(a);

	if (fd < 0)
		return -1;
	c->stream = stream_new(fd, &conf, &ops, c, NULL);
	if (c->stream == NULL)
		(void)close(fd);
	return c->stream != NULL ? 0 : -1;
}

/* From c->at on, the first address that lets us begin. */
static void
connect_next(struct client *c)
{
	stream_free(&c->stream);
	c->connection_failed = c->heard = false;
	for (; c->at < c->n_addresses; c->at++)
		if (open_stream(c, &c->address[c->at]) == 0)
			break;
	if (c->stream == NULL) {
		fail(c, CLIENT_LOST, "cannot connect");
		return;
	}
	c->step = FEATURES_CLEAR;
	if (c->direct_tls)
		start_tls(c);
	else
		stream_open(c->stream, c->domain, NULL, true);
}

static bool
numeric_address(const char *host, const char *port, struct resolve_address *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&out->sa;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out->sa;
	int64_t number;

	if (str_to_int(port, 1, 65535, &number) != 0)
		return false;
	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)number);
		out->len = sizeof(*v4);
		return true;
	}
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1)
		return false;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)number);
	out->len = sizeof(*v6);
	return true;
}

static void
take_addresses(struct client *c)
{
	const struct resolve_address *found;

	switch (resolve_state(c->resolve)) {
	case RESOLVE_WAIT:
		return;
	case RESOLVE_DONE:
		c->n_addresses = resolve_addresses(c->resolve, &found);
		memcpy(c->address, found, c->n_addresses * sizeof(*found));
		resolve_free(&c->resolve);
		connect_next(c);
		return;
	case RESOLVE_NONE:
		fail(c, CLIENT_LOST, "the server's name does not exist");
		return;
	case RESOLVE_FAILED:
		fail(c, CLIENT_LOST, "no name server answered");
		return;
	}
}

static int
begin(struct client *c, struct err *e)
{
	if (numeric_address(c->host, c->port, &c->address[0])) {
		c->n_addresses = 1;
		connect_next(c);
		return 0;
	}
	c->step = RESOLVING;
	c->resolve = resolve_new(c->clock, NULL, e);
	if (c->resolve == NULL || resolve_host(c->resolve, c->host, c->port, e) != 0)
		return -1;
	take_addresses(c);	/* the hosts file answers at once */
	return 0;
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
	c->direct_tls = conf->direct_tls;
	c->register_account = conf->register_account;
	c->cert_only = conf->cert_only;
	c->invite = conf->invite;
	c->maker_key = conf->maker_key;
	c->maker_secret = conf->maker_secret;
	c->earliest_ms = conf->earliest_ms;
	c->limits = conf->limits;
	c->has_pin = conf->pin != NULL;
	if (c->has_pin)
		c->pin = *conf->pin;
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
	if (copy_conf(c, conf, e) != 0 || begin(c, e) != 0)
		client_free(&c);
	return c;
}

void
client_free(struct client **client)
{
	struct client *c = *client;

	if (c == NULL)
		return;
	stream_free(&c->stream);
	resolve_free(&c->resolve);
	account_free(&c->account);
	sasl_free(&c->sasl);
	secret_clear(&c->password);
	mem_free(c->domain);
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
	if (c->resolve != NULL)
		return resolve_fd(c->resolve);
	return c->stream != NULL ? stream_fd(c->stream) : -1;
}

short
client_events(const struct client *c)
{
	if (c->resolve != NULL)
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
	if (c->resolve != NULL)
		when = earlier(when, resolve_deadline(c->resolve));
	return c->step == UP ? when : earlier(when, c->give_up_at);
}

/* `down` is the last thing we say, and we say it once. */
static void
report_end(struct client *c)
{
	void (*down)(void *, enum client_end, const char *, int64_t) = c->ops.down;

	stream_free(&c->stream);
	resolve_free(&c->resolve);
	c->ops.down = NULL;
	if (down != NULL)
		down(c->arg, c->why, c->text, c->retry_after);
}

void
client_run(struct client *c, short revents)
{
	if (c->step == RESOLVING) {
		resolve_run(c->resolve);
		take_addresses(c);
	} else if (c->stream != NULL && c->step != OVER) {
		stream_run(c->stream, revents);
		if (c->connection_failed) {
			c->at++;
			connect_next(c);
		}
	}
	if (c->step != OVER && c->step != UP && clock_boot(c->clock) >= c->give_up_at)
		fail(c, CLIENT_LOST, "the login took too long");
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
	return stream_out(c->stream);
}

void
client_flush(struct client *c)
{
	if (c->stream != NULL)
		stream_flush(c->stream);
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
	resolve_free(&c->resolve);
}
