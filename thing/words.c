/* SPDX-License-Identifier: Apache-2.0 */
/* words: look up, then fill in. */
#include "config.h"

#include "thing/words.h"

#include <stdarg.h>

#define VALUES 9

const char *words_text(const struct words *w, const char *text)
{
	const char *found = w && w->translate && w->lang ?
	    w->translate(w->arg, w->lang, text) : NULL;

	return found ? found : text;
}

const char *words_lang(const struct words *w)
{
	return w && w->translate ? w->lang : NULL;
}

void words_add(struct buf *out, const struct words *w, const char *text, ...)
{
	const char *value[VALUES], *one;
	size_t n = 0;
	va_list ap;

	va_start(ap, text);
	while ((one = va_arg(ap, const char *)) && n < VALUES)
		value[n++] = one;
	va_end(ap);
	saying_fill(out, words_text(w, text), value, n);
}
