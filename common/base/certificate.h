/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certificate: an X.509 certificate that somebody shows us, and the question
 * whether he has its private key.  Who signed it is not looked at, so neither
 * is how: what counts is the key, and the name, which is a hash of the whole.
 * Holds no private key.  What is asked and why: docs/PROTOCOL.md.
 */
#ifndef KITH_BASE_CERTIFICATE_H
#define KITH_BASE_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/secret.h"

#define CERTIFICATE_BYTES 8192		/* of DER */
#define CERTIFICATE_NAME 27		/* 26 lower-case base32 characters and a NUL */
#define CERTIFICATE_RSA_MIN 2048	/* bits */
#define CERTIFICATE_RSA_MAX 8192
#define CERTIFICATE_CIPHER (CERTIFICATE_RSA_MAX / 8)
#define CERTIFICATE_PLAIN 190		/* most bytes that OAEP with SHA-256 takes with 2048 bits */

enum certificate_fault {
	CERTIFICATE_GOOD,
	CERTIFICATE_TOO_LONG,
	CERTIFICATE_MALFORMED,	/* no certificate in DER, or something behind it */
	CERTIFICATE_OLD_FORM,	/* X.509 before version 3: it does not say what it is for */
	CERTIFICATE_EXTENSION,	/* critical, and unknown to us */
	CERTIFICATE_NOT_YET,
	CERTIFICATE_OVER,
	CERTIFICATE_AUTHORITY,	/* of a certificate authority: it is for signing others */
	CERTIFICATE_KEY_TYPE,
	CERTIFICATE_CURVE,	/* not P-256, P-384 or P-521, or spelled out instead of named */
	CERTIFICATE_RSA_WEAK,
	CERTIFICATE_RSA_BIG,
	CERTIFICATE_RSA_EXPONENT,	/* even, below 65537, or over 64 bits; or an even modulus */
	CERTIFICATE_USAGE,	/* not for what we need it for */
	CERTIFICATE_FAULTS
};
const char *certificate_fault_name(enum certificate_fault f);	/* for logs: "rsa-weak" */

enum certificate_kind { CERTIFICATE_DECRYPTS, CERTIFICATE_SIGNS };	/* RSA; EC and Ed25519 */

struct certificate {
	void *x509;			/* owned */
	enum certificate_kind kind;
	int64_t from_ms, until_ms;	/* wall */
	char name[CERTIFICATE_NAME];
};

/* *out is only set when it is good; free it then. */
enum certificate_fault certificate_parse(struct certificate *out, const uint8_t *der, size_t len,
    int64_t now_ms);
void certificate_free(struct certificate *c);

/*
 * What both sides compute the same: `parts` one behind the other, each with its
 * length in front as eight bytes (sign.h).  With OAEP it is the label, so that
 * what was encrypted for one purpose is of no use for another; with EC and
 * Ed25519 it is what is signed.
 *
 * RSA: OAEP with SHA-256 and that label, or as deployed clients know it: SHA-1 and
 * no label (n is 0).  `plain` has at most CERTIFICATE_PLAIN bytes.
 */
int certificate_encrypt(const struct certificate *c, const uint8_t *plain, size_t len,
    const struct secret_part *parts, size_t n, uint8_t out[static CERTIFICATE_CIPHER],
    size_t *out_len, struct err *e);
/* EC: ECDSA in DER with SHA-256, -384, -512 as the curve is long; Ed25519. */
bool certificate_verify(const struct certificate *c, const uint8_t *signature, size_t len,
    const struct secret_part *parts, size_t n);

#endif
