/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalogue: what our programs say to people, in other languages.  The texts stand in the
 * source in English, marked for xgettext; po/LANG.po translates them, msgfmt
 * makes kith.mo of it, and this reads that file.  One process talks to people
 * in several languages at once, so it is not the C library's gettext, which
 * follows the locale of the process (docs/HACKING.md).
 */
#ifndef KITH_BASE_CATALOGUE_H
#define KITH_BASE_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/base/saying.h"

struct catalogue;	/* one language; NULL is English */
struct catalogues;	/* all that are installed */

/*
 * Read DIR/LANG/LC_MESSAGES/kith.mo of each language we ship; one that is
 * not there is left out, one that is damaged is an error.  dir NULL: where
 * `make install` puts them.
 */
int catalogues_open(struct catalogues **out, const char *dir, struct err *e);
void catalogues_close(struct catalogues **c);
/* By "de", "de-AT" or "de_AT"; NULL: English, or not there. */
const struct catalogue *catalogues_find(const struct catalogues *c, const char *lang);
/* Is it one of them, or English? */
bool catalogues_have(const struct catalogues *c, const char *lang);
/* "de", "en", ...; NULL behind the last. */
const char *catalogues_name(const struct catalogues *c, size_t i);

/*
 * The text in that language; English if it has none.  It lives as long as the
 * catalogue.  %1 ... %9 in it stand for what catalogue_fill() puts there, so
 * a translation may turn them round.
 */
const char *catalogue_text(const struct catalogue *c, const char *text);
/* Append `text` with %1, %2, ... replaced by the strings that follow; NULL ends them. */
void catalogue_fill(struct buf *out, const char *text, ...) __attribute__((sentinel));

/* One catalogue by itself (tests). */
int catalogue_read(struct catalogue **out, const char *path, struct err *e);
void catalogue_free(struct catalogue **c);
/* Do they hold the same %1 ... %9? */
bool catalogue_same_placeholders(const char *a, const char *b);
size_t catalogue_count(const struct catalogue *c);

#endif
