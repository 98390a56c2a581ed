/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit: cmocka with the headers it wants before it, and seeded random numbers
 * for property tests.  KITH_SEED=n repeats a run; KITH_LONG=1 makes it longer.
 */
#ifndef KITH_TESTS_UNIT_H
#define KITH_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* xorshift64*: the same numbers on every machine. */
struct unit_random {
	uint64_t state;
};

static inline struct unit_random
unit_random_start(void)
{
	const char *seed = getenv("KITH_SEED");
	uint64_t state = seed != NULL ? strtoull(seed, NULL, 10) : 0;

	return (struct unit_random){ state * 2 + 0x9e3779b97f4a7c15u };
}

static inline uint64_t
unit_random_next(struct unit_random *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return r->state * 0x2545f4914f6cdd1du;
}

/* A number in [0, n). */
static inline size_t
unit_random_below(struct unit_random *r, size_t n)
{
	return (size_t)((unit_random_next(r) >> 11) % n);
}

/* How often a property is tried. */
static inline size_t
unit_rounds(size_t in_a_short_run)
{
	return getenv("KITH_LONG") != NULL ? in_a_short_run * 100 : in_a_short_run;
}

#endif
