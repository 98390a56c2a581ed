/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twin: one element with one attribute.  Shared steps: parse.c, emit.c.
 */
#include "config.h"

#include "common/wire/twin.h"

int
twin_copied_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	bool has;

	if (parse_bool(p, el, "now", &has, &q->u.copied) < 0)
		return -1;
	return has ? 0 : parse_fail(p, COND_BAD_REQUEST);
}

void
twin_copied_write(struct xml *x, const struct request *q)
{
	xml_attr(x, "now", q->u.copied ? "true" : "false");
}
