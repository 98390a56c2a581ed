/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operate: one row per word of the operator: read its arguments, fill the
 * request, let the site serve it.  A name must mean exactly one thing.
 */
#include "config.h"

#include "kithd/operate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/conf.h"
#include "common/base/pool.h"
#include "common/base/str.h"
#include "common/store/ownership.h"
#include "common/wire/iotdisco.h"
#include "common/wire/reply.h"
#include "common/wire/request.h"
#include "kithd/operate_job.h"
#include "kithd/operate_part.h"
#include "kithd/record.h"
#include "kithd/report.h"
#include "kithd/report_rows.h"
#include "policy/policy.h"
#include "provisioning/serve.h"
#include "registry/approve.h"
#include "registry/quota.h"
#include "registry/serve.h"

#define POOL_BYTES (256 * 1024)
#define NAME_CHARS 64		/* of the name of a thing, as in desk/words.c */
#define DAY INT64_C(86400000)
#define TOO_LONG INT64_C(3650)

int operate_fail(struct act *a, const char *why)
{
	err_set(&a->e, ERR_INPUT, "%s", why);
	return REPORT_ERROR;
}

/* ---- what words mean ---- */

static bool fits(const struct owned *t, const char *word)
{
	char hex[2 * OWNERSHIP_ID + 1];
	size_t len = strlen(word);

	str_hex(hex, t->id, OWNERSHIP_ID);
	if (str_case_eq(hex, word) || (t->name != NULL && str_case_eq(t->name, word)))
		return true;
	if (t->node != NULL)
		return str_case_eq(t->node, word);
	return str_case_eq(t->jid, word) || (len >= 8 && str_case_starts(t->jid, word)) ||
	    (str_case_starts(t->jid, word) && t->jid[len] == '@');
}

static const struct owned *one_thing(struct act *a, const char *word)
{
	const struct owned *t, *found = NULL;

	for (size_t i = 0; (t = ownership_at(a->p.ownership, i)) != NULL; i++) {
		if (!fits(t, word))
			continue;
		if (found != NULL) {
			operate_fail(a, "several things are called that; use an id of: kithctl things");
			return NULL;
		}
		found = t;
	}
	if (found == NULL)
		operate_fail(a, "no thing is called that; see: kithctl things");
	return found;
}

/* A bare address, or a domain. */
const char *operate_address(struct act *a, const char *word)
{
	struct jid j;

	if (jid_parse_bare(&j, word, a->p.profile, &a->e) != 0)
		return NULL;
	return pool_strdup(&a->pool, j.text);
}

/* ---- one request ---- */

/* Which of the two roles knows this act? */
static int serve_act(const struct site_parts *p, struct request *q, struct reply *r, struct err *e)
{
	if (!provisioning_operates(q->verb))
		return registry_operate(p->registry, q, r, e);
	if (p->provisioning != NULL)
		return provisioning_operate(p->provisioning, q, r, e);
	memset(r, 0, sizeof(*r));
	reply_error(r, COND_SERVICE_UNAVAILABLE);
	r->text = "provisioning is switched off";
	return 0;
}

int operate_serve(const struct site_parts *p, struct request *q, struct reply *r, struct err *e)
{
	q->by_operator = true;
	if (store_begin(p->store, e) != 0)
		return -1;
	if (serve_act(p, q, r, e) != 0 ||
	    (!q->dry && store_commit(p->store, e) != 0)) {
		store_rollback(p->store);
		return -1;
	}
	/* A trial has done it all, and nothing of it stays. */
	if (q->dry)
		store_rollback(p->store);
	return 0;
}

void operate_request(struct act *a, struct request *q, enum verb v)
{
	memset(q, 0, sizeof(*q));
	q->verb = v;
	q->kind = STANZA_MESSAGE;
	q->type = IQ_NOT;
	q->pool = &a->pool;
}

int operate_act(struct act *a, struct request *q)
{
	struct reply r;

	if (operate_serve(&a->p, q, &r, &a->e) != 0) {
		err_prefix(&a->e, "nothing was changed");
		return REPORT_ERROR;
	}
	if (r.kind != REPLY_RESULT)
		return operate_fail(a, r.text != NULL ? r.text : condition_name(r.condition));
	if (r.text != NULL && a->json) {
		buf_adds(a->out, "{\"result\":");
		row_json_text(a->out, r.text);
		buf_adds(a->out, "}\n");
	} else if (r.text != NULL) {
		str_escape(a->out, r.text, 4096, false);
		buf_addc(a->out, '\n');
	}
	return REPORT_OK;
}

static int about_thing(struct act *a, enum verb v, const char *word, const char *jid)
{
	const struct owned *t = one_thing(a, word);
	struct request q;

	if (t == NULL)
		return REPORT_ERROR;
	operate_request(a, &q, v);
	q.u.desk.thing_id = t->id;
	q.u.desk.jid = jid;
	q.u.desk.confirmed = true;
	return operate_act(a, &q);
}

/* ---- the words ---- */

static int act_hold(struct act *a)
{
	const char *jid = NULL;

	if (a->n != 1 && (a->n != 3 || strcmp(a->word[1], "for") != 0))
		return operate_fail(a, "say: hold THING [for JID]");
	if (a->n == 3 && (jid = operate_address(a, a->word[2])) == NULL)
		return REPORT_ERROR;
	return about_thing(a, VERB_HOLD, a->word[0], jid);
}

static int act_release(struct act *a)
{
	const char *jid = NULL;

	if (a->n != 1 && (a->n != 3 || strcmp(a->word[1], "to") != 0))
		return operate_fail(a, "say: release THING [to JID]");
	if (a->n == 3 && (jid = operate_address(a, a->word[2])) == NULL)
		return REPORT_ERROR;
	return about_thing(a, VERB_RELEASE, a->word[0], jid);
}

static int act_disown(struct act *a)
{
	return a->n != 1 ? operate_fail(a, "say: disown THING") :
	    about_thing(a, VERB_DISOWN, a->word[0], NULL);
}

static int begin(int rc)
{
	return rc != 0 ? REPORT_ERROR : REPORT_OK;
}

static int act_expire(struct act *a)
{
	bool dry = a->n > 0 && strcmp(a->word[0], "--dry-run") == 0;
	const char *const *w = a->word + dry;
	size_t n = a->n - dry;
	const struct owned *one = NULL;
	int64_t age = 0;

	if (n == 2 && strcmp(w[0], "older-than") == 0) {
		if (conf_value_time(w[1], 0, TOO_LONG * DAY, &age, &a->e) != 0)
			return REPORT_ERROR;
	} else if (n == 1) {
		one = one_thing(a, w[0]);
		if (one == NULL)
			return REPORT_ERROR;
		if (one->state != OWNED_NOBODY)
			return operate_fail(a, "somebody owns it or has not let go of it yet; only what "
			    "nobody owns can expire");
	} else {
		return operate_fail(a, "say: expire [--dry-run] THING, or older-than 30d");
	}
	return begin(operate_expire(&a->job, a->site, one == NULL ? NULL : one->id,
	    clock_wall(a->p.clock) - age, dry, &a->e));
}

static int show_quotas(struct act *a)
{
	struct rows r = { .out = a->out, .json = true };
	const struct quota *q;

	if (a->json)
		rows_begin(&r, true);
	for (size_t i = 0; (q = registry_quota_at(a->p.registry, i)) != NULL; i++) {
		if (!a->json) {
			buf_addf(a->out, "%s  %s=%lld\n", q->subject, quota_key_name(q->key),
			    (long long)q->value);
			continue;
		}
		row_begin(&r);
		row_text(&r, "who", q->subject);
		row_text(&r, "key", quota_key_name(q->key));
		row_int(&r, "value", q->value);
		row_end(&r);
	}
	if (a->json)
		rows_end(&r);
	return REPORT_OK;
}

static int act_quota(struct act *a)
{
	struct request q;

	if (a->n == 0 || (a->n == 1 && strcmp(a->word[0], "show") == 0))
		return show_quotas(a);
	operate_request(a, &q, VERB_QUOTA);
	if (a->n == 4 && strcmp(a->word[0], "set") == 0) {
		if (str_to_int(a->word[3], 0, INT32_MAX, &q.u.desk.number) != 0)
			return operate_fail(a, "a quota is a whole number, 0 or more");
	} else if (a->n == 3 && strcmp(a->word[0], "unset") == 0) {
		q.u.desk.number = -1;
	} else {
		return operate_fail(a, "say: quota show, quota set ADDRESS|DOMAIN KEY NUMBER, or quota "
		    "unset ADDRESS|DOMAIN KEY");
	}
	q.u.desk.jid = operate_address(a, a->word[1]);
	q.u.desk.name = a->word[2];
	return q.u.desk.jid == NULL ? REPORT_ERROR : operate_act(a, &q);
}

/* The owner lost his account: in a week what he has goes to another of his. */
static int act_recover(struct act *a)
{
	struct request q;

	if (a->n != 2)
		return operate_fail(a, "say: recover ADDRESS NEWADDRESS");
	operate_request(a, &q, VERB_RECOVER);
	q.u.desk.jid = operate_address(a, a->word[0]);
	q.u.desk.text = operate_address(a, a->word[1]);
	return q.u.desk.jid == NULL || q.u.desk.text == NULL ? REPORT_ERROR : operate_act(a, &q);
}

static int act_vouch(struct act *a)
{
	struct request q;

	if (a->n != 1)
		return operate_fail(a, "say: vouch ADDRESS");
	operate_request(a, &q, VERB_PROVE);
	q.u.desk.jid = operate_address(a, a->word[0]);
	return q.u.desk.jid == NULL ? REPORT_ERROR : operate_act(a, &q);
}

/* Where the key is, not what it is: no secret passes this socket. */
static int tell_key(struct act *a)
{
	char *path = realpath(a->p.hash_key_file, NULL);

	str_escape(a->out, path != NULL ? path : a->p.hash_key_file, 4096, false);
	buf_addc(a->out, '\n');
	free(path);
	return REPORT_OK;
}

static int act_backup(struct act *a)
{
	if (a->n == 0)
		return begin(operate_backup(&a->job, a->site, &a->e));
	if (a->n == 1 && strcmp(a->word[0], "key") == 0)
		return tell_key(a);
	return operate_fail(a, "say: backup, or backup key");
}

/* ---- rows of a list ---- */

static struct tag *new_tag(struct act *a, struct tag_list *l, const char *name, bool is_num,
    const char *value)
{
	char text[STR_DOUBLE];
	struct tag *t;

	if (l->n == WIRE_TAGS || name[0] == '\0' || str_utf8_chars(name) > WIRE_TAG_NAME ||
	    str_utf8_chars(value) > WIRE_TAG_VALUE || tag_find(l, name) != NULL) {
		err_set(&a->e, ERR_INPUT, "tag '%s': at most %d of them, names of %d and values "
		    "of %d characters, none twice", name, WIRE_TAGS, WIRE_TAG_NAME,
		    WIRE_TAG_VALUE);
		return NULL;
	}
	t = &l->tag[l->n];
	*t = (struct tag){ .name = name, .is_num = is_num, .str = value };
	if (is_num) {
		if (str_to_double(value, &t->num) != 0) {
			err_set(&a->e, ERR_INPUT, "tag '%s': '%s' is no number", name, value);
			return NULL;
		}
		str_from_double(text, t->num);
		t->str = pool_strdup(&a->pool, text);
	}
	l->n++;
	return t;
}

/* What is neither a column of ours nor a tag is a mistake in the list. */
static int row_tags(struct act *a, const struct record *r, struct tag_list *l)
{
	l->n = 0;
	l->tag = pool_zalloc(&a->pool, WIRE_TAGS * sizeof(*l->tag));
	if (l->tag == NULL)
		return operate_fail(a, "out of memory");
	for (size_t i = 0; i < r->n; i++) {
		const char *name = r->field[i].name, *value = r->field[i].value;
		bool is_num = str_starts(name, "num:");

		/* An empty cell says nothing. */
		if ((!is_num && !str_starts(name, "str:")) || value[0] == '\0')
			continue;
		if (new_tag(a, l, name + 4, is_num, value) == NULL)
			return REPORT_ERROR;
	}
	return REPORT_OK;
}

static const char *cell(const struct record *r, const char *name)
{
	const char *v = record_get(r, name);

	return v == NULL || v[0] == '\0' ? NULL : v;
}

static int row_claim(struct act *a, const char *text, struct request_import *i)
{
	struct iotdisco d;
	const char *at;
	size_t len;

	if (iotdisco_find(text, &at, &len) != 1)
		return operate_fail(a, "claim holds no claim text, or several");
	if (iotdisco_parse(&d, at, len, &a->pool, &a->e) != 0)
		return REPORT_ERROR;
	i->is_claim = true;
	i->tags = d.tags;
	return REPORT_OK;
}

static int row_addresses(struct act *a, const struct record *r, struct request_import *i)
{
	const char *jid = cell(r, "jid"), *owner = cell(r, "owner");

	if ((jid != NULL && (i->jid = operate_address(a, jid)) == NULL) ||
	    (owner != NULL && (i->owner = operate_address(a, owner)) == NULL))
		return REPORT_ERROR;
	if (i->owner != NULL && strchr(i->owner, '@') == NULL)
		return operate_fail(a, "an owner is a person: NAME@DOMAIN");
	i->node.id = cell(r, "node");
	i->node.source = cell(r, "source");
	i->node.partition = cell(r, "partition");
	i->name = cell(r, "name");
	if (i->name != NULL && str_utf8_chars(i->name) > NAME_CHARS)
		return operate_fail(a, "that name is too long");
	i->has_public = cell(r, "public") != NULL;
	if (i->has_public && str_to_bool(cell(r, "public"), &i->is_public) != 0)
		return operate_fail(a, "public is true or false");
	return REPORT_OK;
}

/* What a row asks for. */
static int read_row(struct act *a, const char *text, struct request *q)
{
	struct record r;
	int status;

	if (record_read(&r, q->pool, text) != 0)
		return operate_fail(a, "that is no row");
	status = row_addresses(a, &r, &q->u.import);
	if (status != REPORT_OK)
		return status;
	return cell(&r, "claim") != NULL ? row_claim(a, cell(&r, "claim"), &q->u.import) :
	    row_tags(a, &r, &q->u.import.tags);
}

static void say_row(struct act *a, bool good, const char *text)
{
	buf_adds(a->out, good ? "ok " : "error ");
	str_escape(a->out, text != NULL ? text : "", 1000, false);
	buf_addc(a->out, '\n');
}

/* -1: the store cannot go on, and nothing of the rows before stands either. */
static int import_row(struct act *a, const char *text)
{
	struct request q;
	struct reply r;
	int rc = 0;

	operate_request(a, &q, VERB_IMPORT);
	q.by_operator = true;
	err_clear(&a->e);
	if (read_row(a, text, &q) != REPORT_OK)
		say_row(a, false, a->e.text);
	else if ((rc = registry_operate(a->p.registry, &q, &r, &a->e)) == 0)
		say_row(a, r.kind == REPLY_RESULT, r.text != NULL || r.kind == REPLY_RESULT ?
		    r.text : condition_name(r.condition));
	pool_reset(&a->pool);
	return rc;
}

/* Rows of a list share one commit, which is what they cost most. */
static int import_rows(struct act *a, const char *rows, bool dry)
{
	char *copy = strdup(rows), *rest = copy, *row;
	int rc;

	if (copy == NULL)
		return operate_fail(a, "out of memory");
	rc = store_begin(a->p.store, &a->e);
	while (rc == 0 && rest != NULL && *rest != '\0') {
		char *end = strstr(rest, "\trow\t");

		row = rest;
		rest = end == NULL ? NULL : end + sizeof("\trow\t") - 1;
		if (end != NULL)
			*end = '\0';
		rc = import_row(a, row);
	}
	free(copy);
	if (rc == 0 && !dry && store_commit(a->p.store, &a->e) == 0)
		return REPORT_OK;
	store_rollback(a->p.store);
	if (rc == 0 && dry)
		return REPORT_OK;
	err_prefix(&a->e, "nothing of these rows was taken");
	return REPORT_ERROR;
}

/* import [dry] RECORD, or import [dry] rows RECORD row RECORD ... */
static int act_import(struct act *a)
{
	struct request q;
	const char *rest = a->rest;
	bool dry = str_starts(rest, "dry\t");
	int status;

	rest += dry ? 4 : 0;
	if (str_starts(rest, "rows\t"))
		return import_rows(a, rest + 5, dry);
	operate_request(a, &q, VERB_IMPORT);
	q.dry = dry;
	status = read_row(a, rest, &q);
	return status != REPORT_OK ? status : operate_act(a, &q);
}

static int act_export(struct act *a)
{
	return a->n != 1 ? operate_fail(a, "say: export things, rules or owners") :
	    begin(operate_export(&a->job, a->site, a->word[0], &a->e));
}

/* ---- classes approved beforehand ---- */

static void show_word(struct act *a, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_addf(a->out, "%s%s", name, name[0] != '\0' ? "=" : "");
	str_escape(a->out, value, 256, name[0] != '\0');
	buf_adds(a->out, "  ");
}

static void last_day(const struct act *a, const struct approval *c, char out[static 16])
{
	time_t until = (time_t)((c->until_ms - 1) / 1000 + a->p.zone_s);
	struct tm tm;

	memcpy(out, "?", 2);
	if (gmtime_r(&until, &tm) != NULL)
		(void)strftime(out, 16, "%Y-%m-%d", &tm);
}

static void show_approval(struct act *a, const struct approval *c)
{
	char day[16];

	last_day(a, c, day);
	show_word(a, "", c->name);
	show_word(a, "man", c->man);
	show_word(a, "model", c->model);
	show_word(a, "from", c->sn_from);
	show_word(a, "to", c->sn_to);
	show_word(a, "owner", c->owner);
	show_word(a, "rule", c->rule);
	buf_addf(a->out, "used=%lld of %lld  until=%s\n", (long long)c->used, (long long)c->cap,
	    day);
}

static void write_approval(const struct act *a, struct rows *r, const struct approval *c)
{
	char day[16];

	last_day(a, c, day);
	row_begin(r);
	row_text(r, "class", c->name);
	row_text(r, "man", c->man);
	row_text(r, "model", c->model);
	row_text(r, "from", c->sn_from);
	row_text(r, "to", c->sn_to);
	row_text(r, "owner", c->owner);
	row_text(r, "rule", c->rule);
	row_int(r, "used", c->used);
	row_int(r, "cap", c->cap);
	row_text(r, "until", day);
	row_end(r);
}

static int show_approvals(struct act *a)
{
	struct rows r = { .out = a->out, .json = true };
	const struct approval *c;

	if (a->json)
		rows_begin(&r, true);
	for (size_t i = 0; (c = registry_approval_at(a->p.registry, i)) != NULL; i++)
		if (a->json)
			write_approval(a, &r, c);
		else
			show_approval(a, c);
	if (a->json)
		rows_end(&r);
	return REPORT_OK;
}

/* It is made anew for each owner, so it cannot name one thing. */
static int check_rule(struct act *a, const char *line)
{
	struct rule r;

	if (line == NULL)
		return REPORT_OK;
	if (policy_parse_line(&r, line, clock_wall(a->p.clock), a->p.zone_s, &a->pool,
	    &a->e) != 0)
		return REPORT_ERROR;
	if (r.target.kind == TARGET_THING)
		return operate_fail(a, "the rule names one thing; say which by a tag, as in: of MODEL=X");
	return REPORT_OK;
}

/* A day is meant with its last minute. */
static int last_moment(struct act *a, const char *text, int64_t *out)
{
	struct rule r;
	const char *line = text == NULL ? NULL : pool_printf(&a->pool,
	    "deny x@x.example everything until %s", text);
	struct err e = ERR_INIT;

	if (line == NULL || policy_parse_line(&r, line, clock_wall(a->p.clock), a->p.zone_s,
	    &a->pool, &e) != 0)
		return operate_fail(a, "until is a day like 2026-12-31");
	*out = r.until_ms;
	return REPORT_OK;
}

/* approve add RECORD | remove NAME | list */
static int act_approve(struct act *a)
{
	struct request q;
	struct record r;
	const char *owner;

	operate_request(a, &q, VERB_PREAPPROVE);
	if (a->n == 0 || (a->n == 1 && strcmp(a->word[0], "list") == 0))
		return show_approvals(a);
	if (a->n == 2 && strcmp(a->word[0], "remove") == 0) {
		q.u.approve.remove = true;
		q.u.approve.name = a->word[1];
		return operate_act(a, &q);
	}
	if (strcmp(a->word[0], "add") != 0 || record_read(&r, &a->pool, a->rest + 4) != 0)
		return operate_fail(a, "say: approve add, approve list or approve remove NAME");
	q.u.approve = (struct request_approve){
		.name = cell(&r, "class"), .man = cell(&r, "man"), .model = cell(&r, "model"),
		.sn_from = cell(&r, "from"), .sn_to = cell(&r, "to"), .rule = cell(&r, "rule"),
	};
	owner = cell(&r, "owner");
	if (owner != NULL && (q.u.approve.owner = operate_address(a, owner)) == NULL)
		return REPORT_ERROR;
	if (cell(&r, "cap") == NULL || str_to_int(cell(&r, "cap"), 1, APPROVAL_CAP,
	    &q.u.approve.cap) != 0)
		return operate_fail(a, "cap is a whole number from 1 to 1000000");
	if (last_moment(a, cell(&r, "until"), &q.u.approve.until_ms) != REPORT_OK ||
	    check_rule(a, q.u.approve.rule) != REPORT_OK)
		return REPORT_ERROR;
	return operate_act(a, &q);
}

/* `second`: only with that behind it; other lines of the word are report.c's. */
static const struct {
	const char *word, *second;
	act_fn fn;
} acts[] = {
	{ "approve", NULL, act_approve },
	{ "backup", NULL, act_backup },
	{ "export", NULL, act_export },
	{ "import", NULL, act_import },
	{ "hold", NULL, act_hold },
	{ "release", NULL, act_release },
	{ "disown", NULL, act_disown },
	{ "expire", NULL, act_expire },
	{ "quota", NULL, act_quota },
	{ "recover", NULL, act_recover },
	{ "vouch", NULL, act_vouch },
	{ "policy", "load", operate_policy_load },
	{ "policy", "rollback", operate_policy_rollback },
	{ "policy", "what-if", operate_policy_what_if },
	{ "role", "add", operate_role },
	{ "token", "revoke", operate_token },
	{ "token", "forgive", operate_token },
	{ "role", "remove", operate_role },
};

/* ---- lines ---- */

/* The line without the "json" that may stand before it. */
static const char *skip_json(const char *line)
{
	return strncmp(line, "json\t", 5) == 0 ? line + 5 : line;
}

static bool is_word(const char *line, const char *word)
{
	size_t len = strcspn(line, "\t");

	return strlen(word) == len && memcmp(word, line, len) == 0;
}

static act_fn find(const char *line)
{
	const char *behind = line + strcspn(line, "\t");

	behind += *behind == '\t';
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (is_word(line, acts[i].word) &&
		    (acts[i].second == NULL || is_word(behind, acts[i].second)))
			return acts[i].fn;
	return NULL;
}

bool operate_knows(const char *line)
{
	return find(skip_json(line)) != NULL;
}

static int split(struct act *a, const char *line)
{
	char *rest = pool_strdup(&a->pool, line), *word;

	if (rest == NULL)
		return operate_fail(a, "out of memory");
	(void)strsep(&rest, "\t");
	a->rest = rest == NULL ? "" : pool_strdup(&a->pool, rest);
	if (a->rest == NULL)
		return operate_fail(a, "out of memory");
	while ((word = strsep(&rest, "\t")) != NULL) {
		/* A list has any number of them, and is read from `rest`. */
		if (a->n == OPERATE_WORDS - 1 && str_starts(line, "import\t"))
			break;
		if (a->n == OPERATE_WORDS - 1)
			return operate_fail(a, "too many words");
		a->word[a->n++] = word;
	}
	return REPORT_OK;
}

static void say(struct buf *out, int status, const struct buf *text, const struct err *e)
{
	buf_addf(out, "%d\n", status);
	if (status != REPORT_ERROR) {
		buf_add(out, text->data, text->len);
		return;
	}
	str_escape(out, e->text, 1024, false);
	buf_addc(out, '\n');
}

static bool begin_line(struct site *s, void **job, const char *line, struct buf *out)
{
	struct act a = { .site = s, .e = ERR_INIT };
	struct buf answer;
	int status;

	a.json = skip_json(line) != line;
	line = skip_json(line);
	pool_init(&a.pool, POOL_BYTES + 4 * strlen(line));
	buf_init(&answer, out->max);
	a.out = &answer;
	site_parts(s, &a.p);
	status = split(&a, line);
	if (status == REPORT_OK)
		status = find(line)(&a);
	*job = a.job;
	if (a.job != NULL)
		a.job->json = a.json;
	else
		say(out, status, &answer, &a.e);
	if (answer.data != NULL)
		secret_cleanse(answer.data, answer.cap);
	buf_fini(&answer);
	pool_fini(&a.pool);
	return *job == NULL;
}

bool operate(struct site *s, void **job, const char *line, struct buf *out)
{
	struct operate_job *j = *job;
	struct err e = ERR_INIT;
	int more;

	if (line != NULL)
		return begin_line(s, job, line, out);
	more = out == NULL ? 0 : j->step(j, out, &e);
	if (more == 1)
		return false;
	if (out != NULL)
		say(out, more == 0 ? REPORT_OK : REPORT_ERROR, &j->answer, &e);
	operate_job_free(&j);
	*job = NULL;
	return true;
}
