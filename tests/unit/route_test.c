/* SPDX-License-Identifier: Apache-2.0 */
/*
 * route_test: what the stanza pairs of tests/stanza cannot show: limits of
 * memory, silence, and the tables themselves.
 */
#include "config.h"

#include "common/base/buf.h"
#include "common/wire/ns.h"
#include "common/wire/provisioning.h"
#include "common/wire/route.h"
#include "common/wire/stanza.h"
#include "tests/unit/unit.h"

static const struct route_context service = { .side = SIDE_SERVICE, .self = "r.ex" };
static const struct route_context thing = { .side = SIDE_THING, .self = "t@ex/x" };

static enum route_verdict
parse(const struct route_context *rc, const char *xml, struct pool *pool, struct request *q,
    enum condition *cond)
{
	struct stanza_holder *h;
	const struct stanza *s = stanza_from_text(&h,
	    rc->side == SIDE_THING ? NS_CLIENT : NS_COMPONENT, xml, strlen(xml));
	enum route_verdict v;

	assert_non_null(s);
	v = route_parse(rc, s, pool, q, cond);
	stanza_holder_free(&h);
	return v;
}

static void
the_table_of_requests_is_in_the_order_its_lookup_needs(void **state)
{
	(void)state;
	assert_true(route_table_is_sorted());
}

static void
every_namespace_is_found_as_what_it_was_given_for(void **state)
{
	enum proto proto;
	enum gen gen;

	(void)state;
	for (unsigned p = PROTO_DISCOVERY; p < PROTO_COUNT; p++)
		for (unsigned g = 0; g < GEN_COUNT; g++) {
			bool shared = g == GEN_X && (p == PROTO_PROV_OWNER || p == PROTO_PROV_TOKEN);

			assert_true(ns_find(ns_uri((enum proto)p, (enum gen)g), &proto, &gen));
			assert_int_equal(gen, g);
			assert_int_equal(proto, shared ? PROTO_PROV_DEVICE : p);
		}
	assert_false(ns_find("", &proto, &gen));
	assert_false(ns_find("urn:nf:iot:disco:1.0x", &proto, &gen));
}

static void
conditions_have_names_that_are_found_again(void **state)
{
	(void)state;
	for (unsigned c = COND_NONE + 1; c < COND_COUNT; c++)
		assert_int_equal(condition_find(condition_name((enum condition)c)), c);
	assert_int_equal(condition_find("undefined-condition"), COND_NONE);
	assert_string_equal(condition_type(COND_ITEM_NOT_FOUND), "cancel");
	assert_string_equal(condition_type(COND_FORBIDDEN), "auth");
}

static void
att_X_06__nothing_is_written_in_answer_to_answers_messages_and_presence(void **state)
{
	static const char *const unanswered[] = {
		"<iq type='result' id='1' from='t@ex/x' to='r.ex'/>",
		"<iq type='error' id='1' from='t@ex/x' to='r.ex'/>",
		"<message id='1' from='t@ex/x' to='r.ex'><body>help</body></message>",
		"<presence from='t@ex/x' to='r.ex'/>",
	};
	const struct reply yes = { .kind = REPLY_RESULT };
	struct reply no = { .kind = REPLY_SILENCE };
	struct buf out;

	(void)state;
	reply_error(&no, COND_FORBIDDEN);
	buf_init(&out, 4096);
	for (size_t i = 0; i < sizeof(unanswered) / sizeof(unanswered[0]); i++) {
		struct pool pool;
		struct request q;
		enum condition cond;

		pool_init(&pool, WIRE_REQUEST_BYTES);
		assert_int_equal(parse(&service, unanswered[i], &pool, &q, &cond), ROUTE_PARSED);
		assert_int_equal(reply_write(&out, &q, &yes), 0);
		assert_int_equal(reply_write(&out, &q, &no), 0);
		assert_int_equal(out.len, 0);
		pool_fini(&pool);
	}
	buf_fini(&out);
}

static void
a_full_buffer_is_cut_back_to_where_it_was(void **state)
{
	struct request q = { .kind = STANZA_IQ, .type = IQ_GET, .verb = VERB_IS_FRIEND, .id = "1",
		.from = "t@ex/x", .to = "r.ex", .dialect = { PROTO_PROV_DEVICE, GEN_N, VOCAB_SHORT },
		.u.is_friend.jid = "b@ex" };
	struct reply r = { .kind = REPLY_RESULT, .body = BODY_IS_FRIEND,
		.u.can = { .jid = "b@ex", .result = true } };

	(void)state;
	for (size_t max = 4; max < 100; max++) {
		struct buf out;

		buf_init(&out, max);
		buf_adds(&out, "old,");
		assert_int_equal(reply_write(&out, &q, &r), -1);
		assert_int_equal(route_write(&out, &q), -1);
		assert_string_equal(buf_str(&out), "old,");
		buf_fini(&out);
	}
}

static void
too_little_memory_is_an_error_or_silence_and_never_half_a_request(void **state)
{
	static const char xml[] = "<iq type='set' id='1' from='t@ex/x' to='r.ex'>"
	    "<register xmlns='urn:xmpp:iot:discovery' nodeId='n'><str name='SN' value='1'/>"
	    "<num name='V' value='1.5'/></register></iq>";
	size_t parsed_at = 0;

	(void)state;
	for (size_t max = 0; max < 2000; max += 8) {
		struct pool pool;
		struct request q;
		enum condition cond;
		enum route_verdict v;

		pool_init(&pool, max);
		v = parse(&service, xml, &pool, &q, &cond);
		if (v == ROUTE_REFUSED)
			assert_int_equal(cond, COND_RESOURCE_CONSTRAINT);
		if (v == ROUTE_PARSED && parsed_at == 0)
			parsed_at = max;
		if (parsed_at != 0)
			assert_int_equal(v, ROUTE_PARSED);
		pool_fini(&pool);
	}
	assert_true(parsed_at > 0);
}

static void
the_biggest_requests_fit_into_a_request_pool(void **state)
{
	struct pool pool;
	struct request q;
	enum condition cond;
	struct buf b;

	(void)state;
	buf_init(&b, WIRE_STANZA_BYTES);
	buf_adds(&b, "<iq type='get' id='1' from='t@ex/x' to='r.ex'>"
	    "<canRead xmlns='urn:nf:iot:prov:d:1.0' jid='b@ex'>");
	for (int i = 0; i < WIRE_NODES; i++)
		buf_addf(&b, "<nd id='%0200d' src='%0100d'/>", i, i);
	for (int i = 0; i < WIRE_NAMES; i++)
		buf_addf(&b, "<f n='%0128d'/>", i);
	buf_adds(&b, "</canRead></iq>");
	assert_true(buf_ok(&b));
	pool_init(&pool, WIRE_REQUEST_BYTES);
	assert_int_equal(parse(&service, buf_str(&b), &pool, &q, &cond), ROUTE_PARSED);
	assert_int_equal(q.u.can.nodes.n, WIRE_NODES);
	assert_int_equal(q.u.can.names.n, WIRE_NAMES);
	pool_fini(&pool);
	buf_fini(&b);
}

static void
att_X_09__an_id_of_8_kb_is_echoed_and_one_more_byte_is_silence(void **state)
{
	const struct reply r = { .kind = REPLY_RESULT };

	(void)state;
	for (int more = 0; more < 2; more++) {
		struct pool pool;
		struct request q;
		enum condition cond;
		struct buf xml, out;
		enum route_verdict v;

		buf_init(&xml, WIRE_STANZA_BYTES);
		buf_init(&out, WIRE_STANZA_BYTES);
		buf_addf(&xml, "<iq type='get' from='t@ex/x' to='r.ex' id='%0*d'>"
		    "<ping xmlns='urn:xmpp:ping'/></iq>", WIRE_ID_BYTES + more, 7);
		pool_init(&pool, WIRE_REQUEST_BYTES);
		v = parse(&service, buf_str(&xml), &pool, &q, &cond);
		assert_int_equal(v, more == 0 ? ROUTE_PARSED : ROUTE_SILENCE);
		if (more == 0) {
			assert_int_equal(reply_write(&out, &q, &r), 0);
			assert_true(out.len > WIRE_ID_BYTES);
		}
		pool_fini(&pool);
		buf_fini(&xml);
		buf_fini(&out);
	}
}

static void
a_thing_takes_a_missing_sender_for_its_own_account_and_a_service_for_nobody(void **state)
{
	static const char xml[] = "<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>";
	struct pool pool;
	struct request q;
	enum condition cond;

	(void)state;
	pool_init(&pool, WIRE_REQUEST_BYTES);
	assert_int_equal(parse(&thing, xml, &pool, &q, &cond), ROUTE_PARSED);
	assert_string_equal(q.from, "t@ex");
	assert_string_equal(q.to, "t@ex/x");
	assert_int_equal(parse(&service, xml, &pool, &q, &cond), ROUTE_SILENCE);
	pool_fini(&pool);
}

static int
read_answer(const char *xml, struct pool *pool, struct reply *r)
{
	struct stanza_holder *h;
	const struct stanza *s = stanza_from_text(&h, NS_CLIENT, xml, strlen(xml));
	int ret;

	assert_non_null(s);
	ret = reply_parse(r, s, JID_STRINGPREP, pool);
	stanza_holder_free(&h);
	return ret;
}

static void
a_decision_without_address_result_or_with_half_a_lease_is_no_answer(void **state)
{
#define ANSWER(inside) "<iq type='result' id='1' from='r.ex'><isFriendResponse " \
	"xmlns='urn:nf:iot:prov:d:1.0' " inside "</isFriendResponse></iq>"
#define LEASE(attrs) "jid='b@ex' result='true'><lease xmlns='urn:kith:lease:0' " attrs "/>"
	static const char *const broken[] = {
		ANSWER("jid='b@ex'>"), ANSWER("result='true'>"), ANSWER("jid='@' result='true'>"),
		ANSWER("jid='b@ex' result='TRUE'>"), ANSWER("jid='b@ex' result=''>"),
		ANSWER(LEASE("revision='1'")), ANSWER(LEASE("ttl='1'")),
		ANSWER(LEASE("revision='-1' ttl='1'")), ANSWER(LEASE("revision='1' ttl='x'")),
		"<iq type='result' id='1' from='r.ex'><isFriendResponse xmlns='other' jid='b@ex' "
		"result='true'/></iq>",
		"<iq type='set' id='1' from='r.ex'><isFriendResponse xmlns='urn:nf:iot:prov:d:1.0' "
		"jid='b@ex' result='true'/></iq>",
		"<message><isFriendResponse xmlns='urn:nf:iot:prov:d:1.0' jid='b@ex' "
		"result='true'/></message>",
	};
	struct pool pool;
	struct reply r;

	(void)state;
	pool_init(&pool, WIRE_REQUEST_BYTES);
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		assert_int_equal(read_answer(broken[i], &pool, &r), -1);
	assert_int_equal(read_answer(ANSWER(LEASE("revision='7' ttl='900'")), &pool, &r), 0);
	assert_true(r.has_lease && r.u.can.result);
	assert_int_equal(r.revision, 7);
	assert_int_equal(r.lease_ms, 900);
	pool_fini(&pool);
}

static void
answers_are_read_in_every_generation(void **state)
{
	struct pool pool;
	struct reply r;

	(void)state;
	pool_init(&pool, WIRE_REQUEST_BYTES);
	for (unsigned g = 0; g < GEN_COUNT; g++) {
		char xml[256];

		(void)snprintf(xml, sizeof(xml), "<iq type='result' id='1'><claimed xmlns='%s' "
		    "jid='O@ex/r'/></iq>", ns_uri(PROTO_DISCOVERY, (enum gen)g));
		assert_int_equal(read_answer(xml, &pool, &r), 0);
		assert_int_equal(r.body, BODY_CLAIMED);
		assert_string_equal(r.u.claimed.jid, "o@ex");
		assert_false(r.u.claimed.is_public);
	}
	assert_int_equal(read_answer("<iq type='result' id='1'/>", &pool, &r), 0);
	assert_int_equal(r.body, BODY_EMPTY);
	pool_fini(&pool);
}

/* Whoever cannot read a limit cannot keep to it. */
static void
an_answer_with_a_limit_that_is_not_understood_is_none(void **state)
{
	static const struct { const char *limit; bool good; } rows[] = {
		{ "<limit name='level' min='0' max='50'/>", true },
		{ "<limit/>", true },
		{ "<limit name='mode' text='eco' rule='3' times='5' seconds='60'/>", true },
		{ "<limit name='level' min='zero'/>", false },
		{ "<limit name='level' min='nan'/>", false },
		{ "<limit name='mode' text='eco' max='3'/>", false },
		{ "<limit name='mode' times='5'/>", false },
		{ "<limit name='mode' seconds='5'/>", false },
		{ "<limit name='mode' times='0' seconds='5'/>", false },
		{ "<limit name='mode' times='10001' seconds='5'/>", false },
		{ "<limit name='mode' times='5' seconds='2678401'/>", false },
		{ "<limit name='level' min='0' minOut='perhaps'/>", false },
		{ "<limit rule='-1'/>", false },
		{ "<distance max='5'/>", false },
		{ "<distance xmlns='urn:example:other' max='5'/>", true },
	};
	struct pool pool;
	struct reply r;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char xml[512];

		snprintf(xml, sizeof(xml), "<iq type='result' id='1'><canControlResponse "
		    "xmlns='urn:nf:iot:prov:d:1.0' jid='b@ex' result='true'>"
		    "<lease xmlns='urn:kith:lease:0' revision='1' ttl='5'>%s</lease>"
		    "</canControlResponse></iq>", rows[i].limit);
		pool_init(&pool, WIRE_REQUEST_BYTES);
		if ((read_answer(xml, &pool, &r) == 0) != rows[i].good)
			fail_msg("row %zu: %s", i, rows[i].limit);
		pool_fini(&pool);
	}
}

static void
only_ours_reads_why_it_was_refused(void **state)
{
	static const char xml[] = "<iq type='error' id='1'><error type='cancel'>"
	    "<not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
	    "<denied xmlns='urn:kith:why:0' reason='busy' retry='5000' ask='o@ex'/>"
	    "</error></iq>";
	struct pool pool;
	struct reply r;

	(void)state;
	pool_init(&pool, WIRE_REQUEST_BYTES);
	assert_int_equal(read_answer(xml, &pool, &r), 0);
	assert_int_equal(r.kind, REPLY_ERROR);
	assert_int_equal(r.condition, COND_NOT_ALLOWED);
	assert_string_equal(r.reason, "busy");
	assert_int_equal(r.retry_after_ms, 5000);
	assert_string_equal(r.ask_whom, "o@ex");
	pool_fini(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_of_requests_is_in_the_order_its_lookup_needs),
		cmocka_unit_test(every_namespace_is_found_as_what_it_was_given_for),
		cmocka_unit_test(conditions_have_names_that_are_found_again),
		cmocka_unit_test(att_X_06__nothing_is_written_in_answer_to_answers_messages_and_presence),
		cmocka_unit_test(a_full_buffer_is_cut_back_to_where_it_was),
		cmocka_unit_test(too_little_memory_is_an_error_or_silence_and_never_half_a_request),
		cmocka_unit_test(the_biggest_requests_fit_into_a_request_pool),
		cmocka_unit_test(att_X_09__an_id_of_8_kb_is_echoed_and_one_more_byte_is_silence),
		cmocka_unit_test(a_thing_takes_a_missing_sender_for_its_own_account_and_a_service_for_nobody),
		cmocka_unit_test(a_decision_without_address_result_or_with_half_a_lease_is_no_answer),
		cmocka_unit_test(answers_are_read_in_every_generation),
		cmocka_unit_test(an_answer_with_a_limit_that_is_not_understood_is_none),
		cmocka_unit_test(only_ours_reads_why_it_was_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
