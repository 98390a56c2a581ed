/* SPDX-License-Identifier: Apache-2.0 */
/*
 * what_if: what a rule would change, before there is one: the decisions of now
 * beside those with the rule added, for everybody this owner's rules and
 * questions know by address.  Nothing is written.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/base/str.h"
#include "provisioning/role.h"

#define WHAT_IF_LINES 20	/* changes shown; the rest is counted */
#define WHAT_IF_PEOPLE 200
#define WHAT_IF_THINGS 500
#define SENTENCE_BYTES (16 * 1024)

struct what_if {
	struct provisioning *p;
	const struct request *q;
	const struct rule *rule;
	const struct policy *with;	/* the owner's rules and the new one */
	size_t n_people;
	const char *person[WHAT_IF_PEOPLE];
	size_t changes;
	struct buf text;
};

static void add_person(struct what_if *w, const struct subject *s)
{
	if (s->kind != SUBJECT_JID || w->n_people == WHAT_IF_PEOPLE ||
	    !rules_cover(&w->rule->subject, s->text))
		return;
	for (size_t i = 0; i < w->n_people; i++)
		if (strcmp(w->person[i], s->text) == 0)
			return;
	w->person[w->n_people++] = s->text;
}

static void find_people(struct what_if *w, const struct book *b)
{
	add_person(w, &w->rule->subject);
	for (size_t i = 0; b != NULL && i < policy_count(b->rules); i++)
		add_person(w, &policy_at(b->rules, i)->subject);
	for (size_t i = 0; b != NULL && i < b->n_questions; i++)
		add_person(w, &b->question[i]->rule.subject);
}

static struct policy *copy_rules(const struct book *b, const struct rule *more, struct err *e)
{
	struct policy *all = policy_new();
	bool failed = all == NULL;

	for (size_t i = 0; !failed && b != NULL && i < policy_count(b->rules); i++)
		failed = policy_add(all, policy_at(b->rules, i), e) != 0;
	if (!failed && policy_add(all, more, e) == 0)
		return all;
	policy_free(&all);
	return NULL;
}

static void note_change(struct what_if *w, const char *person, enum action a,
    const struct owned *t, const struct answer *now, const struct answer *then)
{
	struct buf who, which, was, will;

	if (w->changes++ >= WHAT_IF_LINES)
		return;
	if (w->changes == 1)
		saying_add(&w->text, N_("With this rule, which I have not made:"), NULL);
	buf_init(&who, SENTENCE_BYTES);
	buf_init(&which, SENTENCE_BYTES);
	buf_init(&was, 64);
	buf_init(&will, 64);
	str_escape(&who, person, 200, true);
	str_escape(&which, provisioning_label(t), 64, true);
	saying_part(&was, verdict_name(now->verdict), NULL);
	saying_part(&will, verdict_name(then->verdict), NULL);
	saying_add(&w->text, then->verdict == VERDICT_ALLOW && then->n_names > 0 ?
	    N_("\n- %1, %2 \"%3\": %4 now, %5 then (in part)") :
	    N_("\n- %1, %2 \"%3\": %4 now, %5 then"), buf_str(&who), action_name(a),
	    buf_str(&which), buf_str(&was), buf_str(&will), NULL);
	buf_fini(&who);
	buf_fini(&which);
	buf_fini(&was);
	buf_fini(&will);
}

/* Of everything, or of what the rule names: a name alone may change. */
static int compare(struct what_if *w, const char *person, enum action a, const struct owned *t,
    struct pool *pool, struct err *e)
{
	struct access_facts f = provisioning_moment(w->p, a, person);
	const char **space = pool_alloc(pool, 2 * POLICY_NAMES * sizeof(*space));
	struct access_thing at;
	struct answer now, then;

	if (space == NULL)
		return err_set(e, ERR_LIMIT, "no room to compare rules");
	if (provisioning_thing(w->p, t, person, pool, &at, e) != 0)
		return -1;
	if (w->rule->n_names > 0)
		f.names = (struct name_list){ w->rule->n_names, w->rule->names };
	access_decide_thing(&f, &at, &(struct answer_space){ .n_names = POLICY_NAMES, .names = space },
	    &now);
	at.rules = w->with;
	access_decide_thing(&f, &at,
	    &(struct answer_space){ .n_names = POLICY_NAMES, .names = space + POLICY_NAMES }, &then);
	if (now.verdict != then.verdict || now.n_names != then.n_names)
		note_change(w, person, a, t, &now, &then);
	return 0;
}

static int compare_all(struct what_if *w, struct err *e)
{
	const struct owned *t = NULL;
	size_t things = 0;
	struct pool pool;
	int ret = 0;

	pool_init(&pool, WIRE_REQUEST_BYTES);
	while (ret == 0 && things++ < WHAT_IF_THINGS &&
	    (t = ownership_next_of_owner(w->p->deps.ownership, w->q->bare, t)) != NULL)
		for (size_t i = 0; ret == 0 && i < w->n_people; i++)
			for (int a = 0; ret == 0 && a < ACTION_COUNT; a++) {
				if ((w->rule->actions & 1u << a) == 0)
					continue;
				pool_reset(&pool);
				ret = compare(w, w->person[i], (enum action)a, t, &pool, e);
			}
	pool_fini(&pool);
	return ret;
}

static int say(struct what_if *w, struct reply *r, struct err *e)
{
	char more[24];

	(void)snprintf(more, sizeof(more), "%zu", w->changes - WHAT_IF_LINES);
	if (w->changes == 0)
		saying_add(&w->text, N_("With this rule nothing would change for anybody I know of. I "
		    "have not made it."), NULL);
	else if (w->changes > WHAT_IF_LINES)
		saying_add(&w->text, N_("\n... and %1 more"), more, NULL);
	r->kind = REPLY_RESULT;
	r->body = BODY_TEXT;
	r->text = pool_strdup(w->q->pool, buf_str(&w->text));
	return r->text != NULL ? 0 : err_set(e, ERR_LIMIT, "no room for the reply");
}

int owner_what_if(struct provisioning *p, const struct request *q, struct reply *r, struct err *e)
{
	struct what_if w = { .p = p, .q = q };
	const struct owned *t = q->u.desk.thing_id == NULL ? NULL :
	    ownership_by_id(p->deps.ownership, q->u.desk.thing_id);
	struct policy *with;
	const struct book *b;
	struct err why = ERR_INIT;
	struct rule rule;
	int ret;

	if (policy_parse_line(&rule, q->u.desk.text, provisioning_now(p),
		provisioning_zone(p, q->bare), q->pool, &why) != 0) {
		reply_error(r, COND_BAD_REQUEST);
		return 0;
	}
	if (rule.target.kind == TARGET_THING) {
		if (!owned_by(t, q->bare)) {
			reply_error(r, COND_ITEM_NOT_FOUND);
			return 0;
		}
		rules_bind(&rule, t);
	}
	if (access_book(p->access, q->bare, &b, e) != 0 ||
	    (with = copy_rules(b, &rule, e)) == NULL)
		return -1;
	w.rule = &rule;
	w.with = with;
	buf_init(&w.text, SENTENCE_BYTES);
	find_people(&w, b);
	ret = compare_all(&w, e);
	if (ret == 0)
		ret = say(&w, r, e);
	buf_fini(&w.text);
	policy_free(&with);
	return ret;
}
