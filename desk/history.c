/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history: what happened to somebody's things, a page of it from the audit
 * log.  Its words are in talk_history.c.
 */
#include "config.h"

#include "desk/role.h"

struct collect {
	struct desk *d;
	const struct request *q;
	struct history_line *line;
	size_t n;
	bool failed;
};

static const char *copy(struct collect *c, const char *s)
{
	const char *kept = s == NULL ? NULL : pool_strdup(c->q->pool, s);

	c->failed = c->failed || (s != NULL && kept == NULL);
	return kept;
}

static const char *label(struct collect *c, const struct audit_row *row)
{
	const struct owned *t = row->has_thing ?
	    ownership_by_id(c->d->d.ownership, row->thing) : NULL;

	if (t == NULL)
		return NULL;
	return copy(c, t->name != NULL && owned_by(t, c->q->bare) ? t->name :
	    t->node != NULL ? t->node : t->jid);
}

static void collect(void *arg, const struct audit_row *row)
{
	struct collect *c = arg;
	struct history_line *l = &c->line[c->n];

	if (c->n == PHRASE_PAGE)
		return;
	*l = (struct history_line){ .at_ms = row->at_ms, .since_ms = row->since_ms,
		.count = row->count, .what = (int)row->event.what, .thing = label(c, row),
		.actor = copy(c, row->event.actor), .object = copy(c, row->event.object),
		.detail = copy(c, row->event.detail) };
	c->n++;
}

int history_serve(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	struct collect c = { .d = d, .q = q,
		.line = pool_alloc(q->pool, PHRASE_PAGE * sizeof(*c.line)) };
	int64_t offset = q->u.desk.offset > 0 ? q->u.desk.offset : 0;

	if (d->d.audit == NULL) {
		reply_error(r, COND_SERVICE_UNAVAILABLE);
		return 0;
	}
	if (c.line == NULL)
		return err_set(e, ERR_LIMIT, "the message is too long");
	if (audit_history(d->d.audit, q->u.desk.thing_id, q->bare, offset, PHRASE_PAGE,
		&r->u.history.more, collect, &c, e) < 0)
		return -1;
	if (c.failed)
		return err_set(e, ERR_LIMIT, "the message is too long");
	r->kind = REPLY_RESULT;
	r->body = BODY_HISTORY;
	r->u.history.n = c.n;
	r->u.history.line = c.line;
	return 0;
}
