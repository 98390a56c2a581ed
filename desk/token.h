/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token: one typed line in pieces: folded, trimmed, cut into words and quoted
 * texts.  It knows no command.  Read next: phrase.h.
 */
#ifndef KITH_DESK_TOKEN_H
#define KITH_DESK_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/jid.h"
#include "common/base/pool.h"

/* What phones make of plain characters, made plain again; NULL: no room. */
char *token_fold(struct pool *pool, const char *s, size_t len);
/* Without blanks and code marks around it; in place. */
char *token_trim(char *s);
/*
 * Take one word, or one text in double quotes (with \" \\ and \u{HEX}), from
 * *rest into the pool; "" when nothing is left.  *quoted may be NULL.
 */
const char *token_take(struct pool *pool, const char **rest, bool *quoted);
/* The rest of the line as the name of a thing: blanks need no quotes there. */
const char *token_take_rest(struct pool *pool, const char **rest);
/* Everything before that word standing by itself, which is taken too; NULL and
 * nothing taken if it is not there. */
const char *token_take_until(struct pool *pool, const char **rest, const char *word);
/* "yes CODE." is what people type. */
const char *token_without_stop(struct pool *pool, const char *s);
bool token_is(const char *s, const char *word);
/* Skip that word if it comes next; was it there? */
bool token_skip(struct pool *pool, const char **rest, const char *word);
/* "bob@example.org", canonical; NULL if it is none. */
const char *token_jid(struct pool *pool, const char *text, enum jid_profile profile);
/* "2 h", "30 minutes", "1d"; -1: no time. */
int64_t token_take_span(struct pool *pool, const char **rest);

#endif
