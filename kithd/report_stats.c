/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_stats: what is counted and what stands at this moment, for people,
 * as JSON, and in the text format of Prometheus (version 0.0.4).  Nothing here
 * walks over things: each value is known already.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/str.h"
#include "kithd/report_part.h"
#include "provisioning/operator_policy.h"
#include "provisioning/serve.h"

struct gauge {
	const char *name, *help;
	const char *label, *value;	/* NULL: the only one of its name */
	int64_t now;
};
typedef void (*gauge_fn)(void *arg, const struct gauge *g);

/* The database and what is still in its write-ahead log. */
static int64_t store_bytes(const struct site_parts *p)
{
	static const char *const files[] = { "", "-wal" };
	const char *path = strchr(store_url(p->store), ':');
	int64_t all = 0;

	for (size_t i = 0; path != NULL && i < sizeof(files) / sizeof(files[0]); i++) {
		char name[1024];
		struct stat st;

		if (str_copy(name, sizeof(name) - 8, path + 1) != 0)
			return 0;
		memcpy(name + strlen(name), files[i], strlen(files[i]) + 1);
		if (stat(name, &st) == 0)
			all += st.st_size;
	}
	return all;
}

static int64_t questions_open(const struct site_parts *p)
{
	struct err e = ERR_INIT;
	int64_t n = p->provisioning == NULL ? 0 : provisioning_question_count(p->provisioning, &e);

	return n < 0 ? 0 : n;
}

/* The operator's policy: what is in force, and does its file say so? */
static void policy_gauges(const struct site_parts *p, gauge_fn fn, void *arg)
{
	const struct operator_policy *o = p->provisioning == NULL ? NULL :
	    provisioning_operator_policy(p->provisioning);
	const struct gauge all[] = {
		{ "policy_version", "of the operator's policy that is in force; 0 none", NULL, NULL,
		    operator_policy_version(o) },
		{ "policy_alarm", "1 while its file is broken or gone", NULL, NULL,
		    operator_policy_alarm(o) != NULL },
		{ "policy_closed", "1 while there is none though there should be: nobody but owners "
		    "may do anything", NULL, NULL, operator_policy_state(o) == OPERATOR_CLOSED },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		fn(arg, &all[i]);
}

static void recall_gauges(const struct site_parts *p, gauge_fn fn, void *arg)
{
	int64_t oldest_ms = 0;
	size_t n = p->provisioning == NULL ? 0 : provisioning_recalls(p->provisioning, &oldest_ms);
	int64_t age = n == 0 ? 0 : (clock_wall(p->clock) - oldest_ms) / 1000;
	const struct gauge all[] = {
		{ "recalls_open", "changes that not every thing has confirmed", NULL, NULL,
		    (int64_t)n },
		{ "recall_oldest_seconds", "age of the oldest of them", NULL, NULL, age },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		fn(arg, &all[i]);
}

static void plain_gauges(const struct site_parts *p, gauge_fn fn, void *arg)
{
	uint8_t head[AUDIT_HASH];
	const struct gauge all[] = {
		{ "up", "1 while the broker's stream is up", NULL, NULL, p->up },
		{ "uptime_seconds", "since kithd started", NULL, NULL,
		    (clock_boot(p->clock) - p->started_ms) / 1000 },
		{ "revision", "of the last change of a rule or owner", NULL, NULL,
		    (int64_t)store_revision(p->store) },
		{ "last_commit_seconds", "when the store was last written, since 1970", NULL,
		    NULL, p->commit_ms / 1000 },
		{ "store_bytes", "size of the database", NULL, NULL, store_bytes(p) },
		{ "questions_open", "questions that wait for an owner", NULL, NULL,
		    questions_open(p) },
		{ "audit_rows", "number of the last row of the record of what happened", NULL,
		    NULL, p->audit == NULL ? 0 : audit_head(p->audit, head) },
		{ "audit_dropped", "decisions that were never noted in that record", NULL, NULL,
		    p->audit == NULL ? 0 : (int64_t)audit_dropped(p->audit) },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		fn(arg, &all[i]);
}

static void each_gauge(const struct site_parts *p, gauge_fn fn, void *arg)
{
	plain_gauges(p, fn, arg);
	policy_gauges(p, fn, arg);
	recall_gauges(p, fn, arg);
	for (int s = 0; s <= OWNED_TURNING; s++) {
		struct gauge g = { "things", "things known, by state", "state",
			report_state_word((enum owned_state)s),
			(int64_t)ownership_count_in(p->ownership, (enum owned_state)s) };

		fn(arg, &g);
	}
	for (int k = 0; k < DEBT_COUNT; k++) {
		struct gauge g = { "debts", "pushes and messages still owed, by kind", "kind",
			report_debt_name((enum debt_kind)k),
			(int64_t)debt_count_of(p->debts, (enum debt_kind)k) };

		fn(arg, &g);
	}
}

/* What happened, by kind, since the start: claims refused, things held, frozen,
 * disputed, decisions.  Who did it is in the record (kithctl audit). */
static void each_event(const struct site_parts *p, gauge_fn fn, void *arg)
{
	for (int w = 1; w < AUDIT_WHAT_COUNT && p->audit != NULL; w++) {
		struct gauge g = { "events", "what happened, by kind", "what",
			audit_what_name((enum audit_what)w),
			(int64_t)audit_count(p->audit, (enum audit_what)w) };

		fn(arg, &g);
	}
}

/* ---- for people and as JSON ---- */

static void stat_row(struct rows *rows, const char *name, int64_t value)
{
	if (rows->json)
		row_int(rows, name, value);
	else
		buf_addf(rows->out, "%s %lld\n", name, (long long)value);
}

static void gauge_row(void *arg, const struct gauge *g)
{
	struct rows *rows = arg;
	char name[64];

	if (g->label == NULL) {
		stat_row(rows, g->name, g->now);
		return;
	}
	snprintf(name, sizeof(name), "%s_%s", g->name, g->value);
	stat_row(rows, name, g->now);
}

/* Whoever notes it elsewhere can tell later that no row behind it was lost. */
static void head_row(struct report *r)
{
	uint8_t hash[AUDIT_HASH];
	char hex[2 * AUDIT_HASH + 1];

	if (r->p->audit == NULL)
		return;
	audit_head(r->p->audit, hash);
	str_hex(hex, hash, sizeof(hash));
	if (r->rows.json)
		row_text(&r->rows, "audit_head", hex);
	else
		buf_addf(r->rows.out, "audit_head %s\n", hex);
}

static void people_rows(struct report *r)
{
	const struct stats *s = r->p->stats;

	rows_begin(&r->rows, false);
	row_begin(&r->rows);
	each_gauge(r->p, gauge_row, &r->rows);
	each_event(r->p, gauge_row, &r->rows);
	stat_row(&r->rows, "things", (int64_t)ownership_count(r->p->ownership));
	stat_row(&r->rows, "debts", (int64_t)debt_count(r->p->debts));
	head_row(r);
	for (size_t i = 0; i < s->n; i++)
		stat_row(&r->rows, s->row[i].name, (int64_t)s->row[i].value);
	row_end(&r->rows);
	if (r->rows.json)
		rows_end(&r->rows);
}

int report_stats(struct report *r)
{
	if (r->prometheus)
		report_prometheus(r->p, r->rows.out);
	else
		people_rows(r);
	return REPORT_OK;
}

/* ---- Prometheus ---- */

/* HELP ends at the line's end; backslash is its only escape besides. */
static void add_head(struct buf *out, const char *name, const char *suffix, const char *help,
    const char *type)
{
	buf_addf(out, "# HELP kith_%s%s ", name, suffix);
	for (; *help != '\0'; help++) {
		if (*help == '\\')
			buf_adds(out, "\\\\");
		else
			buf_addc(out, *help == '\n' ? ' ' : *help);
	}
	buf_addf(out, "\n# TYPE kith_%s%s %s\n", name, suffix, type);
}

struct exposition {
	struct buf *out;
	const char *last;	/* the name whose head is written */
};

static void add_value(struct exposition *x, const struct gauge *g, const char *suffix,
    const char *type)
{
	if (x->last == NULL || strcmp(x->last, g->name) != 0)
		add_head(x->out, g->name, suffix, g->help, type);
	x->last = g->name;
	buf_addf(x->out, "kith_%s%s", g->name, suffix);
	if (g->label != NULL)
		buf_addf(x->out, "{%s=\"%s\"}", g->label, g->value);
	buf_addf(x->out, " %lld\n", (long long)g->now);
}

static void add_gauge(void *arg, const struct gauge *g)
{
	add_value(arg, g, "", "gauge");
}

static void add_event(void *arg, const struct gauge *g)
{
	add_value(arg, g, "_total", "counter");
}

void report_prometheus(const struct site_parts *p, struct buf *out)
{
	struct exposition x = { .out = out };

	each_gauge(p, add_gauge, &x);
	each_event(p, add_event, &x);
	for (size_t i = 0; i < p->stats->n; i++) {
		add_head(out, p->stats->row[i].name, "_total", p->stats->row[i].help, "counter");
		buf_addf(out, "kith_%s_total %llu\n", p->stats->row[i].name,
		    (unsigned long long)p->stats->row[i].value);
	}
}
