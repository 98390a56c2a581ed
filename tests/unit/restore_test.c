/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore_test: what a backup brings back, and what it must not: a right that
 * was taken back after it was made.  One case tries every way in which a
 * backup can be the wrong one; what was there stays untouched then.
 */
#include "config.h"

#include "tests/unit/operate_support.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "common/store/debt.h"
#include "kithd/restore.h"

#define LAMP "lamp1234567890@a.example"

static char copy_path[160], key_path[160];

/* kithctl backup FILE --key KEYFILE */
static void back_up(struct hand *h)
{
	static unsigned char bytes[512 * 1024];
	const char *told = operator(h, "backup");
	FILE *f;

	snprintf(copy_path, sizeof(copy_path), "%s/copy", h->place.dir);
	snprintf(key_path, sizeof(key_path), "%s/copy.key", h->place.dir);
	f = fopen(copy_path, "wb");
	assert_non_null(f);
	for (const char *at = told; (at = strstr(at, "#data ")) != NULL; at++) {
		long n = str_unbase64(bytes, sizeof(bytes), at + 6, strcspn(at + 6, "\n"));

		assert_true(n > 0 && fwrite(bytes, 1, (size_t)n, f) == (size_t)n);
	}
	fclose(f);
	f = fopen(key_path, "wb");
	assert_non_null(f);
	for (size_t i = 0; i < h->key.len; i++)
		fprintf(f, "%02x", h->key.data[i]);
	fclose(f);
}

static int put_back(struct hand *h, bool force, bool trust, struct restored *done, struct err *e)
{
	struct restore what = { .force = force, .trust = trust };
	int rc;

	what.backup_fd = open(copy_path, O_RDONLY);
	what.key_fd = open(key_path, O_RDONLY);
	assert_true(what.backup_fd >= 0);
	rc = restore(&what, &h->conf, done, e);
	close(what.backup_fd);
	if (what.key_fd >= 0)
		close(what.key_fd);
	return rc;
}

static void tidy(struct hand *h, const struct restored *done)
{
	char name[600];

	unlink(copy_path);
	unlink(key_path);
	if (done != NULL && done->aside[0] != '\0')
		unlink(done->aside);
	snprintf(name, sizeof(name), "%s.key", h->place.path);
	unlink(name);
}

static const char *can_read(struct hand *h, const char *who)
{
	return hand(h, "<iq type='get' from='" LAMP "/r' to='" ME "' id='can'>"
	    "<canRead xmlns='urn:xmpp:iot:provisioning' jid='%s' momentary='true'/></iq>", who);
}

/* The lamp is Alice's and bob may read it; it is seen by us. */
static void lamp_of_alice(struct hand *h)
{
	registers(h, LAMP, "01");
	claims(h, ALICE, "01");
	hand(h, "<presence type='subscribe' from='" LAMP "' to='" ME "'/>");
	hand(h, "<presence type='subscribed' from='" LAMP "' to='" ME "'/>");
	hand(h, "<presence from='" LAMP "/r' to='" ME "'/>");
	types(h, ALICE, "allow " BOB " to read of lamp12345678");
	has(can_read(h, BOB), "result=\"true\"");
}

static void what_was_taken_back_after_the_backup_is_not_granted_by_it__att_T_24(void **state)
{
	struct hand *h = *state;
	struct err e = ERR_INIT;
	struct restored done;

	lamp_of_alice(h);
	back_up(h);
	types(h, ALICE, "revoke " BOB);
	has_not(can_read(h, BOB), "result=\"true\"");
	site_close(&h->site);
	must(put_back(h, true, false, &done, &e), &e, "restore");
	assert_int_equal(done.rules, 1);
	assert_int_equal(done.owners, 1);
	assert_int_equal(done.things, 1);
	assert_true(done.at_ms == h->time.wall);
	/* Its clock is the real one; ours goes on from there. */
	h->time.wall = clock_wall(&clock_system) + 1000;
	buf_reset(&h->out);
	hand_open(h);
	has(buf_str(&h->out), "set back to");
	has(buf_str(&h->out), "rules: 1");
	owner_is(h, LAMP, ALICE);
	assert_non_null(debt_find(h->parts.debts, DEBT_FLOOR, LAMP, ""));
	hand(h, "<presence from='" LAMP "/r' to='" ME "'/>");
	has_not(can_read(h, BOB), "result=\"true\"");
	has(types(h, ALICE, "rules"), "ask about");
	/* Only her new word brings it back. */
	types(h, ALICE, "allow " BOB " to read of lamp12345678");
	has(can_read(h, BOB), "result=\"true\"");
	tidy(h, &done);
}

static void an_operator_who_knows_better_keeps_the_rules(void **state)
{
	struct hand *h = *state;
	struct err e = ERR_INIT;
	struct restored done;

	lamp_of_alice(h);
	back_up(h);
	site_close(&h->site);
	must(put_back(h, true, true, &done, &e), &e, "restore");
	assert_int_equal(done.rules, 0);
	h->time.wall = clock_wall(&clock_system) + 1000;
	hand_open(h);
	hand(h, "<presence from='" LAMP "/r' to='" ME "'/>");
	has(can_read(h, BOB), "result=\"true\"");
	tidy(h, &done);
}

static void a_revision_never_comes_twice(void **state)
{
	struct hand *h = *state;
	struct err e = ERR_INIT;
	struct restored done;
	uint64_t before;

	lamp_of_alice(h);
	back_up(h);
	types(h, ALICE, "revoke " BOB);
	before = store_revision(h->parts.store);
	site_close(&h->site);
	must(put_back(h, true, false, &done, &e), &e, "restore");
	h->time.wall = clock_wall(&clock_system) + 1000;
	hand_open(h);
	assert_true(store_revision(h->parts.store) > before);
	tidy(h, &done);
}

static void a_wrong_backup_touches_nothing(void **state)
{
	struct hand *h = *state;
	struct err e = ERR_INIT;
	struct restored done;
	FILE *f;

	lamp_of_alice(h);
	back_up(h);
	/* while kithd runs: in this process its lock is not seen, so not forced */
	assert_int_equal(put_back(h, false, false, &done, &e), -1);
	has(e.text, "exists");
	site_close(&h->site);
	err_clear(&e);
	f = fopen(key_path, "wb");
	fputs("00000000000000000000000000000000000000000000000000000000000000aa", f);
	fclose(f);
	assert_int_equal(put_back(h, true, false, &done, &e), -1);
	err_clear(&e);
	f = fopen(key_path, "wb");
	fputs("0909090909090909090909090909090909090909090909090909090909090909\n", f);
	fclose(f);
	assert_int_equal(truncate(copy_path, 20000), 0);
	assert_int_equal(put_back(h, true, false, &done, &e), -1);
	err_clear(&e);
	f = fopen(copy_path, "wb");
	fputs("this is no store\n", f);
	fclose(f);
	assert_int_equal(put_back(h, true, false, &done, &e), -1);
	hand_open(h);
	owner_is(h, LAMP, ALICE);
	has(types(h, ALICE, "rules"), "allow");
	tidy(h, NULL);
}

static void att_O_05__a_restored_store_is_its_owners_alone(void **state)
{
	struct hand *h = *state;
	struct err e = ERR_INIT;
	struct restored done;
	struct stat st;
	mode_t before;
	char name[128];

	lamp_of_alice(h);
	back_up(h);
	site_close(&h->site);
	before = umask(0);
	must(put_back(h, true, false, &done, &e), &e, "restore");
	umask(before);
	assert_int_equal(stat(h->place.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	snprintf(name, sizeof(name), "%s.key", h->place.path);
	assert_int_equal(stat(name, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(access(done.aside, F_OK), 0);
	snprintf(name, sizeof(name), "%s.restoring", h->place.path);
	assert_int_not_equal(access(name, F_OK), 0);
	hand_open(h);
	tidy(h, &done);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, hand_set_up, hand_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_was_taken_back_after_the_backup_is_not_granted_by_it__att_T_24),
		CASE(an_operator_who_knows_better_keeps_the_rules),
		CASE(a_revision_never_comes_twice),
		CASE(a_wrong_backup_touches_nothing),
		CASE(att_O_05__a_restored_store_is_its_owners_alone),
	};

	return cmocka_run_group_tests_name("restore", tests, NULL, NULL);
}
