/* SPDX-License-Identifier: Apache-2.0 */
/*
 * services: disco answers are read, then gathered in a round, then ranked.  A
 * round lives until the last of its questions has been answered, so an answer
 * that comes late finds its round over, and never another one.
 */
#include "config.h"

#include "thing/services.h"

#include <string.h>

#include "common/base/jid.h"
#include "common/base/mem.h"
#include "common/base/str.h"
#include "common/wire/reply.h"
#include "common/wire/stanza.h"

/* ---- reading ------------------------------------------------------------ */

bool services_is_acceptable(const char *jid)
{
	struct jid j;

	return jid_parse(&j, jid, JID_STRINGPREP, NULL) == 0 && !jid_has_local(&j) &&
	    !jid_has_resource(&j);
}

bool services_is_within(const char *jid, const char *domain)
{
	size_t len = strlen(jid), tail = strlen(domain);

	if (len < tail || !str_case_eq(jid + len - tail, domain))
		return false;
	return len == tail || jid[len - tail - 1] == '.';
}

static void take_feature(struct services_found *out, const char *var)
{
	enum proto proto;
	enum gen gen;

	if (strcmp(var, NS_LEASE) == 0)
		out->leases = true;
	if (strcmp(var, NS_THING) == 0)
		out->self = true;
	if (!ns_find(var, &proto, &gen))
		return;
	if (proto == PROTO_DISCOVERY && (!out->registry || gen < out->registry_gen)) {
		out->registry = true;
		out->registry_gen = gen;
	}
	if (proto == PROTO_PROV_DEVICE && (!out->provisioning || gen < out->provisioning_gen)) {
		out->provisioning = true;
		out->provisioning_gen = gen;
	}
}

static bool read(struct reply *r, const struct stanza *answer, struct pool *pool,
    enum body wanted)
{
	return answer && reply_parse(r, answer, JID_STRINGPREP, pool) == 0 &&
	    r->kind == REPLY_RESULT && r->body == wanted;
}

void services_read_info(const struct stanza *answer, struct services_found *out)
{
	struct pool pool;
	struct reply r;

	memset(out, 0, sizeof(*out));
	pool_init(&pool, WIRE_REQUEST_BYTES);
	if (read(&r, answer, &pool, BODY_DISCO_INFO))
		for (size_t i = 0; i < r.u.disco.n; i++)
			take_feature(out, r.u.disco.feature[i]);
	pool_fini(&pool);
}

void services_read_items(const struct stanza *answer,
    void (*item)(void *arg, const char *jid), void *arg)
{
	struct pool pool;
	struct reply r;

	pool_init(&pool, WIRE_REQUEST_BYTES);
	if (read(&r, answer, &pool, BODY_DISCO_ITEMS))
		for (size_t i = 0; i < r.u.items.n; i++) {
			const struct reply_item *it = &r.u.items.item[i];

			if (it->jid && !it->node && services_is_acceptable(it->jid))
				item(arg, it->jid);
		}
	pool_fini(&pool);
}

/* ---- a round ------------------------------------------------------------- */

struct services_round {
	struct services *of;		/* NULL: over */
	char domain[SESSION_TO], registry[SESSION_TO];
	size_t n_waiting;		/* questions out, the first one included */
	int64_t decide_ms;		/* -1: nobody has said that it is a registry */
	bool decided;
	size_t n;
	struct services_candidate candidate[SERVICES_ITEMS];
};

static int ask(struct services *s, enum verb verb, const char *to,
    session_answer_fn *answer, void *arg)
{
	struct request q = { .verb = verb, .to = to };

	return session_ask(s->session, &q, answer, arg);
}

/* "registry" is that label below the domain, "registry.home.example" itself;
 * whatever has an '@' is a person's. */
static bool is_meant(const char *word, size_t len, const char *jid, const char *domain)
{
	if (len == 0 || memchr(word, '@', len) || strlen(jid) < len ||
	    strncasecmp(jid, word, len) != 0)
		return false;
	return jid[len] == '\0' || (jid[len] == '.' && strcmp(jid + len + 1, domain) == 0);
}

/* Smaller is better: what was configured, what was hinted at, the order of the list. */
static size_t rank(const struct services_round *r, const char *hints, size_t i)
{
	const char *jid = r->candidate[i].jid;
	size_t place = 1;

	if (r->registry[0] && strcmp(jid, r->registry) == 0)
		return 0;
	for (hints += strspn(hints, " "); *hints; hints += strspn(hints, " "), place++) {
		size_t len = strcspn(hints, " ");

		if (is_meant(hints, len, jid, r->domain))
			return place;
		hints += len;
	}
	return SERVICES_HINTS + i;
}

static bool is_registry(const struct services_round *r, const struct services_candidate *c)
{
	return c->found.registry && (!r->registry[0] || strcmp(c->jid, r->registry) == 0);
}

static bool is_provisioning(const struct services_round *r, const struct services_candidate *c)
{
	(void)r;
	return c->found.provisioning;
}

static const struct services_candidate *best(const struct services_round *r, const char *hints,
    bool (*fits)(const struct services_round *, const struct services_candidate *))
{
	const struct services_candidate *found = NULL;
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < r->n; i++)
		if (fits(r, &r->candidate[i]) && rank(r, hints, i) < least) {
			found = &r->candidate[i];
			least = rank(r, hints, i);
		}
	return found;
}

const struct services_candidate *services_registry(const struct services *s)
{
	return s->round ? best(s->round, s->hints ? s->hints->registry : "", is_registry) : NULL;
}

const struct services_candidate *services_provisioning(const struct services *s,
    const char *registry)
{
	for (size_t i = 0; s->round && i < s->round->n; i++)
		if (s->round->candidate[i].found.provisioning &&
		    strcmp(s->round->candidate[i].jid, registry) == 0)
			return &s->round->candidate[i];
	return s->round ? best(s->round, s->hints ? s->hints->provisioning : "",
	    is_provisioning) : NULL;
}

/* Nobody who could be better is still silent, and it is both. */
static bool is_certain(const struct services_round *r)
{
	const char *hints = r->of->hints ? r->of->hints->registry : "";
	const struct services_candidate *c = services_registry(r->of);

	if (!c || !c->found.provisioning)
		return false;
	for (size_t i = 0; i < r->n; i++)
		if (r->candidate[i].waiting &&
		    rank(r, hints, i) < rank(r, hints, (size_t)(c - r->candidate)))
			return false;
	return true;
}

static void forget(struct services_round *r)
{
	if (!r->of && r->n_waiting == 0)
		mem_free(r);
}

static void decide(struct services_round *r)
{
	r->decided = true;
	r->of->done(r->of->arg);
}

/* Ends with the round perhaps gone. */
static void one_less(struct services_round *r)
{
	struct services *s = r->of;

	r->n_waiting--;
	if (!s) {
		forget(r);
		return;
	}
	if (r->decided)
		return;
	if (r->decide_ms < 0 && services_registry(s))
		r->decide_ms = clock_boot(s->clock) + SERVICES_GRACE_MS;
	if (r->n_waiting == 0 || is_certain(r))
		decide(r);
}

static void on_info(void *arg, const struct stanza *answer)
{
	struct services_candidate *c = arg;

	c->waiting = false;
	if (!c->round->decided)
		services_read_info(answer, &c->found);
	one_less(c->round);
}

static void add(struct services_round *r, const char *jid)
{
	struct services_candidate *c = &r->candidate[r->n];

	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->candidate[i].jid, jid) == 0)
			return;
	if (r->n == SERVICES_ITEMS || str_copy(c->jid, sizeof(c->jid), jid) < 0)
		return;
	c->round = r;
	if (ask(r->of, VERB_DISCO_INFO, jid, on_info, c) < 0)
		return;
	c->waiting = true;
	r->n++;
	r->n_waiting++;
}

static void add_item(void *arg, const char *jid)
{
	struct services_round *r = arg;

	if (services_is_within(jid, r->domain))
		add(r, jid);
}

static void on_items(void *arg, const struct stanza *answer)
{
	struct services_round *r = arg;

	if (r->of) {
		if (r->registry[0])
			add(r, r->registry);
		add(r, r->domain);
		services_read_items(answer, add_item, r);
	}
	one_less(r);
}

int services_find(struct services *s, const char *domain, const char *registry)
{
	struct services_round *r = mem_zalloc(sizeof(*r));

	services_stop(s);
	if (!r || str_copy(r->domain, sizeof(r->domain), domain) < 0 ||
	    str_copy(r->registry, sizeof(r->registry), registry ? registry : "") < 0 ||
	    ask(s, VERB_DISCO_ITEMS, domain, on_items, r) < 0) {
		mem_free(r);
		return -1;
	}
	r->of = s;
	r->n_waiting = 1;
	r->decide_ms = -1;
	s->round = r;
	return 0;
}

void services_stop(struct services *s)
{
	struct services_round *r = s->round;

	if (!r)
		return;
	s->round = NULL;
	r->of = NULL;
	r->decided = true;
	forget(r);
}

int64_t services_deadline(const struct services *s)
{
	return s->round && !s->round->decided ? s->round->decide_ms : -1;
}

void services_tick(struct services *s)
{
	int64_t at = services_deadline(s);

	if (at >= 0 && clock_boot(s->clock) >= at)
		decide(s->round);
}
