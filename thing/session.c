/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session: a small table of open requests.  Ids are 128 random bits, so a
 * stranger cannot answer in the name of a service even where a broker would
 * let him; the sender is checked as well.
 */
#include "config.h"

#include "thing/session.h"

#include <string.h>

#include "common/base/mem.h"
#include "common/wire/ns.h"
#include "common/wire/route.h"
#include "common/wire/stanza.h"
#include "common/wire/xml.h"

void session_init(struct session *s, const struct clock *clock)
{
	memset(s, 0, sizeof(*s));
	s->clock = clock;
}

int session_begin(struct session *s, struct buf *out, const char *full_jid)
{
	struct jid j;

	if (jid_parse(&j, full_jid, JID_STRINGPREP, NULL) < 0)
		return -1;
	mem_free(s->self);
	s->self = mem_strdup(j.text);
	if (!s->self)
		return -1;
	s->bare_len = j.bare_len;
	s->out = out;
	return 0;
}

bool session_is_up(const struct session *s)
{
	return s->out != NULL;
}

const char *session_self(const struct session *s)
{
	return s->self ? s->self : "";
}

static void forget(struct session_ask *a)
{
	mem_free(a->to);
	memset(a, 0, sizeof(*a));
}

/* Frees the slot first: the callback may ask again. */
static void settle(struct session_ask *a, const struct stanza *answer)
{
	session_answer_fn *fn = a->answer;
	void *arg = a->arg;

	forget(a);
	fn(arg, answer);
}

void session_end(struct session *s)
{
	s->out = NULL;
	for (size_t i = 0; i < SESSION_ASKS; i++)
		if (s->ask[i].id[0])
			settle(&s->ask[i], NULL);
	mem_free(s->self);
	s->self = NULL;
	s->bare_len = 0;
}

static struct session_ask *free_slot(struct session *s)
{
	for (size_t i = 0; i < SESSION_ASKS; i++)
		if (!s->ask[i].id[0])
			return &s->ask[i];
	return NULL;
}

/* A slot that waits for an answer; NULL: none free. */
static struct session_ask *new_ask(struct session *s, const char *to,
    session_answer_fn *answer, void *arg)
{
	struct session_ask *a = s->out ? free_slot(s) : NULL;

	if (!a)
		return NULL;
	a->to = to && strlen(to) < SESSION_TO ? mem_strdup(to) : NULL;
	if ((to && !a->to) || ident_text(a->id, NULL) < 0) {
		forget(a);
		return NULL;
	}
	a->deadline_ms = clock_boot(s->clock) + SESSION_TIMEOUT_MS;
	a->answer = answer;
	a->arg = arg;
	return a;
}

int session_ask(struct session *s, struct request *q, session_answer_fn *answer, void *arg)
{
	struct session_ask *a = new_ask(s, q->to, answer, arg);

	if (!a)
		return -1;
	q->kind = STANZA_IQ;
	q->type = IQ_NOT;	/* as the protocol wants it */
	q->id = a->id;
	if (route_write(s->out, q) == 0)
		return 0;
	forget(a);		/* never left; nobody waits */
	return -1;
}

/* Opens an iq of TYPE to TO (NULL: our own account) whose answer goes to ANSWER. */
static struct session_ask *begin_iq(struct session *s, struct xml *x, const char *type,
    const char *to, session_answer_fn *answer, void *arg)
{
	struct session_ask *a = new_ask(s, to, answer, arg);

	if (!a)
		return NULL;
	xml_begin(x, s->out);
	xml_open(x, "iq", NULL);
	xml_attr(x, "type", type);
	xml_attr(x, "id", a->id);
	if (to)
		xml_attr(x, "to", to);
	return a;
}

/* Closes the element of what is asked, and the iq.  What never left, nobody waits for. */
static int end_iq(struct session_ask *a, struct xml *x)
{
	xml_close(x);
	xml_close(x);
	if (xml_end(x) == 0)
		return 0;
	forget(a);
	return -1;
}

int session_ask_roster(struct session *s, session_answer_fn *answer, void *arg)
{
	struct xml x;
	struct session_ask *a = begin_iq(s, &x, "get", NULL, answer, arg);

	if (!a)
		return -1;
	xml_open(&x, "query", NS_ROSTER);
	return end_iq(a, &x);
}

int session_ask_password(struct session *s, const char *domain, const char *user,
    const char *password, session_answer_fn *answer, void *arg)
{
	struct xml x;
	struct session_ask *a = begin_iq(s, &x, "set", domain, answer, arg);

	if (!a)
		return -1;
	xml_open(&x, "query", NS_REGISTER);
	xml_leaf(&x, "username", NULL, user);
	xml_leaf(&x, "password", NULL, password);
	return end_iq(a, &x);
}

int session_ask_leave(struct session *s, session_answer_fn *answer, void *arg)
{
	struct xml x;
	struct session_ask *a = begin_iq(s, &x, "set", NULL, answer, arg);

	if (!a)
		return -1;
	xml_open(&x, "query", NS_REGISTER);
	xml_leaf(&x, "remove", NULL, "");
	return end_iq(a, &x);
}

int session_ask_twin(struct session *s, const char *full, const char *ns, const char *nonce,
    session_answer_fn *answer, void *arg)
{
	struct xml x;
	struct session_ask *a = begin_iq(s, &x, "get", full, answer, arg);

	if (!a)
		return -1;
	xml_open(&x, "twin", ns);
	xml_attr(&x, "nonce", nonce);
	return end_iq(a, &x);
}

bool session_is_own_server(const struct session *s, const char *from)
{
	size_t len;
	const char *domain;

	if (!from)
		return true;
	if (!s->self)
		return false;
	if (strlen(from) == s->bare_len && strncmp(from, s->self, s->bare_len) == 0)
		return true;
	domain = jid_text_domain(s->self, &len);
	return strlen(from) == len && strncmp(from, domain, len) == 0;
}

static bool is_from(const struct session *s, const struct session_ask *a, const char *from)
{
	struct jid j;

	if (!a->to)
		return session_is_own_server(s, from);
	return from && jid_parse(&j, from, JID_STRINGPREP, NULL) == 0 &&
	    strcmp(j.text, a->to) == 0;
}

bool session_take_answer(struct session *s, const struct stanza *iq)
{
	const char *id = stanza_attr(iq, "id"), *from = stanza_attr(iq, "from");

	if (!id || strlen(id) != IDENT_TEXT - 1)
		return false;
	for (size_t i = 0; i < SESSION_ASKS; i++) {
		if (!s->ask[i].id[0] || strcmp(s->ask[i].id, id) != 0)
			continue;
		if (!is_from(s, &s->ask[i], from))
			return false;
		settle(&s->ask[i], iq);
		return true;
	}
	return false;
}

int64_t session_deadline(const struct session *s)
{
	int64_t first = -1;

	for (size_t i = 0; i < SESSION_ASKS; i++)
		if (s->ask[i].id[0] && (first < 0 || s->ask[i].deadline_ms < first))
			first = s->ask[i].deadline_ms;
	return first;
}

void session_tick(struct session *s)
{
	int64_t now = clock_boot(s->clock);

	for (size_t i = 0; i < SESSION_ASKS; i++)
		if (s->ask[i].id[0] && now >= s->ask[i].deadline_ms)
			settle(&s->ask[i], NULL);
}
