/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resume: what of a session outlives its TCP connection (XEP-0198): what we
 * wrote and the server has not acknowledged, how much of its own we have
 * handled, and where to come back to.  It knows no socket and no step of a
 * login; read next: client.c, which speaks for it, and thing/login.c, which
 * keeps it between two connections.
 */
#ifndef KITH_WIRE_RESUME_H
#define KITH_WIRE_RESUME_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"

struct stanza;

/* Not acknowledged yet.  Beyond either the session cannot be resumed until the
 * server has caught up: a server that never acknowledges costs this and no more. */
#define RESUME_BYTES (64 * 1024)
#define RESUME_STANZAS 256
#define RESUME_ASK 8			/* stanzas from one <r/> to the next */
#define RESUME_ID 256
#define RESUME_LOCATION 272		/* HOST:PORT */
#define RESUME_MAX_S 3600		/* longer we do not try to come back */

struct resume {
	struct buf out;			/* written by the session, not handed over yet */
	struct buf kept;		/* handed over, not acknowledged */
	uint32_t *length;		/* of those, from `first` on; heap, once there are any */
	unsigned first, n;
	uint32_t sent, acked, handled;	/* stanzas modulo 2^32, as the XEP counts */
	uint32_t asked;			/* `sent` at the last <r/> */
	bool counting;			/* <enable/> has been sent */
	bool enabled;			/* <enabled/> has come: theirs are counted */
	bool asking;			/* an <r/> is out */
	bool complete;			/* `kept` is all that is not acknowledged */
	char id[RESUME_ID];		/* "": cannot be resumed */
	char location[RESUME_LOCATION];	/* "": where it was */
	int64_t max_ms;			/* the server keeps it that long */
};

/* `max`: most bytes that may wait in `out`. */
void resume_init(struct resume *r, size_t max);
void resume_fini(struct resume *r);
/* The session is over, or was lost: nothing of it is sent any more. */
void resume_forget(struct resume *r);

/* Where a session writes its stanzas; whole ones only when resume_feed comes. */
struct buf *resume_out(struct resume *r);
/* Hand over to the stream what it has room for, and ask for an answer at times. */
void resume_feed(struct resume *r, struct buf *to);

/* Between resume.c and resume_count.c: `n` bytes have gone for good; this stanza has
 * left, and is kept until it is acknowledged. */
void resume_drop(struct buf *b, size_t n);
void resume_keep(struct resume *r, const char *stanza, size_t len);

/* Ask the server to count, and to keep the session when the connection is lost. */
void resume_enable(struct resume *r, struct buf *to);
/* An element of XEP-0198 that came on a stream that is up; the answer goes to
 * `to`.  -1: it claims to have had more than was sent; it has been told so. */
int resume_take(struct resume *r, const struct stanza *s, struct buf *to);
/* An element of that name has been handled. */
void resume_handled(struct resume *r, const char *name);
/* <r/>: how much have you had? */
void resume_ask(struct resume *r, struct buf *to);

/* On another connection. */
bool resume_can(const struct resume *r);
void resume_knock(const struct resume *r, struct buf *to);	/* <resume/> */
/* <resumed/>: -1 when it is about another session, or claims too much. */
int resume_resumed(struct resume *r, const struct stanza *s);
/* All that is not acknowledged once more, in order. */
void resume_again(const struct resume *r, struct buf *to);

#endif
