/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ssdp_test: answers to our search.
 */
#include "config.h"

#include "common/wire/ssdp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OK "HTTP/1.1 200 OK\r\n"
#define ST "ST: " SSDP_TARGET "\r\n"
#define AT(x) "LOCATION: " x "\r\n"
#define REST "CACHE-CONTROL: max-age=1800\r\nEXT:\r\nUSN: uuid:1::" SSDP_TARGET "\r\n\r\n"

static void row_D3__a_broker_is_named_by_location(void **state)
{
	static const struct { const char *text, *host, *port, *domain; bool direct; } rows[] = {
		{ OK ST AT("xmpp-client://192.0.2.7:5222/home.example") REST,
		    "192.0.2.7", "5222", "home.example", false },
		{ OK AT("xmpps-client://xmpp.home.example:5223/home.example") ST REST,
		    "xmpp.home.example", "5223", "home.example", true },
		{ OK ST AT("xmpp-client://[2001:db8::1]:5222/home.example") REST,
		    "2001:db8::1", "5222", "home.example", false },
		{ OK ST AT("xmpp-client://[2001:db8::1]/home.example") REST,
		    "2001:db8::1", "5222", "home.example", false },
		{ OK ST AT("xmpp-client:///home.example") REST, "", "5222", "home.example", false },
		{ OK ST AT("xmpp-client://:5333/home.example") REST, "", "5333", "home.example",
		    false },
		{ "HTTP/1.1 200 OK\nst:" SSDP_TARGET "\nlocation:xmpp-client://a/b\n\n",
		    "a", "5222", "b", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ssdp_found f;

		if (ssdp_take(rows[i].text, strlen(rows[i].text), &f) < 0)
			fail_msg("row %zu was refused", i);
		assert_string_equal(f.at.host, rows[i].host);
		assert_string_equal(f.at.port, rows[i].port);
		assert_string_equal(f.domain, rows[i].domain);
		assert_int_equal(f.at.direct_tls, rows[i].direct);
	}
}

static void att_D_09__nothing_else_is_an_answer(void **state)
{
	static const char *const bad[] = {
		"", "\r\n", OK, OK "\r\n", OK ST REST,
		"HTTP/1.1 404 no\r\n" ST AT("xmpp-client://a/b") REST,
		"NOTIFY * HTTP/1.1\r\n" ST AT("xmpp-client://a/b") REST,
		OK "ST: upnp:rootdevice\r\n" AT("xmpp-client://a/b") REST,
		OK "ST: " SSDP_TARGET "2\r\n" AT("xmpp-client://a/b") REST,
		OK ST ST AT("xmpp-client://a/b") REST,
		OK ST AT("xmpp-client://a/b") AT("xmpp-client://c/d") REST,
		/* nothing is ever fetched */
		OK ST AT("http://192.0.2.7/description.xml") REST,
		OK ST AT("xmpp-client://a") REST,
		OK ST AT("xmpp-client://a/") REST,
		OK ST AT("xmpp-client://a:0/b") REST,
		OK ST AT("xmpp-client://a:65536/b") REST,
		OK ST AT("xmpp-client://a:b:5222/b") REST,
		OK ST AT("xmpp-client://user@a/b") REST,
		OK ST AT("xmpp-client://[a/b") REST,
		OK ST AT("xmpp-client://[/b") REST,
		OK ST AT("xmpp-client://]:1/b") REST,
		OK ST AT("xmpp-client://[x]:1/b") REST,
		OK ST AT("xmpp-client://a b/b") REST,
		OK ST "no colon\r\n" AT("xmpp-client://a/b") REST,
		OK ST AT("xmpp-client://a/b"),		/* no empty line */
	};
	struct ssdp_found f;
	char *big = malloc(70000);

	(void)state;
	assert_non_null(big);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (ssdp_take(bad[i], strlen(bad[i]), &f) == 0)
			fail_msg("taken: %s", bad[i]);
	memset(big, 'a', 70000);
	memcpy(big, OK, sizeof(OK) - 1);
	assert_int_equal(ssdp_take(big, 70000, &f), -1);
	assert_int_equal(ssdp_take(OK ST AT("xmpp-client://a\0/b") REST,
	    sizeof(OK ST AT("xmpp-client://a\0/b") REST) - 1, &f), -1);
	free(big);
}

static void att_D_09__an_answer_cut_off_anywhere_is_none(void **state)
{
	static const char text[] = OK ST AT("xmpp-client://192.0.2.7:5222/home.example") REST;
	struct ssdp_found f;

	(void)state;
	for (size_t cut = 0; cut + 1 < sizeof(text) - 1; cut++) {
		char *exact = malloc(cut ? cut : 1);

		assert_non_null(exact);
		memcpy(exact, text, cut);
		assert_int_equal(ssdp_take(exact, cut, &f), -1);
		free(exact);
	}
}

/* K-16: nothing of us; and the same for every thing of the world. */
static void row_K16__the_search_holds_nothing_of_us(void **state)
{
	(void)state;
	assert_string_equal(ssdp_search, "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n"
	    "MAN: \"ssdp:discover\"\r\nMX: 1\r\nST: urn:kith:service:xmpp-client:1\r\n\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(row_D3__a_broker_is_named_by_location),
		cmocka_unit_test(att_D_09__nothing_else_is_an_answer),
		cmocka_unit_test(att_D_09__an_answer_cut_off_anywhere_is_none),
		cmocka_unit_test(row_K16__the_search_holds_nothing_of_us),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
