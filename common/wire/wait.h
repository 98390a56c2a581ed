/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wait: how long a server asks to be left alone: <retry after='SECONDS'/> in
 * an error of any kind (docs/PROTOCOL.md).  No standard has a word for it; who
 * does not say gets WAIT_UNSAID_MS, and jitter on top from whoever waits.
 */
#ifndef KITH_WIRE_WAIT_H
#define KITH_WIRE_WAIT_H

#include <stdint.h>

#define WAIT_UNSAID_MS 60000
#define WAIT_MAX_S 86400

struct stanza;

/* Among the children of `error`; 0: it says nothing. */
int64_t wait_ms(const struct stanza *error);

#endif
