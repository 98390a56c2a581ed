/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parked: the few requests that wait for somebody else, in a plain array
 * beside their rows.  Who answers them is not known here.
 */
#include "config.h"

#include "common/store/parked.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "common/store/mirror.h"
#include "common/store/store.h"

#define PARKED_MAX 10000	/* in all; over it askers are told to wait */

struct wait {
	struct parked pub;
	int64_t due_boot_ms;	/* the deadline, on the clock that is never set */
	size_t index;
	char text[];
};

struct parked_table {
	struct store *store;
	const struct clock *clock;
	struct mirror mirror;
	struct wait **all;
	size_t n, cap;
	int64_t last_row;
	struct stmt *write, *erase;
};

static const struct store_step steps[] = {
	{ 1, "CREATE TABLE parked ("
	     " row INTEGER PRIMARY KEY, asker TEXT NOT NULL, addressed TEXT NOT NULL,"
	     " iq_id TEXT, verb INTEGER NOT NULL, gen INTEGER NOT NULL, vocab INTEGER NOT NULL,"
	     " waits_for TEXT NOT NULL, deadline INTEGER NOT NULL)" },
	{ 2, "ALTER TABLE parked ADD COLUMN request TEXT" },
};
static const struct store_schema schema = {
	"parked", steps, sizeof(steps) / sizeof(steps[0])
};

/* ---- memory ---- */

static void keep_text(const char **s, char **to)
{
	if (*s == NULL)
		return;
	size_t n = strlen(*s) + 1;

	memcpy(*to, *s, n);
	*s = *to;
	*to += n;
}

static struct wait *wait_new(const struct parked_table *p, const struct parked *r, int64_t row,
    struct err *e)
{
	size_t bytes = strlen(r->asker) + strlen(r->to) + strlen(r->waits_for) +
	    (r->iq_id != NULL ? strlen(r->iq_id) : 0) +
	    (r->request != NULL ? strlen(r->request) : 0) + 5;
	struct wait *w = calloc(1, sizeof(*w) + bytes);
	char *to;

	if (w == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	w->pub = *r;
	w->pub.row = row;
	w->due_boot_ms = clock_boot(p->clock) + r->deadline_ms - clock_wall(p->clock);
	to = w->text;
	keep_text(&w->pub.asker, &to);
	keep_text(&w->pub.to, &to);
	keep_text(&w->pub.iq_id, &to);
	keep_text(&w->pub.waits_for, &to);
	keep_text(&w->pub.request, &to);
	return w;
}

static void swap(void *arg, void *out, void *in)
{
	struct parked_table *p = arg;

	if (in != NULL) {
		struct wait *w = in;

		w->index = p->n;
		p->all[p->n++] = w;
	} else {
		const struct wait *w = out;

		p->all[w->index] = p->all[--p->n];
		p->all[w->index]->index = w->index;
	}
}

static void drop(void *arg, void *item)
{
	(void)arg;
	free(item);
}

static const struct mirror_ops ops = { swap, drop, NULL };

static int reserve(struct parked_table *p, struct err *e)
{
	if (p->n == p->cap) {
		size_t cap = p->cap > 0 ? 2 * p->cap : 16;
		struct wait **all = reallocarray(p->all, cap, sizeof(*all));

		if (all == NULL)
			return err_set(e, ERR_SYSTEM, "out of memory");
		p->all = all;
		p->cap = cap;
	}
	return 0;
}

/* ---- open ---- */

static int load_row(struct parked_table *p, struct stmt *st, struct err *e)
{
	struct parked r = {
		.asker = stmt_text(st, 1), .to = stmt_text(st, 2), .iq_id = stmt_text(st, 3),
		.verb = (int)stmt_int(st, 4), .gen = (int)stmt_int(st, 5),
		.vocab = (int)stmt_int(st, 6), .waits_for = stmt_text(st, 7),
		.deadline_ms = stmt_int(st, 8), .request = stmt_text(st, 9),
	};
	struct wait *w;

	if (r.asker == NULL || r.to == NULL || r.waits_for == NULL)
		return err_set(e, ERR_SYSTEM,
		    "row %lld of the parked requests is damaged: restore a backup",
		    (long long)stmt_int(st, 0));
	if (reserve(p, e) == -1 || (w = wait_new(p, &r, stmt_int(st, 0), e)) == NULL)
		return -1;
	swap(p, NULL, w);
	p->last_row = w->pub.row;
	return 0;
}

static int load(struct parked_table *p, struct err *e)
{
	struct stmt *st = store_prepare(p->store,
	    "SELECT row, asker, addressed, iq_id, verb, gen, vocab, waits_for, deadline,"
	    " request FROM parked ORDER BY row", e);
	int got;

	if (st == NULL)
		return -1;
	while ((got = stmt_step(st, e)) == 1) {
		if (load_row(p, st, e) == -1) {
			stmt_reset(st);
			return -1;
		}
	}
	return got;
}

int parked_open(struct parked_table **out, struct store *s, const struct clock *clock,
    struct err *e)
{
	struct parked_table *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	p->store = s;
	p->clock = clock;
	if (store_migrate(s, &schema, e) == -1)
		goto fail;
	p->write = store_prepare(s, "INSERT INTO parked (row, asker, addressed, iq_id, verb, gen,"
	    " vocab, waits_for, deadline, request)"
	    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", e);
	p->erase = store_prepare(s, "DELETE FROM parked WHERE row = $1", e);
	if (p->write == NULL || p->erase == NULL || load(p, e) == -1)
		goto fail;
	mirror_open(&p->mirror, s, &ops, p);
	*out = p;
	return 0;
fail:
	parked_close(&p);
	return -1;
}

void parked_close(struct parked_table **pp)
{
	struct parked_table *p = *pp;

	if (p == NULL)
		return;
	*pp = NULL;
	for (size_t i = 0; i < p->n; i++)
		free(p->all[i]);
	free(p->all);
	mirror_close(&p->mirror);
	free(p);
}

/* ---- changes ---- */

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool identical(const struct parked *a, const struct parked *b)
{
	return a->verb == b->verb && strcmp(a->asker, b->asker) == 0 &&
	    strcmp(a->waits_for, b->waits_for) == 0 && same_text(a->iq_id, b->iq_id);
}

static int write_row(struct parked_table *p, const struct parked *r, struct err *e)
{
	stmt_bind_int(p->write, 1, r->row);
	stmt_bind_text(p->write, 2, r->asker);
	stmt_bind_text(p->write, 3, r->to);
	stmt_bind_text(p->write, 4, r->iq_id);
	stmt_bind_int(p->write, 5, r->verb);
	stmt_bind_int(p->write, 6, r->gen);
	stmt_bind_int(p->write, 7, r->vocab);
	stmt_bind_text(p->write, 8, r->waits_for);
	stmt_bind_int(p->write, 9, r->deadline_ms);
	stmt_bind_text(p->write, 10, r->request);
	return stmt_run(p->write, NULL, e);
}

/* The limit counts people, not their resources. */
static bool same_asker(const char *a, const char *b)
{
	size_t n = strcspn(a, "/");

	return n == strcspn(b, "/") && strncmp(a, b, n) == 0;
}

int parked_add(struct parked_table *p, const struct parked *r, struct err *e)
{
	size_t of_asker = 0;
	struct wait *w;

	for (size_t i = 0; i < p->n; i++) {
		if (identical(&p->all[i]->pub, r))
			return 0;
		of_asker += same_asker(p->all[i]->pub.asker, r->asker);
	}
	if (of_asker >= PARKED_PER_ASKER || p->n >= PARKED_MAX)
		return err_set(e, ERR_LIMIT, "too many requests wait already");
	if (r->request != NULL && strlen(r->request) > PARKED_REQUEST)
		return err_set(e, ERR_LIMIT, "too long a request to wait");
	if (reserve(p, e) == -1 || mirror_reserve(&p->mirror, e) == -1 ||
	    (w = wait_new(p, r, p->last_row + 1, e)) == NULL)
		return -1;
	if (write_row(p, &w->pub, e) == -1) {
		free(w);
		return -1;
	}
	p->last_row++;
	mirror_swap(&p->mirror, NULL, w);
	return 1;
}

/* The mirror keeps the row's strings until the transaction ends. */
static int take(struct parked_table *p, struct wait *w, struct parked *out, struct err *e)
{
	if (w == NULL)
		return 0;
	if (mirror_reserve(&p->mirror, e) == -1)
		return -1;
	stmt_bind_int(p->erase, 1, w->pub.row);
	if (stmt_run(p->erase, NULL, e) == -1)
		return -1;
	*out = w->pub;
	mirror_swap(&p->mirror, w, NULL);
	return 1;
}

int parked_take(struct parked_table *p, const char *waits_for, struct parked *out, struct err *e)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->all[i]->pub.waits_for, waits_for) == 0)
			return take(p, p->all[i], out, e);
	return 0;
}

static struct wait *earliest(const struct parked_table *p, const char *kind)
{
	struct wait *w = NULL;

	for (size_t i = 0; i < p->n; i++)
		if (str_starts(p->all[i]->pub.waits_for, kind) &&
		    (w == NULL || p->all[i]->due_boot_ms < w->due_boot_ms))
			w = p->all[i];
	return w;
}

int parked_take_late(struct parked_table *p, const char *kind, struct parked *out,
    struct err *e)
{
	struct wait *w = earliest(p, kind);

	if (w == NULL || w->due_boot_ms > clock_boot(p->clock))
		return 0;
	return take(p, w, out, e);
}

int64_t parked_deadline(const struct parked_table *p, const char *kind)
{
	const struct wait *w = earliest(p, kind);

	return w == NULL ? -1 : clock_wall(p->clock) + w->due_boot_ms - clock_boot(p->clock);
}

void parked_within(struct parked_table *p, const char *kind, int64_t ms)
{
	int64_t latest = clock_boot(p->clock) + ms;

	for (size_t i = 0; i < p->n; i++)
		if (str_starts(p->all[i]->pub.waits_for, kind) && p->all[i]->due_boot_ms > latest)
			p->all[i]->due_boot_ms = latest;
}
