/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kin: which known things a registering one resembles, loaded for descent.h,
 * and what its owner and the operator are told about it.  Writes no row of the
 * thing itself: that is enroll.c.
 */
#ifndef KITH_REGISTRY_KIN_H
#define KITH_REGISTRY_KIN_H

#include "registry/continuity.h"
#include "registry/descent.h"
#include "registry/role.h"

struct kin {
	enum continuity continuity;
	uint8_t key[SIGN_KEY];		/* the named one, unless CONTINUITY_NONE */
	const struct owned *by_key, *by_tags;	/* owned, under another address */
	const struct owned *namesake;		/* owned, the same maker and serial number */
	struct descent_facts facts;
};

/* `have`: the record of this address, NULL none; `want`: its tags and digest. */
void kin_load(const struct registry *g, const struct request *q, const struct owned *have,
    const struct thing *want, struct kin *out);
/* In a transaction, behind the registration of `t`. */
int kin_tell(struct registry *g, const struct request *q, const struct owned *t,
    const struct kin *kin, const struct descent_outcome *out, struct err *e);

#endif
