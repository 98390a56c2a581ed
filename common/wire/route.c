/* SPDX-License-Identifier: Apache-2.0 */
/*
 * route: the table of requests, and the way from a stanza to one of them:
 * sender, address, then payload.  What a payload looks like is in the
 * protocol files named by the rows; who may ask it is decided further up.
 */
#include "config.h"

#include "common/wire/route.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/base/scratch.h"
#include "common/base/str.h"
#include "common/wire/chat.h"
#include "common/wire/command.h"
#include "common/wire/concentrator.h"
#include "common/wire/control.h"
#include "common/wire/disco.h"
#include "common/wire/discovery.h"
#include "common/wire/events.h"
#include "common/wire/lease.h"
#include "common/wire/owner.h"
#include "common/wire/provisioning.h"
#include "common/wire/sensordata.h"
#include "common/wire/service.h"
#include "common/wire/stanza.h"
#include "common/wire/token.h"
#include "common/wire/twin.h"
#include "common/wire/witness.h"

/* How a request may come. */
#define BY_GET 0x1u
#define BY_SET 0x2u
#define BY_MESSAGE 0x4u

struct row {
	const char *name;		/* element; the rows are sorted by it */
	enum proto proto;		/* in any generation, or .. */
	const char *ns;			/* .. exactly this namespace */
	unsigned by;
	unsigned sides;
	enum verb verb;
	int (*parse)(struct parse *p, const struct stanza *el, struct request *q);
	void (*write)(struct xml *x, const struct request *q);
};

#define BOTH (SIDE_SERVICE | SIDE_THING)
#define ANY "*"		/* no element is called that: any other of its protocol */

#ifdef KITH_CORE
#include "common/wire/route_core.def"
#else
static const struct row rows[] = {
	/* Whatever is said in that name space is answered (XEP-0326, 3.1). */
	{ ANY, PROTO_CONCENTRATOR, NULL, BY_GET | BY_SET, SIDE_THING, VERB_CONCENTRATOR,
	    concentrator_parse, concentrator_write },
	/* Services are in none of the later schemas: whichever part they use. */
	{ "canAccess", PROTO_PROV_DEVICE, NULL, BY_GET, SIDE_SERVICE, VERB_CAN_ACCESS,
	    service_access_parse, service_access_write },
	{ "canAccess", PROTO_PROV_TOKEN, NULL, BY_GET, SIDE_SERVICE, VERB_CAN_ACCESS,
	    service_access_parse, service_access_write },
	{ "canAccess", PROTO_PROV_OWNER, NULL, BY_GET, SIDE_SERVICE, VERB_CAN_ACCESS,
	    service_access_parse, service_access_write },
	{ "canControl", PROTO_PROV_DEVICE, NULL, BY_GET, SIDE_SERVICE, VERB_CAN_CONTROL,
	    provisioning_can_control_parse, provisioning_can_control_write },
	{ "canControlRule", PROTO_PROV_OWNER, NULL, BY_SET, SIDE_SERVICE, VERB_CAN_CONTROL_RULE,
	    owner_control_rule_parse, owner_control_rule_write },
	{ "canRead", PROTO_PROV_DEVICE, NULL, BY_GET, SIDE_SERVICE, VERB_CAN_READ,
	    provisioning_can_read_parse, provisioning_can_read_write },
	{ "canReadRule", PROTO_PROV_OWNER, NULL, BY_SET, SIDE_SERVICE, VERB_CAN_READ_RULE,
	    owner_read_rule_parse, owner_read_rule_write },
	{ "cancel", PROTO_SENSOR, NULL, BY_GET | BY_SET, SIDE_THING, VERB_READ_CANCEL,
	    sensordata_cancel_parse, sensordata_cancel_write },
	{ "claimed", PROTO_DISCOVERY, NULL, BY_SET, SIDE_THING, VERB_CLAIMED,
	    discovery_claimed_parse, discovery_push_write },
	{ "clearCache", PROTO_PROV_DEVICE, NULL, BY_SET, SIDE_THING, VERB_CLEAR_CACHE,
	    provisioning_clear_cache_parse, provisioning_clear_cache_write },
	{ "clearCache", PROTO_PROV_OWNER, NULL, BY_SET, SIDE_SERVICE, VERB_OWNER_CLEAR_CACHE,
	    owner_thing_parse, owner_thing_write },
	{ "command", PROTO_NONE, NS_COMMANDS, BY_SET, SIDE_SERVICE, VERB_COMMAND,
	    command_parse, command_write },
	{ "copied", PROTO_NONE, NS_TWIN, BY_SET, SIDE_SERVICE, VERB_COPIED,
	    twin_copied_parse, twin_copied_write },
	{ "deleteRules", PROTO_PROV_OWNER, NULL, BY_SET, SIDE_SERVICE, VERB_DELETE_RULES,
	    owner_thing_parse, owner_thing_write },
	{ "disown", PROTO_DISCOVERY, NULL, BY_SET | BY_GET, SIDE_SERVICE, VERB_DISOWN,
	    discovery_named_parse, discovery_address_write },
	{ "disowned", PROTO_DISCOVERY, NULL, BY_SET, SIDE_THING, VERB_DISOWNED,
	    discovery_ended_parse, discovery_push_write },
	{ "downloadPrivileges", PROTO_PROV_DEVICE, NULL, BY_GET, SIDE_SERVICE, VERB_DOWNLOAD_PRIVILEGES,
	    service_download_parse, service_download_write },
	{ "downloadPrivileges", PROTO_PROV_TOKEN, NULL, BY_GET, SIDE_SERVICE, VERB_DOWNLOAD_PRIVILEGES,
	    service_download_parse, service_download_write },
	{ "downloadPrivileges", PROTO_PROV_OWNER, NULL, BY_GET, SIDE_SERVICE, VERB_DOWNLOAD_PRIVILEGES,
	    service_download_parse, service_download_write },
	{ "friend", PROTO_PROV_DEVICE, NULL, BY_MESSAGE, SIDE_THING, VERB_FRIEND,
	    provisioning_friend_parse, provisioning_friend_write },
	{ "getCertificate", PROTO_PROV_TOKEN, NULL, BY_GET, SIDE_SERVICE, VERB_GET_CERTIFICATE,
	    token_certificate_parse, token_certificate_write },
	{ "getDevices", PROTO_PROV_OWNER, NULL, BY_GET, SIDE_SERVICE, VERB_GET_DEVICES,
	    owner_devices_parse, owner_devices_write },
	{ "getForm", PROTO_CONTROL, NULL, BY_GET, SIDE_THING, VERB_CONTROL_FORM,
	    control_form_parse, control_form_write },
	{ "getToken", PROTO_PROV_TOKEN, NULL, BY_GET, SIDE_SERVICE, VERB_GET_TOKEN,
	    token_get_parse, token_get_write },
	{ "getTokenChallengeResponse", PROTO_PROV_TOKEN, NULL, BY_GET, SIDE_SERVICE,
	    VERB_TOKEN_ANSWER, token_response_parse, token_response_write },
	{ "hasPrivilege", PROTO_PROV_DEVICE, NULL, BY_GET, SIDE_SERVICE, VERB_HAS_PRIVILEGE,
	    service_privilege_parse, service_privilege_write },
	{ "hasPrivilege", PROTO_PROV_TOKEN, NULL, BY_GET, SIDE_SERVICE, VERB_HAS_PRIVILEGE,
	    service_privilege_parse, service_privilege_write },
	{ "hasPrivilege", PROTO_PROV_OWNER, NULL, BY_GET, SIDE_SERVICE, VERB_HAS_PRIVILEGE,
	    service_privilege_parse, service_privilege_write },
	{ "isFriend", PROTO_PROV_DEVICE, NULL, BY_GET, SIDE_SERVICE, VERB_IS_FRIEND,
	    provisioning_is_friend_parse, provisioning_is_friend_write },
	{ "isFriendRule", PROTO_PROV_OWNER, NULL, BY_SET, SIDE_SERVICE, VERB_IS_FRIEND_RULE,
	    owner_friend_rule_parse, owner_friend_rule_write },
	{ "listen", PROTO_NONE, NS_WITNESS, BY_SET, SIDE_THING, VERB_LISTEN,
	    witness_listen_parse, witness_listen_write },
	{ "mine", PROTO_DISCOVERY, NULL, BY_SET | BY_GET, SIDE_SERVICE, VERB_MINE,
	    discovery_mine_parse, discovery_mine_write },
	{ "newKey", PROTO_NONE, NS_WITNESS, BY_SET, SIDE_THING, VERB_NEW_KEY,
	    witness_new_key_parse, witness_new_key_write },
	{ "ping", PROTO_NONE, NS_PING, BY_GET, BOTH, VERB_PING,
	    disco_empty_parse, disco_empty_write },
	{ "pressed", PROTO_NONE, NS_WITNESS, BY_SET, SIDE_SERVICE, VERB_PRESSED,
	    witness_pressed_parse, witness_pressed_write },
	{ "query", PROTO_NONE, NS_DISCO_INFO, BY_GET, BOTH, VERB_DISCO_INFO,
	    disco_query_parse, disco_query_write },
	{ "query", PROTO_NONE, NS_DISCO_ITEMS, BY_GET, BOTH, VERB_DISCO_ITEMS,
	    disco_query_parse, disco_query_write },
	{ "query", PROTO_NONE, NS_VERSION, BY_GET, BOTH, VERB_VERSION,
	    disco_empty_parse, disco_empty_write },
	{ "register", PROTO_DISCOVERY, NULL, BY_SET | BY_GET, SIDE_SERVICE, VERB_REGISTER,
	    discovery_register_parse, discovery_register_write },
	{ "remove", PROTO_DISCOVERY, NULL, BY_SET | BY_GET, SIDE_SERVICE, VERB_REMOVE,
	    discovery_named_parse, discovery_address_write },
	{ "removed", PROTO_DISCOVERY, NULL, BY_SET, SIDE_THING, VERB_REMOVED,
	    discovery_ended_parse, discovery_push_write },
	{ "req", PROTO_SENSOR, NULL, BY_GET | BY_SET, SIDE_THING, VERB_READ,
	    sensordata_request_parse, sensordata_request_write },
	{ "search", PROTO_DISCOVERY, NULL, BY_GET, SIDE_SERVICE, VERB_SEARCH,
	    discovery_search_parse, discovery_search_write },
	{ "set", PROTO_CONTROL, NULL, BY_SET | BY_MESSAGE, SIDE_THING, VERB_CONTROL,
	    control_set_parse, control_set_write },
	{ "show", PROTO_NONE, NS_WITNESS, BY_SET, SIDE_THING, VERB_SHOW_CODE,
	    witness_show_parse, witness_show_write },
	{ "subscribe", PROTO_EVENTS, NULL, BY_GET | BY_SET, SIDE_THING, VERB_WATCH,
	    events_subscribe_parse, events_subscribe_write },
	{ "tokenChallenge", PROTO_PROV_TOKEN, NULL, BY_GET, SIDE_THING, VERB_TOKEN_CHALLENGE,
	    token_challenge_parse, token_challenge_write },
	{ "unfriend", PROTO_PROV_DEVICE, NULL, BY_MESSAGE, SIDE_THING, VERB_UNFRIEND,
	    provisioning_friend_parse, provisioning_friend_write },
	{ "unregister", PROTO_DISCOVERY, NULL, BY_SET | BY_GET, SIDE_SERVICE, VERB_UNREGISTER,
	    discovery_own_parse, discovery_address_write },
	{ "unsubscribe", PROTO_EVENTS, NULL, BY_GET | BY_SET, SIDE_THING, VERB_UNWATCH,
	    sensordata_cancel_parse, sensordata_cancel_write },
	{ "update", PROTO_DISCOVERY, NULL, BY_SET | BY_GET, SIDE_SERVICE, VERB_UPDATE,
	    discovery_update_parse, discovery_address_write },
	{ "userLoggedIn", PROTO_PROV_DEVICE, NULL, BY_MESSAGE | BY_SET | BY_GET, SIDE_SERVICE, VERB_USER_LOGGED_IN,
	    service_login_parse, service_login_write },
	{ "userLoggedIn", PROTO_PROV_TOKEN, NULL, BY_MESSAGE | BY_SET | BY_GET, SIDE_SERVICE, VERB_USER_LOGGED_IN,
	    service_login_parse, service_login_write },
	{ "userLoggedIn", PROTO_PROV_OWNER, NULL, BY_MESSAGE | BY_SET | BY_GET, SIDE_SERVICE, VERB_USER_LOGGED_IN,
	    service_login_parse, service_login_write },
};
#endif
#define ROWS (sizeof(rows) / sizeof(rows[0]))

bool
route_table_is_sorted(void)
{
	for (size_t i = 1; i < ROWS; i++)
		if (strcmp(rows[i - 1].name, rows[i].name) > 0)
			return false;
	return true;
}

/* The first row of that name or behind it. */
static size_t
first_of(const char *name)
{
	size_t low = 0, high = ROWS;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(rows[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* In GEN_X the three parts of provisioning share one namespace. */
static bool
same_proto(enum proto row, enum proto found, enum gen gen)
{
	if (row == found)
		return true;
	return gen == GEN_X && found == PROTO_PROV_DEVICE &&
	    (row == PROTO_PROV_OWNER || row == PROTO_PROV_TOKEN);
}

static const struct row *
row_of_any(enum proto proto, unsigned side)
{
	for (size_t i = first_of(ANY); i < ROWS && strcmp(rows[i].name, ANY) == 0; i++)
		if (rows[i].proto == proto && (rows[i].sides & side) != 0)
			return &rows[i];
	return NULL;
}

static const struct row *
row_find(const struct stanza *el, unsigned side, unsigned by, enum gen *gen)
{
	const char *name = stanza_name(el), *ns = stanza_ns(el);
	enum proto proto = PROTO_NONE;
	const struct row *other = NULL;

	*gen = GEN_X;
	(void)ns_find(ns, &proto, gen);
	for (size_t i = first_of(name); i < ROWS && strcmp(rows[i].name, name) == 0; i++) {
		const struct row *r = &rows[i];

		if ((r->sides & side) == 0)
			continue;
		if (r->ns != NULL ? strcmp(r->ns, ns) != 0 :
		    proto == PROTO_NONE || !same_proto(r->proto, proto, *gen))
			continue;
		if ((r->by & by) != 0)
			return r;
		other = r;
	}
	return other != NULL || proto == PROTO_NONE ? other : row_of_any(proto, side);
}

/* In the part of provisioning that is used, where there are several. */
static const struct row *
row_of_verb(enum verb verb, enum proto proto)
{
	const struct row *first = NULL;

	for (size_t i = 0; i < ROWS; i++) {
		if (rows[i].verb != verb)
			continue;
		if (rows[i].proto == proto)
			return &rows[i];
		if (first == NULL)
			first = &rows[i];
	}
	return first;
}

static int
address(struct parse *p, const char *text, const char **out, const char **bare)
{
	SCRATCH struct jid jid;

	if (jid_parse(&jid, text, p->profile, NULL) < 0)
		return -1;
	*out = parse_copy(p, jid.text);
	if (bare != NULL)
		*bare = pool_strndup(p->pool, jid.text, jid.bare_len);
	return *out != NULL && (bare == NULL || *bare != NULL) ? 0 : -1;
}

/* What a client's stream leaves out comes from its own account (RFC 6120,
 * 8.1.2.1); on a component's stream the broker always stamps the sender. */
static int
sender(struct parse *p, const struct route_context *rc, const char *from, struct request *q)
{
	SCRATCH struct jid self;

	if (from != NULL)
		return address(p, from, &q->from, &q->bare);
	if ((rc->side & SIDE_THING) == 0 || rc->self == NULL ||
	    jid_parse_bare(&self, rc->self, p->profile, NULL) < 0)
		return -1;
	return address(p, self.text, &q->from, &q->bare);
}

/* Whom it is from and to; -1: nobody can be answered. */
static int
envelope(struct parse *p, const struct route_context *rc, const struct stanza *s,
    struct request *q)
{
	const char *to = stanza_attr(s, "to"), *id = stanza_attr(s, "id");

	if (sender(p, rc, stanza_attr(s, "from"), q) < 0)
		return -1;
	if (to == NULL)
		to = rc->self;
	if (to == NULL || address(p, to, &q->to, NULL) < 0)
		return -1;
	if (id == NULL)
		return 0;
	if (strlen(id) > WIRE_ID_BYTES)
		return -1;
	q->id = parse_copy(p, id);
	return q->id != NULL ? 0 : -1;
}

static int
payload(struct parse *p, const struct row *row, enum gen gen, const struct stanza *el,
    struct request *q)
{
	q->verb = row->verb;
	q->dialect = (struct dialect){ row->proto, gen, parse_vocab(p, gen) };
	if (lease_ask_parse(p, el, &q->lease) < 0 || row->parse(p, el, q) < 0)
		return -1;
	q->dialect.vocab = parse_vocab(p, gen);
	return 0;
}

/* Exactly one payload, alone (att-X-08): nothing is done in parts. */
static enum route_verdict
iq_request(struct parse *p, const struct route_context *rc, const struct stanza *s,
    struct request *q)
{
	unsigned by = q->type == IQ_GET ? BY_GET : BY_SET;
	const struct row *row = NULL;
	enum gen gen = GEN_X;

	if (stanza_children(s) == 1)
		row = row_find(stanza_first(s), rc->side, by, &gen);
	if (stanza_children(s) != 1 || stanza_has_text(s))
		(void)parse_fail(p, COND_BAD_REQUEST);
	else if (row == NULL)
		(void)parse_fail(p, COND_SERVICE_UNAVAILABLE);
	else if ((row->by & by) == 0)
		(void)parse_fail(p, COND_BAD_REQUEST);
	else
		(void)payload(p, row, gen, stanza_first(s), q);
	return p->cond == COND_NONE ? ROUTE_PARSED : ROUTE_REFUSED;
}

static const struct stanza *
error_condition(const struct stanza *s)
{
	const struct stanza *error = stanza_child(s, stanza_ns(s), "error"), *c;

	for (c = error != NULL ? stanza_first(error) : NULL; c != NULL; c = stanza_next(c))
		if (strcmp(stanza_ns(c), NS_STANZAS) == 0 && strcmp(stanza_name(c), "text") != 0)
			return c;
	return NULL;
}

static enum route_verdict
iq_answer(struct parse *p, const struct stanza *s, struct request *q)
{
	struct request_answer *a = &q->u.answer;
	const struct stanza *child = stanza_first(s), *cond = error_condition(s);

	q->verb = VERB_ANSWER;
	a->ok = q->type == IQ_RESULT;
	if (!a->ok)
		a->condition = parse_copy(p, cond != NULL ? stanza_name(cond) :
		    "undefined-condition");
	if (child != NULL) {
		a->child = parse_copy(p, stanza_name(child));
		a->child_ns = parse_copy(p, stanza_ns(child));
#ifndef KITH_CORE
		if (a->ok)
			token_proof_read(p, child, a);
#endif
	}
	return p->cond == COND_NONE ? ROUTE_PARSED : ROUTE_SILENCE;
}

static int
word_index(const char *text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(text, words[i]) == 0)
			return (int)i;
	return -1;
}

static enum route_verdict
iq_parse(struct parse *p, const struct route_context *rc, const struct stanza *s,
    struct request *q)
{
	static const char *const types[] = {
		[IQ_GET] = "get", [IQ_SET] = "set", [IQ_RESULT] = "result", [IQ_ERROR] = "error"
	};
	const char *type = stanza_attr(s, "type");
	int found = type != NULL ? word_index(type, types, 4) : -1;

	/* Without an id nothing can be answered, and nothing was asked. */
	if (found < 0 || q->id == NULL)
		return ROUTE_SILENCE;
	q->type = (enum iq_type)found;
	if (q->type == IQ_RESULT || q->type == IQ_ERROR)
		return iq_answer(p, s, q);
	return iq_request(p, rc, s, q);
}

/* The one payload of a message that has a row; NULL if none or several. */
static const struct row *
message_row(const struct route_context *rc, const struct stanza *s, const struct stanza **el,
    enum gen *gen)
{
	const struct row *found = NULL;

	for (const struct stanza *c = stanza_first(s); c != NULL; c = stanza_next(c)) {
		enum gen g;
		const struct row *row = row_find(c, rc->side, BY_MESSAGE, &g);

		if (row == NULL || (row->by & BY_MESSAGE) == 0)
			continue;
		if (found != NULL)
			return NULL;
		found = row;
		*el = c;
		*gen = g;
	}
	return found;
}

/* A message is never answered with an error, so a bad one is dropped. */
static enum route_verdict
message_parse(struct parse *p, const struct route_context *rc, const struct stanza *s,
    struct request *q)
{
	const struct stanza *el = NULL;
	enum gen gen = GEN_X;
	const struct row *row = chat_is_direct(s) ? message_row(rc, s, &el, &gen) : NULL;

	/* What was to be set days ago may be the last thing anybody wants now;
	 * hints are as good late, since the thing asks. */
	if (row != NULL && row->verb == VERB_CONTROL && chat_is_delayed(s))
		return ROUTE_SILENCE;
	if (row != NULL)
		return payload(p, row, gen, el, q) == 0 ? ROUTE_PARSED : ROUTE_SILENCE;
#ifdef KITH_CORE
	return ROUTE_SILENCE;
#else
	q->verb = VERB_CHAT;
	return chat_parse(p, s, q) == CHAT_LINE ? ROUTE_PARSED : ROUTE_SILENCE;
#endif
}

static enum route_verdict
presence_parse(const struct stanza *s, struct request *q)
{
	static const char *const types[] = {
		[PRESENCE_AVAILABLE] = "", [PRESENCE_UNAVAILABLE] = "unavailable",
		[PRESENCE_SUBSCRIBE] = "subscribe", [PRESENCE_SUBSCRIBED] = "subscribed",
		[PRESENCE_UNSUBSCRIBE] = "unsubscribe", [PRESENCE_UNSUBSCRIBED] = "unsubscribed",
		[PRESENCE_PROBE] = "probe", [PRESENCE_ERROR] = "error"
	};
	const char *type = stanza_attr(s, "type");
	int found = word_index(type != NULL ? type : "", types, PRESENCE_ERROR + 1);
	const struct stanza *cond;

	/* An empty attribute is not the absent one. */
	if (found < 0 || (type != NULL && *type == '\0'))
		return ROUTE_SILENCE;
	q->verb = VERB_PRESENCE;
	q->u.presence.type = (enum presence_type)found;
	cond = found == PRESENCE_ERROR ? error_condition(s) : NULL;
	q->u.presence.gone = cond != NULL && strcmp(stanza_name(cond), "gone") == 0;
	return ROUTE_PARSED;
}

static enum route_verdict
stanza_parse(struct parse *p, const struct route_context *rc, const struct stanza *s,
    struct request *q)
{
	static const char *const kinds[] = {
		[STANZA_IQ] = "iq", [STANZA_MESSAGE] = "message", [STANZA_PRESENCE] = "presence"
	};
	const char *ns = stanza_ns(s);
	int kind = word_index(stanza_name(s), kinds, 3);

	if (kind < 0 || (strcmp(ns, NS_CLIENT) != 0 && strcmp(ns, NS_COMPONENT) != 0))
		return ROUTE_SILENCE;
	q->kind = (enum stanza_kind)kind;
	if (envelope(p, rc, s, q) < 0)
		return ROUTE_SILENCE;
	if (q->kind == STANZA_IQ)
		return iq_parse(p, rc, s, q);
	return q->kind == STANZA_MESSAGE ? message_parse(p, rc, s, q) : presence_parse(s, q);
}

enum route_verdict
route_parse(const struct route_context *rc, const struct stanza *s,
    struct pool *pool, struct request *q, enum condition *cond)
{
	struct parse p = { .pool = pool, .profile = rc->profile };
	enum route_verdict verdict;

	*q = (struct request){ .type = IQ_NOT, .pool = pool };
	verdict = stanza_parse(&p, rc, s, q);
	*cond = verdict == ROUTE_REFUSED ? p.cond : COND_NONE;
	return verdict;
}

static const char *
type_to_send(const struct row *row, const struct request *q)
{
	if (q->type == IQ_GET)
		return "get";
	if (q->type == IQ_SET)
		return "set";
	return (row->by & BY_SET) != 0 ? "set" : "get";
}

static void
envelope_write(struct xml *x, const struct row *row, const struct request *q)
{
	if (q->kind == STANZA_IQ) {
		emit_iq(x, type_to_send(row, q), q->from, q->to, q->id);
		return;
	}
	xml_open(x, "message", NULL);
	xml_attr(x, "from", q->from);
	xml_attr(x, "to", q->to);
	xml_attr(x, "id", q->id);
}

static const char *
element_of(const struct row *row, const struct request *q)
{
	return strcmp(row->name, ANY) == 0 ? q->u.concentrator.command : row->name;
}

int
route_write(struct buf *out, const struct request *q)
{
	const struct row *row = row_of_verb(q->verb, q->dialect.proto);
	struct xml x;

	if (row == NULL || q->kind == STANZA_PRESENCE)
		return -1;
	xml_begin(&x, out);
	envelope_write(&x, row, q);
	xml_open(&x, element_of(row, q), row->ns != NULL ? row->ns : ns_uri(row->proto, q->dialect.gen));
	row->write(&x, q);
	lease_ask_write(&x, q);
	xml_close(&x);
	xml_close(&x);
	return xml_end(&x);
}
