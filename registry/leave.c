/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leave: how a thing loses its owner: it is disowned while it is there (asked
 * first), disowned while it is away (a tombstone: it hears of it later), or it
 * unregisters itself, which its owner may undo for a while.  May he?
 * parting.c.  Who is told what: owed.c.  Passing on: transfer.c.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/base/str.h"
#include "registry/parting.h"
#include "registry/role.h"

/* Clients give up after 5 s: the answer comes before. */
#define DISOWN_DEADLINE 4000
#define SENTENCE_BYTES 4096

/* ---- what parting looks at ---- */

bool registry_is_present(const struct registry *g, const struct owned *t)
{
	const struct contact *c = contact_find(g->deps.contacts, t->jid);

	return c != NULL && c->full != NULL && (c->from_us != SUB_YES || c->online);
}

struct parting_facts registry_parting_facts(const struct registry *g, const struct owned *t,
    const char *who, enum parting_kind kind)
{
	struct parting_facts f = { .kind = kind, .is_owner = owned_by(t, who) };

	f.doubt = registry_doubt(g, who);
	if (t == NULL)
		return f;
	f.state = t->state;
	f.hold = t->hold;
	f.disputed = t->disputed;
	f.leaving = registry_disown_pending(g, t);
	f.present = registry_is_present(g, t);
	return f;
}

int registry_refuse_parting(struct registry *g, const struct request *q, const struct owned *t,
    enum parting_verdict v, struct reply *r)
{
	reply_error(r, v == PARTING_NOT_YOURS || v == PARTING_OVER ? COND_ITEM_NOT_FOUND :
	    COND_NOT_ALLOWED);
	if (v == PARTING_NOT_YOURS || t == NULL)
		return 0;
	r->text = saying(q->pool, parting_reason(v), registry_called(g, t, q->pool), NULL);
	return 0;
}

/* ---- disown: the thing is asked first ---- */

static void waits_for(char out[static REGISTRY_WAITS], const uint8_t *id)
{
	char hex[REGISTRY_HEX];

	registry_hex(hex, id);
	snprintf(out, REGISTRY_WAITS, "disowned:%s", hex);
}

/* A debt for an epoch that is not yet: the thing is asked to let go. */
bool registry_disown_pending(const struct registry *g, const struct owned *t)
{
	char hex[REGISTRY_HEX];
	const struct debt *d;

	registry_hex(hex, t->id);
	d = debt_find(g->deps.debts, DEBT_OWNER, t->jid, hex);
	return d != NULL && d->number > t->epoch;
}

static int park(struct registry *g, const struct request *q, const struct owned *t,
    struct reply *r, struct err *e)
{
	char waits[REGISTRY_WAITS], hex[REGISTRY_HEX];
	struct parked p = {
		.asker = q->from, .to = q->to, .iq_id = q->kind == STANZA_IQ ? q->id : NULL,
		.verb = q->verb, .gen = (int)q->dialect.gen, .vocab = (int)q->dialect.vocab,
		.waits_for = waits, .deadline_ms = clock_wall(g->deps.clock) + DISOWN_DEADLINE,
	};
	struct err limit = ERR_INIT;

	waits_for(waits, t->id);
	registry_hex(hex, t->id);
	if (parked_add(g->deps.parked, &p, &limit) == -1) {
		if (limit.kind != ERR_LIMIT) {
			if (e != NULL)
				*e = limit;
			return -1;
		}
		reply_error(r, COND_RESOURCE_CONSTRAINT);
		return 0;
	}
	r->kind = REPLY_SILENCE;
	if (registry_disown_pending(g, t))
		return 0;
	return debt_owe(g->deps.debts, DEBT_OWNER, t->jid, hex, t->epoch + 1, NULL, e);
}

static int release_all(struct registry *g, const uint8_t *id, struct err *e)
{
	char waits[REGISTRY_WAITS];
	struct parked p;
	int got;

	waits_for(waits, id);
	while ((got = parked_take(g->deps.parked, waits, &p, e)) == 1)
		if (registry_release(g, &p, COND_NONE, e) == -1)
			return -1;
	return got;
}

/* Nothing that was owed about the ownership that ends is owed any more. */
int registry_forget_owed(struct registry *g, const struct owned *t, struct err *e)
{
	static const char *const about[] = { "", REGISTRY_REMOVED, REGISTRY_LEFT, REGISTRY_FORGET };
	char subject[REGISTRY_WAITS];

	for (size_t i = 0; i < sizeof(about) / sizeof(about[0]); i++) {
		registry_subject(subject, about[i], t->id);
		if (debt_cancel(g->deps.debts, DEBT_OWNER, t->jid, subject, e) == -1)
			return -1;
	}
	return 0;
}

/* The row of a thing that nobody owns from now on. */
static struct owned without_owner(const struct registry *g, const struct owned *t)
{
	struct owned gone = *t;

	gone.owner = gone.name = gone.held_for = gone.former = NULL;
	gone.epoch++;
	gone.state = OWNED_NOBODY;
	gone.hold = HOLD_NONE;
	gone.is_public = gone.disputed = false;
	gone.listed = true;
	gone.until_ms = 0;
	gone.since_ms = clock_wall(g->deps.clock);
	return gone;
}

int registry_disown_finish(struct registry *g, const struct owned *t, struct err *e)
{
	struct owned gone = without_owner(g, t);

	if (registry_forget_owed(g, t, e) == -1 ||
	    registry_note(g, AUDIT_DISOWNED, t, t->owner, NULL, NULL, e) == -1 ||
	    registry_erase_tags(g, t->id, e) == -1 ||
	    ownership_put(g->deps.ownership, &gone, e) == -1)
		return -1;
	++*g->count.disowned;
	return release_all(g, gone.id, e);
}

/* ---- disown: a tombstone ---- */

/*
 * The owner's rights end here and now.  The thing may still obey him until it
 * hears of it, so nobody can claim it before it has.
 */
int registry_tombstone(struct registry *g, const struct owned *t, const char *actor,
    struct err *e)
{
	struct owned gone = without_owner(g, t);
	char left[REGISTRY_WAITS];

	gone.state = OWNED_TOMBSTONE;
	gone.former = t->owner;
	registry_subject(left, REGISTRY_LEFT, t->id);
	if (registry_forget_owed(g, t, e) == -1 ||
	    registry_note(g, AUDIT_TOMBSTONE, t, actor, NULL, NULL, e) == -1 ||
	    registry_erase_tags(g, t->id, e) == -1 ||
	    ownership_put(g->deps.ownership, &gone, e) == -1 ||
	    debt_owe(g->deps.debts, DEBT_OWNER, gone.jid, left, gone.epoch, NULL, e) == -1 ||
	    registry_ask_presence(g, gone.jid, e) == -1)
		return -1;
	++*g->count.disowned;
	return release_all(g, gone.id, e);
}

static int tell_former(struct registry *g, const struct owned *t, struct err *e)
{
	char about[REGISTRY_WAITS];
	struct pool pool;
	struct buf b;
	int rc;

	pool_init(&pool, SENTENCE_BYTES);
	buf_init(&b, SENTENCE_BYTES);
	saying_add(&b, N_("%1 has heard that it is no longer yours. Others can claim it now."),
	    registry_called(g, t, &pool), NULL);
	registry_subject(about, REGISTRY_LEFT, t->id);
	rc = registry_tell(g, t->former, about, &b, e);
	pool_fini(&pool);
	return rc;
}

/* The thing has heard it: from now on it may be claimed again. */
static int end_tombstone(struct registry *g, const struct owned *t, struct err *e)
{
	struct owned gone = *t;
	struct owned before = *t;

	gone.state = OWNED_NOBODY;
	gone.former = NULL;
	gone.since_ms = clock_wall(g->deps.clock);
	before.owner = t->former;
	if (registry_forget_owed(g, t, e) == -1 ||
	    registry_note(g, AUDIT_TOLD, &before, NULL, NULL, NULL, e) == -1 ||
	    (t->former != NULL && tell_former(g, t, e) == -1))
		return -1;
	return ownership_put(g->deps.ownership, &gone, e);
}

int registry_left(struct registry *g, const struct owned *t, struct err *e)
{
	if (t->state == OWNED_TOMBSTONE)
		return end_tombstone(g, t, e);
	return t->state == OWNED_TURNING ? registry_turning_left(g, t, e) : 0;
}

/*
 * A thing that registers or updates while it should be told to let go is told
 * by the answer, and that is its acknowledgement.
 */
int registry_tell_by_answer(struct registry *g, const struct owned *t, bool *disowned,
    struct err *e)
{
	char left[REGISTRY_WAITS];

	*disowned = true;
	if (registry_disown_pending(g, t))
		return registry_disown_finish(g, t, e);
	if (t->state == OWNED_TOMBSTONE)
		return end_tombstone(g, t, e);
	*disowned = t->state == OWNED_TURNING;
	registry_subject(left, REGISTRY_LEFT, t->id);
	if (!*disowned || debt_find(g->deps.debts, DEBT_OWNER, t->jid, left) == NULL)
		return 0;
	return registry_turning_left(g, t, e);
}

/* ---- disown: typed by a person ---- */

const char *registry_call_all(const struct registry *g, const struct request_address *a,
    struct pool *pool)
{
	struct buf b;
	char n[24];
	const char *copy;

	if (a->n_things == 1)
		return registry_called(g, ownership_by_id(g->deps.ownership, a->things[0]), pool);
	buf_init(&b, SENTENCE_BYTES);
	(void)snprintf(n, sizeof(n), "%zu", a->n_things);
	saying_part(&b, N_("these %1 things"), n);
	copy = pool_strdup(pool, buf_str(&b));
	buf_fini(&b);
	return copy != NULL ? copy : "?";
}

static int say_disown(const struct registry *g, const struct request *q,
    enum parting_kind kind, struct reply *r)
{
	const struct request_address *a = &q->u.address;
	const char *all = registry_call_all(g, a, q->pool);
	struct buf b;

	buf_init(&b, SENTENCE_BYTES);
	if (a->confirmed && kind == PARTING_DISOWN)
		saying_add(&b, N_("I have asked %1 to let go, and tell you in a few seconds what came "
		    "of it."), all, NULL);
	else if (a->confirmed)
		saying_add(&b, N_("Done: no longer yours. I tell you when it has been heard there."),
		    NULL);
	else if (kind == PARTING_DISOWN)
		saying_add(&b, N_("Nobody would own %1 any more; what you allowed others would end "
		    "once it has let go."), all, NULL);
	else
		saying_add(&b, N_("Nobody would own %1 any more; what you allowed others would end "
		    "at once."), all, NULL);
	if (!a->confirmed && kind == PARTING_TOMBSTONE)
		saying_add(&b, a->n_things == 1 ? N_(" It hears of it when it is in reach, and can "
		    "be claimed by others after that.") : N_(" Each hears of it when it is in "
		    "reach, and can be claimed by others after that."), NULL);
	return registry_answer(q, r, a->confirmed ? BODY_TEXT : BODY_CONFIRM, &b);
}

static int disown_all(struct registry *g, const struct request *q, struct err *e)
{
	const struct request_address *a = &q->u.address;

	for (size_t i = 0; i < a->n_things; i++) {
		const struct owned *t = ownership_by_id(g->deps.ownership, a->things[i]);

		/* One that was named twice. */
		if (!owned_by(t, q->bare))
			continue;
		if (registry_tombstone(g, t, q->bare, e) == -1)
			return -1;
	}
	return 0;
}

/* All of them or none: what cannot go is named, and nothing was done. */
static int disown_by_person(struct registry *g, const struct request *q, struct reply *r,
    struct err *e)
{
	const struct request_address *a = &q->u.address;
	enum parting_kind kind = a->offline || a->n_things > 1 ? PARTING_TOMBSTONE :
	    PARTING_DISOWN;

	for (size_t i = 0; i < a->n_things; i++) {
		const struct owned *t = ownership_by_id(g->deps.ownership, a->things[i]);
		struct parting_facts f = registry_parting_facts(g, t, q->bare, kind);
		enum parting_verdict v = parting_decide(&f);

		if (v != PARTING_YES)
			return registry_refuse_parting(g, q, t, v, r);
	}
	if (a->confirmed && kind == PARTING_TOMBSTONE && disown_all(g, q, e) == -1)
		return -1;
	if (a->confirmed && kind == PARTING_DISOWN) {
		if (park(g, q, ownership_by_id(g->deps.ownership, a->things[0]), r, e) == -1)
			return -1;
		if (r->kind == REPLY_ERROR)
			return 0;
	}
	return say_disown(g, q, kind, r);
}

/*
 * XEP-0347 3.16: only of a thing that is there, since it must know before
 * others may claim it.  It is asked first; its answer, or the deadline, ends
 * the wait (owed.c).
 */
int registry_disown(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	const struct owned *t;
	struct parting_facts f;
	enum parting_verdict v;

	if (q->u.address.n_things > 0)
		return disown_by_person(g, q, r, e);
	t = registry_addressed(g, q);
	f = registry_parting_facts(g, t, q->bare, PARTING_DISOWN);
	v = parting_decide(&f);
	if (v != PARTING_YES && v != PARTING_SELF)
		return registry_refuse_parting(g, q, t, v, r);
	if (!f.present) {
		reply_error(r, COND_NOT_ALLOWED);
		return 0;
	}
	return park(g, q, t, r, e);
}

/* ---- unregister ---- */

int registry_drop(struct registry *g, const struct owned *t, struct err *e)
{
	uint8_t id[OWNERSHIP_ID];

	memcpy(id, t->id, sizeof(id));
	return registry_erase_tags(g, id, e) == -1 ||
	    ownership_delete(g->deps.ownership, id, e) == -1 ? -1 : 0;
}

/* The owner is told in words; he may have thought of it as his. */
static int tell_owner(struct registry *g, const struct request *q, const struct owned *t,
    bool undo, struct err *e)
{
	const char *name = registry_called(g, t, q->pool);
	const char *at = registry_escaped(t->jid, q->pool);
	struct buf text;
	char hex[REGISTRY_HEX];

	buf_init(&text, SENTENCE_BYTES);
	if (t->node != NULL)
		saying_add(&text, N_("Your thing %1 at %2 node %3 has unregistered itself."), name,
		    at, registry_escaped(t->node, q->pool), NULL);
	else
		saying_add(&text, N_("Your thing %1 at %2 has unregistered itself."), name, at, NULL);
	saying_add(&text, N_(" It is no longer yours, and what you allowed others to do with it has "
	    "ended."), NULL);
	if (undo)
		saying_add(&text, N_("\nTo have it back within 7 days, unless somebody claims it "
		    "before, send: undo"), NULL);
	registry_hex(hex, t->id);
	return registry_tell(g, t->owner, pool_printf(q->pool, "unregistered:%s:%llu", hex,
	    (unsigned long long)t->epoch), &text, e);
}

/* A way back for its owner; the code is never said, `undo` finds it. */
static int issue_undo(struct registry *g, const struct owned *gone, struct err *e)
{
	struct code k = { .purpose = CODE_UNDO, .owner = gone->former, .epoch = gone->epoch,
		.text = "", .until_ms = gone->until_ms };
	char unsaid[IDENT_CODE];
	int rc;

	if (g->deps.codes == NULL)
		return 0;
	memcpy(k.thing, gone->id, sizeof(k.thing));
	rc = code_issue(g->deps.codes, &k, unsaid, e);
	secret_cleanse(unsaid, sizeof(unsaid));
	return rc;
}

/* The row stays, without owner, so that the epoch goes on counting should the
 * same address register again; name and tags wait for an undo. */
static int leave_owner(struct registry *g, const struct request *q, const struct owned *t,
    struct err *e)
{
	struct owned gone = without_owner(g, t);

	gone.listed = false;
	gone.hold = t->hold;		/* the operator's word stands */
	gone.is_public = t->is_public;
	gone.name = t->name;
	gone.former = t->owner;
	gone.until_ms = gone.since_ms + REGISTRY_UNDO_MS;
	if (tell_owner(g, q, t, g->deps.codes != NULL, e) == -1 ||
	    registry_note(g, AUDIT_UNREGISTERED, t, q->bare, NULL, NULL, e) == -1 ||
	    registry_forget_owed(g, t, e) == -1 ||
	    ownership_put(g->deps.ownership, &gone, e) == -1)
		return -1;
	return issue_undo(g, &gone, e);
}

/* It has not heard yet that it changed hands, and now it will hear only that
 * nobody owns it. */
static int leave_turning(struct registry *g, const struct request *q, const struct owned *t,
    struct err *e)
{
	return tell_owner(g, q, t, false, e) == -1 || registry_tombstone(g, t, q->bare, e) == -1 ?
	    -1 : 0;
}

/* What others decided about a record is not shed by leaving and coming back. */
static int leave_unclaimed(struct registry *g, const struct request *q, const struct owned *t,
    struct err *e)
{
	struct owned gone = *t;

	if (registry_note(g, AUDIT_UNREGISTERED, t, q->bare, NULL, NULL, e) == -1)
		return -1;
	if (t->hold == HOLD_NONE || t->hold == HOLD_DESCENT)
		return registry_drop(g, t, e);
	gone.listed = false;
	return ownership_put(g->deps.ownership, &gone, e);
}

int registry_unregister(struct registry *g, const struct request *q, struct reply *r,
    struct err *e)
{
	const struct owned *t = registry_address(g, q->bare, &q->u.address.node);
	int rc = 0;

	if (t != NULL && registry_disown_pending(g, t)) {
		if (registry_disown_finish(g, t, e) == -1)
			return -1;
		t = registry_address(g, q->bare, &q->u.address.node);
	}
	/* A tombstone stays: the thing has not been told anything here. */
	if (t != NULL && t->state == OWNED_TURNING)
		rc = leave_turning(g, q, t, e);
	else if (t != NULL && t->owner != NULL)
		rc = leave_owner(g, q, t, e);
	else if (t != NULL && t->listed && t->state == OWNED_NOBODY)
		rc = leave_unclaimed(g, q, t, e);
	if (rc == -1)
		return -1;
	/* XEP-0347 3.15: the answer is empty, whether it was known or not. */
	++*g->count.unregistered;
	r->kind = REPLY_RESULT;
	r->body = BODY_EMPTY;
	return 0;
}

/* ---- undo of an unregister ---- */

static const struct code *latest_undo(const struct registry *g, const char *owner)
{
	const struct code *best = NULL, *k = NULL;

	while (g->deps.codes != NULL &&
	    (k = code_next(g->deps.codes, owner, CODE_UNDO, k)) != NULL)
		if (best == NULL || k->until_ms > best->until_ms)
			best = k;
	return best;
}

int64_t registry_undo_since(const struct registry *g, const char *owner)
{
	const struct code *k = latest_undo(g, owner);

	return k != NULL ? k->until_ms - REGISTRY_UNDO_MS : -1;
}

static bool may_come_back(const struct registry *g, const struct owned *t, const struct code *k)
{
	return t != NULL && t->state == OWNED_NOBODY && t->epoch == k->epoch &&
	    t->former != NULL && strcmp(t->former, k->owner) == 0 &&
	    t->until_ms > clock_wall(g->deps.clock) && t->hold != HOLD_OPERATOR &&
	    t->hold != HOLD_FROZEN;
}

static int bring_back(struct registry *g, const struct owned *t, struct err *e)
{
	struct owned back = *t;
	char hex[REGISTRY_HEX];

	back.owner = t->former;
	back.former = NULL;
	back.until_ms = 0;
	back.epoch++;
	back.state = OWNED;
	back.listed = true;
	back.hold = HOLD_NONE;
	back.held_for = NULL;
	back.since_ms = clock_wall(g->deps.clock);
	registry_hex(hex, t->id);
	if (ownership_put(g->deps.ownership, &back, e) == -1 ||
	    registry_note(g, AUDIT_RESTORED, &back, back.owner, NULL, NULL, e) == -1 ||
	    debt_owe(g->deps.debts, DEBT_OWNER, back.jid, hex, back.epoch, NULL, e) == -1)
		return -1;
	return registry_ask_presence(g, back.jid, e);
}

/* `undo`, as far as it is about a thing that unregistered itself. */
int registry_undo(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	const struct code *k = latest_undo(g, q->bare);
	const struct owned *t;
	bool back;
	struct buf b;

	if (k == NULL) {
		reply_error(r, COND_ITEM_NOT_FOUND);
		r->text = N_("There is nothing to undo.");
		return 0;
	}
	t = ownership_by_id(g->deps.ownership, k->thing);
	back = may_come_back(g, t, k);
	if (code_spend_this(g->deps.codes, k, e) == -1 || (back && bring_back(g, t, e) == -1))
		return -1;
	if (!back) {
		reply_error(r, COND_NOT_ALLOWED);
		r->text = N_("It is too late: that thing has been claimed since, or is gone.");
		return 0;
	}
	buf_init(&b, SENTENCE_BYTES);
	saying_add(&b, N_("%1 is yours again. Your rules for it have ended; make those you need "
	    "anew."), registry_called(g, t, q->pool), NULL);
	return registry_answer(q, r, BODY_TEXT, &b);
}
