/* SPDX-License-Identifier: Apache-2.0 */
/*
 * call: one allocation for the request and its pool.
 */
#include "config.h"

#include "thing/call.h"

#include <stdlib.h>

#include "common/base/mem.h"

struct call *call_new(void)
{
	struct call *c = mem_zalloc(sizeof(*c));

	if (c)
		pool_init(&c->pool, WIRE_REQUEST_BYTES);
	return c;
}

void call_free(struct call **c)
{
	if (!*c)
		return;
	pool_fini(&(*c)->pool);
	mem_free(*c);
	*c = NULL;
}
