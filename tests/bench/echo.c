/* SPDX-License-Identifier: Apache-2.0 */
/*
 * echo: the least a component can do: bare expat, an empty result for every
 * iq, one write per read.  bench.c measures it next to kithd; it shares no
 * code with kith.   usage: echo PORT
 */
#include "config.h"

#include <err.h>
#include <expat.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER "<stream:stream xmlns='jabber:component:accept' " \
	"xmlns:stream='http://etherx.jabber.org/streams' to='kith.home.example'>"
#define HANDSHAKE "<handshake>0000000000000000000000000000000000000000</handshake>"

struct echo {
	int depth;
	size_t len;
	char out[1 << 20];
};

static void on_start(void *arg, const char *name, const char **atts)
{
	struct echo *e = arg;
	const char *id = "", *from = "";
	int n;

	if (e->depth++ != 1 || strcmp(name, "iq") != 0)
		return;
	for (; atts[0]; atts += 2) {
		if (strcmp(atts[0], "id") == 0)
			id = atts[1];
		else if (strcmp(atts[0], "from") == 0)
			from = atts[1];
	}
	n = snprintf(e->out + e->len, sizeof(e->out) - e->len,
	    "<iq type='result' id='%s' to='%s' from='kith.home.example'/>", id, from);
	if (n > 0 && (size_t)n < sizeof(e->out) - e->len)
		e->len += (size_t)n;
}

static void on_end(void *arg, const char *name)
{
	struct echo *e = arg;

	(void)name;
	e->depth--;
}

static void write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n <= 0)
			exit(0);
		data += n;
		len -= (size_t)n;
	}
}

int main(int argc, char **argv)
{
	static struct echo e;
	static char data[65536];
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	XML_Parser parser = XML_ParserCreate(NULL);
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	ssize_t n;

	if (argc != 2 || !parser || fd < 0)
		errx(64, "usage: echo PORT");
	a.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		err(1, "connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
#ifdef HAVE_XML_SETREPARSEDEFERRALENABLED
	XML_SetReparseDeferralEnabled(parser, XML_FALSE);
#endif
	XML_SetUserData(parser, &e);
	XML_SetElementHandler(parser, on_start, on_end);
	write_all(fd, HEADER HANDSHAKE, strlen(HEADER HANDSHAKE));
	while ((n = recv(fd, data, sizeof(data), 0)) > 0) {
		if (XML_Parse(parser, data, (int)n, 0) != XML_STATUS_OK)
			errx(1, "not XML");
		write_all(fd, e.out, e.len);
		e.len = 0;
	}
	XML_ParserFree(parser);
	return 0;
}
