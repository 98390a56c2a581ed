/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signup: a table of what each end of an attempt means for the account.  The
 * identity file is written before what it says can have happened, never after.
 */
#include "config.h"

#include "thing/signup.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/ident.h"

#define DAY_MS (24 * 3600 * 1000LL)
#define SAYS 512

static void note(struct signup *s, bool alarm, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void note(struct signup *s, bool alarm, const char *fmt, ...)
{
	char text[SAYS];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	s->ops->note(s->arg, alarm, text);
}

/* A person has to hear it once, not at each attempt. */
static void alarm_once(struct signup *s, enum client_end why, const char *sentence)
{
	bool first = !(s->alarmed & 1u << why);

	s->alarmed |= 1u << why;
	if (first)
		note(s, true, "%s", sentence);
}

static int save(struct signup *s, struct err *e)
{
	return identity_save(s->id, s->dir, e);
}

/* What is not on disk is told, and told again by the next attempt. */
static void save_or_say(struct signup *s)
{
	struct err e = ERR_INIT;

	if (save(s, &e) < 0)
		note(s, false, "%s", e.text);
}

static int64_t half_random(int64_t ms)
{
	uint32_t r = 0;

	if (ident_random(&r, sizeof(r), NULL) < 0)
		return ms;
	return ms / 2 + (int64_t)((double)r / 4294967296.0 * (double)(ms / 2));
}

static int64_t doubled(int64_t first, unsigned times, int64_t cap)
{
	while (times-- > 0 && first < cap)
		first *= 2;
	return first < cap ? first : cap;
}

/* ---- how often in a day ------------------------------------------------- */

/* A clock that was set meanwhile begins another day: no harm is done by it. */
static void look_at_day(struct signup *s)
{
	struct identity *id = s->id;
	int64_t now = clock_wall(s->clock);

	if (id->refusals_ms == 0 || now < id->refusals_ms || now - id->refusals_ms >= DAY_MS) {
		id->refusals = id->names = 0;
		id->refusals_ms = 0;
	}
}

static void count(struct signup *s, unsigned *which)
{
	look_at_day(s);
	if (s->id->refusals_ms == 0)
		s->id->refusals_ms = clock_wall(s->clock);
	(*which)++;
}

static bool must_ask(const struct signup *s)
{
	if (s->conf.cert_file && !s->conf.cert_or_password)
		return false;	/* the certificate is the account */
	return s->ask_next || s->id->account == IDENTITY_NONE;
}

int64_t signup_wait(struct signup *s)
{
	int64_t left;

	look_at_day(s);
	if (!must_ask(s) || s->id->refusals < SIGNUP_REFUSALS)
		return 0;
	left = s->id->refusals_ms + DAY_MS - clock_wall(s->clock);
	alarm_once(s, CLIENT_WAIT, "the broker has refused us an account so often that it is left "
	    "alone for a day");
	return left > 0 ? left : 0;
}

/* It was refused in words, and nobody asked before: there is no account. */
static void not_made(struct signup *s)
{
	if (s->never_sent && s->id->account == IDENTITY_ASKED)
		s->id->account = IDENTITY_NONE;
}

/* A refusal is one of a few in a day, and the next one a while away. */
static int64_t refused(struct signup *s)
{
	not_made(s);
	count(s, &s->id->refusals);
	save_or_say(s);
	return half_random(doubled(SIGNUP_REFUSED_MS, s->id->refusals - 1, SIGNUP_REFUSED_CAP_MS));
}

/* ---- one attempt -------------------------------------------------------- */

void signup_init(struct signup *s, const struct signup_conf *conf, const struct clock *clock,
    const char *dir, struct identity *id, struct standing *standing,
    const struct known_time *time, const struct signup_ops *ops, void *arg)
{
	*s = (struct signup){ .conf = *conf, .clock = clock, .dir = dir, .id = id,
		.standing = standing, .time = time, .ops = ops, .arg = arg, .refused_boot = -1 };
}

/* On disk first: whatever happens from here on, we know that the account may
 * exist.  Only a refusal of this very request tells us that it does not. */
static int now_asked(struct signup *s, struct err *e)
{
	if (s->id->account != IDENTITY_NONE)
		return 0;
	s->id->account = IDENTITY_ASKED;
	s->never_sent = save(s, e) == 0;
	if (!s->never_sent)
		s->id->account = IDENTITY_NONE;
	return s->never_sent ? 0 : -1;
}

int signup_proved(struct signup *s, struct err *e)
{
	return s->asking && s->id->account == IDENTITY_NONE ? now_asked(s, e) : save(s, e);
}

int signup_begin(struct signup *s, struct client_conf *conf, struct err *e)
{
	conf->user = s->id->user;
	conf->password = &s->id->password;
	conf->cert_file = s->conf.cert_file;
	conf->key_file = s->conf.key_file;
	conf->cert_only = s->conf.cert_file && !s->conf.cert_or_password;
	conf->earliest_ms = s->time ? s->time->earliest_ms : 0;
	conf->register_account = s->asking = must_ask(s);
	if (!s->asking)
		return 0;
	conf->invite = s->conf.invite;
	conf->maker_key = s->conf.maker_key;
	conf->maker_secret = s->conf.maker_secret;
	/* Who has no domain yet waits until one is proved. */
	return s->id->domain[0] ? now_asked(s, e) : 0;
}

void signup_made(struct signup *s)
{
	s->ask_next = s->never_sent = false;
	note(s, false, "the broker made our account");
}

void signup_up(struct signup *s)
{
	struct identity *id = s->id;

	s->ask_next = s->tried_other = false;
	s->waits = s->alarmed = 0;
	s->refused_boot = -1;
	if (id->account != IDENTITY_OURS || id->refused_ms || id->refusals_ms) {
		id->account = IDENTITY_OURS;
		id->refused_ms = id->refusals_ms = 0;
		id->refusals = id->names = 0;
		save_or_say(s);
	}
	s->conf.invite = NULL;
	s->ops->settled(s->arg);
}

/* ---- how it ended ------------------------------------------------------- */

static void make_new_name(struct signup *s)
{
	struct err e = ERR_INIT;

	if (identity_new_account(s->id, &e) < 0 || save(s, &e) < 0)
		note(s, true, "cannot make a new account name: %s", e.text);
	/* Under the new name we have heard of no ownership: to state the old
	 * one would look as if the registry had forgotten us. */
	s->standing->epoch = 0;
	if (standing_save(s->standing, s->dir, &e) < 0)
		note(s, false, "%s", e.text);
	s->ask_next = false;
	s->refused_boot = -1;
	s->ops->renamed(s->arg);
}

/* The password was being changed when we lost the stream: the other one counts. */
static bool try_other(struct signup *s)
{
	if (s->id->other.len == 0 || s->tried_other) {
		s->tried_other = false;
		return false;
	}
	s->tried_other = true;
	identity_swap_password(s->id);
	save_or_say(s);
	return true;
}

static int64_t earliest(const struct signup *s)
{
	return s->time ? s->time->earliest_ms : 0;
}

/* Of the same kind since a day: by the boot clock, which nobody sets; before this
 * start only the wall clock knows, if it can be believed. */
static bool refused_for_a_day(const struct signup *s, bool before_this_start)
{
	int64_t now = clock_wall(s->clock);

	if (clock_boot(s->clock) - s->refused_boot >= SIGNUP_PATIENCE_MS)
		return true;
	return before_this_start && clock_is_likely(now, earliest(s)) &&
	    s->id->refused_ms >= KITH_RELEASED * 1000 &&	/* the clock was set then, too */
	    now - s->id->refused_ms >= SIGNUP_PATIENCE_MS;
}

/* Ruling 43: perhaps the broker has a bad day; after one it has lost us. */
static void ours_is_refused(struct signup *s)
{
	bool first = s->refused_boot < 0, before = s->id->refused_ms != 0;

	if (first)
		s->refused_boot = clock_boot(s->clock);
	if (first && !before) {
		note(s, true, "the broker refuses our own account; if that lasts a day, "
		    "it is asked to make it again");
		s->id->refused_ms = clock_wall(s->clock);
		save_or_say(s);
	}
	s->refused_before = first ? before : s->refused_before;
	s->ask_next = refused_for_a_day(s, s->refused_before);
}

/* The name or the password is wrong. */
static int64_t on_refused(struct signup *s)
{
	if (s->conf.cert_file) {
		alarm_once(s, CLIENT_REFUSED, "the broker does not take our certificate");
		if (!s->conf.cert_or_password)
			return 0;
	}
	if (try_other(s))
		return 0;
	if (s->id->account == IDENTITY_ASKED)
		/* The request never arrived: make it now, under the same name. */
		s->ask_next = !s->asking;
	else
		ours_is_refused(s);
	return 0;
}

/* The same of a login bound to the connection, where the password need not be the
 * fault (login.c has a day for that): an account that was never used is asked for
 * once more, one that is ours is left as it is. */
static int64_t on_unbound(struct signup *s)
{
	if (!try_other(s) && s->id->account == IDENTITY_ASKED && !s->asking &&
	    !s->standing->weak_ms)
		s->ask_next = true;
	return 0;
}

/* Another one, if not too many were given up today. */
static int64_t another_name(struct signup *s)
{
	count(s, &s->id->names);
	if (s->id->names > SIGNUP_NAMES) {
		alarm_once(s, CLIENT_CONFLICT, "the broker takes none of our names: does it want "
		    "others than random ones?");
		return refused(s);
	}
	make_new_name(s);
	return 0;
}

/* The name is taken, so it is not ours. */
static int64_t on_conflict(struct signup *s)
{
	if (s->id->account != IDENTITY_OURS)
		return another_name(s);
	note(s, true, "our account was taken by somebody else; making a new one");
	make_new_name(s);
	return 0;
}

static int64_t on_no_register(struct signup *s)
{
	s->ask_next = false;
	alarm_once(s, CLIENT_NO_REGISTER, "the broker makes no account for this thing; it is asked "
	    "again now and then");
	return refused(s);
}

/* A name that is ours is never given up for this: it was good once. */
static int64_t on_unliked(struct signup *s)
{
	return s->id->account == IDENTITY_OURS ? on_no_register(s) : another_name(s);
}

static int64_t on_uninvited(struct signup *s)
{
	alarm_once(s, CLIENT_UNINVITED, "the broker does not take our invitation (wrong, used, or "
	    "over); whoever runs it can make another");
	s->alarmed |= 1u << CLIENT_NO_REGISTER;	/* this says it all */
	return on_no_register(s);
}

static int64_t on_wait(struct signup *s)
{
	if (!s->asking)
		return 0;
	not_made(s);
	return half_random(doubled(SIGNUP_REFUSED_MS, s->waits++, SIGNUP_WAIT_CAP_MS));
}

static int64_t (*const ends[])(struct signup *s) = {
	[CLIENT_REFUSED] = on_refused,
	[CLIENT_UNBOUND] = on_unbound,
	[CLIENT_CONFLICT] = on_conflict,
	[CLIENT_UNLIKED] = on_unliked,
	[CLIENT_UNINVITED] = on_uninvited,
	[CLIENT_NO_REGISTER] = on_no_register,
	[CLIENT_WAIT] = on_wait,
};

int64_t signup_ended(struct signup *s, enum client_end why)
{
	if ((size_t)why < sizeof(ends) / sizeof(ends[0]) && ends[why])
		return ends[why](s);
	s->never_sent = false;	/* it may have arrived, unanswered */
	return 0;
}
