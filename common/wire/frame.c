/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame: the scanner behind frame.h, one state per function.
 * Not a judge of XML: see parser.c, which reads what was framed here.
 */
#include "config.h"

#include "common/wire/frame.h"

#include <string.h>

#include "common/wire/limits.h"

/* A step's answer when the unit goes on. */
#define GOES_ON FRAME_MORE

void
frame_init(struct frame *f, size_t max_stanza_bytes)
{
	*f = (struct frame){ .max_bytes = max_stanza_bytes, .state = FRAME_AT_START, .why = "" };
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static enum frame_event
broken(struct frame *f, const char *why)
{
	f->why = why;
	return FRAME_BROKEN;
}

static void
start_unit(struct frame *f)
{
	f->over = false;
	f->depth = f->elements = f->values = 0;
	f->bytes = f->root_bytes = 0;
	f->state = FRAME_IN_TEXT;
}

static enum frame_event
end_unit(struct frame *f, enum frame_event ev)
{
	f->state = FRAME_AT_START;
	return ev;
}

static enum frame_event
end_stanza(struct frame *f)
{
	return end_unit(f, f->over ? FRAME_OVER : FRAME_STANZA);
}

/* Behind the '>' of a start tag.  f->bytes already counts it. */
static enum frame_event
start_tag_done(struct frame *f)
{
	bool empty = f->last_slash;

	f->state = FRAME_IN_TEXT;
	if (f->root_bytes == 0)
		f->root_bytes = f->bytes;
	if (!f->in_stream) {
		if (empty)
			return broken(f, "not-well-formed");
		f->in_stream = true;
		return end_unit(f, FRAME_HEADER);
	}
	if (++f->elements > WIRE_ELEMENTS || f->depth + 1 > WIRE_DEPTH)
		f->over = true;
	if (!empty)
		f->depth++;
	return f->depth == 0 ? end_stanza(f) : GOES_ON;
}

static enum frame_event
end_tag_done(struct frame *f)
{
	f->state = FRAME_IN_TEXT;
	if (f->depth == 0)
		return end_unit(f, FRAME_CLOSE);
	return --f->depth == 0 ? end_stanza(f) : GOES_ON;
}

/* RFC 6120 11.1: no comments, no processing instructions, no DTD subsets,
 * hence no entities of their own. */
static enum frame_event
at_lt(struct frame *f, char c)
{
	bool outside = f->in_stream && f->depth == 0;

	f->last_slash = false;
	f->values = 0;
	f->matched = 0;
	switch (c) {
	case '/':
		if (!f->in_stream || (outside && f->bytes != 2))
			return broken(f, "not-well-formed");
		f->state = FRAME_IN_END_TAG;
		return GOES_ON;
	case '!':
		if (f->depth == 0)
			return broken(f, "restricted-xml");
		f->state = FRAME_AT_BANG;
		return GOES_ON;
	case '?':
		if (f->in_stream || f->declared || f->bytes != 2)
			return broken(f, "restricted-xml");
		f->declared = true;
		f->last_mark = false;
		f->state = FRAME_IN_DECLARATION;
		return GOES_ON;
	case '>': case '<': case '\'': case '"': case ' ': case '\t': case '\r': case '\n':
		return broken(f, "not-well-formed");
	default:
		f->state = FRAME_IN_TAG;
		return GOES_ON;
	}
}

static enum frame_event
in_tag(struct frame *f, char c)
{
	switch (c) {
	case '>':
		return start_tag_done(f);
	case '<':
		return broken(f, "not-well-formed");
	case '"': case '\'':
		/* A generous bound that keeps the parser's work small; the
		 * exact ones are counted there. */
		if (++f->values > WIRE_ATTRIBUTES + 4 * WIRE_NAMESPACES)
			f->over = true;
		f->quote = c;
		f->state = FRAME_IN_VALUE;
		break;
	default:
		break;
	}
	f->last_slash = c == '/';
	return GOES_ON;
}

static enum frame_event
at_bang(struct frame *f, char c)
{
	static const char cdata[] = "[CDATA[";

	if (c != cdata[f->matched])
		return broken(f, "restricted-xml");
	if (++f->matched == sizeof(cdata) - 1) {
		f->matched = 0;
		f->state = FRAME_IN_CDATA;
	}
	return GOES_ON;
}

static enum frame_event
in_cdata(struct frame *f, char c)
{
	if (c == '>' && f->matched == 2)
		f->state = FRAME_IN_TEXT;
	else if (c == ']')
		f->matched += f->matched < 2;
	else
		f->matched = 0;
	return GOES_ON;
}

static enum frame_event
in_declaration(struct frame *f, char c)
{
	if (c == '>' && f->last_mark)
		f->state = FRAME_IN_TEXT;
	f->last_mark = c == '?';
	return GOES_ON;
}

static enum frame_event
in_text(struct frame *f, char c)
{
	if (c == '<')
		f->state = FRAME_AT_LT;
	else if (f->depth == 0 && !is_space(c))
		return broken(f, "not-well-formed");
	return GOES_ON;
}

static enum frame_event
step(struct frame *f, char c)
{
	switch (f->state) {
	case FRAME_AT_START:
	case FRAME_IN_TEXT:
		return in_text(f, c);
	case FRAME_AT_LT:
		return at_lt(f, c);
	case FRAME_IN_TAG:
		return in_tag(f, c);
	case FRAME_IN_VALUE:
		f->state = c == f->quote ? FRAME_IN_TAG : FRAME_IN_VALUE;
		f->last_slash = false;
		return GOES_ON;
	case FRAME_IN_END_TAG:
		if (c == '<')
			return broken(f, "not-well-formed");
		return c == '>' ? end_tag_done(f) : GOES_ON;
	case FRAME_AT_BANG:
		return at_bang(f, c);
	case FRAME_IN_CDATA:
		return in_cdata(f, c);
	case FRAME_IN_DECLARATION:
		return in_declaration(f, c);
	}
	return broken(f, "not-well-formed");
}

static size_t
skip_name_bytes(const char *data, size_t len)
{
	size_t n = 0;

	while (n < len && data[n] != '>' && data[n] != '/' && data[n] != '"' &&
	    data[n] != '\'' && data[n] != '<')
		n++;
	return n;
}

static size_t
skip_to(char c, const char *data, size_t len)
{
	const char *hit = memchr(data, c, len);

	return hit != NULL ? (size_t)(hit - data) : len;
}

/* How many bytes ahead cannot change the state: the fast path. */
static size_t
dull(struct frame *f, const char *data, size_t len)
{
	size_t n = 0;

	if (f->state == FRAME_IN_TEXT && f->depth > 0)
		n = skip_to('<', data, len);
	else if (f->state == FRAME_IN_VALUE)
		n = skip_to(f->quote, data, len);
	else if (f->state == FRAME_IN_TAG || f->state == FRAME_IN_END_TAG)
		n = skip_name_bytes(data, len);
	if (n > 0)
		f->last_slash = false;
	return n;
}

static bool
over_header(const struct frame *f)
{
	return !f->in_stream && f->bytes > FRAME_HEADER_BYTES;
}

enum frame_event
frame_scan(struct frame *f, const char *data, size_t len, size_t *used)
{
	size_t pos = 0;

	if (len > 0 && f->state == FRAME_AT_START)
		start_unit(f);
	while (pos < len) {
		enum frame_event ev;
		size_t skip = dull(f, data + pos, len - pos);

		pos += skip;
		f->bytes += skip;
		if (pos < len) {
			f->bytes++;
			if (f->bytes > f->max_bytes && f->in_stream)
				f->over = true;
			ev = step(f, data[pos++]);
			if (ev != GOES_ON) {
				*used = pos;
				return ev;
			}
		}
		if (over_header(f))
			break;
	}
	*used = pos;
	if (f->bytes > f->max_bytes && f->in_stream)
		f->over = true;
	return over_header(f) ? broken(f, "policy-violation") : FRAME_MORE;
}
