/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token: base64 in the text of an element, and a few attributes.  Some clients
 * break their base64 into lines, so white space in it is nothing.
 */
#include "config.h"

#include "common/wire/token.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/base/str.h"
#include "common/wire/stanza.h"

/* ---- parts ---- */

static const char *without_blanks(struct parse *p, const char *text, size_t *len)
{
	char *out = pool_alloc(p->pool, strlen(text) + 1);

	*len = 0;
	for (; out != NULL && *text != '\0'; text++)
		if (strchr(" \t\r\n", *text) == NULL)
			out[(*len)++] = *text;
	if (out != NULL)
		out[*len] = '\0';
	return out;
}

/* At least one byte, at most `max`. */
static int data_parse(struct parse *p, const struct stanza *el, size_t max, const uint8_t **data,
    size_t *len)
{
	const char *text = stanza_text(el), *tight;
	size_t chars;
	uint8_t *out;
	long n;

	/* A third more in base64, and as much again for blanks. */
	if (strlen(text) > 3 * max)
		return parse_fail(p, COND_BAD_REQUEST);
	tight = without_blanks(p, text, &chars);
	out = pool_alloc(p->pool, max);
	if (tight == NULL || out == NULL)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	n = str_unbase64(out, max, tight, chars);
	if (n < 1)
		return parse_fail(p, COND_BAD_REQUEST);
	*data = out;
	*len = (size_t)n;
	return 0;
}

static void data_write(struct xml *x, const uint8_t *data, size_t len)
{
	struct buf text;

	buf_init(&text, 2 * WIRE_CERTIFICATE);
	str_base64(&text, data, len);
	xml_text(x, buf_str(&text));
	buf_fini(&text);
}

static bool knows_ours(const struct stanza *el)
{
	return stanza_child(el, NS_TOKEN, "proof") != NULL;
}

static void ours_write(struct xml *x, bool ours)
{
	if (ours)
		xml_leaf(x, "proof", NS_TOKEN, "");
}

/* ---- requests ---- */

int token_get_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	struct request_token *t = &q->u.token;

	t->sha256 = knows_ours(el);
	return data_parse(p, el, WIRE_CERTIFICATE, &t->data, &t->len);
}

void token_get_write(struct xml *x, const struct request *q)
{
	data_write(x, q->u.token.data, q->u.token.len);
	ours_write(x, q->u.token.sha256);
}

int token_response_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	struct request_token *t = &q->u.token;
	const char *seqnr;

	if (parse_needed(p, el, "seqnr", 20, &seqnr) < 0 ||
	    parse_int(p, el, "seqnr", 0, &t->seqnr) < 0)
		return -1;
	return data_parse(p, el, WIRE_CHALLENGE, &t->data, &t->len);
}

void token_response_write(struct xml *x, const struct request *q)
{
	xml_attr_int(x, "seqnr", q->u.token.seqnr);
	data_write(x, q->u.token.data, q->u.token.len);
}

/* In the text as clients send it, or in the attribute as their schema has it. */
int token_certificate_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	size_t len;

	if (parse_attr(p, el, "token", WIRE_TOKEN_BYTES, &q->u.token.token) < 0)
		return -1;
	if (q->u.token.token != NULL)
		return 0;
	if (strlen(stanza_text(el)) > WIRE_TOKEN_BYTES)
		return parse_fail(p, COND_BAD_REQUEST);
	q->u.token.token = without_blanks(p, stanza_text(el), &len);
	if (q->u.token.token == NULL)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	return len > 0 ? 0 : parse_fail(p, COND_BAD_REQUEST);
}

void token_certificate_write(struct xml *x, const struct request *q)
{
	xml_text(x, q->u.token.token);
}

int token_challenge_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	struct request_token *t = &q->u.token;

	const struct stanza *shown = stanza_child(el, NS_TOKEN, "shown");

	t->sha256 = knows_ours(el);
	if (parse_needed(p, el, "token", WIRE_TOKEN_BYTES, &t->token) < 0 ||
	    (shown != NULL && parse_jid(p, shown, "by", true, &t->shown_by) < 0))
		return -1;
	return data_parse(p, el, WIRE_CHALLENGE, &t->data, &t->len);
}

void token_challenge_write(struct xml *x, const struct request *q)
{
	xml_attr(x, "token", q->u.token.token);
	data_write(x, q->u.token.data, q->u.token.len);
	ours_write(x, q->u.token.sha256);
	if (q->u.token.shown_by == NULL)
		return;
	xml_open(x, "shown", NS_TOKEN);
	xml_attr(x, "by", q->u.token.shown_by);
	xml_close(x);
}

/* ---- answers ---- */

int token_seqnr_answer_parse(struct parse *p, const struct stanza *el, struct reply *r)
{
	struct reply_token *t = &r->u.token;
	const char *seqnr;

	t->sha256 = knows_ours(el);
	if (parse_needed(p, el, "seqnr", 20, &seqnr) < 0 ||
	    parse_int(p, el, "seqnr", 0, &t->seqnr) < 0)
		return -1;
	return data_parse(p, el, WIRE_CHALLENGE, &t->data, &t->len);
}

void token_seqnr_answer_write(struct xml *x, const struct request *q, const struct reply *r)
{
	(void)q;
	xml_attr_int(x, "seqnr", r->u.token.seqnr);
	data_write(x, r->u.token.data, r->u.token.len);
	ours_write(x, r->u.token.sha256);
}

int token_answer_parse(struct parse *p, const struct stanza *el, struct reply *r)
{
	return parse_needed(p, el, "token", WIRE_TOKEN_BYTES, &r->u.token.token);
}

void token_answer_write(struct xml *x, const struct request *q, const struct reply *r)
{
	(void)q;
	xml_attr(x, "token", r->u.token.token);
}

int token_certificate_answer_parse(struct parse *p, const struct stanza *el, struct reply *r)
{
	return data_parse(p, el, WIRE_CERTIFICATE, &r->u.token.data, &r->u.token.len);
}

void token_certificate_answer_write(struct xml *x, const struct request *q,
    const struct reply *r)
{
	(void)q;
	data_write(x, r->u.token.data, r->u.token.len);
}

int token_proof_answer_parse(struct parse *p, const struct stanza *el, struct reply *r)
{
	return data_parse(p, el, WIRE_CHALLENGE, &r->u.token.data, &r->u.token.len);
}

void token_proof_answer_write(struct xml *x, const struct request *q, const struct reply *r)
{
	token_certificate_answer_write(x, q, r);
}

void token_proof_read(struct parse *p, const struct stanza *el, struct request_answer *a)
{
	struct parse aside = *p;
	enum proto proto;
	enum gen gen;

	if (strcmp(stanza_name(el), "tokenChallengeResponse") != 0 ||
	    !ns_find(stanza_ns(el), &proto, &gen) ||
	    data_parse(&aside, el, WIRE_CHALLENGE, &a->data, &a->len) < 0)
		return;
}
