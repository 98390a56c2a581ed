/* SPDX-License-Identifier: Apache-2.0 */
/*
 * claim: may this asker have the thing whose tags he typed?  Pure: facts in,
 * answer out.  Who loads the facts: mine.c; where they live: thing_store.h;
 * what a refusal may set off: presence_question.h, dispute.h.
 */
#ifndef KITH_REGISTRY_CLAIM_H
#define KITH_REGISTRY_CLAIM_H

#include <stdbool.h>
#include <stddef.h>

struct claim_facts {
	bool may_own;		/* the asker's address can be an owner's at all */
	bool receipt;		/* this asker claimed this digest lately ... */
	bool receipt_current;	/* ... and owns that thing in that epoch still */
	size_t claimable;	/* unclaimed, listed records with this digest, held for nobody
				 * or for him */
	size_t held;		/* the same, but held: another was in an owner's hand once */
	bool spent;		/* the digest was claimed with before, by anybody */
	bool weak;		/* a short KEY, and somebody is guessing it */
	bool closed;		/* thing or operator asked for a window, and none of them is in
				 * its own */
	bool disputable;	/* another owns a thing claimed with this digest within a day,
				 * and nobody else disputed it yet */
};

enum claim_verdict {
	CLAIM_NOT_FOUND = 0,
	CLAIM_AGAIN,		/* the same success as before; nothing is written */
	CLAIM_NEW		/* the one record becomes his */
};

/* Why not; counted and shown to the operator, never told to the asker. */
enum claim_reason {
	CLAIM_FITS,
	CLAIM_NO_RECORD,
	CLAIM_TWINS,
	CLAIM_SPENT,
	CLAIM_ASKER,
	CLAIM_HELD,
	CLAIM_WEAK,
	CLAIM_CLOSED,
	CLAIM_OWNED
};

/* What a refusal sets off, later and out of sight of the asker's stream. */
enum claim_ask {
	CLAIM_ASK_NOTHING,
	CLAIM_ASK_PRESENCE,	/* he is asked to show that the thing is before him */
	CLAIM_ASK_DISPUTE,	/* both of them are */
	CLAIM_ASK_AGAIN		/* by no refusal: its tags came back, the owner is asked */
};

struct claim_outcome {
	enum claim_verdict verdict;
	enum claim_reason reason;
	enum claim_ask ask;
};

void claim_decide(const struct claim_facts *f, struct claim_outcome *out);
const char *claim_reason_name(enum claim_reason r);

#endif
