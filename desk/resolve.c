/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve: the names that a person uses become things of his.  Whatever fits
 * several is asked about and never guessed (ruling 35).  How a name fits is in
 * inventory.c.
 */
#include "config.h"

#include <string.h>

#include "common/base/str.h"
#include "desk/role.h"
#include "policy/policy.h"

#define SAY_BYTES (16 * 1024)

static int no_room(struct err *e)
{
	return err_set(e, ERR_LIMIT, "the message is too long");
}

/* What `say` wrote becomes the reply; 0 or -1. */
static int said(const struct request *q, struct buf *text, struct reply *r, struct err *e)
{
	int rc = desk_text(q, r, buf_str(text), e);

	buf_fini(text);
	reply_error(r, COND_ITEM_NOT_FOUND);
	return rc;
}

static int say_none(const struct desk *d, const struct request *q, const char *name,
    struct reply *r, struct err *e)
{
	struct talk t = desk_talk(d, q);
	struct buf text;

	buf_init(&text, SAY_BYTES);
	talk_no_thing(&text, &t, name, ownership_count_of_owner(d->d.ownership, q->bare));
	return said(q, &text, r, e);
}

static int say_which(const struct desk *d, const struct request *q, const char *name,
    const struct inventory_match *m, struct reply *r, struct err *e)
{
	const char *options[INVENTORY_OPTIONS];
	size_t n = m->n < INVENTORY_OPTIONS ? m->n : INVENTORY_OPTIONS;
	struct talk t = desk_talk(d, q);
	struct buf text;

	for (size_t i = 0; i < n; i++)
		options[i] = m->thing[i]->node != NULL ? m->thing[i]->node : m->thing[i]->jid;
	buf_init(&text, SAY_BYTES);
	talk_which_thing(&text, &t, name, options, n);
	return said(q, &text, r, e);
}

/* 1, or -1. */
static int keep_id(struct request *q, const struct owned *t, struct err *e)
{
	uint8_t *id = pool_alloc(q->pool, OWNERSHIP_ID);

	if (id == NULL)
		return no_room(e);
	memcpy(id, t->id, OWNERSHIP_ID);
	q->u.desk.thing_id = id;
	return 1;
}

/* What a co-owner says about a thing of another; all else is the owner's. */
static bool co_owner_may(const struct request *q)
{
	switch (q->verb) {
	case VERB_SHOW:
	case VERB_RULE_ADD:
	case VERB_RULES:
	case VERB_FORGET:
	case VERB_REVOKE:
	case VERB_WHY:
		return true;
	case VERB_SHARE:
		return !q->u.desk.co_owner;
	default:
		return false;
	}
}

static int say_not_yours(const struct desk *d, const struct request *q, struct reply *r,
    struct err *e)
{
	struct talk talk = desk_talk(d, q), *t = &talk;
	int rc = desk_text(q, r, T("That thing is shared with you; this only its owner can do. You "
	    "may use it, and: allow, deny, share, revoke, rules, forget, why."), e);

	reply_error(r, COND_FORBIDDEN);
	return rc;
}

/* His own first; then what others share with him. */
static void find(struct desk *d, const char *bare, const char *name, struct inventory_match *m)
{
	inventory_find(&d->inventory, bare, name, m);
	if (m->n == 0)
		inventory_find_shared(&d->inventory, bare, name, m);
}

static int one(struct desk *d, struct request *q, const char *name, struct reply *r,
    struct err *e)
{
	struct inventory_match m;

	find(d, q->bare, name, &m);
	if (m.n == 1 && !owned_by(m.thing[0], q->bare) && !co_owner_may(q))
		return say_not_yours(d, q, r, e);
	if (m.n == 1)
		return keep_id(q, m.thing[0], e);
	return m.n == 0 ? say_none(d, q, name, r, e) : say_which(d, q, name, &m, r, e);
}

/* No name: the only thing he has, if he has only one. */
static int the_only_one(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	if (ownership_count_of_owner(d->d.ownership, q->bare) == 1)
		return keep_id(q, ownership_next_of_owner(d->d.ownership, q->bare, NULL), e);
	return say_none(d, q, NULL, r, e);
}

static int a_set(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	const struct thing_set *s = d->d.sets == NULL ? NULL :
	    thing_set_find(d->d.sets, q->bare, q->u.desk.set);
	struct talk t = desk_talk(d, q);
	struct buf text;
	uint8_t *copy;

	if (s == NULL) {
		buf_init(&text, SAY_BYTES);
		talk_no_set(&text, &t, q->u.desk.set);
		return said(q, &text, r, e);
	}
	copy = pool_alloc(q->pool, s->n * OWNERSHIP_ID);
	if (copy == NULL)
		return no_room(e);
	memcpy(copy, s->thing, s->n * OWNERSHIP_ID);
	q->u.desk.n_things = s->n;
	q->u.desk.things = (void *)copy;
	return 1;
}

static int thing_or_set(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	if (q->u.desk.set != NULL)
		return a_set(d, q, r, e);
	return q->u.desk.thing == NULL ? the_only_one(d, q, r, e) :
	    one(d, q, q->u.desk.thing, r, e);
}

/* "lamp, heater and door": commas, `and`, or blanks where nothing has blanks. */
static int several(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	const struct name_list *names = &q->u.desk.names;
	uint8_t (*id)[OWNERSHIP_ID] = pool_alloc(q->pool, (names->n + 1) * OWNERSHIP_ID);

	if (id == NULL)
		return no_room(e);
	q->u.desk.n_things = 0;
	for (size_t i = 0; i < names->n; i++) {
		int found = one(d, q, names->name[i], r, e);

		if (found != 1)
			return found;
		memcpy(id[q->u.desk.n_things++], q->u.desk.thing_id, OWNERSHIP_ID);
	}
	q->u.desk.thing_id = NULL;
	q->u.desk.things = (const uint8_t (*)[OWNERSHIP_ID])id;
	return 1;
}

/* A policy line is read here as well: for the thing it names, and its mistakes. */
int resolve_policy(struct desk *d, struct request *q, struct rule *out, struct reply *r,
    struct err *e)
{
	struct talk t = desk_talk(d, q);
	struct err wrong = ERR_INIT;
	struct buf text;

	if (policy_parse_saying(out, q->u.desk.text, clock_wall(d->d.clock), t.zone_s, q->pool,
		&wrong) == 0)
		return 1;
	buf_init(&text, SAY_BYTES);
	talk_bad_rule(&text, &t, wrong.text);
	return said(q, &text, r, e);
}

static int inside_rule(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	struct rule rule;
	int rc;

	if (q->u.desk.text == NULL)	/* "what if forget 3" */
		return q->u.desk.thing == NULL ? 1 : one(d, q, q->u.desk.thing, r, e);
	rc = resolve_policy(d, q, &rule, r, e);
	if (rc != 1 || rule.target.kind != TARGET_THING)
		return rc;
	q->u.desk.thing = rule.target.name;
	return one(d, q, rule.target.name, r, e);
}

/* "why bob@example.org read lamp": without "of", the only name may be the thing's. */
static int inside_why(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	struct inventory_match m = { .n = 0 };

	if (q->u.desk.thing != NULL)
		return one(d, q, q->u.desk.thing, r, e);
	if (q->u.desk.name != NULL)
		find(d, q->bare, q->u.desk.name, &m);
	if (m.n == 0)
		return the_only_one(d, q, r, e);
	q->u.desk.thing = q->u.desk.name;
	q->u.desk.name = NULL;
	return one(d, q, q->u.desk.thing, r, e);
}

/* OLD by NEW: the new one goes first through the same look-up. */
static int two(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	int found = one(d, q, q->u.desk.name != NULL ? q->u.desk.name : "", r, e);

	if (found != 1)
		return found;
	q->u.desk.n_things = 1;
	q->u.desk.things = (void *)(uintptr_t)q->u.desk.thing_id;
	return one(d, q, q->u.desk.thing != NULL ? q->u.desk.thing : "", r, e);
}

/* A command knows already which one it is. */
static int known(struct desk *d, const struct request *q, struct reply *r, struct err *e)
{
	const struct owned *t = ownership_by_id(d->d.ownership, q->u.desk.thing_id);

	return t == NULL || owned_by(t, q->bare) || co_owner_may(q) ? 1 :
	    say_not_yours(d, q, r, e);
}

int resolve_request(struct desk *d, struct request *q, enum resolve_want want, struct reply *r,
    struct err *e)
{
	if (want != RESOLVE_NOTHING && q->u.desk.thing_id != NULL)
		return known(d, q, r, e);
	switch (want) {
	case RESOLVE_NOTHING:
		return 1;
	case RESOLVE_IF_NAMED:
		if (q->u.desk.thing == NULL && q->u.desk.set == NULL)
			return 1;
		return thing_or_set(d, q, r, e);
	case RESOLVE_THING:
		if (q->u.desk.thing == NULL && q->u.desk.set == NULL)
			return say_none(d, q, NULL, r, e);
		return thing_or_set(d, q, r, e);
	case RESOLVE_OR_ONLY:
		return thing_or_set(d, q, r, e);
	case RESOLVE_RULE:
		return inside_rule(d, q, r, e);
	case RESOLVE_WHY:
		return inside_why(d, q, r, e);
	case RESOLVE_LIST:
		return several(d, q, r, e);
	case RESOLVE_TWO:
		return two(d, q, r, e);
	}
	return 1;
}
