/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inventory: what an owner calls his things: which one a name means, the list
 * of them, one of them, a new name, tags, and finding some.  It reads ownership
 * and tags and changes nothing but names; tags are the registry's.
 */
#ifndef KITH_DESK_INVENTORY_H
#define KITH_DESK_INVENTORY_H

#include "common/base/pool.h"
#include "common/store/ownership.h"
#include "common/wire/reply.h"
#include "provisioning/serve.h"
#include "registry/serve.h"

#define INVENTORY_OPTIONS 5	/* listed when a name fits several */
#define INVENTORY_PREFIX 8	/* shortest beginning of an address that names a thing */

struct inventory {
	struct ownership *ownership;
	struct registry *registry;
	struct audit *audit;	/* NULL: nothing is noted */
	struct provisioning *provisioning;	/* who is a co-owner; NULL: nobody */
	struct pool scratch;
};

struct inventory_match {
	size_t n;		/* how many answer to the name */
	const struct owned *thing[INVENTORY_OPTIONS];	/* the first of them */
};

void inventory_init(struct inventory *v, struct ownership *o, struct registry *g);
void inventory_fini(struct inventory *v);

/* Everything of this owner that answers to the name: never a guess. */
void inventory_find(struct inventory *v, const char *owner, const char *name,
    struct inventory_match *out);

/* The same among the things that others share with him as a co-owner. */
void inventory_find_shared(struct inventory *v, const char *jid, const char *name,
    struct inventory_match *out);

/* VERB_GET_DEVICES, VERB_SHOW, VERB_FIND, VERB_NAME_THING and VERB_TAG; the
 * last two in a transaction.  Same contract as the roles; what a tag said
 * before is in r->reason. */
bool inventory_serves(enum verb verb);
int inventory_serve(struct inventory *v, const struct request *q, struct reply *r, struct err *e);

#endif
