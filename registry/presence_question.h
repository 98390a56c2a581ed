/* SPDX-License-Identifier: Apache-2.0 */
/*
 * presence_question: tags fit, but prove too little (twins, a used KEY, a
 * guessed one, a dispute): so the claimant is asked to show that the thing is
 * before him.  This file is what is asked and what an answer decides: pure,
 * all from the question's nonce and a key, so that nothing secret is stored.
 * Rows: presence_store.h; who asks and hears: showing.c, witness.c, dispute.c.
 */
#ifndef KITH_REGISTRY_PRESENCE_QUESTION_H
#define KITH_REGISTRY_PRESENCE_QUESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/ident.h"
#include "common/base/secret.h"

#define QUESTION_NONCE 16
#define QUESTION_THINGS 64	/* that one question can be about: a bit each */
#define QUESTION_GROUPS 6	/* of presses in a rhythm ... */
#define QUESTION_PRESSES 4	/* ... each of 1 to so many: 4096 rhythms */
#define QUESTION_RHYTHM (2 * QUESTION_GROUPS)	/* "2 4 1 3 1 2" and a NUL */
#define QUESTION_TRIES 3	/* rhythms that one thing may report */
#define QUESTION_SESSIONS 3	/* times it is switched off and on */

/* How a thing can be told from its twin, best first. */
enum question_kind {
	QUESTION_CODE,		/* it shows a code */
	QUESTION_BUTTON,	/* its button is pressed in a rhythm */
	QUESTION_POWER		/* it is switched off and on */
};
/* `can`: SELF_* of request.h. */
enum question_kind presence_question_kind(unsigned can);

/* ---- what is asked: the same each time it is computed ---- */

struct question_seed {
	const struct secret *key;
	const uint8_t *nonce;	/* QUESTION_NONCE */
};

/* Each thing its own code. */
void presence_question_code(char out[static IDENT_CODE], const struct question_seed *s,
    const uint8_t thing[static 16]);
/* Each person his own rhythm and times. */
void presence_question_rhythm(char out[static QUESTION_RHYTHM], const struct question_seed *s,
    const char *person);
/* When to switch it off and on, in ms behind the beginning of a question of
 * that length. */
void presence_question_times(int64_t out[static QUESTION_SESSIONS],
    const struct question_seed *s, const char *person, int64_t length_ms);

/* ---- what was seen ---- */

struct question_sessions {
	size_t n;			/* new ones since the question began */
	int64_t at_ms[QUESTION_SESSIONS];	/* behind its beginning; the first of them */
};
/*
 * Exactly so many, at those distances: a thing that comes and goes all the
 * time fits nothing, and how long it takes to start does not matter, since it
 * takes about as long each time.
 */
bool presence_question_sessions_fit(const int64_t times[static QUESTION_SESSIONS],
    const struct question_sessions *seen, int64_t length_ms);

/* ---- what it decides ---- */

enum question_purpose {
	QUESTION_CLAIM = 1,	/* which of these unclaimed things is his */
	QUESTION_AGAIN,		/* his thing's tags appeared again: which address is it */
	QUESTION_DISPUTE	/* two have the label: who has the thing */
};

struct question_facts {
	enum question_purpose purpose;
	bool over;		/* its time has run out */
	size_t fitting;		/* things that fit what the claimant was told */
	bool by_code;		/* he typed what the one that fits shows */
	bool crowd;		/* more things have the tags than one question holds */
	bool confirmed;		/* QUESTION_AGAIN: he said that it was him */
	bool owner_answered;	/* QUESTION_DISPUTE: another showed the same, or the claimant
				 * nothing and the owner something */
	bool fits_owned;	/* QUESTION_AGAIN: it is the one he owns already */
};

enum question_verdict {
	QUESTION_WAIT = 0,
	QUESTION_GIVE,		/* the thing that fits is the claimant's */
	QUESTION_KEEP,		/* whose it is, it stays */
	QUESTION_OPERATOR,	/* both have it before them: a person must look */
	QUESTION_CONFIRM,	/* a thing did it, maybe by chance: was it him? */
	QUESTION_NOBODY		/* nothing was shown */
};
enum question_verdict presence_question_decide(const struct question_facts *f);

/* How many bits there may be to guess in a KEY (NULL: none, 0). */
unsigned presence_question_key_bits(const char *key);

#endif
