/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fakeca: certificates for tests, made when the test runs: a root of our own
 * in a private folder, and server certificates with one thing wrong each.
 */
#ifndef KITH_TESTS_FAKECA_H
#define KITH_TESTS_FAKECA_H

#include <stdbool.h>

#include <openssl/ssl.h>
#include <openssl/x509.h>

enum fake_flaw {
	FLAW_NONE,
	FLAW_NONE_XMPP_ADDR,	/* good: named by id-on-xmppAddr only */
	FLAW_NONE_SRV,		/* good: named by id-on-dnsSRV only */
	FLAW_NONE_STAPLED,	/* good, with a good OCSP answer */
	FLAW_WRONG_NAME,
	FLAW_LONGER_NAME,	/* the domain and something behind it */
	FLAW_PARTIAL_WILDCARD,
	FLAW_WRONG_SRV,		/* another service of the domain */
	FLAW_CN_ONLY,
	FLAW_UNKNOWN_CA,
	FLAW_SELF_SIGNED,
	FLAW_EXPIRED,
	FLAW_NOT_YET,
	FLAW_WEAK_KEY,		/* RSA 1024 */
	FLAW_SHA1,		/* signed with SHA-1 */
	FLAW_CLIENT_ONLY,	/* extended key usage without serverAuth */
	FLAW_SIGNED_BY_LEAF,	/* its issuer is no CA */
	FLAW_REVOKED_CRL,
	FLAW_REVOKED_STAPLED,
	FLAW_STAPLE_RUBBISH,
	FLAW_STAPLE_STALE,
	FLAW_TLS_1_1,
	FLAW_COUNT
};

struct fakeca {
	char dir[64];
	char file[80];		/* the root, PEM */
	char file_crl[80];	/* the root and a CRL that names the revoked one */
	EVP_PKEY *key;
	X509 *cert;
	EVP_PKEY *other_key;	/* of a root nobody trusts */
	X509 *other_cert;
};

void fakeca_init(struct fakeca *ca);
void fakeca_fini(struct fakeca *ca);
/* A server for `domain` with this flaw.  Free with SSL_CTX_free. */
SSL_CTX *fakeca_server(const struct fakeca *ca, const char *domain, enum fake_flaw flaw);
/* What the client is to trust in this case. */
const char *fakeca_file(const struct fakeca *ca, enum fake_flaw flaw);
const char *fake_flaw_name(enum fake_flaw flaw);
/* A client certificate and its key for `name`, as files in ca->dir. */
void fakeca_client_files(const struct fakeca *ca, const char *name, char cert[96], char key[96]);

#endif
