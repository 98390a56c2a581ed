/* SPDX-License-Identifier: Apache-2.0 */
/*
 * owner: what owners say about their things: rules, and taking them back.  The
 * sender is the owner of what he speaks about or is told that there is no such
 * thing.  What rules do is in rules.c; the same by iq in owner_iq.c.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/base/jid.h"
#include "common/base/pool.h"
#include "common/base/str.h"
#include "common/base/zone.h"
#include "provisioning/role.h"

static int no_room(struct err *e)
{
	return err_set(e, ERR_LIMIT, "no room for the reply");
}

static void say_text(struct reply *r, const char *text)
{
	r->kind = REPLY_RESULT;
	r->body = BODY_TEXT;
	r->text = text;
}

/* What makes it again; for what others gave there is no such line. */
static const char *again(const struct provisioning *p, const struct voice *v,
    const struct rule *rule, struct pool *pool)
{
	struct rule named = *rule;
	char hex[2 * OWNERSHIP_ID + 1];
	const char *line, *until;

	if (v->giver == NULL && rule->giver != NULL)
		return NULL;
	if (rule->target.kind == TARGET_THING && rule->target.bound) {
		/* By its id: names may fit another one by then. */
		str_hex(hex, rule->target.id, OWNERSHIP_ID);
		named.target.name = hex;
		named.target.bound = false;
	}
	line = rules_line(p, v->owner, &named, pool);
	if (!rule->co_owner || line == NULL)
		return line;
	until = strstr(line, " until ");
	return pool_printf(pool, "share %s with %s as co-owner%s", hex, rule->subject.text,
	    until != NULL ? until : "");
}

static int fill_line(const struct provisioning *p, const struct voice *v,
    const struct rule *rule, int64_t number, struct pool *pool, struct rule_line *line)
{
	const struct owned *t = rule->giver == NULL ? NULL :
	    ownership_by_id(p->deps.ownership, rule->target.id);

	*line = (struct rule_line){ .number = number, .co_owner = rule->co_owner,
		.text = rules_line(p, v->owner, rule, pool), .again = again(p, v, rule, pool) };
	if (rule->giver != NULL)
		line->giver = pool_strdup(pool, rule->giver);
	if (t != NULL)
		line->thing = pool_strdup(pool, provisioning_label(t));
	return line->text == NULL || (rule->giver != NULL && line->giver == NULL) ? -1 : 0;
}

static int say_rule(const struct provisioning *p, const struct voice *v, struct reply *r,
    const struct rule *rule, int64_t number, struct pool *pool, struct err *e)
{
	struct rule_line *line = pool_alloc(pool, sizeof(*line));

	if (line == NULL || fill_line(p, v, rule, number, pool, line) != 0)
		return no_room(e);
	r->kind = REPLY_RESULT;
	r->body = BODY_RULE;
	r->u.rules.n = 1;
	r->u.rules.rule = line;
	return 0;
}

/* ---- a policy line ---- */

/* Something that will never hold is said, not stored in silence. */
static const char *why_useless(const struct provisioning *p, const struct request *q,
    const struct rule *r, const struct owned *t)
{
	if (r->until_ms != 0 && r->until_ms <= provisioning_now(p))
		return N_("That time is over already. Nothing has changed.");
	if (r->verdict == VERDICT_ALLOW && r->subject.kind == SUBJECT_JID &&
	    owned_by(t, r->subject.text))
		return N_("The owner may do everything with his own things; it needs no rule.");
	if (r->zone != NULL && zones_find(p->zones, r->zone) == NULL)
		return N_("There is no time zone of that name here: they are called like "
		    "Europe/Berlin, with these capital letters. Nothing has changed.");
	if (r->verdict == VERDICT_ALLOW &&
	    (r->subject.kind == SUBJECT_JID || r->subject.kind == SUBJECT_DOMAIN) &&
	    !provisioning_trusts(p, r->subject.text, t != NULL ? t->jid : q->bare))
		return N_("Nothing has changed: nobody here can tell whether messages from that "
		    "domain are genuine. The operator can switch this on for servers that prove "
		    "who they are.");
	return NULL;
}

/* Why he may not make this rule; NULL: he may.  -1 by *rc. */
static const char *why_not(struct provisioning *p, const struct request *q,
    const struct voice *v, const struct rule *rule, int *rc, struct err *e)
{
	const char *useless = why_useless(p, q, rule, v->thing);
	int may = useless != NULL ? 1 : voice_may(p, v, rule, e);

	*rc = may < 0 ? -1 : 0;
	if (useless != NULL)
		return useless;
	if (may == 0)
		return N_("You may not do that yourself, so you cannot allow it. Nothing has "
		    "changed.");
	if (may == 1 && rules_must_wait(p, v->owner, rule))
		return N_("Nothing has changed: somebody else says that it is his thing. Until that "
		    "is settled it gives nobody anything new; what was allowed before stays.");
	return NULL;
}

static int add(struct provisioning *p, const struct request *q, const struct voice *v,
    const struct rule *rule, struct reply *r, struct err *e)
{
	struct err why = ERR_INIT;
	int room = voice_has_room(p, v, rule, e);
	int64_t number;

	if (room < 0)
		return -1;
	if (room == 0) {
		reply_error(r, COND_RESOURCE_CONSTRAINT);
		return 0;
	}
	if (rules_add(p, v->owner, rule, q->pool, &number, &why) < 0) {
		if (why.kind != ERR_LIMIT && why.kind != ERR_INPUT) {
			*e = why;
			return -1;
		}
		reply_error(r, COND_RESOURCE_CONSTRAINT);
		return 0;
	}
	if (say_rule(p, v, r, rule, number, q->pool, e) != 0)
		return -1;
	r->u.rules.rule->note = known_note(p, v->owner, rule, q->pool);
	return 0;
}

/* Only the owner makes co-owners, and somebody else than himself. */
static bool may_be_made(const struct request *q, const struct voice *v, const struct rule *rule)
{
	return !q->u.desk.co_owner || (v->giver == NULL && v->thing != NULL &&
	    rule->verdict == VERDICT_ALLOW && rule->subject.kind == SUBJECT_JID &&
	    rule->target.kind == TARGET_THING);
}

int owner_rule_add(struct provisioning *p, const struct request *q, struct reply *r, struct err *e)
{
	struct err why = ERR_INIT;
	const char *not;
	struct voice v;
	struct rule rule;
	int rc;

	if (policy_parse_line(&rule, q->u.desk.text, provisioning_now(p),
		provisioning_zone(p, q->bare), q->pool, &why) != 0) {
		say_text(r, saying(q->pool, N_("I cannot read that rule: %1."), why.text, NULL));
		return 0;
	}
	if (!voice_of(p, q, &v) || (rule.target.kind == TARGET_THING) != (v.thing != NULL)) {
		reply_error(r, COND_ITEM_NOT_FOUND);
		return 0;
	}
	if (!may_be_made(q, &v, &rule)) {
		reply_error(r, COND_FORBIDDEN);
		return 0;
	}
	if (ownership_count_of_owner(p->deps.ownership, v.owner) == 0) {
		say_text(r, N_("You have no things yet, so there is nothing to make rules for."));
		return 0;
	}
	rule.giver = v.giver;
	rule.co_owner = q->u.desk.co_owner;
	if (v.thing != NULL)
		rules_bind(&rule, v.thing);
	rc = 0;
	not = known_complete(p, v.owner, &rule, q->pool);
	if (not == NULL)
		not = why_not(p, q, &v, &rule, &rc, e);
	if (not != NULL)
		say_text(r, not);
	return rc != 0 || not != NULL ? rc : add(p, q, &v, &rule, r, e);
}

/* ---- seeing and forgetting ---- */

/* A rule about a thing that is not his any more counts for nothing. */
static bool is_alive(const struct provisioning *p, const char *owner, const struct rule *r)
{
	const struct owned *t;

	if (r->target.kind != TARGET_THING)
		return true;
	t = ownership_by_id(p->deps.ownership, r->target.id);
	return t != NULL && t->epoch == r->target.epoch && owned_by(t, owner);
}

static bool is_about(const struct rule *r, const struct owned *t)
{
	return t == NULL || r->target.kind != TARGET_THING ||
	       memcmp(r->target.id, t->id, OWNERSHIP_ID) == 0;
}

/* A co-owner sees what he gave and what he was given. */
static bool may_see(const struct voice *v, const struct rule *r)
{
	return voice_has(v, r) || (r->subject.kind == SUBJECT_JID &&
	    strcmp(r->subject.text, v->giver) == 0);
}

int owner_rules(struct provisioning *p, const struct request *q, struct reply *r, struct err *e)
{
	const struct book *b;
	struct rule_line *line;
	struct voice v;

	r->kind = REPLY_RESULT;
	r->body = BODY_RULES;
	if (!voice_of(p, q, &v)) {
		reply_error(r, COND_ITEM_NOT_FOUND);
		return 0;
	}
	if (access_book(p->access, v.owner, &b, e) != 0)
		return -1;
	if (b == NULL)
		return 0;
	line = pool_alloc(q->pool, (policy_count(b->rules) + 1) * sizeof(*line));
	r->u.rules.rule = line;
	for (size_t i = 0; line != NULL && i < policy_count(b->rules); i++) {
		const struct rule *rule = policy_at(b->rules, i);

		if (!is_alive(p, v.owner, rule) || !is_about(rule, v.thing) || !may_see(&v, rule))
			continue;
		if (fill_line(p, &v, rule, rule->number, q->pool, line) != 0)
			break;
		line++;
		r->u.rules.n++;
	}
	return 0;
}

int owner_forget(struct provisioning *p, const struct request *q, struct reply *r, struct err *e)
{
	const struct rule *there = NULL;
	const struct book *b;
	struct voice v;
	struct rule rule;
	int64_t number = q->u.desk.number;

	if (!voice_of(p, q, &v)) {
		reply_error(r, COND_ITEM_NOT_FOUND);
		return 0;
	}
	if (access_book(p->access, v.owner, &b, e) != 0)
		return -1;
	if (b != NULL)
		there = policy_by_number(b->rules, number);
	if (there == NULL || !is_alive(p, v.owner, there) || !voice_has(&v, there)) {
		reply_error(r, COND_ITEM_NOT_FOUND);
		return 0;
	}
	if (rule_copy(&rule, there, q->pool) != 0)
		return no_room(e);
	if (rules_withdraw(p, v.owner, number, q->pool, e) != 0)
		return -1;
	return say_rule(p, &v, r, &rule, number, q->pool, e);
}

/* ---- taking back ---- */

/* A bare domain means its people here as it does in a rule. */
static struct subject revoked_subject(const char *jid)
{
	return (struct subject){ strchr(jid, '@') != NULL ? SUBJECT_JID : SUBJECT_DOMAIN, jid };
}

/* What `revoke` removes: exactly his rules, of that thing or of all. */
static bool is_revoked(const struct rule *r, const char *jid, const struct owned *t)
{
	struct subject whom = revoked_subject(jid);

	if (r->subject.kind != whom.kind || strcmp(r->subject.text, jid) != 0 ||
	    r->verdict != VERDICT_ALLOW)
		return false;
	/* A rule for all his things cannot end for one of them. */
	return t == NULL || (r->target.kind == TARGET_THING && is_about(r, t));
}

static int remove_rules(struct provisioning *p, const struct request *q,
    const struct voice *v, size_t *removed, struct err *e)
{
	const struct book *b;

	if (access_book(p->access, v->owner, &b, e) != 0)
		return -1;
	for (size_t i = 0; b != NULL && i < policy_count(b->rules);) {
		const struct rule *r = policy_at(b->rules, i);

		if (!is_revoked(r, q->u.desk.jid, v->thing) || !voice_has(v, r)) {
			i++;
			continue;
		}
		if (rules_withdraw_alone(p, v->owner, r->number, e) != 0)
			return -1;
		++*removed;
		i = 0;		/* what a co-owner gave may have gone with it */
	}
	return 0;
}

/* 1: some rule still lets him do something with one of these things. */
static int still_may(struct provisioning *p, const struct request *q, const struct voice *v,
    struct err *e)
{
	const struct owned *t = NULL;
	struct pool pool;
	int may = 0;

	pool_init(&pool, WIRE_REQUEST_BYTES);
	while (may == 0 &&
	    (t = ownership_next_of_owner(p->deps.ownership, v->owner, t)) != NULL) {
		struct access_facts f = provisioning_moment(p, ACTION_BEFRIEND, q->u.desk.jid);
		const char *space[1];
		struct access_thing at;

		if (v->thing != NULL && t != v->thing)
			continue;
		pool_reset(&pool);
		if (provisioning_thing(p, t, f.requester, &pool, &at, e) != 0)
			may = -1;
		for (int a = 0; may == 0 && a < ACTION_COUNT; a++) {
			struct answer answer;

			f.action = (enum action)a;
			access_decide_thing(&f, &at, &(struct answer_space){ .n_names = 1, .names = space },
	    &answer);
			may = answer.verdict == VERDICT_ALLOW && !at.is_owner;
		}
	}
	pool_fini(&pool);
	return may;
}

/* 1: a rule that is not in force at this moment would let him in at another. */
static int may_later(struct provisioning *p, const struct request *q, const struct voice *v,
    struct err *e)
{
	const struct book *b;

	if (access_book(p->access, v->owner, &b, e) != 0)
		return -1;
	for (size_t i = 0; b != NULL && i < policy_count(b->rules); i++) {
		const struct rule *r = policy_at(b->rules, i);
		/* A co-owner ends what he gave; what is in force counts too then. */
		bool counts = v->giver != NULL || r->daily || r->days != 0 ||
		    r->until_ms != 0;

		if (r->verdict == VERDICT_ALLOW && counts && is_alive(p, v->owner, r) &&
		    is_about(r, v->thing) && voice_has(v, r) &&
		    rules_cover(&r->subject, q->u.desk.jid))
			return 1;
	}
	return 0;
}

static void say_gone(struct buf *out, size_t removed)
{
	char n[24];

	(void)snprintf(n, sizeof(n), "%zu", removed);
	if (removed == 1)
		saying_add(out, N_("Done: 1 of your rules is gone."), NULL);
	else
		saying_add(out, N_("Done: %1 of your rules are gone."), n, NULL);
}

static int answer(const struct request *q, struct reply *r, struct buf *said, struct err *e)
{
	say_text(r, pool_strdup(q->pool, buf_str(said)));
	buf_fini(said);
	return r->text != NULL ? 0 : no_room(e);
}

/* Rules about more than him still let him in: a deny for him alone ends that. */
static int deny_him(struct provisioning *p, const struct request *q, const struct voice *v,
    size_t removed, struct reply *r, struct err *e)
{
	struct rule rule = { .verdict = VERDICT_DENY, .actions = RULE_EVERYTHING,
		.subject = revoked_subject(q->u.desk.jid), .target = { .kind = TARGET_ALL } };
	int64_t number;
	char nr[24];
	struct buf said;

	rule.giver = v->giver;
	if (v->thing != NULL)
		rules_bind(&rule, v->thing);
	if (rules_add(p, v->owner, &rule, q->pool, &number, e) < 0)
		return -1;
	(void)snprintf(nr, sizeof(nr), "%lld", (long long)number);
	buf_init(&said, 2 * POLICY_LINE);
	say_gone(&said, removed);
	saying_add(&said, N_(" Others would still let %1 in, so this one is in force now:\n"
	    "rule %2: %3"), q->u.desk.jid, nr, rules_line(p, v->owner, &rule, q->pool), NULL);
	return answer(q, r, &said, e);
}

/* Somebody else's rule lets him in, and only the owner can end that. */
static int say_revoked(struct provisioning *p, const struct request *q, const struct voice *v,
    size_t removed, struct reply *r, struct err *e)
{
	int may = v->giver == NULL ? 0 : still_may(p, q, v, e);
	struct buf said;

	if (may < 0)
		return -1;
	if (may == 0 && removed == 0) {
		reply_error(r, COND_ITEM_NOT_FOUND);
		return 0;
	}
	buf_init(&said, POLICY_LINE);
	say_gone(&said, removed);
	saying_add(&said, may == 1 ? N_(" Rules that are not yours still let %1 in.") :
	    v->thing != NULL ? N_(" %1 is allowed nothing there any more.") :
	    N_(" %1 is allowed nothing with your things any more."), q->u.desk.jid, NULL);
	return answer(q, r, &said, e);
}

int owner_revoke(struct provisioning *p, const struct request *q, struct reply *r, struct err *e)
{
	size_t removed = 0;
	struct voice v;
	int may = 0;

	if (q->u.desk.jid == NULL || !voice_of(p, q, &v)) {
		reply_error(r, COND_ITEM_NOT_FOUND);
		return 0;
	}
	if (remove_rules(p, q, &v, &removed, e) != 0)
		return -1;
	if (v.giver == NULL)
		may = still_may(p, q, &v, e);
	if (may == 0)
		may = may_later(p, q, &v, e);
	if (may < 0)
		return -1;
	return may == 1 ? deny_him(p, q, &v, removed, r, e) : say_revoked(p, q, &v, removed, r, e);
}
