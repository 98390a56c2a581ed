/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certificate_fuzz: any bytes are refused by name or are a certificate that can be
 * challenged: its key encrypts or verifies, never both, and never takes a wrong
 * signature for a right one.
 */
#include "config.h"

#include <string.h>

#include "common/base/certificate.h"
#include "tests/fuzz/fuzz.h"

#define NOW 1000000000000LL

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct secret_part about[] = { { "use", 3 } };
	struct certificate c = { 0 }, again = { 0 };
	uint8_t out[CERTIFICATE_CIPHER];
	size_t len = 0;
	enum certificate_fault f = certificate_parse(&c, data, size, NOW);

	FUZZ_CHECK(strcmp(certificate_fault_name(f), "unknown") != 0);
	if (f != CERTIFICATE_GOOD) {
		FUZZ_CHECK(c.x509 == NULL);
		return 0;
	}
	FUZZ_CHECK(size <= CERTIFICATE_BYTES && c.from_ms <= NOW && NOW < c.until_ms);
	FUZZ_CHECK(strlen(c.name) == CERTIFICATE_NAME - 1);
	FUZZ_CHECK(certificate_parse(&again, data, size, NOW) == CERTIFICATE_GOOD);
	FUZZ_CHECK(strcmp(c.name, again.name) == 0);
	FUZZ_CHECK((certificate_encrypt(&c, data, 32, about, 1, out, &len, NULL) == 0) ==
	    (c.kind == CERTIFICATE_DECRYPTS));
	FUZZ_CHECK(!certificate_verify(&c, data, size < 256 ? size : 256, about, 1));
	certificate_free(&again);
	certificate_free(&c);
	return 0;
}
