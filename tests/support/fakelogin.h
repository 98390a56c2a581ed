/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fakelogin: a server that lets one client log in, played by rote on a
 * fakestream, and lies where the script says so.  It knows SCRAM itself (from
 * OpenSSL's primitives, not from the code under test), so that it can notice
 * a wrong proof and give a right signature.
 */
#ifndef KITH_TESTS_FAKELOGIN_H
#define KITH_TESTS_FAKELOGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/support/fakestream.h"

enum login_lie {
	LIE_NONE,
	LIE_NO_STARTTLS,
	LIE_FAILURE_TO_TLS,
	LIE_CLEAR_BYTES,		/* a stanza in clear right behind <proceed/> */
	LIE_EARLY_STANZA,		/* an iq before <features/>, in clear */
	LIE_NO_VERSION,
	LIE_OTHER_DOMAIN,		/* from= of the header through TLS */
	LIE_NONCE_UNRELATED,
	LIE_NONCE_SAME,			/* nothing of the server's own */
	LIE_SALT_EMPTY,
	LIE_SALT_HUGE,			/* `salt_bytes` of it */
	LIE_ITERATIONS,			/* as `iterations` says */
	LIE_EXTENSION,			/* m= */
	LIE_V_WRONG,
	LIE_V_MISSING,			/* a bare <success/> */
	LIE_SUCCESS_AT_ONCE,		/* instead of a challenge */
	LIE_STANZA_AS_SUCCESS,		/* skip to features without success */
	LIE_OFFER_HASH,			/* XEP-0474 hash of another list */
	LIE_BIND_OTHER,			/* another user's address */
	LIE_BIND_FORGED_ID,		/* wrong id, wrong sender, wrong type; then the right one */
	LIE_SEE_OTHER_HOST,
	LIE_COUNT
};

struct fakelogin {
	struct fake *f;
	SSL_CTX *ctx;
	const char *domain, *user, *password;
	const char *mechs;		/* separated by blanks */
	const char *bindings;		/* XEP-0440; NULL: not listed */
	const char *register_form;	/* answer to the get; NULL: not offered */
	const char *register_answer;	/* children of the error; NULL: success */
	const char *failure;		/* condition instead of a challenge; NULL: none */
	enum login_lie lie;
	unsigned iterations;		/* 4096 */
	size_t salt_bytes;
	bool direct_tls;
	bool session;			/* demand XEP-3921 sessions */
	const char *more_features;	/* beside bind; NULL: none */

	unsigned step;
	size_t at;			/* of f->seen, read so far */
	char mech[32];
	char client_first[512];		/* decoded */
	char server_first[512];
	unsigned char verify[64];	/* ServerSignature */
	unsigned verify_len;
	bool proof_right;
	bool bound;
	bool registered;
};

/* Puts itself under `f` as its script. */
void fakelogin_start(struct fakelogin *l, struct fake *f);

#endif
