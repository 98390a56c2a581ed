/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingd_trace: what `kith-thing trace` and `--timing` print: each stanza in words
 * with the time since the start, and how long each phase of the start took.
 */
#ifndef KITH_THING_THINGD_TRACE_H
#define KITH_THING_THINGD_TRACE_H

#include <stdbool.h>
#include <stdio.h>

#include "thing/thing.h"

struct thingd_trace {
	bool on, timing;
	int64_t began_us;
};

/* Takes `trace` and --timing out of the arguments; what is left goes on as ever. */
void thingd_trace_options(struct thingd_trace *t, int *argc, char **argv);
/* A stanza passed, secrets masked (kith_thing_conf.trace). */
void thingd_trace_stanza(struct thingd_trace *t, bool sent, const char *xml);
/* A change of state, between the stanzas. */
void thingd_trace_state(struct thingd_trace *t, const char *state);
/* Once it is registered. */
void thingd_trace_timing(const struct thingd_trace *t, const struct kith_thing *thing);

#endif
