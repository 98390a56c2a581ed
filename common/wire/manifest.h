/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest: what our own thing says it offers and needs, inside the <self/> of
 * its register (docs/PROTOCOL.md 4.7).  Kept by registry/manifest.h.
 */
#ifndef KITH_WIRE_MANIFEST_H
#define KITH_WIRE_MANIFEST_H

#include "common/wire/emit.h"
#include "common/wire/parse.h"

/* Of the element around it; *out NULL: nothing is said. */
int manifest_parse(struct parse *p, const struct stanza *self, const struct manifest **out);
void manifest_write(struct xml *x, const struct manifest *m);

#endif
