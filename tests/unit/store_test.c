/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_test: the promises of store.h on SQLite: modes, one process, schema
 * steps, transactions that end for disk and memory alike, crashes, full disks.
 */
#include "config.h"

#include "tests/unit/store_support.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static const struct store_step one_step[] = {
	{ 1, "CREATE TABLE note (row INTEGER PRIMARY KEY, v TEXT NOT NULL)" },
};
static const struct store_schema notes = { "note", one_step, 1 };

static struct store *open_notes(const char *url)
{
	struct store *s = open_store(url);

	MUST(store_migrate(s, &notes, &test_err));
	return s;
}

static int add_note(struct store *s, int64_t row, const char *v, struct err *e)
{
	struct stmt *st = store_prepare(s, "INSERT INTO note (row, v) VALUES ($1, $2)", e);

	assert_non_null(st);
	stmt_bind_int(st, 1, row);
	stmt_bind_text(st, 2, v);
	return stmt_run(st, NULL, e);
}

static int64_t count_notes(struct store *s)
{
	struct stmt *st = store_prepare(s, "SELECT count(*) FROM note", &test_err);
	int64_t n;

	assert_non_null(st);
	assert_int_equal(stmt_step(st, &test_err), 1);
	n = stmt_int(st, 0);
	stmt_reset(st);
	return n;
}

static void assert_mode(const char *path, const char *suffix, mode_t mode)
{
	char name[128];
	struct stat sb;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	if (stat(name, &sb) == -1)
		return;	/* -shm is never made: the file is ours alone */
	assert_int_equal(sb.st_mode & 07777, mode);
}

/* ---- the file ---- */

static void att_O_05__files_are_private_whatever_the_umask(void **state)
{
	struct place p;
	char url[200], path[160], dir[120];
	struct store *s;
	mode_t old = umask(0);

	(void)state;
	place_make(&p);
	snprintf(dir, sizeof(dir), "%s/made", p.dir);
	snprintf(path, sizeof(path), "%s/db", dir);
	snprintf(url, sizeof(url), "sqlite:%s", path);
	s = open_notes(url);
	MUST(store_begin(s, &test_err));
	MUST(add_note(s, 1, "x", &test_err));
	MUST(store_commit(s, &test_err));
	assert_mode(dir, "", 0700);
	assert_mode(path, "", 0600);
	assert_mode(path, "-wal", 0600);
	assert_mode(path, "-shm", 0600);
	snprintf(path, sizeof(path), "%s/db-wal", dir);
	assert_int_equal(access(path, F_OK), 0);
	store_close(&s);
	umask(old);
	snprintf(path, sizeof(path), "%s/db", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(rmdir(p.dir), 0);
}

static void a_restored_file_with_open_modes_is_made_private(void **state)
{
	struct place p;
	struct store *s;

	(void)state;
	place_make(&p);
	s = open_notes(p.url);
	store_close(&s);
	assert_int_equal(chmod(p.path, 0644), 0);
	s = open_notes(p.url);
	assert_mode(p.path, "", 0600);
	store_close(&s);
	place_remove(&p);
}

static void a_symlink_is_not_opened(void **state)
{
	struct place p;
	struct store *s = NULL;
	char to[128];

	(void)state;
	place_make(&p);
	snprintf(to, sizeof(to), "%s/elsewhere", p.dir);
	assert_int_equal(symlink(to, p.path), 0);
	assert_int_equal(store_open(&s, p.url, &test_err), -1);
	assert_int_equal(access(to, F_OK), -1);
	place_remove(&p);
}

static void att_T_13__a_second_process_is_refused(void **state)
{
	struct place p;
	struct store *s;
	int status;
	pid_t pid;

	(void)state;
	place_make(&p);
	s = open_notes(p.url);
	pid = fork();
	if (pid == 0) {
		struct store *second = NULL;
		struct err e = ERR_INIT;

		_exit(store_open(&second, p.url, &e) == -1 &&
		    strstr(e.text, "another process") != NULL ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* And the first one works on. */
	MUST(store_begin(s, &test_err));
	MUST(add_note(s, 1, "x", &test_err));
	MUST(store_commit(s, &test_err));
	store_close(&s);
	place_remove(&p);
}

static void att_O_09__a_damaged_file_is_refused(void **state)
{
	struct place p;
	struct store *s;
	char junk[4096];
	int fd;

	(void)state;
	place_make(&p);
	s = open_notes(p.url);
	store_close(&s);
	memset(junk, 0x5a, sizeof(junk));
	fd = open(p.path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, junk, sizeof(junk), 0), sizeof(junk));
	close(fd);
	assert_int_equal(store_open(&s, p.url, &test_err), -1);
	assert_int_equal(test_err.kind, ERR_SYSTEM);
	assert_null(s);
	place_remove(&p);
}

static void att_O_01__statements_cannot_attach_or_change_tables(void **state)
{
	static const char *const sql[] = {
		"ATTACH 'x' AS y", "PRAGMA synchronous = OFF", "DROP TABLE note",
		"CREATE TABLE t (a)", "SELECT load_extension('x')", "VACUUM INTO 'x'",
	};
	struct store *s = open_notes("sqlite::memory:");

	(void)state;
	for (size_t i = 0; i < sizeof(sql) / sizeof(sql[0]); i++) {
		struct stmt *st = store_prepare(s, sql[i], &test_err);

		if (st != NULL)
			assert_int_equal(stmt_run(st, NULL, &test_err), -1);
	}
	store_close(&s);
}

static void a_url_of_no_known_kind_is_refused(void **state)
{
	struct store *s = NULL;

	(void)state;
	assert_int_equal(store_open(&s, "mysql:x", &test_err), -1);
	assert_int_equal(store_open(&s, "sqlite:", &test_err), -1);
	assert_int_equal(store_open(&s, "/var/lib/x.db", &test_err), -1);
	assert_int_equal(test_err.kind, ERR_INPUT);
}

/* ---- schema ---- */

static const struct store_step three_steps[] = {
	{ 1, "CREATE TABLE thing (row INTEGER PRIMARY KEY, a TEXT)" },
	{ 2, "ALTER TABLE thing ADD COLUMN b INTEGER NOT NULL DEFAULT 7" },
	{ 3, "CREATE TABLE other (row INTEGER PRIMARY KEY);"
	     "INSERT INTO other (row) SELECT row FROM thing" },
};

static void every_older_schema_is_brought_forward(void **state)
{
	(void)state;
	for (size_t from = 1; from <= 3; from++) {
		struct store_schema old = { "thing", three_steps, from };
		struct store_schema new = { "thing", three_steps, 3 };
		struct store *s = open_store("sqlite::memory:");
		struct stmt *st;

		MUST(store_migrate(s, &old, &test_err));
		st = store_prepare(s, "INSERT INTO thing (row, a) VALUES (5, 'x')", &test_err);
		MUST(store_begin(s, &test_err));
		MUST(stmt_run(st, NULL, &test_err));
		MUST(store_commit(s, &test_err));
		MUST(store_migrate(s, &new, &test_err));
		st = store_prepare(s, "SELECT a, b FROM thing WHERE row = 5", &test_err);
		assert_int_equal(stmt_step(st, &test_err), 1);
		assert_string_equal(stmt_text(st, 0), "x");
		assert_int_equal(stmt_int(st, 1), 7);
		store_close(&s);
	}
}

static void a_failing_step_leaves_nothing_behind(void **state)
{
	static const struct store_step bad[] = {
		{ 1, "CREATE TABLE thing (row INTEGER PRIMARY KEY)" },
		{ 2, "CREATE TABLE more (row INTEGER); CREATE TABLE thing (again INTEGER)" },
	};
	struct store_schema schema = { "thing", bad, 2 };
	struct store *s = open_store("sqlite::memory:");

	(void)state;
	assert_int_equal(store_migrate(s, &schema, &test_err), -1);
	assert_false(store_in_transaction(s));
	assert_null(store_prepare(s, "SELECT * FROM more", &test_err));
	assert_non_null(store_prepare(s, "SELECT * FROM thing", &test_err));
	store_close(&s);
}

static void a_newer_schema_is_refused(void **state)
{
	struct store_schema new = { "thing", three_steps, 3 };
	struct store_schema old = { "thing", three_steps, 2 };
	struct store *s = open_store("sqlite::memory:");

	(void)state;
	MUST(store_migrate(s, &new, &test_err));
	assert_int_equal(store_migrate(s, &old, &test_err), -1);
	assert_int_equal(test_err.kind, ERR_INPUT);
	store_close(&s);
}

/* ---- transactions ---- */

static void note_end(void *arg, bool committed)
{
	char *log = arg;
	size_t n = strlen(log);

	log[n] = committed ? 'c' : 'r';
	log[n + 1] = '\0';
}

static void memory_is_told_how_each_transaction_ended(void **state)
{
	struct store *s = open_notes("sqlite::memory:");
	char log[16] = "";

	(void)state;
	store_on_end(s, note_end, log);
	MUST(store_begin(s, &test_err));
	MUST(store_commit(s, &test_err));
	MUST(store_begin(s, &test_err));
	store_rollback(s);
	store_rollback(s);	/* nothing open: nobody is told */
	assert_string_equal(log, "cr");
	store_close(&s);
}

static void a_failed_statement_fails_its_transaction(void **state)
{
	struct store *s = open_notes("sqlite::memory:");
	char log[16] = "";

	(void)state;
	store_on_end(s, note_end, log);
	MUST(store_begin(s, &test_err));
	MUST(add_note(s, 1, "x", &test_err));
	assert_int_equal(add_note(s, 1, "again", &test_err), -1);
	assert_int_equal(add_note(s, 2, "later", &test_err), -1);
	assert_int_equal(store_commit(s, &test_err), -1);
	assert_false(store_in_transaction(s));
	assert_string_equal(log, "r");
	assert_int_equal(count_notes(s), 0);
	/* The next one is a new one. */
	MUST(store_begin(s, &test_err));
	MUST(add_note(s, 1, "x", &test_err));
	MUST(store_commit(s, &test_err));
	assert_int_equal(count_notes(s), 1);
	store_close(&s);
}

static void a_write_outside_a_transaction_is_refused(void **state)
{
	struct store *s = open_notes("sqlite::memory:");

	(void)state;
	assert_int_equal(add_note(s, 1, "x", &test_err), -1);
	assert_int_equal(count_notes(s), 0);
	store_close(&s);
}

static void a_failed_commit_rolls_back(void **state)
{
	/* A deferred key is looked at by the commit: a commit that fails. */
	static const struct store_step late[] = {
		{ 1, "CREATE TABLE a (row INTEGER PRIMARY KEY);"
		     "CREATE TABLE b (row INTEGER PRIMARY KEY,"
		     " a INTEGER REFERENCES a (row) DEFERRABLE INITIALLY DEFERRED)" },
	};
	static const struct store_schema schema = { "late", late, 1 };
	struct store *s = open_notes("sqlite::memory:");
	char log[16] = "";
	struct stmt *st;

	(void)state;
	MUST(store_migrate(s, &schema, &test_err));
	store_on_end(s, note_end, log);
	st = store_prepare(s, "INSERT INTO b (row, a) VALUES (1, 99)", &test_err);
	MUST(store_begin(s, &test_err));
	MUST(add_note(s, 1, "x", &test_err));
	MUST(stmt_run(st, NULL, &test_err));
	assert_int_equal(store_commit(s, &test_err), -1);
	assert_false(store_in_transaction(s));
	assert_string_equal(log, "r");
	assert_int_equal(count_notes(s), 0);
	store_close(&s);
}

static void att_T_04__a_full_disk_fails_the_turn_and_passes(void **state)
{
	struct place p;
	struct store *s;
	struct rlimit old, small;
	char *big = malloc(200000);

	(void)state;
	assert_non_null(big);
	memset(big, 'x', 199999);
	big[199999] = '\0';
	place_make(&p);
	s = open_notes(p.url);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 65536;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	MUST(store_begin(s, &test_err));
	if (add_note(s, 1, big, &test_err) == 0)
		assert_int_equal(store_commit(s, &test_err), -1);
	else
		store_rollback(s);
	assert_int_equal(test_err.kind, ERR_SYSTEM);
	assert_false(store_in_transaction(s));
	assert_int_equal(count_notes(s), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	MUST(store_begin(s, &test_err));
	MUST(add_note(s, 1, big, &test_err));
	MUST(store_commit(s, &test_err));
	assert_int_equal(count_notes(s), 1);
	store_close(&s);
	place_remove(&p);
	free(big);
}

/* ---- a disk that lies ---- */

/* The system's own file layer, except that fsync fails when told to. */
static sqlite3_io_methods lying_io[2];		/* the database, its log: they differ */
static const sqlite3_io_methods *true_io[2];
static bool fsync_fails;

static int lying_sync(sqlite3_file *f, int flags)
{
	if (fsync_fails)
		return SQLITE_IOERR_FSYNC;
	return true_io[f->pMethods - lying_io]->xSync(f, flags);
}

static int lying_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
	sqlite3_vfs *under = v->pAppData;
	int rc = under->xOpen(under, name, f, flags, out);

	if (rc == SQLITE_OK && f->pMethods != NULL) {
		size_t i = (flags & SQLITE_OPEN_MAIN_DB) != 0 ? 0 : 1;

		true_io[i] = f->pMethods;
		lying_io[i] = *true_io[i];
		lying_io[i].xSync = lying_sync;
		f->pMethods = &lying_io[i];
	}
	return rc;
}

static void att_T_03__after_a_failed_fsync_nothing_is_acknowledged(void **state)
{
	static sqlite3_vfs lying;
	sqlite3_vfs *under = sqlite3_vfs_find(NULL);
	struct place p;
	struct store *s;

	(void)state;
	place_make(&p);
	lying = *under;
	lying.zName = "lying";
	lying.pAppData = under;
	lying.xOpen = lying_open;
	assert_int_equal(sqlite3_vfs_register(&lying, 1), SQLITE_OK);
	s = open_notes(p.url);
	fsync_fails = true;
	MUST(store_begin(s, &test_err));
	MUST(add_note(s, 1, "x", &test_err));
	assert_int_equal(store_commit(s, &test_err), -1);
	/* The kernel may have thrown the pages away and report success now. */
	fsync_fails = false;
	assert_int_equal(store_begin(s, &test_err), -1);
	assert_int_equal(test_err.kind, ERR_SYSTEM);
	store_close(&s);
	assert_int_equal(sqlite3_vfs_unregister(&lying), SQLITE_OK);
	s = open_notes(p.url);
	MUST(store_begin(s, &test_err));
	MUST(add_note(s, 2, "y", &test_err));
	MUST(store_commit(s, &test_err));
	store_close(&s);
	place_remove(&p);
}

/* ---- crashes ---- */

/* The child writes one row a transaction and says so after each commit. */
static void write_until_killed(const char *url, int to)
{
	struct store *s = NULL;
	struct err e = ERR_INIT;

	if (store_open(&s, url, &e) == -1)
		_exit(1);
	for (int64_t i = 0;; i++) {
		int64_t first = 2 * i;

		if (store_begin(s, &e) == -1 || add_note(s, first, "a", &e) == -1 ||
		    add_note(s, first + 1, "b", &e) == -1 || store_commit(s, &e) == -1 ||
		    write(to, &i, sizeof(i)) != (ssize_t)sizeof(i))
			_exit(1);
	}
}

static void att_T_01__what_was_acknowledged_survives_kill(void **state)
{
	(void)state;
	for (int round = 0; round < 20; round++) {
		struct place p;
		struct store *s;
		int64_t acked = -1, got, n;
		int fds[2];
		pid_t pid;

		place_make(&p);
		s = open_notes(p.url);
		store_close(&s);
		assert_int_equal(pipe(fds), 0);
		pid = fork();
		if (pid == 0)
			write_until_killed(p.url, fds[1]);
		close(fds[1]);
		/* Killed after so many acknowledgements, wherever it is then. */
		for (int i = 0; i <= round; i++)
			assert_int_equal(read(fds[0], &acked, sizeof(acked)), sizeof(acked));
		kill(pid, SIGKILL);
		while (read(fds[0], &got, sizeof(got)) == (ssize_t)sizeof(got))
			acked = got;
		close(fds[0]);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		s = open_notes(p.url);
		MUST(store_integrity(s, &test_err));
		n = count_notes(s);
		assert_true(n >= 2 * (acked + 1));
		assert_int_equal(n % 2, 0);
		store_close(&s);
		place_remove(&p);
	}
}

static void a_killed_transaction_leaves_nothing(void **state)
{
	struct place p;
	struct store *s;
	int fds[2];
	char c;
	pid_t pid;

	(void)state;
	place_make(&p);
	s = open_notes(p.url);
	store_close(&s);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		struct err e = ERR_INIT;

		if (store_open(&s, p.url, &e) == -1 || store_begin(s, &e) == -1)
			_exit(1);
		for (int64_t i = 0; i < 5000; i++)
			if (add_note(s, i, "half", &e) == -1)
				_exit(1);
		if (write(fds[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &c, 1), 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(fds[0]);
	s = open_notes(p.url);
	assert_int_equal(count_notes(s), 0);
	store_close(&s);
	place_remove(&p);
}

/* ---- values and the revision ---- */

static void values_are_kept(void **state)
{
	struct store *s = open_notes("sqlite::memory:");
	int64_t v = 1;

	(void)state;
	assert_int_equal(store_get_int(s, "x", &v, &test_err), 0);
	assert_int_equal(v, 1);
	MUST(store_begin(s, &test_err));
	MUST(store_set_int(s, "x", INT64_MIN, &test_err));
	MUST(store_commit(s, &test_err));
	assert_int_equal(store_get_int(s, "x", &v, &test_err), 1);
	assert_int_equal(v, INT64_MIN);
	store_close(&s);
}

static void the_revision_rises_once_a_transaction(void **state)
{
	struct store *s = open_notes("sqlite::memory:");
	uint64_t before = store_revision(s), a, b, c;

	(void)state;
	MUST(store_begin(s, &test_err));
	MUST(store_next_revision(s, &a, &test_err));
	MUST(store_next_revision(s, &b, &test_err));
	MUST(store_commit(s, &test_err));
	MUST(store_begin(s, &test_err));
	MUST(store_next_revision(s, &c, &test_err));
	store_rollback(s);
	assert_true(a > before);
	assert_int_equal(a, b);
	assert_true(c > b);
	MUST(store_begin(s, &test_err));
	MUST(store_next_revision(s, &a, &test_err));
	MUST(store_commit(s, &test_err));
	assert_true(a > c);
	store_close(&s);
}

static void the_revision_never_repeats_over_restarts(void **state)
{
	struct place p;
	uint64_t last = 0, now;

	(void)state;
	place_make(&p);
	for (int i = 0; i < 5; i++) {
		struct store *s = open_store(p.url);

		assert_true(store_revision(s) > last);
		MUST(store_begin(s, &test_err));
		MUST(store_next_revision(s, &now, &test_err));
		MUST(store_commit(s, &test_err));
		last = now;
		store_close(&s);
	}
	place_remove(&p);
}

/* A file restored from a backup must not say again what was said after it. */
static void a_revision_is_not_behind_the_clock(void **state)
{
	uint64_t now = (uint64_t)time(NULL);
	struct store *s = open_notes("sqlite::memory:");

	(void)state;
	assert_true(store_revision(s) >> 30 >= now);
	store_close(&s);
}

static void statements_are_prepared_once(void **state)
{
	static const char sql[] = "SELECT count(*) FROM note";
	struct store *s = open_notes("sqlite::memory:");

	(void)state;
	assert_ptr_equal(store_prepare(s, sql, &test_err), store_prepare(s, sql, &test_err));
	assert_null(store_prepare(s, "SELECT nonsense FROM nowhere", &test_err));
	store_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(att_O_05__files_are_private_whatever_the_umask),
		cmocka_unit_test(a_restored_file_with_open_modes_is_made_private),
		cmocka_unit_test(a_symlink_is_not_opened),
		cmocka_unit_test(att_T_13__a_second_process_is_refused),
		cmocka_unit_test(att_O_09__a_damaged_file_is_refused),
		cmocka_unit_test(att_O_01__statements_cannot_attach_or_change_tables),
		cmocka_unit_test(a_url_of_no_known_kind_is_refused),
		cmocka_unit_test(every_older_schema_is_brought_forward),
		cmocka_unit_test(a_failing_step_leaves_nothing_behind),
		cmocka_unit_test(a_newer_schema_is_refused),
		cmocka_unit_test(memory_is_told_how_each_transaction_ended),
		cmocka_unit_test(a_failed_statement_fails_its_transaction),
		cmocka_unit_test(a_write_outside_a_transaction_is_refused),
		cmocka_unit_test(a_failed_commit_rolls_back),
		cmocka_unit_test(att_T_04__a_full_disk_fails_the_turn_and_passes),
		cmocka_unit_test(att_T_03__after_a_failed_fsync_nothing_is_acknowledged),
		cmocka_unit_test(att_T_01__what_was_acknowledged_survives_kill),
		cmocka_unit_test(a_killed_transaction_leaves_nothing),
		cmocka_unit_test(values_are_kept),
		cmocka_unit_test(the_revision_rises_once_a_transaction),
		cmocka_unit_test(the_revision_never_repeats_over_restarts),
		cmocka_unit_test(a_revision_is_not_behind_the_clock),
		cmocka_unit_test(statements_are_prepared_once),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
