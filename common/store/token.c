/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token: the rows of tokens and their copy in memory, found by the keyed hash
 * of the text; the text itself is in neither.  Who may use a token, and what
 * for, is not known here.  Read next: mirror.h.
 */
#include "config.h"

#include "common/store/token.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/ident.h"
#include "common/store/mirror.h"
#include "common/store/store.h"
#include "common/store/table.h"

#define EXPIRE_AT_ONCE 1000	/* rows in one transaction; the rest at the next tick */
#define CERTIFICATE_MAX 65536	/* bytes; the wire has a smaller limit of its own */

enum key { BY_MAC, BY_NAME, BY_JID, BY_SERVICE, KEYS };

struct entry {
	struct token pub;	/* first: a token is the start of its entry */
	int64_t row;
	size_t index;		/* in tokens_table.all */
	bool proved;
	uint8_t mac[SECRET_HASH];
	uint64_t hash[KEYS];
	char text[];		/* what pub points to */
};

struct ban {
	uint64_t hash;
	char name[TOKEN_NAME];
};

struct tokens_table {
	struct store *store;
	const struct clock *clock;
	const struct secret *key;
	struct token_limits limits;
	struct mirror mirror, bans_mirror;
	struct table_seed seed;
	struct table by[KEYS], bans;
	struct entry **all;
	size_t n, cap;
	int64_t last_row;
	int64_t next_ms;	/* no token ends before this; -1 there is none */
	struct stmt *write, *erase, *ban, *unban;
};

static const struct store_step steps[] = {
	{ 1, "CREATE TABLE token ("
	     " row INTEGER PRIMARY KEY, mac BLOB NOT NULL, name TEXT NOT NULL, jid TEXT NOT NULL,"
	     " certificate BLOB, service TEXT, details TEXT, issued INTEGER NOT NULL,"
	     " until INTEGER NOT NULL, proved INTEGER NOT NULL)" },
	{ 2, "CREATE TABLE token_revoked (name TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID" },
	{ 3, "ALTER TABLE token ADD COLUMN ours INTEGER NOT NULL DEFAULT 0" },
};
static const struct store_schema schema = { "token", steps, sizeof(steps) / sizeof(steps[0]) };

/* ---- entries ---- */

static void mac_of(const struct tokens_table *t, const char *text,
    uint8_t out[static SECRET_HASH])
{
	const struct secret_part parts[] = { { "token", 5 }, { text, strlen(text) } };

	secret_hmac(out, t->key, parts, sizeof(parts) / sizeof(parts[0]));
}

static const void *keep(char **to, const void *from, size_t len)
{
	void *at = *to;

	if (from == NULL)
		return NULL;
	memcpy(at, from, len);
	*to += len;
	return at;
}

static size_t text_len(const char *s)
{
	return s != NULL ? strlen(s) + 1 : 0;
}

static struct entry *entry_new(const struct tokens_table *t, const struct token *what,
    const uint8_t mac[static SECRET_HASH], int64_t row, struct err *e)
{
	size_t len = text_len(what->jid) + text_len(what->service) + text_len(what->details) +
	    (what->certificate != NULL ? what->certificate_len : 0);
	struct entry *x = calloc(1, sizeof(*x) + len);
	char *to;

	if (x == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	x->pub = *what;
	x->row = row;
	memcpy(x->mac, mac, SECRET_HASH);
	to = x->text;
	x->pub.jid = keep(&to, what->jid, text_len(what->jid));
	x->pub.service = keep(&to, what->service, text_len(what->service));
	x->pub.details = keep(&to, what->details, text_len(what->details));
	x->pub.certificate = keep(&to, what->certificate, what->certificate_len);
	x->hash[BY_MAC] = table_hash(&t->seed, 0, mac, SECRET_HASH);
	x->hash[BY_NAME] = table_hash_text(&t->seed, 0, what->name);
	x->hash[BY_JID] = table_hash_text(&t->seed, 0, what->jid);
	x->hash[BY_SERVICE] = table_hash_text(&t->seed, 0, what->service);
	return x;
}

/* ---- memory ---- */

static void link_entry(struct tokens_table *t, struct entry *x)
{
	for (enum key k = 0; k < KEYS; k++)
		table_add(&t->by[k], x->hash[k], x);
	x->index = t->n;
	t->all[t->n++] = x;
	if (t->next_ms < 0 || x->pub.until_ms < t->next_ms)
		t->next_ms = x->pub.until_ms;
}

static void unlink_entry(struct tokens_table *t, struct entry *x)
{
	for (enum key k = 0; k < KEYS; k++)
		table_remove(&t->by[k], x->hash[k], x);
	t->all[x->index] = t->all[--t->n];
	t->all[x->index]->index = x->index;
}

static void swap(void *arg, void *out, void *in)
{
	if (out != NULL)
		unlink_entry(arg, out);
	if (in != NULL)
		link_entry(arg, in);
}

static void swap_ban(void *arg, void *out, void *in)
{
	struct tokens_table *t = arg;

	if (out != NULL)
		table_remove(&t->bans, ((struct ban *)out)->hash, out);
	if (in != NULL)
		table_add(&t->bans, ((struct ban *)in)->hash, in);
}

static void drop(void *arg, void *item)
{
	(void)arg;
	free(item);
}

static const struct mirror_ops ops = { swap, drop, NULL };
static const struct mirror_ops ban_ops = { swap_ban, drop, NULL };

static int reserve(struct tokens_table *t, struct err *e)
{
	if (mirror_reserve(&t->mirror, e) == -1)
		return -1;
	for (enum key k = 0; k < KEYS; k++)
		if (table_reserve(&t->by[k], 1, e) == -1)
			return -1;
	if (t->n == t->cap) {
		size_t cap = t->cap > 0 ? 2 * t->cap : 64;
		struct entry **all = reallocarray(t->all, cap, sizeof(*all));

		if (all == NULL)
			return err_set(e, ERR_SYSTEM, "out of memory");
		t->all = all;
		t->cap = cap;
	}
	return 0;
}

/* ---- open ---- */

static bool sound(const struct token *what)
{
	return strlen(what->name) == TOKEN_NAME - 1 && what->jid != NULL &&
	    what->certificate_len <= CERTIFICATE_MAX &&
	    (what->certificate != NULL) != (what->service != NULL) &&
	    (what->details == NULL || strlen(what->details) <= TOKEN_DETAILS);
}

static int load_row(struct tokens_table *t, struct stmt *st, struct err *e)
{
	struct token what = {
		.jid = stmt_text(st, 3), .service = stmt_text(st, 5),
		.details = stmt_text(st, 6), .issued_ms = stmt_int(st, 7),
		.until_ms = stmt_int(st, 8), .knows_ours = stmt_int(st, 10) != 0,
	};
	const char *name = stmt_text(st, 2);
	size_t mac_len;
	const void *mac = stmt_blob(st, 1, &mac_len);
	struct entry *x;

	if (!stmt_is_null(st, 4))
		what.certificate = stmt_blob(st, 4, &what.certificate_len);
	if (name != NULL && strlen(name) < sizeof(what.name))
		memcpy(what.name, name, strlen(name));
	if (mac_len != SECRET_HASH || !sound(&what))
		return err_set(e, ERR_SYSTEM,
		    "row %lld of the table of tokens is damaged: restore a backup",
		    (long long)stmt_int(st, 0));
	if (reserve(t, e) == -1 || (x = entry_new(t, &what, mac, stmt_int(st, 0), e)) == NULL)
		return -1;
	x->proved = stmt_int(st, 9) != 0;
	link_entry(t, x);
	t->last_row = x->row;
	return 0;
}

static struct ban *ban_new(struct tokens_table *t, const char *name, struct err *e)
{
	struct ban *b;

	if (strlen(name) != TOKEN_NAME - 1) {
		err_set(e, ERR_INPUT, "a token's name has %d characters", TOKEN_NAME - 1);
		return NULL;
	}
	if (table_reserve(&t->bans, 1, e) == -1)
		return NULL;
	b = calloc(1, sizeof(*b));
	if (b == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	memcpy(b->name, name, TOKEN_NAME);
	b->hash = table_hash_text(&t->seed, 0, name);
	return b;
}

static int load_ban(struct tokens_table *t, struct stmt *st, struct err *e)
{
	struct ban *b = ban_new(t, stmt_text(st, 0), e);

	if (b == NULL)
		return -1;
	table_add(&t->bans, b->hash, b);
	return 0;
}

static int load(struct tokens_table *t, const char *sql,
    int (*row)(struct tokens_table *t, struct stmt *st, struct err *e), struct err *e)
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

static int prepare(struct tokens_table *t, struct err *e)
{
	t->write = store_prepare(t->store, "INSERT OR REPLACE INTO token (row, mac, name, jid,"
	    " certificate, service, details, issued, until, proved, ours)"
	    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)", e);
	t->erase = store_prepare(t->store, "DELETE FROM token WHERE row = $1", e);
	t->ban = store_prepare(t->store, "INSERT INTO token_revoked (name) VALUES ($1)", e);
	t->unban = store_prepare(t->store, "DELETE FROM token_revoked WHERE name = $1", e);
	return t->write == NULL || t->erase == NULL || t->ban == NULL || t->unban == NULL ? -1 : 0;
}

int tokens_open(struct tokens_table **out, struct store *s, const struct clock *clock,
    const struct secret *hash_key, struct err *e)
{
	struct tokens_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	t->store = s;
	t->clock = clock;
	t->key = hash_key;
	t->next_ms = -1;
	t->limits = (struct token_limits){ 16, 1000, 20000 };
	if (table_seed(&t->seed, e) == -1 || store_migrate(s, &schema, e) == -1 ||
	    prepare(t, e) == -1 ||
	    load(t, "SELECT row, mac, name, jid, certificate, service, details, issued, until,"
	    " proved, ours FROM token ORDER BY row", load_row, e) == -1 ||
	    load(t, "SELECT name FROM token_revoked", load_ban, e) == -1)
		goto fail;
	mirror_open(&t->mirror, s, &ops, t);
	mirror_open(&t->bans_mirror, s, &ban_ops, t);
	*out = t;
	return 0;
fail:
	tokens_close(&t);
	return -1;
}

void tokens_close(struct tokens_table **tp)
{
	struct tokens_table *t = *tp;

	if (t == NULL)
		return;
	*tp = NULL;
	for (size_t i = 0; i < t->n; i++)
		free(t->all[i]);
	free(t->all);
	for (size_t i = 0; i < t->bans.cap; i++)
		free(t->bans.slot[i].item);
	for (enum key k = 0; k < KEYS; k++)
		table_fini(&t->by[k]);
	table_fini(&t->bans);
	mirror_close(&t->mirror);
	mirror_close(&t->bans_mirror);
	free(t);
}

void tokens_limit(struct tokens_table *t, const struct token_limits *l)
{
	t->limits.per_jid = l->per_jid > 0 ? l->per_jid : t->limits.per_jid;
	t->limits.per_service = l->per_service > 0 ? l->per_service : t->limits.per_service;
	t->limits.total = l->total > 0 ? l->total : t->limits.total;
}

/* ---- lookups ---- */

static bool is_over(const struct tokens_table *t, const struct entry *x)
{
	return x->pub.until_ms <= clock_wall(t->clock);
}

static struct entry *find_mac(const struct tokens_table *t, const uint8_t mac[static SECRET_HASH])
{
	uint64_t hash = table_hash(&t->seed, 0, mac, SECRET_HASH);
	struct entry *x;
	size_t at;

	for (x = table_first(&t->by[BY_MAC], hash, &at); x;
	    x = table_next(&t->by[BY_MAC], hash, &at))
		if (secret_bytes_equal(x->mac, mac, SECRET_HASH))
			return x;
	return NULL;
}

const struct token *token_find(const struct tokens_table *t, const char *text)
{
	const char *colon = strrchr(text, ':');
	uint8_t mac[SECRET_HASH];
	const struct entry *x;

	mac_of(t, colon != NULL ? colon + 1 : text, mac);
	x = find_mac(t, mac);
	return x != NULL && !is_over(t, x) ? &x->pub : NULL;
}

static struct entry *find_owner(const struct tokens_table *t, const char *name, const char *jid)
{
	uint64_t hash = table_hash_text(&t->seed, 0, name);
	struct entry *x;
	size_t at;

	for (x = table_first(&t->by[BY_NAME], hash, &at); x;
	    x = table_next(&t->by[BY_NAME], hash, &at))
		if (strcmp(x->pub.name, name) == 0 && strcmp(x->pub.jid, jid) == 0)
			return x;
	return NULL;
}

/* Several people may hold a certificate's key: the latest of them. */
static struct entry *find_name(const struct tokens_table *t, const char *name)
{
	uint64_t hash = table_hash_text(&t->seed, 0, name);
	struct entry *x, *best = NULL;
	size_t at;

	for (x = table_first(&t->by[BY_NAME], hash, &at); x;
	    x = table_next(&t->by[BY_NAME], hash, &at))
		if (strcmp(x->pub.name, name) == 0 && !is_over(t, x) &&
		    (best == NULL || x->pub.issued_ms > best->pub.issued_ms))
			best = x;
	return best;
}

const struct token *token_by_name(const struct tokens_table *t, const char *name)
{
	const struct entry *x = find_name(t, name);

	return x != NULL ? &x->pub : NULL;
}

const struct token *token_at(const struct tokens_table *t, size_t i)
{
	return i < t->n ? &t->all[i]->pub : NULL;
}

size_t token_count(const struct tokens_table *t)
{
	return t->n;
}

int64_t token_deadline(const struct tokens_table *t)
{
	return t->next_ms;
}

bool token_is_proved(const struct tokens_table *t, const char *name, const char *asker)
{
	const struct entry *x = find_owner(t, name, asker);

	return x != NULL && x->proved && !is_over(t, x);
}

static struct ban *find_ban(const struct tokens_table *t, const char *name)
{
	uint64_t hash = table_hash_text(&t->seed, 0, name);
	struct ban *b;
	size_t at;

	for (b = table_first(&t->bans, hash, &at); b; b = table_next(&t->bans, hash, &at))
		if (strcmp(b->name, name) == 0)
			return b;
	return NULL;
}

bool token_is_revoked(const struct tokens_table *t, const char *name)
{
	return find_ban(t, name) != NULL;
}

/* ---- changes ---- */

static int write_row(struct tokens_table *t, const struct entry *x, struct err *e)
{
	stmt_bind_int(t->write, 1, x->row);
	stmt_bind_blob(t->write, 2, x->mac, sizeof(x->mac));
	stmt_bind_text(t->write, 3, x->pub.name);
	stmt_bind_text(t->write, 4, x->pub.jid);
	if (x->pub.certificate != NULL)
		stmt_bind_blob(t->write, 5, x->pub.certificate, x->pub.certificate_len);
	else
		stmt_bind_null(t->write, 5);
	stmt_bind_text(t->write, 6, x->pub.service);
	stmt_bind_text(t->write, 7, x->pub.details);
	stmt_bind_int(t->write, 8, x->pub.issued_ms);
	stmt_bind_int(t->write, 9, x->pub.until_ms);
	stmt_bind_int(t->write, 10, x->proved);
	stmt_bind_int(t->write, 11, x->pub.knows_ours);
	return stmt_run(t->write, NULL, e);
}

static int erase(struct tokens_table *t, struct entry *x, struct err *e)
{
	if (mirror_reserve(&t->mirror, e) == -1)
		return -1;
	stmt_bind_int(t->erase, 1, x->row);
	if (stmt_run(t->erase, NULL, e) == -1)
		return -1;
	mirror_swap(&t->mirror, x, NULL);
	return 0;
}

/* `new` takes the place of `old` (NULL: it is one more), and is freed if it cannot. */
static int put(struct tokens_table *t, struct entry *old, struct entry *new, struct err *e)
{
	if (new == NULL)
		return -1;
	if (write_row(t, new, e) == -1) {
		free(new);
		return -1;
	}
	if (new->row > t->last_row)
		t->last_row = new->row;
	mirror_swap(&t->mirror, old, new);
	return 0;
}

static size_t count_of(const struct tokens_table *t, enum key k, const char *whose)
{
	uint64_t hash = table_hash_text(&t->seed, 0, whose);
	const struct entry *x;
	size_t at, n = 0;

	for (x = table_first(&t->by[k], hash, &at); x; x = table_next(&t->by[k], hash, &at))
		n += k == BY_SERVICE ?
		    x->pub.service != NULL && strcmp(x->pub.service, whose) == 0 :
		    x->pub.service == NULL && strcmp(x->pub.jid, whose) == 0;
	return n;
}

static int check_room(const struct tokens_table *t, const struct token *what, struct err *e)
{
	if (t->n >= t->limits.total)
		return err_set(e, ERR_LIMIT, "too many tokens");
	if (what->service != NULL)
		return count_of(t, BY_SERVICE, what->service) < t->limits.per_service ? 0 :
		    err_set(e, ERR_LIMIT, "too many users of one service");
	return count_of(t, BY_JID, what->jid) < t->limits.per_jid ? 0 :
	    err_set(e, ERR_LIMIT, "too many tokens of one address");
}

int token_issue(struct tokens_table *t, const struct token *what, char text[static TOKEN_TEXT],
    struct err *e)
{
	uint8_t mac[SECRET_HASH];
	char fresh[TOKEN_TEXT];
	struct entry *old, *x;

	if (!sound(what))
		return err_set(e, ERR_INPUT, "a token for nothing");
	if (find_ban(t, what->name) != NULL)
		return err_set(e, ERR_INPUT, "this certificate was revoked");
	old = find_owner(t, what->name, what->jid);
	if ((old == NULL && check_room(t, what, e) == -1) || reserve(t, e) == -1 ||
	    ident_text(fresh, e) == -1)
		return -1;
	mac_of(t, fresh, mac);
	x = entry_new(t, what, mac, old != NULL ? old->row : t->last_row + 1, e);
	if (put(t, old, x, e) == -1)
		return -1;
	memcpy(text, fresh, IDENT_TEXT);
	secret_cleanse(fresh, sizeof(fresh));
	return 0;
}

/* A copy of `x` under the same text, to be changed by the caller. */
static struct entry *copy(struct tokens_table *t, const struct token *what,
    const struct entry *x, struct err *e)
{
	struct entry *new = reserve(t, e) == -1 ? NULL : entry_new(t, what, x->mac, x->row, e);

	if (new != NULL)
		new->proved = x->proved;
	return new;
}

int token_describe(struct tokens_table *t, const char *name, const char *details, struct err *e)
{
	struct entry *x = find_name(t, name);
	struct token what;

	if (x == NULL || x->pub.service == NULL)
		return err_set(e, ERR_INPUT, "no such user");
	what = x->pub;
	what.details = details;
	if (!sound(&what))
		return err_set(e, ERR_LIMIT, "too much is said of this user");
	return put(t, x, copy(t, &what, x, e), e);
}

int token_prove(struct tokens_table *t, const char *name, const char *asker, struct err *e)
{
	struct entry *x = find_owner(t, name, asker), *new;

	if (x == NULL || is_over(t, x))
		return err_set(e, ERR_INPUT, "no token of this address");
	if (x->proved)
		return 0;
	new = copy(t, &x->pub, x, e);
	if (new != NULL)
		new->proved = true;
	return put(t, x, new, e);
}

static int add_ban(struct tokens_table *t, const char *name, struct err *e)
{
	struct ban *b;

	if (find_ban(t, name) != NULL)
		return 0;
	if (mirror_reserve(&t->bans_mirror, e) == -1 || (b = ban_new(t, name, e)) == NULL)
		return -1;
	stmt_bind_text(t->ban, 1, b->name);
	if (stmt_run(t->ban, NULL, e) == -1) {
		free(b);
		return -1;
	}
	mirror_swap(&t->bans_mirror, NULL, b);
	return 0;
}

/* All of one key, by its text: of a name, or the users of a service. */
static int erase_all(struct tokens_table *t, enum key k, const char *name, struct err *e)
{
	uint64_t hash = table_hash_text(&t->seed, 0, name);
	struct entry *x;
	size_t at;
	int n = 0;

again:	/* a removal moves what lies behind it */
	for (x = table_first(&t->by[k], hash, &at); x; x = table_next(&t->by[k], hash, &at)) {
		const char *have = k == BY_NAME ? x->pub.name : x->pub.service;

		if (have == NULL || strcmp(have, name) != 0)
			continue;
		if (erase(t, x, e) == -1)
			return -1;
		n++;
		goto again;
	}
	return n;
}

int token_revoke(struct tokens_table *t, const char *name, struct err *e)
{
	char kept[TOKEN_NAME];	/* `name` may be inside of what goes */
	const struct entry *x = find_name(t, name);
	bool certificate = x == NULL || x->pub.certificate != NULL;
	int n, users;

	if (strlen(name) != TOKEN_NAME - 1)
		return err_set(e, ERR_INPUT, "a token's name has %d characters", TOKEN_NAME - 1);
	memcpy(kept, name, sizeof(kept));
	if (certificate && add_ban(t, kept, e) == -1)
		return -1;
	n = erase_all(t, BY_NAME, kept, e);
	users = n == -1 ? -1 : erase_all(t, BY_SERVICE, kept, e);
	return users == -1 ? -1 : n + users;
}

int token_forgive(struct tokens_table *t, const char *name, struct err *e)
{
	struct ban *b = find_ban(t, name);

	if (b == NULL)
		return 0;
	if (mirror_reserve(&t->bans_mirror, e) == -1)
		return -1;
	stmt_bind_text(t->unban, 1, b->name);
	if (stmt_run(t->unban, NULL, e) == -1)
		return -1;
	mirror_swap(&t->bans_mirror, b, NULL);
	return 1;
}

int token_expire(struct tokens_table *t, struct err *e)
{
	int gone = 0;

	/* From the end: the entry that takes a free place was looked at already. */
	for (size_t i = t->n; i-- > 0 && gone < EXPIRE_AT_ONCE;) {
		if (!is_over(t, t->all[i]))
			continue;
		if (erase(t, t->all[i], e) == -1)
			return -1;
		gone++;
	}
	t->next_ms = -1;
	for (size_t i = 0; i < t->n; i++)
		if (t->next_ms < 0 || t->all[i]->pub.until_ms < t->next_ms)
			t->next_ms = t->all[i]->pub.until_ms;
	return gone;
}
