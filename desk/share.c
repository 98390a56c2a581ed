/* SPDX-License-Identifier: Apache-2.0 */
/*
 * share: letting somebody in for a while, said in one line: what he may do
 * becomes rules, each with an end.  A guest also becomes a friend of the thing,
 * or he could not talk to it.
 */
#include "config.h"

#include <string.h>

#include "common/base/str.h"
#include "desk/role.h"
#include "desk/token.h"

#define GUEST_WORDS "for 1 d"	/* when he says no time */
#define SHARE_RULES 3

struct wish {
	bool read, control;
	const char *names;	/* fields or parameters; "" all */
	const char *until;	/* "for 2 h" */
};

static bool is_clause(const char *w)
{
	return token_is(w, "for") || token_is(w, "until") || token_is(w, "daily");
}

/* "[to] read [and control] [NAMES] [for ...]" */
static int read_wish(struct wish *w, const char *text, struct pool *pool)
{
	const char *at = text, *names;

	token_skip(pool, &at, "to");
	w->read = token_skip(pool, &at, "read");
	if (!w->read || token_skip(pool, &at, "and"))
		w->control = token_skip(pool, &at, "control");
	if (w->control && token_skip(pool, &at, "and") && !w->read)
		w->read = token_skip(pool, &at, "read");
	names = at;
	while (*at != '\0') {
		const char *before = at;
		bool quoted;
		const char *word = token_take(pool, &at, &quoted);

		if (word == NULL)
			return -1;
		if (!quoted && is_clause(word)) {
			at = before;
			break;
		}
	}
	if (at != names && !w->read && !w->control)
		return -1;
	w->names = token_trim(pool_strndup(pool, names, (size_t)(at - names)));
	w->until = *at != '\0' ? at : GUEST_WORDS;
	if (strstr(w->until, "for ") == NULL && strstr(w->until, "until ") == NULL)
		w->until = pool_printf(pool, "%s %s", GUEST_WORDS, w->until);
	if (!w->read && !w->control)
		w->read = true;
	return 0;
}

/* Each is one line of the policy language, as if he had typed it. */
static int add_rule(struct desk *d, const struct request *q, const char *what,
    const struct wish *w, struct reply *r, struct err *e)
{
	struct request one = *q;
	struct rule rule;
	char hex[2 * OWNERSHIP_ID + 1];
	int rc;

	str_hex(hex, q->u.desk.thing_id, OWNERSHIP_ID);
	one.verb = VERB_RULE_ADD;
	one.u.desk.text = pool_printf(q->pool, "allow %s to %s \"%s\" %s", q->u.desk.jid, what, hex,
	    w->until);
	if (one.u.desk.text == NULL)
		return err_set(e, ERR_LIMIT, "the message is too long");
	rc = resolve_policy(d, &one, &rule, r, e);
	if (rc != 1)
		return rc;
	return desk_serve_role(d, &one, r, e) != 0 ? -1 :
	    r->kind == REPLY_RESULT && r->body == BODY_RULE;
}

int share_serve(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	const char *action[SHARE_RULES];
	struct rule_line *line = pool_alloc(q->pool, SHARE_RULES * sizeof(*line));
	struct wish w = { 0 };
	size_t n = 0;

	if (line == NULL)
		return err_set(e, ERR_LIMIT, "the message is too long");
	/* Rules of somebody else than the owner are not built yet. */
	if (q->u.desk.co_owner) {
		reply_error(r, COND_FEATURE_NOT_IMPLEMENTED);
		return 0;
	}
	if (read_wish(&w, q->u.desk.text != NULL ? q->u.desk.text : "", q->pool) != 0 ||
	    w.names == NULL || w.until == NULL) {
		reply_error(r, COND_BAD_REQUEST);
		return 0;
	}
	action[n++] = "befriend";
	if (w.read)
		action[n++] = pool_printf(q->pool, "read %s of", w.names);
	if (w.control)
		action[n++] = pool_printf(q->pool, "control %s of", w.names);
	for (size_t i = 0; i < n; i++) {
		int rc = action[i] == NULL ? -1 : add_rule(d, q, action[i], &w, r, e);

		/* Refused, and said why: the first of them is, if any. */
		if (rc != 1)
			return rc;
		line[i] = r->u.rules.rule[0];
	}
	r->u.rules.n = n;
	r->u.rules.rule = line;
	return 0;
}
