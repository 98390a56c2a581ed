/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service: who asks, about whom, and what is answered; the numbers are those of
 * service.h.  Nothing of an answer tells whether a token, a user or a rule
 * exists (att-P-09).
 */
#include "config.h"

#include "provisioning/service.h"

#include <stdio.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/ident.h"
#include "common/base/str.h"
#include "policy/credential.h"
#include "provisioning/privilege.h"
#include "provisioning/role.h"

#define OBJECT_BYTES 160	/* of the record of what happened */

static int no_room(struct err *e)
{
	return err_set(e, ERR_LIMIT, "no room for a question of a service");
}

/* ---- what is said of a user ---- */

/* Where he comes from; everything else is who he says he is. */
#define WHERE_FROM (1u << CREDENTIAL_IP | 1u << CREDENTIAL_HOST | 1u << CREDENTIAL_LONGITUDE | \
	1u << CREDENTIAL_LATITUDE | 1u << CREDENTIAL_ALTITUDE | 1u << CREDENTIAL_PROTOCOL)

static int add(struct visit *v, enum credential kind, const char *text, struct err *e)
{
	if (text == NULL || v->n == SERVICE_CREDENTIALS)
		return no_room(e);
	v->credential[v->n++] = (struct question_credential){ kind, text };
	return 0;
}

/* By any of its digests: rules may be written with each. */
static int add_certificate(struct visit *v, const char *base64, struct err *e)
{
	static const unsigned bits[] = { 160, 256, 384, 512 };
	uint8_t der[WIRE_CERTIFICATE], digest[HASH_MAX];
	char hex[2 * HASH_MAX + 1];
	long len = str_unbase64(der, sizeof(der), base64, strlen(base64));

	for (size_t i = 0; len > 0 && i < sizeof(bits) / sizeof(bits[0]); i++) {
		const char *text;

		str_hex(hex, digest, hash_digest(bits[i], digest, der, (size_t)len));
		text = pool_strdup(v->pool, hex);
		if (add(v, CREDENTIAL_CERTIFICATE, text, e) != 0 ||
		    add(v, CREDENTIAL_THUMBPRINT, text, e) != 0)
			return -1;
	}
	return 0;
}

/* Hex in any case, with colons, or base64: as rules have it.  What is none of
 * these matches no rule. */
static const char *thumbprint(struct visit *v, const char *sent)
{
	struct buf text;
	const char *copy = sent;

	buf_init(&text, POLICY_NAME);
	if (credential_canonical(CREDENTIAL_THUMBPRINT, sent, &text) == 0)
		copy = pool_strdup(v->pool, buf_str(&text));
	buf_fini(&text);
	return copy;
}

static int add_sent(struct visit *v, const struct credential_sent *s, struct err *e)
{
	static const struct { const char *type; enum credential kind; } kinds[] = {
		{ "jid", CREDENTIAL_JID }, { "ip4", CREDENTIAL_IP }, { "ip6", CREDENTIAL_IP },
		{ "hostName", CREDENTIAL_HOST },
		{ "x509CertificateThumbprint", CREDENTIAL_THUMBPRINT },
		{ "userName", CREDENTIAL_USER }, { "longitude", CREDENTIAL_LONGITUDE },
		{ "latitude", CREDENTIAL_LATITUDE }, { "altitude", CREDENTIAL_ALTITUDE },
		{ "sso", CREDENTIAL_SSO }, { "protocol", CREDENTIAL_PROTOCOL },
	};

	if (s->value == NULL) {
		v->malformed = true;
		return 0;
	}
	if (strcmp(s->type, "x509Certificate") == 0)
		return add_certificate(v, s->value, e);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].type, s->type) == 0) {
			if (kinds[i].kind == CREDENTIAL_JID)
				v->jid = s->value;
			return add(v, kinds[i].kind, kinds[i].kind == CREDENTIAL_THUMBPRINT
				? thumbprint(v, s->value) : s->value, e);
		}
	return 0;
}

/*
 * What is kept of him beside his token: a line for each credential, its kind and
 * its text, and "login" when he has logged in.  No text has a line end.
 */
static const char login_line[] = "login";

static const char *details_of(const struct visit *v, struct err *e)
{
	struct buf text;
	const char *copy = NULL;

	buf_init(&text, TOKEN_DETAILS);
	for (size_t i = 0; i < v->n; i++)
		buf_addf(&text, "%s %s\n", credential_name(v->credential[i].kind),
		    v->credential[i].text);
	if (v->logged_in)
		buf_addf(&text, "%s\n", login_line);
	if (!buf_ok(&text) || (copy = pool_strdup(v->pool, buf_str(&text))) == NULL)
		no_room(e);
	buf_fini(&text);
	return copy;
}

static enum credential kind_of(const char *name)
{
	int k = 0;

	while (k < CREDENTIAL_COUNT && strcmp(credential_name((enum credential)k), name) != 0)
		k++;
	return (enum credential)k;
}

static int read_details(struct visit *v, const char *details, struct err *e)
{
	char *rest = pool_strdup(v->pool, details != NULL ? details : ""), *line, *text;

	if (rest == NULL)
		return no_room(e);
	while ((line = strsep(&rest, "\n")) != NULL) {
		enum credential kind;

		text = line;
		(void)strsep(&text, " ");
		v->logged_in = v->logged_in || (text == NULL && strcmp(line, login_line) == 0);
		kind = kind_of(line);
		if (text == NULL || kind == CREDENTIAL_COUNT)
			continue;
		if (kind == CREDENTIAL_JID)
			v->jid = text;
		if (add(v, kind, text, e) != 0)
			return -1;
	}
	return 0;
}

/* ---- who asks ---- */

/* 1 */
static const struct token *service_token(const struct provisioning *p, const struct request *q)
{
	const struct name_list *shown = &q->u.service.service_tokens;
	const struct token *found = NULL;

	if (p->deps.tokens == NULL || provisioning_account_is_gone(p, q->bare))
		return NULL;
	for (size_t i = 0; i < shown->n; i++) {
		const struct token *t = token_find(p->deps.tokens, shown->name[i]);

		if (t != NULL && t->certificate != NULL && strcmp(t->jid, q->bare) == 0)
			found = t;
	}
	return found;
}

/* Only of a user of this very service (att-P-25). */
static const struct token *user_token(const struct visit *v, const struct request *q)
{
	const struct name_list *shown = &q->u.service.user_tokens;
	const struct token *found = NULL;

	for (size_t i = 0; v->service != NULL && i < shown->n; i++) {
		const struct token *t = token_find(v->p->deps.tokens, shown->name[i]);

		if (t != NULL && t->service != NULL && strcmp(t->service, v->service->name) == 0 &&
		    strcmp(t->jid, v->service_jid) == 0)
			found = t;
	}
	return found;
}

/* The service as a thing; what nobody owns is the operator's to decide about. */
static void find_thing(struct visit *v)
{
	const struct owned *t = ownership_by_address(v->p->deps.ownership, v->service_jid, NULL,
	    NULL, NULL);

	v->is_owned = provisioning_is_owned(t);
	v->thing = t;
	if (t != NULL && t->state != OWNED_NOBODY && t->state != OWNED_SELF)
		return;
	if (t != NULL)
		v->alone = *t;
	v->alone.jid = v->service_jid;
	v->alone.owner = NULL;
	v->alone.state = OWNED_SELF;
	v->thing = &v->alone;
}

static int visit_begin(struct visit *v, struct provisioning *p, const struct request *q,
    struct err *e)
{
	memset(v, 0, sizeof(*v));
	v->p = p;
	v->pool = q->pool;
	v->service_jid = q->bare;
	v->service = service_token(p, q);
	v->user = user_token(v, q);
	find_thing(v);
	if (v->user != NULL)
		return read_details(v, v->user->details, e);
	for (size_t i = 0; v->service != NULL && i < q->u.service.n_credentials; i++)
		if (add_sent(v, &q->u.service.credential[i], e) != 0)
			return -1;
	return 0;
}

/* ---- may he? ---- */

static size_t only_where_from(const struct visit *v, struct question_credential *out)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++)
		if ((WHERE_FROM & 1u << v->credential[i].kind) != 0)
			out[n++] = v->credential[i];
	return n;
}

int service_judge(const struct visit *v, enum action a, const char *name, bool known,
    struct access_judgement *out, struct err *e)
{
	struct question_credential some[SERVICE_CREDENTIALS];
	const char *asker = known && v->jid != NULL ? v->jid : "";
	struct access_facts f = provisioning_moment(v->p, a, asker);
	const struct subject token[2] = {
		{ .kind = SUBJECT_SERVICE, .text = v->service->name },
		{ .kind = SUBJECT_USER, .text = v->user != NULL ? v->user->name : NULL },
	};
	const char *space[1];
	struct access_thing at;

	f.tokens = token;
	f.n_tokens = v->user != NULL ? 2 : 1;
	f.credentials = known ? v->credential : some;
	f.n_credentials = known ? v->n : only_where_from(v, some);
	f.names = (struct name_list){ name != NULL ? 1 : 0, &name };
	if (provisioning_thing(v->p, v->thing, asker, v->pool, &at, e) != 0)
		return -1;
	/* Nobody's address: there is no server whose word it would be. */
	at.trusted = at.trusted || asker[0] == '\0';
	access_judge(&f, &at, &(struct answer_space){ .n_names = 1, .names = space }, out);
	return 0;
}

/* 1, 0, -1; the visit remembers when it may be otherwise. */
static int judge(struct visit *v, enum action a, const char *name, bool known, struct err *e)
{
	struct access_judgement j;

	if (service_judge(v, a, name, known, &j, e) != 0)
		return -1;
	if (j.answer.edge_ms != 0 && (v->edge_ms == 0 || j.answer.edge_ms < v->edge_ms))
		v->edge_ms = j.answer.edge_ms;
	return j.answer.verdict == VERDICT_ALLOW;
}

/* 3: a user who may not use the service any more has no privileges either. */
static int may_use(struct visit *v, struct err *e)
{
	return v->user == NULL ? 0 : judge(v, ACTION_ACCESS, NULL, true, e);
}

static int has_privilege(void *arg, const char *id, struct err *e)
{
	struct visit *v = arg;

	return judge(v, ACTION_PRIVILEGE, id, v->logged_in, e);
}

/* ---- notes ---- */

/* Counted in memory, for the owner of the service. */
static void note(const struct visit *v, bool granted, const char *what)
{
	char object[OBJECT_BYTES];
	struct audit_event ev = { .what = granted ? AUDIT_ALLOWED : AUDIT_DENIED,
		.actor = v->jid != NULL ? v->jid : v->service_jid, .object = object };

	++*(v->service == NULL ? v->p->count.strangers : granted ? v->p->count.allowed :
	    v->p->count.refused);
	if (v->service == NULL || v->p->deps.audit == NULL || !v->is_owned)
		return;
	(void)snprintf(object, sizeof(object), "%s", what);
	ev.thing = v->thing->id;
	ev.epoch = v->thing->epoch;
	ev.owner = v->thing->owner;
	audit_decided(v->p->deps.audit, &ev);
}

/* It may keep what it was told: so it will be told to forget. */
static bool is_news(const struct visit *v, const struct request *q)
{
	return lease_is_news(v->p, v->service_jid, false, v->edge_ms) ||
	    contact_dialect_differs(v->p->deps.contacts, v->service_jid, PROTO_PROV_DEVICE,
		q->dialect.gen, q->dialect.vocab);
}

static int note_asker(const struct visit *v, const struct request *q, struct err *e)
{
	return contact_set_dialect(v->p->deps.contacts, v->service_jid, PROTO_PROV_DEVICE,
	    q->dialect.gen, q->dialect.vocab, e) != 0 ? -1 :
	    lease_note(v->p, v->service_jid, false, v->edge_ms, e);
}

/* ---- canAccess ---- */

static int raise_question(struct visit *v, const struct access_judgement *j, struct err *e)
{
	struct question_wish w = { .thing = v->thing, .requester = v->jid,
		.action = ACTION_ACCESS, .touch = j->answer.touch,
		.by_rule = j->answer.rule != NULL && !j->by_operator ? j->answer.rule->number : 0 };
	enum question_plan plan;

	if (j->answer.verdict != VERDICT_ASK || !v->is_owned || v->jid == NULL)
		return 0;
	if (question_plan(v->p, &w, v->pool, &plan, e) != 0)
		return -1;
	if (plan != QUESTION_LEAVE && !store_in_transaction(v->p->deps.store))
		return PROVISIONING_WRITES;
	return plan == QUESTION_LEAVE ? 0 : question_raise(v->p, &w, v->pool, e);
}

static int new_user(struct visit *v, struct reply *r, struct err *e)
{
	char text[TOKEN_TEXT], *whole;
	struct token t = { .jid = v->service_jid, .service = v->service->name,
		.issued_ms = provisioning_now(v->p) };

	_Static_assert(TOKEN_NAME == IDENT_TEXT, "a user's name is a random one");
	t.until_ms = t.issued_ms + v->p->conf.user_token_ms;
	if (t.until_ms > v->service->until_ms)
		t.until_ms = v->service->until_ms;
	t.details = details_of(v, e);
	if (t.details == NULL || ident_text(t.name, e) != 0 ||
	    token_issue(v->p->deps.tokens, &t, text, e) != 0)
		return -1;
	whole = pool_printf(v->pool, "%s:%s", v->p->conf.jid, text);
	secret_cleanse(text, sizeof(text));
	r->u.service.user_token = whole;
	return whole != NULL ? 0 : no_room(e);
}

/* 0, or too much of anything: not now, rather than no. */
static int or_too_much(int rc, struct reply *r, struct err *e)
{
	if (rc != -1 || e->kind != ERR_LIMIT)
		return rc;
	err_clear(e);
	reply_error(r, COND_RESOURCE_CONSTRAINT);
	return 0;
}

static int grant_access(struct visit *v, const struct request *q, struct reply *r,
    struct err *e)
{
	if (!store_in_transaction(v->p->deps.store))
		return PROVISIONING_WRITES;
	if (note_asker(v, q, e) != 0 || new_user(v, r, e) != 0)
		return -1;
	r->u.service.result = true;
	note(v, true, "access");
	return 0;
}

static int decide_access(struct visit *v, const struct request *q, struct reply *r,
    struct err *e)
{
	struct access_judgement j;
	int rc;

	if (service_judge(v, ACTION_ACCESS, NULL, true, &j, e) != 0)
		return -1;
	v->edge_ms = j.answer.edge_ms;
	if (j.answer.verdict == VERDICT_ALLOW)
		return grant_access(v, q, r, e);
	rc = raise_question(v, &j, e);
	if (rc == 0)
		note(v, false, "access");
	return rc;
}

int service_access(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e)
{
	struct visit v;
	int rc = visit_begin(&v, p, q, e);

	r->kind = REPLY_RESULT;
	r->body = BODY_ACCESS;
	if (rc == 0 && v.service == NULL)
		++*p->count.strangers;
	else if (rc == 0 && !v.malformed)
		rc = decide_access(&v, q, r, e);
	return or_too_much(rc, r, e);
}

/* ---- userLoggedIn ---- */

/* His name is what he logged in with, whatever was said before. */
static int log_in(struct visit *v, const char *name, struct err *e)
{
	size_t n = 0;
	const char *details;

	for (size_t i = 0; i < v->n; i++)
		if (v->credential[i].kind != CREDENTIAL_USER)
			v->credential[n++] = v->credential[i];
	v->n = n;
	v->logged_in = true;
	if (add(v, CREDENTIAL_USER, name, e) != 0)
		return -1;
	details = details_of(v, e);
	return details == NULL ? -1 :
	    token_describe(v->p->deps.tokens, v->user->name, details, e);
}

int service_login(struct provisioning *p, const struct request *q, struct reply *r, struct err *e)
{
	struct visit v;
	int rc = visit_begin(&v, p, q, e);

	r->kind = REPLY_RESULT;
	r->body = BODY_EMPTY;
	if (rc == 0 && v.user == NULL) {
		reply_error(r, COND_FORBIDDEN);
		return 0;
	}
	if (rc == 0 && !store_in_transaction(p->deps.store))
		return PROVISIONING_WRITES;
	return or_too_much(rc == 0 ? log_in(&v, q->u.service.user_name, e) : rc, r, e);
}

/* ---- privileges ---- */

/* Only for who has a user at all: a stranger's question keeps no row. */
static int keep_note(const struct visit *v, const struct request *q, struct err *e)
{
	if (v->user == NULL || !is_news(v, q))
		return 0;
	return store_in_transaction(v->p->deps.store) ? note_asker(v, q, e) : PROVISIONING_WRITES;
}

int service_privilege(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e)
{
	char what[OBJECT_BYTES];
	struct visit v;
	int rc = visit_begin(&v, p, q, e), may;

	r->kind = REPLY_RESULT;
	r->body = BODY_PRIVILEGE;
	may = rc == 0 ? may_use(&v, e) : -1;
	if (may == 1)
		may = has_privilege(&v, q->u.service.privilege, e);
	rc = may < 0 ? -1 : keep_note(&v, q, e);
	if (rc != 0)
		return or_too_much(rc, r, e);
	r->u.service.result = may == 1;
	(void)snprintf(what, sizeof(what), "use \"%.120s\"", q->u.service.privilege);
	note(&v, may == 1, what);
	return 0;
}

static int list_all(struct visit *v, struct reply *r, struct err *e)
{
	const char **names = pool_alloc(v->pool, PRIVILEGE_NAMES * sizeof(*names));
	size_t n;

	if (names == NULL)
		return no_room(e);
	return privilege_names(v, names, PRIVILEGE_NAMES, &n, e) != 0 ? -1 :
	    privilege_list(names, n, has_privilege, v, v->pool, &r->u.service, e);
}

/* Whoever is not who he should be gets the empty list, which the XEP allows. */
int service_download(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e)
{
	struct visit v;
	int rc = visit_begin(&v, p, q, e), may;

	r->kind = REPLY_RESULT;
	r->body = BODY_PRIVILEGES;
	may = rc == 0 ? may_use(&v, e) : -1;
	rc = may < 0 ? -1 : may == 1 ? list_all(&v, r, e) : 0;
	if (rc == 0)
		rc = keep_note(&v, q, e);
	if (rc == 0)
		note(&v, may == 1, "use everything");
	return or_too_much(rc, r, e);
}
