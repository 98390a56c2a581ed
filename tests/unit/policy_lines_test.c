/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_lines_test: every line of tests/policy/NAME.lines gives exactly the line
 * of NAME.told: the canonical rule, or behind "! " what whoever typed it is told.
 * '#' begins a comment in both.  It is Saturday, 2026-11-21, 13:00 in Berlin.
 * With KITH_REWRITE set in the environment the .told files are written anew.
 */
#include "config.h"

#include "tests/unit/unit.h"

#include <glob.h>

#include "common/base/buf.h"
#include "common/base/pool.h"
#include "common/base/str.h"
#include "policy/policy.h"

#define NOON 1795262400000LL	/* 2026-11-21T12:00 UTC */
#define BERLIN 3600
#define FILE_MAX (256 * 1024)

static void read_file(struct buf *out, const char *path)
{
	FILE *f = fopen(path, "r");
	char bytes[4096];
	size_t n;

	buf_init(out, FILE_MAX);
	while (f != NULL && (n = fread(bytes, 1, sizeof(bytes), f)) > 0)
		buf_add(out, bytes, n);
	assert_true(buf_ok(out));
	if (f != NULL)
		fclose(f);
}

static void told(struct buf *out, const char *line)
{
	struct err e = ERR_INIT;
	struct pool pool;
	struct rule r;

	pool_init(&pool, 256 * 1024);
	if (line[0] == '#' || line[0] == '\0') {
		buf_adds(out, line);
	} else if (policy_parse_line(&r, line, NOON, BERLIN, &pool, &e) == 0) {
		assert_true(rule_is_sound(&r));
		policy_print(out, &r, BERLIN);
	} else {
		assert_true(strlen(e.text) < ERR_TEXT - 1);	/* nothing was cut off */
		buf_addf(out, "! %s", e.text);
	}
	buf_addc(out, '\n');
	pool_fini(&pool);
}

static void every_line_is_told(void **state)
{
	const char *path = *state;
	struct buf text, out, want;
	char *told_path = strdup(path), *rest = NULL;

	memcpy(strrchr(told_path, '.'), ".told", 6);
	read_file(&text, path);
	buf_init(&out, FILE_MAX);
	for (char *line = strtok_r(text.data, "\n", &rest); line != NULL;
	    line = strtok_r(NULL, "\n", &rest))
		told(&out, line);
	assert_true(buf_ok(&out));
	if (getenv("KITH_REWRITE") != NULL) {
		FILE *f = fopen(told_path, "w");

		assert_non_null(f);
		assert_true(fputs(buf_str(&out), f) >= 0);
		assert_int_equal(fclose(f), 0);
	}
	read_file(&want, told_path);
	assert_string_equal(buf_str(&out), buf_str(&want));
	buf_fini(&text);
	buf_fini(&out);
	buf_fini(&want);
	free(told_path);
}

/* "allow bob@b ..." with the words in capitals that stand for something. */
static bool is_example(const char *line)
{
	static const char *const begins[] = { "allow ", "deny ", "ask about ", "touch for " };

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (str_starts(line, begins[i]))
			return strstr(line, "SUBJECT") == NULL;
	return false;
}

/* In policy.5 mistakes are shown, too, under a heading of their own. */
static void every_example_of_the_manuals_is_a_rule(void **state)
{
	static const char *const manuals[] = { "policy.5", "OWNERS.md" };
	const char *top = getenv("top_srcdir");

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char path[4096], *rest = NULL;
		bool mistakes = false;
		struct buf text, out;
		int examples = 0;

		(void)snprintf(path, sizeof(path), "%s/docs/%s", top != NULL ? top : ".", manuals[i]);
		read_file(&text, path);
		buf_init(&out, FILE_MAX);
		for (char *line = strtok_r(text.data, "\n", &rest); line != NULL;
		    line = strtok_r(NULL, "\n", &rest)) {
			mistakes = strcmp(line, ".Sh DIAGNOSTICS") == 0 ||
			    (mistakes && !str_starts(line, ".Sh "));
			if (!is_example(line))
				continue;
			buf_reset(&out);
			told(&out, line);
			if (str_starts(buf_str(&out), "! ") != mistakes)
				fail_msg("%s: %s", line, buf_str(&out));
			examples++;
		}
		assert_in_range(examples, 14, 100);
		buf_fini(&text);
		buf_fini(&out);
	}
}

int main(void)
{
	const char *top = getenv("top_srcdir");
	char pattern[4096];
	struct CMUnitTest *tests;
	glob_t found;
	int failed;

	(void)snprintf(pattern, sizeof(pattern), "%s/tests/policy/*.lines", top != NULL ? top : ".");
	if (glob(pattern, 0, NULL, &found) != 0) {
		printf("Bail out! no files like %s\n", pattern);
		return 1;
	}
	tests = calloc(found.gl_pathc + 1, sizeof(*tests));
	for (size_t i = 0; i < found.gl_pathc; i++)
		tests[i] = (struct CMUnitTest){ .name = strrchr(found.gl_pathv[i], '/') + 1,
			.test_func = every_line_is_told, .initial_state = found.gl_pathv[i] };
	tests[found.gl_pathc] = (struct CMUnitTest)cmocka_unit_test(
	    every_example_of_the_manuals_is_a_rule);
	failed = _cmocka_run_group_tests("policy lines", tests, found.gl_pathc + 1, NULL, NULL);
	free(tests);
	globfree(&found);
	return failed;
}
