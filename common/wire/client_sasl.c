/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_sasl: the step of a login in which both sides prove who they are: what
 * is offered, what is pinned, messages there and back, and what a refusal means.
 * The messages themselves are sasl.c's.
 */
#include "config.h"

#include "common/wire/client_part.h"

#include <stdio.h>
#include <string.h>

#include "common/base/str.h"
#include "common/wire/ns.h"
#include "common/wire/stanza.h"
#include "common/wire/wait.h"

#define SASL_TEXT 8192			/* base64 of one SASL message */

bool
client_is_13(const struct client *c)
{
	const struct tls *t = stream_tls(c->stream);

	return t != NULL && tls_is_13(t);
}

/* The pin is per TLS version: on 1.2 and 1.3 a server can bind differently.  One
 * that the settings forbid by now binds nobody. */
int
client_choose(struct client *c, enum sasl_binding can_bind)
{
	enum sasl_mech pinned = client_is_13(c) ? c->pin.tls13 : c->pin.tls12;
	struct sasl_offer o = {
		.tls13 = client_is_13(c), .can_bind = can_bind, .has_cert = c->cert_file != NULL,
		.unbound = c->pin.unbound, .rules = &c->rules
	};

	features_offer(&c->features, &o);
	c->mech = sasl_choose(&o);
	if (c->mech == SASL_NONE) {
		client_fail(c, CLIENT_WEAK, "the server offers no way to log in that we use");
		return -1;
	}
	if (c->cert_only && c->mech != SASL_EXTERNAL) {
		client_fail(c, CLIENT_WEAK, "the server takes no certificate instead of a password");
		return -1;
	}
	if (c->mech < pinned && sasl_rules_allow(&c->rules, pinned)) {
		client_fail(c, CLIENT_WEAK, "the server offers weaker logins than it once did");
		return -1;
	}
	return 0;
}

enum sasl_binding
client_binding(const struct client *c, unsigned char data[static TLS_BINDING_MAX], size_t *len)
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

static bool
is_other(const struct client *c)
{
	return c->mech == SASL_SCRAM_OTHER || c->mech == SASL_SCRAM_OTHER_PLUS;
}

static const char *
name_of(const struct client *c)
{
	return is_other(c) ? c->rules.other : sasl_mech_name(c->mech);
}

void
client_begin_sasl(struct client *c)
{
	unsigned char data[TLS_BINDING_MAX];
	size_t len;
	enum sasl_binding can_bind = client_binding(c, data, &len);
	struct sasl_conf conf;
	struct err e = ERR_INIT;
	struct buf first;
	char open[160];

	if (client_choose(c, can_bind) != 0)
		return;
	conf = (struct sasl_conf){
		.mech = c->mech, .other = c->rules.other[0] != '\0' ? c->rules.other : NULL,
		.user = c->user, .password = &c->password, .binding = can_bind,
		.binding_data = data, .binding_len = len,
		.could_bind = can_bind != SASL_BIND_NONE && !c->features.any_plus,
		.offer = c->features.offer[0] != '\0' ? c->features.offer : NULL
	};
	buf_init(&first, SASL_TEXT);
	c->sasl = sasl_new(&conf, &e);
	if (c->sasl == NULL || sasl_first(c->sasl, &first, &e) != 0) {
		client_fail(c, CLIENT_REFUSED, e.text);
	} else {
		(void)snprintf(open, sizeof(open), "<auth xmlns='" NS_SASL "' mechanism='%s%s'>",
		    name_of(c), is_other(c) && sasl_mech_binds(c->mech) ? "-PLUS" : "");
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
		client_fail(c, CLIENT_UNTRUSTED, e.text);
	else
		send_sasl(c, "<response xmlns='" NS_SASL "'>", &reply, "</response>");
	buf_fini(&reply);
}

static void
take_success(struct client *c, const char *in, size_t len)
{
	struct err e = ERR_INIT;

	if (sasl_success(c->sasl, in, len, &e) != 0) {
		client_fail(c, CLIENT_UNTRUSTED, e.text);
		return;
	}
	sasl_free(&c->sasl);
	if (c->ops.authenticated != NULL)
		c->ops.authenticated(c->arg);
	stream_open(c->stream, c->domain, NULL, true);
	c->step = FEATURES_BIND;
}

/* RFC 6120 6.5; anything that is not about name or password may pass. */
static const struct {
	const char *condition;
	enum client_end plain, bound;
} failures[] = {
	{ "not-authorized", CLIENT_REFUSED, CLIENT_UNBOUND },
	{ "malformed-request", CLIENT_LOST, CLIENT_UNBOUND },
	{ "account-disabled", CLIENT_REFUSED, CLIENT_REFUSED },
	{ "credentials-expired", CLIENT_REFUSED, CLIENT_REFUSED },
};

static void
take_failure(struct client *c, const struct stanza *s)
{
	const struct stanza *first = stanza_first(s);
	const char *condition = first != NULL ? stanza_name(first) : "no reason given";
	char text[ERR_TEXT];
	size_t i;

	(void)snprintf(text, sizeof(text), "the server refused the login: %.60s", condition);
	for (i = 0; i < sizeof(failures) / sizeof(*failures); i++)
		if (strcmp(condition, failures[i].condition) == 0)
			client_fail(c, sasl_mech_binds(c->mech) ? failures[i].bound : failures[i].plain,
			    text);
	if (wait_ms(s) > 0)
		client_wait_for(c, wait_ms(s), text);
	client_fail(c, CLIENT_LOST, text);
}

void
client_take_sasl(struct client *c, const struct stanza *s)
{
	char raw[SASL_TEXT];
	const char *text = stanza_text(s);
	long len = str_unbase64(raw, sizeof(raw), text, strlen(text));

	if (strcmp(text, "=") == 0)
		len = 0;
	if (stanza_is(s, NS_SASL, "failure"))
		take_failure(c, s);
	else if (len < 0)
		client_fail(c, CLIENT_UNTRUSTED, "the server's login message is malformed");
	else if (stanza_is(s, NS_SASL, "challenge"))
		take_challenge(c, raw, (size_t)len);
	else if (stanza_is(s, NS_SASL, "success"))
		take_success(c, raw, (size_t)len);
	else
		client_fail(c, CLIENT_UNTRUSTED, "the server sent stanzas before the login");
	secret_cleanse(raw, sizeof(raw));
}
