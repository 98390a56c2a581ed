/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lamp: one light with a meaning (KITH_THING_EV_LAMP): off, ask, on, alarm.  A
 * light of the machine (led:NAME, gpio:CHIP:LINE) shines steadily or blinks; a
 * file:PATH or command:LINE is given the word.  When it shall say what:
 * button.h.
 */
#ifndef KITH_THING_LAMP_H
#define KITH_THING_LAMP_H

#include "thing/device.h"

struct lamp {
	struct device device;
	char *spec;
	bool speaks;			/* it is given words */
	const char *word;
	bool lit, failed;
	int64_t next_ms;		/* boot: it changes; -1 */
};

/* `lamp` need not be zeroed; its host must live as long. */
int lamp_open(struct lamp *lamp, const char *setting, struct device_host *host, struct err *e);
void lamp_close(struct lamp *lamp);
/* Nothing of what it does not know. */
void lamp_say(struct lamp *lamp, const char *word);

int64_t lamp_deadline(const struct lamp *lamp);	/* boot ms; -1 */
void lamp_process(struct lamp *lamp);

#endif
