/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recall_store: rows of recalls.  What only counts is not written: how many wait
 * is found by reading the debts, once at the start and after a rollback.
 */
#include "config.h"

#include "provisioning/recall_store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/store/store.h"
#include "provisioning/access_store.h"
#include "provisioning/floor.h"

#define POOL_BYTES (16 * 1024 * 1024)
#define LINE_BYTES (64 * 1024)

struct recall_table {
	struct store *store;
	const struct debts *debts;
	struct recall **all;		/* by id */
	size_t n, cap;
	int64_t last_id;		/* given out; none comes twice */
	struct due_heap heap;
	bool touched, stale;
	struct stmt *put, *put_line, *drop, *drop_lines, *load, *load_lines;
};

static const struct store_step steps[] = {
	{ 1, "CREATE TABLE recall (id INTEGER PRIMARY KEY, revision INTEGER NOT NULL, owner TEXT, speaker TEXT,"
	     " scope INTEGER NOT NULL, subject_kind INTEGER NOT NULL, subject TEXT, thing BLOB,"
	     " takes INTEGER NOT NULL, at_ms INTEGER NOT NULL, before_ms INTEGER NOT NULL,"
	     " phase INTEGER NOT NULL, told INTEGER NOT NULL, total INTEGER NOT NULL);"
	     "CREATE TABLE recall_line (id INTEGER NOT NULL, n INTEGER NOT NULL,"
	     " gone INTEGER NOT NULL, number INTEGER NOT NULL, thing BLOB,"
	     " epoch INTEGER NOT NULL, line TEXT NOT NULL, giver TEXT,"
	     " co_owner INTEGER NOT NULL, PRIMARY KEY (id, n))" },
	{ 2, "ALTER TABLE recall ADD COLUMN person TEXT;"
	     "ALTER TABLE recall ADD COLUMN given INTEGER NOT NULL DEFAULT 0" },
};
static const struct store_schema schema = { "recall", steps, sizeof(steps) / sizeof(steps[0]) };

static int no_memory(struct err *e)
{
	return err_set(e, ERR_SYSTEM, "out of memory");
}

/* ---- memory ---- */

static void recall_free(struct recall_table *t, struct recall *r)
{
	due_remove(&t->heap, &r->due);
	policy_free(&r->before);
	free(r->line);
	pool_fini(&r->friends);
	pool_fini(&r->pool);
	free(r);
}

static void forget_all(struct recall_table *t)
{
	for (size_t i = 0; i < t->n; i++)
		recall_free(t, t->all[i]);
	t->n = 0;
}

static struct recall *add_last(struct recall_table *t, int64_t id, const char *owner,
    const char *speaker)
{
	size_t cap = t->cap > 0 ? 2 * t->cap : 16;
	struct recall *r;

	if (t->n == t->cap) {
		struct recall **grown = reallocarray(t->all, cap, sizeof(struct recall *));

		if (grown == NULL)
			return NULL;
		t->all = grown;
		t->cap = cap;
	}
	r = due_reserve(&t->heap, t->n + 1) != 0 ? NULL : calloc(1, sizeof(*r));
	if (r == NULL)
		return NULL;
	pool_init(&r->pool, POOL_BYTES);
	pool_init(&r->friends, POOL_BYTES);
	r->id = id;
	r->owner = owner != NULL ? pool_strdup(&r->pool, owner) : NULL;
	r->speaker = speaker != NULL ? pool_strdup(&r->pool, speaker) : NULL;
	if ((owner != NULL && r->owner == NULL) || (speaker != NULL && r->speaker == NULL)) {
		recall_free(t, r);
		return NULL;
	}
	t->all[t->n++] = r;
	if (id > t->last_id)
		t->last_id = id;
	return r;
}

/* The array grows by doubling whenever its length is a power of two. */
static int add_line(struct recall *r, const struct rule *rule, bool gone)
{
	size_t n = r->n_lines;
	struct recall_line *l = pool_zalloc(&r->pool, sizeof(*l));

	if ((n & (n - 1)) == 0) {
		struct recall_line **grown = reallocarray(r->line, n > 0 ? 2 * n : 1,
		    sizeof(struct recall_line *));

		if (grown == NULL)
			return -1;
		r->line = grown;
	}
	if (l == NULL || rule_copy(&l->rule, rule, &r->pool) != 0)
		return -1;
	l->gone = gone;
	r->line[r->n_lines++] = l;
	return 0;
}

size_t recall_table_count(const struct recall_table *t)
{
	return t->n;
}

struct recall *recall_table_at(const struct recall_table *t, size_t i)
{
	return i < t->n ? t->all[i] : NULL;
}

static size_t place_of(const struct recall_table *t, int64_t id)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (t->all[mid]->id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct recall *recall_table_find(const struct recall_table *t, int64_t id)
{
	size_t i = place_of(t, id);

	return i < t->n && t->all[i]->id == id ? t->all[i] : NULL;
}

void recall_table_due(struct recall_table *t, struct recall *r, int64_t boot_ms)
{
	if (boot_ms < 0)
		due_remove(&t->heap, &r->due);
	else
		due_put(&t->heap, &r->due, boot_ms);
}

struct recall *recall_table_next(const struct recall_table *t)
{
	const struct due *first = due_first(&t->heap);

	return first == NULL ? NULL :
	    (struct recall *)(uintptr_t)((const char *)first - offsetof(struct recall, due));
}

/* ---- rows ---- */

int recall_table_put(struct recall_table *t, const struct recall *r, struct err *e)
{
	t->touched = true;
	stmt_bind_int(t->put, 1, r->id);
	stmt_bind_int(t->put, 2, (int64_t)r->revision);
	stmt_bind_text(t->put, 3, r->owner);
	stmt_bind_text(t->put, 4, r->speaker);
	stmt_bind_int(t->put, 5, r->scope);
	stmt_bind_int(t->put, 6, r->subject.kind);
	stmt_bind_text(t->put, 7, r->subject.text);
	stmt_bind_blob(t->put, 8, r->thing, sizeof(r->thing));
	stmt_bind_int(t->put, 9, r->takes);
	stmt_bind_int(t->put, 10, r->at_ms);
	stmt_bind_int(t->put, 11, r->before_ms);
	stmt_bind_int(t->put, 12, r->phase);
	stmt_bind_int(t->put, 13, r->told);
	stmt_bind_int(t->put, 14, (int64_t)r->total);
	stmt_bind_text(t->put, 15, r->bearer);
	stmt_bind_int(t->put, 16, r->given);
	return stmt_run(t->put, NULL, e);
}

struct recall *recall_table_new(struct recall_table *t, uint64_t revision, const char *owner,
    const char *speaker, struct err *e)
{
	struct recall *r = add_last(t, t->last_id + 1, owner, speaker);

	t->touched = true;
	if (r == NULL)
		no_memory(e);
	else
		r->revision = revision;
	return r;
}

int recall_table_add(struct recall_table *t, struct recall *r, const struct rule *rule, bool gone,
    struct err *e)
{
	struct buf line;
	int ret = -1;

	t->touched = true;
	buf_init(&line, POLICY_LINE);
	if (add_line(r, rule, gone) != 0) {
		no_memory(e);
		goto out;
	}
	if (access_line_print(&line, rule, e) != 0)
		goto out;
	stmt_bind_int(t->put_line, 1, r->id);
	stmt_bind_int(t->put_line, 2, (int64_t)r->n_lines);
	stmt_bind_int(t->put_line, 3, gone);
	stmt_bind_int(t->put_line, 4, rule->number);
	access_line_bind(t->put_line, 5, rule);
	stmt_bind_text(t->put_line, 7, buf_str(&line));
	stmt_bind_text(t->put_line, 8, rule->giver);
	stmt_bind_int(t->put_line, 9, rule->co_owner);
	ret = stmt_run(t->put_line, NULL, e);
out:
	buf_fini(&line);
	return ret;
}

int recall_table_drop(struct recall_table *t, struct recall *r, struct err *e)
{
	size_t i = place_of(t, r->id);

	t->touched = true;
	stmt_bind_int(t->drop, 1, r->id);
	stmt_bind_int(t->drop_lines, 1, r->id);
	if (stmt_run(t->drop, NULL, e) != 0 || stmt_run(t->drop_lines, NULL, e) != 0)
		return -1;
	memmove(t->all + i, t->all + i + 1, (--t->n - i) * sizeof(struct recall *));
	recall_free(t, r);
	return 0;
}

void recall_table_touch(struct recall_table *t)
{
	t->touched = true;
}

/* ---- reading ---- */

/* gone, number, thing, epoch, line, giver, co_owner */
static int load_lines(struct recall_table *t, struct recall *r, struct err *e)
{
	struct pool pool;
	int got;

	pool_init(&pool, LINE_BYTES);
	stmt_bind_int(t->load_lines, 1, r->id);
	while ((got = stmt_step(t->load_lines, e)) == 1) {
		struct rule rule;

		pool_reset(&pool);
		if (access_line_read(t->load_lines, 2, &pool, &rule, e) != 0) {
			got = err_set(e, ERR_SYSTEM, "what was taken back is damaged in the store: "
			    "restore a backup");
			break;
		}
		rule.number = stmt_int(t->load_lines, 1);
		rule.giver = stmt_text(t->load_lines, 5);
		rule.co_owner = stmt_int(t->load_lines, 6) != 0;
		if (add_line(r, &rule, stmt_int(t->load_lines, 0) != 0) != 0) {
			got = no_memory(e);
			break;
		}
	}
	if (got != 0)
		stmt_reset(t->load_lines);
	pool_fini(&pool);
	return got;
}

static struct recall *load_row(struct recall_table *t, struct err *e)
{
	struct recall *r = add_last(t, stmt_int(t->load, 0), stmt_text(t->load, 2),
	    stmt_text(t->load, 3));
	const char *subject = stmt_text(t->load, 6), *person = stmt_text(t->load, 14);
	size_t len;
	const void *thing = stmt_blob(t->load, 7, &len);

	if (r == NULL) {
		no_memory(e);
		return NULL;
	}
	r->revision = (uint64_t)stmt_int(t->load, 1);
	r->written = true;
	r->scope = (enum recall_scope)stmt_int(t->load, 4);
	r->subject.kind = (enum subject_kind)stmt_int(t->load, 5);
	r->subject.text = subject == NULL ? NULL : pool_strdup(&r->pool, subject);
	r->bearer = person == NULL ? NULL : pool_strdup(&r->pool, person);
	r->given = stmt_int(t->load, 15) != 0;
	if (thing != NULL && len == sizeof(r->thing))
		memcpy(r->thing, thing, len);
	r->takes = stmt_int(t->load, 8) != 0;
	r->at_ms = stmt_int(t->load, 9);
	r->before_ms = stmt_int(t->load, 10);
	r->phase = (enum recall_phase)stmt_int(t->load, 11);
	r->told = (enum recall_told)stmt_int(t->load, 12);
	/* The walk begins anew, and counts anew. */
	r->total = r->phase == RECALL_FLOORS ? 0 : (size_t)stmt_int(t->load, 13);
	return r;
}

static void count_waiting(struct recall_table *t)
{
	const struct debt *d;
	struct floor_wait w[FLOOR_WAITS];

	for (size_t i = 0; (d = debt_at(t->debts, i)) != NULL; i++) {
		size_t n = d->kind == DEBT_FLOOR ? floor_waits(d->text, w) : 0;

		for (size_t k = 0; k < n; k++) {
			struct recall *r = recall_table_find(t, w[k].id);

			if (w[k].id > t->last_id)
				t->last_id = w[k].id;
			if (r == NULL)
				continue;
			r->waiting += w[k].n;
			r->bare += w[k].bare ? w[k].n : 0;
		}
	}
}

static int load(struct recall_table *t, struct err *e)
{
	int got;

	forget_all(t);
	while ((got = stmt_step(t->load, e)) == 1)
		if (load_row(t, e) == NULL) {
			stmt_reset(t->load);
			return -1;
		}
	for (size_t i = 0; got == 0 && i < t->n; i++)
		got = load_lines(t, t->all[i], e);
	if (got == 0)
		count_waiting(t);
	return got;
}

static void ended(void *arg, bool committed)
{
	struct recall_table *t = arg;

	t->stale = t->stale || (t->touched && !committed);
	t->touched = false;
}

bool recall_table_is_stale(const struct recall_table *t)
{
	return t->stale;
}

int recall_table_sync(struct recall_table *t, struct err *e)
{
	if (!t->stale)
		return 0;
	if (load(t, e) != 0)
		return -1;
	t->stale = false;
	return 1;
}

static int prepare(struct recall_table *t, struct err *e)
{
	const struct {
		struct stmt **st;
		const char *sql;
	} all[] = {
		{ &t->put, "INSERT INTO recall (id, revision, owner, speaker, scope, subject_kind,"
			   " subject, thing, takes, at_ms, before_ms, phase, told, total,"
			   " person, given)"
			   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,"
			   " $14, $15, $16) ON CONFLICT (id) DO UPDATE SET scope = excluded.scope,"
			   " takes = excluded.takes, before_ms = excluded.before_ms,"
			   " phase = excluded.phase, told = excluded.told,"
			   " total = excluded.total, person = excluded.person" },
		{ &t->put_line, "INSERT INTO recall_line (id, n, gone, number, thing, epoch,"
				" line, giver, co_owner)"
				" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)" },
		{ &t->drop, "DELETE FROM recall WHERE id = $1" },
		{ &t->drop_lines, "DELETE FROM recall_line WHERE id = $1" },
		{ &t->load, "SELECT id, revision, owner, speaker, scope, subject_kind, subject, thing,"
			    " takes, at_ms, before_ms, phase, told, total, person, given FROM recall"
			    " ORDER BY id" },
		{ &t->load_lines, "SELECT gone, number, thing, epoch, line, giver, co_owner"
				  " FROM recall_line WHERE id = $1 ORDER BY n" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		*all[i].st = store_prepare(t->store, all[i].sql, e);
		if (*all[i].st == NULL)
			return -1;
	}
	return 0;
}

int recall_table_open(struct recall_table **out, struct store *s, const struct debts *debts,
    struct err *e)
{
	struct recall_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return no_memory(e);
	t->store = s;
	t->debts = debts;
	if (store_migrate(s, &schema, e) != 0 || prepare(t, e) != 0 || load(t, e) != 0) {
		recall_table_close(&t);
		return -1;
	}
	store_on_end(s, ended, t);
	*out = t;
	return 0;
}

void recall_table_close(struct recall_table **tp)
{
	struct recall_table *t = *tp;

	if (t == NULL)
		return;
	*tp = NULL;
	forget_all(t);
	free(t->all);
	due_fini(&t->heap);
	free(t);
}
