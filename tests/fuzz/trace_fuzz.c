/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_fuzz: whatever passes on a stream, what a trace tells of it holds no secret
 * by its place, reads back as what it is, and is the same when it is traced again.
 * Input: lines; those that begin with '>' were sent, the others received.
 */
#include "config.h"

#include "common/base/buf.h"
#include "common/wire/ns.h"
#include "common/wire/stanza.h"
#include "common/wire/trace.h"
#include "tests/fuzz/fuzz.h"

static void check_masked(const struct stanza *s)
{
	static const char *const hidden[] = { "password", "token", "nonce", "proof", "code" };

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		const char *value = stanza_attr(s, hidden[i]);

		FUZZ_CHECK(value == NULL || strcmp(value, TRACE_MASK) == 0);
	}
	if (stanza_attr(s, "name") != NULL && strcmp(stanza_attr(s, "name"), "KEY") == 0) {
		const char *value = stanza_attr(s, "value");

		FUZZ_CHECK(value == NULL || strcmp(value, TRACE_MASK) == 0);
		FUZZ_CHECK(!stanza_has_text(s) || strcmp(stanza_text(s), TRACE_MASK) == 0);
	}
	if (strcmp(stanza_ns(s), NS_REGISTER) == 0 && stanza_has_text(s))
		FUZZ_CHECK(strcmp(stanza_text(s), TRACE_MASK) == 0);
	for (const struct stanza *c = stanza_first(s); c != NULL; c = stanza_next(c))
		check_masked(c);
}

static void passed(void *arg, bool sent, const char *xml)
{
	struct buf words, again;
	struct stanza_holder *h = NULL;
	const struct stanza *s = stanza_from_text(&h, NS_CLIENT, xml, strlen(xml));

	(void)arg;
	buf_init(&words, TRACE_BYTES);
	buf_init(&again, TRACE_BYTES);
	trace_words(&words, sent, xml);
	FUZZ_CHECK(words.len > 0);
	if (s != NULL && strcmp(xml, "<stream/>") != 0 && strcmp(xml, "<oversize/>") != 0) {
		check_masked(s);
		trace_write(&again, s);
		FUZZ_CHECK(!buf_ok(&again) || strcmp(buf_str(&again), xml) == 0);
	}
	stanza_holder_free(&h);
	buf_fini(&words);
	buf_fini(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace *t = trace_new(passed, NULL);
	const uint8_t *line, *end;

	FUZZ_CHECK(t != NULL);
	for (line = data; size > 0; line = end) {
		bool sent = *line == '>';

		end = memchr(line, '\n', size);
		end = end != NULL ? end + 1 : line + size;
		size -= (size_t)(end - line);
		trace_take(t, sent, (const char *)line + sent, (size_t)(end - line) - sent);
	}
	trace_free(&t);
	return 0;
}
