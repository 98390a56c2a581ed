/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account: the ownership code, doubt, and recovery.  Whose account is gone
 * keeps his things and what he allowed others, but nothing is decided in the
 * account's favour until it has shown the code.  Another account of the same
 * person takes over with the code at once, or by the operator after a week
 * that was announced.  Next: transfer.c, which moves the things.
 */
#include "config.h"

#include "registry/account.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "registry/role.h"

#define TOGETHER_MS 30000	/* unsubscribe and unsubscribed of one deletion */
#define ANNOUNCED_MS (INT64_C(7) * 86400000)
#define HEIRS_PER_TICK 100	/* things that change hands in one go */
#define CODE_GROUP 5
#define SENTENCE_BYTES 2048

/* ---- pure ---- */

bool account_may(enum person_doubt doubt, enum account_act act)
{
	switch (doubt) {
	case DOUBT_NONE:
		return true;
	case DOUBT_AWAY:
		return act != ACT_GRAVE;
	case DOUBT_GONE:
		break;
	}
	return act == ACT_ANYBODY;
}

enum person_doubt account_after(enum person_doubt before, enum account_sign sign, bool both)
{
	if (before == DOUBT_GONE || sign == SIGN_GONE || both)
		return DOUBT_GONE;
	return sign == SIGN_UNSUBSCRIBED ? DOUBT_AWAY : before;
}

void account_code_show(char out[static ACCOUNT_CODE], const char code[static IDENT_TEXT])
{
	char *to = out;

	for (size_t i = 0; code[i] != '\0'; i++) {
		if (i > 0 && i % CODE_GROUP == 0)
			*to++ = '-';
		*to++ = code[i];
	}
	*to = '\0';
}

int account_code_fold(char out[static IDENT_TEXT], const char *typed)
{
	size_t n = 0;

	for (; *typed != '\0'; typed++) {
		char c = *typed >= 'A' && *typed <= 'Z' ? (char)(*typed + ('a' - 'A')) : *typed;

		if (c == ' ' || c == '-')
			continue;
		if (!((c >= 'a' && c <= 'z') || (c >= '2' && c <= '7')) || n == IDENT_TEXT - 1)
			return -1;
		out[n++] = c;
	}
	out[n] = '\0';
	return n == IDENT_TEXT - 1 ? 0 : -1;
}

void account_code_hash(uint8_t out[static SECRET_HASH], const struct secret *key,
    const char code[static IDENT_TEXT])
{
	const struct secret_part parts[] = {
		{ "ownership code", 14 }, { code, strlen(code) },
	};

	secret_hmac(out, key, parts, sizeof(parts) / sizeof(parts[0]));
}

/* ---- rows ---- */

static struct person row_of(const struct registry *g, const char *bare)
{
	const struct person *p = g->deps.persons == NULL ? NULL :
	    person_find(g->deps.persons, bare);

	return p != NULL ? *p : (struct person){ .jid = bare };
}

enum person_doubt registry_doubt(const struct registry *g, const char *bare)
{
	enum person_doubt doubt = bare == NULL ? DOUBT_NONE : row_of(g, bare).doubt;

	/* Nothing to protect: the address may begin anew. */
	if (doubt != DOUBT_NONE && ownership_count_of_owner(g->deps.ownership, bare) == 0 &&
	    registry_undo_since(g, bare) < 0)
		return DOUBT_NONE;
	return doubt;
}

bool registry_account_is_gone(const struct registry *g, const char *bare)
{
	return registry_doubt(g, bare) == DOUBT_GONE;
}

static int note(struct registry *g, const char *owner, const char *actor, const char *what,
    struct err *e)
{
	const struct audit_event ev = { .what = AUDIT_ACCOUNT, .owner = owner, .actor = actor,
		.detail = what };

	return g->deps.audit == NULL ? 0 : audit_add(g->deps.audit, &ev, e);
}

/* ---- what presence tells ---- */

/* The other half was here a moment ago; memory only. */
static bool came_together(struct registry *g, const char *bare, enum account_sign sign)
{
	struct registry_sign *free_one = &g->sign[0];
	int64_t now = clock_boot(g->deps.clock);

	for (size_t i = 0; i < REGISTRY_SIGNS; i++) {
		struct registry_sign *s = &g->sign[i];

		if (s->bare != NULL && strcmp(s->bare, bare) == 0 && s->sign != (int)sign &&
		    now - s->at_ms <= TOGETHER_MS)
			return true;
		if (s->at_ms < free_one->at_ms)
			free_one = s;
	}
	free(free_one->bare);
	free_one->bare = strdup(bare);
	free_one->sign = (int)sign;
	free_one->at_ms = now;
	return false;
}

static bool sign_of(const struct request *q, enum account_sign *sign)
{
	switch (q->u.presence.type) {
	case PRESENCE_ERROR:
		*sign = SIGN_GONE;
		return q->u.presence.gone;
	case PRESENCE_UNSUBSCRIBED:
		*sign = SIGN_UNSUBSCRIBED;
		return true;
	case PRESENCE_UNSUBSCRIBE:
		*sign = SIGN_UNSUBSCRIBE;
		return true;
	default:
		return false;
	}
}

int registry_account_heard(struct registry *g, const struct request *q, struct err *e)
{
	enum account_sign sign;
	struct person p;
	enum person_doubt after;
	bool both;

	if (g->deps.persons == NULL || q->bare == NULL || !sign_of(q, &sign) ||
	    ownership_count_of_owner(g->deps.ownership, q->bare) == 0)
		return 0;
	p = row_of(g, q->bare);
	both = sign != SIGN_GONE && came_together(g, q->bare, sign);
	after = account_after(p.doubt, sign, both);
	if (after == p.doubt)
		return 0;
	p.doubt = after;
	if (person_put(g->deps.persons, &p, e) == -1)
		return -1;
	/* What it was told for a while is not true for the time being. */
	if (after == DOUBT_GONE && registry_doubt_changed(g, q->bare, e) == -1)
		return -1;
	return note(g, q->bare, q->bare, after == DOUBT_GONE ?
	    "the account is gone; it must prove itself" :
	    "the account took its subscription back", e);
}

/* Things keep answers: who owns them counts again, or no more. */
int registry_doubt_changed(struct registry *g, const char *owner, struct err *e)
{
	if (g->doubt_changed == NULL)
		return 0;
	return g->doubt_changed(g->doubt_arg, owner, e);
}

void registry_on_doubt(struct registry *g, registry_doubt_fn fn, void *arg)
{
	g->doubt_changed = fn;
	g->doubt_arg = arg;
}

/* ---- the gate ---- */

bool registry_account_refuses(const struct registry *g, const struct request *q,
    enum account_act act, struct reply *r)
{
	if (act == ACT_ANYBODY || q->bare == NULL || account_may(registry_doubt(g, q->bare), act))
		return false;
	reply_error(r, COND_FORBIDDEN);
	r->text = N_("I am not sure that you are who you were: your account was deleted or took "
	    "its subscription back. Send me prove and your ownership code, then try again.");
	return true;
}

/* ---- the ownership code ---- */

/* A new one; the old one is void.  `out`: the only copy, in the request's pool. */
static int renew(struct registry *g, const struct request *q, struct person *p, const char **out,
    struct err *e)
{
	char code[IDENT_TEXT];
	char *shown = pool_alloc(q->pool, ACCOUNT_CODE);
	int rc;

	if (shown == NULL)
		return err_set(e, ERR_LIMIT, "no room for an ownership code");
	if (ident_text(code, e) == -1)
		return -1;
	account_code_hash(p->code_hash, g->deps.hash_key, code);
	p->has_code = true;
	account_code_show(shown, code);
	secret_cleanse(code, sizeof(code));
	rc = person_put(g->deps.persons, p, e);
	*out = rc == 0 ? shown : NULL;
	return rc;
}

/*
 * A name that owned nothing may be somebody else's since.  Were the code of before
 * still good, who has it would take over by `recover` whatever comes to that name.
 */
int registry_account_begins(struct registry *g, const char *owner, struct err *e)
{
	struct person p = row_of(g, owner);

	if (g->deps.persons == NULL || person_find(g->deps.persons, owner) == NULL ||
	    ownership_count_of_owner(g->deps.ownership, owner) != 1)
		return 0;
	p.has_code = false;
	memset(p.code_hash, 0, sizeof(p.code_hash));
	p.doubt = DOUBT_NONE;
	p.heir = NULL;
	p.heir_until_ms = 0;
	return person_put(g->deps.persons, &p, e);
}

int registry_code_at_claim(struct registry *g, const struct request *q, struct reply *r,
    struct err *e)
{
	struct person p = row_of(g, q->bare);

	if (g->deps.persons == NULL)
		return 0;
	if (p.has_code)
		return 0;
	if (q->kind != STANZA_IQ)
		return renew(g, q, &p, &r->u.claimed.code, e);
	/* The code itself is never kept for a message of later. */
	return registry_notice(g, q->bare, "ownership code",
	    N_("Should you ever lose this account, an ownership code proves that your things are "
	    "yours. To get it, send: ownership code"), e);
}

int registry_ownership_code(struct registry *g, const struct request *q, struct reply *r,
    struct err *e)
{
	struct person p = row_of(g, q->bare);
	const char *code;

	if (g->deps.persons == NULL ||
	    ownership_count_of_owner(g->deps.ownership, q->bare) == 0) {
		reply_error(r, COND_NOT_ALLOWED);
		r->text = N_("You own nothing yet, so there is nothing to prove.");
		return 0;
	}
	if (renew(g, q, &p, &code, e) == -1 ||
	    note(g, q->bare, q->bare, "a new ownership code", e) == -1)
		return -1;
	r->kind = REPLY_RESULT;
	r->body = BODY_TEXT;
	r->text = saying(q->pool, N_("Your ownership code, shown only this once, is %1\n"
	    "Keep it safe, not in this chat. It proves that your things are yours should this "
	    "account be lost. Earlier codes are void."), code, NULL);
	return 0;
}

/* The hash of what was typed; false: it cannot be a code. */
static bool typed_hash(const struct registry *g, const struct request *q,
    uint8_t hash[static SECRET_HASH])
{
	char code[IDENT_TEXT];

	if (q->u.desk.code == NULL || account_code_fold(code, q->u.desk.code) != 0)
		return false;
	account_code_hash(hash, g->deps.hash_key, code);
	secret_cleanse(code, sizeof(code));
	return true;
}

static bool fits(const struct person *p, const uint8_t hash[static SECRET_HASH])
{
	return p->has_code && secret_bytes_equal(hash, p->code_hash, SECRET_HASH);
}

static int wrong_code(struct reply *r)
{
	reply_error(r, COND_ITEM_NOT_FOUND);
	r->text = N_("That is not the ownership code.");
	return 0;
}

int registry_prove(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	struct person p = row_of(g, q->bare);
	bool was_gone = p.doubt == DOUBT_GONE;
	uint8_t hash[SECRET_HASH];
	const char *code;

	if (g->deps.persons == NULL || !typed_hash(g, q, hash) || !fits(&p, hash))
		return wrong_code(r);
	p.doubt = DOUBT_NONE;
	p.heir = NULL;
	p.heir_until_ms = 0;
	if (renew(g, q, &p, &code, e) == -1 ||
	    (was_gone && registry_doubt_changed(g, q->bare, e) == -1) ||
	    note(g, q->bare, q->bare, "proved by the ownership code", e) == -1)
		return -1;
	r->kind = REPLY_RESULT;
	r->body = BODY_TEXT;
	r->text = saying(q->pool, N_("Thank you, that proves it: everything is as it was.\n"
	    "Your new ownership code, shown only this once, is %1\nThe old one is used up."), code,
	    NULL);
	return 0;
}

int registry_vouch(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	struct person p = row_of(g, q->u.desk.jid);
	bool was_gone = p.doubt == DOUBT_GONE;

	if (g->deps.persons == NULL || p.doubt == DOUBT_NONE) {
		reply_error(r, COND_NOT_ALLOWED);
		r->text = "nobody doubts that account";
		return 0;
	}
	p.doubt = DOUBT_NONE;
	if (person_put(g->deps.persons, &p, e) == -1 ||
	    (was_gone && registry_doubt_changed(g, p.jid, e) == -1) ||
	    note(g, p.jid, "operator", "vouched for by the operator", e) == -1)
		return -1;
	r->kind = REPLY_RESULT;
	r->body = BODY_TEXT;
	r->text = "it counts as its owner's again";
	return 0;
}

/* ---- recovery ---- */

/* What remains is done by the clock, in slices: there may be many things. */
static int set_heir(struct registry *g, struct person *p, const char *heir, int64_t when_ms,
    struct err *e)
{
	p->heir = heir;
	p->heir_until_ms = when_ms;
	g->heirs_ms = g->heirs_ms < 0 || when_ms < g->heirs_ms ? when_ms : g->heirs_ms;
	return person_put(g->deps.persons, p, e);
}

static int recover_by_operator(struct registry *g, const struct request *q, struct reply *r,
    struct err *e)
{
	struct person p = row_of(g, q->u.desk.jid);
	struct buf b;
	int rc;

	if (set_heir(g, &p, q->u.desk.text, clock_wall(g->deps.clock) + ANNOUNCED_MS, e) == -1 ||
	    note(g, p.jid, "operator", "recovery to another account was announced", e) == -1)
		return -1;
	buf_init(&b, SENTENCE_BYTES);
	saying_add(&b, N_("In 7 days all your things go to %1, because the operator was told that "
	    "you lost this account. If that is not so, send me prove and your ownership code."),
	    registry_escaped(q->u.desk.text, q->pool), NULL);
	rc = registry_tell(g, p.jid, "recovery", &b, e);
	r->kind = REPLY_RESULT;
	r->body = BODY_TEXT;
	r->text = "announced; it takes effect in 7 days";
	return rc;
}

/* Whose code it is: all rows are looked at, whether one fits or not. */
static const struct person *whose_code(const struct registry *g, const struct request *q)
{
	uint8_t hash[SECRET_HASH];
	const struct person *found = NULL;

	if (!typed_hash(g, q, hash))
		return NULL;
	for (size_t i = 0; i < person_count(g->deps.persons); i++)
		if (fits(person_at(g->deps.persons, i), hash))
			found = person_at(g->deps.persons, i);
	return found;
}

static int recover_by_code(struct registry *g, const struct request *q, struct reply *r,
    struct err *e)
{
	const struct person *whose = whose_code(g, q);
	struct person p;

	if (whose == NULL || strcmp(whose->jid, q->bare) == 0)
		return wrong_code(r);
	p = *whose;
	p.has_code = false;
	memset(p.code_hash, 0, sizeof(p.code_hash));
	p.doubt = DOUBT_GONE;
	if (set_heir(g, &p, q->bare, clock_wall(g->deps.clock), e) == -1 ||
	    registry_doubt_changed(g, p.jid, e) == -1 ||
	    note(g, p.jid, q->bare, "recovered by the ownership code", e) == -1)
		return -1;
	r->kind = REPLY_RESULT;
	r->body = BODY_TEXT;
	r->text = N_("That proves it: what that account owned becomes yours now. Each thing is "
	    "told when it is in reach. To see them, send: things");
	return 0;
}

/* `recover CODE`, typed by the new account; or the operator's word. */
int registry_recover(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	const char *to = q->by_operator ? q->u.desk.text : q->bare;

	if (g->deps.persons == NULL || to == NULL || !registry_may_own(g, to) ||
	    (q->by_operator && (q->u.desk.jid == NULL || strcmp(q->u.desk.jid, to) == 0))) {
		reply_error(r, COND_NOT_ALLOWED);
		r->text = N_("Nothing can be handed over to that address.");
		return 0;
	}
	return q->by_operator ? recover_by_operator(g, q, r, e) : recover_by_code(g, q, r, e);
}

/* Things that may not pass just now (disputed, held) stay, and with them the heir. */
static bool may_pass(const struct registry *g, const struct owned *t)
{
	return t->state == OWNED && !t->disputed && t->hold != HOLD_FROZEN &&
	    t->hold != HOLD_OPERATOR && !registry_disown_pending(g, t);
}

/* A slice of what one person leaves; how many, -1. */
static int hand_over(struct registry *g, const struct person *who, int max, struct err *e)
{
	struct person p = *who;
	const struct owned *t = NULL, *next;
	int n = 0;

	next = ownership_next_of_owner(g->deps.ownership, p.jid, NULL);
	while ((t = next) != NULL && n < max) {
		next = ownership_next_of_owner(g->deps.ownership, p.jid, t);
		if (!may_pass(g, t))
			continue;
		if (registry_turn_over(g, t, p.heir, e) == -1)
			return -1;
		n++;
	}
	if (n < max && ownership_count_of_owner(g->deps.ownership, p.jid) == 0) {
		p.doubt = DOUBT_NONE;
		p.heir = NULL;
		p.heir_until_ms = 0;
		if (person_put(g->deps.persons, &p, e) == -1)
			return -1;
	}
	return n;
}

#define LATER_MS 60000		/* something of it could not pass yet */

int registry_tick_heirs(struct registry *g, struct err *e)
{
	int64_t now = clock_wall(g->deps.clock), next = -1;
	int n = 0, got;

	if (g->deps.persons == NULL || g->heirs_ms < 0 || now < g->heirs_ms)
		return 0;
	for (size_t i = 0; i < person_count(g->deps.persons); i++) {
		const struct person *p = person_at(g->deps.persons, i);
		int64_t when = p->heir_until_ms;

		if (p->heir == NULL)
			continue;
		if (when <= now && n < HEIRS_PER_TICK) {
			got = hand_over(g, p, HEIRS_PER_TICK - n, e);
			if (got == -1)
				return -1;
			n += got;
			p = person_at(g->deps.persons, i);
			if (p->heir == NULL)
				continue;
			when = got > 0 ? now : now + LATER_MS;
		}
		if (next < 0 || when < next)
			next = when;
	}
	g->heirs_ms = next;
	return n;
}
