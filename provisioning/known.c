/* SPDX-License-Identifier: Apache-2.0 */
/*
 * known: what a line of an owner speaks of is looked up: sets, tokens and roles.
 * A beginning that fits one token is completed, what does not exist is said,
 * and so is what the line cannot do.  Decides nothing.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/base/pool.h"
#include "common/base/str.h"
#include "common/store/token.h"
#include "provisioning/asker.h"
#include "provisioning/role.h"
#include "provisioning/role_table.h"

#define TOKEN_BEGIN 8		/* letters of a token's name that may stand for it */
#define NAME_SHOWN 64

static const char *quoted(struct pool *pool, const char *sentence, const char *name)
{
	const char *text;
	struct buf b;

	buf_init(&b, POLICY_LINE);
	buf_addc(&b, '"');
	str_escape(&b, name, NAME_SHOWN, true);
	buf_addc(&b, '"');
	text = saying(pool, sentence, buf_str(&b), NULL);
	buf_fini(&b);
	return text;
}

/* ---- sets ---- */

static const char *complete_set(const struct provisioning *p, const char *owner, struct rule *r,
    struct pool *pool)
{
	const struct thing_set *s;

	if (r->target.kind != TARGET_SET)
		return NULL;
	s = p->deps.sets == NULL ? NULL : thing_set_find(p->deps.sets, owner, r->target.name);
	if (s == NULL)
		return quoted(pool, N_("You have no set called %1. To see your sets, send: sets"),
		    r->target.name);
	r->target.name = pool_strdup(pool, s->name);
	return NULL;
}

/* ---- tokens ---- */

static bool is_token(const struct subject *s)
{
	return s->kind == SUBJECT_SERVICE || s->kind == SUBJECT_DEVICE || s->kind == SUBJECT_USER;
}

/* A whole name may be of one that is over: its rules wait for the next of the
 * same certificate. */
static const char *complete_token(const struct provisioning *p, struct rule *r, struct pool *pool)
{
	const struct token *t, *found = NULL;
	size_t len = is_token(&r->subject) ? strlen(r->subject.text) : 0, fits = 0;

	if (!is_token(&r->subject) || len == TOKEN_NAME - 1)
		return NULL;
	for (size_t i = 0; p->deps.tokens != NULL && len >= TOKEN_BEGIN &&
	    (t = token_at(p->deps.tokens, i)) != NULL; i++)
		if (str_case_starts(t->name, r->subject.text)) {
			fits += found == NULL || strcmp(found->name, t->name) != 0;
			found = t;
		}
	if (fits > 1)
		return quoted(pool, N_("Several tokens begin with %1. Write more of its name."),
		    r->subject.text);
	if (fits == 0)
		return quoted(pool, N_("I know no token called %1. To see those that came to your "
		    "things, send: tokens"), r->subject.text);
	r->subject.text = pool_strdup(pool, found->name);
	return NULL;
}

const char *known_complete(const struct provisioning *p, const char *owner, struct rule *r,
    struct pool *pool)
{
	const char *why = complete_set(p, owner, r, pool);

	return why != NULL ? why : complete_token(p, r, pool);
}

/* ---- what is to be known about a rule ---- */

static bool has_role(const struct provisioning *p, const char *role)
{
	const struct role_person *one;

	for (size_t i = 0; (one = role_table_at(p->roles, i)) != NULL; i++)
		for (size_t k = 0; k < one->n; k++)
			if (strcmp(one->role[k], role) == 0)
				return true;
	return false;
}

/* What no other facts are needed for: a tag costs a look at all of them. */
static bool may_be_about(const struct provisioning *p, const struct rule *r,
    const struct owned *t)
{
	const struct thing_set *s;

	if (r->target.kind == TARGET_THING)
		return memcmp(r->target.id, t->id, OWNERSHIP_ID) == 0;
	if (r->target.kind != TARGET_SET || p->deps.sets == NULL)
		return true;
	s = thing_set_find(p->deps.sets, t->owner, r->target.name);
	return s != NULL && thing_set_has(s, t->id);
}

/* A client that keeps no lease cannot be told of values either. */
static bool keeps_limits(const struct provisioning *p, const struct owned *t)
{
	const struct asker *k = asker_find(p->askers, t->jid);

	return k == NULL || k->keeps_lease;
}

static void space(struct buf *out)
{
	if (out->len > 0)
		buf_addc(out, ' ');
}

static void note_limits(const struct provisioning *p, const char *owner, const struct rule *r,
    struct pool *pool, struct buf *out)
{
	const struct owned *t = NULL, *one = NULL;
	size_t n = 0;
	char number[24];

	if ((r->n_spans == 0 && r->rate_n == 0) || r->target.kind == TARGET_TAG)
		return;
	while ((t = ownership_next_of_owner(p->deps.ownership, owner, t)) != NULL)
		if (may_be_about(p, r, t) && !keeps_limits(p, t)) {
			one = t;
			n++;
		}
	if (n == 0)
		return;
	(void)snprintf(number, sizeof(number), "%zu", n);
	space(out);
	if (r->verdict != VERDICT_ALLOW)
		saying_add(out, n == 1 ? N_("One of the things cannot tell values apart: there it is "
		    "about all of them.") : N_("%1 of the things cannot tell values apart: there it "
		    "is about all of them."), number, NULL);
	else if (n == 1)
		buf_adds(out, quoted(pool, N_("%1 cannot keep to values or rates, so this rule "
		    "allows nothing there."), provisioning_label(one)));
	else
		saying_add(out, N_("%1 of the things cannot keep to values or rates, so this rule "
		    "allows nothing there."), number, NULL);
}

const char *known_note(const struct provisioning *p, const char *owner, const struct rule *r,
    struct pool *pool)
{
	const char *text = NULL;
	struct buf out;

	buf_init(&out, POLICY_LINE);
	if (r->touch)
		saying_add(&out, N_("That takes a touch of your security key, and none can be given yet: "
		    "for now everybody but you is refused."), NULL);
	if (r->subject.kind == SUBJECT_ROLE && !has_role(p, r->subject.text)) {
		space(&out);
		buf_adds(&out, quoted(pool, N_("Nobody has the role %1 now; the operator gives roles."),
		    r->subject.text));
	}
	note_limits(p, owner, r, pool, &out);
	if (out.len > 0)
		text = pool_strdup(pool, buf_str(&out));
	buf_fini(&out);
	return text;
}
