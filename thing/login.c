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
#include "common/base/str.h"
#include "common/wire/ns.h"
#include "common/wire/xml.h"

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

static void mark(struct login *l, enum timing_phase phase)
{
	if (l->timing)
		timing_mark(l->timing, phase);
}

int64_t login_delay(unsigned failures, uint32_t random)
{
	int64_t top = LOGIN_BASE_MS, floor = 0;

	while (failures-- > 0 && top < LOGIN_CAP_MS)
		top *= 2;
	if (top >= LOGIN_CAP_MS) {
		top = LOGIN_CAP_MS;
		floor = LOGIN_FLOOR_MS;
	}
	return floor + (int64_t)((double)random / 4294967296.0 * (double)(top + 1 - floor));
}

static int64_t jitter(unsigned failures)
{
	uint32_t r = 0;

	if (ident_random(&r, sizeof(r), NULL) < 0)
		r = UINT32_MAX;
	return login_delay(failures, r);
}

static int64_t spread(int64_t ms)
{
	uint32_t r = 0;

	if (ident_random(&r, sizeof(r), NULL) < 0)
		r = UINT32_MAX;
	return (int64_t)((double)r / 4294967296.0 * (double)(ms + 1));
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
	int64_t since = l->standing->weak_ms;

	return since && clock_wall(l->clock) - since >= LOGIN_PATIENCE_MS;
}

/* What the server is held to.  After a day a weaker login is better than none,
 * as long as certificate and proof are right; nothing is ever below SCRAM. */
static void set_pin(struct login *l)
{
	l->pin = l->standing->pin;
	if (!pin_released(l))
		return;
	l->pin = (struct sasl_pin){ .unbound = l->pin.unbound || l->standing->weak_unbound };
}

static int attempt(struct login *l, struct err *e)
{
	struct client_conf conf = {
		.domain = l->place.domain,
		.host = l->place.at.host,
		.port = l->place.at.port,
		.direct_tls = l->place.at.direct_tls,
		.ca_file = l->ca_file,
		.pin = &l->pin,
		.sasl = l->sasl,
		.resource = !l->contested && l->standing->resource[0] ? l->standing->resource : NULL,
		.resume = &l->resume,
		.activity = l->activity,
		.limits = { WIRE_STANZA_BYTES_THING, ROOM_QUEUE },
		.clock = l->clock,
		.tap = l->tap,
		.timeout_ms = l->place.is_rumour ? LOGIN_RUMOUR_MS : LOGIN_TIMEOUT_MS,
	};

	set_pin(l);
	if (signup_begin(&l->signup, &conf, e) < 0)
		return -1;
	l->client = client_new(&conf, &client_calls, l, e);
	return l->client ? 0 : -1;
}

/* The next place of this round.  When rounds have become slow, each place has had
 * its delay, and the next round begins at once. */
static enum locate_answer next_place(struct login *l)
{
	enum locate_answer a = locate_next(l->locate, &l->place);

	if (a == LOCATE_NONE && l->round_had_places && l->failures >= LOGIN_CALM) {
		l->round_had_places = false;
		locate_begin(l->locate, l->id->domain);
		a = locate_next(l->locate, &l->place);
	}
	l->round_had_places = l->round_had_places || a == LOCATE_PLACE;
	return a;
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
	switch (next_place(l)) {
	case LOCATE_WAIT:
		l->locating = true;
		return;
	case LOCATE_NONE:
		wait_for(l, jitter(++l->failures));
		locate_begin(l->locate, l->id->domain);
		l->round_had_places = false;
		return;
	case LOCATE_PLACE:
		break;
	}
	l->next_ms = -1;
	mark(l, TIMING_LOCATED);
	l->over = l->was_up = l->bound_now = false;
	l->ops->trying(l->arg, true);
	if (attempt(l, &e) < 0) {
		note(l, false, "cannot start to log in: %s", e.text);
		wait_for(l, jitter(++l->failures));
	}
}

/* ---- how it ended ------------------------------------------------------- */

static void save_standing(struct login *l)
{
	struct err e = ERR_INIT;

	if (standing_save(l->standing, l->dir, &e) < 0)
		note(l, false, "%s", e.text);
}

/* The day begins, and it goes on over restarts. */
static void begin_patience(struct login *l, bool unbound)
{
	l->standing->weak_ms = clock_wall(l->clock);
	l->standing->weak_unbound = unbound;
	save_standing(l);
}

static void on_weak(struct login *l)
{
	bool clock_went_back = clock_wall(l->clock) < l->standing->weak_ms;

	if (l->standing->weak_ms && !clock_went_back)
		return;
	begin_patience(l, false);
	note(l, true, "the broker offers only weaker logins than before, or none that is safe; "
	    "refused for a day, or until repin");
}

/*
 * Refused with the password bound to the TLS connection: it is the wrong one, or
 * the broker cannot do that, or somebody sits between.  The first is found out as
 * ever (signup.c); the others wait for the day.
 */
static void on_unbound(struct login *l)
{
	if (l->standing->weak_ms || l->signup.ask_next || l->signup.tried_other)
		return;
	begin_patience(l, true);
	note(l, true, "the broker refuses a login bound to this connection: somebody may sit "
	    "between; one that is not bound is refused for a day, or until repin");
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
	[CLIENT_REPLACED] = { "replaced", on_nothing, THEN_WAIT },
	[CLIENT_UNBOUND] = { "bound login refused", on_unbound, THEN_AT_ONCE },
	[CLIENT_CONFLICT] = { "name taken", on_nothing, THEN_AT_ONCE },
	[CLIENT_UNLIKED] = { "name not liked", on_nothing, THEN_AT_ONCE },
	[CLIENT_UNINVITED] = { "invitation not taken", on_nothing, THEN_WAIT },
	[CLIENT_NO_REGISTER] = { "no registration", on_nothing, THEN_WAIT },
	[CLIENT_WAIT] = { "asked to wait", on_nothing, THEN_WAIT },
	[CLIENT_MOVED] = { "sent to another host", on_nothing, THEN_NEXT_PLACE },
};

/* ---- a session longer than its connection ------------------------------- */

static void end_session(struct login *l)
{
	l->suspended = false;
	resume_forget(&l->resume);
	l->ops->down(l->arg);
}

/* The connection of a session is gone: keep it for when there is another. */
static void lose_connection(struct login *l)
{
	if (l->suspended)
		return;
	if (!resume_can(&l->resume)) {
		end_session(l);
		return;
	}
	if (l->resume.location[0])	/* the server that has it (XEP-0198 section 5) */
		locate_moved(l->locate, &l->place, l->resume.location);
	l->suspended = true;
	l->lapse_ms = clock_boot(l->clock) + l->resume.max_ms;
}

static int64_t delay_after(struct login *l, enum then then)
{
	int64_t delay, wide;

	if (!l->was_up && then == THEN_NEXT_PLACE && l->failures < LOGIN_CALM)
		return 0;	/* begin() waits when the round has no more places */
	if (!l->was_up && then == THEN_NEXT_PLACE)
		return jitter(++l->failures);
	locate_begin(l->locate, l->id->domain);
	if (!l->was_up && then == THEN_AT_ONCE && l->failures == 0) {
		l->failures = 1;
		return 0;
	}
	/* All who were here lost it at once, perhaps: they come back as spread as
	 * they would after a power cut. */
	delay = jitter(++l->failures);
	wide = l->was_up ? spread(l->boot_spread_ms) : 0;
	return wide > delay ? wide : delay;
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
	l->contested = l->contested || why == CLIENT_REPLACED;
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
		locate_moved(l->locate, &l->place, text);
	/* A slot that the server gives wins; a tenth more keeps those apart who
	 * were all given the same. */
	if (retry_after_ms > delay)
		delay = retry_after_ms + spread(retry_after_ms / 10);
	wait_for(l, delay);
	if (l->was_up)
		lose_connection(l);
}

/* Where it will live, on disk before the broker hears of an account. */
static void on_connected(void *arg)
{
	mark(arg, TIMING_CONNECTED);
}

static void on_authenticated(void *arg)
{
	mark(arg, TIMING_AUTHENTICATED);
}

static bool on_proved(void *arg)
{
	struct login *l = arg;
	struct err e = ERR_INIT;

	mark(l, TIMING_SECURED);
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

	mark(l, TIMING_ACCOUNT);
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

/* What a login that went through says about the account and the server. */
static void note_success(struct login *l, const struct sasl_pin *pin)
{
	mark(l, TIMING_BOUND);
	locate_end(l->locate);
	l->was_up = true;
	l->up_ms = clock_boot(l->clock);
	l->probed_ms = 0;
	signup_up(&l->signup);
	learn_time(l, l->time && clock_is_likely(clock_wall(l->clock), l->time->earliest_ms) ?
	    clock_wall(l->clock) : 0);
	if (pin_released(l))
		note(l, true, "logged in with %s, weaker than before: taken after a day",
		    sasl_mech_name(pin->tls13 != SASL_NONE ? pin->tls13 : pin->tls12));
	l->standing->pin = *pin;
	l->standing->weak_ms = 0;
	l->standing->weak_unbound = false;
	save_standing(l);
}

/*
 * The same again next time: a server that does not know yet that we are gone (our
 * power was cut, or it keeps the session for us) then forgets that one at once,
 * and whoever talks to our full address finds us.  Two who fight for it are two
 * who have our identity: then it is the server's choice, and both can be seen.
 */
static void keep_resource(struct login *l, const char *jid)
{
	const char *slash = strchr(jid, '/');

	if (!slash || strchr(slash, '\n') ||
	    str_copy(l->standing->resource, sizeof(l->standing->resource), slash + 1) < 0)
		l->standing->resource[0] = '\0';
}

/* Another session: the one that was kept is lost, and what it had still to say. */
static void on_up(void *arg, const char *jid, const struct sasl_pin *pin)
{
	struct login *l = arg;

	keep_resource(l, jid);
	note_success(l, pin);
	if (l->suspended) {
		l->suspended = false;
		l->ops->down(l->arg);
		buf_reset(resume_out(&l->resume));
	}
	l->ops->up(l->arg, jid);
}

static void on_resumed(void *arg, const struct sasl_pin *pin)
{
	struct login *l = arg;

	note_success(l, pin);
	l->suspended = false;
	note(l, false, "the connection is back, the session went on");
	l->ops->resumed(l->arg);
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

	if (l->ops->turn)
		l->ops->turn(l->arg);
	client_flush(l->client);
}

static const struct client_ops client_calls = {
	.connected = on_connected,
	.authenticated = on_authenticated,
	.proved = on_proved,
	.registered = on_registered,
	.up = on_up,
	.stanza = on_stanza,
	.oversize = on_oversize,
	.turn = on_turn,
	.down = on_down,
	.resumed = on_resumed,
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
/* ---- is the server still there ------------------------------------------ */

static bool is_connected(const struct login *l)
{
	return l->client && !l->over && l->was_up;
}

/* A stream can die without a word (a router forgets it, a server hangs).  Any
 * byte proves it alive; after a while without one the server is asked. */
static int64_t alive_deadline(const struct login *l)
{
	if (!is_connected(l))
		return -1;
	if (l->probed_ms && client_last_byte(l->client) < l->probed_ms)
		return l->probed_ms + LOGIN_ANSWER_MS;
	return client_last_byte(l->client) + l->keepalive_ms;
}

/* RFC 6120 8.2.3: whoever answers, and be it with an error, is there. */
static void ping(struct login *l)
{
	char id[IDENT_TEXT];
	struct xml x;

	if (ident_text(id, NULL) < 0)
		return;
	xml_begin(&x, login_out(l));
	xml_open(&x, "iq", NULL);
	xml_attr(&x, "type", "get");
	xml_attr(&x, "id", id);
	xml_attr(&x, "to", l->id->domain);
	xml_open(&x, "ping", NS_PING);
	xml_close(&x);
	xml_close(&x);
	(void)xml_end(&x);
}

static void alive_tick(struct login *l)
{
	int64_t at = alive_deadline(l), now = clock_boot(l->clock);

	if (at < 0 || now < at)
		return;
	if (l->probed_ms && client_last_byte(l->client) < l->probed_ms) {
		on_down(l, CLIENT_LOST, "the server does not answer any more", 0);
		return;
	}
	l->probed_ms = now;
	if (!client_probe(l->client))
		ping(l);
	client_flush(l->client);
}

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
	l->keepalive_ms = conf->keepalive_ms > 0 ? conf->keepalive_ms : LOGIN_KEEPALIVE_MS;
	l->activity = conf->activity;
	l->sasl = conf->sasl;
	l->boot_spread_ms = conf->boot_spread_ms;
	resume_init(&l->resume, 4 * WIRE_STANZA_BYTES);
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
	resume_fini(&l->resume);
}

int login_fd(const struct login *l, short *events)
{
	if (!l->client)
		return locate_fd(l->locate, events);
	*events = client_events(l->client);
	return client_fd(l->client);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int64_t attempt_deadline(const struct login *l)
{
	if (l->client)
		return client_deadline(l->client);
	return l->locating ? locate_deadline(l->locate) : l->next_ms;
}

int64_t login_deadline(const struct login *l)
{
	int64_t at;

	if (l->over)
		return 0;
	at = earlier(attempt_deadline(l), alive_deadline(l));
	return l->suspended ? earlier(at, l->lapse_ms) : at;
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
		alive_tick(l);
		free_ended(l);
	} else if (l->locating) {
		locate_run(l->locate);
		begin(l);
	} else if (l->next_ms >= 0 && clock_boot(l->clock) >= l->next_ms) {
		begin(l);
	}
	if (l->suspended && clock_boot(l->clock) >= l->lapse_ms)
		end_session(l);
}

struct buf *login_out(struct login *l)
{
	return resume_out(&l->resume);
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
		end_session(l);
}

void login_pressed(struct login *l)
{
	if (!l->standing->weak_ms || pin_released(l))
		return;
	note(l, true, "the button was pressed: weaker logins than before are taken now");
	l->standing->weak_ms = clock_wall(l->clock) - LOGIN_PATIENCE_MS;
	l->standing->released = true;	/* told to the owner when we meet him */
	save_standing(l);
	if (!l->client || l->over)
		l->next_ms = clock_boot(l->clock);
}
