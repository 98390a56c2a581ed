/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stanza: the read-only tree of one received stanza.
 * The strict parser of parser.c builds it: only un-namespaced
 * attributes (and xml:lang) are in it, and it lives until the callback that
 * was handed it returns.  Writing goes through xml.h, never through a tree.
 */
#ifndef KITH_WIRE_STANZA_H
#define KITH_WIRE_STANZA_H

#include <stdbool.h>
#include <stddef.h>

struct stanza;

const char *stanza_name(const struct stanza *s);	/* local name */
const char *stanza_ns(const struct stanza *s);		/* "" if none */
bool stanza_is(const struct stanza *s, const char *ns, const char *name);
/* NULL when absent: absent and empty differ. */
const char *stanza_attr(const struct stanza *s, const char *name);
/* The i-th attribute of at most STANZA_ATTRS, by name; xmlns is none.  false:
 * there is no such. */
#define STANZA_ATTRS 32
bool stanza_attr_at(const struct stanza *s, size_t i, const char **name, const char **value);

/* Element children only; text in between is skipped. */
const struct stanza *stanza_first(const struct stanza *parent);
const struct stanza *stanza_next(const struct stanza *child);
const struct stanza *stanza_child(const struct stanza *parent, const char *ns, const char *name);
size_t stanza_children(const struct stanza *parent);
/* The direct text of an element, joined; "" if none.  Valid as long as the stanza. */
const char *stanza_text(const struct stanza *s);
/* Is there any non-white text directly inside? (stray text in an iq payload) */
bool stanza_has_text(const struct stanza *s);

/*
 * For tests, fuzzers and the in-process loopback: parse one stanza from text
 * with the very same strict parser and limits.  NULL if it breaks a rule.
 * The holder owns the tree; free it with stanza_holder_free.
 */
struct stanza_holder;
const struct stanza *stanza_from_text(struct stanza_holder **holder,
    const char *default_ns, const char *xml, size_t len);
void stanza_holder_free(struct stanza_holder **holder);

#endif
