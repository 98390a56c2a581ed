/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proof: something that only the holder of a certificate's private key can
 * answer, and whether an answer is it.  RSA: random bytes, encrypted; he says
 * them back.  EC, Ed25519: random bytes in clear; he signs a text that begins
 * with what it is for, so that no signature made for one purpose, server or
 * person counts for another.  docs/PROTOCOL.md has the bytes.
 */
#ifndef KITH_PROVISIONING_PROOF_H
#define KITH_PROVISIONING_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/certificate.h"

#define PROOF_BYTES 32			/* random */
#define PROOF_FOR_TOKEN "get"		/* a token is asked for */
#define PROOF_OF_USE "use"		/* somebody was shown the token */

struct proof {
	uint8_t plain[PROOF_BYTES];
	const char *purpose;		/* PROOF_* */
	bool ours;			/* the holder knows our form: SHA-256 and a label, signatures */
};

/* Who is asked by whom: `service` is us, `holder` the bare address the token is of. */
struct proof_parties { const char *service, *holder; };

/* Fresh; `out` is what is sent.  ERR_INPUT: this key can only be shown in our form. */
int proof_make(struct proof *p, const struct certificate *c, const struct proof_parties *w,
    uint8_t out[static CERTIFICATE_CIPHER], size_t *len, struct err *e);
/* Takes as long whatever is wrong with the answer. */
bool proof_is_good(const struct proof *p, const struct certificate *c,
    const struct proof_parties *w, const uint8_t *answer, size_t len);

#endif
