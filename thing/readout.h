/* SPDX-License-Identifier: Apache-2.0 */
/*
 * readout: a request for readings (XEP-0323) becomes a job, and the job's
 * outcome the messages of the asker's dialect.  The sender is a friend or the
 * owner already; what he may see is decided in the job.  What is asked for at a
 * later time is decided twice: whether it may wait here, and again when it is read.
 */
#ifndef KITH_THING_READOUT_H
#define KITH_THING_READOUT_H

#include "thing/job.h"

#define READOUT_BYTES (12 * 1024)	/* of one message: below what brokers let pass */
#define READOUT_LATER 16		/* that wait for their time, of everybody */
#define READOUT_LATER_EACH 4		/* of one asker */
#define READOUT_CLOCK_MS 60000		/* a clock that was set is noticed so soon */

/* Readouts that wait for their time, by the wall clock; they end with the session. */
struct readouts {
	struct jobs *jobs;
	struct call *later[READOUT_LATER];
};

/* Takes the call over (*c becomes NULL) when the answer comes later. */
void readout_request(struct readouts *rs, struct call **c);
void readout_cancel(struct readouts *rs, struct call **c);

int64_t readouts_deadline(const struct readouts *rs);
void readouts_tick(struct readouts *rs);
/* Nobody is left to be told. */
void readouts_drop(struct readouts *rs);
/* He may not ask any more. */
void readouts_unfriend(struct readouts *rs, const char *bare);

/*
 * The same for who tells readings on his own (watch.c): the part of a job's voice
 * that says them, and what a request asks for.  false: no such node or field here.
 */
bool readout_part(struct job *j);
void readout_refused(struct job *j, const struct job_no *no);
void readout_unfriended(struct job *j);
bool readout_question(const struct jobs *js, struct call *c, struct decision_question *ask);

#endif
