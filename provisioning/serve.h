/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve: the provisioning role (XEP-0324).  Decides isFriend, canRead,
 * canControl from ownership and the owners' rules in memory; what nobody
 * decided yet becomes a question to the owner.  Serves owners' rules and
 * answers.  Same contract as registry/serve.h.  Read next: access.h,
 * friendship.h, owner.h, lease.h, access_store.h.
 */
#ifndef KITH_PROVISIONING_SERVE_H
#define KITH_PROVISIONING_SERVE_H

#include "common/base/clock.h"
#include "common/base/jid.h"
#include "common/base/secret.h"
#include "common/base/stats.h"
#include "common/store/audit.h"
#include "common/store/code.h"
#include "common/store/contact.h"
#include "common/store/debt.h"
#include "common/store/ownership.h"
#include "common/store/parked.h"
#include "common/store/person.h"
#include "common/store/store.h"
#include "common/store/thing_set.h"
#include "common/store/token.h"
#include "common/wire/reply.h"
#include "common/wire/request.h"

struct provisioning;

struct provisioning_conf {
	const char *jid;		/* the component */
	enum jid_profile profile;
	int64_t read_lease_ms;		/* 15 min */
	int64_t control_lease_ms;	/* 5 min */
	int64_t befriend_lease_ms;	/* 15 min */
	int32_t zone_s;			/* operator's zone, seconds east of UTC */
	int64_t max_questions_strangers;	/* open ones per owner from people never met: 20 */
	int64_t question_ms;		/* 90 days */
	int64_t code_ms;		/* 7 days */
	bool remote_verified;		/* remote_senders = verified (ruling 1) */
	int64_t token_ms;		/* 90 days; 0: no tokens are given out */
	/* Which things may trust others by hand: all, or those of these addresses and
	 * domains; NULL: none. */
	bool secondary_all;
	const char *const *secondary;
	/* Things and domains whose owners' and operator's word are united instead of
	 * narrowed by each other; NULL: none. */
	const char *const *united;
	int64_t user_token_ms;		/* of a user of a service: 1 h */
	const char *policy_file;	/* of the operator (operator_policy.h); NULL none */
};

/*
 * Tags of a thing, for rules like class=camera: asked through this function so
 * that provisioning never uses registry/.  Fills up to `max`; strings live in
 * `pool`.  Returns how many.
 */
typedef size_t (*provisioning_tags_fn)(void *arg, const uint8_t id[static OWNERSHIP_ID],
    struct pool *pool, struct tag *out, size_t max);

struct provisioning_deps {
	struct store *store;
	struct ownership *ownership;
	struct debts *debts;
	struct contacts *contacts;
	const struct clock *clock;
	const struct secret *hash_key;
	struct stats *stats;
	provisioning_tags_fn tags;
	void *tags_arg;
	/* NULL: nothing is noted, issued or known; only in tests of other things. */
	struct audit *audit;
	struct codes *codes;
	struct persons *persons;
	struct thing_sets *sets;
	struct tokens_table *tokens;
	struct parked_table *parked;
};

int provisioning_open(struct provisioning **out, const struct provisioning_conf *conf,
    const struct provisioning_deps *deps, struct err *e);
void provisioning_close(struct provisioning **p);

bool provisioning_serves(enum verb v);
/* Acts of the operator, in a transaction (request.by_operator), as
 * registry_operate(); and what kithctl may look at. */
struct operator_policy;
struct role_table;
bool provisioning_operates(enum verb v);
int provisioning_operate(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e);
struct operator_policy *provisioning_operator_policy(const struct provisioning *p);
const struct role_table *provisioning_roles(const struct provisioning *p);
/* Must this be served in a transaction?  The turn asks before. */
bool provisioning_writes(const struct provisioning *p, const struct request *q);
/*
 * isFriend, canRead, canControl write only when they raise a question or when
 * the answer must be noted, which they know once they have decided: outside of
 * any transaction that is PROVISIONING_WRITES, nothing was done or said, and
 * the turn serves it again within one.  So what is asked often, and changes
 * nothing, is decided once.
 */
#define PROVISIONING_WRITES 1
int provisioning_serve(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e);

/* An answer that belongs to no debt, in a transaction: of a challenge? */
int provisioning_answered(struct provisioning *p, const struct request *answer, struct err *e);
/* Challenges, and answers to questions that waited for them, of what was committed. */
void provisioning_released(struct provisioning *p, struct buf *out);
void provisioning_down(struct provisioning *p);

/* DEBT_FLOOR, DEBT_FRIEND, DEBT_UNFRIEND, DEBT_QUESTION: as in registry/serve.h. */
int provisioning_debt_answered(struct provisioning *p, const struct debt *d,
    const struct request *answer, struct err *e);
int provisioning_debt_write(struct provisioning *p, const struct debt *d, struct buf *out);
/* DEBT_QUESTION: the sentence and code to ask the owner with, words by desk/.
 * 1 found, 0 the question is settled (drop the debt), -1 error. */
struct owner_question {
	const char *owner, *thing_name, *requester, *code, *key;
	uint8_t thing_id[OWNERSHIP_ID];
	int action;			/* enum action of policy/ */
	struct name_list names;
	unsigned types;			/* the kinds of readings asked for; 0: all */
	struct node node;		/* which node of `thing_jid`; unset: itself */
	bool node_only;			/* that node is no thing of its own */
	struct tokens tokens;		/* that came with it, by their public names */
	int64_t touch_rule;		/* wants a touch, so a yes changes nothing; 0: none does */
	int64_t asked_ms;
	enum gen gen;			/* of the owner's prov:o dialect */
	bool owner_speaks_iq;		/* send push_question_write as well */
	const char *thing_jid;
};
int provisioning_question(struct provisioning *p, const char *key, struct pool *pool,
    struct owner_question *out, struct err *e);
/* The keys of all that waits for this owner's answer, the oldest first; how many. */
size_t provisioning_questions_of(struct provisioning *p, const char *owner, const char **key,
    size_t max);
/*
 * What an owner's rules look at has changed, in the same transaction: tags of this thing
 * (NULL: of any), a set, his zone.  Things that may act by what was before ask again.
 */
enum provisioning_look { LOOK_TAG, LOOK_SET, LOOK_ZONE };
int provisioning_looks_changed(struct provisioning *p, const char *owner,
    enum provisioning_look what, const struct owned *thing, struct err *e);
/* Ownership of a thing changed inside this transaction (claim, disown,
 * unregister): owe clearCache, raise the revision. */
int provisioning_owner_changed(struct provisioning *p, const struct owned *thing, struct err *e);
/* Time edges: rules that start or end now; in a transaction. */
int provisioning_tick(struct provisioning *p, struct err *e);
int64_t provisioning_deadline(const struct provisioning *p);	/* wall ms of the next edge; -1 */
/*
 * Changes that not all have confirmed yet (recall.h), oldest first; *oldest_ms:
 * since when (wall, 0 none).  Strings of provisioning_recall_at() come from `pool`.
 */
struct provisioning_recall {
	int64_t id;
	uint64_t revision;
	const char *owner, *speaker;	/* NULL: of all; nobody is told */
	int64_t at_ms;			/* wall */
	bool telling;			/* not all are told yet */
	size_t changes, things, acknowledged;
	const char *slowest;		/* NULL: none, or too many to say */
	bool is_online, keeps_none;
	int64_t ends_ms;		/* wall: when the rest ends by itself; 0 not known */
	const char *what;		/* the line of the rule; NULL several, or none */
	bool gone;			/* it was withdrawn */
};
size_t provisioning_recalls(struct provisioning *p, int64_t *oldest_ms);
bool provisioning_recall_at(struct provisioning *p, size_t i, struct pool *pool,
    struct provisioning_recall *out);
/* After a gap in our stream: foreign things' caches are cleared again (ruling 26c). */
int provisioning_stream_gap(struct provisioning *p, struct err *e);

/*
 * The store is an old copy (restored.c), in a transaction: everybody who ever
 * asked is owed clearCache; and each allow of this owner becomes an ask, how
 * many of them, -1 error.
 */
int provisioning_restored(struct provisioning *p, struct err *e);
int provisioning_restored_owner(struct provisioning *p, const char *owner, struct err *e);

/*
 * Co-owners: who may give others what he may do himself with a thing that is
 * not his.  Is he one, at this moment?  All such things, how many.
 */
#define PROVISIONING_SHARED 128
bool provisioning_is_co_owner(struct provisioning *p, const char *jid, const struct owned *t);
size_t provisioning_shared(struct provisioning *p, const char *jid, const struct owned **out,
    size_t max);

/* Questions that wait for an owner's answer; -1: cannot tell now. */
int64_t provisioning_question_count(struct provisioning *p, struct err *e);

/* The same with everything that may be asked about; `name`, `value` may be NULL. */
struct provisioning_why {
	const char *asker, *name, *value;
	int action;
	const uint8_t *thing;
};
int provisioning_why(struct provisioning *p, const struct provisioning_why *what,
    struct pool *pool, struct reply_why *out, struct err *e);
/* trial.c, kithctl policy what-if: another policy of the operator, for whom rules
 * name; a thing at a time, with scratch memory in `pool`.  Writes nothing. */
struct provisioning_trial;
struct provisioning_change {
	const char *who, *action, *now, *then;	/* allow, deny, ask */
	const struct owned *thing;
	bool in_part;
};
typedef void provisioning_change_fn(void *arg, const struct provisioning_change *c);
int provisioning_trial_begin(struct provisioning *p, struct provisioning_trial **out,
    const char *text, size_t len, struct err *e);
int provisioning_trial_thing(struct provisioning_trial *t, const struct owned *thing,
    struct pool *pool, provisioning_change_fn *fn, void *arg, struct err *e);
bool provisioning_trial_is_cut(const struct provisioning_trial *t);	/* more people than it looks at */
void provisioning_trial_end(struct provisioning_trial **t);
/* kithctl policy ask: decide without effect. */
int provisioning_ask(struct provisioning *p, const char *asker, int action,
    const uint8_t thing[static OWNERSHIP_ID], const char *name, struct pool *pool,
    struct reply_why *out, struct err *e);

#endif
