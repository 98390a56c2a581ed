/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control: XEP-0325 at the thing: set (as iq, or as message, which is never
 * answered), the form of what can be set, and the answers in the dialect of
 * the request.
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
/* It was not.  `parameter` names the culprit, `text` says why, `denied` is said
 * to who asked for it; each may be NULL. */
int control_error_write(struct buf *out, const struct request *q, enum condition c,
    const char *parameter, const char *text, const struct denied *denied);

/* A parameter in the form. */
struct control_field {
	const char *name;
	const char *label;	/* NULL: the name */
	enum value_type type;
	const char *value;	/* now; NULL: not known */
	bool has_min, has_max;	/* numbers */
	double min, max;
	size_t options;		/* VALUE_ENUM */
	const char *const *option;
};

int control_form_answer_write(struct buf *out, const struct request *q, const char *title,
    const struct control_field *field, size_t n);

#endif
