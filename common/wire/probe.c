/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe: connect, open a stream, read the features, STARTTLS, read them again;
 * and once more with nothing newer than TLS 1.1.  The certificate is looked at
 * only after the handshake, so that all its faults can be told.
 */
#include "config.h"

#include "common/wire/probe.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "common/base/clock.h"
#include "common/base/str.h"
#include "common/wire/ns.h"
#include "common/wire/parser.h"
#include "common/wire/stanza.h"

#define WAIT_S 5
#define STANZA_BYTES (64 * 1024)

struct line {
	int fd;
	SSL *ssl;		/* NULL: not yet */
	struct parser *parser;
	char data[4096];
	size_t len, at;
};

/* ---- bytes ---- */

static int try_address(const struct addrinfo *a)
{
	const struct timeval wait = { .tv_sec = WAIT_S };
	int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) == 0 &&
	    connect(fd, a->ai_addr, a->ai_addrlen) == 0)
		return fd;
	close(fd);
	return -1;
}

static int dial(const char *host, const char *port)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	int fd = -1;

	if (getaddrinfo(host, port, &hints, &found) != 0)
		return -1;
	for (const struct addrinfo *a = found; a != NULL && fd < 0; a = a->ai_next)
		fd = try_address(a);
	freeaddrinfo(found);
	return fd;
}

bool probe_listens(const char *host, const char *port)
{
	int fd = dial(host, port);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int line_write(struct line *l, const char *text)
{
	size_t len = strlen(text);

	if (l->ssl != NULL)
		return SSL_write(l->ssl, text, (int)len) == (int)len ? 0 : -1;
	return send(l->fd, text, len, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -1;
}

static int line_fill(struct line *l)
{
	ssize_t n = l->ssl != NULL ? SSL_read(l->ssl, l->data, sizeof(l->data)) :
	    recv(l->fd, l->data, sizeof(l->data), 0);

	l->at = 0;
	l->len = n > 0 ? (size_t)n : 0;
	return n > 0 ? 0 : -1;
}

/* The next thing in the stream; NULL: its end, or nothing in time. */
static const struct stanza *line_next(struct line *l)
{
	size_t used;

	for (;;) {
		enum parser_event got;

		if (l->at == l->len && line_fill(l) != 0)
			return NULL;
		got = parser_next(l->parser, l->data + l->at, l->len - l->at, &used);
		l->at += used;
		if (got == PARSER_STANZA)
			return parser_stanza(l->parser);
		if (got == PARSER_CLOSED || got == PARSER_BROKEN)
			return NULL;
	}
}

/* ---- offers ---- */

static void read_offer(struct probe_offer *o, const struct stanza *features)
{
	const struct stanza *tls = stanza_child(features, NS_TLS, "starttls");
	const struct stanza *list = stanza_child(features, NS_SASL, "mechanisms");
	size_t len = 0;

	memset(o, 0, sizeof(*o));
	o->starttls = tls != NULL;
	o->tls_required = tls != NULL && stanza_child(tls, NS_TLS, "required") != NULL;
	o->registration = stanza_child(features, NS_REGISTER_FEATURE, "register") != NULL;
	for (const struct stanza *m = list != NULL ? stanza_first(list) : NULL; m != NULL;
	    m = stanza_next(m)) {
		int n = snprintf(o->mechanisms + len, sizeof(o->mechanisms) - len, "%s%s,",
		    len == 0 ? "," : "", stanza_text(m));

		if (n < 0 || (size_t)n >= sizeof(o->mechanisms) - len)
			return;
		len += (size_t)n;
	}
}

static int open_stream(struct line *l, const struct probe_target *t, struct probe_offer *o)
{
	char header[1024];
	const struct stanza *s;
	int n = snprintf(header, sizeof(header), "<?xml version='1.0'?><stream:stream xmlns='%s' "
	    "xmlns:stream='http://etherx.jabber.org/streams' to='%s' version='1.0'>",
	    t->server ? "jabber:server" : "jabber:client", t->domain);

	if (n < 0 || (size_t)n >= sizeof(header) || line_write(l, header) != 0)
		return -1;
	parser_restart(l->parser);
	s = line_next(l);
	if (s == NULL || strcmp(stanza_name(s), "features") != 0)
		return -1;
	read_offer(o, s);
	return 0;
}

static int hang_up(struct line *l)
{
	if (l->ssl != NULL)
		SSL_free(l->ssl);
	if (l->fd >= 0)
		close(l->fd);
	parser_free(&l->parser);
	return -1;
}

static int call(struct line *l, const struct probe_target *t, struct probe_offer *o, struct err *e)
{
	memset(l, 0, sizeof(*l));
	l->fd = dial(t->host, t->port);
	if (l->fd < 0) {
		err_set(e, ERR_SYSTEM, "nobody listens at %s:%s", t->host, t->port);
		return hang_up(l);
	}
	l->parser = parser_new(t->server ? "jabber:server" : NS_CLIENT, STANZA_BYTES, e);
	if (l->parser == NULL)
		return hang_up(l);
	if (open_stream(l, t, o) != 0) {
		err_set(e, ERR_SYSTEM, "%s:%s does not answer as a server of '%s'", t->host,
		    t->port, t->domain);
		return hang_up(l);
	}
	return 0;
}

/* ---- TLS ---- */

static SSL_CTX *context(const struct probe_target *t, bool old)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());

	if (c == NULL)
		return NULL;
	SSL_CTX_set_verify(c, SSL_VERIFY_NONE, NULL);
	if (t->ca_file != NULL)
		(void)SSL_CTX_load_verify_locations(c, t->ca_file, NULL);
	else
		(void)SSL_CTX_set_default_verify_paths(c);
	if (old) {
		SSL_CTX_set_security_level(c, 0);
		(void)SSL_CTX_set_min_proto_version(c, TLS1_VERSION);
		(void)SSL_CTX_set_max_proto_version(c, TLS1_1_VERSION);
	}
	return c;
}

static bool start_tls(struct line *l, const struct probe_target *t, bool old)
{
	char name[256];		/* OpenSSL's macro takes no const */
	const struct stanza *s;
	SSL_CTX *c;
	SSL *ssl;

	if (str_copy(name, sizeof(name), t->domain) < 0 || line_write(l, "<starttls xmlns='" NS_TLS "'/>") != 0)
		return false;
	s = line_next(l);
	if (s == NULL || !stanza_is(s, NS_TLS, "proceed"))
		return false;
	c = context(t, old);
	ssl = c == NULL ? NULL : SSL_new(c);
	SSL_CTX_free(c);
	if (ssl == NULL)
		return false;
	X509_VERIFY_PARAM_set_hostflags(SSL_get0_param(ssl), X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (SSL_set_fd(ssl, l->fd) != 1 || SSL_set1_host(ssl, t->domain) != 1 ||
	    SSL_set_tlsext_host_name(ssl, name) != 1 || SSL_connect(ssl) != 1) {
		SSL_free(ssl);
		ERR_clear_error();
		return false;
	}
	l->ssl = ssl;
	return true;
}

static void read_certificate(struct probe *out, SSL *ssl)
{
	X509 *cert = SSL_get1_peer_certificate(ssl);
	long fault = SSL_get_verify_result(ssl);
	int days = 0, seconds = 0;

	if (cert == NULL || fault != X509_V_OK)
		(void)snprintf(out->fault, sizeof(out->fault), "%s", cert == NULL ?
		    "there is none" : X509_verify_cert_error_string(fault));
	if (cert != NULL && ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(cert)) == 1)
		out->valid_s = (int64_t)days * 86400 + seconds;
	X509_free(cert);
}

int probe(const struct probe_target *t, struct probe *out, struct err *e)
{
	struct probe_offer ignored;
	struct line l;

	memset(out, 0, sizeof(*out));
	if (call(&l, t, &out->before, e) != 0)
		return -1;
	if (out->before.starttls && start_tls(&l, t, false)) {
		out->tls = true;
		read_certificate(out, l.ssl);
		l.at = l.len = 0;
		/* A server may want our certificate first, between servers. */
		(void)open_stream(&l, t, &out->after);
	}
	(void)hang_up(&l);
	if (out->tls && call(&l, t, &ignored, e) == 0) {
		out->old_tls = start_tls(&l, t, true);
		(void)hang_up(&l);
	}
	return 0;
}
