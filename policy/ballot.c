/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ballot: counts rules, and reads the table of policy.h; its steps carry the
 * same numbers here.  Next: decide.c.
 */
#include "config.h"

#include "policy/ballot.h"

#include <string.h>

#include "policy/match.h"

struct verdicts tally_verdicts(struct tally t)
{
	struct verdicts v;
	unsigned open = TYPE_ALL;

	v.deny = t.deny;					/* 2 */
	open &= ~(unsigned)v.deny;
	v.touch = (uint8_t)(open & t.touch);			/* 3 */
	open &= ~(unsigned)v.touch;
	v.exact = (uint8_t)(open & t.exact);			/* 4 */
	open &= ~(unsigned)v.exact;
	v.ask = (uint8_t)(open & t.ask);			/* 5 */
	open &= ~(unsigned)v.ask;
	v.allow = (uint8_t)(open & t.allow);			/* 6 */
	return v;
}

unsigned question_kinds(const struct question *q)
{
	if (q->action != ACTION_READ)
		return KINDS_OF_OTHERS;
	return q->types != 0 ? q->types & TYPE_ALL : TYPE_ALL;
}

void ballot_start(struct ballot *b, const struct question *q, const char *giver,
    const char *const *name, size_t n, int64_t *edge_ms)
{
	b->q = q;
	b->giver = giver;
	b->n_rules = 0;
	b->edge_ms = edge_ms;
	b->common = b->rest = (struct tally){ 0 };
	b->n = n;
	b->name = name;
	memset(b->tally, 0, n * sizeof(b->tally[0]));
	b->n_limited = 0;
}

bool ballot_admits(struct ballot *b, const struct rule *r)
{
	const struct question *q = b->q;
	int64_t edge;

	if (!match_rule(r, q, b->giver) || !match_wanted(r, q))
		return false;
	edge = rule_edge(r, q);
	if (edge != 0 && (*b->edge_ms == 0 || edge < *b->edge_ms))
		*b->edge_ms = edge;
	if (!rule_is_in_force(r, q))			/* 1 */
		return false;
	b->n_rules++;
	return true;
}

/* Does an allow for these bind one person, not many? */
static bool is_exact(const struct subject *s)
{
	return s->kind == SUBJECT_JID || (s->kind >= SUBJECT_SERVICE && s->kind <= SUBJECT_USER);
}

void tally_add(struct tally *t, const struct rule *r, unsigned kinds)
{
	uint8_t k = (uint8_t)kinds;

	switch (r->verdict) {
	case VERDICT_DENY:
		t->deny |= k;
		break;
	case VERDICT_ASK:
		if (r->touch)
			t->touch |= k;
		else
			t->ask |= k;
		break;
	case VERDICT_ALLOW:
		t->allow |= k;
		if (is_exact(&r->subject))
			t->exact |= k;
		break;
	}
}

const char *ballot_value(const struct ballot *b, size_t i)
{
	const struct question *q = b->q;

	return i != BALLOT_REST && i < q->n_names && q->values != NULL ? q->values[i] : NULL;
}

enum about { ABOUT_NONE, ABOUT_SOME, ABOUT_ALL };

/* Which values of that name: of one that no span is about, all. */
static enum about about_values(const struct ballot *b, const struct rule *r, size_t i)
{
	const char *name = i != BALLOT_REST ? b->name[i] : NULL, *value = ballot_value(b, i);
	bool any = false;

	for (size_t k = 0; k < r->n_spans; k++) {
		if (!match_span(&r->span[k], name))
			continue;
		if (value != NULL && match_value(&r->span[k], value))
			return ABOUT_ALL;
		any = true;
	}
	return !any ? ABOUT_ALL : value != NULL ? ABOUT_NONE : ABOUT_SOME;
}

/* Who cannot keep to it must not use it; what is denied or asked about is so for
 * every value. */
static unsigned without_limits(const struct rule *r, unsigned kinds)
{
	return r->verdict == VERDICT_ALLOW ? 0 : kinds;
}

unsigned ballot_speaks(const struct ballot *b, const struct rule *r, size_t i, bool *limited)
{
	const struct question *q = b->q;
	unsigned kinds = question_kinds(q);
	enum about about;

	*limited = false;
	if (i == BALLOT_REST ? r->n_names > 0 : !match_name(r, q->action, b->name[i]))
		return 0;
	if (q->action == ACTION_READ && r->types != 0)
		kinds &= r->types;
	about = r->n_spans > 0 ? about_values(b, r, i) : ABOUT_ALL;
	if (about == ABOUT_NONE)
		return 0;
	*limited = about == ABOUT_SOME || r->rate_n > 0;
	if (!*limited || q->keeps_limits)
		return kinds;
	*limited = false;
	return without_limits(r, kinds);
}

static bool count_one(struct ballot *b, const struct rule *r, size_t i, struct tally *t)
{
	bool limited;
	unsigned kinds = ballot_speaks(b, r, i, &limited);

	if (limited && b->n_limited == BALLOT_LIMITED) {
		limited = false;
		kinds = without_limits(r, kinds);
	}
	if (r->co_owner && r->verdict == VERDICT_ALLOW)
		t->co_owner |= (uint8_t)kinds;
	if (limited)
		t->limited = t->limited || kinds != 0;
	else
		tally_add(t, r, kinds);
	return limited && kinds != 0;
}

static bool is_listed(const struct ballot *b, const struct rule *r)
{
	for (size_t i = 0; i < b->n_limited; i++)
		if (b->limited[i] == r)
			return true;
	return false;
}

void ballot_count(struct ballot *b, const struct rule *r)
{
	bool limited = false;

	if (is_listed(b, r))		/* the index may show it twice */
		return;
	if (r->n_names == 0 && r->n_spans == 0) {
		limited = count_one(b, r, BALLOT_REST, &b->common);
	} else {
		for (size_t i = 0; i < b->n; i++)
			limited = count_one(b, r, i, &b->tally[i]) || limited;
		limited = count_one(b, r, BALLOT_REST, &b->rest) || limited;
	}
	if (limited)
		b->limited[b->n_limited++] = r;
}

struct tally ballot_of(const struct ballot *b, size_t i)
{
	const struct tally *own = i == BALLOT_REST ? &b->rest : &b->tally[i];
	const struct tally *all = &b->common;

	return (struct tally){ all->deny | own->deny, all->touch | own->touch,
		all->exact | own->exact, all->ask | own->ask, all->allow | own->allow,
		all->co_owner | own->co_owner, all->limited || own->limited };
}
