/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report: what kithctl may ask of a running kithd, as text or JSON.  It only
 * looks; nothing here changes anything.  Read next: control_socket.h, how an
 * answer travels; report_part.h, how one is made.
 */
#ifndef KITH_KITHD_REPORT_H
#define KITH_KITHD_REPORT_H

#include "common/base/buf.h"
#include "kithd/site.h"

/* Exit status of kithctl, the first line of an answer. */
#define REPORT_OK 0
#define REPORT_NO 1		/* policy ask: deny or ask */
#define REPORT_ERROR 2

/*
 * As control_fn of control_socket.h.  An answer that takes longer than a slice
 * comes in parts, each of its lines behind "#="; what goes on between two
 * slices may let a row be missed or seen twice.
 */
bool report(const struct site_parts *p, void **job, const char *line, struct buf *out);
/* All counters and gauges in the text format that Prometheus reads. */
void report_prometheus(const struct site_parts *p, struct buf *out);

#endif
