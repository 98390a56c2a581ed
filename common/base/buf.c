/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf: growable bytes under a ceiling.  What leaves is wiped, since a KEY or a
 * code may be in it; what must live long lives in secret.c.  Next: pool.c.
 */
#include "config.h"

#include "common/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/secret.h"

#define FIRST_CAP 64

/* What `data` points to while nothing is allocated; never written, because
 * cap is 0 then.  It keeps the promise that data ends in a NUL. */
static char nothing[1];

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .data = nothing, .max = max };
}

void
buf_fini(struct buf *b)
{
	if (b->cap > 0) {
		secret_cleanse(b->data, b->len);
		mem_free(b->data);
	}
	*b = (struct buf){ .data = nothing, .max = b->max };
}

void
buf_reset(struct buf *b)
{
	buf_truncate(b, 0);
}

/* Room for `more` bytes and the NUL behind them. */
static bool
grow(struct buf *b, size_t more)
{
	size_t cap = b->cap;
	char *data;

	if (b->failed)
		return false;
	if (more > b->max - b->len)
		goto fail;
	if (cap == 0)
		cap = FIRST_CAP;
	while (cap < b->len + more)
		cap = cap > b->max / 2 ? b->max : cap * 2;
	if (cap > b->max)
		cap = b->max;
	if (cap == 0)
		return true;	/* max is 0: nothing to add, nothing to keep */
	data = mem_alloc(cap + 1);
	if (data == NULL)
		goto fail;
	memcpy(data, b->data, b->len);
	data[b->len] = '\0';
	if (b->cap > 0) {
		secret_cleanse(b->data, b->len);
		mem_free(b->data);
	}
	b->data = data;
	b->cap = cap;
	return true;
fail:
	b->failed = true;
	return false;
}

/* Mostly there is some.  Whatever failed takes nothing more. */
static inline bool
make_room(struct buf *b, size_t more)
{
	return (more <= b->cap - b->len && !b->failed) || grow(b, more);
}

void
buf_add(struct buf *b, const void *data, size_t len)
{
	if (len == 0 || !make_room(b, len))
		return;
	memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void
buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_addc(struct buf *b, char c)
{
	if (!make_room(b, 1))
		return;
	b->data[b->len++] = c;
	b->data[b->len] = '\0';
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int need;

	va_start(ap, fmt);
	va_copy(again, ap);
	need = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (need < 0)
		b->failed = true;
	else if (need > 0 && make_room(b, (size_t)need)) {
		(void)vsnprintf(b->data + b->len, (size_t)need + 1, fmt, again);
		b->len += (size_t)need;
	}
	va_end(again);
}

void
buf_truncate(struct buf *b, size_t len)
{
	b->failed = false;
	if (len >= b->len)
		return;
	secret_cleanse(b->data + len, b->len - len);
	b->len = len;
}

void
buf_consume(struct buf *b, size_t n)
{
	if (n >= b->len)
		n = b->len;
	if (n == 0)
		return;
	b->len -= n;
	memmove(b->data, b->data + n, b->len + 1);
	secret_cleanse(b->data + b->len, n);
}

const char *
buf_str(const struct buf *b)
{
	return b->data != NULL ? b->data : "";
}
