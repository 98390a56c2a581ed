/* SPDX-License-Identifier: Apache-2.0 */
/*
 * claim: the decision, its lines in the order of docs/PROTOCOL.md.  Every
 * refusal is the same item-not-found: an asker must not learn whether a serial
 * number exists, is owned, or has a twin (att-C-03).
 */
#include "config.h"

#include "registry/claim.h"

static void say(struct claim_outcome *out, enum claim_verdict verdict, enum claim_reason reason,
    enum claim_ask ask)
{
	out->verdict = verdict;
	out->reason = reason;
	out->ask = ask;
}

static void refuse(struct claim_outcome *out, enum claim_reason reason)
{
	say(out, CLAIM_NOT_FOUND, reason, CLAIM_ASK_NOTHING);
}

/* His tags fit, and yet they prove too little: he must show the thing. */
static void doubt(struct claim_outcome *out, enum claim_reason reason)
{
	say(out, CLAIM_NOT_FOUND, reason, CLAIM_ASK_PRESENCE);
}

/* What may be said of records that fit and that nobody else has. */
static void decide_fitting(const struct claim_facts *f, struct claim_outcome *out)
{
	/* Outside of its window nobody is asked anything: that is what it is for. */
	if (f->closed)
		refuse(out, CLAIM_CLOSED);
	/*
	 * (d) Several addresses show the same tags: one of them is an impostor
	 * that photographed the label, and nothing here says which.
	 */
	else if (f->claimable + f->held > 1)
		doubt(out, CLAIM_TWINS);
	/* (d) It was among such, and was not the one its claimer stood before. */
	else if (f->held > 0)
		doubt(out, CLAIM_HELD);
	/*
	 * (d) A KEY opens once.  Whoever owned the thing before knows it, so it
	 * proves nothing about the present owner.
	 */
	else if (f->spent)
		doubt(out, CLAIM_SPENT);
	/* (d) He may have the KEY by trying them all. */
	else if (f->weak)
		doubt(out, CLAIM_WEAK);
	/* (c) One record, a KEY nobody used: it is his. */
	else
		say(out, CLAIM_NEW, CLAIM_FITS, CLAIM_ASK_NOTHING);
}

void claim_decide(const struct claim_facts *f, struct claim_outcome *out)
{
	/*
	 * (a) He asked before and the answer got lost, or he pasted it twice:
	 * the KEY is no longer there to compare with, so the receipt answers
	 * (XEP-0347 3.10 wants the same request answered the same way).
	 */
	if (f->may_own && f->receipt && f->receipt_current)
		say(out, CLAIM_AGAIN, CLAIM_FITS, CLAIM_ASK_NOTHING);
	/*
	 * (b) Nothing to claim: unknown tags, one of them wrong, or the thing
	 * has an owner; or an asker whose address proves too little.
	 */
	else if (!f->may_own)
		refuse(out, CLAIM_ASKER);
	else if (f->claimable + f->held > 0)
		decide_fitting(f, out);
	/* (b) It has an owner since today, and somebody else has its label too. */
	else if (f->disputable)
		say(out, CLAIM_NOT_FOUND, CLAIM_OWNED, CLAIM_ASK_DISPUTE);
	else
		refuse(out, CLAIM_NO_RECORD);
}

const char *claim_reason_name(enum claim_reason r)
{
	static const char *const names[] = {
		[CLAIM_FITS] = "fits",
		[CLAIM_NO_RECORD] = "no unclaimed record has these tags",
		[CLAIM_TWINS] = "several records have these tags",
		[CLAIM_SPENT] = "these tags were claimed with before",
		[CLAIM_ASKER] = "the asker's address cannot be an owner's",
		[CLAIM_HELD] = "the record is held until somebody shows the thing",
		[CLAIM_WEAK] = "its short KEY is being guessed",
		[CLAIM_CLOSED] = "outside of the time in which it may be claimed",
		[CLAIM_OWNED] = "it was claimed by another today",
	};

	return (unsigned)r < sizeof(names) / sizeof(names[0]) ? names[r] : "unknown";
}
