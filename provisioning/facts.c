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

bool provisioning_lists(const char *const *who, const char *thing)
{
	for (; who != NULL && *who != NULL; who++)
		if (strchr(*who, '@') != NULL ? strcmp(*who, thing) == 0 :
		    jid_text_in_domain(thing, *who))
			return true;
	return false;
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
	struct access_facts f = { .action = a, .requester = requester,
		.now_ms = provisioning_now(p), .zone_s = p->conf.zone_s,
		.clock_unsure = provisioning_clock_is_behind(p),
		.keeps_limits = a == ACTION_READ || a == ACTION_CONTROL,
		.operator_rules = operator_policy_rules(p->operator),
		.operator_narrowing = operator_policy_narrowing(p->operator) };

	if (requester != NULL)
		f.roles = role_table_of(p->roles, requester, &f.n_roles);
	return f;
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

void provisioning_roles_of(const struct provisioning *p, const char *const *jid, size_t n,
    struct question_roles *out)
{
	for (size_t i = 0; i < n; i++)
		out[i].role = role_table_of(p->roles, jid[i], &out[i].n);
}

/* Nobody's word counts for more than if he asked himself. */
static int load_givers(struct provisioning *p, const struct owned *t, const struct book *book,
    struct pool *pool, struct access_thing *out, struct err *e)
{
	struct question_roles *roles;
	const char **giver;

	if (book->n_co_owners == 0)
		return 0;
	giver = pool_alloc(pool, book->n_co_owners * sizeof(*giver));
	roles = pool_alloc(pool, book->n_co_owners * sizeof(*roles));
	if (giver == NULL || roles == NULL)
		return no_room(e);
	for (size_t i = 0; i < book->n_co_owners; i++)
		if (provisioning_trusts(p, book->co_owner[i], t->jid) &&
		    !provisioning_account_is_gone(p, book->co_owner[i]))
			giver[out->n_givers++] = book->co_owner[i];
	out->givers = giver;
	provisioning_roles_of(p, giver, out->n_givers, roles);
	out->giver_roles = roles;
	return 0;
}

/* The sets of its owner that it is in. */
static int load_sets(struct provisioning *p, const struct owned *t, struct pool *pool,
    struct access_thing *out, struct err *e)
{
	const char **name = NULL;

	for (const struct thing_set *s = thing_set_next(p->deps.sets, t->owner, NULL); s != NULL;
	    s = thing_set_next(p->deps.sets, t->owner, s)) {
		if (!thing_set_has(s, t->id))
			continue;
		if (name == NULL)
			name = pool_alloc(pool, THING_SETS_PER_OWNER * sizeof(*name));
		if (name == NULL)
			return no_room(e);
		if (out->n_sets < THING_SETS_PER_OWNER)
			name[out->n_sets++] = s->name;
	}
	out->sets = name;
	return 0;
}

static bool has_zone(const struct access_thing *t, const char *name)
{
	for (size_t i = 0; i < t->n_zones; i++)
		if (strcmp(t->zones[i].name, name) == 0)
			return true;
	return false;
}

/* A zone that is not known any more stays out: its rules are then treated as if
 * the clock were unsure. */
static int load_zones(struct provisioning *p, const struct policy *rules, struct pool *pool,
    struct question_zone **zones, struct access_thing *out, struct err *e)
{
	const char *name;

	for (size_t i = 0; (name = policy_zone(rules, i)) != NULL; i++) {
		const struct zone *z = has_zone(out, name) ? NULL : zones_find(p->zones, name);
		struct question_zone *to;

		if (z == NULL)
			continue;
		if (*zones == NULL)
			*zones = pool_alloc(pool, 2 * POLICY_ZONES * sizeof(**zones));
		if (*zones == NULL)
			return no_room(e);
		if (out->n_zones == 2 * POLICY_ZONES)
			break;
		out->zones = *zones;
		to = &(*zones)[out->n_zones++];
		to->name = name;
		to->offset_s = zone_offset(z, provisioning_now(p), &to->until_ms);
	}
	return 0;
}

/* What the owner's rules look at beside the thing itself. */
static int load_for_owner(struct provisioning *p, const struct owned *t, const struct book *book,
    const struct policy *rules, struct pool *pool, struct access_thing *out, struct err *e)
{
	out->rules = rules;
	load_zone(p, t->owner, out);
	if (book != NULL && load_givers(p, t, book, pool, out, e) != 0)
		return -1;
	return p->deps.sets == NULL || !policy_uses(rules, FACT_SET) ? 0 :
	    load_sets(p, t, pool, out, e);
}

/* What his rules and the operator's look at. */
static int load_for_all(struct provisioning *p, const struct owned *t, const struct policy *rules,
    struct pool *pool, struct access_thing *out, struct err *e)
{
	const struct policy *operators = operator_policy_narrowing(p->operator);
	struct question_zone *zones = NULL;

	if ((rules != NULL && load_zones(p, rules, pool, &zones, out, e) != 0) ||
	    (operators != NULL && load_zones(p, operators, pool, &zones, out, e) != 0))
		return -1;
	if (p->deps.tags == NULL || !((rules != NULL && policy_uses(rules, FACT_TAG)) ||
	    (operators != NULL && policy_uses(operators, FACT_TAG))))
		return 0;
	return load_tags(p, t, pool, out, e);
}

int provisioning_thing_under(struct provisioning *p, const struct owned *t,
    const char *requester, const struct policy *rules, struct pool *pool,
    struct access_thing *out, struct err *e)
{
	const struct book *book = NULL;

	*out = (struct access_thing){ .thing = t };
	if (t == NULL || t->hold == HOLD_FROZEN)
		return 0;
	out->trusted = provisioning_trusts(p, requester, t->jid);
	/* Not while the operator has no policy that could be read: then nobody may. */
	out->unites = provisioning_lists(p->conf.united, t->jid) &&
	    operator_policy_state(p->operator) != OPERATOR_CLOSED;
	if (provisioning_is_owned(t)) {
		out->is_owner = owned_by(t, requester) &&
		    !provisioning_account_is_gone(p, requester);
		if (access_book(p->access, t->owner, &book, e) != 0)
			return -1;
		if (rules == NULL && book != NULL)
			rules = book->rules;
		if (rules != NULL && load_for_owner(p, t, book, rules, pool, out, e) != 0)
			return -1;
	}
	return load_for_all(p, t, rules, pool, out, e);
}

int provisioning_thing(struct provisioning *p, const struct owned *t, const char *requester,
    struct pool *pool, struct access_thing *out, struct err *e)
{
	return provisioning_thing_under(p, t, requester, NULL, pool, out, e);
}

/* Some clients write an empty id for "the JID itself". */
static const char *absent_if_empty(const char *s)
{
	return s != NULL && s[0] == '\0' ? NULL : s;
}

#define NODES_LOOKED_AT 200000	/* for one question: that many comparisons take a moment */

/* XEP-0324, "Reading devices from large subsystems": what is left out may be
 * anything.  An id that nobody registered alone stands for all nodes of that id. */
static bool is_meant(const struct node *asked, const struct owned *t)
{
	return t->node != NULL && asked->id != NULL && strcmp(t->node, asked->id) == 0 &&
	       (asked->source == NULL ||
		   (t->source != NULL && strcmp(t->source, asked->source) == 0)) &&
	       (asked->partition == NULL ||
		   (t->partition != NULL && strcmp(t->partition, asked->partition) == 0));
}

static const struct owned *find_exactly(const struct provisioning *p, const char *jid,
    const struct node *n)
{
	const struct owned *t = ownership_by_address(p->deps.ownership, jid, n->id, n->source,
	    n->partition);

	return t != NULL ? t : ownership_by_address(p->deps.ownership, jid,
	    absent_if_empty(n->id), absent_if_empty(n->source), absent_if_empty(n->partition));
}

static int add_thing(struct provisioning *p, const struct request *q, const struct owned *t,
    const struct node *as, bool is_thing, struct access_facts *f, struct err *e)
{
	struct access_thing *at = &f->thing[f->n];

	if (f->n == WIRE_NODES) {
		f->too_many = true;
		return 0;
	}
	if (provisioning_thing(p, t, f->requester, q->pool, at, e) != 0)
		return -1;
	if (!is_thing)
		at->node = *as;
	f->nodes.node[f->n++] = *as;
	f->nodes.n = f->n;
	return 0;
}

/* One node as asked for: registered ones, else it belongs to whom the JID does. */
static int load_node(struct provisioning *p, const struct request *q, const struct node *asked,
    struct access_facts *f, struct err *e)
{
	const struct owned *exact = find_exactly(p, q->bare, asked), *t = NULL;
	bool is_whole = asked->id != NULL && asked->source != NULL && asked->partition != NULL;
	size_t before = f->n;

	if (!node_is_set(asked) || is_whole)
		return add_thing(p, q, exact != NULL || !node_is_set(asked) ? exact :
		    ownership_by_address(p->deps.ownership, q->bare, NULL, NULL, NULL),
		    asked, exact != NULL || !node_is_set(asked), f, e);
	while ((t = ownership_next_of_jid(p->deps.ownership, q->bare, t)) != NULL)
		if (t == exact || is_meant(asked, t)) {
			struct node full = { t->node, t->source, t->partition };

			if (add_thing(p, q, t, t == exact ? asked : &full, true, f, e) != 0)
				return -1;
		}
	return f->n > before || f->too_many ? 0 : add_thing(p, q,
	    ownership_by_address(p->deps.ownership, q->bare, NULL, NULL, NULL), asked, false, f, e);
}

static int load_nodes(struct provisioning *p, const struct request *q, struct access_facts *f,
    struct err *e)
{
	const struct node_list *asked = &q->u.can.nodes;
	size_t behind = ownership_count_of_jid(p->deps.ownership, q->bare);
	size_t room = asked->n + behind < WIRE_NODES ? asked->n + behind : WIRE_NODES;

	f->nodes_asked = true;
	f->thing = pool_alloc(q->pool, room * sizeof(*f->thing));
	f->nodes.node = pool_alloc(q->pool, room * sizeof(*f->nodes.node));
	if (f->thing == NULL || f->nodes.node == NULL)
		return no_room(e);
	f->too_many = behind * asked->n > NODES_LOOKED_AT;
	for (size_t i = 0; i < asked->n && !f->too_many; i++)
		if (load_node(p, q, &asked->node[i], f, e) != 0)
			return -1;
	if (f->too_many)	/* a part of them would not be what was asked */
		f->n = 0;
	return 0;
}

static int load_all(struct provisioning *p, const struct request *q, struct access_facts *f,
    struct err *e)
{
	size_t n = ownership_count_of_jid(p->deps.ownership, q->bare);
	const struct owned *t = NULL;

	/* More cannot be listed anyway. */
	f->too_many = n > WIRE_NODES && q->verb != VERB_IS_FRIEND;
	if (f->too_many)
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
	f->wants_reason = q->lease.asked;
	f->keeps_limits = !is_friend && q->lease.asked && q->lease.keeps_limits;
	if (f->requester == NULL)
		return 0;
	if (!is_friend) {
		f->names = q->u.can.names;
		f->types = q->u.can.types;
	}
	if ((!is_friend && q->u.can.nodes.n > 0 ? load_nodes(p, q, f, e) :
		load_all(p, q, f, e)) != 0)
		return -1;
	return token_subjects(p, q, f, e);
}
