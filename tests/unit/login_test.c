/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login: what each end of an attempt means for the account and for the next
 * attempt.  The client is a stand-in that ends as the test says; the clock is
 * the test's.
 */
#include "config.h"

#include "tests/unit/thing_support.h"

#include "common/base/str.h"
#include "thing/login.h"
#include "thing/thing.h"

#define DAY (24 * 3600 * 1000LL)

static struct {
	void *dir;
	struct clock_fake fake;
	struct clock clock;
	struct identity id;
	struct standing standing;
	struct login login;
	/* the stand-in */
	const struct client_ops *ops;
	void *ops_arg;
	bool alive, asked_to_register, had_pin;
	unsigned attempts, registrations, probes;
	int64_t last_byte;
	char user[64], last_registered[64], domain[256], host[256];
	enum identity_account on_disk;	/* when the attempt began */
	/* what was said */
	unsigned ups, downs, alarms, renamed, resumes;
	char resource[64];
	const struct sasl_pin *pin;
} f;

/* ---- the stand-in ------------------------------------------------------- */

struct client {
	int unused;
};

struct client *client_new(const struct client_conf *conf, const struct client_ops *ops,
    void *arg, struct err *e)
{
	struct identity disk;

	assert_false(f.alive);
	assert_int_equal(identity_load(&disk, f.dir, e), 0);
	f.on_disk = disk.account;
	/* What is used is what is on disk. */
	assert_string_equal(disk.user, conf->user);
	identity_fini(&disk);
	f.alive = true;
	f.attempts++;
	f.ops = ops;
	f.ops_arg = arg;
	f.asked_to_register = conf->register_account;
	f.had_pin = conf->pin->tls12 != SASL_NONE || conf->pin->tls13 != SASL_NONE;
	f.registrations += conf->register_account;
	f.pin = conf->pin;
	snprintf(f.resource, sizeof(f.resource), "%s", conf->resource ? conf->resource : "");
	assert_int_equal(str_copy(f.user, sizeof(f.user), conf->user), 0);
	assert_int_equal(str_copy(f.domain, sizeof(f.domain), conf->domain), 0);
	assert_int_equal(str_copy(f.host, sizeof(f.host), conf->host), 0);
	return calloc(1, sizeof(struct client));
}

void client_free(struct client **c)
{
	f.alive = false;
	free(*c);
	*c = NULL;
}

int client_fd(const struct client *c) { UNUSED(c); return -1; }
short client_events(const struct client *c) { UNUSED(c); return 0; }
int64_t client_deadline(const struct client *c) { UNUSED(c); return -1; }
void client_run(struct client *c, short revents) { UNUSED(c); UNUSED(revents); }
bool client_is_up(const struct client *c) { UNUSED(c); return false; }
struct buf *client_out(struct client *c) { UNUSED(c); return NULL; }
void client_flush(struct client *c) { UNUSED(c); }
void client_peer_times(const struct client *c, int64_t *from_ms, int64_t *until_ms)
{
	(void)c;
	*from_ms = 0;
	*until_ms = INT64_MAX;
}

bool client_probe(struct client *c) { UNUSED(c); f.probes++; return true; }
int64_t client_last_byte(const struct client *c) { UNUSED(c); return f.last_byte; }
void client_close(struct client *c) { UNUSED(c); }

/* ---- the fixture -------------------------------------------------------- */

static void on_up(void *arg, const char *jid) { UNUSED(arg); UNUSED(jid); f.ups++; }
static void on_down(void *arg) { UNUSED(arg); f.downs++; }
static void on_resumed(void *arg) { UNUSED(arg); f.resumes++; }
static void on_trying(void *arg, bool now) { UNUSED(arg); UNUSED(now); }
static void on_renamed(void *arg) { UNUSED(arg); f.renamed++; }

static void on_note(void *arg, bool alarm, const char *sentence)
{
	UNUSED(arg);
	UNUSED(sentence);
	f.alarms += alarm;
}

static const struct login_ops ops = {
	.up = on_up, .down = on_down, .note = on_note, .trying = on_trying, .renamed = on_renamed,
	.resumed = on_resumed,
};

static void start(void)
{
	struct login_conf conf = { .clock = &f.clock, .dir = f.dir, .locate.server = "127.0.0.1:1" };
	struct err e = ERR_INIT;

	assert_int_equal(login_init(&f.login, &conf, &f.id, &f.standing, &ops, NULL, &e), 0);
}

static int setup(void **state)
{
	struct err e = ERR_INIT;

	memset(&f, 0, sizeof(f));
	if (folder_setup(&f.dir) < 0)
		return -1;
	*state = &f;
	f.fake = (struct clock_fake){ .wall = 1800000000000LL, .boot = 1000 };
	f.clock = clock_from_fake(&f.fake);
	if (identity_make(&f.id, "home.example", &e) < 0 || identity_save(&f.id, f.dir, &e) < 0)
		return -1;
	start();
	return 0;
}

static int teardown(void **state)
{
	UNUSED(state);
	login_fini(&f.login);
	identity_fini(&f.id);
	return folder_teardown(&f.dir);
}

/* Runs until the next attempt has begun; how long it took. */
static int64_t next_attempt(void)
{
	int64_t began = f.fake.boot, at;
	unsigned before = f.attempts;

	for (int i = 0; i < 10 && f.attempts == before; i++) {
		at = login_deadline(&f.login);
		if (at > f.fake.boot) {
			f.fake.wall += at - f.fake.boot;
			f.fake.boot = at;
		}
		login_run(&f.login, 0);
	}
	assert_int_equal(f.attempts, before + 1);
	return f.fake.boot - began;
}

static void end_with(enum client_end why)
{
	f.ops->down(f.ops_arg, why, "", 0);
}

static void come_up(void)
{
	struct sasl_pin pin = { .tls13 = SASL_SCRAM_SHA_256 };

	if (f.asked_to_register)
		f.ops->registered(f.ops_arg);
	f.ops->up(f.ops_arg, "x@home.example/r", &pin);
}

/* A quick server answers within the millisecond of the question. */
static void an_answer_as_quick_as_the_clock_is_a_sign_of_life(void **state)
{
	UNUSED(state);
	next_attempt();
	come_up();
	f.last_byte = f.fake.boot;
	f.fake.boot += LOGIN_KEEPALIVE_MS;
	login_run(&f.login, 0);
	assert_int_equal(f.probes, 1);
	f.last_byte = f.fake.boot;
	f.fake.boot += LOGIN_ANSWER_MS;
	login_run(&f.login, 0);
	assert_int_equal(f.downs, 0);
	f.fake.boot += LOGIN_KEEPALIVE_MS;
	login_run(&f.login, 0);
	assert_int_equal(f.probes, 2);
	f.fake.boot += LOGIN_ANSWER_MS;
	login_run(&f.login, 0);
	assert_false(f.alive);
}

/* A crash: memory is gone, the folder stays. */
static void crash(void)
{
	struct err e = ERR_INIT;

	login_fini(&f.login);
	identity_fini(&f.id);
	assert_int_equal(identity_load(&f.id, f.dir, &e), 0);
	standing_init(&f.standing);
	start();
}

/* ---- accounts ----------------------------------------------------------- */

static void the_first_attempt_is_immediate_and_makes_the_account(void **state)
{
	UNUSED(state);
	assert_int_equal(next_attempt(), 0);
	assert_true(f.asked_to_register);
	assert_int_equal(f.on_disk, IDENTITY_ASKED);
	come_up();
	assert_int_equal(f.id.account, IDENTITY_OURS);
	assert_int_equal(f.ups, 1);
}

static void a_crash_while_asking_leaves_at_most_one_account(void **state)
{
	char user[64];

	UNUSED(state);
	next_attempt();
	memcpy(user, f.user, sizeof(user));
	crash();
	/* Perhaps the request arrived: log in first, under the same name. */
	next_attempt();
	assert_false(f.asked_to_register);
	assert_string_equal(f.user, user);
	end_with(CLIENT_REFUSED);
	/* It had not: ask for the same name now, at once. */
	assert_int_equal(next_attempt(), 0);
	assert_true(f.asked_to_register);
	assert_string_equal(f.user, user);
	come_up();
	assert_int_equal(f.id.account, IDENTITY_OURS);
}

static void att_D_16__a_name_that_is_taken_is_given_up(void **state)
{
	char user[64];

	UNUSED(state);
	next_attempt();
	memcpy(user, f.user, sizeof(user));
	end_with(CLIENT_CONFLICT);
	assert_int_equal(f.renamed, 1);
	next_attempt();
	assert_true(f.asked_to_register);
	assert_string_not_equal(f.user, user);
	assert_int_equal(f.on_disk, IDENTITY_ASKED);
}

static void an_account_of_ours_that_is_refused_is_made_again_only_after_a_day(void **state)
{
	char user[64];

	UNUSED(state);
	next_attempt();
	come_up();
	f.ops->down(f.ops_arg, CLIENT_LOST, "", 0);
	next_attempt();
	memcpy(user, f.user, sizeof(user));
	end_with(CLIENT_REFUSED);
	assert_int_equal(f.alarms, 1);
	for (int i = 0; i < 50; i++) {
		next_attempt();
		assert_false(f.asked_to_register);
		end_with(CLIENT_REFUSED);
	}
	assert_int_equal(f.alarms, 1);
	/* A clock that is set is no day (row-D23). */
	f.fake.wall += 56 * 365 * DAY;
	next_attempt();
	end_with(CLIENT_REFUSED);
	next_attempt();
	assert_false(f.asked_to_register);
	f.fake.boot += DAY;
	end_with(CLIENT_REFUSED);
	next_attempt();
	assert_true(f.asked_to_register);
	assert_string_equal(f.user, user);
	/* Somebody has it: an alarm, and another name. */
	end_with(CLIENT_CONFLICT);
	assert_int_equal(f.alarms, 2);
	assert_int_equal(f.renamed, 1);
}

static const char *password_of(const struct identity *id)
{
	return (const char *)id->password.data;
}

/* The stream was lost while the password was being changed. */
static void of_two_passwords_the_one_that_fits_is_found_also_after_a_crash(void **state)
{
	struct err e = ERR_INIT;
	char first[IDENTITY_PASSWORD], second[IDENTITY_PASSWORD];

	UNUSED(state);
	next_attempt();
	come_up();
	snprintf(first, sizeof(first), "%s", password_of(&f.id));
	assert_int_equal(identity_new_password(&f.id, &e), 0);
	f.id.renew = true;
	snprintf(second, sizeof(second), "%s", (const char *)f.id.other.data);
	assert_int_equal(identity_save(&f.id, f.dir, &e), 0);
	f.ops->down(f.ops_arg, CLIENT_LOST, "", 0);
	next_attempt();
	assert_string_equal(password_of(&f.id), first);
	end_with(CLIENT_REFUSED);
	/* At once, and no alarm: this is no fault of anybody. */
	assert_int_equal(f.alarms, 0);
	crash();
	next_attempt();
	assert_string_equal(password_of(&f.id), second);
	end_with(CLIENT_REFUSED);
	next_attempt();
	assert_string_equal(password_of(&f.id), first);
	come_up();
	assert_int_equal(f.alarms, 0);
	assert_string_equal(password_of(&f.id), first);
	assert_int_equal(f.id.refused_ms, 0);
}

static void two_passwords_that_are_both_refused_are_a_refusal(void **state)
{
	struct err e = ERR_INIT;

	UNUSED(state);
	next_attempt();
	come_up();
	assert_int_equal(identity_new_password(&f.id, &e), 0);
	assert_int_equal(identity_save(&f.id, f.dir, &e), 0);
	f.ops->down(f.ops_arg, CLIENT_LOST, "", 0);
	for (int i = 0; i < 4; i++) {
		next_attempt();
		end_with(CLIENT_REFUSED);
	}
	assert_int_equal(f.alarms, 1);
	assert_int_not_equal(f.id.refused_ms, 0);
}

static void the_day_of_refusal_survives_a_restart(void **state)
{
	UNUSED(state);
	next_attempt();
	come_up();
	f.ops->down(f.ops_arg, CLIENT_LOST, "", 0);
	next_attempt();
	end_with(CLIENT_REFUSED);
	crash();
	assert_int_not_equal(f.id.refused_ms, 0);
	f.fake.wall += DAY;
	next_attempt();
	end_with(CLIENT_REFUSED);
	next_attempt();
	assert_true(f.asked_to_register);
}

static void att_D_16__a_broker_that_makes_no_accounts_is_asked_again_later(void **state)
{
	char user[64];

	UNUSED(state);
	next_attempt();
	memcpy(user, f.user, sizeof(user));
	for (int i = 0; i < 5; i++) {
		end_with(CLIENT_NO_REGISTER);
		next_attempt();
		assert_string_equal(f.user, user);
	}
	assert_int_equal(f.renamed, 0);
	assert_true(f.alarms > 0);
}

static void att_D_16__names_and_refusals_of_a_day_are_few_also_over_restarts(void **state)
{
	int64_t day = f.fake.wall + DAY;	/* then it begins anew */
	unsigned asked = 0, most = 0;

	UNUSED(state);
	next_attempt();
	for (int i = 0; i < 40 && f.fake.wall < day; i++) {
		asked += f.asked_to_register;
		end_with(i % 2 ? CLIENT_UNLIKED : CLIENT_CONFLICT);
		most = f.id.names > most ? f.id.names : most;
		if (i % 7 == 3)
			crash();
		next_attempt();
	}
	assert_true(f.renamed <= SIGNUP_NAMES);
	assert_true(asked <= SIGNUP_NAMES + SIGNUP_REFUSALS);
	assert_true(most > SIGNUP_NAMES);
}

static void att_D_16__asked_to_wait_it_waits_longer_each_time_and_keeps_its_name(void **state)
{
	char user[64];
	int64_t longest = 0, ms;

	UNUSED(state);
	next_attempt();
	memcpy(user, f.user, sizeof(user));
	for (int i = 0; i < 12; i++) {
		end_with(CLIENT_WAIT);
		ms = next_attempt();
		assert_true(ms >= SIGNUP_REFUSED_MS / 2);
		longest = ms > longest ? ms : longest;
		assert_string_equal(f.user, user);
		assert_true(f.asked_to_register);
	}
	assert_in_range(longest, SIGNUP_WAIT_CAP_MS / 2, SIGNUP_WAIT_CAP_MS);
	assert_int_equal(f.id.refusals, 0);
}

/* ---- strength ----------------------------------------------------------- */

static void att_D_02__a_weaker_offer_is_refused_for_a_day(void **state)
{
	UNUSED(state);
	next_attempt();
	come_up();
	assert_int_equal(f.standing.pin.tls13, SASL_SCRAM_SHA_256);
	f.ops->down(f.ops_arg, CLIENT_LOST, "", 0);
	next_attempt();
	assert_true(f.had_pin);
	end_with(CLIENT_WEAK);
	assert_int_equal(f.alarms, 1);
	next_attempt();
	assert_true(f.had_pin);
	end_with(CLIENT_WEAK);
	f.fake.wall += DAY - 600 * 1000;
	next_attempt();
	assert_true(f.had_pin);
	end_with(CLIENT_WEAK);
	f.fake.wall += 600 * 1000;
	next_attempt();
	assert_false(f.had_pin);
	assert_int_equal(f.alarms, 1);
	/* taken now, and that is said; it is the new measure */
	come_up();
	assert_int_equal(f.alarms, 2);
	f.ops->down(f.ops_arg, CLIENT_LOST, "", 0);
	next_attempt();
	assert_true(f.had_pin);
}

static void the_day_of_weaker_offers_survives_restarts(void **state)
{
	UNUSED(state);
	next_attempt();
	come_up();
	f.ops->down(f.ops_arg, CLIENT_LOST, "", 0);
	next_attempt();
	end_with(CLIENT_WEAK);
	f.fake.wall += DAY / 2;
	crash();
	assert_int_equal(standing_load(&f.standing, f.dir, NULL), 0);
	next_attempt();
	assert_true(f.had_pin);
	end_with(CLIENT_WEAK);
	f.fake.wall += DAY / 2;
	next_attempt();
	assert_false(f.had_pin);
}

static void the_button_releases_the_pin_at_once_and_says_so(void **state)
{
	unsigned alarms;

	UNUSED(state);
	next_attempt();
	come_up();
	login_pressed(&f.login);	/* nothing to release */
	assert_int_equal(f.alarms, 0);
	f.ops->down(f.ops_arg, CLIENT_LOST, "", 0);
	next_attempt();
	end_with(CLIENT_WEAK);
	alarms = f.alarms;
	login_pressed(&f.login);
	assert_int_equal(f.alarms, alarms + 1);
	assert_int_equal(next_attempt(), 0);
	assert_false(f.had_pin);
}

/* A broker whose tls-exporter is not ours, or somebody between: no silent step
 * down, no accounts without end, and no thing that never logs in (G.2). */
static void a_refused_bound_login_is_not_bound_only_after_a_day(void **state)
{
	char user[64];

	UNUSED(state);
	next_attempt();
	f.ops->registered(f.ops_arg);	/* so the password is right */
	end_with(CLIENT_UNBOUND);
	assert_int_equal(f.alarms, 1);
	assert_int_equal(str_copy(user, sizeof(user), f.user), 0);
	for (int i = 0; i < 20; i++) {
		next_attempt();
		assert_false(f.asked_to_register);
		assert_false(f.pin->unbound);
		end_with(CLIENT_UNBOUND);
	}
	assert_string_equal(f.user, user);
	assert_int_equal(f.registrations, 1);
	f.fake.wall += DAY;
	next_attempt();
	assert_true(f.pin->unbound);
	f.ops->up(f.ops_arg, "x@home.example/r",
	    &(struct sasl_pin){ .tls13 = SASL_SCRAM_SHA_1, .unbound = true });
	/* remembered: else the next login would take a day again */
	crash();
	assert_int_equal(standing_load(&f.standing, f.dir, NULL), 0);
	next_attempt();
	assert_true(f.pin->unbound);
	assert_true(f.had_pin);
	standing_unpin(&f.standing);
	assert_false(f.standing.pin.unbound);
}

/* Nobody knows the account yet: then the password is the likelier fault. */
static void a_refused_bound_login_of_an_account_that_was_never_used_is_made_once(void **state)
{
	UNUSED(state);
	next_attempt();
	end_with(CLIENT_LOST);		/* asked, perhaps never arrived */
	next_attempt();
	assert_false(f.asked_to_register);
	end_with(CLIENT_UNBOUND);
	next_attempt();
	assert_true(f.asked_to_register);
	f.ops->registered(f.ops_arg);
	end_with(CLIENT_UNBOUND);
	for (int i = 0; i < 10; i++) {
		next_attempt();
		assert_false(f.asked_to_register);
		end_with(CLIENT_UNBOUND);
	}
	assert_int_equal(f.renamed, 0);
}

/* ---- a session longer than its connection ------------------------------- */

/* As if the server had said <enabled/>. */
static void can_resume(void)
{
	struct buf to;

	buf_init(&to, 1000);
	resume_enable(&f.login.resume, &to);
	f.login.resume.enabled = true;
	f.login.resume.max_ms = 60000;
	memcpy(f.login.resume.id, "s1", 3);
	buf_fini(&to);
}

static void a_lost_connection_is_not_the_end_of_a_session(void **state)
{
	UNUSED(state);
	next_attempt();
	come_up();
	can_resume();
	end_with(CLIENT_LOST);
	assert_int_equal(f.downs, 0);
	buf_adds(login_out(&f.login), "<presence/>");	/* it may go on writing */
	next_attempt();
	end_with(CLIENT_LOST);
	next_attempt();
	f.ops->resumed(f.ops_arg, &f.standing.pin);
	assert_int_equal(f.resumes, 1);
	assert_int_equal(f.downs, 0);
	assert_int_equal(f.ups, 1);
	assert_string_equal(buf_str(login_out(&f.login)), "<presence/>");
}

/* What the server still keeps of us after a power cut is replaced; who fights for
 * it has our identity, and must be seen beside us (att-D-11, ruling 45). */
static void the_last_resource_is_asked_for_until_somebody_fights_for_it(void **state)
{
	UNUSED(state);
	next_attempt();
	assert_string_equal(f.resource, "");
	come_up();
	crash();
	assert_int_equal(standing_load(&f.standing, f.dir, NULL), 0);
	next_attempt();
	assert_string_equal(f.resource, "r");
	come_up();
	end_with(CLIENT_REPLACED);
	assert_int_equal(f.downs, 1);
	next_attempt();
	assert_string_equal(f.resource, "");
}

static void another_session_ends_the_one_that_was_kept(void **state)
{
	UNUSED(state);
	next_attempt();
	come_up();
	can_resume();
	end_with(CLIENT_LOST);
	buf_adds(login_out(&f.login), "<presence/>");
	next_attempt();
	come_up();
	assert_int_equal(f.downs, 1);
	assert_int_equal(f.ups, 2);
	assert_int_equal(login_out(&f.login)->len, 0);
}

static void a_session_the_server_has_forgotten_by_now_is_over(void **state)
{
	UNUSED(state);
	next_attempt();
	come_up();
	can_resume();
	end_with(CLIENT_LOST);
	for (int i = 0; i < 50 && f.downs == 0; i++) {
		next_attempt();
		end_with(CLIENT_LOST);
	}
	assert_int_equal(f.downs, 1);
	assert_false(resume_can(&f.login.resume));
}

static void a_session_nobody_keeps_ends_with_its_connection(void **state)
{
	UNUSED(state);
	next_attempt();
	come_up();
	end_with(CLIENT_LOST);
	assert_int_equal(f.downs, 1);
	next_attempt();
	come_up();
	can_resume();
	login_again(&f.login, "of no use");
	assert_int_equal(f.downs, 2);
	assert_false(resume_can(&f.login.resume));
}

static void what_was_pinned_is_on_disk(void **state)
{
	UNUSED(state);
	next_attempt();
	come_up();
	crash();
	assert_int_equal(standing_load(&f.standing, f.dir, NULL), 0);
	assert_int_equal(f.standing.pin.tls13, SASL_SCRAM_SHA_256);
}

/* ---- when --------------------------------------------------------------- */

static void waiting_is_full_jitter_up_to_two_minutes(void **state)
{
	UNUSED(state);
	for (unsigned n = 0; n < 40; n++) {
		int64_t top = n < 7 ? 1000LL << n : 120000, low = n < 7 ? 0 : 15000;

		assert_int_equal(login_delay(n, 0), low);
		assert_in_range(login_delay(n, UINT32_MAX), top - 1, top);
		assert_in_range(login_delay(n, UINT32_MAX / 2), (top + low) / 2 - 1,
		    (top + low) / 2 + 1);
	}
}

static uint32_t dice(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 32);
}

/* 10,000 things whose server is away for hours; connecting takes no time. */
static void att_T_18__a_server_that_stays_away_hears_less_than_one_attempt_a_minute(void **state)
{
	uint64_t seed = 18, attempts[3] = { 0 };

	UNUSED(state);
	for (int device = 0; device < 10000; device++) {
		int64_t now = 0;

		for (unsigned failures = 0; now < 3 * 3600 * 1000LL;) {
			attempts[now / 3600000]++;
			now += login_delay(++failures, dice(&seed));
		}
	}
	for (int hour = 0; hour < 3; hour++)
		assert_in_range(attempts[hour], 10000 * 50, 10000 * 60);
}

#define MINUTE_MS 60000

/* The fullest of `n` equal parts of a minute. */
static unsigned fullest(const unsigned *part, size_t n)
{
	unsigned most = 0;

	for (size_t i = 0; i < n; i++)
		most = part[i] > most ? part[i] : most;
	return most;
}

/* The fullest second has at most half as many again as the mean: of 10,000 things that
 * get power at once, and of 1,000 (in parts of ten seconds) that lose their broker at once. */
static void att_T_16__a_street_comes_to_its_broker_spread_over_the_time_it_was_given(void **state)
{
	struct login_conf conf = { .clock = &f.clock, .dir = f.dir, .locate.server = "127.0.0.1:1",
		.boot_spread_ms = MINUTE_MS };
	unsigned boot[60] = { 0 }, again[6] = { 0 };
	struct err e = ERR_INIT;

	UNUSED(state);
	for (int i = 0; i < 10000; i++) {
		int64_t wait;

		login_fini(&f.login);
		assert_int_equal(login_init(&f.login, &conf, &f.id, &f.standing, &ops, NULL, &e), 0);
		wait = login_deadline(&f.login) - f.fake.boot;
		assert_in_range(wait, 0, MINUTE_MS - 1);
		boot[wait / 1000]++;
	}
	next_attempt();
	for (int i = 0; i < 1000; i++) {
		int64_t wait;

		come_up();
		f.fake.boot += DAY;
		end_with(CLIENT_LOST);
		wait = next_attempt();
		assert_in_range(wait, 0, MINUTE_MS - 1);
		again[wait / 10000]++;
	}
	assert_in_range(fullest(boot, 60), 10000 / 60, 10000 / 60 * 3 / 2);
	assert_in_range(fullest(again, 6), 1000 / 6, 1000 / 6 * 3 / 2);
}

static void no_two_failures_in_a_row_are_tried_again_without_waiting_for_ever(void **state)
{
	int64_t total = 0, longest = 0, ms;

	UNUSED(state);
	next_attempt();
	for (int i = 0; i < 100; i++) {
		end_with(CLIENT_UNTRUSTED);
		ms = next_attempt();
		total += ms;
		longest = ms > longest ? ms : longest;
	}
	/* 100 uniform delays, nearly all of [0, 120 s]: the sum is far from 0. */
	assert_in_range(longest, 10000, 120000);
	assert_true(total > 1000000);
}

static void a_time_the_server_names_wins(void **state)
{
	UNUSED(state);
	next_attempt();
	f.ops->down(f.ops_arg, CLIENT_WAIT, "", 300000);
	assert_in_range(next_attempt(), 300000, 330001);
	/* those who were given the same slot do not all come at its first moment */
	for (int i = 0; i < 20; i++) {
		come_up();
		f.fake.boot += DAY;	/* earlier failures are forgiven */
		f.ops->down(f.ops_arg, CLIENT_WAIT, "", 300000);
		if (next_attempt() > 303000)
			return;
	}
	fail_msg("twenty slots, all taken at once");
}

static void a_long_session_forgives_earlier_failures(void **state)
{
	UNUSED(state);
	next_attempt();
	for (int i = 0; i < 20; i++) {
		end_with(CLIENT_LOST);
		next_attempt();
	}
	come_up();
	f.fake.boot += 3600 * 1000;
	f.ops->down(f.ops_arg, CLIENT_LOST, "", 0);
	assert_int_equal(f.downs, 1);
	assert_in_range(next_attempt(), 0, 2000);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* ---- a domain that is found (ruling 42) ---------------------------------- */

static const char *const allowed[] = { "home.example", "next.example", NULL };

/* Nobody has named a domain; the DNS (of nobody) finds both that are allowed. */
static void start_homeless(void)
{
	struct login_conf conf = { .clock = &f.clock, .dir = f.dir,
		.locate = { .ways = KITH_THING_LOCATE_DNS, .domains = allowed,
		.name_servers = "127.0.0.1:9" } };
	struct err e = ERR_INIT;

	login_fini(&f.login);
	identity_fini(&f.id);
	assert_int_equal(identity_make(&f.id, "", &e), 0);
	assert_int_equal(identity_save(&f.id, f.dir, &e), 0);
	assert_int_equal(login_init(&f.login, &conf, &f.id, &f.standing, &ops, NULL, &e), 0);
}

/* As next_attempt, over real time: the name server answers when it does. */
static void next_found(const char *domain)
{
	unsigned before = f.attempts;

	for (int i = 0; i < 20000 && f.attempts == before; i++) {
		f.fake.boot += 10;
		login_run(&f.login, 0);
	}
	assert_int_equal(f.attempts, before + 1);
	assert_string_equal(f.domain, domain);
}

static enum identity_account account_on_disk(char domain[static IDENTITY_DOMAIN])
{
	struct identity disk;
	enum identity_account a;

	assert_int_equal(identity_load(&disk, f.dir, NULL), 0);
	a = disk.account;
	memcpy(domain, disk.domain, IDENTITY_DOMAIN);
	identity_fini(&disk);
	return a;
}

static void ruling_42__where_it_lives_is_on_disk_once_it_is_proved_and_not_before(void **state)
{
	char domain[IDENTITY_DOMAIN];

	UNUSED(state);
	start_homeless();
	next_found("home.example");
	assert_true(f.asked_to_register);
	assert_int_equal(account_on_disk(domain), IDENTITY_NONE);
	assert_string_equal(domain, "");
	end_with(CLIENT_UNTRUSTED);	/* somebody else's certificate: the next one */
	assert_string_equal(f.id.domain, "");
	next_found("next.example");
	assert_true(f.ops->proved(f.ops_arg));
	assert_int_equal(account_on_disk(domain), IDENTITY_ASKED);
	assert_string_equal(domain, "next.example");
	assert_int_equal(f.renamed, 1);
	/* its power is cut: it stays there, and asks first whether it was let in */
	end_with(CLIENT_LOST);
	for (int i = 0; i < 3; i++) {
		next_found("next.example");
		assert_false(f.asked_to_register);
		end_with(CLIENT_LOST);
	}
}

static void ruling_42__who_proves_a_domain_and_takes_no_things_is_left_again(void **state)
{
	static const enum client_end ends[] = { CLIENT_NO_REGISTER, CLIENT_WEAK };
	char domain[IDENTITY_DOMAIN];

	UNUSED(state);
	for (size_t i = 0; i < 2; i++) {
		start_homeless();
		next_found("home.example");
		assert_true(f.ops->proved(f.ops_arg));
		end_with(ends[i]);
		assert_int_equal(account_on_disk(domain), IDENTITY_NONE);
		assert_string_equal(domain, "");
		next_found("next.example");
		assert_true(f.asked_to_register);
		end_with(CLIENT_LOST);
	}
}

static void ruling_42__an_account_is_not_taken_to_another_domain(void **state)
{
	UNUSED(state);
	next_attempt();
	come_up();
	/* whatever a place is for, what is proved there is not ours */
	snprintf(f.login.place.domain, sizeof(f.login.place.domain), "next.example");
	assert_false(f.ops->proved(f.ops_arg));
	assert_string_equal(f.id.domain, "home.example");
}

static void att_D_09__see_other_host_is_tried_at_once_and_only_twice(void **state)
{
	UNUSED(state);
	next_attempt();
	for (int i = 0; i < 2; i++) {
		f.ops->down(f.ops_arg, CLIENT_MOVED, "192.0.2.9:6222", 0);
		assert_int_equal(next_attempt(), 0);
		assert_string_equal(f.host, "192.0.2.9");
		assert_string_equal(f.domain, "home.example");
	}
	f.ops->down(f.ops_arg, CLIENT_MOVED, "192.0.2.10:6222", 0);
	next_attempt();
	assert_string_equal(f.host, "127.0.0.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_first_attempt_is_immediate_and_makes_the_account),
		T(a_crash_while_asking_leaves_at_most_one_account),
		T(att_D_16__a_name_that_is_taken_is_given_up),
		T(an_account_of_ours_that_is_refused_is_made_again_only_after_a_day),
		T(of_two_passwords_the_one_that_fits_is_found_also_after_a_crash),
		T(two_passwords_that_are_both_refused_are_a_refusal),
		T(the_day_of_refusal_survives_a_restart),
		T(att_D_16__names_and_refusals_of_a_day_are_few_also_over_restarts),
		T(att_D_16__asked_to_wait_it_waits_longer_each_time_and_keeps_its_name),
		T(att_D_16__a_broker_that_makes_no_accounts_is_asked_again_later),
		T(att_D_02__a_weaker_offer_is_refused_for_a_day),
		T(the_day_of_weaker_offers_survives_restarts),
		T(the_button_releases_the_pin_at_once_and_says_so),
		T(a_refused_bound_login_is_not_bound_only_after_a_day),
		T(a_refused_bound_login_of_an_account_that_was_never_used_is_made_once),
		T(what_was_pinned_is_on_disk),
		T(a_lost_connection_is_not_the_end_of_a_session),
		T(the_last_resource_is_asked_for_until_somebody_fights_for_it),
		T(another_session_ends_the_one_that_was_kept),
		T(a_session_the_server_has_forgotten_by_now_is_over),
		T(a_session_nobody_keeps_ends_with_its_connection),
		T(att_T_18__a_server_that_stays_away_hears_less_than_one_attempt_a_minute),
		T(att_T_16__a_street_comes_to_its_broker_spread_over_the_time_it_was_given),
		T(waiting_is_full_jitter_up_to_two_minutes),
		T(no_two_failures_in_a_row_are_tried_again_without_waiting_for_ever),
		T(a_time_the_server_names_wins),
		T(a_long_session_forgives_earlier_failures),
		T(ruling_42__where_it_lives_is_on_disk_once_it_is_proved_and_not_before),
		T(ruling_42__who_proves_a_domain_and_takes_no_things_is_left_again),
		T(ruling_42__an_account_is_not_taken_to_another_domain),
		T(an_answer_as_quick_as_the_clock_is_a_sign_of_life),
		T(att_D_09__see_other_host_is_tried_at_once_and_only_twice),
	};

	return cmocka_run_group_tests_name("login", tests, NULL, NULL);
}
