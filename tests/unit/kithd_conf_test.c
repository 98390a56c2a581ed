/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithd_conf_test: settings of kithd: the shortest file, what is printed back,
 * and what is refused with file and line.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "kithd/kithd_conf.h"

#define SHORTEST "[component]\njid = Registry.A.example\nsecret_file = /run/secret\n"

static void the_shortest_file_is_enough(void **state)
{
	struct kithd_conf c;
	struct err e = ERR_INIT;

	(void)state;
	if (kithd_conf_parse(&c, "f", SHORTEST, &e) != 0)
		fail_msg("%s", e.text);
	assert_string_equal(c.jid, "registry.a.example");
	assert_string_equal(c.server_host, "127.0.0.1");
	assert_string_equal(c.server_port, "5347");
	assert_true(c.registry_enabled && c.provisioning_enabled && c.limits.all);
	assert_false(c.allow_remote);
	assert_int_equal(c.limits.turn_requests, 64);
	assert_int_equal(c.limits.turn_ms, 20);
	assert_int_equal(c.limits.read_lease_ms, 15 * 60 * 1000);
	assert_int_equal(c.limits.control_lease_ms, 5 * 60 * 1000);
	assert_int_equal(c.profile, JID_STRINGPREP);
	assert_non_null(strstr(c.hash_key_file, "kithd.db.key"));
	kithd_conf_free(&c);
}

static void what_is_printed_parses_to_the_same(void **state)
{
	static const char text[] =
	    "[component]\njid = registry.a.example\nserver = [::1]:5347\nsecret_file = "
	    "/run/secret\n"
	    "profile = precis\n[daemon]\nlog = debug\ntimezone = +05:30\nuser = kith\n"
	    "[store]\nurl = sqlite:/tmp/x.db\n[registry]\njid = registry.a.example\n"
	    "domains = A.example, b.example\nshow_owner = no\n[provisioning]\nenabled = off\n"
	    "[control]\nsocket = /run/kith/s\n[limits]\nread_lease = 2h\nstanza_bytes = 128k\n";
	struct kithd_conf c, again;
	struct buf first, second;
	struct err e = ERR_INIT;

	(void)state;
	if (kithd_conf_parse(&c, "f", text, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(c.zone_s, 19800);
	assert_int_equal(c.level, LOG_LEVEL_DEBUG);
	assert_string_equal(c.server_host, "::1");
	assert_string_equal(c.domains[0], "a.example");
	assert_string_equal(c.domains[1], "b.example");
	assert_null(c.domains[2]);
	assert_string_equal(c.hash_key_file, "/tmp/x.db.key");
	buf_init(&first, 64 * 1024);
	buf_init(&second, 64 * 1024);
	kithd_conf_print(&c, &first);
	if (kithd_conf_parse(&again, "printed", buf_str(&first), &e) != 0)
		fail_msg("%s\n%s", e.text, buf_str(&first));
	kithd_conf_print(&again, &second);
	assert_string_equal(buf_str(&first), buf_str(&second));
	kithd_conf_free(&c);
	kithd_conf_free(&again);
	buf_fini(&first);
	buf_fini(&second);
}

static void wrong_settings_are_refused_with_file_and_line(void **state)
{
	static const struct { const char *text, *error; } cases[] = {
		{ "[component]\nsecret_file = x\n", "jid is missing" },
		{ "[component]\njid = a.example\n", "secret_file is missing" },
		{ "[component]\njid = x@a.example\nsecret_file = x\n", "no '@'" },
		{ SHORTEST "colour = red\n", "f:4: " },
		{ SHORTEST "server = nowhere\n", "f:4: " },
		{ SHORTEST "[daemon]\nlog = loud\n", "log is 'loud'" },
		{ SHORTEST "[daemon]\ntimezone = Mars\n", "timezone is 'Mars'" },
		{ SHORTEST "profile = ascii\n", "profile is 'ascii'" },
		{ SHORTEST "[store]\nurl = mysql:x\n", "must be sqlite:PATH" },
		{ SHORTEST "[registry]\njid = other.example\n", "differs from" },
		{ SHORTEST "[registry]\nenabled = no\n[provisioning]\nenabled = no\n", "nothing "
		    "to do" },
		{ SHORTEST "[limits]\nread_lease = 2s\n", "f:5: " },
		{ SHORTEST "[limits]\nturn_requests = 0\n", "f:5: " },
		{ SHORTEST "[limits]\nall = maybe\n", "f:5: " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kithd_conf c;
		struct err e = ERR_INIT;

		if (kithd_conf_parse(&c, "f", cases[i].text, &e) == 0)
			fail_msg("taken: %s", cases[i].text);
		if (strncmp(e.text, "f:", 2) != 0 || strstr(e.text, cases[i].error) == NULL)
			fail_msg("'%s' is not '%s'", e.text, cases[i].error);
	}
}

static void limits_can_be_switched_off_for_a_benchmark_but_leases_stay(void **state)
{
	struct kithd_conf c;
	struct kithd_limits l;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(kithd_conf_parse(&c, "f", SHORTEST "[limits]\nall = off\n", &e), 0);
	l = kithd_conf_limits(&c);
	assert_true(l.things_per_jid > c.limits.things_per_jid);
	assert_int_equal(l.read_lease_ms, c.limits.read_lease_ms);
	kithd_conf_free(&c);
}

/* A file of the source tree as text; the caller frees it. */
static char *source(const char *name)
{
	const char *top = getenv("top_srcdir");
	char path[512], *text = calloc(1, 256 * 1024);
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", top != NULL ? top : ".", name);
	f = fopen(path, "re");
	if (f == NULL || text == NULL) {
		fail_msg("cannot open %s", path);
		return NULL;
	}
	assert_true(fread(text, 1, 256 * 1024 - 1, f) > 0);
	fclose(f);
	return text;
}

static void the_manual_and_the_example_name_every_key(void **state)
{
	char *manual = source("docs/kithd.conf.5"), *example = source("kithd/kithd.conf.example.in");
	char *line, *rest, key[64], in_manual[80], in_example[80];
	struct buf help;
	size_t n = 0;

	(void)state;
	buf_init(&help, 64 * 1024);
	kithd_conf_help(&help);
	for (rest = help.data; (line = strsep(&rest, "\n")) != NULL;) {
		if (sscanf(line, "  %60s", key) != 1 || line[0] == '[')
			continue;
		n++;
		snprintf(in_manual, sizeof(in_manual), ".It Cm %s No", key);
		snprintf(in_example, sizeof(in_example), "%s =", key);
		if (strstr(manual, in_manual) == NULL || strstr(example, in_example) == NULL)
			fail_msg("'%s' is missing in the manual or the example", key);
	}
	assert_true(n > 30);
	buf_fini(&help);
	free(manual);
	free(example);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_shortest_file_is_enough),
		cmocka_unit_test(what_is_printed_parses_to_the_same),
		cmocka_unit_test(wrong_settings_are_refused_with_file_and_line),
		cmocka_unit_test(the_manual_and_the_example_name_every_key),
		cmocka_unit_test(limits_can_be_switched_off_for_a_benchmark_but_leases_stay),
	};

	return cmocka_run_group_tests_name("kithd_conf", tests, NULL, NULL);
}
