/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operate_what_if: what another policy of the operator would change, before it
 * counts: the decisions of now beside those with it, for everybody whom rules
 * name by address or domain, thing by thing, in slices.  Nothing is written.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/pool.h"
#include "common/base/str.h"
#include "common/store/ownership.h"
#include "kithd/operate_job.h"
#include "kithd/report_rows.h"
#include "policy/policy.h"
#include "provisioning/operator_policy.h"
#include "provisioning/serve.h"

#define SLICE_MS 5			/* then everybody else is served */
#define CHANGES_SHOWN 1000		/* the rest is counted */
#define POOL_BYTES (1024 * 1024)

struct what_if {
	struct operate_job job;
	struct provisioning_trial *trial;
	struct pool pool;
	size_t at;			/* of the things: looked at so far */
	int64_t changes;
	struct buf *out;
};

static void end(struct operate_job *j)
{
	struct what_if *w = (struct what_if *)j;

	provisioning_trial_end(&w->trial);
	pool_fini(&w->pool);
}

static void say_text(struct buf *out, const struct provisioning_change *c)
{
	buf_adds(out, "#=");
	str_escape(out, c->who, 256, false);
	buf_addf(out, " %s \"", c->action);
	str_escape(out, c->thing->name != NULL ? c->thing->name : c->thing->node != NULL ?
	    c->thing->node : c->thing->jid, 64, true);
	buf_addf(out, "\": %s now, %s then%s\n", c->now, c->then, c->in_part ? " (in part)" : "");
}

static void say_json(struct buf *out, const struct provisioning_change *c)
{
	struct buf line;
	struct rows r = { .out = &line, .json = true };

	buf_init(&line, 64 * 1024);
	rows_begin(&r, false);
	row_begin(&r);
	row_text(&r, "who", c->who);
	row_text(&r, "action", c->action);
	row_text(&r, "thing", c->thing->name);
	row_text(&r, "jid", c->thing->jid);
	row_text(&r, "node", c->thing->node);
	row_text(&r, "now", c->now);
	row_text(&r, "then", c->then);
	row_bool(&r, "in_part", c->in_part);
	row_end(&r);
	rows_end(&r);
	buf_addf(out, "#=%s", buf_str(&line));
	buf_fini(&line);
}

static void note(void *arg, const struct provisioning_change *c)
{
	struct what_if *w = arg;

	if (w->changes++ >= CHANGES_SHOWN)
		return;
	if (w->job.json)
		say_json(w->out, c);
	else
		say_text(w->out, c);
}

static void finish(struct what_if *w)
{
	struct buf *b = &w->job.answer;

	if (w->job.json)
		buf_addf(b, "{\"changes\":%lld,\"done\":false}\n", (long long)w->changes);
	else if (w->changes == 0)
		buf_adds(b, "nothing would change for anybody whom rules name\n");
	else
		buf_addf(b, "%lld %s; nothing was changed\n", (long long)w->changes, w->changes == 1 ?
		    "decision would be another" : "decisions would be others");
	if (!w->job.json && provisioning_trial_is_cut(w->trial))
		buf_adds(b, "rules name more people than were looked at\n");
}

static int step(struct operate_job *j, struct buf *out, struct err *e)
{
	struct what_if *w = (struct what_if *)j;
	const struct clock *clock = j->parts.clock;
	int64_t until = clock_boot(clock) + SLICE_MS;
	size_t all = ownership_count(j->parts.ownership);

	w->out = out;
	/* One thing at least, however many rules there are. */
	while (w->at < all) {
		const struct owned *t = ownership_at(j->parts.ownership, w->at++);

		pool_reset(&w->pool);
		if (t != NULL && provisioning_trial_thing(w->trial, t, &w->pool, note, w, e) != 0)
			return -1;
		if (clock_boot(clock) >= until)
			break;
	}
	operate_progress(out, (int64_t)w->at, (int64_t)all);
	if (w->at < all)
		return 1;
	finish(w);
	return 0;
}

int operate_what_if(struct operate_job **out, struct site *s, const char *text, struct err *e)
{
	struct what_if *w = operate_job_new(s, sizeof(*w), e);
	struct operate_job *j;

	if (w == NULL)
		return -1;
	w->job.step = step;
	w->job.end = end;
	pool_init(&w->pool, POOL_BYTES);
	j = &w->job;
	if (w->job.parts.provisioning == NULL)
		err_set(e, ERR_INPUT, "provisioning is switched off");
	else if (provisioning_trial_begin(w->job.parts.provisioning, &w->trial, text, strlen(text),
	    e) == 0) {
		*out = j;
		return 0;
	}
	operate_job_free(&j);
	return -1;
}
