/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stanza: reading libstrophe's tree; the tree itself is made in parser.c.
 * Nothing here allocates, except stanza_from_text for tests and loopback.
 */
#include "config.h"

#include "common/wire/stanza.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strophe.h>

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "common/wire/ns.h"
#include "common/wire/parser.h"

/* libstrophe's getters want a pointer to non-const and only read. */
static xmpp_stanza_t *
tree(const struct stanza *s)
{
	return (xmpp_stanza_t *)(uintptr_t)s;
}

const char *
stanza_name(const struct stanza *s)
{
	return xmpp_stanza_get_name(tree(s));
}

const char *
stanza_ns(const struct stanza *s)
{
	const char *ns = xmpp_stanza_get_ns(tree(s));

	return ns != NULL ? ns : "";
}

bool
stanza_is(const struct stanza *s, const char *ns, const char *name)
{
	return strcmp(stanza_name(s), name) == 0 && strcmp(stanza_ns(s), ns) == 0;
}

/* In the tree the namespace is an attribute as well; it is none to a reader. */
const char *
stanza_attr(const struct stanza *s, const char *name)
{
	if (strcmp(name, "xmlns") == 0)
		return NULL;
	return xmpp_stanza_get_attribute(tree(s), name);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool
stanza_attr_at(const struct stanza *s, size_t i, const char **name, const char **value)
{
	const char *pair[2 * STANZA_ATTRS];
	int n = xmpp_stanza_get_attributes(tree(s), pair, 2 * STANZA_ATTRS);

	qsort(pair, (size_t)(n / 2), 2 * sizeof(pair[0]), by_name);
	for (int k = 0; k + 1 < n; k += 2) {
		if (strcmp(pair[k], "xmlns") == 0 || i-- > 0)
			continue;
		*name = pair[k];
		*value = pair[k + 1];
		return true;
	}
	return false;
}

static const struct stanza *
element_from(xmpp_stanza_t *s)
{
	while (s != NULL && !xmpp_stanza_is_tag(s))
		s = xmpp_stanza_get_next(s);
	return (const struct stanza *)s;
}

const struct stanza *
stanza_first(const struct stanza *parent)
{
	return element_from(xmpp_stanza_get_children(tree(parent)));
}

const struct stanza *
stanza_next(const struct stanza *child)
{
	return element_from(xmpp_stanza_get_next(tree(child)));
}

const struct stanza *
stanza_child(const struct stanza *parent, const char *ns, const char *name)
{
	const struct stanza *c;

	for (c = stanza_first(parent); c != NULL; c = stanza_next(c))
		if (stanza_is(c, ns, name))
			return c;
	return NULL;
}

size_t
stanza_children(const struct stanza *parent)
{
	const struct stanza *c;
	size_t n = 0;

	for (c = stanza_first(parent); c != NULL; c = stanza_next(c))
		n++;
	return n;
}

/* The parser leaves at most one text node in an element. */
const char *
stanza_text(const struct stanza *s)
{
	xmpp_stanza_t *c = xmpp_stanza_get_children(tree(s));

	while (c != NULL && !xmpp_stanza_is_text(c))
		c = xmpp_stanza_get_next(c);
	return c != NULL ? xmpp_stanza_get_text_ptr(c) : "";
}

bool
stanza_has_text(const struct stanza *s)
{
	const char *text = stanza_text(s);

	return text[strspn(text, " \t\r\n")] != '\0';
}

struct stanza_holder {
	struct parser *parser;
};

static bool
open_for(struct parser *p, const char *default_ns)
{
	char header[256];
	size_t used;
	int n = snprintf(header, sizeof(header),
	    "<stream:stream xmlns='%s' xmlns:stream='" NS_STREAMS "'>", default_ns);

	return n > 0 && (size_t)n < sizeof(header) &&
	    parser_next(p, header, (size_t)n, &used) == PARSER_OPENED;
}

const struct stanza *
stanza_from_text(struct stanza_holder **holder, const char *default_ns, const char *xml, size_t len)
{
	struct stanza_holder *h = mem_zalloc(sizeof(*h));
	size_t used, white;

	*holder = NULL;
	if (h == NULL)
		return NULL;
	h->parser = parser_new(default_ns, WIRE_STANZA_BYTES, NULL);
	if (h->parser == NULL || !open_for(h->parser, default_ns) ||
	    parser_next(h->parser, xml, len, &used) != PARSER_STANZA)
		goto refuse;
	for (white = used; white < len; white++)
		if (strchr(" \t\r\n", xml[white]) == NULL || xml[white] == '\0')
			goto refuse;
	*holder = h;
	return parser_stanza(h->parser);
refuse:
	stanza_holder_free(&h);
	return NULL;
}

void
stanza_holder_free(struct stanza_holder **holder)
{
	if (*holder == NULL)
		return;
	parser_free(&(*holder)->parser);
	mem_free(*holder);
	*holder = NULL;
}
