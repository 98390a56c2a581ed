/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml: elements into a buffer.  No tree, no pretty printing; what cannot be
 * written faithfully comes out as U+FFFD, never as broken XML.
 */
#include "config.h"

#include "common/wire/xml.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/str.h"

#define REPLACEMENT "\xef\xbf\xbd"

void
xml_begin(struct xml *x, struct buf *out)
{
	*x = (struct xml){ .out = out, .start = out->len };
}

/* XML 1.0, 2.2; str_utf8_next has already sorted out surrogates. */
static bool
is_xml_char(uint32_t c)
{
	if (c < 0x20)
		return c == '\t' || c == '\n' || c == '\r';
	return c != 0xfffe && c != 0xffff;
}

/*
 * White space other than blanks is written as a reference: readers normalise
 * it in attribute values and at line ends otherwise (XML 1.0, 2.11 and 3.3.3).
 */
static const char *
entity(char c, bool in_attribute)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '\r':
		return "&#13;";
	case '"':
		return in_attribute ? "&quot;" : NULL;
	case '\n':
		return in_attribute ? "&#10;" : NULL;
	case '\t':
		return in_attribute ? "&#9;" : NULL;
	default:
		return NULL;
	}
}

/* One code point or bad byte; returns where the next begins. */
static const char *
escape_one(struct buf *out, const char *s, bool in_attribute)
{
	const char *start = s, *e = entity(*s, in_attribute);
	uint32_t c;

	if (e != NULL) {
		buf_adds(out, e);
		return s + 1;
	}
	c = str_utf8_next(&s);
	if (!is_xml_char(c) || (c == 0xfffd && s - start == 1))
		buf_adds(out, REPLACEMENT);
	else
		buf_add(out, start, (size_t)(s - start));
	return s;
}

/* Printable ASCII without the five characters that XML reserves. */
static bool
is_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != '&' && c != '<' && c != '>' && c != '"';
}

/* Nearly all of what we write is plain: it is copied in runs. */
static void
escape(struct buf *out, const char *s, bool in_attribute)
{
	const char *run = s;

	while (*s != '\0') {
		if (is_plain(*s)) {
			s++;
			continue;
		}
		buf_add(out, run, (size_t)(s - run));
		run = s = escape_one(out, s, in_attribute);
	}
	buf_add(out, run, (size_t)(s - run));
}

static void
end_tag(struct xml *x)
{
	if (x->tag_open)
		buf_addc(x->out, '>');
	x->tag_open = false;
}

/* Deeper than XML_DEPTH is a mistake of ours: the count goes on, so that
 * xml_end() takes everything back. */
void
xml_open(struct xml *x, const char *name, const char *ns)
{
	end_tag(x);
	if (x->depth < XML_DEPTH)
		x->name[x->depth] = name;
	else
		x->out->failed = true;
	x->depth++;
	buf_addc(x->out, '<');
	buf_adds(x->out, name);
	x->tag_open = true;
	xml_attr(x, "xmlns", ns);
}

void
xml_attr(struct xml *x, const char *name, const char *value)
{
	if (value == NULL)
		return;
	if (!x->tag_open) {
		x->out->failed = true;
		return;
	}
	buf_addc(x->out, ' ');
	buf_adds(x->out, name);
	buf_adds(x->out, "=\"");
	escape(x->out, value, true);
	buf_addc(x->out, '"');
}

void
xml_attr_int(struct xml *x, const char *name, int64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	xml_attr(x, name, text);
}

void
xml_attr_bool(struct xml *x, const char *name, bool value)
{
	xml_attr(x, name, value ? "true" : "false");
}

void
xml_text(struct xml *x, const char *text)
{
	if (*text == '\0')
		return;
	end_tag(x);
	escape(x->out, text, false);
}

void
xml_close(struct xml *x)
{
	if (x->depth == 0) {
		x->out->failed = true;
		return;
	}
	x->depth--;
	if (x->tag_open) {
		buf_adds(x->out, "/>");
		x->tag_open = false;
		return;
	}
	buf_adds(x->out, "</");
	buf_adds(x->out, x->depth < XML_DEPTH ? x->name[x->depth] : "");
	buf_addc(x->out, '>');
}

void
xml_leaf(struct xml *x, const char *name, const char *ns, const char *text)
{
	xml_open(x, name, ns);
	xml_text(x, text);
	xml_close(x);
}

int
xml_end(struct xml *x)
{
	if (x->depth == 0 && buf_ok(x->out))
		return 0;
	buf_truncate(x->out, x->start);
	return -1;
}
