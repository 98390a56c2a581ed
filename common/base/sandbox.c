/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox: landlock by its system calls, since libc has none for it, and
 * seccomp by libseccomp.  A denied call fails with EPERM and is an error like
 * others: a daemon that is killed by its own guard helps only the attacker.
 */
#include "config.h"

#include "common/base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1	/* their run time reads /proc and calls what it likes */
#else
#define SANITIZED 0
#endif

/* By the interface's version; the headers may be older than the kernel. */
#define ACCESS_1 ((UINT64_C(1) << 13) - 1)	/* execute .. make symlink */
#define ACCESS_REFER (UINT64_C(1) << 13)	/* 2 */
#define ACCESS_TRUNCATE (UINT64_C(1) << 14)	/* 3 */
#define ACCESS_IOCTL (UINT64_C(1) << 15)	/* 5 */
#define ACCESS_EXEC UINT64_C(1)
#define ACCESS_WRITE UINT64_C(2)
#define ACCESS_READ (UINT64_C(4) | UINT64_C(8))	/* files, folders */
#define FILES 1024
#define FILES_ONLY (ACCESS_EXEC | ACCESS_WRITE | UINT64_C(4) | ACCESS_TRUNCATE | ACCESS_IOCTL)

/* ---- landlock ---- */

static int landlock_version(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, 1u /* VERSION */);
}

static uint64_t handled(int version)
{
	return ACCESS_1 | (version >= 2 ? ACCESS_REFER : 0) | (version >= 3 ? ACCESS_TRUNCATE : 0) |
	    (version >= 5 ? ACCESS_IOCTL : 0);
}

static int allow_path(int rules, const char *path, uint64_t access, struct err *e)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = access };
	struct stat st;
	int rc = 0;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return errno == ENOENT || errno == EACCES ? 0 : err_errno(e, "cannot open '%s'",
		    path);
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= FILES_ONLY;
	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
		rc = err_errno(e, "cannot keep '%s' readable", path);
	close(rule.parent_fd);
	return rc;
}

/* What the C library and the resolver read whenever they like. */
static const char *const always[] = {
	"/etc/hosts", "/etc/resolv.conf", "/run/systemd/resolve", "/etc/host.conf",
	"/etc/nsswitch.conf", "/etc/services", "/etc/localtime", "/usr/share/zoneinfo",
};

/* What a named folder may be used for; a program that is run may turn to devices. */
static uint64_t writing(const struct sandbox *s, const struct sandbox_path *p, uint64_t all)
{
	return all & ~ACCESS_EXEC & (s->may_exec || p->is_device ? all : ~ACCESS_IOCTL);
}

static int add_rules(const struct sandbox *s, int rules, uint64_t all, struct err *e)
{
	if (allow_path(rules, "/dev/null", ACCESS_READ | ACCESS_WRITE, e) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		if (allow_path(rules, always[i], ACCESS_READ, e) != 0)
			return -1;
	if (s->may_read_all && allow_path(rules, "/", ACCESS_READ | (s->may_exec ?
	    ACCESS_EXEC : 0), e) != 0)
		return -1;
	for (size_t i = 0; i < s->n; i++)
		if (s->path[i].path != NULL && allow_path(rules, s->path[i].path,
		    s->path[i].writable ? writing(s, &s->path[i], all) : ACCESS_READ, e) != 0)
			return -1;
	return 0;
}

/* 1 in force, 0 the kernel has none, -1. */
static int enter_landlock(const struct sandbox *s, int version, struct err *e)
{
	uint64_t all = handled(version);
	int rules, rc;

	if (version < 1)
		return 0;
	rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	if (rules < 0)
		return err_errno(e, "cannot make landlock rules");
	rc = add_rules(s, rules, all, e);
	if (rc == 0 && syscall(SYS_landlock_restrict_self, rules, 0) != 0)
		rc = err_errno(e, "cannot put landlock in force");
	close(rules);
	return rc == 0 ? 1 : -1;
}

/* ---- seccomp ---- */

/* What the C library, OpenSSL, SQLite, libev and c-ares need once they run. */
static const char *const calls[] = {
	"accept", "accept4", "access", "bind", "brk", "clock_gettime", "clock_getres",
	"clock_nanosleep", "close", "connect", "dup", "epoll_create1", "epoll_ctl", "epoll_pwait",
	"epoll_wait", "eventfd2", "exit", "exit_group", "faccessat", "faccessat2", "fchmod",
	"fcntl", "fdatasync", "flock", "fstat", "fsync", "ftruncate", "futex", "getcwd",
	"getdents64", "getegid", "geteuid", "getgid", "getpeername", "getpid", "getrandom",
	"getsockname", "getsockopt", "gettid", "gettimeofday", "getuid", "inotify_add_watch",
	"inotify_init1", "inotify_rm_watch", "ioctl", "link", "linkat",
	"listen", "lseek", "lstat", "madvise", "membarrier", "mkdir", "mkdirat", "mlock", "mmap",
	"mprotect", "mremap", "munlock", "munmap", "nanosleep", "newfstatat", "open", "openat",
	"pipe2", "poll", "ppoll", "pread64", "pwrite64", "read", "readlink", "readlinkat",
	"readv", "recvfrom", "recvmmsg", "recvmsg", "rename", "renameat", "renameat2",
	"restart_syscall", "rseq", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
	"rt_sigtimedwait", "sched_yield", "sendmmsg", "sendmsg", "sendto", "set_robust_list",
	"setsockopt", "shutdown", "sigaltstack", "signalfd4", "stat", "statfs", "statx",
	"sysinfo", "tgkill", "timerfd_create", "timerfd_settime", "umask", "uname", "unlink",
	"unlinkat", "write", "writev", "fallocate", "get_mempolicy", "fstatfs", "pselect6",
	"select", "prlimit64", "getrlimit",
};

/*
 * Whoever runs programs hands these rules on to them, and nobody knows what
 * they need: they may do all but what changes the machine or looks into others.
 */
static const char *const forbidden[] = {
	"mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen",
	"fsconfig", "fsmount", "mount_setattr", "swapon", "swapoff", "reboot", "kexec_load",
	"kexec_file_load", "init_module", "finit_module", "delete_module", "ptrace",
	"process_vm_readv", "process_vm_writev", "bpf", "perf_event_open", "unshare", "setns",
	"keyctl", "add_key", "request_key", "settimeofday", "clock_settime", "clock_adjtime",
	"adjtimex", "sethostname", "setdomainname", "acct", "quotactl", "iopl", "ioperm",
	"io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd", "syslog",
	"open_by_handle_at", "name_to_handle_at", "personality", "vhangup", "lookup_dcookie",
};

static int add_calls(scmp_filter_ctx f, uint32_t action, const char *const *name, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int number = seccomp_syscall_resolve_name(name[i]);

		/* Not every machine has each of them. */
		if (number != __NR_SCMP_ERROR && number >= 0 &&
		    seccomp_rule_add(f, action, number, 0) != 0)
			return -1;
	}
	return 0;
}

static int allow_sockets(scmp_filter_ctx f)
{
	static const int families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
		    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i])) != 0)
			return -1;
	return 0;
}

static int add_filters(const struct sandbox *s, scmp_filter_ctx f)
{
	if (s->may_exec)
		return add_calls(f, SCMP_ACT_ERRNO(EPERM), forbidden,
		    sizeof(forbidden) / sizeof(forbidden[0]));
	return add_calls(f, SCMP_ACT_ALLOW, calls, sizeof(calls) / sizeof(calls[0])) != 0 ? -1 :
	    allow_sockets(f);
}

/* 1 in force, 0 the kernel has none, -1. */
static int enter_seccomp(const struct sandbox *s, struct err *e)
{
	scmp_filter_ctx f = seccomp_init(s->may_exec ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM));
	int rc = f == NULL ? -ENOMEM : 0;

	if (rc == 0 && add_filters(s, f) != 0)
		rc = -EINVAL;
	if (rc == 0)
		rc = seccomp_load(f);
	if (f != NULL)
		seccomp_release(f);
	if (rc == -ENOSYS || rc == -EOPNOTSUPP || rc == -ECANCELED)
		return 0;
	return rc == 0 ? 1 : err_set(e, ERR_SYSTEM, "cannot put seccomp in force: %s",
	    strerror(-rc));
}

/* ---- both ---- */

/* Never more than it was. */
static void limit(__rlimit_resource_t what, rlim_t most)
{
	struct rlimit r;

	if (getrlimit(what, &r) != 0)
		return;
	r.rlim_cur = r.rlim_cur < most ? r.rlim_cur : most;
	r.rlim_max = r.rlim_max < most ? r.rlim_max : most;
	(void)setrlimit(what, &r);
}

static int enter(const struct sandbox *s, char what[static SANDBOX_TEXT], struct err *e)
{
	int version = landlock_version(), landlock, seccomp;
	char name[40] = "no landlock in this kernel";

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_errno(e, "cannot give up new rights");
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, FILES);
	/* It counts all processes of the user, so it is "none" or left alone. */
	if (!s->may_exec)
		limit(RLIMIT_NPROC, 0);
	landlock = enter_landlock(s, version, e);
	seccomp = landlock == -1 ? -1 : enter_seccomp(s, e);
	if (seccomp == -1)
		return -1;
	if (landlock == 1)
		(void)snprintf(name, sizeof(name), "landlock %d", version);
	(void)snprintf(what, SANDBOX_TEXT, "no new rights, %s, %s", name,
	    seccomp == 1 ? "seccomp" : "no seccomp in this kernel");
	return landlock * 2 + seccomp;
}

static bool is_writable(const struct sandbox *s, const char *folder)
{
	for (size_t i = 0; i < s->n; i++) {
		const char *path = s->path[i].path;

		if (path != NULL && s->path[i].writable && (strcmp(path, folder) == 0 ||
		    strcmp(path, "/") == 0))
			return true;
	}
	return false;
}

/* A file without a name, in folders where anybody may make one. */
static bool can_write_elsewhere(const struct sandbox *s)
{
	static const char *const folders[] = { "/tmp", "/var/tmp", "/dev/shm" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (!is_writable(s, folders[i]) &&
		    open(folders[i], O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600) >= 0)
			return true;
	return false;
}

/* In the child: what must fail does fail.  The exit status names what did not. */
static void try_child(const struct sandbox *s)
{
	static char program[] = "/bin/true";
	char *const argv[] = { program, NULL }, *const env[] = { NULL };
	char what[SANDBOX_TEXT];
	int got = enter(s, what, NULL);

	if (got < 0)
		_exit(5);
	if ((got & 2) != 0 && !s->may_read_all && open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0)
		_exit(1);
	/* Whoever may write all of /dev may write its shm. */
	if ((got & 2) != 0 && !s->may_exec && can_write_elsewhere(s))
		_exit(2);
	if ((got & 1) != 0 && !s->may_exec) {
		(void)execve(program, argv, env);
		if (errno != EPERM)
			_exit(3);
		if (socket(AF_PACKET, SOCK_RAW, 0) >= 0 || errno != EPERM)
			_exit(4);
	}
	_exit(0);
}

static int self_test(const struct sandbox *s, struct err *e)
{
	static const char *const faults[] = {
		"", "a file that was not named could be read", "a file could be made anywhere",
		"a program could be run", "any kind of socket could be opened",
		"it cannot be put in force",
	};
	int status = 0;
	pid_t pid = fork();

	if (pid < 0)
		return err_errno(e, "cannot try the sandbox");
	if (pid == 0)
		try_child(s);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(e, ERR_SYSTEM, "the sandbox does not hold: %s", WIFEXITED(status) &&
	    WEXITSTATUS(status) < 6 ? faults[WEXITSTATUS(status)] : "its trial ran away");
}

int sandbox_enter(const struct sandbox *s, char what[static SANDBOX_TEXT], struct err *e)
{
	if (SANITIZED) {
		(void)snprintf(what, SANDBOX_TEXT, "none: this build is for tests");
		return 0;
	}
	return self_test(s, e) != 0 || enter(s, what, e) < 0 ? -1 : 0;
}
