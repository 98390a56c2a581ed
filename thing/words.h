/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words: what a thing says, in the language of who reads it.  The texts stand in
 * the source in English, marked N_(); the maker's `translate` (thing.h) knows the
 * others.  What is filled in is never looked up.
 */
#ifndef KITH_THING_WORDS_H
#define KITH_THING_WORDS_H

#include "common/base/buf.h"
#include "common/base/saying.h"

struct words {
	const char *(*translate)(void *arg, const char *lang, const char *text);	/* or NULL */
	void *arg;
	const char *lang;	/* NULL: English */
};

/* `w` NULL: English. */
const char *words_text(const struct words *w, const char *text);
/* Append it with %1, %2, ... replaced by the strings that follow; NULL ends them. */
void words_add(struct buf *out, const struct words *w, const char *text, ...)
    __attribute__((sentinel));
/* The language it is said in, for xml:lang; NULL: not said. */
const char *words_lang(const struct words *w);

#endif
