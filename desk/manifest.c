/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest: what a thing says of itself, in words: what it can be asked for, and
 * the lines that would give it what it asks for.  Such a line is parsed and
 * printed anew, and stands behind other words, so that nothing a thing sent is
 * obeyed when our own text comes back.
 */
#include "config.h"

#include "desk/talk.h"

#include "common/base/pool.h"
#include "common/base/str.h"
#include "policy/policy.h"

#define SHOWN 24		/* of each kind */
#define LINE_ROOM (128 * 1024)

static void add_range(struct buf *out, const struct talk *t, const struct offer *o)
{
	char min[STR_DOUBLE], max[STR_DOUBLE];

	str_from_double(min, o->min);
	str_from_double(max, o->max);
	catalogue_fill(out, T("%1 to %2"), min, max, NULL);
	if (o->unit != NULL) {
		buf_addc(out, ' ');
		talk_line(out, o->unit);
	}
}

static void add_offer(struct buf *out, const struct talk *t, const struct offer *o)
{
	talk_quoted(out, o->name);
	if (!o->has_range && o->unit == NULL)
		return;
	buf_adds(out, " (");
	if (o->has_range)
		add_range(out, t, o);
	else
		talk_line(out, o->unit);
	buf_addc(out, ')');
}

/* "temperature" (C), "power"; in `out` how many there are in all. */
static size_t list(struct buf *out, const struct talk *t, const struct manifest *m, bool control)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_offers; i++) {
		if (m->offer[i].control != control)
			continue;
		if (n++ >= SHOWN)
			continue;
		buf_adds(out, n > 1 ? ", " : "");
		add_offer(out, t, &m->offer[i]);
	}
	if (n > SHOWN)
		buf_adds(out, ", ...");
	return n;
}

static void add_offers(struct buf *out, const struct talk *t, const struct manifest *m,
    bool control, const char *text)
{
	struct buf names;

	buf_init(&names, LINE_ROOM);
	if (list(&names, t, m, control) > 0)
		catalogue_fill(out, text, buf_str(&names), NULL);
	buf_fini(&names);
}

/* The canonical line that allows it; false: it is none that can be typed. */
static bool line_for(struct buf *out, const struct talk *t, const char *jid, const char *need)
{
	struct rule rule;
	struct pool pool;
	struct buf line;
	bool good;

	pool_init(&pool, LINE_ROOM);
	buf_init(&line, POLICY_LINE);
	buf_addf(&line, "allow %s to %s", jid, need);
	good = buf_ok(&line) &&
	    policy_parse_line(&rule, buf_str(&line), t->now_ms, t->zone_s, &pool, NULL) == 0 &&
	    rule.verdict == VERDICT_ALLOW && rule.subject.kind == SUBJECT_JID &&
	    str_case_eq(rule.subject.text, jid);
	if (good)
		policy_print(out, &rule, t->zone_s);
	buf_fini(&line);
	pool_fini(&pool);
	return good;
}

static void add_need(struct buf *out, const struct talk *t, const char *jid, const char *need)
{
	struct buf line, said;

	buf_init(&line, LINE_ROOM);
	buf_init(&said, LINE_ROOM);
	if (line_for(&line, t, jid, need)) {
		talk_line(&said, buf_str(&line));
		catalogue_fill(out, T("\nIt asks for something. If you want to give it that, send: %1"),
		    buf_str(&said), NULL);
	}
	buf_fini(&said);
	buf_fini(&line);
}

void talk_manifest(struct buf *out, const struct talk *t, const struct found_thing *f)
{
	const struct manifest *m = f->manifest;

	if (m == NULL)
		return;
	add_offers(out, t, m, false, T("\nIt can be asked for %1."));
	add_offers(out, t, m, true, T("\nIt can be told to set %1."));
	for (size_t i = 0; i < m->n_needs; i++)
		add_need(out, t, f->jid, m->need[i]);
}
