/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_pairs_test: every tests/policy/NAME.ask gives exactly NAME.ok.  An
 * .ask file holds rules, then "@ ..." lines that set the scene, then "? ..."
 * lines that ask:
 *   @ now 2026-11-21T12:00          @ zone 3600 (seconds east)
 *   @ thing NAME TAG=VALUE ...      @ called ALIAS         @ node ID [SOURCE]
 *   @ in ZONE SECONDS   @ set NAME  @ role NAME            @ token KIND NAME
 *   @ with CREDENTIAL TEXT          @ limits (whoever asks keeps to them)
 *   @ giver JID [ROLE] (his word counts)   @ by JID RULE (his)    @ co RULE (makes a co-owner)
 *   ? ASKER ACTION [NAME[=VALUE],...|-] [KIND,KIND...]
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
#include "common/base/pool.h"
#include "common/base/saying.h"
#include "common/base/str.h"
#include "policy/credential.h"
#include "policy/policy.h"

#define FILE_MAX 65536
#define WORDS 24
#define FACTS 4

struct scene {
	struct policy *policy;
	struct question q;
	struct question_tag tag[WORDS];
	const char *alias[1], *set[FACTS], *role[FACTS], *giver[FACTS];
	const char *giver_role[FACTS];
	struct question_roles giver_roles[FACTS];
	struct subject token[FACTS];
	struct question_zone zone[FACTS];
	struct question_credential credential[FACTS];
	struct limit limit[POLICY_LIMITS];
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

static void set_now(struct scene *s, const char *word[])
{
	struct date d = { 0 };

	assert_int_equal(sscanf(word[1], "%d-%d-%dT%d:%d", &d.year, &d.month, &d.day, &d.hour,
			     &d.minute), 5);
	assert_int_equal(date_to_ms(&d, s->q.zone_s, &s->q.now_ms), 0);
}

static int32_t offset(const char *word)
{
	int64_t seconds;

	assert_int_equal(str_to_int(word, -86400, 86400, &seconds), 0);
	return (int32_t)seconds;
}

static void set_zone(struct scene *s, const char *word[])
{
	s->q.zone_s = offset(word[1]);
}

static void set_in(struct scene *s, const char *word[])
{
	assert_true(s->q.n_zones < FACTS);
	s->zone[s->q.n_zones++] = (struct question_zone){ word[1], offset(word[2]), 0 };
}

static void set_called(struct scene *s, const char *word[])
{
	s->alias[0] = word[1];
	s->q.n_aliases = 1;
}

static void set_thing(struct scene *s, const char *word[])
{
	s->q.thing_name = word[1];
	s->q.node = s->q.source = NULL;
	s->q.n_sets = 0;
	for (s->q.n_tags = 0; word[s->q.n_tags + 2] != NULL; s->q.n_tags++) {
		char *pair = (char *)(uintptr_t)word[s->q.n_tags + 2], *eq = strchr(pair, '=');

		assert_non_null(eq);
		*eq = '\0';
		s->tag[s->q.n_tags] = (struct question_tag){ pair, eq + 1 };
	}
}

static void set_node(struct scene *s, const char *word[])
{
	s->q.node = word[1];
	s->q.source = word[2];
}

static void set_set(struct scene *s, const char *word[])
{
	assert_true(s->q.n_sets < FACTS);
	s->set[s->q.n_sets++] = word[1];
}

static void set_role(struct scene *s, const char *word[])
{
	assert_true(s->q.n_roles < FACTS);
	s->role[s->q.n_roles++] = word[1];
}

static void set_giver(struct scene *s, const char *word[])
{
	assert_true(s->q.n_givers < FACTS);
	if (word[2] != NULL) {		/* and what he is */
		s->giver_role[s->q.n_givers] = word[2];
		s->giver_roles[s->q.n_givers] = (struct question_roles){ 1,
			&s->giver_role[s->q.n_givers] };
	}
	s->giver[s->q.n_givers++] = word[1];
}

static void set_token(struct scene *s, const char *word[])
{
	enum subject_kind kind = strcmp(word[1], "service") == 0 ? SUBJECT_SERVICE :
	    strcmp(word[1], "device") == 0 ? SUBJECT_DEVICE : SUBJECT_USER;

	assert_true(s->q.n_tokens < FACTS);
	s->token[s->q.n_tokens++] = (struct subject){ kind, word[2] };
}

static void set_with(struct scene *s, const char *word[])
{
	enum credential kind;

	assert_true(s->q.n_credentials < FACTS && credential_find(word[1], &kind));
	s->credential[s->q.n_credentials++] = (struct question_credential){ kind, word[2] };
}

static void set_limits(struct scene *s, const char *word[])
{
	(void)word;
	s->q.keeps_limits = true;
}

static const struct { const char *word; void (*set)(struct scene *s, const char *word[]); }
facts[] = {
	{ "now", set_now }, { "zone", set_zone }, { "in", set_in }, { "called", set_called },
	{ "thing", set_thing }, { "node", set_node }, { "set", set_set }, { "role", set_role },
	{ "giver", set_giver }, { "token", set_token }, { "with", set_with },
	{ "limits", set_limits },
};

/* A rule of a co-owner, or one that makes somebody a co-owner. */
static void add_rule(struct scene *s, char *line, const char *giver)
{
	struct pool pool;
	struct rule r;
	struct err e = ERR_INIT;

	pool_init(&pool, FILE_MAX);
	if (policy_parse_line(&r, line, s->q.now_ms, 0, &pool, &e) != 0)
		fail_msg("%s", e.text);
	r.number = (int64_t)policy_count(s->policy) + 1;
	r.giver = giver;
	r.co_owner = giver == NULL;
	if (policy_add(s->policy, &r, &e) != 0)
		fail_msg("%s", e.text);
	pool_fini(&pool);
}

static void set_scene(struct scene *s, char *line)
{
	const char *word[WORDS + 1] = { NULL };

	line += strspn(line, " ");
	if (strncmp(line, "co ", 3) == 0) {
		add_rule(s, line + 3, NULL);
		return;
	}
	if (strncmp(line, "by ", 3) == 0) {
		char *end = strchr(line + 3, ' ');

		assert_non_null(end);
		*end = '\0';
		add_rule(s, end + 1, line + 3);
		return;
	}
	(void)split(line, " ", word);
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		if (strcmp(word[0], facts[i].word) == 0) {
			facts[i].set(s, word);
			return;
		}
	fail_msg("no such fact: %s", word[0]);
}

static unsigned kinds_from(char *text)
{
	const char *word[WORDS];
	size_t n = split(text, ",", word);
	unsigned kinds = 0;

	for (size_t i = 0; i < n; i++)
		for (unsigned k = 0; k < 6; k++)
			if (strcmp(word[i], type_name(1u << k)) == 0)
				kinds |= 1u << k;
	return kinds;
}

static void write_number(struct buf *out, double v)
{
	char text[STR_DOUBLE];

	str_from_double(text, v);
	buf_adds(out, text);
}

static void write_limit(struct buf *out, const struct limit *l)
{
	const struct span *s = &l->span;

	buf_addf(out, " [%s", s->name != NULL ? s->name : "*");
	if (s->text != NULL)
		buf_addf(out, " = %s", s->text);
	if (s->has_min) {
		buf_adds(out, s->min_out ? " > " : " >= ");
		write_number(out, s->min);
	}
	if (s->has_max) {
		buf_adds(out, s->max_out ? " < " : " <= ");
		write_number(out, s->max);
	}
	if (l->rate_n > 0)
		buf_addf(out, " %d in %llds", l->rate_n, (long long)l->rate_ms / 1000);
	buf_addc(out, ']');
}

static void write_answer(struct scene *s, const struct answer *a)
{
	bool all = a->types == (s->q.types != 0 ? s->q.types : TYPE_ALL);
	const char *between = " kinds ";

	buf_adds(&s->out, verdict_name(a->verdict));
	for (size_t i = 0; i < a->n_names; i++)
		buf_addf(&s->out, "%s%s", i == 0 ? " only " : ",", a->names[i]);
	for (unsigned k = 0; k < 6 && !all; k++)
		if ((a->types & 1u << k) != 0) {
			buf_addf(&s->out, "%s%s", between, type_name(1u << k));
			between = ",";
		}
	for (size_t i = 0; i < a->n_limits; i++)
		write_limit(&s->out, &a->limits[i]);
	if (a->touch)
		buf_adds(&s->out, " touch");
	if (a->edge_ms != 0) {
		struct date d = date_from_ms(a->edge_ms, s->q.zone_s);

		buf_addf(&s->out, " until %04d-%02d-%02dT%02d:%02d", d.year, d.month, d.day, d.hour,
		    d.minute);
	}
	if (a->lease_ms != 0)
		buf_addf(&s->out, " lease %llds", (long long)a->lease_ms / 1000);
}

static void ask(struct scene *s, char *line)
{
	const char *word[WORDS + 1] = { NULL }, *name[WORDS], *value[WORDS], *space[WORDS];
	size_t n = split(line, " ", word);
	struct answer a;
	struct buf why;

	assert_true(n >= 2 && action_find(word[1], &s->q.action));
	s->q.asker = word[0];
	s->q.names = name;
	s->q.values = NULL;
	s->q.n_names = n > 2 && strcmp(word[2], "-") != 0
	    ? split((char *)(uintptr_t)word[2], ",", name) : 0;
	for (size_t i = 0; i < s->q.n_names; i++) {
		char *eq = strchr(name[i], '=');

		value[i] = eq != NULL ? eq + 1 : NULL;
		if (eq != NULL) {
			*eq = '\0';
			s->q.values = value;
		}
	}
	s->q.types = n > 3 ? kinds_from((char *)(uintptr_t)word[3]) : 0;
	policy_decide(s->policy, &s->q, &(struct answer_space){ .n_names = WORDS, .names = space,
		.n_limits = POLICY_LIMITS, .limits = s->limit }, &a);
	write_answer(s, &a);
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
	s.q.tags = s.tag;
	s.q.aliases = s.alias;
	s.q.sets = s.set;
	s.q.roles = s.role;
	s.q.givers = s.giver;
	s.q.giver_roles = s.giver_roles;
	s.q.tokens = s.token;
	s.q.zones = s.zone;
	s.q.credentials = s.credential;
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
