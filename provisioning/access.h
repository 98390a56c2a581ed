/* SPDX-License-Identifier: Apache-2.0 */
/*
 * access: the decision about isFriend, canRead and canControl.  Pure: facts
 * in, outcome out; it narrows what was asked for and never widens it.
 *
 *   1. A thing without an owner grants nothing.
 *   2. The owner of a thing may do everything with it; rules never bind him.
 *   3. Who comes from a domain nobody vouches for gets nothing.
 *   4. The owner's rules (policy/policy.h).
 *   5. A yes is held back from a thing that neither forgets by itself nor can
 *      be told: it could never be taken back.
 * A thing behind a gateway is a node; each node is decided by its own owner.
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
	const struct question_tag *tags;
	size_t n_tags;
	const char *const *givers;	/* co-owners whose rules count */
	size_t n_givers;
	/* The owner's own zone, and when it next changes its offset (0 never): a
	 * time of day in his rules is his time of day. */
	bool has_zone;
	int32_t zone_s;
	int64_t zone_until_ms;
};

struct access_facts {
	enum action action;
	const char *requester;
	int64_t now_ms;
	int32_t zone_s;			/* of whoever has chosen none */
	bool clock_unsure;		/* the clock fell behind what the store has seen */
	bool revocable;			/* the asking thing forgets by itself or can be told */
	bool nodes_asked;
	struct node_list nodes;		/* as asked; thing[i] is what nodes.node[i] stands for */
	struct name_list names;
	size_t n;
	struct access_thing *thing;	/* the nodes asked for, or all of this JID */
	/* token.h: those that count for this question; those that are his, counting or
	 * not, for the owner's eyes; when any of it may change, 0 never. */
	size_t n_tokens, n_shown;
	const struct subject *tokens, *shown;
	int64_t tokens_until_ms;
	bool tokens_wait;		/* a challenge could make more of them count */
	bool tokens_ignored;		/* one or more counted for nothing */
};

struct access_outcome {
	bool granted;
	bool held_back;			/* granted, but for line 5 */
	struct node_list nodes;		/* listed in the answer */
	struct name_list names;		/* listed in the answer */
	int64_t edge_ms;		/* when it may change by itself; 0 never */
	int64_t lease_ms;		/* shortest of the rules that granted; 0: default */
	size_t n_questions;		/* to be asked of the owners of these */
	struct { size_t thing; int64_t by_rule; } question[ACCESS_QUESTIONS];
};

/* Lists come from `pool`.  -1: no room. */
int access_decide(const struct access_facts *f, struct pool *pool, struct access_outcome *out);
/* One thing alone, lines 1 to 4: what `why` explains.  `space` as in policy_decide. */
void access_decide_thing(const struct access_facts *f, const struct access_thing *t,
    const struct answer_space *space, struct answer *out);

#endif
