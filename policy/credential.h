/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credential: what may stand behind "with" in a rule, and its one way to be
 * written.  Whether a user's credentials match is in decide.c.
 */
#ifndef KITH_POLICY_CREDENTIAL_H
#define KITH_POLICY_CREDENTIAL_H

#include "policy/value.h"

struct buf;

bool credential_find(const char *word, enum credential *out);
/* A place on earth: a range of numbers, never a text. */
bool credential_is_range(enum credential c);
/* "an address or a net like 10.0.0.0/8"; for errors. */
const char *credential_form(enum credential c);
/*
 * The canonical text: nets without spare zeros, thumbprints (typed as hex or
 * base64) as lower-case hex, hosts in lower case, addresses as bare JIDs.  -1:
 * it is none of that kind.
 */
int credential_canonical(enum credential c, const char *text, struct buf *out);

#endif
