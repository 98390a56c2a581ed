/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device: a thing asks who may befriend, read or control it.  The asker is the
 * sender and nobody else (att-P-09): whoever is no thing gets the constant
 * "false".  What nobody decided yet is asked of the owner, and the answer is
 * false meanwhile; nothing here waits.
 */
#include "config.h"

#include <string.h>

#include "provisioning/role.h"

/* One question with what was decided about it. */
struct inquiry {
	struct access_facts facts;
	struct access_outcome out;
	bool is_thing;			/* the sender is one of our things */
	bool to_be_noted;		/* somebody's answer that may change */
	size_t n_wishes;
	struct question_wish wish[ACCESS_QUESTIONS];
	enum question_plan plan[ACCESS_QUESTIONS];
};

static bool is_own_thing(const struct provisioning *p, const struct request *q, const char *jid)
{
	const struct owned *t = NULL;

	if (provisioning_account_is_gone(p, q->bare))
		return false;
	while ((t = ownership_next_of_jid(p->deps.ownership, jid, t)) != NULL)
		if (owned_by(t, q->bare))
			return true;
	return false;
}

/*
 * Friends without any rule: both roles, and, for owners who ask about what
 * writes to them, the things they own.  That we are one is true for anybody
 * and never changes: nothing to note, or a stranger's question would keep a row.
 */
static void befriend_naturally(const struct provisioning *p, const struct request *q,
    struct inquiry *n)
{
	bool is_own = is_own_thing(p, q, q->u.is_friend.jid);

	if (!is_own && strcmp(q->u.is_friend.jid, p->conf.jid) != 0)
		return;
	n->out = (struct access_outcome){ .granted = true };
	n->to_be_noted = n->to_be_noted || is_own;
}

static int plan_questions(struct provisioning *p, const struct request *q, struct inquiry *n,
    struct err *e)
{
	/* What it wants with itself is no question for anybody. */
	if (n->facts.requester != NULL && strcmp(n->facts.requester, q->bare) == 0)
		return 0;
	for (size_t i = 0; i < n->out.n_questions; i++) {
		struct question_wish *w = &n->wish[n->n_wishes];
		const struct access_thing *at = &n->facts.thing[n->out.question[i].thing];

		*w = (struct question_wish){ .thing = at->thing, .node = at->node,
			.requester = n->facts.requester, .action = n->facts.action,
			.names = n->facts.names, .types = n->facts.types,
			.n_tokens = n->facts.n_shown, .tokens = n->facts.shown,
			.touch = n->out.question[i].touch,
			.by_rule = n->out.question[i].by_rule };
		if (question_plan(p, w, q->pool, &n->plan[n->n_wishes], e) != 0)
			return -1;
		n->n_wishes += n->plan[n->n_wishes] != QUESTION_LEAVE;
	}
	return 0;
}

/* Load and decide; changes nothing. */
static int inquire(struct provisioning *p, const struct request *q, struct inquiry *n,
    struct err *e)
{
	struct err why = ERR_INIT;

	memset(n, 0, sizeof(*n));
	n->is_thing = ownership_count_of_jid(p->deps.ownership, q->bare) > 0;
	if (n->is_thing && provisioning_facts(p, q, &n->facts, &why) == 0 &&
	    (access_decide(&n->facts, q->pool, &n->out) != 0 || (!q->lease.asked &&
	    lease_foreign(q->bare, &n->facts, q->pool, &n->out) != 0)))
		err_set(&why, ERR_LIMIT, "no room for the answer");
	if (why.kind != ERR_NONE && why.kind != ERR_LIMIT) {
		*e = why;
		return -1;
	}
	/* Too much at once: false, as for what is malformed; it must ask per node. */
	if (why.kind == ERR_LIMIT)
		n->out = (struct access_outcome){ 0 };
	n->to_be_noted = n->is_thing;
	if (q->verb == VERB_IS_FRIEND && !n->out.granted && q->u.is_friend.jid != NULL)
		befriend_naturally(p, q, n);
	return plan_questions(p, q, n, e);
}

static bool must_write(const struct provisioning *p, const struct request *q,
    const struct inquiry *n)
{
	if (!n->to_be_noted)
		return false;
	return n->n_wishes > 0 || lease_is_news(p, q->bare, q->lease.asked, n->out.edge_ms) ||
	       contact_dialect_differs(p->deps.contacts, q->bare, q->dialect.proto,
		   q->dialect.gen, q->dialect.vocab);
}

static int write_notes(struct provisioning *p, const struct request *q, struct inquiry *n,
    struct err *e)
{
	if (contact_set_dialect(p->deps.contacts, q->bare, q->dialect.proto, q->dialect.gen,
		q->dialect.vocab, e) != 0 ||
	    lease_note(p, q->bare, q->lease.asked, n->out.edge_ms, e) != 0)
		return -1;
	for (size_t i = 0; i < n->n_wishes; i++) {
		/* An earlier question of this request may have changed the room. */
		if (i > 0 && question_plan(p, &n->wish[i], q->pool, &n->plan[i], e) != 0)
			return -1;
		if (n->plan[i] != QUESTION_LEAVE && question_raise(p, &n->wish[i], q->pool, e) != 0)
			return -1;
	}
	return 0;
}

static void say_lease(struct provisioning *p, const struct request *q,
    const struct inquiry *n, struct reply *r)
{
	if (!q->lease.asked)
		return;
	r->has_lease = true;
	r->revision = access_revision(p->access);
	r->lease_ms = lease_for(p, n->facts.action, n->out.granted ? n->out.lease_ms : 0,
	    n->out.edge_ms);
	if (n->out.edge_ms > provisioning_now(p))
		r->edge_ms = n->out.edge_ms - provisioning_now(p);
	lease_given(p, q->bare, r->lease_ms);
}

/* Why not, to a thing of ours, which tells whoever asked it. */
static void say_reason(const struct provisioning *p, const struct inquiry *n, struct reply *r)
{
	r->reason = access_reason_name(n->out.reason);
	r->ask_whom = n->out.ask_whom;
	if (n->out.retry_ms > provisioning_now(p))
		r->retry_after_ms = n->out.retry_ms - provisioning_now(p);
}

/* XEP-0324, "Delegating Secondary Trust": as the operator has set it. */
static bool may_delegate(const struct provisioning *p, const char *thing)
{
	return p->conf.secondary_all || provisioning_lists(p->conf.secondary, thing);
}

/* What was asked for is said back, since an absent list means everything. */
static void say(struct provisioning *p, const struct request *q, const struct inquiry *n,
    struct reply *r)
{
	bool is_friend = q->verb == VERB_IS_FRIEND;

	r->kind = REPLY_RESULT;
	r->body = is_friend ? BODY_IS_FRIEND :
	    q->verb == VERB_CAN_READ ? BODY_CAN_READ : BODY_CAN_CONTROL;
	r->u.can.jid = is_friend ? q->u.is_friend.jid : q->u.can.jid;
	r->u.can.result = n->out.granted;
	r->u.can.secondary_trust = is_friend && n->is_thing && may_delegate(p, q->bare);
	if (!is_friend)
		r->u.can.types = n->out.granted ? n->out.types : q->u.can.types;
	if (!is_friend && n->out.granted) {
		r->u.can.nodes = n->out.nodes;
		r->u.can.names = n->out.names;
		r->u.can.n_limits = n->out.n_limits;
		r->u.can.limit = n->out.limits;
	}
	say_lease(p, q, n, r);
	if (!n->out.granted && q->lease.asked)
		say_reason(p, n, r);
}

int device_serve(struct provisioning *p, const struct request *q, struct reply *r, struct err *e)
{
	struct inquiry n;
	bool writes;

	if (inquire(p, q, &n, e) != 0)
		return -1;
	if (n.facts.tokens_wait && n.is_thing) {
		int decided = challenge_needed(p, q, &n.facts, r, e);

		if (decided != CHALLENGE_DECIDE)
			return decided;
	}
	writes = must_write(p, q, &n);
	if (writes && !store_in_transaction(p->deps.store))
		return PROVISIONING_WRITES;
	if (n.facts.now_ms > p->latest_ms)
		p->latest_ms = n.facts.now_ms;
	if (writes && write_notes(p, q, &n, e) != 0)
		return -1;
	if (n.out.held_back)
		lease_wait(p, q->bare);
	if (n.is_thing)
		provisioning_note_decision(p, &n.facts, &n.out);
	++*(n.out.granted ? p->count.allowed : p->count.refused);
	if (!n.to_be_noted)
		++*p->count.strangers;
	say(p, q, &n, r);
	return 0;
}
