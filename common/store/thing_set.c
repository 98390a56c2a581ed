/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thing_set: one row a set, its things as one list of ids; few enough of one
 * owner to be searched one by one.  Rows are replaced as a whole.
 * Read next: mirror.h.
 */
#include "config.h"

#include "common/store/thing_set.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "common/store/mirror.h"
#include "common/store/ownership.h"
#include "common/store/store.h"
#include "common/store/table.h"

#define SETS_MAX 100000		/* of everybody */

struct kept {
	struct thing_set pub;	/* first: a set is the start of its entry */
	struct kept *next;	/* of the same owner, newest first */
	struct kept *prev;
	int64_t row;
	uint64_t hash;		/* of the owner */
	uint8_t data[];		/* ids, then the two texts */
};

/* The sets of one owner hang on the one that stands in the table. */
struct thing_sets {
	struct store *store;
	struct mirror mirror;
	struct table_seed seed;
	struct table by_owner;
	size_t n;
	int64_t last_row;
	struct stmt *write, *erase;
};

static const struct store_step steps[] = {
	{ 1, "CREATE TABLE thing_set ("
	     " row INTEGER PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL,"
	     " things BLOB NOT NULL)" },
};
static const struct store_schema schema = {
	"thing_set", steps, sizeof(steps) / sizeof(steps[0])
};

/* ---- memory ---- */

static struct kept *first_of(const struct thing_sets *t, const char *owner)
{
	uint64_t hash = table_hash_text(&t->seed, 0, owner);
	struct kept *k;
	size_t at;

	for (k = table_first(&t->by_owner, hash, &at); k; k = table_next(&t->by_owner, hash, &at))
		if (strcmp(k->pub.owner, owner) == 0)
			return k;
	return NULL;
}

static struct kept *find(const struct thing_sets *t, const char *owner, const char *name)
{
	struct kept *k = first_of(t, owner);

	while (k != NULL && !str_case_eq(k->pub.name, name))
		k = k->next;
	return k;
}

static void link_in(struct thing_sets *t, struct kept *k)
{
	struct kept *first = first_of(t, k->pub.owner);

	k->prev = NULL;
	k->next = first;
	if (first != NULL) {
		first->prev = k;
		table_replace(&t->by_owner, k->hash, first, k);
	} else {
		table_add(&t->by_owner, k->hash, k);
	}
	t->n++;
}

static void unlink_from(struct thing_sets *t, struct kept *k)
{
	if (k->next != NULL)
		k->next->prev = k->prev;
	if (k->prev != NULL)
		k->prev->next = k->next;
	else if (k->next != NULL)
		table_replace(&t->by_owner, k->hash, k, k->next);
	else
		table_remove(&t->by_owner, k->hash, k);
	t->n--;
}

static void swap(void *arg, void *out, void *in)
{
	if (out != NULL)
		unlink_from(arg, out);
	if (in != NULL)
		link_in(arg, in);
}

static void drop(void *arg, void *item)
{
	(void)arg;
	free(item);
}

static const struct mirror_ops ops = { swap, drop, NULL };

/* `things`: the ids of want->n things, one behind the other. */
static struct kept *kept_new(const struct thing_sets *t, const struct thing_set *want,
    const void *things, int64_t row, struct err *e)
{
	size_t ids = want->n * OWNERSHIP_ID, owner = strlen(want->owner) + 1;
	size_t name = strlen(want->name) + 1;
	struct kept *k = calloc(1, sizeof(*k) + ids + owner + name);

	if (k == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	if (ids > 0)
		memcpy(k->data, things, ids);
	k->pub.n = want->n;
	k->pub.thing = (void *)k->data;
	k->pub.owner = memcpy(k->data + ids, want->owner, owner);
	k->pub.name = memcpy(k->data + ids + owner, want->name, name);
	k->row = row;
	k->hash = table_hash_text(&t->seed, 0, want->owner);
	return k;
}

/* ---- changes ---- */

static int write_row(struct thing_sets *t, const struct kept *k, struct err *e)
{
	stmt_bind_int(t->write, 1, k->row);
	stmt_bind_text(t->write, 2, k->pub.owner);
	stmt_bind_text(t->write, 3, k->pub.name);
	stmt_bind_blob(t->write, 4, k->pub.thing, k->pub.n * OWNERSHIP_ID);
	return stmt_run(t->write, NULL, e);
}

static int erase(struct thing_sets *t, struct kept *k, struct err *e)
{
	if (mirror_reserve(&t->mirror, e) == -1)
		return -1;
	stmt_bind_int(t->erase, 1, k->row);
	if (stmt_run(t->erase, NULL, e) == -1)
		return -1;
	mirror_swap(&t->mirror, k, NULL);
	return 0;
}

static bool has_room(const struct thing_sets *t, const char *owner)
{
	size_t n = 0;

	for (const struct kept *k = first_of(t, owner); k != NULL; k = k->next)
		n++;
	return n < THING_SETS_PER_OWNER && t->n < SETS_MAX;
}

static int replace(struct thing_sets *t, struct kept *old, const struct thing_set *want,
    struct err *e)
{
	struct kept *k;

	if (table_reserve(&t->by_owner, 1, e) == -1 || mirror_reserve(&t->mirror, e) == -1 ||
	    (k = kept_new(t, want, want->thing, old != NULL ? old->row : t->last_row + 1,
	    e)) == NULL)
		return -1;
	if (write_row(t, k, e) == -1) {
		free(k);
		return -1;
	}
	if (old == NULL)
		t->last_row++;
	mirror_swap(&t->mirror, old, k);
	return 0;
}

int thing_set_put(struct thing_sets *t, const struct thing_set *want, struct err *e)
{
	struct kept *old = find(t, want->owner, want->name);

	if (want->n == 0)
		return old != NULL ? erase(t, old, e) : 0;
	if (want->n > THING_SET_THINGS)
		return err_set(e, ERR_LIMIT, "a set has at most %d things", THING_SET_THINGS);
	if (old == NULL && !has_room(t, want->owner))
		return err_set(e, ERR_LIMIT, "one owner has at most %d sets",
		    THING_SETS_PER_OWNER);
	return replace(t, old, want, e);
}

/* The set without one of its things; the last one takes the set with it. */
static int leave(struct thing_sets *t, struct kept *k, const uint8_t *thing, struct err *e)
{
	uint8_t (*rest)[OWNERSHIP_ID] = calloc(k->pub.n, OWNERSHIP_ID);
	struct thing_set want = k->pub;
	int rc;

	if (rest == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	want.n = 0;
	want.thing = (const uint8_t (*)[OWNERSHIP_ID])rest;
	for (size_t i = 0; i < k->pub.n; i++)
		if (memcmp(k->pub.thing[i], thing, OWNERSHIP_ID) != 0)
			memcpy(rest[want.n++], k->pub.thing[i], OWNERSHIP_ID);
	rc = want.n == 0 ? erase(t, k, e) : replace(t, k, &want, e);
	free(rest);
	return rc;
}

int thing_set_drop(struct thing_sets *t, const char *owner,
    const uint8_t thing[static OWNERSHIP_ID], struct err *e)
{
	struct kept *k = first_of(t, owner), *next;

	/* A set that shrinks moves to the front: those behind it stay where they are. */
	for (; k != NULL; k = next) {
		next = k->next;
		if (thing_set_has(&k->pub, thing) && leave(t, k, thing, e) == -1)
			return -1;
	}
	return 0;
}

/* ---- lookups ---- */

const struct thing_set *thing_set_find(const struct thing_sets *t, const char *owner,
    const char *name)
{
	const struct kept *k = find(t, owner, name);

	return k != NULL ? &k->pub : NULL;
}

const struct thing_set *thing_set_next(const struct thing_sets *t, const char *owner,
    const struct thing_set *after)
{
	const struct kept *k = after == NULL ? first_of(t, owner) :
	    ((const struct kept *)after)->next;

	return k != NULL ? &k->pub : NULL;
}

bool thing_set_has(const struct thing_set *s, const uint8_t thing[static OWNERSHIP_ID])
{
	for (size_t i = 0; i < s->n; i++)
		if (memcmp(s->thing[i], thing, OWNERSHIP_ID) == 0)
			return true;
	return false;
}

/* ---- open ---- */

static int load_row(struct thing_sets *t, struct stmt *st, struct err *e)
{
	size_t len = 0;
	const void *things = stmt_blob(st, 3, &len);
	struct thing_set row = {
		.owner = stmt_text(st, 1), .name = stmt_text(st, 2), .n = len / OWNERSHIP_ID,
	};
	struct kept *k;

	if (row.owner == NULL || row.name == NULL || things == NULL || row.n == 0 ||
	    row.n > THING_SET_THINGS || len % OWNERSHIP_ID != 0)
		return err_set(e, ERR_SYSTEM,
		    "row %lld of the sets of things is damaged: restore a backup",
		    (long long)stmt_int(st, 0));
	if (table_reserve(&t->by_owner, 1, e) == -1 ||
	    (k = kept_new(t, &row, things, stmt_int(st, 0), e)) == NULL)
		return -1;
	link_in(t, k);
	t->last_row = k->row;
	return 0;
}

static int load(struct thing_sets *t, struct err *e)
{
	struct stmt *st = store_prepare(t->store,
	    "SELECT row, owner, name, things FROM thing_set ORDER BY row", e);
	int got;

	if (st == NULL)
		return -1;
	while ((got = stmt_step(st, e)) == 1) {
		if (load_row(t, st, e) == -1) {
			stmt_reset(st);
			return -1;
		}
	}
	return got;
}

int thing_sets_open(struct thing_sets **out, struct store *s, struct err *e)
{
	struct thing_sets *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	t->store = s;
	if (table_seed(&t->seed, e) == -1 || store_migrate(s, &schema, e) == -1)
		goto fail;
	t->write = store_prepare(s, "INSERT OR REPLACE INTO thing_set (row, owner, name, things)"
	    " VALUES ($1, $2, $3, $4)", e);
	t->erase = store_prepare(s, "DELETE FROM thing_set WHERE row = $1", e);
	if (t->write == NULL || t->erase == NULL || load(t, e) == -1)
		goto fail;
	mirror_open(&t->mirror, s, &ops, t);
	*out = t;
	return 0;
fail:
	thing_sets_close(&t);
	return -1;
}

void thing_sets_close(struct thing_sets **tp)
{
	struct thing_sets *t = *tp;

	if (t == NULL)
		return;
	*tp = NULL;
	for (size_t i = 0; i < t->by_owner.cap; i++) {
		struct kept *k = t->by_owner.slot[i].item, *next;

		for (; k != NULL; k = next) {
			next = k->next;
			free(k);
		}
	}
	table_fini(&t->by_owner);
	mirror_close(&t->mirror);
	free(t);
}
