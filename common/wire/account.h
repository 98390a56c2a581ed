/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account: what XEP-0077 asks a newcomer for, and our answer.  We give a name
 * and a password and nothing else: whoever demands more, or a form of another
 * kind (a captcha, a signed form), is refused.
 */
#ifndef KITH_WIRE_ACCOUNT_H
#define KITH_WIRE_ACCOUNT_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/secret.h"

struct stanza;

struct account_demand {
	bool form;		/* answer in a data form, else in plain fields */
	bool form_type;		/* the form had a FORM_TYPE: give it back */
};

/* `query`: the server's <query xmlns='jabber:iq:register'/>. */
int account_read(struct account_demand *d, const struct stanza *query, struct err *e);
/* Writes the <iq/>.  -1 if it does not fit. */
int account_write(struct buf *out, const struct account_demand *d, const char *id,
    const char *domain, const char *user, const struct secret *password);

#endif
