/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ownership_test: memory and rows agree, whatever a transaction's end; checked
 * by reopening the same file and by a random walk against a plain array.
 */
#include "config.h"

#include "tests/unit/store_support.h"

#include "common/base/str.h"
#include "common/store/ownership.h"

static struct owned thing(uint8_t n, const char *jid, const char *owner)
{
	struct owned t = { .jid = jid, .owner = owner, .epoch = 1, .listed = true,
		.state = owner != NULL ? OWNED : OWNED_NOBODY, .since_ms = 5 };

	memset(t.id, n, sizeof(t.id));
	return t;
}

static void put(struct store *s, struct ownership *o, const struct owned *t)
{
	MUST(store_begin(s, &test_err));
	MUST(ownership_put(o, t, &test_err));
	MUST(store_commit(s, &test_err));
}

static void absent_and_empty_nodes_are_different_things(void **state)
{
	struct store *s = open_store("sqlite::memory:");
	struct ownership *o = NULL;
	struct owned a = thing(1, "rack@x", NULL), b = thing(2, "rack@x", NULL),
	    c = thing(3, "rack@x", NULL);

	(void)state;
	MUST(ownership_open(&o, s, &test_err));
	b.node = "";
	c.node = "";
	c.source = "";
	put(s, o, &a);
	put(s, o, &b);
	put(s, o, &c);
	assert_int_equal(ownership_by_address(o, "rack@x", NULL, NULL, NULL)->id[0], 1);
	assert_int_equal(ownership_by_address(o, "rack@x", "", NULL, NULL)->id[0], 2);
	assert_int_equal(ownership_by_address(o, "rack@x", "", "", NULL)->id[0], 3);
	assert_null(ownership_by_address(o, "rack@x", NULL, "", NULL));
	assert_int_equal(ownership_count_of_jid(o, "rack@x"), 3);
	ownership_close(&o);
	store_close(&s);
}

static void an_address_belongs_to_one_thing(void **state)
{
	struct store *s = open_store("sqlite::memory:");
	struct ownership *o = NULL;
	struct owned a = thing(1, "t@x", NULL), b = thing(2, "t@x", NULL);

	(void)state;
	MUST(ownership_open(&o, s, &test_err));
	put(s, o, &a);
	MUST(store_begin(s, &test_err));
	assert_int_equal(ownership_put(o, &b, &test_err), -1);
	store_rollback(s);
	assert_int_equal(ownership_count(o), 1);
	ownership_close(&o);
	store_close(&s);
}

static void a_rollback_undoes_the_memory(void **state)
{
	struct store *s = open_store("sqlite::memory:");
	struct ownership *o = NULL;
	struct owned a = thing(1, "a@x", NULL), b = thing(2, "b@x", "o@x"), c = a;

	(void)state;
	MUST(ownership_open(&o, s, &test_err));
	put(s, o, &a);
	put(s, o, &b);
	c.owner = "o@x";
	c.state = OWNED;
	c.epoch = 2;
	MUST(store_begin(s, &test_err));
	MUST(ownership_put(o, &c, &test_err));
	MUST(ownership_delete(o, b.id, &test_err));
	assert_int_equal(ownership_count_of_owner(o, "o@x"), 1);
	assert_null(ownership_by_id(o, b.id));
	store_rollback(s);
	assert_null(ownership_by_id(o, a.id)->owner);
	assert_int_equal(ownership_by_id(o, a.id)->epoch, 1);
	assert_string_equal(ownership_by_address(o, "b@x", NULL, NULL, NULL)->owner, "o@x");
	assert_int_equal(ownership_count_of_owner(o, "o@x"), 1);
	assert_int_equal(ownership_count(o), 2);
	ownership_close(&o);
	store_close(&s);
}

static void rows_come_back_after_a_restart(void **state)
{
	struct place p;
	struct store *s;
	struct ownership *o = NULL;
	struct owned t = thing(9, "t@x", "o@x");
	const struct owned *got;

	(void)state;
	place_make(&p);
	s = open_store(p.url);
	MUST(ownership_open(&o, s, &test_err));
	t.node = "n";
	t.partition = "";
	t.name = "lamp";
	t.epoch = 77;
	t.state = OWNED_TURNING;
	t.is_public = true;
	t.listed = false;
	put(s, o, &t);
	ownership_close(&o);
	store_close(&s);
	s = open_store(p.url);
	MUST(ownership_open(&o, s, &test_err));
	got = ownership_by_id(o, t.id);
	assert_non_null(got);
	assert_string_equal(got->node, "n");
	assert_null(got->source);
	assert_string_equal(got->partition, "");
	assert_string_equal(got->name, "lamp");
	assert_int_equal(got->epoch, 77);
	assert_int_equal(got->state, OWNED_TURNING);
	assert_true(got->is_public);
	assert_false(got->listed);
	assert_int_equal(got->since_ms, 5);
	ownership_close(&o);
	store_close(&s);
	place_remove(&p);
}

struct heard {
	int n;
	uint64_t before, after;
	int fail;
};

static int hear(void *arg, const struct owned *before, const struct owned *after, struct err *e)
{
	struct heard *h = arg;

	h->n++;
	h->before = before != NULL ? before->epoch : 0;
	h->after = after != NULL ? after->epoch : 0;
	return h->fail ? err_set(e, ERR_SYSTEM, "asked to fail") : 0;
}

static void the_listener_hears_owners_and_epochs_only(void **state)
{
	struct store *s = open_store("sqlite::memory:");
	struct ownership *o = NULL;
	struct heard h = { 0 };
	struct owned t = thing(1, "t@x", NULL);

	(void)state;
	MUST(ownership_open(&o, s, &test_err));
	ownership_on_change(o, hear, &h);
	put(s, o, &t);
	assert_int_equal(h.n, 1);
	t.is_public = true;
	put(s, o, &t);
	assert_int_equal(h.n, 1);
	t.epoch = 2;
	put(s, o, &t);
	assert_int_equal(h.n, 2);
	assert_int_equal(h.before, 1);
	assert_int_equal(h.after, 2);
	h.fail = 1;
	MUST(store_begin(s, &test_err));
	assert_int_equal(ownership_delete(o, t.id, &test_err), -1);
	store_rollback(s);
	assert_int_equal(ownership_by_id(o, t.id)->epoch, 2);
	ownership_close(&o);
	store_close(&s);
}

static void lists_keep_their_order_when_a_thing_changes(void **state)
{
	struct store *s = open_store("sqlite::memory:");
	struct ownership *o = NULL;
	struct owned t[3] = { thing(1, "a@x", "o@x"), thing(2, "b@x", "o@x"),
		thing(3, "c@x", "o@x") };
	const struct owned *x = NULL;

	(void)state;
	MUST(ownership_open(&o, s, &test_err));
	for (size_t i = 0; i < 3; i++)
		put(s, o, &t[i]);
	for (size_t i = 0; i < 3; i++) {
		t[i].name = "renamed";
		put(s, o, &t[i]);
	}
	for (size_t i = 0; i < 3; i++) {
		x = ownership_next_of_owner(o, "o@x", x);
		assert_non_null(x);
		assert_int_equal(x->id[0], i + 1);
	}
	assert_null(ownership_next_of_owner(o, "o@x", x));
	assert_null(ownership_next_of_owner(o, "nobody@x", NULL));
	ownership_close(&o);
	store_close(&s);
}

/* ---- the walk ---- */

#define WALK_THINGS 40
#define WALK_OWNERS 5

struct plain {
	bool here;
	int owner;	/* -1 none */
	uint64_t epoch;
};

static unsigned walk_seed = 12345;

static unsigned pick(unsigned n)
{
	walk_seed = walk_seed * 1103515245u + 12345u;
	return (walk_seed >> 16) % n;
}

static void check_walk(const struct ownership *o, const struct plain *m)
{
	size_t here = 0, nobody = 0;

	for (int own = 0; own < WALK_OWNERS; own++) {
		char owner[16];
		size_t want = 0, got = 0;

		snprintf(owner, sizeof(owner), "o%d@x", own);
		for (int i = 0; i < WALK_THINGS; i++)
			want += m[i].here && m[i].owner == own;
		for (const struct owned *x = ownership_next_of_owner(o, owner, NULL); x != NULL;
		    x = ownership_next_of_owner(o, owner, x)) {
			assert_string_equal(x->owner, owner);
			got++;
		}
		assert_int_equal(got, want);
		assert_int_equal(ownership_count_of_owner(o, owner), want);
	}
	for (int i = 0; i < WALK_THINGS; i++) {
		struct owned t = thing((uint8_t)i, "", NULL);
		const struct owned *x = ownership_by_id(o, t.id);

		assert_int_equal(x != NULL, m[i].here);
		if (x != NULL)
			assert_int_equal(x->epoch, m[i].epoch);
		here += m[i].here;
		nobody += m[i].here && m[i].owner < 0;
	}
	assert_int_equal(ownership_count(o), here);
	assert_int_equal(ownership_count_in(o, OWNED_NOBODY), nobody);
	assert_int_equal(ownership_count_in(o, OWNED), here - nobody);
}

static void a_random_walk_agrees_with_a_plain_array(void **state)
{
	struct place p;
	struct store *s;
	struct ownership *o = NULL;
	struct plain now[WALK_THINGS] = { 0 }, before[WALK_THINGS];

	(void)state;
	place_make(&p);
	s = open_store(p.url);
	MUST(ownership_open(&o, s, &test_err));
	for (int turn = 0; turn < 400; turn++) {
		memcpy(before, now, sizeof(now));
		MUST(store_begin(s, &test_err));
		for (unsigned k = pick(6); k > 0; k--) {
			unsigned i = pick(WALK_THINGS);
			char jid[16], owner[16];
			struct owned t;

			snprintf(jid, sizeof(jid), "t%u@x", i / 4);	/* four nodes a JID */
			t = thing((uint8_t)i, jid, NULL);
			t.node = i % 4 == 0 ? NULL : &"123"[i % 4 - 1];
			if (pick(4) == 0) {
				MUST(ownership_delete(o, t.id, &test_err));
				now[i].here = false;
				continue;
			}
			now[i].here = true;
			now[i].owner = (int)pick(WALK_OWNERS + 1) - 1;
			t.epoch = ++now[i].epoch;
			snprintf(owner, sizeof(owner), "o%d@x", now[i].owner);
			t.owner = now[i].owner >= 0 ? owner : NULL;
			t.state = t.owner != NULL ? OWNED : OWNED_NOBODY;
			MUST(ownership_put(o, &t, &test_err));
		}
		if (pick(3) == 0) {
			store_rollback(s);
			memcpy(now, before, sizeof(now));
		} else {
			MUST(store_commit(s, &test_err));
		}
		check_walk(o, now);
		if (turn % 100 == 99) {
			ownership_close(&o);
			store_close(&s);
			s = open_store(p.url);
			MUST(ownership_open(&o, s, &test_err));
			check_walk(o, now);
		}
	}
	ownership_close(&o);
	store_close(&s);
	place_remove(&p);
}

static void only_living_states_have_an_owner(void **state)
{
	struct owned t = thing(1, "t@x", "o@x");

	(void)state;
	assert_true(owned_by(&t, "o@x"));
	assert_false(owned_by(&t, "p@x"));
	t.state = OWNED_TOMBSTONE;
	assert_false(owned_by(&t, "o@x"));
	t.state = OWNED_NOBODY;
	assert_false(owned_by(&t, "o@x"));
	assert_false(owned_by(NULL, "o@x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(absent_and_empty_nodes_are_different_things),
		cmocka_unit_test(an_address_belongs_to_one_thing),
		cmocka_unit_test(a_rollback_undoes_the_memory),
		cmocka_unit_test(rows_come_back_after_a_restart),
		cmocka_unit_test(the_listener_hears_owners_and_epochs_only),
		cmocka_unit_test(lists_keep_their_order_when_a_thing_changes),
		cmocka_unit_test(a_random_walk_agrees_with_a_plain_array),
		cmocka_unit_test(only_living_states_have_an_owner),
	};

	return cmocka_run_group_tests_name("ownership", tests, NULL, NULL);
}
