/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control: XEP-0325 at the thing: set (as iq, or as message, which is never
 * answered), the form of what can be set, and the answers in the dialect of
 * the request.  Read next: typed.h, thing/command.h.
 */
#ifndef KITH_WIRE_CONTROL_H
#define KITH_WIRE_CONTROL_H

#include "common/wire/emit.h"
#include "common/wire/lease.h"
#include "common/wire/parse.h"

int control_set_parse(struct parse *p, const struct stanza *el, struct request *q);
void control_set_write(struct xml *x, const struct request *q);
int control_form_parse(struct parse *p, const struct stanza *el, struct request *q);
void control_form_write(struct xml *x, const struct request *q);

/* It was done.  Lists: what was done of it, when that is not all; NULL: all. */
int control_done_write(struct buf *out, const struct request *q,
    const struct node_list *nodes, const struct name_list *names);

/* It was not. */
struct control_fault { const char *parameter, *text; };	/* `text` may be NULL */
struct control_no {
	enum condition cond;
	const char *text;		/* about no single parameter; NULL: none */
	const char *lang;		/* of all that is said; NULL: not said */
	size_t n;
	const struct control_fault *fault;
	const struct denied *why;	/* said to who asked for it; may be NULL */
};
int control_error_write(struct buf *out, const struct request *q, const struct control_no *no);

/* The hidden field that tells one form from another (XEP-0336). */
#define CONTROL_FORM_SESSION "xdd session"

/* A parameter in the form. */
struct control_field {
	const char *name;
	const char *label;	/* NULL: the name */
	const char *desc;	/* NULL: none */
	const char *group;	/* those of one group are set together; NULL: none */
	enum value_type type;
	const char *value;	/* now; NULL: not known */
	bool read_only;		/* it may not be set now */
	const char *error;	/* why its value is not known, or may not be set; NULL: none */
	bool has_min, has_max;	/* numbers */
	double min, max;
	size_t options;		/* VALUE_ENUM */
	const char *const *option;
};
struct control_form {
	const char *title;	/* NULL: none */
	const char *lang;	/* NULL: not said */
	const char *session;	/* NULL: none */
	size_t n;
	const struct control_field *field;
};
int control_form_answer_write(struct buf *out, const struct request *q,
    const struct control_form *f);

#endif
