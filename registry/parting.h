/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parting: may this owner give that thing up, or pass it on?  Pure: facts in,
 * answer out.  Who loads the facts and acts: leave.c (disown), transfer.c.
 */
#ifndef KITH_REGISTRY_PARTING_H
#define KITH_REGISTRY_PARTING_H

#include <stdbool.h>

#include "common/store/ownership.h"
#include "common/store/person.h"

enum parting_kind {
	PARTING_DISOWN,		/* the thing is asked first; only of one that is there */
	PARTING_TOMBSTONE,	/* the owner's rights end now, the thing hears of it later */
	PARTING_OFFER,		/* the owner names somebody */
	PARTING_ACCEPT		/* who was named takes it */
};

struct parting_facts {
	enum parting_kind kind;
	bool is_owner;		/* accept: who offered it still owns it, in that epoch */
	enum owned_state state;
	enum owned_hold hold;
	bool disputed;
	bool leaving;		/* an online disown is on its way */
	bool present;		/* the thing can be reached */
	enum person_doubt doubt;	/* of whoever acts */
	bool offered;		/* accept: it was, to him */
	bool may_own;		/* offer, accept: the new owner's address can own */
	bool same_person;	/* offer: to himself */
};

enum parting_verdict {
	PARTING_YES = 0,
	PARTING_NOT_YOURS,	/* as if there were no such thing */
	PARTING_PROVE,		/* the account is in doubt */
	PARTING_DISPUTED,
	PARTING_TURNING,	/* the thing still has to hear of the last transfer */
	PARTING_HELD,		/* frozen, or the operator holds it */
	PARTING_SELF,		/* it owns itself */
	PARTING_LEAVING,
	PARTING_AWAY,
	PARTING_CANNOT_OWN,
	PARTING_SAME,
	PARTING_OVER		/* the offer does not stand any more */
};

enum parting_verdict parting_decide(const struct parting_facts *f);
/* One sentence for a person, after the name of the thing; no stop. */
const char *parting_reason(enum parting_verdict v);

#endif
