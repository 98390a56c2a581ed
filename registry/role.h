/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role: what the files of this folder share: the registry's own struct and one
 * function per request.  Nobody outside includes it; they use serve.h.
 */
#ifndef KITH_REGISTRY_ROLE_H
#define KITH_REGISTRY_ROLE_H

#include "common/base/saying.h"
#include "common/base/buf.h"
#include "registry/account.h"
#include "registry/parting.h"
#include "registry/approve.h"
#include "registry/quota.h"
#include "registry/claim.h"
#include "registry/guess.h"
#include "registry/manifest_store.h"
#include "registry/newcomer.h"
#include "registry/presence_store.h"
#include "registry/search_budget.h"
#include "registry/search_cursor.h"
#include "registry/search_index.h"
#include "registry/serve.h"
#include "registry/thing_store.h"

#define REGISTRY_SAME 2048	/* things with one digest that are looked at */
#define REGISTRY_HEX (2 * OWNERSHIP_ID + 1)
#define REGISTRY_WAITS (sizeof("disowned:") + REGISTRY_HEX)
#define REGISTRY_SIGNS 64
#define REGISTRY_UNDO_MS (INT64_C(7) * 86400000)	/* an unregister may be undone */

/* What a thing is to be told has a row each, by what stands before its id: "" that
 * it is owned (or, for an epoch to come, asked to let go). */
#define REGISTRY_REMOVED "removed:"
#define REGISTRY_LEFT "left:"		/* its owner is gone: disowned */
#define REGISTRY_FORGET "forget:"	/* then what was decided for him: clearCache */

struct registry_counters {
	uint64_t *registered, *again, *claimed, *claimed_again, *not_found, *twins, *spent, *weak;
	uint64_t *guess_alarms, *asked, *shown, *not_shown, *disputes, *answers_late;
	uint64_t *held, *frozen, *replaced, *clones, *copied, *namesakes, *twins_seen;
	uint64_t *full_thing, *full_jid, *full_domain, *full_site, *full_pool, *full_self;
	uint64_t *too_many_new;
	uint64_t *disowned, *removed, *unregistered, *searches, *too_costly, *scans, *refused;
	uint64_t *expired, *transferred;
};

/* Half of what a deleted account sends; see account.c. */
struct registry_sign {
	char *bare;
	int sign;
	int64_t at_ms;		/* boot */
};

struct registry {
	struct registry_conf conf;	/* with copies of its strings */
	struct registry_deps deps;
	char *desk;			/* the node people talk to: desk@JID */
	struct thing_store *things;
	struct presence_store *asked;
	struct showing *showing;
	struct guess *guess;
	struct newcomers *newcomers;
	struct search_index *findable;
	struct search_budget *searchers;
	struct search_cursors *cursors;
	struct quotas *quotas;
	struct approvals *approvals;
	struct manifest_store *manifests;
	struct registry_counters count;
	struct buf released;		/* answers to parked requests */
	size_t released_kept;		/* so much of it is committed */
	int64_t sweep_ms;		/* wall: when the next walk for expiry begins */
	size_t sweep_at;		/* where the running walk stands */
	int64_t heirs_ms;		/* wall: when somebody takes over; -1 nobody */
	struct registry_sign sign[REGISTRY_SIGNS];
	registry_doubt_fn doubt_changed;
	void *doubt_arg;
	uint8_t shown[OWNERSHIP_ID];	/* shown to be before its owner ... */
	int64_t shown_until_ms;		/* ... which counts until then; boot */
	int64_t forget_ms;		/* wall: before that no used digest is forgotten */
	int64_t full_until_ms;		/* boot: the pool was full, nobody to drop */
};

/* enroll.c */
int registry_register(struct registry *g, const struct request *q, struct reply *r,
    struct err *e);
/* The next register or unregister is the answer to `removed`: some clients give no other. */
int registry_settle_removed(struct registry *g, const struct owned *t, struct err *e);

/*
 * A frozen thing is let go: `thawed` is its row, not written yet, above
 * everything the thing has heard; what was allowed before has ended.
 */
int registry_thaw(struct registry *g, const struct owned *t, struct owned *thawed,
    struct err *e);

/* kin.c */
/* May it be claimed at all, and by him, whatever he shows? */
bool registry_may_claim(const struct registry *g, const struct owned *t, const char *bare);
/* In a transaction: descent holds it no more, as long as it shows the same. */
int registry_let_go(struct registry *g, const struct owned *t, struct err *e);
/* Was there no sign of this person for 90 days? */
bool registry_is_silent(const struct registry *g, const char *bare);

/* room.c */
/* Why there is no room for another thing of this address; NULL: there is. */
const char *registry_full(struct registry *g, const char *bare);
/* Among those that nobody owns: 1 room, 0 none, -1 error. */
int registry_make_room(struct registry *g, struct err *e);

/* replace.c */
int registry_replace(struct registry *g, const struct request *q, struct reply *r, struct err *e);
/* Its owner has answered a presence question about it: for ten minutes that
 * counts in the place of a continuity key. */
#define REGISTRY_SHOWN_MS INT64_C(600000)
void registry_presence_shown(struct registry *g, const uint8_t id[static OWNERSHIP_ID]);
/* The record of `old`, with its name and rules, goes to the address of `new`, and
 * that one, which nobody owns, to the old address, where it can be claimed by its
 * tags no more.  1 done, 0 it cannot go on there, -1. */
int registry_move(struct registry *g, const struct owned *old, const struct owned *new,
    struct err *e);

/* mine.c */
int registry_mine(struct registry *g, const struct request *q, struct reply *r, struct err *e);
/* Could this asker have it, if he showed that it is before him? */
bool registry_is_candidate(const struct registry *g, const struct owned *t, const char *asker);
/* A thing gets an owner, by whatever proof: the one place where it does. */
struct binding {
	const char *owner;
	const uint8_t *digest;	/* it was claimed with */
	bool is_public;
};
int registry_bind(struct registry *g, const struct owned *thing, const struct binding *b,
    struct err *e);
int registry_say_mine(struct registry *g, const struct request *q, const uint8_t *id,
    struct reply *r);

/* showing.c: presence questions, from the doubt to the end */
struct showing;
int registry_showing_open(struct registry *g, struct err *e);
void registry_showing_close(struct registry *g);
/* A turn ended: what was noted in it counts, or never was. */
void registry_showing_ended(struct registry *g, bool committed);
/* Memory only: a claim was refused, its tags fit.  The clock does the rest. */
void registry_showing_note(struct registry *g, const char *who,
    const uint8_t digest[static DIGEST_BYTES], bool is_public, enum claim_ask ask);
/* Memory only: the KEY of things of that (MAN, SN) is being guessed. */
void registry_showing_guessed(struct registry *g, uint64_t name);
/* Memory only: too many claims fail, by `whose`; the clock notes it. */
void registry_showing_alarm(struct registry *g, const char *who, const char *whose);
/* Memory only: *r leaves after `delay_ms`; it becomes silence. */
void registry_answer_later(struct registry *g, const struct request *q, struct reply *r,
    int64_t delay_ms);
/* In a transaction; how much it changed, -1. */
int registry_showing_tick(struct registry *g, struct err *e);
int64_t registry_showing_deadline(const struct registry *g);	/* wall; -1 none */
/* In a transaction: what is known of a question may have ended it. */
int registry_settle(struct registry *g, const struct question *q, bool over, struct err *e);
/* In a transaction, while a tick opens a dispute. */
int registry_question_open(struct registry *g, struct question *q, struct err *e);
/* The claimant's or the other's open questions of the last hour of a purpose. */
size_t registry_questions_of(const struct registry *g, const char *who,
    enum question_purpose purpose);
struct question_seed registry_seed(const struct registry *g, const struct question *q);

/* witness.c: what is seen of a thing that a question is about */
int registry_presence_code(struct registry *g, const struct request *q, struct reply *r,
    struct err *e);
int registry_copied(struct registry *g, const struct request *q, struct reply *r,
    struct err *e);
int registry_pressed(struct registry *g, const struct request *q, struct reply *r,
    struct err *e);
/* Memory only: a new session of this address has begun. */
void registry_session_began(struct registry *g, const char *bare);
/* Memory only: we were away, so nobody knows which sessions are new. */
void registry_sessions_unknown(struct registry *g);
int registry_witness_write(struct registry *g, const struct debt *d, struct buf *out);
/* In a transaction: an unclaimed thing has registered; `before`: its digest until
 * now, NULL none. */
int registry_enrolled(struct registry *g, const uint8_t id[static OWNERSHIP_ID],
    const uint8_t *before, struct err *e);

/* Is it outside of the time in which it may be claimed? */
bool registry_claim_closed(const struct registry *g, const struct owned *t);

/* dispute.c */
bool registry_is_disputable(const struct registry *g, const uint8_t digest[static DIGEST_BYTES],
    const char *asker);
int registry_dispute_open(struct registry *g, const char *who,
    const uint8_t digest[static DIGEST_BYTES], bool is_public, struct err *e);
/* A question about a dispute has come to this. */
int registry_dispute_settle(struct registry *g, const struct question *q,
    enum question_verdict v, struct err *e);
int registry_dispute_tick(struct registry *g, struct err *e);
int64_t registry_dispute_deadline(const struct registry *g);	/* wall; -1 none */
/* The operator has looked: it is `owner`'s (NULL: stays whose it is).  0 done,
 * 1: he is no party to it, -1. */
int registry_dispute_release(struct registry *g, const uint8_t id[static OWNERSHIP_ID],
    const char *owner, struct err *e);

/* manage.c */
int registry_update(struct registry *g, const struct request *q, struct reply *r, struct err *e);
int registry_remove(struct registry *g, const struct request *q, struct reply *r, struct err *e);
/* The thing a request speaks of: the one it names, or the sender. */
const struct owned *registry_addressed(const struct registry *g, const struct request *q);

/* publish THING, unpublish THING */
int registry_publish(struct registry *g, const struct request *q, struct reply *r, struct err *e);

/* leave.c */
int registry_disown(struct registry *g, const struct request *q, struct reply *r, struct err *e);
int registry_unregister(struct registry *g, const struct request *q, struct reply *r,
    struct err *e);
int registry_undo(struct registry *g, const struct request *q, struct reply *r, struct err *e);
/* Drop an unclaimed thing with all its rows. */
int registry_drop(struct registry *g, const struct owned *t, struct err *e);
/* Is an online disown on its way? */
bool registry_disown_pending(const struct registry *g, const struct owned *t);
/* The thing knows: end the ownership, answer those who asked for it. */
int registry_disown_finish(struct registry *g, const struct owned *t, struct err *e);
/* End the ownership now; the thing hears of it when it is in reach. */
int registry_tombstone(struct registry *g, const struct owned *t, const char *actor,
    struct err *e);
/* It has heard REGISTRY_LEFT. */
int registry_left(struct registry *g, const struct owned *t, struct err *e);
/* It registers or updates: what it must hear first is said by the answer.
 * *disowned: the answer is that its owner is gone. */
int registry_tell_by_answer(struct registry *g, const struct owned *t, bool *disowned,
    struct err *e);
/* Cancel what is owed to a thing about its present ownership. */
int registry_forget_owed(struct registry *g, const struct owned *t, struct err *e);
bool registry_is_present(const struct registry *g, const struct owned *t);
struct parting_facts registry_parting_facts(const struct registry *g, const struct owned *t,
    const char *who, enum parting_kind kind);
int registry_refuse_parting(struct registry *g, const struct request *q, const struct owned *t,
    enum parting_verdict v, struct reply *r);

/* transfer.c */
int registry_transfer(struct registry *g, const struct request *q, struct reply *r,
    struct err *e);
int registry_accept(struct registry *g, const struct request *q, struct reply *r, struct err *e);
/* The row change, and what the thing must hear. */
int registry_turn_over(struct registry *g, const struct owned *t, const char *to, struct err *e);
int registry_turning_left(struct registry *g, const struct owned *t, struct err *e);
/* It has heard REGISTRY_FORGET. */
int registry_forgot(struct registry *g, const struct owned *t, struct err *e);

/* account.c */
enum person_doubt registry_doubt(const struct registry *g, const char *bare);
int registry_doubt_changed(struct registry *g, const char *owner, struct err *e);
/* True: *r says that this account must prove itself first. */
bool registry_account_refuses(const struct registry *g, const struct request *q,
    enum account_act act, struct reply *r);
/* In a transaction, after somebody got a thing, however: if it is his first, what was
 * known of an earlier owner of that name (a doubt, a code) is over. */
int registry_account_begins(struct registry *g, const char *owner, struct err *e);
/* After a claim: the first one brings an ownership code. */
int registry_code_at_claim(struct registry *g, const struct request *q, struct reply *r,
    struct err *e);
int registry_ownership_code(struct registry *g, const struct request *q, struct reply *r,
    struct err *e);
int registry_prove(struct registry *g, const struct request *q, struct reply *r, struct err *e);
/* The operator knows that it is the same person: desk.jid. */
int registry_vouch(struct registry *g, const struct request *q, struct reply *r, struct err *e);
int registry_recover(struct registry *g, const struct request *q, struct reply *r, struct err *e);
int registry_tick_heirs(struct registry *g, struct err *e);

/* note.c */
/* What happened to `t` as it is now (NULL: to no thing): its owner will read it; in a
 * transaction. */
int registry_note(struct registry *g, enum audit_what what, const struct owned *t,
    const char *actor, const char *object, const char *detail, struct err *e);
/* Somebody was refused what `object` says; memory only. */
void registry_note_refusal(struct registry *g, const char *actor, const char *object);

/* search.c */
/* Fill the index from the rows and follow them from now on. */
int registry_search_open(struct registry *g, struct err *e);
int registry_search(struct registry *g, const struct request *q, struct reply *r, struct err *e);

/* operator.c: what acts of the operator share */
int registry_say(struct request *q, struct reply *r, const char *text, struct err *e);
int registry_refuse(struct reply *r, enum condition c, const char *why);

/* give.c */
/* Nobody's thing becomes this owner's; `name` may be NULL. */
int registry_give(struct registry *g, const struct owned *t, const char *owner, const char *name,
    bool is_public, struct err *e);
/* A thing that nobody owns has registered: is it approved beforehand?  1 it has
 * an owner now, 0 not, -1. */
int registry_approve(struct registry *g, const struct request *q, struct err *e);
int registry_preapprove(struct registry *g, struct request *q, struct reply *r, struct err *e);

/* import.c */
int registry_import(struct registry *g, struct request *q, struct reply *r, struct err *e);

/* owed.c */
/* The thing was heard of: its debts are due, and its presence is asked for. */
int registry_alive(struct registry *g, const struct request *q, struct err *e);
int registry_ask_presence(struct registry *g, const char *thing, struct err *e);
/* What a debt is about: REGISTRY_REMOVED and the like, and the thing. */
void registry_subject(char out[static REGISTRY_WAITS], const char *what,
    const uint8_t id[static OWNERSHIP_ID]);
/* What people read for a thing, escaped, in quotes. */
void registry_call(const struct registry *g, const struct owned *t, struct buf *out);
/* The same as a string in the pool, and any text from outside, escaped. */
const char *registry_called(const struct registry *g, const struct owned *t, struct pool *pool);
const char *registry_escaped(const char *text, struct pool *pool);
/* The things of a request, or how many they are. */
const char *registry_call_all(const struct registry *g, const struct request_address *a,
    struct pool *pool);
/* The reply is this saying (common/base/saying.h); ends it. */
int registry_answer(const struct request *q, struct reply *r, enum body body, struct buf *said);
/* A notice that is made of one; ends it. */
int registry_tell(struct registry *g, const char *owner, const char *about, struct buf *said,
    struct err *e);
/* Answer one parked request: COND_NONE is an empty result. */
int registry_release(struct registry *g, const struct parked *p, enum condition c,
    struct err *e);
int registry_notice(struct registry *g, const char *owner, const char *about, const char *text,
    struct err *e);

/* serve.c */
bool registry_may_register(const struct registry *g, const char *bare);
bool registry_may_own(const struct registry *g, const char *bare);
bool registry_is_own_site(const struct registry *g, const char *bare);
/* Is there room for one more thing of this owner? */
bool registry_owner_has_room(const struct registry *g, const char *bare);
int64_t registry_owner_room(const struct registry *g, const char *bare);	/* for so many */
const struct owned *registry_address(const struct registry *g, const char *jid,
    const struct node *n);
void registry_hex(char out[static REGISTRY_HEX], const uint8_t id[static OWNERSHIP_ID]);
/* One thing as replies show it; `with_owner`: show whose it is. */
int registry_found(struct registry *g, const struct owned *t, bool with_owner,
    struct pool *pool, struct found_thing *out);
/* Its tags and what it said it offers; in a transaction. */
int registry_erase_tags(struct registry *g, const uint8_t id[static OWNERSHIP_ID], struct err *e);

#endif
