/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enroll: register: how a thing comes in.  A refusal is decided before the
 * first write, so it writes nothing.  What it may descend from is loaded by
 * kin.c and decided in descent.h.  Read next: mine.c, how it finds its owner,
 * and leave.c.
 */
#include "config.h"

#include <string.h>

#include "common/base/ident.h"
#include "common/base/str.h"
#include "common/base/log.h"
#include "registry/kin.h"
#include "registry/tags.h"

#define DAY INT64_C(86400000)

#define EPOCH_MAX (INT64_C(1) << 53)	/* what a thing states of its past, at most */

/* One registration on its way. */
struct enrolment {
	const struct owned *have;	/* the record of this address; NULL none */
	struct thing want;		/* what it says of itself, but for the id */
	struct kin kin;
	struct descent_outcome out;
	bool disowned;			/* it learns by the answer that it was disowned */
};

/* ---- answers ---- */

static void say_claimed(const struct owned *t, const struct request *q, struct reply *r)
{
	r->kind = REPLY_RESULT;
	r->body = BODY_CLAIMED;
	r->u.claimed.jid = pool_strdup(q->pool, t->owner);
	r->u.claimed.node = q->u.reg.node;
	/* Always said: clients differ in what an absent attribute means. */
	r->u.claimed.is_public = t->is_public && t->listed;
}

/* Without one, an empty claim would fit. */
static bool has_property(const struct tag_list *tags)
{
	for (size_t i = 0; i < tags->n; i++)
		if (!str_case_eq(tags->tag[i].name, "R"))
			return true;
	return false;
}

/* Ours are told why (docs/PROTOCOL.md 4.3). */
static int refuse(struct registry *g, struct reply *r, enum condition c, const char *reason)
{
	++*g->count.refused;
	reply_error(r, c);
	r->reason = reason;
	return 0;
}

/* To ours only: others never see the element. */
static int tell_self(const struct registry *g, const struct request *q, const struct kin *kin,
    struct reply *r)
{
	const struct thing_self *self = &q->u.reg.self;
	const struct owned *t = registry_address(g, q->bare, &q->u.reg.node);
	const struct thing *thing = t != NULL ? thing_store_find(g->things, t->id) : NULL;
	char nonce[CONTINUITY_NONCE];

	if (!self->is_ours)
		return 0;
	r->self.told = true;
	r->self.epoch = t != NULL ? t->epoch : 0;
	r->self.time_ms = self->clock_unknown ? clock_wall(g->deps.clock) : 0;
	/* A key that stands here is known; another one is asked for its proof. */
	if (kin->continuity != CONTINUITY_NAMED || node_is_set(&q->u.reg.node) ||
	    (thing != NULL && thing->has_key && (t->owner != NULL ||
	    memcmp(thing->key, kin->key, SIGN_KEY) == 0)))
		return 0;
	continuity_nonce(nonce, g->deps.hash_key, q->bare, clock_wall(g->deps.clock));
	r->self.nonce = pool_strdup(q->pool, nonce);
	return 0;
}

/* ---- what it says of itself ---- */

static bool is_among(const char *const *domains, const char *bare)
{
	for (; domains != NULL && *domains != NULL; domains++)
		if (jid_text_in_domain(bare, *domains))
			return true;
	return false;
}

/* Off by default: it lets anybody publish search results (att-C-16). */
static bool may_own_itself(struct registry *g, const struct request *q, const struct owned *t)
{
	if (!is_among(g->conf.self_owned, q->bare))
		return false;
	if ((t != NULL && t->state == OWNED_SELF) ||
	    (int64_t)ownership_count_in(g->deps.ownership, OWNED_SELF) < g->conf.max_self_owned)
		return true;
	++*g->count.full_self;
	return false;
}

/* COND_NONE: it may go on.  What others are at is not told by it. */
static enum condition refusal(struct registry *g, const struct request *q,
    const struct owned *t, const char **reason)
{
	*reason = NULL;
	if (!registry_may_register(g, q->bare))
		return COND_NOT_ALLOWED;
	if (q->u.reg.self_owned && !may_own_itself(g, q, t))
		return COND_NOT_ALLOWED;
	if (!has_property(&q->u.reg.tags) || q->u.reg.self.epoch > EPOCH_MAX)
		return COND_BAD_REQUEST;
	if (q->u.reg.tags.n > (size_t)g->conf.max_tags) {
		++*g->count.full_thing;
		*reason = "quota-tags";
	} else if (!manifest_store_fits(q->u.reg.self.manifest)) {
		*reason = "quota-manifest";
	} else if (t == NULL) {
		*reason = registry_full(g, q->bare);
		/* Last: who is refused for good uses nothing up. */
		if (*reason == NULL && !newcomer_may(g->newcomers, q->bare,
		    clock_boot(g->deps.clock))) {
			++*g->count.too_many_new;
			*reason = "quota-rate";
		}
	}
	return *reason != NULL ? COND_RESOURCE_CONSTRAINT : COND_NONE;
}

/* 1 as it shall be kept, 0 more than a thing may keep, -1 error. */
static int read_tags(struct registry *g, const struct request *q, struct thing *want,
    struct err *e)
{
	const struct tag *key = tag_find(&q->u.reg.tags, "KEY");

	memset(want, 0, sizeof(*want));
	want->key_bits = presence_question_key_bits(key != NULL ? key->str : NULL);
	want->at_ms = clock_wall(g->deps.clock);
	want->can = q->u.reg.self.can;
	want->tags = tags_pack(&q->u.reg.tags, q->pool, &want->tags_len);
	if (want->tags == NULL ||
	    digest_tags(want->digest, g->deps.hash_key, &q->u.reg.tags, q->pool) == -1)
		return err_set(e, ERR_LIMIT, "no room for the tags of a thing");
	return (int64_t)want->tags_len <= g->conf.max_tag_bytes;
}

/* ---- writing ---- */

static int new_owned(struct registry *g, const struct request *q, struct owned *t, struct err *e)
{
	memset(t, 0, sizeof(*t));
	if (ident_random(t->id, sizeof(t->id), e) == -1)
		return -1;
	t->jid = q->bare;
	t->node = q->u.reg.node.id;
	t->source = q->u.reg.node.source;
	t->partition = q->u.reg.node.partition;
	/* What it counted before its record expired here is not newer than us. */
	t->epoch = q->u.reg.self.epoch > 0 ? q->u.reg.self.epoch : 1;
	t->state = OWNED_NOBODY;
	t->listed = true;
	t->since_ms = clock_wall(g->deps.clock);
	return 0;
}

/* Its window begins anew.  A press within one that is open costs no row. */
static bool opens_window(const struct registry *g, const struct thing *have,
    const struct thing *want)
{
	int64_t age = want->at_ms - have->at_ms;

	if ((want->can & SELF_WINDOW) != 0)
		return (want->can & SELF_OPEN) != 0 && age >= g->conf.claim_press_ms / 2;
	return g->conf.claim_window_ms > 0 && age >= g->conf.claim_window_ms / 2;
}

/* A thing that comes back every minute with the same tags costs no row. */
static bool is_fresh(const struct registry *g, const struct thing *have, const struct thing *want)
{
	return have != NULL && want->at_ms - have->at_ms < DAY && want->can == have->can &&
	    !opens_window(g, have, want) &&
	    want->has_key == have->has_key && memcmp(want->key, have->key, SIGN_KEY) == 0 &&
	    secret_bytes_equal(have->digest, want->digest, DIGEST_BYTES) &&
	    have->heard_epoch == want->heard_epoch && have->heard_floor == want->heard_floor &&
	    have->tags_len == want->tags_len &&
	    (want->tags_len == 0 || memcmp(have->tags, want->tags, want->tags_len) == 0);
}

/* The proven key; else the one that stands here, which only a proof replaces. */
static void keep_key(struct enrolment *en, const struct request *q, const struct thing *have)
{
	if (en->kin.continuity == CONTINUITY_PROVEN && !node_is_set(&q->u.reg.node)) {
		en->want.has_key = true;
		memcpy(en->want.key, en->kin.key, SIGN_KEY);
	} else if (have != NULL && have->has_key) {
		en->want.has_key = true;
		memcpy(en->want.key, have->key, SIGN_KEY);
	}
}

static int keep_tags(struct registry *g, const struct request *q, struct enrolment *en,
    const uint8_t *id, struct err *e)
{
	const struct thing *have = thing_store_find(g->things, id);
	uint8_t before[DIGEST_BYTES];

	memcpy(en->want.id, id, sizeof(en->want.id));
	keep_key(en, q, have);
	if (have != NULL) {
		en->want.noticed = have->noticed;
		en->want.let_go = en->kin.facts.let_go;
		if (en->want.heard_epoch == 0 && en->want.heard_floor == 0) {
			en->want.heard_epoch = have->heard_epoch;
			en->want.heard_floor = have->heard_floor;
		}
	}
	if (is_fresh(g, have, &en->want))
		return 0;
	if (have != NULL)
		memcpy(before, have->digest, sizeof(before));
	if (thing_store_put(g->things, &en->want, e) == -1)
		return -1;
	/* Others may have these tags, or had them with it until now. */
	return registry_enrolled(g, id, have != NULL ? before : NULL, e);
}

static bool same_holder(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Unclaimed: what it says of itself now is what it is claimed by. */
static int enroll(struct registry *g, const struct request *q, struct enrolment *en,
    struct err *e)
{
	const struct owned *of = en->out.why == BY_KEY ? en->kin.by_key : en->kin.by_tags;
	struct owned t;
	bool news;

	if (en->have != NULL)
		t = *en->have;
	else if (new_owned(g, q, &t, e) == -1)
		return -1;
	/* One that turns over may have been taken off the list by its new owner. */
	t.listed = t.listed || t.owner == NULL;
	t.hold = en->out.hold;
	if (t.hold == HOLD_DESCENT && of != NULL)
		t.held_for = of->owner;
	else if (t.hold != HOLD_OPERATOR || en->have == NULL)
		t.held_for = NULL;
	if (t.state == OWNED_NOBODY || t.state == OWNED_SELF) {
		t.state = q->u.reg.self_owned && t.hold == HOLD_NONE ? OWNED_SELF : OWNED_NOBODY;
		t.is_public = t.state == OWNED_SELF;
	}
	news = en->have == NULL || en->have->hold != t.hold ||
	    !same_holder(en->have->held_for, t.held_for);
	if ((news || !en->have->listed || en->have->state != t.state) &&
	    ownership_put(g->deps.ownership, &t, e) == -1)
		return -1;
	if ((en->have == NULL || !en->have->listed) &&
	    registry_note(g, AUDIT_REGISTERED, &t, q->bare, q->u.reg.node.id, NULL, e) == -1)
		return -1;
	if (keep_tags(g, q, en, t.id, e) == -1)
		return -1;
	return news ? kin_tell(g, q, ownership_by_id(g->deps.ownership, t.id), &en->kin, &en->out,
	    e) : 0;
}

/* What it offers may be another board's each time; people see the latest. */
static int keep_manifest(struct registry *g, const struct request *q, struct err *e)
{
	const struct owned *t = registry_address(g, q->bare, &q->u.reg.node);

	if (t == NULL || !q->u.reg.self.is_ours)
		return 0;
	return manifest_store_put(g->manifests, t->id, q->u.reg.self.manifest, q->pool, e);
}

/* A claimed thing changes nothing by registering, but its board may be another
 * one, and a key that it proves now is better than none. */
static int keep_abilities(struct registry *g, const struct request *q, struct enrolment *en,
    struct err *e)
{
	const struct thing *have = thing_store_find(g->things, en->have->id);
	struct thing want;

	if (have == NULL || !q->u.reg.self.is_ours)
		return 0;
	want = *have;
	want.can = q->u.reg.self.can & ~SELF_OPEN;
	if (!have->has_key && en->kin.continuity == CONTINUITY_PROVEN &&
	    !node_is_set(&q->u.reg.node)) {
		want.has_key = true;
		memcpy(want.key, en->kin.key, SIGN_KEY);
	}
	if (want.can == have->can && want.has_key == have->has_key)
		return 0;
	return thing_store_put(g->things, &want, e);
}

/* ---- frozen ---- */

static int note_frozen(struct registry *g, const struct owned *t, struct err *e)
{
	const struct audit_event ev = {
		.what = AUDIT_HELD, .thing = t->id, .epoch = t->epoch, .owner = t->owner,
		.object = t->jid, .detail = "frozen: it knows of a later change than this store",
	};

	++*g->count.frozen;
	log_error("'%s' knows of a later change than this store: was an old backup put back? It is "
	    "frozen until: kithctl release", t->jid);
	return g->deps.audit != NULL ? audit_add(g->deps.audit, &ev, e) : 0;
}

/* Its view stays as it is, and ours as well; nobody gets a yes about it. */
static int freeze(struct registry *g, const struct request *q, struct enrolment *en,
    struct reply *r, struct err *e)
{
	const struct thing *have = en->have != NULL ? thing_store_find(g->things, en->have->id) :
	    NULL;
	struct owned t;
	bool news = en->have == NULL || en->have->hold != HOLD_FROZEN;

	if (en->have != NULL)
		t = *en->have;
	else if (new_owned(g, q, &t, e) == -1)
		return -1;
	t.hold = HOLD_FROZEN;
	t.held_for = NULL;
	if (have != NULL)
		en->want = *have;
	if (q->u.reg.self.epoch > en->want.heard_epoch)
		en->want.heard_epoch = q->u.reg.self.epoch;
	if (q->u.reg.self.floor > en->want.heard_floor)
		en->want.heard_floor = q->u.reg.self.floor;
	if (news && (ownership_put(g->deps.ownership, &t, e) == -1 ||
	    note_frozen(g, &t, e) == -1))
		return -1;
	if (keep_tags(g, q, en, t.id, e) == -1)
		return -1;
	return refuse(g, r, COND_UNEXPECTED_REQUEST, "frozen");
}

int registry_thaw(struct registry *g, const struct owned *t, struct owned *thawed,
    struct err *e)
{
	const struct thing *thing = thing_store_find(g->things, t->id);
	char hex[REGISTRY_HEX];

	*thawed = *t;
	thawed->hold = HOLD_NONE;
	thawed->held_for = NULL;
	/* Above everything it heard, so that no statement from before counts:
	 * what was allowed then may have been taken back since. */
	if (thing != NULL && thing->heard_epoch > thawed->epoch)
		thawed->epoch = thing->heard_epoch;
	thawed->epoch++;
	registry_hex(hex, t->id);
	return debt_owe(g->deps.debts, DEBT_OWNER, t->jid, hex, thawed->epoch, NULL, e);
}

/* ---- register ---- */

int registry_settle_removed(struct registry *g, const struct owned *t, struct err *e)
{
	char subject[REGISTRY_WAITS];

	registry_subject(subject, REGISTRY_REMOVED, t->id);
	return debt_cancel(g->deps.debts, DEBT_OWNER, t->jid, subject, e);
}

/* XEP-0347 3.6: it is told whose it is. */
static int again(struct registry *g, const struct request *q, struct enrolment *en,
    struct reply *r, struct err *e)
{
	if (keep_abilities(g, q, en, e) == -1 || keep_manifest(g, q, e) == -1)
		return -1;
	++*g->count.again;
	say_claimed(en->have, q, r);
	return tell_self(g, q, &en->kin, r);
}

static int take(struct registry *g, const struct request *q, struct enrolment *en,
    struct reply *r, struct err *e)
{
	int approved = 0;

	r->kind = REPLY_RESULT;
	r->body = en->disowned ? BODY_DISOWNED : BODY_EMPTY;
	if (en->out.verdict == DESCENT_TAKE) {
		if (enroll(g, q, en, e) == -1 || keep_manifest(g, q, e) == -1 ||
		    (approved = registry_approve(g, q, e)) == -1)
			return -1;
		++*g->count.registered;
	}
	if (approved == 1)
		say_claimed(registry_address(g, q->bare, &q->u.reg.node), q, r);
	return tell_self(g, q, &en->kin, r);
}

/* What it must hear first is told here, and being told here is hearing it. */
static int settle(struct registry *g, const struct request *q, struct enrolment *en,
    struct err *e)
{
	if (registry_alive(g, q, e) == -1)
		return -1;
	if (en->have != NULL && registry_tell_by_answer(g, en->have, &en->disowned, e) == -1)
		return -1;
	en->have = registry_address(g, q->bare, &q->u.reg.node);
	return en->have != NULL ? registry_settle_removed(g, en->have, e) : 0;
}

int registry_register(struct registry *g, const struct request *q, struct reply *r,
    struct err *e)
{
	struct enrolment en = { .have = registry_address(g, q->bare, &q->u.reg.node) };
	const char *reason;
	enum condition no = refusal(g, q, en.have, &reason);
	int got;

	if (no != COND_NONE) {
		registry_note_refusal(g, q->bare, "register");
		return refuse(g, r, no, reason);
	}
	got = read_tags(g, q, &en.want, e);
	if (got != 1)
		return got == -1 ? -1 : refuse(g, r, COND_RESOURCE_CONSTRAINT, "quota-bytes");
	if (en.have == NULL && (got = registry_make_room(g, e)) != 1)
		return got == -1 ? -1 : refuse(g, r, COND_RESOURCE_CONSTRAINT, "quota-unclaimed");
	kin_load(g, q, en.have, &en.want, &en.kin);
	descent_decide(&en.kin.facts, &en.out);
	if (en.out.verdict != DESCENT_FREEZE) {
		if (settle(g, q, &en, e) == -1)
			return -1;
		kin_load(g, q, en.have, &en.want, &en.kin);
		descent_decide(&en.kin.facts, &en.out);
	}
	if (en.out.verdict == DESCENT_FREEZE)
		return freeze(g, q, &en, r, e);
	/* XEP-0347 3.6: a claimed thing changes nothing by registering; one that
	 * turns over says what it is from now on, maybe with a new KEY. */
	if (en.have != NULL && en.have->owner != NULL && !en.disowned)
		return again(g, q, &en, r, e);
	return take(g, q, &en, r, e);
}
