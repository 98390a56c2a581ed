/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report: one row per question of kithctl: words and options in, an answer at
 * once or slice by slice.  What the answers hold is in report_*.c.
 */
#include "config.h"

#include "kithd/report.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/saying.h"
#include "common/base/str.h"
#include "kithd/report_part.h"
#include "policy/value.h"
#include "provisioning/serve.h"
#include "registry/serve.h"

#define POOL_BYTES (8 * 1024 * 1024)
#define ANSWER_BYTES (16 * 1024 * 1024)	/* of one slice; far beyond REPORT_SLICE_BYTES */

int report_fail(struct report *r, const char *why)
{
	r->error = why;
	return REPORT_ERROR;
}

bool report_is_full(const struct report *r)
{
	return r->limit > 0 && r->shown >= r->limit;
}

bool report_wants(struct report *r)
{
	if (r->skipped < r->offset) {
		r->skipped++;
		return false;
	}
	r->shown++;
	return true;
}

bool report_pauses(const struct report *r, size_t looked)
{
	return looked >= REPORT_SLICE || r->rows.out->len >= REPORT_SLICE_BYTES;
}

/* ---- policy ask: a decision without effect ---- */

static void say_words(struct report *r, const struct reply_why *w, const char *reason)
{
	bool ask = strcmp(w->verdict, verdict_name(VERDICT_ASK)) == 0;

	if (!r->rows.json) {
		buf_adds(r->rows.out, w->verdict);
		buf_adds(r->rows.out, ask ? " (deny until answered)\n" : "\n");
		str_escape(r->rows.out, reason, 512, false);
		buf_addc(r->rows.out, '\n');
		buf_addf(r->rows.out, "rule %lld, revision %llu, lease %lld s, decided by %s\n",
		    (long long)w->rule, (unsigned long long)w->revision,
		    (long long)(w->lease_ms / 1000), w->decider != NULL ? w->decider : "nobody");
		return;
	}
	rows_begin(&r->rows, false);
	row_begin(&r->rows);
	row_text(&r->rows, "verdict", w->verdict);
	row_text(&r->rows, "reason", reason);
	row_int(&r->rows, "revision", (int64_t)w->revision);
	row_int(&r->rows, "lease_ms", w->lease_ms);
	row_int(&r->rows, "rule", w->rule);
	row_text(&r->rows, "decider", w->decider);
	row_end(&r->rows);
	rows_end(&r->rows);
}

static void say_verdict(struct report *r, const struct reply_why *w)
{
	struct buf why;

	buf_init(&why, 64 * 1024);
	saying_words(&why, w->reason, NULL, NULL);
	say_words(r, w, buf_str(&why));
	buf_fini(&why);
}

static int report_ask(struct report *r)
{
	struct provisioning_why what;
	struct reply_why w = { 0 };
	struct err e = ERR_INIT;
	const struct owned *t;
	enum action action;
	struct jid asker;

	if (r->p->provisioning == NULL)
		return report_fail(r, "provisioning is switched off");
	if (r->n_args < 3 || r->n_args > 5)
		return report_fail(r, "policy ask needs: JID ACTION THING [NAME [VALUE]]");
	if (jid_parse_bare(&asker, r->arg[0], r->p->profile, &e) != 0)
		return report_fail(r, "that is no address");
	if (!action_find(r->arg[1], &action))
		return report_fail(r, "ACTION is befriend, read, control, access or use");
	t = report_one_thing(r, r->arg[2]);
	if (t == NULL)
		return REPORT_ERROR;
	what = (struct provisioning_why){ .asker = asker.text, .action = (int)action,
		.thing = t->id, .name = r->arg[3], .value = r->n_args > 4 ? r->arg[4] : NULL };
	if (provisioning_why(r->p->provisioning, &what, &r->pool, &w, &e) != 0)
		return report_fail(r, "cannot tell now");
	say_verdict(r, &w);
	return strcmp(w.verdict, verdict_name(VERDICT_ALLOW)) == 0 ? REPORT_OK : REPORT_NO;
}

/* ---- the table ---- */

static const struct {
	const char *word, *second;
	report_fn fn;
} questions[] = {
	{ "things", NULL, report_things },
	{ "show", NULL, report_show },
	{ "owners", NULL, report_owners },
	{ "questions", NULL, report_questions },
	{ "rules", NULL, report_rules },
	{ "debts", NULL, report_debts },
	{ "recalls", NULL, report_recalls },
	{ "stats", NULL, report_stats },
	{ "audit", "export", report_export },
	{ "audit", NULL, report_audit },
	{ "history", NULL, report_history },
	{ "dump", NULL, report_dump },
	{ "graph", NULL, report_graph },
	{ "policy", "ask", report_ask },
	{ "policy", "versions", report_policy_versions },
	{ "policy", "show", report_policy_show },
	{ "policy", "diff", report_policy_diff },
	{ "role", "list", report_roles },
	{ "token", "list", report_tokens },
};

static bool is_question(const struct report *r, size_t i)
{
	return r->n_args > 0 && strcmp(r->arg[0], questions[i].word) == 0 &&
	    (questions[i].second == NULL ||
	    (r->n_args > 1 && strcmp(r->arg[1], questions[i].second) == 0));
}

static void drop_words(struct report *r, size_t n)
{
	r->n_args -= n;
	memmove(r->arg, r->arg + n, (REPORT_ARGS - n) * sizeof(r->arg[0]));
	for (size_t i = r->n_args; i < REPORT_ARGS; i++)
		r->arg[i] = NULL;
}

static int answer(struct report *r)
{
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		if (!is_question(r, i))
			continue;
		drop_words(r, questions[i].second != NULL ? 2 : 1);
		return questions[i].fn(r);
	}
	return report_fail(r, "kithd does not know this question; see: kithctl help");
}

/* ---- words and options ---- */

/* "2026-11-21", "2026-11-21T12:00:00Z", or "2h", "3d" before now. */
static int parse_since(const struct report *r, const char *word, int64_t *out)
{
	static const struct { char unit; int64_t ms; } units[] = {
		{ 's', 1000 }, { 'm', 60000 }, { 'h', 3600000 }, { 'd', 86400000 },
		{ 'w', 604800000 },
	};
	char number[16];
	size_t len = strlen(word);
	struct tm tm = { 0 };
	const char *end;
	int64_t n;

	for (size_t i = 0; len > 1 && len < sizeof(number) &&
	    i < sizeof(units) / sizeof(units[0]); i++) {
		if (word[len - 1] != units[i].unit)
			continue;
		memcpy(number, word, len - 1);
		number[len - 1] = '\0';
		if (str_to_int(number, 1, 100000, &n) != 0)
			return -1;
		*out = clock_wall(r->p->clock) - n * units[i].ms;
		return 0;
	}
	end = strptime(word, "%Y-%m-%d", &tm);
	if (end != NULL && *end == 'T')
		end = strptime(end, "T%H:%M:%SZ", &tm);
	if (end == NULL || *end != '\0')
		return -1;
	*out = (int64_t)timegm(&tm) * 1000;
	return 0;
}

/* 0, or -1 with what is wrong. */
static int set_option(struct report *r, const char *name, const char *value)
{
	if (strcmp(name, "state") == 0)
		r->state = value;
	else if (strcmp(name, "thing") == 0)
		r->thing = value;
	else if (strcmp(name, "owner") == 0)
		r->owner = value;
	else if (strcmp(name, "format") == 0)
		r->format = value;
	else if (strcmp(name, "since") == 0 && parse_since(r, value, &r->since_ms) != 0)
		return report_fail(r, "--since takes a date (2026-11-21 or "
		    "2026-11-21T12:00:00Z) or a time before now (90s, 10m, 2h, 3d, 1w)");
	else if (strcmp(name, "limit") == 0 && str_to_int(value, 1, 1000000000, &r->limit) != 0)
		return report_fail(r, "--limit takes a number of rows");
	else if (strcmp(name, "offset") == 0 && str_to_int(value, 0, 1000000000, &r->offset) != 0)
		return report_fail(r, "--offset takes a number of rows");
	return 0;
}

static int take_option(struct report *r, const char *word, const char *value, bool *took)
{
	static const char *const with_value[] = {
		"state", "thing", "owner", "format", "since", "limit", "offset",
	};

	*took = false;
	if (strcmp(word, "json") == 0)
		r->rows.json = true;
	else if (strcmp(word, "prometheus") == 0)
		r->prometheus = true;
	else if (strcmp(word, "canonical") == 0)
		r->canonical = true;
	else {
		for (size_t i = 0; i < sizeof(with_value) / sizeof(with_value[0]); i++) {
			if (strcmp(word, with_value[i]) != 0)
				continue;
			*took = true;
			return value == NULL ? report_fail(r, "an option lacks its value") :
			    set_option(r, word, value);
		}
		return report_fail(r, "unknown option; see: kithctl help");
	}
	return 0;
}

static int split(struct report *r, const char *line)
{
	char *rest = pool_strdup(&r->words, line), *word, *next;
	bool took;

	if (rest == NULL)
		return report_fail(r, "out of memory");
	if (str_starts(rest, "json\t")) {
		r->rows.json = true;
		rest += sizeof("json");
	}
	for (word = strsep(&rest, "\t"); word != NULL; word = next) {
		next = strsep(&rest, "\t");
		if (str_starts(word, "--")) {
			if (take_option(r, word + 2, next, &took) != REPORT_OK)
				return REPORT_ERROR;
			if (took)
				next = strsep(&rest, "\t");
			continue;
		}
		if (r->n_args == REPORT_ARGS - 1)
			return report_fail(r, "too many words");
		r->arg[r->n_args++] = word;
	}
	return REPORT_OK;
}

/* ---- parts ---- */

static void report_free(struct report *r)
{
	pool_fini(&r->pool);
	pool_fini(&r->words);
	free(r);
}

static struct report *report_new(const char *line)
{
	struct report *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	pool_init(&r->pool, POOL_BYTES);
	pool_init(&r->words, 2 * strlen(line) + 64);
	return r;
}

/* Whole lines of `body`, each behind "#=". */
static void add_parts(struct buf *out, const struct buf *body)
{
	const char *at = buf_str(body), *end;

	for (; (end = strchr(at, '\n')) != NULL; at = end + 1) {
		buf_adds(out, "#=");
		buf_add(out, at, (size_t)(end - at) + 1);
	}
}

/* The last part: what is left of the answer, behind its status. */
static void finish(struct report *r, int status, const struct buf *body, struct buf *out)
{
	size_t start = out->len;

	if (status == REPORT_ERROR)
		buf_addf(out, "%d\n%s\n", status, r->error);
	else {
		buf_addf(out, "%d\n", status);
		buf_add(out, body->data, body->len);
	}
	if (buf_ok(out) && buf_ok(body))
		return;
	buf_truncate(out, start);
	buf_adds(out, "2\nthe answer is too long\n");
}

/* True: that was all. */
static bool slice(struct report *r, int status, struct buf *body, struct buf *out, bool first)
{
	bool more = status == REPORT_OK && r->step != NULL && r->step(r);

	if (r->error != NULL)
		status = REPORT_ERROR;
	pool_reset(&r->pool);
	if (more && buf_ok(body)) {
		add_parts(out, body);
		return false;
	}
	if (first || status != REPORT_OK || !buf_ok(body)) {
		finish(r, status, body, out);
		return true;
	}
	add_parts(out, body);
	buf_reset(body);
	finish(r, status, body, out);
	return true;
}

bool report(const struct site_parts *p, void **job, const char *line, struct buf *out)
{
	struct report *r = *job;
	bool first = r == NULL, complete;
	struct buf body;
	int status = REPORT_OK;

	if (out == NULL || (first && (r = report_new(line)) == NULL)) {
		if (out != NULL)
			buf_adds(out, "2\nout of memory\n");
		else
			report_free(r);
		*job = NULL;
		return true;
	}
	buf_init(&body, ANSWER_BYTES);
	r->p = p;
	r->rows.out = &body;
	if (first && (status = split(r, line)) == REPORT_OK)
		status = answer(r);
	complete = slice(r, status, &body, out, first);
	buf_fini(&body);
	*job = complete ? NULL : r;
	if (complete)
		report_free(r);
	return complete;
}
