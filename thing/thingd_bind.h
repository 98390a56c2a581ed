/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingd_bind: what the settings bind a thing to: fields and controls to devices,
 * nodes to sources, presses to a button, words to a lamp; and how the loop waits
 * for all of them.
 */
#ifndef KITH_THING_THINGD_BIND_H
#define KITH_THING_THINGD_BIND_H

#include <poll.h>

#include "thing/lamp.h"
#include "thing/thingd_button.h"
#include "thing/thingd_conf.h"

#define THINGD_BIND_FDS (THINGD_POINTS + THINGD_SOURCES + 2)

struct thingd_bind {
	const struct thingd_conf *conf;
	struct kith_thing *thing;
	struct device_host host;
	size_t n_devices, n_sources;
	struct device device[THINGD_POINTS];
	struct source source[THINGD_SOURCES];
	struct thingd_button button;
	struct lamp lamp;
};

/* Button and lamp, before there is a thing.  Close it either way. */
int thingd_bind_open(struct thingd_bind *b, const struct thingd_conf *conf, struct err *e);
/* Fields, controls, needs, sources. */
int thingd_bind_add(struct thingd_bind *b, struct kith_thing *thing, struct err *e);
void thingd_bind_close(struct thingd_bind *b);

/* Fills places of `p`, says how many, and makes *at (boot ms; -1) earlier. */
size_t thingd_bind_poll(const struct thingd_bind *b, struct pollfd p[static THINGD_BIND_FDS],
    int64_t *at);
void thingd_bind_process(struct thingd_bind *b);

#endif
