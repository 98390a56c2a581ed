/* SPDX-License-Identifier: Apache-2.0 */
/*
 * claim: the decision, its lines in the order of docs/PROTOCOL.md.  Every
 * refusal is the same item-not-found: an asker must not learn whether a serial
 * number exists, is owned, or has a twin (att-C-03).
 */
#include "config.h"

#include "registry/claim.h"

static void say(struct claim_outcome *out, enum claim_verdict verdict, enum claim_reason reason)
{
	out->verdict = verdict;
	out->reason = reason;
}

void claim_decide(const struct claim_facts *f, struct claim_outcome *out)
{
	/*
	 * (a) He asked before and the answer got lost, or he pasted it twice:
	 * the KEY is no longer there to compare with, so the receipt answers
	 * (XEP-0347 3.10 wants the same request answered the same way).
	 */
	if (f->may_own && f->receipt && f->receipt_current)
		say(out, CLAIM_AGAIN, CLAIM_FITS);
	/*
	 * (b) Nothing to claim: unknown tags, one of them wrong, or the thing
	 * has an owner; or an asker whose address proves too little.
	 */
	else if (!f->may_own)
		say(out, CLAIM_NOT_FOUND, CLAIM_ASKER);
	else if (f->claimable == 0)
		say(out, CLAIM_NOT_FOUND, CLAIM_NO_RECORD);
	/*
	 * (d) Several addresses show the same tags: one of them is an impostor
	 * that photographed the label, and nothing here says which.
	 */
	else if (f->claimable > 1)
		say(out, CLAIM_NOT_FOUND, CLAIM_TWINS);
	/*
	 * (d) A KEY opens once.  Whoever owned the thing before knows it, so it
	 * proves nothing about the present owner.
	 */
	else if (f->spent)
		say(out, CLAIM_NOT_FOUND, CLAIM_SPENT);
	/* (c) One record, a KEY nobody used: it is his. */
	else
		say(out, CLAIM_NEW, CLAIM_FITS);
}

const char *claim_reason_name(enum claim_reason r)
{
	static const char *const names[] = {
		[CLAIM_FITS] = "fits",
		[CLAIM_NO_RECORD] = "no unclaimed record has these tags",
		[CLAIM_TWINS] = "several records have these tags",
		[CLAIM_SPENT] = "these tags were claimed with before",
		[CLAIM_ASKER] = "the asker's address cannot be an owner's",
	};

	return (unsigned)r < sizeof(names) / sizeof(names[0]) ? names[r] : "unknown";
}
