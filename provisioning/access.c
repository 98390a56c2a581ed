/* SPDX-License-Identifier: Apache-2.0 */
/*
 * access: each thing is decided alone, then the answers are put together so
 * that what is listed was granted for every listed node.  Next: facts.c.
 */
#include "config.h"

#include "provisioning/access.h"

#include <string.h>

#include "common/base/pool.h"

static bool has_owner(const struct owned *t)
{
	return t != NULL && t->owner != NULL && owned_by(t, t->owner);
}

void access_decide_thing(const struct access_facts *f, const struct access_thing *t,
    const struct answer_space *space, struct answer *out)
{
	struct question q = { .action = f->action, .asker = f->requester, .now_ms = f->now_ms,
		.zone_s = t->has_zone ? t->zone_s : f->zone_s, .clock_unsure = f->clock_unsure,
		.tags = t->tags, .n_tags = t->n_tags, .givers = t->givers,
		.n_givers = t->n_givers, .tokens = f->tokens, .n_tokens = f->n_tokens };

	*out = (struct answer){ .verdict = VERDICT_DENY };
	if (!has_owner(t->thing))			/* 1 */
		return;
	if (t->is_owner) {				/* 2 */
		out->verdict = VERDICT_ALLOW;
		return;
	}
	if (!t->trusted)				/* 3 */
		return;
	if (t->rules == NULL) {
		out->verdict = VERDICT_ASK;
		return;
	}
	memcpy(q.thing_id, t->thing->id, sizeof(q.thing_id));
	q.epoch = t->thing->epoch;
	q.thing_name = t->thing->name;
	if (f->action != ACTION_BEFRIEND) {
		q.names = f->names.name;
		q.n_names = f->names.n;
	}
	policy_decide(t->rules, &q, space, out);		/* 4 */
	/* An edge behind the change of clocks is not known yet: look again then. */
	if (t->has_zone && t->zone_until_ms != 0 && out->edge_ms > t->zone_until_ms)
		out->edge_ms = t->zone_until_ms;
}

static bool is_node(const struct owned *t)
{
	return t != NULL && (t->node != NULL || t->source != NULL || t->partition != NULL);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

static void want_question(struct access_outcome *out, size_t thing, const struct answer *a)
{
	if (out->n_questions == ACCESS_QUESTIONS)
		return;
	out->question[out->n_questions].thing = thing;
	out->question[out->n_questions++].by_rule = a->rule != NULL ? a->rule->number : 0;
}

/*
 * A JID's friends: whom its owner lets in, who owns anything behind it, and
 * whom the owner of a node behind it lets in unless the JID's owner denies.
 */
static void befriend(const struct access_facts *f, const struct answer *a,
    struct access_outcome *out)
{
	size_t asked = f->n;
	bool denied = false, by_owner = false;

	for (size_t i = 0; i < f->n; i++) {
		bool gateway = !is_node(f->thing[i].thing);

		by_owner = by_owner || f->thing[i].is_owner;
		out->granted = out->granted || a[i].verdict == VERDICT_ALLOW;
		denied = denied || (gateway && has_owner(f->thing[i].thing) &&
				       a[i].verdict == VERDICT_DENY);
		if (a[i].verdict == VERDICT_ALLOW)
			out->lease_ms = earlier(out->lease_ms, a[i].lease_ms);
		if (a[i].verdict == VERDICT_ASK && (asked == f->n || gateway))
			asked = i;
	}
	out->granted = by_owner || (out->granted && !denied);
	if (!out->granted && !denied && asked < f->n)
		want_question(out, asked, &a[asked]);
}

static bool same_names(const struct answer *a, const struct answer *b)
{
	if (a->n_names != b->n_names)
		return false;
	for (size_t i = 0; i < a->n_names; i++)
		if (!value_same(a->names[i], b->names[i]))
			return false;
	return true;
}

/* Answers list names once for all nodes: take the nodes granted whole; if
 * there are none, those that are granted the same names as the first. */
static const struct answer *choose_names(const struct access_facts *f, const struct answer *a)
{
	const struct answer *chosen = NULL;

	for (size_t i = 0; i < f->n; i++)
		if (a[i].verdict == VERDICT_ALLOW &&
		    (chosen == NULL || (chosen->n_names > 0 && a[i].n_names == 0)))
			chosen = &a[i];
	return chosen;
}

/* The JID itself may stand for all it is only where nothing is behind it. */
static bool can_list(const struct access_facts *f, const struct owned *t)
{
	return is_node(t) || f->nodes_asked || f->n == 1;
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

static int grant_nodes(const struct access_facts *f, const struct answer *a, struct pool *pool,
    struct access_outcome *out)
{
	const struct answer *chosen = choose_names(f, a);
	size_t granted = 0;

	if (chosen == NULL)
		return 0;
	out->nodes.node = pool_alloc(pool, f->n * sizeof(*out->nodes.node));
	if (out->nodes.node == NULL)
		return -1;
	for (size_t i = 0; i < f->n; i++) {
		const struct owned *t = f->thing[i].thing;

		if (a[i].verdict != VERDICT_ALLOW || !same_names(&a[i], chosen) || !can_list(f, t))
			continue;
		granted++;
		out->lease_ms = earlier(out->lease_ms, a[i].lease_ms);
		/* What was named is named again: naming no node would mean all. */
		if (f->nodes_asked)
			out->nodes.node[out->nodes.n++] = f->nodes.node[i];
		else if (is_node(t))
			out->nodes.node[out->nodes.n++] =
			    (struct node){ t->node, t->source, t->partition };
	}
	out->granted = granted > 0 && out->nodes.n <= WIRE_NODES;
	return out->granted ? list_names(f, chosen, pool, out) : 0;
}

static int read_or_control(const struct access_facts *f, const struct answer *a,
    struct pool *pool, struct access_outcome *out)
{
	if (grant_nodes(f, a, pool, out) != 0)
		return -1;
	for (size_t i = 0; !out->granted && i < f->n; i++)
		if (a[i].verdict == VERDICT_ASK && can_list(f, f->thing[i].thing) &&
		    (f->nodes_asked || f->n == 1))
			want_question(out, i, &a[i]);
	return 0;
}

int access_decide(const struct access_facts *f, struct pool *pool, struct access_outcome *out)
{
	struct answer *a = pool_alloc(pool, (f->n + 1) * sizeof(*a));
	size_t n_space = f->names.n > 0 ? f->names.n : POLICY_NAMES;
	bool by_owner = true;

	*out = (struct access_outcome){ .edge_ms = f->tokens_until_ms };
	if (a == NULL)
		return -1;
	for (size_t i = 0; i < f->n; i++) {
		struct answer_space space = { .n_names = n_space,
			.names = pool_alloc(pool, n_space * sizeof(*space.names)) };

		if (space.names == NULL)
			return -1;
		access_decide_thing(f, &f->thing[i], &space, &a[i]);
		out->edge_ms = earlier(out->edge_ms, a[i].edge_ms);
		by_owner = by_owner && f->thing[i].is_owner;
	}
	if (f->action == ACTION_BEFRIEND)
		befriend(f, a, out);
	else if (read_or_control(f, a, pool, out) != 0)
		return -1;
	for (size_t i = 0; f->action == ACTION_BEFRIEND && i < f->n; i++)
		by_owner = by_owner || f->thing[i].is_owner;
	if (out->granted && !f->revocable && !by_owner) {	/* 5 */
		out->granted = false;
		out->held_back = true;
	}
	return 0;
}
