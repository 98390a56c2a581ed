/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingd_sandbox: what kith-thing keeps of the machine once its drivers are
 * open, read off its settings.  The rules themselves: common/base/sandbox.h.
 */
#ifndef KITH_THING_THINGD_SANDBOX_H
#define KITH_THING_THINGD_SANDBOX_H

#include "thing/thingd_conf.h"

/* `file`: the settings.  Says in the log what is in force. */
int thingd_sandbox(const struct thingd_conf *c, const char *file, struct err *e);

#endif
