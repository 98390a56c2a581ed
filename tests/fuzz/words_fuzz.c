/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words_fuzz: any text typed to the desk becomes at most five lines, each
 * either a complete request of its sender or a fault with a short reply that
 * commands nothing when it comes back.
 */
#include "config.h"

#include "common/base/buf.h"
#include "common/base/pool.h"
#include "common/base/str.h"
#include "common/wire/limits.h"
#include "desk/talk.h"
#include "desk/words.h"
#include "tests/fuzz/fuzz.h"

static void
chat_of(struct request *q, struct pool *pool, const char *body)
{
	memset(q, 0, sizeof(*q));
	q->verb = VERB_CHAT;
	q->kind = STANZA_MESSAGE;
	q->from = q->bare = "alice@a.example";
	q->to = "desk@registry.a.example";
	q->pool = pool;
	q->u.chat.body = body;
}

static void
check_request(const struct request *q)
{
	FUZZ_CHECK(strcmp(q->bare, "alice@a.example") == 0);
	if (q->verb == VERB_ANSWER_QUESTION)
		FUZZ_CHECK(strlen(q->u.desk.code) == 9);
	if (q->verb == VERB_MINE)
		FUZZ_CHECK(q->u.mine.tags.n > 0 && q->u.mine.tags.n <= WIRE_TAGS);
	if (q->verb == VERB_FORGET)
		FUZZ_CHECK(q->u.desk.number > 0);
}

/* Our own words are never obeyed. */
static void
check_reply(const struct words_line *l)
{
	struct talk talk = { .jid = "registry.a.example" };
	struct words again;
	struct request q;
	struct pool pool;
	struct buf out;

	buf_init(&out, 16 * 1024);
	talk_fault(&out, &talk, l);
	FUZZ_CHECK(buf_ok(&out) && out.len > 0);
	FUZZ_CHECK(str_utf8_valid(buf_str(&out), out.len));
	pool_init(&pool, WIRE_REQUEST_BYTES);
	chat_of(&q, &pool, buf_str(&out));
	if (words_parse(&again, &q, JID_STRINGPREP) == 0)
		for (size_t i = 0; i < again.n; i++)
			FUZZ_CHECK(again.line[i].fault != WORDS_FINE);
	pool_fini(&pool);
	buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct words w;
	struct request q;
	struct pool pool;

	pool_init(&pool, WIRE_REQUEST_BYTES);
	chat_of(&q, &pool, text);
	if (words_parse(&w, &q, JID_STRINGPREP) == 0) {
		FUZZ_CHECK(w.n <= WORDS_LINES);
		for (size_t i = 0; i < w.n; i++) {
			if (w.line[i].fault == WORDS_FINE)
				check_request(&w.line[i].q);
			else
				check_reply(&w.line[i]);
		}
	}
	pool_fini(&pool);
	free(text);
	return 0;
}
