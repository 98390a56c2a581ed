/* SPDX-License-Identifier: Apache-2.0 */
/*
 * access_store_test: rules and questions of every kind (tests/policy/whole.lines)
 * come back from the store as they went in, whatever the owner's zone was when he
 * typed them.  What is decided from them is in provisioning_test.c.
 */
#include "config.h"

#include "provisioning/access_store.h"

#include "common/base/buf.h"
#include "common/base/pool.h"
#include "tests/unit/store_support.h"

#define OWNER "olga@x.ex"
#define NOON 1795262400000LL	/* 2026-11-21T12:00 UTC */
#define BERLIN 3600
#define FILE_MAX (256 * 1024)
#define RULES 256

struct typed {
	struct pool pool;
	size_t n;
	struct rule rule[RULES];
};

static struct clock_fake hands = { .wall = NOON };
static struct clock clock;

static void bind_thing(struct rule *r, uint8_t i)
{
	if (r->target.kind != TARGET_THING)
		return;
	r->target.bound = true;
	memset(r->target.id, i + 1, sizeof(r->target.id));
	r->target.epoch = i + 1u;
}

static void type_all(struct typed *t)
{
	const char *top = getenv("top_srcdir");
	static char text[FILE_MAX];
	char path[4096], *rest = NULL;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/tests/policy/whole.lines", top != NULL ? top : ".");
	f = fopen(path, "r");
	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	pool_init(&t->pool, FILE_MAX);
	t->n = 0;
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	    line = strtok_r(NULL, "\n", &rest)) {
		if (line[0] == '#')
			continue;
		assert_true(t->n < RULES);
		MUST(policy_parse_line(&t->rule[t->n], line, NOON, BERLIN, &t->pool, &test_err));
		bind_thing(&t->rule[t->n], (uint8_t)t->n);
		t->n++;
	}
	assert_true(t->n > 100);
}

static struct access_store *open_access(struct store *s)
{
	struct access_store *a = NULL;

	clock = clock_from_fake(&hands);
	MUST(access_store_open(&a, s, &clock, &test_err));
	return a;
}

static void expect_same(const struct rule *a, const struct rule *b)
{
	struct buf line;

	buf_init(&line, POLICY_LINE);
	policy_print(&line, a, BERLIN);
	if (!rule_equal(a, b) || a->target.bound != b->target.bound ||
	    memcmp(a->target.id, b->target.id, sizeof(a->target.id)) != 0 ||
	    a->target.epoch != b->target.epoch)
		fail_msg("lost: %s", buf_str(&line));
	buf_fini(&line);
}

static void every_kind_of_rule_comes_back_from_the_store__issue_4(void **state)
{
	static struct typed t;
	const struct book *book = NULL;
	struct access_store *a;
	struct place place;
	struct store *s;
	int64_t number;

	(void)state;
	type_all(&t);
	place_make(&place);
	s = open_store(place.url);
	a = open_access(s);
	MUST(store_begin(s, &test_err));
	for (size_t i = 0; i < t.n; i++) {
		MUST(access_rule_add(a, OWNER, &t.rule[i], 1, &number, &test_err));
		assert_int_equal(number, i + 1);
	}
	MUST(store_commit(s, &test_err));
	access_store_close(&a);
	store_close(&s);

	s = open_store(place.url);
	a = open_access(s);
	MUST(access_book(a, OWNER, &book, &test_err));
	assert_non_null(book);
	assert_int_equal(policy_count(book->rules), t.n);
	for (size_t i = 0; i < t.n; i++)
		expect_same(&t.rule[i], policy_at(book->rules, i));
	access_store_close(&a);
	store_close(&s);
	place_remove(&place);
	pool_fini(&t.pool);
}

/* Those that can be a question: asked about one who has a name, of a thing. */
static bool is_question(const struct rule *r)
{
	return r->target.kind == TARGET_THING && r->subject.kind == SUBJECT_JID &&
	       r->verdict == VERDICT_ALLOW && r->rate_n == 0 && r->lease_ms == 0;
}

static void every_kind_of_question_comes_back_from_the_store(void **state)
{
	static struct typed t;
	struct access_store *a;
	struct place place;
	struct store *s;
	size_t asked = 0;

	(void)state;
	type_all(&t);
	place_make(&place);
	s = open_store(place.url);
	a = open_access(s);
	MUST(store_begin(s, &test_err));
	for (size_t i = 0; i < t.n; i++) {
		struct question_row row = { .owner = OWNER, .rule = t.rule[i], .asked_ms = NOON };

		if (!is_question(&t.rule[i]))
			continue;
		row.rule.verdict = VERDICT_ASK;
		(void)snprintf(row.key, sizeof(row.key), "%032zx", i);
		MUST(access_question_put(a, &row, &test_err));
		asked++;
	}
	MUST(store_commit(s, &test_err));
	access_store_close(&a);
	store_close(&s);
	assert_true(asked > 20);

	s = open_store(place.url);
	a = open_access(s);
	for (size_t i = 0; i < t.n; i++) {
		const struct question_row *row = NULL;
		char key[QUESTION_KEY];

		if (!is_question(&t.rule[i]))
			continue;
		(void)snprintf(key, sizeof(key), "%032zx", i);
		assert_int_equal(access_question_find(a, key, &row, &test_err), 1);
		t.rule[i].verdict = VERDICT_ASK;
		expect_same(&t.rule[i], &row->rule);
	}
	access_store_close(&a);
	store_close(&s);
	place_remove(&place);
	pool_fini(&t.pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_rule_comes_back_from_the_store__issue_4),
		cmocka_unit_test(every_kind_of_question_comes_back_from_the_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
