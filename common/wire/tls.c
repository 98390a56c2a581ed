/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls: OpenSSL behind tls.h.  Never blocks, never raises SIGPIPE (its own BIO
 * sends with MSG_NOSIGNAL).  Next: stream.c, which layers it under XML.
 */
#include "config.h"

#include "common/wire/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <idna.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "common/base/mem.h"
#include "common/base/str.h"
#include "common/wire/tls_time.h"

struct tls {
	SSL_CTX *ctx;
	SSL *ssl;
	BIO_METHOD *method;
	int fd;
	struct tls_time time;
	char *domain;		/* A-labels */
	bool wants_write;
	bool done;
};

/* The socket as a BIO */

static int
bio_read(BIO *b, char *data, int len)
{
	const struct tls *t = BIO_get_data(b);
	ssize_t n = recv(t->fd, data, (size_t)len, 0);

	BIO_clear_retry_flags(b);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		BIO_set_retry_read(b);
	return (int)n;
}

static int
bio_write(BIO *b, const char *data, int len)
{
	const struct tls *t = BIO_get_data(b);
	ssize_t n = send(t->fd, data, (size_t)len, MSG_NOSIGNAL);

	BIO_clear_retry_flags(b);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		BIO_set_retry_write(b);
	return (int)n;
}

static long
bio_ctrl(BIO *b, int command, long number, void *pointer)
{
	(void)b;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *
socket_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "kith socket");

	if (m != NULL) {
		(void)BIO_meth_set_read(m, bio_read);
		(void)BIO_meth_set_write(m, bio_write);
		(void)BIO_meth_set_ctrl(m, bio_ctrl);
	}
	return m;
}

static int
openssl_error(struct err *e, const char *what)
{
	unsigned long code = ERR_peek_last_error();
	char text[160] = "no reason given";

	if (code != 0)
		ERR_error_string_n(code, text, sizeof(text));
	ERR_clear_error();
	return err_set(e, ERR_SYSTEM, "%s: %s", what, text);
}

/* Settings */

/* A file with CRLs in it means them to be used. */
static void
check_crls(SSL_CTX *ctx)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	const STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);
	int i;

	for (i = 0; i < sk_X509_OBJECT_num(objects); i++)
		if (X509_OBJECT_get_type(sk_X509_OBJECT_value(objects, i)) == X509_LU_CRL) {
			(void)X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
			return;
		}
}

/* A private CA is exclusive: the system's roots must not speak for it. */
static int
load_roots(SSL_CTX *ctx, const char *ca_file, struct err *e)
{
	char what[200];

	if (ca_file == NULL) {
		if (SSL_CTX_set_default_verify_paths(ctx) != 1)
			return openssl_error(e, "cannot load the system's certificates");
		return 0;
	}
	(void)snprintf(what, sizeof(what), "cannot read certificates from '%.150s'", ca_file);
	if (SSL_CTX_load_verify_locations(ctx, ca_file, NULL) != 1)
		return openssl_error(e, what);
	check_crls(ctx);
	return 0;
}

static int
load_own(SSL_CTX *ctx, const struct tls_conf *conf, struct err *e)
{
	if (conf->cert_file == NULL)
		return 0;
	if (SSL_CTX_use_certificate_chain_file(ctx, conf->cert_file) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, conf->key_file, SSL_FILETYPE_PEM) != 1)
		return openssl_error(e, "cannot use our certificate");
	return 0;
}

static SSL_CTX *
make_context(const struct tls_conf *conf, struct err *e)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (ctx == NULL) {
		(void)openssl_error(e, "cannot start TLS");
		return NULL;
	}
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	(void)SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_NO_TICKET);
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_security_level(ctx, 2);	/* 112 bits: RSA 2048, no SHA-1 */
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM") != 1) {
		(void)openssl_error(e, "cannot set TLS up");
		goto fail;
	}
	if (load_roots(ctx, conf->ca_file, e) != 0 || load_own(ctx, conf, e) != 0)
		goto fail;
	return ctx;
fail:
	SSL_CTX_free(ctx);
	return NULL;
}

static bool
is_address(const char *host)
{
	struct in6_addr any;

	return inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1;
}

static char *
a_labels(const char *domain)
{
	char *ascii = NULL, *copy = NULL;

	if (str_is_plain_ascii(domain))
		return mem_strdup(domain);
	if (idna_to_ascii_8z(domain, &ascii, 0) == IDNA_SUCCESS)
		copy = mem_strdup(ascii);
	mem_free(ascii);	/* libidn's memory comes from malloc */
	return copy;
}

static int
make_session(struct tls *t, bool direct, struct err *e)
{
	static const unsigned char alpn[] = "\x0bxmpp-client";

	t->ssl = SSL_new(t->ctx);
	if (t->ssl == NULL)
		return openssl_error(e, "cannot start TLS");
	SSL_set_connect_state(t->ssl);
	(void)SSL_set_tlsext_status_type(t->ssl, TLSEXT_STATUSTYPE_ocsp);
	if (!is_address(t->domain) && SSL_set_tlsext_host_name(t->ssl, t->domain) != 1)
		return openssl_error(e, "cannot name the server");
	if (direct && SSL_set_alpn_protos(t->ssl, alpn, sizeof(alpn) - 1) != 0)
		return openssl_error(e, "cannot set ALPN");
	return 0;
}

struct tls *
tls_new(const struct tls_conf *conf, struct err *e)
{
	struct tls *t = mem_zalloc(sizeof(*t));

	if (t == NULL) {
		(void)err_set(e, ERR_SYSTEM, "no memory for TLS");
		return NULL;
	}
	t->fd = -1;
	t->domain = a_labels(conf->domain);
	t->method = socket_method();
	if (t->domain == NULL || t->method == NULL) {
		(void)err_set(e, ERR_INPUT, "'%s' is no domain a certificate can prove", conf->domain);
		goto fail;
	}
	tls_time_init(&t->time, conf->now_ms, conf->earliest_ms);
	t->ctx = make_context(conf, e);
	if (t->ctx != NULL)
		tls_time_prepare(&t->time, t->ctx);
	if (t->ctx == NULL || make_session(t, conf->direct, e) != 0)
		goto fail;
	return t;
fail:
	tls_free(&t);
	return NULL;
}

void
tls_free(struct tls **tls)
{
	struct tls *t = *tls;

	if (t == NULL)
		return;
	SSL_free(t->ssl);
	SSL_CTX_free(t->ctx);
	BIO_meth_free(t->method);
	mem_free(t->domain);
	mem_free(t);
	*tls = NULL;
}

int
tls_attach(struct tls *t, int fd, struct err *e)
{
	BIO *b = BIO_new(t->method);

	if (b == NULL)
		return openssl_error(e, "cannot start TLS");
	t->fd = fd;
	BIO_set_data(b, t);
	BIO_set_init(b, 1);
	SSL_set_bio(t->ssl, b, b);
	return 0;
}

/* Who is there */

static bool
text_equals(const ASN1_STRING *s, const char *text)
{
	size_t len = (size_t)ASN1_STRING_length(s);

	return len == strlen(text) && strncasecmp((const char *)ASN1_STRING_get0_data(s), text, len) == 0;
}

/* id-on-xmppAddr and id-on-dnsSRV, RFC 6120 13.7.1.4 and RFC 4985. */
static bool
other_name_proves(const OTHERNAME *o, const char *domain)
{
	char oid[64], service[300];
	int n = snprintf(service, sizeof(service), "_xmpp-client.%s", domain);

	if (n < 0 || (size_t)n >= sizeof(service) ||
	    OBJ_obj2txt(oid, sizeof(oid), o->type_id, 1) <= 0)
		return false;
	if (strcmp(oid, "1.3.6.1.5.5.7.8.5") == 0 && o->value->type == V_ASN1_UTF8STRING)
		return text_equals(o->value->value.utf8string, domain);
	if (strcmp(oid, "1.3.6.1.5.5.7.8.7") == 0 && o->value->type == V_ASN1_IA5STRING)
		return text_equals(o->value->value.ia5string, service);
	return false;
}

static bool
other_names_prove(X509 *cert, const char *domain)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	bool found = false;
	int i;

	for (i = 0; names != NULL && i < sk_GENERAL_NAME_num(names) && !found; i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);

		if (n->type == GEN_OTHERNAME)
			found = other_name_proves(n->d.otherName, domain);
	}
	GENERAL_NAMES_free(names);
	return found;
}

static bool
cert_proves(X509 *cert, const char *domain)
{
	unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;

	if (is_address(domain))
		return X509_check_ip_asc(cert, domain, 0) == 1;
	return X509_check_host(cert, domain, 0, flags, NULL) == 1 || other_names_prove(cert, domain);
}

/* The status of `cert` in a verified answer. */
static int
judge_ocsp(struct tls *t, OCSP_BASICRESP *basic, X509 *cert, X509 *issuer, struct err *e)
{
	OCSP_CERTID *id = OCSP_cert_to_id(NULL, cert, issuer);
	ASN1_GENERALIZEDTIME *from = NULL, *until = NULL;
	int status = V_OCSP_CERTSTATUS_UNKNOWN, reason, found;

	found = id != NULL ? OCSP_resp_find_status(basic, id, &status, &reason, NULL, &from, &until) : 0;
	OCSP_CERTID_free(id);
	if (found != 1)
		return err_set(e, ERR_INPUT, "the stapled OCSP answer is about another certificate");
	if (status == V_OCSP_CERTSTATUS_REVOKED)
		return err_set(e, ERR_INPUT, "the server's certificate is revoked");
	return tls_time_check_answer(&t->time, from, until, e);
}

static X509 *
issuer_of(X509 *cert, const STACK_OF(X509) *chain)
{
	int i;

	for (i = 0; i < sk_X509_num(chain); i++)
		if (X509_check_issued(sk_X509_value(chain, i), cert) == X509_V_OK)
			return sk_X509_value(chain, i);
	return NULL;
}

/* No answer is no objection; a wrong one is. */
static int
check_ocsp(struct tls *t, X509 *cert, struct err *e)
{
	const unsigned char *der = NULL;
	long len = SSL_get_tlsext_status_ocsp_resp(t->ssl, &der);
	STACK_OF(X509) *chain = SSL_get0_verified_chain(t->ssl);
	X509 *issuer = issuer_of(cert, chain);
	OCSP_RESPONSE *answer;
	OCSP_BASICRESP *basic = NULL;
	int ret = -1;

	if (der == NULL || len <= 0)
		return 0;
	if (t->time.unknown)	/* of who signed it; its own times are looked at */
		(void)X509_STORE_set_flags(SSL_CTX_get_cert_store(t->ctx), X509_V_FLAG_NO_CHECK_TIME);
	answer = d2i_OCSP_RESPONSE(NULL, &der, len);
	if (answer != NULL && OCSP_response_status(answer) == OCSP_RESPONSE_STATUS_SUCCESSFUL)
		basic = OCSP_response_get1_basic(answer);
	if (basic == NULL || issuer == NULL ||
	    OCSP_basic_verify(basic, chain, SSL_CTX_get_cert_store(t->ctx), 0) != 1)
		(void)err_set(e, ERR_INPUT, "the stapled OCSP answer cannot be verified");
	else
		ret = judge_ocsp(t, basic, cert, issuer, e);
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(answer);
	return ret;
}

static int
check_peer(struct tls *t, struct err *e)
{
	X509 *cert = SSL_get1_peer_certificate(t->ssl);
	int ret = -1;

	if (cert == NULL || SSL_get_verify_result(t->ssl) != X509_V_OK)
		(void)err_set(e, ERR_INPUT, "the server showed no good certificate");
	else if (!cert_proves(cert, t->domain))
		(void)err_set(e, ERR_INPUT, "the server's certificate is not for '%s'", t->domain);
	else if (tls_time_check(&t->time, SSL_get0_verified_chain(t->ssl), e) == 0)
		ret = check_ocsp(t, cert, e);
	X509_free(cert);
	return ret;
}

static int
handshake_error(struct tls *t, struct err *e)
{
	long verify = SSL_get_verify_result(t->ssl);
	char day[TLS_TIME_DAY];

	if (verify == X509_V_ERR_CERT_HAS_EXPIRED || verify == X509_V_ERR_CERT_NOT_YET_VALID) {
		ERR_clear_error();
		tls_time_day(&t->time, day);
		return err_set(e, ERR_INPUT, "the server's certificate is refused: %s, says our clock "
		    "of %s", X509_verify_cert_error_string(verify), day);
	}
	if (verify != X509_V_OK) {
		ERR_clear_error();
		return err_set(e, ERR_INPUT, "the server's certificate is refused: %s",
		    X509_verify_cert_error_string(verify));
	}
	if (ERR_peek_last_error() == 0)
		return err_set(e, ERR_AGAIN, "the connection ended during the TLS handshake");
	(void)openssl_error(e, "the TLS handshake failed");
	if (e != NULL)
		e->kind = ERR_INPUT;
	return -1;
}

/* Moving bytes */

/* What a call that moved nothing means: 0 wait, -1 over. */
static int
blocked(struct tls *t, int result)
{
	int why = SSL_get_error(t->ssl, result);

	t->wants_write = why == SSL_ERROR_WANT_WRITE;
	return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

int
tls_handshake(struct tls *t, struct err *e)
{
	int r;

	ERR_clear_error();
	r = SSL_do_handshake(t->ssl);
	if (r != 1)
		return blocked(t, r) == 0 ? 0 : handshake_error(t, e);
	t->wants_write = false;
	if (check_peer(t, e) != 0)
		return -1;
	t->done = true;
	return 1;
}

static int
int_len(size_t len)
{
	return len > INT_MAX ? INT_MAX : (int)len;
}

ssize_t
tls_read(struct tls *t, void *data, size_t len)
{
	int n;

	if (!t->done)
		return -1;
	ERR_clear_error();
	n = SSL_read(t->ssl, data, int_len(len));
	return n > 0 ? n : blocked(t, n);
}

ssize_t
tls_write(struct tls *t, const void *data, size_t len)
{
	int n;

	if (!t->done)
		return -1;
	ERR_clear_error();
	n = SSL_write(t->ssl, data, int_len(len));
	return n > 0 ? n : blocked(t, n);
}

bool
tls_pending(const struct tls *t)
{
	return t->done && SSL_has_pending(t->ssl) == 1;
}

bool
tls_wants_write(const struct tls *t)
{
	return t->wants_write;
}

void
tls_goodbye(struct tls *t)
{
	ERR_clear_error();
	if (t->done)
		(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
}

/* Channel binding */

void
tls_peer_times(const struct tls *t, int64_t *from_ms, int64_t *until_ms)
{
	X509 *cert = SSL_get1_peer_certificate(t->ssl);

	*from_ms = cert != NULL ? tls_time_ms(X509_get0_notBefore(cert)) : 0;
	*until_ms = cert != NULL ? tls_time_ms(X509_get0_notAfter(cert)) : 0;
	X509_free(cert);
}

bool
tls_is_13(const struct tls *t)
{
	return SSL_version(t->ssl) >= TLS1_3_VERSION;
}

enum sasl_binding
tls_binding(const struct tls *t, unsigned char out[static TLS_BINDING_MAX], size_t *len)
{
	static const char label[] = "EXPORTER-Channel-Binding";

	*len = 0;
	if (!t->done)
		return SASL_BIND_NONE;
	if (tls_is_13(t)) {
		if (SSL_export_keying_material(t->ssl, out, 32, label, sizeof(label) - 1,
		    NULL, 0, 0) != 1)
			return SASL_BIND_NONE;
		*len = 32;
		return SASL_BIND_TLS_EXPORTER;
	}
	/* Without the extended master secret tls-unique proves nothing. */
	if (SSL_get_extms_support(t->ssl) != 1)
		return SASL_BIND_NONE;
	*len = SSL_get_finished(t->ssl, out, TLS_BINDING_MAX);
	return *len > 0 && *len <= TLS_BINDING_MAX ? SASL_BIND_TLS_UNIQUE : SASL_BIND_NONE;
}
