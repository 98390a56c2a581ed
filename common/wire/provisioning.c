/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provisioning: XEP-0324, device side.  An address that is none is still a
 * question: its answer is "no", since things keep errors for months.
 */
#include "config.h"

#include "common/wire/provisioning.h"

#include "common/wire/lease.h"
#include "common/wire/stanza.h"

int
provisioning_is_friend_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	return parse_jid_soft(p, el, "jid", &q->u.is_friend.jid, &q->u.is_friend.asked);
}

void
provisioning_is_friend_write(struct xml *x, const struct request *q)
{
	xml_attr(x, "jid", q->u.is_friend.jid);
}

int
provisioning_can_read_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	struct request_can *c = &q->u.can;

	if (parse_jid_soft(p, el, "jid", &c->jid, &c->asked) < 0 ||
	    parse_tokens(p, el, &c->tokens) < 0 ||
	    parse_types(p, el, &c->types, &c->history) < 0 ||
	    parse_nodes(p, el, &c->nodes) < 0)
		return -1;
	return parse_fields(p, el, &c->names);
}

void
provisioning_can_read_write(struct xml *x, const struct request *q)
{
	const struct request_can *c = &q->u.can;

	xml_attr(x, "jid", c->jid);
	emit_tokens(x, q->dialect.vocab, &c->tokens);
	emit_types(x, q->dialect.vocab, c->types, c->history);
	emit_nodes(x, q->dialect.vocab, &c->nodes);
	emit_fields(x, q->dialect.vocab, &c->names);
}

int
provisioning_can_control_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	struct request_can *c = &q->u.can;

	if (parse_jid_soft(p, el, "jid", &c->jid, &c->asked) < 0 ||
	    parse_tokens(p, el, &c->tokens) < 0 ||
	    parse_nodes(p, el, &c->nodes) < 0)
		return -1;
	return parse_parameters(p, el, &c->names);
}

/* Devices of all generations ask with <parameter name/>. */
void
provisioning_can_control_write(struct xml *x, const struct request *q)
{
	const struct request_can *c = &q->u.can;

	xml_attr(x, "jid", c->jid);
	emit_tokens(x, q->dialect.vocab, &c->tokens);
	emit_nodes(x, q->dialect.vocab, &c->nodes);
	emit_parameters(x, GEN_X, &c->names);
}

/* The floor is in our own <lease/>, which route.c has read already. */
int
provisioning_clear_cache_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	q->u.push.floor = q->lease.floor;
	if (lease_about_parse(p, el, &q->u.push) < 0)
		return -1;
	return parse_node(p, el, &q->u.push.node);
}

void
provisioning_clear_cache_write(struct xml *x, const struct request *q)
{
	emit_node(x, q->dialect.vocab, &q->u.push.node);
}

int
provisioning_friend_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	return parse_jid(p, el, "jid", true, &q->u.push.jid);
}

void
provisioning_friend_write(struct xml *x, const struct request *q)
{
	xml_attr(x, "jid", q->u.push.jid);
}

static int
decision_parse(struct parse *p, const struct stanza *el, struct reply *r)
{
	bool has;

	if (parse_jid(p, el, "jid", true, &r->u.can.jid) < 0 ||
	    parse_bool(p, el, "result", &has, &r->u.can.result) < 0)
		return -1;
	return has ? 0 : parse_fail(p, COND_BAD_REQUEST);
}

static const char *
asked(const struct request *q)
{
	if (q->verb == VERB_IS_FRIEND)
		return q->u.is_friend.asked;
	return q->verb == VERB_CAN_READ || q->verb == VERB_CAN_CONTROL ? q->u.can.asked : NULL;
}

/* Limits that nobody would keep to must not become a yes without them. */
static bool
is_granted(const struct request *q, const struct reply *r)
{
	return r->u.can.result && (r->u.can.n_limits == 0 ||
	    (q->lease.asked && q->lease.keeps_limits && r->has_lease));
}

/* The address as decided upon; what was sent when it was no address. */
static void
decision_write(struct xml *x, const struct request *q, const struct reply *r)
{
	xml_attr(x, "jid", r->u.can.jid != NULL ? r->u.can.jid : asked(q));
	xml_attr_bool(x, "result", is_granted(q, r));
}

int
provisioning_is_friend_answer_parse(struct parse *p, const struct stanza *el, struct reply *r)
{
	if (decision_parse(p, el, r) < 0)
		return -1;
	return parse_bool(p, el, "secondaryTrustAllowed", NULL, &r->u.can.secondary_trust);
}

void
provisioning_is_friend_answer_write(struct xml *x, const struct request *q,
    const struct reply *r)
{
	decision_write(x, q, r);
	/* Also with a no: that is when somebody would like to be let in by hand. */
	if (r->u.can.secondary_trust)
		xml_attr_bool(x, "secondaryTrustAllowed", true);
}

int
provisioning_can_read_answer_parse(struct parse *p, const struct stanza *el, struct reply *r)
{
	unsigned history;

	if (decision_parse(p, el, r) < 0 ||
	    parse_types(p, el, &r->u.can.types, &history) < 0 ||
	    parse_nodes(p, el, &r->u.can.nodes) < 0)
		return -1;
	return parse_fields(p, el, &r->u.can.names);
}

/* The answer replaces the question at the device, so it says
 * which field types, and no kind of history that was not asked for. */
void
provisioning_can_read_answer_write(struct xml *x, const struct request *q,
    const struct reply *r)
{
	enum vocab v = q->dialect.vocab;

	decision_write(x, q, r);
	emit_types(x, v, r->u.can.types, q->verb == VERB_CAN_READ ? q->u.can.history : 0);
	if (!is_granted(q, r))
		return;
	emit_nodes(x, v, &r->u.can.nodes);
	emit_fields(x, v, &r->u.can.names);
}

int
provisioning_can_control_answer_parse(struct parse *p, const struct stanza *el,
    struct reply *r)
{
	if (decision_parse(p, el, r) < 0 || parse_nodes(p, el, &r->u.can.nodes) < 0)
		return -1;
	return parse_parameters(p, el, &r->u.can.names);
}

void
provisioning_can_control_answer_write(struct xml *x, const struct request *q,
    const struct reply *r)
{
	decision_write(x, q, r);
	if (!is_granted(q, r))
		return;
	emit_nodes(x, q->dialect.vocab, &r->u.can.nodes);
	emit_parameters(x, q->dialect.gen, &r->u.can.names);
}
