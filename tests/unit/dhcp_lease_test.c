/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dhcp_lease_test: option 224 as each DHCP client writes it down.
 */
#include "config.h"

#include "thing/dhcp_lease.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void row_D3__each_client_writes_it_in_its_own_way(void **state)
{
	static const struct { const char *who, *text, *full; } rows[] = {
		{ "systemd-networkd", "# This is private data. Do not parse.\nADDRESS=10.0.0.5\n"
		    "DOMAINNAME=home.example\nOPTION_224=70726f6e746f\n", "pronto.home.example" },
		{ "dhclient, printable", "lease {\n  interface \"eth0\";\n"
		    "  option domain-name \"home.example\";\n"
		    "  option unknown-224 \"pronto\";\n}\n", "pronto.home.example" },
		{ "dhclient, as numbers", "lease {\n  option unknown-224 70:72:6f:6e:74:6f:0;\n"
		    "  option domain-name \"home.example\";\n}\n", "pronto.home.example" },
		{ "dhclient, told its name", "lease {\n option xmpp-server "
		    "\"xmpp.home.example\";\n}", "xmpp.home.example" },
		{ "dhclient, the newest of two", "lease {\n  option unknown-224 \"old.example\";\n}\n"
		    "lease {\n  option unknown-224 \"new.example\";\n}\n", "new.example" },
		{ "udhcpc", "domain='home.example'\nopt224='70726f6e746f'\nip='10.0.0.5'\n",
		    "pronto.home.example" },
		{ "dhcpcd, by a hook", "new_domain_name=home.example\n"
		    "new_xmpp_server='pronto'\n", "pronto.home.example" },
		{ "NetworkManager", "private_224=xmpp.home.example\r\n", "xmpp.home.example" },
		{ "an address", "OPTION_224=31302e302e302e35\n", "10.0.0.5" },
		{ "a dot at its end", "private_224=xmpp.home.example.\n", "xmpp.home.example" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dhcp_lease l;
		char full[256];

		if (dhcp_lease_parse(&l, rows[i].text, strlen(rows[i].text)) < 0 ||
		    dhcp_lease_full(&l, full, sizeof(full)) < 0)
			fail_msg("%s: nothing found", rows[i].who);
		if (strcmp(full, rows[i].full) != 0)
			fail_msg("%s: %s", rows[i].who, full);
	}
}

static void row_D3__the_packet_itself_is_read(void **state)
{
	unsigned char packet[300] = { 2, 1, 6 };
	struct dhcp_lease l;

	(void)state;
	memcpy(packet + 236, "\x63\x82\x53\x63\x35\x01\x05\x00\x0f\x0chome.example\xe0\x06pronto\xff", 31);
	assert_int_equal(dhcp_lease_parse(&l, (char *)packet, sizeof(packet)), 0);
	assert_string_equal(l.server, "pronto");
	assert_string_equal(l.domain, "home.example");
	/* an option that is longer than the packet */
	packet[236 + 4 + 3 + 1 + 2 + 12 + 1] = 200;
	assert_int_equal(dhcp_lease_parse(&l, (char *)packet, sizeof(packet)), -1);
}

static void att_D_09__what_is_no_host_name_is_nothing(void **state)
{
	static const char *const bad[] = {
		"", "\n\n", "OPTION_224=", "OPTION_224=zz", "OPTION_224=00", "private_224=",
		"private_224=a b", "private_224=a@b", "private_224=a/b", "private_224=-x",
		"private_224=.x", "private_224=<x>", "private_224=\xc3\xa4", "xprivate_224=a",
		"private_2244=a", "option unknown-224", "option unknown-224 ;", "option",
		"option unknown-224 \"", "# private_224=a", "private_224='a'b",
	};
	char *big = malloc(70000);
	struct dhcp_lease l;

	(void)state;
	assert_non_null(big);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (dhcp_lease_parse(&l, bad[i], strlen(bad[i])) == 0)
			fail_msg("'%s' gave '%s'", bad[i], l.server);
	memset(big, 'a', 70000);
	memcpy(big, "private_224=", 12);
	assert_int_equal(dhcp_lease_parse(&l, big, 70000), -1);
	memset(big, '6', 70000);
	memcpy(big, "OPTION_224=", 11);
	big[900] = '\n';
	assert_int_equal(dhcp_lease_parse(&l, big, 901), -1);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(row_D3__each_client_writes_it_in_its_own_way),
		cmocka_unit_test(row_D3__the_packet_itself_is_read),
		cmocka_unit_test(att_D_09__what_is_no_host_name_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
