/* SPDX-License-Identifier: Apache-2.0 */
/*
 * departure: the receipt: what a thing that was taken out of service says is gone, signed with
 * its continuity key (docs/PROTOCOL.md).  Plain lines that a person can read; the
 * last one is the signature over all before it.  It proves who said so, not that
 * it is true.
 */
#ifndef KITH_THING_DEPARTURE_H
#define KITH_THING_DEPARTURE_H

#include "common/base/buf.h"
#include "common/base/err.h"
#include "thing/identity.h"

#define DEPARTURE_MAX 4096

struct departure {
	const char *thing;	/* its bare address */
	const char *owner;	/* "" for nobody */
	int64_t at_ms;		/* wall clock */
	const char *registry;	/* its address and */
	const char *record;	/* ... "forgotten", or why not */
	size_t nodes;		/* forgotten there as well */
	const char *account;	/* "deleted", "deletion asked for", or why not */
	const char *folder;	/* "wiped", or why not */
};

int departure_write(struct buf *out, const struct departure *r, const struct identity *id,
    struct err *e);
/* 0: it is as the holder of `key` signed it.  ERR_INPUT: it is none, or was changed. */
int departure_check(const char *text, char key[static IDENTITY_PUBLIC], struct err *e);

#endif
