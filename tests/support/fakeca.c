/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fakeca: see fakeca.h.  Whatever fails here fails the test at once.
 */
#include "config.h"

#include "tests/support/fakeca.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define DAY (24L * 3600)
#define REVOKED_SERIAL 4711

static const char *const names[FLAW_COUNT] = {
	[FLAW_NONE] = "none",
	[FLAW_NONE_XMPP_ADDR] = "none, xmppAddr",
	[FLAW_NONE_SRV] = "none, SRVName",
	[FLAW_NONE_STAPLED] = "none, stapled",
	[FLAW_WRONG_NAME] = "wrong name",
	[FLAW_LONGER_NAME] = "longer name",
	[FLAW_PARTIAL_WILDCARD] = "partial wildcard",
	[FLAW_WRONG_SRV] = "wrong service",
	[FLAW_CN_ONLY] = "common name only",
	[FLAW_UNKNOWN_CA] = "unknown CA",
	[FLAW_SELF_SIGNED] = "self-signed",
	[FLAW_EXPIRED] = "expired",
	[FLAW_NOT_YET] = "not yet valid",
	[FLAW_WEAK_KEY] = "weak key",
	[FLAW_SHA1] = "SHA-1",
	[FLAW_CLIENT_ONLY] = "for clients only",
	[FLAW_SIGNED_BY_LEAF] = "signed by a leaf",
	[FLAW_REVOKED_CRL] = "revoked by CRL",
	[FLAW_REVOKED_STAPLED] = "revoked by OCSP",
	[FLAW_STAPLE_RUBBISH] = "rubbish stapled",
	[FLAW_STAPLE_STALE] = "stale staple",
	[FLAW_TLS_1_1] = "TLS 1.1",
};

const char *
fake_flaw_name(enum fake_flaw flaw)
{
	return names[flaw];
}

static void
need(int ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "fakeca: %s\n", what);
	ERR_print_errors_fp(stderr);
	abort();
}

struct request {
	const char *cn;
	const char *san;	/* OpenSSL's notation; NULL: none */
	const char *usage;
	long serial;
	long from, until;	/* seconds from now */
	bool ca;
	const EVP_MD *md;
};

static void
add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	need(ext != NULL && X509_add_ext(cert, ext, -1) == 1, "extension");
	X509_EXTENSION_free(ext);
}

static X509 *
make_cert(const struct request *r, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);

	need(X509_set_version(cert, 2) == 1, "version");
	(void)ASN1_INTEGER_set(X509_get_serialNumber(cert), r->serial);
	(void)X509_gmtime_adj(X509_getm_notBefore(cert), r->from);
	(void)X509_gmtime_adj(X509_getm_notAfter(cert), r->until);
	need(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)r->cn, -1, -1, 0) == 1, "name");
	need(X509_set_pubkey(cert, key) == 1, "public key");
	if (issuer == NULL)
		issuer = cert;
	need(X509_set_issuer_name(cert, X509_get_subject_name(issuer)) == 1, "issuer");
	add_extension(cert, issuer, NID_basic_constraints, r->ca ? "critical,CA:TRUE" : "CA:FALSE");
	if (r->ca)
		add_extension(cert, issuer, NID_key_usage, "critical,keyCertSign,cRLSign,digitalSignature");
	if (r->usage != NULL)
		add_extension(cert, issuer, NID_ext_key_usage, r->usage);
	if (r->san != NULL)
		add_extension(cert, issuer, NID_subject_alt_name, r->san);
	need(X509_sign(cert, issuer_key, r->md) > 0, "signature");
	return cert;
}

static EVP_PKEY *
make_key(void)
{
	EVP_PKEY *k = EVP_EC_gen("P-256");

	need(k != NULL, "key");
	return k;
}

static X509_CRL *
make_crl(const struct fakeca *ca)
{
	X509_CRL *crl = X509_CRL_new();
	X509_REVOKED *revoked = X509_REVOKED_new();
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	ASN1_TIME *at = ASN1_TIME_new();

	(void)X509_gmtime_adj(at, -DAY);
	(void)X509_CRL_set_version(crl, 1);
	(void)X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->cert));
	(void)X509_CRL_set1_lastUpdate(crl, at);
	(void)ASN1_INTEGER_set(serial, REVOKED_SERIAL);
	(void)X509_REVOKED_set_serialNumber(revoked, serial);
	(void)X509_REVOKED_set_revocationDate(revoked, at);
	(void)X509_CRL_add0_revoked(crl, revoked);
	(void)X509_gmtime_adj(at, DAY);
	(void)X509_CRL_set1_nextUpdate(crl, at);
	need(X509_CRL_sign(crl, ca->key, EVP_sha256()) > 0, "CRL");
	ASN1_INTEGER_free(serial);
	ASN1_TIME_free(at);
	return crl;
}

static void
write_files(struct fakeca *ca)
{
	X509_CRL *crl = make_crl(ca);
	FILE *f;

	(void)snprintf(ca->dir, sizeof(ca->dir), "/tmp/kith-fakeca-XXXXXX");
	need(mkdtemp(ca->dir) != NULL, "folder");
	(void)snprintf(ca->file, sizeof(ca->file), "%s/ca.pem", ca->dir);
	(void)snprintf(ca->file_crl, sizeof(ca->file_crl), "%s/ca-crl.pem", ca->dir);
	f = fopen(ca->file, "w");
	need(f != NULL && PEM_write_X509(f, ca->cert) == 1 && fclose(f) == 0, "CA file");
	f = fopen(ca->file_crl, "w");
	need(f != NULL && PEM_write_X509(f, ca->cert) == 1 && PEM_write_X509_CRL(f, crl) == 1 &&
	    fclose(f) == 0, "CRL file");
	X509_CRL_free(crl);
}

void
fakeca_init(struct fakeca *ca)
{
	struct request root = { "kith test root", NULL, NULL, 1, -DAY, 365 * DAY, true, EVP_sha256() };

	memset(ca, 0, sizeof(*ca));
	ca->key = make_key();
	ca->cert = make_cert(&root, ca->key, NULL, ca->key);
	root.cn = "somebody else's root";
	ca->other_key = make_key();
	ca->other_cert = make_cert(&root, ca->other_key, NULL, ca->other_key);
	write_files(ca);
}

void
fakeca_fini(struct fakeca *ca)
{
	char path[96];

	(void)unlink(ca->file);
	(void)unlink(ca->file_crl);
	(void)snprintf(path, sizeof(path), "%s/client.pem", ca->dir);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/client.key", ca->dir);
	(void)unlink(path);
	(void)rmdir(ca->dir);
	X509_free(ca->cert);
	EVP_PKEY_free(ca->key);
	X509_free(ca->other_cert);
	EVP_PKEY_free(ca->other_key);
}

const char *
fakeca_file(const struct fakeca *ca, enum fake_flaw flaw)
{
	return flaw == FLAW_REVOKED_CRL ? ca->file_crl : ca->file;
}

/* Stapling */

struct staple {
	unsigned char *der;
	int len;
};

static void
free_staple(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
	struct staple *s = ptr;

	(void)parent;
	(void)ad;
	(void)idx;
	(void)argl;
	(void)argp;
	if (s != NULL)
		OPENSSL_free(s->der);
	free(s);
}

static int
staple_index(void)
{
	static int index = -1;

	if (index < 0)
		index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_staple);
	return index;
}

static int
on_status(SSL *ssl, void *arg)
{
	const struct staple *s = arg;
	unsigned char *copy = OPENSSL_memdup(s->der, (size_t)s->len);

	(void)SSL_set_tlsext_status_ocsp_resp(ssl, copy, s->len);
	return SSL_TLSEXT_ERR_OK;
}

static struct staple *
make_staple(const struct fakeca *ca, X509 *cert, enum fake_flaw flaw)
{
	struct staple *s = calloc(1, sizeof(*s));
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_CERTID *id = OCSP_cert_to_id(NULL, cert, ca->cert);
	bool revoked = flaw == FLAW_REVOKED_STAPLED, stale = flaw == FLAW_STAPLE_STALE;
	ASN1_TIME *now = X509_gmtime_adj(NULL, stale ? -10 * DAY : -3600);
	ASN1_TIME *next = X509_gmtime_adj(NULL, stale ? -9 * DAY : DAY);
	OCSP_RESPONSE *answer;

	need(s != NULL && basic != NULL && id != NULL, "OCSP");
	need(OCSP_basic_add1_status(basic, id,
	    revoked ? V_OCSP_CERTSTATUS_REVOKED : V_OCSP_CERTSTATUS_GOOD,
	    OCSP_REVOKED_STATUS_KEYCOMPROMISE, revoked ? now : NULL, now, next) != NULL, "OCSP");
	need(OCSP_basic_sign(basic, ca->cert, ca->key, EVP_sha256(), NULL, 0) == 1, "OCSP");
	answer = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	s->len = i2d_OCSP_RESPONSE(answer, &s->der);
	need(s->len > 0, "OCSP");
	if (flaw == FLAW_STAPLE_RUBBISH)
		memset(s->der, 'x', (size_t)s->len);
	OCSP_RESPONSE_free(answer);
	OCSP_BASICRESP_free(basic);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(now);
	ASN1_TIME_free(next);
	return s;
}

static void
staple(SSL_CTX *ctx, const struct fakeca *ca, X509 *cert, enum fake_flaw flaw)
{
	struct staple *s = make_staple(ca, cert, flaw);

	(void)SSL_CTX_set_ex_data(ctx, staple_index(), s);
	(void)SSL_CTX_set_tlsext_status_cb(ctx, on_status);
	(void)SSL_CTX_set_tlsext_status_arg(ctx, s);
}

/* Servers */

static void
describe(struct request *r, char san[256], const char *domain, enum fake_flaw flaw)
{
	*r = (struct request){ domain, san, "serverAuth", 100, -DAY, 30 * DAY, false, EVP_sha256() };
	(void)snprintf(san, 256, "DNS:%s", domain);
	switch (flaw) {
	case FLAW_NONE_XMPP_ADDR:
		(void)snprintf(san, 256, "otherName:1.3.6.1.5.5.7.8.5;UTF8:%s", domain);
		break;
	case FLAW_NONE_SRV:
		(void)snprintf(san, 256, "otherName:1.3.6.1.5.5.7.8.7;IA5:_xmpp-client.%s", domain);
		break;
	case FLAW_WRONG_SRV:
		(void)snprintf(san, 256, "otherName:1.3.6.1.5.5.7.8.7;IA5:_xmpp-server.%s", domain);
		break;
	case FLAW_WRONG_NAME:
		(void)snprintf(san, 256, "DNS:other.test");
		break;
	case FLAW_LONGER_NAME:
		(void)snprintf(san, 256, "DNS:%s.evil.test,DNS:x%s", domain, domain);
		break;
	case FLAW_PARTIAL_WILDCARD:
		(void)snprintf(san, 256, "DNS:%c*%s", domain[0], strchr(domain, '.'));
		break;
	case FLAW_CN_ONLY:
		r->san = NULL;
		break;
	case FLAW_EXPIRED:
		r->until = -60;
		break;
	case FLAW_NOT_YET:
		r->from = DAY;
		break;
	case FLAW_SHA1:
		r->md = EVP_sha1();
		break;
	case FLAW_CLIENT_ONLY:
		r->usage = "clientAuth";
		break;
	case FLAW_REVOKED_CRL:
		r->serial = REVOKED_SERIAL;
		break;
	default:
		break;
	}
}

static X509 *
issue(const struct fakeca *ca, const struct request *r, EVP_PKEY *key, enum fake_flaw flaw)
{
	if (flaw == FLAW_UNKNOWN_CA)
		return make_cert(r, key, ca->other_cert, ca->other_key);
	if (flaw == FLAW_SELF_SIGNED)
		return make_cert(r, key, NULL, key);
	return make_cert(r, key, ca->cert, ca->key);
}

SSL_CTX *
fakeca_server(const struct fakeca *ca, const char *domain, enum fake_flaw flaw)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *key = flaw == FLAW_WEAK_KEY ? EVP_RSA_gen(1024) : make_key();
	struct request r;
	char san[256];
	X509 *cert, *leaf;

	SSL_CTX_set_security_level(ctx, 0);
	describe(&r, san, domain, flaw);
	cert = issue(ca, &r, key, flaw);
	if (flaw == FLAW_SIGNED_BY_LEAF) {
		EVP_PKEY *leaf_key = make_key();

		leaf = make_cert(&r, leaf_key, cert, key);
		(void)SSL_CTX_add1_chain_cert(ctx, cert);
		X509_free(cert);
		EVP_PKEY_free(key);
		cert = leaf;
		key = leaf_key;
	}
	need(SSL_CTX_use_certificate(ctx, cert) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1,
	    "server certificate");
	if (flaw == FLAW_TLS_1_1) {
		(void)SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
		(void)SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
	}
	if (flaw == FLAW_NONE_STAPLED || flaw == FLAW_REVOKED_STAPLED ||
	    flaw == FLAW_STAPLE_RUBBISH || flaw == FLAW_STAPLE_STALE)
		staple(ctx, ca, cert, flaw);
	X509_free(cert);
	EVP_PKEY_free(key);
	return ctx;
}

void
fakeca_client_files(const struct fakeca *ca, const char *name, char cert[96], char key[96])
{
	struct request r = { name, NULL, "clientAuth", 200, -DAY, DAY, false, EVP_sha256() };
	EVP_PKEY *k = make_key();
	X509 *c = make_cert(&r, k, ca->cert, ca->key);
	FILE *f;

	(void)snprintf(cert, 96, "%s/client.pem", ca->dir);
	(void)snprintf(key, 96, "%s/client.key", ca->dir);
	f = fopen(cert, "w");
	need(f != NULL && PEM_write_X509(f, c) == 1 && fclose(f) == 0, "client file");
	f = fopen(key, "w");
	need(f != NULL && PEM_write_PrivateKey(f, k, NULL, NULL, 0, NULL, NULL) == 1 &&
	    fclose(f) == 0, "client file");
	X509_free(c);
	EVP_PKEY_free(k);
}
