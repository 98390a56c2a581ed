/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace: a parser a direction, and what is masked: by the table of attributes,
 * by the namespaces whose texts are secrets, and by the look of words in chat.
 * When in doubt it is masked.  Next: stream.c, who calls it.
 */
#include "config.h"

#include "common/wire/trace.h"

#include <ctype.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "common/base/str.h"
#include "common/wire/limits.h"
#include "common/wire/ns.h"
#include "common/wire/parser.h"
#include "common/wire/stanza.h"
#include "common/wire/xml.h"

struct trace {
	void (*passed)(void *arg, bool sent, const char *xml);
	void *arg;
	struct parser *parser[2];	/* received, sent */
	struct buf text;
};

/* ---- what is masked -------------------------------------------------------- */

/* Attributes with a secret, in whatever element.  `st` and its like are tokens in
 * the long vocabulary (XEP-0324 tokens, 3.4). */
static const char *const hidden_attributes[] = {
	"code", "dt", "deviceToken", "deviceTokens", "key", "nonce", "password", "previd",
	"proof", "secret", "serviceToken", "serviceTokens", "st", "token", "userToken",
	"userTokens", "ut",
};

/* Elements whose text, and that of all below them, is a secret. */
static const struct { const char *ns, *name; } hidden[] = {
	{ NS_SASL, NULL }, { "urn:xmpp:sasl:2", NULL }, { NS_REGISTER, NULL },
	{ NS_WITNESS, NULL }, { "urn:xmpp:ibr-token:0", NULL }, { "urn:xmpp:pars:0", NULL },
	{ NULL, "getToken" }, { NULL, "getTokenResponse" }, { NULL, "getTokenChallenge" },
	{ NULL, "getTokenChallengeResponse" }, { NULL, "tokenChallenge" },
	{ NULL, "tokenChallengeResponse" }, { NULL, "certificate" },
};

static bool is_in(const char *word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

static bool has_secret_text(const struct stanza *s)
{
	/* What a server offers is no secret. */
	if (stanza_is(s, NS_SASL, "mechanisms") || stanza_is(s, NS_SASL, "failure"))
		return false;
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if ((!hidden[i].ns || strcmp(hidden[i].ns, stanza_ns(s)) == 0) &&
		    (!hidden[i].name || strcmp(hidden[i].name, stanza_name(s)) == 0))
			return true;
	return false;
}

static bool is_key(const struct stanza *s)
{
	const char *name = stanza_attr(s, "name"), *var = stanza_attr(s, "var");

	return (name && str_case_eq(name, "KEY")) || (var && str_case_eq(var, "KEY"));
}

static bool is_secret_attribute(const struct stanza *s, const char *name)
{
	if (strcmp(name, "value") == 0)
		return is_key(s);
	/* A session that can be taken up again belongs to whoever knows its id. */
	if (strcmp(name, "id") == 0)
		return strcmp(stanza_name(s), "enabled") == 0;
	return is_in(name, hidden_attributes,
	    sizeof(hidden_attributes) / sizeof(hidden_attributes[0]));
}

/* "ABCD-EFGH", "ABCD-EFGH-JKLM": what people type back. */
static bool is_code(const char *word, size_t len)
{
	size_t dashes = 0;

	if (len < 9)
		return false;
	for (size_t i = 0; i < len; i++)
		if (word[i] == '-' && i % 5 == 4)
			dashes++;
		else if (i % 5 == 4 || !isalnum((unsigned char)word[i]))
			return false;
	return dashes > 0 && len % 5 == 4;
}

/* `next`: the word behind it is the secret, as in KEY="...". */
static bool is_secret_word(const char *word, size_t len, bool *next)
{
	static const char *const begins[] = { "iotdisco:", "xmpp:", "KEY=", "KEY:", "password=" };
	bool secret = *next;

	*next = false;
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		if (len < strlen(begins[i]) || !str_case_starts(word, begins[i]))
			continue;
		*next = len == strlen(begins[i]);
		return secret || !*next;
	}
	return secret || is_code(word, len);
}

/* Chat: word by word; the white space stays. */
static void write_words(struct xml *x, const char *text)
{
	struct buf out;
	bool next = false;

	buf_init(&out, TRACE_BYTES);
	while (*text) {
		size_t blank = strspn(text, " \t\r\n\"'()<>,"), len;

		buf_add(&out, text, blank);
		text += blank;
		len = strcspn(text, " \t\r\n\"'()<>,");
		if (len > 0 && is_secret_word(text, len, &next))
			buf_adds(&out, TRACE_MASK);
		else
			buf_add(&out, text, len);
		text += len;
	}
	xml_text(x, buf_str(&out));
	buf_fini(&out);
}

/* ---- writing it --------------------------------------------------------------- */

static void write_element(struct xml *x, const struct stanza *s, const char *ns, bool secret,
    unsigned depth)
{
	const char *name, *value, *own = stanza_ns(s);
	const struct stanza *c;

	secret = secret || has_secret_text(s);
	xml_open(x, stanza_name(s), strcmp(own, ns) != 0 ? own : NULL);
	for (size_t i = 0; stanza_attr_at(s, i, &name, &value); i++)
		xml_attr(x, name, is_secret_attribute(s, name) ? TRACE_MASK : value);
	if (stanza_has_text(s) && (secret || is_key(s)))
		xml_text(x, TRACE_MASK);
	else if (stanza_has_text(s))
		write_words(x, stanza_text(s));
	for (c = stanza_first(s); c && depth + 1 < XML_DEPTH; c = stanza_next(c))
		write_element(x, c, own, secret || is_key(s), depth + 1);
	xml_close(x);
}

void trace_write(struct buf *out, const struct stanza *s)
{
	struct xml x;

	xml_begin(&x, out);
	write_element(&x, s, NS_CLIENT, false, 0);
	(void)xml_end(&x);
}

/* ---- listening ------------------------------------------------------------------ */

void trace_restart(struct trace *t)
{
	parser_restart(t->parser[0]);
	parser_restart(t->parser[1]);
}

struct trace *trace_new(void (*passed)(void *arg, bool sent, const char *xml), void *arg)
{
	struct trace *t = mem_zalloc(sizeof(*t));

	if (!t)
		return NULL;
	t->passed = passed;
	t->arg = arg;
	buf_init(&t->text, TRACE_BYTES);
	t->parser[0] = parser_new(NS_CLIENT, WIRE_STANZA_BYTES, NULL);
	t->parser[1] = parser_new(NS_CLIENT, WIRE_STANZA_BYTES, NULL);
	if (!t->parser[0] || !t->parser[1])
		trace_free(&t);
	return t;
}

void trace_free(struct trace **tp)
{
	struct trace *t = *tp;

	if (!t)
		return;
	if (t->parser[0])
		parser_free(&t->parser[0]);
	if (t->parser[1])
		parser_free(&t->parser[1]);
	buf_fini(&t->text);
	mem_free(t);
	*tp = NULL;
}

/* Both directions begin anew after these (RFC 6120 5.4.3.3, 6.4.6). */
static bool begins_anew(const struct stanza *s)
{
	return stanza_is(s, NS_TLS, "proceed") || stanza_is(s, NS_SASL, "success");
}

static void tell(struct trace *t, bool sent, const char *xml)
{
	t->passed(t->arg, sent, xml);
}

void trace_take(struct trace *t, bool sent, const char *data, size_t len)
{
	struct parser *p = t->parser[sent];
	size_t used = 0;

	for (; len > 0; data += used, len -= used) {
		bool anew = false;

		switch (parser_next(p, data, len, &used)) {
		case PARSER_OPENED:
			tell(t, sent, "<stream/>");
			break;
		case PARSER_STANZA:
			buf_reset(&t->text);
			trace_write(&t->text, parser_stanza(p));
			tell(t, sent, buf_str(&t->text));
			anew = !sent && begins_anew(parser_stanza(p));
			break;
		case PARSER_CLOSED:
			tell(t, sent, "</stream>");
			break;
		case PARSER_OVERSIZE:
			tell(t, sent, "<oversize/>");
			break;
		case PARSER_MORE:
			break;
		case PARSER_BROKEN:
			return;
		}
		if (anew)
			trace_restart(t);
		if (used == 0)
			return;
	}
}

/* ---- words -------------------------------------------------------------------------- */

static void add_attributes(struct buf *out, const struct stanza *s)
{
	const char *name, *value;

	for (size_t i = 0; stanza_attr_at(s, i, &name, &value); i++)
		if (strcmp(name, "xmlns") != 0)
			buf_addf(out, " %s=%s", name, value);
}

static void add_inner(struct buf *out, const struct stanza *s, unsigned depth)
{
	buf_adds(out, stanza_name(s));
	add_attributes(out, s);
	if (stanza_has_text(s))
		buf_addf(out, " \"%s\"", stanza_text(s));
	for (const struct stanza *c = stanza_first(s); c && depth < XML_DEPTH; c = stanza_next(c)) {
		buf_adds(out, " [");
		add_inner(out, c, depth + 1);
		buf_adds(out, "]");
	}
}

/* "-> registry.home.example: set register [str name=KEY value=***]" */
static void add_stanza(struct buf *out, bool sent, const struct stanza *s)
{
	const char *peer = stanza_attr(s, sent ? "to" : "from"), *type = stanza_attr(s, "type");
	const char *name = stanza_name(s);
	bool first = true;

	buf_addf(out, "%s %s: ", sent ? "->" : "<-", peer ? peer : "broker");
	if (strcmp(name, "iq") != 0)
		buf_addf(out, "%s ", name);
	if (type)
		buf_addf(out, "%s ", type);
	if (strcmp(name, "iq") != 0 && strcmp(name, "message") != 0 && strcmp(name, "presence") != 0)
		add_attributes(out, s);
	if (stanza_has_text(s))
		buf_addf(out, "\"%s\"", stanza_text(s));
	for (const struct stanza *c = stanza_first(s); c; c = stanza_next(c)) {
		buf_adds(out, first ? "" : ", ");
		add_inner(out, c, 1);
		first = false;
	}
}

void trace_words(struct buf *out, bool sent, const char *xml)
{
	static const struct { const char *xml, *words; } marks[] = {
		{ "<stream/>", "opens a stream" }, { "</stream>", "closes the stream" },
		{ "<oversize/>", "a stanza too big to be read" },
	};
	struct stanza_holder *h = NULL;
	const struct stanza *s;

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strcmp(xml, marks[i].xml) == 0) {
			buf_addf(out, "%s broker: %s", sent ? "->" : "<-", marks[i].words);
			return;
		}
	s = stanza_from_text(&h, NS_CLIENT, xml, strlen(xml));
	if (s)
		add_stanza(out, sent, s);
	else
		buf_addf(out, "%s %s", sent ? "->" : "<-", xml);
	stanza_holder_free(&h);
}
