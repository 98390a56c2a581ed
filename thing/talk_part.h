/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk_part: what the two halves of the thing's chat share: talk.c (a line, and
 * what it has done) and talk_tell.c (what is only told).  For nobody else.
 */
#ifndef KITH_THING_TALK_PART_H
#define KITH_THING_TALK_PART_H

#include "thing/talk.h"

#define TALK_ANSWER 4000	/* bytes of one answer */

/* One line, one answer. */
struct talk {
	struct jobs *js;
	struct call **call;
	struct words words;
	struct buf out;		/* the answer; said when it is not empty */
};

const struct request *talk_request(const struct talk *t);
/* Append, in his language. */
#define TALK(t, ...) words_add(&(t)->out, &(t)->words, __VA_ARGS__, NULL)
/* 'word', escaped and cut; the answer is in the pool of the call. */
const char *talk_quoted(struct talk *t, const char *word);

/* The node that the text begins with, or ends with behind "of"; `*text` is the rest, in
 * the pool.  None: the thing itself. */
const struct thing_node *talk_node(struct talk *t, const char **text);
/* The name that begins the text, the longest if several do; NULL: none. */
const struct board_field *talk_field(const struct board *b, const char *text);
const struct board_control *talk_control(const struct board *b, const char *text);
/* "You have no field 'x'. I have: ..." */
void talk_no_field(struct talk *t, const struct thing_node *n, const char *name);
void talk_no_control(struct talk *t, const struct thing_node *n, const char *name);

/* ": ann@home.example does not allow it."  With when to try again. */
void talk_reason(struct talk *t, const struct denied *why);
void talk_again(struct talk *t, int64_t wait_ms);

/* The words of talk_tell.c. */
void talk_help(struct talk *t, const char *rest);
void talk_fields(struct talk *t, const char *rest);
void talk_nodes(struct talk *t, const char *rest);
void talk_who(struct talk *t, const char *rest);
void talk_why(struct talk *t, const char *rest);

#endif
