/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain: one sentence that says which rule gave an answer.  Words only; the
 * decision is in decide.c.
 */
#include "config.h"

#include "policy/policy.h"

#include "common/base/buf.h"
#include "common/base/saying.h"
#include "common/base/str.h"

/* "3 (allow bob@example.org ...)", without number "(allow ...)". */
static void explain_rule(struct buf *out, const struct rule *r, int32_t zone_s)
{
	if (r->number != 0)
		buf_addf(out, "%lld (", (long long)r->number);
	else
		buf_addc(out, '(');
	policy_print(out, r, zone_s);
	buf_addc(out, ')');
}

static void explain_name(struct buf *out, const char *name)
{
	buf_addc(out, '"');
	str_escape(out, name, POLICY_NAME, true);
	buf_addc(out, '"');
}

static void explain_names(struct buf *out, const struct answer *a)
{
	struct buf names;

	buf_init(&names, POLICY_LINE);
	for (size_t i = 0; i < a->n_names; i++) {
		buf_adds(&names, i == 0 ? "" : ", ");
		explain_name(&names, a->names[i]);
	}
	saying_add(out, N_(", only for %1"), buf_str(&names), NULL);
	buf_fini(&names);
}

/* The words of rules, in every language. */
static void explain_kinds(struct buf *out, unsigned types)
{
	struct buf kinds;

	buf_init(&kinds, POLICY_LINE);
	for (unsigned kind = 1; kind <= TYPE_ALL; kind <<= 1)
		if ((types & kind) != 0)
			buf_addf(&kinds, "%s%s", kinds.len > 0 ? ", " : "", type_name(kind));
	saying_add(out, N_(", only of the kinds %1"), buf_str(&kinds), NULL);
	buf_fini(&kinds);
}

static void explain_number(struct buf *out, const char *sign, double v)
{
	char text[STR_DOUBLE];

	str_from_double(text, v);
	buf_addf(out, " %s%s", sign, text);
}

static void explain_rate(struct buf *out, const struct limit *l)
{
	static const struct { int64_t ms; const char *unit; } units[] = {
		{ 24 * 3600 * 1000LL, "d" }, { 3600 * 1000LL, "h" }, { 60 * 1000LL, "min" },
		{ 1000LL, "s" },
	};
	size_t i = 0;

	while (i < 3 && l->rate_ms % units[i].ms != 0)
		i++;
	buf_addf(out, " (%d / %lld %s)", (int)l->rate_n, (long long)(l->rate_ms / units[i].ms),
	    units[i].unit);
}

/* Signs, no words: "light" >= 0 <= 50 (3 / 1 h). */
static void explain_limit(struct buf *out, const struct limit *l)
{
	const struct span *s = &l->span;

	if (s->name != NULL)
		explain_name(out, s->name);
	else
		buf_addc(out, '*');
	if (s->text != NULL) {
		buf_adds(out, " = ");
		explain_name(out, s->text);
	}
	if (s->has_min)
		explain_number(out, s->min_out ? "> " : ">= ", s->min);
	if (s->has_max)
		explain_number(out, s->max_out ? "< " : "<= ", s->max);
	if (l->rate_n > 0)
		explain_rate(out, l);
}

#define LIMITS_SHOWN 8

static void explain_limits(struct buf *out, const struct answer *a)
{
	struct buf limits;

	buf_init(&limits, POLICY_LINE);
	for (size_t i = 0; i < a->n_limits && i < LIMITS_SHOWN; i++) {
		buf_adds(&limits, i == 0 ? "" : ", ");
		explain_limit(&limits, &a->limits[i]);
	}
	if (a->n_limits > LIMITS_SHOWN)
		buf_adds(&limits, ", ...");
	saying_add(out, N_(", within %1"), buf_str(&limits), NULL);
	buf_fini(&limits);
}

/* Before that nothing changes by itself. */
static void explain_wait(struct buf *out, const struct question *q, const struct answer *a,
    int32_t zone_s)
{
	struct date now = date_from_ms(q->now_ms, zone_s), then = date_from_ms(a->edge_ms, zone_s);
	struct buf when;

	buf_init(&when, 64);
	if (now.year != then.year || now.month != then.month || now.day != then.day)
		buf_addf(&when, "%04d-%02d-%02d ", then.year, then.month, then.day);
	buf_addf(&when, "%02d:%02d", then.hour, then.minute);
	saying_add(out, N_("; not now: from %1 at the earliest"), buf_str(&when), NULL);
	buf_fini(&when);
}

static const char *sentence_for(const struct answer *a)
{
	if (a->touch)
		return N_("rule %1 wants a touch of the owner's security key, which cannot be given yet");
	switch (a->verdict) {
	case VERDICT_ALLOW:
		return N_("rule %1 allows it");
	case VERDICT_ASK:
		return N_("rule %1 says that the owner is asked");
	case VERDICT_DENY:
		break;
	}
	return N_("rule %1 denies it");
}

/* Which rule, or that there is none. */
static void explain_source(struct buf *out, const struct answer *a, int32_t zone_s)
{
	struct buf rule;

	if (a->rule == NULL) {
		saying_add(out, a->verdict == VERDICT_ASK
			? N_("no rule says anything about this: the owner is asked")
			: N_("this does not come from a rule"), NULL);
		return;
	}
	buf_init(&rule, POLICY_LINE + 64);
	explain_rule(&rule, a->rule, zone_s);
	saying_add(out, sentence_for(a), buf_str(&rule), NULL);
	buf_fini(&rule);
}

static unsigned asked_kinds(const struct question *q)
{
	return q->types != 0 ? q->types : TYPE_ALL;
}

void policy_explain(struct buf *out, const struct question *q, const struct answer *a,
    int32_t zone_s)
{
	explain_source(out, a, zone_s);
	if (a->n_names > 0)
		explain_names(out, a);
	else if (a->verdict == VERDICT_DENY && q->n_names == 0 && a->rule != NULL &&
	    a->rule->n_names > 0)
		saying_add(out, N_("; whoever wants the rest must name it"), NULL);
	if (a->types != 0 && a->types != asked_kinds(q))
		explain_kinds(out, a->types);
	if (a->n_limits > 0)
		explain_limits(out, a);
	if (a->verdict != VERDICT_ALLOW && a->edge_ms != 0)
		explain_wait(out, q, a, zone_s);
	if (a->rule != NULL && a->rule->giver != NULL)
		saying_add(out, N_(", given by %1"), a->rule->giver, NULL);
}
