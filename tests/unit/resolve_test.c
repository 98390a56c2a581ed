/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve: against a name server of a few lines on loopback.
 */
#include "config.h"

#include "common/wire/resolve.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct srv {
	const char *name;	/* asked for */
	unsigned priority, weight, port;
	const char *target;
};

struct world {
	int dns;
	char servers[32];
	struct resolve *r;
	struct clock_fake hands;
	struct clock clock;
	const struct srv *zone;
	size_t n_zone;
	bool silent;
	unsigned questions;
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa);

	assert_non_null(w);
	w->clock = clock_from_fake(&w->hands);
	w->dns = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(w->dns, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(getsockname(w->dns, (struct sockaddr *)&sa, &len), 0);
	(void)snprintf(w->servers, sizeof(w->servers), "127.0.0.1:%u", ntohs(sa.sin_port));
	w->r = resolve_new(&w->clock, w->servers, NULL);
	assert_non_null(w->r);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	resolve_free(&w->r);
	(void)close(w->dns);
	free(w);
	return 0;
}

/* "\3foo\4test\0" to "foo.test"; returns the bytes read. */
static size_t
read_name(const unsigned char *p, char out[256])
{
	size_t n = 0, o = 0;

	while (p[n] != 0) {
		memcpy(out + o, p + n + 1, p[n]);
		o += p[n];
		out[o++] = '.';
		n += p[n] + 1u;
	}
	out[o > 0 ? o - 1 : 0] = '\0';
	return n + 1;
}

static size_t
put_name(unsigned char *p, const char *name)
{
	size_t n = 0;

	while (*name != '\0') {
		size_t len = strcspn(name, ".");

		p[n++] = (unsigned char)len;
		memcpy(p + n, name, len);
		n += len;
		name += len + (name[len] == '.');
	}
	p[n++] = 0;
	return n;
}

static void
put_16(unsigned char *p, unsigned v)
{
	p[0] = (unsigned char)(v >> 8);
	p[1] = (unsigned char)v;
}

static void
answer(struct world *w)
{
	unsigned char m[2048];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t got = recvfrom(w->dns, m, 512, 0, (struct sockaddr *)&from, &from_len);
	size_t len, i, records = 0;
	char name[256];

	if (got < 17)
		return;
	w->questions++;
	if (w->silent)
		return;
	len = 12 + read_name(m + 12, name) + 4;
	for (i = 0; i < w->n_zone; i++) {
		unsigned char *a = m + len;
		size_t target;

		if (strcmp(w->zone[i].name, name) != 0)
			continue;
		put_16(a, 0xc00c);
		put_16(a + 2, 33);
		put_16(a + 4, 1);
		memset(a + 6, 0, 4);
		put_16(a + 12, w->zone[i].priority);
		put_16(a + 14, w->zone[i].weight);
		put_16(a + 16, w->zone[i].port);
		target = put_name(a + 18, w->zone[i].target);
		put_16(a + 10, (unsigned)(6 + target));
		len += 18 + target;
		records++;
	}
	put_16(m + 2, records > 0 ? 0x8180 : 0x8183);
	put_16(m + 6, (unsigned)records);
	put_16(m + 8, 0);
	put_16(m + 10, 0);
	(void)sendto(w->dns, m, len, 0, (struct sockaddr *)&from, from_len);
}

static enum resolve_answer
ask(struct world *w, const struct srv *zone, size_t n)
{
	int rounds;

	w->zone = zone;
	w->n_zone = n;
	assert_int_equal(resolve_service(w->r, "a.test", NULL), 0);
	for (rounds = 0; rounds < 500 && resolve_state(w->r) == RESOLVE_WAIT; rounds++) {
		struct pollfd p[2] = { { .fd = resolve_fd(w->r), .events = POLLIN },
			{ .fd = w->dns, .events = POLLIN } };

		assert_true(resolve_deadline(w->r) >= w->hands.boot);
		(void)poll(p, 2, 10);
		if (p[1].revents != 0)
			answer(w);
		if (p[0].revents != 0)
			resolve_run(w->r);
	}
	return resolve_state(w->r);
}

#define C "_xmpp-client._tcp.a.test"
#define S "_xmpps-client._tcp.a.test"

static void
resolve__mixes_both_services_by_priority(void **state)
{
	static const struct srv zone[] = {
		{ C, 20, 0, 5222, "late.a.test" }, { C, 5, 0, 5222, "first.a.test" },
		{ S, 10, 0, 5223, "tls.a.test" },
	};
	struct world *w = *state;
	const struct resolve_place *p;

	assert_int_equal(ask(w, zone, 3), RESOLVE_DONE);
	assert_int_equal(resolve_places(w->r, &p), 3);
	assert_string_equal(p[0].host, "first.a.test");
	assert_false(p[0].direct_tls);
	assert_string_equal(p[1].host, "tls.a.test");
	assert_string_equal(p[1].port, "5223");
	assert_true(p[1].direct_tls);
	assert_string_equal(p[2].host, "late.a.test");
	assert_int_equal(resolve_deadline(w->r), -1);
}

static void
resolve__without_records_the_domain_itself_is_tried(void **state)
{
	struct world *w = *state;
	const struct resolve_place *p;

	assert_int_equal(ask(w, NULL, 0), RESOLVE_DONE);
	assert_int_equal(resolve_places(w->r, &p), 1);
	assert_string_equal(p[0].host, "a.test");
	assert_string_equal(p[0].port, "5222");
	assert_false(p[0].direct_tls);
}

static void
resolve__a_dot_means_no_such_service(void **state)
{
	static const struct srv zone[] = { { C, 0, 0, 0, "" }, { S, 0, 0, 0, "" } };
	struct world *w = *state;

	assert_int_equal(ask(w, zone, 2), RESOLVE_NONE);
}

static void
resolve__weights_decide_among_equals(void **state)
{
	static const struct srv zone[] = { { C, 1, 100, 1, "heavy.a.test" }, { C, 1, 0, 2, "light.a.test" } };
	struct world *w = *state;
	const struct resolve_place *p;
	unsigned heavy = 0, i;

	for (i = 0; i < 60; i++) {
		assert_int_equal(ask(w, zone, 2), RESOLVE_DONE);
		(void)resolve_places(w->r, &p);
		heavy += strcmp(p[0].host, "heavy.a.test") == 0;
	}
	assert_true(heavy > 40);
}

static void
resolve__more_records_than_we_keep_are_cut(void **state)
{
	static struct srv zone[RESOLVE_PLACES + 1];
	struct world *w = *state;
	const struct resolve_place *p;
	unsigned i;

	for (i = 0; i < RESOLVE_PLACES + 1; i++)
		zone[i] = (struct srv){ C, i, 0, 5222, "h" };
	assert_int_equal(ask(w, zone, RESOLVE_PLACES + 1), RESOLVE_DONE);
	assert_int_equal(resolve_places(w->r, &p), RESOLVE_PLACES);
}

static void
resolve__silence_ends_by_the_clock(void **state)
{
	struct world *w = *state;

	w->silent = true;
	assert_int_equal(resolve_service(w->r, "a.test", NULL), 0);
	resolve_run(w->r);
	assert_int_equal(resolve_state(w->r), RESOLVE_WAIT);
	w->hands.boot += 10000;
	resolve_run(w->r);
	assert_int_equal(resolve_state(w->r), RESOLVE_FAILED);
	assert_int_equal(resolve_deadline(w->r), -1);
	/* and the next question is answered */
	w->silent = false;
	assert_int_equal(ask(w, NULL, 0), RESOLVE_DONE);
}

static void
resolve__hosts_of_this_machine_are_found_at_once(void **state)
{
	struct world *w = *state;
	const struct resolve_address *a;

	assert_int_equal(resolve_host(w->r, "localhost", "5222", NULL), 0);
	assert_int_equal(resolve_state(w->r), RESOLVE_DONE);
	assert_true(resolve_addresses(w->r, &a) > 0);
	assert_int_equal(w->questions, 0);
	assert_int_equal(resolve_host(w->r, "localhost", "0", NULL), -1);
	assert_int_equal(resolve_host(w->r, "localhost", "http", NULL), -1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(resolve__mixes_both_services_by_priority),
		T(resolve__without_records_the_domain_itself_is_tried),
		T(resolve__a_dot_means_no_such_service),
		T(resolve__weights_decide_among_equals),
		T(resolve__more_records_than_we_keep_are_cut),
		T(resolve__silence_ends_by_the_clock),
		T(resolve__hosts_of_this_machine_are_found_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
