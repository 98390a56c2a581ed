/* SPDX-License-Identifier: Apache-2.0 */
/*
 * co_owner: who may speak about a thing beside its owner, and how far.  What a
 * co-owner gives is a row in the owner's book with his name on it; that it
 * goes no further than his own right is decided each time (policy/decide.c).
 */
#include "config.h"

#include <string.h>

#include "common/base/pool.h"
#include "provisioning/role.h"

#define GIVEN_MAX 100		/* rules of one co-owner in one owner's book */

/* Does this rule make him a co-owner of that thing at this moment? */
static bool makes_co_owner(const struct rule *r, const char *jid, const struct owned *t,
    const struct access_facts *f, const struct access_thing *at)
{
	struct question q = { .now_ms = f->now_ms,
		.zone_s = at->has_zone ? at->zone_s : f->zone_s };

	return r->co_owner && r->verdict == VERDICT_ALLOW && r->target.bound &&
	    r->target.epoch == t->epoch && memcmp(r->target.id, t->id, OWNERSHIP_ID) == 0 &&
	    r->subject.kind == SUBJECT_JID && strcmp(r->subject.text, jid) == 0 &&
	    rule_is_in_force(r, &q);
}

static enum verdict decide(struct access_facts *f, enum action a, const struct access_thing *at)
{
	const char *space[POLICY_NAMES];
	struct answer answer;

	f->action = a;
	access_decide_thing(f, at, &(struct answer_space){ .n_names = POLICY_NAMES, .names = space },
	    &answer);
	return answer.verdict;
}

static bool is_co_owner_by(const struct access_thing *at, struct access_facts *f,
    const struct book *b, const struct owned *t)
{
	for (size_t i = 0; i < policy_count(b->rules); i++) {
		const struct rule *r = policy_at(b->rules, i);

		if (!makes_co_owner(r, f->requester, t, f, at))
			continue;
		/* Something stronger may have taken the right away meanwhile. */
		for (int a = 0; a < ACTION_COUNT; a++)
			if ((r->actions & 1u << a) != 0 &&
			    decide(f, (enum action)a, at) == VERDICT_ALLOW)
				return true;
	}
	return false;
}

bool provisioning_is_co_owner(struct provisioning *p, const char *jid, const struct owned *t)
{
	struct access_facts f = provisioning_moment(p, ACTION_READ, jid);
	struct access_thing at;
	const struct book *b;
	struct pool pool;
	bool is;

	if (!provisioning_is_owned(t) || owned_by(t, jid) ||
	    access_book(p->access, t->owner, &b, NULL) != 0 || b == NULL || b->n_co_owners == 0)
		return false;
	pool_init(&pool, WIRE_REQUEST_BYTES);
	is = provisioning_thing(p, t, jid, &pool, &at, NULL) == 0 &&
	    is_co_owner_by(&at, &f, b, t);
	pool_fini(&pool);
	return is;
}

size_t provisioning_shared(struct provisioning *p, const char *jid, const struct owned **out,
    size_t max)
{
	struct access_shared shared[PROVISIONING_SHARED];
	size_t n = access_shared_with(p->access, jid, shared, PROVISIONING_SHARED), found = 0;

	for (size_t i = 0; i < n && found < max; i++) {
		const struct owned *t = ownership_by_id(p->deps.ownership, shared[i].thing);

		if (t != NULL && t->epoch == shared[i].epoch &&
		    provisioning_is_co_owner(p, jid, t))
			out[found++] = t;
	}
	return found;
}

bool voice_of(struct provisioning *p, const struct request *q, struct voice *v)
{
	const struct owned *t = q->u.desk.thing_id == NULL ? NULL :
	    ownership_by_id(p->deps.ownership, q->u.desk.thing_id);

	*v = (struct voice){ .owner = q->bare };
	if (t == NULL)
		return q->u.desk.thing_id == NULL;
	if (owned_by(t, q->bare)) {
		v->thing = t;
		return true;
	}
	if (!provisioning_is_co_owner(p, q->bare, t))
		return false;
	*v = (struct voice){ t, t->owner, q->bare };
	return true;
}

bool voice_has(const struct voice *v, const struct rule *r)
{
	if (v->giver == NULL)
		return true;
	return r->giver != NULL && strcmp(r->giver, v->giver) == 0 && r->target.bound &&
	    r->target.epoch == v->thing->epoch &&
	    memcmp(r->target.id, v->thing->id, OWNERSHIP_ID) == 0;
}

int voice_may(struct provisioning *p, const struct voice *v, const struct rule *r,
    struct err *e)
{
	struct access_facts f = provisioning_moment(p, ACTION_READ, v->giver);
	struct access_thing at;
	struct pool pool;
	int may = 0;

	if (v->giver == NULL || r->verdict != VERDICT_ALLOW)
		return 1;
	f.names = (struct name_list){ r->n_names, r->names };
	pool_init(&pool, WIRE_REQUEST_BYTES);
	if (provisioning_thing(p, v->thing, v->giver, &pool, &at, e) != 0)
		may = -1;
	for (int a = 0; may == 0 && a < ACTION_COUNT; a++)
		may = (r->actions & 1u << a) != 0 &&
		    decide(&f, (enum action)a, &at) == VERDICT_ALLOW;
	pool_fini(&pool);
	return may;
}

/* One co-owner cannot fill the owner's book, and more co-owners than are looked
 * at would be none. */
int voice_has_room(struct provisioning *p, const struct voice *v, const struct rule *r,
    struct err *e)
{
	const struct book *b;
	size_t given = 0;
	bool known = false;

	if (access_book(p->access, v->owner, &b, e) != 0)
		return -1;
	for (size_t i = 0; b != NULL && v->giver != NULL && i < policy_count(b->rules); i++) {
		const char *giver = policy_at(b->rules, i)->giver;

		given += giver != NULL && strcmp(giver, v->giver) == 0;
	}
	for (size_t i = 0; b != NULL && r->co_owner && i < b->n_co_owners; i++)
		known = known || strcmp(b->co_owner[i], r->subject.text) == 0;
	return given < GIVEN_MAX && (b == NULL || !r->co_owner || known ||
	    b->n_co_owners < ACCESS_CO_OWNERS);
}
