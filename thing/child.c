/* SPDX-License-Identifier: Apache-2.0 */
/* child: posix_spawn(3), because a fork of a locked process would copy its secrets. */
#include "config.h"

#include "thing/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

int child_split(char *text, char *out[static CHILD_ARGS + 1], struct err *e)
{
	char *from = text, *to = text, quote = 0;
	int n = 0;

	for (;;) {
		from += strspn(from, " \t");
		if (!*from)
			break;
		if (n == CHILD_ARGS)
			return err_set(e, ERR_LIMIT, "more than %d words", CHILD_ARGS);
		out[n++] = to;
		for (; *from && (quote || !strchr(" \t", *from)); from++) {
			if (quote ? *from == quote : (*from == '"' || *from == '\''))
				quote = quote ? 0 : *from;
			else
				*to++ = *from;
		}
		if (quote)
			return err_set(e, ERR_INPUT, "a quote is not closed");
		if (*from)
			from++;
		*to++ = '\0';
	}
	out[n] = NULL;
	return n ? n : err_set(e, ERR_INPUT, "no command");
}

/* Its own group, so that an end reaches its children as well; our descriptors are
 * all close-on-exec. */
static int prepare(posix_spawn_file_actions_t *files, posix_spawnattr_t *attr, int in, int out)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	return (in < 0 ? posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0)
	    : posix_spawn_file_actions_adddup2(files, in, 0)) |
	    posix_spawn_file_actions_adddup2(files, out, 1) |
	    posix_spawn_file_actions_addopen(files, 2, "/dev/null", O_WRONLY, 0) |
	    posix_spawnattr_setpgroup(attr, 0) |
	    posix_spawnattr_setsigmask(attr, &none) |
	    posix_spawnattr_setsigdefault(attr, &all) |
	    posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
	    POSIX_SPAWN_SETSIGDEF);
}

int child_start(char *const argv[], char *const envp[], int in, int out, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int bad;

	*pid = 0;
	if (posix_spawn_file_actions_init(&files) != 0)
		return ENOMEM;
	if (posix_spawnattr_init(&attr) != 0) {
		posix_spawn_file_actions_destroy(&files);
		return ENOMEM;
	}
	bad = prepare(&files, &attr, in, out);
	if (!bad)
		bad = posix_spawn(pid, argv[0], &files, &attr, argv, envp);
	if (bad)
		*pid = 0;
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return bad;
}

void child_kill(pid_t pid)
{
	if (pid <= 0)
		return;
	(void)kill(-pid, SIGKILL);
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}
