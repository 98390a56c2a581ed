/* SPDX-License-Identifier: Apache-2.0 */
/*
 * owner_iq: the owner's protocol (prov:o): what a client with buttons sends in
 * place of a typed line.  Each request becomes what the line would have been;
 * an answer to a question settles it, whichever way it was asked.
 */
#include "config.h"

#include <string.h>

#include "common/base/jid.h"
#include "common/base/pool.h"
#include "common/base/str.h"
#include "common/store/token.h"
#include "provisioning/role.h"

static int no_room(struct err *e)
{
	return err_set(e, ERR_LIMIT, "no room for the reply");
}

static int done(struct reply *r)
{
	r->kind = REPLY_RESULT;
	r->body = BODY_EMPTY;
	return 0;
}

/* ---- which thing, which node ---- */

static const char *absent_if_empty(const char *s)
{
	return s != NULL && s[0] == '\0' ? NULL : s;
}

/* Some clients write an empty id for "the address itself". */
static struct node said(const struct node *n)
{
	return (struct node){ absent_if_empty(n->id), absent_if_empty(n->source),
		absent_if_empty(n->partition) };
}

static const struct owned *thing_at(const struct provisioning *p, const struct request *q,
    const char *jid, const struct node *n)
{
	const struct owned *t = jid == NULL ? NULL :
	    ownership_by_address(p->deps.ownership, jid, n->id, n->source, n->partition);

	return owned_by(t, q->bare) ? t : NULL;
}

/*
 * A thing of his; or a node of one that is no thing of its own, and then the
 * target says which.  False: neither.
 */
static bool find_target(const struct provisioning *p, const struct request *q, const char *jid,
    const struct node *as_sent, struct rule *r)
{
	struct node n = said(as_sent);
	const struct owned *t = thing_at(p, q, jid, &n);

	if (t != NULL) {
		rules_bind(r, t);
		return true;
	}
	/* Somebody else's node, or one nobody can name in a rule. */
	if (n.id == NULL || jid == NULL ||
	    ownership_by_address(p->deps.ownership, jid, n.id, n.source, n.partition) != NULL)
		return false;
	t = thing_at(p, q, jid, &(struct node){ 0 });
	if (t == NULL)
		return false;
	rules_bind(r, t);
	r->target.node = n.id;
	r->target.source = n.source;
	r->target.partition = n.partition;
	return true;
}

/* ---- rules ---- */

static enum action action_of(const struct request *q)
{
	return q->verb == VERB_IS_FRIEND_RULE ? ACTION_BEFRIEND :
	    q->verb == VERB_CAN_READ_RULE ? ACTION_READ : ACTION_CONTROL;
}

/* A token by its text, or by the name that we call it by in questions. */
static const char *token_name(const struct provisioning *p, const char *said)
{
	const struct token *t = NULL;

	if (p->deps.tokens != NULL && said != NULL) {
		t = token_find(p->deps.tokens, said);
		if (t == NULL)
			t = token_by_name(p->deps.tokens, said);
	}
	return t != NULL ? t->name : NULL;
}

/* Whom the rule is about; false: a token that nobody has. */
static bool iq_subject(const struct provisioning *p, const struct request *q,
    struct subject *out)
{
	static const enum subject_kind kinds[] = {
		[RANGE_JID] = SUBJECT_JID, [RANGE_DOMAIN] = SUBJECT_DOMAIN,
		[RANGE_ALL] = SUBJECT_ANYONE, [RANGE_SERVICE] = SUBJECT_SERVICE,
		[RANGE_DEVICE] = SUBJECT_DEVICE, [RANGE_USER] = SUBJECT_USER,
	};
	const struct request_owner_rule *o = &q->u.rule;
	size_t len;

	out->kind = kinds[o->range];
	out->text = NULL;
	switch (o->range) {
	case RANGE_ALL:
		return true;
	case RANGE_JID:
		out->text = o->remote;
		break;
	case RANGE_DOMAIN:
		out->text = jid_text_domain(o->remote, &len);
		break;
	case RANGE_SERVICE:
	case RANGE_DEVICE:
	case RANGE_USER:
		out->text = token_name(p, o->token);
		break;
	}
	return out->text != NULL;
}

/* The question that this answers; NULL: none, which is fine (ruling 34). */
static int find_asked(struct provisioning *p, const struct request *q,
    const struct question_row **out, struct err *e)
{
	const struct request_owner_rule *o = &q->u.rule;
	const struct question_row *row = NULL;
	const struct owned *t;

	*out = NULL;
	if (o->key == NULL)
		return 0;
	if (access_question_find(p->access, o->key, &row, e) < 0)
		return -1;
	if (row == NULL || strcmp(row->owner, q->bare) != 0 ||
	    row->rule.actions != 1u << action_of(q))
		return 0;
	t = ownership_by_id(p->deps.ownership, row->rule.target.id);
	if (t != NULL && strcmp(t->jid, o->jid) == 0 && t->epoch == row->rule.target.epoch)
		*out = row;
	return 0;
}

/*
 * What of it: what he picked; of what he did not pick, what he was asked about;
 * and that of everything.  Refusing picks nothing and is about the question.
 */
static int pick(const struct request *q, const struct question_row *asked, struct rule *rule,
    struct err *e)
{
	const struct request_owner_rule *o = &q->u.rule;
	bool picked = o->result && o->partial;
	struct rule copy = { 0 };

	if (action_of(q) == ACTION_BEFRIEND)
		return 0;
	if (asked != NULL && rule_copy(&copy, &asked->rule, q->pool) != 0)
		return no_room(e);
	rule->n_names = picked && o->names.n > 0 ? o->names.n : copy.n_names;
	rule->names = picked && o->names.n > 0 ? o->names.name : copy.names;
	rule->types = picked && o->types != 0 ? o->types : copy.types;
	if (rule->types == TYPE_ALL || action_of(q) != ACTION_READ)
		rule->types = 0;
	return 0;
}

/* Picked a part, and named none: that is not everything. */
static bool picks_nothing(const struct request *q)
{
	const struct request_owner_rule *o = &q->u.rule;

	return o->result && o->partial && o->names.n == 0 &&
	    !(q->verb == VERB_CAN_READ_RULE && o->types != 0);
}

/* The thing and node he was asked about, as they are now. */
static int target_of_question(const struct provisioning *p, const struct request *q,
    const struct question_row *asked, struct rule *rule, struct err *e)
{
	struct rule copy;

	if (rule_copy(&copy, &asked->rule, q->pool) != 0)
		return no_room(e);
	rules_bind(rule, ownership_by_id(p->deps.ownership, copy.target.id));
	rule->target.node = copy.target.node;
	rule->target.source = copy.target.source;
	rule->target.partition = copy.target.partition;
	return 1;
}

/* One rule a node.  1: `rules` has them all; 0: *r says why not; -1. */
static int expand(const struct provisioning *p, const struct request *q,
    const struct question_row *asked, const struct rule *base, struct rule *rules, size_t n,
    struct reply *r, struct err *e)
{
	const struct request_owner_rule *o = &q->u.rule;

	for (size_t i = 0; i < n; i++) {
		bool named = o->nodes.n > 0;

		rules[i] = *base;
		if (!named && asked != NULL)
			return target_of_question(p, q, asked, &rules[i], e);
		if (!find_target(p, q, o->jid, named ? &o->nodes.node[i] : &(struct node){ 0 },
			&rules[i])) {
			reply_error(r, COND_ITEM_NOT_FOUND);
			return 0;
		}
	}
	return 1;
}

/* All of them or none. */
static int add_all(struct provisioning *p, const struct request *q, const struct rule *rules,
    size_t n, struct reply *r, struct err *e)
{
	const struct book *b;
	struct err why = ERR_INIT;
	int64_t number;

	if (access_book(p->access, q->bare, &b, e) != 0)
		return -1;
	if (n > 1 && b != NULL && policy_count(b->rules) + n > RULES_PER_OWNER) {
		reply_error(r, COND_RESOURCE_CONSTRAINT);
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (!rule_is_sound(&rules[i])) {
			reply_error(r, COND_BAD_REQUEST);
			return 0;
		}
		if (rules_must_wait(p, q->bare, &rules[i])) {
			reply_error(r, COND_NOT_ALLOWED);
			return 0;
		}
	}
	for (size_t i = 0; i < n; i++)
		if (rules_add(p, q->bare, &rules[i], q->pool, &number, &why) < 0) {
			if (why.kind != ERR_LIMIT || i > 0) {
				*e = why;
				return -1;
			}
			reply_error(r, COND_RESOURCE_CONSTRAINT);
			return 0;
		}
	return 1;
}

/* The names may be those of a question that ends with this. */
static int settle_question(struct provisioning *p, const struct request *q, struct err *e)
{
	const struct question_row *asked;

	if (find_asked(p, q, &asked, e) != 0)
		return -1;
	return asked == NULL ? 0 : question_settled(p, asked, q->u.rule.result, q->pool, e);
}

/* Owners of things only: others would keep a row for nothing. */
static int note_speaker(struct provisioning *p, const struct request *q, struct err *e)
{
	if (ownership_count_of_owner(p->deps.ownership, q->bare) == 0 ||
	    !store_in_transaction(p->deps.store))
		return 0;
	return contact_set_dialect(p->deps.contacts, q->bare, q->dialect.proto, q->dialect.gen,
	    q->dialect.vocab, e);
}

int owner_iq_rule(struct provisioning *p, const struct request *q, struct reply *r, struct err *e)
{
	const struct request_owner_rule *o = &q->u.rule;
	size_t n = o->nodes.n > 0 ? o->nodes.n : 1;
	struct rule rule = { .actions = 1u << action_of(q) };
	struct rule *rules = pool_alloc(q->pool, n * sizeof(*rules));
	const struct question_row *asked;
	int fine;

	rule.verdict = o->result ? VERDICT_ALLOW : VERDICT_DENY;
	if (rules == NULL)
		return no_room(e);
	if (o->remote == NULL || o->jid == NULL || !iq_subject(p, q, &rule.subject)) {
		reply_error(r, COND_ITEM_NOT_FOUND);
		return 0;
	}
	if (picks_nothing(q) || o->names.n > POLICY_NAMES) {
		reply_error(r, COND_BAD_REQUEST);
		return 0;
	}
	if (find_asked(p, q, &asked, e) != 0 || pick(q, asked, &rule, e) != 0)
		return -1;
	fine = expand(p, q, asked, &rule, rules, n, r, e);
	if (fine == 1)
		fine = add_all(p, q, rules, n, r, e);
	if (fine != 1)
		return fine;
	if (settle_question(p, q, e) != 0 || note_speaker(p, q, e) != 0)
		return -1;
	++*p->count.answered;
	return done(r);
}

/* ---- caches and rules of a thing, of a node, of all ---- */

int owner_clear_cache(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e)
{
	const struct request_devices *d = &q->u.devices;
	const struct owned *t = NULL;
	struct rule one = { 0 };
	uint64_t revision;

	if (d->jid != NULL && !find_target(p, q, d->jid, &d->node, &one)) {
		reply_error(r, COND_ITEM_NOT_FOUND);
		return 0;
	}
	if (store_next_revision(p->deps.store, &revision, e) != 0 || note_speaker(p, q, e) != 0)
		return -1;
	while ((t = ownership_next_of_owner(p->deps.ownership, q->bare, t)) != NULL)
		if ((d->jid == NULL || memcmp(t->id, one.target.id, OWNERSHIP_ID) == 0) &&
		    lease_floor_node(p, t->jid, &(struct node){ t->node, t->source,
			t->partition }, revision, e) != 0)
			return -1;
	return done(r);
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Of a thing: also what is about a node behind it; of such a node: only that. */
static bool is_of(const struct rule *r, const struct target *at)
{
	if (r->target.kind != TARGET_THING || memcmp(r->target.id, at->id, OWNERSHIP_ID) != 0)
		return false;
	return at->node == NULL || (same_text(r->target.node, at->node) &&
	    same_text(r->target.source, at->source) &&
	    same_text(r->target.partition, at->partition));
}

int owner_delete_rules(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e)
{
	const struct request_devices *d = &q->u.devices;
	struct rule one = { 0 };
	const struct book *b;

	if (d->jid != NULL && !find_target(p, q, d->jid, &d->node, &one)) {
		reply_error(r, COND_ITEM_NOT_FOUND);
		return 0;
	}
	if (access_book(p->access, q->bare, &b, e) != 0)
		return -1;
	for (size_t i = 0; b != NULL && i < policy_count(b->rules);) {
		const struct rule *rule = policy_at(b->rules, i);

		if (d->jid != NULL && !is_of(rule, &one.target)) {
			i++;
			continue;
		}
		if (rules_withdraw_alone(p, q->bare, rule->number, e) != 0)
			return -1;
		i = 0;		/* what a co-owner gave may have gone with it */
	}
	return done(r);
}

/* ---- things ---- */

static bool contains(const char *text, const char *word)
{
	for (; text != NULL && *text != '\0'; text++)
		if (str_case_starts(text, word))
			return true;
	return false;
}

static bool fits(const struct found_thing *f, const char *filter)
{
	bool hit = filter == NULL || contains(f->name, filter) || contains(f->jid, filter) ||
		   contains(f->node.id, filter);

	for (size_t i = 0; !hit && i < f->tags.n; i++)
		hit = contains(f->tags.tag[i].str, filter);
	return hit;
}

static int describe(struct provisioning *p, const struct owned *t, struct pool *pool,
    struct found_thing *f, struct err *e)
{
	const struct contact *c = contact_find(p->deps.contacts, t->jid);
	char id[2 * OWNERSHIP_ID + 1];

	*f = (struct found_thing){ .jid = t->jid, .node = { t->node, t->source, t->partition },
		.owner = t->owner, .name = t->name, .is_public = t->is_public, .epoch = t->epoch };
	f->online = c != NULL && c->online;
	f->seen_ms = c != NULL ? c->seen_ms : 0;
	str_hex(id, t->id, OWNERSHIP_ID);
	if (debt_find(p->deps.debts, DEBT_OWNER, t->jid, id) != NULL)
		f->note = N_("has not heard yet that it is yours");
	else if (debt_find(p->deps.debts, DEBT_FLOOR, t->jid, "") != NULL)
		f->note = N_("has not heard of your latest rules yet");
	if (p->deps.tags == NULL)
		return 0;
	f->tags.tag = pool_alloc(pool, WIRE_TAGS * sizeof(*f->tags.tag));
	if (f->tags.tag == NULL)
		return no_room(e);
	f->tags.n = p->deps.tags(p->deps.tags_arg, t->id, pool, f->tags.tag, WIRE_TAGS);
	return 0;
}

#define DEVICES_PAGE 100

int owner_devices(struct provisioning *p, const struct request *q, struct reply *r, struct err *e)
{
	const struct request_devices *d = &q->u.devices;
	size_t max = d->max > 0 && d->max < DEVICES_PAGE ? (size_t)d->max : DEVICES_PAGE;
	struct reply_found *found = &r->u.found;
	const struct owned *t = NULL;
	int64_t skip = d->offset;

	if (q->kind == STANZA_IQ && note_speaker(p, q, e) != 0)
		return -1;
	r->kind = REPLY_RESULT;
	r->body = BODY_FOUND;
	found->thing = pool_alloc(q->pool, (max + 1) * sizeof(*found->thing));
	if (found->thing == NULL)
		return no_room(e);
	while ((t = ownership_next_of_owner(p->deps.ownership, q->bare, t)) != NULL) {
		struct found_thing *f = &found->thing[found->n];

		if (!owned_by(t, q->bare))
			continue;
		if (d->filter == NULL && skip-- > 0)
			continue;
		/* A page ends early rather than fail: the rest is on the next. */
		if (found->n == max || describe(p, t, q->pool, f, NULL) != 0) {
			found->more = true;
			break;
		}
		if (!fits(f, d->filter) || (d->filter != NULL && skip-- > 0))
			continue;
		found->n++;
	}
	return found->n == 0 && found->more ? no_room(e) : 0;
}
