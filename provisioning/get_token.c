/* SPDX-License-Identifier: Apache-2.0 */
/*
 * get_token: certificates that were shown and wait for the answer to their
 * challenge.  Each answer uses its challenge up; a right one whose turn was
 * rolled back may be served again.  Why a certificate was refused is in the log
 * and the statistics; who showed it reads only that it was.
 */
#include "config.h"

#include "provisioning/get_token.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/ident.h"
#include "common/base/log.h"
#include "common/store/token.h"
#include "provisioning/proof.h"
#include "provisioning/role.h"
#include "provisioning/token.h"

struct opening {
	struct opening *next;
	int64_t seqnr;
	char *jid;			/* bare */
	enum gen gen;
	struct proof proof;
	int64_t until_ms;		/* boot */
	bool used;			/* in this turn */
	size_t len;
	uint8_t der[];
};

struct openings {
	struct store *store;
	struct opening *first;
	uint64_t *issued, *wrong, *refused[CERTIFICATE_FAULTS];
};

/* ---- what is open ---- */

static void opening_free(struct opening *o)
{
	secret_cleanse(&o->proof, sizeof(o->proof));
	free(o->jid);
	free(o);
}

static void drop(struct opening **at)
{
	struct opening *o = *at;

	*at = o->next;
	opening_free(o);
}

/* A turn has ended: what it used is gone, or was not used after all. */
static void turn_ended(void *arg, bool committed)
{
	struct openings *a = arg;
	struct opening **at = &a->first;

	while (*at != NULL) {
		if ((*at)->used && committed) {
			drop(at);
			continue;
		}
		(*at)->used = false;
		at = &(*at)->next;
	}
}

static void drop_old(struct openings *a, int64_t boot_ms)
{
	struct opening **at = &a->first;

	while (*at != NULL)
		if ((*at)->until_ms <= boot_ms)
			drop(at);
		else
			at = &(*at)->next;
}

static bool has_room(const struct openings *a, const char *jid)
{
	size_t all = 0, his = 0;

	for (const struct opening *o = a->first; o != NULL; o = o->next) {
		all++;
		his += strcmp(o->jid, jid) == 0;
	}
	return all < OPENINGS && his < OPENINGS_PER_JID;
}

static struct opening **find(struct openings *a, int64_t seqnr)
{
	struct opening **at = &a->first;

	while (*at != NULL && (*at)->seqnr != seqnr)
		at = &(*at)->next;
	return at;
}

/* Positive and of 31 bits, since clients read it into an int. */
static int fresh_seqnr(struct openings *a, int64_t *out, struct err *e)
{
	uint32_t bits;

	do {
		if (ident_random(&bits, sizeof(bits), e) == -1)
			return -1;
		*out = (int64_t)(bits >> 1);
	} while (*out == 0 || *find(a, *out) != NULL);
	return 0;
}

static struct opening *opening_new(const struct provisioning *p, const struct request *q,
    struct err *e)
{
	struct opening *o = calloc(1, sizeof(*o) + q->u.token.len);

	if (o == NULL || (o->jid = strdup(q->bare)) == NULL ||
	    fresh_seqnr(p->openings, &o->seqnr, e) == -1) {
		if (o != NULL)
			opening_free(o);
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	o->gen = q->dialect.gen;
	o->proof.purpose = PROOF_FOR_TOKEN;
	o->proof.ours = q->u.token.sha256;
	o->until_ms = clock_boot(p->deps.clock) + OPENING_MS;
	o->len = q->u.token.len;
	memcpy(o->der, q->u.token.data, o->len);
	return o;
}

static const char *const refusals[CERTIFICATE_FAULTS] = {
	[CERTIFICATE_TOO_LONG] = "provisioning_certificate_too_long",
	[CERTIFICATE_MALFORMED] = "provisioning_certificate_malformed",
	[CERTIFICATE_OLD_FORM] = "provisioning_certificate_before_version_3",
	[CERTIFICATE_EXTENSION] = "provisioning_certificate_unknown_extension",
	[CERTIFICATE_NOT_YET] = "provisioning_certificate_not_yet_valid",
	[CERTIFICATE_OVER] = "provisioning_certificate_expired",
	[CERTIFICATE_AUTHORITY] = "provisioning_certificate_authority",
	[CERTIFICATE_KEY_TYPE] = "provisioning_certificate_key_type",
	[CERTIFICATE_CURVE] = "provisioning_certificate_curve",
	[CERTIFICATE_RSA_WEAK] = "provisioning_certificate_rsa_weak",
	[CERTIFICATE_RSA_BIG] = "provisioning_certificate_rsa_big",
	[CERTIFICATE_RSA_EXPONENT] = "provisioning_certificate_rsa_exponent",
	[CERTIFICATE_USAGE] = "provisioning_certificate_usage",
};

int openings_open(struct openings **out, struct store *s, struct stats *stats, struct err *e)
{
	struct openings *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	a->store = s;
	a->issued = stats_slot(stats, "provisioning_tokens_issued", "tokens given out");
	a->wrong = stats_slot(stats, "provisioning_tokens_unproved",
	    "certificates whose key was not shown");
	for (unsigned f = CERTIFICATE_GOOD + 1; f < CERTIFICATE_FAULTS; f++)
		a->refused[f] = stats_slot(stats, refusals[f], "certificates refused for this");
	store_on_end(s, turn_ended, a);
	*out = a;
	return 0;
}

/* The store ends no transaction any more. */
void openings_close(struct openings **ap)
{
	if (*ap == NULL)
		return;
	while ((*ap)->first != NULL)
		drop(&(*ap)->first);
	free(*ap);
	*ap = NULL;
}

/* ---- getToken ---- */

static bool gives_tokens(const struct provisioning *p, struct reply *r)
{
	if (p->deps.tokens != NULL && p->conf.token_ms > 0)
		return true;
	reply_error(r, COND_FEATURE_NOT_IMPLEMENTED);
	return false;
}

static int refuse(struct provisioning *p, const struct request *q, enum certificate_fault f,
    struct reply *r)
{
	++*p->openings->refused[f];
	log_info("a certificate of '%s' is refused: %s", q->bare, certificate_fault_name(f));
	reply_error(r, f == CERTIFICATE_MALFORMED || f == CERTIFICATE_TOO_LONG ?
	    COND_BAD_REQUEST : COND_NOT_ACCEPTABLE);
	return 0;
}

static int challenge(struct provisioning *p, const struct request *q,
    const struct certificate *c, struct reply *r, struct err *e)
{
	struct reply_token *t = &r->u.token;
	struct err why = ERR_INIT;
	uint8_t *cipher = pool_alloc(q->pool, CERTIFICATE_CIPHER);
	struct opening *o = opening_new(p, q, e);

	if (o == NULL || cipher == NULL)
		goto fail;
	if (proof_make(&o->proof, c, &(struct proof_parties){ p->conf.jid, q->bare }, cipher,
	    &t->len, &why) == -1) {
		if (why.kind != ERR_INPUT)
			goto fail;
		opening_free(o);
		return refuse(p, q, CERTIFICATE_KEY_TYPE, r);
	}
	*r = (struct reply){ .kind = REPLY_RESULT, .body = BODY_TOKEN_CHALLENGE,
		.u.token = { .seqnr = o->seqnr, .data = cipher, .len = t->len,
		.sha256 = o->proof.ours } };
	o->next = p->openings->first;
	p->openings->first = o;
	return 0;
fail:
	if (o != NULL)
		opening_free(o);
	return err_set(e, ERR_SYSTEM, "no challenge could be made for a certificate");
}

int get_token_serve(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e)
{
	struct certificate c = { 0 };
	enum certificate_fault f;
	int rc;

	if (!gives_tokens(p, r))
		return 0;
	drop_old(p->openings, clock_boot(p->deps.clock));
	if (!has_room(p->openings, q->bare)) {
		reply_error(r, COND_RESOURCE_CONSTRAINT);
		return 0;
	}
	f = certificate_parse(&c, q->u.token.data, q->u.token.len, provisioning_now(p));
	if (f != CERTIFICATE_GOOD)
		return refuse(p, q, f, r);
	if (token_is_revoked(p->deps.tokens, c.name)) {
		log_info("a certificate of '%s' is refused: %s was revoked", q->bare, c.name);
		reply_error(r, COND_NOT_ACCEPTABLE);
		rc = 0;
	} else {
		rc = challenge(p, q, &c, r, e);
	}
	certificate_free(&c);
	return rc;
}

/* ---- getTokenChallengeResponse ---- */

static int issue(struct provisioning *p, const struct request *q, const struct opening *o,
    const struct certificate *c, struct reply *r, struct err *e)
{
	int64_t now = provisioning_now(p), until = now + p->conf.token_ms;
	struct token t = { .jid = q->bare, .certificate = o->der, .certificate_len = o->len,
		.issued_ms = now, .until_ms = until < c->until_ms ? until : c->until_ms,
		.knows_ours = o->proof.ours };
	struct err why = ERR_INIT;
	char text[TOKEN_TEXT];

	memcpy(t.name, c->name, sizeof(t.name));
	if (token_issue(p->deps.tokens, &t, text, &why) == -1) {
		if (why.kind == ERR_SYSTEM) {
			*e = why;
			return -1;
		}
		reply_error(r, why.kind == ERR_LIMIT ? COND_RESOURCE_CONSTRAINT :
		    COND_NOT_ACCEPTABLE);
		return 0;
	}
	r->kind = REPLY_RESULT;
	r->body = BODY_TOKEN;
	r->u.token.token = pool_printf(q->pool, "%s:%s", p->conf.jid, text);
	secret_cleanse(text, sizeof(text));
	++*p->openings->issued;
	return r->u.token.token != NULL ? 0 : err_set(e, ERR_SYSTEM, "out of memory");
}

static bool is_his(const struct provisioning *p, const struct opening *o, const struct request *q)
{
	return o != NULL && !o->used && o->until_ms > clock_boot(p->deps.clock) &&
	    o->gen == q->dialect.gen && strcmp(o->jid, q->bare) == 0;
}

int get_token_answer(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e)
{
	const struct request_token *said = &q->u.token;
	struct proof_parties parties = { p->conf.jid, q->bare };
	struct opening **at = find(p->openings, said->seqnr);
	struct certificate c = { 0 };
	int rc = 0;

	if (!gives_tokens(p, r))
		return 0;
	if (!is_his(p, *at, q)) {
		reply_error(r, COND_ITEM_NOT_FOUND);
		return 0;
	}
	/* It may have ended since it was shown. */
	if (certificate_parse(&c, (*at)->der, (*at)->len, provisioning_now(p)) !=
	    CERTIFICATE_GOOD || !proof_is_good(&(*at)->proof, &c, &parties, said->data,
	    said->len)) {
		++*p->openings->wrong;
		log_info("'%s' did not show the key of its certificate", q->bare);
		drop(at);
		reply_error(r, COND_BAD_REQUEST);
	} else {
		(*at)->used = true;
		rc = issue(p, q, *at, &c, r, e);
	}
	certificate_free(&c);
	return rc;
}

/* ---- getCertificate ---- */

/* Certificates are no secret; who has none, or nothing at all, is the same. */
int get_token_certificate(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e)
{
	const struct token *t;

	(void)e;
	if (!gives_tokens(p, r))
		return 0;
	t = token_is_ours(p, q->u.token.token) ?
	    token_find(p->deps.tokens, q->u.token.token) : NULL;
	if (t == NULL || t->certificate == NULL) {
		reply_error(r, COND_ITEM_NOT_FOUND);
		return 0;
	}
	r->kind = REPLY_RESULT;
	r->body = BODY_CERTIFICATE;
	r->u.token.data = t->certificate;
	r->u.token.len = t->certificate_len;
	return 0;
}
