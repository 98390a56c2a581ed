/* SPDX-License-Identifier: Apache-2.0 */
/*
 * what_if: what a change of rules would break or give, before it is made: the
 * decisions of now beside those under the other rules, for everybody this
 * owner's rules, questions, roles and tokens know by address.  Nothing is
 * written.  The change is a line, the end of a rule, or a revoke.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/base/str.h"
#include "common/store/token.h"
#include "provisioning/role.h"
#include "provisioning/role_table.h"

#define WHAT_IF_LINES 20	/* changes shown; the rest is counted */
#define WHAT_IF_CHANGES 1000	/* counted */
#define WHAT_IF_PEOPLE 200
#define WHAT_IF_LOOKS 20000	/* decisions for one answer: a moment */
#define WHAT_IF_EDGES 16
#define SENTENCE_BYTES (16 * 1024)

/* What is only asked about or denied otherwise is told last. */
enum change_kind { CHANGE_BREAKS, CHANGE_GIVES, CHANGE_DECIDES, CHANGE_KINDS };

struct change {
	const char *person;
	const struct owned *thing;
	enum action action;
	enum verdict now, then;
	enum change_kind kind;
	bool less, in_part;
};

struct what_if {
	struct provisioning *p;
	const struct request *q;
	const char *owner;
	const struct rule *rule;	/* that comes or goes */
	const struct policy *now, *then, *more;	/* `more`: whichever looks at more facts */
	int64_t at_ms;			/* the moment compared: when the rule counts */
	size_t n_people, n_changes, looks;
	bool too_many;
	const char *person[WHAT_IF_PEOPLE];
	struct change *change;
};

/* ---- who ---- */

static bool is_token(const struct subject *s)
{
	return s->kind == SUBJECT_SERVICE || s->kind == SUBJECT_DEVICE || s->kind == SUBJECT_USER;
}

static void add_person(struct what_if *w, const char *jid)
{
	const struct subject *s = &w->rule->subject;

	if (s->kind == SUBJECT_ROLE ? !role_table_has(w->p->roles, jid, s->text) :
	    !is_token(s) && !rules_cover(s, jid))
		return;
	for (size_t i = 0; i < w->n_people; i++)
		if (strcmp(w->person[i], jid) == 0)
			return;
	if (w->n_people == WHAT_IF_PEOPLE)
		w->too_many = true;
	else
		w->person[w->n_people++] = jid;
}

/* Whom a token or a role speaks for. */
static void find_holders(struct what_if *w)
{
	const struct subject *s = &w->rule->subject;
	const struct role_person *one;
	const struct token *t;

	for (size_t i = 0; s->kind == SUBJECT_ROLE &&
	    (one = role_table_at(w->p->roles, i)) != NULL && !w->too_many; i++)
		add_person(w, one->jid);
	for (size_t i = 0; is_token(s) && w->p->deps.tokens != NULL &&
	    (t = token_at(w->p->deps.tokens, i)) != NULL; i++)
		if (strcmp(t->name, s->text) == 0)
			add_person(w, t->jid);
}

static void find_people(struct what_if *w, const struct book *b)
{
	find_holders(w);
	if (is_token(&w->rule->subject))
		return;
	if (w->rule->subject.kind == SUBJECT_JID)
		add_person(w, w->rule->subject.text);
	for (size_t i = 0; b != NULL && i < policy_count(b->rules); i++) {
		const struct subject *s = &policy_at(b->rules, i)->subject;

		if (s->kind == SUBJECT_JID)
			add_person(w, s->text);
	}
	for (size_t i = 0; b != NULL && i < b->n_questions; i++)
		add_person(w, b->question[i]->rule.subject.text);
}

/* ---- comparing ---- */

static bool has_limit(const struct answer *a, const struct limit *l)
{
	for (size_t i = 0; i < a->n_limits; i++) {
		const struct limit *o = &a->limits[i];

		if (o->rate_n == l->rate_n && o->rate_ms == l->rate_ms &&
		    o->span.has_min == l->span.has_min && o->span.has_max == l->span.has_max &&
		    !(o->span.min < l->span.min) && !(o->span.min > l->span.min) &&
		    !(o->span.max < l->span.max) && !(o->span.max > l->span.max) &&
		    (o->span.text == NULL) == (l->span.text == NULL) &&
		    (l->span.text == NULL || value_same(o->span.text, l->span.text)))
			return true;
	}
	return false;
}

static bool has_name(const struct answer *a, const char *name)
{
	for (size_t i = 0; i < a->n_names; i++)
		if (value_same(a->names[i], name))
			return true;
	return a->n_names == 0;
}

/* Is anything that `a` grants missing from `b`? */
static bool loses(const struct answer *a, const struct answer *b)
{
	if (a->verdict != b->verdict)
		return a->verdict > b->verdict;
	if (a->verdict != VERDICT_ALLOW)
		return !a->touch && b->touch;
	if ((a->types & ~b->types) != 0 || (a->n_names == 0 && b->n_names > 0) ||
	    (a->n_limits == 0 && b->n_limits > 0))
		return true;
	for (size_t i = 0; i < a->n_names; i++)
		if (!has_name(b, a->names[i]))
			return true;
	for (size_t i = 0; b->n_limits > 0 && i < a->n_limits; i++)
		if (!has_limit(b, &a->limits[i]))
			return true;
	return false;
}

static enum change_kind kind_of(const struct answer *now, const struct answer *then, bool less)
{
	if (now->verdict == VERDICT_ALLOW && less)
		return CHANGE_BREAKS;
	return then->verdict == VERDICT_ALLOW ? CHANGE_GIVES : CHANGE_DECIDES;
}

static void note_change(struct what_if *w, const struct change *c)
{
	/* Services that nobody uses are none. */
	if (c->kind == CHANGE_DECIDES && c->action > ACTION_CONTROL)
		return;
	if (w->n_changes < WHAT_IF_CHANGES)
		w->change[w->n_changes] = *c;
	w->n_changes++;
}

/* Room for one answer. */
struct room {
	const char *names[POLICY_NAMES];
	struct limit limits[POLICY_LIMITS];
};

static void judge(const struct access_facts *f, const struct access_thing *at, struct room *room,
    struct answer *out)
{
	struct answer_space space = { POLICY_NAMES, POLICY_LIMITS, room->names, room->limits };

	access_decide_thing(f, at, &space, out);
}

/* Of everything, or of what the rule names: a name alone may change. */
static int compare(struct what_if *w, const char *person, enum action a, const struct owned *t,
    struct pool *pool, struct err *e)
{
	struct access_facts f = provisioning_moment(w->p, a, person);
	struct room *room = pool_alloc(pool, 2 * sizeof(*room));
	struct access_thing at;
	struct answer now, then;
	bool less;

	if (room == NULL)
		return err_set(e, ERR_LIMIT, "no room to compare rules");
	if (provisioning_thing_under(w->p, t, person, w->more, pool, &at, e) != 0)
		return -1;
	f.now_ms = w->at_ms;
	f.names = (struct name_list){ w->rule->n_names, w->rule->names };
	f.types = a == ACTION_READ ? w->rule->types : 0;
	f.tokens = &w->rule->subject;
	f.n_tokens = is_token(f.tokens);
	at.node = (struct node){ w->rule->target.node, w->rule->target.source,
		w->rule->target.partition };
	at.rules = w->now;
	judge(&f, &at, &room[0], &now);
	at.rules = w->then;
	judge(&f, &at, &room[1], &then);
	less = loses(&now, &then);
	if (less || loses(&then, &now))
		note_change(w, &(struct change){ person, t, a, now.verdict, then.verdict,
			kind_of(&now, &then, less), less, then.n_names > 0 });
	return 0;
}

static bool is_out(const struct what_if *w, const struct owned *t)
{
	return w->rule->target.kind == TARGET_THING &&
	    memcmp(w->rule->target.id, t->id, OWNERSHIP_ID) != 0;
}

static int compare_all(struct what_if *w, struct err *e)
{
	const struct owned *t = NULL;
	struct pool pool;
	int ret = 0;

	pool_init(&pool, WIRE_REQUEST_BYTES);
	while (ret == 0 &&
	    (t = ownership_next_of_owner(w->p->deps.ownership, w->owner, t)) != NULL)
		for (size_t i = 0; ret == 0 && !is_out(w, t) && i < w->n_people; i++)
			for (int a = 0; ret == 0 && a < ACTION_COUNT; a++) {
				if ((w->rule->actions & 1u << a) == 0)
					continue;
				if (w->looks++ == WHAT_IF_LOOKS) {
					w->too_many = true;
					goto out;
				}
				pool_reset(&pool);
				ret = compare(w, w->person[i], (enum action)a, t, &pool, e);
			}
out:
	pool_fini(&pool);
	return ret;
}

/* A rule for some hours is compared at the next of them. */
static int find_moment(struct what_if *w, struct err *e)
{
	const struct owned *t = ownership_next_of_owner(w->p->deps.ownership, w->owner, NULL);
	struct access_thing at;
	struct question q;
	struct pool pool;
	int ret;

	w->at_ms = provisioning_now(w->p);
	if (t == NULL)
		return 0;
	pool_init(&pool, WIRE_REQUEST_BYTES);
	ret = provisioning_thing_under(w->p, t, w->owner, w->more, &pool, &at, e);
	q = (struct question){ .now_ms = w->at_ms, .zones = at.zones, .n_zones = at.n_zones,
		.zone_s = at.has_zone ? at.zone_s : w->p->conf.zone_s };
	for (int i = 0; ret == 0 && i < WHAT_IF_EDGES && !rule_is_in_force(w->rule, &q); i++)
		q.now_ms = rule_edge(w->rule, &q);
	if (ret == 0 && q.now_ms > w->at_ms)
		w->at_ms = q.now_ms;
	pool_fini(&pool);
	return ret;
}

/* ---- words ---- */

static void say_change(const struct change *c, struct buf *out)
{
	struct buf who, which, was, will;

	buf_init(&who, SENTENCE_BYTES);
	buf_init(&which, SENTENCE_BYTES);
	buf_init(&was, 64);
	buf_init(&will, 64);
	str_escape(&who, c->person, 200, true);
	str_escape(&which, provisioning_label(c->thing), 64, true);
	saying_part(&was, verdict_name(c->now), NULL);
	saying_part(&will, verdict_name(c->then), NULL);
	if (c->now == c->then)
		saying_add(out, c->less ? N_("\n- %1, %2 \"%3\": less than now") :
		    N_("\n- %1, %2 \"%3\": more than now"), buf_str(&who), action_name(c->action),
		    buf_str(&which), NULL);
	else
		saying_add(out, c->in_part ? N_("\n- %1, %2 \"%3\": %4 now, %5 then (in part)") :
		    N_("\n- %1, %2 \"%3\": %4 now, %5 then"), buf_str(&who),
		    action_name(c->action), buf_str(&which), buf_str(&was), buf_str(&will), NULL);
	buf_fini(&who);
	buf_fini(&which);
	buf_fini(&was);
	buf_fini(&will);
}

/* What it breaks comes first. */
static size_t say_kind(const struct what_if *w, enum change_kind kind, size_t shown,
    struct buf *out)
{
	static const char *const heads[CHANGE_KINDS] = { N_("\nIt would take away:"),
		N_("\nIt would give:"), N_("\nIt would settle:") };
	size_t n = w->n_changes < WHAT_IF_CHANGES ? w->n_changes : WHAT_IF_CHANGES;
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		if (w->change[i].kind != kind)
			continue;
		if (shown++ >= WHAT_IF_LINES)
			continue;
		if (!any)
			saying_add(out, heads[kind], NULL);
		any = true;
		say_change(&w->change[i], out);
	}
	return shown;
}

static void say_all(const struct what_if *w, struct buf *out)
{
	size_t shown = 0;
	char more[24];

	if (w->n_changes == 0) {
		saying_add(out, N_("That would change nothing for anybody I know of. I have not done "
		    "it."), NULL);
	} else {
		saying_add(out, N_("I have not done it."), NULL);
		for (int k = 0; k < CHANGE_KINDS; k++)
			shown = say_kind(w, (enum change_kind)k, shown, out);
	}
	if (w->n_changes > WHAT_IF_LINES) {
		(void)snprintf(more, sizeof(more), "%zu", w->n_changes - WHAT_IF_LINES);
		saying_add(out, N_("\n... and %1 more"), more, NULL);
	}
	if (w->too_many)
		saying_add(out, N_("\nThere is more than I look at for one question."), NULL);
	if (w->at_ms > provisioning_now(w->p))
		saying_add(out, N_("\nThat is when the rule counts; it does not at this moment."), NULL);
}

static int say(const struct what_if *w, struct reply *r, struct err *e)
{
	struct buf text;

	buf_init(&text, 4 * SENTENCE_BYTES);
	say_all(w, &text);
	r->kind = REPLY_RESULT;
	r->body = BODY_TEXT;
	r->text = pool_strdup(w->q->pool, buf_str(&text));
	buf_fini(&text);
	return r->text != NULL ? 0 : err_set(e, ERR_LIMIT, "no room for the reply");
}

/* ---- the other rules ---- */

/* Without those that `revoke` would take back, or without this one. */
static bool goes(const struct what_if *w, const struct rule *r)
{
	const struct request_desk *d = &w->q->u.desk;

	if (d->text != NULL)
		return false;
	if (d->jid == NULL)
		return r->number == d->number;
	return r->verdict == VERDICT_ALLOW && r->subject.kind == w->rule->subject.kind &&
	    strcmp(r->subject.text, d->jid) == 0 && (w->rule->target.kind == TARGET_ALL ||
	    (r->target.kind == TARGET_THING &&
	    memcmp(r->target.id, w->rule->target.id, OWNERSHIP_ID) == 0));
}

static struct policy *other_rules(const struct what_if *w, const struct book *b, struct err *e)
{
	struct policy *all = policy_new();
	bool failed = all == NULL;

	for (size_t i = 0; !failed && b != NULL && i < policy_count(b->rules); i++)
		failed = !goes(w, policy_at(b->rules, i)) &&
		    policy_add(all, policy_at(b->rules, i), e) != 0;
	/* A revoke denies him what other rules would still allow. */
	if (!failed && (w->q->u.desk.text != NULL || w->q->u.desk.jid != NULL))
		failed = policy_add(all, w->rule, e) != 0;
	if (!failed)
		return all;
	policy_free(&all);
	return NULL;
}

static int look(struct what_if *w, const struct book *b, struct reply *r, struct err *e)
{
	struct policy *then = other_rules(w, b, e), *none = policy_new();
	int ret = -1;

	w->change = pool_alloc(w->q->pool, WHAT_IF_CHANGES * sizeof(*w->change));
	w->then = then;
	w->now = b != NULL ? b->rules : none;
	w->more = w->q->u.desk.text != NULL ? w->then : w->now;
	if (then == NULL || none == NULL || w->change == NULL) {
		err_set(e, ERR_LIMIT, "no room to compare rules");
	} else if (find_moment(w, e) == 0) {
		find_people(w, b);
		ret = compare_all(w, e) == 0 ? say(w, r, e) : -1;
	}
	policy_free(&then);
	policy_free(&none);
	return ret;
}

/* The line, as it would be made; false: *r says why it cannot be. */
static bool read_line(struct provisioning *p, const struct request *q, const struct owned *t,
    struct rule *rule, struct reply *r)
{
	struct err why = ERR_INIT;
	const char *not;

	if (policy_parse_line(rule, q->u.desk.text, provisioning_now(p),
		provisioning_zone(p, q->bare), q->pool, &why) != 0) {
		reply_error(r, COND_BAD_REQUEST);
		return false;
	}
	if (rule->target.kind == TARGET_THING) {
		if (!owned_by(t, q->bare)) {
			reply_error(r, COND_ITEM_NOT_FOUND);
			return false;
		}
		rules_bind(rule, t);
	}
	not = known_complete(p, q->bare, rule, q->pool);
	if (not == NULL)
		return true;
	r->kind = REPLY_RESULT;
	r->body = BODY_TEXT;
	r->text = not;
	return false;
}

/* The rule that would go, or the deny that a revoke may need. */
static bool find_rule(const struct request *q, const struct owned *t, const struct book *b,
    struct rule *rule, struct reply *r)
{
	const char *jid = q->u.desk.jid;
	const struct rule *there = jid != NULL || b == NULL ? NULL :
	    policy_by_number(b->rules, q->u.desk.number);

	if (jid != NULL) {
		*rule = (struct rule){ .verdict = VERDICT_DENY, .actions = RULE_EVERYTHING,
			.subject = { strchr(jid, '@') != NULL ? SUBJECT_JID : SUBJECT_DOMAIN, jid } };
		if (t != NULL)
			rules_bind(rule, t);
		return true;
	}
	if (there == NULL || rule_copy(rule, there, q->pool) != 0) {
		reply_error(r, COND_ITEM_NOT_FOUND);
		return false;
	}
	return true;
}

int owner_what_if(struct provisioning *p, const struct request *q, struct reply *r, struct err *e)
{
	struct what_if *w = pool_zalloc(q->pool, sizeof(*w));
	const struct owned *t = q->u.desk.thing_id == NULL ? NULL :
	    ownership_by_id(p->deps.ownership, q->u.desk.thing_id);
	const struct book *b;
	struct rule rule;

	if (w == NULL)
		return err_set(e, ERR_LIMIT, "no room to compare rules");
	if (access_book(p->access, q->bare, &b, e) != 0)
		return -1;
	if (q->u.desk.text != NULL ? !read_line(p, q, t, &rule, r) : !find_rule(q, t, b, &rule, r))
		return 0;
	w->p = p;
	w->q = q;
	w->owner = q->bare;
	w->rule = &rule;
	return look(w, b, r, e);
}
