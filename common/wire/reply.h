/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply: what is said back, as plain data.  reply_write() makes the stanza in
 * the dialect of the request; desk/talk words the same struct for a chat.
 */
#ifndef KITH_WIRE_REPLY_H
#define KITH_WIRE_REPLY_H

#include "common/base/jid.h"
#include "common/base/span.h"
#include "common/wire/request.h"

struct buf;
struct stanza;

/* RFC 6120 8.3.3; condition_type() gives the error type that belongs to it. */
enum condition {
	COND_NONE,
	COND_BAD_REQUEST,
	COND_CONFLICT,
	COND_FEATURE_NOT_IMPLEMENTED,
	COND_FORBIDDEN,
	COND_INTERNAL_SERVER_ERROR,
	COND_ITEM_NOT_FOUND,
	COND_JID_MALFORMED,
	COND_NOT_ACCEPTABLE,
	COND_NOT_ALLOWED,
	COND_POLICY_VIOLATION,
	COND_RESOURCE_CONSTRAINT,
	COND_SERVICE_UNAVAILABLE,
	COND_UNEXPECTED_REQUEST,
	COND_COUNT
};
const char *condition_name(enum condition c);	/* "item-not-found" */
const char *condition_type(enum condition c);	/* "cancel", "modify", "auth", "wait" */
enum condition condition_find(const char *name);

enum reply_kind {
	REPLY_SILENCE,		/* nothing is said */
	REPLY_RESULT,
	REPLY_ERROR
};

enum body {
	BODY_EMPTY,
	BODY_CLAIMED,		/* register, mine */
	BODY_DISOWNED,		/* update */
	BODY_FOUND,		/* search, getDevices, things */
	BODY_IS_FRIEND,
	BODY_CAN_READ,
	BODY_CAN_CONTROL,
	BODY_CLEAR_CACHE,	/* a thing answers a push */
	BODY_DISCO_INFO,
	BODY_DISCO_ITEMS,
	BODY_VERSION,
	BODY_COMMAND,
	BODY_TOKEN_CHALLENGE,	/* getTokenChallenge */
	BODY_TOKEN,		/* getTokenResponse */
	BODY_CERTIFICATE,
	BODY_TOKEN_PROOF,	/* tokenChallengeResponse */
	BODY_ACCESS,
	BODY_PRIVILEGE,
	BODY_PRIVILEGES,
	/* only worded, never on the wire */
	BODY_SHOW,
	BODY_RULE,		/* a rule was made, forgotten, revoked */
	BODY_RULES,
	BODY_QUESTIONS,
	BODY_WHY,
	BODY_CONFIRM,		/* text: what it would do; the desk adds the code */
	BODY_HISTORY,
	BODY_SETS,
	BODY_TEXT		/* a ready sentence */
};

struct found_thing {
	const char *jid;
	struct node node;
	const char *owner;	/* NULL: not shown */
	struct tag_list tags;	/* KEY never among them */
	const char *name;	/* what the owner calls it; chat only */
	bool is_public;
	bool online;
	int64_t seen_ms;	/* last sign of life, wall; 0 unknown */
	uint64_t epoch;
	const char *note;	/* "has not heard it yet" ...; NULL none; chat only */
	const struct manifest *manifest;	/* chat only, of one thing; NULL: none known */
};

struct rule_line {
	int64_t number;
	const char *text;	/* policy_print of it */
	const char *giver;	/* the co-owner who made it; NULL: the owner */
	bool co_owner;		/* makes its subject a co-owner */
	const char *thing;	/* name of the thing, when giver is set */
	const char *again;	/* the line that makes it anew; NULL: only its giver can */
	const char *note;	/* what whoever made it should know; NULL nothing */
};

/*
 * How far a change that takes something back has come at the things it concerns
 * (provisioning/recall.h): "in force at 2 of 3; lamp-7 offline, ends 18:40 at the
 * latest".  Chat only, with BODY_RULE and with the text of revoke.
 */
struct reply_force {
	size_t things;			/* 0: there is nothing to say */
	size_t acknowledged;
	const char *slowest;		/* the last of the others to end; NULL: none, or not known */
	bool is_online;			/* it is there, and has not answered yet */
	bool keeps_none;		/* it keeps no lease: ends when it is next reached */
	int64_t ends_ms;		/* wall: else it ends by itself at the latest; 0 not known */
	int32_t zone_s;			/* where the reader lives, for that moment */
};

struct question_line {
	const char *code;
	const char *text;	/* one sentence, ready and escaped */
	int64_t asked_ms;
};

struct reply_claimed {
	const char *jid;	/* owner (register) or thing (mine) */
	struct node node;
	bool is_public;
	const char *code;	/* ownership code, chat only; NULL none */
	const struct found_thing *thing;	/* chat only; NULL none */
};

/*
 * What a thing that said of itself that it is ours (request_register.self) is
 * told beside the answer to its register: inside the element of the answer, or
 * alone, <self xmlns='urn:kith:thing:0' time= epoch= nonce=/>.
 */
struct reply_self {
	bool told;
	int64_t time_ms;	/* wall; 0: not said */
	uint64_t epoch;		/* of its ownership now; 0: not said */
	const char *nonce;	/* it is asked to prove its continuity key; NULL not */
};

struct reply_found {
	bool more;
	size_t n;
	struct found_thing *thing;
};

struct reply_can {
	const char *jid;	/* echoed, canonical bare */
	bool result;
	unsigned types;
	struct node_list nodes;	/* empty: all asked for */
	struct name_list names;	/* empty: all asked for */
	bool secondary_trust;	/* isFriend: it may add authorities and friends of its own */
	/* Only to whoever keeps them (lease_ask), inside <lease/>, each
	 * <limit name= min= max= minOut= maxOut= text= rule= times= seconds=/>. */
	size_t n_limits;
	const struct limit *limit;
};

struct reply_token {
	int64_t seqnr;
	size_t len;
	const uint8_t *data;
	const char *token;
	bool sha256;
};

struct privilege_line { bool include; const char *id; };

struct reply_service {		/* canAccess, hasPrivilege, downloadPrivileges */
	bool result;
	const char *user_token;
	size_t n;		/* in order: the first that fits counts */
	struct privilege_line *privilege;
};

struct history_line {
	int64_t at_ms, since_ms, count;
	int what;		/* enum audit_what */
	const char *thing;	/* its name; NULL: about none */
	const char *actor, *object, *detail;	/* as in audit.h */
};

struct set_line {
	const char *name;
	size_t n;
	const char *const *thing;
};

struct reply_why {
	const char *verdict;	/* allow, deny, ask */
	const char *reason;	/* one sentence naming the rule */
	uint64_t revision;
	int64_t lease_ms;
	int64_t rule;		/* its number among those of the decider; 0: none */
	const char *decider;	/* whose word it is: an owner, the operator's policy; NULL nobody's */
};

struct identity_feature_list {
	const char *category, *type, *name;
	size_t n;
	const char *const *feature;
};

enum command_status { COMMAND_EXECUTING, COMMAND_COMPLETED, COMMAND_CANCELED };
enum command_note { COMMAND_INFO, COMMAND_WARN, COMMAND_ERROR };
enum command_fault {		/* beside the condition of an error, XEP-0050 4.4 */
	COMMAND_FINE,
	COMMAND_MALFORMED_ACTION,
	COMMAND_BAD_ACTION,
	COMMAND_BAD_PAYLOAD,
	COMMAND_BAD_SESSION,
	COMMAND_SESSION_EXPIRED
};

struct reply_command {		/* also of REPLY_ERROR: fault */
	const char *node, *session;
	enum command_status status;
	unsigned actions;		/* 1 << COMMAND_PREV ..: what he may do next */
	enum command_action execute;	/* which of them is meant by "execute" */
	enum command_note note_type;
	const char *note;		/* NULL: none */
	const struct dataform *form;	/* NULL: none */
	enum command_fault fault;
};

struct reply_item { const char *jid, *node, *name; };

struct reply {
	enum reply_kind kind;
	enum condition condition;	/* of REPLY_ERROR */
	enum body body;			/* of REPLY_RESULT */
	/* Set when request.lease.asked and the answer is a decision.
	 * On the wire, last inside the isFriend/canRead/canControl response:
	 * <lease xmlns='urn:kith:lease:0' revision='REVISION' ttl='LEASE_MS'/>. */
	bool has_lease;
	uint64_t revision;
	int64_t lease_ms;
	int64_t edge_ms;	/* so long until a condition of time may change it; 0: none */
	struct reply_self self;
	/*
	 * Only towards ours: why not, when to ask again, whom to ask.  With an
	 * error <denied xmlns='urn:kith:why:0' reason= retry= ask=/> beside the
	 * condition; with a decision that is no, the same inside <lease/>.  The
	 * codes: "denied" by a rule, "asked" the owner was or will be, "touch",
	 * "time" not at this hour, "limits" who asks cannot keep to them, or they
	 * are used up, "unreachable" could not be taken back, "nodes" too many,
	 * "unowned", "account" of another server or in doubt, "token".
	 */
	const char *reason;
	int64_t retry_after_ms;
	const char *ask_whom;
	const char *text;		/* chat: a sentence to use instead of the standard one */
	struct reply_force force;
	union {
		struct reply_claimed claimed;
		struct reply_found found;
		struct reply_can can;		/* also isFriend: jid, result */
		struct reply_why why;
		struct identity_feature_list disco;
		struct reply_command command;
		struct reply_token token;
		struct reply_service service;
		struct { size_t n; struct reply_item *item; } items;
		struct { size_t n; struct rule_line *rule; } rules;
		struct { size_t n; struct question_line *question; } questions;
		struct { bool more; size_t n; struct history_line *line; } history;
		struct { size_t n; struct set_line *set; } sets;
		struct found_thing show;
	} u;
};

static inline void reply_error(struct reply *r, enum condition c)
{
	r->kind = REPLY_ERROR;
	r->condition = c;
}

/*
 * Write the stanza that answers `q` with `r` into `out`, in the dialect of
 * the request, from the address it was sent to.  Errors carry exactly one
 * <error/> with one condition, no text, no echo.  Nothing is
 * written for REPLY_SILENCE, and never in answer to a result or an error.
 * -1: the buffer is full; it is then cut back to where it was.
 */
int reply_write(struct buf *out, const struct request *q, const struct reply *r);

/*
 * The asker's side: read the result or error `iq` that answered a request of
 * ours into *r.  Strings come from `pool`.  Any generation and vocabulary is
 * read.  -1: it is an answer to nothing we ever ask, or malformed; *r is then
 * of no use, and "no answer" is what it means.
 */
int reply_parse(struct reply *r, const struct stanza *iq, enum jid_profile profile,
    struct pool *pool);

#endif
