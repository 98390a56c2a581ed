/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parser: bytes of a stream in, header and stanzas out.  frame.h cuts and
 * counts, expat checks and reads, the result is the tree of stanza.h in memory
 * that the next call takes back.  It does no I/O and calls nobody: the caller
 * asks for the next thing in the bytes it has.
 */
#ifndef KITH_WIRE_PARSER_H
#define KITH_WIRE_PARSER_H

#include <stddef.h>

#include "common/base/err.h"
#include "common/wire/stream.h"

struct parser;
struct stanza;

enum parser_event {
	PARSER_MORE,		/* all bytes taken, nothing complete */
	PARSER_OPENED,		/* parser_header() */
	PARSER_STANZA,		/* parser_stanza() */
	PARSER_OVERSIZE,	/* parser_head() */
	PARSER_CLOSED,		/* the peer closed the stream; nothing follows */
	PARSER_BROKEN		/* parser_why(); nothing follows */
};

struct parser_header {
	const char *id, *from, *version;	/* "" when absent */
};

struct parser *parser_new(const char *default_ns, size_t stanza_bytes, struct err *e);
void parser_free(struct parser **p);
/* Forget everything and expect a stream header (a stream restart). */
void parser_restart(struct parser *p);
/* Takes bytes up to the end of the next event; *used tells how many.  What
 * the event points to lives until the next call. */
enum parser_event parser_next(struct parser *p, const char *data, size_t len, size_t *used);

/* Between two stanzas: what the last one took is given back, and is no more. */
void parser_rest(struct parser *p);

const struct parser_header *parser_header(const struct parser *p);
const struct stanza *parser_stanza(const struct parser *p);
const struct stanza_head *parser_head(const struct parser *p);
/* The condition of RFC 6120 4.9.3 that was met. */
const char *parser_why(const struct parser *p);

#endif
