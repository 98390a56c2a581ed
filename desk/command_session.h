/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_session: who stands where in which command (XEP-0050), and what he
 * has answered so far.  Bound to the full address and the node, memory only,
 * bounded, ten minutes after the last step.  It knows no form: that is
 * command_forms.h, and who goes where next is command_step.c.
 */
#ifndef KITH_DESK_COMMAND_SESSION_H
#define KITH_DESK_COMMAND_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/ident.h"
#include "common/base/pool.h"
#include "common/wire/request.h"

#define COMMAND_SESSIONS 1024		/* at once, of everybody */
#define COMMAND_SESSIONS_EACH 4		/* of one person; the oldest gives way */
#define COMMAND_SESSION_MS (10 * 60000)
#define COMMAND_SESSION_BYTES (16 * 1024)	/* of answers */
#define COMMAND_DEPTH 6			/* forms one behind the other */
#define COMMAND_KEPT 32			/* answered fields */

struct command_form;
struct store;

struct command_answer {
	unsigned depth;		/* of the form it was in */
	const char *var;
	struct name_list value;
};

struct command_place {
	const struct command_form *form;
	unsigned stage;
};

/* What a step changes; a turn that fails puts the old one back. */
struct command_state {
	bool live;
	bool confirming;	/* shown what it does, asked whether to do it */
	unsigned depth;		/* of `path`, where he stands */
	struct command_place path[COMMAND_DEPTH];
	size_t n;
	struct command_answer answer[COMMAND_KEPT];
};

struct command_session {
	char id[IDENT_TEXT];
	const char *full, *node;	/* whose, and which command he opened */
	int64_t until_ms;		/* boot */
	struct command_state now, before;
	bool touched;			/* by the open transaction */
	struct pool pool;		/* of its strings */
};

struct command_sessions;

/* `store`: whose transactions decide whether a step has happened; NULL: each has. */
int command_sessions_open(struct command_sessions **out, struct store *store, struct err *e);
void command_sessions_close(struct command_sessions **s);

/* NULL: there are too many, or no memory. */
struct command_session *command_session_new(struct command_sessions *s, const char *full,
    const char *node, const struct command_form *form, int64_t now_ms);
/* Of exactly this address and node; NULL: none, and a foreign one is none.
 * *expired: it is over, and gone now. */
struct command_session *command_session_find(struct command_sessions *s, const char *full,
    const char *node, const char *id, int64_t now_ms, bool *expired);
void command_session_end(struct command_sessions *s, struct command_session *c);

struct command_place *command_session_place(struct command_session *c);
/* To the next form; -1: too deep. */
int command_session_push(struct command_session *c, const struct command_form *form,
    unsigned stage);
/* Back to the form before, which still knows its own answers; -1: at the first. */
int command_session_pop(struct command_session *c);
/* Drop the answers to the form he stands at: it is answered anew. */
void command_session_forget(struct command_session *c);
/* Keep a copy of an answer to the form he stands at; -1: too much. */
int command_session_keep(struct command_session *c, const char *var, const struct name_list *value);
/* The latest answer of that name; NULL: none, or several values. */
const char *command_session_value(const struct command_session *c, const char *var);

/* All its values, or NULL. */
const struct name_list *command_session_values(const struct command_session *c, const char *var);

/* How many are open (tests). */
size_t command_sessions_count(const struct command_sessions *s);

#endif
