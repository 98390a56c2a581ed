/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resume: what is kept, what is counted, and what a server that counts wrongly
 * gets for it (XEP-0198), without a connection.
 */
#include "config.h"

#include "tests/unit/unit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/wire/ns.h"
#include "common/wire/resume.h"
#include "common/wire/stanza.h"

static struct resume r;
static struct buf wire;

static int
setup(void **state)
{
	(void)state;
	resume_init(&r, 200000);
	buf_init(&wire, 1 << 20);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	resume_fini(&r);
	buf_fini(&wire);
	return 0;
}

/* What the server says; the return value of resume_take. */
static int
hear(const char *text)
{
	struct stanza_holder *h = NULL;
	const struct stanza *s = stanza_from_text(&h, NS_CLIENT, text, strlen(text));
	int ret;

	assert_non_null(s);
	ret = strcmp(stanza_name(s), "resumed") == 0 ? resume_resumed(&r, s)
	    : resume_take(&r, s, &wire);
	stanza_holder_free(&h);
	return ret;
}

static void
enable(void)
{
	resume_enable(&r, &wire);
	assert_int_equal(hear("<enabled xmlns='" NS_SM "' id='s1' resume='true' max='60'/>"), 0);
	buf_reset(&wire);
}

/* One stanza of about `bytes`. */
static void
say(int number, size_t bytes)
{
	struct buf *out = resume_out(&r);

	buf_addf(out, "<message id=\"m%d\"><body>", number);
	while (bytes-- > 0)
		buf_addc(out, 'x');
	buf_adds(out, "</body><a b=\"1/\"/></message>");
	resume_feed(&r, &wire);
}

static void
ack(uint32_t h, int expected)
{
	char text[100];

	(void)snprintf(text, sizeof(text), "<a xmlns='" NS_SM "' h='%u'/>", h);
	assert_int_equal(hear(text), expected);
}

static bool
is_kept(int number)
{
	char id[30];

	(void)snprintf(id, sizeof(id), "id=\"m%d\"", number);
	return strstr(buf_str(&r.kept), id) != NULL;
}

static void
resume__keeps_what_is_not_acknowledged_in_order(void **state)
{
	(void)state;
	enable();
	say(1, 3);
	say(2, 3);
	say(3, 3);
	ack(2, 0);
	assert_false(is_kept(1));
	assert_false(is_kept(2));
	assert_true(is_kept(3));
	say(4, 0);
	buf_reset(&wire);
	assert_true(resume_can(&r));
	resume_again(&r, &wire);
	assert_non_null(strstr(buf_str(&wire), "m3"));
	assert_true(strstr(buf_str(&wire), "m3") < strstr(buf_str(&wire), "m4"));
}

static void
resume__two_stanzas_written_at_once_are_two(void **state)
{
	(void)state;
	enable();
	buf_adds(resume_out(&r), "<presence/><iq id=\"a\"><q><q/></q></iq><message>");
	resume_feed(&r, &wire);
	assert_int_equal(r.sent, 2);
	assert_string_equal(buf_str(&wire), "<presence/><iq id=\"a\"><q><q/></q></iq>");
	buf_adds(resume_out(&r), "</message>");
	resume_feed(&r, &wire);
	assert_int_equal(r.sent, 3);
}

static void
resume__what_the_stream_has_no_room_for_waits(void **state)
{
	struct buf small;

	(void)state;
	enable();
	buf_init(&small, 60);
	buf_adds(resume_out(&r), "<presence id=\"1\"/><presence id=\"2\"/><presence id=\"3\"/>"
	    "<presence id=\"4\"/>");
	resume_feed(&r, &small);
	assert_true(buf_ok(&small));
	assert_int_equal(r.sent, 3);
	buf_reset(&small);
	resume_feed(&r, &small);
	assert_string_equal(buf_str(&small), "<presence id=\"4\"/>");
	buf_fini(&small);
}

static void
resume__counters_pass_through_zero(void **state)
{
	(void)state;
	enable();
	r.sent = r.acked = r.asked = UINT32_MAX - 1;
	r.handled = UINT32_MAX;
	say(1, 0);
	say(2, 0);
	say(3, 0);
	assert_int_equal(r.sent, 1);
	ack(0, 0);
	assert_true(is_kept(3));
	assert_false(is_kept(2));
	ack(1, 0);
	assert_int_equal(r.kept.len, 0);
	resume_handled(&r, "iq");
	buf_reset(&wire);
	assert_int_equal(hear("<r xmlns='" NS_SM "'/>"), 0);
	assert_string_equal(buf_str(&wire), "<a xmlns='" NS_SM "' h='0'/>");
}

static void
resume__a_server_that_had_more_than_was_sent_is_told_so(void **state)
{
	static const char *const lies[] = { "h='3'", "h='4294967295'", "h='-1'", "h='x'", "h=''", "" };
	size_t i;

	(void)state;
	enable();
	say(1, 0);
	say(2, 0);
	ack(1, 0);
	for (i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		char text[80];

		(void)snprintf(text, sizeof(text), "<a xmlns='" NS_SM "' %s/>", lies[i]);
		buf_reset(&wire);
		assert_int_equal(hear(text), -1);
		assert_non_null(strstr(buf_str(&wire), "handled-count-too-high"));
		assert_true(is_kept(2));
	}
	ack(0, -1);	/* nor can it have had less than before */
	ack(2, 0);
}

static void
resume__a_server_that_never_acknowledges_costs_no_more_than_the_cap(void **state)
{
	int i;

	(void)state;
	enable();
	for (i = 0; i < 100; i++) {
		say(i, 4000);
		buf_reset(&wire);
		assert_true(r.kept.len <= RESUME_BYTES);
	}
	assert_false(resume_can(&r));
	/* it catches up: from here on the session could be resumed again */
	ack(100, 0);
	assert_true(resume_can(&r));
	say(101, 0);
	assert_true(is_kept(101));
	for (i = 0; i < RESUME_STANZAS; i++)
		say(i, 0);
	assert_false(resume_can(&r));
}

static void
resume__asks_once_for_a_batch(void **state)
{
	int i;

	(void)state;
	enable();
	for (i = 0; i < RESUME_ASK - 1; i++)
		say(i, 0);
	assert_null(strstr(buf_str(&wire), "<r "));
	say(i, 0);
	assert_non_null(strstr(buf_str(&wire), "<r "));
	buf_reset(&wire);
	for (i = 0; i < 3 * RESUME_ASK; i++)
		say(i, 0);
	assert_null(strstr(buf_str(&wire), "<r "));	/* one is out */
	ack(RESUME_ASK, 0);
	resume_feed(&r, &wire);
	assert_non_null(strstr(buf_str(&wire), "<r "));
}

static void
resume__only_stanzas_are_counted(void **state)
{
	(void)state;
	resume_handled(&r, "iq");
	assert_int_equal(r.handled, 0);		/* before <enabled/> */
	enable();
	resume_handled(&r, "iq");
	resume_handled(&r, "message");
	resume_handled(&r, "presence");
	resume_handled(&r, "features");
	assert_int_equal(r.handled, 3);
}

static void
resume__a_server_without_it_is_left_alone(void **state)
{
	(void)state;
	say(1, 0);
	assert_int_equal(r.kept.len, 0);
	assert_false(resume_can(&r));
	resume_enable(&r, &wire);
	say(2, 0);
	assert_int_equal(hear("<failed xmlns='" NS_SM "'/>"), 0);
	assert_int_equal(r.kept.len, 0);
	buf_reset(&wire);
	assert_int_equal(hear("<r xmlns='" NS_SM "'/>"), 0);
	assert_int_equal(hear("<a xmlns='" NS_SM "' h='77'/>"), 0);
	assert_int_equal(wire.len, 0);
}

static void
resume__what_enabled_says_is_bounded(void **state)
{
	static const struct {
		const char *attrs;
		bool can;
		int64_t max_ms;
		const char *location;
	} cases[] = {
		{ "id='a' resume='true' max='60' location='h:5222'", true, 60000, "h:5222" },
		{ "id='a' resume='1'", true, 300000, "" },
		{ "id='a' resume='true' max='99999999'", true, RESUME_MAX_S * 1000LL, "" },
		{ "id='a' resume='true' max='-5'", true, 300000, "" },
		{ "id='a'", false, 0, "" },
		{ "id='a' resume='false'", false, 0, "" },
		{ "resume='true'", false, 0, "" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[200];

		resume_forget(&r);
		resume_enable(&r, &wire);
		(void)snprintf(text, sizeof(text), "<enabled xmlns='" NS_SM "' %s/>", cases[i].attrs);
		assert_int_equal(hear(text), 0);
		assert_int_equal(resume_can(&r), cases[i].can);
		if (cases[i].can) {
			assert_int_equal(r.max_ms, cases[i].max_ms);
			assert_string_equal(r.location, cases[i].location);
		}
	}
}

static void
resume__enabled_that_nobody_asked_for_means_nothing(void **state)
{
	(void)state;
	assert_int_equal(hear("<enabled xmlns='" NS_SM "' id='s1' resume='true'/>"), 0);
	assert_false(resume_can(&r));
	enable();
	assert_int_equal(hear("<enabled xmlns='" NS_SM "' id='s2' resume='true'/>"), 0);
	assert_string_equal(r.id, "s1");
}

static void
resume__resumed_must_be_about_this_session(void **state)
{
	(void)state;
	enable();
	say(1, 0);
	resume_handled(&r, "iq");
	buf_reset(&wire);
	resume_knock(&r, &wire);
	assert_string_equal(buf_str(&wire), "<resume xmlns=\"" NS_SM "\" h=\"1\" previd=\"s1\"/>");
	assert_int_equal(hear("<resumed xmlns='" NS_SM "' previd='s2' h='0'/>"), -1);
	assert_int_equal(hear("<resumed xmlns='" NS_SM "' previd='s1' h='2'/>"), -1);
	assert_int_equal(hear("<resumed xmlns='" NS_SM "' previd='s1'/>"), -1);
	assert_int_equal(hear("<resumed xmlns='" NS_SM "' previd='s1' h='1'/>"), 0);
	assert_int_equal(r.kept.len, 0);
}

static void
resume__a_forgotten_session_says_nothing_more(void **state)
{
	(void)state;
	enable();
	say(1, 0);
	buf_adds(resume_out(&r), "<presence/>");
	resume_forget(&r);
	buf_reset(&wire);
	resume_feed(&r, &wire);
	resume_again(&r, &wire);
	assert_int_equal(wire.len, 0);
	assert_false(resume_can(&r));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(resume__keeps_what_is_not_acknowledged_in_order),
		T(resume__two_stanzas_written_at_once_are_two),
		T(resume__what_the_stream_has_no_room_for_waits),
		T(resume__counters_pass_through_zero),
		T(resume__a_server_that_had_more_than_was_sent_is_told_so),
		T(resume__a_server_that_never_acknowledges_costs_no_more_than_the_cap),
		T(resume__asks_once_for_a_batch),
		T(resume__only_stanzas_are_counted),
		T(resume__a_server_without_it_is_left_alone),
		T(resume__what_enabled_says_is_bounded),
		T(resume__enabled_that_nobody_asked_for_means_nothing),
		T(resume__resumed_must_be_about_this_session),
		T(resume__a_forgotten_session_says_nothing_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
