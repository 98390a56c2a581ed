/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prompt: how an owner is asked: who wants what of which thing, and the three
 * lines that answer it.  It decides nothing and sends nothing.
 */
#ifndef KITH_DESK_PROMPT_H
#define KITH_DESK_PROMPT_H

#include "common/base/buf.h"
#include "desk/talk.h"
#include "provisioning/serve.h"

/* "bob@x wants to read "temperature" of "lamp". Only of this kind: momentary." */
void prompt_sentence(struct buf *out, const struct talk *t, const struct owner_question *q);
void prompt_question(struct buf *out, const struct talk *t, const struct owner_question *q);

/* Several at once, each with its code. */
void prompt_questions(struct buf *out, const struct talk *t, const struct owner_question *q,
    size_t n);

#endif
