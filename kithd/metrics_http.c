/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics_http: as much of HTTP (RFC 1945) as a scraper needs.
 */
#include "config.h"

#include "kithd/metrics_http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/str.h"
#include "kithd/control_socket.h"

#define CLIENTS 8
#define REQUEST_BYTES 4096
#define ANSWER_BYTES (512 * 1024)
#define PATIENCE_S 5.

struct client {
	struct ev_io io;
	struct ev_timer timer;
	struct metrics_http *owner;
	int fd;			/* -1: free slot */
	uint64_t born;
	struct buf in, out;
};

struct metrics_http {
	struct ev_loop *loop;
	struct ev_io io;
	int fd;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];	/* "" none */
	metrics_fn fn;
	void *arg;
	uint64_t born;
	struct client client[CLIENTS];
};

/* ---- where ---- */

union address {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Digits behind the last colon; the rest is the host. */
static int split_port(const char *where, char *host, size_t size, in_port_t *port)
{
	const char *colon = strrchr(where, ':');
	int64_t n;

	if (colon == NULL || (size_t)(colon - where) >= size ||
	    str_to_int(colon + 1, 0, 65535, &n) != 0)
		return -1;
	memcpy(host, where, (size_t)(colon - where));
	host[colon - where] = '\0';
	*port = htons((in_port_t)n);
	return 0;
}

/* Loopback only: what is counted is nobody else's business, and nothing here
 * asks who is reading. */
static int parse_address(const char *where, union address *a, socklen_t *len, struct err *e)
{
	char host[64];
	in_port_t port;

	memset(a, 0, sizeof(*a));
	if (split_port(where, host, sizeof(host), &port) == 0) {
		if (inet_pton(AF_INET, host, &a->v4.sin_addr) == 1 &&
		    ntohl(a->v4.sin_addr.s_addr) >> 24 == 127) {
			a->v4.sin_family = AF_INET;
			a->v4.sin_port = port;
			*len = sizeof(a->v4);
			return 0;
		}
		if (strcmp(host, "[::1]") == 0) {
			a->v6.sin6_family = AF_INET6;
			a->v6.sin6_addr = in6addr_loopback;
			a->v6.sin6_port = port;
			*len = sizeof(a->v6);
			return 0;
		}
	}
	return err_set(e, ERR_INPUT, "metrics is '%s'; it may be unix:/PATH, 127.0.0.1:PORT or "
	    "[::1]:PORT, since nothing there asks who is reading", where);
}

int metrics_http_check(const char *where, struct err *e)
{
	union address a;
	socklen_t len;

	if (str_starts(where, "unix:"))
		return where[5] == '/' ? 0 : err_set(e, ERR_INPUT,
		    "metrics is '%s'; behind unix: stands a path from the root", where);
	return parse_address(where, &a, &len, e);
}

/* ---- one client ---- */

static void client_close(struct client *c)
{
	if (c->fd < 0)
		return;
	ev_io_stop(c->owner->loop, &c->io);
	ev_timer_stop(c->owner->loop, &c->timer);
	close(c->fd);
	c->fd = -1;
	buf_fini(&c->in);
	buf_fini(&c->out);
}

static void client_write(struct client *c)
{
	while (c->out.len > 0) {
		ssize_t n = send(c->fd, c->out.data, c->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			ev_io_stop(c->owner->loop, &c->io);
			ev_io_set(&c->io, c->fd, EV_WRITE);
			ev_io_start(c->owner->loop, &c->io);
			return;
		}
		if (n <= 0)
			break;
		buf_consume(&c->out, (size_t)n);
	}
	client_close(c);
}

static void say(struct client *c, const char *status, const char *body, size_t len, bool head)
{
	buf_addf(&c->out, "HTTP/1.0 %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n\r\n", status, len);
	if (!head)
		buf_add(&c->out, body, len);
}

static void say_metrics(struct client *c, bool head)
{
	struct buf body;

	buf_init(&body, ANSWER_BYTES / 2);
	c->owner->fn(c->owner->arg, &body);
	if (buf_ok(&body))
		say(c, "200 OK", body.data, body.len, head);
	else
		say(c, "500 Too Long", "too long\n", 9, head);
	buf_fini(&body);
}

/* "GET /metrics HTTP/1.1"; what follows in the request changes nothing. */
static void client_answer(struct client *c)
{
	char *rest = c->in.data, *method, *path;
	bool head;

	rest[strcspn(rest, "\r\n")] = '\0';
	method = strsep(&rest, " ");
	path = strsep(&rest, " ");
	head = strcmp(method, "HEAD") == 0;
	if (path == NULL || rest == NULL || !str_starts(rest, "HTTP/1."))
		say(c, "400 Bad Request", "not HTTP\n", 9, false);
	else if (!head && strcmp(method, "GET") != 0)
		say(c, "405 Method Not Allowed", "GET only\n", 9, false);
	else if (strcmp(path, "/metrics") != 0)
		say(c, "404 Not Found", "see /metrics\n", 13, head);
	else
		say_metrics(c, head);
	client_write(c);
}

static void client_read(struct client *c)
{
	char bytes[1024];
	ssize_t n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		buf_add(&c->in, bytes, (size_t)n);
	if (n <= 0 || !buf_ok(&c->in) || memchr(c->in.data, '\0', c->in.len) != NULL)
		client_close(c);
	else if (strstr(c->in.data, "\r\n\r\n") != NULL || strstr(c->in.data, "\n\n") != NULL)
		client_answer(c);
}

static void on_client(struct ev_loop *loop, struct ev_io *io, int revents)
{
	(void)loop;
	if ((revents & EV_WRITE) != 0)
		client_write(io->data);
	else
		client_read(io->data);
}

static void on_patience(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	client_close(timer->data);
}

/* ---- all of them ---- */

static struct client *free_slot(struct metrics_http *m)
{
	struct client *oldest = &m->client[0];

	for (size_t i = 0; i < CLIENTS; i++) {
		if (m->client[i].fd < 0)
			return &m->client[i];
		if (m->client[i].born < oldest->born)
			oldest = &m->client[i];
	}
	client_close(oldest);
	return oldest;
}

static void on_listen(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct metrics_http *m = io->data;
	int fd = accept4(m->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *c;

	(void)revents;
	if (fd < 0)
		return;
	c = free_slot(m);
	c->owner = m;
	c->fd = fd;
	c->born = ++m->born;
	buf_init(&c->in, REQUEST_BYTES);
	buf_init(&c->out, ANSWER_BYTES);
	ev_io_init(&c->io, on_client, fd, EV_READ);
	c->io.data = c;
	ev_io_start(loop, &c->io);
	ev_timer_init(&c->timer, on_patience, PATIENCE_S, 0.);
	c->timer.data = c;
	ev_timer_start(loop, &c->timer);
}

static int listen_tcp(const char *where, struct err *e)
{
	union address a;
	socklen_t len;
	int fd, on = 1;

	if (parse_address(where, &a, &len, e) != 0)
		return -1;
	fd = socket(a.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(e, "cannot make a socket");
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    bind(fd, &a.sa, len) != 0 || listen(fd, CLIENTS) != 0) {
		err_errno(e, "cannot serve metrics at '%s'", where);
		close(fd);
		return -1;
	}
	return fd;
}

int metrics_http_open(struct metrics_http **out, struct ev_loop *loop, const char *where,
    metrics_fn fn, void *arg, struct err *e)
{
	struct metrics_http *m = calloc(1, sizeof(*m));
	bool is_unix = str_starts(where, "unix:");

	if (m == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	m->loop = loop;
	m->fn = fn;
	m->arg = arg;
	for (size_t i = 0; i < CLIENTS; i++)
		m->client[i].fd = -1;
	m->fd = is_unix ? control_socket_listen(where + 5, e) : listen_tcp(where, e);
	if (m->fd < 0) {
		free(m);
		return -1;
	}
	if (is_unix)
		memcpy(m->path, where + 5, strlen(where + 5) + 1);
	ev_io_init(&m->io, on_listen, m->fd, EV_READ);
	m->io.data = m;
	ev_io_start(loop, &m->io);
	*out = m;
	return 0;
}

void metrics_http_close(struct metrics_http **mp)
{
	struct metrics_http *m = *mp;

	if (m == NULL)
		return;
	*mp = NULL;
	for (size_t i = 0; i < CLIENTS; i++)
		client_close(&m->client[i]);
	ev_io_stop(m->loop, &m->io);
	close(m->fd);
	if (m->path[0] != '\0')
		unlink(m->path);
	free(m);
}
