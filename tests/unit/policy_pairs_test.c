/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_pairs_test: every tests/policy/NAME.ask gives exactly NAME.ok.  An
 * .ask file holds rules, then "@ ..." lines that set the scene, then "? ..."
 * lines that ask:
 *   @ now 2026-11-21T12:00          @ zone 3600 (seconds east)
 *   @ thing NAME TAG=VALUE ...      @ called ALIAS
 *   ? ASKER ACTION [NAME,NAME...]
 * With KITH_REWRITE set in the environment the .ok files are written anew.
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
#include <glob.h>

#include "common/base/buf.h"
#include "common/base/saying.h"
#include "common/base/str.h"
#include "policy/policy.h"

#define FILE_MAX 65536
#define WORDS 24

struct scene {
	struct policy *policy;
	struct question q;
	struct question_tag tag[WORDS];
	const char *alias[1];
	struct buf out;
};

static char *read_file(const char *path)
{
	char *text = calloc(1, FILE_MAX);
	FILE *f = fopen(path, "r");

	if (f != NULL && fread(text, 1, FILE_MAX - 1, f) == 0)
		text[0] = '\0';
	if (f != NULL)
		fclose(f);
	return text;
}

static size_t split(char *line, const char *stops, const char *word[WORDS])
{
	size_t n = 0;
	char *rest = NULL;

	for (char *w = strtok_r(line, stops, &rest); w != NULL && n < WORDS;
	    w = strtok_r(NULL, stops, &rest))
		word[n++] = w;
	return n;
}

static void set_scene(struct scene *s, char *line)
{
	const char *word[WORDS];
	size_t n = split(line, " ", word);
	struct date d = { 0 };
	int64_t zone;

	assert_true(n >= 2);
	if (strcmp(word[0], "now") == 0) {
		assert_int_equal(sscanf(word[1], "%d-%d-%dT%d:%d", &d.year, &d.month, &d.day,
				     &d.hour, &d.minute), 5);
		assert_int_equal(date_to_ms(&d, s->q.zone_s, &s->q.now_ms), 0);
	} else if (strcmp(word[0], "zone") == 0) {
		assert_int_equal(str_to_int(word[1], -86400, 86400, &zone), 0);
		s->q.zone_s = (int32_t)zone;
	} else if (strcmp(word[0], "called") == 0) {
		s->alias[0] = word[1];
		s->q.aliases = s->alias;
		s->q.n_aliases = 1;
	} else {
		assert_string_equal(word[0], "thing");
		s->q.thing_name = word[1];
		s->q.tags = s->tag;
		for (s->q.n_tags = 0; s->q.n_tags + 2 < n; s->q.n_tags++) {
			char *pair = (char *)(uintptr_t)word[s->q.n_tags + 2], *eq = strchr(pair, '=');

			assert_non_null(eq);
			*eq = '\0';
			s->tag[s->q.n_tags] = (struct question_tag){ pair, eq + 1 };
		}
	}
}

static void ask(struct scene *s, char *line)
{
	const char *word[WORDS], *name[WORDS], *space[WORDS];
	size_t n = split(line, " ", word);
	struct answer a;
	struct buf why;

	assert_true(n >= 2 && action_find(word[1], &s->q.action));
	s->q.asker = word[0];
	s->q.names = name;
	s->q.n_names = n > 2 ? split((char *)(uintptr_t)word[2], ",", name) : 0;
	policy_decide(s->policy, &s->q, &(struct answer_space){ .n_names = WORDS, .names = space },
	    &a);
	buf_adds(&s->out, verdict_name(a.verdict));
	for (size_t i = 0; i < a.n_names; i++)
		buf_addf(&s->out, "%s%s", i == 0 ? " only " : ",", a.names[i]);
	if (a.edge_ms != 0) {
		struct date d = date_from_ms(a.edge_ms, s->q.zone_s);

		buf_addf(&s->out, " until %04d-%02d-%02dT%02d:%02d", d.year, d.month, d.day, d.hour,
		    d.minute);
	}
	if (a.lease_ms != 0)
		buf_addf(&s->out, " lease %llds", (long long)a.lease_ms / 1000);
	buf_adds(&s->out, ": ");
	buf_init(&why, 64 * 1024);
	policy_explain(&why, &s->q, &a, s->q.zone_s);
	saying_words(&s->out, buf_str(&why), NULL, NULL);
	buf_fini(&why);
	buf_addc(&s->out, '\n');
}

/* Rules come first; the scene's zone is UTC for them. */
static void run_text(struct scene *s, char *text)
{
	char *rest = NULL, *body = text;
	struct err e = ERR_INIT;

	while (*body != '\0' && *body != '@' && *body != '?') {
		body += strcspn(body, "\n");
		body += *body == '\n';
	}
	if (body > text) {
		char *rules = strndup(text, (size_t)(body - text));

		if (policy_parse_text(s->policy, rules, 0, 0, &e) != 0)
			fail_msg("%s", e.text);
		free(rules);
	}
	for (char *line = strtok_r(body, "\n", &rest); line != NULL;
	    line = strtok_r(NULL, "\n", &rest)) {
		if (line[0] == '@')
			set_scene(s, line + 1);
		else if (line[0] == '?')
			ask(s, line + 1);
		else if (line[0] != '#')
			fail_msg("neither @ nor ?: %s", line);
	}
}

static void compare(const char *path, const char *got)
{
	char *ok_path = strdup(path), *want;

	memcpy(ok_path + strlen(ok_path) - 4, ".ok", 4);
	if (getenv("KITH_REWRITE") != NULL) {
		FILE *f = fopen(ok_path, "w");

		assert_non_null(f);
		assert_true(fputs(got, f) >= 0);
		assert_int_equal(fclose(f), 0);
	}
	want = read_file(ok_path);
	assert_string_equal(got, want);
	free(want);
	free(ok_path);
}

static void pair(void **state)
{
	const char *path = *state;
	char *text = read_file(path);
	struct scene s = { 0 };

	s.policy = policy_new();
	buf_init(&s.out, FILE_MAX);
	s.q.now_ms = 1795262400000LL;
	run_text(&s, text);
	compare(path, buf_str(&s.out));
	buf_fini(&s.out);
	policy_free(&s.policy);
	free(text);
}

int main(void)
{
	const char *top = getenv("top_srcdir");
	char pattern[4096];
	struct CMUnitTest *tests;
	glob_t found;
	int failed;

	(void)snprintf(pattern, sizeof(pattern), "%s/tests/policy/*.ask", top != NULL ? top : ".");
	if (glob(pattern, 0, NULL, &found) != 0) {
		printf("Bail out! no files like %s\n", pattern);
		return 1;
	}
	tests = calloc(found.gl_pathc, sizeof(*tests));
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *slash = strrchr(found.gl_pathv[i], '/');

		tests[i] = (struct CMUnitTest){ .name = slash + 1, .test_func = pair,
			.initial_state = found.gl_pathv[i] };
	}
	failed = _cmocka_run_group_tests("policy pairs", tests, found.gl_pathc, NULL, NULL);
	free(tests);
	globfree(&found);
	return failed;
}
