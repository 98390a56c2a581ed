/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parting: the first line that fits decides.  Read next: leave.c, transfer.c.
 */
#include "config.h"

#include "registry/parting.h"

#include "common/base/saying.h"

#include <stddef.h>

static bool is_passing_on(const struct parting_facts *f)
{
	return f->kind == PARTING_OFFER || f->kind == PARTING_ACCEPT;
}

/* In doubt: who deleted an account may have left its name to somebody else.
 * Accepting gives nothing away, so there only a deleted account has to prove. */
static bool must_prove(const struct parting_facts *f)
{
	return f->doubt == DOUBT_GONE || (f->doubt == DOUBT_AWAY && f->kind != PARTING_ACCEPT);
}

enum parting_verdict parting_decide(const struct parting_facts *f)
{
	if (f->kind == PARTING_ACCEPT && (!f->is_owner || !f->offered))
		return PARTING_OVER;
	if (!f->is_owner)
		return PARTING_NOT_YOURS;
	if (must_prove(f))
		return PARTING_PROVE;
	if (f->disputed)
		return PARTING_DISPUTED;
	if (f->state == OWNED_TURNING)
		return PARTING_TURNING;
	if (f->hold == HOLD_FROZEN || f->hold == HOLD_OPERATOR)
		return PARTING_HELD;
	if (f->state != OWNED)
		return PARTING_SELF;
	if (f->leaving && is_passing_on(f))
		return PARTING_LEAVING;
	if (f->kind == PARTING_DISOWN && !f->present)
		return PARTING_AWAY;
	if (is_passing_on(f) && !f->may_own)
		return PARTING_CANNOT_OWN;
	if (f->kind == PARTING_OFFER && f->same_person)
		return PARTING_SAME;
	return PARTING_YES;
}

const char *parting_reason(enum parting_verdict v)
{
	static const char *const reasons[] = {
		[PARTING_YES] = N_("%1 can go."),
		[PARTING_NOT_YOURS] = N_("%1 is not yours."),
		[PARTING_PROVE] = N_("%1 stays as it is until you have proved that you are who you "
		    "were: send me prove and your ownership code."),
		[PARTING_DISPUTED] = N_("%1 is disputed; until that is settled it stays as it is."),
		[PARTING_TURNING] = N_("%1 has not heard yet that it is yours; wait until it has."),
		[PARTING_HELD] = N_("%1 is held by the operator."),
		[PARTING_SELF] = N_("%1 owns itself."),
		[PARTING_LEAVING] = N_("%1 is being given up at this moment."),
		[PARTING_AWAY] = N_("%1 is away, and must hear of it first. To give it up all the "
		    "same, send: disown %1 offline"),
		[PARTING_CANNOT_OWN] = N_("%1 cannot go to that address: people of that server "
		    "cannot own things here."),
		[PARTING_SAME] = N_("%1 is yours already."),
		[PARTING_OVER] = N_("%1 is not on offer any more."),
	};

	return (size_t)v < sizeof(reasons) / sizeof(reasons[0]) ? reasons[v] : reasons[PARTING_OVER];
}
