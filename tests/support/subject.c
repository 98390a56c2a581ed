/* SPDX-License-Identifier: Apache-2.0 */
/* subject: see subject.h.  A test tool: what fails ends the program. */
#include "config.h"

#include "tests/support/subject.h"

#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *const stores[] = {"kith.db", "kith.db-wal", "kith.db-shm"};
static const char *const others[] = {"conf", "secret", "log", "hash.key"};

static void path_of(const struct subject *s, const char *name, char *out, size_t room)
{
	snprintf(out, room, "%s/%s", s->dir, name);
}

static FILE *create(const struct subject *s, const char *name)
{
	char path[128];
	int fd;
	FILE *f;

	path_of(s, name, path, sizeof(path));
	fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!f)
		err(1, "%s", path);
	return f;
}

void subject_init(struct subject *s, const char *program, uint16_t port, const char *limits)
{
	const char *tmp = getenv("TMPDIR");
	FILE *f;

	memset(s, 0, sizeof(*s));
	s->program = program;
	s->port = port;
	snprintf(s->dir, sizeof(s->dir), "%s/kith-subject-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(s->dir))
		err(1, "%s", s->dir);
	f = create(s, "secret");
	fputs("3f6d1c9e0a7b4852bd1f94c6e8a05d73\n", f);
	fclose(f);
	f = create(s, "conf");
	fprintf(f, "[component]\njid = kith.home.example\nserver = 127.0.0.1:%u\n"
	    "secret_file = %s/secret\n[store]\nurl = sqlite:%s/kith.db\nhash_key_file = %s/hash.key\n"
	    "[limits]\n%s\n", port, s->dir, s->dir, s->dir, limits);
	fclose(f);
}

void subject_start(struct subject *s)
{
	char conf[128], log[128];
	int fd;

	path_of(s, "conf", conf, sizeof(conf));
	path_of(s, "log", log, sizeof(log));
	s->pid = fork();
	if (s->pid < 0)
		err(1, "fork");
	if (s->pid > 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = open(log, O_CREAT | O_WRONLY | O_TRUNC, 0600);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	execl(s->program, s->program, "-f", conf, (char *)NULL);
	_exit(127);
}

int subject_stop(struct subject *s, int number)
{
	int status = 0;

	if (s->pid > 0) {
		kill(s->pid, number);
		waitpid(s->pid, &status, 0);
	}
	s->pid = 0;
	return status;
}

static void remove_all(const struct subject *s, const char *const *names, size_t n)
{
	char path[128];

	while (n-- > 0) {
		path_of(s, names[n], path, sizeof(path));
		unlink(path);
	}
}

void subject_wipe(struct subject *s)
{
	remove_all(s, stores, sizeof(stores) / sizeof(stores[0]));
}

void subject_fini(struct subject *s)
{
	subject_stop(s, SIGKILL);
	subject_wipe(s);
	remove_all(s, others, sizeof(others) / sizeof(others[0]));
	rmdir(s->dir);
}

void subject_explain(const struct subject *s)
{
	char path[128], line[512];
	FILE *f;

	path_of(s, "log", path, sizeof(path));
	f = fopen(path, "re");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f))
		fprintf(stderr, "# kithd: %s", line);
	fclose(f);
}

int64_t subject_cpu_of(pid_t pid)
{
	clockid_t clock;
	struct timespec t;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
		return 0;
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t subject_cpu_us(const struct subject *s)
{
	return subject_cpu_of(s->pid);
}
