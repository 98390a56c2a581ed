/* SPDX-License-Identifier: Apache-2.0 */
/*
 * call: one allocation for the request and its pool.
 */
#include "config.h"

#include "thing/call.h"

#include <stdlib.h>

struct call *call_new(void)
{
	struct call *c = calloc(1, sizeof(*c));

	if (c)
		pool_init(&c->pool, WIRE_REQUEST_BYTES);
	return c;
}

void call_free(struct call **c)
{
	if (!*c)
		return;
	pool_fini(&(*c)->pool);
	free(*c);
	*c = NULL;
}
