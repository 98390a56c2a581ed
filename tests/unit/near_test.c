/* SPDX-License-Identifier: Apache-2.0 */
/*
 * near_test: the ways themselves, as far as that goes without a network of one's
 * own (story `locate` has one): who is heard, and which lease files are read.
 */
#include "config.h"

#include "tests/unit/thing_support.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "thing/dhcp_lease.h"
#include "thing/locate_way.h"
#include "thing/multicast.h"

/* ---- who is heard -------------------------------------------------------- */

static struct multicast on_net(const char *address, const char *mask)
{
	struct multicast m = { .fd = -1, .n = 1 };

	assert_int_equal(inet_pton(AF_INET, address, &m.net[0].address), 1);
	assert_int_equal(inet_pton(AF_INET, mask, &m.net[0].mask), 1);
	return m;
}

static void att_D_09__only_who_is_on_our_network_is_near(void **state)
{
	static const struct { const char *address; bool near; } rows[] = {
		{ "192.168.7.1", true }, { "192.168.7.255", true }, { "192.168.8.1", false },
		{ "10.0.0.1", false }, { "0.0.0.0", false }, { "255.255.255.255", false },
	};
	struct multicast m = on_net("192.168.7.20", "255.255.255.0");

	UNUSED(state);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct in_addr a;

		assert_int_equal(inet_pton(AF_INET, rows[i].address, &a), 1);
		assert_int_equal(multicast_is_near(&m, a), rows[i].near);
	}
}

/* A socket of the one, and a packet to it from 127.0.0.1. */
static void send_to(struct multicast *m, const char *text, size_t len)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(sa);
	int from = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (m->fd < 0) {
		m->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		assert_int_equal(bind(m->fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	}
	assert_int_equal(getsockname(m->fd, (struct sockaddr *)&sa, &size), 0);
	assert_int_equal(sendto(from, text, len, 0, (struct sockaddr *)&sa, sizeof(sa)),
	    (ssize_t)len);
	close(from);
}

static void att_D_09__packets_from_other_networks_are_dropped(void **state)
{
	struct multicast m = on_net("192.168.7.20", "255.255.255.0");
	struct in_addr from;
	char text[8], big[9] = "";

	UNUSED(state);
	send_to(&m, "hello", 5);
	assert_int_equal(multicast_receive(&m, text, sizeof(text), &from), -1);
	m.net[0] = on_net("127.0.0.1", "255.0.0.0").net[0];
	send_to(&m, big, sizeof(big));		/* and what does not fit */
	send_to(&m, "hello", 5);
	assert_int_equal(multicast_receive(&m, text, sizeof(text), &from), 5);
	assert_memory_equal(text, "hello", 5);
	assert_int_equal(from.s_addr, htonl(INADDR_LOOPBACK));
	assert_int_equal(multicast_receive(&m, text, sizeof(text), &from), -1);
	multicast_close(&m);
	assert_int_equal(m.fd, -1);
}

/* ---- lease files --------------------------------------------------------- */

/* What the DHCP way finds first in files of this pattern; "" nothing. */
static const char *leased(const char *pattern)
{
	static char text[600];
	struct locate_ask ask = { .clock = &clock_system, .name_servers = "127.0.0.1:9",
		.dhcp_lease = pattern };
	struct locate_found found;
	void *way = locate_dhcp.open(&ask, NULL);

	text[0] = '\0';
	if (!way)
		return text;
	memset(&found, 0, sizeof(found));
	if (locate_dhcp.next(way, &found) == LOCATE_PLACE)
		snprintf(text, sizeof(text), "%s:%s %s", found.at.host, found.at.port,
		    found.n_said ? found.said[0] : "-");
	locate_dhcp.close(way);
	return text;
}

static void row_D3__an_address_in_a_lease_needs_no_name_server(void **state)
{
	char path[4096];

	put_file(*state, "lease", "OPTION_224=31302e302e302e35\nDOMAINNAME=home.example\n", 0644);
	snprintf(path, sizeof(path), "%s/lease", (char *)*state);
	assert_string_equal(leased(path), "10.0.0.5:5222 home.example");
	snprintf(path, sizeof(path), "%s/lea*", (char *)*state);
	assert_string_equal(leased(path), "10.0.0.5:5222 home.example");
}

static void att_D_09__a_lease_that_is_no_file_or_names_nothing_is_passed_over(void **state)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/lease", (char *)*state);
	assert_string_equal(leased(path), "");
	assert_string_equal(leased(*state), "");
	assert_int_equal(mkfifo(path, 0600), 0);	/* nobody writes: it does not hang */
	assert_string_equal(leased(path), "");
	assert_int_equal(unlink(path), 0);
	put_file(*state, "lease", "ADDRESS=10.0.0.5\n", 0644);
	assert_string_equal(leased(path), "");
}

/* dhclient only ever adds to its file. */
static void row_D3__of_a_long_file_its_end_counts(void **state)
{
	static char text[3 * DHCP_LEASE_FILE];
	char path[4096];

	memset(text, '#', sizeof(text) - 1);
	for (size_t i = 63; i < sizeof(text); i += 64)
		text[i] = '\n';
	memcpy(text, "private_224=10.0.0.1\n", 21);
	snprintf(text + sizeof(text) - 60, 60, "\nprivate_224=10.0.0.2\n");
	put_file(*state, "lease", text, 0644);
	snprintf(path, sizeof(path), "%s/lease", (char *)*state);
	assert_string_equal(leased(path), "10.0.0.2:5222 -");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, folder_setup, folder_teardown)
	const struct CMUnitTest tests[] = {
		T(att_D_09__only_who_is_on_our_network_is_near),
		T(att_D_09__packets_from_other_networks_are_dropped),
		T(row_D3__an_address_in_a_lease_needs_no_name_server),
		T(att_D_09__a_lease_that_is_no_file_or_names_nothing_is_passed_over),
		T(row_D3__of_a_long_file_its_end_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
