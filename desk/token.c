/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token: what people and phones type, made plain.  Nothing here knows a
 * command; see phrase.c.
 */
#include "config.h"

#include "desk/token.h"

#include <string.h>

#include "common/base/str.h"

/* ---- folding ---- */

struct fold { uint32_t from; char to; };

/* What phones and word processors make of plain characters. */
static const struct fold folds[] = {
	{ 0x00A0, ' ' }, { 0x2007, ' ' }, { 0x202F, ' ' }, { 0x3000, ' ' }, { '\t', ' ' },
	{ 0x201C, '"' }, { 0x201D, '"' }, { 0x201E, '"' }, { 0x201F, '"' }, { 0x00AB, '"' },
	{ 0x00BB, '"' }, { 0x2018, '\'' }, { 0x2019, '\'' }, { 0x201A, '\'' },
	{ 0x2010, '-' }, { 0x2011, '-' }, { 0x2012, '-' }, { 0x2013, '-' }, { 0x2212, '-' },
};

static char fold_char(uint32_t c)
{
	for (size_t i = 0; i < sizeof(folds) / sizeof(folds[0]); i++)
		if (folds[i].from == c)
			return folds[i].to;
	return '\0';
}

/* Every folded character is no longer than what it replaces. */
char *token_fold(struct pool *pool, const char *s, size_t len)
{
	char *text = pool_strndup(pool, s, len), *to = text;
	const char *at = text, *start;

	if (text == NULL)
		return NULL;
	while (*(start = at) != '\0') {
		char plain = fold_char(str_utf8_next(&at));

		if (plain != '\0') {
			*to++ = plain;
		} else {
			memmove(to, start, (size_t)(at - start));
			to += at - start;
		}
	}
	*to = '\0';
	return text;
}

static bool is_decoration(char c)
{
	return c == ' ' || c == '\r' || c == '`';
}

char *token_trim(char *s)
{
	size_t len;

	while (is_decoration(*s))
		s++;
	len = strlen(s);
	while (len > 0 && is_decoration(s[len - 1]))
		s[--len] = '\0';
	return s;
}

/* ---- tokens ---- */

static bool is_quote(char c)
{
	return c == '"';
}

/* To the closing quote, or to the end if there is none. */
static const char *take_quoted(struct pool *pool, const char **rest)
{
	const char *s = *rest + 1;
	char *text = pool_alloc(pool, strlen(s) + 1), *to = text;

	if (text == NULL)
		return NULL;
	while (*s != '\0' && !is_quote(*s)) {
		size_t n = str_unescape_next(to, &s);

		if (n == 0)
			*to = *s++;
		to += n > 0 ? n : 1;
	}
	*to = '\0';
	*rest = *s != '\0' ? s + 1 : s;
	return text;
}

const char *token_take(struct pool *pool, const char **rest, bool *quoted)
{
	const char *word;
	size_t len;

	*rest += strspn(*rest, " ");
	if (quoted != NULL)
		*quoted = is_quote(**rest);
	if (is_quote(**rest)) {
		word = take_quoted(pool, rest);
	} else {
		len = strcspn(*rest, " ");
		word = pool_strndup(pool, *rest, len);
		*rest += len;
	}
	*rest += strspn(*rest, " ");
	return word;
}

const char *token_without_stop(struct pool *pool, const char *s)
{
	size_t len = strlen(s);

	while (len > 1 && strchr(".,!;:?", s[len - 1]) != NULL)
		len--;
	return pool_strndup(pool, s, len);
}

bool token_is(const char *s, const char *word)
{
	return str_case_eq(s, word);
}

const char *token_take_rest(struct pool *pool, const char **rest)
{
	const char *name;

	if (is_quote((*rest)[0]))
		return token_take(pool, rest, NULL);
	name = token_without_stop(pool, *rest);
	*rest += strlen(*rest);
	return name;
}

bool token_skip(struct pool *pool, const char **rest, const char *word)
{
	const char *after = *rest;
	bool quoted;
	const char *w = token_take(pool, &after, &quoted);

	if (w == NULL || quoted || !token_is(w, word))
		return false;
	*rest = after;
	return true;
}

const char *token_take_until(struct pool *pool, const char **rest, const char *word)
{
	const char *start = *rest, *at = start;

	while (*at != '\0') {
		const char *before = at;
		bool quoted;
		const char *w = token_take(pool, &at, &quoted);

		if (w == NULL)
			return NULL;
		if (quoted || !token_is(w, word) || before == start)
			continue;
		*rest = at;
		while (before > start && before[-1] == ' ')
			before--;
		/* A name in quotes loses them. */
		if (is_quote(start[0]) && before - start >= 2 && is_quote(before[-1]))
			return pool_strndup(pool, start + 1, (size_t)(before - start - 2));
		return pool_strndup(pool, start, (size_t)(before - start));
	}
	return NULL;
}

const char *token_jid(struct pool *pool, const char *text, enum jid_profile profile)
{
	struct jid j;

	if (text == NULL || strlen(text) > JID_MAX || jid_parse_bare(&j, text, profile, NULL) != 0)
		return NULL;
	return pool_strdup(pool, j.text);
}

/* The letter alone, or the word it begins. */
static int64_t unit_ms(const char *unit)
{
	static const struct { const char *word; int64_t ms; } units[] = {
		{ "minutes", 60000 }, { "hours", 3600000 }, { "days", 86400000 },
		{ "weeks", INT64_C(604800000) },
	};
	size_t len = strlen(unit);

	if (token_is(unit, "min"))
		return 60000;
	for (size_t i = 0; len > 0 && i < sizeof(units) / sizeof(units[0]); i++) {
		size_t all = strlen(units[i].word);

		if ((len == 1 || len + 1 == all || len == all) &&
		    str_case_starts(units[i].word, unit))
			return units[i].ms;
	}
	return -1;
}

int64_t token_take_span(struct pool *pool, const char **rest)
{
	const char *at = *rest, *w = token_take(pool, &at, NULL), *unit;
	int64_t n = 0, ms;
	size_t digits;

	if (w == NULL)
		return -1;
	digits = strspn(w, "0123456789");
	if (digits == 0 || digits > 4)
		return -1;
	for (size_t i = 0; i < digits; i++)
		n = 10 * n + (w[i] - '0');
	unit = w[digits] != '\0' ? w + digits : token_take(pool, &at, NULL);
	ms = unit != NULL ? unit_ms(token_without_stop(pool, unit)) : -1;
	if (ms < 0 || n == 0)
		return -1;
	*rest = at;
	return n * ms;
}
