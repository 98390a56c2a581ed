/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stanza_dump: a parsed request or a read answer as text, complete and canonical, so
 * that two of them are equal exactly when their dumps are.  For tests only.
 */
#ifndef KITH_TESTS_UNIT_STANZA_DUMP_H
#define KITH_TESTS_UNIT_STANZA_DUMP_H

#include "common/wire/reply.h"
#include "common/wire/request.h"
#include "common/wire/route.h"

void dump_request(struct buf *out, enum route_verdict verdict, enum condition cond,
    const struct request *q);
void dump_reply(struct buf *out, const struct reply *r);

#endif
