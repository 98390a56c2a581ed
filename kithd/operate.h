/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operate: words of kithctl that change something.  One line of the control
 * socket becomes a struct request with by_operator set and goes the way of all
 * requests (site_operate); its reply's text is the answer.  Long acts run in
 * slices, see operate_job.h.  Looking only is report.h.
 */
#ifndef KITH_KITHD_OPERATE_H
#define KITH_KITHD_OPERATE_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "kithd/site.h"

/* Is the first word of this line one of those below? */
bool operate_knows(const char *line);
/* As control_fn of control_socket.h. */
bool operate(struct site *s, void **job, const char *line, struct buf *out);

#endif
