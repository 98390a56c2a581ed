/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame: finds where the stream header, each stanza and the end of a stream
 * lie in the bytes, and counts bytes, depth, elements and attributes on the
 * way.  It is no XML parser: it only tells markup from text, and whatever it
 * lets through is checked by the real one (parser.h).
 *
 * Why it exists: the parser is fed whole stanzas that are known to be within
 * the caps.  So nothing of a stanza over a cap is ever buffered, expanded or
 * nested inside the parser, however large its tags are, and discarding it
 * costs no memory and not the stream.
 */
#ifndef KITH_WIRE_FRAME_H
#define KITH_WIRE_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#define FRAME_HEADER_BYTES 8192		/* XML declaration and stream header */

enum frame_event {
	FRAME_MORE,	/* all bytes taken, the unit goes on */
	FRAME_HEADER,	/* the stream's start tag is complete */
	FRAME_STANZA,	/* a stanza within the caps is complete */
	FRAME_OVER,	/* a stanza over a cap is complete */
	FRAME_CLOSE,	/* the stream's end tag is complete */
	FRAME_BROKEN	/* see frame_why */
};

enum frame_state {
	FRAME_AT_START,		/* nothing of this unit yet */
	FRAME_IN_TEXT,
	FRAME_AT_LT,		/* after "<" */
	FRAME_IN_TAG,		/* start tag, outside of values */
	FRAME_IN_VALUE,
	FRAME_IN_END_TAG,
	FRAME_AT_BANG,		/* after "<!": only CDATA may follow */
	FRAME_IN_CDATA,
	FRAME_IN_DECLARATION	/* <?xml ...?> before the header */
};

struct frame {
	size_t max_bytes;
	enum frame_state state;
	bool in_stream;		/* the header is through */
	bool declared;		/* an XML declaration was there */
	bool over;		/* this stanza is over a cap */
	bool last_slash;	/* in a tag: the byte before was '/' */
	bool last_mark;		/* in a declaration: the byte before was '?' */
	char quote;
	unsigned matched;	/* of "[CDATA[", or of "]]" */
	unsigned depth;
	unsigned elements;
	unsigned values;	/* quoted values of this tag: attributes, declarations */
	size_t bytes;		/* of this unit */
	size_t root_bytes;	/* length of its first tag; 0: not complete yet */
	const char *why;
};

void frame_init(struct frame *f, size_t max_stanza_bytes);
/* Is nothing of a unit seen yet? */
static inline bool frame_at_start(const struct frame *f) { return f->state == FRAME_AT_START; }
/* Takes bytes up to the end of the unit; *used tells how many. */
enum frame_event frame_scan(struct frame *f, const char *data, size_t len, size_t *used);
/* RFC 6120 4.9.3 condition after FRAME_BROKEN. */
static inline const char *frame_why(const struct frame *f) { return f->why; }

#endif
