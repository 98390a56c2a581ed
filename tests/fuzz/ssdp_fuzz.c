/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ssdp_fuzz: any packet is refused, or names a place that can be written down and
 * read again.
 */
#include "config.h"

#include <stdio.h>

#include "common/base/str.h"
#include "common/wire/ssdp.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ssdp_found f, again;
	char text[SSDP_PACKET];
	int64_t port;
	int n;

	if (ssdp_take((const char *)data, size, &f) != 0)
		return 0;
	FUZZ_CHECK(str_to_int(f.at.port, 1, 65535, &port) == 0);
	FUZZ_CHECK(f.domain[0] != '\0');
	FUZZ_CHECK(strpbrk(f.at.host, " \t\r\n/@\"'<>") == NULL);
	n = snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nST: " SSDP_TARGET "\r\n"
	    "LOCATION: xmpp%s-client://%s%s%s:%s/%s\r\n\r\n", f.at.direct_tls ? "s" : "",
	    strchr(f.at.host, ':') ? "[" : "", f.at.host, strchr(f.at.host, ':') ? "]" : "",
	    f.at.port, f.domain);
	FUZZ_CHECK(n > 0 && (size_t)n < sizeof(text));
	FUZZ_CHECK(ssdp_take(text, (size_t)n, &again) == 0);
	FUZZ_CHECK(strcmp(f.at.host, again.at.host) == 0 &&
	    strcmp(f.at.port, again.at.port) == 0 && strcmp(f.domain, again.domain) == 0 &&
	    f.at.direct_tls == again.at.direct_tls);
	return 0;
}
