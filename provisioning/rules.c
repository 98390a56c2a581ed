/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules: an owner's rule comes or goes, and what follows: a new revision,
 * clearCache to exactly the things it concerns that ever asked, friend or
 * unfriend messages, and the end of questions it decided.
 */
#include "config.h"

#include <string.h>

#include "common/base/jid.h"
#include "common/base/pool.h"
#include "provisioning/role.h"

#define FRIENDS_MAX 256		/* pairs of thing and friend looked at by one change */

/* A friendship that a change may end or begin. */
struct pair {
	const struct owned *thing;
	const char *friend;
	bool before;
};

/* What one change concerns. */
struct ripple {
	const char *owner;
	const struct rule *rule;
	struct pool *pool;
	size_t n_things;
	const struct owned **thing;
	size_t n_pairs;
	struct pair pair[FRIENDS_MAX];
};

static int no_room(struct err *e)
{
	return err_set(e, ERR_LIMIT, "no room for what follows from a rule");
}

void rules_bind(struct rule *r, const struct owned *t)
{
	r->target = (struct target){ .kind = TARGET_THING, .name = provisioning_label(t),
		.bound = true, .epoch = t->epoch };
	memcpy(r->target.id, t->id, sizeof(r->target.id));
}

const char *rules_line(const struct provisioning *p, const char *owner, const struct rule *r,
    struct pool *pool)
{
	struct rule shown = *r;
	struct buf text;
	const char *copy;

	if (r->target.kind == TARGET_THING && r->target.bound) {
		const struct owned *t = ownership_by_id(p->deps.ownership, r->target.id);

		/* Things are called by the name they have now. */
		if (t != NULL && t->name != NULL)
			shown.target.name = t->name;
	}
	buf_init(&text, POLICY_LINE);
	policy_print(&text, &shown, provisioning_zone(p, owner));
	copy = pool_strdup(pool, buf_str(&text));
	buf_fini(&text);
	return copy;
}

/* ---- what is concerned ---- */

static bool has_tag(struct provisioning *p, const struct owned *t, const struct tag_term *term,
    struct pool *pool)
{
	struct tag *tag = pool_alloc(pool, WIRE_TAGS * sizeof(*tag));
	size_t n = tag == NULL || p->deps.tags == NULL ? 0 :
	    p->deps.tags(p->deps.tags_arg, t->id, pool, tag, WIRE_TAGS);

	for (size_t i = 0; i < n; i++)
		if (value_same(tag[i].name, term->name) && value_same(tag[i].str, term->value))
			return true;
	return false;
}

static bool concerns(struct provisioning *p, const struct rule *r, const struct owned *t,
    struct pool *pool)
{
	switch (r->target.kind) {
	case TARGET_ALL:
		return true;
	case TARGET_THING:
		return r->target.bound && r->target.epoch == t->epoch &&
		       memcmp(r->target.id, t->id, OWNERSHIP_ID) == 0;
	case TARGET_TAG:
		for (size_t i = 0; i < r->target.n_terms; i++)
			if (!has_tag(p, t, &r->target.term[i], pool))
				return false;
		return true;
	case TARGET_SET:
		break;
	}
	return false;
}

static int find_things(struct provisioning *p, struct ripple *w, struct err *e)
{
	size_t n = ownership_count_of_owner(p->deps.ownership, w->owner);
	const struct owned *t = NULL;
	struct pool tags;

	w->thing = pool_alloc(w->pool, (n + 1) * sizeof(*w->thing));
	if (w->thing == NULL)
		return no_room(e);
	pool_init(&tags, WIRE_REQUEST_BYTES);
	while ((t = ownership_next_of_owner(p->deps.ownership, w->owner, t)) != NULL) {
		pool_reset(&tags);
		if (w->n_things < n && concerns(p, w->rule, t, &tags))
			w->thing[w->n_things++] = t;
	}
	pool_fini(&tags);
	return 0;
}

bool rules_cover(const struct subject *s, const char *jid)
{
	switch (s->kind) {
	case SUBJECT_JID:
		return strcmp(s->text, jid) == 0;
	case SUBJECT_DOMAIN:
		return jid_text_in_domain(jid, s->text);
	case SUBJECT_ANYONE:
		return true;
	case SUBJECT_SERVICE:
	case SUBJECT_DEVICE:
	case SUBJECT_USER:
	case SUBJECT_ROLE:
		return true;	/* maybe: whom a token or a role speaks for may change */
	}
	return false;
}

/* 1 friend, 0 not, -1 cannot tell. */
static int is_friend(struct provisioning *p, const struct owned *t, const char *jid,
    int64_t at_ms, struct err *e)
{
	struct access_facts f = provisioning_moment(p, ACTION_BEFRIEND, jid);
	struct access_thing at;
	struct answer a;
	struct pool pool;
	int ret;

	f.now_ms = at_ms;
	pool_init(&pool, WIRE_REQUEST_BYTES);
	ret = provisioning_thing(p, t, jid, &pool, &at, e);
	if (ret == 0) {
		access_decide_thing(&f, &at, &(struct answer_space){ 0 }, &a);
		ret = a.verdict == VERDICT_ALLOW;
	}
	pool_fini(&pool);
	return ret;
}

static int note_friend(struct provisioning *p, struct ripple *w, const char *jid, int64_t at_ms,
    struct err *e)
{
	const char *copy;

	for (size_t i = 0; i < w->n_pairs; i++)
		if (strcmp(w->pair[i].friend, jid) == 0)
			return 0;
	copy = pool_strdup(w->pool, jid);
	if (copy == NULL)
		return no_room(e);
	for (size_t i = 0; i < w->n_things && w->n_pairs < FRIENDS_MAX; i++) {
		int before = is_friend(p, w->thing[i], jid, at_ms, e);

		if (before < 0)
			return -1;
		w->pair[w->n_pairs++] = (struct pair){ w->thing[i], copy, before == 1 };
	}
	return 0;
}

/* Everybody known by address whom the rule covers. */
static int find_friends(struct provisioning *p, struct ripple *w, int64_t at_ms, struct err *e)
{
	const unsigned befriend = 1u << ACTION_BEFRIEND;
	const struct book *b;

	if ((w->rule->actions & befriend) == 0)
		return 0;
	if (w->rule->subject.kind == SUBJECT_JID)
		return note_friend(p, w, w->rule->subject.text, at_ms, e);
	if (access_book(p->access, w->owner, &b, e) != 0)
		return -1;
	for (size_t i = 0; b != NULL && i < policy_count(b->rules); i++) {
		const struct rule *r = policy_at(b->rules, i);

		if (r->subject.kind == SUBJECT_JID && (r->actions & befriend) != 0 &&
		    rules_cover(&w->rule->subject, r->subject.text) &&
		    note_friend(p, w, r->subject.text, at_ms, e) != 0)
			return -1;
	}
	return 0;
}

/* What a co-owner gave goes as far as he may himself: it moves with him. */
static int find_friends_of_givers(struct provisioning *p, struct ripple *w, int64_t at_ms,
    struct err *e)
{
	const unsigned befriend = 1u << ACTION_BEFRIEND;
	const struct book *b;

	if ((w->rule->actions & befriend) == 0)
		return 0;
	if (access_book(p->access, w->owner, &b, e) != 0)
		return -1;
	for (size_t i = 0; b != NULL && i < policy_count(b->rules); i++) {
		const struct rule *r = policy_at(b->rules, i);

		if (r->giver != NULL && r->subject.kind == SUBJECT_JID &&
		    (r->actions & befriend) != 0 && rules_cover(&w->rule->subject, r->giver) &&
		    note_friend(p, w, r->subject.text, at_ms, e) != 0)
			return -1;
	}
	return 0;
}

static int ripple_before(struct provisioning *p, struct ripple *w, int64_t at_ms, struct err *e)
{
	return find_things(p, w, e) != 0 || find_friends(p, w, at_ms, e) != 0 ? -1 :
	    find_friends_of_givers(p, w, at_ms, e);
}

/* ---- what follows ---- */

static int owe_friend(struct provisioning *p, const struct pair *x, bool now, uint64_t revision,
    struct err *e)
{
	enum debt_kind owed = now ? DEBT_FRIEND : DEBT_UNFRIEND;
	enum debt_kind over = now ? DEBT_UNFRIEND : DEBT_FRIEND;

	if (debt_cancel(p->deps.debts, over, x->thing->jid, x->friend, e) != 0)
		return -1;
	return debt_owe(p->deps.debts, owed, x->thing->jid, x->friend, revision, NULL, e);
}

static int ripple_after(struct provisioning *p, struct ripple *w, uint64_t revision,
    struct err *e)
{
	int64_t now_ms = provisioning_now(p);

	for (size_t i = 0; i < w->n_things; i++)
		if (lease_floor(p, w->thing[i]->jid, revision, e) != 0)
			return -1;
	for (size_t i = 0; i < w->n_pairs; i++) {
		const struct pair *x = &w->pair[i];
		int now = is_friend(p, x->thing, x->friend, now_ms, e);
		/* A message makes the thing write to somebody: only where one was meant. */
		bool meant = w->rule->verdict == VERDICT_ALLOW && w->rule->target.kind == TARGET_THING;

		if (now < 0)
			return -1;
		if ((now == 1) != x->before && (now == 0 || meant) &&
		    owe_friend(p, x, now == 1, revision, e) != 0)
			return -1;
	}
	return question_sweep(p, w->owner, e);
}

/* ---- changes ---- */

static struct ripple *ripple_new(const char *owner, const struct rule *r, struct pool *pool,
    struct err *e)
{
	struct ripple *w = pool_zalloc(pool, sizeof(*w));

	if (w == NULL) {
		no_room(e);
		return NULL;
	}
	w->owner = owner;
	w->rule = r;
	w->pool = pool;
	return w;
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static const struct rule *find_equal(const struct book *b, const struct rule *r)
{
	for (size_t i = 0; b != NULL && i < policy_count(b->rules); i++) {
		const struct rule *there = policy_at(b->rules, i);

		if (there->target.bound != r->target.bound || there->co_owner != r->co_owner ||
		    !same_text(there->giver, r->giver))
			continue;
		if (r->target.bound) {		/* the thing counts, not what it was called */
			struct rule same = *r;

			same.target.name = there->target.name;
			if (there->target.epoch == r->target.epoch &&
			    memcmp(there->target.id, r->target.id, OWNERSHIP_ID) == 0 &&
			    rule_equal(there, &same))
				return there;
		} else if (rule_equal(there, r)) {
			return there;
		}
	}
	return NULL;
}

/* Rules about things that ended their epoch count for nothing: make room. */
static int drop_dead(struct provisioning *p, const char *owner, struct err *e)
{
	const struct book *b;

	if (access_book(p->access, owner, &b, e) != 0)
		return -1;
	for (size_t i = 0; b != NULL && i < policy_count(b->rules);) {
		const struct rule *r = policy_at(b->rules, i);
		const struct owned *t = ownership_by_id(p->deps.ownership, r->target.id);

		if (r->target.kind != TARGET_THING || (t != NULL && t->epoch == r->target.epoch))
			i++;
		else if (access_rule_remove(p->access, owner, r->number, e) != 0)
			return -1;
	}
	return 0;
}

bool rules_must_wait(const struct provisioning *p, const char *owner, const struct rule *r)
{
	const struct owned *t = NULL;

	if (r->verdict != VERDICT_ALLOW)
		return false;
	while ((t = ownership_next_of_owner(p->deps.ownership, owner, t)) != NULL)
		if (t->disputed && (!r->target.bound ||
		    memcmp(r->target.id, t->id, OWNERSHIP_ID) == 0))
			return true;
	return false;
}

int rules_add(struct provisioning *p, const char *owner, const struct rule *r, struct pool *pool,
    int64_t *number, struct err *e)
{
	struct ripple *w = ripple_new(owner, r, pool, e);
	const struct rule *there;
	const struct book *b;
	uint64_t revision;

	if (rules_must_wait(p, owner, r))
		return err_set(e, ERR_LIMIT, "a disputed thing gives nobody anything new");
	if (w == NULL || drop_dead(p, owner, e) != 0 || access_book(p->access, owner, &b, e) != 0)
		return -1;
	there = find_equal(b, r);
	if (there != NULL) {
		*number = there->number;
		return 0;
	}
	if (b != NULL && policy_count(b->rules) >= RULES_PER_OWNER)
		return err_set(e, ERR_LIMIT, "at most %d rules", RULES_PER_OWNER);
	if (ripple_before(p, w, provisioning_now(p), e) != 0 || provisioning_keep_time(p, e) != 0 ||
	    store_next_revision(p->deps.store, &revision, e) != 0 ||
	    access_rule_add(p->access, owner, r, revision, number, e) != 0)
		return -1;
	++*p->count.rules;
	if (r->until_ms != 0)
		provisioning_due(p, r->until_ms);
	if (provisioning_note_rule(p, AUDIT_RULE, owner, r, false, pool, e) != 0)
		return -1;
	return ripple_after(p, w, revision, e) != 0 ? -1 : 1;
}

/* ---- co-owners ---- */

static bool same_thing(const struct rule *a, const struct rule *b)
{
	return a->target.bound && b->target.bound && a->target.epoch == b->target.epoch &&
	       memcmp(a->target.id, b->target.id, OWNERSHIP_ID) == 0;
}

/* What its subject is still a co-owner for, of that thing. */
static unsigned still_co_owner(const struct book *b, const struct rule *gone)
{
	unsigned actions = 0;

	for (size_t i = 0; i < policy_count(b->rules); i++) {
		const struct rule *r = policy_at(b->rules, i);

		if (r->co_owner && same_thing(r, gone) &&
		    strcmp(r->subject.text, gone->subject.text) == 0)
			actions |= r->actions;
	}
	return actions;
}

static int64_t next_orphan(const struct book *b, const struct rule *gone)
{
	unsigned still = still_co_owner(b, gone);

	for (size_t i = 0; i < policy_count(b->rules); i++) {
		const struct rule *r = policy_at(b->rules, i);

		if (r->giver != NULL && strcmp(r->giver, gone->subject.text) == 0 &&
		    same_thing(r, gone) && (r->actions & still) == 0)
			return r->number;
	}
	return 0;
}

/* His grant has ended: all that he gave ends with it. */
static int end_given(struct provisioning *p, const char *owner, const struct rule *gone,
    struct err *e)
{
	const struct book *b;
	int64_t number;

	for (;;) {
		struct pool pool;
		int rc;

		if (access_book(p->access, owner, &b, e) != 0)
			return -1;
		number = b == NULL ? 0 : next_orphan(b, gone);
		if (number == 0)
			return 0;
		pool_init(&pool, WIRE_REQUEST_BYTES);
		rc = rules_withdraw(p, owner, number, &pool, e);
		pool_fini(&pool);
		if (rc != 0)
			return -1;
	}
}

int rules_withdraw(struct provisioning *p, const char *owner, int64_t number, struct pool *pool,
    struct err *e)
{
	int64_t at_ms = provisioning_now(p);
	const struct rule *there = NULL;
	const struct book *b;
	struct ripple *w;
	struct rule r;
	uint64_t revision;
	bool is_over;

	if (access_book(p->access, owner, &b, e) != 0)
		return -1;
	if (b != NULL)
		there = policy_by_number(b->rules, number);
	if (there == NULL)
		return 0;
	if (rule_copy(&r, there, pool) != 0)
		return no_room(e);
	is_over = r.until_ms != 0 && r.until_ms <= at_ms;
	if (is_over)
		at_ms = r.until_ms - 1;		/* the last moment it was in force */
	w = ripple_new(owner, &r, pool, e);
	if (w == NULL || ripple_before(p, w, at_ms, e) != 0 ||
	    store_next_revision(p->deps.store, &revision, e) != 0 ||
	    access_rule_remove(p->access, owner, number, e) != 0 ||
	    provisioning_note_rule(p, AUDIT_RULE_ENDED, owner, &r, is_over, pool, e) != 0 ||
	    (r.co_owner && end_given(p, owner, &r, e) != 0))
		return -1;
	return ripple_after(p, w, revision, e);
}

int rules_withdraw_alone(struct provisioning *p, const char *owner, int64_t number, struct err *e)
{
	struct pool pool;
	int ret;

	pool_init(&pool, WIRE_REQUEST_BYTES);
	ret = rules_withdraw(p, owner, number, &pool, e);
	pool_fini(&pool);
	return ret;
}
