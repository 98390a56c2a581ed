/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command: a request to control (XEP-0325), as iq or message, becomes a job.  A
 * message is never answered.  The form of what can be set: form.h.
 */
#ifndef KITH_THING_COMMAND_H
#define KITH_THING_COMMAND_H

#include "thing/job.h"

/* Takes the call over (*c becomes NULL) when the answer comes later. */
void command_request(struct jobs *js, struct call **c);

/* Refuse a request of XEP-0325 in its dialect; `text` is English, N_().  `parameter`
 * and `why` may be NULL. */
void command_refuse(const struct jobs *js, const struct request *q, enum condition c,
    const char *parameter, const char *text, const struct denied *why);
/* "Allowed is only from 10 to 50." */
void command_limits(struct buf *out, const struct words *w, const struct job_no *no);

#endif
