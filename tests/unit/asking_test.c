/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asking: what an answer of provisioning is taken for: never more than was
 * asked, and "cannot tell" for whatever is not plainly an answer.
 */
#include "config.h"

#include "tests/unit/thing_support.h"

#include "common/wire/stanza.h"
#include "thing/asking.h"

#define P "urn:xmpp:iot:provisioning"

static struct pool pool;

static int setup(void **state)
{
	UNUSED(state);
	pool_init(&pool, 1 << 20);
	return 0;
}

static int teardown(void **state)
{
	UNUSED(state);
	pool_fini(&pool);
	return 0;
}

static int take(const struct decision_question *q, const char *type, const char *payload,
    struct decision *out)
{
	struct stanza_holder *h = NULL;
	const struct stanza *s;
	char text[4096];
	int ret, n = snprintf(text, sizeof(text), "<iq type='%s' id='1' from='k.example'>%s</iq>",
	    type, payload);

	s = stanza_from_text(&h, NS_CLIENT, text, (size_t)n);
	assert_non_null(s);
	ret = asking_decision_read(s, q, &pool, out);
	stanza_holder_free(&h);
	return ret;
}

static const char *level[] = { "level" };
static const struct decision_question reads_level = {
	.action = DECIDE_READ, .jid = "bob@b.example", .types = FIELD_MOMENTARY,
	.names = { 1, level },
};
static const struct decision_question reads_all = {
	.action = DECIDE_READ, .jid = "bob@b.example", .types = FIELD_MOMENTARY,
};

#define CAN(inner) "<canReadResponse xmlns='" P "' jid='bob@b.example' result='true' " inner \
	"</canReadResponse>"

static void an_answer_holds_never_more_names_than_were_asked(void **state)
{
	struct decision d;

	UNUSED(state);
	assert_int_equal(take(&reads_level, "result", CAN("momentary='true'>"
	    "<field name='other'/><field name='level'/>"), &d), 0);
	assert_true(d.allowed);
	assert_int_equal(d.names.n, 1);
	assert_string_equal(d.names.name[0], "level");
	assert_int_equal(take(&reads_level, "result", CAN("momentary='true'><field name='other'/>"),
	    &d), 0);
	assert_false(d.allowed);
	assert_int_equal(take(&reads_all, "result", CAN("momentary='true'><field name='other'/>"),
	    &d), 0);
	assert_true(d.allowed);
	assert_int_equal(d.names.n, 1);
}

static void an_answer_holds_never_more_types_than_were_asked(void **state)
{
	struct decision d;

	UNUSED(state);
	assert_int_equal(take(&reads_all, "result", CAN("momentary='true' peak='true'>"), &d), 0);
	assert_int_equal(d.types, FIELD_MOMENTARY);
	assert_int_equal(take(&reads_all, "result", CAN("peak='true'>"), &d), 0);
	assert_false(d.allowed);
	/* No flag at all: as asked (services of the first generation). */
	assert_int_equal(take(&reads_all, "result", CAN(">"), &d), 0);
	assert_int_equal(d.types, FIELD_MOMENTARY);
}

static void a_node_that_was_not_asked_about_grants_nothing(void **state)
{
	struct node here = { "n1", NULL, NULL };
	struct decision_question q = reads_all;
	struct decision d;

	UNUSED(state);
	q.nodes = (struct node_list){ 1, &here };
	assert_int_equal(take(&q, "result", CAN("momentary='true'><node nodeId='n2'/>"), &d), 0);
	assert_false(d.allowed);
	assert_int_equal(take(&q, "result", CAN("momentary='true'><node nodeId='n1'/>"), &d), 0);
	assert_true(d.allowed);
}

static void what_is_not_an_answer_to_this_is_no_answer(void **state)
{
	static const char *const wrong[] = {
		"", "<x/>", "<canReadResponse xmlns='urn:other' jid='bob@b.example' result='true'/>",
		"<canReadResponse xmlns='" P "' result='true'/>",
		"<canReadResponse xmlns='" P "' jid='bob@b.example'/>",
		"<canReadResponse xmlns='" P "' jid='eve@b.example' result='true'/>",
		"<canReadResponse xmlns='" P "' jid='bob@b.example' result='perhaps'/>",
		"<canControlResponse xmlns='" P "' jid='bob@b.example' result='true'/>",
		"<isFriendResponse xmlns='" P "' jid='bob@b.example' result='true'/>",
	};
	struct decision d;

	UNUSED(state);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(take(&reads_all, "result", wrong[i], &d), -1);
	assert_int_equal(take(&reads_all, "error", CAN("momentary='true'>"), &d), -1);
	assert_int_equal(asking_decision_read(NULL, &reads_all, &pool, &d), -1);
}

static void a_lease_is_read_whole_or_the_answer_is_none(void **state)
{
	struct decision d;

	UNUSED(state);
	assert_int_equal(take(&reads_all, "result", CAN("momentary='true'>"
	    "<lease xmlns='urn:kith:lease:0' revision='12' ttl='5000'/>"), &d), 0);
	assert_true(d.has_lease);
	assert_int_equal(d.revision, 12);
	assert_int_equal(d.lease_ms, 5000);
	assert_int_equal(take(&reads_all, "result", CAN("momentary='true'>"
	    "<lease xmlns='urn:kith:lease:0' revision='12'/>"), &d), -1);
	assert_int_equal(take(&reads_all, "result", CAN("momentary='true'>"), &d), 0);
	assert_false(d.has_lease);
}

static void register_answers(void **state)
{
	static const struct { const char *type, *payload; enum asking_standing want; } rows[] = {
		{ "result", "", ASKING_UNCLAIMED },
		{ "result", "<claimed xmlns='urn:xmpp:iot:discovery' jid='o@b.example'/>",
			ASKING_CLAIMED },
		{ "result", "<claimed xmlns='urn:nf:iot:disco:1.0' jid='o@b.example' public='true'/>",
			ASKING_CLAIMED },
		{ "result", "<claimed xmlns='urn:xmpp:iot:discovery'/>", ASKING_FAILED },
		{ "result", "<disowned xmlns='urn:xmpp:iot:discovery'/>", ASKING_DISOWNED },
		{ "result", "<something xmlns='urn:other'/>", ASKING_FAILED },
		{ "error", "<error type='cancel'><not-allowed "
			"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>", ASKING_FAILED },
	};

	UNUSED(state);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stanza_holder *h = NULL;
		struct asking_registered r;
		char text[1024];
		int n = snprintf(text, sizeof(text), "<iq type='%s' id='1' from='k.example'>%s</iq>",
		    rows[i].type, rows[i].payload);

		asking_register_read(stanza_from_text(&h, NS_CLIENT, text, (size_t)n), &r);
		assert_int_equal(r.standing, rows[i].want);
		if (r.standing == ASKING_CLAIMED)
			assert_string_equal(r.owner, "o@b.example");
		stanza_holder_free(&h);
	}
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_answer_holds_never_more_names_than_were_asked),
		T(an_answer_holds_never_more_types_than_were_asked),
		T(a_node_that_was_not_asked_about_grants_nothing),
		T(what_is_not_an_answer_to_this_is_no_answer),
		T(a_lease_is_read_whole_or_the_answer_is_none),
		T(register_answers),
	};

	return cmocka_run_group_tests_name("asking", tests, NULL, NULL);
}
