/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name: words without quotes become one name, blanks between them count as one.
 * Which words end it depends on the place.  Next: range.c.
 */
#include "config.h"

#include "policy/name.h"

#include <string.h>

#include "common/base/pool.h"
#include "common/base/str.h"
#include "policy/clause.h"
#include "policy/range.h"

#define NAME_WORDS 16			/* of a name without quotes */

enum ends { GOES_ON, ENDS, UNSURE };

static const struct {
	const char *stops;
	const char *const *ends;	/* words that end it */
	const char *unsure;		/* one that may belong to it, and what to write if not */
	const char *instead;
	enum { NOTHING, VALUES, VALUES_OR_ASK, CLAUSES } behind;
} places[] = {
	[NAME_OF_FIELD] = { ",", (const char *const[]){ "of", "and", NULL }, NULL, NULL, VALUES },
	[NAME_OF_PARAMETER] = { ",<", (const char *const[]){ "of", "and", NULL }, NULL, NULL,
	    VALUES_OR_ASK },
	[NAME_OF_VALUE] = { RANGE_STOPS, (const char *const[]){ "of", "or", NULL }, "and",
	    ", \"NAME\"", NOTHING },
	[NAME_OF_NODE] = { "", (const char *const[]){ "of", "source", "partition", NULL }, NULL, NULL,
	    NOTHING },
	[NAME_OF_THING] = { "<", (const char *const[]){ "and", NULL }, "of", "\"NAME\" of THING",
	    CLAUSES },
	[NAME_OF_TAG_VALUE] = { "<", (const char *const[]){ "and", NULL }, "of",
	    "\"NAME\" of THING", CLAUSES },
};

/* "like" ends the name of a tag only where a mask follows. */
static int like_follows(const struct line *l, const struct word *w, bool *follows)
{
	struct word mask;

	*follows = false;
	if (!line_is(w, "like"))
		return 0;
	if (line_peek(l, "<", &mask) != 0)
		return -1;
	*follows = mask.text != NULL && strchr(mask.text, '*') != NULL;
	return 0;
}

/* Does this word, which was just taken, end the name?  *instead: what to write
 * where that is unsure. */
static int ends_name(const struct line *l, enum name_place place, const struct word *w,
    enum ends *out, const char **instead)
{
	bool values = places[place].behind == VALUES || places[place].behind == VALUES_OR_ASK;
	bool follows = false;

	*out = ENDS;
	if (w->text == NULL || w->mark != 0 || w->quoted || line_is_any(w, places[place].ends))
		return 0;
	if (values && range_begins(l, w, &follows) != 0)
		return -1;
	if (place == NAME_OF_THING && like_follows(l, w, &follows) != 0)
		return -1;
	if (places[place].behind == CLAUSES && !follows && clause_begins(l, w, &follows) != 0)
		return -1;
	if (follows)
		return 0;
	*out = GOES_ON;
	if (places[place].unsure != NULL && line_is(w, places[place].unsure)) {
		*instead = places[place].instead;
		*out = UNSURE;
	} else if (places[place].behind == VALUES_OR_ASK && range_is_word(w)) {
		*instead = "from 0 to 50";
		*out = UNSURE;
	} else if (places[place].behind == CLAUSES && clause_is_word(w, instead)) {
		*out = UNSURE;
	}
	return 0;
}

static int unsure(const struct line *l, const char *name, const struct word *w,
    const char *instead)
{
	return line_error(l, N_("does \"%1\" at word %2 belong to the name? Then write \"%3 %1 ...\" in "
	    "quotes; otherwise write it like this: %4"), line_short(l, w->text), line_where(l),
	    line_short(l, name), instead, NULL);
}

static int check(const struct line *l, const char *text)
{
	if (text[0] == '\0')
		return line_error(l, N_("the name at word %1 is empty"), line_where(l), NULL);
	if (str_utf8_chars(text) > POLICY_NAME)
		return line_error(l, N_("the name at word %1 is longer than 256 characters"),
		    line_where(l), NULL);
	return 0;
}

/* The first word may be one that would end it, if nothing makes that of it. */
static int first_word(struct line *l, const char *what, enum name_place place, struct word *w)
{
	const char *instead;
	enum ends ends;

	if (line_next(l, places[place].stops, w) != 0)
		return -1;
	if (w->quoted)
		return 0;
	if (ends_name(l, place, w, &ends, &instead) != 0)
		return -1;
	return ends == ENDS ? line_expected(l, what, w) : 0;
}

/* More words without quotes; `name` grows. */
static int more_words(struct line *l, enum name_place place, const char **name)
{
	for (int n = 1; n < NAME_WORDS; n++) {
		struct word_cursor before = l->words;
		const char *instead = NULL;
		enum ends ends;
		struct word w;

		if (line_next(l, places[place].stops, &w) != 0 ||
		    ends_name(l, place, &w, &ends, &instead) != 0)
			return -1;
		if (ends == UNSURE)
			return unsure(l, *name, &w, instead);
		if (ends == ENDS) {
			l->words = before;
			return 0;
		}
		*name = pool_printf(l->pool, "%s %s", *name, w.text);
		if (*name == NULL)
			return line_no_room(l);
	}
	return 0;
}

int name_parse_quoted(struct line *l, const char *what, enum name_place place,
    const char **out, bool *quoted)
{
	struct word w;

	if (first_word(l, what, place, &w) != 0)
		return -1;
	*quoted = w.quoted;
	*out = w.text;
	if (!w.quoted && more_words(l, place, out) != 0)
		return -1;
	return check(l, *out);
}

int name_parse(struct line *l, const char *what, enum name_place place, const char **out)
{
	bool quoted;

	return name_parse_quoted(l, what, place, out, &quoted);
}
