/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report: one row per question of kithctl.  Rows of values are written through
 * `struct rows`, which knows text and JSON, so that no question knows either.
 */
#include "config.h"

#include "kithd/report.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/base/pool.h"
#include "common/base/str.h"
#include "common/store/contact.h"
#include "common/store/debt.h"
#include "common/store/ownership.h"
#include "policy/value.h"
#include "provisioning/serve.h"
#include "registry/serve.h"

#define ARGS_MAX 8
#define POOL_BYTES (8 * 1024 * 1024)
#define TEXT_CHARS 512

/* ---- rows: text for people, JSON for machines ---- */

struct rows {
	struct buf *out;
	bool json;
	bool list;		/* several rows: JSON array, one line of text each */
	size_t n;		/* rows begun */
	size_t fields;		/* in this row */
};

static void rows_begin(struct rows *r, bool list)
{
	r->list = list;
	r->n = r->fields = 0;
	if (r->json && list)
		buf_addc(r->out, '[');
}

static void row_begin(struct rows *r)
{
	if (r->json)
		buf_adds(r->out, r->n > 0 ? ",\n{" : "{");
	r->n++;
	r->fields = 0;
}

static void row_end(struct rows *r)
{
	if (r->json)
		buf_addc(r->out, '}');
	else if (r->list)
		buf_addc(r->out, '\n');
}

static void rows_end(struct rows *r)
{
	if (r->json)
		buf_adds(r->out, r->list ? "]\n" : "\n");
}

static void json_text(struct buf *out, const char *s)
{
	const char *at = s, *start;
	uint32_t c;

	buf_addc(out, '"');
	while (start = at, (c = str_utf8_next(&at)) != 0) {
		if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", (char)c);
		else if (c < 0x20 || c == 0x7f || c == 0xFFFD)
			buf_addf(out, "\\u%04x", (unsigned)c);
		else
			buf_add(out, start, (size_t)(at - start));
	}
	buf_addc(out, '"');
}

/* Rows of text show the first value alone, the others as name=value. */
static void field_name(struct rows *r, const char *name)
{
	if (r->json)
		buf_addf(r->out, "%s\"%s\":", r->fields > 0 ? "," : "", name);
	else if (!r->list)
		buf_addf(r->out, "%s: ", name);
	else if (r->fields > 0)
		buf_addf(r->out, "  %s=", name);
	r->fields++;
}

static void field_end(struct rows *r)
{
	if (!r->json && !r->list)
		buf_addc(r->out, '\n');
}

/* NULL: left out. */
static void row_text(struct rows *r, const char *name, const char *value)
{
	if (value == NULL)
		return;
	field_name(r, name);
	if (r->json)
		json_text(r->out, value);
	else
		str_escape(r->out, value, TEXT_CHARS, false);
	field_end(r);
}

static void row_int(struct rows *r, const char *name, int64_t value)
{
	field_name(r, name);
	buf_addf(r->out, "%lld", (long long)value);
	field_end(r);
}

static void row_bool(struct rows *r, const char *name, bool value)
{
	field_name(r, name);
	buf_adds(r->out, value ? "true" : "false");
	field_end(r);
}

static void row_time(struct rows *r, const char *name, int64_t wall_ms)
{
	time_t at = (time_t)(wall_ms / 1000);
	char text[32];
	struct tm tm;

	if (wall_ms <= 0 || gmtime_r(&at, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return;
	row_text(r, name, text);
}

static void row_id(struct rows *r, const char *name, const uint8_t *id)
{
	char hex[2 * OWNERSHIP_ID + 1];

	str_hex(hex, id, OWNERSHIP_ID);
	row_text(r, name, hex);
}

/* ---- one question ---- */

struct question_context {
	const struct site_parts *p;
	struct rows rows;
	struct pool pool;	/* of answers */
	struct pool words;	/* of the question */
	const char *arg[ARGS_MAX];	/* behind the command's words; NULL behind the last */
	size_t n_args;
	const char *error;		/* with REPORT_ERROR */
};

/* Writes rows; returns the exit status. */
typedef int (*report_fn)(struct question_context *c);

static int fail(struct question_context *c, const char *why)
{
	c->error = why;
	return REPORT_ERROR;
}

static const struct contact *contact_of(const struct question_context *c, const char *bare)
{
	return contact_find(c->p->contacts, bare);
}

static void thing_row(struct question_context *c, const struct owned *t)
{
	const struct contact *k = contact_of(c, t->jid);
	struct rows *r = &c->rows;

	row_text(r, "jid", t->jid);
	row_text(r, "node", t->node);
	row_text(r, "source", t->source);
	row_text(r, "partition", t->partition);
	row_text(r, "name", t->name);
	row_text(r, "owner", t->owner);
	row_text(r, "state", owned_state_name(t->state));
	row_bool(r, "public", t->is_public);
	row_int(r, "epoch", (int64_t)t->epoch);
	row_bool(r, "online", k != NULL && k->online);
	row_time(r, "seen", k == NULL ? 0 : k->seen_ms);
	row_id(r, "id", t->id);
}

/* Any of its names, without case. */
static bool thing_fits(const struct owned *t, const char *word)
{
	char hex[2 * OWNERSHIP_ID + 1];
	size_t len = strlen(word);

	str_hex(hex, t->id, OWNERSHIP_ID);
	return str_case_eq(t->jid, word) || str_case_eq(hex, word) ||
	    (t->name != NULL && str_case_eq(t->name, word)) ||
	    (t->node != NULL && str_case_eq(t->node, word)) ||
	    (len >= 8 && str_case_starts(t->jid, word)) ||
	    (str_case_starts(t->jid, word) && t->jid[len] == '@');
}

static int report_things(struct question_context *c)
{
	const struct owned *t;

	rows_begin(&c->rows, true);
	for (size_t i = 0; (t = ownership_at(c->p->ownership, i)) != NULL; i++) {
		if (c->n_args > 0 && !thing_fits(t, c->arg[0]) &&
		    (t->owner == NULL || !str_case_eq(t->owner, c->arg[0])))
			continue;
		row_begin(&c->rows);
		thing_row(c, t);
		row_end(&c->rows);
	}
	rows_end(&c->rows);
	return REPORT_OK;
}

/* Exactly one thing of this name, or an error. */
static const struct owned *one_thing(struct question_context *c, const char *name)
{
	const struct owned *t, *found = NULL;

	for (size_t i = 0; (t = ownership_at(c->p->ownership, i)) != NULL; i++) {
		if (!thing_fits(t, name))
			continue;
		if (found != NULL) {
			c->error = "several things are called that; use an address or id of: "
			    "things";
			return NULL;
		}
		found = t;
	}
	if (found == NULL)
		c->error = "no thing is called that; see: things";
	return found;
}

static int report_show(struct question_context *c)
{
	struct found_thing f;
	struct err e = ERR_INIT;
	const struct owned *t;

	if (c->n_args != 1)
		return fail(c, "show needs the name, address or id of one thing");
	t = one_thing(c, c->arg[0]);
	if (t == NULL)
		return REPORT_ERROR;
	rows_begin(&c->rows, false);
	row_begin(&c->rows);
	thing_row(c, t);
	row_time(&c->rows, "since", t->since_ms);
	if (registry_describe(c->p->registry, t->id, &c->pool, &f, &e) == 1) {
		for (size_t i = 0; i < f.tags.n; i++) {
			const char *name = pool_printf(&c->pool, "tag.%s", f.tags.tag[i].name);
			struct buf safe;

			buf_init(&safe, 1024);
			str_escape(&safe, name != NULL ? name : "tag", 64, true);
			row_text(&c->rows, buf_str(&safe), f.tags.tag[i].str);
			buf_fini(&safe);
		}
	}
	row_end(&c->rows);
	rows_end(&c->rows);
	return REPORT_OK;
}

/* Owners in the order of their first thing. */
static const struct owned *first_thing_of(const struct question_context *c, const struct owned *t)
{
	return ownership_next_of_owner(c->p->ownership, t->owner, NULL);
}

static int report_owners(struct question_context *c)
{
	const struct owned *t;

	rows_begin(&c->rows, true);
	for (size_t i = 0; (t = ownership_at(c->p->ownership, i)) != NULL; i++) {
		if (t->owner == NULL || first_thing_of(c, t) != t)
			continue;
		row_begin(&c->rows);
		row_text(&c->rows, "owner", t->owner);
		row_int(&c->rows, "things", (int64_t)ownership_count_of_owner(c->p->ownership,
		    t->owner));
		row_end(&c->rows);
	}
	rows_end(&c->rows);
	return REPORT_OK;
}

/* Ask a role on behalf of an owner: the same path as his chat line. */
static int ask_as(struct question_context *c, const char *owner, enum verb v, struct reply *r)
{
	struct request q = { 0 };
	struct err e = ERR_INIT;

	if (c->p->provisioning == NULL || !provisioning_serves(v))
		return -1;
	q.verb = v;
	q.kind = STANZA_MESSAGE;
	q.type = IQ_NOT;
	q.from = q.bare = owner;
	q.pool = &c->pool;
	memset(r, 0, sizeof(*r));
	return provisioning_serve(c->p->provisioning, &q, r, &e) != 0 || r->kind !=
	    REPLY_RESULT ? -1 : 0;
}

static void rule_rows(struct question_context *c, const char *owner)
{
	struct reply r;

	if (ask_as(c, owner, VERB_RULES, &r) != 0)
		return;
	for (size_t i = 0; i < r.u.rules.n; i++) {
		row_begin(&c->rows);
		row_int(&c->rows, "number", r.u.rules.rule[i].number);
		row_text(&c->rows, "owner", owner);
		row_text(&c->rows, "rule", r.u.rules.rule[i].text);
		row_end(&c->rows);
	}
}

static void question_rows(struct question_context *c, const char *owner)
{
	struct reply r;

	if (ask_as(c, owner, VERB_QUESTIONS, &r) != 0)
		return;
	for (size_t i = 0; i < r.u.questions.n; i++) {
		/* Never the code: it is the owner's to type. */
		row_begin(&c->rows);
		row_text(&c->rows, "owner", owner);
		row_text(&c->rows, "question", r.u.questions.question[i].text);
		row_time(&c->rows, "asked", r.u.questions.question[i].asked_ms);
		row_end(&c->rows);
	}
}

static int each_owner(struct question_context *c, void (*fn)(struct question_context *c,
    const char *owner))
{
	const struct owned *t;

	rows_begin(&c->rows, true);
	for (size_t i = 0; (t = ownership_at(c->p->ownership, i)) != NULL; i++) {
		if (t->owner == NULL || first_thing_of(c, t) != t ||
		    (c->n_args > 0 && !str_case_eq(c->arg[0], t->owner)))
			continue;
		fn(c, t->owner);
		pool_reset(&c->pool);
	}
	rows_end(&c->rows);
	return REPORT_OK;
}

static int report_rules(struct question_context *c)
{
	return each_owner(c, rule_rows);
}

static int report_questions(struct question_context *c)
{
	return each_owner(c, question_rows);
}

static const char *debt_name(enum debt_kind k)
{
	static const char *const names[DEBT_COUNT] = {
		[DEBT_OWNER] = "owner", [DEBT_FLOOR] = "floor", [DEBT_FRIEND] = "friend",
		[DEBT_UNFRIEND] = "unfriend", [DEBT_QUESTION] = "question",
		[DEBT_NOTICE] = "notice", [DEBT_SUBSCRIBE] = "subscribe",
		[DEBT_WITNESS] = "witness",
	};

	return names[k];
}

static int report_debts(struct question_context *c)
{
	const struct debt *t;

	rows_begin(&c->rows, true);
	for (size_t i = 0; (t = debt_at(c->p->debts, i)) != NULL; i++) {
		row_begin(&c->rows);
		row_text(&c->rows, "peer", t->peer);
		row_text(&c->rows, "kind", debt_name(t->kind));
		row_int(&c->rows, "tries", t->tries);
		row_time(&c->rows, "since", t->since_ms);
		row_end(&c->rows);
	}
	rows_end(&c->rows);
	return REPORT_OK;
}

/* "name value" lines, as stats_print() writes them. */
static void stat_row(struct question_context *c, const char *name, uint64_t value)
{
	if (c->rows.json)
		row_int(&c->rows, name, (int64_t)value);
	else
		buf_addf(c->rows.out, "%s %llu\n", name, (unsigned long long)value);
}

static int report_stats(struct question_context *c)
{
	const struct stats *s = c->p->stats;

	rows_begin(&c->rows, false);
	row_begin(&c->rows);
	stat_row(c, "up", c->p->up);
	stat_row(c, "things", ownership_count(c->p->ownership));
	stat_row(c, "debts", debt_count(c->p->debts));
	for (size_t i = 0; i < s->n; i++)
		stat_row(c, s->row[i].name, s->row[i].value);
	row_end(&c->rows);
	if (c->rows.json)
		rows_end(&c->rows);
	return REPORT_OK;
}

static void say_verdict(struct question_context *c, const struct reply_why *w)
{
	bool ask = strcmp(w->verdict, verdict_name(VERDICT_ASK)) == 0;

	if (!c->rows.json) {
		buf_adds(c->rows.out, w->verdict);
		buf_adds(c->rows.out, ask ? " (deny until answered)\n" : "\n");
		str_escape(c->rows.out, w->reason, TEXT_CHARS, false);
		buf_addc(c->rows.out, '\n');
		return;
	}
	rows_begin(&c->rows, false);
	row_begin(&c->rows);
	row_text(&c->rows, "verdict", w->verdict);
	row_text(&c->rows, "reason", w->reason);
	row_int(&c->rows, "revision", (int64_t)w->revision);
	row_int(&c->rows, "lease_ms", w->lease_ms);
	row_end(&c->rows);
	rows_end(&c->rows);
}

static int report_ask(struct question_context *c)
{
	struct reply_why w = { 0 };
	struct err e = ERR_INIT;
	const struct owned *t;
	enum action action;
	struct jid asker;

	if (c->p->provisioning == NULL)
		return fail(c, "provisioning is switched off");
	if (c->n_args < 3 || c->n_args > 4)
		return fail(c, "policy ask needs: JID ACTION THING [NAME]");
	if (jid_parse_bare(&asker, c->arg[0], c->p->profile, &e) != 0)
		return fail(c, "that is no address");
	if (!action_find(c->arg[1], &action))
		return fail(c, "ACTION is befriend, read or control");
	t = one_thing(c, c->arg[2]);
	if (t == NULL)
		return REPORT_ERROR;
	if (provisioning_ask(c->p->provisioning, asker.text, (int)action, t->id, c->arg[3],
	    &c->pool,
	    &w, &e) != 0)
		return fail(c, "cannot tell now");
	say_verdict(c, &w);
	return strcmp(w.verdict, verdict_name(VERDICT_ALLOW)) == 0 ? REPORT_OK : REPORT_NO;
}

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
	{ "stats", NULL, report_stats },
	{ "policy", "ask", report_ask },
};

static bool is_question(const struct question_context *c, size_t i)
{
	return c->n_args > 0 && strcmp(c->arg[0], questions[i].word) == 0 &&
	    (questions[i].second == NULL ||
	    (c->n_args > 1 && strcmp(c->arg[1], questions[i].second) == 0));
}

static void drop_words(struct question_context *c, size_t n)
{
	c->n_args -= n;
	memmove(c->arg, c->arg + n, (ARGS_MAX - n) * sizeof(c->arg[0]));
	for (size_t i = c->n_args; i < ARGS_MAX; i++)
		c->arg[i] = NULL;
}

static int split(struct question_context *c, const char *line)
{
	char *rest = pool_strdup(&c->words, line), *word;

	if (rest == NULL)
		return fail(c, "out of memory");
	while ((word = strsep(&rest, "\t")) != NULL) {
		if (c->n_args == ARGS_MAX - 1)
			return fail(c, "too many words");
		c->arg[c->n_args++] = word;
	}
	c->rows.json = strcmp(c->arg[0], "json") == 0;
	if (c->rows.json)
		drop_words(c, 1);
	return REPORT_OK;
}

static int answer(struct question_context *c)
{
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		if (!is_question(c, i))
			continue;
		drop_words(c, questions[i].second != NULL ? 2 : 1);
		return questions[i].fn(c);
	}
	return fail(c, "kithd does not know this question; see kithctl -h");
}

void report(const struct site_parts *p, const char *line, struct buf *out)
{
	struct question_context c = { .p = p };
	size_t start = out->len;
	struct buf body;
	int status;

	buf_init(&body, out->max);
	c.rows.out = &body;
	pool_init(&c.pool, POOL_BYTES);
	pool_init(&c.words, 2 * strlen(line) + 64);
	status = split(&c, line);
	if (status == REPORT_OK)
		status = answer(&c);
	if (status == REPORT_ERROR) {
		buf_reset(&body);
		buf_addf(&body, "%s\n", c.error);
	}
	buf_addf(out, "%d\n", status);
	buf_add(out, body.data, body.len);
	if (!buf_ok(out) || !buf_ok(&body)) {
		buf_truncate(out, start);
		buf_adds(out, "2\nthe answer is too long\n");
	}
	pool_fini(&c.pool);
	pool_fini(&c.words);
	buf_fini(&body);
}
