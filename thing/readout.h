/* SPDX-License-Identifier: Apache-2.0 */
/*
 * readout: a request for readings (XEP-0323) becomes a job, and the job's
 * outcome the messages of the asker's dialect.  The sender is a friend or the
 * owner already; what he may see is decided in the job.
 */
#ifndef KITH_THING_READOUT_H
#define KITH_THING_READOUT_H

#include "thing/job.h"

/* Takes the call over (*c becomes NULL) when the answer comes later. */
void readout_request(struct jobs *js, struct call **c);
void readout_cancel(struct jobs *js, struct call **c);

#endif
