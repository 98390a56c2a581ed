/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line: taking words, refusing them in words, and reading times.  It knows
 * nothing of what a line means.  Next: subject.c.
 */
#include "config.h"

#include "policy/line.h"

#include <stdarg.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/pool.h"
#include "common/base/str.h"

#define SHOWN 60
#define VALUES 4

int line_error(const struct line *l, const char *text, ...)
{
	const char *v[VALUES + 1] = { NULL };
	struct buf said;
	va_list ap;

	va_start(ap, text);
	for (size_t i = 0; i < VALUES && (v[i] = va_arg(ap, const char *)) != NULL; i++)
		;
	va_end(ap);
	buf_init(&said, 4 * ERR_TEXT);
	saying_add(&said, text, v[0], v[1], v[2], v[3], NULL);
	err_set(l->e, ERR_INPUT, "%s", buf_str(&said));
	buf_fini(&said);
	return -1;
}

int line_no_room(const struct line *l)
{
	return err_set(l->e, ERR_LIMIT, N_("no room for the line"));
}

const char *line_where(const struct line *l)
{
	const char *s = pool_printf(l->pool, "%d", l->words.n);

	return s != NULL ? s : "?";
}

const char *line_short(const struct line *l, const char *text)
{
	const char *s, *end = text;
	struct buf b;

	buf_init(&b, 8 * SHOWN);
	for (int i = 0; i < SHOWN && *end != '\0'; i++)
		(void)str_utf8_next(&end);
	buf_add(&b, text, (size_t)(end - text));
	s = pool_strdup(l->pool, buf_str(&b));
	buf_fini(&b);
	return s != NULL ? s : "?";
}

int line_expected_of(const struct line *l, const char *what, const char *value,
    const struct word *found)
{
	struct buf part;

	buf_init(&part, 2 * ERR_TEXT);
	saying_part(&part, what, value);
	if (found->text == NULL)
		line_error(l, N_("expected %1 at the end of the line"), buf_str(&part), NULL);
	else
		line_error(l, N_("expected %1 at word %2, not \"%3\""), buf_str(&part),
		    line_where(l), line_short(l, found->text), NULL);
	buf_fini(&part);
	return -1;
}

int line_expected(const struct line *l, const char *what, const struct word *found)
{
	return line_expected_of(l, what, NULL, found);
}

int line_next(struct line *l, const char *stops, struct word *w)
{
	return word_next(&l->words, stops, w, l->e);
}

int line_peek(const struct line *l, const char *stops, struct word *w)
{
	struct line ahead = *l;

	return line_next(&ahead, stops, w);
}

bool line_is(const struct word *w, const char *keyword)
{
	return w->text != NULL && !w->quoted && str_case_eq(w->text, keyword);
}

bool line_is_any(const struct word *w, const char *const *keywords)
{
	for (; *keywords != NULL; keywords++)
		if (line_is(w, *keywords))
			return true;
	return false;
}

bool line_is_comma(const struct word *w)
{
	return w->mark == ',' || line_is(w, "and");
}

int line_take(struct line *l, const char *keyword, bool *taken)
{
	struct word_cursor before = l->words;
	struct word w;

	if (line_next(l, ",", &w) != 0)
		return -1;
	*taken = line_is(&w, keyword);
	if (!*taken)
		l->words = before;
	return 0;
}

int line_digits(const char **s, int max_digits, int *out)
{
	int n = 0, v = 0;

	for (; **s >= '0' && **s <= '9'; (*s)++, n++) {
		if (n == max_digits)
			return -1;
		v = v * 10 + (**s - '0');
	}
	*out = v;
	return n > 0 ? 0 : -1;
}

static const struct unit {
	const char *name;		/* a prefix of the word that is typed */
	const char *longest;
	int64_t ms;
} units[] = {
	{ "s", "seconds", SECOND_MS },
	{ "sec", "secs", SECOND_MS },
	{ "m", "minutes", MINUTE_MS },
	{ "min", "mins", MINUTE_MS },
	{ "h", "hours", HOUR_MS },
	{ "d", "days", DAY_MS },
	{ "w", "weeks", WEEK_MS },
};

/* The letter alone, or the whole word with or without its plural s. */
static bool unit_is(const struct unit *u, const char *text)
{
	size_t len = strlen(text);

	if (str_case_eq(text, u->name) || str_case_eq(text, u->longest))
		return true;
	return len + 1 == strlen(u->longest) && len > 1 && str_case_starts(u->longest, text);
}

int64_t line_unit(const char *text)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (unit_is(&units[i], text))
			return units[i].ms;
	return 0;
}

int line_duration(struct line *l, const char *what, int64_t *ms)
{
	const char *rest;
	struct word w;
	int64_t unit;
	int n;

	if (line_next(l, ",", &w) != 0)
		return -1;
	rest = w.text;
	if (w.text == NULL || w.quoted || line_digits(&rest, 6, &n) != 0)
		return line_expected(l, what, &w);
	if (*rest == '\0') {
		if (line_next(l, ",", &w) != 0)
			return -1;
		rest = w.text;
	}
	unit = rest != NULL && !w.quoted ? line_unit(rest) : 0;
	if (unit == 0)
		return line_expected(l, what, &w);
	*ms = n * unit;
	return 0;
}
