/* SPDX-License-Identifier: Apache-2.0 */
/* emit: shared steps of all writers.  Read next: reply.c, push.c. */
#include "config.h"

#include "common/wire/emit.h"

#include "common/base/str.h"

void
emit_iq(struct xml *x, const char *type, const char *from, const char *to, const char *id)
{
	xml_open(x, "iq", NULL);
	xml_attr(x, "type", type);
	xml_attr(x, "from", from);
	xml_attr(x, "to", to);
	xml_attr(x, "id", id);
}

void
emit_answer(struct xml *x, const struct request *q, const char *type)
{
	emit_iq(x, type, q->to, q->from, q->id);
}

void
emit_error_open(struct xml *x, enum condition c)
{
	xml_open(x, "error", NULL);
	xml_attr(x, "type", condition_type(c));
	xml_leaf(x, condition_name(c), NS_STANZAS, "");
}

static void
attr_if_said(struct xml *x, const char *name, const char *value)
{
	if (value != NULL && *value != '\0')
		xml_attr(x, name, value);
}

void
emit_node(struct xml *x, enum vocab v, const struct node *n)
{
	attr_if_said(x, word(v, WORD_NODE_ID), n->id);
	attr_if_said(x, word(v, WORD_SOURCE), n->source);
	attr_if_said(x, word(v, WORD_PARTITION), n->partition);
}

void
emit_number(struct xml *x, const char *name, double v)
{
	char text[STR_DOUBLE];

	str_from_double(text, v);
	xml_attr(x, name, text);
}

void
emit_tags(struct xml *x, const struct tag_list *tags)
{
	for (size_t i = 0; i < tags->n; i++) {
		const struct tag *t = &tags->tag[i];

		xml_open(x, t->is_num ? "num" : "str", NULL);
		xml_attr(x, "name", t->name);
		if (t->is_num)
			emit_number(x, "value", t->num);
		else
			xml_attr(x, "value", t->str);
		xml_close(x);
	}
}

void
emit_types(struct xml *x, enum vocab v, unsigned types, unsigned history)
{
	if (types == FIELD_ALL && history == 0) {
		xml_attr_bool(x, "all", true);
		return;
	}
	for (unsigned i = 0; i < WORD_FIELD_TYPES; i++) {
		enum word w = word_field_word(i);

		if ((types & word_field_bit(i)) == 0 || (w == WORD_HISTORICAL && history != 0))
			continue;
		xml_attr_bool(x, word(v, w), true);
	}
	for (unsigned i = 0; i < WORD_HISTORIES; i++)
		if ((types & FIELD_HISTORICAL) != 0 && (history & 1u << i) != 0)
			xml_attr_bool(x, word_history(i), true);
}

static void
token_attr(struct xml *x, const char *name, const struct name_list *l)
{
	struct buf b;

	if (l->n == 0)
		return;
	buf_init(&b, WIRE_TOKENS * (WIRE_TOKEN_BYTES + 1));
	for (size_t i = 0; i < l->n; i++) {
		buf_adds(&b, i > 0 ? " " : "");
		buf_adds(&b, l->name[i]);
	}
	if (buf_ok(&b))
		xml_attr(x, name, buf_str(&b));
	else
		x->out->failed = true;
	buf_fini(&b);
}

void
emit_tokens(struct xml *x, enum vocab v, const struct tokens *t)
{
	token_attr(x, word(v, WORD_SERVICE_TOKEN), &t->service);
	token_attr(x, word(v, WORD_DEVICE_TOKEN), &t->device);
	token_attr(x, word(v, WORD_USER_TOKEN), &t->user);
}

/* A node in a list always has its id, be it empty: the thing
 * itself has none. */
void
emit_nodes(struct xml *x, enum vocab v, const struct node_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct node *n = &l->node[i];

		xml_open(x, word(v, WORD_NODE), NULL);
		xml_attr(x, word(v, WORD_NODE_ID), n->id != NULL ? n->id : "");
		attr_if_said(x, word(v, WORD_SOURCE), n->source);
		attr_if_said(x, word(v, WORD_PARTITION), n->partition);
		xml_close(x);
	}
}

static void
emit_names(struct xml *x, const char *element, const char *attr, const struct name_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		xml_open(x, element, NULL);
		xml_attr(x, attr, l->name[i]);
		xml_close(x);
	}
}

void
emit_fields(struct xml *x, enum vocab v, const struct name_list *l)
{
	emit_names(x, word(v, WORD_FIELD), v == VOCAB_LONG ? "name" : "n", l);
}

void
emit_parameters(struct xml *x, enum gen gen, const struct name_list *l)
{
	emit_names(x, "parameter", "name", l);
	if (gen != GEN_X)
		emit_names(x, "p", "n", l);
}
