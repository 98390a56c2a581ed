/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locate: where the broker of a domain listens, one place after another.  A
 * configured HOST:PORT is the only place; else DNS is asked anew each round
 * (RFC 6120 3.2, XEP-0368).  Whatever is found must still prove the domain by
 * its certificate: a lie costs time only.
 */
#ifndef KITH_THING_LOCATE_H
#define KITH_THING_LOCATE_H

#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/wire/resolve.h"

struct locate;

/* `server` NULL: DNS.  Both strings are copied. */
struct locate *locate_new(const char *domain, const char *server, const struct clock *clock,
    struct err *e);
void locate_free(struct locate **l);

/* Begin a round. */
void locate_begin(struct locate *l);
enum locate_answer {
	LOCATE_PLACE,
	LOCATE_WAIT,		/* poll, run, ask again */
	LOCATE_NONE		/* the round is over */
};
/* The next place to try in this round. */
enum locate_answer locate_next(struct locate *l, struct resolve_place *out);

int locate_fd(const struct locate *l, short *events);	/* -1: none */
int64_t locate_deadline(const struct locate *l);	/* boot ms, -1 */
void locate_run(struct locate *l);

#endif
