/* SPDX-License-Identifier: Apache-2.0 */
/*
 * typed: does a text look like a value of its type: the XML Schema types of
 * XEP-0325, and its colours.  It says nothing about what a device takes: that is
 * thing/board.h.  Pure.
 */
#ifndef KITH_WIRE_TYPED_H
#define KITH_WIRE_TYPED_H

#include <stdbool.h>

#include "common/wire/request.h"

bool typed_is_date(const char *text);		/* xs:date: "2026-05-01", maybe with a zone */
bool typed_is_time(const char *text);		/* xs:time: "08:30:00" */
bool typed_is_datetime(const char *text);
bool typed_is_duration(const char *text);	/* "PT3M30S" */
bool typed_is_color(const char *text);		/* "ff8000", "ff8000cc" */

/* Fills num or boolean of `v` from its text; false: the text is not of its type. */
bool typed_fits(struct control_value *v);
/* As a form says it (XEP-0122): "xs:int"; text and colours are "xs:string". */
const char *typed_schema(enum value_type t);

#endif
