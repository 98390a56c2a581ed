/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_step: one step of a command from the stanza to its answer (XEP-0050):
 * whose session is it, what did he answer to the form he was shown, what comes
 * next.  Every step checks anew who he is and what he may choose from; only
 * the last one is served, by the same function as a chat line.
 * Read next: command_forms.h (the commands), command_session.h.
 */
#ifndef KITH_DESK_COMMAND_STEP_H
#define KITH_DESK_COMMAND_STEP_H

#include "common/wire/reply.h"
#include "desk/command_forms.h"

struct command_steps;

/* Keeps the pointers of `deps`. */
int command_steps_open(struct command_steps **out, const struct command_deps *deps, struct err *e);
void command_steps_close(struct command_steps **c);

/* Is it a step, or somebody looking which commands there are (XEP-0050 2)? */
bool command_steps_serves(const struct request *q);
/* Same contract as the roles; a step is served inside a transaction. */
int command_steps_serve(struct command_steps *c, const struct request *q, struct reply *r,
    struct err *e);

#endif
