/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inventory: names are compared without case; beginnings of an address count
 * only when nothing answers to the whole name.
 */
#include "config.h"

#include "desk/inventory.h"

#include <string.h>

#include "common/base/str.h"

#define SCRATCH_BYTES (64 * 1024)

void inventory_init(struct inventory *v, struct ownership *o, struct registry *g)
{
	v->ownership = o;
	v->registry = g;
	pool_init(&v->scratch, SCRATCH_BYTES);
}

void inventory_fini(struct inventory *v)
{
	pool_fini(&v->scratch);
}

/* ---- names ---- */

static bool starts_with(const char *text, const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char a[2] = { text[i], '\0' }, b[2] = { name[i], '\0' };

		if (!str_case_eq(a, b))
			return false;
	}
	return true;
}

static bool is_local_part(const struct owned *t, const char *name)
{
	const char *at = strchr(t->jid, '@');
	size_t len = strlen(name);

	return at != NULL && len > 0 && len == (size_t)(at - t->jid) &&
	    starts_with(t->jid, name, len);
}

static bool begins_local_part(const struct owned *t, const char *name)
{
	const char *at = strchr(t->jid, '@');
	size_t len = strlen(name);

	return t->node == NULL && at != NULL && len >= INVENTORY_PREFIX &&
	    len <= (size_t)(at - t->jid) && starts_with(t->jid, name, len);
}

static bool tag_says(struct inventory *v, const struct owned *t, const char *name)
{
	static const char *const tags[] = { "NAME", "SN" };
	struct found_thing f;

	pool_reset(&v->scratch);
	if (registry_describe(v->registry, t->id, &v->scratch, &f, NULL) != 1)
		return false;
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		const struct tag *tag = tag_find(&f.tags, tags[i]);

		if (tag != NULL && str_case_eq(tag->str, name))
			return true;
	}
	return false;
}

/* Its name, its NAME or SN tag, its node, its address or local part. */
static bool is_called(struct inventory *v, const struct owned *t, const char *name)
{
	if (t->name != NULL && str_case_eq(t->name, name))
		return true;
	if (t->node != NULL ? str_case_eq(t->node, name) :
	    str_case_eq(t->jid, name) || is_local_part(t, name))
		return true;
	return tag_says(v, t, name);
}

static void add_match(struct inventory_match *m, const struct owned *t)
{
	if (m->n < INVENTORY_OPTIONS)
		m->thing[m->n] = t;
	m->n++;
}

void inventory_find(struct inventory *v, const char *owner, const char *name,
    struct inventory_match *m)
{
	const struct owned *t;

	m->n = 0;
	for (t = ownership_next_of_owner(v->ownership, owner, NULL); t != NULL;
	    t = ownership_next_of_owner(v->ownership, owner, t))
		if (is_called(v, t, name))
			add_match(m, t);
	if (m->n > 0)
		return;
	for (t = ownership_next_of_owner(v->ownership, owner, NULL); t != NULL;
	    t = ownership_next_of_owner(v->ownership, owner, t))
		if (begins_local_part(t, name))
			add_match(m, t);
}

/* ---- requests ---- */

static bool holds(const char *text, const char *word)
{
	size_t len = strlen(word);

	if (text == NULL)
		return false;
	for (; strlen(text) >= len; text++)
		if (starts_with(text, word, len))
			return true;
	return false;
}

/* Does a word stand in its name, address, node or one of its tags? */
static bool fits(const struct found_thing *f, const char *word)
{
	if (word == NULL || holds(f->name, word) || holds(f->jid, word) || holds(f->node.id, word))
		return true;
	for (size_t i = 0; i < f->tags.n; i++)
		if (holds(f->tags.tag[i].str, word))
			return true;
	return false;
}

static int list(struct inventory *v, const struct request *q, struct reply *r, struct err *e)
{
	struct reply_found *f = &r->u.found;
	const struct owned *t;

	r->kind = REPLY_RESULT;
	r->body = BODY_FOUND;
	f->thing = pool_alloc(q->pool, WIRE_PAGE * sizeof(*f->thing));
	if (f->thing == NULL)
		return err_set(e, ERR_LIMIT, "the message is too long");
	for (t = ownership_next_of_owner(v->ownership, q->bare, NULL); t != NULL;
	    t = ownership_next_of_owner(v->ownership, q->bare, t)) {
		struct found_thing one;
		int found = f->n == WIRE_PAGE ? -1 :
		    registry_describe(v->registry, t->id, q->pool, &one, NULL);

		/* No room for more: say so. */
		if (found == -1) {
			f->more = true;
			return 0;
		}
		if (found == 1 && fits(&one, q->u.devices.filter))
			f->thing[f->n++] = one;
	}
	return 0;
}

static int show(struct inventory *v, const struct request *q, struct reply *r, struct err *e)
{
	int found = registry_describe(v->registry, q->u.desk.thing_id, q->pool, &r->u.show, e);

	r->kind = REPLY_RESULT;
	r->body = BODY_SHOW;
	if (found == 0)
		reply_error(r, COND_ITEM_NOT_FOUND);
	return found < 0 ? -1 : 0;
}

static bool is_taken(const struct inventory *v, const struct owned *t, const char *name)
{
	const struct owned *o;

	for (o = ownership_next_of_owner(v->ownership, t->owner, NULL); o != NULL;
	    o = ownership_next_of_owner(v->ownership, t->owner, o))
		if (o != t && o->name != NULL && str_case_eq(o->name, name))
			return true;
	return false;
}

static int note_name(struct inventory *v, const struct request *q, const struct owned *t,
    struct err *e)
{
	struct audit_event ev = { .what = AUDIT_NAMED, .thing = t->id, .epoch = t->epoch,
		.owner = t->owner, .actor = q->bare, .object = t->name };

	return v->audit == NULL ? 0 : audit_add(v->audit, &ev, e);
}

static int name(struct inventory *v, const struct request *q, struct reply *r, struct err *e)
{
	const struct owned *t = ownership_by_id(v->ownership, q->u.desk.thing_id);
	struct owned named;

	if (t == NULL || !owned_by(t, q->bare)) {
		reply_error(r, COND_ITEM_NOT_FOUND);
		return 0;
	}
	if (is_taken(v, t, q->u.desk.text)) {
		reply_error(r, COND_CONFLICT);
		return 0;
	}
	named = *t;
	named.name = q->u.desk.text;
	if (ownership_put(v->ownership, &named, e) != 0 || note_name(v, q, &named, e) != 0)
		return -1;
	return show(v, q, r, e);
}

bool inventory_serves(enum verb verb)
{
	return verb == VERB_GET_DEVICES || verb == VERB_SHOW || verb == VERB_NAME_THING;
}

int inventory_serve(struct inventory *v, const struct request *q, struct reply *r, struct err *e)
{
	if (q->verb == VERB_GET_DEVICES)
		return list(v, q, r, e);
	return q->verb == VERB_SHOW ? show(v, q, r, e) : name(v, q, r, e);
}
