/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signup: our account at the broker: what a login may ask for, and what each
 * answer about it means for the identity on disk (ruling 43).  `asked` is synced
 * before the broker is asked for an account, `ours` after the first login, so a
 * crash at any point leaves one identity and at most one account.  When the next
 * attempt is, login.c decides; how often a thing asks in a day, this.
 */
#ifndef KITH_THING_SIGNUP_H
#define KITH_THING_SIGNUP_H

#include "common/base/clock.h"
#include "common/wire/client.h"
#include "thing/identity.h"
#include "thing/known_time.h"
#include "thing/standing.h"

/* How long our own account is refused before it is asked for anew (ruling 43). */
#define SIGNUP_PATIENCE_MS (24 * 3600 * 1000LL)
/* Of one day, over restarts (att-D-16). */
#define SIGNUP_REFUSALS 24
#define SIGNUP_NAMES 5
/* After the first refusal, doubling up to the cap; half of it is random. */
#define SIGNUP_REFUSED_MS (60 * 1000LL)
#define SIGNUP_REFUSED_CAP_MS (3600 * 1000LL)
/* Asked to wait, and not told how long. */
#define SIGNUP_WAIT_CAP_MS (600 * 1000LL)

/* What the maker and the owner gave it to be let in with. */
struct signup_conf {
	const struct secret *invite;	/* XEP-0445; NULL: none */
	const char *maker_key;		/* XEP-0348; NULL: none */
	const struct secret *maker_secret;
	const char *cert_file;		/* instead of a password; NULL: none */
	const char *key_file;
	bool cert_or_password;		/* a broker that takes no certificate may have the password */
};

struct signup_ops {
	void (*note)(void *arg, bool alarm, const char *sentence);
	/* The account has a new name. */
	void (*renamed)(void *arg);
	/* It is ours: nobody needs the invitation any more. */
	void (*settled)(void *arg);
};

struct signup {
	struct signup_conf conf;
	const struct clock *clock;
	const char *dir;		/* state folder */
	struct identity *id;
	struct standing *standing;
	const struct known_time *time;	/* NULL: the clock is right */
	const struct signup_ops *ops;
	void *arg;
	bool asking;			/* this attempt asks for an account */
	bool ask_next;			/* the next one must */
	bool never_sent;		/* before this attempt, nobody asked for this name */
	bool tried_other;		/* of two passwords, both were refused in a row */
	bool refused_before;		/* ours was, also before this start */
	int64_t refused_boot;		/* boot clock: ours is refused since then; -1: it is not */
	unsigned waits;			/* in a row, asked to wait */
	unsigned alarmed;		/* bits of enum client_end: said since the last login */
};

void signup_init(struct signup *s, const struct signup_conf *conf, const struct clock *clock,
    const char *dir, struct identity *id, struct standing *standing,
    const struct known_time *time, const struct signup_ops *ops, void *arg);
/* Milliseconds until the next attempt is of use: so many were refused today. */
int64_t signup_wait(struct signup *s);
/* Before an attempt: fills in who we are and what we ask for. */
int signup_begin(struct signup *s, struct client_conf *conf, struct err *e);
/* The domain was not known before: it is on disk, and the account asked for, before
 * the broker hears of either. */
int signup_proved(struct signup *s, struct err *e);
/* The broker made it. */
void signup_made(struct signup *s);
/* Logged in. */
void signup_up(struct signup *s);
/* An attempt ended before it was up: how many milliseconds the next one has to
 * wait at least, because of the account. */
int64_t signup_ended(struct signup *s, enum client_end why);

#endif
