/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qr: a text as a QR code: for a terminal (two rows a line, half blocks), as
 * SVG and as PNG; and the link that opens a chat with the claim typed.  A
 * library of its own (common/libqr.la), for who draws.  libqrencode makes the
 * code.
 */
#ifndef KITH_BASE_QR_H
#define KITH_BASE_QR_H

#include "common/base/buf.h"
#include "common/base/err.h"

#define QR_MAX (1024 * 1024)	/* bytes of a picture */

/* Appends to `out`, which holds QR_MAX at most. */
int qr_terminal(struct buf *out, const char *text, struct err *e);
int qr_svg(struct buf *out, const char *text, struct err *e);
int qr_png(struct buf *out, const char *text, struct err *e);

/* xmpp:DESK?message;body=claim%20URI (XEP-0147 with RFC 5122's escapes): a phone's
 * camera opens the chat with the line typed. */
void qr_chat_link(struct buf *out, const char *desk, const char *claim);

#endif
