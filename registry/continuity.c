/* SPDX-License-Identifier: Apache-2.0 */
/*
 * continuity: nonces and proofs.  A nonce of another address, from another
 * site or of yesterday is refused before any signature is looked at, so that
 * checking costs nothing to who was not asked.
 */
#include "config.h"

#include "registry/continuity.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/base/str.h"

#define PURPOSE "kith continuity, form 1"
#define NONCE_PURPOSE "kith continuity nonce"
#define NONCE_TIME 8
#define NONCE_MAC 16
#define NONCE_BYTES (NONCE_TIME + NONCE_MAC)

static void make_nonce(uint8_t out[static NONCE_BYTES], const struct secret *key,
    const char *bare, int64_t at_ms)
{
	uint8_t mac[SECRET_HASH];
	const struct secret_part parts[] = {
		{ NONCE_PURPOSE, strlen(NONCE_PURPOSE) },
		{ bare, strlen(bare) },
		{ out, NONCE_TIME },
	};

	for (int i = 0; i < NONCE_TIME; i++)
		out[i] = (uint8_t)((uint64_t)at_ms >> (8 * (NONCE_TIME - 1 - i)));
	secret_hmac(mac, key, parts, sizeof(parts) / sizeof(parts[0]));
	memcpy(out + NONCE_TIME, mac, NONCE_MAC);
}

void continuity_nonce(char out[static CONTINUITY_NONCE], const struct secret *key,
    const char *bare, int64_t now_ms)
{
	uint8_t raw[NONCE_BYTES];
	struct buf text;

	make_nonce(raw, key, bare, now_ms);
	buf_init(&text, CONTINUITY_NONCE);
	str_base64(&text, raw, sizeof(raw));
	(void)!str_copy(out, CONTINUITY_NONCE, buf_str(&text));
	buf_fini(&text);
}

static bool nonce_is_good(const char *text, const struct secret *key, const char *bare,
    int64_t now_ms)
{
	uint8_t got[NONCE_BYTES], want[NONCE_BYTES];
	uint64_t at = 0;

	if (str_unbase64(got, sizeof(got), text, strlen(text)) != NONCE_BYTES)
		return false;
	for (int i = 0; i < NONCE_TIME; i++)
		at = at << 8 | got[i];
	if (at > INT64_MAX || (int64_t)at > now_ms || now_ms - (int64_t)at > CONTINUITY_MS)
		return false;
	make_nonce(want, key, bare, (int64_t)at);
	return secret_bytes_equal(got, want, sizeof(got));
}

enum continuity continuity_check(const struct thing_self *self, const struct secret *secret,
    const char *registry, const char *bare, int64_t now_ms, uint8_t key[static SIGN_KEY])
{
	uint8_t proof[SIGN_BYTES];
	const char *nonce = self->nonce;

	if (self->continuity == NULL || str_unbase64(key, SIGN_KEY, self->continuity,
	    strlen(self->continuity)) != SIGN_KEY)
		return CONTINUITY_NONE;
	if (nonce == NULL || !nonce_is_good(nonce, secret, bare, now_ms) ||
	    str_unbase64(proof, sizeof(proof), self->proof, strlen(self->proof)) != SIGN_BYTES)
		return CONTINUITY_NAMED;
	return sign_check(key, proof, (const struct secret_part[]){
	    { PURPOSE, strlen(PURPOSE) }, { registry, strlen(registry) },
	    { bare, strlen(bare) }, { nonce, strlen(nonce) } }, 4) ?
	    CONTINUITY_PROVEN : CONTINUITY_NAMED;
}
