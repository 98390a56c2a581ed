/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml: writes elements straight into a bounded buffer: escaped, no white
 * space between elements (it breaks some clients), attribute values in quotes.
 * Characters that XML 1.0 cannot carry and invalid UTF-8 come out as U+FFFD,
 * so nothing we send can cost us the stream.
 */
#ifndef KITH_WIRE_XML_H
#define KITH_WIRE_XML_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"

#define XML_DEPTH 12

struct xml {
	struct buf *out;
	size_t start;			/* out->len when begun */
	unsigned depth;
	bool tag_open;			/* "<name ..." not closed by '>' yet */
	const char *name[XML_DEPTH];	/* static or outliving text */
};

void xml_begin(struct xml *x, struct buf *out);
/* `ns` NULL: inherits, no xmlns is written. */
void xml_open(struct xml *x, const char *name, const char *ns);
/* NULL value: the attribute is left out. */
void xml_attr(struct xml *x, const char *name, const char *value);
void xml_attr_int(struct xml *x, const char *name, int64_t value);
void xml_attr_bool(struct xml *x, const char *name, bool value);	/* true|false */
void xml_text(struct xml *x, const char *text);
void xml_close(struct xml *x);
/* <name ns><text></name> in one go. */
void xml_leaf(struct xml *x, const char *name, const char *ns, const char *text);
/* 0 if all elements are closed and the buffer took it all; else -1, and the
 * buffer is cut back to where it was at xml_begin. */
int xml_end(struct xml *x);

#endif
