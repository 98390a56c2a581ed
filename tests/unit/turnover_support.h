/* SPDX-License-Identifier: Apache-2.0 */
/*
 * turnover_support: what people type about giving things up, as requests, and
 * what a thing answers to its pushes.
 */
#ifndef KITH_TESTS_TURNOVER_SUPPORT_H
#define KITH_TESTS_TURNOVER_SUPPORT_H

#include "tests/unit/registry_support.h"
#include "tests/unit/words.h"

#define THING "t@ex/r"
#define OWNER "o@ex/c"
#define OTHER "p@ex/c"
#define DAYS(n) ((n) * INT64_C(86400000))

/* What somebody typed; the reply's text or condition. */
struct typed {
	struct request q;
	struct reply r;
	uint8_t id[16][16];
	char said[8192];
};

static inline void typed_begin(struct world *w, struct typed *c, enum verb verb, const char *bare)
{
	memset(c, 0, sizeof(*c));
	pool_reset(&w->pool);
	c->q.verb = verb;
	c->q.kind = STANZA_MESSAGE;
	c->q.type = IQ_NOT;
	c->q.bare = pool_strdup(&w->pool, bare);
	c->q.from = pool_printf(&w->pool, "%s/c", bare);
	c->q.to = "desk@reg.ex";
	c->q.pool = &w->pool;
}

static inline const char *typed_serve(struct world *w, struct typed *c)
{
	MUST(store_begin(w->store, &test_err));
	MUST(registry_serve(w->registry, &c->q, &c->r, &test_err));
	MUST(store_commit(w->store, &test_err));
	snprintf(c->said, sizeof(c->said), "%s%s%s", c->r.kind == REPLY_ERROR ?
	    condition_name(c->r.condition) : c->r.body == BODY_CONFIRM ? "confirm" : "done",
	    c->r.text != NULL ? ": " : "", c->r.text != NULL ? in_words(c->r.text) : "");
	return c->said;
}

static inline const char *typed_about(struct world *w, enum verb verb, const char *bare,
    const char *thing, bool offline, bool confirmed)
{
	static struct typed c;
	const struct owned *t = thing_of(w, thing);

	typed_begin(w, &c, verb, bare);
	memcpy(c.id[0], t->id, sizeof(c.id[0]));
	c.q.u.address.n_things = 1;
	c.q.u.address.things = (const uint8_t (*)[16])c.id;
	c.q.u.address.offline = offline;
	c.q.u.address.confirmed = confirmed;
	return typed_serve(w, &c);
}

static inline const char *typed_transfer(struct world *w, const char *bare, const char *thing,
    const char *to, bool confirmed)
{
	static struct typed c;
	const struct owned *t = thing_of(w, thing);

	typed_begin(w, &c, VERB_TRANSFER, bare);
	memcpy(c.id[0], t->id, sizeof(c.id[0]));
	c.q.u.desk.thing_id = c.id[0];
	c.q.u.desk.jid = pool_strdup(&w->pool, to);
	c.q.u.desk.confirmed = confirmed;
	return typed_serve(w, &c);
}

static inline const char *typed_code(struct world *w, const char *bare, const char *code,
    enum yes_no answer)
{
	static struct typed c;

	typed_begin(w, &c, VERB_ACCEPT, bare);
	c.q.u.desk.code = pool_strdup(&w->pool, code);
	c.q.u.desk.yes_no = answer;
	return typed_serve(w, &c);
}

static inline const char *typed_word(struct world *w, enum verb verb, const char *bare,
    const char *jid, const char *code)
{
	static struct typed c;

	typed_begin(w, &c, verb, bare);
	c.q.u.desk.jid = jid != NULL ? pool_strdup(&w->pool, jid) : NULL;
	c.q.u.desk.code = code != NULL ? pool_strdup(&w->pool, code) : NULL;
	return typed_serve(w, &c);
}

/* The last thing that person was told. */
static inline const char *told(const struct world *w, const char *bare)
{
	const char *text = "";

	for (size_t i = 0; i < debt_count(w->debts); i++) {
		const struct debt *d = debt_at(w->debts, i);

		if (d->kind == DEBT_NOTICE && strcmp(d->peer, bare) == 0)
			text = in_words(d->text);
	}
	return text;
}

/* What that person was told that holds `what`; "" nothing. */
static inline const char *told_about(const struct world *w, const char *bare, const char *what)
{
	for (size_t i = 0; i < debt_count(w->debts); i++) {
		const struct debt *d = debt_at(w->debts, i);

		if (d->kind == DEBT_NOTICE && strcmp(d->peer, bare) == 0 &&
		    strstr(in_words(d->text), what) != NULL)
			return in_words(d->text);
	}
	return "";
}

/* The code behind a word in what that person was told. */
static inline const char *told_code(const struct world *w, const char *bare)
{
	static char code[IDENT_CODE];
	const char *at = strstr(told_about(w, bare, "accept "), "accept ");

	if (at == NULL)
		return "AAAA-AAAA";
	snprintf(code, sizeof(code), "%.9s", at + strlen("accept "));
	return code;
}

static inline const char *ack(struct world *w, const char *thing, const char *id)
{
	return say(w, "<iq type='result' from='%s' to='reg.ex' id='%s'/>", thing, id);
}

/* Move on until everything is due again, then what the registry pushes. */
static inline const char *pushed(struct world *w)
{
	w->time.boot += 20 * 60000;
	return pushes(w);
}

/* The thing answers what is pushed until nothing is. */
static inline void hear_all(struct world *w, const char *thing)
{
	for (int i = 0; i < 8 && strstr(pushed(w), "id=\"d-") != NULL; i++)
		ack(w, thing, push_id(w));
}

/* A thing of that owner, claimed and told. */
static inline void claimed(struct world *w)
{
	reg(w, THING, "k");
	mine(w, OWNER, "k");
	hear_all(w, THING);
}

#endif
