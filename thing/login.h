/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login: from an identity on disk to a bound stream, again and again.  It
 * finds the broker, makes the account, logs in, and decides when to try next:
 * the first attempt at once, full jitter from the second on up to two
 * minutes; a time the server names wins.  One struct client is one attempt.
 *
 * What the ends mean for the account is signup.h's.  A broker that cannot be
 * verified is an absent one: nothing is sent to it.
 */
#ifndef KITH_THING_LOGIN_H
#define KITH_THING_LOGIN_H

#include "common/wire/client.h"
#include "thing/identity.h"
#include "thing/locate.h"
#include "thing/signup.h"
#include "thing/standing.h"
#include "thing/timing.h"

#define LOGIN_BASE_MS 1000
#define LOGIN_CAP_MS (120 * 1000LL)
#define LOGIN_TIMEOUT_MS 30000
#define LOGIN_RUMOUR_MS 15000	/* ... at a place that anybody near could have named */
/* Full jitter up to the cap is one attempt a minute in the mean, and the quick
 * ones at the beginning come on top: at the cap the lowest eighth is left out, so
 * that a server that stays away hears less than one a minute of each (T-18). */
#define LOGIN_FLOOR_MS (LOGIN_CAP_MS / 8)
#define LOGIN_CALM 4			/* failures: from then on one place at a time */
#define LOGIN_KEEPALIVE_MS 20000
/* A server that was asked and says nothing for so long is gone: with the time
 * above that is noticed in less than 30 s (T-08). */
#define LOGIN_ANSWER_MS 8000
/* How long a refused password or a weaker login is taken for a fault of the
 * server before the thing does something about it. */
#define LOGIN_PATIENCE_MS (24 * 3600 * 1000LL)

struct login_ops {
	void (*up)(void *arg, const char *full_jid);
	void (*stanza)(void *arg, const struct stanza *s);
	void (*oversize)(void *arg, const struct stanza_head *h);
	/* What was read is handed over, and the answers leave next: what must be on disk
	 * before.  May be NULL. */
	void (*turn)(void *arg);
	/* The session is over: what it asked and was not answered is lost. */
	void (*down)(void *arg);
	/* The connection had gone and come back; the session never ended. */
	void (*resumed)(void *arg);
	/* A sentence for the log; alarm: for a person. */
	void (*note)(void *arg, bool alarm, const char *sentence);
	/* Waiting for the next attempt (connecting false) or trying. */
	void (*trying)(void *arg, bool connecting);
	/* The account has a new name. */
	void (*renamed)(void *arg);
	/* The account is ours: nobody needs the invitation any more.  May be NULL. */
	void (*settled)(void *arg);
};

struct login {
	struct timing *timing;		/* of this start; NULL: nobody measures */
	const struct stream_tap *tap;	/* NULL: nobody listens */
	const struct clock *clock;
	const char *dir;		/* state folder */
	const char *ca_file;
	struct identity *id;
	struct standing *standing;
	const struct login_ops *ops;
	void *arg;
	struct locate *locate;
	struct client *client;
	struct locate_place place;	/* of this attempt */
	struct signup signup;		/* the account side */
	struct known_time *time;	/* NULL: the clock is right */
	bool locating;			/* the ways to a broker are being asked */
	bool round_had_places;
	bool over;			/* the client has ended, free it */
	bool was_up;
	bool contested;			/* somebody else uses our resource: never ask for it again */
	struct resume resume;		/* the session, across connections */
	bool suspended;			/* it is up, the connection is not */
	int64_t lapse_ms;		/* boot clock: the server has forgotten it by then */
	int64_t boot_spread_ms, keepalive_ms;
	int64_t probed_ms;		/* boot clock: asked for a sign of life; 0 not */
	enum client_activity activity;
	bool bound_now;			/* it was the first to prove a domain we may live at */
	int64_t account_wait_ms;	/* the next attempt has to, because of the account */
	unsigned failures;		/* in a row */
	int64_t next_ms;		/* boot clock of the next attempt; -1: running or stopped */
	int64_t up_ms;
	const struct sasl_rules *sasl;	/* of the settings */
	struct sasl_pin pin;		/* what this attempt is held to */
};

struct login_conf {
	const struct clock *clock;
	const char *dir;
	struct locate_conf locate;	/* server, ways, dhcp_lease, domains */
	const char *ca_file;
	int64_t boot_spread_ms;
	struct signup_conf signup;
	struct known_time *time;	/* NULL: the clock is right */
	const struct sasl_rules *sasl;	/* NULL: none; outlives this */
	int64_t keepalive_ms;		/* of silence before the server is asked; 0: 20 s */
	enum client_activity activity;
};

int login_init(struct login *l, const struct login_conf *conf, struct identity *id,
    struct standing *standing, const struct login_ops *ops, void *arg, struct err *e);
void login_fini(struct login *l);

/* Descriptors to poll now; -1 when there is none. */
int login_fd(const struct login *l, short *events);
int64_t login_deadline(const struct login *l);
void login_run(struct login *l, short revents);
/* Where the session writes, with a connection or without. */
struct buf *login_out(struct login *l);
/* Send what was written. */
void login_flush(struct login *l);
/* End the stream in order; no further attempts. */
void login_stop(struct login *l);
/* The session is of no use (wrong address, no services): end it, try again later. */
void login_again(struct login *l, const char *why);

/* What the registry says the time is. */
void login_tell_time(struct login *l, int64_t wall_ms);
/* Somebody pressed the button: weaker logins are taken now, not in a day. */
void login_pressed(struct login *l);

/* Milliseconds to wait after `failures` attempts in a row failed: uniform in
 * [0, base * 2^failures), at the cap in [floor, cap). */
int64_t login_delay(unsigned failures, uint32_t random);

#endif
