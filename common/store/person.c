/* SPDX-License-Identifier: Apache-2.0 */
/*
 * person: one row an owner, all of them in memory.  A row is never edited but
 * replaced as a whole.  What a setting means is not known here.
 * Read next: mirror.h.
 */
#include "config.h"

#include "common/store/person.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/zone.h"
#include "common/store/mirror.h"
#include "common/store/store.h"
#include "common/store/table.h"

#define PERSONS_MAX 100000	/* people with a row */

struct kept {
	struct person pub;	/* first: a person is the start of its entry */
	uint64_t hash;
	size_t index;		/* in persons.all */
	char text[];
};

struct persons {
	struct store *store;
	struct mirror mirror;
	struct table_seed seed;
	struct table by_jid;
	struct kept **all;
	size_t n, cap;
	struct stmt *write;
	struct zones *zones;	/* those that people live in */
};

static const struct store_step steps[] = {
	{ 1, "CREATE TABLE person ("
	     " jid TEXT PRIMARY KEY NOT NULL, lang TEXT NOT NULL, zone TEXT NOT NULL,"
	     " mute_until INTEGER NOT NULL, digest INTEGER NOT NULL, doubt INTEGER NOT NULL,"
	     " code BLOB, heir TEXT, heir_until INTEGER NOT NULL, undo TEXT,"
	     " undo_until INTEGER NOT NULL) WITHOUT ROWID" },
};
static const struct store_schema schema = {
	"person", steps, sizeof(steps) / sizeof(steps[0])
};

/* ---- memory ---- */

static struct kept *find(const struct persons *p, const char *jid)
{
	uint64_t hash = table_hash_text(&p->seed, 0, jid);
	struct kept *k;
	size_t at;

	for (k = table_first(&p->by_jid, hash, &at); k; k = table_next(&p->by_jid, hash, &at))
		if (strcmp(k->pub.jid, jid) == 0)
			return k;
	return NULL;
}

static void swap(void *arg, void *out, void *in)
{
	struct persons *p = arg;
	struct kept *old = out, *new = in;

	if (old == NULL) {
		new->index = p->n;
		p->all[p->n++] = new;
		table_add(&p->by_jid, new->hash, new);
	} else if (new == NULL) {
		p->all[old->index] = p->all[--p->n];
		p->all[old->index]->index = old->index;
		table_remove(&p->by_jid, old->hash, old);
	} else {
		new->index = old->index;
		p->all[new->index] = new;
		table_replace(&p->by_jid, old->hash, old, new);
	}
}

static void drop(void *arg, void *item)
{
	(void)arg;
	free(item);
}

static const struct mirror_ops ops = { swap, drop, NULL };

static int reserve(struct persons *p, struct err *e)
{
	if (table_reserve(&p->by_jid, 1, e) == -1)
		return -1;
	if (p->n == p->cap) {
		size_t cap = p->cap > 0 ? 2 * p->cap : 64;
		struct kept **all = reallocarray(p->all, cap, sizeof(struct kept *));

		if (all == NULL)
			return err_set(e, ERR_SYSTEM, "out of memory");
		p->all = all;
		p->cap = cap;
	}
	return 0;
}

static struct kept *kept_new(const struct persons *p, const struct person *want, struct err *e)
{
	size_t jid = strlen(want->jid) + 1;
	size_t heir = want->heir != NULL ? strlen(want->heir) + 1 : 0;
	size_t undo = want->undo != NULL ? strlen(want->undo) + 1 : 0;
	struct kept *k = calloc(1, sizeof(*k) + jid + heir + undo);

	if (k == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	k->pub = *want;
	memcpy(k->text, want->jid, jid);
	k->pub.jid = k->text;
	if (want->heir != NULL)
		k->pub.heir = memcpy(k->text + jid, want->heir, heir);
	if (want->undo != NULL)
		k->pub.undo = memcpy(k->text + jid + heir, want->undo, undo);
	k->hash = table_hash_text(&p->seed, 0, want->jid);
	return k;
}

/* ---- changes ---- */

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same(const struct person *a, const struct person *b)
{
	return strcmp(a->lang, b->lang) == 0 && strcmp(a->zone, b->zone) == 0 &&
	    a->mute_until_ms == b->mute_until_ms && a->digest == b->digest &&
	    a->doubt == b->doubt && a->has_code == b->has_code &&
	    (!a->has_code || secret_bytes_equal(a->code_hash, b->code_hash, SECRET_HASH)) &&
	    same_text(a->heir, b->heir) && a->heir_until_ms == b->heir_until_ms &&
	    same_text(a->undo, b->undo) && a->undo_until_ms == b->undo_until_ms;
}

static int write_row(struct persons *p, const struct person *want, struct err *e)
{
	stmt_bind_text(p->write, 1, want->jid);
	stmt_bind_text(p->write, 2, want->lang);
	stmt_bind_text(p->write, 3, want->zone);
	stmt_bind_int(p->write, 4, want->mute_until_ms);
	stmt_bind_int(p->write, 5, want->digest);
	stmt_bind_int(p->write, 6, want->doubt);
	if (want->has_code)
		stmt_bind_blob(p->write, 7, want->code_hash, SECRET_HASH);
	else
		stmt_bind_null(p->write, 7);
	stmt_bind_text(p->write, 8, want->heir);
	stmt_bind_int(p->write, 9, want->heir_until_ms);
	stmt_bind_text(p->write, 10, want->undo);
	stmt_bind_int(p->write, 11, want->undo_until_ms);
	return stmt_run(p->write, NULL, e);
}

int person_put(struct persons *p, const struct person *want, struct err *e)
{
	struct kept *old = find(p, want->jid), *k;

	if (old != NULL && same(&old->pub, want))
		return 0;
	if (want->undo != NULL && strlen(want->undo) > PERSON_UNDO)
		return err_set(e, ERR_LIMIT, "too much to take back");
	if (old == NULL && p->n >= PERSONS_MAX)
		return err_set(e, ERR_LIMIT, "too many people");
	if (reserve(p, e) == -1 || mirror_reserve(&p->mirror, e) == -1 ||
	    (k = kept_new(p, want, e)) == NULL)
		return -1;
	if (write_row(p, &k->pub, e) == -1) {
		free(k);
		return -1;
	}
	mirror_swap(&p->mirror, old, k);
	return 0;
}

/* ---- lookups ---- */

const struct person *person_find(const struct persons *p, const char *bare)
{
	const struct kept *k = find(p, bare);

	return k != NULL ? &k->pub : NULL;
}

const struct zone *persons_find_zone(const struct persons *p, const char *name)
{
	return zones_find(p->zones, name);
}

const struct zone *person_zone(const struct persons *p, const char *bare)
{
	const struct kept *k = find(p, bare);

	return k == NULL || k->pub.zone[0] == '\0' ? NULL : persons_find_zone(p, k->pub.zone);
}

size_t person_count(const struct persons *p)
{
	return p->n;
}

const struct person *person_at(const struct persons *p, size_t i)
{
	return i < p->n ? &p->all[i]->pub : NULL;
}

/* ---- open ---- */

static bool copy_text(char *to, size_t size, const char *from)
{
	size_t len = from != NULL ? strlen(from) : size;

	if (len >= size)
		return false;
	memcpy(to, from, len + 1);
	return true;
}

static int read_row(struct stmt *st, struct person *out)
{
	size_t len = 0;
	const void *code = stmt_blob(st, 6, &len);
	int64_t doubt = stmt_int(st, 5);

	memset(out, 0, sizeof(*out));
	out->jid = stmt_text(st, 0);
	out->mute_until_ms = stmt_int(st, 3);
	out->digest = stmt_int(st, 4) != 0;
	out->doubt = (enum person_doubt)doubt;
	out->has_code = code != NULL;
	out->heir = stmt_text(st, 7);
	out->heir_until_ms = stmt_int(st, 8);
	out->undo = stmt_text(st, 9);
	out->undo_until_ms = stmt_int(st, 10);
	if (out->jid == NULL || doubt < DOUBT_NONE || doubt > DOUBT_GONE ||
	    !copy_text(out->lang, sizeof(out->lang), stmt_text(st, 1)) ||
	    !copy_text(out->zone, sizeof(out->zone), stmt_text(st, 2)) ||
	    (code != NULL && len != SECRET_HASH))
		return -1;
	if (code != NULL)
		memcpy(out->code_hash, code, SECRET_HASH);
	return 0;
}

static int load_row(struct persons *p, struct stmt *st, struct err *e)
{
	struct person row;
	struct kept *k;

	if (read_row(st, &row) != 0)
		return err_set(e, ERR_SYSTEM,
		    "row %zu of the table of people is damaged: restore a backup", p->n + 1);
	if (reserve(p, e) == -1 || (k = kept_new(p, &row, e)) == NULL)
		return -1;
	swap(p, NULL, k);
	return 0;
}

static int load(struct persons *p, struct err *e)
{
	struct stmt *st = store_prepare(p->store,
	    "SELECT jid, lang, zone, mute_until, digest, doubt, code, heir, heir_until,"
	    " undo, undo_until FROM person ORDER BY jid", e);
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

int persons_open(struct persons **out, struct store *s, struct err *e)
{
	struct persons *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	p->store = s;
	p->zones = zones_new(NULL);
	if (p->zones == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		goto fail;
	}
	if (table_seed(&p->seed, e) == -1 || store_migrate(s, &schema, e) == -1)
		goto fail;
	p->write = store_prepare(s, "INSERT OR REPLACE INTO person (jid, lang, zone, mute_until,"
	    " digest, doubt, code, heir, heir_until, undo, undo_until)"
	    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)", e);
	if (p->write == NULL || load(p, e) == -1)
		goto fail;
	mirror_open(&p->mirror, s, &ops, p);
	*out = p;
	return 0;
fail:
	persons_close(&p);
	return -1;
}

void persons_close(struct persons **pp)
{
	struct persons *p = *pp;

	if (p == NULL)
		return;
	*pp = NULL;
	for (size_t i = 0; i < p->n; i++)
		free(p->all[i]);
	free(p->all);
	table_fini(&p->by_jid);
	zones_free(&p->zones);
	mirror_close(&p->mirror);
	free(p);
}
