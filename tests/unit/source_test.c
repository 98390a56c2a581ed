/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source: nodes of a folder and of a program: how they come, change, fail, are
 * set and go.  MQTT: source_mqtt_test.c.
 */
#include "config.h"

#include "tests/unit/source_rig.h"

/* A file below the folder, with the folders before it; whole at once. */
static void put(const char *path, const char *text)
{
	char full[8192], made[8200];
	int fd;

	snprintf(full, sizeof(full), "%s", source_rig_path(path));
	for (char *at = full + strlen(rig.dir) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		(void)mkdir(full, 0700);
		*at = '/';
	}
	snprintf(made, sizeof(made), "%s/.new", (char *)rig.dir);
	fd = open(made, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	assert_int_equal(rename(made, full), 0);
}

/* ---- folders ---------------------------------------------------------------- */

static void make_kitchen(void)
{
	put("kitchen/type", "sensor\n");
	put("kitchen/name", "Kitchen\n");
	put("kitchen/tags/SN", "4711\n");
	put("kitchen/fields/temperature", "21.5 C\n");
	put("kitchen/fields/window", "false\n");
	put("kitchen/fields/mood", "fine today\n");
	put("kitchen/controls/heater", "false\n");
}

static void a_folder_is_a_node_with_fields_controls_and_tags(void **state)
{
	struct kith_thing_value on = { .boolean = true };
	char *text;
	int i;

	UNUSED(state);
	make_kitchen();
	put("door", "true\n");
	source_rig_open("folder", rig.dir);
	assert_string_equal(rig.told, "");	/* opening looks at nothing */
	source_rig_until("~door.value");
	source_rig_until("~kitchen.mood=fine today");
	assert_true(source_rig_told("+kitchen(sensor)'Kitchen'[SN=4711]"));
	assert_true(source_rig_number("kitchen", "temperature") == 21.5);
	i = source_rig_find("kitchen", "temperature", false);
	assert_string_equal(rig.point[i].unit, "C");
	assert_int_equal(rig.point[source_rig_find("kitchen", "window", false)].type,
	    KITH_THING_BOOLEAN);
	assert_true(source_rig_number("door", "value") == 1);
	assert_int_equal(source_rig_set("kitchen", "heater", &on), KITH_THING_OK);
	text = get_file(rig.dir, "kitchen/controls/heater");
	assert_string_equal(text, "1\n");
	free(text);
}

static void what_is_written_is_heard_at_once_and_the_same_not_twice(void **state)
{
	UNUSED(state);
	make_kitchen();
	source_rig_open("folder", rig.dir);
	source_rig_until("~kitchen.mood");
	source_rig_forget();
	put("kitchen/fields/temperature", "22 C\n");
	source_rig_until("~kitchen.temperature=22");
	assert_false(source_rig_told("~kitchen.mood"));
	put("kitchen/fields/humidity", "45 %\n");
	source_rig_until("~kitchen.humidity=45");
	put("kitchen/fields/temperature", "broken\n");
	while (!source_rig_fails("kitchen", "temperature", "not a number"))
		source_rig_turn(500);
}

static void what_a_node_is_called_may_change(void **state)
{
	UNUSED(state);
	make_kitchen();
	source_rig_open("folder", rig.dir);
	source_rig_until("~kitchen.mood");
	put("kitchen/name", "Galley\n");
	put("kitchen/tags/ROOM", "2\n");
	source_rig_until("*kitchen(sensor)'Galley'[");
	source_rig_until("[ROOM=2]");
	assert_false(source_rig_told("-kitchen"));
}

static void nodes_come_and_go_with_their_folders(void **state)
{
	UNUSED(state);
	put("a", "1\n");
	source_rig_open("folder", rig.dir);
	source_rig_until("+a");
	put("b/fields/x", "2\n");
	source_rig_until("~b.x=2");
	assert_int_equal(unlink(source_rig_path("a")), 0);
	source_rig_until("-a");
	put("a", "3\n");
	source_rig_forget();
	source_rig_until("~a.value=3");
	assert_true(source_rig_number("a", "value") == 3);
}

static void a_folder_that_is_not_there_is_looked_for(void **state)
{
	char path[8192];

	UNUSED(state);
	put("in/a", "1\n");
	snprintf(path, sizeof(path), "%s", source_rig_path("in"));
	source_rig_open("folder", path);
	source_rig_until("+a");
	assert_int_equal(rename(path, source_rig_path("away")), 0);
	((int64_t *)rig.s.self)[1] = 0;		/* its minute is over */
	source_process(&rig.s);
	assert_true(source_rig_told("!a:3"));
	assert_true(source_rig_fails("a", "value", "timed out"));
	assert_int_equal(rename(source_rig_path("away"), path), 0);
	((int64_t *)rig.s.self)[1] = 0;
	source_process(&rig.s);
	assert_true(source_rig_told("!a:0"));
	assert_true(source_rig_number("a", "value") == 1);
}

/* What was mounted there is not, for now: an empty folder stands in its place. */
static void a_folder_whose_disk_went_away_keeps_its_nodes(void **state)
{
	char path[8192];

	UNUSED(state);
	put("in/a", "1\n");
	snprintf(path, sizeof(path), "%s", source_rig_path("in"));
	source_rig_open("folder", path);
	source_rig_until("+a");
	assert_int_equal(rename(path, source_rig_path("disk")), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	((int64_t *)rig.s.self)[1] = 0;		/* its minute is over */
	source_process(&rig.s);
	assert_true(source_rig_told("!a:3"));
	assert_false(source_rig_told("-a"));
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rename(source_rig_path("disk"), path), 0);
	((int64_t *)rig.s.self)[1] = 0;
	source_process(&rig.s);
	assert_true(source_rig_number("a", "value") == 1);
	/* One that somebody emptied is empty. */
	assert_int_equal(unlink(source_rig_path("in/a")), 0);
	((int64_t *)rig.s.self)[1] = 0;
	source_process(&rig.s);
	assert_true(source_rig_told("-a"));
}

static void no_more_nodes_than_a_thing_can_have(void **state)
{
	char name[SOURCE_NAME + 1];

	UNUSED(state);
	for (int i = 0; i < KITH_THING_NODES + 40; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		put_file(rig.dir, name, "", 0600);
	}
	source_rig_open("folder", rig.dir);
	source_process(&rig.s);
	assert_int_equal(rig.n_nodes, KITH_THING_NODES);
	assert_int_equal(rig.s.n_nodes, KITH_THING_NODES);
	/* One goes: there is room for another. */
	snprintf(name, sizeof(name), "%s", rig.s.nodes->id);
	assert_int_equal(unlink(source_rig_path(name)), 0);
	((int64_t *)rig.s.self)[1] = 0;
	source_process(&rig.s);
	((int64_t *)rig.s.self)[1] = 0;
	source_process(&rig.s);
	assert_int_equal(rig.n_nodes, KITH_THING_NODES);
}

/* ---- programs --------------------------------------------------------------- */

static void run(const char *script)
{
	static char text[16384];

	rig.conf.shell = true;
	snprintf(text, sizeof(text), "%s", script);
	source_rig_open("command", text);
}

static void a_program_prints_nodes_fields_and_values(void **state)
{
	UNUSED(state);
	run("echo 'node m1 type=meter \"name=Left meter\" tag.SN=9 parent=hub';"
	    "echo 'field m1 energy type=numeric unit=kWh';"
	    "echo 'value m1 energy 12.5'; echo nonsense; echo \"value m1 'on line' true\";"
	    "echo 'state m1 error'; echo 'fault m1 energy \"its battery is empty\"';"
	    "echo 'value m2 p \"230 W\"'; echo 'gone m2'; sleep 600");
	source_rig_until("-m2");
	assert_true(source_rig_told("+m1(meter)'Left meter'<hub[SN=9] ?m1.energy ~m1.energy=12.5"));
	assert_true(source_rig_number("m1", "on line") == 1);
	assert_true(source_rig_told("!m1:5"));
	assert_true(source_rig_fails("m1", "energy", "its battery is empty"));
	assert_true(source_rig_told("~m2.p=230"));
}

static void a_program_may_call_its_node_something_else(void **state)
{
	UNUSED(state);
	run("echo 'node m1 name=Left'; echo 'value m1 p 1'; echo 'node m1 name=Right tag.SN=7'; cat >&2");
	source_rig_until("*m1'Right'[SN=7]");
}

static void it_is_told_what_to_set_and_says_whether_it_did(void **state)
{
	struct kith_thing_value v = { .number = 42 };

	UNUSED(state);
	run("echo 'control \"l 1\" dim type=numeric min=0 max=100'; echo 'control l2 dim type=numeric';"
	    "while read -r line; do set -- $line; case $line in *'\"l2\"'*) echo \"failed $2 'no bulb'\";;"
	    "*'\"l 1\" \"dim\" \"42\"') echo \"done $2\";; esac; done");
	source_rig_until("=l2.dim");
	assert_int_equal(rig.point[source_rig_find("l 1", "dim", true)].control.max, 100);
	assert_int_equal(source_rig_set("l 1", "dim", &v), KITH_THING_OK);
	assert_int_equal(source_rig_set("l2", "dim", &v), KITH_THING_FAILED);
	assert_string_equal(rig.why, "no bulb");
}

static void a_program_that_ends_is_started_again(void **state)
{
	char script[8300];
	char *text;

	UNUSED(state);
	snprintf(script, sizeof(script), "echo x >> %s; echo 'value n v 1'; exec sleep 0",
	    source_rig_path("starts"));
	run(script);
	source_rig_until("!n:3");
	assert_true(source_rig_fails("n", "v", "timed out: its program ended"));
	source_rig_until("!n:0");
	text = get_file(rig.dir, "starts");
	assert_string_equal(text, "x\nx\n");
	free(text);
}

static void a_program_that_is_not_there_or_spoils_its_lines_harms_nothing(void **state)
{
	UNUSED(state);
	rig.conf.shell = false;
	source_rig_open("command", "/nonexistent/program");
	source_process(&rig.s);
	assert_true(rig.s.is_down);
	assert_true(source_deadline(&rig.s) > clock_boot(&clock_system));
	source_close(&rig.s);
	run("head -c 100000 /dev/zero | tr '\\0' x; echo; printf 'value n \\377 1\\n';"
	    "echo 'value'; echo 'value n'; echo 'value n \"v'; echo 'value good v 1'; sleep 600");
	source_rig_until("~good.v=1");
	assert_false(source_rig_told("+n"));
}

/* ---- what all of them have -------------------------------------------------- */

static void a_node_that_says_nothing_is_silent_then_forgotten(void **state)
{
	UNUSED(state);
	rig.conf.silence_ms = 200;
	rig.conf.forget_ms = 600;
	run("echo 'value n v 1'; sleep 600");
	source_rig_until("~n.v=1");
	source_rig_until("!n:3");
	assert_true(source_rig_fails("n", "v", "timed out"));
	source_rig_until("-n");
}

static void texts_are_what_they_look_like(void **state)
{
	static const struct { const char *text, *left, *unit; enum kith_thing_type type; } table[] = {
		{ "21.5 C", "21.5", "C", KITH_THING_NUMERIC },
		{ "-3e2", "-3e2", "", KITH_THING_NUMERIC },
		{ "true", "true", "", KITH_THING_BOOLEAN }, { "1", "1", "", KITH_THING_NUMERIC },
		{ "on", "on", "", KITH_THING_STRING }, { "12 Main St", "12 Main St", "",
		KITH_THING_STRING }, { "1.2.3", "1.2.3", "", KITH_THING_STRING },
		{ "5C", "5C", "", KITH_THING_STRING }, { "e", "e", "", KITH_THING_STRING },
	};

	UNUSED(state);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		enum kith_thing_type type;
		char text[64], unit[16];

		snprintf(text, sizeof(text), "%s", table[i].text);
		source_guess(text, &type, unit);
		assert_int_equal(type, table[i].type);
		assert_string_equal(text, table[i].left);
		assert_string_equal(unit, table[i].unit);
	}
}

#define T(test) cmocka_unit_test_setup_teardown(test, source_rig_setup, source_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_folder_is_a_node_with_fields_controls_and_tags),
		T(what_is_written_is_heard_at_once_and_the_same_not_twice),
		T(what_a_node_is_called_may_change),
		T(nodes_come_and_go_with_their_folders),
		T(a_folder_that_is_not_there_is_looked_for),
		T(a_folder_whose_disk_went_away_keeps_its_nodes),
		T(no_more_nodes_than_a_thing_can_have),
		T(a_program_prints_nodes_fields_and_values),
		T(a_program_may_call_its_node_something_else),
		T(it_is_told_what_to_set_and_says_whether_it_did),
		T(a_program_that_ends_is_started_again),
		T(a_program_that_is_not_there_or_spoils_its_lines_harms_nothing),
		T(a_node_that_says_nothing_is_silent_then_forgotten),
		T(texts_are_what_they_look_like),
	};

	return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
