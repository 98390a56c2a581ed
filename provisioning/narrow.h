/* SPDX-License-Identifier: Apache-2.0 */
/*
 * narrow: the operator's policy beside what an owner's rules said (ruling 24).
 * It takes away and never adds.  Only for access.c.
 */
#ifndef KITH_PROVISIONING_NARROW_H
#define KITH_PROVISIONING_NARROW_H

#include "provisioning/access.h"

/* `j` is what the owner's rules said; its lists live in `space`. */
void narrow_by_operator(const struct access_facts *f, const struct access_thing *t,
    const struct answer_space *space, struct access_judgement *j);

/*
 * Values and rates that both allow, for the names of `a` (none: any name).  False:
 * there is no list of limits that says it, or no room; then nothing is granted.
 * Names for which nothing is left fall out of `a`.
 */
bool narrow_limits(struct answer *a, const struct limit *other, size_t n_other,
    const struct answer_space *space);

#endif
