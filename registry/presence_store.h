/* SPDX-License-Identifier: Apache-2.0 */
/*
 * presence_store: the presence questions of the last hour and the disputes, as
 * rows with a copy in memory.  What a row means is in presence_question.h;
 * sessions that were seen are in memory only, since a restart breaks them.
 */
#ifndef KITH_REGISTRY_PRESENCE_STORE_H
#define KITH_REGISTRY_PRESENCE_STORE_H

#include "common/store/ownership.h"
#include "registry/digest.h"
#include "registry/presence_question.h"

struct presence_store;
struct store;

struct candidate {
	uint8_t id[OWNERSHIP_ID];
	uint64_t epoch;			/* of the thing when it was asked about */
	enum question_kind kind;
	unsigned tries;			/* rhythms it reported that fit nobody */
};

struct question {
	int64_t row;			/* 0: new */
	uint8_t nonce[QUESTION_NONCE];
	enum question_purpose purpose;
	uint8_t digest[DIGEST_BYTES];
	const char *claimant;		/* who was asked; bare */
	const char *other;		/* QUESTION_DISPUTE: the owner, asked too; else NULL */
	bool is_public;			/* of a claim */
	bool is_over;
	int64_t opened_ms, until_ms;	/* wall */
	/* Bit i: candidate i fits what he was told; QUESTION_AGAIN has no other, there
	 * it is: he said that it was him. */
	uint64_t fits, other_fits;
	size_t n;
	struct candidate candidate[QUESTION_THINGS];
};

enum dispute_state {
	DISPUTE_OPEN,
	DISPUTE_OPERATOR,		/* both showed the thing */
	DISPUTE_OVER			/* kept: no digest is disputed twice */
};

struct dispute {
	int64_t row;			/* 0: new */
	uint8_t digest[DIGEST_BYTES];
	uint8_t id[OWNERSHIP_ID];
	uint64_t epoch;
	const char *claimant;		/* who disputed */
	bool is_public;			/* as he wants it */
	int64_t until_ms;		/* wall: then the owner keeps it */
	enum dispute_state state;
};

int presence_store_open(struct presence_store **out, struct store *s, struct err *e);
void presence_store_close(struct presence_store **d);

/* All questions, open or lately over, oldest first.  A pointer lives until the
 * next change of that question. */
size_t presence_store_count(const struct presence_store *d);
const struct question *presence_store_at(const struct presence_store *d, size_t i);
const struct question *presence_store_by_nonce(const struct presence_store *d,
    const uint8_t nonce[static QUESTION_NONCE]);
/* What was seen of candidate `i`, to be changed in place; memory only. */
struct question_sessions *presence_store_sessions(struct presence_store *d,
    const struct question *q, size_t i);

const struct dispute *dispute_by_digest(const struct presence_store *d,
    const uint8_t digest[static DIGEST_BYTES]);
const struct dispute *dispute_by_thing(const struct presence_store *d,
    const uint8_t id[static OWNERSHIP_ID]);
/* The disputes that are not over. */
size_t disputes_open(const struct presence_store *d);
const struct dispute *dispute_at(const struct presence_store *d, size_t i);

/* In a transaction, like all that follows.  Copies its strings. */
int presence_store_put(struct presence_store *d, const struct question *q, struct err *e);
int presence_store_forget(struct presence_store *d, int64_t row, struct err *e);
/* One that is over and too old to matter; 1 forgotten, 0 none, -1. */
int dispute_forget(struct presence_store *d, int64_t before_ms, struct err *e);
int dispute_put(struct presence_store *d, const struct dispute *t, struct err *e);

#endif
