/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store: the promises of store.h over any driver: schema steps, transactions
 * that end for memory and disk alike, the statement cache, the revision.
 * No engine is named here except in the table of drivers.
 */
#include "config.h"

#include "common/store/store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/store/driver.h"

/*
 * A revision is a term above a counter.  30 bits count 10^9 commits in one
 * term; more than that carry into the term, which the next open respects.
 */
#define COUNTER_BITS 30

struct stmt {
	struct store *store;
	struct driver_stmt *drv;
	const char *sql;
	struct stmt *next;
};

struct listener {
	void (*fn)(void *arg, bool committed);
	void *arg;
	struct listener *next;
};

struct store {
	const struct driver *drv;
	struct driver_db *db;
	char *url;
	struct stmt *statements;
	struct listener *listeners;
	uint64_t revision;
	uint64_t found, first;	/* the file's revision when it was opened, and ours then */
	bool begun;		/* between store_begin and its end */
	bool failed;		/* an error since then: only a rollback helps */
	bool raised;		/* the revision was raised in this transaction */
	struct stmt *get_value, *set_value;
	struct stmt *get_version, *set_version;
};

static const struct driver *const drivers[] = { &driver_sqlite };

static const char meta_sql[] =
    "CREATE TABLE IF NOT EXISTS kith_value ("
    " name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS kith_schema ("
    " name TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;";

/* ---- open and close ---- */

static const struct driver *find_driver(const char *url, const char **rest)
{
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		size_t n = strlen(drivers[i]->scheme);

		if (strncmp(url, drivers[i]->scheme, n) == 0 && url[n] == ':') {
			*rest = url + n + 1;
			return drivers[i];
		}
	}
	return NULL;
}

static int prepare_own(struct store *s, struct err *e)
{
	s->get_value = store_prepare(s, "SELECT value FROM kith_value WHERE name = $1", e);
	s->set_value = store_prepare(s,
	    "INSERT OR REPLACE INTO kith_value (name, value) VALUES ($1, $2)", e);
	s->get_version = store_prepare(s, "SELECT version FROM kith_schema WHERE name = $1", e);
	s->set_version = store_prepare(s,
	    "INSERT OR REPLACE INTO kith_schema (name, version) VALUES ($1, $2)", e);
	return s->get_value && s->set_value && s->get_version && s->set_version ? 0 : -1;
}

/*
 * A new term for every open: one more than the stored one, and never behind
 * the clock, so that a file restored from a backup does not hand out again
 * what was handed out after the backup.  On disk before anything uses it.
 */
static int start_term(struct store *s, struct err *e)
{
	int64_t stored = 0;
	int64_t now = clock_wall(&clock_system) / 1000;
	uint64_t term;

	if (store_begin(s, e) == -1)
		return -1;
	if (store_get_int(s, "revision", &stored, e) == -1)
		goto fail;
	term = ((uint64_t)stored >> COUNTER_BITS) + 1;
	if (now > 0 && (uint64_t)now > term)
		term = (uint64_t)now;
	if (term >= UINT64_C(1) << (63 - COUNTER_BITS)) {
		err_set(e, ERR_SYSTEM, "the store's revision is out of range: is it damaged?");
		goto fail;
	}
	if (store_set_int(s, "revision", (int64_t)(term << COUNTER_BITS), e) == -1)
		goto fail;
	if (store_commit(s, e) == -1)
		return -1;
	s->revision = s->first = term << COUNTER_BITS;
	s->found = (uint64_t)stored;
	return 0;
fail:
	store_rollback(s);
	return -1;
}

static int open_tables(struct store *s, struct err *e)
{
	if (s->drv->begin(s->db, e) == -1)
		return -1;
	if (s->drv->script(s->db, meta_sql, e) == -1) {
		s->drv->rollback(s->db);
		return -1;
	}
	if (s->drv->commit(s->db, e) == -1)
		return -1;
	return prepare_own(s, e);
}

int store_open(struct store **out, const char *url, struct err *e)
{
	const char *rest = NULL;
	const struct driver *drv = find_driver(url, &rest);
	struct store *s;

	if (drv == NULL)
		return err_set(e, ERR_INPUT, "store url '%s' is of no kind known here: "
		    "write sqlite:PATH", url);
	s = calloc(1, sizeof(*s));
	if (s == NULL || (s->url = strdup(url)) == NULL) {
		free(s);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	s->drv = drv;
	if (drv->open(&s->db, rest, e) == -1 || open_tables(s, e) == -1 || start_term(s, e) == -1) {
		store_close(&s);
		return -1;
	}
	*out = s;
	return 0;
}

void store_close(struct store **sp)
{
	struct store *s = *sp;

	if (s == NULL)
		return;
	*sp = NULL;
	if (s->begun)
		store_rollback(s);
	while (s->statements != NULL) {
		struct stmt *st = s->statements;

		s->statements = st->next;
		s->drv->finish(st->drv);
		free(st);
	}
	while (s->listeners != NULL) {
		struct listener *l = s->listeners;

		s->listeners = l->next;
		free(l);
	}
	if (s->db != NULL)
		s->drv->close(s->db);
	free(s->url);
	free(s);
}

const char *store_url(const struct store *s)
{
	return s->url;
}

int store_integrity(struct store *s, struct err *e)
{
	return s->drv->integrity(s->db, e);
}

/* ---- backup ---- */

struct store_backup {
	const struct driver *drv;
	struct driver_backup *own;
};

int store_backup_begin(struct store_backup **out, struct store *s, const char *path,
    struct err *e)
{
	struct store_backup *b;

	if (s->drv->backup_begin == NULL)
		return err_set(e, ERR_INPUT, "this kind of store is backed up by its own tools");
	b = calloc(1, sizeof(*b));
	if (b == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	b->drv = s->drv;
	if (s->drv->backup_begin(&b->own, s->db, path, e) == -1) {
		free(b);
		return -1;
	}
	*out = b;
	return 0;
}

int store_backup_step(struct store_backup *b, int pages, int64_t *done, int64_t *all,
    struct err *e)
{
	return b->drv->backup_step(b->own, pages, done, all, e);
}

void store_backup_end(struct store_backup **bp)
{
	struct store_backup *b = *bp;

	if (b == NULL)
		return;
	*bp = NULL;
	b->drv->backup_end(b->own);
	free(b);
}

/* ---- schema ---- */

static int schema_version(struct store *s, const char *name, int64_t *out, struct err *e)
{
	int got;

	stmt_bind_text(s->get_version, 1, name);
	got = stmt_step(s->get_version, e);
	if (got == -1)
		return -1;
	*out = got == 1 ? stmt_int(s->get_version, 0) : 0;
	stmt_reset(s->get_version);
	return 0;
}

/* A step and the row that says it was made are one transaction. */
static int schema_step(struct store *s, const char *name, const struct store_step *step,
    struct err *e)
{
	if (store_begin(s, e) == -1)
		return -1;
	if (s->drv->script(s->db, step->sql, e) == -1)
		goto fail;
	stmt_bind_text(s->set_version, 1, name);
	stmt_bind_int(s->set_version, 2, step->number);
	if (stmt_run(s->set_version, NULL, e) == -1)
		goto fail;
	return store_commit(s, e);
fail:
	store_rollback(s);
	err_prefix(e, "step %d of the '%s' tables", step->number, name);
	return -1;
}

int store_migrate(struct store *s, const struct store_schema *schema, struct err *e)
{
	int64_t have;
	int newest = schema->n_steps > 0 ? schema->steps[schema->n_steps - 1].number : 0;

	if (schema_version(s, schema->name, &have, e) == -1)
		return -1;
	if (have > newest)
		return err_set(e, ERR_INPUT, "the '%s' tables are of version %lld, this program "
		    "knows %d: run the newer program", schema->name, (long long)have, newest);
	for (size_t i = 0; i < schema->n_steps; i++) {
		if (schema->steps[i].number <= have)
			continue;
		if (schema_step(s, schema->name, &schema->steps[i], e) == -1)
			return -1;
	}
	return 0;
}

/* ---- transactions ---- */

static void tell_end(struct store *s, bool committed)
{
	s->begun = false;
	s->failed = false;
	s->raised = false;
	for (struct listener *l = s->listeners; l != NULL; l = l->next)
		l->fn(l->arg, committed);
}

int store_begin(struct store *s, struct err *e)
{
	if (s->begun)
		return err_set(e, ERR_SYSTEM, "a transaction is open already");
	if (s->drv->dead(s->db))
		return err_set(e, ERR_SYSTEM, "the store failed to reach the disk earlier: "
		    "restart after looking at the disk");
	if (s->drv->begin(s->db, e) == -1)
		return -1;
	s->begun = true;
	return 0;
}

/*
 * After an error nothing of the transaction may stay, neither on disk nor in
 * memory, whatever the caller thought of the error.
 */
int store_commit(struct store *s, struct err *e)
{
	if (!s->begun)
		return err_set(e, ERR_SYSTEM, "commit without a transaction");
	if (s->failed) {
		store_rollback(s);
		return err_set(e, ERR_SYSTEM, "the transaction failed earlier");
	}
	if (s->drv->commit(s->db, e) == -1) {
		store_rollback(s);
		return -1;
	}
	tell_end(s, true);
	return 0;
}

void store_rollback(struct store *s)
{
	if (s->drv->in_transaction(s->db))
		s->drv->rollback(s->db);
	if (s->begun)
		tell_end(s, false);
}

void store_trace(struct store *s, store_trace_fn fn, void *arg)
{
	s->drv->trace(s->db, fn, arg);
}

int store_count(struct store *s, const char *sql, size_t *out, struct err *e)
{
	struct stmt *st = store_prepare(s, sql, e);

	if (st == NULL || stmt_step(st, e) != 1)
		return -1;
	*out = (size_t)stmt_int(st, 0);
	stmt_reset(st);
	return 0;
}

bool store_in_transaction(const struct store *s)
{
	return s->drv->in_transaction(s->db);
}

void store_on_end(struct store *s, void (*fn)(void *arg, bool committed), void *arg)
{
	struct listener **end = &s->listeners;
	struct listener *l = calloc(1, sizeof(*l));

	/* Asked for at start only; memory that cannot be undone must not run. */
	if (l == NULL)
		abort();
	l->fn = fn;
	l->arg = arg;
	while (*end != NULL)
		end = &(*end)->next;
	*end = l;
}

/* ---- statements ---- */

struct stmt *store_prepare(struct store *s, const char *sql, struct err *e)
{
	struct stmt *st;

	for (st = s->statements; st != NULL; st = st->next)
		if (st->sql == sql)
			return st;
	st = calloc(1, sizeof(*st));
	if (st == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	if (s->drv->prepare(&st->drv, s->db, sql, e) == -1) {
		free(st);
		return NULL;
	}
	st->store = s;
	st->sql = sql;
	st->next = s->statements;
	s->statements = st;
	return st;
}

void stmt_bind_text(struct stmt *st, int i, const char *v)
{
	if (v == NULL)
		st->store->drv->bind_null(st->drv, i);
	else
		st->store->drv->bind_text(st->drv, i, v);
}

void stmt_bind_blob(struct stmt *st, int i, const void *v, size_t len)
{
	st->store->drv->bind_blob(st->drv, i, v, len);
}

void stmt_bind_int(struct stmt *st, int i, int64_t v)
{
	st->store->drv->bind_int(st->drv, i, v);
}

void stmt_bind_null(struct stmt *st, int i)
{
	st->store->drv->bind_null(st->drv, i);
}

/*
 * The engine may have ended the transaction by itself (full disk, I/O error):
 * what is written after that would be committed row by row.  So a write needs
 * a transaction that is begun, unfailed, and known to the engine.
 */
static int may_step(const struct stmt *st, struct err *e)
{
	const struct store *s = st->store;

	if (s->failed)
		return err_set(e, ERR_SYSTEM, "the transaction failed earlier");
	if (!st->store->drv->writes(st->drv))
		return 0;
	if (!s->begun || !s->drv->in_transaction(s->db))
		return err_set(e, ERR_SYSTEM, "a write outside a transaction");
	return 0;
}

int stmt_step(struct stmt *st, struct err *e)
{
	struct store *s = st->store;
	int got = may_step(st, e);

	if (got == 0)
		got = s->drv->step(st->drv, e);
	if (got == 1)
		return 1;
	if (got == -1 && s->begun)
		s->failed = true;
	s->drv->reset(st->drv);
	return got;
}

int stmt_run(struct stmt *st, int64_t *changed, struct err *e)
{
	int got;

	while ((got = stmt_step(st, e)) == 1)
		continue;
	if (got == 0 && changed != NULL)
		*changed = st->store->drv->changes(st->drv);
	return got;
}

void stmt_reset(struct stmt *st)
{
	st->store->drv->reset(st->drv);
}

const char *stmt_text(struct stmt *st, int col)
{
	return st->store->drv->text(st->drv, col);
}

const void *stmt_blob(struct stmt *st, int col, size_t *len)
{
	return st->store->drv->blob(st->drv, col, len);
}

int64_t stmt_int(struct stmt *st, int col)
{
	return st->store->drv->integer(st->drv, col);
}

bool stmt_is_null(struct stmt *st, int col)
{
	return st->store->drv->is_null(st->drv, col);
}

/* ---- values and the revision ---- */

int store_get_int(struct store *s, const char *name, int64_t *out, struct err *e)
{
	int got;

	stmt_bind_text(s->get_value, 1, name);
	got = stmt_step(s->get_value, e);
	if (got == 1) {
		*out = stmt_int(s->get_value, 0);
		stmt_reset(s->get_value);
	}
	return got;
}

int store_set_int(struct store *s, const char *name, int64_t v, struct err *e)
{
	stmt_bind_text(s->set_value, 1, name);
	stmt_bind_int(s->set_value, 2, v);
	return stmt_run(s->set_value, NULL, e);
}

/* A rollback leaves a gap: a number that was handed out never comes again. */
int store_next_revision(struct store *s, uint64_t *out, struct err *e)
{
	if (!s->raised) {
		if (store_set_int(s, "revision", (int64_t)(s->revision + 1), e) == -1)
			return -1;
		s->revision++;
		s->raised = true;
	}
	*out = s->revision;
	return 0;
}

uint64_t store_revision(const struct store *s)
{
	return s->revision;
}

bool store_is_older_than(const struct store *s, uint64_t revision)
{
	return (revision > s->found && revision < s->first) || revision > s->revision;
}
