/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qr: modules from libqrencode, drawn three ways.  The PNG (RFC 2083) is one
 * bit a pixel with stored, not compressed, blocks (RFC 1951 3.2.4): small
 * enough, and no further library.
 */
#include "config.h"

#include "common/base/qr.h"

#include <errno.h>
#include <qrencode.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define QUIET 4			/* modules of white around, ISO/IEC 18004 */
#define PNG_SCALE 8		/* pixels a module; a multiple of 8 keeps rows simple */

static QRcode *encode(const char *text, struct err *e)
{
	QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);

	if (!code)
		err_set(e, errno == ERANGE ? ERR_LIMIT : ERR_SYSTEM, "no QR code for that text");
	return code;
}

/* Also for the quiet zone around. */
static bool is_dark(const QRcode *code, int x, int y)
{
	x -= QUIET;
	y -= QUIET;
	return x >= 0 && y >= 0 && x < code->width && y < code->width &&
	    (code->data[y * code->width + x] & 1);
}

static int finish(struct buf *out, struct err *e)
{
	return buf_ok(out) ? 0 : err_set(e, ERR_LIMIT, "the QR code is too big");
}

/* White on black whatever the terminal's colours are: a camera reads both. */
int qr_terminal(struct buf *out, const char *text, struct err *e)
{
	static const char *const block[] = { "\xe2\x96\x88", "\xe2\x96\x80", "\xe2\x96\x84", " " };
	QRcode *code = encode(text, e);
	int size;

	if (!code)
		return -1;
	size = code->width + 2 * QUIET;
	for (int y = 0; y < size; y += 2) {
		buf_adds(out, "\033[97;40m");
		for (int x = 0; x < size; x++)
			buf_adds(out, block[2 * is_dark(code, x, y) +
			    (y + 1 >= size || is_dark(code, x, y + 1))]);
		buf_adds(out, "\033[0m\n");
	}
	QRcode_free(code);
	return finish(out, e);
}

int qr_svg(struct buf *out, const char *text, struct err *e)
{
	QRcode *code = encode(text, e);
	int size;

	if (!code)
		return -1;
	size = code->width + 2 * QUIET;
	buf_addf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
	    "shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/>"
	    "<path d=\"", size, size, size, size);
	for (int y = 0; y < size; y++)
		for (int x = 0; x < size; x++)
			if (is_dark(code, x, y))
				buf_addf(out, "M%d %dh1v1h-1z", x, y);
	buf_adds(out, "\"/></svg>\n");
	QRcode_free(code);
	return finish(out, e);
}

/* ---- PNG ---------------------------------------------------------------- */

static void add_be32(struct buf *b, uint32_t v)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_addc(b, (char)(v >> shift & 0xff));
}

static uint32_t crc32(const char *data, size_t len)
{
	uint32_t crc = 0xffffffffu;

	for (size_t i = 0; i < len; i++) {
		crc ^= (unsigned char)data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static uint32_t adler32(const char *data, size_t len)
{
	uint32_t a = 1, b = 0;

	for (size_t i = 0; i < len; i++) {
		a = (a + (unsigned char)data[i]) % 65521;
		b = (b + a) % 65521;
	}
	return b << 16 | a;
}

static void add_chunk(struct buf *b, const char *type, const struct buf *data)
{
	size_t start;

	add_be32(b, (uint32_t)data->len);
	start = b->len;
	buf_adds(b, type);
	buf_add(b, data->data, data->len);
	if (buf_ok(b))
		add_be32(b, crc32(b->data + start, b->len - start));
}

/* zlib stream of stored blocks. */
static void add_stored(struct buf *out, const struct buf *raw)
{
	size_t done = 0;

	buf_add(out, "\x78\x01", 2);
	while (done < raw->len) {
		size_t n = raw->len - done > 65535 ? 65535 : raw->len - done;

		buf_addc(out, done + n == raw->len);
		buf_addc(out, (char)(n & 0xff));
		buf_addc(out, (char)(n >> 8));
		buf_addc(out, (char)(~n & 0xff));
		buf_addc(out, (char)(~n >> 8 & 0xff));
		buf_add(out, raw->data + done, n);
		done += n;
	}
	add_be32(out, adler32(raw->data, raw->len));
}

static void add_pixels(struct buf *raw, const QRcode *code, int size)
{
	for (int y = 0; y < size * PNG_SCALE; y++) {
		buf_addc(raw, 0);	/* no filter */
		for (int x = 0; x < size; x++)
			for (int i = 0; i < PNG_SCALE / 8; i++)
				buf_addc(raw, (char)(is_dark(code, x, y / PNG_SCALE) ? 0 : 0xff));
	}
}

int qr_png(struct buf *out, const char *text, struct err *e)
{
	QRcode *code = encode(text, e);
	struct buf head, raw, packed, none;
	int size;

	if (!code)
		return -1;
	buf_init(&head, 64);
	buf_init(&raw, QR_MAX);
	buf_init(&packed, QR_MAX);
	buf_init(&none, 1);
	size = code->width + 2 * QUIET;
	add_be32(&head, (uint32_t)(size * PNG_SCALE));
	add_be32(&head, (uint32_t)(size * PNG_SCALE));
	buf_add(&head, "\x01\x00\x00\x00\x00", 5);	/* 1 bit, grey, no interlace */
	add_pixels(&raw, code, size);
	if (buf_ok(&raw))
		add_stored(&packed, &raw);
	buf_add(out, "\x89PNG\r\n\x1a\n", 8);
	add_chunk(out, "IHDR", &head);
	add_chunk(out, "IDAT", &packed);
	add_chunk(out, "IEND", &none);
	if (!buf_ok(&raw) || !buf_ok(&packed))
		out->failed = true;
	buf_fini(&head);
	buf_fini(&raw);
	buf_fini(&packed);
	buf_fini(&none);
	QRcode_free(code);
	return finish(out, e);
}

/* ---- the link -------------------------------------------------------------- */

/* Unreserved in a URI (RFC 3986 2.3); of an address also what stands for itself. */
static void add_escaped(struct buf *out, const char *s, const char *also)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

	for (; *s != '\0'; s++) {
		if (strchr(plain, *s) != NULL || strchr(also, *s) != NULL)
			buf_addc(out, *s);
		else
			buf_addf(out, "%%%02X", (unsigned)(unsigned char)*s);
	}
}

void qr_chat_link(struct buf *out, const char *desk, const char *claim)
{
	buf_adds(out, "xmpp:");
	add_escaped(out, desk, "@!$");
	buf_adds(out, "?message;body=claim%20");
	add_escaped(out, claim, "");
}
