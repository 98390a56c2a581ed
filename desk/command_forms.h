/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_forms: the commands of the desk as data: what each asks, form by
 * form, and the chat line that its answers amount to.  The line is read by
 * words.h like any that is typed, so a form can do nothing that chat cannot,
 * and neither can drift from the other.  Read next: command_step.h.
 */
#ifndef KITH_DESK_COMMAND_FORMS_H
#define KITH_DESK_COMMAND_FORMS_H

#include "common/base/clock.h"
#include "common/base/jid.h"
#include "common/store/ownership.h"
#include "common/wire/dataform.h"
#include "desk/command_session.h"

/* What the desk does for us; desk.c fills it in. */
struct command_ops {
	/* Serve one request of a person: as desk_serve_request(). */
	int (*serve)(void *arg, struct request *q, struct reply *r, struct err *e);
	/* What happened, in words. */
	void (*say)(void *arg, struct buf *text, const struct request *q, const struct reply *r);
	/* Read a line as if it were typed: 0 and *out, or why not in words. */
	int (*read)(void *arg, const struct request *chat, struct request *out, struct buf *why);
	/* A text of ours in the language of whoever asks. */
	const char *(*text)(void *arg, const struct request *q, const char *text);
	/* A moment in his time zone. */
	void (*when)(void *arg, struct buf *out, const struct request *q, int64_t wall_ms);
	bool (*is_person)(void *arg, const char *bare);
	/* Is it another's, who made him a co-owner? */
	bool (*is_shared)(void *arg, const char *bare, const struct owned *t);
};

struct command_deps {
	enum jid_profile profile;
	struct ownership *ownership;
	struct store *store;
	const struct clock *clock;
	struct stats *stats;
	const struct command_ops *ops;
	void *arg;
};

/* One step as the forms see it. */
struct command_view {
	const struct command_deps *d;
	const struct request *q;		/* what came; forms live in its pool */
	struct command_session *session;
	struct pool *scratch;			/* what is looked up for them */
	struct buf *why;			/* words: why not, or nothing to choose from */
};

/* Fills in what a field offers: 1; 0: there is nothing, view->why says so; -1. */
typedef int (*command_fill_fn)(const struct command_view *v, struct dataform *f,
    struct dataform_field *field, struct err *e);

struct command_choice { const char *value, *label; };

struct command_field {
	enum dataform_kind kind;
	const char *var, *label;
	bool required;
	command_fill_fn fill;			/* NULL: none */
	const struct command_choice *choice;	/* ends with value NULL; NULL: none */
	const char *preset;
};

struct command_stage {
	const char *about;			/* instructions; NULL none */
	const struct command_field *field;	/* ends with var NULL; NULL: nothing is asked */
	/* The line that the answers are: $var is put in quotes, %var as it is, [..] only
	 * if all it names was answered, [?var ..] if that was ticked.  NULL: go on. */
	const char *line;
	/* Or a function that writes it.  0; 1: view->why says what is missing; -1. */
	int (*write)(const struct command_view *v, struct buf *line, struct err *e);
	bool jumps;				/* the field `do` names the command to go on with */
};

#define COMMAND_STAGES 3

struct command_form {
	const char *node, *title;
	bool open;		/* for people who own nothing, too */
	bool hidden;		/* reached from another one only */
	size_t n;
	struct command_stage stage[COMMAND_STAGES];
};

const struct command_form *command_form_at(size_t i);		/* NULL at the end */
const struct command_form *command_form_find(const char *node);	/* NULL: none */

/* A line of what was answered; return values of `write` above. */
int command_line(const struct command_view *v, const struct command_stage *stage, struct buf *line,
    struct err *e);
/* The thing he chose, if he did and it is still his: 1; 0 none; -1. */
int command_thing(const struct command_view *v, const struct owned **out);
/* Is it asked for a thing first? */
bool command_picks_thing(const struct command_form *f);

/* A text in the language of whoever asks. */
const char *command_text(const struct command_view *v, const char *text);

#endif
