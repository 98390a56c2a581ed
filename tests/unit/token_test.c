/* SPDX-License-Identifier: Apache-2.0 */
/* token_test: tokens are bound, bounded, hashed, end in time, and follow their transaction. */
#include "config.h"

#include <fcntl.h>

#include "tests/unit/store_support.h"

#include "common/store/token.h"

#define NAME_A "aaaaaaaaaaaaaaaaaaaaaaaaaa"
#define NAME_B "bbbbbbbbbbbbbbbbbbbbbbbbbb"
#define NAME_U "uuuuuuuuuuuuuuuuuuuuuuuuuu"

struct world {
	struct store *s;
	struct tokens_table *t;
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
	MUST(tokens_open(&w->t, w->s, &w->clock, &w->key, &test_err));
}

static void world_close(struct world *w)
{
	tokens_close(&w->t);
	store_close(&w->s);
	secret_clear(&w->key);
}

static struct token of(const char *name, const char *jid)
{
	static const uint8_t der[] = { 0x30, 0x03, 0x02, 0x01, 0x00 };
	struct token k = { .jid = jid, .certificate = der, .certificate_len = sizeof(der),
		.issued_ms = 1000, .until_ms = 5000 };

	memcpy(k.name, name, sizeof(k.name));
	return k;
}

static struct token user_of(const char *name, const char *service, const char *jid)
{
	struct token k = of(name, jid);

	k.certificate = NULL;
	k.certificate_len = 0;
	k.service = service;
	k.details = "name=Ann";
	return k;
}

static void issue(struct world *w, const struct token *k, char text[static TOKEN_TEXT])
{
	MUST(store_begin(w->s, &test_err));
	MUST(token_issue(w->t, k, text, &test_err));
	MUST(store_commit(w->s, &test_err));
}

static int try_issue(struct world *w, const struct token *k)
{
	char text[TOKEN_TEXT] = "as before";
	int rc;

	err_clear(&test_err);
	MUST(store_begin(w->s, &test_err));
	rc = token_issue(w->t, k, text, &test_err);
	if (rc == -1)
		assert_string_equal(text, "as before");
	MUST(store_commit(w->s, &test_err));
	return rc;
}

static int take_back(struct world *w, const char *name)
{
	int n;

	MUST(store_begin(w->s, &test_err));
	n = token_revoke(w->t, name, &test_err);
	MUST(store_commit(w->s, &test_err));
	return n;
}

static void a_token_is_found_by_its_text_with_or_without_an_address(void **state)
{
	struct place at;
	struct world w;
	struct token k = of(NAME_A, "service@x");
	char text[TOKEN_TEXT], full[128];

	(void)state;
	place_make(&at);
	world_open(&w, at.url);
	issue(&w, &k, text);
	assert_int_equal(strlen(text), 26);
	assert_null(strpbrk(text, " \t\r\n:"));
	snprintf(full, sizeof(full), "kith.example:%s", text);
	for (int pass = 0; pass < 2; pass++) {
		const struct token *got = token_find(w.t, text);

		assert_non_null(got);
		assert_ptr_equal(token_find(w.t, full), got);
		assert_string_equal(got->name, NAME_A);
		assert_string_equal(got->jid, "service@x");
		assert_memory_equal(got->certificate, k.certificate, k.certificate_len);
		assert_int_equal(got->until_ms, 5000);
		world_close(&w);
		world_open(&w, at.url);
	}
	assert_null(token_find(w.t, ""));
	assert_null(token_find(w.t, "kith.example:"));
	assert_null(token_find(w.t, NAME_A));
	world_close(&w);
	place_remove(&at);
}

static void a_new_token_takes_the_place_of_the_old_and_has_to_prove_itself(void **state)
{
	struct world w;
	struct token k = of(NAME_A, "service@x");
	char old[TOKEN_TEXT], text[TOKEN_TEXT];

	(void)state;
	world_open(&w, "sqlite::memory:");
	issue(&w, &k, old);
	MUST(store_begin(w.s, &test_err));
	MUST(token_prove(w.t, NAME_A, "service@x", &test_err));
	MUST(store_commit(w.s, &test_err));
	assert_true(token_is_proved(w.t, NAME_A, "service@x"));
	issue(&w, &k, text);
	assert_null(token_find(w.t, old));
	assert_non_null(token_find(w.t, text));
	assert_false(token_is_proved(w.t, NAME_A, "service@x"));
	assert_int_equal(token_count(w.t), 1);
	world_close(&w);
}

static void att_P_10__nobody_but_its_holder_proves_a_token_for_good(void **state)
{
	struct place at;
	struct world w;
	struct token k = of(NAME_A, "service@x");
	char text[TOKEN_TEXT];

	(void)state;
	place_make(&at);
	world_open(&w, at.url);
	issue(&w, &k, text);
	MUST(store_begin(w.s, &test_err));
	assert_int_equal(token_prove(w.t, NAME_A, "relay@x", &test_err), -1);
	MUST(token_prove(w.t, NAME_A, "service@x", &test_err));
	MUST(store_commit(w.s, &test_err));
	world_close(&w);
	world_open(&w, at.url);
	assert_true(token_is_proved(w.t, NAME_A, "service@x"));
	assert_false(token_is_proved(w.t, NAME_A, "relay@x"));
	w.time.wall = 5000;
	assert_false(token_is_proved(w.t, NAME_A, "service@x"));
	world_close(&w);
	place_remove(&at);
}

static void a_token_is_over_at_its_time_and_is_forgotten(void **state)
{
	struct world w;
	struct token k = of(NAME_A, "service@x"), later = of(NAME_B, "service@x");
	char text[TOKEN_TEXT], other[TOKEN_TEXT];

	(void)state;
	world_open(&w, "sqlite::memory:");
	assert_int_equal(token_deadline(w.t), -1);
	later.until_ms = 9000;
	issue(&w, &later, other);
	issue(&w, &k, text);
	assert_int_equal(token_deadline(w.t), 5000);
	w.time.wall = 4999;
	assert_non_null(token_find(w.t, text));
	w.time.wall = 5000;
	assert_null(token_find(w.t, text));
	assert_null(token_by_name(w.t, NAME_A));
	MUST(store_begin(w.s, &test_err));
	assert_int_equal(token_expire(w.t, &test_err), 1);
	store_rollback(w.s);
	assert_int_equal(token_deadline(w.t), 5000);
	MUST(store_begin(w.s, &test_err));
	assert_int_equal(token_expire(w.t, &test_err), 1);
	MUST(store_commit(w.s, &test_err));
	assert_int_equal(token_deadline(w.t), 9000);
	assert_int_equal(token_count(w.t), 1);
	assert_non_null(token_find(w.t, other));
	world_close(&w);
}

static void a_revoked_token_is_worth_nothing_and_its_certificate_gets_no_other(void **state)
{
	struct place at;
	struct world w;
	struct token k = of(NAME_A, "service@x"), same = of(NAME_A, "other@x");
	struct token ann = user_of(NAME_U, NAME_A, "service@x");
	char text[3][TOKEN_TEXT];

	(void)state;
	place_make(&at);
	world_open(&w, at.url);
	issue(&w, &k, text[0]);
	issue(&w, &same, text[1]);
	issue(&w, &ann, text[2]);
	assert_int_equal(take_back(&w, token_by_name(w.t, NAME_A)->name), 3);
	for (int i = 0; i < 3; i++)
		assert_null(token_find(w.t, text[i]));
	world_close(&w);
	world_open(&w, at.url);
	assert_true(token_is_revoked(w.t, NAME_A));
	assert_int_equal(try_issue(&w, &k), -1);
	assert_int_equal(test_err.kind, ERR_INPUT);
	MUST(store_begin(w.s, &test_err));
	assert_int_equal(token_forgive(w.t, NAME_A, &test_err), 1);
	assert_int_equal(token_forgive(w.t, NAME_A, &test_err), 0);
	MUST(store_commit(w.s, &test_err));
	assert_int_equal(try_issue(&w, &k), 0);
	world_close(&w);
	place_remove(&at);
}

static void a_rollback_brings_back_what_was_revoked_or_replaced(void **state)
{
	struct world w;
	struct token k = of(NAME_A, "service@x");
	char text[TOKEN_TEXT], new[TOKEN_TEXT];

	(void)state;
	world_open(&w, "sqlite::memory:");
	issue(&w, &k, text);
	MUST(store_begin(w.s, &test_err));
	assert_int_equal(token_revoke(w.t, NAME_A, &test_err), 1);
	assert_null(token_find(w.t, text));
	store_rollback(w.s);
	assert_non_null(token_find(w.t, text));
	assert_false(token_is_revoked(w.t, NAME_A));
	MUST(store_begin(w.s, &test_err));
	MUST(token_issue(w.t, &k, new, &test_err));
	MUST(token_prove(w.t, NAME_A, "service@x", &test_err));
	store_rollback(w.s);
	assert_non_null(token_find(w.t, text));
	assert_null(token_find(w.t, new));
	assert_false(token_is_proved(w.t, NAME_A, "service@x"));
	world_close(&w);
}

static void what_a_service_says_of_its_user_is_replaced(void **state)
{
	struct world w;
	struct token s = of(NAME_A, "service@x"), ann = user_of(NAME_U, NAME_A, "service@x");
	char text[TOKEN_TEXT], much[TOKEN_DETAILS + 2];

	(void)state;
	world_open(&w, "sqlite::memory:");
	issue(&w, &s, text);
	issue(&w, &ann, text);
	MUST(store_begin(w.s, &test_err));
	MUST(token_describe(w.t, NAME_U, "name=Bob", &test_err));
	assert_int_equal(token_describe(w.t, NAME_A, "name=Bob", &test_err), -1);
	memset(much, 'x', sizeof(much));
	much[sizeof(much) - 1] = '\0';
	assert_int_equal(token_describe(w.t, NAME_U, much, &test_err), -1);
	MUST(store_commit(w.s, &test_err));
	assert_string_equal(token_find(w.t, text)->details, "name=Bob");
	assert_string_equal(token_by_name(w.t, NAME_U)->service, NAME_A);
	world_close(&w);
}

static void att_P_26__tokens_are_bounded_by_address_by_service_and_in_all(void **state)
{
	static const struct token_limits limits = { .per_jid = 2, .per_service = 3, .total = 6 };
	struct world w;
	struct token k = of(NAME_A, "service@x");
	char text[TOKEN_TEXT], name[TOKEN_NAME] = NAME_U;

	(void)state;
	world_open(&w, "sqlite::memory:");
	tokens_limit(w.t, &limits);
	issue(&w, &k, text);
	k = of(NAME_B, "service@x");
	issue(&w, &k, text);
	k = of(NAME_U, "service@x");
	assert_int_equal(try_issue(&w, &k), -1);
	assert_int_equal(test_err.kind, ERR_LIMIT);
	/* In the place of an old one it is no more than there were. */
	k = of(NAME_A, "service@x");
	assert_int_equal(try_issue(&w, &k), 0);
	for (int i = 0; i < 4; i++) {
		name[0] = (char)('a' + i);
		k = user_of(name, NAME_A, "service@x");
		assert_int_equal(try_issue(&w, &k), i < 3 ? 0 : -1);
	}
	assert_int_equal(test_err.kind, ERR_LIMIT);
	k = of(NAME_A, "other@x");
	assert_int_equal(try_issue(&w, &k), 0);
	k = of(NAME_A, "third@x");
	assert_int_equal(try_issue(&w, &k), -1);
	assert_int_equal(token_count(w.t), 6);
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

static void att_P_15__the_text_of_a_token_is_not_on_disk(void **state)
{
	struct place at;
	struct world w;
	struct token k = of(NAME_A, "canary@x");
	char text[TOKEN_TEXT], wal[128];

	(void)state;
	place_make(&at);
	snprintf(wal, sizeof(wal), "%s-wal", at.path);
	world_open(&w, at.url);
	issue(&w, &k, text);
	assert_true(file_has(at.path, "canary@x") || file_has(wal, "canary@x"));
	assert_false(file_has(at.path, text));
	assert_false(file_has(wal, text));
	world_close(&w);
	place_remove(&at);
}

static int by_text(const void *a, const void *b)
{
	return memcmp(a, b, TOKEN_TEXT);
}

/* And each is still found. */
static void att_P_15__no_two_of_a_million_tokens_are_equal(void **state)
{
	size_t n = getenv("KITH_LONG") != NULL ? 1000000 : 10000;
	const struct token_limits limits = { .total = n };
	char (*text)[TOKEN_TEXT] = calloc(n, sizeof(*text));
	struct world w;
	char jid[32];

	(void)state;
	assert_non_null(text);
	world_open(&w, "sqlite::memory:");
	tokens_limit(w.t, &limits);
	for (size_t i = 0; i < n; i++) {
		struct token k = of(NAME_A, jid);

		/* One name in common would make each search walk through all of them. */
		snprintf(k.name, sizeof(k.name), "%026zu", i);
		snprintf(jid, sizeof(jid), "s%zu@x", i);
		if (i % 1000 == 0)
			MUST(store_begin(w.s, &test_err));
		MUST(token_issue(w.t, &k, text[i], &test_err));
		if (i % 1000 == 999 || i == n - 1)
			MUST(store_commit(w.s, &test_err));
	}
	for (size_t i = 0; i < n; i += 97) {
		snprintf(jid, sizeof(jid), "s%zu@x", i);
		assert_string_equal(token_find(w.t, text[i])->jid, jid);
	}
	qsort(text, n, sizeof(*text), by_text);
	for (size_t i = 1; i < n; i++)
		assert_string_not_equal(text[i - 1], text[i]);
	world_close(&w);
	free(text);
}

static void a_token_for_nothing_is_not_issued(void **state)
{
	struct world w;
	struct token k = of(NAME_A, "service@x");

	(void)state;
	world_open(&w, "sqlite::memory:");
	k.certificate = NULL;
	assert_int_equal(try_issue(&w, &k), -1);
	k = of(NAME_A, "service@x");
	k.service = NAME_B;
	assert_int_equal(try_issue(&w, &k), -1);
	k = of(NAME_A, "service@x");
	k.name[3] = '\0';
	assert_int_equal(try_issue(&w, &k), -1);
	assert_int_equal(test_err.kind, ERR_INPUT);
	assert_null(token_at(w.t, 0));
	world_close(&w);
}

static void a_damaged_row_is_refused(void **state)
{
	struct place at;
	struct world w;
	struct token k = of(NAME_A, "service@x");
	struct tokens_table *t = NULL;
	char text[TOKEN_TEXT];
	struct stmt *st;

	(void)state;
	place_make(&at);
	world_open(&w, at.url);
	issue(&w, &k, text);
	st = store_prepare(w.s, "UPDATE token SET mac = $1", &test_err);
	stmt_bind_blob(st, 1, "short", 5);
	MUST(store_begin(w.s, &test_err));
	MUST(stmt_run(st, NULL, &test_err));
	MUST(store_commit(w.s, &test_err));
	assert_int_equal(tokens_open(&t, w.s, &w.clock, &w.key, &test_err), -1);
	assert_null(t);
	world_close(&w);
	place_remove(&at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_found_by_its_text_with_or_without_an_address),
		cmocka_unit_test(a_new_token_takes_the_place_of_the_old_and_has_to_prove_itself),
		cmocka_unit_test(att_P_10__nobody_but_its_holder_proves_a_token_for_good),
		cmocka_unit_test(a_token_is_over_at_its_time_and_is_forgotten),
		cmocka_unit_test(
		    a_revoked_token_is_worth_nothing_and_its_certificate_gets_no_other),
		cmocka_unit_test(a_rollback_brings_back_what_was_revoked_or_replaced),
		cmocka_unit_test(what_a_service_says_of_its_user_is_replaced),
		cmocka_unit_test(att_P_26__tokens_are_bounded_by_address_by_service_and_in_all),
		cmocka_unit_test(att_P_15__the_text_of_a_token_is_not_on_disk),
		cmocka_unit_test(att_P_15__no_two_of_a_million_tokens_are_equal),
		cmocka_unit_test(a_token_for_nothing_is_not_issued),
		cmocka_unit_test(a_damaged_row_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
