/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account: is whoever writes from an owner's address still that owner?  An
 * account that was deleted may have been made anew by somebody else.  The
 * first half is pure; the rest of the file serves the ownership code, its
 * proof, and who takes over when an account is lost.
 */
#ifndef KITH_REGISTRY_ACCOUNT_H
#define KITH_REGISTRY_ACCOUNT_H

#include <stdbool.h>

#include "common/base/ident.h"
#include "common/base/secret.h"
#include "common/store/person.h"

/* What somebody does. */
enum account_act {
	ACT_ANYBODY = 0,	/* nothing that needs an owner */
	ACT_OWNER,		/* as an owner */
	ACT_GRAVE		/* gives away or lets in: transfer, disown, new grants */
};
bool account_may(enum person_doubt doubt, enum account_act act);

/* What presence tells of an account. */
enum account_sign {
	SIGN_GONE,		/* its server says: no more */
	SIGN_UNSUBSCRIBED,	/* we may not see it any more */
	SIGN_UNSUBSCRIBE	/* it does not want to see us any more */
};
/* `both`: the other half of unsubscribe and unsubscribed came a moment ago. */
enum person_doubt account_after(enum person_doubt before, enum account_sign sign, bool both);

/* The ownership code as it is shown: 26 letters and digits in groups. */
#define ACCOUNT_CODE 40
void account_code_show(char out[static ACCOUNT_CODE], const char code[static IDENT_TEXT]);
/* What was typed back, blanks, dashes and case forgiven.  -1: it cannot be one. */
int account_code_fold(char out[static IDENT_TEXT], const char *typed);
void account_code_hash(uint8_t out[static SECRET_HASH], const struct secret *key,
    const char code[static IDENT_TEXT]);

#endif
