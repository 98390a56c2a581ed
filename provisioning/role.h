/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role: what the files of this folder share: the role's own struct, the facts
 * of a thing, and one function per request.  Nobody outside includes it; they
 * use serve.h.
 */
#ifndef KITH_PROVISIONING_ROLE_H
#define KITH_PROVISIONING_ROLE_H

#include "common/base/buf.h"
#include "common/base/saying.h"
#include "policy/policy.h"
#include "provisioning/about.h"
#include "provisioning/access.h"
#include "provisioning/access_store.h"
#include "provisioning/challenge.h"
#include "provisioning/get_token.h"
#include "provisioning/operator_policy.h"
#include "provisioning/asker.h"
#include "provisioning/recall.h"
#include "provisioning/role_table.h"
#include "provisioning/serve.h"

#define PROVISIONING_VOID 32	/* debts found to be over, settled by the next tick */

struct provisioning_counters {
	uint64_t *allowed, *refused, *asked, *answered, *rules, *floors, *strangers, *tokens_ignored;
};

struct provisioning {
	struct provisioning_conf conf;	/* with a copy of jid */
	struct provisioning_deps deps;
	struct access_store *access;
	struct askers *askers;
	struct recall_table *recalls;
	bool recalling;			/* this request, or turn of the clockwork, changed something */
	const char *speaker;		/* whose request is served; NULL: nobody's */
	int64_t opened_boot_ms;
	int64_t longest_ms;		/* the longest lease ever given */
	struct operator_policy *operator;
	struct role_table *roles;
	struct zones *zones;		/* that rules name */
	struct provisioning_counters count;
	struct challenges *challenges;
	struct openings *openings;
	struct sightings *sightings;
	int64_t next_ms;		/* wall: when provisioning_tick has something to do */
	int64_t latest_ms;		/* wall: the latest this site has ever seen */
	struct { int64_t row; uint64_t number; } over[PROVISIONING_VOID];
	size_t n_over;
};

/* serve.c */
void provisioning_due(struct provisioning *p, int64_t wall_ms);
int64_t provisioning_now(const struct provisioning *p);
/* Remember the time, so that a clock set back is noticed; in a transaction. */
int provisioning_keep_time(struct provisioning *p, struct err *e);
bool provisioning_clock_is_behind(const struct provisioning *p);

/* facts.c */
bool provisioning_is_owned(const struct owned *t);
bool provisioning_account_is_gone(const struct provisioning *p, const char *bare);
/* The facts that every decision has: who, what, and now. */
struct access_facts provisioning_moment(const struct provisioning *p, enum action a,
    const char *requester);
/* Where this owner lives, in seconds east of UTC at this moment. */
int32_t provisioning_zone(const struct provisioning *p, const char *owner);
/* What the owner's rules need to know of a thing. */
int provisioning_thing(struct provisioning *p, const struct owned *t, const char *requester,
    struct pool *pool, struct access_thing *out, struct err *e);
/* The same under other rules than its owner's present ones; NULL: under those. */
int provisioning_thing_under(struct provisioning *p, const struct owned *t,
    const char *requester, const struct policy *rules, struct pool *pool,
    struct access_thing *out, struct err *e);
/* Everything that isFriend, canRead or canControl of `q` looks at. */
int provisioning_facts(struct provisioning *p, const struct request *q, struct access_facts *f,
    struct err *e);
/* Is this thing, or its domain, in a list of settings (NULL: nothing is)? */
bool provisioning_lists(const char *const *who, const char *thing);
/* Is the word of this domain's server good for who it says they are? */
bool provisioning_trusts(const struct provisioning *p, const char *requester, const char *thing);
/* Can it be taken back from this thing when it ends? */
bool provisioning_reaches(const struct provisioning *p, const char *thing);
/* What people read for a thing: its name, or the address it stands for. */
const char *provisioning_label(const struct owned *t);

/* note.c: what happened, for the owner's history; the first two in a transaction */
int provisioning_note_rule(struct provisioning *p, enum audit_what what, const char *owner,
    const struct rule *r, bool by_itself, struct pool *pool, struct err *e);
struct question_wish;
int provisioning_note_question(struct provisioning *p, const struct question_wish *w,
    struct err *e);
/* Counted in memory; allocates nothing. */
void provisioning_note_decision(struct provisioning *p, const struct access_facts *f,
    const struct access_outcome *out);

/* device.c: things ask */
int device_serve(struct provisioning *p, const struct request *q, struct reply *r, struct err *e);

/* service.c: services ask */
int service_access(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e);
int service_login(struct provisioning *p, const struct request *q, struct reply *r, struct err *e);
int service_privilege(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e);
int service_download(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e);

/* question.c: owners are asked */
enum question_plan { QUESTION_LEAVE, QUESTION_NEW, QUESTION_RENEW };
struct question_wish {
	const struct owned *thing;
	const char *requester;
	enum action action;
	struct name_list names;
	unsigned types;			/* read: the kinds asked for; 0: all */
	struct node node;		/* one behind `thing` that is no thing of its own; else unset */
	size_t n_tokens;		/* proved, and shown with it: told, no part of the question */
	const struct subject *tokens;
	bool touch;			/* a yes would not change it: asked once a day at most */
	int64_t by_rule;
	char key[QUESTION_KEY];
	const struct question_row *falls_out;	/* makes room for a new one */
};
int question_plan(struct provisioning *p, struct question_wish *w, struct pool *pool,
    enum question_plan *plan, struct err *e);
int question_raise(struct provisioning *p, struct question_wish *w, struct pool *pool,
    struct err *e);
int question_renew(struct provisioning *p, const struct question_row *q, int64_t by_rule,
    struct err *e);
int question_drop(struct provisioning *p, const struct question_row *q, struct err *e);
/* He has decided about it by another way; a yes that a touch keeps from counting leaves it. */
int question_settled(struct provisioning *p, const struct question_row *q, bool yes,
    struct pool *pool, struct err *e);
#define QUESTION_CODE 10
void question_code(const struct provisioning *p, const struct question_row *q,
    char out[static QUESTION_CODE]);
/* 1: still to be asked, *a says by which rule; 0: decided or over; -1. */
int question_is_open(struct provisioning *p, const struct question_row *q, struct pool *pool,
    struct answer *a, struct err *e);
/* "bob@x wants to read "temperature" of "lamp"" */
void question_words(const struct provisioning *p, const struct question_row *q, struct buf *out);
/* Drop the owner's questions that rules have decided meanwhile. */
int question_sweep(struct provisioning *p, const char *owner, struct err *e);
int question_list(struct provisioning *p, const struct request *q, struct reply *r, struct err *e);
bool question_list_writes(struct provisioning *p, const struct request *q);
int question_answer(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e);

/* rules.c: rules change */
#define RULES_PER_OWNER 1000
/* Does it give somebody new something of a thing that is disputed?  Then it waits:
 * the owner may turn out to be another. */
bool rules_must_wait(const struct provisioning *p, const char *owner, const struct rule *r);
/* Add a rule with all that follows from it.  1 added, 0 there is an equal one
 * (*number), -1.  ERR_LIMIT: too many. */
int rules_add(struct provisioning *p, const char *owner, const struct rule *r, struct pool *pool,
    int64_t *number, struct err *e);
/* Withdraw one, also one that is over, with all that follows. */
int rules_withdraw(struct provisioning *p, const char *owner, int64_t number, struct pool *pool,
    struct err *e);
/* In memory of its own: however many go in one request, there is room. */
int rules_withdraw_alone(struct provisioning *p, const char *owner, int64_t number,
    struct err *e);
/* The line of a rule as its owner reads it. */
const char *rules_line(const struct provisioning *p, const char *owner, const struct rule *r,
    struct pool *pool);
/* To this thing as it is now; a node behind it that is named stays named. */
void rules_bind(struct rule *r, const struct owned *t);
/* Is this address among those a rule speaks of? */
bool rules_cover(const struct subject *s, const char *jid);

/* known.c: what a line speaks of.  NULL, and sets and tokens have their whole names; or
 * why it cannot be made. */
const char *known_complete(const struct provisioning *p, const char *owner, struct rule *r,
    struct pool *pool);
/* What its maker should know about it (a saying); NULL: nothing. */
const char *known_note(const struct provisioning *p, const char *owner, const struct rule *r,
    struct pool *pool);

/* co_owner.c: in whose name a line counts, and for which thing */
struct voice {
	const struct owned *thing;	/* NULL: none was named */
	const char *owner;		/* whose book it is */
	const char *giver;		/* the co-owner who speaks; NULL: the owner himself */
};
/* False: he is neither owner nor co-owner of what he names. */
bool voice_of(struct provisioning *p, const struct request *q, struct voice *v);
/* Is it his to see and to take back? */
bool voice_has(const struct voice *v, const struct rule *r);
/* May he himself any of what he would allow?  1, 0, -1. */
int voice_may(struct provisioning *p, const struct voice *v, const struct rule *r, struct err *e);
int voice_has_room(struct provisioning *p, const struct voice *v, const struct rule *r,
    struct err *e);

/* owner.c: owners speak, in chat or by iq */
int owner_rule_add(struct provisioning *p, const struct request *q, struct reply *r, struct err *e);
int owner_rules(struct provisioning *p, const struct request *q, struct reply *r, struct err *e);
int owner_forget(struct provisioning *p, const struct request *q, struct reply *r, struct err *e);
int owner_revoke(struct provisioning *p, const struct request *q, struct reply *r, struct err *e);
int owner_what_if(struct provisioning *p, const struct request *q, struct reply *r, struct err *e);
/* why.c */
int owner_why(struct provisioning *p, const struct request *q, struct reply *r, struct err *e);
/* owner_iq.c */
int owner_iq_rule(struct provisioning *p, const struct request *q, struct reply *r, struct err *e);
int owner_clear_cache(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e);
int owner_delete_rules(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e);
int owner_devices(struct provisioning *p, const struct request *q, struct reply *r, struct err *e);

/* lease.c: what was answered, and when it ends */
int64_t lease_for(const struct provisioning *p, enum action a, int64_t rule_lease_ms,
    int64_t edge_ms);
/*
 * An answer to whoever keeps it for ever: near the moment at which it will be
 * another one, that already counts, unless it would give more; edge_ms becomes
 * when to clear it: before it closes, or some time after it opens (ruling 26).
 * -1: no room in `pool`.
 */
int lease_foreign(const char *jid, const struct access_facts *f, struct pool *pool,
    struct access_outcome *out);
/* Must this answer be noted, so that it can be taken back? */
bool lease_is_news(const struct provisioning *p, const char *jid, bool keeps_lease,
    int64_t edge_ms);
int lease_note(struct provisioning *p, const char *jid, bool keeps_lease, int64_t edge_ms,
    struct err *e);
/* A yes was held back because the thing cannot be reached: look again soon. */
void lease_wait(struct provisioning *p, const char *jid);
/*
 * What is owed to an asker with `about` joined to what is owed already, and the number
 * under which it can be confirmed: `revision`, or a newer one where an answer to
 * what was sent before, which was about less, would count for this one.
 */
int lease_widen(struct provisioning *p, const struct debt *owed, uint64_t revision,
    const struct about *about, struct about *joined, uint64_t *number, struct err *e);
/* Owe clearCache to an asker; `text`: floor.h. */
int lease_owe(struct provisioning *p, const struct asker *k, uint64_t number,
    const char *text, struct err *e);
/* Owe it to this JID, if it ever asked: about everything, or about one node of it. */
int lease_floor(struct provisioning *p, const char *jid, uint64_t revision, struct err *e);
int lease_floor_node(struct provisioning *p, const char *jid, const struct node *node,
    uint64_t revision, struct err *e);
/* It was given a lease.  When the last one it may hold has ended, boot ms. */
void lease_given(struct provisioning *p, const char *jid, int64_t lease_ms);
int64_t lease_bound(const struct provisioning *p, const struct asker *k);
/* The longest lease ever given; the second in a transaction. */
int lease_open(struct provisioning *p, struct err *e);
int lease_keep_longest(struct provisioning *p, struct err *e);
int lease_acknowledged(struct provisioning *p, const char *jid, struct err *e);
int lease_tick(struct provisioning *p, int64_t now_ms, struct err *e);
void lease_gap(struct provisioning *p);

/* What the operator says that each of these is. */
void provisioning_roles_of(const struct provisioning *p, const char *const *jid, size_t n,
    struct question_roles *out);

#endif
