/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replace: `replace OLD by NEW`: two addresses of one owner's thing become
 * one.  The thing keeps its id and its epoch, so name, rules and sets stay;
 * what changes is where it is.  The decision is in descent.h.
 */
#include "config.h"

#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "registry/account.h"
#include "registry/descent.h"
#include "registry/role.h"

#define SENTENCE_BYTES 4096

/* ---- facts ---- */

static bool is_settled(const struct registry *g, const struct owned *t)
{
	return t->state == OWNED && t->hold == HOLD_NONE && !t->disputed &&
	    !registry_disown_pending(g, t);
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool speaks(const struct registry *g, const struct owned *old, const struct thing *new)
{
	const struct contact *c = contact_find(g->deps.contacts, old->jid);

	return c != NULL && (c->online || (new != NULL && c->seen_ms > new->at_ms));
}

static void load(const struct registry *g, const struct request *q, const struct owned *old,
    const struct owned *new, struct replace_facts *f)
{
	const struct thing *a, *b;

	*f = (struct replace_facts){ .may = owned_by(old, q->bare) && owned_by(new, q->bare) &&
	    account_may(registry_doubt(g, q->bare), ACT_GRAVE) };
	if (!f->may)
		return;
	a = thing_store_find(g->things, old->id);
	b = thing_store_find(g->things, new->id);
	f->settled = is_settled(g, old) && is_settled(g, new);
	f->alike = strcmp(old->jid, new->jid) != 0 && same_text(old->node, new->node) &&
	    same_text(old->source, new->source) && same_text(old->partition, new->partition);
	f->behind = new->epoch > old->epoch;
	f->old_speaks = speaks(g, old, b);
	f->same_key = a != NULL && b != NULL && a->has_key && b->has_key && old->node == NULL &&
	    memcmp(a->key, b->key, THING_KEY) == 0;
	f->presence = clock_boot(g->deps.clock) < g->shown_until_ms &&
	    memcmp(g->shown, new->id, OWNERSHIP_ID) == 0;
}

void registry_presence_shown(struct registry *g, const uint8_t id[static OWNERSHIP_ID])
{
	memcpy(g->shown, id, OWNERSHIP_ID);
	g->shown_until_ms = clock_boot(g->deps.clock) + REGISTRY_SHOWN_MS;
}

/* ---- apply ---- */

static int cancel(struct registry *g, const struct owned *t, struct err *e)
{
	char hex[REGISTRY_HEX], removed[REGISTRY_WAITS];

	registry_hex(hex, t->id);
	registry_subject(removed, REGISTRY_REMOVED, t->id);
	if (debt_cancel(g->deps.debts, DEBT_OWNER, t->jid, hex, e) == -1)
		return -1;
	return debt_cancel(g->deps.debts, DEBT_OWNER, t->jid, removed, e);
}

/* What a claim of the new record is answered by from now on. */
static int move_receipt(struct registry *g, const struct owned *t, const uint8_t *digest,
    struct err *e)
{
	struct used u = { .owner = t->owner, .epoch = t->epoch,
		.at_ms = clock_wall(g->deps.clock) };

	memcpy(u.digest, digest, DIGEST_BYTES);
	memcpy(u.id, t->id, OWNERSHIP_ID);
	return thing_store_spend(g->things, &u, e);
}

static int merge(struct registry *g, const struct request *q, const struct owned *old,
    const struct owned *new, struct err *e)
{
	const char *was = pool_strdup(q->pool, old->jid);
	const struct thing *thing = thing_store_find(g->things, new->id);
	struct owned merged = *old, gone = *new;
	struct thing tags = { 0 };
	char hex[REGISTRY_HEX];
	void *bytes;

	merged.jid = pool_strdup(q->pool, new->jid);
	gone.jid = merged.jid;
	if (thing != NULL) {
		tags = *thing;
		bytes = pool_alloc(q->pool, thing->tags_len + 1);
		if (bytes == NULL)
			return err_set(e, ERR_LIMIT, "no room for the tags of a thing");
		if (thing->tags_len > 0)
			memcpy(bytes, thing->tags, thing->tags_len);
		tags.tags = bytes;
		memcpy(tags.id, old->id, OWNERSHIP_ID);
	}
	if (was == NULL || merged.jid == NULL)
		return err_set(e, ERR_LIMIT, "no room for an address");
	registry_hex(hex, old->id);
	if (cancel(g, old, e) == -1 || cancel(g, new, e) == -1 ||
	    registry_erase_tags(g, gone.id, e) == -1 ||
	    ownership_delete(g->deps.ownership, gone.id, e) == -1 ||
	    ownership_put(g->deps.ownership, &merged, e) == -1)
		return -1;
	old = ownership_by_id(g->deps.ownership, merged.id);
	if (thing != NULL && (thing_store_put(g->things, &tags, e) == -1 ||
	    move_receipt(g, old, tags.digest, e) == -1))
		return -1;
	++*g->count.replaced;
	/* It may remember what was decided about it under its own record. */
	if (debt_owe(g->deps.debts, DEBT_OWNER, old->jid, hex, old->epoch, NULL, e) == -1 ||
	    registry_ask_presence(g, old->jid, e) == -1)
		return -1;
	return registry_note(g, AUDIT_REPLACED, old, q->bare, was, NULL, e);
}

/* ---- moved: the owner stood before another address than the one he has ---- */

static struct thing as_of(const struct thing *x, const uint8_t *id, void *bytes)
{
	struct thing now = *x;

	if (x->tags_len > 0)
		memcpy(bytes, x->tags, x->tags_len);
	now.tags = bytes;
	memcpy(now.id, id, OWNERSHIP_ID);
	return now;
}

/* What stands for a thing at one address goes with it to the other. */
static int swap_things(struct registry *g, const uint8_t *a, const uint8_t *b, struct pool *pool,
    struct err *e)
{
	const struct thing *x = thing_store_find(g->things, a), *y = thing_store_find(g->things, b);
	void *of_x, *of_y;
	struct thing to_b, to_a;

	if (x == NULL || y == NULL)
		return 0;
	of_x = pool_alloc(pool, x->tags_len + 1);
	of_y = pool_alloc(pool, y->tags_len + 1);
	if (of_x == NULL || of_y == NULL)
		return err_set(e, ERR_LIMIT, "no room for the tags of a thing");
	to_b = as_of(x, b, of_x);
	to_a = as_of(y, a, of_y);
	return thing_store_put(g->things, &to_a, e) == -1 ||
	    thing_store_put(g->things, &to_b, e) == -1 ? -1 : 0;
}

static int swap(struct registry *g, const struct owned *old, const struct owned *new,
    struct pool *pool, struct err *e)
{
	const char *from = pool_strdup(pool, old->jid), *to = pool_strdup(pool, new->jid);
	struct owned here = *old, there = *new;
	struct thing tags = { 0 };
	const struct thing *x = thing_store_find(g->things, new->id);
	char hex[REGISTRY_HEX];
	void *bytes = pool_alloc(pool, x != NULL ? x->tags_len + 1 : 1);

	if (from == NULL || to == NULL || bytes == NULL)
		return err_set(e, ERR_LIMIT, "no room for an address");
	if (x != NULL)
		tags = as_of(x, new->id, bytes);
	here.jid = to;
	there.jid = from;
	there.epoch = old->epoch + 1;
	there.hold = HOLD_PRESENCE;
	there.held_for = there.former = there.name = NULL;
	there.since_ms = clock_wall(g->deps.clock);
	/* Two rows never share an address. */
	if (cancel(g, old, e) == -1 || cancel(g, new, e) == -1 ||
	    registry_erase_tags(g, there.id, e) == -1 ||
	    ownership_delete(g->deps.ownership, there.id, e) == -1 ||
	    ownership_put(g->deps.ownership, &here, e) == -1 ||
	    ownership_put(g->deps.ownership, &there, e) == -1 ||
	    (x != NULL && thing_store_put(g->things, &tags, e) == -1) ||
	    swap_things(g, here.id, there.id, pool, e) == -1)
		return -1;
	registry_hex(hex, here.id);
	if (debt_owe(g->deps.debts, DEBT_OWNER, here.jid, hex, here.epoch, NULL, e) == -1)
		return -1;
	registry_hex(hex, there.id);
	return debt_owe(g->deps.debts, DEBT_OWNER, there.jid, hex, there.epoch, NULL, e) == -1 ||
	    registry_ask_presence(g, here.jid, e) == -1 ||
	    registry_note(g, AUDIT_REPLACED, &here, here.owner, from, NULL, e) == -1 ? -1 : 0;
}

int registry_move(struct registry *g, const struct owned *old, const struct owned *new,
    struct err *e)
{
	struct pool pool;
	int rc;

	/* As in replace_decide(): statements of a later epoch would look newer for ever. */
	if (old == NULL || new == NULL || new->state != OWNED_NOBODY || !is_settled(g, old) ||
	    new->epoch > old->epoch || !same_text(old->node, new->node) ||
	    !same_text(old->source, new->source) || !same_text(old->partition, new->partition))
		return 0;
	pool_init(&pool, WIRE_REQUEST_BYTES);
	rc = swap(g, old, new, &pool, e);
	pool_fini(&pool);
	if (rc == 0)
		++*g->count.replaced;
	return rc == 0 ? 1 : -1;
}

/* ---- words ---- */

static const char *const sentences[] = {
	[REPLACE_NOT_FOUND] = N_("I know no two things of yours by these names."),
	[REPLACE_NOT_NOW] = N_("Something about one of them is still open: a dispute, a hold, or "
	    "what it has not heard yet. Try again when that is settled."),
	[REPLACE_UNLIKE] = N_("These are not two addresses of one thing."),
	[REPLACE_BEHIND] = N_("The new one has changed hands more often than the old one, so the "
	    "old one cannot take its place. Give the rules to the new one instead."),
	[REPLACE_SPEAKS] = N_("The old one is still there: there are two of them. Nothing was "
	    "changed. Somebody may have copied your thing; ask whoever looks after it."),
	[REPLACE_PRESENCE] = N_("The new one does not prove that it is the same device. Show that "
	    "it is before you: send its claim again, answer what I ask then, and repeat this "
	    "within ten minutes."),
};

static int say(const struct request *q, struct reply *r, const struct registry *g,
    const struct owned *old, const struct owned *new, bool done)
{
	struct buf b;

	buf_init(&b, SENTENCE_BYTES);
	saying_add(&b, done ? N_("Done: %1 is at %2 now, with its name, its rules and its sets. The "
	    "old address is retired. Who has it as a contact must add the new address.") :
	    N_("%1 would be at %2 from now on, with the name, rules and sets it has. The old "
	    "address would be retired, and rules that you made for the new one since you claimed "
	    "it would end."), registry_called(g, old, q->pool), registry_escaped(new->jid, q->pool),
	    NULL);
	return registry_answer(q, r, done ? BODY_TEXT : BODY_CONFIRM, &b);
}

static int refuse(struct registry *g, const struct owned *old, enum replace_verdict v,
    struct reply *r, struct err *e)
{
	reply_error(r, v == REPLACE_NOT_FOUND ? COND_ITEM_NOT_FOUND : COND_NOT_ALLOWED);
	r->text = sentences[v];
	if (v != REPLACE_SPEAKS)
		return 0;
	++*g->count.clones;
	log_warn("'%s' still speaks though its owner sees it under another address: two devices "
	    "with one history", old->jid);
	return registry_note(g, AUDIT_HELD, old, NULL, "two devices with one history", NULL, e);
}

int registry_replace(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	const struct owned *old = q->u.desk.thing_id == NULL ? NULL :
	    ownership_by_id(g->deps.ownership, q->u.desk.thing_id);
	const struct owned *new = q->u.desk.n_things != 1 ? NULL :
	    ownership_by_id(g->deps.ownership, q->u.desk.things[0]);
	struct replace_facts f = { 0 };
	enum replace_verdict v;
	uint8_t id[OWNERSHIP_ID];

	if (old != NULL && new != NULL)
		load(g, q, old, new, &f);
	v = replace_decide(&f);
	if (v != REPLACE_DO)
		return refuse(g, old, v, r, e);
	if (!q->u.desk.confirmed)
		return say(q, r, g, old, new, false);
	memcpy(id, old->id, sizeof(id));
	if (merge(g, q, old, new, e) == -1)
		return -1;
	old = ownership_by_id(g->deps.ownership, id);
	return say(q, r, g, old, old, true);
}
