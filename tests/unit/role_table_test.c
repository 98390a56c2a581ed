/* SPDX-License-Identifier: Apache-2.0 */
/* role_table_test: who has which role: rows, restart, rollback, limits. */
#include "config.h"

#include "tests/unit/store_support.h"

#include "provisioning/role_table.h"

struct world {
	struct place where;
	struct store *s;
	struct role_table *t;
};

static void world_up(struct world *w)
{
	w->s = open_store(w->where.url);
	MUST(role_table_open(&w->t, w->s, &test_err));
}

static void world_down(struct world *w)
{
	role_table_close(&w->t);
	store_close(&w->s);
}

static void world_open(struct world *w)
{
	place_make(&w->where);
	world_up(w);
}

static void world_close(struct world *w)
{
	world_down(w);
	place_remove(&w->where);
}

static int change(struct world *w, bool add, const char *jid, const char *name)
{
	struct err e = ERR_INIT;
	int rc;

	MUST(store_begin(w->s, &test_err));
	rc = add ? role_table_add(w->t, jid, name, &e) : role_table_remove(w->t, jid, name, &e);
	MUST(store_commit(w->s, &test_err));
	return rc;
}

static void roles_are_kept_per_person_over_a_restart(void **state)
{
	const char *const *role;
	struct world w;
	size_t n;

	(void)state;
	world_open(&w);
	assert_int_equal(change(&w, true, "bob@x", "family"), 1);
	assert_int_equal(change(&w, true, "bob@x", "cook"), 1);
	assert_int_equal(change(&w, true, "bob@x", "cook"), 0);
	assert_int_equal(change(&w, true, "carol@x", "family"), 1);
	world_down(&w);
	world_up(&w);
	role = role_table_of(w.t, "bob@x", &n);
	assert_int_equal(n, 2);
	assert_string_equal(role[0], "family");
	assert_string_equal(role[1], "cook");
	assert_true(role_table_has(w.t, "carol@x", "family"));
	assert_false(role_table_has(w.t, "carol@x", "cook"));
	assert_null(role_table_of(w.t, "dave@x", &n));
	assert_int_equal(n, 0);
	assert_non_null(role_table_at(w.t, 1));
	assert_null(role_table_at(w.t, 2));
	world_close(&w);
}

static void a_role_ends_and_with_the_last_one_the_person(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	assert_int_equal(change(&w, true, "bob@x", "family"), 1);
	assert_int_equal(change(&w, true, "bob@x", "cook"), 1);
	assert_int_equal(change(&w, false, "bob@x", "family"), 1);
	assert_int_equal(change(&w, false, "bob@x", "family"), 0);
	assert_false(role_table_has(w.t, "bob@x", "family"));
	assert_true(role_table_has(w.t, "bob@x", "cook"));
	assert_int_equal(change(&w, false, "bob@x", "cook"), 1);
	assert_null(role_table_at(w.t, 0));
	world_down(&w);
	world_up(&w);
	assert_null(role_table_at(w.t, 0));
	world_close(&w);
}

static void a_rollback_undoes_all_of_a_turn(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	assert_int_equal(change(&w, true, "bob@x", "family"), 1);
	assert_int_equal(change(&w, true, "carol@x", "cook"), 1);
	MUST(store_begin(w.s, &test_err));
	assert_int_equal(role_table_remove(w.t, "bob@x", "family", &test_err), 1);
	assert_int_equal(role_table_add(w.t, "bob@x", "cleaner", &test_err), 1);
	assert_int_equal(role_table_add(w.t, "dave@x", "cleaner", &test_err), 1);
	store_rollback(w.s);
	assert_true(role_table_has(w.t, "bob@x", "family"));
	assert_false(role_table_has(w.t, "bob@x", "cleaner"));
	assert_true(role_table_has(w.t, "carol@x", "cook"));
	assert_null(role_table_at(w.t, 2));
	world_close(&w);
}

static void names_and_numbers_of_roles_are_bounded(void **state)
{
	static const char *const bad[] = { "", "Family", "two words", "1st", "a@b", "\xc3\xa4" };
	char name[ROLE_NAME + 2];
	struct world w;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(change(&w, true, "bob@x", bad[i]), -1);
	memset(name, 'a', sizeof(name));
	name[ROLE_NAME + 1] = '\0';
	assert_int_equal(change(&w, true, "bob@x", name), -1);
	for (int i = 0; i < POLICY_ROLES; i++) {
		name[ROLE_NAME] = '\0';
		name[ROLE_NAME - 1] = (char)('a' + i);
		assert_int_equal(change(&w, true, "bob@x", name), 1);
	}
	assert_int_equal(change(&w, true, "bob@x", "family"), -1);
	world_down(&w);
	world_up(&w);
	assert_true(role_table_has(w.t, "bob@x", name));
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roles_are_kept_per_person_over_a_restart),
		cmocka_unit_test(a_role_ends_and_with_the_last_one_the_person),
		cmocka_unit_test(a_rollback_undoes_all_of_a_turn),
		cmocka_unit_test(names_and_numbers_of_roles_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
