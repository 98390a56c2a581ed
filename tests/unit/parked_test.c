/* SPDX-License-Identifier: Apache-2.0 */
/* parked_test: joining, limits, deadlines, rollback and restart. */
#include "config.h"

#include "tests/unit/store_support.h"

#include "common/store/parked.h"

struct world {
	struct store *s;
	struct parked_table *p;
	struct clock_fake time;
	struct clock clock;
};

static void world_open(struct world *w, const char *url)
{
	memset(w, 0, sizeof(*w));
	w->time.wall = 1000;
	w->clock = clock_from_fake(&w->time);
	w->s = open_store(url);
	MUST(parked_open(&w->p, w->s, &w->clock, &test_err));
}

static void world_close(struct world *w)
{
	parked_close(&w->p);
	store_close(&w->s);
}

static struct parked request(const char *asker, const char *id, const char *waits_for)
{
	struct parked r = { .asker = asker, .to = "reg.x", .iq_id = id, .verb = 3, .gen = 1,
		.vocab = 1, .waits_for = waits_for, .deadline_ms = 5000 };

	return r;
}

static int add(struct world *w, const char *asker, const char *id, const char *waits_for)
{
	struct parked r = request(asker, id, waits_for);
	int got;

	MUST(store_begin(w->s, &test_err));
	got = parked_add(w->p, &r, &test_err);
	MUST(store_commit(w->s, &test_err));
	return got;
}

static void an_identical_request_joins_its_row(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	assert_int_equal(add(&w, "o@x/a", "1", "disowned:t"), 1);
	assert_int_equal(add(&w, "o@x/a", "1", "disowned:t"), 0);
	assert_int_equal(add(&w, "o@x/a", "2", "disowned:t"), 1);
	world_close(&w);
}

static void one_asker_parks_four_whatever_his_resource(void **state)
{
	struct world w;
	char full[16], waits[16];

	(void)state;
	world_open(&w, "sqlite::memory:");
	for (int i = 0; i < 6; i++) {
		snprintf(full, sizeof(full), "o@x/%d", i);
		snprintf(waits, sizeof(waits), "w%d", i);
		assert_int_equal(add(&w, full, "1", waits), i < 4 ? 1 : -1);
	}
	assert_int_equal(test_err.kind, ERR_LIMIT);
	assert_int_equal(add(&w, "o@xx/1", "1", "w0"), 1);
	world_close(&w);
}

static void rows_are_taken_by_what_they_wait_for(void **state)
{
	struct world w;
	struct parked got;

	(void)state;
	world_open(&w, "sqlite::memory:");
	add(&w, "o@x/a", "1", "disowned:t");
	add(&w, "o@x/a", "2", "disowned:t");
	add(&w, "o@x/a", "3", "disowned:u");
	MUST(store_begin(w.s, &test_err));
	assert_int_equal(parked_take(w.p, "disowned:t", &got, &test_err), 1);
	assert_string_equal(got.asker, "o@x/a");
	assert_int_equal(parked_take(w.p, "disowned:t", &got, &test_err), 1);
	assert_int_equal(parked_take(w.p, "disowned:t", &got, &test_err), 0);
	store_rollback(w.s);
	MUST(store_begin(w.s, &test_err));
	assert_int_equal(parked_take(w.p, "disowned:t", &got, &test_err), 1);
	MUST(store_commit(w.s, &test_err));
	MUST(store_begin(w.s, &test_err));
	assert_int_equal(parked_take(w.p, "disowned:t", &got, &test_err), 1);
	assert_int_equal(parked_take(w.p, "disowned:t", &got, &test_err), 0);
	MUST(store_commit(w.s, &test_err));
	world_close(&w);
}

static void late_rows_survive_a_restart(void **state)
{
	struct place p;
	struct world w;
	struct parked got;

	(void)state;
	place_make(&p);
	world_open(&w, p.url);
	assert_int_equal(parked_deadline(w.p, "disowned:"), -1);
	add(&w, "o@x/a", "17", "disowned:t");
	world_close(&w);
	world_open(&w, p.url);
	assert_int_equal(parked_deadline(w.p, "disowned:"), 5000);
	MUST(store_begin(w.s, &test_err));
	assert_int_equal(parked_take_late(w.p, "disowned:", &got, &test_err), 0);
	w.time.wall = 5000;	/* a clock that is set brings nothing nearer, or further away */
	assert_int_equal(parked_take_late(w.p, "disowned:", &got, &test_err), 0);
	w.time.wall = 500;
	w.time.boot += 3999;
	assert_int_equal(parked_take_late(w.p, "disowned:", &got, &test_err), 0);
	assert_int_equal(parked_deadline(w.p, "disowned:"), 501);
	w.time.boot += 1;
	assert_int_equal(parked_take_late(w.p, "disowned:", &got, &test_err), 1);
	assert_string_equal(got.iq_id, "17");
	assert_string_equal(got.to, "reg.x");
	assert_int_equal(got.verb, 3);
	MUST(store_commit(w.s, &test_err));
	assert_int_equal(parked_deadline(w.p, "disowned:"), -1);
	world_close(&w);
	place_remove(&p);
}

static void what_is_to_be_served_again_is_kept_and_late_by_its_kind(void **state)
{
	struct place p;
	struct world w;
	struct parked got, r = request("t@x/a", "1", "token:k");
	char much[PARKED_REQUEST + 2];

	(void)state;
	place_make(&p);
	world_open(&w, p.url);
	add(&w, "o@x/a", "17", "disowned:t");
	r.request = "<iq type='get'/>";
	r.deadline_ms = 7000;
	MUST(store_begin(w.s, &test_err));
	assert_int_equal(parked_add(w.p, &r, &test_err), 1);
	memset(much, 'x', sizeof(much));
	much[sizeof(much) - 1] = '\0';
	r = request("t@x/a", "2", "token:k");
	r.request = much;
	assert_int_equal(parked_add(w.p, &r, &test_err), -1);
	assert_int_equal(test_err.kind, ERR_LIMIT);
	MUST(store_commit(w.s, &test_err));
	world_close(&w);
	world_open(&w, p.url);
	assert_int_equal(parked_deadline(w.p, "token:"), 7000);
	assert_int_equal(parked_deadline(w.p, "disowned:"), 5000);
	parked_within(w.p, "token:", 60000);
	assert_int_equal(parked_deadline(w.p, "token:"), 7000);
	parked_within(w.p, "token:", 4000);
	assert_int_equal(parked_deadline(w.p, "token:"), 5000);
	assert_int_equal(parked_deadline(w.p, "disowned:"), 5000);
	MUST(store_begin(w.s, &test_err));
	w.time.boot += 3999;
	w.time.wall += 3999;
	assert_int_equal(parked_take_late(w.p, "token:", &got, &test_err), 0);
	w.time.boot += 1;
	w.time.wall += 1;
	assert_int_equal(parked_take_late(w.p, "token:", &got, &test_err), 1);
	assert_string_equal(got.request, "<iq type='get'/>");
	assert_int_equal(parked_take_late(w.p, "token:", &got, &test_err), 0);
	MUST(store_commit(w.s, &test_err));
	assert_int_equal(parked_deadline(w.p, "disowned:"), 5000);
	world_close(&w);
	place_remove(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_identical_request_joins_its_row),
		cmocka_unit_test(one_asker_parks_four_whatever_his_resource),
		cmocka_unit_test(rows_are_taken_by_what_they_wait_for),
		cmocka_unit_test(late_rows_survive_a_restart),
		cmocka_unit_test(what_is_to_be_served_again_is_kept_and_late_by_its_kind),
	};

	return cmocka_run_group_tests_name("parked", tests, NULL, NULL);
}
