/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certificate_support: makes keys and certificates, good and bad, for tests that
 * show them.  Header only.  Who signs a certificate is not looked at, so one key
 * signs them all.
 */
#ifndef KITH_TESTS_CERTIFICATE_SUPPORT_H
#define KITH_TESTS_CERTIFICATE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "common/base/certificate.h"
#include "common/base/sign.h"

#define CERT_NOW 1000000000000LL	/* wall ms: September 2001 */

struct cert_recipe {
	EVP_PKEY *key;			/* whose public half is in it */
	int64_t from_s, until_s;	/* seconds from CERT_NOW; both 0: a day to each side */
	int version;			/* 0: 3 */
	const char *usage, *constraints;	/* extensions, as openssl.cnf(5) has them */
	const char *other_critical;	/* an object id that nobody knows */
};

static inline void cert_add(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *ext = value == NULL ? NULL : X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	if (value == NULL)
		return;
	assert_non_null(ext);
	assert_int_equal(X509_add_ext(x, ext, -1), 1);
	X509_EXTENSION_free(ext);
}

static inline void cert_add_unknown(X509 *x, const char *oid)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *data = ASN1_OCTET_STRING_new();
	X509_EXTENSION *ext;

	assert_int_equal(ASN1_OCTET_STRING_set(data, (const unsigned char *)"\5", 1), 1);
	ext = X509_EXTENSION_create_by_OBJ(NULL, object, 1, data);
	assert_non_null(ext);
	assert_int_equal(X509_add_ext(x, ext, -1), 1);
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(data);
	ASN1_OBJECT_free(object);
}

static inline EVP_PKEY *cert_ed25519(void)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	assert_non_null(key);
	return key;
}

/* DER; the caller frees it with OPENSSL_free(). */
static inline uint8_t *cert_make(const struct cert_recipe *r, size_t *len)
{
	X509 *x = X509_new();
	EVP_PKEY *signer = cert_ed25519();
	bool times = r->from_s != 0 || r->until_s != 0;
	time_t now = CERT_NOW / 1000;
	uint8_t *der = NULL;
	int n;

	assert_non_null(x);
	assert_int_equal(X509_set_version(x, r->version != 0 ? r->version - 1 : 2), 1);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
	    (const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	ASN1_TIME_set(X509_getm_notBefore(x), now + (times ? r->from_s : -86400));
	ASN1_TIME_set(X509_getm_notAfter(x), now + (times ? r->until_s : 86400));
	assert_int_equal(X509_set_pubkey(x, r->key), 1);
	cert_add(x, NID_key_usage, r->usage);
	cert_add(x, NID_basic_constraints, r->constraints);
	if (r->other_critical != NULL)
		cert_add_unknown(x, r->other_critical);
	assert_true(X509_sign(x, signer, NULL) > 0);
	n = i2d_X509(x, &der);
	assert_true(n > 0);
	*len = (size_t)n;
	EVP_PKEY_free(signer);
	X509_free(x);
	return der;
}

static inline EVP_PKEY *cert_rsa(unsigned bits)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);

	assert_non_null(key);
	return key;
}

/* A public key alone, of any size: nobody has looked for its primes. */
static inline EVP_PKEY *cert_rsa_public(int bits, unsigned long exponent, bool odd)
{
	BIGNUM *n = BN_new(), *e = BN_new();
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM *params;
	EVP_PKEY *key = NULL;

	BN_rand(n, bits, BN_RAND_TOP_ONE, odd ? BN_RAND_BOTTOM_ODD : BN_RAND_BOTTOM_ANY);
	if (!odd)
		BN_clear_bit(n, 0);
	BN_set_word(e, exponent);
	OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n);
	OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e);
	params = OSSL_PARAM_BLD_to_param(b);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(b);
	EVP_PKEY_CTX_free(ctx);
	BN_free(n);
	BN_free(e);
	return key;
}

static inline EVP_PKEY *cert_ec(const char *curve)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve);

	assert_non_null(key);
	return key;
}

/* What the holder of the key does: decrypt a challenge ... */
static inline size_t cert_decrypt(EVP_PKEY *key, const uint8_t *in, size_t len,
    const struct secret_part *parts, size_t n, uint8_t *out, size_t size)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	struct buf label;
	bool good;

	assert_int_equal(sign_text(&label, parts, n), 0);
	good = EVP_PKEY_decrypt_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_rsa_oaep_md(ctx, n > 0 ? EVP_sha256() : EVP_sha1()) == 1 &&
	    EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, n > 0 ? EVP_sha256() : EVP_sha1()) == 1 &&
	    (n == 0 || EVP_PKEY_CTX_set0_rsa_oaep_label(ctx,
	    OPENSSL_memdup(label.data, label.len), (int)label.len) == 1) &&
	    EVP_PKEY_decrypt(ctx, out, &size, in, len) == 1;
	buf_fini(&label);
	EVP_PKEY_CTX_free(ctx);
	return good ? size : 0;
}

/* ... or sign one. */
static inline size_t cert_sign(EVP_PKEY *key, const EVP_MD *md, const struct secret_part *parts,
    size_t n, uint8_t *out, size_t size)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct buf text;
	bool good;

	assert_int_equal(sign_text(&text, parts, n), 0);
	good = EVP_DigestSignInit(ctx, NULL, md, NULL, key) == 1 &&
	    EVP_DigestSign(ctx, out, &size, (const unsigned char *)buf_str(&text), text.len) == 1;
	buf_fini(&text);
	EVP_MD_CTX_free(ctx);
	return good ? size : 0;
}

#endif
