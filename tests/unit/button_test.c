/* SPDX-License-Identifier: Apache-2.0 */
/*
 * button: the half minute of first trust to the millisecond, five presses, and
 * what the lamp says; then a whole thing that waits for a press.
 */
#include "config.h"

#include "tests/unit/thing_rig.h"

#include "thing/button.h"

static struct {
	struct clock_fake hands;
	struct clock clock;
	struct button b;
	char said[256];
	unsigned accepted, lapsed, released;
} f;

static void lamp(void *arg, const char *word)
{
	UNUSED(arg);
	snprintf(f.said + strlen(f.said), sizeof(f.said) - strlen(f.said), "%s ", word);
}

static void answered(void *arg, bool pressed)
{
	UNUSED(arg);
	if (pressed)
		f.accepted++;
	else
		f.lapsed++;
}

static void release(void *arg)
{
	UNUSED(arg);
	f.released++;
}

static int setup(void **state)
{
	static const struct button_ops ops = { lamp, answered, release };

	UNUSED(state);
	memset(&f, 0, sizeof(f));
	f.hands.boot = 1000;
	f.clock = clock_from_fake(&f.hands);
	f.b = (struct button){ .clock = &f.clock, .ops = &ops };
	return 0;
}

static void wait_ms(int64_t ms)
{
	f.hands.boot += ms;
	button_tick(&f.b);
}

static void att_D_13__the_window_is_thirty_seconds_to_the_millisecond(void **state)
{
	UNUSED(state);
	button_ask(&f.b);
	assert_true(button_deadline(&f.b) == 31000);
	wait_ms(29999);
	assert_true(button_asks(&f.b));
	assert_true(button_press(&f.b, true));
	assert_int_equal(f.accepted, 1);
	button_ask(&f.b);
	wait_ms(30000);
	assert_int_equal(f.lapsed, 1);
	assert_false(button_press(&f.b, true));
	assert_int_equal(f.accepted, 1);
}

/* The machine slept through the end: no turn in between. */
static void att_D_13__a_press_after_the_end_that_nobody_noticed_accepts_nothing(void **state)
{
	UNUSED(state);
	button_ask(&f.b);
	f.hands.boot += 30000;
	assert_false(button_press(&f.b, true));
	assert_int_equal(f.accepted, 0);
	button_tick(&f.b);
	assert_int_equal(f.lapsed, 1);
}

static void a_press_before_the_question_answers_nothing(void **state)
{
	UNUSED(state);
	assert_false(button_press(&f.b, true));
	button_ask(&f.b);
	wait_ms(1000);
	assert_int_equal(f.accepted, 0);
	/* A second question does not make the window longer. */
	button_ask(&f.b);
	assert_true(button_deadline(&f.b) == 31000);
}

static void the_lamp_asks_confirms_and_goes_out(void **state)
{
	UNUSED(state);
	button_ask(&f.b);
	button_alarm(&f.b);		/* the question is more urgent */
	button_press(&f.b, true);
	wait_ms(BUTTON_SAY_MS);
	button_alarm(&f.b);
	wait_ms(BUTTON_ALARM_MS);
	button_alarm(&f.b);
	button_press(&f.b, true);
	assert_string_equal(f.said, "ask on off alarm off alarm off ");
	button_ask(&f.b);
	button_drop(&f.b);
	assert_int_equal(f.lapsed, 0);
	assert_int_equal(button_deadline(&f.b), -1);
}

static void rul_45__five_presses_in_five_seconds_release_the_pins(void **state)
{
	UNUSED(state);
	for (int i = 0; i < 5; i++, wait_ms(1250))
		button_press(&f.b, true);
	assert_int_equal(f.released, 1);
	/* The row was used up: it takes five more. */
	for (int i = 0; i < 4; i++, wait_ms(100))
		button_press(&f.b, true);
	assert_int_equal(f.released, 1);
	button_press(&f.b, true);
	assert_int_equal(f.released, 2);
	wait_ms(60000);
	for (int i = 0; i < 9; i++, wait_ms(1251))
		button_press(&f.b, true);
	assert_int_equal(f.released, 2);
	/* Presses of a rhythm are none of it. */
	for (int i = 0; i < 9; i++, wait_ms(100))
		button_press(&f.b, false);
	assert_int_equal(f.released, 2);
}

static void the_press_that_accepts_is_none_of_the_five(void **state)
{
	UNUSED(state);
	for (int i = 0; i < 4; i++, wait_ms(100))
		button_press(&f.b, true);
	button_ask(&f.b);
	button_press(&f.b, true);
	assert_int_equal(f.accepted, 1);
	assert_int_equal(f.released, 0);
	button_press(&f.b, true);
	assert_int_equal(f.released, 0);
}

/* ---- a whole thing -------------------------------------------------------- */

#define INFO "<query xmlns='http://jabber.org/protocol/disco#info'>" \
	"<feature var='urn:xmpp:iot:discovery'/><feature var='urn:xmpp:iot:provisioning'/></query>"

static int start(void **state)
{
	if (rig_setup(state) < 0)
		return -1;
	rig_stop();
	rig->accept_button = true;
	rig_start();
	return 0;
}

/* Up to the registry's answer that it is one. */
static void find_registry(const char *jid)
{
	const char *q;

	rig_process();
	rig_answer(rig_expect("jabber:iq:roster"), "home.example",
	    "<query xmlns='jabber:iq:roster'/>");
	q = rig_expect("disco#items");
	rig_answer(q, "home.example", "<query xmlns='http://jabber.org/protocol/disco#items'>"
	    "<item jid='kith.home.example'/></query>");
	q = rig_expect("disco#info", "to=\"home.example\"");
	rig_answer(q, "home.example", "<query xmlns='http://jabber.org/protocol/disco#info'/>");
	q = rig_expect("disco#info", "to=\"kith.home.example\"");
	rig_answer(q, jid, INFO);
}

static void row_D18__nothing_is_pinned_or_told_before_a_person_has_pressed(void **state)
{
	char *text;

	UNUSED(state);
	find_registry(RIG_REGISTRY);
	rig_process();
	rig_expect_silence();
	assert_true(rig_said("ask}"));
	assert_true(rig_said("to accept " RIG_REGISTRY));
	text = get_file(rig->dir, "standing");
	assert_true(!text || !strstr(text, RIG_REGISTRY));
	free(text);
	/* Whoever else comes in the window is not heard. */
	rig_send("<iq type='set' from='other.home.example' to='%s' id='z'><claimed "
	    "xmlns='urn:xmpp:iot:discovery' jid='thief@home.example'/></iq>", rig->full);
	rig_expect("type=\"error\"", "id=\"z\"");
	assert_string_equal(kith_thing_owner(rig->thing), "");
	kith_thing_pressed(rig->thing);
	rig_process();
	rig_expect("<register", "to=\"" RIG_REGISTRY "\"");
	assert_true(rig_said("on}"));
	text = get_file(rig->dir, "standing");
	assert_non_null(strstr(text, RIG_REGISTRY));
	free(text);
}

static void row_D18__what_was_accepted_once_is_not_asked_again(void **state)
{
	UNUSED(state);
	find_registry(RIG_REGISTRY);
	kith_thing_pressed(rig->thing);
	rig_process();
	rig_expect("<register");
	rig_stop();
	buf_reset(&rig->events);
	rig_start();
	rig_process();
	rig_answer(rig_expect("jabber:iq:roster"), "home.example",
	    "<query xmlns='jabber:iq:roster'/>");
	rig_expect("<register", "to=\"" RIG_REGISTRY "\"");
	assert_false(rig_said("ask}"));
}

static void rul_45__five_presses_release_registry_and_login_and_the_owner_is_told(void **state)
{
	char *text;
	const char *q;

	UNUSED(state);
	rig_stop();
	rig->accept_button = false;
	rig_start();
	rig_owned();
	while (rig_next()[0])
		continue;
	for (int i = 0; i < 4; i++)
		kith_thing_pressed(rig->thing);
	text = get_file(rig->dir, "standing");
	assert_non_null(strstr(text, "registry "));
	assert_non_null(strstr(text, "login-"));
	free(text);
	kith_thing_pressed(rig->thing);
	text = get_file(rig->dir, "standing");
	assert_null(strstr(text, "registry "));
	assert_null(strstr(text, "login-"));
	assert_non_null(strstr(text, "owner " RIG_OWNER));
	free(text);
	assert_true(rig_said("on}"));
	/* The next login looks for a registry, and tells him. */
	rig_stop();
	rig_start();
	find_registry(RIG_REGISTRY);
	q = rig_expect("<register");
	rig_answer(q, RIG_REGISTRY, "<claimed xmlns='urn:xmpp:iot:discovery' jid='" RIG_OWNER
	    "' public='false'/>");
	for (q = rig_next(); *q && !strstr(q, "urn:xmpp:ping"); q = rig_next())
		continue;
	rig_answer(q, RIG_REGISTRY, "");
	rig_expect("<message", "to=\"" RIG_OWNER "\"", "pinned");
	text = get_file(rig->dir, "standing");
	assert_null(strstr(text, "released"));
	free(text);
}

#define T(test) cmocka_unit_test_setup(test, setup)
#define WHOLE(test) cmocka_unit_test_setup_teardown(test, start, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(att_D_13__the_window_is_thirty_seconds_to_the_millisecond),
		T(att_D_13__a_press_after_the_end_that_nobody_noticed_accepts_nothing),
		T(a_press_before_the_question_answers_nothing),
		T(the_lamp_asks_confirms_and_goes_out),
		T(rul_45__five_presses_in_five_seconds_release_the_pins),
		T(the_press_that_accepts_is_none_of_the_five),
		WHOLE(row_D18__nothing_is_pinned_or_told_before_a_person_has_pressed),
		WHOLE(row_D18__what_was_accepted_once_is_not_asked_again),
		WHOLE(rul_45__five_presses_release_registry_and_login_and_the_owner_is_told),
	};

	return cmocka_run_group_tests_name("button", tests, NULL, NULL);
}
