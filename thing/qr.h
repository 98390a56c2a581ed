/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qr: the claim URI as a QR code: for a terminal (two rows a line, half
 * blocks), as SVG and as PNG.  libqrencode makes the code.
 */
#ifndef KITH_THING_QR_H
#define KITH_THING_QR_H

#include "common/base/buf.h"
#include "common/base/err.h"

#define QR_MAX (1024 * 1024)	/* bytes of a picture */

/* Appends to `out`, which holds QR_MAX at most. */
int qr_terminal(struct buf *out, const char *text, struct err *e);
int qr_svg(struct buf *out, const char *text, struct err *e);
int qr_png(struct buf *out, const char *text, struct err *e);

#endif
