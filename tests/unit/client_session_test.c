/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client: sessions that outlive their connection (XEP-0198), what the settings
 * say of mechanisms, and channel binding that fails.
 */
#include "config.h"

#include "tests/unit/client_world.h"

/* A session longer than its connection (XEP-0198) */

#define SM "<sm xmlns='" NS_SM "'/>"

/* The server's end of one that comes up; then it says what counts here. */
static void
come_up_resumable(struct world *w)
{
	resume_forget(&w->resume);
	w->conf.resume = &w->resume;
	w->l.more_features = SM "<csi xmlns='" NS_CSI "'/>";
	assert_true(login(w, FLAW_NONE));
	assert_true(leaked(w, "<enable xmlns='" NS_SM "' resume='true'/>"));
	fake_send(&w->f, "<enabled xmlns='" NS_SM "' id='s&amp;1' resume='true' max='300'/>");
	fake_settle(&w->f, &w->peer);
	assert_true(resume_can(&w->resume));
}

static void
say(struct world *w, const char *text)
{
	buf_adds(client_out(w->c), text);
	client_flush(w->c);
	fake_settle(&w->f, &w->peer);
}

static bool
has_knocked(void *arg)
{
	return fake_find(&((struct world *)arg)->f, 0, "<resume") != NULL || is_settled(arg);
}

/* Another connection, as far as <resume/>. */
static void
knock(struct world *w)
{
	client_free(&w->c);
	fake_hang_up(&w->f);
	buf_reset(&w->f.seen);
	w->ups = w->downs = w->resumed = 0;
	w->l.step = 0;
	w->l.at = 0;
	fakelogin_start(&w->l, &w->f);
	w->c = client_new(&w->conf, &ops, w, NULL);
	assert_non_null(w->c);
	assert_true(fake_wait(&w->f, &w->peer, has_knocked, w, PATIENCE));
	fake_settle(&w->f, &w->peer);
}

static void
sm__a_session_goes_on_and_what_was_not_acknowledged_is_said_again_once(void **state)
{
	struct world *w = *state;

	come_up_resumable(w);
	fake_send(&w->f, "<message id='in1'/><presence/>");
	say(w, "<message id=\"m1\"/><message id=\"m2\"/>");
	fake_send(&w->f, "<a xmlns='" NS_SM "' h='1'/>");
	fake_settle(&w->f, &w->peer);
	knock(w);
	assert_true(leaked(w, "<resume xmlns=\"" NS_SM "\" h=\"2\" previd=\"s&amp;1\"/>"));
	assert_false(leaked(w, "<bind"));
	fake_send(&w->f, "<resumed xmlns='" NS_SM "' previd='s&amp;1' h='1'/><r xmlns='" NS_SM "'/>");
	assert_true(fake_wait(&w->f, &w->peer, is_settled, w, PATIENCE));
	fake_settle(&w->f, &w->peer);
	assert_int_equal(w->resumed, 1);
	assert_int_equal(w->ups, 0);
	assert_false(leaked(w, "\"m1\""));
	assert_true(leaked(w, "<message id=\"m2\"/>"));
	assert_true(leaked(w, "<a xmlns='" NS_SM "' h='2'/>"));
	say(w, "<message id=\"m3\"/>");
	assert_true(leaked(w, "\"m3\""));
	assert_null(strstr(fake_find(&w->f, 0, "\"m2\"") + 4, "\"m2\""));
}

static void
sm__what_cannot_be_resumed_is_another_session(void **state)
{
	struct world *w = *state;

	come_up_resumable(w);
	say(w, "<message id=\"m1\"/>");
	knock(w);
	fake_send(&w->f, "<failed xmlns='" NS_SM "' h='0'><item-not-found xmlns='" NS_STANZAS "'/></failed>");
	assert_true(fake_wait(&w->f, &w->peer, is_settled, w, PATIENCE));
	assert_int_equal(w->ups, 1);
	assert_int_equal(w->resumed, 0);
	assert_false(leaked(w, "\"m1\""));
	assert_false(resume_can(&w->resume));
	/* nor is it with a server that does not know how */
	come_up_resumable(w);
	w->l.more_features = NULL;
	knock(w);
	assert_true(fake_wait(&w->f, &w->peer, is_settled, w, PATIENCE));
	assert_int_equal(w->ups, 1);
	assert_false(leaked(w, "<resume"));
}

static void
sm__a_server_that_counts_too_much_is_left_and_the_session_with_it(void **state)
{
	struct world *w = *state;

	come_up_resumable(w);
	say(w, "<message id=\"m1\"/>");
	fake_send(&w->f, "<a xmlns='" NS_SM "' h='2'/>");
	assert_true(fake_wait(&w->f, &w->peer, is_down, w, PATIENCE));
	assert_int_equal(w->why, CLIENT_LOST);
	assert_true(leaked(w, "<undefined-condition"));
	assert_true(leaked(w, "<handled-count-too-high xmlns=\"" NS_SM "\" h=\"2\" send-count=\"1\"/>"));
	assert_false(resume_can(&w->resume));
	come_up_resumable(w);
	knock(w);
	fake_send(&w->f, "<resumed xmlns='" NS_SM "' previd='s&amp;1' h='7'/>");
	assert_true(fake_wait(&w->f, &w->peer, is_down, w, PATIENCE));
	assert_int_equal(w->resumed, 0);
	assert_false(resume_can(&w->resume));
}

static void
sm__how_a_stream_ends_says_whether_there_is_anything_to_go_back_to(void **state)
{
#define ERROR(name) "<stream:error><" name " xmlns='" NS_STREAM_ERRORS "'/></stream:error></stream:stream>"
	static const struct {
		const char *last_words;
		bool can;
		enum client_end why;
		int64_t wait;
	} cases[] = {
		{ "", true, CLIENT_LOST, 0 },
		{ "</stream:stream>", false, CLIENT_LOST, 0 },
		{ ERROR("conflict"), false, CLIENT_REPLACED, 0 },
		{ ERROR("system-shutdown"), true, CLIENT_LOST, 0 },
		{ ERROR("reset"), true, CLIENT_LOST, 0 },
		{ ERROR("policy-violation"), false, CLIENT_WAIT, 60000 },
		{ ERROR("resource-constraint"), true, CLIENT_WAIT, 60000 },
		{ "<stream:error><system-shutdown xmlns='" NS_STREAM_ERRORS "'/>"
		    "<retry xmlns='urn:kith:reason:0' after='9'/></stream:error>", true, CLIENT_WAIT, 9000 },
		{ "<!-- no -->", false, CLIENT_LOST, 0 },
	};
	struct world *w = *state;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		come_up_resumable(w);
		fake_send(&w->f, cases[i].last_words);
		fake_settle(&w->f, &w->peer);
		fake_hang_up(&w->f);
		assert_true(fake_wait(&w->f, &w->peer, is_down, w, PATIENCE));
		if (resume_can(&w->resume) != cases[i].can || w->why != cases[i].why)
			fail_msg("%s: %d", cases[i].last_words, w->why);
		assert_int_equal(w->retry_after, cases[i].wait);
	}
}

static void
client__says_whether_somebody_watches_where_that_is_asked(void **state)
{
	struct world *w = *state;

	come_up_resumable(w);
	assert_false(leaked(w, NS_CSI));
	w->conf.activity = CLIENT_INACTIVE;
	come_up_resumable(w);
	assert_true(leaked(w, "<inactive xmlns='" NS_CSI "'/>"));
	w->conf.activity = CLIENT_ACTIVE;
	resume_forget(&w->resume);
	w->l.more_features = SM;
	assert_true(login(w, FLAW_NONE));
	assert_false(leaked(w, NS_CSI));
}

static void
client__a_silent_session_can_be_probed(void **state)
{
	struct world *w = *state;

	come_up_resumable(w);
	assert_true(client_probe(w->c));
	client_flush(w->c);
	fake_settle(&w->f, &w->peer);
	assert_true(leaked(w, "<r xmlns='" NS_SM "'/>"));
	resume_forget(&w->resume);
	w->l.more_features = NULL;
	assert_true(login(w, FLAW_NONE));
	assert_false(client_probe(w->c));
}

/* The settings (K-15) */

static void
row_K15__the_settings_say_which_mechanisms_and_in_what_order(void **state)
{
	static const struct { const char *rules, *mech; } cases[] = {
		{ "", "SCRAM-SHA-512" },
		{ "!SCRAM-SHA-512", "SCRAM-SHA-256" },
		{ "SCRAM-SHA-1 SCRAM-SHA-256", "SCRAM-SHA-1" },
		{ "SCRAM-SHA3-512, SCRAM-SHA-1", "SCRAM-SHA-1" },
		{ "SCRAM-SHA-512-PLUS", NULL },
	};
	static struct sasl_rules rules;
	struct world *w = *state;
	size_t i;

	w->conf.sasl = &rules;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(sasl_rules_parse(&rules, cases[i].rules, NULL), 0);
		if (login(w, FLAW_NONE) != (cases[i].mech != NULL))
			fail_msg("%s: %s", cases[i].rules, w->text);
		if (cases[i].mech != NULL)
			assert_string_equal(w->l.mech, cases[i].mech);
		else
			assert_int_equal(w->why, CLIENT_WEAK);
	}
}

/* One that this library has no name for, without building it anew. */
static void
row_K15__one_more_hash_is_a_word_in_the_settings(void **state)
{
	static struct sasl_rules rules;
	struct world *w = *state;

	assert_int_equal(sasl_rules_parse(&rules, "SCRAM-SHA3-512-PLUS SCRAM-SHA3-512 SCRAM-SHA-256",
	    NULL), 0);
	w->conf.sasl = &rules;
	w->l.mechs = "SCRAM-SHA-256 SCRAM-SHA3-512";
	assert_true(login(w, FLAW_NONE));
	assert_string_equal(w->l.mech, "SCRAM-SHA3-512");
	assert_true(w->l.proof_right);
	w->l.mechs = "SCRAM-SHA-256 SCRAM-SHA3-512 SCRAM-SHA3-512-PLUS";
	w->l.bindings = "tls-exporter";
	assert_true(login(w, FLAW_NONE));
	assert_string_equal(w->l.mech, "SCRAM-SHA3-512-PLUS");
}

static void
client__a_pin_that_the_settings_forbid_binds_nobody(void **state)
{
	static struct sasl_pin pin = { .tls13 = SASL_SCRAM_SHA_512 };
	static struct sasl_rules rules;
	struct world *w = *state;

	w->conf.pin = &pin;
	w->l.mechs = "SCRAM-SHA-1 SCRAM-SHA-256";
	assert_false(login(w, FLAW_NONE));
	assert_int_equal(sasl_rules_parse(&rules, "!SCRAM-SHA-512", NULL), 0);
	w->conf.sasl = &rules;
	assert_true(login(w, FLAW_NONE));
}

/* Channel binding that fails */

static void
client__a_refused_bound_login_is_not_followed_by_one_that_is_not_bound(void **state)
{
	static const char *const failures[] = { "not-authorized", "malformed-request" };
	static struct sasl_pin pin = { .unbound = true };
	struct world *w = *state;
	size_t i;

	w->l.mechs = "SCRAM-SHA-256 SCRAM-SHA-256-PLUS";
	w->l.bindings = "tls-exporter";
	for (i = 0; i < 2; i++) {
		w->l.failure = failures[i];
		assert_false(login(w, FLAW_NONE));
		assert_int_equal(w->why, CLIENT_UNBOUND);
		assert_null(strstr(fake_find(&w->f, 0, "<auth") + 1, "<auth"));
	}
	/* once it has been given up: gs2 'n', for we know that it offers it */
	w->l.failure = NULL;
	w->conf.pin = &pin;
	assert_true(login(w, FLAW_NONE));
	assert_string_equal(w->l.mech, "SCRAM-SHA-256");
	assert_memory_equal(w->l.client_first, "n,,", 3);
	assert_true(w->pin.unbound);
}

/* XEP-0440: it offers -PLUS, but binds by none of the ways that we have. */
static void
client__a_list_of_bindings_without_ours_means_not_bound_and_not_y(void **state)
{
	struct world *w = *state;

	w->l.mechs = "SCRAM-SHA-256 SCRAM-SHA-256-PLUS";
	w->l.bindings = "tls-server-end-point";
	assert_true(login(w, FLAW_NONE));
	assert_string_equal(w->l.mech, "SCRAM-SHA-256");
	assert_memory_equal(w->l.client_first, "n,,", 3);
	w->l.mechs = "SCRAM-SHA-256";
	assert_true(login(w, FLAW_NONE));
	assert_memory_equal(w->l.client_first, "y,,", 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(sm__a_session_goes_on_and_what_was_not_acknowledged_is_said_again_once),
		T(sm__what_cannot_be_resumed_is_another_session),
		T(sm__a_server_that_counts_too_much_is_left_and_the_session_with_it),
		T(sm__how_a_stream_ends_says_whether_there_is_anything_to_go_back_to),
		T(client__says_whether_somebody_watches_where_that_is_asked),
		T(client__a_silent_session_can_be_probed),
		T(row_K15__the_settings_say_which_mechanisms_and_in_what_order),
		T(row_K15__one_more_hash_is_a_word_in_the_settings),
		T(client__a_pin_that_the_settings_forbid_binds_nobody),
		T(client__a_refused_bound_login_is_not_followed_by_one_that_is_not_bound),
		T(client__a_list_of_bindings_without_ours_means_not_bound_and_not_y),
	};

	return cmocka_run_group_tests(tests, make_ca, drop_ca);
}
