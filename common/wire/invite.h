/* SPDX-License-Identifier: Apache-2.0 */
/*
 * invite: the text that an operator hands out for a new account: a token, or a
 * link with one in it (XEP-0401, XEP-0445).  What is done with it: account.h.
 */
#ifndef KITH_WIRE_INVITE_H
#define KITH_WIRE_INVITE_H

#include "common/base/err.h"
#include "common/base/secret.h"

#define INVITE_TOKEN 256	/* most bytes */

/* TOKEN, xmpp:DOMAIN?register;preauth=TOKEN, or the ;ibr=y link of a contact at
 * DOMAIN.  `domain` NULL: any.  The error never shows the token. */
int invite_read(struct secret *token, const char *text, const char *domain, struct err *e);

#endif
