/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token_owner: what people say about tokens.  An owner sees those that his rules
 * name and those that were shown at his things since we started, and takes back
 * what his rules allow them; the operator makes a token worthless for everybody.
 * A token of somebody else is not an owner's to end.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioning/role.h"
#include "provisioning/token.h"

#define SIGHTINGS 512		/* the oldest falls out */
#define LISTED 100		/* tokens in one answer */

struct sighting {
	char name[TOKEN_NAME];
	enum subject_kind kind;
	uint8_t thing[OWNERSHIP_ID];
	int64_t at_ms;		/* 0: free */
};

struct sightings {
	struct sighting row[SIGHTINGS];
};

/* ---- what was shown where, in memory ---- */

int sightings_open(struct sightings **out, struct err *e)
{
	*out = calloc(1, sizeof(**out));
	return *out != NULL ? 0 : err_set(e, ERR_SYSTEM, "out of memory");
}

void sightings_close(struct sightings **s)
{
	free(*s);
	*s = NULL;
}

static void see(struct sightings *s, const struct subject *who, const struct owned *t,
    int64_t now_ms)
{
	struct sighting *place = &s->row[0];

	for (size_t i = 0; i < SIGHTINGS; i++) {
		struct sighting *x = &s->row[i];

		if (x->at_ms != 0 && x->kind == who->kind && strcmp(x->name, who->text) == 0 &&
		    memcmp(x->thing, t->id, OWNERSHIP_ID) == 0) {
			place = x;
			break;
		}
		if (x->at_ms < place->at_ms)
			place = x;
	}
	*place = (struct sighting){ .kind = who->kind, .at_ms = now_ms };
	(void)snprintf(place->name, sizeof(place->name), "%s", who->text);
	memcpy(place->thing, t->id, OWNERSHIP_ID);
}

void sightings_note(struct provisioning *p, const struct access_facts *f)
{
	for (size_t i = 0; i < f->n; i++)
		for (size_t k = 0; k < f->n_shown && f->thing[i].thing != NULL; k++)
			see(p->sightings, &f->shown[k], f->thing[i].thing, f->now_ms);
}

/* ---- the owner's list ---- */

struct listing {
	size_t n;
	struct subject who[LISTED];
	const char *at[LISTED];		/* where it was shown; NULL: only named by a rule */
};

static bool is_token(enum subject_kind kind)
{
	return kind == SUBJECT_SERVICE || kind == SUBJECT_DEVICE || kind == SUBJECT_USER;
}

static void list_one(struct listing *l, const struct subject *who, const char *at)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->who[i].kind == who->kind && strcmp(l->who[i].text, who->text) == 0) {
			l->at[i] = l->at[i] != NULL ? l->at[i] : at;
			return;
		}
	if (l->n == LISTED)
		return;
	l->who[l->n] = *who;
	l->at[l->n++] = at;
}

static int list_all(struct provisioning *p, const char *owner, struct listing *l, struct err *e)
{
	const struct book *b;

	if (access_book(p->access, owner, &b, e) != 0)
		return -1;
	for (size_t i = 0; i < SIGHTINGS; i++) {
		const struct sighting *s = &p->sightings->row[i];
		const struct owned *t = s->at_ms == 0 ? NULL :
		    ownership_by_id(p->deps.ownership, s->thing);

		if (t != NULL && owned_by(t, owner))
			list_one(l, &(struct subject){ s->kind, s->name }, provisioning_label(t));
	}
	for (size_t i = 0; b != NULL && i < policy_count(b->rules); i++)
		if (is_token(policy_at(b->rules, i)->subject.kind))
			list_one(l, &policy_at(b->rules, i)->subject, NULL);
	return 0;
}

static void say_day(const struct provisioning *p, const char *owner, int64_t at_ms,
    char out[static 16])
{
	struct date d = date_from_ms(at_ms, provisioning_zone(p, owner));

	(void)snprintf(out, 16, "%04d-%02d-%02d", d.year % 10000, d.month % 100, d.day % 100);
}

static void say_token(const struct provisioning *p, const char *owner, const struct listing *l,
    size_t i, struct buf *out)
{
	static const char *const kinds[] = {
		[SUBJECT_SERVICE] = "service", [SUBJECT_DEVICE] = "device", [SUBJECT_USER] = "user"
	};
	const struct token *t = token_by_name(p->deps.tokens, l->who[i].text);
	char since[16], until[16];
	struct buf named;

	buf_init(&named, 128);
	buf_addf(&named, "%s token %s", kinds[l->who[i].kind], l->who[i].text);
	if (t == NULL) {
		saying_add(out, N_("\n%1: over, or never seen here"), buf_str(&named), NULL);
	} else {
		say_day(p, owner, t->issued_ms, since);
		say_day(p, owner, t->until_ms, until);
		saying_add(out, N_("\n%1: of %2, since %3, until %4"), buf_str(&named), t->jid,
		    since, until, NULL);
	}
	if (l->at[i] != NULL)
		saying_add(out, N_(", shown at %1"), l->at[i], NULL);
	buf_fini(&named);
}

static int say_text(const struct request *q, struct reply *r, struct buf *said, struct err *e)
{
	r->kind = REPLY_RESULT;
	r->body = BODY_TEXT;
	r->text = buf_ok(said) ? pool_strdup(q->pool, buf_str(said)) : NULL;
	buf_fini(said);
	return r->text != NULL ? 0 : err_set(e, ERR_LIMIT, "no room for the reply");
}

int token_list(struct provisioning *p, const struct request *q, struct reply *r, struct err *e)
{
	struct listing l = { 0 };
	struct buf said;

	if (p->deps.tokens == NULL) {
		reply_error(r, COND_FEATURE_NOT_IMPLEMENTED);
		return 0;
	}
	if (list_all(p, q->bare, &l, e) != 0)
		return -1;
	buf_init(&said, 64 * 1024);
	if (l.n == 0)
		saying_add(&said, N_("No token was shown at your things, and none of your rules "
		    "names one."), NULL);
	else
		saying_add(&said, N_("Tokens at your things. A rule names one like this: allow "
		    "service token NAME to read of THING. To take it back: revoke token NAME"),
		    NULL);
	for (size_t i = 0; i < l.n; i++)
		say_token(p, q->bare, &l, i, &said);
	return say_text(q, r, &said, e);
}

/* ---- taking back ---- */

/* Every rule of his that names it; other rules may still let its holder in. */
static int withdraw(struct provisioning *p, const char *owner, const char *name, size_t *removed,
    struct err *e)
{
	const struct book *b;

	if (access_book(p->access, owner, &b, e) != 0)
		return -1;
	for (size_t i = 0; b != NULL && i < policy_count(b->rules);) {
		const struct rule *r = policy_at(b->rules, i);

		if (!is_token(r->subject.kind) || strcmp(r->subject.text, name) != 0 ||
		    r->verdict == VERDICT_DENY) {
			i++;
			continue;
		}
		if (rules_withdraw_alone(p, owner, r->number, e) != 0)
			return -1;
		++*removed;
		i = 0;
	}
	return 0;
}

static int revoke_of_owner(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e)
{
	size_t removed = 0;
	char n[24];
	struct buf said;

	if (withdraw(p, q->bare, q->u.desk.name, &removed, e) != 0)
		return -1;
	if (removed == 0) {
		reply_error(r, COND_ITEM_NOT_FOUND);
		return 0;
	}
	(void)snprintf(n, sizeof(n), "%zu", removed);
	buf_init(&said, 1024);
	if (removed == 1)
		saying_add(&said, N_("Done: 1 of your rules is gone. The token %1 opens nothing of "
		    "yours any more."), q->u.desk.name, NULL);
	else
		saying_add(&said, N_("Done: %1 of your rules are gone. The token %2 opens nothing "
		    "of yours any more."), n, q->u.desk.name, NULL);
	return say_text(q, r, &said, e);
}

static int recall_name(struct provisioning *p, const char *name, struct err *e)
{
	const struct policy *rules = operator_policy_rules(p->operator);

	if (rules != NULL && policy_names(rules, FACT_TOKEN, name))
		return recall_everybody(p, e);
	for (enum subject_kind k = SUBJECT_SERVICE; k <= SUBJECT_USER; k++)
		if (recall_subject(p, &(struct subject){ k, name }, e) != 0)
			return -1;
	return 0;
}

/* The users that it vouched for lose their tokens with it. */
static int recall_users(struct provisioning *p, const char *name, struct err *e)
{
	const struct token *t;

	for (size_t i = 0; (t = token_at(p->deps.tokens, i)) != NULL; i++)
		if (t->service != NULL && strcmp(t->service, name) == 0 &&
		    recall_name(p, t->name, e) != 0)
			return -1;
	return 0;
}

static int revoke_for_all(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e)
{
	const struct audit_event ev = { .what = AUDIT_OPERATOR, .actor = "operator",
		.detail = pool_printf(q->pool, "token %s revoked", q->u.desk.name) };
	int n;

	if (recall_name(p, q->u.desk.name, e) != 0 || recall_users(p, q->u.desk.name, e) != 0)
		return -1;
	n = token_revoke(p->deps.tokens, q->u.desk.name, e);
	if (n < 0 || (p->deps.audit != NULL && audit_add(p->deps.audit, &ev, e) != 0) ||
	    recall_begin(p, e) != 0)
		return -1;
	r->kind = REPLY_RESULT;
	r->body = BODY_TEXT;
	r->text = pool_printf(q->pool, "%d tokens are worth nothing any more; a certificate of that "
	    "name gets none (until: kithctl token forgive %s)", n, q->u.desk.name);
	return r->text != NULL ? 0 : err_set(e, ERR_LIMIT, "no room for the reply");
}

static int forgive(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e)
{
	int n = token_forgive(p->deps.tokens, q->u.desk.name, e);

	if (n < 0)
		return -1;
	if (n == 0) {
		reply_error(r, COND_ITEM_NOT_FOUND);
		r->text = "no certificate of that name was revoked";
		return 0;
	}
	r->kind = REPLY_RESULT;
	r->body = BODY_TEXT;
	r->text = "its holder may ask for a token again";
	return 0;
}

int token_revoke_serve(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e)
{
	if (p->deps.tokens == NULL || strlen(q->u.desk.name) != TOKEN_NAME - 1) {
		reply_error(r, COND_ITEM_NOT_FOUND);
		r->text = q->by_operator ? "a token's name has 26 letters and digits: see kithctl "
		    "token list" : NULL;
		return 0;
	}
	if (!q->by_operator)
		return revoke_of_owner(p, q, r, e);
	return q->u.desk.yes_no == ANSWER_YES ? revoke_for_all(p, q, r, e) : forgive(p, q, r, e);
}
