/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events: subscriptions to readings (the IoT events proposal of 2014 and the
 * later event subscription schemas).  What is told, and how, is sensordata.h's:
 * accepted, then data under the same number again and again.
 */
#ifndef KITH_WIRE_EVENTS_H
#define KITH_WIRE_EVENTS_H

#include "common/wire/emit.h"
#include "common/wire/parse.h"

int events_subscribe_parse(struct parse *p, const struct stanza *el, struct request *q);
void events_subscribe_write(struct xml *x, const struct request *q);

#endif
