/* SPDX-License-Identifier: Apache-2.0 */
/* code_test: single use, bound to one person, bounded, never in clear, undone by a rollback. */
#include "config.h"

#include <fcntl.h>

#include "tests/unit/store_support.h"

#include "common/store/code.h"

struct world {
	struct store *s;
	struct codes *c;
	struct clock_fake time;
	struct clock clock;
	struct secret key;
};

static void world_open(struct world *w, const char *url)
{
	memset(w, 0, sizeof(*w));
	w->time.wall = 1000;
	w->clock = clock_from_fake(&w->time);
	test_key(&w->key, 7);
	w->s = open_store(url);
	MUST(codes_open(&w->c, w->s, &w->clock, &w->key, &test_err));
}

static void world_close(struct world *w)
{
	codes_close(&w->c);
	store_close(&w->s);
	secret_clear(&w->key);
}

static struct code about(const char *owner, enum code_purpose purpose, uint8_t thing)
{
	struct code k = { .purpose = purpose, .owner = owner, .epoch = 3, .text = "remove lamp",
		.until_ms = 5000 };

	k.thing[0] = thing;
	return k;
}

static void issue(struct world *w, const struct code *k, char out[static IDENT_CODE])
{
	MUST(store_begin(w->s, &test_err));
	MUST(code_issue(w->c, k, out, &test_err));
	MUST(store_commit(w->s, &test_err));
}

static void a_code_opens_what_it_was_made_for_and_survives_a_restart(void **state)
{
	struct place at;
	struct world w;
	struct code k = about("o@x", CODE_CONFIRM, 9);
	char code[IDENT_CODE];

	(void)state;
	place_make(&at);
	world_open(&w, at.url);
	issue(&w, &k, code);
	for (int pass = 0; pass < 2; pass++) {
		const struct code *got = code_find(w.c, "o@x", code);

		assert_non_null(got);
		assert_int_equal(got->purpose, CODE_CONFIRM);
		assert_string_equal(got->owner, "o@x");
		assert_string_equal(got->text, "remove lamp");
		assert_int_equal(got->epoch, 3);
		assert_int_equal(got->thing[0], 9);
		world_close(&w);
		world_open(&w, at.url);
	}
	world_close(&w);
	place_remove(&at);
}

static void att_H_03__a_code_is_worth_nothing_to_anybody_else(void **state)
{
	struct world w;
	struct code k = about("o@x", CODE_ACCEPT, 9);
	char code[IDENT_CODE];

	(void)state;
	world_open(&w, "sqlite::memory:");
	issue(&w, &k, code);
	assert_null(code_find(w.c, "p@x", code));
	assert_null(code_find(w.c, "o@x", "AAAA-AAAA"));
	/* Neither of the wrong tries voided it. */
	assert_non_null(code_find(w.c, "o@x", code));
	MUST(store_begin(w.s, &test_err));
	MUST(code_spend(w.c, "p@x", code, &test_err));
	MUST(store_commit(w.s, &test_err));
	assert_non_null(code_find(w.c, "o@x", code));
	world_close(&w);
}

static void a_spent_code_opens_nothing_unless_the_turn_failed(void **state)
{
	struct world w;
	struct code k = about("o@x", CODE_CONFIRM, 9);
	char code[IDENT_CODE];

	(void)state;
	world_open(&w, "sqlite::memory:");
	issue(&w, &k, code);
	MUST(store_begin(w.s, &test_err));
	MUST(code_spend(w.c, "o@x", code, &test_err));
	assert_null(code_find(w.c, "o@x", code));
	store_rollback(w.s);
	assert_non_null(code_find(w.c, "o@x", code));
	MUST(store_begin(w.s, &test_err));
	MUST(code_spend(w.c, "o@x", code, &test_err));
	MUST(store_commit(w.s, &test_err));
	assert_null(code_find(w.c, "o@x", code));
	world_close(&w);
}

static void a_code_is_over_at_its_time_and_is_forgotten(void **state)
{
	struct world w;
	struct code k = about("o@x", CODE_CONFIRM, 9), later = about("o@x", CODE_CONFIRM, 8);
	char code[IDENT_CODE], other[IDENT_CODE];

	(void)state;
	world_open(&w, "sqlite::memory:");
	assert_int_equal(code_deadline(w.c), -1);
	later.until_ms = 9000;
	issue(&w, &later, other);
	issue(&w, &k, code);
	assert_int_equal(code_deadline(w.c), 5000);
	w.time.wall = 5000;
	assert_null(code_find(w.c, "o@x", code));
	MUST(store_begin(w.s, &test_err));
	assert_int_equal(code_expire(w.c, 10, &test_err), 1);
	MUST(store_commit(w.s, &test_err));
	assert_int_equal(code_deadline(w.c), 9000);
	assert_non_null(code_find(w.c, "o@x", other));
	world_close(&w);
}

static void one_owner_has_fifty_and_the_oldest_of_that_purpose_falls_out(void **state)
{
	struct world w;
	struct code confirm = about("o@x", CODE_CONFIRM, 1), accept = about("o@x", CODE_ACCEPT, 2);
	struct code strange = about("p@x", CODE_CONFIRM, 1);
	char kept[IDENT_CODE], theirs[IDENT_CODE], first[IDENT_CODE], code[IDENT_CODE];

	(void)state;
	world_open(&w, "sqlite::memory:");
	issue(&w, &strange, theirs);
	issue(&w, &confirm, kept);
	issue(&w, &accept, first);
	for (int i = 2; i < CODES_PER_OWNER; i++)
		issue(&w, &accept, code);
	assert_non_null(code_find(w.c, "o@x", first));
	issue(&w, &accept, code);
	assert_null(code_find(w.c, "o@x", first));
	assert_non_null(code_find(w.c, "o@x", kept));
	assert_non_null(code_find(w.c, "p@x", theirs));
	world_close(&w);
}

static void all_codes_of_one_purpose_about_one_thing_are_void_together(void **state)
{
	struct world w;
	struct code k[] = { about("o@x", CODE_ACCEPT, 1), about("p@x", CODE_ACCEPT, 1),
		about("o@x", CODE_CONFIRM, 1), about("o@x", CODE_ACCEPT, 2) };
	char code[4][IDENT_CODE];

	(void)state;
	world_open(&w, "sqlite::memory:");
	for (size_t i = 0; i < 4; i++)
		issue(&w, &k[i], code[i]);
	MUST(store_begin(w.s, &test_err));
	MUST(code_void(w.c, CODE_ACCEPT, k[0].thing, &test_err));
	MUST(store_commit(w.s, &test_err));
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(code_find(w.c, k[i].owner, code[i]) != NULL, i >= 2);
	world_close(&w);
}

static void open_codes_of_one_purpose_are_listed(void **state)
{
	struct world w;
	struct code k[] = { about("o@x", CODE_ACCEPT, 1), about("o@x", CODE_UNDO, 2),
		about("o@x", CODE_ACCEPT, 3), about("p@x", CODE_ACCEPT, 4) };
	char code[IDENT_CODE];
	unsigned seen = 0;
	const struct code *at = NULL;

	(void)state;
	world_open(&w, "sqlite::memory:");
	for (size_t i = 0; i < 4; i++)
		issue(&w, &k[i], code);
	while ((at = code_next(w.c, "o@x", CODE_ACCEPT, at)) != NULL)
		seen |= 1u << at->thing[0];
	assert_int_equal(seen, 1u << 1 | 1u << 3);
	MUST(store_begin(w.s, &test_err));
	MUST(code_spend_this(w.c, code_next(w.c, "o@x", CODE_UNDO, NULL), &test_err));
	MUST(store_commit(w.s, &test_err));
	assert_null(code_next(w.c, "o@x", CODE_UNDO, NULL));
	world_close(&w);
}

static bool file_has(const char *path, const char *text)
{
	static char all[1 << 20];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, all, sizeof(all));
	close(fd);
	return n > 0 && memmem(all, (size_t)n, text, strlen(text)) != NULL;
}

static void a_code_is_not_on_disk(void **state)
{
	struct place at;
	struct world w;
	struct code k = about("canary@x", CODE_CONFIRM, 9);
	char code[IDENT_CODE], wal[128];
	bool written = false;

	(void)state;
	place_make(&at);
	snprintf(wal, sizeof(wal), "%s-wal", at.path);
	world_open(&w, at.url);
	issue(&w, &k, code);
	written = file_has(at.path, "canary@x") || file_has(wal, "canary@x");
	assert_true(written);
	assert_false(file_has(at.path, code));
	assert_false(file_has(wal, code));
	world_close(&w);
	place_remove(&at);
}

static void a_damaged_row_is_refused(void **state)
{
	struct place at;
	struct world w;
	struct code k = about("o@x", CODE_CONFIRM, 9);
	char code[IDENT_CODE];
	struct stmt *st;
	struct codes *c = NULL;

	(void)state;
	place_make(&at);
	world_open(&w, at.url);
	issue(&w, &k, code);
	st = store_prepare(w.s, "UPDATE codes SET purpose = $1", &test_err);
	stmt_bind_int(st, 1, 77);
	MUST(store_begin(w.s, &test_err));
	MUST(stmt_run(st, NULL, &test_err));
	MUST(store_commit(w.s, &test_err));
	assert_int_equal(codes_open(&c, w.s, &w.clock, &w.key, &test_err), -1);
	assert_null(c);
	world_close(&w);
	place_remove(&at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_code_opens_what_it_was_made_for_and_survives_a_restart),
		cmocka_unit_test(att_H_03__a_code_is_worth_nothing_to_anybody_else),
		cmocka_unit_test(a_spent_code_opens_nothing_unless_the_turn_failed),
		cmocka_unit_test(a_code_is_over_at_its_time_and_is_forgotten),
		cmocka_unit_test(one_owner_has_fifty_and_the_oldest_of_that_purpose_falls_out),
		cmocka_unit_test(all_codes_of_one_purpose_about_one_thing_are_void_together),
		cmocka_unit_test(open_codes_of_one_purpose_are_listed),
		cmocka_unit_test(a_code_is_not_on_disk),
		cmocka_unit_test(a_damaged_row_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
