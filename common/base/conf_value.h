/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_value: one value of a settings file, by the type of its row.  For
 * conf.c; callbacks of other modules use the conf_value_* of conf.h.
 */
#ifndef KITH_BASE_CONF_VALUE_H
#define KITH_BASE_CONF_VALUE_H

#include "common/base/conf.h"

/* Most bytes of one value.  With the longest name and " = " it still fits a
 * line, so that what is printed can be read. */
#define CONF_VALUE_MAX 900

/* Parses into the field of `out` that the row names; an older text there is
 * freed.  An empty text is an absent one. */
int conf_value_read(const struct conf_key *k, const char *text, void *out, struct err *e);
/* Only says whether it would parse. */
int conf_value_check(const struct conf_key *k, const char *text, struct err *e);
/* "name = value\n", or nothing for a text that is absent by default. */
void conf_value_print(const struct conf_key *k, const void *out, struct buf *b);
void conf_value_free(const struct conf_key *k, void *out);
const char *conf_type_name(enum conf_type type);

#endif
