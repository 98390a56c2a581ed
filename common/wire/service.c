/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service: one row a kind of credential: its names, and what its value may be.
 * A kind that is not known is left out, as less is known of the user then; a
 * value that cannot be is a fault.
 */
#include "config.h"

#include "common/wire/service.h"

#include <arpa/inet.h>
#include <string.h>

#include "common/base/str.h"
#include "common/wire/stanza.h"

#define HOST_CHARS 253
#define CERTIFICATE_CHARS (2 * WIRE_CERTIFICATE)	/* in base64, with blanks */

/* ---- values ---- */

/* Each makes the canonical value of what was sent; NULL for `jid` that is none. */
typedef int (*value_fn)(struct parse *p, const char *text, const char **out);

static int as_text(struct parse *p, const char *text, const char **out)
{
	*out = text;
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return parse_fail(p, COND_BAD_REQUEST);
	return **out != '\0' ? 0 : parse_fail(p, COND_BAD_REQUEST);
}

/* Things keep errors, so an address that is none is a user who gets a no. */
static int as_jid(struct parse *p, const char *text, const char **out)
{
	struct jid jid;

	*out = NULL;
	if (jid_parse(&jid, text, p->profile, NULL) == 0)
		*out = pool_strndup(p->pool, jid.text, jid.bare_len);
	return 0;
}

static int as_ip4(struct parse *p, const char *text, const char **out)
{
	char canonical[INET_ADDRSTRLEN];
	struct in_addr a;

	if (inet_pton(AF_INET, text, &a) != 1 ||
	    inet_ntop(AF_INET, &a, canonical, sizeof(canonical)) == NULL)
		return parse_fail(p, COND_BAD_REQUEST);
	*out = parse_copy(p, canonical);
	return *out != NULL ? 0 : -1;
}

/* ::ffff:10.0.0.1 is 10.0.0.1: no rule about one is evaded by the other. */
static int as_ip6(struct parse *p, const char *text, const char **out)
{
	char canonical[INET6_ADDRSTRLEN];
	struct in6_addr a;
	bool mapped;

	if (inet_pton(AF_INET6, text, &a) != 1)
		return parse_fail(p, COND_BAD_REQUEST);
	mapped = IN6_IS_ADDR_V4MAPPED(&a);
	if (inet_ntop(mapped ? AF_INET : AF_INET6, a.s6_addr + (mapped ? 12 : 0), canonical,
	    sizeof(canonical)) == NULL)
		return parse_fail(p, COND_BAD_REQUEST);
	*out = parse_copy(p, canonical);
	return *out != NULL ? 0 : -1;
}

static int as_host(struct parse *p, const char *text, const char **out)
{
	char *name = pool_strdup(p->pool, text);
	size_t len;

	if (name == NULL)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	len = strlen(name);
	if (len > 1 && name[len - 1] == '.')
		name[len - 1] = '\0';
	str_lower(name);
	if (strlen(name) > HOST_CHARS || strpbrk(name, " /@") != NULL)
		return parse_fail(p, COND_BAD_REQUEST);
	return as_text(p, name, out);
}

static int as_number(struct parse *p, const char *text, double limit, const char **out)
{
	double v;

	if (parse_number(p, text, &v, out) < 0)
		return -1;
	return v >= -limit && v <= limit ? 0 : parse_fail(p, COND_BAD_REQUEST);
}

static int as_longitude(struct parse *p, const char *text, const char **out)
{
	return as_number(p, text, 180, out);
}

static int as_latitude(struct parse *p, const char *text, const char **out)
{
	return as_number(p, text, 90, out);
}

static int as_altitude(struct parse *p, const char *text, const char **out)
{
	return as_number(p, text, 1e9, out);
}

/* Base64 without the blanks that some put into it. */
static const char *base64_of(struct parse *p, const char *text, uint8_t *bytes, size_t size,
    long *n)
{
	char *tight = pool_alloc(p->pool, strlen(text) + 1);
	size_t len = 0;

	if (tight == NULL)
		return NULL;
	for (; *text != '\0'; text++)
		if (strchr(" \t\r\n", *text) == NULL)
			tight[len++] = *text;
	tight[len] = '\0';
	*n = str_unbase64(bytes, size, tight, len);
	return tight;
}

static int as_certificate(struct parse *p, const char *text, const char **out)
{
	uint8_t bytes[WIRE_CERTIFICATE];
	long n = -1;

	*out = base64_of(p, text, bytes, sizeof(bytes), &n);
	return *out != NULL && n > 0 ? 0 : parse_fail(p, COND_BAD_REQUEST);
}

static bool is_digest(long bytes)
{
	return bytes == 20 || bytes == 32 || bytes == 48 || bytes == 64;
}

/* In hex, whichever of both it was sent in. */
static int as_thumbprint(struct parse *p, const char *text, const char **out)
{
	char hex[2 * 64 + 1];
	uint8_t bytes[64];
	size_t len = strlen(text);
	long n = -1;

	if (is_digest((long)len / 2) && str_unhex(bytes, len / 2, text) == 0)
		n = (long)len / 2;
	else if (base64_of(p, text, bytes, sizeof(bytes), &n) == NULL || !is_digest(n))
		return parse_fail(p, COND_BAD_REQUEST);
	str_hex(hex, bytes, (size_t)n);
	*out = parse_copy(p, hex);
	return *out != NULL ? 0 : -1;
}

/* As the schema spells it. */
static int as_protocol(struct parse *p, const char *text, const char **out)
{
	static const char *const names[] = {
		"XMPP", "HTTP", "HTTPS", "TcpSocket", "UdpSocket", "Queue", "Internal", "Other"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_case_eq(text, names[i])) {
			*out = names[i];
			return 0;
		}
	return parse_fail(p, COND_BAD_REQUEST);
}

/* ---- kinds ---- */

static const struct kind {
	const char *element;		/* of the schema */
	const char *also[4];		/* the text's types, without case and what parts words */
	const char *attr;
	value_fn value;
	size_t chars;
	bool once;
} kinds[] = {
	{ "jid", { "jid" }, "value", as_jid, JID_MAX, true },
	{ "ip4", { "ip4", "ipv4", "ipaddress4" }, "value", as_ip4, 15, false },
	{ "ip6", { "ip6", "ipv6", "ipaddress6" }, "value", as_ip6, 45, false },
	{ "hostName", { "hostname", "host" }, "value", as_host, HOST_CHARS + 1, false },
	{ "x509Certificate", { "x509certificate", "certificate" }, "base64", as_certificate,
	    CERTIFICATE_CHARS, false },
	{ "x509CertificateThumbprint", { "x509certificatethumbprint", "certificatethumbprint",
	    "thumbprint" }, "base64", as_thumbprint, 200, false },
	{ "userName", { "username", "user" }, "value", as_text, 256, true },
	{ "longitude", { "longitude" }, "value", as_longitude, 40, true },
	{ "latitude", { "latitude" }, "value", as_latitude, 40, true },
	{ "altitude", { "altitude" }, "value", as_altitude, 40, true },
	{ "sso", { "sso", "ssotoken", "singlesignon" }, "value", as_text, 1024, false },
	{ "protocol", { "protocol" }, "value", as_protocol, 40, false },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const struct kind *kind_of_element(const char *name)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(kinds[i].element, name) == 0)
			return &kinds[i];
	return NULL;
}

/* "IP Address", "ip_address" and "IpAddress" are the same. */
static bool same_type(const char *type, const char *word)
{
	for (; *type != '\0'; type++) {
		char c = *type >= 'A' && *type <= 'Z' ? (char)(*type - 'A' + 'a') : *type;

		if (strchr(" ._-", c) != NULL)
			continue;
		if (c != *word++)
			return false;
	}
	return *word == '\0';
}

static const struct kind *kind_of_type(const char *type, const char *value)
{
	if (same_type(type, "ipaddress") || same_type(type, "ip"))
		return kind_of_element(strchr(value, ':') != NULL ? "ip6" : "ip4");
	for (size_t i = 0; i < KINDS; i++)
		for (size_t k = 0; k < 4 && kinds[i].also[k] != NULL; k++)
			if (same_type(type, kinds[i].also[k]))
				return &kinds[i];
	return NULL;
}

/* ---- credentials ---- */

static int add(struct parse *p, const struct kind *k, const char *text, struct request_service *s)
{
	const char *value;

	if (k->value(p, text, &value) < 0)
		return -1;
	if (k->value == as_ip6 && strchr(value, ':') == NULL)	/* it was one of the others */
		k = kind_of_element("ip4");
	for (size_t i = 0; i < s->n_credentials; i++)
		if (k->once && strcmp(s->credential[i].type, k->element) == 0)
			return parse_fail(p, COND_BAD_REQUEST);
	if (s->n_credentials == WIRE_CREDENTIALS)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	s->credential[s->n_credentials++] = (struct credential_sent){ k->element, value };
	return 0;
}

/* <credentials type= value=/>; NULL: of a kind that says nothing to us. */
static int of_text(struct parse *p, const struct stanza *c, struct request_service *s)
{
	const struct kind *k;
	const char *type, *value;

	if (parse_needed(p, c, "type", 64, &type) < 0 ||
	    parse_needed(p, c, "value", CERTIFICATE_CHARS, &value) < 0)
		return -1;
	k = kind_of_type(type, value);
	if (k == NULL)
		return 0;
	if (str_utf8_chars(value) > k->chars)
		return parse_fail(p, COND_BAD_REQUEST);
	return add(p, k, value, s);
}

static int of_schema(struct parse *p, const struct stanza *c, struct request_service *s)
{
	const struct kind *k = kind_of_element(stanza_name(c));
	const char *value;

	if (k == NULL)
		return 0;
	return parse_needed(p, c, k->attr, k->chars, &value) < 0 ? -1 : add(p, k, value, s);
}

static int credentials(struct parse *p, const struct stanza *el, struct request_service *s)
{
	s->credential = pool_alloc(p->pool, WIRE_CREDENTIALS * sizeof(*s->credential));
	if (s->credential == NULL)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	for (const struct stanza *c = stanza_first(el); c != NULL; c = stanza_next(c)) {
		if (strcmp(stanza_ns(c), stanza_ns(el)) != 0)
			continue;
		if ((strcmp(stanza_name(c), "credentials") == 0 ? of_text(p, c, s) :
		    of_schema(p, c, s)) < 0)
			return -1;
	}
	return 0;
}

/* ---- requests ---- */

static int tokens(struct parse *p, const struct stanza *el, bool user, struct request_service *s)
{
	struct tokens t;

	if (parse_tokens(p, el, &t) < 0)
		return -1;
	s->service_tokens = t.service;
	s->user_tokens = t.user;
	return t.service.n > 0 && (!user || t.user.n > 0) ? 0 :
	    parse_fail(p, COND_BAD_REQUEST);
}

static void tokens_write(struct xml *x, const struct request *q)
{
	const struct tokens t = { .service = q->u.service.service_tokens,
		.user = q->u.service.user_tokens };

	emit_tokens(x, q->dialect.vocab, &t);
}

int service_access_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	return tokens(p, el, false, &q->u.service) < 0 ? -1 :
	    credentials(p, el, &q->u.service);
}

void service_access_write(struct xml *x, const struct request *q)
{
	const struct request_service *s = &q->u.service;

	tokens_write(x, q);
	for (size_t i = 0; i < s->n_credentials; i++) {
		const struct kind *k = kind_of_element(s->credential[i].type);

		xml_open(x, k->element, NULL);
		xml_attr(x, k->attr, s->credential[i].value != NULL ? s->credential[i].value : "");
		xml_close(x);
	}
}

int service_login_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	const char *name;

	if (tokens(p, el, true, &q->u.service) < 0 ||
	    parse_needed(p, el, "userName", 256, &name) < 0)
		return -1;
	return as_text(p, name, &q->u.service.user_name);
}

void service_login_write(struct xml *x, const struct request *q)
{
	tokens_write(x, q);
	xml_attr(x, "userName", q->u.service.user_name);
}

bool service_privilege_is_good(const char *id)
{
	size_t len = strlen(id);

	for (const char *c = id; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f || (c[0] == '.' && c[1] == '.'))
			return false;
	return len > 0 && id[0] != '.' && id[len - 1] != '.';
}

int service_privilege_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	struct request_service *s = &q->u.service;

	if (tokens(p, el, true, s) < 0 ||
	    parse_needed(p, el, "privilegeId", 256, &s->privilege) < 0)
		return -1;
	return service_privilege_is_good(s->privilege) ? 0 : parse_fail(p, COND_BAD_REQUEST);
}

void service_privilege_write(struct xml *x, const struct request *q)
{
	tokens_write(x, q);
	xml_attr(x, "privilegeId", q->u.service.privilege);
}

int service_download_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	return tokens(p, el, true, &q->u.service);
}

void service_download_write(struct xml *x, const struct request *q)
{
	tokens_write(x, q);
}

/* ---- answers ---- */

static int result(struct parse *p, const struct stanza *el, struct reply *r)
{
	bool has;

	if (parse_bool(p, el, "result", &has, &r->u.service.result) < 0)
		return -1;
	return has ? 0 : parse_fail(p, COND_BAD_REQUEST);
}

int service_access_answer_parse(struct parse *p, const struct stanza *el, struct reply *r)
{
	return result(p, el, r) < 0 ? -1 :
	    parse_attr(p, el, "userToken", WIRE_TOKEN_BYTES, &r->u.service.user_token);
}

void service_access_answer_write(struct xml *x, const struct request *q, const struct reply *r)
{
	(void)q;
	xml_attr_bool(x, "result", r->u.service.result);
	if (r->u.service.result)
		xml_attr(x, "userToken", r->u.service.user_token);
}

int service_privilege_answer_parse(struct parse *p, const struct stanza *el, struct reply *r)
{
	return result(p, el, r);
}

void service_privilege_answer_write(struct xml *x, const struct request *q,
    const struct reply *r)
{
	(void)q;
	xml_attr_bool(x, "result", r->u.service.result);
}

int service_download_answer_parse(struct parse *p, const struct stanza *el, struct reply *r)
{
	struct reply_service *s = &r->u.service;
	size_t n = stanza_children(el);

	s->privilege = pool_alloc(p->pool, (n + 1) * sizeof(*s->privilege));
	if (s->privilege == NULL)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	for (const struct stanza *c = stanza_first(el); c != NULL; c = stanza_next(c)) {
		bool include = strcmp(stanza_name(c), "include") == 0;
		const char *id;

		if (!include && strcmp(stanza_name(c), "exclude") != 0)
			continue;
		if (parse_needed(p, c, "id", 256, &id) < 0)
			return -1;
		s->privilege[s->n++] = (struct privilege_line){ include, id };
	}
	return 0;
}

void service_download_answer_write(struct xml *x, const struct request *q,
    const struct reply *r)
{
	(void)q;
	for (size_t i = 0; i < r->u.service.n; i++) {
		const struct privilege_line *l = &r->u.service.privilege[i];

		xml_open(x, l->include ? "include" : "exclude", NULL);
		xml_attr(x, "id", l->id);
		xml_close(x);
	}
}
