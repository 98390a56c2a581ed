/* SPDX-License-Identifier: Apache-2.0 */
/*
 * privilege_test: the list that a service downloads says the same as hasPrivilege,
 * id by id, by the sequential reading of XEP-0324 (ATTACKS P-19).
 */
#include "config.h"

#include "tests/unit/unit.h"

#include "common/base/pool.h"
#include "policy/policy.h"
#include "provisioning/privilege.h"

#define NAMES 40

static const char *random_id(struct unit_random *rnd, struct pool *pool, size_t most)
{
	static const char *const parts[] = { "A", "B", "Ab", "A-", "A!" };
	char text[64] = "";
	size_t n = 1 + unit_random_below(rnd, most);

	for (size_t i = 0; i < n; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
		    i > 0 ? "." : "", parts[unit_random_below(rnd, 5)]);
	return pool_strdup(pool, text);
}

static bool stands_for(const char *line, const char *id)
{
	size_t len = strlen(line);

	return strncmp(line, id, len) == 0 && (id[len] == '\0' || id[len] == '.');
}

/* As the XEP says, what a service does with the list. */
static bool by_list(const struct reply_service *s, const char *id)
{
	for (size_t i = 0; i < s->n; i++)
		if (stands_for(s->privilege[i].id, id))
			return s->privilege[i].include;
	return false;
}

struct asker {
	const struct policy *rules;
	size_t asked;
};

static int by_policy(void *arg, const char *id, struct err *e)
{
	struct asker *a = arg;
	const char *space[1];
	const struct question q = { .action = ACTION_PRIVILEGE, .asker = "bob@b.example",
		.thing_name = "portal", .names = &id, .n_names = 1, .now_ms = 1 };
	struct answer out;

	(void)e;
	a->asked++;
	policy_decide(a->rules, &q, &(struct answer_space){ .n_names = 1, .names = space }, &out);
	return out.verdict == VERDICT_ALLOW;
}

struct world {
	struct pool pool;
	struct policy *rules;
	size_t n;
	const char *name[NAMES];
};

/* `narrow`: only allows and denies, as most people write them. */
static void make(struct world *w, struct unit_random *rnd, bool narrow)
{
	static const char *const who[] = { "bob@b.example", "*@b.example", "anyone" };
	static const char *const verdict[] = { "allow", "deny", "ask about" };
	size_t rules = unit_random_below(rnd, 10);
	struct err e = ERR_INIT;

	pool_init(&w->pool, 1024 * 1024);
	w->rules = policy_new();
	w->n = 0;
	assert_non_null(w->rules);
	for (size_t i = 0; i < rules; i++) {
		const char *a = random_id(rnd, &w->pool, 4), *b = random_id(rnd, &w->pool, 4);
		size_t v = unit_random_below(rnd, narrow ? 2 : 3);
		char line[256];
		struct rule r;

		(void)snprintf(line, sizeof(line), "%s %s to use \"%s\", \"%s\" of portal",
		    verdict[v], who[unit_random_below(rnd, 3)], a, b);
		if (v == 2)
			(void)snprintf(line, sizeof(line), "ask about %s using \"%s\", \"%s\" of portal",
			    who[unit_random_below(rnd, 3)], a, b);
		if (strcmp(a, b) == 0)
			continue;
		if (policy_parse_line(&r, line, 1, 0, &w->pool, &e) != 0)
			fail_msg("%s: %s", line, e.text);
		r.number = (int64_t)i + 1;
		assert_int_equal(policy_add(w->rules, &r, &e), 0);
		w->name[w->n++] = a;
		w->name[w->n++] = b;
	}
}

static void unmake(struct world *w)
{
	policy_free(&w->rules);
	pool_fini(&w->pool);
}

static bool begins_with_a_name(const struct world *w, const char *id)
{
	for (size_t i = 0; i < w->n; i++)
		if (stands_for(w->name[i], id))
			return true;
	return false;
}

static void att_P_19__the_list_says_what_each_question_would(void **state)
{
	struct unit_random rnd = unit_random_start();

	(void)state;
	for (size_t round = 0; round < unit_rounds(2000); round++) {
		struct reply_service list = { 0 };
		struct asker a = { 0 };
		struct err e = ERR_INIT;
		struct world w;

		make(&w, &rnd, round % 2 == 0);
		a.rules = w.rules;
		assert_int_equal(privilege_list(w.name, w.n, by_policy, &a, &w.pool, &list, &e), 0);
		assert_true(a.asked <= w.n);
		for (int k = 0; k < 50; k++) {
			const char *id = random_id(&rnd, &w.pool, 6);
			bool said = by_list(&list, id);

			if (said != (by_policy(&a, id, &e) == 1))
				fail_msg("round %zu: '%s' is %d in the list", round, id, said);
			if (!begins_with_a_name(&w, id))
				assert_false(said);
		}
		unmake(&w);
	}
}

static void where_only_denies_take_away_excludes_come_first(void **state)
{
	struct unit_random rnd = unit_random_start();

	(void)state;
	for (size_t round = 0; round < unit_rounds(500); round++) {
		struct reply_service list = { 0 };
		struct asker a = { 0 };
		struct err e = ERR_INIT;
		bool included = false;
		struct world w;

		make(&w, &rnd, true);
		a.rules = w.rules;
		assert_int_equal(privilege_list(w.name, w.n, by_policy, &a, &w.pool, &list, &e), 0);
		for (size_t i = 0; i < list.n; i++) {
			assert_false(included && !list.privilege[i].include);
			included = included || list.privilege[i].include;
		}
		unmake(&w);
	}
}

/* The example of the XEP. */
static void the_example_of_the_specification_comes_out(void **state)
{
	static const char text[] =
		"allow anyone to use \"Databases.Energy\" of portal\n"
		"deny anyone to use \"Databases.Energy.Delete\" of portal\n";
	static const char *const names[] = { "Databases.Energy", "Databases.Energy.Delete" };
	struct reply_service list;
	struct policy *rules = policy_new();
	struct asker a = { .rules = rules };
	struct err e = ERR_INIT;
	struct pool pool;

	(void)state;
	pool_init(&pool, 64 * 1024);
	assert_int_equal(policy_parse_text(rules, text, 1, 0, &e), 0);
	assert_int_equal(privilege_list(names, 2, by_policy, &a, &pool, &list, &e), 0);
	assert_int_equal(list.n, 2);
	assert_false(list.privilege[0].include);
	assert_string_equal(list.privilege[0].id, "Databases.Energy.Delete");
	assert_true(list.privilege[1].include);
	assert_string_equal(list.privilege[1].id, "Databases.Energy");
	policy_free(&rules);
	pool_fini(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(att_P_19__the_list_says_what_each_question_would),
		cmocka_unit_test(where_only_denies_take_away_excludes_come_first),
		cmocka_unit_test(the_example_of_the_specification_comes_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
