/* SPDX-License-Identifier: Apache-2.0 */
/*
 * question: what nobody decided yet is asked of the owner.  One question per
 * (thing, epoch, requester, action, names), so that asking again changes
 * nothing.  Its code is never stored: it is computed with the site's key from
 * the question and a nonce, so the same code can be said again, a new nonce
 * makes a new code, and the rows alone tell nobody a code.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/ident.h"
#include "common/base/jid.h"
#include "common/base/pool.h"
#include "common/base/str.h"
#include "common/store/token.h"
#include "provisioning/asker.h"
#include "provisioning/role.h"

#define NAMES_BYTES 400		/* of one question: it must fit into a line */
#define NODE_BYTES 400
#define REQUESTER_BYTES 512
#define TOKENS_SHOWN 4		/* with one question */
#define PER_REQUESTER 5		/* open at one owner; his own oldest falls out */
#define PER_FOREIGN_DOMAIN 3	/* new ones a day at one owner */
#define DAY_MS (24 * 3600 * 1000LL)

/* ---- key and code ---- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int no_room(struct err *e)
{
	return err_set(e, ERR_LIMIT, "no room for a question");
}

/* What narrows a question, as one text: "" for the thing itself and every kind of reading.
 * Absent is not the same as empty. */
static const char *narrowed(const struct question_wish *w, struct pool *pool)
{
	const struct node *n = &w->node;
	const char *part[] = { n->id, n->source, n->partition };
	struct buf text;
	char *copy;

	if (!node_is_set(n) && w->types == 0)
		return "";
	buf_init(&text, POLICY_LINE);
	buf_addf(&text, "%x", w->types);
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
		buf_addf(&text, "%c%zu:%s", part[i] != NULL ? '=' : '-',
		    part[i] != NULL ? strlen(part[i]) : 0, part[i] != NULL ? part[i] : "");
	copy = buf_ok(&text) ? pool_strdup(pool, buf_str(&text)) : NULL;
	buf_fini(&text);
	return copy;
}

/* The set of names: order, case and repeats do not make another question.  Nor do the
 * tokens that are shown: whose word counts is decided by the rule. */
static int make_key(const struct provisioning *p, struct question_wish *w, struct pool *pool,
    struct err *e)
{
	static const char label[] = "question";
	const uint8_t action = (uint8_t)w->action;
	const char **name = pool_alloc(pool, (w->names.n + 1) * sizeof(*name));
	struct secret_part *part = pool_alloc(pool, (w->names.n + 6) * sizeof(*part));
	const char *narrow = narrowed(w, pool);
	unsigned char digest[SECRET_HASH];
	size_t n = 0;

	if (name == NULL || part == NULL || narrow == NULL)
		return no_room(e);
	for (size_t i = 0; i < w->names.n; i++) {
		char *folded = pool_strdup(pool, w->names.name[i]);

		if (folded == NULL)
			return no_room(e);
		str_lower(folded);
		name[i] = folded;
	}
	qsort(name, w->names.n, sizeof(*name), compare_names);
	part[n++] = (struct secret_part){ label, sizeof(label) };
	part[n++] = (struct secret_part){ w->thing->id, OWNERSHIP_ID };
	part[n++] = (struct secret_part){ &w->thing->epoch, sizeof(w->thing->epoch) };
	part[n++] = (struct secret_part){ w->requester, strlen(w->requester) };
	part[n++] = (struct secret_part){ &action, sizeof(action) };
	if (narrow[0] != '\0')
		part[n++] = (struct secret_part){ narrow, strlen(narrow) + 1 };
	for (size_t i = 0; i < w->names.n; i++)
		if (i == 0 || strcmp(name[i], name[i - 1]) != 0)
			part[n++] = (struct secret_part){ name[i], strlen(name[i]) };
	secret_hmac(digest, p->deps.hash_key, part, n);
	str_hex(w->key, digest, (QUESTION_KEY - 1) / 2);
	return 0;
}

/* 40 bits as ABCD-EFGH, as ident_code() makes them. */
static void spell(char out[static QUESTION_CODE], const unsigned char bits[static 5])
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	uint64_t v = 0;
	size_t at = 0;

	for (int i = 0; i < 5; i++)
		v = v << 8 | bits[i];
	for (int i = 7; i >= 0; i--) {
		out[at++] = letters[v >> (5 * i) & 31];
		if (i == 4)
			out[at++] = '-';
	}
	out[at] = '\0';
}

void question_code(const struct provisioning *p, const struct question_row *q,
    char out[static QUESTION_CODE])
{
	static const char label[] = "code";
	const struct secret_part part[] = {
		{ label, sizeof(label) },
		{ q->key, strlen(q->key) },
		{ q->owner, strlen(q->owner) },
		{ q->nonce, sizeof(q->nonce) },
	};
	unsigned char digest[SECRET_HASH];

	secret_hmac(digest, p->deps.hash_key, part, sizeof(part) / sizeof(part[0]));
	spell(out, digest);
	secret_cleanse(digest, sizeof(digest));
}

static bool code_is_old(const struct provisioning *p, const struct question_row *q)
{
	return provisioning_now(p) >= q->code_ms + p->conf.code_ms;
}

/* What no yes would change is asked about again, but once a day at most. */
static bool is_of_yesterday(const struct provisioning *p, const struct question_row *q)
{
	return provisioning_now(p) >= q->code_ms + DAY_MS;
}

/* ---- raising one ---- */

/* Met: he decided about exactly this JID before. */
static bool is_known(const struct book *b, const char *requester)
{
	for (size_t i = 0; b != NULL && i < policy_count(b->rules); i++) {
		const struct subject *s = &policy_at(b->rules, i)->subject;

		if (s->kind == SUBJECT_JID && strcmp(s->text, requester) == 0)
			return true;
	}
	return false;
}

static bool node_can_be_said(const struct node *n)
{
	const char *part[] = { n->id, n->source, n->partition };
	size_t bytes = 0;

	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
		bytes += part[i] != NULL ? strlen(part[i]) : 0;
	/* A rule calls a node by its id. */
	return bytes <= NODE_BYTES && (!node_is_set(n) || (n->id != NULL && n->id[0] != '\0'));
}

static bool can_be_asked(const struct question_wish *w)
{
	size_t bytes = 0;

	for (size_t i = 0; i < w->names.n; i++) {
		bytes += strlen(w->names.name[i]);
		if (str_utf8_chars(w->names.name[i]) > POLICY_NAME || w->names.name[i][0] == '\0')
			return false;
	}
	if (!node_can_be_said(&w->node))
		return false;
	/* Two people in one address: a rule about it would let both in. */
	return w->names.n <= POLICY_NAMES && bytes <= NAMES_BYTES &&
	       strlen(w->requester) <= REQUESTER_BYTES && !jid_profiles_differ(w->requester);
}

struct crowd {
	size_t strangers, of_requester, of_domain_today;
	const struct question_row *oldest_stranger, *oldest_of_requester;
};

static struct crowd count_crowd(const struct provisioning *p, const struct book *b,
    const char *requester)
{
	struct crowd c = { 0 };
	size_t len, other;
	const char *domain = jid_text_domain(requester, &len);

	for (size_t i = 0; b != NULL && i < b->n_questions; i++) {
		const struct question_row *q = b->question[i];
		const char *jid = q->rule.subject.text;

		if (strcmp(jid, requester) == 0 && c.of_requester++ == 0)
			c.oldest_of_requester = q;
		if (!is_known(b, jid) && c.strangers++ == 0)
			c.oldest_stranger = q;
		if (memcmp(jid_text_domain(jid, &other), domain, len) == 0 && other == len &&
		    q->asked_ms > provisioning_now(p) - DAY_MS)
			c.of_domain_today++;
	}
	return c;
}

/* May it be raised, and who makes room? */
static bool has_room(const struct provisioning *p, const struct book *b, struct question_wish *w)
{
	struct crowd c = count_crowd(p, b, w->requester);
	size_t len, owner_len;
	const char *domain = jid_text_domain(w->requester, &len);
	const char *of_owner = jid_text_domain(w->thing->owner, &owner_len);
	bool foreign = len != owner_len || memcmp(domain, of_owner, len) != 0;

	if (foreign && !is_known(b, w->requester) && c.of_domain_today >= PER_FOREIGN_DOMAIN)
		return false;
	if (c.of_requester >= PER_REQUESTER)
		w->falls_out = c.oldest_of_requester;
	else if (!is_known(b, w->requester) &&
	    c.strangers >= (size_t)p->conf.max_questions_strangers)
		w->falls_out = c.oldest_stranger;
	return p->conf.max_questions_strangers > 0;
}

int question_plan(struct provisioning *p, struct question_wish *w, struct pool *pool,
    enum question_plan *plan, struct err *e)
{
	const struct question_row *there;
	const struct book *b;

	*plan = QUESTION_LEAVE;
	w->falls_out = NULL;
	w->types = w->types == TYPE_ALL || w->action != ACTION_READ ? 0 : w->types;
	if (!can_be_asked(w))
		return 0;
	if (make_key(p, w, pool, e) != 0 || access_question_find(p->access, w->key, &there, e) < 0 ||
	    access_book(p->access, w->thing->owner, &b, e) != 0)
		return -1;
	if (there != NULL)
		*plan = code_is_old(p, there) || (w->touch && is_of_yesterday(p, there)) ?
		    QUESTION_RENEW : QUESTION_LEAVE;
	else if (has_room(p, b, w))
		*plan = QUESTION_NEW;
	return 0;
}

static const struct { enum subject_kind kind; const char *word; } shown_kinds[] = {
	{ SUBJECT_SERVICE, "service" },
	{ SUBJECT_DEVICE, "device" },
	{ SUBJECT_USER, "user" },
};
#define SHOWN_KINDS (sizeof(shown_kinds) / sizeof(shown_kinds[0]))

/* "service NAME device NAME": the tokens that came with it, by their public names. */
static const char *tokens_shown(const struct question_wish *w, struct pool *pool)
{
	struct buf text;
	char *copy;

	buf_init(&text, NAMES_BYTES);
	for (size_t i = 0; i < w->n_tokens && i < TOKENS_SHOWN; i++)
		for (size_t k = 0; k < SHOWN_KINDS; k++)
			if (shown_kinds[k].kind == w->tokens[i].kind)
				buf_addf(&text, "%s%s %s", text.len > 0 ? " " : "",
				    shown_kinds[k].word, w->tokens[i].text);
	copy = buf_ok(&text) ? pool_strdup(pool, buf_str(&text)) : NULL;
	buf_fini(&text);
	return copy;
}

static int store(struct provisioning *p, struct question_row *row, struct err *e)
{
	row->code_ms = provisioning_now(p);
	if (ident_random(row->nonce, sizeof(row->nonce), e) != 0 ||
	    access_question_put(p->access, row, e) != 0)
		return -1;
	return debt_owe(p->deps.debts, DEBT_QUESTION, row->owner, row->key, (uint64_t)row->code_ms,
	    NULL, e);
}

int question_raise(struct provisioning *p, struct question_wish *w, struct pool *pool,
    struct err *e)
{
	const struct question_row *there;
	struct question_row row = { .owner = w->thing->owner, .asked_ms = provisioning_now(p),
		.by_rule = w->by_rule };

	if (access_question_find(p->access, w->key, &there, e) < 0)
		return -1;
	if (there != NULL)
		return question_renew(p, there, w->by_rule, e);
	if (w->falls_out != NULL && question_drop(p, w->falls_out, e) != 0)
		return -1;
	memcpy(row.key, w->key, QUESTION_KEY);
	row.rule = (struct rule){ .verdict = VERDICT_ASK, .actions = 1u << w->action,
		.subject = { SUBJECT_JID, w->requester }, .n_names = w->names.n,
		.names = w->names.name, .types = w->types };
	if (w->action == ACTION_BEFRIEND || w->action == ACTION_ACCESS)
		row.rule.n_names = 0;
	rules_bind(&row.rule, w->thing);
	row.rule.target.node = w->node.id;
	row.rule.target.source = w->node.source;
	row.rule.target.partition = w->node.partition;
	if (w->n_tokens > 0 && (row.tokens = tokens_shown(w, pool)) == NULL)
		return no_room(e);
	if (store(p, &row, e) != 0 || provisioning_note_question(p, w, e) != 0)
		return -1;
	++*p->count.asked;
	provisioning_due(p, row.asked_ms + p->conf.question_ms);
	return 0;
}

int question_renew(struct provisioning *p, const struct question_row *q, int64_t by_rule,
    struct err *e)
{
	struct question_row row = *q;

	row.by_rule = by_rule;
	return store(p, &row, e);
}

int question_drop(struct provisioning *p, const struct question_row *q, struct err *e)
{
	if (debt_cancel(p->deps.debts, DEBT_QUESTION, q->owner, q->key, e) != 0)
		return -1;
	return access_question_drop(p->access, q->owner, q->key, e);
}

/* ---- does it still stand? ---- */

static enum action action_of(const struct question_row *q)
{
	int a = 0;

	while (a < ACTION_COUNT - 1 && (q->rule.actions & 1u << a) == 0)
		a++;
	return (enum action)a;
}

static const struct owned *thing_of(const struct provisioning *p, const struct question_row *q)
{
	const struct owned *t = ownership_by_id(p->deps.ownership, q->rule.target.id);

	return t != NULL && t->epoch == q->rule.target.epoch && owned_by(t, q->owner) ? t : NULL;
}

static bool has_node(const struct target *at)
{
	return at->node != NULL || at->source != NULL || at->partition != NULL;
}

/* Which node it is about: one that is a thing of its own, or one that is none. */
static struct node node_of(const struct owned *t, const struct question_row *q)
{
	const struct target *at = &q->rule.target;

	if (has_node(at))
		return (struct node){ at->node, at->source, at->partition };
	return (struct node){ t->node, t->source, t->partition };
}

/* The tokens that came with it, as if they were shown again: those that still stand. */
static int tokens_of(struct provisioning *p, const struct question_row *q, struct pool *pool,
    struct access_facts *f, struct err *e)
{
	struct subject *subject = pool_alloc(pool, TOKENS_SHOWN * sizeof(*subject));
	char *text = q->tokens != NULL ? pool_strdup(pool, q->tokens) : NULL, *kind, *name;

	if (q->tokens == NULL || p->deps.tokens == NULL)
		return 0;
	if (subject == NULL || text == NULL)
		return no_room(e);
	f->tokens = subject;
	while ((kind = strsep(&text, " ")) != NULL && (name = strsep(&text, " ")) != NULL)
		for (size_t k = 0; k < SHOWN_KINDS; k++)
			if (strcmp(kind, shown_kinds[k].word) == 0 &&
			    f->n_tokens < TOKENS_SHOWN && token_by_name(p->deps.tokens, name) != NULL)
				subject[f->n_tokens++] =
				    (struct subject){ shown_kinds[k].kind, name };
	return 0;
}

/* Everything that is decided about it, as the thing would ask now. */
static int facts_of(struct provisioning *p, const struct question_row *q, const struct owned *t,
    struct pool *pool, struct access_facts *f, struct access_thing *at, struct err *e)
{
	const struct asker *k = asker_find(p->askers, t->jid);

	*f = provisioning_moment(p, action_of(q), q->rule.subject.text);
	f->names = (struct name_list){ q->rule.n_names, q->rule.names };
	f->types = q->rule.types;
	f->keeps_limits = f->keeps_limits && k != NULL && k->keeps_lease;
	if (provisioning_thing(p, t, f->requester, pool, at, e) != 0)
		return -1;
	if (has_node(&q->rule.target))
		at->node = node_of(t, q);
	return tokens_of(p, q, pool, f, e);
}

int question_is_open(struct provisioning *p, const struct question_row *q, struct pool *pool,
    struct answer *a, struct err *e)
{
	const struct owned *t = thing_of(p, q);
	const char **space = pool_alloc(pool, POLICY_NAMES * sizeof(*space));
	struct access_facts f;
	struct access_thing at;

	if (t == NULL)
		return 0;
	if (space == NULL)
		return no_room(e);
	if (facts_of(p, q, t, pool, &f, &at, e) != 0)
		return -1;
	access_decide_thing(&f, &at, &(struct answer_space){ .n_names = POLICY_NAMES, .names = space },
	    a);
	return a->verdict == VERDICT_ASK;
}

/* %1 who, %2 which thing, %3 what of it; the desk asks in the same words (desk/prompt.c). */
static const char *words_for(const struct question_row *q)
{
	bool named = q->rule.n_names > 0;

	switch (action_of(q)) {
	case ACTION_READ:
		return named ? N_("%1 wants to read %3 of %2.") :
		    N_("%1 wants to read everything of %2.");
	case ACTION_CONTROL:
		return named ? N_("%1 wants to control %3 of %2.") :
		    N_("%1 wants to control everything of %2.");
	case ACTION_ACCESS:
		return N_("%1 wants to use %2.");
	case ACTION_PRIVILEGE:
		return N_("%1 wants the privilege %3 at %2.");
	default:
		return N_("%1 wants to befriend %2.");
	}
}

static void escape_quoted(struct buf *out, const char *text)
{
	buf_addc(out, '"');
	str_escape(out, text, POLICY_NAME, true);
	buf_addc(out, '"');
}

/* What narrows it: a node, kinds of readings; and the tokens that came with it. */
static void words_more(const struct question_row *q, struct buf *out)
{
	const struct target *at = &q->rule.target;
	struct buf piece;

	buf_init(&piece, POLICY_LINE);
	if (has_node(at)) {
		escape_quoted(&piece, at->node != NULL ? at->node : "");
		saying_add(out, N_(" It is about node %1 behind it."), buf_str(&piece), NULL);
		buf_reset(&piece);
	}
	if (q->rule.types != 0) {
		for (unsigned bit = 1; bit < TYPE_ALL; bit <<= 1)
			if ((q->rule.types & bit) != 0)
				buf_addf(&piece, "%s%s", piece.len > 0 ? ", " : "", type_name(bit));
		saying_add(out, N_(" Only of this kind: %1."), buf_str(&piece), NULL);
	}
	if (q->tokens != NULL)
		saying_add(out, N_(" It came with a token: %1."), q->tokens, NULL);
	buf_fini(&piece);
}

void question_words(const struct provisioning *p, const struct question_row *q, struct buf *out)
{
	const struct owned *t = thing_of(p, q);
	struct buf who, names, thing;

	buf_init(&who, POLICY_LINE);
	buf_init(&names, POLICY_LINE);
	buf_init(&thing, POLICY_LINE);
	str_escape(&who, q->rule.subject.text, REQUESTER_BYTES, true);
	for (size_t i = 0; i < q->rule.n_names; i++) {
		buf_adds(&names, i == 0 ? "" : ", ");
		escape_quoted(&names, q->rule.names[i]);
	}
	escape_quoted(&thing, t != NULL ? provisioning_label(t) : q->rule.target.name);
	saying_add(out, words_for(q), buf_str(&who), buf_str(&thing), buf_str(&names), NULL);
	words_more(q, out);
	buf_fini(&who);
	buf_fini(&names);
	buf_fini(&thing);
}

int question_sweep(struct provisioning *p, const char *owner, struct err *e)
{
	const struct book *b;
	struct pool pool;
	int ret = -1;

	if (access_book(p->access, owner, &b, e) != 0)
		return -1;
	pool_init(&pool, WIRE_REQUEST_BYTES);
	for (size_t i = 0; b != NULL && i < b->n_questions;) {
		struct answer a;
		int open;

		pool_reset(&pool);
		open = question_is_open(p, b->question[i], &pool, &a, e);
		if (open < 0 || (open == 0 && question_drop(p, b->question[i], e) != 0))
			goto out;
		i += (size_t)open;
	}
	ret = 0;
out:
	pool_fini(&pool);
	return ret;
}

/* "service NAME device NAME" as the lists of the wire. */
static int split_tokens(const char *shown, struct pool *pool, struct tokens *out)
{
	struct name_list *list[SHOWN_KINDS] = { &out->service, &out->device, &out->user };
	char *text = shown != NULL ? pool_strdup(pool, shown) : NULL, *kind, *name;

	if (shown == NULL)
		return 0;
	for (size_t k = 0; k < SHOWN_KINDS; k++)
		list[k]->name = pool_alloc(pool, TOKENS_SHOWN * sizeof(*list[k]->name));
	if (text == NULL || list[0]->name == NULL || list[1]->name == NULL || list[2]->name == NULL)
		return -1;
	while ((kind = strsep(&text, " ")) != NULL && (name = strsep(&text, " ")) != NULL)
		for (size_t k = 0; k < SHOWN_KINDS; k++)
			if (strcmp(kind, shown_kinds[k].word) == 0 && list[k]->n < TOKENS_SHOWN)
				list[k]->name[list[k]->n++] = name;
	return 0;
}

int provisioning_question(struct provisioning *p, const char *key, struct pool *pool,
    struct owner_question *out, struct err *e)
{
	const struct question_row *q;
	const struct contact *owner;
	const struct owned *t;
	struct answer a;
	char code[QUESTION_CODE];
	int open;

	if (access_question_find(p->access, key, &q, e) < 0)
		return -1;
	if (q == NULL)
		return 0;
	open = question_is_open(p, q, pool, &a, e);
	if (open <= 0)
		return open;
	t = thing_of(p, q);
	owner = contact_find(p->deps.contacts, q->owner);
	question_code(p, q, code);
	*out = (struct owner_question){ .owner = q->owner, .thing_name = t->name,
		.requester = q->rule.subject.text, .code = pool_strdup(pool, code), .key = q->key,
		.action = action_of(q), .names = { q->rule.n_names, q->rule.names },
		.types = q->rule.types, .thing_jid = t->jid, .asked_ms = q->asked_ms,
		.touch_rule = a.touch && a.rule != NULL ? a.rule->number : 0 };
	out->node = node_of(t, q);
	out->node_only = has_node(&q->rule.target);
	memcpy(out->thing_id, t->id, sizeof(out->thing_id));
	if (owner != NULL && owner->gen[PROTO_PROV_OWNER] >= 0) {
		out->owner_speaks_iq = true;
		out->gen = (enum gen)owner->gen[PROTO_PROV_OWNER];
	}
	return out->code != NULL && split_tokens(q->tokens, pool, &out->tokens) == 0 ? 1 :
	    no_room(e);
}

size_t provisioning_questions_of(struct provisioning *p, const char *owner, const char **key,
    size_t max)
{
	const struct book *b;
	size_t n = 0;

	if (access_book(p->access, owner, &b, NULL) != 0 || b == NULL)
		return 0;
	while (n < b->n_questions && n < max) {
		key[n] = b->question[n]->key;
		n++;
	}
	return n;
}

/* ---- the owner's words about them ---- */

bool question_list_writes(struct provisioning *p, const struct request *q)
{
	const struct book *b;

	if (access_book(p->access, q->bare, &b, NULL) != 0 || b == NULL)
		return false;
	for (size_t i = 0; i < b->n_questions; i++)
		if (code_is_old(p, b->question[i]))
			return true;
	return false;
}

static int renew_old(struct provisioning *p, const char *owner, struct err *e)
{
	const struct book *b;
	size_t i = 0;

	do {
		if (access_book(p->access, owner, &b, e) != 0)
			return -1;
		while (b != NULL && i < b->n_questions && !code_is_old(p, b->question[i]))
			i++;
		if (b == NULL || i >= b->n_questions)
			return 0;
	} while (question_renew(p, b->question[i], b->question[i]->by_rule, e) == 0);
	return -1;
}

static const char *sentence(const struct provisioning *p, const struct question_row *q,
    struct pool *pool)
{
	struct buf text;
	const char *copy;

	buf_init(&text, POLICY_LINE);
	question_words(p, q, &text);
	copy = pool_strdup(pool, buf_str(&text));
	buf_fini(&text);
	return copy;
}

int question_list(struct provisioning *p, const struct request *q, struct reply *r, struct err *e)
{
	const struct book *b;
	struct question_line *line;

	/* Outside a transaction the operator looks, who sees no code. */
	if (store_in_transaction(p->deps.store) && renew_old(p, q->bare, e) != 0)
		return -1;
	if (access_book(p->access, q->bare, &b, e) != 0)
		return -1;
	r->kind = REPLY_RESULT;
	r->body = BODY_QUESTIONS;
	if (b == NULL)
		return 0;
	line = pool_alloc(q->pool, (b->n_questions + 1) * sizeof(*line));
	r->u.questions.question = line;
	for (size_t i = 0; line != NULL && i < b->n_questions; i++) {
		char code[QUESTION_CODE];
		struct answer a;
		int open = question_is_open(p, b->question[i], q->pool, &a, e);

		if (open < 0)
			return -1;
		if (open == 0)
			continue;
		question_code(p, b->question[i], code);
		*line = (struct question_line){ pool_strdup(q->pool, code),
			sentence(p, b->question[i], q->pool), b->question[i]->asked_ms };
		if (line->code == NULL || line->text == NULL)
			break;		/* no room: the oldest come first */
		line++;
		r->u.questions.n++;
	}
	return 0;
}

/* The present situation and a code that is good now. */
static int ask_again(struct provisioning *p, const struct request *q,
    const struct question_row *row, const struct answer *a, const char *why, struct reply *r,
    struct err *e)
{
	char key[QUESTION_KEY], code[QUESTION_CODE];
	struct buf said;

	memcpy(key, row->key, sizeof(key));
	if (question_renew(p, row, a->rule != NULL ? a->rule->number : 0, e) != 0 ||
	    access_question_find(p->access, key, &row, e) != 1 ||
	    debt_cancel(p->deps.debts, DEBT_QUESTION, row->owner, key, e) != 0)
		return -1;
	question_code(p, row, code);
	buf_init(&said, 2 * POLICY_LINE);
	saying_add(&said, why, NULL);
	question_words(p, row, &said);
	saying_add(&said, N_(" Send one of these lines:\nyes %1\nno %1\nalways %1"), code, NULL);
	r->kind = REPLY_RESULT;
	r->body = BODY_TEXT;
	r->text = pool_strdup(q->pool, buf_str(&said));
	secret_cleanse(said.data, said.len);
	buf_fini(&said);
	return r->text != NULL ? 0 : no_room(e);
}

static int already_decided(struct provisioning *p, const struct request *q,
    const struct question_row *row, const struct answer *a, bool alive, struct reply *r,
    struct err *e)
{
	struct question asked = { .n_names = row->rule.n_names, .names = row->rule.names };
	struct buf text;

	buf_init(&text, POLICY_LINE);
	saying_add(&text, N_("Nothing to answer any more: "), NULL);
	if (alive)
		policy_explain(&text, &asked, a, provisioning_zone(p, q->bare));
	else
		saying_add(&text, N_("that thing is not yours as it was when I asked"), NULL);
	saying_add(&text, ".", NULL);
	r->kind = REPLY_RESULT;
	r->body = BODY_TEXT;
	r->text = pool_strdup(q->pool, buf_str(&text));
	buf_fini(&text);
	return question_drop(p, row, e);
}

/* A yes that cannot count: the code stays good for a no, and a day goes by before the
 * same is asked again. */
static int hush(struct provisioning *p, const struct question_row *row, struct err *e)
{
	struct question_row later = *row;

	later.code_ms = provisioning_now(p);
	if (debt_cancel(p->deps.debts, DEBT_QUESTION, row->owner, row->key, e) != 0)
		return -1;
	return access_question_put(p->access, &later, e);
}

int question_settled(struct provisioning *p, const struct question_row *row, bool yes,
    struct pool *pool, struct err *e)
{
	struct answer a = { 0 };
	int open = question_is_open(p, row, pool, &a, e);

	if (open < 0)
		return -1;
	return open == 1 && a.touch && yes ? hush(p, row, e) : question_drop(p, row, e);
}

static int say_touch(struct provisioning *p, const struct request *q,
    const struct question_row *row, const struct answer *a, struct reply *r, struct err *e)
{
	char number[24];

	(void)snprintf(number, sizeof(number), "%lld",
	    (long long)(a->rule != NULL ? a->rule->number : 0));
	if (hush(p, row, e) != 0)
		return -1;
	r->kind = REPLY_RESULT;
	r->body = BODY_TEXT;
	r->text = saying(q->pool, N_("Nothing has changed: rule %1 wants a touch of your security key, "
	    "and that cannot be given yet, so the answer stays no. I ask again in a day at the "
	    "earliest. To be asked no more, answer no; to do without a touch: forget %1"), number,
	    NULL);
	return r->text != NULL ? 0 : no_room(e);
}

/* yes: exactly what was asked; always: all of it; no: exactly this, denied. */
static int make_rule(struct provisioning *p, const struct request *q,
    const struct question_row *row, struct reply *r, struct err *e)
{
	struct rule_line *line = pool_zalloc(q->pool, sizeof(*line));
	struct rule rule;
	int64_t number;

	/* A copy: the question and its strings end with the answer. */
	if (line == NULL || rule_copy(&rule, &row->rule, q->pool) != 0)
		return no_room(e);
	rule.verdict = q->u.desk.yes_no == ANSWER_NO ? VERDICT_DENY : VERDICT_ALLOW;
	if (q->u.desk.yes_no == ANSWER_ALWAYS) {
		rule.n_names = 0;
		rule.types = 0;
	}
	rules_bind(&rule, thing_of(p, row));
	line->text = rules_line(p, q->bare, &rule, q->pool);
	/* The code stays good: the question is as open as before. */
	if (rules_must_wait(p, q->bare, &rule)) {
		r->kind = REPLY_RESULT;
		r->body = BODY_TEXT;
		r->text = N_("Nothing has changed: somebody else says that it is his thing. Answer "
		    "again when that is settled.");
		return 0;
	}
	if (question_drop(p, row, e) != 0)	/* a code is good once */
		return -1;
	if (rules_add(p, q->bare, &rule, q->pool, &number, e) < 0)
		return -1;
	++*p->count.answered;
	line->number = number;
	r->kind = REPLY_RESULT;
	r->body = BODY_RULE;
	r->u.rules.n = 1;
	r->u.rules.rule = line;
	return 0;
}

static const struct question_row *find_code(const struct provisioning *p, const struct book *b,
    const char *typed)
{
	const struct question_row *found = NULL;

	if (b == NULL || typed == NULL || strlen(typed) != QUESTION_CODE - 1)
		return NULL;
	for (size_t i = 0; i < b->n_questions; i++) {
		char code[QUESTION_CODE];

		question_code(p, b->question[i], code);
		if (secret_bytes_equal(code, typed, QUESTION_CODE - 1))
			found = b->question[i];
	}
	return found;
}

/* Wrong codes are counted by the desk, per sender; none of them voids a code. */
int question_answer(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e)
{
	const struct question_row *row;
	const struct book *b;
	struct answer a = { 0 };
	int open;

	if (access_book(p->access, q->bare, &b, e) != 0)
		return -1;
	row = find_code(p, b, q->u.desk.code);
	if (row == NULL) {
		reply_error(r, COND_ITEM_NOT_FOUND);
		return 0;
	}
	open = question_is_open(p, row, q->pool, &a, e);
	if (open < 0)
		return -1;
	if (open == 0)
		return already_decided(p, q, row, &a, thing_of(p, row) != NULL, r, e);
	if (code_is_old(p, row))
		return ask_again(p, q, row, &a, N_("That code was too old: "), r, e);
	if ((a.rule != NULL ? a.rule->number : 0) != row->by_rule)
		return ask_again(p, q, row, &a, N_("Your rules have changed since I asked: "), r, e);
	if (a.touch && q->u.desk.yes_no != ANSWER_NO)
		return say_touch(p, q, row, &a, r, e);
	return make_rule(p, q, row, r, e);
}
