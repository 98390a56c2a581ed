/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics_http_test: what a scraper asks is answered, at a Unix socket and on
 * loopback; whoever is slow, silent or no HTTP client costs the others nothing.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ev.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "kithd/metrics_http.h"

struct fixture {
	char folder[64], path[96], where[128];
	struct ev_loop *loop;
	struct metrics_http *metrics;
};

static void counters(void *arg, struct buf *out)
{
	(void)arg;
	buf_adds(out, "kith_up 1\n");
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err e = ERR_INIT;

	assert_non_null(f);
	snprintf(f->folder, sizeof(f->folder), "/tmp/kith-metrics-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/s", f->folder);
	snprintf(f->where, sizeof(f->where), "unix:%s", f->path);
	f->loop = ev_loop_new(EVBACKEND_POLL);
	assert_int_equal(metrics_http_open(&f->metrics, f->loop, f->where, counters, NULL, &e), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	metrics_http_close(&f->metrics);
	ev_loop_destroy(f->loop);
	assert_int_equal(rmdir(f->folder), 0);	/* the socket is gone with its owner */
	free(f);
	return 0;
}

static int client(const struct fixture *f)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(a.sun_path, f->path, strlen(f->path) + 1);
	assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void turn(struct fixture *f)
{
	for (int i = 0; i < 30; i++)
		ev_run(f->loop, EVRUN_NOWAIT);
}

/* All that comes until the end; "" for nothing. */
static const char *ask(struct fixture *f, int fd, const char *request)
{
	static char got[4096];
	size_t len = 0;
	ssize_t n;

	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	turn(f);
	while ((n = recv(fd, got + len, sizeof(got) - 1 - len, MSG_DONTWAIT)) > 0)
		len += (size_t)n;
	got[len] = '\0';
	close(fd);
	return got;
}

static void expect(struct fixture *f, const char *request, const char *begin, const char *end)
{
	const char *got = ask(f, client(f), request);

	if (strncmp(got, begin, strlen(begin)) != 0)
		fail_msg("'%s' is answered: %s", request, got);
	assert_true(strlen(got) >= strlen(end));
	assert_string_equal(got + strlen(got) - strlen(end), end);
}

static void row_P17__a_scraper_gets_the_counters(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	expect(f, "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n", "HTTP/1.0 200 OK\r\n"
	    "Content-Type: text/plain; version=0.0.4", "Content-Length: 10\r\n"
	    "Connection: close\r\n\r\nkith_up 1\n");
	expect(f, "HEAD /metrics HTTP/1.0\r\n\r\n", "HTTP/1.0 200 OK", "\r\n\r\n");
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void anything_else_is_refused_in_http(void **state)
{
	struct fixture *f = *state;

	expect(f, "GET / HTTP/1.0\r\n\r\n", "HTTP/1.0 404", "");
	expect(f, "POST /metrics HTTP/1.0\r\n\r\n", "HTTP/1.0 405", "");
	expect(f, "GET\r\n\r\n", "HTTP/1.0 400", "");
	expect(f, "\r\n\r\n", "HTTP/1.0 400", "");
	expect(f, "GET /metrics\r\n\r\n", "HTTP/1.0 400", "");
}

static void a_request_that_does_not_end_is_dropped(void **state)
{
	struct fixture *f = *state;
	int fd = client(f);
	char bytes[1000];
	ssize_t n = 0;

	memset(bytes, 'a', sizeof(bytes));
	for (int i = 0; i < 6 && n >= 0; i++) {
		n = send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL);
		turn(f);
	}
	assert_true(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) <= 0);
	close(fd);
	expect(f, "GET /metrics HTTP/1.0\r\n\r\n", "HTTP/1.0 200", "");
}

static void silent_clients_make_room(void **state)
{
	struct fixture *f = *state;
	int silent[40];

	for (size_t i = 0; i < 40; i++) {
		silent[i] = client(f);
		turn(f);
	}
	expect(f, "GET /metrics HTTP/1.0\r\n\r\n", "HTTP/1.0 200", "kith_up 1\n");
	for (size_t i = 0; i < 40; i++)
		close(silent[i]);
	turn(f);
}

static void only_this_machine_may_read(void **state)
{
	static const struct { const char *where; int ret; } cases[] = {
		{ "unix:/run/kith/metrics.sock", 0 }, { "127.0.0.1:9100", 0 },
		{ "127.1.2.3:9100", 0 }, { "[::1]:9100", 0 }, { "0.0.0.0:9100", -1 },
		{ "192.0.2.1:9100", -1 }, { "[::]:9100", -1 }, { "[2001:db8::1]:9100", -1 },
		{ "localhost:9100", -1 }, { ":9100", -1 }, { "9100", -1 }, { "", -1 },
		{ "127.0.0.1", -1 }, { "127.0.0.1:", -1 }, { "127.0.0.1:70000", -1 },
		{ "unix:relative", -1 }, { "128.0.0.1:1", -1 }, { "[::ffff:10.0.0.1]:1", -1 },
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (metrics_http_check(cases[i].where, &e) != cases[i].ret)
			fail_msg("'%s'", cases[i].where);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		T(row_P17__a_scraper_gets_the_counters),
		T(anything_else_is_refused_in_http),
		T(a_request_that_does_not_end_is_dropped),
		T(silent_clients_make_room),
		cmocka_unit_test(only_this_machine_may_read),
	};

	return cmocka_run_group_tests_name("metrics_http", tests, NULL, NULL);
}
