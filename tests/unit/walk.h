/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk: a site lives through what three people, four things, an operator and
 * the clock do in any order; behind each act it is compared with what that act
 * may change.  Used by site_model_test and the fuzz target `walk`.
 */
#ifndef KITH_TESTS_WALK_H
#define KITH_TESTS_WALK_H

#include <stddef.h>
#include <stdint.h>

struct hand;

struct walk_report {
	size_t acts, claimed, passed_on, let_go, taken_back, shown, held, restarts;
};

/* Each act is three bytes.  NULL: nothing is wrong; else the sentence that is. */
const char *walk(struct hand *h, const uint8_t *acts, size_t n, struct walk_report *r);

#endif
