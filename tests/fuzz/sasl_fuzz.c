/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sasl_fuzz: challenges of a server that does not know the password.  None of
 * them may end in a login.  Input: server-first, a zero byte, server-final.
 */
#include "config.h"

#include "common/wire/sasl.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct secret password;
	struct sasl_conf c = { .mech = SASL_SCRAM_SHA_256, .user = "u", .password = &password,
		.fixed_nonce = "n0nce", .offer = "SCRAM-SHA-256" };
	const uint8_t *zero = size > 0 ? memchr(data, 0, size) : NULL;
	size_t first = zero != NULL ? (size_t)(zero - data) : size;
	size_t rest = zero != NULL ? size - first - 1 : 0;
	char *in = fuzz_text(data, first), *final = fuzz_text(data + size - rest, rest);
	struct sasl *s;
	struct buf out;

	if (password.len == 0)
		FUZZ_CHECK(secret_set(&password, "correct horse", 13, NULL) == 0);
	buf_init(&out, 16384);
	s = sasl_new(&c, NULL);
	FUZZ_CHECK(s != NULL && sasl_first(s, &out, NULL) == 0);
	buf_reset(&out);
	if (sasl_challenge(s, in, first, &out, NULL) != 0)
		FUZZ_CHECK(out.len == 0);
	else
		FUZZ_CHECK(strncmp(in, "r=n0nce", 7) == 0 && strstr(buf_str(&out), ",p=") != NULL);
	FUZZ_CHECK(sasl_success(s, final, rest, NULL) != 0);
	sasl_free(&s);
	buf_fini(&out);
	free(in);
	free(final);
	return 0;
}
