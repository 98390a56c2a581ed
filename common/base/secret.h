/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret: bytes that are locked in memory, kept out of core dumps, cleansed
 * when freed, and that nothing prints.  Compare with secret_equal only.
 */
#ifndef KITH_BASE_SECRET_H
#define KITH_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

#define SECRET_MAX 4095	/* a page with its NUL; an RSA key in PEM */

struct secret {
	unsigned char *data;	/* own page; NULL when empty; a NUL follows */
	size_t len;
};

int secret_set(struct secret *s, const void *data, size_t len, struct err *e);
void secret_clear(struct secret *s);
/* Constant time in the content; false when the lengths differ. */
bool secret_equal(const struct secret *a, const void *data, size_t len);
/* The same for two public-length byte strings (digests, codes). */
bool secret_bytes_equal(const void *a, const void *b, size_t len);
void secret_cleanse(void *data, size_t len);
/* Refuse core dumps and ptrace for this process. */
void secret_protect_process(void);

#define SECRET_HASH 32
/* HMAC-SHA-256; parts are length-prefixed so that no two lists collide
 * (att-A-07).  `n` pairs of pointer and length; data NULL means "absent",
 * which is another digest than an empty part.  Never fails: without memory
 * for it the process is stopped. */
struct secret_part { const void *data; size_t len; };
void secret_hmac(unsigned char out[static SECRET_HASH], const struct secret *key,
    const struct secret_part *parts, size_t n);

#endif
