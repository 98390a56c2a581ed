/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ident: everything random.  getrandom(2) only, blocking until the kernel's
 * generator is seeded; no clock, no pid, no fallback (att-D-05).
 */
#ifndef KITH_BASE_IDENT_H
#define KITH_BASE_IDENT_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

#define IDENT_BYTES 16
#define IDENT_UUID 37	/* text of a UUID with its NUL */
#define IDENT_TEXT 27	/* 128 bits in base32, lower case, with its NUL */
#define IDENT_CODE 10	/* "ABCD-EFGH" and a NUL: 40 bits in A-Z2-7 */

/* Never returns short.  -1 only if the kernel has no generator at all. */
int ident_random(void *out, size_t len, struct err *e) __attribute__((warn_unused_result));
/* 128 random bits, stamped as a version 4 UUID. */
int ident_new(uint8_t out[static IDENT_BYTES], struct err *e) __attribute__((warn_unused_result));
void ident_uuid(char out[static IDENT_UUID], const uint8_t id[static IDENT_BYTES]);
int ident_from_uuid(uint8_t out[static IDENT_BYTES], const char *text)
    __attribute__((warn_unused_result));
/* 26 letters and digits a-z2-7 of 128 fresh random bits. */
int ident_text(char out[static IDENT_TEXT], struct err *e) __attribute__((warn_unused_result));
/* The first 128 bits of `hash` in the same letters: a name for what was hashed. */
void ident_name(char out[static IDENT_TEXT], const uint8_t hash[static IDENT_BYTES]);
/* A code a person can type (ruling 34): 40 fresh random bits. */
int ident_code(char out[static IDENT_CODE], struct err *e) __attribute__((warn_unused_result));
/* What a person typed back: blanks, missing dash and case forgiven.
 * -1 if it cannot be a code. */
int ident_code_fold(char out[static IDENT_CODE], const char *typed)
    __attribute__((warn_unused_result));

#endif
