/* SPDX-License-Identifier: Apache-2.0 */
/*
 * owner_support: an owner at his desk, over a store in memory with a clock that
 * the test moves: desk, provisioning and stores are real, the registry only
 * describes things.  For the tests of what owners say and are asked.
 */
#ifndef KITH_TESTS_OWNER_SUPPORT_H
#define KITH_TESTS_OWNER_SUPPORT_H

#include "tests/unit/store_support.h"

#include "common/base/buf.h"
#include "common/base/pool.h"
#include "common/base/str.h"
#include "common/store/debt.h"
#include "common/store/token.h"
#include "common/wire/limits.h"
#include "desk/desk.h"
#include "policy/policy.h"

#define ALICE "alice@a.example"
#define BOB "bob@a.example"
#define CAROL "carol@a.example"
#define LAMP "lamp1@a.example"
#define DOOR "door1@a.example"
#define GATE "gate1@a.example"
#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)
#define START INT64_C(1800000000000)	/* Friday, 2027-01-15 08:00 UTC */

struct owner_world {
	struct clock_fake hands;
	struct clock clock;
	struct store *store;
	struct ownership *ownership;
	struct debts *debts;
	struct contacts *contacts;
	struct codes *codes;
	struct persons *persons;
	struct thing_sets *sets;
	struct tokens_table *tokens;
	struct secret key;
	struct stats stats;
	struct provisioning *p;
	struct desk *desk;
	struct pool pool;
	struct buf text;
	struct reply r;
	bool foreign;		/* things ask without a lease */
	const char *lang;	/* of what is typed; NULL: not said */
	char languages[512];
	const char *room[8];	/* the tag of thing n */
};
static struct owner_world w;

/* ---- the registry ---- */

bool registry_account_is_gone(const struct registry *g, const char *bare)
{
	(void)g;
	(void)bare;
	return false;
}

int64_t registry_undo_since(const struct registry *g, const char *owner)
{
	(void)g;
	(void)owner;
	return 0;
}

bool registry_serves(enum verb v)
{
	return v == VERB_DISOWN || v == VERB_REMOVE || v == VERB_TRANSFER || v == VERB_PUBLISH ||
	    v == VERB_UPDATE;
}

int registry_serve(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	(void)g;
	(void)q;
	(void)e;
	r->kind = REPLY_RESULT;
	r->body = BODY_TEXT;
	r->text = "The registry did it.";
	return 0;
}

int registry_manifest(struct registry *g, const uint8_t id[static OWNERSHIP_ID], struct pool *pool,
    const struct manifest **out, struct err *e)
{
	(void)g, (void)id, (void)pool, (void)e;
	*out = NULL;
	return 0;
}

static size_t owner_tags(void *arg, const uint8_t id[static OWNERSHIP_ID], struct pool *pool,
    struct tag *out, size_t max)
{
	(void)arg;
	(void)pool;
	if (id[0] >= sizeof(w.room) / sizeof(w.room[0]) || w.room[id[0]] == NULL || max == 0)
		return 0;
	out[0] = (struct tag){ .name = "room", .str = w.room[id[0]] };
	return 1;
}

int registry_describe(struct registry *g, const uint8_t id[static OWNERSHIP_ID], struct pool *pool,
    struct found_thing *out, struct err *e)
{
	const struct owned *t = ownership_by_id(w.ownership, id);

	(void)g;
	(void)e;
	memset(out, 0, sizeof(*out));
	if (t == NULL)
		return 0;
	out->jid = pool_strdup(pool, t->jid);
	out->name = t->name != NULL ? pool_strdup(pool, t->name) : NULL;
	out->owner = t->owner;
	out->tags.tag = pool_alloc(pool, WIRE_TAGS * sizeof(*out->tags.tag));
	out->tags.n = owner_tags(NULL, id, pool, out->tags.tag, WIRE_TAGS);
	return 1;
}

/* ---- the stage ---- */

static inline void own_node(uint8_t n, const char *jid, const char *node, const char *owner,
    const char *name)
{
	struct owned t = { .id = { n }, .jid = jid, .node = node, .owner = owner, .epoch = 1,
		.name = name, .state = OWNED, .listed = true };

	MUST(store_begin(w.store, &test_err));
	MUST(ownership_put(w.ownership, &t, &test_err));
	MUST(store_commit(w.store, &test_err));
}

static inline void own(uint8_t n, const char *jid, const char *owner, const char *name)
{
	own_node(n, jid, NULL, owner, name);
}

static inline void open_roles(void)
{
	const char *top = getenv("top_builddir");

	struct provisioning_conf pc = { .jid = "kith.a.example", .read_lease_ms = HOUR / 4,
		.control_lease_ms = HOUR / 12, .befriend_lease_ms = HOUR / 4,
		.max_questions_strangers = 20, .question_ms = 90 * DAY, .code_ms = 7 * DAY };
	struct desk_conf dc = { .jid = "kith.a.example", .profile = JID_STRINGPREP,
		.languages = w.languages };
	struct provisioning_deps pd = { .store = w.store, .ownership = w.ownership,
		.debts = w.debts, .contacts = w.contacts, .clock = &w.clock, .hash_key = &w.key,
		.stats = &w.stats, .persons = w.persons, .sets = w.sets, .tokens = w.tokens,
		.tags = owner_tags };
	struct desk_deps dd;

	(void)snprintf(w.languages, sizeof(w.languages), "%s/po", top != NULL ? top : ".");
	MUST(provisioning_open(&w.p, &pc, &pd, &test_err));
	dd = (struct desk_deps){ .registry = (struct registry *)&w, .provisioning = w.p,
		.ownership = w.ownership, .contacts = w.contacts, .clock = &w.clock,
		.stats = &w.stats, .store = w.store, .codes = w.codes, .persons = w.persons,
		.sets = w.sets };
	MUST(desk_open(&w.desk, &dc, &dd, &test_err));
}

static inline void open_world(void)
{
	MUST(store_open(&w.store, "sqlite::memory:", &test_err));
	MUST(ownership_open(&w.ownership, w.store, &test_err));
	MUST(debts_open(&w.debts, w.store, &w.clock, &w.key, &test_err));
	MUST(contacts_open(&w.contacts, w.store, &w.clock, &test_err));
	MUST(codes_open(&w.codes, w.store, &w.clock, &w.key, &test_err));
	MUST(persons_open(&w.persons, w.store, &test_err));
	MUST(thing_sets_open(&w.sets, w.store, &test_err));
	MUST(tokens_open(&w.tokens, w.store, &w.clock, &w.key, &test_err));
	open_roles();
}

static inline int set_up(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	w.hands.wall = w.hands.boot = START;
	w.clock = clock_from_fake(&w.hands);
	test_key(&w.key, 7);
	pool_init(&w.pool, 1024 * 1024);
	buf_init(&w.text, 64 * 1024);
	open_world();
	own(1, LAMP, ALICE, "lamp");
	own(2, DOOR, ALICE, "door");
	own(3, GATE, ALICE, "gate");
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	desk_close(&w.desk);
	provisioning_close(&w.p);
	tokens_close(&w.tokens);
	thing_sets_close(&w.sets);
	persons_close(&w.persons);
	codes_close(&w.codes);
	contacts_close(&w.contacts);
	debts_close(&w.debts);
	ownership_close(&w.ownership);
	store_close(&w.store);
	secret_clear(&w.key);
	pool_fini(&w.pool);
	buf_fini(&w.text);
	return 0;
}

/* ---- what is said ---- */

static inline const char *type(const char *bare, const char *body)
{
	struct request q = { .verb = VERB_CHAT, .kind = STANZA_MESSAGE, .type = IQ_NOT,
		.from = bare, .bare = bare, .to = "desk@kith.a.example", .pool = &w.pool,
		.lang = w.lang };

	pool_reset(&w.pool);
	buf_reset(&w.text);
	q.u.chat.body = body;
	MUST(store_begin(w.store, &test_err));
	MUST(desk_serve(w.desk, &q, &w.text, &test_err));
	MUST(store_commit(w.store, &test_err));
	return buf_str(&w.text);
}

static inline void expect_in(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("'%s' is not in: %s", part, text);
}

static inline void expect_out(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("'%s' is in: %s", part, text);
}

/* What the thing would be told; asked for one name, or for everything, whole. */
static inline bool may(const char *who, int action, uint8_t thing, const char *name)
{
	const uint8_t id[OWNERSHIP_ID] = { thing };
	struct reply_why why;
	struct pool pool;
	bool yes;

	pool_init(&pool, 256 * 1024);
	MUST(provisioning_ask(w.p, who, action, id, name, &pool, &why, &test_err));
	yes = strcmp(why.verdict, "allow") == 0 &&
	    (name != NULL || strstr(why.reason, "only for") == NULL);
	pool_fini(&pool);
	return yes;
}

/* ---- what is asked by iq ---- */

static inline struct request iq(enum verb verb, const char *bare)
{
	return (struct request){ .verb = verb, .kind = STANZA_IQ, .type = IQ_SET, .id = "1",
		.from = bare, .bare = bare, .to = "kith.a.example", .pool = &w.pool,
		.dialect = { PROTO_PROV_OWNER, GEN_N, VOCAB_SHORT } };
}

/* In a transaction only where the role says that it must be. */
static inline void serve(const struct request *q)
{
	int rc;

	memset(&w.r, 0, sizeof(w.r));
	if (provisioning_writes(w.p, q)) {
		MUST(store_begin(w.store, &test_err));
		MUST(provisioning_serve(w.p, q, &w.r, &test_err));
		MUST(store_commit(w.store, &test_err));
		return;
	}
	MUST(rc = provisioning_serve(w.p, q, &w.r, &test_err));
	if (rc != PROVISIONING_WRITES)
		return;
	MUST(store_begin(w.store, &test_err));
	MUST(provisioning_serve(w.p, q, &w.r, &test_err));
	MUST(store_commit(w.store, &test_err));
}

/* A thing asks whether somebody may; names may be NULL. */
static inline bool asks(enum verb verb, const char *thing, const char *who, const char *name,
    unsigned types, const struct node *node)
{
	static struct node one;
	static const char *names[1];
	struct request q = iq(verb, thing);

	q.type = IQ_GET;
	q.dialect = (struct dialect){ PROTO_PROV_DEVICE, GEN_N, VOCAB_SHORT };
	q.lease.asked = !w.foreign;
	if (verb == VERB_IS_FRIEND) {
		q.u.is_friend.jid = q.u.is_friend.asked = who;
	} else {
		q.u.can.jid = q.u.can.asked = who;
		q.u.can.types = types;
		names[0] = name;
		q.u.can.names = (struct name_list){ name != NULL, names };
		if (node != NULL)
			one = *node;
		q.u.can.nodes = (struct node_list){ node != NULL, &one };
	}
	serve(&q);
	return w.r.kind == REPLY_RESULT && w.r.u.can.result;
}

static inline bool reads(const char *thing, const char *who, const char *name)
{
	return asks(VERB_CAN_READ, thing, who, name, 0, NULL);
}

static inline bool controls(const char *thing, const char *who, const char *name)
{
	return asks(VERB_CAN_CONTROL, thing, who, name, 0, NULL);
}

/* How many questions are owed to him; *q is the last of them, and its code and
 * key outlive what is typed next. */
static inline size_t owed_questions(const char *owner, struct owner_question *q)
{
	static char code[16], key[64];
	struct owner_question one;
	size_t n = 0;

	for (size_t i = 0; i < debt_count(w.debts); i++) {
		const struct debt *d = debt_at(w.debts, i);
		int found;

		if (d->kind != DEBT_QUESTION || strcmp(d->peer, owner) != 0)
			continue;
		MUST(found = provisioning_question(w.p, d->subject, &w.pool, &one, &test_err));
		if (found != 1)
			continue;
		n++;
		if (q == NULL)
			continue;
		*q = one;
		(void)snprintf(code, sizeof(code), "%s", one.code);
		(void)snprintf(key, sizeof(key), "%s", one.key);
		q->code = code;
		q->key = key;
	}
	return n;
}

static inline void tick(void)
{
	MUST(store_begin(w.store, &test_err));
	MUST(provisioning_tick(w.p, &test_err));
	MUST(store_commit(w.store, &test_err));
}

#endif
