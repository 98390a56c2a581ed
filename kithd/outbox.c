/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outbox: one row per kind of debt says who writes it.  It never decides
 * whether something is owed: that is in the store.
 */
#include "config.h"

#include "kithd/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/pool.h"
#include "common/store/store.h"
#include "common/wire/limits.h"
#include "common/wire/push.h"
#include "desk/desk.h"
#include "provisioning/serve.h"
#include "registry/serve.h"

#define HANDED_MAX 64		/* chat lines waiting for one ping */
#define CHAT_BYTES (16 * 1024)	/* of one line we send */
#define GROUP_MAX 20		/* notices in one message */
#define QUESTIONS_MAX 60	/* the same of questions; most of them are only counted */
#define LOOK_AHEAD 256		/* debts looked at to find them */
#define PAY_MAX 64		/* written by one turn; the rest by the next, which follows at once */

struct handed {
	int64_t row;
	uint64_t number;
};

struct outbox {
	struct outbox_deps d;
	struct pool pool;
	struct buf text;
	/* Lines written since the last ping, and those the ping under way covers. */
	struct handed fresh[HANDED_MAX], pinged[HANDED_MAX];
	size_t n_fresh, n_pinged;
	struct handed over[HANDED_MAX];	/* questions answered meanwhile: drop them */
	size_t n_over;
	char ping_id[IDENT_TEXT];
	uint64_t *paid, *chats;
};

/* As the roles say it, and one more. */
#define PAY_FULL (-1)
#define PAY_NOT_NOW 0		/* at the peer's next sign of life */
#define PAY_WRITTEN 1
#define PAY_SOON 2		/* its ping is under way: look again at the next try */
typedef int (*pay_fn)(struct outbox *o, const struct debt *t, struct buf *out);

static int pay_registry(struct outbox *o, const struct debt *t, struct buf *out)
{
	return registry_debt_write(o->d.registry, t, out);
}

static int pay_provisioning(struct outbox *o, const struct debt *t, struct buf *out)
{
	return o->d.provisioning == NULL ? 0 : provisioning_debt_write(o->d.provisioning, t, out);
}

static bool is_handed(const struct handed *h, size_t n, const struct debt *t)
{
	for (size_t i = 0; i < n; i++)
		if (h[i].row == t->row && h[i].number == t->number)
			return true;
	return false;
}

/* A message is never repeated while the ping behind it is under way. */
static bool chat_must_wait(const struct outbox *o, const struct debt *t)
{
	return o->n_fresh == HANDED_MAX || is_handed(o->fresh, o->n_fresh, t) ||
	    is_handed(o->pinged, o->n_pinged, t);
}

/* Settled when the ping behind it has come back. */
static void note_handed(struct outbox *o, const struct debt *t)
{
	o->fresh[o->n_fresh].row = t->row;
	o->fresh[o->n_fresh].number = t->number;
	o->n_fresh++;
}

/* friend and unfriend are messages: nobody answers them. */
static int pay_friend(struct outbox *o, const struct debt *t, struct buf *out)
{
	int paid = chat_must_wait(o, t) ? PAY_SOON : pay_provisioning(o, t, out);

	if (paid == PAY_WRITTEN)
		note_handed(o, t);
	return paid;
}

static int say(struct outbox *o, const struct debt *t, struct buf *out)
{
	char id[IDENT_TEXT];

	if (!buf_ok(&o->text) || ident_text(id, NULL) != 0 ||
	    chat_write(out, o->d.desk_jid, t->peer, id, NULL, buf_str(&o->text)) != 0)
		return PAY_FULL;
	note_handed(o, t);
	++*o->chats;
	return PAY_WRITTEN;
}

/*
 * What else is due now to the same person: said in the same message.  Those are
 * handed over with it, so the walk over what is due passes them by.
 */
static const struct debt *next_of_peer(const struct outbox *o, const struct debt *t,
    const struct debt *after, size_t *looked)
{
	const struct debt *d = after;

	while (*looked < LOOK_AHEAD && (d = debt_next_due(o->d.debts, d)) != NULL) {
		++*looked;
		if (d->kind == t->kind && strcmp(d->peer, t->peer) == 0 && !chat_must_wait(o, d))
			return d;
	}
	return NULL;
}

static size_t group_of(const struct outbox *o, const struct debt *t,
    const struct debt *group[static GROUP_MAX])
{
	size_t n = 0, looked = 0;

	for (const struct debt *d = t; d != NULL && n < GROUP_MAX &&
	    o->n_fresh + n < HANDED_MAX; d = next_of_peer(o, t, d, &looked))
		group[n++] = d;
	return n;
}

static int say_group(struct outbox *o, const struct debt *const *group, size_t n,
    struct buf *out)
{
	int said = say(o, group[0], out);

	for (size_t i = 1; said == PAY_WRITTEN && i < n; i++)
		note_handed(o, group[i]);
	return said;
}

static int pay_notice(struct outbox *o, const struct debt *t, struct buf *out)
{
	const struct debt *group[GROUP_MAX];
	int64_t oldest = t->since_ms;
	size_t n;

	if (chat_must_wait(o, t))
		return PAY_SOON;
	n = group_of(o, t, group);
	for (size_t i = 0; i < n; i++)
		oldest = group[i]->since_ms < oldest ? group[i]->since_ms : oldest;
	if (!desk_may_notify(o->d.desk, t->peer, oldest))
		return PAY_NOT_NOW;
	buf_reset(&o->text);
	for (size_t i = 0; i < n; i++) {
		if (o->text.len > CHAT_BYTES / 2) {
			n = i;
			break;
		}
		buf_adds(&o->text, i > 0 ? "\n\n" : "");
		desk_notice_text(o->d.desk, &o->text, t->peer,
		    group[i]->text != NULL ? group[i]->text : "");
	}
	return say_group(o, group, n, out);
}

/* Settle a list in a transaction of its own. */
static int settle(struct outbox *o, const struct handed *h, size_t n)
{
	struct err e = ERR_INIT;

	if (store_begin(o->d.store, &e) != 0)
		goto fail;
	for (size_t i = 0; i < n; i++)
		if (debt_settle(o->d.debts, h[i].row, h[i].number, &e) != 0)
			goto fail;
	if (store_commit(o->d.store, &e) == 0)
		return 0;
fail:
	store_rollback(o->d.store);
	log_error("cannot settle what was handed over: %s", e.text);
	return -1;
}

/* Owners seen using the owner protocol get the data message as well. */
static int write_question_data(struct outbox *o, const struct owner_question *q, struct buf *out)
{
	static const enum verb verbs[] = { VERB_IS_FRIEND, VERB_CAN_READ, VERB_CAN_CONTROL };
	struct push_question p = { 0 };
	struct node node = q->node;
	char id[IDENT_TEXT];

	if (!q->owner_speaks_iq || q->action < 0 || q->action > 2 || ident_text(id, NULL) != 0)
		return 0;
	p.verb = verbs[q->action];
	p.gen = q->gen;
	p.from = o->d.jid;
	p.to = q->owner;
	p.id = id;
	p.jid = q->thing_jid;
	p.remote = q->requester;
	p.key = q->key;
	p.types = q->types;
	p.nodes = (struct node_list){ node_is_set(&q->node), &node };
	p.names = q->names;
	p.tokens = q->tokens;
	return push_question_write(out, &p);
}

/* Which of them are still open; those that are over are dropped.  -1: cannot tell. */
static int open_questions(struct outbox *o, const struct debt **group, size_t *n,
    struct owner_question *q)
{
	struct err e = ERR_INIT;
	size_t kept = 0;

	pool_reset(&o->pool);
	for (size_t i = 0; i < *n; i++) {
		const struct debt *t = group[i];
		int found = provisioning_question(o->d.provisioning, t->subject, &o->pool,
		    &q[kept], &e);

		if (found == 0 && o->n_over < HANDED_MAX) {
			o->over[o->n_over].row = t->row;
			o->over[o->n_over++].number = t->number;
		}
		/* No room for more in one message: the rest comes in the next. */
		if (found < 0 && kept > 0)
			break;
		if (found < 0) {
			log_error("cannot ask '%s': %s", t->peer, e.text);
			return -1;
		}
		if (found == 1)
			group[kept++] = t;
	}
	*n = kept;
	return 0;
}

/*
 * Everything that he has not been told yet, also what would be due later: so
 * that he gets one message, however long he was away.
 */
static size_t questions_of(const struct outbox *o, const struct debt *t,
    const struct debt *group[static QUESTIONS_MAX])
{
	const char *key[QUESTIONS_MAX];
	size_t all = provisioning_questions_of(o->d.provisioning, t->peer, key, QUESTIONS_MAX);
	size_t n = 0;

	group[n++] = t;
	for (size_t i = 0; i < all && n < QUESTIONS_MAX && o->n_fresh + n < HANDED_MAX; i++) {
		const struct debt *d = debt_find(o->d.debts, DEBT_QUESTION, t->peer, key[i]);

		if (d != NULL && d != t && !chat_must_wait(o, d))
			group[n++] = d;
	}
	return n;
}

static int oldest_first(const void *a, const void *b)
{
	const struct owner_question *x = a, *y = b;

	return x->asked_ms < y->asked_ms ? -1 : x->asked_ms > y->asked_ms;
}

static int pay_question(struct outbox *o, const struct debt *t, struct buf *out)
{
	const struct debt *group[QUESTIONS_MAX];
	struct owner_question q[QUESTIONS_MAX];
	size_t start = out->len, fresh = o->n_fresh, n;
	int said;

	if (o->d.provisioning == NULL)
		return PAY_NOT_NOW;
	if (chat_must_wait(o, t))
		return PAY_SOON;
	if (!desk_may_prompt(o->d.desk, t->peer))
		return PAY_NOT_NOW;
	n = questions_of(o, t, group);
	if (open_questions(o, group, &n, q) != 0 || n == 0 || group[0] != t)
		return PAY_NOT_NOW;
	qsort(q, n, sizeof(*q), oldest_first);
	buf_reset(&o->text);
	desk_question_text(o->d.desk, &o->text, q, n);
	said = say_group(o, group, n, out);
	for (size_t i = 0; said == PAY_WRITTEN && i < n; i++)
		if (write_question_data(o, &q[i], out) != 0)
			said = PAY_FULL;
	if (said != PAY_WRITTEN) {
		buf_truncate(out, start);
		o->n_fresh = fresh;
		return said;
	}
	desk_prompted(o->d.desk, t->peer);
	return said;
}

static const pay_fn payers[DEBT_COUNT] = {
	[DEBT_OWNER] = pay_registry,
	[DEBT_SUBSCRIBE] = pay_registry,
	[DEBT_WITNESS] = pay_registry,
	[DEBT_FLOOR] = pay_provisioning,
	[DEBT_FRIEND] = pay_friend,
	[DEBT_UNFRIEND] = pay_friend,
	[DEBT_QUESTION] = pay_question,
	[DEBT_NOTICE] = pay_notice,
};

/* One ping at a time; what is written while it is under way waits for the next. */
static void ping(struct outbox *o, struct buf *out)
{
	if (o->n_fresh == 0 || o->n_pinged > 0)
		return;
	if (ident_text(o->ping_id, NULL) != 0 ||
	    ping_write(out, o->d.jid, o->d.jid, o->ping_id) != 0)
		return;
	memcpy(o->pinged, o->fresh, sizeof(o->fresh[0]) * o->n_fresh);
	o->n_pinged = o->n_fresh;
	o->n_fresh = 0;
}

/* Walks what is due; the table of debts is not changed meanwhile. */
static void pay_due(struct outbox *o, struct buf *out, size_t room)
{
	const struct debt *t, *next;
	size_t n = 0;

	for (t = debt_next_due(o->d.debts, NULL); t != NULL && n < PAY_MAX; t = next, n++) {
		int paid;

		if (out->max - out->len < room)
			return;
		next = debt_next_due(o->d.debts, t);
		paid = payers[t->kind](o, t, out);
		if (paid == PAY_FULL)
			return;
		if (paid == PAY_NOT_NOW)
			debt_put_off(o->d.debts, t->row);
		else
			debt_sent(o->d.debts, t->row);
		*o->paid += paid == PAY_WRITTEN;
	}
}

void outbox_pay(struct outbox *o, struct buf *out, size_t room)
{
	o->n_over = 0;
	pay_due(o, out, room);
	ping(o, out);
	if (o->n_over > 0)
		settle(o, o->over, o->n_over);
}

bool outbox_heard(struct outbox *o, const char *id)
{
	if (o->n_pinged == 0 || id == NULL || strcmp(id, o->ping_id) != 0)
		return false;
	/* If that fails they are said again at their next try: better twice than never. */
	settle(o, o->pinged, o->n_pinged);
	o->n_pinged = 0;
	return true;
}

void outbox_down(struct outbox *o)
{
	o->n_fresh = o->n_pinged = 0;
	desk_gap(o->d.desk);
}

int outbox_open(struct outbox **out, const struct outbox_deps *deps, struct err *e)
{
	struct outbox *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	o->d = *deps;
	pool_init(&o->pool, WIRE_REQUEST_BYTES);
	buf_init(&o->text, CHAT_BYTES);
	o->paid = stats_slot(deps->stats, "outbox_paid", "pushes and messages written");
	o->chats = stats_slot(deps->stats, "outbox_chats", "chat lines written unasked");
	*out = o;
	return 0;
}

void outbox_close(struct outbox **o)
{
	if (*o == NULL)
		return;
	pool_fini(&(*o)->pool);
	buf_fini(&(*o)->text);
	free(*o);
	*o = NULL;
}
