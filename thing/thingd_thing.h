/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingd_thing: the settings of kith-thing as the library wants them.
 */
#ifndef KITH_THING_THINGD_THING_H
#define KITH_THING_THINGD_THING_H

#include "thing/thingd_conf.h"

typedef void thingd_event_fn(void *arg, const struct kith_thing_event *ev);
typedef void thingd_trace_fn(void *arg, bool sent, const char *xml);
typedef const char *thingd_translate_fn(void *arg, const char *lang, const char *text);

/* `trace` and `translate` may be NULL.  NULL, with a sentence in `why`.  It has no fields, controls and needs yet. */
struct kith_thing *thingd_thing(const struct thingd_conf *c, thingd_event_fn *event,
    thingd_trace_fn *trace, thingd_translate_fn *translate, void *arg, char *why, size_t why_size);

#endif
