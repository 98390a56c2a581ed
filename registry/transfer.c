/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer: a thing goes from one owner to another whom he named and who
 * accepts.  In the registry that is one row change; the thing hears of it as
 * three debts, each settled before the next: disowned, clearCache, claimed.
 * Until the first two are, it is turning over.  May they?  parting.c.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "registry/parting.h"
#include "registry/role.h"

#define OFFER_MS (INT64_C(7) * 86400000)
#define OFFER_BYTES 65536
#define OFFERS_TO_ONE 10	/* open ones of one giver to one person */
#define SENTENCE_BYTES 4096

/* ---- which things ---- */

/* Those of the request: one that was named, or a list. */
struct party {
	size_t n;
	const uint8_t (*id)[OWNERSHIP_ID];
};

static struct party party_of(const struct request *q)
{
	const struct request_desk *d = &q->u.desk;
	struct party p = { d->n_things, d->things };

	if (p.n == 0 && d->thing_id != NULL) {
		p.n = 1;
		p.id = (const uint8_t (*)[OWNERSHIP_ID])(uintptr_t)d->thing_id;
	}
	return p;
}

static const struct owned *member(const struct registry *g, const struct party *p, size_t i)
{
	return ownership_by_id(g->deps.ownership, p->id[i]);
}

static const char *call_party(const struct registry *g, const struct party *p,
    struct pool *pool)
{
	struct buf b;
	char n[24];
	const char *copy;

	if (p->n == 1)
		return registry_called(g, member(g, p, 0), pool);
	buf_init(&b, SENTENCE_BYTES);
	(void)snprintf(n, sizeof(n), "%zu", p->n);
	saying_part(&b, N_("%1 things"), n);
	copy = pool_strdup(pool, buf_str(&b));
	buf_fini(&b);
	return copy != NULL ? copy : "?";
}

static const char *address(const struct registry *g, const struct party *p, struct pool *pool)
{
	return registry_escaped(member(g, p, 0)->jid, pool);
}

/* ---- offering ---- */

static enum parting_verdict decide_offer(const struct registry *g, const struct request *q,
    const struct owned *t)
{
	struct parting_facts f = registry_parting_facts(g, t, q->bare, PARTING_OFFER);

	f.may_own = registry_may_own(g, q->u.desk.jid);
	f.same_person = strcmp(q->u.desk.jid, q->bare) == 0;
	return parting_decide(&f);
}

/* Whom it is offered to stands in its row: a code that says otherwise is void. */
static int mark(struct registry *g, const struct party *p, const char *to, struct err *e)
{
	for (size_t i = 0; i < p->n; i++) {
		struct owned t = *member(g, p, i);

		t.held_for = to;
		if (ownership_put(g->deps.ownership, &t, e) == -1)
			return -1;
	}
	return 0;
}

/* Given to himself: it stays with him. */
static int withdraw(struct registry *g, const struct request *q, const struct party *p,
    struct reply *r, struct err *e)
{
	struct buf b;

	for (size_t i = 0; i < p->n; i++)
		if (!owned_by(member(g, p, i), q->bare) || member(g, p, i)->hold != HOLD_NONE)
			return registry_refuse_parting(g, q, member(g, p, i), PARTING_NOT_YOURS, r);
	if (mark(g, p, NULL, e) == -1)
		return -1;
	buf_init(&b, SENTENCE_BYTES);
	saying_add(&b, p->n == 1 ? N_("%1 stays yours; it is offered to nobody.") :
	    N_("%1 stay yours; they are offered to nobody."), call_party(g, p, q->pool), NULL);
	return registry_answer(q, r, BODY_TEXT, &b);
}

/* "GIVER ID EPOCH ID EPOCH ...": what the code stands for. */
static const char *offer_text(const struct registry *g, const struct request *q,
    const struct party *p)
{
	char hex[REGISTRY_HEX];
	const char *text;
	struct buf b;

	buf_init(&b, OFFER_BYTES);
	buf_adds(&b, q->bare);
	for (size_t i = 0; i < p->n; i++) {
		registry_hex(hex, p->id[i]);
		buf_addf(&b, " %s %" PRIu64, hex, member(g, p, i)->epoch);
	}
	text = buf_ok(&b) ? pool_strdup(q->pool, buf_str(&b)) : NULL;
	buf_fini(&b);
	return text;
}

static bool is_from(const struct code *k, const char *giver)
{
	size_t len = strlen(giver);

	return strncmp(k->text, giver, len) == 0 && k->text[len] == ' ';
}

static bool too_many_offers(const struct registry *g, const struct request *q)
{
	const struct code *k = NULL;
	size_t n = 0;

	while ((k = code_next(g->deps.codes, q->u.desk.jid, CODE_ACCEPT, k)) != NULL)
		n += is_from(k, q->bare);
	return n >= OFFERS_TO_ONE;
}

static int tell_receiver(struct registry *g, const struct request *q, const struct party *p,
    const char *code, struct err *e)
{
	char hex[REGISTRY_HEX];
	struct buf b;

	buf_init(&b, SENTENCE_BYTES);
	if (p->n == 1)
		saying_add(&b, N_("%1 wants to give you %2 at %3."),
		    registry_escaped(q->bare, q->pool), call_party(g, p, q->pool),
		    address(g, p, q->pool), NULL);
	else
		saying_add(&b, N_("%1 wants to give you %2."), registry_escaped(q->bare, q->pool),
		    call_party(g, p, q->pool), NULL);
	saying_add(&b, N_("\nTo take it, send: accept %1\nTo refuse, send: no %1\nThe offer stands "
	    "for 7 days."), code, NULL);
	registry_hex(hex, p->id[0]);
	return registry_tell(g, q->u.desk.jid, pool_printf(q->pool, "offer:%s:%" PRIu64, hex,
	    member(g, p, 0)->epoch), &b, e);
}

static int offer(struct registry *g, const struct request *q, const struct party *p,
    struct err *e)
{
	struct code k = { .purpose = CODE_ACCEPT, .owner = q->u.desk.jid,
		.epoch = member(g, p, 0)->epoch, .text = offer_text(g, q, p),
		.until_ms = clock_wall(g->deps.clock) + OFFER_MS };
	char code[IDENT_CODE];
	int rc;

	if (k.text == NULL)
		return err_set(e, ERR_LIMIT, "too many things for one offer");
	memcpy(k.thing, p->id[0], sizeof(k.thing));
	if (code_void(g->deps.codes, CODE_ACCEPT, k.thing, e) == -1 ||
	    mark(g, p, q->u.desk.jid, e) == -1 || code_issue(g->deps.codes, &k, code, e) == -1)
		return -1;
	rc = tell_receiver(g, q, p, code, e);
	secret_cleanse(code, sizeof(code));
	return rc;
}

static int say_offer(const struct registry *g, const struct request *q, const struct party *p,
    struct reply *r)
{
	const char *party = call_party(g, p, q->pool);
	const char *to = registry_escaped(q->u.desk.jid, q->pool);
	bool one = p->n == 1;
	struct buf b;

	buf_init(&b, SENTENCE_BYTES);
	if (!q->u.desk.confirmed) {
		saying_add(&b, one ? N_("%1 would go to %2, once accepted there. Then it is no "
		    "longer yours, and what you allowed others to do with it ends.") :
		    N_("%1 would go to %2, once accepted there. Then they are no longer yours, "
		    "and what you allowed others to do with them ends."), party, to, NULL);
		return registry_answer(q, r, BODY_CONFIRM, &b);
	}
	saying_add(&b, one ? N_("%1 has been asked. Until the answer %2 stays yours. To think better "
	    "of it, give it to yourself: transfer THING to %3") :
	    N_("%1 has been asked. Until the answer %2 stay yours. To think better of it, give "
	    "them to yourself: transfer THINGS to %3"), to, party,
	    registry_escaped(q->bare, q->pool), NULL);
	return registry_answer(q, r, BODY_TEXT, &b);
}

int registry_transfer(struct registry *g, const struct request *q, struct reply *r,
    struct err *e)
{
	struct party p = party_of(q);

	if (p.n == 0 || q->u.desk.jid == NULL || g->deps.codes == NULL) {
		reply_error(r, COND_BAD_REQUEST);
		return 0;
	}
	if (strcmp(q->u.desk.jid, q->bare) == 0)
		return withdraw(g, q, &p, r, e);
	for (size_t i = 0; i < p.n; i++) {
		enum parting_verdict v = decide_offer(g, q, member(g, &p, i));

		if (v != PARTING_YES)
			return registry_refuse_parting(g, q, member(g, &p, i), v, r);
	}
	if (too_many_offers(g, q)) {
		reply_error(r, COND_RESOURCE_CONSTRAINT);
		r->text = N_("Many of your offers wait for an answer there; wait for one first.");
		return 0;
	}
	if (q->u.desk.confirmed && offer(g, q, &p, e) == -1)
		return -1;
	return say_offer(g, q, &p, r);
}

/* ---- accepting ---- */

struct offered {
	const char *giver;
	struct party party;
	uint64_t *epoch;
};

/* Read back what offer_text() wrote.  -1: it cannot be read. */
static int read_offer(const struct code *k, struct pool *pool, struct offered *o)
{
	size_t max = strlen(k->text) / (2 * OWNERSHIP_ID) + 1;
	char *text = pool_strdup(pool, k->text), *word;
	uint8_t (*id)[OWNERSHIP_ID] = pool_alloc(pool, max * sizeof(*id));
	int64_t epoch;

	o->epoch = pool_alloc(pool, max * sizeof(*o->epoch));
	if (text == NULL || id == NULL || o->epoch == NULL || (o->giver = strsep(&text, " ")) == NULL)
		return -1;
	o->party = (struct party){ 0, (const uint8_t (*)[OWNERSHIP_ID])id };
	while ((word = strsep(&text, " ")) != NULL) {
		if (o->party.n == max || str_unhex(id[o->party.n], OWNERSHIP_ID, word) != 0 ||
		    (word = strsep(&text, " ")) == NULL ||
		    str_to_int(word, 0, INT64_MAX, &epoch) != 0)
			return -1;
		o->epoch[o->party.n++] = (uint64_t)epoch;
	}
	return o->party.n > 0 ? 0 : -1;
}

static enum parting_verdict decide_accept(const struct registry *g, const struct request *q,
    const struct offered *o, size_t i)
{
	const struct owned *t = member(g, &o->party, i);
	struct parting_facts f = registry_parting_facts(g, t, o->giver, PARTING_ACCEPT);

	f.is_owner = f.is_owner && t->epoch == o->epoch[i];
	f.offered = t != NULL && t->held_for != NULL && strcmp(t->held_for, q->bare) == 0;
	f.may_own = registry_may_own(g, q->bare);
	f.doubt = registry_doubt(g, q->bare);
	return parting_decide(&f);
}

int registry_turn_over(struct registry *g, const struct owned *t, const char *to, struct err *e)
{
	struct owned now = *t;
	char left[REGISTRY_WAITS];

	now.owner = to;
	now.former = t->owner;
	now.epoch++;
	now.state = OWNED_TURNING;
	now.name = now.held_for = NULL;
	now.is_public = now.disputed = false;
	now.listed = true;
	now.since_ms = clock_wall(g->deps.clock);
	registry_subject(left, REGISTRY_LEFT, t->id);
	if (registry_forget_owed(g, t, e) == -1 ||
	    registry_note(g, AUDIT_TRANSFERRED, t, t->owner, to, NULL, e) == -1 ||
	    ownership_put(g->deps.ownership, &now, e) == -1 ||
	    registry_account_begins(g, to, e) == -1 ||
	    registry_note(g, AUDIT_TRANSFERRED, &now, now.former, to, NULL, e) == -1 ||
	    debt_owe(g->deps.debts, DEBT_OWNER, now.jid, left, now.epoch, NULL, e) == -1)
		return -1;
	++*g->count.transferred;
	return registry_ask_presence(g, now.jid, e);
}

/* %1 who, %2 what. */
static int tell_giver(struct registry *g, const struct request *q, const struct offered *o,
    const char *sentence, struct err *e)
{
	char hex[REGISTRY_HEX];
	struct buf b;

	buf_init(&b, SENTENCE_BYTES);
	saying_add(&b, sentence, registry_escaped(q->bare, q->pool),
	    call_party(g, &o->party, q->pool), NULL);
	registry_hex(hex, o->party.id[0]);
	return registry_tell(g, o->giver, pool_printf(q->pool, "answer:%s:%" PRIu64, hex,
	    o->epoch[0]), &b, e);
}

static int say_accepted(const struct registry *g, const struct request *q,
    const struct offered *o, struct reply *r)
{
	const char *giver = registry_escaped(o->giver, q->pool);
	const char *party = call_party(g, &o->party, q->pool);
	struct buf b;

	buf_init(&b, SENTENCE_BYTES);
	if (o->party.n == 1)
		saying_add(&b, N_("Done: %1 at %2 is yours here. It has not heard it yet and may "
		    "still obey %3; I tell you when that is over."), party,
		    address(g, &o->party, q->pool), giver, NULL);
	else
		saying_add(&b, N_("Done: %1 are yours here. They have not heard it yet and may "
		    "still obey %2; I tell you when that is over."), party, giver, NULL);
	return registry_answer(q, r, BODY_TEXT, &b);
}

static int take(struct registry *g, const struct request *q, const struct code *k,
    const struct offered *o, struct reply *r, struct err *e)
{
	for (size_t i = 0; i < o->party.n; i++) {
		enum parting_verdict v = decide_accept(g, q, o, i);

		if (v == PARTING_OVER || v == PARTING_NOT_YOURS) {
			reply_error(r, COND_ITEM_NOT_FOUND);
			r->text = o->party.n == 1 ? N_("That is not on offer any more.") :
			    N_("Some of them are not on offer any more. Ask for a new offer.");
			return 0;
		}
		if (v != PARTING_YES)
			return registry_refuse_parting(g, q, member(g, &o->party, i), v, r);
	}
	if ((int64_t)o->party.n > registry_owner_room(g, q->bare)) {
		reply_error(r, COND_RESOURCE_CONSTRAINT);
		r->text = N_("You own as many things as one person may; give some away first.");
		return 0;
	}
	if (tell_giver(g, q, o, N_("%1 has accepted. No longer yours: %2."), e) == -1)
		return -1;
	for (size_t i = 0; i < o->party.n; i++)
		if (member(g, &o->party, i)->epoch == o->epoch[i] &&
		    registry_turn_over(g, member(g, &o->party, i), q->bare, e) == -1)
			return -1;
	if (code_spend_this(g->deps.codes, k, e) == -1)
		return -1;
	return say_accepted(g, q, o, r);
}

static int refuse(struct registry *g, const struct request *q, const struct code *k,
    const struct offered *o, struct reply *r, struct err *e)
{
	struct buf b;

	for (size_t i = 0; i < o->party.n; i++) {
		const struct owned *t = member(g, &o->party, i);
		struct owned kept;

		if (!owned_by(t, o->giver) || t->epoch != o->epoch[i] || t->held_for == NULL ||
		    t->hold != HOLD_NONE || strcmp(t->held_for, q->bare) != 0)
			continue;
		kept = *t;
		kept.held_for = NULL;
		if (ownership_put(g->deps.ownership, &kept, e) == -1)
			return -1;
	}
	if (tell_giver(g, q, o, N_("%1 does not want %2."), e) == -1 ||
	    code_spend_this(g->deps.codes, k, e) == -1)
		return -1;
	buf_init(&b, SENTENCE_BYTES);
	saying_add(&b, N_("All right, nothing changed."), NULL);
	return registry_answer(q, r, BODY_TEXT, &b);
}

int registry_accept(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	const struct code *k = g->deps.codes == NULL || q->u.desk.code == NULL ? NULL :
	    code_find(g->deps.codes, q->bare, q->u.desk.code);
	struct offered o;

	if (k == NULL || k->purpose != CODE_ACCEPT || read_offer(k, q->pool, &o) != 0) {
		reply_error(r, COND_ITEM_NOT_FOUND);
		r->text = N_("Nothing is offered to you with this code; the offer may be over.");
		return 0;
	}
	if (q->u.desk.yes_no == ANSWER_NO)
		return refuse(g, q, k, &o, r, e);
	return take(g, q, k, &o, r, e);
}

/* ---- what the thing has heard ---- */

/* It has let go of the former owner; now it must forget what was decided for him. */
int registry_turning_left(struct registry *g, const struct owned *t, struct err *e)
{
	char subject[REGISTRY_WAITS];

	if (registry_forget_owed(g, t, e) == -1)
		return -1;
	registry_subject(subject, REGISTRY_FORGET, t->id);
	return debt_owe(g->deps.debts, DEBT_OWNER, t->jid, subject, t->epoch, NULL, e);
}

static int tell_new_owner(struct registry *g, const struct owned *t, struct err *e)
{
	char about[REGISTRY_WAITS];
	struct pool pool;
	struct buf b;
	int rc;

	pool_init(&pool, SENTENCE_BYTES);
	buf_init(&b, SENTENCE_BYTES);
	if (t->former != NULL)
		saying_add(&b, N_("%1 has heard it: it is yours alone now and does not obey %2 any "
		    "more."), registry_called(g, t, &pool), registry_escaped(t->former, &pool),
		    NULL);
	else
		saying_add(&b, N_("%1 has heard it: it is yours alone now."),
		    registry_called(g, t, &pool), NULL);
	registry_subject(about, REGISTRY_FORGET, t->id);
	rc = registry_tell(g, t->owner, about, &b, e);
	pool_fini(&pool);
	return rc;
}

int registry_forgot(struct registry *g, const struct owned *t, struct err *e)
{
	struct owned now = *t;
	char hex[REGISTRY_HEX];

	if (t->state != OWNED_TURNING)
		return 0;
	now.state = OWNED;
	now.former = NULL;
	registry_hex(hex, t->id);
	if (registry_forget_owed(g, t, e) == -1 || tell_new_owner(g, t, e) == -1 ||
	    registry_note(g, AUDIT_TOLD, t, NULL, NULL, NULL, e) == -1 ||
	    ownership_put(g->deps.ownership, &now, e) == -1)
		return -1;
	return debt_owe(g->deps.debts, DEBT_OWNER, now.jid, hex, now.epoch, NULL, e);
}
