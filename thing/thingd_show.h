/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingd_show: what kith-thing shows to whoever stands before it, and to nobody
 * else: the claim URI (standard output, QR, pictures, the file `claim`) and the
 * code of a presence question.  Never the log.
 */
#ifndef KITH_THING_THINGD_SHOW_H
#define KITH_THING_THINGD_SHOW_H

#include "common/base/buf.h"
#include "thing/thingd_conf.h"

typedef int (*thingd_draw_fn)(struct buf *out, const char *text, struct err *e);

/* A new claim URI: kept, drawn, printed (under systemd only kept). */
void thingd_show_claim(const struct thingd_conf *c, const char *uri);
/* Also pictures that an earlier setting asked for. */
void thingd_forget_claim(const struct thingd_conf *c);
/* "": it is over. */
void thingd_show_code(const struct thingd_conf *c, const char *code);

/* The pieces of it, for `kith-thing claim`. */
void thingd_claim_path(const struct thingd_conf *c, char *out, size_t size);
/* What a picture holds: the URI, or a link that opens the chat with the desk of
 * the registry it names.  The caller cleanses `out`. */
void thingd_picture_text(const struct thingd_conf *c, const char *uri, struct buf *out);
void thingd_cleanse(struct buf *b);
int thingd_save_picture(const char *path, thingd_draw_fn draw, const char *text, struct err *e);
void thingd_print_claim(const struct thingd_conf *c, const char *uri, bool picture);

#endif
