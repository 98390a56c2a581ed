/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quota: rows (subject, key, value) and their copy in memory, a list: there
 * are as many as an operator has typed.  A rollback loads them again.
 */
#include "config.h"

#include "registry/quota.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/jid.h"
#include "common/store/store.h"

struct quotas {
	struct store *store;
	struct quota *row;	/* owns its subjects */
	size_t n;
	bool stale;		/* changed in the open transaction */
	struct stmt *load, *put, *drop;
};

static const struct store_step steps[] = {
	{ 1, "CREATE TABLE quota (subject TEXT NOT NULL, key TEXT NOT NULL,"
	     " value INTEGER NOT NULL, PRIMARY KEY (subject, key)) WITHOUT ROWID;" },
};
static const struct store_schema schema = { "quota", steps, sizeof(steps) / sizeof(steps[0]) };

static const char *const names[QUOTA_KEYS] = {
	[QUOTA_THINGS_PER_JID] = "things_per_jid",
	[QUOTA_THINGS_PER_OWNER] = "things_per_owner",
};

const char *quota_key_name(enum quota_key k)
{
	return names[k];
}

int quota_key_find(const char *name)
{
	for (int i = 0; i < QUOTA_KEYS; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

static void forget(struct quotas *q)
{
	for (size_t i = 0; i < q->n; i++)
		free((void *)(uintptr_t)q->row[i].subject);
	free(q->row);
	q->row = NULL;
	q->n = 0;
}

static int keep(struct quotas *q, const char *subject, int key, int64_t value, struct err *e)
{
	struct quota *more = reallocarray(q->row, q->n + 1, sizeof(*more));
	char *copy = strdup(subject);

	if (more != NULL)
		q->row = more;
	if (more == NULL || copy == NULL) {
		free(copy);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	q->row[q->n++] = (struct quota){ copy, (enum quota_key)key, value };
	return 0;
}

static int load(struct quotas *q, struct err *e)
{
	int got;

	forget(q);
	while ((got = stmt_step(q->load, e)) == 1) {
		const char *key = stmt_text(q->load, 1);
		int k = key == NULL ? -1 : quota_key_find(key);

		if (k != -1 && keep(q, stmt_text(q->load, 0), k, stmt_int(q->load, 2), e) == -1) {
			stmt_reset(q->load);
			return -1;
		}
	}
	return got;
}

/* Without the rows the settings hold: that narrows or widens, but never lies
 * about what is on disk for longer than until the next change. */
static void turn_ended(void *arg, bool committed)
{
	struct quotas *q = arg;

	if (q->stale && !committed)
		(void)load(q, NULL);
	q->stale = false;
}

int quotas_open(struct quotas **out, struct store *s, struct err *e)
{
	struct quotas *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	q->store = s;
	if (store_migrate(s, &schema, e) == -1 ||
	    (q->load = store_prepare(s, "SELECT subject, key, value FROM quota "
	    "ORDER BY subject, key", e)) == NULL ||
	    (q->put = store_prepare(s, "INSERT OR REPLACE INTO quota (subject, key, value) "
	    "VALUES ($1, $2, $3)", e)) == NULL ||
	    (q->drop = store_prepare(s, "DELETE FROM quota WHERE subject = $1 AND key = $2", e))
	    == NULL || load(q, e) == -1) {
		quotas_close(&q);
		return -1;
	}
	store_on_end(s, turn_ended, q);
	*out = q;
	return 0;
}

void quotas_close(struct quotas **qp)
{
	struct quotas *q = *qp;

	if (q == NULL)
		return;
	*qp = NULL;
	forget(q);
	free(q);
}

static const struct quota *find(const struct quotas *q, const char *subject, enum quota_key k)
{
	for (size_t i = 0; i < q->n; i++)
		if (q->row[i].key == k && strcmp(q->row[i].subject, subject) == 0)
			return &q->row[i];
	return NULL;
}

int64_t quota_for(const struct quotas *q, const char *bare, enum quota_key k, int64_t otherwise)
{
	const struct quota *row;
	size_t len;

	if (q == NULL || q->n == 0)
		return otherwise;
	row = find(q, bare, k);
	if (row == NULL)
		row = find(q, jid_text_domain(bare, &len), k);
	return row != NULL ? row->value : otherwise;
}

const struct quota *quota_at(const struct quotas *q, size_t i)
{
	return i < q->n ? &q->row[i] : NULL;
}

int quota_set(struct quotas *q, const char *subject, enum quota_key k, int64_t value,
    struct err *e)
{
	struct stmt *st = value < 0 ? q->drop : q->put;

	if (value >= 0 && q->n >= QUOTA_ROWS && find(q, subject, k) == NULL)
		return err_set(e, ERR_LIMIT, "there are %d quotas already", QUOTA_ROWS);
	q->stale = true;
	stmt_bind_text(st, 1, subject);
	stmt_bind_text(st, 2, names[k]);
	if (value >= 0)
		stmt_bind_int(st, 3, value);
	return stmt_run(st, NULL, e) == -1 ? -1 : load(q, e);
}
