/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stanza_recipe: the NAME.reply files: which answer a role would give, so that the
 * pairs also show the stanza that is written for it.  tests/stanza/README.md has the words.
 */
#ifndef KITH_TESTS_UNIT_STANZA_RECIPE_H
#define KITH_TESTS_UNIT_STANZA_RECIPE_H

#include "common/wire/reply.h"

struct buf;

/* Write what the recipe says in answer to `q`.  -1: a word it does not know. */
int recipe_answer(struct buf *out, const char *recipe, const struct request *q);

#endif
