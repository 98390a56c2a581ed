/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asking: fills the requests of common/wire and narrows the answers to what
 * was asked.  What an answer is worth and for how long: access.c, decisions.c.
 */
#include "config.h"

#include "thing/asking.h"

#include <string.h>

#include "common/base/str.h"
#include "common/wire/reply.h"
#include "common/wire/stanza.h"

/* Generation X speaks the long words, all later ones the short. */
static struct dialect dialect_of(enum proto proto, const struct standing_service *to)
{
	return (struct dialect){ .proto = proto, .gen = to->gen,
		.vocab = to->gen == GEN_X ? VOCAB_LONG : VOCAB_SHORT };
}

/* ---- registration ------------------------------------------------------- */

int asking_register(struct session *s, const struct standing_service *to,
    const struct node *node, const struct tag_list *tags, const struct thing_self *self, session_answer_fn *answer,
    void *arg)
{
	struct request q = {
		.verb = VERB_REGISTER,
		.dialect = dialect_of(PROTO_DISCOVERY, to),
		.to = to->jid,
	};

	q.u.reg.node = *node;
	q.u.reg.tags = *tags;
	if (to->self)
		q.u.reg.self = *self;
	return session_ask(s, &q, answer, arg);
}

int asking_unregister(struct session *s, const struct standing_service *to,
    const struct node *node, session_answer_fn *answer, void *arg)
{
	struct request q = {
		.verb = VERB_UNREGISTER,
		.dialect = dialect_of(PROTO_DISCOVERY, to),
		.to = to->jid,
	};

	q.u.address.node = *node;
	return session_ask(s, &q, answer, arg);
}

bool asking_unregistered(const struct stanza *answer)
{
	struct pool pool;
	struct reply r;
	bool yes;

	pool_init(&pool, WIRE_REQUEST_BYTES);
	yes = answer && reply_parse(&r, answer, JID_STRINGPREP, &pool) == 0 &&
	    (r.kind == REPLY_RESULT ||
	    (r.kind == REPLY_ERROR && r.condition == COND_ITEM_NOT_FOUND));
	pool_fini(&pool);
	return yes;
}

static void read_claimed(const struct reply *r, struct asking_registered *out)
{
	if (!r->u.claimed.jid || str_copy(out->owner, sizeof(out->owner), r->u.claimed.jid) < 0)
		return;		/* claimed by nobody: cannot tell */
	out->standing = ASKING_CLAIMED;
	out->is_public = r->u.claimed.is_public;
}

static void read_self(const struct reply *r, struct asking_registered *out)
{
	out->time_ms = r->self.time_ms;
	out->epoch = r->self.epoch;
	if (r->self.nonce && str_copy(out->nonce, sizeof(out->nonce), r->self.nonce) < 0)
		out->nonce[0] = '\0';
}

void asking_register_read(const struct stanza *answer, struct asking_registered *out)
{
	struct pool pool;
	struct reply r;

	memset(out, 0, sizeof(*out));
	out->standing = ASKING_FAILED;
	out->condition = "no answer";
	if (!answer)
		return;
	pool_init(&pool, WIRE_REQUEST_BYTES);
	out->condition = "not understood";
	if (reply_parse(&r, answer, JID_STRINGPREP, &pool) == 0) {
		read_self(&r, out);
		if (r.kind == REPLY_ERROR)
			out->condition = condition_name(r.condition);
		else if (r.body == BODY_CLAIMED)
			read_claimed(&r, out);
		else if (r.body == BODY_DISOWNED)
			out->standing = ASKING_DISOWNED;
		else if (r.body == BODY_EMPTY)
			out->standing = ASKING_UNCLAIMED;
	}
	pool_fini(&pool);
}

/* ---- decisions ---------------------------------------------------------- */

static const struct { enum verb verb; enum body body; } kinds[] = {
	[DECIDE_FRIEND] = { VERB_IS_FRIEND, BODY_IS_FRIEND },
	[DECIDE_READ] = { VERB_CAN_READ, BODY_CAN_READ },
	[DECIDE_CONTROL] = { VERB_CAN_CONTROL, BODY_CAN_CONTROL },
};

int asking_decision(struct session *s, const struct standing_service *to,
    const struct decision_question *q, uint64_t floor, session_answer_fn *answer, void *arg)
{
	struct request r = {
		.verb = kinds[q->action].verb,
		.dialect = dialect_of(PROTO_PROV_DEVICE, to),
		.to = to->jid,
		.lease = { .asked = to->leases, .floor = floor,
			.keeps_limits = to->leases },
	};

	if (q->action == DECIDE_FRIEND) {
		r.u.is_friend.jid = r.u.is_friend.asked = q->jid;
	} else {
		r.u.can.jid = r.u.can.asked = q->jid;
		r.u.can.tokens = q->tokens;
		r.u.can.types = q->types;
		r.u.can.nodes = q->nodes;
		r.u.can.names = q->names;
	}
	return session_ask(s, &r, answer, arg);
}

static bool name_was_asked(const struct name_list *asked, const char *name)
{
	for (size_t i = 0; i < asked->n; i++)
		if (str_case_eq(asked->name[i], name))
			return true;
	return asked->n == 0;
}

static bool is_left_out(const char *asked, const char *have)
{
	return !asked || (have && strcmp(asked, have) == 0);
}

/* An id alone asks about all nodes of that id (XEP-0324, large subsystems). */
static bool node_is_meant(const struct node *asked, const struct node *node)
{
	if (node_equal(asked, node))
		return true;
	return asked->id && node->id && strcmp(asked->id, node->id) == 0 &&
	    is_left_out(asked->source, node->source) &&
	    is_left_out(asked->partition, node->partition);
}

static bool node_was_asked(const struct node_list *asked, const struct node *node)
{
	for (size_t i = 0; i < asked->n; i++)
		if (node_is_meant(&asked->node[i], node))
			return true;
	return asked->n == 0;
}

/* Keeps what was asked for.  A list that names only other things grants
 * nothing at all: once empty it would mean "everything". */
static bool narrow(const struct decision_question *q, struct decision *d)
{
	size_t names = d->names.n, nodes = d->nodes.n, kept = 0;

	for (size_t i = 0; i < names; i++)
		if (name_was_asked(&q->names, d->names.name[i]))
			d->names.name[kept++] = d->names.name[i];
	d->names.n = kept;
	kept = 0;
	for (size_t i = 0; i < nodes; i++)
		if (node_was_asked(&q->nodes, &d->nodes.node[i]))
			d->nodes.node[kept++] = d->nodes.node[i];
	d->nodes.n = kept;
	return (!names || d->names.n) && (!nodes || d->nodes.n);
}

/* No flag at all means "as asked"; flags never add to what was asked. */
static unsigned narrow_types(const struct decision_question *q, unsigned types)
{
	return types ? types & q->types : q->types;
}

int asking_decision_read(const struct stanza *answer, const struct decision_question *q,
    struct pool *pool, struct decision *out)
{
	struct decision d;
	struct reply r;

	memset(&d, 0, sizeof(d));
	if (!answer || reply_parse(&r, answer, JID_STRINGPREP, pool) < 0 ||
	    r.kind != REPLY_RESULT || r.body != kinds[q->action].body)
		return -1;
	/* An answer about somebody else is no answer. */
	if (!r.u.can.jid || strcmp(r.u.can.jid, q->jid) != 0)
		return -1;
	d.allowed = r.u.can.result;
	d.has_lease = r.has_lease;
	d.revision = r.revision;
	d.lease_ms = r.lease_ms;
	d.edge_ms = r.edge_ms;
	d.delegates = q->action == DECIDE_FRIEND && r.u.can.secondary_trust;
	d.why = (struct denied){ r.reason, r.retry_after_ms, r.ask_whom };
	if (q->action != DECIDE_FRIEND) {
		d.n_limits = r.u.can.n_limits;
		d.limit = r.u.can.limit;
		d.nodes = r.u.can.nodes;
		d.names = r.u.can.names;
		d.allowed = d.allowed && narrow(q, &d);
	}
	if (q->action == DECIDE_READ) {
		d.types = narrow_types(q, r.u.can.types);
		d.allowed = d.allowed && d.types;
	}
	*out = d;
	return 0;
}
