/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity: what is on disk after every system call of a save has failed once
 * or was the last one of the process; and what a loader must refuse.
 * Built with --wrap for the calls that a save makes.
 */
#include "config.h"

#include "tests/unit/thing_support.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "common/base/str.h"
#include "thing/identity.h"
#include "thing/statefile.h"

/* ---- faults ------------------------------------------------------------- */

static struct {
	unsigned calls;
	unsigned at;	/* 0: never */
	bool kill;
} fault;

static int faulty(void)
{
	fault.calls++;
	if (fault.at == 0 || fault.calls != fault.at)
		return 0;
	if (fault.kill)
		(void)raise(SIGKILL);
	errno = EIO;
	return 1;
}

int __real_openat(int dir, const char *path, int flags, mode_t mode);
int __wrap_openat(int dir, const char *path, int flags, mode_t mode);
int __wrap_openat(int dir, const char *path, int flags, mode_t mode)
{
	return faulty() ? -1 : __real_openat(dir, path, flags, mode);
}

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	if (!faulty())
		return __real_write(fd, data, len);
	/* The worst kind: half of it is there. */
	(void)!__real_write(fd, data, len / 2);
	return -1;
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	return faulty() ? -1 : __real_fsync(fd);
}

int __real_renameat(int a, const char *from, int b, const char *to);
int __wrap_renameat(int a, const char *from, int b, const char *to);
int __wrap_renameat(int a, const char *from, int b, const char *to)
{
	return faulty() ? -1 : __real_renameat(a, from, b, to);
}

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
	int bad = faulty(), ret = __real_close(fd);

	return bad ? -1 : ret;
}

static void no_fault(void)
{
	memset(&fault, 0, sizeof(fault));
}

/* ---- helpers ------------------------------------------------------------ */

static void make(struct identity *id)
{
	struct err e = ERR_INIT;

	if (identity_make(id, "home.example", &e) < 0)
		fail_msg("%s", e.text);
}

static bool on_disk(const char *dir, const struct identity *want)
{
	struct identity got;
	struct err e = ERR_INIT;
	bool same;

	if (identity_load(&got, dir, &e) < 0)
		fail_msg("%s", e.text);
	same = strcmp(got.user, want->user) == 0 && strcmp(got.key, want->key) == 0 &&
	    got.account == want->account &&
	    secret_equal(&got.password, want->password.data, want->password.len);
	identity_fini(&got);
	return same;
}

/* ---- tests -------------------------------------------------------------- */

static void att_D_05__user_password_and_key_are_random_and_long_enough(void **state)
{
	enum { N = 2000 };
	struct identity *id = calloc(N, sizeof(*id));

	UNUSED(state);
	for (size_t i = 0; i < N; i++) {
		make(&id[i]);
		assert_true(strlen(id[i].user) >= 22);
		assert_true(strlen(id[i].key) >= 22);
		assert_int_equal(id[i].password.len, 64);
		assert_int_equal(strspn(id[i].user, "abcdefghijklmnopqrstuvwxyz234567"),
		    strlen(id[i].user));
		assert_string_not_equal(id[i].user, id[i].key);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(id[i].user, id[j].user);
		/* Locked pages are few: only names are compared above. */
		secret_clear(&id[i].password);
	}
	free(id);
}

static void what_is_saved_is_loaded_again(void **state)
{
	struct identity id, got;
	struct err e = ERR_INIT;
	struct stat st;
	char path[8192];

	make(&id);
	id.account = IDENTITY_OURS;
	id.key_used = true;
	id.refused_ms = 1234567;
	assert_int_equal(identity_save(&id, *state, &e), 0);
	snprintf(path, sizeof(path), "%s/identity", (char *)*state);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(identity_load(&got, *state, &e), 0);
	assert_string_equal(got.domain, "home.example");
	assert_true(got.key_used);
	assert_int_equal(got.refused_ms, 1234567);
	assert_true(on_disk(*state, &id));
	identity_fini(&got);
	identity_fini(&id);
}

static void no_file_is_not_a_broken_file(void **state)
{
	struct identity id;
	struct err e = ERR_INIT;

	assert_int_equal(identity_load(&id, *state, &e), -1);
	assert_int_equal(e.kind, ERR_AGAIN);
}

static void att_D_07__umask_does_not_widen_the_mode(void **state)
{
	mode_t old = umask(0);

	what_is_saved_is_loaded_again(state);
	umask(old);
}

static void att_D_07__wrong_mode_and_symlink_are_refused(void **state)
{
	struct identity id;
	struct err e = ERR_INIT;
	char path[8192], other[8192];

	make(&id);
	assert_int_equal(identity_save(&id, *state, &e), 0);
	identity_fini(&id);
	snprintf(path, sizeof(path), "%s/identity", (char *)*state);
	snprintf(other, sizeof(other), "%s/elsewhere", (char *)*state);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(identity_load(&id, *state, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink("elsewhere", path), 0);
	assert_int_equal(identity_load(&id, *state, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
}

static void att_D_07__wrong_owner_is_refused(void **state)
{
	struct identity id;
	struct err e = ERR_INIT;
	char path[8192];

	if (geteuid() != 0) {
		print_message("needs root\n");
		skip();
	}
	make(&id);
	assert_int_equal(identity_save(&id, *state, &e), 0);
	identity_fini(&id);
	snprintf(path, sizeof(path), "%s/identity", (char *)*state);
	assert_int_equal(chown(path, 65534, 65534), 0);
	assert_int_equal(identity_load(&id, *state, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
}

static void att_D_07__every_failing_call_leaves_old_or_new(void **state)
{
	struct identity old, new;
	struct err e = ERR_INIT;
	unsigned n = 0;
	int ret;

	make(&old);
	make(&new);
	do {
		no_fault();
		assert_int_equal(identity_save(&old, *state, &e), 0);
		fault.calls = 0;
		fault.at = ++n;
		ret = identity_save(&new, *state, &e);
		bool reached = fault.calls >= n;

		no_fault();
		/* A failure said is either state; a success said is the new one. */
		assert_true(on_disk(*state, &new) || (ret < 0 && on_disk(*state, &old)));
		if (!reached)
			break;
	} while (n < 1000);
	assert_in_range(n, 5, 999);
	identity_fini(&old);
	identity_fini(&new);
}

static void att_T_26__a_kill_at_every_call_leaves_old_or_new(void **state)
{
	struct identity old, new;
	struct err e = ERR_INIT;
	unsigned n = 0;
	int status;
	pid_t pid;

	make(&old);
	make(&new);
	do {
		no_fault();
		assert_int_equal(identity_save(&old, *state, &e), 0);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			fault.calls = 0;
			fault.at = n + 1;
			fault.kill = true;
			(void)identity_save(&new, *state, &e);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(on_disk(*state, &old) || on_disk(*state, &new));
		n++;
	} while (WIFSIGNALED(status) && n < 1000);
	assert_true(on_disk(*state, &new));
	assert_in_range(n, 5, 999);
	identity_fini(&old);
	identity_fini(&new);
}

static void a_cut_file_is_refused_at_every_length(void **state)
{
	struct identity id;
	struct err e = ERR_INIT;
	char *text;

	make(&id);
	assert_int_equal(identity_save(&id, *state, &e), 0);
	identity_fini(&id);
	text = get_file(*state, "identity");
	assert_non_null(text);
	for (size_t n = 0; n < strlen(text); n++)
		assert_int_equal(identity_parse(&id, text, n, &e), -1);
	assert_int_equal(identity_parse(&id, text, strlen(text), &e), 0);
	identity_fini(&id);
	free(text);
}

static void errors_of_the_loader_show_no_secret(void **state)
{
	static const char text[] = "kith-thing identity 1\npassword sesame\nend\n";
	struct identity id;
	struct err e = ERR_INIT;

	UNUSED(state);
	assert_int_equal(identity_parse(&id, text, sizeof(text) - 1, &e), -1);
	assert_null(strstr(e.text, "sesame"));
}

static void a_new_account_keeps_the_key_and_a_new_key_the_account(void **state)
{
	struct identity id;
	struct err e = ERR_INIT;
	char user[IDENT_TEXT], key[IDENT_TEXT];
	char before[IDENTITY_PUBLIC], after[IDENTITY_PUBLIC];

	UNUSED(state);
	make(&id);
	memcpy(user, id.user, sizeof(user));
	memcpy(key, id.key, sizeof(key));
	assert_int_equal(identity_public(before, &id, &e), 0);
	id.account = IDENTITY_OURS;
	id.key_used = true;
	assert_int_equal(identity_new_key(&id, &e), 0);
	assert_string_equal(id.user, user);
	assert_string_not_equal(id.key, key);
	assert_false(id.key_used);
	memcpy(key, id.key, sizeof(key));
	assert_int_equal(identity_new_account(&id, &e), 0);
	assert_string_not_equal(id.user, user);
	assert_string_equal(id.key, key);
	assert_int_equal(id.account, IDENTITY_NONE);
	/* That is how it is known again under the new name. */
	assert_int_equal(identity_public(after, &id, &e), 0);
	assert_string_equal(after, before);
	identity_fini(&id);
}

static void the_continuity_key_is_in_the_file_and_survives_it(void **state)
{
	char before[IDENTITY_PUBLIC], after[IDENTITY_PUBLIC];
	struct identity id;
	struct err e = ERR_INIT;

	make(&id);
	assert_int_equal(identity_public(before, &id, &e), 0);
	assert_int_equal(identity_save(&id, *state, &e), 0);
	identity_fini(&id);
	assert_int_equal(identity_load(&id, *state, &e), 0);
	assert_int_equal(identity_public(after, &id, &e), 0);
	assert_string_equal(after, before);
	identity_fini(&id);
}

static void while_a_password_changes_both_are_in_the_file(void **state)
{
	struct identity id, back;
	struct err e = ERR_INIT;
	char first[IDENTITY_PASSWORD];

	make(&id);
	snprintf(first, sizeof(first), "%s", (const char *)id.password.data);
	id.renew = true;
	assert_int_equal(identity_new_password(&id, &e), 0);
	assert_false(secret_equal(&id.other, first, strlen(first)));
	assert_int_equal(identity_save(&id, *state, &e), 0);
	assert_int_equal(identity_load(&back, *state, &e), 0);
	assert_true(back.renew);
	assert_true(secret_equal(&back.password, first, strlen(first)));
	assert_true(secret_equal(&back.other, id.other.data, id.other.len));
	identity_swap_password(&back);
	assert_true(secret_equal(&back.other, first, strlen(first)));
	identity_keep_password(&back);
	assert_false(back.renew);
	assert_int_equal(back.other.len, 0);
	identity_fini(&back);
	identity_fini(&id);
}

static void removing_leaves_no_file(void **state)
{
	struct identity id;
	struct err e = ERR_INIT;

	make(&id);
	assert_int_equal(identity_save(&id, *state, &e), 0);
	identity_fini(&id);
	assert_int_equal(statefile_remove(*state, "identity", &e), 0);
	assert_null(get_file(*state, "identity"));
	assert_int_equal(statefile_remove(*state, "identity", &e), 0);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(att_D_05__user_password_and_key_are_random_and_long_enough),
		IN_FOLDER(what_is_saved_is_loaded_again),
		IN_FOLDER(no_file_is_not_a_broken_file),
		IN_FOLDER(att_D_07__umask_does_not_widen_the_mode),
		IN_FOLDER(att_D_07__wrong_mode_and_symlink_are_refused),
		IN_FOLDER(att_D_07__wrong_owner_is_refused),
		IN_FOLDER(att_D_07__every_failing_call_leaves_old_or_new),
		IN_FOLDER(att_T_26__a_kill_at_every_call_leaves_old_or_new),
		IN_FOLDER(a_cut_file_is_refused_at_every_length),
		cmocka_unit_test(errors_of_the_loader_show_no_secret),
		cmocka_unit_test(a_new_account_keeps_the_key_and_a_new_key_the_account),
		IN_FOLDER(the_continuity_key_is_in_the_file_and_survives_it),
		IN_FOLDER(while_a_password_changes_both_are_in_the_file),
		IN_FOLDER(removing_leaves_no_file),
	};

	return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
