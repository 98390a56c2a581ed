/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asker: the table of askers, by address, in order, and by when something is
 * due.  A rollback brings the replaced ones back (common/store/mirror.h).
 */
#include "config.h"

#include "provisioning/asker.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/due.h"
#include "common/store/mirror.h"
#include "common/store/store.h"
#include "common/store/table.h"

struct item {
	struct asker pub;	/* first: an asker is the start of its item */
	struct due due;
	uint64_t hash;
	size_t index;
	char jid[];
};

struct askers {
	struct table_seed seed;
	struct table by_jid;
	struct item **all;
	size_t n, cap;
	struct due_heap heap;
	struct mirror mirror;
	struct stmt *put;
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_SYSTEM, "out of memory");
}

static struct item *find(const struct askers *a, const char *jid)
{
	uint64_t hash = table_hash_text(&a->seed, 0, jid);
	struct item *k;
	size_t at;

	for (k = table_first(&a->by_jid, hash, &at); k; k = table_next(&a->by_jid, hash, &at))
		if (strcmp(k->jid, jid) == 0)
			return k;
	return NULL;
}

static struct item *item_of(const struct asker *k)
{
	return (struct item *)(uintptr_t)k;
}

static struct item *item_of_due(const struct due *d)
{
	return (struct item *)(uintptr_t)((const char *)d - offsetof(struct item, due));
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a <= 0 || (b > 0 && b < a) ? b : a;
}

static int64_t moment(const struct asker *k)
{
	return earlier(earlier(k->edge_ms, k->gap_ms), k->again_ms);
}

static void schedule(struct askers *a, struct item *k)
{
	if (moment(&k->pub) > 0)
		due_put(&a->heap, &k->due, moment(&k->pub));
	else
		due_remove(&a->heap, &k->due);
}

static void swap(void *arg, void *out, void *in)
{
	struct askers *a = arg;
	struct item *gone = out, *come = in;

	if (gone != NULL)
		due_remove(&a->heap, &gone->due);
	if (gone != NULL && come != NULL) {
		table_replace(&a->by_jid, gone->hash, gone, come);
		come->index = gone->index;
		a->all[come->index] = come;
	} else if (come != NULL) {
		table_add(&a->by_jid, come->hash, come);
		come->index = a->n;
		a->all[a->n++] = come;
	} else {	/* undone, so it was the last */
		table_remove(&a->by_jid, gone->hash, gone);
		a->n--;
	}
	if (come != NULL)
		schedule(a, come);
}

static void drop(void *arg, void *item)
{
	(void)arg;
	free(item);
}

static const struct mirror_ops ops = { .swap = swap, .drop = drop };

static int reserve(struct askers *a)
{
	size_t cap = a->cap > 0 ? 2 * a->cap : 64;
	struct item **grown;

	if (table_reserve(&a->by_jid, 1, NULL) != 0)
		return -1;
	if (a->n < a->cap)
		return 0;
	grown = reallocarray(a->all, cap, sizeof(struct item *));
	if (grown == NULL)
		return -1;
	a->all = grown;
	if (due_reserve(&a->heap, cap) != 0)
		return -1;
	a->cap = cap;
	return 0;
}

static struct item *item_new(struct askers *a, const struct asker *k)
{
	size_t len = strlen(k->jid) + 1;
	struct item *item = reserve(a) != 0 ? NULL : calloc(1, sizeof(*item) + len);

	if (item == NULL)
		return NULL;
	item->pub = *k;
	item->pub.jid = memcpy(item->jid, k->jid, len);
	item->hash = table_hash_text(&a->seed, 0, item->jid);
	return item;
}

const struct asker *asker_find(const struct askers *a, const char *jid)
{
	const struct item *k = find(a, jid);

	return k != NULL ? &k->pub : NULL;
}

int asker_put(struct askers *a, const struct asker *k, struct err *e)
{
	struct item *item;

	if (mirror_reserve(&a->mirror, e) != 0)
		return -1;
	item = item_new(a, k);
	if (item == NULL)
		return no_memory(e);
	stmt_bind_text(a->put, 1, k->jid);
	stmt_bind_int(a->put, 2, k->keeps_lease);
	stmt_bind_int(a->put, 3, k->edge_ms);
	stmt_bind_int(a->put, 4, k->again_ms);
	if (stmt_run(a->put, NULL, e) != 0) {
		free(item);
		return -1;
	}
	mirror_swap(&a->mirror, find(a, k->jid), item);
	return 0;
}

size_t asker_count(const struct askers *a)
{
	return a->n;
}

const struct asker *asker_at(const struct askers *a, size_t i)
{
	return i < a->n ? &a->all[i]->pub : NULL;
}

void asker_set_gap(struct askers *a, const struct asker *k, int64_t gap_ms)
{
	item_of(k)->pub.gap_ms = gap_ms;
	schedule(a, item_of(k));
}

void asker_set_lease(const struct asker *k, int64_t boot_ms)
{
	item_of(k)->pub.lease_boot_ms = boot_ms;
}

const struct asker *asker_next(const struct askers *a, int64_t *when_ms)
{
	const struct due *first = due_first(&a->heap);

	if (first == NULL)
		return NULL;
	*when_ms = first->ms;
	return &item_of_due(first)->pub;
}

/* ---- open ---- */

static int load(struct askers *a, struct store *s, struct err *e)
{
	struct stmt *st = store_prepare(s, "SELECT jid, lease, edge_ms, again FROM asker", e);
	int got;

	if (st == NULL)
		return -1;
	while ((got = stmt_step(st, e)) == 1) {
		struct asker k = { .jid = stmt_text(st, 0), .keeps_lease = stmt_int(st, 1) != 0,
			.edge_ms = stmt_int(st, 2), .again_ms = stmt_int(st, 3) };
		struct item *item = k.jid != NULL ? item_new(a, &k) : NULL;

		if (item == NULL) {
			stmt_reset(st);
			return no_memory(e);
		}
		swap(a, NULL, item);
	}
	return got;
}

/* Its table is as old as that of rules, and made there. */
int askers_open(struct askers **out, struct store *s, struct err *e)
{
	struct askers *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return no_memory(e);
	a->put = store_prepare(s, "INSERT INTO asker (jid, lease, edge_ms, again)"
	    " VALUES ($1, $2, $3, $4) ON CONFLICT (jid) DO UPDATE SET"
	    " lease = excluded.lease, edge_ms = excluded.edge_ms, again = excluded.again", e);
	if (a->put == NULL || table_seed(&a->seed, e) != 0 || load(a, s, e) != 0) {
		askers_close(&a);
		return -1;
	}
	mirror_open(&a->mirror, s, &ops, a);
	*out = a;
	return 0;
}

void askers_close(struct askers **ap)
{
	struct askers *a = *ap;

	if (a == NULL)
		return;
	*ap = NULL;
	for (size_t i = 0; i < a->n; i++)
		free(a->all[i]);
	free(a->all);
	due_fini(&a->heap);
	table_fini(&a->by_jid);
	mirror_close(&a->mirror);
	free(a);
}
