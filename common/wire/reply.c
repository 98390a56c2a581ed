/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply: the table of bodies an answer can have, written for the asker or
 * read by him; and the conditions of RFC 6120.  The wording for people is in
 * desk/talk.
 */
#include "config.h"

#include "common/wire/reply.h"

#include <string.h>

#include "common/wire/command.h"
#include "common/wire/disco.h"
#include "common/wire/discovery.h"
#include "common/wire/emit.h"
#include "common/wire/lease.h"
#include "common/wire/parse.h"
#include "common/wire/provisioning.h"
#include "common/wire/service.h"
#include "common/wire/stanza.h"
#include "common/wire/token.h"

static const struct { const char *name, *type; } conditions[COND_COUNT] = {
	[COND_NONE] = { "undefined-condition", "cancel" },
	[COND_BAD_REQUEST] = { "bad-request", "modify" },
	[COND_CONFLICT] = { "conflict", "cancel" },
	[COND_FEATURE_NOT_IMPLEMENTED] = { "feature-not-implemented", "cancel" },
	[COND_FORBIDDEN] = { "forbidden", "auth" },
	[COND_INTERNAL_SERVER_ERROR] = { "internal-server-error", "cancel" },
	[COND_ITEM_NOT_FOUND] = { "item-not-found", "cancel" },
	[COND_JID_MALFORMED] = { "jid-malformed", "modify" },
	[COND_NOT_ACCEPTABLE] = { "not-acceptable", "modify" },
	[COND_NOT_ALLOWED] = { "not-allowed", "cancel" },
	[COND_POLICY_VIOLATION] = { "policy-violation", "modify" },
	[COND_RESOURCE_CONSTRAINT] = { "resource-constraint", "wait" },
	[COND_SERVICE_UNAVAILABLE] = { "service-unavailable", "cancel" },
	[COND_UNEXPECTED_REQUEST] = { "unexpected-request", "wait" },
};

const char *
condition_name(enum condition c)
{
	return conditions[(unsigned)c < COND_COUNT ? c : COND_NONE].name;
}

const char *
condition_type(enum condition c)
{
	return conditions[(unsigned)c < COND_COUNT ? c : COND_NONE].type;
}

enum condition
condition_find(const char *name)
{
	for (unsigned c = COND_NONE + 1; c < COND_COUNT; c++)
		if (strcmp(conditions[c].name, name) == 0)
			return (enum condition)c;
	return COND_NONE;
}

/* One row per body that can be on the wire. */
struct body_row {
	enum body body;
	const char *name;		/* element; NULL: nothing inside the iq */
	enum proto proto;		/* in the asker's generation, or .. */
	const char *ns;			/* .. exactly this namespace */
	void (*write)(struct xml *x, const struct request *q, const struct reply *r);
	int (*parse)(struct parse *p, const struct stanza *el, struct reply *r);
};

#ifdef KITH_CORE
#include "common/wire/reply_core.def"
#else
static const struct body_row bodies[] = {
	{ BODY_EMPTY, NULL, PROTO_NONE, NULL, NULL, NULL },
	{ BODY_CLAIMED, "claimed", PROTO_DISCOVERY, NULL,
	    discovery_claimed_answer_write, discovery_claimed_answer_parse },
	{ BODY_DISOWNED, "disowned", PROTO_DISCOVERY, NULL,
	    discovery_disowned_answer_write, NULL },
	{ BODY_FOUND, "found", PROTO_DISCOVERY, NULL,
	    discovery_found_answer_write, discovery_found_answer_parse },
	{ BODY_IS_FRIEND, "isFriendResponse", PROTO_PROV_DEVICE, NULL,
	    provisioning_is_friend_answer_write, provisioning_is_friend_answer_parse },
	{ BODY_CAN_READ, "canReadResponse", PROTO_PROV_DEVICE, NULL,
	    provisioning_can_read_answer_write, provisioning_can_read_answer_parse },
	{ BODY_CAN_CONTROL, "canControlResponse", PROTO_PROV_DEVICE, NULL,
	    provisioning_can_control_answer_write, provisioning_can_control_answer_parse },
	{ BODY_TOKEN_CHALLENGE, "getTokenChallenge", PROTO_PROV_TOKEN, NULL,
	    token_seqnr_answer_write, token_seqnr_answer_parse },
	{ BODY_TOKEN, "getTokenResponse", PROTO_PROV_TOKEN, NULL,
	    token_answer_write, token_answer_parse },
	{ BODY_CERTIFICATE, "certificate", PROTO_PROV_TOKEN, NULL,
	    token_certificate_answer_write, token_certificate_answer_parse },
	{ BODY_TOKEN_PROOF, "tokenChallengeResponse", PROTO_PROV_TOKEN, NULL,
	    token_proof_answer_write, token_proof_answer_parse },
	{ BODY_ACCESS, "canAccessResponse", PROTO_PROV_TOKEN, NULL,
	    service_access_answer_write, service_access_answer_parse },
	{ BODY_PRIVILEGE, "hasPrivilegeResponse", PROTO_PROV_TOKEN, NULL,
	    service_privilege_answer_write, service_privilege_answer_parse },
	{ BODY_PRIVILEGES, "downloadPrivilegesResponse", PROTO_PROV_TOKEN, NULL,
	    service_download_answer_write, service_download_answer_parse },
	{ BODY_CLEAR_CACHE, "clearCacheResponse", PROTO_PROV_DEVICE, NULL, NULL, NULL },
	{ BODY_DISCO_INFO, "query", PROTO_NONE, NS_DISCO_INFO,
	    disco_info_answer_write, disco_info_answer_parse },
	{ BODY_DISCO_ITEMS, "query", PROTO_NONE, NS_DISCO_ITEMS,
	    disco_items_answer_write, disco_items_answer_parse },
	{ BODY_COMMAND, "command", PROTO_NONE, NS_COMMANDS,
	    command_answer_write, command_answer_parse },
	{ BODY_VERSION, "query", PROTO_NONE, NS_VERSION, disco_version_answer_write, NULL },
};
#endif
#define BODIES (sizeof(bodies) / sizeof(bodies[0]))

static const struct body_row *
body_find(enum body body)
{
	for (size_t i = 0; i < BODIES; i++)
		if (bodies[i].body == body)
			return &bodies[i];
	return NULL;
}

/* Only the oldest generation has an element that answers clearCache. */
static bool
is_empty(const struct body_row *row, const struct request *q)
{
	return row->name == NULL || (row->body == BODY_CLEAR_CACHE && q->dialect.gen != GEN_X);
}

static bool
is_provisioning(enum proto proto)
{
	return proto == PROTO_PROV_DEVICE || proto == PROTO_PROV_OWNER || proto == PROTO_PROV_TOKEN;
}

/* Services may use any part of provisioning, and are answered in that. */
static bool
is_for_service(const struct body_row *row)
{
	return row->body == BODY_ACCESS || row->body == BODY_PRIVILEGE ||
	    row->body == BODY_PRIVILEGES;
}

static const char *
body_uri(const struct body_row *row, const struct request *q)
{
	bool any = is_for_service(row) && is_provisioning(q->dialect.proto);

	return ns_uri(any ? q->dialect.proto : row->proto, q->dialect.gen);
}

static void
result_write(struct xml *x, const struct request *q, const struct reply *r,
    const struct body_row *row)
{
	emit_answer(x, q, "result");
	if (!is_empty(row, q)) {
		xml_open(x, row->name, row->ns != NULL ? row->ns : body_uri(row, q));
		if (row->write != NULL)
			row->write(x, q, r);
		lease_write(x, q, r);
		discovery_self_answer_write(x, q, r);
		xml_close(x);
	} else {
		discovery_self_answer_write(x, q, r);
	}
	xml_close(x);
}

/* Why, for those who showed in the request that they understand it. */
static void
reason_write(struct xml *x, const struct request *q, const struct reply *r)
{
	struct denied why = { r->reason, r->retry_after_ms, r->ask_whom };

	if (q->lease.asked || (q->verb == VERB_REGISTER && q->u.reg.self.is_ours))
		denied_write(x, &why);
}

/* What XEP-0050 adds to the general condition. */
static void
fault_write(struct xml *x, const struct request *q, const struct reply *r)
{
	const char *fault = q->verb == VERB_COMMAND ? command_fault_name(r->u.command.fault) :
	    NULL;

	if (fault != NULL)
		xml_leaf(x, fault, NS_COMMANDS, "");
}

/* One child, one condition, no text, no echo: some clients count. */
static void
error_write(struct xml *x, const struct request *q, const struct reply *r)
{
	emit_answer(x, q, "error");
	emit_error_open(x, r->condition != COND_NONE ? r->condition : COND_INTERNAL_SERVER_ERROR);
	reason_write(x, q, r);
	fault_write(x, q, r);
	xml_close(x);
	xml_close(x);
}

int
reply_write(struct buf *out, const struct request *q, const struct reply *r)
{
	const struct body_row *row = body_find(r->body);
	struct reply broken;
	struct xml x;

	if (r->kind == REPLY_SILENCE || q->kind != STANZA_IQ ||
	    (q->type != IQ_GET && q->type != IQ_SET))
		return 0;
	xml_begin(&x, out);
	if (r->kind == REPLY_RESULT && row != NULL) {
		result_write(&x, q, r, row);
	} else if (r->kind == REPLY_ERROR) {
		error_write(&x, q, r);
	} else {	/* a body that only has words: a mistake of ours */
		broken = (struct reply){ .kind = REPLY_ERROR,
			.condition = COND_INTERNAL_SERVER_ERROR };
		error_write(&x, q, &broken);
	}
	return xml_end(&x);
}

static int
error_parse(struct parse *p, const struct stanza *iq, struct reply *r)
{
	const struct stanza *error = stanza_child(iq, stanza_ns(iq), "error");
	struct denied why;

	r->kind = REPLY_ERROR;
	for (const struct stanza *c = error != NULL ? stanza_first(error) : NULL;
	    c != NULL && r->condition == COND_NONE; c = stanza_next(c))
		if (strcmp(stanza_ns(c), NS_STANZAS) == 0)
			r->condition = condition_find(stanza_name(c));
	if (error == NULL)
		return 0;
	if (denied_parse(p, error, &why) < 0)
		return -1;
	r->reason = why.reason;
	r->retry_after_ms = why.retry_after_ms;
	r->ask_whom = why.ask_whom;
	return 0;
}

static bool
is_body(const struct body_row *row, const struct stanza *el)
{
	enum proto proto;
	enum gen gen;

	if (row->name == NULL || strcmp(row->name, stanza_name(el)) != 0)
		return false;
	if (row->ns != NULL)
		return strcmp(row->ns, stanza_ns(el)) == 0;
	/* In GEN_X the three parts of provisioning share one namespace. */
	return ns_find(stanza_ns(el), &proto, &gen) && (proto == row->proto ||
	    (is_for_service(row) && is_provisioning(proto)) ||
	    (gen == GEN_X && proto == PROTO_PROV_DEVICE && row->proto == PROTO_PROV_TOKEN));
}

static int
result_parse(struct parse *p, const struct stanza *iq, struct reply *r)
{
	const struct stanza *el = stanza_first(iq);

	r->kind = REPLY_RESULT;
	if (el == NULL || stanza_is(el, NS_THING, "self"))
		return discovery_self_answer_parse(p, iq, r);
	for (size_t i = 0; i < BODIES; i++) {
		if (!is_body(&bodies[i], el))
			continue;
		r->body = bodies[i].body;
		if (bodies[i].parse != NULL && bodies[i].parse(p, el, r) < 0)
			return -1;
		if (discovery_self_answer_parse(p, el, r) < 0)
			return -1;
		return lease_parse(p, el, r);
	}
	return -1;
}

int
reply_parse(struct reply *r, const struct stanza *iq, enum jid_profile profile,
    struct pool *pool)
{
	struct parse p = { .pool = pool, .profile = profile };
	const char *type = stanza_attr(iq, "type");

	*r = (struct reply){ .kind = REPLY_SILENCE };
	if (strcmp(stanza_name(iq), "iq") != 0 || type == NULL)
		return -1;
	if (strcmp(type, "error") == 0)
		return error_parse(&p, iq, r);
	return strcmp(type, "result") == 0 ? result_parse(&p, iq, r) : -1;
}
