/* SPDX-License-Identifier: Apache-2.0 */
/*
 * witness: how the thing helps its registry to find out whether somebody
 * stands before it (urn:kith:presence:0): it shows a code for a while, and
 * tells in what rhythm its button was pressed.  It decides nothing and knows
 * nothing of who asks why; enroll.c checks who sent the push.
 */
#ifndef KITH_THING_WITNESS_H
#define KITH_THING_WITNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/ident.h"
#include "common/wire/limits.h"

struct session;

#define WITNESS_SECONDS_MAX 3600	/* a code is never shown longer */
#define WITNESS_PAUSE_MS 1200		/* between presses: the next group begins */
#define WITNESS_END_MS 4000		/* after the last press: the rhythm is over */

struct witness {
	const struct clock *clock;
	struct session *session;
	const char *registry;		/* its address now; lives as long as this */
	/* "": nothing is to be shown any more. */
	void (*show)(void *arg, const char *code);
	void *arg;
	char code[IDENT_CODE];
	int64_t code_until_ms;		/* boot */
	int64_t listen_until_ms;	/* boot; 0: the button is nobody's affair */
	char rhythm[WIRE_RHYTHM + 1];	/* "2 4 1" */
	int64_t pressed_ms;		/* boot: the last press; 0 none */
};

void witness_show(struct witness *w, const char *code, int64_t seconds);
void witness_listen(struct witness *w, int64_t seconds);
bool witness_listens(const struct witness *w);
/* The button was pressed once. */
void witness_press(struct witness *w);
/* Nobody asks any more: the thing has an owner. */
void witness_end(struct witness *w);

int64_t witness_deadline(const struct witness *w);	/* boot ms; -1 none */
void witness_tick(struct witness *w);

#endif
