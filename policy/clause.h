/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clause: the conditions at the end of a policy line, in any order, each once.
 * Those about times are in when.h.
 */
#ifndef KITH_POLICY_CLAUSE_H
#define KITH_POLICY_CLAUSE_H

#include "policy/line.h"

/* Could this word begin one?  *instead: how to write it, for an error. */
bool clause_is_word(const struct word *w, const char **instead);
/* Does one begin with this word, which was taken already?  What follows tells. */
int clause_begins(const struct line *l, const struct word *w, bool *begins);
/* All of them, up to the end of the line. */
int clause_parse_all(struct line *l, struct rule *r);

/* "momentary": a kind of readings; 0: none. */
unsigned clause_kind(const struct word *w);
const char *clause_kind_name(unsigned bit);

#endif
