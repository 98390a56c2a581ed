/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_socket: kithd's socket for kithctl, mode 0600, served by the loop
 * and never blocking.  A request is one line of words parted by tabs, with
 * "json" as an optional first word.  The answer is a line with the exit status
 * for kithctl, then lines, then an empty line.  It knows no request: report.h.
 */
#ifndef KITH_KITHD_CONTROL_SOCKET_H
#define KITH_KITHD_CONTROL_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/err.h"

struct ev_loop;
struct control_socket;

/*
 * Answer one line; what is appended goes back.  True: that was all, the empty
 * line is added.  False: there is more; the function is called again with
 * `line` NULL when this part has left, one part a round of the loop, so that
 * long work hinders nobody.  Parts before the last hold only lines that begin
 * with '#' (progress, data).  *job is the function's own for one answer, NULL
 * at first; a client that leaves early is told by `out` NULL.
 */
typedef bool (*control_fn)(void *arg, void **job, const char *line, struct buf *out);

/* Refuses to replace anything but a socket nobody listens on. */
int control_socket_open(struct control_socket **out, struct ev_loop *loop, const char *path,
    size_t clients, control_fn fn, void *arg, struct err *e);
/* A listening socket at this path, mode 0600; its descriptor or -1. */
int control_socket_listen(const char *path, struct err *e);
/* Removes the socket file. */
void control_socket_close(struct control_socket **s);

#endif
