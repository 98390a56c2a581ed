/* SPDX-License-Identifier: Apache-2.0 */
/*
 * known_time: what is certain about the time of day when the clock may be
 * anything (row-D23): it is not earlier than this release, nor than what a broker
 * that proved itself was seen at before.  One file DIR/time.  What is made of it:
 * clock_is_likely() in clock.h, tls.h for certificates, docs/PROTOCOL.md.
 *
 * What is learnt never goes beyond the end of the certificate that the broker
 * shows at that moment: whoever tells us a time of next century cannot make all
 * certificates of this one look expired.
 */
#ifndef KITH_THING_KNOWN_TIME_H
#define KITH_THING_KNOWN_TIME_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct known_time {
	const char *dir;	/* NULL: nothing is kept */
	int64_t earliest_ms;	/* wall clock */
	int64_t saved_ms;	/* what stands in the file */
};

/* A file that cannot be read counts as none. */
void known_time_load(struct known_time *k, const char *dir);
/* It is `ms`, says somebody who proved himself with a certificate that counts from
 * `from_ms` until `until_ms`.  Written when it is half a day more than was known. */
void known_time_learn(struct known_time *k, int64_t ms, int64_t from_ms, int64_t until_ms);
int known_time_parse(int64_t *ms, const char *text, size_t len, struct err *e);

#endif
