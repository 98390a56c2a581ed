/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token: from the texts in a question to subjects of rules, or to what must be
 * challenged before it can be decided.  Only a token that some rule names is
 * worth a challenge: else it costs nothing and tells nobody anything.
 */
#include "config.h"

#include "provisioning/token.h"

#include <string.h>

#include "common/base/pool.h"
#include "common/base/str.h"
#include "provisioning/challenge.h"
#include "provisioning/role.h"

struct shown {
	const char *text;
	const struct token *of;
	enum subject_kind kind;
};

/* "provisioning.example:TEXT": only what we gave out ourselves. */
bool token_is_ours(const struct provisioning *p, const char *text)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon != NULL ? (size_t)(colon - text) : 0;

	return colon == NULL ||
	    (len == strlen(p->conf.jid) && strncmp(text, p->conf.jid, len) == 0);
}

/* What a service says of its user is no certificate of a service or a thing. */
static bool may_stand_for(const struct token *t, enum subject_kind kind)
{
	return t->service == NULL || kind == SUBJECT_USER;
}

static bool has(const struct shown *s, size_t n, const struct token *t, enum subject_kind kind)
{
	for (size_t i = 0; i < n; i++)
		if (s[i].of == t && s[i].kind == kind)
			return true;
	return false;
}

/* Those of one kind that hold; what does not is only noted. */
static size_t find_shown(struct provisioning *p, const struct name_list *texts,
    enum subject_kind kind, struct shown *out, size_t n, struct access_facts *f)
{
	for (size_t i = 0; i < texts->n; i++) {
		const struct token *t = token_is_ours(p, texts->name[i]) ?
		    token_find(p->deps.tokens, texts->name[i]) : NULL;

		if (t == NULL || !may_stand_for(t, kind)) {
			f->tokens_ignored = true;
			++*p->count.tokens_ignored;
		} else if (!has(out, n, t, kind)) {
			out[n++] = (struct shown){ texts->name[i], t, kind };
		}
	}
	return n;
}

static size_t all_shown(struct provisioning *p, const struct request *q, struct access_facts *f,
    struct shown out[static 3 * WIRE_TOKENS])
{
	const struct tokens *t = &q->u.can.tokens;
	size_t n = 0;

	n = find_shown(p, &t->service, SUBJECT_SERVICE, out, n, f);
	n = find_shown(p, &t->device, SUBJECT_DEVICE, out, n, f);
	return find_shown(p, &t->user, SUBJECT_USER, out, n, f);
}

/* Whose key shows that this one may be used. */
static const struct token *vouching(const struct provisioning *p, const struct token *t)
{
	return t->service == NULL ? t : token_by_name(p->deps.tokens, t->service);
}

static bool is_proved(const struct provisioning *p, const struct token *t, const char *asker)
{
	const struct token *key = vouching(p, t);

	/* A user who speaks for himself: his address is what he has. */
	if (t->service != NULL && strcmp(t->jid, asker) == 0 &&
	    (key == NULL || strcmp(key->jid, asker) != 0))
		return true;
	return key != NULL && (token_is_proved(p->deps.tokens, key->name, asker) ||
	    challenge_showed(p, key));
}

static bool is_named_by(const struct policy *rules, const struct shown *s)
{
	const char *name = s->of->name;	/* public */

	if (rules == NULL || !policy_names(rules, FACT_TOKEN, name))
		return false;
	for (size_t i = 0; i < policy_count(rules); i++) {
		const struct subject *who = &policy_at(rules, i)->subject;

		if (who->kind == s->kind && strcmp(who->text, name) == 0)
			return true;
	}
	return false;
}

static bool is_named(const struct provisioning *p, const struct access_facts *f,
    const struct shown *s)
{
	for (size_t i = 0; i < f->n; i++)
		if (is_named_by(f->thing[i].rules, s))
			return true;
	return is_named_by(operator_policy_rules(p->operator), s);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* It ends by itself; and what others showed for it only goes so far. */
static int64_t counts_until(const struct provisioning *p, const struct token *t,
    const struct access_facts *f)
{
	const struct token *key = vouching(p, t);
	bool for_good = key == NULL || strcmp(key->jid, f->requester) == 0;
	int64_t until = key != NULL && key != t ? earlier(t->until_ms, key->until_ms) :
	    t->until_ms;

	return for_good ? until : earlier(until, f->now_ms + TOKEN_RELAYED_MS);
}

static void weigh(struct provisioning *p, const struct shown *s, struct access_facts *f,
    struct subject *counts, struct subject *shown)
{
	const struct subject who = { s->kind, s->of->name };
	bool proved = is_proved(p, s->of, f->requester);

	if (proved || strcmp(s->of->jid, f->requester) == 0)
		shown[f->n_shown++] = who;
	if (proved) {
		counts[f->n_tokens++] = who;
		f->tokens_until_ms = earlier(f->tokens_until_ms, counts_until(p, s->of, f));
	} else if (is_named(p, f, s)) {
		f->tokens_wait = f->tokens_wait || vouching(p, s->of) != NULL;
		f->tokens_ignored = true;
		/* What could not be shown now may be shown in a while. */
		f->tokens_until_ms = earlier(f->tokens_until_ms, f->now_ms + TOKEN_RELAYED_MS);
	}
}

int token_subjects(struct provisioning *p, const struct request *q, struct access_facts *f,
    struct err *e)
{
	struct shown shown[3 * WIRE_TOKENS];
	struct subject *room;
	size_t n;

	if (p->deps.tokens == NULL || q->verb == VERB_IS_FRIEND || f->requester == NULL)
		return 0;
	n = all_shown(p, q, f, shown);
	if (n == 0)
		return 0;
	room = pool_alloc(q->pool, 2 * n * sizeof(*room));
	if (room == NULL)
		return err_set(e, ERR_LIMIT, "no room for the tokens of a question");
	f->tokens = room;
	f->shown = room + n;
	for (size_t i = 0; i < n; i++)
		weigh(p, &shown[i], f, room, room + n);
	sightings_note(p, f);
	return 0;
}

size_t token_doubts(struct provisioning *p, const struct request *q,
    const struct access_facts *f, struct token_doubt out[static TOKEN_CHALLENGED])
{
	struct shown shown[3 * WIRE_TOKENS];
	struct access_facts aside = *f;
	size_t n = all_shown(p, q, &aside, shown), m = 0;

	for (size_t i = 0; i < n && m < TOKEN_CHALLENGED; i++) {
		const struct token *key = vouching(p, shown[i].of);
		bool known = key == NULL || is_proved(p, shown[i].of, f->requester) ||
		    !is_named(p, f, &shown[i]);

		for (size_t k = 0; k < m; k++)
			known = known || out[k].key == key;
		if (!known)
			out[m++] = (struct token_doubt){ shown[i].text, key };
	}
	return m;
}
