/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folder: what can be done to a state folder while no thing runs on it (thing.h):
 * forget everything, release the pins.
 */
#include "config.h"

#include "thing/thing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/daemon.h"
#include "thing/domains.h"
#include "thing/folder.h"
#include "thing/ring.h"
#include "thing/standing.h"
#include "thing/statefile.h"

static int say_why(const struct err *e, char *why, size_t why_size)
{
	if (why && why_size)
		snprintf(why, why_size, "%s", e->text);
	return -1;
}

/* ---- wiping ------------------------------------------------------------- */

static int wipe(const char *dir, const char *name, struct err *e)
{
	char path[STATEFILE_PATH];

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return err_set(e, ERR_LIMIT, "the name of '%s' is too long", name);
	return daemon_wipe(path, e);
}

/* What we wrote says so in its first line, half-written ones too. */
static bool is_ours(const char *dir, const char *name)
{
	static const char mark[] = "kith-thing ";
	char path[STATEFILE_PATH], text[sizeof(mark) - 1];
	bool ours = false;
	struct stat st;
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return false;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		ours = read(fd, text, sizeof(text)) == (ssize_t)sizeof(text) &&
		    memcmp(text, mark, sizeof(text)) == 0;
	close(fd);
	return ours;
}

/* `all`: every file of the folder, and then the folder. */
static int wipe_folder(const char *dir, bool all, struct err *e)
{
	struct dirent *x;
	DIR *d = opendir(dir);
	int ret = 0;

	if (!d)
		return errno == ENOENT ? 0 : err_errno(e, "cannot look into folder '%s'", dir);
	while (ret == 0 && (x = readdir(d)))
		if (strcmp(x->d_name, ".") != 0 && strcmp(x->d_name, "..") != 0 &&
		    (all || is_ours(dir, x->d_name)))
			ret = wipe(dir, x->d_name, e);
	closedir(d);
	if (ret == 0 && all && rmdir(dir) < 0 && errno != ENOENT)
		ret = err_errno(e, "cannot remove folder '%s'", dir);
	return ret;
}

int folder_wipe(const char *dir, struct err *e)
{
	/* Secrets first.  Those that hold one line and no mark of ours are named. */
	static const char *const files[] = { "identity", "claim", "claims", "code", "claim.png",
		"claim.svg" };
	char history[STATEFILE_PATH];

	if (snprintf(history, sizeof(history), "%s/" RING_FOLDER, dir) >= (int)sizeof(history))
		return err_set(e, ERR_LIMIT, "the name of folder '%s' is too long", dir);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (wipe(dir, files[i], e) < 0)
			return -1;
	if (wipe_folder(dir, false, e) < 0)
		return -1;
	return wipe_folder(history, true, e);
}

/* ---- while no thing runs on it ------------------------------------------ */

int kith_thing_reset(const char *state, char *why, size_t why_size)
{
	struct err e = ERR_INIT;
	int lock = statefile_lock(state, &e), ret = 0;

	if (lock < 0)
		return e.kind == ERR_AGAIN ? 0 : say_why(&e, why, why_size);
	if (folder_wipe(state, &e) < 0)
		ret = say_why(&e, why, why_size);
	close(lock);
	return ret;
}

int kith_thing_accept(const char *state, const char *domain, char *why, size_t why_size)
{
	struct err e = ERR_INIT;

	return domains_accept(state, domain, &e) == 0 ? 0 : say_why(&e, why, why_size);
}

int kith_thing_repin(const char *state, char *why, size_t why_size)
{
	struct standing s;
	struct err e = ERR_INIT;
	int lock = statefile_lock(state, &e), ret = 0;

	if (lock < 0)
		return e.kind == ERR_AGAIN ? 0 : say_why(&e, why, why_size);
	/* A time that somebody told us wrong is let go of in the same way. */
	if (statefile_remove(state, "time", &e) < 0) {
		ret = say_why(&e, why, why_size);
	} else if (standing_load(&s, state, &e) == 0) {
		standing_unpin(&s);
		if (standing_save(&s, state, &e) < 0)
			ret = say_why(&e, why, why_size);
	} else if (e.kind != ERR_AGAIN) {	/* else nothing was ever pinned */
		ret = say_why(&e, why, why_size);
	}
	close(lock);
	return ret;
}
