/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve: the registry role (XEP-0347).  registry_serve() takes one parsed
 * request through its stages: load facts, decide, apply, fill the reply.
 * It knows no stanza and no chat: wire/ and desk/ put the reply into words.
 * Read next: claim.h (the decision), thing_store.h (its rows).
 */
#ifndef KITH_REGISTRY_SERVE_H
#define KITH_REGISTRY_SERVE_H

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
#include "common/wire/reply.h"
#include "common/wire/request.h"

struct registry;

struct registry_conf {
	const char *jid;		/* the component */
	enum jid_profile profile;
	const char *const *domains;	/* whose things may register; NULL-terminated;
					 * NULL: own site */
	const char *const *self_owned;	/* whose things may be their own; NULL: nobody's */
	int64_t max_things_per_jid;
	int64_t max_things_per_owner;
	int64_t max_things_per_domain;
	int64_t max_things;		/* of the whole site */
	int64_t max_self_owned;
	int64_t max_tags, max_tag_bytes;	/* of one thing */
	int64_t max_used;		/* used-up claim digests whose things are gone */
	int64_t max_unclaimed;
	int64_t max_strangers;		/* contacts, beyond which the subscriptions of
					 * those who have nothing here are not kept */
	int64_t unclaimed_expire_ms;	/* 30 days */
	int64_t receipt_ms;		/* 30 days */
	int64_t search_work;		/* most of one search, in looks at a thing */
	int64_t searcher_work;		/* of one asker in a second */
	int64_t searcher_domain_work;	/* of one domain in a second */
	int64_t searchers_work;		/* of all */
	int64_t showing_ms;		/* a presence question is open so long: 10 min */
	int64_t showings;		/* of one claimant in an hour: 3 */
	int64_t max_showings;		/* of everybody in an hour */
	int64_t dispute_ms;		/* after a claim; and how long one may last: 24 h */
	int64_t failures_per_jid;	/* failed claims a minute, before they are late */
	int64_t failures_per_domain;
	int64_t failures;
	int64_t wrong_keys;		/* for one (MAN, SN), before short KEYs are weak */
	int64_t newcomers_per_jid;	/* things that register for the first time */
	int64_t newcomers_per_domain;
	int64_t newcomers_ms;		/* in so long */
	int64_t claim_window_ms;	/* a thing can be claimed so long after it registered; 0:
					 * at any time */
	int64_t claim_press_ms;		/* one that asks for it, after a press: 5 min */
	int32_t zone_s;			/* operator's zone; for times told to people */
	bool show_owner;		/* `owner` in X search results */
	bool remote_verified;		/* JIDs of other domains may own things */
	bool answer_probes;		/* of the bare component JID; off: some clients
					 * take the next stanza for their answer */
};

struct registry_deps {
	struct store *store;
	struct ownership *ownership;
	struct debts *debts;
	struct parked_table *parked;
	struct contacts *contacts;
	const struct clock *clock;
	const struct secret *hash_key;	/* claim digests, receipts, codes */
	struct stats *stats;
	/* NULL: nothing is noted, issued or known; only in tests of other things. */
	struct audit *audit;
	struct codes *codes;
	struct persons *persons;
	struct thing_sets *sets;
	/* A policy line becomes a rule of this owner's, in the open transaction: a
	 * class approved beforehand may come with one.  NULL: it is left out. */
	int (*add_rule)(void *arg, const char *owner, const char *line, struct err *e);
	void *add_rule_arg;
};

/* Opens its schema in the store and loads its memory.  Copies conf, keeps deps' pointers. */
int registry_open(struct registry **out, const struct registry_conf *conf,
    const struct registry_deps *deps, struct err *e);
void registry_close(struct registry **r);

/* Does this verb belong to the registry, and may it write? */
bool registry_serves(enum verb v);
bool registry_writes(const struct request *q);

/*
 * Serve one request.  Inside a transaction when registry_writes().  0: *r is
 * filled (also for a refusal); -1: the store failed, nothing may be answered,
 * the turn is rolled back.  Strings of *r live in q->pool.
 */
int registry_serve(struct registry *g, const struct request *q, struct reply *r, struct err *e);

/*
 * The operator's request (request.by_operator), in a transaction.  The reply's
 * text is his answer, also beside an error.
 */
int registry_operate(struct registry *g, struct request *q, struct reply *r, struct err *e);
/* Wall ms: when a thing that nobody owns last registered. */
int64_t registry_registered_at(const struct registry *g, const struct owned *t);
/* What he set, in order; NULL: no more. */
struct quota;
struct approval;
const struct approval *registry_approval_at(const struct registry *g, size_t i);
const struct quota *registry_quota_at(const struct registry *g, size_t i);

/*
 * Presence (VERB_PRESENCE), inside a transaction when registry_writes(): what
 * is said back goes to `out`, which is sent after the commit like a reply.
 */
int registry_presence(struct registry *g, const struct request *q, struct buf *out, struct err *e);
/*
 * Answers to parked requests that this turn released (a disown that the thing
 * acknowledged, or whose deadline came): call after a commit, behind the
 * replies.  A rollback forgets them.
 */
void registry_released(struct registry *g, struct buf *out);
/*
 * After our stream was away: ask again for the presence of those we are
 * subscribed to, at most `max` a call; *cursor starts at 0.  1: more remain,
 * 0: done, -1: `out` is full (call again with the same cursor).
 */
int registry_probe(struct registry *g, size_t *cursor, size_t max, struct buf *out);

/* A settled or unsettled push: the answer of a thing to DEBT_OWNER. */
int registry_debt_answered(struct registry *g, const struct debt *d, const struct request *answer,
    struct err *e);
/* Write the stanza a DEBT_OWNER / DEBT_SUBSCRIBE debt asks for now.
 * 1 written, 0 nothing to send at present (no full JID known), -1 full. */
int registry_debt_write(struct registry *g, const struct debt *d, struct buf *out);
/* Expiry and late parked rows; in a transaction.  Returns how many it changed, -1 error. */
int registry_tick(struct registry *g, struct err *e);
/* Wall ms of the next thing registry_tick has to do; -1 none. */
int64_t registry_deadline(const struct registry *g);

/*
 * An account may be gone: any presence of an owner, to whichever address of
 * ours, in a transaction when registry_writes().
 */
int registry_account_heard(struct registry *g, const struct request *q, struct err *e);
/* The account of this owner is gone: nothing is told to it or decided for it. */
bool registry_account_is_gone(const struct registry *g, const char *bare);
/* Who must know when an account falls into doubt or proves itself; in the same
 * transaction.  One listener. */
typedef int (*registry_doubt_fn)(void *arg, const char *owner, struct err *e);
void registry_on_doubt(struct registry *g, registry_doubt_fn fn, void *arg);
/* Who must know when a thing has other tags; in the same transaction.  One listener. */
typedef int (*registry_tags_fn)(void *arg, const uint8_t id[static OWNERSHIP_ID],
    struct err *e);
void registry_on_tags(struct registry *g, registry_tags_fn fn, void *arg);
/* For `undo`: wall ms when the latest thing of this person unregistered itself and
 * can come back (VERB_UNDO brings it); -1 none. */
int64_t registry_undo_since(const struct registry *g, const char *owner);

/* For the desk: the searchable tags and state of one thing, in `pool`. 1, 0 unknown, -1. */
int registry_describe(struct registry *g, const uint8_t id[static OWNERSHIP_ID],
    struct pool *pool, struct found_thing *out, struct err *e);
/* What our own thing said it offers and needs; *out NULL: nothing. */
int registry_manifest(struct registry *g, const uint8_t id[static OWNERSHIP_ID],
    struct pool *pool, const struct manifest **out, struct err *e);

#endif
