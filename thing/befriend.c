/* SPDX-License-Identifier: Apache-2.0 */
/*
 * befriend: subscriptions in and out.  Who is asked is access.c's business.
 */
#include "config.h"

#include "thing/befriend.h"

#include <string.h>

#include "common/base/mem.h"
#include "common/base/str.h"
#include "common/wire/ns.h"
#include "common/wire/push.h"
#include "common/wire/xml.h"

static void say(struct befriend *b, const char *to, const char *type)
{
	if (session_is_up(b->session))
		(void)presence_write(b->session->out, NULL, to, type, NULL);
}

void befriend_subscribe(struct befriend *b, const char *bare)
{
	const struct friend *x = friends_find(b->friends, bare);

	if (!x || (!x->to && !x->asked))
		say(b, bare, "subscribe");
}

/* ---- the waiting list --------------------------------------------------- */

static size_t places(const struct befriend *b)
{
	return b->pending ? BEFRIEND_PENDING : 0;
}

static struct befriend_pending *find(struct befriend *b, const char *bare)
{
	for (size_t i = 0; i < places(b); i++)
		if (b->pending[i].bare[0] && strcmp(b->pending[i].bare, bare) == 0)
			return &b->pending[i];
	return NULL;
}

/* A free place, or that of the one who waits longest: all are strangers.  The
 * one being asked about (there is one at most) keeps its place. */
static struct befriend_pending *place(struct befriend *b)
{
	struct befriend_pending *p, *oldest = NULL;

	for (p = b->pending; p < b->pending + BEFRIEND_PENDING; p++) {
		if (!p->bare[0])
			return p;
		if (!p->asking && (!oldest || p->order < oldest->order))
			oldest = p;
	}
	return oldest;
}

static struct befriend_pending *add(struct befriend *b, const char *bare)
{
	struct befriend_pending *p = find(b, bare);

	if (p)
		return p;
	if (!b->pending)
		b->pending = mem_array(BEFRIEND_PENDING, sizeof(b->pending[0]));
	if (strlen(bare) >= BEFRIEND_BARE || !b->pending)
		return NULL;
	p = place(b);
	memset(p, 0, sizeof(*p));
	if (str_copy(p->bare, sizeof(p->bare), bare) < 0)
		return NULL;
	p->order = ++b->count;
	return p;
}

/* ---- the answer --------------------------------------------------------- */

/* Generation X things tell the other side, which then asks us again
 * (deployed readers subscribe anew only when they hear this). */
static void tell_friend(struct befriend *b, const char *bare)
{
	const struct standing_service *svc = &b->standing->provisioning;
	struct push p = {
		.verb = VERB_FRIEND,
		.dialect = { PROTO_PROV_DEVICE, svc->gen, VOCAB_LONG },
		.to = bare,
	};
	char self[JID_MAX + 1], id[IDENT_TEXT];

	if (!session_is_up(b->session) || svc->gen != GEN_X || ident_text(id, NULL) < 0)
		return;
	memcpy(self, b->session->self, b->session->bare_len);
	self[b->session->bare_len] = '\0';
	p.id = id;
	p.jid = self;
	(void)push_write(b->session->out, &p);
}

/* Only who asked hears it: said to anybody else, it would let him in at any time
 * to come, without our being asked (RFC 6121 3.4). */
static void let_in(struct befriend *b, const char *bare)
{
	friends_accept(b->friends, bare);
	say(b, bare, "subscribed");
}

static void accept(struct befriend *b, const struct befriend_pending *p)
{
	if (p->requested)
		let_in(b, p->bare);
	else if (p->doubted)
		friends_accept(b->friends, p->bare);
	if (!p->offered)
		return;
	befriend_subscribe(b, p->bare);
	tell_friend(b, p->bare);
}

/* Whom our server let in may have its word for ever (a pre-approval, RFC 6121
 * 3.4): only his leaving the roster ends that everywhere. */
static void put_out(struct befriend *b, const char *bare)
{
	char id[IDENT_TEXT];
	struct xml x;

	friends_left(b->friends, bare);
	if (!session_is_up(b->session) || ident_text(id, NULL) < 0)
		return;
	xml_begin(&x, b->session->out);
	xml_open(&x, "iq", NULL);
	xml_attr(&x, "type", "set");
	xml_attr(&x, "id", id);
	xml_open(&x, "query", NS_ROSTER);
	xml_open(&x, "item", NULL);
	xml_attr(&x, "jid", bare);
	xml_attr(&x, "subscription", "remove");
	xml_close(&x);
	xml_close(&x);
	xml_close(&x);
	(void)xml_end(&x);
}

static void ask_next(struct befriend *b);

static struct befriend_pending *asked_about(struct befriend *b)
{
	for (size_t i = 0; i < places(b); i++)
		if (b->pending[i].bare[0] && b->pending[i].asking)
			return &b->pending[i];
	return NULL;
}

static void settle(struct befriend *b, struct befriend_pending *p, enum access_verdict v)
{
	if (v == ACCESS_UNKNOWN) {
		p->again_ms = clock_boot(b->clock) + BEFRIEND_AGAIN_MS;
		return;
	}
	if (v == ACCESS_YES)
		accept(b, p);
	else if (p->doubted)
		put_out(b, p->bare);
	else if (p->requested)
		say(b, p->bare, "unsubscribed");
	if (v == ACCESS_NO && b->refused)
		b->refused(b->arg, p->bare);
	p->bare[0] = '\0';
}

static void decided(void *arg, enum access_verdict v, const struct decision *d)
{
	struct befriend *b = arg;
	struct befriend_pending *p = asked_about(b);

	(void)d;
	if (!p)
		return;
	p->asking = false;
	settle(b, p, p->withdrawn ? ACCESS_NO : v);
	befriend_roster_changed(b);
}

/* One at a time, so that an answer always belongs to the one who is asking. */
static void ask_next(struct befriend *b)
{
	struct decision_question q = { .action = DECIDE_FRIEND };
	struct befriend_pending *next = NULL;

	if (asked_about(b))
		return;
	for (size_t i = 0; i < places(b); i++) {
		struct befriend_pending *p = &b->pending[i];

		if (p->bare[0] && p->again_ms <= clock_boot(b->clock) &&
		    (!next || p->order < next->order))
			next = p;
	}
	if (!next)
		return;
	next->asking = true;
	q.jid = next->bare;
	/* A push widens only by an answer made after it: no lease for those. */
	access_decide(b->access, &q, next->offered, decided, b);
}

void befriend_request(struct befriend *b, const char *bare)
{
	struct befriend_pending *p;

	switch (access_who(b->access, bare)) {
	case ACCESS_OWNER:
		let_in(b, bare);
		befriend_subscribe(b, bare);
		return;
	case ACCESS_SERVICE:
		let_in(b, bare);
		return;
	case ACCESS_SELF:
		return;
	default:
		break;
	}
	p = add(b, bare);
	if (p) {
		p->requested = true;
		p->again_ms = 0;
	}
	ask_next(b);
}

void befriend_roster_changed(struct befriend *b)
{
	/* A former owner is being parted with: he is no question. */
	const struct friend *x = friends_unasked(b->friends, b->standing->former);
	struct befriend_pending *p = x ? find(b, x->bare) : NULL;

	/* One at a time; owner and services are no question. */
	if (x && !p) {
		switch (access_who(b->access, x->bare)) {
		case ACCESS_STRANGER:
			p = add(b, x->bare);
			break;
		default:
			friends_accept(b->friends, x->bare);
			befriend_roster_changed(b);
			return;
		}
	}
	if (p)
		p->doubted = true;
	ask_next(b);
}

void befriend_friend(struct befriend *b, const char *bare)
{
	struct befriend_pending *p = add(b, bare);

	if (!p)
		return;
	p->offered = true;
	p->withdrawn = false;
	p->again_ms = 0;
	ask_next(b);
}

void befriend_unfriend(struct befriend *b, const char *bare)
{
	struct befriend_pending *p = find(b, bare);
	const struct friend *x;

	if (p && p->asking)
		p->withdrawn = true;
	else if (p)
		p->bare[0] = '\0';
	decisions_forget(b->decisions, bare);
	say(b, bare, "unsubscribed");
	say(b, bare, "unsubscribe");
	x = friends_find(b->friends, bare);
	if (x && x->approved)
		put_out(b, bare);
	else
		friends_left(b->friends, bare);
}

int64_t befriend_deadline(const struct befriend *b)
{
	int64_t first = -1;

	for (size_t i = 0; i < places(b); i++) {
		const struct befriend_pending *p = &b->pending[i];

		if (!p->bare[0])
			continue;
		if (p->asking)
			return -1;	/* its answer moves the list on */
		if (first < 0 || p->again_ms < first)
			first = p->again_ms;
	}
	return first;
}

static bool nobody_waits(struct befriend *b)
{
	for (size_t i = 0; i < places(b); i++)
		if (b->pending[i].bare[0])
			return false;
	return true;
}

void befriend_tick(struct befriend *b)
{
	if (session_is_up(b->session))
		ask_next(b);
	if (nobody_waits(b))
		befriend_end(b);
}

void befriend_end(struct befriend *b)
{
	mem_free(b->pending);
	b->pending = NULL;
}
