/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingd_leave: `kith-thing decommission` and `kith-thing receipt`: a thing is taken
 * out of service by whoever has its settings file, and what it then said is checked.
 */
#ifndef KITH_THING_THINGD_LEAVE_H
#define KITH_THING_THINGD_LEAVE_H

#include "thing/thingd_conf.h"

/* The exit status.  The receipt goes to standard output. */
int thingd_decommission(const struct thingd_conf *c);
/* `file` NULL: standard input. */
int thingd_receipt(const char *file);

#endif
