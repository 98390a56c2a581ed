/* SPDX-License-Identifier: Apache-2.0 */
/*
 * requests_fuzz: any stanza is dropped, refused with one well-formed error, or
 * becomes a request that, written and read, stays what it is.  The first byte
 * says whose stanza it is and which preparation of addresses holds.
 */
#include "config.h"

#include "common/base/buf.h"
#include "common/wire/ns.h"
#include "common/wire/route.h"
#include "common/wire/stanza.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/stanza_dump.h"

#define DUMP_BYTES (4 * 1024 * 1024)

static enum route_verdict
parse(const struct route_context *rc, const char *xml, size_t len, struct pool *pool,
    struct request *q, enum condition *cond)
{
	const char *ns = rc->side == SIDE_THING ? NS_CLIENT : NS_COMPONENT;
	struct stanza_holder *h;
	const struct stanza *s = stanza_from_text(&h, ns, xml, len);
	enum route_verdict v = ROUTE_SILENCE;
	struct reply answer;

	*q = (struct request){ .type = IQ_NOT };
	*cond = COND_NONE;
	if (s != NULL)
		v = route_parse(rc, s, pool, q, cond);
	if (s != NULL && reply_parse(&answer, s, rc->profile, pool) == 0) {
		struct buf seen;

		buf_init(&seen, DUMP_BYTES);
		dump_reply(&seen, &answer);
		buf_fini(&seen);
	}
	stanza_holder_free(&h);
	return v;
}

/* Exactly one child, exactly one condition. */
static void
check_error(const struct request *q, enum condition cond)
{
	struct reply r = { .kind = REPLY_SILENCE };
	const struct stanza *s;
	struct stanza_holder *h;
	struct buf out;

	buf_init(&out, 2 * WIRE_STANZA_BYTES);
	reply_error(&r, cond);
	FUZZ_CHECK(cond != COND_NONE && q->kind == STANZA_IQ);
	FUZZ_CHECK(reply_write(&out, q, &r) == 0 && out.len > 0);
	s = stanza_from_text(&h, NS_CLIENT, out.data, out.len);
	FUZZ_CHECK(s != NULL && stanza_children(s) == 1);
	FUZZ_CHECK(stanza_children(stanza_first(s)) == 1);
	FUZZ_CHECK(strcmp(stanza_attr(s, "id"), q->id) == 0);
	stanza_holder_free(&h);
	buf_fini(&out);
}

/* Write `q`, read it back into *again; false when it cannot be written. */
static bool
through_the_wire(const struct route_context *rc, const struct request *q, struct pool *pool,
    struct request *again)
{
	enum condition cond;
	enum route_verdict v;
	struct buf out;

	buf_init(&out, WIRE_STANZA_BYTES);
	if (route_write(&out, q) < 0) {
		buf_fini(&out);
		return false;
	}
	v = parse(rc, out.data, out.len, pool, again, &cond);
	buf_fini(&out);
	/* What came from a form may not fit as a typed value. */
	return v == ROUTE_PARSED;
}

/* One trip may lose an empty attribute; the second may lose nothing. */
static void
check_round_trip(const struct route_context *rc, const struct request *q)
{
	struct request once, twice;
	struct buf a, b;
	struct pool pool;

	pool_init(&pool, 4 * WIRE_REQUEST_BYTES);
	buf_init(&a, DUMP_BYTES);
	buf_init(&b, DUMP_BYTES);
	if (through_the_wire(rc, q, &pool, &once)) {
		FUZZ_CHECK(once.verb == q->verb);
		FUZZ_CHECK(through_the_wire(rc, &once, &pool, &twice));
		dump_request(&a, ROUTE_PARSED, COND_NONE, &once);
		dump_request(&b, ROUTE_PARSED, COND_NONE, &twice);
		FUZZ_CHECK(strcmp(buf_str(&a), buf_str(&b)) == 0);
	}
	pool_fini(&pool);
	buf_fini(&a);
	buf_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct route_context rc = { .side = SIDE_SERVICE, .self = "r.ex" };
	enum condition cond;
	enum route_verdict v;
	struct request q;
	struct pool pool;
	struct buf seen;
	char *xml;

	if (size == 0)
		return 0;
	if ((data[0] & 1) != 0)
		rc = (struct route_context){ .side = SIDE_THING, .self = "t@ex/x" };
	rc.profile = (data[0] & 2) != 0 ? JID_PRECIS : JID_STRINGPREP;
	xml = fuzz_text(data + 1, size - 1);
	pool_init(&pool, WIRE_REQUEST_BYTES);
	buf_init(&seen, DUMP_BYTES);
	v = parse(&rc, xml, size - 1, &pool, &q, &cond);
	dump_request(&seen, v, cond, &q);
	if (v == ROUTE_REFUSED)
		check_error(&q, cond);
	if (v == ROUTE_PARSED)
		check_round_trip(&rc, &q);
	pool_fini(&pool);
	buf_fini(&seen);
	free(xml);
	return 0;
}
