/* SPDX-License-Identifier: Apache-2.0 */
/*
 * presence: the component's handshake with things and owners (RFC 6121).
 * It answers `subscribe` with its own `subscribe`, then
 * `subscribed`, and shows no presence: some clients take the next stanza for
 * the answer they wait for.  The desk's presence is in desk/.
 */
#include "config.h"

#include <string.h>

#include "common/wire/push.h"
#include "registry/role.h"

struct meeting {
	struct registry *g;
	const struct request *q;
	struct buf *out;
};

static int say(const struct meeting *m, const char *type)
{
	/* A lost presence is asked for again; the turn need not fail. */
	(void)presence_write(m->out, m->g->conf.jid, m->q->bare, type, NULL);
	return 0;
}

/*
 * A row for everybody who subscribes would let one server with many addresses
 * take all the rows there are, and none would be left for things (att-R-02).
 */
static bool is_stranger_too_many(const struct meeting *m)
{
	const struct registry_deps *d = &m->g->deps;

	return (int64_t)contact_count(d->contacts) >= m->g->conf.max_strangers &&
	    ownership_count_of_jid(d->ownership, m->q->bare) == 0 &&
	    ownership_count_of_owner(d->ownership, m->q->bare) == 0;
}

/* Too many contacts is no failure of the store: this one is not remembered. */
static int remember(const struct meeting *m, enum contact_sub to_us, enum contact_sub from_us,
    struct err *e)
{
	struct err limit = ERR_INIT;

	if (is_stranger_too_many(m))
		return 0;
	if (contact_set_sub(m->g->deps.contacts, m->q->bare, to_us, from_us, &limit) == 0 ||
	    limit.kind == ERR_LIMIT)
		return 0;
	if (e != NULL)
		*e = limit;
	return -1;
}

static enum contact_sub to_us(const struct meeting *m)
{
	const struct contact *c = contact_find(m->g->deps.contacts, m->q->bare);

	return c != NULL ? c->to_us : SUB_NONE;
}

static enum contact_sub from_us(const struct meeting *m)
{
	const struct contact *c = contact_find(m->g->deps.contacts, m->q->bare);

	return c != NULL ? c->from_us : SUB_NONE;
}

/* ---- the component ---- */

static int on_subscribe(const struct meeting *m, struct err *e)
{
	enum contact_sub back = from_us(m);

	if (back == SUB_NONE) {
		say(m, "subscribe");
		back = SUB_ASKED;
	}
	say(m, "subscribed");
	return remember(m, SUB_YES, back, e);
}

static int on_subscribed(const struct meeting *m, struct err *e)
{
	if (debt_cancel(m->g->deps.debts, DEBT_SUBSCRIBE, m->q->bare, "", e) == -1)
		return -1;
	return remember(m, to_us(m), SUB_YES, e);
}

static int on_unsubscribe(const struct meeting *m, struct err *e)
{
	if (to_us(m) == SUB_NONE)
		return 0;
	return remember(m, SUB_NONE, from_us(m), e);
}

/* Asked again at its next sign of life (registry_ask_presence). */
static int on_unsubscribed(const struct meeting *m, struct err *e)
{
	size_t bare = strlen(m->q->bare);

	contact_presence(m->g->deps.contacts, m->q->from, bare, false);
	if (debt_cancel(m->g->deps.debts, DEBT_SUBSCRIBE, m->q->bare, "", e) == -1)
		return -1;
	if (from_us(m) == SUB_NONE)
		return 0;
	return remember(m, to_us(m), SUB_NONE, e);
}

/* Available presence reaches us only through a subscription. */
static int on_available(const struct meeting *m, struct err *e)
{
	const struct contact *c = contact_find(m->g->deps.contacts, m->q->bare);

	/* The same session shows itself again for many reasons. */
	if (c == NULL || !c->online || c->full == NULL || strcmp(c->full, m->q->from) != 0)
		registry_session_began(m->g, m->q->bare);
	contact_presence(m->g->deps.contacts, m->q->from, strlen(m->q->bare), true);
	debt_wake(m->g->deps.debts, m->q->bare);
	return from_us(m) == SUB_ASKED ? on_subscribed(m, e) : 0;
}

static int on_unavailable(const struct meeting *m, struct err *e)
{
	(void)e;
	contact_presence(m->g->deps.contacts, m->q->from, strlen(m->q->bare), false);
	return 0;
}

static int on_probe(const struct meeting *m, struct err *e)
{
	(void)e;
	if (m->g->conf.answer_probes && to_us(m) == SUB_YES)
		say(m, NULL);
	return 0;
}

typedef int (*presence_fn)(const struct meeting *m, struct err *e);

static const presence_fn rows[] = {
	[PRESENCE_AVAILABLE] = on_available,
	[PRESENCE_UNAVAILABLE] = on_unavailable,
	[PRESENCE_SUBSCRIBE] = on_subscribe,
	[PRESENCE_SUBSCRIBED] = on_subscribed,
	[PRESENCE_UNSUBSCRIBE] = on_unsubscribe,
	[PRESENCE_UNSUBSCRIBED] = on_unsubscribed,
	[PRESENCE_PROBE] = on_probe,
	[PRESENCE_ERROR] = on_unavailable,
};

int registry_presence(struct registry *g, const struct request *q, struct buf *out, struct err *e)
{
	struct meeting m = { g, q, out };
	enum presence_type type = q->u.presence.type;

	if ((unsigned)type > PRESENCE_ERROR || !jid_text_same_bare(q->to, g->conf.jid) ||
	    strcmp(q->bare, g->conf.jid) == 0)
		return 0;
	return rows[type](&m, e);
}

int registry_probe(struct registry *g, size_t *cursor, size_t max, struct buf *out)
{
	size_t n = contact_count(g->deps.contacts);

	if (*cursor == 0)
		registry_sessions_unknown(g);
	for (; *cursor < n && max > 0; ++*cursor) {
		const struct contact *c = contact_at(g->deps.contacts, *cursor);

		if (c->from_us != SUB_YES)
			continue;
		if (presence_write(out, g->conf.jid, c->jid, "probe", NULL) == -1)
			return -1;
		max--;
	}
	return *cursor < n;
}
