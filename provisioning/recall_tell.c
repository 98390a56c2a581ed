/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recall_tell: how far a recall has come, as a notice to whoever made the
 * change: one when all have confirmed it, or, if that takes longer, one with
 * whom it still waits for and one at the end.  A later one takes the place of an
 * earlier one that was not sent yet, because he is mute or reads a digest.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/pool.h"
#include "common/base/saying.h"
#include "common/base/str.h"
#include "provisioning/floor.h"
#include "provisioning/recall_part.h"

#define LOOK_MAX 2000		/* things looked at to name one */
#define NAME_MAX_SHOWN 64
#define BYTES (16 * 1024)

/* ---- whom it waits for ---- */

static bool waits_for(const struct provisioning *p, const struct recall *r, const char *jid)
{
	const struct debt *d = debt_find(p->deps.debts, DEBT_FLOOR, jid, "");
	struct floor_wait w[FLOOR_WAITS];
	size_t n = d == NULL ? 0 : floor_waits(d->text, w);

	for (size_t i = 0; i < n; i++)
		if (w[i].id == r->id)
			return true;
	return false;
}

/* When it ends at this one, wall; 0: not before it is reached. */
static int64_t ends_at(const struct provisioning *p, const struct recall *r, const struct asker *k)
{
	int64_t bound = lease_bound(p, k);

	if (!k->keeps_lease)
		return 0;
	if (bound > r->bound_boot_ms)
		bound = r->bound_boot_ms;
	return provisioning_now(p) + bound - clock_boot(p->deps.clock);
}

/* What ends when it is reached ends later than anything else. */
static bool is_later(int64_t a, int64_t b)
{
	return b != 0 && (a == 0 || a > b);
}

static void find_slowest(struct provisioning *p, const struct recall *r,
    const struct owned **slowest, int64_t *ends_ms)
{
	const struct owned *t = NULL;

	for (size_t i = 0; i < LOOK_MAX; i++) {
		const struct asker *k;

		t = ownership_next_of_owner(p->deps.ownership, r->owner, t);
		if (t == NULL)
			return;
		k = asker_find(p->askers, t->jid);
		if (k == NULL || !waits_for(p, r, t->jid))
			continue;
		if (*slowest == NULL || is_later(ends_at(p, r, k), *ends_ms)) {
			*slowest = t;
			*ends_ms = ends_at(p, r, k);
		}
	}
	*slowest = NULL;	/* too many to say which */
}

void recall_describe(struct provisioning *p, const struct recall *r, struct reply_force *out,
    struct pool *pool)
{
	const struct owned *slowest = NULL;
	const struct contact *c;

	size_t missing = recall_missing(p, r);

	*out = (struct reply_force){ .things = r->total,
		.acknowledged = missing < r->total ? r->total - missing : 0,
		.keeps_none = r->bare > 0, .zone_s = p->conf.zone_s };
	if (r->speaker != NULL)
		out->zone_s = provisioning_zone(p, r->speaker);
	if (out->acknowledged == out->things)
		return;
	out->ends_ms = r->bare > 0 ? 0 :
	    provisioning_now(p) + r->bound_boot_ms - clock_boot(p->deps.clock);
	if (r->owner != NULL)
		find_slowest(p, r, &slowest, &out->ends_ms);
	if (slowest == NULL)
		return;
	c = contact_find(p->deps.contacts, slowest->jid);
	out->slowest = pool_strdup(pool, provisioning_label(slowest));
	out->is_online = c != NULL && c->online;
}

/* ---- words ---- */

/* "18:40", or with the day when it is another one. */
static void add_moment(struct buf *out, int64_t ms, int64_t now_ms, int32_t zone_s)
{
	struct date d = date_from_ms(ms, zone_s), today = date_from_ms(now_ms, zone_s);

	if (d.year != today.year || d.month != today.month || d.day != today.day)
		buf_addf(out, "%04d-%02d-%02d ", d.year, d.month, d.day);
	buf_addf(out, "%02d:%02d", d.hour, d.minute);
}

/* "rule 7 (deny bob@x.ex everything)": what it is about. */
static void add_change(struct provisioning *p, const struct recall *r, struct buf *out,
    struct pool *pool)
{
	const struct recall_line *l = r->n_lines > 0 ? r->line[0] : NULL;
	char n[32];
	struct buf text;

	if (r->n_lines != 1) {
		(void)snprintf(n, sizeof(n), "%zu", r->n_lines);
		saying_part(out, r->n_lines == 0 ? N_("your change") : N_("your %1 changes"),
		    r->n_lines == 0 ? NULL : n);
		return;
	}
	buf_init(&text, POLICY_LINE + 64);
	buf_addf(&text, "%" PRId64 " (%s)", l->rule.number,
	    rules_line(p, r->owner, &l->rule, pool));
	saying_part(out, l->gone ? N_("the end of rule %1") : N_("rule %1"), buf_str(&text));
	buf_fini(&text);
}

static const char *sentence(const struct recall *r, const struct reply_force *f, bool is_over)
{
	if (is_over && r->uncounted)
		return N_("It is in force at %1 of %2; I count no further, because too much of "
		    "yours is under way. The others are told when they are reached: %5.");
	if (is_over && r->waiting > 0)
		return N_("It is in force at %1 of %2; what did not answer has forgotten by "
		    "itself: %5.");
	if (is_over)
		return N_("It is in force at %1 of %2: %5.");
	if (f->slowest == NULL)
		return f->keeps_none ? N_("It is in force at %1 of %2; the others keep no lease; "
		    "ends when next reached: %5.") :
		    N_("It is in force at %1 of %2; the others have not answered, ends %4 at the "
		    "latest: %5.");
	if (f->ends_ms == 0)
		return N_("It is in force at %1 of %2; %3 keeps no lease; ends when next "
		    "reached: %5.");
	if (f->is_online)
		return N_("It is in force at %1 of %2; %3 has not answered yet, ends %4 at the "
		    "latest: %5.");
	return N_("It is in force at %1 of %2; %3 offline, ends %4 at the latest: %5.");
}

static void add_name(struct buf *out, const struct reply_force *f)
{
	struct buf name;

	buf_init(&name, BYTES);
	str_escape(&name, f->slowest, NAME_MAX_SHOWN, false);
	if (f->things - f->acknowledged > 1)
		saying_part(out, N_("%1 and others"), buf_str(&name));
	else
		buf_adds(out, buf_str(&name));
	buf_fini(&name);
}

static void say(struct provisioning *p, const struct recall *r, const struct reply_force *f,
    struct buf *out, struct pool *pool)
{
	struct buf name, when, change;
	char n[32], all[32];

	buf_init(&name, BYTES);
	buf_init(&when, 64);
	buf_init(&change, BYTES);
	(void)snprintf(n, sizeof(n), "%zu", f->acknowledged);
	(void)snprintf(all, sizeof(all), "%zu", f->things);
	if (f->slowest != NULL)
		add_name(&name, f);
	if (f->ends_ms != 0)
		add_moment(&when, f->ends_ms, provisioning_now(p), f->zone_s);
	add_change(p, r, &change, pool);
	saying_add(out, sentence(r, f, recall_is_over(p, r)), n, all, buf_str(&name),
	    buf_str(&when), buf_str(&change), NULL);
	buf_fini(&name);
	buf_fini(&when);
	buf_fini(&change);
}

int recall_tell(struct provisioning *p, const struct recall *r, struct err *e)
{
	struct reply_force f;
	struct pool pool;
	struct buf text;
	char about[40];
	int ret = 0;

	if (r->told == RECALL_SILENT || r->speaker == NULL)
		return 0;
	pool_init(&pool, WIRE_REQUEST_BYTES);
	buf_init(&text, BYTES);
	recall_describe(p, r, &f, &pool);
	say(p, r, &f, &text, &pool);
	(void)snprintf(about, sizeof(about), "recall %" PRId64, r->id);
	if (!buf_ok(&text))
		ret = err_set(e, ERR_LIMIT, "no room for a notice");
	else
		ret = debt_owe(p->deps.debts, DEBT_NOTICE, r->speaker, about, 0, buf_str(&text), e);
	buf_fini(&text);
	pool_fini(&pool);
	return ret;
}

/* ---- for the operator ---- */

size_t provisioning_recalls(struct provisioning *p, int64_t *oldest_ms)
{
	const struct recall *r = recall_sync(p, NULL) != 0 ? NULL :
	    recall_table_at(p->recalls, 0);

	*oldest_ms = r != NULL ? r->at_ms : 0;
	return recall_table_count(p->recalls);
}

bool provisioning_recall_at(struct provisioning *p, size_t i, struct pool *pool,
    struct provisioning_recall *out)
{
	const struct recall *r = recall_table_at(p->recalls, i);
	struct reply_force f;

	if (r == NULL)
		return false;
	recall_describe(p, r, &f, pool);
	*out = (struct provisioning_recall){ .id = r->id, .revision = r->revision,
		.owner = r->owner, .speaker = r->speaker, .at_ms = r->at_ms,
		.telling = r->phase != RECALL_WAITING, .changes = r->n_lines,
		.things = f.things, .acknowledged = f.acknowledged, .slowest = f.slowest,
		.is_online = f.is_online, .keeps_none = f.keeps_none, .ends_ms = f.ends_ms };
	if (r->n_lines == 1) {
		out->what = rules_line(p, r->owner, &r->line[0]->rule, pool);
		out->gone = r->line[0]->gone;
	}
	return true;
}
