/* SPDX-License-Identifier: Apache-2.0 */
/*
 * word: the tokenizer of the policy language.  Next: policy_parse.c.
 */
#include "config.h"

#include "policy/word.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/base/pool.h"
#include "common/base/str.h"
#include "policy/value.h"

int word_start(struct word_cursor *w, const char *line, struct pool *pool, struct err *e)
{
	size_t len = strnlen(line, POLICY_LINE + 1);
	const char *s = line;
	char *copy, *out;

	if (len > POLICY_LINE)
		return err_set(e, ERR_LIMIT, "a line has at most %d bytes", POLICY_LINE);
	if (!str_utf8_valid(line, len))
		return err_set(e, ERR_INPUT, "the line is not UTF-8");
	copy = out = pool_alloc(pool, len + 1);
	if (copy == NULL)
		return err_set(e, ERR_LIMIT, "no room for the line");
	while (*s != '\0') {
		const char *start = s;
		uint32_t c = str_utf8_next(&s);
		char plain = c == '\t' || c == '\r' ? ' ' : value_plain(c);

		if (plain != 0) {
			*out++ = plain;
		} else if (c < 0x20 || c == 0x7f) {
			return err_set(e, ERR_INPUT, "the line has a control character");
		} else {
			memcpy(out, start, (size_t)(s - start));
			out += s - start;
		}
	}
	*out = '\0';
	*w = (struct word_cursor){ .at = copy, .pool = pool };
	return 0;
}

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " ");
}

bool word_follows(const struct word_cursor *w, char c)
{
	return *skip_blanks(w->at) == c;
}

/* UTF-8 of one code point; 0 for what is none. */
static size_t encode(char out[static 4], uint32_t c)
{
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | (c >> 6));
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | (c >> 12));
		out[1] = (char)(0x80 | ((c >> 6) & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | (c >> 18));
	out[1] = (char)(0x80 | ((c >> 12) & 0x3f));
	out[2] = (char)(0x80 | ((c >> 6) & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c);

	return at == NULL ? -1 : (int)(at - digits);
}

/* What stands behind a backslash: \" \\ \' or \u{HEX}.  NULL: none of these. */
static const char *unescape(const char *s, char **out)
{
	uint32_t c = 0;
	size_t n;

	if (*s == '"' || *s == '\\' || *s == '\'') {
		*(*out)++ = *s;
		return s + 1;
	}
	if (s[0] != 'u' || s[1] != '{')
		return NULL;
	s += 2;
	for (n = 0; n < 6 && hex_digit(*s) >= 0; n++)
		c = c * 16 + (uint32_t)hex_digit(*s++);
	if (n == 0 || *s != '}')
		return NULL;
	n = encode(*out, c);
	*out += n;
	return n == 0 ? NULL : s + 1;
}

static int take_quoted(struct word_cursor *w, struct word *out, struct err *e)
{
	char quote = *w->at;
	const char *s = w->at + 1;
	char *text = pool_alloc(w->pool, strlen(s) + 1), *end = text;

	if (text == NULL)
		return err_set(e, ERR_LIMIT, "no room for the line");
	while (*s != quote) {
		if (*s == '\0')
			return err_set(e, ERR_INPUT, "the quote that opens word %d never closes",
			    w->n);
		if (*s != '\\') {
			*end++ = *s++;
			continue;
		}
		s = unescape(s + 1, &end);
		if (s == NULL)
			return err_set(e, ERR_INPUT,
			    "expected \\\", \\\\ or \\u{...} behind the backslash in word %d", w->n);
	}
	*end = '\0';
	w->at = s + 1;
	*out = (struct word){ .text = text, .quoted = true };
	return 0;
}

int word_next(struct word_cursor *w, const char *stops, struct word *out, struct err *e)
{
	char until[16];
	size_t len;

	w->at = skip_blanks(w->at);
	w->n++;
	*out = (struct word){ 0 };
	if (*w->at == '\0')
		return 0;
	if (*w->at == '"' || *w->at == '\'')
		return take_quoted(w, out, e);
	if (strchr(stops, *w->at) != NULL) {
		out->mark = *w->at;
		len = 1;
	} else {
		(void)snprintf(until, sizeof(until), " \"%s", stops);
		len = strcspn(w->at, until);
	}
	out->text = pool_strndup(w->pool, w->at, len);
	if (out->text == NULL)
		return err_set(e, ERR_LIMIT, "no room for the line");
	w->at += len;
	return 0;
}
