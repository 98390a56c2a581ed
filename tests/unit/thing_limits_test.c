/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thing_limits: a thing keeps to the values, the rates and the kinds of readings
 * that provisioning allows, by iq in every dialect, in forms and in chat, and
 * tells who asks for it why not.
 */
#include "config.h"

#include "tests/unit/thing_rig.h"

#define X_PROV "urn:xmpp:iot:provisioning"
#define BOB "bob@home.example"
#define WHY "<why xmlns='urn:kith:why:0'/>"

static enum kith_thing_result read_serial(void *arg, uint64_t ticket, struct kith_thing_value *v)
{
	(void)arg;
	(void)ticket;
	snprintf(v->text, sizeof(v->text), "SN-1");
	return KITH_THING_OK;
}

static void add_serial(void)
{
	struct kith_thing_field serial = { .size = sizeof(serial), .name = "serial",
		.type = KITH_THING_STRING, .read = read_serial, .kinds = KITH_THING_IDENTITY };

	assert_int_equal(kith_thing_add_field(rig->thing, &serial), 0);
}

static int set_up(void **state)
{
	if (rig_setup(state) != 0)
		return -1;
	add_serial();
	rig_owned();
	rig_befriend(BOB);
	return 0;
}

static void set_to(const char *value, const char *more)
{
	rig_send("<iq type='set' id='s1' from='" BOB "/x' to='%s'><set "
	    "xmlns='urn:xmpp:iot:control'><double name='dim light' value='%s'/>%s</set></iq>",
	    rig->full, value, more);
}

/* The service answers the question that is waiting. */
static void allow(const char *limits)
{
	char payload[1024];

	snprintf(payload, sizeof(payload), "<canControlResponse xmlns='" X_PROV "' jid='" BOB "' "
	    "result='true'><parameter name='dim light'/><lease xmlns='urn:kith:lease:0' "
	    "revision='10' ttl='900000'>%s</lease></canControlResponse>", limits);
	rig_answer(rig_expect("<canControl", "limits=\"true\""), RIG_REGISTRY, payload);
}

static void refuse(const char *denied)
{
	char payload[1024];

	snprintf(payload, sizeof(payload), "<canControlResponse xmlns='" X_PROV "' jid='" BOB "' "
	    "result='false'><lease xmlns='urn:kith:lease:0' revision='10' ttl='900000'>%s</lease>"
	    "</canControlResponse>", denied);
	rig_answer(rig_expect("<canControl"), RIG_REGISTRY, payload);
}

#define RANGE "<limit name='dim light' min='10' max='50' rule='3'/>"

static void chat(const char *line)
{
	rig_send("<message type='chat' id='c1' from='" BOB "/x' to='%s'><body>%s</body></message>",
	    rig->full, line);
}

static void start_again(void)
{
	rig_stop();
	rig_start();
	add_serial();
	rig_process();
	rig_answer(rig_expect("jabber:iq:roster"), "home.example", "<query xmlns='jabber:iq:roster'/>");
	rig_answer(rig_expect("<register"), RIG_REGISTRY, "<claimed "
	    "xmlns='urn:xmpp:iot:discovery' jid='" RIG_OWNER "' public='false'/>");
	for (const char *s = rig_next(); *s != '\0'; s = rig_next())
		if (strstr(s, "urn:xmpp:ping"))
			rig_answer(s, RIG_REGISTRY, "");
	rig_befriend(BOB);
}

/* ---- values ------------------------------------------------------------- */

static void only_the_values_that_were_allowed_are_set(void **state)
{
	UNUSED(state);
	set_to("20", "");
	allow(RANGE);
	rig_expect("type=\"result\"", "setResponse");
	assert_int_equal(rig->led_writes, 1);
	set_to("50", "");
	rig_expect("type=\"result\"");
	set_to("80", "");
	rig_expect("type=\"error\"", "not-allowed", "var=\"dim light\"", "from 10 to 50");
	set_to("9.99", WHY);
	rig_expect("type=\"error\"", "not-allowed", "<denied xmlns=\"urn:kith:why:0\"",
	    "reason=\"denied\"");
	rig_expect_silence();
	assert_int_equal(rig->led_writes, 2);
}

static void every_dialect_of_control_is_kept_within(void **state)
{
	static const char *const ns[] = { "urn:xmpp:iot:control", "urn:ieee:iot:ctr:1.0",
		"urn:nf:iot:ctr:1.0", "urn:nfi:iot:ctr:1.0" };

	UNUSED(state);
	set_to("20", "");
	allow(RANGE);
	rig_expect("type=\"result\"");
	for (size_t i = 0; i < 4; i++) {
		rig_send("<iq type='set' id='s1' from='" BOB "/x' to='%s'><set xmlns='%s'>"
		    "<db n='dim light' v='80'/></set></iq>", rig->full, ns[i]);
		rig_expect("type=\"error\"", "not-allowed");
		rig_send("<iq type='set' id='s1' from='" BOB "/x' to='%s'><set xmlns='%s'>"
		    "<i n='dim light' v='30'/></set></iq>", rig->full, ns[i]);
		rig_expect("type=\"result\"");
	}
	rig_send("<message from='" BOB "/x' to='%s'><set xmlns='urn:xmpp:iot:control'>"
	    "<double name='dim light' value='80'/></set></message>", rig->full);
	rig_expect_silence();
	assert_int_equal(rig->led_writes, 5);
}

static void one_value_outside_spoils_the_whole_request(void **state)
{
	UNUSED(state);
	rig_send("<iq type='set' id='s1' from='" BOB "/x' to='%s'><set "
	    "xmlns='urn:xmpp:iot:control'><boolean name='led' value='true'/>"
	    "<double name='dim light' value='80'/></set></iq>", rig->full);
	rig_answer(rig_expect("<canControl"), RIG_REGISTRY, "<canControlResponse xmlns='" X_PROV
	    "' jid='" BOB "' result='true'><lease xmlns='urn:kith:lease:0' revision='10' "
	    "ttl='900000'>" RANGE "</lease></canControlResponse>");
	rig_expect("type=\"error\"", "not-allowed");
	assert_int_equal(rig->led_writes, 0);
}

static void the_form_shows_what_may_be_set(void **state)
{
	UNUSED(state);
	rig_send("<iq type='get' id='f1' from='" BOB "/x' to='%s'><getForm "
	    "xmlns='urn:xmpp:iot:control'/></iq>", rig->full);
	allow("<limit name='dim light' min='-5' max='50' rule='3'/>");
	rig_expect("dim light", "min=\"0\"", "max=\"50\"");
}

static void a_restart_keeps_what_was_allowed(void **state)
{
	UNUSED(state);
	set_to("20", "");
	allow(RANGE);
	rig_expect("type=\"result\"");
	start_again();
	set_to("80", "");
	rig_expect("type=\"error\"", "not-allowed");
	set_to("30", "");
	rig_expect("type=\"result\"");
}

/* ---- rates -------------------------------------------------------------- */

#define RATE "<limit name='dim light' rule='3' times='2' seconds='3600'/>"

static void only_so_often_and_a_restart_gives_nothing_back(void **state)
{
	UNUSED(state);
	set_to("20", "");
	allow(RATE);
	rig_expect("type=\"result\"");
	start_again();
	set_to("21", "");
	rig_expect("type=\"result\"");
	set_to("22", WHY);
	rig_expect("type=\"error\"", "not-allowed", "twice an hour", "reason=\"limits\"", "retry=\"3");
	assert_int_equal(rig->led_writes, 2);
}

static void a_refused_value_uses_nothing_up(void **state)
{
	UNUSED(state);
	set_to("80", "");
	allow("<limit name='dim light' min='0' max='50' rule='3' times='1' seconds='3600'/>");
	rig_expect("type=\"error\"", "not-allowed");
	set_to("20", "");
	rig_expect("type=\"result\"");
	set_to("20", "");
	rig_expect("type=\"error\"", "not-allowed");
}

static void the_limit_that_costs_nothing_is_used_first(void **state)
{
	UNUSED(state);
	set_to("5", "");
	allow("<limit name='dim light' rule='3' times='1' seconds='3600'/>"
	    "<limit name='dim light' min='0' max='10' rule='4'/>");
	rig_expect("type=\"result\"");
	set_to("5", "");
	rig_expect("type=\"result\"");
	set_to("50", "");
	rig_expect("type=\"result\"");
	set_to("50", "");
	rig_expect("type=\"error\"", "not-allowed");
}

static void readings_are_counted_as_well(void **state)
{
	static const char req[] = "<iq type='get' id='r1' from='" BOB "/x' to='%s'><req "
	    "xmlns='urn:xmpp:iot:sensordata' seqnr='7' momentary='true'>" WHY "</req></iq>";

	UNUSED(state);
	rig_send(req, rig->full);
	rig_answer(rig_expect("<canRead"), RIG_REGISTRY, "<canReadResponse xmlns='" X_PROV "' "
	    "jid='" BOB "' result='true' momentary='true'><field name='level'/>"
	    "<lease xmlns='urn:kith:lease:0' revision='10' ttl='900000'>"
	    "<limit name='level' rule='3' times='1' seconds='3600'/></lease></canReadResponse>");
	rig_expect("accepted");
	rig_expect("level");
	rig_send(req, rig->full);
	rig_expect("type=\"error\"", "not-allowed", "reason=\"limits\"", "retry=\"3");
	rig_expect_silence();
	assert_int_equal(rig->reads, 1);
}

/* ---- kinds of readings -------------------------------------------------- */

static void read_kinds(const char *flags)
{
	rig_send("<iq type='get' id='r1' from='" BOB "/x' to='%s'><req "
	    "xmlns='urn:xmpp:iot:sensordata' seqnr='7' %s/></iq>", rig->full, flags);
}

static void allow_kinds(const char *flags)
{
	char payload[512];

	snprintf(payload, sizeof(payload), "<canReadResponse xmlns='" X_PROV "' jid='" BOB "' "
	    "result='true' %s/>", flags);
	rig_answer(rig_expect("<canRead", "momentary=\"true\"", "identity=\"true\""), RIG_REGISTRY,
	    payload);
}

static void fields_of_kinds_that_are_not_allowed_are_left_out(void **state)
{
	const char *s;

	UNUSED(state);
	read_kinds("all='true'");
	allow_kinds("identity='true'");
	rig_expect("accepted");
	s = rig_expect("name=\"serial\"", "identity=\"true\"");
	assert_null(strstr(s, "level"));
	assert_null(strstr(s, "momentary"));
}

static void a_kind_that_was_not_asked_for_is_not_granted(void **state)
{
	UNUSED(state);
	read_kinds("momentary='true'");
	rig_answer(rig_expect("<canRead", "momentary=\"true\""), RIG_REGISTRY,
	    "<canReadResponse xmlns='" X_PROV "' jid='" BOB "' result='true' identity='true'/>");
	rig_expect("type=\"error\"", "forbidden");
	read_kinds("historical='true'");
	rig_expect("accepted");
	assert_null(strstr(rig_expect("done=\"true\""), "name="));
	rig_expect_silence();
}

/* ---- why not ------------------------------------------------------------ */

static void who_asks_why_is_told_and_nobody_else(void **state)
{
	UNUSED(state);
	set_to("20", "");
	refuse("<denied xmlns='urn:kith:why:0' reason='asked' retry='60000' ask='" RIG_OWNER "'/>");
	assert_null(strstr(rig_expect("type=\"error\"", "forbidden"), "denied"));
	set_to("20", WHY);
	rig_expect("type=\"error\"", "forbidden", "<denied xmlns=\"urn:kith:why:0\"",
	    "reason=\"asked\"", "ask=\"" RIG_OWNER "\"", "retry=\"");
	read_kinds("momentary='true'");
	rig_answer(rig_expect("<canRead"), RIG_REGISTRY, "<canReadResponse xmlns='" X_PROV "' "
	    "jid='" BOB "' result='false'><lease xmlns='urn:kith:lease:0' revision='10' "
	    "ttl='900000'><denied xmlns='urn:kith:why:0' reason='denied'/></lease>"
	    "</canReadResponse>");
	assert_null(strstr(rig_expect("type=\"error\"", "forbidden"), "<denied"));
	rig_send("<iq type='get' id='r1' from='" BOB "/x' to='%s'><req "
	    "xmlns='urn:nf:iot:sd:1.0' id='7' m='true'>" WHY "</req></iq>", rig->full);
	rig_expect("type=\"error\"", "forbidden", "<denied xmlns=\"urn:kith:why:0\" reason=\"denied\"");
}

static void a_friend_in_chat_reads_who_decides_and_when_to_try_again(void **state)
{
	static const struct { const char *denied, *words; } rows[] = {
		{ "reason='asked' ask='" RIG_OWNER "'",
		    "You may not set dim light: " RIG_OWNER " has not decided about it yet, and was asked." },
		{ "reason='denied' ask='" RIG_OWNER "'", "You may not set dim light: " RIG_OWNER " does not allow it." },
		{ "reason='denied'", "You may not set dim light: it is not allowed." },
		{ "reason='time' retry='7000000' ask='" RIG_OWNER "'",
		    "allows it at other times. Try again in 2 hours." },
		{ "reason='touch' ask='" RIG_OWNER "'", "security key" },
		{ "reason='something-new'", "my owner has not allowed it so far" },
	};

	UNUSED(state);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char denied[256];

		snprintf(denied, sizeof(denied), "<denied xmlns='urn:kith:why:0' %s/>",
		    rows[i].denied);
		chat("set dim light 20");
		refuse(denied);
		rig_expect("type=\"chat\"", rows[i].words);
		rig_send("<iq type='set' id='cc%zu' from='" RIG_REGISTRY "' to='%s'><clearCache "
		    "xmlns='" X_PROV "'/></iq>", i, rig->full);
		rig_expect("clearCacheResponse");
	}
}

static void in_chat_a_value_outside_says_which_are_allowed(void **state)
{
	UNUSED(state);
	chat("set dim light 80");
	allow(RANGE "<limit name='dim light' min='90' minOut='true' rule='4' times='1' "
	    "seconds='3600'/>");
	rig_expect("You may set dim light only from 10 to 50 or more than 90.");
	chat("set dim light 95");
	rig_expect("dim light is now 95");
	chat("set dim light 96");
	rig_expect("only once an hour, and that is used up. Try again in");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, rig_teardown)
		T(only_the_values_that_were_allowed_are_set),
		T(every_dialect_of_control_is_kept_within),
		T(one_value_outside_spoils_the_whole_request),
		T(the_form_shows_what_may_be_set),
		T(a_restart_keeps_what_was_allowed),
		T(only_so_often_and_a_restart_gives_nothing_back),
		T(a_refused_value_uses_nothing_up),
		T(the_limit_that_costs_nothing_is_used_first),
		T(readings_are_counted_as_well),
		T(fields_of_kinds_that_are_not_allowed_are_left_out),
		T(a_kind_that_was_not_asked_for_is_not_granted),
		T(who_asks_why_is_told_and_nobody_else),
		T(a_friend_in_chat_reads_who_decides_and_when_to_try_again),
		T(in_chat_a_value_outside_says_which_are_allowed),
	};

	return cmocka_run_group_tests_name("thing_limits", tests, NULL, NULL);
}
