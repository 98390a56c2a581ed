/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_form: the form of what can be set (XEP-0325 5.3): the fields of
 * XEP-0004, checked by the rules of XEP-0122, laid out by XEP-0141, and marked
 * with XEP-0336 so that only what a person changed comes back.
 */
#include "config.h"

#include "common/wire/control.h"

#include <string.h>

#include "common/base/str.h"
#include "common/wire/typed.h"

#define NS_VALIDATE "http://jabber.org/protocol/xdata-validate"
#define NS_LAYOUT "http://jabber.org/protocol/xdata-layout"
#define NS_DYNAMIC "urn:xmpp:xdata:dynamic"
#define NS_COLOR "urn:xmpp:xdata:color"

static void
range_write(struct xml *x, const struct control_field *f)
{
	xml_open(x, f->has_min || f->has_max ? "range" : "basic", NULL);
	if (f->has_min)
		emit_number(x, "min", f->min);
	if (f->has_max)
		emit_number(x, "max", f->max);
	xml_close(x);
}

/* Each parameter has its type in the form (XEP-0325 5.3), so that clients can set
 * it without a form the next time. */
static void
validate_write(struct xml *x, const struct control_field *f)
{
	xml_open(x, "validate", NS_VALIDATE);
	if (f->type == VALUE_COLOR) {		/* XEP-0331 */
		xml_attr(x, "xmlns:xdc", NS_COLOR);
		xml_attr(x, "datatype", "xdc:color");
		xml_leaf(x, "regex", NULL, "^[0-9a-fA-F]{6}([0-9a-fA-F]{2})?$");
	} else {
		xml_attr(x, "datatype", typed_schema(f->type));
		range_write(x, f);
	}
	xml_close(x);
}

static const char *
field_type(enum value_type t)
{
	return t == VALUE_BOOL ? "boolean" : t == VALUE_ENUM ? "list-single" : "text-single";
}

static void
options_write(struct xml *x, const struct control_field *f)
{
	for (size_t i = 0; i < f->options; i++) {
		xml_open(x, "option", NULL);
		xml_attr(x, "label", f->option[i]);	/* some show nothing without */
		xml_leaf(x, "value", NULL, f->option[i]);
		xml_close(x);
	}
}

/* Every one is `notSame`: who presses OK without having touched it sets nothing
 * (XEP-0325 5.3, XEP-0336 3.3). */
static void
marks_write(struct xml *x, const struct request *q, const struct control_field *f)
{
	xml_leaf(x, "notSame", NS_DYNAMIC, "");
	if (f->read_only)
		xml_leaf(x, "readOnly", NS_DYNAMIC, "");
	if (f->error != NULL)
		xml_leaf(x, "error", NS_DYNAMIC, f->error);
	if (f->group != NULL) {
		xml_open(x, "parameterGroup", ns_uri(PROTO_CONTROL, q->dialect.gen));
		xml_attr(x, "name", f->group);
		xml_close(x);
	}
}

static void
field_write(struct xml *x, const struct request *q, const struct control_field *f)
{
	xml_open(x, "field", NULL);
	xml_attr(x, "var", f->name);
	xml_attr(x, "type", field_type(f->type));
	xml_attr(x, "label", f->label != NULL ? f->label : f->name);
	if (f->desc != NULL)
		xml_leaf(x, "desc", NULL, f->desc);
	if (f->value != NULL)
		xml_leaf(x, "value", NULL, f->value);
	validate_write(x, f);
	options_write(x, f);
	marks_write(x, q, f);
	xml_close(x);
}

static bool
same_page(const struct control_field *a, const struct control_field *b)
{
	if (a->group == NULL || b->group == NULL)
		return a->group == b->group;
	return strcmp(a->group, b->group) == 0;
}

static bool
is_on_an_earlier_page(const struct control_form *form, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (same_page(&form->field[k], &form->field[i]))
			return true;
	return false;
}

/* What is set together stands on one page (XEP-0141). */
static void
pages_write(struct xml *x, const struct control_form *form)
{
	for (size_t i = 0; i < form->n; i++) {
		const struct control_field *first = &form->field[i];

		if (is_on_an_earlier_page(form, i))
			continue;
		xml_open(x, "page", NS_LAYOUT);
		xml_attr(x, "label", first->group != NULL ? first->group : form->title);
		for (size_t k = i; k < form->n; k++) {
			if (!same_page(first, &form->field[k]))
				continue;
			xml_open(x, "fieldref", NULL);
			xml_attr(x, "var", form->field[k].name);
			xml_close(x);
		}
		xml_close(x);
	}
}

int
control_form_answer_write(struct buf *out, const struct request *q, const struct control_form *f)
{
	struct xml x;

	xml_begin(&x, out);
	emit_answer(&x, q, "result");
	xml_open(&x, "x", NS_DATA);
	xml_attr(&x, "type", "form");
	xml_attr(&x, "xml:lang", f->lang);
	if (f->title != NULL)
		xml_leaf(&x, "title", NULL, f->title);
	pages_write(&x, f);
	if (f->session != NULL) {
		xml_open(&x, "field", NULL);
		xml_attr(&x, "var", CONTROL_FORM_SESSION);
		xml_attr(&x, "type", "hidden");
		xml_leaf(&x, "value", NULL, f->session);
		xml_close(&x);
	}
	for (size_t i = 0; i < f->n; i++)
		field_write(&x, q, &f->field[i]);
	xml_close(&x);
	xml_close(&x);
	return xml_end(&x);
}
