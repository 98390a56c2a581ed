/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk: the thing's own small chat, for its owner and its friends:
 *	read [NODE] [FIELD, ...] | set [NODE] PARAMETER VALUE | switch PARAMETER on
 *	fields | nodes | who | why read FIELD | why set PARAMETER | help
 * Decided exactly as the same request by iq.  Strangers hear nothing, and the
 * thing never writes unasked.  Each line gets exactly one answer.
 */
#ifndef KITH_THING_TALK_H
#define KITH_THING_TALK_H

#include "thing/job.h"

/* One line of a friend or the owner.  Takes the call over when the answer
 * comes later. */
void talk_line(struct jobs *js, struct call **c);

/* The language of the word that it begins with, if that is of one only; NULL: none. */
const char *talk_word_language(const struct request *q);

/* The node that the text begins with, or ends with behind "of"; `*text` is the rest, in
 * the pool.  None: the thing itself.  And as a question names it. */
const struct thing_node *talk_find_node(const struct nodes *ns, struct pool *pool,
    const char **text);
int talk_ask_about(const struct nodes *ns, struct pool *pool, const struct thing_node *n,
    struct node_list *out);

/* Why he may not: the part of a job's voice, for who asks in a person's name. */
void talk_refused(struct job *j, const struct job_no *no);

#endif
