/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver: what a database engine does for store.c, as one table of functions.
 * A driver knows SQL engines and nothing of kith's tables; store.c adds the
 * promises of store.h on top.  Read next: store_sqlite.c.
 */
#ifndef KITH_STORE_DRIVER_H
#define KITH_STORE_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

/* A driver's connection and statement; each driver casts to its own. */
struct driver_db;
struct driver_stmt;
struct driver_backup;

struct driver {
	const char *scheme;	/* "sqlite": what stands before the ':' of a url */

	/* `rest`: the url behind "SCHEME:". */
	int (*open)(struct driver_db **out, const char *rest, struct err *e);
	void (*close)(struct driver_db *db);
	/* Run the fixed text of a schema step; the only place for DDL. */
	int (*script)(struct driver_db *db, const char *sql, struct err *e);
	int (*integrity)(struct driver_db *db, struct err *e);

	int (*begin)(struct driver_db *db, struct err *e);
	int (*commit)(struct driver_db *db, struct err *e);
	void (*rollback)(struct driver_db *db);
	bool (*in_transaction)(const struct driver_db *db);	/* asks the engine */
	/* The file can no longer be trusted to keep what it is given (a failed
	 * fsync): nothing may be acknowledged any more. */
	bool (*dead)(const struct driver_db *db);

	/* `fn` hears each statement; NULL: no more. */
	void (*trace)(struct driver_db *db, void (*fn)(void *arg, const char *sql), void *arg);

	/* See store_backup_begin(); all NULL where the engine has tools of its own. */
	int (*backup_begin)(struct driver_backup **out, struct driver_db *db, const char *path,
	    struct err *e);
	int (*backup_step)(struct driver_backup *b, int pages, int64_t *done, int64_t *all,
	    struct err *e);
	void (*backup_end)(struct driver_backup *b);

	int (*prepare)(struct driver_stmt **out, struct driver_db *db, const char *sql,
	    struct err *e);
	void (*finish)(struct driver_stmt *st);
	void (*bind_text)(struct driver_stmt *st, int i, const char *v);
	void (*bind_blob)(struct driver_stmt *st, int i, const void *v, size_t len);
	void (*bind_int)(struct driver_stmt *st, int i, int64_t v);
	void (*bind_null)(struct driver_stmt *st, int i);
	int (*step)(struct driver_stmt *st, struct err *e);	/* 1 row, 0 end, -1 */
	void (*reset)(struct driver_stmt *st);
	int64_t (*changes)(const struct driver_stmt *st);	/* of the last step to the end */
	bool (*writes)(const struct driver_stmt *st);
	const char *(*text)(struct driver_stmt *st, int col);
	const void *(*blob)(struct driver_stmt *st, int col, size_t *len);
	int64_t (*integer)(struct driver_stmt *st, int col);
	bool (*is_null)(struct driver_stmt *st, int col);
};

extern const struct driver driver_sqlite;

#endif
