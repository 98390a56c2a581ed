/* SPDX-License-Identifier: Apache-2.0 */
/*
 * approve: the classes, rows with a copy in memory like quota.c; the serials
 * that were used stay on disk only, one row each.  Who gets the thing is done
 * by registry_approve() in give.c.
 */
#include "config.h"

#include "registry/approve.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "common/store/store.h"

struct approvals {
	struct store *store;
	struct approval *row;	/* owns its strings */
	size_t n;
	bool stale;		/* changed in the open transaction */
	struct stmt *load, *put, *drop, *count, *seen, *see, *forget;
};

static const struct store_step steps[] = {
	{ 1, "CREATE TABLE approval (name TEXT PRIMARY KEY COLLATE NOCASE, man TEXT NOT NULL,"
	     " model TEXT NOT NULL, sn_from TEXT NOT NULL, sn_to TEXT NOT NULL,"
	     " owner TEXT NOT NULL, rule TEXT, cap INTEGER NOT NULL, used INTEGER NOT NULL,"
	     " until INTEGER NOT NULL);"
	     "CREATE TABLE approval_used (name TEXT NOT NULL COLLATE NOCASE, sn TEXT NOT NULL,"
	     " PRIMARY KEY (name, sn)) WITHOUT ROWID;" },
};
static const struct store_schema schema = {
	"approval", steps, sizeof(steps) / sizeof(steps[0])
};

/* ---- serial numbers ---- */

static bool is_number(const char *s)
{
	return s[0] != '\0' && s[strspn(s, "0123456789")] == '\0';
}

static int compare_numbers(const char *a, const char *b)
{
	a += strspn(a, "0");
	b += strspn(b, "0");
	if (strlen(a) != strlen(b))
		return strlen(a) < strlen(b) ? -1 : 1;
	return strcmp(a, b);
}

bool approval_range_is_sound(const char *from, const char *to)
{
	if (is_number(from) && is_number(to))
		return compare_numbers(from, to) <= 0;
	return from[0] != '\0' && !is_number(from) && !is_number(to) &&
	    strlen(from) == strlen(to) && strcmp(from, to) <= 0;
}

bool approval_serial_in(const char *sn, const char *from, const char *to)
{
	if (is_number(from))
		return is_number(sn) && compare_numbers(from, sn) <= 0 &&
		    compare_numbers(sn, to) <= 0;
	return !is_number(sn) && strlen(sn) == strlen(from) && strcmp(from, sn) <= 0 &&
	    strcmp(sn, to) <= 0;
}

static bool tag_is(const struct tag_list *tags, const char *name, const char *value)
{
	const struct tag *t = tag_find(tags, name);

	return t != NULL && t->str != NULL && strcmp(t->str, value) == 0;
}

static bool fits(const struct approval *c, const struct tag_list *tags, int64_t now_ms)
{
	const struct tag *sn = tag_find(tags, "SN");

	return sn != NULL && sn->str != NULL && now_ms < c->until_ms &&
	    tag_is(tags, "MAN", c->man) && tag_is(tags, "MODEL", c->model) &&
	    approval_serial_in(sn->str, c->sn_from, c->sn_to);
}

const struct approval *approval_for(const struct approvals *a, const struct tag_list *tags,
    int64_t now_ms)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->row[i].used < a->row[i].cap && fits(&a->row[i], tags, now_ms))
			return &a->row[i];
	return NULL;
}

bool approval_covers(const struct approvals *a, const struct tag_list *tags, int64_t now_ms)
{
	for (size_t i = 0; i < a->n; i++)
		if (fits(&a->row[i], tags, now_ms))
			return true;
	return false;
}

/* ---- memory ---- */

static void row_free(struct approval *r)
{
	free((void *)(uintptr_t)r->name);
	free((void *)(uintptr_t)r->man);
	free((void *)(uintptr_t)r->model);
	free((void *)(uintptr_t)r->sn_from);
	free((void *)(uintptr_t)r->sn_to);
	free((void *)(uintptr_t)r->owner);
	free((void *)(uintptr_t)r->rule);
}

static void clear(struct approvals *a)
{
	for (size_t i = 0; i < a->n; i++)
		row_free(&a->row[i]);
	free(a->row);
	a->row = NULL;
	a->n = 0;
}

static const char *copy(const char *s)
{
	return strdup(s != NULL ? s : "");
}

static int keep_row(struct approvals *a, struct err *e)
{
	struct approval *more = reallocarray(a->row, a->n + 1, sizeof(*more));
	struct approval *r;

	if (more == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	a->row = more;
	r = &a->row[a->n];
	*r = (struct approval){
		.name = copy(stmt_text(a->load, 0)), .man = copy(stmt_text(a->load, 1)),
		.model = copy(stmt_text(a->load, 2)), .sn_from = copy(stmt_text(a->load, 3)),
		.sn_to = copy(stmt_text(a->load, 4)), .owner = copy(stmt_text(a->load, 5)),
		.rule = stmt_is_null(a->load, 6) ? NULL : copy(stmt_text(a->load, 6)),
		.cap = stmt_int(a->load, 7), .used = stmt_int(a->load, 8),
		.until_ms = stmt_int(a->load, 9),
	};
	if (r->name == NULL || r->man == NULL || r->model == NULL || r->sn_from == NULL ||
	    r->sn_to == NULL || r->owner == NULL) {
		row_free(r);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	a->n++;
	return 0;
}

static int load(struct approvals *a, struct err *e)
{
	int got;

	clear(a);
	while ((got = stmt_step(a->load, e)) == 1)
		if (keep_row(a, e) == -1) {
			stmt_reset(a->load);
			return -1;
		}
	return got;
}

/* Without its rows nothing is approved. */
static void turn_ended(void *arg, bool committed)
{
	struct approvals *a = arg;

	if (a->stale && !committed)
		(void)load(a, NULL);
	a->stale = false;
}

/* ---- rows ---- */

static int prepare(struct approvals *a, struct err *e)
{
	struct store *s = a->store;

	a->load = store_prepare(s, "SELECT name, man, model, sn_from, sn_to, owner, rule, cap, "
	    "used, until FROM approval ORDER BY name", e);
	a->put = store_prepare(s, "INSERT INTO approval (name, man, model, sn_from, sn_to, owner,"
	    " rule, cap, used, until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9)"
	    " ON CONFLICT (name) DO UPDATE SET man = excluded.man, model = excluded.model,"
	    " sn_from = excluded.sn_from, sn_to = excluded.sn_to, owner = excluded.owner,"
	    " rule = excluded.rule, cap = excluded.cap, until = excluded.until", e);
	a->drop = store_prepare(s, "DELETE FROM approval WHERE name = $1", e);
	a->count = store_prepare(s, "UPDATE approval SET used = used + 1 WHERE name = $1", e);
	a->seen = store_prepare(s, "SELECT 1 FROM approval_used WHERE name = $1 AND sn = $2", e);
	a->see = store_prepare(s, "INSERT INTO approval_used (name, sn) VALUES ($1, $2)", e);
	a->forget = store_prepare(s, "DELETE FROM approval_used WHERE name = $1", e);
	return a->load && a->put && a->drop && a->count && a->seen && a->see && a->forget ?
	    0 : -1;
}

int approvals_open(struct approvals **out, struct store *s, struct err *e)
{
	struct approvals *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	a->store = s;
	if (store_migrate(s, &schema, e) == -1 || prepare(a, e) == -1 || load(a, e) == -1) {
		approvals_close(&a);
		return -1;
	}
	store_on_end(s, turn_ended, a);
	*out = a;
	return 0;
}

void approvals_close(struct approvals **ap)
{
	struct approvals *a = *ap;

	if (a == NULL)
		return;
	*ap = NULL;
	clear(a);
	free(a);
}

const struct approval *approval_at(const struct approvals *a, size_t i)
{
	return i < a->n ? &a->row[i] : NULL;
}

const struct approval *approval_find(const struct approvals *a, const char *name)
{
	for (size_t i = 0; i < a->n; i++)
		if (str_case_eq(a->row[i].name, name))
			return &a->row[i];
	return NULL;
}

int approval_put(struct approvals *a, const struct approval *want, struct err *e)
{
	if (a->n >= APPROVALS_MAX && approval_find(a, want->name) == NULL)
		return err_set(e, ERR_LIMIT, "there are %d classes already", APPROVALS_MAX);
	a->stale = true;
	stmt_bind_text(a->put, 1, want->name);
	stmt_bind_text(a->put, 2, want->man);
	stmt_bind_text(a->put, 3, want->model);
	stmt_bind_text(a->put, 4, want->sn_from);
	stmt_bind_text(a->put, 5, want->sn_to);
	stmt_bind_text(a->put, 6, want->owner);
	stmt_bind_text(a->put, 7, want->rule);
	stmt_bind_int(a->put, 8, want->cap);
	stmt_bind_int(a->put, 9, want->until_ms);
	return stmt_run(a->put, NULL, e) == -1 ? -1 : load(a, e);
}

int approval_remove(struct approvals *a, const char *name, struct err *e)
{
	a->stale = true;
	stmt_bind_text(a->forget, 1, name);
	stmt_bind_text(a->drop, 1, name);
	if (stmt_run(a->forget, NULL, e) == -1 || stmt_run(a->drop, NULL, e) == -1)
		return -1;
	return load(a, e);
}

int approval_use(struct approvals *a, const char *name, const char *sn, struct err *e)
{
	int seen;

	stmt_bind_text(a->seen, 1, name);
	stmt_bind_text(a->seen, 2, sn);
	seen = stmt_step(a->seen, e);
	if (seen == 1)
		stmt_reset(a->seen);
	if (seen != 0)
		return seen == 1 ? 0 : -1;
	a->stale = true;
	stmt_bind_text(a->see, 1, name);
	stmt_bind_text(a->see, 2, sn);
	stmt_bind_text(a->count, 1, name);
	if (stmt_run(a->see, NULL, e) == -1 || stmt_run(a->count, NULL, e) == -1)
		return -1;
	return load(a, e) == -1 ? -1 : 1;
}
