/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules: an owner's rule comes or goes: one row, which counts from its commit.
 * What follows (clearCache to the things it concerns, friend and unfriend
 * messages, the end of questions it decided) is recall.c.
 */
#include "config.h"

#include <string.h>

#include "common/base/jid.h"
#include "common/base/pool.h"
#include "provisioning/role.h"

static int no_room(struct err *e)
{
	return err_set(e, ERR_LIMIT, "no room for what follows from a rule");
}

void rules_bind(struct rule *r, const struct owned *t)
{
	const struct target at = r->target;

	r->target = (struct target){ .kind = TARGET_THING, .name = provisioning_label(t),
		.node = at.node, .source = at.source, .partition = at.partition,
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

/* ---- changes ---- */

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
	struct rule numbered = *r;
	const struct rule *there;
	const struct book *b;
	uint64_t revision;

	if (rules_must_wait(p, owner, r))
		return err_set(e, ERR_LIMIT, "a disputed thing gives nobody anything new");
	if (drop_dead(p, owner, e) != 0 || access_book(p->access, owner, &b, e) != 0)
		return -1;
	there = find_equal(b, r);
	if (there != NULL) {
		*number = there->number;
		return 0;
	}
	if (b != NULL && policy_count(b->rules) >= RULES_PER_OWNER)
		return err_set(e, ERR_LIMIT, "at most %d rules", RULES_PER_OWNER);
	if (provisioning_keep_time(p, e) != 0 || recall_revision(p, owner, &revision, e) != 0 ||
	    access_rule_add(p->access, owner, r, revision, number, e) != 0)
		return -1;
	++*p->count.rules;
	if (r->until_ms != 0)
		provisioning_due(p, r->until_ms);
	numbered.number = *number;
	if (provisioning_note_rule(p, AUDIT_RULE, owner, r, false, pool, e) != 0)
		return -1;
	return recall_rule(p, owner, &numbered, false, e) != 0 ? -1 : 1;
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
	const struct rule *there = NULL;
	const struct book *b;
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
	is_over = r.until_ms != 0 && r.until_ms <= provisioning_now(p);
	if (recall_revision(p, owner, &revision, e) != 0 ||
	    recall_rule(p, owner, &r, true, e) != 0 ||
	    access_rule_remove(p->access, owner, number, e) != 0 ||
	    provisioning_note_rule(p, AUDIT_RULE_ENDED, owner, &r, is_over, pool, e) != 0)
		return -1;
	return r.co_owner ? end_given(p, owner, &r, e) : 0;
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
