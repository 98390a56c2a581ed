/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fakebroker: see fakebroker.h.  It parses with bare expat and shares no code
 * with kith.  A test tool: out of memory ends the program.
 */
#include "config.h"

#include "tests/support/fakebroker.h"

#include <err.h>
#include <errno.h>
#include <expat.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' " \
	"xmlns:stream='http://etherx.jabber.org/streams' from='kith.home.example' " \
	"id='f00dfeedf00dfeed'>"

struct fakebroker {
	int listener, fd;
	uint16_t port;
	fakebroker_fn fn;
	void *arg;
	XML_Parser parser;
	int depth;
	bool shaken;
	struct heard heard;
	char *out;
	size_t out_len, out_room;
};

static const char *local_name(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon ? colon + 1 : name;
}

static void keep(char *to, size_t room, const char *text)
{
	snprintf(to, room, "%s", text);
}

static void stanza_attributes(struct heard *h, const char **atts)
{
	for (; atts[0]; atts += 2) {
		if (strcmp(atts[0], "type") == 0)
			keep(h->type, sizeof(h->type), atts[1]);
		else if (strcmp(atts[0], "id") == 0)
			keep(h->id, sizeof(h->id), atts[1]);
		else if (strcmp(atts[0], "to") == 0)
			keep(h->to, sizeof(h->to), atts[1]);
	}
}

static void on_start(void *arg, const char *name, const char **atts)
{
	struct fakebroker *b = arg;
	struct heard *h = &b->heard;

	switch (b->depth++) {
	case 0:
		fakebroker_say(b, HEADER, sizeof(HEADER) - 1);
		break;
	case 1:
		memset(h, 0, sizeof(*h));
		keep(h->name, sizeof(h->name), local_name(name));
		stanza_attributes(h, atts);
		break;
	case 2:
		if (h->child[0])
			break;
		keep(h->child, sizeof(h->child), local_name(name));
		for (; atts[0]; atts += 2)
			if (strcmp(atts[0], "jid") == 0)
				keep(h->jid, sizeof(h->jid), atts[1]);
		break;
	case 3:
		if (!h->condition[0] && strcmp(h->child, "error") == 0)
			keep(h->condition, sizeof(h->condition), local_name(name));
		break;
	default:
		break;
	}
}

static void on_text(void *arg, const char *text, int len)
{
	struct fakebroker *b = arg;
	struct heard *h = &b->heard;
	size_t have = strlen(h->body), room = sizeof(h->body) - 1 - have;
	size_t more = (size_t)len < room ? (size_t)len : room;

	if (b->depth != 3 || strcmp(h->child, "body") != 0)
		return;
	memcpy(h->body + have, text, more);
	h->body[have + more] = '\0';
}

static void on_end(void *arg, const char *name)
{
	struct fakebroker *b = arg;

	(void)name;
	if (--b->depth != 1)
		return;
	if (strcmp(b->heard.name, "handshake") == 0) {
		fakebroker_say(b, "<handshake/>", 12);
		b->shaken = true;
	} else {
		b->fn(b->arg, &b->heard);
	}
}

struct fakebroker *fakebroker_open(fakebroker_fn fn, void *arg)
{
	struct fakebroker *b = calloc(1, sizeof(*b));
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);

	if (!b)
		err(1, "fakebroker");
	b->fn = fn;
	b->arg = arg;
	b->fd = -1;
	b->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (b->listener < 0 || bind(b->listener, (struct sockaddr *)&a, len) < 0 ||
	    listen(b->listener, 16) < 0 ||
	    getsockname(b->listener, (struct sockaddr *)&a, &len) < 0)
		err(1, "fakebroker: listen");
	b->port = ntohs(a.sin_port);
	return b;
}

void fakebroker_close(struct fakebroker **b)
{
	if (!*b)
		return;
	fakebroker_drop(*b);
	close((*b)->listener);
	free((*b)->out);
	free(*b);
	*b = NULL;
}

uint16_t fakebroker_port(const struct fakebroker *b)
{
	return b->port;
}

void fakebroker_drop(struct fakebroker *b)
{
	if (b->fd >= 0)
		close(b->fd);
	if (b->parser)
		XML_ParserFree(b->parser);
	b->fd = -1;
	b->parser = NULL;
	b->depth = 0;
	b->shaken = false;
	b->out_len = 0;
}

int fakebroker_accept(struct fakebroker *b, int timeout_ms)
{
	struct pollfd p = {.fd = b->listener, .events = POLLIN};
	int one = 1;

	fakebroker_drop(b);
	if (poll(&p, 1, timeout_ms) != 1)
		return -1;
	b->fd = accept4(b->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (b->fd < 0)
		return -1;
	setsockopt(b->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	b->parser = XML_ParserCreate(NULL);
	if (!b->parser)
		err(1, "fakebroker");
#ifdef HAVE_XML_SETREPARSEDEFERRALENABLED
	XML_SetReparseDeferralEnabled(b->parser, XML_FALSE);
#endif
	XML_SetUserData(b->parser, b);
	XML_SetElementHandler(b->parser, on_start, on_end);
	XML_SetCharacterDataHandler(b->parser, on_text);
	while (!b->shaken)
		if (fakebroker_turn(b, timeout_ms) < 0)
			return -1;
	return fakebroker_turn(b, 0);
}

void fakebroker_say(struct fakebroker *b, const char *data, size_t len)
{
	if (b->out_len + len > b->out_room) {
		b->out_room = 2 * (b->out_len + len);
		b->out = realloc(b->out, b->out_room);
		if (!b->out)
			err(1, "fakebroker");
	}
	memcpy(b->out + b->out_len, data, len);
	b->out_len += len;
}

void fakebroker_sayf(struct fakebroker *b, const char *format, ...)
{
	char text[8192];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(text))
		errx(1, "fakebroker: a stanza of %d bytes", n);
	fakebroker_say(b, text, (size_t)n);
}

static int write_some(struct fakebroker *b)
{
	ssize_t n = send(b->fd, b->out, b->out_len, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN ? 0 : -1;
	b->out_len -= (size_t)n;
	memmove(b->out, b->out + n, b->out_len);
	return 0;
}

static int read_some(struct fakebroker *b)
{
	char data[65536];
	ssize_t n = recv(b->fd, data, sizeof(data), 0);

	if (n < 0)
		return errno == EAGAIN ? 0 : -1;
	if (n == 0)
		return -1;
	if (XML_Parse(b->parser, data, (int)n, 0) != XML_STATUS_OK)
		errx(1, "fakebroker: the component's XML: %s",
		    XML_ErrorString(XML_GetErrorCode(b->parser)));
	return 0;
}

int fakebroker_turn(struct fakebroker *b, int timeout_ms)
{
	struct pollfd p = {.fd = b->fd, .events = POLLIN};

	if (b->fd < 0)
		return -1;
	/* What arrived before an end counts, so read even when writing fails. */
	if (b->out_len > 0 && write_some(b) < 0)
		timeout_ms = 0;
	if (b->out_len > 0)
		p.events |= POLLOUT;
	if (poll(&p, 1, timeout_ms) < 1)
		return 0;
	return (p.revents & (POLLIN | POLLHUP | POLLERR)) ? read_some(b) : 0;
}
