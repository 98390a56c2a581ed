/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_socket: kithd's socket for kithctl, mode 0600, served by the loop
 * and never blocking.  A request is one line of words parted by tabs, with
 * "json" as an optional first word.  The answer is a line with the exit status
 * for kithctl, then lines, then an empty line.  It knows no request: report.h.
 */
#ifndef KITH_KITHD_CONTROL_SOCKET_H
#define KITH_KITHD_CONTROL_SOCKET_H

#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/err.h"

struct ev_loop;
struct control_socket;

/* Answer one line; what is appended goes back, the empty line is added. */
typedef void (*control_fn)(void *arg, const char *line, struct buf *out);

/* Refuses to replace anything but a socket nobody listens on. */
int control_socket_open(struct control_socket **out, struct ev_loop *loop, const char *path,
    size_t clients, control_fn fn, void *arg, struct err *e);
/* Removes the socket file. */
void control_socket_close(struct control_socket **s);

#endif
