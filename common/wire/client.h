/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client: our end of a client stream (RFC 6120): connect, STARTTLS or direct
 * TLS, in-band registration (XEP-0077), SASL, bind.  It never sends a secret
 * or a stanza to a server that has not proved its certificate and, with
 * SCRAM, the password.  One object is one attempt: retrying is the caller's.
 */
#ifndef KITH_WIRE_CLIENT_H
#define KITH_WIRE_CLIENT_H

#include "common/base/secret.h"
#include "common/wire/resume.h"
#include "common/wire/sasl.h"
#include "common/wire/stream.h"

struct client;

/* What the server is told of who watches (XEP-0352), where it wants to know. */
enum client_activity { CLIENT_SAYS_NOTHING, CLIENT_ACTIVE, CLIENT_INACTIVE };

struct client_conf {
	const char *domain;		/* what the certificate must prove */
	const char *host;		/* where to connect */
	const char *port;
	bool direct_tls;		/* XEP-0368 */
	const char *ca_file;		/* the only roots then; NULL: the system's store */
	const char *cert_file;		/* our certificate for EXTERNAL; NULL: none */
	const char *key_file;
	const char *user;		/* local part */
	const struct secret *password;
	const char *resource;		/* NULL: the server's choice */
	bool cert_only;			/* EXTERNAL or nothing */
	bool register_account;		/* make the account first (XEP-0077) */
	/* What a newcomer may be asked for; these live longer than the client. */
	const struct secret *invite;	/* XEP-0445; NULL: none */
	const char *maker_key;		/* XEP-0348; NULL: none */
	const struct secret *maker_secret;
	int64_t earliest_ms;		/* wall clock: it is certainly not earlier than this
					 * (clock.h); 0: the system's clock is right */
	const struct sasl_pin *pin;	/* strongest seen before; NULL none */
	const struct sasl_rules *sasl;	/* of the settings; NULL: none */
	/* The session, kept by the caller from one client to the next; stanzas are
	 * written to resume_out(), and what it can take up is taken up.  NULL: each
	 * connection is a session, stanzas go to client_out(). */
	struct resume *resume;
	enum client_activity activity;
	struct stream_limits limits;
	const struct stream_tap *tap;	/* NULL: nobody listens */
	const struct clock *clock;
	int64_t timeout_ms;		/* for the whole login; 30 s */
};

enum client_end {
	CLIENT_LOST,		/* network; try again */
	CLIENT_UNTRUSTED,	/* certificate, TLS version, no TLS, missing proof */
	CLIENT_WEAK,		/* only mechanisms we never use, or weaker than the pin */
	CLIENT_REFUSED,		/* not-authorized: name or password */
	CLIENT_UNBOUND,		/* the same, of a login bound to the connection (-PLUS): or that
				 * does not work, or somebody sits between */
	CLIENT_REPLACED,	/* another connection has our address, or the one we asked for */
	CLIENT_CONFLICT,	/* registration: the name is taken */
	CLIENT_UNLIKED,		/* registration: not-acceptable, the name or what else we gave */
	CLIENT_UNINVITED,	/* registration: the invitation is wrong, used, or over */
	CLIENT_NO_REGISTER,	/* registration not offered or refused */
	CLIENT_WAIT,		/* the server asks to wait; retry_after_ms, 0: not told */
	CLIENT_MOVED		/* see-other-host: text is the place, as it was written; nothing
				 * else is known of it */
};

struct client_ops {
	/* The server's stream has opened; the login is through.  NULL: nobody measures. */
	void (*connected)(void *arg);
	void (*authenticated)(void *arg);
	/* The certificate has proved the domain; nothing but the stream header has
	 * been sent.  false: go no further.  NULL: nobody wants to know. */
	bool (*proved)(void *arg);
	/* The account was made (register_account); login follows on the same stream. */
	void (*registered)(void *arg);
	/* Bound, a new session; `jid` is the full address given; `pin` is what to remember. */
	void (*up)(void *arg, const char *jid, const struct sasl_pin *pin);
	void (*stanza)(void *arg, const struct stanza *s);
	void (*oversize)(void *arg, const struct stanza_head *h);
	void (*turn)(void *arg);
	/* Once, at the end. */
	void (*down)(void *arg, enum client_end why, const char *text, int64_t retry_after_ms);
	/* Instead of `up`: the session of before goes on, nothing of it is lost. */
	void (*resumed)(void *arg, const struct sasl_pin *pin);
};

struct client *client_new(const struct client_conf *conf, const struct client_ops *ops,
    void *arg, struct err *e);
void client_free(struct client **c);
int client_fd(const struct client *c);
short client_events(const struct client *c);
int64_t client_deadline(const struct client *c);
void client_run(struct client *c, short revents);
/* Since when and until when the server's certificate counts; 0 before TLS. */
void client_peer_times(const struct client *c, int64_t *from_ms, int64_t *until_ms);
bool client_is_up(const struct client *c);
struct buf *client_out(struct client *c);
void client_flush(struct client *c);
/* Have the server say something, if it counts stanzas; false: it does not. */
bool client_probe(struct client *c);
int64_t client_last_byte(const struct client *c);
/* Orderly end; `down` is not called. */
void client_close(struct client *c);

#endif
