/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kin: read from memory, a few hash lookups a registration.
 */
#include "config.h"

#include "registry/kin.h"

#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "registry/tags.h"

#define SILENT_MS (INT64_C(90) * 86400000)
#define HISTORY_LOOKS 100	/* rows of an owner's history, the newest */
/* Things of one digest, key or name that are looked at.  Few of them would let an
 * attacker put as many imitations before the owned one, and nothing were held for
 * its owner any more. */
#define LOOKS REGISTRY_SAME

/* ---- load ---- */

static bool has_owner(const struct owned *t)
{
	return t != NULL && t->owner != NULL && owned_by(t, t->owner);
}

/* Whose are they?  *of: the first with an owner.  Other addresses only: what a
 * thing was itself says nothing about what it comes from. */
static enum descent_from owners(const struct registry *g, const struct thing *const *things,
    size_t n, const struct request *q, const struct owned **of)
{
	enum descent_from from = FROM_NOBODY;

	for (size_t i = 0; i < n; i++) {
		const struct owned *t = ownership_by_id(g->deps.ownership, things[i]->id);

		if (!has_owner(t) || strcmp(t->jid, q->bare) == 0)
			continue;
		if (*of == NULL) {
			*of = t;
			from = FROM_ONE;
		} else if (strcmp((*of)->owner, t->owner) != 0) {
			from = FROM_SEVERAL;
		}
	}
	return from;
}

static bool has_twin(const struct registry *g, const struct thing *const *same, size_t n,
    const struct request *q)
{
	for (size_t i = 0; i < n; i++) {
		const struct owned *t = ownership_by_id(g->deps.ownership, same[i]->id);

		if (t != NULL && t->state == OWNED_NOBODY && t->listed &&
		    strcmp(t->jid, q->bare) != 0)
			return true;
	}
	return false;
}

/* Does it know of something that our store does not? (docs/RULINGS.md 12) */
static bool is_newer(const struct registry *g, const struct thing_self *self,
    const struct owned *have)
{
	const struct thing *thing = have != NULL ? thing_store_find(g->things, have->id) : NULL;

	if (!self->is_ours || self->epoch == 0)
		return false;
	/* Somebody owned it, and here is nothing of that. */
	if (have == NULL)
		return self->owner != NULL;
	if (self->epoch > have->epoch)
		return true;
	if (self->epoch == have->epoch && self->owner != NULL && has_owner(have) &&
	    strcmp(self->owner, have->owner) != 0)
		return true;
	return store_is_older_than(g->deps.store, self->floor) &&
	    (thing == NULL || self->floor > thing->heard_floor);
}

static void load_key(const struct registry *g, const struct request *q, struct kin *kin)
{
	const struct thing *of[LOOKS];
	enum descent_from from;

	/* Nodes share the key of their gateway, so it says nothing about them. */
	if (kin->continuity == CONTINUITY_NONE || node_is_set(&q->u.reg.node))
		return;
	from = owners(g, of, thing_store_of_key(g->things, kin->key, of, LOOKS), q, &kin->by_key);
	if (kin->continuity == CONTINUITY_PROVEN)
		kin->facts.by_key = from;
	else
		kin->facts.key_named = from != FROM_NOBODY;
}

/* What was released shows the same today: else it is looked at anew. */
static bool is_let_go(const struct registry *g, const struct owned *have,
    const struct thing *want, const struct kin *kin)
{
	const struct thing *thing = have != NULL ? thing_store_find(g->things, have->id) : NULL;

	if (thing == NULL || !thing->let_go || have->hold != HOLD_NONE ||
	    !secret_bytes_equal(thing->digest, want->digest, DIGEST_BYTES))
		return false;
	return kin->continuity != CONTINUITY_PROVEN ||
	    (thing->has_key && memcmp(thing->key, kin->key, SIGN_KEY) == 0);
}

void kin_load(const struct registry *g, const struct request *q, const struct owned *have,
    const struct thing *want, struct kin *out)
{
	const struct thing *like[LOOKS];
	size_t n;

	memset(out, 0, sizeof(*out));
	out->continuity = continuity_check(&q->u.reg.self, g->deps.hash_key, g->conf.jid, q->bare,
	    clock_wall(g->deps.clock), out->key);
	out->facts.owned = have != NULL && have->owner != NULL;
	out->facts.hold = have != NULL ? have->hold : HOLD_NONE;
	out->facts.newer = is_newer(g, &q->u.reg.self, have);
	out->facts.let_go = is_let_go(g, have, want, out);
	load_key(g, q, out);
	n = thing_store_same(g->things, want->digest, like, LOOKS);
	out->facts.by_tags = owners(g, like, n, q, &out->by_tags);
	out->facts.twin = has_twin(g, like, n, q);
	n = thing_store_named(g->things, thing_store_name(g->things, &q->u.reg.tags), like, LOOKS);
	/* The operator said that of these serials more than one may come, and a twin
	 * of one that counted is told to its owner by who gives it (give.c). */
	out->facts.same_name = owners(g, like, n, q, &out->namesake) != FROM_NOBODY &&
	    !(registry_is_own_site(g, q->bare) && approval_covers(g->approvals, &q->u.reg.tags,
	    clock_wall(g->deps.clock)));
}

bool registry_may_claim(const struct registry *g, const struct owned *t, const char *bare)
{
	const struct thing *thing = t != NULL ? thing_store_find(g->things, t->id) : NULL;
	const struct thing *like[LOOKS];
	struct request q = { .bare = t != NULL ? t->jid : "" };
	const struct owned *of = NULL;

	if (thing == NULL || t->state != OWNED_NOBODY || !t->listed)
		return false;
	if (t->hold == HOLD_NONE)
		return true;
	if (t->held_for == NULL)
		return false;
	if (strcmp(t->held_for, bare) == 0)
		return true;
	/* The operator's word stands; descent holds while there is something
	 * that it descends from, in the hands of him it is held for. */
	if (t->hold != HOLD_DESCENT)
		return false;
	(void)owners(g, like, thing_store_same(g->things, thing->digest, like, LOOKS), &q, &of);
	if (of == NULL && thing->has_key)
		(void)owners(g, like, thing_store_of_key(g->things, thing->key, like, LOOKS), &q,
		    &of);
	return of == NULL;
}

struct last_sign {
	const char *who;
	int64_t at_ms;
};

static void look_at(void *arg, const struct audit_row *row)
{
	struct last_sign *last = arg;

	if (row->event.actor != NULL && strcmp(row->event.actor, last->who) == 0 &&
	    row->at_ms > last->at_ms)
		last->at_ms = row->at_ms;
}

/* Of his presence only memory knows; of what he did, the rows. */
bool registry_is_silent(const struct registry *g, const char *bare)
{
	const struct contact *c = contact_find(g->deps.contacts, bare);
	struct last_sign last = { bare, c != NULL ? c->seen_ms : 0 };
	bool more;

	if (c != NULL && c->online)
		return false;
	for (const struct owned *t = NULL;
	    (t = ownership_next_of_owner(g->deps.ownership, bare, t)) != NULL;)
		if (t->since_ms > last.at_ms)
			last.at_ms = t->since_ms;
	if (g->deps.audit != NULL && audit_history(g->deps.audit, NULL, bare, 0, HISTORY_LOOKS,
	    &more, look_at, &last, NULL) == -1)
		return false;
	return clock_wall(g->deps.clock) - last.at_ms >= SILENT_MS;
}

int registry_let_go(struct registry *g, const struct owned *t, struct err *e)
{
	const struct thing *thing = thing_store_find(g->things, t->id);
	struct thing free_now;

	if (thing == NULL)
		return 0;
	free_now = *thing;
	free_now.let_go = true;
	return thing_store_put(g->things, &free_now, e);
}

/* ---- tell ---- */

static int note(struct registry *g, enum audit_what what, const struct owned *t,
    const char *owner, const char *detail, struct err *e)
{
	const struct audit_event ev = {
		.what = what, .thing = t->id, .epoch = t->epoch, .owner = owner,
		.object = t->jid, .detail = detail,
	};

	return g->deps.audit != NULL ? audit_add(g->deps.audit, &ev, e) : 0;
}

static const char *name_of(const struct owned *t, struct pool *pool)
{
	return registry_escaped(t->name != NULL ? t->name : t->jid, pool);
}

/* %1 the address of the new one, %2 the thing it says it is. */
static const char *const held_words[] = {
	[BY_KEY] = N_("A device has registered as %1 and says that it is your thing %2. It proved "
	    "that it is the same device, so only you can claim it. Claim it with the new code it "
	    "shows, then say: replace %2 by %1"),
	[BY_TAGS] = N_("A device has registered as %1 and says that it is your thing %2. It has the "
	    "very code of your thing. Either your thing was reset and came back, or somebody "
	    "copied its label. Nobody but you can claim it. If you did reset it, claim it, then "
	    "say: replace %2 by %1"),
};

static int tell_held(struct registry *g, const struct request *q, const struct owned *t,
    const struct owned *of, enum descent_why why, struct err *e)
{
	char hex[REGISTRY_HEX];
	struct buf text;
	int rc;

	buf_init(&text, 2048);
	saying_add(&text, held_words[why], registry_escaped(t->jid, q->pool), name_of(of, q->pool),
	    NULL);
	/* One that waits for each thing of his, or whoever registers and leaves in a
	 * loop fills the store and his evening. */
	registry_hex(hex, of->id);
	rc = registry_tell(g, of->owner, pool_printf(q->pool, "descent:%s", hex), &text, e);
	++*g->count.held;
	log_warn("'%s' is held for %s: it descends from '%s'", t->jid, of->owner, of->jid);
	return rc == -1 ? -1 : note(g, AUDIT_HELD, t, of->owner, why == BY_KEY ?
	    "the continuity key of an owned thing" : "the tags of an owned thing", e);
}

/* Once for each owned thing, or a stranger could fill its owner's evening. */
static int tell_namesake(struct registry *g, const struct request *q, const struct owned *t,
    const struct owned *of, struct err *e)
{
	const struct thing *have = thing_store_find(g->things, of->id);
	struct thing seen;
	struct buf text;
	char hex[REGISTRY_HEX];
	int rc;

	if (have == NULL || have->noticed)
		return 0;
	seen = *have;
	seen.noticed = true;
	buf_init(&text, 2048);
	saying_add(&text, N_("For your information: a device that calls itself by the maker and "
	    "serial number of your thing %1 has registered as %2. That proves nothing, and nothing "
	    "of yours has changed."), name_of(of, q->pool), registry_escaped(t->jid, q->pool), NULL);
	registry_hex(hex, of->id);
	rc = registry_tell(g, of->owner, pool_printf(q->pool, "namesake:%s", hex), &text, e);
	++*g->count.namesakes;
	log_warn("'%s' has the maker and serial number of '%s'", t->jid, of->jid);
	if (rc == -1 || note(g, AUDIT_REGISTERED, t, of->owner,
	    "the maker and serial number of an owned thing", e) == -1)
		return -1;
	return thing_store_put(g->things, &seen, e);
}

/* Two that show the same, or one that comes from two owners: the operator's. */
static int alarm_operator(struct registry *g, const struct owned *t,
    const struct descent_outcome *out, struct err *e)
{
	bool several = out->hold == HOLD_OPERATOR;

	++*(several ? g->count.held : g->count.twins_seen);
	log_warn(several ? "'%s' descends from things of different owners: held for the operator" :
	    "'%s' has the very tags of another unclaimed thing: neither can be claimed by them",
	    t->jid);
	return note(g, several ? AUDIT_HELD : AUDIT_REGISTERED, t, NULL, several ?
	    "descends from things of different owners" : "the tags of another unclaimed thing", e);
}

int kin_tell(struct registry *g, const struct request *q, const struct owned *t,
    const struct kin *kin, const struct descent_outcome *out, struct err *e)
{
	const struct owned *of = out->why == BY_KEY ? kin->by_key : kin->by_tags;

	if (out->hold == HOLD_DESCENT)
		return tell_held(g, q, t, of, out->why, e);
	if (out->alarm && alarm_operator(g, t, out, e) == -1)
		return -1;
	return out->notice ? tell_namesake(g, q, t, kin->namesake, e) : 0;
}
