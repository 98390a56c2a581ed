/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debt: what is owed, by row, by what it is about, by whom it is owed to, and
 * in a heap by when it is due.  It builds no stanza and sends nothing; the
 * roles write it (registry/serve.h, provisioning/serve.h), the site sends.
 */
#include "config.h"

#include "common/store/debt.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/due.h"
#include "common/base/ident.h"
#include "common/base/jid.h"
#include "common/base/str.h"
#include "common/store/mirror.h"
#include "common/store/store.h"
#include "common/store/table.h"

#define SECOND INT64_C(1000)
#define BURST (60 * SECOND)		/* quick tries after the first one */
#define SLOW (15 * 60 * SECOND)
#define WAKE_GAP (60 * SECOND)		/* a chatty peer gets no more than this */
#define HOLD_TRIES 3			/* so many tries hold back what comes behind */
#define SWEEP 256			/* debts offered by one walk */
#define HOLD_MS (4 * SECOND)		/* ... but not before: what comes behind a floor */
#define ATTEMPT 72
#define FREE_RANK 3			/* holds back nothing, held back by nothing */

struct item {
	struct debt pub;	/* first: a debt is the start of its item */
	struct peer *peer;
	struct item *next, *prev;	/* of the same peer */
	uint64_t row_hash, key_hash;
	size_t index;		/* in debts.all */
	struct due due;		/* in debts.heap: may be sent */
	int64_t burst_ms;	/* boot: when the quick tries began; -1 not yet */
	int64_t sent_ms;	/* boot: last try; -1 none */
	bool committed;
	char text[];
};

struct peer {
	struct item *first;
	size_t refs;		/* items that point here, also undone ones */
	uint64_t hash;
	char jid[];
};

/* Rows found due at the start of a walk; looked up again one by one. */
struct sweep {
	int64_t row[SWEEP];
	size_t n, at;
};

struct debts {
	struct store *store;
	const struct clock *clock;
	const struct secret *id_key;
	struct mirror mirror;
	struct table_seed seed;
	struct table by_row, by_key, peers;
	struct item **all;
	struct due_heap heap;
	size_t n, cap;
	size_t of_kind[DEBT_COUNT];
	struct sweep *sweep;
	int64_t last_row;
	char run[IDENT_CODE];	/* of this process: no attempt's id comes twice */
	struct stmt *write, *renew, *erase;
};

static const struct store_step steps[] = {
	{ 1, "CREATE TABLE debt ("
	     " row INTEGER PRIMARY KEY, kind INTEGER NOT NULL, peer TEXT NOT NULL,"
	     " subject TEXT NOT NULL, body TEXT, number INTEGER NOT NULL,"
	     " since INTEGER NOT NULL)" },
};
static const struct store_schema schema = { "debt", steps, sizeof(steps) / sizeof(steps[0]) };

/* The order towards one peer: who owns it, what it must forget, whom it may
 * befriend.  The rest neither waits nor makes wait. */
static const int ranks[DEBT_COUNT] = {
	[DEBT_OWNER] = 0,
	[DEBT_FLOOR] = 1,
	[DEBT_FRIEND] = 2,
	[DEBT_UNFRIEND] = 2,
	[DEBT_QUESTION] = FREE_RANK,
	[DEBT_NOTICE] = FREE_RANK,
	[DEBT_SUBSCRIBE] = FREE_RANK,
	[DEBT_WITNESS] = FREE_RANK,
};

/* ---- the heap ---- */

static struct item *item_of(const struct due *d)
{
	return (struct item *)(uintptr_t)((const char *)d - offsetof(struct item, due));
}

static void set_due(struct debts *d, struct item *x, int64_t due)
{
	x->pub.due_boot_ms = due;
	if (due_is_in(&x->due))
		due_put(&d->heap, &x->due, due);
}

/* ---- the order ---- */

/* The lowest rank that still makes the others of its peer wait. */
static int holding_rank(const struct peer *p)
{
	int lowest = FREE_RANK;

	for (const struct item *x = p->first; x != NULL; x = x->next)
		if (x->pub.tries < HOLD_TRIES && ranks[x->pub.kind] < lowest)
			lowest = ranks[x->pub.kind];
	return lowest;
}

/* Behind something unanswered: not before that had its time (ruling 26a). */
static int64_t not_before(const struct item *x)
{
	int64_t when = INT64_MIN;

	for (const struct item *y = x->peer->first; y != NULL; y = y->next)
		if (ranks[x->pub.kind] != FREE_RANK && ranks[y->pub.kind] < ranks[x->pub.kind] &&
		    y->burst_ms >= 0 && y->burst_ms + HOLD_MS > when)
			when = y->burst_ms + HOLD_MS;
	return when;
}

static void admit(struct debts *d, struct item *x)
{
	int64_t when = not_before(x);

	if (x->pub.due_boot_ms < when)
		x->pub.due_boot_ms = when;
	due_put(&d->heap, &x->due, x->pub.due_boot_ms);
}

/* Put into the heap what may be sent, and take out what may not. */
static void reorder(struct debts *d, const struct peer *p)
{
	int holding = holding_rank(p);

	for (struct item *x = p->first; x != NULL; x = x->next) {
		int rank = ranks[x->pub.kind];
		bool may = x->committed && (rank <= holding || rank == FREE_RANK);

		if (may && !due_is_in(&x->due))
			admit(d, x);
		else if (!may)
			due_remove(&d->heap, &x->due);
	}
}

/* ---- items ---- */

static uint64_t hash_row(const struct debts *d, int64_t row)
{
	return table_hash(&d->seed, 0, &row, sizeof(row));
}

static uint64_t hash_key(const struct debts *d, enum debt_kind kind, const char *peer,
    const char *subject)
{
	return table_hash_text(&d->seed, table_hash_text(&d->seed, (uint64_t)kind, peer), subject);
}

static struct peer *find_peer(const struct debts *d, const char *jid)
{
	uint64_t hash = table_hash_text(&d->seed, 0, jid);
	size_t at;
	struct peer *p;

	for (p = table_first(&d->peers, hash, &at); p; p = table_next(&d->peers, hash, &at))
		if (strcmp(p->jid, jid) == 0)
			return p;
	return NULL;
}

static struct peer *hold_peer(struct debts *d, const char *jid)
{
	struct peer *p = find_peer(d, jid);
	size_t len = strlen(jid);

	if (p == NULL) {
		p = calloc(1, sizeof(*p) + len + 1);
		if (p == NULL || table_reserve(&d->peers, 1, NULL) == -1) {
			free(p);
			return NULL;
		}
		memcpy(p->jid, jid, len);
		p->hash = table_hash_text(&d->seed, 0, jid);
		table_add(&d->peers, p->hash, p);
	}
	p->refs++;
	return p;
}

static void item_free(struct debts *d, struct item *x)
{
	if (--x->peer->refs == 0) {
		table_remove(&d->peers, x->peer->hash, x->peer);
		free(x->peer);
	}
	free(x);
}

static struct item *item_new(struct debts *d, const struct debt *t, struct err *e)
{
	size_t subject = strlen(t->subject) + 1;
	size_t text = t->text != NULL ? strlen(t->text) + 1 : 0;
	struct item *x = calloc(1, sizeof(*x) + subject + text);

	if (x == NULL || (x->peer = hold_peer(d, t->peer)) == NULL) {
		free(x);
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	x->pub = *t;
	x->pub.peer = x->peer->jid;
	x->pub.subject = memcpy(x->text, t->subject, subject);
	if (text > 0)
		x->pub.text = memcpy(x->text + subject, t->text, text);
	x->pub.due_boot_ms = clock_boot(d->clock);
	x->row_hash = hash_row(d, t->row);
	x->key_hash = hash_key(d, t->kind, t->peer, t->subject);
	x->burst_ms = x->sent_ms = -1;
	return x;
}

static void link_item(struct debts *d, struct item *x)
{
	table_add(&d->by_row, x->row_hash, x);
	table_add(&d->by_key, x->key_hash, x);
	x->index = d->n;
	d->all[d->n++] = x;
	d->of_kind[x->pub.kind]++;
	x->prev = NULL;
	x->next = x->peer->first;
	if (x->next != NULL)
		x->next->prev = x;
	x->peer->first = x;
}

static void unlink_item(struct debts *d, struct item *x)
{
	due_remove(&d->heap, &x->due);
	table_remove(&d->by_row, x->row_hash, x);
	table_remove(&d->by_key, x->key_hash, x);
	d->of_kind[x->pub.kind]--;
	d->all[x->index] = d->all[--d->n];
	d->all[x->index]->index = x->index;
	if (x->next != NULL)
		x->next->prev = x->prev;
	if (x->prev != NULL)
		x->prev->next = x->next;
	else
		x->peer->first = x->next;
}

static void swap(void *arg, void *out, void *in)
{
	struct item *gone = out, *come = in;

	if (gone != NULL)
		unlink_item(arg, gone);
	if (come != NULL)
		link_item(arg, come);
	reorder(arg, come != NULL ? come->peer : gone->peer);
}

static void drop(void *arg, void *item)
{
	item_free(arg, item);
}

static void kept(void *arg, void *item)
{
	struct item *x = item;

	x->committed = true;
	/* Not when a later change of the same transaction removed it again. */
	if (x->index < ((struct debts *)arg)->n && ((struct debts *)arg)->all[x->index] == x)
		reorder(arg, x->peer);
}

static const struct mirror_ops ops = { swap, drop, kept };

static int reserve(struct debts *d, struct err *e)
{
	if (mirror_reserve(&d->mirror, e) == -1 || table_reserve(&d->by_row, 1, e) == -1 ||
	    table_reserve(&d->by_key, 1, e) == -1)
		return -1;
	if (d->n == d->cap) {
		size_t cap = d->cap > 0 ? 2 * d->cap : 256;
		struct item **all = reallocarray(d->all, cap, sizeof(*all));

		if (all != NULL)
			d->all = all;
		if (all == NULL || due_reserve(&d->heap, cap) == -1)
			return err_set(e, ERR_SYSTEM, "out of memory");
		d->cap = cap;
	}
	return 0;
}

/* ---- open ---- */

static int load_row(struct debts *d, struct stmt *st, struct err *e)
{
	int64_t kind = stmt_int(st, 1);
	struct debt t = {
		.row = stmt_int(st, 0), .peer = stmt_text(st, 2), .subject = stmt_text(st, 3),
		.text = stmt_text(st, 4), .number = (uint64_t)stmt_int(st, 5),
		.since_ms = stmt_int(st, 6),
	};
	struct item *x;

	if (kind < 0 || kind >= DEBT_COUNT || t.peer == NULL || t.subject == NULL ||
	    debt_find(d, (enum debt_kind)kind, t.peer, t.subject) != NULL)
		return err_set(e, ERR_SYSTEM,
		    "row %lld of the table of debts is damaged: restore a backup",
		    (long long)t.row);
	t.kind = (enum debt_kind)kind;
	if (reserve(d, e) == -1 || (x = item_new(d, &t, e)) == NULL)
		return -1;
	x->committed = true;
	link_item(d, x);
	reorder(d, x->peer);
	d->last_row = t.row;
	return 0;
}

static int load(struct debts *d, struct err *e)
{
	struct stmt *st = store_prepare(d->store,
	    "SELECT row, kind, peer, subject, body, number, since FROM debt ORDER BY row", e);
	int got;

	if (st == NULL)
		return -1;
	while ((got = stmt_step(st, e)) == 1) {
		if (load_row(d, st, e) == -1) {
			stmt_reset(st);
			return -1;
		}
	}
	return got;
}

int debts_open(struct debts **out, struct store *s, const struct clock *clock,
    const struct secret *id_key, struct err *e)
{
	struct debts *d = calloc(1, sizeof(*d));

	if (d == NULL || (d->sweep = calloc(1, sizeof(*d->sweep))) == NULL) {
		free(d);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	d->store = s;
	d->clock = clock;
	d->id_key = id_key;
	if (table_seed(&d->seed, e) == -1 || ident_code(d->run, e) == -1 ||
	    store_migrate(s, &schema, e) == -1)
		goto fail;
	d->write = store_prepare(s, "INSERT INTO debt (row, kind, peer, subject, body, number,"
	    " since) VALUES ($1, $2, $3, $4, $5, $6, $7)", e);
	d->renew = store_prepare(s, "UPDATE debt SET body = $1, number = $2 WHERE row = $3", e);
	d->erase = store_prepare(s, "DELETE FROM debt WHERE row = $1", e);
	if (d->write == NULL || d->renew == NULL || d->erase == NULL || load(d, e) == -1)
		goto fail;
	mirror_open(&d->mirror, s, &ops, d);
	*out = d;
	return 0;
fail:
	debts_close(&d);
	return -1;
}

void debts_close(struct debts **dp)
{
	struct debts *d = *dp;

	if (d == NULL)
		return;
	*dp = NULL;
	for (size_t i = 0; i < d->n; i++)
		item_free(d, d->all[i]);
	free(d->all);
	due_fini(&d->heap);
	free(d->sweep);
	table_fini(&d->by_row);
	table_fini(&d->by_key);
	table_fini(&d->peers);
	mirror_close(&d->mirror);
	free(d);
}

/* ---- lookups ---- */

static struct item *find_row(const struct debts *d, int64_t row)
{
	uint64_t hash = hash_row(d, row);
	size_t at;
	struct item *x;

	for (x = table_first(&d->by_row, hash, &at); x; x = table_next(&d->by_row, hash, &at))
		if (x->pub.row == row)
			return x;
	return NULL;
}

static struct item *find_key(const struct debts *d, enum debt_kind kind, const char *peer,
    const char *subject)
{
	uint64_t hash = hash_key(d, kind, peer, subject);
	size_t at;
	struct item *x;

	for (x = table_first(&d->by_key, hash, &at); x; x = table_next(&d->by_key, hash, &at))
		if (x->pub.kind == kind && strcmp(x->pub.peer, peer) == 0 &&
		    strcmp(x->pub.subject, subject) == 0)
			return x;
	return NULL;
}

const struct debt *debt_by_row(const struct debts *d, int64_t row)
{
	const struct item *x = find_row(d, row);

	return x != NULL ? &x->pub : NULL;
}

const struct debt *debt_find(const struct debts *d, enum debt_kind kind, const char *peer,
    const char *subject)
{
	const struct item *x = find_key(d, kind, peer, subject);

	return x != NULL ? &x->pub : NULL;
}

size_t debt_count_of(const struct debts *d, enum debt_kind kind)
{
	return d->of_kind[kind];
}

size_t debt_count(const struct debts *d)
{
	return d->n;
}

const struct debt *debt_at(const struct debts *d, size_t i)
{
	return i < d->n ? &d->all[i]->pub : NULL;
}

/* ---- changes ---- */

static int write_row(struct debts *d, const struct debt *t, struct err *e)
{
	stmt_bind_int(d->write, 1, t->row);
	stmt_bind_int(d->write, 2, t->kind);
	stmt_bind_text(d->write, 3, t->peer);
	stmt_bind_text(d->write, 4, t->subject);
	stmt_bind_text(d->write, 5, t->text);
	stmt_bind_int(d->write, 6, (int64_t)t->number);
	stmt_bind_int(d->write, 7, t->since_ms);
	return stmt_run(d->write, NULL, e);
}

static int erase_row(struct debts *d, const struct item *x, struct err *e)
{
	stmt_bind_int(d->erase, 1, x->pub.row);
	return stmt_run(d->erase, NULL, e);
}

static int renew_row(struct debts *d, const struct debt *t, struct err *e)
{
	stmt_bind_text(d->renew, 1, t->text);
	stmt_bind_int(d->renew, 2, (int64_t)t->number);
	stmt_bind_int(d->renew, 3, t->row);
	return stmt_run(d->renew, NULL, e);
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* The row stays, so that what was sent before can still be answered. */
static int renew_floor(struct debts *d, struct item *old, uint64_t number, const char *text,
    struct err *e)
{
	struct debt t = old->pub;
	struct item *x;

	if (number == old->pub.number && same_text(text, old->pub.text))
		return 0;
	t.number = number;
	t.text = text;
	if (reserve(d, e) == -1 || (x = item_new(d, &t, e)) == NULL)
		return -1;
	if (number == old->pub.number) {	/* what is under way pays it as well */
		x->pub.due_boot_ms = old->pub.due_boot_ms;
		x->burst_ms = old->burst_ms;
		x->sent_ms = old->sent_ms;
	} else {
		x->pub.tries = 0;
	}
	if (renew_row(d, &t, e) == -1) {
		item_free(d, x);
		return -1;
	}
	mirror_swap(&d->mirror, old, x);
	return 0;
}

int debt_floor(struct debts *d, const char *peer, uint64_t number, const char *text,
    struct err *e)
{
	struct item *old = find_key(d, DEBT_FLOOR, peer, "");

	if (old == NULL)
		return debt_owe(d, DEBT_FLOOR, peer, "", number, text, e);
	return renew_floor(d, old, number > old->pub.number ? number : old->pub.number, text, e);
}

/* A new row each time: an answer to the older debt must not settle this one. */
int debt_owe(struct debts *d, enum debt_kind kind, const char *peer, const char *subject,
    uint64_t number, const char *text, struct err *e)
{
	struct item *old = find_key(d, kind, peer, subject);
	struct debt t = {
		.row = d->last_row + 1, .kind = kind, .peer = peer, .subject = subject,
		.text = text, .number = number, .since_ms = clock_wall(d->clock),
	};
	struct item *x;

	if (reserve(d, e) == -1 || (x = item_new(d, &t, e)) == NULL)
		return -1;
	if ((old != NULL && erase_row(d, old, e) == -1) || write_row(d, &x->pub, e) == -1) {
		item_free(d, x);
		return -1;
	}
	d->last_row++;
	mirror_swap(&d->mirror, old, x);
	return 0;
}

static int erase(struct debts *d, struct item *x, struct err *e)
{
	if (mirror_reserve(&d->mirror, e) == -1 || erase_row(d, x, e) == -1)
		return -1;
	mirror_swap(&d->mirror, x, NULL);
	return 0;
}

int debt_settle(struct debts *d, int64_t row, uint64_t number, struct err *e)
{
	struct item *x = find_row(d, row);

	return x != NULL && x->pub.number == number ? erase(d, x, e) : 0;
}

int debt_cancel(struct debts *d, enum debt_kind kind, const char *peer, const char *subject,
    struct err *e)
{
	struct item *x = find_key(d, kind, peer, subject);

	return x != NULL ? erase(d, x, e) : 0;
}

/* ---- when ---- */

/* All of the heap that is due: its upper part. */
static void collect(const struct debts *d, size_t i, int64_t now)
{
	struct sweep *s = d->sweep;

	if (i >= d->heap.n || s->n == SWEEP || d->heap.item[i]->ms > now)
		return;
	s->row[s->n++] = item_of(d->heap.item[i])->pub.row;
	collect(d, 2 * i + 1, now);
	collect(d, 2 * i + 2, now);
}

const struct debt *debt_next_due(const struct debts *d, const struct debt *after)
{
	int64_t now = clock_boot(d->clock);
	struct sweep *s = d->sweep;

	if (after == NULL) {
		s->n = s->at = 0;
		collect(d, 0, now);
	}
	while (s->at < s->n) {
		const struct item *x = find_row(d, s->row[s->at++]);

		if (x != NULL && due_is_in(&x->due) && x->pub.due_boot_ms <= now)
			return &x->pub;
	}
	return NULL;
}

int64_t debt_deadline(const struct debts *d)
{
	const struct due *first = due_first(&d->heap);

	return first != NULL ? first->ms : -1;
}

void debt_sent(struct debts *d, int64_t row)
{
	static const int64_t quick[] = { 1 * SECOND, 2 * SECOND, 4 * SECOND };
	int64_t now = clock_boot(d->clock);
	struct item *x = find_row(d, row);
	size_t step;

	if (x == NULL)
		return;
	if (x->burst_ms < 0)
		x->burst_ms = now;
	step = x->pub.tries < 2 ? x->pub.tries : 2;
	x->pub.tries++;
	x->sent_ms = now;
	set_due(d, x, now + (now - x->burst_ms < BURST ? quick[step] : SLOW));
	if (x->pub.tries == HOLD_TRIES)
		reorder(d, x->peer);
}

void debt_put_off(struct debts *d, int64_t row)
{
	struct item *x = find_row(d, row);

	if (x != NULL)
		set_due(d, x, clock_boot(d->clock) + SLOW);
}

void debt_wake(struct debts *d, const char *peer)
{
	const struct peer *p = find_peer(d, peer);
	int64_t now = clock_boot(d->clock);

	if (p == NULL)
		return;
	for (struct item *x = p->first; x != NULL; x = x->next) {
		bool quick = x->burst_ms < 0 || now - x->burst_ms < BURST;
		int64_t due = x->sent_ms + (quick ? SECOND : WAKE_GAP);

		if (x->sent_ms < 0 || due < now)
			due = now;
		if (due < not_before(x))
			due = not_before(x);
		if (due < x->pub.due_boot_ms)
			set_due(d, x, due);
	}
}

/* ---- ids ---- */

/*
 * Everything the debt stands for is under the HMAC: row numbers may come
 * again after a restart, and an old answer must not fit another debt then.
 */
static void sign(const struct debts *d, const struct debt *t, const char *attempt,
    uint64_t number, char out[static 33])
{
	unsigned char mac[SECRET_HASH];
	unsigned char kind = (unsigned char)t->kind;
	const struct secret_part parts[] = {
		{ "debt", 4 }, { attempt, strlen(attempt) }, { t->peer, strlen(t->peer) },
		{ &kind, 1 }, { t->subject, strlen(t->subject) }, { &number, sizeof(number) },
	};

	secret_hmac(mac, d->id_key, parts, sizeof(parts) / sizeof(parts[0]));
	str_hex(out, mac, 16);
}

/* "d-ROW-RUN.TRY.NUMBER-HEX"; never digits alone, which some clients take for their own. */
void debt_iq_id(const struct debts *d, const struct debt *t, char out[static DEBT_ID])
{
	char attempt[ATTEMPT], hex[33];

	snprintf(attempt, sizeof(attempt), "%" PRId64 "-%.4s%.4s.%u.%" PRIu64, t->row, d->run,
	    d->run + 5, t->tries, t->number);
	sign(d, t, attempt, t->number, hex);
	snprintf(out, DEBT_ID, "d-%s-%s", attempt, hex);
}

/* Split "ROW-RUN.TRY.NUMBER". */
static int read_attempt(const char *attempt, int64_t *row, int64_t *number)
{
	const char *dot = strrchr(attempt, '.');
	size_t len = strcspn(attempt, "-");
	char text[24];

	if (dot == NULL || len >= sizeof(text))
		return -1;
	memcpy(text, attempt, len);
	text[len] = '\0';
	return str_to_int(text, 1, INT64_MAX, row) == -1 ||
	    str_to_int(dot + 1, 0, INT64_MAX, number) == -1 ? -1 : 0;
}

/* A floor that was raised meanwhile is still the same promise up to where it was. */
static bool may_answer(const struct debt *t, uint64_t number)
{
	return number == t->number || (t->kind == DEBT_FLOOR && number < t->number);
}

int64_t debt_iq_row(const struct debts *d, const char *id, const char *peer, uint64_t *number)
{
	const char *dash = strrchr(id, '-');
	char attempt[ATTEMPT], hex[33];
	int64_t row, sent;
	size_t len;
	const struct item *x;

	if (!str_starts(id, "d-") || dash == NULL || dash < id + 2 || strlen(dash + 1) != 32)
		return -1;
	len = (size_t)(dash - (id + 2));
	if (len >= sizeof(attempt))
		return -1;
	memcpy(attempt, id + 2, len);
	attempt[len] = '\0';
	if (read_attempt(attempt, &row, &sent) == -1 || (x = find_row(d, row)) == NULL ||
	    !jid_text_same_bare(x->pub.peer, peer) || !may_answer(&x->pub, (uint64_t)sent))
		return -1;
	sign(d, &x->pub, attempt, (uint64_t)sent, hex);
	if (!secret_bytes_equal(hex, dash + 1, 32))
		return -1;
	*number = (uint64_t)sent;
	return row;
}
