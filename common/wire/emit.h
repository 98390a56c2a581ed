/* SPDX-License-Identifier: Apache-2.0 */
/*
 * emit: what every *_write of this folder is made of; the other half of
 * parse.h.  Absent members are not written, and never as empty attributes.
 */
#ifndef KITH_WIRE_EMIT_H
#define KITH_WIRE_EMIT_H

#include "common/wire/reply.h"
#include "common/wire/request.h"
#include "common/wire/words.h"
#include "common/wire/xml.h"

/* <iq|message ...> with its addresses; the caller closes it. */
void emit_iq(struct xml *x, const char *type, const char *from, const char *to, const char *id);
/* The answer to `q`: <iq type from=(where it was sent) to=(sender) id>. */
void emit_answer(struct xml *x, const struct request *q, const char *type);
/* <error type><condition/> ... left open, so that the caller may add to it. */
void emit_error_open(struct xml *x, enum condition c);

void emit_node(struct xml *x, enum vocab v, const struct node *n);
void emit_tags(struct xml *x, const struct tag_list *tags);
void emit_types(struct xml *x, enum vocab v, unsigned types, unsigned history);
void emit_tokens(struct xml *x, enum vocab v, const struct tokens *t);
void emit_nodes(struct xml *x, enum vocab v, const struct node_list *l);
void emit_fields(struct xml *x, enum vocab v, const struct name_list *l);
/* <parameter name/>; outside GEN_X <p n/> as well: schema and clients differ. */
void emit_parameters(struct xml *x, enum gen gen, const struct name_list *l);
/* A number in its shortest form. */
void emit_number(struct xml *x, const char *name, double v);

#endif
