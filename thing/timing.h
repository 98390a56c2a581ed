/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timing: when each phase of the last start was reached, in microseconds from its
 * beginning (kith_thing_timing, `kith-thing --timing`).  It measures and decides
 * nothing.  login.c and thing.c mark.
 */
#ifndef KITH_THING_TIMING_H
#define KITH_THING_TIMING_H

#include <stdint.h>

enum timing_phase {	/* in the order of a start; struct kith_thing_timing has the same */
	TIMING_LOCATED, TIMING_CONNECTED, TIMING_SECURED, TIMING_ACCOUNT,
	TIMING_AUTHENTICATED, TIMING_BOUND, TIMING_FOUND, TIMING_REGISTERED, TIMING_PHASES
};

struct timing {
	int64_t began_us;
	int64_t at_us[TIMING_PHASES];	/* since it began; -1 */
};

void timing_begin(struct timing *t);
/* The first time counts; another attempt (TIMING_LOCATED) begins anew.  Nothing
 * changes once it was registered: a later login is no start. */
void timing_mark(struct timing *t, enum timing_phase phase);

#endif
