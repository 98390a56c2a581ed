/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_support: a registry over a store, spoken to in stanzas, the way the
 * site does it: parse, serve in a transaction, commit, then the reply.
 */
#ifndef KITH_TESTS_REGISTRY_SUPPORT_H
#define KITH_TESTS_REGISTRY_SUPPORT_H

#include "tests/unit/store_support.h"

#include "common/base/buf.h"
#include "common/wire/route.h"
#include "common/wire/stanza.h"
#include "registry/serve.h"

#define X "urn:xmpp:iot:discovery"
#define N "urn:nf:iot:disco:1.0"

struct world {
	struct store *store;
	struct audit *audit;
	struct ownership *ownership;
	struct debts *debts;
	struct parked_table *parked;
	struct contacts *contacts;
	struct codes *codes;
	struct persons *persons;
	struct registry *registry;
	struct registry_conf conf;
	struct clock_fake time;
	struct clock clock;
	struct secret key;
	struct stats stats;
	struct pool pool;
	struct buf out;
	bool released;		/* let parked answers out behind each reply */
};

static inline void world_roles(struct world *w, const char *url)
{
	struct registry_deps deps;

	w->store = open_store(url);
	MUST(audit_open(&w->audit, w->store, &w->clock, &test_err));
	MUST(ownership_open(&w->ownership, w->store, &test_err));
	MUST(debts_open(&w->debts, w->store, &w->clock, &w->key, &test_err));
	MUST(parked_open(&w->parked, w->store, &w->clock, &test_err));
	MUST(contacts_open(&w->contacts, w->store, &w->clock, &test_err));
	MUST(codes_open(&w->codes, w->store, &w->clock, &w->key, &test_err));
	MUST(persons_open(&w->persons, w->store, &test_err));
	deps = (struct registry_deps){
		.codes = w->codes, .persons = w->persons,
		.store = w->store, .ownership = w->ownership, .debts = w->debts,
		.parked = w->parked, .contacts = w->contacts, .clock = &w->clock,
		.hash_key = &w->key, .stats = &w->stats, .audit = w->audit,
	};
	MUST(registry_open(&w->registry, &w->conf, &deps, &test_err));
}

static inline void world_open(struct world *w, const char *url)
{
	memset(w, 0, sizeof(*w));
	w->time.wall = INT64_C(1767225600000);
	w->time.boot = 1000000;
	w->clock = clock_from_fake(&w->time);
	w->conf.jid = "reg.ex";
	w->conf.show_owner = true;
	w->released = true;
	test_key(&w->key, 7);
	pool_init(&w->pool, WIRE_REQUEST_BYTES);
	buf_init(&w->out, 1 << 20);
	world_roles(w, url);
}

static inline void world_leave(struct world *w)
{
	registry_close(&w->registry);
	persons_close(&w->persons);
	codes_close(&w->codes);
	contacts_close(&w->contacts);
	parked_close(&w->parked);
	debts_close(&w->debts);
	ownership_close(&w->ownership);
	audit_close(&w->audit);
	store_close(&w->store);
}

static inline void world_close(struct world *w)
{
	world_leave(w);
	secret_clear(&w->key);
	pool_fini(&w->pool);
	buf_fini(&w->out);
}

static inline void world_restart(struct world *w, const char *url)
{
	world_leave(w);
	world_roles(w, url);
}

static inline void parse(struct world *w, const char *xml, struct request *q)
{
	struct route_context rc = { .side = SIDE_SERVICE, .self = w->conf.jid };
	struct stanza_holder *holder = NULL;
	const struct stanza *s = stanza_from_text(&holder, NS_COMPONENT, xml, strlen(xml));
	enum condition cond = COND_NONE;

	if (s == NULL)
		fail_msg("the test's own stanza is wrong: %s", xml);
	pool_reset(&w->pool);
	if (route_parse(&rc, s, &w->pool, q, &cond) != ROUTE_PARSED)
		fail_msg("not parsed (%s): %s", condition_name(cond), xml);
	stanza_holder_free(&holder);
}

/* An answer to a push of ours goes where its id points. */
static inline int serve_answer(struct world *w, const struct request *q, struct err *e)
{
	uint64_t number;
	int64_t row = debt_iq_row(w->debts, q->id, q->bare, &number);
	struct debt d;

	if (row == -1)
		return 0;
	d = *debt_by_row(w->debts, row);
	return registry_debt_answered(w->registry, &d, q, e);
}

static inline int serve_one(struct world *w, const struct request *q, struct err *e)
{
	struct reply r = { 0 };

	if (q->verb == VERB_PRESENCE)
		return registry_presence(w->registry, q, &w->out, e);
	if (q->verb == VERB_ANSWER)
		return serve_answer(w, q, e);
	if (registry_serve(w->registry, q, &r, e) == -1)
		return -1;
	return reply_write(&w->out, q, &r);
}

/* What comes back: replies and presences, then what was released. */
static inline const char *say_text(struct world *w, const char *xml)
{
	struct request q;
	bool writes;

	buf_reset(&w->out);
	parse(w, xml, &q);
	writes = q.verb == VERB_ANSWER || registry_writes(&q);
	if (writes)
		MUST(store_begin(w->store, &test_err));
	MUST(serve_one(w, &q, &test_err));
	if (writes)
		MUST(store_commit(w->store, &test_err));
	if (w->released)
		registry_released(w->registry, &w->out);
	return buf_str(&w->out);
}

__attribute__((format(printf, 2, 3)))
static inline const char *say(struct world *w, const char *fmt, ...)
{
	static char xml[16384];
	va_list ap;

	va_start(ap, fmt);
	assert_true(vsnprintf(xml, sizeof(xml), fmt, ap) < (int)sizeof(xml));
	va_end(ap);
	return say_text(w, xml);
}

static inline const char *tick(struct world *w)
{
	buf_reset(&w->out);
	MUST(store_begin(w->store, &test_err));
	MUST(registry_tick(w->registry, &test_err));
	MUST(store_commit(w->store, &test_err));
	registry_released(w->registry, &w->out);
	return buf_str(&w->out);
}

/* Everything due now, written and counted as sent. */
static inline const char *pushes(struct world *w)
{
	buf_reset(&w->out);
	for (const struct debt *d = debt_next_due(w->debts, NULL); d != NULL;
	    d = debt_next_due(w->debts, d)) {
		if (registry_debt_write(w->registry, d, &w->out) == 1)
			debt_sent(w->debts, d->row);
		else
			debt_put_off(w->debts, d->row);
	}
	return buf_str(&w->out);
}

/* The id of the first push in the last pushes(). */
static inline const char *push_id(const struct world *w)
{
	static char id[DEBT_ID];
	const char *at = strstr(buf_str(&w->out), "id=\"d-");

	if (at == NULL)
		at = strstr(buf_str(&w->out), "id='d-");
	assert_non_null(at);
	memcpy(id, at + 4, sizeof(id) - 1);
	id[strcspn(id, "\"'")] = '\0';
	return id;
}

static inline size_t count_text(const char *in, const char *what)
{
	size_t n = 0;

	for (const char *at = in; (at = strstr(at, what)) != NULL; at += strlen(what))
		n++;
	return n;
}

#define HAS(text, what) \
	do { \
		const char *has_text = (text); \
		if (strstr(has_text, (what)) == NULL) \
			fail_msg("no '%s' in: %s", (what), has_text); \
	} while (0)
#define HAS_NOT(text, what) \
	do { \
		const char *has_text = (text); \
		if (strstr(has_text, (what)) != NULL) \
			fail_msg("'%s' in: %s", (what), has_text); \
	} while (0)

/* ---- the usual cast ---- */

static inline const char *tags_of(const char *key)
{
	static char text[4][512];
	static unsigned turn;
	char *to = text[turn++ % 4];

	snprintf(to, sizeof(text[0]), "<str name='SN' value='394872348732948723'/>"
	    "<str name='MAN' value='www.ktc.se'/><str name='MODEL' value='IMC'/>"
	    "<num name='V' value='1.2'/><str name='KEY' value='%s'/>", key);
	return to;
}

static inline const char *reg(struct world *w, const char *thing, const char *key)
{
	return say(w, "<iq type='set' from='%s' to='reg.ex' id='r1'><register xmlns='" X "'>%s"
	    "</register></iq>", thing, tags_of(key));
}

static inline const char *mine(struct world *w, const char *owner, const char *key)
{
	return say(w, "<iq type='set' from='%s' to='reg.ex' id='m1'><mine xmlns='" X "'>%s"
	    "</mine></iq>", owner, tags_of(key));
}

static inline const char *unregister(struct world *w, const char *thing)
{
	return say(w, "<iq type='set' from='%s' to='reg.ex' id='u1'><unregister xmlns='" X
	    "'/></iq>", thing);
}

static inline const char *about(struct world *w, const char *owner, const char *what,
    const char *thing)
{
	return say(w, "<iq type='set' from='%s' to='reg.ex' id='a1'><%s xmlns='" X "' jid='%s'/>"
	    "</iq>", owner, what, thing);
}

static inline const char *find(struct world *w, const char *terms)
{
	return say(w, "<iq type='get' from='curious@ex/c' to='reg.ex' id='s1'>"
	    "<search xmlns='" X "' offset='0' maxCount='20'>%s</search></iq>", terms);
}

static inline const struct owned *thing_of(const struct world *w, const char *jid)
{
	return ownership_by_address(w->ownership, jid, NULL, NULL, NULL);
}

#endif
