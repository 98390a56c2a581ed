/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore: copy, open with all roles (which checks schema and key), check the
 * pages, prepare in one transaction, close, and only then rename.
 */
#include "config.h"

#include "kithd/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/daemon.h"
#include "common/base/saying.h"
#include "common/base/secret.h"
#include "common/base/stats.h"
#include "common/base/str.h"
#include "common/store/audit.h"
#include "common/store/debt.h"
#include "common/store/ownership.h"
#include "common/store/store.h"
#include "kithd/site.h"
#include "provisioning/serve.h"

#define KEY_BYTES 32
#define PATH_BYTES 4096
#define STAMP 32
/* Where the engine locks a file that it has open. */
#define LOCK_FIRST 0x40000000
#define LOCK_BYTES 512

struct run {
	const struct restore *what;
	const struct kithd_conf *conf;
	struct restored *out;
	char path[PATH_BYTES], fresh[PATH_BYTES + 16], url[PATH_BYTES + 32];
	struct kithd_conf trial;	/* the settings, with the store under its other name */
	struct secret key;
	bool new_key;
	struct stats stats;
};

/* ---- before ---- */

static int find_paths(struct run *r, struct err *e)
{
	static const char scheme[] = "sqlite:";
	const char *url = r->conf->store_url;

	if (!str_starts(url, scheme) || url[sizeof(scheme) - 1] == ':')
		return err_set(e, ERR_INPUT, "a store of this kind is not restored from here");
	if (snprintf(r->path, sizeof(r->path), "%s", url + sizeof(scheme) - 1) >=
	    (int)sizeof(r->path) - 64)
		return err_set(e, ERR_INPUT, "the path of the store is too long");
	(void)snprintf(r->fresh, sizeof(r->fresh), "%s.restoring", r->path);
	(void)snprintf(r->url, sizeof(r->url), "sqlite:%s", r->fresh);
	r->trial = *r->conf;
	r->trial.store_url = r->url;
	return 0;
}

/* Only another process's lock is seen; we have opened nothing yet. */
static int check_present(const struct run *r, struct err *e)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCK_FIRST,
		.l_len = LOCK_BYTES };
	int fd = open(r->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	int rc = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_errno(e, "cannot look at '%s'", r->path);
	if (!r->what->force)
		rc = err_set(e, ERR_INPUT, "'%s' exists: restore into a new place, or say force "
		    "to put it aside", r->path);
	else if (fcntl(fd, F_GETLK, &lock) != 0)
		rc = err_errno(e, "cannot look whether '%s' is in use", r->path);
	else if (lock.l_type != F_UNLCK)
		rc = err_set(e, ERR_INPUT, "'%s' is in use by process %ld: stop kithd first",
		    r->path, (long)lock.l_pid);
	close(fd);
	return rc;
}

static int read_key_text(struct run *r, struct buf *file, struct err *e)
{
	char bytes[2 * KEY_BYTES + 2];
	ssize_t n;

	if (r->what->key_fd < 0)
		return daemon_read_file(r->conf->hash_key_file, file, e);
	n = read(r->what->key_fd, bytes, sizeof(bytes));
	if (n < 0)
		return err_errno(e, "cannot read the key");
	buf_add(file, bytes, (size_t)n);
	secret_cleanse(bytes, sizeof(bytes));
	r->new_key = true;
	return 0;
}

static int read_key(struct run *r, struct err *e)
{
	uint8_t key[KEY_BYTES];
	struct buf file;
	int rc;

	buf_init(&file, 2 * KEY_BYTES + 2);
	rc = read_key_text(r, &file, e);
	if (rc != 0)
		err_prefix(e, "the key of the backup");
	if (rc == 0 && file.len > 0 && file.data[file.len - 1] == '\n')
		buf_truncate(&file, file.len - 1);
	if (rc == 0 && str_unhex(key, sizeof(key), buf_str(&file)) != 0)
		rc = err_set(e, ERR_INPUT, "the key file holds no key of kithd (64 hex digits)");
	if (rc == 0)
		rc = secret_set(&r->key, key, sizeof(key), e);
	secret_cleanse(key, sizeof(key));
	if (file.data != NULL)
		secret_cleanse(file.data, file.cap);
	buf_fini(&file);
	return rc;
}

static int copy_bytes(int from, int to, const char *name, struct err *e)
{
	static char bytes[256 * 1024];
	ssize_t n;

	while ((n = read(from, bytes, sizeof(bytes))) > 0)
		for (ssize_t at = 0; at < n; ) {
			ssize_t m = write(to, bytes + at, (size_t)(n - at));

			if (m <= 0)
				return err_errno(e, "cannot write '%s'", name);
			at += m;
		}
	if (n < 0)
		return err_errno(e, "cannot read the backup");
	return fsync(to) != 0 ? err_errno(e, "cannot write '%s'", name) : 0;
}

static void remove_trial(const struct run *r)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
	char name[PATH_BYTES + 32];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", r->fresh, ends[i]);
		(void)unlink(name);
	}
}

static int copy_backup(const struct run *r, struct err *e)
{
	int fd, rc;

	remove_trial(r);
	fd = open(r->fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(e, "cannot make '%s'", r->fresh);
	rc = copy_bytes(r->what->backup_fd, fd, r->fresh, e);
	close(fd);
	return rc;
}

/* ---- what the time between means ---- */

static void say_when(char out[static STAMP], int64_t at_ms)
{
	time_t at = (time_t)(at_ms / 1000);
	struct tm tm;

	if (at_ms <= 0 || gmtime_r(&at, &tm) == NULL ||
	    strftime(out, STAMP, "%Y-%m-%d %H:%M UTC", &tm) == 0)
		(void)snprintf(out, STAMP, "?");
}

static int tell_owner(const struct run *r, const struct site_parts *p, const char *owner,
    int rules, struct err *e)
{
	char when[STAMP], about[48], n[16];
	struct buf text;
	int rc;

	say_when(when, r->out->at_ms);
	(void)snprintf(about, sizeof(about), "restored:%lld", (long long)r->out->at_ms);
	buf_init(&text, 2048);
	(void)snprintf(n, sizeof(n), "%d", rules);
	saying_add(&text, N_("This service was set back to %1 from a backup. Things that you claimed, "
	    "gave away or were given after that are as they were then: look at things."), when,
	    NULL);
	if (rules > 0)
		saying_add(&text, N_(" What you had allowed by then (rules: %1) counts as a question "
		    "until you say yes again, for you may have taken it back since: look at "
		    "rules."), n, NULL);
	rc = debt_owe(p->debts, DEBT_NOTICE, owner, about, 0, buf_str(&text), e);
	buf_fini(&text);
	return rc;
}

static bool is_first_of_owner(const struct site_parts *p, const struct owned *t)
{
	return t->owner != NULL && ownership_next_of_owner(p->ownership, t->owner, NULL) == t;
}

static int each_owner(struct run *r, const struct site_parts *p, struct err *e)
{
	const struct owned *t;

	for (size_t i = 0; (t = ownership_at(p->ownership, i)) != NULL; i++) {
		int rules = 0;

		r->out->things++;
		if (!is_first_of_owner(p, t))
			continue;
		r->out->owners++;
		if (p->provisioning != NULL && !r->what->trust &&
		    (rules = provisioning_restored_owner(p->provisioning, t->owner, e)) == -1)
			return -1;
		r->out->rules += rules;
		if (tell_owner(r, p, t->owner, rules, e) != 0)
			return -1;
	}
	return 0;
}

static int prepare(struct run *r, const struct site_parts *p, struct err *e)
{
	const struct audit_event restored = { .what = AUDIT_OPERATOR, .actor = "operator",
		.detail = "restored from a backup" };
	int64_t now = clock_wall(&clock_system);

	if (store_get_int(p->store, "backup_ms", &r->out->at_ms, e) == -1 ||
	    store_begin(p->store, e) != 0)
		return -1;
	if ((p->provisioning == NULL || provisioning_restored(p->provisioning, e) == 0) &&
	    each_owner(r, p, e) == 0 && store_set_int(p->store, "restored_ms", now, e) == 0 &&
	    (p->audit == NULL || audit_add(p->audit, &restored, e) == 0))
		return store_commit(p->store, e);
	store_rollback(p->store);
	return -1;
}

/* Opening the roles checks the schema and that the key is the right one. */
static int try_backup(struct run *r, struct err *e)
{
	struct site_deps deps = { .conf = &r->trial, .clock = &clock_system,
		.hash_key = &r->key, .stats = &r->stats };
	struct site_parts parts;
	struct site *site = NULL;
	int rc = -1;

	if (site_open(&site, &deps, e) != 0)
		return -1;
	site_parts(site, &parts);
	if (store_integrity(parts.store, e) == 0 && prepare(r, &parts, e) == 0)
		rc = 0;
	site_close(&site);
	return rc;
}

/* ---- into place ---- */

static int rename_if_there(const char *from, const char *to, struct err *e)
{
	if (rename(from, to) != 0 && errno != ENOENT)
		return err_errno(e, "cannot put '%s' aside", from);
	return 0;
}

static int put_aside(struct run *r, struct err *e)
{
	static const char *const ends[] = { "-wal", "-journal", "" };
	time_t now = (time_t)(clock_wall(&clock_system) / 1000);
	char from[PATH_BYTES + 16], to[PATH_BYTES + 80], mark[STAMP];
	struct tm tm;

	if (access(r->path, F_OK) != 0)
		return 0;
	if (gmtime_r(&now, &tm) == NULL || strftime(mark, sizeof(mark), "%Y%m%dT%H%M%SZ",
	    &tm) == 0)
		return err_set(e, ERR_SYSTEM, "the clock says nothing");
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(from, sizeof(from), "%s%s", r->path, ends[i]);
		(void)snprintf(to, sizeof(to), "%s.before-%s%s", r->path, mark, ends[i]);
		if (rename_if_there(from, to, e) != 0)
			return -1;
	}
	(void)snprintf(r->out->aside, sizeof(r->out->aside), "%.400s.before-%s", r->path, mark);
	if (!r->new_key)
		return 0;
	(void)snprintf(to, sizeof(to), "%.4000s.before-%s", r->conf->hash_key_file, mark);
	return rename_if_there(r->conf->hash_key_file, to, e);
}

static int write_key(const struct run *r, struct err *e)
{
	char text[2 * KEY_BYTES + 1];
	int rc;

	if (!r->new_key)
		return 0;
	str_hex(text, r->key.data, KEY_BYTES);
	rc = daemon_write_file(r->conf->hash_key_file, text, strlen(text), e);
	secret_cleanse(text, sizeof(text));
	return rc;
}

static int sync_folder(const char *path, struct err *e)
{
	char folder[PATH_BYTES];
	char *slash;
	int fd, rc;

	(void)snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		(void)snprintf(folder, sizeof(folder), ".");
	else
		slash[slash == folder] = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = fd < 0 ? -1 : fsync(fd);
	if (fd >= 0)
		close(fd);
	return rc != 0 ? err_errno(e, "cannot write the folder '%s'", folder) : 0;
}

static int into_place(struct run *r, struct err *e)
{
	if (put_aside(r, e) != 0 || write_key(r, e) != 0)
		return -1;
	if (rename(r->fresh, r->path) != 0)
		return err_errno(e, "cannot rename '%s'", r->fresh);
	return sync_folder(r->path, e);
}

int restore(const struct restore *what, const struct kithd_conf *conf, struct restored *out,
    struct err *e)
{
	static struct run r;
	int rc = -1;

	memset(&r, 0, sizeof(r));
	memset(out, 0, sizeof(*out));
	r.what = what;
	r.conf = conf;
	r.out = out;
	if (find_paths(&r, e) != 0 || check_present(&r, e) != 0 || read_key(&r, e) != 0 ||
	    copy_backup(&r, e) != 0)
		goto out;
	if (try_backup(&r, e) == 0)
		rc = into_place(&r, e);
	if (rc != 0)
		remove_trial(&r);
out:
	secret_clear(&r.key);
	return rc;
}
