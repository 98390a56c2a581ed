/* SPDX-License-Identifier: Apache-2.0 */
/*
 * word: the tokenizer of the policy language.  Next: line.c.
 */
#include "config.h"

#include "policy/word.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/pool.h"
#include "common/base/saying.h"
#include "common/base/str.h"
#include "policy/value.h"

/* People end a sentence with one; three of them are something else. */
static void drop_full_stop(const char *text, char *end)
{
	while (end > text && end[-1] == ' ')
		end--;
	if (end > text && end[-1] == '.' && (end - text < 2 || end[-2] != '.'))
		end[-1] = '\0';
}

/* The text says %1 for the number of the word. */
static int refuse(const struct word_cursor *w, const char *text, struct err *e)
{
	char number[16];
	struct buf said;

	(void)snprintf(number, sizeof(number), "%d", w->n);
	buf_init(&said, 2 * ERR_TEXT);
	saying_add(&said, text, number, NULL);
	err_set(e, ERR_INPUT, "%s", buf_str(&said));
	buf_fini(&said);
	return -1;
}

int word_start(struct word_cursor *w, const char *line, struct pool *pool, struct err *e)
{
	size_t len = strnlen(line, POLICY_LINE + 1);
	const char *s = line;
	char *copy, *out;

	if (len > POLICY_LINE)
		return err_set(e, ERR_LIMIT, N_("the line is too long: 8192 bytes at most"));
	if (!str_utf8_valid(line, len))
		return err_set(e, ERR_INPUT, N_("the line is not UTF-8"));
	copy = out = pool_alloc(pool, len + 1);
	if (copy == NULL)
		return err_set(e, ERR_LIMIT, N_("no room for the line"));
	while (*s != '\0') {
		const char *start = s;
		uint32_t c = str_utf8_next(&s);
		char plain = c == '\t' || c == '\r' ? ' ' : value_plain(c);

		if (plain != 0) {
			*out++ = plain;
		} else if (c < 0x20 || c == 0x7f) {
			return err_set(e, ERR_INPUT, N_("the line has a control character"));
		} else {
			memcpy(out, start, (size_t)(s - start));
			out += s - start;
		}
	}
	*out = '\0';
	drop_full_stop(copy, out);
	*w = (struct word_cursor){ .at = copy, .pool = pool };
	return 0;
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

/* Bytes up to the closing quote: what is written there never gets longer. */
static size_t quoted_len(const char *s, char quote)
{
	const char *from = s;

	while (*s != '\0' && *s != quote)
		s += s[0] == '\\' && s[1] != '\0' ? 2 : 1;
	return (size_t)(s - from);
}

static int take_quoted(struct word_cursor *w, struct word *out, struct err *e)
{
	char quote = *w->at;
	const char *s = w->at + 1;
	char *text = pool_alloc(w->pool, quoted_len(s, quote) + 1), *end = text;

	if (text == NULL)
		return err_set(e, ERR_LIMIT, N_("no room for the line"));
	while (*s != quote) {
		if (*s == '\0')
			return refuse(w, N_("the quote that opens word %1 never closes"), e);
		if (*s != '\\') {
			*end++ = *s++;
			continue;
		}
		s = unescape(s + 1, &end);
		if (s == NULL)
			return refuse(w, N_("expected \\\", \\\\ or \\u{...} behind the backslash "
			    "in word %1"), e);
	}
	*end = '\0';
	w->at = s + 1;
	*out = (struct word){ .text = text, .quoted = true };
	return 0;
}

/* A comparison sign; the longer ones come first. */
static size_t comparison_at(const char *s, struct word *out)
{
	static const struct {
		const char *typed, *text;
	} signs[] = {
		{ "<=", "<=" }, { ">=", ">=" }, { "!=", "!=" }, { "<>", "!=" }, { "==", "=" },
		{ "\xe2\x89\xa4", "<=" }, { "\xe2\x89\xa5", ">=" }, { "\xe2\x89\xa0", "!=" },
		{ "=", "=" }, { "<", "<" }, { ">", ">" },
	};

	if (strchr("=<>!\xe2", *s) == NULL)		/* the first bytes of all of them */
		return 0;
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (str_starts(s, signs[i].typed)) {
			out->text = signs[i].text;
			out->mark = signs[i].text[0];
			return strlen(signs[i].typed);
		}
	return 0;
}

/* Its length if one of the stop characters is here; else 0. */
static size_t stop_at(const char *s, const char *stops, struct word *out)
{
	if (strchr(stops, '<') != NULL) {
		size_t len = comparison_at(s, out);

		if (len > 0)
			return len;
	}
	if (strchr(stops, *s) == NULL)
		return 0;
	out->mark = *s;
	return 1;
}

int word_next(struct word_cursor *w, const char *stops, struct word *out, struct err *e)
{
	struct word ignored;
	const char *end;

	w->at += strspn(w->at, " ");
	w->n++;
	*out = (struct word){ 0 };
	if (*w->at == '\0')
		return 0;
	if (*w->at == '"' || *w->at == '\'')
		return take_quoted(w, out, e);
	end = w->at + stop_at(w->at, stops, out);
	while (out->mark == 0 && *end != '\0' && *end != ' ' && *end != '"' &&
	       stop_at(end, stops, &ignored) == 0)
		end++;
	if (out->text == NULL)
		out->text = pool_strndup(w->pool, w->at, (size_t)(end - w->at));
	if (out->text == NULL)
		return err_set(e, ERR_LIMIT, N_("no room for the line"));
	w->at = end;
	return 0;
}
