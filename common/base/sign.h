/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sign: Ed25519 signatures (RFC 8032) over lists of byte strings, each written
 * with its length in front, so that no two lists give the same text; the first
 * string says what the signature is for.  The private key is its 32 byte seed.
 */
#ifndef KITH_BASE_SIGN_H
#define KITH_BASE_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/secret.h"

#define SIGN_KEY 32	/* bytes of a public key, and of the seed of a private one */
#define SIGN_BYTES 64	/* of a signature */
#define SIGN_TEXT 8192	/* most bytes that are signed */

struct buf;

/* The text that is signed: the strings one behind the other, each with its length
 * in front as eight bytes, most significant first.  `out` is made here, for the
 * caller to finish.  -1: too long. */
int sign_text(struct buf *out, const struct secret_part *parts, size_t n);

int sign_new_seed(struct secret *seed, struct err *e);
int sign_public(uint8_t out[static SIGN_KEY], const struct secret *seed, struct err *e);
int sign_make(uint8_t out[static SIGN_BYTES], const struct secret *seed,
    const struct secret_part *parts, size_t n, struct err *e);
/* false also for a key that is none. */
bool sign_check(const uint8_t key[static SIGN_KEY], const uint8_t signature[static SIGN_BYTES],
    const struct secret_part *parts, size_t n);

#endif
