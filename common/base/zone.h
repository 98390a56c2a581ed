/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zone: how far a place on earth is from UTC, and when that changes.  Reads
 * the system's time zone files (RFC 8536), several at once, and touches neither
 * TZ nor any other state of the process.
 */
#ifndef KITH_BASE_ZONE_H
#define KITH_BASE_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

#define ZONE_NAME 48		/* "America/Argentina/ComodRivadavia" and more */

struct zone;
struct zones;

/* dir NULL: /usr/share/zoneinfo. */
struct zones *zones_new(const char *dir);	/* NULL: out of memory */
void zones_free(struct zones **z);
/*
 * "Europe/Berlin", upper and lower case as the file is called; read once and
 * kept.  NULL: there is no such zone, or too many are in use already.
 */
const struct zone *zones_find(struct zones *z, const char *name);
const char *zone_name(const struct zone *z);
/* Seconds east of UTC at that moment; *until_ms (may be NULL): when it next
 * changes, 0 never. */
int32_t zone_offset(const struct zone *z, int64_t wall_ms, int64_t *until_ms);
/* A file by itself (tests, fuzzing).  NULL: it is damaged. */
struct zone *zone_read(const char *name, const void *data, size_t len);
void zone_free(struct zone **z);

#endif
