/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_test: a child enters the sandbox and tries what it must not be able
 * to do any more.  What the kernel lacks is skipped, by the words that
 * sandbox_enter() itself says of it.
 */
#include "config.h"

#include "common/base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#define SKIPPED 77

static char dir[64];

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/kith-sandbox-XXXXXX");
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	char path[80];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/made", dir);
	(void)unlink(path);
	return rmdir(dir);
}

/* 0: as it should be; else the line of what was not. */
typedef int (*try_fn)(void);
#define MUST_BE(what) do { if (!(what)) return __LINE__ % 200 + 1; } while (0)

static void in_sandbox(bool may_exec, const char *needs, try_fn try)
{
	const struct sandbox_path path[] = { { dir, true, false }, { "/etc/hostname", false, false } };
	const struct sandbox s = { .path = path, .n = 2, .may_exec = may_exec,
		.may_read_all = may_exec };
	char what[SANDBOX_TEXT];
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (sandbox_enter(&s, what, NULL) != 0)
			_exit(255);
		if (strncmp(what, "none", 4) == 0 || strstr(what, needs) != NULL)
			_exit(SKIPPED);
		_exit(try());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIPPED)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int runs_nothing(void)
{
	static char program[] = "/bin/true";
	char *const argv[] = { program, NULL }, *const env[] = { NULL };

	(void)execve(program, argv, env);
	MUST_BE(errno == EPERM);
	MUST_BE(fork() == -1);
	return 0;
}

static void no_program_is_run_and_no_process_made(void **state)
{
	(void)state;
	in_sandbox(false, "no seccomp", runs_nothing);
}

static int opens_no_socket(void)
{
	MUST_BE(socket(AF_PACKET, SOCK_RAW, 0) == -1 && errno == EPERM);
	MUST_BE(socket(AF_BLUETOOTH, SOCK_RAW, 0) == -1 && errno == EPERM);
	MUST_BE(socket(AF_INET, SOCK_STREAM, 0) >= 0);
	MUST_BE(personality(0xffffffffu) == -1 && errno == EPERM);
	return 0;
}

static void only_sockets_of_the_network_are_made(void **state)
{
	(void)state;
	in_sandbox(false, "no seccomp", opens_no_socket);
}

static int opens_no_file(void)
{
	char path[80];

	MUST_BE(open("/etc/passwd", O_RDONLY) == -1 && errno == EACCES);
	MUST_BE(open("/tmp", O_WRONLY | O_TMPFILE, 0600) == -1);
	MUST_BE(open("/etc/hostname", O_WRONLY) == -1);
	(void)snprintf(path, sizeof(path), "%s/made", dir);
	MUST_BE(open(path, O_WRONLY | O_CREAT, 0600) >= 0);
	return 0;
}

static void only_named_files_are_opened(void **state)
{
	(void)state;
	in_sandbox(false, "no landlock", opens_no_file);
}

static int keeps_to_limits(void)
{
	struct rlimit r;

	MUST_BE(getrlimit(RLIMIT_CORE, &r) == 0 && r.rlim_max == 0);
	MUST_BE(getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_max <= 1024);
	MUST_BE(getrlimit(RLIMIT_NPROC, &r) == 0 && r.rlim_max == 0);
	return 0;
}

static void no_core_no_processes_and_few_descriptors(void **state)
{
	(void)state;
	in_sandbox(false, "?", keeps_to_limits);
}

static int runs_only_harmless(void)
{
	pid_t pid = fork();
	int status = -1;

	MUST_BE(pid >= 0);
	if (pid == 0) {
		(void)execl("/bin/sh", "sh", "-c", "read x </etc/passwd && exit 5", NULL);
		_exit(1);
	}
	MUST_BE(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	MUST_BE(WEXITSTATUS(status) == 5);
	MUST_BE(personality(0xffffffffu) == -1 && errno == EPERM);
	return 0;
}

static void who_may_run_programs_still_cannot_change_the_machine(void **state)
{
	(void)state;
	in_sandbox(true, "no seccomp", runs_only_harmless);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_program_is_run_and_no_process_made, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(only_sockets_of_the_network_are_made, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(only_named_files_are_opened, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_core_no_processes_and_few_descriptors, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(
		    who_may_run_programs_still_cannot_change_the_machine, set_up, tear_down),
	};
	const char *sanitized = getenv("KITH_SANITIZED");

	if (sanitized != NULL && strcmp(sanitized, "no") != 0) {
		printf("1..0 # SKIP n/a: a sanitized build has no sandbox\n");
		return 0;
	}
	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
