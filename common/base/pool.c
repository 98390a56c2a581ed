/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool: memory that goes away together.  Not a general allocator: nothing is
 * freed alone.  A request may hold a KEY or a code, so what goes is wiped.
 * Next: str.c.
 */
#include "config.h"

#include "common/base/pool.h"

#include "common/base/mem.h"
#include "common/base/secret.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE 4096
#define ALIGNMENT _Alignof(max_align_t)

struct pool_chunk {
	struct pool_chunk *next;
	size_t used;
	size_t size;
	_Alignas(max_align_t) char data[];
};

void
pool_init(struct pool *p, size_t max)
{
	*p = (struct pool){ .max = max };
}

static void
free_chunks(struct pool_chunk *c)
{
	while (c != NULL) {
		struct pool_chunk *next = c->next;

		secret_cleanse(c->data, c->used);
		mem_free(c);
		c = next;
	}
}

void
pool_fini(struct pool *p)
{
	free_chunks(p->first);
	*p = (struct pool){ .max = p->max };
}

void
pool_reset(struct pool *p)
{
	p->used = 0;
	p->current = p->first;
	if (p->first == NULL)
		return;
	free_chunks(p->first->next);
	p->first->next = NULL;
	secret_cleanse(p->first->data, p->first->used);
	p->first->used = 0;
}

static struct pool_chunk *
add_chunk(struct pool *p, size_t at_least)
{
	size_t common = p->max < CHUNK_SIZE ? p->max : CHUNK_SIZE;
	size_t size = at_least > common ? at_least : common;
	struct pool_chunk *c = mem_alloc(sizeof(*c) + size);

	if (c == NULL)
		return NULL;
	c->next = NULL;
	c->used = 0;
	c->size = size;
	if (p->current != NULL)
		p->current->next = c;
	else
		p->first = c;
	p->current = c;
	return c;
}

void *
pool_alloc(struct pool *p, size_t size)
{
	struct pool_chunk *c = p->current;
	void *out;

	if (size == 0)
		size = 1;
	if (size > p->max)
		return NULL;
	size = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
	if (p->used > p->max || size > p->max - p->used)
		return NULL;
	if (c == NULL || size > c->size - c->used)
		c = add_chunk(p, size);
	if (c == NULL)
		return NULL;
	out = c->data + c->used;
	c->used += size;
	p->used += size;
	return out;
}

void *
pool_zalloc(struct pool *p, size_t size)
{
	void *out = pool_alloc(p, size);

	if (out != NULL)
		memset(out, 0, size);
	return out;
}

char *
pool_strdup(struct pool *p, const char *s)
{
	return pool_strndup(p, s, strlen(s));
}

char *
pool_strndup(struct pool *p, const char *s, size_t len)
{
	char *out;

	len = strnlen(s, len);
	out = pool_alloc(p, len + 1);
	if (out == NULL)
		return NULL;
	memcpy(out, s, len);
	out[len] = '\0';
	return out;
}

char *
pool_printf(struct pool *p, const char *fmt, ...)
{
	va_list ap, again;
	char *out = NULL;
	int need;

	va_start(ap, fmt);
	va_copy(again, ap);
	need = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (need >= 0)
		out = pool_alloc(p, (size_t)need + 1);
	if (out != NULL)
		(void)vsnprintf(out, (size_t)need + 1, fmt, again);
	va_end(again);
	return out;
}
