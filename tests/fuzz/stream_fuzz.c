/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream_fuzz: bytes behind a stream header, in the chunks the input names and
 * in one piece: both must mean the same, every tree must stay within the caps,
 * and where the frame says a stanza ends the parser must agree (it says so by
 * ending the stream).  First byte: size of the first chunk, and so on.
 */
#include "config.h"

#include "common/wire/ns.h"
#include "common/wire/parser.h"
#include "common/wire/stanza.h"
#include "tests/fuzz/fuzz.h"

#define HEADER "<stream:stream xmlns='" NS_CLIENT "' xmlns:stream='" NS_STREAMS "' id='s'>"
#define CAP 2048
#define SCHEDULE 4

static size_t
count(const struct stanza *s, size_t depth, uint64_t *sum)
{
	const struct stanza *c;
	const char *p;
	size_t n = 1;

	FUZZ_CHECK(depth <= WIRE_DEPTH);
	for (p = stanza_name(s); *p != '\0'; p++)
		*sum = *sum * 31 + (unsigned char)*p;
	for (p = stanza_ns(s); *p != '\0'; p++)
		*sum = *sum * 31 + (unsigned char)*p;
	for (p = stanza_text(s); *p != '\0'; p++)
		*sum = *sum * 31 + (unsigned char)*p;
	for (c = stanza_first(s); c != NULL; c = stanza_next(c))
		n += count(c, depth + 1, sum);
	return n;
}

static uint64_t
meaning(const uint8_t *schedule, const uint8_t *data, size_t size)
{
	struct parser *p = parser_new(NS_CLIENT, CAP, NULL);
	uint64_t sum = 17;
	size_t used, pos = 0, turn = 0;
	enum parser_event ev;

	FUZZ_CHECK(p != NULL);
	FUZZ_CHECK(parser_next(p, HEADER, strlen(HEADER), &used) == PARSER_OPENED);
	while (pos < size) {
		size_t n = schedule != NULL ? 1u + schedule[turn++ % SCHEDULE] % 64u : size, end;
		char *piece;

		n = n < size - pos ? n : size - pos;
		end = pos + n;
		while (pos < end) {
			piece = malloc(end - pos);
			FUZZ_CHECK(piece != NULL);
			memcpy(piece, data + pos, end - pos);
			ev = parser_next(p, piece, end - pos, &used);
			free(piece);
			FUZZ_CHECK(used <= end - pos && (used > 0 || ev >= PARSER_CLOSED));
			if (ev != PARSER_MORE)
				sum = sum * 31 + ev;
			if (ev == PARSER_STANZA)
				FUZZ_CHECK(count(parser_stanza(p), 1, &sum) <= WIRE_ELEMENTS);
			if (ev >= PARSER_CLOSED)
				goto out;
			pos += used;
		}
	}
out:
	parser_free(&p);
	return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < SCHEDULE)
		return 0;
	FUZZ_CHECK(meaning(data, data + SCHEDULE, size - SCHEDULE) ==
	    meaning(NULL, data + SCHEDULE, size - SCHEDULE));
	return 0;
}
