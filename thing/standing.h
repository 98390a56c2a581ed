/* SPDX-License-Identifier: Apache-2.0 */
/*
 * standing: whom this thing deals with: its owner as the registry last said,
 * the services it has accepted, and the strongest login each TLS version has
 * shown.  One file DIR/standing.  Services and logins are pins: once on disk
 * they change only by `repin` or a reset.
 */
#ifndef KITH_THING_STANDING_H
#define KITH_THING_STANDING_H

#include <stdbool.h>
#include <stdint.h>

#include "common/wire/ns.h"
#include "common/wire/sasl.h"
#include "thing/room.h"

#define STANDING_SERVICE 512	/* bytes of the address of a service */

struct standing_service {
	char jid[STANDING_SERVICE];	/* "" : not pinned */
	enum gen gen;		/* the generation of names it understood */
	bool leases;		/* advertised urn:kith:lease:0 */
	bool self;		/* ... and urn:kith:thing:0 */
};

/*
 * May it trust others than its provisioning service (XEP-0324, "Delegating
 * Secondary Trust")?  As that service says in its first answer for an owner, and
 * locked then: it may take it back later, but not give it.
 */
enum standing_trust { STANDING_UNTOLD, STANDING_ALONE, STANDING_DELEGATES };

#define STANDING_RESOURCE 256
#define STANDING_LANGUAGE 16

struct standing {
	char owner[ROOM_ADDRESS + 1];	/* bare; "": nobody */
	/* Owned us before, and our server may still have him as our friend: the
	 * words that end that were lost if we ended right after writing them. */
	char former[ROOM_ADDRESS + 1];
	bool is_public;
	enum standing_trust trust;	/* of that ownership */
	bool leaving;			/* it is being taken out of service */
	bool cloned;			/* the same identity is in use elsewhere (clone.h) */
	uint64_t epoch;			/* of that ownership, as the registry said; 0 unknown */
	struct standing_service registry;
	struct standing_service provisioning;
	struct sasl_pin pin;
	char resource[STANDING_RESOURCE];	/* bound last: asked for again; "" none */
	char language[STANDING_LANGUAGE];	/* the owner wrote in last; "" none */
	bool chosen;			/* ... or said that he wants */
	bool released;		/* the pins were, by hand, and the owner is not told yet */
	/* Wall clock: only weaker logins than the pin have been on offer since then, or
	 * the bound one was refused; 0: not so. */
	int64_t weak_ms;
	bool weak_unbound;		/* the latter */
};

/* All empty. */
void standing_init(struct standing *s);
/* ERR_AGAIN when there is none. */
int standing_load(struct standing *s, const char *dir, struct err *e);
int standing_save(const struct standing *s, const char *dir, struct err *e);
/* Releases the pins, keeps the owner. */
void standing_unpin(struct standing *s);

/* Is this bare address one of the pinned services? */
bool standing_is_service(const struct standing *s, const char *bare);
/* What the service says now; true: something changed, so save. */
bool standing_tell_trust(struct standing *s, bool delegates);
bool standing_is_owner(const struct standing *s, const char *bare);

int standing_parse(struct standing *s, const char *text, size_t len, struct err *e);

#endif
