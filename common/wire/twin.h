/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twin: what of urn:kith:twin:0 goes to the registry: a thing has found out that its
 * identity is in use by another device as well, or is no more (docs/PROTOCOL.md).  The
 * question between the two is thing/clone.c's.
 */
#ifndef KITH_WIRE_TWIN_H
#define KITH_WIRE_TWIN_H

#include "common/wire/emit.h"
#include "common/wire/parse.h"

int twin_copied_parse(struct parse *p, const struct stanza *el, struct request *q);
void twin_copied_write(struct xml *x, const struct request *q);

#endif
