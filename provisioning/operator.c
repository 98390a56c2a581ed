/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operator: the operator speaks, by kithctl or a signal: roles of people, and
 * his policy.  What changes counts from the commit; whoever may hold an answer
 * from before is made to forget (recall.h).  The rules themselves are
 * operator_policy.c.
 */
#include "config.h"

#include <string.h>

#include "provisioning/role.h"
#include "provisioning/token.h"

static int refuse(struct reply *r, enum condition c, const char *why)
{
	reply_error(r, c);
	r->text = why;
	return 0;
}

static int say(struct reply *r, const char *text, struct err *e)
{
	r->kind = REPLY_RESULT;
	r->body = BODY_TEXT;
	r->text = text;
	return text != NULL ? 0 : err_set(e, ERR_LIMIT, "no room for the reply");
}

static int note(struct provisioning *p, const char *actor, const char *object, const char *detail,
    struct err *e)
{
	const struct audit_event ev = { .what = AUDIT_OPERATOR, .actor = actor, .object = object,
		.detail = detail };

	return p->deps.audit == NULL ? 0 : audit_add(p->deps.audit, &ev, e);
}

/* ---- roles ---- */

/* desk.name of desk.jid; desk.yes_no: has it, or has it no more. */
static int change_role(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e)
{
	bool add = q->u.desk.yes_no == ANSWER_YES;
	const char *jid = q->u.desk.jid, *name = q->u.desk.name;
	struct err why = ERR_INIT;
	int rc;

	rc = add ? role_table_add(p->roles, jid, name, &why) :
	    role_table_remove(p->roles, jid, name, &why);
	if (rc < 0 && (why.kind == ERR_INPUT || why.kind == ERR_LIMIT))
		return refuse(r, COND_BAD_REQUEST, pool_strdup(q->pool, why.text));
	if (rc < 0) {
		*e = why;
		return -1;
	}
	if (rc == 1 && (note(p, "operator", jid, pool_printf(q->pool, "role %s %s", name,
	    add ? "given" : "taken"), e) != 0 || recall_role(p, name, jid, add, e) != 0 ||
	    recall_begin(p, e) != 0))
		return -1;
	return say(r, pool_printf(q->pool, "%s %s %s", jid, rc == 0 && !add ? "has no role" :
	    rc == 0 ? "has the role already:" : add ? "has the role" : "no longer has the role", name),
	    e);
}

/* ---- his policy ---- */

static const char *version_words(const struct provisioning *p, const struct request *q,
    const char *what)
{
	const struct policy *next = operator_policy_next(p->operator);

	return pool_printf(q->pool, "policy version %lld, %zu rules: %s",
	    (long long)operator_policy_next_version(p->operator), policy_count(next), what);
}

/* rc as of operator_policy_load(). */
static int policy_changed(struct provisioning *p, const struct request *q, int rc,
    const char *how, struct reply *r, struct err *e)
{
	const char *words;

	if (rc == 0)
		return say(r, pool_printf(q->pool, "nothing changes: that is what version %lld says, "
		    "which is in force", (long long)operator_policy_version(p->operator)), e);
	words = version_words(p, q, how);
	if (words == NULL)
		return err_set(e, ERR_LIMIT, "no room for the reply");
	if (note(p, "operator", NULL, words, e) != 0 || recall_everybody(p, e) != 0 ||
	    recall_begin(p, e) != 0)
		return -1;
	return say(r, words, e);
}

static int no_policy(struct reply *r)
{
	return refuse(r, COND_NOT_ALLOWED, "this site has no policy of the operator: set "
	    "[provisioning] policy_file and start kithd again");
}

static int refuse_text(const struct request *q, struct reply *r, const struct err *why)
{
	return refuse(r, COND_BAD_REQUEST, pool_printf(q->pool, "not taken: %s", why->text));
}

/* desk.text, or the file; desk.name: by what; desk.confirmed: also a file that
 * was read before. */
static int load_policy(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e)
{
	const char *text = q->u.desk.text, *by = q->u.desk.name;
	struct err why = ERR_INIT;
	int rc;

	if (operator_policy_state(p->operator) == OPERATOR_NONE)
		return no_policy(r);
	rc = text == NULL ? operator_policy_read(p->operator, q->u.desk.confirmed, by, &why) :
	    operator_policy_load(p->operator, text, strlen(text), by, &why);
	if (rc < 0 && why.kind != ERR_SYSTEM)
		return refuse_text(q, r, &why);
	if (rc < 0) {
		*e = why;
		return -1;
	}
	if (rc == 0 && text == NULL && operator_policy_alarm(p->operator) != NULL)
		return refuse(r, COND_NOT_ACCEPTABLE, pool_printf(q->pool, "not taken: %s",
		    operator_policy_alarm(p->operator)));
	return policy_changed(p, q, rc, by, r, e);
}

static int roll_back(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e)
{
	struct err why = ERR_INIT;
	int rc;

	if (operator_policy_state(p->operator) == OPERATOR_NONE)
		return no_policy(r);
	rc = operator_policy_rollback(p->operator, q->u.desk.number, q->u.desk.name, &why);
	if (rc < 0 && why.kind != ERR_SYSTEM)
		return refuse_text(q, r, &why);
	if (rc < 0) {
		*e = why;
		return -1;
	}
	return policy_changed(p, q, rc, q->u.desk.name, r, e);
}

/* ---- the table ---- */

static const struct {
	enum verb verb;
	int (*fn)(struct provisioning *p, const struct request *q, struct reply *r, struct err *e);
} acts[] = {
	{ VERB_ROLE, change_role },
	{ VERB_TOKEN_REVOKE, token_revoke_serve },
	{ VERB_POLICY_LOAD, load_policy },
	{ VERB_POLICY_ROLLBACK, roll_back },
};

bool provisioning_operates(enum verb v)
{
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (acts[i].verb == v)
			return true;
	return false;
}

int provisioning_operate(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e)
{
	int rc;

	memset(r, 0, sizeof(*r));
	for (size_t i = 0; q->by_operator && i < sizeof(acts) / sizeof(acts[0]); i++)
		if (acts[i].verb == q->verb) {
			rc = acts[i].fn(p, q, r, e);
			recall_end(p);
			return rc;
		}
	return refuse(r, COND_FEATURE_NOT_IMPLEMENTED, "provisioning knows no such act");
}

struct operator_policy *provisioning_operator_policy(const struct provisioning *p)
{
	return p->operator;
}

const struct role_table *provisioning_roles(const struct provisioning *p)
{
	return p->roles;
}
