/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay: a small table, and requests passed on.  It knows no keys and decides
 * nothing about rights.
 */
#include "config.h"

#include "thing/relay.h"

#include <string.h>

#include "common/base/mem.h"
#include "common/base/secret.h"
#include "common/base/str.h"
#include "common/wire/reply.h"

void relay_init(struct relay *r, const struct clock *clock, struct session *session,
    const struct standing *standing)
{
	*r = (struct relay){ .clock = clock, .session = session, .standing = standing };
}

void relay_fini(struct relay *r)
{
	mem_free(r->shown);
	r->shown = NULL;
}

/* ---- who showed what ---------------------------------------------------- */

/* The address in front of it is not always sent. */
static void hash_token(uint8_t out[static HASH_BYTES], const char *token)
{
	const char *colon = strrchr(token, ':');
	const char *text = colon ? colon + 1 : token;

	hash_bytes(out, text, strlen(text));
}

static bool is_live(const struct relay *r, const struct relay_shown *s)
{
	return s->by[0] && clock_boot(r->clock) - s->at_ms <= RELAY_MS;
}

static struct relay_shown *older(struct relay_shown *a, struct relay_shown *b)
{
	return !a || b->at_ms < a->at_ms ? b : a;
}

/* The same again; else the oldest of the same person if he has his share; else a
 * free one; else the oldest. */
static struct relay_shown *place_for(struct relay *r, const char *by,
    const uint8_t token[static HASH_BYTES])
{
	struct relay_shown *his = NULL, *any = NULL, *free_one = NULL;
	size_t n = 0;

	for (size_t i = 0; i < RELAY_SHOWN; i++) {
		struct relay_shown *s = &r->shown[i];

		if (!is_live(r, s)) {
			free_one = s;
			continue;
		}
		any = older(any, s);
		if (!jid_text_same_bare(s->by, by))
			continue;
		if (secret_bytes_equal(s->token, token, HASH_BYTES) &&
		    strcmp(s->by, by) == 0)
			return s;
		his = older(his, s);
		n++;
	}
	if (n >= RELAY_SHOWN_PER_JID)
		return his;
	return free_one ? free_one : any;
}

static void note_all(struct relay *r, const struct request *q, const struct name_list *tokens)
{
	if (tokens->n > 0 && !r->shown)
		r->shown = mem_array(RELAY_SHOWN, sizeof(r->shown[0]));
	if (!r->shown)
		return;		/* a challenge about them goes to nobody */
	for (size_t i = 0; i < tokens->n; i++) {
		uint8_t token[HASH_BYTES];
		struct relay_shown *s;

		hash_token(token, tokens->name[i]);
		s = place_for(r, q->from, token);
		if (str_copy(s->by, sizeof(s->by), q->from) < 0)
			continue;
		memcpy(s->token, token, sizeof(token));
		s->dialect = (struct dialect){ PROTO_PROV_TOKEN, q->dialect.gen,
			q->dialect.vocab };
		s->at_ms = clock_boot(r->clock);
	}
}

void relay_note(struct relay *r, const struct request *q, const struct tokens *t)
{
	note_all(r, q, &t->service);
	note_all(r, q, &t->device);
	note_all(r, q, &t->user);
}

/*
 * Who is meant: the last who showed it.  If several people did, a challenge that
 * does not say whose question it is about goes to none of them: the key of one
 * must not speak for another.
 */
static const struct relay_shown *find(const struct relay *r, const struct request_token *q)
{
	const struct relay_shown *found = NULL;
	uint8_t token[HASH_BYTES];

	hash_token(token, q->token);
	for (size_t i = 0; r->shown && i < RELAY_SHOWN; i++) {
		const struct relay_shown *s = &r->shown[i];

		if (!is_live(r, s) || !secret_bytes_equal(s->token, token, HASH_BYTES) ||
		    (q->shown_by && !jid_text_same_bare(s->by, q->shown_by)))
			continue;
		if (found && !jid_text_same_bare(found->by, s->by))
			return NULL;
		if (!found || s->at_ms >= found->at_ms)
			found = s;
	}
	return found;
}

/* ---- passing on --------------------------------------------------------- */

static void answer(const struct relay *r, const struct request *q, const struct reply *out)
{
	if (session_is_up(r->session))
		(void)reply_write(r->session->out, q, out);
}

static void forbid(const struct relay *r, const struct request *q)
{
	struct reply no = { 0 };

	reply_error(&no, COND_FORBIDDEN);
	answer(r, q, &no);
}

/* What is not an answer to the challenge is one error, whatever it was. */
static void on_answer(void *arg, const struct stanza *s)
{
	struct relay_wait *w = arg;
	struct call *c = w->call;
	struct reply said;

	w->call = NULL;
	if (s && reply_parse(&said, s, JID_STRINGPREP, &c->pool) == 0 &&
	    said.kind == REPLY_RESULT && said.body == BODY_TOKEN_PROOF)
		answer(w->relay, &c->q, &said);
	else
		forbid(w->relay, &c->q);
	call_free(&c);
}

static bool is_from_provisioning(const struct relay *r, const struct request *q)
{
	return r->standing->provisioning.jid[0] &&
	    strcmp(q->from, r->standing->provisioning.jid) == 0;
}

static struct relay_wait *free_wait(struct relay *r)
{
	for (size_t i = 0; i < RELAY_WAITS; i++)
		if (!r->wait[i].call)
			return &r->wait[i];
	return NULL;
}

void relay_challenge(struct relay *r, struct call **c)
{
	const struct request_token *q = &(*c)->q.u.token;
	const struct relay_shown *s = is_from_provisioning(r, &(*c)->q) ? find(r, q) : NULL;
	struct relay_wait *w = s ? free_wait(r) : NULL;
	struct request on;

	if (!w) {
		forbid(r, &(*c)->q);
		return;
	}
	on = (struct request){ .verb = VERB_TOKEN_CHALLENGE, .kind = STANZA_IQ, .type = IQ_GET,
		.dialect = s->dialect, .to = s->by,
		.u.token = { .token = q->token, .data = q->data, .len = q->len,
		.sha256 = q->sha256 } };
	w->relay = r;
	w->call = *c;
	if (session_ask(r->session, &on, on_answer, w) < 0) {
		w->call = NULL;
		forbid(r, &(*c)->q);
		return;
	}
	*c = NULL;
}
