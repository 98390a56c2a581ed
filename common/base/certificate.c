/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certificate: by OpenSSL, after a look at the outermost length.  Each fault has
 * a name for the operator; whoever showed the certificate learns none of it.
 * Decrypts and signs nothing.
 */
#include "config.h"

#include "common/base/certificate.h"

#include <string.h>
#include <time.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "common/base/calendar.h"
#include "common/base/hash.h"
#include "common/base/ident.h"
#include "common/base/sign.h"

const char *certificate_fault_name(enum certificate_fault f)
{
	static const char *const names[CERTIFICATE_FAULTS] = {
		[CERTIFICATE_GOOD] = "good",
		[CERTIFICATE_TOO_LONG] = "too-long",
		[CERTIFICATE_MALFORMED] = "malformed",
		[CERTIFICATE_OLD_FORM] = "before-version-3",
		[CERTIFICATE_EXTENSION] = "unknown-critical-extension",
		[CERTIFICATE_NOT_YET] = "not-yet-valid",
		[CERTIFICATE_OVER] = "expired",
		[CERTIFICATE_AUTHORITY] = "authority",
		[CERTIFICATE_KEY_TYPE] = "key-type",
		[CERTIFICATE_CURVE] = "curve",
		[CERTIFICATE_RSA_WEAK] = "rsa-weak",
		[CERTIFICATE_RSA_BIG] = "rsa-big",
		[CERTIFICATE_RSA_EXPONENT] = "rsa-exponent",
		[CERTIFICATE_USAGE] = "usage",
	};

	return (unsigned)f < CERTIFICATE_FAULTS ? names[f] : "unknown";
}

/* ---- form ---- */

/* A sequence that is exactly as long as what we were given (X.690, 8.1.3, 10.1):
 * nothing is behind it, and nothing longer is ever parsed. */
static bool is_whole(const uint8_t *der, size_t len)
{
	size_t n, octets;

	if (len < 2 || der[0] != 0x30)
		return false;
	if (der[1] < 0x80)
		return len == 2 + (size_t)der[1];
	octets = der[1] & 0x7fu;
	if (octets < 1 || octets > 2 || len < 2 + octets)
		return false;
	n = octets == 1 ? der[2] : (size_t)der[2] << 8 | der[3];
	return n >= (octets == 1 ? 0x80u : 0x100u) && len == 2 + octets + n;
}

static X509 *parse_der(const uint8_t *der, size_t len)
{
	const unsigned char *at = der;
	X509 *x = is_whole(der, len) ? d2i_X509(NULL, &at, (long)len) : NULL;

	if (x != NULL && (size_t)(at - der) != len) {
		X509_free(x);
		x = NULL;
	}
	return x;
}

/* ---- times and extensions ---- */

static bool read_time(const ASN1_TIME *t, int64_t *ms)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return false;
	*ms = calendar_seconds(&tm) * 1000;
	return true;
}

static enum certificate_fault check_time(const X509 *x, struct certificate *c, int64_t now_ms)
{
	if (!read_time(X509_get0_notBefore(x), &c->from_ms) ||
	    !read_time(X509_get0_notAfter(x), &c->until_ms))
		return CERTIFICATE_MALFORMED;
	/* The last second belongs to it (RFC 5280, 4.1.2.5). */
	c->until_ms += 1000;
	if (now_ms < c->from_ms)
		return CERTIFICATE_NOT_YET;
	return now_ms < c->until_ms ? CERTIFICATE_GOOD : CERTIFICATE_OVER;
}

static enum certificate_fault check_form(X509 *x)
{
	uint32_t flags = X509_get_extension_flags(x);

	if (X509_get_version(x) != X509_VERSION_3)
		return CERTIFICATE_OLD_FORM;
	if ((flags & EXFLAG_INVALID) != 0)
		return CERTIFICATE_MALFORMED;
	if ((flags & EXFLAG_CRITICAL) != 0)
		return CERTIFICATE_EXTENSION;
	return X509_check_ca(x) != 0 ? CERTIFICATE_AUTHORITY : CERTIFICATE_GOOD;
}

/* A certificate that does not say what it is for may be used for this. */
static enum certificate_fault check_usage(X509 *x, enum certificate_kind kind)
{
	uint32_t need = kind == CERTIFICATE_SIGNS ? KU_DIGITAL_SIGNATURE :
	    KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT;

	return (X509_get_key_usage(x) & need) != 0 ? CERTIFICATE_GOOD : CERTIFICATE_USAGE;
}

/* ---- keys ---- */

static enum certificate_fault check_numbers(const BIGNUM *n, const BIGNUM *e)
{
	if (BN_num_bits(n) < CERTIFICATE_RSA_MIN)
		return CERTIFICATE_RSA_WEAK;
	if (BN_num_bits(n) > CERTIFICATE_RSA_MAX)
		return CERTIFICATE_RSA_BIG;
	if (!BN_is_odd(n) || !BN_is_odd(e) || BN_num_bits(e) < 17 || BN_num_bits(e) > 64)
		return CERTIFICATE_RSA_EXPONENT;
	return CERTIFICATE_GOOD;
}

static enum certificate_fault check_rsa(const EVP_PKEY *key)
{
	enum certificate_fault f = CERTIFICATE_MALFORMED;
	BIGNUM *n = NULL, *e = NULL;

	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1)
		f = check_numbers(n, e);
	BN_free(n);
	BN_free(e);
	return f;
}

/* Points that are not on the curve are refused when the key is read. */
static enum certificate_fault check_ec(const EVP_PKEY *key)
{
	static const char *const curves[] = { "prime256v1", "secp384r1", "secp521r1" };
	char name[32];
	size_t len;
	int spelled = 0;

	if (EVP_PKEY_get_group_name(key, name, sizeof(name), &len) != 1 ||
	    (EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
	    &spelled) == 1 && spelled != 0))
		return CERTIFICATE_CURVE;
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (strcmp(name, curves[i]) == 0)
			return CERTIFICATE_GOOD;
	return CERTIFICATE_CURVE;
}

static enum certificate_fault check_key(const X509 *x, enum certificate_kind *kind)
{
	const EVP_PKEY *key = X509_get0_pubkey(x);

	if (key == NULL) {
		unsigned long why = ERR_peek_last_error();

		return ERR_GET_LIB(why) == ERR_LIB_X509 ||
		    ERR_GET_REASON(why) == ERR_R_UNSUPPORTED ? CERTIFICATE_KEY_TYPE :
		    CERTIFICATE_MALFORMED;
	}
	*kind = CERTIFICATE_SIGNS;
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
		*kind = CERTIFICATE_DECRYPTS;
		return check_rsa(key);
	case EVP_PKEY_EC:
		return check_ec(key);
	case EVP_PKEY_ED25519:
		return CERTIFICATE_GOOD;
	default:
		return CERTIFICATE_KEY_TYPE;
	}
}

/* ---- whole ---- */

static enum certificate_fault check(X509 *x, struct certificate *c, int64_t now_ms)
{
	enum certificate_fault f = check_form(x);

	if (f == CERTIFICATE_GOOD)
		f = check_time(x, c, now_ms);
	if (f == CERTIFICATE_GOOD)
		f = check_key(x, &c->kind);
	return f == CERTIFICATE_GOOD ? check_usage(x, c->kind) : f;
}

enum certificate_fault certificate_parse(struct certificate *out, const uint8_t *der, size_t len,
    int64_t now_ms)
{
	struct certificate c = { 0 };
	uint8_t digest[HASH_BYTES];
	enum certificate_fault f;

	if (len > CERTIFICATE_BYTES)
		return CERTIFICATE_TOO_LONG;
	ERR_clear_error();
	c.x509 = parse_der(der, len);
	if (c.x509 == NULL) {
		ERR_clear_error();
		return CERTIFICATE_MALFORMED;
	}
	f = check(c.x509, &c, now_ms);
	ERR_clear_error();
	if (f != CERTIFICATE_GOOD) {
		certificate_free(&c);
		return f;
	}
	hash_bytes(digest, der, len);
	ident_name(c.name, digest);
	*out = c;
	return CERTIFICATE_GOOD;
}

void certificate_free(struct certificate *c)
{
	X509_free(c->x509);
	c->x509 = NULL;
}

/* ---- has he the key? ---- */

static int set_oaep(EVP_PKEY_CTX *ctx, const struct buf *label)
{
	const EVP_MD *md = label->len > 0 ? EVP_sha256() : EVP_sha1();
	void *kept;

	if (EVP_PKEY_encrypt_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) != 1 ||
	    EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) != 1)
		return -1;
	if (label->len == 0)
		return 0;
	kept = OPENSSL_memdup(label->data, label->len);
	if (kept == NULL || EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, kept, (int)label->len) != 1) {
		OPENSSL_free(kept);
		return -1;
	}
	return 0;
}

int certificate_encrypt(const struct certificate *c, const uint8_t *plain, size_t len,
    const struct secret_part *parts, size_t n, uint8_t out[static CERTIFICATE_CIPHER],
    size_t *out_len, struct err *e)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(X509_get0_pubkey(c->x509), NULL);
	size_t size = CERTIFICATE_CIPHER;
	struct buf label;
	int rc = 0;

	if (sign_text(&label, parts, n) == -1 || c->kind != CERTIFICATE_DECRYPTS ||
	    len > CERTIFICATE_PLAIN || ctx == NULL || set_oaep(ctx, &label) == -1 ||
	    EVP_PKEY_encrypt(ctx, out, &size, plain, len) != 1)
		rc = err_set(e, ERR_SYSTEM, "OpenSSL cannot encrypt for this certificate");
	else
		*out_len = size;
	buf_fini(&label);
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return rc;
}

/* As strong as the curve is long (RFC 5480, 4); Ed25519 has its own. */
static const EVP_MD *digest_of(const EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key);

	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
		return NULL;
	return bits > 384 ? EVP_sha512() : bits > 256 ? EVP_sha384() : EVP_sha256();
}

bool certificate_verify(const struct certificate *c, const uint8_t *signature, size_t len,
    const struct secret_part *parts, size_t n)
{
	EVP_PKEY *key = X509_get0_pubkey(c->x509);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct buf text;
	bool good;

	good = sign_text(&text, parts, n) == 0 && c->kind == CERTIFICATE_SIGNS && ctx != NULL &&
	    EVP_DigestVerifyInit(ctx, NULL, digest_of(key), NULL, key) == 1 &&
	    EVP_DigestVerify(ctx, signature, len, (const unsigned char *)buf_str(&text),
	    text.len) == 1;
	buf_fini(&text);
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return good;
}
