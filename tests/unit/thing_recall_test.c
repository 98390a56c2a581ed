/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thing_recall: what is under way when clearCache comes.  A device takes its
 * time, the right is taken meanwhile, and of the value nothing leaves; what
 * was not begun is not begun; what a device already does cannot be undone.
 */
#include "config.h"

#include "tests/unit/thing_rig.h"

#define X_PROV "urn:xmpp:iot:provisioning"
#define BOB "bob@home.example"
#define SLOW_FIELDS 60		/* more than one message holds */

static uint64_t ticket[SLOW_FIELDS], valve_ticket;
static size_t n_tickets;
static unsigned valve_writes;

static enum kith_thing_result read_slowly(void *arg, uint64_t t, struct kith_thing_value *v)
{
	(void)arg;
	(void)v;
	assert_true(n_tickets < SLOW_FIELDS);
	ticket[n_tickets++] = t;
	return KITH_THING_LATER;
}

static enum kith_thing_result turn_slowly(void *arg, uint64_t t, const struct kith_thing_value *v,
    char *why, size_t size)
{
	(void)arg;
	(void)v;
	(void)why;
	(void)size;
	valve_writes++;
	valve_ticket = t;
	return KITH_THING_LATER;
}

static void add_field(const char *name)
{
	struct kith_thing_field f = { .size = sizeof(f), .name = name, .type = KITH_THING_NUMERIC,
		.read = read_slowly };

	assert_int_equal(kith_thing_add_field(rig->thing, &f), 0);
}

/* Owned, with a friend, two slow fields and a slow valve. */
static int set_up(void **state)
{
	struct kith_thing_control valve = { .size = sizeof(valve), .name = "valve",
		.type = KITH_THING_BOOLEAN, .write = turn_slowly };

	if (rig_setup(state) != 0)
		return -1;
	n_tickets = 0;
	valve_writes = 0;
	add_field("inlet");
	add_field("outlet");
	assert_int_equal(kith_thing_add_control(rig->thing, &valve), 0);
	rig_owned();
	rig_befriend(BOB);
	return 0;
}

static const char both[] = "<req xmlns='urn:xmpp:iot:sensordata' seqnr='8' momentary='true'>"
    "<field name='inlet'/><field name='outlet'/></req>";

static void ask(const char *payload)
{
	rig_send("<iq type='get' id='r1' from='" BOB "/x' to='%s'>%s</iq>", rig->full, payload);
}

static void set_valve(void)
{
	rig_send("<iq type='set' id='s1' from='" BOB "/x' to='%s'><set "
	    "xmlns='urn:xmpp:iot:control'><boolean name='valve' value='true'/></set></iq>",
	    rig->full);
}

static void chat(const char *line)
{
	rig_send("<message type='chat' id='c1' from='" BOB "/x' to='%s'><body>%s</body></message>",
	    rig->full, line);
}

/* The service answers `verb` with what was so at this revision. */
static void answer(const char *verb, const char *result, int revision, const char *names)
{
	char payload[1024];

	snprintf(payload, sizeof(payload), "<%sResponse xmlns='" X_PROV "' jid='" BOB "' "
	    "%s result='%s'>%s<lease xmlns='urn:kith:lease:0' revision='%d' ttl='900000'/>"
	    "</%sResponse>", verb, strcmp(verb, "canRead") == 0 ? "momentary='true'" : "",
	    result, names, revision, verb);
	rig_answer(rig_expect(verb), RIG_REGISTRY, payload);
}

static void taken_back(int floor)
{
	rig_send("<iq type='set' id='cc' from='" RIG_REGISTRY "' to='%s'><clearCache xmlns='"
	    X_PROV "'><lease xmlns='urn:kith:lease:0' floor='%d'/></clearCache></iq>",
	    rig->full, floor);
	rig_expect("type=\"result\"", "id=\"cc\"", "clearCacheResponse");
}

/* A yes of this revision that comes after clearCache with this floor. */
static void late_answer(const char *verb, int floor, int revision)
{
	char id[64];

	snprintf(id, sizeof(id), "%s", rig_attr(rig_expect(verb), "id"));
	taken_back(floor);
	rig_send("<iq type='result' id='%s' from='" RIG_REGISTRY "' to='%s'><%sResponse xmlns='"
	    X_PROV "' jid='" BOB "' %s result='true'><lease xmlns='urn:kith:lease:0' "
	    "revision='%d' ttl='900000'/></%sResponse></iq>", id, rig->full, verb,
	    strcmp(verb, "canRead") == 0 ? "momentary='true'" : "", revision, verb);
}

static void settle(size_t i, double number)
{
	struct kith_thing_value v = { .number = number };

	assert_true(i < n_tickets);
	kith_thing_read_done(rig->thing, ticket[i], KITH_THING_OK, &v);
}

static void ends_without_a_value(void)
{
	const char *s = rig_expect("<fields", "done=\"true\"");

	assert_null(strstr(s, "name="));
	assert_null(strstr(s, "value="));
	rig_expect_silence();
}

/* ---- reading ------------------------------------------------------------ */

static void att_P_02__nothing_leaves_when_clearCache_comes_between_two_fields(void **state)
{
	UNUSED(state);
	ask(both);
	answer("canRead", "true", 10, "");
	rig_expect("accepted");
	settle(0, 4171.25);
	rig_expect_silence();
	taken_back(11);
	rig_expect_silence();
	settle(1, 42);
	answer("canRead", "false", 11, "");
	ends_without_a_value();
	assert_int_equal(n_tickets, 2);
}

static void att_P_02__a_readout_of_several_messages_is_cut_before_the_first(void **state)
{
	char name[16];

	UNUSED(state);
	for (unsigned i = 2; i < SLOW_FIELDS; i++) {
		snprintf(name, sizeof(name), "slow%u", i);
		add_field(name);
	}
	ask("<req xmlns='urn:xmpp:iot:sensordata' seqnr='8' momentary='true'/>");
	answer("canRead", "true", 10, "");
	rig_expect("accepted");
	assert_int_equal(n_tickets, SLOW_FIELDS);
	for (size_t i = 0; i < SLOW_FIELDS - 1; i++)
		settle(i, 7);
	rig_expect_silence();
	taken_back(11);
	settle(SLOW_FIELDS - 1, 7);
	answer("canRead", "false", 11, "");
	ends_without_a_value();
}

static void att_P_02__what_was_narrowed_meanwhile_is_left_out(void **state)
{
	const char *s;

	UNUSED(state);
	ask(both);
	answer("canRead", "true", 10, "");
	rig_expect("accepted");
	settle(0, 4171.25);
	taken_back(11);
	settle(1, 42);
	answer("canRead", "true", 11, "<field name='outlet'/>");
	s = rig_expect("<fields", "done=\"true\"", "name=\"outlet\"", "value=\"42\"");
	assert_null(strstr(s, "inlet"));
	assert_null(strstr(s, "4171"));
	rig_expect_silence();
}

static void what_is_allowed_still_is_shown_and_read_once(void **state)
{
	UNUSED(state);
	ask(both);
	answer("canRead", "true", 10, "");
	rig_expect("accepted");
	taken_back(11);
	settle(0, 4171.25);
	settle(1, 42);
	answer("canRead", "true", 11, "");
	rig_expect("<fields", "done=\"true\"", "value=\"4171.25\"", "value=\"42\"");
	rig_expect_silence();
	assert_int_equal(n_tickets, 2);
}

static void att_P_03__an_answer_from_before_clearCache_shows_nothing(void **state)
{
	UNUSED(state);
	ask(both);
	answer("canRead", "true", 10, "");
	rig_expect("accepted");
	settle(0, 4171.25);
	settle(1, 42);
	rig_expect("<fields", "value=\"4171.25\"");
	taken_back(11);
	ask(both);
	/* Late and doubled. */
	for (int i = 0; i < 3; i++)
		answer("canRead", "true", 10, "");
	rig_expect("type=\"error\"", "resource-constraint");
	rig_expect_silence();
	assert_int_equal(n_tickets, 2);
}

static void att_P_03__nor_does_it_end_a_readout_under_way(void **state)
{
	UNUSED(state);
	ask(both);
	answer("canRead", "true", 10, "");
	rig_expect("accepted");
	taken_back(11);
	settle(0, 4171.25);
	settle(1, 42);
	for (int i = 0; i < 3; i++)
		answer("canRead", "true", 10, "");
	ends_without_a_value();
}

static void att_P_02__a_second_clearCache_while_it_is_decided_again(void **state)
{
	UNUSED(state);
	ask(both);
	answer("canRead", "true", 10, "");
	rig_expect("accepted");
	settle(0, 4171.25);
	taken_back(11);
	settle(1, 42);
	late_answer("canRead", 12, 11);
	answer("canRead", "false", 12, "");
	ends_without_a_value();
}

static void att_P_02__a_service_that_cannot_tell_after_clearCache_shows_nothing(void **state)
{
	const char *q;

	UNUSED(state);
	ask(both);
	answer("canRead", "true", 10, "");
	rig_expect("accepted");
	settle(0, 4171.25);
	taken_back(11);
	settle(1, 42);
	q = rig_expect("canRead", "floor=\"11\"");
	rig_send("<iq type='error' id='%s' from='" RIG_REGISTRY "' to='%s'><error type='wait'>"
	    "<resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
	    rig_attr(q, "id"), rig->full);
	ends_without_a_value();
}

static void att_P_02__every_dialect_of_reading_is_cut(void **state)
{
	static const char *const ns[] = { "urn:ieee:iot:sd:1.0", "urn:nf:iot:sd:1.0",
		"urn:nfi:iot:sd:1.0" };
	char req[256];

	UNUSED(state);
	for (int i = 0; i < 3; i++) {
		n_tickets = 0;
		snprintf(req, sizeof(req), "<req xmlns='%s' id='8' m='true'><f n='inlet'/></req>",
		    ns[i]);
		ask(req);
		answer("canRead", "true", 10 + 2 * i, "");
		rig_expect("type=\"result\"");
		taken_back(11 + 2 * i);
		settle(0, 4171.25);
		answer("canRead", "false", 11 + 2 * i, "");
		assert_null(strstr(rig_expect(ns[i]), "4171"));
		rig_expect_silence();
		/* He may again, before the next. */
		taken_back(12 + 2 * i);
	}
}

static void att_P_02__a_read_in_chat_is_cut(void **state)
{
	UNUSED(state);
	chat("read inlet");
	answer("canRead", "true", 10, "");
	rig_expect_silence();
	taken_back(11);
	settle(0, 4171.25);
	answer("canRead", "false", 11, "");
	assert_null(strstr(rig_expect("You may not read inlet"), "4171"));
	rig_expect_silence();
}

/* ---- control ------------------------------------------------------------ */

static void att_P_02__a_control_that_waits_for_its_decision_is_not_begun(void **state)
{
	UNUSED(state);
	set_valve();
	late_answer("canControl", 11, 10);
	answer("canControl", "false", 11, "");
	rig_expect("type=\"error\"", "forbidden");
	rig_expect_silence();
	assert_int_equal(valve_writes, 0);
}

static void what_a_device_does_already_is_told_as_it_ends_and_not_done_twice(void **state)
{
	UNUSED(state);
	set_valve();
	answer("canControl", "true", 10, "");
	assert_int_equal(valve_writes, 1);
	taken_back(11);
	kith_thing_write_done(rig->thing, valve_ticket, KITH_THING_OK, NULL);
	rig_expect("type=\"result\"", "id=\"s1\"");
	rig_expect_silence();
	set_valve();
	answer("canControl", "false", 11, "");
	rig_expect("type=\"error\"", "forbidden");
	rig_expect_silence();
	assert_int_equal(valve_writes, 1);
}

/* What the broker says of the friendship counts at once, whatever is under way; who
 * waits for an answer has one that shows nothing. */
static void no_friend_any_more(const char *answer)
{
	rig_send("<iq type='set' id='push9' to='%s'><query xmlns='jabber:iq:roster'>"
	    "<item jid='" BOB "' subscription='remove'/></query></iq>", rig->full);
	assert_null(strstr(rig_expect(answer), "value="));
	rig_expect("id=\"push9\"");
}

static void att_P_02__who_is_no_friend_any_more_is_shown_nothing_of_what_he_asked(void **state)
{
	char id[64];

	UNUSED(state);
	ask(both);
	answer("canRead", "true", 10, "");
	rig_expect("<accepted");
	assert_int_equal(n_tickets, 2);
	settle(0, 1);
	no_friend_any_more("done=\"true\"");
	settle(1, 2);
	rig_expect_silence();
	rig_befriend(BOB);
	set_valve();
	snprintf(id, sizeof(id), "%s", rig_attr(rig_expect("canControl"), "id"));
	no_friend_any_more("forbidden");
	rig_send("<iq type='result' id='%s' from='" RIG_REGISTRY "' to='%s'><canControlResponse "
	    "xmlns='" X_PROV "' jid='" BOB "' result='true'/></iq>", id, rig->full);
	rig_expect_silence();
	assert_int_equal(valve_writes, 0);
}

static void att_P_02__a_set_in_chat_after_clearCache_is_asked_about_anew(void **state)
{
	UNUSED(state);
	chat("set valve on");
	answer("canControl", "true", 10, "");
	taken_back(11);
	kith_thing_write_done(rig->thing, valve_ticket, KITH_THING_OK, NULL);
	rig_expect("valve is now");
	chat("set valve off");
	answer("canControl", "false", 11, "");
	rig_expect("You may not set valve");
	rig_expect_silence();
	assert_int_equal(valve_writes, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, rig_teardown)
		T(att_P_02__nothing_leaves_when_clearCache_comes_between_two_fields),
		T(att_P_02__a_readout_of_several_messages_is_cut_before_the_first),
		T(att_P_02__what_was_narrowed_meanwhile_is_left_out),
		T(what_is_allowed_still_is_shown_and_read_once),
		T(att_P_03__an_answer_from_before_clearCache_shows_nothing),
		T(att_P_03__nor_does_it_end_a_readout_under_way),
		T(att_P_02__a_second_clearCache_while_it_is_decided_again),
		T(att_P_02__a_service_that_cannot_tell_after_clearCache_shows_nothing),
		T(att_P_02__every_dialect_of_reading_is_cut),
		T(att_P_02__a_read_in_chat_is_cut),
		T(att_P_02__a_control_that_waits_for_its_decision_is_not_begun),
		T(what_a_device_does_already_is_told_as_it_ends_and_not_done_twice),
		T(att_P_02__who_is_no_friend_any_more_is_shown_nothing_of_what_he_asked),
		T(att_P_02__a_set_in_chat_after_clearCache_is_asked_about_anew),
	};

	return cmocka_run_group_tests_name("thing_recall", tests, NULL, NULL);
}
