/* SPDX-License-Identifier: Apache-2.0 */
/*
 * presence_question: everything told to anybody comes from HMAC(key, what it
 * is, nonce, for whom): a restart asks the same question, and a copy of the
 * store alone answers none.
 */
#include "config.h"

#include "registry/presence_question.h"

#include <ctype.h>
#include <string.h>

#include "common/wire/request.h"

/* A question is this many units long; the rest of its clockwork is in them. */
#define UNITS 60
#define FIRST_AT 6		/* time to read it and to walk there */
#define FIRST_MORE 4
#define GAP_LEAST 8
#define GAP_STEP 4
#define GAPS 4
#define START_MOST 15		/* what a device may need to be back */
#define OFF_MOST 2		/* how much the distances may differ */

enum question_kind presence_question_kind(unsigned can)
{
	if ((can & SELF_SHOWS_CODE) != 0)
		return QUESTION_CODE;
	return (can & SELF_HAS_BUTTON) != 0 ? QUESTION_BUTTON : QUESTION_POWER;
}

static void derive(uint8_t out[static SECRET_HASH], const struct question_seed *s,
    const char *what, const void *whom, size_t len)
{
	const struct secret_part parts[] = {
		{ "kith presence question", strlen("kith presence question") },
		{ what, strlen(what) }, { s->nonce, QUESTION_NONCE }, { whom, len },
	};

	secret_hmac(out, s->key, parts, sizeof(parts) / sizeof(parts[0]));
}

void presence_question_code(char out[static IDENT_CODE], const struct question_seed *s,
    const uint8_t thing[static 16])
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	uint8_t bits[SECRET_HASH];
	size_t at = 0;

	derive(bits, s, "code", thing, 16);
	/* 256 is a multiple of 32: every letter is as likely. */
	for (size_t i = 0; i < 8; i++) {
		if (i == 4)
			out[at++] = '-';
		out[at++] = letters[bits[i] % 32];
	}
	out[at] = '\0';
	secret_cleanse(bits, sizeof(bits));
}

void presence_question_rhythm(char out[static QUESTION_RHYTHM], const struct question_seed *s,
    const char *person)
{
	uint8_t bits[SECRET_HASH];

	derive(bits, s, "rhythm", person, strlen(person));
	for (size_t i = 0; i < QUESTION_GROUPS; i++) {
		out[2 * i] = (char)('1' + bits[i] % QUESTION_PRESSES);
		out[2 * i + 1] = ' ';
	}
	out[QUESTION_RHYTHM - 1] = '\0';
	secret_cleanse(bits, sizeof(bits));
}

void presence_question_times(int64_t out[static QUESTION_SESSIONS],
    const struct question_seed *s, const char *person, int64_t length_ms)
{
	uint8_t bits[SECRET_HASH];
	int64_t at;

	derive(bits, s, "times", person, strlen(person));
	at = FIRST_AT + bits[0] % FIRST_MORE;
	for (size_t i = 0; i < QUESTION_SESSIONS; i++) {
		out[i] = at * length_ms / UNITS;
		at += GAP_LEAST + GAP_STEP * (bits[i + 1] % GAPS);
	}
	secret_cleanse(bits, sizeof(bits));
}

bool presence_question_sessions_fit(const int64_t times[static QUESTION_SESSIONS],
    const struct question_sessions *seen, int64_t length_ms)
{
	int64_t unit = length_ms / UNITS;

	if (seen->n != QUESTION_SESSIONS || seen->at_ms[0] < times[0] - OFF_MOST * unit ||
	    seen->at_ms[0] > times[0] + START_MOST * unit)
		return false;
	for (size_t i = 1; i < QUESTION_SESSIONS; i++) {
		int64_t off = (seen->at_ms[i] - seen->at_ms[i - 1]) - (times[i] - times[i - 1]);

		if (off > OFF_MOST * unit - 1 || -off > OFF_MOST * unit - 1)
			return false;
	}
	return true;
}

static enum question_verdict decide_dispute(const struct question_facts *f)
{
	bool claimant = f->fitting > 0;

	/* Both are heard before either wins, for as long as it takes. */
	if (claimant && f->owner_answered)
		return QUESTION_OPERATOR;
	if (!f->over)
		return QUESTION_WAIT;
	if (f->fitting > 1)
		return QUESTION_NOBODY;
	if (claimant)
		return QUESTION_GIVE;
	return f->owner_answered ? QUESTION_KEEP : QUESTION_NOBODY;
}

enum question_verdict presence_question_decide(const struct question_facts *f)
{
	if (f->purpose == QUESTION_DISPUTE)
		return decide_dispute(f);
	if (f->fitting == 0)
		return f->over ? QUESTION_NOBODY : QUESTION_WAIT;
	/* Whoever knew what only the claimant was told is not the thing alone. */
	if (f->fitting > 1)
		return QUESTION_NOBODY;
	if (f->purpose == QUESTION_AGAIN && f->fits_owned)
		return QUESTION_KEEP;
	/* What a thing can do by itself it can do by chance, if there are enough of
	 * them; a code is read and typed by a person. */
	if (f->crowd && !f->by_code)
		return f->over ? QUESTION_NOBODY : QUESTION_WAIT;
	/* He never asked for this question, and may not even have read it. */
	if (f->purpose == QUESTION_AGAIN && !f->by_code && !f->confirmed)
		return QUESTION_CONFIRM;
	return QUESTION_GIVE;
}

/* What signs add between letters and digits is not counted: a date with
 * dashes is no better than one without. */
unsigned presence_question_key_bits(const char *key)
{
	bool hex = false, lower = false, upper = false;
	unsigned tenths, chars = 0;

	if (key == NULL)
		return 0;
	for (const char *c = key; *c != '\0' && chars < 100; c++) {
		unsigned char u = (unsigned char)*c;

		chars += isalnum(u) != 0;
		hex = hex || (isxdigit(u) && !isdigit(u));
		lower = lower || (islower(u) && !isxdigit(u));
		upper = upper || (isupper(u) && !isxdigit(u));
	}
	tenths = lower && upper ? 58 : lower || upper ? 47 : hex ? 40 : 33;
	return chars * tenths / 10;
}
