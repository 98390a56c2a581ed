/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line: a policy line while it is read.  What all of its parts need: the words,
 * what is said about one that does not fit, numbers and times.  The parts are
 * subject.h, object.h, target.h, clause.h; they come together in policy_parse.c.
 */
#ifndef KITH_POLICY_LINE_H
#define KITH_POLICY_LINE_H

#include <stdint.h>

#include "common/base/saying.h"
#include "policy/rule.h"
#include "policy/word.h"

#define SECOND_MS 1000LL
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define WEEK_MS (7 * DAY_MS)

struct line {
	struct word_cursor words;
	struct pool *pool;
	int64_t now_ms;
	int32_t zone_s;
	struct span *span;	/* what rule.span and rule.with point at while they grow */
	struct with *with;
	struct err *e;		/* its text is a saying */
};

/* Each says what is wrong and returns -1.  The strings that follow stand for %1
 * ...; NULL ends them. */
int line_error(const struct line *l, const char *text, ...) __attribute__((sentinel));
/* "expected WHAT at word N, not "FOUND"". */
int line_expected(const struct line *l, const char *what, const struct word *found);
/* The same where `what` holds a %1. */
int line_expected_of(const struct line *l, const char *what, const char *value,
    const struct word *found);
int line_no_room(const struct line *l);
/* The number of the word taken last, as text. */
const char *line_where(const struct line *l);
/* At most 60 characters of what was typed, for an error. */
const char *line_short(const struct line *l, const char *text);

int line_next(struct line *l, const char *stops, struct word *w);
/* The same, but nothing is taken. */
int line_peek(const struct line *l, const char *stops, struct word *w);
/* Is it this keyword?  Quoted text never is. */
bool line_is(const struct word *w, const char *keyword);
bool line_is_any(const struct word *w, const char *const *keywords);
/* Take the next word only if it is this keyword. */
int line_take(struct line *l, const char *keyword, bool *taken);
/* ',' (a stop character then) or "and". */
bool line_is_comma(const struct word *w);

/* Decimal digits at *s, at most `max_digits` of them. */
int line_digits(const char **s, int max_digits, int *out);
/* "2h", "2 h", "30 minutes". */
int line_duration(struct line *l, const char *what, int64_t *ms);
/* A unit by its letter or its word; 0: none. */
int64_t line_unit(const char *text);

#endif
