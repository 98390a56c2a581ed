/* SPDX-License-Identifier: Apache-2.0 */
/*
 * narrow: the operator is asked about exactly what the owner's rules granted, so
 * that his answer is the part of it that both allow.  Next: grant.c.
 */
#include "config.h"

#include "provisioning/narrow.h"

#include <string.h>

#include "provisioning/operator_policy.h"

/* His rules and an owner's may have the same numbers; their counts differ. */
#define OPERATORS_RULE ((int64_t)1 << 40)

/* ---- limits ---- */

/* The part of `a` that is also in `b`; false: there is none, or it cannot be said. */
static bool both_ranges(const struct span *a, const struct span *b, struct span *out)
{
	*out = *a;
	if (b->has_min && (!a->has_min || b->min > a->min ||
	    (b->min == a->min && b->min_out))) {
		out->has_min = true;
		out->min = b->min;
		out->min_out = b->min_out;
	}
	if (b->has_max && (!a->has_max || b->max < a->max ||
	    (b->max == a->max && b->max_out))) {
		out->has_max = true;
		out->max = b->max;
		out->max_out = b->max_out;
	}
	if (!out->has_min || !out->has_max || out->min < out->max)
		return true;
	return out->min == out->max && !out->min_out && !out->max_out;
}

static bool both_spans(const struct span *a, const struct span *b, struct span *out)
{
	if (a->text != NULL) {
		*out = *a;
		return span_holds(b, a->text);
	}
	if (b->text != NULL) {
		*out = *b;
		return span_holds(a, b->text);
	}
	return both_ranges(a, b, out);
}

/* Two rates would have to be counted both: nobody keeps to that. */
static bool both(const struct limit *mine, const struct limit *his, const char *name,
    struct limit *out)
{
	if (mine->rate_n > 0 && his->rate_n > 0)
		return false;
	if (!both_spans(&mine->span, &his->span, &out->span))
		return false;
	out->span.name = name;
	out->rule = his->rate_n > 0 ? his->rule + OPERATORS_RULE : mine->rule;
	out->rate_n = his->rate_n > 0 ? his->rate_n : mine->rate_n;
	out->rate_ms = his->rate_n > 0 ? his->rate_ms : mine->rate_ms;
	return true;
}

static bool speaks_of(const struct limit *l, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (l[i].span.name == NULL || (name != NULL && span_is_about(&l[i].span, name)))
			return true;
	return false;
}

struct crossing {
	const struct limit *mine, *his;
	size_t n_mine, n_his, n;
	struct limit out[POLICY_LIMITS];
	bool full;
};

static void put(struct crossing *c, const struct limit *l, const char *name)
{
	if (c->n == POLICY_LIMITS) {
		c->full = true;
		return;
	}
	c->out[c->n] = *l;
	c->out[c->n++].span.name = name;
}

/* All that both allow of one name; false: nothing. */
static bool cross_name(struct crossing *c, const char *name)
{
	bool mine = speaks_of(c->mine, c->n_mine, name);
	bool his = speaks_of(c->his, c->n_his, name);
	size_t before = c->n;
	struct limit l;

	if (!mine && !his)
		return true;
	for (size_t i = 0; i < (mine ? c->n_mine : 1); i++) {
		if (mine && name != NULL && !span_is_about(&c->mine[i].span, name))
			continue;
		for (size_t k = 0; k < (his ? c->n_his : 1); k++) {
			if (his && name != NULL && !span_is_about(&c->his[k].span, name))
				continue;
			if (!his) {
				put(c, &c->mine[i], name);
			} else if (!mine) {
				l = c->his[k];
				l.rule += OPERATORS_RULE;
				put(c, &l, name);
			} else if (both(&c->mine[i], &c->his[k], name, &l)) {
				put(c, &l, name);
			}
		}
	}
	return c->n > before;
}

static bool all_unnamed(const struct limit *l, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (l[i].span.name != NULL)
			return false;
	return true;
}

bool narrow_limits(struct answer *a, const struct limit *other, size_t n_other,
    const struct answer_space *space)
{
	struct crossing c = { .mine = a->limits, .his = other, .n_mine = a->n_limits,
		.n_his = n_other };
	size_t kept = 0;

	if (a->n_names == 0) {
		/* Any name at all: only what is said of all of them can be crossed. */
		if (!all_unnamed(c.mine, c.n_mine) || !all_unnamed(c.his, c.n_his) ||
		    !cross_name(&c, NULL))
			return false;
	}
	for (size_t i = 0; i < a->n_names; i++)
		if (cross_name(&c, a->names[i]))
			space->names[kept++] = a->names[i];
	if (c.full || c.n > space->n_limits || (a->n_names > 0 && kept == 0))
		return false;
	memcpy(space->limits, c.out, c.n * sizeof(c.out[0]));
	a->limits = space->limits;
	a->n_limits = c.n;
	a->n_names = kept;
	a->names = kept > 0 ? space->names : a->names;
	return true;
}

/* ---- the operator ---- */

struct hearing {
	struct question q;
	struct operator_names alias;
	const char *names[POLICY_NAMES];
	struct limit limits[POLICY_LIMITS];
	struct subject tokens[POLICY_TOKENS + 1];
	struct answer answer;
};

static void hear(const struct access_facts *f, const struct access_thing *t,
    const struct answer *granted, struct hearing *h)
{
	struct answer_space space = { POLICY_NAMES, POLICY_LIMITS, h->names, h->limits };
	size_t n = f->n_tokens < POLICY_TOKENS ? f->n_tokens : POLICY_TOKENS;

	h->q = (struct question){ .action = f->action, .asker = f->requester,
		.epoch = t->thing->epoch, .tags = t->tags, .n_tags = t->n_tags,
		.node = t->node.id, .source = t->node.source, .partition = t->node.partition,
		.tokens = h->tokens, .n_tokens = n, .roles = f->roles, .n_roles = f->n_roles,
		.credentials = f->credentials, .n_credentials = f->n_credentials,
		.keeps_limits = f->keeps_limits, .now_ms = f->now_ms, .zone_s = f->zone_s,
		.zones = t->zones, .n_zones = t->n_zones, .clock_unsure = f->clock_unsure };
	memcpy(h->q.thing_id, t->thing->id, sizeof(h->q.thing_id));
	if (n > 0)
		memcpy(h->tokens, f->tokens, n * sizeof(h->tokens[0]));
	/* The owner allowed exactly this one: that answers what the operator only asks. */
	if (granted->verdict == VERDICT_ALLOW && granted->exact)
		h->tokens[h->q.n_tokens++] = (struct subject){ SUBJECT_USER,
			OPERATOR_POLICY_OWNERS_WORD };
	if (f->action != ACTION_BEFRIEND) {
		h->q.names = granted->n_names > 0 ? granted->names : f->names.name;
		h->q.n_names = granted->n_names > 0 ? granted->n_names : f->names.n;
	}
	if (f->action == ACTION_READ)
		h->q.types = granted->types;
	operator_policy_name(&h->q, t->thing, &h->alias);
	policy_decide(f->operator_narrowing, &h->q, &space, &h->answer);
}

static void take_lists(struct answer *a, const struct hearing *h,
    const struct answer_space *space, bool *none)
{
	const struct answer *his = &h->answer;

	if (his->n_names > 0) {
		a->n_names = his->n_names < space->n_names ? his->n_names : space->n_names;
		memcpy(space->names, his->names, a->n_names * sizeof(*his->names));
		a->names = space->names;
		*none = a->n_names == 0;
	}
	if (his->types != 0)
		a->types &= his->types;
	if (his->n_limits > 0)
		*none = *none || !narrow_limits(a, his->limits, his->n_limits, space);
}

/* An answer names what it grants where not all that was asked for is granted: the
 * names that were asked for, once there are limits that speak of some of them. */
static void name_all(struct answer *a, const struct access_facts *f,
    const struct answer_space *space)
{
	if (a->n_names > 0 || f->action == ACTION_BEFRIEND || f->names.n == 0 ||
	    f->names.n > space->n_names)
		return;
	memcpy(space->names, f->names.name, f->names.n * sizeof(*space->names));
	a->names = space->names;
	a->n_names = f->names.n;
}

void narrow_by_operator(const struct access_facts *f, const struct access_thing *t,
    const struct answer_space *space, struct access_judgement *j)
{
	struct answer *a = &j->answer;
	struct hearing h;
	bool none = false;

	if (a->verdict == VERDICT_DENY)
		return;
	if (f->action == ACTION_READ && a->types == 0)
		a->types = f->types != 0 ? f->types : TYPE_ALL;
	hear(f, t, a, &h);
	if (h.answer.edge_ms != 0 && (a->edge_ms == 0 || h.answer.edge_ms < a->edge_ms))
		a->edge_ms = h.answer.edge_ms;
	if (h.answer.verdict == VERDICT_ALLOW) {
		if (a->verdict != VERDICT_ALLOW)
			return;
		if (h.answer.n_limits > 0)
			name_all(a, f, space);
		take_lists(a, &h, space, &none);
		if (a->lease_ms == 0 || (h.answer.lease_ms != 0 && h.answer.lease_ms < a->lease_ms))
			a->lease_ms = h.answer.lease_ms;
		if (!none && (f->action != ACTION_READ || a->types != 0))
			return;
		h.answer.verdict = VERDICT_DENY;
	}
	/* Both only ask: the owner's question is the one that is put. */
	if (h.answer.verdict == VERDICT_ASK && a->verdict == VERDICT_ASK && !h.answer.touch)
		return;
	a->verdict = h.answer.verdict;
	a->touch = h.answer.touch;
	a->rule = h.answer.rule;
	a->n_names = a->n_limits = 0;
	j->by_operator = true;
}
