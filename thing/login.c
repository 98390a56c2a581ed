/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login: one attempt after another.  `attempt_*` begins one, `ended` is the
 * table of what each kind of end means for the account and the next attempt.
 * Read next: enroll.c for what happens once the stream is bound.
 */
#include "config.h"

#include "thing/login.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/ident.h"

#define STABLE_MS 60000		/* a session this long forgives earlier failures */

static void note(struct login *l, bool alarm, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void note(struct login *l, bool alarm, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	l->ops->note(l->arg, alarm, text);
}

int64_t login_delay(unsigned failures, uint32_t random)
{
	int64_t top = failures > 10 ? LOGIN_CAP_MS : LOGIN_BASE_MS << failures;

	if (top > LOGIN_CAP_MS)
		top = LOGIN_CAP_MS;
	return (int64_t)((double)random / 4294967296.0 * (double)(top + 1));
}

static int64_t jitter(unsigned failures)
{
	uint32_t r = 0;

	if (ident_random(&r, sizeof(r), NULL) < 0)
		r = UINT32_MAX;
	return login_delay(failures, r);
}

static void wait_for(struct login *l, int64_t ms)
{
	l->next_ms = clock_boot(l->clock) + ms;
	l->ops->trying(l->arg, false);
}

/* ---- one attempt -------------------------------------------------------- */

static const struct client_ops client_calls;

static bool pin_released(const struct login *l)
{
	return l->weak_ms && clock_wall(l->clock) - l->weak_ms >= LOGIN_PATIENCE_MS;
}

static int attempt(struct login *l, struct err *e)
{
	struct client_conf conf = {
		.domain = l->place.domain,
		.host = l->place.at.host,
		.port = l->place.at.port,
		.direct_tls = l->place.at.direct_tls,
		.ca_file = l->ca_file,
		.pin = pin_released(l) ? NULL : &l->standing->pin,
		.limits = { WIRE_STANZA_BYTES_THING, 4 * WIRE_STANZA_BYTES },
		.clock = l->clock,
		.timeout_ms = l->place.is_rumour ? LOGIN_RUMOUR_MS : LOGIN_TIMEOUT_MS,
	};

	if (signup_begin(&l->signup, &conf, e) < 0)
		return -1;
	l->client = client_new(&conf, &client_calls, l, e);
	return l->client ? 0 : -1;
}

static void begin(struct login *l)
{
	struct err e = ERR_INIT;
	int64_t wait = signup_wait(&l->signup);

	l->locating = false;
	if (wait > 0) {
		locate_begin(l->locate, l->id->domain);
		wait_for(l, wait);
		return;
	}
	switch (locate_next(l->locate, &l->place)) {
	case LOCATE_WAIT:
		l->locating = true;
		return;
	case LOCATE_NONE:
		wait_for(l, jitter(++l->failures));
		locate_begin(l->locate, l->id->domain);
		return;
	case LOCATE_PLACE:
		break;
	}
	l->next_ms = -1;
	l->over = l->was_up = l->bound_now = false;
	l->ops->trying(l->arg, true);
	if (attempt(l, &e) < 0) {
		note(l, false, "cannot start to log in: %s", e.text);
		wait_for(l, jitter(++l->failures));
	}
}

/* ---- how it ended ------------------------------------------------------- */

static void on_weak(struct login *l)
{
	if (!l->weak_ms) {
		l->weak_ms = clock_wall(l->clock);
		note(l, true, "the broker offers only weaker logins than before; refused for a day");
	}
}

static void on_nothing(struct login *l)
{
	(void)l;
}

/* What comes after each kind of end. */
enum then {
	THEN_WAIT,		/* another round, after a while */
	THEN_NEXT_PLACE,	/* the next place of this round at once */
	THEN_AT_ONCE		/* no fault of the network: the next step, once without delay */
};

static const struct {
	const char *name;
	void (*act)(struct login *l);
	enum then then;
} ends[] = {
	[CLIENT_LOST] = { "connection lost", on_nothing, THEN_NEXT_PLACE },
	[CLIENT_UNTRUSTED] = { "the server is not verified", on_nothing, THEN_NEXT_PLACE },
	[CLIENT_WEAK] = { "login too weak", on_weak, THEN_WAIT },
	[CLIENT_REFUSED] = { "login refused", on_nothing, THEN_AT_ONCE },
	[CLIENT_CONFLICT] = { "name taken", on_nothing, THEN_AT_ONCE },
	[CLIENT_UNLIKED] = { "name not liked", on_nothing, THEN_AT_ONCE },
	[CLIENT_UNINVITED] = { "invitation not taken", on_nothing, THEN_WAIT },
	[CLIENT_NO_REGISTER] = { "no registration", on_nothing, THEN_WAIT },
	[CLIENT_WAIT] = { "asked to wait", on_nothing, THEN_WAIT },
	[CLIENT_MOVED] = { "sent to another host", on_nothing, THEN_NEXT_PLACE },
};

static int64_t delay_after(struct login *l, enum then then)
{
	if (!l->was_up && then == THEN_NEXT_PLACE)
		return 0;	/* begin() waits when the round has no more places */
	locate_begin(l->locate, l->id->domain);
	if (!l->was_up && then == THEN_AT_ONCE && l->failures == 0) {
		l->failures = 1;
		return 0;
	}
	return jitter(++l->failures);
}

/* The first who proved a domain of ours makes no account for us: he was told
 * nothing that outlives him, so the next one may be it (XEP-0347 3.3). */
static bool let_go(struct login *l, enum client_end why)
{
	struct err e = ERR_INIT;

	if (!l->bound_now || (why != CLIENT_NO_REGISTER && why != CLIENT_WEAK &&
	    why != CLIENT_UNINVITED))
		return false;
	l->bound_now = false;
	l->id->account = IDENTITY_NONE;
	l->id->domain[0] = '\0';
	if (identity_save(l->id, l->dir, &e) < 0)
		note(l, false, "%s", e.text);
	l->ops->renamed(l->arg);
	return true;
}

static void on_down(void *arg, enum client_end why, const char *text, int64_t retry_after_ms)
{
	struct login *l = arg;
	enum then then = ends[why].then;
	int64_t delay;

	l->over = true;
	l->account_wait_ms = 0;
	if (l->was_up && clock_boot(l->clock) - l->up_ms >= STABLE_MS)
		l->failures = 0;
	note(l, false, "%s: %s", ends[why].name, text && *text ? text : "no reason given");
	if (let_go(l, why)) {
		then = THEN_NEXT_PLACE;
	} else if (!l->was_up) {
		l->account_wait_ms = signup_ended(&l->signup, why);
		ends[why].act(l);
	}
	delay = delay_after(l, then);
	if (l->account_wait_ms > delay)
		delay = l->account_wait_ms;
	if (why == CLIENT_MOVED)
		locate_moved(l->locate, text);
	wait_for(l, retry_after_ms > delay ? retry_after_ms : delay);
	if (l->was_up)
		l->ops->down(l->arg);
}

/* Where it will live, on disk before the broker hears of an account. */
static bool on_proved(void *arg)
{
	struct login *l = arg;
	struct err e = ERR_INIT;

	if (l->id->domain[0])
		return strcmp(l->id->domain, l->place.domain) == 0;
	memcpy(l->id->domain, l->place.domain, sizeof(l->id->domain));
	if (signup_proved(&l->signup, &e) < 0) {
		l->id->domain[0] = '\0';
		note(l, true, "%s", e.text);
		return false;
	}
	l->bound_now = true;
	note(l, false, "found %s (%s)", l->place.domain, l->place.way);
	l->ops->renamed(l->arg);
	return true;
}

static void on_registered(void *arg)
{
	struct login *l = arg;

	signup_made(&l->signup);
}

/* Somebody who proved himself says what time it is; 0: he does not. */
static void learn_time(struct login *l, int64_t wall_ms)
{
	int64_t from, until;

	if (!l->time)
		return;
	client_peer_times(l->client, &from, &until);
	known_time_learn(l->time, wall_ms, from, until);
}

void login_tell_time(struct login *l, int64_t wall_ms)
{
	if (l->client && l->was_up && !l->over)
		learn_time(l, wall_ms);
}

static void on_up(void *arg, const char *jid, const struct sasl_pin *pin)
{
	struct login *l = arg;
	struct err e = ERR_INIT;

	locate_end(l->locate);
	l->was_up = true;
	l->up_ms = clock_boot(l->clock);
	l->weak_ms = 0;
	l->standing->pin = *pin;
	signup_up(&l->signup);
	learn_time(l, l->time && clock_is_likely(clock_wall(l->clock), l->time->earliest_ms) ?
	    clock_wall(l->clock) : 0);
	if (standing_save(l->standing, l->dir, &e) < 0)
		note(l, false, "%s", e.text);
	l->ops->up(l->arg, jid);
}

static void on_stanza(void *arg, const struct stanza *s)
{
	struct login *l = arg;

	l->ops->stanza(l->arg, s);
}

static void on_oversize(void *arg, const struct stanza_head *h)
{
	struct login *l = arg;

	l->ops->oversize(l->arg, h);
}

static void on_turn(void *arg)
{
	struct login *l = arg;

	client_flush(l->client);
}

static const struct client_ops client_calls = {
	.proved = on_proved,
	.registered = on_registered,
	.up = on_up,
	.stanza = on_stanza,
	.oversize = on_oversize,
	.turn = on_turn,
	.down = on_down,
};

static void on_signup_note(void *arg, bool alarm, const char *sentence)
{
	struct login *l = arg;

	l->ops->note(l->arg, alarm, sentence);
}

static void on_renamed(void *arg)
{
	struct login *l = arg;

	l->ops->renamed(l->arg);
}

static void on_settled(void *arg)
{
	struct login *l = arg;

	if (l->ops->settled)
		l->ops->settled(l->arg);
}

static const struct signup_ops signup_calls = {
	.note = on_signup_note,
	.renamed = on_renamed,
	.settled = on_settled,
};

/* ---- driving it --------------------------------------------------------- */

static void on_located(void *arg, bool alarm, const char *sentence)
{
	note(arg, alarm, "%s", sentence);
}

int login_init(struct login *l, const struct login_conf *conf, struct identity *id,
    struct standing *standing, const struct login_ops *ops, void *arg, struct err *e)
{
	struct locate_conf where = conf->locate;
	uint32_t r = 0;

	memset(l, 0, sizeof(*l));
	l->clock = conf->clock;
	l->dir = conf->dir;
	l->ca_file = conf->ca_file;
	l->id = id;
	l->standing = standing;
	l->ops = ops;
	l->arg = arg;
	l->time = conf->time;
	signup_init(&l->signup, &conf->signup, l->clock, l->dir, id, standing, conf->time,
	    &signup_calls, l);
	where.clock = conf->clock;
	where.dir = conf->dir;
	where.note = on_located;
	where.arg = l;
	l->locate = locate_new(&where, e);
	if (!l->locate)
		return -1;
	locate_begin(l->locate, id->domain);
	if (conf->boot_spread_ms > 0 && ident_random(&r, sizeof(r), e) < 0)
		return -1;
	l->next_ms = clock_boot(l->clock) +
	    (int64_t)((double)r / 4294967296.0 * (double)conf->boot_spread_ms);
	return 0;
}

void login_fini(struct login *l)
{
	if (l->client)
		client_free(&l->client);
	if (l->locate)
		locate_free(&l->locate);
}

int login_fd(const struct login *l, short *events)
{
	if (!l->client)
		return locate_fd(l->locate, events);
	*events = client_events(l->client);
	return client_fd(l->client);
}

int64_t login_deadline(const struct login *l)
{
	if (l->over)
		return 0;
	if (l->client)
		return client_deadline(l->client);
	return l->locating ? locate_deadline(l->locate) : l->next_ms;
}

static void free_ended(struct login *l)
{
	if (l->over && l->client)
		client_free(&l->client);
	l->over = false;
}

void login_run(struct login *l, short revents)
{
	free_ended(l);
	if (l->client) {
		client_run(l->client, revents);
		free_ended(l);
	} else if (l->locating) {
		locate_run(l->locate);
		begin(l);
	} else if (l->next_ms >= 0 && clock_boot(l->clock) >= l->next_ms) {
		begin(l);
	}
}

struct buf *login_out(struct login *l)
{
	return client_out(l->client);
}

int64_t login_last_byte(const struct login *l)
{
	return client_last_byte(l->client);
}

void login_flush(struct login *l)
{
	if (l->client && !l->over && l->was_up)
		client_flush(l->client);
}

void login_stop(struct login *l)
{
	if (l->client && !l->over)
		client_close(l->client);
	if (l->client)
		client_free(&l->client);
	l->over = false;
	l->next_ms = -1;
}

void login_again(struct login *l, const char *why)
{
	int64_t delay = jitter(++l->failures);

	note(l, false, "%s", why);
	if (l->client && !l->over)
		client_close(l->client);
	l->over = true;
	locate_begin(l->locate, l->id->domain);
	wait_for(l, delay);
	if (l->was_up)
		l->ops->down(l->arg);
}
