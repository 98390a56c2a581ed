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

static void explain_names(struct buf *out, const struct answer *a)
{
	struct buf names;

	buf_init(&names, POLICY_LINE);
	for (size_t i = 0; i < a->n_names; i++) {
		buf_adds(&names, i == 0 ? "\"" : ", \"");
		str_escape(&names, a->names[i], POLICY_NAME, true);
		buf_addc(&names, '"');
	}
	saying_add(out, N_(", only for %1"), buf_str(&names), NULL);
	buf_fini(&names);
}

static const char *sentence_for(enum verdict v)
{
	switch (v) {
	case VERDICT_ALLOW:
		return N_("rule %1 allows it");
	case VERDICT_ASK:
		return N_("rule %1 says that the owner is asked");
	case VERDICT_DENY:
		break;
	}
	return N_("rule %1 denies it");
}

void policy_explain(struct buf *out, const struct question *q, const struct answer *a,
    int32_t zone_s)
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
	saying_add(out, sentence_for(a->verdict), buf_str(&rule), NULL);
	buf_fini(&rule);
	if (a->n_names > 0)
		explain_names(out, a);
	else if (a->verdict == VERDICT_DENY && q->n_names == 0 && a->rule->n_names > 0)
		saying_add(out, N_("; whoever wants the rest must name it"), NULL);
	if (a->rule->giver != NULL)
		saying_add(out, N_(", given by %1"), a->rule->giver, NULL);
}
