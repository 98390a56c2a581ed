/* SPDX-License-Identifier: Apache-2.0 */
/*
 * word: cuts a policy line into words.  Typographic quotes, blanks and dashes
 * come out plain, the full stop of a sentence is dropped; a quoted word may hold
 * anything, with \" \\ and \u{HEX}.  Next: line.h.
 */
#ifndef KITH_POLICY_WORD_H
#define KITH_POLICY_WORD_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

struct pool;

struct word {
	const char *text;	/* NULL at the end of the line */
	bool quoted;
	char mark;		/* the stop character, if that is what was found; else 0 */
};

struct word_cursor {
	const char *at;		/* next byte of the plain copy of the line */
	int n;			/* words taken so far */
	struct pool *pool;
};

/* Makes the plain copy.  Refuses what is too long, not UTF-8 or has control
 * characters. */
int word_start(struct word_cursor *w, const char *line, struct pool *pool, struct err *e);
/*
 * The next word, ending at a blank, a quote or any character of `stops`; a stop
 * character is a word of its own.  '<' among them stands for all comparisons, which
 * come out as = != < <= > >= however they were typed; their mark is the first
 * character.  -1: a quote that does not close, a bad escape, or no memory.
 */
int word_next(struct word_cursor *w, const char *stops, struct word *out, struct err *e);

#endif
