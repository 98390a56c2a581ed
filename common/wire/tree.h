/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree: what a stanza is in memory: one block of its pool for each element, with
 * its names and attributes behind it.  For parser.c, which builds it, and
 * stanza.c, which reads it; nobody else looks inside.
 */
#ifndef KITH_WIRE_TREE_H
#define KITH_WIRE_TREE_H

#include <stddef.h>

struct tree_attr {
	const char *name, *value;
};

struct stanza {
	const char *ns, *name, *text;		/* "" if none */
	struct stanza *first, *last, *next;	/* children; the next child of the same parent */
	size_t children;
	size_t n;
	struct tree_attr attr[];		/* by name */
};

#endif
