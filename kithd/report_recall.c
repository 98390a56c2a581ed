/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_recall: what owners and the operator changed that not every thing has
 * confirmed yet: a row a change, oldest first.  Counts nothing itself; see
 * provisioning/serve.h.
 */
#include "config.h"

#include "kithd/report_part.h"

#include "common/base/str.h"
#include "provisioning/serve.h"

static void recall_row(struct report *r, const struct provisioning_recall *c)
{
	row_begin(&r->rows);
	row_text(&r->rows, "owner", c->owner);
	row_text(&r->rows, "by", c->speaker);
	row_text(&r->rows, "rule", c->what);
	if (c->what != NULL)
		row_bool(&r->rows, "withdrawn", c->gone);
	else
		row_int(&r->rows, "changes", (int64_t)c->changes);
	row_int(&r->rows, "revision", (int64_t)c->revision);
	row_time(&r->rows, "since", c->at_ms);
	row_bool(&r->rows, "telling", c->telling);
	row_int(&r->rows, "things", (int64_t)c->things);
	row_int(&r->rows, "acknowledged", (int64_t)c->acknowledged);
	row_text(&r->rows, "slowest", c->slowest);
	if (c->keeps_none)
		row_bool(&r->rows, "keeps_no_lease", true);
	row_time(&r->rows, "ends", c->ends_ms);
	row_end(&r->rows);
}

static bool recalls_step(struct report *r)
{
	struct provisioning_recall c;
	size_t looked = 0;

	while (!report_is_full(r)) {
		/* Each looks for its slowest thing. */
		if (looked++ == 8)
			return true;
		pool_reset(&r->pool);
		if (!provisioning_recall_at(r->p->provisioning, (size_t)r->at, &r->pool, &c))
			break;
		r->at++;
		if (r->n_args > 0 && (c.owner == NULL || !str_case_eq(c.owner, r->arg[0])))
			continue;
		if (report_wants(r))
			recall_row(r, &c);
	}
	rows_end(&r->rows);
	return false;
}

int report_recalls(struct report *r)
{
	if (r->p->provisioning == NULL)
		return report_fail(r, "provisioning is switched off");
	return report_list(r, recalls_step);
}
