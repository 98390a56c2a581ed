/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash: SHA-256 over parts that cannot be mistaken for one another: lengths
 * stand in front, absent differs from empty.  For what needs a key see
 * secret.h.
 */
#ifndef KITH_BASE_HASH_H
#define KITH_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_BYTES 32

struct hash {
	void *ctx;
};

/* Never fails: without memory for it the process is stopped. */
void hash_start(struct hash *h, const char *form);	/* what is hashed, in which form */
void hash_part(struct hash *h, const void *data, size_t len);	/* data NULL: absent */
void hash_text(struct hash *h, const char *s);		/* NULL: absent */
void hash_int(struct hash *h, uint64_t v);
void hash_end(struct hash *h, uint8_t out[static HASH_BYTES]);
/* SHA-1 (160), SHA-2 with 256, 384 or 512 bits; only for what others call something
 * by.  Its bytes. */
#define HASH_MAX 64
size_t hash_digest(unsigned bits, uint8_t out[static HASH_MAX], const void *data, size_t len);
/* Of these bytes alone, as everybody else's SHA-256: sha256sum(1), certificates. */
void hash_bytes(uint8_t out[static HASH_BYTES], const void *data, size_t len);

#endif
