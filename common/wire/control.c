/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control: XEP-0325.  Values are checked against the type their element names;
 * whether the thing has such a parameter is the thing's business.
 */
#include "config.h"

#include "common/wire/control.h"

#include <stdint.h>
#include <string.h>

#include "common/base/str.h"
#include "common/wire/stanza.h"

#define NS_VALIDATE "http://jabber.org/protocol/xdata-validate"

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

static bool
all_of(const char *s, size_t len, const char *set)
{
	return strlen(s) == len && strspn(s, set) == len;
}

/* `shape`: 0 stands for a digit, all else for itself; returns what follows. */
static const char *
shaped(const char *s, const char *shape)
{
	for (; *shape != '\0'; s++, shape++)
		if (*shape == '0' ? *s < '0' || *s > '9' : *s != *shape)
			return NULL;
	return s;
}

/* Fraction and zone behind hh:mm:ss, XML Schema 2, 3.2.7. */
static bool
is_time_rest(const char *s)
{
	if (*s == '.') {
		size_t digits = strspn(s + 1, "0123456789");

		if (digits == 0)
			return false;
		s += 1 + digits;
	}
	if (*s == '\0' || strcmp(s, "Z") == 0)
		return true;
	if (*s != '+' && *s != '-')
		return false;
	s = shaped(s + 1, "00:00");
	return s != NULL && *s == '\0';
}

static bool
is_date(const char *s)
{
	s = shaped(s, "0000-00-00");
	return s != NULL && *s == '\0';
}

static bool
is_time(const char *s)
{
	s = shaped(s, "00:00:00");
	return s != NULL && is_time_rest(s);
}

static bool
is_datetime(const char *s)
{
	s = shaped(s, "0000-00-00T00:00:00");
	return s != NULL && is_time_rest(s);
}

/* Parts like 5H in the order of `units`; where they end, NULL if one is broken. */
static const char *
duration_parts(const char *s, const char *units, bool *any)
{
	while (*s >= '0' && *s <= '9') {
		const char *unit;

		s += strspn(s, "0123456789.");
		unit = *s != '\0' ? strchr(units, *s) : NULL;
		if (unit == NULL)
			return NULL;
		units = unit + 1;
		*any = true;
		s++;
	}
	return s;
}

static bool
is_duration(const char *s)
{
	bool dated = false, timed = false;

	s += *s == '-';
	if (*s != 'P')
		return false;
	s = duration_parts(s + 1, "YMD", &dated);
	if (s != NULL && *s == 'T') {
		s = duration_parts(s + 1, "HMS", &timed);
		if (!timed)
			return false;
	}
	return s != NULL && *s == '\0' && (dated || timed);
}

static bool
is_color(const char *s)
{
	static const char hex[] = "0123456789abcdefABCDEF";

	return all_of(s, 6, hex) || all_of(s, 8, hex);
}

static bool
is_whole(struct control_value *v, int64_t min, int64_t max)
{
	int64_t whole;

	if (str_to_int(v->text, min, max, &whole) < 0)
		return false;
	v->num = (double)whole;
	return true;
}

static bool
value_fits(struct control_value *v)
{
	switch (v->type) {
	case VALUE_BOOL:
		return str_to_bool(v->text, &v->boolean) == 0;
	case VALUE_INT:
		return is_whole(v, INT32_MIN, INT32_MAX);
	case VALUE_LONG:
		return is_whole(v, INT64_MIN, INT64_MAX);
	case VALUE_NUMERIC:
		return str_to_double(v->text, &v->num) == 0;
	case VALUE_DATE:
		return is_date(v->text);
	case VALUE_TIME:
		return is_time(v->text);
	case VALUE_DATETIME:
		return is_datetime(v->text);
	case VALUE_DURATION:
		return is_duration(v->text);
	case VALUE_COLOR:
		return is_color(v->text);
	case VALUE_STRING:
	case VALUE_ENUM:
	default:
		return true;
	}
}

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

/* Two values for one parameter: nobody knows which was meant. */
static int
add_value(struct parse *p, struct request_control *c, const struct control_value *v)
{
	if (v->name == NULL || *v->name == '\0' || v->text == NULL || is_named(c, v->name))
		return parse_fail(p, COND_BAD_REQUEST);
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
	if (v.text != NULL && !value_fits(&v))
		return parse_fail(p, COND_BAD_REQUEST);
	return add_value(p, c, &v);
}

static int
field_parse(struct parse *p, const struct stanza *field, struct request_control *c)
{
	const struct stanza *value = stanza_child(field, NS_DATA, "value");
	struct control_value v = { .type = VALUE_STRING, .loose = true };

	if (parse_attr(p, field, "var", WIRE_FIELD_NAME, &v.name) < 0)
		return -1;
	if (v.name != NULL && strcmp(v.name, "FORM_TYPE") == 0)
		return 0;
	if (value == NULL)
		return 0;	/* a field left empty */
	if (str_utf8_chars(stanza_text(value)) > WIRE_CONTROL_VALUE)
		return parse_fail(p, COND_BAD_REQUEST);
	v.text = parse_copy(p, stanza_text(value));
	return v.text != NULL ? add_value(p, c, &v) : -1;
}

static int
submitted_parse(struct parse *p, const struct stanza *form, struct request_control *c)
{
	const char *type = stanza_attr(form, "type");

	if (type == NULL || strcmp(type, "submit") != 0)
		return parse_fail(p, COND_BAD_REQUEST);
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
	return c->n > 0 ? 0 : parse_fail(p, COND_BAD_REQUEST);
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
	q->u.control.why = why_is_asked(el);
	if (parse_tokens(p, el, &q->u.control.tokens) < 0)
		return -1;
	return parse_nodes(p, el, &q->u.control.nodes);
}

void
control_form_write(struct xml *x, const struct request *q)
{
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

int
control_error_write(struct buf *out, const struct request *q, enum condition c,
    const char *parameter, const char *text, const struct denied *denied)
{
	struct xml x;

	if (q->kind != STANZA_IQ)
		return 0;
	xml_begin(&x, out);
	emit_answer(&x, q, "error");
	if (q->dialect.vocab == VOCAB_LONG && q->verb == VERB_CONTROL) {
		response_open(&x, q, response_code(c));
		xml_close(&x);
	}
	emit_error_open(&x, c);
	if (text != NULL && q->dialect.vocab != VOCAB_LONG)
		xml_leaf(&x, "text", NS_STANZAS, text);
	if (parameter != NULL) {
		xml_open(&x, "paramError", uri(q));
		xml_attr(&x, "var", parameter);
		xml_text(&x, text != NULL ? text : "");
		xml_close(&x);
	}
	if (denied != NULL && q->u.control.why)
		denied_write(&x, denied);
	xml_close(&x);
	xml_close(&x);
	return xml_end(&x);
}

/* XEP-0122: what a value has to look like; nothing for plain text. */
static const char *
datatype(enum value_type t)
{
	switch (t) {
	case VALUE_INT:
		return "xs:int";
	case VALUE_LONG:
		return "xs:long";
	case VALUE_NUMERIC:
		return "xs:double";
	case VALUE_DATE:
		return "xs:date";
	case VALUE_TIME:
		return "xs:time";
	case VALUE_DATETIME:
		return "xs:dateTime";
	default:
		return NULL;
	}
}

static void
range_write(struct xml *x, const struct control_field *f)
{
	if (!f->has_min && !f->has_max)
		return;
	xml_open(x, "range", NULL);
	if (f->has_min)
		emit_number(x, "min", f->min);
	if (f->has_max)
		emit_number(x, "max", f->max);
	xml_close(x);
}

static const char *
field_type(enum value_type t)
{
	return t == VALUE_BOOL ? "boolean" : t == VALUE_ENUM ? "list-single" : "text-single";
}

static void
form_field_write(struct xml *x, const struct control_field *f)
{
	xml_open(x, "field", NULL);
	xml_attr(x, "var", f->name);
	xml_attr(x, "type", field_type(f->type));
	xml_attr(x, "label", f->label != NULL ? f->label : f->name);
	if (datatype(f->type) != NULL) {
		xml_open(x, "validate", NS_VALIDATE);
		xml_attr(x, "datatype", datatype(f->type));
		range_write(x, f);
		xml_close(x);
	}
	for (size_t i = 0; i < f->options; i++) {
		xml_open(x, "option", NULL);
		xml_leaf(x, "value", NULL, f->option[i]);
		xml_close(x);
	}
	if (f->value != NULL)
		xml_leaf(x, "value", NULL, f->value);
	xml_close(x);
}

int
control_form_answer_write(struct buf *out, const struct request *q, const char *title,
    const struct control_field *field, size_t n)
{
	struct xml x;

	xml_begin(&x, out);
	emit_answer(&x, q, "result");
	xml_open(&x, "x", NS_DATA);
	xml_attr(&x, "type", "form");
	if (title != NULL)
		xml_leaf(&x, "title", NULL, title);
	for (size_t i = 0; i < n; i++)
		form_field_write(&x, &field[i]);
	xml_close(&x);
	xml_close(&x);
	return xml_end(&x);
}
