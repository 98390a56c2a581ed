/* SPDX-License-Identifier: Apache-2.0 */
/*
 * saying: sentences and what is filled into them, kept apart by control
 * characters that no value may hold.  It knows no language.  Next: buf.h.
 */
#include "config.h"

#include "common/base/saying.h"

#include <stdarg.h>
#include <string.h>

#define NEXT '\x1e'		/* another sentence */
#define VALUE '\x1f'		/* a value of the sentence before */
#define PART '\x1d'		/* this value is looked up ... */
#define PART_VALUE '\x1c'	/* ... and has one of its own */
#define VALUES 9
#define BYTES (16 * 1024)

static void add_value(struct buf *out, const char *s)
{
	for (; s != NULL && *s != '\0'; s++)
		buf_addc(out, (unsigned char)*s < 0x20 && *s != PART && *s != PART_VALUE ?
		    '?' : *s);
}

static void add(struct buf *out, const char *text, va_list ap)
{
	const char *value;

	if (out->len > 0)
		buf_addc(out, NEXT);
	buf_adds(out, text);
	while ((value = va_arg(ap, const char *)) != NULL) {
		buf_addc(out, VALUE);
		add_value(out, value);
	}
}

void saying_add(struct buf *out, const char *text, ...)
{
	va_list ap;

	va_start(ap, text);
	add(out, text, ap);
	va_end(ap);
}

char *saying(struct pool *pool, const char *text, ...)
{
	struct buf b;
	char *copy;
	va_list ap;

	buf_init(&b, BYTES);
	va_start(ap, text);
	add(&b, text, ap);
	va_end(ap);
	copy = buf_ok(&b) ? pool_strdup(pool, buf_str(&b)) : NULL;
	buf_fini(&b);
	return copy;
}

void saying_part(struct buf *out, const char *text, const char *value)
{
	buf_addc(out, PART);
	buf_adds(out, text);
	if (value == NULL)
		return;
	buf_addc(out, PART_VALUE);
	for (; *value != '\0'; value++)
		buf_addc(out, (unsigned char)*value < 0x20 ? '?' : *value);
}

void saying_fill(struct buf *out, const char *text, const char *const *value, size_t n)
{
	for (; *text != '\0'; text++) {
		if (text[0] != '%' || text[1] < '1' || text[1] > '9') {
			buf_addc(out, *text);
			continue;
		}
		text++;
		if ((size_t)(*text - '1') < n)
			buf_adds(out, value[*text - '1']);
	}
}

static const char *found(saying_fn look_up, const void *arg, const char *text)
{
	return look_up != NULL ? look_up(arg, text) : text;
}

/* In place: `s` is cut at its separator. */
static const char *part_words(char *s, saying_fn look_up, const void *arg, struct pool *pool)
{
	char *at = s + 1, *value = NULL;
	struct buf b;
	const char *copy;

	if (s[0] != PART)
		return s;
	value = strchr(at, PART_VALUE);
	if (value != NULL)
		*value++ = '\0';
	buf_init(&b, BYTES);
	saying_fill(&b, found(look_up, arg, at), &(const char *){ value }, value != NULL);
	copy = pool_strdup(pool, buf_str(&b));
	buf_fini(&b);
	return copy != NULL ? copy : "?";
}

static void sentence(struct buf *out, char *s, saying_fn look_up, const void *arg,
    struct pool *pool)
{
	const char *value[VALUES];
	const char separator[] = { VALUE, '\0' };
	const char *text = strsep(&s, separator);
	char *one;
	size_t n = 0;

	while (n < VALUES && (one = strsep(&s, separator)) != NULL)
		value[n++] = part_words(one, look_up, arg, pool);
	saying_fill(out, found(look_up, arg, text), value, n);
}

void saying_words(struct buf *out, const char *said, saying_fn look_up, const void *arg)
{
	const char separator[] = { NEXT, '\0' };
	struct pool pool;
	char *copy, *one;

	pool_init(&pool, 4 * BYTES);
	copy = pool_strdup(&pool, said);
	while ((one = strsep(&copy, separator)) != NULL)
		sentence(out, one, look_up, arg, &pool);
	pool_fini(&pool);
}
