/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_dump: the whole state as lines that say everything of one row in one
 * fixed form, without secrets and without what only memory knows (presence,
 * tries).  kithctl sorts them: two equal dumps are two equal states.  Also the
 * few words that `kithctl graph` draws from.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/saying.h"
#include "common/base/str.h"
#include "common/store/contact.h"
#include "common/store/person.h"
#include "common/store/thing_set.h"
#include "common/store/token.h"
#include "kithd/report_part.h"
#include "provisioning/operator_policy.h"
#include "provisioning/role_table.h"
#include "provisioning/serve.h"
#include "registry/serve.h"

#define TEXT_CHARS 8192

/* ---- words of a line ---- */

/* " "text"", or " -" for what is absent. */
static void word(struct buf *out, const char *s)
{
	if (s == NULL) {
		buf_adds(out, " -");
		return;
	}
	buf_adds(out, " \"");
	str_escape(out, s, TEXT_CHARS, true);
	buf_addc(out, '"');
}

static void number(struct buf *out, int64_t v)
{
	buf_addf(out, " %lld", (long long)v);
}

static void id_word(struct buf *out, const uint8_t *id)
{
	char hex[2 * OWNERSHIP_ID + 1];

	str_hex(hex, id, OWNERSHIP_ID);
	buf_addf(out, " %s", hex);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct tag *)a)->name, ((const struct tag *)b)->name);
}

static void tag_words(struct report *r, const struct owned *t)
{
	struct found_thing f;
	struct err e = ERR_INIT;
	struct tag *sorted;

	if (registry_describe(r->p->registry, t->id, &r->pool, &f, &e) != 1 || f.tags.n == 0)
		return;
	sorted = pool_alloc(&r->pool, f.tags.n * sizeof(*sorted));
	if (sorted == NULL)
		return;
	memcpy(sorted, f.tags.tag, f.tags.n * sizeof(*sorted));
	qsort(sorted, f.tags.n, sizeof(*sorted), by_name);
	for (size_t i = 0; i < f.tags.n; i++) {
		word(r->rows.out, sorted[i].name);
		word(r->rows.out, sorted[i].str);
	}
}

static void thing_line(struct report *r, const struct owned *t)
{
	struct buf *out = r->rows.out;

	buf_adds(out, "thing");
	id_word(out, t->id);
	word(out, t->jid);
	word(out, t->node);
	word(out, t->source);
	word(out, t->partition);
	word(out, t->owner);
	number(out, (int64_t)t->epoch);
	buf_addf(out, " %s %s", report_state_word(t->state), report_hold_word(t->hold));
	word(out, t->held_for);
	word(out, t->former);
	number(out, t->until_ms);
	buf_addf(out, " %d%d%d", t->disputed, t->is_public, t->listed);
	word(out, t->name);
	number(out, t->since_ms);
	tag_words(r, t);
	buf_addc(out, '\n');
}

static void owner_lines(struct report *r, const char *owner)
{
	const struct thing_set *s = NULL;
	struct buf *out = r->rows.out;
	struct reply reply;

	if (report_ask_as(r, owner, VERB_RULES, &reply) == 0)
		for (size_t i = 0; i < reply.u.rules.n; i++) {
			buf_adds(out, "rule");
			word(out, owner);
			number(out, reply.u.rules.rule[i].number);
			word(out, reply.u.rules.rule[i].text);
			buf_addc(out, '\n');
		}
	if (report_ask_as(r, owner, VERB_QUESTIONS, &reply) == 0)
		for (size_t i = 0; i < reply.u.questions.n; i++) {
			buf_adds(out, "question");
			word(out, owner);
			struct buf words;

			buf_init(&words, 16 * 1024);
			saying_words(&words, reply.u.questions.question[i].text, NULL, NULL);
			word(out, buf_str(&words));
			buf_fini(&words);
			number(out, reply.u.questions.question[i].asked_ms);
			buf_addc(out, '\n');
		}
	while (r->p->sets != NULL && (s = thing_set_next(r->p->sets, owner, s)) != NULL) {
		buf_adds(out, "set");
		word(out, owner);
		word(out, s->name);
		for (size_t i = 0; i < s->n; i++)
			id_word(out, s->thing[i]);
		buf_addc(out, '\n');
	}
}

static void debt_line(struct buf *out, const struct debt *d)
{
	buf_addf(out, "debt %s", report_debt_name(d->kind));
	word(out, d->peer);
	word(out, d->subject);
	number(out, (int64_t)d->number);
	word(out, d->text);
	buf_addc(out, '\n');
}

/* Of a stranger nothing is on disk. */
static bool is_known(const struct contact *c)
{
	for (int i = 0; i < CONTACT_PROTOS; i++)
		if (c->gen[i] >= 0)
			return true;
	return c->to_us != SUB_NONE || c->from_us != SUB_NONE || c->lang[0] != '\0';
}

static void contact_line(struct buf *out, const struct contact *c)
{
	buf_adds(out, "contact");
	word(out, c->jid);
	for (int i = 0; i < CONTACT_PROTOS; i++)
		buf_addf(out, " %d/%d", c->gen[i], c->vocab[i]);
	buf_addf(out, " %d %d", (int)c->to_us, (int)c->from_us);
	word(out, c->lang);
	buf_addc(out, '\n');
}

static void person_line(struct buf *out, const struct person *p)
{
	buf_adds(out, "person");
	word(out, p->jid);
	word(out, p->lang);
	word(out, p->zone);
	number(out, p->mute_until_ms);
	buf_addf(out, " %d %d %d", p->digest, (int)p->doubt, p->has_code);
	word(out, p->heir);
	number(out, p->heir_until_ms);
	buf_addc(out, '\n');
}

/* Of the token itself nothing is kept that could be shown. */
static void token_line(struct buf *out, const struct token *t)
{
	buf_adds(out, "token");
	word(out, t->name);
	word(out, t->jid);
	word(out, t->service);
	word(out, t->details);
	number(out, t->issued_ms);
	number(out, t->until_ms);
	buf_addf(out, " %d\n", t->knows_ours);
}

/* ---- the walk ---- */

/* One row of a stage; false: there is none any more. */
typedef bool (*dump_fn)(struct report *r, size_t at);

static bool dump_thing(struct report *r, size_t at)
{
	const struct owned *t = ownership_at(r->p->ownership, at);

	if (t == NULL)
		return false;
	thing_line(r, t);
	if (report_is_first_of_owner(r, t))
		owner_lines(r, t->owner);
	pool_reset(&r->pool);
	return true;
}

static bool dump_debt(struct report *r, size_t at)
{
	const struct debt *d = debt_at(r->p->debts, at);

	if (d != NULL)
		debt_line(r->rows.out, d);
	return d != NULL;
}

static bool dump_contact(struct report *r, size_t at)
{
	const struct contact *c = contact_at(r->p->contacts, at);

	if (c != NULL && is_known(c))
		contact_line(r->rows.out, c);
	return c != NULL;
}

static bool dump_person(struct report *r, size_t at)
{
	const struct person *p = r->p->persons == NULL ? NULL : person_at(r->p->persons, at);

	if (p != NULL)
		person_line(r->rows.out, p);
	return p != NULL;
}

static bool dump_token(struct report *r, size_t at)
{
	const struct token *t = r->p->tokens == NULL ? NULL : token_at(r->p->tokens, at);

	if (t != NULL)
		token_line(r->rows.out, t);
	return t != NULL;
}

static bool dump_role(struct report *r, size_t at)
{
	const struct role_person *who = r->p->provisioning == NULL ? NULL :
	    role_table_at(provisioning_roles(r->p->provisioning), at);

	for (size_t i = 0; who != NULL && i < who->n; i++) {
		buf_adds(r->rows.out, "role");
		word(r->rows.out, who->role[i]);
		word(r->rows.out, who->jid);
		buf_addc(r->rows.out, '\n');
	}
	return who != NULL;
}

/* What is in force, not by which number. */
static bool dump_policy(struct report *r, size_t at)
{
	struct operator_policy *o = r->p->provisioning == NULL ? NULL :
	    provisioning_operator_policy(r->p->provisioning);
	char hex[2 * HASH_BYTES + 1];
	struct operator_version v;
	struct err e = ERR_INIT;

	if (at > 0 || operator_policy_version(o) == 0 ||
	    operator_policy_find(o, operator_policy_version(o), &v, &e) != 1)
		return false;
	str_hex(hex, v.sha256, sizeof(v.sha256));
	buf_addf(r->rows.out, "policy %s\n", hex);
	return true;
}

static bool dump_step(struct report *r)
{
	static const dump_fn stages[] = { dump_thing, dump_debt, dump_contact, dump_person,
		dump_token, dump_role, dump_policy };
	size_t looked = 0;

	for (; r->stage < (int)(sizeof(stages) / sizeof(stages[0])); r->stage++, r->at = 0)
		for (; stages[r->stage](r, (size_t)r->at); r->at++)
			if (report_pauses(r, ++looked)) {
				r->at++;
				return true;
			}
	return false;
}

int report_dump(struct report *r)
{
	if (!r->canonical)
		return report_fail(r, "dump has one form so far: dump --canonical");
	r->step = dump_step;
	return REPORT_OK;
}

/* ---- what a graph is drawn from: words parted by tabs ---- */

static void tab_word(struct buf *out, const char *s)
{
	buf_addc(out, '\t');
	if (s != NULL)
		str_escape(out, s, TEXT_CHARS, false);
}

static void graph_rules(struct report *r, const char *owner)
{
	struct reply reply;

	if (report_ask_as(r, owner, VERB_RULES, &reply) != 0)
		return;
	for (size_t i = 0; i < reply.u.rules.n; i++) {
		buf_adds(r->rows.out, "rule");
		tab_word(r->rows.out, owner);
		tab_word(r->rows.out, reply.u.rules.rule[i].text);
		buf_addc(r->rows.out, '\n');
	}
}

static bool graph_step(struct report *r)
{
	const struct owned *t;
	size_t looked = 0;

	while ((t = ownership_at(r->p->ownership, (size_t)r->at)) != NULL) {
		if (report_pauses(r, looked++))
			return true;
		r->at++;
		if (r->owner != NULL && (t->owner == NULL || !str_case_eq(t->owner, r->owner)))
			continue;
		buf_adds(r->rows.out, "thing");
		id_word(r->rows.out, t->id);
		tab_word(r->rows.out, t->owner);
		tab_word(r->rows.out, t->name != NULL ? t->name :
		    t->node != NULL ? t->node : t->jid);
		tab_word(r->rows.out, t->disputed ? "disputed" : t->hold != HOLD_NONE ? "held" :
		    report_state_word(t->state));
		buf_addc(r->rows.out, '\n');
		if (report_is_first_of_owner(r, t))
			graph_rules(r, t->owner);
		pool_reset(&r->pool);
	}
	return false;
}

int report_graph(struct report *r)
{
	r->step = graph_step;
	return REPORT_OK;
}
