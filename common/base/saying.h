/* SPDX-License-Identifier: Apache-2.0 */
/*
 * saying: a sentence that is made in one place and read in another, maybe days
 * later and in another language: the English text with %1 ... %9 and what is to
 * stand there, in one string.  Whoever shows it looks the text up (common/base/catalogue.h)
 * and only then fills it in.  A plain text is a saying, too.
 */
#ifndef KITH_BASE_SAYING_H
#define KITH_BASE_SAYING_H

#include "common/base/buf.h"
#include "common/base/pool.h"

/* Marks a text that is looked up later. */
#define N_(text) text

/*
 * Append a sentence; several stand behind each other as they are.  What is filled
 * in is shown as it is given here (so escaped already), on one line.  NULL ends them.
 */
void saying_add(struct buf *out, const char *text, ...) __attribute__((sentinel));
/* One sentence; NULL: no room. */
char *saying(struct pool *pool, const char *text, ...) __attribute__((sentinel));
/* For filling in: a phrase that is looked up itself, with at most one %1 (value NULL: none). */
void saying_part(struct buf *out, const char *text, const char *value);

/* In words.  `look_up` gives a text in the reader's language; NULL: as it is. */
typedef const char *(*saying_fn)(const void *arg, const char *text);
void saying_words(struct buf *out, const char *said, saying_fn look_up, const void *arg);
/* The text with %1, %2, ... replaced; others are left out. */
void saying_fill(struct buf *out, const char *text, const char *const *value, size_t n);

#endif
