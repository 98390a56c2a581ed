/* SPDX-License-Identifier: Apache-2.0 */
/*
 * continuity: is it the same thing under another address?  It signs a nonce of
 * ours with a key that outlives its account.  Nonces are not kept: each holds
 * its time and a keyed hash, and is good for one address and ten minutes.
 * What follows from a proof is decided in descent.h.  Text: docs/PROTOCOL.md 4.4.
 */
#ifndef KITH_REGISTRY_CONTINUITY_H
#define KITH_REGISTRY_CONTINUITY_H

#include "common/base/secret.h"
#include "common/base/sign.h"
#include "common/wire/request.h"

#define CONTINUITY_NONCE 33	/* base64 of 24 bytes, with the NUL */
#define CONTINUITY_MS INT64_C(600000)

enum continuity {
	CONTINUITY_NONE,	/* it names no key, or what it names is none */
	CONTINUITY_NAMED,	/* a key, without a proof that counts */
	CONTINUITY_PROVEN
};

void continuity_nonce(char out[static CONTINUITY_NONCE], const struct secret *key,
    const char *bare, int64_t now_ms);
/* `registry`: our own address; `bare`: the sender's.  *key: the named one. */
enum continuity continuity_check(const struct thing_self *self, const struct secret *secret,
    const char *registry, const char *bare, int64_t now_ms, uint8_t key[static SIGN_KEY]);

#endif
