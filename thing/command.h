/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command: a request to control (XEP-0325), as iq or message, becomes a job;
 * and the form of what can be set.  A message is never answered.
 */
#ifndef KITH_THING_COMMAND_H
#define KITH_THING_COMMAND_H

#include "thing/job.h"

/* Takes the call over (*c becomes NULL) when the answer comes later. */
void command_request(struct jobs *js, struct call **c);
void command_form(struct jobs *js, struct call **c);

#endif
