/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon_test: files, readiness, options, rights.  The calls that write a file
 * are wrapped, so that each of them can fail once (att-D-07).
 */
#include "config.h"

#include "common/base/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "tests/unit/unit.h"

static struct {
	int fail_at;	/* the n-th wrapped call fails; 0: none */
	int calls;
	bool kill;	/* the process ends there instead, as in a power cut */
	bool keep;	/* unlinkat does nothing: somebody was quicker */
	bool no_exchange;	/* as file systems that cannot exchange names */
	bool file_synced, folder_synced_after_rename, renamed;
	bool removed, folder_synced_after_removal;
} disk;

static bool
fails_now(void)
{
	if (++disk.calls != disk.fail_at)
		return false;
	if (disk.kill)
		_exit(99);
	errno = EIO;
	return true;
}

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __real_unlinkat(int dir, const char *name, int flags);
int __wrap_unlinkat(int dir, const char *name, int flags);
int __real_renameat2(int a, const char *from, int b, const char *to, unsigned flags);
int __wrap_renameat2(int a, const char *from, int b, const char *to, unsigned flags);
int __real_renameat(int a, const char *from, int b, const char *to);
int __wrap_renameat(int a, const char *from, int b, const char *to);

ssize_t
__wrap_write(int fd, const void *data, size_t len)
{
	if (fails_now())
		return -1;
	/* Short writes, so that a power cut comes in the middle. */
	return __real_write(fd, data, fd > 2 && len > 4 ? 4 : len);
}

int
__wrap_fsync(int fd)
{
	struct stat st;

	if (fails_now())
		return -1;
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		disk.folder_synced_after_rename = disk.renamed;
		disk.folder_synced_after_removal = disk.removed;
	} else
		disk.file_synced = true;
	return __real_fsync(fd);
}

int
__wrap_fchmod(int fd, mode_t mode)
{
	return fails_now() ? -1 : __real_fchmod(fd, mode);
}

int
__wrap_unlinkat(int dir, const char *name, int flags)
{
	disk.folder_synced_after_removal = false;
	disk.removed = true;
	return disk.keep ? 0 : __real_unlinkat(dir, name, flags);
}

int
__wrap_renameat(int a, const char *from, int b, const char *to)
{
	if (fails_now())
		return -1;
	disk.renamed = true;
	return __real_renameat(a, from, b, to);
}

int
__wrap_renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
	if (disk.no_exchange) {
		errno = EINVAL;
		return -1;
	}
	if (fails_now())
		return -1;
	disk.renamed = true;
	return __real_renameat2(a, from, b, to, flags);
}

static char folder[64], path[128];

static int
make_folder(void **state)
{
	(void)state;
	memset(&disk, 0, sizeof(disk));
	(void)snprintf(folder, sizeof(folder), "/tmp/kith-daemon-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/file", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	char extra[160];

	(void)state;
	disk.fail_at = 0;
	(void)unlink(path);
	(void)snprintf(extra, sizeof(extra), "%s/.file.new", folder);
	(void)unlink(extra);
	(void)snprintf(extra, sizeof(extra), "%s/link", folder);
	(void)unlink(extra);
	(void)rmdir(folder);
	return 0;
}

static const char *
content(void)
{
	static char text[256];
	struct buf b;

	buf_init(&b, sizeof(text) - 1);
	text[0] = '\0';
	if (daemon_read_file(path, &b, NULL) == 0)
		(void)snprintf(text, sizeof(text), "%s", buf_str(&b));
	buf_fini(&b);
	return text;
}

static unsigned
mode_of(const char *file)
{
	struct stat st;

	assert_int_equal(stat(file, &st), 0);
	return st.st_mode & 07777;
}

static void
att_D_07__a_file_is_0600_synced_and_renamed_whatever_the_umask(void **state)
{
	mode_t old = umask(0);
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(daemon_write_file(path, "the old content", 15, &e), 0);
	assert_int_equal(mode_of(path), 0600);
	assert_true(disk.file_synced && disk.renamed && disk.folder_synced_after_rename);
	(void)umask(0777);
	assert_int_equal(daemon_write_file(path, "the new", 7, &e), 0);
	assert_int_equal(mode_of(path), 0600);
	assert_string_equal(content(), "the new");
	(void)umask(old);
}

typedef int write_fn(const char *path, const void *data, size_t len, struct err *e);

static bool
is_old_or_new(void)
{
	return strcmp(content(), "the old content") == 0 ||
	    strcmp(content(), "the new content") == 0;
}

static void
each_call_fails_once(write_fn *write_it)
{
	struct err e = ERR_INIT;
	char temp[160];
	int n = 0;

	(void)snprintf(temp, sizeof(temp), "%s/.file.new", folder);
	assert_int_equal(write_it(path, "the old content", 15, &e), 0);
	for (;;) {
		disk.calls = 0;
		disk.fail_at = ++n;
		if (write_it(path, "the new content", 15, &e) == 0)
			break;
		disk.fail_at = 0;
		assert_true(is_old_or_new());
		assert_int_equal(e.kind, ERR_SYSTEM);
		assert_true(write_it == daemon_write_secret || access(temp, F_OK) == -1);
	}
	disk.fail_at = 0;
	assert_true(n > 6);
	assert_string_equal(content(), "the new content");
}

static void
att_D_07__each_failing_call_leaves_the_old_file_or_the_new(void **state)
{
	(void)state;
	each_call_fails_once(daemon_write_file);
	each_call_fails_once(daemon_write_secret);
	disk.no_exchange = true;
	each_call_fails_once(daemon_write_secret);
}

static void
power_is_cut_at_each_call(write_fn *write_it)
{
	int n = 0, status;

	assert_int_equal(write_it(path, "the old content", 15, NULL), 0);
	do {
		pid_t pid = fork();

		n++;
		assert_true(pid >= 0);
		if (pid == 0) {
			disk.calls = 0;
			disk.fail_at = n;
			disk.kill = true;
			_exit(write_it(path, "the new content", 15, NULL) == 0 ? 0 : 1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(strcmp(content(), "the old content") == 0 ||
		    strcmp(content(), "the new content") == 0);
	} while (WEXITSTATUS(status) == 99);
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_true(n > 6);
	assert_string_equal(content(), "the new content");
}

static void
att_D_07__a_power_cut_at_each_call_leaves_the_old_file_or_the_new(void **state)
{
	(void)state;
	power_is_cut_at_each_call(daemon_write_file);
	power_is_cut_at_each_call(daemon_write_secret);
	disk.no_exchange = true;
	power_is_cut_at_each_call(daemon_write_secret);
}

/* A second name for the file keeps its blocks in sight. */
static void
att_D_08__what_a_secret_file_held_before_is_overwritten(void **state)
{
	char other[160];
	struct err e = ERR_INIT;
	struct buf b;

	(void)state;
	(void)snprintf(other, sizeof(other), "%s/link", folder);
	assert_int_equal(daemon_write_secret(path, "a password", 10, &e), 0);
	assert_int_equal(link(path, other), 0);
	assert_int_equal(daemon_write_secret(path, "another", 7, &e), 0);
	buf_init(&b, 100);
	assert_int_equal(daemon_read_file(other, &b, &e), 0);
	assert_int_equal(b.len, 10);
	assert_memory_equal(b.data, "\0\0\0\0\0\0\0\0\0", 10);
	buf_reset(&b);
	assert_string_equal(content(), "another");
	(void)unlink(other);
	assert_int_equal(link(path, other), 0);
	assert_int_equal(daemon_wipe(path, &e), 0);
	assert_int_equal(daemon_wipe(path, &e), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(daemon_read_file(other, &b, &e), 0);
	assert_memory_equal(b.data, "\0\0\0\0\0\0", 7);
	buf_fini(&b);
}

/* Else the name comes back after a power cut, with zeros behind it. */
static void
att_D_08__what_is_wiped_stays_away_after_a_power_cut(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(daemon_write_secret(path, "a password", 10, &e), 0);
	memset(&disk, 0, sizeof(disk));
	assert_int_equal(daemon_wipe(path, &e), 0);
	assert_true(disk.folder_synced_after_removal);
	disk.calls = 0;
	assert_int_equal(daemon_wipe(path, &e), 0);
	assert_int_equal(disk.calls, 0);	/* what is not there costs nothing */
	assert_int_equal(daemon_write_secret(path, "a password", 10, &e), 0);
	memset(&disk, 0, sizeof(disk));
	disk.keep = true;
	disk.fail_at = 5;	/* three writes of zeros, the file, then the folder */
	assert_int_equal(daemon_wipe(path, &e), -1);
	memset(&disk, 0, sizeof(disk));
}

/* Between the exchange and the wiping the power fails: the next write wipes. */
static void
att_D_08__what_a_power_cut_left_is_overwritten_at_the_next_write(void **state)
{
	char temp[160], other[160];
	struct err e = ERR_INIT;
	struct buf b;

	(void)state;
	(void)snprintf(temp, sizeof(temp), "%s/.file.new", folder);
	(void)snprintf(other, sizeof(other), "%s/link", folder);
	assert_int_equal(daemon_write_secret(temp, "a password", 10, &e), 0);
	assert_int_equal(link(temp, other), 0);
	assert_int_equal(daemon_write_secret(path, "another", 7, &e), 0);
	assert_int_equal(access(temp, F_OK), -1);
	buf_init(&b, 100);
	assert_int_equal(daemon_read_file(other, &b, &e), 0);
	assert_memory_equal(b.data, "\0\0\0\0\0\0\0\0\0", 10);
	buf_fini(&b);
}

static void
att_D_07__a_link_is_neither_followed_nor_read(void **state)
{
	char link_path[160], victim[160];
	struct err e = ERR_INIT;
	struct buf b;

	(void)state;
	(void)snprintf(link_path, sizeof(link_path), "%s/link", folder);
	(void)snprintf(victim, sizeof(victim), "%s/.file.new", folder);
	assert_int_equal(daemon_write_file(path, "victim", 6, &e), 0);
	assert_int_equal(symlink("file", link_path), 0);
	buf_init(&b, 100);
	assert_int_equal(daemon_read_file(link_path, &b, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	buf_fini(&b);
	/* A link at the place of the temporary file is removed, not followed. */
	assert_int_equal(symlink("/tmp/kith-must-not-appear", victim), 0);
	assert_int_equal(daemon_write_file(path, "new", 3, &e), 0);
	assert_string_equal(content(), "new");
	assert_int_equal(access("/tmp/kith-must-not-appear", F_OK), -1);
	/* Put back between removing and making: refused. */
	assert_int_equal(symlink("file", victim), 0);
	disk.keep = true;
	assert_int_equal(daemon_write_file(path, "evil", 4, &e), -1);
	disk.keep = false;
	assert_string_equal(content(), "new");
	/* And a link at the place of the file itself is replaced. */
	assert_int_equal(daemon_write_file(link_path, "mine", 4, &e), 0);
	assert_string_equal(content(), "new");
}

static void
att_D_07__a_file_of_others_or_open_to_others_is_not_read(void **state)
{
	struct err e = ERR_INIT;
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_int_equal(daemon_read_file(path, &b, &e), -1);
	assert_int_equal(e.kind, ERR_AGAIN);
	assert_int_equal(daemon_write_file(path, "x", 1, &e), 0);
	for (unsigned bit = 1; bit <= 040; bit <<= 1) {
		assert_int_equal(chmod(path, 0600 | bit), 0);
		assert_int_equal(daemon_read_file(path, &b, &e), -1);
		assert_int_equal(e.kind, ERR_INPUT);
	}
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(daemon_read_file(path, &b, &e), 0);
	assert_int_equal(daemon_read_file(folder, &b, &e), -1);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 12345, 0), 0);
		assert_int_equal(daemon_read_file(path, &b, &e), -1);
		assert_int_equal(e.kind, ERR_INPUT);
	}
	(void)unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(daemon_read_file(path, &b, &e), -1);
	buf_fini(&b);
}

static void
daemon_read_file__refuses_more_than_the_buffer_may_hold(void **state)
{
	struct err e = ERR_INIT;
	struct buf b;

	(void)state;
	assert_int_equal(daemon_write_file(path, "0123456789", 10, &e), 0);
	buf_init(&b, 9);
	assert_int_equal(daemon_read_file(path, &b, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	buf_fini(&b);
	buf_init(&b, 10);
	assert_int_equal(daemon_read_file(path, &b, &e), 0);
	buf_fini(&b);
}

static void
daemon_dir__makes_0700_and_takes_what_is_there(void **state)
{
	char sub[160];
	struct err e = ERR_INIT;
	mode_t old = umask(0);

	(void)state;
	(void)snprintf(sub, sizeof(sub), "%s/sub", folder);
	assert_int_equal(daemon_dir(sub, &e), 0);
	assert_int_equal(mode_of(sub), 0700);
	assert_int_equal(chmod(sub, 0755), 0);
	assert_int_equal(daemon_dir(sub, &e), 0);
	assert_int_equal(mode_of(sub), 0755);
	assert_int_equal(rmdir(sub), 0);
	assert_int_equal(daemon_write_file(path, "x", 1, &e), 0);
	assert_int_equal(daemon_dir(path, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	(void)umask(old);
}

static void
hear_notify(const char *env, const struct sockaddr_un *at, socklen_t len)
{
	char got[64] = "";
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)at, len), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", env, 1), 0);
	daemon_notify("READY=1");
	assert_int_equal(recv(fd, got, sizeof(got) - 1, 0), 7);
	assert_string_equal(got, "READY=1");
	(void)close(fd);
	daemon_notify("STOPPING=1");	/* nobody there: silent */
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
	daemon_notify("READY=1");
}

static void
daemon_notify__reaches_path_and_abstract_sockets(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	size_t len;
	char name[108];

	(void)state;
	assert_int_equal(str_copy(at.sun_path, sizeof(at.sun_path), path), 0);
	hear_notify(path, &at, sizeof(at));
	(void)snprintf(name, sizeof(name), "@kith-test-%d", (int)getpid());
	len = strlen(name);
	memset(&at, 0, sizeof(at));
	at.sun_family = AF_UNIX;
	memcpy(at.sun_path + 1, name + 1, len - 1);
	hear_notify(name, &at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
}

/* Exit status of a child that parses these options. */
static int
options_status(char *const argv[], const char *expected_file)
{
	int status, argc = 0;
	pid_t pid;

	while (argv[argc] != NULL)
		argc++;
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct daemon_options o;
		int null = open("/dev/null", O_WRONLY);

		(void)dup2(null, 1);
		(void)dup2(null, 2);
		daemon_options(argc, (char **)(uintptr_t)argv, "usage\n", &o);
		_exit(o.check && o.verbose == 2 && o.file != NULL &&
		    strcmp(o.file, expected_file) == 0 && o.n_operands == 1 ? 42 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void
daemon_options__knows_the_common_letters(void **state)
{
	char prog[] = "prog", n[] = "-n", vv[] = "-vv", f[] = "-f", x[] = "x.conf", op[] = "op",
	    h[] = "-h", V[] = "-V", q[] = "-q";

	(void)state;
	assert_int_equal(options_status((char *[]){ prog, n, vv, f, x, op, NULL }, x), 42);
	assert_int_equal(options_status((char *[]){ prog, h, NULL }, x), 0);
	assert_int_equal(options_status((char *[]){ prog, V, NULL }, x), 0);
	assert_int_equal(options_status((char *[]){ prog, q, NULL }, x), 64);
	assert_int_equal(options_status((char *[]){ prog, f, NULL }, x), 64);
}

static void
daemon_drop__gives_up_root_for_good(void **state)
{
	struct err e = ERR_INIT;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(daemon_drop("no-such-user-here", &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	if (geteuid() != 0) {
		assert_int_equal(daemon_drop("root", &e), -1);
		assert_int_equal(daemon_drop(NULL, &e), 0);
		return;
	}
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		/* (with fs.suid_dumpable=2 the kernel would allow it again) */
		struct rlimit core = { 1, 1 };
		bool dropped = setrlimit(RLIMIT_CORE, &core) == 0 &&
		    daemon_drop("nobody", &e) == 0 && geteuid() != 0 && getegid() != 0 &&
		    getgroups(0, NULL) <= 1 && setuid(0) != 0 &&
		    getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0;

		_exit(dropped ? 42 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 42);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(att_D_07__a_file_is_0600_synced_and_renamed_whatever_the_umask),
		IN_FOLDER(att_D_07__each_failing_call_leaves_the_old_file_or_the_new),
		IN_FOLDER(att_D_07__a_power_cut_at_each_call_leaves_the_old_file_or_the_new),
		IN_FOLDER(att_D_08__what_a_secret_file_held_before_is_overwritten),
		IN_FOLDER(att_D_08__what_is_wiped_stays_away_after_a_power_cut),
		IN_FOLDER(att_D_08__what_a_power_cut_left_is_overwritten_at_the_next_write),
		IN_FOLDER(att_D_07__a_link_is_neither_followed_nor_read),
		IN_FOLDER(att_D_07__a_file_of_others_or_open_to_others_is_not_read),
		IN_FOLDER(daemon_read_file__refuses_more_than_the_buffer_may_hold),
		IN_FOLDER(daemon_dir__makes_0700_and_takes_what_is_there),
		IN_FOLDER(daemon_notify__reaches_path_and_abstract_sockets),
		IN_FOLDER(daemon_options__knows_the_common_letters),
		IN_FOLDER(daemon_drop__gives_up_root_for_good),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("daemon", tests, NULL, NULL);
}
