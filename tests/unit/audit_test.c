/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_test: what happened stays as it was written: rows that were changed,
 * removed, moved or added are named; decisions cost no write until they are
 * noted, once; old rows go and the rest still verifies.
 */
#include "config.h"

#include "tests/unit/store_support.h"

#include "common/base/str.h"
#include "common/store/audit.h"
#include "common/store/audit_check.h"
#include "common/store/audit_count.h"

struct rig {
	struct place place;
	struct store *store;
	struct audit *audit;
	struct clock_fake hands;
	struct clock clock;
};

static const uint8_t lamp[16] = { 1 }, door[16] = { 2 };

static void open_rig(struct rig *r)
{
	r->store = open_store(r->place.url);
	MUST(audit_open(&r->audit, r->store, &r->clock, &test_err));
}

static void close_rig(struct rig *r)
{
	audit_close(&r->audit);
	store_close(&r->store);
}

static int set_up(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	place_make(&r->place);
	r->hands.wall = 1000000;
	r->clock = clock_from_fake(&r->hands);
	open_rig(r);
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *r = *state;

	close_rig(r);
	place_remove(&r->place);
	free(r);
	return 0;
}

static void note(struct rig *r, enum audit_what what, const uint8_t *thing, const char *owner,
    const char *detail)
{
	struct audit_event ev = { .what = what, .thing = thing, .epoch = 3, .owner = owner,
		.actor = owner, .detail = detail };

	MUST(store_begin(r->store, &test_err));
	MUST(audit_add(r->audit, &ev, &test_err));
	MUST(store_commit(r->store, &test_err));
	r->hands.wall += 1000;
}

static void decide(struct rig *r, const char *who, const char *what)
{
	struct audit_event ev = { .what = AUDIT_DENIED, .thing = lamp, .epoch = 3,
		.owner = "o@x", .actor = who, .object = what };

	audit_decided(r->audit, &ev);
}

static int flush(struct rig *r)
{
	int n;

	MUST(store_begin(r->store, &test_err));
	n = audit_flush(r->audit, &test_err);
	assert_true(n >= 0);
	MUST(store_commit(r->store, &test_err));
	return n;
}

static void sql(struct rig *r, const char *text)
{
	struct stmt *st;

	MUST(store_begin(r->store, &test_err));
	st = store_prepare(r->store, text, &test_err);
	if (st == NULL)
		fail_msg("%s: %s", text, test_err.text);
	MUST(stmt_run(st, NULL, &test_err));
	MUST(store_commit(r->store, &test_err));
}

struct checking {
	struct audit_check check;
	struct err e;
	bool bad;
	int64_t rows;
};

static void check_row(void *arg, const struct audit_row *row)
{
	struct checking *c = arg;

	c->rows++;
	if (!c->bad && audit_check_row(&c->check, row, &c->e) != 0)
		c->bad = true;
}

/* "" or what is wrong. */
static const char *verify(struct rig *r)
{
	static struct checking c;
	uint8_t hash[AUDIT_HASH];
	int64_t row;

	memset(&c, 0, sizeof(c));
	assert_int_equal(audit_start(r->audit, &row, hash, &test_err), 1);
	audit_check_start(&c.check, row, hash);
	MUST(audit_walk(r->audit, row, 1000000, check_row, &c, &test_err));
	if (!c.bad && audit_check_end(&c.check, &c.e) != 0)
		c.bad = true;
	return c.bad ? c.e.text : "";
}

struct seen {
	int n;
	char text[4000];
};

static void see(void *arg, const struct audit_row *row)
{
	struct seen *s = arg;
	size_t len = strlen(s->text);

	s->n++;
	snprintf(s->text + len, sizeof(s->text) - len, "%s/%s/%s x%lld;",
	    audit_what_name(row->event.what), row->event.owner != NULL ? row->event.owner : "-",
	    row->event.object != NULL ? row->event.object : "-", (long long)row->count);
}

static struct seen history(struct rig *r, const uint8_t *thing, const char *owner, int64_t offset,
    int64_t max, bool *more)
{
	struct seen s = { 0 };
	int n = audit_history(r->audit, thing, owner, offset, max, more, see, &s, &test_err);

	assert_int_equal(n, s.n);
	return s;
}

static void a_row_lives_or_dies_with_its_transaction(void **state)
{
	struct rig *r = *state;
	struct audit_event ev = { .what = AUDIT_CLAIMED, .thing = lamp, .owner = "o@x" };
	uint8_t before[AUDIT_HASH], after[AUDIT_HASH];

	note(r, AUDIT_REGISTERED, lamp, NULL, NULL);
	assert_int_equal(audit_head(r->audit, before), 1);
	MUST(store_begin(r->store, &test_err));
	MUST(audit_add(r->audit, &ev, &test_err));
	store_rollback(r->store);
	assert_int_equal(audit_count(r->audit, AUDIT_CLAIMED), 0);
	assert_int_equal(audit_head(r->audit, after), 1);
	assert_memory_equal(before, after, AUDIT_HASH);
	note(r, AUDIT_CLAIMED, lamp, "o@x", NULL);
	assert_int_equal(audit_count(r->audit, AUDIT_CLAIMED), 1);
	assert_string_equal(verify(r), "");
	close_rig(r);
	open_rig(r);
	assert_int_equal(audit_head(r->audit, after), 2);
	note(r, AUDIT_NAMED, lamp, "o@x", NULL);
	assert_string_equal(verify(r), "");
}

/* Whoever verifies with another program needs these bytes (docs/PROTOCOL.md). */
static void the_hash_of_a_row_is_a_known_one(void **state)
{
	struct audit_row r = { .row = 7, .at_ms = 1700000000000, .since_ms = 1699999999000,
		.count = 2, .has_thing = true, .thing = { 0xAB, 0xCD },
		.event = { .what = AUDIT_DENIED, .epoch = 3, .owner = "o@x", .actor = "bob@x",
		.object = "" } };
	uint8_t previous[AUDIT_HASH], out[AUDIT_HASH];
	char hex[2 * AUDIT_HASH + 1];

	(void)state;
	memset(previous, 0x11, sizeof(previous));
	audit_chain(out, previous, &r);
	str_hex(hex, out, sizeof(out));
	assert_string_equal(hex, "285b29c72c0e027198a609af61164c2db08ae504b8dce30346776d12a54f54b7");
}

static void two_chains_have_no_row_in_common(void **state)
{
	struct rig *r = *state;
	struct rig other = { .clock = r->clock };
	uint8_t a[AUDIT_HASH], b[AUDIT_HASH];

	snprintf(other.place.url, sizeof(other.place.url), "sqlite::memory:");
	open_rig(&other);
	other.hands = r->hands;
	note(r, AUDIT_OPERATOR, NULL, NULL, "same");
	other.clock = clock_from_fake(&other.hands);
	note(&other, AUDIT_OPERATOR, NULL, NULL, "same");
	audit_head(r->audit, a);
	audit_head(other.audit, b);
	assert_memory_not_equal(a, b, AUDIT_HASH);
	close_rig(&other);
}

static void some_rows(struct rig *r)
{
	for (int i = 0; i < 10; i++)
		note(r, AUDIT_NAMED, i % 2 == 0 ? lamp : door, "o@x", i % 3 == 0 ? NULL : "");
	assert_string_equal(verify(r), "");
}

static void copy_rows(struct rig *r)
{
	static const struct store_step step = { 1, "CREATE TABLE copy AS SELECT * FROM audit" };
	static const struct store_schema copy = { "copy", &step, 1 };

	MUST(store_migrate(r->store, &copy, &test_err));
}

static void row_P18__every_change_of_a_row_is_named(void **state)
{
	static const char *const changes[] = {
		"UPDATE audit SET at = at + 1 WHERE row = 5",
		"UPDATE audit SET since = since + 1 WHERE row = 5",
		"UPDATE audit SET count = 2 WHERE row = 5",
		"UPDATE audit SET what = what + 1 WHERE row = 5",
		"UPDATE audit SET thing = NULL WHERE row = 5",
		"UPDATE audit SET epoch = 4 WHERE row = 5",
		"UPDATE audit SET owner = 'p@x' WHERE row = 5",
		"UPDATE audit SET actor = NULL WHERE row = 5",
		"UPDATE audit SET object = '' WHERE row = 5",
		"UPDATE audit SET detail = NULL WHERE row = 5",
		"UPDATE audit SET owner = 'o@xo', actor = '@x' WHERE row = 5",
		"UPDATE audit SET hash = zeroblob(32) WHERE row = 5",
	};
	struct rig *r = *state;

	some_rows(r);
	copy_rows(r);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		sql(r, changes[i]);
		assert_true(str_starts(verify(r), "row 5 does not fit"));
		sql(r, "INSERT OR REPLACE INTO audit SELECT * FROM copy");
		assert_string_equal(verify(r), "");
	}
}

static void row_P18__a_removed_moved_or_added_row_is_named(void **state)
{
	struct rig *r = *state;

	some_rows(r);
	copy_rows(r);
	sql(r, "DELETE FROM audit WHERE row = 4");
	assert_true(str_starts(verify(r), "row 5 follows row 3"));
	sql(r, "INSERT OR REPLACE INTO audit SELECT * FROM copy");
	sql(r, "UPDATE audit SET row = 99 WHERE row = 4");
	sql(r, "UPDATE audit SET row = 4 WHERE row = 5");
	sql(r, "UPDATE audit SET row = 5 WHERE row = 99");
	assert_true(str_starts(verify(r), "row 4 does not fit"));
	sql(r, "DELETE FROM audit");
	sql(r, "INSERT INTO audit SELECT * FROM copy");
	assert_string_equal(verify(r), "");
	sql(r, "INSERT INTO audit SELECT 11, at, since, count, what, thing, epoch, owner, actor,"
	    " object, detail, hash FROM copy WHERE row = 10");
	assert_true(str_starts(verify(r), "row 11 does not fit"));
}

static void row_P18__a_front_cut_off_by_somebody_else_is_named(void **state)
{
	struct rig *r = *state;

	some_rows(r);
	sql(r, "INSERT OR REPLACE INTO audit_start SELECT 1, row, hash FROM audit WHERE row = 4");
	sql(r, "DELETE FROM audit WHERE row <= 4");
	assert_true(str_starts(verify(r), "it begins behind row 4"));
}

static void old_rows_are_cut_and_the_rest_still_verifies(void **state)
{
	struct rig *r = *state;
	uint8_t hash[AUDIT_HASH];
	int64_t row;

	some_rows(r);
	audit_keep(r->audit, 5500);
	assert_int_equal(audit_deadline(r->audit), 0);
	MUST(store_begin(r->store, &test_err));
	assert_int_equal(audit_cut(r->audit, &test_err), 5);
	store_rollback(r->store);
	assert_string_equal(verify(r), "");
	assert_int_equal(audit_deadline(r->audit), 0);
	MUST(store_begin(r->store, &test_err));
	assert_int_equal(audit_cut(r->audit, &test_err), 5);
	MUST(store_commit(r->store, &test_err));
	assert_true(audit_deadline(r->audit) > r->hands.wall);
	assert_int_equal(audit_start(r->audit, &row, hash, &test_err), 1);
	assert_int_equal(row, 5);
	assert_string_equal(verify(r), "");
	close_rig(r);
	open_rig(r);
	note(r, AUDIT_NAMED, lamp, "o@x", NULL);
	assert_string_equal(verify(r), "");
}

static void everything_may_be_old(void **state)
{
	struct rig *r = *state;

	some_rows(r);
	r->hands.wall += 100000;
	audit_keep(r->audit, 1000);
	MUST(store_begin(r->store, &test_err));
	assert_int_equal(audit_cut(r->audit, &test_err), 10);
	MUST(store_commit(r->store, &test_err));
	assert_string_equal(verify(r), "");
	close_rig(r);
	open_rig(r);
	assert_string_equal(verify(r), "");
}

static void decisions_are_counted_and_noted_once(void **state)
{
	struct rig *r = *state;
	struct seen s;
	bool more;

	assert_int_equal(audit_deadline(r->audit), -1);
	for (int i = 0; i < 5; i++)
		decide(r, "bob@x", "temperature");
	decide(r, "bob@x", "humidity");
	decide(r, "eve@x", "temperature");
	assert_true(audit_deadline(r->audit) > r->hands.wall);
	assert_int_equal(flush(r), 3);
	assert_int_equal(flush(r), 0);
	assert_int_equal(audit_deadline(r->audit), -1);
	s = history(r, lamp, NULL, 0, 10, &more);
	assert_string_equal(s.text, "denied/o@x/temperature x1;denied/o@x/humidity x1;"
	    "denied/o@x/temperature x5;");
	assert_string_equal(verify(r), "");
}

static void decisions_of_a_failed_transaction_are_noted_later(void **state)
{
	struct rig *r = *state;
	struct seen s;
	bool more;

	decide(r, "bob@x", "t");
	MUST(store_begin(r->store, &test_err));
	assert_int_equal(audit_flush(r->audit, &test_err), 1);
	decide(r, "bob@x", "t");
	store_rollback(r->store);
	assert_int_equal(flush(r), 1);
	s = history(r, lamp, NULL, 0, 10, &more);
	assert_string_equal(s.text, "denied/o@x/t x2;");
}

static void decisions_made_while_noting_wait_for_the_next(void **state)
{
	struct rig *r = *state;

	decide(r, "bob@x", "t");
	MUST(store_begin(r->store, &test_err));
	assert_int_equal(audit_flush(r->audit, &test_err), 1);
	decide(r, "bob@x", "t");
	MUST(store_commit(r->store, &test_err));
	assert_true(audit_deadline(r->audit) >= 0);
	assert_int_equal(flush(r), 1);
}

static void a_flood_of_different_decisions_drops_the_oldest_and_says_so(void **state)
{
	struct rig *r = *state;
	char who[32];
	int n, all = 0;

	for (int i = 0; i < AUDIT_COUNTS + 10; i++) {
		snprintf(who, sizeof(who), "m%d@x", i);
		decide(r, who, NULL);
	}
	assert_int_equal(audit_dropped(r->audit), 10);
	assert_true(audit_deadline(r->audit) <= r->hands.wall);
	while ((n = flush(r)) > 0) {
		assert_true(n <= 1000);
		all += n;
	}
	assert_int_equal(all, AUDIT_COUNTS);
}

static void texts_too_long_are_cut_at_a_character(void **state)
{
	struct rig *r = *state;
	char *text = malloc(2 * AUDIT_TEXT + 2);
	struct seen s;
	bool more;

	assert_non_null(text);
	for (size_t i = 0; i < AUDIT_TEXT; i++)
		memcpy(text + 1 + 2 * i, "\xC3\xA4", 3);
	text[0] = 'x';
	note(r, AUDIT_RULE, lamp, "o@x", text);
	decide(r, text, text);
	assert_int_equal(flush(r), 1);
	s = history(r, lamp, "o@x", 0, 1, &more);
	assert_true(str_utf8_valid(s.text, strlen(s.text)));
	assert_string_equal(verify(r), "");
	free(text);
}

static void row_O19__history_is_of_one_thing_and_one_owner_newest_first(void **state)
{
	struct rig *r = *state;
	struct seen s;
	bool more;

	note(r, AUDIT_CLAIMED, lamp, "a@x", NULL);
	note(r, AUDIT_CLAIMED, door, "a@x", NULL);
	note(r, AUDIT_TRANSFERRED, lamp, "b@x", NULL);
	note(r, AUDIT_NAMED, lamp, "b@x", NULL);
	s = history(r, lamp, NULL, 0, 10, &more);
	assert_string_equal(s.text, "named/b@x/- x1;transferred/b@x/- x1;claimed/a@x/- x1;");
	assert_false(more);
	s = history(r, lamp, "a@x", 0, 10, &more);
	assert_string_equal(s.text, "claimed/a@x/- x1;");
	s = history(r, NULL, "a@x", 0, 10, &more);
	assert_int_equal(s.n, 2);
	s = history(r, NULL, NULL, 1, 2, &more);
	assert_int_equal(s.n, 2);
	assert_true(more);
	s = history(r, NULL, "nobody@x", 0, 10, &more);
	assert_int_equal(s.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		T(a_row_lives_or_dies_with_its_transaction),
		T(the_hash_of_a_row_is_a_known_one),
		T(two_chains_have_no_row_in_common),
		T(row_P18__every_change_of_a_row_is_named),
		T(row_P18__a_removed_moved_or_added_row_is_named),
		T(row_P18__a_front_cut_off_by_somebody_else_is_named),
		T(old_rows_are_cut_and_the_rest_still_verifies),
		T(everything_may_be_old),
		T(decisions_are_counted_and_noted_once),
		T(decisions_of_a_failed_transaction_are_noted_later),
		T(decisions_made_while_noting_wait_for_the_next),
		T(a_flood_of_different_decisions_drops_the_oldest_and_says_so),
		T(texts_too_long_are_cut_at_a_character),
		T(row_O19__history_is_of_one_thing_and_one_owner_newest_first),
	};

	return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
