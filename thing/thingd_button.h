/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingd_button: where presses come from: a FIFO or device whose lines are
 * presses, a key of the kernel (evdev:DEVICE), a line (gpio:CHIP:LINE).  What
 * a press means is the library's affair.
 */
#ifndef KITH_THING_THINGD_BUTTON_H
#define KITH_THING_THINGD_BUTTON_H

#include "thing/device.h"

struct thingd_button {
	char *spec;			/* without its kind; NULL: there is no button */
	bool is_evdev;
	int64_t key;			/* of evdev; -1: any */
	int fd;				/* -1 */
	int64_t again_ms;		/* boot: look for it again; -1 */
	struct device line;		/* gpio */
	struct device_host host;	/* of the line */
	int64_t pressed_ms;
	void (*pressed)(void *arg);
	void *arg;
};

/* `pressed` and `arg` stay as they are. */
int thingd_button_open(struct thingd_button *b, const char *setting, const struct clock *clock,
    struct err *e);
void thingd_button_close(struct thingd_button *b);
/* Is the setting one, and can this build do it?  Touches nothing. */
int thingd_button_check(const char *setting, struct err *e);

int thingd_button_fd(const struct thingd_button *b);		/* POLLIN; -1 */
int64_t thingd_button_deadline(const struct thingd_button *b);	/* boot ms; -1 */
void thingd_button_process(struct thingd_button *b);

#endif
