/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err: one sentence per failure.  Not a log and not a stanza error: those are
 * made from it by whoever reports.  Next: buf.c.
 */
#include "config.h"

#include "common/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A sentence that was cut must not end in half a character. */
static void
trim_half_character(char *text)
{
	size_t len = strlen(text), back = 0;

	while (back < 3 && back < len && ((unsigned char)text[len - 1 - back] & 0xc0) == 0x80)
		back++;
	if (back < len) {
		unsigned char lead = (unsigned char)text[len - 1 - back];
		size_t want = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;

		if (want > back)
			text[len - 1 - back] = '\0';
	}
}

int
err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL)
		return -1;
	e->kind = kind;
	va_start(ap, fmt);
	if (vsnprintf(e->text, sizeof(e->text), fmt, ap) >= (int)sizeof(e->text))
		trim_half_character(e->text);
	va_end(ap);
	return -1;
}

int
err_errno(struct err *e, const char *fmt, ...)
{
	int saved = errno;
	char what[ERR_TEXT];
	va_list ap;

	if (e == NULL)
		return -1;
	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	trim_half_character(what);
	err_set(e, ERR_SYSTEM, "%s: %s", what, strerror(saved));
	errno = saved;
	return -1;
}

void
err_prefix(struct err *e, const char *fmt, ...)
{
	struct err old;
	char context[ERR_TEXT];
	va_list ap;

	if (e == NULL)
		return;
	old = *e;
	va_start(ap, fmt);
	(void)vsnprintf(context, sizeof(context), fmt, ap);
	va_end(ap);
	trim_half_character(context);
	err_set(e, old.kind, "%s: %s", context, old.text);
}

void
err_clear(struct err *e)
{
	if (e == NULL)
		return;
	e->kind = ERR_NONE;
	e->text[0] = '\0';
}

const char *
err_kind_name(enum err_kind kind)
{
	static const char *const name[] = {
		[ERR_NONE] = "none",
		[ERR_INPUT] = "input",
		[ERR_LIMIT] = "limit",
		[ERR_SYSTEM] = "system",
		[ERR_AGAIN] = "again",
	};

	if ((size_t)kind >= sizeof(name) / sizeof(name[0]))
		return "unknown";
	return name[kind];
}
