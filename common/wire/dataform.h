/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dataform: data forms (XEP-0004): plain data, read and written both ways,
 * bounded.  It knows the shape of a form and not what it asks: that is
 * desk/command_forms for people.  Read next: command.h.
 */
#ifndef KITH_WIRE_DATAFORM_H
#define KITH_WIRE_DATAFORM_H

#include "common/wire/emit.h"
#include "common/wire/parse.h"

enum dataform_type { DATAFORM_FORM, DATAFORM_SUBMIT, DATAFORM_CANCEL, DATAFORM_RESULT };

/* The first is what a field without a type, or of one nobody knows, is
 * (XEP-0004 3.3). */
enum dataform_kind {
	DATAFORM_TEXT_SINGLE,
	DATAFORM_TEXT_PRIVATE,
	DATAFORM_TEXT_MULTI,
	DATAFORM_JID_SINGLE,
	DATAFORM_JID_MULTI,
	DATAFORM_LIST_SINGLE,
	DATAFORM_LIST_MULTI,
	DATAFORM_BOOLEAN,
	DATAFORM_FIXED,
	DATAFORM_HIDDEN,
	DATAFORM_KINDS
};

struct dataform_option {
	const char *label;	/* NULL: the value says it */
	const char *value;
};

struct dataform_field {
	enum dataform_kind kind;
	const char *var;	/* NULL only for fixed text */
	const char *label, *desc;
	bool required;
	struct name_list value;
	size_t n_options;
	struct dataform_option *option;
};

struct dataform {
	enum dataform_type type;
	const char *title;
	struct name_list instructions;
	size_t n;
	struct dataform_field *field;		/* no two of one var */
	/* A table of results: columns say what each cell of a row is. */
	size_t n_columns, n_rows;
	struct dataform_field *column;
	struct name_list *cell;			/* row by row, n_columns each */
	/* While one is built. */
	struct pool *pool;
	bool failed;				/* over a limit; sticky */
	struct dataform_field spare;		/* what is built after a failure */
};

/* Building: ten calls need one look at `failed`.  Strings are not copied. */
void dataform_begin(struct dataform *f, enum dataform_type type, struct pool *pool,
    const char *title);
struct dataform_field *dataform_add(struct dataform *f, enum dataform_kind kind, const char *var,
    const char *label);
void dataform_instruct(struct dataform *f, const char *text);
/* NULL adds nothing. */
void dataform_set(struct dataform *f, struct dataform_field *field, const char *value);
void dataform_offer(struct dataform *f, struct dataform_field *field, const char *value,
    const char *label);
/* All columns first, then row after row with a cell for each, in order. */
void dataform_column(struct dataform *f, const char *var, const char *label);
void dataform_row(struct dataform *f, const char *const *cells);

/* Reading. */
const struct dataform_field *dataform_find(const struct dataform *f, const char *var);
/* The one value of a field; NULL if it is absent, empty or there are several. */
const char *dataform_value(const struct dataform *f, const char *var);

/* `el` is <x xmlns='jabber:x:data'/>.  0, or -1 with p->cond. */
int dataform_parse(struct parse *p, const struct stanza *el, struct dataform *out);
/* The whole <x/>. */
void dataform_write(struct xml *x, const struct dataform *f);

#endif
