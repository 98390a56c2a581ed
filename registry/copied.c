/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copied: a thing says that its identity is in use by another device as well, or is
 * no more (urn:kith:twin:0).  It is believed only so far as to be told: to the
 * operator, and in the history of the thing.  What becomes of it, the owner does:
 * docs/OWNERS.md.
 */
#include "config.h"

#include <string.h>

#include "common/base/log.h"
#include "registry/role.h"

#define ROWS 8				/* of its history that are looked at */
#define HOUR_MS INT64_C(3600000)

struct look {
	int64_t n, said;		/* rows, and how many of them say such things */
	int64_t oldest_ms;		/* of those */
	enum audit_what last;		/* the newest of those; 0: none */
};

static void look_at(void *arg, const struct audit_row *row)
{
	struct look *l = arg;

	l->n++;
	if (row->event.what != AUDIT_COPIED && row->event.what != AUDIT_ALONE)
		return;
	if (l->said++ == 0)
		l->last = row->event.what;
	l->oldest_ms = row->at_ms;
}

/* It says so at each login, and both of them do: once is enough.  Nor does who
 * changes his mind all the time fill the record of what happened. */
static bool is_news(struct registry *g, const struct owned *t, enum audit_what what,
    struct err *e)
{
	struct look l = { 0 };
	bool more;

	if (g->deps.audit != NULL && audit_history(g->deps.audit, t->id, NULL, 0, ROWS, &more,
	    look_at, &l, e) == -1)
		return false;
	if (l.last == what || (l.last == 0 && what == AUDIT_ALONE))
		return false;
	return l.said < ROWS || clock_wall(g->deps.clock) - l.oldest_ms >= HOUR_MS;
}

int registry_copied(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	static const struct node itself;
	const struct owned *t = registry_address(g, q->bare, &itself);
	enum audit_what what = q->u.copied ? AUDIT_COPIED : AUDIT_ALONE;

	if (t == NULL) {
		reply_error(r, COND_ITEM_NOT_FOUND);
		return 0;
	}
	r->kind = REPLY_RESULT;
	r->body = BODY_EMPTY;
	if (!is_news(g, t, what, e))
		return e->kind == ERR_NONE ? 0 : -1;
	if (q->u.copied) {
		++*g->count.copied;
		log_warn("'%s' says that another device uses its identity: its disk was copied", t->jid);
	} else {
		log_info("'%s' says that no other device uses its identity any more", t->jid);
	}
	return registry_note(g, what, t, q->bare, NULL, NULL, e);
}
