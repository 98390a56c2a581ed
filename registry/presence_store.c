/* SPDX-License-Identifier: Apache-2.0 */
/*
 * presence_store: two small tables.  Questions are few and short-lived, so they
 * are found by looking; disputes are found by digest, for ever.
 * Read first: common/store/mirror.h.
 */
#include "config.h"

#include "registry/presence_store.h"

#include <stdlib.h>
#include <string.h>

#include "common/store/mirror.h"
#include "common/store/store.h"
#include "common/store/table.h"

#define FORGET_LOOKS 256	/* slots looked at in one go */
#define CANDIDATE_BYTES (OWNERSHIP_ID + 8 + 1 + 1)

struct held_question {
	struct question pub;	/* first: a question is the start of its entry */
	struct question_sessions seen[QUESTION_THINGS];
	char text[];
};

struct held_dispute {
	struct dispute pub;	/* first, as above */
	uint64_t hash;
	char text[];
};

struct list {
	void **item;
	size_t n, cap;
};

struct presence_store {
	struct store *store;
	struct table_seed seed;
	struct mirror m_questions, m_disputes;
	struct list questions, disputes;	/* of disputes those not over */
	struct table by_digest;			/* disputes, all of them */
	int64_t last_question, last_dispute;
	size_t forget_at;			/* a slot of by_digest */
	struct stmt *write_question, *erase_question, *write_dispute, *erase_dispute;
};

static const struct store_step steps[] = {
	{ 1, "CREATE TABLE registry_question ("
	     " row INTEGER PRIMARY KEY, nonce BLOB NOT NULL, purpose INTEGER NOT NULL,"
	     " digest BLOB NOT NULL, claimant TEXT NOT NULL, other TEXT,"
	     " public INTEGER NOT NULL, over INTEGER NOT NULL, opened INTEGER NOT NULL,"
	     " until INTEGER NOT NULL, fits INTEGER NOT NULL, other_fits INTEGER NOT NULL,"
	     " things BLOB NOT NULL);"
	     "CREATE TABLE registry_dispute ("
	     " row INTEGER PRIMARY KEY, digest BLOB NOT NULL, id BLOB NOT NULL,"
	     " epoch INTEGER NOT NULL, claimant TEXT NOT NULL, public INTEGER NOT NULL,"
	     " until INTEGER NOT NULL, state INTEGER NOT NULL)" },
};
static const struct store_schema schema = {
	"presence", steps, sizeof(steps) / sizeof(steps[0])
};

/* ---- lists ---- */

static int list_reserve(struct list *l, struct err *e)
{
	size_t cap = l->cap > 0 ? 2 * l->cap : 16;
	void **more;

	if (l->n < l->cap)
		return 0;
	more = reallocarray(l->item, cap, sizeof(*more));
	if (more == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	l->item = more;
	l->cap = cap;
	return 0;
}

/* In the order of their rows; there is room. */
static void list_add(struct list *l, void *x, int64_t (*row)(const void *))
{
	size_t at = l->n++;

	for (; at > 0 && row(l->item[at - 1]) > row(x); at--)
		l->item[at] = l->item[at - 1];
	l->item[at] = x;
}

static void list_remove(struct list *l, const void *x)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->item[i] != x)
			continue;
		memmove(&l->item[i], &l->item[i + 1], (l->n - i - 1) * sizeof(*l->item));
		l->n--;
		return;
	}
}

static void drop(void *arg, void *item)
{
	(void)arg;
	free(item);
}

/* ---- questions in memory ---- */

static int64_t question_row(const void *x)
{
	return ((const struct question *)x)->row;
}

static void swap_question(void *arg, void *out, void *in)
{
	struct presence_store *d = arg;

	if (out != NULL)
		list_remove(&d->questions, out);
	if (in != NULL)
		list_add(&d->questions, in, question_row);
}

static const struct mirror_ops question_ops = { swap_question, drop, NULL };

static char *keep_text(char *to, const char **s)
{
	size_t n;

	if (*s == NULL)
		return to;
	n = strlen(*s) + 1;
	memcpy(to, *s, n);
	*s = to;
	return to + n;
}

static struct held_question *question_new(const struct question *q, int64_t row, struct err *e)
{
	size_t bytes = strlen(q->claimant) + 1 + (q->other != NULL ? strlen(q->other) + 1 : 0);
	struct held_question *h = calloc(1, sizeof(*h) + bytes);

	if (h == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	h->pub = *q;
	h->pub.row = row;
	keep_text(keep_text(h->text, &h->pub.claimant), &h->pub.other);
	return h;
}

size_t presence_store_count(const struct presence_store *d)
{
	return d->questions.n;
}

const struct question *presence_store_at(const struct presence_store *d, size_t i)
{
	return i < d->questions.n ? d->questions.item[i] : NULL;
}

const struct question *presence_store_by_nonce(const struct presence_store *d,
    const uint8_t nonce[static QUESTION_NONCE])
{
	for (size_t i = 0; i < d->questions.n; i++) {
		const struct question *q = d->questions.item[i];

		if (memcmp(q->nonce, nonce, QUESTION_NONCE) == 0)
			return q;
	}
	return NULL;
}

static struct held_question *question_by_row(const struct presence_store *d, int64_t row)
{
	for (size_t i = 0; i < d->questions.n; i++)
		if (question_row(d->questions.item[i]) == row)
			return d->questions.item[i];
	return NULL;
}

struct question_sessions *presence_store_sessions(struct presence_store *d,
    const struct question *q, size_t i)
{
	struct held_question *h = question_by_row(d, q->row);

	return h != NULL && i < q->n ? &h->seen[i] : NULL;
}

/* ---- disputes in memory ---- */

static int64_t dispute_row(const void *x)
{
	return ((const struct dispute *)x)->row;
}

static void swap_dispute(void *arg, void *out, void *in)
{
	struct presence_store *d = arg;
	struct held_dispute *gone = out, *come = in;

	if (gone != NULL) {
		table_remove(&d->by_digest, gone->hash, gone);
		list_remove(&d->disputes, gone);
	}
	if (come == NULL)
		return;
	table_add(&d->by_digest, come->hash, come);
	if (come->pub.state != DISPUTE_OVER)
		list_add(&d->disputes, come, dispute_row);
}

static const struct mirror_ops dispute_ops = { swap_dispute, drop, NULL };

static struct held_dispute *dispute_new(const struct presence_store *d, const struct dispute *t,
    int64_t row, struct err *e)
{
	struct held_dispute *h = calloc(1, sizeof(*h) + strlen(t->claimant) + 1);

	if (h == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	h->pub = *t;
	h->pub.row = row;
	h->hash = table_hash(&d->seed, 0, t->digest, DIGEST_BYTES);
	keep_text(h->text, &h->pub.claimant);
	return h;
}

const struct dispute *dispute_by_digest(const struct presence_store *d,
    const uint8_t digest[static DIGEST_BYTES])
{
	uint64_t hash = table_hash(&d->seed, 0, digest, DIGEST_BYTES);
	size_t at;
	const struct held_dispute *h;

	for (h = table_first(&d->by_digest, hash, &at); h != NULL;
	    h = table_next(&d->by_digest, hash, &at))
		if (secret_bytes_equal(h->pub.digest, digest, DIGEST_BYTES))
			return &h->pub;
	return NULL;
}

const struct dispute *dispute_by_thing(const struct presence_store *d,
    const uint8_t id[static OWNERSHIP_ID])
{
	for (size_t i = 0; i < d->disputes.n; i++) {
		const struct dispute *t = d->disputes.item[i];

		if (memcmp(t->id, id, OWNERSHIP_ID) == 0)
			return t;
	}
	return NULL;
}

size_t disputes_open(const struct presence_store *d)
{
	return d->disputes.n;
}

const struct dispute *dispute_at(const struct presence_store *d, size_t i)
{
	return i < d->disputes.n ? d->disputes.item[i] : NULL;
}

/* ---- rows ---- */

static int damaged(const char *table, int64_t row, struct err *e)
{
	return err_set(e, ERR_SYSTEM, "row %lld of the table %s is damaged: restore a backup",
	    (long long)row, table);
}

static size_t pack(uint8_t out[static QUESTION_THINGS * CANDIDATE_BYTES], const struct question *q)
{
	uint8_t *to = out;

	for (size_t i = 0; i < q->n; i++) {
		memcpy(to, q->candidate[i].id, OWNERSHIP_ID);
		to += OWNERSHIP_ID;
		for (int k = 56; k >= 0; k -= 8)
			*to++ = (uint8_t)(q->candidate[i].epoch >> k);
		*to++ = (uint8_t)q->candidate[i].kind;
		*to++ = (uint8_t)q->candidate[i].tries;
	}
	return (size_t)(to - out);
}

static int unpack(struct question *q, const uint8_t *in, size_t len)
{
	if (len % CANDIDATE_BYTES != 0 || len / CANDIDATE_BYTES > QUESTION_THINGS)
		return -1;
	q->n = len / CANDIDATE_BYTES;
	for (size_t i = 0; i < q->n; i++) {
		memcpy(q->candidate[i].id, in, OWNERSHIP_ID);
		in += OWNERSHIP_ID;
		for (int k = 0; k < 8; k++)
			q->candidate[i].epoch = q->candidate[i].epoch << 8 | *in++;
		if (*in > QUESTION_POWER)
			return -1;
		q->candidate[i].kind = (enum question_kind)*in++;
		q->candidate[i].tries = *in++;
	}
	return 0;
}

static int load_question(struct presence_store *d, struct stmt *st, struct err *e)
{
	size_t nonce_len, digest_len, things_len;
	const void *nonce = stmt_blob(st, 1, &nonce_len);
	const void *digest = stmt_blob(st, 3, &digest_len);
	const void *things = stmt_blob(st, 12, &things_len);
	int64_t purpose = stmt_int(st, 2);
	struct question q = {
		.row = stmt_int(st, 0), .purpose = (enum question_purpose)purpose,
		.claimant = stmt_text(st, 4), .other = stmt_text(st, 5),
		.is_public = stmt_int(st, 6) != 0, .is_over = stmt_int(st, 7) != 0,
		.opened_ms = stmt_int(st, 8), .until_ms = stmt_int(st, 9),
		.fits = (uint64_t)stmt_int(st, 10), .other_fits = (uint64_t)stmt_int(st, 11),
	};
	struct held_question *h;

	if (nonce_len != QUESTION_NONCE || digest_len != DIGEST_BYTES || q.claimant == NULL ||
	    purpose < QUESTION_CLAIM || purpose > QUESTION_DISPUTE ||
	    unpack(&q, things, things_len) == -1)
		return damaged("registry_question", q.row, e);
	memcpy(q.nonce, nonce, QUESTION_NONCE);
	memcpy(q.digest, digest, DIGEST_BYTES);
	if (list_reserve(&d->questions, e) == -1 || (h = question_new(&q, q.row, e)) == NULL)
		return -1;
	/* Every thing came back when we did: what was seen of them is worth nothing. */
	for (size_t i = 0; i < q.n; i++)
		h->seen[i].n = QUESTION_SESSIONS + 1;
	swap_question(d, NULL, h);
	d->last_question = q.row;
	return 0;
}

static int load_dispute(struct presence_store *d, struct stmt *st, struct err *e)
{
	size_t digest_len, id_len;
	const void *digest = stmt_blob(st, 1, &digest_len);
	const void *id = stmt_blob(st, 2, &id_len);
	int64_t state = stmt_int(st, 7);
	struct dispute t = {
		.row = stmt_int(st, 0), .epoch = (uint64_t)stmt_int(st, 3),
		.claimant = stmt_text(st, 4), .is_public = stmt_int(st, 5) != 0,
		.until_ms = stmt_int(st, 6), .state = (enum dispute_state)state,
	};
	struct held_dispute *h;

	if (digest_len != DIGEST_BYTES || id_len != OWNERSHIP_ID || t.claimant == NULL ||
	    state < DISPUTE_OPEN || state > DISPUTE_OVER)
		return damaged("registry_dispute", t.row, e);
	memcpy(t.digest, digest, DIGEST_BYTES);
	memcpy(t.id, id, OWNERSHIP_ID);
	if (list_reserve(&d->disputes, e) == -1 || table_reserve(&d->by_digest, 1, e) == -1 ||
	    (h = dispute_new(d, &t, t.row, e)) == NULL)
		return -1;
	swap_dispute(d, NULL, h);
	d->last_dispute = t.row;
	return 0;
}

static int load(struct presence_store *d, const char *sql,
    int (*row)(struct presence_store *, struct stmt *, struct err *), struct err *e)
{
	struct stmt *st = store_prepare(d->store, sql, e);
	int got;

	if (st == NULL)
		return -1;
	while ((got = stmt_step(st, e)) == 1) {
		if (row(d, st, e) == -1) {
			stmt_reset(st);
			return -1;
		}
	}
	return got;
}

int presence_store_open(struct presence_store **out, struct store *s, struct err *e)
{
	struct presence_store *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	d->store = s;
	if (table_seed(&d->seed, e) == -1 || store_migrate(s, &schema, e) == -1)
		goto fail;
	d->write_question = store_prepare(s, "INSERT OR REPLACE INTO registry_question"
	    " (row, nonce, purpose, digest, claimant, other, public, over, opened, until, fits,"
	    " other_fits, things)"
	    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)", e);
	d->erase_question = store_prepare(s, "DELETE FROM registry_question WHERE row = $1", e);
	d->write_dispute = store_prepare(s, "INSERT OR REPLACE INTO registry_dispute"
	    " (row, digest, id, epoch, claimant, public, until, state)"
	    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", e);
	d->erase_dispute = store_prepare(s, "DELETE FROM registry_dispute WHERE row = $1", e);
	if (d->write_question == NULL || d->erase_question == NULL ||
	    d->write_dispute == NULL || d->erase_dispute == NULL)
		goto fail;
	if (load(d, "SELECT row, nonce, purpose, digest, claimant, other, public, over, opened,"
	    " until, fits, other_fits, things FROM registry_question ORDER BY row",
	    load_question, e) == -1 ||
	    load(d, "SELECT row, digest, id, epoch, claimant, public, until, state"
	    " FROM registry_dispute ORDER BY row", load_dispute, e) == -1)
		goto fail;
	mirror_open(&d->m_questions, s, &question_ops, d);
	mirror_open(&d->m_disputes, s, &dispute_ops, d);
	*out = d;
	return 0;
fail:
	presence_store_close(&d);
	return -1;
}

void presence_store_close(struct presence_store **dp)
{
	struct presence_store *d = *dp;

	if (d == NULL)
		return;
	*dp = NULL;
	for (size_t i = 0; i < d->questions.n; i++)
		free(d->questions.item[i]);
	for (size_t i = 0; i < d->by_digest.cap; i++)
		free(d->by_digest.slot[i].item);
	free(d->questions.item);
	free(d->disputes.item);
	table_fini(&d->by_digest);
	mirror_close(&d->m_questions);
	mirror_close(&d->m_disputes);
	free(d);
}

/* ---- changes ---- */

static int write_question(struct presence_store *d, const struct question *q, struct err *e)
{
	uint8_t things[QUESTION_THINGS * CANDIDATE_BYTES];
	size_t len = pack(things, q);
	struct stmt *st = d->write_question;

	stmt_bind_int(st, 1, q->row);
	stmt_bind_blob(st, 2, q->nonce, QUESTION_NONCE);
	stmt_bind_int(st, 3, q->purpose);
	stmt_bind_blob(st, 4, q->digest, DIGEST_BYTES);
	stmt_bind_text(st, 5, q->claimant);
	stmt_bind_text(st, 6, q->other);
	stmt_bind_int(st, 7, q->is_public);
	stmt_bind_int(st, 8, q->is_over);
	stmt_bind_int(st, 9, q->opened_ms);
	stmt_bind_int(st, 10, q->until_ms);
	stmt_bind_int(st, 11, (int64_t)q->fits);
	stmt_bind_int(st, 12, (int64_t)q->other_fits);
	stmt_bind_blob(st, 13, things, len);
	return stmt_run(st, NULL, e);
}

int presence_store_put(struct presence_store *d, const struct question *q, struct err *e)
{
	struct held_question *old = q->row != 0 ? question_by_row(d, q->row) : NULL;
	struct held_question *h;

	if (mirror_reserve(&d->m_questions, e) == -1 || list_reserve(&d->questions, e) == -1)
		return -1;
	h = question_new(q, old != NULL ? q->row : d->last_question + 1, e);
	if (h == NULL)
		return -1;
	if (old != NULL)
		memcpy(h->seen, old->seen, sizeof(h->seen));
	if (write_question(d, &h->pub, e) == -1) {
		free(h);
		return -1;
	}
	if (old == NULL)
		d->last_question = h->pub.row;
	mirror_swap(&d->m_questions, old, h);
	return 0;
}

int presence_store_forget(struct presence_store *d, int64_t row, struct err *e)
{
	struct held_question *old = question_by_row(d, row);

	if (old == NULL)
		return 0;
	if (mirror_reserve(&d->m_questions, e) == -1)
		return -1;
	stmt_bind_int(d->erase_question, 1, row);
	if (stmt_run(d->erase_question, NULL, e) == -1)
		return -1;
	mirror_swap(&d->m_questions, old, NULL);
	return 0;
}

int dispute_put(struct presence_store *d, const struct dispute *t, struct err *e)
{
	struct held_dispute *old = t->row != 0 ?
	    (struct held_dispute *)(uintptr_t)dispute_by_digest(d, t->digest) : NULL;
	struct held_dispute *h;
	struct stmt *st = d->write_dispute;

	if (mirror_reserve(&d->m_disputes, e) == -1 || list_reserve(&d->disputes, e) == -1 ||
	    table_reserve(&d->by_digest, 1, e) == -1)
		return -1;
	h = dispute_new(d, t, old != NULL ? old->pub.row : d->last_dispute + 1, e);
	if (h == NULL)
		return -1;
	stmt_bind_int(st, 1, h->pub.row);
	stmt_bind_blob(st, 2, h->pub.digest, DIGEST_BYTES);
	stmt_bind_blob(st, 3, h->pub.id, OWNERSHIP_ID);
	stmt_bind_int(st, 4, (int64_t)h->pub.epoch);
	stmt_bind_text(st, 5, h->pub.claimant);
	stmt_bind_int(st, 6, h->pub.is_public);
	stmt_bind_int(st, 7, h->pub.until_ms);
	stmt_bind_int(st, 8, h->pub.state);
	if (stmt_run(st, NULL, e) == -1) {
		free(h);
		return -1;
	}
	if (old == NULL)
		d->last_dispute = h->pub.row;
	mirror_swap(&d->m_disputes, old, h);
	return 0;
}

int dispute_forget(struct presence_store *d, int64_t before_ms, struct err *e)
{
	for (int i = 0; i < FORGET_LOOKS && d->by_digest.cap > 0; i++) {
		struct held_dispute *old;

		d->forget_at = (d->forget_at + 1) % d->by_digest.cap;
		old = d->by_digest.slot[d->forget_at].item;
		if (old == NULL || old->pub.state != DISPUTE_OVER || old->pub.until_ms >= before_ms)
			continue;
		if (mirror_reserve(&d->m_disputes, e) == -1)
			return -1;
		stmt_bind_int(d->erase_dispute, 1, old->pub.row);
		if (stmt_run(d->erase_dispute, NULL, e) == -1)
			return -1;
		mirror_swap(&d->m_disputes, old, NULL);
		return 1;
	}
	return 0;
}
