/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_sqlite: the driver for one SQLite file that belongs to one process.
 * WAL with synchronous=FULL: a commit that returned survives a power cut.
 * Everything blocks; there is one thread.  Read next: driver.h, store.c.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/store/driver.h"

#define ROW_BYTES (8 * 1024 * 1024)		/* no value or row above this */
#define CHECK_BYTES (256 * 1024 * 1024)		/* files up to here are checked after a crash */

struct driver_db {
	sqlite3 *db;
	void (*trace)(void *arg, const char *sql);
	void *trace_arg;
	bool ddl;	/* a schema step is running */
	bool dead;
};

struct driver_stmt {
	sqlite3_stmt *st;
	struct driver_db *db;
};

/* ---- errors ---- */

/* "busy" and "full" may pass; a lying disk does not. */
static int fail(struct driver_db *d, const char *what, struct err *e)
{
	int code = sqlite3_extended_errcode(d->db);

	if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC)
		d->dead = true;
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(e, ERR_SYSTEM, "%s: the store is in use by another process", what);
	case SQLITE_FULL:
		return err_set(e, ERR_SYSTEM, "%s: the disk is full", what);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return err_set(e, ERR_SYSTEM, "%s: the store is damaged (%s): restore a backup",
		    what, sqlite3_errmsg(d->db));
	default:
		return err_set(e, ERR_SYSTEM, "%s: %s", what, sqlite3_errmsg(d->db));
	}
}

/* ---- the file ---- */

/* The folder of `path`, 0700 when it is made here, else as it is. */
static int make_folder(const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char *dir;
	int rc = 0;

	if (slash == NULL || slash == path)
		return 0;
	dir = strndup(path, (size_t)(slash - path));
	if (dir == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (mkdir(dir, 0700) == -1 && errno != EEXIST)
		rc = err_errno(e, "cannot make the folder '%s'", dir);
	free(dir);
	return rc;
}

/*
 * The engine gives -wal and -shm the mode of the file, whatever the umask is;
 * so the file is made, or put right, before the engine sees it.
 */
static int make_private(const char *path, int flags, struct err *e)
{
	struct stat sb;
	int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | flags, 0600);
	int rc = -1;

	if (fd == -1)
		return flags == 0 && errno == ENOENT ? 0 : err_errno(e, "cannot open '%s'", path);
	if (fstat(fd, &sb) == -1) {
		err_errno(e, "cannot look at '%s'", path);
		goto out;
	}
	if (!S_ISREG(sb.st_mode)) {
		err_set(e, ERR_INPUT, "'%s' is not a plain file", path);
		goto out;
	}
	if ((sb.st_mode & 0777) != 0600 && fchmod(fd, 0600) == -1) {
		err_errno(e, "cannot make '%s' private", path);
		goto out;
	}
	rc = 0;
out:
	close(fd);
	return rc;
}

static int make_files(const char *path, bool *unclean, struct err *e)
{
	static const char *const more[] = { "-wal", "-shm", "-journal" };
	const size_t size = strlen(path) + sizeof("-journal");
	char *name = malloc(size);
	struct stat sb;
	int rc = -1;

	if (name == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (make_folder(path, e) == -1 || make_private(path, O_CREAT, e) == -1)
		goto out;
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		(void)snprintf(name, size, "%s%s", path, more[i]);
		if (make_private(name, 0, e) == -1)
			goto out;
		/* A clean stop leaves no log behind. */
		if (i == 0)
			*unclean = stat(name, &sb) == 0 && sb.st_size > 0;
	}
	rc = 0;
out:
	free(name);
	return rc;
}

/* ---- opening ---- */

/* Statements prepared by us never need these; a hostile file might (att-O-01). */
static int authorize(void *arg, int action, const char *a, const char *b, const char *c,
    const char *d)
{
	const struct driver_db *db = arg;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	if (db->ddl)
		return SQLITE_OK;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_INSERT:
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
	case SQLITE_TRANSACTION:
	case SQLITE_FUNCTION:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	default:
		return SQLITE_DENY;
	}
}

static int configure(struct driver_db *d, struct err *e)
{
	sqlite3_extended_result_codes(d->db, 1);
	if (sqlite3_db_config(d->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK ||
	    sqlite3_db_config(d->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) != SQLITE_OK ||
	    sqlite3_db_config(d->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL) != SQLITE_OK ||
	    sqlite3_db_config(d->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL) != SQLITE_OK ||
	    sqlite3_db_config(d->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL) != SQLITE_OK)
		return fail(d, "cannot set up the store", e);
	sqlite3_limit(d->db, SQLITE_LIMIT_LENGTH, ROW_BYTES);
	sqlite3_limit(d->db, SQLITE_LIMIT_ATTACHED, 0);
	return 0;
}

static int step_all(struct driver_db *d, const char *sql, const char *what, struct err *e)
{
	while (*sql != '\0') {
		sqlite3_stmt *st = NULL;
		int rc = sqlite3_prepare_v2(d->db, sql, -1, &st, &sql);

		if (rc == SQLITE_OK && st == NULL)
			break;
		while (rc == SQLITE_OK || rc == SQLITE_ROW)
			rc = sqlite3_step(st);
		if (rc != SQLITE_DONE) {
			fail(d, what, e);
			sqlite3_finalize(st);
			return -1;
		}
		sqlite3_finalize(st);
	}
	return 0;
}

/*
 * Exclusive: a second process on the same file is refused (att-T-13), and no
 * shared-memory file is needed.  The lock is taken here, not at first use.
 */
static int start(struct driver_db *d, struct err *e)
{
	static const char sql[] =
	    "PRAGMA locking_mode = EXCLUSIVE;"
	    "PRAGMA journal_mode = WAL;"
	    "PRAGMA synchronous = FULL;"
	    "PRAGMA foreign_keys = ON;"
	    "PRAGMA cell_size_check = ON;"
	    "PRAGMA temp_store = MEMORY;"
	    "PRAGMA wal_autocheckpoint = 4000;"	/* 16 MiB: each one syncs twice */
	    "BEGIN IMMEDIATE; COMMIT;";

	return step_all(d, sql, "cannot start the store", e);
}

static int check_quickly(struct driver_db *d, const char *path, struct err *e)
{
	struct stat sb;
	sqlite3_stmt *st = NULL;
	int rc = -1;

	if (stat(path, &sb) == -1 || sb.st_size > CHECK_BYTES)
		return 0;
	if (sqlite3_prepare_v2(d->db, "PRAGMA quick_check(1)", -1, &st, NULL) != SQLITE_OK ||
	    sqlite3_step(st) != SQLITE_ROW)
		fail(d, "cannot check the store after a crash", e);
	else if (strcmp((const char *)sqlite3_column_text(st, 0), "ok") != 0)
		err_set(e, ERR_SYSTEM, "the store is damaged (%s): restore a backup",
		    (const char *)sqlite3_column_text(st, 0));
	else
		rc = 0;
	sqlite3_finalize(st);
	return rc;
}

static void db_close(struct driver_db *d)
{
	if (d->db != NULL)
		sqlite3_close(d->db);
	free(d);
}

static int db_open(struct driver_db **out, const char *rest, struct err *e)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
	    SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_PRIVATECACHE;
	bool in_memory = strcmp(rest, ":memory:") == 0;
	bool unclean = false;
	struct driver_db *d;

	if (rest[0] == '\0')
		return err_set(e, ERR_INPUT, "store url: a path must follow 'sqlite:'");
	if (!in_memory && make_files(rest, &unclean, e) == -1)
		return -1;
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (sqlite3_open_v2(rest, &d->db, flags, NULL) != SQLITE_OK) {
		err_set(e, ERR_SYSTEM, "cannot open the store '%s': %s", rest,
		    d->db != NULL ? sqlite3_errmsg(d->db) : "out of memory");
		goto fail;
	}
	if (configure(d, e) == -1 || start(d, e) == -1)
		goto prefix;
	if (unclean && check_quickly(d, rest, e) == -1)
		goto prefix;
	sqlite3_set_authorizer(d->db, authorize, d);
	*out = d;
	return 0;
prefix:
	err_prefix(e, "store '%s'", rest);
fail:
	db_close(d);
	return -1;
}

static int db_script(struct driver_db *d, const char *sql, struct err *e)
{
	int rc;

	d->ddl = true;
	rc = step_all(d, sql, "cannot change the tables", e);
	d->ddl = false;
	return rc;
}

static int db_integrity(struct driver_db *d, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int rc = -1;

	d->ddl = true;
	if (sqlite3_prepare_v2(d->db, "PRAGMA integrity_check(1)", -1, &st, NULL) != SQLITE_OK ||
	    sqlite3_step(st) != SQLITE_ROW)
		fail(d, "cannot check the store", e);
	else if (strcmp((const char *)sqlite3_column_text(st, 0), "ok") != 0)
		err_set(e, ERR_SYSTEM, "the store is damaged: %s",
		    (const char *)sqlite3_column_text(st, 0));
	else
		rc = 0;
	sqlite3_finalize(st);
	d->ddl = false;
	return rc;
}

/* ---- transactions ---- */

static int db_begin(struct driver_db *d, struct err *e)
{
	return step_all(d, "BEGIN IMMEDIATE", "cannot begin", e);
}

static int db_commit(struct driver_db *d, struct err *e)
{
	return step_all(d, "COMMIT", "cannot commit", e);
}

static void db_rollback(struct driver_db *d)
{
	(void)step_all(d, "ROLLBACK", "cannot roll back", NULL);
}

static bool db_in_transaction(const struct driver_db *d)
{
	return sqlite3_get_autocommit(d->db) == 0;
}

static bool db_dead(const struct driver_db *d)
{
	return d->dead;
}

/* ---- backup ---- */

struct driver_backup {
	sqlite3 *to;
	sqlite3_backup *run;
	bool complete;
};

static void backup_end(struct driver_backup *b)
{
	if (b->run != NULL)
		(void)sqlite3_backup_finish(b->run);
	sqlite3_close(b->to);
	free(b);
}

static int new_file(const char *path, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd == -1)
		return err_errno(e, "cannot make '%s'", path);
	close(fd);
	return 0;
}

/*
 * Writes of the connection that is copied from go to the copy as well, so that
 * the copy is of one moment however long it takes.
 */
static int backup_begin(struct driver_backup **out, struct driver_db *d, const char *path,
    struct err *e)
{
	struct driver_backup *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (new_file(path, e) == -1) {
		free(b);
		return -1;
	}
	if (sqlite3_open_v2(path, &b->to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
	    SQLITE_OPEN_NOFOLLOW, NULL) == SQLITE_OK)
		b->run = sqlite3_backup_init(b->to, "main", d->db, "main");
	if (b->run == NULL) {
		err_set(e, ERR_SYSTEM, "cannot begin the copy '%s': %s", path,
		    b->to != NULL ? sqlite3_errmsg(b->to) : "out of memory");
		backup_end(b);
		(void)unlink(path);
		return -1;
	}
	*out = b;
	return 0;
}

static int backup_step(struct driver_backup *b, int pages, int64_t *done, int64_t *all,
    struct err *e)
{
	int rc = b->complete ? SQLITE_DONE : sqlite3_backup_step(b->run, pages);

	if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_BUSY || rc == SQLITE_LOCKED) {
		*all = b->complete ? *all : sqlite3_backup_pagecount(b->run);
		*done = b->complete ? *all : *all - sqlite3_backup_remaining(b->run);
	}
	if (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
		return 1;
	if (rc == SQLITE_DONE && !b->complete) {
		/* Syncs the copy. */
		rc = sqlite3_backup_finish(b->run);
		b->run = NULL;
		b->complete = rc == SQLITE_OK;
	}
	if (!b->complete)
		return err_set(e, ERR_SYSTEM, "the copy failed: %s", sqlite3_errstr(rc));
	return 0;
}

/* ---- tracing ---- */

/* The text as it was prepared: no value of a request gets out this way. */
static int traced(unsigned what, void *arg, void *st, void *text)
{
	const struct driver_db *d = arg;

	(void)what;
	(void)st;
	if (text != NULL)
		d->trace(d->trace_arg, text);
	return 0;
}

static void db_trace(struct driver_db *d, void (*fn)(void *arg, const char *sql), void *arg)
{
	d->trace = fn;
	d->trace_arg = arg;
	(void)sqlite3_trace_v2(d->db, fn != NULL ? SQLITE_TRACE_STMT : 0,
	    fn != NULL ? traced : NULL, d);
}

/* ---- statements ---- */

static int st_prepare(struct driver_stmt **out, struct driver_db *d, const char *sql,
    struct err *e)
{
	struct driver_stmt *st = calloc(1, sizeof(*st));

	if (st == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	st->db = d;
	if (sqlite3_prepare_v3(d->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st->st, NULL)
	    != SQLITE_OK) {
		fail(d, "cannot prepare a statement", e);
		free(st);
		return -1;
	}
	*out = st;
	return 0;
}

static void st_finish(struct driver_stmt *st)
{
	sqlite3_finalize(st->st);
	free(st);
}

/* A failed bind leaves the parameter NULL, and NOT NULL columns refuse it. */
static void st_bind_text(struct driver_stmt *st, int i, const char *v)
{
	(void)sqlite3_bind_text(st->st, i, v, -1, SQLITE_STATIC);
}

static void st_bind_blob(struct driver_stmt *st, int i, const void *v, size_t len)
{
	/* A NULL pointer would be bound as SQL NULL. */
	(void)sqlite3_bind_blob64(st->st, i, len > 0 ? v : "", len, SQLITE_STATIC);
}

static void st_bind_int(struct driver_stmt *st, int i, int64_t v)
{
	(void)sqlite3_bind_int64(st->st, i, v);
}

static void st_bind_null(struct driver_stmt *st, int i)
{
	(void)sqlite3_bind_null(st->st, i);
}

static int st_step(struct driver_stmt *st, struct err *e)
{
	switch (sqlite3_step(st->st)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return fail(st->db, "the store failed", e);
	}
}

static void st_reset(struct driver_stmt *st)
{
	(void)sqlite3_reset(st->st);
	(void)sqlite3_clear_bindings(st->st);
}

static int64_t st_changes(const struct driver_stmt *st)
{
	return sqlite3_changes(st->db->db);
}

static bool st_writes(const struct driver_stmt *st)
{
	return sqlite3_stmt_readonly(st->st) == 0;
}

static const char *st_text(struct driver_stmt *st, int col)
{
	return (const char *)sqlite3_column_text(st->st, col);
}

static const void *st_blob(struct driver_stmt *st, int col, size_t *len)
{
	const void *v = sqlite3_column_blob(st->st, col);

	*len = (size_t)sqlite3_column_bytes(st->st, col);
	return v;
}

static int64_t st_integer(struct driver_stmt *st, int col)
{
	return sqlite3_column_int64(st->st, col);
}

static bool st_is_null(struct driver_stmt *st, int col)
{
	return sqlite3_column_type(st->st, col) == SQLITE_NULL;
}

const struct driver driver_sqlite = {
	.scheme = "sqlite",
	.open = db_open,
	.close = db_close,
	.script = db_script,
	.integrity = db_integrity,
	.begin = db_begin,
	.commit = db_commit,
	.rollback = db_rollback,
	.in_transaction = db_in_transaction,
	.dead = db_dead,
	.trace = db_trace,
	.backup_begin = backup_begin,
	.backup_step = backup_step,
	.backup_end = backup_end,
	.prepare = st_prepare,
	.finish = st_finish,
	.bind_text = st_bind_text,
	.bind_blob = st_bind_blob,
	.bind_int = st_bind_int,
	.bind_null = st_bind_null,
	.step = st_step,
	.reset = st_reset,
	.changes = st_changes,
	.writes = st_writes,
	.text = st_text,
	.blob = st_blob,
	.integer = st_integer,
	.is_null = st_is_null,
};
