/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dataform: three parts: building, reading, writing.  Elements of other
 * namespaces inside a form (media, validation) are passed over.
 */
#include "config.h"

#include "common/wire/dataform.h"

#include <string.h>

#include "common/base/str.h"
#include "common/wire/stanza.h"

static const char *const types[] = {
	[DATAFORM_FORM] = "form", [DATAFORM_SUBMIT] = "submit",
	[DATAFORM_CANCEL] = "cancel", [DATAFORM_RESULT] = "result"
};
#define TYPES (sizeof(types) / sizeof(types[0]))

static const char *const kinds[DATAFORM_KINDS] = {
	[DATAFORM_TEXT_SINGLE] = "text-single", [DATAFORM_TEXT_PRIVATE] = "text-private",
	[DATAFORM_TEXT_MULTI] = "text-multi", [DATAFORM_JID_SINGLE] = "jid-single",
	[DATAFORM_JID_MULTI] = "jid-multi", [DATAFORM_LIST_SINGLE] = "list-single",
	[DATAFORM_LIST_MULTI] = "list-multi", [DATAFORM_BOOLEAN] = "boolean",
	[DATAFORM_FIXED] = "fixed", [DATAFORM_HIDDEN] = "hidden"
};

/* ---- building ---- */

/*
 * Room for one more of `size` bytes behind `n` of them: the arrays double, so
 * there is a new one whenever n is a power of two.  NULL over a limit.
 */
static void *
grown(struct pool *pool, void *array, size_t n, size_t size, size_t max)
{
	void *more;

	if (n >= max)
		return NULL;
	if (n > 0 && (n & (n - 1)) != 0)
		return array;
	more = pool_zalloc(pool, (n > 0 ? 2 * n : 1) * size);
	if (more != NULL && n > 0)
		memcpy(more, array, n * size);
	return more;
}

static bool
list_add(struct pool *pool, struct name_list *l, const char *text, size_t max)
{
	const char **name = grown(pool, l->name, l->n, sizeof(*name), max);

	if (name == NULL)
		return false;
	l->name = name;
	l->name[l->n++] = text;
	return true;
}

void
dataform_begin(struct dataform *f, enum dataform_type type, struct pool *pool, const char *title)
{
	*f = (struct dataform){ .type = type, .title = title, .pool = pool };
}

static struct dataform_field *
fields_add(struct dataform *f, struct dataform_field **array, size_t *n)
{
	struct dataform_field *more = grown(f->pool, *array, *n, sizeof(*more), WIRE_FORM_FIELDS);

	if (more == NULL) {
		f->failed = true;
		f->spare = (struct dataform_field){ .var = NULL };
		return &f->spare;
	}
	*array = more;
	return &more[(*n)++];
}

struct dataform_field *
dataform_add(struct dataform *f, enum dataform_kind kind, const char *var, const char *label)
{
	struct dataform_field *field = fields_add(f, &f->field, &f->n);

	field->kind = kind;
	field->var = var;
	field->label = label;
	return field;
}

void
dataform_instruct(struct dataform *f, const char *text)
{
	if (!list_add(f->pool, &f->instructions, text, WIRE_FORM_VALUES))
		f->failed = true;
}

void
dataform_set(struct dataform *f, struct dataform_field *field, const char *value)
{
	if (value != NULL && !list_add(f->pool, &field->value, value, WIRE_FORM_VALUES))
		f->failed = true;
}

void
dataform_offer(struct dataform *f, struct dataform_field *field, const char *value,
    const char *label)
{
	struct dataform_option *more = grown(f->pool, field->option, field->n_options,
	    sizeof(*more), WIRE_FORM_VALUES);

	if (more == NULL) {
		f->failed = true;
		return;
	}
	field->option = more;
	more[field->n_options++] = (struct dataform_option){ label, value };
}

void
dataform_column(struct dataform *f, const char *var, const char *label)
{
	struct dataform_field *column = fields_add(f, &f->column, &f->n_columns);

	column->var = var;
	column->label = label;
}

/* Cells of a new row, all empty; NULL over a limit. */
static struct name_list *
row_add(struct dataform *f)
{
	struct name_list *more = grown(f->pool, f->cell, f->n_rows,
	    f->n_columns * sizeof(*more), WIRE_FORM_ROWS);

	if (more == NULL)
		return NULL;
	f->cell = more;
	return &more[f->n_rows++ * f->n_columns];
}

void
dataform_row(struct dataform *f, const char *const *cells)
{
	struct name_list *row = f->n_columns > 0 ? row_add(f) : NULL;

	if (row == NULL) {
		f->failed = true;
		return;
	}
	for (size_t i = 0; i < f->n_columns; i++)
		if (cells[i] != NULL && !list_add(f->pool, &row[i], cells[i], 1))
			f->failed = true;
}

/* ---- reading ---- */

const struct dataform_field *
dataform_find(const struct dataform *f, const char *var)
{
	for (size_t i = 0; f != NULL && i < f->n; i++)
		if (f->field[i].var != NULL && strcmp(f->field[i].var, var) == 0)
			return &f->field[i];
	return NULL;
}

const char *
dataform_value(const struct dataform *f, const char *var)
{
	const struct dataform_field *field = dataform_find(f, var);

	return field != NULL && field->value.n == 1 && field->value.name[0][0] != '\0' ?
	    field->value.name[0] : NULL;
}

static int
index_of(const char *word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(word, words[i]) == 0)
			return (int)i;
	return -1;
}

static int
text_of(struct parse *p, const struct stanza *el, size_t max, const char **out)
{
	const char *text = stanza_text(el);

	if (stanza_first(el) != NULL || str_utf8_chars(text) > max)
		return parse_fail(p, COND_BAD_REQUEST);
	*out = parse_copy(p, text);
	return *out != NULL ? 0 : -1;
}

static int
text_add(struct parse *p, const struct stanza *el, size_t max, struct name_list *l)
{
	const char *text;

	if (text_of(p, el, max, &text) < 0)
		return -1;
	return list_add(p->pool, l, text, WIRE_FORM_VALUES) ? 0 :
	    parse_fail(p, COND_RESOURCE_CONSTRAINT);
}

/* <option label><value/></option>: one value, no more. */
static int
option_parse(struct parse *p, const struct stanza *el, struct dataform_field *field)
{
	const struct stanza *value = stanza_child(el, NS_DATA, "value");
	struct dataform_option *more = grown(p->pool, field->option, field->n_options,
	    sizeof(*more), WIRE_FORM_VALUES);

	if (more == NULL)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	field->option = more;
	more += field->n_options;
	if (value == NULL || stanza_children(el) != 1)
		return parse_fail(p, COND_BAD_REQUEST);
	if (parse_attr(p, el, "label", WIRE_FORM_TEXT, &more->label) < 0 ||
	    text_of(p, value, WIRE_FORM_VALUE, &more->value) < 0)
		return -1;
	field->n_options++;
	return 0;
}

static int
field_part(struct parse *p, const struct stanza *c, struct dataform_field *field)
{
	if (stanza_is(c, NS_DATA, "value"))
		return text_add(p, c, WIRE_FORM_VALUE, &field->value);
	if (stanza_is(c, NS_DATA, "option"))
		return option_parse(p, c, field);
	if (stanza_is(c, NS_DATA, "desc"))
		return field->desc == NULL ? text_of(p, c, WIRE_FORM_TEXT, &field->desc) :
		    parse_fail(p, COND_BAD_REQUEST);
	field->required = field->required || stanza_is(c, NS_DATA, "required");
	return 0;
}

static bool
is_doubled(const struct dataform_field *array, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++)
		if (array[i].var != NULL && array[n - 1].var != NULL &&
		    strcmp(array[i].var, array[n - 1].var) == 0)
			return true;
	return false;
}

static int
field_parse(struct parse *p, const struct stanza *el, struct dataform_field **array, size_t *n)
{
	const char *type;
	struct dataform_field *field;
	int kind;

	field = grown(p->pool, *array, *n, sizeof(*field), WIRE_FORM_FIELDS);
	if (field == NULL)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	*array = field;
	field += (*n)++;
	if (parse_attr(p, el, "type", WIRE_NAME_BYTES, &type) < 0 ||
	    parse_attr(p, el, "var", WIRE_FORM_VAR, &field->var) < 0 ||
	    parse_attr(p, el, "label", WIRE_FORM_TEXT, &field->label) < 0)
		return -1;
	kind = type != NULL ? index_of(type, kinds, DATAFORM_KINDS) : 0;
	field->kind = kind > 0 ? (enum dataform_kind)kind : DATAFORM_TEXT_SINGLE;
	for (const struct stanza *c = stanza_first(el); c != NULL; c = stanza_next(c))
		if (field_part(p, c, field) < 0)
			return -1;
	if ((field->var == NULL && field->kind != DATAFORM_FIXED) || is_doubled(*array, *n))
		return parse_fail(p, COND_BAD_REQUEST);
	return 0;
}

static int
columns_parse(struct parse *p, const struct stanza *el, struct dataform *f)
{
	if (f->n_columns > 0 || f->n_rows > 0)
		return parse_fail(p, COND_BAD_REQUEST);
	for (const struct stanza *c = stanza_first(el); c != NULL; c = stanza_next(c))
		if (stanza_is(c, NS_DATA, "field") &&
		    field_parse(p, c, &f->column, &f->n_columns) < 0)
			return -1;
	return 0;
}

/* A cell belongs to a column that was announced, and comes once. */
static int
cell_parse(struct parse *p, const struct dataform *f, struct name_list *row,
    const struct dataform_field *cell)
{
	for (size_t i = 0; i < f->n_columns; i++) {
		const char *var = f->column[i].var;

		if (var == NULL || cell->var == NULL || strcmp(var, cell->var) != 0)
			continue;
		row[i] = cell->value;
		return 0;
	}
	return parse_fail(p, COND_BAD_REQUEST);
}

static int
item_parse(struct parse *p, const struct stanza *el, struct dataform *f)
{
	struct dataform_field *cells = NULL;
	struct name_list *row;
	size_t n = 0;

	if (f->n_columns == 0)
		return parse_fail(p, COND_BAD_REQUEST);
	if ((row = row_add(f)) == NULL)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	for (const struct stanza *c = stanza_first(el); c != NULL; c = stanza_next(c))
		if (stanza_is(c, NS_DATA, "field") && (field_parse(p, c, &cells, &n) < 0 ||
		    cell_parse(p, f, row, &cells[n - 1]) < 0))
			return -1;
	return 0;
}

static int
part_parse(struct parse *p, const struct stanza *c, struct dataform *f)
{
	if (stanza_is(c, NS_DATA, "field"))
		return field_parse(p, c, &f->field, &f->n);
	if (stanza_is(c, NS_DATA, "instructions"))
		return text_add(p, c, WIRE_FORM_VALUE, &f->instructions);
	if (stanza_is(c, NS_DATA, "reported"))
		return columns_parse(p, c, f);
	if (stanza_is(c, NS_DATA, "item"))
		return item_parse(p, c, f);
	if (!stanza_is(c, NS_DATA, "title"))
		return 0;
	return f->title == NULL ? text_of(p, c, WIRE_FORM_TEXT, &f->title) :
	    parse_fail(p, COND_BAD_REQUEST);
}

int
dataform_parse(struct parse *p, const struct stanza *el, struct dataform *out)
{
	const char *type;
	int found;

	*out = (struct dataform){ .pool = p->pool };
	if (parse_needed(p, el, "type", WIRE_NAME_BYTES, &type) < 0)
		return -1;
	if ((found = index_of(type, types, TYPES)) < 0 || stanza_has_text(el))
		return parse_fail(p, COND_BAD_REQUEST);
	out->type = (enum dataform_type)found;
	for (const struct stanza *c = stanza_first(el); c != NULL; c = stanza_next(c))
		if (part_parse(p, c, out) < 0)
			return -1;
	return 0;
}

/* ---- writing ---- */

static void
values_write(struct xml *x, const struct name_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		xml_leaf(x, "value", NULL, l->name[i]);
}

static void
options_write(struct xml *x, const struct dataform_field *field)
{
	for (size_t i = 0; i < field->n_options; i++) {
		xml_open(x, "option", NULL);
		xml_attr(x, "label", field->option[i].label);
		xml_leaf(x, "value", NULL, field->option[i].value);
		xml_close(x);
	}
}

/* A submit needs no types (XEP-0004 3.2): the form has told them. */
static void
field_write(struct xml *x, const struct dataform_field *field, bool typed)
{
	xml_open(x, "field", NULL);
	if (typed)
		xml_attr(x, "type", kinds[field->kind]);
	xml_attr(x, "var", field->var);
	xml_attr(x, "label", field->label);
	if (field->desc != NULL)
		xml_leaf(x, "desc", NULL, field->desc);
	if (field->required)
		xml_leaf(x, "required", NULL, "");
	values_write(x, &field->value);
	options_write(x, field);
	xml_close(x);
}

static void
rows_write(struct xml *x, const struct dataform *f)
{
	for (size_t i = 0; i < f->n_rows; i++) {
		xml_open(x, "item", NULL);
		for (size_t k = 0; k < f->n_columns; k++) {
			const struct name_list *cell = &f->cell[i * f->n_columns + k];

			if (cell->n == 0)
				continue;
			xml_open(x, "field", NULL);
			xml_attr(x, "var", f->column[k].var);
			values_write(x, cell);
			xml_close(x);
		}
		xml_close(x);
	}
}

void
dataform_write(struct xml *x, const struct dataform *f)
{
	xml_open(x, "x", NS_DATA);
	xml_attr(x, "type", types[f->type]);
	if (f->title != NULL)
		xml_leaf(x, "title", NULL, f->title);
	for (size_t i = 0; i < f->instructions.n; i++)
		xml_leaf(x, "instructions", NULL, f->instructions.name[i]);
	for (size_t i = 0; i < f->n; i++)
		field_write(x, &f->field[i], f->type != DATAFORM_SUBMIT ||
		    f->field[i].kind != DATAFORM_TEXT_SINGLE);
	if (f->n_columns > 0) {
		xml_open(x, "reported", NULL);
		for (size_t i = 0; i < f->n_columns; i++)
			field_write(x, &f->column[i], true);
		xml_close(x);
	}
	rows_write(x, f);
	xml_close(x);
}
