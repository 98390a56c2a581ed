/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thing_standby: provisioning gives no answer.  A door stays as it is; a light
 * switch, which its maker calls operational, goes on for whoever was last allowed
 * to use it, until he hears otherwise.
 */
#include "config.h"

#include "tests/unit/thing_rig.h"

#include "common/base/clock.h"

#define X_PROV "urn:xmpp:iot:provisioning"
#define BOB "bob@home.example"
#define EVE "eve@home.example"

static unsigned written;

static enum kith_thing_result write_it(void *arg, uint64_t ticket,
    const struct kith_thing_value *v, char *why, size_t size)
{
	UNUSED(arg);
	UNUSED(ticket);
	UNUSED(v);
	UNUSED(why);
	UNUSED(size);
	written++;
	return KITH_THING_OK;
}

static void add(const char *name, bool operational)
{
	struct kith_thing_control c = { .size = sizeof(c), .name = name, .write = write_it,
		.operational = operational };

	assert_int_equal(kith_thing_add_control(rig->thing, &c), 0);
}

static void add_all(void)
{
	add("lamp", true);
	add("fan", true);
	add("door", false);
}

static int set_up(void **state)
{
	if (rig_setup(state) != 0)
		return -1;
	written = 0;
	add_all();
	rig_owned();
	rig_befriend(BOB);
	rig_befriend(EVE);
	return 0;
}

static void set(const char *who, const char *names)
{
	rig_send("<iq type='set' id='s1' from='%s/x' to='%s'><set xmlns='urn:xmpp:iot:control'>%s"
	    "</set></iq>", who, rig->full, names);
}

#define LAMP "<boolean name='lamp' value='true'/>"
#define FAN "<boolean name='fan' value='true'/>"
#define DOOR "<boolean name='door' value='true'/>"

/* The lease is over when this returns. */
static void allow(const char *who, const char *lease)
{
	int64_t now = clock_boot(&clock_system);
	char payload[1024];

	snprintf(payload, sizeof(payload), "<canControlResponse xmlns='" X_PROV "' jid='%s' "
	    "result='true'><lease xmlns='urn:kith:lease:0' revision='10' ttl='1'%s</lease>"
	    "</canControlResponse>", who, lease);
	rig_answer(rig_expect("<canControl", who), RIG_REGISTRY, payload);
	rig_expect("type=\"result\"", "setResponse");
	while (clock_boot(&clock_system) < now + 3)
		;
}

static void deny(const char *who)
{
	char payload[512];

	snprintf(payload, sizeof(payload), "<canControlResponse xmlns='" X_PROV "' jid='%s' "
	    "result='false'><lease xmlns='urn:kith:lease:0' revision='11' ttl='1'/>"
	    "</canControlResponse>", who);
	rig_answer(rig_expect("<canControl", who), RIG_REGISTRY, payload);
}

/* The broker says that the service is not there. */
static void bounce(const char *question)
{
	rig_send("<iq type='error' id='%s' from='" RIG_REGISTRY "' to='%s'><error type='wait'>"
	    "<remote-server-timeout xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
	    rig_attr(question, "id"), rig->full);
}

static void goes_on(void)
{
	rig_expect("type=\"result\"", "setResponse");
}

static void is_refused(void)
{
	rig_expect("type=\"error\"", "resource-constraint");
}

/* Asked, unanswered, and done all the same. */
static void goes_on_unanswered(const char *who, const char *names)
{
	set(who, names);
	bounce(rig_expect("<canControl"));
	goes_on();
}

static void clear(const char *lease)
{
	rig_send("<iq type='set' id='cc' from='" RIG_REGISTRY "' to='%s'><clearCache xmlns='"
	    X_PROV "'>%s</clearCache></iq>", rig->full, lease);
	rig_expect("type=\"result\"", "clearCacheResponse");
}

/* ---- tests -------------------------------------------------------------- */

static void att_D_14__without_an_answer_a_door_stays_shut_and_a_lamp_goes_on(void **state)
{
	UNUSED(state);
	set(BOB, LAMP);
	allow(BOB, ">");
	set(BOB, DOOR);
	allow(BOB, ">");
	assert_int_equal(written, 2);
	set(BOB, LAMP);
	bounce(rig_expect("<canControl"));
	goes_on();
	assert_true(rig_said("nobody could be asked"));
	set(BOB, DOOR);
	bounce(rig_expect("<canControl"));
	is_refused();
	/* Together with a door a lamp waits, too. */
	set(BOB, LAMP DOOR);
	bounce(rig_expect("<canControl"));
	is_refused();
	assert_int_equal(written, 3);
}

static void att_D_14__who_never_was_allowed_may_not(void **state)
{
	UNUSED(state);
	set(BOB, LAMP);
	allow(BOB, ">");
	set(EVE, LAMP);
	bounce(rig_expect("<canControl"));
	is_refused();
	set(BOB, FAN);
	bounce(rig_expect("<canControl"));
	is_refused();
	assert_int_equal(written, 1);
}

static void a_light_switch_does_not_wait_for_a_silent_service(void **state)
{
	UNUSED(state);
	set(BOB, LAMP);
	allow(BOB, ">");
	goes_on_unanswered(BOB, LAMP);
	/* Now it is known to be silent: done at once, and asked all the same ... */
	set(BOB, LAMP);
	rig_expect("<canControl");
	goes_on();
	/* ... and what it says then counts. */
	set(BOB, LAMP);
	deny(BOB);
	goes_on();
	set(BOB, LAMP);
	deny(BOB);
	rig_expect("type=\"error\"", "forbidden");
	assert_int_equal(written, 4);
}

static void att_D_14__a_no_ends_what_stood_by(void **state)
{
	UNUSED(state);
	set(BOB, LAMP);
	allow(BOB, ">");
	set(BOB, LAMP FAN);
	deny(BOB);
	rig_expect("type=\"error\"", "forbidden");
	set(BOB, LAMP);
	bounce(rig_expect("<canControl"));
	is_refused();
}

static void att_D_14__what_was_taken_back_does_not_stand_by(void **state)
{
	UNUSED(state);
	set(BOB, LAMP);
	allow(BOB, ">");
	clear("<lease xmlns='urn:kith:lease:0' floor='11'/>");
	set(BOB, LAMP);
	bounce(rig_expect("<canControl"));
	is_refused();
}

static void att_D_14__a_condition_of_time_counts_while_nobody_answers(void **state)
{
	UNUSED(state);
	set(BOB, LAMP);
	allow(BOB, " edge='2'>");
	set(BOB, LAMP);
	bounce(rig_expect("<canControl"));
	is_refused();
}

static void values_and_rates_count_while_nobody_answers(void **state)
{
	UNUSED(state);
	set(BOB, LAMP);
	allow(BOB, "><limit name='lamp' rule='3' times='2' seconds='3600'/>");
	goes_on_unanswered(BOB, LAMP);
	set(BOB, LAMP);
	rig_expect("<canControl");
	rig_expect("type=\"error\"", "not-allowed");
	assert_int_equal(written, 2);
}

static void what_is_allowed_one_by_one_goes_on_together(void **state)
{
	UNUSED(state);
	set(BOB, LAMP);
	allow(BOB, ">");
	set(BOB, FAN);
	allow(BOB, ">");
	goes_on_unanswered(BOB, LAMP FAN);
	assert_int_equal(written, 4);
}

/* That nobody answered before the stream was lost says nothing about now: what was taken
 * back meanwhile comes with the next answer. */
static void att_D_14__after_another_login_it_asks_before_it_goes_on(void **state)
{
	int64_t end = clock_boot(&clock_system) + 5000;

	UNUSED(state);
	set(BOB, LAMP);
	allow(BOB, ">");
	goes_on_unanswered(BOB, LAMP);
	rig->ops->down(rig->ops_arg, CLIENT_LOST, "gone", 0);
	rig->up = false;
	while (!rig->up && clock_boot(&clock_system) < end)
		kith_thing_process(rig->thing);
	rig_answer(rig_expect("jabber:iq:roster"), "home.example", "<query "
	    "xmlns='jabber:iq:roster'><item jid='" BOB "' subscription='from'/></query>");
	rig_answer(rig_expect("<register"), RIG_REGISTRY, "<claimed "
	    "xmlns='urn:xmpp:iot:discovery' jid='" RIG_OWNER "' public='false'/>");
	while (*rig_next() != '\0')
		;
	set(BOB, LAMP);
	deny(BOB);
	rig_expect("type=\"error\"", "forbidden");
	assert_int_equal(written, 2);
}

static void what_stands_by_outlives_a_restart(void **state)
{
	UNUSED(state);
	set(BOB, LAMP);
	allow(BOB, ">");
	clear("<lease xmlns='urn:kith:lease:0' floor='2'/>");	/* on disk */
	rig_stop();
	rig_start();
	add_all();
	rig_process();
	rig_answer(rig_expect("jabber:iq:roster"), "home.example", "<query xmlns='jabber:iq:roster'/>");
	rig_answer(rig_expect("<register"), RIG_REGISTRY, "<claimed "
	    "xmlns='urn:xmpp:iot:discovery' jid='" RIG_OWNER "' public='false'/>");
	while (*rig_next() != '\0')
		;
	rig_befriend(BOB);
	goes_on_unanswered(BOB, LAMP);
}

/* ---- precise invalidation ----------------------------------------------- */

static void allow_long(const char *who)
{
	char payload[512];

	snprintf(payload, sizeof(payload), "<canControlResponse xmlns='" X_PROV "' jid='%s' "
	    "result='true'><lease xmlns='urn:kith:lease:0' revision='10' ttl='900000'/>"
	    "</canControlResponse>", who);
	rig_answer(rig_expect("<canControl", who), RIG_REGISTRY, payload);
	goes_on();
}

static void row_D9__a_clear_about_one_asker_leaves_the_others(void **state)
{
	UNUSED(state);
	set(BOB, DOOR);
	allow_long(BOB);
	set(EVE, DOOR);
	allow_long(EVE);
	clear("<lease xmlns='urn:kith:lease:0' floor='11'><about jid='" BOB "'/></lease>");
	set(EVE, DOOR);
	goes_on();
	set(BOB, DOOR);
	rig_expect("<canControl", BOB);
	rig_expect_silence();
}

static void row_D9__a_clear_about_one_parameter_leaves_the_others(void **state)
{
	UNUSED(state);
	set(BOB, DOOR);
	allow_long(BOB);
	set(BOB, FAN);
	allow_long(BOB);
	clear("<lease xmlns='urn:kith:lease:0' floor='11'><about jid='" BOB "' action='read'/>"
	    "<about jid='" BOB "' action='control' name='Door'/></lease>");
	set(BOB, FAN);
	goes_on();
	set(BOB, DOOR);
	rig_expect("<canControl");
}

static void row_D9__what_a_clear_is_about_and_nobody_understands_is_everything(void **state)
{
	UNUSED(state);
	set(EVE, DOOR);
	allow_long(EVE);
	clear("<lease xmlns='urn:kith:lease:0' floor='11'><about jid='" BOB "' "
	    "action='paint'/></lease>");
	set(EVE, DOOR);
	rig_expect("<canControl");
}

static void row_D9__an_older_answer_under_way_is_asked_again(void **state)
{
	char id[64];

	UNUSED(state);
	set(BOB, DOOR);
	snprintf(id, sizeof(id), "%s", rig_attr(rig_expect("<canControl"), "id"));
	clear("<lease xmlns='urn:kith:lease:0' floor='11'><about jid='" BOB "'/></lease>");
	rig_send("<iq type='result' id='%s' from='" RIG_REGISTRY "' to='%s'><canControlResponse "
	    "xmlns='" X_PROV "' jid='" BOB "' result='true'><lease xmlns='urn:kith:lease:0' "
	    "revision='10' ttl='900000'/></canControlResponse></iq>", id, rig->full);
	deny(BOB);
	rig_expect("type=\"error\"", "forbidden");
	assert_int_equal(written, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(att_D_14__without_an_answer_a_door_stays_shut_and_a_lamp_goes_on),
		T(att_D_14__who_never_was_allowed_may_not),
		T(a_light_switch_does_not_wait_for_a_silent_service),
		T(att_D_14__a_no_ends_what_stood_by),
		T(att_D_14__what_was_taken_back_does_not_stand_by),
		T(att_D_14__a_condition_of_time_counts_while_nobody_answers),
		T(values_and_rates_count_while_nobody_answers),
		T(what_is_allowed_one_by_one_goes_on_together),
		T(att_D_14__after_another_login_it_asks_before_it_goes_on),
		T(what_stands_by_outlives_a_restart),
		T(row_D9__a_clear_about_one_asker_leaves_the_others),
		T(row_D9__a_clear_about_one_parameter_leaves_the_others),
		T(row_D9__what_a_clear_is_about_and_nobody_understands_is_everything),
		T(row_D9__an_older_answer_under_way_is_asked_again),
	};

	return cmocka_run_group_tests_name("thing_standby", tests, NULL, NULL);
}
