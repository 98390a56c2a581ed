/* SPDX-License-Identifier: Apache-2.0 */
/*
 * component: our end of a component stream (XEP-0114).  Connects, proves the
 * secret, keeps the link alive, reconnects with full jitter, says when it is
 * up.  Refuses an empty stream id, a secret below 16 characters, and a server
 * that is not loopback unless told so.  It owns its own timer: see
 * component_deadline().
 */
#ifndef KITH_WIRE_COMPONENT_H
#define KITH_WIRE_COMPONENT_H

#include "common/base/secret.h"
#include "common/base/stats.h"
#include "common/wire/stream.h"

struct component;

struct component_conf {
	const char *jid;
	const char *host;
	const char *port;
	const struct secret *secret;
	bool allow_remote;
	struct stream_limits limits;
	const struct clock *clock;
	struct stats *stats;		/* may be NULL */
	int64_t ping_after_ms;		/* silence before a ping; 15 s */
	int64_t ping_timeout_ms;	/* then half-open: reconnect; 10 s */
	int64_t backoff_cap_ms;		/* full jitter up to this; 30 s */
};

struct component_ops {
	void (*up)(void *arg);		/* handshake accepted */
	void (*down)(void *arg, const char *why);	/* will reconnect by itself */
	void (*stanza)(void *arg, const struct stanza *s);
	void (*oversize)(void *arg, const struct stanza_head *h);
	void (*turn)(void *arg);
};

/* Checks the settings only (-n uses it as well). */
int component_check(const struct component_conf *conf, struct err *e);
struct component *component_new(const struct component_conf *conf,
    const struct component_ops *ops, void *arg, struct err *e);
/* Closes the stream politely. */
void component_free(struct component **c);

int component_fd(const struct component *c);		/* -1 while waiting to retry */
short component_events(const struct component *c);
int64_t component_deadline(const struct component *c);	/* boot ms; -1 none */
/* Call when the fd is ready or the deadline has come (revents 0). */
void component_run(struct component *c, short revents);
bool component_is_up(const struct component *c);
/* The queue; valid while up.  Every stanza written must carry `from`. */
struct buf *component_out(struct component *c);
void component_flush(struct component *c);
void component_hurry(struct component *c, int64_t within_ms);	/* see stream_hurry() */

#endif
