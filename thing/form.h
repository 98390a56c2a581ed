/* SPDX-License-Identifier: Apache-2.0 */
/*
 * form: the form of what somebody may set (XEP-0325 5.3): decided as control, and
 * the values in it as a read of the fields of those names.  It comes back as a set:
 * command.h.
 */
#ifndef KITH_THING_FORM_H
#define KITH_THING_FORM_H

#include "thing/job.h"

/* Takes the call over (*c becomes NULL) when the answer comes later. */
void form_request(struct jobs *js, struct call **c);

#endif
