/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain: one sentence that says which rule gave an answer.  Words only; the
 * decision is in decide.c.
 */
#include "config.h"

#include "policy/policy.h"

#include "common/base/buf.h"
#include "common/base/str.h"

static void explain_rule(struct buf *out, const struct rule *r, int32_t zone_s)
{
	if (r->number != 0)
		buf_addf(out, "rule %lld (", (long long)r->number);
	else
		buf_adds(out, "a rule (");
	policy_print(out, r, zone_s);
	buf_addc(out, ')');
}

static void explain_names(struct buf *out, const struct answer *a)
{
	buf_adds(out, ", only for ");
	for (size_t i = 0; i < a->n_names; i++) {
		buf_adds(out, i == 0 ? "\"" : ", \"");
		str_escape(out, a->names[i], POLICY_NAME, true);
		buf_addc(out, '"');
	}
}

void policy_explain(struct buf *out, const struct question *q, const struct answer *a,
    int32_t zone_s)
{
	if (a->rule == NULL) {
		buf_adds(out, a->verdict == VERDICT_ASK
			? "no rule says anything about this: the owner is asked"
			: "this does not come from a rule");
		return;
	}
	explain_rule(out, a->rule, zone_s);
	switch (a->verdict) {
	case VERDICT_ALLOW:
		buf_adds(out, " allows it");
		break;
	case VERDICT_ASK:
		buf_adds(out, " says that the owner is asked");
		break;
	case VERDICT_DENY:
		buf_adds(out, " denies it");
		break;
	}
	if (a->n_names > 0)
		explain_names(out, a);
	else if (a->verdict == VERDICT_DENY && q->n_names == 0 && a->rule->n_names > 0)
		buf_adds(out, "; whoever wants the rest must name it");
}
