/* SPDX-License-Identifier: Apache-2.0 */
/* thing_set_test: named lists of things: replace, drop, limits, rollback, restart. */
#include "config.h"

#include "tests/unit/store_support.h"

#include "common/store/thing_set.h"

struct world {
	struct store *s;
	struct thing_sets *t;
};

static const uint8_t three[3][16] = { { 1 }, { 2 }, { 3 } };

static void world_open(struct world *w, const char *url)
{
	w->s = open_store(url);
	MUST(thing_sets_open(&w->t, w->s, &test_err));
}

static void world_close(struct world *w)
{
	thing_sets_close(&w->t);
	store_close(&w->s);
}

static int put(struct world *w, const char *owner, const char *name, const uint8_t (*thing)[16],
    size_t n)
{
	struct thing_set want = { .owner = owner, .name = name, .n = n, .thing = thing };
	int rc;

	MUST(store_begin(w->s, &test_err));
	rc = thing_set_put(w->t, &want, &test_err);
	MUST(store_commit(w->s, &test_err));
	return rc;
}

static void drop(struct world *w, const char *owner, const uint8_t *thing)
{
	MUST(store_begin(w->s, &test_err));
	MUST(thing_set_drop(w->t, owner, thing, &test_err));
	MUST(store_commit(w->s, &test_err));
}

static size_t count(const struct world *w, const char *owner)
{
	const struct thing_set *s = NULL;
	size_t n = 0;

	while ((s = thing_set_next(w->t, owner, s)) != NULL)
		n++;
	return n;
}

static void sets_survive_a_restart_and_are_found_without_case(void **state)
{
	struct place where;
	struct world w;
	const struct thing_set *s;

	(void)state;
	place_make(&where);
	world_open(&w, where.url);
	put(&w, "a@x", "Garden", three, 3);
	put(&w, "a@x", "attic", three, 1);
	put(&w, "b@x", "garden", three + 1, 1);
	put(&w, "a@x", "GARDEN", three + 1, 2);
	world_close(&w);
	world_open(&w, where.url);
	assert_int_equal(count(&w, "a@x"), 2);
	assert_int_equal(count(&w, "b@x"), 1);
	assert_int_equal(count(&w, "c@x"), 0);
	s = thing_set_find(w.t, "a@x", "garden");
	assert_non_null(s);
	assert_int_equal(s->n, 2);
	assert_true(thing_set_has(s, three[2]));
	assert_false(thing_set_has(s, three[0]));
	assert_null(thing_set_find(w.t, "a@x", "cellar"));
	world_close(&w);
	place_remove(&where);
}

static void a_thing_that_leaves_is_in_no_set_of_that_owner(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	put(&w, "a@x", "one", three, 1);
	put(&w, "a@x", "two", three, 2);
	put(&w, "a@x", "three", three, 3);
	put(&w, "a@x", "none", three + 1, 1);
	put(&w, "b@x", "other", three, 1);
	drop(&w, "a@x", three[0]);
	assert_null(thing_set_find(w.t, "a@x", "one"));
	assert_int_equal(thing_set_find(w.t, "a@x", "two")->n, 1);
	assert_int_equal(thing_set_find(w.t, "a@x", "three")->n, 2);
	assert_int_equal(thing_set_find(w.t, "a@x", "none")->n, 1);
	assert_int_equal(thing_set_find(w.t, "b@x", "other")->n, 1);
	assert_int_equal(count(&w, "a@x"), 3);
	world_close(&w);
}

static void an_empty_set_is_none(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	put(&w, "a@x", "one", three, 1);
	put(&w, "a@x", "two", three, 1);
	assert_int_equal(put(&w, "a@x", "ONE", NULL, 0), 0);
	assert_int_equal(put(&w, "a@x", "never", NULL, 0), 0);
	assert_null(thing_set_find(w.t, "a@x", "one"));
	put(&w, "a@x", "two", NULL, 0);
	assert_int_equal(count(&w, "a@x"), 0);
	world_close(&w);
}

static void a_rollback_undoes_the_memory(void **state)
{
	struct world w;
	struct thing_set want = { .owner = "a@x", .name = "one", .n = 2, .thing = three };

	(void)state;
	world_open(&w, "sqlite::memory:");
	put(&w, "a@x", "one", three, 1);
	put(&w, "a@x", "two", three, 3);
	MUST(store_begin(w.s, &test_err));
	MUST(thing_set_put(w.t, &want, &test_err));
	want.name = "new";
	MUST(thing_set_put(w.t, &want, &test_err));
	MUST(thing_set_drop(w.t, "a@x", three[0], &test_err));
	MUST(thing_set_drop(w.t, "a@x", three[1], &test_err));
	assert_int_equal(count(&w, "a@x"), 1);
	store_rollback(w.s);
	assert_int_equal(count(&w, "a@x"), 2);
	assert_int_equal(thing_set_find(w.t, "a@x", "one")->n, 1);
	assert_int_equal(thing_set_find(w.t, "a@x", "two")->n, 3);
	assert_null(thing_set_find(w.t, "a@x", "new"));
	world_close(&w);
}

static void one_owner_has_a_hundred_sets_of_a_thousand_things(void **state)
{
	uint8_t (*many)[16] = calloc(THING_SET_THINGS + 1, 16);
	const uint8_t (*all)[16] = (const uint8_t (*)[16])many;
	struct world w;
	char name[16];

	(void)state;
	assert_non_null(many);
	world_open(&w, "sqlite::memory:");
	assert_int_equal(put(&w, "a@x", "big", all, THING_SET_THINGS), 0);
	assert_int_equal(put(&w, "a@x", "big", all, THING_SET_THINGS + 1), -1);
	assert_int_equal(test_err.kind, ERR_LIMIT);
	for (int i = 1; i < THING_SETS_PER_OWNER; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		assert_int_equal(put(&w, "a@x", name, all, 1), 0);
	}
	assert_int_equal(put(&w, "a@x", "one more", all, 1), -1);
	assert_int_equal(test_err.kind, ERR_LIMIT);
	assert_int_equal(put(&w, "a@x", "big", all, 1), 0);
	assert_int_equal(put(&w, "b@x", "one more", all, 1), 0);
	world_close(&w);
	free(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_survive_a_restart_and_are_found_without_case),
		cmocka_unit_test(a_thing_that_leaves_is_in_no_set_of_that_owner),
		cmocka_unit_test(an_empty_set_is_none),
		cmocka_unit_test(a_rollback_undoes_the_memory),
		cmocka_unit_test(one_owner_has_a_hundred_sets_of_a_thousand_things),
	};

	return cmocka_run_group_tests_name("thing_set", tests, NULL, NULL);
}
