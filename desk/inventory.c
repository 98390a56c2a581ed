/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inventory: names are compared without case; beginnings of an address count
 * only when nothing answers to the whole name.
 */
#include "config.h"

#include "desk/inventory.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/base/str.h"
#include "desk/token.h"
#include "desk/words.h"
#include "policy/value.h"

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

/* Its name, its NAME or SN tag, its node, its address or local part; for lines
 * that we keep, its id. */
static bool is_called(struct inventory *v, const struct owned *t, const char *name)
{
	uint8_t id[OWNERSHIP_ID];

	if (str_unhex(id, OWNERSHIP_ID, name) == 0 && memcmp(id, t->id, OWNERSHIP_ID) == 0)
		return true;
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

void inventory_find_shared(struct inventory *v, const char *jid, const char *name,
    struct inventory_match *m)
{
	const struct owned *shared[PROVISIONING_SHARED];
	size_t n = v->provisioning == NULL ? 0 :
	    provisioning_shared(v->provisioning, jid, shared, PROVISIONING_SHARED);

	m->n = 0;
	for (size_t i = 0; i < n; i++)
		if (is_called(v, shared[i], name))
			add_match(m, shared[i]);
	for (size_t i = 0; m->n == 0 && i < n; i++)
		if (begins_local_part(shared[i], name))
			add_match(m, shared[i]);
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

static bool has_tag(const struct found_thing *f, const char *name, const char *value)
{
	const struct tag *tag = tag_find(&f->tags, name);

	return tag != NULL && value_same(tag->str, value);
}

/* Does a word stand in its name, address, node or one of its tags? */
static bool holds_word(const struct found_thing *f, const char *word)
{
	if (holds(f->name, word) || holds(f->jid, word) || holds(f->node.id, word))
		return true;
	for (size_t i = 0; i < f->tags.n; i++)
		if (holds(f->tags.tag[i].str, word))
			return true;
	return false;
}

/* online, offline, TAG=VALUE; anything else is looked for as one text. */
struct filter {
	bool has_online, online;
	size_t n;
	struct { const char *name, *value; } tag[WIRE_TAGS];
	const char *word;	/* NULL: none */
};

static int read_filter(struct filter *f, const char *text, struct pool *pool)
{
	struct buf word;
	const char *w;

	memset(f, 0, sizeof(*f));
	buf_init(&word, SCRATCH_BYTES);
	while (text != NULL && text[0] != '\0') {
		size_t name = strcspn(text, "= ");
		bool is_tag = text[name] == '=' && name > 0 && f->n < WIRE_TAGS;

		if (is_tag) {
			f->tag[f->n].name = pool_strndup(pool, text, name);
			text += name + 1;
			f->tag[f->n++].value = token_take(pool, &text, NULL);
		} else if ((w = token_take(pool, &text, NULL)) == NULL) {
			break;
		} else if (token_is(w, "online") || token_is(w, "offline")) {
			f->has_online = true;
			f->online = token_is(w, "online");
		} else {
			buf_adds(&word, word.len > 0 ? " " : "");
			buf_adds(&word, w);
		}
	}
	if (word.len > 0)
		f->word = pool_strdup(pool, buf_str(&word));
	buf_fini(&word);
	for (size_t i = 0; i < f->n; i++)
		if (f->tag[i].name == NULL || f->tag[i].value == NULL)
			return -1;
	return 0;
}

static bool fits(const struct found_thing *f, const struct filter *want)
{
	if (want->has_online && want->online != f->online)
		return false;
	for (size_t i = 0; i < want->n; i++)
		if (!has_tag(f, want->tag[i].name, want->tag[i].value))
			return false;
	return want->word == NULL || holds_word(f, want->word);
}

static int no_room(struct err *e)
{
	return err_set(e, ERR_LIMIT, "the message is too long");
}

struct listing {
	struct inventory *v;
	const struct request *q;
	struct filter want;
	struct reply_found *found;
	int64_t skip;
	size_t max;
};

/* A page; a full one ends early rather than fail, and says so: false. */
static bool list_one(struct listing *l, const struct owned *t)
{
	struct reply_found *f = l->found;
	struct found_thing one;

	pool_reset(&l->v->scratch);
	if (registry_describe(l->v->registry, t->id, &l->v->scratch, &one, NULL) != 1 ||
	    !fits(&one, &l->want) || l->skip-- > 0)
		return true;
	if (f->n == l->max || registry_describe(l->v->registry, t->id, l->q->pool,
		&f->thing[f->n], NULL) != 1) {
		f->more = true;
		return false;
	}
	f->thing[f->n++].owner = t->owner;
	return true;
}

/* His own, then what others share with him. */
static int list(struct inventory *v, const struct request *q, struct reply *r, struct err *e)
{
	const struct request_devices *d = &q->u.devices;
	struct listing l = { .v = v, .q = q, .found = &r->u.found,
		.skip = d->offset > 0 ? d->offset : 0,
		.max = d->max > 0 && d->max < WIRE_PAGE ? (size_t)d->max : WIRE_PAGE };
	const struct owned *shared[PROVISIONING_SHARED], *t = NULL;
	size_t n = v->provisioning == NULL ? 0 :
	    provisioning_shared(v->provisioning, q->bare, shared, PROVISIONING_SHARED);

	r->kind = REPLY_RESULT;
	r->body = BODY_FOUND;
	l.found->thing = pool_alloc(q->pool, l.max * sizeof(*l.found->thing));
	if (l.found->thing == NULL || read_filter(&l.want, d->filter, q->pool) != 0)
		return no_room(e);
	while ((t = ownership_next_of_owner(v->ownership, q->bare, t)) != NULL)
		if (!list_one(&l, t))
			return 0;
	for (size_t i = 0; i < n; i++)
		if (!list_one(&l, shared[i]))
			return 0;
	return 0;
}

/* ---- find ---- */

static bool has_all(const struct found_thing *f, const struct tag_list *tags)
{
	for (size_t i = 0; i < tags->n; i++)
		if (!has_tag(f, tags->tag[i].name, tags->tag[i].str))
			return false;
	return true;
}

static int find_own(struct inventory *v, const struct request *q, struct reply_found *f)
{
	const struct owned *t = NULL;

	while ((t = ownership_next_of_owner(v->ownership, q->bare, t)) != NULL) {
		struct found_thing one;

		pool_reset(&v->scratch);
		if (registry_describe(v->registry, t->id, &v->scratch, &one, NULL) != 1 ||
		    !has_all(&one, &q->u.desk.tags))
			continue;
		if (f->n == PHRASE_PAGE || registry_describe(v->registry, t->id, q->pool,
			&f->thing[f->n], NULL) != 1) {
			f->more = true;
			return 0;
		}
		f->thing[f->n].owner = q->bare;
		f->n++;
	}
	return 0;
}

/* What everybody may find, by the same search as over iq. */
static int find_public(struct inventory *v, const struct request *q, struct reply *out,
    struct err *e)
{
	const struct tag_list *tags = &q->u.desk.tags;
	struct search_term *term = pool_zalloc(q->pool, tags->n * sizeof(*term));
	struct request s = *q;

	if (term == NULL)
		return no_room(e);
	for (size_t i = 0; i < tags->n; i++) {
		term[i].op = tags->tag[i].is_num ? OP_NUM_EQ : OP_STR_EQ;
		term[i].name = tags->tag[i].name;
		term[i].value = tags->tag[i].str;
		term[i].num = tags->tag[i].num;
	}
	memset(&s.u, 0, sizeof(s.u));
	s.verb = VERB_SEARCH;
	s.dialect.proto = PROTO_DISCOVERY;
	s.u.search.max = 2 * PHRASE_PAGE;
	s.u.search.n = tags->n;
	s.u.search.term = term;
	memset(out, 0, sizeof(*out));
	return registry_serve(v->registry, &s, out, e);
}

static bool is_listed(const struct reply_found *f, const struct found_thing *one)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->thing[i].jid, one->jid) == 0 &&
		    node_equal(&f->thing[i].node, &one->node))
			return true;
	return false;
}

static int find(struct inventory *v, const struct request *q, struct reply *r, struct err *e)
{
	struct reply_found *f = &r->u.found;
	struct reply others;

	r->kind = REPLY_RESULT;
	r->body = BODY_FOUND;
	f->thing = pool_zalloc(q->pool, PHRASE_PAGE * sizeof(*f->thing));
	if (f->thing == NULL)
		return no_room(e);
	if (find_own(v, q, f) != 0 || find_public(v, q, &others, e) != 0)
		return -1;
	if (others.kind != REPLY_RESULT || others.body != BODY_FOUND)
		return 0;
	f->more = f->more || others.u.found.more;
	for (size_t i = 0; i < others.u.found.n; i++) {
		struct found_thing *one = &others.u.found.thing[i];

		if (is_listed(f, one))
			continue;
		if (f->n == PHRASE_PAGE) {
			f->more = true;
			return 0;
		}
		one->owner = NULL;
		one->name = NULL;
		f->thing[f->n++] = *one;
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
	if (found == 1 &&
	    registry_manifest(v->registry, q->u.desk.thing_id, q->pool, &r->u.show.manifest, e) == -1)
		return -1;
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

/* ---- tags ---- */

/* What stood there before, so that nothing is overwritten unseen. */
static const char *replaced(struct inventory *v, const struct request *q)
{
	const struct tag_list *tags = &q->u.desk.tags;
	struct found_thing f;
	struct buf text;
	const char *copy;

	pool_reset(&v->scratch);
	if (registry_describe(v->registry, q->u.desk.thing_id, &v->scratch, &f, NULL) != 1)
		return NULL;
	buf_init(&text, SCRATCH_BYTES);
	for (size_t i = 0; i < tags->n; i++) {
		const struct tag *was = tag_find(&f.tags, tags->tag[i].name);

		if (was == NULL || strcmp(was->str, tags->tag[i].str) == 0)
			continue;
		buf_adds(&text, text.len > 0 ? ", " : "");
		str_escape(&text, was->name, WIRE_TAG_NAME, true);
		buf_addc(&text, '=');
		str_escape(&text, was->str, WIRE_TAG_VALUE, true);
	}
	copy = text.len > 0 ? pool_strdup(q->pool, buf_str(&text)) : NULL;
	buf_fini(&text);
	return copy;
}

/* The owner's update of XEP-0347 3.13, typed. */
static int tag(struct inventory *v, const struct request *q, struct reply *r, struct err *e)
{
	const struct owned *t = ownership_by_id(v->ownership, q->u.desk.thing_id);
	const char *was = replaced(v, q);
	struct request u = *q;

	if (t == NULL || !owned_by(t, q->bare)) {
		reply_error(r, COND_ITEM_NOT_FOUND);
		return 0;
	}
	memset(&u.u, 0, sizeof(u.u));
	u.verb = VERB_UPDATE;
	u.u.address.jid = t->jid;
	u.u.address.node = (struct node){ t->node, t->source, t->partition };
	u.u.address.tags = q->u.desk.tags;
	if (registry_serve(v->registry, &u, r, e) != 0)
		return -1;
	if (r->kind != REPLY_RESULT)
		return 0;
	r->reason = was;
	return show(v, q, r, e);
}

static int (*serve_for(enum verb verb))(struct inventory *v, const struct request *q,
    struct reply *r, struct err *e)
{
	switch (verb) {
	case VERB_GET_DEVICES:
		return list;
	case VERB_SHOW:
		return show;
	case VERB_NAME_THING:
		return name;
	case VERB_FIND:
		return find;
	case VERB_TAG:
		return tag;
	default:
		return NULL;
	}
}

bool inventory_serves(enum verb verb)
{
	return serve_for(verb) != NULL;
}

int inventory_serve(struct inventory *v, const struct request *q, struct reply *r, struct err *e)
{
	return serve_for(q->verb)(v, q, r, e);
}
