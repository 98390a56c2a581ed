/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push: pushes are requests of ours, written by the same rows that read them
 * (route.c).  When they are owed and to whom is kithd's outbox.
 */
#include "config.h"

#include "common/wire/push.h"

#include "common/wire/emit.h"
#include "common/wire/route.h"

static bool
is_message(enum verb v)
{
	return v == VERB_FRIEND || v == VERB_UNFRIEND;
}

int
push_write(struct buf *out, const struct push *p)
{
	struct request q = {
		.verb = p->verb,
		.kind = is_message(p->verb) ? STANZA_MESSAGE : STANZA_IQ,
		.type = IQ_SET,
		.dialect = p->dialect,
		.id = p->id,
		.from = p->from,
		.to = p->to,
		.lease = { .asked = p->verb == VERB_CLEAR_CACHE && p->floor != 0,
			.floor = p->floor },
		.u.push = { .jid = p->jid, .node = p->node,
			.has_public = p->verb == VERB_CLAIMED, .is_public = p->is_public,
			.floor = p->floor, .n_about = p->n_about, .about = p->about },
	};

	/* XEP-0324, "Clear cache": nothing narrows it; who speaks the long words clears all. */
	if (p->verb == VERB_CLEAR_CACHE && p->dialect.vocab == VOCAB_LONG)
		q.u.push.node = (struct node){ .id = NULL };
	if (p->verb == VERB_SHOW_CODE || p->verb == VERB_LISTEN || p->verb == VERB_NEW_KEY)
		q.u.witness = (struct request_witness){ .code = p->code, .seconds = p->seconds };
	/* Some clients die of a `claimed` without an address. */
	if (p->verb == VERB_CLAIMED && p->jid == NULL)
		return -1;
	return route_write(out, &q);
}

static void
question_write(struct xml *x, const struct push_question *p, enum vocab v)
{
	xml_attr(x, "jid", p->jid);
	xml_attr(x, "remoteJid", p->remote);
	xml_attr(x, "key", p->key);
	if (p->verb == VERB_CAN_READ)
		emit_types(x, v, p->types != 0 ? p->types : FIELD_ALL, 0);
	if (p->verb != VERB_IS_FRIEND)
		emit_tokens(x, v, &p->tokens);
	if (p->verb != VERB_IS_FRIEND)
		emit_nodes(x, v, &p->nodes);
	if (p->verb == VERB_CAN_READ)
		emit_fields(x, v, &p->names);
}

/* Towards owners the parameter is <p n/>, towards things <parameter name/>. */
static void
parameters_write(struct xml *x, const struct push_question *p)
{
	if (p->gen == GEN_X) {
		emit_parameters(x, GEN_X, &p->names);
		return;
	}
	for (size_t i = 0; i < p->names.n; i++) {
		xml_open(x, "p", NULL);
		xml_attr(x, "n", p->names.name[i]);
		xml_close(x);
	}
}

static const char *
question_name(enum verb v)
{
	switch (v) {
	case VERB_IS_FRIEND:
		return "isFriend";
	case VERB_CAN_READ:
		return "canRead";
	case VERB_CAN_CONTROL:
		return "canControl";
	default:
		return NULL;
	}
}

int
push_question_write(struct buf *out, const struct push_question *p)
{
	const char *name = question_name(p->verb);
	struct xml x;

	if (name == NULL)
		return -1;
	xml_begin(&x, out);
	xml_open(&x, "message", NULL);
	xml_attr(&x, "type", "normal");
	xml_attr(&x, "from", p->from);
	xml_attr(&x, "to", p->to);
	xml_attr(&x, "id", p->id);
	xml_open(&x, name, ns_uri(PROTO_PROV_OWNER, p->gen));
	question_write(&x, p, p->gen == GEN_X ? VOCAB_LONG : VOCAB_SHORT);
	if (p->verb == VERB_CAN_CONTROL)
		parameters_write(&x, p);
	xml_close(&x);
	xml_close(&x);
	return xml_end(&x);
}

int
chat_write(struct buf *out, const char *from, const char *to, const char *id,
    const char *re, const char *body)
{
	struct xml x;

	xml_begin(&x, out);
	xml_open(&x, "message", NULL);
	xml_attr(&x, "type", "chat");
	xml_attr(&x, "from", from);
	xml_attr(&x, "to", to);
	xml_attr(&x, "id", id);
	xml_leaf(&x, "body", NULL, body);
	xml_open(&x, "auto", NS_AUTO);
	xml_attr(&x, "re", re);
	xml_close(&x);
	xml_close(&x);
	return xml_end(&x);
}

int
receipt_write(struct buf *out, const char *from, const char *to, const char *of)
{
	struct xml x;

	xml_begin(&x, out);
	xml_open(&x, "message", NULL);
	xml_attr(&x, "type", "chat");
	xml_attr(&x, "from", from);
	xml_attr(&x, "to", to);
	xml_open(&x, "received", NS_RECEIPTS);
	xml_attr(&x, "id", of);
	xml_close(&x);
	xml_leaf(&x, "auto", NS_AUTO, "");
	xml_close(&x);
	return xml_end(&x);
}

int
presence_write(struct buf *out, const char *from, const char *to, const char *type,
    const char *status)
{
	struct xml x;

	xml_begin(&x, out);
	xml_open(&x, "presence", NULL);
	xml_attr(&x, "type", type);
	xml_attr(&x, "from", from);
	xml_attr(&x, "to", to);
	if (status != NULL)
		xml_leaf(&x, "status", NULL, status);
	xml_close(&x);
	return xml_end(&x);
}

int
ping_write(struct buf *out, const char *from, const char *to, const char *id)
{
	struct request q = { .verb = VERB_PING, .kind = STANZA_IQ, .type = IQ_GET,
		.id = id, .from = from, .to = to };

	return route_write(out, &q);
}
