/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf: a growable byte buffer with a ceiling given at birth and a sticky
 * failure, so that ten appends need one check.
 * Invariants: len <= cap <= max; after a failure nothing is appended any more
 * and buf_ok() is false until buf_reset(); `data` always ends in a NUL that
 * `len` does not count (also when empty).
 */
#ifndef KITH_BASE_BUF_H
#define KITH_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max;
	bool failed;
};

/* Allocates nothing yet.  `max`: most bytes it may ever hold. */
void buf_init(struct buf *b, size_t max);
/* Frees; the struct may be used again after buf_init.  Cleanses nothing:
 * secrets live in struct secret. */
void buf_fini(struct buf *b);
/* Empty again, storage kept, failure forgotten. */
void buf_reset(struct buf *b);
void buf_add(struct buf *b, const void *data, size_t len);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Cut back to an earlier length (to take back a half-written stanza).
 * Also forgets a failure that happened since. */
void buf_truncate(struct buf *b, size_t len);
/* Drop `n` bytes at the front (written to a socket, say). */
void buf_consume(struct buf *b, size_t n);
static inline bool buf_ok(const struct buf *b) { return !b->failed; }
/* The text; never NULL. */
const char *buf_str(const struct buf *b);

#endif
