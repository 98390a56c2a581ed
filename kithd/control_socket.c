/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_socket: accepts, reads lines, writes answers; a client that neither
 * sends nor reads costs one slot, and the longest silent one makes room.
 */
#include "config.h"

#include "kithd/control_socket.h"

#include <errno.h>
#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LINE_MAX_BYTES (1500 * 1024)	/* a policy in base64; rows of a list come together */
#define READ_BYTES (16 * 1024)
#define ANSWER_MAX (32 * 1024 * 1024)

struct client {
	struct ev_io io;
	struct control_socket *owner;
	int fd;			/* -1: free slot */
	uint64_t used;		/* when it was last heard, in requests */
	struct buf in, out;
	bool answering;		/* the answer to a line is not complete */
	void *job;
};

struct control_socket {
	struct ev_loop *loop;
	struct ev_io io;
	int fd;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	control_fn fn;
	void *arg;
	uint64_t now;
	size_t n;
	struct client client[];
};

static void client_close(struct client *c)
{
	if (c->fd < 0)
		return;
	if (c->answering)
		c->owner->fn(c->owner->arg, &c->job, NULL, NULL);
	c->answering = false;
	ev_io_stop(c->owner->loop, &c->io);
	close(c->fd);
	c->fd = -1;
	buf_fini(&c->in);
	buf_fini(&c->out);
}

static void client_wait(struct client *c)
{
	ev_io_stop(c->owner->loop, &c->io);
	/* While an answer waits nothing more is read from this client. */
	ev_io_set(&c->io, c->fd, c->out.len > 0 || c->answering ? EV_WRITE : EV_READ);
	ev_io_start(c->owner->loop, &c->io);
}

static void client_write(struct client *c)
{
	while (c->out.len > 0) {
		ssize_t n = send(c->fd, c->out.data, c->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n <= 0) {
			if (n < 0 && (errno == EAGAIN || errno == EINTR))
				break;
			client_close(c);
			return;
		}
		buf_consume(&c->out, (size_t)n);
	}
	client_wait(c);
}

/* `line` NULL: the next part of an answer. */
static void client_part(struct client *c, const char *line)
{
	c->answering = !c->owner->fn(c->owner->arg, &c->job, line, &c->out);
	if (!buf_ok(&c->out)) {
		if (c->answering)
			c->owner->fn(c->owner->arg, &c->job, NULL, NULL);
		c->answering = false;
		buf_reset(&c->out);
		buf_adds(&c->out, "2\nthe answer is too long\n");
	}
	if (c->answering)
		return;
	c->job = NULL;
	buf_addc(&c->out, '\n');
}

/* Answer the lines that are complete. */
static void client_answer(struct client *c)
{
	char *end;

	while (!c->answering && c->in.len > 0 &&
	    (end = memchr(c->in.data, '\n', c->in.len)) != NULL) {
		*end = '\0';
		client_part(c, c->in.data);
		buf_consume(&c->in, (size_t)(end - c->in.data) + 1);
	}
}

static void client_read(struct client *c)
{
	char bytes[READ_BYTES];
	ssize_t n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_close(c);
		return;
	}
	c->used = ++c->owner->now;
	buf_add(&c->in, bytes, (size_t)n);
	if (!buf_ok(&c->in)) {
		client_close(c);
		return;
	}
	client_answer(c);
	client_write(c);
}

static void on_client(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct client *c = io->data;

	(void)loop;
	if ((revents & EV_WRITE) == 0) {
		client_read(c);
		return;
	}
	if (c->answering && c->out.len == 0) {
		client_part(c, NULL);
		client_answer(c);
	}
	client_write(c);
}

static struct client *free_slot(struct control_socket *s)
{
	struct client *oldest = &s->client[0];

	for (size_t i = 0; i < s->n; i++) {
		if (s->client[i].fd < 0)
			return &s->client[i];
		if (s->client[i].used < oldest->used)
			oldest = &s->client[i];
	}
	client_close(oldest);
	return oldest;
}

static void on_listen(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct control_socket *s = io->data;
	int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *c;

	(void)loop;
	(void)revents;
	if (fd < 0)
		return;
	c = free_slot(s);
	c->fd = fd;
	c->owner = s;
	c->used = ++s->now;
	c->answering = false;
	c->job = NULL;
	buf_init(&c->in, LINE_MAX_BYTES);
	buf_init(&c->out, ANSWER_MAX);
	ev_io_init(&c->io, on_client, fd, EV_READ);
	c->io.data = c;
	ev_io_start(s->loop, &c->io);
}

/* An old socket of ours may be replaced; anything else, or a living one, not. */
static int make_room(const char *path, const struct sockaddr_un *a, struct err *e)
{
	struct stat st;
	int fd, busy;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : err_errno(e, "cannot look at '%s'", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, ERR_INPUT, "'%s' exists and is no socket", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(e, "cannot make a socket");
	busy = connect(fd, (const struct sockaddr *)a, sizeof(*a)) == 0;
	close(fd);
	if (busy)
		return err_set(e, ERR_INPUT, "'%s' is in use: another kithd is running", path);
	if (unlink(path) != 0)
		return err_errno(e, "cannot remove the old socket '%s'", path);
	return 0;
}

int control_socket_listen(const char *path, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	mode_t before;
	int fd, ret;

	if (strlen(path) >= sizeof(a.sun_path))
		return err_set(e, ERR_INPUT, "the socket's path '%s' is too long", path);
	memcpy(a.sun_path, path, strlen(path) + 1);
	if (make_room(path, &a, e) != 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(e, "cannot make a socket");
	before = umask(0177);
	ret = bind(fd, (const struct sockaddr *)&a, sizeof(a));
	umask(before);
	if (ret == 0 && listen(fd, 8) == 0)
		return fd;
	err_errno(e, "cannot make the socket '%s'", path);
	close(fd);
	if (ret == 0)
		unlink(path);
	return -1;
}

int control_socket_open(struct control_socket **out, struct ev_loop *loop, const char *path,
    size_t clients, control_fn fn, void *arg, struct err *e)
{
	struct control_socket *s = calloc(1, sizeof(*s) + clients * sizeof(s->client[0]));

	if (s == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	s->loop = loop;
	s->fd = -1;
	s->fn = fn;
	s->arg = arg;
	s->n = clients;
	for (size_t i = 0; i < clients; i++)
		s->client[i].fd = -1;
	s->fd = control_socket_listen(path, e);
	if (s->fd < 0) {
		control_socket_close(&s);
		return -1;
	}
	memcpy(s->path, path, strlen(path) + 1);
	ev_io_init(&s->io, on_listen, s->fd, EV_READ);
	s->io.data = s;
	ev_io_start(loop, &s->io);
	*out = s;
	return 0;
}

void control_socket_close(struct control_socket **sp)
{
	struct control_socket *s = *sp;

	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++)
		client_close(&s->client[i]);
	if (s->fd >= 0) {
		ev_io_stop(s->loop, &s->io);
		close(s->fd);
	}
	if (s->path[0] != '\0')
		unlink(s->path);
	free(s);
	*sp = NULL;
}
