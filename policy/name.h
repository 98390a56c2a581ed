/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name: a name in a policy line, in quotes or without.  Without, it ends where
 * something else begins; where that cannot be told for sure the line is refused
 * with what to write instead.
 */
#ifndef KITH_POLICY_NAME_H
#define KITH_POLICY_NAME_H

#include "policy/line.h"

/* What may stand behind it. */
enum name_place {
	NAME_OF_FIELD,		/* a comma, "and", "of"; values, which are then refused */
	NAME_OF_PARAMETER,	/* a comma, "and", "of"; values */
	NAME_OF_VALUE,		/* a comma, "of", "or" */
	NAME_OF_NODE,		/* "source", "partition", "of" */
	NAME_OF_THING,		/* conditions; a comparison, then it is a tag */
	NAME_OF_TAG_VALUE	/* conditions; "and" with another comparison */
};

int name_parse(struct line *l, const char *what, enum name_place place, const char **out);
/* The same, and whether it stood in quotes. */
int name_parse_quoted(struct line *l, const char *what, enum name_place place,
    const char **out, bool *quoted);

#endif
