/* SPDX-License-Identifier: Apache-2.0 */
/*
 * code: the rows of open codes and their copy in memory, found by the keyed
 * hash of owner and code.  The code in clear is in none of them: who reads the
 * rows cannot type one.  What a code opens is not known here.
 */
#include "config.h"

#include "common/store/code.h"

#include <stdlib.h>
#include <string.h>

#include "common/store/mirror.h"
#include "common/store/store.h"
#include "common/store/table.h"

#define CODES_MAX 200000	/* in all; over it nothing new is asked for */
#define CODE_TEXT_MAX 65536	/* a thousand things that are offered together */

enum key { BY_CODE, BY_OWNER, BY_THING, KEYS };

struct entry {
	struct code pub;	/* first: a struct code is the start of its entry */
	int64_t row;
	size_t index;		/* in codes.all */
	uint8_t mac[SECRET_HASH];
	uint64_t hash[KEYS];
	char text[];		/* the strings of pub */
};

struct codes {
	struct store *store;
	const struct clock *clock;
	const struct secret *key;
	struct mirror mirror;
	struct table_seed seed;
	struct table by[KEYS];
	struct entry **all;
	size_t n, cap;
	int64_t last_row;
	int64_t next_ms;	/* no code ends before this; -1 there is none */
	struct stmt *write, *erase;
};

static const struct store_step steps[] = {
	{ 1, "CREATE TABLE codes ("
	     " row INTEGER PRIMARY KEY, mac BLOB NOT NULL, purpose INTEGER NOT NULL,"
	     " owner TEXT NOT NULL, thing BLOB NOT NULL, epoch INTEGER NOT NULL,"
	     " line TEXT NOT NULL, until INTEGER NOT NULL)" },
};
static const struct store_schema schema = { "code", steps, sizeof(steps) / sizeof(steps[0]) };

/* ---- entries ---- */

static void mac_of(const struct codes *c, const char *owner, const char *folded,
    uint8_t out[static SECRET_HASH])
{
	const struct secret_part parts[] = {
		{ "code", 4 }, { owner, strlen(owner) }, { folded, strlen(folded) },
	};

	secret_hmac(out, c->key, parts, sizeof(parts) / sizeof(parts[0]));
}

static struct entry *entry_new(const struct codes *c, const struct code *what,
    const uint8_t mac[static SECRET_HASH], int64_t row, struct err *e)
{
	const char *line = what->text != NULL ? what->text : "";
	size_t owner = strlen(what->owner) + 1, text = strlen(line) + 1;
	struct entry *x = calloc(1, sizeof(*x) + owner + text);

	if (x == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	x->pub = *what;
	x->row = row;
	memcpy(x->mac, mac, SECRET_HASH);
	memcpy(x->text, what->owner, owner);
	memcpy(x->text + owner, line, text);
	x->pub.owner = x->text;
	x->pub.text = x->text + owner;
	x->hash[BY_CODE] = table_hash(&c->seed, 0, mac, SECRET_HASH);
	x->hash[BY_OWNER] = table_hash_text(&c->seed, 0, what->owner);
	x->hash[BY_THING] = table_hash(&c->seed, 0, what->thing, sizeof(what->thing));
	return x;
}

/* ---- memory ---- */

static void link_entry(struct codes *c, struct entry *x)
{
	for (enum key k = 0; k < KEYS; k++)
		table_add(&c->by[k], x->hash[k], x);
	x->index = c->n;
	c->all[c->n++] = x;
	if (c->next_ms < 0 || x->pub.until_ms < c->next_ms)
		c->next_ms = x->pub.until_ms;
}

static void unlink_entry(struct codes *c, struct entry *x)
{
	for (enum key k = 0; k < KEYS; k++)
		table_remove(&c->by[k], x->hash[k], x);
	c->all[x->index] = c->all[--c->n];
	c->all[x->index]->index = x->index;
}

static void swap(void *arg, void *out, void *in)
{
	if (out != NULL)
		unlink_entry(arg, out);
	if (in != NULL)
		link_entry(arg, in);
}

static void drop(void *arg, void *item)
{
	(void)arg;
	free(item);
}

static const struct mirror_ops ops = { swap, drop, NULL };

static int reserve(struct codes *c, struct err *e)
{
	if (mirror_reserve(&c->mirror, e) == -1)
		return -1;
	for (enum key k = 0; k < KEYS; k++)
		if (table_reserve(&c->by[k], 1, e) == -1)
			return -1;
	if (c->n == c->cap) {
		size_t cap = c->cap > 0 ? 2 * c->cap : 64;
		struct entry **all = reallocarray(c->all, cap, sizeof(*all));

		if (all == NULL)
			return err_set(e, ERR_SYSTEM, "out of memory");
		c->all = all;
		c->cap = cap;
	}
	return 0;
}

/* ---- open ---- */

static bool known_purpose(int64_t v)
{
	return v >= CODE_CONFIRM && v <= CODE_UNDO;
}

static int load_row(struct codes *c, struct stmt *st, struct err *e)
{
	struct code what = {
		.owner = stmt_text(st, 3), .epoch = (uint64_t)stmt_int(st, 5),
		.text = stmt_text(st, 6), .until_ms = stmt_int(st, 7),
	};
	size_t mac_len, thing_len;
	const void *mac = stmt_blob(st, 1, &mac_len);
	const void *thing = stmt_blob(st, 4, &thing_len);
	struct entry *x;

	if (mac_len != SECRET_HASH || thing_len != sizeof(what.thing) || what.owner == NULL ||
	    what.text == NULL || !known_purpose(stmt_int(st, 2)))
		return err_set(e, ERR_SYSTEM,
		    "row %lld of the table of codes is damaged: restore a backup",
		    (long long)stmt_int(st, 0));
	what.purpose = (enum code_purpose)stmt_int(st, 2);
	memcpy(what.thing, thing, sizeof(what.thing));
	if (reserve(c, e) == -1 || (x = entry_new(c, &what, mac, stmt_int(st, 0), e)) == NULL)
		return -1;
	link_entry(c, x);
	c->last_row = x->row;
	return 0;
}

static int load(struct codes *c, struct err *e)
{
	struct stmt *st = store_prepare(c->store,
	    "SELECT row, mac, purpose, owner, thing, epoch, line, until FROM codes ORDER BY row",
	    e);
	int got;

	if (st == NULL)
		return -1;
	while ((got = stmt_step(st, e)) == 1) {
		if (load_row(c, st, e) == -1) {
			stmt_reset(st);
			return -1;
		}
	}
	return got;
}

int codes_open(struct codes **out, struct store *s, const struct clock *clock,
    const struct secret *key, struct err *e)
{
	struct codes *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	c->store = s;
	c->clock = clock;
	c->key = key;
	c->next_ms = -1;
	if (table_seed(&c->seed, e) == -1 || store_migrate(s, &schema, e) == -1)
		goto fail;
	c->write = store_prepare(s, "INSERT INTO codes (row, mac, purpose, owner, thing, epoch,"
	    " line, until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", e);
	c->erase = store_prepare(s, "DELETE FROM codes WHERE row = $1", e);
	if (c->write == NULL || c->erase == NULL || load(c, e) == -1)
		goto fail;
	mirror_open(&c->mirror, s, &ops, c);
	*out = c;
	return 0;
fail:
	codes_close(&c);
	return -1;
}

void codes_close(struct codes **cp)
{
	struct codes *c = *cp;

	if (c == NULL)
		return;
	*cp = NULL;
	for (size_t i = 0; i < c->n; i++)
		free(c->all[i]);
	free(c->all);
	for (enum key k = 0; k < KEYS; k++)
		table_fini(&c->by[k]);
	mirror_close(&c->mirror);
	free(c);
}

/* ---- lookups ---- */

static bool is_over(const struct codes *c, const struct entry *x)
{
	return x->pub.until_ms <= clock_wall(c->clock);
}

static struct entry *find(const struct codes *c, const char *owner, const char *folded)
{
	uint8_t mac[SECRET_HASH];
	uint64_t hash;
	size_t at;
	struct entry *x;

	mac_of(c, owner, folded, mac);
	hash = table_hash(&c->seed, 0, mac, sizeof(mac));
	for (x = table_first(&c->by[BY_CODE], hash, &at); x;
	    x = table_next(&c->by[BY_CODE], hash, &at))
		if (secret_bytes_equal(x->mac, mac, sizeof(mac)) &&
		    strcmp(x->pub.owner, owner) == 0)
			return x;
	return NULL;
}

const struct code *code_find(const struct codes *c, const char *owner, const char *folded)
{
	const struct entry *x = find(c, owner, folded);

	return x != NULL && !is_over(c, x) ? &x->pub : NULL;
}

const struct code *code_next(const struct codes *c, const char *owner,
    enum code_purpose purpose, const struct code *after)
{
	uint64_t hash = table_hash_text(&c->seed, 0, owner);
	bool on = after == NULL;
	struct entry *x;
	size_t at;

	for (x = table_first(&c->by[BY_OWNER], hash, &at); x;
	    x = table_next(&c->by[BY_OWNER], hash, &at)) {
		if (on && x->pub.purpose == purpose && strcmp(x->pub.owner, owner) == 0 &&
		    !is_over(c, x))
			return &x->pub;
		on = on || &x->pub == after;
	}
	return NULL;
}

int64_t code_deadline(const struct codes *c)
{
	return c->next_ms;
}

/* ---- changes ---- */

static int erase(struct codes *c, struct entry *x, struct err *e)
{
	if (mirror_reserve(&c->mirror, e) == -1)
		return -1;
	stmt_bind_int(c->erase, 1, x->row);
	if (stmt_run(c->erase, NULL, e) == -1)
		return -1;
	mirror_swap(&c->mirror, x, NULL);
	return 0;
}

static int write_row(struct codes *c, const struct entry *x, struct err *e)
{
	stmt_bind_int(c->write, 1, x->row);
	stmt_bind_blob(c->write, 2, x->mac, sizeof(x->mac));
	stmt_bind_int(c->write, 3, x->pub.purpose);
	stmt_bind_text(c->write, 4, x->pub.owner);
	stmt_bind_blob(c->write, 5, x->pub.thing, sizeof(x->pub.thing));
	stmt_bind_int(c->write, 6, (int64_t)x->pub.epoch);
	stmt_bind_text(c->write, 7, x->pub.text);
	stmt_bind_int(c->write, 8, x->pub.until_ms);
	return stmt_run(c->write, NULL, e);
}

/* The oldest of his codes of that purpose, else his oldest: nobody can push out an
 * open question by making codes of another purpose. */
static int make_room(struct codes *c, const struct code *what, struct err *e)
{
	uint64_t hash = table_hash_text(&c->seed, 0, what->owner);
	struct entry *same = NULL, *any = NULL, *x;
	size_t at, n = 0;

	for (x = table_first(&c->by[BY_OWNER], hash, &at); x;
	    x = table_next(&c->by[BY_OWNER], hash, &at)) {
		if (strcmp(x->pub.owner, what->owner) != 0)
			continue;
		n++;
		if (any == NULL || x->row < any->row)
			any = x;
		if (x->pub.purpose == what->purpose && (same == NULL || x->row < same->row))
			same = x;
	}
	if (n >= CODES_PER_OWNER)
		return erase(c, same != NULL ? same : any, e);
	if (c->n >= CODES_MAX)
		return err_set(e, ERR_LIMIT, "too many open codes");
	return 0;
}

int code_issue(struct codes *c, const struct code *what, char out[static IDENT_CODE],
    struct err *e)
{
	char code[IDENT_CODE];
	uint8_t mac[SECRET_HASH];
	struct entry *x;

	if (!known_purpose(what->purpose) ||
	    (what->text != NULL && strlen(what->text) > CODE_TEXT_MAX))
		return err_set(e, ERR_INPUT, "a code for no known purpose");
	if (make_room(c, what, e) == -1 || reserve(c, e) == -1)
		return -1;
	do {
		if (ident_code(code, e) == -1)
			return -1;
	} while (find(c, what->owner, code) != NULL);
	mac_of(c, what->owner, code, mac);
	x = entry_new(c, what, mac, c->last_row + 1, e);
	if (x == NULL)
		return -1;
	if (write_row(c, x, e) == -1) {
		free(x);
		return -1;
	}
	c->last_row = x->row;
	mirror_swap(&c->mirror, NULL, x);
	memcpy(out, code, sizeof(code));
	secret_cleanse(code, sizeof(code));
	return 0;
}

int code_spend(struct codes *c, const char *owner, const char *folded, struct err *e)
{
	struct entry *x = find(c, owner, folded);

	return x != NULL ? erase(c, x, e) : 0;
}

int code_spend_this(struct codes *c, const struct code *k, struct err *e)
{
	return erase(c, (struct entry *)(uintptr_t)k, e);
}

int code_void(struct codes *c, enum code_purpose purpose, const uint8_t thing[static 16],
    struct err *e)
{
	uint64_t hash = table_hash(&c->seed, 0, thing, 16);
	struct entry *x;
	size_t at;

again:	/* a removal moves what lies behind it */
	for (x = table_first(&c->by[BY_THING], hash, &at); x;
	    x = table_next(&c->by[BY_THING], hash, &at)) {
		if (x->pub.purpose != purpose || memcmp(x->pub.thing, thing, 16) != 0)
			continue;
		if (erase(c, x, e) == -1)
			return -1;
		goto again;
	}
	return 0;
}

int code_expire(struct codes *c, int max, struct err *e)
{
	int gone = 0;

	/* From the end: the entry that takes a free place was looked at already. */
	for (size_t i = c->n; i-- > 0 && gone < max;) {
		if (!is_over(c, c->all[i]))
			continue;
		if (erase(c, c->all[i], e) == -1)
			return -1;
		gone++;
	}
	c->next_ms = -1;
	for (size_t i = 0; i < c->n; i++)
		if (c->next_ms < 0 || c->all[i]->pub.until_ms < c->next_ms)
			c->next_ms = c->all[i]->pub.until_ms;
	return gone;
}
