/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contact: a person or thing we talk to.  What must outlive a restart (facts)
 * follows its row through a mirror; presence is memory alone.  Strangers, of
 * whom nothing is on disk, share a small ring and push each other out.
 */
#include "config.h"

#include "common/store/contact.h"

#include <stdlib.h>
#include <string.h>

#include "common/store/mirror.h"
#include "common/store/store.h"
#include "common/store/table.h"

#define CONTACT_STRANGERS 4096		/* remembered without a row */
#define CONTACT_ROWS 1000000		/* addresses with a row */

struct resource {
	char *full;
	bool available;
	uint64_t order;			/* of the last sign of life */
};

/* The durable part; replaced as a whole, never edited. */
struct facts {
	struct person *who;
	int8_t gen[CONTACT_PROTOS], vocab[CONTACT_PROTOS];
	enum contact_sub to_us, from_us;
	char lang[sizeof(((struct contact *)0)->lang)];
};

struct person {
	struct contact pub;		/* first: a contact is the start of its person */
	int64_t row;			/* 0: a stranger */
	struct facts *facts;		/* NULL: a stranger, or undone */
	struct resource *resource;	/* room for the next power of two of those there */
	size_t n_resources;
	uint64_t hash;
	size_t index;			/* in contacts.all */
	size_t slot;			/* in contacts.stranger, while row is 0 */
	char jid[];
};

struct contacts {
	struct store *store;
	const struct clock *clock;
	struct mirror mirror;
	struct table_seed seed;
	struct table by_jid;
	struct person **all;
	size_t n, cap;
	int64_t last_row;
	uint64_t order;
	struct person *stranger[CONTACT_STRANGERS];
	size_t hand;
	struct stmt *write;
};

static const struct store_step steps[] = {
	{ 1, "CREATE TABLE contact ("
	     " row INTEGER PRIMARY KEY, jid TEXT NOT NULL, dialects BLOB NOT NULL,"
	     " to_us INTEGER NOT NULL, from_us INTEGER NOT NULL, lang TEXT NOT NULL)" },
};
static const struct store_schema schema = {
	"contact", steps, sizeof(steps) / sizeof(steps[0])
};

static const struct facts no_facts = {
	.gen = { -1, -1, -1, -1, -1, -1, -1, -1 },
	.vocab = { -1, -1, -1, -1, -1, -1, -1, -1 },
};

/* ---- persons ---- */

static struct person *find(const struct contacts *c, const char *jid, size_t len)
{
	uint64_t hash = table_hash(&c->seed, 0, jid, len);
	size_t at;
	struct person *p;

	for (p = table_first(&c->by_jid, hash, &at); p; p = table_next(&c->by_jid, hash, &at))
		if (strncmp(p->jid, jid, len) == 0 && p->jid[len] == '\0')
			return p;
	return NULL;
}

static void person_free(struct person *p)
{
	for (size_t i = 0; i < p->n_resources; i++)
		free(p->resource[i].full);
	free(p->resource);
	free(p->facts);
	free(p);
}

static void forget(struct contacts *c, struct person *p)
{
	table_remove(&c->by_jid, p->hash, p);
	c->all[p->index] = c->all[--c->n];
	c->all[p->index]->index = p->index;
	person_free(p);
}

static void show_facts(struct person *p)
{
	const struct facts *f = p->facts != NULL ? p->facts : &no_facts;

	memcpy(p->pub.gen, f->gen, sizeof(f->gen));
	memcpy(p->pub.vocab, f->vocab, sizeof(f->vocab));
	memcpy(p->pub.lang, f->lang, sizeof(f->lang));
	p->pub.to_us = f->to_us;
	p->pub.from_us = f->from_us;
}

static int reserve(struct contacts *c, struct err *e)
{
	if (table_reserve(&c->by_jid, 1, e) == -1)
		return -1;
	if (c->n == c->cap) {
		size_t cap = c->cap > 0 ? 2 * c->cap : 256;
		struct person **all = reallocarray(c->all, cap, sizeof(*all));

		if (all == NULL)
			return err_set(e, ERR_SYSTEM, "out of memory");
		c->all = all;
		c->cap = cap;
	}
	return 0;
}

static struct person *person_new(struct contacts *c, const char *jid, size_t len, struct err *e)
{
	struct person *p;

	if (reserve(c, e) == -1)
		return NULL;
	p = calloc(1, sizeof(*p) + len + 1);
	if (p == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	memcpy(p->jid, jid, len);
	p->pub.jid = p->jid;
	show_facts(p);
	p->hash = table_hash(&c->seed, 0, jid, len);
	table_add(&c->by_jid, p->hash, p);
	p->index = c->n;
	c->all[c->n++] = p;
	return p;
}

/* The stranger who was met first makes room. */
static struct person *stranger(struct contacts *c, const char *jid, size_t len, struct err *e)
{
	struct person *p = find(c, jid, len);
	struct person **place = &c->stranger[c->hand];

	if (p != NULL)
		return p;
	p = person_new(c, jid, len, e);
	if (p == NULL)
		return NULL;
	if (*place != NULL)
		forget(c, *place);
	*place = p;
	p->slot = c->hand;
	c->hand = (c->hand + 1) % CONTACT_STRANGERS;
	return p;
}

/* ---- facts ---- */

static void swap(void *arg, void *out, void *in)
{
	struct facts *f = in != NULL ? in : out;

	(void)arg;
	f->who->facts = in;
	show_facts(f->who);
}

static void drop(void *arg, void *item)
{
	(void)arg;
	free(item);
}

static const struct mirror_ops ops = { swap, drop, NULL };

static int write_row(struct contacts *c, const struct facts *f, struct err *e)
{
	int8_t dialects[2 * CONTACT_PROTOS];

	memcpy(dialects, f->gen, CONTACT_PROTOS);
	memcpy(dialects + CONTACT_PROTOS, f->vocab, CONTACT_PROTOS);
	stmt_bind_int(c->write, 1, f->who->row);
	stmt_bind_text(c->write, 2, f->who->jid);
	stmt_bind_blob(c->write, 3, dialects, sizeof(dialects));
	stmt_bind_int(c->write, 4, f->to_us);
	stmt_bind_int(c->write, 5, f->from_us);
	stmt_bind_text(c->write, 6, f->lang);
	return stmt_run(c->write, NULL, e);
}

/* A row number stays with its person, also when the first write of it is
 * undone: nobody else may get it in this process. */
static int give_row(struct contacts *c, struct person *p, struct err *e)
{
	if (p->row != 0)
		return 0;
	if (c->last_row >= CONTACT_ROWS)
		return err_set(e, ERR_LIMIT, "too many contacts");
	p->row = ++c->last_row;
	if (c->stranger[p->slot] == p)
		c->stranger[p->slot] = NULL;
	return 0;
}

static const struct facts *facts_of(const struct contacts *c, const char *bare)
{
	const struct person *p = find(c, bare, strlen(bare));

	return p != NULL && p->facts != NULL ? p->facts : &no_facts;
}

static int change(struct contacts *c, const char *bare, const struct facts *wanted, struct err *e)
{
	struct person *p = stranger(c, bare, strlen(bare), e);
	struct facts *f;

	if (p == NULL || give_row(c, p, e) == -1 || mirror_reserve(&c->mirror, e) == -1)
		return -1;
	f = malloc(sizeof(*f));
	if (f == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	*f = *wanted;
	f->who = p;
	if (write_row(c, f, e) == -1) {
		free(f);
		return -1;
	}
	mirror_swap(&c->mirror, p->facts, f);
	return 0;
}

bool contact_dialect_differs(const struct contacts *c, const char *bare, int proto, int gen,
    int vocab)
{
	const struct facts *f = facts_of(c, bare);

	return proto >= 0 && proto < CONTACT_PROTOS &&
	    (f->gen[proto] != gen || f->vocab[proto] != vocab);
}

int contact_set_dialect(struct contacts *c, const char *bare, int proto, int gen, int vocab,
    struct err *e)
{
	struct facts f;

	if (!contact_dialect_differs(c, bare, proto, gen, vocab))
		return 0;
	f = *facts_of(c, bare);
	f.gen[proto] = (int8_t)gen;
	f.vocab[proto] = (int8_t)vocab;
	return change(c, bare, &f, e);
}

int contact_set_sub(struct contacts *c, const char *bare, enum contact_sub to_us,
    enum contact_sub from_us, struct err *e)
{
	struct facts f = *facts_of(c, bare);

	if (f.to_us == to_us && f.from_us == from_us)
		return 0;
	f.to_us = to_us;
	f.from_us = from_us;
	return change(c, bare, &f, e);
}

int contact_set_lang(struct contacts *c, const char *bare, const char *lang, struct err *e)
{
	struct facts f = *facts_of(c, bare);
	size_t len = strlen(lang);

	if (len >= sizeof(f.lang))
		return err_set(e, ERR_INPUT, "the name of a language is too long");
	if (strcmp(f.lang, lang) == 0)
		return 0;
	memset(f.lang, 0, sizeof(f.lang));
	memcpy(f.lang, lang, len);
	return change(c, bare, &f, e);
}

/* ---- presence ---- */

static void choose_full(struct person *p)
{
	const struct resource *best = NULL;

	p->pub.online = false;
	for (size_t i = 0; i < p->n_resources; i++) {
		const struct resource *r = &p->resource[i];

		if (best == NULL || r->available > best->available ||
		    (r->available == best->available && r->order > best->order))
			best = r;
		p->pub.online = p->pub.online || r->available;
	}
	p->pub.full = best != NULL ? best->full : NULL;
}

static struct resource *find_resource(struct person *p, const char *full)
{
	for (size_t i = 0; i < p->n_resources; i++)
		if (strcmp(p->resource[i].full, full) == 0)
			return &p->resource[i];
	return NULL;
}

static void drop_resource(struct person *p, struct resource *r)
{
	free(r->full);
	*r = p->resource[--p->n_resources];
}

/* Most have one at most.  A power of two is full: twice as many. */
static int grow_resources(struct person *p)
{
	size_t n = p->n_resources;
	struct resource *more;

	if ((n & (n - 1)) != 0)
		return 0;
	more = reallocarray(p->resource, n > 0 ? 2 * n : 1, sizeof(*more));
	if (more == NULL)
		return -1;
	p->resource = more;
	return 0;
}

/* Room for one more: an unavailable one goes first, then the oldest. */
static int make_room(struct person *p)
{
	struct resource *worst = p->resource;

	if (p->n_resources < CONTACT_RESOURCES)
		return grow_resources(p);
	for (size_t i = 1; i < p->n_resources; i++) {
		struct resource *r = &p->resource[i];

		if (r->available < worst->available ||
		    (r->available == worst->available && r->order < worst->order))
			worst = r;
	}
	drop_resource(p, worst);
	return 0;
}

static struct resource *add_resource(struct person *p, const char *full)
{
	char *copy = strdup(full);
	struct resource *r;

	if (copy == NULL || make_room(p) == -1) {
		free(copy);
		return NULL;
	}
	r = &p->resource[p->n_resources++];
	r->full = copy;
	r->available = false;
	r->order = 0;
	return r;
}

static struct resource *touch(struct contacts *c, struct person *p, const char *full)
{
	struct resource *r = find_resource(p, full);

	if (r == NULL)
		r = add_resource(p, full);
	if (r != NULL)
		r->order = ++c->order;
	return r;
}

void contact_seen(struct contacts *c, const char *full, size_t bare_len)
{
	struct person *p = stranger(c, full, bare_len, NULL);

	if (p == NULL)
		return;
	p->pub.seen_ms = clock_wall(c->clock);
	if (full[bare_len] != '\0') {
		touch(c, p, full);
		choose_full(p);
	}
}

/*
 * Some servers answer our `subscribe` with `unavailable` from the bare address
 * while the peer is there: a bare presence says nothing about
 * resources.
 */
void contact_presence(struct contacts *c, const char *full, size_t bare_len, bool available)
{
	struct person *p = stranger(c, full, bare_len, NULL);
	struct resource *r;

	if (p == NULL || full[bare_len] == '\0')
		return;
	if (available) {
		p->pub.seen_ms = clock_wall(c->clock);
		r = touch(c, p, full);
		if (r != NULL)
			r->available = true;
	} else if ((r = find_resource(p, full)) != NULL) {
		drop_resource(p, r);
	}
	choose_full(p);
}

void contact_all_offline(struct contacts *c)
{
	for (size_t i = 0; i < c->n; i++) {
		for (size_t k = 0; k < c->all[i]->n_resources; k++)
			c->all[i]->resource[k].available = false;
		choose_full(c->all[i]);
	}
}

/* ---- lookups ---- */

const struct contact *contact_find(const struct contacts *c, const char *bare)
{
	const struct person *p = find(c, bare, strlen(bare));

	return p != NULL ? &p->pub : NULL;
}

size_t contact_count(const struct contacts *c)
{
	return c->n;
}

const struct contact *contact_at(const struct contacts *c, size_t i)
{
	return i < c->n ? &c->all[i]->pub : NULL;
}

/* ---- open ---- */

static bool sub_fits(int64_t v)
{
	return v >= SUB_NONE && v <= SUB_YES;
}

static int load_row(struct contacts *c, struct stmt *st, struct err *e)
{
	const char *jid = stmt_text(st, 1), *lang = stmt_text(st, 5);
	struct facts *f;
	struct person *p;
	size_t len;
	const void *dialects = stmt_blob(st, 2, &len);

	if (jid == NULL || lang == NULL || strlen(lang) >= sizeof(f->lang) ||
	    len != 2 * CONTACT_PROTOS || !sub_fits(stmt_int(st, 3)) ||
	    !sub_fits(stmt_int(st, 4)) || find(c, jid, strlen(jid)) != NULL)
		return err_set(e, ERR_SYSTEM,
		    "row %lld of the table of contacts is damaged: restore a backup",
		    (long long)stmt_int(st, 0));
	p = person_new(c, jid, strlen(jid), e);
	f = p != NULL ? calloc(1, sizeof(*f)) : NULL;
	if (f == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	f->who = p;
	memcpy(f->gen, dialects, CONTACT_PROTOS);
	memcpy(f->vocab, (const char *)dialects + CONTACT_PROTOS, CONTACT_PROTOS);
	f->to_us = (enum contact_sub)stmt_int(st, 3);
	f->from_us = (enum contact_sub)stmt_int(st, 4);
	memcpy(f->lang, lang, strlen(lang));
	p->row = c->last_row = stmt_int(st, 0);
	p->facts = f;
	show_facts(p);
	return 0;
}

static int load(struct contacts *c, struct err *e)
{
	struct stmt *st = store_prepare(c->store,
	    "SELECT row, jid, dialects, to_us, from_us, lang FROM contact ORDER BY row", e);
	size_t n;
	int got;

	if (st == NULL || store_count(c->store, "SELECT count(*) FROM contact", &n, e) == -1 ||
	    table_reserve(&c->by_jid, n, e) == -1)
		return -1;
	while ((got = stmt_step(st, e)) == 1) {
		if (load_row(c, st, e) == -1) {
			stmt_reset(st);
			return -1;
		}
	}
	return got;
}

int contacts_open(struct contacts **out, struct store *s, const struct clock *clock,
    struct err *e)
{
	struct contacts *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	c->store = s;
	c->clock = clock;
	if (table_seed(&c->seed, e) == -1 || store_migrate(s, &schema, e) == -1)
		goto fail;
	c->write = store_prepare(s, "INSERT OR REPLACE INTO contact"
	    " (row, jid, dialects, to_us, from_us, lang) VALUES ($1, $2, $3, $4, $5, $6)", e);
	if (c->write == NULL || load(c, e) == -1)
		goto fail;
	mirror_open(&c->mirror, s, &ops, c);
	*out = c;
	return 0;
fail:
	contacts_close(&c);
	return -1;
}

void contacts_close(struct contacts **cp)
{
	struct contacts *c = *cp;

	if (c == NULL)
		return;
	*cp = NULL;
	for (size_t i = 0; i < c->n; i++)
		person_free(c->all[i]);
	free(c->all);
	table_fini(&c->by_jid);
	mirror_close(&c->mirror);
	free(c);
}
