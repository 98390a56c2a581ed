/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool: a bounded bump allocator.  Everything taken from it lives until
 * pool_reset() or pool_fini(); nothing is freed alone.  A parsed request owns
 * its strings this way, so that a stanza never outlives its callback and the
 * hot path allocates nothing once the first chunk exists.
 */
#ifndef KITH_BASE_POOL_H
#define KITH_BASE_POOL_H

#include <stddef.h>

struct pool_chunk;

struct pool {
	struct pool_chunk *first;	/* kept by pool_reset */
	struct pool_chunk *current;
	size_t used;			/* bytes handed out */
	size_t max;			/* ceiling on `used` */
};

void pool_init(struct pool *p, size_t max);
void pool_fini(struct pool *p);
/* Forget everything; keeps the first chunk for the next round. */
void pool_reset(struct pool *p);
/* Aligned for any type, NOT zeroed.  NULL over the ceiling or out of memory. */
void *pool_alloc(struct pool *p, size_t size);
void *pool_zalloc(struct pool *p, size_t size);
char *pool_strdup(struct pool *p, const char *s);
char *pool_strndup(struct pool *p, const char *s, size_t len);
char *pool_printf(struct pool *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
