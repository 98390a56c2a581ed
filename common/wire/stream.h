/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream: one strict XML stream over TCP or TLS, for both ends of kith: the
 * component (XEP-0114) and the device (RFC 6120 client).  It owns a
 * non-blocking socket but no event loop: the caller polls stream_fd() for
 * stream_events(), calls stream_run(), and comes back at stream_deadline().
 *
 * What it guarantees (each has a test of its own name):
 *  - only un-namespaced attributes and xml:lang are read;
 *  - caps on bytes, depth, elements, attributes, namespaces, names; over a
 *    cap the stanza is discarded while it streams in, `oversize` is called
 *    with its head, and the stream stays up;
 *  - DTD, entities, processing instructions, comments end the stream;
 *  - nothing waits inside the parser: a long tag is seen at once;
 *  - one write per stream_flush() from one bounded queue; when the queue is
 *    full nothing more is read until it drains (back-pressure);
 *  - nothing is handed over before the stream header or after its end.
 */
#ifndef KITH_WIRE_STREAM_H
#define KITH_WIRE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/wire/limits.h"

struct stanza;
struct stream;
struct tls;

#define STREAM_OTHER_HOST 272	/* "HOST:PORT" with its NUL */

struct stream_limits {
	size_t stanza_bytes;
	size_t queue_bytes;
};

/* What is known of a stanza too big to keep; strings may be "" when they
 * came after the cap or were too long. */
struct stanza_head {
	const char *name, *ns, *type, *id, *from, *to;
};

enum stream_end {
	STREAM_CLOSED,		/* orderly </stream> */
	STREAM_LOST,		/* TCP or TLS ended, timeout */
	STREAM_ERROR,		/* the peer sent <stream:error/>; text = condition */
	STREAM_BROKEN,		/* the peer broke a rule; text says which */
	STREAM_UNTRUSTED	/* TLS: certificate, name, version; text says which */
};

struct stream_ops {
	/* The remote stream header; id/from/version are "" when absent. */
	void (*opened)(void *arg, const char *id, const char *from, const char *version);
	void (*stanza)(void *arg, const struct stanza *s);
	void (*oversize)(void *arg, const struct stanza_head *h);
	/* All that one read brought has been handed over: commit, then flush. */
	void (*turn)(void *arg);
	/* Once; the stream may be freed after the current call returned. */
	void (*ended)(void *arg, enum stream_end why, const char *text);
};

/* Who listens to what passes, as it is inside TLS; `data` NULL: a new connection. */
struct stream_tap {
	void (*passed)(void *arg, bool sent, const char *data, size_t len);
	void *arg;
};

struct stream_conf {
	const char *default_ns;	/* NS_COMPONENT or NS_CLIENT */
	struct stream_limits limits;
	int user_timeout_ms;	/* TCP_USER_TIMEOUT; 0: leave */
	const struct clock *clock;
	const struct stream_tap *tap;	/* NULL: nobody; outlives the stream */
};

/* Takes the connected or connecting non-blocking socket `fd`. */
struct stream *stream_new(int fd, const struct stream_conf *conf,
    const struct stream_ops *ops, void *arg, struct err *e);
void stream_free(struct stream **s);

int stream_fd(const struct stream *s);
short stream_events(const struct stream *s);	/* POLLIN/POLLOUT */
/* Boot-clock ms of the next thing to do, or -1. */
int64_t stream_deadline(const struct stream *s);
/* What is queued now must have left by then, or the stream ends.  While such a
 * wish is open another one changes nothing. */
void stream_hurry(struct stream *s, int64_t within_ms);
void stream_run(struct stream *s, short revents);

/* (Re)start XML: send our header, expect the remote one.  Ends the life of
 * the stanza at hand. */
void stream_open(struct stream *s, const char *to, const char *from, bool version_1);
/* Where stanzas are written; goes out at stream_flush. */
struct buf *stream_out(struct stream *s);
void stream_flush(struct stream *s);
/* Put TLS under the stream from the next byte on; takes `tls`. */
void stream_start_tls(struct stream *s, struct tls *tls);
/* NULL: in clear, or the handshake is not through yet. */
const struct tls *stream_tls(const struct stream *s);
/* Send </stream:stream>, wait a little for the peer's, then end.  With `error`
 * (a condition of RFC 6120 4.9.3) that is sent first and nobody is waited for. */
void stream_close(struct stream *s, const char *error);
/* For the way out: run a closing stream until it has ended, `ms` at most.
 * The one call here that waits. */
void stream_linger(struct stream *s, int ms);
/* After STREAM_ERROR "see-other-host": what it named (RFC 6120 4.9.3.19), bounded,
 * unchecked; "" when it named nothing. */
const char *stream_other_host(const struct stream *s);
/* After STREAM_ERROR: how long it asks us to wait; 0: it does not say. */
int64_t stream_retry_ms(const struct stream *s);
/* Boot-clock ms when the last byte came in: any byte proves life. */
int64_t stream_last_byte(const struct stream *s);

#endif
