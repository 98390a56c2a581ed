/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guess: how many claims failed of late, by whom, and how many KEYs were
 * wrong for one maker and serial number.  Memory only and bounded.  It stops
 * nobody: who fails too often hears it a little later, and a person is told.
 */
#ifndef KITH_REGISTRY_GUESS_H
#define KITH_REGISTRY_GUESS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

#define GUESS_DELAY_MS 900	/* what a failure waits at most: clients give up after 5 s */

struct guess;

/* Failures a minute, all of which can be saved up for one burst. */
struct guess_limits {
	int64_t per_jid, per_domain, global;
	int64_t wrong_keys;	/* for one (MAN, SN), before a short KEY is weak */
};

enum guess_scope { GUESS_JID, GUESS_DOMAIN, GUESS_GLOBAL, GUESS_SCOPES };

struct guess_outcome {
	int64_t delay_ms;	/* 0: nothing is used up */
	bool alarm[GUESS_SCOPES];	/* it has just run out, for the first time in a minute */
};

int guess_open(struct guess **out, const struct guess_limits *limits, struct err *e);
void guess_close(struct guess **g);

/* A claim failed. */
void guess_failed(struct guess *g, const char *bare, int64_t now_ms, struct guess_outcome *out);
/* It failed with the tags of a thing that is there, all but the KEY; `name` is
 * thing_store_name().  True: this was the one that makes short KEYs weak. */
bool guess_wrong_key(struct guess *g, uint64_t name);
bool guess_is_weak(const struct guess *g, uint64_t name);

#endif
