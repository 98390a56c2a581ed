/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timing: a row of marks.  Next: login.c, which sets most of them.
 */
#include "config.h"

#include "thing/timing.h"

#include <stddef.h>

#include "common/base/clock.h"

void timing_begin(struct timing *t)
{
	t->began_us = clock_micros();
	for (size_t i = 0; i < TIMING_PHASES; i++)
		t->at_us[i] = -1;
}

void timing_mark(struct timing *t, enum timing_phase phase)
{
	if (t->at_us[TIMING_REGISTERED] >= 0 || (phase != TIMING_LOCATED && t->at_us[phase] >= 0))
		return;
	t->at_us[phase] = clock_micros() - t->began_us;
	for (size_t i = TIMING_CONNECTED; phase == TIMING_LOCATED && i < TIMING_PHASES; i++)
		t->at_us[i] = -1;
}
