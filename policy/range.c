/* SPDX-License-Identifier: Apache-2.0 */
/*
 * range: its beginnings as a table; numbers with a point, everything else is a
 * text.  Next: object.c.
 */
#include "config.h"

#include "policy/range.h"

#include <string.h>

#include "common/base/pool.h"
#include "common/base/str.h"
#include "policy/name.h"

#define NUMBER N_("a number like 20 or 0.5")

/* Which end the number behind it is, whether it belongs to it, and what may follow. */
static const struct form {
	const char *word, *second;	/* second NULL: the word alone */
	bool is_min, is_out;
	enum { ONE_NUMBER, MAY_GO_ON, GOES_ON, GOES_ON_WITH_AND } more;
} forms[] = {
	{ "from", NULL, true, false, GOES_ON },
	{ "between", NULL, true, false, GOES_ON_WITH_AND },
	{ "at", "most", false, false, ONE_NUMBER },
	{ "at", "least", true, false, MAY_GO_ON },
	{ "below", NULL, false, true, ONE_NUMBER },
	{ "above", NULL, true, true, MAY_GO_ON },
	{ "<=", NULL, false, false, ONE_NUMBER },
	{ ">=", NULL, true, false, ONE_NUMBER },
	{ "<", NULL, false, true, ONE_NUMBER },
	{ ">", NULL, true, true, ONE_NUMBER },
};

#define FORMS (sizeof(forms) / sizeof(forms[0]))

bool range_is_word(const struct word *w)
{
	for (size_t i = 0; i < FORMS; i++)
		if (line_is(w, forms[i].word))
			return true;
	return w->mark == '=' || w->mark == '!';
}

static bool is_bool(const struct word *w)
{
	return line_is(w, "true") || line_is(w, "false");
}

static bool is_number(const struct word *w, double *v)
{
	return w->text != NULL && !w->quoted && w->mark == 0 && str_to_double(w->text, v) == 0;
}

/* The form whose words these are, the second of them ahead; NULL: none. */
static int find_form(struct line *l, const struct word *w, const struct form **out)
{
	struct word second;

	*out = NULL;
	if (line_peek(l, RANGE_STOPS, &second) != 0)
		return -1;
	for (size_t i = 0; i < FORMS; i++)
		if (line_is(w, forms[i].word) &&
		    (forms[i].second == NULL || line_is(&second, forms[i].second))) {
			*out = &forms[i];
			break;
		}
	if (*out != NULL && (*out)->second != NULL)
		return line_next(l, RANGE_STOPS, &second);
	return 0;
}

int range_begins(const struct line *l, const struct word *w, bool *begins)
{
	const struct form *form;
	struct line ahead = *l;
	struct word value;
	double v;

	*begins = w->mark == '=' || w->mark == '<' || w->mark == '>' || is_bool(w);
	if (*begins)
		return 0;
	if (find_form(&ahead, w, &form) != 0)
		return -1;
	if (form == NULL)
		return 0;
	if (line_next(&ahead, RANGE_STOPS, &value) != 0)
		return -1;
	*begins = is_number(&value, &v);
	return 0;
}

static int take_number(struct line *l, double *out)
{
	struct word w;

	if (line_next(l, RANGE_STOPS, &w) != 0)
		return -1;
	if (!is_number(&w, out))
		return line_expected(l, NUMBER, &w);
	/* A comma parts names here: "0,5" would become 0 and something called 5. */
	if (l->words.at[0] == ',' && l->words.at[1] >= '0' && l->words.at[1] <= '9')
		return line_error(l, N_("a number has a point, as in 0.5, not a comma (word %1)"),
		    line_where(l), NULL);
	return 0;
}

static void set_end(struct span *s, bool is_min, bool is_out, double v)
{
	if (is_min) {
		s->has_min = true;
		s->min_out = is_out;
		s->min = v;
	} else {
		s->has_max = true;
		s->max_out = is_out;
		s->max = v;
	}
}

/* "to 50" or "below 50" behind the first number; "and 50" behind "between". */
static int parse_other_end(struct line *l, const struct form *form, struct span *out)
{
	const char *between = form->more == GOES_ON_WITH_AND ? "and" : "to";
	bool to, below = false;
	double v;

	if (line_take(l, between, &to) != 0 ||
	    (!to && form->more != GOES_ON_WITH_AND && line_take(l, "below", &below) != 0))
		return -1;
	if (!to && !below) {
		struct word w;

		if (form->more == MAY_GO_ON)
			return 0;
		return line_peek(l, RANGE_STOPS, &w) != 0 ? -1 :
		    line_expected_of(l, N_("\"%1\" and the other number"), between, &w);
	}
	if (take_number(l, &v) != 0)
		return -1;
	set_end(out, false, below, v);
	if (v < out->min || (v <= out->min && (out->min_out || out->max_out)))
		return line_error(l, N_("there is no number between these two (word %1)"),
		    line_where(l), NULL);
	return 0;
}

static int parse_form(struct line *l, const struct form *form, struct span *out)
{
	double v;

	if (take_number(l, &v) != 0)
		return -1;
	set_end(out, form->is_min, form->is_out, v);
	return form->more == ONE_NUMBER ? 0 : parse_other_end(l, form, out);
}

/* A number, true, false, a quoted text, or words up to the next value or "of". */
static int parse_value(struct line *l, struct span *out)
{
	struct word w;
	double v;

	if (line_peek(l, RANGE_STOPS, &w) != 0)
		return -1;
	if (is_bool(&w)) {
		out->text = w.text;
		return line_next(l, RANGE_STOPS, &w);
	}
	if (!is_number(&w, &v))
		return name_parse(l, N_("a value like 20, on or \"living room\""), NAME_OF_VALUE,
		    &out->text);
	if (take_number(l, &v) != 0)
		return -1;
	set_end(out, true, false, v);
	set_end(out, false, false, v);
	return 0;
}

int range_parse_numbers(struct line *l, const char *what, struct span *out)
{
	const struct form *form;
	struct word w;
	double v;

	*out = (struct span){ 0 };
	if (line_next(l, RANGE_STOPS, &w) != 0 || find_form(l, &w, &form) != 0)
		return -1;
	if (form != NULL)
		return parse_form(l, form, out);
	if (w.mark != '=')
		return line_expected(l, what, &w);
	if (take_number(l, &v) != 0)
		return -1;
	set_end(out, true, false, v);
	set_end(out, false, false, v);
	return 0;
}

/* "= eco", "from 0 to 50", "true"; behind an "or" also a value alone. */
static int parse_one(struct line *l, bool alone, struct span *out)
{
	struct word_cursor before = l->words;
	const struct form *form;
	struct word w;

	if (line_next(l, RANGE_STOPS, &w) != 0 || find_form(l, &w, &form) != 0)
		return -1;
	if (form != NULL)
		return parse_form(l, form, out);
	if (w.mark == '!')
		return line_error(l, N_("values cannot be left out with != (word %1): deny them in "
		    "a rule of their own"), line_where(l), NULL);
	if (w.mark != '=') {
		if (!alone && !is_bool(&w))
			return line_expected(l, N_("values like from 0 to 50 or = eco"), &w);
		l->words = before;
	}
	return parse_value(l, out);
}

int range_parse(struct line *l, const char *name, struct span *span, size_t *n)
{
	struct word w;

	for (bool more = false; ; more = true) {
		if (*n == POLICY_SPANS)
			return line_error(l, N_("at most 16 values in one rule"), NULL);
		span[*n] = (struct span){ .name = name };
		if (parse_one(l, more, &span[*n]) != 0)
			return -1;
		(*n)++;
		if (line_peek(l, RANGE_STOPS, &w) != 0)
			return -1;
		if (w.mark != '|' && !line_is(&w, "or"))
			return 0;
		if (line_next(l, RANGE_STOPS, &w) != 0)
			return -1;
	}
}
