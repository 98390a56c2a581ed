/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sign: Ed25519 by OpenSSL.  What is signed and why: docs/PROTOCOL.md; the
 * registry's side is registry/continuity.h, the thing's thing/identity.h.
 */
#include "config.h"

#include "common/base/sign.h"

#include <openssl/evp.h>

#include "common/base/buf.h"
#include "common/base/ident.h"

int sign_text(struct buf *out, const struct secret_part *parts, size_t n)
{
	buf_init(out, SIGN_TEXT);
	for (size_t i = 0; i < n; i++) {
		for (int shift = 56; shift >= 0; shift -= 8)
			buf_addc(out, (char)(unsigned char)((uint64_t)parts[i].len >> shift));
		buf_add(out, parts[i].data, parts[i].len);
	}
	return buf_ok(out) ? 0 : -1;
}

static EVP_PKEY *private_key(const struct secret *seed)
{
	return seed->len != SIGN_KEY ? NULL :
	    EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed->data, SIGN_KEY);
}

int sign_new_seed(struct secret *seed, struct err *e)
{
	uint8_t raw[SIGN_KEY];
	int rc = ident_random(raw, sizeof(raw), e);

	if (rc == 0)
		rc = secret_set(seed, raw, sizeof(raw), e);
	secret_cleanse(raw, sizeof(raw));
	return rc;
}

int sign_public(uint8_t out[static SIGN_KEY], const struct secret *seed, struct err *e)
{
	EVP_PKEY *key = private_key(seed);
	size_t len = SIGN_KEY;
	int rc = 0;

	if (key == NULL || EVP_PKEY_get_raw_public_key(key, out, &len) != 1 || len != SIGN_KEY)
		rc = err_set(e, ERR_SYSTEM, "OpenSSL cannot use the continuity key");
	EVP_PKEY_free(key);
	return rc;
}

int sign_make(uint8_t out[static SIGN_BYTES], const struct secret *seed,
    const struct secret_part *parts, size_t n, struct err *e)
{
	EVP_PKEY *key = private_key(seed);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct buf text;
	size_t len = SIGN_BYTES;
	int rc = 0;

	if (sign_text(&text, parts, n) == -1 || key == NULL || ctx == NULL ||
	    EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) != 1 ||
	    EVP_DigestSign(ctx, out, &len, (const unsigned char *)buf_str(&text),
	    text.len) != 1 || len != SIGN_BYTES)
		rc = err_set(e, ERR_SYSTEM, "OpenSSL cannot sign");
	buf_fini(&text);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return rc;
}

bool sign_check(const uint8_t key[static SIGN_KEY], const uint8_t signature[static SIGN_BYTES],
    const struct secret_part *parts, size_t n)
{
	EVP_PKEY *public = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, SIGN_KEY);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct buf text;
	bool good;

	good = sign_text(&text, parts, n) == 0 && public != NULL && ctx != NULL &&
	    EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, public) == 1 &&
	    EVP_DigestVerify(ctx, signature, SIGN_BYTES, (const unsigned char *)buf_str(&text),
	    text.len) == 1;
	buf_fini(&text);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(public);
	return good;
}
