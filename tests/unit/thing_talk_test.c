/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thing_talk: the thing's own chat: as people type it, on phones, in their
 * language; decided as the same request by iq; one answer a line.
 */
#include "config.h"

#include "tests/unit/thing_rig.h"

#include <stdlib.h>

#include "common/base/catalogue.h"

#define X_PROV "urn:xmpp:iot:provisioning"
#define BOB "bob@home.example"
#define EVE "eve@home.example"

static char last[KITH_THING_TEXT];
static double number;
static bool on;
static unsigned writes;

static enum kith_thing_result write_it(void *arg, uint64_t ticket,
    const struct kith_thing_value *v, char *why, size_t size)
{
	UNUSED(arg);
	UNUSED(ticket);
	UNUSED(why);
	UNUSED(size);
	number = v->number;
	on = v->boolean;
	memcpy(last, v->text, sizeof(last));
	writes++;
	return KITH_THING_OK;
}

static enum kith_thing_result read_it(void *arg, uint64_t ticket, struct kith_thing_value *v)
{
	UNUSED(arg);
	UNUSED(ticket);
	v->number = 21.5;
	return KITH_THING_OK;
}

static void add_control(const char *name, enum kith_thing_type type, const char *node)
{
	struct kith_thing_control c = { .size = sizeof(c), .name = name, .type = type,
		.write = write_it, .node = { .id = node }, .operational = true };

	if (type == KITH_THING_NUMERIC)
		c.max = 100;
	assert_int_equal(kith_thing_add_control(rig->thing, &c), 0);
}

static void add_field(const char *name, const char *unit, const char *node)
{
	struct kith_thing_field f = { .size = sizeof(f), .name = name, .unit = unit,
		.type = KITH_THING_NUMERIC, .read = read_it, .node = { .id = node } };

	assert_int_equal(kith_thing_add_field(rig->thing, &f), 0);
}

static int set_up(void **state)
{
	if (rig_setup(state) != 0)
		return -1;
	writes = 0;
	add_control("lamp", KITH_THING_BOOLEAN, NULL);
	add_control("heating level", KITH_THING_NUMERIC, NULL);
	add_control("shade", KITH_THING_COLOR, NULL);
	add_field("heating level", "C", NULL);
	add_field("hall temperature", "C", NULL);
	rig_owned();
	return 0;
}

static void type_as(const char *who, const char *more, const char *line)
{
	rig_send("<message type='chat' id='c1' from='%s/x' to='%s'%s><body>%s</body></message>",
	    who, rig->full, more, line);
}

static const char *ask(const char *line)
{
	type_as(RIG_OWNER, "", line);
	return rig_expect("type=\"chat\"", "<body>", "re=\"c1\"");
}

#define SAYS(line, ...) do { \
		type_as(RIG_OWNER, "", line); \
		rig_expect("<body>", __VA_ARGS__); \
	} while (0)

/* ---- as people type ----------------------------------------------------- */

static void a_lamp_is_switched_in_every_way_that_people_type(void **state)
{
	static const struct { const char *line; bool on; } lines[] = {
		{ "set lamp on", true }, { "lamp off", false }, { "Switch lamp on", true },
		{ "switch off lamp", false }, { "turn the lamp on", true }, { "SET LAMP OFF.", false },
		{ "set \xe2\x80\x9clamp\xe2\x80\x9d on", true }, { "set&#160;lamp&#160;off", false },
		{ "set lamp = on", true }, { "set lamp to off", false }, { " lamp on!\n-- \nAnn", true },
		{ "schalte lamp aus", false }, { "setze lamp auf an", true },
	};

	UNUSED(state);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		SAYS(lines[i].line, lines[i].on ? "lamp is now on" : "lamp is now off");
		assert_int_equal(writes, i + 1);
		assert_int_equal(on, lines[i].on);
	}
}

static void numbers_and_shapes_are_read_as_people_write_them(void **state)
{
	UNUSED(state);
	SAYS("heating level 20,5", "heating level is now 20.5");
	SAYS("set heating level 20.5 C", "is now 20.5");
	SAYS("set heating level 40%", "is now 40");
	SAYS("set heating level 101", "heating level takes 0 to 100.");
	SAYS("set heating level 20 apples", "takes 0 to 100");
	SAYS("set shade ff8000", "shade is now ff8000");
	SAYS("set shade orange", "shade takes a color, like ff8000.");
	SAYS("set lamp maybe", "lamp takes on or off.");
	assert_int_equal(writes, 4);
}

static void several_fields_are_read_in_one_line(void **state)
{
	UNUSED(state);
	SAYS("read hall temperature", "hall temperature: 21.5 C");
	SAYS("Hall Temperature", "hall temperature: 21.5 C");
	SAYS("read heating level, hall temperature", "heating level: 21.5 C\nhall temperature");
	SAYS("lies heating level und hall temperature", "heating level: 21.5 C\nhall temperature");
}

static void a_slip_is_met_with_what_was_meant(void **state)
{
	UNUSED(state);
	SAYS("raed", "I do not know the word 'raed'. Did you mean 'read'?");
	SAYS("set lmap on", "I have no parameter 'lmap on'");
	SAYS("set lamb", "Did you mean 'lamp'?");
	SAYS("read hal temperature", "Did you mean 'hall temperature'?");
	SAYS("nonsense", "Try: help");
	rig_expect_silence();
	assert_int_equal(writes, 0);
}

static void help_and_fields_fit_on_a_screen(void **state)
{
	const char *text;

	UNUSED(state);
	text = ask("help");
	assert_non_null(strstr(text, "lamp (on or off)"));
	assert_non_null(strstr(text, "heating level (0 to 100)"));
	assert_non_null(strstr(text, "why read FIELD"));
	assert_true(strlen(text) < 1200);
	SAYS("fields", "hall temperature, C", "Can be set:", "shade (a color)");
	SAYS("nodes", "nothing behind me");
}

/* ---- in his language ---------------------------------------------------- */

static struct catalogues *languages;

static const char *translate(void *arg, const char *lang, const char *text)
{
	UNUSED(arg);
	return catalogue_text(catalogues_find(languages, lang), text);
}

/* The next stanza with this in it, past all others. */
static const char *after(const char *piece)
{
	const char *s = rig_next();

	while (*s && !strstr(s, piece))
		s = rig_next();
	return s;
}

/* The German of this build; where there is no msgfmt the test is skipped. */
static void speak(const char *language)
{
	const char *top = getenv("top_builddir");
	struct err e = ERR_INIT;
	char dir[512];

	snprintf(dir, sizeof(dir), "%s/po", top ? top : ".");
	if (!languages && catalogues_open(&languages, dir, &e) < 0)
		fail_msg("%s", e.text);
	if (!catalogues_find(languages, "de"))
		skip();
	rig_stop();
	rig->translate = translate;
	rig->language = language;
	rig_start();
	add_control("lamp", KITH_THING_BOOLEAN, NULL);
	add_field("warmth", "C", NULL);
	rig_process();
	rig_answer(rig_expect("jabber:iq:roster"), "home.example", "<query xmlns='jabber:iq:roster'/>");
	rig_answer(rig_expect("<register"), RIG_REGISTRY, "<claimed "
	    "xmlns='urn:xmpp:iot:discovery' jid='" RIG_OWNER "' public='false'/>");
	rig_answer(after("urn:xmpp:ping"), RIG_REGISTRY, "");
	while (*rig_next() != '\0')
		;
}

static int tear_down(void **state)
{
	catalogues_close(&languages);
	return rig_teardown(state);
}

static void a_line_is_answered_in_its_own_language(void **state)
{
	UNUSED(state);
	speak(NULL);
	type_as(RIG_OWNER, " xml:lang='de'", "schalte lamp an");
	rig_expect("lamp ist jetzt an");
	type_as(RIG_OWNER, " xml:lang='de-AT'", "setze lamp vielleicht");
	rig_expect("lamp nimmt an oder aus.");
	type_as(RIG_OWNER, " xml:lang='en'", "lamp off");
	rig_expect("lamp is now off");
	type_as(RIG_OWNER, " xml:lang='fr'", "lamp on");
	rig_expect("lamp is now on");
	type_as(RIG_OWNER, " xml:lang='en'", "watch warmth alle 10 min");
	rig_expect("I tell you warmth every 10 minutes.");
	rig_expect("warmth: 21.5 C");
	rig_send("<message type='chat' id='c1' from='" RIG_OWNER "/x' to='%s'><body xml:lang='de'>"
	    "beobachtungen</body></message>", rig->full);
	rig_expect("warmth alle 10 Minuten");
	type_as(RIG_OWNER, " xml:lang='de'", "beobachte warmth wenn \xc3\xbc" "ber 30");
	rig_expect("Ich melde dir warmth: wenn es \xc3\xbc" "ber 30 steigt.");
	type_as(RIG_OWNER, " xml:lang='de'", "vergiss warmth");
	rig_expect("Ich beobachte es nicht mehr.");
}

static void what_the_owner_wrote_in_last_counts_where_none_is_named_and_over_a_restart(void **state)
{
	UNUSED(state);
	speak(NULL);
	SAYS("lamp on", "lamp is now on");
	rig_befriend(BOB);
	type_as(BOB, " xml:lang='de'", "help");
	rig_expect("Ich kenne diese W\xc3\xb6rter:");
	SAYS("lamp off", "lamp is now off");	/* a guest does not choose for others */
	type_as(RIG_OWNER, " xml:lang='de'", "lamp on");
	rig_expect("lamp ist jetzt an");
	SAYS("lamp off", "lamp ist jetzt aus");
	speak(NULL);
	SAYS("lamp off", "lamp ist jetzt aus");
}

/* What clients say of every stream, and servers put on each line, is no wish. */
static void a_german_word_and_what_the_owner_chose_say_more_than_the_client(void **state)
{
	UNUSED(state);
	speak(NULL);
	type_as(RIG_OWNER, " xml:lang='en'", "schalte lamp an");
	rig_expect("lamp ist jetzt an");
	type_as(RIG_OWNER, " xml:lang='en'", "lamp off");
	rig_expect("lamp is now off");
	rig_befriend(BOB);
	type_as(BOB, " xml:lang='en'", "language de");
	rig_expect("Only my owner chooses that.");
	type_as(RIG_OWNER, " xml:lang='en'", "language ../de");
	rig_expect("Say which, like: language de");
	type_as(RIG_OWNER, " xml:lang='en'", "language german");
	rig_expect("Erledigt.");
	type_as(RIG_OWNER, " xml:lang='en'", "lamp on");
	rig_expect("lamp ist jetzt an");
	type_as(BOB, " xml:lang='en'", "help");
	rig_expect("I know these words:");
	speak(NULL);
	type_as(RIG_OWNER, " xml:lang='en'", "lamp off");
	rig_expect("lamp ist jetzt aus");
}

static void the_settings_say_what_is_spoken_first(void **state)
{
	UNUSED(state);
	speak("de");
	SAYS("lamp on", "lamp ist jetzt an");
	type_as(RIG_OWNER, " xml:lang='en'", "lamp on");
	rig_expect("lamp is now on");
	SAYS("lamp on", "lamp is now on");
	/* A program that names no language reads English. */
	rig_send("<iq type='set' id='p1' from='" RIG_OWNER "/x' to='%s'><set "
	    "xmlns='urn:xmpp:iot:control'><boolean name='lmap' value='true'/></set></iq>",
	    rig->full);
	rig_expect("No such parameter.");
}

/* ---- nodes -------------------------------------------------------------- */

static void a_node_is_named_before_what_is_wanted_of_it(void **state)
{
	struct kith_thing_node n = { .size = sizeof(n), .at = { .id = "k1" }, .name = "kitchen" };

	UNUSED(state);
	assert_int_equal(kith_thing_add_node(rig->thing, &n), 0);
	add_control("fan", KITH_THING_BOOLEAN, "k1");
	add_field("humidity", "%", "k1");
	while (*rig_next() != '\0')
		;
	SAYS("nodes", "kitchen (k1)");
	SAYS("fields kitchen", "humidity, %", "fan (on or off)");
	/* It has no owner yet, so provisioning is asked about it: the node was found. */
	type_as(RIG_OWNER, "", "read humidity of kitchen");
	rig_expect("<canRead", "k1", "humidity");
	type_as(RIG_OWNER, "", "set Kitchen fan on");
	rig_expect("<canControl", "k1", "fan");
	type_as(RIG_OWNER, "", "kitchen fan on");
	rig_expect("<canControl", "k1");
}

/* ---- who, why ----------------------------------------------------------- */

static void answer(const char *verb, const char *who, const char *result, const char *lease)
{
	char payload[1024];

	snprintf(payload, sizeof(payload), "<%sResponse xmlns='" X_PROV "' jid='%s' "
	    "momentary='true' result='%s'><lease xmlns='urn:kith:lease:0' revision='10' "
	    "ttl='720000'>%s</lease></%sResponse>", verb, who, result, lease, verb);
	rig_answer(rig_expect(verb, who), RIG_REGISTRY, payload);
}

static void row_V6__why_says_who_decided_how_long_and_by_which_rule(void **state)
{
	UNUSED(state);
	rig_befriend(BOB);
	type_as(BOB, "", "why set lamp");
	rig_expect("I was told nothing about that lately. Try it: set lamp VALUE");
	rig_expect_silence();	/* asking why asks nobody */
	type_as(BOB, "", "lamp on");
	answer("canControl", BOB, "true", "<limit name='lamp' rule='7' times='3' seconds='3600'/>");
	rig_expect("lamp is now on");
	type_as(BOB, "", "why set lamp?");
	rig_expect("You may set lamp: my owner's rules said so (revision 10). I ask again in 12 "
	    "minutes.", "By rule 7 3 times an hour.", "While nobody can be asked, you may go on.");
	type_as(BOB, "", "read hall temperature");
	answer("canRead", BOB, "false", "<denied xmlns='urn:kith:why:0' reason='denied' "
	    "ask='" RIG_OWNER "'/>");
	rig_expect("You may not read hall temperature: " RIG_OWNER " does not allow it.");
	type_as(BOB, "", "why read hall temperature");
	rig_expect("You may not read hall temperature: " RIG_OWNER " does not allow it.");
	SAYS("why set lamp", "you are the owner");
}

static void who_shows_all_to_the_owner_and_a_friend_only_himself(void **state)
{
	const char *text;

	UNUSED(state);
	rig_befriend(BOB);
	rig_befriend(EVE);
	type_as(BOB, "", "lamp on");
	answer("canControl", BOB, "true", "");
	rig_expect("lamp is now on");
	text = ask("who");
	assert_non_null(strstr(text, BOB "; may set lamp (for 12 minutes)"));
	assert_non_null(strstr(text, EVE));
	type_as(EVE, "", "who");
	text = rig_expect("<body>", EVE);
	assert_null(strstr(text, BOB));
	assert_null(strstr(text, "owner@"));
}

/* ---- what is not obeyed ------------------------------------------------- */

static void att_H_04__delayed_forwarded_group_and_automatic_lines_do_nothing(void **state)
{
	UNUSED(state);
	rig_send("<message type='chat' from='" RIG_OWNER "/x' to='%s'><body>lamp on</body>"
	    "<auto xmlns='urn:kith:auto:0'/></message>", rig->full);
	rig_send("<message type='groupchat' from='" RIG_OWNER "/x' to='%s'><body>lamp on</body>"
	    "</message>", rig->full);
	rig_send("<message type='chat' from='" RIG_OWNER "/x' to='%s'><body>lamp on</body>"
	    "<replace xmlns='urn:xmpp:message-correct:0' id='1'/></message>", rig->full);
	rig_expect_silence();
	rig_send("<message type='chat' from='" RIG_OWNER "/x' to='%s'><body>lamp on</body>"
	    "<delay xmlns='urn:xmpp:delay' stamp='2026-05-01T08:00:00Z'/></message>", rig->full);
	rig_expect("Type it again");
	type_as("stranger@home.example", "", "lamp on");
	rig_expect_silence();
	assert_int_equal(writes, 0);
}

#define S(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_lamp_is_switched_in_every_way_that_people_type),
		T(numbers_and_shapes_are_read_as_people_write_them),
		T(several_fields_are_read_in_one_line),
		T(a_slip_is_met_with_what_was_meant),
		T(help_and_fields_fit_on_a_screen),
		S(a_line_is_answered_in_its_own_language),
		S(what_the_owner_wrote_in_last_counts_where_none_is_named_and_over_a_restart),
		S(a_german_word_and_what_the_owner_chose_say_more_than_the_client),
		S(the_settings_say_what_is_spoken_first),
		T(a_node_is_named_before_what_is_wanted_of_it),
		T(row_V6__why_says_who_decided_how_long_and_by_which_rule),
		T(who_shows_all_to_the_owner_and_a_friend_only_himself),
		T(att_H_04__delayed_forwarded_group_and_automatic_lines_do_nothing),
	};

	return cmocka_run_group_tests_name("thing_talk", tests, NULL, NULL);
}
