/* SPDX-License-Identifier: Apache-2.0 */
/* relay_test: a challenge goes to whoever showed the token within a minute, and to nobody else. */
#include "config.h"

#include "tests/unit/unit.h"

#include "common/wire/route.h"
#include "common/wire/stanza.h"
#include "thing/relay.h"

#define KITH "kith.ex"
#define ASKED "<tokenChallenge xmlns='urn:nf:iot:prov:t:1.0' token='kith.ex:abc'>Y2lwaGVy</tokenChallenge>"

static struct {
	struct clock_fake hands;
	struct clock clock;
	struct buf out;
	struct session session;
	struct standing standing;
	struct relay relay;
} w;

static int set_up(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	w.hands.boot = 1000000;
	w.clock = clock_from_fake(&w.hands);
	buf_init(&w.out, 64 * 1024);
	session_init(&w.session, &w.clock);
	assert_int_equal(session_begin(&w.session, &w.out, "t@ex/x"), 0);
	standing_init(&w.standing);
	memcpy(w.standing.provisioning.jid, KITH, sizeof(KITH));
	relay_init(&w.relay, &w.clock, &w.session, &w.standing);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	relay_fini(&w.relay);
	session_end(&w.session);
	buf_fini(&w.out);
	return 0;
}

static void show(const char *by, enum gen gen, const char *token)
{
	const char *list[] = { token };
	struct tokens t = { .service = { 1, list } };
	struct request q = { .from = by, .dialect = { PROTO_SENSOR, gen, VOCAB_SHORT } };

	w.hands.boot++;
	relay_note(&w.relay, &q, &t);
}

/* What the thing writes when `from` sends `payload`. */
static const char *challenge_with(const char *from, const char *payload)
{
	struct route_context rc = { .side = SIDE_THING, .profile = JID_STRINGPREP,
		.self = "t@ex/x" };
	struct stanza_holder *holder;
	struct call *c = call_new();
	enum condition cond;
	char text[2048];

	snprintf(text, sizeof(text), "<iq type='get' from='%s' to='t@ex/x' id='q1'>%s</iq>", from,
	    payload);
	assert_non_null(c);
	assert_int_equal(route_parse(&rc, stanza_from_text(&holder, NS_CLIENT, text, strlen(text)),
	    &c->pool, &c->q, &cond), ROUTE_PARSED);
	stanza_holder_free(&holder);
	buf_reset(&w.out);
	relay_challenge(&w.relay, &c);
	call_free(&c);
	return buf_str(&w.out);
}

static const char *challenge(const char *from)
{
	return challenge_with(from, ASKED);
}

/* What it writes when `from` answers the request that it has just passed on. */
static const char *answered(const char *from, const char *type, const char *payload)
{
	struct stanza_holder *holder;
	const struct stanza *s;
	char text[2048], id[64];
	const char *at = strstr(buf_str(&w.out), "id=\"");

	assert_non_null(at);
	assert_int_equal(sscanf(at, "id=\"%40[^\"]", id), 1);
	snprintf(text, sizeof(text), "<iq type='%s' from='%s' to='t@ex/x' id='%s'>%s</iq>", type,
	    from, id, payload);
	s = stanza_from_text(&holder, NS_CLIENT, text, strlen(text));
	assert_non_null(s);
	buf_reset(&w.out);
	(void)session_take_answer(&w.session, s);
	stanza_holder_free(&holder);
	return buf_str(&w.out);
}

static const char forbidden[] = "<iq type=\"error\" from=\"t@ex/x\" to=\"" KITH "\" id=\"q1\">"
    "<error type=\"auth\"><forbidden xmlns=\"urn:ietf:params:xml:ns:xmpp-stanzas\"/></error></iq>";

static bool is_passed_to(const char *out, const char *to)
{
	char want[128];

	snprintf(want, sizeof(want), "to=\"%s\"", to);
	return strstr(out, "type=\"get\"") && strstr(out, want) &&
	    strstr(out, "token=\"kith.ex:abc\">Y2lwaGVy<") != NULL;
}

static void a_challenge_is_passed_on_in_the_dialect_of_the_request_and_answered(void **state)
{
	const char *out;

	(void)state;
	show("s@ex/1", GEN_X, "kith.ex:abc");
	out = challenge(KITH);
	assert_true(is_passed_to(out, "s@ex/1"));
	assert_non_null(strstr(out, "<tokenChallenge xmlns=\"urn:xmpp:iot:provisioning\""));
	/* Somebody else's answer is none. */
	assert_string_equal(answered("e@ex/1", "result", "<tokenChallengeResponse "
	    "xmlns='urn:xmpp:iot:provisioning'>c2VjcmV0</tokenChallengeResponse>"), "");
	out = challenge(KITH);
	out = answered("s@ex/1", "result", "<tokenChallengeResponse "
	    "xmlns='urn:xmpp:iot:provisioning'>c2VjcmV0</tokenChallengeResponse>");
	assert_string_equal(out, "<iq type=\"result\" from=\"t@ex/x\" to=\"" KITH "\" id=\"q1\">"
	    "<tokenChallengeResponse xmlns=\"urn:nf:iot:prov:t:1.0\">c2VjcmV0"
	    "</tokenChallengeResponse></iq>");
}

static void att_P_12__one_minute_and_no_longer(void **state)
{
	(void)state;
	show("s@ex/1", GEN_N, "abc");
	w.hands.boot += 59000;
	assert_true(is_passed_to(challenge(KITH), "s@ex/1"));
	w.hands.boot += 1000;
	assert_true(is_passed_to(challenge(KITH), "s@ex/1"));
	w.hands.boot += 1;
	assert_string_equal(challenge(KITH), forbidden);
	w.hands.boot += 999;
	assert_string_equal(challenge(KITH), forbidden);
}

static void att_P_12__only_our_provisioning_service_may_challenge(void **state)
{
	(void)state;
	assert_string_equal(challenge(KITH), forbidden);
	show("s@ex/1", GEN_N, "kith.ex:abd");
	assert_string_equal(challenge(KITH), forbidden);
	show("s@ex/1", GEN_N, "kith.ex:abc");
	assert_non_null(strstr(challenge("evil.ex"), "<forbidden "));
	assert_non_null(strstr(challenge("s@ex/1"), "<forbidden "));
	assert_non_null(strstr(challenge(KITH "/x"), "<forbidden "));
	assert_true(is_passed_to(challenge(KITH), "s@ex/1"));
}

static void att_P_10__the_key_of_one_never_speaks_for_another(void **state)
{
	static const char by[] = "<tokenChallenge xmlns='urn:nf:iot:prov:t:1.0' "
	    "token='kith.ex:abc'>Y2lwaGVy<shown xmlns='urn:kith:token:0' by='%s'/></tokenChallenge>";
	char text[512];

	(void)state;
	show("thief@ex/1", GEN_N, "kith.ex:abc");
	show("s@ex/1", GEN_N, "kith.ex:abc");
	show("s@ex/2", GEN_N, "kith.ex:abc");
	assert_string_equal(challenge(KITH), forbidden);
	snprintf(text, sizeof(text), by, "thief@ex");
	assert_true(is_passed_to(challenge_with(KITH, text), "thief@ex/1"));
	snprintf(text, sizeof(text), by, "s@ex");
	assert_true(is_passed_to(challenge_with(KITH, text), "s@ex/2"));
	snprintf(text, sizeof(text), by, "other@ex");
	assert_string_equal(challenge_with(KITH, text), forbidden);
}

static void whatever_goes_wrong_is_the_same_error(void **state)
{
	(void)state;
	show("s@ex/1", GEN_N, "kith.ex:abc");
	challenge(KITH);
	assert_string_equal(answered("s@ex/1", "error", "<error type='cancel'>"
	    "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"), forbidden);
	challenge(KITH);
	assert_string_equal(answered("s@ex/1", "result", ""), forbidden);
	challenge(KITH);
	w.hands.boot += SESSION_TIMEOUT_MS + 1;
	buf_reset(&w.out);
	session_tick(&w.session);
	assert_string_equal(buf_str(&w.out), forbidden);
}

static void what_is_kept_is_bounded_and_one_person_cannot_push_out_the_others(void **state)
{
	char token[32], by[32];

	(void)state;
	show("s@ex/1", GEN_N, "kith.ex:abc");
	for (int i = 0; i < 1000; i++) {
		snprintf(token, sizeof(token), "kith.ex:n%d", i);
		show("noisy@ex/1", GEN_N, token);
	}
	assert_true(is_passed_to(challenge(KITH), "s@ex/1"));
	for (int i = 0; i < 2 * RELAY_SHOWN; i++) {
		snprintf(by, sizeof(by), "n%d@ex/1", i);
		w.hands.boot++;
		show(by, GEN_N, "kith.ex:other");
	}
	assert_string_equal(challenge(KITH), forbidden);
	/* No more than eight at a time. */
	show("s@ex/1", GEN_N, "kith.ex:abc");
	w.hands.boot += SESSION_TIMEOUT_MS + 1;
	session_tick(&w.session);
	for (int i = 0; i < RELAY_WAITS; i++)
		assert_true(is_passed_to(challenge(KITH), "s@ex/1"));
	assert_string_equal(challenge(KITH), forbidden);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_challenge_is_passed_on_in_the_dialect_of_the_request_and_answered, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(att_P_12__one_minute_and_no_longer, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(
		    att_P_12__only_our_provisioning_service_may_challenge, set_up, tear_down),
		cmocka_unit_test_setup_teardown(att_P_10__the_key_of_one_never_speaks_for_another,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(whatever_goes_wrong_is_the_same_error, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(
		    what_is_kept_is_bounded_and_one_person_cannot_push_out_the_others, set_up,
		    tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
