/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingd_nodes: how the nodes of a gateway can be claimed: on standard output as
 * they become known, and together in state=/claims (0600), one a line: source,
 * partition if it has one, id, URI.  The thing's own: thingd_show.h.
 */
#ifndef KITH_THING_THINGD_NODES_H
#define KITH_THING_THINGD_NODES_H

#include "thing/thing.h"
#include "thing/thingd_conf.h"

struct thingd_claims {
	size_t n;
	char **line;		/* "SOURCE ID URI\n" */
};

void thingd_claims_path(const struct thingd_conf *c, char *out, size_t size);
/* Forget what an earlier run left there. */
void thingd_claims_begin(const struct thingd_conf *c);
/* `uri` "": it cannot be claimed (any more). */
void thingd_claims_set(struct thingd_claims *c, const struct thingd_conf *conf,
    const struct kith_thing_at *at, const char *uri);
void thingd_claims_fini(struct thingd_claims *c);

#endif
