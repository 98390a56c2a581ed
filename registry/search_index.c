/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_index: entries of numbered things, and the columns of their values.
 * What is looked up by value is a superset: a column learns of a change at
 * once, which may fail, and forgets the old only when the transaction is over,
 * which cannot.  Read first: column.h; next: search_plan.h.
 */
#include "config.h"

#include "registry/search_index.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/ident.h"
#include "common/store/mirror.h"
#include "common/store/table.h"
#include "registry/tags.h"

#define FOLDED (4 * WIRE_TAG_NAME + 1)
#define LEAF 1024		/* numbers in a row of slots */

/* One version of a thing; those of one number form a chain until the
 * transaction is over. */
struct entry {
	uint8_t id[OWNERSHIP_ID];
	struct entry *other;
	uint32_t number;
	uint16_t n;
	bool current;
	struct column_value *value[];
};

struct leaf {
	uint32_t n;		/* slots that are not empty */
	struct entry *slot[LEAF];
};

struct search_index {
	struct mirror mirror;
	struct table_seed seed;
	struct table by_id, by_name;
	struct column **column;
	size_t columns, columns_cap;
	struct leaf **leaf;
	size_t leaves;
	struct numset all;
	uint32_t last;
	bool loading;
	struct pool scratch;
};

/* ---- columns ---- */

static void fold(char out[static FOLDED], const char *name)
{
	size_t n = 0;

	for (; n < FOLDED - 1 && name[n] != '\0'; n++)
		out[n] = name[n] >= 'A' && name[n] <= 'Z' ? (char)(name[n] - 'A' + 'a') : name[n];
	out[n] = '\0';
}

static uint64_t hash_name(const struct search_index *x, const char *folded, bool is_num)
{
	return table_hash_text(&x->seed, is_num, folded);
}

static struct column *find_column(const struct search_index *x, const char *folded, bool is_num)
{
	uint64_t hash = hash_name(x, folded, is_num);
	size_t at;
	struct column *c;

	for (c = table_first(&x->by_name, hash, &at); c; c = table_next(&x->by_name, hash, &at))
		if (c->is_num == is_num && strcmp(c->name, folded) == 0)
			return c;
	return NULL;
}

static struct column *make_column(struct search_index *x, const char *folded, bool is_num,
    struct err *e)
{
	struct column *c;

	if (table_reserve(&x->by_name, 1, e) == -1)
		return NULL;
	if (x->columns == x->columns_cap) {
		size_t cap = x->columns_cap + x->columns_cap / 2 + 16;
		struct column **more = reallocarray(x->column, cap, sizeof(struct column *));

		if (more == NULL) {
			err_set(e, ERR_SYSTEM, "out of memory");
			return NULL;
		}
		x->column = more;
		x->columns_cap = cap;
	}
	c = column_new(folded, is_num, hash_name(x, folded, is_num), e);
	if (c == NULL)
		return NULL;
	if (x->loading && column_gather(c, &x->seed, e) == -1) {
		column_free(&c);
		return NULL;
	}
	c->index = x->columns;
	x->column[x->columns++] = c;
	table_add(&x->by_name, c->hash, c);
	return c;
}

static void drop_if_empty(struct search_index *x, struct column *c)
{
	if (c->n > 0)
		return;
	table_remove(&x->by_name, c->hash, c);
	x->column[c->index] = x->column[--x->columns];
	x->column[c->index]->index = c->index;
	column_free(&c);
}

const struct column *search_index_column(const struct search_index *x, const char *name,
    bool is_num)
{
	char folded[FOLDED];

	fold(folded, name);
	return find_column(x, folded, is_num);
}

const struct column *search_index_column_at(const struct search_index *x, size_t i)
{
	return i < x->columns ? x->column[i] : NULL;
}

const struct numset *search_index_all(const struct search_index *x)
{
	return &x->all;
}

/* ---- versions of a thing ---- */

static struct entry **slot_of(const struct search_index *x, uint32_t number)
{
	struct leaf *l = number / LEAF < x->leaves ? x->leaf[number / LEAF] : NULL;

	return l != NULL ? &l->slot[number % LEAF] : NULL;
}

static int make_slot(struct search_index *x, uint32_t number, struct err *e)
{
	size_t at = number / LEAF;

	if (at >= x->leaves) {
		size_t n = at + at / 2 + 1;
		struct leaf **more = reallocarray(x->leaf, n, sizeof(struct leaf *));

		if (more == NULL)
			return err_set(e, ERR_SYSTEM, "out of memory");
		memset(&more[x->leaves], 0, (n - x->leaves) * sizeof(struct leaf *));
		x->leaf = more;
		x->leaves = n;
	}
	if (x->leaf[at] == NULL && (x->leaf[at] = calloc(1, sizeof(struct leaf))) == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	return 0;
}

static void enter_slot(struct search_index *x, struct entry *n)
{
	struct entry **slot = slot_of(x, n->number);

	x->leaf[n->number / LEAF]->n += *slot == NULL;
	n->other = *slot;
	*slot = n;
}

static void leave_slot(struct search_index *x, const struct entry *n)
{
	struct leaf **l = &x->leaf[n->number / LEAF];
	struct entry **slot = slot_of(x, n->number);

	while (*slot != n)
		slot = &(*slot)->other;
	*slot = n->other;
	if (*slot_of(x, n->number) != NULL)
		return;
	numset_remove(&x->all, n->number);
	if (--(*l)->n == 0) {
		free(*l);
		*l = NULL;
	}
}

/* Does another version have this value, or any of its column? */
static bool others_have(const struct entry *first, const struct column_value *v,
    const struct column *c)
{
	for (const struct entry *n = first; n != NULL; n = n->other)
		for (uint16_t i = 0; i < n->n; i++)
			if (n->value[i] == v || n->value[i]->column == c)
				return true;
	return false;
}

/* It has left its slot. */
static void forget_values(struct search_index *x, const struct entry *n)
{
	struct entry **slot = slot_of(x, n->number);
	const struct entry *rest = slot != NULL ? *slot : NULL;

	for (uint16_t i = 0; i < n->n; i++) {
		struct column *c = n->value[i]->column;

		if (!others_have(rest, NULL, c))
			numset_remove(&c->things, n->number);
		if (!others_have(rest, n->value[i], NULL))
			column_remove(n->value[i], n->number);
		drop_if_empty(x, c);
	}
}

static int learn_value(struct search_index *x, struct entry *n, const struct tag *t,
    struct err *e)
{
	struct column_value *v = NULL;
	struct column *c;
	char folded[FOLDED];

	fold(folded, t->name);
	c = find_column(x, folded, t->is_num);
	if (c == NULL && (c = make_column(x, folded, t->is_num, e)) == NULL)
		return -1;
	if (numset_add(&c->things, n->number) == -1)
		err_set(e, ERR_SYSTEM, "out of memory");
	else
		v = column_add(c, t, n->number, e);
	if (v == NULL) {
		if (!others_have(n, NULL, c))
			numset_remove(&c->things, n->number);
		drop_if_empty(x, c);
		return -1;
	}
	/* A damaged row may have one tag twice. */
	for (uint16_t i = 0; i < n->n; i++)
		if (n->value[i] == v)
			return 0;
	n->value[n->n++] = v;
	if (!x->loading)
		column_follow(c, n->number, x->all.n);
	return 0;
}

static struct entry *entry_new(struct search_index *x, const uint8_t *id, const void *tags,
    size_t tags_len, uint32_t number, struct err *e)
{
	struct tag_list l;
	struct entry *n;

	pool_reset(&x->scratch);
	if (tags_unpack(&l, tags, tags_len, &x->scratch) == -1) {
		err_set(e, ERR_SYSTEM, "the tags of a thing are damaged or too many");
		return NULL;
	}
	n = calloc(1, sizeof(*n) + l.n * sizeof(n->value[0]));
	if (n == NULL || make_slot(x, number, e) == -1 || numset_add(&x->all, number) == -1) {
		err_set(e, ERR_SYSTEM, "out of memory");
		free(n);
		return NULL;
	}
	memcpy(n->id, id, OWNERSHIP_ID);
	n->number = number;
	enter_slot(x, n);
	for (size_t i = 0; i < l.n; i++)
		if (learn_value(x, n, &l.tag[i], e) == -1) {
			leave_slot(x, n);
			forget_values(x, n);
			free(n);
			return NULL;
		}
	return n;
}

static uint64_t hash_id(const struct search_index *x, const uint8_t *id)
{
	return table_hash(&x->seed, 0, id, OWNERSHIP_ID);
}

static void swap(void *arg, void *out, void *in)
{
	struct search_index *x = arg;
	struct entry *gone = out, *come = in;

	if (gone != NULL) {
		table_remove(&x->by_id, hash_id(x, gone->id), gone);
		gone->current = false;
	}
	if (come != NULL) {
		table_add(&x->by_id, hash_id(x, come->id), come);
		come->current = true;
		for (uint16_t i = 0; i < come->n; i++)
			if (come->value[i]->column->is_num)
				column_now(come->value[i], come->number);
	}
}

static void drop(void *arg, void *item)
{
	struct search_index *x = arg;
	struct entry *n = item;

	leave_slot(x, n);
	forget_values(x, n);
	free(n);
}

static const struct mirror_ops ops = { swap, drop, NULL };

/* ---- open and close ---- */

int search_index_open(struct search_index **out, struct store *s, struct err *e)
{
	struct search_index *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (table_seed(&x->seed, e) == -1) {
		free(x);
		return -1;
	}
	pool_init(&x->scratch, 4 * TAGS_BYTES);
	mirror_open(&x->mirror, s, &ops, x);
	*out = x;
	return 0;
}

void search_index_close(struct search_index **xp)
{
	struct search_index *x = *xp;

	if (x == NULL)
		return;
	*xp = NULL;
	for (size_t i = 0; i < x->by_id.cap; i++)
		free(x->by_id.slot[i].item);
	for (size_t i = 0; i < x->leaves; i++)
		free(x->leaf[i]);
	for (size_t i = 0; i < x->columns; i++)
		column_free(&x->column[i]);
	free(x->column);
	free(x->leaf);
	numset_fini(&x->all);
	table_fini(&x->by_id);
	table_fini(&x->by_name);
	mirror_close(&x->mirror);
	pool_fini(&x->scratch);
	free(x);
}

/* ---- changes ---- */

static struct entry *find(const struct search_index *x, const uint8_t *id)
{
	uint64_t hash = hash_id(x, id);
	size_t at;
	struct entry *n;

	for (n = table_first(&x->by_id, hash, &at); n; n = table_next(&x->by_id, hash, &at))
		if (memcmp(n->id, id, OWNERSHIP_ID) == 0)
			return n;
	return NULL;
}

size_t search_index_count(const struct search_index *x)
{
	return x->by_id.n;
}

static int next_number(struct search_index *x, uint32_t *out, struct err *e)
{
	if (x->last == UINT32_MAX)
		return err_set(e, ERR_SYSTEM, "the numbers of the search are used up until a "
		    "restart");
	*out = ++x->last;
	return 0;
}

int search_index_put(struct search_index *x, const uint8_t id[static OWNERSHIP_ID],
    const void *tags, size_t tags_len, struct err *e)
{
	struct entry *old = find(x, id);
	uint32_t number = old != NULL ? old->number : 0;
	struct entry *n;

	if (mirror_reserve(&x->mirror, e) == -1 || table_reserve(&x->by_id, 1, e) == -1 ||
	    (old == NULL && next_number(x, &number, e) == -1))
		return -1;
	n = entry_new(x, id, tags, tags_len, number, e);
	if (n == NULL)
		return -1;
	mirror_swap(&x->mirror, old, n);
	return 0;
}

int search_index_delete(struct search_index *x, const uint8_t id[static OWNERSHIP_ID],
    struct err *e)
{
	struct entry *old = find(x, id);

	if (old == NULL)
		return 0;
	if (mirror_reserve(&x->mirror, e) == -1)
		return -1;
	mirror_swap(&x->mirror, old, NULL);
	return 0;
}

int search_index_expect(struct search_index *x, size_t things, struct err *e)
{
	x->loading = true;
	return table_reserve(&x->by_id, things, e);
}

int search_index_load(struct search_index *x, const uint8_t id[static OWNERSHIP_ID],
    const void *tags, size_t tags_len, struct err *e)
{
	struct entry *n;
	uint32_t number;

	if (table_reserve(&x->by_id, 1, e) == -1 || next_number(x, &number, e) == -1 ||
	    (n = entry_new(x, id, tags, tags_len, number, e)) == NULL)
		return -1;
	swap(x, NULL, n);
	return 0;
}

int search_index_loaded(struct search_index *x, struct err *e)
{
	for (size_t i = 0; i < x->columns; i++) {
		if (column_arrange(x->column[i], e) == -1)
			return -1;
		column_follow(x->column[i], x->last, x->all.n);
	}
	x->loading = false;
	return 0;
}

/* ---- looking at one ---- */

bool search_index_item(const struct search_index *x, uint32_t number,
    struct tag room[static WIRE_TAGS], struct search_item *out)
{
	struct entry **slot = slot_of(x, number);
	const struct entry *n = slot != NULL ? *slot : NULL;

	while (n != NULL && !n->current)
		n = n->other;
	if (n == NULL)
		return false;
	for (uint16_t i = 0; i < n->n; i++) {
		const struct column_value *v = n->value[i];

		room[i] = (struct tag){ .name = v->column->name, .is_num = v->column->is_num };
		if (room[i].is_num)
			room[i].num = column_num(v);
		else
			room[i].str = column_str(v);
	}
	*out = (struct search_item){ n->id, n->number, { n->n, room } };
	return true;
}
