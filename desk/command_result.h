/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_result: what a command brought, as a form of results: a table where
 * the reply is a list, else the words of talk.h.  The words stand in the note
 * as well, because some clients show only one of the two.
 */
#ifndef KITH_DESK_COMMAND_RESULT_H
#define KITH_DESK_COMMAND_RESULT_H

#include "common/wire/reply.h"
#include "desk/command_forms.h"

/* A form in v->q->pool; NULL: over a limit. */
const struct dataform *command_result(const struct command_view *v, const char *title,
    const struct reply *r, const char *words);

#endif
