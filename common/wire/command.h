/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command: ad-hoc commands (XEP-0050): one step of a session, asked and
 * answered, with a form inside.  Which commands there are, and whose a session
 * is, is the desk's to say: desk/command_forms.h, desk/command_session.h.
 */
#ifndef KITH_WIRE_COMMAND_H
#define KITH_WIRE_COMMAND_H

#include "common/wire/emit.h"
#include "common/wire/parse.h"

int command_parse(struct parse *p, const struct stanza *el, struct request *q);
void command_write(struct xml *x, const struct request *q);

int command_answer_parse(struct parse *p, const struct stanza *el, struct reply *r);
void command_answer_write(struct xml *x, const struct request *q, const struct reply *r);
/* The condition of XEP-0050 4.4 that stands beside the general one; NULL: none. */
const char *command_fault_name(enum command_fault fault);

#endif
