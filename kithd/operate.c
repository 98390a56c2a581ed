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

#include "common/base/conf.h"
#include "common/base/pool.h"
#include "common/base/str.h"
#include "common/store/ownership.h"
#include "common/wire/reply.h"
#include "common/wire/request.h"
#include "kithd/operate_job.h"
#include "kithd/report.h"
#include "registry/quota.h"
#include "registry/serve.h"

#define WORDS_MAX 128
#define POOL_BYTES (256 * 1024)
#define DAY INT64_C(86400000)
#define TOO_LONG INT64_C(3650)

struct act {
	struct site *site;
	struct site_parts p;
	struct pool pool;
	const char *word[WORDS_MAX];	/* behind the first; NULL behind the last */
	size_t n;
	struct operate_job *job;	/* the act goes on */
	struct buf *out;		/* the answer's lines */
	struct err e;
};

/* Returns the exit status of kithctl. */
typedef int (*act_fn)(struct act *a);

static int fail(struct act *a, const char *why)
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
			fail(a, "several things are called that; use an id of: kithctl things");
			return NULL;
		}
		found = t;
	}
	if (found == NULL)
		fail(a, "no thing is called that; see: kithctl things");
	return found;
}

/* A bare address, or a domain. */
static const char *address(struct act *a, const char *word)
{
	struct jid j;

	if (jid_parse_bare(&j, word, a->p.profile, &a->e) != 0)
		return NULL;
	return pool_strdup(&a->pool, j.text);
}

/* ---- one request ---- */

static void request_init(struct act *a, struct request *q, enum verb v)
{
	memset(q, 0, sizeof(*q));
	q->verb = v;
	q->kind = STANZA_MESSAGE;
	q->type = IQ_NOT;
	q->pool = &a->pool;
}

static int serve(struct act *a, struct request *q)
{
	struct reply r;

	if (site_operate(a->site, q, &r, &a->e) != 0) {
		err_prefix(&a->e, "nothing was changed");
		return REPORT_ERROR;
	}
	if (r.kind != REPLY_RESULT)
		return fail(a, r.text != NULL ? r.text : condition_name(r.condition));
	if (r.text != NULL) {
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
	request_init(a, &q, v);
	q.u.desk.thing_id = t->id;
	q.u.desk.jid = jid;
	q.u.desk.confirmed = true;
	return serve(a, &q);
}

/* ---- the words ---- */

static int act_hold(struct act *a)
{
	const char *jid = NULL;

	if (a->n != 1 && (a->n != 3 || strcmp(a->word[1], "for") != 0))
		return fail(a, "say: hold THING [for JID]");
	if (a->n == 3 && (jid = address(a, a->word[2])) == NULL)
		return REPORT_ERROR;
	return about_thing(a, VERB_HOLD, a->word[0], jid);
}

static int act_release(struct act *a)
{
	const char *jid = NULL;

	if (a->n != 1 && (a->n != 3 || strcmp(a->word[1], "to") != 0))
		return fail(a, "say: release THING [to JID]");
	if (a->n == 3 && (jid = address(a, a->word[2])) == NULL)
		return REPORT_ERROR;
	return about_thing(a, VERB_RELEASE, a->word[0], jid);
}

static int act_disown(struct act *a)
{
	return a->n != 1 ? fail(a, "say: disown THING") :
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
			return fail(a, "somebody owns it or has not let go of it yet; only what "
			    "nobody owns can expire");
	} else {
		return fail(a, "say: expire [--dry-run] THING, or older-than 30d");
	}
	return begin(operate_expire(&a->job, a->site, one == NULL ? NULL : one->id,
	    clock_wall(a->p.clock) - age, dry, &a->e));
}

static int show_quotas(struct act *a)
{
	const struct quota *q;

	for (size_t i = 0; (q = registry_quota_at(a->p.registry, i)) != NULL; i++)
		buf_addf(a->out, "%s  %s=%lld\n", q->subject, quota_key_name(q->key),
		    (long long)q->value);
	return REPORT_OK;
}

static int act_quota(struct act *a)
{
	struct request q;

	if (a->n == 0 || (a->n == 1 && strcmp(a->word[0], "show") == 0))
		return show_quotas(a);
	request_init(a, &q, VERB_QUOTA);
	if (a->n == 4 && strcmp(a->word[0], "set") == 0) {
		if (str_to_int(a->word[3], 0, INT32_MAX, &q.u.desk.number) != 0)
			return fail(a, "a quota is a whole number, 0 or more");
	} else if (a->n == 3 && strcmp(a->word[0], "unset") == 0) {
		q.u.desk.number = -1;
	} else {
		return fail(a, "say: quota show, quota set ADDRESS|DOMAIN KEY NUMBER, or quota "
		    "unset ADDRESS|DOMAIN KEY");
	}
	q.u.desk.jid = address(a, a->word[1]);
	q.u.desk.name = a->word[2];
	return q.u.desk.jid == NULL ? REPORT_ERROR : serve(a, &q);
}

static int act_backup(struct act *a)
{
	if (a->n == 0)
		return begin(operate_backup(&a->job, a->site, &a->e));
	if (a->n != 1 || strcmp(a->word[0], "key") != 0)
		return fail(a, "say: backup, or backup key");
	/* Whoever may connect here may read the key's file as well. */
	for (size_t i = 0; i < a->p.hash_key->len; i++)
		buf_addf(a->out, "%02x", a->p.hash_key->data[i]);
	buf_addc(a->out, '\n');
	return REPORT_OK;
}

static const struct {
	const char *word;
	act_fn fn;
} acts[] = {
	{ "backup", act_backup },
	{ "hold", act_hold },
	{ "release", act_release },
	{ "disown", act_disown },
	{ "expire", act_expire },
	{ "quota", act_quota },
};

/* ---- lines ---- */

/* Its first word, without the "json" that may stand before it. */
static const char *skip_json(const char *line)
{
	return strncmp(line, "json\t", 5) == 0 ? line + 5 : line;
}

static act_fn find(const char *line)
{
	size_t len = strcspn(line, "\t");

	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (strlen(acts[i].word) == len && memcmp(acts[i].word, line, len) == 0)
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
		return fail(a, "out of memory");
	(void)strsep(&rest, "\t");
	while ((word = strsep(&rest, "\t")) != NULL) {
		if (a->n == WORDS_MAX - 1)
			return fail(a, "too many words");
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

	line = skip_json(line);
	pool_init(&a.pool, POOL_BYTES);
	buf_init(&answer, out->max);
	a.out = &answer;
	site_parts(s, &a.p);
	status = split(&a, line);
	if (status == REPORT_OK)
		status = find(line)(&a);
	*job = a.job;
	if (a.job == NULL)
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
