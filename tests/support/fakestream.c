/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fakestream: see fakebroker.h.  Loopback, a free port, non-blocking; fails
 * loudly, since a test that cannot run is a failed test.
 */
#include "config.h"

#include "tests/support/fakestream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SEEN_BYTES (256u * 1024 * 1024)
#define STEP_MS 10
#define SETTLE_MS 3
#define ROUNDS_MAX 20000		/* something moves, and nothing comes of it */

static void
need(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "fakebroker: %s: %s\n", what, strerror(errno));
	abort();
}

void
fake_listen(struct fake *f)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa);

	*f = (struct fake){ .listener = -1, .fd = -1 };
	buf_init(&f->clear, SEEN_BYTES);
	buf_init(&f->seen, SEEN_BYTES);
	f->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	need(f->listener >= 0, "socket");
	need(bind(f->listener, (struct sockaddr *)&sa, sizeof(sa)) == 0, "bind");
	need(listen(f->listener, 8) == 0, "listen");
	need(getsockname(f->listener, (struct sockaddr *)&sa, &len) == 0, "getsockname");
	(void)snprintf(f->port, sizeof(f->port), "%u", ntohs(sa.sin_port));
}

void
fake_hang_up(struct fake *f)
{
	SSL_free(f->ssl);
	f->ssl = NULL;
	if (f->fd >= 0)
		(void)close(f->fd);
	f->fd = -1;
	f->tls_done = false;
}

void
fake_fini(struct fake *f)
{
	fake_hang_up(f);
	if (f->listener >= 0)
		(void)close(f->listener);
	SSL_CTX_free(f->ctx);
	buf_fini(&f->clear);
	buf_fini(&f->seen);
}

/* Sending waits for room: the other end is polled by fake_wait only, so a
 * test sends less than a socket takes, or in pieces. */
void
fake_sendn(struct fake *f, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0 && f->fd >= 0) {
		ssize_t n;

		if (f->ssl != NULL)
			n = SSL_write(f->ssl, p, (int)len);
		else
			n = send(f->fd, p, len, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		p += n;
		len -= (size_t)n;
	}
}

void
fake_send(struct fake *f, const char *text)
{
	fake_sendn(f, text, strlen(text));
}

void
fake_sendf(struct fake *f, const char *fmt, ...)
{
	char text[8192];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	need(n >= 0 && (size_t)n < sizeof(text), "fake_sendf: too long");
	fake_sendn(f, text, (size_t)n);
}

void
fake_start_tls(struct fake *f)
{
	f->ssl = SSL_new(f->ctx);
	need(f->ssl != NULL && SSL_set_fd(f->ssl, f->fd) == 1, "SSL_new");
	SSL_set_accept_state(f->ssl);
	f->tls_done = false;
	f->tls_failed = false;
}

static void
accept_one(struct fake *f)
{
	int on = 1;

	f->fd = accept4(f->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (f->fd < 0)
		return;
	(void)setsockopt(f->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	f->accepted++;
	f->gone = f->tls_failed = false;
	if (f->script != NULL)
		f->script(f->script_arg);	/* direct TLS begins before a byte is read */
}

static void
shake_hands(struct fake *f)
{
	int r = SSL_do_handshake(f->ssl), why = SSL_get_error(f->ssl, r);

	if (r == 1)
		f->tls_done = true;
	else if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
		f->tls_failed = f->gone = true;
}

static void
read_all(struct fake *f)
{
	char data[16384];
	ssize_t n;

	for (;;) {
		if (f->ssl != NULL)
			n = SSL_read(f->ssl, data, sizeof(data));
		else
			n = recv(f->fd, data, sizeof(data), 0);
		if (n <= 0)
			break;
		buf_add(f->ssl != NULL ? &f->seen : &f->clear, data, (size_t)n);
		if (f->ssl == NULL)
			buf_add(&f->seen, data, (size_t)n);
	}
	if (f->ssl == NULL && (n == 0 || (errno != EAGAIN && errno != EINTR)))
		f->gone = true;
	if (f->ssl != NULL && SSL_get_error(f->ssl, (int)n) != SSL_ERROR_WANT_READ)
		f->gone = true;
}

void
fake_step(struct fake *f)
{
	if (f->fd < 0 && f->listener >= 0)
		accept_one(f);
	if (f->fd < 0)
		return;
	if (f->ssl != NULL && !f->tls_done && !f->tls_failed)
		shake_hands(f);
	if (!f->gone && !f->tls_failed && (f->ssl == NULL || f->tls_done))
		read_all(f);
	if (f->script != NULL)
		f->script(f->script_arg);
}

const char *
fake_find(const struct fake *f, size_t from, const char *text)
{
	return from <= f->seen.len ? strstr(f->seen.data + from, text) : NULL;
}

/* One round; false when nothing moved within STEP_MS. */
static bool
round_of(struct fake *f, const struct fake_peer *p, int ms)
{
	size_t before = f->seen.len + f->accepted;
	struct pollfd fds[2] = {
		{ .fd = p->fd(p->arg), .events = p->events(p->arg) },
		{ .fd = f->fd >= 0 && !f->gone ? f->fd : f->listener, .events = POLLIN }
	};
	int64_t due = p->deadline(p->arg);
	int n;

	n = poll(fds, 2, ms);
	if (n > 0 && fds[0].revents != 0)
		p->run(p->arg, fds[0].revents);
	else if (due >= 0)
		p->run(p->arg, 0);
	fake_step(f);
	return n > 0 || f->seen.len + f->accepted != before;
}

bool
fake_wait(struct fake *f, const struct fake_peer *p, bool (*done)(void *), void *arg, int ms)
{
	int waited = 0, rounds = 0;

	while (!done(arg)) {
		if (waited >= ms || rounds++ > ROUNDS_MAX)
			return false;
		if (!round_of(f, p, STEP_MS))
			waited += STEP_MS;
	}
	return true;
}

void
fake_settle(struct fake *f, const struct fake_peer *p)
{
	int quiet = 0, rounds = 0;

	while (quiet < 3 && rounds++ < ROUNDS_MAX)
		quiet = round_of(f, p, SETTLE_MS) ? 0 : quiet + 1;
}
