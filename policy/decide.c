/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide: the answer to one question.  Rules are found (policy_index.h), counted
 * for each name and kind of reading by the table of policy.h (ballot.c), and what
 * is allowed becomes one list of names and one of kinds.  Next: explain.c.
 */
#include "config.h"

#include "policy/policy.h"

#include <string.h>

#include "common/base/scratch.h"
#include "policy/allowance.h"
#include "policy/match.h"

/* What becomes of one name: kinds of readings, each in one of them.  `mine` and
 * `given` say whose rules allow it; `exact`, that none of many did. */
struct fate { uint8_t mine, exact, given, ask, touch, deny; };

struct decision {
	const struct policy *policy;
	const struct question *q;
	struct policy_what what;
	struct policy_walk owners;		/* places of the owner's rules about the asker */
	unsigned kinds;				/* asked for */
	size_t n;
	const char *name[POLICY_NAMES];		/* asked for, or named by rules */
	bool overflow;				/* more is taken out by name than was looked at */
	bool blind;				/* more can be about it than anybody looks at */
	int64_t edge_ms;
	struct council council;
	struct fate rest;			/* of names no rule speaks of */
	struct fate fate[POLICY_NAMES];
};

static int64_t earlier(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

static const struct rule *lower(const struct rule *a, const struct rule *b)
{
	if (a == NULL || b == NULL)
		return a == NULL ? b : a;
	return b->number < a->number ? b : a;
}

static unsigned allowed(const struct fate *f)
{
	return (unsigned)f->mine | f->given;
}

/* --- finding rules --- */

/*
 * What the i-th co-owner may himself is asked of the owner's rules about his address
 * and his roles.  Tokens are left out: what he may by one alone he gives to nobody, and
 * what one denies him he may without showing it.
 */
static struct question asked_by(const struct question *q, size_t i)
{
	static const struct question_roles none;
	const struct question_roles *his = q->giver_roles != NULL ? &q->giver_roles[i] : &none;
	struct question own = *q;

	own.asker = q->givers[i];
	own.n_tokens = 0;
	own.roles = his->role;
	own.n_roles = his->n;
	return own;
}

/* Where the rules of one giver about one asker are. */
static const struct policy_walk *places(struct decision *d, struct policy_walk *space,
    const struct question *q, const char *giver)
{
	if (q == d->q && giver == NULL)
		return &d->owners;
	if (!policy_walk_start(space, d->policy, &d->what, q, giver))
		d->blind = true;
	return space;
}

/* Nothing was named: the names that rules speak of are looked at one by one. */
struct collecting {
	struct decision *d;
	struct ballot ballot;
};

static void collect_name(struct decision *d, const char *name, bool allows)
{
	for (size_t i = 0; i < d->n; i++)
		if (value_same(d->name[i], name))
			return;
	if (d->n < POLICY_NAMES)
		d->name[d->n++] = name;
	else if (!allows)
		d->overflow = true;
}

static bool collect_rule(void *arg, const struct rule *r)
{
	struct collecting *c = arg;

	if (!ballot_admits(&c->ballot, r))
		return true;
	for (size_t i = 0; i < r->n_names; i++)
		collect_name(c->d, r->names[i], r->verdict == VERDICT_ALLOW);
	return c->d->n < POLICY_NAMES;
}

/* How many rules there are. */
static size_t collect_from(struct decision *d, const struct question *q, const char *giver)
{
	SCRATCH struct policy_walk w;
	struct collecting c = { .d = d };

	ballot_start(&c.ballot, q, giver, NULL, 0, &d->edge_ms);
	if (!policy_walk_all(places(d, &w, q, giver), collect_rule, &c))
		d->overflow = true;
	return c.ballot.n_rules;
}

static size_t givers(const struct question *q)
{
	return q->n_givers < POLICY_GIVERS ? q->n_givers : POLICY_GIVERS;
}

static void collect_names(struct decision *d)
{
	const struct question *q = d->q;

	(void)collect_from(d, q, NULL);
	for (size_t i = 0; i < givers(q); i++) {
		struct question own = asked_by(q, i);

		if (collect_from(d, q, q->givers[i]) > 0)
			(void)collect_from(d, &own, NULL);
	}
}

/* What goes beyond is not granted. */
static void take_names(struct decision *d)
{
	for (size_t i = 0; i < d->q->n_names && i < POLICY_NAMES; i++)
		d->name[d->n++] = d->q->names[i];
}

/* --- counting them --- */

static bool count_rule(void *arg, const struct rule *r)
{
	struct ballot *b = arg;

	if (ballot_admits(b, r))
		ballot_count(b, r);
	return true;
}

static size_t count_from(struct decision *d, struct ballot *b, const struct question *q,
    const char *giver)
{
	SCRATCH struct policy_walk w;

	ballot_start(b, q, giver, d->name, d->n, &d->edge_ms);
	policy_walk_named(places(d, &w, q, giver), d->name, d->n, count_rule, b);
	return b->n_rules;
}

static void count_all(struct decision *d)
{
	const struct question *q = d->q;
	struct council *c = &d->council;

	(void)count_from(d, &c->owner, q, NULL);
	c->n = 0;
	for (size_t i = 0; i < givers(q); i++) {
		if (count_from(d, &c->co[c->n].given, q, q->givers[i]) == 0)
			continue;
		c->co[c->n].q = asked_by(q, i);
		(void)count_from(d, &c->co[c->n].own, &c->co[c->n].q, NULL);
		c->n++;
	}
}

/* --- what becomes of each name --- */

static unsigned allowed_by(const struct ballot *b, size_t i)
{
	struct verdicts v = tally_verdicts(ballot_of(b, i));

	return (unsigned)v.exact | v.allow;
}

/* All kinds at once: no rule has values or a rate. */
static struct fate fate_plain(const struct decision *d, size_t i)
{
	const struct council *c = &d->council;
	struct verdicts v = tally_verdicts(ballot_of(&c->owner, i));
	unsigned nothing = d->kinds & ~((unsigned)v.deny | v.touch | v.exact | v.ask | v.allow);
	unsigned given = 0;

	for (size_t k = 0; k < c->n; k++)			/* 7 */
		given |= allowed_by(&c->co[k].given, i) & allowed_by(&c->co[k].own, i) &
		    ballot_of(&c->co[k].own, i).co_owner;
	given &= nothing;
	return (struct fate){ .mine = v.exact | v.allow, .exact = v.exact, .given = (uint8_t)given,
		.ask = (uint8_t)(v.ask | (nothing & ~given)),	/* 8 */
		.touch = v.touch, .deny = v.deny };
}

/* Kind by kind: of some values this becomes, of others that; a name is granted
 * with what is left of it. */
static struct fate fate_limited(const struct decision *d, size_t i)
{
	struct fate f = { 0 };

	for (unsigned kind = 1; kind <= TYPE_ALL; kind <<= 1) {
		uint8_t k = (uint8_t)kind;
		unsigned lines;

		if ((d->kinds & kind) == 0)
			continue;
		lines = allowance_lines(&d->council, i, kind);
		if ((lines & (LINE_EXACT | LINE_ALLOW)) != 0)
			f.mine |= k;
		if ((lines & LINES_ALLOWED) == LINE_EXACT)
			f.exact |= k;
		if ((lines & LINE_GIVEN) != 0)
			f.given |= k;
		if ((lines & LINES_ALLOWED) != 0)
			continue;
		if ((lines & (LINE_ASK | LINE_NOTHING)) != 0)
			f.ask |= k;
		else if ((lines & LINE_TOUCH) != 0)
			f.touch |= k;
		else
			f.deny |= k;
	}
	return f;
}

static struct fate fate_of(const struct decision *d, size_t i)
{
	return allowance_is_limited(&d->council, i) ? fate_limited(d, i) : fate_plain(d, i);
}

/* One name asked for with two values is granted if both are: a list of names
 * could not tell them apart. */
static void agree(struct fate *a, const struct fate *b)
{
	unsigned off = allowed(a) & ~allowed(b);

	a->mine &= (uint8_t)~off;
	a->given &= (uint8_t)~off;
	a->ask |= b->ask & (uint8_t)off;
	a->touch |= b->touch & (uint8_t)off;
	a->deny |= b->deny & (uint8_t)off;
}

static void find_fates(struct decision *d)
{
	for (size_t i = 0; i < d->n; i++)
		d->fate[i] = fate_of(d, i);
	d->rest = fate_of(d, BALLOT_REST);
	for (size_t i = 0; d->q->values != NULL && i < d->n; i++)
		for (size_t k = 0; k < i; k++)
			if (value_same(d->name[i], d->name[k])) {
				agree(&d->fate[i], &d->fate[k]);
				agree(&d->fate[k], &d->fate[i]);
			}
}

/* --- the answer: a list of names and one of kinds --- */

struct grant {
	unsigned kinds;				/* 0: nothing */
	bool whole;				/* every name there is */
	size_t n_names;
	bool name[POLICY_NAMES];
	struct limit_list limits;
};

static bool has_kinds(const struct fate *f, unsigned kinds)
{
	return (allowed(f) & kinds) == kinds;
}

static unsigned count_bits(unsigned kinds)
{
	unsigned n = 0;

	for (; kinds != 0; kinds &= kinds - 1)
		n++;
	return n;
}

/* Of two sets of as many kinds: the one with the first that is not in both. */
static bool comes_first(unsigned a, unsigned b)
{
	unsigned differ = a ^ b;

	return (a & differ & -differ) != 0;
}

/* The largest rectangle; then more names; then the kinds that come first. */
static unsigned best_kinds(const struct decision *d)
{
	unsigned best = 0, all = d->kinds, any = 0;
	size_t best_area = 0, best_names = 0;

	for (size_t i = 0; i < d->n; i++) {
		all &= allowed(&d->fate[i]);
		any |= allowed(&d->fate[i]);
	}
	if (all == any)			/* as nearly always */
		return d->n > 0 ? all : 0;
	for (unsigned kinds = any; kinds != 0; kinds = (kinds - 1) & any) {
		size_t names = 0, area;

		for (size_t i = 0; i < d->n; i++)
			names += has_kinds(&d->fate[i], kinds);
		area = names * count_bits(kinds);
		if (area == 0 || area < best_area || (area == best_area && names < best_names))
			continue;
		if (area == best_area && names == best_names && !comes_first(kinds, best))
			continue;
		best = kinds;
		best_area = area;
		best_names = names;
	}
	return best;
}

/* Each name with its limits; one whose limits find no room is left out. */
static void grant_names(struct decision *d, struct grant *g)
{
	g->kinds = best_kinds(d);
	for (size_t i = 0; i < d->n; i++) {
		g->name[i] = g->kinds != 0 && has_kinds(&d->fate[i], g->kinds) &&
		    allowance_limits(&d->council, i, g->kinds, &g->limits);
		g->n_names += g->name[i];
	}
	if (g->n_names == 0)
		g->kinds = 0;
}

/* Kinds in which a rule about this very name takes something away. */
static unsigned taken_by(const struct ballot *b, size_t i)
{
	const struct tally *t = &b->tally[i];
	unsigned kinds = (unsigned)t->deny | t->touch | t->ask;

	for (size_t k = 0; k < b->n_limited; k++) {
		bool limited;

		if (b->limited[k]->verdict != VERDICT_ALLOW && b->limited[k]->n_names > 0)
			kinds |= ballot_speaks(b, b->limited[k], i, &limited);
	}
	return kinds;
}

static unsigned taken(const struct council *c, size_t i)
{
	unsigned kinds = taken_by(&c->owner, i);

	for (size_t k = 0; k < c->n; k++)
		kinds |= taken_by(&c->co[k].given, i) | taken_by(&c->co[k].own, i);
	return kinds;
}

static bool same_limits(const struct limit *a, const struct limit *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct span *x = &a[i].span, *y = &b[i].span;

		if (a[i].rule != b[i].rule || a[i].rate_n != b[i].rate_n ||
		    a[i].rate_ms != b[i].rate_ms || x->text != y->text ||
		    x->has_min != y->has_min || x->has_max != y->has_max ||
		    x->min_out != y->min_out || x->max_out != y->max_out ||
		    x->min < y->min || x->min > y->min || x->max < y->max || x->max > y->max)
			return false;
	}
	return true;
}

/*
 * Everything is limited, but this name less: it has what all have, and more.  What
 * does not fit is not granted.
 */
static void grant_more(struct decision *d, size_t i, struct grant *g, size_t n_rest)
{
	struct limit_list *l = &g->limits;
	size_t before = l->n;

	if (!allowance_limits(&d->council, i, g->kinds, l))
		return;
	if (l->n == before && l->n < l->max)
		l->limit[l->n++] = (struct limit){ .span.name = d->name[i] };
	else if (l->n - before == n_rest && same_limits(l->limit, l->limit + before, n_rest))
		l->n = before;
}

/*
 * Every name, in those kinds in which nothing is taken out; a name of which some
 * values are is granted with the others.  A limit of all names cannot be made
 * narrower for one: then a kind in which a rule about a name takes anything away
 * is left out.
 */
static bool grant_whole(struct decision *d, struct grant *g)
{
	size_t n_rest;

	g->kinds = d->overflow ? 0 : allowed(&d->rest);
	for (size_t i = 0; i < d->n; i++)
		g->kinds &= allowed(&d->fate[i]);
	if (g->kinds == 0 || !allowance_limits(&d->council, BALLOT_REST, g->kinds, &g->limits))
		return false;
	if (g->limits.n > 0) {
		for (size_t i = 0; i < d->n; i++)
			g->kinds &= ~taken(&d->council, i);
		g->limits.n = 0;
		if (g->kinds == 0 ||
		    !allowance_limits(&d->council, BALLOT_REST, g->kinds, &g->limits))
			return false;
	}
	n_rest = g->limits.n;
	for (size_t i = 0; i < d->n; i++) {
		g->name[i] = true;
		if (n_rest > 0)
			grant_more(d, i, g, n_rest);
		else if (!allowance_limits(&d->council, i, g->kinds, &g->limits))
			return false;
	}
	g->whole = true;
	return true;
}

static void grant(struct decision *d, const struct answer_space *space, struct grant *g)
{
	*g = (struct grant){ .limits = { .limit = space->limits, .max = space->n_limits } };
	if (d->q->n_names == 0) {
		if (grant_whole(d, g))
			return;
		*g = (struct grant){ .limits = g->limits };
		g->limits.n = 0;
	}
	grant_names(d, g);
}

/* Does the list of names say all that was asked for?  Else it must be given. */
static bool is_all(const struct decision *d, const struct grant *g)
{
	return g->whole || (d->q->n_names > 0 && g->n_names == d->q->n_names);
}

static void cut_limits(struct grant *g, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < g->limits.n; i++)
		if (g->limits.limit[i].span.name != name)
			g->limits.limit[kept++] = g->limits.limit[i];
	g->limits.n = kept;
}

static void list_names(struct decision *d, struct grant *g, const struct answer_space *space,
    struct answer *out)
{
	for (size_t i = 0; i < d->n; i++) {
		if (!g->name[i])
			continue;
		if (out->n_names < space->n_names) {
			space->names[out->n_names++] = d->name[i];
			continue;
		}
		g->name[i] = false;			/* what does not fit is not granted */
		cut_limits(g, d->name[i]);
	}
	out->names = space->names;
	if (out->n_names == 0)
		g->kinds = 0;
}

/* --- who did it --- */

/* The lowest number of those that decided it, and the shortest lease. */
struct source {
	struct ballot *ballot;
	struct answer *out;
	bool decides;			/* else only its lease counts */
	unsigned rest;			/* kinds looked for: of names no rule speaks of */
	uint8_t kinds[POLICY_NAMES];	/* and of each name */
};

static bool is_outdone(const struct ballot *b, const struct rule *r, size_t i, unsigned kinds)
{
	struct tally one = { 0 };

	tally_add(&one, r, kinds);
	return one.exact == 0 && (tally_verdicts(ballot_of(b, i)).exact & kinds) == kinds;
}

static void look_at(const struct source *s, const struct rule *r, size_t i, unsigned wanted,
    bool *about, bool *decides)
{
	bool limited;
	unsigned kinds = ballot_speaks(s->ballot, r, i, &limited) & wanted;

	if (kinds == 0)
		return;
	*about = true;
	if (r->verdict != VERDICT_ALLOW || !is_outdone(s->ballot, r, i, kinds))
		*decides = true;
}

static bool source_rule(void *arg, const struct rule *r)
{
	struct source *s = arg;
	bool about = false, decides = false;

	if (r->verdict != s->out->verdict || r->touch != s->out->touch ||
	    !ballot_admits(s->ballot, r))
		return true;
	look_at(s, r, BALLOT_REST, s->rest, &about, &decides);
	for (size_t i = 0; i < s->ballot->n && !(about && decides); i++)
		look_at(s, r, i, s->kinds[i], &about, &decides);
	if (decides && s->decides)
		s->out->rule = lower(s->out->rule, r);
	if (about && r->verdict == VERDICT_ALLOW)
		s->out->lease_ms = earlier(s->out->lease_ms, r->lease_ms);
	return true;
}

static void source_from(struct decision *d, struct source *s)
{
	SCRATCH struct policy_walk w;

	policy_walk_named(places(d, &w, s->ballot->q, s->ballot->giver), d->name, d->n,
	    source_rule, s);
}

/* Whoever is no co-owner himself gave nothing of it.  0: nothing at all. */
static unsigned look_for_given(const struct decision *d, const struct grant *g, size_t k,
    struct source *s)
{
	const struct ballot *own = &d->council.co[k].own;
	unsigned any;

	s->rest = g->whole ? d->rest.given & g->kinds & ballot_of(own, BALLOT_REST).co_owner : 0;
	any = s->rest;
	for (size_t i = 0; i < d->n; i++) {
		s->kinds[i] = 0;
		if (g->name[i])
			s->kinds[i] = (uint8_t)(d->fate[i].given & g->kinds &
			    ballot_of(own, i).co_owner);
		any |= s->kinds[i];
	}
	return any;
}

static bool is_exact(const struct decision *d, const struct grant *g)
{
	bool exact = !g->whole || (g->kinds & ~(unsigned)d->rest.exact) == 0;

	for (size_t i = 0; exact && i < d->n; i++)
		exact = !g->name[i] || (g->kinds & ~(unsigned)d->fate[i].exact) == 0;
	return exact;
}

static void source_granted(struct decision *d, const struct grant *g, struct answer *out)
{
	struct source s = { .ballot = &d->council.owner, .out = out, .decides = true };

	s.rest = g->whole ? d->rest.mine & g->kinds : 0;
	for (size_t i = 0; i < d->n; i++)
		s.kinds[i] = g->name[i] ? (uint8_t)(d->fate[i].mine & g->kinds) : 0;
	source_from(d, &s);
	for (size_t k = 0; k < d->council.n; k++) {
		if (look_for_given(d, g, k, &s) == 0)
			continue;
		s.ballot = &d->council.co[k].given;
		s.decides = true;
		source_from(d, &s);
		s.ballot = &d->council.co[k].own;	/* lasts no longer than his own right */
		s.decides = false;
		source_from(d, &s);
	}
}

static unsigned refused(const struct fate *f, const struct answer *out)
{
	return out->verdict == VERDICT_DENY ? f->deny : out->touch ? f->touch : f->ask;
}

/* Whoever asks for everything hears of that first, then of each name. */
static void source_refused(struct decision *d, struct answer *out)
{
	struct source s = { .ballot = &d->council.owner, .out = out, .decides = true };
	bool everything = d->q->n_names == 0;

	if (everything)
		s.rest = refused(&d->rest, out);
	for (size_t i = 0; i < d->n && !(everything && d->rest.ask != 0); i++)
		s.kinds[i] = (uint8_t)refused(&d->fate[i], out);
	source_from(d, &s);
}

static void refuse(struct decision *d, struct answer *out)
{
	unsigned ask = 0, touch = 0;

	for (size_t i = 0; i < d->n; i++) {
		ask |= d->fate[i].ask;
		touch |= d->fate[i].touch;
	}
	if (d->q->n_names == 0) {
		ask |= d->rest.ask;
		touch |= d->rest.touch;
	}
	if ((ask | touch) != 0) {
		out->verdict = VERDICT_ASK;
		out->touch = ask == 0;
	}
	source_refused(d, out);
}

static void answer(struct decision *d, const struct answer_space *space, struct answer *out)
{
	struct grant g;

	grant(d, space, &g);
	if (g.kinds != 0 && !is_all(d, &g))
		list_names(d, &g, space, out);
	if (g.kinds == 0) {
		refuse(d, out);
		return;
	}
	out->verdict = VERDICT_ALLOW;
	out->types = d->q->action == ACTION_READ ? g.kinds : 0;
	out->limits = space->limits;
	out->n_limits = g.limits.n;
	out->exact = is_exact(d, &g);
	source_granted(d, &g, out);
}

/* `co`: room for the co-owners that the question names. */
static void decide(const struct policy *p, const struct question *q, struct voice *co,
    const struct answer_space *space, struct answer *out)
{
	SCRATCH struct decision d;

	d.policy = p;
	d.q = q;
	d.kinds = question_kinds(q);
	d.n = 0;
	d.overflow = d.blind = false;
	d.edge_ms = 0;
	d.council.co = co;
	if (d.kinds == 0 || !policy_what(&d.what, p, q) ||
	    !policy_walk_start(&d.owners, p, &d.what, q, NULL))
		return;
	if (q->n_names > 0)
		take_names(&d);
	else
		collect_names(&d);
	count_all(&d);
	if (d.blind)
		return;
	find_fates(&d);
	answer(&d, space, out);
	out->edge_ms = d.edge_ms;
}

static void decide_with_givers(const struct policy *p, const struct question *q,
    const struct answer_space *space, struct answer *out)
{
	SCRATCH struct voice co[POLICY_GIVERS];

	decide(p, q, co, space, out);
}

void policy_decide(const struct policy *p, const struct question *q,
    const struct answer_space *space, struct answer *out)
{
	*out = (struct answer){ .verdict = VERDICT_DENY };
	if (q->n_givers > 0)
		decide_with_givers(p, q, space, out);
	else
		decide(p, q, NULL, space, out);
}
