/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control: XEP-0325.  Values are checked against the type their element names
 * (typed.h); whether the thing has such a parameter is the thing's business.
 */
#include "config.h"

#include "common/wire/control.h"

#include <string.h>

#include "common/base/str.h"
#include "common/wire/stanza.h"
#include "common/wire/typed.h"

/*
 * Elements of <set/>.  The first of a type is what we write in the long
 * vocabulary, `shrt` in the short one; the rest is what clients send.
 */
static const struct { const char *name; const char *shrt; enum value_type type; } kinds[] = {
	{ "boolean", "b", VALUE_BOOL },
	{ "bool", NULL, VALUE_BOOL },
	{ "int", "i", VALUE_INT },
	{ "long", "l", VALUE_LONG },
	{ "double", "db", VALUE_NUMERIC },
	{ "numeric", NULL, VALUE_NUMERIC },
	{ "string", "s", VALUE_STRING },
	{ "date", "d", VALUE_DATE },
	{ "time", "t", VALUE_TIME },
	{ "dateTime", "dt", VALUE_DATETIME },
	{ "duration", "dr", VALUE_DURATION },
	{ "enum", "e", VALUE_ENUM },
	{ "color", "cl", VALUE_COLOR },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static int
kind_of(const char *name)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(name, kinds[i].name) == 0 ||
		    (kinds[i].shrt != NULL && strcmp(name, kinds[i].shrt) == 0))
			return (int)i;
	return -1;
}

static bool
is_named(const struct request_control *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (str_case_eq(c->value[i].name, name))
			return true;
	return false;
}

/* A value that cannot be, or two for one parameter: nobody knows what was meant.
 * The first such name is kept, so that it can be named in the refusal. */
static int
add_value(struct parse *p, struct request_control *c, const struct control_value *v, bool fits)
{
	if (v->name == NULL || *v->name == '\0' || v->text == NULL)
		return parse_fail(p, COND_BAD_REQUEST);
	if (!fits || is_named(c, v->name)) {
		c->wrong = c->wrong != NULL ? c->wrong : v->name;
		return 0;
	}
	if (c->n == WIRE_NAMES)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	c->value[c->n++] = *v;
	return 0;
}

static int
value_parse(struct parse *p, const struct stanza *el, int kind, struct request_control *c)
{
	struct control_value v = { .type = kinds[kind].type };
	bool shrt = strcmp(stanza_name(el), kinds[kind].name) != 0;

	p->saw_short |= shrt;
	p->saw_long |= !shrt;
	if (parse_attr(p, el, stanza_attr(el, "name") != NULL ? "name" : "n",
	    WIRE_FIELD_NAME, &v.name) < 0 ||
	    parse_attr(p, el, stanza_attr(el, "value") != NULL ? "value" : "v",
	    WIRE_CONTROL_VALUE, &v.text) < 0)
		return -1;
	return add_value(p, c, &v, v.text == NULL || typed_fits(&v));
}

/* What a form says of itself, not of a parameter (XEP-0068, XEP-0336). */
static bool
is_about_the_form(const char *var)
{
	return strcmp(var, "FORM_TYPE") == 0 || strcmp(var, CONTROL_FORM_SESSION) == 0;
}

static bool
is_value(const struct stanza *s)
{
	return stanza_is(s, NS_DATA, "value");
}

/* A parameter has one value; a field left empty is not set at all. */
static int
field_parse(struct parse *p, const struct stanza *field, struct request_control *c)
{
	struct control_value v = { .type = VALUE_STRING, .loose = true };
	size_t n = 0;

	if (parse_attr(p, field, "var", WIRE_FIELD_NAME, &v.name) < 0)
		return -1;
	if (v.name != NULL && is_about_the_form(v.name))
		return 0;
	for (const struct stanza *el = stanza_first(field); el != NULL; el = stanza_next(el)) {
		if (!is_value(el) || n++ > 0)
			continue;
		if (str_utf8_chars(stanza_text(el)) > WIRE_CONTROL_VALUE)
			return parse_fail(p, COND_BAD_REQUEST);
		v.text = parse_copy(p, stanza_text(el));
		if (v.text == NULL)
			return -1;
	}
	return n == 0 ? 0 : add_value(p, c, &v, n == 1);
}

static int
submitted_parse(struct parse *p, const struct stanza *form, struct request_control *c)
{
	const char *type = stanza_attr(form, "type");

	if (type == NULL || strcmp(type, "submit") != 0)
		return parse_fail(p, COND_BAD_REQUEST);
	c->form = true;
	for (const struct stanza *f = stanza_first(form); f != NULL; f = stanza_next(f))
		if (stanza_is(f, NS_DATA, "field") && field_parse(p, f, c) < 0)
			return -1;
	return 0;
}

int
control_set_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	struct request_control *c = &q->u.control;

	if (control_form_parse(p, el, q) < 0)
		return -1;
	c->value = pool_zalloc(p->pool, WIRE_NAMES * sizeof(*c->value));
	if (c->value == NULL)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	for (const struct stanza *v = stanza_first(el); v != NULL; v = stanza_next(v)) {
		bool ours = strcmp(stanza_ns(v), stanza_ns(el)) == 0;
		int kind = ours ? kind_of(stanza_name(v)) : -1;

		if (kind >= 0 && value_parse(p, v, kind, c) < 0)
			return -1;
		if (stanza_is(v, NS_DATA, "x") && submitted_parse(p, v, c) < 0)
			return -1;
	}
	/* A form with nothing changed in it is a request, to do nothing. */
	return c->n > 0 || c->wrong != NULL || c->form ? 0 : parse_fail(p, COND_BAD_REQUEST);
}

static void
value_write(struct xml *x, enum vocab vocab, const struct control_value *v)
{
	size_t i = 0;

	while (i + 1 < KINDS && kinds[i].type != v->type)
		i++;
	xml_open(x, vocab == VOCAB_LONG ? kinds[i].name : kinds[i].shrt, NULL);
	xml_attr(x, vocab == VOCAB_LONG ? "name" : "n", v->name);
	xml_attr(x, vocab == VOCAB_LONG ? "value" : "v", v->text);
	xml_close(x);
}

void
control_set_write(struct xml *x, const struct request *q)
{
	control_form_write(x, q);
	for (size_t i = 0; i < q->u.control.n; i++)
		value_write(x, q->dialect.vocab, &q->u.control.value[i]);
}

int
control_form_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	const char *lang = stanza_attr(el, "xml:lang");

	q->u.control.why = why_is_asked(el);
	if (lang != NULL && strlen(lang) <= WIRE_TAG_NAME)
		q->lang = parse_copy(p, lang);
	if (parse_tokens(p, el, &q->u.control.tokens) < 0)
		return -1;
	return parse_nodes(p, el, &q->u.control.nodes);
}

void
control_form_write(struct xml *x, const struct request *q)
{
	xml_attr(x, "xml:lang", q->lang);
	emit_tokens(x, q->dialect.vocab, &q->u.control.tokens);
	emit_nodes(x, q->dialect.vocab, &q->u.control.nodes);
	why_write(x, q->u.control.why);
}

static const char *
uri(const struct request *q)
{
	return ns_uri(PROTO_CONTROL, q->dialect.gen);
}

/* The oldest readers want a code that later versions of the XEP dropped. */
static void
response_open(struct xml *x, const struct request *q, const char *code)
{
	bool old = q->dialect.vocab == VOCAB_LONG;

	xml_open(x, old ? "setResponse" : "resp", uri(q));
	xml_attr(x, "responseCode", old ? code : NULL);
}

int
control_done_write(struct buf *out, const struct request *q,
    const struct node_list *nodes, const struct name_list *names)
{
	struct xml x;

	if (q->kind != STANZA_IQ)
		return 0;
	xml_begin(&x, out);
	emit_answer(&x, q, "result");
	response_open(&x, q, "OK");
	if (nodes != NULL)
		emit_nodes(&x, q->dialect.vocab, nodes);
	if (names != NULL)
		emit_parameters(&x, q->dialect.gen, names);
	xml_close(&x);
	xml_close(&x);
	return xml_end(&x);
}

static const char *
response_code(enum condition c)
{
	switch (c) {
	case COND_FORBIDDEN:
	case COND_NOT_ALLOWED:
		return "InsufficientPrivileges";
	case COND_ITEM_NOT_FOUND:
		return "NotFound";
	case COND_FEATURE_NOT_IMPLEMENTED:
		return "NotImplemented";
	case COND_BAD_REQUEST:
	case COND_NOT_ACCEPTABLE:
		return "FormError";
	default:
		return "OtherError";
	}
}

/* An old reader looks for the text inside of its setResponse. */
static void
code_write(struct xml *x, const struct request *q, const struct control_no *no)
{
	if (q->dialect.vocab != VOCAB_LONG || q->verb != VERB_CONTROL)
		return;
	response_open(x, q, response_code(no->cond));
	for (size_t i = 0; i < no->n; i++) {
		xml_open(x, "error", NULL);
		xml_attr(x, "var", no->fault[i].parameter);
		xml_text(x, no->fault[i].text != NULL ? no->fault[i].text : "");
		xml_close(x);
	}
	xml_close(x);
}

/* XEP-0325 5.1; later readers look for `n`. */
static void
fault_write(struct xml *x, const struct request *q, const struct control_fault *f)
{
	xml_open(x, "paramError", uri(q));
	xml_attr(x, "var", f->parameter);
	if (q->dialect.vocab != VOCAB_LONG)
		xml_attr(x, "n", f->parameter);
	xml_text(x, f->text != NULL ? f->text : "");
	xml_close(x);
}

static void
text_write(struct xml *x, const struct control_no *no)
{
	xml_open(x, "text", NS_STANZAS);
	xml_attr(x, "xml:lang", no->lang);
	xml_text(x, no->text);
	xml_close(x);
}

int
control_error_write(struct buf *out, const struct request *q, const struct control_no *no)
{
	struct xml x;

	if (q->kind != STANZA_IQ)
		return 0;
	xml_begin(&x, out);
	emit_answer(&x, q, "error");
	code_write(&x, q, no);
	emit_error_open(&x, no->cond);
	if (no->text != NULL && q->dialect.vocab != VOCAB_LONG)
		text_write(&x, no);
	for (size_t i = 0; i < no->n; i++)
		fault_write(&x, q, &no->fault[i]);
	if (no->why != NULL && q->u.control.why)
		denied_write(&x, no->why);
	xml_close(&x);
	xml_close(&x);
	return xml_end(&x);
}
