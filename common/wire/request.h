/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request: what somebody wants, parsed completely: plain data, bounded, owned
 * by the request's pool, no pointer back into the stanza.  An iq, a chat line
 * and a command become the same struct.  Addresses in it are canonical
 * (common/base/jid.h).  Read next: reply.h, route.h.
 */
#ifndef KITH_WIRE_REQUEST_H
#define KITH_WIRE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/pool.h"
#include "common/wire/limits.h"
#include "common/wire/ns.h"

enum verb {
	VERB_NONE,
	/* asked of any entity */
	VERB_DISCO_INFO,
	VERB_DISCO_ITEMS,
	VERB_PING,
	VERB_VERSION,
	/* XEP-0347, thing or owner -> registry */
	VERB_REGISTER,
	VERB_UPDATE,
	VERB_MINE,
	VERB_REMOVE,
	VERB_DISOWN,
	VERB_UNREGISTER,
	VERB_SEARCH,
	/* XEP-0324, thing -> provisioning */
	VERB_IS_FRIEND,
	VERB_CAN_READ,
	VERB_CAN_CONTROL,
	/* owner -> provisioning (the owner's iq protocol) */
	VERB_IS_FRIEND_RULE,
	VERB_CAN_READ_RULE,
	VERB_CAN_CONTROL_RULE,
	VERB_OWNER_CLEAR_CACHE,
	VERB_DELETE_RULES,
	VERB_GET_DEVICES,	/* also the chat word `things` */
	/* owner's requests that have no iq form (chat, commands) */
	VERB_SHOW,
	VERB_NAME_THING,
	VERB_QUESTIONS,
	VERB_ANSWER_QUESTION,	/* yes / no / always CODE */
	VERB_RULE_ADD,		/* a policy line */
	VERB_RULES,
	VERB_FORGET,		/* forget N */
	VERB_REVOKE,		/* revoke JID [of THING] */
	VERB_WHY,
	VERB_HELP,
	/* pushes, service -> thing */
	VERB_CLAIMED,
	VERB_REMOVED,
	VERB_DISOWNED,
	VERB_CLEAR_CACHE,
	VERB_FRIEND,		/* message */
	VERB_UNFRIEND,		/* message */
	/* reader or controller -> thing */
	VERB_READ,
	VERB_READ_CANCEL,
	VERB_CONTROL,
	VERB_CONTROL_FORM,
	/* a line somebody typed */
	VERB_CHAT,
	/* presence of any type */
	VERB_PRESENCE,
	/* result or error for an iq of ours */
	VERB_ANSWER,
	/* owners again: numbers are kept on disk, so what came later stands at the end */
	VERB_WHAT_IF,		/* a policy line, without effect */
	VERB_FIND,		/* among the owner's things, and what is public here */
	VERB_TAG,		/* tags of a thing, edited by its owner */
	VERB_PUBLISH,		/* into the search, or out of it: desk.yes_no */
	VERB_HISTORY,
	VERB_UNDO,
	VERB_TRANSFER,
	VERB_ACCEPT,		/* the new owner, with a code */
	VERB_SHARE,
	VERB_REPLACE,		/* continuity: the new thing takes the place of the old */
	VERB_PRESENCE_CODE,	/* what he sees on the thing he claims */
	VERB_OWNERSHIP_CODE,	/* a new ownership code */
	VERB_PROVE,		/* the code, by an account in doubt */
	VERB_RECOVER,		/* the code, by another account of the same person */
	VERB_SET,		/* `set NAME = things`, `sets`, and what is done with a set */
	VERB_MUTE,
	VERB_DIGEST,
	VERB_LANGUAGE,
	VERB_TIMEZONE,
	/* the operator, by kithctl: request.by_operator */
	VERB_HOLD,
	VERB_RELEASE,
	VERB_EXPIRE,
	VERB_QUOTA,
	VERB_PREAPPROVE,
	VERB_IMPORT,
	/* urn:kith:presence:0: is somebody standing before the thing? (witness.h) */
	VERB_SHOW_CODE,		/* registry -> thing */
	VERB_LISTEN,		/* registry -> thing: to its button */
	VERB_NEW_KEY,		/* registry -> thing */
	VERB_PRESSED,		/* thing -> registry */
	VERB_COMMAND,		/* one step of an ad-hoc command (XEP-0050) */
	/* XEP-0324, tokens: whoever has a certificate -> provisioning */
	VERB_GET_TOKEN,
	VERB_TOKEN_ANSWER,	/* getTokenChallengeResponse */
	VERB_GET_CERTIFICATE,
	VERB_TOKEN_CHALLENGE,	/* provisioning -> thing -> whoever showed it the token */
	/* services -> provisioning */
	VERB_CAN_ACCESS,
	VERB_USER_LOGGED_IN,	/* message, or iq */
	VERB_HAS_PRIVILEGE,
	VERB_DOWNLOAD_PRIVILEGES,
	/* owner, operator */
	VERB_TOKENS,		/* tokens seen at his things; kithctl: all */
	VERB_TOKEN_REVOKE,
	VERB_ROLE,		/* operator: who has which role */
	VERB_POLICY_LOAD,	/* operator: his policy, from desk.text or its file */
	VERB_POLICY_ROLLBACK,	/* operator: back to version desk.number */
	/* reader -> thing: subscriptions to readings */
	VERB_WATCH,
	VERB_UNWATCH,
	VERB_CONCENTRATOR,	/* XEP-0326, any command -> thing */
	VERB_COPIED,		/* urn:kith:twin:0, thing -> registry */
	VERB_COUNT
};
const char *verb_name(enum verb v);

enum stanza_kind { STANZA_IQ, STANZA_MESSAGE, STANZA_PRESENCE };
enum iq_type { IQ_GET, IQ_SET, IQ_RESULT, IQ_ERROR, IQ_NOT };

/* A node behind a JID; NULL members are absent, and absent is not "". */
struct node {
	const char *id;
	const char *source;
	const char *partition;
};
bool node_is_set(const struct node *n);
bool node_equal(const struct node *a, const struct node *b);

struct tag {
	const char *name;	/* as sent; compare without case */
	bool is_num;
	const char *str;	/* string value; for numbers its canonical text */
	double num;
};

struct tag_list {
	size_t n;
	struct tag *tag;	/* in the pool; no two names equal without case */
};
/* By name without case; NULL if absent. */
const struct tag *tag_find(const struct tag_list *l, const char *name);

struct name_list {
	size_t n;
	const char **name;
};

struct node_list {
	size_t n;
	struct node *node;
};

/* Field types of XEP-0323 as bits. */
#define FIELD_MOMENTARY 0x01u
#define FIELD_PEAK 0x02u
#define FIELD_STATUS 0x04u
#define FIELD_COMPUTED 0x08u
#define FIELD_IDENTITY 0x10u
#define FIELD_HISTORICAL 0x20u	/* any of the historical* flags */
#define FIELD_ALL 0x3fu

struct tokens {
	struct name_list service, device, user;
};

/* Our own thing asks for revision and lease in the request. */
struct lease_ask {
	bool asked;
	uint64_t floor;
	bool keeps_limits;	/* it keeps to values and rates (common/base/span.h) */
};

/*
 * What only our own thing says of itself when it registers, in
 * <self xmlns='urn:kith:thing:0'/>; absent for everybody else.
 */
#define SELF_SHOWS_CODE 0x1u	/* it can show a code to whoever stands before it */
#define SELF_HAS_BUTTON 0x2u
#define SELF_NEW_KEY 0x4u	/* it makes a new KEY when it is asked to */
#define SELF_WINDOW 0x8u	/* it can be claimed for a while after a press of its button ... */
#define SELF_OPEN 0x10u		/* ... and it was pressed just now */

/*
 * The rights manifest: what it can be asked for, and what it asks of others: the
 * end of a rule that would allow it, from the action on (`read "temperature" of
 * class=sensor`).  It claims nothing by it; people read it before they decide.
 */
struct offer {
	bool control;		/* a parameter; else a field */
	const char *name;
	const char *type;	/* "numeric", "boolean" ...; NULL: not said */
	const char *unit;	/* NULL: none */
	bool has_range;		/* numbers from min to max */
	double min, max;
};

struct manifest {
	size_t n_offers;
	const struct offer *offer;
	size_t n_needs;
	const char *const *need;
};

struct thing_self {
	bool is_ours;
	unsigned can;			/* SELF_* */
	const char *owner;		/* whose it believes to be; NULL nobody's */
	uint64_t epoch, floor;		/* the latest it heard of */
	const char *continuity;		/* its public key, base64; NULL none */
	const char *nonce, *proof;	/* a signature over our nonce, base64; NULL none */
	bool clock_unknown;		/* it wants to be told the time */
	const struct manifest *manifest;	/* NULL: not said */
};

struct request_register {
	struct node node;
	bool self_owned;
	struct tag_list tags;	/* KEY and R included as sent */
	struct thing_self self;
};

struct request_mine {
	bool has_public;	/* was the attribute there */
	bool is_public;
	struct tag_list tags;
};

struct request_address {	/* remove, disown, unregister, update, ownerless pushes */
	const char *jid;	/* NULL: the sender */
	struct node node;
	struct tag_list tags;	/* update only */
	bool offline;		/* disown typed by a person: also when it is away */
	/*
	 * remove and disown typed by a person (chat, command): the desk fills
	 * `things`, then jid and node say nothing.  Unless confirmed the reply
	 * is BODY_CONFIRM and nothing is written.
	 */
	const char *thing;	/* as he names it; looked up by the desk */
	size_t n_things;
	const uint8_t (*things)[16];
	bool confirmed;
};

enum search_op {
	OP_STR_EQ, OP_STR_NEQ, OP_STR_GT, OP_STR_GTEQ, OP_STR_LT, OP_STR_LTEQ,
	OP_STR_RANGE, OP_STR_NRANGE, OP_STR_MASK, OP_STR_REGEX,
	OP_NUM_EQ, OP_NUM_NEQ, OP_NUM_GT, OP_NUM_GTEQ, OP_NUM_LT, OP_NUM_LTEQ,
	OP_NUM_RANGE, OP_NUM_NRANGE,
	OP_COUNT
};

struct search_term {
	enum search_op op;
	const char *name;
	const char *name_wildcard;	/* NULL: exact name */
	const char *value;		/* string operators */
	const char *wildcard;		/* masks */
	double num;
	const char *min, *max;		/* string ranges; NULL: open */
	double num_min, num_max;
	bool has_min, has_max, min_included, max_included;
};

struct request_search {
	int64_t offset;
	int64_t max;		/* 0: not given */
	size_t n;
	struct search_term *term;
};

struct request_is_friend {
	const char *jid;	/* canonical bare; NULL if it is no address */
	const char *asked;	/* as sent, for the echo; NULL if absent */
};

struct request_can {		/* canRead and canControl */
	const char *jid;	/* canonical bare; NULL if it is no address */
	struct tokens tokens;
	const char *asked;	/* the address as sent, for the echo; NULL if absent */
	unsigned types;		/* FIELD_*; 0: none named */
	/* Of FIELD_HISTORICAL: only these kinds, in the order of word_history();
	 * 0: all of it.  The echo must not say more than the question. */
	unsigned history;
	struct node_list nodes;	/* empty: all; a node without any member is the thing itself */
	struct name_list names;	/* fields or parameters; empty: all */
};

#define WIRE_CERTIFICATE 8192	/* bytes of a certificate, decoded */
#define WIRE_CREDENTIALS 32

struct request_token {		/* getToken .. tokenChallenge */
	const char *token;	/* as sent, "provisioning@jid:RANDOM" or RANDOM alone */
	int64_t seqnr;
	size_t len;		/* the decoded text of the element */
	const uint8_t *data;	/* certificate, challenge or response */
	bool sha256;		/* ours: OAEP with SHA-256 and a label */
	const char *shown_by;	/* tokenChallenge to ours: canonical bare, who showed it; or NULL */
};

struct credential_sent { const char *type, *value; };	/* type as in the schema: "ip4", ... */

struct request_service {	/* canAccess, userLoggedIn, hasPrivilege, downloadPrivileges */
	struct name_list service_tokens, user_tokens;
	const char *user_name;
	const char *privilege;
	size_t n_credentials;
	struct credential_sent *credential;
};

enum rule_range { RANGE_JID, RANGE_DOMAIN, RANGE_ALL, RANGE_SERVICE, RANGE_DEVICE, RANGE_USER };

struct request_owner_rule {	/* isFriendRule, canReadRule, canControlRule */
	const char *jid;	/* the thing */
	const char *remote;	/* who asked */
	const char *key;
	bool result;
	enum rule_range range;
	const char *token;
	bool partial;
	unsigned types;
	struct node_list nodes;
	struct name_list names;
};

struct request_devices {	/* getDevices, clearCache and deleteRules of owners, `things` */
	const char *jid;	/* clearCache, deleteRules: which thing; NULL: all */
	struct node node;
	int64_t offset, max;
	const char *filter;	/* `things FILTER`: words, may be NULL */
};

enum yes_no { ANSWER_YES, ANSWER_NO, ANSWER_ALWAYS };

/*
 * What a person says, in chat or in a command.  The desk takes every verb in this
 * shape but mine (request_mine) and getDevices (request_devices); where a role
 * has another one (remove, disown, update), the desk fills that in.
 */
struct request_desk {
	const char *thing;	/* a thing as the owner names it; NULL: none */
	const char *set;	/* a set of his; its things are in `things` */
	/* Which thing of his that is: the desk looks the name up (also the one
	 * inside a policy line); 16 bytes, NULL: no thing was named. */
	const uint8_t *thing_id;
	const char *node;	/* why: one behind the thing that is none of its own */
	const char *text;	/* policy line, new name, word asked about, value (why) */
	const char *code;	/* folded code of a question */
	enum yes_no yes_no;
	const char *jid;	/* canonical bare JID asked about or revoked */
	const char *action;	/* befriend, read, control */
	const char *name;	/* field or parameter */
	int64_t number;		/* forget N */
	struct name_list names;	/* several things as he names them; `set NAME = ...` */
	/* Acts on several things, or on one of them under a second name. */
	size_t n_things;
	const uint8_t (*things)[16];
	struct tag_list tags;	/* tag, find */
	int64_t offset, max;	/* history, find, things */
	int64_t until_ms;	/* wall: share, mute; 0 not said */
	/* He was shown what it does and said yes: else the reply is BODY_CONFIRM. */
	bool confirmed;
	bool offline;		/* disown: also when it is away */
	bool co_owner;		/* share: he may give others what he may do himself */
};

struct request_import {		/* one row of an operator's list */
	const char *jid;	/* canonical bare; NULL only with is_claim */
	struct node node;
	const char *owner;	/* canonical bare; NULL: nobody's */
	const char *name;	/* what the owner calls it; NULL: as it is */
	bool has_public, is_public;
	bool is_claim;		/* the tags are those of a claim text */
	struct tag_list tags;
};

struct request_approve {	/* a class of things approved beforehand */
	bool remove;		/* only the name counts */
	const char *name, *man, *model, *sn_from, *sn_to;
	const char *owner;	/* canonical bare */
	const char *rule;	/* a policy line; NULL none */
	int64_t cap, until_ms;
};

/* Which answers a clearCache of ours is about; what is absent is all. */
#define CLEAR_FRIEND 0x1u	/* bits of `actions` */
#define CLEAR_READ 0x2u
#define CLEAR_CONTROL 0x4u
struct clear_about {
	const char *jid;	/* canonical bare: who asked */
	unsigned actions;
	struct node node;
	const char *name;	/* of a field or parameter */
};

struct request_push {		/* claimed, removed, disowned, clearCache, friend, unfriend */
	const char *jid;	/* owner or friend; NULL if absent */
	struct node node;
	bool has_public, is_public;
	uint64_t floor;		/* clearCache from ours: the revision; 0: none named */
	size_t n_about;		/* ... what it is about; 0: everything below the floor */
	const struct clear_about *about;
};

struct request_witness {	/* show, listen, newKey, pressed */
	const char *code;	/* show: "ABCD-EFGH" */
	int64_t seconds;	/* show, listen: so long */
	const char *rhythm;	/* pressed: "2 4 1", presses between pauses */
};

/*
 * An asker who understands urn:kith:why:0 puts an empty <why/> into what he asks
 * a thing; a refusal then carries <denied reason= retry= ask=/> of that
 * namespace beside the standard condition.
 */
struct request_read {		/* XEP-0323 req */
	const char *seqnr;	/* seqnr (X) or id (I, N), echoed as sent */
	unsigned types;
	unsigned history;	/* as in request_can */
	struct node_list nodes;
	struct name_list fields;
	struct tokens tokens;
	/* Of stored values: not older than, not newer than. */
	bool has_from, has_to;
	int64_t from_ms, to_ms;
	bool has_when;		/* to be read at a time, not now */
	int64_t when_ms;
	bool why;
};

/* When a change of this field is told. */
struct event_field {
	bool said;		/* it was there */
	bool has_current;	/* what the subscriber believes it to be */
	double current;
	bool has_up, has_down;
	double up, down;	/* changes of so much, not negative */
};

struct request_events {		/* subscribe; unsubscribe is a request_read of seqnr */
	struct request_read read;	/* what is told each time; stands first, see union */
	struct event_field *field;	/* one for each of read.fields */
	bool has_min, has_max, has_age;
	int64_t min_ms, max_ms;		/* between two tellings */
	int64_t age_ms;			/* of stored values that are told */
	bool at_once;			/* and tell what it is now */
};

enum value_type {
	VALUE_BOOL, VALUE_INT, VALUE_LONG, VALUE_NUMERIC, VALUE_STRING,
	VALUE_DATE, VALUE_TIME, VALUE_DATETIME, VALUE_DURATION, VALUE_ENUM, VALUE_COLOR
};

/* Commands of XEP-0326, in the order of concentrator_commands. */
enum concentrator_verb {
	CONCENTRATOR_CAPABILITIES, CONCENTRATOR_ALL_SOURCES, CONCENTRATOR_ROOT_SOURCES,
	CONCENTRATOR_CHILD_SOURCES, CONCENTRATOR_CONTAINS_NODE, CONCENTRATOR_CONTAINS_NODES,
	CONCENTRATOR_GET_NODE, CONCENTRATOR_GET_NODES, CONCENTRATOR_ALL_NODES,
	CONCENTRATOR_INHERITANCE, CONCENTRATOR_ROOT_NODES, CONCENTRATOR_CHILD_NODES,
	CONCENTRATOR_ANCESTORS, CONCENTRATOR_SUBSCRIBE, CONCENTRATOR_UNSUBSCRIBE,
	CONCENTRATOR_COMMANDS, CONCENTRATOR_COMMAND_FORM, CONCENTRATOR_EXECUTE,
	CONCENTRATOR_QUERY, CONCENTRATOR_ABORT_QUERY, CONCENTRATOR_UNKNOWN
};

/* What happens to nodes, as bits. */
#define CONCENTRATOR_ADDED 0x1u
#define CONCENTRATOR_UPDATED 0x2u
#define CONCENTRATOR_STATUS 0x4u
#define CONCENTRATOR_REMOVED 0x8u

struct request_concentrator {
	enum concentrator_verb what;
	const char *command;		/* the element, echoed in the answer */
	struct node node;		/* or the source alone */
	struct node_list nodes;
	struct tokens tokens;
	bool parameters;		/* what is known of each node as well */
	struct name_list derived;	/* only nodes of these types; empty: of any */
	const char *act;		/* of a node: what to execute */
	unsigned events;		/* subscribe, unsubscribe: which */
	bool since;			/* ... and those of the past */
	int64_t ttl;			/* seconds; 0: not said */
};

struct control_value {
	const char *name;
	enum value_type type;
	const char *text;	/* as sent, checked against its type */
	double num;		/* int, long, numeric */
	bool boolean;
	bool loose;		/* from a form: text alone, the thing knows the type */
};

struct request_control {	/* XEP-0325 set */
	struct node_list nodes;
	struct tokens tokens;
	size_t n;
	struct control_value *value;
	const char *wrong;	/* a name whose value cannot be, or that has two; NULL: none */
	bool form;		/* a form was submitted, maybe with nothing changed in it */
	bool why;
};

/* Why a chat line must not be obeyed; bits. */
#define CHAT_DELAYED 0x01u	/* XEP-0203: answered, not obeyed */
#define CHAT_CORRECTED 0x02u	/* XEP-0308 */
#define CHAT_FORWARDED 0x04u	/* XEP-0297, carbons, archives */
#define CHAT_ENCRYPTED 0x08u	/* only an encrypted payload with a fallback */
#define CHAT_AUTO 0x10u		/* written by a program */
#define CHAT_GROUP 0x20u	/* groupchat or an occupant */
#define CHAT_AMBIGUOUS 0x40u	/* several bodies that differ */
#define CHAT_TOO_LONG 0x80u
#define CHAT_ERROR 0x100u

struct request_chat {
	const char *body;	/* fallback ranges (XEP-0428) already cut out */
	unsigned flags;
	const char *stamp;	/* of CHAT_DELAYED, ISO 8601; NULL if none */
	const char *lang;	/* xml:lang; NULL if none */
	bool wants_receipt;	/* XEP-0184 */
};

enum presence_type {
	PRESENCE_AVAILABLE, PRESENCE_UNAVAILABLE, PRESENCE_SUBSCRIBE,
	PRESENCE_SUBSCRIBED, PRESENCE_UNSUBSCRIBE, PRESENCE_UNSUBSCRIBED,
	PRESENCE_PROBE, PRESENCE_ERROR
};

struct request_presence {
	enum presence_type type;
	bool gone;		/* error <gone/>: the account is no more */
};

struct request_answer {
	bool ok;		/* result, or error */
	const char *condition;	/* local name of the error condition; NULL for ok */
	const char *child;	/* local name of the first child; NULL: empty */
	const char *child_ns;
	size_t len;		/* what answers tokenChallenge; `data` NULL: nothing */
	const uint8_t *data;
};

enum command_action {
	COMMAND_EXECUTE, COMMAND_NEXT, COMMAND_PREV, COMMAND_COMPLETE, COMMAND_CANCEL,
	COMMAND_UNKNOWN
};

struct dataform;

struct request_command {	/* XEP-0050 */
	const char *node;	/* which command */
	const char *session;	/* NULL: a new one */
	enum command_action action;
	const struct dataform *form;	/* NULL: none */
};

struct request_disco {
	const char *node;	/* NULL: none */
};

struct request {
	enum verb verb;
	enum stanza_kind kind;
	enum iq_type type;
	struct dialect dialect;
	const char *id;		/* as sent; NULL if absent */
	const char *from;	/* canonical full address, stamped by the broker */
	const char *bare;	/* its bare form: the only identity */
	const char *to;		/* canonical address it was sent to */
	const char *lang;	/* xml:lang of the stanza; NULL: not said */
	bool by_operator;	/* from the control socket: `from` and `bare` are NULL */
	bool dry;		/* with by_operator: served, answered, and rolled back */
	struct lease_ask lease;
	struct pool *pool;	/* owns every string above and below */
	union {
		struct request_register reg;
		struct request_mine mine;
		struct request_address address;
		struct request_search search;
		struct request_is_friend is_friend;
		struct request_can can;
		struct request_owner_rule rule;
		struct request_devices devices;
		struct request_desk desk;
		struct request_import import;
		struct request_approve approve;
		struct request_push push;
		struct request_witness witness;
		bool copied;		/* another device uses its identity; false: no more */
		struct request_read read;
		struct request_events events;	/* u.read is its first member */
		struct request_control control;
		struct request_concentrator concentrator;
		struct request_chat chat;
		struct request_presence presence;
		struct request_answer answer;
		struct request_disco disco;
		struct request_command command;
		struct request_token token;
		struct request_service service;
	} u;
};

#endif
