/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thing_store: two append-only tables without indices, each with its mirror.
 * Read first: common/store/mirror.h.
 */
#include "config.h"

#include "registry/thing_store.h"

#include <stdlib.h>
#include <string.h>

#include "common/store/mirror.h"
#include "common/store/store.h"
#include "common/store/table.h"
#include "registry/tags.h"

#define KEY_NUMBER 1	/* a second key would stand beside the first */

struct record {
	struct thing pub;	/* first: a thing is the start of its record */
	int64_t row;
	uint64_t name;
	struct record *next, *prev;	/* ring of one digest; its head is in the table */
	uint8_t bytes[];		/* the packed tags */
};

struct spent {
	struct used pub;	/* first, as above */
	int64_t row;
	char owner[];
};

struct thing_store {
	struct store *store;
	struct table_seed seed;
	struct mirror things, used;
	struct table by_id, by_digest, by_key, by_name, by_used;
	int64_t last_thing, last_used;
	struct spent **receipts;	/* by row; NULL where the receipt is over */
	size_t n_receipts, first_receipt, cap_receipts;
	int64_t forget_at;		/* row the walk of thing_store_forget() came to */
	struct stmt *write, *erase, *spend, *next_used, *unspend;
	thing_changed_fn changed, retagged;
	void *retagged_arg;
	void *changed_arg;
};

static const struct store_step steps[] = {
	{ 1, "CREATE TABLE registry_key (number INTEGER PRIMARY KEY, proof BLOB NOT NULL);"
	     "CREATE TABLE registry_thing ("
	     " row INTEGER PRIMARY KEY, id BLOB NOT NULL, digest BLOB NOT NULL,"
	     " form INTEGER NOT NULL, key INTEGER NOT NULL, tags BLOB NOT NULL,"
	     " at INTEGER NOT NULL);"
	     "CREATE TABLE registry_used ("
	     " row INTEGER PRIMARY KEY, digest BLOB NOT NULL, form INTEGER NOT NULL,"
	     " key INTEGER NOT NULL, owner TEXT, id BLOB NOT NULL, epoch INTEGER NOT NULL,"
	     " at INTEGER NOT NULL)" },
	{ 2, "ALTER TABLE registry_thing ADD COLUMN can INTEGER NOT NULL DEFAULT 0;"
	     "ALTER TABLE registry_thing ADD COLUMN continuity BLOB" },
	{ 3, "ALTER TABLE registry_thing ADD COLUMN key_bits INTEGER NOT NULL DEFAULT 0" },
	{ 4, "ALTER TABLE registry_thing ADD COLUMN heard_epoch INTEGER NOT NULL DEFAULT 0;"
	     "ALTER TABLE registry_thing ADD COLUMN heard_floor INTEGER NOT NULL DEFAULT 0;"
	     "ALTER TABLE registry_thing ADD COLUMN noticed INTEGER NOT NULL DEFAULT 0" },
};
static const struct store_schema schema = {
	"registry", steps, sizeof(steps) / sizeof(steps[0])
};

/* ---- memory of things ---- */

uint64_t thing_store_name(const struct thing_store *t, const struct tag_list *tags)
{
	const struct tag *man = tag_find(tags, "MAN"), *sn = tag_find(tags, "SN");

	if (man == NULL || sn == NULL)
		return 0;
	return table_hash_text(&t->seed, table_hash_text(&t->seed, 0, man->str), sn->str);
}

/* Packed tags that are damaged have no name; who reads them says so. */
static uint64_t name_of(const struct thing_store *t, const struct thing *thing)
{
	const char *man, *sn;
	size_t man_len, sn_len;

	if (!tags_find_packed(thing->tags, thing->tags_len, "MAN", &man, &man_len) ||
	    !tags_find_packed(thing->tags, thing->tags_len, "SN", &sn, &sn_len))
		return 0;
	return table_hash(&t->seed, table_hash(&t->seed, 0, man, man_len), sn, sn_len);
}

static struct record *record_new(const struct thing_store *t, const struct thing *thing,
    int64_t row, struct err *e)
{
	struct record *r = malloc(sizeof(*r) + thing->tags_len);

	if (r == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	r->pub = *thing;
	r->row = row;
	if (thing->tags_len > 0)
		memcpy(r->bytes, thing->tags, thing->tags_len);
	r->pub.tags = r->bytes;
	r->name = name_of(t, &r->pub);
	return r;
}

static uint64_t hash_id(const struct thing_store *t, const uint8_t *id)
{
	return table_hash(&t->seed, 0, id, OWNERSHIP_ID);
}

static uint64_t hash_digest(const struct thing_store *t, const uint8_t *digest)
{
	return table_hash(&t->seed, 0, digest, DIGEST_BYTES);
}

static uint64_t hash_key(const struct thing_store *t, const uint8_t *key)
{
	return table_hash(&t->seed, 0, key, THING_KEY);
}

static struct record *find_head(const struct thing_store *t, const uint8_t *digest)
{
	uint64_t hash = hash_digest(t, digest);
	size_t at;
	struct record *r;

	for (r = table_first(&t->by_digest, hash, &at); r;
	    r = table_next(&t->by_digest, hash, &at))
		if (secret_bytes_equal(r->pub.digest, digest, DIGEST_BYTES))
			return r;
	return NULL;
}

/* However many twins register, each comes and goes in a few steps. */
static void join_ring(struct thing_store *t, struct record *r)
{
	struct record *head = find_head(t, r->pub.digest);

	if (head == NULL) {
		r->next = r->prev = r;
		table_add(&t->by_digest, hash_digest(t, r->pub.digest), r);
		return;
	}
	/* At the end: who comes with many twins stays behind those who were there. */
	r->next = head;
	r->prev = head->prev;
	head->prev->next = r;
	head->prev = r;
}

static void leave_ring(struct thing_store *t, struct record *r)
{
	bool is_head = find_head(t, r->pub.digest) == r;

	if (r->next == r) {
		table_remove(&t->by_digest, hash_digest(t, r->pub.digest), r);
		return;
	}
	if (is_head)
		table_replace(&t->by_digest, hash_digest(t, r->pub.digest), r, r->next);
	r->next->prev = r->prev;
	r->prev->next = r->next;
}

static void come_in(struct thing_store *t, struct record *r)
{
	table_add(&t->by_id, hash_id(t, r->pub.id), r);
	join_ring(t, r);
	if (r->pub.has_key)
		table_add(&t->by_key, hash_key(t, r->pub.key), r);
	if (r->name != 0)
		table_add(&t->by_name, r->name, r);
}

static void go_out(struct thing_store *t, struct record *r)
{
	table_remove(&t->by_id, hash_id(t, r->pub.id), r);
	leave_ring(t, r);
	if (r->pub.has_key)
		table_remove(&t->by_key, hash_key(t, r->pub.key), r);
	if (r->name != 0)
		table_remove(&t->by_name, r->name, r);
}

static void swap_thing(void *arg, void *out, void *in)
{
	if (out != NULL)
		go_out(arg, out);
	if (in != NULL)
		come_in(arg, in);
}

static int reserve_thing(struct thing_store *t, struct err *e)
{
	return table_reserve(&t->by_id, 1, e) == -1 || table_reserve(&t->by_digest, 1, e) == -1 ||
	    table_reserve(&t->by_key, 1, e) == -1 || table_reserve(&t->by_name, 1, e) == -1 ?
	    -1 : 0;
}

static void drop(void *arg, void *item)
{
	(void)arg;
	free(item);
}

static const struct mirror_ops thing_ops = { swap_thing, drop, NULL };

static struct record *find_record(const struct thing_store *t, const uint8_t *id)
{
	uint64_t hash = hash_id(t, id);
	size_t at;
	struct record *r;

	for (r = table_first(&t->by_id, hash, &at); r; r = table_next(&t->by_id, hash, &at))
		if (memcmp(r->pub.id, id, OWNERSHIP_ID) == 0)
			return r;
	return NULL;
}

const struct thing *thing_store_find(const struct thing_store *t,
    const uint8_t id[static OWNERSHIP_ID])
{
	const struct record *r = find_record(t, id);

	return r != NULL ? &r->pub : NULL;
}

size_t thing_store_same(const struct thing_store *t, const uint8_t digest[static DIGEST_BYTES],
    const struct thing **out, size_t max)
{
	const struct record *head = find_head(t, digest);
	const struct record *r = head;
	size_t n = 0;

	while (r != NULL && n < max) {
		out[n++] = &r->pub;
		r = r->next != head ? r->next : NULL;
	}
	return n;
}

size_t thing_store_of_key(const struct thing_store *t, const uint8_t key[static THING_KEY],
    const struct thing **out, size_t max)
{
	uint64_t hash = hash_key(t, key);
	size_t at, n = 0;
	const struct record *r;

	for (r = table_first(&t->by_key, hash, &at); r != NULL && n < max;
	    r = table_next(&t->by_key, hash, &at))
		if (memcmp(r->pub.key, key, THING_KEY) == 0)
			out[n++] = &r->pub;
	return n;
}

size_t thing_store_named(const struct thing_store *t, uint64_t name, const struct thing **out,
    size_t max)
{
	size_t at, n = 0;
	const struct record *r;

	if (name == 0)
		return 0;
	for (r = table_first(&t->by_name, name, &at); r != NULL && n < max;
	    r = table_next(&t->by_name, name, &at))
		out[n++] = &r->pub;
	return n;
}

/* ---- memory of used digests ---- */

static struct spent *spent_new(const struct used *u, int64_t row, struct err *e)
{
	size_t owner = u->owner != NULL ? strlen(u->owner) + 1 : 0;
	struct spent *s = malloc(sizeof(*s) + owner);

	if (s == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	s->pub = *u;
	s->row = row;
	if (u->owner != NULL)
		s->pub.owner = memcpy(s->owner, u->owner, owner);
	return s;
}

static void leave_list(struct thing_store *t, const struct spent *gone, struct spent *come)
{
	for (size_t i = t->first_receipt; i < t->n_receipts; i++) {
		if (t->receipts[i] == gone) {
			t->receipts[i] = come;
			return;
		}
	}
}

/* The list holds receipts, in order, from the first living one on. */
static void swap_used(void *arg, void *out, void *in)
{
	struct thing_store *t = arg;
	struct spent *gone = out, *come = in;

	if (gone != NULL && come != NULL) {
		table_replace(&t->by_used, hash_digest(t, gone->pub.digest), gone, come);
		leave_list(t, gone, come);
	} else if (come != NULL) {
		table_add(&t->by_used, hash_digest(t, come->pub.digest), come);
		if (come->pub.owner != NULL)
			t->receipts[t->n_receipts++] = come;
	} else {
		table_remove(&t->by_used, hash_digest(t, gone->pub.digest), gone);
		if (t->n_receipts > t->first_receipt && t->receipts[t->n_receipts - 1] == gone)
			t->n_receipts--;
		else
			leave_list(t, gone, NULL);
	}
}

/* Receipts end in the order they began: what is over leaves the front. */
static void kept_used(void *arg, void *item)
{
	struct thing_store *t = arg;

	(void)item;
	while (t->first_receipt < t->n_receipts &&
	    (t->receipts[t->first_receipt] == NULL ||
	    t->receipts[t->first_receipt]->pub.owner == NULL))
		t->first_receipt++;
}

static const struct mirror_ops used_ops = { swap_used, drop, kept_used };

static const struct used *latest_use(const struct thing_store *t, const uint8_t *digest,
    const char *owner)
{
	uint64_t hash = hash_digest(t, digest);
	const struct spent *s, *latest = NULL;
	size_t at;

	for (s = table_first(&t->by_used, hash, &at); s; s = table_next(&t->by_used, hash, &at)) {
		if (!secret_bytes_equal(s->pub.digest, digest, DIGEST_BYTES) ||
		    (latest != NULL && s->row < latest->row))
			continue;
		if (owner == NULL || (s->pub.owner != NULL && strcmp(s->pub.owner, owner) == 0))
			latest = s;
	}
	return latest != NULL ? &latest->pub : NULL;
}

const struct used *thing_store_used(const struct thing_store *t,
    const uint8_t digest[static DIGEST_BYTES])
{
	return latest_use(t, digest, NULL);
}

const struct used *thing_store_receipt(const struct thing_store *t,
    const uint8_t digest[static DIGEST_BYTES], const char *owner)
{
	return latest_use(t, digest, owner);
}

static int reserve_used(struct thing_store *t, struct err *e)
{
	size_t living = t->n_receipts - t->first_receipt;
	size_t cap = t->cap_receipts > 0 ? 2 * t->cap_receipts : 256;
	struct spent **more;

	if (mirror_reserve(&t->used, e) == -1 || table_reserve(&t->by_used, 1, e) == -1)
		return -1;
	if (t->n_receipts < t->cap_receipts)
		return 0;
	if (living <= t->cap_receipts / 2 && t->first_receipt > 0) {
		memmove(t->receipts, t->receipts + t->first_receipt, living * sizeof(*more));
		t->first_receipt = 0;
		t->n_receipts = living;
		return 0;
	}
	more = reallocarray(t->receipts, cap, sizeof(*more));
	if (more == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	t->receipts = more;
	t->cap_receipts = cap;
	return 0;
}

/* ---- open ---- */

static int damaged(const char *table, int64_t row, struct err *e)
{
	return err_set(e, ERR_SYSTEM, "row %lld of the table %s is damaged: restore a backup",
	    (long long)row, table);
}

/* A row of another form or key belongs to a newer program. */
static bool fits(struct stmt *st, int form_column)
{
	return stmt_int(st, form_column) == DIGEST_FORM &&
	    stmt_int(st, form_column + 1) == KEY_NUMBER;
}

static int load_thing(struct thing_store *t, struct stmt *st, struct err *e)
{
	size_t id_len, digest_len;
	const void *id = stmt_blob(st, 1, &id_len);
	const void *digest = stmt_blob(st, 2, &digest_len);
	struct thing thing = {
		.at_ms = stmt_int(st, 6), .can = (unsigned)stmt_int(st, 7),
		.key_bits = (unsigned)stmt_int(st, 9),
		.heard_epoch = (uint64_t)stmt_int(st, 10),
		.heard_floor = (uint64_t)stmt_int(st, 11), .noticed = (stmt_int(st, 12) & 1) != 0,
		.let_go = (stmt_int(st, 12) & 2) != 0,
	};
	size_t key_len = 0;
	const void *key = stmt_blob(st, 8, &key_len);
	struct record *r;

	if (key != NULL && key_len != THING_KEY)
		return damaged("registry_thing", stmt_int(st, 0), e);
	thing.has_key = key != NULL;
	if (key != NULL)
		memcpy(thing.key, key, THING_KEY);
	if (id_len != OWNERSHIP_ID || digest_len != DIGEST_BYTES || !fits(st, 3))
		return damaged("registry_thing", stmt_int(st, 0), e);
	memcpy(thing.id, id, OWNERSHIP_ID);
	memcpy(thing.digest, digest, DIGEST_BYTES);
	thing.tags = stmt_blob(st, 5, &thing.tags_len);
	if (thing.tags_len > TAGS_BYTES || find_record(t, thing.id) != NULL)
		return damaged("registry_thing", stmt_int(st, 0), e);
	if (reserve_thing(t, e) == -1 || (r = record_new(t, &thing, stmt_int(st, 0), e)) == NULL)
		return -1;
	swap_thing(t, NULL, r);
	t->last_thing = r->row;
	return 0;
}

static int load_used(struct thing_store *t, struct stmt *st, struct err *e)
{
	size_t id_len, digest_len;
	const void *digest = stmt_blob(st, 1, &digest_len);
	const void *id = stmt_blob(st, 5, &id_len);
	struct used u = {
		.owner = stmt_text(st, 4), .epoch = (uint64_t)stmt_int(st, 6),
		.at_ms = stmt_int(st, 7),
	};
	struct spent *s;

	if (id_len != OWNERSHIP_ID || digest_len != DIGEST_BYTES || !fits(st, 2))
		return damaged("registry_used", stmt_int(st, 0), e);
	memcpy(u.id, id, OWNERSHIP_ID);
	memcpy(u.digest, digest, DIGEST_BYTES);
	if (reserve_used(t, e) == -1 || (s = spent_new(&u, stmt_int(st, 0), e)) == NULL)
		return -1;
	swap_used(t, NULL, s);
	kept_used(t, s);
	t->last_used = s->row;
	return 0;
}

static int load(struct thing_store *t, const char *sql,
    int (*row)(struct thing_store *, struct stmt *, struct err *), struct err *e)
{
	struct stmt *st = store_prepare(t->store, sql, e);
	int got;

	if (st == NULL)
		return -1;
	while ((got = stmt_step(st, e)) == 1) {
		if (row(t, st, e) == -1) {
			stmt_reset(st);
			return -1;
		}
	}
	return got;
}

/* All at once: growing on the way would take as long as reading. */
static int reserve_rows(struct thing_store *t, struct err *e)
{
	size_t things, used;

	return store_count(t->store, "SELECT count(*) FROM registry_thing", &things, e) == -1 ||
	    store_count(t->store, "SELECT count(*) FROM registry_used", &used, e) == -1 ||
	    table_reserve(&t->by_id, things, e) == -1 ||
	    table_reserve(&t->by_digest, things, e) == -1 ||
	    table_reserve(&t->by_used, used, e) == -1 ? -1 : 0;
}

static int write_key_check(struct thing_store *t, const uint8_t *proof, struct err *e)
{
	struct stmt *st = store_prepare(t->store,
	    "INSERT INTO registry_key (number, proof) VALUES ($1, $2)", e);

	if (st == NULL || store_begin(t->store, e) == -1)
		return -1;
	stmt_bind_int(st, 1, KEY_NUMBER);
	stmt_bind_blob(st, 2, proof, DIGEST_BYTES);
	if (stmt_run(st, NULL, e) == -1) {
		store_rollback(t->store);
		return -1;
	}
	return store_commit(t->store, e);
}

/* Digests made with another key would never match: every claim would fail
 * without anybody knowing why. */
static int check_key(struct thing_store *t, const struct secret *key, struct err *e)
{
	struct stmt *st = store_prepare(t->store,
	    "SELECT proof FROM registry_key WHERE number = $1", e);
	uint8_t proof[DIGEST_BYTES];
	const void *stored;
	size_t len;
	bool same;
	int got;

	if (st == NULL)
		return -1;
	digest_key_check(proof, key);
	stmt_bind_int(st, 1, KEY_NUMBER);
	got = stmt_step(st, e);
	if (got != 1)
		return got == 0 ? write_key_check(t, proof, e) : -1;
	stored = stmt_blob(st, 0, &len);
	same = len == DIGEST_BYTES && secret_bytes_equal(stored, proof, DIGEST_BYTES);
	stmt_reset(st);
	return same ? 0 : err_set(e, ERR_INPUT, "the hash key is not the one this store was made "
	    "with: put the old key file back, or its backup");
}

int thing_store_open(struct thing_store **out, struct store *s, const struct secret *key,
    struct err *e)
{
	struct thing_store *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	t->store = s;
	if (table_seed(&t->seed, e) == -1 || store_migrate(s, &schema, e) == -1 ||
	    check_key(t, key, e) == -1)
		goto fail;
	t->write = store_prepare(s, "INSERT OR REPLACE INTO registry_thing"
	    " (row, id, digest, form, key, tags, at, can, continuity, key_bits,"
	    " heard_epoch, heard_floor, noticed)"
	    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)", e);
	t->erase = store_prepare(s, "DELETE FROM registry_thing WHERE row = $1", e);
	t->spend = store_prepare(s, "INSERT OR REPLACE INTO registry_used"
	    " (row, digest, form, key, owner, id, epoch, at)"
	    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", e);
	t->next_used = store_prepare(s, "SELECT row, digest FROM registry_used WHERE row > $1"
	    " ORDER BY row LIMIT 1", e);
	t->unspend = store_prepare(s, "DELETE FROM registry_used WHERE row = $1", e);
	if (t->write == NULL || t->erase == NULL || t->spend == NULL || t->next_used == NULL ||
	    t->unspend == NULL)
		goto fail;
	if (reserve_rows(t, e) == -1 ||
	    load(t, "SELECT row, id, digest, form, key, tags, at, can, continuity, key_bits,"
	    " heard_epoch, heard_floor, noticed FROM registry_thing ORDER BY row", load_thing, e) == -1 ||
	    load(t, "SELECT row, digest, form, key, owner, id, epoch, at FROM registry_used"
	    " ORDER BY row", load_used, e) == -1)
		goto fail;
	mirror_open(&t->things, s, &thing_ops, t);
	mirror_open(&t->used, s, &used_ops, t);
	*out = t;
	return 0;
fail:
	thing_store_close(&t);
	return -1;
}

static void free_all(struct table *t)
{
	for (size_t i = 0; i < t->cap; i++)
		free(t->slot[i].item);
	table_fini(t);
}

void thing_store_close(struct thing_store **tp)
{
	struct thing_store *t = *tp;

	if (t == NULL)
		return;
	*tp = NULL;
	free_all(&t->by_id);
	free_all(&t->by_used);
	table_fini(&t->by_digest);
	table_fini(&t->by_key);
	table_fini(&t->by_name);
	mirror_close(&t->things);
	mirror_close(&t->used);
	free(t->receipts);
	free(t);
}

/* ---- changes ---- */

void thing_store_on_change(struct thing_store *t, thing_changed_fn fn, void *arg)
{
	t->changed = fn;
	t->changed_arg = arg;
}

void thing_store_on_tags(struct thing_store *t, thing_changed_fn fn, void *arg)
{
	t->retagged = fn;
	t->retagged_arg = arg;
}

static int tell(struct thing_store *t, const uint8_t *id, struct err *e)
{
	return t->changed != NULL ? t->changed(t->changed_arg, id, e) : 0;
}

static int write_thing(struct thing_store *t, const struct record *r, struct err *e)
{
	stmt_bind_int(t->write, 1, r->row);
	stmt_bind_blob(t->write, 2, r->pub.id, OWNERSHIP_ID);
	stmt_bind_blob(t->write, 3, r->pub.digest, DIGEST_BYTES);
	stmt_bind_int(t->write, 4, DIGEST_FORM);
	stmt_bind_int(t->write, 5, KEY_NUMBER);
	stmt_bind_blob(t->write, 6, r->pub.tags, r->pub.tags_len);
	stmt_bind_int(t->write, 7, r->pub.at_ms);
	stmt_bind_int(t->write, 8, r->pub.can);
	if (r->pub.has_key)
		stmt_bind_blob(t->write, 9, r->pub.key, THING_KEY);
	else
		stmt_bind_null(t->write, 9);
	stmt_bind_int(t->write, 10, r->pub.key_bits);
	stmt_bind_int(t->write, 11, (int64_t)r->pub.heard_epoch);
	stmt_bind_int(t->write, 12, (int64_t)r->pub.heard_floor);
	stmt_bind_int(t->write, 13, (r->pub.noticed ? 1 : 0) | (r->pub.let_go ? 2 : 0));
	return stmt_run(t->write, NULL, e);
}

int thing_store_put(struct thing_store *t, const struct thing *thing, struct err *e)
{
	struct record *old = find_record(t, thing->id);
	struct record *r;
	bool retagged;

	if (mirror_reserve(&t->things, e) == -1 || reserve_thing(t, e) == -1)
		return -1;
	r = record_new(t, thing, old != NULL ? old->row : t->last_thing + 1, e);
	if (r == NULL)
		return -1;
	if (write_thing(t, r, e) == -1) {
		free(r);
		return -1;
	}
	if (old == NULL)
		t->last_thing = r->row;
	retagged = old != NULL && t->retagged != NULL && (old->pub.tags_len != r->pub.tags_len ||
	    memcmp(old->pub.tags, r->pub.tags, r->pub.tags_len) != 0);
	mirror_swap(&t->things, old, r);
	if (tell(t, r->pub.id, e) != 0)
		return -1;
	return retagged ? t->retagged(t->retagged_arg, r->pub.id, e) : 0;
}

int thing_store_delete(struct thing_store *t, const uint8_t id[static OWNERSHIP_ID],
    struct err *e)
{
	struct record *old = find_record(t, id);

	if (old == NULL)
		return 0;
	if (mirror_reserve(&t->things, e) == -1)
		return -1;
	stmt_bind_int(t->erase, 1, old->row);
	if (stmt_run(t->erase, NULL, e) == -1)
		return -1;
	mirror_swap(&t->things, old, NULL);
	return tell(t, old->pub.id, e);
}

static int put_used(struct thing_store *t, struct spent *old, const struct used *u, struct err *e)
{
	struct spent *s;

	if (reserve_used(t, e) == -1)
		return -1;
	s = spent_new(u, old != NULL ? old->row : t->last_used + 1, e);
	if (s == NULL)
		return -1;
	stmt_bind_int(t->spend, 1, s->row);
	stmt_bind_blob(t->spend, 2, u->digest, DIGEST_BYTES);
	stmt_bind_int(t->spend, 3, DIGEST_FORM);
	stmt_bind_int(t->spend, 4, KEY_NUMBER);
	stmt_bind_text(t->spend, 5, s->pub.owner);
	stmt_bind_blob(t->spend, 6, u->id, OWNERSHIP_ID);
	stmt_bind_int(t->spend, 7, (int64_t)u->epoch);
	stmt_bind_int(t->spend, 8, u->at_ms);
	if (stmt_run(t->spend, NULL, e) == -1) {
		free(s);
		return -1;
	}
	if (old == NULL)
		t->last_used = s->row;
	mirror_swap(&t->used, old, s);
	return 0;
}

int thing_store_spend(struct thing_store *t, const struct used *u, struct err *e)
{
	return put_used(t, NULL, u, e);
}

int thing_store_end_receipts(struct thing_store *t, int64_t before_ms, int max, struct err *e)
{
	int n = 0;

	for (size_t i = t->first_receipt; i < t->n_receipts && n < max; i++) {
		struct spent *old = t->receipts[i];
		struct used u;

		if (old == NULL || old->pub.owner == NULL)
			continue;
		u = old->pub;
		if (u.at_ms >= before_ms)
			break;
		u.owner = NULL;
		if (put_used(t, old, &u, e) == -1)
			return -1;
		n++;
	}
	return n;
}

size_t thing_store_used_count(const struct thing_store *t)
{
	return t->by_used.n;
}

static struct spent *find_spent(const struct thing_store *t, const void *digest, int64_t row)
{
	uint64_t hash = hash_digest(t, digest);
	size_t at;
	struct spent *s;

	for (s = table_first(&t->by_used, hash, &at); s; s = table_next(&t->by_used, hash, &at))
		if (s->row == row)
			return s;
	return NULL;
}

/* One row of the walk: 1 found, 0 the end, -1 error. */
static int next_spent(struct thing_store *t, struct spent **out, struct err *e)
{
	const void *digest;
	size_t len;
	int got;

	*out = NULL;
	stmt_bind_int(t->next_used, 1, t->forget_at);
	got = stmt_step(t->next_used, e);
	if (got != 1)
		return got;
	t->forget_at = stmt_int(t->next_used, 0);
	digest = stmt_blob(t->next_used, 1, &len);
	if (len == DIGEST_BYTES)
		*out = find_spent(t, digest, t->forget_at);
	stmt_reset(t->next_used);
	return 1;
}

static int forget(struct thing_store *t, struct spent *s, struct err *e)
{
	if (mirror_reserve(&t->used, e) == -1)
		return -1;
	stmt_bind_int(t->unspend, 1, s->row);
	if (stmt_run(t->unspend, NULL, e) == -1)
		return -1;
	mirror_swap(&t->used, s, NULL);
	return 0;
}

int thing_store_forget(struct thing_store *t, used_keep_fn keep, void *arg, int looks,
    bool *round, struct err *e)
{
	struct spent *s;
	int n = 0, got;

	*round = false;
	for (int i = 0; i < looks; i++) {
		got = next_spent(t, &s, e);
		if (got == -1)
			return -1;
		if (got == 0) {
			t->forget_at = 0;
			*round = true;
			break;
		}
		if (s == NULL || s->pub.owner != NULL || keep(arg, &s->pub))
			continue;
		if (forget(t, s, e) == -1)
			return -1;
		n++;
	}
	return n;
}
