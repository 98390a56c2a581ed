/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithctl_qr: a claim URI from standard input as a QR code, for a terminal or
 * as SVG.  The URI holds the thing's KEY: it is never an argument, because
 * other users of the machine can read those.
 */
#include "config.h"

#include "kithd/kithctl.h"

#include <qrencode.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/pool.h"
#include "common/base/secret.h"
#include "common/wire/iotdisco.h"

#define URI_MAX 2048
#define QUIET 4			/* modules of light border, ISO 18004 */

static int fail(const char *what)
{
	fprintf(stderr, "kithctl: %s\n", what);
	return KITHCTL_ERROR;
}

static bool is_dark(const QRcode *c, int x, int y)
{
	return x >= 0 && y >= 0 && x < c->width && y < c->width &&
	    (c->data[y * c->width + x] & 1) != 0;
}

/* Two rows of modules a line; light is drawn, since terminals are dark. */
static void print_terminal(const QRcode *c)
{
	static const char *const half[] = { "\xE2\x96\x88", "\xE2\x96\x80", "\xE2\x96\x84", " " };

	for (int y = -QUIET; y < c->width + QUIET; y += 2) {
		for (int x = -QUIET; x < c->width + QUIET; x++)
			fputs(half[(is_dark(c, x, y) ? 2 : 0) + (is_dark(c, x, y + 1) ? 1 : 0)],
			    stdout);
		putchar('\n');
	}
}

static void print_svg(const QRcode *c)
{
	int size = c->width + 2 * QUIET;

	printf("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' "
	    "shape-rendering='crispEdges'><rect width='%d' height='%d' fill='#fff'/><path d='",
	    size, size, size, size);
	for (int y = 0; y < c->width; y++)
		for (int x = 0; x < c->width; x++)
			if (is_dark(c, x, y))
				printf("M%d %dh1v1h-1z", x + QUIET, y + QUIET);
	printf("' fill='#000'/></svg>\n");
}

/* xmpp:DESK?message;body=claim%20...: a phone's camera opens the chat with the line typed. */
static void chat_link(struct buf *out, const char *desk, const char *uri)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

	buf_addf(out, "xmpp:%s?message;body=claim%%20", desk);
	for (; *uri != '\0'; uri++) {
		if (strchr(plain, *uri) != NULL)
			buf_addc(out, *uri);
		else
			buf_addf(out, "%%%02X", (unsigned)(unsigned char)*uri);
	}
}

static int read_uri(char *uri, size_t size)
{
	struct err e = ERR_INIT;
	struct iotdisco d;
	struct pool pool;
	int ret;

	if (fgets(uri, (int)size, stdin) == NULL)
		return fail("qr reads the claim URI from standard input, and there is nothing");
	uri[strcspn(uri, "\r\n")] = '\0';
	pool_init(&pool, 64 * 1024);
	ret = iotdisco_parse(&d, uri, strlen(uri), &pool, &e);
	pool_fini(&pool);
	if (ret == 0)
		return KITHCTL_OK;
	fprintf(stderr, "kithctl: that is no claim URI: %s\n", e.text);
	return KITHCTL_ERROR;
}

static int draw(const char *text, bool svg)
{
	QRcode *c = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);

	if (c == NULL)
		return fail("the text does not fit into a QR code");
	if (svg)
		print_svg(c);
	else
		print_terminal(c);
	QRcode_free(c);
	return fflush(stdout) == 0 && !ferror(stdout) ? KITHCTL_OK : fail("cannot write");
}

int kithctl_qr(int argc, char **argv)
{
	bool svg = argc > 0 && strcmp(argv[0], "svg") == 0;
	bool word = svg || (argc > 0 && strcmp(argv[0], "text") == 0);
	char uri[URI_MAX];
	struct buf link;
	int status;

	if (argc > 2 || (argc == 2 && !word))
		return fail("qr takes: [text|svg] [DESK]");
	status = read_uri(uri, sizeof(uri));
	if (status != KITHCTL_OK)
		return status;
	buf_init(&link, 4 * URI_MAX);
	if (argc > (word ? 1 : 0))
		chat_link(&link, argv[word ? 1 : 0], uri);
	else
		buf_adds(&link, uri);
	status = draw(buf_str(&link), svg);
	secret_cleanse(uri, sizeof(uri));
	if (link.data != NULL)
		secret_cleanse(link.data, link.cap);
	buf_fini(&link);
	return status;
}
