/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics_http: the counters for Prometheus, by HTTP/1.0 on a Unix socket or a
 * loopback address and nowhere else.  One GET a connection; a client that is
 * slow or silent costs one slot for a few seconds.  It knows no counter: the
 * text is asked of its user.
 */
#ifndef KITH_KITHD_METRICS_HTTP_H
#define KITH_KITHD_METRICS_HTTP_H

#include "common/base/buf.h"
#include "common/base/err.h"

struct ev_loop;
struct metrics_http;

typedef void (*metrics_fn)(void *arg, struct buf *out);

/* "unix:/path", "127.0.0.1:PORT" or "[::1]:PORT"; anything else is refused. */
int metrics_http_check(const char *where, struct err *e);
int metrics_http_open(struct metrics_http **out, struct ev_loop *loop, const char *where,
    metrics_fn fn, void *arg, struct err *e);
void metrics_http_close(struct metrics_http **m);

#endif
