/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push: what is owed to things, written when it is sent, in the thing's own
 * dialect.  Every push is a hint.  A friend message whose reason is gone by
 * then is never sent.
 */
#include "config.h"

#include <string.h>

#include "common/base/ident.h"
#include "common/wire/push.h"
#include "provisioning/floor.h"
#include "provisioning/role.h"

/* Its latest question showed it; else what it uses towards the registry.
 * False: we would have to guess. */
static bool dialect_of(const struct contact *c, struct dialect *out)
{
	static const enum proto by_preference[] = { PROTO_PROV_DEVICE, PROTO_DISCOVERY };

	for (size_t i = 0; c != NULL && i < 2; i++)
		if (c->gen[by_preference[i]] >= 0) {
			out->proto = PROTO_PROV_DEVICE;
			out->gen = (enum gen)c->gen[by_preference[i]];
			out->vocab = (enum vocab)c->vocab[by_preference[i]];
			return true;
		}
	return false;
}

static int write_floor(struct provisioning *p, const struct debt *d, struct push *push,
    const struct contact *c, struct buf *out)
{
	const struct asker *k = asker_find(p->askers, d->peer);
	struct about about;
	char id[DEBT_ID];

	if (c->full == NULL)
		return 0;		/* an iq to a bare address ends at its server */
	debt_iq_id(p->deps.debts, d, id);
	push->verb = VERB_CLEAR_CACHE;
	push->to = c->full;
	push->id = id;
	/* Who asks for no lease forgets everything. */
	about_everything(&about);
	if (k != NULL && k->keeps_lease) {
		push->floor = d->number;
		floor_about(d->text, &about);
	}
	push->n_about = about.n;
	push->about = about.one;
	return push_write(out, push) == 0 ? 1 : -1;
}

/* Does the reason for this message still hold? */
static bool is_still_friend(struct provisioning *p, const struct debt *d)
{
	struct access_facts f = provisioning_moment(p, ACTION_BEFRIEND, d->subject);
	const struct owned *t = NULL;
	struct pool pool;
	bool yes = false;

	pool_init(&pool, WIRE_REQUEST_BYTES);
	while (!yes && (t = ownership_next_of_jid(p->deps.ownership, d->peer, t)) != NULL) {
		struct access_thing at;
		struct answer a = { 0 };

		if (provisioning_thing(p, t, d->subject, &pool, &at, NULL) == 0)
			access_decide_thing(&f, &at, &(struct answer_space){ 0 }, &a);
		yes = a.verdict == VERDICT_ALLOW;
	}
	pool_fini(&pool);
	return yes;
}

static void note_over(struct provisioning *p, const struct debt *d)
{
	for (size_t i = 0; i < p->n_over; i++)
		if (p->over[i].row == d->row)
			return;
	if (p->n_over == PROVISIONING_VOID)
		return;
	p->over[p->n_over].row = d->row;
	p->over[p->n_over++].number = d->number;
	provisioning_due(p, provisioning_now(p));
}

static int write_friend(struct provisioning *p, const struct debt *d, struct push *push,
    struct buf *out)
{
	bool friend = d->kind == DEBT_FRIEND;
	char id[IDENT_TEXT];

	if (friend != is_still_friend(p, d)) {
		note_over(p, d);
		return 0;
	}
	if (ident_text(id, NULL) != 0)
		return 0;
	push->verb = friend ? VERB_FRIEND : VERB_UNFRIEND;
	push->to = d->peer;
	push->id = id;
	push->jid = d->subject;
	return push_write(out, push) == 0 ? 1 : -1;
}

int provisioning_debt_write(struct provisioning *p, const struct debt *d, struct buf *out)
{
	const struct contact *c = contact_find(p->deps.contacts, d->peer);
	struct push push = { .from = p->conf.jid };

	if (!dialect_of(c, &push.dialect))
		return 0;
	switch (d->kind) {
	case DEBT_FLOOR:
		return write_floor(p, d, &push, c, out);
	case DEBT_FRIEND:
	case DEBT_UNFRIEND:
		return write_friend(p, d, &push, out);
	default:
		return 0;
	}
}

/* Only the thing itself can say that it has heard; its server's errors say
 * that it has not. */
static bool settles(const struct request *answer)
{
	const char *condition = answer->u.answer.condition;

	return answer->u.answer.ok ||
	       (condition != NULL && strcmp(condition, "feature-not-implemented") == 0);
}

int provisioning_debt_answered(struct provisioning *p, const struct debt *d,
    const struct request *answer, struct err *e)
{
	if (d->kind != DEBT_FLOOR || !settles(answer))
		return 0;
	if (recall_heard(p, d, d->number, e) != 0 ||
	    debt_settle(p->deps.debts, d->row, d->number, e) != 0)
		return -1;
	/* A newer one may be owed already; it will be acknowledged by itself. */
	if (debt_find(p->deps.debts, DEBT_FLOOR, d->peer, "") != NULL)
		return 0;
	return lease_acknowledged(p, d->peer, e);
}
