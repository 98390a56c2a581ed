/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_policy: the operator's policy as it is and was, and who has which
 * role.  Only looks; loading and rolling back is operate_policy.c.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "common/store/token.h"
#include "kithd/report_part.h"
#include "policy/policy.h"
#include "provisioning/operator_policy.h"
#include "provisioning/role_table.h"
#include "provisioning/serve.h"

static struct operator_policy *policy_of(struct report *r)
{
	struct operator_policy *o;

	if (r->p->provisioning == NULL) {
		(void)report_fail(r, "provisioning is switched off");
		return NULL;
	}
	o = provisioning_operator_policy(r->p->provisioning);
	if (operator_policy_state(o) != OPERATOR_NONE)
		return o;
	(void)report_fail(r, "this site has no policy of the operator: set [provisioning] policy_file");
	return NULL;
}

/* ---- versions ---- */

static void version_row(struct report *r, const struct operator_policy *o,
    const struct operator_version *v)
{
	row_begin(&r->rows);
	row_int(&r->rows, "version", v->version);
	row_time(&r->rows, "at", v->at_ms);
	row_text(&r->rows, "by", v->by);
	row_int(&r->rows, "bytes", (int64_t)v->len);
	row_hex(&r->rows, "sha256", v->sha256, sizeof(v->sha256));
	row_bool(&r->rows, "in_force", v->version == operator_policy_version(o));
	row_end(&r->rows);
}

static void alarm_row(struct report *r, const struct operator_policy *o)
{
	const char *why = operator_policy_alarm(o);
	char when[ROW_TIME];

	if (r->rows.json || why == NULL)
		return;
	row_time_text(when, operator_policy_alarm_ms(o));
	buf_addf(r->rows.out, "ALARM %s: the file was not taken, %s: ", when,
	    operator_policy_state(o) == OPERATOR_CLOSED ? "nobody but owners may do anything" :
	    "the last good version stays in force");
	str_escape(r->rows.out, why, ERR_TEXT, false);
	buf_addc(r->rows.out, '\n');
}

int report_policy_versions(struct report *r)
{
	struct operator_policy *o = policy_of(r);
	struct operator_version v = { .version = INT64_MAX };
	struct err e = ERR_INIT;
	int rc;

	if (o == NULL)
		return REPORT_ERROR;
	alarm_row(r, o);
	rows_begin(&r->rows, true);
	while ((rc = operator_policy_before(o, v.version, &v, &e)) == 1 && !report_is_full(r))
		if (report_wants(r))
			version_row(r, o, &v);
	rows_end(&r->rows);
	return rc < 0 ? report_fail(r, "cannot tell now") : REPORT_OK;
}

/* ---- one of them ---- */

/* A copy in the pool of the question; 0, or said why not. */
static int find_version(struct report *r, struct operator_policy *o, const char *word,
    struct operator_version *v)
{
	struct err e = ERR_INIT;
	int64_t number;
	int rc;

	if (word == NULL || str_to_int(word, 1, INT64_MAX, &number) != 0)
		return report_fail(r, "which version?  See: kithctl policy versions");
	rc = operator_policy_find(o, number, v, &e);
	if (rc != 1)
		return report_fail(r, rc == 0 ? "there is no such version (any more)" :
		    "cannot tell now");
	v->text = pool_strdup(&r->pool, v->text);
	return v->text == NULL ? report_fail(r, "out of memory") : REPORT_OK;
}

/* Lines may be empty, which would end an answer: so they go as a part. */
static bool show_text(struct report *r)
{
	struct operator_policy *o = policy_of(r);
	struct operator_version v;

	if (r->stage++ > 0 || o == NULL || find_version(r, o, r->arg[0], &v) != REPORT_OK)
		return false;
	buf_adds(r->rows.out, v.text);
	if (v.len > 0 && v.text[v.len - 1] != '\n')
		buf_addc(r->rows.out, '\n');
	return true;
}

int report_policy_show(struct report *r)
{
	struct operator_policy *o = policy_of(r);
	struct operator_version v;

	if (o == NULL || find_version(r, o, r->arg[0], &v) != REPORT_OK)
		return REPORT_ERROR;
	if (!r->rows.json) {
		r->step = show_text;
		return REPORT_OK;
	}
	rows_begin(&r->rows, false);
	version_row(r, o, &v);
	rows_end(&r->rows);
	return REPORT_OK;
}

/* ---- two of them: rules, not lines, since their order never matters ---- */

struct lines {
	size_t n;
	char **line;
};

static void lines_free(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->line[i]);
	free(l->line);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int canonical(const struct policy *p, int32_t zone_s, struct lines *out)
{
	size_t n = policy_count(p);
	struct buf text;

	out->line = calloc(n + 1, sizeof(*out->line));
	if (out->line == NULL)
		return -1;
	buf_init(&text, 2 * POLICY_LINE);
	for (; out->n < n; out->n++) {
		buf_reset(&text);
		policy_print(&text, policy_at(p, out->n), zone_s);
		out->line[out->n] = strdup(buf_str(&text));
		if (out->line[out->n] == NULL)
			break;
	}
	buf_fini(&text);
	qsort(out->line, out->n, sizeof(*out->line), compare);
	return out->n == n ? 0 : -1;
}

static int read_lines(struct report *r, const char *word, struct lines *out)
{
	struct operator_policy *o = policy_of(r);
	struct operator_version v;
	struct err e = ERR_INIT;
	struct policy *p;
	int rc;

	if (o == NULL || find_version(r, o, word, &v) != REPORT_OK)
		return REPORT_ERROR;
	p = operator_policy_parse(v.text, v.len, v.read_ms, v.zone_s, &e);
	if (p == NULL)
		return report_fail(r, "that version cannot be read by this program");
	rc = canonical(p, r->p->zone_s, out);
	policy_free(&p);
	return rc != 0 ? report_fail(r, "out of memory") : REPORT_OK;
}

static void diff_row(struct report *r, const char *sign, const char *line)
{
	if (!r->rows.json) {
		buf_addf(r->rows.out, "%s %s\n", sign, line);
		return;
	}
	row_begin(&r->rows);
	row_text(&r->rows, "change", sign);
	row_text(&r->rows, "rule", line);
	row_end(&r->rows);
}

/* Both in order: what only one of them has. */
static size_t merge(struct report *r, const struct lines *a, const struct lines *b)
{
	size_t i = 0, j = 0, n = 0;

	while (i < a->n || j < b->n) {
		int c = i == a->n ? 1 : j == b->n ? -1 : strcmp(a->line[i], b->line[j]);

		if (c == 0) {
			i++;
			j++;
			continue;
		}
		n++;
		if (c < 0)
			diff_row(r, "-", a->line[i++]);
		else
			diff_row(r, "+", b->line[j++]);
	}
	return n;
}

/* Exit status as of diff(1). */
int report_policy_diff(struct report *r)
{
	struct lines a = { 0 }, b = { 0 };
	int status;

	if (r->n_args != 2)
		return report_fail(r, "policy diff needs two versions");
	status = read_lines(r, r->arg[0], &a);
	if (status == REPORT_OK)
		status = read_lines(r, r->arg[1], &b);
	if (status == REPORT_OK) {
		rows_begin(&r->rows, true);
		status = merge(r, &a, &b) > 0 ? REPORT_NO : REPORT_OK;
		rows_end(&r->rows);
	}
	lines_free(&a);
	lines_free(&b);
	return status;
}

/* ---- roles ---- */

static void role_row(struct report *r, const char *role, const char *jid)
{
	if ((r->arg[0] != NULL && strcmp(r->arg[0], role) != 0) || !report_wants(r))
		return;
	row_begin(&r->rows);
	row_text(&r->rows, "role", role);
	row_text(&r->rows, "jid", jid);
	row_end(&r->rows);
}

static bool roles_step(struct report *r)
{
	const struct role_table *t = provisioning_roles(r->p->provisioning);
	const struct role_person *who;

	for (size_t n = 0; (who = role_table_at(t, (size_t)r->at)) != NULL; n++, r->at++) {
		if (report_pauses(r, n))
			return true;
		for (size_t i = 0; i < who->n && !report_is_full(r); i++)
			role_row(r, who->role[i], who->jid);
	}
	rows_end(&r->rows);
	return false;
}

int report_roles(struct report *r)
{
	if (r->p->provisioning == NULL)
		return report_fail(r, "provisioning is switched off");
	if (r->n_args > 1)
		return report_fail(r, "role list takes the name of one role, or none");
	rows_begin(&r->rows, true);
	r->step = roles_step;
	return REPORT_OK;
}

/* ---- tokens ---- */

/* Never the token itself, which nobody keeps. */
static void token_row(struct report *r, const struct token *t)
{
	row_begin(&r->rows);
	row_text(&r->rows, "name", t->name);
	row_text(&r->rows, "jid", t->jid);
	row_text(&r->rows, "service", t->service);
	row_time(&r->rows, "since", t->issued_ms);
	row_time(&r->rows, "until", t->until_ms);
	row_end(&r->rows);
}

static bool tokens_step(struct report *r)
{
	const struct token *t;

	for (size_t n = 0; (t = token_at(r->p->tokens, (size_t)r->at)) != NULL; n++, r->at++) {
		if (report_pauses(r, n))
			return true;
		if (!report_is_full(r))
			token_row(r, t);
	}
	rows_end(&r->rows);
	return false;
}

int report_tokens(struct report *r)
{
	if (r->n_args != 0)
		return report_fail(r, "token list takes nothing else");
	rows_begin(&r->rows, true);
	r->step = tokens_step;
	return REPORT_OK;
}
