/* SPDX-License-Identifier: Apache-2.0 */
/*
 * range: values in a policy line: from 0 to 50, at most 50, = eco or comfort.
 * They stand behind the name of a parameter (object.h) and behind places on
 * earth (clause.h).
 */
#ifndef KITH_POLICY_RANGE_H
#define KITH_POLICY_RANGE_H

#include "policy/line.h"

#define RANGE_STOPS ",|<"	/* to read their words with */
/* Could this word begin one? */
bool range_is_word(const struct word *w);
/* Does it begin here, at this word that was taken already? */
int range_begins(const struct line *l, const struct word *w, bool *begins);
/* One range of numbers, such as "from 52 to 53" (longitude ...). */
int range_parse_numbers(struct line *l, const char *what, struct span *out);
/* Values of `name` (NULL: of all), joined by "or" or '|', appended to span[*n]. */
int range_parse(struct line *l, const char *name, struct span *span, size_t *n);

#endif
