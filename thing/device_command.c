/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_command: command=PROGRAM ARGUMENTS.  The line is split at blanks
 * (quotes keep them) and run without a shell, or by /bin/sh with shell=yes.
 * A field's value is what it prints; a control's value stands in the
 * environment as KITH_VALUE and replaces an argument {value}.  One run at a
 * time per device, readers who come meanwhile share it; timeout= kills the
 * whole process group.
 */
#include "config.h"

#include "thing/device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "thing/child.h"
#include "thing/child.h"

#define MAX_WAITING 16
#define REAP_MS 20		/* how often to look for one that closed its output early */

struct command {
	char *words;			/* the split line; args point into it */
	char *args[CHILD_ARGS + 1];
	char shell[8], option[3];	/* what args begins with for shell=yes */
	pid_t pid;			/* 0: not running */
	int fd;				/* its output; -1 */
	int64_t deadline_ms, look_ms;
	size_t len;
	char output[DEVICE_OUTPUT + 1];
	size_t n_waiting;
	uint64_t waiting[MAX_WAITING];
};

static int command_open(struct device *d, struct err *e)
{
	struct command *c = mem_zalloc(sizeof(*c));

	if (!c)
		return err_set(e, ERR_SYSTEM, "out of memory");
	c->fd = -1;
	c->words = mem_strdup(d->conf.spec);
	d->self = c;
	if (!c->words) {
		err_set(e, ERR_SYSTEM, "out of memory");
	} else if (d->conf.shell) {
		memcpy(c->shell, "/bin/sh", sizeof(c->shell));
		memcpy(c->option, "-c", sizeof(c->option));
		c->args[0] = c->shell;
		c->args[1] = c->option;
		c->args[2] = c->words;
		return 0;
	} else if (child_split(c->words, c->args, e) > 0) {
		return 0;
	}
	mem_free(c->words);
	mem_free(c);
	d->self = NULL;
	return -1;
}

static void stop(struct command *c)
{
	child_kill(c->pid);
	if (c->fd >= 0)
		close(c->fd);
	c->pid = 0;
	c->fd = -1;
}

static void command_close(struct device *d)
{
	struct command *c = d->self;

	stop(c);
	mem_free(c->words);
	mem_free(c);
}

/* ---- running ------------------------------------------------------------ */

/* The arguments with {value} put in, and an environment of three lines. */
static int start(struct device *d, const char *value)
{
	struct command *c = d->self;
	char *argv[CHILD_ARGS + 1], env_value[KITH_THING_TEXT + 16];
	char with_value[KITH_THING_TEXT], path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
	char lang[] = "LANG=C.UTF-8";
	char *envp[] = { path, lang, env_value, NULL };
	int ends[2], bad;

	snprintf(env_value, sizeof(env_value), "KITH_VALUE=%s", value);
	snprintf(with_value, sizeof(with_value), "%s", value);
	for (size_t i = 0; i <= CHILD_ARGS; i++) {
		argv[i] = c->args[i] && strcmp(c->args[i], "{value}") == 0
		    ? with_value : c->args[i];
		if (!argv[i])
			break;
	}
	if (pipe2(ends, O_CLOEXEC) < 0)
		return errno;
	bad = child_start(argv, envp, -1, ends[1], &c->pid);
	close(ends[1]);
	if (bad) {
		close(ends[0]);
		return bad;
	}
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	c->fd = ends[0];
	c->len = 0;
	c->look_ms = -1;
	c->deadline_ms = clock_boot(d->host->clock) + d->conf.timeout_ms;
	return 0;
}

static enum kith_thing_result command_read(struct device *d, uint64_t ticket,
    struct kith_thing_value *v)
{
	struct command *c = d->self;
	int bad;

	if (c->n_waiting == MAX_WAITING)
		return device_fail(v, "too many readers");
	bad = c->pid ? 0 : start(d, "");
	if (bad)
		return device_fail(v, "cannot run %s: %s", c->args[0], strerror(bad));
	c->waiting[c->n_waiting++] = ticket;
	return KITH_THING_LATER;
}

static enum kith_thing_result command_write(struct device *d, uint64_t ticket,
    const struct kith_thing_value *v, char *why, size_t why_size)
{
	struct command *c = d->self;
	char text[KITH_THING_TEXT];
	int bad;

	if (c->pid) {
		snprintf(why, why_size, "busy with an earlier command");
		return KITH_THING_FAILED;
	}
	device_text(d, v, text);
	bad = start(d, text);
	if (bad) {
		snprintf(why, why_size, "cannot run %s: %s", c->args[0], strerror(bad));
		return KITH_THING_FAILED;
	}
	c->waiting[c->n_waiting++] = ticket;
	return KITH_THING_LATER;
}

/* ---- its end ------------------------------------------------------------ */

/* Everybody who waits is told; `why` NULL: the output is the value. */
static void finish(struct device *d, const char *why)
{
	struct command *c = d->self;
	uint64_t waiting[MAX_WAITING];
	struct kith_thing_value v;
	enum kith_thing_result r = KITH_THING_OK;
	size_t n = c->n_waiting;

	memset(&v, 0, sizeof(v));
	memcpy(waiting, c->waiting, sizeof(waiting));
	c->n_waiting = 0;
	c->output[c->len] = '\0';
	if (why)
		r = device_fail(&v, "%s", why);
	else if (!d->conf.is_control)
		r = strlen(c->output) == c->len ? device_value(d, c->output, &v)
		    : device_fail(&v, "not text");
	for (size_t i = 0; i < n; i++)
		if (d->conf.is_control)
			d->host->write_done(d->host->arg, waiting[i], r, v.text);
		else
			d->host->read_done(d->host->arg, waiting[i], r, &v);
}

static void reap(struct device *d)
{
	struct command *c = d->self;
	int status;
	pid_t pid = waitpid(c->pid, &status, WNOHANG);
	char why[64];

	if (pid == 0) {		/* still there without output: look again soon */
		c->look_ms = clock_boot(d->host->clock) + REAP_MS;
		return;
	}
	c->pid = 0;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		finish(d, NULL);
		return;
	}
	if (pid > 0 && WIFEXITED(status))
		snprintf(why, sizeof(why), "the command ended with status %d", WEXITSTATUS(status));
	else
		snprintf(why, sizeof(why), "the command was ended");
	finish(d, why);
}

static void command_process(struct device *d)
{
	struct command *c = d->self;
	char spill[512];
	ssize_t n;

	if (!c->pid)
		return;
	/* A bounded piece each time: endless output must not hold the loop. */
	for (int i = 0; i < 16 && c->fd >= 0; i++) {
		bool room = c->len < DEVICE_OUTPUT;

		n = read(c->fd, room ? c->output + c->len : spill,
		    room ? DEVICE_OUTPUT - c->len : sizeof(spill));
		if (n > 0 && room)
			c->len += (size_t)n;
		if (n == 0) {
			close(c->fd);
			c->fd = -1;
		} else if (n < 0) {
			break;
		}
	}
	if (clock_boot(d->host->clock) >= c->deadline_ms) {
		stop(c);
		finish(d, "no answer in time");
	} else if (c->fd < 0) {
		reap(d);
	}
}

static int command_fd(const struct device *d)
{
	const struct command *c = d->self;

	return c->fd;
}

static int64_t command_deadline(const struct device *d)
{
	const struct command *c = d->self;

	if (!c->pid)
		return -1;
	return c->fd < 0 && c->look_ms >= 0 && c->look_ms < c->deadline_ms
	    ? c->look_ms : c->deadline_ms;
}

const struct device_ops device_command = {
	.key = "command",
	.reads = true,
	.writes = true,
	.open = command_open,
	.close = command_close,
	.read = command_read,
	.write = command_write,
	.fd = command_fd,
	.deadline = command_deadline,
	.process = command_process,
};
