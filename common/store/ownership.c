/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ownership: the table of things and owners and its copy in memory.  No other
 * index than the row number is on disk: there is one writer, and every lookup
 * is answered from memory, so a registration costs one append.
 */
#include "config.h"

#include "common/store/ownership.h"

#include <stdlib.h>
#include <string.h>

#include "common/store/mirror.h"
#include "common/store/store.h"
#include "common/store/table.h"

/* Things of one JID, things of one owner: rings whose head stands in a table. */
enum ring { BY_JID, BY_OWNER, BY_DOMAIN, RINGS };

struct entry {
	struct owned pub;	/* first: a struct owned is the start of its entry */
	int64_t row;
	struct entry *next[RINGS], *prev[RINGS];	/* NULL: in no ring */
	uint32_t count[RINGS];	/* of the whole ring, kept by its head; 0: not the head */
	uint32_t index;		/* in ownership.all */
	char text[];		/* the strings of pub */
};

struct ownership {
	struct store *store;
	struct mirror mirror;
	struct table_seed seed;
	struct table by_id, by_address, heads[RINGS];
	struct entry **all;
	size_t n, cap;
	size_t in_state[OWNED_TURNING + 1];
	int64_t last_row;
	ownership_changed_fn changed;
	void *changed_arg;
	ownership_row_fn row_changed;
	void *row_arg;
	struct stmt *write, *erase;
};

static const struct store_step steps[] = {
	{ 1, "CREATE TABLE owned ("
	     " row INTEGER PRIMARY KEY, id BLOB NOT NULL, jid TEXT NOT NULL,"
	     " node TEXT, source TEXT, partition TEXT, owner TEXT,"
	     " epoch INTEGER NOT NULL, state INTEGER NOT NULL, public INTEGER NOT NULL,"
	     " listed INTEGER NOT NULL, name TEXT, since INTEGER NOT NULL)" },
	{ 2, "ALTER TABLE owned ADD COLUMN hold INTEGER NOT NULL DEFAULT 0;"
	     "ALTER TABLE owned ADD COLUMN held_for TEXT;"
	     "ALTER TABLE owned ADD COLUMN former TEXT;"
	     "ALTER TABLE owned ADD COLUMN until INTEGER NOT NULL DEFAULT 0;"
	     "ALTER TABLE owned ADD COLUMN disputed INTEGER NOT NULL DEFAULT 0" },
};
static const struct store_schema schema = {
	"ownership", steps, sizeof(steps) / sizeof(steps[0])
};

static const char *const state_names[] = {
	[OWNED_NOBODY] = "unclaimed",
	[OWNED] = "owned",
	[OWNED_SELF] = "self-owned",
	[OWNED_TOMBSTONE] = "disowned, not told yet",
	[OWNED_TURNING] = "turning over",
};
#define N_STATES (sizeof(state_names) / sizeof(state_names[0]))

const char *owned_state_name(enum owned_state s)
{
	return (size_t)s < N_STATES ? state_names[s] : "unknown";
}

static const char *const hold_names[] = {
	[HOLD_NONE] = "free",
	[HOLD_DESCENT] = "held for its owner",
	[HOLD_PRESENCE] = "held: another one is the real one",
	[HOLD_OPERATOR] = "held by the operator",
	[HOLD_FROZEN] = "frozen: it knows of a later change than this store",
};
#define N_HOLDS (sizeof(hold_names) / sizeof(hold_names[0]))

const char *owned_hold_name(enum owned_hold h)
{
	return (size_t)h < N_HOLDS ? hold_names[h] : "unknown";
}

bool owned_by(const struct owned *t, const char *bare)
{
	return t != NULL && t->owner != NULL &&
	    (t->state == OWNED || t->state == OWNED_SELF || t->state == OWNED_TURNING) &&
	    strcmp(t->owner, bare) == 0;
}

/* ---- entries ---- */

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_address(const struct owned *t, const char *jid, const char *node,
    const char *source, const char *partition)
{
	return strcmp(t->jid, jid) == 0 && same_text(t->node, node) &&
	    same_text(t->source, source) && same_text(t->partition, partition);
}

static uint64_t hash_address(const struct ownership *o, const char *jid, const char *node,
    const char *source, const char *partition)
{
	uint64_t h = table_hash_text(&o->seed, 0, jid);

	h = table_hash_text(&o->seed, h, node);
	h = table_hash_text(&o->seed, h, source);
	return table_hash_text(&o->seed, h, partition);
}

static uint64_t hash_of(const struct ownership *o, const struct owned *t)
{
	return hash_address(o, t->jid, t->node, t->source, t->partition);
}

static uint64_t hash_id(const struct ownership *o, const uint8_t *id)
{
	return table_hash(&o->seed, 0, id, OWNERSHIP_ID);
}

/* Move one string behind the struct. */
static void keep_text(const char **s, char **to)
{
	size_t n;

	if (*s == NULL)
		return;
	n = strlen(*s) + 1;
	memcpy(*to, *s, n);
	*s = *to;
	*to += n;
}

/* What is behind the '@' of a bare address reaches to its end. */
static const char *domain_of(const char *jid)
{
	const char *at = strchr(jid, '@');

	return at != NULL ? at + 1 : jid;
}

static struct entry *entry_new(const struct owned *t, int64_t row, struct err *e)
{
	const char *const text[] = { t->jid, t->node, t->source, t->partition, t->owner, t->name,
	    t->held_for, t->former };
	size_t bytes = 0;
	struct entry *n;
	char *to;

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		bytes += text[i] != NULL ? strlen(text[i]) + 1 : 0;
	n = calloc(1, sizeof(*n) + bytes);
	if (n == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	n->pub = *t;
	n->row = row;
	to = n->text;
	keep_text(&n->pub.jid, &to);
	keep_text(&n->pub.node, &to);
	keep_text(&n->pub.source, &to);
	keep_text(&n->pub.partition, &to);
	keep_text(&n->pub.owner, &to);
	keep_text(&n->pub.name, &to);
	keep_text(&n->pub.held_for, &to);
	keep_text(&n->pub.former, &to);
	return n;
}

/* ---- rings ---- */

static const char *ring_key(const struct owned *t, enum ring r)
{
	if (r == BY_DOMAIN)
		return domain_of(t->jid);
	return r == BY_JID ? t->jid : t->owner;
}

static uint64_t ring_hash(const struct ownership *o, enum ring r, const struct entry *x)
{
	return table_hash_text(&o->seed, 0, ring_key(&x->pub, r));
}

static struct entry *ring_head(const struct ownership *o, enum ring r, const char *key)
{
	uint64_t hash = table_hash_text(&o->seed, 0, key);
	size_t at;
	struct entry *h;

	for (h = table_first(&o->heads[r], hash, &at); h; h = table_next(&o->heads[r], hash, &at))
		if (strcmp(ring_key(&h->pub, r), key) == 0)
			return h;
	return NULL;
}

static void ring_add(struct ownership *o, enum ring r, struct entry *x)
{
	const char *key = ring_key(&x->pub, r);
	struct entry *head;

	if (key == NULL)
		return;
	head = ring_head(o, r, key);
	if (head == NULL) {
		x->next[r] = x->prev[r] = x;
		x->count[r] = 1;
		table_add(&o->heads[r], ring_hash(o, r, x), x);
		return;
	}
	x->count[r] = 0;
	x->next[r] = head;
	x->prev[r] = head->prev[r];
	head->prev[r]->next[r] = x;
	head->prev[r] = x;
	head->count[r]++;
}

static void ring_remove(struct ownership *o, enum ring r, struct entry *x)
{
	struct entry *next = x->next[r];

	if (next == NULL)
		return;
	if (x->count[r] == 0) {
		ring_head(o, r, ring_key(&x->pub, r))->count[r]--;
	} else if (next != x) {
		next->count[r] = x->count[r] - 1;
		table_replace(&o->heads[r], ring_hash(o, r, x), x, next);
	} else {
		table_remove(&o->heads[r], ring_hash(o, r, x), x);
	}
	next->prev[r] = x->prev[r];
	x->prev[r]->next[r] = next;
	x->next[r] = x->prev[r] = NULL;
}

/* `in` takes the place of `out`, so that lists keep their order. */
static void ring_replace(struct ownership *o, enum ring r, struct entry *out, struct entry *in)
{
	if (out->next[r] == NULL)
		return;
	in->next[r] = out->next[r];
	in->prev[r] = out->prev[r];
	in->count[r] = out->count[r];
	if (in->count[r] > 0)
		table_replace(&o->heads[r], ring_hash(o, r, in), out, in);
	if (in->next[r] == out)
		in->next[r] = in->prev[r] = in;
	in->next[r]->prev[r] = in;
	in->prev[r]->next[r] = in;
	out->next[r] = out->prev[r] = NULL;
}

/* ---- memory ---- */

static void link_entry(struct ownership *o, struct entry *x)
{
	table_add(&o->by_id, hash_id(o, x->pub.id), x);
	table_add(&o->by_address, hash_of(o, &x->pub), x);
	for (enum ring r = 0; r < RINGS; r++)
		ring_add(o, r, x);
	x->index = (uint32_t)o->n;
	o->all[o->n++] = x;
	o->in_state[x->pub.state]++;
}

static void unlink_entry(struct ownership *o, struct entry *x)
{
	table_remove(&o->by_id, hash_id(o, x->pub.id), x);
	table_remove(&o->by_address, hash_of(o, &x->pub), x);
	for (enum ring r = 0; r < RINGS; r++)
		ring_remove(o, r, x);
	o->all[x->index] = o->all[--o->n];
	o->all[x->index]->index = x->index;
	o->in_state[x->pub.state]--;
}

static void replace_entry(struct ownership *o, struct entry *out, struct entry *in)
{
	table_replace(&o->by_id, hash_id(o, out->pub.id), out, in);
	table_remove(&o->by_address, hash_of(o, &out->pub), out);
	table_add(&o->by_address, hash_of(o, &in->pub), in);
	for (enum ring r = 0; r < RINGS; r++) {
		if (same_text(ring_key(&out->pub, r), ring_key(&in->pub, r))) {
			ring_replace(o, r, out, in);
		} else {
			ring_remove(o, r, out);
			ring_add(o, r, in);
		}
	}
	in->index = out->index;
	o->all[in->index] = in;
	o->in_state[out->pub.state]--;
	o->in_state[in->pub.state]++;
}

static void swap(void *arg, void *out, void *in)
{
	if (out == NULL)
		link_entry(arg, in);
	else if (in == NULL)
		unlink_entry(arg, out);
	else
		replace_entry(arg, out, in);
}

static void drop(void *arg, void *item)
{
	(void)arg;
	free(item);
}

static const struct mirror_ops ops = { swap, drop, NULL };

/* Room for one entry more, and for the undoing of one removal. */
static int reserve(struct ownership *o, struct err *e)
{
	if (mirror_reserve(&o->mirror, e) == -1 || table_reserve(&o->by_id, 1, e) == -1 ||
	    table_reserve(&o->by_address, 1, e) == -1 ||
	    table_reserve(&o->heads[BY_JID], 1, e) == -1 ||
	    table_reserve(&o->heads[BY_OWNER], 1, e) == -1 ||
	    table_reserve(&o->heads[BY_DOMAIN], 1, e) == -1)
		return -1;
	if (o->n == o->cap) {
		size_t cap = o->cap > 0 ? 2 * o->cap : 256;
		struct entry **all = reallocarray(o->all, cap, sizeof(*all));

		if (all == NULL)
			return err_set(e, ERR_SYSTEM, "out of memory");
		o->all = all;
		o->cap = cap;
	}
	return 0;
}

/* ---- open ---- */

/* A damaged or doctored file is refused, not interpreted (att-O-09). */
static int load_row(struct ownership *o, struct stmt *st, struct err *e)
{
	struct owned t = {
		.jid = stmt_text(st, 2), .node = stmt_text(st, 3), .source = stmt_text(st, 4),
		.partition = stmt_text(st, 5), .owner = stmt_text(st, 6),
		.epoch = (uint64_t)stmt_int(st, 7), .is_public = stmt_int(st, 9) != 0,
		.listed = stmt_int(st, 10) != 0, .name = stmt_text(st, 11),
		.since_ms = stmt_int(st, 12), .held_for = stmt_text(st, 14),
		.former = stmt_text(st, 15), .until_ms = stmt_int(st, 16),
		.disputed = stmt_int(st, 17) != 0,
	};
	int64_t row = stmt_int(st, 0);
	int64_t state = stmt_int(st, 8), hold = stmt_int(st, 13);
	size_t len;
	const void *id = stmt_blob(st, 1, &len);
	struct entry *x;

	if (len != OWNERSHIP_ID || t.jid == NULL || state < 0 || state >= (int64_t)N_STATES ||
	    hold < 0 || hold >= (int64_t)N_HOLDS)
		goto damaged;
	memcpy(t.id, id, OWNERSHIP_ID);
	t.state = (enum owned_state)state;
	t.hold = (enum owned_hold)hold;
	if (ownership_by_id(o, t.id) != NULL ||
	    ownership_by_address(o, t.jid, t.node, t.source, t.partition) != NULL)
		goto damaged;
	if (reserve(o, e) == -1 || (x = entry_new(&t, row, e)) == NULL)
		return -1;
	link_entry(o, x);
	o->last_row = row;
	return 0;
damaged:
	return err_set(e, ERR_SYSTEM,
	    "row %lld of the table of owners is damaged: restore a backup", (long long)row);
}

static int load(struct ownership *o, struct err *e)
{
	struct stmt *st = store_prepare(o->store,
	    "SELECT row, id, jid, node, source, partition, owner, epoch, state, public, listed,"
	    " name, since, hold, held_for, former, until, disputed FROM owned ORDER BY row", e);
	size_t n;
	int got;

	/* All at once: growing on the way would take as long as reading. */
	if (st == NULL || store_count(o->store, "SELECT count(*) FROM owned", &n, e) == -1 ||
	    table_reserve(&o->by_id, n, e) == -1 || table_reserve(&o->by_address, n, e) == -1)
		return -1;
	while ((got = stmt_step(st, e)) == 1) {
		if (load_row(o, st, e) == -1) {
			stmt_reset(st);
			return -1;
		}
	}
	return got;
}

int ownership_open(struct ownership **out, struct store *s, struct err *e)
{
	struct ownership *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	o->store = s;
	if (table_seed(&o->seed, e) == -1 || store_migrate(s, &schema, e) == -1)
		goto fail;
	o->write = store_prepare(s, "INSERT OR REPLACE INTO owned (row, id, jid, node, source,"
	    " partition, owner, epoch, state, public, listed, name, since, hold, held_for, former,"
	    " until, disputed)"
	    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,"
	    " $18)", e);
	o->erase = store_prepare(s, "DELETE FROM owned WHERE row = $1", e);
	if (o->write == NULL || o->erase == NULL || load(o, e) == -1)
		goto fail;
	mirror_open(&o->mirror, s, &ops, o);
	*out = o;
	return 0;
fail:
	ownership_close(&o);
	return -1;
}

void ownership_close(struct ownership **op)
{
	struct ownership *o = *op;

	if (o == NULL)
		return;
	*op = NULL;
	for (size_t i = 0; i < o->n; i++)
		free(o->all[i]);
	free(o->all);
	table_fini(&o->by_id);
	table_fini(&o->by_address);
	for (enum ring r = 0; r < RINGS; r++)
		table_fini(&o->heads[r]);
	mirror_close(&o->mirror);
	free(o);
}

/* ---- lookups ---- */

static struct entry *find_id(const struct ownership *o, const uint8_t *id)
{
	uint64_t hash = hash_id(o, id);
	size_t at;
	struct entry *x;

	for (x = table_first(&o->by_id, hash, &at); x; x = table_next(&o->by_id, hash, &at))
		if (memcmp(x->pub.id, id, OWNERSHIP_ID) == 0)
			return x;
	return NULL;
}

const struct owned *ownership_by_id(const struct ownership *o,
    const uint8_t id[static OWNERSHIP_ID])
{
	const struct entry *x = find_id(o, id);

	return x != NULL ? &x->pub : NULL;
}

const struct owned *ownership_by_address(const struct ownership *o, const char *jid,
    const char *node, const char *source, const char *partition)
{
	uint64_t hash = hash_address(o, jid, node, source, partition);
	size_t at;
	const struct entry *x;

	for (x = table_first(&o->by_address, hash, &at); x;
	    x = table_next(&o->by_address, hash, &at))
		if (same_address(&x->pub, jid, node, source, partition))
			return &x->pub;
	return NULL;
}

static const struct owned *ring_next(const struct ownership *o, enum ring r, const char *key,
    const struct owned *after)
{
	const struct entry *x;

	if (after == NULL)
		x = ring_head(o, r, key);
	else if ((x = (const struct entry *)after)->next[r] != NULL)
		x = x->next[r]->count[r] > 0 ? NULL : x->next[r];
	else
		x = NULL;
	return x != NULL ? &x->pub : NULL;
}

const struct owned *ownership_next_of_jid(const struct ownership *o, const char *jid,
    const struct owned *after)
{
	return ring_next(o, BY_JID, jid, after);
}

const struct owned *ownership_next_of_owner(const struct ownership *o, const char *owner,
    const struct owned *after)
{
	return ring_next(o, BY_OWNER, owner, after);
}

size_t ownership_count_of_owner(const struct ownership *o, const char *owner)
{
	const struct entry *head = ring_head(o, BY_OWNER, owner);

	return head != NULL ? head->count[BY_OWNER] : 0;
}

size_t ownership_count_of_jid(const struct ownership *o, const char *jid)
{
	const struct entry *head = ring_head(o, BY_JID, jid);

	return head != NULL ? head->count[BY_JID] : 0;
}

size_t ownership_count_of_domain(const struct ownership *o, const char *domain)
{
	const struct entry *head = ring_head(o, BY_DOMAIN, domain);

	return head != NULL ? head->count[BY_DOMAIN] : 0;
}

size_t ownership_count(const struct ownership *o)
{
	return o->n;
}

size_t ownership_count_in(const struct ownership *o, enum owned_state state)
{
	return (size_t)state < N_STATES ? o->in_state[state] : 0;
}

const struct owned *ownership_at(const struct ownership *o, size_t i)
{
	return i < o->n ? &o->all[i]->pub : NULL;
}

/* ---- changes ---- */

void ownership_on_change(struct ownership *o, ownership_changed_fn fn, void *arg)
{
	o->changed = fn;
	o->changed_arg = arg;
}

void ownership_on_row(struct ownership *o, ownership_row_fn fn, void *arg)
{
	o->row_changed = fn;
	o->row_arg = arg;
}

static int tell(struct ownership *o, const struct owned *before, const struct owned *after,
    struct err *e)
{
	const uint8_t *id = after != NULL ? after->id : before->id;

	if (o->row_changed != NULL && o->row_changed(o->row_arg, id, e) == -1)
		return -1;
	if (o->changed == NULL)
		return 0;
	if (before != NULL && after != NULL && before->epoch == after->epoch &&
	    before->state == after->state && same_text(before->owner, after->owner))
		return 0;
	return o->changed(o->changed_arg, before, after, e);
}

static int write_row(struct ownership *o, const struct entry *x, struct err *e)
{
	const struct owned *t = &x->pub;

	stmt_bind_int(o->write, 1, x->row);
	stmt_bind_blob(o->write, 2, t->id, OWNERSHIP_ID);
	stmt_bind_text(o->write, 3, t->jid);
	stmt_bind_text(o->write, 4, t->node);
	stmt_bind_text(o->write, 5, t->source);
	stmt_bind_text(o->write, 6, t->partition);
	stmt_bind_text(o->write, 7, t->owner);
	stmt_bind_int(o->write, 8, (int64_t)t->epoch);
	stmt_bind_int(o->write, 9, t->state);
	stmt_bind_int(o->write, 10, t->is_public);
	stmt_bind_int(o->write, 11, t->listed);
	stmt_bind_text(o->write, 12, t->name);
	stmt_bind_int(o->write, 13, t->since_ms);
	stmt_bind_int(o->write, 14, t->hold);
	stmt_bind_text(o->write, 15, t->held_for);
	stmt_bind_text(o->write, 16, t->former);
	stmt_bind_int(o->write, 17, t->until_ms);
	stmt_bind_int(o->write, 18, t->disputed);
	return stmt_run(o->write, NULL, e);
}

int ownership_put(struct ownership *o, const struct owned *t, struct err *e)
{
	struct entry *old = find_id(o, t->id);
	const struct owned *there = ownership_by_address(o, t->jid, t->node, t->source,
	    t->partition);
	struct entry *x;

	if (there != NULL && (old == NULL || there != &old->pub))
		return err_set(e, ERR_INPUT, "this address belongs to another thing");
	if ((size_t)t->state >= N_STATES || (size_t)t->hold >= N_HOLDS)
		return err_set(e, ERR_INPUT, "a thing in no known state");
	if (reserve(o, e) == -1)
		return -1;
	x = entry_new(t, old != NULL ? old->row : o->last_row + 1, e);
	if (x == NULL)
		return -1;
	if (write_row(o, x, e) == -1) {
		free(x);
		return -1;
	}
	if (old == NULL)
		o->last_row = x->row;
	mirror_swap(&o->mirror, old, x);
	return tell(o, old != NULL ? &old->pub : NULL, &x->pub, e);
}

int ownership_delete(struct ownership *o, const uint8_t id[static OWNERSHIP_ID], struct err *e)
{
	struct entry *old = find_id(o, id);

	if (old == NULL)
		return 0;
	if (reserve(o, e) == -1)
		return -1;
	stmt_bind_int(o->erase, 1, old->row);
	if (stmt_run(o->erase, NULL, e) == -1)
		return -1;
	mirror_swap(&o->mirror, old, NULL);
	return tell(o, &old->pub, NULL, e);
}
