/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash: big-endian numbers of 8 bytes, parts behind their length.
 */
#include "config.h"

#include "common/base/hash.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

static void add(struct hash *h, const void *data, size_t len)
{
	/* Nothing sensible is left to do: a hash that lies is worse than none. */
	if (EVP_DigestUpdate(h->ctx, data, len) != 1)
		abort();
}

void hash_start(struct hash *h, const char *form)
{
	h->ctx = EVP_MD_CTX_new();
	if (h->ctx == NULL || EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1)
		abort();
	hash_text(h, form);
}

void hash_int(struct hash *h, uint64_t v)
{
	uint8_t b[8];

	for (int i = 7; i >= 0; i--, v >>= 8)
		b[i] = (uint8_t)(v & 0xff);
	add(h, b, sizeof(b));
}

void hash_part(struct hash *h, const void *data, size_t len)
{
	hash_int(h, data == NULL ? UINT64_MAX : len);
	if (data != NULL)
		add(h, data, len);
}

void hash_text(struct hash *h, const char *s)
{
	hash_part(h, s, s == NULL ? 0 : strlen(s));
}

void hash_end(struct hash *h, uint8_t out[static HASH_BYTES])
{
	if (EVP_DigestFinal_ex(h->ctx, out, NULL) != 1)
		abort();
	EVP_MD_CTX_free(h->ctx);
	h->ctx = NULL;
}

void hash_bytes(uint8_t out[static HASH_BYTES], const void *data, size_t len)
{
	if (EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL) != 1)
		abort();
}

size_t hash_digest(unsigned bits, uint8_t out[static HASH_MAX], const void *data, size_t len)
{
	const EVP_MD *md = bits == 160 ? EVP_sha1() : bits == 384 ? EVP_sha384() :
	    bits == 512 ? EVP_sha512() : EVP_sha256();
	unsigned n = 0;

	if (EVP_Digest(data, len, out, &n, md, NULL) != 1)
		abort();
	return n;
}
