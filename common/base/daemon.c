/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon: options, readiness, rights and files of long-running programs.  Not
 * the loop and not the settings (conf.c).
 */
#include "config.h"

#include "common/base/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/base/secret.h"

#define EX_WRONG_USAGE 64	/* sysexits */

void
daemon_options(int argc, char **argv, const char *usage, struct daemon_options *out)
{
	int c;

	*out = (struct daemon_options){ 0 };
	while ((c = getopt(argc, argv, "+f:nvVh")) != -1) {
		switch (c) {
		case 'f':
			out->file = optarg;
			break;
		case 'n':
			out->check = true;
			break;
		case 'v':
			out->verbose++;
			break;
		case 'V':
			(void)printf("%s\n", PACKAGE_STRING);
			exit(0);
		case 'h':
			(void)fputs(usage, stdout);
			exit(0);
		default:
			(void)fprintf(stderr, "try: %s -h\n", argv[0]);
			exit(EX_WRONG_USAGE);
		}
	}
	out->n_operands = argc - optind;
	out->operands = argv + optind;
}

/* sd_notify(3) is one datagram; a library for it would be the only reason to
 * link systemd. */
void
daemon_notify(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len;
	int fd;

	if (path == NULL || (path[0] != '/' && path[0] != '@'))
		return;
	len = strlen(path);
	if (len >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, len);
	if (path[0] == '@')
		to.sun_path[0] = '\0';	/* abstract name: length, no NUL behind */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&to,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		log_debug("systemd was not told '%s': %s", text, strerror(errno));
	(void)close(fd);
}

int
daemon_drop(const char *user, struct err *e)
{
	const struct passwd *pw;

	if (user == NULL) {
		if (geteuid() == 0)
			log_warn("running as root; set user= to drop rights");
		return 0;
	}
	errno = 0;
	pw = getpwnam(user);
	if (pw == NULL && errno == 0)
		return err_set(e, ERR_INPUT, "no user '%s' on this system", user);
	if (pw == NULL)
		return err_errno(e, "cannot look up user '%s'", user);
	if (geteuid() == pw->pw_uid)
		return 0;
	if (geteuid() != 0)
		return err_set(e, ERR_INPUT, "only root can switch to user '%s'", user);
	if (initgroups(user, pw->pw_gid) != 0 ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) != 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) != 0)
		return err_errno(e, "cannot switch to user '%s'", user);
	if (pw->pw_uid != 0 && setuid(0) == 0)
		return err_set(e, ERR_SYSTEM, "rights of root came back after dropping them");
	/* Another user's process may be dumped again, as fs.suid_dumpable says. */
	secret_protect_process();
	return 0;
}

int
daemon_enter(const char *dir, struct err *e)
{
	struct stat st;

	if (geteuid() != 0 || stat(dir, &st) != 0 || st.st_uid == 0)
		return 0;
	/* Into it first: the way there may be open to root only. */
	if (chdir(dir) != 0 || stat(".", &st) != 0 || st.st_uid == 0)
		return err_errno(e, "cannot go into '%s'", dir);
	if (setgroups(0, NULL) != 0 || setresgid(st.st_gid, st.st_gid, st.st_gid) != 0 ||
	    setresuid(st.st_uid, st.st_uid, st.st_uid) != 0)
		return err_errno(e, "cannot become the owner of '%s'", dir);
	if (setuid(0) == 0)
		return err_set(e, ERR_SYSTEM, "rights of root came back after dropping them");
	return 1;
}

int
daemon_dir(const char *path, struct err *e)
{
	struct stat st;

	if (mkdir(path, 0700) == 0)
		return 0;
	if (errno != EEXIST)
		return err_errno(e, "cannot make folder '%s'", path);
	if (stat(path, &st) != 0)
		return err_errno(e, "cannot look at folder '%s'", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_INPUT, "'%s' is not a folder", path);
	return 0;
}

static int
write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Whatever can be overwritten is.  1: it is gone, 0: it was not there, -1: it still is. */
static int
wipe_at(int dir, const char *name)
{
	static const char zero[512];
	int fd = openat(dir, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	off_t left = 0;

	if (fd >= 0) {
		if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
			left = st.st_size;
		for (; left > 0; left -= (off_t)sizeof(zero))
			if (write_all(fd, zero, left < (off_t)sizeof(zero) ? (size_t)left
			    : sizeof(zero)) != 0)
				break;
		(void)fsync(fd);
		(void)close(fd);
	}
	if (unlinkat(dir, name, 0) == 0)
		return 1;
	return errno == ENOENT ? 0 : -1;
}

/* The name may stand there from a crash; O_EXCL after its end makes sure that
 * the file is new, ours, and no link to somewhere else. */
static int
write_temp(int dir, const char *name, const void *data, size_t len, bool secret)
{
	int fd, saved;

	if (secret ? wipe_at(dir, name) < 0
	    : unlinkat(dir, name, 0) != 0 && errno != ENOENT)
		return -1;
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	if (fchmod(fd, 0600) != 0 || write_all(fd, data, len) != 0 || fsync(fd) != 0) {
		saved = errno;
		(void)close(fd);
		errno = saved;
		return -1;
	}
	return close(fd);
}

/* The names are exchanged, so that the old content keeps a name until it is
 * wiped; where the file system cannot do that, it is replaced. */
static int
put_in_place(int dir, const char *temp, const char *name, bool secret)
{
	struct stat st;

	if (secret && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	    renameat2(dir, temp, dir, name, RENAME_EXCHANGE) == 0)
		return 0;
	return renameat(dir, temp, dir, name);
}

/* A path as its folder, opened, and the names of the file and the new one. */
struct place {
	int dir;
	char folder[PATH_MAX], temp[NAME_MAX + 1];
	const char *name;
};

static int
place_open(struct place *p, const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	int n, m;

	p->name = slash != NULL ? slash + 1 : path;
	n = snprintf(p->folder, sizeof(p->folder), "%.*s", slash != NULL ? (int)(slash - path + 1)
	    : 1, slash != NULL ? path : ".");
	m = snprintf(p->temp, sizeof(p->temp), ".%s.new", p->name);
	if (*p->name == '\0' || n >= (int)sizeof(p->folder) || m >= (int)sizeof(p->temp))
		return err_set(e, ERR_INPUT, "'%s' cannot be the name of a file", path);
	p->dir = open(p->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return p->dir < 0 ? err_errno(e, "cannot open folder '%s'", p->folder) : 0;
}

static int
write_whole(const char *path, const void *data, size_t len, bool secret, struct err *e)
{
	struct place p;
	int ret = -1;

	if (place_open(&p, path, e) != 0)
		return -1;
	if (write_temp(p.dir, p.temp, data, len, secret) != 0) {
		err_errno(e, "cannot write '%s%s'", p.folder, p.temp);
	} else if (put_in_place(p.dir, p.temp, p.name, secret) != 0) {
		err_errno(e, "cannot replace '%s'", path);
	} else if (fsync(p.dir) != 0) {
		/* Which of the two a power cut would leave is not known: wipe neither. */
		(void)err_errno(e, "cannot sync folder '%s'", p.folder);
		goto out;
	} else {
		ret = 0;
	}
	/* The old content, or the new one that did not get there. */
	if (secret)
		(void)wipe_at(p.dir, p.temp);
	else if (ret != 0)
		(void)unlinkat(p.dir, p.temp, 0);
out:
	(void)close(p.dir);
	return ret;
}

int
daemon_write_file(const char *path, const void *data, size_t len, struct err *e)
{
	return write_whole(path, data, len, false, e);
}

int
daemon_write_secret(const char *path, const void *data, size_t len, struct err *e)
{
	return write_whole(path, data, len, true, e);
}

int
daemon_wipe(const char *path, struct err *e)
{
	struct place p;
	int temp, file, ret = 0;

	if (place_open(&p, path, e) != 0)
		return -1;
	temp = wipe_at(p.dir, p.temp);
	file = temp < 0 ? -1 : wipe_at(p.dir, p.name);
	/* Who forgets something pulls the plug next: zeros must not come back by its name. */
	if (file < 0)
		ret = err_errno(e, "cannot remove '%s'", path);
	else if (temp + file > 0 && fsync(p.dir) != 0)
		ret = err_errno(e, "cannot sync folder '%s'", p.folder);
	(void)close(p.dir);
	return ret;
}

int
daemon_open_private(const char *path, struct err *e)
{
	/* O_NONBLOCK: a pipe put in place of the file must not hang us. */
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_AGAIN, "'%s' does not exist", path);
	if (fd < 0 && errno == ELOOP)
		return err_set(e, ERR_INPUT, "'%s' is a symbolic link", path);
	if (fd < 0)
		return err_errno(e, "cannot open '%s'", path);
	if (fstat(fd, &st) != 0)
		err_errno(e, "cannot look at '%s'", path);
	else if (!S_ISREG(st.st_mode))
		err_set(e, ERR_INPUT, "'%s' is not a plain file", path);
	else if (st.st_uid != geteuid() && st.st_uid != 0)
		err_set(e, ERR_INPUT, "'%s' belongs to another user", path);
	else if ((st.st_mode & 077) != 0)
		err_set(e, ERR_INPUT, "others may use '%s'; run: chmod 600 '%s'", path, path);
	else
		return fd;
	(void)close(fd);
	return -1;
}

int
daemon_read_file(const char *path, struct buf *out, struct err *e)
{
	char piece[4096];
	ssize_t n = 0;
	int fd = daemon_open_private(path, e), ret = -1;

	if (fd < 0)
		return -1;
	do {
		if (n > 0)
			buf_add(out, piece, (size_t)n);
		n = read(fd, piece, sizeof(piece));
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		err_errno(e, "cannot read '%s'", path);
	else if (!buf_ok(out))
		err_set(e, ERR_LIMIT, "'%s' is longer than %zu bytes", path, out->max);
	else
		ret = 0;
	/* It may have been a key. */
	explicit_bzero(piece, sizeof(piece));
	(void)close(fd);
	return ret;
}
