/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proof: challenges by certificate.h, and their answers.  Which are open, and
 * for whom, is get_token.c and challenge.c.
 */
#include "config.h"

#include "provisioning/proof.h"

#include <string.h>

#include "common/base/ident.h"

#define PARTS 5

/* The last part is only in what is signed. */
static size_t parts_of(const struct proof *p, const struct proof_parties *w,
    struct secret_part out[static PARTS])
{
	static const char form[] = "urn:kith:token:0";

	out[0] = (struct secret_part){ form, strlen(form) };
	out[1] = (struct secret_part){ p->purpose, strlen(p->purpose) };
	out[2] = (struct secret_part){ w->service, strlen(w->service) };
	out[3] = (struct secret_part){ w->holder, strlen(w->holder) };
	out[4] = (struct secret_part){ p->plain, sizeof(p->plain) };
	return PARTS;
}

int proof_make(struct proof *p, const struct certificate *c, const struct proof_parties *w,
    uint8_t out[static CERTIFICATE_CIPHER], size_t *len, struct err *e)
{
	struct secret_part parts[PARTS];
	size_t n = parts_of(p, w, parts);

	if (ident_random(p->plain, sizeof(p->plain), e) == -1)
		return -1;
	if (c->kind == CERTIFICATE_DECRYPTS)
		return certificate_encrypt(c, p->plain, sizeof(p->plain), parts,
		    p->ours ? n - 1 : 0, out, len, e);
	if (!p->ours)
		return err_set(e, ERR_INPUT, "this key signs, and who has it does not say how");
	memcpy(out, p->plain, sizeof(p->plain));
	*len = sizeof(p->plain);
	return 0;
}

/* An answer of another length is compared as well. */
static bool is_plain(const struct proof *p, const uint8_t *answer, size_t len)
{
	uint8_t said[PROOF_BYTES] = { 0 };
	bool same;

	memcpy(said, answer, len < sizeof(said) ? len : sizeof(said));
	same = secret_bytes_equal(said, p->plain, sizeof(said));
	secret_cleanse(said, sizeof(said));
	return same && len == sizeof(p->plain);
}

bool proof_is_good(const struct proof *p, const struct certificate *c,
    const struct proof_parties *w, const uint8_t *answer, size_t len)
{
	struct secret_part parts[PARTS];
	size_t n = parts_of(p, w, parts);

	if (c->kind == CERTIFICATE_DECRYPTS)
		return is_plain(p, answer, len);
	return certificate_verify(c, answer, len, parts, n);
}
