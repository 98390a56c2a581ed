/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operator_policy_test: the operator's file becomes versions; what is broken,
 * cut off or unreadable changes nothing (ruling 32, ATTACKS P-18).
 */
#include "config.h"

#include "tests/unit/store_support.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "policy/policy.h"
#include "provisioning/operator_policy.h"

static const char first[] =
	"# ours\n"
	"deny *@evil.example everything\n"
	"allow bob@b.example to read \"temperature\" of lamp for 2h\n"
	"end\n";
static const char second[] =
	"allow anyone to read everything of lamp\n"
	"\n"
	"deny carol@b.example to read everything of lamp\n"
	"ask about *@b.example controlling *\n"
	"end\n"
	"# nothing behind it counts\n";

struct world {
	struct place where;
	char file[128];
	struct clock_fake time;
	struct clock clock;
	struct store *s;
	struct operator_policy *o;
};

static void write_text(const struct world *w, const char *text, size_t len)
{
	int fd = open(w->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	close(fd);
}

static void world_up(struct world *w, bool with_file)
{
	const struct operator_conf conf = { .file = with_file ? w->file : NULL };

	w->s = open_store(w->where.url);
	MUST(operator_policy_open(&w->o, &conf, w->s, &w->clock, &test_err));
}

static void world_down(struct world *w)
{
	operator_policy_close(&w->o);
	store_close(&w->s);
}

static void world_open(struct world *w)
{
	log_set_level(LOG_LEVEL_ERROR);
	place_make(&w->where);
	snprintf(w->file, sizeof(w->file), "%s/policy", w->where.dir);
	w->time = (struct clock_fake){ .wall = 1700000000000 };
	w->clock = clock_from_fake(&w->time);
	world_up(w, true);
}

static void world_close(struct world *w)
{
	world_down(w);
	unlink(w->file);
	place_remove(&w->where);
}

static int read_again(struct world *w, bool force)
{
	int rc;

	MUST(store_begin(w->s, &test_err));
	rc = operator_policy_read(w->o, force, "test", &test_err);
	MUST(store_commit(w->s, &test_err));
	return rc;
}

static int take(struct world *w, const char *text)
{
	write_text(w, text, strlen(text));
	return read_again(w, false);
}

static int load(struct world *w, const char *text, size_t len)
{
	struct err e = ERR_INIT;
	int rc;

	MUST(store_begin(w->s, &test_err));
	rc = operator_policy_load(w->o, text, len, "test", &e);
	if (rc < 0)
		store_rollback(w->s);
	else
		MUST(store_commit(w->s, &test_err));
	return rc;
}

static int roll_back(struct world *w, int64_t version)
{
	struct err e = ERR_INIT;
	int rc;

	MUST(store_begin(w->s, &test_err));
	rc = operator_policy_rollback(w->o, version, "test", &e);
	if (rc < 0)
		store_rollback(w->s);
	else
		MUST(store_commit(w->s, &test_err));
	return rc;
}

static enum verdict ask(const struct world *w, const struct policy *p, const char *who)
{
	static const char *space[POLICY_NAMES];
	const struct question q = { .action = ACTION_READ, .asker = who, .thing_name = "lamp",
		.now_ms = w->time.wall };
	struct answer a;

	policy_decide(p, &q, &(struct answer_space){ .n_names = POLICY_NAMES, .names = space }, &a);
	return a.verdict;
}

static void a_good_file_becomes_a_version_and_an_equal_one_makes_none(void **state)
{
	struct operator_version v;
	struct world w;
	char hex[2 * HASH_BYTES + 1];

	(void)state;
	world_open(&w);
	assert_int_equal(take(&w, first), 1);
	assert_int_equal(operator_policy_state(w.o), OPERATOR_GOOD);
	assert_null(operator_policy_alarm(w.o));
	assert_int_equal(policy_count(operator_policy_rules(w.o)), 2);
	assert_int_equal(take(&w, first), 0);
	assert_int_equal(read_again(&w, true), 0);
	assert_int_equal(operator_policy_version(w.o), 1);
	assert_int_equal(take(&w, second), 1);
	assert_int_equal(operator_policy_find(w.o, 2, &v, &test_err), 1);
	assert_string_equal(v.text, second);
	assert_string_equal(v.by, "test");
	str_hex(hex, v.sha256, sizeof(v.sha256));
	assert_int_equal(operator_policy_before(w.o, 2, &v, &test_err), 1);
	assert_string_equal(v.text, first);
	assert_int_equal(operator_policy_before(w.o, 1, &v, &test_err), 0);
	world_close(&w);
}

/* sha256sum(1) of "end\n". */
static void the_hash_is_the_one_that_other_programs_say(void **state)
{
	struct operator_version v;
	struct world w;
	char hex[2 * HASH_BYTES + 1];

	(void)state;
	world_open(&w);
	assert_int_equal(take(&w, "end\n"), 1);
	assert_int_equal(operator_policy_find(w.o, 1, &v, &test_err), 1);
	str_hex(hex, v.sha256, sizeof(v.sha256));
	assert_string_equal(hex,
	    "48332fe667bc51ac4a51ba0efe734441c90def55c60a26d7db275ecbbcf42f15");
	assert_int_equal(policy_count(operator_policy_rules(w.o)), 0);
	world_close(&w);
}

static void att_P_18__without_file_and_version_nobody_may_do_anything(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	assert_int_equal(read_again(&w, false), 0);
	assert_int_equal(operator_policy_state(w.o), OPERATOR_CLOSED);
	assert_non_null(operator_policy_alarm(w.o));
	assert_int_equal(ask(&w, operator_policy_rules(w.o), "bob@b.example"), VERDICT_DENY);
	assert_int_equal(ask(&w, operator_policy_narrowing(w.o), "bob@b.example"), VERDICT_DENY);
	assert_int_equal(take(&w, "allow bob@b.example to read everyth"), 0);
	assert_int_equal(operator_policy_state(w.o), OPERATOR_CLOSED);
	assert_int_equal(ask(&w, operator_policy_rules(w.o), "bob@b.example"), VERDICT_DENY);
	assert_int_equal(take(&w, second), 1);
	assert_null(operator_policy_alarm(w.o));
	assert_int_equal(ask(&w, operator_policy_rules(w.o), "bob@b.example"), VERDICT_ALLOW);
	world_close(&w);
}

static void without_policy_file_the_operator_says_nothing(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	assert_int_equal(take(&w, first), 1);
	world_down(&w);
	world_up(&w, false);
	assert_null(operator_policy_rules(w.o));
	assert_null(operator_policy_narrowing(w.o));
	assert_int_equal(operator_policy_state(w.o), OPERATOR_NONE);
	assert_int_equal(read_again(&w, true), 0);
	assert_null(operator_policy_alarm(w.o));
	world_close(&w);
}

/* A file cut off anywhere is refused, or says exactly what the whole one says. */
static void att_P_18__a_file_cut_at_any_byte_grants_nothing_new(void **state)
{
	struct world w;
	struct err e = ERR_INIT;
	size_t taken = 0;

	(void)state;
	world_open(&w);
	assert_int_equal(take(&w, first), 1);
	for (size_t len = 0; len < sizeof(second) - 1; len++) {
		struct policy *p = operator_policy_parse(second, len, 0, 0, &e);

		write_text(&w, second, len);
		if (p == NULL) {
			assert_int_equal(read_again(&w, true), 0);
			assert_int_equal(operator_policy_state(w.o), OPERATOR_KEPT);
			assert_non_null(operator_policy_alarm(w.o));
			assert_int_equal(operator_policy_version(w.o), 1);
			assert_int_equal(ask(&w, operator_policy_rules(w.o), "eve@x.example"),
			    VERDICT_ASK);
			continue;
		}
		taken++;
		assert_int_equal(policy_count(p), 3);
		assert_int_equal(ask(&w, p, "carol@b.example"), VERDICT_DENY);
		policy_free(&p);
	}
	/* Only inside of what stands behind "end". */
	assert_int_equal(taken, strlen("\n# nothing behind it counts\n"));
	world_close(&w);
}

static void att_P_18__what_is_no_text_or_no_plain_file_is_refused(void **state)
{
	static const char nul[] = "allow bob@b.example to read everything of lamp\n\0end\n";
	static const char latin1[] = "# caf\xe9\nend\n";
	struct world w;

	(void)state;
	world_open(&w);
	assert_int_equal(take(&w, first), 1);
	write_text(&w, nul, sizeof(nul) - 1);
	assert_int_equal(read_again(&w, true), 0);
	assert_int_equal(operator_policy_state(w.o), OPERATOR_KEPT);
	assert_int_equal(take(&w, latin1), 0);
	assert_int_equal(operator_policy_state(w.o), OPERATOR_KEPT);
	assert_int_equal(take(&w, first), 0);
	assert_int_equal(operator_policy_state(w.o), OPERATOR_GOOD);
	unlink(w.file);
	assert_int_equal(mkfifo(w.file, 0600), 0);
	assert_int_equal(read_again(&w, true), 0);
	assert_int_equal(operator_policy_state(w.o), OPERATOR_KEPT);
	unlink(w.file);
	write_text(&w, second, strlen(second));
	assert_int_equal(chmod(w.file, 0602), 0);
	assert_int_equal(read_again(&w, true), 0);
	assert_int_equal(operator_policy_state(w.o), OPERATOR_KEPT);
	assert_int_equal(operator_policy_version(w.o), 1);
	world_close(&w);
}

static void att_P_18__too_long_a_file_is_refused(void **state)
{
	char *text = malloc(OPERATOR_POLICY_BYTES + 64);
	struct world w;

	(void)state;
	assert_non_null(text);
	memset(text, '\n', OPERATOR_POLICY_BYTES + 64);
	memcpy(text + OPERATOR_POLICY_BYTES - 4, "end\n", 4);
	world_open(&w);
	text[OPERATOR_POLICY_BYTES] = '\0';
	assert_int_equal(load(&w, text, OPERATOR_POLICY_BYTES), 1);
	text[OPERATOR_POLICY_BYTES] = '\n';
	write_text(&w, text, OPERATOR_POLICY_BYTES + 1);
	assert_int_equal(load(&w, text, OPERATOR_POLICY_BYTES + 1), -1);
	assert_int_equal(read_again(&w, true), 0);
	assert_int_equal(operator_policy_state(w.o), OPERATOR_KEPT);
	assert_int_equal(operator_policy_version(w.o), 1);
	free(text);
	world_close(&w);
}

static void att_P_18__no_descriptor_left_during_a_reload_keeps_the_last_good(void **state)
{
	struct rlimit was, none;
	struct world w;

	(void)state;
	world_open(&w);
	assert_int_equal(take(&w, first), 1);
	write_text(&w, second, strlen(second));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = (struct rlimit){ 0, was.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(read_again(&w, false), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_int_equal(operator_policy_state(w.o), OPERATOR_KEPT);
	assert_int_equal(operator_policy_version(w.o), 1);
	assert_int_equal(read_again(&w, false), 1);
	assert_int_equal(operator_policy_state(w.o), OPERATOR_GOOD);
	assert_int_equal(operator_policy_version(w.o), 2);
	world_close(&w);
}

static void a_rollback_is_a_new_version_that_means_what_the_old_one_did(void **state)
{
	struct operator_version v;
	struct world w;

	(void)state;
	world_open(&w);
	assert_int_equal(take(&w, first), 1);
	assert_int_equal(take(&w, second), 1);
	w.time.wall += 3 * 3600 * 1000;
	assert_int_equal(roll_back(&w, 7), -1);
	assert_int_equal(roll_back(&w, 2), 0);
	assert_int_equal(roll_back(&w, 1), 1);
	assert_int_equal(operator_policy_version(w.o), 3);
	assert_int_equal(operator_policy_find(w.o, 3, &v, &test_err), 1);
	assert_string_equal(v.text, first);
	assert_int_equal(v.at_ms, w.time.wall);
	/* "for 2h" is over, and is not begun again. */
	assert_int_equal(ask(&w, operator_policy_rules(w.o), "bob@b.example"), VERDICT_ASK);
	world_close(&w);
}

static void what_was_rolled_back_stays_so_over_a_restart_until_the_file_changes(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	assert_int_equal(take(&w, first), 1);
	assert_int_equal(take(&w, second), 1);
	assert_int_equal(roll_back(&w, 1), 1);
	assert_int_equal(read_again(&w, false), 0);
	world_down(&w);
	world_up(&w, true);
	assert_int_equal(read_again(&w, false), 0);
	assert_int_equal(operator_policy_version(w.o), 3);
	assert_int_equal(policy_count(operator_policy_rules(w.o)), 2);
	assert_int_equal(read_again(&w, true), 1);
	assert_int_equal(operator_policy_version(w.o), 4);
	assert_int_equal(policy_count(operator_policy_rules(w.o)), 3);
	world_close(&w);
}

static void the_last_good_version_comes_back_over_a_restart_with_a_broken_file(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	assert_int_equal(take(&w, second), 1);
	assert_int_equal(take(&w, "deny everybody\n"), 0);
	world_down(&w);
	world_up(&w, true);
	assert_int_equal(read_again(&w, false), 0);
	assert_int_equal(operator_policy_state(w.o), OPERATOR_KEPT);
	assert_int_equal(operator_policy_version(w.o), 1);
	assert_int_equal(ask(&w, operator_policy_rules(w.o), "bob@b.example"), VERDICT_ALLOW);
	world_close(&w);
}

static void until_the_commit_the_old_version_decides(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	assert_int_equal(take(&w, first), 1);
	MUST(store_begin(w.s, &test_err));
	assert_int_equal(operator_policy_load(w.o, second, strlen(second), "test", &test_err), 1);
	assert_int_equal(policy_count(operator_policy_next(w.o)), 3);
	assert_int_equal(policy_count(operator_policy_rules(w.o)), 2);
	store_rollback(w.s);
	assert_null(operator_policy_next(w.o));
	assert_int_equal(policy_count(operator_policy_rules(w.o)), 2);
	assert_int_equal(operator_policy_version(w.o), 1);
	world_close(&w);
}

/* Killed behind the commit, before memory has switched: the store says which. */
static void a_kill_between_store_and_switch_leaves_the_new_version(void **state)
{
	struct world w;
	int status;
	pid_t pid;

	(void)state;
	world_open(&w);
	assert_int_equal(take(&w, first), 1);
	for (int committed = 0; committed < 2; committed++) {
		world_down(&w);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			world_up(&w, true);
			MUST(store_begin(w.s, &test_err));
			if (operator_policy_load(w.o, second, strlen(second), "test",
				&test_err) != 1)
				_exit(1);
			if (committed)
				MUST(store_commit(w.s, &test_err));
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		world_up(&w, true);
		assert_int_equal(operator_policy_version(w.o), 1 + committed);
		assert_int_equal(policy_count(operator_policy_rules(w.o)), 2 + (size_t)committed);
	}
	world_close(&w);
}

static void only_so_many_versions_are_kept(void **state)
{
	struct operator_version v;
	struct world w;
	char text[64];

	(void)state;
	world_open(&w);
	for (int i = 1; i <= OPERATOR_POLICY_VERSIONS + 5; i++) {
		snprintf(text, sizeof(text), "# %d\nend\n", i);
		assert_int_equal(load(&w, text, strlen(text)), 1);
	}
	assert_int_equal(operator_policy_find(w.o, 5, &v, &test_err), 0);
	assert_int_equal(operator_policy_find(w.o, 6, &v, &test_err), 1);
	assert_int_equal(operator_policy_version(w.o), OPERATOR_POLICY_VERSIONS + 5);
	world_close(&w);
}

/* Ruling 24: beside an owner's rules only what takes away counts. */
static void narrowing_lets_pass_what_the_operator_does_not_speak_of(void **state)
{
	struct world w;
	const struct policy *p;

	(void)state;
	world_open(&w);
	assert_int_equal(take(&w, second), 1);
	p = operator_policy_narrowing(w.o);
	assert_int_equal(ask(&w, p, "carol@b.example"), VERDICT_DENY);
	assert_int_equal(ask(&w, p, "bob@b.example"), VERDICT_ALLOW);
	assert_int_equal(take(&w, first), 1);
	p = operator_policy_narrowing(w.o);
	assert_int_equal(ask(&w, p, "x@evil.example"), VERDICT_DENY);
	assert_int_equal(ask(&w, p, "x@nowhere.example"), VERDICT_ALLOW);
	assert_int_equal(ask(&w, operator_policy_rules(w.o), "x@nowhere.example"), VERDICT_ASK);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_file_becomes_a_version_and_an_equal_one_makes_none),
		cmocka_unit_test(the_hash_is_the_one_that_other_programs_say),
		cmocka_unit_test(att_P_18__without_file_and_version_nobody_may_do_anything),
		cmocka_unit_test(without_policy_file_the_operator_says_nothing),
		cmocka_unit_test(att_P_18__a_file_cut_at_any_byte_grants_nothing_new),
		cmocka_unit_test(att_P_18__what_is_no_text_or_no_plain_file_is_refused),
		cmocka_unit_test(att_P_18__too_long_a_file_is_refused),
		cmocka_unit_test(
		    att_P_18__no_descriptor_left_during_a_reload_keeps_the_last_good),
		cmocka_unit_test(a_rollback_is_a_new_version_that_means_what_the_old_one_did),
		cmocka_unit_test(
		    what_was_rolled_back_stays_so_over_a_restart_until_the_file_changes),
		cmocka_unit_test(
		    the_last_good_version_comes_back_over_a_restart_with_a_broken_file),
		cmocka_unit_test(until_the_commit_the_old_version_decides),
		cmocka_unit_test(a_kill_between_store_and_switch_leaves_the_new_version),
		cmocka_unit_test(only_so_many_versions_are_kept),
		cmocka_unit_test(narrowing_lets_pass_what_the_operator_does_not_speak_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
