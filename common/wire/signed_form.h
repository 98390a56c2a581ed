/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signed_form: a data form that shows who made the one who fills it in
 * (XEP-0348, OAuth 1.0): a maker's key and the proof of its secret.  Both
 * halves: signing, and verifying in every dialect that is deployed.  What the
 * form asks is account.c; who may come is the server's.
 */
#ifndef KITH_WIRE_SIGNED_FORM_H
#define KITH_WIRE_SIGNED_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/secret.h"

#define SIGNED_FORM_FIELDS 48
#define SIGNED_FORM_TEXT 1024	/* a signature, escaped: RSA with 4096 bits */

struct signed_form_field {
	const char *var, *value;
};

/* PLAINTEXT is none of them: it would show the secret (att-D-16). */
enum signed_form_method { SIGNED_FORM_NONE, SIGNED_FORM_HMAC_SHA1, SIGNED_FORM_RSA_SHA1 };
enum signed_form_method signed_form_method(const char *name);
const char *signed_form_method_name(enum signed_form_method m);
/* What this secret is for: an RSA key is in PEM, anything else is a text. */
enum signed_form_method signed_form_method_of(const struct secret *maker);

/* The XEP leaves the order of names open and is read in two ways about the
 * address. */
struct signed_form_dialect {
	const char *to;		/* of the iq; "": none */
	bool folded;		/* names sorted without case, else byte by byte */
};

struct signed_form_secrets {
	const struct secret *maker;	/* RSA: the private key, in PEM; to verify, the public */
	const char *token;		/* "" when the form had none */
};

/* What is signed; fields named oauth_signature and oauth_token_secret are left
 * out.  -1: one name twice, too many, or it does not fit. */
int signed_form_base(struct buf *out, const struct signed_form_field *f, size_t n,
    const struct signed_form_dialect *d, struct err *e);
/* The value of oauth_signature, escaped as the XEP has it. */
int signed_form_sign(struct buf *out, const struct signed_form_field *f, size_t n,
    const struct signed_form_dialect *d, enum signed_form_method m,
    const struct signed_form_secrets *s, struct err *e);
/*
 * Signed by who has the secret, in any dialect: `to` absent or `domain`, names in
 * either order, the signature escaped or not.  Whether nonce and time are fresh,
 * and token and method are what was given out, is the caller's to know.
 */
bool signed_form_verify(const struct signed_form_field *f, size_t n, const char *domain,
    enum signed_form_method m, const struct signed_form_secrets *s, const char *signature);

/* RFC 3986 percent-encoding of everything but letters, digits and - . _ ~ */
void signed_form_escape(struct buf *out, const char *text, size_t len);

#endif
