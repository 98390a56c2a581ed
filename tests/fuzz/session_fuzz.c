/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_fuzz: what a server offers at the begin of a stream, and what it says of
 * stanzas it had (XEP-0198), one element a line; a line "m" lets us send a message.
 * Never more is acknowledged than was sent, and what waits has its limit.
 */
#include "config.h"

#include "common/wire/features.h"
#include "common/wire/limits.h"
#include "common/wire/ns.h"
#include "common/wire/resume.h"
#include "common/wire/stanza.h"
#include "tests/fuzz/fuzz.h"

#define MESSAGE "<message><body>x</body></message>"

static void check_features(const struct stanza *s)
{
	struct sasl_offer o = { 0 };
	struct features f;

	features_read(&f, s);
	features_offer(&f, &o);
	FUZZ_CHECK(memchr(f.offer, '\0', sizeof(f.offer)) != NULL);
}

/* False: the session is over. */
static bool take(struct resume *r, const struct stanza *s, struct buf *to)
{
	const char *name = stanza_name(s);

	if (strcmp(name, "features") == 0)
		check_features(s);
	else if (strcmp(name, "resumed") == 0)
		return resume_can(r) && resume_resumed(r, s) == 0;
	else if (strcmp(stanza_ns(s), NS_SM) == 0)
		return resume_take(r, s, to) == 0;
	resume_handled(r, name);
	return true;
}

static void check(const struct resume *r)
{
	FUZZ_CHECK(r->n <= RESUME_STANZAS && r->kept.len <= RESUME_BYTES);
	FUZZ_CHECK(r->sent - r->acked <= INT32_MAX);
	FUZZ_CHECK(!r->complete || r->sent - r->acked == r->n);
	FUZZ_CHECK(memchr(r->id, '\0', sizeof(r->id)) && memchr(r->location, '\0', sizeof(r->location)));
	FUZZ_CHECK(r->max_ms >= 0 && r->max_ms <= RESUME_MAX_S * 1000LL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *line = text;
	struct resume r;
	struct buf to;
	bool goes_on = true;

	buf_init(&to, 1 << 22);
	resume_init(&r, 4 * WIRE_STANZA_BYTES);
	resume_enable(&r, &to);
	while (goes_on && *line != '\0') {
		size_t len = strcspn(line, "\n");
		struct stanza_holder *h = NULL;
		const struct stanza *s = stanza_from_text(&h, NS_CLIENT, line, len);

		if (len == 1 && line[0] == 'm') {
			buf_adds(resume_out(&r), MESSAGE);
			resume_feed(&r, &to);
		} else if (s != NULL) {
			goes_on = take(&r, s, &to);
		}
		if (goes_on)
			check(&r);
		stanza_holder_free(&h);
		line += len + (line[len] == '\n');
	}
	resume_fini(&r);
	buf_fini(&to);
	free(text);
	return 0;
}
