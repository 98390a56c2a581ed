/* SPDX-License-Identifier: Apache-2.0 */
/* contact_test: what is durable stays, presence follows the resources. */
#include "config.h"

#include "tests/unit/store_support.h"

#include "common/store/contact.h"

struct world {
	struct store *s;
	struct contacts *c;
	struct clock_fake time;
	struct clock clock;
};

static void world_open(struct world *w, const char *url)
{
	memset(w, 0, sizeof(*w));
	w->time.wall = 1000;
	w->clock = clock_from_fake(&w->time);
	w->s = open_store(url);
	MUST(contacts_open(&w->c, w->s, &w->clock, &test_err));
}

static void world_close(struct world *w)
{
	contacts_close(&w->c);
	store_close(&w->s);
}

static void a_full_address_is_learnt_from_requests_and_presence(void **state)
{
	struct world w;
	const struct contact *k;

	(void)state;
	world_open(&w, "sqlite::memory:");
	contact_seen(w.c, "t@x/a", 3);
	k = contact_find(w.c, "t@x");
	assert_string_equal(k->full, "t@x/a");
	assert_false(k->online);
	contact_presence(w.c, "t@x/b", 3, true);
	assert_string_equal(k->full, "t@x/b");
	assert_true(k->online);
	contact_seen(w.c, "t@x/a", 3);
	assert_string_equal(k->full, "t@x/b");
	contact_presence(w.c, "t@x/b", 3, false);
	assert_string_equal(k->full, "t@x/a");
	assert_false(k->online);
	world_close(&w);
}

static void a_bare_unavailable_wipes_nothing(void **state)
{
	struct world w;
	const struct contact *k;

	(void)state;
	world_open(&w, "sqlite::memory:");
	contact_seen(w.c, "t@x/a", 3);
	contact_presence(w.c, "t@x", 3, false);
	k = contact_find(w.c, "t@x");
	assert_string_equal(k->full, "t@x/a");
	contact_presence(w.c, "t@x/a", 3, true);
	contact_presence(w.c, "t@x", 3, false);
	assert_true(k->online);
	world_close(&w);
}

static void nobody_is_online_when_our_stream_was_away(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	contact_presence(w.c, "t@x/a", 3, true);
	contact_all_offline(w.c);
	assert_false(contact_find(w.c, "t@x")->online);
	assert_string_equal(contact_find(w.c, "t@x")->full, "t@x/a");
	world_close(&w);
}

static void dialects_are_kept_per_protocol_and_written_once(void **state)
{
	struct place p;
	struct world w;
	const struct contact *k;

	(void)state;
	place_make(&p);
	world_open(&w, p.url);
	assert_true(contact_dialect_differs(w.c, "t@x", 1, 0, 0));
	MUST(store_begin(w.s, &test_err));
	MUST(contact_set_dialect(w.c, "t@x", 1, 0, 1, &test_err));
	MUST(contact_set_dialect(w.c, "t@x", 2, 3, 0, &test_err));
	MUST(contact_set_sub(w.c, "t@x", SUB_YES, SUB_ASKED, &test_err));
	MUST(contact_set_lang(w.c, "t@x", "de", &test_err));
	MUST(store_commit(w.s, &test_err));
	assert_false(contact_dialect_differs(w.c, "t@x", 1, 0, 1));
	/* Nothing changes: nothing is written, so no transaction is needed. */
	MUST(contact_set_dialect(w.c, "t@x", 1, 0, 1, &test_err));
	MUST(contact_set_sub(w.c, "t@x", SUB_YES, SUB_ASKED, &test_err));
	world_close(&w);
	world_open(&w, p.url);
	k = contact_find(w.c, "t@x");
	assert_int_equal(k->gen[1], 0);
	assert_int_equal(k->vocab[1], 1);
	assert_int_equal(k->gen[2], 3);
	assert_int_equal(k->gen[3], -1);
	assert_int_equal(k->to_us, SUB_YES);
	assert_int_equal(k->from_us, SUB_ASKED);
	assert_string_equal(k->lang, "de");
	assert_null(k->full);
	world_close(&w);
	place_remove(&p);
}

static void a_rollback_undoes_a_dialect(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	MUST(store_begin(w.s, &test_err));
	MUST(contact_set_dialect(w.c, "t@x", 1, 0, 1, &test_err));
	MUST(contact_set_sub(w.c, "t@x", SUB_YES, SUB_YES, &test_err));
	store_rollback(w.s);
	assert_true(contact_dialect_differs(w.c, "t@x", 1, 0, 1));
	assert_int_equal(contact_find(w.c, "t@x")->to_us, SUB_NONE);
	MUST(store_begin(w.s, &test_err));
	MUST(contact_set_dialect(w.c, "t@x", 1, 0, 1, &test_err));
	MUST(store_commit(w.s, &test_err));
	assert_false(contact_dialect_differs(w.c, "t@x", 1, 0, 1));
	world_close(&w);
}

static void att_R__strangers_push_out_strangers_only(void **state)
{
	struct world w;
	char jid[32];

	(void)state;
	world_open(&w, "sqlite::memory:");
	MUST(store_begin(w.s, &test_err));
	MUST(contact_set_sub(w.c, "friend@x", SUB_YES, SUB_YES, &test_err));
	MUST(store_commit(w.s, &test_err));
	contact_presence(w.c, "friend@x/a", 8, true);
	for (int i = 0; i < 20000; i++) {
		int n = snprintf(jid, sizeof(jid), "s%d@x", i);

		contact_seen(w.c, jid, (size_t)n);
	}
	assert_int_equal(contact_count(w.c), 4096 + 1);
	assert_true(contact_find(w.c, "friend@x")->online);
	assert_null(contact_find(w.c, "s0@x"));
	assert_non_null(contact_find(w.c, "s19999@x"));
	world_close(&w);
}

static void resources_of_one_contact_are_bounded(void **state)
{
	struct world w;
	char full[32];

	(void)state;
	world_open(&w, "sqlite::memory:");
	contact_presence(w.c, "t@x/keep", 3, true);
	for (int i = 0; i < 100; i++) {
		snprintf(full, sizeof(full), "t@x/r%d", i);
		contact_seen(w.c, full, 3);
	}
	assert_string_equal(contact_find(w.c, "t@x")->full, "t@x/keep");
	contact_presence(w.c, "t@x/keep", 3, false);
	assert_string_equal(contact_find(w.c, "t@x")->full, "t@x/r99");
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_address_is_learnt_from_requests_and_presence),
		cmocka_unit_test(a_bare_unavailable_wipes_nothing),
		cmocka_unit_test(nobody_is_online_when_our_stream_was_away),
		cmocka_unit_test(dialects_are_kept_per_protocol_and_written_once),
		cmocka_unit_test(a_rollback_undoes_a_dialect),
		cmocka_unit_test(att_R__strangers_push_out_strangers_only),
		cmocka_unit_test(resources_of_one_contact_are_bounded),
	};

	return cmocka_run_group_tests_name("contact", tests, NULL, NULL);
}
