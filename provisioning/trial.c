/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trial: another policy of the operator beside the one in force, thing by thing,
 * for whom rules name.  Nothing is written; the loop over things is the
 * caller's, who has others to serve.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "provisioning/role.h"

#define TRIAL_PEOPLE 200	/* whom the operator's rules name, old and new */
#define TRIAL_OF_OWNER 100	/* and whom the rules of one owner do */

struct provisioning_trial {
	struct provisioning *p;
	struct compiled_policy *then;
	size_t n_people;
	const char *person[TRIAL_PEOPLE];
	bool cut;			/* there were more */
	struct pool pool;		/* of the texts above */
	struct pool scratch;		/* of one comparison */
};

/* A person to stand for a domain or for anybody: nobody is called so. */
static const char *stands_for(const struct subject *s, struct pool *pool)
{
	switch (s->kind) {
	case SUBJECT_JID:
		return pool_strdup(pool, s->text);
	case SUBJECT_DOMAIN:
		return pool_printf(pool, "somebody@%s", s->text);
	case SUBJECT_ANYONE:
	case SUBJECT_SERVICE:
	case SUBJECT_DEVICE:
	case SUBJECT_USER:
	case SUBJECT_ROLE:
		break;
	}
	return NULL;
}

struct people {
	const char **person;
	size_t n, max;
	bool cut;
};

static bool is_among(const char *const *list, size_t n, const char *who)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], who) == 0)
			return true;
	return false;
}

static void add(struct people *p, const char *who)
{
	if (is_among(p->person, p->n, who))
		return;
	if (p->n < p->max)
		p->person[p->n++] = who;
	else
		p->cut = true;
}

static int add_rules(struct people *p, const struct policy *rules, struct pool *pool,
    struct err *e)
{
	for (size_t i = 0; rules != NULL && i < policy_count(rules) && !p->cut; i++) {
		const struct subject *s = &policy_at(rules, i)->subject;
		const char *who;

		if (s->kind != SUBJECT_JID && s->kind != SUBJECT_DOMAIN)
			continue;
		who = stands_for(s, pool);
		if (who == NULL)
			return err_set(e, ERR_LIMIT, "too many people to compare for");
		add(p, who);
	}
	return 0;
}

/* Whoever has a role may be meant by a rule about it. */
static int add_roles(struct people *p, const struct role_table *roles, struct pool *pool,
    struct err *e)
{
	const struct role_person *who;

	for (size_t i = 0; (who = role_table_at(roles, i)) != NULL && !p->cut; i++) {
		const char *copy = pool_strdup(pool, who->jid);

		if (copy == NULL)
			return err_set(e, ERR_LIMIT, "too many people to compare for");
		add(p, copy);
	}
	return 0;
}

static int find_people(struct provisioning_trial *t, struct err *e)
{
	struct people p = { .person = t->person, .max = TRIAL_PEOPLE };

	/* What is new counts most, should there be too many. */
	if (add_rules(&p, operator_policy_compiled_rules(t->then), &t->pool, e) != 0 ||
	    add_rules(&p, operator_policy_rules(t->p->operator), &t->pool, e) != 0 ||
	    add_roles(&p, t->p->roles, &t->pool, e) != 0)
		return -1;
	t->n_people = p.n;
	t->cut = p.cut;
	return 0;
}

int provisioning_trial_begin(struct provisioning *p, struct provisioning_trial **out,
    const char *text, size_t len, struct err *e)
{
	struct provisioning_trial *t;

	if (operator_policy_state(p->operator) == OPERATOR_NONE)
		return err_set(e, ERR_INPUT, "this site has no policy of the operator: set "
		    "[provisioning] policy_file and start kithd again");
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	t->p = p;
	pool_init(&t->pool, 16 * JID_MAX * TRIAL_PEOPLE);
	pool_init(&t->scratch, WIRE_REQUEST_BYTES);
	if (operator_policy_compile(p->operator, text, len, &t->then, e) != 0 ||
	    find_people(t, e) != 0) {
		provisioning_trial_end(&t);
		return -1;
	}
	*out = t;
	return 0;
}

void provisioning_trial_end(struct provisioning_trial **tp)
{
	struct provisioning_trial *t = *tp;

	if (t == NULL)
		return;
	operator_policy_compiled_free(&t->then);
	pool_fini(&t->pool);
	pool_fini(&t->scratch);
	free(t);
	*tp = NULL;
}

bool provisioning_trial_is_cut(const struct provisioning_trial *t)
{
	return t->cut;
}

/* ---- one thing ---- */

struct comparison {
	struct provisioning_trial *t;
	const struct owned *thing;
	provisioning_change_fn *fn;
	void *arg;
};

static void judge(const struct access_facts *f, const struct access_thing *at,
    const char **space, struct answer *out)
{
	access_decide_thing(f, at,
	    &(struct answer_space){ .n_names = POLICY_NAMES, .names = space }, out);
}

static bool same(const struct answer *a, const struct answer *b)
{
	if (a->verdict != b->verdict || a->n_names != b->n_names || a->types != b->types)
		return false;
	for (size_t i = 0; i < a->n_names; i++)
		if (!value_same(a->names[i], b->names[i]))
			return false;
	return true;
}

static int compare(const struct comparison *c, const char *who, enum action action,
    struct err *e)
{
	struct access_facts now = provisioning_moment(c->t->p, action, who), then;
	struct pool *scratch = &c->t->scratch;
	struct access_thing at;
	struct answer a, b;
	const char **space;

	pool_reset(scratch);
	space = pool_alloc(scratch, 2 * POLICY_NAMES * sizeof(*space));
	if (space == NULL)
		return err_set(e, ERR_LIMIT, "no room to compare policies");
	if (provisioning_thing(c->t->p, c->thing, who, scratch, &at, e) != 0)
		return -1;
	then = now;
	then.operator_rules = operator_policy_compiled_rules(c->t->then);
	then.operator_narrowing = operator_policy_compiled_narrowing(c->t->then);
	judge(&now, &at, space, &a);
	judge(&then, &at, space + POLICY_NAMES, &b);
	if (!same(&a, &b)) {
		const struct provisioning_change change = { .who = who, .thing = c->thing,
			.action = action_name(action), .now = verdict_name(a.verdict),
			.then = verdict_name(b.verdict),
			.in_part = b.verdict == VERDICT_ALLOW && b.n_names > 0 };

		c->fn(c->arg, &change);
	}
	return 0;
}

static int compare_all(const struct comparison *c, const char *who, struct err *e)
{
	for (int action = 0; action < ACTION_COUNT; action++)
		if (compare(c, who, (enum action)action, e) != 0)
			return -1;
	return 0;
}

int provisioning_trial_thing(struct provisioning_trial *t, const struct owned *thing,
    struct pool *pool, provisioning_change_fn *fn, void *arg, struct err *e)
{
	const struct comparison c = { t, thing, fn, arg };
	const char *his[TRIAL_OF_OWNER];
	struct people p = { .person = his, .max = TRIAL_OF_OWNER };
	const struct book *book = NULL;

	if (!provisioning_is_owned(thing) && thing->state != OWNED_SELF)
		return 0;
	if (thing->owner != NULL && (access_book(t->p->access, thing->owner, &book, e) != 0 ||
	    (book != NULL && add_rules(&p, book->rules, pool, e) != 0)))
		return -1;
	t->cut = t->cut || p.cut;
	for (size_t i = 0; i < p.n; i++)
		if (compare_all(&c, his[i], e) != 0)
			return -1;
	for (size_t i = 0; i < t->n_people; i++)
		if (!is_among(his, p.n, t->person[i]) && compare_all(&c, t->person[i], e) != 0)
			return -1;
	return 0;
}
