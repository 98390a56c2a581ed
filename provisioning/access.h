/* SPDX-License-Identifier: Apache-2.0 */
/*
 * access: the decision about isFriend, canRead and canControl.  Pure: facts
 * in, outcome out; it narrows what was asked for and never widens it.
 *
 *   1. A thing without an owner grants nothing; one that owns itself what the
 *      operator's policy allows, which decides alone there.
 *   2. The owner of a thing may do everything with it; rules never bind him.
 *   3. Who comes from a domain nobody vouches for gets nothing.
 *   4. The owner's rules (policy/policy.h).
 *   5. The operator's policy narrows that: what it denies is denied, what it asks
 *      about needs an allow of the owner for exactly this one, what it wants a
 *      touch for is not granted.
 *   6. A yes is held back from a thing that neither forgets by itself nor can
 *      be told: it could never be taken back.
 * A thing behind a gateway is a node; each node is decided by its own owner.  A
 * node that nobody registered belongs to whom the gateway's JID belongs to.
 */
#ifndef KITH_PROVISIONING_ACCESS_H
#define KITH_PROVISIONING_ACCESS_H

#include "common/store/ownership.h"
#include "common/wire/request.h"
#include "policy/policy.h"

#define ACCESS_QUESTIONS 8	/* raised by one request */

struct access_thing {
	const struct owned *thing;	/* NULL: nobody knows this node */
	const struct policy *rules;	/* of its owner; NULL: none yet */
	bool is_owner;			/* the requester owns it */
	bool trusted;			/* the requester's domain is believed */
	bool unites;			/* XEP-0324's union: what the operator allows is allowed as
					 * well, and what he denies is not denied by it */
	struct node node;		/* one behind `thing` that is no thing of its own */
	const struct question_tag *tags;
	size_t n_tags;
	const char *const *sets;	/* its owner's, that it is in */
	size_t n_sets;
	const char *const *givers;	/* co-owners whose rules count */
	size_t n_givers;
	const struct question_roles *giver_roles;	/* of each; NULL: none has any */
	/* The owner's own zone, and when it next changes its offset (0 never): a
	 * time of day in his rules is his time of day. */
	bool has_zone;
	int32_t zone_s;
	int64_t zone_until_ms;
	/* Zones that rules name, his and the operator's. */
	const struct question_zone *zones;
	size_t n_zones;
};

struct access_facts {
	enum action action;
	const char *requester;
	int64_t now_ms;
	int32_t zone_s;			/* of whoever has chosen none */
	bool clock_unsure;		/* the clock fell behind what the store has seen */
	bool revocable;			/* the asking thing forgets by itself or can be told */
	bool keeps_limits;		/* who asks keeps to ranges of values and rates */
	bool wants_reason;
	const char *const *roles;	/* of the requester */
	size_t n_roles;
	/* Of the operator: alone, and beside an owner's rules; NULL: he has none. */
	const struct policy *operator_rules, *operator_narrowing;
	bool nodes_asked;
	struct node_list nodes;		/* as asked; thing[i] is what nodes.node[i] stands for */
	bool too_many;			/* nodes: each must be asked about by itself */
	struct name_list names;
	unsigned types;			/* read: TYPE_* asked for; 0: not said, all */
	size_t n;
	struct access_thing *thing;	/* the nodes asked for, or all of this JID */
	/* token.h: those that count for this question; those that are his, counting or
	 * not, for the owner's eyes; when any of it may change, 0 never. */
	size_t n_tokens, n_shown;
	const struct subject *tokens, *shown;
	int64_t tokens_until_ms;
	/* What a service says of its user; ACTION_ACCESS, ACTION_PRIVILEGE. */
	size_t n_credentials;
	const struct question_credential *credentials;
	bool tokens_wait;		/* a challenge could make more of them count */
	bool tokens_ignored;		/* one or more counted for nothing */
};

/* Why not: the codes of reply.h. */
enum access_reason {
	ACCESS_GRANTED,
	ACCESS_DENIED,
	ACCESS_ASKED,
	ACCESS_TOUCH,
	ACCESS_TIME,
	ACCESS_LIMITS,
	ACCESS_UNREACHABLE,
	ACCESS_NODES,
	ACCESS_UNOWNED,
	ACCESS_ACCOUNT,
	ACCESS_TOKEN
};
const char *access_reason_name(enum access_reason r);	/* "denied" ...; NULL: granted */

struct access_outcome {
	bool granted;
	bool held_back;			/* granted, but for line 6 */
	/* Listed in the answer: every node with every name in every kind. */
	struct node_list nodes;
	struct name_list names;
	unsigned types;			/* read: never more than asked; 0: what was asked */
	size_t n_limits;
	const struct limit *limits;
	int64_t edge_ms;		/* when it may change by itself; 0 never */
	int64_t lease_ms;		/* shortest of the rules that granted; 0: default */
	enum access_reason reason;	/* of a no; set when wants_reason, or none granted */
	int64_t retry_ms;		/* wall: when it will be otherwise; 0 not known */
	const char *ask_whom;		/* who can allow it; NULL nobody */
	size_t n_questions;		/* to be asked of the owners of these */
	struct { size_t thing; int64_t by_rule; bool touch; } question[ACCESS_QUESTIONS];
};

/* Lists come from `pool`.  -1: no room. */
int access_decide(const struct access_facts *f, struct pool *pool, struct access_outcome *out);
/*
 * One thing alone, lines 1 to 5: what `why` explains.  `space` as in policy_decide;
 * who has no room for limits learns the verdict, but not within which of them.
 */
void access_decide_thing(const struct access_facts *f, const struct access_thing *t,
    const struct answer_space *space, struct answer *out);
/* The same, and whose word it was. */
struct access_judgement {
	struct answer answer;
	enum access_reason reason;
	bool by_operator;	/* answer.rule is one of his */
};
void access_judge(const struct access_facts *f, const struct access_thing *t,
    const struct answer_space *space, struct access_judgement *out);

/* grant.c: what one answer can say of all of them. */
int access_grant(const struct access_facts *f, const struct answer *a, struct pool *pool,
    struct access_outcome *out);
bool access_is_node(const struct access_thing *t);
bool access_can_list(const struct access_facts *f, const struct access_thing *t);

#endif
