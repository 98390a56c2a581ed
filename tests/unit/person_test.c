/* SPDX-License-Identifier: Apache-2.0 */
/* person_test: settings and account state follow their row: restart, rollback. */
#include "config.h"

#include "tests/unit/store_support.h"

#include "common/store/person.h"

struct world {
	struct store *s;
	struct persons *p;
};

static void world_open(struct world *w, const char *url)
{
	w->s = open_store(url);
	MUST(persons_open(&w->p, w->s, &test_err));
}

static void world_close(struct world *w)
{
	persons_close(&w->p);
	store_close(&w->s);
}

static void put(struct world *w, const struct person *p)
{
	MUST(store_begin(w->s, &test_err));
	MUST(person_put(w->p, p, &test_err));
	MUST(store_commit(w->s, &test_err));
}

static struct person somebody(const char *jid)
{
	struct person p = { .jid = jid, .lang = "de", .zone = "Europe/Berlin",
		.mute_until_ms = 5000, .digest = true, .doubt = DOUBT_AWAY, .has_code = true,
		.heir = "heir@x", .heir_until_ms = 7000, .undo = "forget 3\nname lamp x",
		.undo_until_ms = 9000 };

	memset(p.code_hash, 0x5a, sizeof(p.code_hash));
	return p;
}

static void assert_is_somebody(const struct person *p)
{
	assert_non_null(p);
	assert_string_equal(p->lang, "de");
	assert_string_equal(p->zone, "Europe/Berlin");
	assert_int_equal(p->mute_until_ms, 5000);
	assert_true(p->digest);
	assert_int_equal(p->doubt, DOUBT_AWAY);
	assert_true(p->has_code);
	assert_int_equal(p->code_hash[SECRET_HASH - 1], 0x5a);
	assert_string_equal(p->heir, "heir@x");
	assert_int_equal(p->heir_until_ms, 7000);
	assert_string_equal(p->undo, "forget 3\nname lamp x");
	assert_int_equal(p->undo_until_ms, 9000);
}

static void everything_survives_a_restart(void **state)
{
	struct place where;
	struct world w;
	struct person p = somebody("a@x"), q = { .jid = "b@x" };

	(void)state;
	place_make(&where);
	world_open(&w, where.url);
	put(&w, &p);
	put(&w, &q);
	world_close(&w);
	world_open(&w, where.url);
	assert_int_equal(person_count(w.p), 2);
	assert_is_somebody(person_find(w.p, "a@x"));
	assert_non_null(person_find(w.p, "b@x"));
	assert_false(person_find(w.p, "b@x")->has_code);
	assert_null(person_find(w.p, "b@x")->heir);
	assert_null(person_find(w.p, "c@x"));
	assert_null(person_at(w.p, 2));
	world_close(&w);
	place_remove(&where);
}

static void a_rollback_undoes_the_memory(void **state)
{
	struct world w;
	struct person p = somebody("a@x"), q = somebody("b@x");

	(void)state;
	world_open(&w, "sqlite::memory:");
	put(&w, &p);
	MUST(store_begin(w.s, &test_err));
	memcpy(p.lang, "en", 3);
	p.has_code = false;
	p.heir = NULL;
	MUST(person_put(w.p, &p, &test_err));
	MUST(person_put(w.p, &q, &test_err));
	assert_string_equal(person_find(w.p, "a@x")->lang, "en");
	assert_int_equal(person_count(w.p), 2);
	store_rollback(w.s);
	assert_is_somebody(person_find(w.p, "a@x"));
	assert_null(person_find(w.p, "b@x"));
	assert_int_equal(person_count(w.p), 1);
	put(&w, &q);
	assert_is_somebody(person_find(w.p, "b@x"));
	world_close(&w);
}

/* The caller may hand back the very row that it was given. */
static void a_row_may_be_made_from_itself(void **state)
{
	struct world w;
	struct person p = somebody("a@x");

	(void)state;
	world_open(&w, "sqlite::memory:");
	put(&w, &p);
	p = *person_find(w.p, "a@x");
	p.digest = false;
	put(&w, &p);
	assert_false(person_find(w.p, "a@x")->digest);
	assert_string_equal(person_find(w.p, "a@x")->heir, "heir@x");
	world_close(&w);
}

/* The same object is still there: it was not replaced. */
static void nothing_is_written_when_nothing_differs(void **state)
{
	struct world w;
	struct person p = somebody("a@x");

	(void)state;
	world_open(&w, "sqlite::memory:");
	put(&w, &p);
	const struct person *before = person_find(w.p, "a@x");

	put(&w, &p);
	assert_ptr_equal(person_find(w.p, "a@x"), before);
	p.heir_until_ms++;
	put(&w, &p);
	assert_ptr_not_equal(person_find(w.p, "a@x"), before);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_survives_a_restart),
		cmocka_unit_test(a_rollback_undoes_the_memory),
		cmocka_unit_test(a_row_may_be_made_from_itself),
		cmocka_unit_test(nothing_is_written_when_nothing_differs),
	};

	return cmocka_run_group_tests_name("person", tests, NULL, NULL);
}
