/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_reference: plain loops, no index, nothing kept.  It shares with the
 * engine only how a number is read.
 */
#include "config.h"

#include "tests/unit/policy_reference.h"

#include <string.h>
#include <strings.h>

#include "common/base/str.h"

static bool same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_subject(const struct subject *s, const struct question *q)
{
	const char *at = strchr(q->asker, '@');
	bool is = s->kind == SUBJECT_ANYONE ||
	    (s->kind == SUBJECT_JID && same(s->text, q->asker)) ||
	    (s->kind == SUBJECT_DOMAIN && same(s->text, at != NULL ? at + 1 : q->asker));

	for (size_t i = 0; i < q->n_tokens; i++)
		is = is || (s->kind == q->tokens[i].kind && same(s->text, q->tokens[i].text));
	for (size_t i = 0; i < q->n_roles; i++)
		is = is || (s->kind == SUBJECT_ROLE && same(s->text, q->roles[i]));
	return is;
}

static bool mask(const char *m, const char *s)
{
	if (*m == '*')
		return mask(m + 1, s) || (*s != '\0' && mask(m, s + 1));
	return *m == '\0' ? *s == '\0' : strncasecmp(m, s, 1) == 0 && mask(m + 1, s + 1);
}

static bool is_term(const struct tag_term *t, const char *value)
{
	double a, b;
	int order = str_to_double(value, &a) == 0 && str_to_double(t->value, &b) == 0
	    ? (a > b) - (a < b) : strcasecmp(value, t->value);

	return t->op == TAG_EQ ? order == 0 : t->op == TAG_NE ? order != 0 :
	    t->op == TAG_LT ? order < 0 : t->op == TAG_LE ? order <= 0 :
	    t->op == TAG_GT ? order > 0 : t->op == TAG_GE ? order >= 0 : mask(t->value, value);
}

static bool is_target(const struct target *t, const struct question *q)
{
	bool is = t->kind == TARGET_ALL;
	size_t holds = 0;

	if (t->kind == TARGET_THING && t->bound)
		is = t->epoch == q->epoch && memcmp(t->id, q->thing_id, 16) == 0;
	else if (t->kind == TARGET_THING) {
		is = q->thing_name != NULL && strcasecmp(q->thing_name, t->name) == 0;
		for (size_t i = 0; i < q->n_aliases; i++)
			is = is || strcasecmp(q->aliases[i], t->name) == 0;
	}
	if (t->kind == TARGET_THING)
		return is && (t->node == NULL || same(t->node, q->node)) &&
		    (t->source == NULL || same(t->source, q->source)) &&
		    (t->partition == NULL || same(t->partition, q->partition));
	for (size_t i = 0; t->kind == TARGET_SET && i < q->n_sets; i++)
		is = is || strcasecmp(q->sets[i], t->name) == 0;
	for (size_t k = 0; t->kind == TARGET_TAG && k < t->n_terms; k++)
		for (size_t i = 0; i < q->n_tags; i++)		/* one tag of a name */
			holds += strcasecmp(q->tags[i].name, t->term[k].name) == 0 &&
			    is_term(&t->term[k], q->tags[i].value);
	return t->kind == TARGET_TAG ? holds == t->n_terms : is;
}

/* The nets that the tests know, as what their addresses begin with. */
static const char *const nets[][2] = {
	{ "10.0.0.0/8", "10." }, { "10.1.0.0/16", "10.1." }, { "fd00::/8", "fd" },
};

static bool is_with(const struct with *w, const char *text)
{
	if (w->text == NULL)
		return ref_is(&w->range, text);
	for (size_t i = 0; w->kind == CREDENTIAL_IP && i < sizeof(nets) / sizeof(nets[0]); i++)
		if (same(w->text, nets[i][0]))
			return strncmp(text, nets[i][1], strlen(nets[i][1])) == 0;
	return w->kind == CREDENTIAL_HOST ? mask(w->text, text) : same(w->text, text);
}

static bool has_withs(const struct rule *r, const struct question *q)
{
	size_t holds = 0;

	for (size_t k = 0; k < r->n_withs; k++)
		for (size_t i = 0; i < q->n_credentials; i++)	/* one credential of a kind */
			holds += q->credentials[i].kind == r->with[k].kind &&
			    is_with(&r->with[k], q->credentials[i].text);
	return holds == r->n_withs;
}

bool ref_names(const struct rule *r, const struct question *q, const char *name)
{
	bool is = r->n_names == 0;

	for (size_t i = 0; name != NULL && i < r->n_names; i++) {
		size_t len = strlen(r->names[i]);

		is = is || strcasecmp(r->names[i], name) == 0 ||
		    (q->action == ACTION_PRIVILEGE && strncasecmp(r->names[i], name, len) == 0 &&
			name[len] == '.');
	}
	return is;
}

bool ref_concerns(const struct rule *r, const struct question *q, const char *giver)
{
	bool named = q->n_names == 0 || r->n_names == 0;

	for (size_t i = 0; i < q->n_names; i++)
		named = named || ref_names(r, q, q->names[i]);
	return named && (r->actions >> q->action & 1) != 0 && same(r->giver, giver) &&
	    (q->action != ACTION_READ || r->types == 0 || q->types == 0 || (r->types & q->types)) &&
	    is_subject(&r->subject, q) && is_target(&r->target, q) && has_withs(r, q);
}

/* 1. The minutes of the week, from Monday. */
bool ref_in_force(const struct rule *r, const struct question *q)
{
	int64_t zone = r->zone == NULL ? q->zone_s : INT64_MAX, minute, day;

	for (size_t i = 0; r->zone != NULL && i < q->n_zones; i++)
		if (same(q->zones[i].name, r->zone))
			zone = q->zones[i].offset_s;
	if (q->clock_unsure && (r->until_ms != 0 || r->daily || r->days != 0))
		return r->verdict != VERDICT_ALLOW;
	if (r->until_ms != 0 && q->now_ms >= r->until_ms)
		return false;
	if (!r->daily && r->days == 0)
		return true;
	if (zone == INT64_MAX)
		return r->verdict != VERDICT_ALLOW;
	minute = ((q->now_ms / 1000 + zone) / 60 + 3 * 1440) % (7 * 1440);
	day = minute / 1440;
	minute %= 1440;
	if (r->daily && r->from_min > r->to_min && minute < r->to_min)
		day = (day + 6) % 7;			/* it began yesterday */
	else if (r->daily && (minute < r->from_min ||
		     (r->from_min < r->to_min && minute >= r->to_min)))
		return false;
	return r->days == 0 || (r->days >> day & 1) != 0;
}

bool ref_is(const struct span *s, const char *value)
{
	double v, text;
	bool number = str_to_double(value, &v) == 0;

	if (s->text != NULL)
		return strcasecmp(s->text, value) == 0 ||
		    (number && str_to_double(s->text, &text) == 0 && !(v < text) && !(v > text));
	return number && (!s->has_min || v > s->min || (!s->min_out && v >= s->min)) &&
	    (!s->has_max || v < s->max || (!s->max_out && v <= s->max));
}

/* Does the rule speak of this very cell? */
static bool speaks(const struct rule *r, const struct question *q, const struct ref_cell *c)
{
	bool limited = false, is = false;

	if (!ref_names(r, q, c->name) || (c->kind != 0 && r->types != 0 && !(r->types & c->kind)))
		return false;
	for (size_t i = 0; i < r->n_spans; i++) {
		const char *about = r->span[i].name;

		if (about != NULL && (c->name == NULL || strcasecmp(about, c->name) != 0))
			continue;
		limited = true;
		is = is || (c->value != NULL && ref_is(&r->span[i], c->value));
	}
	if (r->verdict == VERDICT_ALLOW && r->rate_n > 0 && !q->keeps_limits)
		return false;
	return !limited || is || (c->value == NULL && r->verdict != VERDICT_ALLOW);
}

struct ref_rate ref_narrower(struct ref_rate a, struct ref_rate b)
{
	if (a.n == 0 || b.n == 0)
		return a.n == 0 ? b : a;
	return (struct ref_rate){ a.n < b.n ? a.n : b.n, a.ms > b.ms ? a.ms : b.ms,
		ref_more_generous(a, b) ? b.rule : ref_more_generous(b, a) || a.rule > b.rule
		? a.rule : b.rule };
}

bool ref_more_generous(struct ref_rate a, struct ref_rate b)
{
	return b.n != 0 && (a.n == 0 || a.n * b.ms > b.n * a.ms);
}

struct heard { bool deny, touch, exact, ask, allow; struct ref_rate rate_exact, rate; };

static struct heard hear(const struct rule *rule, size_t n, const struct question *q,
    const char *giver, const struct ref_cell *c)
{
	struct heard h = { 0 };

	for (size_t i = 0; i < n; i++) {
		const struct rule *r = &rule[i];
		bool one = r->subject.kind != SUBJECT_DOMAIN && r->subject.kind != SUBJECT_ANYONE &&
		    r->subject.kind != SUBJECT_ROLE;
		struct ref_rate rate = { r->rate_n, r->rate_ms, r->number };

		if (!ref_concerns(r, q, giver) || !ref_in_force(r, q) || !speaks(r, q, c))
			continue;
		h.deny |= r->verdict == VERDICT_DENY;
		h.touch |= r->verdict == VERDICT_ASK && r->touch;
		h.ask |= r->verdict == VERDICT_ASK && !r->touch;
		if (r->verdict != VERDICT_ALLOW)
			continue;
		if (!h.allow || ref_more_generous(rate, h.rate))
			h.rate = rate;
		if (one && (!h.exact || ref_more_generous(rate, h.rate_exact)))
			h.rate_exact = rate;
		h.allow = true;
		h.exact |= one;
	}
	return h;
}

/* 2 to 6; REF_ASK also where nothing was said. */
static enum ref_verdict table(const struct heard *h, struct ref_rate *rate)
{
	*rate = h->exact && h->ask ? h->rate_exact : h->rate;
	if (h->deny)
		return REF_DENY;				/* 2 */
	if (h->touch)
		return REF_TOUCH;				/* 3 */
	if (h->exact)
		return REF_ALLOW;				/* 4 */
	if (h->ask)
		return REF_ASK;					/* 5 */
	return h->allow ? REF_ALLOW : REF_ASK;			/* 6 */
}

struct question ref_asked_by(const struct question *q, const char *giver)
{
	struct question own = *q;

	own.asker = giver;
	own.n_tokens = own.n_roles = 0;
	for (size_t i = 0; q->giver_roles != NULL && i < q->n_givers; i++)
		if (strcmp(q->givers[i], giver) == 0) {
			own.n_roles = q->giver_roles[i].n;
			own.roles = q->giver_roles[i].role;
		}
	return own;
}

static bool is_co_owner(const struct rule *rule, size_t n, const struct question *own,
    const struct ref_cell *c)
{
	for (size_t i = 0; i < n; i++)
		if (rule[i].co_owner && ref_concerns(&rule[i], own, NULL) &&
		    ref_in_force(&rule[i], own) && ref_names(&rule[i], own, c->name) &&
		    (c->kind == 0 || rule[i].types == 0 || (rule[i].types & c->kind)))
			return true;
	return false;
}

enum ref_verdict ref_decide(const struct rule *rule, size_t n, const struct question *q,
    const struct ref_cell *c, struct ref_rate *rate)
{
	struct heard h = hear(rule, n, q, NULL, c);
	bool given = false;

	if (h.deny || h.touch || h.ask || h.allow)
		return table(&h, rate);
	for (size_t i = 0; i < q->n_givers; i++) {		/* 7 */
		struct question own = ref_asked_by(q, q->givers[i]);
		struct heard his = hear(rule, n, q, q->givers[i], c), may = hear(rule, n, &own, NULL, c);
		struct ref_rate a, b;

		if (table(&his, &a) != REF_ALLOW || table(&may, &b) != REF_ALLOW ||
		    !is_co_owner(rule, n, &own, c))
			continue;
		a = ref_narrower(a, b);
		if (!given || ref_more_generous(a, *rate))
			*rate = a;
		given = true;
	}
	return given ? REF_ALLOW : REF_ASK;			/* 8 */
}
