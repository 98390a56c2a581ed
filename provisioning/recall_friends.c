/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recall_friends: a rule about befriending came or went.  Whoever is known by
 * address and was a friend before, by the owner's rules as they were, and is
 * none now, or the other way round, of each thing that is concerned: the thing
 * is owed a message about him.  One pair of thing and person is one step.
 */
#include "config.h"

#include <string.h>

#include "common/base/pool.h"
#include "provisioning/recall_part.h"

#define BEFRIEND (1u << ACTION_BEFRIEND)
#define COST_PAIR 25
#define COST_RULE 5		/* copied for the state before */

bool recall_has_friends(const struct recall *r)
{
	for (size_t i = 0; i < r->n_lines; i++)
		if ((r->line[i]->rule.actions & BEFRIEND) != 0)
			return true;
	return false;
}

static int no_room(struct err *e)
{
	return err_set(e, ERR_SYSTEM, "out of memory");
}

/* ---- who may be concerned ---- */

static int note_person(struct recall *r, const char *jid, size_t most)
{
	for (size_t i = 0; i < r->n_people; i++)
		if (strcmp(r->people[i], jid) == 0)
			return 0;
	if (r->n_people == most)
		return 0;
	r->people[r->n_people] = pool_strdup(&r->friends, jid);
	return r->people[r->n_people++] == NULL ? -1 : 0;
}

/* What a co-owner gave goes as far as he may himself: it moves with him. */
static bool covers(const struct rule *changed, const struct rule *there)
{
	return rules_cover(&changed->subject, there->subject.text) ||
	    (there->giver != NULL && rules_cover(&changed->subject, there->giver));
}

static int find_people_of(struct recall *r, const struct rule *changed, const struct book *b,
    size_t most)
{
	if ((changed->actions & BEFRIEND) == 0)
		return 0;
	if (changed->subject.kind == SUBJECT_JID &&
	    note_person(r, changed->subject.text, most) != 0)
		return -1;
	for (size_t i = 0; b != NULL && i < policy_count(b->rules); i++) {
		const struct rule *there = policy_at(b->rules, i);

		if (there->subject.kind == SUBJECT_JID && (there->actions & BEFRIEND) != 0 &&
		    covers(changed, there) && note_person(r, there->subject.text, most) != 0)
			return -1;
	}
	return 0;
}

static int find_people(struct recall *r, const struct book *b)
{
	size_t most = r->n_lines + (b == NULL ? 0 : policy_count(b->rules));

	r->n_people = 0;
	r->people = pool_alloc(&r->friends, (most + 1) * sizeof(*r->people));
	for (size_t i = 0; r->people != NULL && i < r->n_lines; i++)
		if (find_people_of(r, &r->line[i]->rule, b, most) != 0)
			return -1;
	return r->people == NULL ? -1 : 0;
}

/* ---- how it was ---- */

static bool was_added(const struct recall *r, int64_t number)
{
	for (size_t i = 0; i < r->n_lines; i++)
		if (!r->line[i]->gone && r->line[i]->rule.number == number)
			return true;
	return false;
}

/* The owner's rules without what was added and with what was withdrawn. */
static struct policy *rules_before(const struct recall *r, const struct book *b, struct err *e)
{
	struct policy *before = policy_new();
	bool failed = before == NULL;

	for (size_t i = 0; !failed && b != NULL && i < policy_count(b->rules); i++) {
		const struct rule *there = policy_at(b->rules, i);

		if (!was_added(r, there->number))
			failed = policy_add(before, there, e) != 0;
	}
	for (size_t i = 0; !failed && i < r->n_lines; i++) {
		struct rule gone = r->line[i]->rule;

		gone.number = 0;
		if (r->line[i]->gone)
			failed = policy_add(before, &gone, e) != 0;
	}
	if (failed)
		policy_free(&before);
	return before;
}

/* Who was a co-owner by the rules as they were. */
static void find_givers(struct recall *r)
{
	r->n_givers = 0;
	for (size_t i = 0; i < policy_count(r->before) && r->n_givers < ACCESS_CO_OWNERS; i++) {
		const struct rule *rule = policy_at(r->before, i);

		if (rule->co_owner && rule->subject.kind == SUBJECT_JID)
			r->giver[r->n_givers++] = rule->subject.text;
	}
}

static int prepare(struct provisioning *p, struct recall *r, size_t *cost, struct err *e)
{
	const struct book *b;

	if (r->before != NULL)
		return 0;
	if (access_book(p->access, r->owner, &b, e) != 0)
		return -1;
	pool_reset(&r->friends);
	if (find_people(r, b) != 0)
		return no_room(e);
	r->before = rules_before(r, b, e);
	*cost += COST_RULE * (b == NULL ? 0 : policy_count(b->rules));
	if (r->before == NULL)
		return no_room(e);
	find_givers(r);
	return 0;
}

/* ---- a pair ---- */

static bool befriends(struct access_facts *f, const struct access_thing *at)
{
	struct answer a;

	access_decide_thing(f, at, &(struct answer_space){ 0 }, &a);
	return a.verdict == VERDICT_ALLOW;
}

/* A message makes the thing write to somebody: only where one was meant. */
static bool is_meant(const struct recall *r, const struct owned *t, const char *person)
{
	for (size_t i = 0; i < r->n_lines; i++) {
		const struct rule *rule = &r->line[i]->rule;

		if (rule->verdict == VERDICT_ALLOW && rule->target.kind == TARGET_THING &&
		    memcmp(rule->target.id, t->id, OWNERSHIP_ID) == 0 &&
		    rules_cover(&rule->subject, person))
			return true;
	}
	return false;
}

static int owe(struct provisioning *p, const struct recall *r, const struct owned *t,
    const char *person, bool now, struct err *e)
{
	enum debt_kind owed = now ? DEBT_FRIEND : DEBT_UNFRIEND;
	enum debt_kind over = now ? DEBT_UNFRIEND : DEBT_FRIEND;

	if (debt_cancel(p->deps.debts, over, t->jid, person, e) != 0)
		return -1;
	return debt_owe(p->deps.debts, owed, t->jid, person, r->revision, NULL, e);
}

/* Those whose word counts at this thing. */
static size_t givers_of(const struct provisioning *p, const struct recall *r,
    const struct owned *t, const char *giver[static ACCESS_CO_OWNERS])
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_givers; i++)
		if (provisioning_trusts(p, r->giver[i], t->jid) &&
		    !provisioning_account_is_gone(p, r->giver[i]))
			giver[n++] = r->giver[i];
	return n;
}

static int look_at_pair(struct provisioning *p, struct recall *r, const struct owned *t,
    const char *person, struct err *e)
{
	struct access_facts f = provisioning_moment(p, ACTION_BEFRIEND, person);
	struct question_roles roles[ACCESS_CO_OWNERS];
	const char *giver[ACCESS_CO_OWNERS];
	struct access_thing at;
	struct pool pool;
	bool now, before;
	int ret;

	pool_init(&pool, WIRE_REQUEST_BYTES);
	ret = provisioning_thing(p, t, person, &pool, &at, e);
	if (ret == 0) {
		now = befriends(&f, &at);
		at.rules = r->before;
		at.givers = giver;
		at.n_givers = givers_of(p, r, t, giver);
		provisioning_roles_of(p, giver, at.n_givers, roles);
		at.giver_roles = roles;
		f.now_ms = r->before_ms < r->at_ms ? r->before_ms : f.now_ms;
		before = befriends(&f, &at);
		if (now != before && (!now || is_meant(r, t, person)))
			ret = owe(p, r, t, person, now, e);
	}
	pool_fini(&pool);
	return ret;
}

/* The thing whose pairs are looked at; the walk goes on when they are done. */
static const struct owned *current(struct provisioning *p, struct recall *r, bool *more)
{
	const struct owned *t = r->person == 0 ? recall_next_thing(p, r, more) :
	    ownership_by_id(p->deps.ownership, r->last);

	if (t != NULL && r->person == 0)
		memcpy(r->last, t->id, sizeof(r->last));
	return t;
}

int recall_friends_step(struct provisioning *p, struct recall *r, size_t *cost, struct err *e)
{
	bool more = true;
	const struct owned *t;

	if (prepare(p, r, cost, e) != 0)
		return -1;
	t = current(p, r, &more);
	++*cost;
	if (t == NULL || r->n_people == 0 || !recall_concerns(p, r, t)) {
		r->person = 0;
		return more;
	}
	*cost += COST_PAIR;
	if (look_at_pair(p, r, t, r->people[r->person], e) != 0)
		return -1;
	r->person = (r->person + 1) % r->n_people;
	return 1;
}

/* ---- a role ---- */

#define ROLES_MAX 32		/* of one person, looked at here */

/* His roles as they were. */
static size_t roles_before(const struct recall *r, const struct access_facts *f,
    const char *role[static ROLES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < f->n_roles && n + 1 < ROLES_MAX; i++)
		if (!r->given || strcmp(f->roles[i], r->subject.text) != 0)
			role[n++] = f->roles[i];
	if (!r->given)
		role[n++] = r->subject.text;
	return n;
}

static int look_at_role(struct provisioning *p, const struct recall *r, const struct owned *t,
    struct err *e)
{
	struct access_facts f = provisioning_moment(p, ACTION_BEFRIEND, r->bearer);
	const char *role[ROLES_MAX];
	struct access_thing at;
	struct pool pool;
	bool now;
	int ret;

	pool_init(&pool, WIRE_REQUEST_BYTES);
	ret = provisioning_thing(p, t, r->bearer, &pool, &at, e);
	if (ret == 0) {
		now = befriends(&f, &at);
		f.n_roles = roles_before(r, &f, role);
		f.roles = role;
		if (!now && befriends(&f, &at))
			ret = owe(p, r, t, r->bearer, false, e);
	}
	pool_fini(&pool);
	return ret;
}

int recall_friends_of_role(struct provisioning *p, const struct recall *r, const char *jid,
    size_t *cost, struct err *e)
{
	const struct owned *t = NULL;

	if (r->scope != RECALL_SUBJECT || r->bearer == NULL)
		return 0;
	while ((t = ownership_next_of_jid(p->deps.ownership, jid, t)) != NULL) {
		*cost += COST_PAIR;
		if (look_at_role(p, r, t, e) != 0)
			return -1;
	}
	return 0;
}
