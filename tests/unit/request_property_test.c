/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request_property_test: what is written is read as what it was, for random
 * requests and answers of every verb, generation and vocabulary.
 */
#include "config.h"

#include "common/base/buf.h"
#include "common/wire/ns.h"
#include "common/wire/route.h"
#include "common/wire/stanza.h"
#include "tests/unit/stanza_dump.h"
#include "tests/unit/stanza_random.h"
#include "tests/unit/unit.h"

#define DUMP_BYTES (1024 * 1024)

struct bench {
	struct unit_random rnd;
	struct pool made, read;
	struct buf written, before, after;
};

static void
bench_init(struct bench *b)
{
	b->rnd = unit_random_start();
	pool_init(&b->made, 4 * WIRE_REQUEST_BYTES);
	pool_init(&b->read, WIRE_REQUEST_BYTES);
	buf_init(&b->written, WIRE_STANZA_BYTES);
	buf_init(&b->before, DUMP_BYTES);
	buf_init(&b->after, DUMP_BYTES);
}

static void
bench_next(struct bench *b)
{
	pool_reset(&b->made);
	pool_reset(&b->read);
	buf_reset(&b->written);
	buf_reset(&b->before);
	buf_reset(&b->after);
}

static void
bench_fini(struct bench *b)
{
	pool_fini(&b->made);
	pool_fini(&b->read);
	buf_fini(&b->written);
	buf_fini(&b->before);
	buf_fini(&b->after);
}

static const struct stanza *
parse(struct stanza_holder **h, const struct buf *written)
{
	const struct stanza *s = stanza_from_text(h, NS_COMPONENT, written->data, written->len);

	if (s == NULL)
		fail_msg("we wrote what we do not read: %s", buf_str(written));
	return s;
}

static void
check_same(const struct bench *b)
{
	if (strcmp(buf_str(&b->before), buf_str(&b->after)) != 0)
		fail_msg("%s\nwas\n%sis\n%s", buf_str(&b->written), buf_str(&b->before),
		    buf_str(&b->after));
}

static bool
shows_words(const struct bench *b, enum vocab v, enum gen gen)
{
	/* Nothing in it tells the vocabulary: then the generation's is taken. */
	return v == (gen == GEN_X ? VOCAB_LONG : VOCAB_SHORT) ||
	    strstr(buf_str(&b->after), v == VOCAB_LONG ? "words=\"long\"" : "words=\"short\"");
}

static void
route_parse__reads_back__every_request_that_route_write_wrote(void **state)
{
	const struct route_context rc = { .side = SIDE_SERVICE | SIDE_THING, .self = "r.ex.org" };
	struct bench b;

	(void)state;
	bench_init(&b);
	for (size_t i = 0; i < unit_rounds(5000); i++) {
		struct stanza_holder *h;
		struct request q, again;
		enum condition cond;
		enum route_verdict v;

		bench_next(&b);
		stanza_random_request(&b.rnd, &b.made, &q);
		/* In one namespace and for both sides these two are alike. */
		if (q.dialect.gen == GEN_X && (q.verb == VERB_CLEAR_CACHE ||
		    q.verb == VERB_OWNER_CLEAR_CACHE))
			q.dialect.gen = GEN_N;
		assert_int_equal(route_write(&b.written, &q), 0);
		v = route_parse(&rc, parse(&h, &b.written), &b.read, &again, &cond);
		stanza_holder_free(&h);
		dump_request(&b.after, v, cond, &again);
		if (!shows_words(&b, q.dialect.vocab, q.dialect.gen))
			q.dialect.vocab = again.dialect.vocab;
		dump_request(&b.before, ROUTE_PARSED, COND_NONE, &q);
		check_same(&b);
	}
	bench_fini(&b);
}

static void
reply_parse__reads_back__every_answer_that_reply_write_wrote(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b);
	for (size_t i = 0; i < unit_rounds(5000); i++) {
		struct stanza_holder *h;
		struct request q;
		struct reply r, again;

		bench_next(&b);
		do
			stanza_random_request(&b.rnd, &b.made, &q);
		while (q.kind != STANZA_IQ);
		/* The answer says which history only as far as the question did. */
		if (q.verb == VERB_CAN_READ)
			q.u.can.history = 0;
		stanza_random_reply(&b.rnd, &b.made, &q, &r);
		assert_int_equal(reply_write(&b.written, &q, &r), 0);
		assert_int_equal(reply_parse(&again, parse(&h, &b.written), JID_STRINGPREP,
		    &b.read), 0);
		stanza_holder_free(&h);
		dump_reply(&b.before, &r);
		dump_reply(&b.after, &again);
		check_same(&b);
	}
	bench_fini(&b);
}

static void
att_X_09__every_id_comes_back_as_it_was(void **state)
{
	const struct route_context rc = { .side = SIDE_SERVICE, .self = "r.ex.org" };
	const struct reply empty = { .kind = REPLY_RESULT };
	struct bench b;

	(void)state;
	bench_init(&b);
	for (size_t i = 0; i < unit_rounds(2000); i++) {
		struct request q = { .verb = VERB_PING, .type = IQ_GET, .from = "t@ex.org/x",
			.to = "r.ex.org" }, again;
		const struct stanza *s;
		struct stanza_holder *h;
		enum condition cond;

		bench_next(&b);
		q.id = stanza_random_text(&b.rnd, &b.made, 0, 300);
		assert_int_equal(route_write(&b.written, &q), 0);
		assert_int_equal(route_parse(&rc, parse(&h, &b.written), &b.read, &again, &cond),
		    ROUTE_PARSED);
		stanza_holder_free(&h);
		buf_reset(&b.written);
		assert_int_equal(reply_write(&b.written, &again, &empty), 0);
		s = parse(&h, &b.written);
		assert_string_equal(stanza_attr(s, "id"), q.id);
		stanza_holder_free(&h);
	}
	bench_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(route_parse__reads_back__every_request_that_route_write_wrote),
		cmocka_unit_test(reply_parse__reads_back__every_answer_that_reply_write_wrote),
		cmocka_unit_test(att_X_09__every_id_comes_back_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
