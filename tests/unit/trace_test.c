/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_test: what is readable, and that no secret is.
 */
#include "config.h"

#include "common/wire/trace.h"

#include "common/base/buf.h"
#include "common/wire/stanza.h"
#include "tests/unit/unit.h"

#define CANARY "c4n4ry"

static struct buf seen;

static void keep(void *arg, bool sent, const char *xml)
{
	(void)arg;
	buf_adds(&seen, sent ? "> " : "< ");
	buf_adds(&seen, xml);
	buf_adds(&seen, "\n");
}

static int setup(void **state)
{
	(void)state;
	buf_init(&seen, 1 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_fini(&seen);
	return 0;
}

static void masked(const char *xml, struct buf *out)
{
	struct stanza_holder *h = NULL;
	const struct stanza *s = stanza_from_text(&h, "jabber:client", xml, strlen(xml));

	if (!s)
		fail_msg("the test's own stanza is broken: %s", xml);
	trace_write(out, s);
	trace_words(out, true, buf_str(out));
	stanza_holder_free(&h);
}

static void row_V10__no_secret_is_in_a_trace(void **state)
{
	static const char *const with[] = {
		"<iq type='set' id='1'><query xmlns='jabber:iq:register'><username>u</username>"
		    "<password>" CANARY "</password></query></iq>",
		"<iq type='set' id='1'><query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' "
		    "type='submit'><field var='oauth_signature'><value>" CANARY "</value></field>"
		    "</x></query></iq>",
		"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>" CANARY "</auth>",
		"<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" CANARY "</response>",
		"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" CANARY "</success>",
		"<iq type='set' id='1'><register xmlns='urn:xmpp:iot:discovery'>"
		    "<str name='SN' value='1'/><str name='KEY' value='" CANARY "'/></register></iq>",
		"<iq type='set' id='1'><preauth xmlns='urn:xmpp:pars:0' token='" CANARY "'/></iq>",
		"<iq type='get' id='1'><canRead xmlns='urn:xmpp:iot:provisioning' jid='a@b' "
		    "serviceToken='" CANARY "'/></iq>",
		"<iq type='get' id='1'><tokenChallenge xmlns='urn:xmpp:iot:provisioning' "
		    "token='" CANARY "'>" CANARY "</tokenChallenge></iq>",
		"<message type='chat'><body>mine iotdisco:SN=1;KEY=" CANARY "</body></message>",
		"<message type='chat'><body>(KEY=" CANARY ")</body></message>",
		"<message type='chat'><body>KEY=\"" CANARY "\" or KEY: " CANARY "</body></message>",
		"<iq type='set' id='1'><show xmlns='urn:kith:presence:0' code='" CANARY "' "
		    "seconds='9'/></iq>",
		"<iq type='set' id='1'><new-key xmlns='urn:kith:presence:0'>" CANARY "</new-key></iq>",
		"<enabled xmlns='urn:xmpp:sm:3' id='" CANARY "' resume='true'/>",
		"<resume xmlns='urn:xmpp:sm:3' previd='" CANARY "' h='3'/>",
		"<iq type='result' id='1'><self xmlns='urn:kith:thing:0' nonce='" CANARY "'/></iq>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++) {
		struct buf out;

		buf_init(&out, 1 << 16);
		masked(with[i], &out);
		assert_true(out.len > 0);
		if (strstr(buf_str(&out), CANARY))
			fail_msg("readable: %s", buf_str(&out));
		assert_non_null(strstr(buf_str(&out), TRACE_MASK));
		buf_fini(&out);
	}
}

static void row_V10__codes_that_people_type_back_are_masked(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	masked("<message type='chat'><body>yes ABCD-EFGH now, not-this well-known</body></message>",
	    &out);
	assert_null(strstr(buf_str(&out), "ABCD-EFGH"));
	assert_non_null(strstr(buf_str(&out), "yes *** now, not-this"));
	buf_fini(&out);
}

static void row_V10__a_line_says_who_what_and_with_what(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	trace_words(&out, true, "<iq type='set' id='1' to='registry.home.example'><register "
	    "xmlns='urn:xmpp:iot:discovery'><str name='SN' value='1'/></register></iq>");
	assert_string_equal(buf_str(&out),
	    "-> registry.home.example: set register [str name=SN value=1]");
	buf_reset(&out);
	trace_words(&out, false, "<presence from='bob@home.example' type='subscribe'/>");
	assert_string_equal(buf_str(&out), "<- bob@home.example: presence subscribe ");
	buf_fini(&out);
}

/* As it comes from the wire, in pieces, over two restarts. */
static void a_whole_login_is_followed(void **state)
{
	static const char in[] = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
	    "xmlns:stream='http://etherx.jabber.org/streams' version='1.0' id='a'>"
	    "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
	static const char in2[] = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
	    "xmlns:stream='http://etherx.jabber.org/streams' version='1.0' id='b'>"
	    "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" CANARY "</success>";
	static const char out[] = "<stream:stream xmlns='jabber:client' "
	    "xmlns:stream='http://etherx.jabber.org/streams' to='home.example' version='1.0'>";
	struct trace *t = trace_new(keep, NULL);

	(void)state;
	assert_non_null(t);
	trace_take(t, true, out, sizeof(out) - 1);
	for (size_t i = 0; i < sizeof(in) - 1; i++)
		trace_take(t, false, in + i, 1);
	trace_take(t, true, out, sizeof(out) - 1);
	trace_take(t, false, in2, sizeof(in2) - 1);
	trace_take(t, true, out, sizeof(out) - 1);
	assert_string_equal(buf_str(&seen), "> <stream/>\n< <stream/>\n"
	    "< <proceed xmlns=\"urn:ietf:params:xml:ns:xmpp-tls\"/>\n"
	    "> <stream/>\n< <stream/>\n"
	    "< <success xmlns=\"urn:ietf:params:xml:ns:xmpp-sasl\">***</success>\n> <stream/>\n");
	trace_restart(t);
	trace_take(t, true, out, sizeof(out) - 1);
	trace_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(row_V10__no_secret_is_in_a_trace),
		cmocka_unit_test(row_V10__codes_that_people_type_back_are_masked),
		cmocka_unit_test(row_V10__a_line_says_who_what_and_with_what),
		cmocka_unit_test_setup_teardown(a_whole_login_is_followed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
