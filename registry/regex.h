/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex: extended regular expressions (POSIX 9.4) over Unicode code points,
 * case-sensitive, matching the whole text.  All states are followed at once,
 * so the time is at most states times characters, whatever peers write; no
 * back-references, no captures.  An escape before a letter or digit is refused:
 * it means something else in every dialect that has it.
 */
#ifndef KITH_REGISTRY_REGEX_H
#define KITH_REGISTRY_REGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/pool.h"

#define REGEX_PATTERN 512	/* bytes */
#define REGEX_STATES 1024
#define REGEX_COUNT 255		/* most in {n,m}, as RE_DUP_MAX */
#define REGEX_RUNS 16

struct regex;

enum regex_error { REGEX_FINE, REGEX_WRONG, REGEX_TOO_LARGE };

/* In `pool`.  A pool that is full is REGEX_TOO_LARGE. */
enum regex_error regex_compile(const struct regex **out, const char *pattern, struct pool *pool);
/* *steps is lowered by what it cost; below 0 it was not enough, and the answer is no. */
bool regex_fits(const struct regex *r, const char *text, int64_t *steps);
/* Strings of which every text that fits holds all, for an index; may be none. */
size_t regex_runs(const struct regex *r, const char *const **runs);

#endif
