/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thing_readings: XEP-0323 at a thing: history, failures, schedules, long answers,
 * in each dialect; and who is told of changes.
 */
#include "config.h"

#include <time.h>

#include "common/base/clock.h"
#include "common/base/stamp.h"
#include "tests/unit/thing_rig.h"
#include "thing/watch.h"

#define BOB "bob@home.example"
#define X "urn:xmpp:iot:sensordata"
#define N "urn:nf:iot:sd:1.0"
#define X_PROV "urn:xmpp:iot:provisioning"
#define START 1777622400	/* 2026-05-01T08:00:00Z */

/* Both hands of the clock are the test's. */
static int64_t wall_ms, boot_ms;

int __wrap_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	int64_t ms = id == CLOCK_REALTIME ? wall_ms : boot_ms++;	/* no two events at once */

	t->tv_sec = (time_t)(ms / 1000);
	t->tv_nsec = (long)(ms % 1000) * 1000000;
	return 0;
}

static void pass(int64_t ms)
{
	wall_ms += ms;
	boot_ms += ms;
	rig_process();
}

static double outside;
static bool broken, slow;
static unsigned outside_reads;
static uint64_t ticket_of_slow;
static char mood[16];

static enum kith_thing_result read_outside(void *arg, uint64_t ticket, struct kith_thing_value *v)
{
	UNUSED(arg);
	outside_reads++;
	ticket_of_slow = ticket;
	v->number = outside;
	if (broken)
		snprintf(v->text, sizeof(v->text), "the wire is cut");
	return slow ? KITH_THING_LATER : broken ? KITH_THING_FAILED : KITH_THING_OK;
}

static enum kith_thing_result read_mood(void *arg, uint64_t ticket, struct kith_thing_value *v)
{
	UNUSED(arg);
	UNUSED(ticket);
	snprintf(v->text, sizeof(v->text), "%s", mood);
	v->quality = KITH_THING_Q_MANUAL_READOUT | KITH_THING_Q_SIGNED;
	v->at_ms = START * 1000LL - 5000;
	return KITH_THING_OK;
}

static size_t kept = 100;
static int64_t every = 60000;

static void add_fields(void)
{
	struct kith_thing_field f = { .size = sizeof(f), .name = "outside", .unit = "C",
		.type = KITH_THING_NUMERIC, .read = read_outside, .history = kept, .every_ms = every };
	struct kith_thing_field m = { .size = sizeof(m), .name = "mood", .type = KITH_THING_ENUM,
		.read = read_mood, .kinds = KITH_THING_STATUS };

	assert_int_equal(kith_thing_add_field(rig->thing, &f), 0);
	assert_int_equal(kith_thing_add_field(rig->thing, &m), 0);
}

static int set_up(void **state)
{
	wall_ms = START * 1000LL;
	boot_ms = 100000;
	outside = 20;
	broken = slow = false;
	outside_reads = 0;
	kept = 100;
	every = 60000;
	snprintf(mood, sizeof(mood), "calm");
	if (rig_setup(state) != 0)
		return -1;
	add_fields();
	rig_owned();
	rig_befriend(BOB);
	return 0;
}

static void ask_from(const char *who, const char *request)
{
	rig_send("<iq type='get' id='r1' from='%s' to='%s'>%s</iq>", who, rig->full, request);
}

static void ask(const char *request)
{
	ask_from(RIG_OWNER "/x", request);
}

static void chat(const char *line)
{
	rig_send("<message type='chat' id='c1' from='" RIG_OWNER "/x' to='%s'><body>%s</body>"
	    "</message>", rig->full, line);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

/* The value of now, then so many minutes with values 0, 1, 2 ... */
static void let_pass(unsigned minutes)
{
	for (unsigned i = 0; i < minutes; i++) {
		outside = i;
		pass(60000);
	}
}

static void start_again(void)
{
	rig_stop();
	rig_start();
	add_fields();
	rig_process();
	rig_answer(rig_expect("jabber:iq:roster"), "home.example", "<query xmlns='jabber:iq:roster'/>");
	rig_answer(rig_expect("<register"), RIG_REGISTRY, "<claimed "
	    "xmlns='urn:xmpp:iot:discovery' jid='" RIG_OWNER "' public='false'/>");
	for (const char *s = rig_next(); *s != '\0'; s = rig_next())
		if (strstr(s, "urn:xmpp:ping"))
			rig_answer(s, RIG_REGISTRY, "");
}

static void allow_reading(const char *types)
{
	char payload[512];

	snprintf(payload, sizeof(payload), "<canReadResponse xmlns='" X_PROV "' jid='" BOB "' "
	    "result='true' %s><lease xmlns='urn:kith:lease:0' revision='10' ttl='900000'/>"
	    "</canReadResponse>", types);
	rig_answer(rig_expect("<canRead"), RIG_REGISTRY, payload);
}

static void refuse_reading(void)
{
	rig_answer(rig_expect("<canRead"), RIG_REGISTRY, "<canReadResponse xmlns='" X_PROV "' jid='"
	    BOB "' result='false'><lease xmlns='urn:kith:lease:0' revision='10' ttl='900000'/>"
	    "</canReadResponse>");
}

static void take_back(void)
{
	rig_send("<iq type='set' id='cc' from='" RIG_REGISTRY "' to='%s'><clearCache "
	    "xmlns='" X_PROV "' floor='11'/></iq>", rig->full);
	rig_expect("type=\"result\"", "id=\"cc\"");
}

/* ---- values ------------------------------------------------------------- */

static void every_reading_says_its_kind_its_quality_and_its_time(void **state)
{
	UNUSED(state);
	ask("<req xmlns='" X "' seqnr='7' momentary='true' status='true'/>");
	rig_expect("<accepted", "seqnr=\"7\"");
	rig_expect("<numeric name=\"outside\" momentary=\"true\" automaticReadout=\"true\" "
	    "value=\"20\" unit=\"C\"/>", "<int name=\"outside\"",
	    "<timestamp value=\"2026-05-01T07:59:55Z\"><enum name=\"mood\" status=\"true\" "
	    "manualReadout=\"true\" signed=\"true\" value=\"calm\" dataType=\"mood\"/>",
	    "seqnr=\"7\" done=\"true\"");
	ask("<req xmlns='" N "' id='8' m='true' s='true'/>");
	rig_expect("<accepted xmlns=\"" N "\" id=\"8\"/>");
	rig_expect("<resp xmlns=\"" N "\" id=\"8\">", "<q n=\"outside\" m=\"true\" ar=\"true\" "
	    "v=\"20\" u=\"C\"/>", "<e n=\"mood\" s=\"true\" mr=\"true\" so=\"true\" v=\"calm\"");
	rig_expect_silence();
}

/* Smack knows `int` and no `long`; what is too long for it, it shall not get wrong. */
static void whole_numbers_are_int_as_long_as_they_fit(void **state)
{
	struct kith_thing_field f = { .size = sizeof(f), .name = "boots",
		.type = KITH_THING_INT, .read = read_outside };

	UNUSED(state);
	assert_int_equal(kith_thing_add_field(rig->thing, &f), 0);
	outside = -2147483648.0;
	ask("<req xmlns='" X "' seqnr='7' momentary='true'><field name='boots'/></req>");
	rig_expect("<accepted");
	rig_expect("<int name=\"boots\" momentary=\"true\" automaticReadout=\"true\" "
	    "value=\"-2147483648\"/><numeric name=\"boots\"");
	outside = 2147483648.0;
	ask("<req xmlns='" X "' seqnr='8' momentary='true'><field name='boots'/></req>");
	rig_expect("<accepted");
	assert_null(strstr(rig_expect("<long name=\"boots\"", "value=\"2147483648\""), "<int"));
	outside = 7;
	ask("<req xmlns='" N "' id='9' m='true'><f n='boots'/></req>");
	rig_expect("<accepted");
	rig_expect("<i n=\"boots\"", "v=\"7\"");
}

static void a_field_with_a_control_of_its_name_says_so(void **state)
{
	struct kith_thing_field f = { .size = sizeof(f), .name = "dim light",
		.type = KITH_THING_NUMERIC, .read = read_outside };

	UNUSED(state);
	assert_int_equal(kith_thing_add_field(rig->thing, &f), 0);
	ask("<req xmlns='" X "' seqnr='7' momentary='true'><field name='dim light'/></req>");
	rig_expect("<accepted");
	rig_expect("name=\"dim light\"", "writable=\"true\"");
	ask("<req xmlns='" N "' id='7' m='true'><f n='dim light'/><f n='outside'/></req>");
	rig_expect("<accepted");
	assert_int_equal(count(rig_expect("n=\"dim light\""), "ctr=\"true\""), 1);
}

static void a_sensor_that_fails_does_not_spoil_the_others(void **state)
{
	UNUSED(state);
	broken = true;
	ask("<req xmlns='" X "' seqnr='7' momentary='true' status='true'/>");
	rig_expect("<accepted");
	/* Values, then what failed, then the end of the data: slixmpp, then Smack. */
	assert_null(strstr(rig_expect("<fields", "calm"), "done="));
	rig_expect("<failure xmlns=\"" X "\" seqnr=\"7\"><error timestamp=\"2026-05-01T08:00:00Z\">"
	    "outside: the wire is cut</error></failure>");
	rig_expect("<fields xmlns=\"" X "\" seqnr=\"7\" done=\"true\"/>");
	ask("<req xmlns='" N "' id='8' m='true' s='true'/>");
	rig_expect("<accepted");
	rig_expect("<resp xmlns=\"" N "\" id=\"8\">", "<err>outside: the wire is cut</err>", "calm");
	rig_expect_silence();
	/* All of them failed: it ends all the same. */
	ask("<req xmlns='" X "' seqnr='9' momentary='true'><field name='outside'/></req>");
	rig_expect("<accepted");
	rig_expect("<failure");
	rig_expect("seqnr=\"9\" done=\"true\"/>");
	rig_expect_silence();
}

/* ---- history ------------------------------------------------------------ */

static void what_was_measured_is_read_later_also_after_a_restart__issue_5(void **state)
{
	UNUSED(state);
	let_pass(3);
	ask("<req xmlns='" X "' seqnr='7' historical='true'/>");
	rig_expect("<accepted");
	rig_expect("<timestamp value=\"2026-05-01T08:01:00Z\"><numeric name=\"outside\" "
	    "historicalSecond=\"true\" historicalMinute=\"true\" historicalOther=\"true\" "
	    "automaticReadout=\"true\" value=\"0\" unit=\"C\"/>",
	    "08:02:00Z", "value=\"1\"", "<timestamp value=\"2026-05-01T08:03:00Z\"><numeric "
	    "name=\"outside\" historicalOther=\"true\"", "value=\"2\"", "done=\"true\"");
	rig_expect_silence();
	start_again();
	ask("<req xmlns='" N "' id='8' h='true' m='true'><f n='outside'/></req>");
	rig_expect("<accepted");
	rig_expect("<q n=\"outside\" m=\"true\" ar=\"true\" v=\"2\"", "<ts v=\"2026-05-01T08:01:00Z\">"
	    "<q n=\"outside\" h=\"true\" ar=\"true\" v=\"0\" u=\"C\"/></ts>", "v=\"1\"");
}

static void from_and_to_bound_what_is_said_of_the_past(void **state)
{
	const char *s;

	UNUSED(state);
	let_pass(5);
	ask("<req xmlns='" X "' seqnr='7' historicalOther='true' from='2026-05-01T08:02:00Z' "
	    "to='2026-05-01T10:04:00+02:00'/>");
	rig_expect("<accepted");
	s = rig_expect("done=\"true\"");
	assert_int_equal(count(s, "<timestamp"), 3);
	assert_non_null(strstr(s, "08:02:00Z"));
	assert_non_null(strstr(s, "08:04:00Z"));
	ask("<req xmlns='" X "' seqnr='8' historical='true' from='2027-01-01T00:00:00Z'/>");
	rig_expect("<accepted");
	rig_expect("seqnr=\"8\" done=\"true\"/>");
}

static void of_each_hour_the_last_value_is_said_when_only_those_are_wanted(void **state)
{
	const char *s;

	UNUSED(state);
	let_pass(130);
	ask("<req xmlns='" X "' seqnr='7' historicalHour='true'/>");
	rig_expect("<accepted");
	s = rig_expect("<timestamp value=\"2026-05-01T08:59:00Z\">", "2026-05-01T09:59:00Z", "done");
	assert_int_equal(count(s, "<timestamp"), 2);
	ask("<req xmlns='" X "' seqnr='7' historicalDay='true'/>");
	rig_expect("<accepted");
	rig_expect("done=\"true\"/>");
}

static void a_long_history_comes_in_parts_as_fast_as_they_leave(void **state)
{
	unsigned parts = 0;
	size_t values = 0;

	UNUSED(state);
	let_pass(100);
	ask("<req xmlns='" X "' seqnr='7' historical='true'/>");
	rig_expect("<accepted");
	for (;;) {
		const char *s = rig_next();

		if (*s == '\0') {
			rig_process();
			s = rig_next();
		}
		assert_true(strlen(s) > 0 && strlen(s) < WIRE_STANZA_BYTES_THING);
		values += count(s, "<numeric");
		parts++;
		if (strstr(s, "done=\"true\""))
			break;
	}
	assert_int_equal(values, 100);
	assert_true(parts > 2);
	rig_expect_silence();
}

static void who_may_read_what_is_now_sees_nothing_of_the_past(void **state)
{
	UNUSED(state);
	let_pass(2);
	ask_from(BOB "/x", "<req xmlns='" X "' seqnr='7' momentary='true' historical='true'>"
	    "<field name='outside'/></req>");
	allow_reading("momentary='true'");
	rig_expect("<accepted");
	assert_int_equal(count(rig_expect("momentary=\"true\"", "done=\"true\""), "<numeric"), 1);
	/* And the other way round: the driver is not asked. */
	outside_reads = 0;
	ask_from(BOB "/x", "<req xmlns='" X "' seqnr='8' historical='true'><field name='outside'/></req>");
	allow_reading("historical='true'");
	rig_expect("<accepted");
	assert_int_equal(count(rig_expect("done=\"true\""), "<numeric"), 2);
	assert_int_equal(outside_reads, 0);
}

static void what_the_former_owner_measured_is_not_the_next_ones(void **state)
{
	UNUSED(state);
	let_pass(3);
	rig_stop();
	rig_start();
	add_fields();
	rig_process();
	rig_answer(rig_expect("jabber:iq:roster"), "home.example", "<query xmlns='jabber:iq:roster'/>");
	rig_answer(rig_expect("<register"), RIG_REGISTRY, "<claimed "
	    "xmlns='urn:xmpp:iot:discovery' jid='eve@home.example' public='false'/>");
	for (const char *s = rig_next(); *s != '\0'; s = rig_next())
		if (strstr(s, "urn:xmpp:ping"))
			rig_answer(s, RIG_REGISTRY, "");
	ask_from("eve@home.example/x", "<req xmlns='" X "' seqnr='7' historical='true'/>");
	for (const char *s = rig_next(); *s != '\0'; s = rig_next()) {
		assert_null(strstr(s, "<numeric"));
		if (strstr(s, "done=\"true\""))
			return;
	}
	fail_msg("no end of the data came");
}

static void row_D23__nothing_is_kept_before_the_time_is_known(void **state)
{
	UNUSED(state);
	wall_ms = 5000;		/* 1970 */
	let_pass(3);
	wall_ms = START * 1000LL + 3600000;
	pass(60000);
	ask("<req xmlns='" X "' seqnr='7' historical='true'/>");
	rig_expect("<accepted");
	assert_int_equal(count(rig_expect("done=\"true\""), "<timestamp"), 1);
}

/* ---- later -------------------------------------------------------------- */

static void a_readout_waits_for_its_time_and_says_when_it_begins(void **state)
{
	UNUSED(state);
	ask("<req xmlns='" X "' seqnr='4' momentary='true' when='2026-05-01T08:10:00Z'>"
	    "<field name='outside'/></req>");
	rig_expect("<accepted xmlns=\"" X "\" seqnr=\"4\" queued=\"true\"/>");
	ask("<req xmlns='" N "' id='5' m='true' when='2026-05-01T08:10:00'><f n='outside'/></req>");
	rig_expect("<accepted xmlns=\"" N "\" id=\"5\" queued=\"true\"/>");
	pass(9 * 60000);
	rig_expect_silence();
	assert_true(kith_thing_timeout(rig->thing) <= 60000);
	outside = 33;
	pass(60000);
	rig_expect("<started xmlns=\"" X "\" seqnr=\"4\"/>");
	rig_expect("value=\"33\"", "seqnr=\"4\" done=\"true\"");
	rig_expect("<started xmlns=\"" N "\" id=\"5\"/>");
	rig_expect("<resp xmlns=\"" N "\" id=\"5\">", "v=\"33\"");
	pass(60000);
	rig_expect_silence();
}

static void a_time_that_has_passed_is_now(void **state)
{
	UNUSED(state);
	ask("<req xmlns='" X "' seqnr='4' momentary='true' when='2020-05-01T08:10:00Z'/>");
	rig_expect("<accepted xmlns=\"" X "\" seqnr=\"4\"/>");
	rig_expect("seqnr=\"4\" done=\"true\"");
}

static void a_clock_that_is_set_moves_what_waits(void **state)
{
	UNUSED(state);
	ask("<req xmlns='" X "' seqnr='4' momentary='true' when='2026-05-02T08:00:00Z'/>");
	rig_expect("queued");
	wall_ms += 23 * 3600000LL;
	pass(1000);
	rig_expect_silence();
	wall_ms += 3600000;
	pass(1000);
	rig_expect("<started");
	rig_expect("done=\"true\"");
}

static void cancelling_ends_what_waits_and_what_runs(void **state)
{
	UNUSED(state);
	ask("<req xmlns='" X "' seqnr='4' momentary='true' when='2026-05-01T08:10:00Z'/>");
	rig_expect("queued");
	ask("<cancel xmlns='" X "' seqnr='5'/>");
	rig_expect("item-not-found");
	ask_from(BOB "/x", "<cancel xmlns='" X "' seqnr='4'/>");
	rig_expect("item-not-found");
	ask("<cancel xmlns='" X "' seqnr='4'/>");
	rig_expect("<cancelled xmlns=\"" X "\" seqnr=\"4\"/>");
	pass(20 * 60000);
	rig_expect_silence();
	slow = true;
	ask("<req xmlns='" N "' id='6' m='true'><f n='outside'/></req>");
	rig_expect("<accepted");
	ask("<cancel xmlns='" N "' id='6'/>");
	rig_expect("type=\"result\"", "id=\"r1\"/>");
	kith_thing_read_done(rig->thing, ticket_of_slow, KITH_THING_OK,
	    &(struct kith_thing_value){ .number = 1 });
	rig_process();
	rig_expect_silence();
}

static void who_may_not_read_may_not_wait_either_and_is_asked_about_again(void **state)
{
	UNUSED(state);
	ask_from(BOB "/x", "<req xmlns='" X "' seqnr='4' momentary='true' when='2026-05-01T08:10:00Z'/>");
	refuse_reading();
	rig_expect("type=\"error\"", "<rejected", "forbidden");
	take_back();
	ask_from(BOB "/x", "<req xmlns='" X "' seqnr='5' momentary='true' when='2026-05-01T08:10:00Z'/>");
	allow_reading("momentary='true'");
	rig_expect("queued=\"true\"");
	pass(5 * 60000);
	take_back();
	pass(5 * 60000);
	refuse_reading();
	rig_expect("seqnr=\"5\" done=\"true\"/>");
	rig_expect_silence();
}

static void only_so_many_wait(void **state)
{
	UNUSED(state);
	for (int i = 0; i < READOUT_LATER_EACH; i++) {
		ask("<req xmlns='" X "' seqnr='4' momentary='true' when='2026-05-01T08:10:00Z'/>");
		rig_expect("queued");
	}
	ask("<req xmlns='" X "' seqnr='4' momentary='true' when='2026-05-01T08:10:00Z'/>");
	rig_expect("resource-constraint");
}

static void several_readouts_run_at_once_each_by_its_number(void **state)
{
	uint64_t first;

	UNUSED(state);
	slow = true;
	ask("<req xmlns='" X "' seqnr='1' momentary='true'><field name='outside'/></req>");
	rig_expect("<accepted", "seqnr=\"1\"");
	first = ticket_of_slow;
	ask("<req xmlns='" N "' id='2' m='true'><f n='outside'/></req>");
	rig_expect("<accepted", "id=\"2\"");
	kith_thing_read_done(rig->thing, ticket_of_slow, KITH_THING_OK,
	    &(struct kith_thing_value){ .number = 2 });
	rig_expect("<resp", "id=\"2\"", "v=\"2\"");
	kith_thing_read_done(rig->thing, first, KITH_THING_OK,
	    &(struct kith_thing_value){ .number = 1 });
	rig_expect("<fields", "seqnr=\"1\"", "value=\"1\"");
}

/* ---- told on their own -------------------------------------------------- */

#define XE "urn:xmpp:iot:events"
#define NE "urn:nf:iot:events:1.0"

static void say(double v)
{
	outside = v;
	assert_int_equal(kith_thing_changed(rig->thing, NULL, "outside",
	    &(struct kith_thing_value){ .number = v }), 0);
	rig_process();
}

static void a_program_is_told_of_the_changes_it_asked_for(void **state)
{
	UNUSED(state);
	ask("<subscribe xmlns='" NE "' id='s1' m='true' minInt='PT1S'><f n='outside' v='20' by='2'/>"
	    "</subscribe>");
	rig_expect("<accepted xmlns=\"" N "\" id=\"s1\"/>");
	pass(2000);
	say(21);
	rig_expect_silence();
	say(22);
	rig_expect("to=\"" RIG_OWNER "/x\"", "<resp xmlns=\"" N "\" id=\"s1\">", "v=\"22\"");
	say(25);		/* too soon after the other */
	rig_expect_silence();
	pass(1000);
	rig_expect("id=\"s1\"", "v=\"25\"");
	pass(2000);
	say(22);
	rig_expect("v=\"22\"");
	ask("<unsubscribe xmlns='" NE "' id='s1'/>");
	rig_expect("type=\"result\"", "id=\"r1\"/>");
	pass(2000);
	say(90);
	rig_expect_silence();
	ask("<unsubscribe xmlns='" NE "' id='s1'/>");
	rig_expect("type=\"result\"", "id=\"r1\"/>");
}

static void up_and_down_are_told_apart_and_time_alone_tells_too(void **state)
{
	UNUSED(state);
	ask("<subscribe xmlns='" XE "' seqnr='1' momentary='true' minInterval='PT1S' "
	    "maxInterval='PT5M' req='true'><field name='outside' currentValue='20' changedDown='1'/>"
	    "</subscribe>");
	rig_expect("<accepted xmlns=\"" X "\" seqnr=\"1\"/>");
	rig_process();
	rig_expect("<fields xmlns=\"" X "\" seqnr=\"1\" done=\"true\">", "value=\"20\"");
	pass(2000);
	say(30);
	rig_expect_silence();
	say(19);
	rig_expect("value=\"19\"");
	every = 0;
	for (int i = 0; i < 4; i++) {
		pass(60000);
		rig_expect_silence();
	}
	pass(60000);
	rig_expect("to=\"" RIG_OWNER "/x\"", "urn:xmpp:ping");	/* is it still there? */
	rig_expect("seqnr=\"1\" done=\"true\"", "value=\"19\"");
}

/* He was allowed to read, and the lease still counts; but he is a friend no more. */
static void what_waits_for_a_friend_ends_with_the_friendship__att_P(void **state)
{
	UNUSED(state);
	ask_from(BOB "/x", "<req xmlns='" X "' seqnr='5' momentary='true' "
	    "when='2026-05-01T08:02:00Z'/>");
	allow_reading("momentary='true'");
	rig_expect("queued=\"true\"");
	rig_send("<iq type='set' id='push9' to='%s'><query xmlns='jabber:iq:roster'>"
	    "<item jid='" BOB "' subscription='remove'/></query></iq>", rig->full);
	rig_expect("id=\"push9\"");
	pass(3 * 60000);
	rig_expect_silence();
}

static void what_is_taken_back_is_told_no_more__att_P(void **state)
{
	UNUSED(state);
	ask_from(BOB "/x", "<subscribe xmlns='" NE "' id='s1' m='true'><f n='outside' v='20' by='1'/>"
	    "</subscribe>");
	allow_reading("m='true'");
	rig_expect("<accepted", "id=\"s1\"");
	pass(2000);
	say(22);
	rig_expect("id=\"s1\"", "v=\"22\"");
	take_back();
	pass(2000);
	say(30);
	refuse_reading();
	rig_expect_silence();
	pass(60000);
	say(50);
	rig_expect_silence();
}

static void a_program_that_left_is_told_no_more(void **state)
{
	static const char subscribe[] = "<subscribe xmlns='" NE "' id='s1' m='true'>"
	    "<f n='outside' v='20' by='1'/></subscribe>";

	UNUSED(state);
	ask(subscribe);
	rig_expect("<accepted");
	rig_send("<presence type='unavailable' from='" RIG_OWNER "/x' to='%s'/>", rig->full);
	pass(2000);
	say(40);
	rig_expect_silence();
	ask(subscribe);
	rig_expect("<accepted");
	pass(2000);
	say(60);
	rig_expect("v=\"60\"");
	rig_send("<message type='error' from='" RIG_OWNER "/x' to='%s'><error type='cancel'>"
	    "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
	    rig->full);
	pass(2000);
	say(80);
	rig_expect_silence();
}

static void only_so_many_are_told(void **state)
{
	UNUSED(state);
	for (int i = 0; i <= WATCH_EACH; i++) {
		char text[200];

		snprintf(text, sizeof(text), "<subscribe xmlns='" NE "' id='s%d' m='true'>"
		    "<f n='outside' by='1'/></subscribe>", i);
		ask(text);
		rig_expect(i < WATCH_EACH ? "<accepted" : "resource-constraint");
	}
	/* The same number again takes the place of the one before. */
	ask("<subscribe xmlns='" NE "' id='s0' m='true'><f n='outside' by='1'/></subscribe>");
	rig_expect("<accepted");
	ask("<subscribe xmlns='" NE "' id='z' m='true'><f n='nothing' by='1'/></subscribe>");
	rig_expect("item-not-found");
}

static void a_person_is_told_in_chat(void **state)
{
	UNUSED(state);
	chat("watch outside when below 5");
	rig_expect("I tell you outside when it falls below 5. To end that: unwatch outside");
	pass(20000);
	say(6);
	rig_expect_silence();
	say(4.5);
	rig_expect("type=\"chat\"", "to=\"" RIG_OWNER "\"", "<body>outside: 4.5 C</body>");
	pass(20000);
	say(3);		/* still below */
	rig_expect_silence();
	say(7);
	pass(20000);
	say(2);
	rig_expect("outside: 2 C");
	chat("watches");
	rig_expect("<body>outside when it falls below 5</body>");
	chat("unwatch outside");
	rig_expect("I have stopped watching.");
	chat("watches");
	rig_expect("I watch nothing for you.");
}

static void a_person_is_told_every_so_often(void **state)
{
	UNUSED(state);
	chat("watch outside every 10 min");
	rig_expect("I tell you outside every 10 minutes.");
	rig_process();
	rig_expect("outside: 20 C");
	outside = 21;
	for (int i = 0; i < 9; i++) {
		pass(60000);
		rig_expect_silence();
	}
	pass(60000);
	rig_expect("outside: 21 C");
	chat("watch outside every 5 s");
	rig_expect("Say it like: watch outside");
	chat("watch outside when above warm");
	rig_expect("Say it like: watch outside");
	chat("watch nonsense");
	rig_expect("I have no field 'nonsense'");
	chat("watch");
	rig_expect("Say what");
}

static void a_change_that_is_too_small_is_not_worth_a_line(void **state)
{
	struct kith_thing_field f = { .size = sizeof(f), .name = "water", .unit = "l",
		.type = KITH_THING_NUMERIC, .read = read_outside, .change = 2 };

	UNUSED(state);
	assert_int_equal(kith_thing_add_field(rig->thing, &f), 0);
	chat("watch water");
	rig_expect("when it changes");
	rig_process();
	rig_expect("water: 20 l");
	/* Nobody said that it changes by itself: it is looked at every 10 s. */
	pass(SAMPLE_POLL_MS);
	outside = 21;
	pass(SAMPLE_POLL_MS);
	rig_expect_silence();
	outside = 22;
	pass(SAMPLE_POLL_MS);
	rig_expect("water: 22 l");
}

/* The next stanza with this in it, past all others. */
static const char *after(const char *piece)
{
	const char *s = rig_next();

	while (*s && !strstr(s, piece))
		s = rig_next();
	return s;
}

static void begin_again(bool with_fields, const char *friends)
{
	char roster[512];

	rig_stop();
	rig_start();
	if (with_fields)
		add_fields();
	rig_process();
	snprintf(roster, sizeof(roster), "<query xmlns='jabber:iq:roster'>%s</query>", friends);
	rig_answer(rig_expect("jabber:iq:roster"), "home.example", roster);
	rig_answer(rig_expect("<register"), RIG_REGISTRY, "<claimed "
	    "xmlns='urn:xmpp:iot:discovery' jid='" RIG_OWNER "' public='false'/>");
	rig_answer(after("urn:xmpp:ping"), RIG_REGISTRY, "");
	rig_process();
	while (*rig_next() != '\0')
		;
}

#define HE_IS "<item jid='" RIG_OWNER "' subscription='both'/>"

static void what_a_person_watches_outlives_a_restart(void **state)
{
	UNUSED(state);
	chat("watch outside when below 5");
	rig_expect("I tell you outside");
	begin_again(true, HE_IS);
	chat("watches");
	rig_expect("<body>outside when it falls below 5</body>");
	pass(20000);
	say(6);
	rig_expect_silence();
	say(4.5);
	rig_expect("to=\"" RIG_OWNER "\"", "<body>outside: 4.5 C</body>");
	/* The field comes later, as that of a node does. */
	begin_again(false, HE_IS);
	chat("watches");
	rig_expect("I watch nothing for you.");
	add_fields();
	rig_process();
	chat("watches");
	rig_expect("outside when it falls below 5");
	chat("unwatch");
	rig_expect("I have stopped watching.");
	begin_again(true, HE_IS);
	chat("watches");
	rig_expect("I watch nothing for you.");
}

static void what_is_kept_of_a_watch_is_told_to_a_friend_only_and_decided_each_time(void **state)
{
	UNUSED(state);
	rig_send("<message type='chat' id='c1' from='" BOB "/x' to='%s'><body>watch outside</body>"
	    "</message>", rig->full);
	rig_answer(rig_expect("<canRead"), RIG_REGISTRY, "<canReadResponse "
	    "xmlns='urn:xmpp:iot:provisioning' jid='" BOB "' momentary='true' result='true'/>");
	rig_expect("I tell you outside when it changes.");
	rig_process();
	begin_again(true, HE_IS "<item jid='" BOB "' subscription='from'/>");
	pass(20000);
	say(30);
	pass(20000);
	rig_send("<iq type='set' id='cc' from='" RIG_REGISTRY "' to='%s'><clearCache "
	    "xmlns='urn:xmpp:iot:provisioning'/></iq>", rig->full);
	say(40);
	rig_answer(after("<canRead"), RIG_REGISTRY, "<canReadResponse "
	    "xmlns='urn:xmpp:iot:provisioning' jid='" BOB "' momentary='true' result='false'/>");
	rig_expect("to=\"" BOB "\"", "I have stopped watching it for you.");
	begin_again(true, HE_IS "<item jid='" BOB "' subscription='from'/>");
	pass(20000);
	say(50);
	pass(20000);
	say(60);
	rig_expect_silence();
}

static void a_person_who_is_away_is_told_when_he_is_back(void **state)
{
	UNUSED(state);
	chat("watch outside when is 9");
	rig_expect("when it becomes 9");
	rig_send("<presence type='unavailable' from='" RIG_OWNER "/x' to='%s'/>", rig->full);
	pass(20000);
	say(9);
	pass(20000);
	rig_expect_silence();
	rig_send("<presence from='" RIG_OWNER "/y' to='%s'/>", rig->full);
	rig_process();
	rig_expect("to=\"" RIG_OWNER "\"", "outside: 9 C");
}

static void a_person_hears_that_he_may_not_any_more(void **state)
{
	UNUSED(state);
	rig_send("<message type='chat' id='c1' from='" BOB "/x' to='%s'><body>watch outside</body>"
	    "</message>", rig->full);
	allow_reading("momentary='true'");
	rig_expect("I tell you outside");
	rig_process();
	rig_expect("outside: 20 C");
	take_back();
	pass(20000);
	say(99);
	refuse_reading();
	rig_expect("You may not read outside any more. I have stopped watching it for you.");
	pass(20000);
	say(5);
	rig_expect_silence();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, rig_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(every_reading_says_its_kind_its_quality_and_its_time),
		TEST(whole_numbers_are_int_as_long_as_they_fit),
		TEST(a_field_with_a_control_of_its_name_says_so),
		TEST(a_sensor_that_fails_does_not_spoil_the_others),
		TEST(what_was_measured_is_read_later_also_after_a_restart__issue_5),
		TEST(from_and_to_bound_what_is_said_of_the_past),
		TEST(of_each_hour_the_last_value_is_said_when_only_those_are_wanted),
		TEST(a_long_history_comes_in_parts_as_fast_as_they_leave),
		TEST(who_may_read_what_is_now_sees_nothing_of_the_past),
		TEST(what_the_former_owner_measured_is_not_the_next_ones),
		TEST(row_D23__nothing_is_kept_before_the_time_is_known),
		TEST(a_readout_waits_for_its_time_and_says_when_it_begins),
		TEST(a_time_that_has_passed_is_now),
		TEST(a_clock_that_is_set_moves_what_waits),
		TEST(cancelling_ends_what_waits_and_what_runs),
		TEST(who_may_not_read_may_not_wait_either_and_is_asked_about_again),
		TEST(only_so_many_wait),
		TEST(several_readouts_run_at_once_each_by_its_number),
		TEST(a_program_is_told_of_the_changes_it_asked_for),
		TEST(up_and_down_are_told_apart_and_time_alone_tells_too),
		TEST(what_waits_for_a_friend_ends_with_the_friendship__att_P),
		TEST(what_is_taken_back_is_told_no_more__att_P),
		TEST(a_program_that_left_is_told_no_more),
		TEST(only_so_many_are_told),
		TEST(a_person_is_told_in_chat),
		TEST(a_person_is_told_every_so_often),
		TEST(a_change_that_is_too_small_is_not_worth_a_line),
		TEST(what_a_person_watches_outlives_a_restart),
		TEST(what_is_kept_of_a_watch_is_told_to_a_friend_only_and_decided_each_time),
		TEST(a_person_who_is_away_is_told_when_he_is_back),
		TEST(a_person_hears_that_he_may_not_any_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
