/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_time: at which moment certificates are judged, when the clock may be wrong
 * (row-D23).  A clock that can be right is believed.  Else there must be one moment,
 * not before the earliest that is certain, at which all that was shown is valid:
 * what is over by then is refused, what has "not begun" is not, since only our
 * clock says so.  Used by tls.c alone.
 */
#ifndef KITH_WIRE_TLS_TIME_H
#define KITH_WIRE_TLS_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "common/base/err.h"

struct tls_time {
	int64_t at_s;		/* since 1970; 0: as the system's clock goes */
	bool unknown;		/* the clock is not to be believed: at_s is a bound */
};

/* `earliest_ms` 0: the system's clock is right. */
void tls_time_init(struct tls_time *t, int64_t now_ms, int64_t earliest_ms);
void tls_time_prepare(const struct tls_time *t, SSL_CTX *ctx);
/* The chain as it was verified: moves the bound, and looks whether all holds there. */
int tls_time_check(struct tls_time *t, const STACK_OF(X509) *chain, struct err *e);
/* Of a stapled answer; `until` may be NULL. */
int tls_time_check_answer(struct tls_time *t, const ASN1_TIME *from, const ASN1_TIME *until,
    struct err *e);
/* "2031-05-01": for a sentence about what is over or has not begun. */
#define TLS_TIME_DAY 16
void tls_time_day(const struct tls_time *t, char out[static TLS_TIME_DAY]);
/* Milliseconds since 1970; 0 if it is no time. */
int64_t tls_time_ms(const ASN1_TIME *at);

#endif
