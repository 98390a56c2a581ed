/* SPDX-License-Identifier: Apache-2.0 */
/*
 * share: letting somebody in for a while, said in one line: what he may do
 * becomes rules.  A guest's have an end, and he also becomes a friend of the
 * thing, or he could not talk to it; a co-owner's let him give what he has.
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

/* A co-owner may all of it, until it is taken back or for as long as is said. */
static int read_co_owner(struct wish *w, const char *text)
{
	w->read = w->control = true;
	w->names = "";
	w->until = text;
	return text[0] == '\0' || str_case_starts(text, "for ") ||
	    str_case_starts(text, "until ") ? 0 : -1;
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

/* Each is one line of the policy language, as if he had typed it: 1; 0 *r says why not. */
static int write_rule(struct desk *d, const struct request *q, const char *what,
    const struct wish *w, struct request *out, struct reply *r, struct err *e)
{
	struct rule rule;
	char hex[2 * OWNERSHIP_ID + 1];

	str_hex(hex, q->u.desk.thing_id, OWNERSHIP_ID);
	*out = *q;
	out->verb = VERB_RULE_ADD;
	out->u.desk.text = what == NULL ? NULL : pool_printf(q->pool,
	    "allow %s to %s \"%s\" %s", q->u.desk.jid, what, hex, w->until);
	if (out->u.desk.text == NULL)
		return err_set(e, ERR_LIMIT, "the message is too long");
	return resolve_policy(d, out, &rule, r, e);
}

int share_serve(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	const char *action[SHARE_RULES], *text = q->u.desk.text != NULL ? q->u.desk.text : "";
	struct request rule[SHARE_RULES];
	struct wish w = { 0 };
	size_t n = 0;

	if ((q->u.desk.co_owner ? read_co_owner(&w, text) : read_wish(&w, text, q->pool)) != 0 ||
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
		int rc = write_rule(d, q, action[i], &w, &rule[i], r, e);

		if (rc != 1)
			return rc;
	}
	return desk_rules(d, rule, n, r, e);
}
