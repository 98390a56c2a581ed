/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facts: what a decision looks at, read from memory: ownership, the owners'
 * books, presence.  Tags are fetched only for owners who have rules about
 * tags.  Decides nothing; see access.c.
 */
#include "config.h"

#include <string.h>

#include "common/base/jid.h"
#include "common/base/pool.h"
#include "common/base/zone.h"
#include "provisioning/role.h"
#include "provisioning/token.h"

static int no_room(struct err *e)
{
	return err_set(e, ERR_LIMIT, "no room for the facts of a request");
}

bool provisioning_is_owned(const struct owned *t)
{
	/* Frozen: an old backup was put back; what it grants may be over. */
	return t != NULL && t->owner != NULL && t->hold != HOLD_FROZEN && owned_by(t, t->owner);
}

/* An account that was deleted may be somebody else's now. */
bool provisioning_account_is_gone(const struct provisioning *p, const char *bare)
{
	const struct person *who = p->deps.persons == NULL ? NULL :
	    person_find(p->deps.persons, bare);

	return who != NULL && who->doubt == DOUBT_GONE;
}

const char *provisioning_label(const struct owned *t)
{
	if (t->name != NULL)
		return t->name;
	return t->node != NULL ? t->node : t->jid;
}

/* The domain of an address, and the one the component belongs to. */
static bool is_local(const struct provisioning *p, const char *jid)
{
	const char *dot = strchr(p->conf.jid, '.');

	return jid_text_in_domain(jid, p->conf.jid) ||
	       (dot != NULL && strchr(dot + 1, '.') != NULL && jid_text_in_domain(jid, dot + 1));
}

bool provisioning_trusts(const struct provisioning *p, const char *requester, const char *thing)
{
	size_t len, thing_len;
	const char *domain = jid_text_domain(requester, &len);
	const char *of_thing = jid_text_domain(thing, &thing_len);

	if (p->conf.remote_verified || is_local(p, requester))
		return true;
	/* Things and people of one server are stamped by that server itself. */
	return len == thing_len && memcmp(domain, of_thing, len) == 0;
}

bool provisioning_reaches(const struct provisioning *p, const char *thing)
{
	const struct contact *c = contact_find(p->deps.contacts, thing);

	return c != NULL && c->from_us == SUB_YES;
}

struct access_facts provisioning_moment(const struct provisioning *p, enum action a,
    const char *requester)
{
	return (struct access_facts){ .action = a, .requester = requester,
		.now_ms = provisioning_now(p), .zone_s = p->conf.zone_s,
		.clock_unsure = provisioning_clock_is_behind(p) };
}

#define TAGS_MAX WIRE_TAGS

static int load_tags(struct provisioning *p, const struct owned *t, struct pool *pool,
    struct access_thing *out, struct err *e)
{
	struct tag *tag = pool_alloc(pool, TAGS_MAX * sizeof(*tag));
	struct question_tag *to = pool_alloc(pool, TAGS_MAX * sizeof(*to));

	if (tag == NULL || to == NULL)
		return no_room(e);
	out->n_tags = p->deps.tags(p->deps.tags_arg, t->id, pool, tag, TAGS_MAX);
	for (size_t i = 0; i < out->n_tags; i++)
		to[i] = (struct question_tag){ tag[i].name, tag[i].str };
	out->tags = to;
	return 0;
}

static void load_zone(const struct provisioning *p, const char *owner, struct access_thing *out)
{
	const struct zone *z = p->deps.persons == NULL ? NULL :
	    person_zone(p->deps.persons, owner);

	if (z == NULL)
		return;
	out->has_zone = true;
	out->zone_s = zone_offset(z, provisioning_now(p), &out->zone_until_ms);
}

int32_t provisioning_zone(const struct provisioning *p, const char *owner)
{
	struct access_thing at = { .zone_s = p->conf.zone_s };

	load_zone(p, owner, &at);
	return at.zone_s;
}

/* Nobody's word counts for more than if he asked himself. */
static int load_givers(struct provisioning *p, const struct owned *t, const struct book *book,
    struct pool *pool, struct access_thing *out, struct err *e)
{
	const char **giver;

	if (book->n_co_owners == 0)
		return 0;
	giver = pool_alloc(pool, book->n_co_owners * sizeof(*giver));
	if (giver == NULL)
		return no_room(e);
	for (size_t i = 0; i < book->n_co_owners; i++)
		if (provisioning_trusts(p, book->co_owner[i], t->jid) &&
		    !provisioning_account_is_gone(p, book->co_owner[i]))
			giver[out->n_givers++] = book->co_owner[i];
	out->givers = giver;
	return 0;
}

int provisioning_thing(struct provisioning *p, const struct owned *t, const char *requester,
    struct pool *pool, struct access_thing *out, struct err *e)
{
	const struct book *book;

	*out = (struct access_thing){ .thing = t };
	if (!provisioning_is_owned(t))
		return 0;
	out->is_owner = owned_by(t, requester) && !provisioning_account_is_gone(p, requester);
	out->trusted = provisioning_trusts(p, requester, t->jid);
	if (access_book(p->access, t->owner, &book, e) != 0)
		return -1;
	if (book == NULL)
		return 0;
	out->rules = book->rules;
	load_zone(p, t->owner, out);
	if (load_givers(p, t, book, pool, out, e) != 0)
		return -1;
	if (book->has_tags && p->deps.tags != NULL)
		return load_tags(p, t, pool, out, e);
	return 0;
}

/* Some clients write an empty id for "the JID itself". */
static const char *absent_if_empty(const char *s)
{
	return s != NULL && s[0] == '\0' ? NULL : s;
}

static const struct owned *find_node(const struct provisioning *p, const char *jid,
    const struct node *n)
{
	const struct owned *t = ownership_by_address(p->deps.ownership, jid, n->id, n->source,
	    n->partition);

	return t != NULL ? t : ownership_by_address(p->deps.ownership, jid,
	    absent_if_empty(n->id), absent_if_empty(n->source), absent_if_empty(n->partition));
}

static int load_nodes(struct provisioning *p, const struct request *q, struct access_facts *f,
    struct err *e)
{
	const struct node_list *nodes = &q->u.can.nodes;

	f->nodes_asked = true;
	f->nodes = *nodes;
	f->thing = pool_alloc(q->pool, nodes->n * sizeof(*f->thing));
	if (f->thing == NULL)
		return no_room(e);
	for (size_t i = 0; i < nodes->n; i++, f->n++)
		if (provisioning_thing(p, find_node(p, q->bare, &nodes->node[i]), f->requester,
			q->pool, &f->thing[i], e) != 0)
			return -1;
	return 0;
}

static int load_all(struct provisioning *p, const struct request *q, struct access_facts *f,
    struct err *e)
{
	size_t n = ownership_count_of_jid(p->deps.ownership, q->bare);
	const struct owned *t = NULL;

	/* More cannot be listed anyway. */
	if (n > WIRE_NODES && q->verb != VERB_IS_FRIEND)
		n = 0;
	else if (n > WIRE_NODES + 1)
		n = WIRE_NODES + 1;
	f->thing = pool_alloc(q->pool, (n + 1) * sizeof(*f->thing));
	if (f->thing == NULL)
		return no_room(e);
	for (f->n = 0; f->n < n; f->n++) {
		t = ownership_next_of_jid(p->deps.ownership, q->bare, t);
		if (provisioning_thing(p, t, f->requester, q->pool, &f->thing[f->n], e) != 0)
			return -1;
	}
	return 0;
}

int provisioning_facts(struct provisioning *p, const struct request *q, struct access_facts *f,
    struct err *e)
{
	bool is_friend = q->verb == VERB_IS_FRIEND;

	*f = provisioning_moment(p,
	    is_friend ? ACTION_BEFRIEND : q->verb == VERB_CAN_READ ? ACTION_READ : ACTION_CONTROL,
	    is_friend ? q->u.is_friend.jid : q->u.can.jid);
	f->revocable = q->lease.asked || provisioning_reaches(p, q->bare);
	if (f->requester == NULL)
		return 0;
	if (!is_friend)
		f->names = q->u.can.names;
	if ((!is_friend && q->u.can.nodes.n > 0 ? load_nodes(p, q, f, e) :
		load_all(p, q, f, e)) != 0)
		return -1;
	return token_subjects(p, q, f, e);
}
