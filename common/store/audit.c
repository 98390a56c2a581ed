/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit: the chained table and, before it, the decisions that are only counted
 * so far (audit_count.c).  The head of the chain is memory that follows the
 * transaction; the start of the chain is a row of its own, so that old rows
 * can be cut away and the rest still verifies.  Read next: audit_count.h.
 */
#include "config.h"

#include "common/store/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/ident.h"
#include "common/base/scratch.h"
#include "common/base/str.h"
#include "common/store/audit_count.h"
#include "common/store/store.h"

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)
#define FLUSH_MS 3000		/* a decision waits no longer than this for its row */
#define FLUSH_ROWS 500		/* in one transaction */
#define CUT_ROWS 2000		/* in one transaction */
#define HISTORY_LOOKS 20000	/* rows one question may look at */

struct link {
	int64_t row;
	uint8_t hash[AUDIT_HASH];
};

struct audit {
	struct store *store;
	const struct clock *clock;
	struct audit_counts *counts;
	struct link head, kept;		/* with this transaction; on disk */
	int64_t keep_ms;		/* 0: for ever */
	int64_t cut_ms;			/* wall: when to look for old rows again; -1 never */
	bool cutting, flushing;
	uint64_t count[AUDIT_WHAT_COUNT], added[AUDIT_WHAT_COUNT];	/* added: not committed */
	struct stmt *write, *by_thing, *by_owner, *by_both, *all, *walk;
	struct stmt *read_start, *set_start, *oldest, *cut;
};

static const struct store_step steps[] = {
	{ 1, "CREATE TABLE audit ("
	     " row INTEGER PRIMARY KEY, at INTEGER NOT NULL, since INTEGER NOT NULL,"
	     " count INTEGER NOT NULL, what INTEGER NOT NULL, thing BLOB,"
	     " epoch INTEGER NOT NULL, owner TEXT, actor TEXT, object TEXT, detail TEXT,"
	     " hash BLOB NOT NULL);"
	     "CREATE INDEX audit_thing ON audit (thing) WHERE thing IS NOT NULL;"
	     "CREATE INDEX audit_owner ON audit (owner) WHERE owner IS NOT NULL;"
	     "CREATE TABLE audit_start ("
	     " one INTEGER PRIMARY KEY CHECK (one = 1), row INTEGER NOT NULL,"
	     " hash BLOB NOT NULL)" },
};
static const struct store_schema schema = { "audit", steps, sizeof(steps) / sizeof(steps[0]) };

#define COLUMNS "row, at, since, count, what, thing, epoch, owner, actor, object, detail, hash"

const char *audit_what_name(enum audit_what w)
{
	static const char *const names[AUDIT_WHAT_COUNT] = {
		[AUDIT_REGISTERED] = "registered", [AUDIT_CLAIMED] = "claimed",
		[AUDIT_DISOWNED] = "disowned", [AUDIT_TOMBSTONE] = "tombstone",
		[AUDIT_TRANSFERRED] = "transferred", [AUDIT_TOLD] = "told",
		[AUDIT_REMOVED] = "removed", [AUDIT_PUBLISHED] = "published",
		[AUDIT_UNREGISTERED] = "unregistered", [AUDIT_RESTORED] = "restored",
		[AUDIT_REPLACED] = "replaced", [AUDIT_HELD] = "held",
		[AUDIT_RELEASED] = "released", [AUDIT_EXPIRED] = "expired",
		[AUDIT_DISPUTED] = "disputed", [AUDIT_PRESENCE] = "presence",
		[AUDIT_NAMED] = "named", [AUDIT_TAGGED] = "tagged", [AUDIT_RULE] = "rule",
		[AUDIT_RULE_ENDED] = "rule-ended", [AUDIT_QUESTION] = "question",
		[AUDIT_ALLOWED] = "allowed", [AUDIT_DENIED] = "denied",
		[AUDIT_ACCOUNT] = "account", [AUDIT_OPERATOR] = "operator",
		[AUDIT_CUT] = "cut", [AUDIT_REFUSED] = "refused",
		[AUDIT_COPIED] = "copied", [AUDIT_ALONE] = "alone",
	};

	return (int)w > 0 && w < AUDIT_WHAT_COUNT && names[w] != NULL ? names[w] : "?";
}

/* ---- the chain ---- */

void audit_chain(uint8_t out[static AUDIT_HASH], const uint8_t previous[static AUDIT_HASH],
    const struct audit_row *r)
{
	struct hash h;

	hash_start(&h, "kith-audit-1");
	hash_part(&h, previous, AUDIT_HASH);
	hash_int(&h, (uint64_t)r->row);
	hash_int(&h, (uint64_t)r->at_ms);
	hash_int(&h, (uint64_t)r->since_ms);
	hash_int(&h, (uint64_t)r->count);
	hash_int(&h, (uint64_t)r->event.what);
	hash_part(&h, r->has_thing ? r->thing : NULL, sizeof(r->thing));
	hash_int(&h, r->event.epoch);
	hash_text(&h, r->event.owner);
	hash_text(&h, r->event.actor);
	hash_text(&h, r->event.object);
	hash_text(&h, r->event.detail);
	hash_end(&h, out);
}

/* ---- writing ---- */

/* One cut for all texts: at a whole character, never longer than the limit. */
static const char *bounded(const char *s, char room[static AUDIT_TEXT + 1])
{
	size_t n = AUDIT_TEXT;

	if (s == NULL || strnlen(s, AUDIT_TEXT + 1) <= AUDIT_TEXT)
		return s;
	while (n > 0 && ((unsigned char)s[n] & 0xC0) == 0x80)
		n--;
	memcpy(room, s, n);
	room[n] = '\0';
	return room;
}

static void bind_row(struct stmt *st, const struct audit_row *r)
{
	stmt_bind_int(st, 1, r->row);
	stmt_bind_int(st, 2, r->at_ms);
	stmt_bind_int(st, 3, r->since_ms);
	stmt_bind_int(st, 4, r->count);
	stmt_bind_int(st, 5, (int64_t)r->event.what);
	if (r->has_thing)
		stmt_bind_blob(st, 6, r->thing, sizeof(r->thing));
	else
		stmt_bind_null(st, 6);
	stmt_bind_int(st, 7, (int64_t)r->event.epoch);
	stmt_bind_text(st, 8, r->event.owner);
	stmt_bind_text(st, 9, r->event.actor);
	stmt_bind_text(st, 10, r->event.object);
	stmt_bind_text(st, 11, r->event.detail);
	stmt_bind_blob(st, 12, r->hash, sizeof(r->hash));
}

/* Times and count of *r are set; the rest follows from the event and the head. */
static int append(struct audit *a, const struct audit_event *ev, struct audit_row *r,
    struct err *e)
{
	SCRATCH char room[4][AUDIT_TEXT + 1];

	r->row = a->head.row + 1;
	r->event = *ev;
	r->event.owner = bounded(ev->owner, room[0]);
	r->event.actor = bounded(ev->actor, room[1]);
	r->event.object = bounded(ev->object, room[2]);
	r->event.detail = bounded(ev->detail, room[3]);
	r->has_thing = ev->thing != NULL;
	if (r->has_thing)
		memcpy(r->thing, ev->thing, sizeof(r->thing));
	audit_chain(r->hash, a->head.hash, r);
	bind_row(a->write, r);
	if (stmt_run(a->write, NULL, e) != 0)
		return -1;
	a->head.row = r->row;
	memcpy(a->head.hash, r->hash, sizeof(a->head.hash));
	return 0;
}

int audit_add(struct audit *a, const struct audit_event *ev, struct err *e)
{
	struct audit_row r = { .count = 1 };

	r.at_ms = r.since_ms = clock_wall(a->clock);
	if (append(a, ev, &r, e) != 0)
		return -1;
	a->added[ev->what]++;
	return 0;
}

/* ---- decisions ---- */

void audit_decided(struct audit *a, const struct audit_event *ev)
{
	a->count[ev->what]++;
	audit_count_add(a->counts, ev, clock_wall(a->clock));
}

int audit_flush(struct audit *a, struct err *e)
{
	struct audit_counted *c = NULL;
	int n = 0;

	a->flushing = true;
	while (n < FLUSH_ROWS && (c = audit_count_next(a->counts, c)) != NULL) {
		struct audit_row r = { .at_ms = c->last_ms, .since_ms = c->first_ms,
			.count = c->count - c->noted };

		if (r.count <= 0)
			continue;
		if (append(a, &c->event, &r, e) != 0)
			return -1;
		c->noted = c->count;
		n++;
	}
	return n;
}

uint64_t audit_count(const struct audit *a, enum audit_what w)
{
	return a->count[w];
}

uint64_t audit_dropped(const struct audit *a)
{
	return audit_count_dropped(a->counts);
}

int64_t audit_deadline(const struct audit *a)
{
	int64_t first = audit_count_oldest(a->counts);
	int64_t flush = first < 0 ? -1 : audit_count_is_filling(a->counts) ? first :
	    first + FLUSH_MS;

	if (flush < 0 || (a->cut_ms >= 0 && a->cut_ms < flush))
		return a->cut_ms;
	return flush;
}

/* ---- cutting ---- */

void audit_keep(struct audit *a, int64_t keep_ms)
{
	a->keep_ms = keep_ms;
	a->cut_ms = keep_ms > 0 ? 0 : -1;
}

/* The last of the first rows that is older than `before`; 0: none is. */
static int last_old(struct audit *a, int64_t before, struct link *out, struct err *e)
{
	size_t len;
	int got, n = 0;

	stmt_bind_int(a->oldest, 1, CUT_ROWS);
	while ((got = stmt_step(a->oldest, e)) == 1 && stmt_int(a->oldest, 1) < before) {
		const void *hash = stmt_blob(a->oldest, 2, &len);

		if (hash == NULL || len != AUDIT_HASH)
			break;
		out->row = stmt_int(a->oldest, 0);
		memcpy(out->hash, hash, len);
		n++;
	}
	if (got == -1)
		return -1;
	/* Look again once the oldest that stays is old, but not all the time. */
	a->cut_ms = n == CUT_ROWS ? before : before + a->keep_ms + DAY_MS;
	stmt_reset(a->oldest);
	return n;
}

static int set_start(struct audit *a, const struct link *l, struct err *e)
{
	stmt_bind_int(a->set_start, 1, l->row);
	stmt_bind_blob(a->set_start, 2, l->hash, sizeof(l->hash));
	return stmt_run(a->set_start, NULL, e);
}

/* The cut is itself a row: a front that somebody else cut off has none. */
static int note_cut(struct audit *a, const struct link *l, struct err *e)
{
	char detail[AUDIT_CUT_DETAIL];
	struct audit_event ev = { .what = AUDIT_CUT, .detail = detail };

	audit_cut_detail(detail, l->row, l->hash);
	return audit_add(a, &ev, e);
}

void audit_cut_detail(char out[static AUDIT_CUT_DETAIL], int64_t row,
    const uint8_t hash[static AUDIT_HASH])
{
	char hex[2 * AUDIT_HASH + 1];

	str_hex(hex, hash, AUDIT_HASH);
	snprintf(out, AUDIT_CUT_DETAIL, "up to row %lld %s", (long long)row, hex);
}

int audit_cut(struct audit *a, struct err *e)
{
	struct link last = { .row = 0 };
	int n;

	if (a->keep_ms <= 0 || a->cut_ms < 0 || clock_wall(a->clock) < a->cut_ms)
		return 0;
	a->cutting = true;
	n = last_old(a, clock_wall(a->clock) - a->keep_ms, &last, e);
	if (n <= 0)
		return n;
	stmt_bind_int(a->cut, 1, last.row);
	if (stmt_run(a->cut, NULL, e) != 0 || set_start(a, &last, e) != 0 ||
	    note_cut(a, &last, e) != 0)
		return -1;
	return n;
}

/* ---- reading ---- */

static void read_row(struct stmt *st, struct audit_row *r)
{
	const void *blob;
	size_t len;

	memset(r, 0, sizeof(*r));
	r->row = stmt_int(st, 0);
	r->at_ms = stmt_int(st, 1);
	r->since_ms = stmt_int(st, 2);
	r->count = stmt_int(st, 3);
	r->event.what = (enum audit_what)stmt_int(st, 4);
	blob = stmt_blob(st, 5, &len);
	r->has_thing = blob != NULL && len == sizeof(r->thing);
	if (r->has_thing)
		memcpy(r->thing, blob, len);
	r->event.thing = r->has_thing ? r->thing : NULL;
	r->event.epoch = (uint64_t)stmt_int(st, 6);
	r->event.owner = stmt_text(st, 7);
	r->event.actor = stmt_text(st, 8);
	r->event.object = stmt_text(st, 9);
	r->event.detail = stmt_text(st, 10);
	blob = stmt_blob(st, 11, &len);
	if (blob != NULL && len == sizeof(r->hash))
		memcpy(r->hash, blob, len);
}

static struct stmt *history_of(struct audit *a, const uint8_t *thing, const char *owner,
    int64_t before)
{
	struct stmt *st = thing != NULL ? (owner != NULL ? a->by_both : a->by_thing) :
	    owner != NULL ? a->by_owner : a->all;
	int i = 2;

	stmt_bind_int(st, 1, before);
	if (thing != NULL)
		stmt_bind_blob(st, i++, thing, 16);
	if (owner != NULL)
		stmt_bind_text(st, i, owner);
	return st;
}

static int history(struct stmt *st, int64_t offset, int64_t max, bool *more, audit_row_fn fn,
    void *arg, struct err *e)
{
	int64_t looks = 0, skipped = 0;
	int got, shown = 0;

	*more = false;
	while ((got = stmt_step(st, e)) == 1) {
		struct audit_row r;

		/* What is left unseen behind the last look is said, not hidden. */
		if (shown == max || ++looks > HISTORY_LOOKS) {
			*more = true;
			break;
		}
		if (skipped++ < offset)
			continue;
		read_row(st, &r);
		fn(arg, &r);
		shown++;
	}
	if (got == -1)
		return -1;
	stmt_reset(st);
	return shown;
}

int audit_history(struct audit *a, const uint8_t *thing, const char *owner, int64_t offset,
    int64_t max, bool *more, audit_row_fn fn, void *arg, struct err *e)
{
	return history(history_of(a, thing, owner, INT64_MAX), offset, max, more, fn, arg, e);
}

int audit_history_before(struct audit *a, const uint8_t *thing, const char *owner,
    int64_t before, int64_t max, bool *more, audit_row_fn fn, void *arg, struct err *e)
{
	return history(history_of(a, thing, owner, before), 0, max, more, fn, arg, e);
}

int audit_walk(struct audit *a, int64_t after, int64_t max, audit_row_fn fn, void *arg,
    struct err *e)
{
	int got, n = 0;

	stmt_bind_int(a->walk, 1, after);
	stmt_bind_int(a->walk, 2, max);
	while ((got = stmt_step(a->walk, e)) == 1) {
		struct audit_row r;

		read_row(a->walk, &r);
		fn(arg, &r);
		n++;
	}
	return got == -1 ? -1 : n;
}

int audit_start(struct audit *a, int64_t *row, uint8_t hash[static AUDIT_HASH], struct err *e)
{
	int got = stmt_step(a->read_start, e);
	const void *blob;
	size_t len;

	if (got != 1)
		return got;
	*row = stmt_int(a->read_start, 0);
	blob = stmt_blob(a->read_start, 1, &len);
	if (blob != NULL && len == AUDIT_HASH)
		memcpy(hash, blob, len);
	stmt_reset(a->read_start);
	return blob != NULL && len == AUDIT_HASH ? 1 :
	    err_set(e, ERR_SYSTEM, "the start of the audit chain is damaged: restore a backup");
}

int64_t audit_head(const struct audit *a, uint8_t hash[static AUDIT_HASH])
{
	memcpy(hash, a->kept.hash, AUDIT_HASH);
	return a->kept.row;
}

/* ---- open ---- */

static void on_end(void *arg, bool committed)
{
	struct audit *a = arg;

	if (committed)
		a->kept = a->head;
	else
		a->head = a->kept;
	for (int w = 0; w < AUDIT_WHAT_COUNT; w++) {
		a->count[w] += committed ? a->added[w] : 0;
		a->added[w] = 0;
	}
	if (a->flushing)
		audit_count_end(a->counts, committed);
	if (a->cutting && !committed)
		a->cut_ms = 0;
	a->flushing = a->cutting = false;
}

/* A chain begins with random bytes, so that no two of them have rows in common. */
static int first_start(struct audit *a, struct err *e)
{
	struct link l = { .row = 0 };

	if (ident_random(l.hash, sizeof(l.hash), e) != 0 || store_begin(a->store, e) != 0)
		return -1;
	if (set_start(a, &l, e) != 0) {
		store_rollback(a->store);
		return -1;
	}
	return store_commit(a->store, e);
}

static int load_head(struct audit *a, struct err *e)
{
	struct stmt *st = a->all;
	struct audit_row r;
	int got = audit_start(a, &a->kept.row, a->kept.hash, e);

	if (got == 0)
		got = first_start(a, e) == 0 ? audit_start(a, &a->kept.row, a->kept.hash, e) : -1;
	if (got != 1)
		return -1;
	stmt_bind_int(st, 1, INT64_MAX);
	got = stmt_step(st, e);
	if (got == 1) {
		read_row(st, &r);
		a->kept.row = r.row;
		memcpy(a->kept.hash, r.hash, sizeof(a->kept.hash));
		stmt_reset(st);
	}
	a->head = a->kept;
	return got == -1 ? -1 : 0;
}

static int prepare(struct audit *a, struct err *e)
{
	const struct {
		struct stmt **st;
		const char *sql;
	} all[] = {
		{ &a->write, "INSERT INTO audit (" COLUMNS ") VALUES"
		    " ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)" },
		{ &a->by_thing, "SELECT " COLUMNS " FROM audit WHERE row < $1 AND thing = $2"
		    " ORDER BY row DESC" },
		{ &a->by_owner, "SELECT " COLUMNS " FROM audit WHERE row < $1 AND owner = $2"
		    " ORDER BY row DESC" },
		/* The thing's rows are fewer than its owner's: "+" names the index. */
		{ &a->by_both, "SELECT " COLUMNS " FROM audit WHERE row < $1 AND thing = $2"
		    " AND +owner = $3 ORDER BY row DESC" },
		{ &a->all, "SELECT " COLUMNS " FROM audit WHERE row < $1 ORDER BY row DESC" },
		{ &a->walk, "SELECT " COLUMNS " FROM audit WHERE row > $1 ORDER BY row LIMIT $2" },
		{ &a->read_start, "SELECT row, hash FROM audit_start" },
		{ &a->set_start, "INSERT OR REPLACE INTO audit_start (one, row, hash)"
		    " VALUES (1, $1, $2)" },
		{ &a->oldest, "SELECT row, at, hash FROM audit ORDER BY row LIMIT $1" },
		{ &a->cut, "DELETE FROM audit WHERE row <= $1" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if ((*all[i].st = store_prepare(a->store, all[i].sql, e)) == NULL)
			return -1;
	return 0;
}

int audit_open(struct audit **out, struct store *s, const struct clock *clock, struct err *e)
{
	struct audit *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	a->store = s;
	a->clock = clock;
	a->cut_ms = -1;
	if (store_migrate(s, &schema, e) != 0 || prepare(a, e) != 0 || load_head(a, e) != 0 ||
	    audit_counts_new(&a->counts, e) != 0) {
		audit_close(&a);
		return -1;
	}
	store_on_end(s, on_end, a);
	*out = a;
	return 0;
}

void audit_close(struct audit **ap)
{
	struct audit *a = *ap;

	if (a == NULL)
		return;
	*ap = NULL;
	audit_counts_free(&a->counts);
	free(a);
}
