/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report: what kithctl may ask of a running kithd, as text or JSON.  It only
 * looks; nothing here changes anything.  Read next: control_socket.h.
 */
#ifndef KITH_KITHD_REPORT_H
#define KITH_KITHD_REPORT_H

#include "common/base/buf.h"
#include "kithd/site.h"

/* Exit status of kithctl, the first line of an answer. */
#define REPORT_OK 0
#define REPORT_NO 1		/* policy ask: deny or ask */
#define REPORT_ERROR 2

/* One line of words parted by tabs; see control_socket.h. */
void report(const struct site_parts *p, const char *line, struct buf *out);

#endif
