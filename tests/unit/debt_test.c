/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debt_test: replacing, order, retries, ids that cannot be forged, rollbacks
 * and restarts of the outbox.
 */
#include "config.h"

#include "tests/unit/store_support.h"

#include "common/store/debt.h"

struct world {
	struct store *s;
	struct debts *d;
	struct clock_fake time;
	struct clock clock;
	struct secret key;
};

static void world_open(struct world *w, const char *url)
{
	memset(w, 0, sizeof(*w));
	w->time.wall = 1000000;
	w->time.boot = 500000;
	w->clock = clock_from_fake(&w->time);
	test_key(&w->key, 7);
	w->s = open_store(url);
	MUST(debts_open(&w->d, w->s, &w->clock, &w->key, &test_err));
}

static void world_close(struct world *w)
{
	debts_close(&w->d);
	store_close(&w->s);
	secret_clear(&w->key);
}

static int64_t owe(struct world *w, enum debt_kind kind, const char *peer, const char *subject,
    uint64_t number)
{
	MUST(store_begin(w->s, &test_err));
	MUST(debt_owe(w->d, kind, peer, subject, number, NULL, &test_err));
	MUST(store_commit(w->s, &test_err));
	return debt_find(w->d, kind, peer, subject)->row;
}

static void settle(struct world *w, int64_t row, uint64_t number)
{
	MUST(store_begin(w->s, &test_err));
	MUST(debt_settle(w->d, row, number, &test_err));
	MUST(store_commit(w->s, &test_err));
}

static size_t count_due(struct world *w)
{
	size_t n = 0;

	for (const struct debt *t = debt_next_due(w->d, NULL); t; t = debt_next_due(w->d, t))
		n++;
	return n;
}

static void only_committed_debts_are_sent(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	MUST(store_begin(w.s, &test_err));
	MUST(debt_owe(w.d, DEBT_OWNER, "t@x", "id", 1, NULL, &test_err));
	assert_null(debt_next_due(w.d, NULL));
	assert_non_null(debt_find(w.d, DEBT_OWNER, "t@x", "id"));
	store_rollback(w.s);
	assert_null(debt_find(w.d, DEBT_OWNER, "t@x", "id"));
	assert_int_equal(debt_deadline(w.d), -1);
	owe(&w, DEBT_OWNER, "t@x", "id", 1);
	assert_non_null(debt_next_due(w.d, NULL));
	world_close(&w);
}

static void a_newer_debt_replaces_the_older(void **state)
{
	struct world w;
	int64_t old, new;

	(void)state;
	world_open(&w, "sqlite::memory:");
	old = owe(&w, DEBT_OWNER, "t@x", "id", 1);
	debt_sent(w.d, old);
	new = owe(&w, DEBT_OWNER, "t@x", "id", 2);
	assert_int_equal(debt_count(w.d), 1);
	assert_int_not_equal(old, new);
	assert_int_equal(debt_by_row(w.d, new)->tries, 0);
	/* The answer to the older one settles nothing. */
	settle(&w, old, 1);
	settle(&w, new, 1);
	assert_int_equal(debt_count(w.d), 1);
	settle(&w, new, 2);
	assert_int_equal(debt_count(w.d), 0);
	world_close(&w);
}

static void owner_goes_before_floor_before_friends(void **state)
{
	struct world w;
	int64_t friend, floor, owner;

	(void)state;
	world_open(&w, "sqlite::memory:");
	friend = owe(&w, DEBT_FRIEND, "t@x", "b@x", 0);
	floor = owe(&w, DEBT_FLOOR, "t@x", "", 5);
	owner = owe(&w, DEBT_OWNER, "t@x", "id", 1);
	assert_int_equal(debt_next_due(w.d, NULL)->row, owner);
	assert_int_equal(count_due(&w), 1);
	settle(&w, owner, 1);
	assert_int_equal(debt_next_due(w.d, NULL)->row, floor);
	assert_int_equal(count_due(&w), 1);
	settle(&w, floor, 5);
	assert_int_equal(debt_next_due(w.d, NULL)->row, friend);
	world_close(&w);
}

static void three_unanswered_tries_hold_back_nobody(void **state)
{
	struct world w;
	int64_t owner;

	(void)state;
	world_open(&w, "sqlite::memory:");
	owner = owe(&w, DEBT_OWNER, "t@x", "id", 1);
	owe(&w, DEBT_FLOOR, "t@x", "", 5);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(count_due(&w), 1);
		debt_sent(w.d, owner);
		w.time.boot += 4000;
	}
	assert_int_equal(count_due(&w), 2);
	world_close(&w);
}

static void other_peers_and_other_kinds_do_not_wait(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	owe(&w, DEBT_OWNER, "t@x", "id", 1);
	owe(&w, DEBT_FLOOR, "u@x", "", 5);
	owe(&w, DEBT_QUESTION, "t@x", "k", 0);
	owe(&w, DEBT_SUBSCRIBE, "t@x", "", 0);
	assert_int_equal(count_due(&w), 4);
	world_close(&w);
}

static void tries_go_1_2_4_4_and_then_every_quarter_hour(void **state)
{
	static const int64_t gap[] = { 1000, 2000, 4000, 4000 };
	struct world w;
	int64_t row, start;

	(void)state;
	world_open(&w, "sqlite::memory:");
	row = owe(&w, DEBT_OWNER, "t@x", "id", 1);
	start = w.time.boot;
	for (size_t i = 0; i < 4; i++) {
		debt_sent(w.d, row);
		assert_int_equal(debt_deadline(w.d), w.time.boot + gap[i]);
		w.time.boot += gap[i] - 1;
		assert_null(debt_next_due(w.d, NULL));
		w.time.boot += 1;
		assert_non_null(debt_next_due(w.d, NULL));
	}
	w.time.boot = start + 60000;
	debt_sent(w.d, row);
	assert_int_equal(debt_deadline(w.d), w.time.boot + 15 * 60 * 1000);
	world_close(&w);
}

static void att_C_23__a_chatty_peer_gets_a_push_once_a_minute(void **state)
{
	struct world w;
	int64_t row;
	int pushes = 0;

	(void)state;
	world_open(&w, "sqlite::memory:");
	row = owe(&w, DEBT_OWNER, "t@x", "id", 1);
	debt_sent(w.d, row);
	w.time.boot += 60000;
	debt_sent(w.d, row);
	for (int second = 0; second < 600; second++) {
		w.time.boot += 1000;
		debt_wake(w.d, "t@x");
		if (debt_next_due(w.d, NULL) != NULL) {
			debt_sent(w.d, row);
			pushes++;
		}
	}
	assert_int_equal(pushes, 10);
	world_close(&w);
}

static void a_sign_of_life_makes_it_due(void **state)
{
	struct world w;
	int64_t row;

	(void)state;
	world_open(&w, "sqlite::memory:");
	row = owe(&w, DEBT_OWNER, "t@x", "id", 1);
	debt_put_off(w.d, row);
	assert_null(debt_next_due(w.d, NULL));
	assert_int_equal(debt_by_row(w.d, row)->tries, 0);
	debt_wake(w.d, "u@x");
	assert_null(debt_next_due(w.d, NULL));
	debt_wake(w.d, "t@x");
	assert_int_equal(debt_next_due(w.d, NULL)->row, row);
	world_close(&w);
}

/* ---- ids ---- */

static void an_id_finds_its_debt(void **state)
{
	struct world w;
	char id[DEBT_ID];
	uint64_t number = 0;
	int64_t row;

	(void)state;
	world_open(&w, "sqlite::memory:");
	row = owe(&w, DEBT_FLOOR, "t@x", "", 42);
	debt_iq_id(w.d, debt_by_row(w.d, row), id);
	assert_int_equal(debt_iq_row(w.d, id, "t@x", &number), row);
	assert_int_equal(number, 42);
	assert_int_equal(debt_iq_row(w.d, id, "t@x/res", &number), row);
	world_close(&w);
}

static void att_X_02__a_forged_debt_id_is_refused(void **state)
{
	static const char *const junk[] = {
		"", "d", "d-", "d--", "d-1", "d-1-x", "1", "d-1-AAAA.0-", "--------",
		"d-99999999999999999999-AAAABBBB.0-00000000000000000000000000000000",
		"d-1-AAAABBBB.0-00000000000000000000000000000000",
	};
	struct world w;
	char id[DEBT_ID], other[DEBT_ID];
	uint64_t number;
	int64_t row;

	(void)state;
	world_open(&w, "sqlite::memory:");
	row = owe(&w, DEBT_FLOOR, "t@x", "", 42);
	owe(&w, DEBT_FLOOR, "m@x", "", 42);
	debt_iq_id(w.d, debt_by_row(w.d, row), id);
	assert_int_equal(debt_iq_row(w.d, id, "m@x", &number), -1);
	for (size_t i = 0; i < strlen(id); i++) {
		memcpy(other, id, sizeof(id));
		other[i] = other[i] == '1' ? '2' : '1';
		assert_int_equal(debt_iq_row(w.d, other, "t@x", &number), -1);
	}
	for (size_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++)
		assert_int_equal(debt_iq_row(w.d, junk[i], "t@x", &number), -1);
	/* Even with the right row, the answer to a replaced debt is none. */
	row = owe(&w, DEBT_OWNER, "t@x", "id", 1);
	debt_iq_id(w.d, debt_by_row(w.d, row), id);
	owe(&w, DEBT_OWNER, "t@x", "id", 2);
	assert_int_equal(debt_iq_row(w.d, id, "t@x", &number), -1);
	world_close(&w);
}

static int64_t raise(struct world *w, uint64_t number, const char *text)
{
	MUST(store_begin(w->s, &test_err));
	MUST(debt_floor(w->d, "t@x", number, text, &test_err));
	MUST(store_commit(w->s, &test_err));
	return debt_find(w->d, DEBT_FLOOR, "t@x", "")->row;
}

/* A row that changes all the time would never be answered otherwise. */
static void row_O9__a_floor_that_rose_meanwhile_is_answered_up_to_where_it_was(void **state)
{
	struct world w;
	char id[DEBT_ID];
	uint64_t number;
	int64_t row;

	(void)state;
	world_open(&w, "sqlite::memory:");
	row = raise(&w, 42, NULL);
	debt_iq_id(w.d, debt_by_row(w.d, row), id);
	debt_sent(w.d, row);
	assert_int_equal(raise(&w, 50, "50:1"), row);
	assert_int_equal(debt_iq_row(w.d, id, "t@x", &number), row);
	assert_int_equal(number, 42);
	/* It is paid only by an answer to what it is now, and that is sent at once. */
	settle(&w, row, 42);
	assert_int_equal(debt_count(w.d), 1);
	assert_int_equal(count_due(&w), 1);
	settle(&w, row, 50);
	assert_int_equal(debt_count(w.d), 0);
	world_close(&w);
}

static void a_floor_never_sinks_and_its_text_alone_sends_nothing_again(void **state)
{
	struct place p;
	struct world w;
	int64_t row;

	(void)state;
	place_make(&p);
	world_open(&w, p.url);
	row = raise(&w, 42, NULL);
	debt_sent(w.d, row);
	assert_int_equal(raise(&w, 40, "40:1"), row);
	assert_int_equal(debt_by_row(w.d, row)->number, 42);
	assert_string_equal(debt_by_row(w.d, row)->text, "40:1");
	assert_int_equal(debt_by_row(w.d, row)->tries, 1);
	assert_int_equal(count_due(&w), 0);
	world_close(&w);
	world_open(&w, p.url);
	assert_int_equal(debt_by_row(w.d, row)->number, 42);
	assert_string_equal(debt_by_row(w.d, row)->text, "40:1");
	world_close(&w);
	place_remove(&p);
}

static void ruling_26a__friends_follow_an_unanswered_floor_after_four_seconds(void **state)
{
	struct world w;
	int64_t floor, friend;

	(void)state;
	world_open(&w, "sqlite::memory:");
	floor = owe(&w, DEBT_FLOOR, "t@x", "", 5);
	friend = owe(&w, DEBT_FRIEND, "t@x", "b@x", 0);
	for (int64_t at = 0; at < 4000; at += 100) {
		const struct debt *t = debt_next_due(w.d, NULL);

		assert_true(t == NULL || t->row == floor);
		if (t != NULL)
			debt_sent(w.d, floor);
		debt_wake(w.d, "t@x");
		assert_true(debt_by_row(w.d, friend)->tries == 0);
		w.time.boot += 100;
	}
	for (const struct debt *t = debt_next_due(w.d, NULL); t != NULL; t = debt_next_due(w.d, t))
		if (t->row == friend)
			friend = 0;
	assert_int_equal(friend, 0);
	world_close(&w);
}

static void ids_never_repeat_and_old_answers_count_after_a_restart(void **state)
{
	struct place p;
	struct world w;
	char first[DEBT_ID], second[DEBT_ID], third[DEBT_ID];
	uint64_t number;
	int64_t row;

	(void)state;
	place_make(&p);
	world_open(&w, p.url);
	row = owe(&w, DEBT_FLOOR, "t@x", "", 42);
	debt_iq_id(w.d, debt_by_row(w.d, row), first);
	debt_sent(w.d, row);
	debt_iq_id(w.d, debt_by_row(w.d, row), second);
	assert_string_not_equal(first, second);
	world_close(&w);
	world_open(&w, p.url);
	assert_int_equal(debt_count(w.d), 1);
	debt_iq_id(w.d, debt_by_row(w.d, row), third);
	assert_string_not_equal(first, third);
	assert_int_equal(debt_iq_row(w.d, first, "t@x", &number), row);
	/* The number of the row comes again, its meaning does not. */
	settle(&w, row, 42);
	world_close(&w);
	world_open(&w, p.url);
	assert_int_equal(owe(&w, DEBT_OWNER, "t@x", "", 42), row);
	assert_int_equal(debt_iq_row(w.d, first, "t@x", &number), -1);
	settle(&w, row, 42);
	world_close(&w);
	world_open(&w, p.url);
	assert_int_equal(owe(&w, DEBT_FLOOR, "t@x", "", 41), row);
	assert_int_equal(debt_iq_row(w.d, first, "t@x", &number), -1);
	world_close(&w);
	place_remove(&p);
}

/* ---- transactions ---- */

static void a_rollback_undoes_owing_and_settling(void **state)
{
	struct world w;
	int64_t row;

	(void)state;
	world_open(&w, "sqlite::memory:");
	row = owe(&w, DEBT_OWNER, "t@x", "id", 1);
	owe(&w, DEBT_FLOOR, "t@x", "", 9);
	MUST(store_begin(w.s, &test_err));
	MUST(debt_owe(w.d, DEBT_OWNER, "t@x", "id", 2, "text", &test_err));
	MUST(debt_cancel(w.d, DEBT_FLOOR, "t@x", "", &test_err));
	MUST(debt_owe(w.d, DEBT_NOTICE, "o@x", "n", 0, "hello", &test_err));
	MUST(debt_cancel(w.d, DEBT_NOTICE, "o@x", "n", &test_err));
	store_rollback(w.s);
	assert_int_equal(debt_count(w.d), 2);
	assert_int_equal(debt_find(w.d, DEBT_OWNER, "t@x", "id")->number, 1);
	assert_int_equal(debt_next_due(w.d, NULL)->row, row);
	assert_int_equal(count_due(&w), 1);
	world_close(&w);
}

static void owed_and_paid_in_one_transaction_leaves_nothing(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	MUST(store_begin(w.s, &test_err));
	MUST(debt_owe(w.d, DEBT_NOTICE, "o@x", "n", 0, "hello", &test_err));
	MUST(debt_owe(w.d, DEBT_NOTICE, "o@x", "n", 0, "again", &test_err));
	MUST(debt_cancel(w.d, DEBT_NOTICE, "o@x", "n", &test_err));
	MUST(store_commit(w.s, &test_err));
	assert_int_equal(debt_count(w.d), 0);
	assert_null(debt_next_due(w.d, NULL));
	world_close(&w);
}

static void texts_come_back_after_a_restart(void **state)
{
	struct place p;
	struct world w;

	(void)state;
	place_make(&p);
	world_open(&w, p.url);
	MUST(store_begin(w.s, &test_err));
	MUST(debt_owe(w.d, DEBT_NOTICE, "o@x", "n1", 3, "hello", &test_err));
	MUST(store_commit(w.s, &test_err));
	world_close(&w);
	world_open(&w, p.url);
	assert_string_equal(debt_at(w.d, 0)->text, "hello");
	assert_string_equal(debt_at(w.d, 0)->subject, "n1");
	assert_int_equal(debt_at(w.d, 0)->number, 3);
	assert_non_null(debt_next_due(w.d, NULL));
	world_close(&w);
	place_remove(&p);
}

static void many_debts_come_out_when_they_are_due(void **state)
{
	struct world w;
	size_t seen = 0;
	char peer[32];

	(void)state;
	world_open(&w, "sqlite::memory:");
	MUST(store_begin(w.s, &test_err));
	for (int i = 0; i < 1000; i++) {
		snprintf(peer, sizeof(peer), "t%d@x", i);
		MUST(debt_owe(w.d, DEBT_OWNER, peer, "id", 1, NULL, &test_err));
	}
	MUST(store_commit(w.s, &test_err));
	for (;;) {
		const struct debt *t = debt_next_due(w.d, NULL);

		if (t == NULL)
			break;
		for (; t != NULL; t = debt_next_due(w.d, t)) {
			debt_sent(w.d, t->row);
			seen++;
		}
	}
	assert_int_equal(seen, 1000);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_committed_debts_are_sent),
		cmocka_unit_test(a_newer_debt_replaces_the_older),
		cmocka_unit_test(owner_goes_before_floor_before_friends),
		cmocka_unit_test(three_unanswered_tries_hold_back_nobody),
		cmocka_unit_test(other_peers_and_other_kinds_do_not_wait),
		cmocka_unit_test(tries_go_1_2_4_4_and_then_every_quarter_hour),
		cmocka_unit_test(att_C_23__a_chatty_peer_gets_a_push_once_a_minute),
		cmocka_unit_test(a_sign_of_life_makes_it_due),
		cmocka_unit_test(an_id_finds_its_debt),
		cmocka_unit_test(att_X_02__a_forged_debt_id_is_refused),
		cmocka_unit_test(row_O9__a_floor_that_rose_meanwhile_is_answered_up_to_where_it_was),
		cmocka_unit_test(a_floor_never_sinks_and_its_text_alone_sends_nothing_again),
		cmocka_unit_test(ruling_26a__friends_follow_an_unanswered_floor_after_four_seconds),
		cmocka_unit_test(ids_never_repeat_and_old_answers_count_after_a_restart),
		cmocka_unit_test(a_rollback_undoes_owing_and_settling),
		cmocka_unit_test(owed_and_paid_in_one_transaction_leaves_nothing),
		cmocka_unit_test(texts_come_back_after_a_restart),
		cmocka_unit_test(many_debts_come_out_when_they_are_due),
	};

	return cmocka_run_group_tests_name("debt", tests, NULL, NULL);
}
