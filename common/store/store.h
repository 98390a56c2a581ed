/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store: the truth on disk behind one table of functions; store_sqlite.c is
 * the first driver.  Callers are the *_store.c files, ownership.c, debt.c,
 * parked.c, contact.c: they hold the SQL, as prepared statements with
 * parameters $1, $2, ... first appearing in rising order (both drivers
 * understand that).  Nobody pastes values into SQL.
 *
 * One writer: transactions are opened by the turn (kithd/site.c), never by
 * the *_store.c files.  No savepoints.
 */
#ifndef KITH_STORE_STORE_H
#define KITH_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct store;
struct stmt;

/* Numbered schema steps, applied in order at open; each is SQL text. */
struct store_step {
	int number;		/* 1, 2, 3, ... within one `name` */
	const char *sql;
};
struct store_schema {
	const char *name;	/* "ownership", "registry", ... */
	const struct store_step *steps;
	size_t n_steps;
};

/* url: sqlite:PATH (0600; its folder 0700 when made here) or sqlite::memory:. */
int store_open(struct store **out, const char *url, struct err *e);
void store_close(struct store **s);
/* Apply the steps that are missing; refuses a newer schema than ours. */
int store_migrate(struct store *s, const struct store_schema *schema, struct err *e);

int store_begin(struct store *s, struct err *e);
int store_commit(struct store *s, struct err *e);
/* Never fails: afterwards no transaction is open. */
void store_rollback(struct store *s);
/* Asks the engine, not a flag of ours. */
bool store_in_transaction(const struct store *s);

/*
 * Memory that mirrors rows registers here: `fn(arg, true)` after a commit,
 * `fn(arg, false)` after a rollback or failed commit (undo what was applied).
 */
void store_on_end(struct store *s, void (*fn)(void *arg, bool committed), void *arg);

/* Prepared once and kept; freed with the store.  NULL: err set. */
struct stmt *store_prepare(struct store *s, const char *sql, struct err *e);
/* Binding copies nothing: values must live until the statement is reset. */
void stmt_bind_text(struct stmt *st, int i, const char *v);	/* NULL: SQL NULL */
void stmt_bind_blob(struct stmt *st, int i, const void *v, size_t len);
void stmt_bind_int(struct stmt *st, int i, int64_t v);
void stmt_bind_null(struct stmt *st, int i);
/* 1: a row; 0: no more (and reset); -1: error (and reset). */
int stmt_step(struct stmt *st, struct err *e);
/* The one number that `sql` asks for: count(*). */
int store_count(struct store *s, const char *sql, size_t *out, struct err *e);
/* For statements without rows: step to the end and reset; 0 or -1.
 * *changed (may be NULL): rows changed. */
int stmt_run(struct stmt *st, int64_t *changed, struct err *e);
void stmt_reset(struct stmt *st);
const char *stmt_text(struct stmt *st, int col);	/* NULL for SQL NULL */
const void *stmt_blob(struct stmt *st, int col, size_t *len);
int64_t stmt_int(struct stmt *st, int col);
bool stmt_is_null(struct stmt *st, int col);

/* The revision: commit number of the single decider, term in the upper bits;
 * raised once per transaction that asks for it, never repeats (ARCHITECTURE 5). */
int store_next_revision(struct store *s, uint64_t *out, struct err *e);
uint64_t store_revision(const struct store *s);
/* Was `revision` given out by a later state of this store than the file that
 * was opened?  Every open skips what an older copy cannot know of. */
bool store_is_older_than(const struct store *s, uint64_t revision);
/* Small named values. */
/* 1 found, 0 not, -1. */
int store_get_int(struct store *s, const char *name, int64_t *out, struct err *e);
int store_set_int(struct store *s, const char *name, int64_t v, struct err *e);

/*
 * A copy of the whole store in a new file (0600), made in steps between which
 * the store goes on being used: it shows the moment of the last step.
 * store_backup_step(): 1 more to do, 0 complete and on disk, -1 error.
 */
struct store_backup;
int store_backup_begin(struct store_backup **out, struct store *s, const char *path,
    struct err *e);
int store_backup_step(struct store_backup *b, int pages, int64_t *done, int64_t *all,
    struct err *e);
/* NULL is fine; a copy that is not complete is of no use: remove it. */
void store_backup_end(struct store_backup **b);

/* For tests and tools. */
/* `fn` hears the text of each statement that begins to run, also of those that
 * the store runs for itself; NULL ends it.  Values are not in it. */
typedef void (*store_trace_fn)(void *arg, const char *sql);
void store_trace(struct store *s, store_trace_fn fn, void *arg);
int store_integrity(struct store *s, struct err *e);
const char *store_url(const struct store *s);

#endif
