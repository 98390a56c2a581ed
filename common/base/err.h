/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err: an error that carries one sentence.
 * The sentence is written once, where the fact is known; callers may put
 * context in front.  Functions that can fail return 0 or -1 and take a
 * `struct err *` last; their outputs are untouched on failure.
 */
#ifndef KITH_BASE_ERR_H
#define KITH_BASE_ERR_H

#define ERR_TEXT 320

/* "No" and "cannot tell now" are different answers: keep them apart. */
enum err_kind {
	ERR_NONE = 0,
	ERR_INPUT,	/* what was given is wrong; asking again won't help */
	ERR_LIMIT,	/* over a named limit */
	ERR_SYSTEM,	/* the system or the store failed; cannot tell now */
	ERR_AGAIN	/* busy or away; the same call may work later */
};

struct err {
	enum err_kind kind;
	char text[ERR_TEXT];
};

#define ERR_INIT { ERR_NONE, "" }

/* Both return -1, so that `return err_set(e, ...)` reads well.  `e` may be
 * NULL.  Text longer than ERR_TEXT is cut. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* As err_set with ERR_SYSTEM; appends ": " and the text of errno. */
int err_errno(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Put context in front: "context: old text". */
void err_prefix(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void err_clear(struct err *e);
const char *err_kind_name(enum err_kind kind);

#endif
