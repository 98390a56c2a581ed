/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grant: an answer lists nodes, names and kinds of readings once, and grants
 * every combination of them.  Of what was decided for each node, the largest
 * such block is said.  Next: device.c.
 */
#include "config.h"

#include <string.h>

#include "common/base/pool.h"
#include "provisioning/access.h"

/* Comparing names of many nodes has an end: what was found until then is said. */
#define GRANT_WORK 200000

#define ANY_NAME 1000		/* worth of "every name", against a list of some */

bool access_is_node(const struct access_thing *t)
{
	return node_is_set(&t->node) || (t->thing != NULL && (t->thing->node != NULL ||
	    t->thing->source != NULL || t->thing->partition != NULL));
}

/* The JID itself may stand for all it is only where nothing is behind it. */
bool access_can_list(const struct access_facts *f, const struct access_thing *t)
{
	return access_is_node(t) || f->nodes_asked || f->n == 1;
}

struct work { size_t left; };

static bool same_name(struct work *w, const char *a, const char *b)
{
	if (w->left > 0)
		w->left--;
	return a == b || value_same(a, b);
}

static bool has_name(struct work *w, const struct answer *a, const char *name, size_t near)
{
	/* Mostly both lists are parts of what was asked, in that order. */
	if (near < a->n_names && a->names[near] == name)
		return true;
	for (size_t i = 0; i < a->n_names && w->left > 0; i++)
		if (same_name(w, a->names[i], name))
			return true;
	return false;
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_span(const struct span *a, const struct span *b)
{
	return same_text(a->name, b->name) && same_text(a->text, b->text) &&
	       a->has_min == b->has_min && a->has_max == b->has_max &&
	       (!a->has_min || (a->min == b->min && a->min_out == b->min_out)) &&
	       (!a->has_max || (a->max == b->max && a->max_out == b->max_out));
}

static bool same_limits(const struct answer *a, const struct answer *b)
{
	if (a->n_limits != b->n_limits)
		return false;
	for (size_t i = 0; i < a->n_limits; i++)
		if (!same_span(&a->limits[i].span, &b->limits[i].span) ||
		    a->limits[i].rate_n != b->limits[i].rate_n ||
		    a->limits[i].rate_ms != b->limits[i].rate_ms ||
		    a->limits[i].rule != b->limits[i].rule)
			return false;
	return true;
}

/* Is all that `small` grants also granted by `big`? */
static bool covers(struct work *w, const struct answer *big, const struct answer *small)
{
	if (big->verdict != VERDICT_ALLOW || (small->types & ~big->types) != 0 ||
	    (big->n_limits > 0 && !same_limits(big, small)))
		return false;
	if (big->n_names == 0)
		return true;
	if (small->n_names == 0)
		return false;
	for (size_t i = 0; i < small->n_names; i++)
		if (!has_name(w, big, small->names[i], i))
			return false;
	return true;
}

static unsigned count_bits(unsigned v)
{
	unsigned n = 0;

	for (; v != 0; v &= v - 1)
		n++;
	return n;
}

static size_t worth(const struct access_facts *f, const struct answer *a, size_t nodes)
{
	size_t names = a->n_names > 0 ? a->n_names : f->names.n > 0 ? f->names.n : ANY_NAME;

	return nodes * names * (f->action == ACTION_READ ? count_bits(a->types) : 1);
}

static size_t count_covered(struct work *w, const struct access_facts *f, const struct answer *a,
    const struct answer *block)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += access_can_list(f, &f->thing[i]) && covers(w, &a[i], block);
	return n;
}

static const struct answer *choose(struct work *w, const struct access_facts *f,
    const struct answer *a)
{
	const struct answer *best = NULL;
	size_t most = 0;

	for (size_t i = 0; i < f->n && w->left > 0; i++) {
		size_t value;

		if (a[i].verdict != VERDICT_ALLOW || !access_can_list(f, &f->thing[i]))
			continue;
		value = worth(f, &a[i], count_covered(w, f, a, &a[i]));
		if (value > most) {
			most = value;
			best = &a[i];
		}
	}
	return best;
}

/*
 * XEP-0324, "Reading devices from large subsystems": an id alone means all nodes
 * of that id.  It may be said only when each of them is granted.
 */
static bool says_more(const struct access_facts *f, const bool *listed, size_t i)
{
	const struct owned *t = f->thing[i].thing, *other;

	if (t == NULL || t->node == NULL || t->source != NULL || t->partition != NULL)
		return false;
	for (size_t k = 0; k < f->n; k++) {
		other = f->thing[k].thing;
		if (!listed[k] && other != NULL && other->node != NULL &&
		    strcmp(other->node, t->node) == 0)
			return true;
	}
	return false;
}

static struct node named(const struct access_facts *f, size_t i)
{
	const struct owned *t = f->thing[i].thing;

	return f->nodes_asked ? f->nodes.node[i] :
	    (struct node){ t->node, t->source, t->partition };
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

static int list_nodes(const struct access_facts *f, const struct answer *a,
    const struct answer *block, struct pool *pool, struct access_outcome *out)
{
	struct work w = { GRANT_WORK };
	bool *listed = pool_zalloc(pool, f->n * sizeof(*listed));

	out->nodes.node = pool_alloc(pool, f->n * sizeof(*out->nodes.node));
	if (listed == NULL || out->nodes.node == NULL)
		return -1;
	for (size_t i = 0; i < f->n; i++)
		listed[i] = access_can_list(f, &f->thing[i]) && covers(&w, &a[i], block);
	for (size_t i = 0; i < f->n; i++) {
		if (!listed[i] || says_more(f, listed, i))
			continue;
		out->granted = true;
		out->lease_ms = earlier(out->lease_ms, a[i].lease_ms);
		/* What was named is named again: naming no node would mean all. */
		if (f->nodes_asked || access_is_node(&f->thing[i]))
			out->nodes.node[out->nodes.n++] = named(f, i);
	}
	out->granted = out->granted && out->nodes.n <= WIRE_NODES;
	return 0;
}

static int list_names(const struct access_facts *f, const struct answer *a, struct pool *pool,
    struct access_outcome *out)
{
	const char *const *from = a->n_names > 0 ? a->names : f->names.name;
	size_t n = a->n_names > 0 ? a->n_names : f->names.n;

	if (n == 0)
		return 0;
	out->names.name = pool_alloc(pool, n * sizeof(*out->names.name));
	if (out->names.name == NULL)
		return -1;
	for (size_t i = 0; i < n; i++)
		out->names.name[out->names.n++] = from[i];
	return 0;
}

/* Kinds are named when they were, or when not all are granted. */
static unsigned types_said(const struct access_facts *f, const struct answer *a)
{
	if (f->action != ACTION_READ)
		return 0;
	if (f->types != 0)
		return a->types & f->types;
	return a->types == TYPE_ALL ? 0 : a->types;
}

int access_grant(const struct access_facts *f, const struct answer *a, struct pool *pool,
    struct access_outcome *out)
{
	struct work w = { GRANT_WORK };
	const struct answer *block = choose(&w, f, a);

	if (block == NULL || (f->action == ACTION_READ && block->types == 0))
		return 0;
	if (list_nodes(f, a, block, pool, out) != 0)
		return -1;
	out->types = types_said(f, block);
	out->limits = block->limits;
	out->n_limits = block->n_limits;
	return out->granted ? list_names(f, block, pool, out) : 0;
}
