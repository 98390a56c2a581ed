/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest_store: a manifest as one string of bytes: for each line its kind and
 * its texts, every text with its zero.  An absent text is empty.
 */
#include "config.h"

#include "registry/manifest_store.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/str.h"
#include "common/store/store.h"

struct manifest_store {
	struct stmt *put, *find, *drop;
};

static const struct store_step steps[] = {
	{ 1, "CREATE TABLE manifest (thing BLOB PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;" },
};
static const struct store_schema schema = {
	"manifest", steps, sizeof(steps) / sizeof(steps[0])
};

int manifest_store_open(struct manifest_store **out, struct store *s, struct err *e)
{
	struct manifest_store *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (store_migrate(s, &schema, e) == -1 ||
	    (m->put = store_prepare(s, "INSERT OR REPLACE INTO manifest (thing, body) "
	    "VALUES ($1, $2)", e)) == NULL ||
	    (m->find = store_prepare(s, "SELECT body FROM manifest WHERE thing = $1", e)) == NULL ||
	    (m->drop = store_prepare(s, "DELETE FROM manifest WHERE thing = $1", e)) == NULL) {
		free(m);
		return -1;
	}
	*out = m;
	return 0;
}

void manifest_store_close(struct manifest_store **m)
{
	free(*m);
	*m = NULL;
}

/* ---- as bytes ---- */

static void pack_text(struct buf *out, const char *s)
{
	buf_adds(out, s != NULL ? s : "");
	buf_addc(out, '\0');
}

static void pack_number(struct buf *out, bool there, double v)
{
	char text[STR_DOUBLE];

	str_from_double(text, v);
	pack_text(out, there ? text : NULL);
}

static void pack(struct buf *out, const struct manifest *m)
{
	for (size_t i = 0; i < m->n_offers; i++) {
		const struct offer *o = &m->offer[i];

		buf_addc(out, o->control ? 'c' : 'f');
		pack_text(out, o->name);
		pack_text(out, o->type);
		pack_text(out, o->unit);
		pack_number(out, o->has_range, o->min);
		pack_number(out, o->has_range, o->max);
	}
	for (size_t i = 0; i < m->n_needs; i++) {
		buf_addc(out, 'n');
		pack_text(out, m->need[i]);
	}
}

/* What is left to read; the bytes live as long as the manifest. */
struct cursor {
	const char *at;
	size_t left;
};

static const char *unpack_text(struct cursor *c)
{
	const char *text = c->at, *end = memchr(c->at, '\0', c->left);

	if (end == NULL)
		return NULL;
	c->left -= (size_t)(end + 1 - c->at);
	c->at = end + 1;
	return text;
}

static bool unpack_offer(struct cursor *c, struct offer *o)
{
	const char *name = unpack_text(c), *type = name != NULL ? unpack_text(c) : NULL;
	const char *unit = type != NULL ? unpack_text(c) : NULL;
	const char *min = unit != NULL ? unpack_text(c) : NULL;
	const char *max = min != NULL ? unpack_text(c) : NULL;

	if (max == NULL)
		return false;
	o->name = name;
	o->type = type[0] != '\0' ? type : NULL;
	o->unit = unit[0] != '\0' ? unit : NULL;
	o->has_range = min[0] != '\0';
	return !o->has_range ||
	    (str_to_double(min, &o->min) == 0 && str_to_double(max, &o->max) == 0);
}

static bool unpack(struct cursor *c, struct offer *offer, const char **need, struct manifest *m)
{
	while (c->left > 0) {
		char kind = *c->at;

		c->at++;
		c->left--;
		if (kind == 'n') {
			if (m->n_needs == WIRE_NEEDS ||
			    (need[m->n_needs++] = unpack_text(c)) == NULL)
				return false;
			continue;
		}
		if (m->n_offers == WIRE_OFFERS)
			return false;
		offer[m->n_offers] = (struct offer){ .control = kind == 'c' };
		if (!unpack_offer(c, &offer[m->n_offers++]))
			return false;
	}
	return true;
}

/* ---- rows ---- */

/* 1: there is one, as bytes in `pool`; 0 none; -1. */
static int load(struct manifest_store *m, const uint8_t *id, struct pool *pool,
    struct cursor *out, struct err *e)
{
	const void *body;
	char *copy;
	int got;

	stmt_bind_blob(m->find, 1, id, OWNERSHIP_ID);
	got = stmt_step(m->find, e);
	if (got != 1)
		return got;
	body = stmt_blob(m->find, 0, &out->left);
	copy = pool_alloc(pool, out->left + 1);
	if (copy != NULL && out->left > 0)
		memcpy(copy, body, out->left);
	stmt_reset(m->find);
	out->at = copy;
	return copy != NULL ? 1 : err_set(e, ERR_LIMIT, "no room for what a thing offers");
}

int manifest_store_find(struct manifest_store *m, const uint8_t id[static OWNERSHIP_ID],
    struct pool *pool, const struct manifest **out, struct err *e)
{
	struct manifest *found = pool_zalloc(pool, sizeof(*found));
	struct offer *offer = pool_alloc(pool, WIRE_OFFERS * sizeof(*offer));
	const char **need = pool_alloc(pool, WIRE_NEEDS * sizeof(*need));
	struct cursor c;
	int got;

	*out = NULL;
	if (found == NULL || offer == NULL || need == NULL)
		return err_set(e, ERR_LIMIT, "no room for what a thing offers");
	got = load(m, id, pool, &c, e);
	if (got != 1)
		return got;
	found->offer = offer;
	found->need = need;
	/* It is only for people to read: damaged, there is nothing to read. */
	if (unpack(&c, offer, need, found))
		*out = found;
	return 0;
}

static int replace(struct manifest_store *m, const uint8_t *id, const struct buf *body,
    struct pool *pool, struct err *e)
{
	struct cursor there;
	int got = load(m, id, pool, &there, e);

	if (got == -1)
		return -1;
	if (got == 1 && there.left == body->len && memcmp(there.at, body->data, body->len) == 0)
		return 0;
	stmt_bind_blob(m->put, 1, id, OWNERSHIP_ID);
	stmt_bind_blob(m->put, 2, body->data, body->len);
	return stmt_run(m->put, NULL, e);
}

bool manifest_store_fits(const struct manifest *what)
{
	struct buf body;
	bool fits;

	if (what == NULL)
		return true;
	buf_init(&body, MANIFEST_STORE_BYTES);
	pack(&body, what);
	fits = buf_ok(&body);
	buf_fini(&body);
	return fits;
}

int manifest_store_put(struct manifest_store *m, const uint8_t id[static OWNERSHIP_ID],
    const struct manifest *what, struct pool *pool, struct err *e)
{
	struct buf body;
	int ret;

	if (what == NULL || (what->n_offers == 0 && what->n_needs == 0))
		return manifest_store_delete(m, id, e);
	buf_init(&body, MANIFEST_STORE_BYTES);
	pack(&body, what);
	ret = buf_ok(&body) ? replace(m, id, &body, pool, e) :
	    err_set(e, ERR_LIMIT, "no room for what a thing offers");
	buf_fini(&body);
	return ret;
}

int manifest_store_delete(struct manifest_store *m, const uint8_t id[static OWNERSHIP_ID],
    struct err *e)
{
	stmt_bind_blob(m->drop, 1, id, OWNERSHIP_ID);
	return stmt_run(m->drop, NULL, e);
}
