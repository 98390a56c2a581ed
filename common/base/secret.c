/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret: bytes with a page of their own.  Not a key store: where they come
 * from is said in conf.c and in the callers.  Next: log.c.
 */
#include "config.h"

#include "common/base/secret.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

/* One mapping per secret; the kernel rounds it up to a page. */
#define MAPPING (SECRET_MAX + 1)

int
secret_set(struct secret *s, const void *data, size_t len, struct err *e)
{
	unsigned char *page;

	if (len > SECRET_MAX)
		return err_set(e, ERR_LIMIT, "secret longer than %d bytes", SECRET_MAX);
	page = mmap(NULL, MAPPING, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return err_errno(e, "no memory for a secret");
	/* Locking may be forbidden by a small RLIMIT_MEMLOCK: better unlocked
	 * than a daemon that does not start. */
	(void)mlock(page, MAPPING);
	(void)madvise(page, MAPPING, MADV_DONTDUMP);
	if (len > 0)
		memcpy(page, data, len);
	page[len] = '\0';
	secret_clear(s);
	s->data = page;
	s->len = len;
	return 0;
}

void
secret_clear(struct secret *s)
{
	if (s->data != NULL) {
		OPENSSL_cleanse(s->data, MAPPING);
		(void)munmap(s->data, MAPPING);
	}
	s->data = NULL;
	s->len = 0;
}

bool
secret_equal(const struct secret *a, const void *data, size_t len)
{
	return a->len == len && secret_bytes_equal(a->data, data, len);
}

bool
secret_bytes_equal(const void *a, const void *b, size_t len)
{
	return len == 0 || CRYPTO_memcmp(a, b, len) == 0;
}

void
secret_cleanse(void *data, size_t len)
{
	OPENSSL_cleanse(data, len);
}

void
secret_protect_process(void)
{
	static const struct rlimit none = { 0, 0 };

	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
}

/* Length first, so that no two lists give the same bytes (att-A-07); a part
 * that is absent is not the same as an empty one. */
static int
add_part(EVP_MAC_CTX *ctx, const struct secret_part *part)
{
	uint64_t len = part->data != NULL ? (uint64_t)part->len : UINT64_MAX;
	unsigned char prefix[8];

	for (size_t i = 0; i < sizeof(prefix); i++)
		prefix[i] = (unsigned char)(len >> (56 - 8 * i));
	if (EVP_MAC_update(ctx, prefix, sizeof(prefix)) != 1)
		return -1;
	if (part->data == NULL || part->len == 0)
		return 0;
	return EVP_MAC_update(ctx, part->data, part->len) == 1 ? 0 : -1;
}

static int
hmac_parts(EVP_MAC_CTX *ctx, unsigned char *out, const struct secret *key,
    const struct secret_part *parts, size_t n)
{
	static const unsigned char empty[1];
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	size_t len = 0;

	if (EVP_MAC_init(ctx, key->len > 0 ? key->data : empty, key->len, params) != 1)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (add_part(ctx, &parts[i]) != 0)
			return -1;
	if (EVP_MAC_final(ctx, out, &len, SECRET_HASH) != 1 || len != SECRET_HASH)
		return -1;
	return 0;
}

void
secret_hmac(unsigned char out[static SECRET_HASH], const struct secret *key,
    const struct secret_part *parts, size_t n)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;

	/* Only a machine without memory or without SHA-256 comes here.  A
	 * wrong digest would be stored and trusted: stopping is the safe end. */
	if (ctx == NULL || hmac_parts(ctx, out, key, parts, n) != 0)
		abort();
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
}
