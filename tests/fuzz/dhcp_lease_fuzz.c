/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dhcp_lease_fuzz: any file holds host names or nothing.
 */
#include "config.h"

#include "tests/fuzz/fuzz.h"
#include "thing/dhcp_lease.h"

static void check_name(const char *name)
{
	FUZZ_CHECK(memchr(name, '\0', DHCP_LEASE_NAME) != NULL);
	FUZZ_CHECK(strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789-._") == strlen(name));
	FUZZ_CHECK(name[0] != '.' && name[0] != '-');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dhcp_lease l;
	char full[256];
	int rc = dhcp_lease_parse(&l, (const char *)data, size);

	check_name(l.server);
	check_name(l.domain);
	FUZZ_CHECK((rc == 0) == (l.server[0] != '\0'));
	if (rc == 0 && dhcp_lease_full(&l, full, sizeof(full)) == 0)
		FUZZ_CHECK(strncmp(full, l.server, strlen(l.server)) == 0);
	return 0;
}
