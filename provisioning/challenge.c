/* SPDX-License-Identifier: Apache-2.0 */
/*
 * challenge: groups of challenges, one group for each question that waits; equal
 * questions share one.  What a turn makes or settles counts when it has been
 * committed, and is undone with it.
 */
#include "config.h"

#include "provisioning/challenge.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/ident.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/store/parked.h"
#include "common/wire/route.h"
#include "common/wire/stanza.h"
#include "provisioning/proof.h"
#include "provisioning/role.h"
#include "provisioning/token.h"

#define RELEASED_BYTES (512 * 1024)	/* challenges and answers of one turn */
#define LATE_AT_ONCE 64
#define KEY_TEXT (sizeof(CHALLENGE_KIND) + 2 * (size_t)HASH_BYTES)

enum state { WAITS, SHOWN, FAILED };

struct one {
	char id[IDENT_TEXT];
	char name[TOKEN_NAME];		/* of the token whose key is to be shown */
	char *holder;			/* bare: whom that token was given to */
	struct proof proof;
	enum state state;
};

struct group {
	struct group *next;
	char key[KEY_TEXT];		/* what the parked rows wait for */
	char *thing;			/* full: who is challenged */
	char *asker;			/* bare: who showed the thing the tokens */
	int64_t until_boot_ms;
	size_t n;
	struct one one[TOKEN_CHALLENGED];
	bool is_new, is_over;		/* in this turn */
};

struct challenges {
	struct group *first;
	size_t n;
	const struct group *serving;	/* the question that is served again */
	bool late;			/* and nothing is waited for */
	struct pool pool;
	struct buf released;
	size_t released_kept;		/* so much of it is committed */
	uint64_t *sent, *failed, *parked;
};

/* ---- groups ---- */

static void group_free(struct group *g)
{
	for (size_t i = 0; i < g->n; i++) {
		secret_cleanse(&g->one[i].proof, sizeof(g->one[i].proof));
		free(g->one[i].holder);
	}
	free(g->thing);
	free(g->asker);
	free(g);
}

static void turn_ended(void *arg, bool committed)
{
	struct challenges *c = arg;
	struct group **at = &c->first;

	if (committed)
		c->released_kept = c->released.len;
	else
		buf_truncate(&c->released, c->released_kept);
	while (*at != NULL) {
		struct group *g = *at;

		if (committed ? g->is_over : g->is_new) {
			*at = g->next;
			c->n--;
			group_free(g);
			continue;
		}
		g->is_new = g->is_over = false;
		at = &g->next;
	}
}

int challenges_open(struct challenges **out, struct store *s, struct parked_table *parked,
    struct stats *stats, struct err *e)
{
	struct challenges *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	buf_init(&c->released, RELEASED_BYTES);
	pool_init(&c->pool, WIRE_REQUEST_BYTES);
	c->sent = stats_slot(stats, "provisioning_challenges", "tokens challenged");
	c->failed = stats_slot(stats, "provisioning_challenges_failed",
	    "tokens shown by who has not their key");
	c->parked = stats_slot(stats, "provisioning_parked", "questions that waited for a key");
	store_on_end(s, turn_ended, c);
	if (parked != NULL)
		parked_within(parked, CHALLENGE_KIND, CHALLENGE_MS);
	*out = c;
	return 0;
}

/* The store ends no transaction any more. */
void challenges_close(struct challenges **cp)
{
	struct challenges *c = *cp;

	if (c == NULL)
		return;
	*cp = NULL;
	while (c->first != NULL) {
		struct group *g = c->first;

		c->first = g->next;
		group_free(g);
	}
	buf_fini(&c->released);
	pool_fini(&c->pool);
	free(c);
}

static struct group *find_key(const struct challenges *c, const char *key)
{
	struct group *g = c->first;

	while (g != NULL && (g->is_over || strcmp(g->key, key) != 0))
		g = g->next;
	return g;
}

static struct group *find_id(const struct challenges *c, const char *id, struct one **out)
{
	for (struct group *g = c->first; g != NULL; g = g->next)
		for (size_t i = 0; i < g->n; i++)
			if (strcmp(g->one[i].id, id) == 0) {
				*out = &g->one[i];
				return g;
			}
	return NULL;
}

/* ---- parking ---- */

/* The same thing, asker and tokens: they wait together. */
static void key_of(const struct request *q, const struct access_facts *f,
    const struct token_doubt *d, size_t n, char out[static KEY_TEXT])
{
	uint8_t digest[HASH_BYTES];
	struct hash h;

	hash_start(&h, "challenge");
	hash_text(&h, q->from);
	hash_text(&h, f->requester);
	hash_int(&h, (uint64_t)q->dialect.gen);
	for (size_t i = 0; i < n; i++)
		hash_text(&h, d[i].text);
	hash_end(&h, digest);
	memcpy(out, CHALLENGE_KIND, sizeof(CHALLENGE_KIND));
	str_hex(out + strlen(CHALLENGE_KIND), digest, sizeof(digest));
}

/* 1 parked, 0 too many wait already, -1. */
static int park(struct provisioning *p, const struct request *q, const char *key,
    int64_t left_ms, struct err *e)
{
	struct parked row = { .asker = q->from, .to = q->to, .iq_id = q->id, .verb = q->verb,
		.gen = (int)q->dialect.gen, .vocab = (int)q->dialect.vocab, .waits_for = key,
		.deadline_ms = provisioning_now(p) + left_ms };
	struct err limit = ERR_INIT;
	struct buf text;
	int rc = 1;

	buf_init(&text, PARKED_REQUEST);
	if (route_write(&text, q) == -1) {
		buf_fini(&text);
		return 0;
	}
	row.request = buf_str(&text);
	if (parked_add(p->deps.parked, &row, &limit) == -1) {
		rc = limit.kind == ERR_LIMIT ? 0 : -1;
		if (rc == -1 && e != NULL)
			*e = limit;
	}
	buf_fini(&text);
	return rc;
}

/* 1 written, 0 this key cannot be challenged, -1. */
static int send_one(struct provisioning *p, const struct request *q, const struct token_doubt *d,
    const char *asker, struct one *one, struct err *e)
{
	struct challenges *all = p->challenges;
	struct certificate c = { 0 };
	struct request ask = { .verb = VERB_TOKEN_CHALLENGE, .kind = STANZA_IQ, .type = IQ_GET,
		.dialect = q->dialect, .id = one->id, .from = p->conf.jid, .to = q->from };
	uint8_t cipher[CERTIFICATE_CIPHER];
	int rc = 0;

	one->state = FAILED;
	one->proof = (struct proof){ .purpose = PROOF_OF_USE, .ours = d->key->knows_ours };
	memcpy(one->name, d->key->name, sizeof(one->name));
	if (certificate_parse(&c, d->key->certificate, d->key->certificate_len,
	    provisioning_now(p)) != CERTIFICATE_GOOD)
		return 0;
	one->holder = strdup(d->key->jid);
	ask.u.token = (struct request_token){ .token = d->text, .data = cipher,
		.sha256 = one->proof.ours, .shown_by = q->lease.asked ? asker : NULL };
	if (one->holder == NULL || ident_text(one->id, e) == -1)
		rc = -1;
	else if (proof_make(&one->proof, &c, &(struct proof_parties){ p->conf.jid, one->holder },
	    cipher, &ask.u.token.len, e) == 0 && route_write(&all->released, &ask) == 0)
		rc = 1;
	certificate_free(&c);
	if (rc == 1) {
		one->state = WAITS;
		++*all->sent;
	}
	return rc;
}

/* NULL: out of memory, or room. */
static struct group *group_new(struct provisioning *p, const struct request *q,
    const struct access_facts *f, const char *key)
{
	struct challenges *c = p->challenges;
	struct group *g = c->n < CHALLENGE_GROUPS ? calloc(1, sizeof(*g)) : NULL;

	if (g == NULL)
		return NULL;
	g->thing = strdup(q->from);
	g->asker = strdup(f->requester);
	if (g->thing == NULL || g->asker == NULL) {
		group_free(g);
		return NULL;
	}
	memcpy(g->key, key, sizeof(g->key));
	g->until_boot_ms = clock_boot(p->deps.clock) + CHALLENGE_MS;
	g->is_new = true;
	g->next = c->first;
	c->first = g;
	c->n++;
	return g;
}

/* How many are under way; -1. */
static int send_all(struct provisioning *p, const struct request *q,
    const struct token_doubt *d, size_t n, struct group *g, struct err *e)
{
	int sent = 0;

	for (size_t i = 0; i < n; i++) {
		int rc = send_one(p, q, &d[i], g->asker, &g->one[g->n++], e);

		if (rc == -1)
			return -1;
		sent += rc;
	}
	return sent;
}

/* The group that this question waits with, and *fresh if it was made for it.  NULL:
 * nothing is under way, so there is nothing to wait for; or *rc is -1. */
static struct group *group_for(struct provisioning *p, const struct request *q,
    const struct access_facts *f, bool *fresh, int *rc, struct err *e)
{
	struct token_doubt d[TOKEN_CHALLENGED];
	size_t n = token_doubts(p, q, f, d);
	char key[KEY_TEXT];
	struct group *g;

	*rc = 0;
	if (n == 0)
		return NULL;
	key_of(q, f, d, n, key);
	g = find_key(p->challenges, key);
	/* Its time is up and it was not settled yet: that is another question. */
	if (g != NULL && g->until_boot_ms <= clock_boot(p->deps.clock))
		g = NULL;
	*fresh = g == NULL;
	if (g != NULL || (g = group_new(p, q, f, key)) == NULL)
		return g;
	*rc = send_all(p, q, d, n, g, e);
	if (*rc > 0)
		return g;
	g->is_over = true;
	return NULL;
}

int challenge_needed(struct provisioning *p, const struct request *q, const struct access_facts *f,
    struct reply *r, struct err *e)
{
	struct challenges *c = p->challenges;
	size_t start = c->released.len;
	bool fresh;
	struct group *g;
	int rc;

	if (c->serving != NULL || c->late || p->deps.parked == NULL)
		return CHALLENGE_DECIDE;
	if (!store_in_transaction(p->deps.store))
		return PROVISIONING_WRITES;
	g = group_for(p, q, f, &fresh, &rc, e);
	if (g == NULL)
		return rc == -1 ? -1 : CHALLENGE_DECIDE;
	rc = park(p, q, g->key, g->until_boot_ms - clock_boot(p->deps.clock), e);
	if (rc == 1) {
		r->kind = REPLY_SILENCE;
		++*c->parked;
		return 0;
	}
	if (fresh) {
		buf_truncate(&c->released, start);
		g->is_over = true;
	}
	return rc == 0 ? CHALLENGE_DECIDE : -1;
}

/* ---- settling ---- */

/* The question once more, as it was asked, with what is known by now. */
static int serve_again(struct provisioning *p, const struct parked *row, struct err *e)
{
	struct challenges *c = p->challenges;
	const struct route_context rc = { .side = SIDE_SERVICE, .profile = p->conf.profile,
		.self = p->conf.jid };
	struct stanza_holder *holder = NULL;
	const struct stanza *s = row->request == NULL ? NULL :
	    stanza_from_text(&holder, NS_COMPONENT, row->request, strlen(row->request));
	struct request q;
	struct reply r = { 0 };
	enum condition cond;
	int ret = 0;

	pool_reset(&c->pool);
	if (s == NULL || route_parse(&rc, s, &c->pool, &q, &cond) != ROUTE_PARSED) {
		log_warn("a question of '%s' that waited cannot be read again", row->asker);
		goto out;
	}
	ret = provisioning_serve(p, &q, &r, e);
	/* A full buffer loses an answer, not a change: the thing asks again. */
	if (ret == 0)
		(void)reply_write(&c->released, &q, &r);
out:
	stanza_holder_free(&holder);
	return ret == 0 ? 0 : -1;
}

static int settle(struct provisioning *p, struct group *g, struct err *e)
{
	struct parked row;
	int got = 0;

	g->is_over = true;
	p->challenges->serving = g;
	while (got == 0 && (got = parked_take(p->deps.parked, g->key, &row, e)) == 1)
		got = serve_again(p, &row, e);
	p->challenges->serving = NULL;
	return got;
}

static bool is_shown(const struct provisioning *p, const struct one *o,
    const struct request_answer *a)
{
	const struct token *t = token_by_name(p->deps.tokens, o->name);
	struct certificate c = { 0 };
	bool good;

	if (!a->ok || a->data == NULL || t == NULL || t->certificate == NULL ||
	    certificate_parse(&c, t->certificate, t->certificate_len, provisioning_now(p)) !=
	    CERTIFICATE_GOOD)
		return false;
	good = proof_is_good(&o->proof, &c, &(struct proof_parties){ p->conf.jid, o->holder },
	    a->data, a->len);
	certificate_free(&c);
	return good;
}

static void note_failure(struct provisioning *p, const struct group *g, const struct one *o)
{
	++*p->challenges->failed;
	log_warn("'%s' showed '%s' the token %s of '%s' and has not its key", g->asker, g->thing,
	    o->name, o->holder);
}

int challenge_answered(struct provisioning *p, const struct request *answer, struct err *e)
{
	struct one *o;
	struct group *g = answer->id == NULL ? NULL : find_id(p->challenges, answer->id, &o);

	if (g == NULL)
		return 0;
	/* Somebody else's answer is none, and the true one is still awaited. */
	if (g->is_over || answer->from == NULL || strcmp(answer->from, g->thing) != 0)
		return 1;
	if (o->state == WAITS) {
		o->state = is_shown(p, o, &answer->u.answer) ? SHOWN : FAILED;
		if (o->state == FAILED)
			note_failure(p, g, o);
	}
	if (o->state == SHOWN && strcmp(o->holder, g->asker) == 0 &&
	    token_prove(p->deps.tokens, o->name, g->asker, e) == -1)
		return -1;
	for (size_t i = 0; i < g->n; i++)
		if (g->one[i].state == WAITS)
			return 1;
	return settle(p, g, e) == -1 ? -1 : 1;
}

int challenge_tick(struct provisioning *p, struct err *e)
{
	struct challenges *c = p->challenges;
	int64_t now = clock_boot(p->deps.clock);
	struct parked row;
	int n = 0, got = 0;

	if (p->deps.parked == NULL)
		return 0;
	c->late = true;
	while (n < LATE_AT_ONCE && got == 0 &&
	    (got = parked_take_late(p->deps.parked, CHALLENGE_KIND, &row, e)) == 1) {
		c->serving = find_key(c, row.waits_for);
		got = serve_again(p, &row, e);
		n++;
	}
	c->serving = NULL;
	c->late = false;
	for (struct group *g = c->first; g != NULL && n < LATE_AT_ONCE; g = g->next)
		g->is_over = g->is_over || g->until_boot_ms <= now;
	return got == -1 ? -1 : n;
}

int64_t challenge_deadline(const struct provisioning *p)
{
	return p->deps.parked == NULL ? -1 : parked_deadline(p->deps.parked, CHALLENGE_KIND);
}

void challenge_released(struct provisioning *p, struct buf *out)
{
	struct challenges *c = p->challenges;

	if (c->released_kept == 0)
		return;
	buf_add(out, c->released.data, c->released_kept);
	buf_consume(&c->released, c->released_kept);
	c->released_kept = 0;
}

void challenge_down(struct provisioning *p)
{
	buf_reset(&p->challenges->released);
	p->challenges->released_kept = 0;
}

bool challenge_showed(const struct provisioning *p, const struct token *key)
{
	const struct group *g = p->challenges->serving;

	for (size_t i = 0; g != NULL && i < g->n; i++)
		if (g->one[i].state == SHOWN && strcmp(g->one[i].name, key->name) == 0)
			return true;
	return false;
}
