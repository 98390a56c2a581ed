/* SPDX-License-Identifier: Apache-2.0 */
/*
 * call: a request somebody made, and the memory that owns all of it.  Whoever
 * needs it for longer than one callback keeps the pointer and says so by
 * setting the caller's to NULL.
 */
#ifndef KITH_THING_CALL_H
#define KITH_THING_CALL_H

#include "common/base/pool.h"
#include "common/wire/request.h"

struct call {
	struct pool pool;
	struct request q;
	void *carried;		/* what the voice of its job needs; in the pool */
};

struct call *call_new(void);
void call_free(struct call **c);

#endif
