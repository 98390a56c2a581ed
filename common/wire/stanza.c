/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stanza: reading the tree that parser.c makes of one stanza.  Nothing here
 * allocates, except stanza_from_text for tests and loopback.
 */
#include "config.h"

#include "common/wire/stanza.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/wire/ns.h"
#include "common/wire/parser.h"
#include "common/wire/tree.h"

const char *
stanza_name(const struct stanza *s)
{
	return s->name;
}

const char *
stanza_ns(const struct stanza *s)
{
	return s->ns;
}

bool
stanza_is(const struct stanza *s, const char *ns, const char *name)
{
	return strcmp(s->name, name) == 0 && strcmp(s->ns, ns) == 0;
}

const char *
stanza_attr(const struct stanza *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->attr[i].name, name) == 0)
			return s->attr[i].value;
	return NULL;
}

bool
stanza_attr_at(const struct stanza *s, size_t i, const char **name, const char **value)
{
	if (i >= s->n)
		return false;
	*name = s->attr[i].name;
	*value = s->attr[i].value;
	return true;
}

const struct stanza *
stanza_first(const struct stanza *parent)
{
	return parent->first;
}

const struct stanza *
stanza_next(const struct stanza *child)
{
	return child->next;
}

const struct stanza *
stanza_child(const struct stanza *parent, const char *ns, const char *name)
{
	const struct stanza *c;

	for (c = parent->first; c != NULL; c = c->next)
		if (stanza_is(c, ns, name))
			return c;
	return NULL;
}

size_t
stanza_children(const struct stanza *parent)
{
	return parent->children;
}

const char *
stanza_text(const struct stanza *s)
{
	return s->text;
}

bool
stanza_has_text(const struct stanza *s)
{
	return s->text[strspn(s->text, " \t\r\n")] != '\0';
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
